/* What a sender's own request says, as far as its text shows it (FORMATS.md "Requests"): whether one repeats another.
 */
#ifndef CS_SETTLEMENT_VERIFY_REQUESTS_H
#define CS_SETTLEMENT_VERIFY_REQUESTS_H

#include "common/base/span.h"
#include "common/ledger/merkle.h"

enum request_name { NAME_TXID, NAME_CLICK, NAME_LEAD, NAME_STATUS, REQUEST_NAMES };

/* Values are kept as hashes, 0 where there is none. */
struct request_said {
    struct hash digest;
    bool reads;  /* it has one of the forms */
    bool hidden; /* it has a body, of which the text holds the hash alone */
    uint64_t nonce, facts, name[REQUEST_NAMES];
};

enum repeat {
    REPEATS,
    REPEATS_UNKNOWN, /* a text does not show enough */
    OTHER_TXID,
    OTHER_CLICK,
    OTHER_FACTS
};

void request_read(struct span text, struct request_said *out);
/* Whether the server may have answered the later with what it answered the earlier, which has another digest. */
enum repeat request_repeats(const struct request_said *earlier, const struct request_said *later);

#endif
