#include "common/decisions/identity.h"

#include "common/base/ascii.h"
#include "common/base/bytes.h"

void identity_txid(struct identity *who, struct span txid)
{
    uint8_t hash[HASH_LEN];
    who->has_txid = !span_empty(txid);
    if (!who->has_txid)
        return;
    sha256(txid.ptr, txid.len, hash);
    memcpy(who->txid, hash, TOKEN_LEN);
}

void identity_of(const struct entry_lead *l, const struct private_part *tokens, struct identity *out)
{
    *out = (struct identity){.known = tokens != NULL,
                             .has_click = l->has_click,
                             .click_unrecorded = l->has_click && l->click_unrecorded,
                             .click = l->click};
    identity_txid(out, l->txid);
    if (tokens != NULL && tokens->has_email) {
        out->contacts |= CONTACT_EMAIL;
        memcpy(out->email, tokens->email, TOKEN_LEN);
    }
    if (tokens != NULL && tokens->has_phone) {
        out->contacts |= CONTACT_PHONE;
        memcpy(out->phone, tokens->phone, TOKEN_LEN);
    }
}

static unsigned identity_persons(unsigned by)
{
    return by ? by : KEY_CONTACTS;
}

bool identity_apart(const struct identity *a, const struct identity *b, unsigned by)
{
    unsigned common = a->contacts & b->contacts & identity_persons(by);
    return common && !(common & CONTACT_EMAIL && memcmp(a->email, b->email, TOKEN_LEN) == 0) &&
           !(common & CONTACT_PHONE && memcmp(a->phone, b->phone, TOKEN_LEN) == 0);
}

static void add(struct identity_key *out, size_t *n, unsigned kind, const uint8_t token[TOKEN_LEN])
{
    out[*n] = (struct identity_key){.kind = kind, .layer = KEY_STANDS};
    memcpy(out[(*n)++].token, token, TOKEN_LEN);
}

static void add_contacts(const struct identity *who, unsigned by, struct identity_key *out, size_t *n)
{
    if (who->contacts & by & CONTACT_EMAIL)
        add(out, n, KEY_EMAIL, who->email);
    if (who->contacts & by & CONTACT_PHONE)
        add(out, n, KEY_PHONE, who->phone);
}

static void click_token(const struct identity *who, uint8_t token[TOKEN_LEN])
{
    memset(token, 0, TOKEN_LEN);
    token[0] = who->click_unrecorded;
    store_be64(token + 8, who->click);
}

size_t identity_keys(const struct identity *who, struct identity_key out[IDENTITY_KEYS])
{
    uint8_t click[TOKEN_LEN];
    size_t n = 0;
    if (!who->known)
        return 0;
    add_contacts(who, KEY_CONTACTS, out, &n);
    if (who->has_txid)
        add(out, &n, KEY_TXID | who->contacts, who->txid);
    click_token(who, click);
    if (who->has_click)
        add(out, &n, KEY_CLICK | who->contacts, click);
    return n;
}

/* Of one txid or click, two leads are one unless contact keys of one kind tell them apart: several persons may come by
 * one click, but who tells an address here and a number there is no two of them. A contact key by which the campaign
 * tells nobody is none here either. */
size_t identity_rivals(const struct identity *who, unsigned by, struct identity_key out[IDENTITY_RIVALS])
{
    uint8_t click[TOKEN_LEN];
    unsigned told = who->contacts & identity_persons(by);
    size_t n = 0;
    if (!who->known)
        return 0;
    add_contacts(who, by, out, &n);
    for (unsigned others = 0; who->has_txid && others <= KEY_CONTACTS; others++)
        if (!(told & others))
            add(out, &n, KEY_TXID | others, who->txid);
    click_token(who, click);
    for (unsigned others = 0; who->has_click && others <= KEY_CONTACTS; others++)
        if (!(told & others))
            add(out, &n, KEY_CLICK | others, click);
    return n;
}
