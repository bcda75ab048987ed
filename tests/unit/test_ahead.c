/* Pieces of walks that another thread makes, rows that leave memory: an audit reports the same with them and without.
 */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/settlement/verify_parts.h"
#include "server/cmd/ahead.h"
#include "server/cmd/folder.h"
#include "server/cmd/progress.h"
#include "server/cmd/spill.h"
#include "tests/support/mirror.h"

enum { PIECES = 500 };

struct pieces {
    unsigned room;
    uint64_t made[PIECES], slot[PIECES];
};

static void make(void *arg, uint64_t piece)
{
    struct pieces *p = arg;
    for (volatile uint64_t i = 0; i < piece * 7919 % 500;)
        i++;
    p->made[piece]++;
    p->slot[piece % p->room] = piece;
}

static void each_piece_is_made_once_and_stands_until_the_next_is_taken(void **state)
{
    (void)state;
    for (int thread = 0; thread < 2; thread++)
        for (uint64_t until = 0; until <= PIECES; until += until < 20 ? 1 : 120) {
            struct ahead_thread *t = ahead_start(thread);
            struct ahead a = ahead_of(t);
            struct pieces p = {.room = a.room}, q = {.room = a.room};
            void *one = a.open(a.ctx, PIECES, make, &p), *other = a.open(a.ctx, PIECES, make, &q);
            assert_int_equal(a.room > 1, thread);
            for (uint64_t i = 0; i < until; i++) {
                a.take(one, i);
                assert_int_equal(p.slot[i % p.room], i);
                a.take(other, i);
                assert_int_equal(q.slot[i % q.room], i);
                assert_int_equal(p.slot[i % p.room], i);
            }
            a.close(other);
            a.close(one);
            for (uint64_t i = 0; i < PIECES; i++) {
                assert_true(p.made[i] <= 1 && q.made[i] <= 1);
                assert_true(p.made[i] == 1 || i >= until);
                assert_true(p.made[i] == 0 || i < until + p.room); /* no further ahead than there is room */
            }
            ahead_stop(t);
        }
}

/* ---- audits ---- */

static void write_down(void *ctx, const struct report_line *line)
{
    buf_printf(ctx, "%s %d %d %d %.*s %.*s\n", line->topic, line->check, line->judged, line->judged ? line->verdict : 0,
               (int)line->sentence.len, line->sentence.ptr, (int)line->data.len, line->data.ptr);
}

static enum verdict report_of(struct story *s, const struct ahead *ahead, const struct spill *spill, struct buf *out)
{
    struct mirror m = story_mirror(s);
    struct verify_asked asked = {.ahead = ahead, .spill = spill};
    buf_clear(out);
    return verify_mirror(&m, &asked, write_down, out);
}

struct both {
    struct ahead ahead;
    struct spill spill;
    struct buf with, without;
    unsigned n[CANNOT_TELL + 1];
};

static void assert_same(struct both *b, struct story *s, const char *what)
{
    enum verdict v = report_of(s, NULL, NULL, &b->without);
    assert_int_equal(report_of(s, &b->ahead, &b->spill, &b->with), v);
    b->n[v]++;
    if (!span_eq(buf_span(&b->with), buf_span(&b->without)))
        fail_msg("%s\nwith a thread and a file\n%.*s\nwithout\n%.*s", what, (int)b->with.len, b->with.ptr,
                 (int)b->without.len, b->without.ptr);
}

static void damage(struct both *b, struct story *s, struct mirror_file *f, unsigned kind)
{
    size_t at = kind * 7919 % f->bytes.len, len = f->bytes.len;
    char was = f->bytes.ptr[at];
    switch (kind % 3) {
    case 0:
        f->bytes.ptr[at] ^= 1;
        break;
    case 1:
        f->bytes.len = at;
        break;
    default:
        f->gone = true;
    }
    assert_same(b, s, f->path);
    f->bytes.len = len;
    f->bytes.ptr[at] = was;
    f->gone = false;
}

