#include "server/pages/screen.h"

#include <assert.h>

#include "common/base/query.h"
#include "server/pages/pages.h"

enum { SCREEN_PARAMS = 24 };

static const char policy[] = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src "
                             "'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/* ---- what is asked ---- */

/* The languages of the table alone, zh too, as people write it: another word changes nothing. */
static bool language_named(struct span word, enum language *out)
{
    for (enum language l = 0; l < LANGUAGES; l++)
        if (span_is(word, language_word(l)) || (word.len == 2 && memcmp(word.ptr, language_word(l), 2) == 0)) {
            *out = l;
            return true;
        }
    return false;
}

static enum language language_of(const struct screen *s)
{
    enum language l;
    if (language_named(s->lang.value, &l) || language_named(session_cookie(s->rq, "lang"), &l))
        return l;
    return language_accepted(s->rq->accept_language);
}

static int64_t offset_of(void *of_page, int64_t ms)
{
    struct screen *s = of_page;
    int64_t offset_s = 0;
    enum err err = zones_offset(s->zones, s->frame.zone, ms, &offset_s);
    if (err != ERR_OK && s->zone_err == ERR_OK)
        s->zone_err = err;
    return err == ERR_OK ? offset_s : 0;
}

static void keep_query(struct screen *s, const struct param *p, size_t n)
{
    struct buf query;
    arena_buf(s->rq->arena, &query, 3 * s->rq->query.len + 16 * SCREEN_PARAMS);
    for (size_t i = 0; i < n; i++) {
        if (!p[i].given || strcmp(p[i].name, "lang") == 0)
            continue;
        buf_str(&query, query.len > 0 ? "&" : "");
        buf_str(&query, p[i].name);
        buf_byte(&query, '=');
        query_encode(&query, p[i].value);
    }
    s->frame.query = buf_span(&query);
}

static enum seat seat_of(const struct party *p)
{
    return p == NULL                    ? SEAT_NOBODY
           : p->role == ROLE_OPERATOR   ? SEAT_OPERATOR
           : p->role == ROLE_ADVERTISER ? SEAT_ADVERTISER
           : p->role == ROLE_PUBLISHER  ? SEAT_PUBLISHER
                                        : SEAT_AUDITOR;
}

enum err screen_read(struct screen *s, struct request *rq, struct param *more, size_t n)
{
    struct param all[SCREEN_PARAMS] = {{.name = "lang"}, {.name = "tz"}};
    assert(n + 2 <= SCREEN_PARAMS);
    *s = (struct screen){.rq = rq, .zones = rq->worker->zones};
    for (size_t i = 0; i < n; i++)
        all[2 + i] = more[i];
    enum err err = params_read(rq, all, n + 2);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < n; i++)
        more[i] = all[2 + i];
    s->lang = all[0];
    s->tz = all[1];
    keep_query(s, all, n + 2);
    s->g = (struct page){.out = &s->out, .language = language_of(s)};
    s->frame.seat = seat_of(rq->caller);
    s->frame.name = rq->caller != NULL ? rq->caller->name : SPAN("");
    s->frame.path = rq->path;
    if (rq->session != NULL) {
        session_form_token(rq->session, s->form_token);
        s->frame.form_token = span_of(s->form_token, FORM_TOKEN_LEN);
    }
    return ERR_OK;
}

enum err screen_zone(struct screen *s, struct span zone)
{
    const struct span kept = session_cookie(s->rq, "tz");
    int64_t offset_s;
    bool chosen =
        !span_empty(kept) && zones_offset(s->zones, kept, s->rq->arrived_ms, &offset_s) == ERR_OK; /* it may be old */
    s->frame.zone = s->tz.given ? s->tz.value : chosen ? kept : zone;
    s->g.offset = offset_of;
    s->g.of_page = s;
    enum err err = zones_offset(s->zones, s->frame.zone, s->rq->arrived_ms, &offset_s);
    if (err == ERR_NOT_FOUND && s->tz.given)
        return problem(&s->rq->problem, ERR_MALFORMED, "tz", "must be an IANA time zone, such as Europe/Paris");
    return err == ERR_NOT_FOUND ? ERR_IO : err;
}

struct span screen_first_zone(const struct request *rq)
{
    const struct contract_list all = catalog_reads(rq->catalog, rq->caller);
    return all.n > 0 ? contract_terms(catalog_listed(rq->catalog, &all, 0), rq->arrived_ms)->timezone : SPAN("UTC");
}

/* ---- the answer ---- */

void screen_open(struct screen *s, enum word title, const char *here, const char *main_class)
{
    buf_heap(&s->out);
    s->frame.style = style_address;
    s->frame.script = script_address;
    s->frame.title = title;
    s->frame.here = here;
    s->frame.main_class = main_class;
    frame_open(&s->g, &s->frame);
}

static void keep_language(struct screen *s, struct reply *reply)
{
    struct buf b;
    enum language chosen;
    if (!language_named(s->lang.value, &chosen))
        return;
    arena_buf(s->rq->arena, &b, 80);
    buf_str(&b, "lang=");
    buf_str(&b, language_word(chosen));
    buf_str(&b, "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    reply_header(reply, "Set-Cookie", buf_span(&b));
}

void screen_headers(struct screen *s, struct reply *reply)
{
    reply_header(reply, "Content-Language", span_str(language_word(s->g.language)));
    reply_header(reply, "Content-Security-Policy", span_of(policy, sizeof policy - 1));
    reply_header(reply, "Referrer-Policy", s->secret ? SPAN("no-referrer") : SPAN("same-origin"));
    keep_language(s, reply);
}

enum err screen_reply(struct screen *s, struct reply *reply, int status)
{
    frame_close(&s->g, &s->frame);
    if (s->zone_err != ERR_OK) {
        buf_free(&s->out);
        return worker_fails(s->rq, ERR_IO, "the time zone of a page does not read any more");
    }
    reply_body_take(reply, "text/html; charset=utf-8", &s->out);
    reply->status = status;
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    screen_headers(s, reply);
    return ERR_OK;
}

enum err screen_go(struct request *rq, struct reply *reply, struct span to)
{
    (void)rq;
    reply->status = 303;
    reply_header(reply, "Location", to);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    return ERR_OK;
}

enum err screen_enter(struct request *rq, struct reply *reply,
                      enum err (*read)(struct request *rq, struct reply *reply))
{
    struct buf to;
    if (rq->caller != NULL) {
        rq->read = read;
        return ERR_PENDING;
    }
    arena_buf(rq->arena, &to, 3 * rq->target.len + 16);
    buf_str(&to, "/sign-in?to=");
    query_encode(&to, rq->target);
    return screen_go(rq, reply, buf_span(&to));
}
