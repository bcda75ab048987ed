#include "server/commit/erasure.h"

#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/decisions/contact.h"
#include "common/decisions/rules.h"

/* ---- finding ---- */

struct spot {
    uint32_t contract;
    uint64_t index;
};

struct spots {
    struct spot *at;
    size_t n, room;
};

/* What a lead's tokens may be, in one campaign. */
enum { TOKENS_MAX = 2 };
struct wanted {
    unsigned n_email, n_phone;
    uint8_t email[TOKEN_LEN], phone[TOKENS_MAX][TOKEN_LEN];
    uint8_t share[TOKEN_LEN]; /* of a lead that is shared; zeros: none is wanted */
};

struct finding_of {
    const struct catalog *catalog;
    struct txn *txn;
    struct view view;
    const struct erasure_asked *asked;
    struct spots found;
    uint64_t leads, n_seen; /* found; looked at */
    bool readable;          /* the address or number is one in some campaign */
};

/* What comes is read as it is by now. Nothing that was there goes meanwhile. */
static enum err renew(struct finding_of *f)
{
    txn_reset(f->txn);
    return txn_renew(f->txn);
}

static void add(struct spots *p, uint32_t contract, uint64_t index)
{
    if (p->n == p->room) {
        p->room = p->room > 0 ? 2 * p->room : 64;
        p->at = xrealloc(p->at, p->room * sizeof *p->at);
    }
    p->at[p->n++] = (struct spot){contract, index};
}

static int by_place(const void *a, const void *b)
{
    const struct spot *x = a, *y = b;
    return x->contract != y->contract ? (x->contract < y->contract ? -1 : 1)
                                      : (x->index > y->index) - (x->index < y->index);
}

/* In order, each once. */
static void sort(struct spots *p)
{
    size_t n = 0;
    if (p->n > 0)
        qsort(p->at, p->n, sizeof *p->at, by_place);
    for (size_t i = 0; i < p->n; i++)
        if (n == 0 || by_place(&p->at[n - 1], &p->at[i]) != 0)
            p->at[n++] = p->at[i];
    p->n = n;
}

/* A number is read as this campaign's leads may have been: dialled in its country, or as the bare digits it has. */
static void wanted_phone(struct wanted *w, const struct terms *terms, struct hmac *pepper, struct span phone)
{
    const struct span fallback[] = {span_str(terms->default_country), SPAN("")};
    for (size_t i = 0; i < sizeof fallback / sizeof fallback[0]; i++) {
        struct buf key;
        buf_heap(&key);
        if (terms->ruleset->phone(phone, SPAN(""), fallback[i], &key) != PHONE_UNUSABLE)
            contact_token(pepper, "phone", buf_span(&key), w->phone[w->n_phone++]);
        buf_free(&key);
    }
}

/* False: it can be nobody's in this campaign. */
static bool wanted_in(const struct finding_of *f, const struct which *c, struct wanted *out)
{
    const struct contract *direct = catalog_contract_number(f->catalog, c->direct);
    const struct terms *terms = versions_newest(&direct->versions)->terms;
    struct hmac *pepper = hmac_new(c->pepper, sizeof c->pepper);
    struct buf key;
    *out = (struct wanted){.n_email = 0};
    buf_heap(&key);
    if (!span_empty(f->asked->email) && terms->ruleset->email(f->asked->email, &key) == ERR_OK) {
        contact_token(pepper, "email", buf_span(&key), out->email);
        out->n_email = 1;
    }
    if (!span_empty(f->asked->phone))
        wanted_phone(out, terms, pepper, f->asked->phone);
    buf_free(&key);
    hmac_free(pepper);
    return out->n_email + out->n_phone > 0;
}

static bool is_wanted(const struct wanted *w, const struct lead_row *row)
{
    static const uint8_t none[TOKEN_LEN];
    if (w->n_email > 0 && row->who.contacts & CONTACT_EMAIL && memcmp(row->who.email, w->email, TOKEN_LEN) == 0)
        return true;
    for (unsigned i = 0; i < w->n_phone; i++)
        if (row->who.contacts & CONTACT_PHONE && memcmp(row->who.phone, w->phone[i], TOKEN_LEN) == 0)
            return true;
    return memcmp(w->share, none, TOKEN_LEN) != 0 && memcmp(row->share.lead, w->share, TOKEN_LEN) == 0;
}

