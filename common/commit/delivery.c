#include "common/commit/delivery.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/query.h"

static const char *const event_words[] = {
#define X(symbol, word, what) word,
    DELIVERY_EVENT_TABLE(X)
#undef X
};
static const char *const state_words[] = {
#define X(symbol, word, what) word,
    DELIVERY_STATE_TABLE(X)
#undef X
};
static const char *const error_words[] = {
#define X(symbol, word, what) word,
    DELIVERY_ERROR_TABLE(X)
#undef X
};

const char *delivery_event_word(enum delivery_event e)
{
    return event_words[e];
}

const char *delivery_state_word(enum delivery_state s)
{
    return state_words[s];
}

const char *delivery_error_word(enum delivery_error e)
{
    return error_words[e];
}

/* ---- keys ---- */

void delivery_key(const struct delivery_place *p, uint8_t out[DELIVERY_KEY_LEN])
{
    store_be32(out, p->contract);
    store_be64(out + 4, ~(uint64_t)p->at_ms);
    store_be64(out + 12, ~p->index);
    store_be32(out + 20, p->target);
}

static bool is_time(uint64_t ms)
{
    return ms <= INT64_MAX;
}

enum err delivery_key_read(struct span key, struct delivery_place *out)
{
    if (key.len != DELIVERY_KEY_LEN || !is_time(~load_be64(key.ptr + 4)))
        return ERR_CORRUPT;
    *out = (struct delivery_place){.contract = load_be32(key.ptr),
                                   .at_ms = (int64_t)~load_be64(key.ptr + 4),
                                   .index = ~load_be64(key.ptr + 12),
                                   .target = load_be32(key.ptr + 20)};
    return (out->target & ~DELIVERY_CRM) != 0 ? ERR_OK : ERR_CORRUPT;
}

void outbox_key(const struct delivery_place *p, int64_t due_ms, uint8_t out[OUTBOX_KEY_LEN])
{
    store_be32(out, p->target);
    store_be64(out + 4, (uint64_t)due_ms);
    store_be32(out + 12, p->contract);
    store_be64(out + 16, (uint64_t)p->at_ms);
    store_be64(out + 24, p->index);
}

enum err outbox_key_read(struct span key, struct delivery_place *out, int64_t *due_ms)
{
    if (key.len != OUTBOX_KEY_LEN || !is_time(load_be64(key.ptr + 4)) || !is_time(load_be64(key.ptr + 16)) ||
        (load_be32(key.ptr) & ~DELIVERY_CRM) == 0)
        return ERR_CORRUPT;
    *out = (struct delivery_place){.target = load_be32(key.ptr),
                                   .contract = load_be32(key.ptr + 12),
                                   .at_ms = (int64_t)load_be64(key.ptr + 16),
                                   .index = load_be64(key.ptr + 24)};
    *due_ms = (int64_t)load_be64(key.ptr + 4);
    return ERR_OK;
}

/* ---- rows ---- */

static void attempt_write(struct buf *out, const struct delivery_attempt *a)
{
    buf_be64(out, (uint64_t)a->at_ms);
    buf_be16(out, a->status);
    buf_be32(out, a->ms);
    buf_byte(out, (uint8_t)a->error);
}

static enum err attempt_read(const char *at, struct delivery_attempt *out)
{
    unsigned error = (uint8_t)at[14];
    if (!is_time(load_be64(at)) || error >= DELIVERY_ERRORS)
        return ERR_CORRUPT;
    *out = (struct delivery_attempt){.at_ms = (int64_t)load_be64(at),
                                     .status = load_be16(at + 8),
                                     .ms = load_be32(at + 10),
                                     .error = (enum delivery_error)error};
    return ERR_OK;
}

void delivery_write(struct buf *out, const struct delivery *d)
{
    buf_byte(out, (uint8_t)d->event);
    buf_byte(out, (uint8_t)d->state);
    buf_be64(out, (uint64_t)d->due_ms);
    buf_be64(out, (uint64_t)d->until_ms);
    buf_byte(out, d->tries);
    buf_be16(out, d->forgotten);
    buf_byte(out, (uint8_t)d->n);
    for (size_t i = 0; i < d->n; i++)
        attempt_write(out, &d->attempt[i]);
}

