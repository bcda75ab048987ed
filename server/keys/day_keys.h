/* The keys that seal private parts, one a UTC day, and the contexts that seal and open with them. */
#ifndef CS_SERVER_KEYS_DAY_KEYS_H
#define CS_SERVER_KEYS_DAY_KEYS_H

#include "common/ledger/commitment.h"
#include "server/ledger/ledger.h"

/* One AES-256 key per UTC day, in TABLE_DAY_KEYS, wrapped under the key of its month (month_keys.h) together with
 * `salt`, of the master key. Today's and tomorrow's exist before they are needed. Any thread, but where it says. */
struct day_keys;
MUST_CHECK enum err day_keys_new(const char *data_dir, const uint8_t salt[32], struct day_keys **out); /* ERR_CORRUPT,
                                                                                                          ERR_IO */
void day_keys_free(struct day_keys *p);
/* Draws what wraps and the keys of `day` and the day after, wrapped as TABLE_DAY_KEYS keeps them. The source's thread.
 * ERR_NOT_FOUND: the key of a month is gone of which the store (t) has days already, or which was destroyed. */
enum { DAY_KEY_ROW = 12 + 32 + 16 }; /* nonce, ciphertext, tag */
MUST_CHECK enum err day_keys_draw(const struct day_keys *p, struct txn *t, uint32_t day,
                                  uint8_t wrapped[2][DAY_KEY_ROW]);
/* Committer, inside a write transaction: keeps what was drawn for `day` and the day after, unless they have keys
 * already. Publishes to readers those that unwrap after day_keys_publish (call after the commit). */
MUST_CHECK enum err day_keys_keep(struct day_keys *p, struct txn *t, uint32_t day,
                                  const uint8_t wrapped[2][DAY_KEY_ROW]);
void day_keys_publish(struct day_keys *p);
void day_keys_forget(struct day_keys *p); /* instead, when the transaction came to nothing */
/* Copies the key. ERR_NOT_FOUND: what wrapped it was destroyed on purpose; without t, which the store is asked by, also
 * that it was not met lately. ERR_CORRUPT: it is not there, or does not unwrap. ERR_IO: it cannot be told, the key of
 * its month is not there or cannot be read. */
MUST_CHECK enum err day_key_get(struct day_keys *p, struct txn *t, uint32_t day, uint8_t out[32]);
/* The key of a month is lost for good, an operator says: another one wraps new keys of its days, and what the old ones
 * sealed, of the journal rows below next_seq, is gone. Within a write transaction, of a store that nobody serves; *days
 * is how many. What was cut off is done again by the same call. ERR_CONFLICT: nothing of that month is lost; ERR_GONE:
 * its key was destroyed on purpose. */
MUST_CHECK enum err day_keys_lost(struct day_keys *p, struct txn *t, uint32_t month, uint64_t next_seq, unsigned *days);
/* Destroys what wraps the keys of days before the month of `day`; sealers forget them with their next entry. Nothing to
 * do is soon told. The source's thread. ERR_IO: it is to be called again. */
MUST_CHECK enum err day_keys_destroy(struct day_keys *p, uint32_t day);
/* The first day whose key was not destroyed on purpose. */
uint32_t day_keys_kept_from(const struct day_keys *p);

/* A thread's sealing contexts, one per recent day. */
struct sealer;
struct sealer *sealer_new(struct day_keys *p);
void sealer_free(struct sealer *s);
/* Appends ciphertext and tag. The commitment is that of `plain`, and of nothing else: it is the nonce. ERR_BUSY when
 * the day's key is not there yet (a clock that jumped: the committer makes it within a second). */
MUST_CHECK enum err sealer_seal(struct sealer *s, uint32_t day, const struct hash *commitment, struct span plain,
                                struct buf *out);
/* Appends the plaintext of the part of journal row seq. ERR_NOT_FOUND when the key was destroyed, or told as lost;
 * ERR_CORRUPT when it does not open, or has no key; ERR_IO: the key of its month is not there. */
MUST_CHECK enum err sealer_open(struct sealer *s, struct txn *t, uint64_t seq, const struct hash *commitment,
                                const struct private_sealed *sealed, struct buf *out);
/* The private part of an entry that was read, its plaintext in *plain, which must live as long; of a lead with the
 * person of its kept part. ERR_NOT_FOUND: it was erased, or its key destroyed or told as lost; else as sealer_open. */
MUST_CHECK enum err sealer_read(struct sealer *s, struct txn *t, const struct envelope *env,
                                const struct hash *commitment, struct buf *plain, struct private_part *out);

#endif
