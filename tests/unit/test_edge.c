/* Every 5xx has a line in the log, under the request id that its answer has, which says what failed. */
#include <fcntl.h>

#include "common/decisions/rows.h"
#include "server/commit/refused_log.h"
#include "tests/support/live_server.h"

enum { CLICKS = 80, LOG_MAX = 1 << 20, DAMAGED = 7 /* the lead of contract 2 that does not read */ };

static struct live live;
static struct answer answer;
static int log_file, terminal;

/* ---- the log ---- */

/* From here on what the server says goes to a file. */
static void catch_log(void)
{
    char path[] = "/tmp/countersign-log-XXXXXX";
    log_file = mkstemp(path);
    assert_true(log_file >= 0);
    assert_int_equal(unlink(path), 0);
    terminal = dup(STDERR_FILENO);
    assert_true(dup2(log_file, STDERR_FILENO) >= 0);
}

/* What is no line of the log there was said by a test that failed. */
static void release_log(void)
{
    static char text[LOG_MAX];
    ssize_t n = pread(log_file, text, sizeof text - 1, 0);
    char *rest = text;
    dup2(terminal, STDERR_FILENO);
    text[n > 0 ? n : 0] = '\0';
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (line[0] != '\0' && line[0] != '{')
            fprintf(stderr, "%s\n", line);
    close(terminal);
    close(log_file);
}

/* The line of the answer's request; NULL: there is none. The caller's to free. */
static json_t *line_of(const struct answer *a)
{
    static char text[LOG_MAX];
    char id[64] = "", *rest = text;
    ssize_t n = pread(log_file, text, sizeof text - 1, 0);
    assert_true(n >= 0 && live_header(a, "Request-Id", id, sizeof id));
    text[n] = '\0';
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        json_t *v = json_loads(line, 0, NULL);
        if (line[0] == '{' && strncmp(line, "{\"request_id\":\"", 15) != 0)
            fail_msg("the request does not come first: %s", line);
        if (v != NULL && strcmp(json_string_value(json_object_get(v, "request_id")), id) == 0)
            return v;
        json_decref(v);
    }
    return NULL;
}

/* The answer is this 5xx, and its line has a cause that holds `words`. */
static void assert_told(int status, const char *words)
{
    if (answer.status != status)
        fail_msg("%d, not %d: %s", answer.status, status, answer.text);
    json_t *line = line_of(&answer);
    assert_non_null(line);
    const char *cause = json_string_value(json_object_get(line, "cause"));
    assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
    assert_int_equal(json_integer_value(json_object_get(line, "status")), status);
    if (cause == NULL || strstr(cause, words) == NULL)
        fail_msg("\"%s\" does not hold \"%s\"", cause != NULL ? cause : "", words);
    if (strstr(answer.body, "last read") != NULL)
        fail_msg("its sender is told: %s", answer.body);
    json_decref(line);
}

/* ---- the client ---- */

static void ask(const char *method, const char *target, const char *body)
{
    char raw[2048];
    snprintf(raw, sizeof raw,
             "%s %s HTTP/1.1\r\nHost: " LIVE_HOST "\r\nAuthorization: Bearer %s\r\nContent-Type: "
             "application/json\r\nContent-Length: %zu\r\n\r\n%s",
             method, target, live.operator_token, strlen(body), body);
    live_ask(&live, &answer, raw);
}

/* ---- rows that do not read ---- */

static void damage(enum table table, struct span key)
{
    struct txn *t;
    assert_ok(txn_begin(live.sh.instance.store, true, &t));
    assert_ok(store_put(t, table, key, SPAN("not a row")));
    assert_ok(txn_commit(t));
}

static void lead_reference(uint64_t index, char out[LEAD_REF_LEN + 1])
{
    lead_ref_write(live.tokens, &(struct pointer){.contract = 2, .index = index}, out);
    out[LEAD_REF_LEN] = '\0';
}

