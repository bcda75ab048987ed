#include <stdio.h>

#include "server/catalog/catalog_write.h"
#include "server/cmd/command.h"
#include "server/instance/instance.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

/* Dies when there is no such party. */
static void mint(const struct instance *in, const char *id, char out[API_TOKEN_LEN + 1])
{
    uint8_t hash[HASH_LEN];
    struct txn *t = NULL;
    struct catalog *c = catalog_hold(in->catalog);
    const struct party *p = catalog_party(c, span_str(id));
    if (p == NULL)
        die("there is no party %s in this store", id);
    api_token_new(out);
    api_token_hash(out, hash);
    enum err err = txn_begin(in->store, true, &t);
    if (err == ERR_OK)
        err = catalog_put_token(t, hash, p->number, clock_ms());
    if (err == ERR_OK)
        err = txn_commit(t);
    else
        txn_abort(t);
    catalog_unref(c);
    if (err != ERR_OK)
        die("the token could not be stored (%s): nothing was changed", err_word(err));
}

enum { DATA, PARTY, ARGS };

static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data", .value = "DIR", .required = true, .help = "the server's data folder"},
    [PARTY] = {.name = "--party", .value = "ID", .required = true, .help = "id of the party that gets the token"},
};

static int token(const char *const given[])
{
    const char *dir = given[DATA], *id = given[PARTY], *what;
    struct instance in;
    enum err err = instance_open(&in, dir, STORE_SERVE, options_map_size(), &what);
    if (err == ERR_CONFLICT)
        die("a server is running on %s: stop it first, or use POST /v1/parties/%s/tokens", dir, id);
    if (err != ERR_OK)
        die("cannot open %s of %s (%s): is it a folder made by `countersign init`?", what, dir, err_word(err));
    char text[API_TOKEN_LEN + 1];
    mint(&in, id, text);
    instance_close(&in);
    printf("%s\n", text);
    return STATUS_DONE;
}

const struct command cmd_token = {
    .name = "token",
    .summary = "mint another API token of a party, offline",
    .help = "Mints another API token of a party while the server is stopped. Printed once, stored as a hash.",
    .args = args,
    .n_args = ARGS,
    .run = token,
};
