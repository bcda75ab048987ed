#include "common/settlement/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/ledger/jws.h"
#include "common/settlement/verify_parts.h"

void audit_unread(struct finding *f, const char *path, enum err err)
{
    finds_doubt(f,
                err == ERR_NOT_FOUND  ? "%.150s is missing"
                : err == ERR_CONFLICT ? "%.150s is a link, a device or a folder, not a file: it was not opened"
                                      : "%.150s cannot be read",
                path);
}

void audit_too_long(struct finding *f, const char *path, size_t most)
{
    finds_failure(f, "%.150s is longer than the %zu bytes that it can have", path, most);
}

bool audit_read(struct audit *a, enum check c, const char *path, size_t most, struct buf *out)
{
    buf_clear(out);
    enum err err = a->mirror->read(a->mirror->ctx, path, 0, most + 1, out);
    if (err != ERR_OK)
        audit_unread(&a->finding[c], path, err);
    else if (out->len > most)
        audit_too_long(&a->finding[c], path, most);
    return err == ERR_OK && out->len <= most;
}

struct contracts {
    char first[LIMIT_ID + 1];
    unsigned n;
    bool halfway;
};

/* A contract's log is where log/{contract}/checkpoint is. */
static void look_for_contract(void *arg, const char *path)
{
    struct contracts *found = arg;
    found->halfway |= strcmp(path, MIRROR_HALFWAY) == 0;
    const char *id = path + 4, *slash = strncmp(path, "log/", 4) == 0 ? strchr(id, '/') : NULL;
    if (slash == NULL || strcmp(slash, "/checkpoint") != 0 || slash == id || slash - id > LIMIT_ID)
        return;
    if (found->n++ == 0) {
        memcpy(found->first, id, (size_t)(slash - id));
        found->first[slash - id] = '\0';
    }
}

static bool find_contract(struct audit *a)
{
    struct contracts found = {.n = 0};
    enum err err = a->mirror->list(a->mirror->ctx, look_for_contract, &found);
    bool good = err == ERR_OK && found.n == 1 && !found.halfway;
    for (int c = 0; c < CHECKS && !good; c++)
        if (err == ERR_NOT_FOUND)
            finds_doubt(&a->finding[c], "there is no such folder");
        else if (err != ERR_OK)
            finds_doubt(&a->finding[c], "the folder cannot be read");
        else if (found.halfway)
            finds_doubt(&a->finding[c], "a pull into this folder was cut short halfway: pull again");
        else
            finds_doubt(&a->finding[c], "this is not a mirror of one contract: %u files log/{contract}/checkpoint",
                        found.n);
    if (good)
        memcpy(a->contract, found.first, sizeof a->contract);
    return good;
}

/* All checks that need the entries: there were not enough of them. */
static void doubt_entries(struct audit *a, const char *why)
{
    static const enum check needs[] = {CHECK_ENTRIES, CHECK_DECISIONS, CHECK_OPENINGS, CHECK_STATEMENTS,
                                       CHECK_LINES,   CHECK_HEADS,     CHECK_RESPONSES};
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        finds_doubt(&a->finding[needs[i]], "not all entries could be looked at: %s", why);
    finds_doubt(&a->finding[CHECK_FILES], "what belongs here is not known: %s", why);
}

