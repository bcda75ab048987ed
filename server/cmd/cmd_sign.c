/* A party's answer to its statements: pulls, verifies, shows, asks, signs, sends. What pull and verify find they tell
 * by themselves, each in a process of its own; what is shown and signed is what `verify --json` says. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/ledger/entry.h"
#include "common/ledger/jws.h"
#include "common/ledger/party_jws.h"
#include "common/settlement/assent.h"
#include "common/settlement/statement.h"
#include "server/cmd/command.h"
#include "server/cmd/party_file.h"
#include "server/cmd/pull_private.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { URL, DIR, CONTRACT, TOKEN, KEY, STATEMENT, ALL, DISPUTE, REASON, AGAIN, ADJUSTMENT, TERMS, YES, ARGS };
enum { ANSWER_MAX = 65536, SLACK_S = 60, OWN_WORDS = 16 };

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [DIR] = {.name = "DIR", .required = true, .help = "folder of the contract's mirror, pulled into first"},
    [CONTRACT] = {.name = "--contract", .value = "ID", .required = true, .help = "id of the contract"},
    [TOKEN] = {.name = "--token", .value = "T", .help = "API token of the party; else the variable COUNTERSIGN_TOKEN"},
    [KEY] = {.name = "--key", .value = "FILE", .required = true, .help = "the party's key, as `keygen` made it"},
    [STATEMENT] = {.name = "--statement", .value = "ID", .help = "that one; else the one that waits for this party"},
    [ALL] = {.name = "--all", .help = "all that wait for this party"},
    [DISPUTE] = {.name = "--dispute",
                 .value = "LINES",
                 .help = "do not accept it, for these line items: their `index`, commas between; or `all`"},
    [REASON] = {.name = "--reason", .value = "TEXT", .help = "why, with --dispute; it stands in the log"},
    [AGAIN] = {.name = "--again", .help = "answer --statement once more: the later answer counts, both stay"},
    [ADJUSTMENT] = {.name = "--adjustment",
                    .value = "INDEX",
                    .help = "in place of statements: assent to that adjustment, by the index of its entry"},
    [TERMS] = {.name = "--terms", .value = "VERSION", .help = "likewise: assent to that version of the terms"},
    [YES] = {.name = "--yes", .help = "do not ask"},
};

/* What is to be signed, and by whom. */
struct signing {
    const char *const *given;
    const char *contract, *token, *role;
    char party[LIMIT_ID + 1];
    struct signer *key;
    struct folder *folder;
    json_t *report; /* of verify */
    uint64_t disputed[LIMIT_DISPUTED];
    size_t n_disputed;
    uint64_t adjustment, version; /* to be assented to; 0, 0: statements are answered */
    uint64_t size;                /* of the log */
};

/* ---- pull and verify ---- */

/* Runs another command in a child; *out gets what it prints, NULL: it prints by itself. Its exit status. */
static int run(const struct command *c, const char *const words[], struct buf *out)
{
    char *argv[OWN_WORDS + 1];
    int argc = 0, pipe_fd[2] = {-1, -1}, status = 0;
    for (; words[argc] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc]; /* main's own are not const either */
    argv[argc] = NULL;
    fflush(stdout);
    if (out != NULL && pipe(pipe_fd) != 0)
        decline("no pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0)
        decline("cannot start %s: %s", c->name, strerror(errno));
    if (child == 0) {
        if (out != NULL && dup2(pipe_fd[1], STDOUT_FILENO) < 0)
            decline("no pipe: %s", strerror(errno));
        if (out != NULL)
            close(pipe_fd[0]), close(pipe_fd[1]);
        exit(command_run(c, argc, argv));
    }
    if (out != NULL) {
        ssize_t n;
        close(pipe_fd[1]);
        while ((n = read(pipe_fd[0], buf_room(out, 65536), 65536)) > 0 || (n < 0 && errno == EINTR))
            out->len += n > 0 ? (size_t)n : 0;
        close(pipe_fd[0]);
    }
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR)
            decline("cannot wait for %s: %s", c->name, strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_CANNOT_TELL;
}

static const char *text_of(const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));
    return s != NULL ? s : "";
}

