/* For entry_*.c alone: one table of members for each kind, in the order of their names. Writing and reading walk the
 * same rows, so they cannot drift apart. */
#ifndef CS_LEDGER_ENTRY_FIELDS_H
#define CS_LEDGER_ENTRY_FIELDS_H

#include "common/ledger/entry.h"

/* What a member is in struct entry, and how it is spelled. */
enum field_type {
    KIND,     /* the kind's word */
    NAT32,    /* uint32_t, unsigned; absent = 0 */
    NAT64,    /* uint64_t, and int64_t that is never negative; absent = 0 */
    INT64,    /* int64_t; absent = 0 */
    OFFSET,   /* int64_t within UTC_OFFSET_MAX_S; absent = 0 */
    TIER,     /* int; absent = -1 */
    INDEX,    /* uint64_t, there if the bool at `has` says so */
    BOOL,     /* absent = false */
    TEXT,     /* span of at most `max` bytes; absent = empty */
    DOCUMENT, /* span of canonical JSON, an object */
    B64_32,   /* 32 bytes as base64url */
    HEX_32,   /* 32 bytes as hex; absent = zeros */
    CLASS,
    TRUST,
    STATUS,
    REASON, /* absent = none */
    DEVICE, /* absent = none */
    CREDENTIAL,
    TAX, /* absent = none */
    ORIGIN,
    CONTACTS, /* contact bits, as a list of names; absent = none */
    FACTS,    /* entry_lead's facts, as an object; absent = none */
    DUP,      /* entry_lead's dup_contract and dup_index, as an object */
    WHY,      /* entry_lead's why, as a list of texts; absent = none */
    TOUCHES,  /* entry_lead's touches, as a list of objects; absent = none */
    PREFIXES, /* span of canonical JSON, a list; absent = empty */
    ERASED    /* entry_erase's entries, as a list of numbers */
};

struct field {
    const char *name;
    enum field_type type;
    uint16_t at;  /* offset in struct entry */
    uint32_t max; /* bytes of a TEXT */
    uint16_t has; /* offset in struct entry, of an INDEX's bool */
    bool always;  /* written also when it is the default */
};

/* Ended by a row without a name. NULL for kinds that are not canonical JSON (root). */
extern const struct field *const entry_fields[ENTRY_KINDS];

enum { WHY_LEN = 1 + 2 * (2 + LIMIT_FIELD_NAME) + 1 }; /* bytes of one reason: a sign, and a pair of fields */
bool entry_why_read(struct span text, struct entry_why *out);

/* True: the bytes are such an entry as entry_write gives it, and *out is it, its spans within them. False says nothing.
 */
bool entry_scan(struct span bytes, struct entry *out);

#endif