/* ---- openings ---- */

/* A file of lines, read as a mirror's. */
static enum err read_text(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    const struct buf *text = ctx;
    (void)path;
    if (offset < text->len)
        buf_add(out, text->ptr + offset, text->len - offset < max ? text->len - offset : max);
    return ERR_OK;
}

static void add_line(struct buf *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_byte(text, (uint8_t)('a' + (text->len + i) % 23));
    buf_byte(text, '\n');
}

/* Each line of the text in its order, whatever pieces it is read in. */
static void assert_lines(const struct buf *text, const struct ahead *ahead, bool fails)
{
    const struct verify_asked asked = {.ahead = ahead};
    const struct mirror m = {.read = read_text, .ctx = (void *)(uintptr_t)text};
    struct finding f = {.doubts = 0};
    struct openings *o = openings_open(&asked, &m, &f, "openings");
    struct span rest = buf_span(text), line;
    const struct opening_line *l;
    while ((l = openings_peek(o)) != NULL) {
        assert_ptr_equal(openings_peek(o), l);
        bool whole = text_cut(&rest, '\n', &line);
        assert_true(span_eq(l->line, whole ? line : rest));
        assert_int_equal(l->whole, whole);
        if (!whole)
            rest = SPAN("");
        openings_skip(o);
    }
    assert_int_equal(f.failures, fails);
    assert_int_equal(f.doubts, 0);
    if (!fails)
        assert_int_equal(rest.len, 0);
    openings_close(o);
}

static void openings_come_line_by_line_whatever_the_pieces(void **state)
{
    (void)state;
    enum { AT = 64 << 10 };
    struct ahead_thread *t = ahead_start(true);
    struct ahead ahead = ahead_of(t);
    struct buf text;
    buf_heap(&text);
    for (int thread = 0; thread < 2; thread++) {
        const struct ahead *with = thread ? &ahead : NULL;
        for (int end = -2; end <= 2; end++) /* a line that ends about where a piece does */
            for (size_t next = 0; next <= LIMIT_OPENING; next = next * 40 + 7) {
                buf_clear(&text);
                add_line(&text, (size_t)(AT + end - 1));
                add_line(&text, next);
                add_line(&text, LIMIT_OPENING);
                for (int i = 0; i < 1500; i++) /* more than are kept of a piece */
                    add_line(&text, (size_t)i % 3);
                assert_lines(&text, with, false);
                text.len--; /* a last line without its newline */
                assert_lines(&text, with, false);
                text.len++;
                add_line(&text, LIMIT_OPENING + 1);
                assert_lines(&text, with, true);
            }
        for (int size = AT - 1; size <= AT + 1; size++) {
            buf_clear(&text);
            add_line(&text, (size_t)size - 1);
            assert_lines(&text, with, false);
        }
        buf_clear(&text);
        assert_lines(&text, with, false);
    }
    buf_free(&text);
    ahead_stop(t);
}

/* Hundreds of entries in many bundles; good, and damaged wherever. */
static void an_audit_reports_the_same_with_a_thread_and_a_file_and_without(void **state)
{
    (void)state;
    struct ahead_thread *t = ahead_start(true);
    struct both b = {.ahead = ahead_of(t)};
    struct spill_file *file = spill_open(&(struct spill_room){0}, &b.ahead);
    b.spill = spill_of(file);
    struct story *s = story_long(1800);
    buf_heap(&b.with);
    buf_heap(&b.without);
    write_logs(s);
    assert_same(&b, s, "as it is");
    assert_int_equal(b.n[HOLDS], 1);
    for (size_t i = 0; i < s->n_files; i++)
        if (s->file[i].bytes.len > 0)
            for (unsigned kind = 0; kind < (strstr(s->file[i].path, "/entries/") != NULL ? 6 : 1); kind++)
                damage(&b, s, &s->file[i], kind + (unsigned)i * 3);
    assert_true(b.n[FAILS] > 10 && b.n[CANNOT_TELL] > 10);
    story_free(s);
    buf_free(&b.with);
    buf_free(&b.without);
    spill_close(file);
    ahead_stop(t);
}

