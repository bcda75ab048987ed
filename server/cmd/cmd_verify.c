/* The audit runs in a child process: whatever a stranger's mirror does to it, memory included, is an answer. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/settlement/findings.h"
#include "server/cmd/command.h"
#include "server/cmd/folder.h"
#include "server/cmd/verdict.h"
#include "server/system/log.h"

static enum err no_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    (void)path, (void)offset, (void)max, (void)out;
    return *(enum err *)ctx;
}

static enum err no_list(void *ctx, void (*each)(void *arg, const char *path), void *arg)
{
    (void)each, (void)arg;
    return *(enum err *)ctx;
}

static int audit(const char *dir, bool json)
{
    struct verdict_printer printer;
    struct folder *folder = NULL;
    enum err err = folder_open(dir, &folder);
    struct mirror mirror = {.read = no_read, .list = no_list, .ctx = &err};
    if (err == ERR_OK)
        mirror = folder_mirror(folder);
    verdict_open(&printer, json);
    int status = verdict_close(&printer, verify_mirror(&mirror, verdict_line, &printer));
    folder_close(folder);
    return status;
}

static int tell_death(int status, bool json)
{
    struct verdict_printer printer;
    struct finding death = {.doubts = 0};
    finds_doubt(&death, "the verifying process died of signal %d (%s): out of memory, or a fault of this program",
                WTERMSIG(status), strsignal(WTERMSIG(status)));
    verdict_open(&printer, json);
    return verdict_close(&printer, finding_report(&death, "process", "", verdict_line, &printer));
}

enum { DIR, JSON, ARGS };

static const struct arg args[ARGS] = {
    [DIR] = {.name = "DIR", .required = true, .help = "a folder that `countersign pull` made"},
    [JSON] = {.name = "--json", .help = "one JSON object instead of lines"},
};

static int verify(const char *const given[])
{
    bool json = given[JSON] != NULL;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        decline("cannot start the verifying process: %s", strerror(errno));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hear its answer */
        mem_last_words(verdict_out_of_memory);
        exit(command_end(&cmd_verify, audit(given[DIR], json)));
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        decline("cannot wait for the verifying process: %s", strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : tell_death(status, json);
}

const struct command cmd_verify = {
    .name = "verify",
    .summary = "audit a mirror offline, with nothing but public keys",
    .help = "Audits a mirror offline: signatures, tree, every decision, every statement. One line per check.\n"
            "Exit status: 0 all holds, 1 something does not, 2 cannot tell (unreadable, missing).",
    .args = args,
    .n_args = ARGS,
    .judges = true,
    .run = verify,
};
