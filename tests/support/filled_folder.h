/* A data folder with rows in every table, made by the real server: what its clients did, over HTTP.
 *
 *   party 1 operator, 2 advertiser, 3 publisher, 4 auditor, 5 another publisher; campaign 1 with its direct contract 1
 *   contract 2 of the publisher: code 1 in use; clicks, views, leads (one approved, one pending, later one
 *   sold and returned), a statement that both
 *   answered, and a full tile; contract 3 of the other publisher: code 1 in use, code 2 unused; the auditor may read
 *   both; a lead that the two share; webhooks of 2 and 3, a CRM of the campaign, and what is due to them */
#ifndef CS_TESTS_FILLED_FOLDER_H
#define CS_TESTS_FILLED_FOLDER_H

#include <jansson.h>
#include <sys/stat.h>

#include "common/ledger/jws.h"
#include "server/settlement/settler.h"
#include "tests/support/live_server.h"
#include "tests/support/party_words.h"

enum { FILLED_TEXT = 256, FILLED_CLICKS = 269 };

struct filled {
    struct live live;
    json_t *party[5]; /* as made: advertiser, publisher, auditor, another publisher; one that a test may add */
    struct signer *key[2];
    char contract[FILLED_TEXT], code[FILLED_TEXT], other_code[FILLED_TEXT];
    struct answer answer; /* the last */
};

static inline const char *filled_text(const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));
    if (s == NULL)
        fail_msg("no %s in an answer", name);
    return s;
}

/* One request that must be answered with `status`; the answer's JSON. */
static inline json_t *filled_ask(struct filled *f, int status, const char *method, const char *path, const char *token,
                                 const char *body, const char *key)
{
    static char raw[16384];
    int n = snprintf(raw, sizeof raw,
                     "%s %s HTTP/1.1\r\nHost: " LIVE_HOST "\r\nAuthorization: Bearer %s\r\nContent-Type: "
                     "application/json\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
                     method, path, token, key != NULL ? "Idempotency-Key: " : "", key != NULL ? key : "",
                     key != NULL ? "\r\n" : "", strlen(body), body);
    assert_true(n > 0 && (size_t)n < sizeof raw);
    live_ask(&f->live, &f->answer, raw);
    if (f->answer.status != status)
        fail_msg("%s %s: %s", method, path, f->answer.text);
    return json_loads(f->answer.body, 0, NULL);
}

static inline json_t *filled_post(struct filled *f, const char *path, const char *token, const char *body)
{
    return filled_ask(f, 201, "POST", path, token, body, NULL);
}

static inline const char *filled_token(const struct filled *f, int party)
{
    return party < 0 ? f->live.operator_token : filled_text(f->party[party], "token");
}

static inline void filled_parties(struct filled *f)
{
    static const char *const kinds[] = {"advertiser", "publisher", "auditor", "publisher"};
    for (int i = 0; i < 4; i++) {
        char body[FILLED_TEXT], key[32];
        snprintf(body, sizeof body, "{\"name\":\"%s of the test\",\"kind\":\"%s\"%s}", kinds[i], kinds[i],
                 i == 1 ? ",\"legal\":{\"country\":\"FR\",\"name\":\"Alpha\"}" : "");
        snprintf(key, sizeof key, "party-%d", i);
        f->party[i] = filled_ask(f, 201, "POST", "/v1/parties", filled_token(f, -1), body, key);
    }
    for (int i = 0; i < 2; i++) {
        char path[FILLED_TEXT], body[2048];
        struct buf b;
        f->key[i] =
            signer_new((const uint8_t *)(i ? "seed of the publisher's key....." : "seed of the advertiser's key...."));
        buf_fixed(&b, body, sizeof body - 1);
        key_body(&b, f->key[i], NULL, LIVE_URL, filled_text(f->party[i], "id"), clock_ms());
        body[b.len] = '\0';
        snprintf(path, sizeof path, "/v1/parties/%s/key", filled_text(f->party[i], "id"));
        json_decref(filled_ask(f, 200, "PUT", path, filled_token(f, i), body, NULL));
    }
}

