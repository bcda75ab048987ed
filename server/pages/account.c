/* A party: who may act as it, and where it is told what happens. Its own settings, and, for the operator, everyone's.
 */
#include "server/pages/account.h"

#include "common/base/query.h"
#include "server/api/api.h"
#include "server/catalog/scopes.h"
#include "server/commit/credentials.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"
#include "server/pages/shown.h"

static const struct scope_word {
    unsigned bit;
    const char *name;
    enum word word;
} scope_words[] = {
    {MAY_CAMPAIGNS, "campaigns", WORD_SCOPE_CAMPAIGNS},
    {MAY_CLOCK, "clock", WORD_SCOPE_CLOCK},
    {MAY_CODES, "codes", WORD_SCOPE_CODES},
    {MAY_CREDENTIALS, "credentials", WORD_SCOPE_CREDENTIALS},
    {MAY_ERASURES, "erasures", WORD_SCOPE_ERASURES},
    {MAY_GRANTS, "grants", WORD_SCOPE_GRANTS},
    {MAY_OPERATORS, "operators", WORD_SCOPE_OPERATORS},
    {MAY_PARTIES, "parties", WORD_SCOPE_PARTIES},
    {MAY_SETTLEMENT, "settlement", WORD_SCOPE_SETTLEMENT},
    {MAY_UPKEEP, "upkeep", WORD_SCOPE_UPKEEP},
};
enum { SCOPE_WORDS = sizeof scope_words / sizeof *scope_words };
_Static_assert((int)SCOPE_WORDS == (int)SCOPES, "each scope has a word");

static const struct notice_kind {
    const char *name;
    enum word word;
} notice_kinds[] = {
    {"statement", WORD_NOTICE_STATEMENT}, {"budget", WORD_NOTICE_BUDGET},   {"cap", WORD_NOTICE_CAP},
    {"quiet", WORD_NOTICE_QUIET},         {"refused", WORD_NOTICE_REFUSED}, {"webhook", WORD_NOTICE_WEBHOOK}};
enum { NOTICE_KINDS = sizeof notice_kinds / sizeof *notice_kinds };

/* ---- the forms ---- */

/* Words of one text: those of the fields that are ticked. */
static void add_scope(const struct form *f, json_t *body)
{
    struct buf text;
    buf_heap(&text);
    for (size_t i = 0; i < f->n; i++)
        if (span_is(f->field[i].name, "scope")) {
            buf_str(&text, text.len > 0 ? " " : "");
            buf_span_add(&text, f->field[i].value);
        }
    if (text.len > 0)
        json_object_set_new(body, "scope", json_stringn(text.ptr, text.len));
    buf_free(&text);
}

/* What is empty is taken away: all of it stands in the form. */
static void add_legal(const struct form *f, json_t *body)
{
    static const char *const members[] = {"address", "country", "email", "exemption", "name", "vat_id"};
    json_t *legal = json_object_get(body, "legal");
    if (legal == NULL) {
        legal = json_object();
        json_object_set_new(body, "legal", legal);
    }
    (void)f;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_object_get(legal, members[i]) == NULL)
            json_object_set_new(legal, members[i], json_null());
}

static const struct act_field token_fields[] = {
    {"label", "label", ACT_TEXT}, {"expires", "expires_at", ACT_TIME}, {NULL}};
static const struct act_field key_fields[] = {
    {"jws", "jws", ACT_TEXT, true}, {"previous", "previous_jws", ACT_TEXT}, {NULL}};
static const struct act_field hook_fields[] = {{"url", "url", ACT_TEXT}, {"macro", "macro_url", ACT_TEXT}, {NULL}};
static const struct act_field notice_fields[] = {
    {"email", "email", ACT_TEXT}, {"kinds", "kinds", ACT_LIST, true}, {"language", "language", ACT_TEXT}, {NULL}};
static const struct act_field name_fields[] = {{"name", "name", ACT_TEXT}, {NULL}};
static const struct act_field legal_fields[] = {{"name", "legal.name", ACT_TEXT},
                                                {"address", "legal.address", ACT_TEXT},
                                                {"country", "legal.country", ACT_TEXT},
                                                {"vat_id", "legal.vat_id", ACT_TEXT},
                                                {"email", "legal.email", ACT_TEXT},
                                                {"exemption", "legal.exemption", ACT_TEXT},
                                                {NULL}};

