/* The campaign's member `score`: which facts a lead is scored by, and when a low score holds it. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "common/decisions/member.h"
#include "common/decisions/score_terms.h"

enum { PAIR_NAME = 2 * (2 + LIMIT_FIELD_NAME) + 1 };
enum { FACTS = SCORE_FIELDS - 1, PERMILLE = 1000, YEAR_DAYS = 365 };

static enum score_value value_of(struct span name)
{
    static const char *const values[SCORE_FACT] = {"sub1",      "sub2", "sub3",  "sub4",       "sub5",
                                                   "placement", "hour", "trust", "utm_source", "wait"};
    size_t i = 0;
    while (i < SCORE_FACT && !span_is(name, values[i]))
        i++;
    return (enum score_value)i;
}

static bool scorable(struct span name)
{
    return field_name_ok(name) || value_of(name) != SCORE_FACT;
}

#define MUST_FACT "must be country, f_NAME, sub1 to sub5, placement, trust, utm_source, wait or hour"

/* Who a person is says nothing of the next one. */
static const char *must_be(struct span name)
{
    static const char *const never[] = {"email", "phone", "first_name", "last_name", "ip", "ua", "user_agent"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (span_is(name, never[i]))
            return "cannot be scored by: contact fields, the address and the user agent stand in no entry; " MUST_FACT;
    return MUST_FACT;
}

static struct span text_of(const json_t *v)
{
    return span_of(json_string_value(v), json_string_length(v));
}

static size_t fact_number(const struct score_terms *s, struct span name)
{
    size_t i = 0;
    while (i < s->n_facts && !span_eq(s->facts[i], name))
        i++;
    return i;
}

static enum err element_wrong(const struct reading *r, const char *list, size_t i, const char *must)
{
    char path[MEMBER_PATH];
    member_element_path(path, r->path, list, i);
    return problem(r->problem, ERR_INVALID, path, "%s", must);
}

static enum err facts_read(const struct reading *r, struct score_terms *s)
{
    const json_t *list = NULL;
    enum err err = json_get_array(r->obj, r->path, "facts", FACTS, &list, NULL, r->problem);
    if (err == ERR_OK && json_array_size(list) == 0)
        return member_wrong(r, "facts", "must name at least one fact of a lead");
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        struct span name = text_of(json_array_get(list, i));
        err = member_element(r, "facts", list, i, 2 + LIMIT_FIELD_NAME, scorable, must_be(name), &name);
        if (err == ERR_OK && fact_number(s, name) < s->n_facts)
            err = element_wrong(r, "facts", i, "stands in the list before: name each fact once");
        if (err == ERR_OK)
            s->facts[s->n_facts++] = name;
    }
    return err;
}

static enum err cross_read(const struct reading *r, struct score_terms *s)
{
    const json_t *list = NULL;
    enum err err = json_get_array(r->obj, r->path, "cross", SCORE_CROSS, &list, NULL, r->problem);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        size_t fact = fact_number(s, text_of(json_array_get(list, i)));
        if (fact == s->n_facts)
            err = element_wrong(r, "cross", i, "must be one of score.facts");
        else if (s->crossed >> fact & 1)
            err = element_wrong(r, "cross", i, "stands in the list before: name each fact once");
        else
            s->crossed |= UINT32_C(1) << fact;
    }
    return err == ERR_OK && json_array_size(list) == 1
               ? member_wrong(r, "cross", "must name two facts or more, whose values are looked at in pairs, or none")
               : err;
}

static enum err number_read(const struct reading *r, const char *name, int64_t max, int64_t fallback, int64_t *out)
{
    *out = fallback;
    return json_get_int(r->obj, r->path, name, 0, max, out, NULL, r->problem);
}

/* What it is known by: another one begins with nothing learnt. */
static void what_is_asked(struct score_terms *s)
{
    struct buf text;
    struct jw w;
    buf_heap(&text);
    jw_open(&w, &text);
    jw_object(&w);
    score_terms_lists(s, &w);
    jw_object_end(&w);
    jw_close(&w);
    sha256(text.ptr, text.len, s->asked.b);
    buf_free(&text);
}

