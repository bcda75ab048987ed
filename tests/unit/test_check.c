/* `check` over a real store: holds for what was honestly written, and names what was damaged. */
#include <dlfcn.h>
#include <errno.h>
#include <lmdb.h>

#include "common/base/bytes.h"
#include "common/base/json_peek.h"
#include "common/base/text.h"
#include "common/reports/rollup.h"
#include "server/catalog/catalog_write.h"
#include "server/catalog/unfinished.h"
#include "server/cmd/command.h"
#include "server/commit/rollups.h"
#include "server/keys/day_keys.h"
#include "server/ledger/ledger_rows.h"
#include "server/settlement/statements.h"
#include "server/system/system.h"
#include "tests/support/chance.h"
#include "tests/support/mirror.h"
#include "tests/support/store_fixture.h"
#include <sanitizer/lsan_interface.h>
#include <signal.h>

/* ---- in place of the library's ---- */

static unsigned countdown; /* the read that brings it to 0 fails; 0: none does */

static bool fails(void)
{
    return countdown > 0 && --countdown == 0;
}

int mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    static int (*real)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_get");
    return fails() ? EIO : real(txn, dbi, key, data);
}

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
    static int (*real)(MDB_cursor *, MDB_val *, MDB_val *, MDB_cursor_op);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_cursor_get");
    return fails() ? EIO : real(cursor, key, data, op);
}

/* ---- a store with a story in it ---- */

struct shop {
    struct fixture f;
    struct story *story;
    struct keys *keys;
    struct day_keys *day_keys;
    struct sealer *sealer;
    uint32_t days;                         /* of which there are keys */
    struct buf campaign, contract, direct; /* documents */
};

static struct contract contract_row(const struct shop *s, const struct which *c, const struct who *publisher)
{
    return (struct contract){.number = 1,
                             .id = CONTRACT,
                             .campaign = c,
                             .publisher = publisher,
                             .document = buf_span(&s->contract),
                             .versions = s->story->fold.versions,
                             .created_ms = NOW};
}

static void put_control(const struct shop *s, struct txn *t)
{
    struct party parties[] = {{.number = 1, .id = "O1", .role = ROLE_OPERATOR, .name = SPAN("o"), .created_ms = NOW},
                              {.number = 2, .id = "A1", .role = ROLE_ADVERTISER, .name = SPAN("a"), .created_ms = NOW},
                              {.number = 3, .id = "P1", .role = ROLE_PUBLISHER, .name = SPAN("p"), .created_ms = NOW}};
    const struct who a = party_who(&parties[1]), p = party_who(&parties[2]);
    struct campaign c = {
        .number = 1, .id = "K1", .advertiser = &a, .document = buf_span(&s->campaign), .direct = 2, .created_ms = NOW};
    const struct which which = campaign_which(&c);
    struct contract k = contract_row(s, &which, &p);
    struct contract direct = {
        .number = 2, .id = "C2", .campaign = &which, .document = buf_span(&s->direct), .created_ms = NOW};
    direct.versions = (struct versions){.v = {{.number = 1}}, .n = 1, .made = 1};
    struct code code = {.placement = 1, .label = SPAN("links"), .created_ms = NOW};
    for (int side = 0; side < 2; side++) {
        parties[1 + side].has_key = true;
        parties[1 + side].key_jws = SPAN("a.b.c");
        memcpy(parties[1 + side].pub, signer_public(s->story->party_key[side]), ED25519_KEY_LEN);
    }
    assert_ok(instance_put_meta(t, s->keys, SPAN("https://" ORIGIN), SPAN("I000000000001")));
    for (size_t i = 0; i < 3; i++)
        assert_ok(catalog_put_party(t, &parties[i]));
    assert_ok(catalog_put_campaign(t, &c));
    assert_ok(catalog_put_contract(t, &k));
    assert_ok(catalog_put_contract(t, &direct));
    assert_ok(catalog_put_code(t, 1, &code));
}

/* Of what the tests seal. */
static uint32_t day_of_story(void)
{
    return NOW / MS_PER_DAY;
}

static void put_day_key(struct shop *s, struct txn *t, uint32_t day)
{
    uint8_t drawn[2][DAY_KEY_ROW];
    if (day <= s->days)
        return;
    assert_ok(day_keys_draw(s->day_keys, t, day, drawn));
    assert_ok(day_keys_keep(s->day_keys, t, day, drawn));
    day_keys_publish(s->day_keys);
    s->days = day;
}

