/* `changes DIR CONTRACTS CHANGES [many] [NAME]` makes an instance in the empty folder, with so many contracts of 100
 * campaigns, of 20 advertisers and of 500 publishers; then changes of each kind, by the committer's own fold, one a
 * batch (NAME: of one kind alone). It prints what one costs the committer's thread, beside what a batch costs that
 * changes nothing of the control data; and what a contract and a code hold in memory. With `many` nearly all
 * contracts are of one campaign and one publisher, and the changes are those of such a party: of one that goes on over
 * several batches, what the longest of them takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/decisions/rules.h"
#include "server/catalog/catalog_write.h"
#include "server/catalog/unfinished.h"
#include "server/commit/committer.h"
#include "server/commit/credentials.h"
#include "server/jobs.h"
#include "server/keys/vault.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { ADVERTISERS = 20, PUBLISHERS = 500, CAMPAIGNS = 100, FIRST_PUBLISHER = 2 + ADVERTISERS };
enum { AUDITOR = FIRST_PUBLISHER + PUBLISHERS };
#define MAP_SIZE ((uint64_t)4 << 30)

struct bench {
    struct instance in;
    struct committer *committer;
    struct arena *arena;
    uint32_t contracts;
    bool many; /* of one campaign and one publisher */
    size_t changes;
    struct compiled_of *compiled; /* as by a worker, for the job that is made */
    char (*kid)[LIMIT_ID + 1];
    char (*token)[LIMIT_ID + 1];
};

static void need(enum err err, const char *what)
{
    if (err != ERR_OK)
        die("%s: %s", what, err_word(err));
}

/* ---- the folder, before it opens ---- */

static struct buf document(enum err (*complete)(const json_t *, struct span, struct buf *, struct problem *),
                           const char *text, const char *id)
{
    json_t *in = NULL;
    struct buf out;
    buf_heap(&out);
    need(json_read(span_str(text), &in, NULL), text);
    need(complete(in, span_str(id), &out, NULL), text);
    json_decref(in);
    return out;
}

static void put_party(struct txn *t, uint32_t number, enum role role)
{
    struct party p = {.number = number, .role = role, .name = SPAN("Somebody & Sons"), .created_ms = 1};
    snprintf(p.id, sizeof p.id, "P%010u", number);
    need(catalog_put_party(t, &p), "a party");
}

static void put_contract(struct txn *t, struct contract *k, const char *text)
{
    struct buf doc = document(contract_document, text, k->id);
    struct row_ops ops = {.n = 1, .op[0] = {.table = ROW_TERMS, .key_len = TERMS_KEY_LEN, .value_len = TERMS_ROW_LEN}};
    k->document = buf_span(&doc);
    k->versions = (struct versions){.v = {{.number = 1}}, .n = 1, .made = 1};
    need(catalog_put_contract(t, k), "a contract");
    row_terms_key(ops.op[0].key, k->number, 1);
    ops.op[0].value[27] = RULES_NOW;
    need(store_rows_write(t, &ops), "its terms");
    need(catalog_put_code(t, k->number, &(struct code){.placement = 1, .label = SPAN("newsletter"), .created_ms = 1}),
         "a code");
    buf_free(&doc);
}

static void put_campaign(struct txn *t, uint32_t number, struct which *which, const struct who *advertiser)
{
    char text[512];
    struct campaign row = {.number = number, .advertiser = advertiser, .direct = number, .created_ms = 1}, *c = &row;
    snprintf(c->id, sizeof c->id, "A%010u", number);
    which->number = number;
    memcpy(which->id, c->id, sizeof which->id);
    snprintf(text, sizeof text,
             "{\"advertiser\":\"%s\",\"name\":\"Offer\",\"currency\":\"EUR\",\"landing_url\":\"https://shop.example/"
             "land?a=1\",\"allowed_hosts\":[\"*.shop.example\"]}",
             advertiser->id);
    struct buf doc = document(campaign_document, text, c->id);
    c->document = buf_span(&doc);
    need(catalog_put_campaign(t, c), "a campaign");
    struct contract k = {.number = number, .campaign = which, .created_ms = 1};
    snprintf(k.id, sizeof k.id, "C%010u", number);
    snprintf(text, sizeof text, "{\"campaign\":\"%s\"}", c->id);
    put_contract(t, &k, text);
    buf_free(&doc);
}

