/* Postbacks: who is let in, which fields are taken, what is recorded, what is answered. The signer is written from
 * INTERFACE's words, not with the server's code. */
#include <jansson.h>

#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "server/commit/nonces.h"
#include "tests/support/live_server.h"

static struct live *live(void **state)
{
    return *state;
}

static uint64_t serial; /* makes each nonce and txid new */

struct send {
    const char *query, *body; /* further parameters of the query (led by '&'); the form body: then it is a POST */
    int party;                /* 2 advertiser, 3 publisher (0 means 3), 4 another publisher */
    int64_t age_s;
    const char *nonce, *host, *kid, *tail; /* overrides, and what follows the signature */
    uint8_t key;                           /* byte of another key */
};

static void sign(const struct send *s, char *target, size_t cap)
{
    char nonce[32], text[8192];
    uint8_t key[32], hash[HASH_LEN], mac[HASH_LEN];
    struct buf b;
    int party = s->party ? s->party : 3;
    const char *body = s->body != NULL ? s->body : "";
    snprintf(nonce, sizeof nonce, "nonce-0123456789-%llu", (unsigned long long)++serial);
    memset(key, s->key ? s->key : party, sizeof key);
    buf_fixed(&b, target, cap);
    buf_printf(&b, "/postback?kid=K%s&ts=%lld&nonce=%s%s",
               s->kid != NULL ? s->kid : (const char[]){(char)('0' + party), 0},
               (long long)(clock_ms() / 1000 - s->age_s), s->nonce != NULL ? s->nonce : nonce,
               s->query != NULL ? s->query : "");
    size_t len = b.len;
    sha256(body, strlen(body), hash);
    struct buf t;
    buf_fixed(&t, text, sizeof text);
    buf_printf(&t, "PBv1\n%s\n%s\n%.*s\n", s->body != NULL ? "POST" : "GET", s->host != NULL ? s->host : LIVE_HOST,
               (int)len, target);
    buf_hex(&t, hash, sizeof hash);
    struct hmac *h = hmac_new(key, sizeof key);
    struct span whole = buf_span(&t);
    hmac_sign(h, &whole, 1, mac);
    hmac_free(h);
    buf_str(&b, "&sig=");
    buf_hex(&b, mac, sizeof mac);
    buf_str(&b, s->tail != NULL ? s->tail : "");
    buf_byte(&b, '\0');
    assert_false(b.failed || t.failed);
}

static void send_target(struct live *l, struct answer *a, const struct send *s, const char *target)
{
    static char raw[65536];
    if (s->body != NULL)
        snprintf(raw, sizeof raw,
                 "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
                 "%zu\r\n\r\n%s",
                 target, strlen(s->body), s->body);
    else
        snprintf(raw, sizeof raw, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target);
    live_ask(l, a, raw);
}

static void postback(struct live *l, struct answer *a, const struct send *s)
{
    static char target[LIMIT_TARGET + 512];
    sign(s, target, sizeof target);
    send_target(l, a, s, target);
}

static int webhook_party = 3; /* whose secret signs JSON */

static void webhook(struct live *l, struct answer *a, const char *id, int64_t age_s, const char *body,
                    const char *before_sig)
{
    static char raw[16384];
    char stamp[24], text[8192];
    uint8_t key[32], mac[HASH_LEN];
    struct buf sig;
    char sig_mem[64];
    memset(key, webhook_party, sizeof key);
    snprintf(stamp, sizeof stamp, "%lld", (long long)(clock_ms() / 1000 - age_s));
    snprintf(text, sizeof text, "%s.%s.%s", id, stamp, body);
    struct hmac *h = hmac_new(key, sizeof key);
    struct span whole = span_str(text);
    hmac_sign(h, &whole, 1, mac);
    hmac_free(h);
    buf_fixed(&sig, sig_mem, sizeof sig_mem);
    buf_b64(&sig, mac, sizeof mac);
    snprintf(raw, sizeof raw,
             "POST /postback/K%d HTTP/1.1\r\nHost: h\r\nContent-Type: application/json; charset=utf-8\r\nwebhook-id: "
             "%s\r\nwebhook-timestamp: %s\r\n"
             "webhook-signature: %sv1,%.*s\r\nContent-Length: %zu\r\n\r\n%s",
             webhook_party, id, stamp, before_sig, (int)sig.len, sig.ptr, strlen(body), body);
    live_ask(l, a, raw);
}

static const char *text_of(const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));
    return s != NULL ? s : "";
}

static json_t *json_of(const struct answer *a)
{
    json_t *v = json_loads(a->body, 0, NULL);
    if (v == NULL)
        fail_msg("not JSON: %s", a->text);
    return v;
}

/* A click of a code, newly made. */
static void click(struct live *l, size_t code, char id[CLICK_ID_LEN + 1])
{
    struct answer a;
    char target[64], location[512];
    snprintf(target, sizeof target, "/c/%s", l->code[code]);
    live_get(l, &a, "GET", target, "");
    assert_true(live_header(&a, "Location", location, sizeof location));
    snprintf(id, CLICK_ID_LEN + 1, "%s", strstr(location, "click_id=") + 9);
}

/* ---- who is let in ---- */

static const struct {
    const char *name;
    struct send send;
    int status;
    const char *field; /* of the problem */
} entries[] = {
    {"good", {.query = "&txid=e1"}, 200, ""},
    {"good form", {.body = "txid=e2"}, 200, ""},
    {"edge of the window", {.query = "&txid=e3", .age_s = 299}, 200, ""},
    {"ahead", {.query = "&txid=e4", .age_s = -299}, 200, ""},
    {"stale", {.age_s = 302}, 401, ""},
    {"far ahead", {.age_s = -302}, 401, ""},
    {"unknown kid", {.kid = "9"}, 401, ""},
    {"other key", {.key = 9}, 401, ""},
    {"other host", {.host = "evil.example"}, 401, ""},
    {"something after sig", {.tail = "&x=1"}, 400, "sig"},
    {"an ampersand after sig", {.tail = "&"}, 400, "sig"},
    {"a second sig", {.tail = "&sig=0"}, 400, "sig"},
    {"upper-case sig", {.tail = "A"}, 401, ""},
    {"short nonce", {.nonce = "123456789012345"}, 400, "nonce"},
    {"long nonce", {.nonce = "12345678901234567890123456789012345678901234567890123456789012345"}, 400, "nonce"},
    {"odd nonce", {.nonce = "1234567890123456%20"}, 400, "nonce"},
    {"second kid", {.query = "&kid=K3"}, 400, "kid"},
    {"second nonce", {.query = "&nonce=0123456789abcdef"}, 400, "nonce"},
    {"operator", {.party = 1, .query = "&txid=e5"}, 403, ""},
};

static void only_rightly_signed_postbacks_are_recorded(void **state)
{
    struct answer a;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        uint64_t before = live_recorded(live(state));
        postback(live(state), &a, &entries[i].send);
        if (a.status != entries[i].status)
            fail_msg("%s: %s", entries[i].name, a.text);
        if (live_recorded(live(state)) != before + (a.status == 200))
            fail_msg("%s: %d recorded", entries[i].name, (int)(live_recorded(live(state)) - before));
        json_t *v = json_of(&a);
        if (strcmp(text_of(v, "field"), entries[i].field) != 0)
            fail_msg("%s: %s", entries[i].name, a.body);
        json_decref(v);
    }
}

