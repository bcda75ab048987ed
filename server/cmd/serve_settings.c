#include "server/cmd/serve_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "common/decisions/disposable.h"
#include "server/cmd/made_folder.h"
#include "server/courier/fleet.h"
#include "server/notices/smtp_setting.h"
#include "server/outgoing/outgoing.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/worker/cors.h"

enum { LIST_FILE_MAX = 64 << 20 };

/* ---- what they lead to ---- */

/* `wrong` says of its field what stands behind it. */
static enum err named(struct problem *p, const struct problem *wrong, const char *joint)
{
    return problem(p, ERR_INVALID, wrong->field, "%s%s%s", wrong->field, joint, wrong->detail);
}

static enum err fill_proxies(struct settings *s, struct problem *p)
{
    const struct options *o = &s->options;
    struct problem wrong;
    if (proxies_parse(span_str(o->trusted_proxies.text), &s->proxies, &wrong) != ERR_OK ||
        cors_parse(span_str(o->cors_origins.text), &wrong) != ERR_OK)
        return named(p, &wrong, " ");
    if (proxies_header_read(span_str(o->proxy_header.text), &s->proxies_header, &wrong) != ERR_OK)
        return problem(p, ERR_INVALID, wrong.field, "%s is \"%.100s\": it %s", wrong.field, o->proxy_header.text,
                       wrong.detail);
    if (!ascii_all_alnum_or(span_str(o->country_header.text), "-_"))
        return problem(p, ERR_INVALID, "country_header",
                       "country_header is \"%.100s\": write the name of a header, such as CF-IPCountry",
                       o->country_header.text);
    if (o->country_header.text[0] != '\0' && s->proxies == NULL)
        return problem(p, ERR_INVALID, "country_header",
                       "country_header counts only when a trusted proxy sends it: name yours in trusted_proxies");
    return ERR_OK;
}

static enum err fill_disposable(struct settings *s, struct problem *p)
{
    const char *path = s->options.disposable_domains.text;
    struct problem wrong;
    struct buf text;
    if (path[0] == '\0')
        return ERR_OK;
    buf_heap(&text);
    enum err err = file_read(path, LIST_FILE_MAX, &text);
    if (err != ERR_OK)
        problem(p, err, "disposable_domains", "disposable_domains: %s cannot be read (%s)", path, err_word(err));
    else if ((err = disposable_read(buf_span(&text), &s->disposable, &wrong)) != ERR_OK)
        problem(p, err, "disposable_domains", "disposable_domains: %s: %s", path, wrong.detail);
    buf_free(&text);
    return err;
}

static enum err try_smtp(const struct settings *s, const struct server *sv, struct problem *p)
{
    struct smtp_setting smtp;
    enum err err = smtp_setting_read(&s->options, sv->instance.host, &smtp, p);
    if (err == ERR_OK)
        smtp_setting_forget(&smtp);
    return err;
}

/* Out of descriptors the server could not open its own files either: where the hard limit forbids it, fewer connections
 * are taken. */
static enum err fill_connections(struct settings *s, struct problem *p)
{
    enum { OWN = 64 + HTTP_ADMIN_CONNECTIONS + 2 * FLEET_MOST, OWN_OF_WORKER = 8 };
    struct options *o = &s->options;
    struct rlimit files;
    rlim_t workers = (rlim_t)o->workers.number;
    rlim_t own = OWN + (o->redirect_listen.text[0] ? HTTP_REDIRECT_CONNECTIONS : 0);
    rlim_t needed = own + workers * (OWN_OF_WORKER + (rlim_t)o->max_connections.number);
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return problem(p, ERR_IO, "", "cannot read the limit on open files");
    if (files.rlim_cur < needed) {
        files.rlim_cur = files.rlim_max < needed ? files.rlim_max : needed;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            return problem(p, ERR_IO, "max_connections", "cannot raise the limit on open files");
    }
    if (files.rlim_cur >= needed)
        return ERR_OK;
    if (files.rlim_cur < own + workers * (OWN_OF_WORKER + 1))
        return problem(p, ERR_IO, "",
                       "the hard limit on open files, %llu, leaves none for connections: raise it to %llu (ulimit -Hn, "
                       "LimitNOFILE)",
                       (unsigned long long)files.rlim_cur, (unsigned long long)needed);
    o->max_connections.number = (int64_t)((files.rlim_cur - own) / workers - OWN_OF_WORKER);
    s->files_needed = needed;
    return ERR_OK;
}

