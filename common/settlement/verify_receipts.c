/* Receipts that a sender kept: each was signed, and its leaf stands at its index as it was answered, or the lie has a
 * name. A receipt is a function of the entry, so what is kept of one is its hash, and what tells how it differs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/base/xxh64.h"
#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "common/settlement/verify_parts.h"
#include "common/settlement/verify_requests.h"

enum { ELSEWHERE_CAP = 400, WHERE_CAP = 80, LONGEST = 1 << 20, PAYLOAD_CAP = 8192 };

struct kept {
    uint64_t index;
    uint32_t file, line;
    uint32_t key; /* which of the statement keys signed it */
    int64_t at_ms, payout_micros;
    struct hash payload;      /* of its bytes */
    struct hash request;      /* that it names */
    struct request_said sent; /* of the request beside it */
    bool has_sent, compared;
    char status[16];
};

struct receipts {
    struct finding *finding;
    struct finding of_key[KEYS_CAP]; /* what speaks against receipts of each statement key */
    struct kept_files files;
    struct kept *of;
    size_t n, room, next;
    struct request_said *sent; /* every request in the files */
    size_t n_sent, sent_room;
    uint64_t stand, shown, repeated, foreign, without; /* lines without a receipt */
    char elsewhere[ELSEWHERE_CAP];                     /* the first foreign ones, and whose they are */
    struct buf scratch;
};

static const char *where(const struct receipts *r, const struct kept *k, char out[WHERE_CAP])
{
    const char *name = r->files.name[k->file];
    snprintf(out, WHERE_CAP, "%.48s%sline %" PRIu32, name, name[0] ? " " : "", k->line);
    return out;
}

/* ---- reading ---- */

static void keep_sent(struct receipts *r, const json_t *line, struct kept *k)
{
    const json_t *request = json_object_get(line, "request");
    if (!json_is_string(request))
        return;
    k->has_sent = true;
    request_read(span_of(json_string_value(request), json_string_length(request)), &k->sent);
    if (r->n_sent == r->sent_room) {
        r->sent_room = 2 * r->sent_room + 64;
        r->sent = xrealloc(r->sent, r->sent_room * sizeof *r->sent);
    }
    r->sent[r->n_sent++] = k->sent;
}

static bool hex_32(const json_t *payload, const char *name, uint8_t out[HASH_LEN])
{
    struct span text = SPAN("");
    size_t len = 0;
    return json_get_str(payload, "", name, 2 * HASH_LEN, &text, NULL, NULL) == ERR_OK &&
           hex_decode(text, out, HASH_LEN, &len) == ERR_OK && len == HASH_LEN;
}

/* By the key that its header names (*key); its payload is left in r->scratch. *meant: it calls itself a receipt. */
static bool is_signed(struct audit *a, struct span jws, bool *meant, uint32_t *key)
{
    struct span rest = jws, head, kid = SPAN(""), typ = SPAN("");
    json_t *header = NULL;
    char text[512], own[JWK_KID_LEN];
    size_t len = 0;
    bool held = false;
    *meant = false;
    if (!text_cut(&rest, '.', &head) || b64url_decode(head, text, sizeof text, &len) != ERR_OK ||
        json_read(span_of(text, len), &header, NULL) != ERR_OK)
        return false;
    *meant = json_get_str(header, "", "typ", 64, &typ, NULL, NULL) == ERR_OK && span_is(typ, RECEIPT_TYP);
    bool named = *meant && json_get_str(header, "", "kid", JWK_KID_LEN, &kid, NULL, NULL) == ERR_OK;
    for (size_t i = 0; i < a->keys.n_statement && named && !held; i++) {
        jwk_kid(a->keys.statement[i], own);
        buf_clear(&a->receipts->scratch);
        held = span_eq(kid, span_of(own, sizeof own)) &&
               jws_compact_open(jws, a->keys.statement[i], RECEIPT_TYP, &a->receipts->scratch, NULL) == ERR_OK;
        a->keys.used_statement |= (uint64_t)held << i;
        *key = (uint32_t)i;
    }
    json_decref(header);
    return held;
}

