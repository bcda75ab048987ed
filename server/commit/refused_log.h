/* What the refused log keeps, of each room (refusal.h): for so long, and at most so many, the newest. */
#ifndef CS_SERVER_COMMIT_REFUSED_LOG_H
#define CS_SERVER_COMMIT_REFUSED_LOG_H

#include "common/base/when.h"

#define REFUSED_KEEP_MS (30 * MS_PER_DAY)
#define REFUSED_AHEAD_MS MS_PER_DAY /* later than this the clock was wrong: such rows would stay for ever */

/* Rows of a party, by standing; of nobody's as of those that merely name one. */
enum { REFUSED_NAMED_MOST = 1000, REFUSED_PROVEN_MOST = 5000, REFUSED_LATE_MOST = 1000, REFUSED_AGAIN_MOST = 200 };

#endif
