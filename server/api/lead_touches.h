/* Which clicks led to a lead, all of them: its entry tells those of its own contract alone, what is sealed of it all.
 */
#ifndef CS_SERVER_API_LEAD_TOUCHES_H
#define CS_SERVER_API_LEAD_TOUCHES_H

#include "common/decisions/decide.h"

/* As they were found when it was decided, out of its contact object. ERR_CORRUPT: they are not those that it counts. */
MUST_CHECK enum err lead_touches(struct tokens *tokens, const struct view *v, const struct entry_lead *l,
                                 struct span contact, struct lead_facts *out);

#endif
