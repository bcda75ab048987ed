/* Contracts: who is with whom, as a list and as a matrix, and the form that makes one. */
#include "server/pages/contracts.h"

#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"

/* Of those to choose from, and what a matrix has room for. */
enum { MOST = 2000, CAMPAIGNS = LIMIT_LIST, MATRIX = 12, MATRIX_PUBLISHERS = 60 };

static enum err contracts_read(struct request *rq, struct reply *reply);

/* ---- making one ---- */

static const struct act_field fields[] = {{"campaign", "campaign", ACT_TEXT},
                                          {"publisher", "publisher", ACT_TEXT},
                                          {"lead", "price.lead", ACT_MONEY},
                                          {"sale", "price.sale_ppm", ACT_MONEY},
                                          {"click", "price.click_micros", ACT_MONEY},
                                          {"due_days", "due_days", ACT_INTEGER},
                                          {"settle", "settle", ACT_TEXT},
                                          {"assent", "assent", ACT_TEXT},
                                          {"starts_at", "starts_at", ACT_TIME},
                                          {"ends_at", "ends_at", ACT_TIME},
                                          {NULL}};

/* One price for every lead; a per cent is ten thousand parts per million. */
static void add_price(const struct form *f, json_t *body)
{
    json_t *price = json_object_get(body, "price"), *lead = json_incref(json_object_get(price, "lead"));
    const json_t *sale = json_object_get(price, "sale_ppm");
    (void)f;
    if (price == NULL)
        json_object_set_new(body, "price", json_object());
    if (lead != NULL)
        json_object_set_new(price, "lead", json_pack("[{s:O}]", "micros", lead));
    if (sale != NULL)
        json_object_set_new(price, "sale_ppm", json_integer(json_integer_value(sale) / 100));
    json_decref(lead);
}

static const struct act make = {.name = "contract",
                                .call = contracts_create,
                                .fields = fields,
                                .more = add_price,
                                .again = contracts_read,
                                .to = "/contracts/{}",
                                .made = "id"};

/* ---- what is shown ---- */

struct contracts {
    struct request *rq;
    struct screen s;
    struct param p[4];              /* campaign, publisher, after, and the order, which is no question */
    json_t *answer, *all;           /* a page of contracts; all of them, a list, where there is a matrix */
    json_t *campaigns, *publishers; /* lists, the operator's alone */
};
enum { CAMPAIGN, PUBLISHER, AFTER, ORDER, PARAMS };

static bool has_matrix(const struct contracts *c)
{
    const size_t n = json_array_size(c->campaigns), m = json_array_size(c->publishers);
    return n > 0 && n <= MATRIX && m <= MATRIX_PUBLISHERS;
}

static enum err gather(struct contracts *c)
{
    c->p[ORDER] = (struct param){"order", SPAN("newest"), true};
    enum err err = rows_asked(c->rq, contracts_list, c->p, PARAMS, &c->answer);
    if (err == ERR_OK && c->s.frame.seat == SEAT_OPERATOR)
        err = ask_all(c->rq, campaigns_list, SPAN(""), "&order=newest", CAMPAIGNS, &c->campaigns);
    if (err == ERR_OK && c->s.frame.seat == SEAT_OPERATOR)
        err = ask_all(c->rq, parties_list, SPAN(""), "&kind=publisher", MOST, &c->publishers);
    if (err == ERR_OK && has_matrix(c))
        err = ask_all(c->rq, contracts_list, SPAN(""), "", MOST, &c->all);
    return err;
}

