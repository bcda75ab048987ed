/* What the tests of decisions and statements share: terms from short JSON (single quotes for double ones), rows and
 * clicks in memory. */
#ifndef CS_TESTS_UNIT_WORLD_H
#define CS_TESTS_UNIT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/decisions/decide.h"
#include "common/decisions/row_write.h"
#include "common/settlement/rows_map.h"
#include "tests/support/ok.h"

#define NOW ((int64_t)1790000000000) /* 2026-09-21 */

static inline json_t *json_of(const char *quoted)
{
    char *text = xstrdup(quoted);
    struct problem p = {0};
    json_t *v = NULL;
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    enum err err = json_read(span_str(text), &v, &p);
    if (err != ERR_OK)
        fail_msg("%s: %s %s", quoted, p.field, p.detail);
    free(text);
    return v;
}

/* A document as campaign_document or contract_document completes it. */
static inline struct buf document_of(enum err (*complete)(const json_t *, struct span, struct buf *, struct problem *),
                                     const char *quoted, const char *id)
{
    struct problem p = {0};
    json_t *in = json_of(quoted);
    struct buf out;
    buf_heap(&out);
    enum err err = complete(in, span_str(id), &out, &p);
    if (err != ERR_OK)
        fail_msg("%s: %s %s", quoted, p.field, p.detail);
    json_decref(in);
    return out;
}

#define CAMPAIGN_HEAD "'advertiser':'A1','name':'Test','currency':'EUR','landing_url':'https://shop.example/land'"

/* `campaign` and `contract` are further members, each led by a comma, or "". */
static inline struct terms *terms_of(const char *campaign, const char *contract, const char *contract_id)
{
    char text[4096];
    struct problem p = {0};
    struct terms *t = NULL;
    struct buf docs[2];

    snprintf(text, sizeof text, "{" CAMPAIGN_HEAD "%s}", campaign);
    docs[0] = document_of(campaign_document, text, "K1");
    snprintf(text, sizeof text, "{'campaign':'K1','publisher':'P1'%s}", contract);
    docs[1] = document_of(contract_document, text, contract_id);
    enum err err = terms_compile(buf_span(&docs[0]), buf_span(&docs[1]), &t, &p);
    if (err != ERR_OK)
        fail_msg("%s: %s", p.field, p.detail);
    buf_free(&docs[0]);
    buf_free(&docs[1]);
    return t;
}

struct world_click {
    uint32_t contract, placement;
    uint64_t index;
    int64_t at_ms;
    enum class class;
    uint32_t clock_steps;
    enum device device;
};

struct world_entry {
    uint32_t contract;
    uint64_t index;
    struct buf bytes;
};

struct world {
    struct rows_map *rows;
    struct world_click *clicks;
    size_t n, room;
    struct world_entry *entries;
    size_t n_entries, entries_room;
};

static inline enum err world_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    return rows_map_get(((struct world *)ctx)->rows, t, key, value);
}

static inline enum err world_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    return rows_map_seek(((struct world *)ctx)->rows, t, from, key, value);
}

static inline enum err world_find_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    const struct world *w = ctx;
    for (size_t i = 0; i < w->n; i++)
        if (w->clicks[i].contract == contract && w->clicks[i].index == index) {
            const struct world_click *c = &w->clicks[i];
            *out = (struct clicked){c->class, c->device, c->at_ms, c->placement, c->clock_steps};
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

/* No two leads have the same. */
static inline enum err world_leaf(void *ctx, uint32_t contract, uint64_t index, struct hash *out)
{
    (void)ctx;
    *out = (struct hash){{0}};
    store_be32(out->b, contract);
    store_be64(out->b + 4, index);
    return ERR_OK;
}

/* One of a single log from its beginning on stands at its index; else the latest come first. */
static inline enum err world_entry(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    const struct world *w = ctx;
    bool there = index < w->n_entries && w->entries[index].contract == contract && w->entries[index].index == index;
    for (size_t i = there ? index + 1 : w->n_entries; i-- > 0;)
        if (w->entries[i].contract == contract && w->entries[i].index == index) {
            *out = buf_span(&w->entries[i].bytes);
            return ERR_OK;
        }
    for (size_t i = 0; i < w->n; i++)
        if (w->clicks[i].contract == contract && w->clicks[i].index == index) {
            *out = SPAN("{\"at\":1,\"kind\":\"click\"}");
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

static inline void world_keep(struct world *w, uint32_t contract, uint64_t index, const struct entry *e)
{
    if (w->n_entries == w->entries_room) {
        w->entries_room = w->entries_room ? 2 * w->entries_room : 64;
        w->entries = xrealloc(w->entries, w->entries_room * sizeof *w->entries);
    }
    struct world_entry *kept = &w->entries[w->n_entries++];
    *kept = (struct world_entry){.contract = contract, .index = index};
    buf_heap(&kept->bytes);
    entry_write(&kept->bytes, e);
}

static inline struct world world_new(void)
{
    return (struct world){.rows = rows_map_new(NULL)};
}

static inline void world_free(struct world *w)
{
    rows_map_free(w->rows);
    free(w->clicks);
    for (size_t i = 0; i < w->n_entries; i++)
        buf_free(&w->entries[i].bytes);
    free(w->entries);
}

static inline struct view world_view(struct world *w)
{
    return (struct view){.get = world_get,
                         .seek = world_seek,
                         .click = world_find_click,
                         .leaf = world_leaf,
                         .entry = world_entry,
                         .ctx = w};
}

static inline void world_click(struct world *w, struct world_click c)
{
    if (w->n == w->room) {
        w->room = w->room ? 2 * w->room : 64;
        w->clicks = xrealloc(w->clicks, w->room * sizeof *w->clicks);
    }
    w->clicks[w->n++] = c;
}

/* A statement that closed what stands before `to`. */
static inline void settled(struct world *w, uint32_t contract, uint64_t to)
{
    uint8_t key[12], value[10] = {0};
    row_index_key(key, contract, to);
    store_be64(value, to);
    memcpy(value + 8, "S0", 2);
    rows_map_put(w->rows, ROW_SETTLED, span_of(key, sizeof key), span_of(value, sizeof value));
    uint8_t of[6], vat[ROW_VALUE_MAX];
    size_t len = correction_row_write(&(struct correction_row){.number = 1, .issued_ms = 1}, vat); /* under no VAT */
    store_be32(of, contract);
    memcpy(of + 4, "S0", 2);
    rows_map_put(w->rows, ROW_CORRECTIONS, span_of(of, sizeof of), span_of(vat, len));
}

/* Applies an entry to the rows. */
static inline enum err world_apply(struct world *w, const struct fold_context *cx, const struct terms *t,
                                   uint64_t index, const struct entry *e, const struct private_part *priv)
{
    struct view v = world_view(w);
    struct row_ops ops;
    enum err err = apply(cx, &v, t, index, e, priv, &ops);
    if (err == ERR_OK) {
        rows_map_write(w->rows, &ops);
        world_keep(w, cx->contract, index, e);
    }
    return err;
}

#endif