static void audit_contract(struct audit *a)
{
    char base[PATH_CAP], path[PATH_CAP];
    snprintf(base, sizeof base, "log/%s", a->contract);
    snprintf(path, sizeof path, "log/%s/checkpoint", a->contract);
    audit_fold_open(a);
    if (!audit_read(a, CHECK_CHECKPOINT, path, LIMIT_NOTE, &a->head_text) ||
        !verify_note(a, CHECK_CHECKPOINT, path, buf_span(&a->head_text), false, &a->head)) {
        finds_doubt(&a->finding[CHECK_TREE], "there is no checkpoint to compare with");
        doubt_entries(a, "there is no checkpoint that says how many");
        verify_known_end(a, LOG_CONTRACT, false, 0);
        verify_receipts_end(a, false);
        verify_clicks_end(a, false);
        verify_reconcile_end(a, false);
        return;
    }
    verify_heads_open(a);
    snprintf(path, sizeof path, "log/%s/openings", a->contract);
    a->openings = openings_open(a->asked, a->mirror, &a->finding[CHECK_OPENINGS], path);
    bool complete = verify_log(a, CHECK_TREE, base, &a->head, audit_fold_entry);
    verify_heads_end(a, complete);
    verify_model_end(a);
    if (a->n_closed > 0 && !a->stopped)
        verify_corrections_open(a);
    a->signers.walked = complete && !a->stopped;
    verify_receipts_end(a, a->signers.walked);
    verify_clicks_end(a, a->signers.walked);
    verify_reconcile_end(a, a->signers.walked);
    if (!complete)
        doubt_entries(a, "a bundle is missing or cut");
    else if (a->stopped)
        doubt_entries(a, "one of them cannot be followed");
    else if (openings_peek(a->openings) != NULL)
        finds_failure(&a->finding[CHECK_OPENINGS],
                      "after the last lead's opening there is more, or a line out of order");
    openings_close(a->openings);
    persons_judge(&a->persons, &a->finding[CHECK_OPENINGS]);
    if (a->asked->campaign != NULL && a->joined)
        campaign_end(a->asked->campaign, complete && !a->stopped, a->head.size, a->fold.clocked_ms, a->fold.clock_steps,
                     &a->persons);
}

/* Pairs: a leaf, and whose it is. */
static void root_entry(struct audit *a, uint64_t index, struct bundle_entry *e, const struct frontier *before)
{
    struct hash own;
    (void)before;
    a->root_size = index + 1;
    if (e->bytes.len != HASH_LEN)
        finds_failure(&a->finding[CHECK_ROOTLOG], "entry %" PRIu64 " is not the hash of a checkpoint", index);
    memset(own.b, 0, HASH_LEN);
    memcpy(own.b, e->bytes.ptr, e->bytes.len < HASH_LEN ? e->bytes.len : HASH_LEN);
    if (index % ROOT_PAIR == 0)
        a->heads.even = own;
    else
        verify_heads_pair(a, index - 1, &a->heads.even, &own);
}

static void audit_root_log(struct audit *a)
{
    struct buf text;
    struct checkpoint head = {.size = 0};
    buf_heap(&text);
    bool complete = audit_read(a, CHECK_ROOTLOG, "log/checkpoint", LIMIT_NOTE, &text) &&
                    verify_note(a, CHECK_ROOTLOG, "log/checkpoint", buf_span(&text), true, &head);
    if (complete && head.size % ROOT_PAIR != 0)
        finds_failure(&a->finding[CHECK_ROOTLOG], "the root log has %" PRIu64 " entries, and they come in pairs",
                      head.size);
    if (a->heads.opened)
        verify_heads_root_open(a);
    if (complete)
        complete = verify_log(a, CHECK_ROOTLOG, "log", &head, root_entry);
    else
        verify_known_end(a, LOG_ROOT, false, 0);
    if (a->heads.opened)
        verify_heads_root_end(a, complete);
    for (size_t i = 0; i < a->n_closed; i++) {
        struct closed *c = &a->closed[i];
        if (!complete)
            finds_doubt(&a->finding[CHECK_HEADS], "the root log could not be read to its end");
        else if (c->has_note && !c->in_root_log)
            finds_failure(&a->finding[CHECK_HEADS], "the head of statement %s is not in the root log", c->id);
    }
    verify_witnesses(a, complete);
    verify_signers_end(a, complete);
    bool known = finding_verdict(&a->finding[CHECK_FILES]) == HOLDS;
    if (known && complete)
        verify_files(a, &head);
    else if (known)
        finds_doubt(&a->finding[CHECK_FILES], "what belongs here is not known: a log could not be read to its end");
    verify_against(a, &head);
    buf_free(&text);
}

