/* What the files of this room share: a report under way. */
#ifndef CS_SERVER_REPORTS_REPORTS_PRIVATE_H
#define CS_SERVER_REPORTS_REPORTS_PRIVATE_H

#include "common/reconcile/values.h"
#include "common/reports/report.h"
#include "server/api/list.h"
#include "server/catalog/catalog.h"
#include "server/store/store.h"

enum { CELLS_MOST = 400000, LEADS_MOST = 100000 }; /* that one call looks at */

enum form { FORM_JWS, FORM_JSON, FORM_CSV, FORMS };

enum {
    GROUP,
    FROM,
    TO,
    TIMEZONE,
    CONTRACT,
    CAMPAIGN,
    PUBLISHER,
    CLASS,
    STATUS,
    REASON,
    COMPARE,
    VALUES,
    FORMAT,
    MODEL,
    VALUE,
    PARAMS = VALUE + DIMENSIONS
};

/* One reader thread's. */
struct reporting {
    struct request *rq;
    struct txn *txn;
    struct param p[PARAMS];
    struct report_asked asked;
    struct report *report;
    struct bound from, to;
    enum form form;
    struct tracking_code code;    /* the value of the filter by code */
    const struct contract **k;    /* those asked for, by number */
    const struct contract **read; /* those whose entries it rests on: of a model all of their campaigns */
    struct report_as_of *as_of;   /* of each that is read */
    struct hash *root;
    size_t n, n_read, cells, leads;
    uint64_t crowded, without_touches;
    struct span zone; /* of all contracts; empty: they have several */
};

struct period {
    int64_t from_ms, to_ms; /* 0, INT64_MAX: open */
};

/* Of one contract and period: which of its days' quarters belong to which row. */
struct days {
    struct reporting *r;
    const struct contract *k;
    struct span zone;
    struct period period;
    bool before, known;
    uint32_t day;
    struct report_day times;
};

struct report_place reports_place(const struct contract *k);
struct span reports_zone(const struct reporting *r, const struct contract *k);
MUST_CHECK enum err reports_period(struct reporting *r, struct span zone, bool before, struct period *out);
MUST_CHECK enum err reports_times(struct days *d, uint32_t day); /* fills d->times of that UTC day */
/* ERR_INVALID: a call looks at no more than so much. */
enum err reports_too_much(struct reporting *r, const char *what);
/* Deals the leads of one contract, of its first `size` entries, by the model asked for. */
MUST_CHECK enum err reports_deal(struct reporting *r, const struct contract *k, uint64_t size, bool before);

#endif