static void a_row_that_does_not_read_is_named_in_the_log(void **state)
{
    (void)state;
    char target[256], ref[LEAD_REF_LEN + 1];
    uint8_t key[12];
    row_index_key(key, 2, DAMAGED);
    damage((enum table)(TABLE_ROWS + ROW_LEADS), span_of(key, sizeof key));
    ask("GET", "/v1/contracts/C2/leads", ""); /* on the worker */
    assert_told(500, "row 000000020000000000000007 of leads");
    lead_reference(DAMAGED, ref);
    snprintf(target, sizeof target, "/v1/leads/%s/dispositions", ref);
    ask("POST", target, "{\"status\":\"approved\"}"); /* on the committer */
    assert_told(500, "row 000000020000000000000007 of leads");
    ask("GET", "/v1/contracts/C1/leads", "");
    assert_int_equal(answer.status, 200); /* the rest is served */
}

/* Of many rows in one call, which is answered: the first that fails has the line. */
static void a_row_of_many_that_fails_is_told_with_its_cause(void **state)
{
    (void)state;
    char body[512], ref[LEAD_REF_LEN + 1];
    lead_reference(DAMAGED, ref);
    snprintf(body, sizeof body,
             "[{\"lead\":\"%s\",\"status\":\"lost\"},{\"lead\":\"%s\",\"status\":\"approved\"},{\"lead\":\"%s\","
             "\"status\":\"approved\"}]",
             ref, ref, ref);
    ask("POST", "/v1/dispositions", body);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"row\":1,\"status\":500"));
    json_t *line = line_of(&answer);
    assert_non_null(line);
    const char *detail = json_string_value(json_object_get(line, "detail"));
    assert_string_equal(json_string_value(json_object_get(line, "event")), "row_failed");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
    if (strncmp(detail, "row 1 of 3: corrupt: ", 21) != 0 || strstr(detail, "of leads") == NULL)
        fail_msg("%s", detail);
    json_decref(line);
}

static void put_refusal(const struct refusal *one)
{
    struct span rows, key, value;
    struct buf b;
    struct refusal read;
    struct txn *t;
    buf_heap(&b);
    refusal_write(&b, one);
    rows = buf_span(&b);
    assert_ok(refusal_take(&rows, &read, &key, &value));
    assert_ok(txn_begin(live.sh.instance.store, true, &t));
    assert_ok(store_put(t, TABLE_REFUSED, key, value));
    assert_ok(txn_commit(t));
    buf_free(&b);
}

/* Whether or not the round that removes it has come to it. */
static void a_refusal_past_its_time_is_not_shown(void **state)
{
    (void)state;
    struct refusal one = {.room = {.party = 4}, .at_ms = clock_ms(), .request_id = 0xabcd, .status = 401};
    put_refusal(&one);
    one.request_id = 0xdcba;
    one.at_ms -= REFUSED_KEEP_MS + 1000;
    put_refusal(&one);
    ask("GET", "/v1/refused?party=P4", "");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "000000000000abcd"));
    assert_null(strstr(answer.body, "000000000000dcba"));
}

/* It is met on the way through the list, when rows before it stand in the answer already. */
static void a_damaged_refused_row_does_not_end_the_list(void **state)
{
    (void)state;
    uint8_t key[REFUSAL_KEY_LEN];
    const struct refusal good = {.room = {.party = 2}, .at_ms = clock_ms(), .request_id = 1, .status = 401};
    put_refusal(&good);
    ask("GET", "/v1/refused?party=P2", "");
    assert_int_equal(answer.status, 200);
    refusal_key(&good.room, good.at_ms - 1, 2, key); /* older: behind it */
    damage(TABLE_REFUSED, span_of(key, sizeof key));
    ask("GET", "/v1/refused?party=P2", "");
    assert_told(500, "of refused");
}

