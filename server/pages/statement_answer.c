/* A party's answer to a statement: signed in its browser by a key that stays there, or by a command with its ids. */
#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/text.h"
#include "server/pages/act.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"
#include "server/settlement/settlement.h"

enum { LINES_SHOWN = 300, OTHER_FIELDS = 8 };
_Static_assert(LINES_SHOWN + OTHER_FIELDS <= FORM_FIELDS, "all may be ticked at once");

struct answer_page {
    struct request *rq;
    struct screen s;
    char sha256[2 * HASH_LEN + 1];
    json_t *payload, *responses;
    struct span lines; /* JSON lines */
};

static enum err answer_read(struct request *rq, struct reply *reply);

static const struct act_field fields[] = {{"jws", "jws", ACT_TEXT, true}, {NULL}};
static const struct act respond = {.name = "respond",
                                   .call = responses_create,
                                   .in = {ACT_PATH},
                                   .fields = fields,
                                   .again = answer_read,
                                   .to = "/statements/{}"};

/* ---- gathering ---- */

/* What is signed is named by the bytes that were issued. */
static enum err read_statement(struct answer_page *a)
{
    struct span body;
    json_t *jws = NULL;
    uint8_t hash[HASH_LEN], *bytes;
    size_t len = 0;
    struct buf hex;
    enum err err = ask_body(a->rq, statements_get, a->rq->param[0], SPAN(""), &body);
    if (err != ERR_OK)
        return err;
    if (json_read(body, &jws, NULL) != ERR_OK)
        return ERR_INTERNAL;
    const struct span text = ask_text(jws, "payload");
    bytes = arena_alloc(a->rq->arena, text.len + 4);
    err = b64url_decode(text, bytes, text.len + 4, &len) == ERR_OK ? ERR_OK : ERR_INTERNAL;
    json_decref(jws);
    if (err != ERR_OK || json_read(span_of((char *)bytes, len), &a->payload, NULL) != ERR_OK)
        return ERR_INTERNAL;
    sha256(bytes, len, hash);
    buf_fixed(&hex, a->sha256, sizeof a->sha256);
    buf_hex(&hex, hash, sizeof hash);
    return ERR_OK;
}

static enum err gather(struct answer_page *a)
{
    struct request *rq = a->rq;
    if (rq->caller->role != ROLE_ADVERTISER && rq->caller->role != ROLE_PUBLISHER)
        return problem(&rq->problem, ERR_FORBIDDEN, "", "a statement is answered by its two parties");
    enum err err = read_statement(a);
    if (err == ERR_OK)
        err = ask(rq, responses_list, rq->param[0], SPAN(""), &a->responses);
    return err == ERR_OK ? ask_body(rq, statements_lines, rq->param[0], SPAN(""), &a->lines) : err;
}

/* ---- writing ---- */

static void write_line(struct answer_page *a, const struct act_form *f, const json_t *line)
{
    struct page *g = &a->s.g;
    const int64_t index = ask_int(line, "index");
    const enum word status = word_of_status(ask_text(line, "status"));
    char value[24];
    int len = snprintf(value, sizeof value, "%lld", (long long)index);
    page_put(g,
             "<tr><td class=\"pick\"><label><span class=\"vh\">{} {}</span><input type=\"checkbox\" name=\"line\" "
             "value=\"{}\"{}></label></td><th scope=\"row\">{}</th><td data-l=\"{}\">{}</td><td data-l=\"{}\">",
             P_WORD(WORD_LINE_ENTRY), P_INDEX(index), P_INDEX(index),
             P_HTML(act_was_ticked(f, "line", span_of(value, (size_t)len)) ? " checked" : ""), P_COUNT(index),
             P_WORD(WORD_COL_TXID), P_NAME(ask_text(line, "txid")), P_WORD(WORD_FILTER_STATE));
    if (status != WORDS)
        page_put(g, "{}", P_WORD(status));
    page_put(g, "</td><td class=\"n\" data-l=\"{}\">{}</td></tr>\n", P_WORD(WORD_MONEY),
             P_MICROS(ask_int(line, "micros"), ask_text(a->payload, "currency")));
}

