/* The served description against the tables it describes: routes, the fields of a postback, the words. Nothing is
 * described that is not there, nothing that is there is missing. */
#include <jansson.h>

#include "common/decisions/decide.h"
#include "common/reconcile/reconcile.h"
#include "server/catalog/scopes.h"
#include "server/commit/change_rows.h"
#include "server/postback/postback_private.h"
#include "tests/support/live_server.h"

static size_t faults;
static bool expected; /* faults are what the test wants */

static void fault(const char *where, const char *what)
{
    if (!expected)
        print_error("%s: %s\n", where, what);
    faults++;
}

/* Whether a list of texts is exactly this one, in this order. */
static bool is_list(const json_t *list, const char *const *words, size_t n)
{
    if (json_array_size(list) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!json_is_string(json_array_get(list, i)) ||
            strcmp(json_string_value(json_array_get(list, i)), words[i]) != 0)
            return false;
    return true;
}

/* ---- routes ---- */

static const struct {
    const char *name;
    enum method method;
} methods[] = {{"get", METHOD_GET},     {"head", METHOD_HEAD},     {"post", METHOD_POST},      {"put", METHOD_PUT},
               {"patch", METHOD_PATCH}, {"delete", METHOD_DELETE}, {"options", METHOD_OPTIONS}};
enum { METHODS = sizeof methods / sizeof methods[0] };

/* "/v1/leads/{lead}" to "/v1/leads/x": a path that the description stands for. */
static struct span sample_path(const char *described, char *out)
{
    size_t len = 0;
    for (const char *p = described; *p; p++) {
        out[len++] = *p == '{' ? 'x' : *p;
        if (*p == '{')
            p = strchr(p, '}');
    }
    return span_of(out, len);
}

static bool names_a_role(const json_t *security, enum role role)
{
    size_t i;
    const json_t *alternative;
    json_array_foreach(security, i, alternative)
    {
        const json_t *roles = json_object_get(alternative, "token");
        const char *word = role_word(role);
        if (is_list(roles, &word, 1))
            return true;
    }
    return false;
}

/* Whether it asks of the caller what the route's roles do. */
static bool security_fits(const json_t *security, unsigned roles)
{
    static const enum role each[] = {ROLE_OPERATOR, ROLE_ADVERTISER, ROLE_PUBLISHER, ROLE_AUDITOR};
    size_t wanted = 0, i;
    const json_t *alternative;
    bool open = json_array_size(security) == 0;
    if (!json_is_array(security))
        return false;
    if (!(roles & ROUTE_ANY_PARTY)) { /* no token, or one way in without it */
        json_array_foreach(security, i, alternative) open |= json_object_get(alternative, "token") == NULL;
        return open;
    }
    if ((roles & ROUTE_ANY_PARTY) == ROUTE_ANY_PARTY)
        return json_array_size(security) == 1 &&
               is_list(json_object_get(json_array_get(security, 0), "token"), NULL, 0);
    for (i = 0; i < sizeof each / sizeof each[0]; i++) {
        if (roles & each[i] && !names_a_role(security, each[i]))
            return false;
        wanted += (roles & each[i]) != 0;
    }
    return json_array_size(security) == wanted;
}

static const struct route *route_of(const char *path, enum method method)
{
    char sample[256];
    struct request rq = {.method = method, .path = sample_path(path, sample)};
    const struct route *like;
    unsigned allow;
    return dispatch_find(&all_routes, &rq, &allow, &like) == ERR_OK ? rq.route : NULL;
}

