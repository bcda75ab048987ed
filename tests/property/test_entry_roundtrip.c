/* For random entries: entry_read gives back what entry_write took, and no changed byte gives back the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "common/ledger/entry_fields.h"

enum { ROUNDS = 1500, CHANGES = 40 };

/* What the random spans point into; cleared after each round. */
static char *pool[512];
static size_t pooled;

static uint64_t below(uint64_t n)
{
    return (((uint64_t)random() << 31) | (uint64_t)random()) % n;
}

static bool coin(void)
{
    return below(2) == 0;
}

static struct span keep(const char *ptr, size_t len)
{
    assert_true(pooled < 512);
    char *copy = xmalloc(len + 1);
    memcpy(copy, ptr, len);
    copy[len] = '\0';
    pool[pooled++] = copy;
    return span_of(copy, len);
}

static bool plain; /* no text of the round has anything escaped */

static bool is_escaped(char c)
{
    return c == '"' || c == '\\' || (c >= 0 && c < ' ');
}

/* Valid UTF-8 with everything JSON must escape; empty every other time. */
static struct span text(size_t max)
{
    static const char *const pieces[] = {"a",
                                         "Z",
                                         "0",
                                         " ",
                                         "\"",
                                         "\\",
                                         "/",
                                         "\n",
                                         "\t",
                                         "\x01",
                                         "\x1f",
                                         "\x7f",
                                         "\xc3\xa9",
                                         "\xe2\x80\xa8",
                                         "\xef\xbf\xbd",
                                         "\xf0\x9f\x98\x80",
                                         "{",
                                         "]",
                                         "<"};
    char mem[600];
    size_t len = 0, want = coin() ? 0 : below(max + 1);
    while (len < want) {
        const char *p = pieces[below(sizeof(pieces) / sizeof(pieces[0]))];
        if (plain && is_escaped(*p)) {
            continue;
        }
        if (len + strlen(p) > max) {
            break;
        }
        memcpy(mem + len, p, strlen(p));
        len += strlen(p);
    }
    return keep(mem, len);
}

static struct span id(char prefix)
{
    char mem[16];
    return keep(mem, (size_t)snprintf(mem, sizeof(mem), "%c%llu", prefix, (unsigned long long)below(1000000)));
}

static uint64_t number(void)
{
    uint64_t v = below((uint64_t)JSON_INT_MAX + 1);
    return coin() ? v : coin() ? 0 : v >> below(53);
}

static void bytes(void *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)out)[i] = (uint8_t)below(256);
    }
}

static void random_click(struct entry_click *c)
{
    c->class = (enum class)below(CLASS_COUNT);
    c->placement = (uint32_t)number();
    bytes(c->commitment.b, HASH_LEN);
    for (int i = 0; i < LIMIT_SUBS; i++) {
        c->sub[i] = text(LIMIT_PARAM);
        c->utm[i] = text(LIMIT_PARAM);
    }
    c->to = text(200);
    c->device = (enum device)below(DEVICE_COUNT);
    c->clock_steps = (uint32_t)number();
}