static void put_part(struct txn *t, struct span id, const char *part, struct span bytes)
{
    char room[STATEMENT_KEY_MAX];
    struct span key;
    assert_ok(statement_key(id, span_str(part), room, &key));
    assert_ok(store_put(t, TABLE_STATEMENTS, key, bytes));
}

static void append(struct ledger *l, struct txn *t, uint32_t log, const struct entry *e, struct span bytes,
                   const struct terms *terms, const struct companion *with)
{
    uint64_t index;
    assert_ok(ledger_ready(l, t, log));
    assert_ok(ledger_append(l, t, log, e, bytes, with, terms, &index, NULL));
}

/* With its private part as the story has it. */
static void append_told(struct shop *s, struct ledger *l, struct txn *t, uint64_t i, const struct entry *e)
{
    struct buf sealed;
    struct companion with = {.beside = buf_span(&s->story->kept[i])};
    buf_heap(&sealed);
    if (entry_commitment(e) != NULL) {
        with.sealed.day = (uint32_t)(entry_clock(e) / MS_PER_DAY);
        put_day_key(s, t, with.sealed.day);
        assert_ok(sealer_seal(s->sealer, with.sealed.day, entry_commitment(e), buf_span(&s->story->plain[i]), &sealed));
        with.sealed.bytes = buf_span(&sealed);
    }
    append(l, t, 1, e, buf_span(&s->story->entry[i]), s->story->fold.terms, &with);
    buf_free(&sealed);
}

/* A leaf of the root log; its place. */
static uint64_t append_note(struct ledger *l, struct txn *t, uint64_t size, struct span note)
{
    const struct root_leaf x = {.contract = 1, .size = size, .origin = SPAN(ORIGIN "/log/" CONTRACT), .text = note};
    uint64_t leaf;
    assert_ok(ledger_ready(l, t, ROOT_LOG));
    assert_ok(ledger_append_root(l, t, &x, &leaf));
    return leaf;
}

static enum { NOTES_HONEST, NOTE_BY_ANOTHER_KEY, NOTE_OF_ANOTHER_TREE } notes;

/* A head before the one that is published last. */
static void put_forged_note(struct shop *s, struct ledger *l, struct txn *t, uint64_t size)
{
    const struct checkpoint c = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = size, .root = {{9}}};
    struct signer *by = notes == NOTE_OF_ANOTHER_TREE ? keys_new_log_signer(s->keys, 0)
                                                      : signer_new((const uint8_t *)"a key that is nobody's..........");
    struct buf note;
    buf_heap(&note);
    checkpoint_sign(&note, &c, by);
    assert_ok(ledger_publish(l, t, 1, size, append_note(l, t, size, buf_span(&note))));
    signer_free(by);
    buf_free(&note);
}

/* The head that a statement closes, and its hash in the root log. */
static void put_note(struct shop *s, struct ledger *l, struct txn *t, const struct entry_statement *e)
{
    struct checkpoint closed = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = e->to};
    struct heads *heads;
    struct buf note;
    buf_heap(&note);
    assert_ok(ledger_sweep(l, t));
    ledger_root(l, 1, &closed.root);
    assert_ok(heads_open(s->f.dir, s->keys, &heads));
    assert_ok(heads_sign(heads, 1, &closed, &note));
    heads_close(heads);
    put_part(t, e->id, "checkpoint", buf_span(&note));
    if (notes != NOTES_HONEST)
        put_forged_note(s, l, t, e->to - 1);
    assert_ok(ledger_publish(l, t, 1, e->to, append_note(l, t, e->to, buf_span(&note))));
    buf_free(&note);
}

/* The story's statement, signed by this store's key; what the ledger keeps of it. */
/* FORMATS.md, table `statements`. */
static void put_bundles(struct txn *t, const struct entry_statement *e, struct span lines)
{
    struct frontier tree = {0};
    struct span line, digits;
    struct hash leaf, root;
    uint32_t moving = 0;
    uint64_t first = e->to;
    struct buf row;
    while (text_cut(&lines, '\n', &line)) {
        if (tree.size == 0 && json_peek(line, "index", &digits))
            first = strtoull(digits.ptr, NULL, 10);
        assert_true(json_peek(line, "micros", &digits));
        moving += !span_is(digits, "0");
        merkle_leaf(line, &leaf);
        frontier_append(&tree, &leaf, NULL, NULL);
    }
    assert_true(tree.size < STATEMENT_BUNDLE);
    frontier_root(&tree, &root);
    buf_heap(&row);
    if (tree.size > 0) {
        buf_be64(&row, first);
        buf_be32(&row, moving);
        buf_add(&row, root.b, sizeof root.b);
    }
    put_part(t, e->id, "lines", buf_span(&row));
    buf_free(&row);
}

