/* The journal envelope, the only thing the hot path writes.
 *
 *   0  u8 format = 1 | u8 kind | u8 class | u8 device | be32 contract | be64 index | be32 day (of the sealing key) |
 * be32 entry length | entry | sealed sealed = nonce 12 | AES-256-GCM ciphertext of the private part (aad: the entry's
 * 32-byte commitment) | tag 16; empty when there is none, or erased. Of the root log the note whose hash is the entry,
 * open as it is */
#ifndef CS_SERVER_LEDGER_JOURNAL_H
#define CS_SERVER_LEDGER_JOURNAL_H

#include "common/ledger/entry.h"
#include "server/store/store.h"

enum { ENVELOPE_HEAD = 24 };

struct envelope {
    enum entry_kind kind;
    enum class class;
    enum device device;
    uint32_t contract, day;
    uint64_t index;
    struct span entry, sealed;
};

size_t envelope_len(const struct envelope *e);
void envelope_write(const struct envelope *e, void *out);
MUST_CHECK enum err envelope_read(struct span bytes, struct envelope *out); /* ERR_CORRUPT */
/* What decisions ask of a click, without parsing its JSON. */
MUST_CHECK enum err envelope_click(const struct envelope *e, struct clicked *out);

#endif
