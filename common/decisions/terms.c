#include "common/decisions/terms.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/crypto/crypto.h"
#include "common/decisions/link.h"
#include "common/decisions/member.h"
#include "common/decisions/rules.h"
#include "common/decisions/score_terms.h"

#define TRAFFIC_PRICE_MAX ((int64_t)10000000000) /* micros: ten thousand units for one click or impression */
enum { DAY_S = 86400, YEAR_DAYS = 365, REPEAT_DAYS = 30 };

static bool characters(struct span s, const char *others)
{
    return s.len > 0 && ascii_all_alnum_or(s, others);
}

static bool id_ok(struct span s)
{
    return characters(s, "-_");
}

static bool timezone_ok(struct span s)
{
    return characters(s, "/_+-") && s.ptr[0] != '/' && s.ptr[s.len - 1] != '/';
}

static bool currency_ok(struct span s)
{
    return currency_exponent(s) >= 0;
}

static bool label_ok(struct span s)
{
    return !span_empty(text_strip(s)) && !ascii_has_control(s);
}

static bool honeypot_ok(struct span s)
{
    return field_name_ok(s) && !span_is(s, "country");
}

static bool param_ok(struct span s)
{
    return !span_empty(s) && ascii_all_alnum_or(s, "._-");
}

static bool policy_ok(struct span s)
{
    static const char *const policies[] = {
        "no-referrer",   "no-referrer-when-downgrade",      "origin",    "origin-when-cross-origin", "same-origin",
        "strict-origin", "strict-origin-when-cross-origin", "unsafe-url"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
        if (span_is(s, policies[i]))
            return true;
    return false;
}

static const char *const senders[] = {"advertiser", "publisher", NULL}; /* bits ACCEPT_* */
static const char *const pixel_leads[] = {"off", "hold", "on", NULL};   /* enum pixel_leads */
static const char *const persons[] = {"email", "phone", NULL};          /* bits CONTACT_EMAIL, CONTACT_PHONE */
static const char *const disposable[] = {"ok", "hold", "reject", NULL}; /* DISPOSABLE_* */

static const char *const dispositions[] = {"any", "countersigned", NULL};   /* DISPOSITIONS_* */
static const char *const settles[] = {"manual", "weekly", "monthly", NULL}; /* SETTLE_* */
static const char *const assents[] = {"operator", "both", NULL};            /* ASSENT_* */
static const char *const set_offs[] = {"owed", "next", NULL};               /* SET_OFF_* */

#define AT(member) offsetof(struct terms, member)
#define ID_MUST "must be an id"

static const struct member attribution_members[] = {
    {"click_days", &member_int, AT(click_days), .min = 1, .max = YEAR_DAYS, .fallback = 30},
    {"half_life_days", &member_int, AT(half_life_days), .min = 1, .max = YEAR_DAYS, .fallback = 7},
    {"model", &member_word, AT(attribution), .words = attribution_words,
     .must = "must be last, first, linear, time-decay or position"},
    {NULL},
};

static const struct member dedupe_members[] = {
    {"by", &member_set, AT(dedupe_by), .words = persons, .fallback = CONTACT_EMAIL | CONTACT_PHONE,
     .must = "must be email or phone, each once"},
    {"days", &member_int, AT(dedupe_days), .min = 1, .max = 10 * YEAR_DAYS, .fallback = 90},
    {NULL},
};

static const struct member lead_members[] = {
    {"disposable_email", &member_word, AT(disposable), .words = disposable, .must = "must be ok, hold or reject"},
    {"hold_below_s", &member_int, AT(hold_below_s), .max = DAY_S},
    {"honeypot", &member_text, AT(honeypot), .max = 2 + LIMIT_FIELD_NAME, .text = "", .ok = honeypot_ok,
     .must = "must be the name of a form field, f_NAME"},
    {"min_click_to_lead_s", &member_int, AT(min_click_to_lead_s), .max = DAY_S},
    {"require", &member_require},
    {"require_any", &member_set, AT(require_any), .words = persons, .fallback = CONTACT_EMAIL | CONTACT_PHONE,
     .must = "must be email or phone, each once"},
    {"rules", &member_rules},
    {NULL},
};

static const struct member review_members[] = {
    {"auto_approve_days", &member_int, AT(auto_approve_days), .max = YEAR_DAYS, .fallback = 14},
    {"mode", &member_review_mode},
    {NULL},
};

static const struct member campaign_members[] = {
    {"accept_from", &member_set, AT(accept_from), .words = senders, .min = 1,
     .fallback = ACCEPT_ADVERTISER | ACCEPT_PUBLISHER, .must = "must be advertiser or publisher, each once"},
    {"advertiser", &member_text, AT(advertiser), .max = LIMIT_ID, .ok = id_ok, .must = ID_MUST},
    {"allowed_hosts", &member_hosts},
    {"attribution", &member_object, .members = attribution_members},
    {"caps", &member_caps, AT(campaign_caps)},
    {"click_param", &member_text, AT(click_param), .max = LIMIT_FIELD_NAME, .text = "click_id", .ok = param_ok,
     .must = "must be a parameter name of letters, digits and . _ -"},
    {"currency", &member_text, AT(currency), .max = 3, .ok = currency_ok,
     .must = "must be an ISO 4217 currency code such as EUR"},
    {"dedupe", &member_object, .members = dedupe_members},
    {"default_country", &member_country},
    {"dispositions", &member_word, AT(dispositions), .words = dispositions, .must = "must be any or countersigned"},
    {"fallback_url", &member_text, AT(fallback_url), .max = LIMIT_URL, .text = "", .ok = link_ok,
     .must = "must be an http or https URL without macros, or left out"},
    {"id", &member_text, AT(campaign), .max = LIMIT_ID, .ok = id_ok, .must = ID_MUST},
    {"landing_url", &member_text, AT(landing_url), .max = LIMIT_URL, .ok = link_template_ok,
     .must = "must be an http or https URL with a host; percent-encode other characters than those of RFC 3986 and "
             "macros such as {sub1}"},
    {"lead", &member_object, .members = lead_members},
    {"name", &member_text, AT(name), .max = LIMIT_LABEL, .ok = label_ok,
     .must = "must be a text without control characters, not only blanks"},
    {"pass", &member_pass},
    {"paused", &member_bool, AT(paused)},
    {"payable_classes", &member_set, AT(payable_classes), .words = payable_words, .fallback = 1,
     .must = "must be ok, bot, datacenter, embedded or repeat, each once"},
    {"pixel_leads", &member_word, AT(pixel_leads), .words = pixel_leads, .fallback = PIXEL_LEADS_OFF,
     .must = "must be off, hold or on"},
    {"referrer_policy", &member_text, AT(referrer_policy), .max = 40, .text = "no-referrer-when-downgrade",
     .ok = policy_ok, .must = "must be a Referrer-Policy such as origin"},
    {"repeat_window_s", &member_int, AT(repeat_window_s), .max = REPEAT_DAYS * DAY_S, .fallback = 3600},
    {"return_days", &member_int, AT(return_days), .max = LIMIT_RETURN_DAYS, .fallback = 30},
    {"review", &member_object, .members = review_members},
    {"score", &member_score},
    {"timezone", &member_text, AT(timezone), .max = 64, .text = "UTC", .ok = timezone_ok,
     .must = "must be an IANA time zone such as Europe/Paris"},
    {NULL},
};

static const struct member price_members[] = {
    {"click_micros", &member_int, AT(click_micros), .max = TRAFFIC_PRICE_MAX},
    {"impression_micros", &member_int, AT(impression_micros), .max = TRAFFIC_PRICE_MAX},
    {"lead", &member_tiers},
    {"sale_ppm", &member_int, AT(sale_ppm), .max = 1000000},
    {NULL},
};

static const struct member contract_members[] = {
    {"assent", &member_word, AT(assent), .words = assents, .fallback = ASSENT_OPERATOR,
     .must = "must be operator or both"},
    {"campaign", &member_text, AT(campaign), .max = LIMIT_ID, .ok = id_ok, .must = ID_MUST},
    {"caps", &member_caps, AT(contract_caps)},
    {"due_days", &member_int, AT(due_days), .max = YEAR_DAYS, .fallback = 30},
    {"ends_at", &member_time, AT(ends_ms)},
    {"id", &member_text, AT(contract), .max = LIMIT_ID, .ok = id_ok, .must = ID_MUST},
    {"price", &member_object, .members = price_members},
    {"publisher", &member_text, AT(publisher), .max = LIMIT_ID, .text = "", .ok = id_ok, .must = ID_MUST},
    {"set_off", &member_word, AT(set_off), .words = set_offs, .fallback = SET_OFF_OWED, .must = "must be owed or next"},
    {"settle", &member_word, AT(settle), .words = settles, .fallback = SETTLE_MANUAL,
     .must = "must be manual, weekly or monthly"},
    {"starts_at", &member_time, AT(starts_ms)},
    {"vat_ppm", &member_int, AT(vat_ppm), .max = VAT_MAX_PPM},
    {NULL},
};

/* Who is paid by what the other party's word teaches has agreed to it. */
static enum err score_agreed(const struct terms *t, struct problem *p)
{
    for (size_t i = 0; i < t->n_tiers && t->assent != ASSENT_BOTH; i++) {
        char path[MEMBER_PATH];
        snprintf(path, sizeof path, "price.lead[%zu].when.field", i);
        if (t->tiers[i].has_when && span_is(t->tiers[i].when.field, TIER_SCORE))
            return problem(p, ERR_INVALID, path,
                           "cannot be score where the operator alone makes the terms: set `assent` to both, or leave "
                           "the tier out");
    }
    return ERR_OK;
}

/* Reads a document into *t and writes it canonically. One that is made or changed must not contradict itself. */
static enum err complete(const struct member *table, const json_t *doc, bool stored, struct terms *t,
                         struct buf *canonical, struct problem *p)
{
    struct reading r = {doc, "", p};
    struct buf text;
    struct jw w;
    enum err err = members_read(table, &r, t);

    if (err != ERR_OK)
        return err;
    if (t->assent == ASSENT_BOTH && span_empty(t->publisher))
        return problem(p, ERR_INVALID, "assent",
                       "cannot be both: a campaign's own contract has no other party than the advertiser");
    if ((err = score_agreed(t, p)) != ERR_OK)
        return err;
    if (t->starts_ms && t->ends_ms && t->ends_ms <= t->starts_ms)
        return problem(p, ERR_INVALID, "ends_at", "must be after starts_at");
    if ((err = link_macros_check(t->landing_url, p)) != ERR_OK)
        return err;
    if (!stored && (err = terms_contradiction(t, p)) != ERR_OK)
        return err;
    buf_heap(&text);
    jw_open(&w, &text);
    members_write(table, t, &w);
    jw_close(&w);
    if (text.len > LIMIT_DOCUMENT)
        err = problem(p, ERR_INVALID, "", "must not take more than %d bytes: use fewer rules, tiers or values",
                      LIMIT_DOCUMENT);
    else
        buf_span_add(canonical, buf_span(&text));
    buf_free(&text);
    return err;
}

static enum err complete_new(const struct member *table, const json_t *in, struct span id, struct buf *canonical,
                             struct problem *p)
{
    if (json_object_get(in, "id") != NULL)
        return problem(p, ERR_INVALID, "id", "is chosen by the server: leave it out");
    json_t *doc = json_copy((json_t *)in);
    struct terms *t = xcalloc(1, sizeof *t);
    int bad = json_object_set_new(doc, "id", json_stringn(id.ptr, id.len));
    assert(doc != NULL && bad == 0);
    enum err err = complete(table, doc, false, t, canonical, p);
    terms_free(t);
    json_decref(doc);
    return err;
}

enum err campaign_document(const json_t *in, struct span id, struct buf *canonical, struct problem *p)
{
    return complete_new(campaign_members, in, id, canonical, p);
}

enum err contract_document(const json_t *in, struct span id, struct buf *canonical, struct problem *p)
{
    return complete_new(contract_members, in, id, canonical, p);
}

/* RFC 7396. Both are objects. */
static void merge(json_t *target, const json_t *patch)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)patch, name, v)
    {
        json_t *old = json_object_get(target, name);
        int bad = 0;
        if (json_is_null(v)) {
            json_object_del(target, name);
        } else if (!json_is_object(v)) {
            bad = json_object_set(target, name, v);
        } else {
            if (!json_is_object(old)) {
                bad = json_object_set_new(target, name, json_object());
                old = json_object_get(target, name);
            }
            merge(old, v);
        }
        assert(bad == 0);
    }
}

