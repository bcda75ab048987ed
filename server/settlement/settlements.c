/* GET /v1/settlements: of each contract what a statement would come to now, and what stands in its way. The statement
 * is built as it would be issued, but for the text of its lines, and thrown away; what was folded for it is kept. */
#include <stdarg.h>
#include <stdio.h>

#include "common/base/bytes.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/settlement/statement_text.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/commit/clock_rows.h"
#include "server/settlement/corrections.h"
#include "server/settlement/drafts.h"
#include "server/settlement/premises.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"
#include "server/settlement/until.h"

enum { MOVES_OF_PAGE = 200000 }; /* leads and decisions that one call folds, after which its page ends */

struct settlements {
    struct request *rq;
    struct txn *txn;
    struct list list;
    struct span only;  /* filter: a contract; empty: all */
    struct span until; /* as `POST .../statements` takes it; empty: now */
    bool clock_sure;
    uint64_t moves; /* that may still be folded */
    bool in_part;   /* a draft that takes more is told as far as it came, where else the page ends before it */
    char last[LIMIT_ID + 1];
};

/* What is open of one contract. */
struct open {
    struct premises on;
    struct statement_draft *draft; /* NULL: there is none to make */
    json_t *warnings;
    bool blocked, unfinished;
};

/* ---- warnings ---- */

static void __attribute__((format(printf, 4, 5)))
warn(struct open *o, const char *word, bool blocks, const char *format, ...)
{
    char text[800];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(o->warnings, json_pack("{s:b,s:s,s:s}", "blocks", blocks, "text", text, "warning", word));
    o->blocked = o->blocked || blocks;
}

static void warn_of_party(struct open *o, const struct party *p, const char *role)
{
    if (span_empty(p->legal) || span_is(p->legal, "{}"))
        warn(o, "no_legal_data", false, "nobody said who the %s is by law: its statement will name no company", role);
    if (!p->has_key)
        warn(o, "no_key", false, "the %s has no key on record, and cannot answer", role);
}

/* The supplier and the customer are one taxable person, or one of them told another's. */
static void warn_of_one(const struct settlements *s, struct open *o)
{
    const struct party *parties[] = {catalog_who(s->rq->catalog, o->on.k->campaign->advertiser),
                                     catalog_who(s->rq->catalog, o->on.k->publisher)};
    json_t *legal[2] = {NULL, NULL};
    const char *id[2] = {NULL, NULL};
    for (size_t i = 0; i < 2; i++)
        if (parties[i] != NULL && !span_empty(parties[i]->legal) &&
            json_read(parties[i]->legal, &legal[i], NULL) == ERR_OK)
            id[i] = json_string_value(json_object_get(legal[i], "vat_id"));
    if (id[0] != NULL && id[1] != NULL && strcmp(id[0], id[1]) == 0)
        warn(o, "same_vat_id", false, "both parties tell one VAT id, %s: nobody invoices himself", id[0]);
    json_decref(legal[0]);
    json_decref(legal[1]);
}

static enum err warn_of_adjustments(const struct settlements *s, struct open *o)
{
    static const char *const roles[SIDES] = {"advertiser", "publisher"};
    const struct view view = store_view(s->txn);
    enum err err = ERR_OK;
    for (size_t side = 0; side < SIDES && err == ERR_OK; side++) {
        struct correction_row row;
        err = row_unsigned(&view, o->on.k->number, side, &row);
        if (err == ERR_OK && row.of[CORRECTION_ADJUSTED].n > 0)
            warn(o, "unsigned_adjustments", false, "%llu adjustment%s the %s's assent, and will not count",
                 (unsigned long long)row.of[CORRECTION_ADJUSTED].n,
                 row.of[CORRECTION_ADJUSTED].n == 1 ? " lacks" : "s lack", roles[side]);
    }
    return err;
}