enum {
    TOKEN_NEW,
    TOKEN_END,
    SECRET_NEW,
    SECRET_END,
    KEY_PUT,
    INVITE_NEW,
    INVITE_END,
    HOOK_PUT,
    HOOK_END,
    HOOK_TEST,
    NOTICES_PUT,
    NOTICES_END,
    RENAME,
    LEGAL,
    LOCK,
    UNLOCK,
    ACTS
};

/* Each names its party in a field: the call says whether the caller may. */
static const struct act acts[ACTS] = {
    [TOKEN_NEW] = {"token", party_tokens_create, {"party"}, token_fields, add_scope, account_read, shown_read},
    [TOKEN_END] = {"end-token", party_tokens_delete, {"party", "id"}, .again = account_read},
    [SECRET_NEW] = {"secret", secrets_create, {"party"}, .again = account_read, .show = shown_read},
    [SECRET_END] = {"end-secret", secrets_delete, {"party", "id"}, .again = account_read},
    [KEY_PUT] = {"key", party_key_put, {"party"}, key_fields, .again = account_read, .to = "/settings"},
    [INVITE_NEW] = {"invite", invitations_create, {"party"}, .again = account_read, .show = shown_read},
    [INVITE_END] = {"end-invite", invitations_delete, {"party", "id"}, .again = account_read},
    [HOOK_PUT] = {"hook", webhook_put, {"party"}, hook_fields, .again = account_read},
    [HOOK_END] = {"end-hook", webhook_delete, {"party"}, .again = account_read},
    [HOOK_TEST] = {"try-hook", webhook_test, {"party"}, .again = account_read, .to = "/deliveries"},
    [NOTICES_PUT] = {"notices", notices_put, {"party"}, notice_fields, .again = account_read},
    [NOTICES_END] = {"end-notices", notices_delete, {"party"}, .again = account_read},
    [RENAME] = {"rename", parties_patch, {"party"}, name_fields, .again = account_read},
    [LEGAL] = {"legal", parties_patch, {"party"}, legal_fields, add_legal, account_read},
    [LOCK] = {"lock", lock_create, {"party"}, .again = account_read},
    [UNLOCK] = {"unlock", lock_delete, {"party"}, .again = account_read},
};

/* ---- what is asked ---- */

struct account {
    struct request *rq;
    struct screen s;
    struct param zone;
    struct span id;
    bool own;     /* its own settings */
    unsigned may; /* of the caller's token */
    json_t *party, *tokens, *invitations, *webhook, *notices;
};

static void account_close(struct account *a)
{
    json_decref(a->party);
    json_decref(a->tokens);
    json_decref(a->invitations);
    json_decref(a->webhook);
    json_decref(a->notices);
}

static enum err gather(struct account *a)
{
    const struct {
        asked *of;
        json_t **out;
    } all[] = {{parties_get, &a->party},
               {party_tokens_list, &a->tokens},
               {invitations_list, &a->invitations},
               {webhook_get, &a->webhook},
               {notices_get, &a->notices}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        enum err err = ask(a->rq, all[i].of, a->id, SPAN(""), all[i].out);
        if (err != ERR_OK && !(err == ERR_NOT_FOUND && i > 0)) /* a party without a webhook */
            return err;
        a->rq->problem = (struct problem){0};
    }
    return ERR_OK;
}

/* ---- the page ---- */

static void card(struct account *a, const char *id, enum word title, enum word what)
{
    page_put(&a->s.g, "<section class=\"card\" id=\"{}\">\n<h2>{}</h2>\n", P_HTML(id), P_WORD(title));
    if (what != WORDS)
        page_put(&a->s.g, "<p class=\"s f\">{}</p>\n", P_WORD(what));
}

static void open_form(struct act_form *f, struct account *a, size_t act, struct span id, const char *class)
{
    act_open(f, &a->s, &acts[act], id, class);
    act_hidden(f, "party", a->id);
}

/* A form that is one button. */
static void button(struct account *a, size_t act, struct span id, enum word word, const char *class)
{
    struct act_form f;
    open_form(&f, a, act, id, "");
    act_close(&f, word, class);
}

