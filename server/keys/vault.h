/* Small secrets at rest: AES-256-GCM under a subkey of the server's master key (keys_subkey), one purpose a key.
 * A sealed value is nonce 12 | ciphertext | tag 16. Any thread. */
#ifndef CS_SERVER_KEYS_VAULT_H
#define CS_SERVER_KEYS_VAULT_H

#include "common/base/buf.h"
#include "server/keys/keys.h"

#define VAULT_SECRETS "countersign/v1/secret wrap"     /* postback secrets; aad = kid */
#define VAULT_IDEMPOTENCY "countersign/v1/idempotency" /* stored first answers; aad = row key */

/* Appends the sealed value under a fresh random nonce. */
void vault_seal(const struct keys *k, const char *purpose, struct span aad, struct span plain, struct buf *out);
/* Appends the plaintext. ERR_CORRUPT when it does not open. */
MUST_CHECK enum err vault_open(const struct keys *k, const char *purpose, struct span aad, struct span sealed,
                               struct buf *out);

#endif
