#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/settlement/byte_map.h"
#include "common/settlement/rows_map.h"

/* Keys in ascending order: "a", "aa", "ab", ..., "b", "ba", ...: some are the beginning of others. Behind a long front
 * few of them fill a page. */
enum { WIDTH = 10, KEYS = WIDTH * (WIDTH + 1), STEPS = 20000, FRONT = 240, LONGEST = 1000 };

struct model {
    struct byte_map *map;
    struct pages *pages; /* of it and others; NULL: its own */
    size_t front;
    int value[KEYS]; /* -1: not there */
    unsigned tallest;
    uint64_t random;
};

static struct span key_of(const struct model *m, int n, char mem[FRONT + 2])
{
    memset(mem, 'x', m->front);
    mem[m->front] = (char)('a' + n / (WIDTH + 1));
    mem[m->front + 1] = (char)('a' + n % (WIDTH + 1) - 1);
    return span_of(mem, m->front + (n % (WIDTH + 1) ? 2 : 1));
}

/* Of a length that follows from it, too. */
static struct span value_of(int value, char mem[LONGEST])
{
    size_t len = (size_t)value % LONGEST;
    memset(mem, value, len);
    return span_of(mem, len);
}

static int next_random(uint64_t *state, int below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (int)(*state % (uint64_t)below);
}

/* Writes or deletes one pair, in the map and in the plain array: for a while more of the one, then of the other. */
static void step(struct model *m, int i)
{
    char mem[FRONT + 2], text[LONGEST];
    int n = next_random(&m->random, KEYS), value = next_random(&m->random, 1 << 16);
    bool fewer = i / 1000 % 2 == 1, del = value % 8 < (fewer ? 6 : 2);
    struct span key = key_of(m, n, mem);
    if (del)
        byte_map_remove(m->map, key);
    else
        byte_map_put(m->map, key, value_of(value, text));
    m->value[n] = del ? -1 : value;
    m->tallest = byte_map_height(m->map) > m->tallest ? byte_map_height(m->map) : m->tallest;
}

static void compare(struct model *m, int n)
{
    char mem[FRONT + 2], text[LONGEST];
    struct span key = key_of(m, n, mem), found, value;
    size_t count = 0;
    int next = n;
    for (int i = 0; i < KEYS; i++)
        count += m->value[i] >= 0;
    while (next < KEYS && m->value[next] < 0)
        next++;
    assert_int_equal(byte_map_count(m->map), count);
    assert_int_equal(byte_map_get(m->map, key, &value), m->value[n] >= 0);
    if (m->value[n] >= 0)
        assert_true(span_eq(value, value_of(m->value[n], text)));
    assert_int_equal(byte_map_seek(m->map, key, &found, &value), next < KEYS);
    if (next < KEYS) {
        assert_true(span_eq(found, key_of(m, next, mem)));
        assert_true(span_eq(value, value_of(m->value[next], text)));
    }
}

struct walk {
    const struct model *m;
    int next, most; /* key to come; how many are asked for */
};

static bool in_order(void *ctx, struct span key, struct span value)
{
    struct walk *w = ctx;
    char mem[FRONT + 2], text[LONGEST];
    while (w->next < KEYS && w->m->value[w->next] < 0)
        w->next++;
    assert_true(w->next < KEYS);
    assert_true(span_eq(key, key_of(w->m, w->next, mem)));
    assert_true(span_eq(value, value_of(w->m->value[w->next++], text)));
    return --w->most > 0;
}

static void run_model(struct model *m)
{
    m->map = byte_map_new(m->pages);
    for (int i = 0; i < KEYS; i++)
        m->value[i] = -1;
    for (int i = 0; i < STEPS; i++) {
        step(m, i);
        compare(m, next_random(&m->random, KEYS));
        if (i % 100 == 0) {
            struct walk all = {m, 0, KEYS + 1}, some = {m, 0, 3};
            assert_true(byte_map_each(m->map, in_order, &all));
            assert_int_equal(byte_map_each(m->map, in_order, &some), byte_map_count(m->map) < 3);
        }
    }
    for (int n = 0; n < KEYS; n++) {
        char mem[FRONT + 2];
        byte_map_remove(m->map, key_of(m, n, mem));
        m->value[n] = -1;
        compare(m, 0);
    }
    assert_int_equal(byte_map_height(m->map), 1);
    byte_map_free(m->map);
}