static void random_lead(struct entry_lead *l)
{
    *l = (struct entry_lead){
        .party = id('P'),
        .trust = (enum trust)below(TRUST_COUNT),
        .txid = text(LIMIT_TXID),
        .given = (unsigned)below(16),
        .bad = (unsigned)below(16),
        .test = coin(),
        .honeypot = coin(),
        .disposable = coin(),
        .n_facts = below(LIMIT_FIELDS + 1),
        .missing_fields = (unsigned)below(40),
        .claimed = coin(),
        .has_click = coin(),
        .click_unrecorded = coin(),
        .clicked_ms = (int64_t)number(),
        .placement = (uint32_t)number(),
        .other_touches = (uint32_t)number(),
        .terms = number(),
        .share_from = (uint32_t)number(),
        .share_to = (uint32_t)number(),
        .n_touches = below(LIMIT_TOUCHES),
        .status = (enum status)below(STATUS_COUNT),
        .reason = (enum reason)below(REASON_COUNT),
        .payout_micros = (int64_t)number(),
        .tier = (int)below(64) - 1,
        .due_ms = (int64_t)number(),
        .utc_offset_s = coin() ? 0 : (int64_t)below(2 * UTC_OFFSET_MAX_S + 1) - UTC_OFFSET_MAX_S,
        .clock_steps = (uint32_t)number(),
        .clock_unsure = coin(),
    };
    l->click = l->has_click ? number() : 0;
    switch (below(3)) {
    case 0:
        l->dup_contract = id('C');
        l->dup_index = number();
        break;
    case 1:
        l->dup_contract = SPAN(DUP_ELSEWHERE);
        bytes(l->dup_commit.b, HASH_LEN);
    }
    for (size_t i = 0; i < l->n_facts; i++) {
        char name[16];
        l->facts[i].name = keep(name, (size_t)snprintf(name, sizeof(name), "f_%04zu", i));
        l->facts[i].value = text(80);
    }
    for (size_t i = 0; i < l->n_touches; i++) {
        l->touches[i] = (struct entry_touch){number(), coin(), (int64_t)number()};
    }
    for (int i = 0; i < LIMIT_SUBS; i++) {
        l->sub[i] = text(LIMIT_PARAM);
    }
    bytes(l->commitment.b, HASH_LEN);
    if (coin())
        bytes(l->request.b, HASH_LEN);
}

static struct span document(void)
{
    struct buf b;
    struct jw w;
    buf_heap(&b);
    jw_open(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "id", id('K'));
    jw_kstr(&w, "name", text(60));
    jw_object_end(&w);
    jw_close(&w);
    struct span copy = keep(b.ptr, b.len);
    buf_free(&b);
    return copy;
}

static enum entry_kind random_kind(void)
{
    enum entry_kind kind;
    do
        kind = (enum entry_kind)below(ENTRY_KINDS);
    while (kind == ENTRY_ROOT);
    return kind;
}

static void random_statement(struct entry_statement *s)
{
    *s = (struct entry_statement){.id = id('S'),
                                  .number = number(),
                                  .from = number(),
                                  .to = number(),
                                  .to_ms = (int64_t)number(),
                                  .issued_ms = (int64_t)number(),
                                  .utc_offset_s = -60,
                                  .vat_kind = (enum tax)below(TAX_COUNT),
                                  .vat_ppm = (int64_t)below(1000001)};
    bytes(s->sha256.b, HASH_LEN);
}

static void random_erase(struct entry_erase *e)
{
    e->by = id('P');
    e->n = 1 + below(ERASE_MOST);
    for (size_t i = 0; i < e->n; i++)
        e->entries[i] = (i > 0 ? e->entries[i - 1] + 1 : 0) + below(1000);
}

static void random_model(struct entry_model *m)
{
    static char list[LIMIT_ENTRY];
    struct buf b;
    buf_fixed(&b, list, sizeof list);
    *m = (struct entry_model){coin() ? ORIGIN_SEED : ORIGIN_FOLD, number(), number(), {{0}}, number(), SPAN("")};
    bytes(m->sha256.b, HASH_LEN);
    for (uint64_t i = 0, n = 1 + below(LIMIT_SEED_CONTRACTS); m->origin == ORIGIN_SEED && i < n; i++) {
        char contract[LIMIT_ID + 1];
        snprintf(contract, sizeof contract, "C%07u", (unsigned)i);
        entry_prefix_add(&b, &(struct entry_prefix){span_str(contract), 1 + number() / 2});
    }
    if (b.len > 0)
        m->from = buf_span(&b);
}

static void random_disposition(struct entry_disposition *d)
{
    *d = (struct entry_disposition){id('A'),
                                    (enum trust)below(TRUST_COUNT),
                                    text(LIMIT_TXID),
                                    number(),
                                    (enum status)below(STATUS_COUNT),
                                    text(LIMIT_FIELD),
                                    (int64_t)number(),
                                    text(3),
                                    (int64_t)number() * (coin() ? 1 : -1),
                                    number(),
                                    {{0}}};
    if (coin())
        bytes(d->request.b, HASH_LEN);
}

