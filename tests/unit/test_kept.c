/* What a sender and a party kept, held against a small mirror: receipts, click ids, and the requests beside receipts.
 * Each kind of fault has the verdict and the words of its own; what is only not known accuses nobody. */
#include "common/settlement/verify_requests.h"
#include "common/tokens/tokens.h"
#include "tests/support/mirror.h"

enum { CLICK = 3, VIEW = 4, LEAD = 6, DUPLICATE = 7, DISPOSITION = 8, STATEMENT = 9 }; /* of story_short */
enum { KEPT_CAP = 1 << 14 };

/* ---- one file that somebody kept ---- */

struct kept_text {
    const char *text;
    bool no_list;
    enum err err; /* of its reading */
};

static enum err file_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    const struct kept_text *k = ctx;
    (void)path;
    size_t len = strlen(k->text);
    if (k->err == ERR_OK && offset < len)
        buf_add(out, k->text + offset, len - offset < max ? len - (size_t)offset : max);
    return k->err;
}

static enum err file_list(void *ctx, void (*each)(void *arg, const char *path), void *arg)
{
    const struct kept_text *k = ctx;
    each(arg, "folder/");
    each(arg, "kept");
    return k->no_list ? ERR_IO : ERR_OK;
}

struct said {
    const char *check;
    enum verdict verdict;
    char sentence[4096];
};

static void hear(void *ctx, const struct report_line *line)
{
    struct said *s = ctx;
    if (!line->check || strcmp(line->topic, s->check) != 0)
        return;
    s->verdict = line->verdict;
    snprintf(s->sentence, sizeof s->sentence, "%.*s", (int)line->sentence.len, line->sentence.ptr);
}

static struct said judged(struct story *s, const char *check, struct kept_text kept)
{
    struct said said = {.check = check};
    const struct mirror m = story_mirror(s), k = {.read = file_read, .list = file_list, .ctx = &kept};
    struct verify_asked asked = {.now_ms = s->now_ms};
    *(strcmp(check, "clicks") == 0 ? &asked.clicks : &asked.receipts) = &k;
    (void)verify_mirror(&m, &asked, hear, &said);
    return said;
}

static void assert_said(const struct said *said, enum verdict verdict, const char *words, const char *of)
{
    if (said->verdict != verdict || strstr(said->sentence, words) == NULL)
        fail_msg("%s: %d, %s; not %d, %s", of, (int)said->verdict, said->sentence, (int)verdict, words);
}

/* ---- receipts ---- */

static json_t *payload_of(struct story *s, uint64_t index)
{
    struct entry e;
    struct hash leaf;
    struct buf text;
    json_t *doc = NULL;
    buf_heap(&text);
    assert_ok(entry_read(buf_span(&s->entry[index]), &e, NULL));
    merkle_leaf(buf_span(&s->entry[index]), &leaf);
    receipt_payload(&text, SPAN(CONTRACT), index, &leaf, &e);
    assert_ok(json_read(buf_span(&text), &doc, NULL));
    entry_close(&e);
    buf_free(&text);
    return doc;
}

static void sign_receipt(struct story *s, const json_t *payload, const char *typ, char out[KEPT_CAP])
{
    struct buf jws;
    char *text = json_dumps(payload, JSON_COMPACT | JSON_SORT_KEYS);
    buf_heap(&jws);
    jws_compact(&jws, s->statement_key, typ, span_str(text));
    snprintf(out, KEPT_CAP, "%.*s", (int)jws.len, jws.ptr);
    buf_free(&jws);
    free(text);
}

/* A receipt of the entry in which a member is another (JSON; NULL: as it is; "": it is not there). */
static void receipt_of(struct story *s, uint64_t index, const char *member, const char *value, char out[KEPT_CAP])
{
    json_t *payload = payload_of(s, index);
    if (member != NULL && value[0] == '\0')
        json_object_del(payload, member);
    else if (member != NULL)
        json_object_set_new(payload, member, json_loads(value, JSON_DECODE_ANY, NULL));
    sign_receipt(s, payload, "countersign-receipt", out);
    json_decref(payload);
}

static struct story *short_story(void)
{
    struct story *s = story_short();
    write_logs(s);
    return s;
}

