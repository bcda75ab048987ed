#include "common/base/bytes.h"
#include "common/ledger/embedded.h"
#include "common/ledger/entry_fields.h"

static enum err bad(struct problem *p, const char *field, const char *must)
{
    return problem(p, ERR_CORRUPT, field, "%s", must);
}

static enum err read_int(const json_t *obj, const struct field *f, int64_t min, int64_t max, void *at, size_t size,
                         struct problem *p)
{
    int64_t v = f->type == TIER ? -1 : 0;
    enum err err = json_get_int(obj, "", f->name, min, max, &v, NULL, p);
    if (err == ERR_OK && size == sizeof(uint32_t)) {
        *(uint32_t *)at = (uint32_t)v;
    } else if (err == ERR_OK) {
        *(int64_t *)at = v;
    }
    return err;
}

static enum err read_word(const json_t *obj, const struct field *f, void *at, struct problem *p)
{
    struct span word = SPAN("");
    enum err err = json_get_str(obj, "", f->name, LIMIT_FIELD_NAME, &word, NULL, p);
    if (f->type == TAX && json_object_get(obj, f->name) == NULL)
        return ERR_OK; /* none, which has a word */
    if (err == ERR_OK) {
        err = f->type == CLASS        ? class_parse(word, at)
              : f->type == TRUST      ? trust_parse(word, at)
              : f->type == STATUS     ? status_parse(word, at)
              : f->type == DEVICE     ? device_parse(word, at)
              : f->type == CREDENTIAL ? credential_parse(word, at)
              : f->type == TAX        ? tax_parse(word, at)
              : f->type == ORIGIN     ? model_origin_parse(word, at)
                                      : reason_parse(word, at);
    }
    return err == ERR_OK ? err : bad(p, f->name, "is not a word of its table");
}

static enum err read_32(const json_t *obj, const char *name, bool hex, void *at, struct problem *p)
{
    struct span text = SPAN("");
    size_t len = 0;
    enum err err = json_get_str(obj, "", name, 2 * 32, &text, NULL, p);
    if (err == ERR_OK) {
        err = hex ? hex_decode(text, at, 32, &len) : b64url_decode(text, at, 32, &len);
    }
    return err == ERR_OK && len == 32 ? ERR_OK : bad(p, name, "must be 32 bytes");
}

static enum err read_contacts(const json_t *obj, const struct field *f, unsigned *bits, struct problem *p)
{
    const json_t *list = NULL, *item;
    size_t i;
    enum err err = json_get_array(obj, "", f->name, CONTACT_FIELDS, &list, NULL, p);
    if (err != ERR_OK) {
        return err;
    }
    json_array_foreach(list, i, item)
    {
        int field = 0;
        const char *name = json_string_value(item);
        while (field < CONTACT_FIELDS && name != NULL && strcmp(name, contact_names[field]) != 0) {
            field++;
        }
        if (name == NULL || field == CONTACT_FIELDS) {
            return bad(p, f->name, "must list contact fields");
        }
        *bits |= 1u << field;
    }
    return ERR_OK;
}

static enum err read_facts(const json_t *obj, struct entry_lead *l, struct problem *p)
{
    const json_t *facts = NULL;
    const char *name;
    json_t *value;
    enum err err = json_get_object(obj, "", "facts", &facts, NULL, p);
    if (err != ERR_OK) {
        return err;
    }
    /* jansson keeps the members in the order of the text, which is canonical */
    json_object_foreach((json_t *)facts, name, value)
    {
        if (l->n_facts == LIMIT_FIELDS || !json_is_string(value)) {
            return bad(p, "facts", "must be a few strings");
        }
        l->facts[l->n_facts++] =
            (struct fact){span_str(name), span_of(json_string_value(value), json_string_length(value))};
    }
    return ERR_OK;
}

static enum err read_dup(const json_t *obj, struct entry_lead *l, struct problem *p)
{
    static const char *const names[] = {"commit", "contract", "index", NULL};
    const json_t *dup = NULL;
    int64_t index = 0;
    bool found = false;
    enum err err = json_get_object(obj, "", "dup", &dup, NULL, p);
    if (err != ERR_OK || dup == NULL) {
        return err;
    }
    err = json_only(dup, "dup", names, p);
    if (err == ERR_OK)
        err = json_get_str(dup, "dup", "contract", LIMIT_ID, &l->dup_contract, NULL, p);
    if (err == ERR_OK && span_is(l->dup_contract, DUP_ELSEWHERE))
        return read_32(dup, "commit", false, l->dup_commit.b, p);
    if (err == ERR_OK)
        err = json_get_int(dup, "dup", "index", 0, JSON_INT_MAX, &index, &found, p);
    l->dup_index = (uint64_t)index;
    return err == ERR_OK && !found ? bad(p, "dup.index", "is missing") : err;
}

