/* Shared by the pages alone. */
#ifndef CS_SERVER_PAGES_PAGES_PRIVATE_H
#define CS_SERVER_PAGES_PAGES_PRIVATE_H

#include "common/pages/words.h"
#include "server/pages/ask.h"
#include "server/pages/screen.h"

enum err front_get(struct request *rq, struct reply *reply); /* front.c: of nobody's, on the worker */
/* home_operator.c, home_auditor.c: on a reader thread */
enum err operator_read(struct request *rq, struct reply *reply);
enum err auditor_read(struct request *rq, struct reply *reply);
enum err system_read(struct request *rq, struct reply *reply); /* system.c: likewise */

struct screen;
void system_room(struct screen *s, bool linked); /* one of a list of figures: what the store can still grow by */
void auditor_pull(struct screen *s, const struct contract *const *k, size_t n); /* commands that copy and check them */
/* statement_answer.c: what sign.js takes of its box, within its tag; and the field of a key file, with where it
 * complains. */
void signing_data(struct screen *s);
void signing_file(struct screen *s, enum word label, enum word hint);
enum word kind_word(struct span kind);                         /* of a party */
int64_t refused_of_day(const json_t *refused, int64_t now_ms); /* of a list: those of the last 24 hours */

/* home_money.c: of whose contracts these are */
struct money {
    struct money_part {
        json_t *sums; /* of each currency, micros */
        int64_t n;    /* of leads, or statements */
        bool more;    /* than were added up */
    } waiting, unanswered, disputed;
};
/* waiting: a page of statements without an answer */
MUST_CHECK enum err money_gather(struct request *rq, const json_t *waiting,
                                 struct money *m); /* money_close also after an error */
void money_close(struct money *m);
void money_write(struct screen *s, const struct money *m, const json_t *month); /* month: a report */

/* links.c: whose pages these are; who is not signed in is asked first. ERR_FORBIDDEN. */
MUST_CHECK enum err publishers_alone(struct request *rq);

#endif