static enum err fill(struct settings *s, const struct server *sv, struct problem *p)
{
    struct target_rules webhooks;
    struct problem wrong;
    enum err err = fill_proxies(s, p);
    if (err == ERR_OK)
        err = fill_disposable(s, p);
    if (err == ERR_OK)
        err = try_smtp(s, sv, p);
    if (err == ERR_OK && target_rules_read(span_str(s->options.webhook_allow.text), &webhooks, &wrong) != ERR_OK)
        err = named(p, &wrong, ": ");
    return err == ERR_OK ? fill_connections(s, p) : err;
}

void serve_settings_say(const struct settings *s)
{
    if (s->files_needed > 0)
        log_line(LOG_WARN, 0, "few_files",
                 "the hard limit on open files allows %lld connections per worker: for all of max_connections raise it "
                 "to %llu (ulimit -Hn, LimitNOFILE), or set max_connections lower",
                 (long long)s->options.max_connections.number, (unsigned long long)s->files_needed);
}

void serve_settings_webhooks(const struct settings *s, struct target_rules *out)
{
    if (target_rules_read(span_str(s->options.webhook_allow.text), out, NULL) != ERR_OK)
        abort(); /* they were read before */
}

void serve_settings_pace(const struct settings *s, struct pace *out)
{
    const struct options *o = &s->options;
    atomic_store(&out->sweep_ms, o->sweep_ms.number);
    atomic_store(&out->retention_days, o->retention_days.number);
    atomic_store(&out->least_room, (uint64_t)o->least_room_mib.number << 20);
}

/* What no mount and no chmod puts right. A folder that is not there may be a disk that comes later, which is no reason
 * to count no clicks. */
