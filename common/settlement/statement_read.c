#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/ledger/jws.h"
#include "common/settlement/statement.h"

/* A reader that remembers its first failure, so that a whole object reads as a list. */
struct reader {
    const json_t *obj;
    bool bad;
};

static struct span text(struct reader *r, const char *key, size_t max)
{
    struct span s = SPAN("");
    bool found = false;
    if (json_get_str(r->obj, "", key, max, &s, &found, NULL) != ERR_OK || !found)
        r->bad = true;
    return s;
}

static int64_t number(struct reader *r, const char *key, int64_t min, int64_t max)
{
    int64_t v = min;
    bool found = false;
    if (json_get_int(r->obj, "", key, min, max, &v, &found, NULL) != ERR_OK || !found)
        r->bad = true;
    return v;
}

static bool hash(struct reader *r, const char *key, struct hash *out) /* false for "" */
{
    struct span hex = text(r, key, 2 * HASH_LEN);
    size_t len;
    if (!span_empty(hex) && (hex_decode(hex, out->b, HASH_LEN, &len) != ERR_OK || len != HASH_LEN))
        r->bad = true;
    return !span_empty(hex);
}

static int64_t time_of(struct reader *r, const char *key) /* 0 for "" */
{
    struct span s = text(r, key, 40);
    int64_t ms = 0;
    if (!span_empty(s) && time_parse(s, &ms) != ERR_OK)
        r->bad = true;
    return ms;
}

static void only(struct reader *r, const char *const *names)
{
    if (!json_is_object(r->obj) || json_only(r->obj, "", names, NULL) != ERR_OK)
        r->bad = true;
}

static struct reader inner(struct reader *r, const char *key, const char *const *names)
{
    struct reader in = {json_object_get(r->obj, key), r->bad};
    only(&in, names);
    return in;
}

static struct span party_id(struct reader *r, const char *key)
{
    static const char *const names[] = {"id", "legal", NULL};
    struct reader party = inner(r, key, names);
    struct span id = text(&party, "id", LIMIT_ID);
    r->bad |= party.bad;
    return id;
}

static const json_t *object(struct reader *r, const char *key)
{
    const json_t *v = json_object_get(r->obj, key);
    r->bad |= !json_is_object(v);
    return v;
}

static void tax_is(struct statement *s, enum tax kind, int64_t vat_ppm)
{
    s->is_taxed |= vat_ppm > 0 || kind == TAX_REVERSE_CHARGE;
    s->is_charged |= vat_ppm > 0;
}

static struct tax_row read_tax_row(struct reader *tax, const json_t *json, int64_t least, int64_t most)
{
    static const char *const names[] = {"advertiser",         "kind",      "net_minor", "publisher", "supplied_minor",
                                        "supplied_vat_minor", "vat_minor", "vat_ppm",   NULL};
    struct reader r = {json, false};
    struct tax_row row = {.kind = TAX_NONE};
    only(&r, names);
    r.bad |= tax_parse(text(&r, "kind", 40), &row.kind) != ERR_OK;
    row.net_minor = number(&r, "net_minor", least, most);
    row.vat_minor = number(&r, "vat_minor", least, most);
    row.supplied_minor = number(&r, "supplied_minor", 0, most);
    row.supplied_vat_minor = number(&r, "supplied_vat_minor", 0, most);
    row.vat_ppm = number(&r, "vat_ppm", 0, row.kind == TAX_DOMESTIC ? VAT_MAX_PPM : 0);
    r.bad |= !whose_read(json, row.as);
    tax->bad |= r.bad;
    return row;
}

