/* One lead: what the ledger says of it, in the order of time. */
#include "common/base/query.h"
#include "common/decisions/reason.h"
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/pages.h"
#include "server/pages/rows.h"
#include "server/settlement/settlement.h"

struct lead_page {
    struct request *rq;
    struct screen s;
    const struct contract *k;
    json_t *lead, *statement; /* statement: NULL, it is on none */
};

/* Whether what changed it last, or, unchanged, its own entry is of that statement. */
static bool is_on(const struct lead_page *l, const json_t *statement)
{
    const bool changed = json_object_get(l->lead, "updated_index") != NULL;
    int64_t index = ask_int(l->lead, changed ? "updated_index" : "index");
    return index >= ask_int(statement, "from") && index < ask_int(statement, "to");
}

/* All of the contract, a page after the other: none is left out. */
static enum err find_statement(struct lead_page *l)
{
    struct span after = SPAN("");
    do {
        json_t *answer = NULL, *one;
        struct buf query;
        size_t i;
        arena_buf(l->rq->arena, &query, 96 + after.len);
        buf_printf(&query, "limit=%d&contract=%s", LIMIT_LIST, l->k->id);
        buf_str(&query, span_empty(after) ? "" : "&after=");
        buf_span_add(&query, after);
        enum err err = ask(l->rq, statements_list, SPAN(""), buf_span(&query), &answer);
        if (err != ERR_OK)
            return err;
        json_array_foreach(json_object_get(answer, "data"), i, one) if (l->statement == NULL && is_on(l, one))
            l->statement = json_incref(one);
        after = arena_copy(l->rq->arena, ask_text(answer, "next"));
        json_decref(answer);
    } while (!span_empty(after) && l->statement == NULL);
    return ERR_OK;
}

static enum err gather(struct lead_page *l)
{
    enum err err = ask(l->rq, leads_get, l->rq->param[0], SPAN(""), &l->lead);
    if (err != ERR_OK)
        return err;
    l->k = catalog_contract(l->rq->catalog, ask_text(l->lead, "contract"));
    return l->k != NULL ? find_statement(l) : ERR_INTERNAL;
}

/* ---- deciding it ---- */

static enum err lead_read(struct request *rq, struct reply *reply);

static const struct act_field decide_fields[] = {
    {"reason", "reason", ACT_TEXT},
    {"status", "status", ACT_TEXT},
    {NULL},
};
static const struct act decide = {.name = "decide",
                                  .call = leads_dispose,
                                  .in = {ACT_PATH},
                                  .fields = decide_fields,
                                  .again = lead_read,
                                  .to = "/leads/{}"};

/* ---- the page ---- */

static struct span sender_name(const struct lead_page *l)
{
    const struct party *p = catalog_party(l->rq->catalog, ask_text(l->lead, "sender"));
    return p != NULL ? p->name : ask_text(l->lead, "sender");
}

static struct span label_of(const struct lead_page *l)
{
    int64_t placement = ask_int(json_object_get(l->lead, "entry"), "placement");
    return placement >= 1 && (uint64_t)placement <= l->k->n_codes ? l->k->codes[placement - 1]->label : SPAN("");
}

static void write_subs(struct lead_page *l)
{
    static const char *const names[] = {"sub1", "sub2", "sub3", "sub4", "sub5"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!span_empty(ask_text(l->lead, names[i])))
            page_put(&l->s.g, " <code>{}</code> {}", P_HTML(names[i]), P_NAME(ask_text(l->lead, names[i])));
}

static void write_click(struct lead_page *l)
{
    int64_t at_ms = ask_time(l->lead, "click_at");
    if (at_ms == 0)
        return;
    page_put(&l->s.g, "<li class=\"done\"><b>{}</b><br>{}", P_WORD(WORD_TL_CLICK),
             P_SAY(WORD_TL_CLICK_BY, P_NAME(label_of(l))));
    write_subs(l);
    page_put(&l->s.g, "<br><span class=\"at\">{}</span></li>\n", P_TIME(at_ms));
}

