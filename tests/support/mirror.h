/* A small but complete mirror in memory, written by the same common/ code that the server uses: clicks, views, leads of
 * every outcome, dispositions, keys, two statements with answers, root log. What the tests of verify look at and
 * damage. */
#ifndef CS_TESTS_UNIT_MIRROR_H
#define CS_TESTS_UNIT_MIRROR_H

#include <stdio.h>

#include "common/base/bytes.h"
#include "common/decisions/rules.h"
#include "common/ledger/jws.h"
#include "common/ledger/note.h"
#include "common/ledger/root_log.h"
#include "common/ledger/server_keys.h"
#include "common/settlement/fold.h"
#include "common/settlement/tile_builder.h"
#include "common/settlement/verify.h"
#include "tests/support/party_words.h"
#include "tests/support/world.h"

#define CONTRACT "C1"
#define ORIGIN "track.example"

enum { FILES_MAX = 512, ENTRIES_MAX = 2048 };

struct mirror_file {
    char path[96];
    struct buf bytes;
    bool gone;
};

struct story {
    struct mirror_file file[FILES_MAX];
    size_t n_files;
    struct signer *log_key, *statement_key, *party_key[2]; /* advertiser A1, publisher P1 */
    struct signer *told_key[2];                            /* as the log told it last; NULL: not yet */
    struct signer *log_key_too;                            /* signs beside log_key; NULL: none does */
    uint8_t log_pubs[8][ED25519_KEY_LEN], statement_pubs[8][ED25519_KEY_LEN]; /* published, the oldest first */
    size_t n_log_pubs, n_statement_pubs;
    unsigned root_off; /* a lie: `root` of server_keys is by so many pairs too high */
    int keys_told;
    struct world world;
    struct view view;
    struct fold fold;
    struct buf entry[ENTRIES_MAX], plain[ENTRIES_MAX], kept[ENTRIES_MAX]; /* the last two: of its private part */
    uint64_t n;
    int64_t now_ms;
    struct tile_builder tree, root;
    struct buf root_bundle, openings;
    unsigned statements;
    uint64_t ends;      /* where the next one ends, if it was marked there; 0: it closes all */
    bool backdated;     /* a lie: its entry is dated before those in front of it */
    bool disputes;      /* what parties answer */
    const char *settle; /* of terms that come; NULL: manual */
};

static inline struct buf *story_file(struct story *s, const char *path)
{
    for (size_t i = 0; i < s->n_files; i++)
        if (strcmp(s->file[i].path, path) == 0)
            return &s->file[i].bytes;
    assert_true(s->n_files < FILES_MAX);
    struct mirror_file *f = &s->file[s->n_files++];
    snprintf(f->path, sizeof f->path, "%s", path);
    buf_heap(&f->bytes);
    return &f->bytes;
}

static inline struct buf *tile_file(struct story *s, const char *base, const struct tile *t)
{
    char path[96];
    struct buf b;
    buf_fixed(&b, path, sizeof path - 1);
    buf_str(&b, base);
    tile_path(&b, t);
    path[b.len] = '\0';
    return story_file(s, path);
}

static inline void contract_tile(void *ctx, const struct tile *t, struct span hashes)
{
    buf_span_add(tile_file(ctx, "log/" CONTRACT "/", t), hashes);
}

static inline void root_tile(void *ctx, const struct tile *t, struct span hashes)
{
    buf_span_add(tile_file(ctx, "log/", t), hashes);
}

static inline const struct fold_context *story_context(void)
{
    static const struct fold_context cx = {
        .contract = 1, .campaign = 1, .advertiser = 2, .contract_id = {CONTRACT, sizeof CONTRACT - 1}};
    return &cx;
}

/* Of traffic: what the next entry commits to. */
static inline struct private_part story_private(const struct story *s)
{
    struct private_part p = {.ip = SPAN(""), .ua = SPAN("")};
    store_be64(p.seed, s->n);
    return p;
}

static inline void story_commit(const struct story *s, struct hash *out)
{
    struct private_part p = story_private(s);
    private_commitment(&p, out);
}

