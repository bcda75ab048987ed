/* Sums of money by the VAT that they are under. FORMATS.md "VAT". */
#ifndef CS_SETTLEMENT_TAXED_H
#define CS_SETTLEMENT_TAXED_H

#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/settlement/legal.h"

struct taxed {
    enum tax kind;
    int64_t vat_ppm; /* 0 unless `kind` is TAX_DOMESTIC */
    int64_t micros;
    uint64_t as[2]; /* whose it is: the advertiser, the publisher, as trader.h has them */
    uint64_t about; /* number of the statement that it corrects; 0: none is named, or it is no correction */
};
struct taxed_sums { /* by kind, then rate, then whose, then what they are about; each once. Zeroed: none */
    struct taxed *of;
    size_t n, room;
};
void taxed_free(struct taxed_sums *t);
/* A rate counts where the supplier charges VAT. */
static inline struct taxed taxed_under(enum tax kind, const uint64_t as[2], int64_t vat_ppm, int64_t micros)
{
    return (struct taxed){kind, kind == TAX_DOMESTIC ? vat_ppm : 0, micros, {as[0], as[1]}, 0};
}
/* Of 0 nothing becomes. false: the sum leaves 64 bits, and nothing happened. */
MUST_CHECK bool taxed_add(struct taxed_sums *t, struct taxed x);
void taxed_copy(struct taxed_sums *to, const struct taxed_sums *from); /* *to is freed before */
/* Whether one of them is just that. */
bool taxed_has(const struct taxed_sums *t, const struct taxed *x);
/* As taxed_write and taxed_read leave them out. */
void taxed_drop_zeros(struct taxed_sums *t);
/* What is carried, about nothing so far, comes to be about what `credits` are about that are left of it: what is about
 * the lowest numbers is credited first. What is above 0 is about nothing. */
void taxed_attribute(struct taxed_sums *carried, const struct taxed_sums *credits);
/* Whether each can be written. */
bool taxed_fit(const struct taxed_sums *t);

/* What is payable under one VAT. */
struct tax_row {
    enum tax kind;
    int64_t vat_ppm, net_minor, vat_minor;
    int64_t supplied_minor, supplied_vat_minor; /* of it what is new; the rest corrects, or was brought */
    uint64_t as[2];
};
/* Whether there is both, what is new and what corrects. */
static inline bool tax_row_splits(const struct tax_row *r)
{
    return r->supplied_minor != 0 && r->supplied_minor != r->net_minor;
}
/* VAT of an amount, halves away from zero. */
int64_t vat_minor_of(int64_t net_minor, int64_t vat_ppm);
/* Of sums that come to less than nothing what is charged and credited all the same: all that is above 0, and as much of
 * what is below, in order, so that both come to nothing. The rest of those, each below 0, is *carried (freed before).
 */
void taxed_set_off(struct taxed_sums *t, struct taxed_sums *carried);
/* A row of each of the t->n sums, in order: what they and `rest_micros` (at least 0, below a unit) come to in whole
 * units, each cut down, and those with the largest remainders (of equal ones the first) one more. Of each `supplied`
 * has what is new, whatever of the rest is carried. */
void tax_rows(const struct taxed_sums *t, const struct taxed_sums *supplied, int64_t unit_micros, int64_t rest_micros,
              struct tax_row *out);

/* Whose an object says that it is. false: it does not read. */
MUST_CHECK bool whose_read(const json_t *of, uint64_t as[2]);
/* [{advertiser, kind, micros, number, publisher, vat_ppm}]; those that are 0 are left out, as is a `number` of 0. */
void taxed_write(struct jw *w, const char *key, const struct taxed_sums *t);
/* What that wrote, perhaps of another order or with more: false, it does not read. */
MUST_CHECK bool taxed_read(const json_t *list, struct taxed_sums *out);

#endif
