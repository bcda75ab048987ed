/* What was erased: by which entries, and that nobody is shown it any more. */
#include <inttypes.h>

#include "common/base/when.h"
#include "common/settlement/verify_parts.h"

void verify_shown(struct audit *a, uint64_t index, const struct opening *o)
{
    if (!o->shows)
        return;
    while (a->shown.len <= index / 8)
        buf_byte(&a->shown, 0);
    a->shown.ptr[index / 8] = (char)(a->shown.ptr[index / 8] | 1 << index % 8);
}

static bool is_shown(const struct audit *a, uint64_t index)
{
    return index / 8 < a->shown.len && (a->shown.ptr[index / 8] >> index % 8 & 1) != 0;
}

static void tell(struct audit *a, uint64_t index, const struct entry *e, uint64_t leads)
{
    const struct entry_erase *x = &e->erase;
    bool advertiser = span_is(x->by, a->advertiser);
    struct buf *text = tale_add(&a->tale, TOPIC_ERASED);
    struct jw *w = &a->tale.w;
    buf_printf(text, "by entry %" PRIu64 " of ", index);
    time_rfc3339(text, e->at_ms);
    buf_printf(text, " %s %.*s had what was sealed of %" PRIu64 " lead%s and %" PRIu64 " other entr%s destroyed",
               advertiser ? "the advertiser" : "operator", (int)x->by.len, x->by.ptr, leads, plural(leads),
               x->n - leads, x->n - leads == 1 ? "y" : "ies");
    key_time(w, "at", e->at_ms);
    jw_kstr(w, "by", x->by);
    jw_kint(w, "entry", (int64_t)index);
    jw_kint(w, "leads", (int64_t)leads);
    jw_kint(w, "others", (int64_t)(x->n - leads));
    jw_kstr(w, "what", SPAN("entry"));
    tale_end(&a->tale);
}

void verify_erase(struct audit *a, uint64_t index, const struct entry *e)
{
    struct problem why = {0};
    uint64_t leads = 0;
    enum err err = fold_erase(&a->fold, index, &e->erase, &leads, &why);
    if (audit_untold(a, CHECK_ENTRIES, index, err))
        return;
    if (err != ERR_OK) {
        finds_failure(&a->finding[CHECK_ENTRIES], "entry %" PRIu64 " erases what it cannot: its %.40s %.120s", index,
                      why.field, why.detail);
        return;
    }
    a->erased_leads += leads;
    for (size_t i = 0; i < e->erase.n; i++)
        if (is_shown(a, e->erase.entries[i]))
            finds_failure(&a->finding[CHECK_OPENINGS],
                          "the line for entry %" PRIu64 " shows what entry %" PRIu64 " says is destroyed",
                          e->erase.entries[i], index);
    tell(a, index, e, leads);
}

void verify_erase_tell(struct audit *a)
{
    uint64_t closed = a->kinds[ENTRY_LEAD] - a->contacts_open;
    uint64_t untold = closed > a->erased_leads ? closed - a->erased_leads : 0;
    if (a->contacts_open == 0 || closed == 0)
        return;
    struct buf *text = tale_add(&a->tale, TOPIC_ERASED);
    struct jw *w = &a->tale.w;
    buf_printf(text,
               "of %" PRIu64 " lead%s the contact fields are open, of %" PRIu64 " they are not: %" PRIu64
               " an entry erased; of %" PRIu64
               " none says why (not this reader's to see, past the operator's retention time, or lost)",
               a->contacts_open, plural(a->contacts_open), closed, a->erased_leads, untold);
    jw_kint(w, "erased", (int64_t)a->erased_leads);
    jw_kint(w, "leads", (int64_t)closed);
    jw_kint(w, "untold", (int64_t)untold);
    jw_kstr(w, "what", SPAN("all"));
    tale_end(&a->tale);
}
