#include "common/settlement/statement_line.h"

#include "common/base/json_peek.h"
#include "common/base/when.h"

void line_told_open(struct line_told *t)
{
    for (size_t i = 0; i < TOLDS; i++)
        buf_heap(&t->value[i]);
    t->at_ms = t->lead_at_ms = 0;
}

void line_told_close(struct line_told *t)
{
    for (size_t i = 0; i < TOLDS; i++)
        buf_free(&t->value[i]);
}

void line_told_clear(struct line_told *t)
{
    for (size_t i = 0; i < TOLDS; i++)
        buf_clear(&t->value[i]);
    t->at_ms = t->lead_at_ms = 0;
}

/* ---- entries ---- */

/* What of an entry is told, in the order of its members. */
enum seen {
    SEEN_AT,
    SEEN_BY,
    SEEN_CLICK,
    SEEN_CLICK_UNRECORDED,
    SEEN_CLOCK_MS,
    SEEN_KIND,
    SEEN_PARTY,
    SEEN_PLACEMENT,
    SEEN_REASON,
    SEEN_SUB1,
    SEEN_TEXT,
    SEEN_TRUST,
    SEEN_TXID,
    SEENS
};
static const char *const members[SEENS] = {[SEEN_AT] = "at",
                                           [SEEN_BY] = "by",
                                           [SEEN_CLICK] = "click",
                                           [SEEN_CLICK_UNRECORDED] = "click_unrecorded",
                                           [SEEN_CLOCK_MS] = "clock_ms",
                                           [SEEN_KIND] = "kind",
                                           [SEEN_PARTY] = "party",
                                           [SEEN_PLACEMENT] = "placement",
                                           [SEEN_REASON] = "reason",
                                           [SEEN_SUB1] = "sub1",
                                           [SEEN_TEXT] = "text",
                                           [SEEN_TRUST] = "trust",
                                           [SEEN_TXID] = "txid"};

static void take(struct line_told *t, enum told which, struct span value)
{
    buf_clear(&t->value[which]);
    buf_span_add(&t->value[which], value);
}

/* A whole number as we write it; false: there is none. */
static bool read_number(struct span digits, int64_t *out)
{
    int64_t v = 0;
    if (digits.len == 0 || digits.len > 16)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        v = 10 * v + (digits.ptr[i] - '0');
    }
    *out = v;
    return true;
}

static MUST_CHECK enum err clock_of(const struct span seen[SEENS], int64_t *out)
{
    int64_t ms;
    if (!read_number(seen[SEEN_CLOCK_MS], &ms) && !read_number(seen[SEEN_AT], &ms))
        return ERR_CORRUPT;
    if (ms >= TIME_END_MS)
        return ERR_CORRUPT;
    *out = ms;
    return ERR_OK;
}

/* The spans are the view's. */
static MUST_CHECK enum err see(const struct view *v, uint32_t contract, uint64_t index, struct span seen[SEENS])
{
    struct span entry;
    enum err err = v->entry(v->ctx, contract, index, &entry);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    json_peek_all(entry, members, SEENS, seen);
    return ERR_OK;
}

static MUST_CHECK enum err see_kind(const struct view *v, uint32_t contract, uint64_t index, enum entry_kind kind,
                                    struct span seen[SEENS])
{
    enum err err = see(v, contract, index, seen);
    if (err != ERR_OK)
        return err;
    const struct span word = seen[SEEN_KIND];
    bool is = word.len > 2 && span_is(span_of(word.ptr + 1, word.len - 2), entry_kind_word(kind));
    return is ? ERR_OK : ERR_CORRUPT;
}

enum err line_tell_decision(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index,
                            enum entry_kind kind)
{
    struct span seen[SEENS];
    bool adjusts = kind == ENTRY_ADJUSTMENT;
    enum err err = see_kind(v, contract, index, kind, seen);
    if (err != ERR_OK)
        return err;
    const struct span by = seen[adjusts ? SEEN_BY : SEEN_PARTY];
    take(t, TOLD_BY, span_is(by, "\"\"") ? SPAN("") : by);
    take(t, TOLD_TEXT, seen[adjusts ? SEEN_REASON : SEEN_TEXT]);
    take(t, TOLD_TRUST, seen[SEEN_TRUST]);
    return clock_of(seen, &t->at_ms);
}

enum err line_tell_time(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index)
{
    struct span seen[SEENS];
    enum err err = see(v, contract, index, seen);
    return err == ERR_OK ? clock_of(seen, &t->at_ms) : err;
}

/* Of its click, if that has one. */
static MUST_CHECK enum err sub_of_click(struct line_told *t, const struct view *v, uint32_t contract, uint64_t click)
{
    struct span seen[SEENS];
    enum err err = see_kind(v, contract, click, ENTRY_CLICK, seen);
    if (err == ERR_OK && seen[SEEN_SUB1].len > 0)
        take(t, TOLD_SUB1, seen[SEEN_SUB1]);
    return err;
}

enum err line_tell_lead(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index)
{
    struct span seen[SEENS];
    int64_t click;
    enum err err = see_kind(v, contract, index, ENTRY_LEAD, seen);
    if (err != ERR_OK)
        return err;
    take(t, TOLD_TXID, seen[SEEN_TXID]);
    take(t, TOLD_PLACEMENT, seen[SEEN_PLACEMENT]);
    take(t, TOLD_SUB1, seen[SEEN_SUB1]);
    bool clicked = read_number(seen[SEEN_CLICK], &click) && seen[SEEN_CLICK_UNRECORDED].len == 0;
    err = clock_of(seen, &t->lead_at_ms);
    return err == ERR_OK && clicked ? sub_of_click(t, v, contract, (uint64_t)click) : err;
}

/* ---- lines ---- */

void line_time(struct jw *w, const char *key, int64_t ms)
{
    char mem[40];
    struct buf text;
    if (ms == 0)
        return;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, ms);
    jw_kstr(w, key, buf_span(&text));
}

void line_value(struct jw *w, const char *key, const struct line_told *t, enum told which)
{
    if (t->value[which].len == 0)
        return;
    jw_key(w, key);
    jw_raw(w, buf_span(&t->value[which]));
}