static void put_statement(struct shop *s, struct ledger *l, struct txn *t, const struct entry_statement *e)
{
    char path[64];
    struct signer *signer = keys_new_statement_signer(s->keys);
    struct last_statement last = {.to = e->to, .sha256 = e->sha256};
    struct statement said;
    struct buf payload, jws;
    buf_heap(&payload);
    buf_heap(&jws);
    snprintf(path, sizeof path, "v1/statements/%.*s.jws", (int)e->id.len, e->id.ptr);
    assert_ok(jws_general_open(buf_span(story_file(s->story, path)), signer_public(s->story->statement_key),
                               STATEMENT_TYP, &payload, NULL));
    assert_ok(statement_read(buf_span(&payload), &said));
    last.carried_micros = said.carried_micros;
    last.to_ms = said.to_ms;
    last.number = said.number;
    last.waiting.pending = (uint64_t)json_integer_value(json_object_get(said.closing, "pending"));
    last.waiting.held = (uint64_t)json_integer_value(json_object_get(said.closing, "held"));
    last.waiting.micros = json_integer_value(json_object_get(said.closing, "micros"));
    jws_general(&jws, signer, STATEMENT_TYP, buf_span(&payload));
    put_part(t, e->id, "jws", buf_span(&jws));
    snprintf(path, sizeof path, "v1/statements/%.*s/lines", (int)e->id.len, e->id.ptr);
    put_bundles(t, e, buf_span(story_file(s->story, path)));
    put_note(s, l, t, e);
    const struct tally all = *ledger_tally(l, 1);
    assert_ok(ledger_statement(l, t, 1, &last, last.to == ledger_size(l, 1) ? &all : NULL, 0));
    statement_close(&said);
    signer_free(signer);
    buf_free(&payload);
    buf_free(&jws);
}

static void put_answer(struct txn *t, const struct entry_response *r)
{
    char room[STATEMENT_KEY_MAX];
    struct span key;
    struct span before = SPAN("");
    struct buf answered;
    assert_ok(statement_key(r->statement, r->party, room, &key));
    assert_ok(store_put(t, TABLE_COSIGNED, key, r->jws));
    buf_heap(&answered);
    if (statement_part(t, r->statement, "answered", &before) == ERR_OK)
        buf_span_add(&answered, before);
    buf_span_add(&answered, r->party);
    buf_byte(&answered, '\0');
    put_part(t, r->statement, "answered", buf_span(&answered));
    buf_free(&answered);
}

/* All that there is of the campaign's direct contract: its terms, and its advertiser's key. */
static void put_direct(struct shop *s, struct ledger *l, struct txn *t)
{
    static const struct fold_context direct = {.contract = 2, .campaign = 1, .advertiser = 2, .contract_id = {"C2", 2}};
    struct entry entries[] = {
        {.kind = ENTRY_TERMS,
         .at_ms = NOW,
         .terms =
             {.version = 1, .rules = RULES_NOW, .campaign = buf_span(&s->campaign), .contract = buf_span(&s->direct)}},
        {.kind = ENTRY_KEY, .at_ms = NOW, .key = {.party = SPAN("A1"), .jws = SPAN("a.b.c")}},
    };
    struct terms *terms;
    struct ledger_view within;
    struct view v = ledger_view(&within, l, t);
    memcpy(entries[1].key.pub, signer_public(s->story->party_key[0]), ED25519_KEY_LEN);
    assert_ok(terms_compile(buf_span(&s->campaign), buf_span(&s->direct), &terms, NULL));
    for (uint64_t i = 0; i < 2; i++) {
        struct buf bytes;
        struct row_ops ops;
        buf_heap(&bytes);
        entry_write(&bytes, &entries[i]);
        assert_ok(apply(&direct, &v, terms, i, &entries[i], NULL, &ops));
        assert_ok(store_rows_write(t, &ops));
        append(l, t, 2, &entries[i], buf_span(&bytes), terms, NULL);
        buf_free(&bytes);
    }
    terms_free(terms);
}