static enum err patch_document(const struct member *table, const char *const *fixed, struct span stored,
                               const json_t *patch, struct buf *canonical, struct problem *p)
{
    json_t *doc = NULL, *merged = NULL;
    struct terms *t = xcalloc(1, sizeof *t);
    enum err err = json_read_canonical(stored, &doc, p);

    if (err != ERR_OK)
        goto done;
    merged = json_deep_copy(doc);
    assert(merged != NULL);
    merge(merged, patch);
    for (; *fixed != NULL; fixed++)
        if (!json_equal(json_object_get(doc, *fixed), json_object_get(merged, *fixed))) {
            err = problem(p, ERR_INVALID, *fixed, "cannot be changed: make a new one instead");
            goto done;
        }
    err = complete(table, merged, false, t, canonical, p);
done:
    terms_free(t);
    json_decref(merged);
    json_decref(doc);
    return err;
}

enum err campaign_patch(struct span stored, const json_t *patch, struct buf *canonical, struct problem *p)
{
    static const char *const fixed[] = {"advertiser", "currency", "id", NULL};
    return patch_document(campaign_members, fixed, stored, patch, canonical, p);
}

enum err contract_patch(struct span stored, const json_t *patch, struct buf *canonical, struct problem *p)
{
    static const char *const fixed[] = {"campaign", "id", "publisher", NULL};
    return patch_document(contract_members, fixed, stored, patch, canonical, p);
}

