#include "loadtest/settings.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/text.h"

static const struct {
    const char *name;
    enum { TEXT, NUMBER, FLAG } type;
    size_t offset;
    const char *def, *help;
} table[] = {
#define X(name, type, def, help) {#name, type, offsetof(struct settings, name), def, help},
    SETTING_TABLE(X)
#undef X
};
enum { SETTINGS = sizeof table / sizeof *table };

void die(const char *fmt, ...)
{
    va_list args;
    fputs("countersign-loadtest: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

static void help(void)
{
    printf("Usage: countersign-loadtest [FLAG VALUE]...\n"
           "       countersign-loadtest null [--listen ADDRESS:PORT]\n\n"
           "Loads a Countersign server with clicks, pixels and signed postbacks of real tracking codes and reports "
           "throughput and\n"
           "latency. `null` serves a GIF to everybody and stores nothing: what to compare with.\n\n");
    for (size_t i = 0; i < SETTINGS; i++) {
        char flag[32];
        snprintf(flag, sizeof flag, "--%s", table[i].name);
        for (char *c = flag; *c; c++)
            if (*c == '_')
                *c = '-';
        printf("  %-14s %s%s%s%s\n", flag, table[i].help, table[i].def[0] ? " [" : "", table[i].def,
               table[i].def[0] ? "]" : "");
    }
    exit(0);
}

static bool is_flag(struct span arg, const char *name)
{
    return span_starts(arg, "--") && text_names(span_skip(arg, 2), name);
}

static void set(struct settings *s, size_t i, const char *value)
{
    void *at = (char *)s + table[i].offset;
    switch (table[i].type) {
    case TEXT:
        *(const char **)at = value;
        return;
    case NUMBER:
        if (parse_i64(span_str(value), at) != ERR_OK)
            die("--%s must be a whole number, not '%s'", table[i].name, value);
        return;
    case FLAG:
        *(bool *)at = value[0] != '\0';
        return;
    }
}

void settings_parse(struct settings *s, int argc, char **argv)
{
    for (size_t i = 0; i < SETTINGS; i++)
        set(s, i, table[i].def);
    for (int a = 1; a < argc; a++) {
        size_t i = 0;
        if (strcmp(argv[a], "--help") == 0)
            help();
        while (i < SETTINGS && !is_flag(span_str(argv[a]), table[i].name))
            i++;
        if (i == SETTINGS)
            die("unknown flag %s; --help lists what there is", argv[a]);
        if (table[i].type != FLAG && a + 1 == argc)
            die("%s wants a value", argv[a]);
        set(s, i, table[i].type == FLAG ? "yes" : argv[++a]);
    }
    if (s->rate < 0 || s->duration < 0 || s->count < 0 || s->timeout < 1)
        die("--rate, --duration and --count must not be negative, --timeout must be at least 1");
    if (s->replay[0] && (s->raw[0] || s->rate || s->duration || s->count || s->acks[0]))
        die("--replay runs once through its file, flat out: without --raw, --rate, --duration, --count and --acks");
    if (!s->duration && !s->count && !s->replay[0])
        die("say how long: --duration SECONDS or --count REQUESTS");
    if (s->connections < 1 || s->connections > 20000)
        die("--connections must be 1 to 20000");
    if (!s->raw[0] && !s->codes[0])
        die("say what to fire: --codes FILE or --raw PATH");
}
