/* Records: what changes the state, as data. A record holds whatever the state does not determine: time, chance, ids,
 * sealed secrets, keys of days; so that any process that folds the same records in the same order comes to the same
 * bytes, whatever the borders of its batches. Byte format: FORMATS.md, "Records". */
#ifndef CS_COMMIT_RECORD_H
#define CS_COMMIT_RECORD_H

#include "common/commit/clock.h"
#include "common/commit/delivery.h"
#include "common/commit/notice.h"
#include "common/commit/refusal.h"
#include "common/decisions/decide.h"
#include "common/decisions/tally.h"

/* Whose logs and rows a record may touch. */
enum record_scope {
    SCOPE_ADVERTISER, /* those of record.advertiser alone */
    SCOPE_PARTITION,  /* a chore, or a party's key: those of every advertiser of record.partition */
    SCOPE_INSTANCE    /* no log: parties and their secrets */
};

/* RECORD_ALONE: in a batch of its own. RECORD_SWEPT: also right after a sweep, when every log's durable head is its
 * present one, so that it can be signed and cut. */
enum { RECORD_ALONE = 1, RECORD_SWEPT = 2 };

/* symbol, number (never changes), word, scope, flags, what */
#define RECORD_TABLE(X)                                                                                                \
    X(CLICK, 1, "click", ADVERTISER, 0, "a click")                                                                     \
    X(VIEW, 2, "view", ADVERTISER, 0, "a landing page's pixel")                                                        \
    X(LEAD, 3, "lead", ADVERTISER, 0, "a lead by postback")                                                            \
    X(DISPOSITION, 4, "disposition", ADVERTISER, 0, "what became of a lead, by postback")                              \
    X(DISPOSE, 5, "dispose", ADVERTISER, 0, "what became of a lead, by the management API")                            \
    X(PARTY, 6, "party", INSTANCE, 0, "a new party with its first secret and token")                                   \
    X(SECRET, 7, "secret", INSTANCE, 0, "a new postback secret")                                                       \
    X(RETIRE, 8, "retire", INSTANCE, 0, "a postback secret retires")                                                   \
    X(TOKEN, 9, "token", INSTANCE, 0, "a new API token")                                                               \
    X(PARTY_KEY, 10, "party_key", PARTITION, 0, "a party's countersigning key, into the logs of all its contracts")    \
    X(CAMPAIGN, 11, "campaign", ADVERTISER, 0, "a new campaign with its direct contract")                              \
    X(CAMPAIGN_CHANGE, 12, "campaign_change", ADVERTISER, 0, "new terms for all contracts of a campaign")              \
    X(CONTRACT, 13, "contract", ADVERTISER, 0, "a new contract")                                                       \
    X(CONTRACT_CHANGE, 14, "contract_change", ADVERTISER, 0, "new terms for a contract")                               \
    X(GRANT, 15, "grant", ADVERTISER, 0, "an auditor may read a contract")                                             \
    X(CODE, 16, "code", ADVERTISER, 0, "a new tracking code")                                                          \
    X(STATEMENT, 17, "statement", ADVERTISER, RECORD_ALONE | RECORD_SWEPT, "a settlement statement")                   \
    X(RESPONSE, 18, "response", ADVERTISER, 0, "a party's answer to a statement")                                      \
    X(FRESH_HEAD, 19, "fresh_head", ADVERTISER, RECORD_ALONE | RECORD_SWEPT, "the sweep before it alone")              \
    X(APPROVE, 20, "approve", PARTITION, 0, "leads whose review time ran out")                                         \
    X(TIDY, 21, "tidy", PARTITION, RECORD_ALONE, "rows that lie spread, put in order; nonces past their time go")      \
    X(GAP, 22, "gap", ADVERTISER, 0, "what could not be recorded of a contract")                                       \
    X(DAY_KEYS, 23, "day_keys", PARTITION, RECORD_ALONE, "the keys that seal private parts from a day on")             \
    X(SWEEP, 24, "sweep", PARTITION, RECORD_ALONE, "tails of tiles and heads")                                         \
    X(PUBLISH, 25, "publish", ADVERTISER, 0, "a contract's head, signed, into the root log")                           \
    X(PROBE, 26, "probe", PARTITION, RECORD_ALONE, "whether a full disk has room again")                               \
    X(REFUSED, 27, "refused", PARTITION, RECORD_ALONE, "postbacks and pixels that were refused, for their log")        \
    X(IMPRESSION, 28, "impression", ADVERTISER, 0, "an advertisement shown on a publisher's page")                     \
    X(POSTBACK_KEY, 29, "postback_key", INSTANCE, 0, "what a party's unsigned postbacks bring, and from where")        \
    X(CLOCK, 30, "clock", PARTITION, RECORD_ALONE, "how the server's clock went on")                                   \
    X(CLOCK_CONFIRM, 31, "clock_confirm", PARTITION, RECORD_ALONE, "the clock is right, the operator says")            \
    X(SERVER_KEYS, 32, "server_keys", PARTITION, RECORD_ALONE, "other keys of the server sign, in all logs")           \
    X(TELL, 33, "tell", PARTITION, RECORD_ALONE, "credentials that were made, into the logs of their parties")         \
    X(ASSENT, 34, "assent", ADVERTISER, 0, "a party's assent to a version of a contract's terms, or an adjustment")    \
    X(ADJUSTMENT, 35, "adjustment", ADVERTISER, 0, "a correction in money")                                            \
    X(SHARE, 36, "share", INSTANCE, 0, "a share link of a statement, or the end of one")                               \
    X(LEGAL, 37, "legal", PARTITION, 0, "who a party is by law, in the logs of its contracts")                         \
    X(ERASE, 38, "erase", PARTITION, 0, "what is sealed of entries is destroyed")                                      \
    X(WITHDRAWAL, 39, "withdrawal", ADVERTISER, 0, "a version of a contract's terms, taken back")                      \
    X(TOKEN_END, 40, "token_end", INSTANCE, 0, "the end of an API token")                                              \
    X(USED, 41, "used", INSTANCE, RECORD_ALONE, "when API tokens were used")                                           \
    X(LOCK, 42, "lock", INSTANCE, 0, "a party is locked, or no longer")                                                \
    X(CODE_CHANGE, 43, "code_change", ADVERTISER, 0, "a tracking code's label, or whether it is switched off")         \
    X(GRANT_END, 44, "grant_end", ADVERTISER, 0, "an auditor may read a contract no more")                             \
    X(ACCEPT, 45, "accept", INSTANCE, 0, "an invitation is used: a party's own API token and secret")                  \
    X(WEBHOOK, 46, "webhook", INSTANCE, 0, "where a party's events are sent")                                          \
    X(DELIVER, 47, "deliver", INSTANCE, 0, "a delivery is to be sent again, or a test")                                \
    X(ATTEMPTED, 48, "attempted", INSTANCE, RECORD_ALONE, "what came of deliveries; old ones go")                      \
    X(CRM, 49, "crm", INSTANCE, 0, "the CRM that a campaign's leads are sent to")                                      \
    X(NOTICES, 50, "notices", INSTANCE, 0, "which notices a party wants by e-mail, or that one was sent")              \
    X(SEED, 51, "seed", ADVERTISER, 0, "what a campaign knows, for a contract whose leads are scored")                 \
    X(GO_ON, 52, "go_on", PARTITION, RECORD_ALONE, "changes of many contracts, into more of their logs")               \
    X(UPKEEP, 53, "upkeep", INSTANCE, 0, "the operator asked for a copy or a check of the folder")