static struct span zone_of(const struct settlements *s, const struct contract *k)
{
    return contract_terms(k, s->rq->arrived_ms)->timezone;
}

/* What keeps every statement back. */
static void warn_of_refusals(const struct settlements *s, struct open *o)
{
    struct problem p = {0};
    if (!s->clock_sure)
        warn(o, "clock_unsure", true,
             "the server's clock was set otherwise: GET /v1/clock, then POST /v1/clock/confirm");
    if (o->on.until_ms > s->rq->arrived_ms)
        warn(o, "until_ahead", true, "its period has not ended yet in %.*s", (int)zone_of(s, o->on.k).len,
             zone_of(s, o->on.k).ptr);
    if (!contract_binds(o->on.k, s->rq->arrived_ms) && contract_unbound(o->on.k, &p) != ERR_OK)
        warn(o, "terms_unbound", true, "%s", p.detail);
}

/* ---- the last statement ---- */

static const struct who *party_of(const struct contract *k, const char *role)
{
    return strcmp(role, "publisher") == 0 ? k->publisher : k->campaign->advertiser;
}

static enum err write_last(const struct settlements *s, struct jw *w, struct open *o)
{
    struct statement_meta m;
    char id[LIMIT_ID + 1];
    json_t *answers = NULL, *one;
    size_t i;
    if (o->on.head.last.number == 0)
        return ERR_OK;
    statement_id(span_str(o->on.k->id), o->on.head.last.number, id);
    enum err err = statement_summed(s->rq->worker->summaries, s->txn, s->rq->catalog, span_str(id), &m, NULL);
    if (err == ERR_OK)
        err = responses_state(s->txn, span_str(id), &m, false, &answers);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    json_array_foreach(answers, i, one)
    {
        const char *verdict = json_string_value(json_object_get(one, "verdict"));
        const char *role = json_string_value(json_object_get(one, "role"));
        if (strcmp(verdict, "dispute") == 0)
            warn(o, "disputed", false, "the %s disputes the last statement, %s", role, id);
        else if (strcmp(verdict, "none") == 0 && catalog_who(s->rq->catalog, party_of(o->on.k, role))->has_key)
            warn(o, "unanswered", false, "the %s has not answered the last statement, %s", role, id);
    }
    jw_key(w, "last");
    jw_object(w);
    jw_key(w, "answers");
    jw_value(w, answers);
    jw_kstr(w, "id", span_str(id));
    jw_ktime(w, "issued_at", m.issued_ms);
    jw_kint(w, "number", (int64_t)m.number);
    jw_ktime(w, "to_at", o->on.head.last.to_ms);
    jw_object_end(w);
    json_decref(answers);
    return ERR_OK;
}

/* ---- what it would come to ---- */

/* Whether the end that is asked for has come is a matter of each contract's zone, and of its row. */
static enum err read_until(const struct settlements *s, struct open *o)
{
    struct problem *p = &s->rq->problem;
    if (span_empty(s->until))
        return ERR_OK;
    enum err err = until_read(s->rq->worker->zones, zone_of(s, o->on.k), s->until, TIME_END_MS - 1, &o->on.until_ms, p);
    return err == ERR_IO ? worker_fails(s->rq, err, ZONE_UNREADABLE) : err;
}

static enum err read_open(const struct settlements *s, const struct contract *k, struct open *o)
{
    *o = (struct open){.on = {.catalog = s->rq->catalog, .k = k}};
    enum err err = read_until(s, o);
    if (err != ERR_OK)
        return err;
    err = premises_read(s->txn, &o->on);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* younger than the last sweep */
    if (!premises_closed(&o->on) && !premises_nothing(&o->on, s->rq->arrived_ms) &&
        contract_binds(k, s->rq->arrived_ms) && o->on.until_ms <= s->rq->arrived_ms)
        o->draft = drafts_take(s->rq->worker->server->drafts, &o->on);
    return ERR_OK;
}