/* Writes the story through the real ledger; the last entries stay unswept. */
static void put_story(struct shop *s, struct txn *t)
{
    struct ledger *l = NULL;
    assert_ok(ledger_open(t, &l));
    for (uint64_t i = 0; i < s->story->n; i++) {
        struct span bytes = buf_span(&s->story->entry[i]);
        struct entry e;
        struct row_ops ops;
        assert_ok(entry_read(bytes, &e, NULL));
        if (e.kind == ENTRY_STATEMENT)
            put_statement(s, l, t, &e.statement);
        if (e.kind == ENTRY_RESPONSE)
            put_answer(t, &e.response);
        struct ledger_view within;
        struct view v = ledger_view(&within, l, t);
        struct private_part person = {.lead = true};
        struct kept_part kept;
        if (e.kind == ENTRY_LEAD) {
            assert_ok(kept_read(buf_span(&s->story->kept[i]), &kept));
            kept_person(&kept, &person);
        }
        assert_ok(apply(story_context(), &v, s->story->fold.terms, i, &e, &person, &ops));
        assert_ok(store_rows_write(t, &ops));
        append_told(s, l, t, i, &e);
        if (i == s->story->n - 2)
            assert_ok(ledger_sweep(l, t));
        entry_close(&e);
    }
    put_direct(s, l, t);
    ledger_close(l);
}

static enum err no_row(void *ctx, struct span key, struct span *value)
{
    (void)ctx, (void)key, (void)value;
    return ERR_NOT_FOUND;
}

static enum err entry_of(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    struct envelope env;
    enum err err = ledger_read(ctx, contract, index, &env);
    *out = env.entry;
    return err;
}

/* As a sweep leaves them. */
static void put_rollups(struct txn *t)
{
    const struct rollup_source source = {.row = no_row, .entry = entry_of, .ctx = t};
    struct rollup *r = rollup_new(&source);
    struct versions bound[3] = {{.n = 0}};
    uint64_t watermark;
    uint8_t key[SEQ_LEN];
    struct span row;
    assert_ok(watermark_read(t, &watermark));
    for (uint64_t seq = 0; seq < watermark; seq++) {
        struct envelope env;
        struct entry e;
        assert_ok(store_get(t, TABLE_JOURNAL, seq_key(key, seq), &row));
        assert_ok(envelope_read(row, &env));
        if (env.contract == ROOT_LOG)
            continue;
        assert_ok(entry_read(env.entry, &e, NULL));
        assert_ok(ledger_bind(&bound[env.contract], env.index, &e));
        assert_ok(rollup_add(r, env.contract, env.index, &e, versions_at(&bound[env.contract], e.at_ms)->terms));
        entry_close(&e);
    }
    rollup_reaches(r, watermark);
    assert_ok(rollups_write(t, r));
    rollup_free(r);
    versions_free(&bound[1]);
    versions_free(&bound[2]);
}

static int shop_open(void **state)
{
    struct shop *s = xcalloc(1, sizeof *s);
    setenv("COUNTERSIGN_MAP_SIZE_GIB", "1", 1);
    fixture_open(&s->f);
    assert_ok(keys_create(s->f.dir));
    assert_ok(keys_load(s->f.dir, &s->keys));
    s->story = story_long(300);
    uint8_t salt[32];
    keys_day_wrap(s->keys, salt);
    assert_ok(day_keys_new(s->f.dir, salt, &s->day_keys));
    s->sealer = sealer_new(s->day_keys);
    struct entry terms;
    assert_ok(entry_read(buf_span(&s->story->entry[0]), &terms, NULL));
    buf_heap(&s->campaign);
    buf_heap(&s->contract);
    buf_span_add(&s->campaign, terms.terms.campaign);
    buf_span_add(&s->contract, terms.terms.contract);
    entry_close(&terms);
    s->direct = document_of(contract_document, "{'campaign':'K1'}", "C2");
    struct txn *t = fixture_begin(&s->f, true);
    put_control(s, t);
    put_story(s, t);
    put_rollups(t);
    assert_ok(txn_commit(t));
    *state = s;
    return 0;
}

static int shop_close(void **state)
{
    struct shop *s = *state;
    fixture_close(&s->f);
    sealer_free(s->sealer);
    day_keys_free(s->day_keys);
    keys_free(s->keys);
    story_free(s->story);
    buf_free(&s->campaign);
    buf_free(&s->contract);
    buf_free(&s->direct);
    free(s);
    return 0;
}

