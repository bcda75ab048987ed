/* Every table of a real folder is damaged row by row, and `check` names table and key: without a checksum that fits,
 * and with one. What it cannot tell of the latter is what the table of tables says it cannot: held both ways (the other
 * way under LONG, where all of it is met), so that a new table needs its rows here and its words there. */
#include "common/base/ascii.h"
#include "common/commit/delivery.h"
#include "server/catalog/unfinished.h"
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

/* Campaign 2 with its direct contract 4, without scores; and what makes logs longer than the seed knows that stands. */
static void begin_another(struct folder *f)
{
    char body[512], click[CLICK_ID_LEN + 1];
    snprintf(body, sizeof body,
             "{\"advertiser\":\"%s\",\"name\":\"Another\",\"currency\":\"EUR\",\"landing_url\":\"https://shop.example/"
             "\"}",
             filled_text(f->filled.party[0], "id"));
    live_serve(&f->filled.live);
    json_decref(filled_post(&f->filled, "/v1/campaigns", filled_token(&f->filled, 0), body));
    for (int i = 0; i < 32; i++)
        filled_click(&f->filled, f->filled.code, click);
    live_end(&f->filled.live);
}

/* As `countersign token` does: a row of `untold`, for the next start. And one of `unfinished`: legal data of who has
 * given none, on their way to one log. */
static void mint_offline(struct folder *f)
{
    const struct unfinished begun = {.n = 1,
                                     .from = 1,
                                     .until = 1,
                                     .record = {.kind = RECORD_LEGAL,
                                                .now_ms = 1,
                                                .legal = {.party = 2, .by = 1, .name = SPAN(""), .legal = SPAN("{}")}}};
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
    assert_ok(unfinished_put(t, &begun));
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
    begin_another(f);
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

/* ---- what leads are scored by ---- */

enum { CAMPAIGN = 1, OWN = 2, OTHER = 3, ELSEWHERE = 4 }; /* contracts; ELSEWHERE is of campaign 2 */

static const struct stored *only_row(const struct folder *f, enum table table)
{
    size_t first;
    (void)table_rows(f, table, &first);
    return &f->row[first];
}

/* What check says of the folder as it is must have these words; then it is mended. */
static void told(struct folder *f, const char *what, const char *words)
{
    struct heard said = {0};
    buf_heap(&said.failures);
    run_check(f, &said);
    folder_mend(f);
    if (said.verdict != FAILS || memmem(said.failures.ptr, said.failures.len, words, strlen(words)) == NULL)
        fail_msg("%s: not told that it %s:\n%.*s", what, words, (int)said.failures.len, said.failures.ptr);
    buf_free(&said.failures);
}

/* In place of row r, or (`keeps`) beside it. */
static void put_told(struct folder *f, const struct harm *h, const char *words)
{
    write_harm(f, h);
    told(f, h->what, words);
}

static void more_leads(struct seed *s)
{
    s->known.state.leads++;
}
static void another_mean(struct seed *s)
{
    s->known.state.bias.mean++;
}
static void another_usual(struct seed *s)
{
    s->known.state.usual[0]++;
}
static void a_shorter_log(struct seed *s)
{
    s->log[s->n - 1].size--;
}
static void a_log_less(struct seed *s)
{
    s->n--;
}
static void another_number(struct seed *s)
{
    s->log[0].contract = ELSEWHERE;
}
static void asks_not(struct seed *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->log[i].joined.on = !s->log[i].joined.on;
}
static void asks_since(struct seed *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->log[i].joined.since = s->log[i].joined.since == 0;
}

static void a_forged_row_of_seeds_is_named(void **state)
{
    static const struct {
        const char *what;
        void (*change)(struct seed *s);
    } forged[] = {{"leads", more_leads},
                  {"a mean", another_mean},
                  {"what is usual", another_usual},
                  {"how far a log was learnt", a_shorter_log},
                  {"which logs were learnt", a_log_less},
                  {"a log's number", another_number},
                  {"whether terms ask", asks_not},
                  {"since when terms ask", asks_since}};
    struct folder *f = *state;
    const struct stored *r = only_row(f, TABLE_SEEDS);
    struct seed *s = calloc(1, sizeof *s);
    struct buf row;
    uint8_t key[4 + HASH_LEN];
    struct hash asked;
    buf_heap(&row);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        assert_ok(seed_read(buf_span(&r->value), s));
        forged[i].change(s);
        buf_clear(&row);
        seed_write(s, &row);
        put_told(f, &(struct harm){forged[i].what, 0, r, buf_span(&r->key), buf_span(&row), false},
                 "is not what the campaign's logs teach");
    }
    memcpy(asked.b, r->key.ptr + 4, HASH_LEN);
    for (int i = 0; i < 2; i++) {
        struct hash of = asked;
        of.b[0] = (uint8_t)(of.b[0] ^ i);
        seed_key(key, i == 0 ? CAMPAIGN + 1 : CAMPAIGN, &of);
        put_told(f,
                 &(struct harm){i == 0 ? "another campaign" : "other facts", 0, r, span_of(key, sizeof key),
                                buf_span(&r->value), true},
                 "is of no campaign that has a seed");
    }
    put_told(f, &(struct harm){"gone", 0, r, {0}, {0}, false}, "is missing");
    buf_free(&row);
    free(s);
}

