/* The tables of words that stand in entries, answers and reports. Each word is stable for ever. */
#ifndef CS_DECISIONS_REASON_H
#define CS_DECISIONS_REASON_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/span.h"

/* symbol, word, what it means to a person */
#define REASON_TABLE(X)                                                                                                \
    X(NONE, "", "")                                                                                                    \
    X(NO_CLICK, "no_click", "the postback carried no click id")                                                        \
    X(UNKNOWN_CLICK, "unknown_click", "no click id of this campaign and sender was found")                             \
    X(OUTSIDE_WINDOW, "outside_window", "the last click is older than the attribution window")                         \
    X(MISSING_FIELD, "missing_field", "a required field is missing or empty")                                          \
    X(BAD_EMAIL, "bad_email", "the email address is not well formed")                                                  \
    X(BAD_PHONE, "bad_phone", "the phone number is not well formed")                                                   \
    X(OUTSIDE_PROFILE, "outside_profile", "a field is outside the campaign's profile rules")                           \
    X(TOO_FAST, "too_fast", "the lead came sooner after its click than a person can type")                             \
    X(HONEYPOT, "honeypot", "the hidden field that people leave empty was filled")                                     \
    X(BOT, "bot", "the traffic is automated")                                                                          \
    X(DUPLICATE, "duplicate", "the same person is known in this campaign within the window")                           \
    X(CAP_DAY, "cap_day", "the day's cap is reached")                                                                  \
    X(CAP_MONTH, "cap_month", "the month's cap is reached")                                                            \
    X(BUDGET, "budget", "the month's budget is used up")                                                               \
    X(CONTRACT_ENDED, "contract_ended", "the contract has not started or has ended")                                   \
    X(LOW_SCORE, "low_score", "the lead's score is below the campaign's threshold")                                    \
    X(UNRECORDED, "unrecorded_click", "the click's record was lost while storage was full")                            \
    X(TEST, "test", "marked as a test by its sender")                                                                  \
    X(REVIEW, "review", "a person decides: held so, as a pixel reported it that nobody signed, or refused so")

enum reason {
#define X(symbol, word, meaning) REASON_##symbol,
    REASON_TABLE(X)
#undef X
        REASON_COUNT
};

#define STATUS_TABLE(X)                                                                                                \
    X(PENDING, "pending", "accepted, in review")                                                                       \
    X(HELD, "held", "waits for a person's decision")                                                                   \
    X(APPROVED, "approved", "payable")                                                                                 \
    X(REJECTED, "rejected", "not payable, with a reason")                                                              \
    X(DUPLICATE, "duplicate", "the same person was reported before")                                                   \
    X(RETURNED, "returned", "was approved, given back inside the return time")                                         \
    X(CONVERTED, "converted", "payable, and became a sale")

enum status {
#define X(symbol, word, meaning) STATUS_##symbol,
    STATUS_TABLE(X)
#undef X
        STATUS_COUNT
};

#define CLASS_TABLE(X)                                                                                                 \
    X(OK, "ok", "a person, as far as we can tell")                                                                     \
    X(PREFETCH, "prefetch", "a browser's or preview's fetch")                                                          \
    X(BOT, "bot", "automated")                                                                                         \
    X(DATACENTER, "datacenter", "from a hosting network")                                                              \
    X(TEST, "test", "marked as a test")                                                                                \
    X(EMBEDDED, "embedded", "fetched as an image, a frame or a script")                                                \
    X(REPEAT, "repeat", "the same visitor's on the same code, again within the campaign's window")                     \
    X(ENDED, "ended", "the contract ended while it was on its way")

enum class {
#define X(symbol, word, meaning) CLASS_##symbol,
    CLASS_TABLE(X)
#undef X
        CLASS_COUNT
};

/* What a click's user agent says it came from, for reports. */
#define DEVICE_TABLE(X)                                                                                                \
    X(NONE, "", "")                                                                                                    \
    X(PHONE, "phone", "a browser on a phone")                                                                          \
    X(TABLET, "tablet", "a browser on a tablet")                                                                       \
    X(DESKTOP, "desktop", "a browser on a computer")                                                                   \
    X(APP, "app", "the browser inside an app")

