/* A publisher's tracking codes, what came of them, and the links and QR codes that are built of them. */
#include "common/base/query.h"
#include "common/base/when.h"
#include "common/decisions/link.h"
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/qr.h"
#include "server/pages/rows.h"
#include "server/reports/reports.h"

enum { DAYS = 30, CODES_MOST = 100, CONTRACTS_MOST = 30, OPTIONS_MOST = 200, DATE_LEN = 10 };

/* What a click takes of a link: the first is where it goes, the second stands by itself. */
static const char *const takes[] = {"to",         "sub1",       "sub2",         "sub3",     "sub4",       "sub5",
                                    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"};
enum { TAKES = sizeof takes / sizeof *takes, CONTRACT = TAKES, CODE, PARAMS };

/* What came of one code in thirty days. */
struct came {
    struct span code;
    int64_t clicks, leads, micros;
    struct span last; /* the day of its last click; empty: there was none */
};

struct links_page {
    struct request *rq;
    struct screen s;
    struct param p[PARAMS];
    const struct contract *k; /* whose links alone are shown; NULL: those of all */
    json_t *codes, *report;   /* codes: a list */
    const json_t *chosen;     /* of it; NULL: there is none */
    const struct contract *chosen_of;
    struct came *came;
    size_t n_came;
    bool more;
};

static enum err links_read(struct request *rq, struct reply *reply);

static const struct act_field new_fields[] = {
    {"label", "label", ACT_TEXT, .always = true},
    {"landing_url", "landing_url", ACT_TEXT},
    {NULL},
};
static const struct act_field switch_fields[] = {{"off", "off", ACT_SWITCH}, {NULL}};
static const struct act_field label_fields[] = {{"label", "label", ACT_TEXT, .always = true}, {NULL}};
static const struct act acts[] = {
    {.name = "new",
     .call = codes_create,
     .in = {"contract"},
     .fields = new_fields,
     .again = links_read,
     .to = "/links?code={}",
     .made = "code"},
    {.name = "switch",
     .call = codes_patch,
     .in = {"contract", "id"},
     .fields = switch_fields,
     .again = links_read,
     .to = "/links?code={}",
     .made = "code"},
    {.name = "label",
     .call = codes_patch,
     .in = {"contract", "id"},
     .fields = label_fields,
     .again = links_read,
     .to = "/links?code={}",
     .made = "code"},
};
enum { NEW, SWITCH, LABEL, ACTS };

/* ---- gathering ---- */

static enum err gather_codes(struct links_page *l, const struct contract *k)
{
    char query[32];
    json_t *answer = NULL, *one;
    size_t i;
    snprintf(query, sizeof query, "limit=%d", CODES_MOST);
    enum err err = ask(l->rq, codes_list, span_str(k->id), span_str(query), &answer);
    if (err == ERR_OK)
        json_array_foreach(json_object_get(answer, "data"), i, one) json_array_append(l->codes, one);
    l->more |= json_object_get(answer, "next") != NULL;
    json_decref(answer);
    return err;
}

/* Its code may lie behind those that are listed. */
static enum err choose(struct links_page *l)
{
    const struct span code = l->p[CODE].value;
    const json_t *one;
    size_t i;
    json_array_foreach(l->codes, i, one)
    {
        bool its = span_empty(code) ? !json_is_true(json_object_get(one, "off")) : span_eq(ask_text(one, "code"), code);
        if (its && l->chosen == NULL)
            l->chosen = one;
    }
    if (l->chosen == NULL && !span_empty(code))
        return problem(&l->rq->problem, ERR_NOT_FOUND, "code", "there is no such link, or it is not yours");
    if (l->chosen != NULL)
        l->chosen_of = catalog_contract(l->rq->catalog, ask_text(l->chosen, "contract"));
    return ERR_OK;
}

static enum err find_contract(struct links_page *l)
{
    const struct contract_list all = catalog_reads(l->rq->catalog, l->rq->caller);
    const struct span named = l->p[CONTRACT].value;
    struct tracking_code c;
    if (!span_empty(l->p[CODE].value) && code_read(l->rq->worker->tokens, l->p[CODE].value, &c) == ERR_OK)
        l->k = all.n > CONTRACTS_MOST ? catalog_contract_number(l->rq->catalog, c.contract) : NULL;
    else if (!span_empty(named))
        l->k = catalog_contract(l->rq->catalog, named);
    bool yours = l->k != NULL ? catalog_may_read(l->rq->catalog, l->rq->caller, l->k) : span_empty(named);
    return yours ? ERR_OK
                 : problem(&l->rq->problem, ERR_NOT_FOUND, "contract", "there is no such contract, or it is not yours");
}

static struct came *came_of(struct links_page *l, struct span code)
{
    for (size_t i = 0; i < l->n_came; i++)
        if (span_eq(l->came[i].code, code))
            return &l->came[i];
    return NULL;
}

static void take_report(struct links_page *l)
{
    const json_t *row;
    size_t i;
    l->n_came = json_array_size(l->codes);
    l->came = arena_alloc(l->rq->arena, (l->n_came + 1) * sizeof *l->came);
    for (i = 0; i < l->n_came; i++)
        l->came[i] = (struct came){.code = ask_text(json_array_get(l->codes, i), "code")};
    json_array_foreach(json_object_get(l->report, "rows"), i, row)
    {
        const json_t *key = json_object_get(row, "key");
        struct came *c = came_of(l, ask_text(key, "code"));
        int64_t clicks = ask_int(json_object_get(row, "clicks"), "total");
        if (c == NULL)
            continue;
        c->clicks += ask_int(json_object_get(row, "clicks"), "ok");
        c->leads += ask_int(json_object_get(row, "leads"), "total");
        c->micros += ask_int(row, "payout_micros");
        if (clicks > 0 && span_order(c->last, ask_text(key, "day")) < 0)
            c->last = ask_text(key, "day");
    }
}

static void add_day(struct buf *out, const char *name, int64_t day)
{
    char mem[40];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, day * MS_PER_DAY);
    buf_printf(out, "&%s=%.*s", name, DATE_LEN, mem);
}

