/* Reading the plain entries, of which a log has most: those whose texts have nothing escaped, and which hold no
 * document. One pass along the table of members, no allocation. Whatever is otherwise is left to the reader for all. */
#include "common/base/bytes.h"
#include "common/base/json_scan.h"
#include "common/base/utf8.h"
#include "common/ledger/entry_fields.h"

static bool take_32(struct span *s, bool hex, void *at)
{
    struct span text;
    size_t len;
    return scan_text(s, 64, &text) &&
           (hex ? hex_decode(text, at, HASH_LEN, &len) : b64url_decode(text, at, HASH_LEN, &len)) == ERR_OK &&
           len == HASH_LEN;
}

static bool take_signed(struct span *s, int64_t most, int64_t *out)
{
    bool below = scan_is(s, "-");
    uint64_t n;
    if (!scan_nat(s, (uint64_t)most, &n))
        return false;
    *out = below ? -(int64_t)n : (int64_t)n;
    return n > 0 || !below;
}

static bool take_word(struct span *s, enum field_type type, void *at)
{
    struct span text;
    if (!scan_text(s, LIMIT_FIELD_NAME, &text))
        return false;
    switch (type) {
    case CLASS:
        return class_parse(text, at) == ERR_OK;
    case TRUST:
        return trust_parse(text, at) == ERR_OK;
    case STATUS:
        return status_parse(text, at) == ERR_OK;
    case REASON:
        return reason_parse(text, at) == ERR_OK && *(enum reason *)at != REASON_NONE;
    case DEVICE:
        return device_parse(text, at) == ERR_OK && *(enum device *)at != DEVICE_NONE;
    case CREDENTIAL:
        return credential_parse(text, at) == ERR_OK;
    case TAX:
        return tax_parse(text, at) == ERR_OK && *(enum tax *)at != TAX_NONE;
    case ORIGIN:
        return model_origin_parse(text, at) == ERR_OK;
    default:
        return false;
    }
}

/* Names in the order of their table, each once. */
static bool take_contacts(struct span *s, unsigned *bits)
{
    struct span name;
    if (!scan_is(s, "["))
        return false;
    for (int i = 0; i < CONTACT_FIELDS; i++) {
        if (*bits != 0 && !scan_is(s, ","))
            break;
        if (!scan_text(s, LIMIT_FIELD_NAME, &name))
            return false;
        while (i < CONTACT_FIELDS && !span_is(name, contact_names[i]))
            i++;
        if (i == CONTACT_FIELDS)
            return false;
        *bits |= 1u << i;
    }
    return scan_is(s, "]");
}

/* Names in their order, each once. */
static bool take_facts(struct span *s, struct entry_lead *l)
{
    if (!scan_is(s, "{"))
        return false;
    do {
        struct fact *fact = &l->facts[l->n_facts];
        if (l->n_facts == LIMIT_FIELDS || !scan_text(s, SIZE_MAX, &fact->name) || !scan_is(s, ":") ||
            !scan_text(s, SIZE_MAX, &fact->value) || (l->n_facts > 0 && span_order(fact[-1].name, fact->name) >= 0))
            return false;
        l->n_facts++;
    } while (scan_is(s, ","));
    return scan_is(s, "}");
}

static bool take_dup(struct span *s, struct entry_lead *l)
{
    bool elsewhere = scan_is(s, "{\"commit\":");
    if (elsewhere ? !take_32(s, false, l->dup_commit.b) || !scan_is(s, ",") : !scan_is(s, "{"))
        return false;
    return scan_is(s, "\"contract\":") && scan_text(s, LIMIT_ID, &l->dup_contract) && l->dup_contract.len > 0 &&
           span_is(l->dup_contract, DUP_ELSEWHERE) == elsewhere &&
           (elsewhere || (scan_is(s, ",\"index\":") && scan_nat(s, JSON_INT_MAX, &l->dup_index))) && scan_is(s, "}");
}

static bool take_erased(struct span *s, struct entry_erase *e)
{
    bool more = scan_is(s, "[");
    while (more && e->n < ERASE_MOST) {
        uint64_t *index = &e->entries[e->n];
        if (!scan_nat(s, JSON_INT_MAX, index) || (e->n > 0 && *index <= e->entries[e->n - 1]))
            return false;
        e->n++;
        more = scan_is(s, ",");
    }
    return e->n > 0 && !more && scan_is(s, "]");
}

static bool take_touches(struct span *s, struct entry_lead *l)
{
    uint64_t clicked_ms;
    if (!scan_is(s, "["))
        return false;
    do {
        struct entry_touch *t = &l->touches[l->n_touches];
        if (l->n_touches == LIMIT_TOUCHES - 1 || !scan_is(s, "{\"click\":") || !scan_nat(s, JSON_INT_MAX, &t->click))
            return false;
        t->click_unrecorded = scan_is(s, ",\"click_unrecorded\":true");
        if (!scan_is(s, ",\"clicked_ms\":") || !scan_nat(s, JSON_INT_MAX, &clicked_ms) || !scan_is(s, "}"))
            return false;
        t->clicked_ms = (int64_t)clicked_ms;
        l->n_touches++;
    } while (scan_is(s, ","));
    return scan_is(s, "]");
}

