#include <stdio.h>

#include "common/base/country.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/pages/statement_page.h"
#include "common/pages/words.h"
#include "common/settlement/statement.h"
#include "common/settlement/statement_text.h"
#include "common/settlement/vat.h"
#include "tests/support/ok.h"
#include "tests/support/world.h"

enum { CONTRACT = 3 };
static const struct fold_context cx = {CONTRACT, 7, SPAN("C1")};

/* ---- a small ledger: entries land in rows and tally as the server would write them ---- */

struct book {
    struct world world;
    struct view view;
    struct terms *terms;
    struct tally tally;
    uint64_t size;
    bool moves[256]; /* whether the entry there is a lead or disposition */
};

static void open_book(struct book *b, const char *campaign, const char *contract)
{
    *b = (struct book){.world = world_new(), .terms = terms_of(campaign, contract, "C1")};
    b->view = world_view(&b->world);
}

static void close_book(struct book *b)
{
    world_free(&b->world);
    terms_free(b->terms);
}

static uint64_t append(struct book *b, struct entry e)
{
    e.at_ms = NOW + (int64_t)b->size * 1000;
    if (world_apply(&b->world, &cx, b->terms, b->size, &e, NULL) != ERR_OK)
        fail_msg("entry %llu does not follow", (unsigned long long)b->size);
    struct tallied x = tallied_of(&e);
    assert_true(tally_add(&b->tally, b->terms, &x));
    assert_true(b->size < sizeof b->moves);
    b->moves[b->size] = e.kind == ENTRY_LEAD || e.kind == ENTRY_DISPOSITION;
    return b->size++;
}

static uint64_t lead(struct book *b, enum status s, enum reason r, int64_t payout)
{
    return append(
        b, (struct entry){.kind = ENTRY_LEAD, .lead = {.status = s, .reason = r, .payout_micros = payout, .tier = -1}});
}

static uint64_t becomes(struct book *b, uint64_t index, enum status s, int64_t payable)
{
    return append(b, (struct entry){.kind = ENTRY_DISPOSITION,
                                    .disposition = {.lead = index, .status = s, .payable_micros = payable}});
}

/* The interval's tally is the book's, but for the moves. */
static struct statement_in cut(struct book *b, uint64_t from, uint64_t to)
{
    if (from > 0)
        settled(&b->world, CONTRACT, from);
    b->tally.moves = 0;
    for (uint64_t i = from; i < to; i++)
        b->tally.moves += b->moves[i];
    return (struct statement_in){
        .id = SPAN("S1"),
        .issuer = SPAN("https://track.example"),
        .number = 1,
        .terms = b->terms,
        .terms_index = 0,
        .from = from,
        .to = to,
        .from_root = {{0xaa}},
        .to_root = {{0xbb}},
        .tally = &b->tally,
        .view = &b->view,
        .contract = CONTRACT,
        .to_ms = NOW + MS_PER_DAY,
        .issued_ms = NOW + MS_PER_DAY,
    };
}

static struct statement_out build(const struct statement_in *in)
{
    struct problem p = {0};
    struct statement_out out;
    enum err err = statement_build(in, &out, &p);
    if (err != ERR_OK)
        fail_msg("%s %s", err_word(err), p.detail);
    return out;
}

static int64_t count(const struct statement *s, const char *group, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(s->counts, group), name));
}

/* ---- the payload ---- */

static void the_payload_is_what_the_format_says(void **state)
{
    struct book b;
    (void)state;
    open_book(&b, "", ",'price':{'click_micros':250000}");
    append(&b, (struct entry){.kind = ENTRY_CLICK});
    uint64_t l = lead(&b, STATUS_PENDING, REASON_NONE, 12000000);
    becomes(&b, l, STATUS_APPROVED, 12000000);
    becomes(&b, l, STATUS_RETURNED, -12000000);
    lead(&b, STATUS_REJECTED, REASON_BAD_PHONE, 0);
    struct statement_in in = cut(&b, 0, b.size);
    struct statement_out out = build(&in);

    buf_byte(&out.lines.text, '\0');
    assert_string_equal(out.lines.text.ptr,
                        "{\"index\":1,\"kind\":\"lead\",\"lead\":1,\"lead_at\":\"2026-09-21T14:13:21.000Z\",\"micros\":"
                        "0,\"reason\":\"\",\"status\":\"pending\"}\n"
                        "{\"at\":\"2026-09-21T14:13:22.000Z\",\"index\":2,\"kind\":\"disposition\",\"lead\":1,"
                        "\"lead_at\":\"2026-09-21T14:13:21.000Z\",\"micros\":12000000,\"reason\":\"\","
                        "\"status\":\"approved\",\"terms\":0,\"trust\":\"signed\"}\n"
                        "{\"at\":\"2026-09-21T14:13:23.000Z\",\"index\":3,\"kind\":\"disposition\",\"lead\":1,"
                        "\"lead_at\":\"2026-09-21T14:13:21.000Z\",\"micros\":-12000000,\"reason\":\"\","
                        "\"status\":\"returned\",\"trust\":\"signed\"}\n"
                        "{\"index\":4,\"kind\":\"lead\",\"lead\":4,\"lead_at\":\"2026-09-21T14:13:24.000Z\",\"micros\":"
                        "0,\"reason\":\"bad_phone\",\"status\":\"rejected\"}\n"
                        "{\"all_clicks\":1,\"all_impressions\":0,\"click_micros\":250000,\"clicks\":1,"
                        "\"impression_micros\":0,\"impressions\":0,\"kind\":\"traffic\",\"micros\":250000}\n");
    out.lines.text.len--;

    struct buf expected, root, sha;
    struct hash h;
    uint8_t digest[HASH_LEN];
    buf_heap(&expected), buf_heap(&root), buf_heap(&sha);
    frontier_root(&out.lines.tree, &h);
    buf_hex(&root, h.b, HASH_LEN);
    sha256(out.lines.text.ptr, out.lines.text.len, digest);
    buf_hex(&sha, digest, HASH_LEN);
    buf_printf(
        &expected,
        "{\"adjustments\":[{\"index\":3,\"lead\":1,\"micros\":-12000000,\"reason\":"
        "\"returned\"}],"
        "\"advertiser\":{\"id\":\"A1\"},"
        "\"bridge\":{\"approved\":{\"micros\":12000000,\"n\":1},\"received\":{\"micros\":12000000,\"n\":1},"
        "\"rejected\":{\"micros\":0,\"n\":0}},"
        "\"campaign_name\":\"Test\",\"carried_micros\":0,\"closing\":{\"held\":0,\"micros\":0,\"pending\":0},"
        "\"contract\":\"C1\",\"corrects\":[],"
        "\"counts\":{\"clicks\":{\"bot\":0,\"datacenter\":0,\"embedded\":0,\"ended\":0,\"ok\":1,\"prefetch\":0,"
        "\"repeat\":0,\"test\":0,\"total\":1},"
        "\"gaps\":{\"clicks\":0,\"impressions\":0,\"views\":0},"
        "\"impressions\":{\"bot\":0,\"datacenter\":0,\"embedded\":0,\"ended\":0,\"ok\":0,\"prefetch\":0,"
        "\"repeat\":0,\"test\":0,\"total\":0},"
        "\"leads\":{\"approved\":0,\"converted\":0,\"duplicate\":0,\"held\":0,\"pending\":0,\"rejected\":{\"bad_"
        "phone\":1},\"returned\":1,\"total\":2},"
        "\"payable\":{\"clicks\":1,\"impressions\":0},"
        "\"views\":{\"bot\":0,\"datacenter\":0,\"embedded\":0,\"ended\":0,\"ok\":0,\"prefetch\":0,"
        "\"repeat\":0,\"test\":0,\"total\":0}},"
        "\"currency\":"
        "\"EUR\",\"due_at\":\"2026-10-22T12:00:00.000Z\",\"exponent\":2,\"gaps\":[],"
        "\"gross_micros\":12250000,\"id\":\"S1\",\"issued_at\":\"2026-09-22T14:13:20.000Z\",\"issuer\":\"https:/"
        "/track.example\","
        "\"lines\":{\"n\":5,\"root\":\"%.*s\",\"sha256\":\"%.*s\"},\"net_micros\":250000,"
        "\"number\":1,\"opening\":{\"held\":0,\"micros\":0,\"pending\":0},\"payable_by\":\"advertiser\","
        "\"payable_minor\":"
        "25,"
        "\"period\":{\"from\":0,\"from_at\":\"2026-09-21T14:13:20.000Z\",\"to\":5,\"to_at\":\"2026-09-22T14:13:"
        "20.000Z\"},\"prev_sha256\":\"\","
        "\"publisher\":{\"id\":\"P1\"},"
        "\"quantities\":[{\"micros\":250000,\"n\":1,\"unit_micros\":250000,\"what\":\"click\"},"
        "{\"micros\":12000000,\"n\":1,\"terms\":0,\"unit_micros\":12000000,\"what\":\"lead\"}],"
        "\"revision\":1,\"tax\":{\"advertiser\":0,\"brought\":[],\"carried\":[],\"kind\":\"none\",\"publisher\":0,"
        "\"rows\":[{\"advertiser\":0,\"kind\":\"none\",\"net_minor\":25,\"publisher\":0,\"supplied_minor\":25,"
        "\"supplied_vat_minor\":0,\"vat_minor\":0,"
        "\"vat_ppm\":0}],\"self_billing\":false,\"traders\":[],\"vat_minor\":0},"
        "\"terms\":0,\"timezone\":\"UTC\",\"to_pay_minor\":25,\"tree\":{\"from_root\":\"aa%062d\",\"size\":5,\"to_"
        "root\":\"bb%062d\"},\"typ\":\"countersign-statement\"}",
        (int)root.len, root.ptr, (int)sha.len, sha.ptr, 0, 0);
    buf_byte(&expected, '\0');
    buf_byte(&out.payload, '\0');
    assert_string_equal(out.payload.ptr, expected.ptr);
    buf_free(&expected), buf_free(&root), buf_free(&sha);
    statement_free(&out);
    close_book(&b);
}

