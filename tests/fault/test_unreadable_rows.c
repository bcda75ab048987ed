/* Every row of one table after the other is spoiled under a running server: each request is answered rightly or with a
 * 5xx, the one that needs the row with a 5xx, a click always rightly; and when the rows are whole again, so is all that
 * was refused. Under LONG every table in every way, else half of them, each time others. */
#include "server/ledger/ledger_rows.h"
#include "tests/support/chance.h"
#include "tests/support/filled_folder.h"
#include "tests/support/raw_row.h"

enum { TARGET = 1200, ROWS = 4096 };

struct scene {
    struct filled f;
    char lead[FILLED_TEXT], statement[FILLED_TEXT], campaign[FILLED_TEXT], answer[1536];
    char other_contract[FILLED_TEXT], other_code[FILLED_TEXT];
    struct signer *asked_key; /* of the advertiser; NULL: none since it was looked */
    int serial, faults;
};

/* One request as it was prepared, and what it was answered. */
struct asked {
    char method[8], target[TARGET], body[2048], key[32];
    int party; /* whose token: -1 the operator's; NOBODY: none */
    char want[32];
    struct buf want_body; /* empty: any */
};
enum { NOBODY = 9 };

/* ---- the requests ---- */

static void fresh(struct scene *s, struct asked *a, const char *method, int party, const char *want)
{
    buf_free(&a->want_body);
    memset(a, 0, sizeof *a);
    buf_heap(&a->want_body);
    snprintf(a->method, sizeof a->method, "%s", method);
    snprintf(a->want, sizeof a->want, "%s", want);
    a->party = party;
    s->serial++;
}

/* "200 approved": the status, and the member of that name if there is one. */
static void ask(struct scene *s, struct asked *a, char out[32])
{
    static char raw[4096];
    char token[256] = "", key[64] = "";
    if (a->party != NOBODY)
        snprintf(token, sizeof token, "Authorization: Bearer %s\r\n", filled_token(&s->f, a->party));
    if (a->key[0] != '\0')
        snprintf(key, sizeof key, "Idempotency-Key: %s\r\n", a->key);
    int n = snprintf(raw, sizeof raw,
                     "%s %s HTTP/1.1\r\nHost: " LIVE_HOST "\r\nUser-Agent: Mozilla/5.0 (X11) Firefox/128.0\r\n%s%s%s"
                     "Content-Length: %zu\r\n\r\n%s",
                     a->method, a->target, token, key, a->body[0] ? "Content-Type: application/json\r\n" : "",
                     strlen(a->body), a->body);
    assert_true(n > 0 && (size_t)n < sizeof raw);
    if (strcmp(a->method, "GET") == 0) /* which has no body */
        snprintf(strstr(raw, "Content-Length"), 3, "\r\n");
    live_ask(&s->f.live, &s->f.answer, raw);
    json_t *said = json_loads(s->f.answer.body, 0, NULL);
    const char *status = json_string_value(json_object_get(said, "status"));
    snprintf(out, 32, "%d%s%s", s->f.answer.status, status != NULL ? " " : "", status != NULL ? status : "");
    json_decref(said);
}

/* A signed postback of these fields into a->target. */
static void sign(struct scene *s, struct asked *a, int party, const char *fields)
{
    char text[TARGET + 200];
    uint8_t key[64], none[HASH_LEN], mac[HASH_LEN];
    size_t key_len;
    struct buf b, t;
    assert_ok(whsec_decode(span_str(filled_text(s->f.party[party], "postback_secret")), key, &key_len));
    buf_fixed(&b, a->target, sizeof a->target - 1);
    buf_printf(&b, "/postback?%s&kid=%s&ts=%lld&nonce=nonce-of-a-fault-%d", fields,
               filled_text(s->f.party[party], "kid"), (long long)(clock_ms() / 1000), s->serial);
    sha256("", 0, none);
    buf_fixed(&t, text, sizeof text);
    buf_printf(&t, "PBv1\nGET\n" LIVE_HOST "\n%.*s\n", (int)b.len, a->target);
    buf_hex(&t, none, sizeof none);
    struct hmac *h = hmac_new(key, key_len);
    struct span whole = buf_span(&t);
    hmac_sign(h, &whole, 1, mac);
    hmac_free(h);
    buf_str(&b, "&sig=");
    buf_hex(&b, mac, sizeof mac);
    assert_false(b.failed || t.failed);
    a->target[b.len] = '\0';
}

static void by_click(struct scene *s, struct asked *a, int person, const char *txid)
{
    char click[CLICK_ID_LEN + 1], fields[512];
    filled_click(&s->f, s->f.code, click);
    snprintf(fields, sizeof fields, "click_id=%s&txid=%s-%d&email=p%d%%40shop.example", click, txid, s->serial, person);
    sign(s, a, 1, fields);
}

static void a_click(struct scene *s, struct asked *a)
{
    fresh(s, a, "GET", NOBODY, "302");
    snprintf(a->target, sizeof a->target, "/c/%s", s->f.code);
}

static void a_view(struct scene *s, struct asked *a)
{
    fresh(s, a, "GET", NOBODY, "200");
    snprintf(a->target, sizeof a->target, "/p/%s.gif?event=view", s->f.code);
}

static void a_lead(struct scene *s, struct asked *a)
{
    fresh(s, a, "GET", NOBODY, "200 pending");
    by_click(s, a, 1000 + s->serial, "new");
}

static void a_person_again(struct scene *s, struct asked *a)
{
    fresh(s, a, "GET", NOBODY, "200 duplicate");
    by_click(s, a, 1, "again");
}

static void a_txid_again(struct scene *s, struct asked *a)
{
    fresh(s, a, "GET", NOBODY, "409");
    sign(s, a, 1, "txid=order-1&email=else%40shop.example");
}

static void a_lead_sent_twice(struct scene *s, struct asked *a)
{
    char got[32];
    fresh(s, a, "GET", NOBODY, "200 pending");
    by_click(s, a, 1000 + s->serial, "twice");
    ask(s, a, got);
    assert_string_equal(got, a->want);
    buf_str(&a->want_body, s->f.answer.body);
}

