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

void verify_assent(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_assent *s = &e->assent;
    const struct version *v = a->fold.versions.v;
    while (v->number != s->version)
        v++; /* it was taken: it is there */
    bool publisher = span_is(s->party, a->publisher);
    struct buf *text = tale_add(&a->tale, TOPIC_ASSENT);
    struct jw *w = &a->tale.w;
    a->assents.ptr[s->version - 1] |= publisher ? SIDE_PUBLISHER : SIDE_ADVERTISER;
    buf_printf(text, "to version %" PRId64 " of the terms by the own key of %s %.*s, entry %" PRIu64 " of ", s->version,
               publisher ? "publisher" : "advertiser", (int)s->party.len, s->party.ptr, index);
    time_rfc3339(text, e->at_ms);
    key_time(w, "at", e->at_ms);
    if (v->on_assent && v->from_ms == VERSION_LACKS) {
        buf_str(text, "; the other party's is awaited");
    } else if (v->on_assent) {
        buf_str(text, "; it binds from ");
        time_rfc3339(text, v->from_ms);
        version_notice_tell(text, v->from_ms - v->at_ms);
        key_time(w, "binds_at", v->from_ms);
    } else {
        buf_str(text, "; it binds without");
    }
    jw_kint(w, "entry", (int64_t)index);
    jw_kstr(w, "party", s->party);
    jw_kint(w, "version", s->version);
    tale_end(&a->tale);
}

void verify_withdrawal(struct audit *a, uint64_t index, const struct entry *e, bool gone)
{
    const struct entry_withdrawal *s = &e->withdrawal;
    bool own = !span_empty(s->jws), publisher = span_is(s->by, a->publisher),
         advertiser = span_is(s->by, a->advertiser);
    a->withdrawn_unsigned += !own;
    struct buf *text = tale_add(&a->tale, TOPIC_WITHDRAWAL);
    struct jw *w = &a->tale.w;
    buf_printf(text, "of version %" PRId64 " of the terms by %s %s %.*s, entry %" PRIu64 " of ", s->version,
               own ? "the own key of" : "the word of",
               publisher    ? "publisher"
               : advertiser ? "advertiser"
                            : "operator",
               (int)s->by.len, s->by.ptr, index);
    time_rfc3339(text, e->at_ms);
    buf_str(text, gone ? "; it never binds" : "; the other party's is awaited, until when it stands");
    key_time(w, "at", e->at_ms);
    jw_kstr(w, "by", s->by);
    jw_kint(w, "entry", (int64_t)index);
    jw_kbool(w, "signed", own);
    jw_kint(w, "version", s->version);
    jw_kbool(w, "withdrawn", gone);
    tale_end(&a->tale);
}

/* The versions in front of it that lacked an assent, and bind nobody from here on. */
static void tell_given_up(struct buf *text, struct jw *w, const struct versions *gone)
{
    jw_key(w, "gives_up");
    jw_array(w);
    for (size_t i = 0; i < gone->n; i++) {
        if (gone->v[i].from_ms != VERSION_LACKS)
            continue;
        jw_int(w, gone->v[i].number);
        buf_printf(text,
                   "; version %" PRId64 ", to which both parties had not assented, is given up by it and never binds",
                   gone->v[i].number);
    }
    jw_array_end(w);
}

void verify_version(struct audit *a, uint64_t index, const struct entry *e, const struct terms *before,
                    const struct terms *now, const struct versions *gone)
{
    struct buf *text = tale_add(&a->tale, TOPIC_TERMS);
    struct jw *w = &a->tale.w;
    struct telling t = {.text = text, .w = w};
    int64_t binds_ms = e->terms.effective_ms ? e->terms.effective_ms : e->at_ms;
    version_when_tell(text, index, e);
    buf_add(&a->assents, "", 1);
    jw_kbool(w, "asks_assent", e->terms.on_assent);
    key_time(w, "at", e->at_ms);
    if (!e->terms.on_assent)
        key_time(w, "binds_at", binds_ms);
    jw_key(w, "differences");
    jw_array(w);
    if (before != NULL)
        terms_differences(before, now, tell_difference, &t);
    jw_array_end(w);
    if (t.more)
        buf_printf(text, "; and %" PRIu64 " more", t.more);
    jw_kint(w, "entry", (int64_t)index);
    tell_given_up(text, w, gone);
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
