/* The one table of settings: config file key = flag = COUNTERSIGN_ environment variable. Precedence: flag, environment,
 * file, default. */
#ifndef CS_SERVER_SYSTEM_OPTIONS_H
#define CS_SERVER_SYSTEM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/problem.h"

/* name (flag --name, key name, env COUNTERSIGN_NAME; flags and keys take '-' for '_'), TEXT or NUMBER(least, most),
 * when a change counts (START: once it is started again; HUP: then; HUP_BUT(off): then too, but for one from this text
 * or to it), default, help */
#define OPTION_TABLE(X)                                                                                                \
    X(data, TEXT, START, "", "folder that holds everything; made by init")                                             \
    X(listen, TEXT, START, "127.0.0.1:8080", "address and port to serve on")                                           \
    X(backup_dir, TEXT, START, "",                                                                                     \
      "folder in which POST /v1/backups and the operator's page make copies, each a new folder named by its time; "    \
      "empty: they make none")                                                                                         \
    X(admin_listen, TEXT, START, "",                                                                                   \
      "address and port for /metrics, /healthz and /readyz alone; empty: on the main listener")                        \
    X(tls_cert, TEXT, HUP_BUT(""), "",                                                                                 \
      "file of a certificate with its chain, PEM: the main listener speaks TLS; empty: it is plain. Read again on "    \
      "HUP")                                                                                                           \
    X(tls_key, TEXT, HUP_BUT(""), "",                                                                                  \
      "file of its private key, PEM, which nobody but its owner may read. Read again on HUP")                          \
    X(max_tls_mib, NUMBER(1, 65536), HUP, "16",                                                                        \
      "MiB for TLS of all workers' connections; past it who waits longest without a request goes")                     \
    X(redirect_listen, TEXT, START, "",                                                                                \
      "address and port of plain HTTP that answers with the https URL alone, such as 0.0.0.0:80; empty: none")         \
    X(workers, NUMBER(1, 64), START, "2", "HTTP worker threads")                                                       \
    X(readers, NUMBER(1, 64), START, "2",                                                                              \
      "threads for reads of the API and of logs; workers and commits come before them")                                \
    X(map_size_gib, NUMBER(0, 65536), START, "0",                                                                      \
      "largest size of the database file in GiB, which grows as needed; 0: as large as can be mapped, 16 TiB at most") \
    X(store_ahead_kib, NUMBER(0, 1048576), START, "4096",                                                              \
      "KiB of the database file that are written with zeros ahead of their use, so that commits are shorter; below "   \
      "16: none")                                                                                                      \
    X(least_room_mib, NUMBER(0, 1073741824), HUP, "1024",                                                              \
      "MiB that the disk, or the map, can still take, below which the log and /readyz say so")                         \
    X(queue_size, NUMBER(16, 1048576), START, "8192",                                                                  \
      "requests that may wait for a commit, per worker; past it the answer is 503")                                    \
    X(sweep_ms, NUMBER(10, 60000), HUP, "1000", "milliseconds between sweeps of tiles and heads")                      \
    X(max_connections, NUMBER(1, 1000000), HUP, "10000",                                                               \
      "open connections per worker; past it one of whoever has most goes")                                             \
    X(max_held_mib, NUMBER(1, 65536), HUP, "32",                                                                       \
      "MiB of large or unfinished requests and unread answers of all workers; past it the biggest are closed")         \
    X(request_timeout_s, NUMBER(1, 3600), HUP, "15", "seconds for one request, an idle connection, an unread answer")  \
    X(trusted_proxies, TEXT, HUP, "",                                                                                  \
      "addresses or CIDR blocks, comma-separated, whose proxy_header names the client")                                \
    X(proxy_header, TEXT, HUP, "X-Forwarded-For",                                                                      \
      "header in which they do: X-Forwarded-For, or Forwarded (RFC 7239); the other one is not looked at")             \
    X(cors_origins, TEXT, HUP, "",                                                                                     \
      "origins, comma-separated, whose pages may call the API in a browser, by a token that they have, such as "       \
      "https://portal.example; empty: none")                                                                           \
    X(country_header, TEXT, HUP, "",                                                                                   \
      "header in which a trusted proxy names the visitor's country, such as CF-IPCountry; empty: none")                \
    X(country_mmdb, TEXT, HUP, "", "MaxMind DB file that gives visitors' countries; empty: none. Read again on HUP")   \
    X(datacenter_list, TEXT, HUP, "",                                                                                  \
      "file of hosting networks' addresses or CIDR blocks, one a line, # for comments; empty: none. Read again on "    \
      "HUP")                                                                                                           \
    X(repeat_mib, NUMBER(1, 65536), START, "16",                                                                       \
      "MiB of memory for telling repeated clicks: 131,072 visitors in each")                                           \
    X(click_wait_ms, NUMBER(1, 60000), START, "1000",                                                                  \
      "milliseconds that a click or pixel waits for its commit; then it is answered as unrecorded")                    \
    X(disposable_domains, TEXT, HUP, "",                                                                               \
      "file of disposable e-mail domains, one a line, in place of the list that comes with the program. Read again "   \
      "on HUP")                                                                                                        \
    X(retention_days, NUMBER(0, 36500), HUP, "0",                                                                      \
      "days after which what was sealed of persons is destroyed, with the key of its month; 0: never")                 \
    X(witnesses, TEXT, START, "",                                                                                      \
      "file of a C2SP tlog-policy: the witnesses that are asked to cosign the root log, and their quorum; empty: "     \
      "none")                                                                                                          \
    X(witness, TEXT, START, "",                                                                                        \
      "file of logs' verifier keys, one a line, # for comments, whose checkpoints this instance cosigns; empty: none") \
    X(webhook_allow, TEXT, HUP_BUT("none"), "",                                                                        \
      "addresses or CIDR blocks, comma-separated, that parties' webhooks may lead to although they are private, and "  \
      "without TLS; empty: public ones alone; `none`: there are no webhooks, and the server calls nobody")             \
    X(smtp_url, TEXT, HUP_BUT(""), "",                                                                                 \
      "SMTP server that takes notices by e-mail, such as smtp://127.0.0.1:25 or smtps://mail.example:465; empty: "     \
      "none are sent")                                                                                                 \
    X(smtp_from, TEXT, HUP, "", "address that they come from, such as countersign@example.com")                        \
    X(smtp_user, TEXT, HUP, "", "name to log in there with; then TLS has to be had; empty: no login")                  \
    X(smtp_password_file, TEXT, HUP, "",                                                                               \
      "file of the password, which nobody but its owner may read. Read again on HUP")                                  \
    X(notice_s, NUMBER(1, 86400), HUP, "60", "seconds between looks at what notices tell of")                          \
    X(budget_party, NUMBER(1, 100000000), HUP, "2000",                                                                 \
      "requests and rows a second of one party on a worker, 30 s of them at once; past it the answer is 429")          \
    X(budget_address, NUMBER(1, 100000000), HUP, "2000",                                                               \
      "requests a second of one address (of IPv6 a /64) on a worker, but for clicks and pixels, 30 s of them at "      \
      "once; "                                                                                                         \
      "past it the answer is 429")                                                                                     \
    X(budget_explain, NUMBER(1, 1000000), HUP, "1",                                                                    \
      "postbacks a second that one party has explained on a worker, 30 s of them at once; past it the answer is 429")  \
    X(budget_bytes_kib, NUMBER(1, 100000000), HUP, "8192",                                                             \
      "KiB of requests and answers under way of one party, and of one address (of IPv6 a /64), on a worker, but for "  \
      "clicks and pixels; past them the answer is 429")                                                                \
    X(budget_handshakes, NUMBER(1, 1000000), HUP, "100",                                                               \
      "handshakes of TLS a second of one address (of IPv6 a /64) on a worker, 10 s of them at once; past it the "      \
      "connection is closed before it costs anything")                                                                 \
    X(live_party, NUMBER(1, 1000000), HUP, "32", "event streams of one party on a worker; past it the answer is 429")  \
    X(quota_codes, NUMBER(1, 1000000000), HUP, "20000",                                                                \
      "tracking codes of a publisher, or of the campaigns of an advertiser, that are on or have not been off for 30 "  \
      "days")                                                                                                          \
    X(quota_secrets, NUMBER(1, 1000000000), HUP, "100",                                                                \
      "postback secrets of a party that have not retired, or were made within a day")                                  \
    X(quota_tokens, NUMBER(1, 1000000000), HUP, "100",                                                                 \
      "API tokens of a party that have not ended, or were made within a day")                                          \
    X(quota_campaigns, NUMBER(1, 1000000000), HUP, "1000", "campaigns of an advertiser")                               \
    X(quota_contracts, NUMBER(1, 1000000000), HUP, "10000",                                                            \
      "contracts of a publisher, or of an advertiser with publishers, also those that have ended")                     \
    X(quota_share_links, NUMBER(1, 1000000000), HUP, "100", "open share links that a party made of one statement")     \
    X(quota_grants, NUMBER(1, 1000000000), HUP, "10000", "contracts that an auditor was granted")                      \
    X(log_level, TEXT, HUP, "info", "debug, info, warn or error")