static void close_open(const struct settlements *s, struct open *o)
{
    if (o->draft != NULL)
        drafts_keep(s->rq->worker->server->drafts, &o->on, o->draft);
    premises_close(&o->on);
}

static void spend(struct settlements *s, uint64_t moves)
{
    s->moves -= moves < s->moves ? moves : s->moves;
}

/* As far as it may. What does not read is begun with anew. */
static enum err fold_draft(struct settlements *s, struct open *o, const struct view *view)
{
    const uint64_t to = o->on.closes.is.to, before = statement_draft_moves(o->draft);
    enum err err = statement_draft_fold(o->draft, view, to, s->in_part ? s->moves : UINT64_MAX, &s->rq->problem);
    if (err != ERR_OK) {
        statement_draft_free(o->draft);
        o->draft = NULL;
        return err;
    }
    if (s->in_part)
        spend(s, statement_draft_moves(o->draft) - before);
    return ERR_OK;
}

/* *whole: so far that there is an *out. */
static enum err build(struct settlements *s, struct open *o, bool *whole, struct statement_out *out)
{
    struct ledger_view within;
    const struct view view = ledger_view(&within, NULL, s->txn);
    enum err err = premises_date(&o->on, s->rq->worker->zones, s->rq->arrived_ms);
    if (err != ERR_OK)
        return worker_fails(s->rq, ERR_IO, ZONE_UNREADABLE);
    err = fold_draft(s, o, &view);
    *whole = err == ERR_OK &&
             (!s->in_part || statement_draft_moves(o->draft) == o->on.closes.is.tally.moves); /* clicks cost nothing */
    if (!*whole)
        return err;
    struct statement_in in = premises_statement(&o->on, span_str(s->rq->worker->server->instance.public_url), &view);
    in.id = span_str(o->on.k->id);
    in.lines = LINES_COUNT;
    struct statement_draft *d = statement_draft_copy(o->draft);
    err = statement_finish(d, &in, out, &s->rq->problem);
    statement_draft_free(d);
    return err;
}

static int64_t leads_of(const struct statement *st)
{
    return json_integer_value(json_object_get(json_object_get(st->counts, "leads"), "total"));
}

static void write_waiting(struct jw *w, const struct statement *st)
{
    const json_t *micros = json_object_get(st->closing, "micros");
    jw_key(w, "waiting");
    jw_object(w);
    jw_kint(w, "held", json_integer_value(json_object_get(st->closing, "held")));
    if (micros != NULL)
        jw_kint(w, "micros", json_integer_value(micros));
    jw_kint(w, "pending", json_integer_value(json_object_get(st->closing, "pending")));
    jw_object_end(w);
}

static void warn_of_carried(struct open *o)
{
    const struct span currency = contract_currency(o->on.k);
    char mem[80];
    struct buf sum;
    buf_fixed(&sum, mem, sizeof mem);
    if (o->on.head.last.carried_micros >= 0)
        return;
    decimal_add(&sum, o->on.head.last.carried_micros, 6, currency_exponent(currency));
    warn(o, "carried", false,
         "%.*s %.*s stand carried over, which the next statement sets off: they are owed by the first one from the "
         "contract's ends_at on, or under terms of set_off owed",
         (int)sum.len, sum.ptr, (int)currency.len, currency.ptr);
}

/* Who owes what is below nothing, and what is carried of it. */
static void warn_below(struct open *o, const struct statement *st)
{
    if (st->carried_micros < 0)
        warn(o, "negative_net", false, "it comes to less than nothing, which is set off against what comes%s",
             st->to_pay_minor < 0 ? "; the publisher owes the VAT that is credited here" : "");
    else if (st->to_pay_minor < 0)
        warn(o, "negative_net", false, "it comes to less than nothing, which the publisher owes%s",
             statement_brought(st) < 0 ? ", with what was carried over: there is no statement to come that sets it off"
                                       : "");
}

