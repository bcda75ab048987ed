/* The exact bytes of each kind of entry (FORMATS.md, "Entries"), and everything that is nearly an entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/ledger/entry.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define B64_1 "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
#define HEX_1 "0101010101010101010101010101010101010101010101010101010101010101"
/* clang-format off */
#define ONES {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}

static const struct {
    struct entry entry;
    const char *bytes;
} rows[] = {
    {{ENTRY_CLICK, 1795312231042, .click = {CLASS_OK, 3, {ONES}}},
     "{\"at\":1795312231042,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"kind\":\"click\",\"placement\":3}"},
    {{ENTRY_CLICK, 0, .click = {CLASS_PREFETCH, 0, {ONES}, {SPAN("a"), SPAN("b"), SPAN("c"), SPAN("d"), SPAN("\"\xc3\xa9\"")},
                                {SPAN("src"), SPAN("med"), SPAN("cam"), SPAN("ter"), SPAN("con")}, SPAN("https://x/")}},
     "{\"at\":0,\"class\":\"prefetch\",\"commit\":\"" B64_1 "\",\"kind\":\"click\",\"placement\":0,\"sub1\":\"a\",\"sub2\":\"b\","
     "\"sub3\":\"c\",\"sub4\":\"d\",\"sub5\":\"\\\"\xc3\xa9\\\"\",\"to\":\"https://x/\",\"utm_campaign\":\"cam\",\"utm_content\":\"con\","
     "\"utm_medium\":\"med\",\"utm_source\":\"src\",\"utm_term\":\"ter\"}"},
    {{ENTRY_VIEW, 1, .view = {CLASS_BOT, 1, {ONES}}},
     "{\"at\":1,\"class\":\"bot\",\"commit\":\"" B64_1 "\",\"kind\":\"view\",\"placement\":1}"},
    {{ENTRY_VIEW, 1, .view = {CLASS_OK, 1, {ONES}, true, 0}},
     "{\"at\":1,\"class\":\"ok\",\"click\":0,\"commit\":\"" B64_1 "\",\"kind\":\"view\",\"placement\":1}"},
    {{ENTRY_LEAD, 5, .lead = {SPAN("P1"), TRUST_SIGNED, .commitment = {ONES}, .terms = 0, .status = STATUS_REJECTED,
                              .reason = REASON_NO_CLICK, .tier = -1, .request = {ONES}}},
     "{\"at\":5,\"commit\":\"" B64_1 "\",\"kind\":\"lead\",\"party\":\"P1\",\"reason\":\"no_click\",\"request_sha256\":\"" HEX_1 "\",\"status\":\"rejected\","
     "\"terms\":0,\"trust\":\"signed\"}"},
    {{ENTRY_LEAD, 5,
      .lead = {SPAN("P1"), TRUST_KEY, SPAN("t-1"), CONTACT_EMAIL | CONTACT_LAST_NAME, CONTACT_PHONE, true, true, true,
               {{SPAN("country"), SPAN("FR")}, {SPAN("f_age"), SPAN("")}}, 2, 1, {[1] = SPAN("s2")}, {ONES}, true, true, 9, true, 4, 2, 3,
               SPAN("C9"), 0, 8, 250000, 750001, {{4, false, 3}, {5, true, 3}}, 2, STATUS_PENDING, REASON_NONE, 12000000, 0, 99}},
     "{\"at\":5,\"bad\":[\"phone\"],\"claimed\":true,\"click\":9,\"click_unrecorded\":true,\"clicked_ms\":4,\"commit\":\"" B64_1 "\","
     "\"disposable\":true,\"due_ms\":99,\"dup\":{\"contract\":\"C9\",\"index\":0},\"facts\":{\"country\":\"FR\",\"f_age\":\"\"},"
     "\"given\":[\"email\",\"last_name\"],\"honeypot\":true,\"kind\":\"lead\",\"missing_fields\":1,\"other_touches\":3,\"party\":\"P1\","
     "\"payout_micros\":12000000,\"placement\":2,\"share_from\":250000,\"share_to\":750001,\"status\":\"pending\",\"sub2\":\"s2\","
     "\"terms\":8,\"test\":true,\"tier\":0,\"touches\":[{\"click\":4,\"clicked_ms\":3},"
     "{\"click\":5,\"click_unrecorded\":true,\"clicked_ms\":3}],"
     "\"trust\":\"key\",\"txid\":\"t-1\"}"},
    {{ENTRY_DISPOSITION, 6, .disposition = {.trust = TRUST_SYSTEM, .lead = 0, .status = STATUS_APPROVED, .payable_micros = 5, .terms = 0}},
     "{\"at\":6,\"kind\":\"disposition\",\"lead\":0,\"payable_micros\":5,\"status\":\"approved\",\"terms\":0,\"trust\":\"system\"}"},
    {{ENTRY_DISPOSITION, 6,
      .disposition = {SPAN("A1"), TRUST_API, SPAN("x"), 4, STATUS_CONVERTED, SPAN("sold"), 7, SPAN("EUR"), -5, 1, {ONES}}},
     "{\"amount_micros\":7,\"at\":6,\"currency\":\"EUR\",\"kind\":\"disposition\",\"lead\":4,\"party\":\"A1\",\"payable_micros\":-5,"
     "\"request_sha256\":\"" HEX_1 "\",\"status\":\"converted\",\"terms\":1,\"text\":\"sold\",\"trust\":\"api\",\"txid\":\"x\"}"},
    {{ENTRY_TERMS, 1, .terms = {1, SPAN("{\"id\":\"K1\",\"list\":[]}"), SPAN("{}"), 1}},
     "{\"at\":1,\"campaign\":{\"id\":\"K1\",\"list\":[]},\"contract\":{},\"kind\":\"terms\",\"rules\":1,\"version\":1}"},
    {{ENTRY_KEY, 1, .key = {SPAN("A1"), ONES, SPAN("a.b.c")}},
     "{\"at\":1,\"jws\":\"a.b.c\",\"kind\":\"key\",\"party\":\"A1\",\"pub\":\"" B64_1 "\"}"},
    {{ENTRY_KEY, 1, .key = {SPAN("A1"), ONES, SPAN("a.b.c"), SPAN("a.b.d")}},
     "{\"at\":1,\"jws\":\"a.b.c\",\"kind\":\"key\",\"party\":\"A1\",\"previous_jws\":\"a.b.d\","
     "\"pub\":\"" B64_1 "\"}"},
    {{ENTRY_SERVER_KEYS, 1, .server_keys = {0, SPAN("a.b.c"), SPAN("a.b.d")}},
     "{\"at\":1,\"jws\":\"a.b.c\",\"kind\":\"server_keys\",\"previous_jws\":\"a.b.d\",\"root\":0}"},
    {{ENTRY_STATEMENT, 1, .statement = {SPAN("S1"), 3, 0, 70000, 9, 8, -3600, TAX_DOMESTIC, 190000, 4, 5, {ONES}}},
     "{\"at\":1,\"from\":0,\"id\":\"S1\",\"issued_ms\":8,\"kind\":\"statement\",\"number\":3,\"sha256\":\"" HEX_1 "\",\"to\":70000,"
     "\"to_ms\":9,\"utc_offset_s\":-3600,\"vat_advertiser\":4,\"vat_kind\":\"domestic\",\"vat_ppm\":190000,\"vat_publisher\":5}"},
    {{ENTRY_PARTY, 1, .party = {SPAN("P1"), SPAN("O1"), SPAN("{}"), true}},
     "{\"at\":1,\"by\":\"O1\",\"kind\":\"party\",\"legal\":{},\"other\":true,\"party\":\"P1\"}"},
    {{ENTRY_RESPONSE, 1, .response = {SPAN("A1"), SPAN("S1"), SPAN("a.b.c")}},
     "{\"at\":1,\"jws\":\"a.b.c\",\"kind\":\"response\",\"party\":\"A1\",\"statement\":\"S1\"}"},
    {{ENTRY_TERMS, 1, .terms = {2, SPAN("{}"), SPAN("{}"), 1, 7, true}},
     "{\"at\":1,\"campaign\":{},\"contract\":{},\"effective_ms\":7,\"kind\":\"terms\",\"on_assent\":true,\"rules\":1,\"version\":2}"},
    {{ENTRY_ASSENT, 1, .assent = {SPAN("A1"), 2, SPAN("a.b.c")}},
     "{\"at\":1,\"jws\":\"a.b.c\",\"kind\":\"assent\",\"party\":\"A1\",\"version\":2}"},
    {{ENTRY_ASSENT, 1, .assent = {SPAN("A1"), 0, SPAN("a.b.c"), 7, -5}},
     "{\"adjustment\":7,\"at\":1,\"jws\":\"a.b.c\",\"kind\":\"assent\",\"party\":\"A1\",\"payable_micros\":-5}"},
    {{ENTRY_WITHDRAWAL, 1, .withdrawal = {SPAN("O1"), 3, SPAN("")}}, "{\"at\":1,\"by\":\"O1\",\"kind\":\"withdrawal\",\"version\":3}"},
    {{ENTRY_WITHDRAWAL, 1, .withdrawal = {SPAN("A1"), 2, SPAN("a.b.c")}},
     "{\"at\":1,\"by\":\"A1\",\"jws\":\"a.b.c\",\"kind\":\"withdrawal\",\"version\":2}"},
    {{ENTRY_ADJUSTMENT, 1, .adjustment = {SPAN("P1"), -5, SPAN("a test"), 3, SPAN("S1"), true}},
     "{\"at\":1,\"by\":\"P1\",\"kind\":\"adjustment\",\"lead\":3,\"micros\":-5,\"on_assent\":true,\"reason\":\"a test\","
     "\"statement\":\"S1\"}"},
    {{ENTRY_ADJUSTMENT, 1, .adjustment = {SPAN("P1"), 5, SPAN("a test")}},
     "{\"at\":1,\"by\":\"P1\",\"kind\":\"adjustment\",\"micros\":5,\"reason\":\"a test\"}"},
    {{ENTRY_ERASE, 9, .erase = {SPAN("P1"), {0, 3, 70000}, 3}},
     "{\"at\":9,\"by\":\"P1\",\"entries\":[0,3,70000],\"kind\":\"erase\"}"},
    {{ENTRY_MODEL, 9, .model = {ORIGIN_FOLD, 1300, 1024, {ONES}, 0, SPAN("")}},
     "{\"at\":9,\"kind\":\"model\",\"labels\":1024,\"leads\":1300,\"origin\":\"fold\",\"sha256\":\"" HEX_1 "\",\"terms\":0}"},
    {{ENTRY_MODEL, 9, .model = {ORIGIN_SEED, 0, 0, {ONES}, 4, SPAN("[{\"contract\":\"C1\",\"size\":5},{\"contract\":\"C2\",\"size\":70}]")}},
     "{\"at\":9,\"from\":[{\"contract\":\"C1\",\"size\":5},{\"contract\":\"C2\",\"size\":70}],\"kind\":\"model\",\"labels\":0,\"leads\":0,"
     "\"origin\":\"seed\",\"sha256\":\"" HEX_1 "\",\"terms\":4}"},
    {{ENTRY_CLOCK, 9, .clock = {2, 5, 8, .unsure = true}},
     "{\"at\":9,\"from_ms\":5,\"kind\":\"clock\",\"steps\":2,\"to_ms\":8,\"unsure\":true}"},
    {{ENTRY_CLOCK, 9, .clock = {2, .by = SPAN("O1"), .confirmed_ms = 9}},
     "{\"at\":9,\"by\":\"O1\",\"confirmed_ms\":9,\"kind\":\"clock\",\"steps\":2}"},
    {{ENTRY_GAP, 9, .gap = {1, 2, 0, 3}}, "{\"at\":9,\"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2,\"views\":3}"},
    {{ENTRY_CLICK, 1, .click = {CLASS_OK, 3, {ONES}, .device = DEVICE_TABLET}},
     "{\"at\":1,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"device\":\"tablet\",\"kind\":\"click\",\"placement\":3}"},
    {{ENTRY_VIEW, 1, .view = {CLASS_OK, 0, {ONES}}}, "{\"at\":1,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"kind\":\"view\"}"},
    {{ENTRY_IMPRESSION, 1, .view = {CLASS_OK, 2, {ONES}}},
     "{\"at\":1,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"kind\":\"impression\",\"placement\":2}"},
    {{ENTRY_CLICK, 7, 6, .click = {CLASS_OK, 3, {ONES}, .clock_steps = 2}},
     "{\"at\":7,\"class\":\"ok\",\"clock_ms\":6,\"clock_steps\":2,\"commit\":\"" B64_1 "\",\"kind\":\"click\",\"placement\":3}"},
    {{ENTRY_LEAD, 5, 4, .lead = {SPAN("P1"), TRUST_SIGNED, .commitment = {ONES}, .status = STATUS_HELD, .reason = REASON_REVIEW,
                                 .tier = -1, .clock_steps = 1, .clock_unsure = true}},
     "{\"at\":5,\"clock_ms\":4,\"clock_steps\":1,\"clock_unsure\":true,\"commit\":\"" B64_1 "\",\"kind\":\"lead\",\"party\":\"P1\","
     "\"reason\":\"review\",\"status\":\"held\",\"terms\":0,\"trust\":\"signed\"}"},
    {{ENTRY_GAP, 9, .gap = {1, 2, .impressions = 4}}, "{\"at\":9,\"from_ms\":1,\"impressions\":4,\"kind\":\"gap\",\"to_ms\":2}"},
    {{ENTRY_LEAD, 5, .lead = {.trust = TRUST_PIXEL, .commitment = {ONES}, .status = STATUS_DUPLICATE, .reason = REASON_DUPLICATE,
                              .dup_contract = SPAN("other"), .tier = -1, .dup_commit = {ONES}}},
     "{\"at\":5,\"commit\":\"" B64_1 "\",\"dup\":{\"commit\":\"" B64_1 "\",\"contract\":\"other\"},\"kind\":\"lead\","
     "\"party\":\"\",\"reason\":\"duplicate\",\"status\":\"duplicate\",\"terms\":0,\"trust\":\"pixel\"}"},
};
/* clang-format on */

