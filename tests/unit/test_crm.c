/* Recipes and mappings of CRMs: the requests that they make of a lead, and what comes back in their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "common/commit/crm.h"

static const struct delivery_macro ada[] = {{"email", {"ada@example.com", 15}},
                                            {"first_name", {"Ada", 3}},
                                            {"f_age", {"44", 2}},
                                            {"name", {"Ada \xc3\x89 & \"B\"", 12}},
                                            {"txid", {"", 0}}};

static struct crm opened(const char *document)
{
    struct crm c;
    struct problem p = {.field = ""};
    if (crm_read(span_str(document), &c, &p) != ERR_OK)
        fail_msg("%s: %s %s", document, p.field, p.detail);
    return c;
}

static void each_recipe_makes_the_body_of_its_form(void **state)
{
    static const struct {
        const char *document, *url, *body;
    } cases[] = {
        {"{\"recipe\":\"hubspot_contact\",\"fields\":{\"f_age\":\"age\"},\"fixed\":{\"a\":1,\"email\":\"never\"}}",
         "https://api.hubapi.com/crm/v3/objects/contacts",
         "{\"properties\":{\"a\":1,\"age\":\"44\",\"email\":\"ada@example.com\",\"firstname\":\"Ada\"}}"},
        {"{\"recipe\":\"hubspot_form\",\"fixed\":{\"form\":\"x/y\",\"portal\":42},\"fields\":{\"first_name\":\"\"}}",
         "https://api.hsforms.com/submissions/v3/integration/submit/42/x%2Fy",
         "{\"fields\":[{\"name\":\"email\",\"objectTypeId\":\"0-1\",\"value\":\"ada@example.com\"}]}"},
        {"{\"recipe\":\"salesforce_web_to_lead\",\"fixed\":{\"oid\":\"00D\",\"b\":true},\"fields\":{\"name\":\"00N\"}}",
         "https://webto.salesforce.com/servlet/servlet.WebToLead?encoding=UTF-8",
         "company=%28unknown%29&last_name=%28unknown%29&oid=00D&b=true&email=ada%40example.com&first_name=Ada&00N="
         "Ada%20%C3%89%20%26%20%22B%22"},
        {"{\"recipe\":\"pipedrive_person\"}", "https://api.pipedrive.com/v1/persons",
         "{\"email\":\"ada@example.com\",\"name\":\"Ada \xc3\x89 & \\\"B\\\"\"}"},
        {"{\"recipe\":\"pipedrive_lead\",\"fixed\":{\"organization_id\":7}}", "https://api.pipedrive.com/v1/leads",
         "{\"organization_id\":7,\"title\":\"Ada \xc3\x89 & \\\"B\\\"\"}"},
        {"{\"recipe\":\"json\",\"url\":\"https://c.example/{p}/{p}\",\"fixed\":{\"p\":\"a b\",\"q\":\"1\"}}",
         "https://c.example/a%20b/a%20b", "{\"email\":\"ada@example.com\",\"first_name\":\"Ada\",\"q\":\"1\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct crm c = opened(cases[i].document);
        struct buf url, body;
        buf_heap(&url);
        buf_heap(&body);
        crm_url(&c, &url);
        crm_body(&c, ada, sizeof ada / sizeof *ada, &body);
        if (!span_is(buf_span(&url), cases[i].url) || !span_is(buf_span(&body), cases[i].body))
            fail_msg("%s: %.*s %.*s", cases[i].document, (int)url.len, url.ptr, (int)body.len, body.ptr);
        buf_free(&url);
        buf_free(&body);
        crm_close(&c);
    }
}

static void every_recipe_is_one_that_a_document_can_name(void **state)
{
    (void)state;
    for (const struct crm_recipe *r = crm_recipes; r->word != NULL; r++) {
        char text[512];
        int n = snprintf(text, sizeof text, "{\"recipe\":\"%s\",\"url\":\"https://c.example/\",\"fixed\":{", r->word);
        for (const char *const *need = r->needs; *need != NULL; need++)
            n += snprintf(text + n, sizeof text - (size_t)n, "%s\"%s\":\"x\"", need != r->needs ? "," : "", *need);
        snprintf(text + n, sizeof text - (size_t)n, "}}");
        struct crm c = opened(text);
        assert_ptr_equal(c.recipe, r);
        assert_true(!r->needs_token || r->auth != NULL);
        crm_close(&c);
    }
}

static void their_columns_and_words_are_ours(void **state)
{
    static const char document[] = "{\"columns\":{\"Deal\":\"txid\",\"Stage\":\"status\"},\"recipe\":\"json\","
                                   "\"statuses\":{\"Won\":\"converted\"},\"url\":\"https://c.example/\"}";
    static const struct {
        const char *theirs, *ours;
    } cases[] = {{"Deal", "txid"}, {"Stage", "status"}, {"status", ""}, {"txid", ""},
                 {"lead", "lead"}, {"Email", ""},       {"email", ""},  {"amount", "amount"}};
    struct crm c = opened(document);
    struct crm_words w;
    (void)state;
    crm_words_of(&c, &w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!span_is(crm_column(&w, span_str(cases[i].theirs)), cases[i].ours))
            fail_msg("%s", cases[i].theirs);
    assert_true(span_is(crm_status(&w, SPAN("Won")), "converted"));
    assert_true(span_is(crm_status(&w, SPAN("approved")), "approved"));
    crm_close(&c);
}

static void a_token_is_what_a_header_can_hold(void **state)
{
    (void)state;
    assert_true(crm_token_ok(SPAN("pat-eu1-0f3c")));
    assert_false(crm_token_ok(SPAN("")));
    assert_false(crm_token_ok(SPAN("a b")));
    assert_false(crm_token_ok(SPAN("a\r\nb: c")));
    assert_false(crm_token_ok(SPAN("\xc3\xa9")));
}

/* Repeats a piece so many times between a head and a tail. */
static const char *repeated(const char *head, const char *piece, size_t n, const char *tail)
{
    static char text[1 << 14];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", head);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", piece);
    snprintf(text + len, sizeof text - len, "%s", tail);
    return text;
}

