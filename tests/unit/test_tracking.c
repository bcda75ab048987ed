/* Clicks, pixels and the tag, as a browser sees them; and what stands in the ledger after them. */
#include <sys/stat.h>

#include "server/keys/day_keys.h"
#include "server/tracking/tracking.h"
#include "tests/support/live_server.h"

#define COOKIE_TAIL "; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"

static struct live *live(void **state)
{
    return *state;
}

static void get(struct live *l, struct answer *a, const char *method, const char *path, size_t code, const char *rest,
                const char *headers)
{
    char target[9000];
    snprintf(target, sizeof target, "%s%s%s", path, l->code[code], rest);
    live_get(l, a, method, target, headers);
}

/* The click id in a Location, checked: of contract C2. */
static struct pointer click_of(struct live *l, const struct answer *a, char id[CLICK_ID_LEN + 1])
{
    char location[2400];
    struct pointer p = {0};
    assert_true(live_header(a, "Location", location, sizeof location));
    const char *at = strstr(location, "click_id=");
    assert_non_null(at);
    snprintf(id, CLICK_ID_LEN + 1, "%s", at + 9);
    assert_ok(click_id_read(l->tokens, span_of(id, CLICK_ID_LEN), &p));
    assert_int_equal(p.contract, 2);
    return p;
}

/* What was recorded at an index of C2. */
static struct entry entry_at(struct live *l, uint64_t index)
{
    struct entry e;
    struct envelope env;
    struct txn *t = fixture_begin(&l->f, false);
    assert_ok(ledger_read(t, 2, index, &env));
    assert_ok(entry_read(env.entry, &e, NULL));
    txn_abort(t);
    return e;
}

#define BROWSER "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_1) Version/18.1 Mobile/15E148 Safari/604.1\r\n"

/* ---- clicks ---- */

static void a_click_is_recorded_as_it_came(void **state)
{
    struct answer a;
    char id[CLICK_ID_LEN + 1];
    get(live(state), &a, "GET", "/c/", 0, "?sub1=a%20b&sub5=%F0%9F%98%80&utm_source=x&other=y&sub1=second", BROWSER);
    assert_int_equal(a.status, 302);
    struct pointer p = click_of(live(state), &a, id);
    struct entry e = entry_at(live(state), p.index);
    assert_int_equal(e.kind, ENTRY_CLICK);
    assert_int_equal(e.click.class, CLASS_OK);
    assert_int_equal(e.click.placement, 1);
    assert_true(span_is(e.click.sub[0], "a b") && span_is(e.click.sub[4], "\xf0\x9f\x98\x80") &&
                span_is(e.click.utm[0], "x"));
    assert_int_equal(e.at_ms / 1000, p.at_s);
    entry_close(&e);
}

static const struct {
    const char *name, *query;
    size_t code;
    const char *before, *after; /* of the click id */
} landings[] = {
    {"campaign's, with query and fragment", "", 0, "https://shop.example/land?a=1&click_id=", "#top"},
    {"the code's own", "", 1, "https://own.shop.example/x?click_id=", ""},
    {"deep link to the landing page's host", "?to=https%3A%2F%2Fshop.example%2Fp", 0,
     "https://shop.example/p?click_id=", ""},
    {"deep link to an allowed host", "?to=https://deep.shop.example/p?q=%2525%23f", 0,
     "https://deep.shop.example/p?q=%25&click_id=", "#f"},
    {"deep link that ends in a question mark", "?to=https://shop.example/p%3F", 0,
     "https://shop.example/p?click_id=", ""},
    {"deep link elsewhere", "?to=https://evil.example/", 0, "https://shop.example/land?a=1&click_id=", "#top"},
    {"deep link with user information", "?to=https://shop.example@evil.example/", 0,
     "https://shop.example/land?a=1&click_id=", "#top"},
    {"deep link with a backslash", "?to=https://evil.example%5C@shop.example/", 0,
     "https://shop.example/land?a=1&click_id=", "#top"},
    {"deep link with a line break", "?to=https://shop.example/%0d%0aX:y", 0,
     "https://shop.example/land?a=1&click_id=", "#top"},
    {"deep link of another scheme", "?to=javascript:alert(1)", 0, "https://shop.example/land?a=1&click_id=", "#top"},
    {"second deep link", "?to=https://evil.example/&to=https://shop.example/", 0,
     "https://shop.example/land?a=1&click_id=", "#top"},
};

