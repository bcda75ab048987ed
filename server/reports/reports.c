#include "server/reports/reports.h"

#include "common/base/accept.h"
#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/http_words.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/ledger/jws.h"
#include "common/reconcile/values.h"
#include "server/api/call.h"
#include "server/commit/rollups.h"
#include "server/ledger/ledger_rows.h"
#include "server/lists/zones.h"
#include "server/reports/reports_private.h"

static const struct {
    const char *word, *range, *content_type;
} forms[FORMS] = {
    [FORM_JWS] = {"jws", "application/jose+json", "application/jose+json"},
    [FORM_JSON] = {"json", "application/json", "application/json"},
    [FORM_CSV] = {"csv", "text/csv", "text/csv; charset=utf-8"},
};

/* ---- what is asked ---- */

static void name_params(struct param p[PARAMS])
{
    static const char *const names[VALUE] = {
        [GROUP] = "group",       [FROM] = "from",         [TO] = "to",           [TIMEZONE] = "timezone",
        [CONTRACT] = "contract", [CAMPAIGN] = "campaign", [CLASS] = "class",     [PUBLISHER] = "publisher",
        [STATUS] = "status",     [REASON] = "reason",     [COMPARE] = "compare", [VALUES] = "values",
        [FORMAT] = "format",     [MODEL] = "model"};
    for (int i = 0; i < PARAMS; i++)
        p[i].name = i < VALUE ? names[i] : dimension_name((enum dimension)(i - VALUE));
}

static enum err choose_form(struct reporting *r)
{
    struct span accept = r->rq->accept, range;
    int best = 0, q;
    r->form = FORM_JSON;
    while (accept_next(&accept, &range, &q))
        for (enum form f = 0; f < FORMS; f++)
            if (q > best && ascii_is(text_trim(range, HTTP_BLANKS), forms[f].range)) {
                r->form = f;
                best = q;
            }
    for (enum form f = 0; f < FORMS && r->p[FORMAT].given; f++)
        if (span_is(r->p[FORMAT].value, forms[f].word)) {
            r->form = f;
            return ERR_OK;
        }
    return r->p[FORMAT].given ? problem(&r->rq->problem, ERR_MALFORMED, "format", "must be json, csv or jws") : ERR_OK;
}

static enum err read_bound(struct reporting *r, int which, struct bound *out)
{
    const struct param *p = &r->p[which];
    if (p->given && (bound_read(p->value, out) != ERR_OK || out->ms < 0))
        return problem(&r->rq->problem, ERR_MALFORMED, p->name,
                       "must be a day (2026-11-01, which is in the period) or a time (2026-11-01T00:00:00Z), of the "
                       "years 2000 to 2099");
    if (p->given && !out->is_day && out->ms % QUARTER_MS != 0)
        return problem(&r->rq->problem, ERR_MALFORMED, p->name,
                       "must be a whole quarter of an hour: no finer times are counted");
    return ERR_OK;
}

/* Words of the tables; -1 without. */
static enum err read_words(struct reporting *r)
{
    struct problem *p = &r->rq->problem;
    enum class class;
    enum status status;
    enum reason reason;
    r->asked.class = r->asked.status = r->asked.reason = -1;
    if (r->p[CLASS].given) {
        if (class_parse(r->p[CLASS].value, &class) != ERR_OK)
            return problem(p, ERR_MALFORMED, "class",
                           "must be ok, prefetch, bot, datacenter, test, embedded, repeat or "
                           "ended");
        r->asked.class = (int)class;
    }
    if (r->p[STATUS].given) {
        if (status_parse(r->p[STATUS].value, &status) != ERR_OK)
            return problem(p, ERR_MALFORMED, "status",
                           "must be pending, held, approved, rejected, duplicate, returned or converted");
        r->asked.status = (int)status;
    }
    if (r->p[REASON].given) {
        if (reason_parse(r->p[REASON].value, &reason) != ERR_OK)
            return problem(p, ERR_MALFORMED, "reason", "is none of the reason words");
        r->asked.reason = (int)reason;
    }
    return ERR_OK;
}