static void a_signed_receipt_stands_or_says_how_it_differs(void **state)
{
    (void)state;
    static const struct {
        uint64_t index;
        const char *member, *value;
        enum verdict verdict;
        const char *words;
    } cases[] = {
        {LEAD, NULL, NULL, HOLDS, "1 receipt signed"},
        {DUPLICATE, NULL, NULL, HOLDS, "1 receipt signed"},
        {DISPOSITION, NULL, NULL, HOLDS, "1 receipt signed"},
        {LEAD, "index", "", FAILS, "does not read as one"},
        {LEAD, "index", "-1", FAILS, "does not read as one"},
        {LEAD, "index", "\"6\"", FAILS, "does not read as one"},
        {LEAD, "payout_micros", "\"1\"", FAILS, "does not read as one"},
        {LEAD, "at", "6", FAILS, "does not read as one"},
        {LEAD, "at", "\"yesterday\"", FAILS, "does not read as one"},
        {LEAD, "status", "6", FAILS, "does not read as one"},
        {LEAD, "status", "\"a status that is too long\"", FAILS, "does not read as one"},
        {LEAD, "request_sha256", "6", FAILS, "does not read as one"},
        {LEAD, "request_sha256", "\"00\"", FAILS, "does not read as one"},
        {LEAD, "request_sha256", "\"xx\"", FAILS, "does not read as one"},
        {LEAD, "contract", "", FAILS, "does not read as one"},
        {LEAD, "contract", "6", FAILS, "does not read as one"},
        {LEAD, "contract", "\"C2\"", CANNOT_TELL, "1 of other contracts"},
        {LEAD, "terms", "7", FAILS, "holds other facts than were signed"},
        {LEAD, "status", "\"approved\"", FAILS, "is decided otherwise than it was answered: approved"},
        {LEAD, "payout_micros", "7", FAILS, "is decided otherwise than it was answered: pending, 7 micros"},
        {DISPOSITION, "status", "\"rejected\"", FAILS, "is decided otherwise than it was answered: rejected"},
        {DISPOSITION, "payout_micros", "7", FAILS, "is decided otherwise"},
        {DISPOSITION, "reason", "\"other words\"", FAILS, "holds other facts than were signed"},
        {LEAD, "index", "3", FAILS, "is dropped: a click stands there"},
        {LEAD, "index", "9", FAILS, "is dropped: a statement stands there"},
        {LEAD, "index", "7", FAILS, "another request's entry stands there"},
        {LEAD, "index", "99", FAILS, "is dropped: the log has 11 entries"},
    };
    struct story *s = short_story();
    char receipt[KEPT_CAP];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        receipt_of(s, cases[i].index, cases[i].member, cases[i].value, receipt);
        struct said said = judged(s, "receipts", (struct kept_text){.text = receipt});
        assert_said(&said, cases[i].verdict, cases[i].words, cases[i].member != NULL ? cases[i].member : "as it is");
    }
    story_free(s);
}

static void one_that_came_after_the_pull_accuses_nobody(void **state)
{
    (void)state;
    struct story *s = short_story();
    char receipt[KEPT_CAP];
    json_t *payload = payload_of(s, LEAD);
    json_object_set_new(payload, "index", json_integer(99));
    json_object_set_new(payload, "at", json_string("2999-01-01T00:00:00.000Z"));
    sign_receipt(s, payload, "countersign-receipt", receipt);
    json_decref(payload);
    struct said said = judged(s, "receipts", (struct kept_text){.text = receipt});
    assert_said(&said, CANNOT_TELL, "came after this mirror was pulled: pull again", "later");
    receipt_of(s, LEAD, NULL, NULL, receipt);
    for (size_t i = 0; i < s->n_files; i++) /* the log cannot be walked */
        s->file[i].gone |= strstr(s->file[i].path, CONTRACT "/tile/entries") != NULL;
    said = judged(s, "receipts", (struct kept_text){.text = receipt});
    assert_said(&said, CANNOT_TELL, "could not be looked at", "no entries");
    said = judged(s, "receipts", (struct kept_text){.text = receipt, .no_list = true});
    assert_said(&said, CANNOT_TELL, "the receipts cannot be read", "no folder");
    said = judged(s, "receipts", (struct kept_text){.text = receipt, .err = ERR_IO});
    assert_said(&said, CANNOT_TELL, "", "no file");
    story_free(s);
}

