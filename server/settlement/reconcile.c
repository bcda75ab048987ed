/* POST /v1/contracts/{id}/reconcile: a party's own rows held against the log; on a reader thread, nothing is recorded.
 */
#include "common/reconcile/reconcile.h"

#include "common/base/accept.h"
#include "common/base/ascii.h"
#include "common/base/http_words.h"
#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/commit/refused_log.h"
#include "server/settlement/settlement.h"
#include "server/system/log.h"

/* Of one call: what it holds is some 200 bytes a row and 100 a lead. */
enum { CALL_ROWS = 400000, CALL_LEADS = 1000000 };

struct reconciling {
    struct request *rq;
    const struct contract *k;
    struct txn *txn;
    struct ledger_view within;
    struct view view;
    struct head head;
    size_t n_seen; /* rows of the store */
    struct reconcile *rows;
};

enum form { FORM_JWS, FORM_JSON, FORM_CSV, FORMS };
static const struct {
    const char *word, *range, *content_type;
} forms[FORMS] = {
    [FORM_JWS] = {"jws", "application/jose+json", "application/jose+json"},
    [FORM_JSON] = {"json", "application/json", "application/json"},
    [FORM_CSV] = {"csv", "text/csv", "text/csv; charset=utf-8"},
};

enum { MAP, FROM, TO, DATES, DECIMAL, FORMAT, PARAMS };

/* ---- what is asked ---- */

static enum err choose_form(struct request *rq, const struct param *format, enum form *out)
{
    struct span accept = rq->accept, range;
    int best = 0, q;
    *out = FORM_JWS;
    while (accept_next(&accept, &range, &q))
        for (enum form f = 0; f < FORMS; f++)
            if (q > best && ascii_is(text_trim(range, HTTP_BLANKS), forms[f].range)) {
                *out = f;
                best = q;
            }
    for (enum form f = 0; f < FORMS && format->given; f++)
        if (span_is(format->value, forms[f].word)) {
            *out = f;
            return ERR_OK;
        }
    return format->given ? problem(&rq->problem, ERR_MALFORMED, "format", "must be jws, json or csv") : ERR_OK;
}

static enum err choose(struct request *rq, const struct param *p, const char *first, const char *second, int *out)
{
    *out = !p->given ? 0 : span_is(p->value, first) ? 1 : span_is(p->value, second) ? 2 : -1;
    return *out < 0 ? problem(&rq->problem, ERR_MALFORMED, p->name, "must be %s or %s", first, second) : ERR_OK;
}

static enum err read_bound(struct request *rq, const struct param *p, struct bound *out)
{
    if (p->given && bound_read(p->value, out) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, p->name,
                       "must be a day (2026-11-01, which is in the period) or a time (2026-11-01T00:00:00Z), of the "
                       "years 2000 to 2099");
    return ERR_OK;
}

static enum err read_asked(struct request *rq, struct reconcile_asked *a, enum form *form)
{
    struct param p[PARAMS] = {
        [MAP] = {.name = "map"},     [FROM] = {.name = "from"},       [TO] = {.name = "to"},
        [DATES] = {.name = "dates"}, [DECIMAL] = {.name = "decimal"}, [FORMAT] = {.name = "format"}};
    int dates = 0, decimal = 0;
    enum err err;
    if (!media_type_is(rq->content_type, "text/csv") && !media_type_is(rq->content_type, "application/json"))
        return problem(&rq->problem, ERR_MEDIA_TYPE, "Content-Type", "must be text/csv or application/json");
    if ((err = params_read(rq, p, PARAMS)) != ERR_OK || (err = choose_form(rq, &p[FORMAT], form)) != ERR_OK ||
        (err = choose(rq, &p[DATES], "dmy", "mdy", &dates)) != ERR_OK ||
        (err = choose(rq, &p[DECIMAL], "point", "comma", &decimal)) != ERR_OK ||
        (err = read_bound(rq, &p[FROM], &a->from)) != ERR_OK || (err = read_bound(rq, &p[TO], &a->to)) != ERR_OK)
        return err;
    if (bounds_cross(&a->from, &a->to))
        return problem(&rq->problem, ERR_MALFORMED, "from", "is not before to: the period would hold nothing");
    a->map = p[MAP].given ? p[MAP].value : SPAN("");
    a->dates = (enum date_order)dates;
    a->decimal = (enum decimal_mark)decimal;
    return ERR_OK;
}