/* One dimension is asked for, to group by or to filter. */
static enum err read_value(struct reporting *r)
{
    struct problem *p = &r->rq->problem;
    for (int d = 1; d < DIMENSIONS; d++) {
        const struct param *v = &r->p[VALUE + d];
        if (!v->given)
            continue;
        if (r->asked.dimension != DIMENSION_ALL && r->asked.dimension != (enum dimension)d)
            return problem(p, ERR_MALFORMED, v->name,
                           "goes with no group or filter by %s: of code, sub1 to sub5, utm_*, channel, country, "
                           "device and score one at a time is counted; ask once for each",
                           dimension_name(r->asked.dimension));
        if (v->value.len > LIMIT_PARAM)
            return problem(p, ERR_MALFORMED, v->name, "has more than %d bytes, which no click's has", LIMIT_PARAM);
        r->asked.dimension = (enum dimension)d;
        r->asked.by_value = true;
        r->asked.value = v->value;
    }
    if (r->asked.dimension == DIMENSION_CODE && !span_empty(r->asked.value) &&
        code_read(r->rq->worker->tokens, r->asked.value, &r->code) != ERR_OK)
        return problem(p, ERR_NOT_FOUND, "code", "there is no such code, or it is not yours to see");
    return ERR_OK;
}

static enum err read_rest(struct reporting *r)
{
    struct problem *p = &r->rq->problem;
    uint64_t values = REPORT_VALUES;
    if (r->p[COMPARE].given && !span_is(r->p[COMPARE].value, "previous"))
        return problem(p, ERR_MALFORMED, "compare", "must be previous");
    r->asked.compare = r->p[COMPARE].given;
    if (r->asked.compare && (!r->from.given || !r->to.given || r->from.is_day != r->to.is_day))
        return problem(p, ERR_MALFORMED, "compare", "needs from and to, both as days or both as times");
    for (size_t i = 0; i < r->asked.n; i++)
        if (r->asked.compare && group_is_time(r->asked.group[i]))
            return problem(p, ERR_MALFORMED, "compare",
                           "goes with no group by time, whose rows have none before them: ask for both periods");
    if (r->p[VALUES].given &&
        (parse_u64(r->p[VALUES].value, &values) != ERR_OK || values < 1 || values > REPORT_VALUES_MOST))
        return problem(p, ERR_MALFORMED, "values", "must be a number from 1 to %d", REPORT_VALUES_MOST);
    r->asked.values = (size_t)values;
    return ERR_OK;
}

/* Whose clicks led to a lead is for who may read all of its campaign. */
static enum err read_model(struct reporting *r)
{
    struct problem *p = &r->rq->problem;
    if (!r->p[MODEL].given)
        return ERR_OK;
    if (!caller_is(r->rq, ROLE_OPERATOR) && !caller_is(r->rq, ROLE_ADVERTISER))
        return problem(p, ERR_FORBIDDEN, "model",
                       "is for the campaign's advertiser: it rests on the clicks of all of its publishers");
    enum err err = report_model(r->p[MODEL].value, &r->asked, p);
    if (err != ERR_OK || r->asked.model < REPORT_SHAPLEY)
        return err;
    if (r->p[CONTRACT].given || r->p[PUBLISHER].given)
        return problem(p, ERR_MALFORMED, "model",
                       "%s weighs all clicks of a lead: in place of a filter group by contract or publisher",
                       report_model_word(r->asked.model));
    if (r->asked.model == REPORT_MARKOV && !r->p[CAMPAIGN].given)
        return problem(p, ERR_MALFORMED, "model", "markov is of one campaign: name it in campaign");
    return ERR_OK;
}

static enum err read_asked(struct reporting *r)
{
    enum err err;
    name_params(r->p);
    if ((err = params_read(r->rq, r->p, PARAMS)) != ERR_OK || (err = choose_form(r)) != ERR_OK ||
        (err = report_groups(r->p[GROUP].value, &r->asked, &r->rq->problem)) != ERR_OK ||
        (err = read_bound(r, FROM, &r->from)) != ERR_OK || (err = read_bound(r, TO, &r->to)) != ERR_OK ||
        (err = read_words(r)) != ERR_OK || (err = read_value(r)) != ERR_OK)
        return err;
    if (bounds_cross(&r->from, &r->to))
        return problem(&r->rq->problem, ERR_MALFORMED, "from", "is not before to: the period would hold nothing");
    err = read_rest(r);
    return err == ERR_OK ? read_model(r) : err;
}