static bool may(const struct account *a, unsigned scope)
{
    return (a->may & scope) != 0;
}

static void write_scope(struct account *a, struct span scope)
{
    bool any = false;
    for (size_t i = 0; i < SCOPE_WORDS; i++) {
        struct span name = span_str(scope_words[i].name);
        if (memmem(scope.ptr, scope.len, name.ptr, name.len) == NULL)
            continue;
        page_put(&a->s.g, "{}{}", P_HTML(any ? "; " : ""), P_WORD(scope_words[i].word));
        any = true;
    }
    if (!any)
        page_put(&a->s.g, "{}", P_WORD(WORD_SET_SCOPE_NONE));
}

static void write_token(struct account *a, const json_t *one, struct span mine)
{
    struct page *g = &a->s.g;
    const struct span id = ask_text(one, "id"), label = ask_text(one, "label"), maker = ask_text(one, "made_by");
    int64_t used_ms = ask_time(one, "last_used_at"), expires_ms = ask_time(one, "expires_at");
    page_html(g, "<tr><th scope=\"row\">");
    if (span_empty(label))
        page_put(g, "<span class=\"s\">{}</span>", P_WORD(WORD_SET_NO_LABEL));
    else
        page_put(g, "{}", P_NAME(label));
    page_put(g, "<span class=\"why\"><code>{}</code></span></th><td data-l=\"{}\">", P_TEXT(id),
             P_WORD(WORD_SET_LAST_USE));
    if (span_eq(id, mine))
        page_put(g, "<b>{}</b>", P_WORD(WORD_SET_THIS));
    else if (used_ms != 0)
        page_put(g, "{}", P_TIME(used_ms));
    else
        page_put(g, "{}", P_WORD(WORD_SET_NEVER));
    page_put(g, "</td><td data-l=\"{}\">", P_WORD(WORD_SET_EXPIRES));
    if (expires_ms != 0)
        page_put(g, "{}", P_TIME(expires_ms));
    else
        page_html(g, "–");
    page_put(g, "</td><td data-l=\"{}\"><span>{}", P_WORD(WORD_SET_MADE), P_DAY(ask_time(one, "created_at")));
    if (!span_empty(maker))
        page_put(g, "<span class=\"why\">{}</span>", P_SAY(WORD_SET_MADE_BY, P_TEXT(maker)));
    page_put(g, "</span></td><td data-l=\"{}\"><span class=\"s\">", P_WORD(WORD_SET_SCOPE));
    write_scope(a, ask_text(one, "scope"));
    page_html(g, "</span></td><td class=\"n\">");
    if (may(a, MAY_CREDENTIALS) || span_eq(id, mine))
        button(a, TOKEN_END, id, WORD_SET_END, "no sm");
    page_html(g, "</td></tr>\n");
}

static void tick_of(struct account *a, const char *name, const char *value, enum word word, bool on)
{
    page_put(&a->s.g,
             "<div class=\"f\"><label class=\"tick\"><input type=\"checkbox\" name=\"{}\" value=\"{}\"{}> "
             "{}</label></div>\n",
             P_HTML(name), P_HTML(value), P_HTML(on ? " checked" : ""), P_WORD(word));
}

/* What the caller may give, of what the party has calls of. */
static unsigned may_give(const struct account *a)
{
    const struct party *p = catalog_party(a->rq->catalog, a->id);
    return p != NULL ? a->may & scopes_of(p->role) : 0;
}

static void write_new_token(struct account *a)
{
    const unsigned given = may_give(a);
    struct act_form f;
    struct page *g = &a->s.g;
    page_put(g, "<details{}><summary>{}</summary>\n",
             P_HTML(a->rq->acting != NULL && a->rq->acting->act == &acts[TOKEN_NEW] ? " open" : ""),
             P_WORD(WORD_SET_TOKEN_NEW));
    open_form(&f, a, TOKEN_NEW, SPAN(""), "");
    page_html(g, "<div class=\"grid\">\n");
    act_input(&f, "label", WORD_SET_LABEL, WORD_SET_LABEL_HINT, SPAN(""), "maxlength=\"100\"");
    act_input(&f, "expires", WORD_SET_EXPIRES_ON, WORD_SET_EXPIRES_HINT, SPAN(""), "type=\"date\"");
    page_put(g, "</div>\n<fieldset class=\"ticks\"><legend>{}</legend><p class=\"s\">{}</p>\n", P_WORD(WORD_SET_SCOPE),
             P_WORD(WORD_SET_SCOPE_HINT));
    for (size_t i = 0; i < SCOPE_WORDS; i++)
        if (given & scope_words[i].bit)
            tick_of(a, "scope", scope_words[i].name, scope_words[i].word,
                    act_was_ticked(&f, "scope", span_str(scope_words[i].name)));
    page_html(g, "</fieldset>\n");
    act_close(&f, WORD_SET_TOKEN_NEW, "one");
    page_html(g, "</details>\n");
}

