/* How a publisher's own server reports leads: its secrets, code to copy, what would become of a postback, a test lead.
 */
#include "common/decisions/reason.h"
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"
#include "server/pages/snippets.h"
#include "server/postback/postback.h"

enum { OPTIONS_MOST = 200 };

struct postbacks_page {
    struct request *rq;
    struct screen s;
    json_t *party, *made, *said; /* made: a secret, once; said: of a postback that was tried */
    struct span kid;             /* that snippets have: of what was made now, or any; empty: there is none */
};

static enum err postbacks_read(struct request *rq, struct reply *reply);

/* Browsers send each end of line in a form as two bytes. */
static void add_body(const struct form *f, json_t *body)
{
    const struct span sent = form_value(f, "body");
    struct buf text;
    if (span_empty(sent))
        return;
    buf_heap(&text);
    for (size_t i = 0; i < sent.len; i++)
        if (sent.ptr[i] != '\r' || i + 1 == sent.len || sent.ptr[i + 1] != '\n')
            buf_byte(&text, (uint8_t)sent.ptr[i]);
    json_object_set_new(body, "body", json_stringn(buf_span(&text).ptr, text.len));
    buf_free(&text);
}

/* Of nobody: a name under which no mail arrives (RFC 2606), a number that is given to none. */
static void add_test(const struct form *f, json_t *body)
{
    const struct span once = form_value(f, "once");
    json_object_set_new(body, "test", json_true());
    json_object_set_new(body, "txid", json_sprintf("test-%.*s", (int)(once.len < 32 ? once.len : 32), once.ptr));
    json_object_set_new(body, "email", json_string("test@example.com"));
    json_object_set_new(body, "phone", json_string("+33199001234"));
    json_object_set_new(body, "first_name", json_string("Test"));
    json_object_set_new(body, "last_name", json_string("Test"));
}

static const struct act_field try_fields[] = {
    {"url", "url", ACT_TEXT},
    {"webhook-id", "headers.webhook-id", ACT_TEXT},
    {"webhook-timestamp", "headers.webhook-timestamp", ACT_TEXT},
    {"webhook-signature", "headers.webhook-signature", ACT_TEXT},
    {NULL},
};
static const struct act_field test_fields[] = {{"contract", "contract", ACT_TEXT}, {NULL}};
static const struct act acts[] = {
    {.name = "secret",
     .call = secrets_create,
     .in = {ACT_SELF},
     .again = postbacks_read,
     .show = postbacks_read,
     .to = "/postbacks"},
    {.name = "retire", .call = secrets_delete, .in = {ACT_SELF, "id"}, .again = postbacks_read, .to = "/postbacks"},
    {.name = "try",
     .call = postbacks_explain,
     .fields = try_fields,
     .more = add_body,
     .again = postbacks_read,
     .show = postbacks_read,
     .to = "/postbacks"},
    {.name = "test",
     .call = rows_leads_handle,
     .fields = test_fields,
     .more = add_test,
     .again = postbacks_read,
     .to = "/leads/{}",
     .made = "lead"},
};
enum { SECRET, RETIRE, TRY, TEST, ACTS };

/* ---- gathering ---- */

static enum err answer_of(struct request *rq, int act, json_t **out)
{
    const struct span answer = act_answer(rq, &acts[act]);
    return span_empty(answer) || json_read(answer, out, NULL) == ERR_OK ? ERR_OK : ERR_INTERNAL;
}

static enum err gather(struct postbacks_page *p)
{
    enum err err = ask(p->rq, parties_get, span_str(p->rq->caller->id), SPAN(""), &p->party);
    if (err == ERR_OK)
        err = answer_of(p->rq, SECRET, &p->made);
    if (err == ERR_OK)
        err = answer_of(p->rq, TRY, &p->said);
    if (err != ERR_OK)
        return err;
    const json_t *kids = json_object_get(p->party, "kids");
    const json_t *any = json_array_get(kids, 0);
    p->kid = p->made != NULL ? ask_text(p->made, "kid")
             : any != NULL   ? span_of(json_string_value(any), json_string_length(any))
                             : SPAN("");
    return ERR_OK;
}

/* ---- secrets ---- */