/* ---- a file for rows ---- */

static unsigned long mapped_pages(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*u %*u %lu", &pages), 1);
    fclose(f);
    return pages;
}

/* Pages that say which they are, first and last. */
static void fill_pages(struct pages *p, uint32_t n, bool again)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = again ? i : pages_take(p), *page = pages_at(p, at);
        if (!again)
            page[0] = page[PAGE_LEN / sizeof *page - 1] = ~at;
        assert_int_equal(page[0], ~at);
        assert_int_equal(page[PAGE_LEN / sizeof *page - 1], ~at);
    }
}

static void assert_leaves_and_stays(const struct ahead *ahead)
{
    enum { STEP = 128, FRONT = STEP, MANY = 6400 }; /* pages */
    const unsigned long more = (ahead != NULL ? ahead->room : 1) * STEP;
    char dir[] = "/tmp/countersign-spill-XXXXXX";
    assert_non_null(mkdtemp(dir));
    setenv("TMPDIR", dir, 1);
    struct spill_file *f = spill_open(&(struct spill_room){.front = FRONT * PAGE_LEN}, ahead);
    struct spill s = spill_of(f);
    struct pages *p = pages_new(&s);
    unsigned long before = mapped_pages();
    fill_pages(p, MANY, false);
    assert_in_range(mapped_pages(), before + MANY - 2 * FRONT, before + MANY + more);
    s.rest(s.ctx);
    assert_in_range(mapped_pages(), 0, before + more + FRONT);
    fill_pages(p, MANY, true);
    assert_int_equal(rmdir(dir), 0); /* it has no name */
    pages_free(p);
    spill_close(f);
    assert_in_range(mapped_pages(), 0, before + FRONT);
    unsetenv("TMPDIR");
}

static void what_leaves_memory_stays_as_it_was(void **state)
{
    (void)state;
    struct ahead_thread *t = ahead_start(true);
    struct ahead ahead = ahead_of(t);
    assert_leaves_and_stays(NULL);
    assert_leaves_and_stays(&ahead);
    ahead_stop(t);
}

static void what_is_given_back_is_taken_again(void **state)
{
    (void)state;
    struct spill_file *f = spill_open(&(struct spill_room){0}, NULL);
    struct spill s = spill_of(f);
    unsigned long most = 0;
    for (int i = 0; i < 4; i++) {
        struct pages *p = pages_new(&s);
        fill_pages(p, 1600, false);
        fill_pages(p, 1600, true);
        pages_free(p);
        assert_true(i == 0 || mapped_pages() <= most + 16);
        most = mapped_pages();
    }
    spill_close(f);
}

static void without_a_file_pages_are_on_the_heap(void **state)
{
    (void)state;
    setenv("TMPDIR", "/nowhere/at/all", 1);
    struct spill_file *f = spill_open(&(struct spill_room){0}, NULL);
    struct spill s = spill_of(f);
    struct pages *p = pages_new(&s);
    fill_pages(p, 100, false);
    s.rest(s.ctx);
    fill_pages(p, 100, true);
    assert_null(s.take(s.ctx));
    pages_free(p);
    spill_close(f);
    unsetenv("TMPDIR");
}

/* ---- a mirror on disk ---- */

enum { FOLDERS = 9, FILES = 90 };

struct disk {
    struct mirror mirror;
    unsigned room;
    struct buf slot[16];
};

static void path_of(char path[32], uint64_t file)
{
    snprintf(path, 32, "d%u/f%u", (unsigned)(file % FOLDERS), (unsigned)file);
}