enum err delivery_read(struct span row, struct delivery *out)
{
    if (row.len < DELIVERY_HEAD_LEN)
        return ERR_CORRUPT;
    const uint8_t *b = (const uint8_t *)row.ptr;
    size_t n = b[21];
    if (b[0] >= DELIVERY_EVENTS || b[1] >= DELIVERY_STATES || !is_time(load_be64(b + 2)) ||
        !is_time(load_be64(b + 10)) || n > DELIVERY_ATTEMPTS || row.len != DELIVERY_HEAD_LEN + n * DELIVERY_ATTEMPT_LEN)
        return ERR_CORRUPT;
    *out = (struct delivery){.event = (enum delivery_event)b[0],
                             .state = (enum delivery_state)b[1],
                             .due_ms = (int64_t)load_be64(b + 2),
                             .until_ms = (int64_t)load_be64(b + 10),
                             .tries = b[18],
                             .forgotten = load_be16(b + 19),
                             .n = n};
    bool waits = out->state == DELIVERY_PENDING;
    if (waits != (out->due_ms != 0) || waits != (out->until_ms != 0))
        return ERR_CORRUPT;
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = attempt_read(row.ptr + DELIVERY_HEAD_LEN + i * DELIVERY_ATTEMPT_LEN, &out->attempt[i]);
    return err;
}

void delivery_add(struct delivery *d, const struct delivery_attempt *a)
{
    if (d->n == DELIVERY_ATTEMPTS) {
        memmove(d->attempt, d->attempt + 1, (DELIVERY_ATTEMPTS - 1) * sizeof *d->attempt);
        d->n--;
        d->forgotten += d->forgotten < UINT16_MAX;
    }
    d->attempt[d->n++] = *a;
    d->tries += d->tries < UINT8_MAX;
}

/* ---- results ---- */

void delivery_result_write(struct buf *out, const struct delivery_result *r)
{
    uint8_t key[DELIVERY_KEY_LEN];
    delivery_key(&r->place, key);
    buf_add(out, key, sizeof key);
    buf_be64(out, (uint64_t)r->was_due_ms);
    buf_be64(out, (uint64_t)r->hook_ms);
    buf_byte(out, r->gone);
    buf_byte(out, (uint8_t)r->state);
    buf_be64(out, (uint64_t)r->due_ms);
    buf_byte(out, r->tried);
    attempt_write(out, &r->attempt);
}

enum err delivery_result_take(struct span *rest, struct delivery_result *out)
{
    if (rest->len < DELIVERY_RESULT_LEN)
        return ERR_CORRUPT;
    const uint8_t *b = (const uint8_t *)rest->ptr + DELIVERY_KEY_LEN;
    if (delivery_key_read(span_of(rest->ptr, DELIVERY_KEY_LEN), &out->place) != ERR_OK || !is_time(load_be64(b)) ||
        !is_time(load_be64(b + 8)) || b[16] > 1 || b[17] >= DELIVERY_STATES || !is_time(load_be64(b + 18)) ||
        b[26] > 1 || (b[17] == DELIVERY_PENDING) != (load_be64(b + 18) != 0) ||
        attempt_read((const char *)b + 27, &out->attempt) != ERR_OK)
        return ERR_CORRUPT;
    out->was_due_ms = (int64_t)load_be64(b);
    out->hook_ms = (int64_t)load_be64(b + 8);
    out->gone = b[16] == 1;
    out->state = (enum delivery_state)b[17];
    out->due_ms = (int64_t)load_be64(b + 18);
    out->tried = b[26] == 1;
    *rest = span_of(rest->ptr + DELIVERY_RESULT_LEN, rest->len - DELIVERY_RESULT_LEN);
    return ERR_OK;
}

/* ---- backoff ---- */