static enum err ask_came(struct links_page *l)
{
    struct buf query;
    int64_t offset_s;
    if (zones_offset(l->s.zones, l->s.frame.zone, l->rq->arrived_ms, &offset_s) != ERR_OK)
        return ERR_IO;
    const int64_t today = time_local_day(l->rq->arrived_ms, offset_s);
    arena_buf(l->rq->arena, &query, 192 + 3 * l->s.frame.zone.len);
    buf_str(&query, "group=day,code&timezone=");
    query_encode(&query, l->s.frame.zone);
    add_day(&query, "from", today - DAYS + 1);
    add_day(&query, "to", today);
    if (l->k != NULL)
        buf_printf(&query, "&contract=%s", l->k->id);
    enum err err = ask(l->rq, reports_get, SPAN(""), buf_span(&query), &l->report);
    if (err == ERR_OK)
        take_report(l);
    return err;
}

static enum err gather(struct links_page *l)
{
    const struct contract_list all = catalog_reads(l->rq->catalog, l->rq->caller);
    enum err err = ERR_OK;
    l->codes = json_array();
    for (size_t i = all.n; i-- > 0 && err == ERR_OK;) { /* the newest first */
        const struct contract *k = catalog_listed(l->rq->catalog, &all, i);
        bool wanted = l->k != NULL ? k == l->k : all.n - i <= CONTRACTS_MOST;
        l->more |= !wanted && l->k == NULL;
        if (wanted)
            err = gather_codes(l, k);
    }
    if (err == ERR_OK)
        err = choose(l);
    return err == ERR_OK ? ask_came(l) : err;
}

/* ---- the links there are ---- */

static const struct contract *of_code(struct links_page *l, const json_t *code)
{
    return catalog_contract(l->rq->catalog, ask_text(code, "contract"));
}