enum record_kind {
    RECORD_NONE,
#define X(symbol, number, word, scope, flags, what) RECORD_##symbol = number,
    RECORD_TABLE(X)
#undef X
        RECORD_KINDS
};

const char *record_word(enum record_kind k);
enum record_scope record_scope(enum record_kind k);
unsigned record_flags(enum record_kind k);
/* True for a record of traffic, and the kind of its entry. */
bool record_track(enum record_kind k, enum entry_kind *out);

enum {
    NONCE_KEY_LEN = 16,
    IDEMPOTENCY_KEY_LEN = 16,
    SEAL_NONCE_LEN = 12,       /* of AES-256-GCM */
    DAY_KEY_WRAPPED = 60,      /* nonce 12, ciphertext 32, tag 16 */
    RECORD_PLACE = 12,         /* contract be32, index be64 */
    RECORD_PLACES = 1024,      /* at most, in one record */
    RECORD_USE = HASH_LEN + 8, /* SHA-256 of an API token, be64 ms */
    RECORD_USES = 1024,
    RECORD_GONE = 1024 /* keys of deliveries */
};

/* Idempotency-Key of a management call. */
struct idempotency {
    bool used;
    uint8_t row[IDEMPOTENCY_KEY_LEN]; /* SHA-256(SHA-256(token) key)[:16] */
    uint8_t request_sha256[HASH_LEN]; /* of method, target and body */
    uint8_t nonce[SEAL_NONCE_LEN];    /* seals the answer that is kept */
};