static void an_approval_by_click(struct scene *s, struct asked *a)
{
    char click[CLICK_ID_LEN + 1], fields[512], got[32];
    fresh(s, a, "GET", NOBODY, "200 pending");
    filled_click(&s->f, s->f.code, click);
    snprintf(fields, sizeof fields, "click_id=%s&txid=said-%d&email=p%d%%40shop.example", click, s->serial,
             1000 + s->serial);
    sign(s, a, 1, fields);
    ask(s, a, got);
    assert_string_equal(got, a->want);
    fresh(s, a, "GET", NOBODY, "200 approved");
    snprintf(fields, sizeof fields, "click_id=%s&status=approved", click);
    sign(s, a, 0, fields);
}

static void an_approval_of_parts(struct scene *s, struct asked *a)
{
    char click[2][CLICK_ID_LEN + 1], fields[512], got[32];
    fresh(s, a, "GET", NOBODY, "200 pending");
    filled_click(&s->f, s->f.code, click[0]);
    filled_click(&s->f, s->f.other_code, click[1]);
    snprintf(fields, sizeof fields, "click_id=%s&touches=%s&txid=parts-%d&email=p%d%%40shop.example", click[0],
             click[1], s->serial, 1000 + s->serial);
    sign(s, a, 0, fields);
    ask(s, a, got);
    assert_string_equal(got, a->want);
    fresh(s, a, "GET", NOBODY, "200 approved");
    snprintf(fields, sizeof fields, "click_id=%s&status=approved", click[1]);
    sign(s, a, 0, fields);
}

/* A read, whose bytes are to be those that it gives now. */
static void reads(struct scene *s, struct asked *a, int party, const char *fmt, const char *id)
{
    char got[32];
    fresh(s, a, "GET", party, "");
    assert_true(strlen(fmt) + strlen(id) < sizeof a->target);
    const char *at = strchr(fmt, '{');
    snprintf(a->target, sizeof a->target, "%.*s%s%s", (int)(at - fmt), fmt, id, at + 2);
    ask(s, a, got);
    assert_int_equal(s->f.answer.status, 200);
    snprintf(a->want, sizeof a->want, "%s", got);
    buf_str(&a->want_body, s->f.answer.body);
}

static void the_lead(struct scene *s, struct asked *a)
{
    reads(s, a, 1, "/v1/leads/{}", s->lead);
}
static void the_leads(struct scene *s, struct asked *a)
{
    reads(s, a, 1, "/v1/contracts/{}/leads?limit=2", s->f.contract);
}
static void its_proof(struct scene *s, struct asked *a)
{
    reads(s, a, 1, "/v1/leads/{}/proof", s->lead);
}
static void the_openings(struct scene *s, struct asked *a)
{
    reads(s, a, 2, "/log/{}/openings?from=277&to=282", s->f.contract);
}
static void a_tile(struct scene *s, struct asked *a)
{
    reads(s, a, 2, "/log/{}/tile/0/000", s->f.contract);
}
static void the_entries(struct scene *s, struct asked *a)
{
    reads(s, a, 2, "/log/{}/tile/entries/000", s->f.contract);
}
static void the_checkpoint(struct scene *s, struct asked *a)
{
    reads(s, a, 2, "/log/{}/checkpoint", s->f.contract);
}
static void the_statement(struct scene *s, struct asked *a)
{
    reads(s, a, 1, "/v1/statements/{}", s->statement);
}
static void the_statements(struct scene *s, struct asked *a)
{
    reads(s, a, 1, "/v1/statements?limit=200&contract={}", s->f.contract);
}
static void its_lines(struct scene *s, struct asked *a)
{
    reads(s, a, 1, "/v1/statements/{}/lines", s->statement);
}
static void its_answers(struct scene *s, struct asked *a)
{
    reads(s, a, 1, "/v1/statements/{}/responses", s->statement);
}

static void its_links(struct scene *s, struct asked *a)
{
    reads(s, a, 1, "/v1/statements/{}/shares", s->statement);
}

static void a_party_made_again(struct scene *s, struct asked *a)
{
    fresh(s, a, "POST", -1, "201");
    snprintf(a->target, sizeof a->target, "/v1/parties");
    snprintf(a->body, sizeof a->body, "{\"name\":\"advertiser of the test\",\"kind\":\"advertiser\"}");
    snprintf(a->key, sizeof a->key, "party-0");
}

static void a_code(struct scene *s, struct asked *a)
{
    fresh(s, a, "POST", 1, "201");
    snprintf(a->target, sizeof a->target, "/v1/contracts/%s/codes", s->f.contract);
    snprintf(a->body, sizeof a->body, "{\"label\":\"late\"}");
}

static void a_campaign_changed(struct scene *s, struct asked *a)
{
    fresh(s, a, "PATCH", 0, "200");
    snprintf(a->target, sizeof a->target, "/v1/campaigns/%s", s->campaign);
    snprintf(a->body, sizeof a->body, "{\"name\":\"Offer %d\"}", s->serial);
}

/* Whether the key that was asked for last was taken: the next one is signed by what the party has. */
static void look_at_key(struct scene *s)
{
    char path[TARGET], x[64];
    struct buf b;
    if (s->asked_key == NULL)
        return;
    snprintf(path, sizeof path, "/v1/parties/%s", filled_text(s->f.party[0], "id"));
    json_t *party = filled_ask(&s->f, 200, "GET", path, filled_token(&s->f, 0), "", NULL);
    buf_fixed(&b, x, sizeof x - 1);
    buf_b64url(&b, signer_public(s->asked_key), ED25519_KEY_LEN);
    x[b.len] = '\0';
    bool taken = strcmp(filled_text(json_object_get(party, "key"), "x"), x) == 0;
    signer_free(taken ? s->f.key[0] : s->asked_key);
    if (taken)
        s->f.key[0] = s->asked_key;
    s->asked_key = NULL;
    json_decref(party);
}

static void a_key_put_again(struct scene *s, struct asked *a)
{
    struct buf b;
    look_at_key(s);
    fresh(s, a, "PUT", 0, "200");
    snprintf(a->target, sizeof a->target, "/v1/parties/%s/key", filled_text(s->f.party[0], "id"));
    buf_fixed(&b, a->body, sizeof a->body - 1);
    key_body(&b, s->f.key[0], NULL, LIVE_URL, filled_text(s->f.party[0], "id"), clock_ms());
}

