/* Ledger entries: the only truth. One struct for each kind; entry_write gives the canonical bytes that are stored,
 * hashed and served, entry_read is its exact inverse (a property test holds it). Members and their order:
 * common/FORMATS.md, "Entries". */
#ifndef CS_LEDGER_ENTRY_H
#define CS_LEDGER_ENTRY_H

#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "common/decisions/reason.h"
#include "common/ledger/merkle.h"

/* The number stands in the journal envelope and never changes. */
#define ENTRY_KIND_TABLE(X)                                                                                            \
    X(ROOT, 0, "root", "a leaf of the root log: the SHA-256 of a checkpoint note")                                     \
    X(TERMS, 1, "terms", "campaign and contract documents, in force from here or a later time on")                     \
    X(CLICK, 2, "click", "a click on a tracking link")                                                                 \
    X(VIEW, 3, "view", "a landing page's pixel")                                                                       \
    X(LEAD, 4, "lead", "a lead with its decision")                                                                     \
    X(DISPOSITION, 5, "disposition", "a later decision about a lead")                                                  \
    X(KEY, 6, "key", "a party's countersigning key, in force from here on")                                            \
    X(STATEMENT, 7, "statement", "a settlement statement was issued")                                                  \
    X(RESPONSE, 8, "response", "a party's answer to a statement")                                                      \
    X(GAP, 9, "gap", "how much could not be recorded, and when")                                                       \
    X(ERASE, 10, "erase", "private parts of entries in front of it were destroyed")                                    \
    X(IMPRESSION, 11, "impression", "an advertisement shown on a publisher's page")                                    \
    X(SERVER_KEYS, 12, "server_keys", "the server's own keys that sign from here on")                                  \
    X(CREDENTIAL, 13, "credential", "a secret, token or postback key was made for a party, or withdrawn")              \
    X(ASSENT, 14, "assent", "a party's assent to a version of the terms, or to an adjustment")                         \
    X(ADJUSTMENT, 15, "adjustment", "a correction in money: the operator's word, or what both parties assent to")      \
    X(CLOCK, 16, "clock", "steps of the server's clock, and the operator's word that it is right")                     \
    X(PARTY, 17, "party", "who a party is by law, for statements")                                                     \
    X(WITHDRAWAL, 18, "withdrawal", "a version of the terms that binds nobody yet was taken back")                     \
    X(MODEL, 19, "model", "what leads are scored by: as the log has taught it, or brought in from its campaign")

enum entry_kind {
#define X(symbol, number, word, meaning) ENTRY_##symbol = number,
    ENTRY_KIND_TABLE(X)
#undef X
        ENTRY_KINDS
};

const char *entry_kind_word(enum entry_kind k);

/* The traffic parameters of a click, empty when absent: sub1..sub5, then utm_source, medium, campaign, term, content.
 */
extern const char *const entry_sub_names[LIMIT_SUBS];
extern const char *const entry_utm_names[LIMIT_UTMS];

struct entry_click {
    enum class class;
    uint32_t placement;     /* number of the tracking code within the contract */
    struct hash commitment; /* to {ip, ua} */
    struct span sub[LIMIT_SUBS];
    struct span utm[LIMIT_UTMS];
    struct span to;  /* deep link taken, or empty */
    bool to_refused; /* a deep link was asked for that clicks of this campaign may not take */
    enum device device;
    struct span country;  /* ISO 3166 alpha-2; empty: not known */
    uint32_t clock_steps; /* of the server's clock by then: as the last `clock` entry says */
};

/* What decisions ask of a click. */
struct clicked {
    enum class class;
    enum device device;
    int64_t at_ms; /* by the server's clock */
    uint32_t placement;
    uint32_t clock_steps; /* that it knew of by then */
};

/* Of a view, and of an impression, which has no click. */
struct entry_view {
    enum class class;
    uint32_t placement;     /* that of the click where there is one; 0: not known */
    struct hash commitment; /* to {ip, ua} */
    bool has_click;
    uint64_t click; /* index of the click in this contract */
};

/* Contact fields as bits. */
enum { CONTACT_EMAIL = 1, CONTACT_PHONE = 2, CONTACT_FIRST_NAME = 4, CONTACT_LAST_NAME = 8, CONTACT_FIELDS = 4 };
extern const char *const contact_names[CONTACT_FIELDS]; /* email phone first_name last_name, in bit order */

