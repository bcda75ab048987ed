/* Every table of a real folder is damaged row by row, and `check` names table and key: without a checksum that fits,
 * and with one. What it cannot tell of the latter is what the table of tables says it cannot: held both ways (the other
 * way under LONG, where all of it is met), so that a new table needs its rows here and its words there. */
#include "common/base/ascii.h"
#include "common/commit/delivery.h"
#include "server/check/check.h"
#include "server/commit/credentials.h"
#include "server/ledger/ledger.h"
#include "server/store/spread_private.h"
#include "tests/support/chance.h"
#include "tests/support/filled_folder.h"
#include "tests/support/raw_row.h"

/* ---- the rows of the folder ---- */

struct stored {
    enum table table;
    struct buf key, value;
};

struct folder {
    struct filled filled;
    struct stored *row;
    size_t n;
    char path[96];    /* of its store.mdb, */
    struct buf whole; /* which is undamaged here */
};

static void read_table(struct folder *f, struct txn *t, enum table table)
{
    struct cursor *c;
    struct span key, value;
    size_t before = f->n;
    assert_ok(cursor_open(t, table, &c));
    enum err step;
    for (step = cursor_seek(c, SPAN(""), &key, &value); step == ERR_OK; step = cursor_next(c, &key, &value)) {
        f->row = realloc(f->row, (f->n + 1) * sizeof *f->row);
        struct stored *r = &f->row[f->n++];
        r->table = table;
        buf_heap(&r->key);
        buf_heap(&r->value);
        buf_span_add(&r->key, key);
        buf_span_add(&r->value, value);
    }
    assert_ok(cursor_end(step));
    cursor_close(c);
    if (f->n == before)
        fail_msg("the folder has no row in %s: let filled_folder.h make one", table_info(table)->name);
}

static void folder_open_store(struct folder *f)
{
    assert_ok(store_open(f->filled.live.f.dir, STORE_SERVE, SMALL_MAP, &f->filled.live.f.store));
}

static void folder_close_store(struct folder *f)
{
    store_close(f->filled.live.f.store);
    f->filled.live.f.store = NULL;
}

/* As `countersign token` does: a row of `untold`, for the next start. */
static void mint_offline(struct folder *f)
{
    struct instance in;
    const char *what;
    struct txn *t;
    assert_ok(instance_open(&in, f->filled.live.f.dir, STORE_SERVE, SMALL_MAP, &what));
    struct catalog *c = catalog_hold(in.catalog);
    const struct api_token token = {.sha256 = {7}, .party = catalog_party_number(c, 3), .by = 1, .created_ms = 1};
    struct credential_told told = {token.party, token.by, CREDENTIAL_TOKEN, .since_ms = token.created_ms};
    credential_id(token.sha256, told.id);
    assert_ok(txn_begin(in.store, true, &t));
    assert_ok(catalog_put_token(t, &token));
    assert_ok(credential_tell(t, c, &told));
    assert_ok(txn_commit(t));
    catalog_unref(c);
    instance_close(&in);
}

/* All but the last arrived, of which nothing else tells. */
static void let_arrive(struct folder *f)
{
    enum { MOST = 64 };
    uint8_t keys[MOST][DELIVERY_KEY_LEN], due[OUTBOX_KEY_LEN];
    size_t n = 0;
    struct cursor *c;
    struct span key, value;
    folder_open_store(f);
    struct txn *t = fixture_begin(&f->filled.live.f, true);
    assert_ok(cursor_open(t, TABLE_DELIVERIES, &c));
    for (enum err step = cursor_seek(c, SPAN(""), &key, &value); step == ERR_OK && n < MOST;
         step = cursor_next(c, &key, &value))
        memcpy(keys[n++], key.ptr, DELIVERY_KEY_LEN);
    cursor_close(c);
    assert_true(n > 1 && n < MOST);
    for (size_t i = 0; i + 1 < n; i++) {
        struct delivery_place at;
        struct delivery d;
        struct buf row;
        key = span_of(keys[i], DELIVERY_KEY_LEN);
        assert_ok(delivery_key_read(key, &at));
        assert_ok(store_get(t, TABLE_DELIVERIES, key, &value));
        assert_ok(delivery_read(value, &d));
        if (d.state != DELIVERY_PENDING)
            continue;
        outbox_key(&at, d.due_ms, due);
        assert_ok(store_del(t, TABLE_OUTBOX, span_of(due, sizeof due)));
        d.state = DELIVERY_DELIVERED;
        d.due_ms = d.until_ms = 0;
        buf_heap(&row);
        delivery_write(&row, &d);
        assert_ok(store_put(t, TABLE_DELIVERIES, key, buf_span(&row)));
        buf_free(&row);
    }
    assert_ok(txn_commit(t));
    folder_close_store(f);
}

