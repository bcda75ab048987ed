/* What agents say. The table itself is held to its package and to real agents by interop/test_agents. */
#include <stdlib.h>

#include "common/base/limits.h"
#include "common/decisions/agent.h"
#include "server/worker/agent_cache.h"
#include "tests/support/chance.h"
#include "tests/support/ok.h"

#define WEBKIT " AppleWebKit/605.1.15 (KHTML, like Gecko) "
#define CHROME WEBKIT "Chrome/131.0.0.0 "
#define MACINTOSH "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
#define IPHONE "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"
#define IPAD "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X)"
#define WINDOWS "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
#define ANDROID(more) "Mozilla/5.0 (Linux; Android 14; Pixel 8" more ")"

static const struct {
    const char *text;
    enum device device;
} people[] = {
    {WINDOWS CHROME "Safari/537.36", DEVICE_DESKTOP},
    {WINDOWS CHROME "Safari/537.36 Edg/131.0.0.0", DEVICE_DESKTOP},
    {MACINTOSH WEBKIT "Version/18.1 Safari/605.1.15", DEVICE_DESKTOP},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", DEVICE_DESKTOP},
    {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" CHROME "Safari/537.36", DEVICE_DESKTOP},
    {"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Tablet PC 2.0)", DEVICE_DESKTOP},
    {ANDROID("") CHROME "Mobile Safari/537.36", DEVICE_PHONE},
    {IPHONE WEBKIT "Version/18.1 Mobile/15E148 Safari/604.1", DEVICE_PHONE},
    {"Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0", DEVICE_PHONE},
    {"Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5", DEVICE_PHONE},
    {"Mozilla/5.0 (Linux; Android 7.0; CUBOT X18)" CHROME "Mobile Safari/537.36", DEVICE_PHONE},
    {"Mozilla/5.0 (Linux; Android 15; RMX5116 Build/AP3A.240617.008)" CHROME "Mobile Safari/537.36", DEVICE_PHONE},
    {ANDROID("") CHROME "Safari/537.36", DEVICE_TABLET},
    {"Mozilla/5.0 (Android 14; Tablet; rv:132.0) Gecko/132.0 Firefox/132.0", DEVICE_TABLET},
    {IPAD WEBKIT "Version/17.5 Mobile/15E148 Safari/604.1", DEVICE_TABLET},
    {ANDROID(" Build/UP1A; wv)") CHROME "Mobile Safari/537.36", DEVICE_APP},
    {ANDROID(" Build/UP1A; wv") CHROME "Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/490.0.0.63.82;]", DEVICE_APP},
    {IPHONE WEBKIT "Mobile/15E148", DEVICE_APP},
    {IPHONE WEBKIT "Mobile/15E148 Instagram 355.0.0.27.102 (iPhone14,5; iOS 18_1)", DEVICE_APP},
    {IPHONE WEBKIT "Mobile/15E148 Safari/604.1 Line/14.19.0", DEVICE_APP},
    {IPHONE WEBKIT "GSA/340.3 Mobile/15E148 Safari/604.1", DEVICE_APP},
    {IPAD WEBKIT "Mobile/15E148 [FBAN/FBIOS;FBAV/471.0.0.20.112]", DEVICE_APP},
    {"Mozilla/5.0 (Linux; Android 9; BRAVIA 4K UR2)" CHROME "Safari/537.36", DEVICE_NONE},
    {"Mozilla/5.0 (PlayStation 5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", DEVICE_NONE},
    {"Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.6.5", DEVICE_NONE},
};

static void people_are_told_with_their_devices(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        struct agent a = agent_read(span_str(people[i].text));
        if (a.bot || a.device != people[i].device)
            fail_msg("%s: %s, '%s'", people[i].text, a.bot ? "bot" : "ok", device_word(a.device));
    }
}

static const char *const bots[] = {
    "",
    "-",
    "Mozilla/5.0",
    "curl/8.5.0",
    "Wget/1.21.3",
    "python-requests/2.32.3",
    "Python-urllib/3.11",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
    "Java/17.0.2",
    "Apache-HttpClient/4.5.13 (Java/17.0.9)",
    "libwww-perl/6.67",
    "axios/1.7.7",
    "node-fetch",
    "node",
    "undici",
    "GuzzleHttp/7",
    "PostmanRuntime/7.42.0",
    WINDOWS WEBKIT "HeadlessChrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ANDROID("") CHROME
    "Mobile Safari/537.36 (compatible; AdsBot-Google-Mobile; +http://www.google.com/mobile/adsbot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; SomethingNew/1.0; +https://new.example/about)",
};