/* To look for leaks is a third of what a child that checks costs: one in six does so, all do under LEAKS. */
static pid_t parent;
static bool child_looks;

int __lsan_is_turned_off(void)
{
    return getpid() != parent && !child_looks;
}

/* Runs the command with its report in *out. It opens the store by itself, so this process must not hold it. */
static int check_with(struct shop *s, struct buf *out, char *flag)
{
    char path[96];
    store_close(s->f.store);
    s->f.store = NULL;
    snprintf(path, sizeof path, "%s/report", s->f.dir);
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    assert_non_null(freopen(path, "w", stdout));
    /* the child that checks dies of what kills it: cmocka's handlers are not its own */
    void (*bus)(int) = signal(SIGBUS, SIG_DFL), (*segv)(int) = signal(SIGSEGV, SIG_DFL);
    child_looks = getenv("LEAKS") != NULL || one_in(6);
    int status = command_run(&cmd_check, flag != NULL ? 4 : 3, (char *[]){"check", "--data", s->f.dir, flag, NULL});
    signal(SIGBUS, bus);
    signal(SIGSEGV, segv);
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    assert_ok(file_read(path, 1 << 20, out));
    unlink(path);
    return status;
}

static int check(struct shop *s, struct buf *out)
{
    return check_with(s, out, NULL);
}

static bool line_says(const struct buf *report, const char *word, const char *mark)
{
    char start[32];
    int n = snprintf(start, sizeof start, "%-12s%s", word, mark);
    for (const char *p = report->ptr; p != NULL && p + n <= report->ptr + report->len;
         p = memchr(p, '\n', (size_t)(report->ptr + report->len - p))) {
        p += *p == '\n';
        if (p + n <= report->ptr + report->len && memcmp(p, start, (size_t)n) == 0)
            return true;
    }
    return false;
}

static void an_honest_store_holds(void **state)
{
    struct shop *s = *state;
    struct buf report;
    buf_heap(&report);
    if (check(s, &report) != 0)
        fail_msg("%.*s", (int)report.len, report.ptr);
    buf_free(&report);
}

struct kept_row {
    struct buf key, value;
};

static size_t read_rollups(struct shop *s, struct kept_row *out, size_t most)
{
    struct cursor *c;
    struct span key, value;
    size_t n = 0;
    struct txn *t = fixture_begin(&s->f, false);
    assert_ok(cursor_open(t, TABLE_ROLLUPS, &c));
    for (enum err step = cursor_seek(c, SPAN(""), &key, &value); step == ERR_OK; step = cursor_next(c, &key, &value)) {
        assert_true(n < most);
        buf_heap(&out[n].key);
        buf_heap(&out[n].value);
        buf_span_add(&out[n].key, key);
        buf_span_add(&out[n++].value, value);
    }
    cursor_close(c);
    txn_abort(t);
    return n;
}

static void free_rows(struct kept_row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_free(&row[i].key);
        buf_free(&row[i].value);
    }
}

/* Other numbers, a row too many and one too few: counted again they are what they were. */
static void what_reports_are_made_of_is_counted_again(void **state)
{
    enum { MOST = 4096 };
    static struct kept_row before[MOST], after[MOST];
    struct shop *s = *state;
    struct buf report;
    size_t n = read_rollups(s, before, MOST);
    struct txn *t = fixture_begin(&s->f, true);
    if (n <= 5)
        fail_msg("%zu rows", n);
    assert_ok(store_put(t, TABLE_ROLLUPS, buf_span(&before[1].key), buf_span(&before[2].value)));
    assert_ok(store_put(t, TABLE_ROLLUPS, SPAN("no key at all"), SPAN("")));
    assert_ok(store_del(t, TABLE_ROLLUPS, buf_span(&before[n / 2].key)));
    assert_ok(txn_commit(t));
    buf_heap(&report);
    assert_int_equal(check(s, &report), 1);
    assert_true(line_says(&report, "rows", "FAILS"));
    buf_clear(&report);
    if (check_with(s, &report, "--rebuild") != 0)
        fail_msg("%.*s", (int)report.len, report.ptr);
    fixture_reopen(&s->f, SMALL_MAP);
    assert_int_equal(read_rollups(s, after, MOST), n);
    for (size_t i = 0; i < n; i++) {
        assert_true(span_eq(buf_span(&before[i].key), buf_span(&after[i].key)));
        assert_true(span_eq(buf_span(&before[i].value), buf_span(&after[i].value)));
    }
    free_rows(before, n);
    free_rows(after, n);
    buf_free(&report);
}