/* ---- of which contracts ---- */

static bool fits(const struct reporting *r, int which, const struct contract *k)
{
    const struct span value = r->p[which].value;
    if (!r->p[which].given)
        return true;
    switch (which) {
    case CONTRACT:
        return span_is(value, k->id);
    case CAMPAIGN:
        return span_is(value, k->campaign->id);
    case PUBLISHER:
        return k->publisher != NULL && span_is(value, k->publisher->id);
    default:
        return r->code.placement == 0 || (r->code.contract == k->number && r->code.placement <= k->n_codes);
    }
}

struct span reports_zone(const struct reporting *r, const struct contract *k)
{
    return r->p[TIMEZONE].given ? r->p[TIMEZONE].value : contract_terms(k, r->rq->arrived_ms)->timezone;
}

struct report_place reports_place(const struct contract *k)
{
    return (struct report_place){span_str(k->campaign->id), span_str(k->id),
                                 span_str(k->publisher != NULL ? k->publisher->id : ""), contract_currency(k)};
}

/* Leads of one contract may have come by another's clicks. */
static void find_read(struct reporting *r, const struct contract_list *all)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct contract *k = catalog_listed(r->rq->catalog, all, i);
        size_t at = 0;
        while (at < r->n && !(r->k[at] == k || (r->asked.model != REPORT_BOOKED && r->k[at]->campaign == k->campaign)))
            at++;
        if (at < r->n)
            r->read[r->n_read++] = k;
    }
}

/* What is named and not there looks like what is another's. Things that are there, and have nothing in common, give no
 * rows. */
static enum err find_contracts(struct reporting *r)
{
    static const int which[] = {CONTRACT, CAMPAIGN, PUBLISHER, VALUE + DIMENSION_CODE};
    enum { FILTERS = sizeof which / sizeof *which };
    struct request *rq = r->rq;
    const struct contract_list all = catalog_reads(rq->catalog, rq->caller);
    const struct contract *k;
    bool found[FILTERS] = {false};
    int64_t offset;
    enum err err = r->p[CONTRACT].given ? call_contract(rq, r->p[CONTRACT].value, &k) : ERR_OK;
    if (err != ERR_OK)
        return err;
    r->k = xcalloc(all.n + 1, sizeof(struct contract *));
    r->read = xcalloc(all.n + 1, sizeof(struct contract *));
    for (size_t i = 0; i < all.n; i++) {
        size_t n = 0;
        for (size_t f = 0; f < FILTERS; f++) {
            bool is = fits(r, which[f], catalog_listed(rq->catalog, &all, i));
            found[f] |= is;
            n += is;
        }
        if (n == FILTERS)
            r->k[r->n++] = catalog_listed(rq->catalog, &all, i);
    }
    find_read(r, &all);
    for (size_t f = 0; f < FILTERS; f++)
        if (!found[f] && r->p[which[f]].given)
            return problem(&rq->problem, ERR_NOT_FOUND, r->p[which[f]].name,
                           "there is no such %s, or it is not yours to see", r->p[which[f]].name);
    if (r->p[TIMEZONE].given && (err = zones_offset(rq->worker->zones, r->p[TIMEZONE].value, 0, &offset)) != ERR_OK)
        return err == ERR_NOT_FOUND
                   ? problem(&rq->problem, ERR_MALFORMED, "timezone", "must be an IANA time zone, such as Europe/Paris")
                   : err;
    r->zone = r->n > 0 ? reports_zone(r, r->k[0]) : r->p[TIMEZONE].given ? r->p[TIMEZONE].value : SPAN("UTC");
    for (size_t i = 1; i < r->n; i++)
        if (!span_eq(r->zone, reports_zone(r, r->k[i])))
            r->zone = SPAN("");
    return ERR_OK;
}

