#include "common/decisions/tally.h"

#include <assert.h>

#include "common/base/bytes.h"

struct tallied tallied_of(const struct entry *e)
{
    return (struct tallied){.kind = e->kind,
                            .class = entry_class(e),
                            .at_ms = e->at_ms,
                            .micros = entry_payable_micros(e),
                            .other = e->kind == ENTRY_PARTY && e->party.other,
                            .gap = e->kind == ENTRY_GAP ? e->gap : (struct entry_gap){0}};
}

static bool priced_alike(const struct priced_traffic *a, const struct priced_traffic *b)
{
    return a->unit_micros == b->unit_micros && a->vat_ppm == b->vat_ppm;
}

/* False: there are other prices enough. */
static bool count_price(struct priced_traffic prices[TALLY_PRICES], int64_t unit_micros, int64_t vat_ppm)
{
    const struct priced_traffic price = {.unit_micros = unit_micros, .vat_ppm = vat_ppm};
    size_t i = 0;
    while (i < TALLY_PRICES && prices[i].unit_micros != 0 && !priced_alike(&prices[i], &price))
        i++;
    if (i == TALLY_PRICES)
        return false;
    prices[i].unit_micros = unit_micros;
    prices[i].vat_ppm = vat_ppm;
    prices[i].n++;
    return true;
}

static bool count_traffic(struct tally *tally, const struct terms *t, const struct tallied *x)
{
    bool pays = t != NULL && terms_pays(t, x->class);
    if (x->kind == ENTRY_CLICK) {
        tally->clicks[x->class]++;
        tally->payable_clicks += pays;
        tally->click_micros += pays ? t->click_micros : 0;
        return !pays || t->click_micros == 0 || count_price(tally->click_prices, t->click_micros, t->vat_ppm);
    }
    if (x->kind == ENTRY_VIEW) {
        tally->views[x->class]++;
    } else if (x->kind == ENTRY_IMPRESSION) {
        tally->impressions[x->class]++;
        tally->payable_impressions += pays;
        tally->impression_micros += pays ? t->impression_micros : 0;
        return !pays || t->impression_micros == 0 ||
               count_price(tally->impression_prices, t->impression_micros, t->vat_ppm);
    }
    return true;
}

static int64_t moved(const struct tally *t)
{
    return t->click_micros + t->impression_micros + t->moved_micros;
}

/* Each was within the range, and so is what was added. */
static bool fits(const struct tally *t)
{
    return moved(t) <= STATEMENT_MOST_MICROS && t->gap_clicks <= JSON_INT_MAX && t->gap_views <= JSON_INT_MAX &&
           t->gap_impressions <= JSON_INT_MAX;
}

bool tally_add(struct tally *tally, const struct terms *t, const struct tallied *x)
{
    struct tally sum = *tally;
    assert(x->class < CLASS_COUNT && x->micros >= -MONEY_MAX_MICROS && x->micros <= MONEY_MAX_MICROS);
    if (!sum.from_ms)
        sum.from_ms = x->at_ms;
    sum.to_ms = x->at_ms;
    sum.entries++;
    bool priced = count_traffic(&sum, t, x);
    sum.moved_micros += x->micros < 0 ? -x->micros : x->micros;
    sum.moves += x->kind == ENTRY_LEAD || x->kind == ENTRY_DISPOSITION ||
                 ((x->kind == ENTRY_ADJUSTMENT || x->kind == ENTRY_ASSENT) && x->micros != 0);
    sum.gap_clicks += x->gap.clicks;
    sum.gap_views += x->gap.views;
    sum.gap_impressions += x->gap.impressions;
    if (!priced || !fits(&sum) || (x->other && moved(tally) > 0))
        return false;
    *tally = sum;
    return true;
}

uint64_t tally_total(const uint64_t by_class[CLASS_COUNT])
{
    uint64_t sum = 0;
    for (size_t i = 0; i < CLASS_COUNT; i++)
        sum += by_class[i];
    return sum;
}

