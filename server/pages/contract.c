/* One contract: its terms in words, the versions of them, its links, and who was let read it. */
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/contracts.h"
#include "server/pages/pages_private.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"
#include "server/postback/postback.h"

enum { MOST = 500, VERSIONS = 20, CODES = 50 };

static enum err contract_read(struct request *rq, struct reply *reply);

static const struct act_field grant_fields[] = {{"auditor", "party", ACT_TEXT}, {NULL}};
enum { GRANT, REVOKE, TRY, ACTS };

/* Nobody's lead: marked as a test, it is recorded and paid to nobody. */
static void add_test(const struct form *f, json_t *body)
{
    (void)f;
    json_object_set_new(body, "email", json_string("test@example.com"));
    json_object_set_new(body, "test", json_true());
}

static const struct act_field try_fields[] = {{"id", "contract", ACT_TEXT}, {NULL}};
static const struct act acts[ACTS] = {
    [GRANT] = {"grant", grants_create, {ACT_PATH}, grant_fields, .again = contract_read},
    [REVOKE] = {"revoke", grants_delete, {ACT_PATH, "id"}, .again = contract_read},
    [TRY] = {.name = "try",
             .call = rows_leads_handle,
             .fields = try_fields,
             .more = add_test,
             .again = contract_read,
             .to = "/leads/{}",
             .made = "lead"},
};

struct contract_page {
    struct request *rq;
    struct screen s;
    const struct contract *k;
    json_t *contract, *versions, *codes, *grants, *parties; /* all but the first are lists */
};

static enum err gather(struct contract_page *c)
{
    const struct span id = c->rq->param[0];
    enum err err = ask(c->rq, contracts_get, id, SPAN(""), &c->contract);
    if (err != ERR_OK)
        return err;
    c->k = catalog_contract(c->rq->catalog, id);
    if ((err = ask_all(c->rq, terms_list, id, "", MOST, &c->versions)) != ERR_OK ||
        (err = ask_all(c->rq, codes_list, id, "", MOST, &c->codes)) != ERR_OK ||
        (err = ask_all(c->rq, grants_list, id, "", MOST, &c->grants)) != ERR_OK)
        return err;
    return c->s.frame.seat == SEAT_OPERATOR ? ask_all(c->rq, parties_list, SPAN(""), "", MOST, &c->parties) : ERR_OK;
}

static void card(struct contract_page *c, enum word title)
{
    page_put(&c->s.g, "<section class=\"card\">\n<h2>{}</h2>\n", P_WORD(title));
}

/* ---- the terms ---- */

static void write_when(struct screen *s, const json_t *when)
{
    const json_t *in = json_object_get(when, "in"), *one;
    size_t i;
    page_put(&s->g, "<code>{}", P_TEXT(ask_text(when, "field")));
    if (!span_empty(ask_text(when, "equals")))
        page_put(&s->g, " = {}", P_TEXT(ask_text(when, "equals")));
    json_array_foreach(in, i, one) page_put(&s->g, "{}{}", P_HTML(i == 0 ? ": " : ", "),
                                            P_TEXT(span_of(json_string_value(one), json_string_length(one))));
    if (json_object_get(when, "min") != NULL)
        page_put(&s->g, " ≥ {}", P_INDEX(ask_int(when, "min")));
    if (json_object_get(when, "max") != NULL)
        page_put(&s->g, " ≤ {}", P_INDEX(ask_int(when, "max")));
    page_html(&s->g, "</code>");
}

static void write_tiers(struct contract_page *c)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(c->contract, "price"), "lead"), i, one)
    {
        const json_t *when = json_object_get(one, "when");
        page_put(&c->s.g, "{}{} ", P_HTML(i > 0 ? "<br>" : ""),
                 P_MICROS(ask_int(one, "micros"), contract_currency(c->k)));
        if (when != NULL)
            write_when(&c->s, when);
        else if (i > 0)
            page_put(&c->s.g, "<span class=\"s\">{}</span>", P_WORD(WORD_PRICE_ELSE));
    }
}

static void fact(struct contract_page *c, enum word name, struct part value)
{
    page_put(&c->s.g, "<dt>{}</dt><dd>{}</dd>\n", P_WORD(name), value);
}

static void write_caps(struct contract_page *c)
{
    const json_t *caps = json_object_get(c->contract, "caps");
    if (json_object_get(caps, "day") != NULL)
        fact(c, WORD_CAP_OF_DAY, P_COUNT(ask_int(caps, "day")));
    if (json_object_get(caps, "month") != NULL)
        fact(c, WORD_CAP_OF_MONTH, P_COUNT(ask_int(caps, "month")));
    if (json_object_get(caps, "budget_micros_month") != NULL)
        fact(c, WORD_BUDGET_OF_MONTH, P_MICROS(ask_int(caps, "budget_micros_month"), contract_currency(c->k)));
}

