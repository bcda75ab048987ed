/* Leads and dispositions by token, one or many. A call of many is read first, as a whole, so that one which does not
 * read records nothing (what is no object is its row's own fault); then its rows go to the committer as jobs of their
 * own, a few at a time, so that others' clicks wait for no more than these. Each row is answered; to say it all again
 * is harmless. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/csv.h"
#include "common/base/http_words.h"
#include "common/base/json_read.h"
#include "common/base/json_rows.h"
#include "common/base/mem.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "server/postback/postback_private.h"
#include "server/system/log.h"

/* Of a row's answer, beside the row's own texts. */
enum { COLUMNS = 64, ROW_ANSWER = 16384, ROWS_OF_PARTY = 4 };

/* Rows with the committer: a click that comes waits for their batch, so their number is its p99 beside a call. */
enum { AT_ONCE = 12 };

struct kind {
    size_t most; /* rows */
    bool leads, csv;
};
static const struct kind kinds[] = {{1000, true, false}, {10000, false, true}};

/* A row under way, in the order of the rows. Its arena is emptied when it has been answered. */
struct slot {
    struct request rq; /* the call's, with an arena and a problem of its own */
    struct job *job;   /* NULL: refused before */
    struct ignored ignored;
    size_t row;
    enum err err;
    bool pushed, done;
};

struct rows {
    const struct kind *kind;
    const struct campaign *campaign; /* that all are of; NULL: none is said */
    struct crm_words *crm;           /* its CRM's; NULL: ours */
    bool one;                        /* an object alone: it is answered as a postback is */
    size_t n, next;
    struct span *row; /* of the body */
    struct span *column;
    size_t n_columns; /* 0: JSON */
    struct slot *slot[AT_ONCE];
    size_t first, held, with_committer;
    enum err stopped; /* rows that were not taken yet are answered so */
    bool taken, told; /* some row went to the committer; a failure of one was logged */
    struct buf answer;
    struct jw w;
};

/* ---- reading ---- */

static enum err wrong_row(struct request *rq, enum err err, size_t row)
{
    char path[sizeof rq->problem.field];
    snprintf(path, sizeof path, "[%zu]%s%.80s", row, rq->problem.field[0] ? "." : "", rq->problem.field);
    memcpy(rq->problem.field, path, sizeof path);
    return err;
}

static enum err add_row(struct request *rq, struct rows *r, struct span row)
{
    if (r->n == r->kind->most)
        return problem(&rq->problem, ERR_TOO_LARGE, "", "at most %zu rows in one call", r->kind->most);
    r->row[r->n++] = row;
    return ERR_OK;
}

static enum err judge_json(struct request *rq, struct span row)
{
    json_t *v;
    enum err err = json_read_any_number(row, &v, &rq->problem);
    if (err == ERR_OK)
        json_decref(v);
    return err;
}

static enum err read_array(struct request *rq, struct rows *r)
{
    struct json_rows rows;
    struct span row;
    enum err step;
    if (!json_rows_open(&rows, rq->body)) {
        r->one = true;
        r->row[r->n++] = rq->body;
        return judge_json(rq, json_text(rq->body));
    }
    while ((step = json_rows_next(&rows, &row)) == ERR_OK) {
        enum err err = add_row(rq, r, row);
        if (err == ERR_OK && span_starts(row, "{") && (err = judge_json(rq, row)) != ERR_OK)
            err = wrong_row(rq, err, r->n - 1);
        if (err != ERR_OK)
            return err;
    }
    return step == ERR_NOT_FOUND ? ERR_OK
                                 : problem(&rq->problem, ERR_MALFORMED, "",
                                           "must be a JSON array of objects: behind "
                                           "row %zu something else stands",
                                           r->n);
}

static enum err wrong_csv(struct request *rq, enum err err, const struct csv *c, const char *what)
{
    if (err == ERR_TOO_LARGE)
        return problem(&rq->problem, ERR_MALFORMED, "", "line %zu: more than %d fields", c->line, COLUMNS);
    return problem(&rq->problem, err, "", "line %zu: %s (RFC 4180)", c->line, what);
}

