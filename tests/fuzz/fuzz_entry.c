/* common/ledger/entry_read: what reads is exactly what entry_write gives, within the limits of each field, and a lead's
 * or disposition's receipt is canonical. */
#include "common/base/utf8.h"
#include "common/settlement/statement.h"
#include "tests/fuzz/fuzz.h"

#define YEAR_10000_MS 253402300800000LL

static void texts(const struct span *s, size_t n, size_t max)
{
    for (size_t i = 0; i < n; i++)
        HOLDS(s[i].len <= max && utf8_valid(s[i]));
}

static void canonical(struct span text)
{
    json_t *v = NULL;
    HOLDS(json_read_canonical(text, &v, NULL) == ERR_OK);
    json_decref(v);
}

static void lead(const struct entry_lead *l)
{
    HOLDS(l->n_facts <= LIMIT_FIELDS && l->given < 1u << CONTACT_FIELDS && l->bad < 1u << CONTACT_FIELDS);
    HOLDS(l->payout_micros >= 0 && l->tier >= -1 && l->due_ms >= 0 && l->clicked_ms >= 0);
    HOLDS((unsigned)l->status < STATUS_COUNT && (unsigned)l->reason < REASON_COUNT && (unsigned)l->trust < TRUST_COUNT);
    texts(&l->party, 1, LIMIT_ID);
    texts(&l->txid, 1, LIMIT_TXID);
    texts(l->sub, LIMIT_SUBS, LIMIT_PARAM);
    for (size_t i = 0; i < l->n_facts; i++)
        texts(&l->facts[i].name, 2, LIMIT_ENTRY);
}

static void fields(const struct entry *e)
{
    switch (e->kind) {
    case ENTRY_CLICK:
        HOLDS((unsigned)e->click.class < CLASS_COUNT && (unsigned)e->click.device < DEVICE_COUNT);
        texts(e->click.sub, LIMIT_SUBS, LIMIT_PARAM);
        texts(e->click.utm, LIMIT_UTMS, LIMIT_PARAM);
        texts(&e->click.to, 1, LIMIT_DEEP_LINK);
        break;
    case ENTRY_LEAD:
        lead(&e->lead);
        break;
    case ENTRY_DISPOSITION:
        HOLDS((unsigned)e->disposition.status < STATUS_COUNT && e->disposition.amount_micros >= 0);
        texts(&e->disposition.text, 1, LIMIT_FIELD);
        break;
    case ENTRY_TERMS:
        canonical(e->terms.campaign);
        canonical(e->terms.contract);
        break;
    default:
        HOLDS((unsigned)e->kind < ENTRY_KINDS && e->kind != ENTRY_ROOT);
    }
}

static void receipt(const struct entry *e)
{
    struct hash leaf = {{0}};
    struct buf out;
    if ((e->kind != ENTRY_LEAD && e->kind != ENTRY_DISPOSITION) || e->at_ms >= YEAR_10000_MS)
        return;
    buf_heap(&out);
    receipt_payload(&out, SPAN("K1"), 3, &leaf, e);
    canonical(buf_span(&out));
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct problem p = {0};
    struct entry e;
    struct buf again;
    if (entry_read(bytes, &e, &p) != ERR_OK) {
        fuzz_problem(&p);
        return 0;
    }
    fuzz_accepted++;
    HOLDS(size <= LIMIT_ENTRY && e.at_ms >= 0);
    buf_heap(&again);
    entry_write(&again, &e);
    HOLDS(span_eq(buf_span(&again), bytes));
    buf_free(&again);
    fields(&e);
    receipt(&e);
    entry_close(&e);
    return 0;
}
