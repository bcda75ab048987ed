/* By which mistakes a signature that does not hold comes about. Each part of the signed text, and the key, has some
 * others that people take for it; of all texts with at most two of them the one that gives the signature tells. */
#include <jansson.h>
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "server/postback/postback_private.h"

enum { ALTERNATIVES = 12, DIMENSIONS = 6, MISTAKES = 2, SIGNATURES = 8 };

struct alternative {
    const char *hint; /* NULL: the right one, which comes first */
    struct span text;
};
struct dimension {
    const char *part;
    struct alternative of[ALTERNATIVES];
    size_t n;
};

/* One reading of a signature. */
struct signature {
    uint8_t mac[HASH_LEN];
    const char *hint; /* NULL: as it should be written */
};

struct search {
    struct arena *arena;
    const struct catalog *catalog;
    struct dimension dim[DIMENSIONS]; /* the last one is the key */
    size_t n;
    void (*text)(const struct search *s, const struct span *chosen, struct buf *out);
    struct signature sig[SIGNATURES];
    size_t n_sig;
    struct buf room;
    size_t chosen[DIMENSIONS], best[DIMENSIONS];
    size_t mistakes; /* of `best`; more than MISTAKES: none was found */
    const char *sig_hint;
    char key_text[128]; /* wiped in the end */
};

void explained_note(struct explained *x, const char *part, struct span hint)
{
    if (x->n_differs < EXPLAIN_DIFFERS) {
        x->differs[x->n_differs] = part;
        x->hints[x->n_differs++] = hint;
    }
}

struct span postback_joined(struct arena *arena, const struct span *part, size_t n)
{
    struct buf b;
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += part[i].len;
    arena_buf(arena, &b, len + 1);
    for (size_t i = 0; i < n; i++)
        buf_span_add(&b, part[i]);
    return buf_span(&b);
}

static struct dimension *dimension(struct search *s, const char *part, struct span right)
{
    struct dimension *d = &s->dim[s->n++];
    *d = (struct dimension){.part = part, .of = {{NULL, right}}, .n = 1};
    return d;
}

static void alternative(struct dimension *d, struct span text, const char *hint)
{
    bool known = d->n == ALTERNATIVES;
    for (size_t i = 0; i < d->n; i++)
        known |= span_eq(d->of[i].text, text);
    if (!known)
        d->of[d->n++] = (struct alternative){hint, text};
}

/* ---- signatures ---- */

static void add_signature(struct search *s, const uint8_t mac[HASH_LEN], const char *hint)
{
    if (s->n_sig == SIGNATURES)
        return;
    memcpy(s->sig[s->n_sig].mac, mac, HASH_LEN);
    s->sig[s->n_sig++].hint = hint;
}

static bool from_hex(struct span text, uint8_t mac[HASH_LEN])
{
    char lower[2 * HASH_LEN];
    size_t len;
    if (text.len != sizeof lower)
        return false;
    for (size_t i = 0; i < sizeof lower; i++)
        lower[i] = ascii_to_lower(text.ptr[i]);
    return hex_decode(span_of(lower, sizeof lower), mac, HASH_LEN, &len) == ERR_OK && len == HASH_LEN;
}

/* Base64 or base64url, with or without its padding. */
static bool from_base64(struct span text, uint8_t mac[HASH_LEN])
{
    char padded[44];
    size_t len = text.len;
    while (len > 0 && text.ptr[len - 1] == '=')
        len--;
    if (len != 43)
        return false;
    for (size_t i = 0; i < len; i++)
        padded[i] = text.ptr[i] == '-' ? '+' : text.ptr[i] == '_' ? '/' : text.ptr[i];
    padded[43] = '=';
    return b64_decode(span_of(padded, sizeof padded), mac, HASH_LEN, &len) == ERR_OK && len == HASH_LEN;
}

static struct span without_front(struct span text)
{
    static const char *const fronts[] = {"v1,", "v1=", "sha256="};
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++)
        if (ascii_starts(text, fronts[i]))
            return span_skip(text, strlen(fronts[i]));
    return text;
}

static void read_query_signature(struct search *s, struct span sig)
{
    uint8_t mac[HASH_LEN];
    size_t len;
    struct buf b;
    arena_buf(s->arena, &b, sig.len);
    query_decode_lenient(&b, sig);
    struct span text = without_front(buf_span(&b));
    if (hex_decode(sig, mac, HASH_LEN, &len) == ERR_OK && len == HASH_LEN)
        add_signature(s, mac, NULL);
    else if (from_hex(text, mac))
        add_signature(s, mac, "sig is to be 64 lowercase hex digits, and nothing in front of them");
    else if (from_base64(text, mac))
        add_signature(s, mac, "sig is base64 there: write the 32 bytes of the HMAC as 64 lowercase hex digits");
}