static void write_tokens(struct account *a)
{
    struct page *g = &a->s.g;
    char mem[LIMIT_ID + 1];
    const json_t *one;
    size_t i;
    credential_id(a->rq->token->sha256, mem);
    card(a, "tokens", WORD_SET_TOKENS, WORD_SET_TOKENS_WHAT);
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\"><span "
             "class=\"vh\">{}</span></th></tr></thead><tbody>\n",
             P_WORD(WORD_SET_LABEL), P_WORD(WORD_SET_LAST_USE), P_WORD(WORD_SET_EXPIRES), P_WORD(WORD_SET_MADE),
             P_WORD(WORD_SET_SCOPE), P_WORD(WORD_SET_END));
    json_array_foreach(json_object_get(a->tokens, "data"), i, one) write_token(a, one, span_str(mem));
    page_html(g, "</tbody></table>\n");
    if (may(a, MAY_CREDENTIALS))
        write_new_token(a);
    page_html(g, "</section>\n");
}

/* Auditors and operators send no postbacks, and are sent no events. */
static bool is_market(const struct account *a)
{
    const struct span kind = ask_text(a->party, "kind");
    return span_is(kind, "advertiser") || span_is(kind, "publisher");
}

static void write_secrets(struct account *a)
{
    const json_t *kids = json_object_get(a->party, "kids"), *one;
    struct page *g = &a->s.g;
    size_t i;
    if (!is_market(a) && json_array_size(kids) == 0)
        return;
    card(a, "secrets", WORD_SET_SECRETS, WORD_SET_SECRETS_WHAT);
    if (json_array_size(kids) == 0)
        page_put(g, "<p class=\"f\">{}</p>\n", P_WORD(WORD_SET_SECRET_NONE));
    page_html(g, "<table class=\"fit\"><tbody>\n");
    json_array_foreach(kids, i, one)
    {
        const struct span kid = span_of(json_string_value(one), json_string_length(one));
        page_put(g, "<tr><th scope=\"row\"><code class=\"id\">{}</code></th><td class=\"n\">", P_TEXT(kid));
        if (may(a, MAY_CREDENTIALS))
            button(a, SECRET_END, kid, WORD_SET_RETIRE, "no sm");
        page_html(g, "</td></tr>\n");
    }
    page_html(g, "</tbody></table>\n");
    if (is_market(a) && may(a, MAY_CREDENTIALS))
        button(a, SECRET_NEW, SPAN(""), WORD_SET_SECRET_NEW, "");
    page_html(g, "</section>\n");
}

static void write_old_file(struct page *g)
{
    page_put(g,
             "<div class=\"f\"><label for=\"old-file\">{}</label><input type=\"file\" id=\"old-file\" "
             "accept=\".jwk,.json,application/json\" aria-describedby=\"old-file-h\"><span class=\"s\" "
             "id=\"old-file-h\">{}</span></div>\n",
             P_WORD(WORD_SET_KEY_OLD), P_WORD(WORD_SET_KEY_OLD_WHAT));
}

/* Made and put on record by the browser, perhaps in the place of another: what the script needs, which alone shows it.
 */