static void a_new_key(struct scene *s, struct asked *a)
{
    char seed[SEED_LEN + 1];
    struct buf b;
    look_at_key(s);
    snprintf(seed, sizeof seed, "seed number %020d", s->serial);
    struct signer *key = signer_new((const uint8_t *)seed);
    fresh(s, a, "PUT", 0, "200");
    snprintf(a->target, sizeof a->target, "/v1/parties/%s/key", filled_text(s->f.party[0], "id"));
    buf_fixed(&b, a->body, sizeof a->body - 1);
    key_body(&b, key, s->f.key[0], LIVE_URL, filled_text(s->f.party[0], "id"), clock_ms());
    s->asked_key = key;
}

static void an_answer_again(struct scene *s, struct asked *a)
{
    fresh(s, a, "POST", 1, "200");
    snprintf(a->target, sizeof a->target, "/v1/statements/%s/responses", s->statement);
    snprintf(a->body, sizeof a->body, "{\"jws\":\"%s\"}", s->answer);
}

static void a_new_statement(struct scene *s, struct asked *a)
{
    fresh(s, a, "POST", -1, "201");
    snprintf(a->target, sizeof a->target, "/v1/contracts/%s/statements", s->f.contract);
    snprintf(a->body, sizeof a->body, "{}");
    snprintf(a->key, sizeof a->key, "statement-%d", s->serial);
}

/* In this order: what reads is asked before what changes what is read. */
static const struct {
    const char *name;
    void (*prepare)(struct scene *s, struct asked *a);
} requests[] = {
    {"a click", a_click},
    {"a view", a_view},
    {"a lead", a_lead},
    {"a person again", a_person_again},
    {"a txid again", a_txid_again},
    {"a lead sent twice", a_lead_sent_twice},
    {"an approval by click", an_approval_by_click},
    {"an approval of parts", an_approval_of_parts},
    {"the lead", the_lead},
    {"the leads", the_leads},
    {"its proof", its_proof},
    {"the openings", the_openings},
    {"a tile", a_tile},
    {"the entries", the_entries},
    {"the checkpoint", the_checkpoint},
    {"the statement", the_statement},
    {"the statements", the_statements},
    {"its lines", its_lines},
    {"its answers", its_answers},
    {"its links", its_links},
    {"a party made again", a_party_made_again},
    {"a code", a_code},
    {"a campaign changed", a_campaign_changed},
    {"a key put again", a_key_put_again},
    {"an answer again", an_answer_again},
    {"a new statement", a_new_statement},
};
enum { REQUESTS = sizeof requests / sizeof requests[0] };

/* ---- the damage ---- */

struct cut_rows {
    enum table table;
    size_t n;
    struct buf key[ROWS], value[ROWS];
};

static void rows_keep(struct scene *s, struct cut_rows *rows, enum table table)
{
    struct span key, value;
    struct cursor *c;
    struct txn *t = fixture_begin(&s->f.live.f, false);
    rows->table = table;
    rows->n = 0;
    assert_ok(cursor_open(t, table, &c));
    enum err err = cursor_seek(c, SPAN(""), &key, &value);
    for (; err == ERR_OK; err = cursor_next(c, &key, &value), rows->n++) {
        assert_true(rows->n < ROWS);
        buf_heap(&rows->key[rows->n]);
        buf_heap(&rows->value[rows->n]);
        buf_span_add(&rows->key[rows->n], key);
        buf_span_add(&rows->value[rows->n], value);
    }
    assert_ok(cursor_end(err));
    cursor_close(c);
    txn_abort(t);
}

/* What becomes of each row. One that says all by its key stands under a key too long in any case. */
enum form { FORM_CUT, FORM_LONGER, FORM_ZEROS, FORM_LONGER_KEY, FORM_GONE, FORM_MONEY, FORM_BIT, FORMS };
static const char *const form_names[FORMS] = {"cut",  "longer",         "zeros",        "under a longer key",
                                              "gone", "of other money", "a bit changed"};

static bool under_longer_key(struct span value, enum form form)
{
    return form == FORM_LONGER_KEY || (value.len == 0 && form != FORM_GONE && form != FORM_BIT);
}

/* Of leads and moves the price, or the money moved, is a millionth more or less. */
enum { MONEY_AT = 19 };

static void row_spoil(struct txn *t, struct cut_rows *rows, size_t i, enum form form)
{
    static const char zeros[16384];
    struct span key = buf_span(&rows->key[i]), value = buf_span(&rows->value[i]);
    struct buf longer;
    assert_true(value.len < sizeof zeros);
    buf_heap(&longer);
    buf_span_add(&longer, under_longer_key(value, form) ? key : value);
    buf_byte(&longer, '\0');
    assert_ok(store_del(t, rows->table, key));
    if (form == FORM_BIT)
        raw_row_flip(t, rows->table, key, value, value.len > 0 ? 8 * (value.len - 1) : 0);
    else if (under_longer_key(value, form))
        assert_ok(store_put(t, rows->table, buf_span(&longer), value));
    else if (form == FORM_LONGER)
        assert_ok(store_put(t, rows->table, key, buf_span(&longer)));
    else if (form == FORM_MONEY) {
        buf_clear(&longer);
        buf_span_add(&longer, value);
        longer.ptr[MONEY_AT] ^= 1;
        assert_ok(store_put(t, rows->table, key, buf_span(&longer)));
    } else if (form != FORM_GONE)
        assert_ok(store_put(t, rows->table, key, form == FORM_CUT ? span_of(value.ptr, 1) : span_of(zeros, value.len)));
    buf_free(&longer);
}

static void rows_spoil(struct scene *s, struct cut_rows *rows, enum form form)
{
    struct txn *t = fixture_begin(&s->f.live.f, true);
    for (size_t i = 0; i < rows->n; i++)
        row_spoil(t, rows, i, form);
    assert_ok(txn_commit(t));
    for (size_t i = 0; i < rows->n; i++)
        if (under_longer_key(buf_span(&rows->value[i]), form))
            buf_byte(&rows->key[i], '\0');
}

static bool is_spoiled(struct span now, struct span value, enum form form)
{
    size_t i = 0;
    while (i < now.len && now.ptr[i] == 0)
        i++;
    if (form == FORM_MONEY)
        return now.len == value.len && now.ptr[MONEY_AT] == (value.ptr[MONEY_AT] ^ 1);
    return under_longer_key(value, form) || (form == FORM_CUT && now.len == 1) ||
           (form == FORM_LONGER && now.len == value.len + 1) || (form == FORM_ZEROS && i == now.len);
}

