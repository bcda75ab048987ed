#include <assert.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/json_scan.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "common/ledger/commitment.h"
#include "common/ledger/embedded.h"

/* ---- commitments ---- */

static void derive_salt(const uint8_t seed[SALT_LEN], struct span label, uint8_t out[SALT_LEN])
{
    uint8_t hash[HASH_LEN];
    sha256v((struct span[]){span_of(seed, SALT_LEN), label}, 2, hash);
    memcpy(out, hash, SALT_LEN);
}

static void network_salt(const struct private_part *p, uint8_t out[SALT_LEN])
{
    if (p->lead) {
        derive_salt(p->seed, SPAN("net"), out);
    } else {
        memcpy(out, p->seed, SALT_LEN);
    }
}

static void commitment(struct span domain, const uint8_t salt[SALT_LEN], struct span json, struct hash *out)
{
    sha256v((struct span[]){domain, span_of(salt, SALT_LEN), json}, 3, out->b);
}

static void network_commitment(const uint8_t salt[SALT_LEN], struct span ip, struct span ua, struct hash *out)
{
    char mem[6 * (LIMIT_IP + LIMIT_USER_AGENT) + 32]; /* each byte may need a \u00xx */
    struct buf b;
    struct jw w;
    buf_fixed(&b, mem, sizeof(mem));
    jw_open(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "ip", ip);
    jw_kstr(&w, "ua", ua);
    jw_object_end(&w);
    jw_close(&w);
    assert(!b.failed);
    commitment(SPAN("countersign/v1/net\n"), salt, buf_span(&b), out);
}

static void contact_commitment(const uint8_t salt[SALT_LEN], struct span contact, struct hash *out)
{
    commitment(SPAN("countersign/v1/contact\n"), salt, contact, out);
}

void kept_commitment(const struct kept_part *l, struct hash *out)
{
    char mem[256];
    struct buf b;
    struct jw w;
    buf_fixed(&b, mem, sizeof(mem));
    jw_open(&w, &b);
    jw_object(&w);
    jw_kb64url(&w, "contact", l->contact.b, HASH_LEN);
    if (l->has_email) {
        jw_kb64url(&w, "email", l->email, TOKEN_LEN);
    }
    jw_kb64url(&w, "network", l->network.b, HASH_LEN);
    if (l->has_phone) {
        jw_kb64url(&w, "phone", l->phone, TOKEN_LEN);
    }
    jw_object_end(&w);
    jw_close(&w);
    assert(!b.failed);
    commitment(SPAN("countersign/v1/lead\n"), l->salt, buf_span(&b), out);
}

void private_keep(const struct private_part *p, struct kept_part *out)
{
    uint8_t salt[SALT_LEN];
    *out = (struct kept_part){.has_email = p->has_email, .has_phone = p->has_phone};
    derive_salt(p->seed, SPAN("lead"), out->salt);
    network_salt(p, salt);
    network_commitment(salt, p->ip, p->ua, &out->network);
    derive_salt(p->seed, SPAN("contact"), salt);
    contact_commitment(salt, p->contact, &out->contact);
    memcpy(out->email, p->email, TOKEN_LEN);
    memcpy(out->phone, p->phone, TOKEN_LEN);
    memcpy(out->facts_sha256, p->facts_sha256, HASH_LEN);
}

void private_commitment(const struct private_part *p, struct hash *out)
{
    if (!p->lead) {
        network_commitment(p->seed, p->ip, p->ua, out);
        return;
    }
    struct kept_part k;
    private_keep(p, &k);
    kept_commitment(&k, out);
}

void dup_commitment(const struct hash *commit, const struct hash *leaf, struct hash *out)
{
    sha256v((struct span[]){SPAN("countersign/v1/dup\n"), span_of(commit->b, HASH_LEN), span_of(leaf->b, HASH_LEN)}, 3,
            out->b);
}

/* ---- what is kept: u8 1 with an email token, 2 with a phone token | salt | C | N | facts | email | phone ---- */

enum { KEPT_EMAIL = 1, KEPT_PHONE = 2 };

