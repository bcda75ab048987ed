#include "common/decisions/trader.h"

#include <assert.h>

#include "common/base/buf.h"
#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/crypto/crypto.h"

static const char *const names[] = {"country", "name", "vat_id"};
enum { NAMES = sizeof names / sizeof *names };

static struct span member(const json_t *legal, size_t i)
{
    const json_t *v = json_object_get(legal, names[i]);
    return span_of(json_string_value(v), json_string_length(v));
}

static json_t *open_legal(struct span text)
{
    json_t *json = NULL;
    return span_empty(text) || json_read(text, &json, NULL) != ERR_OK ? NULL : json;
}

void trader_write(struct buf *out, struct span legal)
{
    json_t *json = open_legal(legal);
    struct jw w;
    jw_open(&w, out);
    jw_object(&w);
    for (size_t i = 0; i < NAMES; i++)
        if (member(json, i).len > 0)
            jw_kstr(&w, names[i], member(json, i));
    jw_object_end(&w);
    jw_close(&w);
    json_decref(json);
}

bool trader_is_other(struct span was, struct span legal)
{
    json_t *before = open_legal(was), *now = open_legal(legal);
    bool other = false;
    for (size_t i = 0; i < NAMES; i++)
        other |= member(before, i).len > 0 && !span_eq(member(before, i), member(now, i));
    json_decref(before);
    json_decref(now);
    return other;
}

/* ---- rows ---- */

enum { HEAD = 1 + 8 + 32 }; /* in front of the party's id */

size_t trader_row_write(const struct trader_row *r, uint8_t *out)
{
    assert(r->party.len <= LIMIT_ID);
    out[0] = r->other;
    store_be64(out + 1, r->first);
    memcpy(out + 9, r->sha256, sizeof r->sha256);
    memcpy(out + HEAD, r->party.ptr, r->party.len);
    return HEAD + r->party.len;
}

static bool row_read(struct span value, struct trader_row *out)
{
    if (value.len <= HEAD || value.len > TRADER_ROW_LEN || (uint8_t)value.ptr[0] > 1)
        return false;
    *out = (struct trader_row){
        .party = span_skip(value, HEAD), .other = value.ptr[0] != 0, .first = load_be64(value.ptr + 1)};
    memcpy(out->sha256, value.ptr + 9, sizeof out->sha256);
    return true;
}

/* The first from *index on, which is set to its own. */
static enum err next_row(const struct view *v, uint32_t contract, uint64_t *index, struct trader_row *out)
{
    uint8_t seek[12];
    struct span key, value;
    row_index_key(seek, contract, *index);
    enum err err = v->seek(v->ctx, ROW_TRADERS, span_of(seek, sizeof seek), &key, &value);
    if (err != ERR_OK)
        return err;
    if (key.len < 4 || load_be32(key.ptr) != contract)
        return ERR_NOT_FOUND;
    if (key.len != sizeof seek || !row_read(value, out))
        return ERR_CORRUPT;
    *index = load_be64(key.ptr + 4);
    return ERR_OK;
}

enum err trader_row_make(const struct view *v, uint32_t contract, uint64_t index, const struct entry_party *p,
                         struct trader_row *out)
{
    struct trader_row row = {.party = p->party, .other = p->other}, before;
    struct buf text;
    enum err err;
    if (span_empty(p->party) || p->party.len > LIMIT_ID)
        return ERR_CORRUPT;
    buf_heap(&text);
    trader_write(&text, p->legal);
    sha256(text.ptr, text.len, row.sha256);
    row.first = span_is(buf_span(&text), "{}") ? 0 : index;
    buf_free(&text);
    for (uint64_t at = 0; (err = next_row(v, contract, &at, &before)) == ERR_OK && row.first == index; at++)
        if (span_eq(before.party, row.party) && memcmp(before.sha256, row.sha256, sizeof row.sha256) == 0)
            row.first = before.first;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    *out = row;
    return ERR_OK;
}

/* ---- what entries tell ---- */

static enum err legal_of(const struct view *v, uint32_t contract, uint64_t index, struct buf *out)
{
    struct span bytes;
    struct entry e;
    enum err err = v->entry(v->ctx, contract, index, &bytes);
    if (err == ERR_OK)
        err = entry_read(bytes, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_IO ? err : ERR_CORRUPT;
    if (e.kind == ENTRY_PARTY)
        buf_span_add(out, e.party.legal);
    err = e.kind == ENTRY_PARTY ? ERR_OK : ERR_CORRUPT;
    entry_close(&e);
    return err;
}

enum err trader_told(const struct view *v, uint32_t contract, struct span party, struct buf *out)
{
    struct trader_row row;
    uint64_t last = 0;
    enum err err;
    for (uint64_t at = 0; (err = next_row(v, contract, &at, &row)) == ERR_OK; at++)
        if (span_eq(row.party, party))
            last = at;
    if (err != ERR_NOT_FOUND)
        return err;
    return last == 0 ? ERR_OK : legal_of(v, contract, last, out);
}

enum err traders_at(const struct view *v, uint32_t contract, const struct span parties[2], uint64_t to, uint64_t as[2])
{
    bool over[2] = {false, false};
    struct trader_row row;
    enum err err;
    as[0] = as[1] = 0;
    for (uint64_t at = 0; (err = next_row(v, contract, &at, &row)) == ERR_OK; at++)
        for (size_t side = 0; side < 2; side++) {
            bool is = span_eq(row.party, parties[side]);
            over[side] |= is && at >= to && row.other;
            if (is && !over[side])
                as[side] = row.first;
        }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err trader_legal(const struct view *v, uint32_t contract, uint64_t index, uint64_t to, struct buf *out)
{
    struct trader_row row;
    uint64_t last = index, first = index;
    enum err err = next_row(v, contract, &first, &row);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && first != index))
        return ERR_CORRUPT;
    for (uint64_t at = index; err == ERR_OK && (err = next_row(v, contract, &at, &row)) == ERR_OK && at < to; at++)
        if (row.first == index) /* rows of a party alone begin with an entry of it */
            last = at;
    return err == ERR_OK || err == ERR_NOT_FOUND ? legal_of(v, contract, last, out) : err;
}

enum err trader_text(const struct view *v, uint32_t contract, uint64_t index, struct buf *out)
{
    struct buf legal;
    if (index == 0)
        return ERR_OK;
    buf_heap(&legal);
    enum err err = legal_of(v, contract, index, &legal);
    if (err == ERR_OK)
        trader_write(out, buf_span(&legal));
    buf_free(&legal);
    return err;
}
