/* What the server made that lets its holder act as a party. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/when.h"
#include "common/settlement/verify_parts.h"

static const struct {
    const char *one, *more, *can;
} words[CREDENTIAL_COUNT] = {
    [CREDENTIAL_SECRET] = {"postback secret", "postback secrets", "sign postbacks in its name"},
    [CREDENTIAL_TOKEN] = {"API token", "API tokens", "call, and report what becomes of leads, in its name"},
    [CREDENTIAL_POSTBACK_KEY] = {"key of unsigned postbacks", "keys of unsigned postbacks",
                                 "send unsigned postbacks in its name, from the addresses set"},
    [CREDENTIAL_LOCK] = {"lock", "locks", NULL},
    [CREDENTIAL_WEBHOOK] = {"webhook", "webhooks", "read there what the server tells that party of its leads"},
};

/* What the log told of an id so far. */
struct made {
    int64_t since_ms;
    enum credential what;
    bool advertiser, retired;
};

static bool made_get(const struct audit *a, struct span id, struct made *out)
{
    struct span value;
    if (a->credentials == NULL || !byte_map_get(a->credentials, id, &value))
        return false;
    memcpy(out, value.ptr, sizeof *out);
    return true;
}

static void made_put(struct audit *a, struct span id, const struct made *m)
{
    if (a->credentials == NULL)
        a->credentials = byte_map_new(NULL);
    byte_map_put(a->credentials, id, span_of(m, sizeof *m));
}

/* Takes what follows from those before it; else why it does not follow, and nothing is changed. */
static const char *take(struct audit *a, const struct entry *e, bool advertiser)
{
    const struct entry_credential *c = &e->credential;
    struct made m = {.since_ms = c->since_ms, .what = c->what, .advertiser = advertiser, .retired = c->retired}, before;
    bool known = made_get(a, c->id, &before), timed = a->fold.clock_steps == 0;
    if (timed && c->since_ms > entry_clock(e) + PERIOD_ISSUE_MS)
        return "of a time to come";
    if (!c->retired && known)
        return "that was made before";
    if (c->retired && (!known || before.what != c->what || before.advertiser != advertiser))
        return "as withdrawn that was never made for that party";
    if (c->retired && before.retired)
        return "as withdrawn that was withdrawn before";
    if (c->retired && timed && c->since_ms < before.since_ms - PERIOD_ISSUE_MS)
        return "as withdrawn before it was made";
    made_put(a, c->id, &m);
    return NULL;
}

void verify_credential(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_credential *c = &e->credential;
    bool advertiser = span_is(c->party, a->advertiser), publisher = span_is(c->party, a->publisher);
    bool self = span_eq(c->by, c->party), other = span_is(c->by, advertiser ? a->publisher : a->advertiser);
    const char *wrong;
    if (span_empty(c->party) || !(advertiser || publisher) || (other && !self) || span_empty(c->by) ||
        span_empty(c->id)) {
        finds_failure(&a->finding[CHECK_ENTRIES],
                      "entry %" PRIu64
                      " tells of a credential that is not a party's of this contract, or that the other one had made",
                      index);
        return;
    }
    if ((wrong = take(a, e, advertiser)) != NULL) {
        finds_failure(&a->finding[CHECK_ENTRIES], "entry %" PRIu64 " tells of a credential %s", index, wrong);
        return;
    }
    struct credential_count *n = &a->credential[advertiser ? 0 : 1][self][c->what];
    if (c->retired) {
        n->retired++;
        return;
    }
    char *kept = n->id[n->made++ % CREDENTIAL_IDS];
    memcpy(kept, c->id.ptr, c->id.len);
    kept[c->id.len] = '\0';
    n->last_at = index;
    n->last_ms = c->since_ms;
}

void verify_credentials_free(struct audit *a)
{
    byte_map_free(a->credentials);
}

static void tell_ids(const struct credential_count *n, struct buf *text, struct jw *w)
{
    uint64_t first = n->made > CREDENTIAL_IDS ? n->made - CREDENTIAL_IDS : 0;
    jw_key(w, "ids");
    jw_array(w);
    for (uint64_t i = first; i < n->made; i++) {
        const char *id = n->id[i % CREDENTIAL_IDS];
        jw_str(w, span_str(id));
        buf_str(text, i == first ? first          ? ": the last ids are "
                                   : n->made == 1 ? ": its id is "
                                                  : ": their ids are "
                                 : ", ");
        buf_str(text, id);
    }
    jw_array_end(w);
}

/* What is withdrawn of locks may have been made by the other of the two: who unlocks is counted, not whose lock it was.
 */
static void say_locks(struct buf *text, const struct credential_count *n, bool self, const char *role,
                      const char *party)
{
    if (self)
        buf_printf(text, "%s %s, by a token of its own, locked itself", role, party);
    else
        buf_printf(text, "the operator locked %s %s", role, party);
    buf_printf(text, " (%" PRIu64 " times) and unlocked it (%" PRIu64 " times)", n->made, n->retired);
}

static void say_made(struct buf *text, const struct credential_count *n, bool self, const char *role, const char *party,
                     enum credential what)
{
    const char *made = n->made == 1 ? words[what].one : words[what].more;
    if (self)
        buf_printf(text, "%s %s, by a token of its own, had %" PRIu64 " %s made", role, party, n->made, made);
    else
        buf_printf(text, "the operator made %" PRIu64 " %s for %s %s", n->made, made, role, party);
}

static void tell(struct audit *a, int side, bool self, enum credential what)
{
    const struct credential_count *n = &a->credential[side][self][what];
    const char *party = side ? a->publisher : a->advertiser, *role = side ? "publisher" : "advertiser";
    char when[32];
    struct buf at;
    if (n->made + n->retired == 0)
        return;
    struct buf *text = tale_add(&a->tale, TOPIC_CREDENTIAL);
    struct jw *w = &a->tale.w;
    buf_fixed(&at, when, sizeof when);
    if (n->made)
        time_rfc3339(&at, n->last_ms);
    if (what == CREDENTIAL_LOCK)
        say_locks(text, n, self, role, party);
    else
        say_made(text, n, self, role, party, what);
    if (n->made)
        buf_printf(text, "%s at %.*s (entry %" PRIu64 ")", n->made == 1 ? "" : ", the last", (int)at.len, when,
                   n->last_at);
    jw_kstr(w, "by", self ? SPAN("party") : SPAN("operator"));
    if (n->made)
        jw_kint(w, "entry", (int64_t)n->last_at);
    tell_ids(n, text, w);
    if (n->retired && what != CREDENTIAL_LOCK)
        buf_printf(text, "; %" PRIu64 " %s withdrawn", n->retired, n->retired == 1 ? "was" : "were");
    if (what == CREDENTIAL_LOCK)
        buf_str(text, ". While it is locked the server takes nothing from it, as it says");
    else
        buf_printf(text, ". Who holds one can %s%s", words[what].can, self ? "" : ", and so can the operator");
    if (n->made)
        jw_kstr(w, "last_at", buf_span(&at));
    jw_kint(w, "made", (int64_t)n->made);
    jw_kstr(w, "party", span_str(party));
    jw_kint(w, "retired", (int64_t)n->retired);
    jw_kstr(w, "role", span_str(role));
    jw_kstr(w, "what", span_str(credential_word(what)));
    tale_end(&a->tale);
}

void verify_credentials_tell(struct audit *a)
{
    for (int side = 0; side < 2; side++)
        for (int self = 0; self < 2; self++)
            for (int what = 0; what < CREDENTIAL_COUNT; what++)
                tell(a, side, self != 0, (enum credential)what);
}
