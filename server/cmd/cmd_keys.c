#include <stdio.h>
#include <string.h>

#include "common/ledger/jws.h"
#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/commit/batch.h"
#include "server/commit/committer.h"
#include "server/keys/month_keys.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

enum { ACTION, PURPOSE, DATA, END, STOLEN, RETIRED, MONTH, ARGS };

static const struct arg args[ARGS] = {
    [ACTION] = {.name = "ACTION", .required = true, .help = "list, rotate, or lost"},
    [PURPOSE] = {.name = "PURPOSE",
                 .help = "of rotate: log or statement, which follow in one step whichever is named; or token"},
    [DATA] = {.name = "--data", .value = "DIR", .required = true, .help = "the server's data folder"},
    [END] = {.name = "--end", .help = "rotate: end the rotation that is under way: the old log key retires"},
    [STOLEN] = {.name = "--stolen", .help = "rotate: the keys were stolen: new ones take the place of all at once"},
    [RETIRED] =
        {.name = "--retired",
         .help = "with --stolen: those that retired alone were; the newest sign on, also for the older of a rotation"},
    [MONTH] = {.name = "--month",
               .value = "YYYY-MM",
               .help = "lost: the month whose key in DIR/keys is gone for good, with what it sealed"},
};

/* ---- list ---- */

static void list_statement_key(const uint8_t pub[ED25519_KEY_LEN], const char *what)
{
    char kid[JWK_KID_LEN];
    jwk_kid(pub, kid);
    printf("statement-key %.*s %s\n", JWK_KID_LEN, kid, what);
}

/* What became of a key: `signs` it in each of the states [from, to). */
static const char *became(const struct keys *k, size_t to)
{
    if (to == keys_states(k))
        return "signs";
    while (to < keys_states(k) && !keys_state(k, to)->compromised)
        to++;
    return to < keys_states(k) ? "retired, reported stolen" : "retired";
}

static void list(const struct instance *in)
{
    const struct keys *k = in->keys;
    char name[ORIGIN_CAP];
    struct note_key key = {.name = instance_log_name(in, NULL, name)};
    struct buf line;
    buf_heap(&line);
    for (size_t i = keys_states(k); i-- > 0;) {
        const struct server_keys *s = keys_state(k, i), *before = i > 0 ? keys_state(k, i - 1) : NULL;
        size_t to = i + 1;
        if (before != NULL && server_keys_has(before, s->log[0]))
            continue;
        while (to < keys_states(k) && server_keys_has(keys_state(k, to), s->log[0]))
            to++;
        memcpy(key.pub, s->log[0], sizeof key.pub);
        buf_clear(&line);
        note_vkey(&line, &key);
        printf("log-key %.*s %s\n", (int)line.len, line.ptr, became(k, to));
        for (to = i + 1;
             to < keys_states(k) && memcmp(keys_state(k, to)->statement, s->statement, ED25519_KEY_LEN) == 0;)
            to++;
        list_statement_key(s->statement, became(k, to));
    }
    buf_free(&line);
    uint8_t kids[KEYS_MAX];
    size_t n = keys_token_kids(k, kids);
    for (size_t i = 0; i < n; i++)
        printf("token-key %u %s\n", kids[i], i == 0 ? "makes codes and ids" : "opens those of before");
}

/* ---- rotate ---- */

static const struct server_keys *now_of(const struct keys *k)
{
    return keys_state(k, keys_states(k) - 1);
}

static void drawn(enum err err, const char *dir)
{
    if (err == ERR_TOO_LARGE)
        die("%s has as many keys as there can be (%d): no more can follow", dir, KEYS_MAX);
    if (err != ERR_OK)
        die("keys.json of %s cannot be written (%s): nothing was changed", dir, err_word(err));
}

static void sign(const struct keys *k, const struct server_keys *next, struct span issuer, struct buf *jws,
                 struct buf *previous_jws)
{
    const struct server_keys *now = now_of(k);
    struct buf payload;
    buf_heap(&payload);
    server_keys_payload(&payload, next, issuer);
    bool signed_by = keys_jws_by(k, next->log[0], SERVER_KEYS_TYP, buf_span(&payload), jws);
    if (signed_by && memcmp(next->log[0], now->log[0], ED25519_KEY_LEN) != 0)
        signed_by = keys_jws_by(k, now->log[0], SERVER_KEYS_TYP, buf_span(&payload), previous_jws);
    buf_free(&payload);
    if (!signed_by)
        die("a key that signs is not in keys.json: put back the one that belongs to this store");
}

