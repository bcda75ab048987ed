/* Shared by the pages alone. */
#ifndef CS_SERVER_PAGES_PAGES_PRIVATE_H
#define CS_SERVER_PAGES_PAGES_PRIVATE_H

#include "common/pages/words.h"
#include "server/pages/ask.h"

/* home_operator.c, home_auditor.c: on a reader thread */
enum err operator_read(struct request *rq, struct reply *reply);
enum err auditor_read(struct request *rq, struct reply *reply);

struct screen;
void auditor_pull(struct screen *s, const struct contract *k); /* the commands that copy and check it */
enum word kind_word(struct span kind);                         /* of a party */
int64_t refused_of_day(const json_t *refused, int64_t now_ms); /* of a list: those of the last 24 hours */

/* links.c: whose pages these are; who is not signed in is asked first. ERR_FORBIDDEN. */
MUST_CHECK enum err publishers_alone(struct request *rq);

#endif
