/* Day keys at rest: nonce 12 | AES-256-GCM under the wrap key (aad: day be32) of 32 key bytes | tag 16. The wrap key is
 * HKDF-SHA256 of the month's key, with the salt. */
#include "server/keys/day_keys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/keys/month_keys.h"
#include "server/system/system.h"

enum { KEY_LEN = 32, RECENT = 4, CONTEXTS = 4 };
enum { LOST_ROW = DAY_KEY_ROW + 8 };
_Static_assert(DAY_KEY_ROW == AEAD_NONCE_LEN + KEY_LEN + AEAD_TAG_LEN, "a wrapped key");

struct day_key {
    bool set;
    uint32_t day;
    uint64_t lost_below; /* journal rows in front of it were sealed by another key, which is lost */
    uint8_t key[KEY_LEN];
};

struct day_keys {
    char *data_dir;
    uint8_t salt[32];
    _Atomic uint32_t kept_from; /* a day: written by the source's thread */
    bool tidy;                  /* no file of before it is left; the source's thread */
    struct day_key pending[2];  /* the committer's, until its commit */
    pthread_mutex_t lock;       /* of recent: taken when a thread meets a new day, not per event */
    struct day_key recent[RECENT];
    size_t next;
};

enum err day_keys_new(const char *data_dir, const uint8_t salt[32], struct day_keys **out)
{
    uint32_t month;
    enum err err = months_kept_from(data_dir, &month);
    if (err != ERR_OK)
        return err;
    struct day_keys *p = xcalloc(1, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    p->data_dir = xasprintf("%s", data_dir);
    memcpy(p->salt, salt, sizeof p->salt);
    p->tidy = month == 0;
    atomic_init(&p->kept_from, month != 0 ? month_first_day(month) : 0);
    *out = p;
    return ERR_OK;
}

void day_keys_free(struct day_keys *p)
{
    if (p == NULL)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p->data_dir);
    crypto_wipe(p, sizeof *p);
    free(p);
}

static enum err wrap_of(const struct day_keys *p, uint32_t day, uint8_t out[32])
{
    uint8_t month[MONTH_KEY_LEN];
    if (day < day_keys_kept_from(p))
        return ERR_NOT_FOUND;
    enum err err = month_key_read(p->data_dir, month_of_day(day), month);
    if (err == ERR_OK)
        hkdf(span_of(month, sizeof month), span_of(p->salt, sizeof p->salt), SPAN("countersign/v1/day wrap"), out, 32);
    crypto_wipe(month, sizeof month);
    return err == ERR_NOT_FOUND ? ERR_IO : err; /* it may be put back */
}

static enum err unwrap(const uint8_t wrap[32], uint32_t day, struct span row, struct day_key *out)
{
    uint8_t aad[4];
    store_be32(aad, day);
    if (row.len != DAY_KEY_ROW && row.len != LOST_ROW)
        return ERR_CORRUPT;
    *out = (struct day_key){.day = day, .lost_below = row.len == LOST_ROW ? load_be64(row.ptr + DAY_KEY_ROW) : 0};
    struct aead *a = aead_new(wrap);
    enum err err = aead_open(a, (const uint8_t *)row.ptr, span_of(aad, sizeof aad),
                             span_of(row.ptr + AEAD_NONCE_LEN, KEY_LEN + AEAD_TAG_LEN), out->key);
    aead_free(a);
    return err;
}

/* Makes what wraps the days of that month; ERR_NOT_FOUND: it is gone, and some of them have keys. */
static enum err month_ready(const struct day_keys *p, struct txn *t, uint32_t month)
{
    uint8_t key[MONTH_KEY_LEN], from[4];
    struct span found, row;
    enum err err = month_key_read(p->data_dir, month, key);
    crypto_wipe(key, sizeof key);
    if (err != ERR_NOT_FOUND)
        return err;
    store_be32(from, month_first_day(month));
    err = store_seek(t, TABLE_DAY_KEYS, span_of(from, sizeof from), &found, &row);
    if (err == ERR_OK && found.len == 4 && load_be32(found.ptr) < month_first_day(month + 1))
        return ERR_NOT_FOUND;
    return err == ERR_OK || err == ERR_NOT_FOUND ? month_key_make(p->data_dir, month) : err;
}

