/* The route table: complete, unambiguous, described; and what dispatch answers before any handler runs. */
#include <jansson.h>

#include "server/routes.h"
#include "tests/support/live_server.h"

static void rows_are_complete_and_stand_once(void **state)
{
    (void)state;
    const struct route *t = all_routes.route;
    size_t n = all_routes.n;
    for (size_t i = 0; i < n; i++) {
        if (t[i].handle == NULL || t[i].summary == NULL || !t[i].summary[0] || t[i].pattern[0] != '/')
            fail_msg("row %zu is incomplete", i);
        if (t[i].methods & METHOD_HEAD && !(t[i].methods & METHOD_GET))
            fail_msg("%s takes HEAD without GET", t[i].pattern);
        if (t[i].methods & (METHOD_POST | METHOD_PUT | METHOD_PATCH | METHOD_DELETE) &&
            !(t[i].roles & (ROUTE_READS | ROUTE_SESSION)) && t[i].finish == NULL)
            fail_msg("%s writes but has no finish", t[i].pattern);
        for (size_t j = 0; j < i; j++)
            if (strcmp(t[i].pattern, t[j].pattern) == 0 && t[i].methods & t[j].methods)
                fail_msg("%s stands there twice", t[i].pattern);
    }
}

/* No row may hide behind an earlier one. */
static void no_row_hides_behind_an_earlier_one(void **state)
{
    (void)state;
    const struct route *t = all_routes.route;
    size_t n = all_routes.n;
    for (size_t i = 0; i < n; i++) {
        char path[128];
        size_t len = 0;
        for (const char *p = t[i].pattern; *p; p++)
            if (*p == '{') {
                path[len++] = 'x';
                p = strchr(p, '}');
            } else {
                path[len++] = *p;
            }
        for (unsigned bit = 1; bit <= METHOD_DELETE; bit <<= 1) {
            struct request rq = {.method = (enum method)bit, .path = span_of(path, len)};
            const struct route *like;
            unsigned allow;
            if (!(t[i].methods & bit))
                continue;
            assert_ok(dispatch_find(&all_routes, &rq, &allow, &like));
            assert_string_equal(rq.route->pattern, t[i].pattern);
            assert_ptr_equal(rq.route, like);
        }
    }
}

static const struct {
    enum method method;
    const char *path;
    enum err e;
    const char *pattern, *param0, *param1;
} finds[] = {
    {METHOD_GET, "/", ERR_OK, "/", "", ""},
    {METHOD_GET, "/c/abc", ERR_OK, "/c/{*}", "abc", ""},
    {METHOD_HEAD, "/p/abc.gif", ERR_OK, "/p/{*}", "abc.gif", ""},
    {METHOD_GET, "/p/", ERR_OK, "/p/{*}", "", ""},
    {METHOD_GET, "/p/a/b.gif", ERR_OK, "/p/{*}", "a/b.gif", ""},
    {METHOD_GET, "/log/C1/tile/0/x001/234.p/5", ERR_OK, "/log/{}/tile/{*}", "C1", "0/x001/234.p/5"},
    {METHOD_GET, "/log/tile/entries/000", ERR_OK, "/log/tile/{*}", "entries/000", ""},
    {METHOD_GET, "/log/checkpoint", ERR_OK, "/log/checkpoint", "", ""},
    {METHOD_POST, "/v1/leads/L1/dispositions", ERR_OK, "/v1/leads/{}/dispositions", "L1", ""},
    {METHOD_GET, "/c/", ERR_OK, "/c/{*}", "", ""},
    {METHOD_GET, "/c/a/b", ERR_OK, "/c/{*}", "a/b", ""},
    {METHOD_GET, "/C/a", ERR_NOT_FOUND, "", "", ""},
    {METHOD_GET, "/v1/leads/L1/", ERR_NOT_FOUND, "", "", ""},
    {METHOD_GET, "/healthz/", ERR_NOT_FOUND, "", "", ""},
    {METHOD_GET, "/log/C1/tile/", ERR_OK, "/log/{}/tile/{*}", "C1", ""},
    {METHOD_GET, "/p", ERR_NOT_FOUND, "", "", ""},
    {METHOD_POST, "/c/abc", ERR_METHOD, "/c/{*}", "", ""},
    {METHOD_HEAD, "/postback", ERR_METHOD, "/postback", "", ""},
    {METHOD_DELETE, "/v1/parties", ERR_METHOD, "/v1/parties", "", ""},
};