static void add(struct receipts *r, const struct kept *k)
{
    if (r->n == r->room) {
        r->room = 2 * r->room + 64;
        r->of = xrealloc(r->of, r->room * sizeof *r->of);
    }
    r->of[r->n++] = *k;
}

static bool payload_reads(const json_t *p, struct kept *k)
{
    struct span at = SPAN(""), status = SPAN("");
    int64_t index = -1;
    bool good =
        json_get_int(p, "", "index", 0, JSON_INT_MAX, &index, NULL, NULL) == ERR_OK && index >= 0 &&
        json_get_int(p, "", "payout_micros", -JSON_INT_MAX, JSON_INT_MAX, &k->payout_micros, NULL, NULL) == ERR_OK &&
        json_get_str(p, "", "at", 40, &at, NULL, NULL) == ERR_OK && time_parse(at, &k->at_ms) == ERR_OK &&
        json_get_str(p, "", "status", sizeof k->status - 1, &status, NULL, NULL) == ERR_OK &&
        hex_32(p, "request_sha256", k->request.b);
    if (good) {
        k->index = (uint64_t)index;
        memcpy(k->status, status.ptr, status.len);
    }
    return good;
}

/* Which contract it names, whoever signed it. */
static bool is_anothers(const struct audit *a, struct span jws, char id[LIMIT_ID + 1])
{
    struct span head, body;
    struct buf text;
    json_t *payload = NULL;
    size_t len = 0, room = jws.len;
    buf_heap(&text);
    struct span contract = SPAN("");
    bool reads = text_cut(&jws, '.', &head) && text_cut(&jws, '.', &body) &&
                 b64url_decode(body, buf_room(&text, room), room, &len) == ERR_OK &&
                 json_read(span_of(text.ptr, len), &payload, NULL) == ERR_OK &&
                 json_get_str(payload, "", "contract", LIMIT_ID, &contract, NULL, NULL) == ERR_OK;
    bool anothers = reads && !span_empty(contract) && !span_is(contract, a->contract);
    snprintf(id, LIMIT_ID + 1, "%.*s", (int)contract.len, contract.ptr);
    json_decref(payload);
    buf_free(&text);
    return anothers;
}

static void take_anothers(struct audit *a, struct span jws, const struct kept *k, const char *contract)
{
    struct receipts *r = a->receipts;
    char at[WHERE_CAP];
    size_t len = strlen(r->elsewhere);
    where(r, k, at);
    if (r->foreign++ < NAMED)
        snprintf(r->elsewhere + len, sizeof r->elsewhere - len, "%s%s (%s)", len ? ", " : "", at, contract);
    if (a->asked->campaign != NULL)
        campaign_not_here(a->asked->campaign, CAMPAIGN_RECEIPTS, xxh64(0, jws), at);
}

/* What is kept may be cut, another server's, or no receipt at all: that accuses nobody. */
static void take_unsigned(struct audit *a, struct span jws, bool meant, const struct kept *k)
{
    struct receipts *r = a->receipts;
    char at[WHERE_CAP], contract[LIMIT_ID + 1];
    if (!meant)
        r->without++;
    else if (is_anothers(a, jws, contract))
        take_anothers(a, jws, k, contract);
    else
        finds_doubt(r->finding,
                    "%s holds a receipt that no published key of the server signed as it stands there: it was cut or "
                    "changed, or the server answered with a key that it does not own up to",
                    where(r, k, at));
}

static void take_receipt(struct audit *a, struct span jws, struct kept k)
{
    struct receipts *r = a->receipts;
    json_t *payload = NULL;
    struct span contract = SPAN("");
    char at[WHERE_CAP], other[LIMIT_ID + 1];
    bool meant;
    if (!is_signed(a, jws, &meant, &k.key)) {
        take_unsigned(a, jws, meant, &k);
        return;
    }
    sha256(r->scratch.ptr, r->scratch.len, k.payload.b);
    bool good = json_read(buf_span(&r->scratch), &payload, NULL) == ERR_OK &&
                json_get_str(payload, "", "contract", LIMIT_ID, &contract, NULL, NULL) == ERR_OK &&
                !span_empty(contract);
    snprintf(other, sizeof other, "%.*s", (int)contract.len, contract.ptr);
    if (good && !span_is(contract, a->contract))
        take_anothers(a, jws, &k, other);
    else if (good && payload_reads(payload, &k))
        add(r, &k);
    else
        finds_failure(r->finding, "%s holds a signed receipt that does not read as one", where(r, &k, at));
    json_decref(payload);
}

