/* A set of short byte strings: keys that rows must have. Filled first, then asked. */
#ifndef CS_SERVER_CHECK_ROW_SET_H
#define CS_SERVER_CHECK_ROW_SET_H

#include "common/base/span.h"

struct row_set;
struct row_set *row_set_new(void);
void row_set_free(struct row_set *s);                 /* NULL-safe */
void row_set_add(struct row_set *s, struct span key); /* copied */
bool row_set_has(struct row_set *s, struct span key);
/* In ascending order, each once; lives until the next add. */
size_t row_set_count(struct row_set *s);
struct span row_set_at(struct row_set *s, size_t i);

#endif