static void write_times(struct contract_page *c)
{
    if (ask_time(c->contract, "starts_at") != 0)
        fact(c, WORD_FORM_FROM, P_TIME(ask_time(c->contract, "starts_at")));
    if (ask_time(c->contract, "ends_at") != 0)
        fact(c, WORD_FORM_TO, P_TIME(ask_time(c->contract, "ends_at")));
}

static void write_terms(struct contract_page *c)
{
    const struct span settle = ask_text(c->contract, "settle");
    card(c, WORD_CONTRACT_TERMS);
    page_put(&c->s.g, "<dl class=\"kv l\">\n<dt>{}</dt><dd>", P_WORD(WORD_FORM_LEAD));
    write_tiers(c);
    page_html(&c->s.g, "</dd>\n");
    if (ask_int(json_object_get(c->contract, "price"), "sale_ppm") != 0)
        fact(c, WORD_FORM_SALE, P_SHARE(ask_int(json_object_get(c->contract, "price"), "sale_ppm")));
    if (ask_int(json_object_get(c->contract, "price"), "click_micros") != 0)
        fact(c, WORD_FORM_CLICK,
             P_MICROS(ask_int(json_object_get(c->contract, "price"), "click_micros"), contract_currency(c->k)));
    write_caps(c);
    write_times(c);
    fact(c, WORD_FORM_DUE, P_COUNT(ask_int(c->contract, "due_days")));
    fact(c, WORD_FORM_SETTLE,
         P_WORD(span_is(settle, "monthly")  ? WORD_SETTLE_MONTHLY
                : span_is(settle, "weekly") ? WORD_SETTLE_WEEKLY
                                            : WORD_SETTLE_MANUAL));
    fact(c, WORD_FORM_ASSENT,
         P_WORD(span_is(ask_text(c->contract, "assent"), "both") ? WORD_ASSENT_BOTH : WORD_ASSENT_OPERATOR));
    fact(c, WORD_ZONE, P_TEXT(contract_terms(c->k, c->rq->arrived_ms)->timezone));
    page_html(&c->s.g, "</dl>\n</section>\n");
}

/* ---- their versions ---- */

static enum word version_word(struct span state)
{
    return span_is(state, "in_force")    ? WORD_VERSION_FORCE
           : span_is(state, "waiting")   ? WORD_VERSION_WAITS
           : span_is(state, "proposed")  ? WORD_CONTRACT_ASSENT
           : span_is(state, "withdrawn") ? WORD_VERSION_WITHDRAWN
                                         : WORD_CONTRACT_OVER;
}

static void write_version(struct contract_page *c, const json_t *one)
{
    const json_t *difference;
    struct page *g = &c->s.g;
    size_t i;
    page_put(g, "<li class=\"{}\"><b>{}</b> · {}<br><span class=\"at\">{}</span>",
             P_HTML(json_is_true(json_object_get(one, "in_force")) ? "done" : "next"),
             P_SAY(WORD_VERSION, P_INDEX(ask_int(one, "version"))), P_WORD(version_word(ask_text(one, "state"))),
             P_TIME(ask_time(one, "effective_at")));
    json_array_foreach(json_object_get(one, "differences"), i, difference)
    {
        page_put(g, "<span class=\"why\"><code>{}</code> ", P_TEXT(ask_text(difference, "path")));
        if (json_object_get(difference, "before") != NULL)
            difference_side(g, difference, "before", "<del>", "</del> ");
        if (json_object_get(difference, "after") != NULL)
            difference_side(g, difference, "after", "<ins>", "</ins>");
        page_html(g, "</span>");
    }
    page_html(g, "</li>\n");
}

static void write_versions(struct contract_page *c)
{
    size_t n = json_array_size(c->versions);
    card(c, WORD_CONTRACT_VERSIONS);
    page_html(&c->s.g, "<ol class=\"tl\">\n");
    for (size_t i = n; i-- > 0 && n - i <= VERSIONS;)
        write_version(c, json_array_get(c->versions, i));
    page_html(&c->s.g, "</ol>\n</section>\n");
}

/* ---- links, and who reads ---- */

static void write_codes(struct contract_page *c)
{
    const json_t *one;
    size_t i;
    card(c, WORD_CONTRACT_LINKS);
    if (json_array_size(c->codes) == 0)
        page_html(&c->s.g, "<p>–</p>\n");
    page_html(&c->s.g, "<table class=\"fit\"><tbody>\n");
    json_array_foreach(c->codes, i, one)
    {
        bool off = json_is_true(json_object_get(one, "off"));
        if (i == CODES)
            break;
        page_put(&c->s.g,
                 "<tr><th scope=\"row\">{}<span class=\"why id\">{}</span></th><td class=\"nb\"><span class=\"st "
                 "{}\">{}</span></td></tr>\n",
                 P_NAME(ask_text(one, "label")), P_TEXT(ask_text(one, "click_url")), P_HTML(off ? "off" : "approved"),
                 P_WORD(off ? WORD_LINK_OFF : WORD_LINK_ON));
    }
    page_html(&c->s.g, "</tbody></table>\n</section>\n");
}

static bool grants(const struct contract_page *c)
{
    return c->s.frame.seat == SEAT_OPERATOR && (c->rq->token->scopes & MAY_GRANTS) != 0;
}

