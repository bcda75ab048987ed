#include "common/decisions/member.h"

#include <assert.h>

#include "common/base/when.h"

enum { MEMBERS_MAX = 28 };

static void *field(const struct member *m, struct terms *t)
{
    return (char *)t + m->at;
}

static const void *const_field(const struct member *m, const struct terms *t)
{
    return (const char *)t + m->at;
}

static void path_add(struct buf *b, const char *text)
{
    buf_add(b, text, strnlen(text, b->cap - b->len));
}

void member_path(char out[MEMBER_PATH], const char *path, const char *name)
{
    struct buf b;
    buf_fixed(&b, out, MEMBER_PATH - 1);
    path_add(&b, path);
    path_add(&b, *path ? "." : "");
    path_add(&b, name);
    out[b.len] = '\0';
}

void member_element_path(char out[MEMBER_PATH], const char *path, const char *name, size_t i)
{
    char member[MEMBER_PATH];
    struct buf b;

    member_path(member, path, name);
    buf_fixed(&b, out, MEMBER_PATH - 1);
    path_add(&b, member);
    buf_printf(&b, "[%zu]", i);
    out[b.len] = '\0';
}

enum err member_wrong(const struct reading *r, const char *name, const char *must)
{
    char path[MEMBER_PATH];
    member_path(path, r->path, name);
    return problem(r->problem, ERR_INVALID, path, "%s", must);
}

enum err member_element(const struct reading *r, const char *name, const json_t *list, size_t i, size_t max,
                        bool (*ok)(struct span), const char *must, struct span *out)
{
    const json_t *v = json_array_get(list, i);
    struct span s = span_of(json_string_value(v), json_string_length(v));
    char path[MEMBER_PATH];

    if (json_is_string(v) && s.len > 0 && s.len <= max && (ok == NULL || ok(s))) {
        *out = s;
        return ERR_OK;
    }
    member_element_path(path, r->path, name, i);
    return problem(r->problem, ERR_INVALID, path, "%s", must);
}

enum err members_read(const struct member *table, const struct reading *r, struct terms *t)
{
    const char *names[MEMBERS_MAX + 1];
    size_t n = 0;
    for (const struct member *m = table; m->name != NULL; m++) {
        assert(n < MEMBERS_MAX);
        names[n++] = m->name;
    }
    names[n] = NULL;

    enum err err = r->obj != NULL ? json_only(r->obj, r->path, names, r->problem) : ERR_OK;
    for (const struct member *m = table; err == ERR_OK && m->name != NULL; m++)
        err = m->type->read(m, r, t);
    return err;
}

void members_write(const struct member *table, const struct terms *t, struct jw *w)
{
    jw_object(w);
    for (const struct member *m = table; m->name != NULL; m++) {
        jw_key(w, m->name);
        m->type->write(m, t, w);
    }
    jw_object_end(w);
}

/* ---- objects ---- */

static enum err object_read(const struct member *m, const struct reading *r, struct terms *t)
{
    char path[MEMBER_PATH];
    struct reading inner = {.path = path, .problem = r->problem};
    bool found = false;
    enum err err = json_get_object(r->obj, r->path, m->name, &inner.obj, &found, r->problem);

    if (err != ERR_OK)
        return err;
    member_path(path, r->path, m->name);
    return members_read(m->members, &inner, t);
}

static void object_write(const struct member *m, const struct terms *t, struct jw *w)
{
    members_write(m->members, t, w);
}

const struct member_type member_object = {object_read, object_write};

/* ---- integers ---- */

static enum err int_read(const struct member *m, const struct reading *r, struct terms *t)
{
    int64_t v = m->fallback;
    enum err err = json_get_int(r->obj, r->path, m->name, m->min, m->max, &v, NULL, r->problem);
    if (err == ERR_OK)
        *(int64_t *)field(m, t) = v;
    return err;
}

static void int_write(const struct member *m, const struct terms *t, struct jw *w)
{
    jw_int(w, *(const int64_t *)const_field(m, t));
}

const struct member_type member_int = {int_read, int_write};

/* ---- switches ---- */

static enum err bool_read(const struct member *m, const struct reading *r, struct terms *t)
{
    bool v = m->fallback;
    enum err err = json_get_bool(r->obj, r->path, m->name, &v, NULL, r->problem);
    if (err == ERR_OK)
        *(bool *)field(m, t) = v;
    return err;
}

static void bool_write(const struct member *m, const struct terms *t, struct jw *w)
{
    jw_bool(w, *(const bool *)const_field(m, t));
}

const struct member_type member_bool = {bool_read, bool_write};

/* ---- texts ---- */

static enum err text_read(const struct member *m, const struct reading *r, struct terms *t)
{
    struct span v = span_str(m->text);
    bool found = false;
    enum err err = json_get_str(r->obj, r->path, m->name, (size_t)m->max, &v, &found, r->problem);

