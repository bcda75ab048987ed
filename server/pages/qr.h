/* QR codes, as SVG. */
#ifndef CS_SERVER_PAGES_QR_H
#define CS_SERVER_PAGES_QR_H

#include "common/base/err.h"
#include "common/pages/part.h"

/* Writes it with the quiet zone that readers want, black on white whatever the page's colours. label: what it is, for
 * who does not see it. False, with nothing written: the text is too long for any. */
MUST_CHECK bool qr_write(struct page *g, struct span text, enum word label);

#endif