/* But for those that the server wrote anew in the meantime. */
static void rows_put_back(struct scene *s, struct cut_rows *rows, enum form form)
{
    struct txn *t = fixture_begin(&s->f.live.f, true);
    for (size_t i = 0; i < rows->n; i++) {
        struct span key = buf_span(&rows->key[i]), value = buf_span(&rows->value[i]), now;
        enum err err = store_get(t, rows->table, key, &now);
        if (form == FORM_GONE  ? err != ERR_NOT_FOUND
            : form == FORM_BIT ? err != ERR_CORRUPT
                               : err != ERR_OK || !is_spoiled(now, value, form))
            continue;
        if (under_longer_key(value, form)) {
            assert_ok(store_del(t, rows->table, key));
            key.len--;
        }
        if (form != FORM_LONGER_KEY || store_get(t, rows->table, key, &now) == ERR_NOT_FOUND)
            assert_ok(store_put(t, rows->table, key, value));
    }
    assert_ok(txn_commit(t));
}

static void rows_free(struct cut_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        buf_free(&rows->key[i]);
        buf_free(&rows->value[i]);
    }
}

/* ---- the rounds ---- */

static bool right(struct scene *s, const struct asked *a, const char *got)
{
    return strcmp(got, a->want) == 0 &&
           (a->want_body.len == 0 || span_eq(buf_span(&a->want_body), span_str(s->f.answer.body)));
}

static void fault(struct scene *s, const char *request, const char *table, const char *what)
{
    print_error("%s, %s unreadable: %s\n", request, table, what);
    s->faults++;
}

/* The requests that `of` names, as bits, were refused; every other one was answered rightly. */
static uint32_t ask_all(struct scene *s, struct asked asked[REQUESTS], uint32_t of, const char *table)
{
    uint32_t refused = 0;
    for (size_t i = 0; i < REQUESTS; i++) {
        char got[32];
        if (!(of >> i & 1))
            continue;
        ask(s, &asked[i], got);
        if (s->f.answer.status >= 500)
            refused |= UINT32_C(1) << i;
        else if (!right(s, &asked[i], got))
            fault(s, requests[i].name, table, s->f.answer.text);
    }
    return refused;
}

/* Each name of the list, which a comma ends. */
static uint32_t bits(const char *names)
{
    uint32_t all = 0;
    while (*names != '\0') {
        size_t len = strcspn(names, ","), i = 0;
        while (i < REQUESTS && (strlen(requests[i].name) != len || strncmp(requests[i].name, names, len) != 0))
            i++;
        assert_true(i < REQUESTS);
        all |= UINT32_C(1) << i;
        names += len + (names[len] == ',');
        names += strspn(names, " ");
    }
    return all;
}

/* Of a click whose bundle was filled meanwhile the stored rows are looked at: a round keeps within one. What is swept
 * may be some rounds old. */
static void into_one_bundle(struct scene *s)
{
    enum { CONTRACT = 2, BUNDLE = 256, ROUNDS = 126 };
    char click[CLICK_ID_LEN + 1];
    struct head head;
    struct txn *t = fixture_begin(&s->f.live.f, false);
    assert_ok(head_read(t, CONTRACT, &head));
    txn_abort(t);
    for (uint64_t at = head.size % BUNDLE; at > BUNDLE - ROUNDS && at < BUNDLE; at++)
        filled_click(&s->f, s->f.code, click);
}

/* `unseen` are not asked: nothing that they look at tells that a row is gone. */
static void round_of(struct scene *s, enum table table, enum form form, uint32_t needs, uint32_t unseen)
{
    static struct cut_rows rows;
    static struct asked asked[REQUESTS];
    char name[64], click[CLICK_ID_LEN + 1];
    snprintf(name, sizeof name, "%.30s (%.20s)", table_info(table)->name, form_names[form]);
    into_one_bundle(s);
    for (size_t i = 0; i < REQUESTS; i++)
        requests[i].prepare(s, &asked[i]);
    filled_click(&s->f, s->f.code, click); /* a log that idled over two sweeps would read its last rows to grow */
    rows_keep(s, &rows, table);
    rows_spoil(s, &rows, form);
    uint32_t refused = ask_all(s, asked, ((UINT32_C(1) << REQUESTS) - 1) & ~unseen, name);
    rows_put_back(s, &rows, form);
    rows_free(&rows);
    for (size_t i = 0; i < REQUESTS; i++)
        if ((refused ^ needs) >> i & 1)
            fault(s, requests[i].name, name, refused >> i & 1 ? "refused" : "served");
    for (size_t i = 0; i < REQUESTS; i++) /* a statement may have been issued: what reads now says more */
        buf_clear(&asked[i].want_body);
    uint32_t again = ask_all(s, asked, refused, "none");
    for (size_t i = 0; i < REQUESTS; i++)
        if (again >> i & 1)
            fault(s, requests[i].name, name, "refused though the rows read again");
}

/* What each table is needed for; one that is not here is needed for none of them. Control data are taken
 * from memory, also by what changes them: it reads the rows alone that it writes. Heads and the watermark are written
 * anew by the sweep before a new statement. */
static const struct need {
    int table;
    const char *requests;
} needs[] = {
    {TABLE_META, "its proof, the openings, the checkpoint, the statements"},
    {TABLE_JOURNAL, "a lead, a person again, a txid again, a lead sent twice, an approval by click, an approval of "
                    "parts, the lead, the leads, the openings, "
                    "the entries, its lines, a new statement"},
    {TABLE_PRIVATE, "the lead, the leads"},
    {TABLE_TILES, "its proof, a tile, a new statement"},
    {TABLE_SEQS, "the lead, the leads, the openings, the entries, its lines, a new statement"},
    {TABLE_HEADS, "its proof, the openings, a tile, the entries, the checkpoint, the statements"},
    {TABLE_NONCES, "a lead sent twice"},
    {TABLE_STATEMENTS, "the statement, the statements, its lines, its answers, its links, an answer again"},
    {TABLE_LINKS, "its links"},
    {TABLE_IDEMPOTENCY, "a party made again"},
    {TABLE_COSIGNED, "the statements, its answers, an answer again"},
    {TABLE_ROWS + ROW_LEADS, "a txid again, an approval by click, an approval of parts, the lead, the leads, the "
                             "openings, its lines, a new statement"},
    {TABLE_ROWS + ROW_MOVES, "the leads, the openings, its lines, a new statement"},
    {TABLE_ROWS + ROW_DEDUPE, "a person again"},
    {TABLE_ROWS + ROW_TXIDS, "a txid again"},
    {TABLE_ROWS + ROW_CLICK_LEADS, "an approval by click, an approval of parts"},
    {TABLE_ROWS + ROW_SHARES, "an approval of parts"},
    {TABLE_ROWS + ROW_TERMS, "a campaign changed"},
    {TABLE_ROWS + ROW_PARTY_KEYS, "a key put again"},
    {TABLE_ROWS + ROW_CAPS, "a lead"},
    {TABLE_ROWS + ROW_CORRECTIONS, "the statements, its answers"},
};

