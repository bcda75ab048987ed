/* Day keys at rest: nonce 12 | AES-256-GCM under the wrap key (aad: day be32) of 32 key bytes | tag 16. */
#include "server/keys/day_keys.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/system/system.h"

enum { KEY_LEN = 32, RECENT = 4, CONTEXTS = 4 };
_Static_assert(DAY_KEY_ROW == AEAD_NONCE_LEN + KEY_LEN + AEAD_TAG_LEN, "a wrapped key");

struct day_key {
    bool set;
    uint32_t day;
    uint8_t key[KEY_LEN];
};

struct day_keys {
    struct day_key pending[2]; /* the committer's, until its commit */
    pthread_mutex_t lock;      /* of recent: taken when a thread meets a new day, not per event */
    struct day_key recent[RECENT];
    size_t next;
};

struct day_keys *day_keys_new(void)
{
    struct day_keys *p = xcalloc(1, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void day_keys_free(struct day_keys *p)
{
    if (p == NULL)
        return;
    pthread_mutex_destroy(&p->lock);
    crypto_wipe(p, sizeof *p);
    free(p);
}

static enum err unwrap(const uint8_t wrap[32], uint32_t day, struct span wrapped, uint8_t out[KEY_LEN])
{
    uint8_t aad[4];
    store_be32(aad, day);
    if (wrapped.len != DAY_KEY_ROW)
        return ERR_CORRUPT;
    struct aead *a = aead_new(wrap);
    enum err err = aead_open(a, (const uint8_t *)wrapped.ptr, span_of(aad, sizeof aad),
                             span_of(wrapped.ptr + AEAD_NONCE_LEN, KEY_LEN + AEAD_TAG_LEN), out);
    aead_free(a);
    return err;
}

void day_key_draw(const uint8_t wrap[32], uint32_t day, uint8_t wrapped[DAY_KEY_ROW])
{
    uint8_t row[4], key[KEY_LEN];
    store_be32(row, day);
    random_bytes(key, sizeof key);
    random_bytes(wrapped, AEAD_NONCE_LEN);
    struct aead *a = aead_new(wrap);
    aead_seal(a, wrapped, span_of(row, sizeof row), span_of(key, sizeof key), wrapped + AEAD_NONCE_LEN);
    aead_free(a);
    crypto_wipe(key, sizeof key);
}

static enum err stored_key(struct txn *t, const uint8_t wrap[32], uint32_t day, uint8_t out[KEY_LEN])
{
    uint8_t row[4];
    struct span wrapped;
    store_be32(row, day);
    enum err err = store_get(t, TABLE_DAY_KEYS, span_of(row, sizeof row), &wrapped);
    return err != ERR_OK ? err : unwrap(wrap, day, wrapped, out);
}

static enum err key_keep(struct txn *t, const uint8_t wrap[32], uint32_t day, const uint8_t wrapped[DAY_KEY_ROW],
                         uint8_t out[KEY_LEN])
{
    uint8_t row[4];
    store_be32(row, day);
    enum err err = unwrap(wrap, day, span_of(wrapped, DAY_KEY_ROW), out);
    return err != ERR_OK ? err : store_put(t, TABLE_DAY_KEYS, span_of(row, sizeof row), span_of(wrapped, DAY_KEY_ROW));
}

enum err day_keys_keep(struct day_keys *p, struct txn *t, const uint8_t wrap[32], uint32_t day,
                       const uint8_t wrapped[2][DAY_KEY_ROW])
{
    for (uint32_t i = 0; i < 2; i++) {
        struct day_key *slot = &p->pending[i];
        slot->set = false;
        enum err err = stored_key(t, wrap, day + i, slot->key);
        if (err == ERR_NOT_FOUND)
            err = key_keep(t, wrap, day + i, wrapped[i], slot->key);
        if (err != ERR_OK)
            return err;
        slot->day = day + i;
        slot->set = true;
    }
    return ERR_OK;
}

static const struct day_key *recent_find(const struct day_keys *p, uint32_t day)
{
    for (size_t i = 0; i < RECENT; i++)
        if (p->recent[i].set && p->recent[i].day == day)
            return &p->recent[i];
    return NULL;
}

void day_keys_forget(struct day_keys *p)
{
    p->pending[0].set = p->pending[1].set = false;
}

void day_keys_publish(struct day_keys *p)
{
    if (!p->pending[0].set)
        return;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < 2; i++) {
        if (p->pending[i].set && recent_find(p, p->pending[i].day) == NULL)
            p->recent[p->next++ % RECENT] = p->pending[i];
        p->pending[i].set = false;
    }
    pthread_mutex_unlock(&p->lock);
}

enum err day_key_get(struct day_keys *p, struct txn *t, const uint8_t wrap[32], uint32_t day, uint8_t out[32])
{
    pthread_mutex_lock(&p->lock);
    const struct day_key *found = recent_find(p, day);
    if (found != NULL)
        memcpy(out, found->key, KEY_LEN);
    pthread_mutex_unlock(&p->lock);
    if (found != NULL)
        return ERR_OK;
    return t != NULL ? stored_key(t, wrap, day, out) : ERR_NOT_FOUND;
}

/* A day's cipher. Nonces are 8 random bytes, drawn anew for each context, and a counter: no two contexts of one key
 * meet. */
struct context {
    struct aead *aead;
    uint32_t day, counter;
    uint8_t prefix[8];
};

struct sealer {
    struct day_keys *day_keys;
    uint8_t wrap[32];
    struct context context[CONTEXTS];
    size_t next;
};

struct sealer *sealer_new(struct day_keys *p, const uint8_t wrap[32])
{
    struct sealer *s = xcalloc(1, sizeof *s);
    s->day_keys = p;
    memcpy(s->wrap, wrap, sizeof s->wrap);
    return s;
}

void sealer_free(struct sealer *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < CONTEXTS; i++)
        aead_free(s->context[i].aead);
    crypto_wipe(s, sizeof *s);
    free(s);
}

