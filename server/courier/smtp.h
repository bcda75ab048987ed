/* Mail to the operator's own SMTP server (RFC 5321), by libcurl: bounded in time, TLS where the server has it, and
 * always, by a certificate that holds, with smtps: and where a password is sent. One thread. */
#ifndef CS_SERVER_COURIER_SMTP_H
#define CS_SERVER_COURIER_SMTP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/base/span.h"

struct smtp_setup {
    const char *url;             /* smtp://host:port, or smtps:// */
    const char *user, *password; /* "": none */
    const char *name;            /* what we call ourselves */
};

struct smtp;
struct smtp *smtp_open(const struct smtp_setup *s, const atomic_bool *stop); /* copies; one under way ends soon after */
void smtp_close(struct smtp *s);                                             /* NULL-safe */
enum smtp_outcome {
    SMTP_TAKEN,
    SMTP_REFUSED, /* this message, or to this address: others may be taken */
    SMTP_DOWN     /* the server, as it is now: no other one would be taken */
};
/* Else than with SMTP_TAKEN *why says why not. */
enum smtp_outcome smtp_send(struct smtp *s, struct span from, struct span to, struct span message, const char **why);

#endif
