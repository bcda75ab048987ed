#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/utf8.h"

unsigned long fuzz_accepted;

void fuzz_fault(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* An empty block is the end of one byte: AddressSanitizer takes malloc(0) for malloc(1). */
struct span fuzz_copy(struct span s)
{
    char *block = xmalloc(s.len ? s.len : 1);
    if (s.len == 0)
        return span_of(block + 1, 0);
    memcpy(block, s.ptr, s.len);
    return span_of(block, s.len);
}

void fuzz_drop(struct span s)
{
    free((char *)s.ptr - (s.len == 0));
}

struct span fuzz_take(struct span *rest, char mark)
{
    const char *at = rest->len ? memchr(rest->ptr, mark, rest->len) : NULL;
    struct span front = span_of(rest->ptr, at != NULL ? (size_t)(at - rest->ptr) : rest->len);
    size_t used = front.len + (at != NULL ? 1 : 0);
    *rest = span_of(rest->ptr + used, rest->len - used);
    return front;
}

bool fuzz_inside(struct span part, struct span whole)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

void fuzz_problem(const struct problem *p)
{
    HOLDS(memchr(p->field, '\0', sizeof p->field) != NULL);
    HOLDS(memchr(p->detail, '\0', sizeof p->detail) != NULL);
    HOLDS(utf8_valid(span_str(p->field)) && utf8_valid(span_str(p->detail)));
    HOLDS(p->detail[0] != '\0');
}

void fuzz_key(uint8_t out[32], uint8_t number)
{
    memset(out, number, 32);
}
