/* The settings of the SMTP server that takes notices. */
#ifndef CS_SERVER_CMD_SMTP_SETTING_H
#define CS_SERVER_CMD_SMTP_SETTING_H

#include "common/base/buf.h"
#include "server/courier/smtp.h"
#include "server/system/options.h"

struct smtp_setting {
    struct smtp_setup setup; /* url NULL: none is set */
    struct buf password;
};
/* Ends the process with a line that says what is wrong. `name` is what we call ourselves. */
void smtp_setting_read(const struct options *o, const char *name, struct smtp_setting *out);
void smtp_setting_forget(struct smtp_setting *s); /* wipes the password */

#endif