static struct span field_text(struct request *rq, struct span raw)
{
    struct buf mem;
    arena_buf(rq->arena, &mem, raw.len);
    return csv_field(raw, &mem);
}

/* Of what a machine fills in, guards against formulas go: the table may be one of ours. A person's words stay. */
static struct span cell_text(struct request *rq, const struct rows *r, struct span column, struct span raw)
{
    struct span text = field_text(rq, raw);
    enum field f;
    struct buf mem;
    if (r->crm != NULL)
        column = crm_column(r->crm, column);
    if (!postback_field_find(column, &f) || postback_field_kind(f) != FIELD_MACHINE)
        return text;
    arena_buf(rq->arena, &mem, text.len);
    return csv_unguarded(text, &mem);
}

/* Names that are close misses, or stand there twice, are refused once for all. */
static enum err read_columns(struct request *rq, struct rows *r, struct csv *c)
{
    struct postback *pb = arena_alloc(rq->arena, sizeof *pb);
    struct span raw[COLUMNS];
    const char *what;
    enum err err = csv_next(c, raw, COLUMNS, &r->n_columns, &what);
    memset(pb, 0, sizeof *pb);
    pb->rq = rq;
    if (err == ERR_NOT_FOUND)
        return problem(&rq->problem, ERR_MALFORMED, "", "the first line must name the columns");
    if (err != ERR_OK)
        return wrong_csv(rq, err, c, what);
    r->column = arena_alloc(rq->arena, r->n_columns * sizeof *r->column);
    for (size_t i = 0; i < r->n_columns && err == ERR_OK; i++) {
        r->column[i] = arena_copy(rq->arena, text_strip(field_text(rq, raw[i])));
        for (size_t k = 0; k < i && err == ERR_OK; k++)
            if (span_eq(r->column[k], r->column[i]))
                err = postback_refuse_field(pb, r->column[i], "is the name of two columns");
        if (err == ERR_OK && r->crm == NULL && !postback_field_known(r->column[i]))
            err = postback_unknown(pb, r->column[i]);
    }
    if (err == ERR_OK && r->n_columns == 1) /* no row can say what is meant, and of what */
        err = problem(&rq->problem, ERR_MALFORMED, "",
                      "the first line must name several columns, with a comma between them (not a semicolon or a tab)");
    return err;
}

static enum err read_csv(struct request *rq, struct rows *r)
{
    struct csv c;
    struct span raw[COLUMNS];
    size_t n;
    const char *what;
    csv_open(&c, rq->body);
    enum err err = read_columns(rq, r, &c);
    while (err == ERR_OK) {
        struct span before = c.rest;
        err = csv_next(&c, raw, COLUMNS, &n, &what);
        if (err == ERR_NOT_FOUND)
            return ERR_OK;
        if (err != ERR_OK)
            return wrong_csv(rq, err, &c, what);
        if (n != r->n_columns)
            return problem(&rq->problem, ERR_MALFORMED, "",
                           "line %zu has %zu fields, the first line %zu: separate "
                           "them by commas, quote those that hold one",
                           c.line, n, r->n_columns);
        err = add_row(rq, r, span_of(before.ptr, before.len - c.rest.len));
    }
    return err;
}

/* What is not taken as a whole stands in the refused log, as a postback would. */
static enum err refuse(struct request *rq, enum err err)
{
    uint8_t hash[HASH_LEN];
    rq->refused = err_status(err) < 500;
    rq->sender.party = rq->caller;
    rq->sender.proven = true;
    sha256(rq->body.ptr, rq->body.len, hash);
    rq->sender.digest = load_be64(hash);
    return err;
}

static struct crm_word in_arena(struct request *rq, const struct crm_word *w)
{
    return (struct crm_word){arena_copy(rq->arena, w->theirs), arena_copy(rq->arena, w->ours)};
}