static void random_entry(struct entry *e)
{
    *e = (struct entry){.kind = random_kind(), .at_ms = (int64_t)number()};
    e->clocked_ms = coin() ? (int64_t)below((uint64_t)e->at_ms + (e->at_ms == 0)) : 0;
    switch (e->kind) {
    case ENTRY_TERMS:
        e->terms = (struct entry_terms){
            (int64_t)number(), document(), document(), (int64_t)number(), coin() ? (int64_t)number() : 0, coin()};
        break;
    case ENTRY_CLICK:
        random_click(&e->click);
        break;
    case ENTRY_VIEW:
        e->view = (struct entry_view){(enum class)below(CLASS_COUNT), (uint32_t)number(), .has_click = coin()};
        bytes(e->view.commitment.b, HASH_LEN);
        e->view.click = e->view.has_click ? number() : 0;
        break;
    case ENTRY_IMPRESSION:
        e->view = (struct entry_view){(enum class)below(CLASS_COUNT), (uint32_t)number()};
        bytes(e->view.commitment.b, HASH_LEN);
        break;
    case ENTRY_LEAD:
        random_lead(&e->lead);
        break;
    case ENTRY_DISPOSITION:
        random_disposition(&e->disposition);
        break;
    case ENTRY_KEY:
        e->key.party = id('A');
        bytes(e->key.pub, sizeof(e->key.pub));
        e->key.jws = text(500);
        e->key.previous_jws = text(500);
        break;
    case ENTRY_SERVER_KEYS:
        e->server_keys = (struct entry_server_keys){number(), text(500), text(500)};
        break;
    case ENTRY_STATEMENT:
        random_statement(&e->statement);
        break;
    case ENTRY_RESPONSE:
        e->response = (struct entry_response){id('A'), id('S'), text(500)};
        break;
    case ENTRY_ASSENT:
        e->assent = (struct entry_assent){id('A'), (int64_t)number(), text(500), number(), (int64_t)number()};
        e->assent.payable_micros *= coin() ? 1 : -1;
        break;
    case ENTRY_WITHDRAWAL:
        e->withdrawal = (struct entry_withdrawal){id('A'), (int64_t)number(), text(500)};
        break;
    case ENTRY_ADJUSTMENT:
        e->adjustment = (struct entry_adjustment){id('P'), (int64_t)number(), text(500), number(), id('S'), coin()};
        e->adjustment.micros *= coin() ? 1 : -1;
        break;
    case ENTRY_CLOCK:
        e->clock = (struct entry_clock){(uint32_t)number(), (int64_t)number(), (int64_t)number(), coin(), id('O'),
                                        (int64_t)number()};
        break;
    case ENTRY_ERASE:
        random_erase(&e->erase);
        break;
    case ENTRY_MODEL:
        random_model(&e->model);
        break;
    case ENTRY_GAP:
        e->gap = (struct entry_gap){(int64_t)number(), (int64_t)number(), number(), number(), number()};
        break;
    case ENTRY_PARTY:
        e->party = (struct entry_party){id('A'), id('A'), SPAN("{\"name\":\"A\"}"), coin()};
        break;
    case ENTRY_CREDENTIAL:
        e->credential = (struct entry_credential){id('A'), id('A'),           (enum credential)below(CREDENTIAL_COUNT),
                                                  id('K'), (int64_t)number(), coin()};
        break;
    default:
        fail();
    }
}

static void assert_spans(const struct span *a, const struct span *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(span_eq(a[i], b[i]));
    }
}

