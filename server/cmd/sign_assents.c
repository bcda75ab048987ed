/* Assents to adjustments and to versions of the terms, and that one to a version is taken back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/decisions/rules.h"
#include "common/decisions/terms_diff.h"
#include "common/ledger/entry.h"
#include "common/settlement/assent.h"
#include "server/cmd/command.h"
#include "server/cmd/sign_private.h"
#include "server/system/log.h"
#include "server/system/system.h"

void sign_show_adjustments(const struct signing *s)
{
    const json_t *f;
    size_t at = 0;
    while ((f = sign_fact(s, "adjustment", &at)) != NULL) {
        const json_t *data = json_object_get(f, "data");
        int64_t entry = sign_number(data, "entry");
        if (json_object_get(data, "untold") != NULL)
            printf("adjustment  %s, of which some may wait\n", sign_text(f, "sentence"));
        if (json_is_true(json_object_get(data, "asks_assent")) && !sign_said(s, "adjustment", (uint64_t)entry))
            printf("adjustment  waits for the %s's assent (--adjustment %" PRId64 "): %s\n", s->role, entry,
                   sign_text(f, "sentence"));
    }
}

/* An entry of the log that holds. */
static void read_entry(const struct signing *s, uint64_t index, struct buf *bundle, struct span *bytes)
{
    char base[64], path[NAME_CAP];
    struct tile t = {.level = TILE_ENTRIES, .n = index / 256};
    enum err err;
    t.width = tile_width(TILE_ENTRIES, t.n, s->size);
    if (index >= s->size)
        die("the log of contract %s has no entry %" PRIu64, s->contract, index);
    snprintf(base, sizeof base, "log/%s", s->contract);
    tile_in(path, base, &t);
    sign_read_file(s, path, tile_most(&t) + 1, bundle);
    struct span rest = buf_span(bundle);
    for (uint64_t i = 0; i <= index % 256; i++)
        if (!bundle_next(&rest, bytes, &err))
            decline("%s/%s does not read", s->dir, path);
}

/* ---- the version that was named ---- */

struct version_sought {
    uint64_t number, index;
    uint64_t last; /* number of the last that was made */
    bool found;
};

static void look_at_terms(void *ctx, uint64_t first, struct span bundle)
{
    struct version_sought *v = ctx;
    struct span bytes;
    enum err err;
    for (uint64_t index = first; bundle_next(&bundle, &bytes, &err); index++) {
        struct entry e;
        if (memmem(bytes.ptr, bytes.len, "\"kind\":\"terms\"", 14) == NULL)
            continue;
        if (entry_read(bytes, &e, NULL) != ERR_OK)
            decline("entry %" PRIu64 " does not read", index);
        if (e.kind == ENTRY_TERMS) {
            v->last = (uint64_t)e.terms.version;
            if (v->last == v->number) {
                v->found = true;
                v->index = index;
            }
        }
        entry_close(&e);
    }
}

static uint64_t find_version(const struct signing *s)
{
    struct version_sought v = {.number = s->version};
    sign_bundles(s, look_at_terms, &v);
    if (!v.found)
        die("the log of contract %s goes up to version %" PRIu64 " of the terms: version %" PRIu64
            " was not made, or not told yet",
            s->contract, v.last, s->version);
    return v.index;
}

/* What `verify` says of it; of very many it tells the first and the last alone. NULL: it is one in between. */
static const json_t *version_fact(const struct signing *s)
{
    const json_t *f;
    size_t at = 0;
    while ((f = sign_fact(s, "terms", &at)) != NULL)
        if (sign_number(json_object_get(f, "data"), "version") == (int64_t)s->version)
            return f;
    return NULL;
}

/* In place of what it changed it says all that it is. */
static void version_tell(struct buf *out, uint64_t index, const struct entry *e)
{
    struct terms *terms;
    struct buf words;
    buf_heap(&words);
    if (rules_compile(&e->terms, &terms, NULL) != ERR_OK)
        decline("the terms of entry %" PRIu64 " do not read", index);
    terms_words(terms, true, &words);
    version_when_tell(out, index, e);
    buf_str(out, ". It pays ");
    utf8_show(out, buf_span(&words), 3 * words.len);
    buf_str(out,
            ". It is one of very many, of which `verify` tells the first and the last: what it changed, and whether "
            "it was given up or taken back since, is not shown here");
    terms_free(terms);
    buf_free(&words);
}

