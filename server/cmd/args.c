#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"
#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/system/bounds.h"
#include "server/system/log.h"

enum { FLAG_CAP = 48, SHOWN_OPTIONAL = 4 };

static bool is_flag(const struct arg *a)
{
    return a->name[0] == '-';
}

/* The name as people write it, with what its value is called. */
static const char *shown(const struct arg *a, bool with_value, char out[FLAG_CAP])
{
    snprintf(out, FLAG_CAP, "%s%s%s", a->name, with_value && a->value != NULL ? " " : "",
             with_value && a->value != NULL ? a->value : "");
    for (char *c = out; is_flag(a) && *c && *c != ' '; c++)
        *c = *c == '_' ? '-' : *c;
    return out;
}

/* Required ones by name; the others too where there are only a few. */
static void print_usage(const struct command *c)
{
    char text[FLAG_CAP];
    size_t optional = 0;
    for (size_t i = 0; i < c->n_args; i++)
        optional += !c->args[i].required;
    printf("usage: countersign %s", c->name);
    for (size_t i = 0; i < c->n_args; i++)
        if (c->args[i].required)
            printf(" %s%s", shown(&c->args[i], true, text), c->args[i].more != NULL ? "..." : "");
        else if (optional <= SHOWN_OPTIONAL)
            printf(" [%s]", shown(&c->args[i], true, text));
    printf("%s\n\n%s\n\n", optional > SHOWN_OPTIONAL ? " [FLAG...]" : "", c->help);
}

void args_help(const struct command *c)
{
    print_usage(c);
    for (size_t i = 0; i < c->n_args; i++) {
        const struct arg *a = &c->args[i];
        char text[FLAG_CAP];
        printf("  %-24s %s", shown(a, true, text), a->help);
        if (a->range != NULL && a->range[0])
            printf(", %s", a->range);
        if (a->def != NULL && a->def[0])
            printf(" (default %s)", a->def);
        if (a->note != NULL)
            printf("; %s", a->note);
        putchar('\n');
    }
}

static bool names(const struct arg *a, struct span flag)
{
    return is_flag(a) && span_starts(flag, "--") && text_names(span_skip(flag, 2), a->name + 2);
}

/* Takes another plain word where the last row of them asks for more. */
static bool take_more(const struct command *c, const char *word, const char *const given[], size_t *n)
{
    for (size_t i = 0; i < c->n_args && word[0] != '-'; i++)
        if (c->args[i].more != NULL && given[i] != NULL) {
            if (*n == ARGS_MORE)
                decline("more than %d of them are too many: %s", ARGS_MORE + 1, c->args[i].help);
            c->args[i].more[(*n)++] = word;
            return true;
        }
    return false;
}

/* The row of a flag, or of the first plain word that has no text yet; refused when there is none. */
static size_t row_of(const struct command *c, const char *word, struct span name, const char *const given[])
{
    for (size_t i = 0; i < c->n_args; i++)
        if (word[0] == '-' ? names(&c->args[i], name) : !is_flag(&c->args[i]) && given[i] == NULL)
            return i;
    decline("\"%.*s\" is not expected here: see `countersign %s --help`", (int)name.len, name.ptr, c->name);
}

static const char *value_of(const struct arg *a, const char *inside, int argc, char **argv, int *i)
{
    char text[FLAG_CAP];
    if (a->value == NULL && inside != NULL)
        decline("%s takes no value", shown(a, false, text));
    if (a->value == NULL)
        return a->name;
    const char *value = inside != NULL ? inside : *i + 1 < argc ? argv[++*i] : NULL;
    if (value == NULL || (a->required && *value == '\0'))
        decline("%s wants a value: %s", shown(a, false, text), a->help);
    return value;
}

void command_begin(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR) != fd)
            _exit(STATUS_FAILED);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    bounds_begin();
}

int command_end(const struct command *c, int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    complain("the output cannot be written (its disk is full, or its reader is gone): what it says is not all");
    return c != NULL && c->judges ? STATUS_CANNOT_TELL : STATUS_FAILED;
}

static void args_parse(const struct command *c, int argc, char **argv, const char *given[])
{
    char text[FLAG_CAP];
    size_t n_more = 0;
    assert(c->n_args <= ARGS_MAX);
    for (size_t i = 0; i < c->n_args; i++)
        given[i] = NULL;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--help") == 0) {
            args_help(c);
            exit(command_end(c, STATUS_DONE));
        }
        if (take_more(c, word, given, &n_more))
            continue;
        const char *equals = word[0] == '-' ? strchr(word, '=') : NULL;
        struct span name = equals != NULL ? span_of(word, (size_t)(equals - word)) : span_str(word);
        size_t row = row_of(c, word, name, given);
        const struct arg *a = &c->args[row];
        if (given[row] != NULL)
            decline("%s is given twice", shown(a, false, text));
        given[row] = is_flag(a) ? value_of(a, equals != NULL ? equals + 1 : NULL, argc, argv, &i) : word;
    }
    for (size_t i = 0; i < c->n_args; i++)
        if (c->args[i].required && given[i] == NULL)
            decline("%s is missing: %s", shown(&c->args[i], false, text), c->args[i].help);
}

static void become_owner(const struct command *c, const char *const given[])
{
    for (size_t i = 0; i < c->n_args && c->as_owner; i++)
        if (strcmp(c->args[i].name, "--data") == 0 && given[i] != NULL)
            data_folder_as_owner(given[i]);
}

int command_run(const struct command *c, int argc, char **argv)
{
    const char *given[ARGS_MAX];
    log_set_command(c->name);
    args_parse(c, argc, argv, given);
    become_owner(c, given);
    return command_end(c, c->run(given));
}