/* Neither a row that could not be read nor one that is missed because of it: nothing can be told. The first reads fail
 * one by one, then some here and there, under LEAKS four times as many. */
static void a_read_that_fails_is_no_damage(void **state)
{
    struct shop *s = *state;
    struct buf report;
    unsigned n = 0;
    int status = 2;
    buf_heap(&report);
    while (status == 2) {
        n += 1 + (unsigned)(getenv("LEAKS") != NULL ? n / 64 : below(1 + n / 8));
        buf_clear(&report);
        countdown = n;
        status = check(s, &report);
        countdown = 0; /* the reads are another process's */
        if (status != 0 && (status != 2 || memmem(report.ptr, report.len, "FAILS", 5) != NULL))
            fail_msg("read %u failed: %d\n%.*s", n, status, (int)report.len, report.ptr);
    }
    if (n < 500) /* so many reads there are, and none failed unnoticed */
        fail_msg("the failure of read %u went by", n);
    buf_free(&report);
}

/* Changes one byte of the first row at or after `from`. */
static void flip_row(struct txn *t, enum table table, struct span from, size_t at)
{
    struct cursor *c = NULL;
    struct span key, value;
    struct buf k, v;
    buf_heap(&k);
    buf_heap(&v);
    assert_ok(cursor_open(t, table, &c));
    assert_ok(cursor_seek(c, from, &key, &value));
    buf_span_add(&k, key);
    buf_span_add(&v, value);
    cursor_close(c);
    assert_true(at < v.len);
    v.ptr[at] ^= 1;
    assert_ok(store_put(t, table, buf_span(&k), buf_span(&v)));
    buf_free(&k);
    buf_free(&v);
}

static struct span contract_1(void)
{
    return span_of("\0\0\0\1", 4);
}

static void lose_lead(struct shop *s, struct txn *t)
{
    uint8_t key[12];
    struct span from, k, v;
    (void)s;
    row_index_key(key, 1, 0);
    from = span_of(key, sizeof key);
    assert_ok(store_seek(t, (enum table)(TABLE_ROWS + (int)ROW_LEADS), from, &k, &v));
    memcpy(key, k.ptr, sizeof key);
    assert_ok(store_del(t, (enum table)(TABLE_ROWS + (int)ROW_LEADS), span_of(key, sizeof key)));
}

static void change_move(struct shop *s, struct txn *t)
{
    (void)s;
    flip_row(t, (enum table)(TABLE_ROWS + (int)ROW_MOVES), SPAN(""), 3);
}
static void change_tile(struct shop *s, struct txn *t)
{
    (void)s;
    flip_row(t, TABLE_TILES, contract_1(), 31);
}
static void change_partial_tile(struct shop *s, struct txn *t)
{
    uint8_t key[TILE_KEY_LEN];
    (void)s;
    flip_row(t, TABLE_TILES, tile_key(key, 1, 0, 1), 31);
}
static void change_seqs(struct shop *s, struct txn *t)
{
    (void)s;
    flip_row(t, TABLE_SEQS, contract_1(), 7);
}
static void change_last_leaf(struct shop *s, struct txn *t)
{
    (void)s;
    flip_row(t, TABLE_SEQS, contract_1(), SEQS_FULL - 1);
}
static void change_head(struct shop *s, struct txn *t)
{
    (void)s;
    flip_row(t, TABLE_HEADS, contract_1(), 150);
}
static void flip_part(struct txn *t, const char *part)
{
    char id[LIMIT_ID + 1], room[STATEMENT_KEY_MAX];
    struct span key;
    statement_id(SPAN(CONTRACT), 1, id);
    assert_ok(statement_key(span_str(id), span_str(part), room, &key));
    flip_row(t, TABLE_STATEMENTS, key, 20);
}
static void change_lines(struct shop *s, struct txn *t)
{
    (void)s;
    flip_part(t, "lines");
}
static void change_jws(struct shop *s, struct txn *t)
{
    (void)s;
    flip_part(t, "jws");
}
static void change_entry(struct shop *s, struct txn *t)
{
    (void)s;
    flip_row(t, TABLE_JOURNAL, SPAN("\0\0\0\0\6"), ENVELOPE_HEAD + 6);
}