static void entries_are_written_as_the_known_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b;
        buf_heap(&b);
        entry_write(&b, &rows[i].entry);
        buf_byte(&b, 0);
        assert_string_equal(b.ptr, rows[i].bytes);
        buf_free(&b);
    }
}

static void known_bytes_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry e;
        struct problem p = {0};
        if (entry_read(span_str(rows[i].bytes), &e, &p) != ERR_OK) {
            fail_msg("refused: %s: %s %s", rows[i].bytes, p.field, p.detail);
        }
        assert_int_equal(e.kind, rows[i].entry.kind);
        assert_int_equal(e.at_ms, rows[i].entry.at_ms);
        entry_close(&e);
    }
}

/* Members beyond what known_bytes shows by their position. */
static void lead_members_read_back(void **state)
{
    (void)state;
    const struct entry_lead *want = &rows[5].entry.lead;
    struct entry e;
    assert_int_equal(entry_read(span_str(rows[5].bytes), &e, NULL), ERR_OK);
    assert_int_equal(e.lead.given, want->given);
    assert_int_equal(e.lead.bad, want->bad);
    assert_int_equal(e.lead.n_facts, 2);
    assert_true(span_is(e.lead.facts[0].name, "country") && span_is(e.lead.facts[0].value, "FR"));
    assert_true(e.lead.has_click && e.lead.click_unrecorded && e.lead.claimed && e.lead.test && e.lead.honeypot &&
                e.lead.disposable);
    assert_true(span_is(e.lead.dup_contract, "C9"));
    assert_int_equal(e.lead.tier, 0);
    assert_int_equal(e.lead.trust, TRUST_KEY);
    entry_close(&e);
    assert_int_equal(entry_read(span_str(rows[4].bytes), &e, NULL), ERR_OK);
    assert_int_equal(e.lead.tier, -1);
    assert_false(e.lead.has_click);
    entry_close(&e);
}

