/* /openapi.json (3.1): the paths are the route table itself; what a table cannot say (parameters, bodies, answers)
 * stands in web/openapi.json. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/routes.h"
#include "server/server.h"
#include "web_openapi_json.h"

enum { PATH_MAX_LEN = 128 };

/* "/v1/leads/{}/proof" to "/v1/leads/{lead}/proof": a parameter is named after the segment before it. Adds its
 * description to `parameters`. */
static void name_params(const char *pattern, char out[PATH_MAX_LEN], json_t *parameters)
{
    static const struct {
        const char *segment, *name;
    } names[] = {{"c", "code"},
                 {"p", "code"},
                 {"postback", "kid"},
                 {"parties", "party"},
                 {"campaigns", "campaign"},
                 {"contracts", "contract"},
                 {"leads", "lead"},
                 {"statements", "statement"},
                 {"log", "contract"},
                 {"tile", "tile"}};
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
        const char *name = "id";
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strlen(names[i].segment) == prev_len && strncmp(names[i].segment, prev, prev_len) == 0)
                name = names[i].name;
        len += (size_t)snprintf(out + len, PATH_MAX_LEN - len, "{%s}", name);
        json_array_append_new(parameters, json_pack("{s:s,s:s,s:b,s:{s:s}}", "name", name, "in", "path", "required", 1,
                                                    "schema", "type", "string"));
        p = strchr(p, '}');
    }
    out[len] = '\0';
}

static json_t *operation(const struct route *r, const char *method, const json_t *parameters, const json_t *detail)
{
    json_t *op = json_pack("{s:s,s:o}", "summary", r->summary, "parameters", json_deep_copy(parameters));
    if (r->roles & ROUTE_ANY_PARTY)
        json_object_set_new(op, "security", json_pack("[{s:[]}]", "token"));
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)detail, key, v)
    {
        if (strcmp(key, "parameters") == 0)
            json_array_extend(json_object_get(op, "parameters"), v);
        else
            json_object_set(op, key, v);
    }
    if (!json_object_get(op, "responses")) {
        bool created = strcmp(method, "post") == 0 && r->finish == control_finish;
        json_object_set_new(op, "responses",
                            json_pack("{s:{s:s},s:{s:s}}", created ? "201" : "200", "description",
                                      created ? "made" : "the answer", "default", "$ref",
                                      "#/components/responses/Problem"));
    }
    return op;
}

static json_t *build(const struct shared *sh)
{
    static const struct {
        unsigned bit;
        const char *name;
    } methods[] = {{METHOD_GET, "get"}, {METHOD_HEAD, "head"},   {METHOD_POST, "post"},
                   {METHOD_PUT, "put"}, {METHOD_PATCH, "patch"}, {METHOD_DELETE, "delete"}};
    json_t *doc = json_loadb((const char *)web_openapi_json, sizeof web_openapi_json, 0, NULL);
    json_t *details = json_object_get(doc, "x-operations"), *paths = json_object();
    size_t n;
    const struct route *table = route_table(&n);
    for (size_t i = 0; i < n; i++) {
        char path[PATH_MAX_LEN];
        json_t *parameters = json_array();
        name_params(table[i].pattern, path, parameters);
        if (!json_object_get(paths, path))
            json_object_set_new(paths, path, json_object());
        for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
            char name[PATH_MAX_LEN + 8];
            if (!(table[i].methods & methods[m].bit))
                continue;
            snprintf(name, sizeof name, "%s %s", methods[m].name, path);
            json_object_set_new(json_object_get(paths, path), methods[m].name,
                                operation(&table[i], methods[m].name, parameters, json_object_get(details, name)));
        }
        json_decref(parameters);
    }
    json_object_del(doc, "x-operations");
    json_object_set_new(doc, "servers", json_pack("[{s:s}]", "url", sh->public_url));
    json_object_set_new(doc, "paths", paths);
    return doc;
}

enum err openapi_get(struct request *rq, struct reply *reply)
{
    json_t *doc = build(rq->worker->shared);
    char *text = json_dumps(doc, JSON_INDENT(1));
    json_decref(doc);
    if (!text)
        abort();
    reply_body(rq, reply, "application/json", span_str(text));
    reply_header(reply, "Cache-Control", SPAN("public, max-age=300"));
    free(text);
    return ERR_OK;
}
