/* What an audit holds against what its reader knows from before and from elsewhere: kept checkpoints, pins, another
 * mirror, a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/mirror.h"

#define SEEN "log/" CONTRACT "/" MIRROR_SEEN "/"

struct told {
    enum verdict verdict;
    char sentence[2048];
    const char *check; /* the one that is listened to */
    bool heard;
};

static void take(void *ctx, const struct report_line *line)
{
    struct told *t = ctx;
    if (strcmp(line->topic, t->check) != 0)
        return;
    t->verdict = line->verdict;
    snprintf(t->sentence, sizeof t->sentence, "%.*s", (int)line->sentence.len, line->sentence.ptr);
    t->heard = true;
}

/* The verdict of one check, which is that of the whole unless all else fails to hold too. */
static struct told asked(struct story *s, const struct verify_asked *asked, const char *check)
{
    struct mirror m = story_mirror(s);
    struct told t = {.check = check};
    enum verdict all = verify_mirror(&m, asked, take, &t);
    assert_true(t.heard);
    assert_int_equal(all, t.verdict);
    return t;
}

static void assert_told(struct told t, enum verdict v, const char *words, const char *what)
{
    if (t.verdict != v || strstr(t.sentence, words) == NULL)
        fail_msg("%s: %s %d: %s", what, t.check, (int)t.verdict, t.sentence);
}

static struct story *written(struct story *s)
{
    write_logs(s);
    return s;
}

static struct hash root_at(const struct story *s, uint64_t size)
{
    struct frontier f = {.size = 0};
    struct hash leaf, root;
    for (uint64_t i = 0; i < size; i++) {
        merkle_leaf(buf_span(&s->entry[i]), &leaf);
        frontier_append(&f, &leaf, NULL, NULL);
    }
    frontier_root(&f, &root);
    return root;
}

/* A checkpoint of `size` over another's entries, kept under the name `name`. */
static void keep(struct story *s, const struct story *of, uint64_t size, const char *name)
{
    char path[64];
    struct checkpoint c = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = size, .root = root_at(of, size)};
    snprintf(path, sizeof path, SEEN "%s", name);
    checkpoint_sign(story_file(s, path), &c, s->log_key);
}

static void keep_own(struct story *s, uint64_t size)
{
    char name[24];
    snprintf(name, sizeof name, "%llu", (unsigned long long)size);
    keep(s, s, size, name);
}

static void kept_checkpoints_hold_where_the_log_only_grew(void **state)
{
    (void)state;
    struct story *s = written(story_long(300));
    const uint64_t sizes[] = {0, 1, 5, 255, 256, 257, s->n - 1, s->n};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        keep_own(s, sizes[i]);
    struct checkpoint c = {.origin = SPAN(ORIGIN "/log")};
    struct frontier none = {.size = 0};
    frontier_root(&none, &c.root);
    checkpoint_sign(story_file(s, "log/" MIRROR_SEEN "/0"), &c, s->log_key);
    assert_told(asked(s, NULL, "history"), HOLDS, "9 checkpoints", "honest growth");
    story_free(s);
}

static void a_kept_checkpoint_shows_what_was_rewritten(void **state)
{
    (void)state;
    struct story *other = story_long(0);
    static const struct {
        const char *what, *name, *check, *says;
        uint64_t size;
        bool others;
    } cases[] = {
        {"another history", "7", "history", "rewritten", 7, true},
        {"another last entry", "5", "history", "rewritten", 5, true},
        {"a name that is not its size", "6", "history", "another size", 5, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct story *s = written(story_short());
        keep(s, cases[i].others ? other : s, cases[i].size, cases[i].name);
        struct told t = {.check = cases[i].check};
        struct mirror m = story_mirror(s);
        assert_int_equal(verify_mirror(&m, NULL, take, &t), FAILS);
        assert_told(t, FAILS, cases[i].says, cases[i].what);
        story_free(s);
    }
    struct story *s = written(story_short());
    struct checkpoint c = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = 12345};
    checkpoint_sign(story_file(s, SEEN "12345"), &c, s->log_key);
    assert_told(asked(s, NULL, "history"), FAILS, "taken back", "a log that shrank");
    story_free(s);
    story_free(other);
}

