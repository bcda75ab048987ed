#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/limits.h"
#include "common/settlement/verify_told.h"
#include "tests/support/mirror.h"

/* What one run reported. */
struct told {
    enum verdict verdict[40];
    char check[40][24], sentence[40][2048];
    size_t n, checks;
};

static void take(void *ctx, const struct report_line *line)
{
    struct told *t = ctx;
    json_t *data = NULL;
    assert_true(t->n < 40);
    assert_true(line->judged || !line->check);
    assert_true(!line->check || t->checks == t->n); /* they come first */
    assert_true(line->check == span_empty(line->data));
    if (!line->check)
        assert_ok(json_read_canonical(line->data, &data, NULL));
    json_decref(data);
    t->checks += line->check;
    t->verdict[t->n] = line->judged ? line->verdict : HOLDS;
    snprintf(t->check[t->n], sizeof t->check[0], "%s", line->topic);
    snprintf(t->sentence[t->n], sizeof t->sentence[0], "%.*s", (int)line->sentence.len, line->sentence.ptr);
    t->n++;
}

static enum verdict verify(struct story *s, struct told *t)
{
    struct mirror m = story_mirror(s);
    t->n = t->checks = 0;
    return verify_mirror(&m, NULL, take, t);
}

static void print(const struct told *t)
{
    for (size_t i = 0; i < t->n; i++)
        print_message("%s %d %s\n", t->check[i], (int)t->verdict[i], t->sentence[i]);
}

static enum verdict verdict_of(const struct told *t, const char *check)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->check[i], check) == 0)
            return t->verdict[i];
    fail_msg("no check is called %s", check);
    return FAILS;
}

static struct story *written(struct story *s)
{
    write_logs(s);
    return s;
}

static void assert_holds(struct story *s)
{
    struct told t;
    if (verify(s, &t) != HOLDS) {
        print(&t);
        fail_msg("an honest mirror must hold");
    }
}

static void an_honest_mirror_holds(void **state)
{
    (void)state;
    struct story *told[] = {story_short(), story_long(0), story_long(300)};
    for (size_t i = 0; i < 3; i++) {
        write_logs(told[i]);
        assert_holds(told[i]);
        story_free(told[i]);
    }
}

static void the_report_is_one_line_per_check_in_order(void **state)
{
    (void)state;
    static const char *const order[] = {"keys",     "checkpoint", "tree",  "entries", "decisions",
                                        "openings", "statements", "lines", "heads",   "responses",
                                        "rootlog",  "history",    "files"};
    struct story *s = written(story_short());
    struct told t;
    assert_int_equal(verify(s, &t), HOLDS);
    assert_int_equal(t.checks, sizeof order / sizeof order[0]);
    for (size_t i = 0; i < t.checks; i++) {
        assert_string_equal(t.check[i], order[i]);
        assert_true(t.sentence[i][0] != '\0');
    }
    story_free(s);
}

static bool says(const struct told *t, const char *topic, const char *words)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->check[i], topic) == 0 && strstr(t->sentence[i], words) != NULL)
            return true;
    return false;
}

/* What was decided, by whom, for how much, and what the parties said of it. */
static void what_the_mirror_tells_is_told_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *topic, *words;
    } all[] = {
        {"log", "contract C1 of campaign K1, between advertiser A1 and publisher P1; entries 0 to 24"},
        {"log", "2 of them in no statement yet"},
        {"terms", "version 1, entry 0"},
        {"terms", "12.340567 EUR"},
        {"decided", "the rules, as leads came: 1 duplicate, 3 pending, 1 rejected"},
        {"decided", "the server, as the time for review ran out: 1 approved"},
        {"decided", "reported as the advertiser's word, by secret or token, of A1: 2 approved, 1 rejected, 1 returned"},
        {"statement", "the advertiser accepts it (entry 14); the publisher accepts it (entry 15)"},
        {"statement", "the advertiser DISPUTES it (entry 22); disputed: entry 18, entry 19, no reason given; the "
                      "publisher accepts it (entry 21)"},
        {"statement", "of 3 statements 1 is accepted by both parties, 1 is disputed, 1 waits for an answer"},
        {"not_shown", "no receipts were given"},
        {"not_shown", "the 4 dispositions reported as its own"},
    };
    struct story *s = story_long(0);
    struct told t;
    s->disputes = true;
    tell_response(s, 0);
    s->disputes = false;
    tell_statement(s);
    tell_response(s, 1);
    write_logs(s);
    assert_int_equal(verify(s, &t), HOLDS);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!says(&t, all[i].topic, all[i].words)) {
            print(&t);
            fail_msg("%s: %s", all[i].topic, all[i].words);
        }
    story_free(s);
}

/* One bit of every step-th byte of every file in turn, from any first one on (SEED); under LONG of more of them. */
static void flip_all(struct story *s, size_t step, size_t long_step)
{
    const char *seed = getenv("SEED");
    if (getenv("LONG") != NULL)
        step = long_step;
    struct told t;
    size_t flips = seed != NULL ? (size_t)strtoul(seed, NULL, 10) : (size_t)time(NULL), before = flips;
    print_message("SEED=%zu\n", flips);
    for (size_t f = 0; f < s->n_files; f++) {
        struct buf *b = &s->file[f].bytes;
        for (size_t i = flips % step; i < b->len; i += step, flips++) {
            char bit = (char)(1 << (i % 7 + (i % 7 > 4)));
            b->ptr[i] ^= bit;
            if (verify(s, &t) != FAILS) {
                print(&t);
                fail_msg("a flipped bit of byte %zu of %s was not caught", i, s->file[f].path);
            }
            b->ptr[i] ^= bit;
        }
    }
    assert_holds(s);
    print_message("%zu flips caught\n", flips - before);
}

static void changed_bytes_are_caught(void **state)
{
    (void)state;
    struct story *s = written(story_short());
    flip_all(s, 29, 1);
    story_free(s);
}

static void changed_bytes_of_a_long_story_are_caught(void **state)
{
    (void)state;
    struct story *s = written(story_long(0));
    flip_all(s, 139, 59);
    story_free(s);
}

static void changed_bytes_of_full_tiles_are_caught(void **state)
{
    (void)state;
    struct story *s = written(story_long(300));
    flip_all(s, 2003, 997);
    story_free(s);
}

static void a_missing_file_cannot_be_told(void **state)
{
    (void)state;
    struct story *s = written(story_short());
    for (size_t f = 0; f < s->n_files; f++) {
        struct told t;
        s->file[f].gone = true;
        if (verify(s, &t) != CANNOT_TELL) {
            print(&t);
            fail_msg("without %s nothing is proved wrong, and not all can hold", s->file[f].path);
        }
        s->file[f].gone = false;
    }
    assert_holds(s);
    story_free(s);
}

static void a_statement_without_a_key_cannot_be_told(void **state)
{
    (void)state;
    struct story *s = written(story_short());
    struct told t;
    for (size_t f = 0; f < s->n_files; f++)
        s->file[f].gone = strcmp(s->file[f].path, ".well-known/jwks.json") == 0;
    assert_int_equal(verify(s, &t), CANNOT_TELL);
    assert_int_equal(verdict_of(&t, "statements"), CANNOT_TELL);
    assert_int_equal(verdict_of(&t, "tree"), HOLDS);
    story_free(s);
}

static void a_strange_file_is_found(void **state)
{
    (void)state;
    static const char *const strange[] = {"log/" CONTRACT "/tile/0/000.p/3", "v1/statements/S3.jws", "log/C2/openings"};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        struct story *s = written(story_short());
        struct told t;
        buf_str(story_file(s, strange[i]), "x");
        assert_int_equal(verify(s, &t), FAILS);
        assert_int_equal(verdict_of(&t, "files"), FAILS);
        story_free(s);
    }
    struct story *s = written(story_short());
    struct told t;
    buf_str(story_file(s, "README"), "x");
    buf_str(story_file(s, "log/.DS_Store"), "x");
    assert_int_equal(verify(s, &t), HOLDS);
    story_free(s);
}

static void an_empty_folder_cannot_be_told(void **state)
{
    (void)state;
    struct story s = {.n_files = 0};
    struct told t;
    assert_int_equal(verify(&s, &t), CANNOT_TELL);
}

/* The operator signs whatever it likes, and everything fits together but the decisions: a lead's entry is written
 * otherwise before the log is built. */
struct lie {
    const char *what, *check;
    void (*tell)(struct story *s);
};

static void lie_lead(struct story *s)
{
    uint64_t click = tell_click(s, CLASS_OK);
    struct private_part priv = {.lead = true, .contact = SPAN("{}")};
    struct entry e = {.kind = ENTRY_LEAD,
                      .at_ms = s->now_ms,
                      .lead = {.party = SPAN("P1"),
                               .txid = SPAN("x"),
                               .claimed = true,
                               .has_click = true,
                               .click = click,
                               .clicked_ms = s->now_ms - 1000,
                               .placement = 1,
                               .status = STATUS_REJECTED,
                               .reason = REASON_OUTSIDE_WINDOW,
                               .tier = -1}};
    struct kept_part kept;
    private_keep(&priv, &kept);
    kept_commitment(&kept, &e.lead.commitment);
    opening_write(&s->openings, s->n, &kept, &priv, (struct opening_scope){.contact = true});
    buf_byte(&s->openings, '\n');
    tell(s, &e, &priv);
}

static void lie_view(struct story *s)
{
    tell_view(s, true, 0);
}

static void lie_view_placement(struct story *s)
{
    struct entry e = {.kind = ENTRY_VIEW,
                      .at_ms = s->now_ms,
                      .view = {.placement = 2, .has_click = true, .click = tell_click(s, CLASS_OK)}};
    tell(s, &e, NULL);
}

static void lie_response(struct story *s)
{
    int64_t at_ms = s->now_ms;
    tell_answer(s, 1, "accept", "", at_ms);
    tell_answer(s, 1, "accept", "", at_ms);
}

static void lie_older_response(struct story *s)
{
    int64_t at_ms = s->now_ms;
    tell_answer(s, 1, "accept", "", at_ms);
    tell_answer(s, 1, "dispute", "", at_ms - 1);
}

static void lie_early_response(struct story *s)
{
    tell_answer(s, 0, "accept", "", s->fold.period.prev_to_ms - (PARTY_CLOCK_S + 1) * MS_PER_S);
}

static void lie_late_response(struct story *s)
{
    tell_answer(s, 0, "accept", "", s->now_ms + (PARTY_CLOCK_S + 1) * MS_PER_S);
}

static void lie_no_line(struct story *s)
{
    tell_answer(s, 0, "dispute", "999999", s->now_ms);
}