static void write_made(struct postbacks_page *p)
{
    struct page *g = &p->s.g;
    if (p->made == NULL)
        return;
    page_put(
        g,
        "<div class=\"note ok\" role=\"status\"><b>{}</b>\n<dl class=\"stack\"><div><dt class=\"s\">{}</dt><dd><code "
        "class=\"id\">{}</code></dd></div><div><dt class=\"s\">{}</dt><dd class=\"copy\"><pre class=\"id\" "
        "id=\"secret\">{}</pre><button class=\"b sm one\" type=\"button\" data-copy=\"secret\" "
        "hidden>{}</button></dd></div></dl></div>\n",
        P_SAY(WORD_PB_ONCE, P_NAME(p->rq->caller->name)), P_WORD(WORD_PB_KID), P_TEXT(ask_text(p->made, "kid")),
        P_WORD(WORD_INVITE_SECRET), P_TEXT(ask_text(p->made, "postback_secret")), P_WORD(WORD_COPY));
}

static void write_kid(struct postbacks_page *p, struct span kid)
{
    struct act_form f;
    page_put(&p->s.g, "<tr><th scope=\"row\"><code class=\"id\">{}</code></th><td class=\"n\">", P_TEXT(kid));
    act_open(&f, &p->s, &acts[RETIRE], kid, "");
    page_put(&p->s.g, "<button class=\"b sm no\">{}<span class=\"vh\"> {}</span></button></form></td></tr>\n",
             P_WORD(WORD_PB_RETIRE), P_TEXT(kid));
}

static void write_secrets(struct postbacks_page *p)
{
    struct page *g = &p->s.g;
    const json_t *kids = json_object_get(p->party, "kids"), *kid;
    struct act_form f;
    size_t i;
    page_put(g, "<section class=\"card stack\">\n<h2>{}</h2>\n<p class=\"s\">{}</p>\n", P_WORD(WORD_PB_SECRETS),
             P_WORD(WORD_PB_SECRETS_WHAT));
    write_made(p);
    if (json_array_size(kids) > 0) {
        page_put(g,
                 "<table class=\"fit\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\"><span "
                 "class=\"vh\">{}</span></th></tr></thead><tbody>\n",
                 P_WORD(WORD_PB_KID), P_WORD(WORD_PB_RETIRE));
        json_array_foreach(kids, i, kid) write_kid(p, span_of(json_string_value(kid), json_string_length(kid)));
        page_html(g, "</tbody></table>\n");
    }
    act_open(&f, &p->s, &acts[SECRET], SPAN(""), "");
    act_close(&f, WORD_PB_NEW, "");
    page_html(g, "</section>\n");
}

/* ---- code to copy ---- */

static void write_snippets(struct postbacks_page *p)
{
    struct page *g = &p->s.g;
    const struct span url = span_str(p->rq->worker->server->instance.public_url);
    page_put(g, "<section class=\"card\">\n<h2>{}</h2>\n", P_WORD(WORD_PB_SNIPPETS));
    if (span_empty(p->kid)) {
        page_put(g, "<p class=\"s\">{}</p>\n</section>\n", P_WORD(WORD_PB_NO_SECRET));
        return;
    }
    page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_PB_SNIPPETS_WHAT));
    for (size_t i = 0; i < SNIPPETS; i++) {
        struct buf text;
        buf_heap(&text);
        snippet_write(&text, i, url, p->kid);
        page_put(g,
                 "<details{}><summary>{}</summary>\n<div class=\"copy\"><pre id=\"code{}\">{}</pre><button class=\"b "
                 "sm\" type=\"button\" data-copy=\"code{}\" hidden>{}</button></div></details>\n",
                 P_HTML(i == 0 ? " open" : ""), P_HTML(snippet_name(i)), P_INDEX((int64_t)i), P_TEXT(buf_span(&text)),
                 P_INDEX((int64_t)i), P_WORD(WORD_COPY));
        buf_free(&text);
    }
    page_html(g, "</section>\n");
}

/* ---- one that is tried ---- */

