#include "common/settlement/taxed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/decisions/rows.h"

void taxed_free(struct taxed_sums *t)
{
    free(t->of);
    *t = (struct taxed_sums){.n = 0};
}

/* By what VAT it is under. */
static int order_under(const struct taxed *a, const struct taxed *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->vat_ppm != b->vat_ppm)
        return a->vat_ppm < b->vat_ppm ? -1 : 1;
    if (a->as[0] != b->as[0])
        return a->as[0] < b->as[0] ? -1 : 1;
    return a->as[1] < b->as[1] ? -1 : a->as[1] > b->as[1];
}

static int order(const struct taxed *a, const struct taxed *b)
{
    int under = order_under(a, b);
    return under != 0 ? under : a->about < b->about ? -1 : a->about > b->about;
}

bool taxed_add(struct taxed_sums *t, struct taxed x)
{
    size_t low = 0, high = t->n;
    assert(x.kind == TAX_DOMESTIC || x.vat_ppm == 0);
    if (x.micros == 0)
        return true;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order(&t->of[middle], &x) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < t->n && order(&t->of[low], &x) == 0)
        return !__builtin_add_overflow(t->of[low].micros, x.micros, &t->of[low].micros);
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 4;
        t->of = xrealloc(t->of, t->room * sizeof *t->of);
    }
    memmove(t->of + low + 1, t->of + low, (t->n++ - low) * sizeof *t->of);
    t->of[low] = x;
    return true;
}

void taxed_copy(struct taxed_sums *to, const struct taxed_sums *from)
{
    taxed_free(to);
    if (from->n == 0)
        return;
    to->of = xrealloc(NULL, from->n * sizeof *from->of);
    memcpy(to->of, from->of, from->n * sizeof *from->of);
    to->n = to->room = from->n;
}

bool taxed_has(const struct taxed_sums *t, const struct taxed *x)
{
    for (size_t i = 0; i < t->n; i++)
        if (order(&t->of[i], x) == 0 && t->of[i].micros == x->micros)
            return true;
    return false;
}

void taxed_drop_zeros(struct taxed_sums *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->of[i].micros != 0)
            t->of[n++] = t->of[i];
    t->n = n;
}

bool taxed_fit(const struct taxed_sums *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->of[i].micros > MONEY_MAX_MICROS || t->of[i].micros < -MONEY_MAX_MICROS)
            return false;
    return true;
}

int64_t vat_minor_of(int64_t net_minor, int64_t vat_ppm)
{
    __extension__ const __int128 twice = (__int128)(net_minor < 0 ? -net_minor : net_minor) * vat_ppm * 2 + 1000000;
    const int64_t vat = (int64_t)(twice / 2000000);
    return net_minor < 0 ? -vat : vat;
}

/* ---- what is charged ---- */

void taxed_set_off(struct taxed_sums *t, struct taxed_sums *carried)
{
    wide_micros left = 0;
    taxed_copy(carried, t);
    for (size_t i = 0; i < t->n; i++)
        left += t->of[i].micros > 0 ? t->of[i].micros : 0;
    for (size_t i = 0; i < t->n; i++) {
        int64_t *micros = &t->of[i].micros;
        if (*micros < 0) {
            *micros = -(wide_micros)*micros > left ? (int64_t)-left : *micros;
            left += *micros;
        }
        carried->of[i].micros -= *micros;
    }
    assert(left == 0);
}

/* Takes off *left, below 0, what such credits of one VAT come to, the last first. */
static void attribute_one(const struct taxed_sums *credits, struct taxed x, struct taxed_sums *out)
{
    int64_t left = x.micros;
    for (size_t i = credits->n; i-- > 0 && left < 0;) {
        const struct taxed *c = &credits->of[i];
        if (order_under(c, &x) != 0 || c->micros >= 0)
            continue;
        x.about = c->about;
        x.micros = c->micros > left ? c->micros : left;
        left -= x.micros;
        bool fits = taxed_add(out, x);
        assert(fits);
    }
    assert(left >= 0); /* all that is below 0 is of a credit */
}

void taxed_attribute(struct taxed_sums *carried, const struct taxed_sums *credits)
{
    struct taxed_sums out = {.n = 0};
    for (size_t i = 0; i < carried->n; i++) {
        if (carried->of[i].micros < 0)
            attribute_one(credits, carried->of[i], &out);
        else if (!taxed_add(&out, carried->of[i]))
            assert(false);
    }
    taxed_free(carried);
    *carried = out;
}

struct remainder {
    int64_t micros;
    size_t of;
};

static int largest_first(const void *a, const void *b)
{
    const struct remainder *x = a, *y = b;
    if (x->micros != y->micros)
        return x->micros > y->micros ? -1 : 1;
    return x->of < y->of ? -1 : x->of > y->of;
}