/* Appends and applies; answers the index. */
static inline uint64_t tell(struct story *s, const struct entry *e, const struct private_part *priv)
{
    const struct private_part traffic = story_private(s);
    uint64_t index = s->n++;
    struct hash leaf;
    struct kept_part kept;
    assert_true(index < ENTRIES_MAX);
    buf_heap(&s->entry[index]);
    buf_heap(&s->plain[index]);
    buf_heap(&s->kept[index]);
    if (entry_commitment(e) != NULL)
        private_write(&s->plain[index], priv != NULL ? priv : &traffic);
    if (e->kind == ENTRY_LEAD && priv != NULL) {
        private_keep(priv, &kept);
        kept_write(&s->kept[index], &kept);
    }
    entry_write(&s->entry[index], e);
    world_keep(&s->world, story_context()->contract, index, e);
    merkle_leaf(buf_span(&s->entry[index]), &leaf);
    struct frontier before = s->tree.frontier;
    tile_builder_leaf(&s->tree, &leaf);
    assert_int_equal(fold_apply(&s->fold, index, e, &before, priv), ERR_OK);
    s->now_ms += 1000;
    fold_at(&s->fold, s->now_ms);
    return index;
}

/* What a lead is under them: TERMS_PLAIN, or another campaign member `lead`. */
#define TERMS_PLAIN "{'require':['email'],'honeypot':'f_url'}"

/* effective_ms 0: at once. twist (NULL: none) changes what is written, not what is folded. */
static inline void tell_terms_of(struct story *s, const char *lead, int64_t effective_ms,
                                 void (*twist)(struct entry_terms *t))
{
    char text[1024], price[256];
    snprintf(text, sizeof text,
             "{" CAMPAIGN_HEAD ",'default_country':'DE','lead':%s,'accept_from':['publisher'],'review':{'mode':'auto','"
             "auto_approve_days':14}}",
             lead);
    struct buf campaign = document_of(campaign_document, text, "K1");
    snprintf(price, sizeof price,
             "{'campaign':'K1','publisher':'P1','settle':'%s','price':{'lead':[{'micros':1,'when':{'field':'f_size',"
             "'equals':'small'}},{'micros':12340567}],'click_micros':1000,'sale_ppm':999999}}",
             s->settle != NULL ? s->settle : "manual");
    struct buf contract = document_of(contract_document, price, CONTRACT);
    struct entry e = {.kind = ENTRY_TERMS,
                      .at_ms = s->now_ms,
                      .terms = {.version = s->fold.versions.made + 1,
                                .rules = RULES_NOW,
                                .effective_ms = effective_ms,
                                .campaign = buf_span(&campaign),
                                .contract = buf_span(&contract)}};
    struct versions gone = {.n = 0};
    assert_int_equal(fold_terms(&s->fold, s->n, &e, &gone), ERR_OK);
    versions_free(&gone);
    if (twist != NULL)
        twist(&e.terms);
    tell(s, &e, NULL);
    buf_free(&campaign);
    buf_free(&contract);
}

static inline void tell_terms(struct story *s, const char *lead)
{
    tell_terms_of(s, lead, 0, NULL);
}

/* `key` shows itself as that side's, and `previous` signs it (NULL: none does). */
static inline void tell_key_of(struct story *s, int side, struct signer *key, struct signer *previous)
{
    struct buf payload, jws, previous_jws;
    buf_heap(&payload);
    buf_heap(&jws);
    buf_heap(&previous_jws);
    key_payload(&payload, signer_public(key), "https://" ORIGIN, side ? "P1" : "A1", s->now_ms + s->keys_told++);
    jws_compact(&jws, key, PARTY_KEY_TYP, buf_span(&payload));
    if (previous != NULL)
        jws_compact(&previous_jws, previous, PARTY_KEY_TYP, buf_span(&payload));
    struct entry e = {.kind = ENTRY_KEY,
                      .at_ms = s->now_ms,
                      .key = {.party = side ? SPAN("P1") : SPAN("A1"),
                              .jws = buf_span(&jws),
                              .previous_jws = buf_span(&previous_jws)}};
    memcpy(e.key.pub, signer_public(key), ED25519_KEY_LEN);
    tell(s, &e, NULL);
    buf_free(&payload);
    buf_free(&jws);
    buf_free(&previous_jws);
}