static void assert_lead(const struct entry_lead *a, const struct entry_lead *b)
{
    assert_spans(&a->party, &b->party, 1);
    assert_spans(&a->txid, &b->txid, 1);
    assert_spans(&a->dup_contract, &b->dup_contract, 1);
    assert_spans(a->sub, b->sub, LIMIT_SUBS);
    assert_int_equal(a->n_facts, b->n_facts);
    assert_spans(&a->facts[0].name, &b->facts[0].name, 2 * a->n_facts);
    assert_memory_equal(a->commitment.b, b->commitment.b, HASH_LEN);
    assert_memory_equal(a->dup_commit.b, b->dup_commit.b, HASH_LEN);
#define SAME(m) assert_int_equal(a->m, b->m)
    SAME(trust), SAME(given), SAME(bad), SAME(test), SAME(honeypot), SAME(disposable), SAME(missing_fields),
        SAME(claimed), SAME(has_click), SAME(utc_offset_s);
    SAME(click), SAME(click_unrecorded), SAME(clicked_ms), SAME(placement), SAME(other_touches), SAME(dup_index),
        SAME(terms);
    SAME(status), SAME(reason), SAME(payout_micros), SAME(tier), SAME(due_ms);
    SAME(clock_steps), SAME(clock_unsure);
    SAME(share_from), SAME(share_to), SAME(n_touches);
    for (size_t i = 0; i < a->n_touches; i++)
        SAME(touches[i].click), SAME(touches[i].click_unrecorded), SAME(touches[i].clicked_ms);
#undef SAME
}

static void assert_entry(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->at_ms, b->at_ms);
    assert_int_equal(a->clocked_ms, b->clocked_ms);
    if (a->kind == ENTRY_LEAD) {
        assert_lead(&a->lead, &b->lead);
    } else if (a->kind == ENTRY_CLICK) {
        assert_int_equal(a->click.class, b->click.class);
        assert_int_equal(a->click.placement, b->click.placement);
        assert_int_equal(a->click.device, b->click.device);
        assert_int_equal(a->click.clock_steps, b->click.clock_steps);
        assert_memory_equal(a->click.commitment.b, b->click.commitment.b, HASH_LEN);
        assert_spans(a->click.sub, b->click.sub, LIMIT_SUBS + LIMIT_UTMS + 1);
    }
}

static void free_pool(void)
{
    while (pooled > 0) {
        free(pool[--pooled]);
    }
}

static void entries_read_back_and_changed_ones_read_as_themselves(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct entry e, back;
        struct buf b, again;
        struct problem p = {0};
        buf_heap(&b);
        buf_heap(&again);
        plain = coin();
        random_entry(&e);
        entry_write(&b, &e);
        bool documents =
            e.kind == ENTRY_TERMS || e.kind == ENTRY_PARTY || (e.kind == ENTRY_MODEL && e.model.origin == ORIGIN_SEED);
        assert_int_equal(entry_scan(buf_span(&b), &back), !documents && memchr(b.ptr, '\\', b.len) == NULL);
        if (entry_read(buf_span(&b), &back, &p) != ERR_OK) {
            fail_msg("%.*s: %s %s", (int)b.len, b.ptr, p.field, p.detail);
        }
        assert_entry(&e, &back);
        entry_write(&again, &back);
        assert_true(span_eq(buf_span(&b), buf_span(&again)));
        entry_close(&back);

        /* what reads after a change reads as something else, and writes as just those bytes */
        for (int i = 0; i < CHANGES; i++) {
            size_t at = below(b.len);
            char was = b.ptr[at];
            b.ptr[at] = (char)below(256);
            if (entry_read(buf_span(&b), &back, NULL) == ERR_OK) {
                json_t *json = NULL;
                assert_int_equal(json_read_canonical(buf_span(&b), &json, NULL), ERR_OK);
                json_decref(json);
                buf_clear(&again);
                entry_write(&again, &back);
                assert_true(span_eq(buf_span(&b), buf_span(&again)));
                entry_close(&back);
            }
            b.ptr[at] = was;
        }
        buf_free(&b);
        buf_free(&again);
        free_pool();
    }
}