/* ---- keys ---- */

static enum err open_lead(void *ctx, struct span reference, uint64_t *index)
{
    const struct reconciling *c = ctx;
    struct pointer p;
    if (lead_ref_read(c->rq->worker->tokens, reference, &p) != ERR_OK || p.contract != c->k->number)
        return ERR_NOT_FOUND;
    *index = p.index;
    return ERR_OK;
}

static enum err open_click(void *ctx, struct span id, struct pointer *click)
{
    const struct reconciling *c = ctx;
    bool own = click_id_read(c->rq->worker->tokens, id, click) == ERR_OK && click->contract == c->k->number;
    return own ? ERR_OK : ERR_NOT_FOUND;
}

static void reference(void *ctx, uint64_t index, struct buf *out)
{
    const struct reconciling *c = ctx;
    char ref[LEAD_REF_LEN];
    lead_ref_write(c->rq->worker->tokens, &(struct pointer){.contract = c->k->number, .index = index}, ref);
    buf_add(out, ref, sizeof ref);
}

/* ---- the log ---- */

static enum err tell_lead(struct reconciling *c, uint64_t index, const struct lead_row *row)
{
    struct envelope env;
    struct entry e;
    enum err err = ledger_read(c->txn, c->k->number, index, &env);
    if (err != ERR_OK || (err = entry_read(env.entry, &e, NULL)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    err = e.kind != ENTRY_LEAD ? ERR_CORRUPT : reconcile_lead(c->rows, index, row->at_ms, &e.lead);
    entry_close(&e);
    return err == ERR_TOO_LARGE
               ? problem(&c->rq->problem, ERR_INVALID, "from",
                         "the period has more than %d leads: name a shorter one by from and to", CALL_LEADS)
               : err;
}

/* Another row of the store is to be looked at, perhaps in a transaction that begins with it: what became of a lead
 * meanwhile counts, which ones there are is the head's word. */
static enum err next_row(struct reconciling *c)
{
    if (++c->n_seen % READ_SLICE != 0)
        return ERR_OK;
    enum err err = worker_reader_anew(c->rq->worker, &c->txn, &c->rq->problem);
    if (err == ERR_OK)
        c->view = ledger_view(&c->within, NULL, c->txn);
    return err;
}

static enum err tell_leads(struct reconciling *c)
{
    struct lead_walk walk = {.view = &c->view, .contract = c->k->number, .rows = SIZE_MAX};
    struct lead_row row;
    uint64_t index;
    enum err step;
    while ((step = lead_walk_next(&walk, c->head.size, &index, &row)) == ERR_OK) {
        enum err err = tell_lead(c, index, &row);
        if (err == ERR_OK)
            err = next_row(c);
        if (err != ERR_OK)
            return err;
    }
    return step == ERR_NOT_FOUND ? ERR_OK : step;
}

static enum err became(void *ctx, uint64_t index, struct lead_row *out)
{
    struct reconciling *c = ctx;
    enum err err = next_row(c);
    return err == ERR_OK ? row_lead(&c->view, c->k->number, index, out) : err;
}

static enum err tell_clicks(struct reconciling *c)
{
    size_t at = 0;
    uint64_t index;
    while (reconcile_wants_click(c->rows, &at, &index)) {
        struct clicked clicked;
        enum err err = next_row(c);
        if (err != ERR_OK)
            return err;
        err = index < c->head.size ? c->view.click(c->view.ctx, c->k->number, index, &clicked) : ERR_NOT_FOUND;
        if (err == ERR_OK)
            reconcile_click(c->rows, index, clicked.class);
        else if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_OK;
}

/* The caller's own, of each room. */
static enum err tell_refused(struct reconciling *c)
{
    struct cursor *cursor;
    struct span key, value;
    if (caller_is(c->rq, ROLE_OPERATOR) || caller_is(c->rq, ROLE_AUDITOR))
        return ERR_OK;
    reconcile_refusals(c->rows);
    enum err err = cursor_open(c->txn, TABLE_REFUSED, &cursor);
    if (err != ERR_OK)
        return err;
    uint8_t from[REFUSAL_ROOM_LEN];
    refusal_room_key(&(struct refusal_room){.party = c->rq->caller->number}, from);
    enum err step = cursor_seek(cursor, span_of(from, sizeof from), &key, &value);
    for (; step == ERR_OK; step = cursor_next(cursor, &key, &value)) {
        struct refusal r;
        char id[REQUEST_ID_LEN];
        if ((err = refusal_read(key, value, &r)) != ERR_OK || r.room.party != c->rq->caller->number)
            break;
        request_id_write(r.request_id, id);
        char text[256];
        int len = snprintf(text, sizeof text, "%.*s%s%.*s", (int)r.field.len, r.field.ptr, r.field.len > 0 ? " " : "",
                           (int)r.reason.len, r.reason.ptr);
        reconcile_refusal(c->rows, r.at_ms, span_of(id, sizeof id),
                          span_of(text, len < (int)sizeof text ? (size_t)len : sizeof text - 1));
    }
    cursor_close(cursor);
    return err != ERR_OK ? err : cursor_end(step == ERR_OK ? ERR_NOT_FOUND : step);
}

static enum err hold_against(struct reconciling *c)
{
    enum err err;
    if ((err = tell_leads(c)) != ERR_OK || (err = reconcile_match(c->rows, became, c)) != ERR_OK ||
        (err = tell_clicks(c)) != ERR_OK || (err = tell_refused(c)) != ERR_OK)
        return err;
    return reconcile_end(c->rows, c->rq->arrived_ms, &c->rq->problem);
}

/* ---- the answer ---- */

static enum err answer(struct reconciling *c, enum form form, struct reply *reply)
{
    struct request *rq = c->rq;
    struct buf text, out;
    struct reconcile_head head = {
        .contract = span_str(c->k->id),
        .issuer = span_str(rq->worker->server->instance.public_url),
        .party = span_str(rq->caller->id),
        .at_ms = rq->arrived_ms,
        .size = c->head.size,
    };
    enum err err = ledger_root_at(c->txn, c->k->number, c->head.size, &head.root);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    buf_heap(&text);
    buf_heap(&out);
    if (form == FORM_CSV)
        reconcile_csv(c->rows, RECONCILE_ITEMS, &text, NULL, NULL);
    else
        reconcile_json(c->rows, &head, &text);
    if (form == FORM_JWS) {
        jws_general(&out, rq->worker->statement_signer, RECONCILIATION_TYP, buf_span(&text));
        buf_free(&text);
        text = out;
    }
    reply_body_take(reply, forms[form].content_type, &text);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    if (form == FORM_CSV) {
        struct buf name;
        arena_buf(rq->arena, &name, LIMIT_ID + 48);
        buf_printf(&name, "attachment; filename=\"reconciliation-%s.csv\"", c->k->id);
        reply_header(reply, "Content-Disposition", buf_span(&name));
    }
    return ERR_OK;
}

enum err reconcile_create(struct request *rq, struct reply *reply)
{
    struct reconciling c = {.rq = rq};
    struct reconcile_asked asked = {.rows = rq->body,
                                    .party = span_str(rq->caller->id),
                                    .most_rows = CALL_ROWS,
                                    .most_leads = CALL_LEADS,
                                    .open_lead = open_lead,
                                    .open_click = open_click,
                                    .reference = reference,
                                    .ctx = &c};
    enum form form;
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &c.k)) != ERR_OK || (err = read_asked(rq, &asked, &form)) != ERR_OK)
        return err;
    asked.currency = contract_currency(c.k);
    if ((err = reconcile_open(&c.rows, &asked, &rq->problem)) != ERR_OK)
        return err;
    if ((err = worker_reader(rq->worker, &c.txn)) == ERR_OK) {
        c.view = ledger_view(&c.within, NULL, c.txn);
        err = head_read(c.txn, c.k->number, &c.head);
        if (err == ERR_NOT_FOUND)
            err = problem(&rq->problem, ERR_BUSY, "", "the contract's log is a moment old: ask again");
    }
    if (err == ERR_OK && (err = hold_against(&c)) == ERR_OK)
        err = answer(&c, form, reply);
    reconcile_close(c.rows);
    return err;
}