static void read_webhook_signatures(struct search *s, struct span all)
{
    uint8_t mac[HASH_LEN];
    while (all.len) {
        struct span one = text_take(&all, ' '), text = without_front(one);
        if (from_base64(text, mac))
            add_signature(s, mac, span_starts(one, "v1,") ? NULL : "webhook-signature is to be v1,<base64>");
        else if (from_hex(text, mac))
            add_signature(s, mac, "webhook-signature is hex there: it is to be v1,<base64 of the 32 bytes>");
    }
}

/* ---- the search ---- */

static bool gives(struct search *s)
{
    struct span text[DIMENSIONS];
    uint8_t mac[HASH_LEN];
    for (size_t i = 0; i < s->n; i++)
        text[i] = s->dim[i].of[s->chosen[i]].text;
    buf_clear(&s->room);
    s->text(s, text, &s->room);
    const struct span key = text[s->n - 1], whole = buf_span(&s->room);
    struct hmac *h = hmac_new(key.ptr, key.len);
    hmac_sign(h, &whole, 1, mac);
    hmac_free(h);
    for (size_t i = 0; i < s->n_sig; i++)
        if (crypto_equal(mac, s->sig[i].mac, HASH_LEN)) {
            s->sig_hint = s->sig[i].hint;
            return true;
        }
    return false;
}

static void search(struct search *s, size_t from, size_t mistakes)
{
    if (mistakes >= s->mistakes)
        return;
    if (from == s->n) {
        if (gives(s)) {
            memcpy(s->best, s->chosen, sizeof s->best);
            s->mistakes = mistakes;
        }
        return;
    }
    for (s->chosen[from] = 0; s->chosen[from] < s->dim[from].n; s->chosen[from]++)
        search(s, from + 1, mistakes + (s->chosen[from] > 0));
}

/* The right text, signed with another secret of the party. */
static bool by_other_secret(struct search *s, const struct secret *right, struct explained *x)
{
    struct dimension *key = &s->dim[s->n - 1];
    const struct secret_list own = catalog_secrets_of(s->catalog, right->party), *all = &own;
    memset(s->chosen, 0, sizeof s->chosen);
    for (size_t i = 0; i < all->n; i++) {
        const struct secret *other = all->s[i];
        key->of[0].text = span_of((const char *)other->key, other->len);
        if (other != right && gives(s)) {
            struct buf b;
            arena_buf(s->arena, &b, 128);
            buf_printf(&b, "it is signed with the secret of kid %s, and names kid %s", other->kid, right->kid);
            explained_note(x, "kid", buf_span(&b));
            return true;
        }
    }
    return false;
}

static void find(struct search *s, const struct secret *right, struct explained *x)
{
    s->mistakes = MISTAKES + 1;
    buf_heap(&s->room);
    search(s, 0, 0);
    if (s->mistakes <= MISTAKES) {
        for (size_t i = 0; i < s->n; i++)
            if (s->best[i] > 0)
                explained_note(x, s->dim[i].part, span_str(s->dim[i].of[s->best[i]].hint));
        if (s->sig_hint != NULL)
            explained_note(x, "sig", span_str(s->sig_hint));
    } else if (!by_other_secret(s, right, x)) {
        explained_note(
            x, "sig",
            SPAN("no common mistake gives this signature: hold expected_text against the text that was signed, byte by "
                 "byte, and look whether the secret is that of this kid"));
    }
    buf_free(&s->room);
    crypto_wipe(s->key_text, sizeof s->key_text);
}

static void add_key(struct search *s, const struct secret *secret)
{
    struct buf b;
    struct dimension *d = dimension(s, "secret", span_of((const char *)secret->key, secret->len));
    buf_fixed(&b, s->key_text, sizeof s->key_text);
    whsec_encode(&b, secret->key, secret->len);
    struct span text = buf_span(&b);
    alternative(d, text, "the key is the secret's text there: it is what stands behind whsec_, decoded from base64");
    alternative(d, span_skip(text, sizeof "whsec_" - 1),
                "the key is not decoded there: decode from base64 what stands behind whsec_");
}

/* ---- signed queries ---- */