static void write_signature(struct postbacks_page *p)
{
    struct page *g = &p->s.g;
    const json_t *sig = json_object_get(p->said, "signature");
    const json_t *hints = json_object_get(sig, "hints"), *hint;
    const struct span expected = ask_text(sig, "expected_text");
    const bool valid = json_is_true(json_object_get(sig, "valid"));
    size_t i;
    page_put(g, "<dt>{}</dt><dd><span class=\"st {}\">{}</span>", P_WORD(WORD_PB_SIGNATURE),
             P_HTML(valid ? "approved" : "rejected"), P_WORD(valid ? WORD_PB_VALID : WORD_PB_INVALID));
    json_array_foreach(hints, i, hint)
    {
        page_html(g, "<span class=\"why\">");
        refusal_detail(g, span_of(json_string_value(hint), json_string_length(hint)));
        page_html(g, "</span>");
    }
    page_html(g, "</dd>\n");
    if (!valid && !span_empty(expected))
        page_put(g, "<dt>{}</dt><dd><pre class=\"id\">{}</pre></dd>\n", P_WORD(WORD_PB_EXPECTED), P_NAME(expected));
}

static void write_outcome(struct postbacks_page *p)
{
    struct page *g = &p->s.g;
    const json_t *decision = json_object_get(p->said, "decision");
    const struct span status = ask_text(decision, "decision"), reason = ask_text(decision, "reason");
    const enum word word = word_of_status(status), why = sentence_of_reason(reason);
    page_put(g, "<dt>{}</dt><dd>", P_WORD(WORD_PB_WOULD));
    if (span_empty(status)) {
        page_put(g, "{} <span class=\"why\">", P_SAY(WORD_PB_REFUSED, P_INDEX(ask_int(decision, "status"))));
        refusal_said(g, ask_text(decision, "field"), ask_text(decision, "detail"));
        page_html(g, "</span></dd>\n");
        return;
    }
    page_put(g, "<span class=\"st {}\">", P_TEXT(status));
    if (word != WORDS)
        page_put(g, "{}", P_WORD(word));
    page_html(g, "</span>");
    if (why != WORDS)
        page_put(g, "<span class=\"why\">{} <code>{}</code></span>", P_WORD(why), P_TEXT(reason));
    if (json_is_true(json_object_get(decision, "replayed")))
        page_put(g, "<span class=\"why\">{}</span>", P_WORD(WORD_PB_REPLAYED));
    page_put(g, "</dd>\n<dt>{}</dt><dd>{}</dd>\n", P_WORD(WORD_PB_PAID),
             P_MICROS(ask_int(decision, "payout_micros"), ask_text(decision, "currency")));
}

static void write_value(struct page *g, const json_t *v)
{
    if (json_is_string(v))
        page_put(g, "{}", P_NAME(span_of(json_string_value(v), json_string_length(v))));
    else if (json_is_integer(v))
        page_put(g, "{}", P_INDEX(json_integer_value(v)));
    else
        page_html(g, json_is_true(v) ? "true" : "–");
}

static void write_fields(struct postbacks_page *p)
{
    struct page *g = &p->s.g;
    const json_t *ignored = json_object_get(p->said, "ignored");
    json_t *fields = json_object_get(p->said, "fields"), *v;
    const char *name;
    size_t i;
    if (json_object_size(fields) > 0)
        page_put(g, "<h3>{}</h3>\n<dl class=\"kv l\">\n", P_WORD(WORD_PB_FIELDS));
    json_object_foreach(fields, name, v)
    {
        page_put(g, "<dt><code>{}</code></dt><dd>", P_TEXT(span_str(name)));
        write_value(g, v);
        page_html(g, "</dd>\n");
    }
    page_html(g, json_object_size(fields) > 0 ? "</dl>\n" : "");
    if (json_array_size(ignored) > 0)
        page_put(g, "<p>{}", P_WORD(WORD_PB_IGNORED));
    json_array_foreach(ignored, i, v)
        page_put(g, " <code>{}</code>", P_NAME(span_of(json_string_value(v), json_string_length(v))));
    page_html(g, json_array_size(ignored) > 0 ? "</p>\n" : "");
}

static void write_said(struct postbacks_page *p)
{
    if (p->said == NULL)
        return;
    page_html(&p->s.g, "<div class=\"note stack\" role=\"status\" id=\"said\">\n<dl class=\"kv l\">\n");
    write_signature(p);
    write_outcome(p);
    page_html(&p->s.g, "</dl>\n");
    write_fields(p);
    page_html(&p->s.g, "</div>\n");
}

