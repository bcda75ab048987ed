#include "server/notices/notices.h"

#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/pages/page.h"
#include "server/commit/notice_rows.h"
#include "server/notices/facts.h"
#include "server/notices/smtp_setting.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/worker/mail_links.h"

enum { LOOK_MS = 1000, PAUSE_MOST_MS = 900000 };

/* After a message that was not taken, doubled each time: of one kind to one party, or of all. */
struct pause {
    int64_t ms, again_ms; /* monotonic */
};

struct notices {
    struct worker contexts;
    size_t lane;
    pthread_t thread;
    struct smtp *smtp;
    int64_t again_ms; /* monotonic */
    struct pause down;
    struct pause *refused; /* by party and kind */
    size_t n_refused;
    struct buf lines, digest, body, message;
};

/* ---- one notice ---- */

static void wait_at(struct notices *n)
{
    struct pollfd p = {.fd = source_fd(n->contexts.server->source, n->lane), .events = POLLIN};
    uint64_t count;
    if (poll(&p, 1, LOOK_MS) > 0) {
        ssize_t got = read(p.fd, &count, sizeof count);
        (void)got;
    }
}

static enum err commit(struct notices *n, struct job *job)
{
    struct source *source = n->contexts.server->source;
    enum err err = source_push(source, n->lane, job);
    if (err != ERR_OK)
        return err;
    source_wake(source);
    while (source_finished(source, n->lane) != job)
        wait_at(n);
    return job->err;
}

/* A party's, of one kind, in the state that was read. */
struct draft {
    uint32_t party;
    char id[LIMIT_ID + 1];
    struct buf name;
    struct notice_row row;
    enum notice kind;
    int64_t day;
    uint8_t digest[HASH_LEN];
};

static enum err record_sent(struct notices *n, const struct draft *d)
{
    struct arena *arena = arena_new();
    struct job job = {.arena = arena,
                      .arrived_us = clock_monotonic_us(),
                      .record = {.kind = RECORD_NOTICES, .arrived_ms = clock_ms()}};
    job.record.notices.party = job.record.notices.by = d->party;
    job.record.notices.sent = true;
    job.record.notices.kind = d->kind;
    job.record.notices.day = d->day;
    memcpy(job.record.notices.digest, d->digest, HASH_LEN);
    enum err err = commit(n, &job);
    arena_free(arena);
    return err;
}

static void write_body(struct notices *n, const struct draft *d, struct span link)
{
    const struct instance *in = &n->contexts.server->instance;
    const struct span footer[] = {buf_span(&d->name), span_str(in->public_url), link};
    buf_clear(&n->body);
    buf_str(&n->body, notice_intro(d->row.language, d->kind));
    buf_str(&n->body, "\n\n");
    buf_span_add(&n->body, buf_span(&n->lines));
    buf_str(&n->body, "\n-- \n");
    notice_say(&n->body, d->row.language, NOTICE_LINE_FOOTER, footer, 3);
    buf_byte(&n->body, '\n');
}

static const char *from_of(const struct notices *n)
{
    return n->contexts.settings->options.smtp_from.text;
}

/* The message of these facts is the same whenever it is sent. */
static void write_message(struct notices *n, const struct draft *d)
{
    const struct server *sv = n->contexts.server;
    char code[UNSUBSCRIBE_LEN], id[256];
    struct buf link, ident;
    buf_heap(&link);
    buf_fixed(&ident, id, sizeof id);
    unsubscribe_write(sv->instance.keys, d->party, d->row.email, code);
    buf_printf(&link, "%s/unsubscribe/%.*s", sv->instance.public_url, UNSUBSCRIBE_LEN, code);
    buf_printf(&ident, "%s.%s.", notice_word(d->kind), d->id);
    buf_hex(&ident, d->digest, 16);
    const char *from = from_of(n);
    buf_str(&ident, strchr(from, '@'));
    write_body(n, d, buf_span(&link));
    const struct mail m = {.from = span_str(from),
                           .to = span_str(d->row.email),
                           .subject = span_str(notice_subject(d->row.language, d->kind)),
                           .body = buf_span(&n->body),
                           .message_id = buf_span(&ident),
                           .unsubscribe = buf_span(&link),
                           .language = d->row.language,
                           .at_ms = clock_ms()};
    buf_clear(&n->message);
    mail_write(&n->message, &m);
    buf_free(&link);
}

