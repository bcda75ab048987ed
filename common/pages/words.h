/* What pages say, in our languages. One table, so that a word that is missing in one of them does not compile; {} marks
 * where a value goes, in the order in which they are given. */
#ifndef CS_PAGES_WORDS_H
#define CS_PAGES_WORDS_H

#include "common/base/accept.h"
#include "common/pages/words_table.h"

enum word {
#define X(symbol, en, fr, zh) WORD_##symbol,
    WORD_TABLE(X)
#undef X
        WORDS
};

const char *word_text(enum language language, enum word word);
/* The word of a status, reason, class, device or channel by its own name on the wire; WORDS when we have none for it.
 */
enum word word_of_status(struct span status);
enum word word_of_reason(struct span reason);
enum word word_of_class(struct span class);
enum word word_of_device(struct span device);
enum word word_of_channel(struct span channel);
/* Of a field of a lead, or what a rule looks at. */
enum word word_of_field(struct span field);
/* What people call the country of an ISO 3166 code; the code, where we have no word. */
struct span country_word(enum language language, struct span code);
/* The same as a sentence of its own. */
enum word sentence_of_reason(struct span reason);

#endif
