/* Preloaded into a real `countersign serve`: what somebody could do who runs code in it. Once, from the committer's
 * thread, as soon as it serves, it tries what the server gives up, and writes a line for each to the file that
 * COUNTERSIGN_INTRUDER names: what it tried, and the errno that it met (0: it went through). Other files that it wants
 * are FILE.secret, to be read, and FILE.made, to be made. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int told = -1;

static __attribute__((constructor)) void begin(void)
{
    const char *path = getenv("COUNTERSIGN_INTRUDER");
    if (path != NULL)
        told = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void tell(const char *what, long result)
{
    dprintf(told, "%s %d\n", what, result < 0 ? errno : 0);
}

static void opens(const char *what, const char *suffix, int flags)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s", suffix[0] == '/' ? "" : getenv("COUNTERSIGN_INTRUDER"), suffix);
    int fd = open(path, flags, 0600);
    tell(what, fd);
    if (fd >= 0)
        close(fd);
}

static void speaks(void)
{
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    tell("connect", connect(fd, (struct sockaddr *)&other, sizeof other));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    other.sin_port = htons(61999);
    tell("listen", bind(fd, (struct sockaddr *)&other, sizeof other));
    close(fd);
}

static void makes_processes(void)
{
    char *const words[] = {"/bin/true", NULL};
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    tell("fork", child);
    if (child > 0)
        waitpid(child, NULL, 0);
    tell("execute", execv(words[0], words));
    tell("trace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
    tell("signal", kill(getppid(), 0));
}

int mdb_reader_check(MDB_env *env, int *dead)
{
    static int (*real)(MDB_env * env, int *dead);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_reader_check");
    if (told >= 0) {
        struct rlimit core;
        opens("read", ".secret", O_RDONLY);
        opens("make", ".made", O_WRONLY | O_CREAT);
        opens("system", "/etc/passwd", O_RDONLY);
        opens("system_write", "/etc/passwd", O_WRONLY);
        speaks();
        makes_processes();
        dprintf(told, "dumpable %d\n", prctl(PR_GET_DUMPABLE));
        dprintf(told, "core %d\n", getrlimit(RLIMIT_CORE, &core) == 0 ? (int)core.rlim_max : -1);
        dprintf(told, "end 0\n");
        close(told);
        told = -1;
    }
    return real(env, dead);
}