/* Each answer names its request; without that they can be compared. */
static const char *without_request_id(struct answer *a)
{
    static const char member[] = "\"request_id\":\"";
    char *id = strstr(a->text, member);
    assert_non_null(id);
    memset(id + strlen(member), '-', 16);
    return a->body;
}

/* What a signed query lacks is told, and no more than that. */
static void assert_lacks_a_parameter(const struct answer *a)
{
    json_t *v = json_of(a);
    static const char *const names[] = {"kid", "ts", "nonce", "sig"};
    size_t i = 0;
    while (i < 4 && strcmp(text_of(v, "field"), names[i]) != 0)
        i++;
    if (a->status != 400 || i == 4 || strstr(text_of(v, "detail"), "missing") == NULL)
        fail_msg("%s", a->text);
    json_decref(v);
}

/* One text for all that does not prove its sender, and no changed character passes. */
static void unauthorized_is_one_text_for_all(void **state)
{
    static char target[4096], first[1024], changed[4096];
    struct answer a;
    struct send s = {.query = "&txid=u1&email=a@b.example"};
    uint64_t before = live_recorded(live(state));
    postback(live(state), &a, &(struct send){.kid = "8"});
    snprintf(first, sizeof first, "%s", without_request_id(&a));
    sign(&s, target, sizeof target);
    size_t len = strlen(target), told = 0;
    for (size_t i = strlen("/postback?"); i < len; i += 3) {
        memcpy(changed, target, len + 1);
        changed[i] = changed[i] == '1' ? '2' : '1';
        send_target(live(state), &a, &s, changed);
        if (a.status == 400)
            assert_lacks_a_parameter(&a); /* its name was changed */
        else
            assert_string_equal(without_request_id(&a), first);
        told += a.status == 400;
    }
    assert_in_range(told, 1, len / 8);
    live_get(live(state), &a, "GET", "/postback?txid=1&key=K3", "");
    assert_null(strstr(a.text, "WWW-Authenticate"));
    assert_string_equal(without_request_id(&a), first);
    live_get(live(state), &a, "GET", "/postback", "");
    assert_lacks_a_parameter(&a);
    assert_int_equal(live_recorded(live(state)), before);
}

/* ---- fields ---- */

static const struct {
    const char *name, *query;
    int status;
    const char *field;
    int party;
} fields[] = {
    {"unknown parameter", "&txid=f1&campaign_name=x", 200, ""},
    {"empty values", "&txid=f2&email=&event=&test=&click_id=&amount=", 200, ""},
    {"macro", "&txid={txid}", 400, "txid"},
    {"encoded macro", "&txid=f&cid=%7Bclick_id%7D", 400, "cid"},
    {"macro inside", "&txid=x-{id}-y", 400, "txid"},
    {"double braces", "&txid=f&touches={{touches}}", 400, "touches"},
    {"another style", "&txid=f&email=%5Bemail%5D", 400, "email"},
    {"and another", "&txid=f&phone=%25%25PHONE%25%25", 400, "phone"},
    {"and another, by an alias", "&transaction_id=%23txid%23", 400, "transaction_id"},
    {"a macro in an unknown parameter", "&txid=f3&foo={bar}", 200, ""},
    {"words of a person, and of the sender",
     "&txid=f3b&sub1={sub1}&first_name={sports}&last_name=%25A%25&f_comment=%5Bsic%5D", 200, ""},
    {"braces that are no macro", "&txid=f3c&sub1={%20}&sub2={}&sub3=}a{", 200, ""},
    {"close miss", "&txid=f&mail=a@x.example", 400, "mail"},
    {"close miss by case", "&txid=f&Email=a@x.example", 400, "Email"},
    {"close miss by a dash", "&txid=f&first-name=a", 400, "first-name"},
    {"close miss by letters turned round", "&txid=f&phnoe=1", 400, "phnoe"},
    {"close miss of an alias", "&orderid=f", 400, "orderid"},
    {"a telephone", "&txid=f&telephone=1", 400, "telephone"},
    {"escaped for HTML", "&email=f@x.example&amp;txid=f", 400, "amp;txid"},
    {"escaped for HTML, a form field", "&txid=f&amp;f_age=1", 400, "amp;f_age"},
    {"names of their own", "&txid=f3d&county=Kent&contact=yes&email2=x&sub6=1&leads=2&amp;utm_source=x", 200, ""},
    {"a country that is none", "&txid=f&country=XX", 400, "country"},
    {"a country by its name", "&txid=f&country=France", 400, "country"},
    {"a blank country", "&txid=f7&country=%20%C2%A0", 200, ""},
    {"invalid UTF-8 of a person", "&txid=f8&first_name=%C3%28", 200, ""},
    {"invalid UTF-8 around what is cleaned", "&txid=f9&first_name=%C3%01%A9", 200, ""},
    {"surrogate of a person", "&txid=f10&f_text=%ED%A0%80", 200, ""},
    {"Latin-1 in an address", "&txid=f11&email=Ren%E9@x.example&phone=06%A012%A034%A056%A078", 200, ""},
    {"NUL of a person", "&txid=f12&first_name=a%00b&sub1=%00", 200, ""},
    {"NUL of a machine", "&txid=f%00", 400, "txid"},
    {"invalid UTF-8 of a machine", "&txid=f%E9", 400, "txid"},
    {"what was invalid somewhere before", "&txid=f%EF%BF%BD", 400, "txid"},
    {"invalid UTF-8 in a click id", "&click_id=%E9", 400, "click_id"},
    {"invalid UTF-8 in an answer", "&txid=f&return=%E9", 400, "return"},
    {"a form field written otherwise", "&txid=f&f-age=30", 400, "f-age"},
    {"and in capitals", "&txid=f&F_age=30", 400, "F_age"},
    {"and both, with a point", "&txid=f&F.age=30", 400, "F.age"},
    {"and as JSON has them", "&txid=f&fields%5Bage%5D=30", 400, "fields?age?"},
    {"names that are no form field's", "&txid=f16&F_=1&f=2&fields=3&flag=4", 200, ""},
    {"and escaped for HTML", "&txid=f&amp;f-age=30", 400, "amp;f-age"},
    {"contract of one campaign beside another", "&txid=f&contract=C2&campaign=M2", 400, "campaign"},
    {"contract beside a campaign that is none", "&txid=f&contract=C2&campaign=MX", 400, "campaign"},
    {"contract beside its campaign", "&txid=f14&contract=C2&campaign=A1", 200, ""},
    {"a lead that is there, and nothing that became of it", "&lead=Lxyz&reason=fake", 400, "lead"},
    {"likewise, with a blank status", "&lead=Lxyz&status=%20", 400, "lead"},
    {"what belongs to other events", "&txid=f15&amount=x&currency=XXQ&reason=y", 200, ""},
    {"a test of what became of a lead", "&txid=f&status=approved&test=1", 400, "test"},
    {"control characters of a person", "&txid=f7&first_name=a%01b&f_text=%C2%85", 200, ""},
    {"control character of a machine", "&txid=f%01", 400, "txid"},
    {"line break", "&txid=f4&f_text=a%0Ab", 200, ""},
    {"twice", "&txid=f&txid=g", 400, "txid"},
    {"twice by alias", "&txid=f&cid=a&subid=b", 400, "subid"},
    {"the same by alias", "&txid=f6&click_id=a&subid=a", 200, ""},
    {"a txid twice by alias", "&txid=f&order_id=g", 400, "order_id"},
    {"the same txid by alias", "&order_id=f6b&transaction_id=f6b&txid=", 200, ""},
    {"form field twice", "&txid=f&f_a=1&f_a=2", 400, "f_a"},
    {"form field without name", "&txid=f&f_=1", 400, "f_"},
    {"odd form field", "&txid=f&f_a%20b=1", 400, "f_a?b"},
    {"event", "&txid=f&event=click", 400, "event"},
    {"status", "&txid=f&status=great", 400, "status"},
    {"status that is not the sender's", "&txid=f&status=duplicate", 400, "status"},
    {"sale of a rejected one", "&txid=f&event=sale&status=rejected", 400, "status"},
    {"test", "&txid=f&test=maybe", 400, "test"},
    {"disposition of nothing", "&status=approved", 400, "lead"},
    {"amount of no sale", "&txid=f&status=approved&amount=1&currency=EUR", 400, "amount"},
    {"amount", "&txid=f&event=sale&amount=1e3&currency=EUR", 400, "amount"},
    {"negative amount", "&txid=f&event=sale&amount=-1&currency=EUR", 400, "amount"},
    {"amount without currency", "&txid=f&event=sale&amount=1", 400, "currency"},
    {"currency", "&txid=f&event=sale&amount=1&currency=XXQ", 400, "currency"},
    {"contract of another", "&txid=f&contract=C4", 400, "contract"},
    {"no such contract", "&txid=f&contract=CX", 400, "contract"},
    {"own contract by name", "&txid=f5&contract=C2", 200, ""},
    {"no such lead", "&status=approved&lead=Lxyz", 404, "lead"},
    {"no such click", "&status=approved&click_id=xyz", 404, "click_id"},
    {"no such txid", "&status=approved&txid=never", 404, "txid", 2},
    {"a txid, by who decides nothing", "&status=approved&txid=never", 403, ""},
};

