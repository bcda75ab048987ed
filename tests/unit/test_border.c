/* The order of the house: what stands at the top, who may include what, what nobody calls, and that every header
 * compiles alone. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/buf.h"

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list != NULL && strcmp(name, *list) != 0)
        list++;
    return *list != NULL;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static bool starts_with(const char *s, const char *start)
{
    return strncmp(s, start, strlen(start)) == 0;
}

static void read_source(const char *path, struct buf *out)
{
    char full[4096];
    FILE *f;
    size_t n;
    snprintf(full, sizeof full, "%s/%s", SOURCE_DIR, path);
    f = fopen(full, "r");
    assert_non_null(f);
    while ((n = fread(buf_room(out, 4096), 1, 4096, f)) > 0)
        out->len += n;
    fclose(f);
    buf_byte(out, '\0');
}

/* Blanks comments, and with `literals` also what stands in quotes. */
static void blank(char *s, bool literals)
{
    for (size_t i = 0; s[i]; i++) {
        if (s[i] == '"' || s[i] == '\'') {
            char quote = s[i++];
            for (; s[i] && s[i] != quote && s[i] != '\n'; i++) {
                bool escaped = s[i] == '\\' && s[i + 1] && s[i + 1] != '\n';
                if (literals)
                    memset(s + i, ' ', escaped ? 2 : 1);
                i += escaped;
            }
            if (!s[i])
                return;
        } else if (s[i] == '/' && s[i + 1] == '*') {
            char *end = strstr(s + i + 2, "*/");
            size_t stop = end != NULL ? (size_t)(end + 2 - s) : strlen(s);
            for (; i < stop; i++)
                if (s[i] != '\n')
                    s[i] = ' ';
            i--;
        } else if (s[i] == '/' && s[i + 1] == '/') {
            for (; s[i] && s[i] != '\n'; i++)
                s[i] = ' ';
            i--;
        }
    }
}

/* Calls each(path, text) for every C file below the folders, comments blanked. Returns how many there were. */
static size_t each_source(const char *const *folders, const char *ending, bool literals,
                          void (*each)(const char *path, char *text))
{
    size_t seen = 0;
    for (; *folders != NULL; folders++) {
        char root[4096];
        snprintf(root, sizeof root, "%s/%s", SOURCE_DIR, *folders);
        char *const roots[] = {root, NULL};
        FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
        assert_non_null(walk);
        for (FTSENT *e; (e = fts_read(walk)) != NULL;) {
            if (e->fts_info == FTS_D && strcmp(e->fts_name, "node_modules") == 0)
                fts_set(walk, e, FTS_SKIP);
            if (e->fts_info != FTS_F || !ends_with(e->fts_name, ending))
                continue;
            const char *path = e->fts_path + strlen(SOURCE_DIR) + 1;
            struct buf text;
            buf_heap(&text);
            read_source(path, &text);
            blank(text.ptr, literals);
            each(path, text.ptr);
            buf_free(&text);
            seen++;
        }
        fts_close(walk);
    }
    return seen;
}

static const char *const all_code[] = {"common", "server", "loadtest", "tests", NULL};
static const char *const product[] = {"common", "server", "loadtest", NULL};
static const char *const pure[] = {"common", NULL};
static size_t faults;
static bool expected; /* faults are what the test wants */

static void fault(const char *path, const char *what, const char *rule)
{
    if (!expected)
        print_error("%s: %s: %s\n", path, what, rule);
    faults++;
}

static void the_top_level_is_fixed(void **state)
{
    static const char *const must[] = {"server",   "common",         "docs",      "scripts", "tests",
                                       "loadtest", "CMakeLists.txt", "README.md", NULL};
    static const char *const may[] = {"LICENSE", "CMakePresets.json", "build", "node_modules", NULL};
    struct dirent *e;
    DIR *d = opendir(SOURCE_DIR);
    (void)state;
    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && !is_one_of(e->d_name, must) && !is_one_of(e->d_name, may))
            fault(e->d_name, "stands at the top level", "the top level is fixed");
    closedir(d);
    for (size_t i = 0; must[i] != NULL; i++) {
        char path[4096];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", SOURCE_DIR, must[i]);
        if (stat(path, &st) != 0)
            fault(must[i], "is missing", "the top level is fixed");
    }
    assert_int_equal(faults, 0);
}