static void write_key_form(struct account *a, bool swaps)
{
    struct act_form f;
    struct page *g = &a->s.g;
    open_form(&f, a, KEY_PUT, SPAN(""), "");
    act_hidden(&f, "jws", SPAN(""));
    if (swaps)
        act_hidden(&f, "previous", SPAN(""));
    page_put(g, "<div hidden data-save=\"countersign-{}.jwk\"", P_TEXT(a->id));
    signing_data(&a->s);
    page_put(g,
             ">\n<p class=\"s\">{}</p>\n<p class=\"line f\"><button class=\"b\" type=\"button\" "
             "data-verdict=\"make\">{}</button></p>\n",
             P_WORD(WORD_SET_KEY_MAKE_WHAT), P_WORD(WORD_SET_KEY_MAKE));
    if (swaps)
        write_old_file(g);
    signing_file(&a->s, swaps ? WORD_SET_KEY_NEW : WORD_SG_KEY, WORD_SET_KEY_PUT_WHAT);
    page_put(g,
             "<p class=\"line f\"><button class=\"b one\" type=\"button\" "
             "data-verdict=\"enrol\">{}</button></p>\n</div>\n</form>\n<script src=\"{}\" defer></script>\n",
             P_WORD(swaps ? WORD_SET_KEY_SWAP : WORD_SET_KEY_PUT), P_TEXT(span_str(sign_address)));
}

static void write_key_commands(struct account *a, bool swaps)
{
    const char *url = a->rq->worker->server->instance.public_url;
    struct buf text;
    page_put(&a->s.g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_SG_CLI));
    arena_buf(a->rq->arena, &text, 256 + strlen(url));
    if (swaps)
        buf_printf(
            &text,
            "countersign keygen next.key\ncountersign enrol %s --key next.key --old party.key --token \"$TOKEN\"", url);
    else
        buf_printf(&text, "countersign keygen party.key\ncountersign enrol %s --key party.key --token \"$TOKEN\"", url);
    shown_copy(&a->s, "enrol", buf_span(&text));
}

static void write_replace(struct account *a)
{
    const struct acting *sent = a->rq->acting;
    const bool open = sent != NULL && sent->act == &acts[KEY_PUT] && sent->err != ERR_OK;
    page_put(&a->s.g, "<details{}><summary>{}</summary>\n<p class=\"s f\">{}</p>\n", P_HTML(open ? " open" : ""),
             P_WORD(WORD_SET_KEY_REPLACE), P_WORD(WORD_SET_KEY_REPLACE_WHAT));
    write_key_form(a, true);
    write_key_commands(a, true);
    page_html(&a->s.g, "</details>\n");
}

/* Of those who sign: the two parties of a contract. */
static void write_key(struct account *a)
{
    const json_t *key = json_object_get(a->party, "key");
    const struct span kind = ask_text(a->party, "kind");
    if (key == NULL && !span_is(kind, "publisher") && !span_is(kind, "advertiser"))
        return;
    card(a, "key", WORD_SET_KEY, WORD_SET_KEY_WHAT);
    if (key != NULL) {
        page_hand(&a->s.g, ask_text(key, "kid"));
        page_put(&a->s.g, "<p><code class=\"id\">{}</code></p>\n", P_TEXT(ask_text(key, "kid")));
        if (a->own && may(a, MAY_CREDENTIALS))
            write_replace(a);
        page_html(&a->s.g, "</section>\n");
        return;
    }
    page_put(&a->s.g, "<p class=\"f\">{}</p>\n", P_WORD(WORD_SET_KEY_NONE));
    if (a->own && may(a, MAY_CREDENTIALS))
        write_key_form(a, false);
    write_key_commands(a, false);
    page_html(&a->s.g, "</section>\n");
}

/* Where another party's go the operator sees, and does not say. */
static void write_webhook(struct account *a)
{
    const struct span url = ask_text(a->webhook, "url"), macro = ask_text(a->webhook, "macro_url");
    struct act_form f;
    if (!is_market(a) || (!a->own && span_empty(url) && span_empty(macro)))
        return;
    card(a, "webhook", WORD_SET_HOOK, WORD_SET_HOOK_WHAT);
    if (!span_empty(ask_text(a->webhook, "public_key"))) {
        page_put(&a->s.g, "<div class=\"f\"><b>{}</b>", P_WORD(WORD_SET_HOOK_KEY));
        shown_copy(&a->s, "hook-key", ask_text(a->webhook, "public_key"));
        page_html(&a->s.g, "</div>\n");
    }
    if (!a->own)
        page_put(&a->s.g, "<p class=\"id\">{}<br>{}</p>\n", P_TEXT(url), P_TEXT(macro));
    else if (may(a, MAY_CREDENTIALS)) {
        open_form(&f, a, HOOK_PUT, SPAN(""), "");
        act_input(&f, "url", WORD_SET_HOOK_URL, WORDS, url, "type=\"url\" placeholder=\"https://\"");
        act_input(&f, "macro", WORD_SET_HOOK_MACRO, WORD_SET_HOOK_MACRO_HINT, macro, "");
        act_close(&f, WORD_SET_SAVE, "");
    }
    if (a->own && (!span_empty(url) || !span_empty(macro))) {
        page_html(&a->s.g, "<div class=\"line\">\n");
        button(a, HOOK_TEST, SPAN(""), WORD_SET_HOOK_TEST, "sm");
        if (may(a, MAY_CREDENTIALS))
            button(a, HOOK_END, SPAN(""), WORD_SET_REMOVE, "no sm");
        page_html(&a->s.g, "</div>\n");
    }
    page_html(&a->s.g, "</section>\n");
}

