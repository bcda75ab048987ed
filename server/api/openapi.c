/* /openapi.json (3.1): the paths are the route table itself; what a table cannot say (parameters, bodies, answers)
 * stands in openapi.json. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "asset_openapi_json.h"
#include "common/base/ascii.h"
#include "server/api/api.h"
#include "server/catalog/catalog_write.h"

enum { PATH_MAX_LEN = 128, NAME_CAP = 8 }; /* of a method: DELETE is the longest */

/* What stands for a parameter of a pattern: it is named after the segment before it. A tile takes the rest of its path,
 * which has two. */
struct param_name {
    const char *segment, *written, *names[2];
};

static const struct param_name *param_name(const char *segment, size_t len)
{
    static const struct param_name names[] = {{"c", "{code}", {"code"}},
                                              {"p", "{code}.gif", {"code"}},
                                              {"postback", "{kid}", {"kid"}},
                                              {"parties", "{party}", {"party"}},
                                              {"campaigns", "{campaign}", {"campaign"}},
                                              {"contracts", "{contract}", {"contract"}},
                                              {"leads", "{lead}", {"lead"}},
                                              {"offers", "{contract}", {"contract"}},
                                              {"statements", "{statement}", {"statement"}},
                                              {"shares", "{share}", {"share"}},
                                              {"codes", "{code}", {"code"}},
                                              {"models", "{sha256}", {"sha256"}},
                                              {"secrets", "{kid}", {"kid"}},
                                              {"tokens", "{token}", {"token"}},
                                              {"invitations", "{invitation}", {"invitation"}},
                                              {"invite", "{invitation}", {"invitation"}},
                                              {"unsubscribe", "{link}", {"link"}},
                                              {"link", "{link}", {"link"}},
                                              {"terms", "{version}", {"version"}},
                                              {"adjustments", "{adjustment}", {"adjustment"}},
                                              {"assets", "{asset}", {"asset"}},
                                              {"grants", "{auditor}", {"auditor"}},
                                              {"deliveries", "{delivery}", {"delivery"}},
                                              {"log", "{contract}", {"contract"}},
                                              {"tile", "{level}/{tile}", {"level", "tile"}}},
                                   unknown = {"", "{id}", {"id"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i].segment) == len && memcmp(names[i].segment, segment, len) == 0)
            return &names[i];
    return &unknown;
}

/* "/v1/leads/{}/proof" to "/v1/leads/{lead}/proof". Adds what is there to `parameters`. */
static void name_params(const char *pattern, char out[PATH_MAX_LEN], json_t *parameters)
{
    const char *before = pattern, *segment = pattern;
    size_t len = 0;
    for (const char *p = pattern; *p; p++) {
        if (*p == '/') {
            before = segment;
            segment = p + 1;
        }
        if (*p != '{') {
            out[len++] = *p;
            continue;
        }
        const struct param_name *param = param_name(before, (size_t)(segment - 1 - before));
        len += (size_t)snprintf(out + len, PATH_MAX_LEN - len, "%s", param->written);
        for (size_t i = 0; i < 2 && param->names[i] != NULL; i++)
            json_array_append_new(parameters, json_pack("{s:s,s:s,s:b,s:{s:s}}", "name", param->names[i], "in", "path",
                                                        "required", 1, "schema", "type", "string"));
        p = strchr(p, '}');
    }
    out[len] = '\0';
}

/* "get" and "/v1/leads/{lead}/proof" to "getLeadsByLeadProof"; of a page "getPageLeads". */
static void operation_id(const char *method, const char *path, bool page, char out[PATH_MAX_LEN + 32])
{
    size_t len = (size_t)snprintf(out, 32, "%s%s", method, page ? "Page" : "");
    bool upper = true;
    if (strncmp(path, "/v1/", 4) == 0)
        path += 3;
    if (strcmp(path, "/") == 0)
        path = "/root";
    for (; *path && len + 4 < PATH_MAX_LEN + 32; path++) {
        bool letter = ascii_is_alnum(*path);
        if (*path == '{') {
            memcpy(out + len, "By", 2);
            len += 2;
        }
        if (letter)
            out[len++] = upper ? ascii_to_upper(*path) : *path;
        upper = !letter;
    }
    out[len] = '\0';
}

/* Nobody, by an empty list; any party; or one alternative for each role, by its word. */
static json_t *security(unsigned roles)
{
    static const enum role each[] = {ROLE_OPERATOR, ROLE_ADVERTISER, ROLE_PUBLISHER, ROLE_AUDITOR};
    json_t *alternatives = json_array();
    if ((roles & ROUTE_ANY_PARTY) == ROUTE_ANY_PARTY)
        json_array_append_new(alternatives, json_pack("{s:[]}", "token"));
    else
        for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
            if (roles & each[i])
                json_array_append_new(alternatives, json_pack("{s:[s]}", "token", role_word(each[i])));
    return alternatives;
}

