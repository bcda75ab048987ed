#include "common/settlement/trial.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/decisions/row_write.h"
#include "common/decisions/rules.h"
#include "common/decisions/score_terms.h"
#include "common/settlement/rows_map.h"

/* ---- what stands in a lead's way: these leads as they are decided here, others as the store has them ---- */

/* How many of a contract's leads were held for their score, as score_held tells. */
struct held_share {
    uint32_t contract, held;
};

struct overlay {
    const struct trial *trial;
    struct rows_map *rows;
    struct held_share *share; /* of each contract that a lead with a score was looked at of */
    size_t n_shares;
    uint8_t from[64]; /* of the look-up in the store under way */
    uint8_t cap[CAP_ROW_LEN];
};

static const struct trial_lead *find(const struct trial *t, uint32_t contract, uint64_t index)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->lead[i].index == index && t->lead[i].cx.contract == contract)
            return &t->lead[i];
    return NULL;
}

/* What a cap counts beside these leads, which are not decided yet: what it counts now, without them. */
static enum err count_others(struct overlay *o, struct span key, struct span *value)
{
    static const enum cap_scope scopes[] = {CAP_CAMPAIGN, CAP_CONTRACT};
    static const enum cap_period periods[] = {CAP_OF_DAY, CAP_OF_MONTH};
    const struct trial *t = o->trial;
    struct cap_row sum;
    enum err err = cap_row_read(*value, &sum);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < 4 * t->n; i++) {
        const struct trial_lead *l = &t->lead[i / 4];
        enum cap_scope scope = scopes[i % 2];
        uint8_t own[CAP_KEY_LEN];
        if (l->added)
            continue;
        row_cap_key(own, scope, scope == CAP_CAMPAIGN ? l->cx.campaign : l->cx.contract, periods[i / 2 % 2],
                    l->row.at_ms, l->row.utc_offset_s);
        if (key.len != sizeof own || memcmp(own, key.ptr, sizeof own) != 0)
            continue;
        const struct cap_row counted = cap_weight(&l->row, scope);
        if (counted.leads > sum.leads || counted.micros > sum.micros)
            return ERR_CORRUPT;
        sum.leads -= counted.leads;
        sum.micros -= counted.micros;
    }
    *value = span_of((const char *)o->cap, cap_row_write(&sum, o->cap));
    return ERR_OK;
}

static enum err overlay_get(void *ctx, enum row_table table, struct span key, struct span *value)
{
    return rows_map_get(((struct overlay *)ctx)->rows, table, key, value);
}

/* The store's next row that is of none of these leads. */
static enum err seek_others(struct overlay *o, struct span from, struct span *key, struct span *value)
{
    const struct view *v = o->trial->store;
    uint32_t contract;
    uint64_t index;
    enum err err = v->seek(v->ctx, ROW_DEDUPE, from, key, value);
    while (err == ERR_OK && row_dedupe_lead(*key, &contract, &index) && find(o->trial, contract, index) != NULL) {
        if (key->len >= sizeof o->from)
            return ERR_CORRUPT;
        memcpy(o->from, key->ptr, key->len);
        o->from[key->len] = 0; /* the least key that is greater */
        err = v->seek(v->ctx, ROW_DEDUPE, span_of(o->from, key->len + 1), key, value);
    }
    return err;
}

/* Of keys that both have, the row that was written here. */
static enum err overlay_seek(void *ctx, enum row_table table, struct span from, struct span *key, struct span *value)
{
    struct overlay *o = ctx;
    const struct view *v = o->trial->store;
    struct span other_key, other_value;
    enum err err = rows_map_seek(o->rows, table, from, key, value);
    if (table != ROW_DEDUPE && table != ROW_LEADS && table != ROW_CAPS)
        return err;
    enum err step = table == ROW_DEDUPE ? seek_others(o, from, &other_key, &other_value)
                                        : v->seek(v->ctx, table, from, &other_key, &other_value);
    if (step == ERR_NOT_FOUND || (step == ERR_OK && err == ERR_OK && span_order(*key, other_key) <= 0))
        return err;
    if (step == ERR_OK && table == ROW_CAPS)
        step = count_others(o, other_key, &other_value);
    if (step == ERR_OK) {
        *key = other_key;
        *value = other_value;
    }
    return step;
}

