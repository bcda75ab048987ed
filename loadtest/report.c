#include <stdio.h>

#include "common/base/json_write.h"
#include "loadtest/run.h"

static const struct {
    const char *word;
    uint32_t ppm;
} points[] = {{"p50_us", 500000}, {"p90_us", 900000}, {"p99_9_us", 999000}, {"p99_us", 990000}}; /* in key order */

static const char *const failure_words[FAILURES] = {
#define X(symbol, word, meaning) word,
    FAILURE_TABLE(X)
#undef X
};

static uint64_t us(uint64_t ns)
{
    return (ns + 500) / 1000;
}

static uint64_t per_s(const struct result *r, uint64_t n)
{
    return r->wall_ns ? (uint64_t)((unsigned __int128)n * 1000000000 / r->wall_ns) : 0;
}

static void write_latency(struct jw *w, const struct hdr *h)
{
    jw_key(w, "latency");
    jw_object(w);
    jw_kint(w, "max_us", (int64_t)us(h->max));
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        jw_kint(w, points[i].word, (int64_t)us(hdr_at(h, points[i].ppm)));
    jw_object_end(w);
}

static void write_kind(struct jw *w, const struct kind_result *k)
{
    jw_object(w);
    jw_kint(w, "answered", (int64_t)k->answered);
    write_latency(w, &k->latency_ns);
    jw_kint(w, "no_click_id", (int64_t)k->no_click_id);
    jw_key(w, "status");
    jw_object(w);
    char codes[600][4]; /* keys live until their object ends */
    for (int status = 100; status < 600; status++)
        if (k->status[status]) {
            snprintf(codes[status], sizeof codes[status], "%d", status);
            jw_kint(w, codes[status], (int64_t)k->status[status]);
        }
    jw_object_end(w);
    jw_object_end(w);
}

static void write_outcome(struct jw *w, const struct outcome *o, const char *asked, const char *reason,
                          const char *status)
{
    if (o->n == 0)
        return;
    jw_object(w);
    if (asked != NULL)
        jw_kstr(w, "asked", span_str(asked));
    jw_kint(w, "micros", o->micros);
    jw_kint(w, "n", (int64_t)o->n);
    if (reason != NULL)
        jw_kstr(w, "reason", span_str(reason));
    jw_kstr(w, "status", span_str(status));
    jw_object_end(w);
}

static void write_replay(struct jw *w, const struct replay_result *r)
{
    jw_key(w, "replay");
    jw_object(w);
    jw_key(w, "dispositions");
    jw_array(w);
    for (enum status a = 0; a < STATUS_COUNT; a++)
        for (enum status s = 0; s < STATUS_COUNT; s++)
            write_outcome(w, &r->decided[a][s], status_word(a), NULL, status_word(s));
    jw_array_end(w);
    jw_key(w, "leads");
    jw_array(w);
    for (enum status s = 0; s < STATUS_COUNT; s++)
        for (enum reason why = 0; why < REASON_COUNT; why++)
            write_outcome(w, &r->lead[s][why], NULL, reason_word(why), status_word(s));
    jw_array_end(w);
    jw_kint(w, "rows", (int64_t)r->rows);
    jw_kint(w, "unfinished", (int64_t)r->unfinished);
    jw_object_end(w);
}

static void report_json(const struct result *r, const struct hdr *all)
{
    struct buf b;
    struct jw w;
    buf_heap(&b);
    jw_open(&w, &b);
    jw_object(&w);
    jw_kint(&w, "answered", (int64_t)all->n);
    jw_kint(&w, "busy_ppm", r->wall_ns ? (int64_t)((unsigned __int128)r->cpu_ns * 1000000 / r->wall_ns) : 0);
    jw_key(&w, "failures");
    jw_object(&w);
    static const enum failure in_key_order[FAILURES] = {FAILURE_CLOSED, FAILURE_CONNECT, FAILURE_PROTOCOL,
                                                        FAILURE_TIMEOUT};
    for (size_t i = 0; i < FAILURES; i++)
        jw_kint(&w, failure_words[in_key_order[i]], (int64_t)r->failures[in_key_order[i]]);
    jw_object_end(&w);
    jw_kint(&w, "fired", (int64_t)r->fired);
    jw_key(&w, "kinds");
    jw_object(&w);
    static const enum kind kinds_in_key_order[KINDS] = {KIND_CLICK, KIND_DISPOSITION, KIND_LEAD, KIND_RAW, KIND_VIEW};
    for (size_t i = 0; i < KINDS; i++)
        if (r->kind[kinds_in_key_order[i]].answered) {
            jw_key(&w, kind_words[kinds_in_key_order[i]]);
            write_kind(&w, &r->kind[kinds_in_key_order[i]]);
        }
    jw_object_end(&w);
    write_latency(&w, all);
    jw_kint(&w, "per_s", (int64_t)per_s(r, all->n));
    if (r->replay.rows)
        write_replay(&w, &r->replay);
    jw_kint(&w, "unsent", (int64_t)r->unsent);
    jw_kint(&w, "wall_ms", (int64_t)(r->wall_ns / 1000000));
    jw_object_end(&w);
    jw_close(&w);
    printf("%.*s\n", (int)b.len, b.ptr);
    buf_free(&b);
}