static void write_switch(struct links_page *l, const json_t *code)
{
    struct act_form f;
    bool off = json_is_true(json_object_get(code, "off"));
    act_open(&f, &l->s, &acts[SWITCH], ask_text(code, "code"), "");
    act_hidden(&f, "contract", ask_text(code, "contract"));
    act_hidden(&f, "off", off ? SPAN("false") : SPAN("true"));
    page_put(&l->s.g, "<button class=\"b sm\">{}<span class=\"vh\"> {}</span></button></form>",
             P_WORD(off ? WORD_LINK_TURN_ON : WORD_LINK_TURN_OFF), P_TEXT(ask_text(code, "label")));
}

static void write_last(struct links_page *l, const struct came *c)
{
    int64_t ms;
    char mem[40];
    int len = snprintf(mem, sizeof mem, "%.*sT12:00:00Z", (int)(c != NULL ? c->last.len : 0),
                       c != NULL ? (const char *)c->last.ptr : "");
    page_put(&l->s.g, "<td class=\"nb\" data-l=\"{}\">", P_WORD(WORD_LINK_LAST));
    if (c != NULL && !span_empty(c->last) && time_parse(span_of(mem, (size_t)len), &ms) == ERR_OK)
        page_put(&l->s.g, "{}</td>", P_DAY(ms));
    else
        page_put(&l->s.g, "<span class=\"s\">{}</span></td>", P_WORD(WORD_LINK_NOT_LATELY));
}

static void write_state(struct links_page *l, const json_t *code)
{
    bool off = json_is_true(json_object_get(code, "off"));
    page_put(&l->s.g, "<td data-l=\"{}\"><span><span class=\"st {}\">{}</span>", P_WORD(WORD_FILTER_STATE),
             P_HTML(off ? "off" : "approved"), P_WORD(off ? WORD_LINK_OFF : WORD_LINK_ON));
    if (off)
        page_put(&l->s.g, "<span class=\"why\">{}</span>", P_SAY(WORD_LINK_OFF_SINCE, P_DAY(ask_time(code, "off_at"))));
    page_html(&l->s.g, "</span></td>");
}

static void write_counts(struct links_page *l, const json_t *code, const struct came *c)
{
    const struct contract *k = of_code(l, code);
    struct page *g = &l->s.g;
    page_put(g,
             "<td class=\"n\" data-l=\"{}\"><a href=\"/reports?where=code&amp;is={}\">{}</a></td><td class=\"n\" "
             "data-l=\"{}\">{}</td><td class=\"n\" data-l=\"{}\">",
             P_WORD(WORD_OF_CLICK), P_QUERY(ask_text(code, "code")), P_COUNT(c != NULL ? c->clicks : 0),
             P_WORD(WORD_LEADS), P_COUNT(c != NULL ? c->leads : 0), P_WORD(WORD_REP_EARNS));
    if (c == NULL || c->micros == 0 || k == NULL)
        page_html(g, "–</td>");
    else
        page_put(g, "{}</td>", P_MICROS(c->micros, contract_currency(k)));
}

static void write_code(struct links_page *l, const json_t *code)
{
    enum { SHOWN_OF_CODE = 6 };
    const struct contract *k = of_code(l, code);
    const struct span text = ask_text(code, "code"), landing = ask_text(code, "landing_url");
    const struct came *c = came_of(l, text);
    struct page *g = &l->s.g;
    page_put(g, "<tr{}><th scope=\"row\"><a href=\"/links?code={}#ready\">{}</a> <span class=\"id s\">…{}</span>",
             P_HTML(code == l->chosen ? " class=\"on\"" : ""), P_QUERY(text), P_NAME(ask_text(code, "label")),
             P_TEXT(span_skip(text, text.len > SHOWN_OF_CODE ? text.len - SHOWN_OF_CODE : 0)));
    if (k != NULL)
        page_put(g, "<span class=\"why\">{} · {}</span>", P_NAME(contract_terms(k, l->rq->arrived_ms)->name),
                 P_NAME(catalog_who(l->rq->catalog, k->campaign->advertiser)->name));
    if (!span_empty(landing))
        page_put(g, "<span class=\"why id\">{}</span>", P_TEXT(landing));
    page_html(g, "</th>");
    write_counts(l, code, c);
    write_last(l, c);
    write_state(l, code);
    page_html(g, "<td class=\"n\">");
    write_switch(l, code);
    page_html(g, "</td></tr>\n");
}