static void add_response(json_t *responses, const char *status, const char *component)
{
    if (json_object_get(responses, status) == NULL)
        json_object_set_new(responses, status, json_pack("{s:s+}", "$ref", "#/components/responses/", component));
}

/* What any request may get, beside what its details say. The tracking lane says all of its own. */
static void add_refusals(json_t *op, const char *path, bool head)
{
    json_t *responses = json_object_get(op, "responses");
    if (strncmp(path, "/c/", 3) == 0 || strncmp(path, "/p/", 3) == 0)
        return;
    add_response(responses, "4XX", head ? "NoBody" : "Problem");
    add_response(responses, "5XX", head ? "NoBody" : "Problem");
}

/* The scopes that the token of the call wants. */
static void add_scope(json_t *op, unsigned scopes)
{
    char mem[SCOPES_TEXT_MAX];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    scopes_write(&text, scopes);
    if (scopes & SCOPE_ALL)
        json_object_set_new(op, "x-scope", json_stringn(text.ptr, text.len));
}

/* HEAD answers as GET does, without the bodies. */
static void drop_bodies(json_t *op)
{
    const char *status;
    json_t *response;
    json_object_foreach(json_object_get(op, "responses"), status, response) json_object_del(response, "content");
}

static json_t *operation(const struct route *r, const char *method, const char *path, const json_t *parameters,
                         const json_t *details)
{
    char id[PATH_MAX_LEN + 32], key[PATH_MAX_LEN + 8];
    bool head = strcmp(method, "head") == 0;
    operation_id(method, path, (r->roles & ROUTE_SESSION) != 0, id);
    json_t *op = json_pack("{s:s,s:s,s:o,s:o}", "operationId", id, "summary", r->summary, "parameters",
                           json_deep_copy(parameters), "security", security(r->roles));
    snprintf(key, sizeof key, "%s %s", head ? "get" : method, path);
    json_t *detail = json_deep_copy(json_object_get(details, key)), *v;
    const char *name;
    json_object_foreach(detail, name, v)
    {
        if (strcmp(name, "parameters") == 0)
            json_array_extend(json_object_get(op, "parameters"), v);
        else
            json_object_set(op, name, v);
    }
    json_decref(detail);
    if (strcmp(method, "post") == 0 && r->finish == control_finish)
        json_array_append_new(json_object_get(op, "parameters"),
                              json_pack("{s:s}", "$ref", "#/components/parameters/IdempotencyKey"));
    if (head)
        drop_bodies(op);
    add_scope(op, r->roles);
    add_refusals(op, path, head);
    return op;
}

static void lower_name(enum method method, char out[NAME_CAP])
{
    size_t n = 0;
    for (const char *p = method_name(method); *p; p++)
        out[n++] = ascii_to_lower(*p);
    out[n] = '\0';
}

static json_t *build(const struct server *sh)
{
    json_t *doc = json_loadb((const char *)asset_openapi_json, sizeof asset_openapi_json, 0, NULL);
    json_t *details = json_object_get(doc, "x-operations"), *paths = json_object();
    const struct route *table = sh->routes.route;
    for (size_t i = 0; i < sh->routes.n; i++) {
        char path[PATH_MAX_LEN];
        json_t *parameters = json_array();
        name_params(table[i].pattern, path, parameters);
        if (json_object_get(paths, path) == NULL)
            json_object_set_new(paths, path, json_object());
        for (unsigned bit = 1; bit < METHODS_END; bit <<= 1) {
            char name[NAME_CAP];
            if (!(table[i].methods & bit))
                continue;
            lower_name((enum method)bit, name);
            json_object_set_new(json_object_get(paths, path), name,
                                operation(&table[i], name, path, parameters, details));
        }
        json_decref(parameters);
    }
    json_object_del(doc, "x-operations");
    json_object_set_new(doc, "servers", json_pack("[{s:s}]", "url", sh->instance.public_url));
    json_object_set_new(doc, "paths", paths);
    return doc;
}

/* Made once for each worker: it takes milliseconds, and anybody may ask. */
static struct span description(struct worker *w)
{
    if (w->openapi.len == 0) {
        json_t *doc = build(w->server);
        char *text = json_dumps(doc, JSON_INDENT(1));
        json_decref(doc);
        if (text == NULL)
            abort();
        buf_str(&w->openapi, text);
        free(text);
    }
    return buf_span(&w->openapi);
}

enum err openapi_get(struct request *rq, struct reply *reply)
{
    reply->content_type = SPAN("application/json");
    reply->body = description(rq->worker);
    reply_header(reply, "Cache-Control", SPAN("public, max-age=300"));
    return ERR_OK;
}