static void every_changed_byte_of_a_kept_checkpoint_is_caught(void **state)
{
    (void)state;
    struct story *s = written(story_short());
    keep_own(s, 5);
    struct buf *b = story_file(s, SEEN "5");
    for (size_t i = 0; i < b->len; i++) {
        b->ptr[i] ^= (char)(1 << i % 7);
        assert_int_equal(asked(s, NULL, "history").verdict, FAILS);
        b->ptr[i] ^= (char)(1 << i % 7);
    }
    assert_int_equal(asked(s, NULL, "history").verdict, HOLDS);
    story_free(s);
}

/* ---- pins ---- */

static struct verify_asked pinned(const char *text)
{
    return (struct verify_asked){.pins = span_str(text)};
}

static void what_is_printed_to_pin_holds_for_it_and_for_what_it_grows_to(void **state)
{
    (void)state;
    struct story *s = written(story_short()), *grown = story_short(), *forked = written(story_long(0));
    struct buf pins;
    buf_heap(&pins);
    assert_told(asked(s, &(struct verify_asked){.pin_out = &pins}, "history"), HOLDS, "", "no pins yet");
    buf_byte(&pins, '\0');
    struct verify_asked all = pinned(pins.ptr);
    assert_told(asked(s, &all, "pins"), HOLDS, "5 pins", "its own pins");
    tell_click(grown, CLASS_OK);
    write_logs(grown);
    assert_told(asked(grown, &all, "pins"), HOLDS, "5 pins", "a log that grew");
    assert_told(asked(forked, &all, "pins"), FAILS, "rewritten", "another history");
    buf_free(&pins);
    story_free(s);
    story_free(grown);
    story_free(forked);
}