static void fill(struct bench *b)
{
    static struct which campaign[CAMPAIGNS];
    static struct who advertiser[ADVERTISERS];
    struct txn *t;
    need(txn_begin(b->in.store, true, &t), "a transaction");
    for (uint32_t i = 0; i < ADVERTISERS; i++) {
        put_party(t, 2 + i, ROLE_ADVERTISER);
        advertiser[i].number = 2 + i;
        snprintf(advertiser[i].id, sizeof advertiser[i].id, "P%010u", 2 + i);
    }
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        put_party(t, FIRST_PUBLISHER + i, ROLE_PUBLISHER);
    put_party(t, AUDITOR, ROLE_AUDITOR);
    for (uint32_t i = 0; i < CAMPAIGNS; i++)
        put_campaign(t, 1 + i, &campaign[i], &advertiser[i % ADVERTISERS]);
    for (uint32_t n = CAMPAIGNS + 1; n <= b->contracts; n++) {
        struct who publisher = {.number = FIRST_PUBLISHER + (b->many ? 0 : n / CAMPAIGNS % PUBLISHERS)};
        struct contract k = {
            .number = n, .campaign = &campaign[b->many ? 0 : n % CAMPAIGNS], .publisher = &publisher, .created_ms = 1};
        char text[512];
        snprintf(k.id, sizeof k.id, "C%010u", n);
        snprintf(text, sizeof text,
                 "{\"campaign\":\"%s\",\"publisher\":\"P%010u\",\"price\":{\"lead\":[{\"when\":{\"field\":\"f_age\","
                 "\"min\":30},\"micros\":%u},{\"micros\":5000000}]}}",
                 k.campaign->id, publisher.number, n);
        put_contract(t, &k, text);
    }
    need(txn_commit(t), "the commit");
}

/* ---- changes ---- */

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double anon_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "RssAnon:", 8) == 0)
            kib = strtol(line + 8, NULL, 10);
    if (f != NULL)
        fclose(f);
    return (double)kib;
}

static void seal(struct bench *b, const char *purpose, struct span aad, struct span plain, struct span *out)
{
    uint8_t nonce[VAULT_NONCE_LEN];
    struct buf sealed;
    vault_nonce(nonce);
    arena_buf(b->arena, &sealed, plain.len + 64);
    vault_seal(b->in.keys, purpose, aad, plain, nonce, &sealed);
    *out = buf_span(&sealed);
}

static void draw_secret(struct bench *b, struct secret_draw *s)
{
    static const char key[32] = "the bytes of a postback secret";
    random_id('K', s->kid);
    seal(b, VAULT_SECRETS, span_str(s->kid), span_of(key, sizeof key), &s->sealed);
}

static void draw_token(struct bench *b, struct token_draw *d)
{
    char token[API_TOKEN_LEN + 1];
    api_token_new(token);
    api_token_hash(token, d->sha256);
    seal(b, VAULT_TOKENS, span_of(d->sha256, HASH_LEN), span_str(token), &d->sealed);
}

/* The i-th of those that have a publisher, spread; and the number of its advertiser. */
static uint32_t contract_of(const struct bench *b, size_t i)
{
    return CAMPAIGNS + 1 + (uint32_t)(i * 7919 % (b->contracts - CAMPAIGNS));
}

static uint32_t advertiser_of(uint32_t contract)
{
    return 2 + contract % CAMPAIGNS % ADVERTISERS;
}

static uint32_t publisher_of(size_t i)
{
    return FIRST_PUBLISHER + (uint32_t)(i % PUBLISHERS);
}

static void hand(struct bench *b, const struct campaign *c, struct span contract)
{
    struct catalog *now = catalog_hold(b->in.catalog);
    need(compiled_hand(&b->compiled, catalog_beside(now, c->direct), c->document, contract, NULL), "terms");
    catalog_unref(now);
}

typedef void make_fn(struct bench *b, size_t i, struct record *r);

static void of_contract(struct bench *b, size_t i, struct record *r, uint32_t *contract)
{
    *contract = contract_of(b, i);
    r->advertiser = b->many ? 2 : advertiser_of(*contract);
}

