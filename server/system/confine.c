#include "server/system/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is younger than the headers of Debian 12. */
enum { FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15, NET_BIND = 1, NET_CONNECT = 2, SCOPES = 3, RULE_NET_PORT = 2 };
struct ruleset {
    uint64_t fs, net, scoped;
};
struct net_port {
    uint64_t allowed, port;
};

void confine_memory(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

/* ---- files and ports ---- */

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                                         \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                  \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)
#define NEVER                                                                                                          \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |                        \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* What is not there needs no rule. */
static bool allow_path(int rules, const char *path, uint64_t access)
{
    struct stat st;
    struct landlock_path_beneath_attr beneath = {.allowed_access = access};
    beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (beneath.parent_fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    if (fstat(beneath.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
        beneath.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
    bool good = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
    close(beneath.parent_fd);
    return good;
}

/* A file that is replaced is another one: its folder is allowed, and that of what a link leads to. */
static bool allow_file(int rules, const char *path)
{
    char folder[PATH_MAX], real[PATH_MAX];
    if (path == NULL || path[0] == '\0')
        return true;
    snprintf(folder, sizeof folder, "%s", path);
    if (!allow_path(rules, dirname(folder), READS))
        return false;
    return realpath(path, real) == NULL || allow_path(rules, dirname(real), READS);
}

static bool allow_files(int rules, const struct confinement *c, uint64_t writes)
{
    static const char *const system[] = {"/usr", "/etc", "/lib", "/lib64", "/proc", "/run", "/sys/devices/system/cpu"};
    bool good = allow_path(rules, c->data, READS | writes);
    if (c->also != NULL && c->also[0] != '\0')
        good &= allow_path(rules, c->also, READS | writes);
#ifdef CONFINE_COUNTS /* a build that counts which lines ran says so in a folder of its own */
    good &= allow_path(rules, CONFINE_COUNTS, READS | writes);
#endif
    for (size_t i = 0; i < sizeof system / sizeof *system; i++)
        good &= allow_path(rules, system[i], READS);
    good &= allow_path(rules, "/dev", READS | LANDLOCK_ACCESS_FS_WRITE_FILE);
    for (size_t i = 0; i < CONFINE_FILES; i++)
        good &= allow_file(rules, c->files[i]);
    return good;
}

static bool allow_ports(int rules, const struct confinement *c)
{
    bool good = true;
    for (size_t i = 0; i < CONFINE_PORTS; i++) {
        const struct net_port port = {NET_BIND, c->ports[i]};
        if (c->ports[i] != 0)
            good &= syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &port, 0) == 0;
    }
    return good;
}

static int landlock(const struct confinement *c)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1)
        return 0;
    uint64_t writes = WRITES | (abi >= 3 ? FS_TRUNCATE : 0);
    const struct ruleset all = {.fs = READS | writes | NEVER | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
                                      (abi >= 5 ? FS_IOCTL_DEV : 0),
                                .net = NET_BIND | (c->connects ? 0 : NET_CONNECT),
                                .scoped = SCOPES};
    size_t len = abi >= 6 ? sizeof all : abi >= 4 ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, len, 0);
    bool good = rules >= 0 && allow_files(rules, c, writes) && (abi < 4 || allow_ports(rules, c)) &&
                syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    if (rules >= 0)
        close(rules);
    return good ? (int)abi : 0;
}

/* ---- calls ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE
#define REFUSED(number, error)                                                                                         \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define CALL_OF(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))

/* A process is made by clone without CLONE_THREAD; what clone3 is to make stands in memory, so glibc is told to use
 * clone. LeakSanitizer makes a process that traces its parent. */
static const struct sock_filter filter[] = {
    CALL_OF(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    CALL_OF(nr),
#ifdef __x86_64__
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32's numbers */
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    REFUSED(SYS_fork, EPERM),
    REFUSED(SYS_vfork, EPERM),
#endif
    REFUSED(SYS_execve, EPERM),
    REFUSED(SYS_execveat, EPERM),
    REFUSED(SYS_clone3, ENOSYS),
#ifndef __SANITIZE_ADDRESS__
    REFUSED(SYS_ptrace, EPERM),
#endif
    REFUSED(SYS_process_vm_readv, EPERM),
    REFUSED(SYS_process_vm_writev, EPERM),
    REFUSED(SYS_pidfd_getfd, EPERM),
    REFUSED(SYS_kcmp, EPERM),
    REFUSED(SYS_mount, EPERM),
    REFUSED(SYS_umount2, EPERM),
    REFUSED(SYS_move_mount, EPERM),
    REFUSED(SYS_open_tree, EPERM),
    REFUSED(SYS_fsopen, EPERM),
    REFUSED(SYS_pivot_root, EPERM),
    REFUSED(SYS_chroot, EPERM),
    REFUSED(SYS_unshare, EPERM),
    REFUSED(SYS_setns, EPERM),
    REFUSED(SYS_open_by_handle_at, EPERM),
    REFUSED(SYS_bpf, EPERM),
    REFUSED(SYS_perf_event_open, EPERM),
    REFUSED(SYS_userfaultfd, EPERM),
    REFUSED(SYS_io_uring_setup, EPERM),
    REFUSED(SYS_add_key, EPERM),
    REFUSED(SYS_request_key, EPERM),
    REFUSED(SYS_keyctl, EPERM),
    REFUSED(SYS_init_module, EPERM),
    REFUSED(SYS_finit_module, EPERM),
    REFUSED(SYS_delete_module, EPERM),
    REFUSED(SYS_kexec_load, EPERM),
    REFUSED(SYS_kexec_file_load, EPERM),
    REFUSED(SYS_reboot, EPERM),
    REFUSED(SYS_swapon, EPERM),
    REFUSED(SYS_settimeofday, EPERM),
    REFUSED(SYS_clock_settime, EPERM),
    REFUSED(SYS_personality, EPERM),
    REFUSED(SYS_acct, EPERM),
    REFUSED(SYS_quotactl, EPERM),
#ifndef __SANITIZE_ADDRESS__
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
    CALL_OF(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
#endif
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static bool seccomp(void)
{
    const struct sock_fprog program = {.len = sizeof filter / sizeof *filter,
                                       .filter = (struct sock_filter *)(uintptr_t)filter};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}
#else
static bool seccomp(void)
{
    return false;
}
#endif

struct confined confine(const struct confinement *c)
{
    struct confined done = {0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return done;
    done.landlock = landlock(c);
    done.seccomp = !c->forks && seccomp();
    return done;
}