static enum err read_words(struct request *rq, struct rows *r)
{
    struct crm crm;
    if (span_empty(r->campaign->crm))
        return ERR_OK;
    if (crm_read(r->campaign->crm, &crm, NULL) != ERR_OK)
        return ERR_CORRUPT;
    struct crm_words *w = arena_alloc(rq->arena, sizeof *w);
    crm_words_of(&crm, w);
    for (size_t i = 0; i < w->n_columns; i++)
        w->column[i] = in_arena(rq, &w->column[i]);
    for (size_t i = 0; i < w->n_statuses; i++)
        w->status[i] = in_arena(rq, &w->status[i]);
    crm_close(&crm);
    r->crm = w;
    return ERR_OK;
}

/* `campaign` in the query: the rows are as its CRM has them, and of its leads. */
static enum err read_campaign(struct request *rq, struct rows *r)
{
    struct query q;
    struct span name, value, id = span_of(NULL, 0);
    query_open(&q, rq->query);
    while (query_next(&q, &name, &value)) {
        if (!query_name_is(name, SPAN("campaign")) || id.ptr != NULL)
            return problem(&rq->problem, ERR_MALFORMED, "query", "may have `campaign`, once, and nothing else");
        id = value;
    }
    if (id.ptr == NULL)
        return ERR_OK;
    r->campaign = catalog_campaign(rq->catalog, id);
    if (r->campaign == NULL || (rq->caller->role != ROLE_OPERATOR && r->campaign->advertiser != rq->caller->who))
        return problem(&rq->problem, ERR_MALFORMED, "campaign", "is not one of your campaigns");
    return read_words(rq, r);
}

static enum err handle(struct request *rq, const struct kind *kind)
{
    struct rows *r = arena_alloc(rq->arena, sizeof *r);
    bool csv = kind->csv && media_type_is(rq->content_type, "text/csv");
    if (!csv && !media_type_is(rq->content_type, "application/json"))
        return refuse(rq, problem(&rq->problem, ERR_MEDIA_TYPE, "Content-Type", "must be application/json%s",
                                  kind->csv ? ", or text/csv" : ""));
    memset(r, 0, sizeof *r);
    r->kind = kind;
    r->row = arena_alloc(rq->arena, kind->most * sizeof *r->row);
    enum err err = kind->leads ? ERR_OK : read_campaign(rq, r);
    if (err == ERR_OK)
        err = csv ? read_csv(rq, r) : read_array(rq, r);
    rq->kept = span_of((const char *)r, sizeof *r);
    return err == ERR_OK ? ERR_PENDING : refuse(rq, err);
}

enum err rows_leads_handle(struct request *rq, struct reply *reply)
{
    (void)reply;
    return handle(rq, &kinds[0]);
}

enum err rows_dispositions_handle(struct request *rq, struct reply *reply)
{
    (void)reply;
    return handle(rq, &kinds[1]);
}

/* ---- a row to its job ---- */

static enum err csv_fields(struct postback *pb, const struct rows *r, struct span row)
{
    struct csv c;
    struct span raw[COLUMNS];
    size_t n;
    const char *what;
    csv_open(&c, row);
    enum err err = csv_next(&c, raw, COLUMNS, &n, &what);
    assert(err == ERR_OK && n == r->n_columns); /* it was read before */
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = postback_field(pb, r->column[i], cell_text(pb->rq, r, r->column[i], raw[i]));
    return err;
}

