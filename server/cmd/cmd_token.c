#include <stdio.h>

#include "server/catalog/catalog_write.h"
#include "server/cmd/command.h"
#include "server/instance/instance.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

/* Dies when there is no such party. */
static void mint(const struct instance *in, const char *id, char token[API_TOKEN_LEN + 1])
{
    uint8_t hash[HASH_LEN];
    struct txn *t = NULL;
    struct catalog *c = catalog_hold(in->catalog);
    const struct party *p = catalog_party(c, span_str(id));
    if (p == NULL)
        die("there is no party %s in this store", id);
    api_token_new(token);
    api_token_hash(token, hash);
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

int cmd_token(int argc, char **argv)
{
    const char *dir = NULL, *id = NULL;
    const struct arg args[] = {
        {"--data", &dir, NULL, true, "the server's data folder"},
        {"--party", &id, NULL, true, "id of the party that gets the token"},
    };
    args_parse(argc, argv,
               "Mints another API token of a party while the server is stopped. Printed once, stored as a hash.", args,
               2);
    struct instance in;
    const char *what;
    enum err err = instance_open(&in, dir, STORE_SERVE, options_map_size(), &what);
    if (err == ERR_CONFLICT)
        die("a server is running on %s: stop it first, or use POST /v1/parties/%s/tokens", dir, id);
    if (err != ERR_OK)
        die("cannot open %s of %s (%s): is it a folder made by `countersign init`?", what, dir, err_word(err));
    char token[API_TOKEN_LEN + 1];
    mint(&in, id, token);
    instance_close(&in);
    printf("%s\n", token);
    return 0;
}