static job_run *const runs[RECORD_KINDS] = {[RECORD_SERVER_KEYS] = server_keys_run};

/* One transaction: an entry in every log, or none. */
static void record_step(struct instance *in, struct span jws, struct span previous_jws)
{
    struct job job = {.record = {.kind = RECORD_SERVER_KEYS,
                                 .now_ms = clock_ms(),
                                 .server_keys = {.jws = jws, .previous_jws = previous_jws}}};
    struct job *jobs[] = {&job};
    struct committer *c;
    bool wrote;
    enum err err = committer_open(&(struct committer_setup){.instance = in, .runs = runs}, &c);
    if (err != ERR_OK)
        die("the logs cannot be written (%s): nothing was changed; run countersign check", err_word(err));
    err = committer_run(c, jobs, 1, &wrote);
    if (err == ERR_OK)
        err = job.err;
    committer_close(c);
    if (err != ERR_OK)
        die("the entries could not be written (%s), so the keys are those of before: %s", err_word(err),
            err == ERR_FULL ? "free some disk space and try again" : "run countersign check");
}

/* Why there is no such step now; NULL: there is. */
static const char *none(const struct keys *k, bool end, bool stolen, bool retired)
{
    if (now_of(k)->n_log == 2)
        return end || stolen ? NULL : "a rotation is under way: end it with --end once every reader has pulled";
    if (end)
        return "no rotation is under way";
    return retired && keys_states(k) == 1 ? "no key has retired" : NULL;
}

/* False: there is nothing to do, and it was said why. */
static bool rotate(struct instance *in, const char *dir, bool end, bool stolen, bool retired)
{
    const struct server_keys *now = now_of(in->keys);
    struct server_keys next = {.at_ms = clock_ms(), .n_log = end || stolen ? 1 : 2, .compromised = stolen};
    struct buf jws, previous_jws;
    const char *why = none(in->keys, end, stolen, retired);
    if (why != NULL) {
        complain("nothing was changed: %s", why);
        return false;
    }
    buf_heap(&jws);
    buf_heap(&previous_jws);
    if (end || retired) {
        memcpy(next.log[0], now->log[0], ED25519_KEY_LEN);
        memcpy(next.statement, now->statement, ED25519_KEY_LEN);
    } else {
        drawn(keys_draw(in->keys, dir, stolen, &next), dir);
        memcpy(next.log[1], now->log[0], ED25519_KEY_LEN);
    }
    sign(in->keys, &next, span_str(in->public_url), &jws, &previous_jws);
    record_step(in, buf_span(&jws), previous_jws.len > 0 ? buf_span(&previous_jws) : SPAN(""));
    buf_free(&jws);
    buf_free(&previous_jws);
    return true;
}

/* ---- lost ---- */

static uint32_t month_read(const char *text)
{
    unsigned year, month;
    char rest;
    if (text == NULL || strlen(text) != 7 || sscanf(text, "%4u-%2u%c", &year, &month, &rest) != 2 || month < 1 ||
        month > 12)
        decline("lost needs --month YYYY-MM: the month whose key is gone");
    return year * 12 + month - 1;
}

static enum err next_seq(struct instance *in, uint64_t *out)
{
    struct committer *c;
    enum err err = committer_open(&(struct committer_setup){.instance = in, .runs = runs}, &c);
    if (err != ERR_OK)
        return err;
    *out = committer_next_seq(c);
    committer_close(c);
    return ERR_OK;
}