/* `%R` in a line stands for an honest receipt, `%H` for its header, `%P` for its payload. */
static void fill(const char *line, const char *receipt, char out[KEPT_CAP])
{
    const char *dot = strchr(receipt, '.'), *second = strchr(dot + 1, '.');
    size_t n = 0;
    for (; *line != '\0'; line++) {
        const char *from = line;
        size_t len = 1;
        if (line[0] == '%' && strchr("RHP", line[1]) != NULL) {
            line++;
            from = *line == 'P' ? dot + 1 : receipt;
            len = *line == 'R' ? strlen(receipt) : *line == 'H' ? (size_t)(dot - receipt) : (size_t)(second - dot - 1);
        }
        assert_true(n + len < KEPT_CAP);
        memcpy(out + n, from, len);
        n += len;
    }
    out[n] = '\0';
}

static void whatever_stands_around_a_receipt_is_read_or_told(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum verdict verdict;
        const char *words;
    } cases[] = {
        {"%R\n", HOLDS, "1 receipt signed"},
        {"\n  \n%R", HOLDS, "1 receipt signed"},
        {"order-7;\"%R\";2026\n", HOLDS, "1 receipt signed"},
        {"{\"receipt\":\"%R\"}\n", HOLDS, "1 receipt signed"},
        {"\"{\"\"receipt\"\":\"\"%R\"\"}\";x\n", HOLDS, "1 receipt signed"},
        {"{\"data\":[{\"receipt\":\"%R\"},{\"receipt\":\"%R\"}]}\n", HOLDS, "2 receipts signed"},
        {"%R\nno receipt here\na.b.c\neyJ.x\n", HOLDS, "3 lines hold none"},
        {"{\"receipt\":\"%R\",\"request\":7}\n", HOLDS, "1 receipt signed"},
        {"{\"receipt\":\"%R\",\"request\":\"tx6\"}\n", HOLDS, "1 of them for the very request"},
        {"{\"receipt\":\"%R\",\"request\":\"tx7\"}\n", FAILS, "another request than the one beside it"},
        {"{\"data\":[{\"receipt\":\"%R\",\"request\":\"tx7\"},{\"request\":\"tx6\"}]}\n", CANNOT_TELL, "do not show"},
        {"{\"receipt\":7}\n", CANNOT_TELL, "no receipt of this contract"},
        {"{\"data\":7}\n", CANNOT_TELL, "no receipt of this contract"},
        {"{}\n", CANNOT_TELL, "no receipt of this contract"},
        {"", CANNOT_TELL, "no receipt of this contract"},
        {"%R\n{\n", CANNOT_TELL, "line 2 is neither JSON nor a receipt"},
        {"%R\n\"{\n", CANNOT_TELL, "line 2 is neither JSON nor a receipt"},
        {"%H.%P.AAAA\n", CANNOT_TELL, "no published key"},
        {"%H.AAAA.AAAA\n", CANNOT_TELL, "no published key"},
        {"%H.!.AAAA\n", CANNOT_TELL, "no published key"},
        {"%H.e30.AAAA\n", CANNOT_TELL, "no published key"},                                     /* {} */
        {"%H.eyJjb250cmFjdCI6NX0.AAAA\n", CANNOT_TELL, "no published key"},                     /* {"contract":5} */
        {"%H.eyJjb250cmFjdCI6IkMyIn0.AAAA\n", CANNOT_TELL, "line 1 (C2)"},                      /* {"contract":"C2"} */
        {"%H.eyJjb250cmFjdCI6IkMxIn0.AAAA\n", CANNOT_TELL, "no published key"},                 /* {"contract":"C1"} */
        {"%R\neyJ!.%P.AAAA\n", HOLDS, "1 line holds none"},                                     /* no header, */
        {"%R\neyJ9.%P.AAAA\n", HOLDS, "1 line holds none"},                                     /* no JSON, */
        {"%R\neyJhIjoxfQ.%P.AAAA\n", HOLDS, "1 line holds none"},                               /* {"a":1}, */
        {"%R\neyJ0eXAiOiJKV1QifQ.%P.AAAA\n", HOLDS, "1 line holds none"},                       /* {"typ":"JWT"} */
        {"eyJ0eXAiOiJjb3VudGVyc2lnbi1yZWNlaXB0In0.%P.AAAA\n", CANNOT_TELL, "no published key"}, /* without a kid, */
        {"eyJraWQiOiJ4IiwidHlwIjoiY291bnRlcnNpZ24tcmVjZWlwdCJ9.%P.AAAA\n", CANNOT_TELL, "no published key"}, /* "x" */
    };
    struct story *s = short_story();
    char receipt[KEPT_CAP], line[KEPT_CAP];
    receipt_of(s, LEAD, NULL, NULL, receipt);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fill(cases[i].line, receipt, line);
        struct said said = judged(s, "receipts", (struct kept_text){.text = line});
        assert_said(&said, cases[i].verdict, cases[i].words, cases[i].line);
    }
    story_free(s);
}