/* Calls rule(path, header) for every include of one text. */
static void each_include(const char *path, char *text, void (*rule)(const char *path, const char *header))
{
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char header[256];
        if (sscanf(line, " # include %*1[<\"]%255[^>\"]", header) == 1)
            rule(path, header);
    }
}

/* Where in the list the folder of a path stands, -1: nowhere. */
static int place(const char *const *folders, const char *path)
{
    for (int i = 0; folders[i] != NULL; i++)
        if (starts_with(path, folders[i]))
            return i;
    return -1;
}

static int layer(const char *path)
{
    static const char *const layers[] = {"common/base/",      "common/crypto/",     "common/score/",
                                         "common/tokens/",    "common/ledger/",     "common/decisions/",
                                         "common/reconcile/", "common/settlement/", "common/commit/",
                                         "common/reports/",   "common/pages/",      NULL};
    return place(layers, path);
}

static bool is_excepted(const char *path, const char *header);

static void pure_include(const char *path, const char *header)
{
    static const char *const harmless[] = {"assert.h", "ctype.h",     "errno.h",  "inttypes.h", "limits.h",
                                           "stdarg.h", "stdatomic.h", "malloc.h", "stdbool.h",  "stddef.h",
                                           "stdint.h", "stdio.h",     "stdlib.h", "string.h",   "strings.h",
                                           "math.h",   "jansson.h",   "idn2.h",   "utf8proc.h", NULL};
    if (layer(path) < 0)
        fault(path, "stands in no layer", "common/ has ten folders");
    if ((starts_with(header, "openssl/") || starts_with(header, "sodium/")) && starts_with(path, "common/crypto/"))
        return;
    if (!starts_with(header, "common/")) {
        if (!is_one_of(header, harmless))
            fault(path, header, "common/ is pure: no sockets, clocks, threads, files, database");
        return;
    }
    if (is_excepted(path, header))
        return;
    if (layer(header) < 0 || layer(header) > layer(path))
        fault(path, header, "a lower layer includes no higher one");
}

static void pure_text(const char *path, char *text)
{
    each_include(path, text, pure_include);
}

static void common_includes_nothing_with_effects(void **state)
{
    (void)state;
    assert_true(each_source(pure, ".c", false, pure_text) > 10);
    assert_true(each_source(pure, ".h", false, pure_text) > 10);
    assert_int_equal(faults, 0);
}

/* ---- one room a library, floors, private headers ---- */

static const struct {
    const char *header, *room, *other; /* other: NULL, or a second room */
} libraries[] = {
    {"lmdb.h", "server/store/", NULL},           {"openssl/", "common/crypto/", "server/tls/"},
    {"sodium/", "common/crypto/", NULL},         {"event2/", "server/http/", NULL},
    {"curl/", "server/cmd/", "server/courier/"}, {"idn2.h", "common/base/", NULL},
    {"utf8proc.h", "common/base/", NULL},        {"maxminddb.h", "server/lists/", NULL},
    {"qrencode.h", "server/pages/", NULL},
};

/* What may be where the rules say no, and why. It may only shrink. */
static const struct exception {
    const char *path, *header, *why;
} exceptions[] = {
    {"common/ledger/entry.h", "common/decisions/reason.h", "the words that entries are written with"},
    {"loadtest/", "event2/", "the load tester is a program of its own"},
    {"server/cmd/cmd_serve.c", "event2/util.h", "reads an address as HTTP will"},
    {"server/cmd/cmd_serve.c", "server/routes.h", "gives the one table to the workers"},
    {"server/cmd/cmd_serve.c", "server/jobs.h", "gives the one list to the committer"},
};
static bool used[sizeof exceptions / sizeof *exceptions];

