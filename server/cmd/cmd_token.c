#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_write.h"
#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/commit/credentials.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

/* The token is written before it is stored, so that none is stored that nobody has. Dies when there is no such party.
 */
static void mint(const struct instance *in, const char *id)
{
    char text[API_TOKEN_LEN + 1];
    struct txn *t = NULL;
    struct catalog *c = catalog_hold(in->catalog);
    const struct party *p = catalog_party(c, span_str(id));
    if (p == NULL)
        die("there is no party %s in this store: GET /v1/parties lists them", id);
    api_token_new(text);
    const int64_t now_ms = clock_ms();
    struct api_token row = {.party = p, .by = c->parties[0].number, .created_ms = now_ms, .credentials = true};
    struct credential_told told = {p, row.by, CREDENTIAL_TOKEN, .since_ms = now_ms};
    api_token_hash(text, row.sha256);
    credential_id(row.sha256, told.id);
    enum err err = txn_begin(in->store, true, &t);
    if (err == ERR_OK)
        err = catalog_put_token(t, &row);
    if (err == ERR_OK)
        err = credential_tell(t, c, &told);
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

enum { DATA, PARTY, ARGS };

static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data", .value = "DIR", .required = true, .help = "the server's data folder"},
    [PARTY] = {.name = "--party", .value = "ID", .required = true, .help = "id of the party that gets the token"},
};

static int token(const char *const given[])
{
    const char *id = given[PARTY];
    struct instance in;
    char *when_busy = xasprintf("stop it first, or use POST /v1/parties/%s/tokens", id);
    data_folder_open(&in, given[DATA], options_map_size(), when_busy, data_folder_damaged);
    free(when_busy);
    mint(&in, id);
    instance_close(&in);
    return STATUS_DONE;
}

const struct command cmd_token = {
    .name = "token",
    .summary = "mint another API token of a party, offline",
    .help = "Mints another API token of a party while the server is stopped. Printed once, stored as a hash. The logs "
            "of the\n"
            "party's contracts tell of it once the server runs.",
    .args = args,
    .n_args = ARGS,
    .run = token,
};