static void fields_are_taken_or_refused_by_name(void **state)
{
    struct answer a;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        uint64_t before = live_recorded(live(state));
        postback(live(state), &a, &(struct send){.query = fields[i].query, .party = fields[i].party});
        json_t *v = json_of(&a);
        if (a.status != fields[i].status || strcmp(text_of(v, "field"), fields[i].field) != 0)
            fail_msg("%s: %d %s", fields[i].name, a.status, a.body);
        if (live_recorded(live(state)) != before + (a.status == 200))
            fail_msg("%s was recorded", fields[i].name);
        json_decref(v);
    }
}

/* In a form's body, that is: in a target it is no HTTP. */
static void a_percent_sign_that_nobody_escaped_loses_no_lead(void **state)
{
    struct answer a;
    postback(live(state), &a, &(struct send){.body = "txid=percent&f_text=100%&sub2=5%zz&first_name=Ren\xe9&x=%"});
    assert_int_equal(a.status, 200);
    postback(live(state), &a, &(struct send){.body = "txid=100%"});
    json_t *v = json_of(&a);
    assert_int_equal(a.status, 400);
    assert_string_equal(text_of(v, "field"), "txid");
    json_decref(v);
}

static void fields_are_taken_up_to_their_limits(void **state)
{
    static const struct {
        const char *name;
        int most;
        bool cut; /* what is longer */
    } limits[] = {{"txid", LIMIT_TXID, false},     {"return", LIMIT_FIELD, false}, {"click_id", LIMIT_PARAM, false},
                  {"email", LIMIT_FIELD, true},    {"f_x", LIMIT_FIELD, true},     {"sub3", LIMIT_PARAM, true},
                  {"last_name", LIMIT_FIELD, true}};
    struct answer a;
    char query[4096];
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (int over = 0; over < 2; over++) {
            snprintf(query, sizeof query, "&%s=%0*llu", limits[i].name, limits[i].most + over,
                     (unsigned long long)++serial);
            postback(live(state), &a, &(struct send){.query = query});
            if (a.status != (over && !limits[i].cut ? 400 : 200))
                fail_msg("%s of %d: %s", limits[i].name, limits[i].most + over, a.text);
        }
    snprintf(query, sizeof query, "&f_%0*d=1", LIMIT_FIELD_NAME + 1, 1);
    postback(live(state), &a, &(struct send){.query = query});
    assert_int_equal(a.status, 400);
}

static void assert_ignored(const struct answer *a, const char *names)
{
    json_t *v = json_of(a);
    char *list = json_dumps(json_object_get(v, "ignored"), JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(list, names);
    free(list);
    json_decref(v);
}

static void names_that_nobody_knows_are_told(void **state)
{
    struct answer a;
    static char query[8192];
    postback(live(state), &a, &(struct send){.query = "&txid=i1&gclid=x&utm_source=y&gclid=z&%C3%A9%22=1&kid2=%FF"});
    assert_int_equal(a.status, 200);
    assert_ignored(&a, "[\"gclid\",\"utm_source\",\"\xc3\xa9\\\"\",\"kid2\"]");
    postback(live(state), &a, &(struct send){.query = "&txid=i1"});
    assert_ignored(&a, "[]");
    postback(live(state), &a,
             &(struct send){.query = "&txid=i1&amount=x&currency=EUR&reason=y"}); /* no facts of a lead */
    assert_int_equal(a.status, 200);
    assert_ignored(&a, "[\"amount\",\"currency\",\"reason\"]");
    postback(live(state), &a, &(struct send){.query = "&txid=i2&first_name=Ren%E9&f_text=%00ok%FF&sub1=%EF%BF%BD"});
    assert_ignored(&a, "[\"first_name\",\"f_text\",\"sub1\"]"); /* not all of them was taken */

    struct buf b; /* many, and long ones */
    buf_fixed(&b, query, sizeof query);
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "&%02d%0*d%%22%%01=1", i, 60, i);
    buf_byte(&b, '\0');
    assert_false(b.failed);
    postback(live(state), &a, &(struct send){.query = query});
    assert_int_equal(a.status, 200);
    json_t *v = json_of(&a);
    assert_int_equal(json_array_size(json_object_get(v, "ignored")), 32);
    json_decref(v);
}

static void defaults_and_empty_values_are_no_other_facts(void **state)
{
    static const char *const same[] = {"",
                                       "&event=lead",
                                       "&test=0",
                                       "&test=false&event=lead",
                                       "&event=&test=",
                                       "&order_id=dflt",
                                       "&sub1=&f_a=",
                                       "&utm_source=x",
                                       "&return=OK"};
    static struct answer first, again;
    char id[CLICK_ID_LEN + 1], query[1024];
    click(live(state), 0, id);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        snprintf(query, sizeof query, "&click_id=&txid=dflt&email=dflt@x.example&subid=%s%s", id, same[i]);
        postback(live(state), i == 0 ? &first : &again, &(struct send){.query = query});
        if (i > 0 && again.status != 200)
            fail_msg("%s: %s", same[i], again.body);
    }
    json_t *v = json_of(&first);
    assert_string_equal(text_of(v, "status"), "pending"); /* the empty click id hid no filled one */
    json_decref(v);
    snprintf(query, sizeof query, "&txid=dflt&email=dflt@x.example&subid=%s&test=1", id);
    postback(live(state), &again, &(struct send){.query = query});
    assert_int_equal(again.status, 409);
}