static void the_landing_url_carries_the_click_id(void **state)
{
    struct answer a;
    char location[2400], id[CLICK_ID_LEN + 1], wanted[2400];
    for (size_t i = 0; i < sizeof landings / sizeof landings[0]; i++) {
        get(live(state), &a, "GET", "/c/", landings[i].code, landings[i].query, "");
        click_of(live(state), &a, id);
        assert_true(live_header(&a, "Location", location, sizeof location));
        snprintf(wanted, sizeof wanted, "%s%s%s", landings[i].before, id, landings[i].after);
        if (strcmp(location, wanted) != 0)
            fail_msg("%s: %s", landings[i].name, location);
    }
}

static void a_click_is_not_stored_and_sets_its_cookie(void **state)
{
    struct answer a;
    char value[256], id[CLICK_ID_LEN + 1], wanted[256];
    get(live(state), &a, "GET", "/c/", 0, "", "");
    click_of(live(state), &a, id);
    assert_true(live_header(&a, "Cache-Control", value, sizeof value));
    assert_string_equal(value, "no-store");
    assert_true(live_header(&a, "Referrer-Policy", value, sizeof value));
    assert_string_equal(value, "no-referrer-when-downgrade");
    assert_true(live_header(&a, "Set-Cookie", value, sizeof value));
    snprintf(wanted, sizeof wanted, "cs_A1=%s" COOKIE_TAIL, id);
    assert_string_equal(value, wanted);
}

static void a_cookie_is_for_those_who_went_there_and_did_not_object(void **state)
{
    static const struct {
        const char *headers;
        bool set;
    } cases[] = {{BROWSER, true},
                 {BROWSER "Sec-GPC: 1\r\n", false},
                 {BROWSER "sec-gpc:1\r\n", false},
                 {BROWSER "Sec-GPC: 0\r\n", true},
                 {BROWSER "Sec-Fetch-Dest: document\r\n", true},
                 {BROWSER "Sec-Fetch-Dest: image\r\n", false},
                 {BROWSER "Purpose: prefetch\r\n", false}};
    struct answer a;
    char value[1024];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        get(live(state), &a, "GET", "/c/", 0, "", cases[i].headers);
        if (live_header(&a, "Set-Cookie", value, sizeof value) != cases[i].set)
            fail_msg("%s", cases[i].headers);
    }
}

/* The cookie keeps the last ten, oldest first, and drops what is no click id. */
static void the_cookie_keeps_the_last_ten_ids(void **state)
{
    struct answer a;
    char sent_mem[2048], wanted_mem[1024], old[CLICK_ID_LEN], id[CLICK_ID_LEN + 1], value[1024];
    struct buf sent, wanted;
    buf_fixed(&sent, sent_mem, sizeof sent_mem);
    buf_fixed(&wanted, wanted_mem, sizeof wanted_mem);
    buf_str(&sent, "Cookie: a=b; cs_A1=junk");
    buf_str(&wanted, "cs_A1=");
    for (int i = 0; i < 12; i++) {
        memset(old, 'a' + i, sizeof old);
        buf_byte(&sent, '.');
        buf_add(&sent, old, sizeof old);
        if (i < 3)
            continue;
        buf_add(&wanted, old, sizeof old);
        buf_byte(&wanted, '.');
    }
    buf_str(&sent, "; c=d\r\n");
    buf_byte(&sent, '\0');
    get(live(state), &a, "GET", "/c/", 0, "", sent_mem);
    click_of(live(state), &a, id);
    buf_str(&wanted, id);
    buf_str(&wanted, COOKIE_TAIL);
    assert_true(live_header(&a, "Set-Cookie", value, sizeof value));
    assert_true(span_eq(span_str(value), buf_span(&wanted)));
}

static void bad_parameters_cost_no_click(void **state)
{
    struct answer a;
    char id[CLICK_ID_LEN + 1], query[4096];
    struct buf q;
    buf_fixed(&q, query, sizeof query);
    buf_str(&q, "?sub1=%zz&sub2=a%FFb&sub3=%00&sub4=\xff&sub5=");
    for (int i = 0; i < 300; i++)
        buf_str(&q, "%C3%A9");
    buf_byte(&q, '\0');
    get(live(state), &a, "GET", "/c/", 0, query, "");
    struct entry e = entry_at(live(state), click_of(live(state), &a, id).index);
    assert_true(span_is(e.click.sub[0], "%zz") &&
                span_is(e.click.sub[1], "a\xef\xbf\xbd"
                                        "b") &&
                span_is(e.click.sub[2], "\xef\xbf\xbd") && span_is(e.click.sub[3], "\xef\xbf\xbd"));
    assert_int_equal(e.click.sub[4].len, LIMIT_PARAM); /* 128 characters of two bytes */
    entry_close(&e);
}

