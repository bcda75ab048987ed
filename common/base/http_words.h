/* Words of HTTP that more than one part reads or writes. */
#ifndef CS_BASE_HTTP_WORDS_H
#define CS_BASE_HTTP_WORDS_H

#include "common/base/err.h"
#include "common/base/span.h"

/* The methods that we know, in the order of their bits (RFC 9110 section 9, RFC 5789). */
#define METHOD_TABLE(X) X(GET, 1) X(HEAD, 2) X(POST, 4) X(PUT, 8) X(PATCH, 16) X(DELETE, 32)

enum method {
#define X(name, bit) METHOD_##name = bit,
    METHOD_TABLE(X)
#undef X
        METHODS_END = 64
};

/* "GET". The method is one of those above. */
const char *method_name(enum method method);
/* ERR_NOT_FOUND for a method that we do not know. Names of methods have a case. */
MUST_CHECK enum err method_read(struct span name, enum method *out);

/* True when the value of a Content-Type header names `media_type`, with parameters or without (RFC 9110 section 8.3.1).
 */
bool media_type_is(struct span content_type, const char *media_type);
/* The token of an Authorization header (RFC 6750 section 2.1); false when it holds none. */
bool bearer_token(struct span authorization, struct span *token);

#endif