/* ---- leads ---- */

struct lead {
    char ref[LEAD_REF_LEN + 1];
    struct entry entry;
    json_t *json;
};

/* The answer of a recorded postback, with its entry, and a receipt that holds. */
static void take(struct live *l, const struct answer *a, struct lead *out)
{
    struct envelope env;
    struct buf payload, wanted;
    struct hash leaf;
    if (a->status != 200)
        fail_msg("%s", a->text);
    out->json = json_of(a);
    snprintf(out->ref, sizeof out->ref, "%s", text_of(out->json, "lead"));
    const char *contract = text_of(out->json, "contract");
    uint64_t index = (uint64_t)json_integer_value(json_object_get(out->json, "index"));
    struct txn *t = fixture_begin(&l->f, false);
    assert_ok(ledger_read(t, (uint32_t)(contract[1] - '0'), index, &env));
    assert_ok(entry_read(env.entry, &out->entry, NULL));
    merkle_leaf(env.entry, &leaf);
    txn_abort(t);

    struct signer *s = keys_new_statement_signer(l->sh.instance.keys);
    buf_heap(&payload);
    buf_heap(&wanted);
    assert_ok(jws_compact_open(span_str(text_of(out->json, "receipt")), signer_public(s), "countersign-receipt",
                               &payload, NULL));
    receipt_payload(&wanted, span_str(contract), index, &leaf, &out->entry);
    assert_true(span_eq(buf_span(&payload), buf_span(&wanted)));
    buf_free(&payload);
    buf_free(&wanted);
    signer_free(s);
}

static void let_go(struct lead *d)
{
    entry_close(&d->entry);
    json_decref(d->json);
}

static const struct {
    const char *name, *query; /* %s: a click of C2 */
    int party;
    const char *contract, *status, *reason;
    int64_t payout;
} leads[] = {
    {"click", "&txid=l1&click_id=%s&email=l1@x.example", 3, "C2", "pending", "", 5},
    {"alias", "&txid=l2&cnv_id=%s&email=l2@x.example", 3, "C2", "pending", "", 5},
    {"touches", "&txid=l3&touches=junk,%s,,x&email=l3@x.example", 3, "C2", "pending", "", 5},
    {"price tier", "&txid=l4&click_id=%s&email=l4@x.example&f_age=31", 3, "C2", "pending", "", 7},
    {"other tier", "&txid=l5&click_id=%s&email=l5@x.example&f_age=29", 3, "C2", "pending", "", 5},
    {"from the advertiser", "&txid=l6&click_id=%s&email=l6@x.example", 2, "C2", "pending", "", 5},
    {"the same person", "&txid=l7&click_id=%s&email=L.1@x.example&phone=0612345678&country=fr", 3, "C2", "pending", "",
     5},
    {"the same phone", "&txid=l8&click_id=%s&phone=%%2B33+6.12.34.56.78", 3, "C2", "duplicate", "duplicate", 0},
    {"the same email", "&txid=l9&click_id=%s&email=+l1@X.example+", 3, "C2", "duplicate", "duplicate", 0},
    {"the same phone, the country left out", "&txid=l18&click_id=%s&phone=06+12+34+56+78", 3, "C2", "duplicate",
     "duplicate", 0},
    {"blanks around the click id", "&txid=l19&click_id=%%20%s%%E2%%80%%8B&email=l19@x.example", 3, "C2", "pending", "",
     5},
    {"blanks around touches", "&txid=l20&touches=junk,%%C2%%A0%s%%20,x&email=l20@x.example", 3, "C2", "pending", "", 5},
    {"a disposable email", "&txid=l21&click_id=%s&email=l21@mail.YopMail.com", 3, "C2", "held", "bad_email", 5},
    {"test", "&txid=l10&click_id=%s&email=l10@x.example&test=1", 3, "C2", "rejected", "test", 0},
    {"honeypot", "&txid=l11&click_id=%s&email=l11@x.example&f_website=x", 3, "C2", "rejected", "honeypot", 0},
    {"bad email", "&txid=l12&click_id=%s&email=nobody", 3, "C2", "rejected", "bad_email", 0},
    {"no click", "&txid=l13&email=l13@x.example", 3, "C2", "rejected", "no_click", 0},
    {"no click, advertiser", "&txid=l14&email=l14@x.example", 2, "C1", "rejected", "no_click", 0},
    {"forged click", "&txid=l15&click_id=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&email=l15@x.example", 3, "C2",
     "rejected", "unknown_click", 0},
    {"another publisher's click", "&txid=l16&click_id=%s&email=l16@x.example", 4, "C4", "rejected", "unknown_click", 0},
    {"ended contract", "&txid=l17&email=l17@x.example&contract=C3", 3, "C3", "rejected", "contract_ended", 0},
};

static void each_lead_gets_its_contract_status_reason_and_payout(void **state)
{
    struct answer a;
    char id[CLICK_ID_LEN + 1], query[1024];
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        struct lead d;
        click(live(state), 0, id);
        struct buf b;
        buf_fixed(&b, query, sizeof query);
        for (const char *p = leads[i].query; *p; p++) /* not printf: '%' is meant */
            if (p[0] == '%' && p[1] == 's') {
                buf_str(&b, id);
                p++;
            } else if (p[0] != '%' || p[1] != '%') {
                buf_byte(&b, (uint8_t)*p);
            }
        buf_byte(&b, '\0');
        postback(live(state), &a, &(struct send){.query = query, .party = leads[i].party});
        take(live(state), &a, &d);
        if (strcmp(text_of(d.json, "contract"), leads[i].contract) != 0 ||
            strcmp(text_of(d.json, "status"), leads[i].status) != 0 ||
            strcmp(text_of(d.json, "reason"), leads[i].reason) != 0 ||
            json_integer_value(json_object_get(d.json, "payout_micros")) != leads[i].payout)
            fail_msg("%s: %s", leads[i].name, a.body);
        assert_int_equal(d.entry.kind, ENTRY_LEAD);
        assert_int_equal(d.entry.lead.trust, TRUST_SIGNED);
        let_go(&d);
    }
}

/* Cleaned, cut, left out: a person's words lose no lead. */
static void words_are_never_a_reason_to_lose_a_lead(void **state)
{
    static char query[8192];
    struct answer a;
    struct lead d;
    char id[CLICK_ID_LEN + 1];
    struct buf b;
    click(live(state), 0, id);
    buf_fixed(&b, query, sizeof query);
    buf_printf(&b, "&txid=words&email=words@x.example&click_id=%s&first_name=Z%%07o%%C2%%9F%%C3%%A9%%0A&sub1=", id);
    for (int i = 0; i < LIMIT_PARAM; i++)
        buf_str(&b, i == LIMIT_PARAM - 1 ? "%C3%A9" : "s"); /* cut before the last character */
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "&f_%02d=%d", i, i);
    buf_str(&b, "&f_zz=left-out&f_age=31"); /* the price looks at that one */
    buf_byte(&b, '\0');
    assert_false(b.failed);
    postback(live(state), &a, &(struct send){.query = query});
    take(live(state), &a, &d);
    assert_string_equal(text_of(d.json, "status"), "pending");
    assert_int_equal(json_integer_value(json_object_get(d.json, "payout_micros")), 7);
    assert_int_equal(d.entry.lead.sub[0].len, LIMIT_PARAM - 1);
    assert_int_equal(json_array_size(json_object_get(d.json, "ignored")), 42 - LIMIT_FIELDS);
    let_go(&d);
}