static void documents_outlive_the_bytes(void **state)
{
    (void)state;
    char bytes[256];
    size_t len = strlen(rows[8].bytes);
    struct entry e;
    memcpy(bytes, rows[8].bytes, len);
    assert_int_equal(entry_read(span_of(bytes, len), &e, NULL), ERR_OK);
    memset(bytes, 'x', sizeof(bytes));
    assert_true(span_is(e.terms.campaign, "{\"id\":\"K1\",\"list\":[]}"));
    assert_true(span_is(e.terms.contract, "{}"));
    entry_close(&e);
}

/* clang-format off */
#define CLICK_WITH(more) "{\"at\":1,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"kind\":\"click\",\"placement\":3" more "}"
#define LEAD_WITH(first, facts, last)                                                                                         \
    "{\"at\":5," first "\"commit\":\"" B64_1 "\"," facts "\"kind\":\"lead\",\"party\":\"P1\",\"status\":\"pending\",\"terms\":0," last \
    "\"trust\":\"signed\"}"
#define SEED_FROM(prefixes)                                                                                                   \
    "{\"at\":9,\"from\":[" prefixes "],\"kind\":\"model\",\"labels\":0,\"leads\":0,\"origin\":\"seed\",\"sha256\":\"" HEX_1 \
    "\",\"terms\":4}"
