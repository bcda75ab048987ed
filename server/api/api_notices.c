/* Which notices a party wants by e-mail. They tell of what stands committed, and decide nothing. */
#include "common/base/bytes.h"
#include "common/commit/notice.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/commit/notice_rows.h"

/* ---- output ---- */

/* row NULL: none are wanted. */
static void jw_notices(struct jw *w, const struct party *p, const struct notice_row *row)
{
    jw_object(w);
    if (row != NULL)
        jw_kstr(w, "email", span_str(row->email));
    if (row != NULL) {
        jw_key(w, "kinds");
        jw_array(w);
        for (enum notice n = 0; n < NOTICES; n++)
            if (row->kinds & 1U << n)
                jw_str(w, span_str(notice_word(n)));
        jw_array_end(w);
        jw_kstr(w, "language", span_str(language_word(row->language)));
    }
    jw_kstr(w, "party", span_str(p->id));
    jw_object_end(w);
}

/* ---- the fold ---- */

static enum err note_sent(struct batch *cx, const struct record *r)
{
    struct notice_row row;
    enum err err = notice_row_get(cx->txn, r->notices.party, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* it was said meanwhile that none are wanted */
    row.sent[r->notices.kind].day = r->notices.day;
    memcpy(row.sent[r->notices.kind].digest, r->notices.digest, HASH_LEN);
    return notice_row_put(cx->txn, r->notices.party, &row);
}

enum err notices_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct party *p = catalog_party_number(cx->catalog, r->notices.party);
    struct notice_row row;
    struct answer a;
    if (r->notices.sent)
        return note_sent(cx, r);
    enum err err = notice_row_get(cx->txn, p->number, &row);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    bool was = err == ERR_OK, wanted = !span_empty(r->notices.email);
    if (wanted) {
        row.by = r->notices.by;
        row.language = r->notices.language;
        row.kinds = r->notices.kinds;
        row.since_ms = cx->now_ms;
        call_maker(r, row.maker);
        memset(row.email, 0, sizeof row.email);
        memcpy(row.email, r->notices.email.ptr, r->notices.email.len);
    }
    answer_open(&a);
    jw_notices(&a.w, p, wanted ? &row : NULL);
    answer_job(&a, job, 200);
    if (wanted)
        return notice_row_put(cx->txn, p->number, &row);
    return was ? notice_row_del(cx->txn, p->number) : ERR_OK;
}

/* ---- the calls ---- */

static enum err own_party(struct request *rq, const struct party **p)
{
    enum err err = call_party(rq, rq->param[0], p);
    if (err == ERR_OK && rq->caller->number != (*p)->number)
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "only the party itself says which notices it wants");
    return err;
}

static enum err read_language(struct request *rq, struct span word, enum language *out)
{
    *out = LANGUAGE_EN;
    for (enum language l = 0; l < LANGUAGES; l++)
        if (span_is(word, language_word(l))) {
            *out = l;
            return ERR_OK;
        }
    return span_empty(word) ? ERR_OK : problem(&rq->problem, ERR_INVALID, "language", "must be en, fr or zh-Hans");
}

static enum err read_kinds(struct request *rq, const json_t *list, unsigned *out)
{
    size_t i;
    const json_t *v;
    *out = 0;
    json_array_foreach((json_t *)list, i, v)
    {
        enum notice n;
        if (!json_is_string(v) || notice_parse(span_str(json_string_value(v)), &n) != ERR_OK)
            return problem(&rq->problem, ERR_INVALID, "kinds",
                           "must be a list of statement, budget, cap, quiet, refused and webhook");
        *out |= 1U << n;
    }
    return *out != 0 ? ERR_OK : problem(&rq->problem, ERR_INVALID, "kinds", "must name one at least");
}

static enum err read_wish(struct request *rq, const json_t *body, struct record *r)
{
    static const char *const members[] = {"email", "kinds", "language", NULL};
    struct span email = SPAN(""), language = SPAN("");
    const json_t *kinds = NULL;
    enum err err = json_only(body, "", members, &rq->problem);
    if (err == ERR_OK)
        err = json_get_str(body, "", "email", MAIL_ADDRESS_MAX, &email, NULL, &rq->problem);
    if (err == ERR_OK && !mail_address_ok(email))
        err = problem(&rq->problem, ERR_INVALID, "email", "must be an e-mail address in ASCII, without quotes");
    if (err == ERR_OK)
        err = json_get_str(body, "", "language", 16, &language, NULL, &rq->problem);
    if (err == ERR_OK)
        err = read_language(rq, language, &r->notices.language);
    if (err == ERR_OK)
        err = json_get_array(body, "", "kinds", NOTICES, &kinds, NULL, &rq->problem);
    if (err == ERR_OK)
        err = read_kinds(rq, kinds, &r->notices.kinds);
    r->notices.email = arena_copy(rq->arena, email);
    return err;
}

static struct job *job_of(struct request *rq, const struct party *p)
{
    struct job *job = worker_job(rq, RECORD_NOTICES, NULL);
    job->record.notices.party = p->number;
    job->record.notices.by = rq->caller->number;
    return job;
}

enum err notices_put(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    json_t *body;
    enum err err = own_party(rq, &p);
    if (err != ERR_OK || (err = body_object(rq, &body)) != ERR_OK)
        return err;
    struct job *job = job_of(rq, p);
    err = read_wish(rq, body, &job->record);
    json_decref(body);
    if (err == ERR_OK && rq->worker->settings->options.smtp_url.text[0] == '\0')
        err = problem(&rq->problem, ERR_CONFLICT, "", "this server sends no e-mail: its operator has to set smtp_url");
    return err == ERR_OK ? call_submit(rq, job) : err;
}

enum err notices_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    enum err err = own_party(rq, &p);
    return err == ERR_OK ? call_submit(rq, job_of(rq, p)) : err;
}

enum err notices_get(struct request *rq, struct reply *reply)
{
    const struct party *p;
    struct notice_row row;
    struct txn *t;
    struct answer a;
    enum err err = call_party_alone(rq, &p);
    if (err != ERR_OK || (err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    err = notice_row_get(t, p->number, &row);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    answer_open(&a);
    jw_notices(&a.w, p, err == ERR_OK ? &row : NULL);
    answer_reply(&a, rq, reply);
    return ERR_OK;
}