/* Nobody sends what is due here: it stays pending. */
static inline void filled_webhooks(struct filled *f)
{
    static const char *const bodies[] = {"{\"url\":\"https://crm.example/in\"}",
                                         "{\"macro_url\":\"https://tracker.example/?cid={click_id}\"}"};
    char path[FILLED_TEXT];
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/v1/parties/%s/webhook", filled_text(f->party[i], "id"));
        json_decref(filled_ask(f, 200, "PUT", path, filled_token(f, i), bodies[i], NULL));
    }
    snprintf(path, sizeof path, "/v1/parties/%s/notices", filled_text(f->party[0], "id"));
    json_decref(
        filled_ask(f, 200, "PUT", path, filled_token(f, 0), "{\"email\":\"a@example.com\",\"kinds\":[\"cap\"]}", NULL));
    snprintf(path, sizeof path, "/v1/parties/%s/webhook/test", filled_text(f->party[0], "id"));
    json_decref(filled_ask(f, 202, "POST", path, filled_token(f, 0), "{}", NULL));
}

/* A contract of a publisher (of f->party) with one code; its id and the code's text. */
static inline void filled_contract(struct filled *f, const char *campaign, int publisher, char id[FILLED_TEXT],
                                   char code[FILLED_TEXT])
{
    char body[FILLED_TEXT], path[FILLED_TEXT + 32];
    snprintf(body, sizeof body,
             "{\"campaign\":\"%s\",\"publisher\":\"%s\",\"price\":{\"lead\":[{\"micros\":8000000}],"
             "\"sale_ppm\":1000000}}",
             campaign, filled_text(f->party[publisher], "id"));
    json_t *made = filled_post(f, "/v1/contracts", filled_token(f, -1), body);
    snprintf(id, FILLED_TEXT, "%s", filled_text(made, "id"));
    json_decref(made);
    snprintf(path, sizeof path, "/v1/contracts/%s/codes", id);
    made = filled_post(f, path, filled_token(f, publisher), "{\"label\":\"links\"}");
    snprintf(code, FILLED_TEXT, "%s", filled_text(made, "code"));
    json_decref(made);
    snprintf(path, sizeof path, "/v1/contracts/%s/grants", id);
    snprintf(body, sizeof body, "{\"party\":\"%s\"}", filled_text(f->party[2], "id"));
    json_decref(filled_post(f, path, filled_token(f, -1), body));
}

static inline void filled_campaign(struct filled *f)
{
    char body[512], campaign[FILLED_TEXT], other[FILLED_TEXT], path[FILLED_TEXT + 32];
    snprintf(body, sizeof body,
             "{\"advertiser\":\"%s\",\"name\":\"Offer\",\"currency\":\"EUR\",\"landing_url\":\"https://shop.example/\","
             "\"lead\":{\"require\":[\"email\"]},\"attribution\":{\"model\":\"linear\"},"
             "\"score\":{\"facts\":[\"country\",\"utm_source\"],\"cross\":[\"country\",\"utm_source\"]}}",
             filled_text(f->party[0], "id"));
    json_t *made = filled_post(f, "/v1/campaigns", filled_token(f, 0), body);
    snprintf(campaign, sizeof campaign, "%s", filled_text(made, "id"));
    snprintf(path, sizeof path, "/v1/campaigns/%s/crm", campaign);
    json_decref(filled_ask(f, 200, "PUT", path, filled_token(f, 0),
                           "{\"recipe\":\"json\",\"url\":\"https://crm.example/\",\"token\":\"of-it\"}", NULL));
    json_decref(made);
    filled_contract(f, campaign, 1, f->contract, f->code);
    filled_contract(f, campaign, 3, other, f->other_code);
    snprintf(path, sizeof path, "/v1/contracts/%s/codes", other);
    json_decref(filled_post(f, path, filled_token(f, 3), "{\"label\":\"unused\"}"));
}

static inline void filled_click(struct filled *f, const char *code, char click[CLICK_ID_LEN + 1])
{
    char target[FILLED_TEXT + 8], location[512];
    snprintf(target, sizeof target, "/c/%s", code);
    live_get(&f->live, &f->answer, "GET", target, "User-Agent: Test/1\r\n");
    assert_true(live_header(&f->answer, "Location", location, sizeof location));
    snprintf(click, CLICK_ID_LEN + 1, "%s", strstr(location, "click_id=") + 9);
}