static void price_of_leads(struct screen *s, const json_t *price, struct span currency)
{
    const json_t *tiers = json_object_get(price, "lead"), *one;
    int64_t least = INT64_MAX, most = 0;
    size_t i;
    json_array_foreach(tiers, i, one)
    {
        int64_t micros = ask_int(one, "micros");
        least = micros < least ? micros : least;
        most = micros > most ? micros : most;
    }
    if (json_array_size(tiers) == 0)
        return;
    if (least == most)
        page_put(&s->g, "<span class=\"nb\">{}</span>", P_SAY(WORD_PRICE_LEAD, P_MICROS(most, currency)));
    else
        page_put(&s->g, "<span class=\"nb\">{}</span>",
                 P_SAY(WORD_PRICE_LEADS, P_MICROS(least, currency), P_MICROS(most, currency)));
}

void contracts_price(struct screen *s, const json_t *contract, struct span currency)
{
    const json_t *price = json_object_get(contract, "price");
    int64_t click = ask_int(price, "click_micros"), impression = ask_int(price, "impression_micros"),
            sale = ask_int(price, "sale_ppm");
    price_of_leads(s, price, currency);
    if (json_array_size(json_object_get(price, "lead")) == 0 && sale == 0 && click == 0 && impression == 0)
        page_html(&s->g, "–");
    if (sale != 0)
        page_put(&s->g, "<br>{}", P_SAY(WORD_PRICE_SALE, P_SHARE(sale)));
    if (click != 0)
        page_put(&s->g, "<br>{}", P_SAY(WORD_PRICE_CLICK, P_MICROS(click, currency)));
    if (impression != 0)
        page_put(&s->g, "<br>{}", P_SAY(WORD_PRICE_IMPRESSION, P_MICROS(impression, currency)));
}

enum word contracts_state(const struct screen *s, const json_t *contract, const char **class)
{
    int64_t now_ms = s->rq->arrived_ms, from_ms = ask_time(contract, "starts_at"),
            to_ms = ask_time(contract, "ends_at");
    *class = "pending";
    if (json_array_size(json_object_get(contract, "awaits_assent_of")) > 0)
        return WORD_CONTRACT_ASSENT;
    if (from_ms != 0 && now_ms < from_ms)
        return WORD_CONTRACT_WAITS;
    *class = to_ms != 0 && now_ms >= to_ms ? "off" : "approved";
    return to_ms != 0 && now_ms >= to_ms ? WORD_CONTRACT_OVER : WORD_CONTRACT_RUNS;
}

static void write_contract(struct contracts *c, const json_t *one)
{
    const struct contract *k = catalog_contract(c->rq->catalog, ask_text(one, "id"));
    struct page *g = &c->s.g;
    const char *class;
    enum word state = contracts_state(&c->s, one, &class);
    page_html(g, "<tr>");
    if (k != NULL)
        rows_between(&c->s, k);
    page_put(g, "<td data-l=\"{}\"><a class=\"id\" href=\"/contracts/{}\">{}</a></td><td data-l=\"{}\"><span>",
             P_WORD(WORD_CONTRACT), P_QUERY(ask_text(one, "id")), P_TEXT(ask_text(one, "id")),
             P_WORD(WORD_CONTRACT_PRICE));
    if (k != NULL)
        contracts_price(&c->s, one, contract_currency(k));
    page_put(g, "</span></td><td class=\"hd\"><span class=\"st {}\">{}</span></td></tr>\n", P_HTML(class),
             P_WORD(state));
}

static void write_filters(struct contracts *c)
{
    const struct span publisher = c->p[PUBLISHER].value;
    struct page *g = &c->s.g;
    page_html(g, "<form class=\"filters\" action=\"/contracts\">");
    rows_campaigns(&c->s, c->p[CAMPAIGN].value);
    if (!span_empty(publisher))
        page_put(g, "<input type=\"hidden\" name=\"publisher\" value=\"{}\">", P_TEXT(publisher));
    page_put(g, "<button class=\"b\">{}</button>", P_WORD(WORD_FILTER_SHOW));
    if (!span_empty(publisher) || !span_empty(c->p[CAMPAIGN].value))
        page_put(g, " <a href=\"/contracts\">{}</a>", P_WORD(WORD_CLEAR_FILTERS));
    page_html(g, "</form>\n");
}

