#include "server/system/options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/bytes.h"
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

/* What a refusal quotes of a value: the start, so that there is room for the cure. */
static struct span quoted(const char *text)
{
    return utf8_cut(span_str(text), 100);
}

/* From weak to strong: a later source replaces an earlier one. */
static MUST_CHECK enum err try_set(struct options *o, const struct option *row, const char *text, struct problem *p)
{
    struct value v = {.text = text};
    if (row->type == OPTION_NUMBER &&
        (parse_i64(span_str(text), &v.number) != ERR_OK || v.number < row->least || v.number > row->most))
        return problem(p, ERR_INVALID, row->name, "%s is \"%.*s\": write a whole number from %lld to %lld", row->name,
                       (int)quoted(text).len, text, (long long)row->least, (long long)row->most);
    memcpy((char *)o + row->offset, &v, sizeof v);
    return ERR_OK;
}

static void set(struct options *o, const struct option *row, const char *text, const char *source)
{
    struct problem p;
    if (try_set(o, row, text, &p) != ERR_OK)
        die("%s: %s", source, p.detail);
}

static const struct value *get(const struct options *o, const struct option *row)
{
    return (const struct value *)((const char *)o + row->offset);
}

static bool same_name(const char *name, struct span given)
{
    if (strlen(name) != given.len)
        return false;
    for (size_t i = 0; i < given.len; i++)
        if (given.ptr[i] != name[i] && !(given.ptr[i] == '-' && name[i] == '_'))
            return false;
    return true;
}

static const struct option *find(struct span name)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (same_name(table[i].name, name))
            return &table[i];
    return NULL;
}

static const char *from_environment(const struct option *row)
{
    char name[64] = "COUNTERSIGN_";
    size_t n = strlen(name);
    for (const char *p = row->name; *p && n < sizeof name - 1; p++)
        name[n++] = (char)toupper((unsigned char)*p);
    name[n] = '\0';
    return getenv(name);
}

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL)
        s[--n] = '\0';
    return s;
}

enum err options_read(struct options *o, char *text, int *line, struct problem *p)
{
    *line = 1;
    for (char *at = text, *next; at != NULL; at = next, *line += next != NULL) {
        next = strchr(at, '\n');
        if (next != NULL)
            *next++ = '\0';
        at = trim(at);
        if (*at == '\0' || *at == '#')
            continue;
        char *equals = strchr(at, '=');
        if (equals == NULL)
            return problem(p, ERR_MALFORMED, "", "write `key = value`, or begin the line with # for a comment");
        *equals = '\0';
        const char *name = trim(at);
        const struct option *row = find(span_str(name));
        if (row == NULL)
            return problem(p, ERR_INVALID, "", "there is no setting \"%.*s\": `countersign serve --help` lists all",
                           (int)quoted(name).len, name);
        enum err err = try_set(o, row, trim(equals + 1), p);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static void read_file(struct options *o)
{
    struct problem p;
    struct buf text;
    int line;
    buf_heap(&text);
    if (file_read(o->config, &text) != ERR_OK)
        die("cannot read the config file %s: check --config and its permissions", o->config);
    if (memchr(text.ptr != NULL ? text.ptr : "", '\0', text.len) != NULL)
        die("%s holds a NUL byte: write one `key = value` per line", o->config);
    buf_byte(&text, 0);
    o->file = text.ptr;
    if (options_read(o, o->file, &line, &p) != ERR_OK)
        die("%s line %d: %s", o->config, line, p.detail);
}

static _Noreturn void print_help(void)
{
    printf("usage: countersign serve --data DIR [options]\n\n"
           "Answers clicks, pixels, postbacks and the API until SIGTERM. Every setting is a flag, a key of the config\n"
           "file and a variable COUNTERSIGN_NAME; a flag wins over the variable, the variable over the file.\n\n"
           "  --config FILE            read settings from FILE, one `key = value` a line\n"
           "  --print-config           show the effective settings and exit\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        char flag[40];
        snprintf(flag, sizeof flag, "%s %s", table[i].name, table[i].type == OPTION_NUMBER ? "N" : "TEXT");
        for (char *p = flag; *p && *p != ' '; p++)
            *p = *p == '_' ? '-' : *p;
        printf("  --%-23s%s", flag, table[i].help);
        if (table[i].type == OPTION_NUMBER)
            printf(", %lld to %lld", (long long)table[i].least, (long long)table[i].most);
        printf(table[i].def[0] ? " (default %s)\n" : "\n", table[i].def);
    }
    exit(0);
}

/* Takes "--name value" or "--name=value" at argv[*i] and steps to its last word. */
static const char *take_flag(int argc, char **argv, int *i, const struct option **row)
{
    const char *arg = argv[*i];
    const char *equals = strchr(arg, '=');
    struct span name = equals != NULL ? span_of(arg, (size_t)(equals - arg)) : span_str(arg);
    bool config = span_is(name, "--config");
    *row = span_starts(name, "--") ? find(span_of(name.ptr + 2, name.len - 2)) : NULL;
    if (*row == NULL && !config)
        die("there is no flag \"%.*s\": `countersign serve --help` lists all", (int)name.len, name.ptr);
    if (equals != NULL)
        return equals + 1;
    if (*i + 1 >= argc)
        die("%s wants a value", arg);
    return argv[++*i];
}

/* Two rounds over argv: --config must be known before the file is read, and the file comes before the other flags. */
static void read_flags(struct options *o, int argc, char **argv, bool settings)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--help") == 0)
            print_help();
        if (strcmp(arg, "--print-config") == 0) {
            o->print_config = true;
            continue;
        }
        const struct option *row;
        const char *value = take_flag(argc, argv, &i, &row);
        if (row == NULL)
            o->config = value;
        else if (settings)
            set(o, row, value, arg);
    }
}

void options_parse(struct options *o, int argc, char **argv)
{
    memset(o, 0, sizeof *o);
    o->config = getenv("COUNTERSIGN_CONFIG");
    for (size_t i = 0; i < OPTIONS; i++)
        set(o, &table[i], table[i].def, "default");
    read_flags(o, argc, argv, false);
    if (o->config != NULL && *o->config)
        read_file(o);
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *text = from_environment(&table[i]);
        if (text != NULL)
            set(o, &table[i], text, "environment");
    }
    read_flags(o, argc, argv, true);
    enum log_level level;
    if (!log_level_parse(o->log_level.text, &level))
        die("log_level is \"%s\": it may be debug, info, warn or error", o->log_level.text);
    log_set_level(level);
    if (!o->print_config && o->data.text[0] == '\0')
        die("which folder? Give --data DIR (made by `countersign init`)");
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