static void write_codes(struct links_page *l)
{
    struct page *g = &l->s.g;
    const json_t *one;
    size_t i;
    page_put(g, "<section class=\"card\">\n<div class=\"ch\"><h2>{}</h2><span class=\"s\">{}</span></div>\n",
             P_WORD(WORD_LINKS_YOURS), P_WORD(WORD_DAYS_30));
    if (json_array_size(l->codes) == 0) {
        page_put(g, "<div class=\"empty\"><h3>{}</h3><p>{}</p></div>\n</section>\n", P_WORD(WORD_LINK_NONE),
                 P_WORD(WORD_LINK_NONE_WHAT));
        return;
    }
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"n\">{}</th><th "
             "scope=\"col\" class=\"n\">{}</th><th scope=\"col\" class=\"n\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\"><span class=\"vh\">{}</span></th></tr></thead><tbody>\n",
             P_WORD(WORD_REP_CODE), P_WORD(WORD_OF_CLICK), P_WORD(WORD_LEADS), P_WORD(WORD_REP_EARNS),
             P_WORD(WORD_LINK_LAST), P_WORD(WORD_FILTER_STATE), P_WORD(WORD_LINK_TURN_OFF));
    json_array_foreach(l->codes, i, one) write_code(l, one);
    page_html(g, "</tbody></table>\n");
    if (l->more)
        page_put(g, "<p class=\"s\">{}</p>\n", P_SAY(WORD_LINK_MANY, P_COUNT((int64_t)json_array_size(l->codes))));
    page_html(g, "</section>\n");
}

/* ---- a new one ---- */

static size_t options(struct links_page *l, struct act_option out[OPTIONS_MOST])
{
    const struct contract_list all = catalog_reads(l->rq->catalog, l->rq->caller);
    size_t n = 0;
    for (size_t i = all.n; i-- > 0 && n < OPTIONS_MOST; n++) {
        const struct contract *k = catalog_listed(l->rq->catalog, &all, i);
        const struct span name = contract_terms(k, l->rq->arrived_ms)->name,
                          of = catalog_who(l->rq->catalog, k->campaign->advertiser)->name;
        struct buf text;
        arena_buf(l->rq->arena, &text, name.len + of.len + 8);
        buf_span_add(&text, name);
        buf_str(&text, " · ");
        buf_span_add(&text, of);
        out[n] = (struct act_option){span_str(k->id), buf_span(&text)};
    }
    return n;
}

static void write_new(struct links_page *l)
{
    struct act_option *all = arena_alloc(l->rq->arena, OPTIONS_MOST * sizeof *all);
    const size_t n = options(l, all);
    struct act_form f;
    act_open(&f, &l->s, &acts[NEW], SPAN(""), "card");
    page_put(&l->s.g, "<h2>{}</h2>\n", P_WORD(WORD_LINK_NEW));
    act_choice(&f, "contract", WORD_LINK_OFFER, WORDS, l->k != NULL ? span_str(l->k->id) : l->p[CONTRACT].value, all,
               n);
    page_html(&l->s.g, "<div class=\"grid\">");
    act_input(&f, "label", WORD_LINK_LABEL, WORD_LINK_LABEL_WHAT, SPAN(""), "required maxlength=\"200\"");
    act_input(&f, "landing_url", WORD_LINK_PAGE, WORD_LINK_PAGE_WHAT, SPAN(""), "type=\"url\"");
    page_html(&l->s.g, "</div>");
    act_close(&f, WORD_LINK_MAKE, "one");
}

/* ---- building a link of one ---- */

static bool goes_there(const struct links_page *l)
{
    return span_empty(l->p[0].value) ||
           terms_allows_link(contract_terms(l->chosen_of, l->rq->arrived_ms), l->p[0].value);
}

