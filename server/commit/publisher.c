#include "server/commit/publisher.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "server/ledger/ledger.h"
#include "server/system/log.h"

enum { LOOKS = 1024 }; /* contracts that one step looks at */

struct publisher {
    struct instance *instance;
    struct buf note[PUBLISH_MOST];
};

struct publisher *publisher_new(struct instance *in)
{
    struct publisher *p = xcalloc(1, sizeof *p);
    p->instance = in;
    for (size_t i = 0; i < PUBLISH_MOST; i++)
        buf_heap(&p->note[i]);
    return p;
}

void publisher_free(struct publisher *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < PUBLISH_MOST; i++)
        buf_free(&p->note[i]);
    free(p);
}

/* The head as it is durable. ERR_NOT_FOUND: it is in the root log. */
static enum err wanted(struct txn *t, uint32_t contract, struct checkpoint *out)
{
    struct head head;
    uint64_t published = 0, leaf;
    enum err err = head_root(t, contract, &head, &out->root);
    if (err != ERR_OK)
        return err;
    err = ledger_published_at(t, contract, &published, &leaf);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (published == head.size)
        return ERR_NOT_FOUND;
    out->size = head.size;
    return ERR_OK;
}

static enum err make(struct publisher *p, struct txn *t, const struct contract *k, struct buf *note, struct record *out)
{
    char origin[ORIGIN_CAP];
    struct checkpoint c;
    enum err err = wanted(t, k->number, &c);
    if (err != ERR_OK)
        return err;
    buf_clear(note);
    c.origin = instance_log_name(p->instance, k, origin);
    err = heads_sign(p->instance->heads, k->number, &c, note);
    if (err ==
        ERR_IO) /* nothing would be signed any more until a restart, so that comes now, as after any failed sync */
        storage_failed("signed-heads", err, SPAN(""));
    if (err == ERR_OK)
        *out = (struct record){.kind = RECORD_PUBLISH,
                               .advertiser = k->campaign->advertiser->number,
                               .publish = {.contract = k->number, .note = buf_span(note)}};
    return err;
}

enum err publisher_head(struct publisher *p, uint32_t contract, struct record *out)
{
    struct txn *t;
    enum err err = txn_begin(p->instance->store, false, &t);
    if (err != ERR_OK)
        return err;
    struct catalog *catalog = catalog_hold(p->instance->catalog);
    const struct contract *k = catalog_contract_number(catalog, contract);
    err = k != NULL ? make(p, t, k, &p->note[0], out) : ERR_CORRUPT;
    catalog_unref(catalog);
    txn_abort(t);
    return err;
}

size_t publisher_round(struct publisher *p, uint32_t *from, struct record out[PUBLISH_MOST])
{
    struct txn *t;
    size_t n = 0;
    enum err err = txn_begin(p->instance->store, false, &t);
    if (err != ERR_OK) {
        log_line(LOG_ERROR, 0, "publish", "heads cannot be read (%s)", err_word(err));
        *from = 0;
        return 0;
    }
    struct catalog *catalog = catalog_hold(p->instance->catalog);
    uint32_t number = *from, end = (uint32_t)catalog->n_contracts;
    for (; number <= end && number - *from < LOOKS && n < PUBLISH_MOST; number++) {
        const struct contract *k = catalog_contract_number(catalog, number);
        err = make(p, t, k, &p->note[n], &out[n]);
        if (err == ERR_OK)
            n++;
        else if (err != ERR_NOT_FOUND)
            log_line(LOG_ERROR, 0, "publish", "the head of contract %s: %s", k->id, err_word(err));
    }
    *from = number <= end ? number : 0;
    catalog_unref(catalog);
    txn_abort(t);
    return n;
}