static void key_draw(const uint8_t wrap[32], uint32_t day, uint8_t wrapped[DAY_KEY_ROW])
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

enum err day_keys_draw(const struct day_keys *p, struct txn *t, uint32_t day, uint8_t wrapped[2][DAY_KEY_ROW])
{
    uint8_t wrap[32];
    enum err err = day >= day_keys_kept_from(p) ? ERR_OK : ERR_NOT_FOUND;
    for (uint32_t i = 0; i < 2 && err == ERR_OK; i++) {
        err = month_ready(p, t, month_of_day(day + i));
        if (err == ERR_OK && (err = wrap_of(p, day + i, wrap)) == ERR_OK)
            key_draw(wrap, day + i, wrapped[i]);
    }
    crypto_wipe(wrap, sizeof wrap);
    return err;
}

static enum err stored_key(const struct day_keys *p, struct txn *t, uint32_t day, struct day_key *out)
{
    uint8_t row[4], wrap[32];
    struct span wrapped;
    store_be32(row, day);
    enum err err = store_get(t, TABLE_DAY_KEYS, span_of(row, sizeof row), &wrapped);
    if (err == ERR_NOT_FOUND)
        return ERR_CORRUPT; /* nothing takes one away */
    if (err == ERR_OK && (err = wrap_of(p, day, wrap)) == ERR_OK)
        err = unwrap(wrap, day, wrapped, out);
    crypto_wipe(wrap, sizeof wrap);
    return err;
}

/* What becomes of the store rests on the record and the rows alone, not on the files. */
static enum err row_keep(struct txn *t, uint32_t day, const uint8_t wrapped[DAY_KEY_ROW])
{
    uint8_t row[4];
    struct span there;
    store_be32(row, day);
    enum err err = store_get(t, TABLE_DAY_KEYS, span_of(row, sizeof row), &there);
    if (err == ERR_OK)
        return there.len == DAY_KEY_ROW || there.len == LOST_ROW ? ERR_OK : ERR_CORRUPT;
    return err == ERR_NOT_FOUND ? store_put(t, TABLE_DAY_KEYS, span_of(row, sizeof row), span_of(wrapped, DAY_KEY_ROW))
                                : err;
}

enum err day_keys_keep(struct day_keys *p, struct txn *t, uint32_t day, const uint8_t wrapped[2][DAY_KEY_ROW])
{
    day_keys_forget(p);
    for (uint32_t i = 0; i < 2; i++) {
        struct day_key *slot = &p->pending[i];
        enum err err = row_keep(t, day + i, wrapped[i]);
        if (err != ERR_OK)
            return err;
        slot->set = stored_key(p, t, day + i, slot) == ERR_OK;
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
    if (!p->pending[0].set && !p->pending[1].set)
        return;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < 2; i++) {
        if (p->pending[i].set && recent_find(p, p->pending[i].day) == NULL)
            p->recent[p->next++ % RECENT] = p->pending[i];
        p->pending[i].set = false;
    }
    pthread_mutex_unlock(&p->lock);
}

uint32_t day_keys_kept_from(const struct day_keys *p)
{
    return atomic_load(&p->kept_from);
}

enum err day_keys_destroy(struct day_keys *p, uint32_t day)
{
    uint32_t from = month_first_day(month_of_day(day)), kept = day_keys_kept_from(p);
    if (from <= kept && p->tidy)
        return ERR_OK;
    from = from > kept ? from : kept;
    enum err err = months_destroy(p->data_dir, month_of_day(from));
    p->tidy = err == ERR_OK;
    atomic_store(&p->kept_from, from); /* whether all is gone or a part: none of it is used any more */
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < RECENT; i++)
        if (p->recent[i].set && p->recent[i].day < from)
            crypto_wipe(&p->recent[i], sizeof p->recent[i]);
    pthread_mutex_unlock(&p->lock);
    return err;
}