static void write_grant(struct contract_page *c, const json_t *one)
{
    const struct party *p = catalog_party(c->rq->catalog, ask_text(one, "party"));
    int64_t revoked_ms = ask_time(one, "revoked_at");
    struct act_form f;
    page_put(&c->s.g, "<tr><th scope=\"row\">{}</th><td>{}", P_NAME(p != NULL ? p->name : ask_text(one, "party")),
             P_DAY(ask_time(one, "created_at")));
    if (revoked_ms != 0)
        page_put(&c->s.g, " – {}", P_DAY(revoked_ms));
    page_html(&c->s.g, "</td><td class=\"n\">");
    if (revoked_ms == 0 && grants(c)) {
        act_open(&f, &c->s, &acts[REVOKE], ask_text(one, "party"), "");
        act_close(&f, WORD_GRANT_END, "no sm");
    }
    page_html(&c->s.g, "</td></tr>\n");
}

static bool reads_already(const struct contract_page *c, struct span party)
{
    const json_t *one;
    size_t i;
    json_array_foreach(c->grants, i, one)
    {
        if (span_eq(ask_text(one, "party"), party) && ask_time(one, "revoked_at") == 0)
            return true;
    }
    return false;
}

static void write_grants(struct contract_page *c)
{
    const json_t *one;
    struct act_option *options = arena_alloc(c->rq->arena, (1 + json_array_size(c->parties)) * sizeof *options);
    struct act_form f;
    size_t i, n = 0;
    card(c, WORD_GRANTS);
    page_put(&c->s.g, "<p class=\"s f\">{}</p>\n<table class=\"fit\"><tbody>\n", P_WORD(WORD_GRANTS_WHAT));
    json_array_foreach(c->grants, i, one) write_grant(c, one);
    page_html(&c->s.g, "</tbody></table>\n");
    json_array_foreach(c->parties, i, one)
    {
        if (span_is(ask_text(one, "kind"), "auditor") && !reads_already(c, ask_text(one, "id")))
            options[n++] = (struct act_option){ask_text(one, "id"), ask_text(one, "name")};
    }
    if (grants(c) && n > 0) {
        act_open(&f, &c->s, &acts[GRANT], SPAN(""), "");
        act_choice(&f, "auditor", WORD_AUDITOR, WORDS, SPAN(""), options, n);
        act_close(&f, WORD_GRANT_DO, "");
    }
    page_html(&c->s.g, "</section>\n");
}

static void write_test(struct contract_page *c)
{
    struct act_form f;
    if (c->s.frame.seat != SEAT_PUBLISHER && c->s.frame.seat != SEAT_ADVERTISER)
        return;
    card(c, WORD_TEST_LEAD);
    page_put(&c->s.g, "<p class=\"s f\">{}</p>\n", P_WORD(WORD_TEST_LEAD_WHAT));
    act_open(&f, &c->s, &acts[TRY], span_str(c->k->id), "");
    act_close(&f, WORD_TEST_LEAD, "");
    page_html(&c->s.g, "</section>\n");
}

static void write_page(struct contract_page *c)
{
    const char *class;
    enum word state = contracts_state(&c->s, c->contract, &class);
    struct page *g = &c->s.g;
    screen_open(&c->s, WORD_CONTRACT, c->s.frame.seat == SEAT_AUDITOR ? "/" : "/contracts", NULL);
    page_put(g, "<div class=\"head\"><div><h1>{}</h1><p>", P_NAME(contract_terms(c->k, c->rq->arrived_ms)->name));
    rows_contract_line(&c->s, c->k);
    page_put(g,
             " · <code class=\"id\">{}</code> · <span class=\"st {}\">{}</span></p></div></div>\n<p class=\"line\"><a "
             "href=\"/leads?contract={}\">{}</a></p>\n<div class=\"half\">\n",
             P_TEXT(span_str(c->k->id)), P_HTML(class), P_WORD(state), P_QUERY(span_str(c->k->id)), P_WORD(WORD_LEADS));
    write_terms(c);
    write_versions(c);
    write_codes(c);
    write_test(c);
    write_grants(c);
    page_html(g, "</div>\n");
    auditor_pull(&c->s, &c->k, 1);
}

static enum err contract_read(struct request *rq, struct reply *reply)
{
    struct contract_page c = {.rq = rq};
    enum err err = screen_read(&c.s, rq, NULL, 0);
    if (err == ERR_OK)
        err = gather(&c);
    if (err == ERR_OK)
        err = screen_zone(&c.s, contract_terms(c.k, rq->arrived_ms)->timezone);
    if (err == ERR_OK) {
        write_page(&c);
        err = screen_reply(&c.s, reply, act_status(rq));
    }
    json_decref(c.contract);
    json_decref(c.versions);
    json_decref(c.codes);
    json_decref(c.grants);
    json_decref(c.parties);
    return err;
}

enum err contract_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, contract_read);
}

enum err contract_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, acts, ACTS);
}