/* Idempotency-Key holds for each row by its number, so that a call which broke off goes on where it did. */
static enum err use_key(struct postback *pb, struct span row, size_t number)
{
    enum { KEY_MAX = 255, KEPT_S = 24 * 3600 };
    struct request *rq = pb->rq;
    struct span key = rq->idempotency_key;
    uint8_t at[4], hash[HASH_LEN];
    if (key.ptr == NULL)
        return ERR_OK;
    if (key.len < 1 || key.len > KEY_MAX || !ascii_printable(key))
        return problem(&rq->problem, ERR_MALFORMED, "Idempotency-Key", "must be 1 to %d printable ASCII characters",
                       KEY_MAX);
    store_be32(at, (uint32_t)number);
    const struct span name[] = {span_str(pb->party->id), SPAN("\0key\0"), key, span_of((const char *)at, sizeof at)};
    const struct span sent[] = {rq->path, SPAN("\0"), row};
    sha256v(name, sizeof name / sizeof *name, hash);
    memcpy(pb->nonce.key, hash, sizeof pb->nonce.key);
    sha256v(sent, sizeof sent / sizeof *sent, pb->nonce.request_sha256);
    pb->nonce.keep_s = KEPT_S;
    pb->nonce.used = true;
    return ERR_OK;
}

static enum err make_job(const struct rows *r, struct slot *s)
{
    struct postback *pb = arena_alloc(s->rq.arena, sizeof *pb);
    struct span row = r->row[s->row];
    memset(pb, 0, sizeof *pb);
    pb->rq = &s->rq;
    pb->party = s->rq.caller;
    pb->trust = TRUST_API;
    pb->crm = r->crm;
    postback_by_token(pb, r->one || r->n_columns > 0 ? row : text_trim(row, " \t\r\n"));
    enum err err = r->n_columns > 0 ? csv_fields(pb, r, row) : postback_json_fields(pb, row);
    if (r->campaign != NULL && pb->field[FIELD_CAMPAIGN].ptr == NULL)
        pb->field[FIELD_CAMPAIGN] = span_str(r->campaign->id);
    bool state = pb->field[FIELD_STATUS].ptr != NULL || span_is(pb->field[FIELD_EVENT], "sale");
    if (err == ERR_OK && r->kind->leads && state)
        err = problem(&s->rq.problem, ERR_MALFORMED, pb->field[FIELD_STATUS].ptr != NULL ? "status" : "event",
                      "says what became of a lead: send it to /v1/dispositions");
    if (err == ERR_OK)
        err = use_key(pb, row, s->row);
    if (err == ERR_OK)
        err = r->kind->leads ? postback_job(pb, &s->job) : postback_disposition(pb, &s->job);
    s->ignored = postback_ignored(pb);
    return err;
}

/* ---- answers ---- */

static void write_refusal(struct jw *w, const struct slot *s)
{
    const struct problem *p = &s->rq.problem;
    char type[64];
    snprintf(type, sizeof type, "urn:countersign:problem:%s", err_word(s->err));
    jw_object(w);
    if (p->detail[0])
        jw_kstr(w, "detail", span_str(p->detail));
    if (p->field[0])
        jw_kstr(w, "field", span_str(p->field));
    jw_kint(w, "row", (int64_t)s->row);
    jw_kint(w, "status", err_status(s->err));
    jw_kstr(w, "title", span_str(err_title(s->err)));
    jw_kstr(w, "type", span_str(type));
    jw_object_end(w);
}

/* What the entry of a job that was recorded says. */
static enum err write_recorded(struct request *rq, struct rows *r, struct slot *s, struct jw *w)
{
    struct entry e;
    const struct job *job = s->job;
    const struct contract *k = catalog_contract_number(rq->catalog, job->out_contract);
    if (k == NULL)
        return worker_fails(rq, ERR_INTERNAL, "contract %u of the answer is not known", job->out_contract);
    enum err err = entry_read(job->entry, &e, &rq->problem);
    if (err != ERR_OK)
        return err;
    const struct answering how = {s->ignored, rq->worker->tokens,
                                  r->kind->leads || r->one ? rq->worker->statement_signer : NULL,
                                  r->one ? NULL : &s->row};
    postback_answer(w, k, job->index, &job->leaf, &e, &how);
    if (e.kind == ENTRY_LEAD && !job->replayed)
        METRIC_ADD(rq->worker->counters, leads[e.lead.status][e.lead.reason], 1);
    entry_close(&e);
    return ERR_OK;
}

