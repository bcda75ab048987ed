/* One data folder, open: its keys, store, signed heads and control data. The one way in for serve, check, token and the
 * tests; several may be open in one process. Opened and closed by one thread; what the parts allow says who may use
 * them meanwhile. */
#ifndef CS_SERVER_INSTANCE_INSTANCE_H
#define CS_SERVER_INSTANCE_INSTANCE_H

#include "server/catalog/catalog.h"
#include "server/keys/day_keys.h"
#include "server/keys/heads.h"

enum { URL_CAP = 256 };
#define INSTANCE_FORMAT "the format of the store"
#define INSTANCE_STORE "store.mdb"
#define INSTANCE_HEADS "signed-heads"
#define INSTANCE_FOLDER "the folder" /* of ERR_FORBIDDEN: that, or the one of the months' keys */
#define INSTANCE_UNCONFIRMED                                                                                           \
    "unconfirmed" /* a file of a backup and of what is restored from it: what was signed since is not known */

struct instance {
    char public_url[URL_CAP]; /* no trailing slash */
    char host[URL_CAP];       /* host[:port] of the public URL: the HOST of signed queries */
    char origin[URL_CAP];     /* host and path: what log names begin with */
    bool https;
    struct keys *keys;
    struct store *store;
    struct day_keys *day_keys;
    struct catalog_slot *catalog;
    struct heads *heads;   /* NULL when opened to read */
    char id[LIMIT_ID + 1]; /* drawn once, at init: copies and what is restored from them are the same instance */
    uint64_t batch;        /* the number of the last batch that wrote, as it was opened */
};

/* Whether it can be a public URL: http or https, and the characters that `init` takes. */
bool instance_url_ok(struct span url);
/* What a store says of itself: its format, its public URL, marks of its keys, and its id; and that nothing is
 * counted yet. */
MUST_CHECK enum err instance_put_meta(struct txn *t, const struct keys *k, struct span url, struct span id);
/* The number of the batch that the transaction ends. */
MUST_CHECK enum err instance_put_batch(struct txn *t, uint64_t number);
/* Another state of the keys, behind those of k; the marks are of all that k has. */
MUST_CHECK enum err instance_put_step(struct txn *t, const struct keys *k, const struct keys_step *step);
/* What an instance begins with. */
struct founding {
    struct span id, url;
    const struct party *operator;
    const char *token; /* his first, which stands in DIR/operator.token */
};
/* Makes an instance in an existing folder: all of it or nothing, whatever ends it. On an error *what names the file.
 * ERR_CONFLICT: the folder has keys or a store already; ERR_BUSY: another process makes one there. */
MUST_CHECK enum err instance_create(const char *dir, uint64_t map_size, const struct founding *f, const char **what);

/* STORE_SERVE or STORE_READ (another process may serve it). On an error *what names the part that did not open, the
 * error is that part's (ERR_BUSY: another process serves it; ERR_CONFLICT: the keys are those of another store;
 * ERR_CORRUPT: what is stored does not read; of INSTANCE_FORMAT ERR_NOT_IMPLEMENTED: another version's), and nothing
 * stays open. */
MUST_CHECK enum err instance_open(struct instance *in, const char *dir, enum store_mode mode, uint64_t map_size,
                                  const char **what);
/* Of INSTANCE_UNCONFIRMED ERR_CONFLICT, which only STORE_SERVE gets. The two halves of it, for `check`, which must look
 * at what does not make an instance: keys and store; then public URL and control data. ERR_CORRUPT of the second leaves
 * the first open. */
MUST_CHECK enum err instance_open_store(struct instance *in, const char *dir, enum store_mode mode, uint64_t map_size,
                                        const char **what);
MUST_CHECK enum err instance_load(struct instance *in, const char **what);
void instance_close(struct instance *in);
/* Which of the files that its next start needs is gone from the folder, beside the store; keys_day: of the
 * newest day key, 0: there is none yet. NULL: none is. Any thread. */
const char *instance_missing(const struct instance *in, uint32_t keys_day);

/* A log's checkpoint origin: origin "/log" for the root log (contract NULL), origin "/log/" id for a contract's. */
enum { ORIGIN_CAP = URL_CAP + 5 + LIMIT_ID };
struct span instance_log_name(const struct instance *in, const struct contract *contract, char out[ORIGIN_CAP]);

/* A sealing context for the calling thread. */
struct sealer *instance_sealer(const struct instance *in);

#endif