static void each_path_finds_its_route(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof finds / sizeof finds[0]; i++) {
        struct request rq = {.method = finds[i].method, .path = span_str(finds[i].path)};
        const struct route *like = NULL;
        unsigned allow = 0;
        enum err err = dispatch_find(&all_routes, &rq, &allow, &like);
        if (err != finds[i].e || (err == ERR_METHOD && (allow == 0 || allow & rq.method)))
            fail_msg("%s: %s", finds[i].path, err_word(err));
        if (err == ERR_METHOD && (rq.route != NULL || strcmp(like->pattern, finds[i].pattern) != 0))
            fail_msg("%s is like %s", finds[i].path, like->pattern);
        if (err == ERR_OK && (strcmp(rq.route->pattern, finds[i].pattern) != 0 ||
                              !span_is(rq.param[0], finds[i].param0) || !span_is(rq.param[1], finds[i].param1)))
            fail_msg("%s went to %s", finds[i].path, rq.route->pattern);
    }
}

/* ---- dispatch ---- */

static const struct {
    const char *name, *method, *target, *headers;
    int status;
    const char *member, *value; /* of the problem */
} problems[] = {
    {"unknown path", "GET", "/nope", "", 404, "type", "urn:countersign:problem:not_found"},
    {"wrong method", "PUT", "/healthz", "Content-Length: 0\r\n", 405, "type",
     "urn:countersign:problem:method_not_allowed"},
    {"no token", "GET", "/v1/parties", "", 401, "title", "Not authenticated"},
    {"other scheme", "GET", "/v1/parties", "Authorization: Basic abc\r\n", 401, "title", "Not authenticated"},
    {"empty token", "GET", "/v1/parties", "Authorization: Bearer \r\n", 401, "title", "Not authenticated"},
    {"unknown token", "GET", "/v1/parties", "Authorization: Bearer cst_x\r\n", 401, "title", "Not authenticated"},
};

static void refusals_are_problems_with_their_members(void **state)
{
    struct answer a;
    char type[64], id[64];
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        live_get(*state, &a, problems[i].method, problems[i].target, problems[i].headers);
        if (a.status != problems[i].status)
            fail_msg("%s: %d, not %d", problems[i].name, a.status, problems[i].status);
        assert_true(live_header(&a, "Content-Type", type, sizeof type));
        assert_string_equal(type, "application/problem+json");
        json_t *v = json_loads(a.body, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(v, "status")), a.status);
        assert_string_equal(json_string_value(json_object_get(v, problems[i].member)), problems[i].value);
        assert_true(json_string_length(json_object_get(v, "detail")) > 0);
        assert_true(live_header(&a, "Request-Id", id, sizeof id));
        assert_string_equal(json_string_value(json_object_get(v, "request_id")), id);
        json_decref(v);
    }
}

static void a_refusal_names_the_methods_or_the_scheme_it_takes(void **state)
{
    struct answer a;
    char value[64];
    live_get(*state, &a, "POST", "/t.js", "Content-Length: 0\r\n");
    assert_int_equal(a.status, 405);
    assert_true(live_header(&a, "Allow", value, sizeof value));
    assert_string_equal(value, "GET, HEAD");
    live_get(*state, &a, "GET", "/v1/parties", "");
    assert_true(live_header(&a, "WWW-Authenticate", value, sizeof value));
    assert_string_equal(value, "Bearer");
}

static void a_role_passes_where_its_route_says(void **state)
{
    struct live *l = *state;
    struct answer a;
    char headers[128];
    snprintf(headers, sizeof headers, "authorization: bearer %s\r\n", l->operator_token);
    live_get(l, &a, "GET", "/v1/parties", headers);
    assert_int_equal(a.status, 200);
    snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\nContent-Length: 0\r\n", l->operator_token);
    live_get(l, &a, "POST", "/v1/statements/S1/responses", headers);
    assert_int_equal(a.status, 403);
}

/* ---- the description ---- */

static void openapi_lists_every_operation_once(void **state)
{
    struct answer *a = malloc(sizeof *a);
    const struct route *t = all_routes.route;
    size_t n = all_routes.n;
    live_get(*state, a, "GET", "/openapi.json", "");
    assert_int_equal(a->status, 200);
    json_t *doc = json_loads(a->body, 0, NULL), *paths = json_object_get(doc, "paths"), *path;
    assert_string_equal(json_string_value(json_object_get(doc, "openapi")), "3.1.0");
    assert_null(json_object_get(doc, "x-operations"));
    size_t operations = 0, wanted = 0;
    const char *name;
    json_object_foreach(paths, name, path)
    {
        operations += json_object_size(path);
        assert_null(strstr(name, "{}"));
        assert_null(strstr(name, "{id}"));
    }
    for (size_t i = 0; i < n; i++)
        wanted += (size_t)__builtin_popcount(t[i].methods);
    assert_int_equal(operations, wanted);
    assert_non_null(json_object_get(json_object_get(paths, "/log/{contract}/tile/{level}/{tile}"), "get"));
    json_decref(doc);
    free(a);
}