/* The lead itself, and the clicks that it names in its log. */
static enum err add_lead(struct finding_of *f, const struct contract *k, uint64_t index)
{
    struct envelope env;
    struct entry e;
    enum err err = ledger_read(f->txn, k->number, index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    err = e.kind == ENTRY_LEAD ? ERR_OK : ERR_CORRUPT;
    if (err == ERR_OK) {
        add(&f->found, k->number, index);
        if (e.lead.has_click && !e.lead.click_unrecorded)
            add(&f->found, k->number, e.lead.click);
        for (size_t i = 0; i < e.lead.n_touches; i++)
            if (!e.lead.touches[i].click_unrecorded)
                add(&f->found, k->number, e.lead.touches[i].click);
        f->leads++;
    }
    entry_close(&e);
    return err;
}

static enum err scan_leads(struct finding_of *f, const struct contract *k, const struct wanted *w)
{
    struct lead_walk walk = {.view = &f->view, .contract = k->number, .rows = SIZE_MAX};
    struct lead_row row;
    uint64_t index;
    enum err step, err = ERR_OK;
    while (err == ERR_OK && (step = lead_walk_next(&walk, UINT64_MAX, &index, &row)) == ERR_OK) {
        if (is_wanted(w, &row))
            err = add_lead(f, k, index);
        if (err == ERR_OK && ++f->n_seen % READ_SLICE == 0)
            err = renew(f);
    }
    return err != ERR_OK ? err : step == ERR_NOT_FOUND ? ERR_OK : step;
}

static enum err scan_campaign(struct finding_of *f, const struct which *c, const struct wanted *w)
{
    enum err err = ERR_OK;
    const struct contract_list all = catalog_contracts_of(f->catalog, c);
    for (size_t i = 0; i < all.n && err == ERR_OK; i++)
        err = scan_leads(f, catalog_listed(f->catalog, &all, i), w);
    return err;
}

static enum err find_lead(struct finding_of *f)
{
    const struct pointer *at = &f->asked->lead;
    const struct contract *k = catalog_contract_number(f->catalog, at->contract);
    struct wanted w = {.n_email = 0};
    struct lead_row row;
    enum err err = k == NULL || (f->asked->of != NULL && k->campaign->advertiser != f->asked->of->who)
                       ? ERR_NOT_FOUND
                       : row_lead(&f->view, at->contract, at->index, &row);
    if (err != ERR_OK || row.share.to == 0)
        return err == ERR_OK ? add_lead(f, k, at->index) : err;
    memcpy(w.share, row.share.lead, TOKEN_LEN);
    return scan_campaign(f, k->campaign, &w);
}

static enum err find_person(struct finding_of *f)
{
    enum err err = ERR_OK;
    for (uint32_t n = 1; n <= f->catalog->n_campaigns && err == ERR_OK; n++) {
        const struct which *c = catalog_campaign_number(f->catalog, n)->which;
        struct wanted w;
        if ((f->asked->of != NULL && c->advertiser != f->asked->of->who) || !wanted_in(f, c, &w))
            continue;
        f->readable = true;
        err = scan_campaign(f, c, &w);
    }
    return err;
}

/* ---- views of clicks ---- */

struct clicks {
    const struct spots *all; /* in order; leads of the log are among them, and are no view's click */
    uint32_t contract;
};

static enum err add_view(struct finding_of *f, const struct clicks *c, const struct envelope *env)
{
    struct entry e;
    if (env->kind != ENTRY_VIEW)
        return ERR_OK;
    enum err err = entry_read(env->entry, &e, NULL);
    if (err != ERR_OK)
        return err;
    const struct spot click = {c->contract, e.view.click};
    if (e.view.has_click && bsearch(&click, c->all->at, c->all->n, sizeof click, by_place) != NULL)
        add(&f->found, c->contract, env->index);
    entry_close(&e);
    return ERR_OK;
}

/* How much of it the last sweep took in. */
static enum err swept(struct finding_of *f, uint32_t contract, uint64_t *size)
{
    struct head head = {.size = 0};
    enum err err = head_read(f->txn, contract, &head);
    *size = head.size;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err add_views(struct finding_of *f, const struct clicks *c, uint64_t from)
{
    struct envelope env;
    uint64_t i = from, size;
    enum err err = swept(f, c->contract, &size);
    while (err == ERR_OK && i < size) {
        for (uint64_t n = 0; err == ERR_OK && i < size && n < READ_SLICE; n++, i++) {
            err = ledger_read(f->txn, c->contract, i, &env);
            err = err == ERR_OK ? add_view(f, c, &env) : err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        }
        if (err == ERR_OK && i < size && (err = renew(f)) == ERR_OK)
            err = swept(f, c->contract, &size); /* a sweep may have taken in what is read below */
    }
    for (uint64_t seq = 0; err == ERR_OK; seq++)
        if ((err = ledger_unswept(f->txn, c->contract, &seq, &env)) == ERR_OK)
            err = add_view(f, c, &env);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err find_views(struct finding_of *f)
{
    sort(&f->found);
    const struct spots clicks = {.n = f->found.n, .at = xcalloc(f->found.n, sizeof *clicks.at)};
    enum err err = ERR_OK;
    memcpy(clicks.at, f->found.at, f->found.n * sizeof *clicks.at);
    for (size_t i = 0; i < clicks.n && err == ERR_OK; i++)
        if (i == 0 || clicks.at[i].contract != clicks.at[i - 1].contract)
            err = add_views(f, &(struct clicks){&clicks, clicks.at[i].contract}, clicks.at[i].index);
    free(clicks.at);
    sort(&f->found);
    return err;
}

/* Those that are there still, as many as one record takes. */
static enum err keep_unerased(struct finding_of *f, struct erasure *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < f->found.n && err == ERR_OK && !out->more; i++) {
        struct envelope env;
        uint64_t by;
        err = ledger_read(f->txn, f->found.at[i].contract, f->found.at[i].index, &env);
        err = err == ERR_OK ? ledger_erased(f->txn, &env, &by) : err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        if (err == ERR_NOT_FOUND && out->places.len == RECORD_PLACES * RECORD_PLACE) {
            out->more = true;
        } else if (err == ERR_NOT_FOUND) {
            buf_be32(&out->places, f->found.at[i].contract);
            buf_be64(&out->places, f->found.at[i].index);
        }
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    out->leads = f->leads;
    out->parts = f->found.n;
    return err;
}

/* Of which country a number is, it does not say: that none is found by it says little. */
static bool is_bare(const struct erasure_asked *asked)
{
    return !asked->by_lead && !span_empty(asked->phone) && asked->phone.ptr[0] != '+';
}

enum err erasure_find(const struct catalog *c, struct txn *t, const struct erasure_asked *asked, struct erasure *out,
                      struct problem *p)
{
    struct finding_of f = {.catalog = c, .txn = t, .view = store_view(t), .asked = asked};
    *out = (struct erasure){.leads = 0};
    buf_heap(&out->places);
    enum err err = asked->by_lead ? find_lead(&f) : find_person(&f);
    if (err == ERR_OK && f.leads == 0 && !asked->by_lead && !f.readable && c->n_campaigns > 0)
        err = problem(p, ERR_INVALID, span_empty(asked->email) ? "phone" : "email",
                      span_empty(asked->email) ? "is no telephone number: write it with its country's code, +33..."
                                               : "is no e-mail address");
    else if (err == ERR_NOT_FOUND || (err == ERR_OK && f.leads == 0))
        err = problem(p, ERR_NOT_FOUND, "", "%s",
                      is_bare(asked) ? "no lead is found by a number without its country's code, which is read as "
                                       "dialled in the default country of each campaign: write it with the code, +33..."
                                     : "there is no such lead, or it is not yours to erase");
    if (err == ERR_OK && (err = find_views(&f)) == ERR_OK)
        err = keep_unerased(&f, out);
    free(f.found.at);
    if (err != ERR_OK)
        buf_free(&out->places);
    return err;
}

/* ---- the run ---- */

struct doomed {
    const struct contract *k;
    struct envelope env; /* its spans are not looked at */
};

static enum err doomed_read(struct batch *cx, struct span place, struct doomed *out)
{
    struct private_sealed sealed;
    struct entry e;
    out->k = catalog_contract_number(cx->catalog, load_be32(place.ptr));
    enum err err = out->k == NULL
                       ? ERR_CORRUPT
                       : ledger_get(cx->ledger, cx->txn, out->k->number, load_be64(place.ptr + 4), &out->env);
    if (err == ERR_OK && (err = entry_read(out->env.entry, &e, NULL)) == ERR_OK) {
        err = entry_commitment(&e) != NULL ? ERR_OK : ERR_CORRUPT;
        entry_close(&e);
    }
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    return ledger_private(cx->txn, &out->env, &sealed);
}

/* Those that are not erased yet, and whether each log can take its entries. */
static enum err all_doomed(struct batch *cx, struct span places, struct doomed *list, size_t *n)
{
    enum err err = ERR_OK;
    *n = 0;
    for (size_t at = 0; at < places.len && err == ERR_OK; at += RECORD_PLACE) {
        err = doomed_read(cx, span_of(places.ptr + at, RECORD_PLACE), &list[*n]);
        if (err == ERR_OK && (*n == 0 || list[*n - 1].k != list[*n].k))
            err = pipeline_ready(cx, list[*n].k);
        *n += err == ERR_OK;
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return err;
}

/* The entry of the first few, which are of one log; *done is how many. */
static enum err erase_some(struct batch *cx, const struct doomed *list, size_t n, size_t *done)
{
    struct entry e = {.kind = ENTRY_ERASE,
                      .at_ms = cx->now_ms,
                      .erase.by = span_str(catalog_party_number(cx->catalog, cx->record->erase.by)->id)};
    uint64_t index;
    while (e.erase.n < n && e.erase.n < ERASE_MOST && list[e.erase.n].k == list[0].k) {
        e.erase.entries[e.erase.n] = list[e.erase.n].env.index;
        e.erase.n++;
    }
    enum err err = pipeline_append(cx, list[0].k, &e, &index, NULL);
    for (size_t i = 0; i < e.erase.n && err == ERR_OK; i++)
        err = ledger_erase(cx->ledger, cx->txn, &list[i].env, index);
    *done = e.erase.n;
    return err;
}

enum err erase_run(struct batch *cx, struct job *job)
{
    const struct span places = job->record.erase.places;
    struct doomed *list = xcalloc(places.len / RECORD_PLACE + 1, sizeof *list);
    size_t n, done = 0;
    enum err err = all_doomed(cx, places, list, &n);
    if (err == ERR_OK) {
        for (size_t i = 0; i < n && err == ERR_OK; i += done)
            err = erase_some(cx, list + i, n - i, &done);
        err = err == ERR_OK || err == ERR_FULL ? err : ERR_IO; /* past the first write */
    }
    free(list);
    return err;
}
