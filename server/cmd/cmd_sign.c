/* A party's answer to its statements: pulls, verifies, shows, asks, signs, sends. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "server/cmd/command.h"
#include "server/cmd/party_file.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [STATEMENT] = {.name = "STATEMENT", .help = "id of the statement to be answered"},
    [TOKEN] = {.name = "--token", .value = "T", .help = "API token of the party; else the variable COUNTERSIGN_TOKEN"},
    [KEY] = {.name = "--key", .value = "FILE", .required = true, .help = "the party's key, as `keygen` made it"},
    [ACCEPT] = {.name = "--accept", .help = "accept it"},
    [DISPUTE] = {.name = "--dispute",
                 .value = "LINES",
                 .help = "do not accept it, for these line items: their `index`, commas between; or `all`"},
    [REASON] = {.name = "--reason", .value = "TEXT", .help = "why, with --dispute; it stands in the log"},
    [AGAIN] = {.name = "--again", .help = "answer STATEMENT once more: the later answer counts, both stay"},
    [ALL] = {.name = "--all", .help = "in place of STATEMENT, with --accept: all that wait for this party"},
    [ADJUSTMENT] = {.name = "--adjustment",
                    .value = "INDEX",
                    .help = "in place of statements: assent to that adjustment, by the index of its entry"},
    [TERMS] = {.name = "--terms", .value = "VERSION", .help = "likewise: assent to that version of the terms"},
    [WITHDRAW] = {.name = "--withdraw",
                  .value = "VERSION",
                  .help = "likewise: take back your assent to that version, which both have assented to"},
    [CONTRACT] = {.name = "--contract",
                  .value = "ID",
                  .help = "of that contract: these three need it; of statements the server is asked else"},
    [MIRRORS] = {.name = "--mirrors",
                 .value = "DIR",
                 .help = "folder of this party's mirrors, one a contract, pulled into first; else FILE.mirrors"},
    [YES] = {.name = "--yes", .help = "do not ask, where there is a terminal to ask at"},
};

bool sign_asked(const struct signing *s, size_t n)
{
    char line[16] = "";
    if (s->given[YES] != NULL || !isatty(STDIN_FILENO))
        return true;
    printf("\n%s %s %s as %s %s? [y/N] ",
           s->withdraws                     ? "Take back"
           : s->adjustment + s->version > 0 ? "Assent to"
           : s->given[DISPUTE] != NULL      ? "Dispute"
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

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

/* An answer to a word that was taken says of it what was said: the contract, and each member of *must. */
static bool says_taken(const struct signing *s, const json_t *must, struct span back)
{
    json_t *json = NULL, *value;
    struct span contract = SPAN("");
    const char *name;
    bool taken = json_read(back, &json, NULL) == ERR_OK &&
                 json_get_str(json, "", "contract", LIMIT_ID, &contract, NULL, NULL) == ERR_OK &&
                 span_is(contract, s->contract);
    json_object_foreach((json_t *)must, name, value) taken = taken && json_equal(value, json_object_get(json, name));
    json_decref(json);
    return taken;
}

void sign_send(const struct signing *s, struct download *d, const char *path, const char *typ, struct span said,
               json_t *must)
{
    struct buf body, back;
    buf_heap(&body);
    buf_heap(&back);
    buf_str(&body, "{\"jws\":\"");
    jws_compact(&body, s->key, typ, said);
    buf_str(&body, "\"}");
    download_send(d, "POST", path, buf_span(&body), SIGN_ANSWER_MAX, keep, &back);
    if (!says_taken(s, must, buf_span(&back)))
        decline("%s%s answered what no server does that took it, or took something else: whether it was taken is not "
                "known. Run it again: the log tells",
                download_url(d), path);
    json_decref(must);
    buf_free(&body);
    buf_free(&back);
}

static void read_disputed(struct signing *s)
{
    const char *text = s->given[DISPUTE];
    struct span rest = span_str(text);
    if (text == NULL && s->given[REASON] == NULL)
        return;
    if (text == NULL || s->given[REASON] == NULL || text[0] == '\0' || s->given[REASON][0] == '\0')
        decline("--dispute and --reason belong together: say which lines, and why");
    if (ascii_has_control(span_str(s->given[REASON])) || span_empty(text_strip(span_str(s->given[REASON]))))
        decline("--reason is blank, or holds control characters");
    if (strlen(s->given[REASON]) > LIMIT_FIELD)
        decline("--reason is longer than %d bytes", LIMIT_FIELD);
    while (rest.len > 0 && strcmp(text, "all") != 0)
        if (s->n_disputed == LIMIT_DISPUTED ||
            parse_u64(text_take(&rest, ','), &s->disputed[s->n_disputed++]) != ERR_OK)
            decline("--dispute \"%.60s\": give the `index` of at most %d line items, commas between, or `all`", text,
                    LIMIT_DISPUTED);
    for (size_t i = 0; i < s->n_disputed; i++)
        for (size_t k = 0; k < i; k++)
            if (s->disputed[k] == s->disputed[i])
                decline("--dispute names line %" PRIu64 " twice", s->disputed[i]);
}