static const char *needed_for(const struct need *of, size_t n, enum table table)
{
    for (size_t i = 0; i < n; i++)
        if (of[i].table == (int)table)
            return of[i].requests;
    return "";
}

/* Who looks for a row that is not there, or for the first or the last, meets another one: if that is not as it was
 * written, it may be the one looked for, its key changed. */
static const struct need also_met[] = {
    {TABLE_ROWS + ROW_DUE, "a new statement"},
};
enum { ALSO_MET = sizeof also_met / sizeof also_met[0], NEEDS = sizeof needs / sizeof needs[0] };

/* What the ledger may still hold in memory, and what chance decides. */
static uint32_t unasked_of(enum table table)
{
    if (table == TABLE_TILES || table == TABLE_MODELS) /* unless their log idled over two sweeps */
        return bits("a campaign changed, a key put again");
    if (table == TABLE_IDEMPOTENCY) /* its key may be behind all that are there, and meet none */
        return bits("a new statement");
    if (table == (enum table)(TABLE_ROWS + ROW_TRADERS)) /* one of its contract's parties, or of others' */
        return bits("a new statement");
    return table == TABLE_SEQS ? bits("a txid again, a campaign changed, a key put again, its proof, a tile") : 0;
}

static bool passes_over(void)
{
    return getenv("LONG") == NULL && one_in(2);
}

static void rows_that_do_not_read_stop_what_needs_them_alone(void **state)
{
    struct scene *s = *state;
    for (int table = 0; table < TABLE_COUNT; table++)
        if (!passes_over())
            round_of(s, (enum table)table, FORM_CUT, bits(needed_for(needs, NEEDS, (enum table)table)),
                     unasked_of((enum table)table));
    assert_int_equal(s->faults, 0);
}

/* One bit of each row is another one, under the checksum that it was written with: whatever the bit says, nothing that
 * looks at the row goes on. */
static void rows_with_a_bit_changed_stop_what_needs_them_alone(void **state)
{
    struct scene *s = *state;
    for (int table = 0; table < TABLE_COUNT; table++)
        if (!passes_over())
            round_of(s, (enum table)table, FORM_BIT,
                     bits(needed_for(needs, NEEDS, (enum table)table)) |
                         bits(needed_for(also_met, ALSO_MET, (enum table)table)),
                     unasked_of((enum table)table));
    assert_int_equal(s->faults, 0);
}

/* Rows of one row's length, or under one key's, that cannot be. */
static void rows_that_cannot_be_stop_what_needs_them_alone(void **state)
{
    static const enum table tables[] = {TABLE_SEQS,
                                        TABLE_HEADS,
                                        TABLE_NONCES,
                                        TABLE_IDEMPOTENCY,
                                        TABLE_ROWS + ROW_LEADS,
                                        TABLE_ROWS + ROW_DEDUPE,
                                        TABLE_ROWS + ROW_TXIDS};
    struct scene *s = *state;
    for (enum form form = FORM_LONGER; form <= FORM_LONGER_KEY; form++)
        for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
            if (!passes_over())
                round_of(s, tables[i], form, bits(needed_for(needs, NEEDS, tables[i])), unasked_of(tables[i]));
    assert_int_equal(s->faults, 0);
}

/* What another row names is missed; the others are for `check`, which has the entries. */
static void rows_that_are_gone_stop_what_needs_them_alone(void **state)
{
    static const struct {
        int table;
        const char *requests, *unseen;
    } gone[] = {
        {TABLE_META, "", ""},
        {TABLE_PRIVATE, "the lead, the leads", ""},
        {TABLE_TILES, "its proof, a tile, a new statement", ""},
        {TABLE_SEQS, "the lead, the leads, the openings, the entries, its lines, a new statement", "a txid again"},
        {TABLE_HEADS, "its proof, the openings, a tile, the entries, the checkpoint, the statements", ""},
        {TABLE_NONCES, "", ""},
        {TABLE_STATEMENTS, "the statement, the statements, its lines, its answers, its links, an answer again", ""},
        {TABLE_LINKS, "", "its links"},
        {TABLE_IDEMPOTENCY, "", ""},
        {TABLE_COSIGNED, "the statements, its answers, an answer again", ""},
        {TABLE_ROWS + ROW_LEADS,
         "a txid again, an approval by click, an approval of parts, the lead, the leads, the openings, its lines, a "
         "new statement",
         ""},
        {TABLE_ROWS + ROW_MOVES, "the leads, the openings, its lines, a new statement", ""},
        {TABLE_ROWS + ROW_DEDUPE, "", "a person again"},
        {TABLE_ROWS + ROW_TXIDS, "", "a txid again"},
        {TABLE_ROWS + ROW_CLICK_LEADS, "", "an approval by click, an approval of parts"},
        {TABLE_ROWS + ROW_SHARES, "", "an approval of parts"},
        {TABLE_ROWS + ROW_TERMS, "a campaign changed", ""},
        {TABLE_ROWS + ROW_PARTY_KEYS, "", ""},
        {TABLE_ROWS + ROW_CAPS, "", ""},
        {TABLE_ROWS + ROW_CORRECTIONS, "the statements, its answers", ""},
    };
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        if (!passes_over())
            round_of(s, (enum table)gone[i].table, FORM_GONE, bits(gone[i].requests),
                     bits(gone[i].unseen) | unasked_of((enum table)gone[i].table));
    assert_int_equal(s->faults, 0);
}

/* The first one closes what was cut when the folder was made: each round has its own. Also one that is gone is missed:
 * more would be closed than was counted. */
static void a_cut_that_does_not_read_stops_statements(void **state)
{
    static const enum form forms[] = {FORM_CUT, FORM_LONGER, FORM_GONE};
    struct scene *s = *state;
    char click[CLICK_ID_LEN + 1];
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        filled_click(&s->f, s->f.code, click);
        filled_sale(&s->f, click, 5000 + (int)i);
        round_of(s, (enum table)(TABLE_ROWS + ROW_CUTS), forms[i], bits("a new statement"), ~bits("a new statement"));
    }
    assert_int_equal(s->faults, 0);
}