/* Refused: nobody's pixel, one with the publisher's code, and a postback under its kid. */
static inline void filled_refusals(struct filled *f)
{
    char target[FILLED_TEXT + 32];
    live_get(&f->live, &f->answer, "GET", "/p/none.gif", "");
    snprintf(target, sizeof target, "/p/%s.gif?event=purchase", f->code);
    live_get(&f->live, &f->answer, "GET", target, "");
    snprintf(target, sizeof target, "/postback?txid=1&kid=%s", filled_text(f->party[1], "kid"));
    live_get(&f->live, &f->answer, "GET", target, "");
    assert_int_equal(f->answer.status, 400);
}

/* A lead by a party's signed query, by one click or two (NULL: none); its reference. */
static inline void filled_lead(struct filled *f, int party, const char *click, const char *before, int n,
                               char lead[FILLED_TEXT])
{
    char target[1024], text[1200];
    uint8_t key[64], none[HASH_LEN], mac[HASH_LEN];
    size_t key_len;
    struct buf b, t;
    assert_ok(whsec_decode(span_str(filled_text(f->party[party], "postback_secret")), key, &key_len));
    buf_fixed(&b, target, sizeof target - 1);
    buf_printf(
        &b,
        "/postback?click_id=%s&touches=%s&txid=order-%d&email=p%d%%40shop.example&phone=%%2B3361234567%d&kid=%s&ts=%lld"
        "&nonce=nonce-of-the-test-%d",
        click, before != NULL ? before : "", n, n, n, filled_text(f->party[party], "kid"),
        (long long)(clock_ms() / 1000), n);
    sha256("", 0, none);
    buf_fixed(&t, text, sizeof text);
    buf_printf(&t, "PBv1\nGET\n" LIVE_HOST "\n%.*s\n", (int)b.len, target);
    buf_hex(&t, none, sizeof none);
    struct hmac *h = hmac_new(key, key_len);
    struct span whole = buf_span(&t);
    hmac_sign(h, &whole, 1, mac);
    hmac_free(h);
    buf_str(&b, "&sig=");
    buf_hex(&b, mac, sizeof mac);
    target[b.len] = '\0';
    live_get(&f->live, &f->answer, "GET", target, "");
    if (f->answer.status != 200)
        fail_msg("%s: %s", target, f->answer.text);
    json_t *said = json_loads(f->answer.body, 0, NULL);
    snprintf(lead, FILLED_TEXT, "%s", filled_text(said, "lead"));
    json_decref(said);
}

static inline void filled_traffic(struct filled *f)
{
    char click[CLICK_ID_LEN + 1], other[CLICK_ID_LEN + 1], target[FILLED_TEXT * 2], lead[FILLED_TEXT];
    for (int i = 0; i < FILLED_CLICKS; i++)
        filled_click(f, f->code, click);
    snprintf(target, sizeof target, "/p/%s.gif?event=view&click_id=%s", f->code, click);
    live_get(&f->live, &f->answer, "GET", target, "");
    filled_refusals(f);
    filled_lead(f, 1, click, NULL, 1, lead);
    snprintf(target, sizeof target, "/v1/leads/%s/dispositions", lead);
    json_decref(filled_ask(f, 200, "POST", target, filled_token(f, 0), "{\"status\":\"approved\"}", "approve-1"));
    filled_click(f, f->other_code, other);
    filled_lead(f, 0, click, other, 2, lead);
}

/* More moves than one statement can say: the log is cut. */
static inline void filled_sale(struct filled *f, const char *click, int person)
{
    char target[FILLED_TEXT * 2], lead[FILLED_TEXT], key[2][32];
    filled_lead(f, 1, click, NULL, person, lead);
    snprintf(key[0], sizeof key[0], "sale-%d", person);
    snprintf(key[1], sizeof key[1], "return-%d", person);
    snprintf(target, sizeof target, "/v1/leads/%s/dispositions", lead);
    json_decref(filled_ask(f, 200, "POST", target, filled_token(f, 0),
                           "{\"status\":\"converted\",\"amount\":\"5000000000\",\"currency\":\"EUR\"}", key[0]));
    json_decref(filled_ask(f, 200, "POST", target, filled_token(f, 0), "{\"status\":\"returned\"}", key[1]));
}

