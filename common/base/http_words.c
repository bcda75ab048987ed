#include "common/base/http_words.h"

#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/text.h"

static const struct {
    const char *name;
    enum method method;
} methods[] = {
#define X(name, bit) {#name, METHOD_##name},
    METHOD_TABLE(X)
#undef X
};
enum { METHODS = sizeof methods / sizeof methods[0] };

const char *method_name(enum method method)
{
    for (size_t i = 0; i < METHODS; i++)
        if (methods[i].method == method)
            return methods[i].name;
    abort();
}

enum err method_read(struct span name, enum method *out)
{
    for (size_t i = 0; i < METHODS; i++)
        if (span_is(name, methods[i].name)) {
            *out = methods[i].method;
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

bool media_type_is(struct span content_type, const char *media_type)
{
    size_t n = strlen(media_type);
    return ascii_starts(content_type, media_type) &&
           (content_type.len == n || memchr("; \t", content_type.ptr[n], 3) != NULL);
}

bool etag_listed(struct span list, struct span tag)
{
    while (!span_empty(list)) {
        struct span one = text_trim(text_take(&list, ','), HTTP_BLANKS);
        if (span_starts(one, "W/"))
            one = span_skip(one, 2);
        if (span_is(one, "*") || span_eq(one, tag))
            return true;
    }
    return false;
}

bool bearer_token(struct span authorization, struct span *token)
{
    static const char scheme[] = "Bearer ";
    const size_t n = sizeof scheme - 1;
    if (authorization.len <= n || !ascii_starts(authorization, scheme))
        return false;
    *token = span_skip(authorization, n);
    return true;
}

const char *http_phrase(int status)
{
    switch (status) {
#define X(status, phrase)                                                                                              \
    case status:                                                                                                       \
        return phrase;
        HTTP_STATUS_TABLE(X)
#undef X
    default:
        return "";
    }
}

enum http_status_place http_status_place(int status)
{
    switch (status) {
#define X(status, phrase)                                                                                              \
    case status:                                                                                                       \
        return HTTP_STATUS_PLACE_##status;
        HTTP_STATUS_TABLE(X)
#undef X
    default:
        return HTTP_STATUSES;
    }
}

int http_status_at(enum http_status_place place)
{
    static const int statuses[] = {
#define X(status, phrase) status,
        HTTP_STATUS_TABLE(X)
#undef X
    };
    return statuses[place];
}
