/* The audit runs in a child process: whatever a stranger's mirror does to it, memory included, is an answer. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/reconcile/reconcile.h"
#include "common/settlement/campaign.h"
#include "common/settlement/findings.h"
#include "server/cmd/ahead.h"
#include "server/cmd/child.h"
#include "server/cmd/command.h"
#include "server/cmd/folder.h"
#include "server/cmd/progress.h"
#include "server/cmd/spill.h"
#include "server/cmd/verdict.h"
#include "server/system/log.h"

static enum err no_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    (void)path, (void)offset, (void)max, (void)out;
    return *(enum err *)ctx;
}

static enum err no_list(void *ctx, void (*each)(void *arg, const char *path), void *arg)
{
    (void)each, (void)arg;
    return *(enum err *)ctx;
}

struct opened {
    struct folder *folder; /* NULL: everything in it reads as `err` */
    enum err err;
    struct mirror mirror;
};

static void open_mirror(const char *dir, struct opened *o)
{
    *o = (struct opened){.mirror = {.read = no_read, .list = no_list, .ctx = &o->err}};
    o->err = folder_open(dir, &o->folder);
    if (o->err == ERR_OK)
        o->mirror = folder_mirror(o->folder);
}

static enum err file_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    (void)path;
    while (max > 0) {
        ssize_t n = pread(*(int *)ctx, buf_room(out, max), max, (off_t)offset);
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            break;
        out->len += (size_t)n;
        offset += (uint64_t)n;
        max -= (size_t)n;
    }
    return ERR_OK;
}

static enum err file_list(void *ctx, void (*each)(void *arg, const char *path), void *arg)
{
    (void)ctx;
    each(arg, "");
    return ERR_OK;
}

/* What the user kept: a file, or a folder of them. */
struct kept {
    struct opened folder;
    int fd;
    struct mirror mirror;
};

static const struct mirror *open_kept(const char *path, struct kept *k)
{
    struct stat st;
    *k = (struct kept){.fd = -1};
    if (path == NULL)
        return NULL;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (k->fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
        k->mirror = (struct mirror){.read = file_read, .list = file_list, .ctx = &k->fd};
        return &k->mirror;
    }
    open_mirror(path, &k->folder);
    return &k->folder.mirror;
}

static void close_kept(struct kept *k)
{
    folder_close(k->folder.folder);
    if (k->fd >= 0)
        close(k->fd);
}

enum {
    DIR,
    JSON,
    PIN,
    AGAINST,
    NOT_OLDER,
    RECEIPTS,
    CLICKS,
    RECONCILE,
    MAP,
    FROM,
    TO,
    DATES,
    DECIMAL,
    PARTY,
    CSV,
    WITNESSES,
    PRINT_PIN,
    SCORES_FROM,
    ALL,
    ARGS
};
enum { TEXT_MAX = 1 << 20 };

static void no_line(void *ctx, const struct report_line *line)
{
    if (line->judged && line->verdict != HOLDS)
        verdict_line(ctx, line);
}

/* A name in a mirror may hold anything but controls: what is shown otherwise is no pin for it, but hurts no terminal.
 */
static void print_lines(struct span text)
{
    struct span line;
    struct buf clean;
    buf_heap(&clean);
    while (text_cut(&text, '\n', &line)) {
        buf_clear(&clean);
        utf8_show(&clean, line, LIMIT_LOG_KEY);
        printf("%.*s\n", (int)clean.len, clean.ptr);
    }
    buf_free(&clean);
}

/* What pulls into this folder refused stands beside it, and this audit looks at none of it. */
static void tell_refused(struct verdict_printer *printer, const char *dir)
{
    struct stat st;
    struct buf text;
    buf_heap(&text);
    for (unsigned n = 1; n <= FOLDER_REFUSED; n++) {
        char *name = folder_refused(dir, n);
        bool there = lstat(name, &st) == 0;
        if (!there && errno != ENOENT && errno != ENAMETOOLONG)
            decline("cannot tell whether an earlier pull left %s: %s", name, strerror(errno));
        if (there)
            buf_printf(&text, "%s%s", text.len > 0 ? ", " : "", name);
        free(name);
    }
    if (text.len > 0) {
        buf_str(&text,
                ": what earlier pulls refused, evidence that this audit does not look at; verify each by itself");
        verdict_line(printer, &(struct report_line){.topic = "refused", .sentence = buf_span(&text), .data = SPAN("")});
    }
    buf_free(&text);
}