/* What a visitor opens, with all that was chosen. */
static struct span link_of(struct links_page *l)
{
    const struct span url = ask_text(l->chosen, "click_url");
    struct buf out;
    size_t room = url.len + 1;
    for (size_t i = 0; i < TAKES; i++)
        room += 3 * l->p[i].value.len + 16;
    arena_buf(l->rq->arena, &out, room);
    buf_span_add(&out, url);
    bool first = true;
    for (size_t i = 0; i < TAKES; i++) {
        if (span_empty(l->p[i].value) || (i == 0 && !goes_there(l)))
            continue;
        buf_byte(&out, first ? '?' : '&');
        buf_str(&out, takes[i]);
        buf_byte(&out, '=');
        query_encode(&out, l->p[i].value);
        first = false;
    }
    return buf_span(&out);
}

static void write_hosts(struct page *g, const struct terms *t)
{
    struct span host;
    if (link_template_host(t->landing_url, &host))
        page_put(g, "{}", P_TEXT(host));
    for (size_t i = 0; i < t->n_allowed_hosts; i++)
        page_put(g, ", {}", P_TEXT(t->allowed_hosts[i]));
}

static void write_deep(struct links_page *l)
{
    struct page *g = &l->s.g;
    struct buf hosts;
    struct page aside = *g;
    const bool bad = !goes_there(l);
    buf_heap(&hosts);
    aside.out = &hosts;
    write_hosts(&aside, contract_terms(l->chosen_of, l->rq->arrived_ms));
    const struct span said = buf_span(&hosts);
    page_put(g,
             "<div class=\"f\"><label for=\"to\">{}</label><input id=\"to\" name=\"to\" type=\"url\" value=\"{}\" "
             "aria-describedby=\"to-h{}><span class=\"s\" id=\"to-h\">",
             P_WORD(WORD_LINK_DEEP), P_TEXT(l->p[0].value), P_HTML(bad ? " to-e\" aria-invalid=\"true\"" : "\""));
    page_say(g, WORD_LINK_DEEP_WHAT, &said, (struct span *)NULL);
    page_html(g, "</span>");
    if (bad)
        page_put(g, "<span class=\"err\" id=\"to-e\">{}</span>", P_WORD(WORD_LINK_DEEP_BAD));
    page_html(g, "</div>\n");
    buf_free(&hosts);
}

static void write_take(struct links_page *l, size_t i)
{
    page_put(&l->s.g,
             "<div class=\"f\"><label for=\"{}\"><code>{}</code></label><input id=\"{}\" name=\"{}\" value=\"{}\"{}>",
             P_HTML(takes[i]), P_HTML(takes[i]), P_HTML(takes[i]), P_HTML(takes[i]), P_TEXT(l->p[i].value),
             P_HTML(i == 1 ? " aria-describedby=\"sub1-h\"" : ""));
    if (i == 1)
        page_put(&l->s.g, "<span class=\"s\" id=\"sub1-h\">{}</span>", P_WORD(WORD_LINK_SUB_WHAT));
    page_html(&l->s.g, "</div>\n");
}

static void write_builder(struct links_page *l)
{
    struct page *g = &l->s.g;
    bool open = false;
    for (size_t i = 2; i < TAKES; i++)
        open |= !span_empty(l->p[i].value);
    page_put(g,
             "<form class=\"card\" action=\"/links#ready\">\n<h2>{}</h2>\n<p class=\"s\">{}</p>\n<input "
             "type=\"hidden\" name=\"code\" value=\"{}\">\n",
             P_WORD(WORD_LINK_BUILD), P_NAME(ask_text(l->chosen, "label")), P_TEXT(ask_text(l->chosen, "code")));
    write_deep(l);
    write_take(l, 1);
    page_put(g, "<details{}><summary>{}</summary><div class=\"grid\">\n", P_HTML(open ? " open" : ""),
             P_WORD(WORD_LINK_MORE));
    for (size_t i = 2; i < TAKES; i++)
        write_take(l, i);
    page_put(g, "</div></details>\n<button class=\"b\">{}</button>\n</form>\n", P_WORD(WORD_LINK_SHOW));
}

