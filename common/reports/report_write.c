#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/csv.h"
#include "common/base/json_write.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/decisions/rows.h"
#include "common/reports/paths.h"
#include "common/reports/report_private.h"

enum { PPM = 1000000, WORDS_MOST = REASON_COUNT + 1, TIME_TEXT = 32 };

/* ---- what follows from sums ---- */

static int64_t total(const int64_t *v, size_t n)
{
    int64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += v[i];
    return all;
}

struct figures {
    int64_t clicks, leads, sales, good, payout; /* good: approved or sold */
};

static const struct rare *rare_of(const struct sums *s)
{
    static const struct rare none;
    return s->rare != NULL ? s->rare : &none;
}

static const int64_t *reasons_of(const struct rare *s)
{
    static const int64_t none[REASON_COUNT];
    return s->reasons != NULL ? s->reasons : none;
}

static struct figures figures_of(const struct sums *s)
{
    struct figures f = {.clicks = total(s->clicks, CLASS_COUNT), .payout = s->click_micros + s->impression_micros};
    if (s->rare == NULL)
        return f;
    f.leads = total(s->rare->leads, STATUS_COUNT);
    f.sales = s->rare->leads[STATUS_CONVERTED];
    f.good = s->rare->leads[STATUS_APPROVED] + f.sales;
    f.payout += s->rare->lead_micros;
    return f;
}

/* what * times / by, cut towards zero. False: there is nothing to divide by, or no integer that is written. */
static bool ratio(int64_t what, int64_t times, int64_t by, int64_t *out)
{
    if (by <= 0)
        return false;
    wide_micros v = (wide_micros)what * times / by;
    if (v > JSON_INT_MAX || v < -JSON_INT_MAX)
        return false;
    *out = (int64_t)v;
    return true;
}

enum ratio { APPROVAL, CONVERSION, PER_LEAD, PER_SALE, CLICK_THROUGH, ROI, MEAN_SCORE, RATIOS };
static const char *const ratio_names[RATIOS] = {
    [APPROVAL] = "approval_ppm",         [CONVERSION] = "conversion_ppm",       [PER_LEAD] = "cost_per_lead_micros",
    [PER_SALE] = "cost_per_sale_micros", [CLICK_THROUGH] = "click_through_ppm", [ROI] = "roi_ppm",
    [MEAN_SCORE] = "mean_score",
};

/* Of a model's leads, which are counted in millionths, `of` is that many. */
static bool ratio_of(enum ratio which, const struct sums *s, const struct figures *f, int64_t of, int64_t *out)
{
    switch (which) {
    case APPROVAL:
        return ratio(f->good, PPM, f->leads, out);
    case CONVERSION:
        return ratio(f->leads, PPM / of, s->clicks[CLASS_OK], out);
    case PER_LEAD:
        return ratio(f->payout, of, f->good, out);
    case PER_SALE:
        return ratio(f->payout, of, f->sales, out);
    case CLICK_THROUGH:
        return ratio(f->clicks, PPM, s->impressions, out);
    case ROI:
        return ratio(s->revenue - f->payout, PPM, f->payout, out);
    case MEAN_SCORE:
        return ratio(rare_of(s)->scores, 1, rare_of(s)->scored, out);
    case RATIOS:
        break;
    }
    return false;
}

/* The bucket that the middle lead is in, the lower of two; 0: no time is known. */
static unsigned median(const struct sums *s, int64_t *leads)
{
    const int32_t *lag = rare_of(s)->lag;
    int64_t n = 0, seen = 0;
    for (unsigned i = 1; i < lag_buckets() && s->rare != NULL; i++)
        n += lag[i];
    *leads = n;
    for (unsigned i = 1; i < lag_buckets() && n > 0; i++)
        if ((seen += lag[i]) > (n - 1) / 2)
            return i;
    return 0;
}

/* ---- keys ---- */

static void date(struct buf *out, int64_t day)
{
    struct buf text;
    char mem[TIME_TEXT];
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, day * MS_PER_DAY);
    buf_add(out, mem, 10);
}