static bool is_excepted(const char *path, const char *header)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (starts_with(path, exceptions[i].path) && starts_with(header, exceptions[i].header)) {
            used[i] = true;
            return true;
        }
    return false;
}

/* The rooms of the server, lowest floor first; several on one line of the plan include each other in this order. */
static int floor_of(const char *path)
{
    static const char *const rooms[] = {"server/system/", "server/lists/",      "server/store/",    "server/ledger/",
                                        "server/keys/",   "server/catalog/",    "server/instance/", "server/courier/",
                                        "server/tls/",    "server/http/",       "server/commit/",   "server/outgoing/",
                                        "server/upkeep/", "server/worker/",     "server/tracking/", "server/postback/",
                                        "server/api/",    "server/settlement/", "server/audit/",    "server/web/",
                                        "server/live/",   "server/reports/",    "server/notices/",  "server/pages/",
                                        "server/check/",  "server/cmd/",        "server/",          NULL};
    return place(rooms, path);
}

static bool same_room(const char *path, const char *header)
{
    size_t n = (size_t)(strrchr(path, '/') - path);
    return strncmp(path, header, n + 1) == 0 && strchr(header + n + 1, '/') == NULL;
}

static void room_include(const char *path, const char *header)
{
    if (is_excepted(path, header))
        return;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (starts_with(header, libraries[i].header) && !starts_with(path, libraries[i].room) &&
            (libraries[i].other == NULL || !starts_with(path, libraries[i].other)))
            fault(path, header, "one room knows each library");
    if (starts_with(header, "server/") && !starts_with(path, "server/"))
        fault(path, header, "nothing but the server is built from server/");
    else if (starts_with(header, "server/") && floor_of(header) > floor_of(path))
        fault(path, header, "a room includes lower floors only");
    if (starts_with(path, "server/") && ends_with(header, "_private.h") && !same_room(path, header))
        fault(path, header, "a private header stays in its room");
    if (starts_with(header, "..") || starts_with(header, "./"))
        fault(path, header, "paths start at the top");
}

static void room_text(const char *path, char *text)
{
    each_include(path, text, room_include);
}

static void rooms_include_lower_floors_and_one_library_each(void **state)
{
    (void)state;
    assert_true(each_source(product, ".c", false, room_text) > 0);
    assert_true(each_source(product, ".h", false, room_text) > 0);
    assert_true(is_excepted("common/ledger/entry.h", "common/decisions/reason.h"));
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (!used[i] || exceptions[i].why[0] == '\0')
            fault(exceptions[i].path, exceptions[i].header, "an exception that nobody needs any more");
    assert_int_equal(faults, 0);
}

/* A fault for every identifier of the list; `called`: that a parenthesis follows. */
static void each_word(const char *path, const char *text, const char *const *banned, bool called, const char *rule)
{
    for (const char *at = text; *at;) {
        if (!isalpha((unsigned char)*at) && *at != '_') {
            at++;
            continue;
        }
        const char *end = at;
        while (isalnum((unsigned char)*end) || *end == '_')
            end++;
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)(end - at), at);
        bool member = at > text && (at[-1] == '.' || (at[-1] == '>' && at - text > 1 && at[-2] == '-'));
        if ((!called || end[strspn(end, " ")] == '(') && !member && is_one_of(word, banned))
            fault(path, word, rule);
        at = end;
    }
}

static void each_call(const char *path, const char *text, const char *const *banned, const char *rule)
{
    each_word(path, text, banned, true, rule);
}