/* Those that moved money; how many. */
static size_t write_lines(struct answer_page *a, const struct act_form *f)
{
    struct page *g = &a->s.g;
    struct span rest = a->lines, text;
    size_t n = 0;
    page_put(g, "<h2>{}</h2>\n<p class=\"s\">{}</p>\n", P_WORD(WORD_SG_LINES), P_WORD(WORD_SG_LINES_NONE));
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\"><span class=\"vh\">{}</span></th><th "
             "scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" "
             "class=\"n\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_RV_CHOOSE_ALL), P_WORD(WORD_LINE_ENTRY), P_WORD(WORD_COL_TXID), P_WORD(WORD_FILTER_STATE),
             P_WORD(WORD_MONEY));
    while (n < LINES_SHOWN && text_cut(&rest, '\n', &text)) {
        json_t *line = NULL;
        if (json_read(text, &line, NULL) == ERR_OK && ask_int(line, "micros") != 0) {
            write_line(a, f, line);
            n++;
        }
        json_decref(line);
    }
    page_html(g, "</tbody></table>\n");
    return n;
}

void signing_data(struct screen *s)
{
    static const struct {
        const char *name;
        enum word word;
    } says[] = {{"no-file", WORD_SG_NO_FILE},
                {"bad-file", WORD_SG_BAD_FILE},
                {"other-key", WORD_SG_OTHER_KEY},
                {"same-key", WORD_SG_SAME_KEY},
                {"no-crypto", WORD_SG_NO_CRYPTO}};
    const struct party *p = s->rq->caller;
    page_put(&s->g, " data-issuer=\"{}\" data-party=\"{}\"",
             P_TEXT(span_str(s->rq->worker->server->instance.public_url)), P_TEXT(span_str(p->id)));
    if (p->has_key) {
        page_html(&s->g, " data-x=\"");
        buf_b64url(s->g.out, p->pub, sizeof p->pub);
        page_html(&s->g, "\"");
    }
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        page_put(&s->g, " data-{}=\"{}\"", P_HTML(says[i].name), P_WORD(says[i].word));
}

void signing_file(struct screen *s, enum word label, enum word hint)
{
    page_put(&s->g,
             "<div class=\"f\"><label for=\"key-file\">{}</label><input type=\"file\" id=\"key-file\" "
             "accept=\".jwk,.json,application/json\" aria-describedby=\"key-file-h\"><span class=\"s\" "
             "id=\"key-file-h\">{}</span></div>\n<p class=\"err\" role=\"alert\"></p>\n",
             P_WORD(label), P_WORD(hint));
}

/* With what the script needs, which alone shows it. */
static void write_form(struct answer_page *a)
{
    struct page *g = &a->s.g;
    struct act_form f;
    act_open(&f, &a->s, &respond, SPAN(""), "");
    act_hidden(&f, "jws", SPAN(""));
    page_put(g, "<div class=\"card\" hidden data-sha256=\"{}\" data-no-why=\"{}\"", P_TEXT(span_str(a->sha256)),
             P_WORD(WORD_SG_NO_WHY));
    signing_data(&a->s);
    page_html(g, ">\n");
    signing_file(&a->s, WORD_SG_KEY, WORD_SG_KEY_H);
    page_put(g, "<p class=\"line\"><button class=\"b one\" type=\"button\" data-verdict=\"accept\">{}</button></p>\n",
             P_WORD(WORD_SG_ACCEPT));
    const size_t n = write_lines(a, &f);
    page_put(g,
             "<div class=\"f\"{}><label for=\"further\">{}</label><input id=\"further\" name=\"further\" "
             "inputmode=\"numeric\" value=\"{}\" aria-describedby=\"further-h\"><span class=\"s\" "
             "id=\"further-h\">{}</span></div>\n",
             P_HTML(n < LINES_SHOWN ? " hidden" : ""), P_WORD(WORD_SG_FURTHER),
             P_TEXT(act_value(&f, "further", SPAN(""))), P_SAY(WORD_SG_FURTHER_H, P_COUNT((int64_t)n)));
    page_put(g,
             "<div class=\"f\"><label for=\"reason\">{}</label><input id=\"reason\" name=\"reason\" maxlength=\"500\" "
             "value=\"{}\" aria-describedby=\"reason-h\"><span class=\"s\" id=\"reason-h\">{}</span></div>\n<p "
             "class=\"line\"><button "
             "class=\"b no\" type=\"button\" data-verdict=\"dispute\">{}</button></p>\n</div>\n</form>\n<script "
             "src=\"{}\" defer></script>\n",
             P_WORD(WORD_DECIDE_REASON), P_TEXT(act_value(&f, "reason", SPAN(""))), P_WORD(WORD_SG_REASON_H),
             P_WORD(WORD_SG_DISPUTE), P_TEXT(span_str(sign_address)));
}