static void check_operation(const char *path, const char *method, const json_t *op, unsigned *described)
{
    char where[256];
    size_t m = 0;
    snprintf(where, sizeof where, "%s %s", method, path);
    while (m < METHODS && strcmp(methods[m].name, method) != 0)
        m++;
    const struct route *route = m < METHODS ? route_of(path, methods[m].method) : NULL;
    if (route == NULL) {
        fault(where, "is described, but there is no such route");
        return;
    }
    unsigned *seen = &described[route - all_routes.route];
    if (*seen & methods[m].method)
        fault(where, "its route is described twice");
    *seen |= methods[m].method;
    const char *summary = json_string_value(json_object_get(op, "summary"));
    if (summary == NULL || strcmp(summary, route->summary) != 0)
        fault(where, "has another summary than its route");
    if (!security_fits(json_object_get(op, "security"), route->roles))
        fault(where, "asks for other roles than its route");
}

static void check_routes(json_t *doc)
{
    size_t n = all_routes.n;
    const struct route *table = all_routes.route;
    unsigned *described = calloc(n, sizeof *described);
    const char *path, *method;
    json_t *item, *op;
    json_object_foreach(json_object_get(doc, "paths"), path, item) json_object_foreach(item, method, op)
        check_operation(path, method, op, described);
    for (size_t i = 0; i < n; i++)
        if (described[i] != table[i].methods)
            fault(table[i].pattern, "not every method is described");
    free(described);
}

/* ---- the fields of a postback ---- */

static const struct {
    const char *name;
    size_t most;
} fields[] = {
#define X(symbol, name, most, kind, whose) {name, most},
    FIELD_TABLE(X)
#undef X
};

/* The length that a schema says its text may have: its own, or that of the one alternative that has one; without any,
 * the longest of its words. */
static size_t longest(const json_t *schema)
{
    size_t most = (size_t)json_integer_value(json_object_get(schema, "maxLength")), i;
    const json_t *part;
    json_array_foreach(json_object_get(schema, "anyOf"), i, part) if (most == 0) most = longest(part);
    return most;
}

static void check_field(const char *where, size_t field, const json_t *schema)
{
    size_t i, most = longest(schema);
    const json_t *word, *words = json_object_get(schema, "enum");
    if (most != 0 ? most != fields[field].most : words == NULL)
        fault(where, "has another length than the table of fields says");
    json_array_foreach(words, i, word) if (json_string_length(word) > fields[field].most)
        fault(where, "has a word that is longer than the field");
}

/* Every field once, and no other but `more`. */
static void check_fields(const char *where, json_t *by_name, const char *const *more)
{
    const char *name;
    json_t *schema;
    bool seen[FIELDS] = {false};
    json_object_foreach(by_name, name, schema)
    {
        size_t i = 0, k = 0;
        char place[128];
        snprintf(place, sizeof place, "%s: %s", where, name);
        while (i < FIELDS && strcmp(fields[i].name, name) != 0)
            i++;
        while (i == FIELDS && more[k] != NULL && strcmp(more[k], name) != 0)
            k++;
        if (i < FIELDS) {
            seen[i] = true;
            check_field(place, i, schema);
        } else if (more[k] == NULL) {
            fault(place, "is no field of a postback");
        }
    }
    for (size_t i = 0; i < FIELDS; i++)
        if (!seen[i])
            fault(where, fields[i].name);
}

static json_t *at(json_t *v, const char *pointer)
{
    char path[256];
    snprintf(path, sizeof path, "%s", pointer);
    for (char *rest = path, *part; v != NULL && (part = strsep(&rest, " ")) != NULL;)
        v = json_object_get(v, part);
    return v;
}

static void check_postback(json_t *doc)
{
    static const char *const signing[] = {"kid", "ts", "nonce", "sig", "key", NULL}, *const json[] = {"fields", NULL};
    json_t *query = json_object(), *parameter;
    size_t i;
    json_array_foreach(at(doc, "paths /postback get parameters"), i, parameter) json_object_set(
        query, json_string_value(json_object_get(parameter, "name")), json_object_get(parameter, "schema"));
    check_fields("get /postback", query, signing);
    for (i = 0; signing[i] != NULL; i++)
        if (json_object_get(query, signing[i]) == NULL)
            fault("get /postback", signing[i]);
    check_fields("Postback", at(doc, "components schemas Postback properties"), json);
    json_decref(query);
}

