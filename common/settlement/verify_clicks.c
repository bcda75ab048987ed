/* Click ids that a party saw. The contract's click key opens them to index and second: so each is a receipt, which
 * stands in the log, or does not. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/base/xxh64.h"
#include "common/settlement/verify_parts.h"
#include "common/tokens/tokens.h"

#define BETWEEN " \t\r\n,;\"" /* also what spreadsheets put there */

enum { LONGEST = 4096, KIDS = 256, LISTED = 10, SEEN_BEFORE_MS = 3600 * 1000 };
/* What came so long before the log's last entry stands in front of it: an id says when its click came, and a slow disk
 * or a step of the clock may put others before it. */
enum { SETTLED_MS = 60 * 1000 };

struct seen {
    uint64_t place, line, id; /* id: a hash of it */
    int64_t seen_ms;          /* 0: not told */
    uint32_t at_s;
    uint8_t flags;
};

struct gap_seen {
    struct entry_gap gap;
    uint64_t left; /* of what it counts: ids that were not seen so far */
};

struct clicks {
    struct finding *finding;
    bool ready; /* the ids could be opened */
    struct kept_files files;
    struct block_cipher *key[KIDS];
    struct seen *of; /* recorded ones first, by index */
    size_t n, n_recorded, room, next;
    struct gap_seen *gap;
    size_t n_gaps, gaps_room;
    uint64_t stand, without, unopened, nowhere, unrecorded, unseen, unseen_ok, late, listed[LISTED], closed[NAMED];
};

/* ---- reading ---- */

bool audit_click_keys(struct audit *a, struct finding *f, struct block_cipher *keys[256])
{
    char path[PATH_CAP];
    struct buf text;
    json_t *doc = NULL, *one;
    size_t i, len, n = 0;
    buf_heap(&text);
    snprintf(path, sizeof path, "v1/contracts/%s/click-key", a->contract);
    enum err err = a->mirror->read(a->mirror->ctx, path, 0, LIMIT_CLICK_KEYS, &text);
    if (err == ERR_NOT_FOUND)
        finds_doubt(f, "%.150s is missing: the mirror of a party has it, an auditor's has not", path);
    else if (err != ERR_OK)
        audit_unread(f, path, err);
    if (err == ERR_OK && json_read(buf_span(&text), &doc, NULL) == ERR_OK)
        json_array_foreach(json_object_get(doc, "keys"), i, one)
        {
            struct span b64 = SPAN("");
            int64_t kid = -1;
            uint8_t key[CLICK_KEY_LEN];
            if (json_get_int(one, "", "kid", 0, KIDS - 1, &kid, NULL, NULL) != ERR_OK || kid < 0 || keys[kid] != NULL ||
                json_get_str(one, "", "key", 64, &b64, NULL, NULL) != ERR_OK ||
                b64url_decode(b64, key, sizeof key, &len) != ERR_OK || len != sizeof key)
                continue;
            keys[kid] = block_cipher_new(key);
            n++;
        }
    if (err == ERR_OK && n == 0)
        finds_doubt(f, "%.150s holds no key", path);
    json_decref(doc);
    buf_free(&text);
    return n > 0;
}

static void add(struct clicks *c, const struct seen *s)
{
    if (c->n == c->room) {
        c->room = 2 * c->room + 256;
        c->of = xrealloc(c->of, c->room * sizeof *c->of);
    }
    c->of[c->n++] = *s;
}

/* An id, and behind a blank or comma perhaps when it was seen: RFC 3339, Unix seconds or milliseconds. */
static bool read_time(struct span text, int64_t *ms)
{
    int64_t n;
    *ms = 0;
    if (span_empty(text) || time_parse(text, ms) == ERR_OK)
        return true;
    if (parse_i64(text, &n) != ERR_OK || n <= 0 || n >= TIME_END_MS)
        return false;
    *ms = n < TIME_END_MS / 1000 ? n * 1000 : n;
    return true;
}

/* Takes the next word off the front; empty at the end. */
static struct span take_word(struct span *line)
{
    size_t n = 0;
    *line = text_trim(*line, BETWEEN);
    while (n < line->len && memchr(BETWEEN, line->ptr[n], sizeof BETWEEN - 1) == NULL)
        n++;
    struct span word = span_of(line->ptr, n);
    *line = span_skip(*line, n);
    return word;
}