static enum err overlay_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    const struct view *v = ((struct overlay *)ctx)->trial->store;
    return v->click(v->ctx, contract, index, out);
}

static enum err overlay_entry(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    const struct view *v = ((struct overlay *)ctx)->trial->store;
    return v->entry(v->ctx, contract, index, out);
}

/* Outcomes are compared, not what names the other lead. */
static enum err overlay_leaf(void *ctx, uint32_t contract, uint64_t index, struct hash *out)
{
    (void)ctx, (void)contract, (void)index;
    *out = (struct hash){{0}};
    return ERR_OK;
}

/* ---- the report, as these terms would have read it ---- */

struct report {
    struct entry entry;
    struct opening tokens;
    json_t *contact;
    struct buf key;
};

static struct span text_of(const json_t *v)
{
    return json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
}

static bool is_form_field(const char *name)
{
    return strncmp(name, "f_", 2) == 0;
}

static int by_name(const void *a, const void *b)
{
    return span_order(((const struct fact *)a)->name, ((const struct fact *)b)->name);
}

static bool has_fact(const struct entry_lead *l, struct span name)
{
    for (size_t i = 0; i < l->n_facts; i++)
        if (span_eq(l->facts[i].name, name))
            return true;
    return false;
}

/* Facts that no rule looked at when the lead came are private: those that these terms look at come out of there. */
static void read_facts(const struct terms *t, struct report *r)
{
    struct entry_lead *l = &r->entry.lead;
    const char *name;
    json_t *v;
    json_object_foreach(r->contact, name, v)
    {
        if (is_form_field(name) && terms_uses_fact(t, span_str(name)) && !has_fact(l, span_str(name)) &&
            l->n_facts < LIMIT_FIELDS)
            l->facts[l->n_facts++] = (struct fact){span_str(name), text_of(v)};
    }
    qsort(l->facts, l->n_facts, sizeof *l->facts, by_name); /* country comes before every f_NAME */
}

static bool filled(const struct report *r, struct span name)
{
    const struct entry_lead *l = &r->entry.lead;
    const char *key;
    json_t *v;
    for (size_t i = 0; i < l->n_facts; i++)
        if (span_eq(l->facts[i].name, name) && !span_empty(text_strip(l->facts[i].value)))
            return true;
    json_object_foreach(r->contact, key, v)
    {
        if (span_is(name, key) && !span_empty(text_strip(text_of(v))))
            return true;
    }
    return false;
}

/* A number without a country is dialled in the campaign's own. */
static void read_phone(const struct trial *t, const struct terms *terms, struct report *r)
{
    struct entry_lead *l = &r->entry.lead;
    struct span country = SPAN("");
    if (!(l->given & CONTACT_PHONE))
        return;
    for (size_t i = 0; i < l->n_facts; i++)
        if (span_is(l->facts[i].name, "country"))
            country = l->facts[i].value;
    buf_clear(&r->key);
    enum phone phone = terms->ruleset->phone(text_of(json_object_get(r->contact, "phone")), country,
                                             span_str(terms->default_country), &r->key);
    l->bad = phone == PHONE_GOOD ? l->bad & ~(unsigned)CONTACT_PHONE : l->bad | CONTACT_PHONE;
    r->tokens.has_phone = phone != PHONE_UNUSABLE;
    memset(r->tokens.phone, 0, TOKEN_LEN);
    if (r->tokens.has_phone) {
        struct hmac *pepper = hmac_new(t->pepper, 32);
        contact_token(pepper, "phone", buf_span(&r->key), r->tokens.phone);
        hmac_free(pepper);
    }
}