static enum err context_for(struct sealer *s, struct txn *t, uint32_t day, struct context **out)
{
    for (size_t i = 0; i < CONTEXTS; i++) {
        if (s->context[i].aead != NULL && s->context[i].day == day) {
            *out = &s->context[i];
            return ERR_OK;
        }
    }
    uint8_t key[KEY_LEN];
    enum err err = day_key_get(s->day_keys, t, s->wrap, day, key);
    if (err != ERR_OK)
        return err;
    struct context *c = &s->context[s->next++ % CONTEXTS];
    aead_free(c->aead);
    *c = (struct context){.aead = aead_new(key), .day = day};
    random_bytes(c->prefix, sizeof c->prefix);
    crypto_wipe(key, sizeof key);
    *out = c;
    return ERR_OK;
}

enum err sealer_seal(struct sealer *s, uint32_t day, const struct hash *commitment, struct span plain, struct buf *out)
{
    struct context *c;
    enum err err = context_for(s, NULL, day, &c);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_BUSY : err;
    size_t len = AEAD_NONCE_LEN + plain.len + AEAD_TAG_LEN;
    uint8_t *room = (uint8_t *)buf_room(out, len);
    if (room == NULL)
        return ERR_TOO_LARGE;
    memcpy(room, c->prefix, sizeof c->prefix);
    store_be32(room + sizeof c->prefix, c->counter);
    if (++c->counter == 0)
        random_bytes(c->prefix, sizeof c->prefix);
    aead_seal(c->aead, room, span_of(commitment->b, HASH_LEN), plain, room + AEAD_NONCE_LEN);
    out->len += len;
    return ERR_OK;
}

enum err sealer_open(struct sealer *s, struct txn *t, const struct hash *commitment, const struct private_sealed *part,
                     struct buf *out)
{
    struct context *c;
    const struct span sealed = part->bytes;
    if (sealed.len < AEAD_NONCE_LEN + AEAD_TAG_LEN)
        return ERR_CORRUPT;
    enum err err = context_for(s, t, part->day, &c);
    if (err != ERR_OK)
        return err;
    size_t len = sealed.len - AEAD_NONCE_LEN - AEAD_TAG_LEN;
    char *room = buf_room(out, len);
    if (room == NULL)
        return ERR_TOO_LARGE;
    err = aead_open(c->aead, (const uint8_t *)sealed.ptr, span_of(commitment->b, HASH_LEN),
                    span_of(sealed.ptr + AEAD_NONCE_LEN, sealed.len - AEAD_NONCE_LEN), room);
    if (err == ERR_OK)
        out->len += len;
    return err;
}

enum err sealer_read(struct sealer *s, struct txn *t, const struct envelope *env, const struct hash *commitment,
                     struct buf *plain, struct private_part *out)
{
    struct private_sealed sealed;
    struct kept_part kept;
    enum err err = ledger_private(t, env, &sealed);
    if (err == ERR_OK && env->kind == ENTRY_LEAD)
        err = kept_read(env->beside, &kept);
    buf_clear(plain);
    if (err == ERR_OK)
        err = sealer_open(s, t, commitment, &sealed, plain);
    if (err != ERR_OK || (err = private_read(buf_span(plain), out)) != ERR_OK)
        return err;
    if (out->lead != (env->kind == ENTRY_LEAD)) {
        private_close(out);
        return ERR_CORRUPT;
    }
    if (out->lead)
        kept_person(&kept, out);
    return ERR_OK;
}
