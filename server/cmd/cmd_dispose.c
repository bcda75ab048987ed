/* A disposition that the advertiser's own key signs: FORMATS.md "A countersigned disposition". */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/decisions/countersigned.h"
#include "common/ledger/jws.h"
#include "server/cmd/command.h"
#include "server/cmd/own_party.h"
#include "server/cmd/party_file.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { URL, LEAD, STATUS, KEY, TOKEN, REASON, AMOUNT, CURRENCY, ARGS };
enum { ANSWER_MAX = 1 << 20, SLACK_S = 60, REF_MAX = 60 };

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [LEAD] = {.name = "LEAD", .required = true, .help = "the lead's reference, L..."},
    [STATUS] = {.name = "--status",
                .value = "S",
                .required = true,
                .help = "approved, rejected, returned or converted"},
    [KEY] = {.name = "--key", .value = "FILE", .required = true, .help = "the advertiser's key, as `keygen` made it"},
    [TOKEN] = {.name = "--token",
               .value = "T",
               .help = "API token of the advertiser; else the variable COUNTERSIGN_TOKEN"},
    [REASON] = {.name = "--reason", .value = "TEXT", .help = "why, in words that the log keeps for good"},
    [AMOUNT] = {.name = "--amount", .value = "N", .help = "of a sale (converted): 12.50"},
    [CURRENCY] = {.name = "--currency", .value = "C", .help = "of the amount: the campaign's"},
};

struct disposing {
    const char *const *given;
    char party[LIMIT_ID + 1], kid[JWK_KID_LEN + 1];
    struct span contract; /* the lead: where it stands */
    int64_t index;
    json_t *lead;
    int64_t amount_micros;
};

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

static void read_lead(struct disposing *x, struct download *d)
{
    char path[96];
    struct buf body;
    buf_heap(&body);
    snprintf(path, sizeof path, "v1/leads/%.60s", x->given[LEAD]);
    download_get(d, path, ANSWER_MAX, keep, &body);
    if (json_read(buf_span(&body), &x->lead, NULL) != ERR_OK ||
        json_get_str(x->lead, "", "contract", LIMIT_ID, &x->contract, NULL, NULL) != ERR_OK ||
        json_get_int(x->lead, "", "index", 1, JSON_INT_MAX, &x->index, NULL, NULL) != ERR_OK ||
        span_empty(x->contract) || x->index == 0)
        die("%s%s answered what no lead is", download_url(d), path);
    buf_free(&body);
}

static void kstr(struct jw *w, const char *name, const char *text)
{
    if (text != NULL)
        jw_kstr(w, name, span_str(text));
}

static void payload(const struct disposing *x, struct span issuer, struct buf *out)
{
    char at[40];
    struct buf b;
    struct jw w;
    buf_fixed(&b, at, sizeof at);
    time_rfc3339(&b, clock_ms());
    jw_open(&w, out);
    jw_object(&w);
    if (x->amount_micros != 0)
        jw_kint(&w, "amount_micros", x->amount_micros);
    jw_kstr(&w, "at", buf_span(&b));
    jw_kstr(&w, "contract", x->contract);
    kstr(&w, "currency", x->given[CURRENCY]);
    jw_kstr(&w, "issuer", issuer);
    jw_kint(&w, "lead", x->index);
    jw_kstr(&w, "party", span_str(x->party));
    kstr(&w, "reason", x->given[REASON]);
    kstr(&w, "status", x->given[STATUS]);
    jw_kstr(&w, "typ", SPAN(DISPOSITION_TYP));
    jw_object_end(&w);
    jw_close(&w);
}