enum { Q_METHOD, Q_HOST, Q_TARGET, Q_BODY, Q_JOIN };

static void query_text(const struct search *s, const struct span *chosen, struct buf *out)
{
    (void)s;
    const char *const line = span_is(chosen[Q_JOIN], "crlf") ? "\r\n" : span_is(chosen[Q_JOIN], "none") ? "" : "\n";
    if (!span_is(chosen[Q_JOIN], "bare")) {
        buf_str(out, "PBv1");
        buf_str(out, line);
    }
    for (int i = Q_METHOD; i <= Q_BODY; i++) {
        buf_str(out, i == Q_METHOD ? "" : line);
        buf_span_add(out, chosen[i]);
    }
    if (span_is(chosen[Q_JOIN], "ended"))
        buf_str(out, "\n");
}

static void add_targets(struct search *s, struct dimension *d, const struct request *rq, struct span target)
{
    struct span rest = target, path;
    struct buf decoded;
    const struct span scheme[] = {SPAN("https://"), span_str(rq->worker->server->instance.host), target};
    const struct span open[] = {target, SPAN("&sig=")};
    const struct instance *in = &rq->worker->server->instance;
    const struct span based[] = {span_str(in->origin + strlen(in->host)), target};
    bool cut = text_cut(&rest, '?', &path);
    alternative(d, rq->target, "the signature itself was in the text: sign the target without &sig=...");
    alternative(d, postback_joined(s->arena, open, 2), "`&sig=` was in the text: the target ends before it");
    if (cut) {
        alternative(d, path, "the query is missing in the text: sign path and query");
        alternative(d, rest, "the path is missing in the text: sign path and query");
    }
    alternative(d, postback_joined(s->arena, scheme, 3),
                "the whole URL was signed as target: take its path and query alone");
    alternative(d, postback_joined(s->arena, based, 2),
                "the public URL's path was signed, which is no part of the target");
    arena_buf(s->arena, &decoded, target.len);
    query_decode_lenient(&decoded, target);
    alternative(d, buf_span(&decoded), "the target was signed before it was percent-encoded: sign it as it is sent");
}