static void a_damaged_refused_log_is_told_and_hurts_nothing_else(void **state)
{
    (void)state;
    uint8_t key[REFUSAL_KEY_LEN];
    refusal_key(&(struct refusal_room){.party = 3}, clock_ms(), 1, key);
    damage(TABLE_REFUSED, span_of(key, sizeof key));
    ask("GET", "/v1/refused", "");
    assert_told(500, "of refused");
    ask("GET", "/v1/refused?party=P4", "");
    assert_int_equal(answer.status, 200);
}

/* ---- a committer that is busy ---- */

static atomic_bool busy, running;

/* As token_run, once the test lets it. */
static enum err token_when_free(struct batch *cx, struct job *job)
{
    atomic_store(&running, true);
    while (atomic_load(&busy))
        usleep(1000);
    return job_runs[RECORD_TOKEN](cx, job);
}

/* The first that has something to say. */
static size_t first_answered(const int *fd, size_t n)
{
    struct pollfd set[CLICKS];
    for (size_t i = 0; i < n; i++)
        set[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
    assert_true(poll(set, n, 20000) > 0);
    for (size_t i = 0; i < n; i++)
        if (set[i].revents != 0)
            return i;
    fail();
    return n;
}

/* Also after an assertion that failed: else the end would wait for ever. */
static int set_free(void **state)
{
    (void)state;
    atomic_store(&busy, false);
    return 0;
}

static void a_full_queue_is_told_with_its_worker(void **state)
{
    (void)state;
    char raw[512];
    int waiting = live_connect(&live), fd[CLICKS];
    atomic_store(&busy, true);
    snprintf(raw, sizeof raw,
             "POST /v1/parties/P3/tokens HTTP/1.1\r\nHost: " LIVE_HOST "\r\nAuthorization: Bearer %s\r\nContent-Type: "
             "application/json\r\nContent-Length: 2\r\n\r\n{}",
             live.operator_token);
    live_say(waiting, raw);
    while (!atomic_load(&running)) /* alone in its batch: what comes now waits in the queue */
        usleep(1000);
    do
        ask("GET", "/readyz", "");
    while (answer.status == 200);
    assert_told(503, "the commit under way takes too long");
    snprintf(raw, sizeof raw, "GET /c/%s HTTP/1.1\r\nHost: " LIVE_HOST "\r\n\r\n", live.code[0]);
    for (size_t i = 0; i < CLICKS; i++) { /* some find no room: they go on unrecorded */
        fd[i] = live_connect(&live);
        live_say(fd[i], raw);
    }
    size_t first = first_answered(fd, CLICKS);
    live_read(fd[first], &answer, false);
    assert_int_equal(answer.status, 302);
    ask("POST", "/v1/parties/P3/tokens", "{}");
    assert_told(503, "the queue of worker 0 is full");
    ask("GET", "/readyz", "");
    assert_told(503, "more than three quarters full");
    char after[16];
    assert_true(live_header(&answer, "Retry-After", after, sizeof after));
    atomic_store(&busy, false);
    for (size_t i = 0; i < CLICKS; i++)
        if (i != first)
            live_read(fd[i], &answer, false);
    live_read(waiting, &answer, false);
    assert_int_equal(answer.status, 201);
    do
        ask("GET", "/readyz", "");
    while (answer.status != 200);
    for (size_t i = 0; i < CLICKS; i++)
        close(fd[i]);
    close(waiting);
}

/* ---- what is no request ---- */

static void what_the_guard_refuses_is_told_like_all_else(void **state)
{
    (void)state;
    static const struct {
        const char *line, *says;
        int status;
    } cases[] = {{"BREW / HTTP/1.1", NULL, 501},
                 {"BREW /postback HTTP/1.1", NULL, 501},
                 {"GET / HTTP/3.1", NULL, 505},
                 {"GET /postback?email=%zz HTTP/1.1", "percent-encode", 400}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char raw[128];
        snprintf(raw, sizeof raw, "%s\r\nHost: h\r\n\r\n", cases[i].line);
        live_ask(&live, &answer, raw);
        assert_int_equal(answer.status, cases[i].status);
        json_t *line = line_of(&answer);
        assert_int_equal(line != NULL, cases[i].says != NULL); /* whoever sent it has not hurt this server */
        if (line == NULL)
            continue;
        assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
        assert_non_null(strstr(json_string_value(json_object_get(line, "reason")), cases[i].says));
        json_decref(line);
    }
}

static void what_was_answered_well_has_no_line(void **state)
{
    (void)state;
    live_get(&live, &answer, "GET", "/healthz", "");
    assert_int_equal(answer.status, 200);
    assert_null(line_of(&answer));
}

/* Afterwards nothing is left of the allowance. */
static void failures_without_end_have_an_end_in_the_log(void **state)
{
    (void)state;
    enum { FLOOD = 3000, LEAST = 900, AT_ONCE = 1000, PER_S = 20, MORE = 100, A_SECOND_US = 1100000 };
    static char text[LOG_MAX];
    int64_t start_us = clock_monotonic_us();
    for (int i = 0; i < FLOOD; i++) {
        ask("GET", "/v1/refused?party=P3", "");
        assert_int_equal(answer.status, 500);
    }
    usleep(A_SECOND_US); /* which brings twenty lines more, and is as often as it is said what was left out */
    ask("GET", "/v1/refused?party=P3", "");
    int64_t most = AT_ONCE + MORE + PER_S * (clock_monotonic_us() - start_us) / 1000000;
    ssize_t n = pread(log_file, text, sizeof text - 1, 0);
    assert_in_range(n, 1, sizeof text - 2);
    text[n] = '\0';
    size_t lines = 0, withheld = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
        lines += strstr(line, "\"status\":500") != NULL;
        withheld += strstr(line, "lines were withheld: failures") != NULL;
    }
    assert_in_range(lines, LEAST, most);
    assert_true(withheld > 0 || most > FLOOD);
}

