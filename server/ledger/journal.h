/* The journal envelope, never changed once it is written.
 *
 *   0  u8 kind | u8 class, device << 4 | be32 contract | be40 index | of leads and the root log be16 entry length |
 *      entry | beside
 *
 * beside: a lead's kept part (commitment.h); of the root log the note whose hash is the entry; else nothing. The sealed
 * private part stands in a table of its own, under the same seq, so that it can go alone: TABLE_PRIVATE, be32 day of
 * the sealing key | AES-256-GCM ciphertext (aad: the entry's 32-byte commitment; nonce: its first 12) | tag 16. Once it
 * is erased be64 index of the `erase` entry in that log. */
#ifndef CS_SERVER_LEDGER_JOURNAL_H
#define CS_SERVER_LEDGER_JOURNAL_H

#include "common/ledger/entry.h"
#include "server/store/store.h"

enum { ENVELOPE_HEAD = 11, ENVELOPE_LENGTH = 2, PRIVATE_HEAD = 4, PRIVATE_ERASED = 8 };

struct envelope {
    enum entry_kind kind;
    enum class class;
    enum device device;
    uint32_t contract;
    uint64_t index;
    struct span entry, beside;
    uint64_t seq; /* its key: set by who reads rows */
};

size_t envelope_len(const struct envelope *e);
void envelope_write(const struct envelope *e, void *out);
MUST_CHECK enum err envelope_read(struct span bytes, struct envelope *out); /* ERR_CORRUPT */
/* What decisions ask of a click, without parsing its JSON. */
MUST_CHECK enum err envelope_click(const struct envelope *e, struct clicked *out);

#endif
