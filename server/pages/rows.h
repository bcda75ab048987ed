/* Leads and statements as rows of tables, in whichever page they stand. */
#ifndef CS_SERVER_PAGES_ROWS_H
#define CS_SERVER_PAGES_ROWS_H

#include "server/pages/ask.h"
#include "server/pages/screen.h"

/* Whose contract it is, but for who looks: `<th>` of a row, or one line of text. */
void rows_between(struct screen *s, const struct contract *k);
void rows_contract_line(struct screen *s, const struct contract *k);

/* The state of a lead, its reason in a sentence, and the code beside. */
void rows_state(struct screen *s, const json_t *lead);
/* Its score, and in words what moved it; nothing if it has none. */
void rows_score(struct screen *s, const json_t *lead);
void rows_leads(struct screen *s, const json_t *leads); /* a table of these */

/* A page of a list of the API, for json_decref: by those of the n that say something, among them `after`. */
MUST_CHECK enum err rows_asked(struct request *rq, asked *of, const struct param *p, size_t n, json_t **out);
/* The same, with what a page that shows one begins with: its query is read, its times have a zone. */
MUST_CHECK enum err rows_listed(struct screen *s, struct request *rq, asked *of, struct param *p, size_t n,
                                json_t **out);

/* The way to the page after it, where there is one: at that address, by those of the n that say something but `after`.
 */
void rows_next(struct screen *s, const char *address, const struct param *p, size_t n, const json_t *answer,
               enum word word);

/* The newest `most` of all contracts that the caller reads, newest first: a list for json_decref. */
MUST_CHECK enum err rows_newest(struct request *rq, size_t most, json_t **out);
/* Controls of filters: by contract, by campaign, of those that the caller reads. chosen: an id, or empty: all. */
void rows_contracts(struct screen *s, struct span chosen);
void rows_campaigns(struct screen *s, struct span chosen);

/* How many have signed, with the words for it: of a statement as listed. */
void rows_signatures(struct screen *s, const json_t *statement);
bool rows_asks(const struct screen *s, const json_t *statement); /* whether it waits for who looks, a party of it */
/* Minor units of its currency, as micros. */
int64_t rows_micros(const json_t *statement, const char *minor);
void rows_statements(struct screen *s, const json_t *statements);

#endif
