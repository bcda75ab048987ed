/* common/decisions/terms and link: a campaign's document, newline, a contract's, and perhaps newline and a patch. As
 * sent: what is completed or patched is canonical, complete, and compiles. As stored: what compiles is used. */
#include <stdlib.h>

#include "common/decisions/link.h"
#include "common/decisions/terms.h"
#include "tests/fuzz/fuzz.h"

typedef enum err (*completing)(const json_t *in, struct span id, struct buf *canonical, struct problem *p);
typedef enum err (*patching)(struct span stored, const json_t *patch, struct buf *canonical, struct problem *p);

/* A stored document, sent again without its id, is completed to itself; patched with nothing it stays. */
static void stays(completing complete, patching patch, struct span id, struct span document)
{
    json_t *v = NULL, *nothing = json_object();
    struct buf again;
    buf_heap(&again);
    HOLDS(json_read_canonical(document, &v, NULL) == ERR_OK && document.len <= LIMIT_DOCUMENT);
    json_object_del(v, "id");
    HOLDS(complete(v, id, &again, NULL) == ERR_OK && span_eq(buf_span(&again), document));
    buf_clear(&again);
    HOLDS(patch(document, nothing, &again, NULL) == ERR_OK && span_eq(buf_span(&again), document));
    json_decref(v);
    json_decref(nothing);
    buf_free(&again);
}

/* A patched document is as good as one that was sent. */
static void patched(completing complete, patching patch, struct span id, struct span document, const json_t *change)
{
    struct problem p = {0};
    struct buf out;
    buf_heap(&out);
    if (patch(document, change, &out, &p) == ERR_OK) {
        stays(complete, patch, id, buf_span(&out));
    } else {
        fuzz_problem(&p);
        HOLDS(out.len == 0);
    }
    buf_free(&out);
}

/* Completes what was sent; the document in exact memory, empty when it is refused. */
static struct span completed(completing complete, patching patch, struct span id, struct span text,
                             const json_t *change)
{
    struct problem p = {0};
    json_t *in = NULL;
    struct buf out;
    buf_heap(&out);
    if (json_read(text, &in, NULL) == ERR_OK && complete(in, id, &out, &p) != ERR_OK) {
        fuzz_problem(&p);
        HOLDS(out.len == 0);
    }
    struct span document = fuzz_copy(buf_span(&out));
    if (document.len > 0) {
        stays(complete, patch, id, document);
        patched(complete, patch, id, document, in);
        if (change != NULL)
            patched(complete, patch, id, document, change);
    }
    json_decref(in);
    buf_free(&out);
    return document;
}

static void rules_read_facts(const struct terms *t)
{
    const struct fact facts[] = {{SPAN("country"), SPAN("FR")}, {SPAN("f_age"), SPAN("42")}};
    for (size_t i = 0; i < t->n_rules; i++) {
        HOLDS(!rule_holds(&t->rules[i], facts, 0));
        HOLDS(terms_uses_fact(t, t->rules[i].field));
        rule_holds(&t->rules[i], facts, 2);
    }
    for (size_t i = 0; i < t->n_tiers; i++)
        HOLDS(!t->tiers[i].has_when || terms_uses_fact(t, t->tiers[i].when.field));
    for (size_t i = 0; i < t->n_require_fields; i++)
        HOLDS(terms_uses_fact(t, t->require_fields[i]));
}

/* A name below each pattern, or the host itself. */
static void hosts_are_allowed(const struct terms *t)
{
    for (size_t i = 0; i < t->n_allowed_hosts; i++) {
        struct span host = t->allowed_hosts[i];
        bool below = span_starts(host, "*");
        struct buf url;
        buf_heap(&url);
        buf_printf(&url, "https://%s%.*s/", below ? "w" : "", (int)host.len - below, host.ptr + below);
        HOLDS(url.len > 253 || terms_allows_link(t, buf_span(&url)));
        buf_free(&url);
    }
}

static bool compiles(struct span campaign, struct span contract)
{
    struct problem p = {0};
    struct terms *t = NULL;
    struct span host;
    if (terms_compile(campaign, contract, &t, &p) != ERR_OK) {
        fuzz_problem(&p);
        return false;
    }
    HOLDS(link_template_host(t->landing_url, &host) && fuzz_inside(host, t->landing_url) && host.len > 0);
    HOLDS(terms_allows_link(t, t->landing_url) && !terms_allows_link(t, SPAN("javascript:x")));
    HOLDS(t->n_rules <= LIMIT_RULES && t->n_tiers <= LIMIT_TIERS && t->n_allowed_hosts <= LIMIT_VALUES);
    HOLDS(!t->starts_ms || !t->ends_ms || (terms_active(t, t->starts_ms) && !terms_active(t, t->ends_ms)));
    rules_read_facts(t);
    hosts_are_allowed(t);
    stays(campaign_document, campaign_patch, t->campaign, campaign);
    stays(contract_document, contract_patch, t->contract, contract);
    terms_free(t);
    return true;
}

static void as_sent(struct span campaign_text, struct span contract_text, struct span patch_text)
{
    json_t *change = NULL, *v = NULL;
    enum err err = json_read(patch_text, &change, NULL);
    HOLDS((err == ERR_OK) == (change != NULL));
    struct span campaign = completed(campaign_document, campaign_patch, SPAN("K1"), campaign_text, change);
    struct span contract = completed(contract_document, contract_patch, SPAN("C1"), contract_text, change);
    if (campaign.len > 0 && contract.len > 0) {
        HOLDS(json_read(contract, &v, NULL) == ERR_OK);
        bool fits = strcmp(json_string_value(json_object_get(v, "campaign")), "K1") == 0;
        HOLDS(compiles(campaign, contract) == fits);
        fuzz_accepted += fits;
    }
    json_decref(change);
    json_decref(v);
    fuzz_drop(campaign);
    fuzz_drop(contract);
}

static void link(struct span url)
{
    struct span host;
    HOLDS(link_ok(url) == link_host(url, &host));
    if (!link_ok(url))
        return;
    HOLDS(fuzz_inside(host, url) && host.len > 0 && memchr(url.ptr, '@', (size_t)(host.ptr - url.ptr)) == NULL);
    HOLDS(link_host_matches(host, host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span patch = span_of(data, size), campaign = fuzz_copy(fuzz_take(&patch, '\n')),
                contract = fuzz_copy(fuzz_take(&patch, '\n'));
    link(campaign);
    as_sent(campaign, contract, patch);
    fuzz_accepted += compiles(campaign, contract);
    fuzz_drop(campaign);
    fuzz_drop(contract);
    return 0;
}