static void make_click(struct bench *b, size_t i, struct record *r)
{
    struct record_track *t = &r->track;
    of_contract(b, i, r, &t->contract);
    t->sealed = (struct private_sealed){(uint32_t)(r->now_ms / 86400000), SPAN("what only a reader of it would open")};
    t->entry = (struct entry){.kind = ENTRY_CLICK, .at_ms = r->arrived_ms, .click.placement = 1};
    random_bytes(t->entry.click.commitment.b, sizeof t->entry.click.commitment.b);
}

static void make_code(struct bench *b, size_t i, struct record *r)
{
    of_contract(b, i, r, &r->code.contract);
    r->code.by = 1;
    r->code.label = SPAN("newsletter of the spring");
    r->code.landing_url = SPAN("https://www.shop.example/land?from=newsletter");
}

/* All of them of one contract. */
static void make_code_of_one(struct bench *b, size_t i, struct record *r)
{
    make_code(b, i, r);
    r->code.contract = CAMPAIGNS + 1;
    r->advertiser = advertiser_of(r->code.contract);
}

static void make_code_change(struct bench *b, size_t i, struct record *r)
{
    of_contract(b, i, r, &r->code_change.contract);
    r->code_change.placement = r->code_change.by = 1;
    r->code_change.relabels = true;
    r->code_change.label = SPAN("another newsletter");
}

static void make_token(struct bench *b, size_t i, struct record *r)
{
    r->token.party = publisher_of(i);
    r->token.by = 1;
    r->token.label = SPAN("the nightly job");
    r->token.scope = SPAN("");
    draw_token(b, &r->token.draw);
    credential_id(r->token.draw.sha256, b->token[i]);
}

static void make_token_end(struct bench *b, size_t i, struct record *r)
{
    r->token_end.party = publisher_of(i);
    r->token_end.by = 1;
    r->token_end.id = span_str(b->token[i]);
}

static void make_secret(struct bench *b, size_t i, struct record *r)
{
    r->secret.party = publisher_of(i);
    r->secret.by = 1;
    draw_secret(b, &r->secret.draw);
    memcpy(b->kid[i], r->secret.draw.kid, sizeof b->kid[i]);
}

static void make_retire(struct bench *b, size_t i, struct record *r)
{
    r->retire.party = publisher_of(i);
    r->retire.by = 1;
    r->retire.kid = span_str(b->kid[i]);
}

static void make_grant(struct bench *b, size_t i, struct record *r)
{
    of_contract(b, i, r, &r->grant.contract);
    r->grant.party = AUDITOR;
    r->grant.by = 1;
}

static void make_grant_end(struct bench *b, size_t i, struct record *r)
{
    of_contract(b, i, r, &r->grant_end.contract);
    r->grant_end.party = AUDITOR;
    r->grant_end.by = 1;
}

static void make_party(struct bench *b, size_t i, struct record *r)
{
    (void)i;
    r->party.name = SPAN("Somebody else");
    r->party.role = SPAN("publisher");
    r->party.by = 1;
    random_id('P', r->party.id);
    r->party.invited_until_ms = r->now_ms + 86400000;
    draw_secret(b, &r->party.secret);
    draw_token(b, &r->party.token);
    draw_token(b, &r->party.invitation);
}

static void make_rename(struct bench *b, size_t i, struct record *r)
{
    (void)b;
    r->legal.party = publisher_of(i);
    r->legal.by = 1;
    r->legal.name = i / PUBLISHERS % 2 ? SPAN("This name") : SPAN("That name");
}

static void make_lock(struct bench *b, size_t i, struct record *r)
{
    (void)b;
    r->lock.party = publisher_of(i / 2);
    r->lock.by = 1;
    r->lock.on = i % 2 == 0;
    random_id('L', r->lock.id);
}

static void make_rename_advertiser(struct bench *b, size_t i, struct record *r)
{
    make_rename(b, i, r);
    r->legal.party = 2 + (uint32_t)(i % ADVERTISERS);
    r->legal.name = i / ADVERTISERS % 2 ? SPAN("This name") : SPAN("That name");
}

