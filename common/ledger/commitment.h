/* Salted commitments to personal data, in two levels, and the private part that opens them. FORMATS.md, "Private part".
 *
 *   network commitment  N = SHA-256("countersign/v1/net\n" salt16 {"ip","ua"})
 *   contact commitment  C = SHA-256("countersign/v1/contact\n" salt16 {contact members})
 *   a click or view commits to N; a lead to SHA-256("countersign/v1/lead\n" salt16
 * {"contact":C,"email":..,"network":N,"phone":..})
 *
 * The three salts are SHA-256(seed || "net" | "contact" | "lead")[:16] of one 16-byte seed for leads; for clicks and
 * views the salt is the seed itself. Opening one level never shows another: the seed stays sealed. */
#ifndef CS_LEDGER_COMMITMENT_H
#define CS_LEDGER_COMMITMENT_H

#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "common/ledger/merkle.h"

enum { SALT_LEN = 16, TOKEN_LEN = 16 };

/* The plaintext of a sealed part, and of a lead with it what its kept part has of the person. Spans borrow: once it was
 * read also from itself, so that it is not to be copied. */
enum { IP_V4_TEXT = 15 };
struct private_part {
    uint8_t seed[SALT_LEN];
    struct span ip, ua;
    /* leads only */
    bool lead;
    struct span contact; /* canonical JSON object of contact fields and of f_ fields no rule looks at */
    bool has_email, has_phone;
    uint8_t email[TOKEN_LEN], phone[TOKEN_LEN]; /* HMAC-SHA256(campaign pepper, "email\n" key | "phone\n" key)[:16] */
    uint8_t facts_sha256[HASH_LEN]; /* of what the sender reported: tells a replayed txid from a changed one */
    char v4[IP_V4_TEXT];            /* after private_read */
};

/* What is kept of a lead's private part, whatever becomes of the rest: it opens the upper level alone, stands beside
 * the entry, and names nobody. */
struct kept_part {
    uint8_t salt[SALT_LEN];
    struct hash contact, network;
    bool has_email, has_phone;
    uint8_t email[TOKEN_LEN], phone[TOKEN_LEN];
    uint8_t facts_sha256[HASH_LEN];
};
enum { KEPT_PART_MAX = 1 + SALT_LEN + 3 * HASH_LEN + 2 * TOKEN_LEN };
void private_keep(const struct private_part *p, struct kept_part *out); /* of a lead */
void kept_write(struct buf *out, const struct kept_part *k);
MUST_CHECK enum err kept_read(struct span bytes, struct kept_part *out); /* ERR_CORRUPT */
void kept_commitment(const struct kept_part *k, struct hash *out);
void kept_person(const struct kept_part *k, struct private_part *out); /* sets tokens and facts alone */

enum { PRIVATE_PART_MAX = SALT_LEN + 1 + LIMIT_IP + 2 + LIMIT_USER_AGENT };    /* without contact */
void private_write(struct buf *out, const struct private_part *p);             /* hot for clicks */
MUST_CHECK enum err private_read(struct span bytes, struct private_part *out); /* ERR_CORRUPT */
void private_commitment(const struct private_part *p, struct hash *out);       /* what the entry carries */

/* To the lead with that leaf hash, which another contract's lead with that commitment repeats: nothing to who does not
 * know the leaf. */
void dup_commitment(const struct hash *commitment, const struct hash *leaf, struct hash *out);

/* One line of /log/{contract}/openings, canonical JSON without a newline. Always for leads: index, salt,
 * contact_sha256, network_sha256, tokens. `contact` adds the contact salt and fields, `network` the network salt, ip
 * and ua. For clicks and views only with `network`. `kept`: of a lead, else NULL; p: NULL once it is erased. */
struct opening_scope {
    bool contact, network;
};
void opening_write(struct buf *out, uint64_t index, const struct kept_part *kept, const struct private_part *p,
                   struct opening_scope scope);

/* An opening as an auditor reads it. ERR_CORRUPT unless canonical and every plaintext in it fits its commitment. */
struct opening {
    uint64_t index;
    bool lead;
    struct hash commitment; /* recomputed: must equal the entry's */
    bool has_contact, has_email, has_phone;
    bool shows; /* what was sealed, contact fields or the network part */
    uint8_t email[TOKEN_LEN], phone[TOKEN_LEN];
};
MUST_CHECK enum err opening_read(struct span line, struct opening *out);

#endif