static inline void tell_key(struct story *s, int side)
{
    tell_key_of(s, side, s->party_key[side], s->told_key[side]);
    s->told_key[side] = s->party_key[side];
}

static inline uint64_t tell_click(struct story *s, enum class class)
{
    struct entry e = {
        .kind = ENTRY_CLICK, .at_ms = s->now_ms, .click = {.class = class, .placement = 1, .sub = {SPAN("sub")}}};
    story_commit(s, &e.click.commitment);
    uint64_t index = tell(s, &e, NULL);
    world_click(&s->world,
                (struct world_click){.contract = 1, .placement = 1, .index = index, .at_ms = e.at_ms, .class = class});
    return index;
}

static inline void tell_view(struct story *s, bool has_click, uint64_t click)
{
    struct entry e = {
        .kind = ENTRY_VIEW, .at_ms = s->now_ms, .view = {.placement = 1, .has_click = has_click, .click = click}};
    story_commit(s, &e.view.commitment);
    tell(s, &e, NULL);
}

static inline void tell_impression(struct story *s, enum class class)
{
    struct entry e = {.kind = ENTRY_IMPRESSION, .at_ms = s->now_ms, .view = {.class = class, .placement = 1}};
    story_commit(s, &e.view.commitment);
    tell(s, &e, NULL);
}

/* A lead as the server read it: person `person` (0: without an email address), which its contact fields must fit. */
struct reported {
    struct lead_report r;
    struct private_part priv;
    bool without_contact; /* the puller may not see the contact fields */
};

static inline void report(struct story *s, uint64_t click, int person, const char *contact, struct reported *out)
{
    *out = (struct reported){
        .r = {.party = SPAN("P1"),
              .given = person ? CONTACT_EMAIL : 0,
              .claimed = true,
              .touches = {{.contract = 1, .index = click}},
              .n_touches = 1,
              .has_email = person != 0},
        .priv = {.lead = true,
                 .ip = SPAN("192.0.2.1"),
                 .ua = SPAN("Test/1"),
                 .contact = span_str(contact),
                 .has_email = person != 0},
    };
    memset(out->priv.seed, (int)s->n, SALT_LEN);
    memset(out->priv.email, person, TOKEN_LEN);
    memset(out->r.email, person, TOKEN_LEN);
}

/* Decides it. */
static inline uint64_t tell_reported(struct story *s, struct reported *l)
{
    char txid[24];
    struct private_part priv = l->priv;
    struct lead_report r = l->r;
    snprintf(txid, sizeof txid, "tx%llu", (unsigned long long)s->n);
    r.txid = span_str(txid);
    if (r.trust != TRUST_PIXEL)
        sha256(txid, strlen(txid), r.request.b);
    struct kept_part kept;
    private_keep(&priv, &kept);
    kept_commitment(&kept, &r.commitment);

    struct lead_facts f;
    struct entry e;
    memset(&f, 0, sizeof f);
    assert_ok(gather_touches(&s->view, &r, &f));
    assert_ok(gather_person(&s->view, &s->fold.cx, s->fold.terms, &r, s->now_ms, &f));
    decide_lead(s->fold.terms, s->fold.terms_index, &r, &f, s->now_ms, &e);
    opening_write(&s->openings, s->n, &kept, &priv,
                  (struct opening_scope){.contact = !l->without_contact, .network = true});
    buf_byte(&s->openings, '\n');
    return tell(s, &e, &priv);
}

static inline uint64_t tell_lead(struct story *s, uint64_t click, int person)
{
    char contact[64];
    struct reported l;
    snprintf(contact, sizeof contact, person ? "{\"email\":\"p%d@shop.example\"}" : "{}", person);
    report(s, click, person, contact, &l);
    return tell_reported(s, &l);
}

