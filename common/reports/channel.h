/* By which channel a click came, told by its utm parameters and the click ids of advertisement networks in its deep
 * link: the table stands in docs/reports.md, "Channels". */
#ifndef CS_REPORTS_CHANNEL_H
#define CS_REPORTS_CHANNEL_H

#include "common/base/span.h"

/* symbol, word */
#define CHANNEL_TABLE(X)                                                                                               \
    X(DIRECT, "direct")                                                                                                \
    X(SEO, "seo")                                                                                                      \
    X(PPC, "ppc")                                                                                                      \
    X(CONTENT, "content")                                                                                              \
    X(VIDEO, "video")                                                                                                  \
    X(SOCIAL, "social")                                                                                                \
    X(MESSENGER, "messenger")                                                                                          \
    X(EMAIL, "email")                                                                                                  \
    X(REFERRAL, "referral")

enum channel {
#define X(symbol, word) CHANNEL_##symbol,
    CHANNEL_TABLE(X)
#undef X
        CHANNELS
};
const char *channel_word(enum channel c);

/* First what utm_medium is, then whose click id the deep link has, then what utm_source is; with another medium or
 * source a referral, with none of both direct. Whatever the case of letters. */
enum channel channel_of(struct span utm_source, struct span utm_medium, struct span deep_link);

#endif