static void lose_journal_row(struct shop *s, struct txn *t)
{
    (void)s;
    assert_ok(store_del(t, TABLE_JOURNAL, SPAN("\0\0\0\0\6")));
}

/* Of a click: another's. */
static void change_sealed(struct shop *s, struct txn *t)
{
    struct span row;
    (void)s;
    assert_ok(store_get(t, TABLE_PRIVATE, SPAN("\0\0\0\0\7"), &row));
    assert_ok(store_put(t, TABLE_PRIVATE, SPAN("\0\0\0\0\6"), row));
}

static void lose_sealed(struct shop *s, struct txn *t)
{
    (void)s;
    assert_ok(store_del(t, TABLE_PRIVATE, SPAN("\0\0\0\0\6")));
}

static void lose_day_key(struct shop *s, struct txn *t)
{
    uint8_t key[4];
    (void)s;
    store_be32(key, day_of_story());
    assert_ok(store_del(t, TABLE_DAY_KEYS, span_of(key, sizeof key)));
}

static void change_terms_index(struct shop *s, struct txn *t)
{
    (void)s;
    assert_ok(fixture_put_terms(t, 1, 1, 5));
}

/* Of contracts that are not there. */
static void put_unfinished(struct shop *s, struct txn *t)
{
    (void)s;
    assert_ok(unfinished_put(t, &(struct unfinished){.n = 1,
                                                     .from = 1,
                                                     .until = 9,
                                                     .record = {.kind = RECORD_LEGAL,
                                                                .legal = {.party = 2, .by = 1, .legal = SPAN("{}")}}}));
}

static void damage_is_named_by_its_check(void **state)
{
    (void)state;
    static const struct {
        const char *what, *check;
        int status;
        void (*harm)(struct shop *s, struct txn *t);
    } cases[] = {
        {"a lead's row is gone", "rows", 1, lose_lead},
        {"a move says another", "rows", 1, change_move},
        {"a full tile", "trees", 1, change_tile},
        {"an unfinished tile", "trees", 1, change_partial_tile},
        {"the index of journal rows", "trees", 1, change_seqs},
        {"a full tile's last leaf", "trees", 1, change_last_leaf},
        {"the head", "trees", 1, change_head},
        {"a line item", "statements", 1, change_lines},
        {"a statement", "statements", 1, change_jws},
        {"an entry", "entries", 1, change_entry},
        {"a row of the journal", "journal", 1, lose_journal_row},
        {"a sealed part", "private", 1, change_sealed},
        {"a sealed part that is gone", "private", 1, lose_sealed},
        {"the key of sealed parts", "private", 1, lose_day_key},
        {"the terms a contract works by", "rows", 1, change_terms_index},
        {"a change that not all have yet", "catalog", 1, put_unfinished},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void *fresh = NULL;
        struct buf report;
        shop_open(&fresh);
        struct shop *s = fresh;
        buf_heap(&report);
        struct txn *t = fixture_begin(&s->f, true);
        cases[i].harm(s, t);
        assert_ok(txn_commit(t));
        if (check(s, &report) != cases[i].status ||
            !line_says(&report, cases[i].check, cases[i].status == 1 ? "FAILS" : "cannot tell"))
            fail_msg("%s: not named by %s:\n%.*s", cases[i].what, cases[i].check, (int)report.len, report.ptr);
        buf_free(&report);
        shop_close(&fresh);
    }
}

static void each_head_in_the_root_log_is_ours_not_the_last_alone(void **state)
{
    (void)state;
    for (notes = NOTE_BY_ANOTHER_KEY; notes <= NOTE_OF_ANOTHER_TREE; notes++) {
        void *fresh = NULL;
        struct buf report;
        shop_open(&fresh);
        buf_heap(&report);
        if (check(fresh, &report) != 1 || !line_says(&report, "entries", "FAILS") ||
            memmem(report.ptr, report.len, "is no head of log 1", 19) == NULL)
            fail_msg("%d: %.*s", (int)notes, (int)report.len, report.ptr);
        buf_free(&report);
        shop_close(&fresh);
    }
    notes = NOTES_HONEST;
}