/* The call itself does not fail: so the first failure of a row is told here. */
static void tell_failure(struct request *rq, struct rows *r, const struct slot *s)
{
    struct span cause = s->job != NULL && s->pushed && !span_empty(s->job->cause) ? s->job->cause : rq->cause;
    if (err_status(s->err) < 500 || r->told)
        return;
    r->told = true;
    log_line(LOG_ERROR, rq->id, "row_failed", "row %zu of %zu: %s: %.*s", s->row, r->n, err_word(s->err),
             (int)cause.len, cause.ptr);
}

static void write_row(struct request *rq, struct rows *r, struct slot *s)
{
    if (s->err == ERR_OK)
        s->err = write_recorded(rq, r, s, &r->w);
    tell_failure(rq, r, s);
    if (s->err != ERR_OK)
        write_refusal(&r->w, s);
}

static void note_outcome(struct slot *s)
{
    if (s->job != NULL && s->pushed) {
        s->err = s->job->err;
        if (s->err != ERR_OK)
            s->rq.problem = s->job->problem;
    }
    if (strcmp(s->rq.problem.field, "nonce") == 0)
        problem(&s->rq.problem, ERR_CONFLICT, "Idempotency-Key", "was used for another row; use a new key");
    s->done = true;
}

/* An object alone: a postback's answer, or problem. */
static enum err answer_one(struct request *rq, struct rows *r, struct slot *s, struct reply *reply)
{
    enum err err = s->err;
    if (err == ERR_OK) {
        err = write_recorded(rq, r, s, &r->w);
    } else {
        rq->problem = s->rq.problem;
        rq->cause = arena_copy(rq->arena, s->job != NULL && s->pushed ? s->job->cause : s->rq.cause);
        refuse(rq, err);
    }
    if (err == ERR_OK) {
        jw_close(&r->w);
        reply_body(rq, reply, "application/json", buf_span(&r->answer));
        reply_header(reply, "Cache-Control", SPAN("no-store"));
        if (s->job->replayed && s->job->record.kind == RECORD_LEAD && s->job->record.lead.nonce.used)
            reply_header(reply, "Idempotent-Replayed", SPAN("true"));
    }
    return err;
}

static void answer_all(struct rows *r, struct reply *reply)
{
    jw_array_end(&r->w);
    jw_object_end(&r->w);
    jw_close(&r->w);
    reply_body_take(reply, "application/json", &r->answer);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
}

/* ---- the call ---- */

static enum err find_place(struct request *rq)
{
    uint32_t *of = rq->worker->rows_of, *place = NULL;
    size_t own = 0;
    for (size_t i = 0; i < ROWS_CALLS; i++) {
        own += of[i] == rq->caller->number;
        place = of[i] == 0 ? &of[i] : place;
    }
    if (own >= ROWS_OF_PARTY)
        return problem(&rq->problem, ERR_RATE, "", "%d of your calls of many rows are under way: wait for an answer",
                       ROWS_OF_PARTY);
    if (place == NULL)
        return problem(&rq->problem, ERR_BUSY, "", "too many calls of many rows are under way: send it again");
    *place = rq->caller->number;
    return ERR_OK;
}

static void leave_place(struct request *rq)
{
    for (size_t i = 0; i < ROWS_CALLS; i++)
        if (rq->worker->rows_of[i] == rq->caller->number) {
            rq->worker->rows_of[i] = 0;
            return;
        }
}

