/* Sums of money by the VAT that they are under. FORMATS.md "VAT". */
#ifndef CS_SETTLEMENT_TAXED_H
#define CS_SETTLEMENT_TAXED_H

#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/decisions/reason.h"

struct taxed {
    enum tax kind;
    int64_t vat_ppm; /* 0 unless `kind` is TAX_DOMESTIC */
    int64_t micros;
};
struct taxed_sums { /* by kind, then rate; each once. Zeroed: none */
    struct taxed *of;
    size_t n, room;
};
void taxed_free(struct taxed_sums *t);
/* A rate counts where the supplier charges VAT. */
static inline struct taxed taxed_under(enum tax kind, int64_t vat_ppm, int64_t micros)
{
    return (struct taxed){kind, kind == TAX_DOMESTIC ? vat_ppm : 0, micros};
}
/* false: the sum leaves 64 bits, and nothing happened. */
MUST_CHECK bool taxed_add(struct taxed_sums *t, struct taxed x);
void taxed_copy(struct taxed_sums *to, const struct taxed_sums *from); /* *to is freed before */
/* Whether each can be written. */
bool taxed_fit(const struct taxed_sums *t);

/* What is payable under one VAT. */
struct tax_row {
    enum tax kind;
    int64_t vat_ppm, net_minor, vat_minor;
};
/* VAT of an amount, halves away from zero. */
int64_t vat_minor_of(int64_t net_minor, int64_t vat_ppm);
/* Row i of the sums that are not 0, in order, of which what is left of each below one minor unit goes into the next;
 * *rest is what came in so, and goes on. */
struct tax_row tax_row_of(const struct taxed *x, int64_t unit_micros, int64_t *rest);

/* [{kind, micros, vat_ppm}]; those that are 0 are left out. */
void taxed_write(struct jw *w, const char *key, const struct taxed_sums *t);
/* What that wrote, perhaps of another order or with more: false, it does not read. */
MUST_CHECK bool taxed_read(const json_t *list, struct taxed_sums *out);

#endif