static inline void filled_statement(struct filled *f)
{
    char path[FILLED_TEXT + 32], adjustments[FILLED_TEXT + 32], body[2048], sha256[65];
    struct buf about;
    snprintf(path, sizeof path, "/v1/contracts/%s/statements", f->contract);
    json_t *made = filled_post(f, path, filled_token(f, -1), "{}");
    snprintf(sha256, sizeof sha256, "%s", filled_text(made, "sha256"));
    snprintf(path, sizeof path, "/v1/statements/%s/shares", filled_text(made, "id"));
    json_decref(filled_post(f, path, filled_token(f, 1), "{}"));
    snprintf(path, sizeof path, "/v1/statements/%s/responses", filled_text(made, "id"));
    snprintf(adjustments, sizeof adjustments, "/v1/contracts/%s/adjustments", f->contract);
    buf_fixed(&about, body, sizeof body - 1);
    buf_printf(&about, "{\"micros\":-5,\"reason\":\"as agreed\",\"statement\":\"%s\"}", filled_text(made, "id"));
    body[about.len] = '\0';
    json_decref(filled_post(f, adjustments, filled_token(f, -1), body));
    json_decref(made);
    for (int i = 0; i < 2; i++) {
        struct buf b;
        buf_fixed(&b, body, sizeof body - 1);
        buf_str(&b, "{\"jws\":\"");
        response_jws(&b, f->key[i], LIVE_URL, filled_text(f->party[i], "id"), sha256, "accept", "", "", clock_ms());
        buf_str(&b, "\"}");
        body[b.len] = '\0';
        json_decref(filled_post(f, path, filled_token(f, i), body));
    }
}

/* What the campaign knows of leads, into the logs that are to have it. */
static inline void filled_seed(struct filled *f)
{
    struct settler *settler = settler_start(&f->live.sh, 2, 1);
    for (bool seeded = false; !seeded;) {
        struct cursor *c;
        struct span key, row;
        struct txn *t;
        usleep(1000);
        assert_ok(txn_begin(f->live.sh.instance.store, false, &t));
        assert_ok(cursor_open(t, TABLE_SEEDS, &c));
        seeded = cursor_seek(c, SPAN(""), &key, &row) == ERR_OK;
        cursor_close(c);
        txn_abort(t);
    }
    settler_stop(settler);
}

/* The folder is f->live.f.dir, closed. */
static inline void filled_open(struct filled *f)
{
    struct fixture *fx = &f->live.f;
    char click[CLICK_ID_LEN + 1];
    const char *what;
    struct party operator= {.number = 1, .id = "P1", .role = ROLE_OPERATOR, .name = SPAN("operator"), .created_ms = 1};
    memset(f, 0, sizeof *f);
    /* in memory where there is such a place: damage is a commit each */
    snprintf(fx->dir, sizeof fx->dir, "%s/countersign-test-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : P_tmpdir);
    assert_non_null(mkdtemp(fx->dir));
    api_token_new(f->live.operator_token);
    const struct founding founding = {.id = SPAN("I000000000001"),
                                      .url = SPAN("http://" LIVE_HOST),
                                      .operator= & operator,
                                      .token = f->live.operator_token };
    assert_ok(instance_create(fx->dir, SMALL_MAP, &founding, &what));
    live_serve(&f->live);
    filled_parties(f);
    filled_webhooks(f);
    filled_campaign(f);
    filled_traffic(f);
    filled_statement(f);
    filled_seed(f);
    /* an entry of the closing millisecond could be one that came while the clock was set back */
    for (int64_t closed_ms = clock_ms(); clock_ms() <= closed_ms;)
        usleep(1000);
    filled_click(f, f->code, click);
    filled_sale(f, click, 3);
    json_decref(
        filled_ask(f, 200, "POST", "/v1/erasures", filled_token(f, -1), "{\"email\":\"p2@shop.example\"}", NULL));
    live_end(&f->live);
}

static inline void filled_close(struct filled *f)
{
    for (int i = 0; i < 5; i++)
        json_decref(f->party[i]);
    signer_free(f->key[0]);
    signer_free(f->key[1]);
    fixture_close(&f->live.f);
}

#endif
