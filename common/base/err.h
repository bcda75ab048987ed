/* The one table of operational results. A domain "no" is not here: that is a decision with a reason
 * (decisions/reason.h). */
#ifndef CS_BASE_ERR_H
#define CS_BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* symbol, wire word (problem+json `type` suffix and log word), HTTP status, title */
#define ERR_TABLE(X)                                                                                                   \
    X(OK, "ok", 200, "OK")                                                                                             \
    X(MALFORMED, "malformed", 400, "Malformed request")                                                                \
    X(UNAUTHORIZED, "unauthorized", 401, "Not authenticated")                                                          \
    X(FORBIDDEN, "forbidden", 403, "Not allowed")                                                                      \
    X(NOT_FOUND, "not_found", 404, "Not found")                                                                        \
    X(METHOD, "method_not_allowed", 405, "Method not allowed")                                                         \
    X(CONFLICT, "conflict", 409, "Conflict")                                                                           \
    X(QUOTA, "quota_exceeded", 409, "Quota exceeded")                                                                  \
    X(GONE, "gone", 410, "Gone")                                                                                       \
    X(TOO_LARGE, "too_large", 413, "Content too large")                                                                \
    X(URI_TOO_LONG, "uri_too_long", 414, "URI too long")                                                               \
    X(MEDIA_TYPE, "unsupported_media_type", 415, "Unsupported media type")                                             \
    X(INVALID, "invalid", 422, "Invalid content")                                                                      \
    X(RATE, "rate_limited", 429, "Too many requests")                                                                  \
    X(FULL, "storage_full", 503, "Storage is full")                                                                    \
    X(BUSY, "busy", 503, "Server is busy")                                                                             \
    X(NOT_IMPLEMENTED, "not_implemented", 501, "Not implemented")                                                      \
    X(CORRUPT, "corrupt", 500, "Stored data does not hold")                                                            \
    X(IO, "io", 500, "Input or output failed")                                                                         \
    X(INTERNAL, "internal", 500, "Internal error")                                                                     \
    X(PENDING, "pending", 500, "Waiting for the commit")

enum err {
#define X(symbol, word, status, title) ERR_##symbol,
    ERR_TABLE(X)
#undef X
        ERR_COUNT
};

const char *err_word(enum err err);
const char *err_title(enum err err);
int err_status(enum err err);

#endif