static void a_number_too_large_for_any_is_its_digits(void **state)
{
    struct answer a;
    struct lead d;
    char id[CLICK_ID_LEN + 1], body[512];
    click(live(state), 0, id);
    snprintf(body, sizeof body,
             "{\"txid\":12345678901234567890,\"email\":\"big@x.example\",\"click_id\":\"%s\",\"x\":1e999,"
             "\"f_comment\":\"a\\u0000{sports}\",\"fields\":{\"age\":31}}",
             id);
    webhook(live(state), &a, "msg_big", 0, body, "");
    take(live(state), &a, &d);
    assert_string_equal(text_of(d.json, "status"), "pending");
    assert_int_equal(json_integer_value(json_object_get(d.json, "payout_micros")), 7);
    assert_true(span_is(d.entry.lead.txid, "12345678901234567890"));
    let_go(&d);
}

/* Contact fields stay out of the entry; facts that rules look at are in it. */
static void an_entry_is_free_of_contacts(void **state)
{
    struct answer a;
    struct lead d;
    char id[CLICK_ID_LEN + 1], query[512];
    click(live(state), 0, id);
    snprintf(query, sizeof query,
             "&txid=p1&click_id=%s&email=secret@x.example&first_name=Zazie&f_age=40&f_shoe=Oxford&country=fr&sub2=s2",
             id);
    postback(live(state), &a, &(struct send){.query = query});
    take(live(state), &a, &d);
    const struct entry_lead *e = &d.entry.lead;
    assert_int_equal(e->n_facts, 2);
    assert_true(span_is(e->facts[0].name, "country") && span_is(e->facts[0].value, "FR"));
    assert_true(span_is(e->facts[1].name, "f_age") && span_is(e->facts[1].value, "40"));
    assert_true(span_is(e->sub[1], "s2"));
    assert_int_equal(e->given, CONTACT_EMAIL | CONTACT_FIRST_NAME);
    struct buf b;
    buf_heap(&b);
    entry_write(&b, &d.entry);
    assert_null(memmem(b.ptr, b.len, "secret", 6));
    assert_null(memmem(b.ptr, b.len, "Zazie", 5));
    assert_null(memmem(b.ptr, b.len, "Oxford", 6));
    buf_free(&b);
    let_go(&d);
}

/* What is sent again in other blanks and another form is the same. */
static void values_are_stripped_and_in_form_c(void **state)
{
    struct answer a;
    struct lead d, again;
    char id[CLICK_ID_LEN + 1], query[512];
    click(live(state), 0, id);
    snprintf(query, sizeof query,
             "&txid=%%20form-c%%C2%%A0&click_id=%s%%20&email=form-c@x.example&country=%%EF%%BB%%BFuk&f_age=%%0931&"
             "first_name=%%20%%E2%%80%%8B&sub1=Cafe%%CC%%81&f_text=a%%20%%20b%%0A",
             id);
    postback(live(state), &a, &(struct send){.query = query});
    take(live(state), &a, &d);
    const struct entry_lead *e = &d.entry.lead;
    assert_true(e->has_click && span_is(e->txid, "form-c") && span_is(e->sub[0], "Caf\xc3\xa9"));
    assert_int_equal(e->n_facts, 2);
    assert_true(span_is(e->facts[0].value, "GB") && span_is(e->facts[1].value, "31"));
    assert_int_equal(e->given, CONTACT_EMAIL);
    snprintf(
        query, sizeof query,
        "&txid=form-c&click_id=%s&email=form-c@x.example%%20&country=GB&f_age=31&sub1=Caf%%C3%%A9&f_text=a%%20%%20b",
        id);
    postback(live(state), &a, &(struct send){.query = query});
    take(live(state), &a, &again);
    assert_string_equal(text_of(d.json, "lead"), text_of(again.json, "lead"));
    let_go(&d);
    let_go(&again);
}

static void a_return_text_is_the_whole_answer(void **state)
{
    struct answer a;
    char type[64], id[CLICK_ID_LEN + 1], query[512];
    click(live(state), 0, id);
    snprintf(query, sizeof query, "&txid=r1&email=r1@x.example&click_id=%s&return=OK%%20%%C3%%A9", id);
    postback(live(state), &a, &(struct send){.query = query});
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "OK \xc3\xa9");
    assert_true(live_header(&a, "Content-Type", type, sizeof type));
    assert_string_equal(type, "text/plain; charset=utf-8");
    postback(live(state), &a,
             &(struct send){.query = "&txid=r1&return=OK&email=other@x.example"}); /* a conflict is told in full */
    assert_int_equal(a.status, 409);
}

/* ---- again ---- */

static void a_replay_gets_the_first_answer_or_conflicts(void **state)
{
    static char target[4096];
    struct answer *first = malloc(sizeof *first), *again = malloc(sizeof *again);
    char id[CLICK_ID_LEN + 1], query[512];
    click(live(state), 0, id);
    snprintf(query, sizeof query, "&txid=again&email=again@x.example&click_id=%s", id);
    struct send s = {.query = query, .nonce = "one-and-the-same-nonce"};
    sign(&s, target, sizeof target);
    send_target(live(state), first, &s, target);
    assert_int_equal(first->status, 200);
    uint64_t before = live_recorded(live(state));
    send_target(live(state), again, &s, target); /* the same bytes */
    assert_int_equal(again->status, 200);
    assert_string_equal(again->body, first->body);
    postback(live(state), again, &(struct send){.query = query}); /* the same facts */
    assert_int_equal(again->status, 200);
    assert_string_equal(again->body, first->body);
    postback(live(state), again, &(struct send){.query = "&txid=again&email=changed@x.example"});
    assert_int_equal(again->status, 409);
    postback(live(state), again, &(struct send){.query = "&txid=again2", .nonce = "one-and-the-same-nonce"});
    assert_int_equal(again->status, 409);
    assert_int_equal(live_recorded(live(state)), before);
    postback(live(state), again, &(struct send){.query = "&txid=again", .party = 4}); /* another sender's own txid */
    assert_int_equal(again->status, 200);
    postback(live(state), again,
             &(struct send){.query = "&txid=again3", .party = 4, .nonce = "one-and-the-same-nonce"});
    assert_int_equal(again->status, 200);
    free(first);
    free(again);
}

/* ---- dispositions ---- */