static bool take_why(struct span *s, struct entry_lead *l)
{
    struct span text;
    if (!scan_is(s, "["))
        return false;
    do {
        if (l->n_why == LEAD_WHY || !scan_text(s, WHY_LEN, &text) || !entry_why_read(text, &l->why[l->n_why++]))
            return false;
    } while (scan_is(s, ","));
    return scan_is(s, "]");
}

/* One value, which a member that is not always there must not have by default. */
static bool take_value(struct span *s, const struct field *f, struct entry *e)
{
    static const struct hash none;
    void *at = (char *)e + f->at;
    struct span text;
    uint64_t n;
    switch (f->type) {
    case KIND:
        return scan_text(s, LIMIT_FIELD_NAME, &text); /* known already */
    case NAT32:
        return scan_nat(s, UINT32_MAX, &n) && (*(uint32_t *)at = (uint32_t)n, f->always || n > 0);
    case NAT64:
        return scan_nat(s, JSON_INT_MAX, &n) && (*(uint64_t *)at = n, f->always || n > 0);
    case INDEX:
        return scan_nat(s, JSON_INT_MAX, &n) && (*(uint64_t *)at = n, *(bool *)((char *)e + f->has) = true);
    case BOOL:
        return *(bool *)at = scan_is(s, "true");
    case TEXT:
        return scan_text(s, f->max, at) && (f->always || ((struct span *)at)->len > 0);
    case INT64:
        return take_signed(s, JSON_INT_MAX, at) && (f->always || *(int64_t *)at != 0);
    case OFFSET:
        return take_signed(s, UTC_OFFSET_MAX_S, at) && (f->always || *(int64_t *)at != 0);
    case TIER:
        return scan_nat(s, INT32_MAX, &n) && (*(int *)at = (int)n, true);
    case B64_32:
        return take_32(s, false, at);
    case HEX_32:
        return take_32(s, true, at) && (f->always || memcmp(at, none.b, HASH_LEN) != 0);
    case CLASS:
    case TRUST:
    case STATUS:
    case REASON:
    case DEVICE:
    case CREDENTIAL:
    case TAX:
    case ORIGIN:
        return take_word(s, f->type, at);
    case CONTACTS:
        return take_contacts(s, at);
    case FACTS:
        return take_facts(s, &e->lead);
    case DUP:
        return take_dup(s, &e->lead);
    case WHY:
        return take_why(s, &e->lead);
    case TOUCHES:
        return take_touches(s, &e->lead);
    case ERASED:
        return take_erased(s, &e->erase);
    case DOCUMENT:
    case PREFIXES:
        break;
    }
    return false;
}

/* `"name":`, behind the comma where it is not the first. */
static bool take_name(struct span *s, const char *name, bool first)
{
    struct span rest = *s;
    if ((first || scan_is(&rest, ",")) && scan_is(&rest, "\"") && scan_is(&rest, name) && scan_is(&rest, "\":")) {
        *s = rest;
        return true;
    }
    return false;
}

static bool kind_of(struct span bytes, enum entry_kind *out)
{
    static const char mark[] = "\"kind\":";
    const char *at = memmem(bytes.ptr, bytes.len, mark, sizeof mark - 1);
    struct span word, rest = at != NULL ? span_skip(bytes, (size_t)(at - bytes.ptr) + sizeof mark - 1) : SPAN("");
    if (!scan_text(&rest, LIMIT_FIELD_NAME, &word))
        return false;
    for (int k = 0; k < ENTRY_KINDS; k++)
        if (entry_fields[k] != NULL && span_is(word, entry_kind_word((enum entry_kind)k))) {
            *out = (enum entry_kind)k;
            return true;
        }
    return false;
}

/* What entries of traffic have of struct entry: logs have millions of them, and the rest is three times as much. */
enum { TRAFFIC = offsetof(struct entry, click) + sizeof(struct entry_click) };
static_assert(sizeof(struct entry_view) <= sizeof(struct entry_click), "views and impressions fit too");

static size_t size_of(enum entry_kind k)
{
    return k == ENTRY_CLICK || k == ENTRY_VIEW || k == ENTRY_IMPRESSION ? TRAFFIC : sizeof(struct entry);
}

bool entry_scan(struct span bytes, struct entry *out)
{
    struct entry e;
    enum entry_kind kind;
    struct span s = bytes;
    bool first = true;
    if (bytes.len > LIMIT_ENTRY || !kind_of(bytes, &kind) || !scan_is(&s, "{"))
        return false;
    memset(&e, 0, size_of(kind));
    e.kind = kind;
    if (kind == ENTRY_LEAD)
        e.lead.tier = -1;
    for (const struct field *f = entry_fields[e.kind]; f->name != NULL; f++) {
        if (!take_name(&s, f->name, first)) {
            if (f->always)
                return false;
            continue;
        }
        if (!take_value(&s, f, &e))
            return false;
        first = false;
    }
    if (!span_is(s, "}") || !utf8_valid(bytes) || (e.clocked_ms != 0 && e.clocked_ms >= e.at_ms) ||
        !entry_score_fits(&e) || (kind == ENTRY_MODEL && !entry_model_fits(&e.model)))
        return false;
    memcpy(out, &e, size_of(kind));
    out->json = NULL;
    return true;
}
