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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipe_makes_the_body_of_its_form),
        cmocka_unit_test(every_recipe_is_one_that_a_document_can_name),
        cmocka_unit_test(their_columns_and_words_are_ours),
        cmocka_unit_test(a_token_is_what_a_header_can_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