/* What a tracking link takes: the traffic parameters that an entry keeps, a deep link, and that it is a test. */
static void check_click(json_t *doc)
{
    const char *names[LIMIT_SUBS + LIMIT_UTMS + 3];
    size_t n = 0, i;
    json_t *parameter, *described = json_array();
    names[n++] = "code";
    for (i = 0; i < LIMIT_SUBS; i++)
        names[n++] = entry_sub_names[i];
    for (i = 0; i < LIMIT_UTMS; i++)
        names[n++] = entry_utm_names[i];
    names[n++] = "to";
    names[n++] = "test";
    json_array_foreach(at(doc, "paths /c/{code} get parameters"), i, parameter)
        json_array_append(described, json_object_get(parameter, "name"));
    if (!is_list(described, names, n))
        fault("get /c/{code}", "takes other parameters than an entry keeps");
    json_decref(described);
}

/* ---- words ---- */

#define WORD(symbol, word, help) word,
static const char *const statuses[] = {STATUS_TABLE(WORD)}, *const reasons[] = {REASON_TABLE(WORD)},
                         *const trusts[] = {TRUST_TABLE(WORD)}, *const causes[] = {CAUSE_TABLE(WORD)};
static const char *dispositions[STATUS_COUNT]; /* those that a lead may be told to become, in the order of the table */
static const char *roles[4];
#define CHANGE_WORD(symbol, word) word,
static const char *const changes[] = {CHANGE_TABLE(CHANGE_WORD)};

/* A list of words that a caller or an answer may hold, wherever it stands under this name. */
static const struct {
    const char *name;
    const char *const *words;
    size_t n;
} word_lists[] = {
    {"status", statuses, STATUS_COUNT}, {"reason", reasons, REASON_COUNT},
    {"trust", trusts, TRUST_COUNT},     {"kind", roles, 4},
    {"change", changes, CHANGES},
};

static size_t count_words(const char *const *words, size_t most)
{
    size_t n = 0;
    while (n < most && words[n] != NULL)
        n++;
    return n;
}

static void check_enum(const char *name, const json_t *list)
{
    for (size_t i = 0; i < sizeof word_lists / sizeof word_lists[0]; i++)
        if (strcmp(word_lists[i].name, name) == 0 && !is_list(list, word_lists[i].words, word_lists[i].n) &&
            !(word_lists[i].words == statuses && is_list(list, dispositions, count_words(dispositions, STATUS_COUNT))))
            fault(name, "has other words than its table");
}

/* Every list of words below; the name of a property, or of a parameter. */
static void check_enums(const char *name, json_t *v)
{
    const char *key, *own = json_string_value(json_object_get(v, "name"));
    json_t *part;
    size_t i;
    if (own != NULL && json_object_get(v, "in") != NULL)
        name = own;
    if (json_is_array(json_object_get(v, "enum")))
        check_enum(name, json_object_get(v, "enum"));
    json_object_foreach(v, key, part) if (strcmp(key, "example") != 0)
        check_enums(strcmp(key, "schema") == 0 || strcmp(key, "items") == 0 ? name : key, part);
    json_array_foreach(v, i, part) check_enums(name, part);
}

static void check_place(json_t *doc, const char *place, const char *const *words, size_t n)
{
    if (!is_list(at(doc, place), words, n))
        fault(place, "does not hold the words of its table");
}