/* Canonical and complete: completing it changes no byte. *json keeps what the spans of *t point into. */
static enum err compile(const struct member *table, struct span document, struct terms *t, json_t **json,
                        struct problem *p)
{
    struct buf again;
    enum err err = json_read_canonical(document, json, p);

    if (err != ERR_OK)
        return err;
    buf_heap(&again);
    err = complete(table, *json, true, t, &again, p) != ERR_OK ? ERR_CORRUPT : ERR_OK;
    if (err == ERR_OK && !span_eq(buf_span(&again), document))
        err = problem(p, ERR_CORRUPT, "", "must be a complete canonical document");
    buf_free(&again);
    return err;
}

/* A campaign's document, of all terms that are compiled beside it. jansson's own count is read without atomics. */
struct shared_document {
    atomic_size_t refs;
    json_t *json;
};

static struct shared_document *document_new(json_t *json)
{
    struct shared_document *d = xcalloc(1, sizeof *d);
    atomic_init(&d->refs, 1);
    d->json = json;
    return d;
}

static struct shared_document *document_ref(struct shared_document *d)
{
    atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
    return d;
}

static void document_unref(struct shared_document *d)
{
    if (d == NULL || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
        return;
    json_decref(d->json);
    free(d);
}

/* Of a document that was compiled already nothing is to be found out. */
static enum err compile_campaign(const struct terms *beside, struct span campaign, struct terms *t, struct problem *p)
{
    struct buf text;
    buf_heap(&text);
    if (beside != NULL)
        terms_document(beside, 0, &text);
    bool same = beside != NULL && span_eq(buf_span(&text), campaign);
    buf_free(&text);
    if (!same) {
        enum err err = compile(campaign_members, campaign, t, &t->json[0], p);
        t->shared = document_new(t->json[0]);
        return err;
    }
    t->shared = document_ref(beside->shared);
    t->json[0] = t->shared->json;
    const struct reading r = {t->json[0], "", p};
    return members_read(campaign_members, &r, t);
}

enum err terms_compile_beside(const struct terms *beside, struct span campaign, struct span contract,
                              struct terms **out, struct problem *p)
{
    struct terms *t = xcalloc(1, sizeof *t);
    enum err err = compile_campaign(beside, campaign, t, p);

    if (err == ERR_OK) {
        struct span id = t->campaign;
        err = compile(contract_members, contract, t, &t->json[1], p);
        if (err == ERR_OK && !span_eq(id, t->campaign))
            err = problem(p, ERR_CORRUPT, "campaign", "is not the id of the campaign's document");
    }
    if (err != ERR_OK) {
        terms_free(t);
        return err;
    }
    t->ruleset = rules_find(RULES_NOW);
    *out = t;
    return ERR_OK;
}

enum err terms_compile(struct span campaign, struct span contract, struct terms **out, struct problem *p)
{
    return terms_compile_beside(NULL, campaign, contract, out, p);
}

void terms_document(const struct terms *t, int which, struct buf *out)
{
    struct jw w;
    jw_open(&w, out);
    jw_value(&w, t->json[which]);
    jw_close(&w);
}

static void rule_free(struct rule *r)
{
    free(r->values);
    free(r->forms);
    free(r->form_text);
}

void terms_says(const struct terms *t, struct hash *out)
{
    json_t *campaign = json_copy(t->json[0]);
    struct buf text;
    struct jw w;
    int bad = json_object_del(campaign, "paused");
    assert(bad == 0); /* it is complete */
    buf_heap(&text);
    jw_open(&w, &text);
    jw_array(&w);
    jw_value(&w, campaign);
    jw_value(&w, t->json[1]);
    jw_array_end(&w);
    jw_close(&w);
    sha256(text.ptr, text.len, out->b);
    buf_free(&text);
    json_decref(campaign);
}

void terms_free(struct terms *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n_rules; i++)
        rule_free(&t->rules[i]);
    for (size_t i = 0; i < t->n_tiers; i++)
        rule_free(&t->tiers[i].when);
    free(t->rules);
    free(t->tiers);
    free(t->require_fields);
    free(t->allowed_hosts);
    free(t->pass);
    score_terms_free(t->score);
    document_unref(t->shared);
    json_decref(t->json[1]);
    free(t);
}
