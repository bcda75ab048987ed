/* server/system/options: a config file. What was taken lies trimmed in the file's text and within its bounds; what is
 * in force, written as a config file, reads the same. */
#include "common/base/problem.h"
#include "common/base/utf8.h"
#include "server/system/options.h"
#include "tests/fuzz/fuzz.h"

enum { SETTINGS = offsetof(struct options, file) / sizeof((struct options *)0)->data };

struct setting {
    const char *name, *text;
    int64_t number, least, most;
    bool is_number;
};

static size_t settings(const struct options *o, struct setting out[SETTINGS])
{
    size_t n = 0;
#define TEXT false, 0, 0
#define NUMBER(low, high) true, low, high
#define TYPED(name, is_number_, low, high)                                                                             \
    out[n++] = (struct setting){#name, o->name.text, o->name.number, low, high, is_number_};
#define ROW(name, type, change, def, help) TYPED_OF(name, type)
#define TYPED_OF(name, ...) TYPED(name, __VA_ARGS__)
    OPTION_TABLE(ROW)
#undef TYPED_OF
#undef ROW
#undef TYPED
#undef NUMBER
#undef TEXT
    return n;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void taken_from(const struct options *o, const char *file, size_t len)
{
    struct setting s[SETTINGS];
    size_t n = settings(o, s);
    for (size_t i = 0; i < n; i++) {
        if (s[i].text == NULL)
            continue;
        size_t end = strlen(s[i].text);
        HOLDS(s[i].text >= file && s[i].text + end <= file + len);
        HOLDS(strchr(s[i].text, '\n') == NULL);
        HOLDS(end == 0 || (!blank(s[i].text[end - 1]) && s[i].text[0] != ' ' && s[i].text[0] != '\t'));
        HOLDS(!s[i].is_number || (s[i].number >= s[i].least && s[i].number <= s[i].most));
    }
}

static void writes_the_same(const struct options *o)
{
    struct options o2 = {0};
    struct setting a[SETTINGS], b[SETTINGS];
    struct problem p;
    struct buf text;
    size_t n = settings(o, a);
    int line;
    buf_heap(&text);
    for (size_t i = 0; i < n; i++)
        if (a[i].text != NULL)
            buf_printf(&text, "%s = %s\n", a[i].name, a[i].text);
    buf_byte(&text, '\0');
    HOLDS(options_text(&o2, text.ptr, &line, &p) == ERR_OK);
    settings(&o2, b);
    for (size_t i = 0; i < n; i++)
        HOLDS((a[i].text == NULL) == (b[i].text == NULL) && (a[i].text == NULL || strcmp(a[i].text, b[i].text) == 0) &&
              a[i].number == b[i].number);
    buf_free(&text);
}

static enum err read(struct options *o, struct span text, int *line, struct problem *p, struct span *file)
{
    struct buf z;
    buf_heap(&z);
    buf_span_add(&z, text);
    buf_byte(&z, '\0');
    *file = fuzz_copy(buf_span(&z));
    buf_free(&z);
    return options_text(o, (char *)file->ptr, line, p);
}

/* The first n lines alone. */
static enum err read_lines(struct span text, int n)
{
    struct options o = {0};
    struct problem p;
    struct span file, rest = text;
    int line;
    while (n-- > 0)
        fuzz_take(&rest, '\n');
    enum err err = read(&o, span_of(text.ptr, text.len - rest.len), &line, &p, &file);
    fuzz_drop(file);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct options o = {0};
    struct problem p = {0};
    struct span text = span_of(data, size), file;
    int line = 0;
    if (memchr(data, '\0', size) != NULL) /* refused before */
        return 0;
    enum err err = read(&o, text, &line, &p, &file);
    HOLDS(line >= 1);
    if (err != ERR_OK) {
        HOLDS(read_lines(text, line - 1) == ERR_OK && read_lines(text, line) == err);
        if (utf8_valid(text))
            fuzz_problem(&p);
    }
    taken_from(&o, file.ptr, file.len);
    writes_the_same(&o);
    fuzz_accepted += err == ERR_OK;
    fuzz_drop(file);
    return 0;
}
