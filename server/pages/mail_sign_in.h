/* Signing in by a link in an e-mail. */
#ifndef CS_SERVER_PAGES_MAIL_SIGN_IN_H
#define CS_SERVER_PAGES_MAIL_SIGN_IN_H

#include "server/pages/screen.h"

/* The form that asks for one, where e-mail is sent. */
void mail_sign_in_write(struct screen *s);
enum err mail_sign_in_ask(struct request *rq, struct reply *reply);
enum err mail_sign_in_get(struct request *rq, struct reply *reply);
enum err mail_sign_in_post(struct request *rq, struct reply *reply);

#endif