void kept_write(struct buf *out, const struct kept_part *k)
{
    buf_byte(out, (uint8_t)((k->has_email ? KEPT_EMAIL : 0) | (k->has_phone ? KEPT_PHONE : 0)));
    buf_add(out, k->salt, SALT_LEN);
    buf_add(out, k->contact.b, HASH_LEN);
    buf_add(out, k->network.b, HASH_LEN);
    buf_add(out, k->facts_sha256, HASH_LEN);
    if (k->has_email) {
        buf_add(out, k->email, TOKEN_LEN);
    }
    if (k->has_phone) {
        buf_add(out, k->phone, TOKEN_LEN);
    }
}

static const uint8_t *copy(const uint8_t *from, void *out, size_t len)
{
    memcpy(out, from, len);
    return from + len;
}

enum err kept_read(struct span bytes, struct kept_part *out)
{
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    if (bytes.len == 0 || p[0] > (KEPT_EMAIL | KEPT_PHONE)) {
        return ERR_CORRUPT;
    }
    struct kept_part k = {.has_email = (p[0] & KEPT_EMAIL) != 0, .has_phone = (p[0] & KEPT_PHONE) != 0};
    if (bytes.len != KEPT_PART_MAX - (k.has_email ? 0u : TOKEN_LEN) - (k.has_phone ? 0u : TOKEN_LEN)) {
        return ERR_CORRUPT;
    }
    p = copy(p + 1, k.salt, SALT_LEN);
    p = copy(p, k.contact.b, HASH_LEN);
    p = copy(p, k.network.b, HASH_LEN);
    p = copy(p, k.facts_sha256, HASH_LEN);
    if (k.has_email) {
        p = copy(p, k.email, TOKEN_LEN);
    }
    if (k.has_phone) {
        copy(p, k.phone, TOKEN_LEN);
    }
    *out = k;
    return ERR_OK;
}

void kept_person(const struct kept_part *k, struct private_part *out)
{
    out->has_email = k->has_email;
    out->has_phone = k->has_phone;
    memcpy(out->email, k->email, TOKEN_LEN);
    memcpy(out->phone, k->phone, TOKEN_LEN);
    memcpy(out->facts_sha256, k->facts_sha256, HASH_LEN);
}

/* ---- the private part: seed | u8 | ip | of a lead be16 length of ua | ua | of a lead contact ---- */

/* The byte in front of the address: PART_LEAD with a lead, and 0 where four bytes of IPv4 follow, else 1 and the length
 * of the address as text. */
enum { PART_LEAD = 128, V4_LEN = 4 };

/* 0 to 255 without a sign or leading zeros. */
static bool take_octet(struct span *s, uint8_t *out)
{
    unsigned n = 0;
    size_t digits = 0;
    while (digits < s->len && digits < 3 && ascii_is_digit(s->ptr[digits]))
        n = n * 10 + (unsigned)(s->ptr[digits++] - '0');
    if (digits == 0 || n > UINT8_MAX || (digits > 1 && s->ptr[0] == '0'))
        return false;
    *out = (uint8_t)n;
    *s = span_skip(*s, digits);
    return true;
}

/* Of an address as it is written always, and so again from its bytes. */
static bool v4_read(struct span text, uint8_t out[V4_LEN])
{
    for (size_t i = 0; i < V4_LEN; i++) {
        if (i > 0 && (text.len == 0 || text.ptr[0] != '.'))
            return false;
        text = span_skip(text, i > 0);
        if (!take_octet(&text, &out[i]))
            return false;
    }
    return text.len == 0;
}

static struct span v4_write(const uint8_t b[V4_LEN], char out[IP_V4_TEXT])
{
    char *p = out;
    for (size_t i = 0; i < V4_LEN; i++) {
        if (i > 0)
            *p++ = '.';
        if (b[i] >= 100)
            *p++ = (char)('0' + b[i] / 100);
        if (b[i] >= 10)
            *p++ = (char)('0' + b[i] / 10 % 10);
        *p++ = (char)('0' + b[i] % 10);
    }
    return span_of(out, (size_t)(p - out));
}