static enum err key_find(struct day_keys *p, struct txn *t, uint32_t day, struct day_key *out)
{
    if (day < day_keys_kept_from(p))
        return ERR_NOT_FOUND;
    pthread_mutex_lock(&p->lock);
    const struct day_key *found = recent_find(p, day);
    if (found != NULL)
        *out = *found;
    pthread_mutex_unlock(&p->lock);
    if (found != NULL)
        return ERR_OK;
    return t != NULL ? stored_key(p, t, day, out) : ERR_NOT_FOUND;
}

enum err day_key_get(struct day_keys *p, struct txn *t, uint32_t day, uint8_t out[32])
{
    struct day_key key;
    enum err err = key_find(p, t, day, &key);
    if (err == ERR_OK)
        memcpy(out, key.key, KEY_LEN);
    crypto_wipe(&key, sizeof key);
    return err;
}

/* ---- keys that were lost ---- */

static enum err replace_days(const struct day_keys *p, struct txn *t, uint32_t month, uint64_t next_seq, unsigned *days)
{
    uint8_t key[4], row[LOST_ROW], wrap[32];
    struct span found, value;
    uint32_t day = month_first_day(month), end = month_first_day(month + 1);
    enum err err = wrap_of(p, day, wrap);
    store_be64(row + DAY_KEY_ROW, next_seq);
    for (; err == ERR_OK; day++) {
        store_be32(key, day);
        err = store_seek(t, TABLE_DAY_KEYS, span_of(key, sizeof key), &found, &value);
        if (err == ERR_OK && (found.len != 4 || (day = load_be32(found.ptr)) >= end))
            break;
        if (err == ERR_OK) {
            key_draw(wrap, day, row);
            store_be32(key, day);
            err = store_put(t, TABLE_DAY_KEYS, span_of(key, sizeof key), span_of(row, sizeof row));
            ++*days;
        }
    }
    crypto_wipe(wrap, sizeof wrap);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Whether every day of it that has a key unwraps. */
static enum err month_holds(const struct day_keys *p, struct txn *t, uint32_t month)
{
    uint8_t key[4];
    struct day_key opened;
    struct span found, value;
    enum err err = ERR_OK;
    for (uint32_t day = month_first_day(month); err == ERR_OK; day++) {
        store_be32(key, day);
        err = store_seek(t, TABLE_DAY_KEYS, span_of(key, sizeof key), &found, &value);
        if (err == ERR_OK && (found.len != 4 || (day = load_be32(found.ptr)) >= month_first_day(month + 1)))
            break;
        if (err == ERR_OK && (err = stored_key(p, t, day, &opened)) == ERR_NOT_FOUND)
            err = ERR_CORRUPT;
        crypto_wipe(&opened, sizeof opened);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ERR_CONFLICT: it is not. Any other error: what does not read today may read tomorrow. */
static enum err month_is_lost(const struct day_keys *p, struct txn *t, uint32_t month)
{
    uint8_t key[MONTH_KEY_LEN];
    enum err err = month_key_read(p->data_dir, month, key);
    bool gone = err == ERR_NOT_FOUND || err == ERR_CORRUPT;
    crypto_wipe(key, sizeof key);
    if (err != ERR_OK && !gone)
        return err;
    err = month_holds(p, t, month);
    if (err == ERR_OK)
        return ERR_CONFLICT;
    return gone || err == ERR_CORRUPT ? ERR_OK : err;
}

enum err day_keys_lost(struct day_keys *p, struct txn *t, uint32_t month, uint64_t next_seq, unsigned *days)
{
    *days = 0;
    if (month_first_day(month) < day_keys_kept_from(p))
        return ERR_GONE;
    enum err err = month_is_lost(p, t, month);
    if (err == ERR_OK)
        err = month_key_make(p->data_dir, month);
    return err == ERR_OK ? replace_days(p, t, month, next_seq, days) : err;
}

/* A day's cipher. The nonce is what the entry commits by, which has 16 random bytes of the seed in it and all else that
 * is sealed: two parts have the same one only where they are the same, or by a chance of 2^-96. */
struct context {
    struct aead *aead;
    uint32_t day;
    uint64_t lost_below; /* as of a day key */
};

struct sealer {
    struct day_keys *day_keys;
    uint32_t kept_from; /* no context is of a day before it */
    struct context context[CONTEXTS];
    size_t next;
};

struct sealer *sealer_new(struct day_keys *p)
{
    struct sealer *s = xcalloc(1, sizeof *s);
    s->day_keys = p;
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

static void forget_destroyed(struct sealer *s, uint32_t kept_from)
{
    for (size_t i = 0; i < CONTEXTS; i++) {
        if (s->context[i].aead != NULL && s->context[i].day < kept_from) {
            aead_free(s->context[i].aead);
            s->context[i] = (struct context){0};
        }
    }
    s->kept_from = kept_from;
}

static enum err context_for(struct sealer *s, struct txn *t, uint32_t day, struct context **out)
{
    uint32_t kept_from = day_keys_kept_from(s->day_keys);
    if (kept_from != s->kept_from)
        forget_destroyed(s, kept_from);
    for (size_t i = 0; i < CONTEXTS; i++) {
        if (s->context[i].aead != NULL && s->context[i].day == day) {
            *out = &s->context[i];
            return ERR_OK;
        }
    }
    struct day_key key;
    enum err err = key_find(s->day_keys, t, day, &key);
    if (err != ERR_OK)
        return err;
    struct context *c = &s->context[s->next++ % CONTEXTS];
    aead_free(c->aead);
    *c = (struct context){.aead = aead_new(key.key), .day = day, .lost_below = key.lost_below};
    crypto_wipe(&key, sizeof key);
    *out = c;
    return ERR_OK;
}

enum err sealer_seal(struct sealer *s, uint32_t day, const struct hash *commitment, struct span plain, struct buf *out)
{
    struct context *c;
    enum err err = context_for(s, NULL, day, &c);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_BUSY : err;
    size_t len = plain.len + AEAD_TAG_LEN;
    uint8_t *room = (uint8_t *)buf_room(out, len);
    if (room == NULL)
        return ERR_TOO_LARGE;
    aead_seal(c->aead, commitment->b, span_of(commitment->b, HASH_LEN), plain, room);
    out->len += len;
    return ERR_OK;
}

enum err sealer_open(struct sealer *s, struct txn *t, uint64_t seq, const struct hash *commitment,
                     const struct private_sealed *part, struct buf *out)
{
    struct context *c;
    const struct span sealed = part->bytes;
    if (sealed.len < AEAD_TAG_LEN)
        return ERR_CORRUPT;
    enum err err = context_for(s, t, part->day, &c);
    if (err != ERR_OK)
        return err;
    if (seq < c->lost_below)
        return ERR_NOT_FOUND;
    size_t len = sealed.len - AEAD_TAG_LEN;
    char *room = buf_room(out, len);
    if (room == NULL)
        return ERR_TOO_LARGE;
    err = aead_open(c->aead, commitment->b, span_of(commitment->b, HASH_LEN), sealed, room);
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
        err = sealer_open(s, t, env->seq, commitment, &sealed, plain);
    if (err != ERR_OK || (err = private_read(buf_span(plain), out)) != ERR_OK)
        return err;
    if (out->lead != (env->kind == ENTRY_LEAD))
        return ERR_CORRUPT;
    if (out->lead)
        kept_person(&kept, out);
    return ERR_OK;
}