static void bots_are_told_and_have_no_device(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bots / sizeof bots[0]; i++) {
        struct agent a = agent_read(span_str(bots[i]));
        if (!a.bot || a.device != DEVICE_NONE)
            fail_msg("%s: %s, '%s'", bots[i], a.bot ? "bot" : "ok", device_word(a.device));
    }
    assert_true(agent_read((struct span){NULL, 0}).bot);
}

/* Anchors hold to the text's ends, case counts. */
static void a_word_in_another_place_is_none(void **state)
{
    static const char *const no_bots[] = {"Browser curl/8", "Mozilla/5.0 x", "xnode", "nodes", "HEADLESSCHROME"};
    (void)state;
    for (size_t i = 0; i < sizeof no_bots / sizeof no_bots[0]; i++)
        if (agent_read(span_str(no_bots[i])).bot)
            fail_msg("%s: bot", no_bots[i]);
}

static void only_what_is_kept_of_a_text_is_looked_at(void **state)
{
    static const char word[] = "HeadlessChrome";
    char text[2 * LIMIT_USER_AGENT];
    (void)state;
    for (size_t at = LIMIT_USER_AGENT - 40; at < LIMIT_USER_AGENT + 10; at++) {
        memset(text, 'x', sizeof text);
        memcpy(text + at, word, sizeof word - 1);
        bool kept = at + strlen("Headless") <= LIMIT_USER_AGENT;
        assert_true(agent_read(span_of(text, sizeof text)).bot == kept);
        assert_true(agent_read(span_of(text, LIMIT_USER_AGENT + 1)).bot == kept);
    }
}

/* Every byte in every place, ends included: nothing is read beside the text or the table (under the sanitizers). */
static void any_bytes_are_an_agent(void **state)
{
    (void)state;
    chance_seed();
    for (int i = 0; i < 20000; i++) {
        size_t len = below(2 * LIMIT_USER_AGENT), from = below(sizeof people / sizeof people[0]);
        struct span known = span_str(people[from].text);
        char *text = malloc(len + 1);
        for (size_t k = 0; k < len; k++)
            text[k] = (char)(one_in(20) || known.len == 0 ? chance() : (uint64_t)known.ptr[k % known.len]);
        struct agent a = agent_read(span_of(text, len));
        assert_true((unsigned)a.device < DEVICE_COUNT && (!a.bot || a.device == DEVICE_NONE));
        free(text);
    }
}

/* More texts than the cache has places, many alike but for one byte, each asked for often. */
static void the_cache_answers_as_reading_does(void **state)
{
    enum { TEXTS = 3000, LONGEST = 300 };
    static char text[TEXTS][LONGEST];
    struct agent_cache *c = agent_cache_new();
    (void)state;
    chance_seed();
    for (size_t i = 0; i < TEXTS; i++)
        snprintf(text[i], LONGEST, "%.*s%s", (int)below(9), "abcdefgh",
                 one_in(4) ? bots[below(sizeof bots / sizeof bots[0])]
                           : people[below(sizeof people / sizeof people[0])].text);
    for (int round = 0; round < 30000; round++) {
        struct span s = span_str(text[below(TEXTS)]);
        struct agent wanted = agent_read(s), got = agent_cache_read(c, s);
        assert_true(wanted.bot == got.bot && wanted.device == got.device);
    }
    assert_true(agent_cache_read(c, (struct span){NULL, 0}).bot);
    agent_cache_free(c);
    agent_cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_told_with_their_devices),
        cmocka_unit_test(bots_are_told_and_have_no_device),
        cmocka_unit_test(a_word_in_another_place_is_none),
        cmocka_unit_test(only_what_is_kept_of_a_text_is_looked_at),
        cmocka_unit_test(any_bytes_are_an_agent),
        cmocka_unit_test(the_cache_answers_as_reading_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