/* As it was before any damage; nobody has it open. */
static void folder_mend(const struct folder *f)
{
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(f->whole.ptr, 1, f->whole.len, file), f->whole.len);
    assert_int_equal(fclose(file), 0);
}

static int folder_open(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    filled_open(&f->filled);
    mint_offline(f);
    let_arrive(f);
    folder_open_store(f);
    struct txn *t = fixture_begin(&f->filled.live.f, false);
    for (int table = 0; table < TABLE_COUNT; table++)
        read_table(f, t, (enum table)table);
    txn_abort(t);
    folder_close_store(f);
    buf_heap(&f->whole);
    snprintf(f->path, sizeof f->path, "%s/store.mdb", f->filled.live.f.dir);
    assert_ok(file_read(f->path, 1 << 20, &f->whole));
    *state = f;
    return 0;
}

static int folder_close(void **state)
{
    struct folder *f = *state;
    filled_close(&f->filled);
    for (size_t i = 0; i < f->n; i++) {
        buf_free(&f->row[i].key);
        buf_free(&f->row[i].value);
    }
    free(f->row);
    buf_free(&f->whole);
    free(f);
    return 0;
}

static bool has_key(const struct folder *f, enum table table, struct span key)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->row[i].table == table && span_eq(buf_span(&f->row[i].key), key))
            return true;
    return false;
}

/* ---- checking it ---- */

struct heard {
    enum verdict verdict;
    struct buf failures; /* sentences, one a line */
};

static void note(void *ctx, const struct report_line *t)
{
    struct heard *heard = ctx;
    if (t->verdict != HOLDS)
        buf_printf(&heard->failures, "%s%.*s\n", t->verdict == FAILS ? "" : "(cannot tell) ", (int)t->sentence.len,
                   t->sentence.ptr);
}

static void run_check(const struct folder *f, struct heard *told)
{
    struct check_figures figures;
    buf_clear(&told->failures);
    told->verdict = check_folder(f->filled.live.f.dir, SMALL_MAP, note, told, &figures);
}

static bool names(const struct heard *told, enum table table, struct span key)
{
    char name[ROW_NAME];
    table_row_name(table, key, name);
    return told->failures.len > 0 && memmem(told->failures.ptr, told->failures.len, name, strlen(name)) != NULL;
}

/* ---- damaging it ---- */

/* One change of one row. `put` is the key it stands under then (ptr NULL: gone), `value` its value then; the original
 * goes unless `keeps`. */
struct harm {
    const char *what;
    unsigned kind; /* of enum tells; TELLS_NOTHING: it does not read any more, which is told in every table */
    const struct stored *row;
    struct span put, value;
    bool keeps;
};

static void write_harm(struct folder *f, const struct harm *h)
{
    folder_open_store(f);
    struct txn *t = fixture_begin(&f->filled.live.f, true);
    if (!h->keeps)
        assert_ok(store_del(t, h->row->table, buf_span(&h->row->key)));
    if (h->put.ptr != NULL)
        assert_ok(store_put(t, h->row->table, h->put, h->value));
    assert_ok(txn_commit(t));
    folder_close_store(f);
}

/* What a table let go by, as bits of enum tells. */
static unsigned missed[TABLE_COUNT];
static size_t harms;