/* A supplier who charges VAT agreed on no rate, and names no provision by which it charges none. */
static bool lacks_rate(const struct statement *st)
{
    bool lacks = false;
    for (size_t i = 0; i < st->n_rows; i++) {
        const struct tax_row *r = &st->rows[i];
        lacks |= r->kind == TAX_DOMESTIC && r->vat_ppm == 0 && statement_exemption(st, r).len == 0;
    }
    return lacks;
}

static void write_draft(struct jw *w, struct open *o, const struct statement *st)
{
    const struct tally *t = &o->on.closes.is.tally;
    struct correction_sums sums;
    correction_sums_of(st, &sums);
    jw_key(w, "draft");
    jw_object(w);
    jw_kint(w, "brought_micros", statement_brought(st));
    jw_kint(w, "carried_micros", st->carried_micros);
    jw_kint(w, "clicks", (int64_t)tally_total(t->clicks));
    jw_key(w, "corrects");
    correction_sums_write(w, &sums);
    jw_ktime(w, "due_at", st->due_ms);
    jw_kint(w, "from", (int64_t)st->from);
    jw_ktime(w, "from_at", st->from_ms);
    jw_kint(w, "gross_micros", st->gross_micros);
    jw_kint(w, "impressions", (int64_t)tally_total(t->impressions));
    jw_kint(w, "leads", leads_of(st));
    jw_kint(w, "lines", (int64_t)st->n_lines);
    jw_kbool(w, "more", !o->on.whole);
    jw_kint(w, "net_micros", st->net_micros);
    jw_kint(w, "number", (int64_t)st->number);
    jw_kstr(w, "payable_by", st->payable_by);
    jw_kint(w, "payable_minor", st->payable_minor);
    jw_kint(w, "to", (int64_t)st->to);
    jw_ktime(w, "to_at", st->to_ms);
    jw_kint(w, "to_pay_minor", st->to_pay_minor);
    statement_vat_write(w, st);
    jw_kint(w, "vat_minor", st->vat_minor);
    write_waiting(w, st);
    jw_object_end(w);
    warn_below(o, st);
    if (lacks_rate(st))
        warn(o, "no_vat_rate", false,
             "the parties are of one country, but when some of it came the contract agreed no VAT rate (vat_ppm): none "
             "is charged on that, and a rate counts from when it is agreed on");
    if (!o->on.whole)
        warn(o, "more", false,
             "one statement cannot say all that is open: a second one follows, which takes the rest and is not in "
             "this");
}

/* ---- VAT that is not what one might expect ---- */

/* A rate is agreed, and is not charged. */
static void warn_of_rate(const struct settlements *s, struct open *o, const struct statement *st)
{
    static const char *const why[TAX_COUNT] = {
        [TAX_NONE] = "it takes a supplier with a VAT id and both countries, which are not all told, or call for none",
        [TAX_REVERSE_CHARGE] = "by reverse charge the customer owes it",
        [TAX_OUTSIDE] = "the customer is outside of the EU"};
    int64_t agreed = contract_terms(o->on.k, s->rq->arrived_ms)->vat_ppm;
    /* after its end it charges what it charged before */
    bool over = !terms_active(contract_terms(o->on.k, s->rq->arrived_ms), s->rq->arrived_ms);
    if (agreed > 0 && !(over && st->is_charged) && why[st->tax] != NULL)
        warn(o, "vat_rate_unused", false, "the VAT rate that the contract agrees (vat_ppm) is not charged: %s",
             why[st->tax]);
}