/* ---- what a line tells of its entries ---- */

/* The nth line, without its newline, NUL-ended. */
static struct buf line_of(const struct statement_out *out, size_t n)
{
    struct span rest = buf_span(&out->lines.text), line = SPAN("");
    struct buf text;
    for (size_t i = 0; i <= n; i++)
        assert_true(text_cut(&rest, '\n', &line));
    buf_heap(&text);
    buf_span_add(&text, line);
    buf_byte(&text, '\0');
    return text;
}

static void line_is(const struct statement_out *out, size_t n, const char *expected)
{
    struct buf line = line_of(out, n);
    assert_string_equal(line.ptr, expected);
    buf_free(&line);
}

static void a_line_tells_the_lead_its_link_its_price_and_who_decided_why(void **state)
{
    struct book b;
    (void)state;
    open_book(&b, "", ",'price':{'sale_ppm':100000}");
    append(&b, (struct entry){.kind = ENTRY_CLICK, .click = {.placement = 2, .sub = {SPAN("oct \"ober\"\n")}}});
    append(&b, (struct entry){.kind = ENTRY_CLICK, .click = {.placement = 2}});
    struct entry e = {.kind = ENTRY_LEAD,
                      .lead = {.party = SPAN("P1"),
                               .txid = SPAN("N\u00b0 1"),
                               .sub = {SPAN("own")},
                               .has_click = true,
                               .placement = 2,
                               .status = STATUS_PENDING,
                               .payout_micros = 1000000,
                               .tier = 3}};
    uint64_t first = append(&b, e);
    e.lead.click = 1;
    e.lead.txid = SPAN("");
    e.lead.due_ms = NOW;
    uint64_t second = append(&b, e);
    e.lead.click_unrecorded = true;
    e.lead.click = 0;
    append(&b, e);
    append(&b, (struct entry){.kind = ENTRY_DISPOSITION,
                              .clocked_ms = NOW - 1000,
                              .disposition = {.lead = first,
                                              .party = SPAN("A1"),
                                              .trust = TRUST_API,
                                              .status = STATUS_CONVERTED,
                                              .text = SPAN("gut \\ sehr"),
                                              .amount_micros = 5000000,
                                              .payable_micros = 1500000}});
    append(&b, (struct entry){
                   .kind = ENTRY_DISPOSITION,
                   .disposition = {
                       .lead = second, .trust = TRUST_SYSTEM, .status = STATUS_APPROVED, .payable_micros = 1000000}});
    struct statement_in in = cut(&b, 0, b.size);
    struct statement_out out = build(&in);
    line_is(&out, 0,
            "{\"index\":2,\"kind\":\"lead\",\"lead\":2,\"lead_at\":\"2026-09-21T14:13:22.000Z\",\"micros\":0,"
            "\"placement\":2,\"reason\":\"\",\"status\":\"pending\",\"sub1\":\"oct \\\"ober\\\"\\n\","
            "\"txid\":\"N\u00b0 1\"}");
    line_is(&out, 1,
            "{\"index\":3,\"kind\":\"lead\",\"lead\":3,\"lead_at\":\"2026-09-21T14:13:23.000Z\",\"micros\":0,"
            "\"placement\":2,\"reason\":\"\",\"status\":\"pending\",\"sub1\":\"own\"}");
    line_is(&out, 3,
            "{\"at\":\"2026-09-21T14:13:19.000Z\",\"by\":\"A1\",\"index\":5,\"kind\":\"disposition\",\"lead\":2,"
            "\"lead_at\":\"2026-09-21T14:13:22.000Z\",\"micros\":1500000,\"placement\":2,\"reason\":\"\","
            "\"sale_micros\":500000,\"status\":\"converted\",\"sub1\":\"oct \\\"ober\\\"\\n\",\"terms\":0,"
            "\"text\":\"gut \\\\ sehr\",\"tier\":3,\"trust\":\"api\",\"txid\":\"N\u00b0 1\"}");
    line_is(&out, 4,
            "{\"at\":\"2026-09-21T14:13:26.000Z\",\"index\":6,\"kind\":\"disposition\",\"lead\":3,"
            "\"lead_at\":\"2026-09-21T14:13:23.000Z\",\"micros\":1000000,\"placement\":2,\"reason\":\"\","
            "\"status\":\"approved\",\"sub1\":\"own\",\"terms\":0,\"tier\":3,\"trust\":\"system\"}");
    statement_free(&out);
    close_book(&b);
}

/* RFC 9162 section 2.1.1, as written there. */
static void tree_hash(const struct span *leaves, size_t n, struct hash *out)
{
    struct hash left, right;
    size_t k = 1;
    if (n == 1) {
        merkle_leaf(leaves[0], out);
        return;
    }
    while (2 * k < n)
        k *= 2;
    tree_hash(leaves, k, &left);
    tree_hash(leaves + k, n - k, &right);
    merkle_node(&left, &right, out);
}

static void the_lines_root_is_that_of_the_lines(void **state)
{
    struct span leaves[7];
    struct hash expected, got;
    struct book b;
    (void)state;
    open_book(&b, "", "");
    for (int i = 0; i < 7; i++)
        lead(&b, STATUS_REJECTED, REASON_TEST, 0);
    struct statement_in in = cut(&b, 0, b.size);
    struct statement_out out = build(&in);
    const char *at = out.lines.text.ptr;
    for (int i = 0; i < 7; i++) {
        const char *end = memchr(at, '\n', out.lines.text.len - (size_t)(at - out.lines.text.ptr));
        assert_non_null(end);
        leaves[i] = span_of(at, (size_t)(end - at));
        at = end + 1;
    }
    tree_hash(leaves, 7, &expected);
    frontier_root(&out.lines.tree, &got);
    assert_memory_equal(&got, &expected, sizeof got);
    statement_free(&out);
    close_book(&b);
}

