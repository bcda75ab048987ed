#include "server/cmd/helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "server/cmd/command.h"
#include "server/cmd/made_folder.h"
#include "server/system/bounds.h"
#include "server/system/confine.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/upkeep/upkeep.h"

enum { LOOK_MS = 500, NAME_CAP = 32 };

struct helper {
    int server; /* the socket */
    const struct options *options;
};

struct job {
    enum upkeep_kind kind;
    char *to; /* the folder of a backup; NULL: none */
    pid_t process;
    int words; /* what it says, to be read */
    struct upkeep_told told;
    size_t n; /* bytes of its words */
};

/* ---- the process of one job ---- */

/* 2026-11-29T014500.250Z: what a copy is called. */
static bool is_copy_name(const char *name, size_t len)
{
    static const char form[] = "0000-00-00T000000.000Z";
    bool good = len == sizeof form - 1;
    for (size_t i = 0; good && i < len; i++)
        good = form[i] == '0' ? ascii_is_digit(name[i]) : name[i] == form[i];
    return good;
}

static bool is_cut_off(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".part") == 0 && is_copy_name(name, len - 5);
}

/* What was cut off has a name that no later one asks for. */
static void clear_left(const char *dir)
{
    DIR *d = opendir(dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (is_cut_off(e->d_name)) {
            char *part = xasprintf("%s/%s", dir, e->d_name);
            made_folder_clear(part);
            free(part);
        }
    if (d != NULL)
        closedir(d);
}

static int run_backup(const struct options *o, const char *to)
{
    const char *const given[] = {o->data.text, to, NULL};
    struct stat st;
    if (stat(o->backup_dir.text, &st) != 0)
        die("backup_dir is %s, and that cannot be looked at (%s): make that folder, or mount its disk",
            o->backup_dir.text, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        die("backup_dir is %s, which is no folder: name one", o->backup_dir.text);
    if (access(o->backup_dir.text, W_OK) != 0 && errno == EROFS)
        die("backup_dir is %s, which is read-only to this service: under systemd add ReadWritePaths=%s to its unit "
            "(systemctl edit countersign), and start it again",
            o->backup_dir.text, o->backup_dir.text);
    clear_left(o->backup_dir.text);
    return cmd_backup.run(given);
}

static int run_check(const struct options *o)
{
    const char *const given[] = {o->data.text, NULL, NULL};
    return cmd_check.run(given);
}

/* It reads what strangers brought about, as the commands do, but in the name of a server: so it gets no further than
 * the two folders. */
static _Noreturn void be_job(const struct helper *h, const struct job *j, int words)
{
    const struct confinement c = {
        .data = h->options->data.text, .also = j->to != NULL ? h->options->backup_dir.text : "", .forks = true};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, SIG_DFL); /* who has had enough of it ends it */
    signal(SIGINT, SIG_DFL);
    close(h->server);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(words, STDERR_FILENO);
    log_set_command(NULL);
    thread_is("upkeep", THREAD_BEHIND);
    confine(&c);
    exit(j->to != NULL ? run_backup(h->options, j->to) : run_check(h->options));
}

/* ---- the helper ---- */

static void tell(const struct helper *h, const struct job *j)
{
    (void)!send(h->server, &j->told, sizeof j->told, MSG_NOSIGNAL);
}

static uint64_t size_of(const char *folder, const char *name)
{
    struct stat st;
    char *path = xasprintf("%s/%s", folder, name);
    bool there = stat(path, &st) == 0;
    free(path);
    return there ? (uint64_t)st.st_size : 0;
}

/* As far as it shows: the heads are what a copy gets last. */
static void look(struct job *j)
{
    if (j->to == NULL)
        return;
    char *part = xasprintf("%s.part", j->to);
    j->told.bytes = size_of(part, "store.mdb");
    j->told.checks = size_of(part, "signed-heads") > 0;
    free(part);
}

static char *copy_name(const char *dir)
{
    char name[NAME_CAP] = "";
    struct tm utc;
    const int64_t now_ms = clock_ms();
    const time_t now = (time_t)(now_ms / 1000);
    if (gmtime_r(&now, &utc) != NULL)
        strftime(name, sizeof name, "%Y-%m-%dT%H%M%S", &utc);
    return xasprintf("%s/%s.%03dZ", dir, name, (int)(now_ms % 1000));
}

static bool begin(const struct helper *h, struct job *j)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    j->to = j->kind == UPKEEP_BACKUP ? copy_name(h->options->backup_dir.text) : NULL;
    j->process = fork();
    if (j->process == 0)
        be_job(h, j, pipes[1]);
    j->words = pipes[0];
    close(pipes[1]);
    return j->process > 0;
}