static void lie_line_of_the_statement_before(struct story *s)
{
    tell_answer(s, 0, "dispute", "6", s->now_ms);
}

static void lie_word(struct story *s, int signer, const char *issuer, const char *said_by, int filed,
                     const char *verdict, const char *reason)
{
    struct buf sha256, jws;
    buf_heap(&sha256);
    buf_heap(&jws);
    buf_hex(&sha256, s->fold.period.prev_sha256.b, HASH_LEN);
    buf_byte(&sha256, '\0');
    response_jws(&jws, s->party_key[signer], issuer, said_by, sha256.ptr, verdict, "", reason, s->now_ms);
    tell_response_of(s, filed, buf_span(&jws));
    buf_free(&sha256);
    buf_free(&jws);
}

/* What the publisher said, filed as the advertiser's: each by each one's key. */
static void lie_anothers_word(struct story *s, int signer, const char *issuer, const char *said_by, int filed)
{
    lie_word(s, signer, issuer, said_by, filed, "accept", "");
}

static void lie_dispute_of_nothing(struct story *s)
{
    lie_word(s, 1, "https://" ORIGIN, "P1", 1, "dispute", " \xc2\xa0");
}

static void lie_anothers_response(struct story *s)
{
    lie_anothers_word(s, 1, "https://" ORIGIN, "P1", 0);
}

static void lie_response_said_by_another(struct story *s)
{
    lie_anothers_word(s, 0, "https://" ORIGIN, "P1", 0);
}

static void lie_response_to_another_server(struct story *s)
{
    lie_anothers_word(s, 0, "https://other.example", "A1", 0);
}

/* A key of the operator's in the publisher's name: not signed by the publisher's own, or by nobody who holds it. */
static void lie_key_without_the_old(struct story *s)
{
    struct signer *forged = signer_new((const uint8_t *)"a key that is not P1's..........");
    tell_key_of(s, 1, forged, NULL);
    signer_free(forged);
}

static void lie_key_signed_by_another(struct story *s)
{
    struct signer *forged = signer_new((const uint8_t *)"a key that is not P1's..........");
    tell_key_of(s, 1, forged, forged);
    signer_free(forged);
}

static void lie_key_of_before(struct story *s)
{
    struct signer *newer = signer_new((const uint8_t *)"another key of the publisher's..");
    tell_key_of(s, 1, newer, s->party_key[1]);
    s->keys_told = -1000 * 1000 * 1000; /* the key before, shown by both, but as of then */
    tell_key_of(s, 1, s->party_key[1], newer);
    signer_free(newer);
}

static void lie_servers_key(struct story *s)
{
    tell_key_of(s, 1, s->statement_key, s->party_key[1]);
}

/* An approval by the advertiser's key, or another, of what that key says. */
static void tell_countersigned(struct story *s, uint64_t lead, struct signer *key, int64_t at_ms, const char *members)
{
    struct buf payload, jws;
    struct lead_row row;
    struct entry e;
    bool same = false;
    const struct disposition_facts facts = {.advertiser = true};
    buf_heap(&payload);
    buf_heap(&jws);
    buf_str(&payload, "{\"at\":\"");
    time_rfc3339(&payload, at_ms);
    buf_printf(&payload,
               "\",\"issuer\":\"https://" ORIGIN "\",\"party\":\"A1\",\"typ\":\"countersign-disposition\",%s}",
               members);
    jws_compact(&jws, key, "countersign-disposition", buf_span(&payload));
    const struct disposition_report r = {.party = SPAN("A1"),
                                         .trust = TRUST_COUNTERSIGNED,
                                         .status = STATUS_APPROVED,
                                         .lead = lead,
                                         .request = {{1}},
                                         .jws = key != NULL ? buf_span(&jws) : SPAN("")};
    assert_ok(row_lead(&s->view, 1, lead, &row));
    assert_ok(decide_disposition(s->fold.terms_index, &r, &row, &facts, s->now_ms, &e, &same, NULL));
    tell(s, &e, NULL);
    buf_free(&payload);
    buf_free(&jws);
}

static void sign_approval(struct story *s, struct signer *key, uint64_t off, const char *status)
{
    char members[128];
    uint64_t lead = tell_lead(s, tell_click(s, CLASS_OK), 9);
    snprintf(members, sizeof members, "\"contract\":\"C1\",\"lead\":%llu,\"status\":\"%s\"",
             (unsigned long long)(lead - off), status);
    tell_countersigned(s, lead, key, s->now_ms, members);
}

static void lie_countersigned_by_publisher(struct story *s)
{
    sign_approval(s, s->party_key[1], 0, "approved");
}

static void lie_countersigned_for_another_lead(struct story *s)
{
    sign_approval(s, s->party_key[0], 1, "approved");
}

static void lie_countersigned_otherwise(struct story *s)
{
    sign_approval(s, s->party_key[0], 0, "rejected");
}

/* Approved, returned by token, and approved again by what was signed so much later than the first. */
static void approve_again(struct story *s, int64_t later_ms)
{
    char members[128];
    uint64_t lead = tell_lead(s, tell_click(s, CLASS_OK), 10);
    int64_t at_ms = s->now_ms;
    snprintf(members, sizeof members, "\"contract\":\"C1\",\"lead\":%llu,\"status\":\"approved\"",
             (unsigned long long)lead);
    tell_countersigned(s, lead, s->party_key[0], at_ms, members);
    tell_disposition_by(s, lead, STATUS_RETURNED, "A1", TRUST_API);
    tell_countersigned(s, lead, s->party_key[0], at_ms + later_ms, members);
}

static void lie_countersigned_again(struct story *s)
{
    approve_again(s, 0);
}

static void lie_countersigned_long_before(struct story *s)
{
    char members[128];
    uint64_t lead = tell_lead(s, tell_click(s, CLASS_OK), 9);
    snprintf(members, sizeof members, "\"contract\":\"C1\",\"lead\":%llu,\"status\":\"approved\"",
             (unsigned long long)lead);
    tell_countersigned(s, lead, s->party_key[0], s->now_ms - (PARTY_CLOCK_S + 60) * MS_PER_S, members);
}

static void a_countersigned_disposition_holds_and_is_told(void **state)
{
    (void)state;
    struct story *s = story_short();
    struct told t;
    sign_approval(s, s->party_key[0], 0, "approved");
    approve_again(s, 1000);
    write_logs(s);
    assert_int_equal(verify(s, &t), HOLDS);
    assert_true(says(&t, "decided", "countersigned by the own key of advertiser A1: 3 approved"));
    story_free(s);
}

static void lie_disposition_of_publisher(struct story *s)
{
    uint64_t click = tell_click(s, CLASS_OK), lead = tell_lead(s, click, 9);
    tell_disposition_by(s, lead, STATUS_APPROVED, "P1", TRUST_SIGNED);
}

static void lie_disposition_by_nobody(struct story *s)
{
    tell_disposition_by(s, tell_lead(s, tell_click(s, CLASS_OK), 9), STATUS_APPROVED, "", TRUST_API);
}

static void lie_disposition_of_operator_as_signed(struct story *s)
{
    tell_disposition_by(s, tell_lead(s, tell_click(s, CLASS_OK), 9), STATUS_REJECTED, "O1", TRUST_SIGNED);
}

static void lie_disposition_of_operator_by_key(struct story *s)
{
    tell_disposition_by(s, tell_lead(s, tell_click(s, CLASS_OK), 9), STATUS_REJECTED, "O1", TRUST_KEY);
}

static void lie_disposition_unsigned(struct story *s)
{
    tell_disposition_by(s, tell_lead(s, tell_click(s, CLASS_OK), 9), STATUS_REJECTED, "A1", TRUST_PIXEL);
}

/* Leads decided rightly, from inputs that are not what was sent. */

#define GOOD_EMAIL "{\"email\":\"p9@shop.example\"}"

static void lie_inputs(struct story *s, int person, const char *contact, void (*twist)(struct reported *l))
{
    struct reported l;
    report(s, tell_click(s, CLASS_OK), person, contact, &l);
    twist(&l);
    tell_reported(s, &l);
}

static void twist_nothing(struct reported *l)
{
    (void)l;
}

static void twist_not_given(struct reported *l)
{
    l->r.given = 0;
    l->without_contact = true;
}

static void lie_not_given(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_not_given);
}

static void twist_bad(struct reported *l)
{
    l->r.bad = CONTACT_EMAIL;
    l->without_contact = true;
}

static void lie_bad(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_bad);
}

/* The same without a token: only who may see the contact fields can tell. */
static void twist_bad_without_token(struct reported *l)
{
    l->r.bad = CONTACT_EMAIL;
    l->r.has_email = l->priv.has_email = false;
}

static void lie_bad_without_token(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_bad_without_token);
}

static void twist_bad_not_given(struct reported *l)
{
    l->r.bad = CONTACT_PHONE;
    l->without_contact = true;
}

static void lie_bad_not_given(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_bad_not_given);
}

static void lie_malformed_taken(struct story *s)
{
    lie_inputs(s, 9, "{\"email\":\"p9 at shop\"}", twist_nothing);
}

static void lie_field_left_out(struct story *s)
{
    lie_inputs(s, 9, "{\"email\":\"p9@shop.example\",\"first_name\":\"Ann\"}", twist_nothing);
}

static void twist_phone_bad(struct reported *l)
{
    l->r.given |= CONTACT_PHONE;
    l->r.bad = CONTACT_PHONE;
    l->r.facts[l->r.n_facts++] = (struct fact){SPAN("country"), SPAN("DE")};
}

static void lie_phone_bad(struct story *s)
{
    lie_inputs(s, 9, "{\"email\":\"p9@shop.example\",\"phone\":\"0171 2345678\"}", twist_phone_bad);
}

static void twist_phone_bad_at_home(struct reported *l)
{
    l->r.given |= CONTACT_PHONE;
    l->r.bad = CONTACT_PHONE;
}

static void lie_phone_bad_at_home(struct story *s)
{
    lie_inputs(s, 9, "{\"email\":\"p9@shop.example\",\"phone\":\"0171 2345678\"}", twist_phone_bad_at_home);
}

static void twist_disposable(struct reported *l)
{
    l->r.disposable = true;
    l->r.bad = CONTACT_EMAIL;
    l->r.has_email = l->priv.has_email = false;
}

static void lie_disposable(struct story *s)
{
    lie_inputs(s, 9, "{\"email\":\"p9 at shop\"}", twist_disposable);
}

static void twist_honeypot(struct reported *l)
{
    l->r.honeypot = true;
}

static void lie_honeypot(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_honeypot);
}

