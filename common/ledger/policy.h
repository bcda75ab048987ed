/* C2SP tlog-policy: which logs and witnesses count, and how many of them make a quorum. Lines of items between blanks:
 *   log VKEY [URL]
 *   witness NAME VKEY [URL]
 *   group NAME all|any|K MEMBER...   of witnesses and groups named before; each a member once at most
 *   quorum NAME|none                 exactly one
 * and empty ones, and those that begin with '#'. */
#ifndef CS_LEDGER_POLICY_H
#define CS_LEDGER_POLICY_H

#include "common/base/problem.h"
#include "common/ledger/note.h"

enum { POLICY_MAX = 32 }; /* logs, witnesses, groups */

struct policy {
    struct note_key log[POLICY_MAX];
    size_t n_logs;
    struct policy_witness {
        struct span name, url; /* url: empty when there is none */
        struct note_key key;
    } witness[POLICY_MAX];
    size_t n_witnesses;
    struct policy_group {
        struct span name;
        size_t least;
        uint32_t witnesses, groups; /* members, bit i: number i */
    } group[POLICY_MAX];
    size_t n_groups;
    uint32_t quorum_witnesses, quorum_groups; /* one bit in both together, or none */
};

/* Spans point into text. The problem's field is the line: "line 3". */
MUST_CHECK enum err policy_read(struct span text, struct policy *out, struct problem *p);
/* Whether these witnesses (bit i: number i) make the quorum. */
MUST_CHECK bool policy_met(const struct policy *p, uint32_t witnesses);

#endif
