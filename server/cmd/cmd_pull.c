/* Mirrors one contract: FORMATS.md "Mirror". What the pull's checkpoint covers is fetched, nothing else; the same
 * folder can be pulled into again, if what the server shows is what became of what the folder holds. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "common/ledger/entry.h"
#include "common/score/score.h"
#include "server/cmd/command.h"
#include "server/cmd/pull_private.h"
#include "server/cmd/staging.h"
#include "server/system/log.h"

/* A served checkpoint is at most one second behind its log (INTERFACE section 4): after this wait it covers all that
 * came before the pull. */
enum { LAG_US = 1100 * 1000 };

/* A log that grows as fast as it is pulled is given up on. */
enum { TRIES = 3 };

/* ---- statements ---- */

/* No file of a statement ever changes. */
static void look_at_statement_file(struct pull *p, const char *path)
{
    if (staging_differs(path))
        pull_doubt(
            p,
            "%s has other bytes than at an earlier pull, and a statement never changes (if that file was damaged "
            "here, move it away)",
            path);
}

static void get_statement_lines(struct pull *p, const char *path, uint64_t most)
{
    struct pull_lines l = {.longest = LIMIT_LINE_ITEM, .left = most, .good = pull_good_object};
    pull_lines_begin(&l, path);
    pull_lines_fetch(p, &l, path, most * (LIMIT_LINE_ITEM + 1));
    pull_lines_end(p, &l, path);
    look_at_statement_file(p, path);
}

static void get_statement(struct pull *p, const struct entry_statement *s, uint64_t size)
{
    char url[64], path[96];
    struct checkpoint head;
    if (!id_is_plain(s->id))
        die("the log names a statement \"%.*s\", which is no id", (int)s->id.len, s->id.ptr);
    if (s->from > s->to || s->to > size)
        die("the log names a statement over entries that it does not have");
    snprintf(url, sizeof url, "v1/statements/%.*s", (int)s->id.len, s->id.ptr);
    snprintf(path, sizeof path, "%s.jws", url);
    if (staging_has(path))
        return; /* a log that names it twice is for `verify` to judge */
    struct span jws = pull_fetch(p, url, LIMIT_STATEMENT + (s->to - s->from) * LIMIT_ADJUSTMENT);
    if (pull_good_object(NULL, jws) != NULL)
        pull_refuse(p, url, "a signed statement");
    pull_keep(p, path, jws);
    look_at_statement_file(p, path);
    snprintf(path, sizeof path, "%s/lines", url);
    get_statement_lines(p, path, s->to - s->from + 1);
    snprintf(path, sizeof path, "%s/checkpoint", url);
    struct span note = pull_fetch(p, path, LIMIT_NOTE);
    if (checkpoint_peek(note, &head) != ERR_OK || head.size < s->to || head.size >= size)
        pull_refuse(p, path, "a checkpoint of the tree in front of the statement");
    pull_keep(p, path, note);
    look_at_statement_file(p, path);
}

static bool is_state(struct span bytes, const struct hash *sha256_of)
{
    struct hash is;
    sha256(bytes.ptr, bytes.len, is.b);
    return memcmp(is.b, sha256_of->b, HASH_LEN) == 0;
}

/* Named by its hash: what is there already needs no second look. */
static void get_state(struct pull *p, const struct hash *sha256_of)
{
    char path[NAME_CAP];
    struct buf name;
    buf_fixed(&name, path, sizeof path - 1);
    buf_printf(&name, "v1/contracts/%s/models/", p->contract);
    buf_hex(&name, sha256_of->b, HASH_LEN);
    path[name.len] = '\0';
    buf_clear(&p->body);
    if (staging_read(path, SCORE_STATE_MAX + 1, &p->body) == ERR_OK && is_state(buf_span(&p->body), sha256_of))
        return;
    struct span bytes = pull_fetch(p, path, SCORE_STATE_MAX);
    if (!is_state(bytes, sha256_of))
        pull_refuse(p, path, "what the log's model entry names");
    pull_keep(p, path, bytes);
}