/* By its entry: what became of it since stands below. */
static void write_received(struct lead_page *l)
{
    struct page *g = &l->s.g;
    const json_t *entry = json_object_get(l->lead, "entry");
    const struct span status = ask_text(entry, "status"), reason = ask_text(entry, "reason");
    enum word why = sentence_of_reason(reason), word = word_of_status(status);
    page_put(g, "<li class=\"done\"><b>{}</b><br>{}", P_SAY(WORD_TL_LEAD, P_COUNT(ask_int(l->lead, "index"))),
             P_SAY(WORD_TL_SENT_BY, P_NAME(sender_name(l))));
    if (!span_empty(ask_text(l->lead, "txid")))
        page_put(g, " · {} {}", P_WORD(WORD_COL_TXID), P_NAME(ask_text(l->lead, "txid")));
    page_put(g, "<br><span class=\"at\">{}</span></li>\n<li class=\"done\">", P_TIME(ask_time(l->lead, "at")));
    if (word != WORDS)
        page_put(g, "<b>{}</b>", P_SAY(WORD_TL_DECIDED, P_COUNT(ask_int(l->lead, "terms_index")), P_WORD(word)));
    if (why != WORDS)
        page_put(g, "<span class=\"why\">{} <code>{}</code></span>", P_WORD(why), P_TEXT(reason));
    rows_score(&l->s, l->lead);
    page_html(g, "</li>\n");
}

static void write_changed(struct lead_page *l)
{
    const struct span note = ask_text(l->lead, "note");
    enum word word = word_of_status(ask_text(l->lead, "status"));
    int64_t at_ms = ask_time(l->lead, "updated_at");
    if (at_ms == 0 || word == WORDS)
        return;
    page_put(&l->s.g, "<li class=\"done\"><b>{}</b>",
             P_SAY(WORD_TL_CHANGED, P_WORD(word), P_COUNT(ask_int(l->lead, "updated_index"))));
    if (!span_empty(note))
        page_put(&l->s.g, "<span class=\"why\">{}</span>", P_SAY(WORD_QUOTED, P_NAME(note)));
    page_put(&l->s.g, "<span class=\"at\">{}</span></li>\n", P_TIME(at_ms));
}

static void write_statement(struct lead_page *l)
{
    const json_t *on = l->statement;
    if (on == NULL)
        page_put(&l->s.g, "<li class=\"next\">{}</li>\n", P_WORD(WORD_TL_NO_STATEMENT));
    else
        page_put(&l->s.g, "<li class=\"done\"><b>{}</b> <a href=\"/statements/{}\">{}</a></li>\n",
                 P_WORD(WORD_TL_STATEMENT), P_QUERY(ask_text(on, "id")),
                 P_SAY(WORD_NUMBER, P_INDEX(ask_int(on, "number"))));
}

static void write_button(struct lead_page *l, enum status to, enum word word, const char *class)
{
    page_put(&l->s.g, "<button class=\"b {}\" name=\"status\" value=\"{}\">{}</button>\n", P_HTML(class),
             P_TEXT(span_str(status_word(to))), P_WORD(word));
}

/* What may be said of it now, by whom it is decided. */
static void write_form(struct lead_page *l)
{
    struct act_form f;
    const struct span status = ask_text(l->lead, "status");
    bool waits = span_is(status, "pending") || span_is(status, "held"), stands = span_is(status, "approved");
    if ((l->s.frame.seat != SEAT_ADVERTISER && l->s.frame.seat != SEAT_OPERATOR) || (!waits && !stands))
        return;
    act_open(&f, &l->s, &decide, SPAN(""), "card");
    page_put(&l->s.g, "<h2>{}</h2>\n", P_WORD(WORD_DECIDE));
    act_input(&f, "reason", WORD_DECIDE_REASON, WORD_DECIDE_SAYS, SPAN(""), "");
    page_html(&l->s.g, "<div class=\"line\">\n");
    if (waits) {
        write_button(l, STATUS_APPROVED, WORD_APPROVE, "one");
        write_button(l, STATUS_REJECTED, WORD_REJECT, "no");
    } else {
        write_button(l, STATUS_RETURNED, WORD_GIVE_BACK, "no");
    }
    page_html(&l->s.g, "</div>\n</form>\n");
}