/* ---- requests ---- */

#define QUERY(fields) "PBv1\nGET\nhost\n/postback?" fields "\n" NOTHING
#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define A_BODY "0000000000000000000000000000000000000000000000000000000000000000"

static void what_a_request_repeats_is_seen_in_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *earlier, *later;
        enum repeat repeat;
    } cases[] = {
        {QUERY("txid=1&email=a@b"), QUERY("nonce=x&email=A%40B&txid=1"), REPEATS},
        {QUERY("txid=1&phone=%2B49+1"), "id.1.{\"txid\":\"1\",\"phone\":\"49 1\"}", REPEATS},
        {QUERY("order_id=1"), QUERY("txid=1&transaction_id=1"), REPEATS},
        {QUERY("txid=1&event=lead&test=0"), QUERY("txid=1&test=false"), REPEATS},
        {QUERY("txid=1&event=sale"), QUERY("txid=1"), OTHER_FACTS},
        {QUERY("txid=1&test=1"), "id.1.{\"test\":true,\"txid\":\"1\"}", REPEATS},
        {QUERY("txid=1&amount=1.5"), "id.1.{\"amount\":1.5,\"txid\":1}", REPEATS},
        {QUERY("txid=1"), "id.1.{\"test\":false,\"reason\":null,\"txid\":\"1\"}", REPEATS},
        {QUERY("txid=1&f_size=small"), QUERY("txid=1&f_size=large"), OTHER_FACTS},
        {QUERY("txid=1&f_size=small"), QUERY("txid=1&f_shape=small"), OTHER_FACTS},
        {QUERY("txid=1&what=ever"), QUERY("txid=1"), REPEATS}, /* no field */
        {QUERY("txid=1"), QUERY("txid=2"), OTHER_TXID},
        {QUERY("txid=1"), QUERY("email=a@b"), OTHER_TXID},
        {QUERY("email=a@b"), QUERY("email=a@b"), OTHER_TXID}, /* which they may have, or not */
        {QUERY("email=a@b&nonce=1"), QUERY("email=a@b&nonce=1"), REPEATS},
        {QUERY("email=a@b&nonce=1"), QUERY("email=a@b&nonce=2"), OTHER_TXID},
        {QUERY("txid=1&click_id=1"), QUERY("txid=1&subid=2"), OTHER_CLICK},
        {QUERY("txid=1&click_id=1"), QUERY("txid=1&cid=1&phone=2"), OTHER_FACTS},
        {QUERY("txid=1&status=approved"), QUERY("txid=1&status=approved&reason=x"), REPEATS},
        {QUERY("lead=1&status=approved"), QUERY("lead=1&status=approved&reason=x"), REPEATS},
        {QUERY("clickid=1&status=approved"), QUERY("cnv_id=1&status=approved&reason=x"), REPEATS},
        {QUERY("lead=1&status=approved"), QUERY("lead=2&status=approved"), REPEATS_UNKNOWN},
        {QUERY("lead=1&status=approved"), QUERY("lead=1&status=rejected"), OTHER_FACTS},
        {QUERY("lead=1&status=approved"), QUERY("lead=1"), OTHER_FACTS},
        {QUERY("lead=1"), QUERY("lead=1&status=approved"), OTHER_FACTS},
        {"PBv1\nPOST\nhost\n/p\n" A_BODY, "PBv1\nPOST\nhost\n/p\n" A_BODY, REPEATS},
        {"PBv1\nPOST\nhost\n/p\n" A_BODY, QUERY("txid=1"), REPEATS_UNKNOWN},
        {QUERY("txid=1"), "PBv1\nPOST\nhost\n/p\n" A_BODY "\ntoken", REPEATS_UNKNOWN},
        {"id.1.{\"touches\":[1],\"txid\":\"1\"}", "id.1.{\"touches\":[1],\"txid\":\"1\"}", REPEATS},
        {"id.1.{\"touches\":{},\"txid\":\"1\"}", "id.1.{\"touches\":[1],\"txid\":\"1\"}", REPEATS_UNKNOWN},
        /* none of the forms */
        {"PBv1\nGET\nhost\n/p?txid=1\ne3b0", QUERY("txid=1"), REPEATS_UNKNOWN},
        {"PBv1\nGET\nhost", QUERY("txid=1"), REPEATS_UNKNOWN},
        {"PBv1\nGET", QUERY("txid=1"), REPEATS_UNKNOWN},
        {"PBv1\n", QUERY("txid=1"), REPEATS_UNKNOWN},
        {QUERY("txid=1"), "txid=1", REPEATS_UNKNOWN},
        {QUERY("txid=1"), "id.txid=1", REPEATS_UNKNOWN},
        {QUERY("txid=1"), "id.1.txid=1", REPEATS_UNKNOWN},
        {QUERY("txid=1"), "", REPEATS_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request_said earlier, later;
        request_read(span_str(cases[i].earlier), &earlier);
        request_read(span_str(cases[i].later), &later);
        enum repeat repeat = request_repeats(&earlier, &later);
        if (repeat != cases[i].repeat)
            fail_msg("%s and %s: %d, not %d", cases[i].earlier, cases[i].later, (int)repeat, (int)cases[i].repeat);
    }
}

