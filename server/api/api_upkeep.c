/* GET /v1/upkeep, POST /v1/backups, POST /v1/checks: copies and checks of the server's folder. */
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/upkeep/upkeep.h"

/* ---- what is known ---- */

static void jw_last(struct jw *w, const char *data, enum upkeep_kind kind)
{
    struct upkeep_note note;
    enum err err = note_read(data, kind, &note);
    if (err != ERR_OK) {
        if (err != ERR_NOT_FOUND)
            jw_kbool(w, "last_unreadable", true);
        return;
    }
    jw_key(w, "last");
    jw_object(w);
    jw_ktime(w, "at", note.at_ms);
    if (note.text[0] != '\0')
        jw_kstr(w, kind == UPKEEP_BACKUP ? "folder" : "sentence", span_str(note.text));
    jw_kint(w, "took_ms", note.took_ms);
    jw_kstr(w, "verdict", span_str(note.verdict));
    jw_object_end(w);
}

static void jw_running(struct jw *w, const struct upkeep_state *s, enum upkeep_kind kind)
{
    jw_key(w, "running");
    jw_object(w);
    if (kind == UPKEEP_BACKUP) {
        jw_kint(w, "bytes", (int64_t)s->bytes);
        jw_kbool(w, "checks", s->checks);
    }
    jw_ktime(w, "since", s->since_ms);
    jw_object_end(w);
}

static void jw_upkeep(struct jw *w, const struct worker *worker, enum upkeep_kind kind)
{
    const char *dir = worker->settings->options.backup_dir.text;
    struct upkeep_state s;
    upkeep_state(worker->server->upkeep, kind, &s);
    jw_key(w, upkeep_word(kind));
    jw_object(w);
    if (kind == UPKEEP_BACKUP && dir[0] != '\0')
        jw_kstr(w, "dir", span_str(dir));
    if (s.failed_ms != 0) {
        jw_key(w, "failed");
        jw_object(w);
        jw_ktime(w, "at", s.failed_ms);
        jw_kstr(w, "detail", span_str(s.words));
        jw_object_end(w);
    }
    jw_last(w, worker->settings->options.data.text, kind);
    if (s.running)
        jw_running(w, &s, kind);
    jw_object_end(w);
}

enum err upkeep_get(struct request *rq, struct reply *reply)
{
    struct answer a;
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    jw_object(&a.w);
    for (int k = 0; k < UPKEEPS; k++)
        jw_upkeep(&a.w, rq->worker, (enum upkeep_kind)k);
    jw_object_end(&a.w);
    answer_reply(&a, rq, reply);
    return ERR_OK;
}

/* ---- asking for one: told among the changes first, then begun ---- */

static enum err ask_for(struct request *rq, enum upkeep_kind kind)
{
    static const struct body_member none[] = {{NULL}};
    bool runs = false;
    enum err err = body_read(rq, none, NULL);
    if (err == ERR_OK)
        err = upkeep_can(rq->worker->server->upkeep, kind, &runs, &rq->problem);
    if (err != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_UPKEEP, NULL);
    job->record.upkeep.check = kind == UPKEEP_CHECK;
    job->record.upkeep.runs = runs;
    job->record.upkeep.by = rq->caller->number;
    return call_submit(rq, job);
}

enum err backups_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    return ask_for(rq, UPKEEP_BACKUP);
}

enum err checks_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    return ask_for(rq, UPKEEP_CHECK);
}

enum err upkeep_run(struct batch *cx, struct job *job)
{
    struct answer a;
    (void)cx;
    if (job->record.upkeep.runs) /* here, behind the same call's answer of before */
        return problem(&job->problem, ERR_CONFLICT, "", "a backup or a check is being made: wait for its end");
    answer_open(&a);
    jw_object(&a.w);
    jw_ktime(&a.w, "asked_at", job->record.now_ms);
    jw_object_end(&a.w);
    answer_job(&a, job, 202);
    return ERR_OK;
}

/* What was asked before under the same key is not made again. */
enum err upkeep_finish(struct request *rq, struct job *job, struct reply *reply)
{
    enum err err = control_finish(rq, job, reply);
    if (err == ERR_OK && !job->replayed)
        upkeep_ask(rq->worker->server->upkeep, job->record.upkeep.check ? UPKEEP_CHECK : UPKEEP_BACKUP,
                   job->record.now_ms);
    return err;
}