/* Days and hours, or less. */
void verify_age(struct buf *out, int64_t ms)
{
    uint64_t minutes = (uint64_t)ms / MS_PER_S / 60, days = minutes / 1440, hours = minutes / 60 % 24;
    if (days > 0)
        buf_printf(out, "%" PRIu64 " day%s and %" PRIu64 " hour%s", days, plural(days), hours, plural(hours));
    else
        buf_printf(out, "%" PRIu64 " hour%s and %" PRIu64 " minute%s", hours, plural(hours), minutes % 60,
                   plural(minutes % 60));
}

static void age_sentence(const struct audit *a, struct buf *out)
{
    int64_t age = a->asked->now_ms - a->fold.last_ms;
    buf_str(out, "the last entry is of ");
    time_rfc3339(out, a->fold.last_ms);
    buf_str(out, ", ");
    verify_age(out, age < 0 ? -age : age);
    buf_str(out, age < 0 ? " ahead of this machine's clock" : " ago");
}

/* Clocks differ by so much. */
#define AHEAD_MS (10 * 60 * 1000)

/* A log that nothing happens in grows old like a mirror that nobody pulls: which it is, a pull tells. */
static void audit_age(struct audit *a)
{
    struct finding *f = &a->finding[CHECK_AGE];
    char mem[160];
    struct buf text;
    if (a->asked->not_older_ms == 0)
        return;
    if (finding_verdict(&a->finding[CHECK_ENTRIES]) != HOLDS) {
        finds_doubt(f, "the entries do not hold: the time of the last one is not known");
    } else if (a->fold.last_ms > a->asked->now_ms + AHEAD_MS) {
        buf_fixed(&text, mem, sizeof mem - 1);
        age_sentence(a, &text);
        mem[text.len] = '\0';
        finds_doubt(f, "%s: a log that is dated forward never grows old, or this clock is wrong", mem);
    } else if (a->fold.last_ms < a->asked->not_older_ms) {
        buf_fixed(&text, mem, sizeof mem - 1);
        age_sentence(a, &text);
        mem[text.len] = '\0';
        finds_failure(f, "%s: older than you allow; pull again", mem);
    }
}

static void root_sentence(const struct audit *a, struct buf *out)
{
    buf_printf(out, "signed over %" PRIu64 " %s, root ", a->head.size, a->head.size == 1 ? "entry" : "entries");
    buf_hex(out, a->head.root.b, HASH_LEN);
}

static void decisions_sentence(const struct audit *a, struct buf *out)
{
    buf_printf(out, "%" PRIu64 " lead%s and %" PRIu64 " disposition%s decided again, with the same outcome", a->decided,
               plural(a->decided), a->dispositions, plural(a->dispositions));
    if (a->foreign)
        buf_printf(out, "; %" PRIu64 " rest%s on other contracts of the campaign, taken at the entries' word",
                   a->foreign, verb(a->foreign));
    for (size_t i = 0; i < a->n_operators; i++)
        buf_printf(out, "; %" PRIu64 " disposition%s by the operator %s, not by the advertiser", a->operator[i].n,
                   plural(a->operator[i].n), a->operator[i].party);
    if (a->other_operators)
        buf_printf(out, "; %" PRIu64 " more by other operators", a->other_operators);
}