static bool has_kind(const json_t *notices, const char *kind)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(notices, "kinds"), i,
                       one) if (strcmp(json_string_value(one), kind) == 0) return true;
    return false;
}

static void write_notice_form(struct account *a)
{
    static const struct act_option languages[] = {
        {{"en", 2}, {"English", 7}}, {{"fr", 2}, {"Français", 9}}, {{"zh-Hans", 7}, {"中文", 6}}};
    struct act_form f;
    const struct span said = ask_text(a->notices, "language");
    open_form(&f, a, NOTICES_PUT, SPAN(""), "");
    page_html(&a->s.g, "<div class=\"grid\">\n");
    act_input(&f, "email", WORD_SET_EMAIL, WORDS, ask_text(a->notices, "email"),
              "type=\"email\" autocomplete=\"email\"");
    act_choice(&f, "language", WORD_LANGUAGE, WORDS, span_empty(said) ? span_str(language_word(a->s.g.language)) : said,
               languages, LANGUAGES);
    page_put(&a->s.g, "</div>\n<fieldset class=\"ticks\"><legend>{}</legend>\n", P_WORD(WORD_SET_KINDS));
    for (size_t i = 0; i < NOTICE_KINDS; i++)
        tick_of(a, "kinds", notice_kinds[i].name, notice_kinds[i].word,
                f.refused != NULL ? act_was_ticked(&f, "kinds", span_str(notice_kinds[i].name))
                                  : has_kind(a->notices, notice_kinds[i].name));
    page_html(&a->s.g, "</fieldset>\n");
    act_close(&f, WORD_SET_SAVE, "");
}

static void write_notices(struct account *a)
{
    const enum seat seat = a->s.frame.seat;
    bool sends = a->rq->worker->settings->options.smtp_url.text[0] != '\0';
    card(a, "notices", WORD_SET_NOTICES, WORDS);
    if (!sends)
        page_put(&a->s.g, "<p class=\"s f\">{}</p>\n", P_WORD(WORD_SET_NOTICES_NONE));
    else if (seat != SEAT_AUDITOR && seat != SEAT_OPERATOR && may(a, MAY_CREDENTIALS))
        write_notice_form(a);
    else if (!span_empty(ask_text(a->notices, "email")))
        page_put(&a->s.g, "<p>{}</p>\n", P_NAME(ask_text(a->notices, "email")));
    if (seat != SEAT_AUDITOR && seat != SEAT_OPERATOR && !span_empty(ask_text(a->notices, "email")))
        button(a, NOTICES_END, SPAN(""), WORD_SET_REMOVE, "no sm");
    page_html(&a->s.g, "</section>\n");
}

static void write_invitations(struct account *a)
{
    const json_t *one;
    struct page *g = &a->s.g;
    size_t i;
    card(a, "invitations", WORD_SET_INVITES, WORD_SET_INVITES_WHAT);
    page_html(g, "<table class=\"fit\"><tbody>\n");
    json_array_foreach(json_object_get(a->invitations, "data"), i, one)
    {
        const int64_t until_ms = ask_time(one, "expires_at");
        page_put(g, "<tr><th scope=\"row\"><code>{}</code></th><td>{} {}</td><td class=\"n\">",
                 P_TEXT(ask_text(one, "id")),
                 P_WORD(until_ms > a->rq->arrived_ms ? WORD_SET_EXPIRES : WORD_SET_EXPIRED), P_TIME(until_ms));
        if (may(a, MAY_CREDENTIALS))
            button(a, INVITE_END, ask_text(one, "id"), WORD_SET_WITHDRAW, "no sm");
        page_html(g, "</td></tr>\n");
    }
    page_html(g, "</tbody></table>\n");
    if (may(a, MAY_CREDENTIALS))
        button(a, INVITE_NEW, SPAN(""), WORD_SET_INVITE_NEW, "");
    page_html(g, "</section>\n");
}

