/* Any value that we write reads back as itself, its bytes are its only spelling, and another implementation reads the
 * same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/json_peek.h"
#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"

enum { ROUNDS = 400, FLIPS = 64 };

static uint64_t seed;

/* splitmix64 */
static uint64_t draw(uint64_t below)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % below;
}

static json_t *random_string(bool ascii)
{
    static const char *const pieces[] = {"a",
                                         "Z",
                                         "0",
                                         " ",
                                         "/",
                                         "\"",
                                         "\\",
                                         "\n",
                                         "\x01",
                                         "\x1f",
                                         "\x7f",
                                         "f_",
                                         "long run of plain text",
                                         "\xc3\xa9",
                                         "\xe2\x82\xac",
                                         "\xef\xbf\xbf",
                                         "\xf0\x9f\x98\x80",
                                         "\xed\x9f\xbf"};
    struct buf b;
    buf_heap(&b);
    for (uint64_t n = draw(8); n; n--)
        buf_str(&b, pieces[draw(ascii ? 13 : sizeof pieces / sizeof *pieces)]);
    json_t *s = json_stringn(b.len ? b.ptr : "", b.len);
    buf_free(&b);
    return s;
}

static json_t *random_value(int depth)
{
    static const int64_t edges[] = {0, 1, -1, JSON_INT_MAX, -JSON_INT_MAX, 1000000000, INT32_MIN};
    json_t *v;
    switch (draw(depth < 4 ? 6 : 4)) {
    case 0:
        return json_integer(edges[draw(sizeof edges / sizeof *edges)]);
    case 1:
        return json_integer((int64_t)draw((uint64_t)JSON_INT_MAX) - (JSON_INT_MAX >> 1));
    case 2:
        return json_boolean((int)draw(2));
    case 3:
        return random_string(false);
    case 4:
        v = json_array();
        for (uint64_t n = draw(5); n; n--)
            json_array_append_new(v, random_value(depth + 1));
        return v;
    default:
        v = json_object();
        for (uint64_t n = draw(6); n; n--) {
            json_t *key = random_string(true);
            json_object_set_new(v, json_string_value(key), random_value(depth + 1));
            json_decref(key);
        }
        return v;
    }
}

static json_t *random_object(void)
{
    json_t *v = json_object();
    json_object_set_new(v, "value", random_value(0));
    json_object_set_new(v, "more", random_value(1));
    return v;
}

static void write_value(struct buf *b, const json_t *v)
{
    struct jw w;
    jw_open(&w, b);
    jw_value(&w, v);
    jw_close(&w);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        json_t *v = random_object(), *back = NULL;
        struct problem p = {0};
        struct buf b;
        buf_heap(&b);
        write_value(&b, v);
        assert_true(utf8_valid(buf_span(&b)));
        if (json_read_canonical(buf_span(&b), &back, &p) != ERR_OK)
            fail_msg("%.*s: %s %s", (int)b.len, b.ptr, p.field, p.detail);
        assert_true(json_equal(v, back));
        json_decref(back);
        json_decref(v);
        buf_free(&b);
    }
}

/* Also cut off anywhere: then it never ends well. */
static void all_members_are_found_in_their_order(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        json_t *v = random_object(), *back = json_object();
        struct buf b;
        struct span name, value;
        enum err err;
        buf_heap(&b);
        write_value(&b, v);
        struct json_members m = json_members(buf_span(&b));
        while ((err = json_members_next(&m, &name, &value)) == ERR_OK) {
            json_t *of = json_loadb(value.ptr, value.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_non_null(of);
            json_object_setn_new(back, name.ptr, name.len, of);
        }
        assert_int_equal(err, ERR_NOT_FOUND);
        assert_true(json_equal(v, back));
        size_t len = draw(b.len);
        char *cut = malloc(len > 0 ? len : 1); /* so that a look beyond it shows */
        memcpy(cut, b.ptr, len);
        m = json_members(span_of(cut, len));
        while ((err = json_members_next(&m, &name, &value)) == ERR_OK)
            assert_true(value.ptr + value.len <= cut + len);
        assert_int_equal(err, ERR_CORRUPT);
        free(cut);
        json_decref(v), json_decref(back);
        buf_free(&b);
    }
}