static void forged_rows_of_states_and_models_are_named(void **state)
{
    struct folder *f = *state;
    const struct stored *r = only_row(f, TABLE_STATES), *m = only_row(f, TABLE_MODELS);
    uint8_t key[STATE_KEY_LEN], number[4];
    struct buf other;
    buf_heap(&other);
    buf_span_add(&other, buf_span(&r->value));
    other.ptr[other.len - 1] ^= 1; /* of a variance: it reads */
    put_told(f, &(struct harm){"other bytes", 0, r, buf_span(&r->key), buf_span(&other), false},
             "has not the hash that its entry names");
    memcpy(key, r->key.ptr, 4);
    sha256(other.ptr, other.len, key + 4);
    put_told(f, &(struct harm){"bytes of no entry", 0, r, span_of(key, sizeof key), buf_span(&other), true},
             "is what no model entry names");
    put_told(f, &(struct harm){"a state is gone", 0, r, {0}, {0}, false}, "is missing");
    for (size_t at = 0; at < MODEL_HEAD; at += at < 8 ? 7 : HASH_LEN) { /* since, asked, whether it was seeded */
        buf_clear(&other);
        buf_span_add(&other, buf_span(&m->value));
        other.ptr[at] ^= 1;
        put_told(f, &(struct harm){"a model's head", 0, m, buf_span(&m->key), buf_span(&other), false},
                 "is not what the entries teach");
    }
    store_be32(number, ELSEWHERE);
    put_told(f, &(struct harm){"a log without scores", 0, m, span_of(number, 4), buf_span(&m->value), true},
             "is of no log whose terms score leads");
    put_told(f, &(struct harm){"a model is gone", 0, m, {0}, {0}, false}, "is missing");
    buf_free(&other);
}

/* A seed for OTHER, as the settler would make it next, but for one thing. */
struct lie {
    const char *what, *words; /* words NULL: it is the truth */
    uint32_t drop, add;       /* the contract that `from` leaves out, or has beside; 0: none */
    bool less, more;          /* of OWN, than a seed before had, or than there is */
    bool stranger, mean;      /* of a contract that there is not; the state that is brought in has another mean */
};

/* Learns from all logs; answers how much of OWN's an earlier seed had learnt. */
static uint64_t learn_on(struct catalog *c, struct txn *t, struct seed *s, struct buf *base)
{
    const struct contract *k = catalog_contract_number(c, OTHER);
    const struct hash *asked = &contract_terms(k, clock_ms())->score->asked;
    uint8_t key[4 + HASH_LEN];
    struct span row;
    uint64_t before = 0;
    bool done = false;
    assert_ok(store_get(t, TABLE_SEEDS, seed_key(key, CAMPAIGN, asked), &row));
    buf_span_add(base, row);
    assert_ok(seed_load(t, CAMPAIGN, asked, s));
    for (size_t i = 0; i < s->n; i++)
        before = s->log[i].contract == OWN ? s->log[i].size : before;
    struct seed_walk *walk = seed_walk_new(s);
    for (uint32_t n = 1; n <= OTHER; n++) {
        struct head head;
        assert_ok(head_read(t, n, &head));
        assert_ok(seed_walk_to(walk, n, catalog_contract_number(c, n)->id, head.size));
    }
    while (!done)
        assert_ok(seed_walk_step(walk, t, SIZE_MAX, &done));
    seed_walk_free(walk);
    return before;
}

/* All of them end with a NUL. */
static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct entry_prefix *)a)->contract.ptr, ((const struct entry_prefix *)b)->contract.ptr);
}

