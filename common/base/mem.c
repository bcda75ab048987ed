#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

static void *must(void *ptr)
{
    if (ptr == NULL)
        abort();
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

char *xstrdup(const char *s)
{
    return must(strdup(s));
}