/* Under LONG every change, else an eighth of them, each time others. */
static void try_harm(struct folder *f, const struct harm *h)
{
    if (getenv("LONG") == NULL && !one_in(8))
        return;
    enum table table = h->row->table;
    const struct table_info *info = table_info(table);
    struct heard told = {0};
    bool must = h->kind == TELLS_NOTHING || (info->tells & h->kind) != 0;
    buf_heap(&told.failures);
    write_harm(f, h);
    run_check(f, &told);
    folder_mend(f);
    bool foreign =
        table == TABLE_META && h->put.ptr != NULL && span_is(h->put, "format") && !span_is(h->value, STORE_FORMAT);
    if (foreign) /* what says that it is of another version is not this one's to judge */
        assert_int_equal(told.verdict, CANNOT_TELL);
    bool fails = told.verdict == FAILS;
    bool named = names(&told, table, buf_span(&h->row->key)) || (h->put.ptr != NULL && names(&told, table, h->put));
    if ((must && !fails && !foreign) || (fails && !named)) {
        char name[ROW_NAME];
        table_row_name(table, buf_span(&h->row->key), name);
        fail_msg("%s, %s: %s\n%.*s", name, h->what, fails ? "not named" : "not told", (int)told.failures.len,
                 told.failures.ptr);
    }
    if (!fails && !foreign)
        missed[table] |= h->kind;
    harms++;
    buf_free(&told.failures);
}

static void the_folder_holds(void **state)
{
    struct folder *f = *state;
    struct heard told = {0};
    buf_heap(&told.failures);
    run_check(f, &told);
    if (told.verdict != HOLDS)
        fail_msg("%.*s", (int)told.failures.len, told.failures.ptr);
    buf_free(&told.failures);
}

/* ---- what the checksum is for: a row that is there, and not the one that was written there ---- */

struct stale {
    const char *what;
    const struct stored *row; /* whose place it takes */
    struct span key, value;   /* what stands there then */
    uint64_t sum;
};

static void put_stale(struct folder *f, const struct stale *s)
{
    folder_open_store(f);
    struct txn *t = fixture_begin(&f->filled.live.f, true);
    assert_ok(store_del(t, s->row->table, buf_span(&s->row->key)));
    raw_row_put(t, s->row->table, s->key, s->value, s->sum);
    assert_ok(txn_commit(t));
    folder_close_store(f);
}

static void try_stale(struct folder *f, const struct stale *s)
{
    struct heard told = {0};
    char name[ROW_NAME];
    buf_heap(&told.failures);
    put_stale(f, s);
    run_check(f, &told);
    folder_mend(f);
    table_row_name(s->row->table, s->key, name);
    /* of one under another key the hole that it left may be told first */
    bool named = names(&told, s->row->table, s->key) || names(&told, s->row->table, buf_span(&s->row->key));
    if (told.verdict != FAILS || !named ||
        (span_eq(s->key, buf_span(&s->row->key)) &&
         memmem(told.failures.ptr, told.failures.len, "its checksum does not fit", 25) == NULL))
        fail_msg("%s, %s:\n%.*s", name, s->what, (int)told.failures.len, told.failures.ptr);
    buf_free(&told.failures);
}

static size_t table_rows(const struct folder *f, enum table table, size_t *first)
{
    size_t n = 0;
    for (*first = 0; f->row[*first].table != table;)
        ++*first;
    while (*first + n < f->n && f->row[*first + n].table == table)
        n++;
    return n;
}

static void stale_table(struct folder *f, enum table table)
{
    size_t first, n = table_rows(f, table, &first);
    const struct stored *r = &f->row[first + n / 2], *other = &f->row[first + (n / 2 + 1) % n];
    struct span key = buf_span(&r->key), value = buf_span(&r->value);
    uint64_t sum = raw_row_sum(table, key, value);
    struct buf changed;
    buf_heap(&changed);
    for (size_t at = 0; at < value.len; at += value.len / 3 + 1) {
        buf_clear(&changed);
        buf_span_add(&changed, value);
        changed.ptr[at] = (char)(changed.ptr[at] ^ 1 << at % 8);
        try_stale(f, &(struct stale){"a bit of its value", r, key, buf_span(&changed), sum});
    }
    try_stale(f, &(struct stale){"a bit of its checksum", r, key, value, sum ^ UINT64_C(1) << table});
    buf_clear(&changed);
    buf_span_add(&changed, key);
    changed.ptr[key.len - 1] = (char)(changed.ptr[key.len - 1] ^ 1 << table % 7);
    if (!has_key(f, table, buf_span(&changed)))
        try_stale(f, &(struct stale){"a bit of its key", r, buf_span(&changed), value, sum});
    if (other != r)
        try_stale(f, &(struct stale){"another row's value", r, key, buf_span(&other->value),
                                     raw_row_sum(table, buf_span(&other->key), buf_span(&other->value))});
    buf_free(&changed);
}

