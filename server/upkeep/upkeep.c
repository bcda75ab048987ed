#include "server/upkeep/upkeep.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/system/log.h"
#include "server/system/system.h"

struct upkeep {
    int helper;
    pid_t process;
    bool may_copy; /* a folder is set */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    bool gone, stops;
    struct upkeep_state of[UPKEEPS];
};

/* ---- what the helper says ---- */

static void tell_end(const struct upkeep_told *t)
{
    const char *word = upkeep_word((enum upkeep_kind)t->kind);
    if (t->status == 0)
        log_line(LOG_INFO, 0, word, "made as asked for: it holds");
    else
        log_line(LOG_ERROR, 0, word, "asked for, and status %d: %s", t->status, t->words);
}

static void take(struct upkeep *u, const struct upkeep_told *t)
{
    pthread_mutex_lock(&u->lock);
    struct upkeep_state *s = &u->of[t->kind];
    s->running = !t->ended;
    s->checks = t->checks;
    s->bytes = t->bytes;
    if (t->ended) {
        s->failed_ms = t->status == 0 ? 0 : clock_ms();
        memcpy(s->words, t->words, sizeof s->words);
    }
    pthread_mutex_unlock(&u->lock);
    if (t->ended)
        tell_end(t);
}

/* What ran is not made. */
static void lose(struct upkeep *u)
{
    pthread_mutex_lock(&u->lock);
    bool asked = u->stops;
    u->gone = true;
    for (int i = 0; i < UPKEEPS; i++)
        if (u->of[i].running) {
            u->of[i].running = false;
            u->of[i].failed_ms = clock_ms();
            snprintf(u->of[i].words, sizeof u->of[i].words, "it was cut off");
        }
    pthread_mutex_unlock(&u->lock);
    if (!asked)
        log_line(LOG_ERROR, 0, "helper_gone",
                 "the process that copies and checks the folder has ended: neither is made any more until a restart");
}

static void *run(void *arg)
{
    struct upkeep *u = arg;
    struct upkeep_told t;
    ssize_t n;
    thread_is("upkeep", THREAD_BEHIND);
    while ((n = recv(u->helper, &t, sizeof t, 0)) != 0 && (n > 0 || errno == EINTR)) {
        t.words[UPKEEP_WORDS] = '\0';
        if (n == (ssize_t)sizeof t && t.kind < UPKEEPS)
            take(u, &t);
    }
    lose(u);
    return NULL;
}

/* ---- life ---- */

struct upkeep *upkeep_start(int helper, pid_t process, const char *backup_dir)
{
    struct upkeep *u = xcalloc(1, sizeof *u);
    u->helper = helper;
    u->process = process;
    u->may_copy = backup_dir[0] != '\0';
    pthread_mutex_init(&u->lock, NULL);
    thread_start(&u->thread, run, u);
    return u;
}

void upkeep_stop(struct upkeep *u)
{
    if (u == NULL)
        return;
    pthread_mutex_lock(&u->lock);
    u->stops = true;
    pthread_mutex_unlock(&u->lock);
    shutdown(u->helper, SHUT_RDWR); /* by which it ends */
    pthread_join(u->thread, NULL);
    waitpid(u->process, NULL, 0);
    close(u->helper);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

/* ---- what others ask ---- */

void upkeep_state(struct upkeep *u, enum upkeep_kind kind, struct upkeep_state *out)
{
    *out = (struct upkeep_state){.running = false};
    if (u == NULL)
        return;
    pthread_mutex_lock(&u->lock);
    *out = u->of[kind];
    pthread_mutex_unlock(&u->lock);
}

enum err upkeep_can(struct upkeep *u, enum upkeep_kind kind, bool *runs, struct problem *p)
{
    if (u != NULL && kind == UPKEEP_BACKUP && !u->may_copy)
        return problem(p, ERR_CONFLICT, "backup_dir",
                       "is not set: add the line `backup_dir = /folder/for/copies` to the server's settings, and "
                       "start it again");
    if (u == NULL)
        return problem(p, ERR_CONFLICT, "", "the server has no process for it: run `countersign %s` on its machine",
                       upkeep_word(kind));
    pthread_mutex_lock(&u->lock);
    bool gone = u->gone;
    *runs = u->of[UPKEEP_BACKUP].running || u->of[UPKEEP_CHECK].running;
    pthread_mutex_unlock(&u->lock);
    if (gone)
        return problem(p, ERR_CONFLICT, "",
                       "the process that does it has ended: start the server again, or run `countersign %s` on its "
                       "machine",
                       upkeep_word(kind));
    return ERR_OK;
}

void upkeep_ask(struct upkeep *u, enum upkeep_kind kind, int64_t now_ms)
{
    const uint8_t asked = (uint8_t)kind;
    pthread_mutex_lock(&u->lock);
    bool begins = !u->gone && !u->of[kind].running;
    if (begins)
        u->of[kind] = (struct upkeep_state){.running = true, .since_ms = now_ms};
    pthread_mutex_unlock(&u->lock);
    if (begins)
        (void)!send(u->helper, &asked, 1, MSG_NOSIGNAL); /* one that is gone shows on the thread */
}
