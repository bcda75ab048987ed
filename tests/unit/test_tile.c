#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/ledger/tile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void paths_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        struct tile tile;
        const char *path;
    } rows[] = {
        {{0, 0, 256}, "tile/0/000"},
        {{0, 0, 1}, "tile/0/000.p/1"},
        {{7, 999, 255}, "tile/7/999.p/255"},
        {{1, 1000, 256}, "tile/1/x001/000"},
        {{0, 1234067, 5}, "tile/0/x001/x234/067.p/5"},
        {{TILE_ENTRIES, 1234067, 256}, "tile/entries/x001/x234/067"},
        {{TILE_ENTRIES, 0, 44}, "tile/entries/000.p/44"},
        {{2, UINT64_C(281474976710655), 256}, "tile/2/x281/x474/x976/x710/655"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char mem[64];
        struct buf b;
        struct tile t;
        buf_fixed(&b, mem, sizeof(mem));
        tile_path(&b, &rows[i].tile);
        assert_true(span_is(buf_span(&b), rows[i].path));
        assert_int_equal(tile_parse(buf_span(&b), &t), ERR_OK);
        assert_int_equal(t.level, rows[i].tile.level);
        assert_int_equal(t.n, rows[i].tile.n);
        assert_int_equal(t.width, rows[i].tile.width);
    }
}

static void other_spellings_are_not_found(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const rows[] = {
        "", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/000/",
        "tile/00/000", "tile/8/000", "tile/-1/000", "tile/Entries/000", "tile/entries/", "tile/data/000", "tile/0/00a",
        "tile/0/x000/000", "tile/0/x001", "tile/0/x001/", "tile/0/x001/x000", "tile/0/001/000", "tile/0/x1/000", "tile/0/x0001/000",
        "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/+1", "tile/0/000.q/1",
        "tile/0/000.p/1/", "tile/0/x001.p/1/000", "tile/0//000", "tile//000", "tile/0/000?", "tile/0/000 ", "tile/0/\xd9\xa0\xd9\xa0",
        "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/000/000.p/1",
    };
    /* clang-format on */
    struct tile t = {-5, 1, 1};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (tile_parse(span_str(rows[i]), &t) != ERR_NOT_FOUND) {
            fail_msg("taken: %s", rows[i]);
        }
    }
    assert_int_equal(t.level, -5);
}

static void a_tile_is_as_wide_as_its_tree_gives(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct {
        int level;
        uint64_t n, size;
        unsigned width;
    } rows[] = {
        {0, 0, 0, 0},       {0, 0, 1, 1},       {0, 0, 255, 255},   {0, 0, 256, 256},     {0, 1, 256, 0},
        {0, 1, 257, 1},     {1, 0, 255, 0},     {1, 0, 256, 1},     {1, 0, 70000, 256},   {1, 1, 70000, 17},
        {2, 0, 70000, 1},   {2, 0, 65535, 0},   {2, 1, 70000, 0},   {7, 0, 70000, 0},     {7, 0, UINT64_C(1) << 56, 1},
        {TILE_ENTRIES, 0, 0, 0}, {TILE_ENTRIES, 273, 70000, 112}, {TILE_ENTRIES, 272, 70000, 256}, {TILE_ENTRIES, 274, 70000, 0},
    };
    /* clang-format on */
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(tile_width(rows[i].level, rows[i].n, rows[i].size), rows[i].width);
    }
}

static void bundles_read_back_and_cut_ones_are_corrupt(void **state)
{
    (void)state;
    static const char *const entries[] = {"{}", "", "{\"a\":1}"};
    struct buf b;
    struct span entry;
    enum err err;
    buf_heap(&b);
    for (size_t i = 0; i < COUNT(entries); i++) {
        bundle_add(&b, span_str(entries[i]));
    }
    struct span all = buf_span(&b), rest = all;
    for (size_t i = 0; i < COUNT(entries); i++) {
        assert_true(bundle_next(&rest, &entry, &err));
        assert_true(span_is(entry, entries[i]));
    }
    assert_false(bundle_next(&rest, &entry, &err));
    assert_int_equal(err, ERR_OK);

    /* cut anywhere but between entries, it is corrupt */
    for (size_t len = 0; len < all.len; len++) {
        rest = span_of(all.ptr, len);
        while (bundle_next(&rest, &entry, &err)) {
        }
        assert_int_equal(err, len == 0 || len == 4 || len == 6 ? ERR_OK : ERR_CORRUPT);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_go_both_ways),
        cmocka_unit_test(other_spellings_are_not_found),
        cmocka_unit_test(a_tile_is_as_wide_as_its_tree_gives),
        cmocka_unit_test(bundles_read_back_and_cut_ones_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