static inline void tell_disposition_by(struct story *s, uint64_t lead, enum status status, const char *party,
                                       enum trust trust)
{
    struct disposition_report r = {.party = span_str(party),
                                   .trust = trust,
                                   .text = SPAN("said the CRM"),
                                   .status = status,
                                   .lead = lead,
                                   .request = {{1}}};
    struct lead_row row;
    struct entry e;
    bool same = false;
    struct disposition_facts facts;
    assert_ok(row_lead(&s->view, 1, lead, &row));
    assert_ok(gather_disposition(&s->view, &s->fold.cx, s->fold.terms, &r, &row, &facts));
    assert_int_equal(decide_disposition(s->fold.terms_index, &r, &row, &facts, s->now_ms, &e, &same, NULL), ERR_OK);
    tell(s, &e, NULL);
}

static inline void tell_disposition(struct story *s, uint64_t lead, enum status status)
{
    tell_disposition_by(s, lead, status, "A1", TRUST_API);
}

/* A sale of so much pays nearly all of it. */
static inline void tell_sale(struct story *s, uint64_t lead, int64_t amount_micros)
{
    struct disposition_report r = {.party = SPAN("A1"),
                                   .trust = TRUST_API,
                                   .status = STATUS_CONVERTED,
                                   .currency = SPAN("EUR"),
                                   .amount_micros = amount_micros,
                                   .lead = lead,
                                   .request = {{1}}};
    const struct disposition_facts facts = {.advertiser = true};
    struct lead_row row;
    struct entry e;
    bool same = false;
    assert_ok(row_lead(&s->view, 1, lead, &row));
    assert_ok(decide_disposition(s->fold.terms_index, &r, &row, &facts, s->now_ms, &e, &same, NULL));
    tell(s, &e, NULL);
}

static inline void tell_due(struct story *s, uint64_t lead)
{
    struct lead_row row;
    struct entry e;
    assert_ok(row_lead(&s->view, 1, lead, &row));
    s->now_ms = row.due_ms + 1;
    assert_true(decide_due(s->fold.terms_index, lead, &row, s->now_ms, &e));
    tell(s, &e, NULL);
}

static inline void story_sign(struct story *s, struct buf *note, const struct checkpoint *c)
{
    checkpoint_sign(note, c, s->log_key);
    if (s->log_key_too != NULL)
        checkpoint_sign_too(note, c, s->log_key_too);
}

static inline void story_root_entry(struct story *s, const struct hash *h)
{
    struct hash leaf;
    bundle_add(&s->root_bundle, span_of(h->b, HASH_LEN));
    merkle_leaf(span_of(h->b, HASH_LEN), &leaf);
    tile_builder_leaf(&s->root, &leaf);
}

/* A pair: of the log of that name, whose contract's readers are shown the note. */
static inline void story_root_leaf(struct story *s, const char *origin, struct span text)
{
    uint64_t leaf = s->root.frontier.size;
    struct hash sum, tag;
    sha256(text.ptr, text.len, sum.b);
    root_tag(span_str(origin), leaf, &tag);
    story_root_entry(s, &sum);
    story_root_entry(s, &tag);
    if (strcmp(origin, ORIGIN "/log/" CONTRACT) == 0) {
        struct buf *heads = story_file(s, "log/" CONTRACT "/heads");
        root_head_write(heads, leaf, text);
        buf_byte(heads, '\n');
    }
}