static void check_words(json_t *doc)
{
    size_t n = count_words(dispositions, STATUS_COUNT);
    check_enums("", doc);
    check_place(doc, "components schemas PostbackAnswer properties status enum", statuses, STATUS_COUNT);
    check_place(doc, "components schemas Lead properties status enum", statuses, STATUS_COUNT);
    check_place(doc, "components schemas Lead properties reason enum", reasons, REASON_COUNT);
    check_place(doc, "components schemas Lead properties trust enum", trusts, TRUST_COUNT);
    check_place(doc, "components schemas ReconciliationReason enum", causes + 1, CAUSES - 1); /* an item has one */
    check_place(doc, "components schemas Postback properties status enum", dispositions, n);
    check_place(doc, "components schemas Disposition properties status enum", dispositions, n);
    check_place(doc, "components schemas Party properties kind enum", roles, 4);
    check_place(doc, "components schemas Campaign properties payable_classes items enum", payable_words,
                count_words(payable_words, CLASS_COUNT));
}

/* Any number of the words of tokens' scopes, and no other. */
static void check_scope(json_t *doc)
{
    static const char *const words[] = {
#define X(symbol, word, roles, lets) word,
        SCOPE_TABLE(X)
#undef X
    };
    char pattern[1024], any[256] = "";
    for (size_t i = 0; i < SCOPES; i++)
        snprintf(any + strlen(any), sizeof any - strlen(any), "%s%s", i > 0 ? "|" : "", words[i]);
    snprintf(pattern, sizeof pattern, "^(?:%s)(?: (?:%s))*$", any, any);
    const char *said = json_string_value(at(doc, "components schemas Scope pattern"));
    if (said == NULL || strcmp(said, pattern) != 0)
        fault("components schemas Scope pattern", "has other words than the table of scopes");
}

/* What some lead may become by a disposition. */
static void find_dispositions(void)
{
    size_t n = 0;
    for (enum status to = 0; to < STATUS_COUNT; to++)
        for (enum status from = 0; from < STATUS_COUNT; from++) {
            const struct lead_row lead = {.status = from, .return_days = 1};
            const struct disposition_report report = {.status = to};
            const struct disposition_facts facts = {.advertiser = true};
            struct entry entry;
            struct problem p = {0};
            bool same = false;
            if (decide_disposition(0, &report, &lead, &facts, 0, &entry, &same, &p) == ERR_OK && !same) {
                dispositions[n++] = status_word(to);
                break;
            }
        }
    assert_int_equal(n, 4);
}

/* ---- the tests ---- */

static json_t *served; /* what the server says of itself */

static size_t faults_of(void (*check)(json_t *doc), json_t *doc)
{
    faults = 0;
    check(doc);
    return faults;
}

static void the_routes_are_described_and_no_others(void **state)
{
    (void)state;
    assert_int_equal(faults_of(check_routes, served), 0);
}

static void the_fields_of_a_postback_are_described_and_no_others(void **state)
{
    (void)state;
    assert_int_equal(faults_of(check_postback, served), 0);
}

static void the_parameters_of_a_click_are_those_of_its_entry(void **state)
{
    (void)state;
    assert_int_equal(faults_of(check_click, served), 0);
}

static void the_words_are_those_of_the_tables(void **state)
{
    (void)state;
    assert_int_equal(faults_of(check_words, served), 0);
}

static void the_scopes_are_those_of_the_table(void **state)
{
    (void)state;
    assert_int_equal(faults_of(check_scope, served), 0);
}

static void remove_a_path(json_t *doc)
{
    json_object_del(at(doc, "paths"), "/v1/leads/{lead}");
}

static void add_a_path(json_t *doc)
{
    json_object_set(at(doc, "paths"), "/v1/dreams", at(doc, "paths /v1/leads/{lead}"));
}

static void add_a_method(json_t *doc)
{
    json_object_set(at(doc, "paths /v1/leads/{lead}"), "delete", at(doc, "paths /v1/leads/{lead} get"));
}

static void let_anybody_in(json_t *doc)
{
    json_array_clear(at(doc, "paths /v1/parties post security"));
}

static void let_another_role_in(json_t *doc)
{
    json_array_append_new(at(doc, "paths /v1/parties post security"), json_pack("{s:[s]}", "token", "auditor"));
}