/* The log alone says whose a key is: so each one that answered is named, for the parties to compare. */
static void responses_sentence(const struct audit *a, struct buf *out)
{
    uint64_t n = a->kinds[ENTRY_RESPONSE];
    buf_printf(out, "%" PRIu64 " answer%s signed by the parties' own keys", n, plural(n));
    for (size_t i = 0; i < a->n_answerers; i++) {
        char kid[JWK_KID_LEN];
        jwk_kid(a->answerer[i].pub, kid);
        buf_printf(out, "%s %s by ", i ? "," : ":", a->answerer[i].party);
        buf_add(out, kid, sizeof kid);
    }
    if (a->n_answerers)
        buf_printf(out, "%s: compare with what the parties say", a->more_answerers ? ", and by further keys" : "");
    for (size_t i = 0; i < a->n_party_keys; i++)
        if (a->party_key[i].changes)
            buf_printf(out, "; the key of %s changed %" PRIu64 " time%s, last at entry %" PRIu64, a->party_key[i].party,
                       a->party_key[i].changes, plural(a->party_key[i].changes), a->party_key[i].changed_at);
}

static void entries_sentence(const struct audit *a, struct buf *out)
{
    static const enum entry_kind told[] = {ENTRY_CLICK, ENTRY_VIEW, ENTRY_IMPRESSION, ENTRY_LEAD, ENTRY_DISPOSITION};
    uint64_t others = a->head.size;
    buf_str(out, "canonical and in order: ");
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        uint64_t n = a->kinds[told[i]];
        buf_printf(out, "%" PRIu64 " %s%s, ", n, entry_kind_word(told[i]), plural(n));
        others -= n;
    }
    buf_printf(out, "%" PRIu64 " other%s", others, plural(others));
    if (a->fold.last_ms > 0) {
        buf_str(out, "; the last is of ");
        time_rfc3339(out, a->fold.last_ms);
    }
}

static void against_sentence(const struct audit *a, struct buf *out)
{
    uint64_t other = a->other_size[LOG_CONTRACT], common = other < a->head.size ? other : a->head.size;
    uint64_t roots = a->other_size[LOG_ROOT] < a->root_size ? a->other_size[LOG_ROOT] : a->root_size;
    buf_printf(out,
               "one history: the first %" PRIu64 " entries are the same in both (this mirror has %" PRIu64
               ", the other %" PRIu64 "), and the first %" PRIu64 " heads of the root log",
               common, a->head.size, other, roots / ROOT_PAIR);
}

static bool is_asked(const struct audit *a, enum check c)
{
    return c == CHECK_PINS        ? a->asked->pins.ptr != NULL
           : c == CHECK_AGAINST   ? a->asked->against != NULL
           : c == CHECK_WITNESSES ? verify_witnessed_any(a)
           : c == CHECK_AGE       ? a->asked->not_older_ms != 0
           : c == CHECK_RECEIPTS  ? a->asked->receipts != NULL
           : c == CHECK_CLICKS    ? a->asked->clicks != NULL
           : c == CHECK_RECONCILE ? a->asked->own_rows != NULL
                                  : true;
}

/* What holds of what was asked for. */
static void asked_sentence(const struct audit *a, enum check c, struct buf *out)
{
    switch (c) {
    case CHECK_PINS:
        buf_printf(out, "%" PRIu64 " pin%s for these logs hold%s", a->n_pinned, plural(a->n_pinned), verb(a->n_pinned));
        break;
    case CHECK_AGAINST:
        against_sentence(a, out);
        break;
    case CHECK_WITNESSES:
        verify_witnesses_sentence(a, out);
        break;
    case CHECK_AGE:
        age_sentence(a, out);
        break;
    case CHECK_RECEIPTS:
        verify_receipts_sentence(a, out);
        break;
    case CHECK_CLICKS:
        verify_clicks_sentence(a, out);
        break;
    case CHECK_RECONCILE:
        verify_reconcile_sentence(a, out);
        break;
    default:
        break;
    }
}

static void openings_sentence(const struct audit *a, struct buf *out)
{
    buf_printf(out, "%" PRIu64 " opening%s fit what the entries committed to; every lead has one", a->opened,
               plural(a->opened));
    if (a->contacts_open > 0)
        buf_printf(out, "; the contact fields of %" PRIu64 " are open: equal ones have equal tokens, others others",
                   a->contacts_open);
}

