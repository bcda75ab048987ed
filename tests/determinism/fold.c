/* `fold DIR RECORDING N [FAULT]` folds a recording (recorder.c) into a data folder as it was before the recorded run,
 * in batches of at most N records, and says how many there were of each kind and in the largest batch. FAULT spoils one
 * kind's run: the tables must show it. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/commit/committer.h"
#include "server/jobs.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { MAP_SIZE = 1 << 30 };

/* ---- faults ---- */

static enum err at_the_present_time(struct batch *cx, struct job *job)
{
    cx->now_ms = clock_ms();
    return job_runs[job->record.kind](cx, job);
}

static enum err under_a_random_id(struct batch *cx, struct job *job)
{
    random_id('C', job->record.contract.id);
    return job_runs[job->record.kind](cx, job);
}

/* The first two heads change places. What rests on the first one is refused then, and what rests on that. */
static enum err last_head_first(struct batch *cx, struct job *job)
{
    static struct record before;
    static char note[LIMIT_NOTE];
    static int heads;
    struct job first = {.record = before, .arena = job->arena};
    if (++heads > 2)
        return job_runs[job->record.kind](cx, job);
    if (heads == 1) {
        before = job->record;
        memcpy(note, before.publish.note.ptr, before.publish.note.len);
        before.publish.note.ptr = note;
        return ERR_OK;
    }
    enum err err = job_runs[job->record.kind](cx, job);
    cx->record = &first.record;
    return err == ERR_OK ? job_runs[first.record.kind](cx, &first) : err;
}

static const struct fault {
    const char *name;
    enum record_kind kind;
    job_run *run;
} faults[] = {
    {"clock", RECORD_CODE, at_the_present_time},
    {"chance", RECORD_CONTRACT, under_a_random_id},
    {"order", RECORD_PUBLISH, last_head_first},
};

static void spoil(job_run *runs[RECORD_KINDS], const char *name)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(name, faults[i].name) == 0) {
            runs[faults[i].kind] = faults[i].run;
            return;
        }
    die("there is no fault \"%s\"", name);
}

/* ---- the fold ---- */

struct fold {
    struct committer *committer;
    struct arena *arena;
    size_t n, most, largest;
    struct job *jobs, **batch; /* room for `most` */
    size_t counts[RECORD_KINDS];
};

static void run_batch(struct fold *f)
{
    bool wrote;
    if (f->n == 0)
        return;
    enum err err = committer_run(f->committer, f->batch, f->n, &wrote);
    if (err != ERR_OK)
        die("a batch of %zu: %s", f->n, err_word(err));
    arena_reset(f->arena);
    if (f->n > f->largest)
        f->largest = f->n;
    f->n = 0;
}

static void take(struct fold *f, struct span bytes)
{
    struct record r;
    enum err err = record_read(bytes, &r);
    if (err != ERR_OK)
        die("a record: %s", err_word(err));
    bool alone = record_flags(r.kind) & RECORD_ALONE;
    if (alone)
        run_batch(f);
    f->jobs[f->n] = (struct job){.record = r, .arena = f->arena};
    f->batch[f->n] = &f->jobs[f->n];
    f->n++;
    f->counts[r.kind]++;
    if (alone || f->n == f->most)
        run_batch(f);
}

static void take_all(struct fold *f, struct span recording)
{
    while (recording.len > 0) {
        size_t len = recording.len >= 4 ? load_be32(recording.ptr) : 0;
        if (recording.len < 4 || recording.len - 4 < len)
            die("the recording is cut");
        take(f, span_of(recording.ptr + 4, len));
        recording = span_of(recording.ptr + 4 + len, recording.len - 4 - len);
    }
    run_batch(f);
}

static void fold(struct instance *in, job_run *const *runs, struct span recording, size_t most)
{
    struct fold f = {.arena = arena_new(), .most = most};
    const struct committer_setup setup = {.instance = in, .runs = runs};
    f.jobs = xcalloc(most, sizeof *f.jobs);
    f.batch = xcalloc(most, sizeof *f.batch);
    enum err err = committer_open(&setup, &f.committer);
    if (err != ERR_OK)
        die("the committer: %s", err_word(err));
    take_all(&f, recording);
    committer_close(f.committer);
    arena_free(f.arena);
    free(f.jobs);
    free(f.batch);
    for (int k = 1; k < RECORD_KINDS; k++)
        printf("%s %zu\n", record_word((enum record_kind)k), f.counts[k]);
    printf("batch %zu\n", f.largest);
}

int main(int argc, char **argv)
{
    job_run *runs[RECORD_KINDS];
    struct instance in;
    struct buf recording;
    const char *what;
    size_t most = argc >= 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (argc > 5 || most < 1 || most > BATCH_MAX)
        die("usage: fold DIR RECORDING 1..%d [FAULT]", BATCH_MAX);
    memcpy(runs, job_runs, sizeof runs);
    if (argc == 5)
        spoil(runs, argv[4]);
    buf_heap(&recording);
    enum err err = file_read(argv[2], 256 << 20, &recording);
    if (err != ERR_OK)
        die("%s: %s", argv[2], err_word(err));
    err = instance_open(&in, argv[1], STORE_SERVE, MAP_SIZE, &what);
    if (err != ERR_OK)
        die("%s of %s: %s", what, argv[1], err_word(err));
    fold(&in, runs, buf_span(&recording), most);
    instance_close(&in);
    buf_free(&recording);
    return 0;
}