/* Ends the process unless all holds. */
static void verified(struct signing *s, const char *dir)
{
    const char *const words[] = {"verify", dir, "--json", NULL};
    struct buf said;
    const json_t *check;
    size_t i;
    buf_heap(&said);
    int status = run(&cmd_verify, words, &said);
    if (said.len == 0 || json_read(buf_span(&said), &s->report, NULL) != ERR_OK)
        decline("%s could not be verified: nothing was signed", dir);
    buf_free(&said);
    json_array_foreach(json_object_get(s->report, "checks"), i, check)
    {
        if (strcmp(text_of(check, "verdict"), "holds") != 0)
            printf("%-11s %-12s %s\n", text_of(check, "check"),
                   strcmp(text_of(check, "verdict"), "fails") == 0 ? "FAILS" : "cannot tell",
                   text_of(check, "sentence"));
    }
    if (status == STATUS_FAILED)
        die("%s does not hold: nothing was signed", dir);
    if (status != STATUS_DONE || strcmp(text_of(s->report, "verdict"), "holds") != 0)
        decline("%s cannot be told to hold: nothing was signed", dir);
}

/* ---- whose key it is ---- */

static const json_t *fact(const struct signing *s, const char *topic, size_t *from)
{
    const json_t *facts = json_object_get(s->report, "facts");
    while (*from < json_array_size(facts)) {
        const json_t *f = json_array_get(facts, (*from)++);
        if (strcmp(text_of(f, "topic"), topic) == 0)
            return f;
    }
    return NULL;
}

static void read_file(const struct signing *s, const char *path, size_t most, struct buf *out)
{
    struct mirror m = folder_mirror(s->folder);
    buf_clear(out);
    if (m.read(m.ctx, path, 0, most, out) != ERR_OK)
        decline("cannot read %s/%s: %s", s->given[DIR], path, strerror(errno));
}

/* Takes a party's key in force: the last one counts. */
static void look_at_keys(struct span bundle, const uint8_t *own, char (*who)[LIMIT_ID + 1])
{
    struct span bytes;
    enum err err;
    while (bundle_next(&bundle, &bytes, &err)) {
        struct entry e;
        if (memmem(bytes.ptr, bytes.len, "\"kind\":\"key\"", 12) == NULL || entry_read(bytes, &e, NULL) != ERR_OK)
            continue;
        if (e.kind == ENTRY_KEY && memcmp(e.key.pub, own, ED25519_KEY_LEN) == 0) {
            memcpy(*who, e.key.party.ptr, e.key.party.len);
            (*who)[e.key.party.len] = '\0';
        } else if (e.kind == ENTRY_KEY && span_is(e.key.party, *who)) {
            (*who)[0] = '\0'; /* another took its place */
        }
        entry_close(&e);
    }
}

/* The log says whose key it is: the server is not asked. */
static void find_party(struct signing *s)
{
    struct buf text;
    struct checkpoint head;
    char base[64], path[NAME_CAP], kid[JWK_KID_LEN];
    struct tile t = {.level = TILE_ENTRIES};
    size_t at = 0;
    buf_heap(&text);
    snprintf(base, sizeof base, "log/%s", s->contract);
    snprintf(path, sizeof path, "%s/checkpoint", base);
    read_file(s, path, LIMIT_NOTE, &text);
    if (checkpoint_peek(buf_span(&text), &head) != ERR_OK)
        decline("%s/%s does not read", s->given[DIR], path);
    s->size = head.size;
    for (; (t.width = tile_width(TILE_ENTRIES, t.n, s->size)) > 0; t.n++) {
        tile_in(path, base, &t);
        read_file(s, path, tile_most(&t) + 1, &text);
        look_at_keys(buf_span(&text), signer_public(s->key), &s->party);
    }
    buf_free(&text);
    jwk_kid(signer_public(s->key), kid);
    const json_t *f = fact(s, "log", &at), *data = json_object_get(f, "data");
    s->role = strcmp(s->party, text_of(data, "advertiser")) == 0  ? "advertiser"
              : strcmp(s->party, text_of(data, "publisher")) == 0 ? "publisher"
                                                                  : "";
    if (s->party[0] == '\0' || s->role[0] == '\0')
        die("key %.*s is the key of neither party in the log of contract %s: enrol it first, or take the one that you "
            "enrolled",
            JWK_KID_LEN, kid, s->contract);
}