/* The first word that has the shape of an id, and the one behind it. */
static bool find_id(struct span line, struct span *id, struct span *behind)
{
    do
        *id = take_word(&line);
    while (!span_empty(*id) && id->len != CLICK_ID_LEN);
    *behind = take_word(&line);
    return !span_empty(*id);
}

static void take_unopened(struct audit *a, struct span id, uint64_t number)
{
    struct clicks *c = a->clicks;
    char at[32];
    snprintf(at, sizeof at, "line %" PRIu64, number);
    if (c->unopened < NAMED)
        c->closed[c->unopened] = number;
    c->unopened++;
    if (a->asked->campaign != NULL)
        campaign_not_here(a->asked->campaign, CAMPAIGN_CLICKS, xxh64(0, id), at);
}

static void take_line(struct audit *a, struct span line, uint64_t number)
{
    struct clicks *c = a->clicks;
    struct seen s = {.line = number};
    struct pointer p;
    struct span id, rest;
    line = text_trim(line, BETWEEN);
    if (span_empty(line) || *line.ptr == '#')
        return;
    if (!find_id(line, &id, &rest)) {
        c->without++;
        return;
    }
    if (!read_time(rest, &s.seen_ms)) {
        finds_doubt(c->finding,
                    "line %" PRIu64 " has behind its id what is no time: write 2026-11-26T00:00:00Z, Unix seconds or "
                    "milliseconds there, or the id alone",
                    number);
        return;
    }
    if (click_id_open(c->key, id, &p) != ERR_OK) { /* another contract's; or made up */
        take_unopened(a, id, number);
        return;
    }
    s.id = xxh64(0, id);
    s.place = p.index;
    s.at_s = p.at_s;
    s.flags = p.flags;
    if (p.flags & ~CLICK_UNRECORDED)
        finds_doubt(c->finding, "line %" PRIu64 " is an id of a kind that is not known here", number);
    else if (p.flags == 0 && p.index > JSON_INT_MAX)
        c->nowhere++; /* what a HEAD was answered */
    else
        add(c, &s);
}

