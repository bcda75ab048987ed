/* /openapi.json (3.1): the paths are the route table itself; what a table cannot say (parameters, bodies, answers)
 * stands in openapi.json. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "asset_openapi_json.h"
#include "common/base/ascii.h"
#include "server/routes.h"
#include "server/worker/server.h"

enum { PATH_MAX_LEN = 128, NAME_CAP = 8 }; /* of a method: DELETE is the longest */

/* "/v1/leads/{}/proof" to "/v1/leads/{lead}/proof": a parameter is named after the segment before it. Adds its
 * description to `parameters`. */
static void name_params(const char *pattern, char out[PATH_MAX_LEN], json_t *parameters)
{
    static const struct {
        const char *segment, *name, *suffix;
    } names[] = {{"c", "code", ""},        {"p", "code", ".gif"},           {"postback", "kid", ""},
                 {"parties", "party", ""}, {"campaigns", "campaign", ""},   {"contracts", "contract", ""},
                 {"leads", "lead", ""},    {"statements", "statement", ""}, {"log", "contract", ""},
                 {"tile", "tile", ""}};
    const char *segment = pattern;
    size_t len = 0, segment_len = 0;
    for (const char *p = pattern; *p; p++) {
        if (*p == '/') {
            segment_len = 0;
            segment = p + 1;
        } else if (*p != '{') {
            segment_len++;
        }
        if (*p != '{') {
            out[len++] = *p;
            continue;
        }
        const char *prev = segment - 2; /* the segment before: back from its closing slash */
        while (prev > pattern && prev[-1] != '/')
            prev--;
        size_t prev_len = (size_t)(segment - 1 - prev);
        const char *name = "id", *suffix = "";
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strlen(names[i].segment) == prev_len && strncmp(names[i].segment, prev, prev_len) == 0) {
                name = names[i].name;
                suffix = names[i].suffix;
            }
        len += (size_t)snprintf(out + len, PATH_MAX_LEN - len, "{%s}%s", name, suffix);
        json_array_append_new(parameters, json_pack("{s:s,s:s,s:b,s:{s:s}}", "name", name, "in", "path", "required", 1,
                                                    "schema", "type", "string"));
        p = strchr(p, '}');
    }
    out[len] = '\0';
}

/* "get" and "/v1/leads/{lead}/proof" to "getLeadsByLeadProof". */
static void operation_id(const char *method, const char *path, char out[PATH_MAX_LEN + 32])
{
    size_t len = (size_t)snprintf(out, 32, "%s", method);
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
    operation_id(method, path, id);
    json_t *op =
        json_pack("{s:s,s:s,s:o}", "operationId", id, "summary", r->summary, "parameters", json_deep_copy(parameters));
    if (r->roles & ROUTE_ANY_PARTY)
        json_object_set_new(op, "security", json_pack("[{s:[]}]", "token"));
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
    bool tracking = strncmp(path, "/c/", 3) == 0 || strncmp(path, "/p/", 3) == 0;
    if (!tracking)
        json_object_set_new(json_object_get(op, "responses"), "default",
                            json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
    return op;
}

static void lower_name(enum method method, char out[NAME_CAP])
{
    size_t n = 0;
    for (const char *p = method_name(method); *p; p++)
        out[n++] = ascii_to_lower(*p);
    out[n] = '\0';
}

static json_t *build(const struct shared *sh)
{
    json_t *doc = json_loadb((const char *)asset_openapi_json, sizeof asset_openapi_json, 0, NULL);
    json_t *details = json_object_get(doc, "x-operations"), *paths = json_object();
    size_t n;
    const struct route *table = route_table(&n);
    for (size_t i = 0; i < n; i++) {
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

enum err openapi_get(struct request *rq, struct reply *reply)
{
    json_t *doc = build(rq->worker->shared);
    char *text = json_dumps(doc, JSON_INDENT(1));
    json_decref(doc);
    if (text == NULL)
        abort();
    reply_body(rq, reply, "application/json", span_str(text));
    reply_header(reply, "Cache-Control", SPAN("public, max-age=300"));
    free(text);
    return ERR_OK;
}