/* ---- of when ---- */

/* A zone that was checked, or stands in terms, and is there no more. */
static enum err midnight(struct reporting *r, struct span zone, int64_t day, int64_t *ms)
{
    enum err err = zones_midnight(r->rq->worker->zones, zone, day, ms);
    return err == ERR_NOT_FOUND ? ERR_IO : err;
}

enum err reports_period(struct reporting *r, struct span zone, bool before, struct period *out)
{
    const int64_t from_day = r->from.ms / MS_PER_DAY, to_day = r->to.ms / MS_PER_DAY + 1, days = to_day - from_day;
    enum err err = ERR_OK;
    *out = (struct period){0, INT64_MAX};
    if (r->from.given && r->from.is_day)
        err = midnight(r, zone, from_day - (before ? days : 0), &out->from_ms);
    else if (r->from.given)
        out->from_ms = r->from.ms - (before ? r->to.ms - r->from.ms : 0);
    if (err == ERR_OK && r->to.given && r->to.is_day)
        err = midnight(r, zone, to_day - (before ? days : 0), &out->to_ms);
    else if (r->to.given)
        out->to_ms = r->to.ms - (before ? r->to.ms - r->from.ms : 0);
    if (out->from_ms < 0)
        out->from_ms = 0;
    return err;
}

static enum err offset_at(const struct days *d, int64_t ms, int64_t *offset_s)
{
    enum err err = zones_offset(d->r->rq->worker->zones, d->zone, ms, offset_s);
    return err == ERR_NOT_FOUND ? ERR_IO : err;
}

enum err reports_times(struct days *d, uint32_t day)
{
    const int64_t start_ms = (int64_t)day * MS_PER_DAY;
    int64_t first_s, last_s, offset_s;
    if (d->known && d->day == day)
        return ERR_OK;
    enum err err = offset_at(d, start_ms, &first_s);
    if (err == ERR_OK)
        err = offset_at(d, start_ms + MS_PER_DAY, &last_s);
    offset_s = first_s;
    d->times.whole = true;
    for (int q = 0; q < QUARTERS && err == ERR_OK; q++) {
        int64_t ms = start_ms + (int64_t)q * QUARTER_MS;
        if (first_s != last_s)
            err = offset_at(d, ms, &offset_s);
        bool in = ms >= d->period.from_ms && ms < d->period.to_ms;
        d->times.time[q] = in ? report_time(&d->r->asked, ms, offset_s) : REPORT_OUT;
        d->times.whole &= d->times.time[q] == d->times.time[0];
    }
    d->known = err == ERR_OK;
    d->day = day;
    return err;
}

static uint32_t first_day(const struct days *d)
{
    return (uint32_t)(d->period.from_ms / MS_PER_DAY);
}

/* The day that its end is in, or begins. */
static uint32_t last_day(const struct days *d)
{
    int64_t day = d->period.to_ms / MS_PER_DAY;
    return day < UINT32_MAX ? (uint32_t)day : UINT32_MAX;
}

/* ---- cells ---- */

enum err reports_too_much(struct reporting *r, const char *what)
{
    return problem(&r->rq->problem, ERR_INVALID, "from",
                   "this looks at more than %s: ask for a shorter period, or name a contract or campaign", what);
}

/* A value of the dimension as it is shown: a placement by its code, since each contract counts its own. */
static struct span shown(struct days *d, const struct cell_key *k, char code[CODE_LEN])
{
    uint64_t placement;
    if (k->dimension != DIMENSION_CODE || !k->named || parse_u64(k->value, &placement) != ERR_OK)
        return k->value;
    code_write(d->r->rq->worker->tokens, &(struct tracking_code){k->contract, (uint32_t)placement}, code);
    return span_of(code, CODE_LEN);
}