/* What its entry would say of touches. */
static void take_credit(struct entry_lead *l, const struct credit *c)
{
    l->click = c->click.index;
    l->clicked_ms = c->click.at_ms;
    l->click_unrecorded = c->click.unrecorded;
    l->share_from = c->from;
    l->share_to = c->to;
    l->n_touches = c->to ? c->n_touches : 0;
    for (size_t i = 0; i < l->n_touches; i++)
        l->touches[i] = (struct entry_touch){c->touches[i].index, c->touches[i].unrecorded, c->touches[i].at_ms};
}

static enum err read_report(const struct trial *t, const struct trial_lead *lead, struct report *r)
{
    *r = (struct report){.entry = lead->entry, .tokens = {.lead = true, .has_email = lead->priv.has_email}};
    buf_heap(&r->key);
    memcpy(r->tokens.email, lead->priv.email, TOKEN_LEN);
    enum err err = json_read(lead->priv.contact, &r->contact, NULL);
    if (err != ERR_OK)
        return ERR_CORRUPT;
    struct entry_lead *l = &r->entry.lead;
    l->dup_contract = SPAN(""); /* who stands in the way is looked up */
    if (lead->redealt)
        take_credit(l, &lead->credit);
    read_facts(lead->terms, r);
    l->honeypot = !span_empty(lead->terms->honeypot) && filled(r, lead->terms->honeypot);
    read_phone(t, lead->terms, r);
    return ERR_OK;
}

static void report_close(struct report *r)
{
    json_decref(r->contact);
    buf_free(&r->key);
}

/* ---- one lead ---- */

static bool may_report(const struct trial_lead *lead)
{
    const struct entry_lead *l = &lead->entry.lead;
    if (l->trust == TRUST_PIXEL)
        return lead->terms->pixel_leads != PIXEL_LEADS_OFF;
    unsigned bit = span_is(l->party, lead->publisher)    ? ACCEPT_PUBLISHER
                   : span_is(l->party, lead->advertiser) ? ACCEPT_ADVERTISER
                                                         : 0;
    return lead->terms->accept_from & bit;
}

static bool share_contact(const struct identity *a, const struct identity *b)
{
    unsigned both = a->contacts & b->contacts;
    return (both & CONTACT_EMAIL && memcmp(a->email, b->email, TOKEN_LEN) == 0) ||
           (both & CONTACT_PHONE && memcmp(a->phone, b->phone, TOKEN_LEN) == 0);
}

static bool are_rivals(const struct identity *who, const struct lead_row *other, const struct terms *t, int64_t at_ms)
{
    struct identity_key mine[IDENTITY_RIVALS], theirs[IDENTITY_KEYS];
    size_t n = identity_rivals(who, t->dedupe_by, mine), m = identity_keys(&other->who, theirs);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            if (mine[i].kind == theirs[k].kind && memcmp(mine[i].token, theirs[k].token, TOKEN_LEN) == 0 &&
                (mine[i].kind >= KEY_TXID || other->at_ms >= at_ms - t->dedupe_days * MS_PER_DAY))
                return true;
    return false;
}

static void make_duplicate(struct entry *e)
{
    e->lead.status = STATUS_DUPLICATE;
    e->lead.reason = REASON_DUPLICATE;
    e->lead.payout_micros = e->lead.due_ms = 0;
    e->lead.tier = -1;
}

/* It was recorded as a duplicate, and nobody stands in its way here: of one of these leads that is so; of another,
 * which stands no more, the record's word is taken as far as it says who that was. */