static enum err read_touch(const json_t *obj, struct entry_touch *t, struct problem *p)
{
    int64_t click = 0;
    enum err err = json_get_int(obj, "touches", "click", 0, JSON_INT_MAX, &click, NULL, p);
    if (err == ERR_OK)
        err = json_get_bool(obj, "touches", "click_unrecorded", &t->click_unrecorded, NULL, p);
    if (err == ERR_OK)
        err = json_get_int(obj, "touches", "clicked_ms", 0, JSON_INT_MAX, &t->clicked_ms, NULL, p);
    t->click = (uint64_t)click;
    return err;
}

static enum err read_touches(const json_t *obj, struct entry_lead *l, struct problem *p)
{
    const json_t *list = NULL, *item;
    size_t i;
    enum err err = json_get_array(obj, "", "touches", LIMIT_TOUCHES - 1, &list, NULL, p);
    json_array_foreach(list, i, item)
    {
        if (err == ERR_OK && !json_is_object(item))
            err = bad(p, "touches", "must list objects");
        if (err == ERR_OK)
            err = read_touch(item, &l->touches[l->n_touches++], p);
    }
    return err;
}

static enum err read_why(const json_t *obj, struct entry_lead *l, struct problem *p)
{
    const json_t *list = NULL, *item;
    size_t i;
    enum err err = json_get_array(obj, "", "score_why", LEAD_WHY, &list, NULL, p);
    json_array_foreach(list, i, item)
    {
        struct span text = span_of(json_string_value(item), json_string_length(item));
        if (err == ERR_OK && (!json_is_string(item) || !entry_why_read(text, &l->why[l->n_why++])))
            err = bad(p, "score_why", "must list names behind + or -");
    }
    return err;
}

static enum err read_erased(const json_t *obj, struct entry_erase *e, struct problem *p)
{
    const json_t *list = NULL, *item;
    size_t i;
    enum err err = json_get_array(obj, "", "entries", ERASE_MOST, &list, NULL, p);
    json_array_foreach(list, i, item)
    {
        json_int_t index = json_is_integer(item) ? json_integer_value(item) : -1;
        if (err == ERR_OK && (index < 0 || index > JSON_INT_MAX || (i > 0 && (uint64_t)index <= e->entries[i - 1])))
            err = bad(p, "entries", "must list ascending indexes");
        if (err == ERR_OK)
            e->entries[e->n++] = (uint64_t)index;
    }
    return err == ERR_OK && e->n == 0 ? bad(p, "entries", "must list some") : err;
}

static enum err read_field(json_t *obj, const struct field *f, struct entry *e, struct problem *p)
{
    void *at = (char *)e + f->at;
    switch (f->type) {
    case KIND:
        return ERR_OK; /* known already */
    case NAT32:
        return read_int(obj, f, 0, UINT32_MAX, at, sizeof(uint32_t), p);
    case INDEX:
        *(bool *)((char *)e + f->has) = json_object_get(obj, f->name) != NULL;
        return read_int(obj, f, 0, JSON_INT_MAX, at, sizeof(uint64_t), p);
    case NAT64:
        return read_int(obj, f, 0, JSON_INT_MAX, at, sizeof(uint64_t), p);
    case INT64:
        return read_int(obj, f, -JSON_INT_MAX, JSON_INT_MAX, at, sizeof(int64_t), p);
    case OFFSET:
        return read_int(obj, f, -UTC_OFFSET_MAX_S, UTC_OFFSET_MAX_S, at, sizeof(int64_t), p);
    case TIER:
        return read_int(obj, f, 0, INT32_MAX, at, sizeof(int), p);
    case BOOL:
        return json_get_bool(obj, "", f->name, at, NULL, p);
    case TEXT:
        return json_get_str(obj, "", f->name, f->max, at, NULL, p);
    case DOCUMENT:
        return embedded_text(obj, f->name, at) ? ERR_OK : bad(p, f->name, "must be an object");
    case B64_32:
    case HEX_32:
        if (json_object_get(obj, f->name) == NULL)
            return ERR_OK; /* what must be there was asked for before */
        return read_32(obj, f->name, f->type == HEX_32, at, p);
    case CLASS:
    case TRUST:
    case STATUS:
    case REASON:
    case DEVICE:
    case CREDENTIAL:
    case TAX:
    case ORIGIN:
        return read_word(obj, f, at, p);
    case CONTACTS:
        return read_contacts(obj, f, at, p);
    case FACTS:
        return read_facts(obj, &e->lead, p);
    case DUP:
        return read_dup(obj, &e->lead, p);
    case WHY:
        return read_why(obj, &e->lead, p);
    case TOUCHES:
        return read_touches(obj, &e->lead, p);
    case PREFIXES:
        return json_object_get(obj, f->name) == NULL || embedded_list(obj, f->name, at)
                   ? ERR_OK
                   : bad(p, f->name, "must be a list");
    case ERASED:
        return read_erased(obj, &e->erase, p);
    }
    return ERR_CORRUPT;
}

