/* What the operator looks at when something is wrong, or before it is: what the server says of itself, who is refused,
 * which settings are in force, and when its folder was copied and checked. */
#include "server/api/api.h"
#include "server/pages/copies.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"
#include "server/store/store.h"

enum { REFUSALS = 1000, SENDERS = 20, MIB_BITS = 20, GIB_BITS = 30, MIB_MOST = 9999 };

struct sender_count {
    struct span kid;
    int64_t n;
    struct span reason; /* of the newest */
};

struct system_page {
    struct request *rq;
    struct screen s;
    json_t *refused; /* a list, the newest first */
    json_t *upkeep;
    struct sender_count sender[SENDERS];
    size_t n;
};

/* ---- who is refused ---- */

static void count_sender(struct system_page *p, const json_t *one)
{
    const struct span kid = ask_text(one, "kid");
    size_t i = 0;
    while (i < p->n && !span_eq(p->sender[i].kid, kid))
        i++;
    if (i == SENDERS)
        return;
    if (i == p->n)
        p->sender[p->n++] = (struct sender_count){.kid = kid, .reason = ask_text(one, "reason")};
    p->sender[i].n++;
}

static enum err gather(struct system_page *p)
{
    const json_t *one;
    size_t i;
    enum err err = ask_all(p->rq, refused_list, SPAN(""), "", REFUSALS, &p->refused);
    json_array_foreach(p->refused, i, one) if (ask_time(one, "at") > p->rq->arrived_ms - 86400000) count_sender(p, one);
    return err == ERR_OK ? ask(p->rq, upkeep_get, SPAN(""), SPAN(""), &p->upkeep) : err;
}

static void write_senders(struct system_page *p)
{
    struct page *g = &p->s.g;
    page_put(g, "<section class=\"card\">\n<div class=\"ch\"><h2>{}</h2><a href=\"/refused\">{}</a></div>\n",
             P_WORD(WORD_OP_REFUSED), P_WORD(WORD_FILTER_ALL));
    if (p->n == 0)
        page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_ACT_NO_REFUSAL));
    page_html(g, "<table class=\"fit\"><tbody>\n");
    for (size_t i = 0; i < p->n; i++) {
        const struct secret *secret = catalog_secret(p->rq->catalog, p->sender[i].kid);
        page_html(g, "<tr><th scope=\"row\">");
        if (secret != NULL)
            page_put(g, "<a href=\"/parties/{}\">{}</a>", P_QUERY(span_str(secret->party->id)),
                     P_NAME(secret->party->name));
        else
            page_put(g, "{}", P_WORD(WORD_ACT_NOBODY));
        page_html(g, "<span class=\"why\">");
        refusal_detail(g, p->sender[i].reason);
        page_put(g, "</span></th><td class=\"n\">{}</td></tr>\n", P_COUNT(p->sender[i].n));
    }
    page_html(g, "</tbody></table>\n</section>\n");
}

/* ---- what the server says of itself ---- */

static void write_figure(struct page *g, enum word name, struct part value)
{
    page_put(g, "<div><dt>{}</dt><dd>{}</dd></div>\n", P_WORD(name), value);
}

static void write_bytes(struct page *g, uint64_t bytes)
{
    bool much = bytes >> MIB_BITS > MIB_MOST;
    page_put(g, "{} {}", P_COUNT((int64_t)(bytes >> (much ? GIB_BITS : MIB_BITS))), P_HTML(much ? "GiB" : "MiB"));
}

void system_room(struct screen *s, bool linked)
{
    struct page *g = &s->g;
    struct store_room room;
    page_put(g, "<div><dt>{}</dt><dd>{}", P_WORD(WORD_SYS_ROOM), P_HTML(linked ? "<a href=\"/system\">" : ""));
    if (store_room(s->rq->worker->server->instance.store, &room) == ERR_OK)
        write_bytes(g, room.disk < room.map ? room.disk : room.map);
    else
        page_put(g, "{}", P_WORD(WORD_SYS_UNSURE));
    page_html(g, linked ? "</a></dd></div>\n" : "</dd></div>\n");
}