static void make_contract(struct bench *b, size_t i, struct record *r)
{
    uint32_t campaign = 1 + (uint32_t)(i % CAMPAIGNS);
    char text[512];
    r->advertiser = 2 + (campaign - 1) % ADVERTISERS;
    r->contract.campaign = campaign;
    r->contract.publisher = FIRST_PUBLISHER + PUBLISHERS - 1 - (uint32_t)(i / CAMPAIGNS); /* who has none there yet */
    random_id('C', r->contract.id);
    snprintf(text, sizeof text,
             "{\"campaign\":\"A%010u\",\"publisher\":\"P%010u\",\"price\":{\"lead\":[{\"micros\":5000000}]}}", campaign,
             r->contract.publisher);
    struct buf doc = document(contract_document, text, r->contract.id);
    r->contract.document = arena_copy(b->arena, buf_span(&doc));
    buf_free(&doc);
    struct catalog *now = catalog_hold(b->in.catalog);
    hand(b, catalog_campaign_number(now, campaign), r->contract.document);
    catalog_unref(now);
}

static void make_campaign(struct bench *b, size_t i, struct record *r)
{
    char text[512];
    r->advertiser = 2 + (uint32_t)(i % ADVERTISERS);
    random_id('A', r->campaign.id);
    random_id('C', r->campaign.direct_id);
    snprintf(
        text, sizeof text,
        "{\"advertiser\":\"P%010u\",\"name\":\"Offer\",\"currency\":\"EUR\",\"landing_url\":\"https://shop.example/"
        "\"}",
        r->advertiser);
    struct buf doc = document(campaign_document, text, r->campaign.id);
    r->campaign.document = arena_copy(b->arena, buf_span(&doc));
    buf_free(&doc);
    snprintf(text, sizeof text, "{\"campaign\":\"%s\"}", r->campaign.id);
    doc = document(contract_document, text, r->campaign.direct_id);
    r->campaign.direct_document = arena_copy(b->arena, buf_span(&doc));
    buf_free(&doc);
    hand(b, &(const struct campaign){.document = r->campaign.document}, r->campaign.direct_document);
}

/* ---- of who has many contracts ---- */

static void make_campaign_change(struct bench *b, size_t i, struct record *r)
{
    char text[64];
    struct catalog *now = catalog_hold(b->in.catalog);
    const struct contract_list all = catalog_contracts_of(now, catalog_campaign_number(now, 1)->which);
    for (size_t n = 0; n < all.n; n++)
        r->change.made += (uint64_t)catalog_listed(now, &all, n)->versions.made;
    catalog_unref(now);
    r->advertiser = 2;
    r->change.number = 1;
    snprintf(text, sizeof text, "{\"name\":\"Offer %zu\"}", i);
    r->change.patch = arena_copy(b->arena, span_str(text));
}

static void make_pause(struct bench *b, size_t i, struct record *r)
{
    make_campaign_change(b, i, r);
    r->change.patch = i % 2 ? SPAN("{\"paused\":false}") : SPAN("{\"paused\":true}");
}

static void make_contract_change(struct bench *b, size_t i, struct record *r)
{
    char text[128];
    r->advertiser = 2;
    r->change.number = CAMPAIGNS + 1 + (uint32_t)i;
    snprintf(text, sizeof text, "{\"price\":{\"lead\":[{\"micros\":%zu}]},\"ends_at\":\"2020-01-01T00:00:00Z\"}",
             i + 1);
    r->change.patch = arena_copy(b->arena, span_str(text));
}

static void of_publisher(size_t i, struct record *r)
{
    r->legal.party = FIRST_PUBLISHER;
    r->legal.by = 1;
    r->legal.name = i % 2 ? SPAN("This name") : SPAN("That name");
}

static void make_rename_of_many(struct bench *b, size_t i, struct record *r)
{
    (void)b;
    of_publisher(i, r);
}

static void make_legal_of_many(struct bench *b, size_t i, struct record *r)
{
    (void)b;
    of_publisher(i, r);
    r->legal.name = SPAN("");
    r->legal.legal = i % 2 ? SPAN("{\"name\":\"Nova SA\"}") : SPAN("{\"name\":\"Nova SARL\"}");
}

static void make_rename_advertiser_of_many(struct bench *b, size_t i, struct record *r)
{
    (void)b;
    of_publisher(i, r);
    r->legal.party = 2;
}

static void make_lock_of_many(struct bench *b, size_t i, struct record *r)
{
    make_lock(b, i, r);
    r->lock.party = FIRST_PUBLISHER;
}

static void make_token_of_many(struct bench *b, size_t i, struct record *r)
{
    make_token(b, i, r);
    r->token.party = FIRST_PUBLISHER;
}