static enum err recorded_duplicate(const struct trial *t, struct trial_lead *lead, const struct identity *who,
                                   struct entry *again)
{
    const struct entry_lead *l = &lead->entry.lead;
    struct lead_row other;
    bool here = span_eq(l->dup_contract, lead->cx.contract_id);
    if (here && find(t, lead->cx.contract, l->dup_index) != NULL)
        return ERR_OK;
    if (here) {
        enum err err = row_lead(t->store, lead->cx.contract, l->dup_index, &other);
        if (err == ERR_OK && are_rivals(who, &other, lead->terms, lead->entry.at_ms))
            make_duplicate(again);
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    for (const struct trial_lead *o = t->lead; o < t->lead + t->n; o++)
        if (o->cx.contract != lead->cx.contract && o->entry.at_ms <= lead->entry.at_ms && o->opened &&
            share_contact(who, &o->row.who))
            return ERR_OK;
    lead->unknown = true;
    return ERR_OK;
}

static uint32_t *held_of(struct overlay *o, uint32_t contract)
{
    size_t i = 0;
    while (i < o->n_shares && o->share[i].contract != contract)
        i++;
    if (i == o->n_shares)
        o->share[o->n_shares++] = (struct held_share){.contract = contract};
    return &o->share[i].held;
}

/* By the score that it had: what other facts would have taught is not asked, nor how many labels were known. Of those
 * before these leads none was held. */
static void hold_low(struct overlay *o, const struct trial_lead *lead, struct entry_lead *again)
{
    const struct entry_lead *l = &lead->entry.lead;
    if (lead->terms->score == NULL || !l->scored || !status_stands(again->status))
        return;
    const struct score_hold hold = score_terms_hold(lead->terms->score);
    uint32_t *held = held_of(o, lead->cx.contract);
    bool low = l->share_to == 0 && l->score_high < hold.below && score_may_hold(*held, hold);
    *held = score_held(*held, low);
    if (!low || again->status == STATUS_HELD)
        return;
    again->status = STATUS_HELD;
    again->reason = REASON_LOW_SCORE;
}

static enum err decide_again(struct overlay *o, const struct view *v, struct trial_lead *lead)
{
    struct report r;
    struct entry again;
    char source[LIMIT_PARAM];
    bool foreign;
    enum err err = read_report(o->trial, lead, &r);
    if (err != ERR_OK)
        goto done;
    struct private_part tokens = {.lead = true, .has_email = r.tokens.has_email, .has_phone = r.tokens.has_phone};
    memcpy(tokens.email, r.tokens.email, TOKEN_LEN);
    memcpy(tokens.phone, r.tokens.phone, TOKEN_LEN);
    err = redecide_lead(&lead->cx, v, lead->terms, 0, &r.entry, &r.tokens, source, &again, &foreign);
    if (err != ERR_OK)
        goto done;
    if (lead->entry.lead.status == STATUS_DUPLICATE && status_stands(again.lead.status)) {
        struct identity who;
        identity_of(&again.lead, &tokens, &who);
        err = recorded_duplicate(o->trial, lead, &who, &again);
    }
    hold_low(o, lead, &again.lead);
    lead->status = again.lead.status;
    lead->reason = again.lead.reason;
    lead->payout_micros = again.lead.payout_micros;
    struct row_ops ops;
    if (err == ERR_OK && !lead->unknown &&
        (err = apply(&lead->cx, v, lead->terms, lead->index, &again, &tokens, &ops)) == ERR_OK)
        rows_map_write(o->rows, &ops);
done:
    report_close(&r);
    return err;
}

/* What became of it frees its person, or takes the freedom back, where its state here allows that. */
static enum err follow(struct overlay *o, const struct view *v, const struct trial_lead *lead)
{
    static const enum status ends[] = {STATUS_REJECTED, STATUS_RETURNED};
    const enum status back[] = {STATUS_APPROVED, STATUS_APPROVED};
    const enum status *to = status_stands(lead->row.status) ? back : ends;
    const struct disposition_facts facts = {.advertiser = true};
    struct lead_row row;
    enum err err = row_lead(v, lead->cx.contract, lead->index, &row);
    if (err != ERR_OK || status_stands(row.status) == status_stands(lead->row.status))
        return err;
    for (int i = 0; i < 2; i++) {
        const struct disposition_report r = {.trust = TRUST_API, .status = to[i], .lead = lead->index};
        struct row_ops ops;
        struct entry e;
        bool same;
        if (lead->terms->ruleset->disposition(0, &r, &row, &facts, lead->row.changed_ms, &e, &same, NULL) != ERR_OK)
            continue;
        err = apply(&lead->cx, v, lead->terms, lead->row.last, &e, NULL, &ops);
        if (err == ERR_OK)
            rows_map_write(o->rows, &ops);
        return err;
    }
    return ERR_OK;
}

/* ---- in their order ---- */

/* A lead, or what became of it. In one log the order is that of the entries; across logs it is that of time, and of one
 * millisecond a lead that repeats one elsewhere came later. */
struct event {
    int64_t order;
    uint32_t contract;
    uint64_t index;
    size_t lead;
    bool later;
};

static int in_log(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->contract != y->contract)
        return x->contract < y->contract ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int in_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    return x->order != y->order ? x->order < y->order ? -1 : 1 : in_log(a, b);
}

