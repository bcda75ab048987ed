/* Signing in on the way to something else. */
#ifndef CS_SERVER_PAGES_SIGN_IN_H
#define CS_SERVER_PAGES_SIGN_IN_H

#include "server/pages/form.h"

/* Reads a form of a page of a session. ERR_OK with *answered: it came with no session, or with another's than it was
 * made for, and the reply is a page that has it sent again, with all that was typed, once somebody has signed in. */
MUST_CHECK enum err sign_in_form(struct request *rq, struct reply *reply, struct form *f, bool *answered);

#endif
