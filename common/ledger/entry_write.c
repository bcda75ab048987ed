#include <assert.h>

#include "common/ledger/entry_fields.h"

static const uint8_t zeros[32];

static bool is_default(const struct field *f, const struct entry *e)
{
    const void *at = (const char *)e + f->at;
    switch (f->type) {
    case NAT32:
    case CONTACTS:
        return *(const uint32_t *)at == 0;
    case NAT64:
    case INT64:
    case OFFSET:
        return *(const uint64_t *)at == 0;
    case TIER:
        return *(const int *)at == -1;
    case INDEX:
        return !*(const bool *)((const char *)e + f->has);
    case BOOL:
        return !*(const bool *)at;
    case TEXT:
    case PREFIXES:
    case DUP:
        return ((const struct span *)at)->len == 0;
    case HEX_32:
        return memcmp(at, zeros, sizeof zeros) == 0;
    case REASON:
        return *(const enum reason *)at == REASON_NONE;
    case DEVICE:
        return *(const enum device *)at == DEVICE_NONE;
    case TAX:
        return *(const enum tax *)at == TAX_NONE;
    case FACTS:
        return e->lead.n_facts == 0;
    case WHY:
        return e->lead.n_why == 0;
    case TOUCHES:
        return e->lead.n_touches == 0;
    default:
        return false;
    }
}

static void write_contacts(struct jw *w, unsigned bits)
{
    jw_array(w);
    for (int i = 0; i < CONTACT_FIELDS; i++) {
        if (bits >> i & 1) {
            jw_str(w, span_str(contact_names[i]));
        }
    }
    jw_array_end(w);
}

void entry_facts_write(struct jw *w, const struct entry_lead *l)
{
    assert(l->n_facts <= LIMIT_FIELDS);
    jw_object(w);
    for (size_t i = 0; i < l->n_facts; i++) {
        jw_key_span(w, l->facts[i].name);
        jw_str(w, l->facts[i].value);
    }
    jw_object_end(w);
}

static void write_why(struct jw *w, const struct entry_lead *l)
{
    char mem[WHY_LEN];
    struct buf text;
    assert(l->n_why <= LEAD_WHY);
    jw_array(w);
    for (size_t i = 0; i < l->n_why; i++) {
        buf_fixed(&text, mem, sizeof mem);
        buf_byte(&text, l->why[i].up ? '+' : '-');
        buf_span_add(&text, l->why[i].part);
        assert(!text.failed);
        jw_str(w, buf_span(&text));
    }
    jw_array_end(w);
}

void entry_score_write(struct jw *w, const struct entry_lead *l)
{
    if (!l->scored)
        return;
    jw_kint(w, "score", (int64_t)l->score);
    jw_kint(w, "score_high", (int64_t)l->score_high);
    jw_key(w, "score_why");
    write_why(w, l);
}

static void write_dup(struct jw *w, const struct entry_lead *l)
{
    bool elsewhere = span_is(l->dup_contract, DUP_ELSEWHERE);
    jw_object(w);
    if (elsewhere)
        jw_kb64url(w, "commit", l->dup_commit.b, HASH_LEN);
    jw_kstr(w, "contract", l->dup_contract);
    if (!elsewhere)
        jw_kint(w, "index", (int64_t)l->dup_index);
    jw_object_end(w);
}

static void write_touches(struct jw *w, const struct entry_lead *l)
{
    assert(l->n_touches <= LIMIT_TOUCHES - 1);
    jw_array(w);
    for (size_t i = 0; i < l->n_touches; i++) {
        const struct entry_touch *t = &l->touches[i];
        jw_object(w);
        jw_kint(w, "click", (int64_t)t->click);
        if (t->click_unrecorded)
            jw_kbool(w, "click_unrecorded", true);
        jw_kint(w, "clicked_ms", t->clicked_ms);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_erased(struct jw *w, const struct entry_erase *e)
{
    assert(e->n > 0 && e->n <= ERASE_MOST);
    jw_array(w);
    for (size_t i = 0; i < e->n; i++)
        jw_int(w, (int64_t)e->entries[i]);
    jw_array_end(w);
}

static void write_of_lead(struct jw *w, enum field_type type, const struct entry_lead *l)
{
    if (type == FACTS)
        entry_facts_write(w, l);
    else if (type == DUP)
        write_dup(w, l);
    else if (type == TOUCHES)
        write_touches(w, l);
    else
        write_why(w, l);
}

static const char *word_of(enum field_type type, const void *at)
{
    return type == CLASS        ? class_word(*(const enum class *)at)
           : type == TRUST      ? trust_word(*(const enum trust *)at)
           : type == STATUS     ? status_word(*(const enum status *)at)
           : type == DEVICE     ? device_word(*(const enum device *)at)
           : type == CREDENTIAL ? credential_word(*(const enum credential *)at)
           : type == TAX        ? tax_word(*(const enum tax *)at)
           : type == ORIGIN     ? model_origin_word(*(const enum model_origin *)at)
                                : reason_word(*(const enum reason *)at);
}

static void write_value(struct jw *w, const struct field *f, const struct entry *e)
{
    const void *at = (const char *)e + f->at;
    switch (f->type) {
    case KIND:
        jw_str(w, span_str(entry_kind_word(e->kind)));
        break;
    case NAT32:
        jw_int(w, *(const uint32_t *)at);
        break;
    case NAT64:
    case INDEX:
    case INT64:
    case OFFSET:
        assert(f->type == INT64 || f->type == OFFSET || *(const int64_t *)at >= 0);
        jw_int(w, *(const int64_t *)at);
        break;
    case TIER:
        jw_int(w, *(const int *)at);
        break;
    case BOOL:
        jw_bool(w, *(const bool *)at);
        break;
    case TEXT:
        assert(((const struct span *)at)->len <= f->max); /* else nobody could read it back */
        jw_str(w, *(const struct span *)at);
        break;
    case DOCUMENT:
    case PREFIXES:
        jw_raw(w, *(const struct span *)at);
        break;
    case B64_32:
        jw_b64url(w, at, 32);
        break;
    case HEX_32:
        jw_hex(w, at, 32);
        break;
    case CLASS:
    case TRUST:
    case STATUS:
    case REASON:
    case DEVICE:
    case CREDENTIAL:
    case TAX:
    case ORIGIN:
        jw_str(w, span_str(word_of(f->type, at)));
        break;
    case CONTACTS:
        write_contacts(w, *(const unsigned *)at);
        break;
    case FACTS:
    case DUP:
    case TOUCHES:
    case WHY:
        write_of_lead(w, f->type, &e->lead);
        break;
    case ERASED:
        write_erased(w, &e->erase);
        break;
    }
}

void entry_write(struct buf *out, const struct entry *e)
{
    assert((unsigned)e->kind < ENTRY_KINDS && entry_fields[e->kind] != NULL);
    struct jw w;
    jw_open(&w, out);
    jw_object(&w);
    for (const struct field *f = entry_fields[e->kind]; f->name != NULL; f++) {
        if (f->always || !is_default(f, e)) {
            jw_key(&w, f->name);
            write_value(&w, f, e);
        }
    }
    jw_object_end(&w);
    jw_close(&w);
}