static void take_member(struct audit *a, const json_t *object, struct kept *k)
{
    const json_t *receipt = json_object_get(object, "receipt");
    if (json_is_string(receipt))
        take_receipt(a, span_of(json_string_value(receipt), json_string_length(receipt)), *k);
}

/* One of a line's words may be a receipt: three parts in base64url, of which a JSON object is the first. */
static void take_words(struct audit *a, struct span line, struct kept k)
{
    static const char between[] = " \t,;\"";
    while (line.len > 0) {
        size_t n = 0, dots = 0;
        for (; n < line.len && memchr(between, line.ptr[n], sizeof between - 1) == NULL; n++)
            dots += line.ptr[n] == '.';
        if (dots == 2 && span_starts(line, "eyJ")) {
            take_receipt(a, span_of(line.ptr, n), k);
            return;
        }
        line = span_skip(line, n < line.len ? n + 1 : n);
    }
    a->receipts->without++;
}

/* What spreadsheets make of a line of JSON: the first field of a row, in quotes, with its own doubled. */
static struct span unquote(struct span line, struct buf *mem)
{
    if (!span_starts(line, "\"{"))
        return line;
    buf_clear(mem);
    for (size_t i = 1; i < line.len && (line.ptr[i] != '"' || (i + 1 < line.len && line.ptr[i + 1] == '"')); i++) {
        buf_byte(mem, line.ptr[i]);
        i += line.ptr[i] == '"';
    }
    return buf_span(mem);
}

/* {"receipt":..,"request":..}, which an answer of the server is too, or that to many rows; or the receipt alone. */
static void take_line(struct audit *a, struct span line, struct kept *k, struct buf *mem)
{
    struct receipts *r = a->receipts;
    json_t *object = NULL, *row;
    char at[WHERE_CAP];
    size_t i;
    line = unquote(text_trim(line, TYPED_BLANKS), mem);
    if (span_empty(line))
        return;
    if (*line.ptr != '{') {
        take_words(a, line, *k);
        return;
    }
    if (json_read_any_number(line, &object, NULL) != ERR_OK) {
        finds_doubt(r->finding, "%s is neither JSON nor a receipt", where(r, k, at));
        return;
    }
    keep_sent(r, object, k);
    take_member(a, object, k);
    json_array_foreach(json_object_get(object, "data"), i, row)
    {
        struct kept one = *k;
        one.has_sent = false;
        keep_sent(r, row, &one);
        take_member(a, row, &one);
    }
    json_decref(object);
}

static void read_file(struct audit *a, uint32_t file)
{
    struct receipts *r = a->receipts;
    struct lines l;
    struct span line;
    struct buf mem;
    bool cut;
    buf_heap(&mem);
    lines_open(&l, a->asked->receipts, r->finding, r->files.name[file], "line of receipts", LONGEST);
    l.saved = true;
    for (uint32_t n = 1; lines_peek(&l, &line, &cut); n++) {
        struct kept k = {.file = file, .line = n};
        take_line(a, line, &k, &mem);
        lines_skip(&l, line);
    }
    lines_close(&l);
    buf_free(&mem);
}

static int by_index(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(((const struct request_said *)a)->digest.b, ((const struct request_said *)b)->digest.b, HASH_LEN);
}

