/* Time zones: names, files and their footers. What they give against another reader: interop/test_zones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/lists/zone.h"
#include "server/lists/zones.h"
#include "tests/support/ok.h"

static int64_t at(const char *rfc3339)
{
    int64_t ms = 0;
    assert_ok(time_parse(span_str(rfc3339), &ms));
    return ms;
}

static void time_zones_are_those_of_the_system(void **state)
{
    static const char *const known[] = {"UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "CET"};
    static const char *const unknown[] = {"",          "Europe",    "Europe/",      "Mars/Olympus", "europe/paris",
                                          "tzdata.zi", "localtime", "right/UTC",    "posixrules",   "posix/UTC",
                                          "../passwd", "/UTC",      "UTC/x",        "leapseconds",  "Europe/Paris/",
                                          "zone.tab",  "UTC ",      "Europe//Paris"};
    struct zones *z = zones_new(ZONES_FOLDER);
    int64_t ahead_s;
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (zones_offset(z, span_str(known[i]), at("2026-01-01T00:00:00Z"), &ahead_s) != ERR_OK)
            fail_msg("%s is not known", known[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (zones_offset(z, span_str(unknown[i]), at("2026-01-01T00:00:00Z"), &ahead_s) != ERR_NOT_FOUND)
            fail_msg("'%s' was taken", unknown[i]);
    zones_free(z);
}

/* No file: then nothing is said of what zones there are. */
static void a_zone_that_cannot_be_read_is_not_guessed(void **state)
{
    char folder[] = "/tmp/zones.XXXXXX", path[64];
    int64_t ahead_s = 77;
    (void)state;
    assert_non_null(mkdtemp(folder));
    struct zones *z = zones_new(folder);
    assert_int_equal(zones_offset(z, SPAN("CET"), at("2026-11-26T00:00:00Z"), &ahead_s), ERR_IO);
    assert_int_equal(ahead_s, 77);
    assert_ok(zones_offset(z, SPAN("UTC"), at("2026-11-26T00:00:00Z"), &ahead_s));
    assert_int_equal(ahead_s, 0);

    snprintf(path, sizeof path, "%s/CET", folder);
    FILE *f = fopen(path, "w");
    fputs("TZif2 and no more", f);
    fclose(f);
    assert_int_equal(zones_offset(z, SPAN("CET"), at("2026-11-26T00:00:00Z"), &ahead_s), ERR_CORRUPT);
    zones_free(z);
    unlink(path);
    rmdir(folder);
}

/* A file that changed is read again. */
static void a_new_file_counts_at_once(void **state)
{
    char folder[] = "/tmp/zones.XXXXXX", path[64];
    int64_t ahead_s;
    (void)state;
    assert_non_null(mkdtemp(folder));
    struct zones *z = zones_new(folder);
    snprintf(path, sizeof path, "%s/Here", folder);
    assert_int_equal(symlink(ZONES_FOLDER "/Asia/Kolkata", path), 0);
    assert_ok(zones_offset(z, SPAN("Here"), at("2026-11-26T00:00:00Z"), &ahead_s));
    assert_int_equal(ahead_s, 19800);
    unlink(path);
    assert_int_equal(symlink(ZONES_FOLDER "/Asia/Tokyo", path), 0);
    assert_ok(zones_offset(z, SPAN("Here"), at("2026-11-26T00:00:00Z"), &ahead_s));
    assert_int_equal(ahead_s, 32400);
    unlink(path);
    assert_int_equal(zones_offset(z, SPAN("Here"), at("2026-11-26T00:00:00Z"), &ahead_s), ERR_IO);
    zones_free(z);
    rmdir(folder);
}

/* ---- one file ---- */

/* Version 2 with one type, one transition if `times`, and this footer. */
static size_t tzif(uint8_t *out, size_t times, int64_t first_s, uint32_t ahead_s, const char *footer)
{
    uint8_t *p = out;
    for (int block = 0; block < 2; block++) {
        size_t n = block ? times : 0;
        memset(p, 0, 44);
        memcpy(p, "TZif2", 5);
        store_be32(p + 32, (uint32_t)n);
        store_be32(p + 36, 1);
        store_be32(p + 40, 4);
        p += 44;
        for (size_t i = 0; i < n; i++, p += 8)
            store_be64(p, (uint64_t)(first_s + (int64_t)i));
        memset(p, 0, n);
        p += n;
        store_be32(p, ahead_s);
        p[4] = p[5] = 0;
        memcpy(p + 6, "ABC", 4);
        p += 10;
    }
    *p++ = '\n';
    memcpy(p, footer, strlen(footer));
    p += strlen(footer);
    *p++ = '\n';
    return (size_t)(p - out);
}