static void a_prefetch_is_recorded_as_one(void **state)
{
    static const char *const headers[] = {"Purpose: prefetch\r\n", "Sec-Purpose: prefetch;prerender\r\n",
                                          "X-Purpose: preview\r\n", "X-moz: prefetch\r\n"};
    struct answer a;
    char id[CLICK_ID_LEN + 1];
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        get(live(state), &a, "GET", "/c/", 0, "", headers[i]);
        assert_int_equal(a.status, 503);
        get(live(state), &a, "GET", "/c/", 0, "", "");
        struct entry e = entry_at(live(state), click_of(live(state), &a, id).index - 1);
        assert_int_equal(e.click.class, CLASS_PREFETCH);
        entry_close(&e);
    }
}

#define ROBOT "User-Agent: Googlebot/2.1\r\n"

static const struct {
    const char *headers;
    enum class click, view;
    enum device device;
} classes[] = {
    {BROWSER, CLASS_OK, CLASS_OK, DEVICE_PHONE},
    {BROWSER "Sec-Fetch-Dest: document\r\n", CLASS_OK, CLASS_OK, DEVICE_PHONE},
    {ROBOT, CLASS_BOT, CLASS_BOT, DEVICE_NONE},
    {"", CLASS_BOT, CLASS_BOT, DEVICE_NONE},
    {"User-Agent:\r\n", CLASS_BOT, CLASS_BOT, DEVICE_NONE},
    {"User-Agent: curl/8.5.0\r\n", CLASS_BOT, CLASS_BOT, DEVICE_NONE},
    {ROBOT "Sec-Fetch-Dest: image\r\n", CLASS_EMBEDDED, CLASS_BOT, DEVICE_NONE},
    {BROWSER "Sec-Fetch-Dest: image\r\n", CLASS_EMBEDDED, CLASS_OK, DEVICE_PHONE},
    {ROBOT "Purpose: prefetch\r\nSec-Fetch-Dest: image\r\n", CLASS_PREFETCH, CLASS_PREFETCH, DEVICE_NONE},
    {BROWSER "Purpose: prefetch\r\n", CLASS_PREFETCH, CLASS_PREFETCH, DEVICE_PHONE},
};

/* Each twice: read, and known from before. */
static void a_class_is_the_first_that_holds(void **state)
{
    struct answer a;
    char id[CLICK_ID_LEN + 1];
    for (size_t i = 0; i < 2 * sizeof classes / sizeof classes[0]; i++) {
        size_t k = i / 2;
        get(live(state), &a, "GET", "/c/", 0, "", classes[k].headers);
        assert_int_equal(a.status, classes[k].click == CLASS_PREFETCH ? 503 : 302);
        get(live(state), &a, "GET", "/p/", 0, ".gif", classes[k].headers);
        assert_int_equal(a.status, 200);
        get(live(state), &a, "GET", "/c/", 0, "", BROWSER);
        uint64_t index = click_of(live(state), &a, id).index;
        struct entry click = entry_at(live(state), index - 2), view = entry_at(live(state), index - 1);
        if (click.click.class != classes[k].click || view.view.class != classes[k].view ||
            click.click.device != classes[k].device)
            fail_msg("%s: click %s from '%s', view %s", classes[k].headers, class_word(click.click.class),
                     device_word(click.click.device), class_word(view.view.class));
        entry_close(&click), entry_close(&view);
    }
}

static void head_answers_and_records_nothing(void **state)
{
    struct answer a;
    char value[256];
    uint64_t before = live_recorded(live(state));
    get(live(state), &a, "HEAD", "/c/", 0, "", "");
    assert_int_equal(a.status, 302);
    assert_true(live_header(&a, "Location", value, sizeof value));
    assert_non_null(strstr(value, "https://shop.example/land?a=1&click_id="));
    assert_true(live_header(&a, "Set-Cookie", value, sizeof value));
    get(live(state), &a, "HEAD", "/p/", 0, ".gif", "");
    assert_int_equal(a.status, 200);
    assert_int_equal(live_recorded(live(state)), before);
}