#define ELSEWHERE "checkpoint elsewhere.example/log 5 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define STRANGE_KEY "statement-key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void pins_are_told_by_line(void **state)
{
    (void)state;
    struct story *s = written(story_short());
    struct signer *stranger = signer_new((const uint8_t *)"another key than theirs.........");
    struct buf foreign, good, newer;
    buf_heap(&foreign);
    buf_heap(&good);
    struct note_key key = {.name = SPAN(ORIGIN "/log/" CONTRACT)};
    memcpy(key.pub, signer_public(stranger), ED25519_KEY_LEN);
    buf_str(&foreign, "log-key ");
    note_vkey(&foreign, &key);
    memcpy(key.pub, signer_public(s->log_key), ED25519_KEY_LEN);
    buf_str(&good, "# from their letter\r\n\r\n  log-key ");
    note_vkey(&good, &key);
    buf_str(&good, "  \r\n");
    buf_heap(&newer);
    buf_span_add(&newer, buf_span(&foreign));
    buf_str(&newer, "\ncheckpoint " ORIGIN "/log/" CONTRACT " 99 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    buf_byte(&newer, '\0');
    buf_byte(&foreign, '\0');
    buf_byte(&good, '\0');
    const struct {
        const char *text;
        enum verdict v;
        const char *says;
    } cases[] = {
        {good.ptr, HOLDS, "1 pin "},
        {foreign.ptr, FAILS, "none of the keys that are pinned"},
        {"", CANNOT_TELL, "the pins are empty"},
        {"# nothing\n", CANNOT_TELL, "the pins are empty"},
        {ELSEWHERE, CANNOT_TELL, "no pin is about this contract's log"},
        {ELSEWHERE STRANGE_KEY, CANNOT_TELL, "no pin is about this contract's log"},
        {ELSEWHERE STRANGE_KEY "\ncheckpoint " ORIGIN "/log/" CONTRACT " 0 "
                               "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
         FAILS, "which is not pinned"},
        {"checkpoint " ORIGIN "/log/" CONTRACT " 5 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", FAILS, "line 1"},
        {"\ncheckpoint " ORIGIN "/log/" CONTRACT " 99 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", CANNOT_TELL,
         "line 2"},
        {"checkpoint " ORIGIN "/log 99 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", CANNOT_TELL, "taken back"},
        {"checkpoint " ORIGIN "/log/" CONTRACT " 99 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" STRANGE_KEY,
         CANNOT_TELL, "older than the"},
        {"checkpoint " ORIGIN "/log 99 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" STRANGE_KEY, FAILS,
         "which is not pinned"},
        {newer.ptr, CANNOT_TELL, "line 2"},
        {STRANGE_KEY, FAILS, "which is not pinned"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verify_asked pins = pinned(cases[i].text);
        assert_told(asked(s, &pins, "pins"), cases[i].v, cases[i].says, cases[i].text);
    }
    static const char *const wrong[] = {"hello", "log-key x", "statement-key short", "checkpoint a b c",
                                        "checkpoint " ORIGIN "/log 05 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s\n", good.ptr, wrong[i]);
        struct verify_asked pins = pinned(text);
        assert_told(asked(s, &pins, "pins"), CANNOT_TELL, "line 4 of the pins", wrong[i]);
    }
    buf_free(&foreign);
    buf_free(&good);
    buf_free(&newer);
    signer_free(stranger);
    story_free(s);
}

/* ---- another mirror ---- */

static struct told against(struct story *s, struct story *other)
{
    struct mirror m = story_mirror(other);
    return asked(s, &(struct verify_asked){.against = &m}, "against");
}

static void two_mirrors_of_one_history_agree(void **state)
{
    (void)state;
    struct story *s = written(story_long(300)), *grown = story_long(300);
    for (int i = 0; i < 300; i++)
        tell_click(grown, CLASS_OK);
    write_logs(grown);
    assert_told(against(s, s), HOLDS, "one history", "itself");
    assert_told(against(s, grown), HOLDS, "one history", "a longer one");
    assert_told(against(grown, s), HOLDS, "one history", "a shorter one");
    story_free(s);
    story_free(grown);
}

static void two_histories_are_told_by_their_first_difference(void **state)
{
    (void)state;
    struct story *a = story_long(300), *b = story_long(300);
    tell_click(a, CLASS_OK);
    tell_click(b, CLASS_BOT);
    uint64_t fork = a->n - 1;
    for (int i = 0; i < 5; i++)
        tell_click(b, CLASS_OK);
    write_logs(a);
    write_logs(b);
    char words[80];
    snprintf(words, sizeof words, "agree in their first %llu entries", (unsigned long long)fork);
    assert_told(against(a, b), FAILS, words, "a longer one");
    assert_told(against(b, a), FAILS, words, "a shorter one");
    story_free(a);
    story_free(b);
}

static void a_mirror_that_proves_nothing_is_nobodys_guilt(void **state)
{
    (void)state;
    static const char *const files[] = {"log/" CONTRACT "/tile/entries/000", "log/checkpoint"};
    struct story *s = written(story_long(300));
    for (size_t i = 0; i < 2; i++) {
        struct story *other = written(story_long(300));
        struct buf *b = story_file(other, files[i]);
        for (size_t f = 0; f < other->n_files; f++)
            other->file[f].gone = strcmp(other->file[f].path, files[i]) == 0;
        assert_told(against(s, other), CANNOT_TELL, "in the other mirror is missing", files[i]);
        for (size_t f = 0; f < other->n_files; f++)
            other->file[f].gone = false;
        if (i == 0) {
            b->ptr[100] ^= 1; /* its entries are others, and nobody signed them */
            assert_told(against(s, other), CANNOT_TELL, "verify it first", "a damaged one");
        }
        story_free(other);
    }
    struct story *stranger = story_long(300);
    signer_free(stranger->log_key);
    stranger->log_key = signer_new((const uint8_t *)"another key than theirs.........");
    write_logs(stranger);
    assert_told(against(s, stranger), FAILS, "none of the keys", "other keys");
    story_free(stranger);
    story_free(s);
}

static void a_mirror_that_is_too_old_says_how_old(void **state)
{
    (void)state;
    struct story *s = written(story_short());
    int64_t last = s->now_ms - 1000;
    struct verify_asked a = {.not_older_ms = last, .now_ms = last + 3 * 86400000LL + 3600000};
    assert_told(asked(s, &a, "age"), HOLDS, "3 days and 1 hour ago", "just young enough");
    a.not_older_ms++;
    assert_told(asked(s, &a, "age"), FAILS, "3 days and 1 hour ago: older than you allow", "a millisecond too old");
    a.not_older_ms = last;
    a.now_ms = last - 61000;
    assert_told(asked(s, &a, "age"), HOLDS, "0 hours and 1 minute ahead", "a clock that is behind");
    story_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_checkpoints_hold_where_the_log_only_grew),
        cmocka_unit_test(a_kept_checkpoint_shows_what_was_rewritten),
        cmocka_unit_test(every_changed_byte_of_a_kept_checkpoint_is_caught),
        cmocka_unit_test(what_is_printed_to_pin_holds_for_it_and_for_what_it_grows_to),
        cmocka_unit_test(pins_are_told_by_line),
        cmocka_unit_test(two_mirrors_of_one_history_agree),
        cmocka_unit_test(two_histories_are_told_by_their_first_difference),
        cmocka_unit_test(a_mirror_that_proves_nothing_is_nobodys_guilt),
        cmocka_unit_test(a_mirror_that_is_too_old_says_how_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
