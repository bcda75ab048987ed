/* What went out to webhooks and CRMs, each attempt of it, and sending it again. */
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/activity.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"

enum { ATTEMPTS_SHOWN = 5, STATE = 0, PARTY, AFTER, PARAMS };

static enum err deliveries_read(struct request *rq, struct reply *reply);

static const struct act resend = {"resend", deliveries_resend, {"id"}, .again = deliveries_read};

static const struct state {
    const char *name, *class;
    enum word word;
} states[] = {{"pending", "pending", WORD_OUT_PENDING},
              {"delivered", "approved", WORD_OUT_DELIVERED},
              {"failed", "rejected", WORD_OUT_FAILED},
              {"dropped", "off", WORD_OUT_DROPPED}};
enum { STATES = sizeof states / sizeof *states };

static const struct state *state_of(struct span name)
{
    for (size_t i = 0; i < STATES; i++)
        if (span_is(name, states[i].name))
            return &states[i];
    return &states[0];
}

static void write_attempts(struct screen *s, const json_t *delivery)
{
    const json_t *all = json_object_get(delivery, "attempts");
    size_t n = json_array_size(all);
    for (size_t i = n; i-- > 0 && n - i <= ATTEMPTS_SHOWN;) {
        const json_t *one = json_array_get(all, i);
        page_put(&s->g, "{}{}: ", P_HTML(i + 1 < n ? "<br>" : ""), P_TIME(ask_time(one, "at")));
        if (ask_int(one, "status") != 0)
            page_put(&s->g, "{} ", P_INDEX(ask_int(one, "status")));
        page_put(&s->g, "<code>{}</code> <span class=\"s\">{} ms</span>", P_TEXT(ask_text(one, "error")),
                 P_COUNT(ask_int(one, "ms")));
    }
}

static void write_delivery(struct screen *s, const json_t *one)
{
    const struct state *state = state_of(ask_text(one, "state"));
    int64_t next_ms = ask_time(one, "next_at");
    struct act_form f;
    struct page *g = &s->g;
    page_put(g,
             "<tr><td class=\"nb\" data-l=\"{}\">{}</td><th scope=\"row\"><code>{}</code><span "
             "class=\"why id\">{}</span></th><td class=\"hd\"><span class=\"st {}\">{}</span>",
             P_WORD(WORD_ACT_TIME), P_TIME(ask_time(one, "at")), P_TEXT(ask_text(one, "event")),
             P_TEXT(ask_text(one, "target")), P_HTML(state->class), P_WORD(state->word));
    if (next_ms != 0)
        page_put(g, "<span class=\"why\">{}</span>", P_SAY(WORD_OUT_NEXT, P_TIME(next_ms)));
    page_put(g, "</td><td data-l=\"{}\"><span>", P_WORD(WORD_OUT_ATTEMPTS));
    write_attempts(s, one);
    page_html(g, "</span></td><td class=\"n\">");
    if (span_is(ask_text(one, "party"), s->rq->caller->id)) {
        act_open(&f, s, &resend, ask_text(one, "id"), "");
        act_close(&f, WORD_OUT_AGAIN, "sm");
    }
    page_html(g, "</td></tr>\n");
}

static void write_filters(struct screen *s, const struct param *p)
{
    page_put(&s->g,
             "<form class=\"filters\" action=\"/deliveries\"><label>{}<select name=\"state\"><option "
             "value=\"\">{}</option>\n",
             P_WORD(WORD_FILTER_STATE), P_WORD(WORD_FILTER_ALL));
    for (size_t i = 0; i < STATES; i++)
        page_put(&s->g, "<option value=\"{}\"{}>{}</option>\n", P_HTML(states[i].name),
                 P_HTML(span_is(p[STATE].value, states[i].name) ? " selected" : ""), P_WORD(states[i].word));
    page_put(&s->g, "</select></label><button class=\"b\">{}</button></form>\n", P_WORD(WORD_FILTER_SHOW));
}

static void write_list(struct screen *s, const json_t *answer)
{
    const json_t *one;
    size_t i;
    page_put(&s->g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\"><span "
             "class=\"vh\">{}</span></th></tr></thead><tbody>\n",
             P_WORD(WORD_ACT_TIME), P_WORD(WORD_OUT_EVENT), P_WORD(WORD_FILTER_STATE), P_WORD(WORD_OUT_ATTEMPTS),
             P_WORD(WORD_OUT_AGAIN));
    json_array_foreach(json_object_get(answer, "data"), i, one) write_delivery(s, one);
    page_html(&s->g, "</tbody></table>\n");
}

static enum err deliveries_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct param p[PARAMS] = {{.name = "state"}, {.name = "party"}, {.name = "after"}};
    json_t *answer = NULL;
    enum err err = rows_listed(&s, rq, deliveries_list, p, PARAMS, &answer);
    if (err != ERR_OK)
        return err;
    screen_open(&s, WORD_ACT_TITLE, NULL, NULL);
    activity_tabs(&s, "/deliveries");
    write_filters(&s, p);
    page_html(&s.g, "<section class=\"card\">\n");
    if (json_array_size(json_object_get(answer, "data")) == 0)
        page_put(&s.g, "<div class=\"empty\"><h2>{}</h2><p>{} <a href=\"/settings#webhook\">{}</a></p></div>\n",
                 P_WORD(WORD_OUT_NONE), P_WORD(WORD_OUT_NONE_WHAT), P_WORD(WORD_SETTINGS));
    else
        write_list(&s, answer);
    if (json_object_get(answer, "next") != NULL)
        page_put(
            &s.g,
            "<p class=\"line\"><a class=\"b\" href=\"/deliveries?state={}&amp;party={}&amp;after={}\">{}</a></p>\n",
            P_QUERY(p[STATE].value), P_QUERY(p[PARTY].value), P_QUERY(ask_text(answer, "next")), P_WORD(WORD_OLDER));
    page_html(&s.g, "</section>\n");
    json_decref(answer);
    return screen_reply(&s, reply, act_status(rq));
}

enum err deliveries_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, deliveries_read);
}

enum err deliveries_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &resend, 1);
}