static void footers_say_what_posix_means(void **state)
{
    static const struct {
        const char *footer, *at;
        int64_t ahead_s;
    } cases[] = {
        {"EST5EDT,M3.2.0,M11.1.0", "2030-03-10T06:59:59Z", -18000},
        {"EST5EDT,M3.2.0,M11.1.0", "2030-03-10T07:00:00Z", -14400},
        {"EST5EDT,M3.2.0,M11.1.0", "2030-11-03T05:59:59Z", -14400},
        {"EST5EDT,M3.2.0,M11.1.0", "2030-11-03T06:00:00Z", -18000},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2031-03-30T00:59:59Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2031-03-30T01:00:00Z", 7200},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2040-01-01T00:00:00Z", 39600}, /* summer over New Year */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2040-07-01T00:00:00Z", 36000},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2040-01-01T00:00:00Z", 0}, /* winter time as the other one */
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2040-07-01T00:00:00Z", 3600},
        {"<+0330>-3:30", "2099-05-05T00:00:00Z", 12600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-03-25T00:59:59Z", -7200},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-03-25T01:00:00Z", -3600},
        {"XXX3EDT4,0/0,J365/23", "2040-01-01T02:59:59Z", -14400}, /* the other one all the year */
        {"XXX3EDT4,0/0,J365/23", "2040-07-01T00:00:00Z", -14400},
        {"AAA0BBB,J60/0,J61/0", "2040-02-29T12:00:00Z", 0}, /* J60 is 1 March also in leap years */
        {"AAA0BBB,J60/0,J61/0", "2040-03-01T12:00:00Z", 3600},
        {"AAA0BBB,59/0,60/0", "2040-02-29T12:00:00Z", 3600},
        {"AAA0BBB,59/0,60/0", "2041-03-01T12:00:00Z", 3600},
        {"", "2040-02-29T12:00:00Z", 1800}, /* none: as the last type */
    };
    uint8_t bytes[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct zone *z;
        size_t n = tzif(bytes, 1, 0, 1800, cases[i].footer);
        assert_ok(zone_read(span_of(bytes, n), &z));
        int64_t ahead_s = zone_offset(z, at(cases[i].at) / 1000);
        if (ahead_s != cases[i].ahead_s)
            fail_msg("%s at %s: %lld", cases[i].footer, cases[i].at, (long long)ahead_s);
        zone_free(z);
    }
}

static void what_is_no_strict_file_is_refused(void **state)
{
    static const char *const footers[] = {"CET",
                                          "CET-25",
                                          "C-1",
                                          "CET-1CEST",
                                          "CET-1CEST,M3.5.0",
                                          "<+01>-1x",
                                          "CET-1CEST,M13.5.0,M10.5.0",
                                          "CET-1CEST,M3.6.0,M10.5.0",
                                          "CET-1CEST,M3.5.7,M10.5.0",
                                          "CET-1CEST,J0,J5",
                                          "CET-1CEST,366,5",
                                          "CET-1CEST,M3.5.0/168,M10.5.0",
                                          "CET-1:60",
                                          "<+01-1",
                                          "\n"};
    uint8_t bytes[256];
    struct zone *z;
    size_t n;
    (void)state;
    for (size_t i = 0; i < sizeof footers / sizeof *footers; i++) {
        n = tzif(bytes, 2, 5, 3600, footers[i]);
        if (zone_read(span_of(bytes, n), &z) != ERR_CORRUPT)
            fail_msg("%s was taken", footers[i]);
    }
    n = tzif(bytes, 2, 5, 3600, "CET-1");
    assert_ok(zone_read(span_of(bytes, n), &z));
    zone_free(z);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that a byte too far is seen */
        memcpy(exact, bytes, cut);
        enum err err = zone_read(span_of(exact, cut), &z);
        assert_int_equal(err, cut < 4 ? ERR_NOT_FOUND : ERR_CORRUPT);
        free(exact);
    }
    static const struct {
        size_t byte; /* behind the first block: 44 + 10 */
        uint8_t value;
    } wrong[] = {{54 + 4, '1'},
                 {54 + 31, 1 /* leap seconds */},
                 {54 + 39, 0 /* no type */},
                 {54 + 23, 3 /* indicators */},
                 {54 + 44 + 15, 5 /* a transition twice */},
                 {54 + 44 + 16, 1 /* no such type */},
                 {54 + 44 + 18, 1 /* far ahead */},
                 {54 + 44 + 22, 2 /* daylight or not */},
                 {54 + 44 + 23, 9 /* name */}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        n = tzif(bytes, 2, 5, 3600, "CET-1");
        bytes[wrong[i].byte] = wrong[i].value;
        if (zone_read(span_of(bytes, n), &z) != ERR_CORRUPT)
            fail_msg("case %zu was taken", i);
    }
    memcpy(bytes, "TZxf", 4);
    assert_int_equal(zone_read(span_of(bytes, n), &z), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_zones_are_those_of_the_system),
        cmocka_unit_test(a_zone_that_cannot_be_read_is_not_guessed),
        cmocka_unit_test(a_new_file_counts_at_once),
        cmocka_unit_test(footers_say_what_posix_means),
        cmocka_unit_test(what_is_no_strict_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
