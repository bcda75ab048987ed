/* Who a lead is: the keys by which two reports are known to be about one person. FORMATS.md, "Identity".
 *
 * A lead that stands (pending, held, approved, converted) has a row of `dedupe` for each of its keys; a rejection or a
 * return takes them away, reinstating brings them back. So "somebody stands in the way" is one look at one row. A
 * duplicate has rows too, which say what it repeats: whoever has a key of it is led on from there. */
#ifndef CS_DECISIONS_IDENTITY_H
#define CS_DECISIONS_IDENTITY_H

#include "common/ledger/commitment.h"
#include "common/ledger/entry.h"

/* The kinds of keys. Contact keys are the campaign's. A txid and a click are the contract's, and each kind says which
 * contact keys (bits) its lead has beside it: those of another lead tell persons apart, their absence does not. */
enum { KEY_EMAIL = CONTACT_EMAIL, KEY_PHONE = CONTACT_PHONE, KEY_CONTACTS = 3, KEY_TXID = 16, KEY_CLICK = 32 };
/* Rows under a key lie in layers: leads that stand; held reports of pixels that are not trusted, which are in each
 * other's way alone; duplicates; and those of them again that can be followed in the log of their contract alone, where
 * contact keys are the contract's too. */
enum key_layer { KEY_STANDS, KEY_UNPROVEN, KEY_ANYWHERE, KEY_HERE };

struct identity {
    bool known;        /* false: its tokens are destroyed or were not shown, and it is nobody's rival */
    unsigned contacts; /* CONTACT_EMAIL | CONTACT_PHONE: of which there are tokens */
    uint8_t email[TOKEN_LEN], phone[TOKEN_LEN];
    bool has_txid;
    uint8_t txid[TOKEN_LEN]; /* SHA-256(txid)[:16] */
    bool has_click, click_unrecorded;
    uint64_t click;
};

void identity_of(const struct entry_lead *l, const struct private_part *tokens, struct identity *out);
void identity_txid(struct identity *who, struct span txid);
/* They have contact tokens of one kind (of those by which the campaign tells persons; 0: of each), and none of them is
 * equal: two persons, whatever else they share. */
bool identity_apart(const struct identity *a, const struct identity *b, unsigned by);
static inline bool status_stands(enum status s)
{
    return s == STATUS_PENDING || s == STATUS_HELD || s == STATUS_APPROVED || s == STATUS_CONVERTED;
}

struct identity_key {
    unsigned kind;
    enum key_layer layer;
    uint8_t token[TOKEN_LEN];
};
enum { IDENTITY_KEYS = 4, IDENTITY_RIVALS = 8 };
static inline struct identity_key identity_key_in(const struct identity_key *k, enum key_layer layer)
{
    struct identity_key in = *k;
    in.layer = layer;
    return in;
}
/* The keys under which a lead stands. */
size_t identity_keys(const struct identity *who, struct identity_key out[IDENTITY_KEYS]);
/* The keys of leads that say that this is the same person; contact keys count only of those kinds (0: they are no
 * rivals, but tell persons apart). */
size_t identity_rivals(const struct identity *who, unsigned by, struct identity_key out[IDENTITY_RIVALS]);

#endif
