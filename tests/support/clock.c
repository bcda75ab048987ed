/* Preloaded into a real `countersign`: the file that COUNTERSIGN_CLOCK names holds two numbers of 8 bytes, in the
 * machine's order: by how many ms the wall clock is off, and how many ms went by for all clocks without anybody waiting
 * for them. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WALL, PASSED, NUMBERS };

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
    int64_t ms = atomic_load(&numbers[PASSED]);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
        ms += atomic_load(&numbers[WALL]);
    int64_t ns = (int64_t)out->tv_nsec + ms % 1000 * 1000000;
    out->tv_sec += ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    out->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    return 0;
}