#define DUP_WITH(dup) LEAD_WITH("", "\"dup\":{" dup "},", "")
/* clang-format on */

static void assert_refused(const char *bytes, const char *field)
{
    struct entry e = {.kind = ENTRY_KINDS};
    struct problem p = {0};
    if (entry_read(span_str(bytes), &e, &p) != ERR_CORRUPT)
        fail_msg("taken: %s", bytes);
    assert_int_equal(e.kind, ENTRY_KINDS);
    assert_string_equal(p.field, field);
}

static void what_is_no_seed_is_refused_by_field(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct {
        const char *bytes, *field;
    } bad[] = {
        {SEED_FROM(""), "from"},
        {SEED_FROM("{\"contract\":\"C2\",\"size\":5},{\"contract\":\"C1\",\"size\":5}"), "from"},
        {SEED_FROM("{\"contract\":\"C2\",\"size\":5},{\"contract\":\"C1\",\"size\":5},{\"contract\":\"C3\",\"size\":5}"), "from"},
        {SEED_FROM("{\"contract\":\"C1\",\"size\":5},{\"contract\":\"C1\",\"size\":5}"), "from"},
        {SEED_FROM("{\"contract\":\"C1\",\"size\":0}"), "from"},
        {SEED_FROM("{\"contract\":\"\",\"size\":5}"), "from"},
        {SEED_FROM("{\"contract\":\"C1234567890123456\",\"size\":5}"), "from"},
        {SEED_FROM("{\"contract\":\"C1\",\"size\":9007199254740992}"), "from[0].size"},
        {"{\"at\":9,\"kind\":\"model\",\"labels\":0,\"leads\":0,\"origin\":\"seed\",\"sha256\":\"" HEX_1 "\",\"terms\":4}", "from"},
        {"{\"at\":9,\"from\":[{\"contract\":\"C1\",\"size\":5}],\"kind\":\"model\",\"labels\":0,\"leads\":0,\"origin\":\"fold\",\"sha256\":\"" HEX_1 "\",\"terms\":4}", "from"},
    };
    /* clang-format on */
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(bad[i].bytes, bad[i].field);
}