/* Whoever takes a lead back needs no adjustment of it. */
static enum err warn_of_corrections(const struct settlements *s, struct open *o, const struct statement *st)
{
    struct corrected_leads leads = {.n = 0};
    enum err err = corrections_leads(s->txn, o->on.k, st, &leads);
    for (size_t i = 0; err == ERR_OK && i < leads.n && i < CORRECTED_TOLD; i++) {
        const struct corrected_lead *x = &leads.of[i];
        char mem[400];
        struct buf text;
        buf_fixed(&text, mem, sizeof mem);
        corrected_lead_tell(&text, x, (int)st->exponent);
        warn(o, corrected_beyond(x) ? "corrected_beyond" : "corrected_again", false, "%.*s", (int)text.len, text.ptr);
    }
    if (err == ERR_OK && leads.n > CORRECTED_TOLD)
        warn(o, "corrected_again", false, "so many leads more are corrected beyond what they charged, or again: %zu",
             leads.n - CORRECTED_TOLD);
    corrected_leads_free(&leads);
    return err;
}

/* A rate is agreed and charged, for a supplier who says that it charges none. */
static void warn_of_exemption(struct open *o, const struct statement *st)
{
    for (size_t i = 0; i < st->n_rows; i++) {
        char mem[512];
        struct buf text;
        buf_fixed(&text, mem, sizeof mem);
        statement_despite_tell(&text, st, &st->rows[i]);
        if (text.len > 0) {
            warn(o, "exempt_but_charged", false, "%.*s", (int)text.len, text.ptr);
            return;
        }
    }
}

/* The parties told too little of themselves to say which VAT it is under. */
static void warn_of_untold(struct open *o, const struct statement *st)
{
    char mem[256];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    statement_untold_tell(&text, st);
    if (text.len > 0)
        warn(o, "vat_untold", false, "%.*s", (int)text.len, text.ptr);
}

/* Day and month of a campaign's zone, as a number that grows by one a month. */
static int64_t month_of(int64_t ms, int64_t utc_offset_s, int64_t *day)
{
    char mem[40];
    struct buf text;
    int year = 0, month = 0, of_month = 0;
    buf_fixed(&text, mem, sizeof mem - 1);
    time_rfc3339(&text, ms + utc_offset_s * MS_PER_S);
    buf_byte(&text, '\0');
    sscanf(mem, "%4d-%2d-%2d", &year, &month, &of_month);
    *day = of_month;
    return 12 * (int64_t)year + month;
}

/* Who is to invoice by reverse charge does so by the 15th of the month after (article 222), and many states ask it of
 * others. */
static void warn_of_lateness(struct open *o, const struct statement *st)
{
    int64_t day, any, now = month_of(st->issued_ms, o->on.utc_offset_s, &day);
    int64_t due = month_of(st->to_ms > 0 ? st->to_ms - 1 : 0, o->on.utc_offset_s, &any) + 1;
    if (st->tax != TAX_NONE && (now > due || (now == due && day > 15)))
        warn(o, "late_invoice", false,
             "its period ended in a month after which invoices are due by the 15th of the next one (Directive "
             "2006/112/EC, article 222, for reverse charge; many states ask it of all): ask a tax adviser, and settle "
             "sooner");
}