static void read_tax(struct reader *r, struct statement *s, int64_t least, int64_t most)
{
    static const char *const names[] = {"advertiser", "brought",      "carried", "kind",      "publisher",
                                        "rows",       "self_billing", "traders", "vat_minor", NULL};
    struct reader tax = inner(r, "tax", names);
    const json_t *rows = json_object_get(tax.obj, "rows");
    struct tax_row *of = xcalloc(json_array_size(rows) + 1, sizeof *of);
    s->vat_minor = number(&tax, "vat_minor", least, most);
    tax.bad |= tax_parse(text(&tax, "kind", 40), &s->tax) != ERR_OK || !json_is_array(rows) ||
               !taxed_read(json_object_get(tax.obj, "brought"), &s->brought) ||
               !taxed_read(json_object_get(tax.obj, "carried"), &s->carried) || !whose_read(tax.obj, s->as);
    s->traders = json_object_get(tax.obj, "traders");
    tax.bad |= !json_is_array(s->traders);
    for (s->n_rows = 0; s->n_rows < json_array_size(rows); s->n_rows++) {
        of[s->n_rows] = read_tax_row(&tax, json_array_get(rows, s->n_rows), least, most);
        tax_is(s, of[s->n_rows].kind, of[s->n_rows].vat_ppm);
    }
    s->rows = of;
    for (size_t i = 0; i < s->carried.n; i++)
        tax_is(s, s->carried.of[i].kind, s->carried.of[i].vat_ppm);
    r->bad |= tax.bad;
}

static void read_amounts(struct reader *r, struct statement *s)
{
    s->exponent = number(r, "exponent", 0, 4);
    s->gross_micros = number(r, "gross_micros", -MONEY_MAX_MICROS, MONEY_MAX_MICROS);
    s->net_micros = number(r, "net_micros", -MONEY_MAX_MICROS, MONEY_MAX_MICROS);
    s->carried_micros = number(r, "carried_micros", -MONEY_MAX_MICROS, MONEY_MAX_MICROS);
    int64_t unit = micros_per_minor((int)s->exponent);
    const int64_t least = -2 * MONEY_MAX_MICROS / unit - 1, most = MONEY_MAX_MICROS / unit + 1;
    s->payable_minor = number(r, "payable_minor", least, most);
    read_tax(r, s, 2 * least, 2 * most); /* a part may be more than the whole, where others are below 0 */
    s->to_pay_minor = number(r, "to_pay_minor", 3 * least, 3 * most);
}

static void read_interval(struct reader *r, struct statement *s)
{
    static const char *const period_names[] = {"from", "from_at", "to", "to_at", NULL};
    static const char *const tree_names[] = {"from_root", "size", "to_root", NULL};
    struct reader period = inner(r, "period", period_names);
    s->from = (uint64_t)number(&period, "from", 0, JSON_INT_MAX);
    s->to = (uint64_t)number(&period, "to", (int64_t)s->from, JSON_INT_MAX);
    s->to_ms = time_of(&period, "to_at");
    s->from_ms = time_of(&period, "from_at");

    struct reader tree = inner(r, "tree", tree_names);
    bool roots = hash(&tree, "from_root", &s->from_root);
    roots &= hash(&tree, "to_root", &s->to_root);
    r->bad |= period.bad || tree.bad || !roots || number(&tree, "size", 0, JSON_INT_MAX) != (int64_t)s->to;
}

static void read_lines(struct reader *r, struct statement *s)
{
    static const char *const names[] = {"n", "root", "sha256", NULL};
    struct reader lines = inner(r, "lines", names);
    struct hash h;
    s->n_lines = (uint64_t)number(&lines, "n", 0, JSON_INT_MAX);
    bool hashes = hash(&lines, "root", &s->lines_root);
    hashes &= hash(&lines, "sha256", &h);
    r->bad |= lines.bad || !hashes;
}

static void read_lists(struct reader *r, struct statement *s)
{
    static const char *const counts_names[] = {"clicks", "gaps", "impressions", "leads", "payable", "views", NULL};
    struct reader counts = inner(r, "counts", counts_names);
    for (const char *const *name = counts_names; *name != NULL; name++)
        counts.bad |= !json_is_object(json_object_get(counts.obj, *name));
    s->counts = counts.obj;
    s->adjustments = json_object_get(r->obj, "adjustments");
    s->quantities = json_object_get(r->obj, "quantities");
    s->opening = object(r, "opening");
    s->bridge = object(r, "bridge");
    s->closing = object(r, "closing");
    r->bad |= counts.bad || !json_is_array(s->adjustments) || !json_is_array(s->quantities) ||
              !json_is_array(json_object_get(r->obj, "gaps"));
}

