/* The versions of the terms, in words for those who settle by them. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/when.h"
#include "common/decisions/terms_diff.h"
#include "common/settlement/verify_parts.h"

enum { SENTENCE = 1500 }; /* bytes after which further differences are only counted */

struct telling {
    struct buf *text;
    uint64_t told, more;
};

static void tell_difference(void *ctx, const struct difference *d)
{
    struct telling *t = ctx;
    if (t->text->len > SENTENCE) {
        t->more++;
        return;
    }
    buf_str(t->text, t->told++ ? "; " : ": ");
    difference_text(d, t->text);
}

void verify_version(struct audit *a, uint64_t index, const struct entry *e, const struct terms *before,
                    const struct terms *now)
{
    struct buf *text = &a->version[a->n_versions++ % VERSIONS_TOLD];
    struct telling t = {.text = text};
    buf_clear(text);
    buf_printf(text, "version %" PRId64 ", entry %" PRIu64 " of ", e->terms.version, index);
    time_rfc3339(text, e->at_ms);
    buf_str(text, e->terms.effective_ms ? ", binds from " : ", binds from then on");
    if (e->terms.effective_ms)
        time_rfc3339(text, e->terms.effective_ms);
    if (before != NULL)
        terms_differences(before, now, tell_difference, &t);
    if (t.more)
        buf_printf(text, "; and %" PRIu64 " more", t.more);
}

void verify_versions_tell(const struct audit *a, enum verdict v, verify_report *report, void *ctx)
{
    uint64_t first = a->n_versions > VERSIONS_TOLD ? a->n_versions - VERSIONS_TOLD : 0;
    char line[64];
    if (first > 0) {
        snprintf(line, sizeof line, "the first %" PRIu64 " versions are not shown", first);
        report(ctx, "terms", v, line);
    }
    for (uint64_t i = first; i < a->n_versions; i++) {
        struct buf text;
        buf_heap(&text);
        buf_span_add(&text, buf_span(&a->version[i % VERSIONS_TOLD]));
        buf_byte(&text, '\0');
        report(ctx, "terms", v, text.ptr);
        buf_free(&text);
    }
}