/* What an added part is numbered by says nothing of its place. */
static void keep_order(const struct trial *t, struct event *events, size_t n)
{
    const struct event *before = NULL;
    for (struct event *e = events; e < events + n; e++) {
        if (t->lead[e->lead].added)
            continue;
        if (before != NULL && before->contract == e->contract && e->order < before->order)
            e->order = before->order;
        before = e;
    }
}

static size_t list_events(const struct trial *t, struct event *events)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct trial_lead *l = &t->lead[i];
        bool repeats = span_is(l->entry.lead.dup_contract, DUP_ELSEWHERE);
        events[n++] = (struct event){2 * l->entry.at_ms + repeats, l->cx.contract, l->index, i, false};
        if (status_stands(l->row.status) != status_stands(l->entry.lead.status))
            events[n++] = (struct event){2 * l->row.changed_ms, l->cx.contract, l->row.last, i, true};
    }
    qsort(events, n, sizeof *events, in_log);
    keep_order(t, events, n);
    qsort(events, n, sizeof *events, in_time);
    return n;
}

/* ---- shared leads ---- */

/* Parts of one lead beside each other, added ones and then the others in their order. */
static int by_lead(const void *a, const void *b)
{
    const struct trial_lead *p = *(struct trial_lead *const *)a, *q = *(struct trial_lead *const *)b;
    const struct entry_lead *x = &p->entry.lead, *y = &q->entry.lead;
    int order = memcmp(x->commitment.b, y->commitment.b, HASH_LEN);
    if (order != 0 || p->added != q->added)
        return order != 0 ? order : q->added - p->added;
    return x->share_to < y->share_to ? -1 : x->share_to > y->share_to;
}