static void what_is_no_entry_is_refused_by_field(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct {
        const char *bytes, *field;
    } bad[] = {
        {"", ""},
        {"[]", ""},
        {"{}", "kind"},
        {"{\"at\":1,\"kind\":\"root\"}", "kind"},
        {"{\"at\":1,\"by\":\"P1\",\"kind\":\"erase\"}", "entries"},
        {"{\"at\":1,\"by\":\"P1\",\"entries\":[4,3],\"kind\":\"erase\"}", "entries"},
        {"{\"at\":1,\"kind\":\"clack\"}", "kind"},
        {"{\"at\":1,\"kind\":2}", "kind"},
        {"{\"at\":1,\"from_ms\":1,\"kind\":\"gap\"}", "to_ms"},
        {"{\"at\":-1,\"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2}", "at"},
        {"{\"at\":1.0,\"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2}", "at"},
        {"{\"at\":\"1\",\"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2}", "at"},
        {"{\"at\":9007199254740992,\"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2}", "at"},
        {"{\"at\":1,\"clicks\":0,\"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2}", "clicks"},
        {"{\"at\":1, \"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2}", ""},
        {"{\"at\":1,\"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2}\n", ""},
        {"{\"at\":1,\"from_ms\":1,\"kind\":\"gap\",\"to_ms\":2,\"to_ms\":2}", ""},
        {"{\"kind\":\"gap\",\"at\":1,\"from_ms\":1,\"to_ms\":2}", ""},
        {"{\"at\":1,\"from_ms\":1,\"kind\":\"gap\",\"note\":\"\",\"to_ms\":2}", "note"},
        {CLICK_WITH(",\"sub1\":\"\""), "sub1"},
        {CLICK_WITH(",\"sub6\":\"x\""), "sub6"},
        {CLICK_WITH(",\"sub1\":null"), "sub1"},
        {CLICK_WITH(",\"sub1\":1"), "sub1"},
        {CLICK_WITH(",\"sub1\":\"\\u0061\""), ""},
        {CLICK_WITH(",\"sub1\":\"\xff\""), ""},
        {CLICK_WITH(",\"sub1\":\"a\\u0000b\""), ""},
        {"{\"at\":1,\"class\":\"OK\",\"commit\":\"" B64_1 "\",\"kind\":\"click\",\"placement\":3}", "class"},
        {"{\"at\":1,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"device\":\"fridge\",\"kind\":\"click\",\"placement\":3}",
         "device"},
        {"{\"at\":1,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"device\":\"\",\"kind\":\"click\",\"placement\":3}", "device"},
        {"{\"at\":1,\"class\":\"ok\",\"commit\":\"" HEX_1 "\",\"kind\":\"click\",\"placement\":3}", "commit"},
        {DUP_WITH("\"contract\":\"other\""), "commit"},
        {DUP_WITH("\"contract\":\"other\",\"index\":0"), "commit"},
        {DUP_WITH("\"commit\":\"" B64_1 "\",\"contract\":\"other\",\"index\":0"), "dup"},
        {DUP_WITH("\"commit\":\"" B64_1 "\",\"contract\":\"C1\",\"index\":0"), "dup"},
        {DUP_WITH("\"contract\":\"C1\""), "dup.index"},
        {"{\"at\":1,\"class\":\"ok\",\"commit\":\"AQ\",\"kind\":\"click\",\"placement\":3}", "commit"},
        {"{\"at\":1,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"kind\":\"click\",\"placement\":4294967296}", "placement"},
        {"{\"at\":1,\"class\":\"ok\",\"commit\":\"" B64_1 "\",\"kind\":\"click\"}", "placement"},
        {LEAD_WITH("\"bad\":[],", "", ""), "bad"},
        {LEAD_WITH("\"bad\":[\"phone\",\"email\"],", "", ""), "bad"},
        {LEAD_WITH("\"bad\":[\"email\",\"email\"],", "", ""), "bad"},
        {LEAD_WITH("\"bad\":[\"fax\"],", "", ""), "bad"},
        {LEAD_WITH("\"bad\":[1],", "", ""), "bad"},
        {LEAD_WITH("\"claimed\":false,", "", ""), "claimed"},
        {LEAD_WITH("\"claimed\":1,", "", ""), "claimed"},
        {LEAD_WITH("", "\"facts\":{},", ""), "facts"},
        {LEAD_WITH("", "\"facts\":{\"f_a\":1},", ""), "facts"},
        {LEAD_WITH("", "\"dup\":{\"contract\":\"C1\"},", ""), "dup.index"},
        {LEAD_WITH("", "\"dup\":{\"contract\":\"\",\"index\":1},", ""), "dup"},
        {LEAD_WITH("", "\"dup\":{\"contract\":\"C1\",\"index\":1,\"x\":1},", ""), "dup.x"},
        {LEAD_WITH("", "\"dup\":{\"contract\":\"C1234567890123456\",\"index\":1},", ""), "dup.contract"},
        {LEAD_WITH("", "", "\"tier\":-1,"), "tier"},
        {LEAD_WITH("", "", "\"test\":false,"), "test"},
        {"{\"at\":1,\"campaign\":\"{}\",\"contract\":{},\"kind\":\"terms\",\"version\":1}", "campaign"},
        {"{\"at\":1,\"contract\":{},\"kind\":\"terms\",\"version\":1}", "campaign"},
    };
    /* clang-format on */
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(bad[i].bytes, bad[i].field);
    /* the frames around the bad parts are good */
    struct entry e;
    assert_int_equal(entry_read(SPAN(CLICK_WITH("")), &e, NULL), ERR_OK);
    entry_close(&e);
    assert_int_equal(
        entry_read(SPAN(LEAD_WITH("\"bad\":[\"email\"],", "\"facts\":{\"f_a\":\"\"},", "\"tier\":1,")), &e, NULL),
        ERR_OK);
    entry_close(&e);
}