static void leads_are_counted_as_the_interval_leaves_them(void **state)
{
    struct statement s;
    struct book b;
    (void)state;
    open_book(&b, "", "");
    uint64_t before = lead(&b, STATUS_APPROVED, REASON_NONE, 100);
    uint64_t from = b.size;
    uint64_t pending = lead(&b, STATUS_PENDING, REASON_NONE, 100);
    uint64_t converted = lead(&b, STATUS_APPROVED, REASON_NONE, 100);
    uint64_t rejected = lead(&b, STATUS_HELD, REASON_TOO_FAST, 100);
    lead(&b, STATUS_DUPLICATE, REASON_DUPLICATE, 0);
    lead(&b, STATUS_REJECTED, REASON_NO_CLICK, 0);
    lead(&b, STATUS_REJECTED, REASON_NO_CLICK, 0);
    lead(&b, STATUS_REJECTED, REASON_REVIEW, 0); /* no terms decide so, but a log that is audited may say it */
    becomes(&b, before, STATUS_RETURNED, -100);
    becomes(&b, converted, STATUS_CONVERTED, 0);
    becomes(&b, rejected, STATUS_REJECTED, 0);
    uint64_t to = b.size;
    becomes(&b, pending, STATUS_APPROVED, 100); /* later: not looked at */
    lead(&b, STATUS_APPROVED, REASON_NONE, 100);

    struct statement_in in = cut(&b, from, to);
    struct statement_out out = build(&in);
    assert_int_equal(statement_read(buf_span(&out.payload), &s), ERR_OK);
    const json_t *reasons = json_object_get(json_object_get(s.counts, "leads"), "rejected");
    assert_int_equal(count(&s, "leads", "total"), 7);
    assert_int_equal(count(&s, "leads", "pending"), 1);
    assert_int_equal(count(&s, "leads", "converted"), 1);
    assert_int_equal(count(&s, "leads", "duplicate"), 1);
    assert_int_equal(count(&s, "leads", "approved"), 0);
    assert_int_equal(count(&s, "leads", "held"), 0);
    assert_int_equal(count(&s, "leads", "returned"), 0); /* the returned lead was received before */
    assert_int_equal(json_integer_value(json_object_get(reasons, "no_click")), 2);
    assert_int_equal(json_integer_value(json_object_get(reasons, "review")), 2);
    assert_int_equal(json_array_size(s.adjustments), 1);
    assert_int_equal(s.gross_micros, 100);
    assert_int_equal(s.net_micros, 0);
    statement_close(&s);
    statement_free(&out);
    close_book(&b);
}

static void money_is_rounded_once_and_the_rest_carried(void **state)
{
    static const struct {
        int64_t approved, carried_in, minor, carried;
    } cases[] = {
        {10000, 0, 1, 0}, {14999, 0, 1, 4999}, {14999, 5001, 2, 0}, {9999, 0, 0, 9999}, {0, 7, 0, 7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct book b;
        open_book(&b, "", "");
        lead(&b, STATUS_APPROVED, REASON_NONE, cases[i].approved);
        struct statement_in in = cut(&b, 0, b.size);
        in.carried_in_micros = cases[i].carried_in;
        struct statement_out out = build(&in);
        assert_int_equal(out.payable_minor, cases[i].minor);
        assert_int_equal(out.carried_micros, cases[i].carried);
        assert_int_equal(out.net_micros, cases[i].approved);
        statement_free(&out);
        close_book(&b);
    }
}

static void a_period_that_takes_back_more_than_it_pays_is_negative(void **state)
{
    struct book b;
    (void)state;
    open_book(&b, "", "");
    uint64_t l = lead(&b, STATUS_APPROVED, REASON_NONE, 12345678);
    uint64_t from = b.size;
    becomes(&b, l, STATUS_RETURNED, -12345678);
    struct statement_in in = cut(&b, from, b.size);
    in.carried_in_micros = 5678;
    struct statement_out out = build(&in);
    assert_int_equal(out.net_micros, -12345678);
    assert_int_equal(out.payable_minor, -1234);
    assert_int_equal(out.carried_micros, 0);
    statement_free(&out);
    close_book(&b);
}

static void statements_are_chained(void **state)
{
    struct statement s;
    struct book b;
    (void)state;
    open_book(&b, "", "");
    lead(&b, STATUS_APPROVED, REASON_NONE, 1);
    struct statement_in in = cut(&b, 0, 1);
    in.has_prev = true;
    in.prev_sha256.b[0] = 0xcc;
    in.prev_to_ms = NOW - 5000;
    struct statement_out out = build(&in);
    assert_int_equal(statement_read(buf_span(&out.payload), &s), ERR_OK);
    assert_true(s.has_prev);
    assert_memory_equal(&s.prev_sha256, &in.prev_sha256, sizeof s.prev_sha256);
    assert_string_equal(json_string_value(json_object_get(json_object_get(s.json, "period"), "from_at")),
                        "2026-09-21T14:13:15.000Z");
    assert_int_equal(s.to_ms, in.to_ms);
    statement_close(&s);
    statement_free(&out);
    close_book(&b);
}

static void gaps_stand_on_the_statement(void **state)
{
    struct statement s;
    struct book b;
    (void)state;
    open_book(&b, "", "");
    b.tally = (struct tally){.gap_clicks = 3, .gap_views = 4, .gap_impressions = 5, .from_ms = NOW, .to_ms = NOW};
    struct statement_in in = cut(&b, 0, 1);
    struct statement_out out = build(&in);
    assert_int_equal(statement_read(buf_span(&out.payload), &s), ERR_OK);
    const json_t *gap = json_array_get(json_object_get(s.json, "gaps"), 0);
    assert_int_equal(json_integer_value(json_object_get(gap, "clicks")), 3);
    assert_int_equal(json_integer_value(json_object_get(gap, "views")), 4);
    assert_int_equal(json_integer_value(json_object_get(gap, "impressions")), 5);
    assert_int_equal(count(&s, "gaps", "clicks"), 3);
    statement_close(&s);
    statement_free(&out);
    close_book(&b);
}

/* A row of a move that is gone, or one too many, is no statement. */
static void as_many_moves_as_came_make_a_statement(void **state)
{
    struct statement_out out;
    struct book b;
    (void)state;
    open_book(&b, "", "");
    becomes(&b, lead(&b, STATUS_PENDING, REASON_NONE, 12000000), STATUS_APPROVED, 12000000);
    struct statement_in in = cut(&b, 0, b.size);
    for (uint64_t moves = 0; moves <= 4; moves++) {
        struct problem p = {0};
        b.tally.moves = moves;
        if (moves == 2) {
            out = build(&in);
            statement_free(&out);
            continue;
        }
        assert_int_equal(statement_build(&in, &out, &p), ERR_CORRUPT);
        assert_non_null(strstr(p.detail, "2 have a row of their move"));
    }
    close_book(&b);
}

static void sums_outside_the_range_of_money_are_refused(void **state)
{
    struct statement_out out;
    struct problem p = {0};
    struct book b;
    (void)state;
    open_book(&b, "", "");
    b.tally.click_micros = MONEY_MAX_MICROS;
    b.tally.click_prices[0] = (struct priced_traffic){MONEY_MAX_MICROS, 0, 1};
    struct statement_in in = cut(&b, 0, 1);
    out = build(&in);
    statement_free(&out);
    b.tally.impression_micros = 1;
    assert_int_equal(statement_build(&in, &out, &p), ERR_INVALID);
    b.tally = (struct tally){.from_ms = NOW};
    lead(&b, STATUS_APPROVED, REASON_NONE, 1);
    b.tally.click_micros = MONEY_MAX_MICROS;
    assert_int_equal(statement_build(&in, &out, &p), ERR_INVALID);
    in = cut(&b, 0, 0);
    in.carried_in_micros = 1;
    assert_int_equal(statement_build(&in, &out, &p), ERR_INVALID);
    assert_true(*p.detail);
    close_book(&b);
}

/* ---- reading ---- */

/* With the member changed to a number. */
static enum err read_with(const struct statement_out *out, const char *name, int64_t value)
{
    struct statement s;
    struct buf text;
    struct jw w;
    json_t *payload = NULL;
    assert_int_equal(json_read(buf_span(&out->payload), &payload, NULL), ERR_OK);
    json_object_set_new(payload, name, json_integer(value));
    buf_heap(&text);
    jw_open(&w, &text);
    jw_value(&w, payload);
    jw_close(&w);
    enum err err = statement_read(buf_span(&text), &s);
    if (err == ERR_OK)
        statement_close(&s);
    buf_free(&text);
    json_decref(payload);
    return err;
}

/* What is payable is a net and what was carried, in minor units: a remainder below one of them, or less than nothing.
 */
static void amounts_read_up_to_the_range_of_money(void **state)
{
    static const struct {
        const char *name;
        int64_t least, most;
    } cases[] = {
        {"gross_micros", -MONEY_MAX_MICROS, MONEY_MAX_MICROS},
        {"net_micros", -MONEY_MAX_MICROS, MONEY_MAX_MICROS},
        {"carried_micros", -MONEY_MAX_MICROS, MONEY_MAX_MICROS},
        {"payable_minor", -2 * MONEY_MAX_MICROS / 10000 - 1, MONEY_MAX_MICROS / 10000 + 1},
    };
    struct book b;
    (void)state;
    open_book(&b, "", "");
    lead(&b, STATUS_APPROVED, REASON_NONE, 1);
    struct statement_in in = cut(&b, 0, 1);
    struct statement_out out = build(&in);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = cases[i].name;
        int64_t least = cases[i].least, most = cases[i].most;
        if (read_with(&out, name, least) != ERR_OK || read_with(&out, name, most) != ERR_OK ||
            (least > -MONEY_MAX_MICROS && read_with(&out, name, least - 1) != ERR_CORRUPT) ||
            (most < MONEY_MAX_MICROS && read_with(&out, name, most + 1) != ERR_CORRUPT)) /* JSON's numbers end there */
            fail_msg("%s reads in another range", name);
    }
    statement_free(&out);
    close_book(&b);
}

