#include "common/reports/cells.h"

#include <assert.h>
#include <string.h>

#include "common/base/bytes.h"

const char *dimension_name(enum dimension d)
{
    static const char *const names[DIMENSIONS] = {
#define X(symbol, number, name) [number] = name,
        DIMENSION_TABLE(X)
#undef X
    };
    return names[d];
}

/* ---- keys ---- */

struct span cell_key_write(uint8_t out[ROLLUP_KEY_MAX], const struct cell_key *k)
{
    assert(k->value.len <= LIMIT_PARAM);
    store_be32(out, k->contract);
    out[4] = (uint8_t)k->dimension;
    store_be32(out + 5, k->day);
    out[9] = k->named;
    if (k->value.len > 0)
        memcpy(out + ROLLUP_KEY_HEAD, k->value.ptr, k->value.len);
    return span_of(out, ROLLUP_KEY_HEAD + k->value.len);
}

enum err cell_key_read(struct span key, struct cell_key *out)
{
    if (key.len < ROLLUP_KEY_HEAD || key.len > ROLLUP_KEY_MAX)
        return ERR_CORRUPT;
    const uint8_t *p = (const uint8_t *)key.ptr;
    struct cell_key k = {.contract = load_be32(p),
                         .day = load_be32(p + 5),
                         .named = p[9] == 1,
                         .value = span_skip(key, ROLLUP_KEY_HEAD)};
    if (p[4] >= DIMENSIONS || p[9] > 1)
        return ERR_CORRUPT;
    k.dimension = (enum dimension)p[4];
    if (k.named == (span_empty(k.value) && k.dimension != DIMENSION_ALL))
        return ERR_CORRUPT;
    *out = k;
    return ERR_OK;
}

struct span rollup_lead_key(uint8_t out[ROLLUP_LEAD_KEY], uint32_t contract, bool several, uint64_t index)
{
    store_be32(out, contract);
    out[4] = several ? ROLLUP_SEVERAL : ROLLUP_LEAD;
    store_be64(out + 5, index);
    return span_of(out, ROLLUP_LEAD_KEY);
}

struct span rollup_head_key(uint8_t out[ROLLUP_HEAD_KEY], uint32_t contract)
{
    store_be32(out, contract);
    out[4] = ROLLUP_HEAD;
    return span_of(out, ROLLUP_HEAD_KEY);
}

/* ---- what is counted ---- */

/* kind 3 bits | class 4 | status 3 | reason 5 | lag 6 | currency */
uint64_t count_number(const struct count_what *w)
{
    return (uint64_t)w->kind | (uint64_t)w->class << 3 | (uint64_t)w->status << 7 | (uint64_t)w->reason << 10 |
           (uint64_t)w->lag << 15 | (uint64_t)w->currency << 21;
}

bool count_what(uint64_t number, struct count_what *out)
{
    const struct count_what w = {.kind = (enum count_kind)(number & 7),
                                 .class = number >> 3 & 15,
                                 .status = (enum status)(number >> 7 & 7),
                                 .reason = (enum reason)(number >> 10 & 31),
                                 .lag = number >> 15 & 63,
                                 .currency = (uint32_t)(number >> 21)};
    if (number >> 21 > 26 * 26 * 26 || w.kind >= COUNT_KINDS || w.class > CLASS_NONE || w.status >= STATUS_COUNT ||
        w.reason >= REASON_COUNT || w.lag >= lag_buckets())
        return false;
    *out = w;
    return true;
}

static_assert(REASON_COUNT <= 32 && STATUS_COUNT <= 8 && CLASS_COUNT < 16, "numbers have room for them");

uint32_t currency_number(struct span code)
{
    uint32_t n = 0;
    if (code.len != 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (code.ptr[i] < 'A' || code.ptr[i] > 'Z')
            return 0;
        n = n * 26 + (uint32_t)(code.ptr[i] - 'A');
    }
    return n + 1;
}

void currency_code(uint32_t number, char out[4])
{
    uint32_t n = number - 1;
    out[3] = '\0';
    for (int i = 2; i >= 0; i--, n /= 26)
        out[i] = (char)('A' + n % 26);
}

/* ---- bytes ---- */

enum { MONEY = 128, QUARTER_MAX = 1 + 3 * 10 };
static_assert((int)QUARTERS <= (int)MONEY, "a bit beside the quarter");