/* What holds, with figures, so that a person sees how much was looked at. */
static void good_sentence(const struct audit *a, enum check c, struct buf *out)
{
    uint64_t statements = a->n_closed;
    switch (c) {
    case CHECK_KEYS:
        verify_keys_tell(a, out);
        break;
    case CHECK_CHECKPOINT:
        root_sentence(a, out);
        break;
    case CHECK_TREE:
        buf_printf(out, "the entries give that root; the log's tiles hold what they must");
        break;
    case CHECK_ENTRIES:
        entries_sentence(a, out);
        break;
    case CHECK_DECISIONS:
        decisions_sentence(a, out);
        break;
    case CHECK_OPENINGS:
        openings_sentence(a, out);
        break;
    case CHECK_STATEMENTS:
        buf_printf(out, "%" PRIu64 " statement%s signed, chained, and equal to the recomputed byte for byte",
                   statements, plural(statements));
        break;
    case CHECK_LINES:
        buf_printf(out, "%" PRIu64 " line item%s equal to the recomputed", a->lines, plural(a->lines));
        break;
    case CHECK_HEADS:
        verify_heads_sentence(a, out);
        break;
    case CHECK_RESPONSES:
        responses_sentence(a, out);
        break;
    case CHECK_HISTORY:
        buf_printf(out, "%" PRIu64 " checkpoint%s of earlier pulls, each signed, and in the trees as it was", a->n_kept,
                   plural(a->n_kept));
        break;
    case CHECK_ROOTLOG:
        buf_printf(out, "signed over %" PRIu64 " head%s, which give%s its root", a->root_size / ROOT_PAIR,
                   plural(a->root_size / ROOT_PAIR), verb(a->root_size / ROOT_PAIR));
        break;
    case CHECK_FILES:
        verify_files_sentence(a, out);
        break;
    default:
        asked_sentence(a, c, out);
    }
}

static enum verdict tell(struct audit *a, verify_report *report, void *ctx)
{
    static const char *const words[CHECKS] = {
#define X(symbol, word) word,
        CHECK_TABLE(X)
#undef X
    };
    enum verdict all = HOLDS, found[CHECKS] = {HOLDS};
    for (int c = 0; c < CHECKS; c++) {
        char mem[8192]; /* the longest names all keys that signed */
        struct buf text;
        if (!is_asked(a, (enum check)c))
            continue;
        buf_fixed(&text, mem, sizeof mem - 1);
        good_sentence(a, (enum check)c, &text);
        mem[text.len] = '\0';
        found[c] = finding_report(&a->finding[c], words[c], mem, report, ctx);
        all = verdict_worse(all, found[c]);
    }
    verify_facts(a);
    verify_reconcile_tell(a);
    tale_report(&a->tale, found, report, ctx);
    return all;
}

enum verdict verify_mirror(const struct mirror *m, const struct verify_asked *asked, verify_report *report, void *ctx)
{
    static const struct verify_asked nothing;
    struct audit *a = xcalloc(1, sizeof *a);
    a->mirror = m;
    a->asked = asked != NULL ? asked : &nothing;
    buf_heap(&a->keys.names);
    buf_heap(&a->head_text);
    buf_heap(&a->witnessed.note);
    if (find_contract(a)) {
        verify_keys(a);
        verify_known_open(a);
        verify_receipts_open(a);
        verify_clicks_open(a);
        audit_contract(a);
        audit_root_log(a);
        verify_pins(a);
        audit_age(a);
    }
    enum verdict v = tell(a, report, ctx);
    if (a->asked->pin_out != NULL && v == HOLDS)
        verify_pins_write(a, a->asked->pin_out);
    audit_fold_close(a);
    audit_closed_free(a);
    tale_free(&a->tale);
    verify_signers_free(a);
    verify_receipts_free(a);
    verify_clicks_free(a);
    verify_reconcile_free(a);
    buf_free(&a->keys.names);
    buf_free(&a->head_text);
    buf_free(&a->witnessed.note);
    free(a);
    return v;
}