/* What is under another VAT than the rest of it, and legal data that make another one of all that is new on it. */
static enum err warn_of_change(const struct settlements *s, struct open *o, const struct statement *st)
{
    const struct view view = store_view(s->txn);
    struct correction_row last;
    char id[LIMIT_ID + 1];
    struct buf parts;
    if (st->n_rows > 1) {
        buf_heap(&parts);
        statement_vat_tell(&parts, st);
        warn(
            o, "vat_rate_changed", false,
            "it is under more than one VAT, %.*s: each line goes by what was agreed when it came, a correction by what "
            "it corrects",
            (int)parts.len, parts.ptr);
        buf_free(&parts);
    }
    if (statement_trader_moved(st, 0, st->as[0]) || statement_trader_moved(st, 1, st->as[1])) {
        buf_heap(&parts);
        statement_vat_tell(&parts, st);
        warn(o, "other_parties", false,
             "a party tells another country, name or VAT id now than when what it closes came, which is told as it was "
             "then, on a statement of its own: %.*s",
             (int)parts.len, parts.ptr);
        buf_free(&parts);
    }
    if (st->number == 1)
        return ERR_OK;
    statement_id(st->contract, st->number - 1, id);
    enum err err = row_corrections(&view, o->on.k->number, span_str(id), &last);
    if (err == ERR_OK && last.vat_kind != st->tax)
        warn(
            o, "vat_kind_changed", false,
            "by what the parties said of themselves when what is new on it came that is under %s, and on the statement "
            "before it was under %s",
            tax_word(st->tax), tax_word(last.vat_kind));
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* How far its draft is. */
static void write_reckoned(struct jw *w, const struct open *o)
{
    jw_key(w, "reckoned");
    jw_object(w);
    jw_kint(w, "moves", (int64_t)statement_draft_moves(o->draft));
    jw_kint(w, "of", (int64_t)o->on.closes.is.tally.moves);
    jw_object_end(w);
}

/* *state: what `settle` may do. Rows of this contract that do not read are its own trouble, and that of no other. */
static enum err write_open(struct settlements *s, struct jw *w, struct open *o, const char **state)
{
    struct statement_out out;
    struct statement st;
    bool whole;
    if (premises_closed(&o->on)) {
        *state = "closed";
        return ERR_OK;
    }
    if (premises_nothing(&o->on, s->rq->arrived_ms)) {
        *state = "nothing";
        warn_of_carried(o);
        return ERR_OK;
    }
    *state = o->blocked ? "refused" : "open";
    if (o->draft == NULL)
        return ERR_OK;
    enum err err = build(s, o, &whole, &out);
    if (err == ERR_OK && !whole) {
        *state = o->blocked ? "refused" : "reckoning";
        o->unfinished = true;
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = statement_read(buf_span(&out.payload), &st);
        if (err == ERR_OK) {
            write_draft(w, o, &st);
            warn_of_one(s, o);
            warn_of_rate(s, o, &st);
            warn_of_exemption(o, &st);
            warn_of_untold(o, &st);
            warn_of_lateness(o, &st);
            err = warn_of_corrections(s, o, &st);
            if (err == ERR_OK)
                err = warn_of_change(s, o, &st);
            statement_close(&st);
        }
        statement_free(&out);
    }
    if (err == ERR_CORRUPT || err == ERR_INVALID) {
        warn(o, "unreadable", true, "its statement cannot be built: %s", s->rq->problem.detail);
        *state = "refused";
        s->rq->problem = (struct problem){0};
        err = ERR_OK;
    }
    return err;
}

/* ---- a row ---- */

static void write_names(struct jw *w, const struct catalog *c, const struct contract *k, int64_t now_ms)
{
    const struct terms *t = contract_terms(k, now_ms);
    jw_kstr(w, "advertiser", span_str(k->campaign->advertiser->id));
    jw_kstr(w, "advertiser_name", catalog_who(c, k->campaign->advertiser)->name);
    jw_kstr(w, "campaign", span_str(k->campaign->id));
    jw_kstr(w, "campaign_name", t->name);
    jw_kstr(w, "contract", span_str(k->id));
    jw_kstr(w, "currency", contract_currency(k));
}

static enum err write_row(struct settlements *s, struct open *o)
{
    struct jw *w = &s->list.w;
    const struct party *publisher = catalog_who(s->rq->catalog, o->on.k->publisher);
    const char *state = "";
    o->warnings = json_array();
    warn_of_refusals(s, o);
    warn_of_party(o, catalog_who(s->rq->catalog, o->on.k->campaign->advertiser), "advertiser");
    warn_of_party(o, publisher, "publisher");
    jw_object(w);
    write_names(w, s->rq->catalog, o->on.k, s->rq->arrived_ms);
    enum err err = warn_of_adjustments(s, o);
    if (err == ERR_OK)
        err = write_open(s, w, o, &state);
    if (err == ERR_OK)
        err = write_last(s, w, o);
    jw_kstr(w, "publisher", span_str(o->on.k->publisher->id));
    jw_kstr(w, "publisher_name", publisher->name);
    if (o->unfinished)
        write_reckoned(w, o);
    jw_kstr(w, "state", span_str(state));
    jw_kstr(w, "timezone", contract_terms(o->on.k, s->rq->arrived_ms)->timezone);
    jw_key(w, "warnings");
    jw_value(w, o->warnings);
    jw_object_end(w);
    json_decref(o->warnings);
    return err;
}

/* What its row costs: the moves that are still to be folded, and, cheaper by far, the entries behind its end that were
 * told from them. */
static uint64_t work_of(const struct open *o)
{
    enum { CHEAPER = 16 };
    const uint64_t all = o->on.closes.is.tally.moves, folded = o->draft != NULL ? statement_draft_moves(o->draft) : all;
    return (all > folded ? all - folded : 0) + (o->on.head.size - o->on.closes.is.to) / CHEAPER;
}

/* A page ends before the contract that would be too much for it, unless that is its first. */
static enum err row_of(struct settlements *s, const struct contract *k)
{
    struct open o;
    enum err err = read_open(s, k, &o);
    if (err == ERR_OK && !s->in_part && s->list.n > 0 && !premises_closed(&o.on) && work_of(&o) > s->moves)
        s->list.more = true;
    if (err == ERR_OK && !s->list.more && list_item(&s->list)) {
        if (!s->in_part && !premises_closed(&o.on))
            spend(s, work_of(&o));
        memcpy(s->last, k->id, sizeof s->last);
        err = write_row(s, &o);
    }
    close_open(s, &o);
    return err;
}

/* A campaign's own contract pays nobody. */
static enum err rows_behind(struct settlements *s, struct span after)
{
    const struct catalog *c = s->rq->catalog;
    const struct contract *k = span_empty(after) ? NULL : catalog_contract(c, after);
    enum err err = ERR_OK;
    if (!span_empty(after) && k == NULL)
        return problem(&s->rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    for (uint32_t n = k != NULL ? k->number + 1 : 1; err == ERR_OK && n <= c->n_contracts && !s->list.more; n++) {
        k = catalog_contract_number(c, n);
        if (k->publisher != NULL && (span_empty(s->only) || span_is(s->only, k->id)))
            err = row_of(s, k);
    }
    return err;
}

enum err settlements_list(struct request *rq, struct reply *reply)
{
    struct settlements s = {.rq = rq, .moves = MOVES_OF_PAGE};
    struct param p[] = {{.name = "contract"}, {.name = "until"}, {.name = "fold"}};
    struct clock_mark clock = {.steps = 0};
    const struct contract *k;
    struct window window;
    enum err err = window_read(rq, p, 3, &window);
    if (err == ERR_OK && (s.in_part = p[2].given) &&
        (parse_u64(p[2].value, &s.moves) != ERR_OK || s.moves > MOVES_OF_PAGE))
        err = problem(&rq->problem, ERR_MALFORMED, "fold", "must be a number from 0 to %d", MOVES_OF_PAGE);
    if (err == ERR_OK && p[0].given)
        err = call_contract(rq, p[0].value, &k);
    if (err == ERR_OK)
        err = worker_reader(rq->worker, &s.txn);
    if (err == ERR_OK && (err = clock_mark_get(s.txn, &clock)) == ERR_NOT_FOUND)
        err = ERR_OK; /* no batch came so far */
    if (err != ERR_OK)
        return err;
    s.clock_sure = clock_sure(&clock);
    s.only = p[0].value;
    s.until = p[1].value;
    list_open(&s.list, &window);
    err = rows_behind(&s, window.after);
    if (err == ERR_OK)
        list_reply(rq, reply, &s.list, span_str(s.last));
    else
        list_abandon(&s.list);
    return err;
}