static void lie_honeypot_overlooked(struct story *s)
{
    lie_inputs(s, 9, "{\"email\":\"p9@shop.example\",\"f_url\":\"spam\"}", twist_nothing);
}

static void lie_hidden_fact(struct story *s)
{
    lie_inputs(s, 9, "{\"email\":\"p9@shop.example\",\"f_size\":\"small\"}", twist_nothing);
}

static void twist_stranger(struct reported *l)
{
    l->r.party = SPAN("P2");
}

static void lie_stranger(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_stranger);
}

static void twist_nobody(struct reported *l)
{
    l->r.party = SPAN("");
}

static void lie_nobody(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_nobody);
}

static void twist_advertiser(struct reported *l)
{
    l->r.party = SPAN("A1"); /* the terms take leads from the publisher only */
}

static void lie_not_accepted(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_advertiser);
}

static void twist_unsigned(struct reported *l)
{
    l->r.trust = TRUST_SYSTEM;
}

static void lie_unsigned(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_unsigned);
}

static void twist_pixel(struct reported *l)
{
    l->r.trust = TRUST_PIXEL;
    l->r.party = SPAN("");
}

static void lie_pixel(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_pixel);
}

static void twist_unrecorded(struct reported *l)
{
    l->r.touches[0].flags = CLICK_UNRECORDED;
    l->r.touches[0].at_s = (uint32_t)(NOW / MS_PER_S);
}

static void lie_unrecorded(struct story *s)
{
    lie_inputs(s, 9, GOOD_EMAIL, twist_unrecorded);
}

/* What its facts forbade. */
static void lie_reinstated(struct story *s, uint64_t lead, const char *party)
{
    const struct disposition_report r = {
        .party = span_str(party), .trust = TRUST_API, .status = STATUS_APPROVED, .lead = lead, .request = {{1}}};
    const struct disposition_facts facts = {.advertiser = true};
    struct lead_row row;
    struct entry e;
    bool same = false;
    assert_ok(row_lead(&s->view, 1, lead, &row));
    assert_ok(decide_disposition(s->fold.terms_index, &r, &row, &facts, s->now_ms, &e, &same, NULL));
    tell(s, &e, NULL);
}

static void lie_reinstated_by_the_operator(struct story *s)
{
    uint64_t lead = tell_lead(s, tell_click(s, CLASS_OK), 9);
    tell_disposition(s, lead, STATUS_REJECTED);
    lie_reinstated(s, lead, "O1");
}

static void lie_reinstated_beside_another(struct story *s)
{
    uint64_t lead = tell_lead(s, tell_click(s, CLASS_OK), 9);
    tell_disposition(s, lead, STATUS_REJECTED);
    tell_lead(s, tell_click(s, CLASS_OK), 9);
    lie_reinstated(s, lead, "A1");
}

static void lie_backdated(struct story *s)
{
    s->now_ms = s->fold.period.prev_to_ms - 2;
    tell_click(s, CLASS_OK);
}

static void lie_backdated_statement(struct story *s)
{
    s->now_ms = s->fold.period.prev_to_ms - 2;
    s->backdated = true;
    tell_statement(s);
}

static void lie_before_the_last(struct story *s)
{
    s->now_ms = s->fold.last_ms - 1;
    tell_click(s, CLASS_OK);
}

/* ---- many facts of one topic ---- */

struct many {
    const char *topic;
    char first[100][120], untold[64];
    size_t n, untold_at;
};

static void take_many(void *ctx, const struct report_line *line)
{
    struct many *m = ctx;
    if (strcmp(line->topic, m->topic) != 0)
        return;
    assert_true(m->n < 100);
    if (span_starts(line->data, "{\"untold\"")) {
        m->untold_at = m->n;
        snprintf(m->untold, sizeof m->untold, "%.*s", (int)line->data.len, line->data.ptr);
    }
    snprintf(m->first[m->n++], sizeof m->first[0], "%.*s", (int)line->sentence.len, line->sentence.ptr);
}

/* Nobody hides a version or a statement behind others: the first ones are told like the last ones. */
static void of_many_facts_the_first_and_the_last_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *topic, *untold, *words[4]; /* of the first, the 32nd, the one behind those untold, the last */
    } topics[] = {
        {"terms",
         "{\"untold\":6}",
         {"version 1, entry 0 ", "version 32, entry", "version 39, entry", "version 70, entry"}},
        {"statement",
         "{\"untold\":7}",
         {"number 1, S", "number 32, ", "number 40, ", "of 70 statements 0 are accepted by both"}},
    };
    struct story *s = story_open();
    struct mirror m = story_mirror(s);
    for (int i = 0; i < 69; i++)
        tell_terms(s, TERMS_PLAIN);
    for (int i = 0; i < 70; i++) {
        tell_statement(s);
        if (i == 0 || i == 35)
            tell_response(s, 0);
    }
    write_logs(s);
    for (size_t i = 0; i < 2; i++) {
        struct many told = {.topic = topics[i].topic};
        assert_int_equal(verify_mirror(&m, NULL, take_many, &told), HOLDS);
        assert_int_equal(told.n, TOLD_MOST + 1);
        assert_int_equal(told.untold_at, TOLD_FIRST);
        assert_string_equal(told.untold, topics[i].untold);
        static const size_t at[] = {0, TOLD_FIRST - 1, TOLD_FIRST + 1, TOLD_MOST};
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(strncmp(told.first[at[k]], topics[i].words[k], strlen(topics[i].words[k])), 0);
    }
    story_free(s);
}

/* What the clock said is told where an entry must not be dated by it: at the time of the one in front of it alone. */
static void lie_dated_later(struct story *s)
{
    struct entry e = {.kind = ENTRY_CLICK,
                      .at_ms = s->fold.last_ms + 2,
                      .clocked_ms = s->fold.last_ms + 1,
                      .click = {.placement = 1}};
    tell(s, &e, NULL);
}

static void tell_clock(struct story *s, const struct entry_clock *c)
{
    struct entry e = {.kind = ENTRY_CLOCK, .at_ms = s->now_ms, .clock = *c};
    tell(s, &e, NULL);
}

static void tell_click_of(struct story *s, uint32_t steps)
{
    struct entry e = {.kind = ENTRY_CLICK, .at_ms = s->now_ms, .click = {.placement = 1, .clock_steps = steps}};
    tell(s, &e, NULL);
}

/* The clock goes ahead by so much, and is not confirmed. */
static struct entry_clock step_of(struct story *s, int64_t ms)
{
    struct entry_clock c = {.steps = 1, .from_ms = s->now_ms, .to_ms = s->now_ms + ms, .unsure = ms >= 60000};
    s->now_ms += ms;
    return c;
}

static void lie_fewer_steps(struct story *s)
{
    const struct entry_clock c = step_of(s, 5000);
    tell_clock(s, &c);
    tell_click_of(s, 0);
}

static void lie_step_untold(struct story *s)
{
    tell_click_of(s, 1);
}

static void lie_step_too_small(struct story *s)
{
    const struct entry_clock c = step_of(s, 1999);
    tell_clock(s, &c);
}

static void lie_large_step_that_asks_nobody(struct story *s)
{
    struct entry_clock c = step_of(s, 60000);
    c.unsure = false;
    tell_clock(s, &c);
}

static void lie_small_step_that_waits(struct story *s)
{
    struct entry_clock c = step_of(s, 59999);
    c.unsure = true;
    tell_clock(s, &c);
}

static void lie_nobody_confirms(struct story *s)
{
    struct entry_clock c = step_of(s, 60000);
    tell_clock(s, &c);
    tell_clock(s, &(struct entry_clock){.steps = 1, .confirmed_ms = s->now_ms});
}

/* Several steps tell nothing but their sum; the clock was not sure before them, and nobody says that it is now. */
static void lie_several_steps_make_it_sure(struct story *s)
{
    struct entry_clock c = step_of(s, 60000);
    tell_clock(s, &c);
    c = step_of(s, 5000);
    c.steps = 3;
    tell_clock(s, &c);
}

/* As if the clock had stepped before the log began, whose first entries know it as it is since. */
static void lie_step_of_before_the_log(struct story *s)
{
    tell_clock(s, &(struct entry_clock){.steps = 1, .from_ms = s->fold.clocked_ms, .to_ms = s->fold.clocked_ms});
}

static void lie_confirmed_ahead(struct story *s)
{
    struct entry_clock c = step_of(s, 60000);
    tell_clock(s, &c);
    tell_clock(s, &(struct entry_clock){.steps = 1, .by = SPAN("O1"), .confirmed_ms = s->now_ms + 3600001});
}

static void lie_confirmed_twice(struct story *s)
{
    struct entry_clock c = step_of(s, 60000);
    tell_clock(s, &c);
    for (int i = 0; i < 2; i++)
        tell_clock(s, &(struct entry_clock){.steps = 1, .by = SPAN("O1"), .confirmed_ms = s->now_ms});
}

/* As if the step had come before the entries that stand in front of it. */
static void lie_step_of_before(struct story *s)
{
    struct entry_clock c = step_of(s, 2 * 3600000);
    c.from_ms -= 3600001 + 1000;
    c.to_ms -= 3600001 + 1000;
    tell_clock(s, &c);
}

/* Two hours back, of which one is told: who reads it is dated back. */
static void lie_step_of_half(struct story *s)
{
    struct entry_clock c = {.steps = 1, .from_ms = s->now_ms, .to_ms = s->now_ms - 3600000, .unsure = true};
    struct entry e = {
        .kind = ENTRY_CLOCK, .at_ms = s->fold.last_ms, .clocked_ms = s->fold.last_ms - 3 * 3600000, .clock = c};
    tell(s, &e, NULL);
}

static void lie_statement_of_an_unsure_clock(struct story *s)
{
    struct entry_clock c = step_of(s, 60000);
    tell_clock(s, &c);
    tell_statement(s);
}

static void lie_hidden_fact_after_terms(struct story *s)
{
    tell_terms(s, "{'require':['email','f_new'],'honeypot':'f_url'}");
    s->now_ms += 2 * 60 * 1000;
    lie_inputs(s, 9, "{\"email\":\"p9@shop.example\",\"f_new\":\"1\"}", twist_nothing);
}

static void lie_before_its_time(struct story *s)
{
    struct reported l;
    uint64_t click = tell_click(s, CLASS_OK);
    tell_terms_of(s, "{'require':['email','f_new'],'honeypot':'f_url'}", s->now_ms + 100000, NULL);
    s->fold.terms = versions_newest(&s->fold.versions)->terms;
    s->fold.terms_index = versions_newest(&s->fold.versions)->index;
    report(s, click, 9, "{\"email\":\"p9@shop.example\"}", &l);
    tell_reported(s, &l);
}