static void time_text(struct buf *out, enum group g, int64_t time)
{
    char mem[TIME_TEXT];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    if (g == GROUP_DAY) {
        date(out, time);
    } else if (g == GROUP_MONTH) {
        buf_printf(out, "%04d-%02d", (int)(1970 + time / 12), (int)(time % 12 + 1));
    } else if (g == GROUP_WEEK) { /* ISO 8601: of the year that its Thursday is in */
        int64_t thursday = time * 7, year = date_year(thursday);
        buf_printf(out, "%04d-W%02d", (int)year, (int)((thursday - date_days(year, 1, 1)) / 7 + 1));
    } else {
        int offset_min = (int)(128 - time % 256) * 15;
        time_rfc3339(&text, time / 256 * 4 * QUARTER_MS);
        buf_add(out, mem, 16);
        buf_printf(out, "%c%02d:%02d", offset_min < 0 ? '-' : '+', (offset_min < 0 ? -offset_min : offset_min) / 60,
                   (offset_min < 0 ? -offset_min : offset_min) % 60);
    }
}

static const char *word_of(enum group g, const struct report_row *row)
{
    if (g == GROUP_CLASS)
        return row->key.class ? class_word((enum class)(row->key.class - 1)) : "";
    if (g == GROUP_STATUS)
        return row->key.status ? status_word((enum status)(row->key.status - 1)) : "";
    return row->key.reason ? reason_word((enum reason)(row->key.reason - 1)) : "";
}

/* Rows of one time mostly follow each other. */
struct shown_time {
    struct buf text;
    int64_t of;
};

static struct span shown_time(struct shown_time *t, enum group g, int64_t time)
{
    if (t->text.len == 0 || t->of != time) {
        buf_clear(&t->text);
        time_text(&t->text, g, time);
        t->of = time;
    }
    return buf_span(&t->text);
}

static struct span key_text(enum group g, const struct report_row *row, struct shown_time *t)
{
    switch (g) {
    case GROUP_HOUR:
    case GROUP_DAY:
    case GROUP_WEEK:
    case GROUP_MONTH:
        return shown_time(t, g, row->key.time);
    case GROUP_CAMPAIGN:
        return row->key.campaign;
    case GROUP_CONTRACT:
        return row->key.contract;
    case GROUP_PUBLISHER:
        return row->key.publisher;
    case GROUP_CLASS:
    case GROUP_STATUS:
    case GROUP_REASON:
        return span_str(word_of(g, row));
    case GROUP_VALUE:
        return row->key.value;
    case GROUPS:
        break;
    }
    return SPAN("");
}

/* ---- JSON, its members in their order ---- */

struct member {
    const char *name;
    int64_t n;
};

static void sort_members(struct member *m, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && strcmp(m[k - 1].name, m[k].name) > 0; k--) {
            const struct member swap = m[k];
            m[k] = m[k - 1];
            m[k - 1] = swap;
        }
}

/* Those that are not zero, and their sum. */
static void jw_words(struct jw *w, const char *name, const int64_t *v, size_t n, const char *(*word)(size_t))
{
    struct member m[WORDS_MOST];
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i] != 0)
            m[len++] = (struct member){word(i), v[i]};
    m[len++] = (struct member){"total", total(v, n)};
    sort_members(m, len);
    jw_key(w, name);
    jw_object(w);
    for (size_t i = 0; i < len; i++)
        jw_kint(w, m[i].name, m[i].n);
    jw_object_end(w);
}

static const char *class_at(size_t i)
{
    return class_word((enum class)i);
}
static const char *status_at(size_t i)
{
    return status_word((enum status)i);
}
static const char *reason_at(size_t i)
{
    return reason_word((enum reason)(i + 1)); /* of leads that have one */
}
static const char *gap_at(size_t i)
{
    static const char *const words[] = {"clicks", "views", "impressions"};
    return words[i];
}

static bool is_modelled(const struct report *r)
{
    return r->asked.model != REPORT_BOOKED;
}

static void jw_ratio(struct jw *w, enum ratio which, const struct report *r, const struct sums *s,
                     const struct figures *f)
{
    int64_t v;
    if (ratio_of(which, s, f, report_lead_units(r), &v))
        jw_kint(w, ratio_names[which], v);
}

static void jw_lag(struct jw *w, const struct sums *s)
{
    int64_t leads;
    unsigned bucket = median(s, &leads);
    if (bucket == 0)
        return;
    jw_key(w, "click_to_lead");
    jw_object(w);
    if (lag_bound(bucket) != INT64_MAX)
        jw_kint(w, "below_s", lag_bound(bucket));
    jw_kint(w, "from_s", bucket > 1 ? lag_bound(bucket - 1) : 0);
    jw_kint(w, "leads", leads);
    jw_object_end(w);
}

