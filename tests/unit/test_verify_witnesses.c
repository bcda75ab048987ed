/* What witnesses say of a mirror's root log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/ledger/witness.h"
#include "tests/support/mirror.h"

#define ROOT "log/witnessed"
#define HEAD "log/" CONTRACT "/witnessed"

struct told {
    enum verdict verdict, all;
    char sentence[512];
    bool heard;
};

static void take(void *ctx, const struct report_line *line)
{
    struct told *t = ctx;
    if (strcmp(line->topic, "witnesses") != 0)
        return;
    t->verdict = line->verdict;
    snprintf(t->sentence, sizeof t->sentence, "%.*s", (int)line->sentence.len, line->sentence.ptr);
    t->heard = true;
}

static struct told asked(struct story *s, const char *policy)
{
    struct mirror m = story_mirror(s);
    struct verify_asked a = {.now_ms = 1700000000000 + 3660000};
    struct told t = {.heard = false};
    if (policy != NULL)
        a.witnesses = span_str(policy);
    t.all = verify_mirror(&m, &a, take, &t);
    return t;
}

static void assert_told(struct told t, enum verdict v, const char *words, const char *what)
{
    if (!t.heard || t.verdict != v || t.all != v || strstr(t.sentence, words) == NULL)
        fail_msg("%s: %d, in all %d: %s", what, (int)t.verdict, (int)t.all, t.sentence);
}

static struct signer *witness(int number)
{
    uint8_t seed[SEED_LEN] = "seed of a witness..............";
    seed[0] = (uint8_t)number;
    return signer_new(seed);
}

static const char *name_of(int number)
{
    static const char *const names[] = {"w0.example", "w1.example", "w2.example"};
    return names[number];
}

/* The first `size` heads of the root log, one of them changed if so wanted, cosigned by the first n witnesses. */
static void put_root(struct story *s, uint64_t size, bool changed, int n)
{
    struct checkpoint c = {.origin = SPAN(ORIGIN "/log"), .size = size};
    struct frontier f = {.size = 0};
    struct span rest = buf_span(&s->root_bundle), entry, text, lines;
    struct buf *note = story_file(s, ROOT);
    enum err err = ERR_OK;
    buf_clear(note);
    for (uint64_t i = 0; i < size; i++) {
        struct hash leaf;
        assert_true(bundle_next(&rest, &entry, &err));
        merkle_leaf(changed ? SPAN("another") : entry, &leaf);
        frontier_append(&f, &leaf, NULL, NULL);
    }
    frontier_root(&f, &c.root);
    checkpoint_sign(note, &c, s->log_key);
    struct buf cosigned;
    buf_heap(&cosigned);
    assert_int_equal(note_split(buf_span(note), &text, &lines), ERR_OK);
    for (int i = 0; i < n; i++) {
        struct signer *w = witness(i);
        cosign(&cosigned, text, span_str(name_of(i)), w, 1700000000 + (uint64_t)i);
        signer_free(w);
    }
    buf_span_add(note, buf_span(&cosigned));
    buf_free(&cosigned);
}

static void put_head(struct story *s, uint64_t of)
{
    struct buf copy, *head;
    char path[64], id[LIMIT_ID + 1];
    statement_id(SPAN(CONTRACT), of, id);
    snprintf(path, sizeof path, "v1/statements/%s/checkpoint", id);
    buf_heap(&copy);
    buf_span_add(&copy, buf_span(story_file(s, path)));
    head = story_file(s, HEAD);
    buf_clear(head);
    buf_span_add(head, buf_span(&copy));
    buf_free(&copy);
}

/* witness lines for the first n, then the rest. */
static const char *policy(int n, const char *rest)
{
    static char text[2048];
    struct buf b;
    buf_fixed(&b, text, sizeof text - 1);
    for (int i = 0; i < n; i++) {
        struct note_key k = {.name = span_str(name_of(i))};
        struct signer *w = witness(i);
        memcpy(k.pub, signer_public(w), ED25519_KEY_LEN);
        signer_free(w);
        buf_printf(&b, "witness w%d ", i);
        witness_vkey(&b, &k);
        buf_byte(&b, '\n');
    }
    buf_str(&b, rest);
    text[b.len] = '\0';
    return text;
}

static void set_gone(struct story *s, const char *path, bool gone)
{
    for (size_t i = 0; i < s->n_files; i++)
        if (strcmp(s->file[i].path, path) == 0)
            s->file[i].gone = gone;
}