void private_write(struct buf *out, const struct private_part *p)
{
    const uint8_t lead = p->lead ? PART_LEAD : 0;
    uint8_t v4[V4_LEN];
    assert(p->ip.len <= LIMIT_IP && p->ua.len <= LIMIT_USER_AGENT);
    buf_add(out, p->seed, SALT_LEN);
    if (v4_read(p->ip, v4)) {
        buf_byte(out, lead);
        buf_add(out, v4, sizeof v4);
    } else {
        buf_byte(out, (uint8_t)(lead | (1 + p->ip.len)));
        buf_span_add(out, p->ip);
    }
    if (p->lead)
        buf_be16(out, (uint16_t)p->ua.len);
    buf_span_add(out, p->ua);
    if (p->lead)
        buf_span_add(out, p->contact);
}

static bool take(struct span *s, size_t n, struct span *out)
{
    if (s->len < n)
        return false;
    *out = span_of(s->ptr, n);
    *s = span_skip(*s, n);
    return true;
}

static bool take_ip(struct span *s, uint8_t said, struct private_part *p)
{
    struct span bytes;
    uint8_t v4[V4_LEN];
    if (said != 0)
        return said - 1u <= LIMIT_IP && take(s, said - 1u, &p->ip) && !v4_read(p->ip, v4);
    if (!take(s, V4_LEN, &bytes))
        return false;
    p->ip = v4_write((const uint8_t *)bytes.ptr, p->v4);
    return true;
}

/* Texts alone, without anything escaped, which most are: they need no parser to be told. */
static bool is_plain_object(struct span text)
{
    struct span s = text, name, value, before = SPAN("");
    bool more = scan_is(&s, "{") && utf8_valid(text);
    for (size_t n = 0; more; n++) {
        more = scan_text(&s, s.len, &name) && ascii_all_alnum_or(name, "_-.") &&
               (n == 0 || span_order(before, name) < 0) && scan_is(&s, ":") && scan_text(&s, s.len, &value);
        before = name;
        if (more && span_is(s, "}"))
            return true;
        more = more && scan_is(&s, ",");
    }
    return false;
}

static bool is_object(struct span text)
{
    json_t *doc = NULL;
    if (is_plain_object(text))
        return true;
    bool is = json_read_canonical(text, &doc, NULL) == ERR_OK && json_is_object(doc);
    json_decref(doc);
    return is;
}

enum err private_read(struct span bytes, struct private_part *out)
{
    struct span seed, said, len;
    *out = (struct private_part){0};
    if (!take(&bytes, SALT_LEN, &seed) || !take(&bytes, 1, &said))
        return ERR_CORRUPT;
    const uint8_t head = (uint8_t)said.ptr[0];
    memcpy(out->seed, seed.ptr, SALT_LEN);
    out->lead = (head & PART_LEAD) != 0;
    if (!take_ip(&bytes, head & (PART_LEAD - 1), out) || (out->lead && !take(&bytes, 2, &len)) ||
        !take(&bytes, out->lead ? load_be16(len.ptr) : bytes.len, &out->ua))
        return ERR_CORRUPT;
    out->contact = bytes;
    bool reads = out->ua.len <= LIMIT_USER_AGENT && utf8_valid(out->ip) && utf8_valid(out->ua);
    return reads && (!out->lead || is_object(out->contact)) ? ERR_OK : ERR_CORRUPT;
}

/* ---- openings ---- */

/* Reads a member of exactly len bytes as base64url; *found says whether it is there. */
static enum err get_b64url(const json_t *obj, const char *key, void *out, size_t len, bool *found)
{
    struct span text = SPAN("");
    size_t got = 0;
    *found = false;
    enum err err = json_get_str(obj, "", key, 2 * len, &text, found, NULL);
    if (err == ERR_OK && *found && (b64url_decode(text, out, len, &got) != ERR_OK || got != len)) {
        err = ERR_CORRUPT;
    }
    return err;
}

static bool is_b64url(const json_t *obj, const char *key, void *out, size_t len)
{
    bool found;
    return get_b64url(obj, key, out, len, &found) == ERR_OK && found;
}

static bool is_token(const json_t *obj, const char *key, uint8_t out[TOKEN_LEN], bool *found)
{
    return get_b64url(obj, key, out, TOKEN_LEN, found) == ERR_OK;
}

static bool is_text(const json_t *obj, const char *key, size_t max, struct span *out)
{
    bool found = false;
    return json_get_str(obj, "", key, max, out, &found, NULL) == ERR_OK && found;
}