static void the_advertiser_disposes_and_the_publisher_may_not(void **state)
{
    struct answer a;
    struct lead d, then;
    char id[CLICK_ID_LEN + 1], query[512];
    click(live(state), 0, id);
    snprintf(query, sizeof query, "&txid=d1&click_id=%s&email=d1@x.example", id);
    postback(live(state), &a, &(struct send){.query = query});
    take(live(state), &a, &d);

    snprintf(query, sizeof query, "&lead=%s&status=approved&reason=fine", d.ref);
    postback(live(state), &a, &(struct send){.query = query});
    assert_int_equal(a.status, 403); /* the publisher */
    postback(live(state), &a, &(struct send){.query = query, .party = 2});
    take(live(state), &a, &then);
    assert_string_equal(then.ref, d.ref);
    assert_string_equal(text_of(then.json, "status"), "approved");
    assert_int_equal(json_integer_value(json_object_get(then.json, "payout_micros")), 5);
    assert_true(span_is(then.entry.disposition.text, "fine"));
    let_go(&then);

    snprintf(query, sizeof query, "&click_id=%s&txid=order-7&event=sale&amount=12.5&currency=USD", id);
    postback(live(state), &a, &(struct send){.query = query, .party = 2});
    assert_int_equal(a.status, 400);
    snprintf(query, sizeof query, "&click_id=%s&txid=order-7&event=sale&amount=12.5&currency=EUR", id);
    postback(live(state), &a, &(struct send){.query = query, .party = 2});
    take(live(state), &a, &then);
    assert_int_equal(then.entry.disposition.amount_micros, 12500000);
    assert_string_equal(text_of(then.json, "status"), "converted");
    let_go(&then);

    postback(live(state), &a, &(struct send){.query = query, .party = 2}); /* the same sale again */
    assert_int_equal(a.status, 200);
    postback(
        live(state), &a,
        &(struct send){.query = "&txid=d1&event=sale&amount=13&currency=EUR", .party = 2}); /* the publisher's txid */
    assert_int_equal(a.status, 409);

    snprintf(query, sizeof query, "&lead=%s&status=rejected", d.ref);
    postback(live(state), &a, &(struct send){.query = query, .party = 2});
    assert_int_equal(a.status, 409);
    let_go(&d);
}

/* ---- signed JSON ---- */

static const struct {
    const char *name, *body;
    int status;
    const char *field;
} bodies[] = {
    {"lead",
     "{\"txid\":\"j1\",\"email\":\"j1@x.example\",\"fields\":{\"age\":40,\"ok\":true,\"none\":null},\"test\":true}",
     200, ""},
    {"touch list", "{\"txid\":\"j2\",\"touches\":[\"a\",\"b\"]}", 200, ""},
    {"unknown members", "{\"txid\":\"j3\",\"meta\":{\"a\":[1]},\"foo\":1}", 200, ""},
    {"not an object", "[]", 400, ""},
    {"not JSON", "{\"txid\":", 400, ""},
    {"duplicate key", "{\"txid\":\"a\",\"txid\":\"b\"}", 400, ""},
    {"macro", "{\"txid\":\"{txid}\"}", 400, "txid"},
    {"close miss", "{\"txid\":\"a\",\"telephone\":33612345678}", 400, "telephone"},
    {"a name of its own beside fields", "{\"txid\":\"j9\",\"mailing\":[1],\"f_c\":\"{sports}\"}", 200, ""},
    {"object for a text", "{\"email\":{}}", 400, "email"},
    {"list for a text", "{\"f_a\":[]}", 400, "f_a"},
    {"fields not an object", "{\"fields\":[]}", 400, "fields"},
    {"nested field", "{\"fields\":{\"a\":{}}}", 400, "fields.a"},
    {"touches of numbers", "{\"touches\":[1]}", 400, "touches"},
    {"alias twice", "{\"cid\":\"a\",\"click_id\":\"b\"}", 400, "click_id"},
    {"the same by alias", "{\"txid\":\"j4\",\"cid\":\"a\",\"click_id\":\"a\"}", 200, ""},
    {"unknown numbers", "{\"txid\":\"j5\",\"foo\":1.5,\"bar\":9223372036854775807,\"meta\":{\"a\":[1.5e3,null]}}", 200,
     ""},
    {"a fraction where none belongs", "{\"txid\":\"j6\",\"contract\":1.5}", 400, "contract"},
    {"a fraction in words", "{\"txid\":\"j6\",\"sub1\":1.5}", 200, ""},
    {"a fraction for a txid", "{\"txid\":1.5}", 400, "txid"},
    {"amount", "{\"txid\":\"j7\",\"amount\":12.5}", 200, ""},
    {"amount past the range", "{\"txid\":\"j8\",\"amount\":8589934592.5}", 400, "amount"},
    {"NUL", "{\"txid\":\"a\\u0000b\"}", 400, "txid"},
    {"half of a pair in a person's words", "{\"txid\":\"j10\",\"first_name\":\"a\\ud83d\"}", 200, ""},
    {"the other half, and in an unknown member", "{\"txid\":\"j11\",\"x\":[\"\\uDE00\"],\"f_a\":\"\\\\ud83d\"}", 200,
     ""},
    {"Latin-1 in a person's words", "{\"txid\":\"j12\",\"first_name\":\"Ren\xe9\",\"meta\":{\"\xe9\":\"\xff\"}}", 200,
     ""},
    {"half of a pair in a txid", "{\"txid\":\"a\\ud83d\"}", 400, "txid"},
    {"Latin-1 in a txid", "{\"txid\":\"a\xe9\"}", 400, "txid"},
    {"a form field written otherwise", "{\"fields\":{\"F_age\":1}}", 400, "F_age"},
    {"and beside fields", "{\"f-age\":1}", 400, "f-age"},
    {"a text", "\"x\"", 400, ""},
};

static void json_bodies_are_taken_or_refused_by_field(void **state)
{
    struct answer a;
    char id[32];
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        uint64_t before = live_recorded(live(state));
        snprintf(id, sizeof id, "msg_%llu", (unsigned long long)++serial);
        webhook(live(state), &a, id, 0, bodies[i].body, "");
        json_t *v = json_of(&a);
        if (a.status != bodies[i].status || (bodies[i].field[0] && strcmp(text_of(v, "field"), bodies[i].field) != 0))
            fail_msg("%s: %s", bodies[i].name, a.text);
        if (live_recorded(live(state)) != before + (a.status == 200))
            fail_msg("%s was recorded", bodies[i].name);
        json_decref(v);
    }
}

static void a_webhook_sent_again_gets_the_first_answer(void **state)
{
    static const char body[] = "{\"txid\":\"w1\",\"email\":\"w1@x.example\"}";
    struct answer *first = malloc(sizeof *first), *again = malloc(sizeof *again);
    webhook(live(state), first, "msg_again", 100, body, "");
    assert_int_equal(first->status, 200);
    webhook(live(state), again, "msg_again", 0, body,
            "v1,AAAA v2,x "); /* a retry: a new timestamp; more signatures beside the good one */
    assert_int_equal(again->status, 200);
    assert_string_equal(again->body, first->body);
    webhook(live(state), again, "msg_again", 0, "{\"txid\":\"w2\"}", "");
    assert_int_equal(again->status, 409);
    assert_non_null(strstr(again->body, "\"field\":\"webhook-id\""));
    webhook(live(state), again, "msg.dot", 0, body, "");
    assert_int_equal(again->status, 401);
    webhook(live(state), again, "msg_stale", 302, body, "");
    assert_int_equal(again->status, 401);
    free(first);
    free(again);
}

/* What nobody will look for in_s seconds from now. */
static void prune_in(struct live *l, int64_t in_s)
{
    enum { MOST = 1000 };
    static char keys[MOST][NONCE_KEY_LEN];
    size_t n = 0;
    struct cursor *c;
    struct span key, value;
    struct nonce_row row;
    struct txn *t = fixture_begin(&l->f, true);
    assert_ok(cursor_open(t, TABLE_NONCES, &c));
    enum err step = cursor_seek(c, SPAN(""), &key, &value);
    for (; step == ERR_OK && n < MOST; step = cursor_next(c, &key, &value)) {
        assert_ok(nonce_row_read(value, &row));
        if (row.forget_s < clock_ms() / 1000 + in_s)
            memcpy(keys[n++], key.ptr, NONCE_KEY_LEN);
    }
    assert_ok(cursor_end(step));
    cursor_close(c);
    for (size_t i = 0; i < n; i++)
        assert_ok(store_del(t, TABLE_NONCES, span_of(keys[i], NONCE_KEY_LEN)));
    assert_ok(txn_commit(t));
}

