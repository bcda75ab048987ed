#include "common/settlement/taxed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/money.h"

void taxed_free(struct taxed_sums *t)
{
    free(t->of);
    *t = (struct taxed_sums){.n = 0};
}

static int order(const struct taxed *a, const struct taxed *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return a->vat_ppm < b->vat_ppm ? -1 : a->vat_ppm > b->vat_ppm;
}

bool taxed_add(struct taxed_sums *t, struct taxed x)
{
    size_t low = 0, high = t->n;
    assert(x.kind == TAX_DOMESTIC || x.vat_ppm == 0);
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

struct tax_row tax_row_of(const struct taxed *x, int64_t unit_micros, int64_t *rest)
{
    const int64_t whole = x->micros + *rest; /* both far from the ends of 64 bits */
    int64_t net = whole / unit_micros;
    assert(*rest >= 0 && *rest < unit_micros);
    net -= whole % unit_micros < 0;
    *rest = whole - net * unit_micros;
    return (struct tax_row){x->kind, x->vat_ppm, net, vat_minor_of(net, x->vat_ppm)};
}

void taxed_write(struct jw *w, const char *key, const struct taxed_sums *t)
{
    jw_key(w, key);
    jw_array(w);
    for (size_t i = 0; i < t->n; i++) {
        if (t->of[i].micros == 0)
            continue;
        jw_object(w);
        jw_kstr(w, "kind", span_str(tax_word(t->of[i].kind)));
        jw_kint(w, "micros", t->of[i].micros);
        jw_kint(w, "vat_ppm", t->of[i].vat_ppm);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static bool read_one(const json_t *one, struct taxed *out)
{
    struct span word = SPAN("");
    return json_get_str(one, "", "kind", 40, &word, NULL, NULL) == ERR_OK && tax_parse(word, &out->kind) == ERR_OK &&
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