static void a_row_that_is_not_the_one_written_there_is_named(void **state)
{
    struct folder *f = *state;
    for (int t = 0; t < TABLE_COUNT; t++)
        stale_table(f, (enum table)t);
}

/* What is loaded into memory when the server starts. */
static void a_start_believes_no_row_that_is_not_the_one_written_there(void **state)
{
    static const enum table loaded[] = {TABLE_META,
                                        TABLE_PARTIES,
                                        TABLE_CAMPAIGNS,
                                        TABLE_CONTRACTS,
                                        TABLE_CODES,
                                        TABLE_TOKENS,
                                        TABLE_SECRETS,
                                        TABLE_GRANTS,
                                        TABLE_HEADS,
                                        TABLE_JOURNAL,
                                        TABLE_ROWS + (int)ROW_TERMS};
    struct folder *f = *state;
    for (size_t i = 0; i < sizeof loaded / sizeof *loaded; i++) {
        const char *what;
        struct instance in;
        size_t first, n = table_rows(f, loaded[i], &first);
        const struct stored *r = &f->row[first + n - (loaded[i] == TABLE_META ? 2 : 1)]; /* the last is the watermark */
        struct span key = buf_span(&r->key), value = buf_span(&r->value);
        struct buf changed;
        buf_heap(&changed);
        buf_span_add(&changed, value);
        changed.ptr[value.len - 1] ^= 1;
        const struct stale s = {"", r, key, buf_span(&changed), raw_row_sum(loaded[i], key, value)};
        put_stale(f, &s);
        enum err err = instance_open(&in, f->filled.live.f.dir, STORE_SERVE, SMALL_MAP, &what);
        if (err == ERR_OK) {
            struct ledger *l = NULL;
            struct txn *t;
            assert_ok(txn_begin(in.store, false, &t));
            err = ledger_open(t, &l);
            ledger_close(l);
            txn_abort(t);
            instance_close(&in);
        }
        if (err != ERR_CORRUPT)
            fail_msg("%s: %s", table_info(loaded[i])->name, err_word(err));
        folder_mend(f);
        buf_free(&changed);
    }
    the_folder_holds(state);
}

/* A row that does not read: its value or its key is a byte shorter or longer. */
static void harm_form(struct folder *f, const struct stored *r)
{
    struct span key = buf_span(&r->key), value = buf_span(&r->value);
    struct buf more;
    buf_heap(&more);
    if (value.len > 0)
        try_harm(f, &(struct harm){"a shorter value", TELLS_NOTHING, r, key, span_of(value.ptr, value.len - 1), false});
    buf_span_add(&more, value);
    buf_byte(&more, 0x5a);
    try_harm(f, &(struct harm){"a longer value", TELLS_NOTHING, r, key, buf_span(&more), false});
    if (key.len > 1)
        try_harm(f, &(struct harm){"a shorter key", TELLS_NOTHING, r, span_of(key.ptr, key.len - 1), value, false});
    buf_clear(&more);
    buf_span_add(&more, key);
    buf_byte(&more, 0x5a);
    try_harm(f, &(struct harm){"a longer key", TELLS_NOTHING, r, buf_span(&more), value, false});
    buf_free(&more);
}

/* Bytes of a long value are sampled, more closely where most rows have their numbers, and under LONG. */
enum { VALUE_START = 48, START_STEP = 3, VALUE_SAMPLES = 16 };
enum { SHORT_STEP = 6, SHORT_SAMPLES = 6 };