int64_t delivery_pause_ms(unsigned tries, uint32_t jitter)
{
    static const int64_t pause_s[] = {0, 5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200};
    size_t last = sizeof pause_s / sizeof *pause_s - 1;
    int64_t ms = 1000 * pause_s[tries < last ? tries : last];
    return ms - ms / 4 + (ms / 2) * (int64_t)(jitter % 1024) / 1024;
}

/* ---- ids ---- */

void delivery_id(struct span contract, uint64_t index, struct span target, char out[DELIVERY_ID_CAP])
{
    if (span_empty(contract))
        contract = SPAN("T");
    int n = snprintf(out, DELIVERY_ID_CAP, "%.*s-%llu-%.*s", (int)contract.len, contract.ptr, (unsigned long long)index,
                     (int)target.len, target.ptr);
    assert(n > 0 && n < DELIVERY_ID_CAP);
}

enum err delivery_id_read(struct span id, struct span *contract, uint64_t *index, struct span *target)
{
    const char *first = memchr(id.ptr, '-', id.len);
    if (first == NULL)
        return ERR_NOT_FOUND;
    struct span rest = span_of(first + 1, id.len - (size_t)(first + 1 - id.ptr));
    const char *second = memchr(rest.ptr, '-', rest.len);
    if (second == NULL)
        return ERR_NOT_FOUND;
    *contract = span_of(id.ptr, (size_t)(first - id.ptr));
    *target = span_of(second + 1, rest.len - (size_t)(second + 1 - rest.ptr));
    if (!id_is_plain(*contract) || !id_is_plain(*target) ||
        parse_u64(span_of(rest.ptr, (size_t)(second - rest.ptr)), index) != ERR_OK)
        return ERR_NOT_FOUND;
    if (span_is(*contract, "T"))
        *contract = SPAN("");
    return ERR_OK;
}

/* ---- where it goes ---- */

struct span delivery_host(struct span url)
{
    size_t slashes = 0, i = 0;
    while (i < url.len && url.ptr[i] != '?' && slashes < 3)
        slashes += url.ptr[i++] == '/';
    return span_of(url.ptr, i);
}

/* ---- macros ---- */

static const char *const macros[] = {"click_id", "txid", "status", "payout",  "currency", "event",     "sub1", "sub2",
                                     "sub3",     "sub4", "sub5",   "lead_id", "reason",   "timestamp", NULL};

/* The name between braces that a text begins with; empty: it begins with none. */
static struct span macro_at(struct span text)
{
    const char *end = text.len > 1 && text.ptr[0] == '{' ? memchr(text.ptr, '}', text.len) : NULL;
    return end != NULL ? span_of(text.ptr + 1, (size_t)(end - text.ptr - 1)) : SPAN("");
}

static bool is_macro(struct span name)
{
    size_t i = 0;
    while (macros[i] != NULL && !span_is(name, macros[i]))
        i++;
    return macros[i] != NULL;
}

struct span delivery_unknown_macro(struct span url)
{
    for (size_t i = 0; i < url.len; i++) {
        struct span rest = span_of(url.ptr + i, url.len - i), name = macro_at(rest);
        if (url.ptr[i] == '{' && !is_macro(name))
            return span_empty(name) ? SPAN("{") : name;
        if (url.ptr[i] == '{')
            i += name.len + 1;
        else if (url.ptr[i] == '}')
            return SPAN("}");
    }
    return SPAN("");
}

/* A segment of a path that clients and servers resolve, however it is encoded: a visitor who says it would have another
 * path called. */
static bool is_dots(struct span value)
{
    return span_is(value, ".") || span_is(value, "..");
}

void delivery_macro_url(struct buf *out, struct span url, const struct delivery_macro *m, size_t n)
{
    bool path = true;
    for (size_t i = 0; i < url.len; i++) {
        path &= url.ptr[i] != '?';
        struct span name = macro_at(span_of(url.ptr + i, url.len - i));
        if (!is_macro(name)) {
            buf_byte(out, (uint8_t)url.ptr[i]);
            continue;
        }
        for (size_t j = 0; j < n; j++)
            if (span_is(name, m[j].name) && !(path && is_dots(m[j].value)))
                query_encode(out, m[j].value);
        i += name.len + 1;
    }
}