static void changed_or_ended_codes_record_nothing(void **state)
{
    struct answer a;
    char code[64], target[128];
    uint64_t before = live_recorded(live(state));
    for (size_t i = 0; i < CODE_LEN; i++) { /* any changed character */
        memcpy(code, live(state)->code[0], CODE_LEN + 1);
        code[i] = code[i] == 'A' ? 'B' : 'A';
        snprintf(target, sizeof target, "/c/%s", code);
        live_get(live(state), &a, "GET", target, "");
        assert_int_equal(a.status, 404);
    }
    static const char *const others[] = {"/c/x", "/c/%00", "/c/%2e%2e"};
    for (size_t i = 0; i < 3; i++) {
        live_get(live(state), &a, "GET", others[i], "");
        assert_in_range(a.status, 400, 404);
    }
    get(live(state), &a, "GET", "/c/", 2, "", "");
    assert_int_equal(a.status, 410);
    assert_int_equal(live_recorded(live(state)), before);
}

/* ---- pixels ---- */

static void assert_gif(const struct answer *a)
{
    char value[64];
    assert_int_equal(a->status, 200);
    assert_true(live_header(a, "Content-Type", value, sizeof value));
    assert_string_equal(value, "image/gif");
    assert_true(live_header(a, "Content-Length", value, sizeof value));
    assert_string_equal(value, "43");
    assert_true(live_header(a, "Cache-Control", value, sizeof value));
    assert_string_equal(value, "no-store");
    assert_int_equal(a->len - (size_t)(a->body - a->text), 43);
    assert_memory_equal(a->body, "GIF89a", 6);
    assert_int_equal(a->body[42], ';');
}

static void a_view_finds_its_click(void **state)
{
    struct answer a;
    char id[CLICK_ID_LEN + 1], rest[128];
    get(live(state), &a, "GET", "/c/", 0, "", "");
    struct pointer click = click_of(live(state), &a, id);
    snprintf(rest, sizeof rest, ".gif?event=view&click_id=%s", id);
    get(live(state), &a, "GET", "/p/", 0, rest, BROWSER);
    assert_gif(&a);
    struct entry e = entry_at(live(state), click.index + 1);
    assert_int_equal(e.kind, ENTRY_VIEW);
    assert_true(e.view.has_click && e.view.click == click.index && e.view.placement == 1 && e.view.class == CLASS_OK);
    entry_close(&e);
}

static const struct {
    const char *name;
    size_t code;
    const char *rest, *headers;
    int recorded;
} pixels[] = {
    {"view", 0, ".gif?event=view", "", 1},
    {"view by default", 0, ".gif", "", 1},
    {"without .gif", 0, "", "", 1},
    {"forged click id", 0, ".gif?click_id=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", 1},
    {"prefetch", 0, ".gif", "Purpose: prefetch\r\n", 1},
    {"lead", 0, ".gif?event=lead&txid=1", "", 1},
    {"the lead again", 0, ".gif?event=LEAD&txid=1", "", 0},
    {"lead of another publisher's code, same txid", 3, ".gif?event=lead&txid=1", "", 0},
    {"lead without txid", 0, ".gif?event=lead", "", 0},
    {"impression", 0, ".gif?event=Impression", "", 1},
    {"png", 0, ".png?event=view", "", 1},
    {"accidents behind the code", 0, ".gif/?&amp;event=view", "", 1},
    {"event given late", 0, ".gif?event=&event=impression", "", 1},
    {"event spelled by escapes", 0, ".gif?%65vent=%76iew", "", 1},
    {"other event", 0, ".gif?event=x", "", 0},
    {"other event of many letters", 0, ".gif?event=viewviewviewviewview", "", 0},
    {"bad code", 0, "x.gif", "", 0},
    {"ended contract", 2, ".gif", "", 0},
};

static void a_pixel_always_answers(void **state)
{
    struct answer a;
    for (size_t i = 0; i < sizeof pixels / sizeof pixels[0]; i++) {
        uint64_t before = live_recorded(live(state));
        get(live(state), &a, "GET", "/p/", pixels[i].code, pixels[i].rest, pixels[i].headers);
        assert_gif(&a);
        if (live_recorded(live(state)) != before + (uint64_t)pixels[i].recorded)
            fail_msg("%s: %d recorded", pixels[i].name, (int)(live_recorded(live(state)) - before));
    }
}

/* ---- overload ---- */

/* A click that finds no room is redirected all the same, by an id that says so. A worker without the day's key is as
 * good as one with a full queue. */