static void assert_crm_refused(const char *document, const char *field)
{
    struct crm c;
    struct problem p = {.field = ""};
    enum err err = crm_read(span_str(document), &c, &p);
    if (err == ERR_OK || strcmp(p.field, field) != 0)
        fail_msg("%.80s: %s, of %s not %s", document, err_word(err), p.field, field);
}

static void a_document_that_cannot_be_names_the_member(void **state)
{
    static const struct {
        const char *document, *field;
    } cases[] = {
        {"{", ""},
        {"{\"other\":1}", "other"},
        {"{\"url\":7}", "url"},
        {"{\"recipe\":7}", "recipe"},
        {"{}", "recipe"},
        {"{\"recipe\":\"jsonn\"}", "recipe"},
        {"{\"recipe\":\"json\"}", "url"},
        {"{\"recipe\":\"hubspot_form\"}", "fixed.portal"},
        {"{\"recipe\":\"hubspot_form\",\"fixed\":{\"portal\":1}}", "fixed.form"},
        {"{\"recipe\":\"hubspot_form\",\"fixed\":{\"form\":\"\",\"portal\":1}}", "fixed.form"},
        {"{\"recipe\":\"json\",\"url\":\"https://c.example/{p}\"}", "url"},
        {"{\"recipe\":\"json\",\"url\":\"https://c.example/{p}\",\"fixed\":{\"q\":1}}", "url"},
        {"{\"recipe\":\"json\",\"url\":\"https://c.example/{p\",\"fixed\":{\"p\":1}}", "url"},
        {"{\"recipe\":\"json\",\"url\":\"https://c.example/{\"}", "url"},
        {"{\"recipe\":\"json\",\"fields\":7}", "fields"},
        {"{\"recipe\":\"json\",\"fields\":{\"f_\":\"x\"}}", "fields.f_"},
        {"{\"recipe\":\"json\",\"fields\":{\"age\":\"x\"}}", "fields.age"},
        {"{\"recipe\":\"json\",\"fields\":{\"f_age\":7}}", "fields.f_age"},
        {"{\"recipe\":\"json\",\"fields\":{\"f_age\":\"a\\nb\"}}", "fields.f_age"},
        {"{\"recipe\":\"json\",\"fields\":{\"\":\"x\"}}", "fields."},
        {"{\"recipe\":\"json\",\"fixed\":[]}", "fixed"},
        {"{\"recipe\":\"json\",\"fixed\":{\"a\":null}}", "fixed.a"},
        {"{\"recipe\":\"json\",\"fixed\":{\"a\":{}}}", "fixed.a"},
        {"{\"recipe\":\"json\",\"fixed\":{\"\\u007f\":1}}", "fixed.\x7f"},
        {"{\"recipe\":\"json\",\"columns\":7}", "columns"},
        {"{\"recipe\":\"json\",\"columns\":{\"Deal\":\"deal\"}}", "columns.Deal"},
        {"{\"recipe\":\"json\",\"columns\":{\"Deal\":7}}", "columns.Deal"},
        {"{\"recipe\":\"json\",\"statuses\":7}", "statuses"},
        {"{\"recipe\":\"json\",\"statuses\":{\"Won\":\"won\"}}", "statuses.Won"},
    };
    char member[24];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_crm_refused(cases[i].document, cases[i].field);
    assert_crm_refused(repeated("{\"recipe\":\"json\",\"fixed\":{\"a\":\"", "x", CRM_TEXT_MAX + 1, "\"}}"), "fixed.a");
    assert_crm_refused(repeated("{\"recipe\":\"json\",\"fields\":{\"email\":\"", "x", CRM_NAME_MAX + 1, "\"}}"),
                       "fields.email");
    struct buf many; /* one more than there may be */
    buf_heap(&many);
    buf_str(&many, "{\"recipe\":\"json\",\"statuses\":{");
    for (int i = 0; i <= CRM_NAMES; i++) {
        snprintf(member, sizeof member, "%s\"s%d\":\"approved\"", i ? "," : "", i);
        buf_str(&many, member);
    }
    buf_add(&many, "}}", 3);
    assert_crm_refused(many.ptr, "statuses");
    buf_free(&many);
}

static void every_field_of_a_lead_can_be_named(void **state)
{
    static const char *const fields[] = {
        "f_age", "name", "email",  "phone",  "first_name", "last_name", "country",  "lead",     "txid", "click_id",
        "sub1",  "sub5", "status", "reason", "payout",     "currency",  "campaign", "contract", "at"};
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"recipe\":\"json\",\"url\":\"https://c.example/\",\"fields\":{\"%s\":\"x\"}}",
                 fields[i]);
        struct crm c = opened(text);
        crm_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipe_makes_the_body_of_its_form),
        cmocka_unit_test(every_recipe_is_one_that_a_document_can_name),
        cmocka_unit_test(their_columns_and_words_are_ours),
        cmocka_unit_test(a_token_is_what_a_header_can_hold),
        cmocka_unit_test(a_document_that_cannot_be_names_the_member),
        cmocka_unit_test(every_field_of_a_lead_can_be_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