struct fact {
    struct span name, value;
};

/* A touch of a shared lead's contract, beside its click. */
struct entry_touch {
    uint64_t click; /* index in this contract */
    bool click_unrecorded;
    int64_t clicked_ms;
};

/* What an entry says in place of another contract's id. */
#define DUP_ELSEWHERE "other"

/* What moved a lead's score most: a field of the terms' score, or a pair of them, "f_city&country". */
enum { LEAD_WHY = 3 };
struct entry_why {
    bool up;
    struct span part;
};

struct entry_lead {
    /* what was reported */
    struct span party; /* id of the sender; empty for TRUST_PIXEL */
    enum trust trust;
    struct span txid;    /* may be empty */
    unsigned given, bad; /* contact bits: non-empty; non-empty but not well formed */
    bool test, honeypot, disposable;
    struct fact facts[LIMIT_FIELDS]; /* what rules and prices look at: country and f_NAME, in name order */
    size_t n_facts;
    unsigned missing_fields; /* required f_NAME or country fields that were empty */
    struct span sub[LIMIT_SUBS];
    struct hash commitment; /* to {email token, phone token, contact commitment, network commitment} */
    /* what was found */
    bool claimed; /* the postback carried at least one click id */
    bool has_click;
    uint64_t click;        /* index in this contract */
    bool click_unrecorded; /* proved by its signature alone; click is 0 then */
    int64_t clicked_ms;
    uint32_t placement;
    uint32_t other_touches; /* valid earlier touches of the campaign that got no credit */
    struct span
        dup_contract;   /* this contract's id, or "other", where the earlier lead stands; empty when there is none */
    uint64_t dup_index; /* 0 elsewhere: another contract's index would tell its volume */
    uint64_t terms;     /* index of the terms in force */
    /* of a lead that several contracts share: this one's part of the whole (attribution.h), and its touches but the
     * click, in their order; share_to 0: it is not shared */
    uint32_t share_from, share_to;
    struct entry_touch touches[LIMIT_TOUCHES - 1];
    size_t n_touches;
    /* what was decided */
    enum status status;
    enum reason reason;
    int64_t payout_micros;  /* of an accepted lead, else 0 */
    int tier;               /* number of the price tier, -1 when none */
    int64_t due_ms;         /* when it is approved by itself; 0 = never */
    int64_t utc_offset_s;   /* reported as well: of the campaign's zone as it arrived; its day and month are by that */
    uint32_t clock_steps;   /* of the server's clock by then, and */
    bool clock_unsure;      /* whether one of them waits for a word: as the last `clock` entry says */
    struct hash dup_commit; /* dup_contract "other": dup_commitment to the earlier lead */
    struct hash request;    /* SHA-256 of the request as it came (FORMATS "Requests"); zeros: nobody's, a pixel's */
    struct span utm_source; /* of the click that takes the credit, where the terms score by it */
    /* of one that no rule refused, where the terms score: per mille, with and without the benefit of the doubt */
    bool scored, scored_high; /* both or neither */
    uint64_t score, score_high;
    struct entry_why why[LEAD_WHY];
    size_t n_why;
};

struct entry_disposition {
    struct span party; /* who says so; empty for TRUST_SYSTEM */
    enum trust trust;
    struct span txid;       /* of the postback that said so, may be empty */
    uint64_t lead;          /* index of the lead */
    enum status status;     /* the new one */
    struct span text;       /* the sender's own reason, may be empty */
    int64_t amount_micros;  /* of a sale, else 0 */
    struct span currency;   /* of the sale, may be empty */
    int64_t payable_micros; /* change of what is payable: +payout, -payout or 0 */
    uint64_t terms;
    struct hash request; /* as a lead's; zeros for TRUST_SYSTEM */
    struct span jws;     /* the same facts by the party's own key: countersigned.h; empty: none */
};

struct entry_terms {
    int64_t version;      /* 1, 2, ... within the contract */
    struct span campaign; /* canonical JSON document, complete (defaults filled in) */
    struct span contract; /* likewise */
    int64_t rules;        /* the number of what decides by them: decisions/rules.h */
    int64_t effective_ms; /* they bind from then on, later than the entry; 0: from the entry on */
    bool on_assent;       /* and not before both parties have assented: versions.h */
};