/* What the fields and pairs are called. */
static void name_parts(struct score_terms *s)
{
    const struct score_shape *shape = &s->shape;
    struct buf text;
    size_t a, b;
    memcpy(s->part, s->facts, s->n_facts * sizeof *s->facts);
    s->part[s->n_facts] = SPAN("contract");
    if (shape->pairs == 0)
        return;
    buf_heap(&text);
    (void)buf_room(&text, shape->pairs * (size_t)PAIR_NAME); /* what is in it stays where it is */
    for (size_t i = 0; i < shape->pairs; i++) {
        size_t at = text.len;
        score_shape_pair(shape, i, &a, &b);
        buf_span_add(&text, s->facts[a]);
        buf_byte(&text, '&');
        buf_span_add(&text, s->facts[b]);
        s->part[shape->fields + i] = span_of(text.ptr + at, text.len - at);
    }
    s->pairs = text.ptr;
}

/* Puts the fact of that number among those before it. */
static void put_by_name(struct score_terms *s, size_t fact)
{
    size_t at = fact;
    for (; at > 0 && span_order(s->facts[s->by_name[at - 1]], s->facts[fact]) > 0; at--)
        s->by_name[at] = s->by_name[at - 1];
    s->by_name[at] = (uint8_t)fact;
}

static void shape(struct score_terms *s)
{
    score_shape_open(&s->shape);
    for (size_t i = 0; i < s->n_facts; i++) {
        s->value[i] = (uint8_t)value_of(s->facts[i]);
        score_shape_field(&s->shape, s->facts[i], s->value[i] <= SCORE_PLACEMENT);
        put_by_name(s, i);
    }
    score_shape_field(&s->shape, SPAN("contract"), true);
    for (size_t i = 0; i < s->n_facts; i++)
        if (s->crossed >> i & 1)
            score_shape_cross(&s->shape, i);
    name_parts(s);
    what_is_asked(s);
}

static enum err score_terms_read(const struct reading *r, struct score_terms *s)
{
    static const char *const names[] = {"cross", "facts", "hold_below", "hold_days", "max_held_permille", NULL};
    enum err err = json_only(r->obj, r->path, names, r->problem);
    if (err == ERR_OK)
        err = facts_read(r, s);
    if (err == ERR_OK)
        err = cross_read(r, s);
    if (err == ERR_OK)
        err = number_read(r, "hold_below", PERMILLE, 0, &s->hold_below);
    if (err == ERR_OK)
        err = number_read(r, "hold_days", YEAR_DAYS, 3, &s->hold_days);
    if (err == ERR_OK)
        err = number_read(r, "max_held_permille", PERMILLE, 200, &s->max_held_permille);
    if (err == ERR_OK)
        shape(s);
    return err;
}

/* Absent, or without members: no lead is scored. */
static enum err score_read_member(const struct member *m, const struct reading *r, struct terms *t)
{
    char path[MEMBER_PATH];
    struct reading in = {.path = path, .problem = r->problem};
    enum err err = json_get_object(r->obj, r->path, m->name, &in.obj, NULL, r->problem);
    member_path(path, r->path, m->name);
    if (err != ERR_OK || json_object_size(in.obj) == 0)
        return err;
    t->score = xcalloc(1, sizeof *t->score);
    return score_terms_read(&in, t->score);
}

void score_terms_lists(const struct score_terms *s, struct jw *w)
{
    jw_key(w, "cross");
    jw_array(w);
    for (size_t i = 0; i < s->n_facts; i++)
        if (s->crossed >> i & 1)
            jw_str(w, s->facts[i]);
    jw_array_end(w);
    jw_key(w, "facts");
    jw_array(w);
    for (size_t i = 0; i < s->n_facts; i++)
        jw_str(w, s->facts[i]);
    jw_array_end(w);
}

static void score_write_member(const struct member *m, const struct terms *t, struct jw *w)
{
    const struct score_terms *s = t->score;
    (void)m;
    jw_object(w);
    if (s != NULL) {
        score_terms_lists(s, w);
        jw_kint(w, "hold_below", s->hold_below);
        jw_kint(w, "hold_days", s->hold_days);
        jw_kint(w, "max_held_permille", s->max_held_permille);
    }
    jw_object_end(w);
}

const struct member_type member_score = {score_read_member, score_write_member};

bool score_terms_use(const struct score_terms *s, struct span name)
{
    return s != NULL && fact_number(s, name) < s->n_facts;
}

void score_terms_free(struct score_terms *s)
{
    if (s != NULL)
        free(s->pairs);
    free(s);
}