static void write_list(struct contracts *c)
{
    const json_t *list = json_object_get(c->answer, "data"), *one;
    struct page *g = &c->s.g;
    size_t i;
    page_html(g, "<section class=\"card\">\n");
    if (json_array_size(list) == 0)
        page_put(g, "<div class=\"empty\"><h2>{}</h2></div>\n", P_WORD(WORD_NO_CONTRACT));
    else
        page_put(g,
                 "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
                 "scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>\n",
                 P_WORD(WORD_COL_BETWEEN), P_WORD(WORD_CONTRACT), P_WORD(WORD_CONTRACT_PRICE),
                 P_WORD(WORD_PARTY_STATE));
    json_array_foreach(list, i, one) write_contract(c, one);
    if (json_array_size(list) > 0)
        page_html(g, "</tbody></table>\n");
    rows_next(&c->s, "/contracts", c->p, ORDER, c->answer, WORD_OLDER);
    page_html(g, "</section>\n");
}

/* ---- the matrix: on a wide screen, and as far as it fits ---- */

static const json_t *between(const struct contracts *c, struct span campaign, struct span publisher)
{
    for (size_t i = json_array_size(c->all); i-- > 0;) {
        const json_t *one = json_array_get(c->all, i);
        if (span_eq(ask_text(one, "campaign"), campaign) && span_eq(ask_text(one, "publisher"), publisher))
            return one;
    }
    return NULL;
}

static void write_cell(struct contracts *c, const json_t *contract)
{
    const char *class;
    if (contract == NULL) {
        page_html(&c->s.g, "<td class=\"s\">–</td>");
        return;
    }
    enum word state = contracts_state(&c->s, contract, &class);
    page_put(&c->s.g,
             "<td><a href=\"/contracts/{}\"><span class=\"st {}\"><span class=\"vh\">{}</span></span></a></td>",
             P_QUERY(ask_text(contract, "id")), P_HTML(class), P_WORD(state));
}

static void write_matrix(struct contracts *c)
{
    const json_t *campaign, *party;
    struct page *g = &c->s.g;
    size_t i, j;
    page_put(g,
             "<section class=\"card desk\">\n<h2>{}</h2>\n<table class=\"matrix\"><thead><tr><th scope=\"col\">{}</th>",
             P_WORD(WORD_CONTRACT_MATRIX), P_WORD(WORD_PUBLISHER));
    json_array_foreach(c->campaigns, i, campaign)
        page_put(g, "<th scope=\"col\">{}</th>", P_NAME(ask_text(campaign, "name")));
    page_html(g, "</tr></thead><tbody>\n");
    json_array_foreach(c->publishers, j, party)
    {
        page_put(g, "<tr><th scope=\"row\">{}</th>", P_NAME(ask_text(party, "name")));
        json_array_foreach(c->campaigns, i, campaign)
            write_cell(c, between(c, ask_text(campaign, "id"), ask_text(party, "id")));
        page_html(g, "</tr>\n");
    }
    page_html(g, "</tbody></table>\n</section>\n");
}

/* ---- the form ---- */

static struct act_option *options_of(struct contracts *c, const json_t *list)
{
    struct act_option *options = arena_alloc(c->rq->arena, (1 + json_array_size(list)) * sizeof *options);
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) options[i] = (struct act_option){ask_text(one, "id"), ask_text(one, "name")};
    return options;
}

static struct act_option worded(const struct contracts *c, const char *value, enum word word)
{
    return (struct act_option){span_str(value), span_str(word_text(c->s.g.language, word))};
}