static void a_click_without_room_is_redirected_as_unrecorded(void **state)
{
    struct live *l = live(state);
    struct day_keys *no_keys;
    assert_ok(day_keys_new("/nonexistent", (const uint8_t[32]){0}, &no_keys));
    struct counters counters = {0};
    struct worker w = {.server = &l->sh,
                       .tokens = l->tokens,
                       .codes = code_cache_new(),
                       .agents = agent_cache_new(),
                       .sealer = sealer_new(no_keys),
                       .counters = &counters};
    struct request rq = {.method = METHOD_GET,
                         .arena = arena_new(),
                         .worker = &w,
                         .catalog = catalog_hold(l->sh.instance.catalog),
                         .arrived_ms = clock_ms(),
                         .param = {span_str(l->code[0])}};
    struct reply click = {0}, pixel = {0};
    struct pointer p = {0};
    assert_ok(click_handle(&rq, &click));
    assert_int_equal(click.status, 302);
    const char *id = memmem(click.header[0].value.ptr, click.header[0].value.len, "click_id=", 9);
    assert_non_null(id);
    assert_ok(click_id_read(l->tokens, span_of(id + 9, CLICK_ID_LEN), &p));
    assert_true(p.contract == 2 && p.flags == CLICK_UNRECORDED);
    assert_ok(pixel_handle(&rq, &pixel));
    assert_int_equal(pixel.body.len, 43);
    catalog_unref(rq.catalog);
    arena_free(rq.arena);
    code_cache_free(w.codes);
    agent_cache_free(w.agents);
    sealer_free(w.sealer);
    day_keys_free(no_keys);
}

/* ---- the tag ---- */

static void the_tag_is_small_and_served_as_the_build_made_it(void **state)
{
    struct answer a;
    char value[64];
    struct stat st;
    live_get(live(state), &a, "GET", "/t.js", "");
    assert_int_equal(a.status, 200);
    assert_true(live_header(&a, "Content-Type", value, sizeof value));
    assert_string_equal(value, "text/javascript; charset=utf-8");
    assert_int_equal(stat(SOURCE_DIR "/server/tracking/t.js", &st), 0);
    assert_in_range(strlen(a.body), 1, 4999);
    assert_in_range(strlen(a.body), st.st_size / 4, st.st_size / 2); /* made small, and nothing lost */
}

static int set_up(void **state)
{
    struct live *l = calloc(1, sizeof *l);
    live_start(l, ",\"pixel_leads\":\"hold\"");
    *state = l;
    return 0;
}

static int tear_down(void **state)
{
    live_stop(*state);
    free(*state);
    return 0;
}

/* An eventfd that stays readable would keep its worker from ever sleeping. */
static void a_worker_that_was_told_of_its_jobs_sleeps_again(void **state)
{
    struct live *l = live(state);
    struct answer a;
    char target[64];
    snprintf(target, sizeof target, "/c/%s", l->code[0]);
    live_get(l, &a, "GET", target, "");
    assert_int_equal(a.status, 302);
    struct pollfd told = {.fd = source_fd(l->sh.source, 0), .events = POLLIN};
    int readable = 1;
    for (int i = 0; i < 100 && readable != 0; i++) {
        usleep(10000);
        readable = poll(&told, 1, 0);
    }
    assert_int_equal(readable, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_was_told_of_its_jobs_sleeps_again),
        cmocka_unit_test(a_click_is_recorded_as_it_came),
        cmocka_unit_test(the_landing_url_carries_the_click_id),
        cmocka_unit_test(a_click_is_not_stored_and_sets_its_cookie),
        cmocka_unit_test(a_cookie_is_for_those_who_went_there_and_did_not_object),
        cmocka_unit_test(the_cookie_keeps_the_last_ten_ids),
        cmocka_unit_test(bad_parameters_cost_no_click),
        cmocka_unit_test(a_prefetch_is_recorded_as_one),
        cmocka_unit_test(a_class_is_the_first_that_holds),
        cmocka_unit_test(head_answers_and_records_nothing),
        cmocka_unit_test(changed_or_ended_codes_record_nothing),
        cmocka_unit_test(a_view_finds_its_click),
        cmocka_unit_test(a_pixel_always_answers),
        cmocka_unit_test(a_click_without_room_is_redirected_as_unrecorded),
        cmocka_unit_test(the_tag_is_small_and_served_as_the_build_made_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
