#include "common/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_plainly(void)
{
    fputs("out of memory\n", stderr);
}

static void (*last_words)(void) = say_plainly;

void mem_last_words(void (*say)(void))
{
    last_words = say;
}

void mem_exhausted(void)
{
    last_words();
    _Exit(EXIT_FAILURE);
}

static void *must(void *ptr)
{
    if (ptr == NULL)
        mem_exhausted();
    return ptr;
}

void *xmalloc(size_t len)
{
    return must(malloc(len ? len : 1));
}

void *xcalloc(size_t n, size_t len)
{
    return must(calloc(n ? n : 1, len ? len : 1));
}

void *xrealloc(void *ptr, size_t len)
{
    return must(realloc(ptr, len ? len : 1));
}

void *xaligned(size_t alignment, size_t len)
{
    void *ptr = NULL;
    return must(posix_memalign(&ptr, alignment, len ? len : 1) == 0 ? ptr : NULL);
}

char *xstrdup(const char *s)
{
    return must(strdup(s));
}

char *xasprintf(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    return must(n < 0 ? NULL : text);
}
