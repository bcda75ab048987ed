#include "common/commit/crm.h"

#include <stdio.h>

#include "common/base/ascii.h"
#include "common/base/query.h"
#include "common/base/text.h"

/* ---- recipes ---- */

static const char *const nothing[] = {NULL};
static const struct crm_name none[] = {{NULL, NULL}};
static const struct crm_name ours[] = {{"at", "at"},
                                       {"campaign", "campaign"},
                                       {"click_id", "click_id"},
                                       {"contract", "contract"},
                                       {"country", "country"},
                                       {"currency", "currency"},
                                       {"email", "email"},
                                       {"first_name", "first_name"},
                                       {"last_name", "last_name"},
                                       {"lead", "lead"},
                                       {"payout", "payout"},
                                       {"phone", "phone"},
                                       {"status", "status"},
                                       {"sub1", "sub1"},
                                       {"sub2", "sub2"},
                                       {"sub3", "sub3"},
                                       {"sub4", "sub4"},
                                       {"sub5", "sub5"},
                                       {"txid", "txid"},
                                       {NULL, NULL}};
static const struct crm_name hubspot[] = {
    {"email", "email"}, {"first_name", "firstname"}, {"last_name", "lastname"}, {"phone", "phone"}, {NULL, NULL}};
static const struct crm_name salesforce[] = {{"country", "country"},       {"email", "email"},
                                             {"first_name", "first_name"}, {"last_name", "last_name"},
                                             {"phone", "phone"},           {NULL, NULL}};
static const struct crm_name pipedrive_person[] = {
    {"email", "email"}, {"name", "name"}, {"phone", "phone"}, {NULL, NULL}};
static const struct crm_name pipedrive_lead[] = {{"name", "title"}, {NULL, NULL}};

const struct crm_recipe crm_recipes[] = {
    {.word = "form",
     .auth = "Authorization: Bearer ",
     .shape = CRM_FORM,
     .needs = nothing,
     .fields = ours,
     .otherwise = none,
     .what = "a form post to any URL; a token is sent as bearer"},
    {.word = "hubspot_contact",
     .url = "https://api.hubapi.com/crm/v3/objects/contacts",
     .auth = "Authorization: Bearer ",
     .needs_token = true,
     .shape = CRM_PROPERTIES,
     .there = 409,
     .needs = nothing,
     .fields = hubspot,
     .otherwise = none,
     .what = "HubSpot: a contact is created; token of a private app"},
    {.word = "hubspot_form",
     .url = "https://api.hsforms.com/submissions/v3/integration/submit/{portal}/{form}",
     .shape = CRM_FIELDS,
     .needs = (const char *const[]){"portal", "form", NULL},
     .fields = hubspot,
     .otherwise = none,
     .what = "HubSpot: a form is submitted"},
    {.word = "json",
     .auth = "Authorization: Bearer ",
     .shape = CRM_FLAT,
     .needs = nothing,
     .fields = ours,
     .otherwise = none,
     .what = "a flat JSON object to any URL; a token is sent as bearer"},
    {.word = "pipedrive_lead",
     .url = "https://api.pipedrive.com/v1/leads",
     .auth = "x-api-token: ",
     .needs_token = true,
     .shape = CRM_FLAT,
     .needs = (const char *const[]){"organization_id", NULL},
     .fields = pipedrive_lead,
     .otherwise = (const struct crm_name[]){{"title", "Lead"}, {NULL, NULL}},
     .what = "Pipedrive: a lead of the organization that `fixed` names is added"},
    {.word = "pipedrive_person",
     .url = "https://api.pipedrive.com/v1/persons",
     .auth = "x-api-token: ",
     .needs_token = true,
     .shape = CRM_FLAT,
     .needs = nothing,
     .fields = pipedrive_person,
     .otherwise = (const struct crm_name[]){{"name", "(unknown)"}, {NULL, NULL}},
     .what = "Pipedrive: a person is added"},
    {.word = "salesforce_web_to_lead",
     .url = "https://webto.salesforce.com/servlet/servlet.WebToLead?encoding=UTF-8",
     .shape = CRM_FORM,
     .needs = (const char *const[]){"oid", NULL},
     .fields = salesforce,
     .otherwise = (const struct crm_name[]){{"company", "(unknown)"}, {"last_name", "(unknown)"}, {NULL, NULL}},
     .what = "Salesforce: a web-to-lead form is posted"},
    {.word = NULL}};