static const char *further[ARGS_MORE + 1]; /* mirrors of other contracts of the campaign; NULL behind them */

/* One that is missing is told by that mirror's audit. */
static void take_root(struct campaign *c, const char *dir)
{
    struct opened mirror;
    struct buf note;
    buf_heap(&note);
    open_mirror(dir, &mirror);
    enum err err = mirror.mirror.read(mirror.mirror.ctx, "log/checkpoint", 0, LIMIT_NOTE, &note);
    if (err == ERR_OK)
        campaign_root_head(c, dir, buf_span(&note));
    else if (err == ERR_IO)
        decline("cannot read %s/log/checkpoint: look at the disk, and whether this user may read it", dir);
    folder_close(mirror.folder);
    buf_free(&note);
}

/* Each by itself, then all together. */
static int audit_campaign(const char *const given[], struct verify_asked *asked)
{
    struct verdict_printer printer;
    enum verdict all = HOLDS;
    size_t n = 1;
    while (further[n - 1] != NULL)
        n++;
    struct kept receipts, clicks;
    asked->receipts = open_kept(given[RECEIPTS], &receipts);
    asked->clicks = open_kept(given[CLICKS], &clicks);
    asked->campaign = campaign_new(n, given[ALL] != NULL, asked->receipts != NULL, asked->clicks != NULL);
    verdict_open(&printer, given[JSON] != NULL);
    for (size_t i = 0; i < n; i++)
        take_root(asked->campaign, i == 0 ? given[DIR] : further[i - 1]);
    for (size_t i = 0; i < n; i++) {
        const char *dir = i == 0 ? given[DIR] : further[i - 1];
        struct opened mirror;
        open_mirror(dir, &mirror);
        verdict_line(&printer, &(struct report_line){.topic = "mirror", .sentence = span_str(dir), .data = SPAN("")});
        all = verdict_worse(all, verify_mirror(&mirror.mirror, asked, verdict_line, &printer));
        tell_refused(&printer, dir);
        folder_close(mirror.folder);
    }
    all = verdict_worse(all, campaign_judge(asked->campaign, verdict_line, &printer));
    campaign_free(asked->campaign);
    close_kept(&receipts);
    close_kept(&clicks);
    return verdict_close(&printer, all);
}

static int audit(const char *const given[], struct verify_asked *asked)
{
    struct verdict_printer printer;
    struct opened own, other = {.folder = NULL};
    struct kept receipts, clicks;
    struct buf pins;
    bool print_pin = given[PRINT_PIN] != NULL;
    buf_heap(&pins);
    open_mirror(given[DIR], &own);
    if (given[AGAINST] != NULL) {
        open_mirror(given[AGAINST], &other);
        asked->against = &other.mirror;
    }
    asked->receipts = open_kept(given[RECEIPTS], &receipts);
    asked->clicks = open_kept(given[CLICKS], &clicks);
    if (print_pin)
        asked->pin_out = &pins;
    verdict_open(&printer, given[JSON] != NULL);
    enum verdict v = verify_mirror(&own.mirror, asked, print_pin ? no_line : verdict_line, &printer);
    int status;
    if (print_pin && v == HOLDS) {
        status = STATUS_DONE;
        print_lines(buf_span(&pins));
    } else {
        if (!print_pin)
            tell_refused(&printer, given[DIR]);
        status = verdict_close(&printer, v);
    }
    buf_free(&pins);
    folder_close(own.folder);
    folder_close(other.folder);
    close_kept(&receipts);
    close_kept(&clicks);
    return status;
}