static void it_equals_a_plain_array(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    struct pages *pages = pages_new(NULL);
    print_message("SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < 4; i++) {
        struct model m = {.random = seed * 2 + 1, .front = i % 2 ? FRONT : 0, .pages = i / 2 ? pages : NULL};
        run_model(&m);
        assert_in_range(m.tallest, i % 2 ? 3 : 2, 5);
    }
    for (int i = 0; i < KEYS; i++)
        assert_in_range(pages_take(pages), 0, 4 * KEYS); /* what was given back is taken again */
    pages_free(pages);
}

static void rows_are_by_table(void **state)
{
    (void)state;
    struct rows_map *m = rows_map_new(NULL);
    struct row_ops ops = {.n = 2};
    struct span key = SPAN("k"), found, value;
    ops.op[0] = (struct row_op){.table = ROW_DUE, .key = "k", .key_len = 1, .value = "due", .value_len = 3};
    ops.op[1] = (struct row_op){
        .table = ROW_ADJUSTMENTS, .key = "k", .key_len = 1, .value = "ad", .value_len = 2, .text = SPAN("just")};
    rows_map_write(m, &ops);
    assert_int_equal(rows_map_count(m, ROW_DUE), 1);
    assert_int_equal(rows_map_count(m, ROW_LEADS), 0);
    assert_int_equal(rows_map_get(m, ROW_DUE, key, &value), ERR_OK);
    assert_true(span_is(value, "due"));
    assert_int_equal(rows_map_seek(m, ROW_ADJUSTMENTS, SPAN(""), &found, &value), ERR_OK);
    assert_true(span_eq(found, key));
    assert_true(span_is(value, "adjust"));
    assert_int_equal(rows_map_get(m, ROW_LEADS, key, &value), ERR_NOT_FOUND);
    assert_int_equal(rows_map_seek(m, ROW_LEADS, SPAN(""), &found, &value), ERR_NOT_FOUND);
    ops.n = 1;
    ops.op[0].del = true;
    rows_map_write(m, &ops);
    assert_int_equal(rows_map_get(m, ROW_DUE, key, &value), ERR_NOT_FOUND);
    assert_int_equal(rows_map_count(m, ROW_ADJUSTMENTS), 1);
    rows_map_free(m);
}

/* Whoever chooses the keys cannot make the tree tall. In a tree whose shape follows a known hash of the keys, these, of
 * which each has a smaller hash than the one before, would hang below one another. */
static uint32_t known_hash(const uint8_t key[8])
{
    uint32_t h = 2166136261u;
    for (int i = 0; i < 8; i++)
        h = (h ^ key[i]) * 16777619u;
    h ^= h >> 16;
    h *= 0x7feb352du;
    h ^= h >> 15;
    h *= 0x846ca68bu;
    return h ^ h >> 16;
}

static void no_choice_of_keys_makes_it_tall(void **state)
{
    (void)state;
    enum { CHOSEN = 2000, MOST = 2 }; /* a page has hundreds */
    struct byte_map *ascending = byte_map_new(NULL), *chosen = byte_map_new(NULL);
    uint8_t key[8];
    for (uint32_t i = 0, tried = 0; i < CHOSEN; i++) {
        store_be32(key, i);
        store_be32(key + 4, i);
        byte_map_put(ascending, span_of(key, sizeof key), SPAN(""));
        do
            store_be32(key + 4, tried++);
        while (known_hash(key) / (UINT32_MAX / CHOSEN) != CHOSEN - 1 - i);
        byte_map_put(chosen, span_of(key, sizeof key), SPAN(""));
    }
    assert_int_equal(byte_map_count(chosen), CHOSEN);
    assert_int_equal(byte_map_height(ascending), MOST);
    assert_int_equal(byte_map_height(chosen), MOST);
    byte_map_free(ascending);
    byte_map_free(chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_equals_a_plain_array), cmocka_unit_test(rows_are_by_table),
                                       cmocka_unit_test(no_choice_of_keys_makes_it_tall)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
