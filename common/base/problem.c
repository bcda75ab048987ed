#include "common/base/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/utf8.h"

/* Drops what is left of a character that was cut: its lead byte and up to two more. */
static void cut_at_character(char *text, size_t cap, size_t wanted)
{
    size_t len = cap - 1;
    if (wanted < cap)
        return;
    while (len && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
        len--;
    if (len && !utf8_valid(span_of(text + len - 1, cap - len)))
        text[len - 1] = '\0';
}

enum err problem(struct problem *p, enum err err, const char *field, const char *fmt, ...)
{
    if (p == NULL)
        return err;
    int n = snprintf(p->field, sizeof p->field, "%s", field);
    cut_at_character(p->field, sizeof p->field, (size_t)n);

    va_list args;
    va_start(args, fmt);
    n = vsnprintf(p->detail, sizeof p->detail, fmt, args);
    va_end(args);
    cut_at_character(p->detail, sizeof p->detail, (size_t)n);
    return err;
}
