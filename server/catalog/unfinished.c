#include "server/catalog/unfinished.h"

#include "common/base/bytes.h"

enum { BEFORE_RECORD = 8 };

uint32_t unfinished_whose(const struct record *r)
{
    switch (r->kind) {
    case RECORD_CAMPAIGN_CHANGE:
        return r->change.number;
    case RECORD_WITHDRAWAL:
        return r->withdrawal.contract;
    case RECORD_PARTY_KEY:
        return r->key.party;
    case RECORD_LEGAL:
        return r->legal.party;
    default:
        return 0;
    }
}

enum err unfinished_read(struct span key, struct span value, struct unfinished *out)
{
    if (key.len != UNFINISHED_KEY_LEN || value.len < BEFORE_RECORD)
        return ERR_CORRUPT;
    struct unfinished u = {.n = load_be64(key.ptr), .from = load_be32(value.ptr), .until = load_be32(value.ptr + 4)};
    buf_heap(&u.text);
    buf_add(&u.text, value.ptr + BEFORE_RECORD, value.len - BEFORE_RECORD);
    enum err err = record_read(buf_span(&u.text), &u.record);
    if (err == ERR_OK && (u.n == 0 || u.from == 0 || u.from > u.until || unfinished_whose(&u.record) == 0))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        *out = u;
    else
        buf_free(&u.text);
    return err;
}

void unfinished_close(struct unfinished *u)
{
    buf_free(&u->text);
}

enum err unfinished_next(struct txn *t, uint64_t n, struct unfinished *out)
{
    uint8_t from[UNFINISHED_KEY_LEN];
    struct cursor *cursor;
    struct span key, value;
    enum err err = cursor_open(t, TABLE_UNFINISHED, &cursor);
    if (err != ERR_OK)
        return err;
    store_be64(from, n + 1);
    err = cursor_seek(cursor, span_of(from, sizeof from), &key, &value);
    if (err == ERR_OK)
        err = unfinished_read(key, value, out);
    cursor_close(cursor);
    return err;
}

enum err unfinished_of(struct txn *t, enum record_kind kind, uint32_t whose, uint32_t contract)
{
    struct unfinished u = {.n = 0};
    bool found = false;
    enum err err = ERR_OK;
    for (uint64_t n = 0; !found && (err = unfinished_next(t, n, &u)) == ERR_OK; n = u.n) {
        found = u.record.kind == kind && unfinished_whose(&u.record) == whose &&
                (contract == 0 || (u.from <= contract && contract <= u.until));
        unfinished_close(&u);
    }
    return err;
}

enum err unfinished_terms(struct txn *t, uint32_t campaign, uint32_t direct, uint32_t contract)
{
    enum err err = unfinished_of(t, RECORD_CAMPAIGN_CHANGE, campaign, contract);
    return err == ERR_NOT_FOUND ? unfinished_of(t, RECORD_WITHDRAWAL, direct, contract) : err;
}

enum err unfinished_number(struct txn *t, struct unfinished *u)
{
    struct cursor *cursor;
    struct span key, value;
    uint64_t first = 1, last = 0;
    enum err err = cursor_open(t, TABLE_UNFINISHED, &cursor);
    if (err != ERR_OK)
        return err;
    err = cursor_seek(cursor, SPAN(""), &key, &value);
    if (err == ERR_OK)
        first = key.len == UNFINISHED_KEY_LEN ? load_be64(key.ptr) : 0;
    if (err == ERR_OK && (err = cursor_last(cursor, &key, &value)) == ERR_OK)
        last = key.len == UNFINISHED_KEY_LEN ? load_be64(key.ptr) : 0;
    cursor_close(cursor);
    if (cursor_end(err) != ERR_OK)
        return err;
    u->n = last + 1;
    return first == 0 ? ERR_CORRUPT : u->n - first >= UNFINISHED_MOST ? ERR_BUSY : ERR_OK;
}

static void key_of(const struct unfinished *u, uint8_t out[UNFINISHED_KEY_LEN])
{
    store_be64(out, u->n);
}

enum err unfinished_put(struct txn *t, const struct unfinished *u)
{
    uint8_t key[UNFINISHED_KEY_LEN], numbers[BEFORE_RECORD];
    struct record r = u->record;
    struct buf value;
    r.bearer = (struct bearer){.used = false};
    r.idempotency = (struct idempotency){.used = false};
    key_of(u, key);
    store_be32(numbers, u->from);
    store_be32(numbers + 4, u->until);
    buf_heap(&value);
    buf_add(&value, numbers, sizeof numbers);
    record_write(&value, &r);
    enum err err = store_put(t, TABLE_UNFINISHED, span_of(key, sizeof key), buf_span(&value));
    buf_free(&value);
    return err;
}

enum err unfinished_end(struct txn *t, const struct unfinished *u)
{
    uint8_t key[UNFINISHED_KEY_LEN];
    key_of(u, key);
    return store_del(t, TABLE_UNFINISHED, span_of(key, sizeof key));
}