static void write_legal(struct account *a)
{
    const json_t *legal = json_object_get(a->party, "legal");
    struct act_form f;
    card(a, "legal", WORD_SET_LEGAL, WORD_SET_LEGAL_WHAT);
    if (!may(a, MAY_PARTIES)) {
        page_html(&a->s.g, "</section>\n");
        return;
    }
    open_form(&f, a, LEGAL, SPAN(""), "");
    act_input(&f, "name", WORD_SET_LEGAL_NAME, WORDS, ask_text(legal, "name"), "autocomplete=\"organization\"");
    act_area(&f, "address", WORD_SET_ADDRESS, WORDS, ask_text(legal, "address"), "rows=\"3\"");
    page_html(&a->s.g, "<div class=\"grid\">\n");
    act_input(&f, "country", WORD_SET_COUNTRY, WORDS, ask_text(legal, "country"), "maxlength=\"2\"");
    act_input(&f, "vat_id", WORD_SET_VAT, WORDS, ask_text(legal, "vat_id"), "");
    act_input(&f, "email", WORD_SET_EMAIL, WORDS, ask_text(legal, "email"), "type=\"email\"");
    act_input(&f, "exemption", WORD_SET_EXEMPTION, WORDS, ask_text(legal, "exemption"), "");
    page_html(&a->s.g, "</div>\n");
    act_close(&f, WORD_SET_SAVE, "");
    page_html(&a->s.g, "</section>\n");
}

/* Of the operator alone, and not of himself. */
static void write_operators(struct account *a)
{
    const int64_t locked_ms = ask_time(a->party, "locked_at");
    struct act_form f;
    card(a, "name", WORD_SET_NAME, WORDS);
    open_form(&f, a, RENAME, SPAN(""), "");
    act_input(&f, "name", WORD_SET_NAME, WORDS, ask_text(a->party, "name"), "required");
    act_close(&f, WORD_SET_RENAME, "");
    page_html(&a->s.g, "</section>\n");
    card(a, "lock", WORD_SET_LOCK, locked_ms == 0 ? WORD_SET_LOCK_WHAT : WORDS);
    if (locked_ms != 0)
        page_put(&a->s.g, "<div class=\"note bad\">{}</div>\n", P_SAY(WORD_SET_LOCKED, P_TIME(locked_ms)));
    button(a, locked_ms != 0 ? UNLOCK : LOCK, SPAN(""), locked_ms != 0 ? WORD_SET_UNLOCK_DO : WORD_SET_LOCK_DO,
           locked_ms != 0 ? "" : "no");
    page_html(&a->s.g, "</section>\n");
}

static void write_shown(struct account *a)
{
    struct page *g = &a->s.g;
    static const char *const names[LANGUAGES] = {
        [LANGUAGE_EN] = "English", [LANGUAGE_FR] = "Français", [LANGUAGE_ZH] = "中文"};
    card(a, "view", WORD_SET_SHOW, WORD_SET_SHOW_WHAT);
    page_put(g,
             "<form action=\"/settings\">\n<div class=\"f\"><label for=\"lang\">{}</label><select id=\"lang\" "
             "name=\"lang\">",
             P_WORD(WORD_LANGUAGE));
    for (enum language l = 0; l < LANGUAGES; l++)
        page_put(g, "<option value=\"{}\"{}>{}</option>", P_TEXT(span_str(language_word(l))),
                 P_HTML(l == g->language ? " selected" : ""), P_HTML(names[l]));
    page_put(g,
             "</select></div>\n<div class=\"f\"><label for=\"zone\">{}</label><input id=\"zone\" name=\"zone\" "
             "value=\"{}\" aria-describedby=\"zone-h\"><span class=\"s\" id=\"zone-h\">{}</span></div>\n<button "
             "class=\"b\">{}</button>\n</form>\n</section>\n",
             P_WORD(WORD_ZONE), P_TEXT(a->s.frame.zone), P_WORD(WORD_SET_ZONE_HINT), P_WORD(WORD_SET_SAVE));
}

