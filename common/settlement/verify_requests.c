#include "common/settlement/verify_requests.h"

#include <stdio.h>

#include "common/base/ascii.h"
#include "common/base/json_read.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "common/base/xxh64.h"
#include "common/crypto/crypto.h"

#define QUERY_START "PBv1\n"
#define NO_BODY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* The fields that a request may have, under every name that they are sent by; what is none says nothing. */
static const struct {
    const char *name, *field;
    enum request_name names; /* REQUEST_NAMES: a fact alone */
} fields[] = {
    {"click_id", "click_id", NAME_CLICK},
    {"clickid", "click_id", NAME_CLICK},
    {"cid", "click_id", NAME_CLICK},
    {"subid", "click_id", NAME_CLICK},
    {"cnv_id", "click_id", NAME_CLICK},
    {"txid", "txid", NAME_TXID},
    {"transaction_id", "txid", NAME_TXID},
    {"order_id", "txid", NAME_TXID},
    {"lead", "lead", NAME_LEAD},
    {"status", "status", NAME_STATUS},
    {"amount", "amount", REQUEST_NAMES},
    {"campaign", "campaign", REQUEST_NAMES},
    {"contract", "contract", REQUEST_NAMES},
    {"country", "country", REQUEST_NAMES},
    {"currency", "currency", REQUEST_NAMES},
    {"email", "email", REQUEST_NAMES},
    {"event", "event", REQUEST_NAMES},
    {"first_name", "first_name", REQUEST_NAMES},
    {"last_name", "last_name", REQUEST_NAMES},
    {"phone", "phone", REQUEST_NAMES},
    {"reason", "reason", REQUEST_NAMES},
    {"sub1", "sub1", REQUEST_NAMES},
    {"sub2", "sub2", REQUEST_NAMES},
    {"sub3", "sub3", REQUEST_NAMES},
    {"sub4", "sub4", REQUEST_NAMES},
    {"sub5", "sub5", REQUEST_NAMES},
    {"test", "test", REQUEST_NAMES},
    {"touches", "touches", REQUEST_NAMES},
};

static uint64_t hash_of(const char *field, struct span value)
{
    uint64_t h = xxh64(xxh64(1, span_str(field)), value);
    return h != 0 ? h : 1;
}

static bool is_default(const char *field, struct span v)
{
    return span_is(span_str(field), "event")  ? span_is(v, "lead")
           : span_is(span_str(field), "test") ? span_is(v, "0") || span_is(v, "false")
                                              : false;
}

/* Facts are compared without what servers and form encodings make of blanks, plus signs and cases. */
static uint64_t fact_of(const char *field, struct span v)
{
    struct buf folded;
    buf_heap(&folded);
    for (size_t i = 0; i < v.len; i++)
        if ((unsigned char)v.ptr[i] > ' ' && v.ptr[i] != '+')
            buf_byte(&folded, (uint8_t)ascii_to_lower(v.ptr[i]));
    uint64_t h = hash_of(field, buf_span(&folded));
    buf_free(&folded);
    return h;
}

/* The order of fields is nothing: their hashes add up. */
static void take_field(struct request_said *out, struct span name, struct span value)
{
    value = text_strip(value);
    if (span_is(name, "nonce"))
        out->nonce = hash_of("nonce", value);
    if (span_empty(value))
        return;
    if (span_starts(name, "f_"))
        out->facts += xxh64(fact_of("f_", value), name);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!span_is(name, fields[i].name) || is_default(fields[i].field, value))
            continue;
        uint64_t h = hash_of(fields[i].field, value), *kept = &out->name[fields[i].names];
        if (fields[i].names == REQUEST_NAMES)
            out->facts += fact_of(fields[i].field, value);
        else if (*kept != h) /* platforms send one value under two of its names */
            out->facts += *kept = h;
    }
}