static bool is_wanted(struct span entry)
{
    static const char *const kinds[] = {"\"kind\":\"statement\"", "\"kind\":\"server_keys\"", "\"kind\":\"model\""};
    bool is = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        is |= memmem(entry.ptr, entry.len, kinds[i], strlen(kinds[i])) != NULL;
    return is;
}

/* The statements are those that the log names, and what leads are scored by. Counts the changes of the server's keys on
 * the way. */
static void get_named(struct pull *p, const char *base, uint64_t size)
{
    struct buf bundle;
    buf_heap(&bundle);
    struct tile t = {.level = TILE_ENTRIES};
    for (; (t.width = tile_width(TILE_ENTRIES, t.n, size)) > 0; t.n++) {
        char name[NAME_CAP];
        tile_in(name, base, &t);
        buf_clear(&bundle);
        if (staging_read(name, tile_most(&t) + 1, &bundle) != ERR_OK)
            die("cannot read %s/%s: %s", p->dir, name, strerror(errno));
        struct span rest = buf_span(&bundle), bytes;
        enum err err;
        while (bundle_next(&rest, &bytes, &err)) {
            struct entry e;
            if (!is_wanted(bytes) || entry_read(bytes, &e, NULL) != ERR_OK)
                continue;
            if (e.kind == ENTRY_STATEMENT)
                get_statement(p, &e.statement, size);
            if (e.kind == ENTRY_MODEL)
                get_state(p, &e.model.sha256);
            p->key_steps += e.kind == ENTRY_SERVER_KEYS;
            entry_close(&e);
        }
    }
    buf_free(&bundle);
}

/* ---- the pull ---- */

/* Every checkpoint that was seen before the new one stays, under its size; what stands there is not replaced. */
static void keep_seen(struct pull *p, const struct pull_log *l, struct span note, uint64_t size)
{
    char path[NAME_CAP];
    struct buf kept;
    if (note.len == 0 || span_eq(note, buf_span(&l->note)))
        return;
    snprintf(path, sizeof path, "%s/" MIRROR_SEEN "/%" PRIu64, l->base, size);
    buf_heap(&kept);
    bool is_kept = pull_old(p, path, LIMIT_NOTE, &kept) == ERR_OK;
    staging_write(path, is_kept ? buf_span(&kept) : note);
    buf_free(&kept);
}

/* Whether the new head and its tree may follow what is known of the log. What is not signed is no reason to doubt
 * anybody: it dies. */
static void look_back(struct pull *p, struct pull_log *l)
{
    if (l->old.len > 0) {
        keep_seen(p, l, buf_span(&l->old), l->before.size);
        pull_keys_go_on(p, l);
    }
    if (p->refusal[0] != '\0')
        pull_keys_check(p, l->path, buf_span(&l->note));
}

/* What others say of this log, into p->body; false when there is nothing. It is asked for before the log's own
 * checkpoint, so that it is not ahead of that. */
static bool get_witnessed(struct pull *p, const char *path, uint64_t most)
{
    struct checkpoint head;
    if (!pull_fetch_unless(p, 404, path, most))
        return false;
    if (checkpoint_peek(buf_span(&p->body), &head) != ERR_OK)
        pull_refuse(p, path, "a checkpoint");
    return true;
}

/* The contract's head is asked for before the folder is touched and without a wait, so that a wrong URL or token is
 * told at once and leaves no trace; and then again. */
static void get_heads(struct pull *p)
{
    char path[NAME_CAP];
    pull_head(p, &p->log);
    buf_span_add(&p->first, buf_span(&p->log.note));
    snprintf(path, sizeof path, "%s/witnessed", p->log.base);
    if (get_witnessed(p, path, LIMIT_NOTE))
        buf_span_add(&p->witnessed, buf_span(&p->body));
    usleep(LAG_US);
    pull_head(p, &p->log);
}

static void get_contract_log(struct pull *p)
{
    struct checkpoint first;
    pull_tiles(p, &p->log);
    if (checkpoint_peek(buf_span(&p->first), &first) != ERR_OK)
        die("the first checkpoint does not read any more");
    pull_keys_check(p, p->log.path, buf_span(&p->first));
    keep_seen(p, &p->log, buf_span(&p->first), first.size);
    pull_log_extends(p, &p->log, &first, "the beginning of this pull");
    look_back(p, &p->log);
}

