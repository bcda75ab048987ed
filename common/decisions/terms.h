/* Campaign and contract documents: reading what a caller sends (defaults filled in, unknown members refused by name,
 * what is not supported yet refused by name), writing them canonically, and the compiled form that decisions read.
 *
 * Not supported yet, hence ERR_INVALID naming the member: review.mode other than auto/manual. */
#ifndef CS_DECISIONS_TERMS_H
#define CS_DECISIONS_TERMS_H

#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "common/decisions/attribution.h"
#include "common/ledger/entry.h"

enum { ACCEPT_ADVERTISER = 1, ACCEPT_PUBLISHER = 2 };
/* What becomes of a lead whose e-mail address is a disposable one. */
enum { DISPOSABLE_OK, DISPOSABLE_HOLD, DISPOSABLE_REJECT };

/* Whose word a disposition must be. */
enum { DISPOSITIONS_ANY, DISPOSITIONS_COUNTERSIGNED };

/* Who makes a version of a contract's terms bind. */
enum { ASSENT_OPERATOR, ASSENT_BOTH };

/* What becomes of a statement that comes to less than nothing. */
enum { SET_OFF_OWED, SET_OFF_NEXT };

/* How often statements are to be issued; the operator issues them. */
enum { SETTLE_MANUAL, SETTLE_WEEKLY, SETTLE_MONTHLY };

/* What becomes of leads that a thank-you page's pixel reports, which nobody signed. */
enum pixel_leads { PIXEL_LEADS_OFF, PIXEL_LEADS_HOLD, PIXEL_LEADS_ON };

struct rule {
    struct span field; /* "country" or "f_NAME"; of a price tier also sub1..sub5, placement, device, class, score */
    enum { RULE_EQUALS, RULE_IN, RULE_RANGE } op;
    struct span *values; /* heap, owned by the terms */
    struct span *forms;  /* the same as they are compared: no blanks around, in Unicode's form C; worked out once */
    char *form_text;     /* what `forms` beyond ASCII point into */
    size_t n_values;
    bool has_min, has_max;
    int64_t min, max;
};

/* What a tier calls the lead's score; bounds alone ask of it. */
#define TIER_SCORE "score"

struct tier {
    bool has_when;
    struct rule when;
    int64_t micros;
};

/* At most so many leads that stand, by day and by month of the campaign's zone, and so much money for those of a month.
 */
enum { CAP_DAY = 1, CAP_MONTH = 2, CAP_BUDGET = 4 };
struct caps {
    unsigned set; /* of CAP_*: the others are open */
    int64_t day, month, budget_micros_month;
};

struct ruleset;
struct score_terms;

/* Lists are heap memory as long as they are: a server keeps the terms of every contract. */
struct terms {
    const struct ruleset *ruleset; /* what decides by them */
    /* campaign */
    struct span campaign, advertiser, name, currency, landing_url, timezone, referrer_policy;
    struct span click_param, fallback_url; /* fallback_url may be empty */
    char default_country[3]; /* ISO 3166 alpha-2, or empty: where phone numbers without a country are dialled */
    struct span *pass;       /* parameters of a click that go on to the landing page */
    size_t n_pass;
    struct span *allowed_hosts;
    size_t n_allowed_hosts;
    unsigned require_contact;    /* contact bits */
    unsigned require_any;        /* likewise email and phone: at least one of these; 0: none need be */
    struct span *require_fields; /* country, f_NAME */
    size_t n_require_fields;
    struct rule *rules;
    size_t n_rules;
    int64_t min_click_to_lead_s, hold_below_s;
    struct span honeypot; /* "f_NAME" or empty */
    unsigned disposable;  /* DISPOSABLE_* */
    unsigned dedupe_by;   /* CONTACT_EMAIL | CONTACT_PHONE */
    int64_t dedupe_days, click_days, half_life_days;
    unsigned attribution; /* enum attribution */
    bool auto_approve;
    int64_t auto_approve_days, return_days;
    unsigned accept_from;
    bool paused;               /* clicks and views are not taken; leads of earlier clicks are */
    unsigned payable_classes;  /* asked by terms_pays alone */
    int64_t repeat_window_s;   /* 0: no click is a repeat */
    unsigned pixel_leads;      /* enum pixel_leads */
    unsigned dispositions;     /* DISPOSITIONS_* */
    struct caps campaign_caps; /* over all its contracts */
    struct score_terms *score; /* heap; NULL: no lead is scored */
    /* contract */
    unsigned assent;                 /* ASSENT_* */
    unsigned set_off;                /* SET_OFF_* */
    struct span contract, publisher; /* publisher is empty for a campaign's direct contract */
    struct tier *tiers;
    size_t n_tiers;
    int64_t click_micros, impression_micros;
    int64_t sale_ppm;           /* millionths of a sale's amount, beside the lead's price */
    int64_t starts_ms, ends_ms; /* 0 = open */
    unsigned settle;            /* SETTLE_* */
    int64_t due_days;           /* a statement's, from its issue */
    int64_t vat_ppm;            /* where VAT is the supplier's to charge; 0: no VAT line */
    struct caps contract_caps;
    json_t *json[2];
    struct shared_document *shared; /* whose json[0] is */
};