static void write_ready(struct links_page *l)
{
    const struct span link = link_of(l);
    struct page *g = &l->s.g;
    page_put(g, "<section class=\"card stack\" id=\"ready\">\n<h2>{}</h2>\n", P_WORD(WORD_LINK_READY));
    if (json_is_true(json_object_get(l->chosen, "off")))
        page_put(g, "<p class=\"note wait\">{}</p>\n", P_WORD(WORD_LINK_IS_OFF));
    page_put(g,
             "<div class=\"copy\"><pre class=\"id\" id=\"link\">{}</pre><button class=\"b sm one\" type=\"button\" "
             "data-copy=\"link\" hidden>{}</button></div>\n<p><a href=\"{}{}test=1\" rel=\"noreferrer\">{}</a></p>\n",
             P_TEXT(link), P_WORD(WORD_COPY), P_TEXT(link),
             P_HTML(memchr(link.ptr, '?', link.len) != NULL ? "&amp;" : "?"), P_WORD(WORD_LINK_TEST));
    if (qr_write(g, link, WORD_LINK_QR))
        page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_LINK_PRINT));
    else
        page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_LINK_QR_NONE));
    page_html(g, "</section>\n");
}

static void write_label(struct links_page *l)
{
    struct act_form f;
    act_open(&f, &l->s, &acts[LABEL], ask_text(l->chosen, "code"), "card");
    act_hidden(&f, "contract", ask_text(l->chosen, "contract"));
    act_input(&f, "label", WORD_LINK_LABEL, WORDS, ask_text(l->chosen, "label"), "required maxlength=\"200\"");
    act_close(&f, WORD_LINK_RENAME, "sm");
}

static void write_page(struct links_page *l)
{
    struct page *g = &l->s.g;
    const bool any = catalog_reads(l->rq->catalog, l->rq->caller).n > 0;
    screen_open(&l->s, WORD_LINKS, "/links", NULL);
    page_put(g,
             "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div><p><a class=\"b\" "
             "href=\"/postbacks\">{}</a></p></div>\n",
             P_WORD(WORD_LINKS), P_WORD(any ? WORD_LINKS_WHAT : WORD_NO_CONTRACT_WHAT), P_WORD(WORD_PB));
    if (!any)
        return;
    page_html(g, "<div class=\"two\">\n<div>\n");
    write_codes(l);
    write_new(l);
    page_html(g, "</div>\n<aside class=\"stack\">\n");
    if (l->chosen != NULL && l->chosen_of != NULL) {
        write_ready(l);
        write_builder(l);
        write_label(l);
    }
    page_html(g, "</aside>\n</div>\n");
}

static enum err links_read(struct request *rq, struct reply *reply)
{
    struct links_page l = {.rq = rq};
    for (size_t i = 0; i < PARAMS; i++)
        l.p[i].name = i < TAKES ? takes[i] : i == CONTRACT ? "contract" : "code";
    enum err err = screen_read(&l.s, rq, l.p, PARAMS);
    if (rq->acting != NULL && rq->acting->act == &acts[LABEL]) /* it was refused: where it stands, that is said */
        l.p[CODE] = (struct param){"code", form_value(&rq->acting->form, "id"), true};
    if (err == ERR_OK)
        err = find_contract(&l);
    if (err == ERR_OK)
        err = screen_zone(&l.s, l.k != NULL ? contract_terms(l.k, rq->arrived_ms)->timezone : screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&l);
    if (err == ERR_OK) {
        write_page(&l);
        err = screen_reply(&l.s, reply, act_status(rq));
    }
    json_decref(l.codes);
    json_decref(l.report);
    return err;
}

enum err publishers_alone(struct request *rq)
{
    return rq->caller == NULL || rq->caller->role == ROLE_PUBLISHER
               ? ERR_OK
               : problem(&rq->problem, ERR_FORBIDDEN, "", "this page is the publisher's");
}

enum err links_page_get(struct request *rq, struct reply *reply)
{
    enum err err = publishers_alone(rq);
    return err == ERR_OK ? screen_enter(rq, reply, links_read) : err;
}

enum err links_page_post(struct request *rq, struct reply *reply)
{
    enum err err = publishers_alone(rq);
    return err == ERR_OK ? act_post(rq, reply, acts, ACTS) : err;
}