/* The API token that a call came by: the fold asks again whether it opens anything. */
struct bearer {
    bool used;
    uint8_t sha256[HASH_LEN];
};

/* Replay protection of a postback. */
struct nonce_use {
    bool used;                        /* false for unsigned senders */
    uint8_t key[NONCE_KEY_LEN];       /* SHA-256(party 00 nonce)[:16] */
    uint8_t request_sha256[HASH_LEN]; /* over everything that was signed */
    int64_t keep_s;                   /* not to be forgotten for so long after its arrival */
    bool webhook;                     /* a webhook-id, for the text of a conflict */
};

/* A private part, sealed under the key of its day. */
struct private_sealed {
    uint32_t day;
    struct span bytes; /* ciphertext, tag */
};

/* A small secret that is shown once: sealed for the answer, and what the store keeps to know it by. */
struct secret_draw {
    char kid[LIMIT_ID + 1];
    struct span sealed; /* vault_seal under VAULT_SECRETS, aad = kid */
};
struct token_draw {
    uint8_t sha256[HASH_LEN];
    struct span sealed; /* vault_seal under VAULT_TOKENS, aad = sha256 */
};

struct record {
    enum record_kind kind;
    uint16_t partition;
    uint32_t advertiser; /* number of the party; 0 where the scope is another */
    int64_t now_ms;      /* of its batch: the time of what the server itself does */
    int64_t arrived_ms;  /* of the request: the time of what was reported */
    struct bearer bearer;
    struct idempotency idempotency;
    uint32_t quota; /* of what is made: so many of its kind may be there, with it; kinds that make nothing have none */
    union {
        /* Complete but for what the fold finds (view: whether the click exists). */
        struct record_track {
            uint32_t contract;
            struct entry entry;
            bool has_click_claim; /* view: a click id of this contract was given */
            uint64_t click_claim;
            struct private_sealed sealed;
        } track; /* CLICK, VIEW, IMPRESSION */
        struct record_lead {
            struct lead_report report;
            uint32_t fallback_contract; /* ledger for a lead whose clicks do not exist: the publisher's, or the
                                           campaign's direct one */
            uint8_t salt[SALT_LEN]; /* these three: of the part that is kept, whose tokens and facts are the report's */
            struct hash contact, network;
            struct private_sealed sealed;
            struct nonce_use nonce;
        } lead;
        struct record_disposition {
            struct disposition_report report; /* report.lead is found by the fold */
            uint32_t party;
            bool by_lead, by_click; /* pointer is a lead ref, or a click id for where report.txid is empty or not
                                       known */
            struct pointer pointer;
            uint32_t contract, campaign;     /* in which the lead must stand; 0: in any */
            uint8_t signer[ED25519_KEY_LEN]; /* of report.jws: the key that it was verified with; else zeros */
            struct nonce_use nonce;
        } disposition; /* DISPOSITION, DISPOSE */
        struct {
            uint32_t party, by;
            struct span name, legal; /* empty: it stays */
        } legal;
        struct {
            uint32_t by;
            struct span places; /* RECORD_PLACE bytes each, ascending */
        } erase;
        struct {
            struct span name, legal, role; /* legal: may be empty; role: its word */
            char id[LIMIT_ID + 1];
            uint32_t by; /* who calls, here and below */
            struct secret_draw secret;
            struct token_draw token, invitation;
            int64_t invited_until_ms;
            struct span scope; /* of its token and its invitation, as token.scope */
        } party;
        struct {
            uint32_t party, by;
            struct span replaces; /* the kid that retires with it; empty: none */
            struct secret_draw draw;
        } secret;
        struct {
            uint32_t party, by;
            struct span kid;
        } retire;
        struct {
            uint32_t party, by;
            struct span label;    /* may be empty */
            int64_t expires_ms;   /* 0: it does not */
            struct span scope;    /* words with blanks between, in the order of scopes.h; may be empty */
            struct span replaces; /* credential_id of the one that ends with it; empty: none */
            bool invitation;      /* what is made is one: it opens no call, but once what RECORD_ACCEPT makes */
            struct token_draw draw;
        } token;
        struct {
            uint32_t party, by;
            bool invitation;       /* it is one */
            struct span id;        /* credential_id of its hash */
            int64_t made_since_ms; /* what it made from then on ends with it; 0: nothing does */
        } token_end;
        struct {
            uint8_t sha256[HASH_LEN]; /* of the invitation */
            struct secret_draw secret;
            struct token_draw token;
            uint32_t quota_secrets; /* as record.quota, which is of tokens */
        } accept;
        struct {
            uint32_t party, by;
            struct span cidrs;      /* comma-separated; empty: switched off */
            struct token_draw draw; /* for a party that has none */
        } postback_key;
        struct {
            uint32_t party;
            struct span jws, previous_jws; /* party_jws.h; previous_jws empty where there is no key before */
        } key;                             /* PARTY_KEY */
        struct {
            struct span jws, previous_jws; /* server_keys.h */
        } server_keys;
        struct {
            char id[LIMIT_ID + 1], direct_id[LIMIT_ID + 1];
            struct span document, direct_document;
        } campaign;
        struct {
            char id[LIMIT_ID + 1];
            uint32_t campaign, publisher;
            struct span document;
        } contract;
        struct {
            uint32_t number;
            struct span patch; /* JSON, as sent */
            uint64_t made;     /* of a campaign with many contracts: versions and assents of all their terms, as whoever
                                  looked whether it may be saw them; 0: nobody did. CONTRACT_CHANGE has none */
        } change;              /* CAMPAIGN_CHANGE, CONTRACT_CHANGE */
        struct {
            uint32_t contract, party, by;
        } grant, grant_end;
        struct {
            uint32_t contract, by;
            struct span label, landing_url;
        } code;
        struct {
            uint32_t contract, placement, by;
            bool relabels, switches; /* to label, to off */
            bool off;
            struct span label;
        } code_change;
        /* Made of a snapshot of the log; the fold only looks whether what it rests on is still so. */
        struct record_statement {
            uint32_t contract;
            uint64_t number, from, to;
            bool at_cut; /* the log was cut at `to` */
            int64_t to_ms, issued_ms, utc_offset_s;
            uint64_t terms;    /* index of those that it names */
            enum tax vat_kind; /* as its entry says, and */
            int64_t vat_ppm;
            uint64_t vat_advertiser, vat_publisher;
            uint8_t legal_sha256[HASH_LEN]; /* of the legal data of both parties, a 00 between them */
            uint8_t prev_sha256[HASH_LEN];  /* of the payload of the one before; zeros: there is none */
            uint8_t closed[TALLY_LEN];      /* what it closes, as a head has it; not read where the log was cut */
            int64_t carried_micros;
            uint64_t pending, held, waiting_high, waiting_low; /* what waits behind it; of the micros both halves */
            uint8_t sha256[HASH_LEN];                          /* of the payload */
            struct span jws, lines;                            /* lines: bundles of them, statement.h */
            struct span answer;                                /* JSON, of the call */
        } statement;
        struct {
            uint32_t contract;
            uint64_t leads, labels;
            uint8_t asked[HASH_LEN]; /* of its terms: by which facts leads are scored */
            uint8_t base[HASH_LEN];  /* SHA-256 of the campaign's row that it goes on from; zeros: there was none */
            struct span from;        /* as its entry has it */
            struct span state, row;  /* what the entry names; what the campaign knows now */
        } seed;
        struct {
            uint32_t contract; /* whose log is told of the clock before; 0: none */
        } fresh_head;
        struct {
            uint32_t party;
            struct span statement, jws;
        } response;
        struct {
            uint32_t contract, party, version; /* version 0: of the adjustment */
            uint64_t adjustment;
            struct span jws;
        } assent;
        struct {
            uint32_t contract, by, version;
            struct span jws; /* empty: by who may change the terms */
            uint64_t made;   /* as of a campaign's change */
        } withdrawal;
        struct {
            uint32_t contract, by;
            int64_t micros;
            uint64_t lead; /* 0: none */
            struct span reason, statement;
        } adjustment;
        struct {
            uint32_t by, contract; /* contract: the statement's; 0: it ends */
            struct span statement;
            char id[LIMIT_ID + 1];
            int64_t expires_ms; /* 0: it ends now */
            bool texts;         /* it shows what senders wrote themselves */
            struct span label;  /* for whom it is, perhaps */
        } share;
        struct {
            uint32_t party, by;
            char id[LIMIT_ID + 1]; /* of its credential entry */
            bool on;
        } lock;
        struct {
            uint32_t party, by;
            char id[LIMIT_ID + 1]; /* of its credential entry */
            struct span url;       /* empty: there is none any more */
            bool macro;            /* its macros are replaced */
            struct span sealed;    /* vault_seal under VAULT_WEBHOOKS, aad = party be32: for one that has no secret */
        } webhook;
        struct {
            uint32_t campaign, by;
            char id[LIMIT_ID + 1]; /* of its credential entry */
            struct span document;  /* empty: there is none any more */
            struct span url;       /* where that leads */
            bool wants_token;      /* it goes nowhere without one */
            struct span sealed;    /* vault_seal under VAULT_CRM, aad = campaign be32; empty: the one that it has */
        } crm;
        struct {
            uint32_t party, by;
            bool sent;         /* else what is wanted: */
            struct span email; /* empty: nothing any more */
            enum language language;
            unsigned kinds;   /* bits by enum notice */
            enum notice kind; /* sent: which, and below */
            int64_t day;
            uint8_t digest[HASH_LEN];
        } notices;
        struct {
            uint32_t contract, target, by; /* contract 0: a test; target: delivery.h */
            int64_t at_ms;                 /* of the entry, or the test */
            uint64_t index;
        } deliver;
        struct {
            struct span results; /* delivery.h, one behind the other */
            struct span gone;    /* keys of deliveries past their time */
        } attempted;
        struct {
            struct span uses; /* RECORD_USE bytes each, ascending by hash */
        } used;
        struct {
            uint32_t steps; /* at most so many */
        } approve, tell;
        struct {
            uint32_t steps; /* at most so many logs */
            uint64_t after; /* the row that had its turn last */
        } go_on;
        struct {
            int64_t before_s; /* on the clock that never goes back (clock_mark.ahead_ms) */
            uint32_t rows;    /* of a slice */
        } tidy;
        struct {
            uint32_t contract;
            struct entry_gap gap;
        } gap;
        struct {
            uint32_t day; /* and the day after */
            uint8_t wrapped[2][DAY_KEY_WRAPPED];
        } day_keys;
        struct {
            uint32_t contract;
            struct span note; /* the signed checkpoint of its log; its SHA-256 is the leaf */
        } publish;
        struct {
            bool put; /* or remove */
        } probe;
        struct {
            uint8_t boot[CLOCK_BOOT_LEN];
            int64_t boot_ms;   /* with the batch's time a reading */
            int64_t ahead_ms;  /* clock_mark */
            int64_t should_ms; /* what the clock should have said */
            bool stepped;
        } clock;
        struct {
            uint32_t steps; /* so many there are, or it is no answer to what the operator saw */
            uint32_t by;    /* number of the operator that says so */
        } clock_confirm;
        struct {
            bool check;  /* or a copy */
            bool runs;   /* one is being made: it is refused, unless this call has its answer */
            uint32_t by; /* number of the operator that asked */
        } upkeep;
        struct {
            uint32_t contract;    /* whose log is told of the clock before; 0: none */
            uint64_t root_signed; /* size of the root log's head that was signed last; 0: cannot be told */
        } sweep;
        struct {
            struct span rows;     /* refusal.h, one behind the other */
            uint32_t from, steps; /* party to go on from with rows past their time; at most so many parties */
        } refused;
    };
};

/* Appends the bytes. Texts in id arrays are NUL-ended. */
void record_write(struct buf *out, const struct record *r);
/* The exact inverse: ERR_CORRUPT unless the bytes are what record_write gives. Spans point into `bytes`. */
MUST_CHECK enum err record_read(struct span bytes, struct record *out);

/* The fields of a kind, for the docs and the tests: {name, type} of field i; false past the last. */
MUST_CHECK bool record_field(enum record_kind k, size_t i, const char **name, const char **type);

/* What is kept of a lead's private part, and what the lead commits to. */
void record_keep(struct record_lead *l, const struct private_part *p);

/* Whether it takes a right away, and gives none: what must be possible where there is no room for more. */
bool record_ends(const struct record *r);

#endif
