/* Signed tracking codes and opaque pointers (click ids, lead refs). Byte formats: common/FORMATS.md, "Tokens".
 *
 *   code     base64url( 01 | kid | contract be32 | placement be32 | tag16 )                    35 characters
 *   pointer  base64url( 01 | kid | AES-256( contract be32 | index be48 | at_s be32 | flags 8 | salt 8 ) | tag16 )   46
 * characters
 *
 * tag16 = first 16 bytes of HMAC-SHA256 over all bytes before it. Subkeys per purpose by HKDF from the token master
 * key: info "countersign/v1/code", "countersign/v1/click mac", "countersign/v1/click block", "countersign/v1/lead mac",
 * "countersign/v1/lead block". */
#ifndef CS_TOKENS_TOKENS_H
#define CS_TOKENS_TOKENS_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum { CODE_LEN = 35, POINTER_LEN = 46, LEAD_REF_LEN = 1 + POINTER_LEN };

enum { CLICK_UNRECORDED = 1 }; /* flags: the click could not be written; index is random */

struct tracking_code {
    uint32_t contract, placement;
};

struct pointer {
    uint32_t contract;
    uint64_t index; /* below 2^48 */
    uint32_t at_s;  /* Unix seconds; 0 in lead refs */
    uint8_t flags, salt;
};

/* Keyed contexts for one thread. Several kids may verify; the last one added signs. */
struct tokens;
struct tokens *tokens_new(void);
void tokens_free(struct tokens *t);
void tokens_add_key(struct tokens *t, uint8_t kid, const uint8_t master[32]); /* at most 16 */

void code_write(struct tokens *t, const struct tracking_code *c, char out[CODE_LEN]);
MUST_CHECK enum err code_read(struct tokens *t, struct span text,
                              struct tracking_code *out); /* ERR_NOT_FOUND for anything not ours */
void click_id_write(struct tokens *t, const struct pointer *c, char out[POINTER_LEN]);
MUST_CHECK enum err click_id_read(struct tokens *t, struct span text, struct pointer *out);
void lead_ref_write(struct tokens *t, const struct pointer *l, char out[LEAD_REF_LEN]); /* "L" + pointer */
MUST_CHECK enum err lead_ref_read(struct tokens *t, struct span text, struct pointer *out);

/* A postback secret "whsec_<base64>" of 24 to 64 bytes (Standard Webhooks 1.0). */
MUST_CHECK enum err whsec_decode(struct span text, uint8_t out[64], size_t *len);
void whsec_encode(struct buf *out, const void *key, size_t len);

#endif