static void tell_withdrawal(struct story *s, struct span by, int64_t version)
{
    struct entry e = {.kind = ENTRY_WITHDRAWAL, .at_ms = s->now_ms, .withdrawal = {.by = by, .version = version}};
    tell(s, &e, NULL);
}

static void lie_withdrawn_while_in_force(struct story *s)
{
    tell_withdrawal(s, SPAN("O1"), versions_newest(&s->fold.versions)->number);
}

static void lie_withdrawn_by_the_publisher(struct story *s)
{
    tell_terms_of(s, TERMS_PLAIN, s->now_ms + 100000, NULL);
    tell_withdrawal(s, SPAN("P1"), versions_newest(&s->fold.versions)->number);
}

static void lie_withdrawn_after_its_time(struct story *s)
{
    tell_terms_of(s, TERMS_PLAIN, s->now_ms + 100000, NULL);
    s->now_ms += 100000;
    tell_withdrawal(s, SPAN("O1"), versions_newest(&s->fold.versions)->number);
}

static void lie_withdrawn_and_decides(struct story *s)
{
    struct reported l;
    uint64_t click = tell_click(s, CLASS_OK);
    tell_terms_of(s, TERMS_PLAIN, s->now_ms + 100000, NULL);
    tell_withdrawal(s, SPAN("O1"), versions_newest(&s->fold.versions)->number);
    s->now_ms += 100000;
    fold_at(&s->fold, s->now_ms);
    report(s, click, 9, "{\"email\":\"p9@shop.example\"}", &l);
    tell_reported(s, &l);
}

static void lie_withdrawn_while_the_clock_waits(struct story *s)
{
    tell_terms_of(s, TERMS_PLAIN, s->now_ms + 1000000, NULL);
    struct entry_clock c = step_of(s, 60000);
    tell_clock(s, &c);
    tell_withdrawal(s, SPAN("O1"), versions_newest(&s->fold.versions)->number);
}

static void twist_over(struct entry_terms *t)
{
    t->effective_ms = 1;
}

static void lie_time_that_is_over(struct story *s)
{
    tell_terms_of(s, TERMS_PLAIN, 0, twist_over);
}

static void twist_back(struct entry_terms *t)
{
    t->effective_ms -= 50000;
}

static void lie_time_that_goes_back(struct story *s)
{
    tell_terms_of(s, TERMS_PLAIN, s->now_ms + 100000, NULL);
    tell_terms_of(s, TERMS_PLAIN, s->now_ms + 100001, twist_back);
}

static void lie_statement_tally(struct story *s)
{
    struct tally *t = &s->fold.period.tally;
    assert_int_equal(t->click_prices[0].unit_micros, 0);
    t->click_prices[0] = (struct priced_traffic){.unit_micros = 5000000, .n = 1};
    t->click_micros += 5000000;
    tell_statement(s);
}

static void lie_statement_carried(struct story *s)
{
    s->fold.period.carried_micros += 1;
    tell_statement(s);
}

static void lie_overdue(struct story *s)
{
    uint64_t click = tell_click(s, CLASS_OK);
    tell_lead(s, click, 8);
    s->now_ms += 15 * MS_PER_DAY;
    tell_statement(s);
}

static void lie_unpublished_head(struct story *s)
{
    struct tile_builder root = s->root;
    struct hash other = {{1}};
    size_t heads = story_file(s, "log/" CONTRACT "/heads")->len;
    tell_statement(s);
    s->root.frontier = root.frontier;
    s->root.width[0] = root.width[0];
    s->root_bundle.len -= 2 * (2 + HASH_LEN);
    story_file(s, "log/" CONTRACT "/heads")->len = heads;
    story_root_entry(s, &other);
    story_root_entry(s, &other);
}

static void assert_found(const struct lie *lies, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct story *s = story_long(0);
        struct told t;
        lies[i].tell(s);
        write_logs(s);
        if (verify(s, &t) != FAILS || verdict_of(&t, lies[i].check) != FAILS || verdict_of(&t, "tree") != HOLDS) {
            print(&t);
            fail_msg("%s: not found by %s", lies[i].what, lies[i].check);
        }
        story_free(s);
    }
}

static void signed_lies_are_found(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {"a lead refused without reason", "decisions", lie_lead},
        {"a view of no click", "entries", lie_view},
        {"a view with another placement than its click", "entries", lie_view_placement},
        {"an answer told again", "responses", lie_response},
        {"an answer that is older than the last", "responses", lie_older_response},
        {"an answer from before its statement", "responses", lie_early_response},
        {"an answer of the future", "responses", lie_late_response},
        {"a dispute about no line item", "responses", lie_no_line},
        {"a dispute that names no line and says no reason", "responses", lie_dispute_of_nothing},
        {"a dispute about a line item of the statement before", "responses", lie_line_of_the_statement_before},
        {"an answer of the other party", "responses", lie_anothers_response},
        {"an answer in another party's name", "responses", lie_response_said_by_another},
        {"an answer to another server", "responses", lie_response_to_another_server},
        {"a key that the one before did not sign", "entries", lie_key_without_the_old},
        {"a key that another signed", "entries", lie_key_signed_by_another},
        {"a key that was in force before", "entries", lie_key_of_before},
        {"a key of the server as a party's", "entries", lie_servers_key},
        {"a publisher approves its own lead", "decisions", lie_disposition_of_publisher},
        {"a disposition by nobody", "decisions", lie_disposition_by_nobody},
        {"an advertiser's disposition signed by the publisher", "decisions", lie_countersigned_by_publisher},
        {"a signed disposition of another lead", "decisions", lie_countersigned_for_another_lead},
        {"a signed disposition that says otherwise", "decisions", lie_countersigned_otherwise},
        {"an advertiser's signed approval used again after a return", "decisions", lie_countersigned_again},
        {"an approval signed before there was the lead", "decisions", lie_countersigned_long_before},
        {"the operator's word as signed by the advertiser", "decisions", lie_disposition_of_operator_as_signed},
        {"the operator's word by a postback key", "decisions", lie_disposition_of_operator_by_key},
        {"a disposition by a pixel", "decisions", lie_disposition_unsigned},
        {"an email not given, with its token", "decisions", lie_not_given},
        {"a malformed email with a token", "decisions", lie_bad},
        {"a good email called malformed", "decisions", lie_bad_without_token},
        {"a malformed phone that was not given", "decisions", lie_bad_not_given},
        {"a malformed email taken as good", "decisions", lie_malformed_taken},
        {"a name that was given and is not said", "decisions", lie_field_left_out},
        {"a good national phone called malformed", "decisions", lie_phone_bad},
        {"a phone of the campaign's own country called malformed", "decisions", lie_phone_bad_at_home},
        {"a disposable address that is none", "decisions", lie_disposable},
        {"a honeypot that nobody filled", "decisions", lie_honeypot},
        {"a filled honeypot overlooked", "decisions", lie_honeypot_overlooked},
        {"a fact kept from the price", "decisions", lie_hidden_fact},
        {"a fact kept from new terms", "decisions", lie_hidden_fact_after_terms},
        {"a lead by terms whose time has not come", "decisions", lie_before_its_time},
        {"terms that bind from a time that is over", "entries", lie_time_that_is_over},
        {"terms that bind before those in front of them", "entries", lie_time_that_goes_back},
        {"terms in force that are withdrawn", "entries", lie_withdrawn_while_in_force},
        {"terms that the publisher withdraws", "entries", lie_withdrawn_by_the_publisher},
        {"terms that are withdrawn once they bind", "entries", lie_withdrawn_after_its_time},
        {"a lead by terms that were withdrawn", "decisions", lie_withdrawn_and_decides},
        {"terms that are withdrawn while nobody had confirmed the clock", "entries",
         lie_withdrawn_while_the_clock_waits},
        {"a lead from a stranger", "decisions", lie_stranger},
        {"a lead from nobody", "decisions", lie_nobody},
        {"a lead from whom the terms do not take any", "decisions", lie_not_accepted},
        {"a lead that nobody signed", "decisions", lie_unsigned},
        {"a lead by pixel where they are off", "decisions", lie_pixel},
        {"a click that was not recorded, which no gap in front covers", "decisions", lie_unrecorded},
        {"a lead taken back by the operator", "decisions", lie_reinstated_by_the_operator},
        {"a lead taken back beside another of its person", "decisions", lie_reinstated_beside_another},
        {"a click dated into a closed period", "entries", lie_backdated},
        {"a statement dated into a closed period", "entries", lie_backdated_statement},
        {"a click dated before the entry in front of it", "entries", lie_before_the_last},
        {"an entry dated later than the clock and the entry in front of it", "entries", lie_dated_later},
        {"traffic that never was", "statements", lie_statement_tally},
        {"a remainder that is not carried", "statements", lie_statement_carried},
        {"an approval kept back", "decisions", lie_overdue},
        {"a head shown to nobody else", "heads", lie_unpublished_head},
    };
    assert_found(lies, sizeof lies / sizeof lies[0]);
}

static void lies_about_the_clock_are_found(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {"a step of the clock taken back", "entries", lie_fewer_steps},
        {"a step of the clock that no entry tells", "entries", lie_step_untold},
        {"a step of the clock that is none", "entries", lie_step_too_small},
        {"a large step of the clock without a word", "entries", lie_large_step_that_asks_nobody},
        {"a small step of the clock that waits for a word", "entries", lie_small_step_that_waits},
        {"a clock that nobody confirms", "entries", lie_nobody_confirms},
        {"a clock that is sure again by more steps alone", "entries", lie_several_steps_make_it_sure},
        {"a step before the log began, told behind its second entry", "entries", lie_step_of_before_the_log},
        {"a clock that is confirmed ahead", "entries", lie_confirmed_ahead},
        {"a clock that was sure and is confirmed", "entries", lie_confirmed_twice},
        {"a step of the clock from a time that was over", "entries", lie_step_of_before},
        {"a step of the clock smaller than what it dates back", "entries", lie_step_of_half},
        {"a statement while nobody had confirmed the clock", "entries", lie_statement_of_an_unsure_clock},
    };
    assert_found(lies, sizeof lies / sizeof lies[0]);
}

static void assert_verdict(struct story *s, enum verdict verdict, const char *check, const char *part)
{
    struct told t;
    if (verify(s, &t) != verdict) {
        print(&t);
        fail_msg("%s", verdict == HOLDS ? "an honest mirror must hold" : "a lie goes by");
    }
    for (size_t i = 0; i < t.n; i++)
        if (strcmp(t.check[i], check) == 0 && strstr(t.sentence[i], part) == NULL)
            fail_msg("%s says \"%s\", without \"%s\"", check, t.sentence[i], part);
}