static void from_of(const struct catalog *c, const struct seed *s, const struct lie *lie, uint64_t before,
                    struct buf *out)
{
    struct entry_prefix of[8];
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->log[i].contract != lie->drop)
            of[n++] = (struct entry_prefix){span_str(s->log[i].id), s->log[i].size};
    for (size_t i = 0; i < n; i++)
        if (span_is(of[i].contract, catalog_contract_number(c, OWN)->id))
            of[i].size = lie->less ? before - 1 : of[i].size + 100000 * lie->more;
    if (lie->add > 0 || lie->stranger)
        of[n++] =
            (struct entry_prefix){lie->stranger ? SPAN("C0") : span_str(catalog_contract_number(c, lie->add)->id), 1};
    qsort(of, n, sizeof *of, by_id);
    for (size_t i = 0; i < n; i++)
        entry_prefix_add(out, &of[i]);
}

/* Takes it as the settler's record is taken: whoever made that is believed. */
static void bring_in(struct folder *f, const struct lie *lie)
{
    uint8_t bytes[SCORE_STATE_MAX];
    struct buf base, from, row;
    struct instance in;
    struct committer *committer;
    struct txn *t;
    const char *what;
    bool wrote;
    struct seed *s = calloc(1, sizeof *s);
    buf_heap(&base);
    buf_heap(&from);
    buf_heap(&row);
    assert_ok(instance_open(&in, f->filled.live.f.dir, STORE_SERVE, SMALL_MAP, &what));
    struct catalog *c = catalog_hold(in.catalog);
    const struct contract *k = catalog_contract_number(c, OTHER);
    assert_ok(txn_begin(in.store, false, &t));
    uint64_t before = learn_on(c, t, s, &base);
    txn_abort(t);
    struct job job = {.arena = arena_new(),
                      .record = {.kind = RECORD_SEED,
                                 .advertiser = k->campaign->advertiser->number,
                                 .partition = k->campaign->partition,
                                 .now_ms = clock_ms(),
                                 .arrived_ms = clock_ms()}};
    struct record *r = &job.record;
    r->seed.contract = OTHER;
    r->seed.leads = s->known.state.leads;
    r->seed.labels = (uint64_t)s->known.state.labels[0] + s->known.state.labels[1];
    memcpy(r->seed.asked, s->known.asked.b, HASH_LEN);
    sha256(base.ptr, base.len, r->seed.base);
    from_of(c, s, lie, before, &from);
    r->seed.from = buf_span(&from);
    seed_write(s, &row);
    r->seed.row = buf_span(&row);
    s->known.state.bias.mean += lie->mean;
    r->seed.state = span_of(bytes, seed_bytes(s, bytes));
    assert_ok(committer_open(&(struct committer_setup){&in, job_runs, NULL}, &committer));
    assert_ok(committer_run(committer, &(struct job *){&job}, 1, &wrote));
    if (job.err != ERR_OK || !wrote)
        fail_msg("%s: %s %s", lie->what, err_word(job.err), job.problem.detail);
    committer_close(committer);
    catalog_unref(c);
    instance_close(&in);
    arena_free(job.arena);
    buf_free(&base);
    buf_free(&from);
    buf_free(&row);
    free(s);
}

static void a_seed_that_the_campaigns_logs_do_not_give_is_named(void **state)
{
    static const char no_order[] = "the seeds of campaign 1 are in no order, or name no logs of it";
    static const struct lie lies[] = {
        {"as it is", NULL},
        {"another mean", "a seed of campaign 1 is not what its contracts taught", .mean = true},
        {"a log left out", no_order, .drop = OTHER},
        {"less than before", no_order, .less = true},
        {"more than there is", no_order, .more = true},
        {"a log of another campaign", no_order, .add = ELSEWHERE},
        {"a log that is not there", no_order, .stranger = true},
    };
    struct folder *f = *state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        bring_in(f, &lies[i]);
        if (lies[i].words == NULL) {
            the_folder_holds(state);
            folder_mend(f);
        } else {
            told(f, lies[i].what, lies[i].words);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_holds),
        cmocka_unit_test(a_row_that_is_not_the_one_written_there_is_named),
        cmocka_unit_test(a_start_believes_no_row_that_is_not_the_one_written_there),
        cmocka_unit_test(a_page_that_cannot_be_read_is_never_the_end_of_a_table),
        cmocka_unit_test(a_damaged_block_of_rows_is_named),
        cmocka_unit_test(a_forged_row_of_seeds_is_named),
        cmocka_unit_test(forged_rows_of_states_and_models_are_named),
        cmocka_unit_test(a_seed_that_the_campaigns_logs_do_not_give_is_named),
        cmocka_unit_test(damage_to_every_table_is_named_or_known_to_go_by),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
