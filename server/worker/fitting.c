#include "server/worker/fitting.h"

#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"

enum { SLOTS = 256 };

struct fitting {
    struct slot {
        bool used;
        struct hash sum, root;
        uint64_t size;
    } slot[SLOTS];
};

struct fitting *fitting_new(void)
{
    return xcalloc(1, sizeof(struct fitting));
}

void fitting_free(struct fitting *f)
{
    free(f);
}

/* With its length, so that no byte goes over from one part to the next unseen. */
static void add(struct sha256 *s, struct span part)
{
    uint8_t len[8];
    store_be64(len, part.len);
    sha256_add(s, len, sizeof len);
    sha256_add(s, part.ptr, part.len);
}

void fitting_sum(const struct fitting_on *on, struct hash *out)
{
    struct sha256 *s = sha256_new();
    add(s, span_of(on->statement_keys, on->n_statement_keys * ED25519_KEY_LEN));
    for (size_t i = 0; i < on->n_log_keys; i++) {
        add(s, on->log_keys[i].name);
        add(s, span_of(on->log_keys[i].pub, ED25519_KEY_LEN));
    }
    add(s, SPAN("")); /* no more names */
    add(s, on->jws);
    add(s, on->bundles);
    add(s, on->note);
    sha256_end(s, out->b);
    sha256_free(s);
}

/* As good as random. Who finds statements that share a place only makes his own reads slow. */
static size_t place_of(const struct hash *sum)
{
    return sum->b[0] % SLOTS;
}

bool fitting_known(const struct fitting *f, const struct hash *sum, uint64_t *size, struct hash *root)
{
    const struct slot *s = &f->slot[place_of(sum)];
    if (!s->used || memcmp(s->sum.b, sum->b, HASH_LEN) != 0)
        return false;
    *size = s->size;
    *root = s->root;
    return true;
}

void fitting_keep(struct fitting *f, const struct hash *sum, uint64_t size, const struct hash *root)
{
    f->slot[place_of(sum)] = (struct slot){true, *sum, *root, size};
}