/* Completes and canonicalises a document from the management API. `id` is the campaign's or contract's id, stored in
 * the document as "id". ERR_INVALID/ERR_MALFORMED name the member. The advertiser, publisher and campaign ids are taken
 * as given: the caller checks that they exist. */
MUST_CHECK enum err campaign_document(const json_t *in, struct span id, struct buf *canonical, struct problem *p);
MUST_CHECK enum err contract_document(const json_t *in, struct span id, struct buf *canonical, struct problem *p);
/* PATCH (RFC 7396 merge) of a stored canonical document: the result goes through the same checks; id, advertiser,
 * currency (campaign) and campaign, publisher (contract) cannot change. */
MUST_CHECK enum err campaign_patch(struct span stored, const json_t *patch, struct buf *canonical, struct problem *p);
MUST_CHECK enum err contract_patch(struct span stored, const json_t *patch, struct buf *canonical, struct problem *p);

/* Compiles two canonical documents, by the rules of today. *out is heap memory (terms_free). ERR_CORRUPT when they are
 * not canonical and complete. */
MUST_CHECK enum err terms_compile(struct span campaign, struct span contract, struct terms **out, struct problem *p);
/* The same, which shares the campaign's document with terms that have the same one, if they do: NULL, or terms that may
 * be freed before it; in no other way may a thread tell. */
MUST_CHECK enum err terms_compile_beside(const struct terms *beside, struct span campaign, struct span contract,
                                         struct terms **out, struct problem *p);
void terms_free(struct terms *t);
/* SHA-256 over both documents but for the campaign's `paused`: two versions of one say the same. */
void terms_says(const struct terms *t, struct hash *out);
/* The canonical document that was compiled: 0 the campaign's, 1 the contract's. */
void terms_document(const struct terms *t, int which, struct buf *out);

/* Whether a statement of then carries what is below nothing: of a contract that is over there is none to come. */
bool terms_carry(const struct terms *t, int64_t at_ms);
bool terms_active(const struct terms *t, int64_t at_ms);        /* between starts_at and ends_at */
bool terms_takes_traffic(const struct terms *t, int64_t at_ms); /* active, and not paused */
/* Whether traffic of this class earns its price. */
bool terms_pays(const struct terms *t, enum class class);
extern const char *const payable_words[]; /* of the classes that may, NULL-ended: the bits of payable_classes */
/* True when a rule or price tier looks at this fact, or it is `country`, or a required field: then it stands in the
 * entry, else it is private. */
bool terms_uses_fact(const struct terms *t, struct span name);
/* Whether clicks may go to this landing URL or clean link: its host is in allowed_hosts ("*.example.com" takes
 * subdomains) or is the landing URL's own; and an https campaign does not send to http. */
bool terms_allows_link(const struct terms *t, struct span url);
/* What prices look at: of an unknown or unrecorded click nothing is known. */
struct priced {
    const struct fact *facts;
    size_t n_facts;
    const struct span *sub; /* the lead's LIMIT_SUBS */
    bool scored;            /* else no tier that looks at the score takes it */
    uint32_t score;
    bool clicked;
    struct clicked click;
};
/* The price of such a lead, by the first tier that takes it: its number, or -1 and 0 micros. */
int terms_price(const struct terms *t, const struct priced *p, int64_t *micros);
bool terms_asks_click(const struct terms *t); /* whether a tier looks at the click */
bool rule_holds(const struct rule *r, const struct fact *facts, size_t n);

#endif