static void harm_value(struct folder *f, const struct stored *r)
{
    struct buf changed;
    bool is_long = getenv("LONG") != NULL;
    size_t samples = is_long ? VALUE_SAMPLES : SHORT_SAMPLES, start = is_long ? START_STEP : SHORT_STEP;
    size_t step = r->value.len > samples ? r->value.len / samples : 1;
    size_t start_step = step < start ? step : start;
    buf_heap(&changed);
    for (size_t i = 0; i < r->value.len; i += i < VALUE_START ? start_step : step) {
        buf_clear(&changed);
        buf_span_add(&changed, buf_span(&r->value));
        int bit = ascii_is_digit(changed.ptr[i]) ? 0 : (int)(i % 7); /* of a digit another one */
        changed.ptr[i] = (char)(changed.ptr[i] ^ 1 << bit);
        try_harm(f, &(struct harm){"a changed value", TELLS_VALUE, r, buf_span(&r->key), buf_span(&changed), false});
    }
    buf_free(&changed);
}

static void harm_key(struct folder *f, const struct stored *r)
{
    struct buf other;
    size_t bits = r->key.len <= 24 ? 3 : 1; /* numbers: their neighbours too */
    buf_heap(&other);
    for (size_t i = 0; i < r->key.len * bits; i++) {
        buf_clear(&other);
        buf_span_add(&other, buf_span(&r->key));
        other.ptr[i / bits] = (char)(other.ptr[i / bits] ^ 1 << (bits == 1 ? i % 8 : i % bits));
        if (has_key(f, r->table, buf_span(&other)))
            continue;
        try_harm(f, &(struct harm){"another key", TELLS_KEY, r, buf_span(&other), buf_span(&r->value), false});
        try_harm(f, &(struct harm){"a row too many", TELLS_ADDED, r, buf_span(&other), buf_span(&r->value), true});
    }
    buf_free(&other);
}

/* The first, the last and, under LONG, one row between of the table. */
static void harm_table(struct folder *f, enum table table)
{
    size_t first = 0, end;
    while (f->row[first].table != table)
        first++;
    for (end = first; end < f->n && f->row[end].table == table;)
        end++;
    const size_t chosen[] = {first, end - 1, (first + end) / 2};
    for (size_t i = 0; i < (getenv("LONG") != NULL ? 3 : 2); i++) {
        const struct stored *r = &f->row[chosen[i]];
        if (i > 0 && (chosen[i] == first || (i == 2 && chosen[i] == chosen[1])))
            continue;
        try_harm(f, &(struct harm){"gone", TELLS_GONE, r, {0}, {0}, false});
        harm_form(f, r);
        harm_value(f, r);
        harm_key(f, r);
    }
}

/* ---- the tests ---- */

static void damage_to_every_table_is_named_or_known_to_go_by(void **state)
{
    struct folder *f = *state;
    size_t wrong = 0;
    for (int t = 0; t < TABLE_COUNT; t++) {
        const struct table_info *info = table_info((enum table)t);
        size_t before = harms;
        harm_table(f, (enum table)t);
        unsigned claimed = TELLS_ALL & ~info->tells;
        if (missed[t] & ~claimed || (getenv("LONG") != NULL && missed[t] != claimed)) {
            print_error("%s: says it cannot tell %x, and let %x go by\n", info->name, claimed, missed[t]);
            wrong++;
        }
        print_message("%-12s %-8s %zu changes\n", info->name, proof_word(info->proof), harms - before);
    }
    assert_int_equal(wrong, 0);
    the_folder_holds(state);
}

/* The first node of a B-tree's branch page points past the file's last page: reading it is an error of LMDB's. Pages
 * are 4,096 bytes: number be64, 2 bytes, flags u16 (1: branch), two u16, u16 offsets of nodes; a node starts with the
 * 48 bits of a page number, the low ones first (lmdb 0.9, native order). false: no branch page. */