/* Also cut off anywhere: what is found then is whole. */
static void a_member_is_found_as_it_is_written(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        static const char *const names[] = {"", "mor", "more", "valu", "value"};
        enum { NAMES = sizeof names / sizeof *names };
        json_t *v = random_object();
        struct buf b, member;
        struct span found, all[NAMES];
        buf_heap(&b), buf_heap(&member);
        write_value(&b, v);
        json_peek_all(buf_span(&b), names, NAMES, all);
        for (size_t i = 0; i < NAMES; i++) {
            json_t *wrapped = json_object(), *value = json_object_get(v, names[i]);
            assert_int_equal(json_peek(buf_span(&b), names[i], &found), value != NULL);
            assert_true(span_eq(found, all[i]));
            buf_clear(&member);
            if (value != NULL) {
                json_object_set(wrapped, "x", value);
                write_value(&member, wrapped);
                assert_true(span_eq(found, span_of(member.ptr + 5, member.len - 6)));
            }
            json_decref(wrapped);
        }
        size_t len = draw(b.len);
        char *cut = malloc(len > 0 ? len : 1); /* so that a look beyond it shows */
        memcpy(cut, b.ptr, len);
        if (json_peek(span_of(cut, len), "value", &found))
            assert_true(found.ptr + found.len <= cut + len);
        free(cut);
        json_decref(v);
        buf_free(&b), buf_free(&member);
    }
}

static void any_changed_byte_shows(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        json_t *v = random_object();
        struct buf b;
        buf_heap(&b);
        write_value(&b, v);
        for (int flip = 0; flip < FLIPS; flip++) {
            size_t at = draw(b.len);
            char was = b.ptr[at];
            json_t *other = NULL;
            b.ptr[at] ^= (char)(1 + draw(255));
            if (json_read_canonical(buf_span(&b), &other, NULL) == ERR_OK) {
                if (json_equal(v, other))
                    fail_msg("byte %zu of %.*s does not matter", at, (int)b.len, b.ptr);
                json_decref(other);
            }
            b.ptr[at] = was;
        }
        json_decref(v);
        buf_free(&b);
    }
}

static void cut_or_lengthened_texts_are_refused(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        json_t *v = random_object(), *other = NULL;
        struct buf b;
        buf_heap(&b);
        write_value(&b, v);
        assert_int_equal(json_read_canonical(span_of(b.ptr, draw(b.len)), &other, NULL), ERR_CORRUPT);
        buf_byte(&b, (uint8_t)draw(256));
        assert_int_equal(json_read_canonical(buf_span(&b), &other, NULL), ERR_CORRUPT);
        json_decref(v);
        buf_free(&b);
    }
}

/* Python sorts ASCII keys and writes no spaces in the same way; its escapes are ours too. */
static void python_writes_the_same_bytes(void **state)
{
    static const char program[] =
        "import json,sys\n"
        "for n, line in enumerate(sys.stdin.buffer.read().split(b'\\n')[:-1]):\n"
        "    again = json.dumps(json.loads(line), sort_keys=True, separators=(',', ':'), ensure_ascii=False)\n"
        "    if again.encode() != line: sys.exit('line %d: %r' % (n, line))\n";
    (void)state;
    if (access("/usr/bin/python3", X_OK) != 0) {
        print_message("no /usr/bin/python3\n");
        skip();
    }
    FILE *f = tmpfile();
    assert_non_null(f);
    for (int round = 0; round < ROUNDS; round++) {
        json_t *v = random_object();
        struct buf b;
        buf_heap(&b);
        write_value(&b, v);
        buf_byte(&b, '\n');
        assert_int_equal(fwrite(b.ptr, 1, b.len, f), b.len);
        json_decref(v);
        buf_free(&b);
    }
    assert_int_equal(fflush(f), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (lseek(fileno(f), 0, SEEK_SET) == 0 && dup2(fileno(f), STDIN_FILENO) == STDIN_FILENO)
            execl("/usr/bin/python3", "python3", "-c", program, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    fclose(f);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),           cmocka_unit_test(a_member_is_found_as_it_is_written),
        cmocka_unit_test(all_members_are_found_in_their_order), cmocka_unit_test(any_changed_byte_shows),
        cmocka_unit_test(cut_or_lengthened_texts_are_refused),  cmocka_unit_test(python_writes_the_same_bytes),
    };
    const char *given = getenv("SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("SEED=%llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
