#include "common/base/bytes.h"
#include "common/base/money.h"
#include "server/api/api.h"
#include "server/api/lead_json.h"
#include "server/api/page.h"
#include "server/audit/audit.h"
#include "server/postback/postback.h"
#include "server/routes.h"
#include "server/worker/server.h"

enum { LEADS_SCAN = 20000 }; /* rows that one page looks at: past it the page ends early, with `next` */

/* A lead the caller may see. */
static enum err find(struct request *rq, struct span ref, const struct contract **k, uint64_t *index)
{
    struct pointer p;
    if (lead_ref_read(rq->worker->tokens, ref, &p) == ERR_OK) {
        const struct contract *found = catalog_contract_number(rq->catalog, p.contract);
        if (found != NULL && catalog_may_read(rq->catalog, rq->caller, found)) {
            *k = found;
            *index = p.index;
            return ERR_OK;
        }
    }
    return problem(&rq->problem, ERR_NOT_FOUND, "", "there is no such lead, or it is not yours to see");
}

static void ref_write(struct request *rq, const struct contract *k, uint64_t index, char out[LEAD_REF_LEN])
{
    lead_ref_write(rq->worker->tokens, &(struct pointer){.contract = k->number, .index = index}, out);
}

/* ---- GET /v1/contracts/{id}/leads ---- */

struct leads {
    struct request *rq;
    struct txn *txn;
    const struct contract *k;
    bool filtered;
    enum status status;
    uint64_t at; /* index of the next row to look at */
    struct list list;
    char last[LEAD_REF_LEN];
};

static bool next_row(struct leads *l, uint64_t *index, struct span *value)
{
    uint8_t from[12];
    struct span key;
    row_index_key(from, l->k->number, l->at);
    if (!store_row_seek(l->txn, ROW_LEADS, span_of(from, sizeof from), &key, value) || key.len != sizeof from ||
        load_be32(key.ptr) != l->k->number)
        return false;
    *index = load_be64(key.ptr + 4);
    return true;
}

static enum err leads_write(struct leads *l)
{
    uint64_t index;
    struct span value;
    struct lead_row row;
    for (size_t scanned = 0; next_row(l, &index, &value); l->at = index + 1) {
        enum err err = lead_row_read(value, &row);
        if (err != ERR_OK)
            return err;
        if (scanned++ == LEADS_SCAN) {
            l->list.more = true;
            return ERR_OK;
        }
        bool wanted = !l->filtered || row.status == l->status;
        if (wanted && !list_item(&l->list))
            return ERR_OK;
        if (wanted && (err = lead_json(&l->list.w, l->rq, l->txn, l->k, index, &row, false)) != ERR_OK)
            return err;
        ref_write(l->rq, l->k, index, l->last);
    }
    return ERR_OK;
}

static enum err leads_page(struct request *rq, struct leads *l, struct page *page)
{
    struct param status = {.name = "status"};
    struct pointer after;
    enum err err = page_read(rq, &status, 1, page);
    if (err != ERR_OK)
        return err;
    l->filtered = status.given;
    if (status.given && status_parse(status.value, &l->status) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "status",
                       "must be pending, held, approved, rejected, duplicate, returned or converted");
    if (span_empty(page->after))
        return ERR_OK;
    if (lead_ref_read(rq->worker->tokens, page->after, &after) != ERR_OK || after.contract != l->k->number)
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the page before");
    l->at = after.index + 1;
    return ERR_OK;
}

enum err leads_list(struct request *rq, struct reply *reply)
{
    struct leads l = {.rq = rq};
    struct page page;
    enum err err;
    if ((err = api_contract(rq, rq->param[0], &l.k)) != ERR_OK || (err = leads_page(rq, &l, &page)) != ERR_OK ||
        (err = worker_reader(rq->worker, &l.txn)) != ERR_OK)
        return err;
    list_open(&l.list, &page);
    if ((err = leads_write(&l)) == ERR_OK)
        list_reply(rq, reply, &l.list, span_of(l.last, sizeof l.last));
    else
        list_abandon(&l.list);
    return err;
}

/* ---- GET /v1/leads/{ref} ---- */

static enum err lead_row_get(struct txn *t, const struct contract *k, uint64_t index, struct lead_row *row)
{
    uint8_t key[12];
    struct span value;
    row_index_key(key, k->number, index);
    if (!store_row_get(t, ROW_LEADS, span_of(key, sizeof key), &value))
        return ERR_NOT_FOUND;
    return lead_row_read(value, row);
}