static void write_make(struct contracts *c)
{
    const struct act_option settles[] = {worded(c, "manual", WORD_SETTLE_MANUAL),
                                         worded(c, "monthly", WORD_SETTLE_MONTHLY),
                                         worded(c, "weekly", WORD_SETTLE_WEEKLY)},
                            assents[] = {worded(c, "operator", WORD_ASSENT_OPERATOR),
                                         worded(c, "both", WORD_ASSENT_BOTH)};
    struct act_form f;
    const struct act_option *campaigns = options_of(c, c->campaigns), *publishers = options_of(c, c->publishers);
    page_put(&c->s.g, "<section class=\"card\">\n<h2>{}</h2>\n<p class=\"s f\">{}</p>\n", P_WORD(WORD_CONTRACT_NEW),
             P_WORD(WORD_CONTRACT_NEW_WHAT));
    act_open(&f, &c->s, &make, SPAN(""), "");
    page_html(&c->s.g, "<div class=\"grid\">\n");
    act_choice(&f, "campaign", WORD_CAMPAIGN, WORDS, SPAN(""), campaigns, json_array_size(c->campaigns));
    act_choice(&f, "publisher", WORD_PUBLISHER, WORDS, SPAN(""), publishers, json_array_size(c->publishers));
    act_input(&f, "lead", WORD_FORM_LEAD, WORD_FORM_MONEY, SPAN(""), "inputmode=\"decimal\"");
    act_input(&f, "sale", WORD_FORM_SALE, WORDS, SPAN(""), "inputmode=\"decimal\"");
    act_input(&f, "click", WORD_FORM_CLICK, WORDS, SPAN(""), "inputmode=\"decimal\"");
    act_input(&f, "due_days", WORD_FORM_DUE, WORDS, SPAN("30"), "inputmode=\"numeric\"");
    act_choice(&f, "settle", WORD_FORM_SETTLE, WORDS, SPAN("manual"), settles, 3);
    act_choice(&f, "assent", WORD_FORM_ASSENT, WORDS, SPAN("operator"), assents, 2);
    act_input(&f, "starts_at", WORD_FORM_FROM, WORDS, SPAN(""), "type=\"date\"");
    act_input(&f, "ends_at", WORD_FORM_TO, WORDS, SPAN(""), "type=\"date\"");
    page_html(&c->s.g, "</div>\n");
    act_close(&f, WORD_CONTRACT_MAKE, "one");
    page_html(&c->s.g, "</section>\n");
}

/* Campaigns of several advertisers may have one name: each is told with whose it is. */
static void name_whose(struct contracts *c)
{
    json_t *one;
    size_t i;
    json_array_foreach(c->campaigns, i, one)
    {
        const struct party *p = catalog_party(c->rq->catalog, ask_text(one, "advertiser"));
        const struct span name = ask_text(one, "name");
        if (p != NULL)
            json_object_set_new(one, "name",
                                json_sprintf("%.*s · %.*s", (int)name.len, name.ptr, (int)p->name.len, p->name.ptr));
    }
}

static enum err contracts_read(struct request *rq, struct reply *reply)
{
    struct contracts c = {.rq = rq, .p = {{.name = "campaign"}, {.name = "publisher"}, {.name = "after"}}};
    enum err err = screen_read(&c.s, rq, c.p, ORDER);
    if (err == ERR_OK)
        err = screen_zone(&c.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&c);
    if (err == ERR_OK) {
        name_whose(&c);
        screen_open(&c.s, WORD_CONTRACTS, "/contracts", NULL);
        page_put(&c.s.g, "<div class=\"head\"><h1>{}</h1></div>\n", P_WORD(WORD_CONTRACTS));
        if (has_matrix(&c))
            write_matrix(&c);
        write_filters(&c);
        write_list(&c);
        if (c.s.frame.seat == SEAT_OPERATOR)
            write_make(&c);
        err = screen_reply(&c.s, reply, act_status(rq));
    }
    json_decref(c.answer);
    json_decref(c.all);
    json_decref(c.campaigns);
    json_decref(c.publishers);
    return err;
}

enum err contracts_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, contracts_read);
}

enum err contracts_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &make, 1);
}