/* It reads, and its entry says otherwise. */
static void rows_of_other_money_stop_what_needs_them_alone(void **state)
{
    struct scene *s = *state;
    round_of(s, (enum table)(TABLE_ROWS + ROW_LEADS), FORM_MONEY,
             bits("a txid again, an approval by click, an approval of parts, its lines, a new statement"),
             bits("the lead, the leads"));
    round_of(s, (enum table)(TABLE_ROWS + ROW_MOVES), FORM_MONEY, bits("its lines, a new statement"), 0);
    assert_int_equal(s->faults, 0);
}

static void an_answer_that_is_not_the_right_one_is_found(void **state)
{
    static struct asked asked[REQUESTS];
    struct scene *s = *state;
    requests[0].prepare(s, &asked[0]);
    snprintf(asked[0].want, sizeof asked[0].want, "404");
    assert_int_equal(ask_all(s, asked, 1, "none"), 0);
    assert_int_equal(s->faults, 1);
    s->faults = 0;
}

/* An empty one is none. */
static void row_put(struct scene *s, enum table table, const struct buf *key, const struct buf *row)
{
    struct txn *t = fixture_begin(&s->f.live.f, true);
    if (row->len == 0)
        assert_ok(store_del(t, table, buf_span(key)));
    else
        assert_ok(store_put(t, table, buf_span(key), buf_span(row)));
    assert_ok(txn_commit(t));
}

/* ---- statements ---- */

/* A digit of the part, which stands for one of money in the payload; of what has none, the last byte. */
static void change_a_digit(struct buf *value, bool text)
{
    if (!text) {
        value->ptr[value->len - 1] ^= 1;
        return;
    }
    size_t i = value->len / 2;
    while (value->ptr[i] < '0' || value->ptr[i] > '8')
        i++;
    value->ptr[i]++;
}

static void a_statement_whose_parts_do_not_fit_is_not_served(void **state)
{
    static const char *const parts[] = {"jws", "lines", "checkpoint"};
    static const char *const paths[] = {"/v1/statements/{}", "/v1/statements/{}?format=csv",
                                        "/v1/statements/{}?format=html", "/v1/statements/{}/lines",
                                        "/v1/statements/{}/checkpoint"};
    enum { PATHS = sizeof paths / sizeof paths[0] };
    struct scene *s = *state;
    static struct asked asked[PATHS];
    for (size_t i = 0; i < PATHS; i++)
        reads(s, &asked[i], 1, paths[i], s->statement);
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        struct buf key, good, bad;
        struct span now;
        char got[32];
        buf_heap(&key);
        buf_heap(&good);
        buf_heap(&bad);
        buf_str(&key, s->statement);
        buf_byte(&key, '\0');
        buf_str(&key, parts[part]);
        struct txn *t = fixture_begin(&s->f.live.f, false);
        assert_ok(store_get(t, TABLE_STATEMENTS, buf_span(&key), &now));
        buf_span_add(&good, now);
        buf_span_add(&bad, now);
        txn_abort(t);
        change_a_digit(&bad, strcmp(parts[part], "lines") != 0);
        row_put(s, TABLE_STATEMENTS, &key, &bad);
        for (size_t i = 0; i < PATHS; i++) {
            ask(s, &asked[i], got);
            if (s->f.answer.status != 500)
                fault(s, paths[i], parts[part], s->f.answer.text);
        }
        row_put(s, TABLE_STATEMENTS, &key, &good);
        for (size_t i = 0; i < PATHS; i++) {
            ask(s, &asked[i], got);
            if (!right(s, &asked[i], got))
                fault(s, paths[i], "nothing", s->f.answer.text);
        }
        buf_free(&key);
        buf_free(&good);
        buf_free(&bad);
    }
    assert_int_equal(s->faults, 0);
}

/* ---- lists ---- */

/* How many there are, page by page; SIZE_MAX: a page was a 5xx. */
static size_t count_listed(struct scene *s, const char *path, int party, const char *id)
{
    struct asked a = {.method = ""};
    char next[FILLED_TEXT] = "", got[32];
    size_t n = 0;
    buf_heap(&a.want_body);
    do {
        fresh(s, &a, "GET", party, "200");
        snprintf(a.target, sizeof a.target, "%s%s%s", path, next[0] != '\0' ? "&after=" : "", next);
        ask(s, &a, got);
        if (s->f.answer.status >= 500)
            return SIZE_MAX;
        json_t *list = json_loads(s->f.answer.body, 0, NULL);
        const char *more = json_string_value(json_object_get(list, "next"));
        n += json_array_size(json_object_get(list, "data"));
        if (s->f.answer.status != 200 || (id != NULL && strstr(s->f.answer.body, id) != NULL))
            fail_msg("%s: %s", a.target, s->f.answer.text);
        snprintf(next, sizeof next, "%s", more != NULL ? more : "");
        json_decref(list);
    } while (next[0] != '\0');
    return n;
}

/* Takes away what stands under keys that begin so, or puts it back. */
static void rows_of(struct scene *s, struct cut_rows *rows, struct span begin, bool gone)
{
    struct txn *t = fixture_begin(&s->f.live.f, true);
    for (size_t i = 0; i < rows->n; i++) {
        struct span key = buf_span(&rows->key[i]);
        if (key.len < begin.len || memcmp(key.ptr, begin.ptr, begin.len) != 0)
            continue;
        assert_ok(gone ? store_del(t, rows->table, key) : store_put(t, rows->table, key, buf_span(&rows->value[i])));
    }
    assert_ok(txn_commit(t));
}

