/* A form that a page of ours sent. */
#ifndef CS_SERVER_PAGES_FORM_H
#define CS_SERVER_PAGES_FORM_H

#include "server/worker/session.h"

enum { FORM_FIELDS = 400 };

struct form {
    struct field {
        struct span name, value; /* decoded, in the request's arena */
    } field[FORM_FIELDS];
    size_t n;
};

/* What a browser says of where it comes from is a page of ours, or it says nothing: ERR_FORBIDDEN else. */
MUST_CHECK enum err form_origin(struct request *rq);
size_t form_most(const struct request *rq, struct span path); /* bytes of one that is sent there */
/* ERR_MEDIA_TYPE, ERR_MALFORMED. */
MUST_CHECK enum err form_read(struct request *rq, struct form *out);
struct span form_value(const struct form *f, const char *name); /* empty: there is none */
/* Whether it was made for the session that it came with. */
bool form_is_of(const struct form *f, const struct session *s);

#endif