static enum err try_copies(const struct options *o, struct problem *p)
{
    const char *dir = o->backup_dir.text;
    struct stat st;
    if (dir[0] == '\0')
        return ERR_OK;
    char *copy = xasprintf("%s/copy", dir);
    bool inside = made_folder_inside(o->data.text, copy) || made_folder_inside(o->data.text, dir);
    free(copy);
    if (inside)
        return problem(p, ERR_INVALID, "backup_dir",
                       "backup_dir: %s is inside of the data folder, of which it is to hold copies: name one "
                       "elsewhere, on another disk",
                       dir);
    if (stat(dir, &st) != 0)
        log_line(LOG_WARN, 0, "no_backup_dir",
                 "backup_dir is %s, and that cannot be looked at (%s): until that folder is made, or its disk mounted, "
                 "there are no copies",
                 dir, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        return problem(p, ERR_INVALID, "backup_dir", "backup_dir: %s is no folder: name one", dir);
    else if (access(dir, W_OK) != 0)
        log_line(LOG_WARN, 0, "no_backup_dir", "backup_dir is %s, which cannot be written to (%s): there are no copies",
                 dir, strerror(errno));
    return ERR_OK;
}

static void set_level(const struct settings *s)
{
    enum log_level level;
    if (log_level_parse(s->options.log_level.text, &level))
        log_set_level(level);
}

/* ---- at the start ---- */

static _Noreturn void refuse(const struct option_fault *fault)
{
    struct buf text;
    buf_heap(&text);
    option_fault_write(fault, &text);
    if (fault->p.field[0] == '\0' && fault->source == NULL)
        die("%.*s", (int)text.len, text.ptr); /* not what was set, but where */
    decline("%.*s", (int)text.len, text.ptr);
}

struct settings *serve_settings_read(const struct settings_said *said)
{
    struct option_fault fault = {.source = NULL};
    struct settings *s = settings_new();
    if (options_read(&s->options, said->config, said->flags, &fault) != ERR_OK)
        refuse(&fault);
    set_level(s);
    return s;
}

void serve_settings_fill(const struct settings_said *said, const struct server *sv, struct settings *s)
{
    struct option_fault fault = {.source = NULL};
    enum err err = try_copies(&s->options, &fault.p);
    if (err == ERR_OK)
        err = fill(s, sv, &fault.p);
    if (err != ERR_OK) {
        options_locate(&s->options, said->config, &fault);
        refuse(&fault);
    }
}

/* ---- on HUP ---- */

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* A file that was not named before. One that was is read again by itself, and may be wrong alone. */
static enum err try_files(const struct settings *s, const struct settings *now, struct server *sv, struct problem *p)
{
    const struct options *o = &s->options, *before = &now->options;
    const struct list_files lists = {o->datacenter_list.text, o->country_mmdb.text};
    const struct tls_files tls = {o->tls_cert.text, o->tls_key.text};
    struct lists_slot *tried;
    struct problem wrong;
    enum err err = ERR_OK;
    if (!same(lists.datacenters, before->datacenter_list.text) || !same(lists.countries, before->country_mmdb.text)) {
        err = lists_open(&lists, &tried, &wrong);
        if (err == ERR_OK)
            lists_close(tried);
    }
    if (err == ERR_OK && sv->tls != NULL &&
        (!same(tls.cert, before->tls_cert.text) || !same(tls.key, before->tls_key.text)))
        err = tls_try(sv->tls, &tls, &wrong);
    return err == ERR_OK ? err
                         : problem(p, err, wrong.field,
                                   "%s: %s (a server that runs reads where its files stood at the start, and in /etc: "
                                   "put it there, or restart)",
                                   wrong.field, wrong.detail);
}

static enum err read_again(const struct settings_said *said, struct server *sv, const struct settings *now,
                           struct settings *next, struct buf *waits, struct buf *changes, struct option_fault *fault)
{
    enum err err = options_read(&next->options, said->config, said->flags, fault);
    if (err != ERR_OK)
        return err;
    fault->source = said->config;
    if (next->options.data.text[0] == '\0') /* as of a file that a full disk left empty */
        return problem(&fault->p, ERR_INVALID, "data", "data is missing: this is not all of the settings");
    options_keep(&next->options, &now->options, waits, changes);
    err = fill(next, sv, &fault->p);
    if (err == ERR_OK)
        err = try_files(next, now, sv, &fault->p);
    if (err != ERR_OK)
        options_locate(&next->options, said->config, fault);
    return err;
}

static void say_kept(const struct option_fault *fault)
{
    struct buf text;
    buf_heap(&text);
    option_fault_write(fault, &text);
    log_line(LOG_ERROR, 0, "settings_kept", "%.*s; all settings stay as they were", (int)text.len, text.ptr);
    buf_free(&text);
}

static void say_taken(const struct settings_said *said, const struct settings *s, struct span waits,
                      struct span changes)
{
    if (waits.len > 0)
        log_line(LOG_WARN, 0, "settings_wait", "what the settings say of these needs a restart: %.*s", (int)waits.len,
                 waits.ptr);
    log_line(LOG_INFO, 0, "settings_read", "%s: %s%.*s",
             said->config != NULL ? said->config : "no config file is named",
             changes.len > 0 ? "changed are " : "nothing changed", (int)changes.len, changes.ptr);
    serve_settings_say(s);
}

static void take(struct settings *next, struct server *sv, struct pace *pace)
{
    struct target_rules webhooks;
    serve_settings_webhooks(next, &webhooks);
    serve_settings_pace(next, pace);
    set_level(next);
    outgoing_allow(sv->outgoing, &webhooks);
    settings_publish(sv->settings, next);
    for (size_t i = 0; i < source_workers(sv->source); i++)
        source_nudge(sv->source, i);
}

void serve_settings_again(const struct settings_said *said, struct server *sv, const struct settings *now,
                          struct pace *pace)
{
    struct option_fault fault = {.source = NULL};
    struct settings *next = settings_new();
    struct buf waits, changes;
    buf_heap(&waits);
    buf_heap(&changes);
    enum err err = read_again(said, sv, now, next, &waits, &changes, &fault);
    atomic_store(&sv->settings_kept, err != ERR_OK);
    if (err != ERR_OK) {
        say_kept(&fault);
        settings_free(next);
    } else {
        take(next, sv, pace);
        say_taken(said, next, buf_span(&waits), buf_span(&changes));
    }
    buf_free(&waits);
    buf_free(&changes);
}