static void write_pairs(struct lead_page *l, const json_t *pairs)
{
    const char *name;
    json_t *value;
    page_html(&l->s.g, "<dl class=\"kv l\">\n");
    json_object_foreach((json_t *)pairs, name, value)
    {
        if (word_of_field(span_str(name)) != WORDS)
            page_put(&l->s.g, "<dt>{}</dt><dd>", P_WORD(word_of_field(span_str(name))));
        else
            page_put(&l->s.g, "<dt><bdi>{}</bdi></dt><dd>", P_TEXT(span_str(name)));
        if (json_is_string(value))
            page_put(&l->s.g, "{}", P_NAME(span_of(json_string_value(value), json_string_length(value))));
        else if (json_is_integer(value))
            page_put(&l->s.g, "{}", P_INDEX(json_integer_value(value)));
        page_html(&l->s.g, "</dd>\n");
    }
    page_html(&l->s.g, "</dl>\n");
}

static void write_person(struct lead_page *l)
{
    const json_t *contact = json_object_get(l->lead, "contact");
    page_put(&l->s.g, "<section class=\"card\">\n<h2>{}</h2>\n", P_WORD(WORD_LEAD_PERSON));
    if (contact != NULL)
        write_pairs(l, contact);
    else
        page_put(
            &l->s.g, "<p class=\"s\">{}</p>\n",
            P_WORD(json_object_get(l->lead, "contact_gone") != NULL ? WORD_LEAD_PERSON_GONE : WORD_LEAD_PERSON_CLOSED));
    page_html(&l->s.g, "</section>\n");
}

static void write_facts(struct lead_page *l)
{
    const json_t *facts = json_object_get(l->lead, "facts");
    page_put(&l->s.g, "<section class=\"card\">\n<h2>{}</h2>\n", P_WORD(WORD_LEAD_FACTS));
    if (json_object_size(facts) > 0)
        write_pairs(l, facts);
    page_put(&l->s.g,
             "<dl class=\"stack\"><div><dt class=\"s\">{}</dt><dd><code class=\"id\">{}</code></dd></div>"
             "<div><dt class=\"s\">{}</dt><dd><code class=\"id\">{}</code></dd></div></dl>\n</section>\n",
             P_WORD(WORD_COL_LEAD), P_TEXT(ask_text(l->lead, "lead")), P_WORD(WORD_LEAD_LEAF),
             P_TEXT(ask_text(l->lead, "leaf")));
}

static void write_page(struct lead_page *l)
{
    struct page *g = &l->s.g;
    int64_t micros = ask_int(l->lead, "payout_micros");
    screen_open(&l->s, WORD_LEAD_TITLE, "/leads", NULL);
    page_html(g, "<div class=\"head\"><div><h1>");
    rows_state(&l->s, l->lead);
    page_put(g, "</h1><p>{} · ", P_NAME(contract_terms(l->k, l->rq->arrived_ms)->name));
    rows_contract_line(&l->s, l->k);
    page_html(g, "</p></div></div>\n<div class=\"two\">\n<section class=\"card\">\n<ol class=\"tl\">\n");
    write_click(l);
    write_received(l);
    write_changed(l);
    write_statement(l);
    page_html(g, "</ol>\n</section>\n<aside class=\"stack\">\n<dl class=\"card kv\">");
    page_put(g, "<dt>{}</dt><dd>{}</dd></dl>\n",
             P_WORD(l->s.frame.seat == SEAT_PUBLISHER ? WORD_COL_EARNS : WORD_COL_COSTS),
             P_MICROS(micros, ask_text(l->lead, "currency")));
    write_form(l);
    write_person(l);
    write_facts(l);
    page_html(g, "</aside>\n</div>\n");
}

static enum err lead_read(struct request *rq, struct reply *reply)
{
    struct lead_page l = {.rq = rq};
    enum err err = screen_read(&l.s, rq, NULL, 0);
    if (err == ERR_OK)
        err = gather(&l);
    if (err == ERR_OK)
        err = screen_zone(&l.s, contract_terms(l.k, rq->arrived_ms)->timezone);
    if (err == ERR_OK) {
        write_page(&l);
        err = screen_reply(&l.s, reply, act_status(rq));
    }
    json_decref(l.lead);
    json_decref(l.statement);
    return err;
}

enum err lead_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, lead_read);
}

enum err lead_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &decide, 1);
}