static void assert_says(struct story *s, const char *check, const char *part)
{
    assert_verdict(s, HOLDS, check, part);
}

/* Odd leads that the server does write. */
static void odd_leads_that_the_server_writes_hold(void **state)
{
    (void)state;
    static const struct {
        const char *what, *contact;
        int person;
        unsigned given, bad;
        bool honeypot, without_contact;
        const char *fact, *value;
        bool digits; /* of a phone that does not read */
    } odd[] = {
        {"blank fields", "{\"email\":\"p9@shop.example\",\"first_name\":\" \\t\",\"phone\":\" \"}", 9, CONTACT_EMAIL,
         .fact = NULL},
        {"malformed fields", "{\"email\":\"p9\",\"phone\":\"99 9999 9999 9999\"}", 0, CONTACT_EMAIL | CONTACT_PHONE,
         CONTACT_EMAIL | CONTACT_PHONE, .digits = true},
        {"a phone that does not read", "{\"email\":\"p9@shop.example\",\"phone\":\"99 9999 9999 9999\"}", 9,
         CONTACT_EMAIL | CONTACT_PHONE, CONTACT_PHONE, .digits = true},
        {"a phone without digits", "{\"email\":\"p9@shop.example\",\"phone\":\"call me\"}", 9,
         CONTACT_EMAIL | CONTACT_PHONE, CONTACT_PHONE},
        {"a phone that does not read, unseen", "{\"email\":\"p9@shop.example\",\"phone\":\"99 9999 9999 9999\"}", 9,
         CONTACT_EMAIL | CONTACT_PHONE, CONTACT_PHONE, .digits = true, .without_contact = true},
        {"a blank honeypot", "{\"email\":\"p9@shop.example\",\"f_url\":\" \"}", 9, CONTACT_EMAIL, .fact = NULL},
        {"a filled honeypot", "{\"email\":\"p9@shop.example\",\"f_url\":\"x\"}", 9, CONTACT_EMAIL, .honeypot = true},
        {"a filled honeypot, unseen", "{\"email\":\"p9@shop.example\",\"f_url\":\"x\"}", 9, CONTACT_EMAIL,
         .honeypot = true, .without_contact = true},
        {"a field that nothing looks at", "{\"email\":\"p9@shop.example\",\"f_note\":\"x\"}", 9, CONTACT_EMAIL,
         .fact = NULL},
        {"a fact that another contract looks at", GOOD_EMAIL, 9, CONTACT_EMAIL, .fact = "f_other", .value = "x"},
        {"an unseen name", GOOD_EMAIL, 9, CONTACT_EMAIL | CONTACT_LAST_NAME, .without_contact = true},
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct story *s = story_short();
        struct reported l;
        report(s, tell_click(s, CLASS_OK), odd[i].person, odd[i].contact, &l);
        l.r.given = odd[i].given;
        l.r.bad = odd[i].bad;
        l.r.honeypot = odd[i].honeypot;
        l.without_contact = odd[i].without_contact;
        l.r.has_phone = l.priv.has_phone = odd[i].digits;
        if (odd[i].fact != NULL)
            l.r.facts[l.r.n_facts++] = (struct fact){span_str(odd[i].fact), span_str(odd[i].value)};
        tell_reported(s, &l);
        write_logs(s);
        print_message("%s\n", odd[i].what);
        assert_holds(s);
        story_free(s);
    }
}

/* A lead that arrived while the terms were changed was read under the old ones. */
static void a_lead_across_new_terms_holds(void **state)
{
    (void)state;
    struct story *s = story_short();
    struct reported l;
    uint64_t click = tell_click(s, CLASS_OK);
    tell_terms(s, "{'require':['email','f_new'],'honeypot':'f_trap'}");
    tell_terms(s, "{'require':['email','f_new','f_newer'],'honeypot':'f_trap'}");
    report(s, click, 9, "{\"email\":\"p9@shop.example\",\"f_new\":\"1\",\"f_newer\":\"1\",\"f_trap\":\"1\"}", &l);
    tell_reported(s, &l);
    write_logs(s);
    assert_holds(s);
    story_free(s);
}

static void a_version_binds_from_its_time_on(void **state)
{
    (void)state;
    struct story *s = story_short();
    struct reported l;
    uint64_t click = tell_click(s, CLASS_OK);
    tell_terms_of(s, "{'require':['email','f_new'],'honeypot':'f_trap'}", s->now_ms + 4500, NULL);
    for (int i = 0; i < 8; i++) {
        report(s, click, 20 + i, i == 0 ? "{\"email\":\"p20@shop.example\"}" : "{\"email\":\"p@shop.example\"}", &l);
        l.without_contact = i > 0;
        tell_reported(s, &l);
        if (i == 2)
            tell_terms_of(s, "{'require':['email','f_newer'],'honeypot':'f_trap'}", s->now_ms + 3500, NULL);
    }
    write_logs(s);
    assert_holds(s);
    story_free(s);
}

static void twist_rules(struct entry_terms *t)
{
    t->rules = 7;
}

/* Nobody's guilt: a newer program made them. */
static void terms_of_rules_that_are_not_known_cannot_be_told(void **state)
{
    (void)state;
    static const char *const checks[] = {"entries", "decisions"};
    struct story *s = story_short();
    struct told t;
    tell_terms_of(s, TERMS_PLAIN, 0, twist_rules);
    tell_click(s, CLASS_OK);
    write_logs(s);
    assert_int_equal(verify(s, &t), CANNOT_TELL);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(verdict_of(&t, checks[i]), CANNOT_TELL);
    assert_int_equal(verdict_of(&t, "tree"), HOLDS);
    for (size_t i = 0; i < t.n; i++)
        if (strcmp(t.check[i], "entries") == 0)
            assert_non_null(strstr(t.sentence[i], "a version of countersign that knows rules 7"));
    story_free(s);
}

static void an_entry_at_the_time_before_it_holds(void **state)
{
    (void)state;
    struct story *s = story_long(0);
    s->now_ms = s->fold.last_ms;
    uint64_t click = tell_click(s, CLASS_OK);
    struct entry behind = {.kind = ENTRY_VIEW,
                           .at_ms = s->fold.last_ms,
                           .clocked_ms = s->fold.last_ms - 5000,
                           .view = {.placement = 1, .has_click = true, .click = click}};
    tell(s, &behind, NULL);
    struct reported l; /* of the click, after a step */
    report(s, click, 9, "{\"email\":\"p9@shop.example\"}", &l);
    l.r.clock_steps = 1;
    l.r.clock_unsure = true;
    const struct entry_clock ahead = step_of(s, 400 * MS_PER_DAY);
    tell_clock(s, &ahead);
    tell_reported(s, &l);
    tell_clock(s, &(struct entry_clock){.steps = 1, .by = SPAN("O1"), .confirmed_ms = s->now_ms});
    const struct entry_clock back = {.steps = 3, /* two of them, of which one was small */
                                     .from_ms = s->now_ms,
                                     .to_ms = s->now_ms - 400 * MS_PER_DAY,
                                     .by = SPAN("O1"),
                                     .confirmed_ms = s->now_ms - 400 * MS_PER_DAY};
    struct entry e = {.kind = ENTRY_CLOCK, .at_ms = s->fold.last_ms, .clocked_ms = back.to_ms, .clock = back};
    tell(s, &e, NULL);
    s->now_ms = back.to_ms;
    e = (struct entry){.kind = ENTRY_CLICK,
                       .at_ms = s->fold.last_ms,
                       .clocked_ms = s->now_ms,
                       .click = {.placement = 1, .clock_steps = 3}};
    tell(s, &e, NULL);
    write_logs(s);
    assert_holds(s);
    story_free(s);
}

static void several_steps_at_once_leave_an_unsure_clock_unsure_until_it_is_confirmed(void **state)
{
    (void)state;
    struct story *s = story_long(0);
    struct entry_clock c = step_of(s, 60000);
    tell_clock(s, &c);
    c = step_of(s, 5000);
    c.steps = 3;
    c.unsure = true;
    tell_clock(s, &c);
    tell_click_of(s, 3);
    c = step_of(s, -1);
    c.steps = 5;
    c.by = SPAN("O1");
    c.confirmed_ms = s->now_ms;
    tell_clock(s, &c);
    tell_click_of(s, 5);
    write_logs(s);
    assert_holds(s);
    story_free(s);
}

static void dispositions_of_the_operator_are_counted(void **state)
{
    (void)state;
    struct story *s = story_long(0);
    tell_disposition_by(s, tell_lead(s, tell_click(s, CLASS_OK), 9), STATUS_REJECTED, "O1", TRUST_API);
    tell_disposition_by(s, tell_lead(s, tell_click(s, CLASS_OK), 10), STATUS_APPROVED, "O1", TRUST_API);
    tell_disposition_by(s, tell_lead(s, tell_click(s, CLASS_OK), 11), STATUS_REJECTED, "A1", TRUST_KEY);
    write_logs(s);
    assert_says(s, "decisions", "; 2 dispositions by the operator O1, not by the advertiser");
    story_free(s);
}

/* Who answers with which key, and that it is a new one: a key put into the log for a moment cannot answer unseen. */
static void answering_keys_are_named(void **state)
{
    (void)state;
    struct story *s = story_long(0);
    struct signer *own = s->party_key[1], *forged = signer_new((const uint8_t *)"a key that is not P1's..........");
    char kid[3][JWK_KID_LEN + 1] = {""};
    jwk_kid(signer_public(s->party_key[0]), kid[0]);
    jwk_kid(signer_public(own), kid[1]);
    jwk_kid(signer_public(forged), kid[2]);
    tell_statement(s);
    s->party_key[1] = forged;
    tell_key(s, 1);
    tell_response(s, 1);
    s->party_key[1] = own;
    tell_key(s, 1);
    write_logs(s);
    for (int i = 0; i < 3; i++)
        assert_says(s, "responses", kid[i]);
    char change[80];
    snprintf(change, sizeof change, "; the key of P1 changed 2 times, last at entry %llu",
             (unsigned long long)s->n - 1);
    assert_says(s, "responses", change);
    signer_free(forged);
    story_free(s);
}

/* ---- the server's own keys ---- */