static enum err take_cell(struct days *d, struct cell_key k, struct span row)
{
    struct reporting *r = d->r;
    char code[CODE_LEN];
    if (++r->cells > CELLS_MOST)
        return reports_too_much(r, "400,000 values of days");
    enum err err = reports_times(d, k.day);
    if (err != ERR_OK)
        return err;
    r->crowded += !d->before && !k.named && row.len >= 4 && load_be32(row.ptr) >= ROLLUP_VALUES;
    if (!k.named && r->asked.by_value && !span_empty(r->asked.value))
        return ERR_OK; /* looked at for its number alone */
    k.value = shown(d, &k, code);
    err = report_cell(r->report, &k, row, &d->times);
    return err == ERR_TOO_LARGE ? reports_too_much(r, "100,000 rows") : err;
}

/* The dimension's cells of all days of the period. */
static enum err take_all(struct days *d, enum dimension dimension)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    struct cell_key k = {.contract = d->k->number, .dimension = dimension, .day = first_day(d)};
    struct span key, row;
    struct cursor *c;
    enum err step, err = cursor_open(d->r->txn, TABLE_ROLLUPS, &c);
    if (err != ERR_OK)
        return err;
    struct span from = cell_key_write(mem, &k);
    for (step = cursor_seek(c, from, &key, &row); step == ERR_OK && err == ERR_OK; step = cursor_next(c, &key, &row)) {
        if (key.len < 5 || memcmp(key.ptr, mem, 5) != 0)
            break;
        if ((err = cell_key_read(key, &k)) != ERR_OK || k.day > last_day(d))
            break;
        err = take_cell(d, k, row);
    }
    cursor_close(c);
    return err == ERR_OK ? cursor_end(step == ERR_OK ? ERR_NOT_FOUND : step) : err;
}

static enum err take_key(struct days *d, const struct cell_key *k)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    struct span row;
    enum err err = store_get(d->r->txn, TABLE_ROLLUPS, cell_key_write(mem, k), &row);
    return err == ERR_OK ? take_cell(d, *k, row) : err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* One value, on each day on which the contract has anything. */
static enum err take_value(struct days *d)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    char placement[24];
    int len = snprintf(placement, sizeof placement, "%u", (unsigned)d->r->code.placement);
    struct span key, row, value = d->r->code.placement ? span_of(placement, (size_t)len) : d->r->asked.value;
    uint32_t day = first_day(d);
    for (;;) {
        struct cell_key k = {.contract = d->k->number, .dimension = DIMENSION_ALL, .day = day};
        struct span from = cell_key_write(mem, &k);
        enum err err = store_seek(d->r->txn, TABLE_ROLLUPS, from, &key, &row);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && (key.len < 5 || memcmp(key.ptr, mem, 5) != 0)))
            return ERR_OK;
        if (err != ERR_OK || (err = cell_key_read(key, &k)) != ERR_OK)
            return err;
        if (k.day > last_day(d))
            return ERR_OK;
        day = k.day + 1;
        k = (struct cell_key){.contract = k.contract, .dimension = d->r->asked.dimension, .day = k.day};
        err = take_key(d, &k); /* all other values */
        k.named = true;
        k.value = value;
        if (err == ERR_OK)
            err = take_key(d, &k);
        if (err != ERR_OK)
            return err;
    }
}

static enum err take_contract(struct reporting *r, const struct contract *k, bool before)
{
    const struct report_asked *a = &r->asked;
    const struct report_place place = reports_place(k);
    struct days d = {.r = r, .k = k, .zone = reports_zone(r, k), .before = before};
    enum err err = reports_period(r, d.zone, before, &d.period);
    if (err != ERR_OK)
        return err;
    report_at(r->report, &place, before);
    if (a->by_value && !span_empty(a->value))
        return take_value(&d);
    err = take_all(&d, DIMENSION_ALL);
    return err == ERR_OK && a->dimension != DIMENSION_ALL ? take_all(&d, a->dimension) : err;
}