/* To one of the two, which is not 0. */
struct entry_assent {
    struct span party;
    int64_t version;        /* of the terms */
    struct span jws;        /* compact, exactly as sent: assent.h */
    uint64_t adjustment;    /* index of its entry */
    int64_t payable_micros; /* what that one comes to, where it counts from here on; else 0 */
};

/* Of a version that both parties assented to each of them takes back its word. */
struct entry_withdrawal {
    struct span by; /* who says so: an operator, the advertiser; with jws one of the two parties */
    int64_t version;
    struct span jws; /* compact, exactly as sent: assent.h; empty: by who may change the terms */
};

struct entry_adjustment {
    struct span by; /* the operator who made it */
    int64_t micros; /* more, or less, for the publisher */
    struct span reason;
    uint64_t lead;         /* that it corrects; 0: it cites none */
    struct span statement; /* likewise; empty */
    bool on_assent;        /* it counts once both parties have assented, not from its entry on */
};

struct entry_party {
    struct span party, by; /* who said so */
    struct span legal;     /* canonical JSON, settlement/legal.h */
    bool other;            /* it is another trader than it told before, trader.h */
};

struct entry_key {
    struct span party;
    uint8_t pub[ED25519_KEY_LEN];
    struct span jws;          /* by this key: party_jws.h */
    struct span previous_jws; /* the same by the party's key before in this log; empty: it is the first */
};

/* server_keys.h */
struct entry_server_keys {
    uint64_t root;            /* index in the root log of the SHA-256 of jws */
    struct span jws;          /* by the newest log key of the state that begins */
    struct span previous_jws; /* the same by that of the state before; empty: it is the same key */
};

struct entry_statement {
    struct span id;
    uint64_t number; /* of the contract's statements, from 1 */
    uint64_t from, to;
    int64_t to_ms;                          /* its period ends right before that time */
    int64_t issued_ms;                      /* what it rests on was read then; its entry may come later */
    int64_t utc_offset_s;                   /* of the campaign's zone when it was issued */
    enum tax vat_kind;                      /* by who they are */
    int64_t vat_ppm;                        /* what a correction of it as a whole goes by */
    uint64_t vat_advertiser, vat_publisher; /* who they are on it: entries, trader.h */
    struct hash sha256;                     /* of the payload */
};

struct entry_response {
    struct span party, statement;
    struct span jws; /* compact, exactly as sent */
};

struct entry_gap {
    int64_t from_ms, to_ms;
    uint64_t clicks, views, impressions;
    uint64_t late_clicks; /* recorded after all, though their ids had left as unrecorded */
};

enum {
    CLOCK_STEP_MS = 2000,      /* off by less is no step: corrections that slew, and how clocks are read */
    CLOCK_LARGE_MS = 60 * 1000 /* a step of so much waits for a person's word */
};

struct entry_clock {
    uint32_t steps;         /* of the server's clock so far */
    int64_t from_ms, to_ms; /* what it would have said without those that are new to the log, and said; 0: none is */
    bool unsure;            /* one of them is large, and waits for the operator's word */
    struct span by;         /* who gave it; empty: nobody had to */
    int64_t confirmed_ms;   /* and when */
};

struct entry_credential {
    struct span party; /* who may act by it */
    struct span by;    /* who had it made */
    enum credential what;
    struct span id; /* a secret's kid; of the others credential_id */
    int64_t since_ms;
    bool retired; /* since then it is one no more */
};

/* Whose private parts are destroyed: indexes of this log, ascending. */
enum { ERASE_MOST = 128 };
struct entry_erase {
    struct span by; /* who had it done: an operator, or the advertiser */
    uint64_t entries[ERASE_MOST];
    size_t n;
};

/* What leads are scored by, as it stands in front of the entry, or what is brought in with it. */
enum { MODEL_LABELS = 1024 }; /* behind so many labels the log says what it has learnt */
struct entry_model {
    enum model_origin origin;
    uint64_t leads, labels; /* that it was learnt from; labels of both kinds */
    struct hash sha256;     /* of its bytes, which stand beside the log */
    uint64_t terms;         /* of those in force */
    struct span from;       /* of a seed: canonical JSON, a list of prefixes; else empty */
};

