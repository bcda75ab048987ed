#include "server/system/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/buf.h"
#include "common/base/bytes.h"
#include "common/base/mem.h"
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
    bool on_hup;
    const char *off; /* that no HUP changes, nor to it; NULL: none */
    const char *def, *help;
    size_t offset;
} table[] = {
#define TEXT OPTION_TEXT, 0, 0
#define NUMBER(least, most) OPTION_NUMBER, least, most
#define START false, NULL
#define HUP true, NULL
#define HUP_BUT(off) true, off
#define X(name, type, change, def, help) {#name, type, change, def, help, offsetof(struct options, name)},
    OPTION_TABLE(X)
#undef X
#undef HUP_BUT
#undef HUP
#undef START
#undef NUMBER
#undef TEXT
};
enum { OPTIONS = sizeof table / sizeof table[0] };

struct value {
    const char *text;
    int64_t number;
    int line;
};
_Static_assert(sizeof(struct value) == sizeof((struct options *)0)->data,
               "a row's member of struct options is a struct value");

/* As much of a stranger's text as a message takes. */
static int quoted(struct span s)
{
    enum { QUOTED_MAX = 100 };
    return (int)utf8_cut(s, QUOTED_MAX).len;
}

static enum err set(struct options *o, const struct option *row, const char *text, int line, struct problem *p)
{
    struct value v = {.text = text, .line = line};
    if (row->type == OPTION_NUMBER &&
        (parse_i64(span_str(text), &v.number) != ERR_OK || v.number < row->least || v.number > row->most))
        return problem(p, ERR_INVALID, row->name, "%s is \"%.*s\": write a whole number from %lld to %lld", row->name,
                       quoted(span_str(text)), text, (long long)row->least, (long long)row->most);
    memcpy((char *)o + row->offset, &v, sizeof v);
    return ERR_OK;
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
static enum err line_read(struct options *o, struct span line, int number, struct problem *p)
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
    return set(o, row, value.ptr, number, p);
}

enum err options_text(struct options *o, char *text, int *line, struct problem *p)
{
    enum err err = ERR_OK;
    struct span rest = span_str(text);
    *line = 1;
    for (; rest.len > 0 && err == ERR_OK; *line += err == ERR_OK) {
        struct span one = text_trim(text_take(&rest, '\n'), TYPED_BLANKS);
        if (!span_empty(one) && one.ptr[0] != '#')
            err = line_read(o, one, *line, p);
    }
    return err;
}

static enum err read_file(struct options *o, const char *path, struct option_fault *fault)
{
    enum { FILE_MAX = 1 << 20 };
    struct buf text;
    buf_heap(&text);
    fault->source = path;
    enum err err = file_read(path, FILE_MAX, &text);
    if (err != ERR_OK) {
        buf_free(&text);
        return problem(&fault->p, err, "", "this config file cannot be read: %s",
                       err == ERR_NOT_FOUND   ? "there is none, check --config"
                       : err == ERR_TOO_LARGE ? "it is larger than 1 MiB, so none of ours"
                                              : "check that it is a file that this user may read");
    }
    buf_byte(&text, '\0');
    o->file = text.ptr;
    if (strlen(text.ptr) + 1 != text.len)
        return problem(&fault->p, ERR_MALFORMED, "", "it holds a NUL byte: write one `key = value` per line");
    return options_text(o, o->file, &fault->line, &fault->p);
}

const char *options_config(const char *given)
{
    const char *config = given != NULL ? given : getenv("COUNTERSIGN_CONFIG");
    return config != NULL && config[0] != '\0' ? config : NULL;
}