static enum err add_touch(const struct trial *t, const struct trial_lead *part, const struct entry_touch *e,
                          struct touch *out)
{
    struct clicked seen;
    *out = (struct touch){.contract = part->cx.contract,
                          .index = e->click,
                          .at_ms = e->clicked_ms,
                          .clock_steps = part->entry.lead.clock_steps,
                          .unrecorded = e->click_unrecorded};
    if (e->click_unrecorded)
        return ERR_OK;
    enum err err = t->store->click(t->store->ctx, part->cx.contract, e->click, &seen);
    if (err == ERR_OK)
        touch_click(out, &seen);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* All touches that the lead had, if they are given or its parts, the first to the last, tell them: *n 0 if not. */
static enum err touches_of(const struct trial *t, struct trial_lead *const *part, size_t parts,
                           struct touch touches[LIMIT_TOUCHES], size_t *n)
{
    uint32_t to = 0;
    *n = part[0]->n_touches;
    memcpy(touches, part[0]->touch, *n * sizeof *touches);
    if (*n > 0)
        return ERR_OK;
    for (size_t i = 0; i < parts; i++) {
        const struct entry_lead *l = &part[i]->entry.lead;
        if (l->share_from != to || *n + 1 + l->n_touches > LIMIT_TOUCHES)
            break;
        to = l->share_to;
        const struct entry_touch click = {l->click, l->click_unrecorded, l->clicked_ms};
        for (size_t k = 0; k <= l->n_touches; k++) {
            enum err err = add_touch(t, part[i], k == 0 ? &click : &l->touches[k - 1], &touches[*n + k]);
            if (err != ERR_OK)
                return err;
        }
        *n += 1 + l->n_touches;
    }
    if (to != SHARE_WHOLE || *n != 1 + (size_t)part[parts - 1]->entry.lead.other_touches)
        *n = 0;
    return ERR_OK;
}

/* Deals the lead anew by the terms tried. What has no touch inside the window is the last part's, to be told so. */
static enum err deal_anew(const struct trial *t, struct trial_lead *const *part, size_t parts)
{
    struct touch touches[LIMIT_TOUCHES];
    struct credit credits[LIMIT_TOUCHES];
    const struct trial_lead *last = part[parts - 1];
    size_t n;
    enum err err = touches_of(t, part, parts, touches, &n);
    if (err != ERR_OK)
        return err;
    size_t dealt =
        n == 0 ? 0 : credits_of(last->terms, touches, n, last->entry.at_ms, last->entry.lead.clock_steps, credits);
    for (size_t i = 0; i < parts; i++) {
        struct trial_lead *p = part[i];
        size_t c = 0;
        while (c < dealt && credits[c].click.contract != p->cx.contract)
            c++;
        p->unknown = n == 0;
        p->redealt = c < dealt;
        p->gone = n > 0 && !p->redealt && (dealt > 0 || p != last);
        if (p->redealt)
            p->credit = credits[c];
    }
    return ERR_OK;
}

/* Whose an undivided lead would be the touches of other contracts say, which its entry does not tell. */
static bool is_dealt(const struct trial_lead *l)
{
    return l->entry.lead.share_to != 0 || (!l->dealt_alike && l->n_touches > 0);
}

static enum err deal(struct trial *t)
{
    struct trial_lead **part = xcalloc(t->n + 1, sizeof *part);
    size_t n = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < t->n; i++) {
        t->lead[i].of = i;
        t->lead[i].unknown = !t->lead[i].dealt_alike && t->lead[i].entry.lead.other_touches > 0;
        if (is_dealt(&t->lead[i]))
            part[n++] = &t->lead[i];
    }
    if (n > 0)
        qsort(part, n, sizeof(struct trial_lead *), by_lead);
    for (size_t i = 0, end; i < n && err == ERR_OK; i = end) {
        for (end = i + 1;
             end < n && memcmp(part[end]->entry.lead.commitment.b, part[i]->entry.lead.commitment.b, HASH_LEN) == 0;)
            end++;
        for (size_t k = i; k < end; k++)
            part[k]->of = (size_t)(part[end - 1] - t->lead);
        err = part[i]->dealt_alike ? ERR_OK : deal_anew(t, part + i, end - i);
    }
    free(part);
    return err;
}

/* ---- all of them ---- */

static enum err run_event(struct overlay *o, const struct view *v, const struct event *e)
{
    struct trial_lead *lead = &o->trial->lead[e->lead];
    if (!e->later) {
        lead->unknown |= !lead->opened;
        lead->not_taken = !may_report(lead);
    }
    if (lead->unknown || lead->not_taken || lead->gone)
        return ERR_OK;
    return e->later ? follow(o, v, lead) : decide_again(o, v, lead);
}

enum err trial_run(struct trial *t)
{
    struct overlay o = {.trial = t, .rows = rows_map_new(NULL), .share = xcalloc(t->n + 1, sizeof(struct held_share))};
    const struct view v = {.get = overlay_get,
                           .seek = overlay_seek,
                           .click = overlay_click,
                           .leaf = overlay_leaf,
                           .entry = overlay_entry,
                           .ctx = &o};
    struct event *events = xcalloc(2 * t->n + 1, sizeof *events);
    size_t n = list_events(t, events);
    enum err err = deal(t);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = run_event(&o, &v, &events[i]);
    free(events);
    free(o.share);
    rows_map_free(o.rows);
    return err;
}