static void a_statement_that_is_gone_makes_no_list_shorter(void **state)
{
    struct scene *s = *state;
    static struct cut_rows rows;
    struct asked a = {.method = ""};
    char paths[4][2 * FILLED_TEXT], got[32];
    buf_heap(&a.want_body);
    for (int i = 0; i < 2; i++) {
        a_click(s, &a);
        ask(s, &a, got);
        a_new_statement(s, &a);
        ask(s, &a, got);
        assert_string_equal(got, "201");
    }
    for (int i = 0; i < 4; i++)
        snprintf(paths[i], sizeof paths[i], "/v1/statements?limit=%d%s%s", i % 2 ? 1 : 200, i / 2 ? "&contract=" : "",
                 i / 2 ? s->f.contract : "");
    json_t *all = filled_ask(&s->f, 200, "GET", "/v1/statements?limit=200", filled_token(&s->f, 1), "", NULL);
    size_t n = json_array_size(json_object_get(all, "data"));
    assert_true(n >= 3);
    rows_keep(s, &rows, TABLE_STATEMENTS);
    for (size_t k = 0; k < n; k += k == 0 || k + 2 >= n ? 1 : n - 2 - k) { /* the first, and the last two */
        const char *id = filled_text(json_array_get(json_object_get(all, "data"), k), "id");
        for (int i = 0; i < 4; i++)
            assert_int_equal(count_listed(s, paths[i], i % 3 - 1, NULL), n);
        rows_of(s, &rows, span_of(id, strlen(id) + 1), true);
        for (int i = 0; i < 4; i++)
            if (count_listed(s, paths[i], i % 3 - 1, id) != SIZE_MAX)
                fault(s, paths[i], id, "a shorter list");
        rows_of(s, &rows, span_of(id, strlen(id) + 1), false);
    }
    json_decref(all);
    rows_free(&rows);
    buf_free(&a.want_body);
    assert_int_equal(s->faults, 0);
}

/* One lead, by its row of either table, the last one too; in both orders. */
static void a_lead_that_is_gone_makes_no_list_shorter(void **state)
{
    static const struct {
        int table;
    } tables[] = {{TABLE_ROWS + ROW_LEADS}, {TABLE_ROWS + ROW_MOVES}};
    struct scene *s = *state;
    static struct cut_rows rows;
    enum { PATHS = 4 };
    char paths[PATHS][2 * FILLED_TEXT];
    for (int i = 0; i < PATHS; i++)
        snprintf(paths[i], sizeof paths[i], "/v1/contracts/%s/leads?limit=%d%s", s->f.contract, i % 2 ? 3 : 200,
                 i / 2 ? "&order=newest" : "");
    size_t n = count_listed(s, paths[0], 1, NULL);
    assert_true(n >= 4);
    rows_keep(s, &rows, (enum table)tables[0].table);
    struct cut_rows *leads = malloc(sizeof rows);
    *leads = rows;
    for (size_t table = 0; table < 2; table++) {
        rows_keep(s, &rows, (enum table)tables[table].table);
        size_t step = leads->n < 3 ? 1 : leads->n / 3;
        bool last = true;
        for (size_t k = leads->n; k-- > 0;) {
            struct span key = buf_span(&leads->key[k]);
            if (load_be32(key.ptr) != 2 || (k % step != 0 && !last)) /* of the other contract */
                continue;
            last = false;
            rows_of(s, &rows, key, true);
            for (int i = 0; i < PATHS; i++)
                if (count_listed(s, paths[i], 1, NULL) != SIZE_MAX)
                    fault(s, paths[i], table_info(rows.table)->name, "a shorter list");
            rows_of(s, &rows, key, false);
        }
        rows_free(&rows);
    }
    for (int i = 0; i < PATHS; i++)
        assert_int_equal(count_listed(s, paths[i], 1, NULL), n);
    rows_free(leads);
    free(leads);
    assert_int_equal(s->faults, 0);
}

/* ---- what an append needs ---- */

enum { CONTRACT_LOG = 2 };

/* Each makes the last row of a log in this table another. */
static void damage_one_item_less(struct buf *row, size_t item)
{
    row->len -= item;
}
static void damage_one_item_more(struct buf *row, size_t item)
{
    for (size_t i = 0; i < item; i++)
        buf_byte(row, '\1');
}
static void damage_a_byte_more(struct buf *row, size_t item)
{
    (void)item;
    buf_byte(row, '\0');
}
static void damage_an_item(struct buf *row, size_t item)
{
    row->ptr[row->len - item] ^= 1;
}
static void damage_all(struct buf *row, size_t item)
{
    (void)item;
    memset(row->ptr, 0, row->len);
}
static void damage_gone(struct buf *row, size_t item)
{
    (void)item;
    buf_clear(row);
}

static const struct tail_damage {
    const char *name;
    void (*make)(struct buf *row, size_t item);
} damages[] = {
    {"one item less", damage_one_item_less},
    {"one item more", damage_one_item_more},
    {"a byte more", damage_a_byte_more},
    {"an item changed", damage_an_item},
    {"zeros", damage_all},
    {"gone", damage_gone},
};
enum { DAMAGE_GONE = sizeof damages / sizeof damages[0] - 1 };

/* The last row of the log, at level 0 where the table has levels. */
static void tail_find(struct scene *s, enum table table, uint32_t log, struct buf *row_key, struct buf *row)
{
    struct span key, value;
    struct cursor *c;
    struct txn *t = fixture_begin(&s->f.live.f, false);
    assert_ok(cursor_open(t, table, &c));
    for (enum err err = cursor_seek(c, SPAN(""), &key, &value); err == ERR_OK; err = cursor_next(c, &key, &value)) {
        if (load_be32(key.ptr) != log || (table == TABLE_TILES && key.ptr[4] != 0))
            continue;
        buf_clear(row_key);
        buf_clear(row);
        buf_span_add(row_key, key);
        buf_span_add(row, value);
    }
    cursor_close(c);
    txn_abort(t);
    assert_true(row->len > 0);
}

static void a_click_elsewhere(struct scene *s, struct asked *a)
{
    fresh(s, a, "GET", NOBODY, "302");
    snprintf(a->target, sizeof a->target, "/c/%s", s->other_code);
}

static void a_lead_without_click(struct scene *s, struct asked *a)
{
    char fields[512];
    fresh(s, a, "GET", NOBODY, "200 rejected");
    snprintf(fields, sizeof fields, "contract=%s&txid=bare-%d&email=p%d%%40shop.example", s->f.contract, s->serial,
             1000 + s->serial);
    sign(s, a, 1, fields);
}

static void a_grown_tile(struct scene *s, struct asked *a)
{
    fresh(s, a, "GET", 2, "200");
    snprintf(a->target, sizeof a->target, "/log/%s/tile/0/000", s->f.contract);
}