static void tell_end(const struct pull *p)
{
    char *refused = pull_folder_refused(p);
    printf("%s: %" PRIu64 " entries of contract %s, root log of %" PRIu64 ", %" PRIu64
           " files fetched\nnext: countersign verify %s\n",
           p->dir, p->log.head.size, p->contract, p->root.head.size, p->files, p->dir);
    if (p->log.old.len == 0)
        printf(
            "first pull of this log: `countersign verify %s --print-pin` prints its keys and head; compare them with "
            "the other party's\n",
            p->dir);
    else if (!pull_keys_know(&p->old_keys, &p->log) || !pull_keys_know(&p->old_keys, &p->root))
        printf("signed by a key that this mirror did not know before: `verify` says whether the one before certified "
               "it\n");
    if (refused != NULL)
        printf("%s is what an earlier pull refused: it proves what it did, whatever the server shows now\n", refused);
    free(refused);
}

/* Both or none: one says nothing without the other, and soon after a contract was made there is but one. */
static void keep_witnessed(struct pull *p)
{
    char path[NAME_CAP];
    snprintf(path, sizeof path, "%s/witnessed", p->log.base);
    if (p->witnessed.len == 0 || !get_witnessed(p, "log/witnessed", LIMIT_WITNESSED))
        return;
    pull_keep(p, path, buf_span(&p->witnessed));
    pull_keep(p, "log/witnessed", buf_span(&p->body));
}

/* What one try was shown, for the next one to be held to. */
static void keep_try(struct pull *p, struct pull_log *l, const struct buf *note)
{
    struct checkpoint before;
    if (note->len == 0)
        return;
    if (checkpoint_peek(buf_span(note), &before) != ERR_OK)
        die("the checkpoint of the try before does not read any more");
    keep_seen(p, l, buf_span(note), before.size);
    pull_log_extends(p, l, &before, "the beginning of this pull");
}

/* Both logs and all that belongs to them. True: the root log knows of more than the contract's log had then, which must
 * have *least entries by now. */
static bool pull_once(struct pull *p, struct buf tried[2], uint64_t *least)
{
    pull_keys_fetch(p);
    get_contract_log(p);
    keep_try(p, &p->log, &tried[0]);
    if (p->log.head.size < *least)
        pull_doubt(p,
                   "the root log holds a head of %" PRIu64 " entries of %s, and the server now shows %" PRIu64
                   ": it withholds what it signed",
                   *least, p->log.base, p->log.head.size);
    pull_openings(p);
    p->key_steps = 0;
    get_named(p, p->log.base, p->log.head.size);
    keep_witnessed(p);
    pull_head(p, &p->root); /* last: it holds the heads of all statements above */
    pull_tiles(p, &p->root);
    keep_try(p, &p->root, &tried[1]);
    pull_root_heads(p);
    return pull_is_behind(p, least) && p->refusal[0] == '\0' && p->older[0] == '\0';
}

static void pull_again(struct pull *p, struct buf tried[2])
{
    buf_clear(&tried[0]);
    buf_clear(&tried[1]);
    buf_span_add(&tried[0], buf_span(&p->log.note));
    buf_span_add(&tried[1], buf_span(&p->root.note));
    buf_clear(&p->first);
    buf_clear(&p->witnessed);
    pull_keys_free(&p->keys);
    get_heads(p);
}

static void pull_tries(struct pull *p)
{
    struct buf tried[2];
    uint64_t least = 0;
    buf_heap(&tried[0]);
    buf_heap(&tried[1]);
    for (int i = 1; pull_once(p, tried, &least) && i < TRIES; i++)
        pull_again(p, tried);
    buf_free(&tried[0]);
    buf_free(&tried[1]);
}

