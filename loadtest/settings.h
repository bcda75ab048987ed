/* The one table of flags of the load tester. */
#ifndef CS_LOADTEST_SETTINGS_H
#define CS_LOADTEST_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/* name (flag --name, '_' becomes '-'), type, default, help */
#define SETTING_TABLE(X)                                                                                               \
    X(url, TEXT, "http://127.0.0.1:8080", "server to load (http://ADDRESS:PORT)")                                      \
    X(public_host, TEXT, "", "host[:port] of the server's public URL, for Host and signatures; default: of --url")     \
    X(codes, TEXT, "", "file of tracking codes, one a line; with --replay CODE SOURCE, or CODE * for every other")     \
    X(mix, TEXT, "click=1", "shares of click, view and lead, e.g. click=80,view=15,lead=5")                            \
    X(raw, TEXT, "", "fire GET of this path instead of a mix")                                                         \
    X(replay, TEXT, "", "replay real leads instead of a mix: the file of docs/benchmarks.md, \"The load tester\"")     \
    X(rate, NUMBER, "0", "requests per second, open loop: latency counts from the scheduled time; 0: flat out")        \
    X(duration, NUMBER, "0", "seconds to run")                                                                         \
    X(count, NUMBER, "0", "requests to fire, instead of or within --duration")                                         \
    X(connections, NUMBER, "64", "keep-alive connections")                                                             \
    X(kid, TEXT, "", "key id of the postback secret")                                                                  \
    X(secret, TEXT, "", "postback secret, whsec_...")                                                                  \
    X(user_agent, TEXT, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "User-Agent header") \
    X(acks, TEXT, "", "file that gets one line per acknowledged event: its click id or receipt, for `verify`")         \
    X(timeout, NUMBER, "10",                                                                                           \
      "seconds that an answer may take; with --count also how long a dead server is waited for")                       \
    X(cpu, NUMBER, "-1", "pin to this CPU; -1: do not")                                                                \
    X(json, FLAG, "", "report as JSON")

struct settings {
#define TEXT const char *
#define NUMBER int64_t
#define FLAG bool
#define X(name, type, def, help) type name;
    SETTING_TABLE(X)
#undef X
#undef TEXT
#undef NUMBER
#undef FLAG
};

/* Dies with one line about what is wrong and how to cure it. Prints help and exits for --help. */
void settings_parse(struct settings *s, int argc, char **argv);
/* One line on stderr, exit 2. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