/* As chore_refused, if it had to read a lead: the one that does not read. */
static enum err refused_reads_a_lead(struct batch *cx, struct job *job)
{
    struct lead_row row;
    enum err err = row_lead(&cx->view, 2, DAMAGED, &row);
    return err == ERR_OK ? job_runs[RECORD_REFUSED](cx, job) : err;
}

/* One for what was refused above. */
static void a_chore_that_fails_is_told_with_its_cause(void **state)
{
    (void)state;
    static char text[LOG_MAX];
    const char *told = NULL;
    for (int i = 0; told == NULL && i < 2000; i++, usleep(10000)) {
        ssize_t n = pread(log_file, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        told = strstr(
            text, "\"level\":\"error\",\"event\":\"chore_failed\",\"detail\":\"refused: corrupt: last read: row 0000");
    }
    assert_non_null(told);
}

static int start(void **state)
{
    static job_run *runs[RECORD_KINDS];
    (void)state;
    memcpy(runs, job_runs, sizeof runs);
    runs[RECORD_TOKEN] = token_when_free;
    runs[RECORD_REFUSED] = refused_reads_a_lead;
    live.runs = runs;
    live_start(&live, "");
    catch_log();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    release_log();
    live_stop(&live);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_that_does_not_read_is_named_in_the_log),
        cmocka_unit_test(a_row_of_many_that_fails_is_told_with_its_cause),
        cmocka_unit_test(a_refusal_past_its_time_is_not_shown),
        cmocka_unit_test(a_damaged_refused_row_does_not_end_the_list),
        cmocka_unit_test(a_damaged_refused_log_is_told_and_hurts_nothing_else),
        cmocka_unit_test_teardown(a_full_queue_is_told_with_its_worker, set_free),
        cmocka_unit_test(what_the_guard_refuses_is_told_like_all_else),
        cmocka_unit_test(what_was_answered_well_has_no_line),
        cmocka_unit_test(failures_without_end_have_an_end_in_the_log),
        cmocka_unit_test(a_chore_that_fails_is_told_with_its_cause),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