/* ---- click ids ---- */

static struct tokens *tokens_of(const char *master)
{
    uint8_t key[32] = {0};
    struct tokens *t = tokens_new();
    memcpy(key, master, strlen(master));
    tokens_add_key(t, 0, key);
    return t;
}

static void write_click_key(struct story *s, const struct tokens *t)
{
    uint8_t key[CLICK_KEY_LEN], kid;
    struct buf *out = story_file(s, "v1/contracts/" CONTRACT "/click-key");
    assert_ok(click_key(t, 0, 1, &kid, key));
    buf_clear(out);
    buf_str(out, "{\"keys\":[{\"key\":\"");
    buf_b64url(out, key, sizeof key);
    buf_printf(out, "\",\"kid\":%u}]}", kid);
}

static int64_t second_of(int64_t ms)
{
    return ms / 1000;
}

/* A story with `gap` clicks that were not written, in the second before its end, and the id of its click. */
static struct story *click_story(struct tokens *t, uint64_t gap)
{
    struct story *s = story_short();
    if (gap > 0)
        tell(s,
             &(struct entry){.kind = ENTRY_GAP,
                             .at_ms = s->now_ms,
                             .gap = {.from_ms = s->now_ms - 1000, .to_ms = s->now_ms, .clicks = gap}},
             NULL);
    s->now_ms += 600 * 1000;
    tell_view(s, false, 0); /* long after: what came before is settled */
    write_logs(s);
    write_click_key(s, t);
    return s;
}

static int64_t at_of(struct story *s, uint64_t index)
{
    struct entry e;
    assert_ok(entry_read(buf_span(&s->entry[index]), &e, NULL));
    int64_t ms = e.at_ms;
    entry_close(&e);
    return ms;
}

struct an_id {
    uint32_t contract;
    uint64_t index;
    int64_t second; /* from that of the story's click on */
    uint8_t flags;
};

static void write_id(struct story *s, struct tokens *t, const struct an_id *i, struct buf *out)
{
    char id[CLICK_ID_LEN];
    const struct pointer p = {.contract = i->contract,
                              .index = i->index,
                              .at_s = (uint32_t)(second_of(at_of(s, CLICK)) + i->second),
                              .flags = i->flags};
    click_id_write(t, &p, id);
    buf_add(out, id, CLICK_ID_LEN);
}

