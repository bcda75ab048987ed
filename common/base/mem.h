/* Heap memory that is never NULL: out of memory is fail-stop. Freed with free(). */
#ifndef CS_BASE_MEM_H
#define CS_BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t len) __attribute__((malloc, returns_nonnull, warn_unused_result));
void *xcalloc(size_t n, size_t len) __attribute__((malloc, returns_nonnull, warn_unused_result)); /* cleared */
void *xrealloc(void *ptr, size_t len) __attribute__((returns_nonnull, warn_unused_result));
void *xaligned(size_t alignment, size_t len) __attribute__((malloc, returns_nonnull, warn_unused_result));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull, warn_unused_result));
char *xasprintf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), malloc, returns_nonnull, warn_unused_result));

/* What all of these do when memory runs out, and what everybody does whom a library tells so: says its last words and
 * ends the process with status 1 on the spot. Nothing is flushed, freed or run at exit: whatever was under way ends as
 * in a power cut. Any thread. */
_Noreturn void mem_exhausted(void);
/* The last words: `say` allocates nothing and takes no lock that may be held. Until this is called they are a plain
 * line on stderr. The one piece of state that common/ keeps for the whole process, since whoever runs out of memory has
 * no way left to be handed anything: set before there are other threads. */
void mem_last_words(void (*say)(void));

#endif
