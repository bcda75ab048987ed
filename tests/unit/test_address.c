/* Which lead a disposition means, by txid and click id, whoever else reported what. */
#include "common/base/bytes.h"
#include "common/decisions/address.h"
#include "tests/support/world.h"

/* Of the advertiser A1: campaign 7 with contracts 1 (direct), 3 and 4, campaign 8 with contract 5. Contract 6 is
 * another advertiser's. */
static const struct fold_context contexts[] = {{0},
                                               {1, 7, SPAN("C1"), 2},
                                               {0},
                                               {3, 7, SPAN("C3"), 2},
                                               {4, 7, SPAN("C4"), 2},
                                               {5, 8, SPAN("C5"), 2},
                                               {6, 9, SPAN("C6"), 3}};

struct told {
    uint32_t contract;
    uint64_t index;
    const char *party, *txid;
    uint64_t click; /* 0: none */
    enum status status;
    enum reason reason;
    uint8_t email; /* 0: none */
};

static void tell(struct world *w, const struct told *t)
{
    struct entry e = {.kind = ENTRY_LEAD, .at_ms = NOW};
    struct private_part priv = {.lead = true, .has_email = t->email};
    e.lead = (struct entry_lead){.party = span_str(t->party),
                                 .txid = span_str(t->txid),
                                 .status = t->status,
                                 .reason = t->reason,
                                 .has_click = t->click,
                                 .click = t->click,
                                 .tier = -1};
    memset(priv.email, t->email, TOKEN_LEN);
    assert_ok(world_apply(w, &contexts[t->contract], NULL, t->index, &e, &priv));
}

enum { MOST = 4 };

static const struct {
    const char *name;
    struct told told[MOST];
    const char *txid;
    struct pointer click; /* of contract 0: none given */
    enum err err;
    uint32_t contract;
    uint64_t index;
    const char *field; /* of what is refused */
} cases[] = {
    {"a publisher's", {{3, 10, "P1", "17", 1}}, "17", {0}, ERR_OK, 3, 10, ""},
    {"its own before a publisher's", {{1, 10, "A1", "17"}, {3, 11, "P1", "17", 1}}, "17", {0}, ERR_OK, 1, 10, ""},
    {"two publishers'", {{3, 10, "P1", "17", 1}, {4, 11, "P2", "17", 1}}, "17", {0}, ERR_CONFLICT, 0, 0, "txid"},
    {"two publishers', told apart by the click",
     {{3, 10, "P1", "17", 1}, {4, 11, "P2", "17", 1}},
     "17",
     {.contract = 4, .index = 1},
     ERR_OK,
     4,
     11,
     ""},
    {"its own in two campaigns", {{1, 10, "A1", "17"}, {5, 11, "A1", "17"}}, "17", {0}, ERR_CONFLICT, 0, 0, "txid"},
    {"its own in two campaigns, told apart by the click",
     {{3, 10, "A1", "17", 2}, {5, 11, "A1", "17", 3}},
     "17",
     {.contract = 5, .index = 3},
     ERR_OK,
     5,
     11,
     ""},
    {"another advertiser's is not there",
     {{6, 10, "P1", "17", 1}, {3, 11, "P1", "17", 1}},
     "17",
     {0},
     ERR_OK,
     3,
     11,
     ""},
    {"nobody's but another advertiser's", {{6, 10, "P1", "17", 1}}, "17", {0}, ERR_NOT_FOUND, 0, 0, "txid"},
    {"a txid that begins like it", {{3, 10, "P1", "177", 1}}, "17", {0}, ERR_NOT_FOUND, 0, 0, "txid"},
    {"a form refused blocks nobody",
     {{3, 10, "P1", "17", 1}, {4, 11, "P2", "17", 0, STATUS_REJECTED, REASON_NO_CLICK}},
     "17",
     {0},
     ERR_OK,
     3,
     10,
     ""},
    {"a form refused alone can be approved",
     {{4, 11, "P2", "17", 0, STATUS_REJECTED, REASON_UNKNOWN_CLICK}},
     "17",
     {0},
     ERR_OK,
     4,
     11,
     ""},
    {"a rejection for what it was does count",
     {{3, 10, "P1", "17", 1}, {4, 11, "P2", "17", 1, STATUS_REJECTED, REASON_HONEYPOT}},
     "17",
     {0},
     ERR_CONFLICT,
     0,
     0,
     "txid"},
    {"both sides reported: the first stands",
     {{3, 10, "P1", "17", 1}, {3, 11, "A1", "17", 1, STATUS_DUPLICATE, REASON_DUPLICATE}},
     "17",
     {0},
     ERR_OK,
     3,
     10,
     ""},
    {"both sides reported other persons",
     {{3, 10, "P1", "17", 1, .email = 'a'}, {3, 11, "A1", "17", 1, STATUS_DUPLICATE, REASON_DUPLICATE, 'b'}},
     "17",
     {0},
     ERR_OK,
     3,
     11,
     ""},
    {"a txid that a publisher guessed does not take a click's sale away",
     {{3, 10, "P1", "1", 1}, {4, 11, "P2", "order-7", 1}},
     "order-7",
     {.contract = 3, .index = 1},
     ERR_OK,
     3,
     10,
     ""},
    {"a txid of its own does", /* it chose that one itself */
     {{3, 10, "P1", "1", 1}, {1, 11, "A1", "order-7"}},
     "order-7",
     {.contract = 3, .index = 1},
     ERR_OK,
     1,
     11,
     ""},
    {"a click without leads is not the lead's",
     {{3, 10, "P1", "17", 1}},
     "17",
     {.contract = 3, .index = 2},
     ERR_CONFLICT,
     0,
     0,
     "click_id"},
    {"its own that was refused for its form hides no other",
     {{3, 10, "P1", "17", 1}, {1, 11, "A1", "17", 0, STATUS_REJECTED, REASON_NO_CLICK}},
     "17",
     {0},
     ERR_OK,
     3,
     10,
     ""},
    {"a test hides nothing",
     {{3, 10, "P1", "17", 1}, {4, 11, "P2", "17", 0, STATUS_REJECTED, REASON_TEST}},
     "17",
     {0},
     ERR_OK,
     3,
     10,
     ""},
    {"by a click", {{3, 10, "P1", "17", 1}}, "", {.contract = 3, .index = 1}, ERR_OK, 3, 10, ""},
    {"by a click and a new txid", {{3, 10, "P1", "17", 1}}, "18", {.contract = 3, .index = 1}, ERR_OK, 3, 10, ""},
    {"a click's duplicates do not count",
     {{3, 10, "P1", "17", 1}, {3, 11, "P1", "18", 1, STATUS_DUPLICATE, REASON_DUPLICATE}},
     "",
     {.contract = 3, .index = 1},
     ERR_OK,
     3,
     10,
     ""},
    {"nor what was mended since",
     {{3, 10, "P1", "17", 1, STATUS_REJECTED, REASON_MISSING_FIELD}, {3, 11, "P1", "17", 1}},
     "",
     {.contract = 3, .index = 1},
     ERR_OK,
     3,
     11,
     ""},
    {"a click of two leads",
     {{3, 10, "P1", "17", 1}, {3, 11, "P1", "18", 1}},
     "",
     {.contract = 3, .index = 1},
     ERR_CONFLICT,
     0,
     0,
     "click_id"},
    {"a click of none", {{3, 10, "P1", "17", 1}}, "", {.contract = 4, .index = 1}, ERR_NOT_FOUND, 0, 0, "click_id"},
};