static int by_place(const void *x, const void *y)
{
    const struct seen *a = x, *b = y;
    if (a->flags != b->flags)
        return a->flags < b->flags ? -1 : 1;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* In their order, each once. */
static void sort(struct clicks *c)
{
    size_t kept = 0;
    if (c->n > 0)
        qsort(c->of, c->n, sizeof *c->of, by_place);
    for (size_t i = 0; i < c->n; i++)
        if (kept == 0 || by_place(&c->of[kept - 1], &c->of[i]) != 0)
            c->of[kept++] = c->of[i];
    c->n = kept;
    while (c->n_recorded < c->n && c->of[c->n_recorded].flags == 0)
        c->n_recorded++;
}

void verify_clicks_open(struct audit *a)
{
    if (a->asked->clicks == NULL)
        return;
    struct clicks *c = a->clicks = xcalloc(1, sizeof *c);
    c->finding = &a->finding[CHECK_CLICKS];
    (void)audit_click_keys(a, c->finding, c->key);
    c->ready = finding_verdict(c->finding) == HOLDS;
    if (!c->ready)
        return;
    if (a->asked->campaign != NULL)
        campaign_opens_clicks(a->asked->campaign);
    if (kept_files_list(&c->files, a->asked->clicks) != ERR_OK)
        finds_doubt(c->finding, "the click ids cannot be read: there is no such file, or it cannot be opened");
    for (size_t i = 0; i < c->files.n; i++) {
        struct lines l;
        struct span line;
        bool cut;
        lines_open(&l, a->asked->clicks, c->finding, c->files.name[i], "line of a click id", LONGEST);
        l.saved = true;
        for (uint64_t n = 1; lines_peek(&l, &line, &cut); n++) {
            take_line(a, line, n);
            lines_skip(&l, line);
        }
        lines_close(&l);
    }
    sort(c);
}

void verify_clicks_free(struct audit *a)
{
    struct clicks *c = a->clicks;
    if (c == NULL)
        return;
    for (size_t i = 0; i < KIDS; i++)
        block_cipher_free(c->key[i]);
    kept_files_free(&c->files);
    free(c->of);
    free(c->gap);
    free(c);
}

/* ---- comparing ---- */

static void compare(struct clicks *c, const struct seen *s, uint64_t index, const struct entry *e)
{
    int64_t clicked_ms = entry_clock(e);
    if (e->kind != ENTRY_CLICK)
        finds_failure(c->finding,
                      "line %" PRIu64 ": a click was answered as entry %" PRIu64 ", and is dropped: a %s stands there",
                      s->line, index, entry_kind_word(e->kind));
    else if (clicked_ms / 1000 != s->at_s)
        finds_failure(c->finding,
                      "line %" PRIu64 ": entry %" PRIu64
                      " is another click than the one that was answered, which came at another "
                      "second",
                      s->line, index);
    else if (s->seen_ms != 0 && s->seen_ms + SEEN_BEFORE_MS < clicked_ms)
        finds_failure(c->finding,
                      "line %" PRIu64 ": the click of entry %" PRIu64
                      " was seen more than an hour before its time there",
                      s->line, index);
    else
        c->stand++;
}

static void keep_gap(struct clicks *c, const struct entry_gap *g)
{
    c->late += g->late_clicks;
    if (g->clicks + g->late_clicks == 0)
        return;
    if (c->n_gaps == c->gaps_room) {
        c->gaps_room = 2 * c->gaps_room + 16;
        c->gap = xrealloc(c->gap, c->gaps_room * sizeof *c->gap);
    }
    c->gap[c->n_gaps++] = (struct gap_seen){*g, g->clicks + g->late_clicks};
}

void verify_clicks_entry(struct audit *a, uint64_t index, const struct entry *e)
{
    struct clicks *c = a->clicks;
    if (c == NULL)
        return;
    bool here = false;
    for (; c->next < c->n_recorded && c->of[c->next].place == index; c->next++) {
        if (here)
            finds_failure(c->finding,
                          "line %" PRIu64 ": another id of entry %" PRIu64
                          " was given out: two clicks were answered as one",
                          c->of[c->next].line, index);
        else
            compare(c, &c->of[c->next], index, e);
        here = true;
    }
    if (e->kind == ENTRY_GAP)
        keep_gap(c, &e->gap);
    if (e->kind != ENTRY_CLICK || here || e->click.class == CLASS_PREFETCH) /* which is given no id */
        return;
    c->unseen_ok += e->click.class == CLASS_OK;
    if (c->unseen < LISTED)
        c->listed[c->unseen] = index;
    c->unseen++;
}

/* An id has the clock's second: where the clock was set back, entries are dated ahead of it for a while. */
static bool is_settled(const struct seen *s, int64_t last_ms)
{
    return (int64_t)s->at_s * 1000 + SETTLED_MS < last_ms;
}

static int by_time(const void *x, const void *y)
{
    const struct seen *a = x, *b = y;
    return a->at_s < b->at_s ? -1 : a->at_s > b->at_s;
}

static int by_end(const void *x, const void *y)
{
    const struct gap_seen *a = x, *b = y;
    return a->gap.to_ms < b->gap.to_ms ? -1 : a->gap.to_ms > b->gap.to_ms;
}

/* The earliest id first, each to the gap that ends first: if all can be counted, so they are. */
static void match_in_order(struct clicks *c)
{
    if (c->n > c->n_recorded)
        qsort(c->of + c->n_recorded, c->n - c->n_recorded, sizeof *c->of, by_time);
    if (c->n_gaps > 0)
        qsort(c->gap, c->n_gaps, sizeof *c->gap, by_end);
}

/* Each id that left as unrecorded is one that a gap entry counts. */
static void compare_unrecorded(struct clicks *c, const struct seen *s, int64_t last_ms)
{
    bool covered = false;
    for (size_t i = 0; i < c->n_gaps; i++) {
        struct gap_seen *g = &c->gap[i];
        if (!gap_covers(&g->gap, (int64_t)s->at_s * 1000))
            continue;
        covered = true;
        if (g->left == 0)
            continue;
        g->left--;
        c->unrecorded++;
        return;
    }
    if (!is_settled(s, last_ms)) {
        finds_doubt(c->finding, "line %" PRIu64 ": the id left as unrecorded when this mirror was pulled: pull again",
                    s->line);
        return;
    }
    finds_failure(c->finding,
                  covered ? "line %" PRIu64 ": more ids of that second left as unrecorded than the gap entries count"
                          : "line %" PRIu64 ": the id left as unrecorded, and no gap entry counts it",
                  s->line);
}

static void tell_unseen(struct clicks *c)
{
    char list[LISTED * 24] = "";
    size_t len = 0;
    for (size_t i = 0; i < c->unseen && i < LISTED; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%" PRIu64, i ? ", " : "", c->listed[i]);
    finds_doubt(c->finding,
                "%" PRIu64 " click%s of the log (%" PRIu64 " of class ok) %s not among the ids: %s %s%s; %s "
                "invented, or you did not see %s",
                c->unseen, plural(c->unseen), c->unseen_ok, c->unseen == 1 ? "is" : "are",
                c->unseen == 1 ? "entry" : "entries", list, c->unseen > LISTED ? " and others" : "",
                c->unseen == 1 ? "it is" : "they are", c->unseen == 1 ? "it" : "them");
}

void verify_clicks_end(struct audit *a, bool complete)
{
    struct clicks *c = a->clicks;
    if (c == NULL || !c->ready)
        return;
    for (; c->next < c->n_recorded; c->next++) {
        const struct seen *s = &c->of[c->next];
        if (!complete)
            finds_doubt(c->finding, "line %" PRIu64 ": entry %" PRIu64 " could not be looked at", s->line, s->place);
        else if (is_settled(s, a->fold.last_clock_ms))
            finds_failure(c->finding,
                          "line %" PRIu64 ": a click was answered as entry %" PRIu64
                          ", and is dropped: the log has %" PRIu64 " entries, the last of a later time",
                          s->line, s->place, a->head.size);
        else
            finds_doubt(c->finding, "line %" PRIu64 ": the click came after this mirror was pulled: pull again",
                        s->line);
    }
    match_in_order(c);
    for (size_t i = c->n_recorded; i < c->n && complete; i++)
        compare_unrecorded(c, &c->of[i], a->fold.last_clock_ms);
    if (c->n == 0 && a->asked->campaign != NULL)
        return; /* another of the mirrors is asked about them */
    if (c->n == 0)
        finds_doubt(c->finding, "there is no id of this contract in what --clicks names");
    else if (c->unseen_ok > c->late) /* whose ids say nothing of their place */
        tell_unseen(c);
}

static void tell_unopened(const struct clicks *c, struct buf *out)
{
    buf_printf(out, "; %" PRIu64 " id%s not open (line", c->unopened, c->unopened == 1 ? " does" : "s do");
    for (size_t i = 0; i < c->unopened && i < NAMED; i++)
        buf_printf(out, "%s %" PRIu64, i ? "," : "", c->closed[i]);
    buf_printf(out,
               "%s): another contract's, whose log says what they earn, or never given out, and then nothing is owed "
               "for them",
               c->unopened > NAMED ? " and others" : "");
}

void verify_clicks_sentence(const struct audit *a, struct buf *out)
{
    const struct clicks *c = a->clicks;
    if (c == NULL)
        return;
    buf_printf(out, "%" PRIu64 " click%s stand%s in the log at index and second", c->stand, plural(c->stand),
               verb(c->stand));
    if (c->unrecorded > 0)
        buf_printf(out, "; %" PRIu64 " left as unrecorded, which gap entries count", c->unrecorded);
    if (c->unseen > 0)
        buf_printf(out,
                   "; %" PRIu64
                   " clicks of the log are not among the ids: not of class ok, or late ones whose ids left as "
                   "unrecorded",
                   c->unseen);
    if (c->unopened > 0)
        tell_unopened(c, out);
    if (c->without > 0)
        buf_printf(out, "; %" PRIu64 " line%s hold%s no id", c->without, plural(c->without), verb(c->without));
    if (c->nowhere > 0)
        buf_printf(out, "; %" PRIu64 " answered a HEAD request, which is no click", c->nowhere);
}