bool tally_is_empty(const struct tally *t)
{
    return t->moves == 0 && tally_total(t->clicks) + tally_total(t->views) + tally_total(t->impressions) == 0 &&
           t->gap_clicks + t->gap_views + t->gap_impressions == 0;
}

static uint64_t less(uint64_t all, uint64_t part, bool *fits)
{
    *fits = *fits && part <= all;
    return *fits ? all - part : 0;
}

/* Prices stay in the order in which they came; those that nothing is left of make room. */
static void prices_less(const struct priced_traffic all[TALLY_PRICES], const struct priced_traffic part[TALLY_PRICES],
                        struct priced_traffic rest[TALLY_PRICES], bool *fits)
{
    uint64_t found = 0, priced = 0;
    size_t n = 0;
    for (size_t i = 0; i < TALLY_PRICES; i++)
        priced += part[i].n;
    for (size_t i = 0; i < TALLY_PRICES && all[i].unit_micros != 0; i++) {
        uint64_t gone = 0;
        for (size_t k = 0; k < TALLY_PRICES; k++)
            gone += priced_alike(&part[k], &all[i]) ? part[k].n : 0;
        found += gone;
        const struct priced_traffic left = {all[i].unit_micros, all[i].vat_ppm, less(all[i].n, gone, fits)};
        if (left.n > 0)
            rest[n++] = left;
    }
    *fits = *fits && found == priced;
}

bool tally_less(const struct tally *all, const struct tally *part, int64_t from_ms, int64_t to_ms, struct tally *rest)
{
    bool fits = true;
    struct tally r = {0};
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        r.clicks[i] = less(all->clicks[i], part->clicks[i], &fits);
        r.views[i] = less(all->views[i], part->views[i], &fits);
        r.impressions[i] = less(all->impressions[i], part->impressions[i], &fits);
    }
    r.gap_clicks = less(all->gap_clicks, part->gap_clicks, &fits);
    r.gap_views = less(all->gap_views, part->gap_views, &fits);
    r.gap_impressions = less(all->gap_impressions, part->gap_impressions, &fits);
    r.payable_clicks = less(all->payable_clicks, part->payable_clicks, &fits);
    r.payable_impressions = less(all->payable_impressions, part->payable_impressions, &fits);
    r.click_micros = (int64_t)less((uint64_t)all->click_micros, (uint64_t)part->click_micros, &fits);
    r.impression_micros = (int64_t)less((uint64_t)all->impression_micros, (uint64_t)part->impression_micros, &fits);
    r.moved_micros = (int64_t)less((uint64_t)all->moved_micros, (uint64_t)part->moved_micros, &fits);
    r.moves = less(all->moves, part->moves, &fits);
    r.entries = less(all->entries, part->entries, &fits);
    prices_less(all->click_prices, part->click_prices, r.click_prices, &fits);
    prices_less(all->impression_prices, part->impression_prices, r.impression_prices, &fits);
    if (!fits)
        return false;
    r.from_ms = r.entries > 0 ? from_ms : 0;
    r.to_ms = r.entries > 0 ? to_ms : 0;
    *rest = r;
    return true;
}

/* ---- bytes ---- */

static void numbers(const struct tally *t, uint64_t out[12])
{
    const uint64_t all[12] = {t->gap_clicks,
                              t->gap_views,
                              t->gap_impressions,
                              t->payable_clicks,
                              t->payable_impressions,
                              (uint64_t)t->click_micros,
                              (uint64_t)t->impression_micros,
                              (uint64_t)t->moved_micros,
                              t->moves,
                              (uint64_t)t->from_ms,
                              (uint64_t)t->to_ms,
                              t->entries};
    memcpy(out, all, sizeof all);
}