/* What was typed stays beside what is said of it. */
static struct span typed(const struct postbacks_page *p, const char *name)
{
    return p->said != NULL ? form_value(&p->rq->acting->form, name) : SPAN("");
}

static void write_try(struct postbacks_page *p)
{
    struct page *g = &p->s.g;
    struct act_form f;
    write_said(p);
    act_open(&f, &p->s, &acts[TRY], SPAN(""), "card");
    page_put(g, "<h2>{}</h2>\n<p class=\"s\">{}</p>\n", P_WORD(WORD_PB_TRY), P_WORD(WORD_PB_TRY_WHAT));
    act_input(&f, "url", WORD_PB_URL, WORDS, typed(p, "url"), "required");
    page_put(g, "<details{}><summary>{}</summary>\n",
             P_HTML(span_empty(act_value(&f, "body", typed(p, "body"))) ? "" : " open"), P_WORD(WORD_PB_JSON));
    act_area(&f, "body", WORD_PB_BODY, WORDS, typed(p, "body"), "rows=\"4\"");
    static const char *const headers[] = {"webhook-id", "webhook-timestamp", "webhook-signature"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        page_put(g,
                 "<div class=\"f\"><label for=\"{}\"><code>{}</code></label><input id=\"{}\" name=\"{}\" "
                 "value=\"{}\"></div>\n",
                 P_HTML(headers[i]), P_HTML(headers[i]), P_HTML(headers[i]), P_HTML(headers[i]),
                 P_TEXT(act_value(&f, headers[i], typed(p, headers[i]))));
    page_html(g, "</details>\n");
    act_close(&f, WORD_PB_EXPLAIN, "one");
}

static void write_test(struct postbacks_page *p)
{
    const struct contract_list all = catalog_reads(p->rq->catalog, p->rq->caller);
    struct act_option *options = arena_alloc(p->rq->arena, OPTIONS_MOST * sizeof *options);
    struct act_form f;
    size_t n = 0;
    if (all.n == 0)
        return;
    for (size_t i = all.n; i-- > 0 && n < OPTIONS_MOST; n++) {
        const struct contract *k = catalog_listed(p->rq->catalog, &all, i);
        options[n] = (struct act_option){span_str(k->id), contract_terms(k, p->rq->arrived_ms)->name};
    }
    act_open(&f, &p->s, &acts[TEST], SPAN(""), "card");
    page_put(&p->s.g, "<h2>{}</h2>\n<p class=\"s\">{}</p>\n", P_WORD(WORD_PB_TEST), P_WORD(WORD_PB_TEST_WHAT));
    act_choice(&f, "contract", WORD_LINK_OFFER, WORDS, SPAN(""), options, n);
    act_close(&f, WORD_PB_TEST, "");
}

static void write_page(struct postbacks_page *p)
{
    struct page *g = &p->s.g;
    screen_open(&p->s, WORD_PB, "/links", NULL);
    page_put(g,
             "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n<div class=\"two\">\n<div "
             "class=\"stack\">\n",
             P_WORD(WORD_PB), P_WORD(WORD_PB_WHAT));
    write_try(p);
    write_snippets(p);
    page_html(g, "</div>\n<aside class=\"stack\">\n");
    write_secrets(p);
    write_test(p);
    page_html(g, "</aside>\n</div>\n");
}

static enum err postbacks_read(struct request *rq, struct reply *reply)
{
    struct postbacks_page p = {.rq = rq};
    enum err err = screen_read(&p.s, rq, NULL, 0);
    if (err == ERR_OK)
        err = screen_zone(&p.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&p);
    if (err == ERR_OK) {
        write_page(&p);
        err = screen_reply(&p.s, reply, act_status(rq));
    }
    json_decref(p.party);
    json_decref(p.made);
    json_decref(p.said);
    return err;
}

enum err postbacks_page_get(struct request *rq, struct reply *reply)
{
    enum err err = publishers_alone(rq);
    return err == ERR_OK ? screen_enter(rq, reply, postbacks_read) : err;
}

enum err postbacks_page_post(struct request *rq, struct reply *reply)
{
    enum err err = publishers_alone(rq);
    return err == ERR_OK ? act_post(rq, reply, acts, ACTS) : err;
}
