/* Heap memory that is never NULL: out of memory is fail-stop. Freed with free(). */
#ifndef CS_BASE_MEM_H
#define CS_BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t len) __attribute__((malloc, returns_nonnull, warn_unused_result));
void *xcalloc(size_t n, size_t len) __attribute__((malloc, returns_nonnull, warn_unused_result)); /* cleared */
void *xrealloc(void *ptr, size_t len) __attribute__((returns_nonnull, warn_unused_result));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull, warn_unused_result));

#endif
