/* A visitor's click ids of one campaign, in a cookie of that campaign: a thank-you page's pixel brings them. */
#include "common/base/ascii.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "server/tracking/tracking_private.h"

#define NAME "cs_"

static bool looks_like_id(struct span s)
{
    return s.len == CLICK_ID_LEN && ascii_all_alnum_or(s, "-_");
}

/* The value of the campaign's cookie; empty when there is none. */
static struct span value_of(struct span header, const struct which *c)
{
    while (header.len) {
        struct span pair = text_trim(text_take(&header, ';'), " "), name;
        if (text_cut(&pair, '=', &name) && span_starts(name, NAME) && span_is(span_skip(name, sizeof NAME - 1), c->id))
            return pair;
    }
    return (struct span){"", 0};
}

size_t touches_brought(const struct request *rq, const struct which *c, struct span out[LIMIT_TOUCHES])
{
    struct span ids = rq->privacy ? SPAN("") : value_of(rq->cookie, c);
    size_t n = 0;
    while (ids.len && n < LIMIT_TOUCHES) { /* from the newest, at the end, to the oldest */
        const char *dot = memrchr(ids.ptr, '.', ids.len);
        size_t from = dot != NULL ? (size_t)(dot + 1 - ids.ptr) : 0;
        struct span one = span_skip(ids, from);
        if (looks_like_id(one))
            out[n++] = one;
        ids.len = dot != NULL ? from - 1 : 0;
    }
    return n;
}

/* Oldest first, joined by '.'. Over https it comes back from other sites' pages too, where browsers still allow that;
 * over http no browser takes such a cookie. */
void touches_keep(struct request *rq, struct reply *r, const struct contract *k, struct span id)
{
    struct span old[LIMIT_TOUCHES];
    struct buf b;
    const struct terms *terms = contract_terms(k, rq->arrived_ms);
    if (terms->pixel_leads == PIXEL_LEADS_OFF || rq->privacy)
        return;
    size_t n = touches_brought(rq, k->campaign, old);
    arena_buf(rq->arena, &b, LIMIT_TOUCHES * (CLICK_ID_LEN + 1) + 160);
    buf_str(&b, NAME);
    buf_str(&b, k->campaign->id);
    buf_byte(&b, '=');
    for (n = n < LIMIT_TOUCHES ? n : LIMIT_TOUCHES - 1; n-- > 0;) {
        buf_span_add(&b, old[n]);
        buf_byte(&b, '.');
    }
    buf_span_add(&b, id);
    buf_str(&b, "; Max-Age=");
    buf_i64(&b, terms->click_days * (MS_PER_DAY / MS_PER_S));
    buf_str(&b, "; Path=/; HttpOnly; SameSite=");
    buf_str(&b, rq->worker->server->instance.https ? "None; Secure" : "Lax");
    reply_header(r, "Set-Cookie", buf_span(&b));
}