/* Whatever the reader dies of, the command answers. */
static void a_damaged_file_is_survived(void **state)
{
    struct shop *s = *state;
    char path[96], junk[8192];
    struct buf bytes, report;
    buf_heap(&bytes);
    buf_heap(&report);
    snprintf(path, sizeof path, "%s/store.mdb", s->f.dir);
    assert_ok(file_read(path, 1 << 20, &bytes));
    memset(junk, 0xa5, sizeof junk);
    for (size_t at = 3 * 4096; at + sizeof junk < bytes.len; at += 4 * sizeof junk)
        memcpy(bytes.ptr + at, junk, sizeof junk);
    assert_ok(file_write_atomic(path, buf_span(&bytes), 0600));
    assert_int_not_equal(check(s, &report), 0);
    buf_free(&bytes);
    buf_free(&report);
}

static void no_store_cannot_be_told(void **state)
{
    struct shop *s = *state;
    char path[96];
    struct buf report;
    buf_heap(&report);
    snprintf(path, sizeof path, "%s/store.mdb", s->f.dir);
    unlink(path);
    assert_int_equal(check(s, &report), 2);
    buf_free(&report);
}

static void expect_signed(struct shop *s, const char *what, bool holds)
{
    struct buf report;
    buf_heap(&report);
    int status = check(s, &report);
    if (status != (holds ? 0 : 1) || !line_says(&report, "signed", holds ? "holds" : "FAILS"))
        fail_msg("%s: exit %d\n%.*s", what, status, (int)report.len, report.ptr);
    buf_free(&report);
}

static void what_was_signed_is_held_against_the_logs(void **state)
{
    struct shop *s = *state;
    char path[96];
    struct buf good, bad;
    struct heads *heads;
    struct checkpoint later = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = 100000};
    buf_heap(&good);
    buf_heap(&bad);
    snprintf(path, sizeof path, "%s/signed-heads", s->f.dir);
    assert_ok(file_read(path, 1 << 20, &good));
    expect_signed(s, "as it was", true);
    assert_int_equal(unlink(path), 0);
    expect_signed(s, "gone", false);
    assert_ok(file_write_atomic(path, SPAN(""), 0600));
    expect_signed(s, "emptied", false);
    buf_span_add(&bad, buf_span(&good));
    memset(bad.ptr, 0, bad.len);
    assert_ok(file_write_atomic(path, buf_span(&bad), 0600));
    expect_signed(s, "zeros", false);
    memcpy(bad.ptr, good.ptr, good.len);
    assert_true(bad.len >= 384);
    bad.ptr[256 + 9] ^= 1; /* of the roots in both slots of log 1 */
    bad.ptr[256 + 64 + 9] ^= 1;
    assert_ok(file_write_atomic(path, buf_span(&bad), 0600));
    expect_signed(s, "changed roots", false);
    assert_ok(file_write_atomic(path, buf_span(&good), 0600));
    assert_ok(heads_open(s->f.dir, s->keys, &heads));
    buf_clear(&bad);
    assert_ok(heads_sign(heads, 1, &later, &bad));
    heads_close(heads);
    expect_signed(s, "ahead of the store", false);
    assert_int_equal(unlink(path), 0);
    later.size = 1;
    buf_clear(&bad);
    assert_ok(heads_open(s->f.dir, s->keys, &heads));
    assert_ok(heads_sign(heads, 2, &later, &bad)); /* of the direct contract, which nobody published */
    heads_close(heads);
    expect_signed(s, "another history", false);
    assert_ok(file_write_atomic(path, buf_span(&good), 0600));
    buf_clear(&bad);
    assert_ok(heads_open(s->f.dir, s->keys, &heads));
    assert_ok(heads_sign(heads, 7, &later, &bad)); /* of a contract that the store lacks */
    heads_close(heads);
    expect_signed(s, "of a log that is not there", false);
    assert_ok(file_write_atomic(path, buf_span(&good), 0600));
    expect_signed(s, "as it was", true);
    buf_free(&good);
    buf_free(&bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_honest_store_holds, shop_open, shop_close),
        cmocka_unit_test_setup_teardown(what_reports_are_made_of_is_counted_again, shop_open, shop_close),
        cmocka_unit_test_setup_teardown(a_read_that_fails_is_no_damage, shop_open, shop_close),
        cmocka_unit_test(damage_is_named_by_its_check),
        cmocka_unit_test(each_head_in_the_root_log_is_ours_not_the_last_alone),
        cmocka_unit_test_setup_teardown(what_was_signed_is_held_against_the_logs, shop_open, shop_close),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_survived, shop_open, shop_close),
        cmocka_unit_test_setup_teardown(no_store_cannot_be_told, shop_open, shop_close),
    };
    chance_seed();
    parent = getpid();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