static void rename_a_summary(json_t *doc)
{
    json_object_set_new(at(doc, "paths /v1/parties post"), "summary", json_string("Give a party"));
}

static void remove_a_field(json_t *doc)
{
    json_object_del(at(doc, "components schemas Postback properties"), "txid");
}

static void add_a_parameter(json_t *doc)
{
    json_array_append_new(at(doc, "paths /postback get parameters"),
                          json_pack("{s:s,s:s,s:{s:s}}", "name", "colour", "in", "query", "schema", "type", "string"));
}

static void forget_a_parameter(json_t *doc)
{
    json_array_remove(at(doc, "paths /c/{code} get parameters"), 2);
}

static void lengthen_a_field(json_t *doc)
{
    json_object_set_new(at(doc, "components schemas Postback properties txid"), "maxLength", json_integer(129));
}

static void add_a_status(json_t *doc)
{
    json_array_append_new(at(doc, "components schemas Lead properties status enum"), json_string("lost"));
}

static void forget_a_reason(json_t *doc)
{
    json_array_remove(at(doc, "components schemas Lead properties reason enum"), 3);
}

static void add_a_status_to_a_parameter(json_t *doc)
{
    json_t *parameter;
    size_t i;
    json_array_foreach(at(doc, "paths /v1/contracts/{contract}/leads get parameters"), i, parameter)
        json_array_append_new(at(parameter, "schema items enum"), json_string("lost"));
}

static void say_another_class(json_t *doc)
{
    json_array_append_new(at(doc, "components schemas Campaign properties payable_classes items enum"),
                          json_string("human"));
}

static void forget_a_scope(json_t *doc)
{
    json_object_set_new(at(doc, "components schemas Scope"), "pattern", json_string("^(?:codes)(?: (?:codes))*$"));
}

static void each_change_is_noticed(void **state)
{
    static const struct {
        void (*change)(json_t *doc), (*check)(json_t *doc);
    } rows[] = {
        {remove_a_path, check_routes},
        {add_a_path, check_routes},
        {forget_a_scope, check_scope},
        {add_a_method, check_routes},
        {let_anybody_in, check_routes},
        {let_another_role_in, check_routes},
        {rename_a_summary, check_routes},
        {remove_a_field, check_postback},
        {add_a_parameter, check_postback},
        {lengthen_a_field, check_postback},
        {add_a_status, check_words},
        {forget_a_reason, check_words},
        {add_a_status_to_a_parameter, check_words},
        {say_another_class, check_words},
        {forget_a_parameter, check_click},
    };
    (void)state;
    expected = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *doc = json_deep_copy(served);
        rows[i].change(doc);
        if (faults_of(rows[i].check, doc) == 0)
            fail_msg("change %zu was not noticed", i);
        json_decref(doc);
    }
    expected = false;
}

static int set_up(void **state)
{
    static const enum role order[] = {ROLE_ADVERTISER, ROLE_PUBLISHER, ROLE_AUDITOR, ROLE_OPERATOR};
    struct live *l = calloc(1, sizeof *l);
    struct answer *a = malloc(sizeof *a);
    for (size_t i = 0; i < 4; i++)
        roles[i] = role_word(order[i]);
    find_dispositions();
    live_start(l, "");
    live_get(l, a, "GET", "/openapi.json", "");
    served = json_loads(a->body, 0, NULL);
    free(a);
    *state = l;
    return served == NULL;
}

static int tear_down(void **state)
{
    json_decref(served);
    live_stop(*state);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_routes_are_described_and_no_others),
        cmocka_unit_test(the_fields_of_a_postback_are_described_and_no_others),
        cmocka_unit_test(the_parameters_of_a_click_are_those_of_its_entry),
        cmocka_unit_test(the_words_are_those_of_the_tables),
        cmocka_unit_test(the_scopes_are_those_of_the_table),
        cmocka_unit_test(each_change_is_noticed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