/* ---- what is assented to ---- */

/* NULL: it is one in between of very many. */
static const json_t *adjustment_fact(const struct signing *s)
{
    const json_t *f;
    size_t at = 0;
    while ((f = sign_fact(s, "adjustment", &at)) != NULL)
        if (json_object_get(json_object_get(f, "data"), "by") != NULL &&
            sign_number(json_object_get(f, "data"), "entry") == (int64_t)s->adjustment)
            return f;
    return NULL;
}

/* What it is, in words. f: what `verify` says of it, or NULL. */
static void assented_tell(const struct signing *s, const json_t *f, uint64_t index, const struct entry *e,
                          struct span bytes, struct buf *out)
{
    if (f != NULL)
        buf_str(out, sign_text(f, "sentence"));
    else if (s->version > 0)
        version_tell(out, index, e);
    else
        utf8_show(out, bytes, 2 * LIMIT_FIELD);
}

/* Shows what it is; false: this party has said so already. */
static bool show_assented(const struct signing *s, struct assented *to)
{
    const bool terms = s->version > 0;
    const json_t *f = terms ? version_fact(s) : adjustment_fact(s);
    const uint64_t index = !terms      ? s->adjustment
                           : f != NULL ? (uint64_t)sign_number(json_object_get(f, "data"), "entry")
                                       : find_version(s);
    struct buf bundle, shown;
    struct span bytes;
    struct entry e;
    buf_heap(&bundle);
    buf_heap(&shown);
    read_entry(s, index, &bundle, &bytes);
    if (entry_read(bytes, &e, NULL) != ERR_OK)
        decline("entry %" PRIu64 " does not read", index);
    if (!terms && (e.kind != ENTRY_ADJUSTMENT || !e.adjustment.on_assent))
        die("entry %" PRIu64 " of contract %s is no adjustment that asks for assents", index, s->contract);
    assented_tell(s, f, index, &e, bytes, &shown);
    printf("%-11s %.*s\n", terms ? "terms" : "adjustment", (int)shown.len, shown.ptr);
    *to = (struct assented){.adjustment = s->adjustment, .version = (int64_t)s->version};
    merkle_leaf(bytes, &to->leaf);
    entry_close(&e);
    buf_free(&bundle);
    buf_free(&shown);
    return !sign_said(s, s->withdraws ? "withdrawal" : terms ? "version" : "adjustment", terms ? s->version : index);
}

int sign_assent(const struct signing *s)
{
    const char *what = s->version > 0 ? "terms" : "adjustments";
    uint64_t number = s->version > 0 ? s->version : s->adjustment;
    const char *typ = s->withdraws ? WITHDRAWAL_TYP : ASSENT_TYP;
    const char *done = s->withdraws ? "taken back" : "assented to";
    struct assented to;
    struct buf said;
    char path[96];
    if (!show_assented(s, &to)) {
        printf("the %s has %s it already\n", s->role, done);
        return STATUS_DONE;
    }
    if (!sign_asked(s, 1))
        die("nothing was signed");
    buf_heap(&said);
    struct download *d = download_open(s->given[URL], s->token,
                                       (struct download_limits){.slack_s = SIGN_SLACK_S, .bytes = SIGN_ANSWER_MAX});
    struct span issuer = span_str(download_url(d));
    issuer.len--; /* its slash */
    assent_payload(&said, typ, issuer, span_str(s->party), span_str(s->contract), &to, clock_ms());
    snprintf(path, sizeof path, "v1/contracts/%s/%s/%" PRIu64 "/%s", s->contract, what, number,
             s->withdraws ? "withdraw" : "assent");
    json_t *must = json_object();
    json_object_set_new(must, s->version > 0 ? "version" : "index", json_integer((json_int_t)number));
    sign_send(s, d, path, typ, buf_span(&said), must);
    printf("%s %" PRIu64 ": %s by %s %s and taken by the server; the next pull shows it in the log\n",
           s->version > 0 ? "terms, version" : "adjustment", number, done, s->role, s->party);
    download_close(d);
    buf_free(&said);
    return STATUS_DONE;
}