/* A log of the campaign, as far as a seed has learnt of it. */
struct entry_prefix {
    struct span contract;
    uint64_t size;
};
/* Takes the next one off a seed's list, which an entry has or entry_prefix_add made. False: there is none. */
bool entry_prefix_next(struct span *from, struct entry_prefix *out);
/* Appends one to a list, contracts ascending: "" is none, "[" ... "]" one that is whole. */
void entry_prefix_add(struct buf *list, const struct entry_prefix *p);

enum { CREDENTIAL_ID_LEN = 12 };
/* What a token or postback key is known by: the beginning of its SHA-256. */
void credential_id(const uint8_t sha256[HASH_LEN], char id[LIMIT_ID + 1]);

struct entry {
    enum entry_kind kind;
    int64_t at_ms;      /* Unix milliseconds; never before that of the entry in front of it in the log */
    int64_t clocked_ms; /* what the server's clock said, where that was before at_ms; else 0 */
    union {
        struct entry_click click;
        struct entry_view view;
        struct entry_lead lead;
        struct entry_disposition disposition;
        struct entry_terms terms;
        struct entry_key key;
        struct entry_party party;
        struct entry_server_keys server_keys;
        struct entry_statement statement;
        struct entry_response response;
        struct entry_gap gap;
        struct entry_credential credential;
        struct entry_assent assent;
        struct entry_withdrawal withdrawal;
        struct entry_adjustment adjustment;
        struct entry_clock clock;
        struct entry_erase erase;
        struct entry_model model;
    };
    json_t *json; /* after entry_read: what the spans point into */
};

/* Appends the canonical bytes. The caller has checked UTF-8 and limits. Hot for clicks and views: no allocation. */
void entry_write(struct buf *out, const struct entry *e);
struct jw;
void entry_facts_write(struct jw *w, const struct entry_lead *l); /* its member `facts`, wherever that is shown */
/* Likewise what its score is, where it has one: score, score_high, score_why. */
void entry_score_write(struct jw *w, const struct entry_lead *l);
/* ERR_CORRUPT with the field in *p unless the bytes are exactly what entry_write gives. Spans live until entry_close,
 * and no longer than the bytes.
 * ENTRY_ROOT is not read here: its entries are 32 raw bytes. */
MUST_CHECK enum err entry_read(struct span bytes, struct entry *out, struct problem *p);
void entry_close(struct entry *e);
/* When it came by the server's clock: what is judged by time is judged by this. */
int64_t entry_clock(const struct entry *e);
/* Dates an entry that came at clocked_ms behind one of last_ms (0: it is the first). */
void entry_date(struct entry *e, int64_t clocked_ms, int64_t last_ms);
/* Whether it is dated like that. */
bool entry_follows(const struct entry *e, int64_t last_ms);
struct clicked clicked_of(const struct entry *click);
enum class entry_class(const struct entry *e);   /* of a click, view or impression; CLASS_OK of all others */
enum device entry_device(const struct entry *e); /* of a click; DEVICE_NONE of all others */
uint32_t entry_placement(const struct entry *e); /* of those and of leads; 0 of all others, and where it is not known */
int64_t entry_payable_micros(const struct entry *e); /* how much more, or less, is payable by it, but for traffic */
/* Of a lead or disposition: whether it has a request's digest just where somebody sent a request. */
bool entry_request_fits(const struct entry *e);
/* Whether the second that an id names falls into it; its clock counts milliseconds. */
bool gap_covers(const struct entry_gap *g, int64_t second_ms);
/* A server that could not write for longer makes several; nor can it answer more than so many in a second. */
enum { GAP_WIDE_MS = 10 * 60 * 1000, GAP_PER_S = 1000 * 1000 };
uint64_t gap_total(const struct entry_gap *g); /* of what it counts; JSON_INT_MAX when it is more */
/* Whether one that counts something is no wider than that, and counts no more. */
bool gap_fits(const struct entry_gap *g);
/* What stands right in front of a lead that has clicks by their ids alone; false: it has none. */
bool gap_of_lead(const struct entry_lead *l, struct entry_gap *out);
/* Whether a lead's score is there whole, or not at all. */
bool entry_score_fits(const struct entry *e);
/* Whether a model entry has a list of prefixes that is one, just where it is a seed. */
bool entry_model_fits(const struct entry_model *m);
/* To the sealed part that stands beside it; NULL for kinds that have none. */
const struct hash *entry_commitment(const struct entry *e);

#endif