static void make_webhook_of_many(struct bench *b, size_t i, struct record *r)
{
    static const char key[WEBHOOK_SECRET_LEN] = "the bytes of a webhook's secret";
    uint8_t aad[4];
    r->webhook.party = FIRST_PUBLISHER;
    r->webhook.by = 1;
    r->webhook.url = i % 2 ? SPAN("https://a.example/") : SPAN("https://b.example/");
    random_id('W', r->webhook.id);
    store_be32(aad, FIRST_PUBLISHER);
    seal(b, VAULT_WEBHOOKS, span_of(aad, sizeof aad), span_of(key, sizeof key), &r->webhook.sealed);
}

static const struct change {
    const char *name;
    enum record_kind kind;
    make_fn *make;
} table[] = {
    {"code", RECORD_CODE, make_code},
    {"code, all of one contract", RECORD_CODE, make_code_of_one},
    {"code relabelled", RECORD_CODE_CHANGE, make_code_change},
    {"token", RECORD_TOKEN, make_token},
    {"token ended", RECORD_TOKEN_END, make_token_end},
    {"secret", RECORD_SECRET, make_secret},
    {"secret retired", RECORD_RETIRE, make_retire},
    {"grant", RECORD_GRANT, make_grant},
    {"grant revoked", RECORD_GRANT_END, make_grant_end},
    {"publisher renamed", RECORD_LEGAL, make_rename},
    {"advertiser renamed", RECORD_LEGAL, make_rename_advertiser},
    {"publisher locked, unlocked", RECORD_LOCK, make_lock},
    {"party", RECORD_PARTY, make_party},
    {"contract", RECORD_CONTRACT, make_contract},
    {"campaign", RECORD_CAMPAIGN, make_campaign},
};

static const struct change of_many[] = {
    {"campaign changed", RECORD_CAMPAIGN_CHANGE, make_campaign_change},
    {"campaign paused", RECORD_CAMPAIGN_CHANGE, make_pause},
    {"contract changed", RECORD_CONTRACT_CHANGE, make_contract_change},
    {"publisher renamed", RECORD_LEGAL, make_rename_of_many},
    {"publisher's legal data", RECORD_LEGAL, make_legal_of_many},
    {"advertiser renamed", RECORD_LEGAL, make_rename_advertiser_of_many},
    {"publisher locked, unlocked", RECORD_LOCK, make_lock_of_many},
    {"publisher's token", RECORD_TOKEN, make_token_of_many},
    {"publisher's webhook", RECORD_WEBHOOK, make_webhook_of_many},
    {"grant", RECORD_GRANT, make_grant},
    {"code", RECORD_CODE, make_code},
};

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The chores that it leaves: what the longest takes; *all: together. */
static double run_rest(struct bench *b, double *all)
{
    double most = 0;
    uint64_t after = 0;
    for (bool more = true; more;) {
        struct job job = {.chore = true,
                          .record = {.kind = RECORD_GO_ON, .now_ms = clock_ms(), .go_on = {SLICE_LOGS, after}}};
        struct job *jobs[] = {&job};
        bool wrote;
        double from = cpu_us();
        need(committer_run(b->committer, jobs, 1, &wrote), "go on");
        double took = cpu_us() - from;
        most = took > most ? took : most;
        *all += took;
        more = job.more;
        after = job.index;
    }
    return most;
}

static double run_one(struct bench *b, const struct change *c, size_t i)
{
    int64_t now = clock_ms();
    struct job job = {.arena = b->arena,
                      .record = {.kind = c->kind, .arrived_ms = now, .now_ms = now, .quota = UINT32_MAX}};
    struct job *jobs[] = {&job};
    bool wrote;
    c->make(b, i, &job.record);
    job.compiled = b->compiled;
    double from = cpu_us();
    need(committer_run(b->committer, jobs, 1, &wrote), c->name);
    double took = cpu_us() - from;
    if (job.err != ERR_OK)
        die("%s, %zu: %s %s", c->name, i, err_word(job.err), job.problem.detail);
    arena_reset(b->arena);
    compiled_list_free(b->compiled);
    b->compiled = NULL;
    return took;
}

static double run_sweep(struct bench *b)
{
    struct job job = {.chore = true, .record = {.kind = RECORD_SWEEP, .now_ms = clock_ms()}};
    struct job *jobs[] = {&job};
    bool wrote;
    double from = cpu_us();
    need(committer_run(b->committer, jobs, 1, &wrote), "a sweep");
    return cpu_us() - from;
}

