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

/* Keys in ascending order: "a", "aa", "ab", ..., "b", "ba", ...: some are the beginning of others. */
enum { WIDTH = 10, KEYS = WIDTH * (WIDTH + 1), STEPS = 20000 };

static struct span key_of(int n, char mem[2])
{
    mem[0] = (char)('a' + n / (WIDTH + 1));
    mem[1] = (char)('a' + n % (WIDTH + 1) - 1);
    return span_of(mem, n % (WIDTH + 1) ? 2 : 1);
}

static int next_random(uint64_t *state, int below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (int)(*state % (uint64_t)below);
}

/* Writes or deletes one row, in the map and in the plain array (-1: not there). */
static void step(struct rows_map *m, int *plain, uint64_t *random)
{
    char mem[2];
    int n = next_random(random, KEYS), value = next_random(random, 256);
    struct span key = key_of(n, mem);
    struct row_ops ops = {.n = 1};
    ops.op[0] = (struct row_op){
        .table = ROW_DUE, .del = value % 3 == 0, .key_len = key.len, .value_len = 1, .value = {(uint8_t)value}};
    memcpy(ops.op[0].key, key.ptr, key.len);
    rows_map_write(m, &ops);
    plain[n] = ops.op[0].del ? -1 : value;
}

static void compare(const struct rows_map *m, const int *plain, int n)
{
    char mem[2];
    struct span key = key_of(n, mem), found, value;
    size_t count = 0;
    int next = n;
    for (int i = 0; i < KEYS; i++)
        count += plain[i] >= 0;
    while (next < KEYS && plain[next] < 0)
        next++;
    assert_int_equal(rows_map_count(m, ROW_DUE), count);
    assert_int_equal(rows_map_get(m, ROW_DUE, key, &value), plain[n] >= 0 ? ERR_OK : ERR_NOT_FOUND);
    assert_int_equal(rows_map_seek(m, ROW_DUE, key, &found, &value), next < KEYS ? ERR_OK : ERR_NOT_FOUND);
    if (next < KEYS) {
        assert_true(span_eq(found, key_of(next, mem)));
        assert_int_equal((uint8_t)value.ptr[0], plain[next]);
    }
}

static void it_equals_a_plain_array(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL), random = seed * 2 + 1;
    struct rows_map *m = rows_map_new();
    int plain[KEYS];
    print_message("SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < KEYS; i++)
        plain[i] = -1;
    for (int i = 0; i < STEPS; i++) {
        step(m, plain, &random);
        compare(m, plain, next_random(&random, KEYS));
    }
    assert_int_equal(rows_map_count(m, ROW_LEADS), 0);
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
    enum { CHOSEN = 2000, MOST = 17 }; /* 1.44 log2(2000), rounded up */
    struct byte_map *ascending = byte_map_new(), *chosen = byte_map_new();
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
    assert_in_range(byte_map_height(ascending), 11, MOST);
    assert_in_range(byte_map_height(chosen), 11, MOST);
    byte_map_free(ascending);
    byte_map_free(chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_equals_a_plain_array),
                                       cmocka_unit_test(no_choice_of_keys_makes_it_tall)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