/* Clocks and chance, of ours and of the libraries: not even their addresses are taken. */
static const char *const chance[] = {"clock_ms",
                                     "clock_monotonic_us",
                                     "clock_pair",
                                     "random_bytes",
                                     "random_id",
                                     "vault_nonce",
                                     "day_keys_draw",
                                     "month_key_make",
                                     "api_token_new",
                                     "clock_gettime",
                                     "gettimeofday",
                                     "timespec_get",
                                     "localtime",
                                     "localtime_r",
                                     "mktime",
                                     "getrandom",
                                     "getentropy",
                                     "arc4random",
                                     "arc4random_buf",
                                     "drand48",
                                     "lrand48",
                                     "mrand48",
                                     "rand_r",
                                     "RAND_bytes",
                                     "RAND_priv_bytes",
                                     "arc4random_uniform",
                                     NULL};
/* Words that also mean other things. */
static const char *const chance_calls[] = {"time", "clock", "rand", "random", NULL};

static void no_chance(const char *path, const char *text, const char *rule)
{
    each_word(path, text, chance, false, rule);
    each_call(path, text, chance_calls, rule);
}

static void banned_calls(const char *path, char *text)
{
    static const char *const banned[] = {"strcpy", "strcat", "stpcpy", "strncat", "sprintf", "vsprintf", "gets",
                                         "strtok", "atoi",   "atol",   "atof",    "alloca",  NULL};
    each_call(path, text, banned, "is banned");
}

static void nobody_calls_banned_functions(void **state)
{
    (void)state;
    assert_true(each_source(all_code, ".c", true, banned_calls) > 0);
    assert_true(each_source(all_code, ".h", true, banned_calls) > 0);
    assert_int_equal(faults, 0);
}

static void effects(const char *path, char *text)
{
    static const char *const banned[] = {"fopen",  "fdopen",    "fread",  "fwrite", "fgets",  "open",
                                         "printf", "fprintf",   "puts",   "fputs",  "perror", "srand",
                                         "getenv", "setlocale", "system", "exit",   NULL};
    static const char *const last_words[] = {"common/base/mem.c", "common/crypto/must.h", NULL}; /* before the end */
    if (!is_one_of(path, last_words))
        each_call(path, text, banned, "common/ has no effects");
    no_chance(path, text, "common/ reads no clock and draws no chance");
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        line += strspn(line, " ");
        size_t name_end = strcspn(line, "(;={");
        if (starts_with(line, "static ") && line[name_end] != '(' && strstr(line, "const") == NULL)
            fault(path, line, "common/ has no global state");
    }
}

static void common_has_no_effects_and_no_state(void **state)
{
    (void)state;
    assert_true(each_source(pure, ".c", true, effects) > 10);
    assert_true(each_source(pure, ".h", true, effects) > 10);
    assert_int_equal(faults, 0);
}

/* ---- below the source: state is a function of records ---- */

static const char *const folded[] = {"server/store",      "server/ledger",   "server/keys",
                                     "server/catalog",    "server/api",      "server/commit",
                                     "server/settlement", "server/instance", NULL};

/* Files of these rooms that stand above the source, or outside of write transactions. */
static bool outside_of_folds(const char *path)
{
    static const char *const outside[] = {
        "server/commit/source.c",         /* stamps batches */
        "server/commit/clock_watch.c",    /* reads clocks before each batch */
        "server/commit/schedule.c",       /* makes chores, draws keys of days */
        "server/keys/keys.c",             /* init draws the server's own secrets */
        "server/keys/vault.c",            /* workers draw nonces here */
        "server/keys/day_keys.c",         /* workers seal; keys of days are drawn for the schedule */
        "server/keys/month_keys.c",       /* and those of months */
        "server/catalog/catalog_write.c", /* api_token_new, for init and draw.c */
        "server/api/draw.c",              /* workers draw secrets */
        NULL};
    return is_one_of(path, outside);
}