static void lost(struct instance *in, const char *dir, const char *text)
{
    uint32_t month = month_read(text);
    struct txn *t = NULL;
    unsigned days = 0;
    uint64_t seq;
    enum err err = next_seq(in, &seq);
    if (err == ERR_OK && (err = txn_begin(in->store, true, &t)) == ERR_OK)
        err = day_keys_lost(in->day_keys, t, month, seq, &days);
    if (err == ERR_OK)
        err = txn_commit(t);
    else
        txn_abort(t);
    if (err == ERR_CONFLICT)
        die("nothing of %s is lost: what wraps its days is there, and nothing was changed", text);
    if (err == ERR_GONE)
        die("the key of %s was destroyed on purpose, by retention_days: nothing was changed", text);
    if (err == ERR_CORRUPT && month_key_damaged(dir, month))
        die("%s/keys/%s is there, and damaged: put that file back from your copy of the key files; if there is none, "
            "move it away, and run this again",
            dir, text);
    if (err != ERR_OK)
        die("nothing was changed: what is there cannot be read, or it cannot be written (%s): look at the disk and at "
            "%s/keys, and run it again",
            err_word(err), dir);
    printf("%u day%s of %s %s new keys; what was sealed on them until now is told as gone\n", days,
           days == 1 ? "" : "s", text, days == 1 ? "has a" : "have");
}

static bool is(const char *given, const char *word)
{
    return given != NULL && strcmp(given, word) == 0;
}

static void open_folder(struct instance *in, const char *dir)
{
    data_folder_open(in, dir, options_map_size(), "stop it first", data_folder_damaged);
}

static int keys(const char *const given[])
{
    struct instance in;
    bool done = true;
    bool rotates = is(given[ACTION], "rotate"), loses = is(given[ACTION], "lost"), token = is(given[PURPOSE], "token");
    if (!rotates && !loses && !is(given[ACTION], "list"))
        decline("\"%.40s\" is nothing to do with keys: list, rotate or lost", given[ACTION]);
    if (rotates && !token && !is(given[PURPOSE], "log") && !is(given[PURPOSE], "statement"))
        decline("rotate needs to know which keys: log or statement (one step changes both), or token");
    if (!rotates && given[PURPOSE] != NULL)
        decline("\"%.40s\" is for rotate", given[PURPOSE]);
    if (token && (given[END] != NULL || given[STOLEN] != NULL))
        decline("--end and --stolen are for log and statement keys: those of tokens open what they made for good");
    if (!loses && given[MONTH] != NULL)
        decline("--month is for lost");
    if (!rotates && (given[END] != NULL || given[STOLEN] != NULL))
        decline("--end and --stolen are for rotate");
    if (given[END] != NULL && given[STOLEN] != NULL)
        decline("--end and --stolen exclude each other: stolen keys retire at once");
    if (given[RETIRED] != NULL && given[STOLEN] == NULL)
        decline("--retired says which keys were stolen, and goes with --stolen");
    open_folder(&in, given[DATA]);
    if (token)
        drawn(keys_draw_token(in.keys, given[DATA]), given[DATA]);
    else if (rotates) {
        done = rotate(&in, given[DATA], given[END] != NULL, given[STOLEN] != NULL, given[RETIRED] != NULL);
        instance_close(&in);
        open_folder(&in, given[DATA]);
    }
    if (loses)
        lost(&in, given[DATA], given[MONTH]);
    else
        list(&in);
    instance_close(&in);
    return done ? STATUS_DONE : STATUS_FAILED;
}

const struct command cmd_keys = {
    .name = "keys",
    .summary = "list or rotate the server's own keys, or give one up as lost, offline",
    .help =
        "Lists the keys that the server signs with, the newest first, or has new ones follow them, while the server is "
        "stopped.\nrotate log: new log and statement keys, certified by the old ones; both log keys sign every "
        "checkpoint until `rotate log --end`.\nrotate log --stolen: all log and statement keys there were are stolen, "
        "and retire at once; "
        "--stolen --retired: those alone that "
        "retired.\nrotate token: a new key for codes, click ids and references; those of before stay good.\nlost: the "
        "key of a month, which wraps the keys of its days, is gone for good: what it sealed of "
        "persons is told as gone,\nand the server can start without it.\n"
        "Each rotation of log and statement keys is an entry in every log. What was cut short is done again "
        "by the same command.",
    .args = args,
    .n_args = ARGS,
    .as_owner = true,
    .run = keys,
};
