/* What a lead's decision rested on: who sent it, which contact fields it gave, the facts. Tied to the opening and to
 * the terms, so that an entry cannot say one thing and be about another. */
#include <inttypes.h>

#include "common/base/text.h"
#include "common/decisions/contact.h"
#include "common/decisions/countersigned.h"
#include "common/decisions/identity.h"
#include "common/decisions/rules.h"
#include "common/settlement/verify_parts.h"

struct inputs {
    const struct entry_lead *lead;
    const struct opening *opening; /* NULL: destroyed, or not pulled */
    const json_t *contact;         /* NULL: not for this reader */
};

/* The i-th of the terms that a lead of that time may have been read under: those in force first, then the one that was
 * withdrawn right before its time, then the ones that were replaced not long before; NULL behind the last. */
static const struct terms *may_have_stood(const struct audit *a, size_t i, int64_t at_ms)
{
    const struct versions *vs = &a->fold.versions;
    size_t in_force = (size_t)(versions_at(vs, at_ms) - vs->v);
    bool withdrawn = a->withdrawn.terms != NULL && at_ms <= a->withdrawn.replaced_ms + TERMS_GRACE_MS;
    if (withdrawn && i == 1)
        return a->withdrawn.terms;
    i -= withdrawn && i > 1;
    if (i <= in_force) {
        bool stood = i == 0 || at_ms <= vs->v[in_force - i + 1].from_ms + TERMS_GRACE_MS;
        return stood ? vs->v[in_force - i].terms : NULL;
    }
    i -= in_force + 1;
    if (i >= OLD_TERMS || at_ms > a->old_terms[i].replaced_ms + TERMS_GRACE_MS)
        return NULL;
    return a->old_terms[i].terms;
}

static bool blank(struct span s)
{
    return span_empty(text_strip(s));
}

static struct span text_of(const json_t *v)
{
    return json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
}

/* ---- contact fields ---- */

static struct span contact_text(const struct inputs *in, unsigned bit)
{
    unsigned i = 0;
    while (1u << i != bit)
        i++;
    return text_of(json_object_get(in->contact, contact_names[i]));
}

static unsigned given_again(const struct inputs *in)
{
    unsigned given = 0;
    for (unsigned i = 0; i < CONTACT_FIELDS; i++)
        if (!blank(contact_text(in, 1u << i)))
            given |= 1u << i;
    return given;
}

static unsigned bad_again(const struct terms *t, const struct inputs *in)
{
    const struct entry_lead *l = in->lead;
    struct span country = SPAN("");
    struct buf key;
    unsigned bad = 0;
    for (size_t i = 0; i < l->n_facts; i++)
        if (span_is(l->facts[i].name, "country"))
            country = l->facts[i].value;
    buf_heap(&key);
    if (l->given & CONTACT_EMAIL && t->ruleset->email(contact_text(in, CONTACT_EMAIL), &key) != ERR_OK)
        bad |= CONTACT_EMAIL;
    if (l->given & CONTACT_PHONE &&
        t->ruleset->phone(contact_text(in, CONTACT_PHONE), country, span_str(t->default_country), &key) != PHONE_GOOD)
        bad |= CONTACT_PHONE;
    buf_free(&key);
    return bad;
}

/* A malformed phone number has a token where it has digits to be compared by. */
static bool has_digits(const struct terms *t, const struct inputs *in)
{
    struct buf key;
    buf_heap(&key);
    enum phone phone = t->ruleset->phone(contact_text(in, CONTACT_PHONE), SPAN(""), SPAN(""), &key);
    buf_free(&key);
    return phone != PHONE_UNUSABLE;
}

static bool tokens_fit(const struct terms *t, const struct inputs *in)
{
    unsigned given = in->lead->given, good = given & ~in->lead->bad;
    bool phone = in->opening->has_phone;
    if (in->opening->has_email != !!(good & CONTACT_EMAIL) || (phone && !(given & CONTACT_PHONE)))
        return false;
    if (good & CONTACT_PHONE)
        return phone;
    return in->contact == NULL || phone == (given & CONTACT_PHONE && has_digits(t, in));
}

/* What the entry says otherwise of the contact fields than they say themselves, under the terms that fit best of those
 * that may have stood. */
static unsigned differs(const struct audit *a, const struct inputs *in, int64_t at_ms)
{
    const struct terms *t;
    unsigned least = ~0u;
    for (size_t i = 0; least && (t = may_have_stood(a, i, at_ms)) != NULL; i++)
        least &= bad_again(t, in) ^ in->lead->bad;
    return least;
}

/* Unicode's tables grow: another machine's may take another address. */
static bool beyond_ascii(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return true;
    return false;
}

