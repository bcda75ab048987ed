/* What the refused log keeps, of each room (refusal.h): for so long, and at most so many, the newest. */
#ifndef CS_SERVER_COMMIT_REFUSED_LOG_H
#define CS_SERVER_COMMIT_REFUSED_LOG_H

#include "common/base/when.h"

#define REFUSED_KEEP_MS (30 * MS_PER_DAY)
#define REFUSED_AHEAD_MS MS_PER_DAY /* later than this the clock was wrong: such rows would stay for ever */

enum {
    REFUSED_PROVEN_MOST = 5000, /* rows of a party that its own signature proves */
    REFUSED_OTHER_MOST = 1000   /* of those that merely name it; and of nobody's */
};

#endif