static void write_command(struct answer_page *a, const char *id, const char *rest)
{
    page_put(&a->s.g,
             "<div class=\"copy\"><pre id=\"{}\">countersign sign {} {} --key KEY.jwk {}</pre><button class=\"b sm\" "
             "type=\"button\" data-copy=\"{}\" hidden>{}</button></div>\n",
             P_HTML(id), P_TEXT(span_str(a->rq->worker->server->instance.public_url)), P_TEXT(a->rq->param[0]),
             P_HTML(rest), P_HTML(id), P_WORD(WORD_COPY));
}

static void write_commands(struct answer_page *a)
{
    page_put(&a->s.g, "<section class=\"card stack\">\n<h2>{}</h2>\n<p class=\"s\">{} {}</p>\n", P_WORD(WORD_SG_CLI),
             P_WORD(WORD_SG_CLI_WHAT), P_WORD(WORD_SG_CLI_KEY));
    write_command(a, "accept", "--accept");
    write_command(a, "dispute", "--dispute LINES --reason TEXT");
    page_html(&a->s.g, "</section>\n");
}

/* What was said so far. */
static void write_said(struct answer_page *a)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(a->responses, "data"), i,
                       one) if (span_is(ask_text(one, "party"), a->rq->caller->id) &&
                                !span_is(ask_text(one, "verdict"), "none"))
        page_put(&a->s.g, "<div class=\"note\">{}</div>\n",
                 P_SAY(WORD_SG_ALREADY,
                       P_WORD(span_is(ask_text(one, "verdict"), "accept") ? WORD_SG_ACCEPTED : WORD_SG_DISPUTED)));
    if (!a->rq->caller->has_key)
        page_put(&a->s.g, "<div class=\"note bad\"><a href=\"/settings#key\">{}</a></div>\n", P_WORD(WORD_SG_NO_KEY));
}

static void write_page(struct answer_page *a)
{
    struct page *g = &a->s.g;
    screen_open(&a->s, WORD_SG_TITLE, "/statements", "narrow");
    page_put(g,
             "<div class=\"head\"><div><h1>{}</h1><p>{} · <b>{}</b></p><p>{}</p></div><a class=\"b\" "
             "href=\"/statements/{}\">{}</a></div>\n",
             P_SAY(WORD_STATEMENT, P_INDEX(ask_int(a->payload, "number"))),
             P_NAME(ask_text(a->payload, "campaign_name")),
             P_MICROS(rows_micros(a->payload, "payable_minor"), ask_text(a->payload, "currency")), P_WORD(WORD_SG_WHAT),
             P_QUERY(a->rq->param[0]), P_WORD(WORD_SG_READ));
    write_said(a);
    if (a->rq->caller->has_key)
        write_form(a);
    write_commands(a);
}

static enum err answer_read(struct request *rq, struct reply *reply)
{
    struct answer_page a = {.rq = rq};
    enum err err = screen_read(&a.s, rq, NULL, 0);
    if (err == ERR_OK)
        err = gather(&a);
    if (err == ERR_OK)
        err = screen_zone(&a.s, ask_text(a.payload, "timezone"));
    if (err == ERR_OK) {
        write_page(&a);
        err = screen_reply(&a.s, reply, act_status(rq));
    }
    json_decref(a.payload);
    json_decref(a.responses);
    return err;
}

enum err statement_answer_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, answer_read);
}

enum err statement_answer_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &respond, 1);
}