void verify_receipts_open(struct audit *a)
{
    if (a->asked->receipts == NULL)
        return;
    struct receipts *r = a->receipts = xcalloc(1, sizeof *r);
    r->finding = &a->finding[CHECK_RECEIPTS];
    buf_heap(&r->scratch);
    if (kept_files_list(&r->files, a->asked->receipts) != ERR_OK)
        finds_doubt(r->finding, "the receipts cannot be read: there is no such file or folder, or it cannot be opened");
    for (uint32_t i = 0; i < r->files.n; i++)
        read_file(a, i);
    if (r->n > 0)
        qsort(r->of, r->n, sizeof *r->of, by_index);
    if (r->n_sent > 0)
        qsort(r->sent, r->n_sent, sizeof *r->sent, by_digest);
}

void verify_receipts_free(struct audit *a)
{
    struct receipts *r = a->receipts;
    if (r == NULL)
        return;
    kept_files_free(&r->files);
    free(r->of);
    free(r->sent);
    buf_free(&r->scratch);
    free(r);
}

/* ---- comparing ---- */

/* The sender's own request, or an earlier one that says the same. */
static void compare_request(struct receipts *r, const struct kept *k)
{
    static const char *const others[] = {
        [OTHER_TXID] = "names another txid", [OTHER_CLICK] = "names another click", [OTHER_FACTS] = "says other facts"};
    const struct request_said wanted = {.digest = k->request}, *earlier;
    char at[WHERE_CAP];
    if (!k->has_sent)
        return;
    if (memcmp(k->sent.digest.b, k->request.b, HASH_LEN) == 0) {
        r->shown++;
        return;
    }
    where(r, k, at);
    earlier = r->n_sent > 0 ? bsearch(&wanted, r->sent, r->n_sent, sizeof *r->sent, by_digest) : NULL;
    if (earlier == NULL) {
        finds_failure(&r->of_key[k->key],
                      "%s: the receipt answers another request than the one beside it, and none that these files hold "
                      "(an earlier one of the same txid belongs here too)",
                      at);
        return;
    }
    enum repeat repeat = request_repeats(earlier, &k->sent);
    if (repeat == REPEATS)
        r->repeated++;
    else if (repeat == REPEATS_UNKNOWN)
        finds_doubt(r->finding,
                    "%s: the receipt answers an earlier request, and the texts do not show whether that said the same",
                    at);
    else
        finds_failure(&r->of_key[k->key],
                      "%s: the receipt answers an earlier request, which %s: what was sent later has no answer", at,
                      others[repeat]);
}

static void tell_difference(struct receipts *r, const struct kept *k, uint64_t index, const struct entry *e)
{
    char at[WHERE_CAP];
    bool lead = e->kind == ENTRY_LEAD;
    struct finding *f = &r->of_key[k->key];
    where(r, k, at);
    if (!lead && e->kind != ENTRY_DISPOSITION) {
        finds_failure(f, "%s: what was answered as entry %" PRIu64 " is dropped: a %s stands there", at, index,
                      entry_kind_word(e->kind));
        return;
    }
    const char *status = status_word(lead ? e->lead.status : e->disposition.status);
    int64_t payout = lead ? e->lead.payout_micros : e->disposition.payable_micros;
    const struct hash *request = lead ? &e->lead.request : &e->disposition.request;
    if (memcmp(request->b, k->request.b, HASH_LEN) != 0)
        finds_failure(f,
                      "%s: what was answered as entry %" PRIu64 " is dropped, or its request was changed: another "
                      "request's entry stands there",
                      at, index);
    else if (strcmp(status, k->status) != 0 || payout != k->payout_micros)
        finds_failure(f,
                      "%s: entry %" PRIu64 " is decided otherwise than it was answered: %.15s, %" PRId64
                      " micros; the log says %s, %" PRId64,
                      at, index, k->status, k->payout_micros, status, payout);
    else
        finds_failure(f, "%s: entry %" PRIu64 " holds other facts than were signed when it was answered", at, index);
}