/* What is assented to in place of statements. */
static void read_assented(struct signing *s)
{
    const char *adjustment = s->given[ADJUSTMENT];
    s->withdraws = s->given[WITHDRAW] != NULL;
    const char *terms = s->given[s->withdraws ? WITHDRAW : TERMS];
    if (adjustment != NULL && (parse_u64(span_str(adjustment), &s->adjustment) != ERR_OK || s->adjustment == 0))
        decline("--adjustment \"%.40s\" is not the index of an entry", adjustment);
    if (terms != NULL && (parse_u64(span_str(terms), &s->version) != ERR_OK || s->version == 0))
        decline("%s \"%.40s\" is not the number of a version", s->withdraws ? "--withdraw" : "--terms", terms);
    if (s->given[CONTRACT] == NULL)
        decline("of which contract? Give --contract ID");
}

/* One thing is asked, and all that it needs. */
static void check_asked(const char *const given[])
{
    int assents = (given[ADJUSTMENT] != NULL) + (given[TERMS] != NULL) + (given[WITHDRAW] != NULL);
    int statements = (given[STATEMENT] != NULL) + (given[ALL] != NULL);
    int answers = (given[ACCEPT] != NULL) + (given[DISPUTE] != NULL);
    if (assents + statements != 1)
        decline("name one thing to be signed: a STATEMENT, --all, --adjustment, --terms or --withdraw");
    if (answers != statements)
        decline("%s", assents ? "--accept and --dispute are about statements"
                              : "say what you answer: --accept, or --dispute LINES --reason TEXT");
    if (given[ALL] != NULL && given[DISPUTE] != NULL)
        decline("--dispute is about one statement, not --all");
    if (given[AGAIN] != NULL && given[STATEMENT] == NULL)
        decline("--again is about one STATEMENT");
    if (given[STATEMENT] != NULL && !id_is_plain(span_str(given[STATEMENT])))
        decline("\"%.40s\" is not a statement id", given[STATEMENT]);
    if (given[CONTRACT] != NULL && !id_is_plain(span_str(given[CONTRACT])))
        decline("--contract \"%.40s\" is not a contract id", given[CONTRACT]);
}

static void read_asked(struct signing *s)
{
    check_asked(s->given);
    read_disputed(s);
    if (s->given[STATEMENT] == NULL && s->given[ALL] == NULL)
        read_assented(s);
    s->token = s->given[TOKEN] != NULL ? s->given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    if (s->token == NULL || !*s->token)
        decline("whose answer? Give --token T or set COUNTERSIGN_TOKEN");
    s->key = party_file_read(s->given[KEY]);
}

/* Of one contract; the mirrors' folder is made where there is none. */
static int sign_one(struct signing *s)
{
    char *mirrors = sign_mirrors(s);
    if (asprintf(&s->dir, "%s/%s", mirrors, s->contract) < 0)
        abort();
    if (mkdir(mirrors, 0700) != 0 && errno != EEXIST)
        decline("cannot make the folder %s: %s", mirrors, strerror(errno));
    int status = sign_pull(s);
    if (status == STATUS_DONE) {
        sign_find_party(s);
        sign_check_token(s);
        sign_find_said(s);
        status = s->adjustment + s->version > 0 ? sign_assent(s) : sign_statements(s);
        sign_forget_said(s);
        folder_close(s->folder);
        json_decref(s->report);
    }
    free(s->dir);
    free(mirrors);
    return status;
}

static int sign(const char *const given[])
{
    static struct signing s;
    struct contracts contracts;
    int status = STATUS_DONE;
    s.given = given;
    read_asked(&s);
    sign_contracts(&s, &contracts);
    if (contracts.n == 0)
        printf("no statement waits for anybody's answer\n");
    for (size_t i = 0; i < contracts.n && status == STATUS_DONE; i++) {
        memcpy(s.contract, contracts.id[i], sizeof s.contract);
        status = sign_one(&s);
    }
    if (status == STATUS_DONE)
        sign_contracts_tell(&s, &contracts);
    free(contracts.id);
    signer_free(s.key);
    return status;
}

const struct command cmd_sign = {
    .name = "sign",
    .summary = "answer statements with a party's own key",
    .help =
        "Pulls the contract's mirror and verifies it; shows the money, the terms and what changed since the statement\n"
        "before; asks, at a terminal; then signs that this party accepts it, or disputes lines of it, and sends that.\n"
        "What does not verify is not signed. With --adjustment or --terms it assents to what asks for the word of "
        "both\n"
        "parties; with --withdraw it takes back its assent to terms that do not bind yet, which holds once both have.\n"
        "If the server's answer is lost, run it again: the log tells whether it was taken.",
    .args = args,
    .n_args = ARGS,
    .run = sign,
};
