/* The journal envelope, the only thing the hot path writes.
 *
 *   0  u8 format = 1 | u8 kind | u8 class | u8 0 | be32 contract | be64 index | be32 day (of the sealing key) | be32 entry length | entry | sealed
 *   sealed = nonce 12 | AES-256-GCM ciphertext of the private part (aad: the entry's 32-byte commitment) | tag 16; empty when there is none, or erased */
#ifndef CS_SERVER_LEDGER_JOURNAL
#define CS_SERVER_LEDGER_JOURNAL

#include "common/ledger/entry.h"
#include "server/store/store.h"

enum { ENVELOPE_HEAD = 24 };

struct envelope {
    enum entry_kind kind;
    enum class class;
    uint32_t contract, day;
    uint64_t index;
    struct span entry, sealed;
};

size_t envelope_len(const struct envelope *e);
void envelope_write(const struct envelope *e, void *out);
MUST_CHECK enum err envelope_read(struct span bytes, struct envelope *out); /* ERR_CORRUPT */

/* Period keys: one AES-256 key per UTC day, wrapped under the master key in TABLE_PERIODS. Today's and tomorrow's exist before they are needed. */
struct periods;
struct periods *periods_new(void);
void periods_free(struct periods *p);
/* Committer, inside a write transaction: makes sure of the keys of `day` and `day`+1. Publishes them to readers after periods_publish (call after the commit). */
MUST_CHECK enum err periods_ensure(struct periods *p, struct txn *t, const uint8_t wrap[32], uint32_t day);
void periods_publish(struct periods *p);
void periods_forget(struct periods *p); /* instead, when the transaction came to nothing */
/* Any thread: copies the key; ERR_NOT_FOUND when it is not there (yet, or destroyed). Falls back to the store when t is given. */
MUST_CHECK enum err periods_key(struct periods *p, struct txn *t, const uint8_t wrap[32], uint32_t day, uint8_t out[32]);

/* A thread's sealing contexts, one per recent day. */
struct sealer;
struct sealer *sealer_new(struct periods *p, const uint8_t wrap[32]);
void sealer_free(struct sealer *s);
/* Appends nonce, ciphertext and tag. ERR_BUSY when the day's key is not there yet (a clock that jumped: the committer makes it within a second). */
MUST_CHECK enum err sealer_seal(struct sealer *s, uint32_t day, const struct hash *commit, struct span plain, struct buf *out);
/* Appends the plaintext. ERR_NOT_FOUND when the key was destroyed or the part was erased, ERR_CORRUPT when it does not open. */
MUST_CHECK enum err sealer_open(struct sealer *s, struct txn *t, uint32_t day, const struct hash *commit, struct span sealed, struct buf *out);

#endif
