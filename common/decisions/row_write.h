/* The bytes of rows: what apply writes and rows.c reads. FORMATS.md, "Rows". Internal to common/decisions. */
#ifndef CS_DECISIONS_ROW_WRITE_H
#define CS_DECISIONS_ROW_WRITE_H

#include "common/decisions/rows.h"

enum {
    DEDUPE_KEY_LEN = 5 + TOKEN_LEN + 1 + 8 + 12,
    CLICK_LEAD_KEY_LEN = 20,
    DUE_KEY_LEN = 20,
    CAP_KEY_LEN = 10,
    CAP_ROW_LEN = 24,
    CORRECTION_KEY_MAX = 4 + LIMIT_ID
};
enum { SHARE_PART = 4 + TOKEN_LEN, SHARE_KEY_LEN = SHARE_PART + 12 };
enum { TXID_HEAD_LEN = 24, TXID_KEY_MAX = TXID_HEAD_LEN + LIMIT_ID };

void row_dedupe_key(uint8_t key[DEDUPE_KEY_LEN], uint32_t scope, const struct identity_key *k, int64_t at_ms,
                    uint32_t contract, uint64_t index);
size_t row_txid_key(uint8_t key[TXID_KEY_MAX], uint32_t advertiser, struct span txid, uint32_t campaign,
                    struct span party);
void row_share_key(uint8_t key[SHARE_KEY_LEN], uint32_t campaign, const uint8_t lead[TOKEN_LEN], uint32_t contract,
                   uint64_t index);
void row_click_lead_key(uint8_t key[CLICK_LEAD_KEY_LEN], uint32_t contract, uint64_t click, uint64_t lead);
void row_cap_key(uint8_t key[CAP_KEY_LEN], enum cap_scope scope, uint32_t number, enum cap_period period, int64_t at_ms,
                 int64_t utc_offset_s);
void row_due_key(uint8_t key[DUE_KEY_LEN], int64_t due_ms, uint32_t contract, uint64_t index);

/* Each writes a value into the room of a row_op and returns its length. */
size_t lead_row_write(const struct lead_row *r, uint8_t *out);
size_t move_row_write(const struct move_row *r, uint8_t *out);
size_t adjustment_row_write(const struct adjustment_row *row, uint8_t *out); /* the reason stands behind it */
size_t settled_row_write(uint64_t index, struct span id, uint8_t *out);
size_t row_correction_key(uint8_t key[CORRECTION_KEY_MAX], uint32_t contract, struct span of);
size_t correction_row_write(const struct correction_row *r, uint8_t *out);
size_t cap_row_write(const struct cap_row *r, uint8_t *out);
MUST_CHECK enum err cap_row_read(struct span value, struct cap_row *out);
size_t txid_row_write(uint32_t contract, uint64_t index, const uint8_t facts_sha256[HASH_LEN], uint8_t *out);
size_t repeats_row_write(bool weak, uint32_t contract, uint64_t index, uint8_t *out);

#endif
