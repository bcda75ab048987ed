/* One thread that makes pieces of walks ahead of them (struct ahead of settlement/verify.h). Whoever takes a piece that
 * nobody has begun makes it itself, and while the one it wants is being made, the next ones: both threads are busy
 * however the work is shared between making and walking. Where there is no second CPU, or no thread can be had, the
 * walk makes all. Owned by one thread, whose walks these are. */
#ifndef CS_SERVER_CMD_AHEAD_H
#define CS_SERVER_CMD_AHEAD_H

#include "common/settlement/verify.h"

struct ahead_thread;
struct ahead_thread *ahead_start(bool thread); /* false: without one */
struct ahead ahead_of(struct ahead_thread *t);
void ahead_stop(struct ahead_thread *t); /* NULL-safe; its walks are closed */
/* Whether this process may use more than one CPU. */
bool ahead_pays(void);

#endif