static int64_t monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

static struct pause *refused_of(struct notices *n, const struct draft *d)
{
    size_t at = (size_t)d->party * NOTICES + d->kind;
    if (at >= n->n_refused) {
        n->refused = xrealloc(n->refused, 2 * (at + 1) * sizeof *n->refused);
        memset(n->refused + n->n_refused, 0, (2 * (at + 1) - n->n_refused) * sizeof *n->refused);
        n->n_refused = 2 * (at + 1);
    }
    return &n->refused[at];
}

static void wait_longer(struct pause *p)
{
    p->ms = p->ms == 0 ? LOOK_MS : p->ms < PAUSE_MOST_MS / 2 ? 2 * p->ms : PAUSE_MOST_MS;
    p->again_ms = monotonic_ms() + p->ms;
}

/* Of one that is not taken. False: nor would another be, and no more is tried for a while. The next round begins with
 * others, so that nobody whose mail a server chokes on keeps theirs back. */
static bool not_taken(struct notices *n, const struct draft *d, enum smtp_outcome outcome, const char *why)
{
    struct pause *refused = refused_of(n, d), *p = outcome == SMTP_DOWN ? &n->down : refused;
    if (p->ms == 0)
        log_line(LOG_WARN, 0, "notice_not_sent", "%s to party %s: %s; it is tried again", notice_word(d->kind), d->id,
                 why);
    wait_longer(refused);
    if (outcome == SMTP_DOWN)
        wait_longer(&n->down);
    else
        n->down = (struct pause){.ms = 0};
    return outcome != SMTP_DOWN;
}

static bool send_off(struct notices *n, const struct draft *d)
{
    const char *why;
    write_message(n, d);
    enum smtp_outcome outcome =
        smtp_send(n->smtp, span_str(from_of(n)), span_str(d->row.email), buf_span(&n->message), &why);
    if (outcome != SMTP_TAKEN)
        return not_taken(n, d, outcome, why);
    n->down = *refused_of(n, d) = (struct pause){.ms = 0};
    enum err err = record_sent(n, d);
    log_line(err == ERR_OK ? LOG_INFO : LOG_WARN, 0, "notice", "%s to party %s%s%s", notice_word(d->kind), d->id,
             err == ERR_OK ? "" : ": sent, but not recorded: ", err == ERR_OK ? "" : err_word(err));
    return true;
}

/* ---- which are due ---- */

/* Whether there is something to tell that was not told. */
static enum err is_due(struct notices *n, struct txn *t, const struct catalog *c, struct draft *d, bool *due)
{
    const struct notice_sent *last = &d->row.sent[d->kind];
    struct facts f = {.w = &n->contexts,
                      .txn = t,
                      .catalog = c,
                      .party = catalog_party_number(c, d->party),
                      .language = d->row.language,
                      .now_ms = clock_ms(),
                      .lines = &n->lines,
                      .digest = &n->digest};
    *due = false;
    if (monotonic_ms() < refused_of(n, d)->again_ms)
        return ERR_OK;
    d->day = f.now_ms / MS_PER_DAY;
    if (!(d->row.kinds & 1U << d->kind) || last->day >= d->day || f.party->locked_ms != 0)
        return ERR_OK;
    buf_clear(&n->lines);
    buf_clear(&n->digest);
    enum err err = facts_find(&f, d->kind);
    sha256(n->digest.ptr, n->digest.len, d->digest);
    *due = err == ERR_OK && n->lines.len > 0 && (last->day == 0 || memcmp(last->digest, d->digest, HASH_LEN) != 0);
    return err;
}