/* ---- what is shown ---- */

static const json_t *own_answer(const struct signing *s, const json_t *data)
{
    size_t i;
    const json_t *a;
    json_array_foreach(json_object_get(data, "answers"), i, a)
    {
        if (strcmp(text_of(a, "role"), s->role) == 0)
            return a;
    }
    return NULL;
}

static int64_t number_of(const json_t *data, const char *name)
{
    const json_t *v = json_object_get(data, name);
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

/* Terms and credentials that came in [from, to); how many. */
static size_t show_new(const struct signing *s, const char *topic, int64_t from, int64_t to)
{
    const json_t *f;
    size_t at = 0, shown = 0;
    while ((f = fact(s, topic, &at)) != NULL) {
        int64_t entry = number_of(json_object_get(f, "data"), "entry");
        if (entry < from || entry >= to)
            continue;
        printf("%-11s %s\n", topic, text_of(f, "sentence"));
        shown++;
    }
    return shown;
}

static void show(const struct signing *s, const json_t *statement)
{
    const json_t *data = json_object_get(statement, "data"), *f, *last = NULL;
    int64_t from = number_of(data, "from"), to = number_of(data, "to");
    size_t at = 0;
    printf("\nstatement   %s\n", text_of(statement, "sentence"));
    if (show_new(s, "terms", from, to) == 0) {
        while ((f = fact(s, "terms", &at)) != NULL)
            if (number_of(json_object_get(f, "data"), "entry") < to)
                last = f;
        printf("terms       unchanged since the statement before: %s\n", text_of(last, "sentence"));
    }
    (void)show_new(s, "credential", from, to);
    (void)show_new(s, "adjustment", from, to);
    for (at = 0; (f = fact(s, "decided", &at)) != NULL;)
        printf("decided     %s (in the whole log)\n", text_of(f, "sentence"));
}

static bool assented(const struct signing *s, int64_t adjustment)
{
    const json_t *f;
    size_t at = 0;
    while ((f = fact(s, "adjustment", &at)) != NULL) {
        const json_t *data = json_object_get(f, "data");
        if (number_of(data, "adjustment") == adjustment && strcmp(text_of(data, "party"), s->party) == 0)
            return true;
    }
    return false;
}

static void show_adjustments(const struct signing *s)
{
    const json_t *f;
    size_t at = 0;
    while ((f = fact(s, "adjustment", &at)) != NULL) {
        const json_t *data = json_object_get(f, "data");
        int64_t entry = number_of(data, "entry");
        if (json_is_true(json_object_get(data, "asks_assent")) && !assented(s, entry))
            printf("adjustment  waits for the %s's assent (--adjustment %" PRId64 "): %s\n", s->role, entry,
                   text_of(f, "sentence"));
    }
}

/* What waits, or was named; each is shown. */
static size_t choose(const struct signing *s, const json_t *chosen[], size_t cap)
{
    const char *named = s->given[STATEMENT];
    const json_t *f;
    size_t at = 0, n = 0;
    while ((f = fact(s, "statement", &at)) != NULL) {
        const json_t *data = json_object_get(f, "data"), *answer = own_answer(s, data);
        const char *id = text_of(data, "id"), *said = text_of(answer, "verdict");
        if (id[0] == '\0' || answer == NULL || (named != NULL && strcmp(named, id) != 0))
            continue;
        bool waits = strcmp(said, "none") == 0;
        if (named != NULL && !waits && s->given[AGAIN] == NULL)
            die("%s is answered already (%s, entry %" PRId64
                "): --again answers once more, and the later answer counts",
                id, said, number_of(answer, "entry"));
        if (!waits && named == NULL)
            continue;
        if (n == cap)
            break;
        chosen[n++] = f;
    }
    if (named != NULL && n == 0)
        die("the log of contract %s tells of no statement %s", s->contract, named);
    if (n > 1 && s->given[ALL] == NULL)
        decline("%zu statements wait for the %s's answer: name one by --statement ID, or take --all", n, s->role);
    return n;
}

static bool asked(const struct signing *s, size_t n)
{
    char line[16] = "";
    if (s->given[YES] != NULL)
        return true;
    printf("\n%s %s %s as %s %s? [y/N] ",
           s->adjustment + s->version > 0 ? "Assent to"
           : s->given[DISPUTE] != NULL    ? "Dispute"
                                          : "Accept",
           n == 1 ? "this" : "all of",
           s->adjustment > 0 ? "adjustment"
           : s->version > 0  ? "version of the terms"
           : n == 1          ? "statement"
                             : "these statements",
           s->role, s->party);
    fflush(stdout);
    return fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

/* ---- signing ---- */

/* The payload that the log's hash is of: verify has compared them. */
static void statement_payload(const struct signing *s, const char *id, const json_t *data, struct buf *out)
{
    char path[NAME_CAP];
    struct buf text;
    json_t *jws = NULL;
    struct span payload = SPAN("");
    size_t most = LIMIT_STATEMENT + (size_t)(number_of(data, "to") - number_of(data, "from")) * LIMIT_ADJUSTMENT, len;
    buf_heap(&text);
    snprintf(path, sizeof path, "v1/statements/%s.jws", id);
    read_file(s, path, most, &text);
    if (json_read(buf_span(&text), &jws, NULL) != ERR_OK ||
        json_get_str(jws, "", "payload", text.len, &payload, NULL, NULL) != ERR_OK ||
        b64url_decode(payload, buf_room(out, payload.len + 4), payload.len + 4, &len) != ERR_OK)
        decline("%s/%s does not read", s->given[DIR], path);
    out->len = len;
    json_decref(jws);
    buf_free(&text);
}

static void response_payload(const struct signing *s, struct span statement, struct buf *out)
{
    char at[40];
    struct buf b;
    struct hash hash;
    struct jw w;
    json_t *json = NULL;
    struct span issuer = SPAN("");
    if (json_read(statement, &json, NULL) != ERR_OK ||
        json_get_str(json, "", "issuer", LIMIT_URL, &issuer, NULL, NULL) != ERR_OK)
        decline("the statement names no issuer");
    buf_fixed(&b, at, sizeof at);
    time_rfc3339(&b, clock_ms());
    sha256(statement.ptr, statement.len, hash.b);
    jw_open(&w, out);
    jw_object(&w);
    jw_kstr(&w, "at", buf_span(&b));
    jw_key(&w, "disputed");
    jw_array(&w);
    for (size_t i = 0; i < s->n_disputed; i++)
        jw_int(&w, (int64_t)s->disputed[i]);
    jw_array_end(&w);
    jw_kstr(&w, "issuer", issuer);
    jw_kstr(&w, "party", span_str(s->party));
    if (s->given[REASON] != NULL)
        jw_kstr(&w, "reason", span_str(s->given[REASON]));
    jw_key(&w, "statement_sha256");
    jw_hex(&w, hash.b, sizeof hash.b);
    jw_kstr(&w, "typ", SPAN(RESPONSE_TYP));
    jw_kstr(&w, "verdict", s->given[DISPUTE] != NULL ? SPAN("dispute") : SPAN("accept"));
    jw_object_end(&w);
    jw_close(&w);
    json_decref(json);
}

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

static void answer(const struct signing *s, struct download *d, const json_t *statement)
{
    const json_t *data = json_object_get(statement, "data");
    const char *id = text_of(data, "id");
    char path[64], kid[JWK_KID_LEN];
    struct buf payload, said, body, back;
    buf_heap(&payload);
    buf_heap(&said);
    buf_heap(&body);
    buf_heap(&back);
    statement_payload(s, id, data, &payload);
    response_payload(s, buf_span(&payload), &said);
    buf_str(&body, "{\"jws\":\"");
    jws_compact(&body, s->key, RESPONSE_TYP, buf_span(&said));
    buf_str(&body, "\"}");
    snprintf(path, sizeof path, "v1/statements/%.*s/responses", LIMIT_ID, id);
    download_send(d, "POST", path, buf_span(&body), ANSWER_MAX, keep, &back);
    jwk_kid(signer_public(s->key), kid);
    printf("%s: %s by %s %s, signed by key %.*s and taken by the server; the next pull shows it in the log\n", id,
           s->given[DISPUTE] != NULL ? "disputed" : "accepted", s->role, s->party, JWK_KID_LEN, kid);
    fflush(stdout);
    buf_free(&payload);
    buf_free(&said);
    buf_free(&body);
    buf_free(&back);
}

/* ---- assents ---- */

/* An entry of the log that holds. */
static void read_entry(const struct signing *s, uint64_t index, struct buf *bundle, struct span *bytes)
{
    char base[64], path[NAME_CAP];
    struct tile t = {.level = TILE_ENTRIES, .n = index / 256};
    enum err err;
    t.width = tile_width(TILE_ENTRIES, t.n, s->size);
    if (index >= s->size)
        die("the log of contract %s has no entry %" PRIu64, s->contract, index);
    snprintf(base, sizeof base, "log/%s", s->contract);
    tile_in(path, base, &t);
    read_file(s, path, tile_most(&t) + 1, bundle);
    struct span rest = buf_span(bundle);
    for (uint64_t i = 0; i <= index % 256; i++)
        if (!bundle_next(&rest, bytes, &err))
            decline("%s/%s does not read", s->given[DIR], path);
}

/* Of the version that was named; each is told, but for those in between of very many. */
static const json_t *version_fact(const struct signing *s)
{
    const json_t *f;
    size_t at = 0;
    while ((f = fact(s, "terms", &at)) != NULL)
        if (number_of(json_object_get(f, "data"), "version") == (int64_t)s->version)
            return f;
    die("the log of contract %s tells of no version %" PRIu64 " of the terms", s->contract, s->version);
}

/* NULL: it is one in between of very many. */
static const json_t *adjustment_fact(const struct signing *s)
{
    const json_t *f;
    size_t at = 0;
    while ((f = fact(s, "adjustment", &at)) != NULL)
        if (json_object_get(json_object_get(f, "data"), "by") != NULL &&
            number_of(json_object_get(f, "data"), "entry") == (int64_t)s->adjustment)
            return f;
    return NULL;
}

static bool assented_to_version(const struct signing *s)
{
    const json_t *f;
    size_t at = 0;
    while ((f = fact(s, "assent", &at)) != NULL) {
        const json_t *data = json_object_get(f, "data");
        if (number_of(data, "version") == (int64_t)s->version && strcmp(text_of(data, "party"), s->party) == 0)
            return true;
    }
    return false;
}

/* Shows what it is; false: this party has assented already. */
static bool show_assented(const struct signing *s, struct assented *to)
{
    uint64_t index = s->adjustment;
    struct buf bundle, shown;
    struct span bytes;
    struct entry e;
    buf_heap(&bundle);
    buf_heap(&shown);
    if (s->version > 0) {
        const json_t *f = version_fact(s);
        index = (uint64_t)number_of(json_object_get(f, "data"), "entry");
        printf("terms       %s\n", text_of(f, "sentence"));
    }
    read_entry(s, index, &bundle, &bytes);
    if (entry_read(bytes, &e, NULL) != ERR_OK)
        decline("entry %" PRIu64 " does not read", index);
    if (s->adjustment > 0 && (e.kind != ENTRY_ADJUSTMENT || !e.adjustment.on_assent))
        die("entry %" PRIu64 " of contract %s is no adjustment that asks for assents", index, s->contract);
    if (s->adjustment > 0) {
        const json_t *f = adjustment_fact(s);
        if (f != NULL)
            buf_str(&shown, text_of(f, "sentence"));
        else
            utf8_show(&shown, bytes, 2 * LIMIT_FIELD);
        printf("adjustment  %.*s\n", (int)shown.len, shown.ptr);
    }
    *to = (struct assented){.adjustment = s->adjustment, .version = (int64_t)s->version};
    merkle_leaf(bytes, &to->leaf);
    entry_close(&e);
    buf_free(&bundle);
    buf_free(&shown);
    return s->version > 0 ? !assented_to_version(s) : !assented(s, (int64_t)index);
}

static int sign_assent(const struct signing *s)
{
    const char *what = s->version > 0 ? "terms" : "adjustments";
    uint64_t number = s->version > 0 ? s->version : s->adjustment;
    struct assented to;
    struct buf said, body, back;
    char path[96];
    if (!show_assented(s, &to)) {
        printf("the %s has assented to it already\n", s->role);
        return STATUS_DONE;
    }
    if (!asked(s, 1))
        die("nothing was signed");
    buf_heap(&said);
    buf_heap(&body);
    buf_heap(&back);
    struct download *d =
        download_open(s->given[URL], s->token, (struct download_limits){.slack_s = SLACK_S, .bytes = ANSWER_MAX});
    struct span issuer = span_str(download_url(d));
    issuer.len--; /* its slash */
    assent_payload(&said, issuer, span_str(s->party), span_str(s->contract), &to, clock_ms());
    buf_str(&body, "{\"jws\":\"");
    jws_compact(&body, s->key, ASSENT_TYP, buf_span(&said));
    buf_str(&body, "\"}");
    snprintf(path, sizeof path, "v1/contracts/%s/%s/%" PRIu64 "/assent", s->contract, what, number);
    download_send(d, "POST", path, buf_span(&body), ANSWER_MAX, keep, &back);
    printf("%s %" PRIu64 ": assented to by %s %s and taken by the server; the next pull shows it in the log\n",
           s->version > 0 ? "terms, version" : "adjustment", number, s->role, s->party);
    download_close(d);
    buf_free(&said);
    buf_free(&body);
    buf_free(&back);
    return STATUS_DONE;
}

/* ---- what was asked ---- */

static void read_disputed(struct signing *s)
{
    const char *text = s->given[DISPUTE];
    struct span rest = span_str(text);
    if (text == NULL && s->given[REASON] == NULL)
        return;
    if (text == NULL || s->given[REASON] == NULL || text[0] == '\0' || s->given[REASON][0] == '\0')
        decline("--dispute and --reason belong together: say which lines, and why");
    if (s->given[ALL] != NULL)
        decline("--dispute is about one statement, not --all");
    if (strlen(s->given[REASON]) > LIMIT_FIELD)
        decline("--reason is longer than %d bytes", LIMIT_FIELD);
    while (rest.len > 0 && strcmp(text, "all") != 0)
        if (s->n_disputed == LIMIT_DISPUTED ||
            parse_u64(text_take(&rest, ','), &s->disputed[s->n_disputed++]) != ERR_OK)
            decline("--dispute \"%.60s\": give the `index` of at most %d line items, commas between, or `all`", text,
                    LIMIT_DISPUTED);
}

static void read_asked(struct signing *s)
{
    s->contract = s->given[CONTRACT];
    s->token = s->given[TOKEN] != NULL ? s->given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    if (s->token == NULL || !*s->token)
        decline("whose answer? Give --token T or set COUNTERSIGN_TOKEN");
    if (!id_is_plain(span_str(s->contract)))
        decline("--contract \"%s\" is not a contract id", s->contract);
    if (s->given[STATEMENT] != NULL && !id_is_plain(span_str(s->given[STATEMENT])))
        decline("--statement \"%s\" is not a statement id", s->given[STATEMENT]);
    if (s->given[STATEMENT] != NULL ? s->given[ALL] != NULL : s->given[AGAIN] != NULL)
        decline("%s", s->given[ALL] != NULL ? "--all or --statement, not both" : "--again is about one --statement");
    read_disputed(s);
    const char *adjustment = s->given[ADJUSTMENT];
    if (adjustment != NULL && (parse_u64(span_str(adjustment), &s->adjustment) != ERR_OK || s->adjustment == 0))
        decline("--adjustment \"%.40s\" is not the index of an entry", adjustment);
    const char *terms = s->given[TERMS];
    if (terms != NULL && (parse_u64(span_str(terms), &s->version) != ERR_OK || s->version == 0))
        decline("--terms \"%.40s\" is not the number of a version", terms);
    if ((adjustment != NULL || terms != NULL) && (s->given[STATEMENT] != NULL || s->given[ALL] != NULL ||
                                                  s->given[DISPUTE] != NULL || (adjustment != NULL && terms != NULL)))
        decline("--adjustment and --terms are assented to by themselves: answer statements by another call");
    s->key = party_file_read(s->given[KEY]);
}

static int sign_chosen(struct signing *s)
{
    static const json_t *chosen[1024];
    size_t n = choose(s, chosen, sizeof chosen / sizeof *chosen);
    for (size_t i = 0; i < n; i++)
        show(s, chosen[i]);
    show_adjustments(s);
    if (n == 0) {
        printf("no statement of contract %s waits for the %s's answer\n", s->contract, s->role);
        return STATUS_DONE;
    }
    if (!asked(s, n))
        die("nothing was signed");
    struct download *d =
        download_open(s->given[URL], s->token, (struct download_limits){.slack_s = SLACK_S, .bytes = n * ANSWER_MAX});
    for (size_t i = 0; i < n; i++)
        answer(s, d, chosen[i]);
    download_close(d);
    return STATUS_DONE;
}

static int sign(const char *const given[])
{
    static struct signing s;
    s.given = given;
    read_asked(&s);
    const char *const words[] = {"pull", given[URL], given[DIR], "--contract", s.contract, "--token", s.token, NULL};
    int status = run(&cmd_pull, words, NULL);
    if (status != STATUS_DONE)
        return status; /* it said why */
    verified(&s, given[DIR]);
    if (folder_open(given[DIR], &s.folder) != ERR_OK)
        decline("cannot open %s: %s", given[DIR], strerror(errno));
    find_party(&s);
    status = s.adjustment + s.version > 0 ? sign_assent(&s) : sign_chosen(&s);
    folder_close(s.folder);
    json_decref(s.report);
    signer_free(s.key);
    return status;
}

const struct command cmd_sign = {
    .name = "sign",
    .summary = "answer statements with a party's own key",
    .help =
        "Pulls the contract's mirror and verifies it; shows the money, the terms and what changed since the statement\n"
        "before; asks; then signs that this party accepts it, or disputes lines of it, and sends that. What does not\n"
        "verify is not signed. With --adjustment or --terms it assents to what asks for the word of both parties.\n"
        "If the server's answer is lost, run it again: the log tells whether it was taken.",
    .args = args,
    .n_args = ARGS,
    .run = sign,
};