static void write_head(struct account *a)
{
    page_put(&a->s.g,
             "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n<dl class=\"card kv l\"><dt>{}</dt><dd><code "
             "class=\"id\">{}</code></dd><dt>{}</dt><dd>{}</dd></dl>\n",
             a->own ? P_WORD(WORD_SETTINGS) : P_NAME(ask_text(a->party, "name")),
             P_SAY(WORD_SET_WHAT, P_NAME(ask_text(a->party, "name"))), P_WORD(WORD_SET_ID), P_TEXT(a->id),
             P_WORD(WORD_SET_SINCE), P_DAY(ask_time(a->party, "created_at")));
    if (a->own)
        page_put(&a->s.g, "<p class=\"line\"><a href=\"/audit\">{}</a>", P_WORD(WORD_AUDIT_LOG));
    if (a->own && a->s.frame.seat != SEAT_AUDITOR)
        page_put(&a->s.g, "<a href=\"/refused\">{}</a>", P_WORD(WORD_ACT_TITLE));
    page_html(&a->s.g, a->own ? "</p>\n" : "");
    if (!may(a, MAY_CREDENTIALS))
        page_put(&a->s.g, "<div class=\"note\">{}</div>\n", P_WORD(WORD_SET_MAY_NOT));
}

static void write_page(struct account *a)
{
    screen_open(&a->s, a->own ? WORD_SETTINGS : WORD_INVITE_PARTY, a->own ? "/settings" : "/parties", NULL);
    write_head(a);
    write_tokens(a);
    page_html(&a->s.g, "<div class=\"half\">\n<div>\n");
    write_secrets(a);
    write_key(a);
    write_notices(a);
    if (a->own)
        write_shown(a);
    else if (a->s.frame.seat == SEAT_OPERATOR)
        write_operators(a);
    page_html(&a->s.g, "</div>\n<div>\n");
    write_invitations(a);
    write_webhook(a);
    write_legal(a);
    page_html(&a->s.g, "</div>\n</div>\n");
}

/* A zone that is chosen is kept by the browser; an empty one is forgotten. */
static enum err keep_zone(struct account *a, struct reply *reply)
{
    struct buf b;
    int64_t offset_s;
    if (!a->zone.given)
        return ERR_OK;
    if (!span_empty(a->zone.value) && zones_offset(a->s.zones, a->zone.value, a->rq->arrived_ms, &offset_s) != ERR_OK)
        return problem(&a->rq->problem, ERR_MALFORMED, "zone", "must be an IANA time zone, such as Europe/Paris");
    arena_buf(a->rq->arena, &b, 96 + a->zone.value.len);
    buf_str(&b, "tz=");
    buf_span_add(&b, a->zone.value);
    buf_str(&b, "; Path=/; HttpOnly; SameSite=Lax; Max-Age=");
    buf_str(&b, span_empty(a->zone.value) ? "0" : "31536000");
    reply_header(reply, "Set-Cookie", buf_span(&b));
    return ERR_OK;
}

enum err account_read(struct request *rq, struct reply *reply)
{
    struct account a = {.rq = rq, .zone = {.name = "zone"}, .may = rq->token->scopes};
    enum err err = screen_read(&a.s, rq, &a.zone, 1);
    a.own = span_empty(rq->param[0]);
    a.id = a.own ? span_str(rq->caller->id) : rq->param[0];
    if (err == ERR_OK)
        err = screen_zone(&a.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = keep_zone(&a, reply);
    if (err == ERR_OK && a.zone.given && !span_empty(a.zone.value))
        a.s.frame.zone = a.zone.value;
    if (err == ERR_OK)
        err = gather(&a);
    if (err == ERR_OK) {
        write_page(&a);
        err = screen_reply(&a.s, reply, act_status(rq));
    }
    account_close(&a);
    return err;
}

enum err account_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, account_read);
}

enum err account_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, acts, ACTS);
}