/* The key of the contact field, if all terms under which it may have been read as it was give the same. */
static bool one_key(const struct audit *a, const struct inputs *in, unsigned bit, int64_t at_ms, struct buf *key)
{
    const struct entry_lead *l = in->lead;
    struct span country = SPAN("");
    const struct terms *t;
    struct buf again;
    bool found = false, one = true;
    for (size_t i = 0; i < l->n_facts; i++)
        if (span_is(l->facts[i].name, "country"))
            country = l->facts[i].value;
    buf_heap(&again);
    for (size_t i = 0; (t = may_have_stood(a, i, at_ms)) != NULL; i++) {
        if (bad_again(t, in) != l->bad)
            continue;
        buf_clear(&again);
        bool read = bit == CONTACT_EMAIL ? t->ruleset->email(contact_text(in, bit), &again) == ERR_OK
                                         : t->ruleset->phone(contact_text(in, bit), country,
                                                             span_str(t->default_country), &again) != PHONE_UNUSABLE;
        one = one && read && (!found || span_eq(buf_span(key), buf_span(&again)));
        if (!found)
            buf_span_add(key, buf_span(&again));
        found = true;
    }
    buf_free(&again);
    return found && one;
}

/* Its opening names all clicks that led to it, where they are several. */
static bool has_more_touches(const struct inputs *in)
{
    struct span ids = text_of(json_object_get(in->contact, "touches"));
    size_t n = 0;
    for (; ids.len; n++)
        text_take(&ids, ',');
    return in->lead->other_touches > (n > 0 ? n - 1 : 0);
}

/* Its contact fields against its tokens, for the comparison with all other leads. */
static void note_person(struct audit *a, uint64_t index, const struct inputs *in, int64_t at_ms)
{
    static const unsigned bits[] = {CONTACT_EMAIL, CONTACT_PHONE};
    const struct opening *o = in->opening;
    struct buf key;
    if (o == NULL || in->contact == NULL)
        return;
    a->contacts_open++;
    buf_heap(&key);
    for (unsigned kind = 0; kind < 2; kind++) {
        bool has = kind == 0 ? o->has_email : o->has_phone;
        buf_clear(&key);
        if (has && in->lead->given & bits[kind] && one_key(a, in, bits[kind], at_ms, &key))
            persons_add(&a->persons, kind, buf_span(&key), kind == 0 ? o->email : o->phone, a->contract, index);
    }
    buf_free(&key);
}

static void check_contact(struct audit *a, uint64_t index, const struct inputs *in, int64_t at_ms)
{
    const struct entry_lead *l = in->lead;
    const unsigned judged = CONTACT_EMAIL | CONTACT_PHONE;
    struct finding *f = &a->finding[CHECK_DECISIONS];
    if (l->bad & ~(l->given & judged)) {
        finds_failure(f, "lead %" PRIu64 " calls a contact field malformed that it was not given", index);
    } else if (l->disposable && !(l->given & ~l->bad & CONTACT_EMAIL)) {
        finds_failure(f, "lead %" PRIu64 " calls an email address disposable that it does not have", index);
    } else if (in->opening != NULL && !tokens_fit(a->fold.terms, in)) {
        finds_failure(f, "lead %" PRIu64 " was given another email or phone than its opening has tokens of", index);
    } else if (in->contact != NULL && given_again(in) != l->given) {
        finds_failure(f, "lead %" PRIu64 " says that other contact fields were given than its opening holds", index);
    } else if (in->contact != NULL && has_more_touches(in)) {
        finds_failure(f, "lead %" PRIu64 " counts more clicks that led to it than its opening names", index);
    } else if (in->contact != NULL) {
        unsigned differ = differs(a, in, at_ms);
        if (differ == CONTACT_EMAIL && beyond_ascii(contact_text(in, CONTACT_EMAIL)))
            finds_doubt(f, "the email address of lead %" PRIu64 " is not ASCII, and read otherwise here", index);
        else if (differ)
            finds_failure(f, "lead %" PRIu64 " calls an email or phone malformed that is not, or the reverse", index);
    }
}

/* ---- what the terms look at ---- */

static bool filled(const struct inputs *in, struct span name)
{
    const char *key;
    json_t *value;
    for (size_t i = 0; i < in->lead->n_facts; i++)
        if (span_eq(in->lead->facts[i].name, name) && !blank(in->lead->facts[i].value))
            return true;
    json_object_foreach((json_t *)in->contact, key, value)
    {
        if (span_is(name, key) && !blank(text_of(value)))
            return true;
    }
    return false;
}

static bool is_contact_name(const char *key)
{
    for (int i = 0; i < CONTACT_FIELDS; i++)
        if (strcmp(key, contact_names[i]) == 0)
            return true;
    return false;
}

/* A fact that rules or prices look at, kept out of the entry. Where the entry has no more room, the last ones stay
 * out. */
static bool hides_fact(const struct terms *t, const struct inputs *in)
{
    const struct entry_lead *l = in->lead;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)in->contact, key, value)
    {
        if (!is_contact_name(key) && terms_uses_fact(t, span_str(key)) && l->n_facts < LIMIT_FIELDS)
            return true;
    }
    return false;
}

static bool may_report(const struct audit *a, const struct terms *t, const struct entry_lead *l)
{
    if (l->trust == TRUST_PIXEL)
        return span_empty(l->party) && t->pixel_leads != PIXEL_LEADS_OFF;
    if (span_empty(l->party) || l->trust == TRUST_SYSTEM || l->trust == TRUST_COUNTERSIGNED)
        return false;
    return (t->accept_from & ACCEPT_ADVERTISER && span_is(l->party, a->advertiser)) ||
           (t->accept_from & ACCEPT_PUBLISHER && span_is(l->party, a->publisher));
}