/* Runs, and what they call, are named so; a handler beside them may draw ids before it submits. */
static void no_chance_in_runs(const char *path, char *text)
{
    if (outside_of_folds(path))
        return;
    if (!starts_with(path, "server/api/") && !starts_with(path, "server/settlement/")) {
        no_chance(path, text, "below the source nothing reads a clock or draws chance");
        return;
    }
    /* of the families: the functions with a batch in hand */
    for (char *at = text; (at = strstr(at, "struct batch *")) != NULL; at++) {
        char *open = strstr(at, "\n{"), *close = open != NULL ? strstr(open, "\n}") : NULL;
        if (close == NULL)
            continue;
        char kept = *close;
        *close = '\0';
        no_chance(path, open, "below the source nothing reads a clock or draws chance");
        *close = kept;
    }
}

static void no_floats(const char *path, char *text)
{
    static const char *const banned[] = {"float",  "double",   "localtime", "localtime_r", "mktime",
                                         "timegm", "strftime", "strptime",  "zone_known",  NULL};
    for (const char *at = text; (at = strchr(at, '.')) != NULL; at++) {
        const char *digit = at;
        while (digit > text && isdigit((unsigned char)digit[-1]))
            digit--;
        if (digit < at && (digit == text || (!isalnum((unsigned char)digit[-1]) && digit[-1] != '_')))
            fault(path, "a number with a fraction", "decisions and folds know no floats and no time-zone data");
    }
    for (const char *at = text; *at != '\0';) {
        if (!isalpha((unsigned char)*at) && *at != '_') {
            at++;
            continue;
        }
        const char *end = at;
        while (isalnum((unsigned char)*end) || *end == '_')
            end++;
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)(end - at), at);
        if (is_one_of(word, banned) || starts_with(word, "tz"))
            fault(path, word, "decisions and folds know no floats and no time-zone data");
        at = end;
    }
}

static void below_the_source_nothing_reads_a_clock_or_draws_chance(void **state)
{
    static const char *const counted[] = {"common/base",       "common/score",     "common/tokens",
                                          "common/decisions",  "common/reconcile", "common/settlement",
                                          "common/ledger",     "common/commit",    "common/reports",
                                          "common/pages",      "server/store",     "server/ledger",
                                          "server/catalog",    "server/commit",    "server/keys",
                                          "server/settlement", "server/instance",  NULL};
    (void)state;
    assert_true(each_source(folded, ".c", true, no_chance_in_runs) > 20);
    assert_true(each_source(counted, ".c", true, no_floats) > 20);
    assert_true(each_source(counted, ".h", true, no_floats) > 20);
    assert_int_equal(faults, 0);
}

static void only_data(const char *path, char *text)
{
    static const char *const pointers[] = {"(*",
                                           "job_run",
                                           "struct catalog *",
                                           "struct contract *",
                                           "struct campaign *",
                                           "struct party *",
                                           "struct which *",
                                           "struct who *",
                                           "struct code *",
                                           NULL};
    if (strcmp(path, "common/commit/record.h") != 0 && strcmp(path, "server/commit/job.h") != 0)
        return;
    for (size_t i = 0; pointers[i] != NULL; i++)
        if (strstr(text, pointers[i]) != NULL)
            fault(path, pointers[i], "a record and its job are numbers and spans");
}

static void a_job_is_data(void **state)
{
    static const char *const rooms[] = {"common/commit", "server/commit", NULL};
    (void)state;
    assert_true(each_source(rooms, ".h", true, only_data) > 5);
    assert_int_equal(faults, 0);
}

/* Its own file includes it before all else: to build that file is to compile the header alone. */
static bool built_alone(const char *path)
{
    char file[4096], include[4096];
    int stem = (int)strlen(path) - 2;
    snprintf(file, sizeof file, "%s/%.*s.c", SOURCE_DIR, stem, path);
    if (access(file, R_OK) != 0)
        return false;
    snprintf(include, sizeof include, "#include \"%s\"\n", path);
    struct buf text;
    buf_heap(&text);
    read_source(file + strlen(SOURCE_DIR) + 1, &text);
    blank(text.ptr, false);
    const char *first = strchr(text.ptr, '#');
    bool own = first != NULL && starts_with(first, include);
    buf_free(&text);
    return own;
}

