#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_write.h"
#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/commit/change_rows.h"
#include "server/commit/credentials.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

/* Nobody's token changed it. */
static enum err tell_change(struct txn *t, enum change kind, const struct party *p, const char *subject, int64_t now_ms)
{
    const struct change_row row = {
        .at_ms = now_ms, .kind = kind, .party = span_str(p->id), .subject = span_str(subject)};
    return change_put(t, &row);
}

/* All that could act as the party, or as an operator beside it. */
static enum err end_others(struct txn *t, const struct catalog *c, const struct party *p, int64_t now_ms)
{
    const struct token_list tokens = catalog_tokens(c);
    enum err err = ERR_OK;
    for (size_t i = 0; i < tokens.n && err == ERR_OK; i++) {
        struct api_token ended = *tokens.t[i];
        struct credential_told told = {ended.party, catalog_party_number(c, 1)->number, CREDENTIAL_TOKEN,
                                       .since_ms = now_ms, .retired = true};
        bool others = p->role == ROLE_OPERATOR ? ended.party->role == p->role : ended.party == p;
        if (!others || ended.ended_ms != 0)
            continue;
        ended.ended_ms = now_ms;
        credential_id(ended.sha256, told.id);
        err = catalog_put_token(t, &ended);
        if (err == ERR_OK && !ended.invitation) /* which lets nobody act as the party until it is used */
            err = credential_tell(t, c, &told);
        if (err == ERR_OK)
            err = tell_change(t, ended.invitation ? CHANGE_INVITATION_END : CHANGE_TOKEN_END, ended.party, told.id,
                              now_ms);
    }
    return err;
}

static enum err unlock(struct txn *t, const struct catalog *c, const struct party *p, int64_t now_ms)
{
    struct party unlocked = *p;
    struct credential_told told = {p, catalog_party_number(c, 1)->number, CREDENTIAL_LOCK, .since_ms = now_ms,
                                   .retired = true};
    if (p->locked_ms == 0)
        return ERR_OK;
    unlocked.locked_ms = 0;
    memcpy(told.id, p->lock, sizeof told.id);
    enum err err = catalog_put_party(t, &unlocked);
    if (err == ERR_OK)
        err = credential_tell(t, c, &told);
    return err == ERR_OK ? tell_change(t, CHANGE_UNLOCK, p, "", now_ms) : err;
}

/* The token is written before it is stored, so that none is stored that nobody has. Dies when there is no such party.
 */
static void mint(const struct instance *in, const char *id, bool alone)
{
    char text[API_TOKEN_LEN + 1];
    struct txn *t = NULL;
    struct catalog *c = catalog_hold(in->catalog);
    const struct party *p = catalog_party(c, span_str(id));
    if (p == NULL)
        die("there is no party %s in this store: GET /v1/parties lists them", id);
    api_token_new(text);
    const int64_t now_ms = clock_ms();
    struct api_token row = {
        .party = p, .by = catalog_party_number(c, 1)->number, .created_ms = now_ms, .scopes = scopes_of(p->role)};
    struct credential_told told = {p, row.by, CREDENTIAL_TOKEN, .since_ms = now_ms};
    api_token_hash(text, row.sha256);
    credential_id(row.sha256, told.id);
    enum err err = txn_begin(in->store, true, &t);
    if (err == ERR_OK && alone)
        err = end_others(t, c, p, now_ms);
    if (err == ERR_OK && alone)
        err = unlock(t, c, p, now_ms);
    if (err == ERR_OK)
        err = catalog_put_token(t, &row);
    if (err == ERR_OK)
        err = credential_tell(t, c, &told);
    if (err == ERR_OK)
        err = tell_change(t, CHANGE_TOKEN, p, told.id, now_ms);
    if (err == ERR_OK && (printf("%s\n", text) < 0 || fflush(stdout) != 0)) {
        txn_abort(t);
        die("the token cannot be written to the output: it was not stored, nothing was changed");
    }
    if (err == ERR_OK)
        err = txn_commit(t);
    else
        txn_abort(t);
    catalog_unref(c);
    if (err != ERR_OK)
        die("the token could not be stored (%s), so it is none: %s", err_word(err),
            err == ERR_FULL ? "free some disk space and try again" : "look at the disk and try again");
}

enum { DATA, PARTY, ALONE, ARGS };

static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data", .value = "DIR", .required = true, .help = "the server's data folder"},
    [PARTY] = {.name = "--party", .value = "ID", .required = true, .help = "id of the party that gets the token"},
    [ALONE] = {.name = "--alone",
               .help = "ends its other tokens, an operator's with those of all operators, and unlocks it"},
};

static int token(const char *const given[])
{
    const char *id = given[PARTY];
    struct instance in;
    char *when_busy = xasprintf("stop it first, or use POST /v1/parties/%s/tokens", id);
    data_folder_open(&in, given[DATA], options_map_size(), when_busy, data_folder_damaged);
    free(when_busy);
    mint(&in, id, given[ALONE] != NULL);
    instance_close(&in);
    return STATUS_DONE;
}

const struct command cmd_token = {
    .name = "token",
    .summary = "mint another API token of a party, offline",
    .help =
        "Mints another API token of a party while the server is stopped. Printed once, stored as a hash. The logs "
        "of the\n"
        "party's contracts tell of it once the server runs. With --alone it is the way back in where tokens leaked:\n"
        "the only one of that party, or of all operators, that opens anything.",
    .args = args,
    .n_args = ARGS,
    .as_owner = true,
    .run = token,
};
