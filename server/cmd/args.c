#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cmd/command.h"

/* Exit 2, so that a wrong command line is never taken for a verdict of `check` or `verify`. */
static _Noreturn __attribute__((format(printf, 2, 3))) void refuse(const char *command, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "countersign %s: ", command);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

static bool is_flag(const struct arg *a)
{
    return a->name[0] == '-';
}

static _Noreturn void print_help(const char *command, const char *summary, const struct arg *args, size_t n)
{
    printf("usage: countersign %s", command);
    for (size_t i = 0; i < n; i++)
        printf(args[i].required ? " %s%s" : " [%s%s]", args[i].name,
               is_flag(&args[i]) && args[i].text != NULL ? " ..." : "");
    printf("\n\n%s\n\n", summary);
    for (size_t i = 0; i < n; i++)
        printf("  %-16s %s\n", args[i].name, args[i].help);
    exit(0);
}

/* The row of a flag, or of the first plain word that has no value yet. */
static const struct arg *row_for(const struct arg *args, size_t n, const char *word, size_t len, const bool *seen)
{
    for (size_t i = 0; i < n; i++) {
        if (word[0] == '-' ? strlen(args[i].name) == len && strncmp(args[i].name, word, len) == 0
                           : !is_flag(&args[i]) && !seen[i])
            return &args[i];
    }
    return NULL;
}

void args_parse(int argc, char **argv, const char *summary, const struct arg *args, size_t n)
{
    bool seen[16] = {false};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--help") == 0)
            print_help(argv[0], summary, args, n);
        const char *equals = word[0] == '-' ? strchr(word, '=') : NULL;
        const struct arg *a = row_for(args, n, word, equals != NULL ? (size_t)(equals - word) : strlen(word), seen);
        if (a == NULL)
            refuse(argv[0], "\"%s\" is not expected here: see `countersign %s --help`", word, argv[0]);
        if (seen[a - args])
            refuse(argv[0], "%s is given twice", a->name);
        seen[a - args] = true;
        if (a->on != NULL) {
            if (equals != NULL)
                refuse(argv[0], "%s takes no value", a->name);
            *a->on = true;
        } else if (!is_flag(a)) {
            *a->text = word;
        } else {
            *a->text = equals != NULL ? equals + 1 : i + 1 < argc ? argv[++i] : "";
            if (**a->text == '\0')
                refuse(argv[0], "%s wants a value: %s", a->name, a->help);
        }
    }
    for (size_t i = 0; i < n; i++)
        if (args[i].required && !seen[i])
            refuse(argv[0], "%s is missing: %s", args[i].name, args[i].help);
}