static struct story *witnessed(void)
{
    struct story *s = story_long(0);
    write_logs(s);
    put_root(s, s->root.frontier.size, false, 2);
    put_head(s, 1);
    return s;
}

static void a_quorum_holds_and_says_how_far_and_since_when(void **state)
{
    (void)state;
    struct story *s = witnessed();
    assert_true(s->root.frontier.size >= 2);
    assert_told(asked(s, policy(2, "group g all w0 w1\nquorum g\n")), HOLDS, "that 2 of 2 witnesses cosigned", "both");
    assert_told(asked(s, policy(2, "quorum w1\n")), HOLDS,
                "the first at 2023-11-14T22:13:20.000Z, 1 hour and 1 minute ago", "when");
    assert_told(asked(s, policy(3, "group g 2 w0 w1 w2\nquorum g\n")), HOLDS, "that 2 of 3 witnesses", "two of three");
    assert_told(asked(s, NULL), HOLDS, "whose cosignatures count is yours to say", "nobody asks");
    put_root(s, 2, false, 2); /* behind the root log, and the first statement's head is in it */
    assert_told(asked(s, policy(2, "quorum w1\n")), HOLDS, "no witness has seen yet", "an older one");
    story_free(s);
}

static void what_is_no_quorum_is_told(void **state)
{
    (void)state;
    struct story *s = witnessed();
    struct note_key other = {.name = SPAN(ORIGIN "/log")};
    struct signer *key = witness(9);
    struct buf with_log;
    assert_told(asked(s, policy(3, "group g all w0 w1 w2\nquorum g\n")), FAILS, "2 of the policy's 3 witnesses", "all");
    assert_told(asked(s, policy(3, "quorum w2\n")), FAILS, "that is no quorum", "one that did not");
    assert_told(asked(s, "quorum nobody\n"), CANNOT_TELL, "the policy does not read: line 1", "no policy");
    memcpy(other.pub, signer_public(key), ED25519_KEY_LEN);
    buf_heap(&with_log);
    buf_str(&with_log, "log ");
    note_vkey(&with_log, &other);
    buf_str(&with_log, "\nquorum none\n");
    buf_byte(&with_log, '\0');
    assert_told(asked(s, with_log.ptr), FAILS, "not signed by a log of the policy", "another log");
    buf_free(&with_log);
    signer_free(key);
    set_gone(s, ROOT, true);
    assert_told(asked(s, NULL), CANNOT_TELL, "is there without " ROOT, "half of it");
    set_gone(s, HEAD, true);
    assert_told(asked(s, policy(2, "quorum w1\n")), CANNOT_TELL, ROOT " is missing", "no note");
    assert_false(asked(s, NULL).heard);
    set_gone(s, ROOT, false);
    assert_told(asked(s, policy(2, "quorum w1\n")), CANNOT_TELL, "without " HEAD ", which is missing", "no head");
    assert_told(asked(s, NULL), CANNOT_TELL, "without " HEAD ", which is missing", "though nobody asks");
    story_free(s);
}

static void another_history_is_told(void **state)
{
    (void)state;
    struct story *s = witnessed();
    put_root(s, 2, true, 2);
    assert_told(asked(s, policy(2, "quorum w1\n")), FAILS, "has another root", "another root log");
    assert_told(asked(s, NULL), FAILS, "has another root", "though nobody asks");
    put_root(s, 2, false, 2);
    put_head(s, 2);
    assert_told(asked(s, policy(2, "quorum w1\n")), FAILS, "no head that the witnessed root log holds", "a later head");
    story_free(s);
}

static void every_changed_byte_is_caught(void **state)
{
    (void)state;
    static const char *const files[] = {ROOT, HEAD};
    struct story *s = witnessed();
    const char *both = policy(2, "group g all w0 w1\nquorum g\n");
    for (size_t f = 0; f < 2; f++) {
        struct buf *b = story_file(s, files[f]);
        for (size_t i = 0; i < b->len; i += 3) {
            b->ptr[i] ^= (char)(1 << i % 8);
            if (asked(s, both).all == HOLDS)
                fail_msg("%s: byte %zu", files[f], i);
            b->ptr[i] ^= (char)(1 << i % 8);
        }
    }
    assert_told(asked(s, both), HOLDS, "2 of 2", "as it was");
    story_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quorum_holds_and_says_how_far_and_since_when),
        cmocka_unit_test(what_is_no_quorum_is_told),
        cmocka_unit_test(another_history_is_told),
        cmocka_unit_test(every_changed_byte_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