enum device {
#define X(symbol, word, meaning) DEVICE_##symbol,
    DEVICE_TABLE(X)
#undef X
        DEVICE_COUNT
};

#define TRUST_TABLE(X)                                                                                                 \
    X(SIGNED, "signed", "verified by the sender's secret")                                                             \
    X(KEY, "key", "an unsigned sender's key and address")                                                              \
    X(PIXEL, "pixel", "a thank-you page's pixel, which nobody signs")                                                  \
    X(API, "api", "an authenticated management call")                                                                  \
    X(SYSTEM, "system", "the server, by the terms alone")                                                              \
    X(COUNTERSIGNED, "countersigned", "a disposition that the advertiser's own key signed")

enum trust {
#define X(symbol, word, meaning) TRUST_##symbol,
    TRUST_TABLE(X)
#undef X
        TRUST_COUNT
};

/* What lets its holder act as a party, where the server made it; and what keeps all of that from anybody. */
#define CREDENTIAL_TABLE(X)                                                                                            \
    X(SECRET, "secret", "a postback secret")                                                                           \
    X(TOKEN, "token", "an API token")                                                                                  \
    X(POSTBACK_KEY, "postback_key", "the key of unsigned postbacks")                                                   \
    X(LOCK, "lock", "a lock: as long as it is there, none of the others lets anybody act as the party")                \
    X(WEBHOOK, "webhook", "where a party's events are sent: who made it says who reads them")

enum credential {
#define X(symbol, word, meaning) CREDENTIAL_##symbol,
    CREDENTIAL_TABLE(X)
#undef X
        CREDENTIAL_COUNT
};

/* What the legal data of two parties make of VAT: articles 44 and 196 of Directive 2006/112/EC, between a supplier (the
 * publisher) and a customer (the advertiser). */
#define TAX_TABLE(X)                                                                                                   \
    X(NONE, "none", "the data do not tell")                                                                            \
    X(DOMESTIC, "domestic", "one country of the EU: the supplier charges VAT")                                         \
    X(REVERSE_CHARGE, "reverse_charge", "the customer, in another country of the EU, owes it")                         \
    X(OUTSIDE, "outside", "the customer is outside the EU: there is none")

enum tax {
#define X(symbol, word, meaning) TAX_##symbol,
    TAX_TABLE(X)
#undef X
        TAX_COUNT
};

/* Where what leads are scored by comes from. */
#define ORIGIN_TABLE(X)                                                                                                \
    X(FOLD, "fold", "the entries in front of it")                                                                      \
    X(SEED, "seed", "the campaign's contracts, all together")

enum model_origin {
#define X(symbol, word, meaning) ORIGIN_##symbol,
    ORIGIN_TABLE(X)
#undef X
        ORIGIN_COUNT
};

/* A refusal of the report, not of the person: it may come again, mended, under the same txid. */
static inline bool reason_is_technical(enum reason r)
{
    return r == REASON_NO_CLICK || r == REASON_UNKNOWN_CLICK || r == REASON_MISSING_FIELD || r == REASON_BAD_EMAIL ||
           r == REASON_BAD_PHONE;
}
const char *reason_word(enum reason r);
const char *status_word(enum status s);
const char *class_word(enum class c);
const char *trust_word(enum trust t);
const char *device_word(enum device d);
const char *credential_word(enum credential c);
const char *tax_word(enum tax t);
const char *model_origin_word(enum model_origin o);
static inline bool status_payable(enum status s)
{
    return s == STATUS_APPROVED || s == STATUS_CONVERTED;
}
/* ERR_INVALID when the word is not in the table. */
MUST_CHECK enum err reason_parse(struct span word, enum reason *out);
MUST_CHECK enum err status_parse(struct span word, enum status *out);
MUST_CHECK enum err class_parse(struct span word, enum class *out);
MUST_CHECK enum err trust_parse(struct span word, enum trust *out);
MUST_CHECK enum err device_parse(struct span word, enum device *out);
MUST_CHECK enum err credential_parse(struct span word, enum credential *out);
MUST_CHECK enum err tax_parse(struct span word, enum tax *out);
MUST_CHECK enum err model_origin_parse(struct span word, enum model_origin *out);

#endif
