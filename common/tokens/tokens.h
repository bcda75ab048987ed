/* Signed tracking codes, click ids and lead refs. Byte formats: common/FORMATS.md, "Tokens".
 *
 *   code      base64url( 01 | kid | contract be32 | placement be32 | tag16 )                         35 characters
 *   click id  base64url( 01 | kid | inner 16 | contract be32, masked | tag16 )                       51 characters
 *   lead ref  "L" base64url( 01 | kid | AES-256( contract be32 | index be64 | 0 be32 ) | tag16 )     47 characters
 *   event id  "E" base64url( 01 | kid | AES-256( seq be48 | ms be48 | n be16 | blur 16 ) | tag16 )  47 characters
 *
 * tag16 = first 16 bytes of HMAC-SHA256 over all bytes before it. A click id has two layers. The inner block, place
 * be64 | at_s be32 | flags 8 | zeros 24, is AES-256 under its contract's click key, which the contract's parties have:
 * so they can open it. Whose it is, only the server can tell: the contract's number is masked by a key of the server's.
 */
#ifndef CS_TOKENS_TOKENS_H
#define CS_TOKENS_TOKENS_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum { CODE_LEN = 35, CLICK_ID_LEN = 51, LEAD_REF_LEN = 47, EVENT_ID_LEN = 47, CLICK_KEY_LEN = 32 };

/* Flags of a click id. One with a flag that is not known here reads, and names a click that is not known. */
enum {
    CLICK_UNRECORDED = 1, /* the click could not be written; its place is random */
    CLICK_TICKET = 2      /* reserved */
};

struct tracking_code {
    uint32_t contract, placement;
};

struct pointer {
    uint32_t contract;
    uint64_t index; /* of a click id: its place */
    uint32_t at_s;  /* Unix seconds; 0 in lead refs */
    uint8_t flags;
};

/* How far somebody has followed what happens: the id of a live event. Encrypted, and blurred by a drawn number, so that
 * ids tell nobody how much of others' there was between two of them. */
struct event_place {
    uint64_t seq;       /* the next journal row to look at, below 2^48 */
    int64_t refused_ms; /* refusals up to that time were seen, */
    uint16_t refused;   /* and so many of that very millisecond */
};

/* Keyed contexts for one thread. Several kids may verify; the last one added signs. */
struct tokens;
struct tokens *tokens_new(void);
void tokens_free(struct tokens *t);
void tokens_add_key(struct tokens *t, uint8_t kid, const uint8_t master[32]); /* at most 16 */

void code_write(struct tokens *t, const struct tracking_code *c, char out[CODE_LEN]);
MUST_CHECK enum err code_read(struct tokens *t, struct span text,
                              struct tracking_code *out); /* ERR_NOT_FOUND for anything not ours */
void click_id_write(struct tokens *t, const struct pointer *c, char out[CLICK_ID_LEN]);
MUST_CHECK enum err click_id_read(struct tokens *t, struct span text, struct pointer *out);
void click_ids_write(struct tokens *t, const struct pointer *c, size_t n, struct buf *out); /* with commas between */
void lead_ref_write(struct tokens *t, const struct pointer *l, char out[LEAD_REF_LEN]);
MUST_CHECK enum err lead_ref_read(struct tokens *t, struct span text, struct pointer *out);
void event_id_write(struct tokens *t, const struct event_place *p, uint16_t blur, char out[EVENT_ID_LEN]);
MUST_CHECK enum err event_id_read(struct tokens *t, struct span text, struct event_place *out);

/* Opens one by the contract's keys alone, by kid; ERR_NOT_FOUND: no key fits, or it is another contract's. Nothing says
 * that the server made it, and out->contract is 0. */
struct block_cipher;
MUST_CHECK enum err click_id_open(struct block_cipher *const keys[256], struct span text, struct pointer *out);
/* A contract's click key under the i-th kid, oldest first; ERR_NOT_FOUND past the last. */
MUST_CHECK enum err click_key(const struct tokens *t, size_t i, uint32_t contract, uint8_t *kid,
                              uint8_t out[CLICK_KEY_LEN]);

/* A postback secret "whsec_<base64>" of 24 to 64 bytes (Standard Webhooks 1.0). */
MUST_CHECK enum err whsec_decode(struct span text, uint8_t out[64], size_t *len);
void whsec_encode(struct buf *out, const void *key, size_t len);

#endif