static void read_file(void *arg, uint64_t file)
{
    struct disk *d = arg;
    struct buf *out = &d->slot[file % d->room];
    char path[32];
    path_of(path, file);
    buf_clear(out);
    assert_int_equal(d->mirror.read(d->mirror.ctx, path, 0, 64, out), ERR_OK);
}

/* From more folders than it keeps open. */
static void two_threads_read_one_folder(void **state)
{
    (void)state;
    char dir[] = "/tmp/countersign-ahead-XXXXXX", path[32];
    struct folder *f;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(folder_open(dir, &f), ERR_OK);
    for (uint64_t i = 0; i < FILES; i++) {
        path_of(path, i);
        int fd = folder_create(f, path);
        assert_int_equal(write(fd, path, strlen(path)), (ssize_t)strlen(path));
        close(fd);
    }
    struct ahead_thread *t = ahead_start(true);
    struct ahead a = ahead_of(t);
    struct disk d = {.mirror = folder_mirror(f), .room = a.room};
    assert_in_range(a.room, 2, 16);
    for (unsigned i = 0; i < a.room; i++)
        buf_heap(&d.slot[i]);
    void *walk = a.open(a.ctx, FILES, read_file, &d);
    for (uint64_t i = 0; i < FILES; i++) {
        struct buf again;
        path_of(path, FILES - 1 - i);
        buf_heap(&again);
        assert_int_equal(d.mirror.read(d.mirror.ctx, path, 0, 64, &again), ERR_OK);
        assert_true(span_is(buf_span(&again), path));
        buf_free(&again);
        a.take(walk, i);
        path_of(path, i);
        assert_true(span_is(buf_span(&d.slot[i % a.room]), path));
    }
    a.close(walk);
    ahead_stop(t);
    for (unsigned i = 0; i < a.room; i++)
        buf_free(&d.slot[i]);
    for (uint64_t i = 0; i < FOLDERS; i++) {
        snprintf(path, sizeof path, "d%u", (unsigned)i);
        assert_int_equal(folder_remove_tree(f, path), ERR_OK);
    }
    folder_close(f);
    assert_int_equal(rmdir(dir), 0);
}

/* ---- how far it is ---- */

/* What is written to stderr, a terminal or a pipe, by an audit of 300 entries of which 256 are looked at. */
static void progress_on(int theirs, int ours, char *out, size_t cap)
{
    struct progress p;
    int kept = dup(STDERR_FILENO);
    dup2(theirs, STDERR_FILENO);
    progress_open(&p, "entries looked at");
    progress_tell(&p, 256, 300);
    progress_tell(&p, 257, 300); /* too soon */
    progress_tell(&p, 300, 300);
    progress_tell(&p, 300, 300);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(theirs);
    size_t len = 0;
    for (ssize_t n; (n = read(ours, out + len, cap - 1 - len)) > 0;) /* a terminal gives it in pieces */
        len += (size_t)n;
    out[len] = '\0';
    close(ours);
}

static void how_far_it_is_a_terminal_alone_is_told(void **state)
{
    (void)state;
    char said[256];
    int ours, theirs, ends[2];
    assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
    progress_on(theirs, ours, said, sizeof said);
    assert_string_equal(said, "\r\x1b[K256 of 300 entries looked at, 85 %\r\x1b[K");
    assert_int_equal(pipe(ends), 0);
    progress_on(ends[1], ends[0], said, sizeof said);
    assert_string_equal(said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_piece_is_made_once_and_stands_until_the_next_is_taken),
        cmocka_unit_test(openings_come_line_by_line_whatever_the_pieces),
        cmocka_unit_test(an_audit_reports_the_same_with_a_thread_and_a_file_and_without),
        cmocka_unit_test(what_leaves_memory_stays_as_it_was),
        cmocka_unit_test(what_is_given_back_is_taken_again),
        cmocka_unit_test(without_a_file_pages_are_on_the_heap),
        cmocka_unit_test(two_threads_read_one_folder),
        cmocka_unit_test(how_far_it_is_a_terminal_alone_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