/* A sender that got no answer tries again for days, under the same id and a fresh timestamp. */
static void a_webhook_is_known_again_for_seven_days(void **state)
{
    static const char body[] = "{\"email\":\"days@x.example\"}"; /* no txid to tell by */
    enum { A_DAY = 24 * 3600 };
    struct answer *first = malloc(sizeof *first), *again = malloc(sizeof *again);
    webhook(live(state), first, "msg_days", 200, body, "");
    assert_int_equal(first->status, 200);
    uint64_t before = live_recorded(live(state));
    const int64_t later_s[] = {3600, 2 * A_DAY, 7 * A_DAY - 10};
    for (size_t i = 0; i < 3; i++) {
        prune_in(live(state), later_s[i]);
        webhook(live(state), again, "msg_days", 0, body, "");
        assert_int_equal(again->status, 200);
        assert_string_equal(again->body, first->body);
        assert_int_equal(live_recorded(live(state)), before);
    }
    prune_in(live(state), 7 * A_DAY + 10);
    webhook(live(state), again, "msg_days", 0, body, "");
    assert_int_equal(live_recorded(live(state)), before + 1);
    free(first);
    free(again);
}

/* From the timestamp or the arrival, whichever is later. */
static void a_nonce_is_kept_for_two_windows(void **state)
{
    const struct send again = {.query = "&txid=kept2", .nonce = "kept-for-two-windows"};
    const int64_t ages_s[] = {250, -250};
    struct answer a;
    for (size_t i = 0; i < 2; i++) {
        int64_t kept_s = 2 * POSTBACK_WINDOW_S + (ages_s[i] < 0 ? -ages_s[i] : 0);
        prune_in(live(state), 8 * 24 * 3600);
        postback(live(state), &a, &(struct send){.query = "&txid=kept1", .nonce = again.nonce, .age_s = ages_s[i]});
        assert_int_equal(a.status, 200);
        prune_in(live(state), kept_s - 10);
        postback(live(state), &a, &again);
        assert_int_equal(a.status, 409);
        prune_in(live(state), kept_s + 10);
        postback(live(state), &a, &again);
        assert_int_equal(a.status, 200);
    }
}

/* The same facts by query and by JSON are the same lead. */
static void query_and_json_make_the_same_lead(void **state)
{
    struct answer *query = malloc(sizeof *query), *json = malloc(sizeof *json);
    postback(live(state), query,
             &(struct send){.query = "&txid=x1&email=x1@x.example&f_b=2&f_a=1&first_name=%C3%89va"});
    webhook(
        live(state), json, "msg_x1", 0,
        "{\"fields\":{\"b\":2},\"f_a\":\"1\",\"first_name\":\"\xc3\x89va\",\"email\":\"x1@x.example\",\"txid\":\"x1\"}",
        "");
    assert_int_equal(json->status, 200);
    assert_string_equal(json->body, query->body);
    free(query);
    free(json);
}

/* Numbers of JSON are the text that the query form has for them. */
static void numbers_in_json_are_their_text_in_a_query(void **state)
{
    struct answer *query = malloc(sizeof *query), *json = malloc(sizeof *json);
    postback(live(state), query, &(struct send){.query = "&txid=n1&f_age=30&f_size=1.8&f_big=9007199254740993"});
    webhook(live(state), json, "msg_n1", 0,
            "{\"txid\":\"n1\",\"fields\":{\"f_age\":30.0,\"size\":1.8},\"f_big\":9007199254740993}", "");
    assert_int_equal(json->status, 200);
    assert_string_equal(json->body, query->body);
    static const struct {
        const char *number, *text;
    } amounts[] = {{"1e2", "100"}, {"12.500", "12.5"}, {"99.90", "99.9"}, {"8589934591.999999", "8589934591.999999"}};
    webhook_party = 2;
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        char text[512], id[CLICK_ID_LEN + 1], message[32];
        struct lead d;
        click(live(state), 0, id);
        snprintf(text, sizeof text, "&txid=n2%zu&email=n2%zu@x.example&click_id=%s", i, i, id);
        postback(live(state), query, &(struct send){.query = text});
        take(live(state), query, &d);
        snprintf(text, sizeof text, "&lead=%s&event=sale&currency=EUR&amount=%s", d.ref, amounts[i].text);
        postback(live(state), query, &(struct send){.query = text, .party = 2});
        assert_int_equal(query->status, 200);
        snprintf(text, sizeof text, "{\"lead\":\"%s\",\"event\":\"sale\",\"currency\":\"EUR\",\"amount\":%s}", d.ref,
                 amounts[i].number);
        snprintf(message, sizeof message, "msg_n2%zu", i);
        webhook(live(state), json, message, 0, text, "");
        assert_string_equal(json->body, query->body);
        let_go(&d);
    }
    webhook_party = 3;
    free(query);
    free(json);
}

/* A field's number becomes the shortest text that reads as the same number, in the spelling of printf's %g. */
static void fields_keep_every_digit_of_a_number(void **state)
{
    static const struct {
        const char *number, *text;
    } numbers[] = {{"0.1", "0.1"},
                   {"-0.5", "-0.5"},
                   {"1e20", "1e%2B20"},
                   {"2.5e-7", "2.5e-07"},
                   {"123456789012.345", "123456789012.345"},
                   {"0.07", "0.07"},
                   {"1234567890123456.0", "1234567890123456"},
                   {"0.30000000000000004", "0.30000000000000004"},
                   {"0.3", "0.3"}};
    struct answer *query = malloc(sizeof *query), *json = malloc(sizeof *json);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[128], id[32];
        snprintf(text, sizeof text, "&txid=digits%zu&f_x=%s", i, numbers[i].text);
        postback(live(state), query, &(struct send){.query = text});
        assert_int_equal(query->status, 200);
        snprintf(text, sizeof text, "{\"txid\":\"digits%zu\",\"f_x\":%s}", i, numbers[i].number);
        snprintf(id, sizeof id, "msg_digits%zu", i);
        webhook(live(state), json, id, 0, text, "");
        assert_string_equal(json->body, query->body);
    }
    free(query);
    free(json);
}

static void amounts_past_what_a_double_holds_are_refused(void **state)
{
    static const struct {
        const char *number;
        bool taken;
    } amounts[] = {{"8589934591.999998", true}, {"8589934592.0", false}, {"-8589934592.0", false}, {"1e300", false}};
    struct answer *json = malloc(sizeof *json);
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        char text[128], id[32];
        snprintf(text, sizeof text, "{\"txid\":\"most%zu\",\"amount\":%s}", i, amounts[i].number);
        snprintf(id, sizeof id, "msg_most%zu", i);
        webhook(live(state), json, id, 0, text, "");
        assert_int_equal(json->status, amounts[i].taken ? 200 : 400);
        assert_int_equal(strstr(json->body, "below 2^33") == NULL, amounts[i].taken);
    }
    free(json);
}

static void keep_id(const json_t *v, const char *member, char id[LIMIT_ID + 1])
{
    snprintf(id, LIMIT_ID + 1, "%s", text_of(v, member));
}