static void run_many(struct bench *b, const struct change *c)
{
    double most = 0, most_rest = 0, all = 0, sweep = 0, *us = xcalloc(b->changes, sizeof *us);
    for (size_t i = 0; i < b->changes; i++) {
        us[i] = run_one(b, c, i);
        most = us[i] > most ? us[i] : most;
        double rest = run_rest(b, &all);
        most_rest = rest > most_rest ? rest : most_rest;
        double swept = run_sweep(b);
        sweep = swept > sweep ? swept : sweep;
    }
    qsort(us, b->changes, sizeof *us, double_compare);
    printf("%-28s its batch %9.1f us, at most %9.1f; of the rest %9.1f in all, the longest batch %9.1f; sweep %9.1f\n",
           c->name, us[b->changes / 2], most, all / (double)b->changes, most_rest, sweep);
    free(us);
}

/* A click in between: what a commit costs of itself changes with the machine's other work. */
static void run(struct bench *b, const struct change *c)
{
    static const struct change click = {"a click", RECORD_CLICK, make_click};
    double *us = xcalloc(b->changes, sizeof *us), *other = xcalloc(b->changes, sizeof *other), before = anon_kib();
    for (size_t i = 0; i < b->changes; i++) {
        us[i] = run_one(b, c, i);
        other[i] = run_one(b, &click, i);
    }
    double bytes = (anon_kib() - before) * 1024 / (double)b->changes;
    qsort(us, b->changes, sizeof *us, double_compare);
    qsort(other, b->changes, sizeof *other, double_compare);
    double median = us[b->changes / 2], click_median = other[b->changes / 2];
    printf("%-28s %7.1f us more than a click's %6.1f (medians; p99 %7.1f and %6.1f) %7.0f bytes held\n", c->name,
           median - click_median, click_median, us[b->changes * 99 / 100], other[b->changes * 99 / 100], bytes);
    free(us);
    free(other);
}

int main(int argc, char **argv)
{
    static struct bench b;
    const char *what;
    const char *only = argc >= 5 ? argv[argc - 1] : NULL;
    b.many = argc >= 5 && strcmp(argv[4], "many") == 0;
    b.contracts = argc >= 4 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    b.changes = argc >= 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (b.contracts < 2 * CAMPAIGNS || b.changes < 1 || b.changes > 20000)
        die("usage: changes DIR CONTRACTS CHANGES [many] [NAME]");
    b.arena = arena_new();
    b.kid = xcalloc(b.changes, sizeof *b.kid);
    b.token = xcalloc(b.changes, sizeof *b.token);
    char token[API_TOKEN_LEN + 1];
    api_token_new(token);
    const struct party operator= {
        .number = 1, .id = "P0000000001", .role = ROLE_OPERATOR, .name = SPAN("operator"), .created_ms = 1};
    const struct founding f = {
        .id = SPAN("I000000000001"), .url = SPAN("http://track.example"), .operator= & operator, .token = token };
    need(instance_create(argv[1], MAP_SIZE, &f, &what), argv[1]);
    need(instance_open(&b.in, argv[1], STORE_SERVE, MAP_SIZE, &what), argv[1]);
    fill(&b);
    instance_close(&b.in);
    double before = anon_kib();
    need(instance_open(&b.in, argv[1], STORE_SERVE, MAP_SIZE, &what), argv[1]);
    printf("%-28s %9.0f bytes held\n", "a contract with one code", (anon_kib() - before) * 1024 / b.contracts);
    need(committer_open(&(struct committer_setup){.instance = &b.in, .runs = job_runs}, &b.committer), "the committer");
    for (size_t i = 0; i < b.contracts && i < 10000; i++) /* logs that had an entry hold more than others */
        (void)run_one(&b, &(const struct change){"a click", RECORD_CLICK, make_click}, i);
    for (size_t i = 0; b.many && i < sizeof of_many / sizeof *of_many; i++)
        if (argc == 5 || strcmp(only, of_many[i].name) == 0)
            run_many(&b, &of_many[i]);
    for (size_t i = 0; !b.many && i < sizeof table / sizeof *table; i++)
        if (only == NULL || strcmp(only, table[i].name) == 0)
            run(&b, &table[i]);
    committer_close(b.committer);
    instance_close(&b.in);
    arena_free(b.arena);
    free(b.kid);
    free(b.token);
    return 0;
}