enum err leads_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    uint64_t index;
    struct txn *t;
    struct lead_row row;
    struct answer a;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = find(rq, rq->param[0], &k, &index)) != ERR_OK ||
        (err = worker_reader(rq->worker, &t)) != ERR_OK || (err = lead_row_get(t, k, index, &row)) != ERR_OK)
        return err;
    answer_open(&a);
    if ((err = lead_json(&a.w, rq, t, k, index, &row, true)) == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

/* ---- GET /v1/leads/{ref}/proof: C2SP tlog-proof ---- */

static void proof_write(struct buf *out, uint64_t index, const struct hash *path, size_t n, struct span note)
{
    buf_str(out, "c2sp.org/tlog-proof@v1\nindex ");
    buf_u64(out, index);
    buf_byte(out, '\n');
    for (size_t i = 0; i < n; i++) {
        buf_b64(out, path[i].b, sizeof path[i].b);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_span_add(out, note);
}

/* ERR_BUSY: the log's signed head does not take the lead in yet. */
static enum err proof_reply(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    uint64_t index;
    struct txn *t;
    struct head head;
    struct hash path[MERKLE_HEIGHT];
    size_t n;
    struct buf note, text;
    enum err err = find(rq, rq->param[0], &k, &index);
    if (err != ERR_OK)
        return err;
    buf_heap(&note);
    buf_heap(&text);
    if ((err = audit_checkpoint(rq, k->number, &t, &head, &note)) != ERR_OK)
        goto done;
    if (index >= head.size) {
        err = problem(&rq->problem, ERR_BUSY, "", "the log's head takes this lead in within a second; ask again");
        goto done;
    }
    struct tile_source source = {t, k->number};
    struct merkle_reader nodes = ledger_nodes(&source);
    if ((err = merkle_inclusion(&nodes, index, head.size, path, &n)) != ERR_OK)
        goto done;
    proof_write(&text, index, path, n, buf_span(&note));
    reply_body(rq, reply, "text/plain; charset=utf-8", buf_span(&text));
    reply_header(reply, "Cache-Control", SPAN("no-store"));
done:
    buf_free(&note);
    buf_free(&text);
    return err;
}

static enum err nothing_run(struct commit *cx, struct job *job, void *arg)
{
    (void)cx;
    (void)job;
    (void)arg;
    return ERR_OK;
}

/* A receipt may be a moment older than the head: then the head is brought up to it. */
enum err leads_proof(struct request *rq, struct reply *reply)
{
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK || (err = proof_reply(rq, reply)) != ERR_BUSY)
        return err;
    rq->problem = (struct problem){0};
    return control_submit_after_sweep(rq, nothing_run, NULL);
}

enum err leads_proof_finish(struct request *rq, struct job *job, struct reply *reply)
{
    return job->err == ERR_OK ? proof_reply(rq, reply) : job->err;
}

/* ---- POST /v1/leads/{ref}/dispositions ---- */

/* The pipeline's own job, run inside a control job: so a disposition takes an Idempotency-Key like every other write,
 * and answers like a postback. */
struct disposition {
    uint32_t party;
    struct job job;
};

static enum err disposition_run(struct commit *cx, struct job *job, void *arg)
{
    struct disposition *d = arg;
    struct answer a;
    struct entry entry;
    d->job.worker = job->worker;
    d->job.exchange = job->exchange;
    d->job.arena = job->arena;
    d->job.disposition.party = &cx->catalog->parties[d->party - 1];
    enum err err = pipeline_run(cx, &d->job);
    if (err != ERR_OK) {
        job->problem = d->job.problem;
        return err;
    }
    if ((err = entry_read(d->job.entry, &entry, NULL)) != ERR_OK)
        return err;
    answer_open(&a);
    postback_answer(&a.w, catalog_contract_number(cx->catalog, d->job.out_contract), d->job.index, &d->job.leaf, &entry,
                    cx->tokens, cx->statement_signer);
    answer_job(&a, job, 200);
    entry_close(&entry);
    if (!d->job.replayed)
        job->entry = d->job.entry; /* control_finish counts it, after the commit */
    return ERR_OK;
}

static bool is_disposition(enum status s)
{
    return s == STATUS_APPROVED || s == STATUS_REJECTED || s == STATUS_RETURNED || s == STATUS_CONVERTED;
}

/* {"status", "reason"?, "amount_micros"?, "currency"?}: the last two of a sale. */
static enum err disposition_body(struct request *rq, const struct contract *k, struct disposition_report *r)
{
    static const char *const names[] = {"amount_micros", "currency", "reason", "status", NULL};
    json_t *body;
    struct span word;
    bool has_amount = false;
    enum err err = api_body(rq, names, &body);
    if (err != ERR_OK)
        return err;
    if ((err = api_text(rq, body, "status", LIMIT_LABEL, &word)) != ERR_OK)
        goto done;
    if (status_parse(word, &r->status) != ERR_OK || !is_disposition(r->status)) {
        err = problem(&rq->problem, ERR_INVALID, "status", "must be approved, rejected, returned or converted");
        goto done;
    }
    if (json_object_get(body, "reason") != NULL &&
        (err = api_text(rq, body, "reason", LIMIT_FIELD, &r->text)) != ERR_OK)
        goto done;
    if ((err = json_get_int(body, "", "amount_micros", 0, MONEY_MAX_MICROS, &r->amount_micros, &has_amount,
                            &rq->problem)) != ERR_OK)
        goto done;
    if (has_amount && r->status != STATUS_CONVERTED) {
        err =
            problem(&rq->problem, ERR_INVALID, "amount_micros", "belongs to status converted: it is the sale's amount");
        goto done;
    }
    r->currency = has_amount ? k->terms->currency : (struct span){0};
    if (json_object_get(body, "currency") != NULL &&
        (err = api_text(rq, body, "currency", 3, &r->currency)) == ERR_OK && !span_eq(r->currency, k->terms->currency))
        err = problem(&rq->problem, ERR_INVALID, "currency", "must be the campaign's currency");
done:
    json_decref(body);
    return err;
}

enum err leads_dispose(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct contract *k;
    uint64_t index;
    enum err err = find(rq, rq->param[0], &k, &index);
    if (err != ERR_OK)
        return err;
    if (!caller_is(rq, ROLE_OPERATOR) && !caller_is(rq, ROLE_ADVERTISER))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "leads are decided by the advertiser or the operator");
    struct disposition *d = arena_alloc(rq->arena, sizeof *d);
    memset(d, 0, sizeof *d);
    d->party = rq->caller->number;
    d->job.kind = JOB_DISPOSITION;
    d->job.now_ms = rq->arrived_ms;
    struct disposition_job *dj = &d->job.disposition;
    dj->by_lead = true;
    dj->pointer = (struct pointer){.contract = k->number, .index = index};
    dj->report.party = span_str(rq->caller->id);
    dj->report.trust = TRUST_API;
    err = disposition_body(rq, k, &dj->report);
    return err == ERR_OK ? control_submit(rq, disposition_run, d) : err;
}