struct shown { /* of a row; NULL key: a total */
    const struct report *r;
    const struct report_row *row;
    struct shown_time *time;
    bool key, before;
};

static void jw_row(struct jw *w, const struct shown *x);

static void jw_row_key(struct jw *w, const struct shown *x)
{
    const struct report_asked *a = &x->r->asked;
    size_t order[GROUPS];
    for (size_t i = 0; i < a->n; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(report_group_name(a, order[at - 1]), report_group_name(a, i)) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    jw_key(w, "key");
    jw_object(w);
    for (size_t i = 0; i < a->n; i++)
        jw_kstr(w, report_group_name(a, order[i]), key_text(a->group[order[i]], x->row, x->time));
    jw_object_end(w);
}

static void jw_row(struct jw *w, const struct shown *x)
{
    const struct sums *s = &x->row->sums[x->before];
    const struct rare *rare = rare_of(s);
    const struct figures f = figures_of(s);
    const bool model = is_modelled(x->r);
    char currency[4];
    jw_object(w);
    jw_kint(w, "adjustment_micros", rare->adjustment_micros);
    jw_ratio(w, APPROVAL, x->r, s, &f);
    if (x->r->asked.compare && !x->before) {
        const struct shown before = {x->r, x->row, x->time, false, true};
        jw_key(w, "before");
        jw_row(w, &before);
    }
    jw_kint(w, "click_micros", s->click_micros);
    jw_ratio(w, CLICK_THROUGH, x->r, s, &f);
    jw_lag(w, s);
    jw_words(w, "clicks", s->clicks, CLASS_COUNT, class_at);
    jw_ratio(w, CONVERSION, x->r, s, &f);
    jw_ratio(w, PER_LEAD, x->r, s, &f);
    jw_ratio(w, PER_SALE, x->r, s, &f);
    if (model)
        jw_words(w, "credit", rare->leads, STATUS_COUNT, status_at);
    currency_code(x->row->key.currency, currency);
    if (!x->before)
        jw_kstr(w, "currency", span_str(currency));
    jw_kint(w, "impression_micros", s->impression_micros);
    jw_kint(w, "impressions", s->impressions);
    if (x->key)
        jw_row_key(w, x);
    jw_kint(w, "lead_micros", rare->lead_micros);
    if (!model)
        jw_words(w, "leads", rare->leads, STATUS_COUNT, status_at);
    jw_ratio(w, MEAN_SCORE, x->r, s, &f);
    if (x->key && x->row->key.rest)
        jw_kbool(w, "other", true);
    jw_kint(w, "payout_micros", f.payout);
    if (!model)
        jw_words(w, "reasons", reasons_of(rare) + 1, REASON_COUNT - 1, reason_at);
    if (x->key && x->row->chain != NULL && x->row->chain->channel != 0)
        jw_kint(w, "removal_ppm", (int64_t)(x->row->chain->effect[x->before] * PPM / PATH_EFFECT_WHOLE));
    jw_kint(w, "revenue_micros", s->revenue);
    jw_ratio(w, ROI, x->r, s, &f);
    if (!model)
        jw_kint(w, "sales", f.sales);
    if (rare->scored != 0)
        jw_kint(w, "scored", rare->scored);
    if (total(rare->gaps, 3) != 0)
        jw_words(w, "unrecorded", rare->gaps, 3, gap_at);
    jw_kint(w, "views", s->views);
    jw_object_end(w);
}

/* Whether all that is written is within the range of integers: no sum of parts is beyond that of their sizes. */
static bool add_sizes(const int64_t *v, size_t n, uint64_t *all)
{
    bool each = true;
    for (size_t i = 0; i < n; i++) {
        const uint64_t size = v[i] < 0 ? -(uint64_t)v[i] : (uint64_t)v[i];
        each &= size <= JSON_INT_MAX;
        *all += size;
    }
    return each;
}

static bool in_range(const struct report *r, const struct report_row *row)
{
    bool in = true;
    for (size_t period = 0; period < report_periods(r); period++) {
        const struct sums *s = &row->sums[period];
        uint64_t all = 0;
        in &= add_sizes((const int64_t *)s, SUMS, &all);
        if (s->rare != NULL)
            in &= add_sizes((const int64_t *)s->rare, RARE_SUMS, &all) &&
                  add_sizes(reasons_of(s->rare), REASON_COUNT, &all);
        in &= all <= JSON_INT_MAX;
    }
    return in;
}

/* Rows too: what is more in one and less in another may be nothing in the total. */
static enum err check_range(const struct report *r, struct problem *p)
{
    bool in = !r->beyond;
    for (size_t i = 0; i < r->n_totals; i++)
        in &= in_range(r, r->total[i]);
    for (size_t i = 0; i < r->shown; i++)
        in &= in_range(r, r->row[i]);
    return in ? ERR_OK
              : problem(p, ERR_INVALID, "from", "a sum is more than " MONEY_MAX_TEXT ": ask for a shorter period");
}

static void jw_as_of(struct jw *w, const struct report_head *h)
{
    jw_key(w, "as_of");
    jw_array(w);
    for (size_t i = 0; i < h->n; i++) {
        jw_object(w);
        jw_kstr(w, "contract", h->as_of[i].contract);
        if (!span_empty(h->as_of[i].root))
            jw_khex(w, "root", h->as_of[i].root.ptr, h->as_of[i].root.len);
        jw_kint(w, "size", (int64_t)h->as_of[i].size);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void jw_ms(struct jw *w, const char *name, int64_t ms)
{
    char mem[TIME_TEXT];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, ms);
    jw_kstr(w, name, buf_span(&text));
}

/* Of what is asked for beside the groups, so that what is signed says what it is of. */
static void jw_filters(struct jw *w, const struct report_asked *a)
{
    struct member at[4];
    struct span value[4];
    size_t n = 0;
    if (a->class >= 0) {
        value[n] = span_str(class_word((enum class)a->class));
        at[n] = (struct member){"class", (int64_t)n};
        n++;
    }
    if (a->reason >= 0) {
        value[n] = span_str(reason_word((enum reason)a->reason));
        at[n] = (struct member){"reason", (int64_t)n};
        n++;
    }
    if (a->status >= 0) {
        value[n] = span_str(status_word((enum status)a->status));
        at[n] = (struct member){"status", (int64_t)n};
        n++;
    }
    if (a->by_value) {
        value[n] = a->value;
        at[n] = (struct member){dimension_name(a->dimension), (int64_t)n};
        n++;
    }
    sort_members(at, n);
    jw_key(w, "filters");
    jw_object(w);
    for (size_t i = 0; i < n; i++)
        jw_kstr(w, at[i].name, value[at[i].n]);
    jw_object_end(w);
}

enum err report_json(struct report *r, const struct report_head *h, struct buf *out, struct problem *p)
{
    const bool is_signed = !span_empty(h->issuer);
    struct jw w;
    struct shown_time time;
    enum err err = report_finish(r, p);
    if (err == ERR_OK)
        err = check_range(r, p);
    if (err != ERR_OK)
        return err;
    buf_heap(&time.text);
    jw_open(&w, out);
    jw_object(&w);
    jw_as_of(&w, h);
    if (is_signed)
        jw_ms(&w, "at", h->at_ms);
    jw_kint(&w, "crowded_days", (int64_t)h->crowded_days);
    jw_filters(&w, &r->asked);
    if (h->from_ms > 0)
        jw_ms(&w, "from", h->from_ms);
    jw_key(&w, "groups");
    jw_array(&w);
    for (size_t i = 0; i < r->asked.n; i++)
        jw_str(&w, span_str(report_group_name(&r->asked, i)));
    jw_array_end(&w);
    if (is_signed)
        jw_kstr(&w, "issuer", h->issuer);
    if (is_modelled(r))
        jw_kstr(&w, "model", span_str(report_model_word(r->asked.model)));
    if (is_signed)
        jw_kstr(&w, "party", h->party);
    jw_key(&w, "rows");
    jw_array(&w);
    for (size_t i = 0; i < r->shown; i++)
        jw_row(&w, &(struct shown){r, r->row[i], &time, true, false});
    jw_array_end(&w);
    jw_kstr(&w, "timezone", h->timezone);
    if (h->to_ms < INT64_MAX)
        jw_ms(&w, "to", h->to_ms);
    jw_key(&w, "totals");
    jw_array(&w);
    for (size_t i = 0; i < r->n_totals; i++)
        jw_row(&w, &(struct shown){r, r->total[i], &time, false, false});
    jw_array_end(&w);
    if (is_signed)
        jw_kstr(&w, "typ", SPAN(REPORT_TYP));
    if (is_modelled(r))
        jw_kint(&w, "without_touches", (int64_t)h->without_touches);
    jw_object_end(&w);
    jw_close(&w);
    buf_free(&time.text);
    return ERR_OK;
}

/* ---- CSV ---- */

static void csv_number(struct buf *out, int64_t v)
{
    buf_i64(out, v);
    buf_byte(out, ',');
}

/* What has no meaning of a lead that is divided is left out of its tables. */
enum { CSV_SALES = 2, CSV_SCORED = 9, CSV_REST };
static const char *const csv_rest[CSV_REST] = {
    "views",       "impressions",       "sales",          "payout_micros", "click_micros", "impression_micros",
    "lead_micros", "adjustment_micros", "revenue_micros", "scored"};

static bool csv_has(const struct report *r, int column)
{
    return !is_modelled(r) || (column != CSV_SALES && column != CSV_SCORED);
}

static void csv_names(const struct report *r, struct buf *out)
{
    const char *leads = is_modelled(r) ? "credit" : "leads";
    for (size_t i = 0; i < r->asked.n; i++)
        buf_printf(out, "%s,", report_group_name(&r->asked, i));
    buf_str(out, "other,currency,clicks,");
    for (size_t i = 0; i < CLASS_COUNT; i++)
        buf_printf(out, "clicks_%s,", class_at(i));
    buf_printf(out, "%s,", leads);
    for (size_t i = 0; i < STATUS_COUNT; i++)
        buf_printf(out, "%s_%s,", leads, status_at(i));
    for (int i = 0; i < CSV_REST; i++)
        if (csv_has(r, i))
            buf_printf(out, "%s,", csv_rest[i]);
    for (int i = 0; i < RATIOS; i++)
        buf_printf(out, "%s,", ratio_names[i]);
    buf_str(out, "click_to_lead_from_s\r\n");
}

static void csv_row(const struct report *r, const struct report_row *row, struct shown_time *time, struct buf *out)
{
    const struct sums *s = &row->sums[0];
    const struct rare *rare = rare_of(s);
    const struct figures f = figures_of(s);
    char currency[4];
    int64_t v, leads;
    for (size_t i = 0; i < r->asked.n; i++)
        csv_cell(out, key_text(r->asked.group[i], row, time), ',');
    buf_str(out, row->key.rest ? "other," : ",");
    currency_code(row->key.currency, currency);
    buf_printf(out, "%s,", currency);
    csv_number(out, f.clicks);
    for (size_t i = 0; i < CLASS_COUNT; i++)
        csv_number(out, s->clicks[i]);
    csv_number(out, f.leads);
    for (size_t i = 0; i < STATUS_COUNT; i++)
        csv_number(out, rare->leads[i]);
    const int64_t rest[CSV_REST] = {s->views,        s->impressions,       f.sales,           f.payout,
                                    s->click_micros, s->impression_micros, rare->lead_micros, rare->adjustment_micros,
                                    s->revenue,      rare->scored};
    for (int i = 0; i < CSV_REST; i++)
        if (csv_has(r, i))
            csv_number(out, rest[i]);
    for (int i = 0; i < RATIOS; i++) {
        if (ratio_of((enum ratio)i, s, &f, report_lead_units(r), &v))
            buf_i64(out, v);
        buf_byte(out, ',');
    }
    unsigned bucket = median(s, &leads);
    if (bucket > 0)
        buf_i64(out, bucket > 1 ? lag_bound(bucket - 1) : 0);
    buf_str(out, "\r\n");
}

enum err report_csv(struct report *r, struct buf *out, struct problem *p)
{
    struct shown_time time;
    enum err err = report_finish(r, p);
    if (err == ERR_OK)
        err = check_range(r, p);
    if (err != ERR_OK)
        return err;
    buf_heap(&time.text);
    buf_str(out, CSV_BOM);
    csv_names(r, out);
    for (size_t i = 0; i < r->shown; i++)
        csv_row(r, r->row[i], &time, out);
    buf_free(&time.text);
    return ERR_OK;
}
