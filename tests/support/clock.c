/* Preloaded into a real `countersign`: the file that COUNTERSIGN_CLOCK names holds three numbers of 8 bytes, in the
 * machine's order: by how many ms the wall clock is off, how many ms went by for all clocks without anybody waiting
 * for them, and, if it is not 0, the Unix ms at which the wall clock stands, and with it the one since the boot. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WALL, PASSED, STANDS, NUMBERS };
#define BOOTED_MS INT64_C(1700000000000)

static _Atomic int64_t *numbers;

__attribute__((constructor)) static void map_numbers(void)
{
    const char *path = getenv("COUNTERSIGN_CLOCK");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, NUMBERS * sizeof *numbers, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED)
        numbers = at;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    long rc = syscall(SYS_clock_gettime, id, out);
    if (rc != 0 || numbers == NULL)
        return (int)rc;
    int64_t ms = atomic_load(&numbers[PASSED]), stands_ms = atomic_load(&numbers[STANDS]);
    bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    if (stands_ms != 0 && (wall || id == CLOCK_BOOTTIME)) {
        stands_ms -= wall ? 0 : BOOTED_MS;
        *out = (struct timespec){.tv_sec = stands_ms / 1000, .tv_nsec = stands_ms % 1000 * 1000000};
        return 0;
    }
    if (wall)
        ms += atomic_load(&numbers[WALL]);
    int64_t ns = (int64_t)out->tv_nsec + ms % 1000 * 1000000;
    out->tv_sec += ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    out->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    return 0;
}