static void varint(struct buf *out, uint64_t v)
{
    for (; v > 127; v >>= 7)
        buf_byte(out, (uint8_t)(v | 128));
    buf_byte(out, (uint8_t)v);
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void sum(int64_t *to, int64_t v)
{
    if (*to == COUNT_BEYOND || v == COUNT_BEYOND || __builtin_add_overflow(*to, v, to))
        *to = COUNT_BEYOND;
}

void count_add(struct count *to, const struct count *c)
{
    sum(&to->n, c->n);
    sum(&to->micros, c->micros);
    sum(&to->revenue, c->revenue);
}

static bool is_nothing(const struct count *c)
{
    return c->n == 0 && c->micros == 0 && c->revenue == 0;
}

/* Of a quarter without money n is all that is written. */
static void quarter_write(struct buf *out, const struct count *c)
{
    const bool money = c->micros != 0 || c->revenue != 0;
    buf_byte(out, (uint8_t)(c->quarter | (money ? MONEY : 0)));
    varint(out, zigzag(c->n));
    if (!money)
        return;
    varint(out, zigzag(c->micros));
    varint(out, zigzag(c->revenue));
}

void counts_write(struct buf *out, const struct count *c, size_t n)
{
    char mem[QUARTERS * QUARTER_MAX];
    struct count sum = {.n = 0};
    struct buf quarters;
    assert(n <= QUARTERS);
    buf_fixed(&quarters, mem, sizeof mem);
    for (size_t i = 0; i < n; i++) {
        assert(c[i].number == c->number && (i == 0 || c[i - 1].quarter < c[i].quarter));
        count_add(&sum, &c[i]);
        if (!is_nothing(&c[i]))
            quarter_write(&quarters, &c[i]);
    }
    if (quarters.len == 0)
        return;
    varint(out, c->number);
    varint(out, quarters.len);
    varint(out, zigzag(sum.n));
    varint(out, zigzag(sum.micros));
    varint(out, zigzag(sum.revenue));
    buf_span_add(out, buf_span(&quarters));
}

/* The shortest spelling alone. */
static bool take_long(struct span *rest, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 10 && i < rest->len; i++) {
        uint8_t byte = (uint8_t)rest->ptr[i];
        v |= (uint64_t)(byte & 127) << 7 * i;
        if (byte > 127)
            continue;
        if ((byte == 0 && i > 0) || (i == 9 && byte > 1))
            return false;
        *rest = span_skip(*rest, i + 1);
        *out = v;
        return true;
    }
    return false;
}

/* Most are one byte. */
static inline bool take(struct span *rest, uint64_t *out)
{
    if (rest->len == 0 || (uint8_t)*rest->ptr > 127)
        return take_long(rest, out);
    *out = (uint8_t)*rest->ptr;
    *rest = span_skip(*rest, 1);
    return true;
}

static inline bool take_signed(struct span *rest, int64_t *out)
{
    uint64_t v;
    if (!take(rest, &v))
        return false;
    *out = (int64_t)(v >> 1 ^ (~(v & 1) + 1));
    return true;
}

enum err counts_read(struct span *rest, struct counts *out)
{
    struct count *sum = &out->sum;
    uint64_t len;
    if (rest->len == 0)
        return ERR_NOT_FOUND;
    sum->quarter = 0;
    if (!take(rest, &sum->number) || !take(rest, &len) || !take_signed(rest, &sum->n) ||
        !take_signed(rest, &sum->micros) || !take_signed(rest, &sum->revenue) || len == 0 || len > rest->len)
        return ERR_CORRUPT;
    out->quarters = span_of(rest->ptr, (size_t)len);
    *rest = span_skip(*rest, (size_t)len);
    return ERR_OK;
}

enum err count_read(struct counts *of, struct count *out)
{
    struct span *rest = &of->quarters;
    if (rest->len == 0)
        return ERR_NOT_FOUND;
    const uint8_t first = (uint8_t)*rest->ptr;
    *rest = span_skip(*rest, 1);
    *out = (struct count){.number = of->sum.number, .quarter = first & (MONEY - 1)};
    if (out->quarter >= QUARTERS || !take_signed(rest, &out->n))
        return ERR_CORRUPT;
    if ((first & MONEY) && (!take_signed(rest, &out->micros) || !take_signed(rest, &out->revenue)))
        return ERR_CORRUPT;
    return ERR_OK;
}

/* ---- from click to lead ---- */

static const int64_t lag_bounds[] = {0 /* no bucket's: it is not known */,
                                     1,
                                     2,
                                     3,
                                     5,
                                     7,
                                     10,
                                     15,
                                     20,
                                     30,
                                     45, /* seconds */
                                     60,
                                     90,
                                     120,
                                     180,
                                     300,
                                     420,
                                     600,
                                     900,
                                     1200,
                                     1800,
                                     2700, /* minutes */
                                     3600,
                                     5400,
                                     7200,
                                     10800,
                                     14400,
                                     21600,
                                     28800,
                                     43200,
                                     64800, /* hours */
                                     86400,
                                     129600,
                                     172800,
                                     259200,
                                     345600,
                                     432000,
                                     604800,
                                     864000,
                                     1209600,
                                     1814400,
                                     2592000,
                                     3888000,
                                     5184000,
                                     7776000};
enum { LAGS = sizeof lag_bounds / sizeof *lag_bounds };
static_assert(LAGS + 1 <= LAG_BUCKETS, "the last bucket is behind all bounds");

unsigned lag_buckets(void)
{
    return LAGS + 1;
}

unsigned lag_bucket(int64_t ms)
{
    unsigned i = 1;
    while (i < LAGS && ms >= lag_bounds[i] * 1000)
        i++;
    return i;
}

int64_t lag_bound(unsigned bucket)
{
    return bucket < LAGS ? lag_bounds[bucket] : INT64_MAX;
}