/* The server's keys as they are now in the story, signed by log_key and by `previous` (NULL: it is the same). */
static inline void tell_server_keys(struct story *s, bool compromised, struct signer *previous)
{
    struct server_keys k = {.at_ms = s->now_ms, .n_log = s->log_key_too != NULL ? 2 : 1, .compromised = compromised};
    struct buf payload, jws, previous_jws;
    buf_heap(&payload);
    buf_heap(&jws);
    buf_heap(&previous_jws);
    memcpy(k.log[0], signer_public(s->log_key), ED25519_KEY_LEN);
    if (s->log_key_too != NULL)
        memcpy(k.log[1], signer_public(s->log_key_too), ED25519_KEY_LEN);
    memcpy(k.statement, signer_public(s->statement_key), ED25519_KEY_LEN);
    server_keys_payload(&payload, &k, SPAN("https://" ORIGIN));
    jws_compact(&jws, s->log_key, SERVER_KEYS_TYP, buf_span(&payload));
    if (previous != NULL)
        jws_compact(&previous_jws, previous, SERVER_KEYS_TYP, buf_span(&payload));
    struct entry e = {.kind = ENTRY_SERVER_KEYS,
                      .at_ms = s->now_ms,
                      .server_keys = {.root = s->root.frontier.size + s->root_off * ROOT_PAIR,
                                      .jws = buf_span(&jws),
                                      .previous_jws = previous != NULL ? buf_span(&previous_jws) : SPAN("")}};
    story_root_leaf(s, ORIGIN "/log", buf_span(&jws));
    tell(s, &e, NULL);
    buf_free(&payload);
    buf_free(&jws);
    buf_free(&previous_jws);
}

/* New keys of both kinds, from a seed of their own; they are published and sign from now on. */
static inline void new_server_keys(struct story *s, const char *seed)
{
    uint8_t text[2][SEED_LEN] = {{'l'}, {'s'}};
    for (int i = 0; i < 2; i++)
        memcpy(text[i] + 1, seed, strlen(seed));
    s->log_key = signer_new(text[0]);
    s->statement_key = signer_new(text[1]);
    memcpy(s->log_pubs[s->n_log_pubs++], signer_public(s->log_key), ED25519_KEY_LEN);
    memcpy(s->statement_pubs[s->n_statement_pubs++], signer_public(s->statement_key), ED25519_KEY_LEN);
}

/* The note over the present tree; its hash goes to the root log. */
static inline void publish(struct story *s, struct buf *note)
{
    struct checkpoint c = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = s->n};
    frontier_root(&s->tree.frontier, &c.root);
    story_sign(s, note, &c);
    story_root_leaf(s, ORIGIN "/log/" CONTRACT, buf_span(note));
}

/* twist (NULL: none) changes what the entry says, behind the statement that it is about. */
static inline void tell_statement_of(struct story *s, void (*twist)(struct entry_statement *e))
{
    char id[LIMIT_ID + 1], path[64];
    statement_id(SPAN(CONTRACT), ++s->statements, id);
    struct entry e = {.kind = ENTRY_STATEMENT,
                      .at_ms = s->now_ms,
                      .statement = {.id = span_str(id), .number = s->statements, .from = s->fold.period.from}};
    struct statement_out out;
    struct hash root;
    struct closing closes;
    frontier_root(&s->tree.frontier, &root);
    entry_date(&e, s->now_ms, s->fold.last_ms);
    assert_ok(fold_closes(&s->fold, s->n, s->ends > 0 ? s->ends : s->n, &root, &closes));
    e.statement.to = closes.is.to;
    e.statement.issued_ms = e.at_ms;
    e.statement.to_ms = period_latest_end(&s->fold.period, &closes, e.at_ms);
    assert_int_equal(fold_statement(&s->fold, s->n, &e, &root, SPAN("https://" ORIGIN), &out, NULL), ERR_OK);
    e.statement.sha256 = out.sha256;
    if (twist != NULL)
        twist(&e.statement);
    snprintf(path, sizeof path, "v1/statements/%.*s/checkpoint", (int)e.statement.id.len, e.statement.id.ptr);
    publish(s, story_file(s, path));
    snprintf(path, sizeof path, "v1/statements/%.*s/lines", (int)e.statement.id.len, e.statement.id.ptr);
    buf_span_add(story_file(s, path), buf_span(&out.lines.text));
    snprintf(path, sizeof path, "v1/statements/%.*s.jws", (int)e.statement.id.len, e.statement.id.ptr);
    jws_general(story_file(s, path), s->statement_key, STATEMENT_TYP, buf_span(&out.payload));

    assert_ok(fold_next(&s->fold, s->n, &e, &root, &out));
    if (s->backdated)
        e.at_ms = s->now_ms;
    tell(s, &e, NULL);
    statement_free(&out);
}

static inline void tell_statement(struct story *s)
{
    tell_statement_of(s, NULL);
}