    if (err != ERR_OK)
        return err;
    if (!found && m->text == NULL)
        return member_wrong(r, m->name, "is missing");
    bool fallback = m->text != NULL && span_is(v, m->text);
    if (!fallback && !m->ok(v))
        return member_wrong(r, m->name, m->must);
    *(struct span *)field(m, t) = v;
    return ERR_OK;
}

static void text_write(const struct member *m, const struct terms *t, struct jw *w)
{
    jw_str(w, *(const struct span *)const_field(m, t));
}

const struct member_type member_text = {text_read, text_write};

/* ---- times: RFC 3339 text in the document, milliseconds in the terms, "" and 0 when open ---- */

static enum err time_read(const struct member *m, const struct reading *r, struct terms *t)
{
    struct span text = SPAN("");
    int64_t ms = 0;
    enum err err = json_get_str(r->obj, r->path, m->name, 64, &text, NULL, r->problem);

    if (err != ERR_OK)
        return err;
    if (!span_empty(text) && (time_parse(text, &ms) != ERR_OK || ms <= 0))
        return member_wrong(r, m->name, "must be an RFC 3339 time such as 2026-01-31T00:00:00Z, or empty");
    *(int64_t *)field(m, t) = ms;
    return ERR_OK;
}

static void time_write(const struct member *m, const struct terms *t, struct jw *w)
{
    int64_t ms = *(const int64_t *)const_field(m, t);
    char mem[40];
    struct buf text;

    buf_fixed(&text, mem, sizeof mem);
    if (ms)
        time_rfc3339(&text, ms);
    jw_str(w, buf_span(&text));
}

const struct member_type member_time = {time_read, time_write};

/* ---- one of some words, kept as its number ---- */

static int word_number(const char *const *words, const json_t *v)
{
    struct span word = span_of(json_string_value(v), json_string_length(v));
    for (int i = 0; json_is_string(v) && words[i] != NULL; i++)
        if (span_is(word, words[i]))
            return i;
    return -1;
}

static enum err word_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const json_t *v = json_object_get(r->obj, m->name);
    int number = v == NULL || json_is_null(v) ? (int)m->fallback : word_number(m->words, v);
    if (number < 0)
        return member_wrong(r, m->name, m->must);
    *(unsigned *)field(m, t) = (unsigned)number;
    return ERR_OK;
}

static void word_write(const struct member *m, const struct terms *t, struct jw *w)
{
    jw_str(w, span_str(m->words[*(const unsigned *)const_field(m, t)]));
}

const struct member_type member_word = {word_read, word_write};

/* ---- sets of words, kept as bits ---- */

static enum err set_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const json_t *list = NULL, *v;
    unsigned bits = 0;
    size_t i;
    enum err err = json_get_array(r->obj, r->path, m->name, LIMIT_VALUES, &list, NULL, r->problem);

    if (err != ERR_OK)
        return err;
    json_array_foreach(list, i, v)
    {
        int bit = word_number(m->words, v);
        if (bit < 0 || bits & 1u << bit) {
            char path[MEMBER_PATH];
            member_element_path(path, r->path, m->name, i);
            return problem(r->problem, ERR_INVALID, path, "%s", m->must);
        }
        bits |= 1u << bit;
    }
    if (list != NULL && !bits && m->min > 0)
        return member_wrong(r, m->name, "must not be empty");
    *(unsigned *)field(m, t) = list != NULL ? bits : (unsigned)m->fallback;
    return ERR_OK;
}

static void set_write(const struct member *m, const struct terms *t, struct jw *w)
{
    unsigned bits = *(const unsigned *)const_field(m, t);
    jw_array(w);
    for (int i = 0; m->words[i] != NULL; i++)
        if (bits & 1u << i)
            jw_str(w, span_str(m->words[i]));
    jw_array_end(w);
}

const struct member_type member_set = {set_read, set_write};

/* ---- what is not supported yet ---- */

static enum err fixed_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const json_t *v = json_object_get(r->obj, m->name);
    char path[MEMBER_PATH];

    (void)t;
    if (v == NULL || json_is_null(v))
        return ERR_OK;
    json_t *only = json_loads(m->text, JSON_DECODE_ANY, NULL);
    assert(only != NULL);
    bool same = json_equal(v, only);
    json_decref(only);
    if (same)
        return ERR_OK;
    member_path(path, r->path, m->name);
    return problem(r->problem, ERR_INVALID, path, "is not supported yet with a value other than %s", m->text);
}

static void fixed_write(const struct member *m, const struct terms *t, struct jw *w)
{
    (void)t;
    jw_raw(w, span_str(m->text));
}

const struct member_type member_fixed = {fixed_read, fixed_write};