/* ---- what is asked ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        decline("the clock cannot be read: %s", strerror(errno));
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

/* 2026-11-26T00:00:00Z, or how long ago: 90m, 36h, 7d. */
static int64_t read_time(const char *text, int64_t now)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'m', 60 * MS_PER_S}, {'h', 3600 * MS_PER_S}, {'d', MS_PER_DAY}};
    struct span s = span_str(text);
    int64_t ms;
    uint64_t n;
    if (time_parse(s, &ms) == ERR_OK && ms > 0)
        return ms;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (s.len > 1 && s.ptr[s.len - 1] == units[i].unit && parse_u64(span_of(s.ptr, s.len - 1), &n) == ERR_OK &&
            n < (uint64_t)(now / units[i].ms))
            return now - (int64_t)n * units[i].ms;
    decline("--not-older-than is \"%.40s\": write a time (2026-11-26T00:00:00Z) or how long ago (90m, 36h, 7d)", text);
}

static struct span read_text(const char *path, const char *what, struct buf *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* and does not wait for who writes into a pipe */
    FILE *f = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
    size_t n = 0;
    buf_heap(out);
    if (fd >= 0 && f == NULL)
        decline("cannot read the %s %s: it is no regular file", what, path);
    while (f != NULL && out->len <= TEXT_MAX && (n = fread(buf_room(out, 4096), 1, 4096, f)) > 0)
        out->len += n;
    if (f == NULL || ferror(f))
        decline("cannot read the %s %s: %s", what, path, strerror(errno));
    if (out->len > TEXT_MAX)
        decline("the %s %s is longer than 1 MiB", what, path);
    fclose(f);
    struct span text = out->len > 0 ? buf_span(out) : SPAN("");
    if (!text_saved(&text))
        decline("the %s %s is UTF-16, not UTF-8: save it as plain text", what, path);
    return text;
}

/* ---- a party's own rows ---- */

static struct bound read_bound(const char *const given[], int arg, const char *name)
{
    struct bound b = {0};
    if (given[arg] != NULL && bound_read(span_str(given[arg]), &b) != ERR_OK)
        decline("%s is \"%.40s\": write a day (2026-11-01) or a time (2026-11-01T00:00:00Z)", name, given[arg]);
    return b;
}

static int one_of(const char *const given[], int arg, const char *name, const char *first, const char *second)
{
    const char *text = given[arg];
    if (text != NULL && strcmp(text, first) != 0 && strcmp(text, second) != 0)
        decline("%s is \"%.40s\": write %s or %s", name, text, first, second);
    return text == NULL ? 0 : strcmp(text, first) == 0 ? 1 : 2;
}

/* As large as it may be: the kernel reads it as it is wanted. */
static struct span map_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0)
        decline("cannot read the rows %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        decline("cannot read the rows %s: they are in no regular file", path);
    if (st.st_size > RECONCILE_BYTES)
        decline("the rows %s are more than %d MiB: divide them, by months for example", path, RECONCILE_BYTES >> 20);
    void *at = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (at == MAP_FAILED)
        decline("cannot read the rows %s: %s", path, strerror(errno));
    close(fd);
    return at != NULL ? span_of(at, (size_t)st.st_size) : SPAN("");
}

static void write_csv(void *ctx, struct buf *out)
{
    fwrite(out->ptr, 1, out->len, ctx);
    buf_clear(out);
}

static void ask_rows(const char *const given[], struct verify_rows *rows, struct verify_asked *asked)
{
    static const int of_rows[] = {MAP, FROM, TO, DATES, DECIMAL, PARTY, CSV};
    for (size_t i = 0; i < sizeof of_rows / sizeof of_rows[0] && given[RECONCILE] == NULL; i++)
        if (given[of_rows[i]] != NULL)
            decline("without --reconcile nothing is asked of rows");
    if (given[RECONCILE] == NULL)
        return;
    *rows = (struct verify_rows){
        .map = span_str(given[MAP]),
        .party = span_str(given[PARTY]),
        .dates = (enum date_order)one_of(given, DATES, "--dates", "dmy", "mdy"),
        .decimal = (enum decimal_mark)one_of(given, DECIMAL, "--decimal", "point", "comma"),
        .from = read_bound(given, FROM, "--from"),
        .to = read_bound(given, TO, "--to"),
        .rows = map_file(given[RECONCILE]),
    };
    if (bounds_cross(&rows->from, &rows->to))
        decline("--from is not before --to: the period would hold nothing");
    if (given[CSV] != NULL) {
        rows->csv_ctx = fopen(given[CSV], "wxe");
        if (rows->csv_ctx == NULL)
            decline("cannot make %s: %s", given[CSV], strerror(errno));
        rows->csv = write_csv;
    }
    asked->own_rows = rows;
}

