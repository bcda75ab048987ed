/* A new lead: its campaign, its touches, its facts, its private part. What needs the store is the committer's to find
 * out. */
#include <stdlib.h>

#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/decisions/disposable.h"
#include "common/decisions/rules.h"
#include "server/keys/day_keys.h"
#include "server/postback/postback_private.h"
#include "server/system/system.h"

struct claim {
    struct pointer touches[LIMIT_TOUCHES];
    enum field from[LIMIT_TOUCHES]; /* the field that each stands in */
    size_t n;
    bool any;            /* at least one click id, valid or not */
    bool unread[FIELDS]; /* the fields with one that does not read or is another's */
    const struct which *campaign;
    const struct contract *fallback; /* the ledger when no click is found */
    const struct terms *terms;       /* its own, now */
};

/* ---- clicks ---- */

/* Clicks count for their sender alone: a publisher's own, and all of an advertiser's campaigns. */
static const struct contract *own_contract(const struct postback *pb, uint32_t number)
{
    const struct contract *k = catalog_contract_number(pb->rq->catalog, number);
    if (k == NULL)
        return NULL;
    return pb->party->who == (pb->party->role == ROLE_PUBLISHER ? k->publisher : k->campaign->advertiser) ? k : NULL;
}

/* Of more than are considered the latest stay, and the answer says that some did not. */
static void displace(struct postback *pb, struct claim *c, const struct pointer *p, enum field from)
{
    size_t oldest = c->n - 1;
    for (size_t i = c->n; i-- > 0;)
        if (c->touches[i].at_s < c->touches[oldest].at_s || (i > 0 && c->touches[i].at_s == c->touches[oldest].at_s))
            oldest = i;
    if (p->at_s >= c->touches[oldest].at_s) { /* of one second the first in the list, which has the oldest first */
        c->touches[oldest] = *p;
        c->from[oldest] = from;
    }
    postback_ignore(pb, SPAN("touches"));
}

static void add_touch(struct postback *pb, struct claim *c, enum field from, struct span id)
{
    struct pointer p;
    id = text_strip(id);
    if (span_empty(id) || text_is_nothing(id))
        return;
    c->any = true;
    if (click_id_read(pb->rq->worker->tokens, id, &p) != ERR_OK || own_contract(pb, p.contract) == NULL) {
        c->unread[from] = true;
        return;
    }
    for (size_t i = 0; i < c->n; i++)
        if (c->touches[i].contract == p.contract && c->touches[i].index == p.index)
            return;
    if (c->n == LIMIT_TOUCHES) {
        displace(pb, c, &p, from);
        return;
    }
    c->touches[c->n] = p;
    c->from[c->n++] = from;
}

static void read_touches(struct postback *pb, struct claim *c)
{
    struct span rest = pb->field[FIELD_TOUCHES];
    add_touch(pb, c, FIELD_CLICK_ID, pb->field[FIELD_CLICK_ID]);
    while (rest.len)
        add_touch(pb, c, FIELD_TOUCHES, text_take(&rest, ','));
}

/* Ids that do not read are told where others count: alone they are the lead's reason. */
static void tell_unread(struct postback *pb, const struct claim *c)
{
    for (enum field f = 0; f < FIELDS && c->n > 0; f++)
        if (c->unread[f])
            postback_ignore(pb, span_str(postback_field_name(f)));
}

/* Another campaign's clicks do not count, and the answer says so. */
static void keep_campaign(struct postback *pb, struct claim *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (own_contract(pb, c->touches[i].contract)->campaign == c->campaign)
            c->touches[kept++] = c->touches[i];
        else
            postback_ignore(pb, span_str(postback_field_name(c->from[i])));
    c->n = kept;
}

/* ---- whose lead it is ---- */

/* Both may be named, if they are of each other. */
static enum err same_campaign(struct postback *pb, const struct contract *k)
{
    struct span named = pb->field[FIELD_CAMPAIGN];
    return span_empty(named) || span_eq(named, span_str(k->campaign->id))
               ? ERR_OK
               : problem(&pb->rq->problem, ERR_MALFORMED, "campaign",
                         "is not the campaign of the contract beside it: say one of the two");
}

static enum err named_contract(struct postback *pb, struct claim *c)
{
    const struct contract *k = catalog_contract(pb->rq->catalog, pb->field[FIELD_CONTRACT]);
    if (k == NULL || own_contract(pb, k->number) == NULL)
        return problem(&pb->rq->problem, ERR_MALFORMED, "contract", "is not one of your contracts");
    c->fallback = k;
    pb->named = k->number;
    return same_campaign(pb, k);
}