static void a_click_id_stands_or_says_how_it_does_not(void **state)
{
    (void)state;
    static const struct {
        struct an_id id[5];
        size_t n;
        const char *behind; /* each */
        enum verdict verdict;
        const char *words;
    } cases[] = {
        {{{1, CLICK, 0, 0}}, 1, "", HOLDS, "1 click stands in the log at index and second"},
        {{{1, CLICK, 0, 0}, {1, CLICK, 0, 0}}, 2, "", HOLDS, "1 click stands"},
        {{{1, CLICK, 0, 0}}, 1, ";2999-01-01T00:00:00Z", HOLDS, "1 click stands"},
        {{{1, CLICK, 0, 0}}, 1, " 1900000000", HOLDS, "1 click stands"},
        {{{1, CLICK, 0, 0}}, 1, " 1900000000000", HOLDS, "1 click stands"},
        {{{1, CLICK, 0, 0}}, 1, "\",\"5\"", FAILS, "was seen more than an hour before its time"},
        {{{1, CLICK, 0, 0}}, 1, " 0", CANNOT_TELL, "what is no time"},
        {{{1, CLICK, 0, 0}}, 1, " -5", CANNOT_TELL, "what is no time"},
        {{{1, CLICK, 0, 0}}, 1, " 99999999999999999", CANNOT_TELL, "what is no time"},
        {{{1, CLICK, 0, 0}}, 1, " today", CANNOT_TELL, "what is no time"},
        {{{1, CLICK, 0, 0}}, 1, "\n# a comment\n\nno id", HOLDS, "1 line holds no id"},
        {{{1, VIEW, 1, 0}}, 1, "", FAILS, "is dropped: a view stands there"},
        {{{1, CLICK, 1, 0}}, 1, "", FAILS, "which came at another second"},
        {{{1, CLICK, 0, 0}, {1, CLICK, 1, 0}}, 2, "", FAILS, "two clicks were answered as one"},
        {{{1, 99, 0, 0}}, 1, "", FAILS, "is dropped: the log has"},
        {{{1, 99, 100000, 0}}, 1, "", CANNOT_TELL, "the click came after this mirror was pulled"},
        {{{1, CLICK, 0, 0}, {1, 7, 0, 2}}, 2, "", CANNOT_TELL, "of a kind that is not known here"},
        {{{1, CLICK, 0, 0}, {1, UINT64_C(1) << 60, 0, 0}}, 2, "", HOLDS, "1 answered a HEAD request"},
        {{{1, CLICK, 0, 0}, {2, 7, 0, 0}}, 2, "", HOLDS, "1 id does not open (line 2)"},
        {{{1, CLICK, 0, 0}, {2, 7, 0, 0}, {2, 8, 0, 0}}, 3, "", HOLDS, "2 ids do not open (line 2, 3)"},
        {{{2, 7, 0, 0}}, 1, "", CANNOT_TELL, "there is no id of this contract"},
        {{{1, 7, 0, 1}}, 1, "", FAILS, "left as unrecorded, and no gap entry counts it"},
        {{{1, 7, 100000, 1}}, 1, "", CANNOT_TELL, "left as unrecorded when this mirror was pulled"},
    };
    struct tokens *t = tokens_of("master");
    struct story *s = click_story(t, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf text;
        buf_heap(&text);
        for (size_t k = 0; k < cases[i].n; k++) {
            write_id(s, t, &cases[i].id[k], &text);
            buf_printf(&text, "%s\n", cases[i].behind);
        }
        buf_byte(&text, '\0');
        struct said said = judged(s, "clicks", (struct kept_text){.text = text.ptr});
        assert_said(&said, cases[i].verdict, cases[i].words, text.ptr);
        buf_free(&text);
    }
    story_free(s);
    tokens_free(t);
}

static void a_gap_counts_so_many_ids_and_no_more(void **state)
{
    (void)state;
    struct tokens *t = tokens_of("master");
    for (uint64_t counted = 1; counted <= 3; counted++) {
        struct story *s = click_story(t, counted);
        struct buf text;
        buf_heap(&text);
        const int64_t end = second_of(at_of(s, STATEMENT + 2)) - second_of(at_of(s, CLICK));
        write_id(s, t, &(struct an_id){1, CLICK, 0, 0}, &text);
        for (uint64_t n = 1; n <= 4; n++) {
            buf_byte(&text, '\n');
            write_id(s, t, &(struct an_id){1, 1000 + n, end - (int64_t)(n % 2), CLICK_UNRECORDED}, &text);
            buf_byte(&text, '\0');
            struct said said = judged(s, "clicks", (struct kept_text){.text = text.ptr});
            text.len--;
            char words[80];
            snprintf(words, sizeof words, "; %u left as unrecorded, which gap entries count", (unsigned)n);
            assert_said(&said, n <= counted ? HOLDS : FAILS,
                        n <= counted ? words : "more ids of that second left as unrecorded than the gap entries count",
                        "a gap");
        }
        buf_free(&text);
        story_free(s);
    }
    tokens_free(t);
}