/* A part, or nothing, is not left for the whole. */
static int end_rows(const char *const given[], const struct verify_rows *rows, int status)
{
    FILE *f = rows->csv_ctx;
    if (f == NULL)
        return status;
    bool told = ftell(f) > 0, bad = ferror(f) != 0;
    bad = fclose(f) != 0 || bad;
    if (bad || !told)
        unlink(given[CSV]);
    if (bad)
        decline("%s could not be written: %s", given[CSV], strerror(errno));
    return status;
}

/* What rows of leads take: of memory, and then of a file's pages. */
static const struct spill_room ROWS_ROOM = {.front = 32 << 20, .window = 224 << 20};

/* With a second thread, where there is a CPU for it. */
static int audit_ahead(const char *const given[], struct verify_asked *asked, struct verify_rows *rows)
{
    struct ahead_thread *thread = ahead_start(ahead_pays());
    const struct ahead ahead = ahead_of(thread);
    struct spill_file *file = spill_open(&ROWS_ROOM, &ahead);
    const struct spill spill = spill_of(file);
    struct progress progress, reading;
    progress_open(&progress, "entries looked at");
    progress_open(&reading, "bytes of the rows read");
    rows->progress = progress_tell;
    rows->progress_ctx = &reading;
    asked->ahead = &ahead;
    asked->spill = &spill;
    asked->progress = progress_tell;
    asked->progress_ctx = &progress;
    int status = further[0] != NULL || given[ALL] != NULL ? audit_campaign(given, asked) : audit(given, asked);
    spill_close(file);
    ahead_stop(thread);
    return status;
}

static int tell_death(int status, bool json)
{
    struct verdict_printer printer;
    struct finding death = {.doubts = 0};
    int sig = WTERMSIG(status);
    finds_doubt(&death, "the verifying process died of signal %d (%s): %s", sig, strsignal(sig),
                sig == SIGBUS ? "a file that it had mapped was cut short meanwhile, or its disk failed"
                              : "out of memory, or a fault of this program");
    verdict_open(&printer, json);
    return verdict_close(&printer, finding_report(&death, "process", "", verdict_line, &printer));
}

static const struct arg args[ARGS] = {
    [DIR] = {.name = "DIR",
             .required = true,
             .help =
                 "a folder that `countersign pull` made; of several, all of one campaign, each is audited, then all "
                 "together",
             .more = further},
    [JSON] = {.name = "--json", .help = "one JSON object instead of lines"},
    [PIN] = {.name = "--pin",
             .value = "FILE",
             .help = "keys and checkpoints that you know from elsewhere: they must hold"},
    [AGAINST] = {.name = "--against",
                 .value = "DIR",
                 .help = "another reader's mirror of this contract: both must have one history"},
    [NOT_OLDER] = {.name = "--not-older-than",
                   .value = "TIME",
                   .help = "of the last entry: 2026-11-26T00:00:00Z, or how long ago: 90m, 36h, 7d"},
    [RECEIPTS] =
        {.name = "--receipts",
         .value = "FILE",
         .help = "what a sender kept, a file or a folder: receipts, answers, {\"request\",\"receipt\"}, one a line"},
    [CLICKS] = {.name = "--clicks",
                .value = "FILE",
                .help = "click ids that a party saw, one a line, each perhaps with the time"},
    [RECONCILE] = {.name = "--reconcile",
                   .value = "FILE",
                   .help = "your own rows, CSV or JSON: what stands on one side alone, or otherwise on each, and why"},
    [MAP] = {.name = "--map", .value = "LIST", .help = "of these, which column is which: \"txid:Order ID,amount:#4\""},
    [FROM] = {.name = "--from", .value = "TIME", .help = "the first day or time that they are about"},
    [TO] = {.name = "--to", .value = "TIME", .help = "the last day, or the time behind the last"},
    [DATES] = {.name = "--dates",
               .value = "ORDER",
               .help = "dmy or mdy, where no row tells whether day or month is first"},
    [DECIMAL] = {.name = "--decimal", .value = "MARK", .help = "point or comma, where no row tells"},
    [PARTY] = {.name = "--party", .value = "ID", .help = "whose they are: of two leads with one txid its own counts"},
    [CSV] = {.name = "--csv", .value = "FILE", .help = "a new file for all that does not match, a line each"},
    [WITNESSES] = {.name = "--witnesses",
                   .value = "FILE",
                   .help = "whose cosignatures of the root log count, and how many: a C2SP tlog-policy"},
    [SCORES_FROM] = {.name = "--scores-from",
                     .value = "ENTRY",
                     .help =
                         "begins to work out scores at this entry, which says what was learnt by then (kind model)"},
    [ALL] = {.name = "--all-contracts", .help = "the DIRs are all contracts of the campaign: no lead may be missing"},
    [PRINT_PIN] = {.name = "--print-pin", .help = "if all holds, prints nothing but what --pin takes"},
};