/* What is wrong with the inputs under these terms, or NULL. */
static const char *wrong_under(const struct audit *a, const struct terms *t, const struct inputs *in)
{
    bool caught = !span_empty(t->honeypot) && filled(in, t->honeypot);
    if (!may_report(a, t, in->lead))
        return "was not reported as the terms let leads be reported";
    if (caught ? !in->lead->honeypot : in->lead->honeypot && (in->contact != NULL || span_empty(t->honeypot)))
        return "says otherwise of the honeypot than what was sent";
    return hides_fact(t, in) ? "keeps a fact back that the terms look at" : NULL;
}

static void check_under_terms(struct audit *a, uint64_t index, const struct inputs *in, int64_t at_ms)
{
    const struct terms *t;
    const char *wrong = wrong_under(a, a->fold.terms, in);
    for (size_t i = 1; wrong != NULL && (t = may_have_stood(a, i, at_ms)) != NULL; i++)
        if (wrong_under(a, t, in) == NULL)
            wrong = NULL;
    if (wrong != NULL)
        finds_failure(&a->finding[CHECK_DECISIONS], "lead %" PRIu64 " %s", index, wrong);
}

static void check_request(struct audit *a, uint64_t index, const struct entry *e)
{
    if (!entry_request_fits(e))
        finds_failure(&a->finding[CHECK_DECISIONS],
                      "entry %" PRIu64 " names no request that it came by, or one where nobody sent any", index);
}

void verify_inputs(struct audit *a, uint64_t index, const struct entry *e, const struct opening *opening,
                   struct span line)
{
    json_t *json = NULL;
    struct inputs in = {.lead = &e->lead, .opening = opening};
    if (opening != NULL && opening->has_contact && json_read(line, &json, NULL) == ERR_OK)
        in.contact = json_object_get(json, "contact");
    check_request(a, index, e);
    if (!fold_unrecorded(&a->fold, &e->lead))
        finds_failure(
            &a->finding[CHECK_DECISIONS],
            "lead %" PRIu64 " has a click by its id alone, and no gap entry in front of it covers that second", index);
    check_contact(a, index, &in, e->at_ms);
    note_person(a, index, &in, e->at_ms);
    check_under_terms(a, index, &in, e->at_ms);
    json_decref(json);
}

/* ---- dispositions ---- */

static void count_operator(struct audit *a, struct span party, enum status status)
{
    size_t i = 0;
    while (i < a->n_operators && !span_is(party, a->operator[i].party))
        i++;
    if (i == OPERATORS_CAP || party.len > LIMIT_ID) {
        a->other_operators++;
        return;
    }
    if (i == a->n_operators) {
        memcpy(a->operator[i].party, party.ptr, party.len);
        a->operator[i].party[party.len] = '\0';
        a->n_operators++;
    }
    a->operator[i].n++;
    a->operator[i].said[status]++;
}

/* That its party's key signed these very facts, the fold asked. */
static void check_countersigned(struct audit *a, uint64_t index, const struct entry_disposition *d, bool advertiser)
{
    struct finding *f = &a->finding[CHECK_DECISIONS];
    struct party_jws said;
    if (!advertiser)
        finds_failure(f, "entry %" PRIu64 " is countersigned by another party than the advertiser", index);
    if (party_jws_read(d->jws, DISPOSITION_TYP, d->party, &said, NULL) != ERR_OK) {
        finds_failure(f, "entry %" PRIu64 " is called countersigned, and holds no signed disposition", index);
        return;
    }
    if (!audit_issuer_fits(a, said.issuer))
        finds_failure(f, "entry %" PRIu64 " was signed for another issuer than the log's", index);
    party_jws_close(&said);
    a->said[SAYER_COUNTERSIGNED][d->status]++;
}

void verify_speaker(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_disposition *d = &e->disposition;
    struct finding *f = &a->finding[CHECK_DECISIONS];
    bool advertiser = span_is(d->party, a->advertiser);
    check_request(a, index, e);
    if (d->trust == TRUST_SYSTEM) { /* the due approval, which names nobody: compared byte by byte */
        a->said[SAYER_SYSTEM][d->status]++;
        return;
    }
    if (d->trust == TRUST_COUNTERSIGNED) {
        check_countersigned(a, index, d, advertiser);
        return;
    }
    if (span_empty(d->party))
        finds_failure(f, "entry %" PRIu64 " is a disposition by nobody", index);
    else if (!advertiser && span_is(d->party, a->publisher))
        finds_failure(f, "entry %" PRIu64 ": the publisher decided about its own lead", index);
    else if (d->trust != TRUST_API && ((d->trust != TRUST_SIGNED && d->trust != TRUST_KEY) || !advertiser))
        finds_failure(f, "entry %" PRIu64 " is a disposition that the advertiser did not send", index);
    else if (!advertiser)
        count_operator(a, d->party, d->status);
    else
        a->said[SAYER_ADVERTISER][d->status]++;
}