static void clicks_that_nobody_saw_are_listed(void **state)
{
    (void)state;
    struct tokens *t = tokens_of("master");
    for (unsigned unseen = 1; unseen <= 12; unseen += 11) {
        struct story *s = story_short();
        struct buf text;
        for (unsigned i = 0; i < unseen; i++)
            tell_click(s, CLASS_OK);
        tell_click(s, CLASS_PREFETCH); /* is given no id */
        write_logs(s);
        write_click_key(s, t);
        buf_heap(&text);
        write_id(s, t, &(struct an_id){1, CLICK, 0, 0}, &text);
        buf_byte(&text, '\0');
        struct said said = judged(s, "clicks", (struct kept_text){.text = text.ptr});
        assert_said(&said, CANNOT_TELL,
                    unseen == 1 ? "1 click of the log (1 of class ok) is not among the ids: entry 11; it is invented"
                                : "12 clicks of the log (12 of class ok) are not among the ids: entries 11, 12, 13, "
                                  "14, 15, 16, 17, 18, 19, 20 and others; they are invented",
                    "unseen");
        for (size_t i = 0; i < s->n_files; i++) /* and a log that cannot be walked */
            s->file[i].gone |= strstr(s->file[i].path, CONTRACT "/tile/entries") != NULL;
        said = judged(s, "clicks", (struct kept_text){.text = text.ptr});
        assert_said(&said, CANNOT_TELL, "entry 3 could not be looked at", "no entries");
        buf_free(&text);
        story_free(s);
    }
    tokens_free(t);
}

static void without_a_key_no_id_is_judged(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "no JSON",
        "{}",
        "{\"keys\":7}",
        "{\"keys\":[]}",
        "{\"keys\":[7]}",
        "{\"keys\":[{\"key\":\"AAAA\",\"kid\":0}]}",
        "{\"keys\":[{\"key\":\"!\",\"kid\":0}]}",
        "{\"keys\":[{\"key\":7,\"kid\":0}]}",
        "{\"keys\":[{\"kid\":0}]}",
        "{\"keys\":[{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
        "{\"keys\":[{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"kid\":256}]}",
        "{\"keys\":[{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"kid\":-1}]}",
    };
    struct tokens *t = tokens_of("master");
    struct story *s = click_story(t, 0);
    struct buf text, *keys = story_file(s, "v1/contracts/" CONTRACT "/click-key");
    buf_heap(&text);
    write_id(s, t, &(struct an_id){1, CLICK, 0, 0}, &text);
    buf_byte(&text, '\0');
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buf_clear(keys);
        buf_str(keys, bad[i]);
        struct said said = judged(s, "clicks", (struct kept_text){.text = text.ptr});
        assert_said(&said, CANNOT_TELL, "holds no key", bad[i]);
    }
    write_click_key(s, t);
    keys->len -= 2;
    buf_str(keys, ",{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"kid\":0}]}"); /* the first counts */
    struct said said = judged(s, "clicks", (struct kept_text){.text = text.ptr});
    assert_said(&said, HOLDS, "1 click stands", "two keys");
    said = judged(s, "clicks", (struct kept_text){.text = text.ptr, .no_list = true});
    assert_said(&said, CANNOT_TELL, "the click ids cannot be read", "no folder");
    for (size_t i = 0; i < s->n_files; i++)
        s->file[i].gone |= strcmp(s->file[i].path, "v1/contracts/" CONTRACT "/click-key") == 0;
    said = judged(s, "clicks", (struct kept_text){.text = text.ptr});
    assert_said(&said, CANNOT_TELL, "is missing", "no key file");
    buf_free(&text);
    story_free(s);
    tokens_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_receipt_stands_or_says_how_it_differs),
        cmocka_unit_test(one_that_came_after_the_pull_accuses_nobody),
        cmocka_unit_test(whatever_stands_around_a_receipt_is_read_or_told),
        cmocka_unit_test(what_a_request_repeats_is_seen_in_its_text),
        cmocka_unit_test(a_click_id_stands_or_says_how_it_does_not),
        cmocka_unit_test(a_gap_counts_so_many_ids_and_no_more),
        cmocka_unit_test(clicks_that_nobody_saw_are_listed),
        cmocka_unit_test(without_a_key_no_id_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
