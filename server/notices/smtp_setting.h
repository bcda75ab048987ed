/* The settings of the SMTP server that takes notices. */
#ifndef CS_SERVER_NOTICES_SMTP_SETTING_H
#define CS_SERVER_NOTICES_SMTP_SETTING_H

#include "common/base/buf.h"
#include "common/base/problem.h"
#include "server/courier/smtp.h"
#include "server/system/options.h"

struct smtp_setting {
    struct smtp_setup setup; /* url NULL: none is set; of texts of the options */
    struct buf password;
};
/* Reads the password's file, too. An error says in *p which setting is wrong, and there is nothing to forget. `name` is
 * what we call ourselves. */
MUST_CHECK enum err smtp_setting_read(const struct options *o, const char *name, struct smtp_setting *out,
                                      struct problem *p);
void smtp_setting_forget(struct smtp_setting *s); /* wipes the password */

#endif