/* Makes something by the management API. */
static json_t *made(struct live *l, const char *method, const char *path, const char *body)
{
    struct answer a;
    char raw[1024];
    snprintf(raw, sizeof raw,
             "%s %s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             method, path, l->operator_token, strlen(body), body);
    live_ask(l, &a, raw);
    if (a.status != 200 && a.status != 201)
        fail_msg("%s: %s", path, a.text);
    return json_of(&a);
}

/* A txid that was refused for how it was reported may come again, mended; then it is taken. */
static void what_was_refused_for_its_form_may_come_again_mended(void **state)
{
    struct answer a;
    char id[CLICK_ID_LEN + 1], whole[512], other[512];
    static const struct {
        const char *query, *reason;
    } refused[] = {
        {"&txid=mend&email=mend@x.example", "no_click"},
        {"&txid=mend&email=mend@x.example&click_id=tampered", "unknown_click"},
    };
    click(live(state), 0, id);
    snprintf(whole, sizeof whole, "&txid=mend&email=mend@x.example&click_id=%s", id);
    snprintf(other, sizeof other, "&txid=mend&email=other@x.example&click_id=%s", id);
    for (size_t i = 0; i < 2; i++) {
        postback(live(state), &a, &(struct send){.query = refused[i].query});
        json_t *v = json_of(&a);
        assert_int_equal(a.status, 200);
        assert_string_equal(text_of(v, "reason"), refused[i].reason);
        json_decref(v);
    }
    postback(live(state), &a, &(struct send){.query = whole});
    assert_int_equal(a.status, 200);
    json_t *v = json_of(&a);
    assert_string_equal(text_of(v, "status"), "pending");
    json_decref(v);
    postback(live(state), &a, &(struct send){.query = other});
    assert_int_equal(a.status, 409);
}

/* A lead of no click that reads goes where it is said, else to the only campaign there is. Last: it adds contracts. */
static void nobody_guesses_whose_a_lead_without_a_click_is(void **state)
{
    char newest[LIMIT_ID + 1], direct[LIMIT_ID + 1], second[64 + LIMIT_ID];
    const struct {
        const char *query;
        int party;
        const char *contract, *reason; /* NULL: 400, campaign */
    } cases[] = {
        {"&txid=s1", 3, newest, "no_click"},
        {"&txid=s2&click_id=tampered", 3, newest, "unknown_click"},
        {"&txid=s3&click_id=tampered&contract=C2", 3, "C2", "contract_ended"},
        {"&txid=s4&campaign=nonsense", 3, NULL, NULL},
        {"&txid=s5&campaign=A1", 3, newest, "no_click"},
        {"&txid=s6&click_id=tampered", 2, NULL, NULL},
        {"&txid=s6", 2, NULL, NULL},
        {second, 2, direct, "unknown_click"},
        {second, 3, NULL, NULL},
        {"&txid=s7&campaign=A1", 2, "C1", "no_click"},
    };
    static const char *const more[] = {
        "{\"campaign\":\"A1\",\"publisher\":\"P3\",\"price\":{\"lead\":[]}}",
        "{\"campaign\":\"A1\",\"publisher\":\"P3\",\"price\":{\"lead\":[]},\"ends_at\":\"2020-01-01T00:00:00Z\"}",
        "{\"advertiser\":\"P2\",\"name\":\"Second\",\"currency\":\"EUR\",\"landing_url\":\"https://shop.example/\"}"};
    struct answer a;
    json_decref(made(live(state), "PATCH", "/v1/contracts/C2", "{\"ends_at\":\"2020-01-01T00:00:00Z\"}"));
    json_t *v = made(live(state), "POST", "/v1/contracts", more[0]);
    keep_id(v, "id", newest);
    json_decref(v);
    json_decref(made(live(state), "POST", "/v1/contracts", more[1]));
    v = made(live(state), "POST", "/v1/campaigns", more[2]);
    keep_id(v, "direct_contract", direct);
    snprintf(second, sizeof second, "&txid=s9&click_id=tampered&campaign=%s", text_of(v, "id"));
    json_decref(v);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        postback(live(state), &a, &(struct send){.query = cases[i].query, .party = cases[i].party});
        v = json_of(&a);
        bool taken = cases[i].contract != NULL;
        if (a.status != (taken ? 200 : 400) || strcmp(text_of(v, "field"), taken ? "" : "campaign") != 0 ||
            strcmp(text_of(v, "contract"), taken ? cases[i].contract : "") != 0 ||
            (taken && strcmp(text_of(v, "reason"), cases[i].reason) != 0))
            fail_msg("%s: %s", cases[i].query, a.body);
        json_decref(v);
    }
}

static void a_body_of_another_media_type_is_refused(void **state)
{
    struct answer a;
    static char target[1024], raw[4096];
    struct send s = {.body = "txid=m1"};
    sign(&s, target, sizeof target);
    snprintf(raw, sizeof raw,
             "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\ntxid=m1", target);
    live_ask(live(state), &a, raw);
    assert_int_equal(a.status, 415);
}

static int set_up(void **state)
{
    struct live *l = calloc(1, sizeof *l);
    live_start(l, ",\"default_country\":\"FR\",\"lead\":{\"honeypot\":\"f_website\",\"disposable_email\":\"hold\"}");
    *state = l;
    return 0;
}

static int tear_down(void **state)
{
    live_stop(*state);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_rightly_signed_postbacks_are_recorded),
        cmocka_unit_test(unauthorized_is_one_text_for_all),
        cmocka_unit_test(fields_are_taken_or_refused_by_name),
        cmocka_unit_test(a_percent_sign_that_nobody_escaped_loses_no_lead),
        cmocka_unit_test(fields_are_taken_up_to_their_limits),
        cmocka_unit_test(names_that_nobody_knows_are_told),
        cmocka_unit_test(defaults_and_empty_values_are_no_other_facts),
        cmocka_unit_test(words_are_never_a_reason_to_lose_a_lead),
        cmocka_unit_test(a_number_too_large_for_any_is_its_digits),
        cmocka_unit_test(each_lead_gets_its_contract_status_reason_and_payout),
        cmocka_unit_test(an_entry_is_free_of_contacts),
        cmocka_unit_test(values_are_stripped_and_in_form_c),
        cmocka_unit_test(a_return_text_is_the_whole_answer),
        cmocka_unit_test(a_replay_gets_the_first_answer_or_conflicts),
        cmocka_unit_test(the_advertiser_disposes_and_the_publisher_may_not),
        cmocka_unit_test(json_bodies_are_taken_or_refused_by_field),
        cmocka_unit_test(a_webhook_sent_again_gets_the_first_answer),
        cmocka_unit_test(query_and_json_make_the_same_lead),
        cmocka_unit_test(a_body_of_another_media_type_is_refused),
        cmocka_unit_test(a_webhook_is_known_again_for_seven_days),
        cmocka_unit_test(a_nonce_is_kept_for_two_windows),
        cmocka_unit_test(numbers_in_json_are_their_text_in_a_query),
        cmocka_unit_test(fields_keep_every_digit_of_a_number),
        cmocka_unit_test(amounts_past_what_a_double_holds_are_refused),
        cmocka_unit_test(what_was_refused_for_its_form_may_come_again_mended),
        cmocka_unit_test(nobody_guesses_whose_a_lead_without_a_click_is),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
