/* Words of HTTP that more than one part reads or writes. */
#ifndef CS_BASE_HTTP_WORDS_H
#define CS_BASE_HTTP_WORDS_H

#include "common/base/err.h"
#include "common/base/span.h"

/* The methods that we know, in the order of their bits (RFC 9110 section 9, RFC 5789). */
#define METHOD_TABLE(X) X(GET, 1) X(HEAD, 2) X(POST, 4) X(PUT, 8) X(PATCH, 16) X(DELETE, 32) X(OPTIONS, 64)

enum method {
#define X(name, bit) METHOD_##name = bit,
    METHOD_TABLE(X)
#undef X
        METHODS_END = 128
};

/* "GET". The method is one of those above. */
const char *method_name(enum method method);
/* ERR_NOT_FOUND for a method that we do not know. Names of methods have a case. */
MUST_CHECK enum err method_read(struct span name, enum method *out);

/* Whether If-None-Match's list names this entity tag, weakly compared (RFC 9110 section 13.1.2). */
bool etag_listed(struct span list, struct span tag);

/* The statuses that we send, with their standard phrases (RFC 9110 section 15, RFC 6585). */
#define HTTP_STATUS_TABLE(X)                                                                                           \
    X(200, "OK")                                                                                                       \
    X(201, "Created")                                                                                                  \
    X(202, "Accepted")                                                                                                 \
    X(204, "No Content")                                                                                               \
    X(302, "Found")                                                                                                    \
    X(303, "See Other")                                                                                                \
    X(304, "Not Modified")                                                                                             \
    X(308, "Permanent Redirect")                                                                                       \
    X(400, "Bad Request")                                                                                              \
    X(401, "Unauthorized")                                                                                             \
    X(403, "Forbidden")                                                                                                \
    X(404, "Not Found")                                                                                                \
    X(405, "Method Not Allowed")                                                                                       \
    X(406, "Not Acceptable")                                                                                           \
    X(409, "Conflict")                                                                                                 \
    X(410, "Gone")                                                                                                     \
    X(413, "Content Too Large")                                                                                        \
    X(414, "URI Too Long")                                                                                             \
    X(415, "Unsupported Media Type")                                                                                   \
    X(417, "Expectation Failed")                                                                                       \
    X(422, "Unprocessable Content")                                                                                    \
    X(429, "Too Many Requests")                                                                                        \
    X(431, "Request Header Fields Too Large")                                                                          \
    X(500, "Internal Server Error")                                                                                    \
    X(501, "Not Implemented")                                                                                          \
    X(503, "Service Unavailable")                                                                                      \
    X(505, "HTTP Version Not Supported")

enum http_status_place {
#define X(status, phrase) HTTP_STATUS_PLACE_##status,
    HTTP_STATUS_TABLE(X)
#undef X
        HTTP_STATUSES
};

/* The standard phrase ("" for a status that we never send), and where it stands in the table (HTTP_STATUSES: nowhere).
 */
const char *http_phrase(int status);
enum http_status_place http_status_place(int status);
/* The status at a place of the table. */
int http_status_at(enum http_status_place place);

/* True when the value of a Content-Type header names `media_type`, with parameters or without (RFC 9110 section 8.3.1).
 */
bool media_type_is(struct span content_type, const char *media_type);
/* The token of an Authorization header (RFC 6750 section 2.1); false when it holds none. */
bool bearer_token(struct span authorization, struct span *token);

#endif