/* refused: by a log that cannot grow; the others are served. Clicks always land. */
static const struct {
    void (*prepare)(struct scene *s, struct asked *a);
    bool contract, root; /* refused when that log's tail is damaged */
} appends[] = {
    {a_click, false, false},           {a_lead_without_click, true, false}, {a_click_elsewhere, false, false},
    {a_campaign_changed, true, false}, {a_new_statement, true, true},       {a_new_key, true, false},
    {a_grown_tile, false, false},      {a_click_elsewhere, false, false},
};

/* A tail that is full is no tail any more: the log goes on with a row of its own. */
static void tail_begun(struct scene *s, enum table table, uint32_t log, struct buf *key, struct buf *row)
{
    const size_t full = table == TABLE_SEQS ? SEQS_FULL : tile_row_full(0);
    struct asked a = {.method = ""};
    char got[32];
    buf_heap(&a.want_body);
    for (tail_find(s, table, log, key, row); row->len == full; tail_find(s, table, log, key, row)) {
        live_serve(&s->f.live);
        (log == ROOT_LOG ? a_new_statement : a_click)(s, &a);
        ask(s, &a, got);
        live_end(&s->f.live);
        fixture_reopen(&s->f.live.f, SMALL_MAP);
    }
    buf_free(&a.want_body);
}

static void tail_round(struct scene *s, enum table table, uint32_t log, const struct tail_damage *damage)
{
    struct asked a = {.method = ""};
    struct buf key, row, bad;
    const size_t item = table == TABLE_SEQS ? SEQ_ITEM : HASH_LEN;
    buf_heap(&a.want_body);
    buf_heap(&key);
    buf_heap(&row);
    buf_heap(&bad);
    live_end(&s->f.live);
    fixture_reopen(&s->f.live.f, SMALL_MAP);
    tail_begun(s, table, log, &key, &row);
    buf_span_add(&bad, buf_span(&row));
    damage->make(&bad, item);
    row_put(s, table, &key, &bad);
    live_serve(&s->f.live);
    for (size_t i = 0; i < sizeof appends / sizeof appends[0]; i++) {
        char got[32], where[96];
        appends[i].prepare(s, &a);
        ask(s, &a, got);
        bool refused = log == ROOT_LOG
                           ? appends[i].root
                           : appends[i].contract || (table == TABLE_HEADS && appends[i].prepare == a_grown_tile);
        snprintf(where, sizeof where, "%.20s of log %u, %.30s:", table_info(table)->name, log, damage->name);
        if (refused ? s->f.answer.status != 500 : !right(s, &a, got))
            fault(s, a.target, where, s->f.answer.text);
    }
    live_end(&s->f.live);
    fixture_reopen(&s->f.live.f, SMALL_MAP);
    row_put(s, table, &key, &row);
    live_serve(&s->f.live);
    for (size_t i = 0; i < sizeof appends / sizeof appends[0]; i++) {
        char got[32];
        appends[i].prepare(s, &a);
        ask(s, &a, got);
        if (!right(s, &a, got))
            fault(s, a.target, "whole again", s->f.answer.text);
    }
    buf_free(&a.want_body);
    buf_free(&key);
    buf_free(&row);
    buf_free(&bad);
}

static void a_log_that_cannot_grow_stops_its_own_jobs_alone(void **state)
{
    struct scene *s = *state;
    static const enum table tables[] = {TABLE_SEQS, TABLE_TILES};
    for (size_t i = 0; i < 4; i++)
        for (size_t d = 0; d < sizeof damages / sizeof damages[0]; d++)
            tail_round(s, tables[i / 2], i % 2 ? ROOT_LOG : CONTRACT_LOG, &damages[d]);
    tail_round(s, TABLE_HEADS, CONTRACT_LOG, &damages[DAMAGE_GONE]); /* it does not begin anew */
    assert_int_equal(s->faults, 0);
}

/* ---- life ---- */

static void first_of(struct scene *s, int party, const char *path, const char *member, char out[FILLED_TEXT])
{
    json_t *list = filled_ask(&s->f, 200, "GET", path, filled_token(&s->f, party), "", NULL);
    snprintf(out, FILLED_TEXT, "%s", filled_text(json_array_get(json_object_get(list, "data"), 0), member));
    json_decref(list);
}

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    struct asked first = {.method = ""};
    char path[FILLED_TEXT + 32], got[32];
    filled_open(&s->f);
    s->f.live.options.sweep_ms.number = 600000; /* no chore puts right what a round broke */
    live_serve(&s->f.live);
    snprintf(path, sizeof path, "/v1/contracts/%s/leads", s->f.contract);
    first_of(s, 1, path, "lead", s->lead);
    first_of(s, 1, "/v1/statements", "id", s->statement);
    first_of(s, 0, "/v1/campaigns", "id", s->campaign);
    s->f.party[4] =
        filled_post(&s->f, "/v1/parties", filled_token(&s->f, -1), "{\"name\":\"third\",\"kind\":\"publisher\"}");
    filled_contract(&s->f, s->campaign, 4, s->other_contract, s->other_code);
    snprintf(path, sizeof path, "/v1/statements/%s/responses", s->statement);
    json_t *answers = filled_ask(&s->f, 200, "GET", path, filled_token(&s->f, 1), "", NULL);
    snprintf(s->answer, sizeof s->answer, "%s",
             filled_text(json_array_get(json_object_get(answers, "data"), 1), "jws"));
    json_decref(answers);
    a_campaign_changed(s, &first); /* after a start, the first to write into a contract reads its terms */
    ask(s, &first, got);
    buf_free(&first.want_body);
    assert_string_equal(got, first.want);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    live_end(&s->f.live);
    signer_free(s->asked_key);
    filled_close(&s->f);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_is_not_the_right_one_is_found),
        cmocka_unit_test(rows_that_do_not_read_stop_what_needs_them_alone),
        cmocka_unit_test(rows_that_cannot_be_stop_what_needs_them_alone),
        cmocka_unit_test(rows_that_are_gone_stop_what_needs_them_alone),
        cmocka_unit_test(rows_of_other_money_stop_what_needs_them_alone),
        cmocka_unit_test(rows_with_a_bit_changed_stop_what_needs_them_alone),
        cmocka_unit_test(a_statement_whose_parts_do_not_fit_is_not_served),
        cmocka_unit_test(a_lead_that_is_gone_makes_no_list_shorter),
        cmocka_unit_test(a_statement_that_is_gone_makes_no_list_shorter),
        cmocka_unit_test(a_log_that_cannot_grow_stops_its_own_jobs_alone),
        cmocka_unit_test(a_cut_that_does_not_read_stops_statements),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