static void body_of(const struct disposing *x, struct signer *key, struct span said, struct buf *out)
{
    struct buf jws;
    struct jw w;
    buf_heap(&jws);
    jws_compact(&jws, key, DISPOSITION_TYP, said);
    jw_open(&w, out);
    jw_object(&w);
    kstr(&w, "amount", x->given[AMOUNT]);
    kstr(&w, "currency", x->given[CURRENCY]);
    jw_kstr(&w, "jws", buf_span(&jws));
    kstr(&w, "reason", x->given[REASON]);
    kstr(&w, "status", x->given[STATUS]);
    jw_object_end(&w);
    jw_close(&w);
    buf_free(&jws);
}

static void send(const struct disposing *x, struct download *d, struct signer *key)
{
    char path[128];
    struct buf said, body, back;
    json_t *json = NULL;
    struct span status = SPAN(""), ref = SPAN("");
    int64_t index = 0;
    const char *url = download_url(d);
    buf_heap(&said);
    buf_heap(&body);
    buf_heap(&back);
    payload(x, span_of(url, strlen(url) - 1), &said);
    body_of(x, key, buf_span(&said), &body);
    snprintf(path, sizeof path, "v1/leads/%.60s/dispositions", x->given[LEAD]);
    download_send(d, "POST", path, buf_span(&body), ANSWER_MAX, keep, &back);
    if (json_read(buf_span(&back), &json, NULL) != ERR_OK ||
        json_get_str(json, "", "status", 40, &status, NULL, NULL) != ERR_OK ||
        json_get_str(json, "", "lead", REF_MAX, &ref, NULL, NULL) != ERR_OK ||
        json_get_int(json, "", "index", 1, JSON_INT_MAX, &index, NULL, NULL) != ERR_OK ||
        !span_is(status, x->given[STATUS]) || !span_is(ref, x->given[LEAD]) || index == 0)
        decline("%s%s answered what no server does that took it, or took something else: whether it was taken is not "
                "known. Run it again: the log tells",
                url, path);
    printf("%s: %s, entry %lld of %.*s, signed by key %s and taken by the server; the next pull shows it in the log\n",
           x->given[LEAD], x->given[STATUS], (long long)index, (int)x->contract.len, x->contract.ptr, x->kid);
    json_decref(json);
    buf_free(&back);
    buf_free(&body);
    buf_free(&said);
}

static int dispose(const char *const given[])
{
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    struct disposing x = {.given = given};
    char own[JWK_KID_LEN + 1];
    if (token == NULL || !*token)
        decline("whose word is it? Give --token T or set COUNTERSIGN_TOKEN");
    if (given[AMOUNT] != NULL && money_parse(span_str(given[AMOUNT]), &x.amount_micros) != ERR_OK)
        decline("--amount \"%.40s\" is no amount such as 12.50", given[AMOUNT]);
    if ((given[AMOUNT] != NULL) != (given[CURRENCY] != NULL))
        decline("--amount and --currency belong together");
    struct signer *key = party_file_read(given[KEY]);
    struct download *d =
        download_open(given[URL], token, (struct download_limits){.slack_s = SLACK_S, .bytes = 4 * ANSWER_MAX});
    jwk_kid(signer_public(key), own);
    own[JWK_KID_LEN] = '\0';
    own_party(d, x.party, x.kid);
    if (strcmp(own, x.kid) != 0)
        decline("%s signs by %s: give the file of that key by --key, or put this one on record by `enrol`", x.party,
                x.kid[0] != '\0' ? x.kid : "no key so far");
    read_lead(&x, d);
    send(&x, d, key);
    json_decref(x.lead);
    download_close(d);
    signer_free(key);
    return STATUS_DONE;
}

const struct command cmd_dispose = {
    .name = "dispose",
    .summary = "decide on a lead, signed by the advertiser's own key",
    .help = "Says that a lead is approved, rejected, returned or converted, and signs it: the log tells it as\n"
            "countersigned, and campaigns with \"dispositions\":\"countersigned\" take nothing less. The same again is "
            "the\nsame: nothing is decided twice.",
    .args = args,
    .n_args = ARGS,
    .run = dispose,
};