static const struct crm_recipe *recipe_of(struct span word)
{
    const struct crm_recipe *r = crm_recipes;
    while (r->word != NULL && !span_is(word, r->word))
        r++;
    return r->word != NULL ? r : NULL;
}

/* ---- reading ---- */

static bool is_ours(struct span name)
{
    if (span_starts(name, "f_") && name.len > 2 && name.len <= LIMIT_FIELD_NAME + 2)
        return true;
    for (const struct crm_name *n = ours; n->ours != NULL; n++)
        if (span_is(name, n->ours))
            return true;
    return span_is(name, "name") || span_is(name, "reason");
}

static bool is_one_of(struct span word, const char *const *words)
{
    while (*words != NULL && !span_is(word, *words))
        words++;
    return *words != NULL;
}

static const char *const said[] = {"amount", "click_id", "currency", "event", "lead", "reason", "status", "txid", NULL};
static const char *const statuses[] = {"approved", "converted", "rejected", "returned", NULL};

static struct span key_of(const char *name)
{
    return span_str(name);
}

static enum err wrong(struct problem *p, const char *member, struct span name, const char *what)
{
    char path[80];
    snprintf(path, sizeof path, "%s.%.*s", member, (int)(name.len < 60 ? name.len : 60), name.ptr);
    return problem(p, ERR_INVALID, path, "%s", what);
}

static bool is_name(struct span name)
{
    bool good = name.len > 0 && name.len <= CRM_NAME_MAX;
    for (size_t i = 0; i < name.len; i++)
        good &= (uint8_t)name.ptr[i] >= ' ' && name.ptr[i] != 0x7f;
    return good;
}

static enum err names_in(const json_t *document, const char *member, const json_t **out, struct problem *p)
{
    enum err err = json_get_object(document, "", member, out, NULL, p);
    if (err == ERR_OK && *out != NULL && json_object_size(*out) > CRM_NAMES)
        err = problem(p, ERR_INVALID, member, "has more than %d members", CRM_NAMES);
    const char *name;
    json_t *value;
    if (err == ERR_OK && *out != NULL)
        json_object_foreach((json_t *)*out, name, value) if (err == ERR_OK && !is_name(key_of(name))) err =
            wrong(p, member, key_of(name), "has a name that is none: 1 to 128 bytes, no control characters");
    return err;
}

static struct span text_of(const json_t *v)
{
    return json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : span_of(NULL, 0);
}

static enum err read_fields(struct crm *c, struct problem *p)
{
    enum err err = names_in(c->document, "fields", &c->fields, p);
    const char *name;
    json_t *value;
    if (err != ERR_OK || c->fields == NULL)
        return err;
    json_object_foreach((json_t *)c->fields, name, value)
    {
        if (!is_ours(key_of(name)))
            return wrong(p, "fields", key_of(name),
                         "is no field of a lead: f_NAME, name, email, phone, first_name, last_name, country, lead, "
                         "txid, click_id, sub1 to sub5, status, reason, payout, currency, campaign, contract, at are");
        if (!json_is_string(value) || (!span_empty(text_of(value)) && !is_name(text_of(value))))
            return wrong(p, "fields", key_of(name),
                         "must be their name for it, at most 128 bytes; \"\": it is not sent");
    }
    return ERR_OK;
}

static enum err read_fixed(struct crm *c, struct problem *p)
{
    enum err err = names_in(c->document, "fixed", &c->fixed, p);
    const char *name;
    json_t *value;
    if (err == ERR_OK && c->fixed != NULL)
        json_object_foreach(
            (json_t *)c->fixed, name,
            value) if (!(json_is_string(value) && json_string_length(value) <= CRM_TEXT_MAX) &&
                       !json_is_integer(value) &&
                       !json_is_boolean(
                           value)) return wrong(p, "fixed", key_of(name),
                                                "must be a text of at most 512 bytes, a whole number or a bool");
    for (const char *const *need = c->recipe->needs; err == ERR_OK && *need != NULL; need++) {
        const json_t *v = json_object_get(c->fixed, *need);
        if (v == NULL || (json_is_string(v) && json_string_length(v) == 0))
            err = wrong(p, "fixed", span_str(*need), "is needed by this recipe");
    }
    return err;
}

/* `columns` or `statuses`. */
static enum err read_words(struct crm *c, const char *member, const char *const *words, const json_t **out,
                           const char *what, struct problem *p)
{
    enum err err = names_in(c->document, member, out, p);
    const char *name;
    json_t *value;
    if (err == ERR_OK && *out != NULL)
        json_object_foreach((json_t *)*out, name,
                            value) if (!is_one_of(text_of(value), words)) return wrong(p, member, key_of(name), what);
    return err;
}

