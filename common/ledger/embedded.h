/* Documents embedded in a JSON object, taken out as text again. */
#ifndef CS_LEDGER_EMBEDDED_H
#define CS_LEDGER_EMBEDDED_H

#include "common/base/json_read.h"

/* The canonical text of the object that is obj's member `key`; false when there is none. Puts the text, as a string, in
 * the object's place, so that the span lives as long as *obj does. */
MUST_CHECK bool embedded_text(json_t *obj, const char *key, struct span *out);
/* The same of a list. */
MUST_CHECK bool embedded_list(json_t *obj, const char *key, struct span *out);

#endif