static void compile_alone(const char *path, char *text)
{
    int status = -1;
    (void)text;
    if (built_alone(path))
        return;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (chdir(SOURCE_DIR) == 0)
            execlp("cc", "cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I.",
                   "-x", "c", path, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fault(path, "does not compile alone", "a header includes what it needs");
}

static void every_header_compiles_alone(void **state)
{
    (void)state;
    assert_true(each_source(product, ".h", false, compile_alone) > 10);
    assert_int_equal(faults, 0);
}

/* The rules above can fail. */
static void the_rules_bite(void **state)
{
    char include[] = "#include <lmdb.h>\n# include \"server/store.h\"\n/*\n#include <time.h>\n*/\n";
    char upward[] = "#include \"common/settlement/verify.h\"\n";
    char calls[] = "int x = strcpy (a, \"gets(b)\"); /* atoi(s) */ p->time(1); int q = time(0);\nstatic int counter = "
                   "1;\nstatic const int k;";
    (void)state;
    expected = true;
    blank(include, false);
    pure_text("common/base/x.c", include);
    assert_int_equal(faults, 2);
    pure_text("common/ledger/x.c", upward);
    assert_int_equal(faults, 3);
    blank(calls, true);
    banned_calls("common/base/x.c", calls);
    assert_int_equal(faults, 4);
    effects("common/base/x.c", calls);
    assert_int_equal(faults, 6);

    char floors[] = "#include \"server/api/api.h\"\n#include \"server/http/http_private.h\"\n#include <lmdb.h>\n"
                    "#include \"server/system/log.h\"\n";
    room_text("server/commit/x.c", floors);
    assert_int_equal(faults, 9);
    char run[] = "enum err x_run(struct batch *cx, struct job *job)\n{\n    return clock_ms();\n}\n"
                 "enum err x_create(struct request *rq)\n{\n    random_id();\n}\n";
    no_chance_in_runs("server/api/x.c", run);
    assert_int_equal(faults, 10);
    no_chance_in_runs("server/commit/x.c", run);
    assert_int_equal(faults, 12);
    char numbers[] = "double x; int timezone; void *tzset;";
    no_floats("common/decisions/x.c", numbers);
    assert_int_equal(faults, 14);
    char zones[] = "strftime(s, n, f, localtime_r(&t, &tm)); zone_known(zone);";
    no_floats("common/settlement/x.c", zones);
    assert_int_equal(faults, 17);
    faults -= 3;
    char fractions[] = "x = 1.5 * a.b; y = 2.; v1.x = 3;", address[] = "int64_t (*now)(void) = clock_ms; arc4random();";
    no_floats("common/decisions/x.c", fractions);
    assert_int_equal(faults, 16);
    no_chance_in_runs("server/commit/x.c", address);
    assert_int_equal(faults, 18);
    char pointing[] = "struct job { const struct contract *k; int (*run)(void); };";
    only_data("server/commit/job.h", pointing);
    assert_int_equal(faults, 20);
    assert_true(built_alone("common/base/buf.h"));
    assert_false(built_alone("common/base/limits.h")); /* no file of its own */
}

static int forget_faults(void **state)
{
    (void)state;
    faults = 0;
    expected = false;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_top_level_is_fixed, forget_faults),
        cmocka_unit_test_setup(common_includes_nothing_with_effects, forget_faults),
        cmocka_unit_test_setup(rooms_include_lower_floors_and_one_library_each, forget_faults),
        cmocka_unit_test_setup(below_the_source_nothing_reads_a_clock_or_draws_chance, forget_faults),
        cmocka_unit_test_setup(nobody_calls_banned_functions, forget_faults),
        cmocka_unit_test_setup(common_has_no_effects_and_no_state, forget_faults),
        cmocka_unit_test_setup(a_job_is_data, forget_faults),
        cmocka_unit_test_setup(every_header_compiles_alone, forget_faults),
        cmocka_unit_test_setup(the_rules_bite, forget_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