/* The answer of that side to the last statement. */
static inline void tell_response_of(struct story *s, int side, struct span jws)
{
    char id[LIMIT_ID + 1];
    statement_id(SPAN(CONTRACT), s->statements, id);
    struct entry e = {.kind = ENTRY_RESPONSE,
                      .at_ms = s->now_ms,
                      .response = {.party = side ? SPAN("P1") : SPAN("A1"), .statement = span_str(id), .jws = jws}};
    tell(s, &e, NULL);
}

static inline void tell_answer(struct story *s, int side, const char *verdict, const char *disputed, int64_t at_ms)
{
    struct buf sha256, jws;
    buf_heap(&sha256);
    buf_heap(&jws);
    buf_hex(&sha256, s->fold.period.prev_sha256.b, HASH_LEN);
    buf_byte(&sha256, '\0');
    response_jws(&jws, s->party_key[side], "https://" ORIGIN, side ? "P1" : "A1", sha256.ptr, verdict, disputed,
                 *disputed == '\0' && verdict[0] == 'd' ? "none of it" : "", at_ms);
    tell_response_of(s, side, buf_span(&jws));
    buf_free(&sha256);
    buf_free(&jws);
}

static inline void tell_response(struct story *s, int side)
{
    tell_answer(s, side, s->disputes ? "dispute" : "accept", s->disputes ? "18,19" : "", s->now_ms);
}

static inline void write_keys(struct story *s)
{
    uint8_t pubs[9][ED25519_KEY_LEN];
    struct signer *unused = signer_new((const uint8_t *)"a statement key to come.........");
    memcpy(pubs[0], signer_public(unused), ED25519_KEY_LEN);
    for (size_t i = 0; i < s->n_statement_pubs; i++)
        memcpy(pubs[i + 1], s->statement_pubs[s->n_statement_pubs - 1 - i], ED25519_KEY_LEN);
    jwks_write(story_file(s, ".well-known/jwks.json"), (const uint8_t(*)[ED25519_KEY_LEN])pubs,
               s->n_statement_pubs + 1);
    signer_free(unused);
    for (size_t key = s->n_log_pubs; key-- > 0;) {
        struct note_key k = {.name = SPAN(ORIGIN "/log")};
        memcpy(k.pub, s->log_pubs[key], ED25519_KEY_LEN);
        note_vkey(story_file(s, "log/keys"), &k);
        buf_byte(story_file(s, "log/keys"), '\n');
    }
}

/* All that is written once the last entry stands. */
static inline void write_logs(struct story *s)
{
    struct checkpoint c = {.origin = SPAN(ORIGIN "/log/" CONTRACT), .size = s->n};
    frontier_root(&s->tree.frontier, &c.root);
    story_sign(s, story_file(s, "log/" CONTRACT "/checkpoint"), &c);
    struct checkpoint root = {.origin = SPAN(ORIGIN "/log"), .size = s->root.frontier.size};
    frontier_root(&s->root.frontier, &root.root);
    story_sign(s, story_file(s, "log/checkpoint"), &root);
    for (uint64_t i = 0; i < s->n; i++) {
        struct tile t = {
            .level = TILE_ENTRIES, .n = i / TILE_WIDTH, .width = tile_width(TILE_ENTRIES, i / TILE_WIDTH, s->n)};
        bundle_add(tile_file(s, "log/" CONTRACT "/", &t), buf_span(&s->entry[i]));
    }
    struct tile bundle = {.level = TILE_ENTRIES, .width = (unsigned)root.size};
    buf_span_add(tile_file(s, "log/", &bundle), buf_span(&s->root_bundle));
    tile_builder_edge(&s->tree);
    tile_builder_edge(&s->root);
    buf_span_add(story_file(s, "log/" CONTRACT "/openings"), buf_span(&s->openings));
    (void)story_file(s, "log/" CONTRACT "/heads"); /* there, also where it is empty */
    write_keys(s);
}

