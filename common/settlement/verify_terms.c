/* The versions of the terms, in words for those who settle by them. */
#include <inttypes.h>

#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/decisions/terms_diff.h"
#include "common/settlement/verify_parts.h"

struct telling {
    struct buf *text;
    struct jw *w;
    uint64_t told, more;
};

static void tell_difference(void *ctx, const struct difference *d)
{
    struct telling *t = ctx;
    struct buf line;
    buf_heap(&line);
    difference_text(d, &line);
    if (t->text->len + line.len > TOLD_WORDS) {
        t->more++;
    } else {
        jw_str(t->w, buf_span(&line));
        buf_str(t->text, t->told++ ? "; " : ": ");
        buf_span_add(t->text, buf_span(&line));
    }
    buf_free(&line);
}

void verify_version(struct audit *a, uint64_t index, const struct entry *e, const struct terms *before,
                    const struct terms *now)
{
    struct buf *text = tale_add(&a->tale, TOPIC_TERMS);
    struct jw *w = &a->tale.w;
    struct telling t = {.text = text, .w = w};
    buf_printf(text, "version %" PRId64 ", entry %" PRIu64 " of ", e->terms.version, index);
    time_rfc3339(text, e->at_ms);
    buf_str(text, e->terms.effective_ms ? ", binds from " : ", binds from then on");
    if (e->terms.effective_ms)
        time_rfc3339(text, e->terms.effective_ms);
    key_time(w, "at", e->at_ms);
    key_time(w, "binds_at", e->terms.effective_ms ? e->terms.effective_ms : e->at_ms);
    jw_key(w, "differences");
    jw_array(w);
    if (before != NULL)
        terms_differences(before, now, tell_difference, &t);
    jw_array_end(w);
    if (t.more)
        buf_printf(text, "; and %" PRIu64 " more", t.more);
    jw_kint(w, "entry", (int64_t)index);
    if (t.more)
        jw_kint(w, "more", (int64_t)t.more);
    struct buf pays, shown;
    buf_heap(&pays);
    buf_heap(&shown);
    terms_words(now, before == NULL, &pays);
    utf8_show(&shown, buf_span(&pays), TOLD_WORDS);
    buf_str(text, ". It pays ");
    buf_span_add(text, buf_span(&shown));
    jw_kstr(w, "pays", buf_span(&shown));
    jw_kint(w, "rules", e->terms.rules);
    jw_kint(w, "version", e->terms.version);
    buf_free(&pays);
    buf_free(&shown);
    tale_end(&a->tale);
}
