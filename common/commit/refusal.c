#include "common/commit/refusal.h"

#include "common/base/bytes.h"
#include "common/base/utf8.h"

/* ---- keys ---- */

void refusal_room_key(const struct refusal_room *room, uint8_t out[REFUSAL_ROOM_LEN])
{
    store_be32(out, room->party);
    out[4] = (uint8_t)room->standing;
}

/* Complements: descending order. */
void refusal_key(const struct refusal_room *room, int64_t at_ms, uint64_t request_id, uint8_t out[REFUSAL_KEY_LEN])
{
    refusal_room_key(room, out);
    store_be64(out + REFUSAL_ROOM_LEN, ~(uint64_t)at_ms);
    store_be64(out + REFUSAL_ROOM_LEN + 8, ~request_id);
}

static enum err read_key(struct span key, struct refusal *out)
{
    if (key.len != REFUSAL_KEY_LEN || (unsigned char)key.ptr[4] >= STANDINGS)
        return ERR_CORRUPT;
    out->room.party = load_be32(key.ptr);
    out->room.standing = (enum standing)key.ptr[4];
    out->at_ms = (int64_t)~load_be64(key.ptr + REFUSAL_ROOM_LEN);
    out->request_id = ~load_be64(key.ptr + REFUSAL_ROOM_LEN + 8);
    return out->at_ms >= 0 && (out->room.party != 0 || out->room.standing == STANDING_NAMED) ? ERR_OK : ERR_CORRUPT;
}

/* ---- values: be16 status, then each text behind a byte with its length ---- */

static const size_t most[] = {LIMIT_ID, REFUSAL_ROUTE, REFUSAL_FIELD, REFUSAL_REASON};
enum { TEXTS = sizeof most / sizeof *most };

static void put_text(struct buf *out, struct span text, size_t max)
{
    size_t at = out->len;
    buf_byte(out, 0);
    utf8_repair(out, text, max);
    if (!out->failed)
        out->ptr[at] = (char)(out->len - at - 1);
}

void refusal_write(struct buf *out, const struct refusal *r)
{
    const struct span text[TEXTS] = {r->kid, r->route, r->field, r->reason};
    uint8_t key[REFUSAL_KEY_LEN];
    refusal_key(&r->room, r->at_ms, r->request_id, key);
    buf_add(out, key, sizeof key);
    buf_be16(out, r->status);
    for (size_t i = 0; i < TEXTS; i++)
        put_text(out, text[i], most[i]);
}

static bool is_clean(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return utf8_valid(text);
}

static enum err take_text(struct span *rest, size_t max, struct span *out)
{
    size_t n = rest->len > 0 ? (unsigned char)rest->ptr[0] : 0;
    if (rest->len < 1 + n || n > max)
        return ERR_CORRUPT;
    *out = span_of(rest->ptr + 1, n);
    *rest = span_skip(*rest, 1 + n);
    return is_clean(*out) ? ERR_OK : ERR_CORRUPT;
}

static bool is_status(unsigned status)
{
    return status == 200 || (status >= 400 && status < 500) || status == 501 || status == 505;
}

static enum err take_value(struct span *rest, struct refusal *out)
{
    struct span *text[TEXTS] = {&out->kid, &out->route, &out->field, &out->reason};
    if (rest->len < 2)
        return ERR_CORRUPT;
    out->status = load_be16(rest->ptr);
    *rest = span_skip(*rest, 2);
    enum err err = is_status(out->status) ? ERR_OK : ERR_CORRUPT;
    for (size_t i = 0; i < TEXTS && err == ERR_OK; i++)
        err = take_text(rest, most[i], text[i]);
    return err;
}

enum err refusal_take(struct span *rest, struct refusal *out, struct span *key, struct span *value)
{
    if (rest->len < REFUSAL_KEY_LEN)
        return ERR_CORRUPT;
    struct span k = span_of(rest->ptr, REFUSAL_KEY_LEN), v = span_skip(*rest, REFUSAL_KEY_LEN), after = v;
    enum err err = read_key(k, out);
    if (err == ERR_OK)
        err = take_value(&after, out);
    if (err != ERR_OK)
        return err;
    if (key != NULL)
        *key = k;
    if (value != NULL)
        *value = span_of(v.ptr, v.len - after.len);
    *rest = after;
    return ERR_OK;
}

enum err refusal_read(struct span key, struct span value, struct refusal *out)
{
    enum err err = read_key(key, out);
    if (err == ERR_OK)
        err = take_value(&value, out);
    return err == ERR_OK && value.len != 0 ? ERR_CORRUPT : err;
}