/* Where a sender's leads of a campaign go without a click: an advertiser's to its direct contract, a publisher's to its
 * own, the newest that is active rather than others. */
static const struct contract *place_in(const struct postback *pb, const struct which *campaign)
{
    if (pb->party->role != ROLE_PUBLISHER)
        return campaign->advertiser == pb->party->who ? catalog_contract_number(pb->rq->catalog, campaign->direct)
                                                      : NULL;
    const struct catalog *c = pb->rq->catalog;
    const int64_t at_ms = pb->rq->arrived_ms;
    const struct contract_list own = campaign_contracts_of(c, campaign, pb->party->who);
    for (size_t i = own.n; i-- > 0;) {
        const struct contract *k = catalog_listed(c, &own, i);
        if (contract_binds(k, at_ms) && terms_active(contract_terms(k, at_ms), at_ms))
            return k;
    }
    return own.n > 0 ? catalog_listed(c, &own, own.n - 1) : NULL;
}

static enum err named_campaign(struct postback *pb, struct claim *c)
{
    const struct campaign *campaign = catalog_campaign(pb->rq->catalog, pb->field[FIELD_CAMPAIGN]);
    c->fallback = campaign != NULL ? place_in(pb, campaign->which) : NULL;
    return c->fallback != NULL ? ERR_OK
                               : problem(&pb->rq->problem, ERR_MALFORMED, "campaign", "is not one of your campaigns");
}

/* Nobody guesses an owner: contact fields of one advertiser's lead are no other's to see. */
static enum err only_campaign(struct postback *pb, struct claim *c)
{
    bool several;
    const struct which *takes = catalog_takes(pb->rq->catalog, pb->party, &several);
    c->fallback = takes != NULL && !several ? place_in(pb, takes) : NULL;
    if (c->fallback != NULL)
        return ERR_OK;
    return problem(&pb->rq->problem, ERR_MALFORMED, "campaign", "%s",
                   takes == NULL
                       ? "you have no campaign"
                       : "is missing: without a click id of yours that reads, say which of your campaigns it is");
}

/* The contract or campaign named, else the first click's, else the only one (FORMATS "A lead"). */
static enum err find_place(struct postback *pb, struct claim *c)
{
    bool publisher = pb->party->role == ROLE_PUBLISHER;
    enum err err = ERR_OK;
    if (!span_empty(pb->field[FIELD_CONTRACT]))
        err = named_contract(pb, c);
    else if (!span_empty(pb->field[FIELD_CAMPAIGN]))
        err = named_campaign(pb, c);
    else if (c->n && publisher)
        c->fallback = own_contract(pb, c->touches[0].contract);
    else if (c->n)
        c->fallback = place_in(pb, own_contract(pb, c->touches[0].contract)->campaign);
    else
        err = only_campaign(pb, c);
    if (err != ERR_OK)
        return err;
    if (c->fallback == NULL)
        return worker_fails(pb->rq, ERR_INTERNAL, "the campaign of this lead has no direct contract");
    if (!contract_binds(c->fallback, pb->rq->arrived_ms))
        return contract_unbound(c->fallback, &pb->rq->problem);
    c->campaign = c->fallback->campaign;
    c->terms = contract_terms(c->fallback, pb->rq->arrived_ms);
    unsigned bit = publisher ? ACCEPT_PUBLISHER : ACCEPT_ADVERTISER;
    if (!(c->terms->accept_from & bit))
        return problem(&pb->rq->problem, ERR_FORBIDDEN, "", "this campaign does not take leads from %s",
                       publisher ? "publishers" : "the advertiser");
    keep_campaign(pb, c);
    tell_unread(pb, c);
    return ERR_OK;
}

/* ---- facts and contacts ---- */

/* A fact stands in the entry when any contract that may get the lead looks at it, else it stays private. */
static bool uses_fact(const struct postback *pb, const struct claim *c, struct span name)
{
    for (size_t i = 0; i < c->n; i++)
        if (terms_uses_fact(contract_terms(own_contract(pb, c->touches[i].contract), pb->rq->arrived_ms), name))
            return true;
    return terms_uses_fact(c->terms, name);
}

/* Of more form fields than are kept, those that decide before others. */
static void keep_form(struct postback *pb, const struct claim *c)
{
    bool kept[FORM_READ] = {false};
    size_t n = 0, to = 0;
    for (int deciding = 1; deciding >= 0; deciding--)
        for (size_t i = 0; i < pb->n_form && n < LIMIT_FIELDS; i++)
            if (!kept[i] &&
                (!deciding || uses_fact(pb, c, pb->form[i].name) || span_eq(pb->form[i].name, c->terms->honeypot))) {
                kept[i] = true;
                n++;
            }
    for (size_t i = 0; i < pb->n_form; i++)
        if (kept[i])
            pb->form[to++] = pb->form[i];
        else
            postback_ignore(pb, pb->form[i].name);
    pb->n_form = to;
}