static void add_bodies(struct search *s, struct dimension *d, struct span body)
{
    static const char none[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    char *upper = arena_alloc(s->arena, d->of[0].text.len);
    for (size_t i = 0; i < d->of[0].text.len; i++)
        upper[i] = ascii_to_upper(d->of[0].text.ptr[i]);
    alternative(d, span_of(upper, d->of[0].text.len), "the body's SHA-256 is to be lowercase hex");
    alternative(d, SPAN(""), "the last line is to be the body's SHA-256 in hex, also where there is no body");
    alternative(d, span_str(none), "the SHA-256 is that of an empty body: it is to be the body's that is sent");
    alternative(d, body, "the body itself stands in the text: it is to be its SHA-256 in hex");
}

static const char public_host[] = "the host is to be that of this server's public URL, as in expected_text";

void postback_search_query(struct request *rq, const struct secret *secret, struct span target, struct span sig,
                           struct span host, struct explained *x)
{
    struct search s = {.arena = rq->arena, .catalog = rq->catalog, .text = query_text};
    struct request_text text;
    postback_text(rq, target, rq->body, &text);
    read_query_signature(&s, sig);
    struct dimension *method = dimension(&s, "method", span_str(method_name(rq->method)));
    alternative(method, SPAN("GET"), "it was signed as GET, and is sent otherwise");
    alternative(method, SPAN("POST"), "it was signed as POST, and is sent otherwise");
    alternative(method, SPAN("get"), "the method is to be in capitals");
    alternative(method, SPAN("post"), "the method is to be in capitals");
    struct span right = span_str(rq->worker->server->instance.host);
    const struct span scheme[] = {SPAN("https://"), right}, plain[] = {SPAN("http://"), right};
    const struct span port[] = {right, SPAN(":443")}, plain_port[] = {right, SPAN(":80")};
    struct span bare = right, front, behind = text_cut(&bare, ':', &front) ? bare : SPAN("");
    const struct span local[] = {SPAN("localhost:"), behind}, number[] = {SPAN("127.0.0.1:"), behind};
    const struct span www[] = {SPAN("www."), right};
    struct dimension *hosts = dimension(&s, "host", right);
    alternative(hosts, host, "another host was signed than this server's: it is the third line of expected_text");
    alternative(hosts, postback_joined(rq->arena, scheme, 2), "the host is to stand without https://");
    alternative(hosts, postback_joined(rq->arena, plain, 2), "the host is to stand without http://");
    alternative(hosts, postback_joined(rq->arena, port, 2), "the host is to stand without a default port");
    alternative(hosts, postback_joined(rq->arena, plain_port, 2), "the host is to stand without a default port");
    alternative(hosts, span_empty(behind) ? right : front, "the host is to stand with its port");
    alternative(hosts, postback_joined(rq->arena, www, 2), public_host);
    alternative(hosts, SPAN("localhost"), public_host);
    alternative(hosts, SPAN("127.0.0.1"), public_host);
    alternative(hosts, postback_joined(rq->arena, local, 2), public_host);
    alternative(hosts, postback_joined(rq->arena, number, 2), public_host);
    add_targets(&s, dimension(&s, "target", target), rq, target);
    add_bodies(&s, dimension(&s, "body", span_of(text.body_sha256, sizeof text.body_sha256)), rq->body);
    struct dimension *join = dimension(&s, "text", SPAN("lines"));
    alternative(join, SPAN("ended"), "the text is to have no line feed at its end");
    alternative(join, SPAN("crlf"), "lines are to end with a line feed alone");
    alternative(join, SPAN("bare"), "the first line is to be PBv1");
    alternative(join, SPAN("none"), "the parts are to stand in lines, with a line feed between them");
    add_key(&s, secret);
    find(&s, secret, x);
}

/* ---- webhooks ---- */

enum { W_BODY, W_JOIN, W_ID, W_TIMESTAMP };

static void webhook_text(const struct search *s, const struct span *chosen, struct buf *out)
{
    (void)s;
    bool bare = span_is(chosen[W_JOIN], "body");
    const char *dot = span_is(chosen[W_JOIN], "none") ? "" : span_is(chosen[W_JOIN], "lines") ? "\n" : ".";
    if (!bare && !span_is(chosen[W_JOIN], "time")) {
        buf_span_add(out, chosen[W_ID]);
        buf_str(out, dot);
    }
    if (!bare) {
        buf_span_add(out, chosen[W_TIMESTAMP]);
        buf_str(out, dot);
    }
    buf_span_add(out, chosen[W_BODY]);
}

/* Most writers have the digits of \u00e9 in lower case. */
static void lower_escapes(char *text)
{
    for (char *at = text; *at != '\0'; at++)
        if (at[0] == '\\' && at[1] != 'u')
            at++;
        else if (at[0] == '\\')
            for (int i = 2; i < 6; i++)
                at[i] = ascii_to_lower(at[i]);
}

/* As other writers of JSON have it. */
static void add_writings(struct search *s, struct dimension *d, struct span body)
{
    static const size_t flags[] = {JSON_COMPACT, JSON_COMPACT | JSON_ENSURE_ASCII,
                                   JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH, 0, JSON_ENSURE_ASCII};
    json_t *value = json_loadb(body.ptr, body.len, 0, NULL);
    for (size_t i = 0; value != NULL && i < sizeof flags / sizeof *flags; i++) {
        char *text = json_dumps(value, flags[i]);
        if (text == NULL)
            continue;
        lower_escapes(text);
        alternative(d, arena_copy(s->arena, span_str(text)),
                    "the JSON was written otherwise when it was signed: send the very bytes that were signed");
        free(text);
    }
    json_decref(value);
}

void postback_search_webhook(struct request *rq, const struct secret *secret, struct explained *x)
{
    struct search s = {.arena = rq->arena, .catalog = rq->catalog, .text = webhook_text};
    read_webhook_signatures(&s, rq->webhook_signature);
    struct dimension *body = dimension(&s, "body", rq->body);
    alternative(body, text_strip(rq->body), "blanks or line ends around the body were not signed");
    alternative(body, SPAN(""), "the body is missing in the text");
    add_writings(&s, body, rq->body);
    struct dimension *join = dimension(&s, "text", SPAN("dots"));
    alternative(join, SPAN("body"), "the body alone was signed: the text is webhook-id.webhook-timestamp.body");
    alternative(join, SPAN("time"), "webhook-id is missing in the text: it is webhook-id.webhook-timestamp.body");
    alternative(join, SPAN("none"), "the parts are to stand with a dot between them");
    alternative(join, SPAN("lines"), "the parts are to stand with a dot between them");
    dimension(&s, "webhook-id", rq->webhook_id);
    dimension(&s, "webhook-timestamp", rq->webhook_timestamp);
    add_key(&s, secret);
    find(&s, secret, x);
}
