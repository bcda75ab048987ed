/* What the pages of contracts share. */
#ifndef CS_SERVER_PAGES_CONTRACTS_H
#define CS_SERVER_PAGES_CONTRACTS_H

#include <jansson.h>

#include "server/pages/screen.h"

/* A contract's price on one line: "8.00 to 12.00 EUR a lead · 5% of sales". */
void contracts_price(struct screen *s, const json_t *contract, struct span currency);
/* Whether it runs, waits, or is over. */
enum word contracts_state(const struct screen *s, const json_t *contract, const char **class);

#endif
