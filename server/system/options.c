#include "server/system/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/buf.h"
#include "common/base/bytes.h"
#include "common/base/problem.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum type { OPTION_TEXT, OPTION_NUMBER };

/* One row per setting, with the place of its value in struct options. */
static const struct option {
    const char *name;
    enum type type;
    int64_t least, most;
    const char *def, *help;
    size_t offset;
} table[] = {
#define TEXT OPTION_TEXT, 0, 0
#define NUMBER(least, most) OPTION_NUMBER, least, most
#define X(name, type, def, help) {#name, type, def, help, offsetof(struct options, name)},
    OPTION_TABLE(X)
#undef X
#undef NUMBER
#undef TEXT
};
enum { OPTIONS = sizeof table / sizeof table[0] };

struct value {
    const char *text;
    int64_t number;
};
_Static_assert(sizeof(struct value) == sizeof((struct options *)0)->data,
               "a row's member of struct options is a struct value");

/* As much of a stranger's text as a message takes. */
static int quoted(struct span s)
{
    enum { QUOTED_MAX = 100 };
    return (int)utf8_cut(s, QUOTED_MAX).len;
}

static enum err try_set(struct options *o, const struct option *row, const char *text, struct problem *p)
{
    struct value v = {.text = text};
    if (row->type == OPTION_NUMBER &&
        (parse_i64(span_str(text), &v.number) != ERR_OK || v.number < row->least || v.number > row->most))
        return problem(p, ERR_INVALID, row->name, "%s is \"%.*s\": write a whole number from %lld to %lld", row->name,
                       quoted(span_str(text)), text, (long long)row->least, (long long)row->most);
    memcpy((char *)o + row->offset, &v, sizeof v);
    return ERR_OK;
}

/* From weak to strong: a later source replaces an earlier one. */
static void set(struct options *o, const struct option *row, const char *text, const char *source)
{
    struct problem p;
    if (try_set(o, row, text, &p) != ERR_OK)
        decline("%s: %s", source, p.detail);
}

static const struct value *get(const struct options *o, const struct option *row)
{
    return (const struct value *)((const char *)o + row->offset);
}

static const struct option *find(struct span name)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (text_names(name, table[i].name))
            return &table[i];
    return NULL;
}

static const char *from_environment(const struct option *row)
{
    char name[64] = "COUNTERSIGN_";
    size_t n = strlen(name);
    for (const char *p = row->name; *p && n < sizeof name - 1; p++)
        name[n++] = ascii_to_upper(*p);
    name[n] = '\0';
    return getenv(name);
}

/* One `key = value`, where the value gets its NUL. */
static enum err line_read(struct options *o, struct span line, struct problem *p)
{
    struct span name, value = line;
    if (!text_cut(&value, '=', &name))
        return problem(p, ERR_MALFORMED, "", "write `key = value`, or begin the line with # for a comment");
    name = text_trim(name, TYPED_BLANKS);
    value = text_trim(value, TYPED_BLANKS);
    const struct option *row = find(name);
    if (row == NULL)
        return problem(p, ERR_INVALID, "", "there is no setting \"%.*s\": `countersign serve --help` lists all",
                       quoted(name), name.ptr);
    char *end = (char *)(uintptr_t)(value.ptr + value.len);
    *end = '\0';
    return try_set(o, row, value.ptr, p);
}

enum err options_text(struct options *o, char *text, int *line, struct problem *p)
{
    enum err err = ERR_OK;
    struct span rest = span_str(text);
    *line = 1;
    for (; rest.len > 0 && err == ERR_OK; *line += err == ERR_OK) {
        struct span one = text_trim(text_take(&rest, '\n'), TYPED_BLANKS);
        if (!span_empty(one) && one.ptr[0] != '#')
            err = line_read(o, one, p);
    }
    return err;
}

static void read_file(struct options *o, const char *path)
{
    enum { FILE_MAX = 1 << 20 };
    struct problem p;
    struct buf text;
    int line;
    buf_heap(&text);
    enum err err = file_read(path, FILE_MAX, &text);
    if (err != ERR_OK)
        decline("cannot read the config file %s: %s", path,
                err == ERR_NOT_FOUND   ? "there is none, check --config"
                : err == ERR_TOO_LARGE ? "it is larger than 1 MiB, so none of ours"
                                       : "check that it is a file that this user may read");
    buf_byte(&text, '\0');
    if (strlen(text.ptr) + 1 != text.len)
        decline("%s holds a NUL byte: write one `key = value` per line", path);
    o->file = text.ptr;
    if (options_text(o, o->file, &line, &p) != ERR_OK)
        decline("%s line %d: %s", path, line, p.detail);
}

void options_read(struct options *o, const char *config, const char *const flags[])
{
    memset(o, 0, sizeof *o);
    for (size_t i = 0; i < OPTIONS; i++)
        set(o, &table[i], table[i].def, "default");
    if (config == NULL)
        config = getenv("COUNTERSIGN_CONFIG");
    if (config != NULL && *config)
        read_file(o, config);
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *text = from_environment(&table[i]);
        if (text != NULL)
            set(o, &table[i], text, "environment");
    }
    for (size_t i = 0; i < OPTIONS; i++)
        if (flags[i] != NULL)
            set(o, &table[i], flags[i], "flag");
    enum log_level level;
    if (!log_level_parse(o->log_level.text, &level))
        decline("log_level is \"%s\": it may be debug, info, warn or error", o->log_level.text);
    log_set_level(level);
}

void options_free(struct options *o)
{
    free(o->file);
    memset(o, 0, sizeof *o);
}

void options_print(const struct options *o)
{
    for (size_t i = 0; i < OPTIONS; i++)
        printf("# %s\n%s = %s\n\n", table[i].help, table[i].name, get(o, &table[i])->text);
}

uint64_t options_map_size(void)
{
    struct options o;
    memset(&o, 0, sizeof o);
    const struct option *row = find(SPAN("map_size_gib"));
    const char *text = from_environment(row);
    set(&o, row, text != NULL ? text : row->def, "environment");
    return (uint64_t)o.map_size_gib.number << 30;
}