enum key_lie {
    KEYS_HONEST,
    KEYS_HEAD_BY_THE_STOLEN,
    KEYS_HEAD_BY_THE_STOLEN_TOO,
    KEYS_ROOT_HEAD_BY_THE_STOLEN,
    KEYS_DUAL_HEAD_BY_THE_NEW_ALONE,
    KEYS_STATEMENT_BY_THE_RETIRED,
    KEYS_STATEMENT_TOO_EARLY,
    KEYS_NOT_CERTIFIED,
    KEYS_NOT_PUBLISHED,
    KEYS_NOT_IN_THE_ROOT_LOG,
    KEYS_COME_BACK,
    KEYS_TAKEN_AT_ONCE,
    KEYS_SEEN_BY_THE_NEW,
    KEYS_THAT_CHANGE_NOTHING,
    KEY_LIES
};

/* The note over the present tree as an earlier pull kept it. */
static void keep_seen(struct story *s)
{
    char path[64];
    snprintf(path, sizeof path, "log/" CONTRACT "/seen/%llu", (unsigned long long)s->n);
    struct checkpoint c = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = s->n};
    frontier_root(&s->tree.frontier, &c.root);
    story_sign(s, story_file(s, path), &c);
}

static void tell_more(struct story *s)
{
    tell_disposition(s, tell_lead(s, tell_click(s, CLASS_OK), (int)s->n), STATUS_APPROVED);
    tell_statement(s);
}

/* A rotation, to its end, and then keys that were stolen: with a statement before, between and after, and each head in
 * between seen; one thing of it is a lie. */
static struct story *keys_told(enum key_lie lie)
{
    struct story *s = story_open();
    struct signer *log[3], *statement[3], *forged = signer_new((const uint8_t *)"a key that is nobody's..........");
    log[0] = s->log_key;
    statement[0] = s->statement_key;
    if (lie == KEYS_SEEN_BY_THE_NEW)
        s->log_key = forged;
    keep_seen(s);
    s->log_key = log[0];
    tell_more(s);
    keep_seen(s); /* the last tree without their entry */

    new_server_keys(s, "second");
    log[1] = s->log_key;
    statement[1] = s->statement_key;
    if (lie == KEYS_STATEMENT_TOO_EARLY)
        tell_more(s);
    s->n_log_pubs -= lie == KEYS_NOT_PUBLISHED;
    s->log_key_too = lie == KEYS_TAKEN_AT_ONCE ? NULL : log[0];
    tell_server_keys(s, false, lie == KEYS_NOT_CERTIFIED ? forged : log[0]);
    if (lie == KEYS_DUAL_HEAD_BY_THE_NEW_ALONE)
        s->log_key_too = NULL;
    keep_seen(s);
    s->log_key_too = lie == KEYS_TAKEN_AT_ONCE ? NULL : log[0];
    tell_more(s);
    s->log_key_too = NULL;
    tell_server_keys(s, false, NULL);
    tell_server_keys(s, lie != KEYS_THAT_CHANGE_NOTHING, NULL);
    keep_seen(s);
    if (lie == KEYS_STATEMENT_BY_THE_RETIRED)
        s->statement_key = statement[0];
    tell_more(s);

    new_server_keys(s, "third");
    log[2] = s->log_key;
    statement[2] = s->statement_key;
    if (lie == KEYS_COME_BACK) {
        s->log_key = log[0];
        s->statement_key = statement[0];
    }
    s->root_off = lie == KEYS_NOT_IN_THE_ROOT_LOG;
    tell_server_keys(s, true, log[1]);
    keep_seen(s);
    tell_more(s);
    struct signer *now = s->log_key;
    if (lie == KEYS_HEAD_BY_THE_STOLEN)
        s->log_key = log[1];
    if (lie == KEYS_HEAD_BY_THE_STOLEN_TOO)
        s->log_key_too = log[1];
    write_logs(s);
    if (lie == KEYS_ROOT_HEAD_BY_THE_STOLEN) {
        struct checkpoint root = {.origin = SPAN(ORIGIN "/log"), .size = s->root.frontier.size};
        frontier_root(&s->root.frontier, &root.root);
        buf_clear(story_file(s, "log/checkpoint"));
        checkpoint_sign(story_file(s, "log/checkpoint"), &root, log[1]);
    }
    s->log_key = now;
    for (int i = 0; i < 3; i++) {
        if (log[i] != s->log_key)
            signer_free(log[i]);
        if (statement[i] != s->statement_key)
            signer_free(statement[i]);
    }
    signer_free(forged);
    return s;
}

static void the_servers_keys_are_valid_from_entry_to_entry(void **state)
{
    (void)state;
    struct story *s = keys_told(KEYS_HONEST);
    assert_holds(s);
    assert_says(s, "keys", "(valid from entry 0, retired at entry 7, reported stolen at entry 13)");
    assert_says(s, "keys", "(valid from entry 7, reported stolen at entry 18)");
    assert_says(s, "keys", "(valid from entry 0, retired at entry 12, reported stolen at entry 13)");
    assert_says(s, "keys", "(valid from entry 18 on)");
    story_free(s);
}

static void what_keys_sign_out_of_their_time_fails(void **state)
{
    (void)state;
    static const struct {
        const char *check, *part;
    } told[KEY_LIES] = {
        [KEYS_HEAD_BY_THE_STOLEN] = {"checkpoint", "log/C1/checkpoint is not signed by just the keys"},
        [KEYS_HEAD_BY_THE_STOLEN_TOO] = {"checkpoint", "log/C1/checkpoint is not signed by just the keys"},
        [KEYS_ROOT_HEAD_BY_THE_STOLEN] = {"rootlog", "log/checkpoint is not signed by just the keys"},
        [KEYS_DUAL_HEAD_BY_THE_NEW_ALONE] = {"history", "log/C1/seen/8 is not signed by just the keys"},
        [KEYS_STATEMENT_BY_THE_RETIRED] = {"statements", "which does not sign there"},
        [KEYS_STATEMENT_TOO_EARLY] = {"statements", "which does not sign there"},
        [KEYS_NOT_CERTIFIED] = {"keys", "gives the server keys that the key before them did not sign"},
        [KEYS_NOT_PUBLISHED] = {"keys", "gives the server a key that is not published"},
        [KEYS_NOT_IN_THE_ROOT_LOG] = {"keys", "of which the root log says nothing"},
        [KEYS_COME_BACK] = {"keys", "brings back a key that was retired"},
        [KEYS_TAKEN_AT_ONCE] = {"keys", "gives the server keys that do not follow"},
        [KEYS_SEEN_BY_THE_NEW] = {"history", "is not signed"},
        [KEYS_THAT_CHANGE_NOTHING] = {"keys", "gives the server keys that do not follow"},
    };
    for (enum key_lie lie = KEYS_HONEST + 1; lie < KEY_LIES; lie++) {
        struct story *s = keys_told(lie);
        assert_verdict(s, FAILS, told[lie].check, told[lie].part);
        story_free(s);
    }
}

/* ---- two histories under one root log ---- */

/* The head of another history, of `size` entries, among the leaves of the root log. */
static void other_head(const struct story *s, uint64_t size, struct signer *by, struct buf *note)
{
    struct checkpoint c = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = size, .root = {{9}}};
    buf_clear(note);
    checkpoint_sign(note, &c, by != NULL ? by : s->log_key);
}

enum head_lie {
    HEADS_HONEST,
    HEADS_OF_TWO_HISTORIES,       /* and the second is shown to us */
    HEADS_OF_TWO_ONE_HIDDEN,      /* it is not */
    HEADS_OF_TWO_ONE_CUT_FORWARD, /* its head is of more entries than ours has: it is told when ours has them */
    HEADS_UNDER_ANOTHERS_TAG,     /* our statement's head is not under our tag */
    HEADS_THAT_SHRINK,
    HEADS_IN_ANOTHER_ORDER,
    HEADS_OF_ANOTHER_NOTE,
    HEADS_OF_NO_PAIR,
    HEADS_BY_ANOTHER_KEY,
    HEADS_PAST_THE_ROOT_LOG,
    HEADS_OF_KEYS_THAT_WE_DO_NOT_KNOW,
    HEAD_LIES
};

static void hide_last_head(struct story *s)
{
    struct buf *heads = story_file(s, "log/" CONTRACT "/heads");
    heads->len--;
    while (heads->len > 0 && heads->ptr[heads->len - 1] != '\n')
        heads->len--;
}

static struct story *heads_told(enum head_lie lie)
{
    struct story *s = story_short();
    struct signer *forged = signer_new((const uint8_t *)"a key that is nobody's..........");
    struct buf note, *heads = story_file(s, "log/" CONTRACT "/heads");
    const char *own = ORIGIN "/log/" CONTRACT;
    struct hash half = {{3}};
    buf_heap(&note);
    other_head(s, s->n, lie == HEADS_BY_ANOTHER_KEY ? forged : NULL, &note);
    if (lie == HEADS_OF_TWO_HISTORIES || lie == HEADS_OF_TWO_ONE_HIDDEN || lie == HEADS_BY_ANOTHER_KEY)
        story_root_leaf(s, own, buf_span(&note));
    if (lie == HEADS_OF_TWO_ONE_HIDDEN)
        hide_last_head(s);
    if (lie == HEADS_HONEST || lie == HEADS_UNDER_ANOTHERS_TAG)
        story_root_leaf(s, ORIGIN "/log/C0", buf_span(&note)); /* nobody asks whose it is */
    tell_more(s);
    if (lie == HEADS_OF_TWO_ONE_CUT_FORWARD) {
        other_head(s, s->n + 100, NULL, &note);
        story_root_leaf(s, own, buf_span(&note));
    }
    if (lie == HEADS_THAT_SHRINK) {
        other_head(s, 3, NULL, &note);
        story_root_leaf(s, own, buf_span(&note));
    }
    if (lie == HEADS_IN_ANOTHER_ORDER) {
        char *second = (char *)memchr(heads->ptr, '\n', heads->len) + 1;
        size_t first_len = (size_t)(second - heads->ptr);
        buf_room(heads, first_len);
        buf_add(heads, heads->ptr, first_len);
        memmove(heads->ptr, heads->ptr + first_len, heads->len -= first_len);
    }
    if (lie == HEADS_OF_ANOTHER_NOTE) {
        struct checkpoint now = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = s->n};
        frontier_root(&s->tree.frontier, &now.root);
        hide_last_head(s);
        buf_clear(&note);
        checkpoint_sign(&note, &now, s->log_key);
        root_head_write(heads, s->root.frontier.size - ROOT_PAIR, buf_span(&note));
        buf_byte(heads, '\n');
    }
    if (lie == HEADS_PAST_THE_ROOT_LOG) {
        other_head(s, s->n + 1, NULL, &note);
        root_head_write(heads, s->root.frontier.size, buf_span(&note));
        buf_byte(heads, '\n');
    }
    if (lie == HEADS_OF_NO_PAIR)
        story_root_entry(s, &half);
    if (lie == HEADS_OF_KEYS_THAT_WE_DO_NOT_KNOW)
        story_root_leaf(s, ORIGIN "/log", SPAN("a word that this log does not have"));
    if (lie == HEADS_UNDER_ANOTHERS_TAG) {
        struct tile_builder root = s->root;
        tell_statement(s);
        hide_last_head(s);
        s->root.frontier = root.frontier;
        s->root.width[0] = root.width[0];
        s->root_bundle.len -= 2 * (2 + HASH_LEN);
        story_root_leaf(s, ORIGIN "/log/C0", buf_span(story_file(s, "v1/statements/S3/checkpoint")));
    }
    write_logs(s);
    buf_free(&note);
    signer_free(forged);
    return s;
}