struct verifying {
    const char *const *given;
    const struct verify_asked *asked;
};

static int verify_alone(const void *ctx)
{
    const struct verifying *v = ctx;
    struct verify_asked asked = *v->asked;
    struct verify_rows rows = {.csv_ctx = NULL};
    mem_last_words(verdict_out_of_memory);
    ask_rows(v->given, &rows, &asked);
    return command_end(&cmd_verify, end_rows(v->given, &rows, audit_ahead(v->given, &asked, &rows)));
}

static int verify(const char *const given[])
{
    bool json = given[JSON] != NULL;
    struct verify_asked asked = {.now_ms = now_ms()};
    struct buf pins, witnesses;
    if (given[NOT_OLDER] != NULL)
        asked.not_older_ms = read_time(given[NOT_OLDER], asked.now_ms);
    if (given[PIN] != NULL)
        asked.pins = read_text(given[PIN], "file of pins", &pins);
    if (given[WITNESSES] != NULL)
        asked.witnesses = read_text(given[WITNESSES], "policy", &witnesses);
    if (given[SCORES_FROM] != NULL &&
        (parse_u64(span_str(given[SCORES_FROM]), &asked.scores_from) != ERR_OK || asked.scores_from == 0))
        decline("--scores-from is \"%.40s\": write the index of an entry", given[SCORES_FROM]);
    static const int of_one[] = {AGAINST, RECONCILE, SCORES_FROM, PRINT_PIN};
    for (size_t i = 0; i < sizeof of_one / sizeof of_one[0]; i++)
        if ((further[0] != NULL || given[ALL] != NULL) && given[of_one[i]] != NULL)
            decline("%s is about one DIR, without --all-contracts", args[of_one[i]].name);
    struct stat own, other;
    if (given[AGAINST] != NULL && stat(given[DIR], &own) == 0 && stat(given[AGAINST], &other) == 0 &&
        own.st_dev == other.st_dev && own.st_ino == other.st_ino)
        decline("--against is the mirror itself: give another reader's");
    const struct verifying v = {given, &asked};
    int status = child_run("the verifying process", verify_alone, &v);
    if (given[PIN] != NULL)
        buf_free(&pins);
    if (given[WITNESSES] != NULL)
        buf_free(&witnesses);
    return WIFEXITED(status) ? WEXITSTATUS(status) : tell_death(status, json);
}

const struct command cmd_verify = {
    .name = "verify",
    .summary = "audit a mirror offline, with nothing but public keys",
    .help = "Audits a mirror offline: signatures, tree, every decision, every statement. One line a fact:\n"
            "each check; then terms, who decided, statements and their answers; last, what was not shown.\n"
            "Exit status: 0 all holds, 1 something does not, 2 cannot tell (unreadable, missing).",
    .args = args,
    .n_args = ARGS,
    .judges = true,
    .run = verify,
};