static void a_payload_that_lacks_anything_does_not_read(void **state)
{
    struct book b;
    struct statement s;
    json_t *payload = NULL;
    const char *name;
    json_t *v;
    (void)state;
    open_book(&b, "", "");
    lead(&b, STATUS_APPROVED, REASON_NONE, 1);
    struct statement_in in = cut(&b, 0, 1);
    struct statement_out out = build(&in);
    assert_int_equal(json_read(buf_span(&out.payload), &payload, NULL), ERR_OK);
    json_object_foreach(payload, name, v)
    {
        json_t *less = json_copy(payload);
        struct buf text;
        struct jw w;
        json_object_del(less, name);
        buf_heap(&text);
        jw_open(&w, &text);
        jw_value(&w, less);
        jw_close(&w);
        if (statement_read(buf_span(&text), &s) != ERR_CORRUPT)
            fail_msg("reads without %s", name);
        buf_free(&text);
        json_decref(less);
    }
    assert_int_equal(statement_read(span_of(out.payload.ptr, out.payload.len - 1), &s), ERR_CORRUPT);
    json_decref(payload);
    statement_free(&out);
    close_book(&b);
}

#define SHA "'statement_sha256':'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'"
#define SAID "'at':'2026-01-01T00:00:00Z','issuer':'https://t','party':'P1'"
#define TYP "'typ':'countersign-response'"
#define WHOLE "{" SAID "," SHA "," TYP
static void responses_read_strictly(void **state)
{
    static const struct {
        const char *text, *field; /* field NULL: reads */
        bool accept;
    } cases[] = {
        {WHOLE ",'verdict':'accept','disputed':[]}", NULL, true},
        {WHOLE ",'verdict':'accept','reason':'as agreed'}", NULL, true},
        {WHOLE ",'verdict':'dispute','disputed':[9,4,7]}", NULL, false},
        {WHOLE ",'verdict':'dispute','disputed':['Labc']}", "disputed", true},
        {WHOLE ",'verdict':'dispute','disputed':[{'index':7}]}", "disputed", true},
        {WHOLE ",'verdict':'dispute','disputed':[9,4,9]}", "disputed", true},
        {WHOLE ",'verdict':'accept','disputed':[4]}", "disputed", true},
        {WHOLE ",'verdict':'dispute','disputed':[true]}", "disputed", true},
        {WHOLE ",'verdict':'dispute','disputed':[-1]}", "disputed", true},
        {WHOLE ",'verdict':'maybe'}", "verdict", true},
        {WHOLE "}", "verdict", true},
        {WHOLE ",'verdict':'accept','note':'x'}", "note", true},
        {"{" SAID "," TYP ",'verdict':'accept'}", "statement_sha256", true},
        {"{" SAID "," TYP ",'statement_sha256':'00','verdict':'accept'}", "statement_sha256", true},
        {"{" SAID "," SHA ",'verdict':'accept'}", "typ", true},
        {"{" SAID "," SHA ",'typ':'countersign-key','verdict':'accept'}", "typ", true},
        {"{'issuer':'https://t','party':'P1'," SHA "," TYP ",'verdict':'accept'}", "at", true},
        {"{'at':'today','issuer':'https://t','party':'P1'," SHA "," TYP ",'verdict':'accept'}", "at", true},
        {"{'at':1,'issuer':'https://t','party':'P1'," SHA "," TYP ",'verdict':'accept'}", "at", true},
        {"{'at':'2026-01-01T00:00:00Z','issuer':'https://t','party':'P2'," SHA "," TYP ",'verdict':'accept'}", "party",
         true},
        {"{'at':'2026-01-01T00:00:00Z','party':'P1'," SHA "," TYP ",'verdict':'accept'}", "issuer", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = xstrdup(cases[i].text);
        struct problem p = {0};
        struct party_jws said;
        struct response r;
        for (char *c = text; *c; c++)
            if (*c == '\'')
                *c = '"';
        enum err err = party_jws_payload(span_str(text), RESPONSE_TYP, SPAN("P1"), &said, &p);
        if (err == ERR_OK)
            err = response_read(&said, &r, &p);
        if ((err == ERR_OK) != (cases[i].field == NULL) || (err != ERR_OK && strcmp(p.field, cases[i].field) != 0))
            fail_msg("%s: %s %s", text, err_word(err), p.field);
        if (err == ERR_OK) {
            assert_int_equal(r.accept, cases[i].accept);
            assert_int_equal(r.statement_sha256.b[1], 0x11);
            assert_true(r.n_disputed == 0 || (r.n_disputed == 3 && r.disputed[0] == 4 && r.disputed[2] == 9));
            response_close(&r);
        }
        free(text);
    }
}

static void a_receipt_says_what_stands_where(void **state)
{
    struct hash leaf = {{0x0f}};
    struct entry l = {
        .kind = ENTRY_LEAD,
        .at_ms = NOW,
        .lead = {
            .status = STATUS_HELD, .reason = REASON_TOO_FAST, .payout_micros = 12, .terms = 2, .request = {{0xaa}}}};
    struct entry d = {.kind = ENTRY_DISPOSITION,
                      .at_ms = NOW,
                      .disposition = {.lead = 7,
                                      .status = STATUS_RETURNED,
                                      .text = SPAN("no answer"),
                                      .payable_micros = -12,
                                      .terms = 2,
                                      .request = {{0xbb}}}};
    struct buf out;
    (void)state;
    buf_heap(&out);
    receipt_payload(&out, SPAN("C1"), 9, &leaf, &l);
    buf_byte(&out, '\n');
    receipt_payload(&out, SPAN("C1"), 9, &leaf, &d);
    buf_byte(&out, '\0');
    assert_string_equal(
        out.ptr,
        "{\"at\":\"2026-09-21T14:13:20.000Z\",\"contract\":\"C1\",\"index\":9,\"kind\":\"lead\",\"lead\":9,"
        "\"leaf\":\"0f00000000000000000000000000000000000000000000000000000000000000\",\"payout_micros\":12,\"reason\":"
        "\"too_fast\",\"request_sha256\":\"aa00000000000000000000000000000000000000000000000000000000000000\","
        "\"status\":\"held\",\"terms\":2}\n"
        "{\"at\":\"2026-09-21T14:13:20.000Z\",\"contract\":\"C1\",\"index\":9,\"kind\":\"disposition\",\"lead\":7,"
        "\"leaf\":\"0f00000000000000000000000000000000000000000000000000000000000000\",\"payout_micros\":-12,"
        "\"reason\":\"no "
        "answer\",\"request_sha256\":\"bb00000000000000000000000000000000000000000000000000000000000000\",\"status\":"
        "\"returned\",\"terms\":2}");
    buf_free(&out);
}

/* ---- for people ---- */

/* In marks of no language: | parts cells, ~ decimals, ^ is a quotation mark where semicolons part cells. */
static void csv_expect(bool french, char out[4096])
{
#define FRONT                                                                                                          \
    "\"'=1+1,\"\"x\"\"\"|1|2026-09-22 14:13:20|2026-09-21 14:13:20|2026-09-22 14:13:19|2026-10-22 12:00:00|||||C1|"
#define EMPTY "|||||||||||||||||||||||||||||"
    static const char text[] =
        "\xef\xbb\xbf"
        "statement|number|issued_at|period_from|period_to|due_at|supplier|supplier_vat_id|customer|customer_vat_id|"
        "contract|kind|index|lead|reference|lead_at|txid|placement|link_today|sub1|status|reason|at|by|trust|text|"
        "corrects|corrects_number|corrects_issued_at|adjustment|advertiser_assent_at|publisher_assent_at|terms|tier|"
        "share_from|share_to|clicks|impressions|all_clicks|all_impressions|timezone|currency|vat_kind|vat_percent|"
        "micros|amount|taxable|to_pay\r\n" FRONT "lead|1|1||2026-09-21 14:13:21|'=2||||approved||||||||||||0||||||||"
        "UTC|EUR|none||12345000|12~345||\r\n" FRONT
        "disposition|2|1||2026-09-21 14:13:21|'=2||||returned||2026-09-21 14:13:22|A1|signed|^a; b^|||||||||||||||"
        "UTC|EUR|none||-12345000|-12~345||\r\n" FRONT
        "traffic|||||||||||||||||||||||||0|1|0|1|UTC|EUR|none||5000|0~005||\r\n" FRONT "carried_out" EMPTY
        "UTC|EUR|||-5000|-0~005||\r\n" FRONT "to_pay" EMPTY "UTC|EUR||||||0~00\r\n";
#undef FRONT
#undef EMPTY
    for (const char *c = text; *c; c++)
        if (*c != '^')
            *out++ = (char)(*c == '|' ? (french ? ';' : ',') : *c == '~' ? (french ? ',' : '.') : *c);
        else if (french)
            *out++ = '"';
    *out = '\0';
}

/* What its payload says, read for it. */
static void show(void (*form)(struct buf *, const struct statement_page *), struct buf *out,
                 const struct statement_page *page)
{
    struct statement s;
    struct statement_page read = *page;
    assert_ok(statement_read(page->payload, &s));
    read.s = &s;
    form(out, &read);
    statement_close(&s);
}

static void csv_has_a_row_a_line_and_no_formula(void **state)
{
    struct book b;
    struct buf csv;
    (void)state;
    open_book(&b, "", ",'price':{'impression_micros':5000}");
    append(&b, (struct entry){.kind = ENTRY_IMPRESSION});
    struct entry e = {
        .kind = ENTRY_LEAD,
        .lead = {
            .party = SPAN("P1"), .txid = SPAN("=2"), .status = STATUS_APPROVED, .payout_micros = 12345000, .tier = -1}};
    uint64_t l = append(&b, e);
    append(&b, (struct entry){.kind = ENTRY_DISPOSITION,
                              .disposition = {.lead = l,
                                              .party = SPAN("A1"),
                                              .status = STATUS_RETURNED,
                                              .text = SPAN("a; b"),
                                              .payable_micros = -12345000}});
    struct statement_in in = cut(&b, 0, b.size);
    in.id = SPAN("=1+1,\"x\"");
    struct statement_out out = build(&in);
    for (int french = 0; french < 2; french++) {
        const struct statement_page page = {.payload = buf_span(&out.payload),
                                            .lines = buf_span(&out.lines.text),
                                            .parts = PAGE_WHOLE,
                                            .texts = true,
                                            .language = french ? LANGUAGE_FR : LANGUAGE_EN};
        buf_heap(&csv);
        show(statement_csv, &csv, &page);
        buf_byte(&csv, '\0');
        char expected[4096];
        csv_expect(french, expected);
        assert_string_equal(csv.ptr, expected);
        buf_free(&csv);
    }
    statement_free(&out);
    close_book(&b);
}

static size_t moving(struct span lines)
{
    struct span line;
    size_t n = 0;
    while (text_cut(&lines, '\n', &line))
        n += memmem(line.ptr, line.len, ",\"micros\":0,", 12) == NULL;
    return n;
}

/* The page, NUL-ended, in a language. */
static struct buf page_of(const struct statement_out *out, enum language language)
{
    struct buf html;
    const struct statement_page page = {.payload = buf_span(&out->payload),
                                        .lines = buf_span(&out->lines.text),
                                        .parts = PAGE_WHOLE,
                                        .lines_all = moving(buf_span(&out->lines.text)),
                                        .language = language,
                                        .address = SPAN("S1?")};
    buf_heap(&html);
    show(statement_page, &html, &page);
    buf_byte(&html, '\0');
    return html;
}

static void has(const struct buf *html, const char *text)
{
    if (strstr(html->ptr, text) == NULL)
        fail_msg("the page lacks %s:\n%s", text, html->ptr);
}

static void html_shows_the_totals_and_escapes(void **state)
{
    struct book b;
    (void)state;
    open_book(&b, "", "");
    lead(&b, STATUS_APPROVED, REASON_NONE, 1234567000);
    struct statement_in in = cut(&b, 0, b.size);
    in.issuer = SPAN("<script>alert(1)</script>&\"'");
    struct statement_out out = build(&in);
    static const char *const said[LANGUAGES][3] = {
        [LANGUAGE_EN] = {"1,234.567</td>", "To pay, EUR</th><td class=\"n\">1,234.56</td>", "21\u00a0Sep\u00a02026"},
        [LANGUAGE_FR] = {"1\u202f234,567</td>", "À payer, EUR</th><td class=\"n\">1\u202f234,56</td>",
                         "21\u00a0sept.\u00a02026"},
        [LANGUAGE_ZH] = {"1,234.567</td>", "应付（EUR）</th><td class=\"n\">1,234.56</td>", "2026年9月21日"}};
    for (enum language l = 0; l < LANGUAGES; l++) {
        struct buf html = page_of(&out, l);
        assert_null(strstr(html.ptr, "<script"));
        assert_null(strstr(html.ptr, "{}"));
        has(&html, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;");
        for (size_t i = 0; i < 3; i++)
            has(&html, said[l][i]);
        has(&html, "</body></html>\n");
        buf_free(&html);
    }
    statement_free(&out);
    close_book(&b);
}

static void html_lists_adjustments_where_there_are_some(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct book b;
        open_book(&b, "", "");
        uint64_t l = lead(&b, STATUS_APPROVED, REASON_NONE, 10000000);
        uint64_t from = b.size;
        if (late)
            becomes(&b, l, STATUS_RETURNED, -10000000);
        struct statement_in in = cut(&b, from, b.size);
        struct statement_out out = build(&in);
        struct buf html = page_of(&out, LANGUAGE_EN);
        assert_int_equal(strstr(html.ptr, "<h2>Adjustments</h2>") != NULL, late);
        if (late)
            has(&html, "<td>Returned<span class=\"why\">by itself");
        has(&html, late ? "pays" : "Nothing is to be paid");
        buf_free(&html);
        statement_free(&out);
        close_book(&b);
    }
}

static void html_shows_so_many_adjustments_and_the_way_to_all(void **state)
{
    enum { RETURNED = 4 };
    struct book b;
    uint64_t l[RETURNED];
    (void)state;
    open_book(&b, "", "");
    for (int i = 0; i < RETURNED; i++)
        l[i] = lead(&b, STATUS_APPROVED, REASON_NONE, 10000000);
    uint64_t from = b.size;
    for (int i = 0; i < RETURNED; i++)
        becomes(&b, l[i], STATUS_RETURNED, -10000000);
    struct statement_in in = cut(&b, from, b.size);
    struct statement_out out = build(&in);
    for (size_t most = 0; most < 6; most++) {
        struct buf html;
        const struct statement_page page = {.payload = buf_span(&out.payload),
                                            .lines = buf_span(&out.lines.text),
                                            .parts = PAGE_FRONT,
                                            .lines_all = RETURNED,
                                            .adjustments_most = most,
                                            .address = SPAN("S1?")};
        size_t rows = 0;
        buf_heap(&html);
        show(statement_page, &html, &page);
        buf_byte(&html, '\0');
        for (const char *at = html.ptr; (at = strstr(at, "<td>Returned<")) != NULL; at++)
            rows++;
        assert_int_equal(rows, most == 0 || most > RETURNED ? RETURNED : most);
        assert_int_equal(strstr(html.ptr, "lines=all\">Show all 4 adjustments<") != NULL, most > 0 && most < RETURNED);
        has(&html, "\xe2\x88\x92"
                   "40.00</td></tr></tfoot>"); /* of all of them */
        buf_free(&html);
    }
    statement_free(&out);
    close_book(&b);
}

static void html_shows_what_was_brought_in_and_what_is_carried(void **state)
{
    struct book b;
    (void)state;
    open_book(&b, "", "");
    lead(&b, STATUS_APPROVED, REASON_NONE, 10001000);
    struct statement_in in = cut(&b, 0, b.size);
    in.carried_in_micros = 5678;
    struct statement_out out = build(&in);
    struct buf html = page_of(&out, LANGUAGE_EN);
    has(&html, ", terms of entry 0</dd>");
    has(&html, "Gross</th><td></td><td></td><td class=\"n\" data-l=\"Amount, EUR\">10.001</td>");
    has(&html, "Net amount</th><td class=\"n\">10.001</td>");
    has(&html, "the statement before</th><td class=\"n\">0.005678</td>");
    has(&html, "to the next</th><td class=\"n\">\xe2\x88\x92"
               "0.006678</td>");
    has(&html, "To pay, EUR</th><td class=\"n\">10.00</td>");
    buf_free(&html);
    statement_free(&out);
    close_book(&b);
}

static void html_says_what_vat_is_on_and_charges_none_without_a_rate(void **state)
{
    static const char *const none[LANGUAGES] = {[LANGUAGE_EN] = "No VAT rate is agreed in the contract",
                                                [LANGUAGE_FR] = "Aucun taux de TVA n’est convenu au contrat",
                                                [LANGUAGE_ZH] = "合同未约定增值税税率"};
    (void)state;
    for (int rate = 0; rate < 2; rate++) {
        struct book b;
        open_book(&b, "", rate ? ",'vat_ppm':200000" : "");
        lead(&b, STATUS_APPROVED, REASON_NONE, 28405686);
        struct statement_in in = cut(&b, 0, b.size);
        in.legal[0] = in.legal[1] = SPAN("{\"country\":\"FR\",\"vat_id\":\"FR48999000102\"}");
        in.trade.kind = tax_of(in.legal[0], in.legal[1], &in.trade.self_billing);
        struct statement_out out = build(&in);
        struct buf html = page_of(&out, LANGUAGE_EN);
        assert_int_equal(strstr(html.ptr, "Taxable amount</th><td class=\"n\">28.40</td>") != NULL, rate);
        assert_int_equal(strstr(html.ptr, "VAT 20%</th><td class=\"n\">5.68</td>") != NULL, rate);
        assert_int_equal(strstr(html.ptr, "VAT is charged by the supplier.") != NULL, rate);
        has(&html, rate ? "To pay, EUR</th><td class=\"n\">34.08</td>" : "To pay, EUR</th><td class=\"n\">28.40</td>");
        buf_free(&html);
        for (enum language l = 0; l < LANGUAGES; l++) {
            html = page_of(&out, l);
            assert_int_equal(strstr(html.ptr, none[l]) != NULL, !rate);
            buf_free(&html);
        }
        statement_free(&out);
        close_book(&b);
    }
}

static void html_is_an_invoice_a_credit_note_or_neither(void **state)
{
    static const char both[] = "{\"country\":\"FR\",\"vat_id\":\"FR48999000102\"}";
    static const struct {
        int64_t carried;
        const char *legal, *kind, *vat, *self;
    } rows[] = {{5000000, both, "self-billing invoice<", "No VAT rate is agreed", "Self-billing:"},
                {-5000000, both, "self-billing credit note<", "No VAT rate is agreed", "Self-billing:"},
                {0, both, "Settlement statement<", NULL, NULL},
                {5000000, "", "Settlement statement<", "No VAT is charged here:", NULL}};
    struct book b;
    (void)state;
    open_book(&b, "", "");
    lead(&b, STATUS_REJECTED, REASON_BOT, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct statement_in in = cut(&b, 0, b.size);
        struct taxed part = {rows[i].legal == both ? TAX_DOMESTIC : TAX_NONE, 0, rows[i].carried};
        const struct taxed_sums brought = {&part, 1, 1};
        in.carried_in_micros = rows[i].carried;
        in.brought = &brought;
        in.legal[0] = in.legal[1] = span_str(rows[i].legal);
        in.trade.kind = tax_of(in.legal[0], in.legal[1], &in.trade.self_billing);
        struct statement_out out = build(&in);
        struct buf html = page_of(&out, LANGUAGE_EN);
        has(&html, rows[i].kind);
        assert_int_equal(strstr(html.ptr, "VAT rate is agreed") != NULL || strstr(html.ptr, "No VAT is") != NULL,
                         rows[i].vat != NULL);
        assert_int_equal(strstr(html.ptr, "Self-billing:") != NULL, rows[i].self != NULL);
        if (rows[i].vat != NULL)
            has(&html, rows[i].vat);
        has(&html, "<dt>Statement</dt><dd><span class=\"id\">S1</span></dd>");
        buf_free(&html);
        statement_free(&out);
    }
    close_book(&b);
}

static void each_country_has_a_word_in_each_language(void **state)
{
    size_t n = 0;
    (void)state;
    for (int i = 0; i < 26 * 26; i++) {
        const char said[2] = {(char)('A' + i / 26), (char)('A' + i % 26)};
        char code[COUNTRY_LEN];
        if (!country_read(span_of(said, 2), code) || memcmp(code, said, 2) != 0)
            continue;
        n++;
        for (enum language l = 0; l < LANGUAGES; l++)
            assert_true(country_word(l, span_of(code, 2)).len > 2);
    }
    assert_int_equal(n, 250);
    assert_true(span_is(country_word(LANGUAGE_FR, SPAN("GR")), "Grèce"));
    assert_true(span_is(country_word(LANGUAGE_ZH, SPAN("??")), "??"));
}

static void what_a_statement_corrects_is_summed_by_kind(void **state)
{
    static const char *const none = "", *const all = "2 adjustments of -0.50 USD, 1 returned lead of -7.00 USD and 1 "
                                                     "reinstated lead of 3.25 USD";
    struct correction_sums sums = {.unnamed = 0};
    struct buf text;
    (void)state;
    buf_heap(&text);
    correction_sums_tell(&text, &sums, SPAN("USD"));
    assert_true(span_is(buf_span(&text), none));
    correction_sums_add(&sums, true, 500000);
    correction_sums_add(&sums, true, -1000000);
    correction_sums_add(&sums, false, -7000000);
    correction_sums_add(&sums, false, 3250000);
    correction_sums_tell(&text, &sums, SPAN("USD"));
    buf_byte(&text, '\0');
    assert_string_equal(text.ptr, all);
    buf_free(&text);
}

static void a_statement_tells_its_parts_by_vat_up_to_a_number(void **state)
{
    struct tax_row rows[10];
    struct statement s = {.currency = SPAN("EUR"), .exponent = 2, .rows = rows};
    struct buf text;
    (void)state;
    buf_heap(&text);
    statement_vat_tell(&text, &s);
    assert_int_equal(text.len, 0);
    for (size_t i = 0; i < 10; i++)
        rows[i] = (struct tax_row){i == 1 ? TAX_REVERSE_CHARGE : TAX_DOMESTIC, i == 2 ? 55000 : 0, (int64_t)i * 100,
                                   i == 2 ? 11 : 0};
    s.n_rows = 3;
    statement_vat_tell(&text, &s);
    buf_byte(&text, '\0');
    assert_string_equal(text.ptr,
                        "0.00 EUR under no VAT, 1.00 EUR under reverse charge and 2.00 EUR under VAT of 5.5% (0.11)");
    s.n_rows = 10;
    buf_clear(&text);
    statement_vat_tell(&text, &s);
    buf_byte(&text, '\0');
    has(&text, ", 7.00 EUR under no VAT and 2 more");
    buf_free(&text);
}

/* 24.00 at 20% and -60.00 at 19% come to -36.00: the first is charged, 24.00 of the second credited beside it. */
static void what_is_set_off_leaves_what_is_above_nothing_charged(void **state)
{
    const struct taxed in[] = {{TAX_NONE, 0, -5000000},
                               {TAX_DOMESTIC, 190000, -60000000},
                               {TAX_DOMESTIC, 200000, 24000000},
                               {TAX_REVERSE_CHARGE, 0, -1}};
    struct taxed_sums sums = {.n = 0}, carried = {.n = 0}, new = {.n = 0};
    struct tax_row rows[4];
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_true(taxed_add(&sums, in[i]));
    assert_true(taxed_add(&new, (struct taxed){TAX_DOMESTIC, 190000, 7009999}));
    assert_true(taxed_add(&new, (struct taxed){TAX_DOMESTIC, 200000, 30000000}));
    assert_true(taxed_add(&new, (struct taxed){TAX_NONE, 0, -1}));
    taxed_set_off(&sums, &carried);
    const int64_t here[] = {-5000000, -19000000, 24000000, 0}, left[] = {0, -41000000, 0, -1};
    const int64_t net[] = {-500, -1900, 2400, 0}, vat[] = {0, -361, 480, 0};
    const int64_t supplied[] = {0, 700, 3000, 0}, supplied_vat[] = {0, 133, 600, 0};
    tax_rows(&sums, &new, 10000, 0, rows);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(sums.of[i].micros, here[i]);
        assert_int_equal(carried.of[i].micros, left[i]);
        assert_int_equal(rows[i].net_minor, net[i]);
        assert_int_equal(rows[i].vat_minor, vat[i]);
        assert_int_equal(rows[i].supplied_minor, supplied[i]);
        assert_int_equal(rows[i].supplied_vat_minor, supplied_vat[i]);
    }
    taxed_free(&new);
    taxed_free(&sums);
    taxed_free(&carried);
}

