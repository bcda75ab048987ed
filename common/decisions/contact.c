#include "common/decisions/contact.h"

void contact_token(struct hmac *pepper, const char *label, struct span key, uint8_t out[TOKEN_LEN])
{
    struct span parts[] = {span_str(label), SPAN("\n"), key};
    uint8_t mac[HASH_LEN];
    hmac_sign(pepper, parts, 3, mac);
    memcpy(out, mac, TOKEN_LEN);
}