static enum err set_all(struct options *o, const char *(*said)(size_t row, const char *const flags[]),
                        const char *const flags[], const char *source, struct option_fault *fault)
{
    fault->source = source;
    fault->line = 0;
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *text = said(i, flags);
        enum err err = text != NULL ? set(o, &table[i], text, 0, &fault->p) : ERR_OK;
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static const char *by_default(size_t row, const char *const flags[])
{
    (void)flags;
    return table[row].def;
}

static const char *by_environment(size_t row, const char *const flags[])
{
    (void)flags;
    return from_environment(&table[row]);
}

static const char *by_flag(size_t row, const char *const flags[])
{
    return flags[row];
}

/* From weak to strong: a later source replaces an earlier one. */
enum err options_read(struct options *o, const char *config, const char *const flags[], struct option_fault *fault)
{
    enum log_level level;
    memset(o, 0, sizeof *o);
    enum err err = set_all(o, by_default, flags, "default", fault);
    if (err == ERR_OK && config != NULL)
        err = read_file(o, config, fault);
    if (err == ERR_OK)
        err = set_all(o, by_environment, flags, "environment", fault);
    if (err == ERR_OK)
        err = set_all(o, by_flag, flags, "flag", fault);
    if (err != ERR_OK || log_level_parse(o->log_level.text, &level))
        return err;
    problem(&fault->p, ERR_INVALID, "log_level", "log_level is \"%.*s\": it may be debug, info, warn or error",
            quoted(span_str(o->log_level.text)), o->log_level.text);
    options_locate(o, config, fault);
    return ERR_INVALID;
}

void options_locate(const struct options *o, const char *config, struct option_fault *fault)
{
    const struct option *row = find(span_str(fault->p.field));
    fault->line = row != NULL ? get(o, row)->line : 0;
    fault->source = fault->line > 0 ? config : NULL;
}

void option_fault_write(const struct option_fault *fault, struct buf *out)
{
    if (fault->source != NULL)
        buf_str(out, fault->source);
    if (fault->line > 0)
        buf_printf(out, " line %d", fault->line);
    if (fault->source != NULL)
        buf_str(out, ": ");
    buf_str(out, fault->p.detail);
}

static void add_name(struct buf *names, const char *name)
{
    buf_str(names, names->len > 0 ? ", " : "");
    buf_str(names, name);
}

/* Of any reading before it, whose texts may go. */
static void keep(struct options *next, const struct option *row, const struct value *before, char **room)
{
    struct value v = {*room, before->number, 0};
    size_t len = strlen(before->text) + 1;
    memcpy(*room, before->text, len);
    memcpy((char *)next + row->offset, &v, sizeof v);
    *room += len;
}

static size_t length_of_all(const struct options *o)
{
    size_t len = 0;
    for (size_t i = 0; i < OPTIONS; i++)
        len += strlen(get(o, &table[i])->text) + 1;
    return len;
}

void options_keep(struct options *next, const struct options *now, struct buf *waits, struct buf *changes)
{
    char *room = next->kept = xmalloc(length_of_all(now));
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *row = &table[i];
        const struct value *before = get(now, row), *after = get(next, row);
        bool same = strcmp(before->text, after->text) == 0;
        bool was_off = row->off != NULL && strcmp(before->text, row->off) == 0;
        bool is_off = row->off != NULL && strcmp(after->text, row->off) == 0;
        if (same)
            continue;
        if (row->on_hup && was_off == is_off) {
            add_name(changes, row->name);
            continue;
        }
        add_name(waits, row->name);
        keep(next, row, before, &room);
    }
}

void options_free(struct options *o)
{
    free(o->file);
    free(o->kept);
    memset(o, 0, sizeof *o);
}

void options_print(const struct options *o)
{
    for (size_t i = 0; i < OPTIONS; i++)
        printf("# %s%s\n%s = %s\n\n", table[i].help,
               !table[i].on_hup       ? ". A change needs a restart"
               : table[i].off != NULL ? ". On and off need a restart"
                                      : "",
               table[i].name, get(o, &table[i])->text);
}

uint64_t options_map_size(void)
{
    struct options o;
    struct problem p;
    memset(&o, 0, sizeof o);
    const struct option *row = find(SPAN("map_size_gib"));
    const char *text = from_environment(row);
    if (set(&o, row, text != NULL ? text : row->def, 0, &p) != ERR_OK)
        decline("environment: %s", p.detail);
    return (uint64_t)o.map_size_gib.number << 30;
}