/* 0.334, 0.333 and 0.333 with 0.005 from before come to 1.00 (and 0.005 again); 10.004, -3.006 and 2.995 to 9.99. */
static void rows_are_rounded_by_the_largest_remainders(void **state)
{
    static const struct {
        int64_t micros[3], rest, net[3];
    } cases[] = {
        {{334000, 333000, 333000}, 5000, {34, 33, 33}}, {{10004000, -3006000, 2995000}, 0, {1000, -301, 300}},
        {{335000, 335000, 330000}, 0, {34, 33, 33}},    {{10000, 20000, -30000}, 9999, {1, 2, -3}},
        {{9000, 9000, 9000}, 3000, {1, 1, 1}},          {{-1, -1, -1}, 0, {0, 0, -1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct taxed_sums sums = {.n = 0};
        struct tax_row rows[3];
        for (int k = 0; k < 3; k++)
            assert_true(taxed_add(&sums, (struct taxed){TAX_DOMESTIC, 1 + k, cases[i].micros[k]}));
        tax_rows(&sums, &sums, 10000, cases[i].rest, rows); /* all of it is new */
        for (int k = 0; k < 3; k++) {
            assert_int_equal(rows[k].net_minor, cases[i].net[k]);
            assert_int_equal(rows[k].supplied_minor, cases[i].net[k] > 0 ? cases[i].net[k] : 0);
        }
        taxed_free(&sums);
    }
}

static void html_shows_so_many_lines_that_move_money_and_says_of_how_many(void **state)
{
    struct book b;
    (void)state;
    open_book(&b, "", "");
    for (int i = 0; i < 5; i++)
        lead(&b, i == 2 ? STATUS_REJECTED : STATUS_APPROVED, i == 2 ? REASON_BAD_PHONE : REASON_NONE,
             i == 2 ? 0 : 1000000 + i);
    struct statement_in in = cut(&b, 0, b.size);
    struct statement_out out = build(&in);
    for (size_t most = 0; most < 6; most++) {
        struct buf html;
        struct statement_page page = {.payload = buf_span(&out.payload),
                                      .lines = buf_span(&out.lines.text),
                                      .parts = PAGE_WHOLE,
                                      .lines_all = 4,
                                      .lines_most = most,
                                      .address = SPAN("S1?share=x&")};
        char title[64];
        buf_heap(&html);
        show(statement_page, &html, &page);
        buf_byte(&html, '\0');
        snprintf(title, sizeof title, "1 to %d of 4", most == 0 || most > 4 ? 4 : (int)most);
        has(&html, title);
        has(&html, "phone cannot be dialled 1");
        assert_int_equal(strstr(html.ptr, "S1?share=x&amp;format=html&amp;lang=en&amp;lines=all") != NULL,
                         most > 0 && most < 4);
        size_t rows = 0;
        for (const char *at = html.ptr; (at = strstr(at, "<td class=\"nb\"")) != NULL; at++)
            rows++;
        assert_int_equal(rows, most == 0 || most > 4 ? 4 : most);
        struct buf pieces; /* the same, a line item at a time */
        struct span rest = page.lines;
        buf_heap(&pieces);
        page.parts = PAGE_FRONT;
        show(statement_page, &pieces, &page);
        page.parts = PAGE_LINES;
        for (struct span line; text_cut(&rest, '\n', &line); page.lines_before += moving(page.lines)) {
            page.lines = span_of(line.ptr, line.len + 1);
            show(statement_page, &pieces, &page);
        }
        page.parts = PAGE_BACK;
        show(statement_page, &pieces, &page);
        assert_int_equal(pieces.len, html.len - 1);
        assert_memory_equal(pieces.ptr, html.ptr, pieces.len);
        buf_free(&pieces);
        buf_free(&html);
    }
    statement_free(&out);
    close_book(&b);
}

static void amounts_are_grouped_by_threes_as_each_language_does(void **state)
{
    static const struct {
        int64_t value;
        int decimals, least;
        const char *en, *fr;
    } cases[] = {{0, 0, 0, "0", "0"},
                 {999, 0, 0, "999", "999"},
                 {1000, 0, 0, "1,000", "1\u202f000"},
                 {-1234567, 0, 0, "\u22121,234,567", "\u22121\u202f234\u202f567"},
                 {-24000000, 6, 2, "\u221224.00", "\u221224,00"},
                 {-123456, 6, 2, "\u22120.123456", "\u22120,123456"},
                 {123456789010000, 6, 2, "123,456,789.01", "123\u202f456\u202f789,01"},
                 {500000, 4, 0, "50", "50"},
                 {INT64_MIN, 9, 9, "\u22129,223,372,036.854775808", "\u22129\u202f223\u202f372\u202f036,854775808"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (enum language l = LANGUAGE_EN; l <= LANGUAGE_FR; l++) {
            struct buf out;
            struct page g = {.out = &out, .language = l};
            buf_heap(&out);
            page_amount(&g, cases[i].value, cases[i].decimals, cases[i].least);
            buf_byte(&out, '\0');
            assert_string_equal(out.ptr, l == LANGUAGE_EN ? cases[i].en : cases[i].fr);
            buf_free(&out);
        }
}

/* Of English that is looked for (words_told.h), one whose text is looked up is {t}. */
static size_t holes_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += strncmp(text, "{}", 2) == 0 || strncmp(text, "{t}", 3) == 0;
    return n;
}

/* Each sentence has the same holes in all languages. */
static void words_take_as_many_values_in_each_language(void **state)
{
    (void)state;
    for (enum word w = 0; w < WORDS; w++)
        for (enum language l = 0; l < LANGUAGES; l++)
            if (holes_of(word_text(l, w)) != holes_of(word_text(LANGUAGE_EN, w)))
                fail_msg("\"%s\" in %s", word_text(LANGUAGE_EN, w), language_word(l));
}

/* An id that can be one of each country, and what cannot. */
static void a_vat_id_has_a_form_of_its_country(void **state)
{
    static const struct {
        const char *country, *good, *bad; /* ids, blanks between */
    } cases[] = {
        {"AT", "ATU12345678", "AT12345678 ATU1234567 ATX12345678 DE123456789"},
        {"BE", "BE0999000129 BE1999000129", "BE999000129 BE2999000129 BE09990001290"},
        {"BG", "BG123456789 BG1234567890", "BG12345678"},
        {"CY", "CY12345678X", "CY123456789 CYX2345678X"},
        {"CZ", "CZ12345678 CZ123456789 CZ1234567890", "CZ1234567 CZ12345678901"},
        {"DE", "DE123456789", "DE12345678 DE1234567890 FR48999000102 123456789 DEA23456789"},
        {"DK", "DK12345678", "DK123456789"},
        {"EE", "EE123456789", "EE12345678"},
        {"ES", "ESX1234567X ESX12345678 ES12345678X", "ES123456789 ESXX234567X ESX1234567"},
        {"FI", "FI12345678", "FI1234567"},
        {"FR", "FR48999000102 FRK8999000102 FR4K999000102 FRKK999000102",
         "FR999000102 FR4899900010A FR489990001020 DE123456789"},
        {"GB", "GB123456789 GB123456789012 GBGD123 GBHA123 XI123456789 XI123456789012 XIGD123",
         "GB12345678 GBGX123 IE1234567A 123456789"},
        {"GR", "EL123456789", "GR123456789 EL12345678"},
        {"HR", "HR12345678901", "HR1234567890"},
        {"HU", "HU12345678", "HU123456789"},
        {"IE", "IE1234567A IE1A23456B IE1234567AB", "IE12345678 IEA234567A"},
        {"IT", "IT12345678901", "IT1234567890"},
        {"LT", "LT123456789 LT123456789012", "LT12345678901"},
        {"LU", "LU12345678", "LU1234567"},
        {"LV", "LV12345678901", "LV1234567890"},
        {"MT", "MT12345678", "MT1234567"},
        {"NL", "NL123456789B01", "NL123456789C01 NL123456789B1"},
        {"PL", "PL1234567890", "PL123456789"},
        {"PT", "PT123456789", "PT12345678"},
        {"RO", "RO12 RO123456789 RO1234567890", "RO1 RO12345678901"},
        {"SE", "SE123456789012", "SE1234567890"},
        {"SI", "SI12345678", "SI123456789"},
        {"SK", "SK1234567890", "SK123456789"},
        {"MC", "FR40999000129", "MC40999000129 FR1"},
        {"IM", "GB123456789", "IM123456789"},
        {"CH", "CHE123456788MWST CHE123456788", ""},
        {"US", "123456789 FR48999000102", ""},
        {"", "FR48999000102 1234", ""},
    };
    size_t eu = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eu += vat_in_eu(span_str(cases[i].country));
        for (int bad = 0; bad < 2; bad++)
            for (struct span rest = span_str(bad ? cases[i].bad : cases[i].good); rest.len > 0;) {
                struct problem p = {0};
                struct span id = text_take(&rest, ' ');
                enum err err = vat_id_check(span_str(cases[i].country), id, &p);
                if (err != (bad ? ERR_INVALID : ERR_OK))
                    fail_msg("%.*s of %s: %s", (int)id.len, id.ptr, cases[i].country, err_word(err));
                if (bad) {
                    assert_string_equal(p.field, "legal.vat_id");
                    assert_non_null(strstr(p.detail, cases[i].country));
                    assert_null(strstr(p.detail, "or  "));
                    assert_string_equal(p.detail + strlen(p.detail) - 10, "X: either)");
                }
            }
    }
    assert_int_equal(eu, 28); /* 27, and Monaco */
}

static void the_kind_of_vat_goes_by_whose_vat_a_country_is_under(void **state)
{
    static const struct {
        const char *customer, *supplier;
        enum tax kind;
    } cases[] = {{"FR", "MC", TAX_DOMESTIC},       {"MC", "FR", TAX_DOMESTIC},      {"MC", "MC", TAX_DOMESTIC},
                 {"MC", "DE", TAX_REVERSE_CHARGE}, {"IM", "MC", TAX_OUTSIDE},       {"GB", "IM", TAX_NONE},
                 {"FR", "IM", TAX_REVERSE_CHARGE}, {"IM", "GR", TAX_OUTSIDE},       {"GR", "GR", TAX_DOMESTIC},
                 {"US", "MC", TAX_OUTSIDE},        {"GR", "MC", TAX_REVERSE_CHARGE}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2][80];
        const char *country[] = {cases[i].customer, cases[i].supplier};
        for (size_t side = 0; side < 2; side++)
            snprintf(text[side], sizeof text[side], "{\"country\":\"%s\",\"vat_id\":\"X%zu\"}", country[side], side);
        if (tax_of(span_str(text[0]), span_str(text[1]), NULL) != cases[i].kind)
            fail_msg("%s of %s", cases[i].customer, cases[i].supplier);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_payload_is_what_the_format_says),
        cmocka_unit_test(a_line_tells_the_lead_its_link_its_price_and_who_decided_why),
        cmocka_unit_test(the_lines_root_is_that_of_the_lines),
        cmocka_unit_test(leads_are_counted_as_the_interval_leaves_them),
        cmocka_unit_test(money_is_rounded_once_and_the_rest_carried),
        cmocka_unit_test(a_period_that_takes_back_more_than_it_pays_is_negative),
        cmocka_unit_test(statements_are_chained),
        cmocka_unit_test(gaps_stand_on_the_statement),
        cmocka_unit_test(as_many_moves_as_came_make_a_statement),
        cmocka_unit_test(sums_outside_the_range_of_money_are_refused),
        cmocka_unit_test(a_payload_that_lacks_anything_does_not_read),
        cmocka_unit_test(responses_read_strictly),
        cmocka_unit_test(a_receipt_says_what_stands_where),
        cmocka_unit_test(csv_has_a_row_a_line_and_no_formula),
        cmocka_unit_test(a_vat_id_has_a_form_of_its_country),
        cmocka_unit_test(html_shows_the_totals_and_escapes),
        cmocka_unit_test(html_lists_adjustments_where_there_are_some),
        cmocka_unit_test(html_shows_so_many_adjustments_and_the_way_to_all),
        cmocka_unit_test(html_shows_what_was_brought_in_and_what_is_carried),
        cmocka_unit_test(html_says_what_vat_is_on_and_charges_none_without_a_rate),
        cmocka_unit_test(html_is_an_invoice_a_credit_note_or_neither),
        cmocka_unit_test(each_country_has_a_word_in_each_language),
        cmocka_unit_test(what_a_statement_corrects_is_summed_by_kind),
        cmocka_unit_test(the_kind_of_vat_goes_by_whose_vat_a_country_is_under),
        cmocka_unit_test(what_is_set_off_leaves_what_is_above_nothing_charged),
        cmocka_unit_test(rows_are_rounded_by_the_largest_remainders),
        cmocka_unit_test(a_statement_tells_its_parts_by_vat_up_to_a_number),
        cmocka_unit_test(html_shows_so_many_lines_that_move_money_and_says_of_how_many),
        cmocka_unit_test(amounts_are_grouped_by_threes_as_each_language_does),
        cmocka_unit_test(words_take_as_many_values_in_each_language),
        cmocka_unit_test(amounts_read_up_to_the_range_of_money),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