struct options {
    struct {
        const char *text;
        int64_t number;
        int line; /* of the config file; 0: it is said elsewhere */
    }             /* one member per row */
#define X(name, type, change, def, help) name,
    OPTION_TABLE(X)
#undef X
        end_;
    char *file; /* the config file's text, what some of the texts point into */
    char *kept; /* likewise those that options_keep left as they were */
};

/* What is wrong, and where: the file and perhaps its line, or who else says so. */
struct option_fault {
    const char *source; /* NULL: not known */
    int line;           /* 0: none */
    struct problem p;
};

/* The file that `--config` names, or the variable COUNTERSIGN_CONFIG; NULL: none. */
const char *options_config(const char *given);
/* Reads every setting: flags[i] is what the command line says of the table's row i, NULL when nothing; config names the
 * file, NULL: there is none. Refuses what is unknown or out of range. Texts point into flags, the environment and
 * o->file, which options_free frees also of what was refused. */
MUST_CHECK enum err options_read(struct options *o, const char *config, const char *const flags[],
                                 struct option_fault *fault);
void options_free(struct options *o);
/* Fills fault's source and line by the setting that its problem names. */
void options_locate(const struct options *o, const char *config, struct option_fault *fault);
/* "FILE line N: what is wrong", as a message has it. */
void option_fault_write(const struct option_fault *fault, struct buf *out);
/* Of two readings: has `next` what `now` has, where that changes at a start alone; the rest stays. Adds the names of
 * what differed and waits for a start, and of what changes, with commas between. */
void options_keep(struct options *next, const struct options *now, struct buf *waits, struct buf *changes);
/* Reads the lines of a config file over what *o holds. text ends in NUL, is cut into pieces, and what *o takes of it
 * points into it. A refusal leaves the number of its line in *line, what stood before it set, and in *p what is wrong.
 */
MUST_CHECK enum err options_text(struct options *o, char *text, int *line, struct problem *p);
/* The map size of commands that have no other options: environment, else default. In bytes, as store_open takes it. */
uint64_t options_map_size(void);
void options_print(const struct options *o); /* key = value lines, each under its help as a comment */

#endif
