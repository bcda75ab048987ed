#include <stdio.h>

#include "server/catalog/catalog_write.h"
#include "server/cmd/command.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

/* Dies when there is no such party. */
static void mint(struct store *s, const struct keys *k, const char *id, char token[API_TOKEN_LEN + 1])
{
    struct txn *t = NULL;
    struct catalog *c = NULL;
    enum err err = txn_begin(s, true, &t);
    if (err == ERR_OK)
        err = catalog_load(t, k, &c);
    if (err != ERR_OK)
        die("the store cannot be read (%s): run `countersign check`", err_word(err));
    const struct party *p = catalog_party(c, span_str(id));
    if (p == NULL)
        die("there is no party %s in this store", id);
    api_token_new(token);
    err = catalog_put_token(t, span_str(token), p->number, clock_ms());
    catalog_unref(c);
    if (err == ERR_OK)
        err = txn_commit(t);
    else
        txn_abort(t);
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
    struct keys *k = NULL;
    struct store *s = NULL;
    enum err err = keys_load(dir, &k);
    if (err != ERR_OK)
        die("cannot read %s/keys.json (%s): is %s a folder made by `countersign init`?", dir, err_word(err), dir);
    err = store_open(dir, STORE_SERVE, options_map_size(), &s);
    if (err == ERR_CONFLICT)
        die("a server is running on %s: stop it first, or use POST /v1/parties/%s/tokens", dir, id);
    if (err != ERR_OK)
        die("cannot open the store in %s (%s)", dir, err_word(err));
    char token[API_TOKEN_LEN + 1];
    mint(s, k, id, token);
    store_close(s);
    keys_free(k);
    printf("%s\n", token);
    return 0;
}