void tally_write(const struct tally *t, uint8_t out[TALLY_LEN])
{
    uint64_t rest[12];
    *out++ = CLASS_COUNT;
    for (int i = 0; i < CLASS_COUNT; i++, out += 24) {
        store_be64(out, t->clicks[i]);
        store_be64(out + 8, t->views[i]);
        store_be64(out + 16, t->impressions[i]);
    }
    numbers(t, rest);
    for (int i = 0; i < 12; i++, out += 8)
        store_be64(out, rest[i]);
    for (int i = 0; i < 2 * TALLY_PRICES; i++, out += 24) {
        const struct priced_traffic *p =
            i < TALLY_PRICES ? &t->click_prices[i] : &t->impression_prices[i - TALLY_PRICES];
        store_be64(out, (uint64_t)p->unit_micros);
        store_be64(out + 8, (uint64_t)p->vat_ppm);
        store_be64(out + 16, p->n);
    }
}

bool tally_read(struct span *rest, struct tally *out)
{
    size_t classes = rest->len > 0 ? (uint8_t)rest->ptr[0] : CLASS_COUNT + 1;
    if (classes > CLASS_COUNT || rest->len < 1 + classes * 24 + 12 * 8 + 2 * 24 * TALLY_PRICES)
        return false;
    const char *p = rest->ptr + 1;
    *out = (struct tally){0};
    for (size_t i = 0; i < classes; i++, p += 24) {
        out->clicks[i] = load_be64(p);
        out->views[i] = load_be64(p + 8);
        out->impressions[i] = load_be64(p + 16);
    }
    out->gap_clicks = load_be64(p);
    out->gap_views = load_be64(p + 8);
    out->gap_impressions = load_be64(p + 16);
    out->payable_clicks = load_be64(p + 24);
    out->payable_impressions = load_be64(p + 32);
    out->click_micros = (int64_t)load_be64(p + 40);
    out->impression_micros = (int64_t)load_be64(p + 48);
    out->moved_micros = (int64_t)load_be64(p + 56);
    out->moves = load_be64(p + 64);
    out->from_ms = (int64_t)load_be64(p + 72);
    out->to_ms = (int64_t)load_be64(p + 80);
    out->entries = load_be64(p + 88);
    p += 96;
    for (int i = 0; i < 2 * TALLY_PRICES; i++, p += 24) {
        struct priced_traffic *to =
            i < TALLY_PRICES ? &out->click_prices[i] : &out->impression_prices[i - TALLY_PRICES];
        *to = (struct priced_traffic){(int64_t)load_be64(p), (int64_t)load_be64(p + 8), load_be64(p + 16)};
    }
    *rest = span_skip(*rest, (size_t)(p - rest->ptr));
    return true;
}

size_t cut_row_write(const struct cut *c, uint8_t out[CUT_ROW_LEN])
{
    memcpy(out, c->root.b, HASH_LEN);
    tally_write(&c->tally, out + HASH_LEN);
    return CUT_ROW_LEN;
}

enum err row_cut(const struct view *v, uint32_t contract, uint64_t from, struct cut *out)
{
    uint8_t first[CUT_KEY_LEN];
    struct span key, value;
    row_index_key(first, contract, from + 1);
    enum err err = v->seek(v->ctx, ROW_CUTS, span_of(first, sizeof first), &key, &value);
    if (err != ERR_OK)
        return err;
    if (key.len >= 4 && load_be32(key.ptr) != contract)
        return ERR_NOT_FOUND;
    if (key.len != CUT_KEY_LEN || value.len != CUT_ROW_LEN)
        return ERR_CORRUPT;
    struct cut c = {.to = load_be64(key.ptr + 4)};
    memcpy(c.root.b, value.ptr, HASH_LEN);
    struct span rest = span_skip(value, HASH_LEN);
    if (!tally_read(&rest, &c.tally) || rest.len != 0 || c.to > JSON_INT_MAX || !fits(&c.tally))
        return ERR_CORRUPT;
    *out = c;
    return ERR_OK;
}