static struct earlier read_earlier(struct reader *list, const json_t *json)
{
    static const char *const names[] = {"id", "issued_at", "number", NULL};
    struct reader r = {json, false};
    struct earlier e = {.number = 0};
    only(&r, names);
    struct span id = text(&r, "id", LIMIT_ID);
    memcpy(e.id, id.ptr, id.len);
    e.issued_ms = time_of(&r, "issued_at");
    e.number = (uint64_t)number(&r, "number", 1, JSON_INT_MAX);
    list->bad |= r.bad || id.len == 0;
    return e;
}

static void read_corrects(struct reader *r, struct statement *s)
{
    const json_t *list = json_object_get(r->obj, "corrects");
    struct earlier *of = xcalloc(json_array_size(list) + 1, sizeof *of);
    r->bad |= !json_is_array(list);
    for (s->n_corrects = 0; s->n_corrects < json_array_size(list); s->n_corrects++)
        of[s->n_corrects] = read_earlier(r, json_array_get(list, s->n_corrects));
    s->corrects = of;
}

static const char *const payload_names[] = {
    "adjustments", "advertiser",    "bridge",   "campaign_name", "carried_micros", "closing",    "contract",
    "corrects",    "counts",        "currency", "due_at",        "exponent",       "gaps",       "gross_micros",
    "id",          "issued_at",     "issuer",   "lines",         "net_micros",     "number",     "opening",
    "payable_by",  "payable_minor", "period",   "prev_sha256",   "publisher",      "quantities", "revision",
    "tax",         "terms",         "timezone", "to_pay_minor",  "tree",           "typ",        NULL};

enum err statement_read(struct span payload, struct statement *out)
{
    struct statement s = {0};
    if (json_read_canonical(payload, &s.json, NULL) != ERR_OK)
        return ERR_CORRUPT;

    struct reader r = {s.json, false};
    only(&r, payload_names);
    s.id = text(&r, "id", LIMIT_ID);
    s.issuer = text(&r, "issuer", LIMIT_URL);
    s.contract = text(&r, "contract", LIMIT_ID);
    s.advertiser = party_id(&r, "advertiser");
    s.publisher = party_id(&r, "publisher");
    s.campaign_name = text(&r, "campaign_name", LIMIT_LABEL);
    s.timezone = text(&r, "timezone", 64);
    s.payable_by = text(&r, "payable_by", LIMIT_ID);
    s.number = (uint64_t)number(&r, "number", 1, JSON_INT_MAX);
    s.due_ms = time_of(&r, "due_at");
    s.currency = text(&r, "currency", 3);
    s.terms = (uint64_t)number(&r, "terms", 0, JSON_INT_MAX);
    s.issued_ms = time_of(&r, "issued_at");
    s.has_prev = hash(&r, "prev_sha256", &s.prev_sha256);
    read_amounts(&r, &s);
    read_interval(&r, &s);
    read_lines(&r, &s);
    read_lists(&r, &s);
    read_corrects(&r, &s);
    r.bad |= number(&r, "revision", 1, 1) != 1 || !span_is(text(&r, "typ", 64), STATEMENT_TYP) ||
             currency_exponent(s.currency) != s.exponent;
    if (r.bad) {
        statement_close(&s);
        return ERR_CORRUPT;
    }
    *out = s;
    return ERR_OK;
}

int64_t statement_brought(const struct statement *s)
{
    return s->payable_minor * micros_per_minor((int)s->exponent) + s->carried_micros - s->net_micros;
}

enum err statement_end(struct span jws, uint64_t *to)
{
    struct statement s;
    struct buf payload;
    buf_heap(&payload);
    enum err err = jws_general_payload(jws, &payload);
    if (err == ERR_OK && (err = statement_read(buf_span(&payload), &s)) == ERR_OK) {
        *to = s.to;
        statement_close(&s);
    }
    buf_free(&payload);
    return err;
}

void statement_close(struct statement *s)
{
    json_decref(s->json);
    taxed_free(&s->brought);
    taxed_free(&s->carried);
    free(s->rows);
    free(s->corrects);
    *s = (struct statement){0};
}