static void take_facts(struct postback *pb, const struct claim *c, struct lead_report *r)
{
    if (!span_empty(pb->field[FIELD_COUNTRY])) /* before every f_NAME */
        r->facts[r->n_facts++] = (struct fact){SPAN("country"), pb->field[FIELD_COUNTRY]};
    for (size_t i = 0; i < pb->n_form; i++) {
        const struct fact *f = &pb->form[i];
        if (span_eq(f->name, c->terms->honeypot) && !span_empty(text_strip(f->value)))
            r->honeypot = true;
        if (r->n_facts < LIMIT_FIELDS && uses_fact(pb, c, f->name))
            r->facts[r->n_facts++] = *f;
    }
}

static void take_contacts(struct postback *pb, const struct claim *c, struct lead_report *r)
{
    static const enum field by_bit[CONTACT_FIELDS] = {FIELD_EMAIL, FIELD_PHONE, FIELD_FIRST_NAME, FIELD_LAST_NAME};
    const struct terms *terms = c->terms;
    struct buf key;
    for (unsigned i = 0; i < CONTACT_FIELDS; i++)
        if (!span_empty(text_strip(pb->field[by_bit[i]])))
            r->given |= 1u << i;

    struct hmac *pepper = hmac_new(c->campaign->pepper, sizeof c->campaign->pepper);
    arena_buf(pb->rq->arena, &key, 4 * LIMIT_FIELD);
    if (r->given & CONTACT_EMAIL && terms->ruleset->email(pb->field[FIELD_EMAIL], &key) == ERR_OK) {
        r->has_email = true;
        r->disposable = disposable_email(pb->rq->worker->settings->disposable, buf_span(&key));
        contact_token(pepper, "email", buf_span(&key), r->email);
    }
    buf_clear(&key);
    enum phone phone = r->given & CONTACT_PHONE
                           ? terms->ruleset->phone(pb->field[FIELD_PHONE], pb->field[FIELD_COUNTRY],
                                                   span_str(terms->default_country), &key)
                           : PHONE_UNUSABLE;
    r->has_phone = phone != PHONE_UNUSABLE; /* also of a bad one that has digits to be compared by */
    if (r->has_phone)
        contact_token(pepper, "phone", buf_span(&key), r->phone);
    r->bad = (r->given & CONTACT_EMAIL && !r->has_email ? CONTACT_EMAIL : 0) |
             (r->given & CONTACT_PHONE && phone != PHONE_GOOD ? CONTACT_PHONE : 0);
    hmac_free(pepper);
}

static void add_contact(struct jw *w, const struct postback *pb, enum field f, const char *name)
{
    if (pb->field[f].ptr != NULL)
        jw_kstr(w, name, pb->field[f]);
}

static bool is_public(const struct lead_report *r, struct span name)
{
    for (size_t i = 0; i < r->n_facts; i++)
        if (span_eq(r->facts[i].name, name))
            return true;
    return false;
}

/* One alone is the entry's click, or nobody's. */
static void add_touches(struct jw *w, struct postback *pb, const struct lead_report *r)
{
    char mem[LIMIT_TOUCHES * (CLICK_ID_LEN + 1)];
    struct buf ids;
    if (r->n_touches < 2)
        return;
    buf_fixed(&ids, mem, sizeof mem);
    click_ids_write(pb->rq->worker->tokens, r->touches, r->n_touches, &ids);
    jw_kstr(w, "touches", buf_span(&ids));
}

/* Canonical: "email" < "f_..." < "first_name" < "last_name" < "phone" < "touches". */
static struct span contact_json(struct postback *pb, const struct lead_report *r)
{
    struct buf b;
    struct jw w;
    size_t room = 10 * LIMIT_FIELD + LIMIT_TOUCHES * (CLICK_ID_LEN + 1);
    for (size_t i = 0; i < pb->n_form; i++)
        room += pb->form[i].name.len + 2 * pb->form[i].value.len + 8;
    arena_buf(pb->rq->arena, &b, room);
    jw_open(&w, &b);
    jw_object(&w);
    add_contact(&w, pb, FIELD_EMAIL, "email");
    for (size_t i = 0; i < pb->n_form; i++)
        if (!is_public(r, pb->form[i].name)) {
            jw_key_span(&w, pb->form[i].name);
            jw_str(&w, pb->form[i].value);
        }
    add_contact(&w, pb, FIELD_FIRST_NAME, "first_name");
    add_contact(&w, pb, FIELD_LAST_NAME, "last_name");
    add_contact(&w, pb, FIELD_PHONE, "phone");
    add_touches(&w, pb, r);
    jw_object_end(&w);
    jw_close(&w);
    return buf_span(&b);
}