/* One line of what its lines say, without who says so. False: it has ended. */
static bool read_words(struct job *j)
{
    char text[512];
    ssize_t n = read(j->words, text, sizeof text);
    for (ssize_t i = 0; i < n && j->n < UPKEEP_WORDS; i++)
        j->told.words[j->n++] = ascii_is_control(text[i]) ? ' ' : text[i];
    return n > 0 || (n < 0 && errno == EINTR);
}

static void trim_words(struct job *j)
{
    static const char who[] = "countersign: ";
    char *w = j->told.words;
    while (j->n > 0 && w[j->n - 1] == ' ')
        j->n--;
    w[j->n] = '\0';
    if (strncmp(w, who, sizeof who - 1) == 0)
        memmove(w, w + sizeof who - 1, j->n - (sizeof who - 1) + 1);
}

/* What is asked meanwhile waits; the server's end is the job's. */
static void follow(const struct helper *h, struct job *j)
{
    for (bool more = true; more;) {
        struct pollfd p[] = {{.fd = j->words, .events = POLLIN}, {.fd = h->server}};
        int n = poll(p, 2, LOOK_MS);
        if (p[1].revents != 0)
            _exit(0); /* and the job by its parent's death */
        if (n > 0)
            more = read_words(j);
        look(j);
        if (more)
            tell(h, j);
    }
}

static void tell_signal(struct job *j, int status)
{
    const int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    snprintf(j->told.words, sizeof j->told.words, "it was ended from outside, by signal %d%s", sig,
             sig == SIGKILL ? ", as by a kernel that is short of memory" : "");
}

static void do_job(const struct helper *h, enum upkeep_kind kind)
{
    struct job j = {.kind = kind, .words = -1, .told = {.kind = (uint8_t)kind, .status = -1}};
    int status = -1;
    if (begin(h, &j)) {
        follow(h, &j);
        if (waitpid(j.process, &status, 0) == j.process && WIFEXITED(status))
            j.told.status = WEXITSTATUS(status);
        trim_words(&j);
    } else {
        snprintf(j.told.words, sizeof j.told.words, "cannot start another process: %s%s", strerror(errno),
                 bounds_of_processes());
    }
    if (j.told.status == -1 && j.told.words[0] == '\0')
        tell_signal(&j, status);
    if (j.words >= 0)
        close(j.words);
    free(j.to);
    j.told.ended = true;
    tell(h, &j);
}

static _Noreturn void be_helper(const struct helper *h, pid_t server)
{
    uint8_t asked;
    ssize_t n;
    signal(SIGHUP, SIG_IGN); /* the server's, to read its files again */
    /* likewise what ends it, and comes to all of its group, from a terminal or systemd: it ends once that has */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server)
        _exit(0);
    thread_is("upkeep", THREAD_BEHIND);
    while ((n = recv(h->server, &asked, 1, 0)) != 0)
        if (n == 1 && asked < UPKEEPS)
            do_job(h, (enum upkeep_kind)asked);
        else if (n < 0 && errno != EINTR)
            break;
    _exit(0);
}

pid_t helper_start(const struct options *o, int *fd)
{
    int ends[2];
    pid_t server = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    pid_t helper = fork();
    if (helper == 0) {
        const struct helper h = {ends[1], o};
        close(ends[0]);
        be_helper(&h, server);
    }
    close(ends[1]);
    *fd = ends[0];
    if (helper > 0)
        return helper;
    log_line(LOG_WARN, 0, "no_helper", "no second process can be started (%s%s): copies and checks are made by hand",
             strerror(errno), bounds_of_processes());
    close(ends[0]);
    return -1;
}