/* The name that a {macro} has which the text begins with; empty: it begins with none. */
static struct span macro_at(struct span text)
{
    const char *end = text.len > 1 && text.ptr[0] == '{' ? memchr(text.ptr, '}', text.len) : NULL;
    return end != NULL ? span_of(text.ptr + 1, (size_t)(end - text.ptr - 1)) : SPAN("");
}

static const json_t *fixed_get(const struct crm *c, struct span name)
{
    return c->fixed != NULL ? json_object_getn(c->fixed, name.ptr, name.len) : NULL;
}

static enum err read_url(struct crm *c, struct problem *p)
{
    enum err err = ERR_OK;
    if (span_empty(c->url) && c->recipe->url == NULL)
        err = problem(p, ERR_INVALID, "url", "is needed by this recipe");
    if (err == ERR_OK && span_empty(c->url))
        c->url = span_str(c->recipe->url);
    for (size_t i = 0; i < c->url.len && err == ERR_OK; i++) {
        struct span name = macro_at(span_skip(c->url, i));
        if (c->url.ptr[i] == '{' && fixed_get(c, name) == NULL)
            err = problem(p, ERR_INVALID, "url", "has {%.*s}, which `fixed` does not have",
                          (int)(name.len < 40 ? name.len : 40), name.ptr);
    }
    return err;
}

static enum err read_all(struct crm *c, struct problem *p)
{
    static const char *const members[] = {"columns", "fields", "fixed", "recipe", "statuses", "url", NULL};
    struct span word = SPAN("");
    enum err err = json_only(c->document, "", members, p);
    if (err == ERR_OK)
        err = json_get_str(c->document, "", "url", LIMIT_URL, &c->url, NULL, p);
    if (err == ERR_OK)
        err = json_get_str(c->document, "", "recipe", 64, &word, NULL, p);
    if (err == ERR_OK && (c->recipe = recipe_of(word)) == NULL)
        err = problem(p, ERR_INVALID, "recipe",
                      "must be json, form, hubspot_contact, hubspot_form, salesforce_web_to_lead, pipedrive_person or "
                      "pipedrive_lead");
    if (err == ERR_OK)
        err = read_fields(c, p);
    if (err == ERR_OK)
        err = read_fixed(c, p);
    if (err == ERR_OK)
        err = read_words(c, "columns", said, &c->columns,
                         "must be txid, lead, click_id, status, reason, event, amount or currency", p);
    if (err == ERR_OK)
        err = read_words(c, "statuses", statuses, &c->statuses, "must be approved, rejected, returned or converted", p);
    return err == ERR_OK ? read_url(c, p) : err;
}

enum err crm_read(struct span canonical, struct crm *out, struct problem *p)
{
    *out = (struct crm){.url = SPAN("")};
    enum err err = json_read(canonical, &out->document, p);
    if (err == ERR_OK && (err = read_all(out, p)) != ERR_OK)
        crm_close(out);
    return err;
}

void crm_close(struct crm *c)
{
    json_decref(c->document);
    *c = (struct crm){.url = SPAN("")};
}

bool crm_token_ok(struct span token)
{
    bool good = token.len > 0 && token.len <= CRM_TOKEN_MAX;
    for (size_t i = 0; i < token.len; i++)
        good &= token.ptr[i] > ' ' && token.ptr[i] < 0x7f;
    return good;
}

/* ---- a request ---- */

/* A value of `fixed` as text. */
static void fixed_text(const json_t *v, struct buf *out)
{
    if (json_is_integer(v))
        buf_i64(out, json_integer_value(v));
    else if (json_is_boolean(v))
        buf_str(out, json_is_true(v) ? "true" : "false");
    else
        buf_span_add(out, text_of(v));
}

static void encode(const json_t *v, struct buf *out)
{
    struct buf text;
    buf_heap(&text);
    fixed_text(v, &text);
    query_encode(out, buf_span(&text));
    buf_free(&text);
}

void crm_url(const struct crm *c, struct buf *out)
{
    for (size_t i = 0; i < c->url.len; i++) {
        struct span name = macro_at(span_skip(c->url, i));
        if (c->url.ptr[i] != '{') {
            buf_byte(out, (uint8_t)c->url.ptr[i]);
            continue;
        }
        encode(fixed_get(c, name), out);
        i += name.len + 1;
    }
}