static void one_fact_too_many_is_corrupt(void **state)
{
    (void)state;
    struct entry e;
    for (int n = LIMIT_FIELDS; n <= LIMIT_FIELDS + 1; n++) {
        struct buf b;
        buf_heap(&b);
        buf_printf(&b, "{\"at\":5,\"commit\":\"" B64_1 "\",\"facts\":{");
        for (int i = 0; i < n; i++) {
            buf_printf(&b, "%s\"f_%03d\":\"\"", i ? "," : "", i);
        }
        buf_printf(&b, "},\"kind\":\"lead\",\"party\":\"P1\",\"status\":\"pending\",\"terms\":0,\"trust\":\"signed\"}");
        assert_int_equal(entry_read(buf_span(&b), &e, NULL), n <= LIMIT_FIELDS ? ERR_OK : ERR_CORRUPT);
        if (n <= LIMIT_FIELDS) {
            entry_close(&e);
        }
        buf_free(&b);
    }
}

static void reasons_and_statuses_are_read_back_from_their_words(void **state)
{
    (void)state;
    enum reason r;
    enum status s;
    for (int k = 0; k < REASON_COUNT; k++) {
        assert_int_equal(reason_parse(span_str(reason_word(k)), &r), ERR_OK);
        assert_int_equal(r, k);
    }
    for (int k = 0; k < STATUS_COUNT; k++) {
        assert_int_equal(status_parse(span_str(status_word(k)), &s), ERR_OK);
        assert_int_equal(s, k);
    }
    assert_int_equal(reason_parse(SPAN("Bot"), &r), ERR_INVALID);
    assert_int_equal(status_parse(SPAN(""), &s), ERR_INVALID);
    assert_string_equal(entry_kind_word(ENTRY_ROOT), "root");
    assert_string_equal(entry_kind_word(ENTRY_ERASE), "erase");
}

static void a_fixed_buffer_that_is_too_small_fails(void **state)
{
    (void)state;
    char mem[60];
    struct buf b;
    buf_fixed(&b, mem, sizeof(mem));
    entry_write(&b, &rows[0].entry);
    assert_true(b.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_written_as_the_known_bytes),
        cmocka_unit_test(known_bytes_read_back),
        cmocka_unit_test(lead_members_read_back),
        cmocka_unit_test(documents_outlive_the_bytes),
        cmocka_unit_test(what_is_no_entry_is_refused_by_field),
        cmocka_unit_test(what_is_no_seed_is_refused_by_field),
        cmocka_unit_test(one_fact_too_many_is_corrupt),
        cmocka_unit_test(reasons_and_statuses_are_read_back_from_their_words),
        cmocka_unit_test(a_fixed_buffer_that_is_too_small_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