static bool break_page(char *page)
{
    enum { FLAGS_AT = 10, OFFSETS_AT = 16, BRANCH = 1, HIGH_BITS_AT = 4 };
    uint16_t flags, offset;
    memcpy(&flags, page + FLAGS_AT, sizeof flags);
    memcpy(&offset, page + OFFSETS_AT, sizeof offset);
    if (flags != BRANCH || offset < OFFSETS_AT || offset > 4096 - 8)
        return false;
    page[offset + HIGH_BITS_AT] = 0x7f;
    return true;
}

static void a_page_that_cannot_be_read_is_never_the_end_of_a_table(void **state)
{
    struct folder *f = *state;
    struct heard told = {0};
    struct buf bad;
    size_t broken = 0, doubts = 0;
    buf_heap(&bad);
    buf_heap(&told.failures);
    for (size_t at = 2 * 4096; at + 4096 <= f->whole.len; at += 4096) { /* two meta pages come first */
        buf_clear(&bad);
        buf_span_add(&bad, buf_span(&f->whole));
        if (!break_page(bad.ptr + at))
            continue;
        broken++;
        assert_ok(file_write_atomic(f->path, buf_span(&bad), 0600));
        run_check(f, &told);
        if (told.verdict == FAILS)
            fail_msg("page %zu: %.*s", at / 4096, (int)told.failures.len, told.failures.ptr);
        doubts += told.verdict == CANNOT_TELL;
    }
    folder_mend(f);
    print_message("%zu branch pages, old ones among them: of %zu check cannot tell\n", broken, doubts);
    assert_true(doubts >= 1); /* the journal's; pages of old trees are not read */
    buf_free(&bad);
    buf_free(&told.failures);
}

/* The first block of `recent` with one bit changed in each of its first bytes: lengths and place of a row. */
static void a_damaged_block_of_rows_is_named(void **state)
{
    enum { BYTES = 8 };
    struct folder *f = *state;
    struct heard told = {0};
    struct buf block;
    MDB_txn *t;
    MDB_cursor *c;
    MDB_val k, v;
    uint64_t key;
    buf_heap(&block);
    buf_heap(&told.failures);
    for (size_t at = 0; at <= BYTES; at++) { /* at last as it was */
        folder_open_store(f);
        const struct store *s = f->filled.live.f.store;
        assert_int_equal(mdb_txn_begin(s->env, NULL, 0, &t), 0);
        assert_int_equal(mdb_cursor_open(t, s->spread_dbi[DBI_RECENT], &c), 0);
        assert_int_equal(mdb_cursor_get(c, &k, &v, MDB_FIRST), 0);
        assert_int_equal(k.mv_size, sizeof key);
        memcpy(&key, k.mv_data, sizeof key);
        if (block.len == 0)
            buf_add(&block, v.mv_data, v.mv_size);
        mdb_cursor_close(c);
        if (at < BYTES)
            block.ptr[at] = (char)(block.ptr[at] ^ 1 << at);
        k.mv_data = &key;
        v = (MDB_val){block.len, block.ptr};
        assert_int_equal(mdb_put(t, s->spread_dbi[DBI_RECENT], &k, &v, 0), 0);
        if (at < BYTES)
            block.ptr[at] = (char)(block.ptr[at] ^ 1 << at);
        assert_int_equal(mdb_txn_commit(t), 0);
        folder_close_store(f);
        run_check(f, &told);
        const char *named =
            told.failures.len > 0 ? memmem(told.failures.ptr, told.failures.len, "a block of", 10) : NULL;
        if ((told.verdict == FAILS) != (at < BYTES) || (named != NULL) != (at < BYTES))
            fail_msg("byte %zu: %.*s", at, (int)told.failures.len, told.failures.ptr);
    }
    buf_free(&block);
    buf_free(&told.failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_holds),
        cmocka_unit_test(a_row_that_is_not_the_one_written_there_is_named),
        cmocka_unit_test(a_start_believes_no_row_that_is_not_the_one_written_there),
        cmocka_unit_test(a_page_that_cannot_be_read_is_never_the_end_of_a_table),
        cmocka_unit_test(a_damaged_block_of_rows_is_named),
        cmocka_unit_test(damage_to_every_table_is_named_or_known_to_go_by),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
