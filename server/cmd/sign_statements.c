/* Answers to statements: what is shown, chosen and signed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/json_peek.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "server/cmd/command.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"
#include "server/system/system.h"

/* ---- which ---- */

/* What waits, or was named; each is shown. */
static size_t choose(struct signing *s, const json_t *chosen[])
{
    const char *named = s->given[STATEMENT];
    size_t n = 0;
    bool done = false;
    for (uint64_t number = 1; number <= s->n_statements; number++) {
        char id[LIMIT_ID + 1];
        statement_id(span_str(s->contract), number, id);
        const json_t *answer = json_object_get(s->said, id);
        const char *said = sign_text(answer, "verdict");
        bool waits = answer == NULL;
        if (named != NULL && strcmp(named, id) != 0)
            continue;
        done = named != NULL && s->given[AGAIN] == NULL && s->given[ACCEPT] != NULL && strcmp(said, "accept") == 0;
        if (done) {
            printf("%s is accepted already (entry %" PRId64 ")\n", id, sign_number(answer, "entry"));
            break;
        }
        if (named != NULL && !waits && s->given[AGAIN] == NULL)
            die("%s is answered already (%s, entry %" PRId64
                "): --again answers once more, and the later answer counts",
                id, said, sign_number(answer, "entry"));
        if (!waits && named == NULL)
            continue;
        chosen[n++] = sign_statement(s, number);
    }
    if (named != NULL && n == 0 && !done)
        die("the log of contract %s tells of no statement %s", s->contract, named);
    return n;
}

/* ---- of which lines ---- */

/* Which of the disputed entries there are lines of. */
struct sought {
    const struct signing *s;
    bool found[LIMIT_DISPUTED];
};

static void note_disputed(void *ctx, struct span line)
{
    struct sought *of = ctx;
    struct span digits;
    uint64_t index;
    if (!json_peek(line, "index", &digits) || parse_u64(digits, &index) != ERR_OK)
        return; /* traffic has no entry */
    for (size_t i = 0; i < of->s->n_disputed; i++)
        of->found[i] |= of->s->disputed[i] == index;
}

/* Dies where it has no line that is disputed: the server would refuse the answer. */
static void check_lines(const struct signing *s, const char *id)
{
    static struct sought of;
    of.s = s;
    if (s->n_disputed > 0)
        sign_lines(s, id, note_disputed, &of);
    for (size_t i = 0; i < s->n_disputed; i++)
        if (!of.found[i])
            die("statement %s has no line item %" PRIu64 ": nothing was signed. Lines are named by their `index`", id,
                s->disputed[i]);
}

/* ---- signing ---- */

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

static void answer(const struct signing *s, struct download *d, const json_t *statement)
{
    const json_t *data = json_object_get(statement, "data");
    const char *id = sign_text(data, "id");
    char path[64], kid[JWK_KID_LEN];
    struct buf payload, said;
    buf_heap(&payload);
    buf_heap(&said);
    sign_payload(s, id, sign_number(data, "to"), &payload);
    response_payload(s, buf_span(&payload), &said);
    snprintf(path, sizeof path, "v1/statements/%.*s/responses", LIMIT_ID, id);
    json_t *must = json_object();
    json_object_set_new(must, "statement", json_string(id));
    json_object_set_new(must, "verdict", json_string(s->given[DISPUTE] != NULL ? "dispute" : "accept"));
    sign_send(s, d, path, RESPONSE_TYP, buf_span(&said), must);
    jwk_kid(signer_public(s->key), kid);
    printf("%s: %s by %s %s, signed by key %.*s and taken by the server; the next pull shows it in the log\n", id,
           s->given[DISPUTE] != NULL ? "disputed" : "accepted", s->role, s->party, JWK_KID_LEN, kid);
    fflush(stdout);
    buf_free(&payload);
    buf_free(&said);
}

static void answer_all(const struct signing *s, const json_t *const chosen[], size_t n)
{
    check_lines(s, sign_text(json_object_get(chosen[0], "data"), "id")); /* a dispute is about one */
    if (!sign_asked(s, n))
        die("nothing was signed");
    struct download *d = download_open(s->given[URL], s->token,
                                       (struct download_limits){.slack_s = SIGN_SLACK_S, .bytes = n * SIGN_ANSWER_MAX});
    for (size_t i = 0; i < n; i++)
        answer(s, d, chosen[i]);
    download_close(d);
}

int sign_statements(struct signing *s)
{
    const json_t **chosen = xcalloc(s->n_statements + 1, sizeof(json_t *));
    size_t n = choose(s, chosen);
    for (size_t i = 0; i < n; i++)
        sign_show(s, chosen[i]);
    sign_show_adjustments(s);
    if (n == 0 && s->given[ALL] != NULL)
        printf("no statement of contract %s waits for the %s's answer\n", s->contract, s->role);
    if (n > 0)
        answer_all(s, chosen, n);
    free(chosen);
    return STATUS_DONE;
}
