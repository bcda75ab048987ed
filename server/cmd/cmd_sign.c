/* A party's answer to its statements: pulls, verifies, shows, asks, signs, sends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "server/cmd/command.h"
#include "server/cmd/party_file.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"

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
    [WITHDRAW] = {.name = "--withdraw",
                  .value = "VERSION",
                  .help = "likewise: take back your assent to that version, which both have assented to"},
    [YES] = {.name = "--yes", .help = "do not ask"},
};

bool sign_asked(const struct signing *s, size_t n)
{
    char line[16] = "";
    if (s->given[YES] != NULL)
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

void sign_send(const struct signing *s, struct download *d, const char *path, const char *typ, struct span said)
{
    struct buf body, back;
    buf_heap(&body);
    buf_heap(&back);
    buf_str(&body, "{\"jws\":\"");
    jws_compact(&body, s->key, typ, said);
    buf_str(&body, "\"}");
    download_send(d, "POST", path, buf_span(&body), SIGN_ANSWER_MAX, keep, &back);
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
    if (s->given[ALL] != NULL)
        decline("--dispute is about one statement, not --all");
    if (ascii_has_control(span_str(s->given[REASON])) || span_empty(text_strip(span_str(s->given[REASON]))))
        decline("--reason is blank, or holds control characters");
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
    s->withdraws = s->given[WITHDRAW] != NULL;
    const char *terms = s->given[s->withdraws ? WITHDRAW : TERMS];
    if (terms != NULL && (parse_u64(span_str(terms), &s->version) != ERR_OK || s->version == 0))
        decline("%s \"%.40s\" is not the number of a version", s->withdraws ? "--withdraw" : "--terms", terms);
    int asked = (adjustment != NULL) + (s->given[TERMS] != NULL) + s->withdraws;
    if (asked > 1 ||
        (asked == 1 && (s->given[STATEMENT] != NULL || s->given[ALL] != NULL || s->given[DISPUTE] != NULL)))
        decline("--adjustment, --terms and --withdraw go by themselves: answer statements by another call");
    s->key = party_file_read(s->given[KEY]);
}

static int sign(const char *const given[])
{
    static struct signing s;
    s.given = given;
    read_asked(&s);
    int status = sign_pull(&s);
    if (status != STATUS_DONE)
        return status;
    sign_find_party(&s);
    status = s.adjustment + s.version > 0 ? sign_assent(&s) : sign_statements(&s);
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
        "verify is not signed. With --adjustment or --terms it assents to what asks for the word of both parties;\n"
        "with --withdraw it takes back its assent to terms that do not bind yet, which holds once both have.\n"
        "If the server's answer is lost, run it again: the log tells whether it was taken.",
    .args = args,
    .n_args = ARGS,
    .run = sign,
};