/* Where a "$ref" of the document leads; NULL: nowhere. */
static json_t *resolve(json_t *doc, const char *where)
{
    char path[256];
    if (strncmp(where, "#/", 2) != 0)
        return NULL;
    snprintf(path, sizeof path, "%s", where + 2);
    for (char *rest = path, *part; doc != NULL && (part = strsep(&rest, "/")) != NULL;)
        doc = json_object_get(doc, part);
    return doc;
}

static void check_refs(json_t *doc, json_t *v)
{
    const char *key, *where = json_string_value(json_object_get(v, "$ref"));
    json_t *child;
    size_t i;
    if (where != NULL && resolve(doc, where) == NULL)
        fail_msg("%s leads nowhere", where);
    json_object_foreach(v, key, child) check_refs(doc, child);
    json_array_foreach(v, i, child) check_refs(doc, child);
}

/* Every operation has an id of its own, an answer of success with what it looks like, and declared path parameters. */
static void openapi_operations_are_described(void **state)
{
    struct answer *a = malloc(sizeof *a);
    json_t *ids = json_object(), *item, *op, *response;
    const char *path, *method, *status;
    live_get(*state, a, "GET", "/openapi.json", "");
    json_t *doc = json_loads(a->body, 0, NULL);
    check_refs(doc, doc);
    json_object_foreach(json_object_get(doc, "paths"), path, item) json_object_foreach(item, method, op)
    {
        const char *id = json_string_value(json_object_get(op, "operationId"));
        bool success = false;
        if (id == NULL || json_object_get(ids, id) != NULL)
            fail_msg("%s %s: operationId %s", method, path, id != NULL ? id : "is missing");
        json_object_set_new(ids, id, json_true());
        json_object_foreach(json_object_get(op, "responses"), status, response)
        {
            bool bodiless = strcmp(method, "head") == 0 || status[0] == '3' || strcmp(status, "204") == 0;
            if (json_object_get(response, "$ref") == NULL && !bodiless && json_object_get(response, "content") == NULL)
                fail_msg("%s %s: what does %s look like?", method, path, status);
            success = success || status[0] == '2' || status[0] == '3';
        }
        if (!success)
            fail_msg("%s %s never succeeds", method, path);
    }
    json_decref(ids);
    json_decref(doc);
    free(a);
}

/* Details of an operation that does not exist would be lost without a word. */
static void openapi_details_are_used(void **state)
{
    struct answer *a = malloc(sizeof *a);
    json_t *parts = json_load_file(SOURCE_DIR "/server/api/openapi.json", 0, NULL), *detail;
    live_get(*state, a, "GET", "/openapi.json", "");
    json_t *doc = json_loads(a->body, 0, NULL);
    const char *key;
    json_object_foreach(json_object_get(parts, "x-operations"), key, detail)
    {
        char method[8];
        snprintf(method, sizeof method, "%.*s", (int)strcspn(key, " "), key);
        if (json_object_get(json_object_get(json_object_get(doc, "paths"), strchr(key, ' ') + 1), method) == NULL)
            fail_msg("no operation %s", key);
    }
    json_decref(parts);
    json_decref(doc);
    free(a);
}

static int set_up(void **state)
{
    struct live *l = calloc(1, sizeof *l);
    live_start(l, "");
    *state = l;
    return 0;
}

static int tear_down(void **state)
{
    live_stop(*state);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_complete_and_stand_once),
        cmocka_unit_test(no_row_hides_behind_an_earlier_one),
        cmocka_unit_test(each_path_finds_its_route),
        cmocka_unit_test(refusals_are_problems_with_their_members),
        cmocka_unit_test(a_refusal_names_the_methods_or_the_scheme_it_takes),
        cmocka_unit_test(a_role_passes_where_its_route_says),
        cmocka_unit_test(openapi_lists_every_operation_once),
        cmocka_unit_test(openapi_operations_are_described),
        cmocka_unit_test(openapi_details_are_used),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