static void print_row(const char *name, const struct result *r, const struct hdr *h)
{
    printf("%-11s %10llu %9llu/s %9llu %9llu %9llu %9llu %9llu\n", name, (unsigned long long)h->n,
           (unsigned long long)per_s(r, h->n), (unsigned long long)us(hdr_at(h, 500000)),
           (unsigned long long)us(hdr_at(h, 900000)), (unsigned long long)us(hdr_at(h, 990000)),
           (unsigned long long)us(hdr_at(h, 999000)), (unsigned long long)us(h->max));
}

static void print_outcome(const char *what, const struct outcome *o, const char *status, const char *why)
{
    if (o->n)
        printf("%-11s %10llu  %s%s%s, %lld micros\n", what, (unsigned long long)o->n, status, *why ? ": " : "", why,
               (long long)o->micros);
}

static void print_replay(const struct replay_result *r)
{
    for (enum status s = 0; s < STATUS_COUNT; s++)
        for (enum reason why = 0; why < REASON_COUNT; why++)
            print_outcome("lead", &r->lead[s][why], status_word(s), reason_word(why));
    for (enum status a = 0; a < STATUS_COUNT; a++)
        for (enum status s = 0; s < STATUS_COUNT; s++)
            print_outcome(status_word(a), &r->decided[a][s], status_word(s), "");
    if (r->unfinished)
        printf("error       leads that were not answered to the end: %llu\n", (unsigned long long)r->unfinished);
}

static void report_text(const struct settings *s, const struct result *r, const struct hdr *all)
{
    unsigned busy = r->wall_ns ? (unsigned)((unsigned __int128)r->cpu_ns * 100 / r->wall_ns) : 0;
    if (s->rate)
        printf("open loop, %lld/s", (long long)s->rate);
    else
        printf("closed loop, flat out");
    printf(", %lld connections, %llu.%03llu s; the generator was busy %u %% of it%s\n\n", (long long)s->connections,
           (unsigned long long)(r->wall_ns / 1000000000), (unsigned long long)(r->wall_ns / 1000000 % 1000), busy,
           busy >= 95 ? ": it was the limit, not the server" : "");
    printf("%-11s %10s %11s %9s %9s %9s %9s %9s\n", "", "answered", "", "p50 us", "p90 us", "p99 us", "p99.9 us",
           "max us");
    for (int k = 0; k < KINDS; k++)
        if (r->kind[k].answered)
            print_row(kind_words[k], r, &r->kind[k].latency_ns);
    print_row("all", r, all);
    printf("\n");
    for (int k = 0; k < KINDS; k++)
        for (int status = 100; status < 600; status++)
            if (r->kind[k].status[status])
                printf("%-11s %d: %llu\n", kind_words[k], status, (unsigned long long)r->kind[k].status[status]);
    if (r->kind[KIND_CLICK].no_click_id)
        printf("click       302 without a click id: %llu\n", (unsigned long long)r->kind[KIND_CLICK].no_click_id);
    for (int f = 0; f < FAILURES; f++)
        if (r->failures[f])
            printf("error       %s: %llu\n", failure_words[f], (unsigned long long)r->failures[f]);
    print_replay(&r->replay);
    if (r->unsent)
        printf("error       due but never sent, since no connection was free: %llu\n", (unsigned long long)r->unsent);
}

void report(const struct settings *s, const struct result *r)
{
    struct hdr all = {0};
    for (int k = 0; k < KINDS; k++)
        hdr_merge(&all, &r->kind[k].latency_ns);
    if (s->json)
        report_json(r, &all);
    else
        report_text(s, r, &all);
}
