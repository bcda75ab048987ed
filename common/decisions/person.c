#include "common/decisions/person.h"

enum { STEPS_MOST = 128 };

/* A key of a report on the way: the one that asks, then duplicates. */
struct step {
    struct identity_key key;
    uint32_t contract; /* the report's; 0 for a contact key */
    bool weak;         /* the way to the report goes by a txid or a click */
};

struct search {
    const struct view *v;
    const struct fold_context *cx;
    const struct person_asked *asked;
    unsigned by;
    bool sometime; /* leads of unknown times are looked for, and of no other */
    int64_t from_ms, to_ms;
    enum key_layer layer; /* KEY_ANYWHERE, KEY_HERE */
    struct place fallen;  /* what was looked at last and does not stand: many duplicates repeat one lead */
    bool more;            /* there are further rows under its own keys, or leads of unknown times were passed over */
    size_t rows;          /* that it may still read */
    size_t n;
    struct step step[STEPS_MOST];
    struct person_lead *out;
};

static bool is_contact(const struct identity_key *k)
{
    return k->kind < KEY_TXID;
}

/* ---- by a key of its own ---- */

static bool is_own(const struct search *s, const struct lead_row *lead)
{
    const struct share *own = s->asked->own;
    return own->to != 0 && lead->share.to != 0 && memcmp(own->lead, lead->share.lead, TOKEN_LEN) == 0;
}

static bool time_unknown(const struct search *s, const struct lead_row *lead)
{
    const struct person_asked *a = s->asked;
    return a->clock_steps > 0 && lead->clock_steps != a->clock_steps && (lead->clock_unsure || a->clock_unsure);
}

/* The latest under a key that is no part of the lead itself; by contact of times that are known, or of such that are
 * not. */
static enum err latest_other(struct search *s, const struct identity_key *k, bool contact, int64_t from_ms,
                             struct dedupe_row *row)
{
    bool timed = contact && s->asked->clock_steps > 0; /* else no row need be read */
    uint32_t scope = contact ? s->cx->campaign : s->cx->contract;
    enum err err;
    while ((err = row_dedupe_next(s->v, scope, k, from_ms, contact ? s->to_ms : INT64_MAX, row)) == ERR_OK &&
           (s->asked->own->to != 0 || timed)) {
        struct lead_row lead;
        err = row_lead(s->v, row->at.contract, row->at.index, &lead);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* a row named it */
        bool passed = timed && time_unknown(s, &lead) != s->sometime;
        s->more |= passed;
        if (!passed && !is_own(s, &lead))
            break;
    }
    return err;
}

/* Of the parts of a shared lead, which are equally late, the one in this contract. */
static enum err latest(struct search *s, const struct identity_key *k, bool contact, struct dedupe_row *row)
{
    enum err err = latest_other(s, k, contact, contact ? s->from_ms : 0, row);
    if (err != ERR_OK)
        return err;
    struct dedupe_row next = *row;
    while (err == ERR_OK && next.at.contract != s->cx->contract)
        err = latest_other(s, k, contact, row->at.at_ms, &next);
    if (err == ERR_OK)
        *row = next;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err find_directly(struct search *s, enum key_layer layer)
{
    struct identity_key keys[IDENTITY_RIVALS];
    size_t n = identity_rivals(s->asked->who, s->by, keys);
    for (size_t i = 0; i < n; i++) {
        struct dedupe_row row = {.at.contract = 0};
        const struct identity_key k = identity_key_in(&keys[i], layer);
        bool contact = is_contact(&keys[i]);
        if (s->sometime && !contact) /* however old: it was looked under */
            continue;
        enum err err = latest(s, &k, contact, &row);
        s->more |= row.more;
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != ERR_OK)
            return err;
        if (!s->out->found || row.at.at_ms > s->out->lead.at_ms)
            *s->out = (struct person_lead){true, row.at.contract == s->cx->contract, !contact, row.at};
    }
    return ERR_OK;
}

/* ---- along duplicates ---- */

static bool in_time(const struct search *s, const struct lead_row *lead)
{
    bool unknown = time_unknown(s, lead);
    return s->sometime ? unknown : !unknown && lead->at_ms >= s->from_ms && lead->at_ms <= s->to_ms;
}

/* What may be looked at in this layer: whatever it is, it must stand, within the time, and contacts must not tell it
 * from the one that asks. */
static enum err look_at(struct search *s, struct place at, bool weak)
{
    struct lead_row lead;
    if (at.contract == s->fallen.contract && at.index == s->fallen.index)
        return ERR_OK;
    enum err err = row_lead(s->v, at.contract, at.index, &lead);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* a row named it */
    if (!lead_stands(&lead))
        s->fallen = at;
    if (!lead_stands(&lead) || is_own(s, &lead) || !in_time(s, &lead) ||
        (weak && identity_apart(s->asked->who, &lead.who, s->by)))
        return ERR_OK;
    at.at_ms = lead.at_ms;
    *s->out = (struct person_lead){true, s->layer == KEY_HERE, weak, at};
    return ERR_OK;
}