static enum err begin(struct request *rq, struct rows *r)
{
    enum err err = r->one ? ERR_OK : find_place(rq);
    if (err == ERR_OK && !r->one && (err = party_may(rq, rq->caller, (uint32_t)r->n)) != ERR_OK)
        leave_place(rq);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < AT_ONCE && i < r->n; i++) {
        r->slot[i] = xcalloc(1, sizeof *r->slot[i]);
        r->slot[i]->rq.arena = r->one ? rq->arena : arena_new(); /* the edge looks at an only job */
    }
    buf_heap(&r->answer);
    jw_open(&r->w, &r->answer);
    if (r->one)
        return ERR_OK;
    jw_object(&r->w);
    jw_key(&r->w, "data");
    jw_array(&r->w);
    return ERR_OK;
}

static void end(struct request *rq, struct rows *r)
{
    for (size_t i = 0; i < AT_ONCE && r->slot[i] != NULL; i++) {
        if (!r->one)
            arena_free(r->slot[i]->rq.arena);
        free(r->slot[i]);
    }
    buf_free(&r->answer);
    if (!r->one)
        leave_place(rq);
}

static struct slot *slot_at(struct rows *r, size_t i)
{
    return r->slot[(r->first + i) % (r->n < AT_ONCE ? r->n : AT_ONCE)];
}

/* Into the next free slot, to the job that is to be pushed, or to a refusal. */
static void take_row(struct request *rq, struct rows *r)
{
    struct slot *s = slot_at(r, r->held++);
    struct arena *arena = s->rq.arena;
    *s = (struct slot){.rq = *rq, .row = r->next++};
    s->rq.arena = arena;
    s->rq.problem = (struct problem){.field = ""};
    s->err = r->stopped;
    if (s->err != ERR_OK)
        problem(&s->rq.problem, s->err, "", "this row was not taken: send it again");
    else
        s->err = make_job(r, s);
    if (s->err != ERR_OK)
        note_outcome(s);
}

/* False: the queue is full, and a job that comes back will make us try again. */
static bool push(struct request *rq, struct rows *r, struct slot *s)
{
    s->job->request = rq;
    s->job->behind = !r->one;
    s->err = worker_submit(rq, s->job);
    if (s->err == ERR_PENDING) {
        s->pushed = r->taken = true;
        r->with_committer++;
        return true;
    }
    if (r->with_committer > 0)
        return false;
    r->stopped = s->err;
    problem(&s->rq.problem, s->err, "", "too much waits to be recorded: send it again");
    note_outcome(s);
    return true;
}

/* Answers what has come back, in order, and sends on what has room. */
static void go_on(struct request *rq, struct rows *r)
{
    for (bool room = true; room;) {
        for (size_t i = 0; i < r->held && room; i++) {
            struct slot *s = slot_at(r, i);
            room = s->done || s->pushed || push(rq, r, s);
        }
        while (r->held > 0 && slot_at(r, 0)->done && !r->one) {
            write_row(rq, r, slot_at(r, 0));
            arena_reset(slot_at(r, 0)->rq.arena);
            r->first++;
            r->held--;
        }
        if (r->next == r->n || r->held == AT_ONCE || !room)
            return;
        take_row(rq, r);
    }
}

static void came_back(struct rows *r, const struct job *job)
{
    size_t i = 0;
    while (i < r->held && slot_at(r, i)->job != job)
        i++;
    assert(i < r->held && r->with_committer > 0);
    r->with_committer--;
    note_outcome(slot_at(r, i));
    if (job->err == ERR_FULL)
        r->stopped = ERR_FULL;
}

enum err rows_finish(struct request *rq, struct job *job, struct reply *reply)
{
    struct rows *r = (struct rows *)(uintptr_t)rq->kept.ptr;
    enum err err = job == NULL ? begin(rq, r) : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (job != NULL)
        came_back(r, job);
    go_on(rq, r);
    if (r->with_committer > 0)
        return ERR_PENDING;
    if (r->one)
        err = answer_one(rq, r, slot_at(r, 0), reply);
    else if (r->stopped != ERR_OK && !r->taken)
        err = problem(&rq->problem, r->stopped, "", "too much waits to be recorded: send it again");
    else
        answer_all(r, reply);
    end(rq, r);
    return err;
}