/* Keys, and the first entries that every log has. */
static inline struct story *story_open(void)
{
    struct story *s = xcalloc(1, sizeof *s);
    new_server_keys(s, "first");
    s->party_key[0] = signer_new((const uint8_t *)"seed of the advertiser's key....");
    s->party_key[1] = signer_new((const uint8_t *)"seed of the publisher's key.....");
    s->world = world_new();
    s->view = world_view(&s->world);
    fold_open(&s->fold, story_context(), &s->view, s->world.rows);
    s->now_ms = NOW;
    tile_builder_open(&s->tree, contract_tile, s);
    tile_builder_open(&s->root, root_tile, s);
    buf_heap(&s->root_bundle);
    buf_heap(&s->openings);
    tell_terms(s, TERMS_PLAIN);
    tell_key(s, 0);
    tell_key(s, 1);
    return s;
}

/* Something of every kind, in one period. */
static inline struct story *story_short(void)
{
    struct story *s = story_open();
    uint64_t click = tell_click(s, CLASS_OK);
    tell_view(s, true, click);
    tell_impression(s, CLASS_OK);
    uint64_t lead = tell_lead(s, click, 1);
    tell_lead(s, click, 1); /* a duplicate */
    tell_disposition(s, lead, STATUS_APPROVED);
    tell_statement(s);
    tell_response(s, 0);
    return s;
}

/* Every outcome, two periods, `clicks` more clicks than it needs. More can be told: the logs are not written. */
static inline struct story *story_long(unsigned clicks)
{
    struct story *s = story_open();
    uint64_t click = tell_click(s, CLASS_OK);
    tell_click(s, CLASS_PREFETCH);
    tell_view(s, true, click);
    uint64_t first = tell_lead(s, click, 1), second = tell_lead(s, click, 2), third = tell_lead(s, click, 3);
    tell_lead(s, click, 1); /* a duplicate */
    tell_lead(s, click, 0); /* no email */
    tell_disposition(s, first, STATUS_APPROVED);
    tell_disposition(s, second, STATUS_REJECTED);
    for (unsigned i = 0; i < clicks; i++)
        tell_click(s, CLASS_OK);
    tell_statement(s);
    tell_response(s, 0);
    tell_response(s, 1);
    tell(s,
         &(struct entry){.kind = ENTRY_GAP,
                         .at_ms = s->now_ms,
                         .gap = {.from_ms = s->now_ms - 1000, .to_ms = s->now_ms, .clicks = 3, .views = 1}},
         NULL);
    tell_disposition(s, first, STATUS_RETURNED);
    tell_disposition(s, second, STATUS_APPROVED); /* taken back */
    tell_due(s, third);
    tell_statement(s);
    tell_response(s, 1);
    return s;
}

static inline void story_free(struct story *s)
{
    for (size_t i = 0; i < s->n_files; i++)
        buf_free(&s->file[i].bytes);
    for (uint64_t i = 0; i < s->n; i++) {
        buf_free(&s->entry[i]);
        buf_free(&s->plain[i]);
        buf_free(&s->kept[i]);
    }
    buf_free(&s->root_bundle);
    buf_free(&s->openings);
    tile_builder_close(&s->tree);
    tile_builder_close(&s->root);
    fold_close(&s->fold);
    world_free(&s->world);
    signer_free(s->log_key);
    signer_free(s->statement_key);
    signer_free(s->party_key[0]);
    signer_free(s->party_key[1]);
    free(s);
}

static inline enum err story_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    struct story *s = ctx;
    for (size_t i = 0; i < s->n_files; i++)
        if (!s->file[i].gone && strcmp(s->file[i].path, path) == 0) {
            const struct buf *b = &s->file[i].bytes;
            if (offset < b->len)
                buf_add(out, b->ptr + offset, b->len - offset < max ? b->len - offset : max);
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

static inline enum err story_list(void *ctx, void (*each)(void *arg, const char *path), void *arg)
{
    struct story *s = ctx;
    for (size_t i = 0; i < s->n_files; i++)
        if (!s->file[i].gone)
            each(arg, s->file[i].path);
    return ERR_OK;
}

static inline struct mirror story_mirror(struct story *s)
{
    return (struct mirror){.read = story_read, .list = story_list, .ctx = s};
}

#endif