static void lead_opening(struct jw *w, uint64_t index, const struct kept_part *k, const struct private_part *p,
                         struct opening_scope scope)
{
    uint8_t salt[SALT_LEN];
    bool network = scope.network && p != NULL;
    if (scope.contact && p != NULL) {
        derive_salt(p->seed, SPAN("contact"), salt);
        jw_key(w, "contact");
        jw_raw(w, p->contact);
        jw_kb64url(w, "contact_salt", salt, SALT_LEN);
    }
    jw_kb64url(w, "contact_sha256", k->contact.b, HASH_LEN);
    if (k->has_email) {
        jw_kb64url(w, "email", k->email, TOKEN_LEN);
    }
    jw_kint(w, "index", (int64_t)index);
    if (network) {
        network_salt(p, salt);
        jw_kstr(w, "ip", p->ip);
        jw_kb64url(w, "network_salt", salt, SALT_LEN);
    }
    jw_kb64url(w, "network_sha256", k->network.b, HASH_LEN);
    if (k->has_phone) {
        jw_kb64url(w, "phone", k->phone, TOKEN_LEN);
    }
    jw_kb64url(w, "salt", k->salt, SALT_LEN);
    if (network) {
        jw_kstr(w, "ua", p->ua);
    }
}

void opening_write(struct buf *out, uint64_t index, const struct kept_part *kept, const struct private_part *p,
                   struct opening_scope scope)
{
    if (kept == NULL && (p == NULL || !scope.network)) {
        return;
    }
    struct jw w;
    jw_open(&w, out);
    jw_object(&w);
    if (kept != NULL) {
        lead_opening(&w, index, kept, p, scope);
    } else {
        jw_kint(&w, "index", (int64_t)index);
        jw_kstr(&w, "ip", p->ip);
        jw_kb64url(&w, "salt", p->seed, SALT_LEN);
        jw_kstr(&w, "ua", p->ua);
    }
    jw_object_end(&w);
    jw_close(&w);
}

/* ip, ua and their salt: all or none; when there, `want` must be their commitment. */
static bool network_fits(const json_t *obj, const struct hash *want)
{
    bool has_ip = json_object_get(obj, "ip") != NULL, has_ua = json_object_get(obj, "ua") != NULL,
         has_salt = json_object_get(obj, "network_salt") != NULL;
    if (!has_ip && !has_ua && !has_salt) {
        return true;
    }
    struct span ip, ua;
    uint8_t salt[SALT_LEN];
    struct hash h;
    if (!is_text(obj, "ip", LIMIT_IP, &ip) || !is_text(obj, "ua", LIMIT_USER_AGENT, &ua) ||
        !is_b64url(obj, "network_salt", salt, SALT_LEN)) {
        return false;
    }
    network_commitment(salt, ip, ua, &h);
    return memcmp(h.b, want->b, HASH_LEN) == 0;
}

static bool contact_fits(json_t *obj, const struct hash *want)
{
    bool has_contact = json_object_get(obj, "contact") != NULL, has_salt = json_object_get(obj, "contact_salt") != NULL;
    if (!has_contact && !has_salt) {
        return true;
    }
    struct span contact;
    uint8_t salt[SALT_LEN];
    struct hash h;
    if (!is_b64url(obj, "contact_salt", salt, SALT_LEN) || !embedded_text(obj, "contact", &contact)) {
        return false;
    }
    contact_commitment(salt, contact, &h);
    return memcmp(h.b, want->b, HASH_LEN) == 0;
}

static void lead_opened(const struct kept_part *l, struct opening *o)
{
    kept_commitment(l, &o->commitment);
    o->has_email = l->has_email;
    o->has_phone = l->has_phone;
    memcpy(o->email, l->email, TOKEN_LEN);
    memcpy(o->phone, l->phone, TOKEN_LEN);
}

