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

static bool take(struct line_told *t, enum told which, struct span entry, const char *member)
{
    struct span value;
    buf_clear(&t->value[which]);
    bool there = json_peek(entry, member, &value);
    buf_span_add(&t->value[which], value);
    return there;
}

/* A whole number as we write it; false: there is none. */
static bool peek_number(struct span entry, const char *member, int64_t *out)
{
    struct span digits;
    int64_t v = 0;
    if (!json_peek(entry, member, &digits) || digits.len == 0 || digits.len > 16)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        v = 10 * v + (digits.ptr[i] - '0');
    }
    *out = v;
    return true;
}

static MUST_CHECK enum err clock_of(struct span entry, int64_t *out)
{
    int64_t ms;
    if (!peek_number(entry, "clock_ms", &ms) && !peek_number(entry, "at", &ms))
        return ERR_CORRUPT;
    if (ms >= TIME_END_MS)
        return ERR_CORRUPT;
    *out = ms;
    return ERR_OK;
}

static MUST_CHECK enum err entry_at(const struct view *v, uint32_t contract, uint64_t index, struct span *out)
{
    enum err err = v->entry(v->ctx, contract, index, out);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static MUST_CHECK enum err entry_of(const struct view *v, uint32_t contract, uint64_t index, enum entry_kind kind,
                                    struct span *out)
{
    struct span word;
    enum err err = entry_at(v, contract, index, out);
    if (err != ERR_OK)
        return err;
    bool is = json_peek(*out, "kind", &word) && word.len > 2 &&
              span_is(span_of(word.ptr + 1, word.len - 2), entry_kind_word(kind));
    return is ? ERR_OK : ERR_CORRUPT;
}

enum err line_tell_decision(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index,
                            enum entry_kind kind)
{
    struct span entry;
    bool adjusts = kind == ENTRY_ADJUSTMENT;
    enum err err = entry_of(v, contract, index, kind, &entry);
    if (err != ERR_OK)
        return err;
    take(t, TOLD_BY, entry, adjusts ? "by" : "party");
    if (span_is(buf_span(&t->value[TOLD_BY]), "\"\""))
        buf_clear(&t->value[TOLD_BY]);
    take(t, TOLD_TEXT, entry, adjusts ? "reason" : "text");
    take(t, TOLD_TRUST, entry, "trust");
    return clock_of(entry, &t->at_ms);
}

enum err line_tell_time(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index)
{
    struct span entry;
    enum err err = entry_at(v, contract, index, &entry);
    return err == ERR_OK ? clock_of(entry, &t->at_ms) : err;
}

/* Of its click, if that has one. */
static MUST_CHECK enum err sub_of_click(struct line_told *t, const struct view *v, uint32_t contract, uint64_t click)
{
    struct span entry, value;
    enum err err = entry_of(v, contract, click, ENTRY_CLICK, &entry);
    if (err == ERR_OK && json_peek(entry, "sub1", &value)) {
        buf_clear(&t->value[TOLD_SUB1]);
        buf_span_add(&t->value[TOLD_SUB1], value);
    }
    return err;
}

enum err line_tell_lead(struct line_told *t, const struct view *v, uint32_t contract, uint64_t index)
{
    struct span entry, unrecorded;
    int64_t click;
    enum err err = entry_of(v, contract, index, ENTRY_LEAD, &entry);
    if (err != ERR_OK)
        return err;
    take(t, TOLD_TXID, entry, "txid");
    take(t, TOLD_PLACEMENT, entry, "placement");
    take(t, TOLD_SUB1, entry, "sub1");
    bool clicked = peek_number(entry, "click", &click) && !json_peek(entry, "click_unrecorded", &unrecorded);
    err = clock_of(entry, &t->lead_at_ms);
    return err == ERR_OK && clicked ? sub_of_click(t, v, contract, (uint64_t)click) : err;
}

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