static void read_pairs(struct span query, struct request_said *out)
{
    struct query q;
    struct span name, value;
    struct buf n, v;
    buf_heap(&n);
    buf_heap(&v);
    query_open(&q, query);
    while (query_next(&q, &name, &value)) {
        buf_clear(&n);
        buf_clear(&v);
        query_decode_lenient(&n, name);
        query_decode_lenient(&v, value);
        take_field(out, buf_span(&n), buf_span(&v));
    }
    buf_free(&n);
    buf_free(&v);
}

/* PBv1, method, host, target, hash of the body, and perhaps the hash of a token. */
static void read_signed_query(struct span rest, struct request_said *out)
{
    struct span method, host, target, path, body;
    if (!text_cut(&rest, '\n', &method) || !text_cut(&rest, '\n', &host) || !text_cut(&rest, '\n', &target))
        return;
    body = span_of(rest.ptr, rest.len < 2 * HASH_LEN ? rest.len : 2 * HASH_LEN);
    out->reads = body.len == 2 * HASH_LEN;
    out->hidden = !span_is(body, NO_BODY);
    if (out->hidden)
        out->facts += hash_of("body", body);
    if (text_cut(&target, '?', &path))
        read_pairs(target, out);
}

static struct span scalar(const json_t *v, char mem[32])
{
    if (json_is_string(v))
        return span_of(json_string_value(v), json_string_length(v));
    if (json_is_integer(v))
        snprintf(mem, 32, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        snprintf(mem, 32, "%.15g", json_real_value(v));
    else
        snprintf(mem, 32, "%s", json_is_true(v) ? "1" : "");
    return span_str(mem);
}

/* webhook-id . webhook-timestamp . body */
static void read_signed_json(struct span rest, struct request_said *out)
{
    struct span ident, time;
    json_t *body = NULL, *v;
    const char *name;
    char mem[32];
    if (!text_cut(&rest, '.', &ident) || !text_cut(&rest, '.', &time) ||
        json_read_any_number(rest, &body, NULL) != ERR_OK)
        return;
    out->reads = true;
    out->nonce = hash_of("webhook-id", ident);
    json_object_foreach(body, name, v)
    {
        out->hidden |= json_is_object(v) || json_is_array(v);
        take_field(out, span_str(name), scalar(v, mem));
    }
    if (out->hidden)
        out->facts += hash_of("body", rest);
    json_decref(body);
}

void request_read(struct span text, struct request_said *out)
{
    *out = (struct request_said){.reads = false};
    sha256(text.ptr, text.len, out->digest.b);
    if (span_starts(text, QUERY_START))
        read_signed_query(span_skip(text, strlen(QUERY_START)), out);
    else
        read_signed_json(text, out);
}

static bool same(const struct request_said *a, const struct request_said *b, enum request_name n)
{
    return a->name[n] != 0 && a->name[n] == b->name[n];
}

/* A status that a lead has already is answered with the entry that gave it, however the lead is named. */
static enum repeat disposes_again(const struct request_said *a, const struct request_said *b)
{
    if (a->name[NAME_STATUS] != b->name[NAME_STATUS])
        return OTHER_FACTS;
    return same(a, b, NAME_TXID) || same(a, b, NAME_CLICK) || same(a, b, NAME_LEAD) ? REPEATS : REPEATS_UNKNOWN;
}

enum repeat request_repeats(const struct request_said *a, const struct request_said *b)
{
    if (!a->reads || !b->reads)
        return REPEATS_UNKNOWN;
    if (a->facts == b->facts) {
        bool known = a->hidden || a->name[NAME_STATUS] || a->name[NAME_TXID] || (a->nonce && a->nonce == b->nonce);
        return known ? REPEATS : OTHER_TXID;
    }
    if (a->hidden || b->hidden)
        return REPEATS_UNKNOWN;
    if (a->name[NAME_STATUS] || b->name[NAME_STATUS])
        return disposes_again(a, b);
    if (!same(a, b, NAME_TXID))
        return OTHER_TXID;
    return a->name[NAME_CLICK] == b->name[NAME_CLICK] ? OTHER_FACTS : OTHER_CLICK;
}