static bool lead_members(json_t *obj, struct opening *o)
{
    static const char *const names[] = {"contact",      "contact_salt",   "contact_sha256", "email", "index", "ip",
                                        "network_salt", "network_sha256", "phone",          "salt",  "ua",    NULL};
    struct kept_part l = {0};
    if (json_only(obj, "", names, NULL) != ERR_OK || !is_b64url(obj, "contact_sha256", l.contact.b, HASH_LEN) ||
        !is_b64url(obj, "network_sha256", l.network.b, HASH_LEN) || !is_b64url(obj, "salt", l.salt, SALT_LEN) ||
        !is_token(obj, "email", l.email, &l.has_email) || !is_token(obj, "phone", l.phone, &l.has_phone) ||
        !network_fits(obj, &l.network) || !contact_fits(obj, &l.contact)) {
        return false;
    }
    lead_opened(&l, o);
    o->has_contact = json_object_get(obj, "contact") != NULL;
    o->shows = o->has_contact || json_object_get(obj, "ip") != NULL;
    return true;
}

static bool click_members(const json_t *obj, struct opening *o)
{
    static const char *const names[] = {"index", "ip", "salt", "ua", NULL};
    struct span ip, ua;
    uint8_t salt[SALT_LEN];
    if (json_only(obj, "", names, NULL) != ERR_OK || !is_text(obj, "ip", LIMIT_IP, &ip) ||
        !is_text(obj, "ua", LIMIT_USER_AGENT, &ua) || !is_b64url(obj, "salt", salt, SALT_LEN)) {
        return false;
    }
    network_commitment(salt, ip, ua, &o->commitment);
    o->shows = true;
    return true;
}

/* ---- openings that are plain: of leads without more, of clicks whose texts have nothing escaped ---- */

static bool scan_lead(struct span s, struct opening *o)
{
    struct kept_part l = {0};
    if (!scan_is(&s, "{\"contact_sha256\":") || !scan_b64url(&s, l.contact.b, HASH_LEN))
        return false;
    l.has_email = scan_is(&s, ",\"email\":");
    if ((l.has_email && !scan_b64url(&s, l.email, TOKEN_LEN)) || !scan_is(&s, ",\"index\":") ||
        !scan_nat(&s, JSON_INT_MAX, &o->index) || !scan_is(&s, ",\"network_sha256\":") ||
        !scan_b64url(&s, l.network.b, HASH_LEN))
        return false;
    l.has_phone = scan_is(&s, ",\"phone\":");
    if ((l.has_phone && !scan_b64url(&s, l.phone, TOKEN_LEN)) || !scan_is(&s, ",\"salt\":") ||
        !scan_b64url(&s, l.salt, SALT_LEN) || !span_is(s, "}"))
        return false;
    o->lead = true;
    lead_opened(&l, o);
    return true;
}

static bool scan_click(struct span line, struct opening *o)
{
    struct span s = line, ip, ua;
    uint8_t salt[SALT_LEN];
    if (!scan_is(&s, "{\"index\":") || !scan_nat(&s, JSON_INT_MAX, &o->index) || !scan_is(&s, ",\"ip\":") ||
        !scan_text(&s, LIMIT_IP, &ip) || !scan_is(&s, ",\"salt\":") || !scan_b64url(&s, salt, SALT_LEN) ||
        !scan_is(&s, ",\"ua\":") || !scan_text(&s, LIMIT_USER_AGENT, &ua) || !span_is(s, "}") || !utf8_valid(line))
        return false;
    network_commitment(salt, ip, ua, &o->commitment);
    o->shows = true;
    return true;
}

static bool opening_scan(struct span line, struct opening *out)
{
    struct opening o = {0};
    bool plain = scan_lead(line, &o) || scan_click(line, &o);
    if (plain)
        *out = o;
    return plain;
}

enum err opening_read(struct span line, struct opening *out)
{
    if (opening_scan(line, out))
        return ERR_OK;
    json_t *obj = NULL;
    struct opening o = {0};
    int64_t index = 0;
    bool found = false;
    enum err err = json_read_canonical(line, &obj, NULL) == ERR_OK &&
                           json_get_int(obj, "", "index", 0, JSON_INT_MAX, &index, &found, NULL) == ERR_OK && found
                       ? ERR_OK
                       : ERR_CORRUPT;
    if (err == ERR_OK) {
        o.index = (uint64_t)index;
        o.lead = json_object_get(obj, "contact_sha256") != NULL;
        err = (o.lead ? lead_members(obj, &o) : click_members(obj, &o)) ? ERR_OK : ERR_CORRUPT;
    }
    if (err == ERR_OK) {
        *out = o;
    }
    json_decref(obj);
    return err;
}