static enum err read_kind(const json_t *obj, enum entry_kind *out, struct problem *p)
{
    struct span word = SPAN("");
    enum err err = json_get_str(obj, "", "kind", LIMIT_FIELD_NAME, &word, NULL, p);
    for (int k = 0; err == ERR_OK && k < ENTRY_KINDS; k++) {
        if (entry_fields[k] != NULL && span_is(word, entry_kind_word((enum entry_kind)k))) {
            *out = (enum entry_kind)k;
            return ERR_OK;
        }
    }
    return bad(p, "kind", "is not a kind of entry");
}

static enum err read_fields(json_t *obj, struct entry *e, struct problem *p)
{
    enum err err = read_kind(obj, &e->kind, p);
    if (err != ERR_OK) {
        return err;
    }
    for (const struct field *f = entry_fields[e->kind]; f->name != NULL; f++) {
        if (f->always && json_object_get(obj, f->name) == NULL) {
            return bad(p, f->name, "is missing");
        }
        if ((err = read_field(obj, f, e, p)) != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err parts_fit(const struct entry *e, struct problem *p)
{
    if (!entry_score_fits(e))
        return bad(p, "score", "must be there with score_high, which is not below it nor above 1000, or without all");
    if (e->kind == ENTRY_MODEL && !entry_model_fits(&e->model))
        return bad(p, "from", "must list contracts and sizes, ascending, of a seed alone");
    return e->clocked_ms == 0 || e->clocked_ms < e->at_ms ? ERR_OK : bad(p, "clock_ms", "must be before `at`");
}

/* The member that would be written otherwise, or not at all; "" if that is told by none. */
static void first_other(const json_t *said, struct span again, char *name, size_t cap)
{
    json_t *would = NULL;
    const char *key;
    json_t *value;
    if (json_read(again, &would, NULL) != ERR_OK)
        return;
    json_object_foreach((json_t *)said, key, value)
    {
        if (name[0] == '\0' && !json_equal(value, json_object_get(would, key)))
            snprintf(name, cap, "%s", key);
    }
    json_decref(would);
}

/* Unknown members, defaults spelled out, lists out of order: whatever reads well and would be written otherwise. */
static enum err same_bytes(struct span bytes, const struct entry *e, struct problem *p)
{
    struct buf again;
    buf_heap(&again);
    entry_write(&again, e);
    bool same = span_eq(buf_span(&again), bytes);
    char name[64] = "";
    if (!same)
        first_other(e->json, buf_span(&again), name, sizeof name);
    buf_free(&again);
    return same ? ERR_OK : bad(p, name, "is what an entry of its kind does not say, or says in another way");
}

static enum err read_any(struct span bytes, struct entry *out, struct problem *p)
{
    struct entry e = {0};
    if (bytes.len > LIMIT_ENTRY) {
        return bad(p, "", "is longer than an entry can be");
    }
    if (json_read_canonical(bytes, &e.json, p) != ERR_OK) {
        return ERR_CORRUPT;
    }
    if (read_fields(e.json, &e, p) != ERR_OK || parts_fit(&e, p) != ERR_OK || same_bytes(bytes, &e, p) != ERR_OK) {
        json_decref(e.json);
        return ERR_CORRUPT;
    }
    *out = e;
    return ERR_OK;
}

enum err entry_read(struct span bytes, struct entry *out, struct problem *p)
{
    return entry_scan(bytes, out) ? ERR_OK : read_any(bytes, out, p);
}

void entry_close(struct entry *e)
{
    if (e != NULL) {
        json_decref(e->json);
        e->json = NULL;
    }
}