/* What the URL has taken of `fixed` is no field. */
static bool is_in_url(const struct crm *c, struct span name)
{
    bool in = false;
    for (size_t i = 0; i < c->url.len && !in; i++)
        in = c->url.ptr[i] == '{' && span_eq(macro_at(span_skip(c->url, i)), name);
    return in;
}

static void put(json_t *out, struct span name, json_t *value)
{
    int failed = json_object_setn_new(out, name.ptr, name.len, value);
    assert(failed == 0);
    (void)failed;
}

static void put_value(json_t *out, struct span theirs, struct span our_name, const struct delivery_macro *values,
                      size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (span_is(our_name, values[i].name) && !span_empty(values[i].value))
            put(out, theirs, json_stringn(values[i].value.ptr, values[i].value.len));
}

/* Their names and what stands under each: the lead's own before what is fixed, and that before a recipe's. */
static json_t *collect(const struct crm *c, const struct delivery_macro *values, size_t n)
{
    json_t *out = json_object(), *value;
    const char *name;
    for (const struct crm_name *f = c->recipe->otherwise; f->ours != NULL; f++)
        put(out, span_str(f->ours), json_string(f->theirs));
    if (c->fixed != NULL)
        json_object_foreach((json_t *)c->fixed, name, value) if (!is_in_url(c, key_of(name)))
            put(out, key_of(name), json_incref(value));
    for (const struct crm_name *f = c->recipe->fields; f->ours != NULL; f++)
        if (json_object_get(c->fields, f->ours) == NULL)
            put_value(out, span_str(f->theirs), span_str(f->ours), values, n);
    if (c->fields != NULL)
        json_object_foreach((json_t *)c->fields, name, value) if (!span_empty(text_of(value)))
            put_value(out, text_of(value), key_of(name), values, n);
    return out;
}

static void write_form(const json_t *all, struct buf *out)
{
    const char *name;
    json_t *value;
    size_t start = out->len;
    json_object_foreach((json_t *)all, name, value)
    {
        if (out->len > start)
            buf_byte(out, '&');
        query_encode(out, key_of(name));
        buf_byte(out, '=');
        encode(value, out);
    }
}

static json_t *as_fields(const json_t *all)
{
    json_t *list = json_array(), *value;
    const char *name;
    json_object_foreach((json_t *)all, name, value)
    {
        json_t *one = json_object();
        put(one, SPAN("name"), json_string(name));
        put(one, SPAN("objectTypeId"), json_string("0-1"));
        put(one, SPAN("value"), json_incref(value));
        json_array_append_new(list, one);
    }
    return list;
}

void crm_body(const struct crm *c, const struct delivery_macro *values, size_t n, struct buf *out)
{
    json_t *all = collect(c, values, n), *whole = all;
    struct jw w;
    if (c->recipe->shape == CRM_FORM) {
        write_form(all, out);
        json_decref(all);
        return;
    }
    if (c->recipe->shape != CRM_FLAT) {
        bool properties = c->recipe->shape == CRM_PROPERTIES;
        whole = json_object();
        put(whole, properties ? SPAN("properties") : SPAN("fields"), properties ? json_incref(all) : as_fields(all));
        json_decref(all);
    }
    jw_open(&w, out);
    jw_value(&w, whole);
    jw_close(&w);
    json_decref(whole);
}

const char *crm_media_type(const struct crm *c)
{
    return c->recipe->shape == CRM_FORM ? "application/x-www-form-urlencoded" : "application/json";
}

/* ---- what comes back ---- */

static size_t words_of(const json_t *of, struct crm_word out[CRM_NAMES])
{
    const char *name;
    json_t *value;
    size_t n = 0;
    if (of != NULL)
        json_object_foreach((json_t *)of, name, value) out[n++] = (struct crm_word){span_str(name), text_of(value)};
    return n;
}

void crm_words_of(const struct crm *c, struct crm_words *out)
{
    out->n_columns = words_of(c->columns, out->column);
    out->n_statuses = words_of(c->statuses, out->status);
}

/* A field that a column of theirs stands for is read of that column alone. */
struct span crm_column(const struct crm_words *w, struct span theirs)
{
    bool taken = !is_one_of(theirs, said);
    for (size_t i = 0; i < w->n_columns; i++) {
        if (span_eq(w->column[i].theirs, theirs))
            return w->column[i].ours;
        taken |= span_eq(w->column[i].ours, theirs);
    }
    return taken ? SPAN("") : theirs;
}

struct span crm_status(const struct crm_words *w, struct span word)
{
    for (size_t i = 0; i < w->n_statuses; i++)
        if (span_eq(w->status[i].theirs, word))
            return w->status[i].ours;
    return word;
}