static void the_lead_that_is_meant_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct address a = {.advertiser = 2,
                                  .advertiser_id = SPAN("A1"),
                                  .txid = span_str(cases[i].txid),
                                  .by_click = cases[i].click.contract != 0,
                                  .click = cases[i].click};
        for (int turned = 0; turned < 2; turned++) { /* in either order of their reports */
            struct world w = world_new();
            struct view v = world_view(&w);
            struct addressed at = {0};
            struct problem p = {0};
            for (size_t k = 0; k < MOST; k++) {
                const struct told *t = &cases[i].told[turned ? MOST - 1 - k : k];
                if (t->contract)
                    tell(&w, t);
            }
            if (turned && cases[i].told[0].contract == cases[i].told[1].contract &&
                strcmp(cases[i].told[0].party, cases[i].told[1].party) == 0) {
                world_free(&w); /* one sender's same txid again has an order */
                continue;
            }
            enum err err = address_find(&v, &a, &at, &p);
            if (err != cases[i].err || at.contract != cases[i].contract || at.index != cases[i].index ||
                strcmp(p.field, cases[i].field) != 0)
                fail_msg("%s: %d, %u/%llu, %s %s", cases[i].name, err, at.contract, (unsigned long long)at.index,
                         p.field, p.detail);
            world_free(&w);
        }
    }
}

/* More senders of one txid than are looked at are never told apart by half of them. */
static void a_crowd_of_equal_txids_is_no_address(void **state)
{
    struct world w = world_new();
    struct view v = world_view(&w);
    struct addressed at;
    struct problem p = {0};
    const struct address a = {.advertiser = 2, .advertiser_id = SPAN("A1"), .txid = SPAN("17")};
    (void)state;
    for (uint64_t i = 0; i < 70; i++) {
        char party[8];
        snprintf(party, sizeof party, "P%llu", (unsigned long long)i);
        tell(&w, &(struct told){3, 100 + i, party, "17", 1 + i, i ? STATUS_REJECTED : STATUS_PENDING,
                                i ? REASON_NO_CLICK : REASON_NONE, 0});
    }
    assert_int_equal(address_find(&v, &a, &at, &p), ERR_CONFLICT);
    assert_string_equal(p.field, "txid");
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lead_that_is_meant_is_found),
        cmocka_unit_test(a_crowd_of_equal_txids_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
