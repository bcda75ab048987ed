#include "common/base/json_read.h"

#include <assert.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/limits.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/utf8.h"

enum { PATH_LEN = sizeof((struct problem *)0)->field };

static void add_cut(struct buf *b, const char *s)
{
    buf_span_add(b, utf8_cut(span_str(s), b->cap - b->len));
}

/* Names a member of what stands at `path` ("" or "a.b[3]"), cut where it gets too long: it is for people. */
static void member_path(char out[PATH_LEN], const char *path, const char *key)
{
    struct buf b;
    buf_fixed(&b, out, PATH_LEN - 1);
    add_cut(&b, path);
    if (*path)
        buf_byte(&b, '.');
    add_cut(&b, key);
    out[b.len] = '\0';
}

static void element_path(char out[PATH_LEN], const char *path, size_t i)
{
    struct buf b;
    buf_fixed(&b, out, PATH_LEN - 1);
    add_cut(&b, path);
    buf_byte(&b, '[');
    buf_u64(&b, i);
    buf_byte(&b, ']');
    out[b.len] = '\0';
}

enum { CANONICAL = 1, ELEMENT = 2, ANY_NUMBER = 4, NUMBERS_AS_TEXTS = 8 };

/* What jansson takes and we do not. */
static enum err check(const json_t *v, const char *path, int depth, unsigned flags, struct problem *p)
{
    char inner[PATH_LEN];
    const char *key;
    json_t *child;
    size_t i;
    enum err err;