static void write_figures(struct system_page *p)
{
    const struct server *sv = p->rq->worker->server;
    const char *why = source_unready(sv->source);
    struct page *g = &p->s.g;
    page_put(g, "<dl class=\"kpis\" aria-label=\"{}\">\n", P_WORD(WORD_SYSTEM));
    write_figure(g, WORD_OP_READY, P_WORD(why == NULL ? WORD_YES : WORD_NO));
    write_figure(g, WORD_SYS_CLOCK, P_WORD(source_clock_sure(sv->source) ? WORD_YES : WORD_NO));
    page_put(g, "<div><dt>{}</dt><dd>", P_WORD(WORD_SYS_STORE));
    write_bytes(g, store_bytes_used(sv->instance.store));
    page_html(g, "</dd></div>\n");
    system_room(&p->s, false);
    page_html(g, "</dl>\n");
}

/* What stands in front of the mark, which may be all; *rest behind it. */
static struct span part_before(struct span *rest, const char *mark)
{
    const size_t n = strlen(mark);
    const char *at = memmem(rest->ptr, rest->len, mark, n);
    const struct span part = at != NULL ? span_of(rest->ptr, (size_t)(at - rest->ptr)) : *rest;
    *rest = span_skip(*rest, at != NULL ? part.len + n : rest->len);
    return part;
}

/* As /readyz says it, all that is to be mended: "ready as owner; but this; but that", "not ready as owner: this". */
static void write_ready(struct system_page *p)
{
    struct reply answer = {0};
    struct page *g = &p->s.g;
    if (readyz_get(p->rq, &answer) != ERR_OK || answer.body.len == 0)
        return;
    struct span rest = span_of(answer.body.ptr, answer.body.len - 1); /* its newline */
    part_before(&rest, answer.status == 200 ? "; but " : ": ");
    if (span_empty(rest))
        return;
    page_put(g, "<div class=\"note {}\" role=\"status\">", P_HTML(answer.status == 200 ? "wait" : "bad"));
    while (!span_empty(rest)) {
        refusal_detail(g, part_before(&rest, "; but "));
        page_html(g, span_empty(rest) ? "" : "<br>\n");
    }
    page_html(g, "</div>\n");
}

static void write_settings(struct system_page *p)
{
    const struct options *o = &p->rq->worker->settings->options;
    struct page *g = &p->s.g;
    page_put(g,
             "<section class=\"card\">\n<h2>{}</h2>\n<dl class=\"kv "
             "l\">\n<dt>{}</dt><dd>{}</dd>\n<dt>{}</dt><dd>{}</dd>\n</dl>\n<details><summary>{}</summary>\n<dl "
             "class=\"kv l\">\n",
             P_WORD(WORD_SYS_FORCE), P_WORD(WORD_SYS_VERSION), P_TEXT(SPAN(CS_VERSION)), P_WORD(WORD_SYS_URL),
             P_TEXT(span_str(p->rq->worker->server->instance.public_url)), P_WORD(WORD_SYS_ALL));
#define X(name, type, change, def, help)                                                                               \
    page_put(g, "<dt><code>{}</code></dt><dd class=\"id\">{}</dd>\n", P_HTML(#name), P_TEXT(span_str(o->name.text)));
    OPTION_TABLE(X)
#undef X
    page_html(g, "</dl></details>\n</section>\n");
}

enum err system_read(struct request *rq, struct reply *reply)
{
    struct system_page p = {.rq = rq};
    enum err err = screen_read(&p.s, rq, NULL, 0);
    if (err == ERR_OK && rq->caller->role != ROLE_OPERATOR)
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "this page is not for your role");
    if (err == ERR_OK)
        err = screen_zone(&p.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&p);
    if (err == ERR_OK) {
        screen_open(&p.s, WORD_SYSTEM, "/system", NULL);
        page_put(
            &p.s.g,
            "<div class=\"head\"><h1>{}</h1><p><a href=\"/audit\">{}</a> · <a href=\"/deliveries\">{}</a></p></div>\n",
            P_WORD(WORD_SYSTEM), P_WORD(WORD_AUDIT_LOG), P_WORD(WORD_ACT_TITLE));
        write_ready(&p);
        write_figures(&p);
        page_html(&p.s.g, "<div class=\"half\">\n");
        copies_write(&p.s, p.upkeep);
        write_senders(&p);
        page_html(&p.s.g, "</div>\n");
        write_settings(&p);
        err = screen_reply(&p.s, reply, act_status(rq));
    }
    json_decref(p.refused);
    json_decref(p.upkeep);
    return err;
}

enum err system_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, system_read);
}

enum err system_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, copies_acts, COPIES_ACTS);
}
