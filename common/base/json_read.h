/* Reading JSON: jansson, strict: UTF-8, no duplicate keys, no floats, depth at most 16. */
#ifndef CS_BASE_JSON_READ_H
#define CS_BASE_JSON_READ_H

#include <jansson.h>

#include "common/base/json_write.h"
#include "common/base/problem.h"

/* Has jansson take all its memory by mem.h, so that it never answers less than it should for want of memory: once,
 * before anything else of jansson. */
void json_use_mem(void);

/* Parses one JSON value that is an object. *out is a new reference (json_decref). On failure: ERR_MALFORMED and the
 * place in *p. Floats are refused (ERR_MALFORMED naming the place); null members are taken and read as absent. */
MUST_CHECK enum err json_read(struct span text, json_t **out, struct problem *p);
/* As json_read, but takes every number, NUL in texts, U+FFFD for what is no character, and any depth jansson takes: for
 * what others send beside what is asked for. Where one number fits neither an int64 nor a double, all numbers are texts
 * of their digits. Not for jw_value, which writes no reals. */
MUST_CHECK enum err json_read_any_number(struct span text, json_t **out, struct problem *p);
/* As json_read, but each number, at any depth, is a text of the characters that it is written with. Not for jw_value.
 */
MUST_CHECK enum err json_read_texts(struct span text, json_t **out, struct problem *p);
/* As json_read, and ERR_CORRUPT unless the text is exactly the canonical bytes of what it says (no nulls either). */
MUST_CHECK enum err json_read_canonical(struct span text, json_t **out, struct problem *p);
/* Writes any parsed value canonically (sorting keys by byte order). Null members are left out. */
void jw_value(struct jw *w, const json_t *v);

/* Typed member access. `path` names the object in problems ("" at the top). A missing or null member: get_* returns
 * ERR_OK with *out untouched and *found false. A wrong type or range: ERR_INVALID with the member named. found may be
 * NULL. Spans point into *obj. */
MUST_CHECK enum err json_get_str(const json_t *obj, const char *path, const char *key, size_t max, struct span *out,
                                 bool *found, struct problem *p);
MUST_CHECK enum err json_get_int(const json_t *obj, const char *path, const char *key, int64_t min, int64_t max,
                                 int64_t *out, bool *found, struct problem *p);
MUST_CHECK enum err json_get_bool(const json_t *obj, const char *path, const char *key, bool *out, bool *found,
                                  struct problem *p);
MUST_CHECK enum err json_get_array(const json_t *obj, const char *path, const char *key, size_t max, const json_t **out,
                                   bool *found, struct problem *p);
MUST_CHECK enum err json_get_object(const json_t *obj, const char *path, const char *key, const json_t **out,
                                    bool *found, struct problem *p);
/* ERR_INVALID naming the first member of obj that is not in the NULL-ended list. */
MUST_CHECK enum err json_only(const json_t *obj, const char *path, const char *const *names, struct problem *p);

#endif
