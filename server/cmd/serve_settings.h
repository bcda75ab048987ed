/* The settings of `serve`: read at its start, and again on HUP, by the same rules. */
#ifndef CS_SERVER_CMD_SERVE_SETTINGS_H
#define CS_SERVER_CMD_SERVE_SETTINGS_H

#include "server/commit/schedule.h"
#include "server/courier/target.h"
#include "server/worker/server.h"

/* Who says them, beside the environment. */
struct settings_said {
    const char *config;       /* NULL: no file */
    const char *const *flags; /* as options_read takes them */
};

/* What the texts say alone. Ends the process with a line that says which is wrong, and where. */
struct settings *serve_settings_read(const struct settings_said *said);
/* What they lead to: files, networks, limits of this process. sv has its instance. Likewise. */
void serve_settings_fill(const struct settings_said *said, const struct server *sv, struct settings *s);
void serve_settings_webhooks(const struct settings *s, struct target_rules *out); /* once it was filled */
void serve_settings_say(const struct settings *s); /* warns where there is less room than was set */
void serve_settings_pace(const struct settings *s, struct pace *out);

/* Reads all of it again. Either all that may change while a server runs is as it says from now on, in one step, and the
 * log names what changed and what waits for a restart; or nothing changed, and the log says why. now: the present ones.
 */
void serve_settings_again(const struct settings_said *said, struct server *sv, const struct settings *now,
                          struct pace *pace);

#endif
