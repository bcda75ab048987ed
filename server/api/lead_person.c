/* Leads that a list finds at once: those of a click, and those of a person that stand, by the keyed hash under which a
 * campaign knows an e-mail address. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/decisions/contact.h"
#include "common/decisions/rules.h"
#include "server/api/lead_json.h"
#include "server/api/lead_list.h"

enum err leads_write_at(struct leads *l, uint32_t contract, uint64_t index)
{
    struct view v = store_view(l->txn);
    struct lead_row row;
    bool wanted, ended;
    l->k = catalog_contract_number(l->rq->catalog, contract);
    if (l->k == NULL || !catalog_may_read(l->rq->catalog, l->rq->caller, l->k) || !leads_of(l, l->k))
        return ERR_OK;
    enum err err = row_lead(&v, contract, index, &row);
    if (err == ERR_OK)
        err = leads_want(l, l->k, index, &row, &wanted, &ended);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    return wanted && list_item(&l->list) ? lead_json(&l->list.w, l->rq, l->txn, l->k, index, &row, false) : ERR_OK;
}

enum err leads_write_click(struct leads *l)
{
    struct view v = store_view(l->txn);
    uint64_t lead = 0;
    enum err err;
    while ((err = row_click_lead_from(&v, l->click.contract, l->click.index, lead, &lead)) == ERR_OK &&
           (err = leads_write_at(l, l->click.contract, lead)) == ERR_OK)
        lead++;
    l->list.more = false;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- of a person ---- */

/* false: it is no address there. */
static bool key_of(const struct leads *l, const struct which *c, struct identity_key *out)
{
    const struct contract *direct = catalog_contract_number(l->rq->catalog, c->direct);
    struct hmac *pepper = hmac_new(c->pepper, sizeof c->pepper);
    struct buf key;
    *out = (struct identity_key){.kind = KEY_EMAIL};
    buf_heap(&key);
    bool is = versions_newest(&direct->versions)->terms->ruleset->email(l->email, &key) == ERR_OK;
    if (is)
        contact_token(pepper, "email", buf_span(&key), out->token);
    buf_free(&key);
    hmac_free(pepper);
    return is;
}

/* A publisher is shown what it sent itself: whose another's lead is, it is not told. */
static enum err is_shown(struct leads *l, const struct dedupe_row *row, bool *shown)
{
    const struct contract *k = catalog_contract_number(l->rq->catalog, row->at.contract);
    struct envelope env;
    struct entry e;
    *shown = k != NULL && k->campaign->advertiser == l->rq->caller->who;
    if (k == NULL || *shown)
        return ERR_OK;
    enum err err = ledger_read(l->txn, row->at.contract, row->at.index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    *shown = e.kind == ENTRY_LEAD && lead_shows_contact(l->rq, k, &e.lead);
    entry_close(&e);
    return ERR_OK;
}

static enum err of_campaign(struct leads *l, const struct which *c)
{
    static const enum key_layer layers[] = {KEY_STANDS, KEY_UNPROVEN, KEY_ANYWHERE};
    struct view v = store_view(l->txn);
    struct identity_key key;
    enum err err = ERR_OK;
    if (!key_of(l, c, &key))
        return ERR_OK;
    for (size_t i = 0; i < sizeof layers / sizeof *layers && err == ERR_OK; i++) {
        const struct identity_key in = identity_key_in(&key, layers[i]);
        struct dedupe_row row = {.more = false};
        bool shown = false;
        while ((err = row_dedupe_next(&v, c->number, &in, 0, INT64_MAX, &row)) == ERR_OK &&
               (err = is_shown(l, &row, &shown)) == ERR_OK &&
               (!shown || (err = leads_write_at(l, row.at.contract, row.at.index)) == ERR_OK))
            ;
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return err;
}

enum err leads_write_person(struct leads *l)
{
    const struct catalog *c = l->rq->catalog;
    const struct contract_list reads = catalog_reads(c, l->rq->caller);
    bool *seen = xcalloc(c->n_campaigns + 1, sizeof *seen);
    enum err err = ERR_OK;
    for (size_t i = 0; i < reads.n && err == ERR_OK; i++) {
        const struct which *campaign = catalog_listed(c, &reads, i)->campaign;
        if (!seen[campaign->number])
            err = of_campaign(l, campaign);
        seen[campaign->number] = true;
    }
    free(seen);
    l->list.more = false; /* so many of one person stand nowhere */
    return err;
}