/* One kind of one party, in a state of its own: to send takes as long as a server likes. */
static enum err look_at(struct notices *n, struct draft *d, bool *goes_on)
{
    struct txn *t;
    bool due = false;
    struct catalog *c = catalog_hold(n->contexts.server->instance.catalog);
    const struct party *p = catalog_party_number(c, d->party);
    enum err err = p != NULL ? worker_reader(&n->contexts, &t) : ERR_NOT_FOUND;
    if (err == ERR_OK)
        err = notice_row_get(t, d->party, &d->row);
    if (err == ERR_OK)
        err = is_due(n, t, c, d, &due);
    if (err == ERR_OK && due) {
        memcpy(d->id, p->id, sizeof d->id);
        buf_clear(&d->name);
        buf_span_add(&d->name, p->name);
    }
    worker_reader_end(&n->contexts);
    catalog_unref(c);
    if (err == ERR_OK && due)
        *goes_on = send_off(n, d);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err next_party(struct notices *n, uint32_t *party)
{
    struct txn *t;
    enum err err = worker_reader(&n->contexts, &t);
    if (err == ERR_OK)
        err = notice_row_next(t, party);
    worker_reader_end(&n->contexts);
    return err;
}

static void look(struct notices *n)
{
    struct draft d = {.party = 0};
    bool goes_on = true;
    enum err err = ERR_OK;
    buf_heap(&d.name);
    while (goes_on && (err = next_party(n, &d.party)) == ERR_OK)
        for (d.kind = 0; d.kind < NOTICES && goes_on && !atomic_load(&n->contexts.stopping); d.kind++)
            if ((err = look_at(n, &d, &goes_on)) != ERR_OK)
                log_line(LOG_ERROR, 0, "notice", "%s of party number %u: %s: run countersign check",
                         notice_word(d.kind), d.party, err_word(err));
    if (goes_on && err != ERR_NOT_FOUND)
        log_line(LOG_ERROR, 0, "notice", "which parties want notices does not read (%s)", err_word(err));
    buf_free(&d.name);
}

/* ---- links that sign in ---- */

static void write_link(struct notices *n, const struct notice_row *row, enum language language, const char *code)
{
    const struct server *sv = n->contexts.server;
    struct page g = {.out = &n->body, .language = language};
    char id[256], link[512];
    uint8_t chance[16];
    struct buf ident;
    random_bytes(chance, sizeof chance);
    buf_fixed(&ident, id, sizeof id);
    buf_str(&ident, "sign-in.");
    buf_hex(&ident, chance, sizeof chance);
    buf_str(&ident, strchr(from_of(n), '@'));
    snprintf(link, sizeof link, "%s/sign-in/link/%.*s", sv->instance.public_url, MAIL_LINK_LEN, code);
    buf_clear(&n->body);
    page_say(&g, WORD_LINK_MAIL, &(struct span){sv->instance.host, strlen(sv->instance.host)},
             &(struct span){link, strlen(link)}, (struct span *)NULL);
    buf_clear(&n->message);
    mail_write(&n->message, &(struct mail){.from = span_str(from_of(n)),
                                           .to = span_str(row->email),
                                           .subject = span_str(word_text(language, WORD_LINK_SUBJECT)),
                                           .body = buf_span(&n->body),
                                           .message_id = buf_span(&ident),
                                           .language = language,
                                           .at_ms = clock_ms()});
}

/* By the token that this address was given by, if it is still one of the party's. */
static void send_link(struct notices *n, uint32_t party, const struct notice_row *row, enum language language)
{
    struct server *sv = n->contexts.server;
    char code[MAIL_LINK_LEN];
    const char *why = "";
    struct catalog *c = catalog_hold(sv->instance.catalog);
    const struct api_token *token = catalog_token_hashed(c, row->maker);
    bool opens = api_token_opens(c, token, clock_ms(), NULL) == ERR_OK && token->party->number == party &&
                 token->party->locked_ms == 0;
    catalog_unref(c);
    if (!opens || !mail_links_make(sv->mail_links, row->maker, clock_ms(), code))
        return;
    write_link(n, row, language, code);
    if (smtp_send(n->smtp, span_str(from_of(n)), span_str(row->email), buf_span(&n->message), &why) != SMTP_TAKEN)
        log_line(LOG_WARN, 0, "sign_in_link_not_sent", "to party number %u: %s", party, why);
}

static enum err row_of(struct notices *n, uint32_t party, struct notice_row *out)
{
    struct txn *t;
    enum err err = worker_reader(&n->contexts, &t);
    if (err == ERR_OK)
        err = notice_row_get(t, party, out);
    worker_reader_end(&n->contexts);
    return err;
}

/* To all who have that address; whoever asks learns nothing of it. */
static void send_links(struct notices *n)
{
    char email[MAIL_ADDRESS_MAX + 1];
    enum language language;
    while (!atomic_load(&n->contexts.stopping) && mail_links_asked(n->contexts.server->mail_links, email, &language)) {
        struct notice_row row;
        uint32_t party = 0;
        enum err err = ERR_OK;
        while ((err = next_party(n, &party)) == ERR_OK)
            if (row_of(n, party, &row) == ERR_OK && strcasecmp(row.email, email) == 0)
                send_link(n, party, &row, language);
        if (err != ERR_NOT_FOUND)
            log_line(LOG_ERROR, 0, "sign_in_link", "who has which address does not read (%s)", err_word(err));
    }
}

/* ---- the thread ---- */

/* What was to be tried again later is tried at once: it may be another server. */
static void take_setting(struct notices *n)
{
    struct smtp_setting setting;
    struct problem p;
    const struct server *sv = n->contexts.server;
    if (smtp_setting_read(&n->contexts.settings->options, sv->instance.host, &setting, &p) != ERR_OK) {
        log_line(LOG_ERROR, 0, "smtp_kept", "%s; mail goes as before", p.detail);
        return;
    }
    smtp_close(n->smtp);
    n->smtp = smtp_open(&setting.setup, &n->contexts.stopping);
    n->down = (struct pause){.ms = 0};
    n->again_ms = 0;
    smtp_setting_forget(&setting);
}

static void *run(void *arg)
{
    struct notices *n = arg;
    thread_is("notices", THREAD_BEHIND);
    while (!atomic_load(&n->contexts.stopping)) {
        if (worker_follow(&n->contexts))
            take_setting(n);
        send_links(n);
        if (monotonic_ms() >= n->again_ms && source_clock_sure(n->contexts.server->source)) {
            look(n);
            int64_t round_ms = n->contexts.settings->options.notice_s.number * 1000;
            n->again_ms = monotonic_ms() + (n->down.ms > round_ms ? n->down.ms : round_ms);
        }
        wait_at(n);
    }
    return NULL;
}

struct notices *notices_start(struct server *sv, size_t number, size_t lane)
{
    struct notices *n = xcalloc(1, sizeof *n);
    worker_open(&n->contexts, sv, number);
    n->lane = lane;
    take_setting(n);
    if (n->smtp == NULL)
        die("where mail goes does not read any more: start again");
    buf_heap(&n->lines);
    buf_heap(&n->digest);
    buf_heap(&n->body);
    buf_heap(&n->message);
    thread_start(&n->thread, run, n);
    return n;
}

void notices_stop(struct notices *n)
{
    if (n == NULL)
        return;
    atomic_store(&n->contexts.stopping, true);
    source_nudge(n->contexts.server->source, n->lane);
    pthread_join(n->thread, NULL);
    smtp_close(n->smtp);
    worker_close(&n->contexts);
    buf_free(&n->lines);
    buf_free(&n->digest);
    buf_free(&n->body);
    buf_free(&n->message);
    free(n->refused);
    free(n);
}
