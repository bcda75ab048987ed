/* A page under way: what it is asked, who looks at it, in which language and zone. Handlers gather first and write
 * then, so that an error comes before the first byte. */
#ifndef CS_SERVER_PAGES_SCREEN_H
#define CS_SERVER_PAGES_SCREEN_H

#include "common/pages/frame.h"
#include "server/api/list.h"
#include "server/worker/dispatch.h"
#include "server/worker/session.h"

/* As long as the page is written. */
struct screen {
    struct request *rq;
    struct page g;
    struct buf out;
    struct frame frame;
    struct param lang, tz;
    struct zones *zones;
    enum err zone_err; /* of a time that could not be shown */
    bool secret;       /* its address is one: no other address is told of it */
    char form_token[FORM_TOKEN_LEN];
};

/* Reads the query: `lang`, `tz` and the n of this page. ERR_MALFORMED as params_read. Of nobody's page n may be 0. */
MUST_CHECK enum err screen_read(struct screen *s, struct request *rq, struct param *more, size_t n);
/* The zone of its times, unless the query says one, or the browser keeps one that was chosen under its settings.
 * ERR_IO: it does not read. */
MUST_CHECK enum err screen_zone(struct screen *s, struct span zone);
/* The zone of the first contract that the caller reads; UTC without any. */
struct span screen_first_zone(const struct request *rq);
/* Begins to write. here: the place of the header, or NULL. */
void screen_open(struct screen *s, enum word title, const char *here, const char *main_class);
/* Ends it, as the reply. */
MUST_CHECK enum err screen_reply(struct screen *s, struct reply *reply, int status);

/* What goes with every page: its language, its policy, and that nobody keeps it. */
void screen_headers(struct screen *s, struct reply *reply);
/* 303 to an address of ours. */
enum err screen_go(struct request *rq, struct reply *reply, struct span to);
/* Whoever is signed in gets `read` on a reader thread, others the way to sign in. */
MUST_CHECK enum err screen_enter(struct request *rq, struct reply *reply,
                                 enum err (*read)(struct request *rq, struct reply *reply));

#endif