static void two_histories_under_one_root_log_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *check, *part;
    } told[HEAD_LIES] = {
        [HEADS_OF_TWO_HISTORIES] = {"heads", "the operator published another history of this contract at leaf 2 of the "
                                             "root log"},
        [HEADS_OF_TWO_ONE_HIDDEN] = {"heads", "the operator published another history of this contract at leaf 2 of "
                                              "the root log: a head under this log's tag"},
        [HEADS_UNDER_ANOTHERS_TAG] = {"heads", "the head of statement SH7GF7JY39WFC is not in the root log"},
        [HEADS_THAT_SHRINK] = {"heads", "the operator published another history of this contract at leaf 4"},
        [HEADS_IN_ANOTHER_ORDER] = {"heads", "not behind the one before it"},
        [HEADS_OF_ANOTHER_NOTE] = {"heads", "log/C1/heads shows a head that is not leaf 2 of the root log"},
        [HEADS_OF_NO_PAIR] = {"rootlog", "they come in pairs"},
        [HEADS_BY_ANOTHER_KEY] = {"heads", "another history of this contract at leaf 2"},
        [HEADS_PAST_THE_ROOT_LOG] = {"heads", "shows a head at leaf 4, and the root log has 4 entries"},
        [HEADS_OF_KEYS_THAT_WE_DO_NOT_KNOW] = {"keys", "a change of the server's keys that this log does not have"},
    };
    struct story *s = heads_told(HEADS_HONEST);
    assert_holds(s);
    assert_says(s, "heads", "2 closed heads signed and in the root log, which holds 2 of this log");
    story_free(s);
    s = heads_told(HEADS_OF_TWO_ONE_CUT_FORWARD);
    assert_holds(s);
    assert_says(s, "heads", "the log goes on to");
    story_free(s);
    for (enum head_lie lie = HEADS_HONEST + 1; lie < HEAD_LIES; lie++) {
        if (told[lie].check == NULL)
            continue;
        s = heads_told(lie);
        assert_verdict(s, FAILS, told[lie].check, told[lie].part);
        story_free(s);
    }
}

/* One under which anybody signs, one of no point, and one that would let a party answer for the other. */
static void keys_of_nobody_and_of_others_are_refused(void **state)
{
    (void)state;
    const uint8_t neutral[ED25519_KEY_LEN] = {1}, none[ED25519_KEY_LEN] = {2};
    struct story *other = story_long(0);
    uint8_t anothers[ED25519_KEY_LEN];
    memcpy(anothers, signer_public(other->party_key[0]), sizeof anothers);
    story_free(other);
    const uint8_t *const keys[] = {neutral, none, anothers};
    const char *const says[] = {"gives a party a key that is none", "gives a party a key that is none",
                                "gives a party the key of another"};
    for (int i = 0; i < (int)(sizeof keys / sizeof *keys); i++) {
        struct story *s = story_long(0);
        struct entry e = {.kind = ENTRY_KEY, .at_ms = s->now_ms, .key = {.party = SPAN("P1")}};
        memcpy(e.key.pub, keys[i], sizeof e.key.pub);
        tell(s, &e, NULL);
        write_logs(s);
        assert_verdict(s, FAILS, "entries", says[i]);
        story_free(s);
    }
}

/* A disk that fails: at the n-th read or list of an audit, then once or for good; before anything was read, or after a
 * part of it. */
struct faulty {
    struct story *story;
    unsigned until, seen; /* calls before the fault; calls so far */
    bool for_good, after_a_part;
    enum err err; /* ERR_CONFLICT: what was a file is a link now */
};

static bool fails_now(struct faulty *f)
{
    unsigned n = f->seen++;
    return n == f->until || (f->for_good && n > f->until);
}

static enum err faulty_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    struct faulty *f = ctx;
    size_t before = out->len;
    bool fails = fails_now(f);
    enum err err = story_read(f->story, path, offset, max, out);
    if (fails)
        out->len = before + (f->after_a_part ? (out->len - before) / 2 : 0);
    return fails ? f->err : err;
}

struct told_in_part {
    void (*each)(void *arg, const char *path);
    void *arg;
    unsigned left;
};

static void tell_in_part(void *arg, const char *path)
{
    struct told_in_part *t = arg;
    if (t->left > 0) {
        t->left--;
        t->each(t->arg, path);
    }
}

static enum err faulty_list(void *ctx, void (*each)(void *arg, const char *path), void *arg)
{
    struct faulty *f = ctx;
    bool fails = fails_now(f);
    struct told_in_part part = {each, arg, fails ? (f->after_a_part ? 3 : 0) : UINT_MAX};
    enum err err = story_list(f->story, tell_in_part, &part);
    return fails ? f->err : err;
}

static void a_failing_disk_is_nobodys_guilt(void **state)
{
    (void)state;
    struct story *s = written(story_long(300)); /* of which bundles are read again, for the clicks of leads and views */
    for (unsigned kind = 0; kind < 6; kind++) {
        struct faulty f = {
            .story = s, .for_good = kind & 1, .after_a_part = kind & 2, .err = kind & 4 ? ERR_CONFLICT : ERR_IO};
        for (;; f.until++) {
            struct mirror m = {.read = faulty_read, .list = faulty_list, .ctx = &f};
            struct told t = {.n = 0};
            f.seen = 0;
            enum verdict v = verify_mirror(&m, NULL, take, &t);
            if (f.seen <= f.until) {
                assert_int_equal(v, HOLDS);
                break;
            }
            if (v != CANNOT_TELL) {
                print(&t);
                fail_msg("a disk that fails at call %u (kind %u) proves nothing, and not all can hold", f.until, kind);
            }
        }
        assert_in_range(f.until, 20, 10000);
    }
    story_free(s);
}

/* What is longer than it can have been made is known before all of it is read. */
static size_t asked_most;

static enum err counting_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    if (max > asked_most)
        asked_most = max;
    return story_read(ctx, path, offset, max, out);
}

static void no_file_is_read_beyond_what_it_can_have(void **state)
{
    (void)state;
    struct story *s = written(story_long(300));
    struct mirror m = {.read = counting_read, .list = story_list, .ctx = s};
    struct told t = {.n = 0};
    assert_int_equal(verify_mirror(&m, NULL, take, &t), HOLDS);
    assert_in_range(asked_most, 1, 2 * TILE_WIDTH * (2 + UINT16_MAX));
    for (size_t f = 0; f < s->n_files; f++) {
        struct buf *b = &s->file[f].bytes;
        size_t len = b->len;
        for (size_t i = 0; i < LIMIT_OPENING + 1; i++)
            buf_byte(b, 'x');
        if (verify(s, &t) != FAILS) {
            print(&t);
            fail_msg("%s with a tail of %d bytes was not refused", s->file[f].path, LIMIT_OPENING + 1);
        }
        b->len = len;
    }
    story_free(s);
}

static void lie_late(struct story *s)
{
    s->now_ms = JSON_INT_MAX;
    tell_click(s, CLASS_OK);
}

/* Numbers that fit an entry, and nothing that follows of it. */
static void numbers_beyond_all_bounds_are_findings(void **state)
{
    (void)state;
    static const struct lie lies[] = {{"a time past all calendars", "entries", lie_late}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct story *s = story_long(0);
        struct told t;
        lies[i].tell(s);
        write_logs(s);
        if (verify(s, &t) != FAILS || verdict_of(&t, lies[i].check) != FAILS) {
            print(&t);
            fail_msg("%s: not found by %s", lies[i].what, lies[i].check);
        }
        story_free(s);
    }
}

/* Sales of which one statement holds one alone. */
static void outgrow(struct story *s)
{
    uint64_t click = tell_click(s, CLASS_OK), lead[3];
    for (int i = 0; i < 3; i++)
        lead[i] = tell_lead(s, click, 100 + i);
    for (int i = 0; i < 3; i++)
        tell_sale(s, lead[i], 5000000000000000 + i);
    tell_disposition(s, lead[0], STATUS_RETURNED);
}

static void a_log_that_outgrows_a_statement_is_settled_by_several(void **state)
{
    (void)state;
    struct story *s = story_long(0);
    struct told t;
    uint64_t cuts = 0;
    outgrow(s);
    for (uint64_t open = rows_map_count(s->world.rows, ROW_CUTS); open > 0; cuts++) {
        uint64_t from = s->fold.period.from;
        tell_statement(s);
        assert_true(s->fold.period.from > from && s->fold.period.from < s->n - 1);
        assert_int_equal(rows_map_count(s->world.rows, ROW_CUTS), --open);
    }
    assert_int_equal(cuts, 3); /* in front of two of the sales, and the return */
    tell_statement(s);
    assert_int_equal(s->fold.period.from, s->n - 1);
    write_logs(s);
    if (verify(s, &t) != HOLDS) {
        print(&t);
        fail_msg("it does not hold");
    }
    story_free(s);
}

static void end_here(struct story *s, int64_t next_ms)
{
    period_mark(&s->fold.period, s->n, &s->tree.frontier, next_ms);
    s->ends = s->n;
}

/* A second goes by between what it closes and what it leaves open. */
static void tell_two_periods(struct story *s)
{
    uint64_t lead = tell_lead(s, tell_click(s, CLASS_OK), 100);
    s->now_ms += 1000;
    end_here(s, s->now_ms);
    tell_sale(s, lead, 5000000000000000);
    s->now_ms += 1000;
    tell_statement(s);
}

/* Says that it ends behind a sale that it leaves open. */
static void lie_short(struct story *s)
{
    uint64_t lead = tell_lead(s, tell_click(s, CLASS_OK), 100);
    end_here(s, s->now_ms + 10000);
    tell_sale(s, lead, 5000000000000000);
    s->now_ms += 1000;
    tell_statement(s);
}