/* A sum below 0 has nothing new; what is new is cut down, unless that left less than nothing to credit. */
static void supply_row(const struct taxed_sums *supplied, const struct taxed *sum, int64_t unit_micros,
                       struct tax_row *row)
{
    int64_t micros = 0;
    for (size_t i = 0; i < supplied->n; i++)
        if (order_under(&supplied->of[i], sum) == 0)
            micros += supplied->of[i].micros;
    row->supplied_minor = micros > 0 ? micros / unit_micros : 0;
    if (sum->micros <= micros && row->supplied_minor < row->net_minor)
        row->supplied_minor = row->net_minor;
    row->supplied_vat_minor = vat_minor_of(row->supplied_minor, row->vat_ppm);
}

/* What is over is less than one unit for each sum that is no whole number of them, and one more: so none is moved that
 * is whole. */
void tax_rows(const struct taxed_sums *t, const struct taxed_sums *supplied, int64_t unit_micros, int64_t rest_micros,
              struct tax_row *out)
{
    struct remainder *remainder = xcalloc(t->n + 1, sizeof *remainder);
    wide_micros over = rest_micros;
    assert(rest_micros >= 0 && rest_micros < unit_micros);
    for (size_t i = 0; i < t->n; i++) {
        const struct taxed *x = &t->of[i];
        int64_t left = x->micros % unit_micros;
        left += left < 0 ? unit_micros : 0;
        out[i] = (struct tax_row){.kind = x->kind,
                                  .vat_ppm = x->vat_ppm,
                                  .net_minor = (x->micros - left) / unit_micros,
                                  .as = {x->as[0], x->as[1]}};
        remainder[i] = (struct remainder){left, i};
        over += left;
    }
    qsort(remainder, t->n, sizeof *remainder, largest_first);
    for (size_t i = 0; i < (size_t)(over / unit_micros); i++)
        out[remainder[i].of].net_minor++;
    for (size_t i = 0; i < t->n; i++) {
        out[i].vat_minor = vat_minor_of(out[i].net_minor, out[i].vat_ppm);
        supply_row(supplied, &t->of[i], unit_micros, &out[i]);
    }
    free(remainder);
}

void taxed_write(struct jw *w, const char *key, const struct taxed_sums *t)
{
    jw_key(w, key);
    jw_array(w);
    for (size_t i = 0; i < t->n; i++) {
        if (t->of[i].micros == 0)
            continue;
        jw_object(w);
        jw_kint(w, "advertiser", (int64_t)t->of[i].as[0]);
        jw_kstr(w, "kind", span_str(tax_word(t->of[i].kind)));
        jw_kint(w, "micros", t->of[i].micros);
        if (t->of[i].about > 0)
            jw_kint(w, "number", (int64_t)t->of[i].about);
        jw_kint(w, "publisher", (int64_t)t->of[i].as[1]);
        jw_kint(w, "vat_ppm", t->of[i].vat_ppm);
        jw_object_end(w);
    }
    jw_array_end(w);
}

bool whose_read(const json_t *of, uint64_t as[2])
{
    int64_t said[2] = {0, 0};
    bool good = json_get_int(of, "", "advertiser", 0, JSON_INT_MAX, &said[0], NULL, NULL) == ERR_OK &&
                json_get_int(of, "", "publisher", 0, JSON_INT_MAX, &said[1], NULL, NULL) == ERR_OK;
    for (size_t i = 0; i < 2; i++)
        as[i] = (uint64_t)said[i];
    return good;
}

static bool read_one(const json_t *one, struct taxed *out)
{
    struct span word = SPAN("");
    int64_t about = 0;
    if (json_get_int(one, "", "number", 1, JSON_INT_MAX, &about, NULL, NULL) != ERR_OK)
        return false;
    out->about = (uint64_t)about;
    return whose_read(one, out->as) && json_get_str(one, "", "kind", 40, &word, NULL, NULL) == ERR_OK &&
           tax_parse(word, &out->kind) == ERR_OK &&
           json_get_int(one, "", "micros", -MONEY_MAX_MICROS, MONEY_MAX_MICROS, &out->micros, NULL, NULL) == ERR_OK &&
           json_get_int(one, "", "vat_ppm", 0, out->kind == TAX_DOMESTIC ? 1000000 : 0, &out->vat_ppm, NULL, NULL) ==
               ERR_OK;
}

bool taxed_read(const json_t *list, struct taxed_sums *out)
{
    const json_t *one;
    size_t i;
    struct taxed_sums t = {.n = 0};
    json_array_foreach((json_t *)list, i, one)
    {
        struct taxed x = {.micros = 0};
        if (!read_one(one, &x) || !taxed_add(&t, x)) {
            taxed_free(&t);
            return false;
        }
    }
    if (!json_is_array(list))
        return false;
    *out = t;
    return true;
}