/* The private part, its commitment in the report, and its sealed form. */
static enum err seal(struct postback *pb, struct record_lead *l)
{
    struct request *rq = pb->rq;
    struct lead_report *r = &l->report;
    struct private_part priv;
    struct buf ua, plain, sealed;
    arena_buf(rq->arena, &ua, LIMIT_USER_AGENT);
    utf8_repair(&ua, rq->user_agent, LIMIT_USER_AGENT);
    priv = (struct private_part){.ip = span_str(rq->ip),
                                 .ua = buf_span(&ua),
                                 .lead = true,
                                 .contact = contact_json(pb, r),
                                 .has_email = r->has_email,
                                 .has_phone = r->has_phone};
    memcpy(priv.email, r->email, TOKEN_LEN);
    memcpy(priv.phone, r->phone, TOKEN_LEN);
    memcpy(priv.facts_sha256, r->facts_sha256, HASH_LEN);
    random_bytes(priv.seed, sizeof priv.seed);
    record_keep(l, &priv);

    l->sealed.day = (uint32_t)(rq->arrived_ms / MS_PER_DAY);
    arena_buf(rq->arena, &plain, PRIVATE_PART_MAX + priv.contact.len);
    private_write(&plain, &priv);
    arena_buf(rq->arena, &sealed, plain.len + AEAD_TAG_LEN);
    enum err err = sealer_seal(rq->worker->sealer, l->sealed.day, &r->commitment, buf_span(&plain), &sealed);
    l->sealed.bytes = buf_span(&sealed);
    return err;
}

/* Which day and month it is for the campaign: nothing behind this reads time zones. */
static enum err take_zone(struct postback *pb, const struct claim *c, struct lead_report *r)
{
    struct span zone = c->terms->timezone;
    enum err err = zones_offset(pb->rq->worker->zones, zone, pb->rq->arrived_ms, &r->utc_offset_s);
    return err == ERR_OK ? err
                         : worker_fails(pb->rq, ERR_IO, "the time zone %.*s cannot be read any more: install tzdata",
                                        (int)zone.len, zone.ptr);
}

enum err postback_lead(struct postback *pb, struct job **out)
{
    struct job *job = worker_job(pb->rq, RECORD_LEAD, NULL);
    struct record_lead *l = &job->record.lead;
    struct lead_report *r = &l->report;
    struct claim c = {.n = 0};
    const struct {
        enum field f;
        const char *what;
    } later[] = {{FIELD_LEAD, "names a lead that is there, and status is missing: approved, rejected, returned or "
                              "converted (or event=sale). A new lead has no lead field: the answer gives it one"},
                 {FIELD_JWS, "goes with what became of a lead, beside status"}};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (pb->field[later[i].f].ptr != NULL)
            return postback_refuse_field(pb, span_str(postback_field_name(later[i].f)), later[i].what);
    postback_only(pb, FIELD_NEW);
    read_touches(pb, &c);
    enum err err = find_place(pb, &c);
    if (err != ERR_OK)
        return err;
    job->record.advertiser = c.fallback->campaign->advertiser->number;
    r->party = span_str(pb->party->id);
    r->trust = pb->trust;
    r->txid = pb->field[FIELD_TXID];
    r->test = pb->test;
    r->claimed = c.any;
    memcpy(r->touches, c.touches, sizeof r->touches);
    r->n_touches = c.n;
    for (int i = 0; i < LIMIT_SUBS; i++)
        r->sub[i] = pb->field[FIELD_SUB1 + i];
    keep_form(pb, &c);
    take_facts(pb, &c, r);
    take_contacts(pb, &c, r);
    if ((err = take_zone(pb, &c, r)) != ERR_OK)
        return err;
    postback_facts(pb, c.fallback->campaign->pepper, r->facts_sha256);
    l->fallback_contract = c.fallback->number;
    r->request = pb->request;
    l->nonce = pb->nonce;
    err = seal(pb, l);
    if (err != ERR_OK)
        return worker_fails(pb->rq, err, "the private part could not be sealed under the key of day %u", l->sealed.day);
    *out = job;
    return ERR_OK;
}
