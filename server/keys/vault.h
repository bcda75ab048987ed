/* Small secrets at rest: AES-256-GCM under a subkey of the server's master key (keys_subkey), one purpose a key.
 * A sealed value is nonce 12 | ciphertext | tag 16. Any thread. */
#ifndef CS_SERVER_KEYS_VAULT_H
#define CS_SERVER_KEYS_VAULT_H

#include "common/base/buf.h"
#include "server/keys/keys.h"

#define VAULT_SECRETS "countersign/v1/secret wrap"     /* postback secrets; aad = kid */
#define VAULT_TOKENS "countersign/v1/token wrap"       /* API tokens on their way to being shown; aad = their hash */
#define VAULT_WEBHOOKS "countersign/v1/webhook wrap"   /* what deliveries are signed with; aad = party number be32 */
#define VAULT_CRM "countersign/v1/crm wrap"            /* tokens of CRMs; aad = campaign number be32 */
#define VAULT_IDEMPOTENCY "countersign/v1/idempotency" /* stored first answers; aad = row key */
#define VAULT_SESSIONS "countersign/v1/session"        /* of browsers; followed by the day, worker/session.h */

/* Appends the sealed value. Never two values under one nonce: it is drawn for this call (vault_nonce). */
enum { VAULT_NONCE_LEN = 12 };
void vault_nonce(uint8_t out[VAULT_NONCE_LEN]);
void vault_seal(const struct keys *k, const char *purpose, struct span aad, struct span plain,
                const uint8_t nonce[VAULT_NONCE_LEN], struct buf *out);
/* Appends the plaintext. ERR_CORRUPT when it does not open. */
MUST_CHECK enum err vault_open(const struct keys *k, const char *purpose, struct span aad, struct span sealed,
                               struct buf *out);

#endif