    switch (json_typeof(v)) {
    case JSON_REAL:
        return problem(p, ERR_MALFORMED, path, "must be a whole number, written without fraction and exponent");
    case JSON_INTEGER:
        if (json_integer_value(v) > JSON_INT_MAX || json_integer_value(v) < -JSON_INT_MAX)
            return problem(p, ERR_MALFORMED, path, "must be a number between -(2^53-1) and 2^53-1");
        return ERR_OK;
    case JSON_NULL:
        return flags ? problem(p, ERR_MALFORMED, path, "must not be null") : ERR_OK;
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (depth == JSON_DEPTH)
            return problem(p, ERR_MALFORMED, path, "must not be nested deeper than %d levels", JSON_DEPTH);
        break;
    default:
        return ERR_OK;
    }
    json_object_foreach((json_t *)v, key, child)
    {
        member_path(inner, path, key);
        for (const char *c = key; flags & CANONICAL && *c; c++)
            if ((unsigned char)*c > 0x7f)
                return problem(p, ERR_MALFORMED, inner, "must have an ASCII name");
        if ((err = check(child, inner, depth + 1, flags & CANONICAL, p)) != ERR_OK)
            return err;
    }
    json_array_foreach(v, i, child)
    {
        element_path(inner, path, i);
        if ((err = check(child, inner, depth + 1, (flags & CANONICAL) | ELEMENT, p)) != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static void free_wiped(void *p)
{
    if (p != NULL)
        explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

/* A secret may be read by it, the server's own among them: nothing of what it held stays behind. */
void json_use_mem(void)
{
    json_set_alloc_funcs(xmalloc, free_wiped);
}

/* The length of the number that a text begins with, by JSON's grammar; 0 when it begins with none. */
static size_t number_len(const char *s, size_t n)
{
    size_t i = n > 0 && s[0] == '-', from = i;
    while (i < n && ascii_is_digit(s[i]))
        i++;
    if (i == from || (s[from] == '0' && i > from + 1))
        return 0;
    if (i < n && s[i] == '.') {
        from = ++i;
        while (i < n && ascii_is_digit(s[i]))
            i++;
        if (i == from)
            return 0;
    }
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        i += i < n && (s[i] == '-' || s[i] == '+');
        from = i;
        while (i < n && ascii_is_digit(s[i]))
            i++;
        if (i == from)
            return 0;
    }
    return i;
}

/* A string of its digits, which nothing is too large for. */
static void number_as_text(struct buf *out, struct span number)
{
    buf_byte(out, '"');
    buf_span_add(out, number);
    buf_byte(out, '"');
}

/* What is refused for the same reason as the number, and fits what jansson reads. */
static void number_cut(struct buf *out, struct span number)
{
    enum { DIGITS = 17 }; /* more than 2^53 has, and a sign, fit 64 bits */
    bool whole = true;
    for (size_t i = 0; i < number.len; i++)
        whole &= ascii_is_digit(number.ptr[i]) || number.ptr[i] == '-';
    buf_span_add(out, !whole ? SPAN("0.5") : number.len > DIGITS + 1 ? span_of(number.ptr, DIGITS + 1) : number);
}

/* The text with each number as `write` writes it. */
static void numbers_written(struct buf *out, struct span text, void (*write)(struct buf *, struct span))
{
    bool quoted = false;
    for (size_t i = 0, n; i < text.len; i += n) {
        const char *s = text.ptr + i;
        n = quoted ? 0 : number_len(s, text.len - i);
        if (n > 0) {
            write(out, span_of(s, n));
            continue;
        }
        n = quoted && *s == '\\' && i + 1 < text.len ? 2 : 1;
        if (*s == '"')
            quoted = !quoted;
        buf_add(out, s, n);
    }
}

static json_t *load_written(struct span text, void (*write)(struct buf *, struct span), size_t flags,
                            json_error_t *fault)
{
    struct buf texts;
    buf_heap(&texts);
    numbers_written(&texts, text, write);
    json_t *v = json_loadb(texts.len ? texts.ptr : "", texts.len, JSON_REJECT_DUPLICATES | flags, fault);
    buf_free(&texts);
    return v;
}

static json_t *load(struct span text, unsigned flags, json_error_t *fault)
{
    size_t more = flags & ANY_NUMBER ? JSON_ALLOW_NUL : 0;
    if (flags & NUMBERS_AS_TEXTS)
        return load_written(text, number_as_text, 0, fault);
    json_t *v = json_loadb(text.len ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES | more, fault);
    if (v != NULL || !(flags & ANY_NUMBER) || json_error_code(fault) != json_error_numeric_overflow)
        return v;
    return load_written(text, number_as_text, more, fault);
}

/* The name of the member that byte `at` stands in or behind, of the outermost object. */
static struct span member_before(struct span text, size_t at)
{
    struct span name = {"", 0}, last = name;
    size_t depth = 0;
    for (size_t i = 0; i < text.len && i < at; i++) {
        char c = text.ptr[i];
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else if (c == ':' && depth == 1) {
            name = last;
        } else if (c == '"') {
            size_t from = ++i;
            while (i < text.len && text.ptr[i] != '"')
                i += 1 + (text.ptr[i] == '\\');
            if (depth == 1)
                last = span_of(text.ptr + from, (i < text.len ? i : text.len) - from);
        }
    }
    return name;
}

enum { ESCAPE = 6 }; /* \\uXXXX */

/* An escape of the surrogates whose second digit is one of these. */
static bool is_surrogate(struct span s, const char *second)
{
    if (s.len < ESCAPE || s.ptr[0] != '\\' || s.ptr[1] != 'u' || ascii_to_lower(s.ptr[2]) != 'd')
        return false;
    return ascii_nibble(s.ptr[3]) >= 0 && strchr(second, ascii_to_lower(s.ptr[3])) != NULL &&
           ascii_nibble(s.ptr[4]) >= 0 && ascii_nibble(s.ptr[5]) >= 0;
}

/* Where the first escape of half a pair stands; text.len: nowhere. */
static size_t find_half(struct span text)
{
    size_t i = 0;
    while (i < text.len) {
        struct span s = span_skip(text, i);
        bool high = is_surrogate(s, "89ab"), pair = high && is_surrogate(span_skip(s, ESCAPE), "cdef");
        if (!pair && (high || is_surrogate(s, "cdef")))
            return i;
        i += pair ? 2 * ESCAPE : *s.ptr == '\\' ? 2 : 1;
    }
    return text.len;
}

/* Half of a surrogate pair is no character: who cuts a text in the middle of one sends such. */
static enum err say_fault(struct span text, const json_error_t *fault, struct problem *p)
{
    char name[PATH_LEN];
    size_t at = find_half(text);
    if (at >= text.len && text.len > 0 && !span_starts(text_trim(text, TYPED_BLANKS), "{"))
        return problem(p, ERR_MALFORMED, "", "must be a JSON object");
    if (at >= text.len)
        return problem(p, ERR_MALFORMED, "", "must be JSON in UTF-8 (fault at line %d, column %d)", fault->line,
                       fault->column);
    struct span member = member_before(text, at);
    size_t n = member.len < PATH_LEN - 1 ? member.len : PATH_LEN - 1;
    for (size_t i = 0; i < n; i++)
        name[i] = ascii_is_alnum_or(member.ptr[i], "_-. ") ? member.ptr[i] : '?';
    name[n] = '\0';
    return problem_foreign(p, problem(p, ERR_MALFORMED, name,
                                      "holds the escape \\%.5s, half of a surrogate pair: no character (byte %zu)",
                                      text.ptr + at + 1, at + 1));
}

/* Appends the text with U+FFFD in place of each byte that is no UTF-8 and of each half of a surrogate pair. */
static void mend_characters(struct buf *out, struct span text)
{
    uint32_t c;
    while (text.len) {
        size_t good = find_half(text);
        struct span rest = span_of(text.ptr, good);
        while (rest.len) {
            struct span at = rest;
            bool taken = *rest.ptr == '\0' || utf8_take(&rest, &c);
            if (taken && rest.len == at.len)
                rest = span_skip(rest, 1);
            if (taken) {
                buf_add(out, at.ptr, at.len - rest.len);
            } else {
                buf_str(out, "\xef\xbf\xbd");
                rest = span_skip(rest, 1);
            }
        }
        text = span_skip(text, good);
        if (text.len) {
            buf_str(out, "\\ufffd");
            text = span_skip(text, ESCAPE);
        }
    }
}

/* What others send may have texts that somebody cut, or wrote in another encoding. */
static json_t *load_mended(struct span text, unsigned flags, json_error_t *fault)
{
    struct buf mended;
    buf_heap(&mended);
    mend_characters(&mended, text);
    json_t *v = load(buf_span(&mended), flags, fault);
    buf_free(&mended);
    return v;
}

static bool is_unreadable(const json_error_t *fault)
{
    enum json_error_code code = json_error_code(fault);
    return code == json_error_invalid_utf8 || code == json_error_invalid_syntax;
}

static enum err read_checked(struct span text, unsigned flags, json_t **out, struct problem *p)
{
    json_error_t fault;
    json_t *v = load(text, flags, &fault);
    bool overflows = v == NULL && json_error_code(&fault) == json_error_numeric_overflow;
    enum err err;

    if (v == NULL && flags & ANY_NUMBER && is_unreadable(&fault))
        v = load_mended(text, flags, &fault);
    if (overflows) /* the check says which it is */
        v = load_written(text, number_cut, 0, &fault);

    if (v == NULL) {
        /* jansson's own text quotes the input, which may be personal data */
        if (json_error_code(&fault) == json_error_out_of_memory)
            mem_exhausted();
        if (json_error_code(&fault) == json_error_duplicate_key)
            return problem(p, ERR_MALFORMED, "", "must not have two members of one name (line %d, column %d)",
                           fault.line, fault.column);
        return say_fault(text, &fault, p);
    }
    if (!json_is_object(v))
        err = problem(p, ERR_MALFORMED, "", "must be a JSON object");
    else
        err = flags & (ANY_NUMBER | NUMBERS_AS_TEXTS) ? ERR_OK : problem_foreign(p, check(v, "", 0, flags, p));
    assert(!overflows || err != ERR_OK);
    if (err != ERR_OK) {
        json_decref(v);
        return err;
    }
    *out = v;
    return ERR_OK;
}

enum err json_read(struct span text, json_t **out, struct problem *p)
{
    return read_checked(text, 0, out, p);
}

enum err json_read_any_number(struct span text, json_t **out, struct problem *p)
{
    return read_checked(text, ANY_NUMBER, out, p);
}

enum err json_read_texts(struct span text, json_t **out, struct problem *p)
{
    return read_checked(text, NUMBERS_AS_TEXTS, out, p);
}

enum err json_read_canonical(struct span text, json_t **out, struct problem *p)
{
    json_t *v;
    struct buf b;
    struct jw w;

    if (read_checked(text, CANONICAL, &v, p) != ERR_OK)
        return ERR_CORRUPT;
    buf_heap(&b);
    buf_room(&b, text.len + 1); /* at once: as it grows it would leave copies */
    jw_open(&w, &b);
    jw_value(&w, v);
    jw_close(&w);
    bool same = span_eq(buf_span(&b), text);
    explicit_bzero(b.ptr, b.len);
    buf_free(&b);
    if (!same) {
        json_decref(v);
        return problem(p, ERR_CORRUPT, "", "must be canonical JSON (RFC 8785)");
    }
    *out = v;
    return ERR_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_object(struct jw *w, const json_t *v)
{
    enum { FEW = 32 };
    const char *few[FEW], **names = few, *key;
    size_t n = 0, all = json_object_size(v);
    json_t *child;

    if (all > FEW)
        names = xcalloc(all, sizeof *names);
    json_object_foreach((json_t *)v, key, child) if (!json_is_null(child)) names[n++] = key;
    qsort(names, n, sizeof *names, by_bytes);
    jw_object(w);
    for (size_t i = 0; i < n; i++) {
        jw_key(w, names[i]);
        jw_value(w, json_object_get(v, names[i]));
    }
    jw_object_end(w);
    if (names != few)
        free(names);
}

void jw_value(struct jw *w, const json_t *v)
{
    json_t *child;
    size_t i;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        write_object(w, v);
        return;
    case JSON_ARRAY:
        jw_array(w);
        json_array_foreach(v, i, child) jw_value(w, child);
        jw_array_end(w);
        return;
    case JSON_STRING:
        jw_str(w, span_of(json_string_value(v), json_string_length(v)));
        return;
    case JSON_INTEGER:
        jw_int(w, json_integer_value(v));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        jw_bool(w, json_is_true(v));
        return;
    case JSON_REAL:
    case JSON_NULL:
        break;
    }
    abort(); /* json_read lets neither through here */
}

static __attribute__((format(printf, 4, 5))) enum err wrong(struct problem *p, const char *path, const char *key,
                                                            const char *must, ...)
{
    char full[PATH_LEN], text[sizeof p->detail];
    va_list args;
    va_start(args, must);
    vsnprintf(text, sizeof text, must, args);
    va_end(args);
    member_path(full, path, key);
    return problem(p, ERR_INVALID, full, "%s", text);
}

/* The member, or NULL when missing or null. */
static const json_t *member(const json_t *obj, const char *key, bool *found)
{
    const json_t *v = json_object_get(obj, key);
    if (v != NULL && json_is_null(v))
        v = NULL;
    if (found != NULL)
        *found = v != NULL;
    return v;
}

enum err json_get_str(const json_t *obj, const char *path, const char *key, size_t max, struct span *out, bool *found,
                      struct problem *p)
{
    const json_t *v = member(obj, key, found);
    if (v == NULL)
        return ERR_OK;
    if (!json_is_string(v))
        return wrong(p, path, key, "must be a string");
    if (json_string_length(v) > max)
        return wrong(p, path, key, "must not be longer than %zu bytes", max);
    *out = span_of(json_string_value(v), json_string_length(v));
    return ERR_OK;
}

enum err json_get_int(const json_t *obj, const char *path, const char *key, int64_t min, int64_t max, int64_t *out,
                      bool *found, struct problem *p)
{
    const json_t *v = member(obj, key, found);
    if (v == NULL)
        return ERR_OK;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return wrong(p, path, key, "must be a whole number from %lld to %lld", (long long)min, (long long)max);
    *out = json_integer_value(v);
    return ERR_OK;
}

enum err json_get_bool(const json_t *obj, const char *path, const char *key, bool *out, bool *found, struct problem *p)
{
    const json_t *v = member(obj, key, found);
    if (v == NULL)
        return ERR_OK;
    if (!json_is_boolean(v))
        return wrong(p, path, key, "must be true or false");
    *out = json_is_true(v);
    return ERR_OK;
}

enum err json_get_array(const json_t *obj, const char *path, const char *key, size_t max, const json_t **out,
                        bool *found, struct problem *p)
{
    const json_t *v = member(obj, key, found);
    if (v == NULL)
        return ERR_OK;
    if (!json_is_array(v) || json_array_size(v) > max)
        return wrong(p, path, key, "must be a list of at most %zu elements", max);
    *out = v;
    return ERR_OK;
}

enum err json_get_object(const json_t *obj, const char *path, const char *key, const json_t **out, bool *found,
                         struct problem *p)
{
    const json_t *v = member(obj, key, found);
    if (v == NULL)
        return ERR_OK;
    if (!json_is_object(v))
        return wrong(p, path, key, "must be an object");
    *out = v;
    return ERR_OK;
}

enum err json_only(const json_t *obj, const char *path, const char *const *names, struct problem *p)
{
    const char *key;
    json_t *child;
    json_object_foreach((json_t *)obj, key, child)
    {
        const char *const *name = names;
        while (*name != NULL && strcmp(*name, key) != 0)
            name++;
        if (*name == NULL)
            return problem_foreign(p, wrong(p, path, key, "is not known here; check its spelling or leave it out"));
    }
    return ERR_OK;
}
