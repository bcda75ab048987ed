#include "common/ledger/policy.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/ledger/witness.h"

static const char blanks[] = " \t";

struct reading {
    struct policy *p;
    uint32_t used_witnesses, used_groups; /* members of some group */
    bool has_quorum;
    char line[32];
    struct problem *problem;
};

static enum err refuse(const struct reading *r, const char *why)
{
    return problem(r->problem, ERR_MALFORMED, r->line, "%s", why);
}

static struct span next_item(struct span *rest)
{
    *rest = text_trim(*rest, blanks);
    size_t n = 0;
    while (n < rest->len && strchr(blanks, rest->ptr[n]) == NULL)
        n++;
    struct span item = span_of(rest->ptr, n);
    *rest = text_trim(span_skip(*rest, n), blanks);
    return item;
}

/* Finds who is called so: one bit in *witness or *group. */
static bool find(const struct policy *p, struct span name, uint32_t *witness, uint32_t *group)
{
    *witness = *group = 0;
    for (size_t i = 0; i < p->n_witnesses; i++)
        if (span_eq(p->witness[i].name, name))
            *witness = UINT32_C(1) << i;
    for (size_t i = 0; i < p->n_groups; i++)
        if (span_eq(p->group[i].name, name))
            *group = UINT32_C(1) << i;
    return *witness != 0 || *group != 0;
}

static enum err free_name(const struct reading *r, struct span name)
{
    uint32_t witness, group;
    if (span_empty(name) || span_is(name, "none") || find(r->p, name, &witness, &group))
        return refuse(r, "a witness or group needs a name of its own, other than none");
    return ERR_OK;
}

static bool has_key(const struct note_key *k, const uint8_t pub[ED25519_KEY_LEN])
{
    return memcmp(k->pub, pub, ED25519_KEY_LEN) == 0;
}

static enum err read_log(struct reading *r, struct span rest)
{
    struct policy *p = r->p;
    struct note_key key;
    if (note_vkey_parse(next_item(&rest), &key) != ERR_OK || !ed25519_key_ok(key.pub))
        return refuse(r, "must be: log VKEY [URL], with an Ed25519 verifier key of type 01");
    (void)next_item(&rest); /* the URL */
    for (size_t i = 0; i < p->n_logs; i++)
        if (has_key(&p->log[i], key.pub))
            return refuse(r, "this log's key stands there twice");
    if (!span_empty(rest) || p->n_logs == POLICY_MAX)
        return refuse(r, span_empty(rest) ? "these are more than 32 logs" : "holds more than log VKEY URL");
    p->log[p->n_logs++] = key;
    return ERR_OK;
}

static enum err read_witness(struct reading *r, struct span rest)
{
    struct policy *p = r->p;
    struct policy_witness w = {.name = next_item(&rest)};
    enum err err = free_name(r, w.name);
    if (err != ERR_OK)
        return err;
    if (witness_vkey_parse(next_item(&rest), &w.key) != ERR_OK || !ed25519_key_ok(w.key.pub))
        return refuse(r, "must be: witness NAME VKEY [URL], with an Ed25519 cosignature key of type 04");
    w.url = next_item(&rest);
    for (size_t i = 0; i < p->n_witnesses; i++)
        if (has_key(&p->witness[i].key, w.key.pub))
            return refuse(r, "this witness's key stands there twice");
    if (!span_empty(rest) || p->n_witnesses == POLICY_MAX)
        return refuse(r,
                      span_empty(rest) ? "these are more than 32 witnesses" : "holds more than witness NAME VKEY URL");
    p->witness[p->n_witnesses++] = w;
    return ERR_OK;
}

static enum err read_group(struct reading *r, struct span rest)
{
    struct policy *p = r->p;
    struct policy_group g = {.name = next_item(&rest)};
    enum err err = free_name(r, g.name);
    if (err != ERR_OK)
        return err;
    struct span least = next_item(&rest);
    uint64_t n = 0, k = 0;
    while (!span_empty(rest)) {
        uint32_t witness, group;
        if (!find(p, next_item(&rest), &witness, &group))
            return refuse(r, "a group's members are witnesses and groups of lines before it");
        if ((r->used_witnesses & witness) != 0 || (r->used_groups & group) != 0)
            return refuse(r, "a witness or group may be a member once");
        r->used_witnesses |= witness;
        r->used_groups |= group;
        g.witnesses |= witness;
        g.groups |= group;
        n++;
    }
    if (span_is(least, "all") || span_is(least, "any"))
        k = span_is(least, "all") ? n : 1;
    else if (parse_u64(least, &k) != ERR_OK)
        k = 0;
    if (k < 1 || k > n)
        return refuse(r, "must be: group NAME all|any|K MEMBER..., with K from 1 to the number of members");
    if (p->n_groups == POLICY_MAX)
        return refuse(r, "these are more than 32 groups");
    g.least = (size_t)k;
    p->group[p->n_groups++] = g;
    return ERR_OK;
}

static enum err read_quorum(struct reading *r, struct span rest)
{
    struct span name = next_item(&rest);
    bool none = span_is(name, "none");
    if (r->has_quorum)
        return refuse(r, "there is one quorum line");
    if (!span_empty(rest) || (!none && !find(r->p, name, &r->p->quorum_witnesses, &r->p->quorum_groups)))
        return refuse(r, "must be: quorum NAME, of a witness or group of a line before it, or quorum none");
    r->has_quorum = true;
    return ERR_OK;
}

static enum err read_line(struct reading *r, struct span line)
{
    static const struct {
        const char *word;
        enum err (*read)(struct reading *r, struct span rest);
    } kinds[] = {{"log", read_log}, {"witness", read_witness}, {"group", read_group}, {"quorum", read_quorum}};
    for (size_t i = 0; i < line.len; i++)
        if (((uint8_t)line.ptr[i] < ' ' && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
            return refuse(r, "holds a control character");
    line = text_trim(line, blanks);
    if (span_empty(line) || line.ptr[0] == '#')
        return ERR_OK;
    struct span word = next_item(&line);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (span_is(word, kinds[i].word))
            return kinds[i].read(r, line);
    return refuse(r, "must begin with log, witness, group or quorum, or with # for a comment");
}

enum err policy_read(struct span text, struct policy *out, struct problem *p)
{
    struct reading r = {.p = out, .problem = p};
    *out = (struct policy){.n_logs = 0};
    for (uint64_t n = 1; !span_empty(text); n++) {
        snprintf(r.line, sizeof r.line, "line %" PRIu64, n);
        enum err err = read_line(&r, text_take(&text, '\n'));
        if (err != ERR_OK)
            return err;
    }
    if (!r.has_quorum)
        return problem(p, ERR_MALFORMED, "", "there is no quorum line: write quorum NAME, or quorum none");
    return ERR_OK;
}

static unsigned ones(uint32_t bits)
{
    return (unsigned)__builtin_popcount(bits);
}

bool policy_met(const struct policy *p, uint32_t witnesses)
{
    uint32_t groups = 0;
    for (size_t i = 0; i < p->n_groups; i++)
        if (ones(p->group[i].witnesses & witnesses) + ones(p->group[i].groups & groups) >= p->group[i].least)
            groups |= UINT32_C(1) << i;
    return (p->quorum_witnesses & ~witnesses) == 0 && (p->quorum_groups & ~groups) == 0;
}