static void pull_all(struct pull *p)
{
    char base[64];
    snprintf(base, sizeof base, "log/%s", p->contract);
    pull_log_open(&p->log, base);
    pull_log_open(&p->root, "log");
    pull_folder_look(p);
    get_heads(p);
    pull_folder_open(p);
    pull_keys_before(p);
    pull_log_before(p, &p->log);
    pull_log_before(p, &p->root);
    pull_tries(p);
    look_back(p, &p->root);
    pull_click_key(p);
    pull_keys_check(p, p->log.path, buf_span(&p->log.note));
    pull_keys_check(p, p->root.path, buf_span(&p->root.note));
    if (p->older[0] != '\0' && !p->differs) {
        p->refusal[0] = '\0';
        decline(
            "an older state: %s. That is no other history: a cache, or a backup that was put back, shows the same. %s "
            "is as it was, and proves the entries that are missing there: keep it, ask the operator, pull again",
            p->older, p->dir);
    }
    if (p->refusal[0] != '\0')
        pull_folder_set_aside(p);
    pull_folder_place(p);
    tell_end(p);
    pull_log_close(&p->log);
    pull_log_close(&p->root);
}

enum { URL, DIR, CONTRACT, TOKEN, TIMEOUT, MAX_MIB, ARGS };
enum { TIMEOUT_S = 60, TIMEOUT_MOST_S = 86400, MIB_MOST = 1 << 24 };
#define MAX_MIB_DEFAULT 65536 /* some 130 million clicks */

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [DIR] = {.name = "DIR",
             .required = true,
             .help = "folder of the mirror; made if it is not there, updated if it is"},
    [CONTRACT] = {.name = "--contract", .value = "ID", .required = true, .help = "id of the contract"},
    [TOKEN] = {.name = "--token",
               .value = "T",
               .help = "API token of a party or auditor; else the variable COUNTERSIGN_TOKEN"},
    [TIMEOUT] = {.name = "--timeout",
                 .value = "S",
                 .help = "seconds that the server may fall behind a file and 16 KiB a second",
                 .range = "1 to 86400",
                 .def = "60"},
    [MAX_MIB] = {.name = "--max-mib",
                 .value = "N",
                 .help = "MiB that this pull may fetch",
                 .range = "1 to 16777216",
                 .def = "65536"},
};

static uint64_t number(const char *const given[], int arg, uint64_t most, uint64_t otherwise)
{
    uint64_t n = otherwise;
    if (given[arg] != NULL && (parse_u64(span_str(given[arg]), &n) != ERR_OK || n < 1 || n > most))
        decline("%s is \"%.40s\": write a whole number from 1 to %" PRIu64, args[arg].name, given[arg], most);
    return n;
}

static void on_signal(int number)
{
    (void)number;
    download_interrupt();
}

static int pull(const char *const given[])
{
    static struct pull p; /* static: looked at when the process ends */
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    struct download_limits limits = {.slack_s = number(given, TIMEOUT, TIMEOUT_MOST_S, TIMEOUT_S),
                                     .bytes = number(given, MAX_MIB, MIB_MOST, MAX_MIB_DEFAULT) << 20};
    p.dir = given[DIR];
    p.contract = given[CONTRACT];
    if (token == NULL || !*token)
        decline("whose eyes? Give --token T or set COUNTERSIGN_TOKEN");
    if (!id_is_plain(span_str(p.contract)))
        decline("--contract \"%s\" is not a contract id", p.contract);
    buf_heap(&p.body);
    buf_heap(&p.first);
    buf_heap(&p.witnessed);
    p.from = download_open(given[URL], token, limits);
    const struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    pull_all(&p);
    folder_close(p.folder);
    download_close(p.from);
    buf_free(&p.body);
    buf_free(&p.first);
    buf_free(&p.witnessed);
    pull_keys_free(&p.keys);
    pull_keys_free(&p.old_keys);
    return STATUS_DONE;
}

const struct command cmd_pull = {
    .name = "pull",
    .summary = "mirror one contract's log, statements, keys and openings",
    .help =
        "Mirrors a contract's log, statements, terms, keys and openings, laid out like the URLs; for its parties also\n"
        "what opens its click ids.",
    .args = args,
    .n_args = ARGS,
    .run = pull,
};