/* Goes on over a cut. */
static void lie_long(struct story *s)
{
    struct row_ops gone = {.n = 1, .op = {{.table = ROW_CUTS, .del = true, .key_len = CUT_KEY_LEN}}};
    struct cut cut;
    uint64_t lead = tell_lead(s, tell_click(s, CLASS_OK), 100);
    tell_sale(s, lead, 5000000000000000);
    tell_disposition(s, lead, STATUS_RETURNED); /* all sums are within the range, but for their way there */
    assert_ok(row_cut(&s->view, 1, s->fold.period.from, &cut));
    row_index_key(gone.op[0].key, 1, cut.to);
    rows_map_write(s->world.rows, &gone);
    s->fold.period.tally.moves += cut.tally.moves;
    tell_statement(s);
}

static void a_statement_closes_what_came_before_its_time(void **state)
{
    (void)state;
    struct story *s = story_open();
    struct told t;
    tell_two_periods(s);
    s->ends = 0;
    tell_statement(s);
    write_logs(s);
    if (verify(s, &t) != HOLDS) {
        print(&t);
        fail_msg("it must hold");
    }
    story_free(s);
}

static void a_statement_that_ends_elsewhere_is_a_finding(void **state)
{
    (void)state;
    static const struct lie lies[] = {{"a prefix that could be longer", "statements", lie_short},
                                      {"more than fits", "statements", lie_long}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct story *s = story_open();
        struct told t;
        lies[i].tell(s);
        write_logs(s);
        if (verify(s, &t) != FAILS || verdict_of(&t, lies[i].check) != FAILS) {
            print(&t);
            fail_msg("%s: not found by %s", lies[i].what, lies[i].check);
        }
        story_free(s);
    }
}

/* ---- periods that end by themselves ---- */

enum { HOUR = 60, DAY = 24 * HOUR }; /* in minutes */

/* What comes, a click, a statement, an answer of either party, and how far from the end of a week and month; and what
 * is told of it. */
static const struct {
    const char *what, *settle;
    struct {
        char what;
        int minutes;
    } come[5];
    const char *told;
} periods[] = {
    {"a month's end is skipped", "monthly", {{'c', -5 * DAY}, {'c', 30 * HOUR}, {'c', 30 * HOUR + 11}}, "no statement"},
    {"a week's end is skipped", "weekly", {{'c', -5 * DAY}, {'c', 30 * HOUR}, {'c', 30 * HOUR + 11}}, "no statement"},
    {"the next one too",
     "weekly",
     {{'c', -5 * DAY}, {'s', 1}, {'c', HOUR}, {'c', 9 * DAY}, {'c', 10 * DAY}},
     "no state"},
    {"it closes more", "monthly", {{'c', -5 * DAY}, {'s', 3 * DAY}}, "goes on to"},
    {"the operator chooses", "manual", {{'c', -5 * DAY}, {'c', 30 * HOUR}, {'c', 30 * HOUR + 11}}, NULL},
    {"it is closed", "monthly", {{'c', -5 * DAY}, {'s', 1}, {'c', 30 * HOUR}, {'c', 30 * HOUR + 11}}, NULL},
    {"it is a month, no week", "monthly", {{'c', -12 * DAY}, {'c', -4 * DAY}, {'c', -3 * DAY}, {'s', 1}}, NULL},
    {"it was closed before", "weekly", {{'c', -5 * DAY}, {'s', -4 * DAY}, {'1', 2 * DAY}, {'2', 3 * DAY}}, NULL},
    {"the server was off until then", "monthly", {{'c', -5 * DAY}, {'c', 30 * HOUR}, {'c', 30 * HOUR + 5}}, NULL},
    {"in some zone it is over", "monthly", {{'c', -12 * HOUR}, {'c', 30 * HOUR}, {'c', 30 * HOUR + 11}}, NULL},
    {"in some zone it is not over", "weekly", {{'c', -5 * DAY}, {'c', 20 * HOUR}, {'c', 20 * HOUR + 11}}, NULL},
};

static void periods_that_the_terms_end_and_nobody_closed_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        struct story *s = story_open();
        struct told t;
        const char *told = NULL, *hidden = NULL;
        tell_statement(s);
        s->settle = periods[i].settle;
        tell_terms(s, TERMS_PLAIN);
        for (size_t k = 0; k < 5 && periods[i].come[k].what != 0; k++) {
            char what = periods[i].come[k].what;
            s->now_ms = date_days(2030, 4, 1) * MS_PER_DAY + periods[i].come[k].minutes * 60000LL; /* a Monday */
            fold_at(&s->fold, s->now_ms);
            if (what == 'c')
                tell_click(s, CLASS_OK);
            else if (what == 's')
                tell_statement(s);
            else
                tell_response(s, what - '1');
        }
        write_logs(s);
        enum verdict verdict = verify(s, &t);
        for (size_t k = 0; k < t.n; k++) {
            if (strcmp(t.check[k], "settle") == 0)
                told = t.sentence[k];
            else if (strcmp(t.check[k], "not_shown") == 0 && strstr(t.sentence[k], "offset of the zone") != NULL)
                hidden = t.sentence[k];
        }
        bool manual = strcmp(periods[i].settle, "manual") == 0;
        if (verdict != HOLDS || (told != NULL) != (periods[i].told != NULL) ||
            (told != NULL && strstr(told, periods[i].told) == NULL) || hidden == NULL ||
            (strstr(hidden, "weeks and months end") == NULL) != manual || strstr(hidden, "settle is manual") == NULL) {
            print(&t);
            fail_msg("%s: it is told otherwise", periods[i].what);
        }
        story_free(s);
    }
}

static void twist_number(struct entry_statement *e)
{
    e->number++;
}

static void twist_id(struct entry_statement *e)
{
    e->id = SPAN("S00000000000G");
}

static void twist_early_end(struct entry_statement *e)
{
    e->to_ms = 1;
}

static void twist_late_end(struct entry_statement *e)
{
    e->to_ms++;
}

/* With its files and without: what the entry says of itself is wrong, and it is said why. Without the twist nothing is.
 */
static void a_statement_whose_entry_does_not_follow_is_a_finding(void **state)
{
    (void)state;
    static const struct {
        void (*twist)(struct entry_statement *e);
        const char *why;
    } twists[] = {{twist_number, "from the entries: it is number "},
                  {twist_id, "from the entries: number "},
                  {twist_early_end, "from the entries: its period ends at 1 ms"},
                  {twist_late_end, "from the entries: its period ends at "},
                  {NULL, ""}};
    for (size_t i = 0; i < 2 * sizeof twists / sizeof twists[0]; i++) {
        struct story *s = story_long(0);
        struct told t;
        bool gone = i % 2 != 0;
        tell_statement_of(s, twists[i / 2].twist);
        write_logs(s);
        for (size_t f = 0; f < s->n_files; f++)
            s->file[f].gone = gone && strncmp(s->file[f].path, "v1/statements/", 14) == 0;
        enum verdict due = twists[i / 2].twist != NULL ? FAILS : gone ? CANNOT_TELL : HOLDS;
        if (verify(s, &t) != due || verdict_of(&t, "statements") != due || !says(&t, "statements", twists[i / 2].why)) {
            print(&t);
            fail_msg("statement %zu", i);
        }
        story_free(s);
    }
}

static void a_folder_between_two_pulls_cannot_be_told(void **state)
{
    (void)state;
    static const char *const left[] = {MIRROR_HALFWAY, MIRROR_SIDE "/log/checkpoint"};
    for (size_t i = 0; i < 2; i++) {
        struct story *s = written(story_short());
        struct told t;
        buf_str(story_file(s, left[i]), "x");
        assert_int_equal(verify(s, &t), CANNOT_TELL);
        story_free(s);
    }
    /* half old and half new: what does not fit together is nobody's guilt */
    struct story *s = written(story_short());
    struct told t;
    buf_str(story_file(s, MIRROR_HALFWAY), "");
    story_file(s, "log/" CONTRACT "/openings")->ptr[0] ^= 1;
    assert_int_equal(verify(s, &t), CANNOT_TELL);
    story_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_disk_is_nobodys_guilt),
        cmocka_unit_test(no_file_is_read_beyond_what_it_can_have),
        cmocka_unit_test(numbers_beyond_all_bounds_are_findings),
        cmocka_unit_test(a_log_that_outgrows_a_statement_is_settled_by_several),
        cmocka_unit_test(periods_that_the_terms_end_and_nobody_closed_are_told),
        cmocka_unit_test(a_statement_closes_what_came_before_its_time),
        cmocka_unit_test(a_statement_that_ends_elsewhere_is_a_finding),
        cmocka_unit_test(a_statement_whose_entry_does_not_follow_is_a_finding),
        cmocka_unit_test(a_folder_between_two_pulls_cannot_be_told),
        cmocka_unit_test(an_honest_mirror_holds),
        cmocka_unit_test(the_report_is_one_line_per_check_in_order),
        cmocka_unit_test(what_the_mirror_tells_is_told_in_words),
        cmocka_unit_test(a_countersigned_disposition_holds_and_is_told),
        cmocka_unit_test(changed_bytes_are_caught),
        cmocka_unit_test(changed_bytes_of_a_long_story_are_caught),
        cmocka_unit_test(changed_bytes_of_full_tiles_are_caught),
        cmocka_unit_test(a_missing_file_cannot_be_told),
        cmocka_unit_test(a_statement_without_a_key_cannot_be_told),
        cmocka_unit_test(a_strange_file_is_found),
        cmocka_unit_test(an_empty_folder_cannot_be_told),
        cmocka_unit_test(two_histories_under_one_root_log_are_told),
        cmocka_unit_test(signed_lies_are_found),
        cmocka_unit_test(lies_about_the_clock_are_found),
        cmocka_unit_test(odd_leads_that_the_server_writes_hold),
        cmocka_unit_test(a_lead_across_new_terms_holds),
        cmocka_unit_test(a_version_binds_from_its_time_on),
        cmocka_unit_test(terms_of_rules_that_are_not_known_cannot_be_told),
        cmocka_unit_test(of_many_facts_the_first_and_the_last_are_told),
        cmocka_unit_test(an_entry_at_the_time_before_it_holds),
        cmocka_unit_test(several_steps_at_once_leave_an_unsure_clock_unsure_until_it_is_confirmed),
        cmocka_unit_test(dispositions_of_the_operator_are_counted),
        cmocka_unit_test(answering_keys_are_named),
        cmocka_unit_test(keys_of_nobody_and_of_others_are_refused),
        cmocka_unit_test(the_servers_keys_are_valid_from_entry_to_entry),
        cmocka_unit_test(what_keys_sign_out_of_their_time_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