static enum err take_contracts(struct reporting *r)
{
    uint64_t swept, reach;
    enum err err = watermark_read(r->txn, &swept);
    if (err == ERR_OK)
        err = rollups_reach(r->txn, ROOT_LOG, &reach);
    if (err == ERR_OK && reach != swept) /* a row of theirs does not read, and so they stay behind */
        return ERR_CORRUPT;
    r->as_of = xcalloc(r->n_read + 1, sizeof *r->as_of);
    r->root = xcalloc(r->n_read + 1, sizeof *r->root);
    for (size_t i = 0; i < r->n_read && err == ERR_OK; i++) {
        r->as_of[i].contract = span_str(r->read[i]->id);
        err = rollups_reach(r->txn, r->read[i]->number, &r->as_of[i].size);
    }
    for (int before = 0; before <= r->asked.compare; before++) {
        for (size_t i = 0; i < r->n && err == ERR_OK; i++)
            err = take_contract(r, r->k[i], before);
        for (size_t i = 0; i < r->n_read && err == ERR_OK && r->asked.model != REPORT_BOOKED; i++)
            err = reports_deal(r, r->read[i], r->as_of[i].size, before);
    }
    return err;
}

/* ---- the answer ---- */

static enum err read_roots(struct reporting *r)
{
    for (size_t i = 0; i < r->n_read; i++) {
        if (r->as_of[i].size == 0)
            continue;
        enum err err = ledger_root_at(r->txn, r->read[i]->number, r->as_of[i].size, &r->root[i]);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        r->as_of[i].root = span_of(r->root[i].b, HASH_LEN);
    }
    return ERR_OK;
}

static enum err head_of(struct reporting *r, struct report_head *out)
{
    const struct request *rq = r->rq;
    struct period period = {0, INT64_MAX};
    enum err err = span_empty(r->zone) ? ERR_OK : reports_period(r, r->zone, false, &period);
    *out = (struct report_head){.timezone = span_empty(r->zone) ? SPAN("contract") : r->zone,
                                .from_ms = period.from_ms,
                                .to_ms = period.to_ms,
                                .as_of = r->as_of,
                                .n = r->n_read,
                                .crowded_days = r->crowded,
                                .without_touches = r->without_touches};
    if (err != ERR_OK || r->form != FORM_JWS)
        return err;
    out->issuer = span_str(rq->worker->server->instance.public_url);
    out->party = span_str(rq->caller->id);
    out->at_ms = rq->arrived_ms;
    return read_roots(r);
}

static enum err answer(struct reporting *r, struct reply *reply)
{
    struct request *rq = r->rq;
    struct report_head head;
    struct buf text, out;
    enum err err = head_of(r, &head);
    if (err != ERR_OK)
        return err;
    buf_heap(&text);
    err = r->form == FORM_CSV ? report_csv(r->report, &text, &rq->problem)
                              : report_json(r->report, &head, &text, &rq->problem);
    if (err == ERR_OK && r->form == FORM_JWS) {
        buf_heap(&out);
        jws_general(&out, rq->worker->statement_signer, REPORT_TYP, buf_span(&text));
        buf_free(&text);
        text = out;
    }
    if (err == ERR_OK) {
        reply_body_take(reply, forms[r->form].content_type, &text);
        reply_header(reply, "Cache-Control", SPAN("no-store"));
        if (r->form == FORM_CSV)
            reply_header(reply, "Content-Disposition", SPAN("attachment; filename=\"report.csv\""));
    }
    buf_free(&text);
    return err;
}

/* Leads are read one by one, each with what is sealed of it. */
enum err reports_admit(struct request *rq)
{
    struct span query = rq->query, pair;
    while (!span_empty(query)) {
        pair = text_take(&query, '&');
        rq->lasts |= span_starts(pair, "model=");
    }
    return ERR_OK;
}

enum err reports_get(struct request *rq, struct reply *reply)
{
    struct reporting r = {.rq = rq};
    enum err err;
    if ((err = read_asked(&r)) == ERR_OK && (err = find_contracts(&r)) == ERR_OK &&
        (err = worker_reader(rq->worker, &r.txn)) == ERR_OK) {
        r.report = report_open(&r.asked);
        if ((err = take_contracts(&r)) == ERR_OK)
            err = answer(&r, reply);
    }
    report_close(r.report);
    free(r.k);
    free(r.read);
    free(r.as_of);
    free(r.root);
    return err;
}