void verify_receipts_entry(struct audit *a, uint64_t index, const struct entry *e, struct span bytes)
{
    struct receipts *r = a->receipts;
    if (r == NULL || r->next == r->n || r->of[r->next].index > index)
        return;
    struct hash leaf, payload = {{0}};
    if (e->kind == ENTRY_LEAD || e->kind == ENTRY_DISPOSITION) {
        merkle_leaf(bytes, &leaf);
        buf_clear(&r->scratch);
        receipt_payload(&r->scratch, span_str(a->contract), index, &leaf, e);
        sha256(r->scratch.ptr, r->scratch.len, payload.b);
    }
    for (; r->next < r->n && r->of[r->next].index == index; r->next++) {
        const struct kept *k = &r->of[r->next];
        if (memcmp(payload.b, k->payload.b, HASH_LEN) == 0)
            r->stand++;
        else
            tell_difference(r, k, index, e);
        compare_request(r, k);
    }
}

/* A key signs receipts for what stands in front of the entry that took its place. */
static void judge_keys(struct audit *a)
{
    struct receipts *r = a->receipts;
    char at[WHERE_CAP];
    bool stolen;
    for (size_t i = 0; i < r->n; i++)
        if (!audit_answers_for(a, r->of[i].key, r->of[i].index, &stolen))
            finds_failure(&r->of_key[r->of[i].key],
                          "%s: entry %" PRIu64 " came when the key that signed this receipt did not sign any more, or "
                          "was never added",
                          where(r, &r->of[i], at), r->of[i].index);
}

/* What a stolen key signed may be its thief's. */
static void weigh_keys(struct audit *a)
{
    struct receipts *r = a->receipts;
    bool stolen;
    for (size_t i = 0; i < a->keys.n_statement; i++) {
        struct finding *f = &r->of_key[i];
        (void)audit_answers_for(a, i, 0, &stolen);
        if (stolen && f->failures > 0)
            finds_doubt(r->finding, "%.200s; but the key that signed it was reported stolen, and it may be its thief's",
                        f->sentence);
        else if (f->failures > 0)
            finds_failure(r->finding, "%s", f->sentence);
        if (f->failures > 1)
            *(stolen ? &r->finding->doubts : &r->finding->failures) += f->failures - 1;
    }
}

void verify_receipts_end(struct audit *a, bool complete)
{
    struct receipts *r = a->receipts;
    char at[WHERE_CAP];
    if (r == NULL)
        return;
    for (; r->next < r->n; r->next++) {
        const struct kept *k = &r->of[r->next];
        where(r, k, at);
        if (!complete)
            finds_doubt(r->finding, "%s: entry %" PRIu64 " could not be looked at", at, k->index);
        else if (k->at_ms < a->fold.last_ms)
            finds_failure(&r->of_key[k->key],
                          "%s: what was answered as entry %" PRIu64 " is dropped: the log has %" PRIu64
                          " entries, the last of a later time",
                          at, k->index, a->head.size);
        else
            finds_doubt(r->finding, "%s: entry %" PRIu64 " came after this mirror was pulled: pull again", at,
                        k->index);
    }
    if (complete)
        judge_keys(a);
    weigh_keys(a);
    if (a->asked->campaign != NULL)
        return;
    if (r->foreign > 0)
        finds_doubt(r->finding,
                    "%" PRIu64 " of other contracts, whose logs are not here: %s%s; give the mirrors of these too, or "
                    "ask of each contract's receipts by themselves",
                    r->foreign, r->elsewhere, r->foreign > NAMED ? " and others" : "");
    if (r->n == 0)
        finds_doubt(r->finding, "there is no receipt of this contract in what --receipts names");
}

void verify_receipts_sentence(const struct audit *a, struct buf *out)
{
    const struct receipts *r = a->receipts;
    if (r == NULL)
        return;
    buf_printf(out, "%" PRIu64 " receipt%s signed, and what they answered stands in the log as it was answered",
               r->stand, plural(r->stand));
    if (r->shown > 0)
        buf_printf(out, "; %" PRIu64 " of them for the very request that was kept beside", r->shown);
    if (r->repeated > 0)
        buf_printf(out, "; %" PRIu64 " for an earlier one that said the same", r->repeated);
    if (r->without > 0)
        buf_printf(out, "; %" PRIu64 " line%s hold%s none", r->without, plural(r->without), verb(r->without));
}
