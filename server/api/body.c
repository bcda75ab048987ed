#include "server/api/body.h"

#include "common/base/ascii.h"
#include "common/base/text.h"

enum err body_object(struct request *rq, json_t **out)
{
    if (span_empty(rq->body)) {
        *out = json_object();
        return ERR_OK;
    }
    if (!span_empty(rq->content_type) && !media_type_is(rq->content_type, "application/json"))
        return problem(&rq->problem, ERR_MEDIA_TYPE, "Content-Type", "must be application/json");
    return json_read(rq->body, out, &rq->problem);
}

enum err body_text(struct request *rq, const json_t *object, const char *name, size_t max, struct span *out)
{
    struct span text = {0};
    enum err err = json_get_str(object, "", name, max, &text, NULL, &rq->problem);
    if (err != ERR_OK)
        return err;
    if (span_empty(text_strip(text)))
        return problem(&rq->problem, ERR_INVALID, name, "%s a text of 1 to %zu bytes, not only blanks",
                       text.ptr == NULL ? "is required:" : "must be", max);
    if (ascii_has_control(text))
        return problem(&rq->problem, ERR_INVALID, name, "must not hold control characters");
    *out = arena_copy(rq->arena, text);
    return ERR_OK;
}

/* A null says neither a value nor that the default is meant. */
static enum err refuse_others(struct request *rq, const json_t *object, const struct body_member *table)
{
    enum { MEMBERS_MAX = 16 };
    const char *names[MEMBERS_MAX] = {NULL};
    for (size_t i = 0; table[i].name != NULL && i < MEMBERS_MAX - 1; i++)
        names[i] = table[i].name;
    enum err err = json_only(object, "", names, &rq->problem);
    for (size_t i = 0; names[i] != NULL && err == ERR_OK; i++)
        if (json_is_null(json_object_get(object, names[i])))
            err = problem(&rq->problem, ERR_INVALID, names[i],
                          table[i].required ? "must not be null" : "must not be null: leave it out for its default");
    return err;
}

static enum err read_object(struct request *rq, const json_t *object, const struct body_member *m, struct span *out)
{
    const json_t *v = json_object_get(object, m->name);
    struct buf text;
    struct jw w;
    if (v == NULL && !m->required)
        return ERR_OK;
    if (!json_is_object(v))
        return problem(&rq->problem, ERR_INVALID, m->name, "must be an object");
    buf_heap(&text);
    jw_open(&w, &text);
    jw_value(&w, v);
    jw_close(&w);
    struct buf kept;
    arena_buf(rq->arena, &kept, text.len + 1);
    buf_span_add(&kept, buf_span(&text));
    *out = buf_span(&kept);
    buf_free(&text);
    return ERR_OK;
}

static enum err read_member(struct request *rq, const json_t *object, const struct body_member *m, void *out)
{
    void *at = (char *)out + m->at;
    bool there = json_object_get(object, m->name) != NULL;
    if (m->type == BODY_TEXT)
        return there || m->required ? body_text(rq, object, m->name, (size_t)m->max, at) : ERR_OK;
    if (m->type == BODY_JSON)
        return read_object(rq, object, m, at);
    if (m->type == BODY_BOOL)
        return json_get_bool(object, "", m->name, at, NULL, &rq->problem);
    if (m->type == BODY_SWITCH) {
        struct body_switch *said = at;
        return json_get_bool(object, "", m->name, &said->value, &said->given, &rq->problem);
    }
    struct body_int *number = at;
    enum err err = json_get_int(object, "", m->name, m->min, m->max, &number->value, &number->given, &rq->problem);
    if (err == ERR_OK && m->required && !number->given)
        return problem(&rq->problem, ERR_INVALID, m->name, "is required: a whole number");
    return err;
}

enum err body_read(struct request *rq, const struct body_member *table, void *out)
{
    json_t *object;
    enum err err = body_object(rq, &object);
    if (err != ERR_OK)
        return err;
    err = refuse_others(rq, object, table);
    for (const struct body_member *m = table; m->name != NULL && err == ERR_OK; m++)
        err = read_member(rq, object, m, out);
    json_decref(object);
    return err;
}