static bool was_taken(const struct search *s, const struct step *step)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->step[i].contract == step->contract && s->step[i].weak <= step->weak &&
            s->step[i].key.kind == step->key.kind && memcmp(s->step[i].key.token, step->key.token, TOKEN_LEN) == 0)
            return true;
    return false;
}

static void go_on_from(struct search *s, const struct identity *who, uint32_t contract, bool weak)
{
    struct identity_key keys[IDENTITY_RIVALS];
    size_t n = identity_rivals(who, s->by, keys);
    for (size_t i = 0; i < n; i++) {
        const struct step step = {keys[i], is_contact(&keys[i]) ? 0 : contract, weak};
        if (s->n < STEPS_MOST && !was_taken(s, &step))
            s->step[s->n++] = step;
    }
}

/* A duplicate: the lead that it repeats, or else its other keys. */
static enum err look_past(struct search *s, const struct dedupe_row *row, bool weak)
{
    struct lead_row lead;
    enum err err = row_lead(s->v, row->at.contract, row->at.index, &lead);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* as in look_at */
    if (is_own(s, &lead))
        return ERR_OK;
    err = look_at(s, row->repeats, weak || row->weak);
    if (err == ERR_OK && !s->out->found)
        go_on_from(s, &lead.who, row->at.contract, weak);
    return err;
}

/* The rows under one key: leads that stand, or duplicates (of a layer). */
static enum err look_under(struct search *s, const struct step *step, enum key_layer layer)
{
    struct dedupe_row row = {.at.contract = 0};
    const struct identity_key k = identity_key_in(&step->key, layer);
    bool contact = is_contact(&step->key), weak = step->weak || !contact;
    uint32_t scope = !contact ? step->contract : layer == KEY_HERE ? s->cx->contract : s->cx->campaign;
    enum err err = ERR_OK;
    while (err == ERR_OK && !s->out->found && s->rows > 0) {
        err = row_dedupe_next(s->v, scope, &k, s->from_ms, s->to_ms, &row);
        if (err != ERR_OK)
            break;
        s->rows--;
        if (layer != KEY_STANDS)
            err = look_past(s, &row, weak);
        else if (s->layer != KEY_HERE || row.at.contract == s->cx->contract)
            err = look_at(s, row.at, weak);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The nearest first. */
static enum err find_along(struct search *s, enum key_layer layer)
{
    s->layer = layer;
    s->rows = PERSON_ROWS;
    s->n = 0;
    go_on_from(s, s->asked->who, s->cx->contract, false);
    size_t own = s->n; /* what stands under these was looked at */
    for (size_t i = 0; i < s->n && !s->out->found; i++) {
        enum err err = i < own ? ERR_OK : look_under(s, &s->step[i], KEY_STANDS);
        if (err == ERR_OK && !s->out->found)
            err = look_under(s, &s->step[i], layer);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* Who sees one contract's log alone finds what is found `here`, so that it is looked for by itself, unless there is
 * nothing at all: rows of that layer stand in the other as well. */
static enum err find(struct search *s)
{
    *s->out = (struct person_lead){.found = false};
    enum err err = find_directly(s, KEY_STANDS);
    if (err == ERR_OK && s->asked->unproven)
        err = find_directly(s, KEY_UNPROVEN);
    if (err != ERR_OK || s->out->found || !s->more)
        return err;
    err = find_along(s, KEY_ANYWHERE);
    const struct person_lead anywhere = *s->out;
    bool all_read = s->rows > 0 && s->n < STEPS_MOST;
    if (err != ERR_OK || (!anywhere.found && all_read))
        return err;
    s->out->found = false;
    err = find_along(s, KEY_HERE);
    if (err == ERR_OK && !s->out->found)
        *s->out = anywhere;
    return err;
}

enum err person_find(const struct view *v, const struct fold_context *cx, const struct terms *t,
                     const struct person_asked *asked, struct person_lead *out)
{
    struct person_lead unknown;
    struct search s; /* large: its steps are written before they are read */
    s.v = v;
    s.cx = cx;
    s.asked = asked;
    s.by = t->dedupe_by;
    s.sometime = false;
    s.from_ms = asked->from_ms;
    s.to_ms = asked->to_ms;
    s.fallen.contract = 0;
    s.more = false;
    s.out = out;
    enum err err = find(&s);
    if (err != ERR_OK || out->found || !s.more || asked->clock_steps == 0)
        return err;
    s.sometime = true;
    s.from_ms = 0;
    s.to_ms = INT64_MAX;
    s.out = &unknown;
    err = find(&s);
    out->sometime = err == ERR_OK && unknown.found;
    return err;
}
