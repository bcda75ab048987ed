#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/base/when.h"
#include "common/ledger/jws.h"
#include "common/ledger/party_jws.h"
#include "server/cmd/command.h"
#include "server/cmd/own_party.h"
#include "server/cmd/party_file.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { URL, TOKEN, KEY, OLD, ARGS };
enum { ANSWER_MAX = 65536, SLACK_S = 60 };

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [TOKEN] = {.name = "--token", .value = "T", .help = "API token of the party; else the variable COUNTERSIGN_TOKEN"},
    [KEY] = {.name = "--key", .value = "FILE", .required = true, .help = "the party's key, as `keygen` made it"},
    [OLD] = {.name = "--old", .value = "FILE", .help = "the key that it takes the place of, which signs it too"},
};

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

static void payload(struct buf *out, const struct signer *key, const char *id, struct span issuer)
{
    char at[40];
    struct buf b, jwk;
    struct jw w;
    buf_fixed(&b, at, sizeof at);
    time_rfc3339(&b, clock_ms());
    buf_heap(&jwk);
    jwk_write(&jwk, signer_public(key));
    jw_open(&w, out);
    jw_object(&w);
    jw_kstr(&w, "at", buf_span(&b));
    jw_kstr(&w, "issuer", issuer);
    jw_key(&w, "jwk");
    jw_raw(&w, buf_span(&jwk));
    jw_kstr(&w, "party", span_str(id));
    jw_kstr(&w, "typ", SPAN(PARTY_KEY_TYP));
    jw_object_end(&w);
    jw_close(&w);
    buf_free(&jwk);
}

/* An answer to a key that was taken names the party, and this key as the one that it has. */
static bool says_taken(const char *id, const struct signer *key, struct span back)
{
    json_t *json = NULL;
    const json_t *its = NULL;
    struct span party = SPAN(""), kid = SPAN("");
    char own[JWK_KID_LEN];
    jwk_kid(signer_public(key), own);
    bool taken = json_read(back, &json, NULL) == ERR_OK &&
                 json_get_str(json, "", "id", LIMIT_ID, &party, NULL, NULL) == ERR_OK && span_is(party, id) &&
                 (its = json_object_get(json, "key")) != NULL &&
                 json_get_str(its, "", "kid", JWK_KID_LEN, &kid, NULL, NULL) == ERR_OK &&
                 span_eq(kid, span_of(own, sizeof own));
    json_decref(json);
    return taken;
}

static void put(struct download *d, const char *id, struct signer *key, struct signer *old)
{
    char path[64];
    struct buf said, body, answer;
    const char *url = download_url(d);
    buf_heap(&said);
    buf_heap(&body);
    buf_heap(&answer);
    payload(&said, key, id, span_of(url, strlen(url) - 1));
    buf_str(&body, "{\"jws\":\"");
    jws_compact(&body, key, PARTY_KEY_TYP, buf_span(&said));
    if (old != NULL) {
        buf_str(&body, "\",\"previous_jws\":\"");
        jws_compact(&body, old, PARTY_KEY_TYP, buf_span(&said));
    }
    buf_str(&body, "\"}");
    snprintf(path, sizeof path, "v1/parties/%s/key", id);
    download_send(d, "PUT", path, buf_span(&body), ANSWER_MAX, keep, &answer);
    if (!says_taken(id, key, buf_span(&answer)))
        decline("%s%s answered what no server does that took this key: whether it was taken is not known. Run it again",
                url, path);
    buf_free(&answer);
    buf_free(&body);
    buf_free(&said);
}

static int enrol(const char *const given[])
{
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    char id[LIMIT_ID + 1], kid[JWK_KID_LEN], its[JWK_KID_LEN + 1];
    if (token == NULL || !*token)
        decline("whose key? Give --token T or set COUNTERSIGN_TOKEN");
    struct signer *key = party_file_read(given[KEY]), *old = given[OLD] != NULL ? party_file_read(given[OLD]) : NULL;
    struct download *d =
        download_open(given[URL], token, (struct download_limits){.slack_s = SLACK_S, .bytes = 4 * ANSWER_MAX});
    jwk_kid(signer_public(key), kid);
    own_party(d, id, its);
    if (old == NULL && its[0] != '\0' && memcmp(its, kid, JWK_KID_LEN) != 0)
        decline("this party signs by the key %s: give the file of that one by --old", its);
    put(d, id, key, old);
    printf("%s signs by %.*s now: tell the other side, by another way than this server\n", id, JWK_KID_LEN, kid);
    download_close(d);
    signer_free(key);
    signer_free(old);
    return STATUS_DONE;
}

const struct command cmd_enrol = {
    .name = "enrol",
    .summary = "put a party's own key on record",
    .help =
        "Shows the server that this party holds the key: it signs its own public half, the party, the server's URL\n"
        "and the time. A key that takes the place of another is signed by that one too.",
    .args = args,
    .n_args = ARGS,
    .run = enrol,
};