/* What reads as something, and is written otherwise. */
static void near_misses_do_not_read(void **state)
{
    (void)state;
    static const char lead[] =
        "{\"at\":9,\"bad\":[\"email\",\"phone\"],\"commit\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"dup\":{\"contract\":\"K1\",\"index\":0},\"facts\":{\"a\":\"1\",\"b\":\"2\"},\"kind\":\"lead\",\"party\":"
        "\"A1\","
        "\"request_sha256\":\"0a00000000000000000000000000000000000000000000000000000000000000\",\"status\":\"held\","
        "\"terms\":0,\"tier\":0,\"touches\":[{\"click\":0,\"clicked_ms\":0}],\"trust\":\"signed\",\"utc_offset_s\":-"
        "60}";
    static const struct {
        const char *from, *to;
    } misses[] = {
        {"[\"email\",\"phone\"]", "[\"phone\",\"email\"]"},
        {"[\"email\",\"phone\"]", "[\"email\",\"email\"]"},
        {"[\"email\",\"phone\"]", "[]"},
        {"[\"email\",\"phone\"]", "[\"email\",]"},
        {"\"K1\"", "\"other\""},
        {"\"K1\"", "\"\""},
        {"{\"contract\":\"K1\",\"index\":0}", "{\"contract\":\"K1\"}"},
        {"{\"contract\":\"K1\",\"index\":0}",
         "{\"commit\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"contract\":\"K1\"}"},
        {"{\"contract\":\"K1\",\"index\":0}",
         "{\"commit\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"contract\":\"other\",\"index\":0}"},
        {"{\"a\":\"1\",\"b\":\"2\"}", "{\"b\":\"1\",\"a\":\"2\"}"},
        {"{\"a\":\"1\",\"b\":\"2\"}", "{\"a\":\"1\",\"a\":\"2\"}"},
        {"{\"a\":\"1\",\"b\":\"2\"}", "{\"a\":\"1\",\"b\":2}"},
        {"{\"a\":\"1\",\"b\":\"2\"}", "{}"},
        {"\"0a0", "\"0A0"},
        {"\"0a0", "\"000"},
        {"\"held\",", "\"held\",\"test\":false,"},
        {"\"request_sha256\"", "\"reason\":\"\",\"request_sha256\""},
        {"\"request_sha256\"", "\"payout_micros\":0,\"request_sha256\""},
        {"\"tier\":0", "\"tier\":-1"},
        {"\"tier\":0", "\"tier\":2147483648"},
        {"\"click\":0,\"clicked", "\"click\":0,\"click_unrecorded\":false,\"clicked"},
        {"[{\"click\":0,\"clicked_ms\":0}]", "[]"},
        {":-60", ":-0"},
        {":-60", ":0"},
        {":-60", ":+60"},
        {":-60", ":-93601"},
        {":-60}", ":-60} "},
        {"\"2\"", "\"\xff\""},
        {"\"2\"", "\"\t\""},
    };
    static const char nothing[] = "{\"at\":9,\"by\":\"O1\",\"kind\":\"adjustment\",\"micros\":-0,\"reason\":\"\"}";
    struct entry e;
    struct buf b;
    assert_int_equal(entry_read(span_str(nothing), &e, NULL), ERR_CORRUPT);
    assert_true(entry_scan(span_str(lead), &e));
    buf_heap(&b);
    for (size_t i = 0; i < sizeof misses / sizeof *misses; i++) {
        const char *at = strstr(lead, misses[i].from);
        assert_non_null(at);
        buf_clear(&b);
        buf_add(&b, lead, (size_t)(at - lead));
        buf_str(&b, misses[i].to);
        buf_str(&b, at + strlen(misses[i].from));
        if (entry_read(buf_span(&b), &e, NULL) == ERR_OK)
            fail_msg("%.*s", (int)b.len, b.ptr);
    }
    buf_free(&b);
}

static int setup(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("SEED=%u\n", seed);
    srandom(seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(entries_read_back_and_changed_ones_read_as_themselves),
                                       cmocka_unit_test(near_misses_do_not_read)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
