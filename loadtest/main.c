/* countersign-loadtest: an open-loop load generator. docs/benchmarks.md, "The load tester". */
#include <sched.h>
#include <string.h>

#include "loadtest/run.h"

int main(int argc, char **argv)
{
    static struct settings settings;
    static struct result result;

    if (argc > 1 && strcmp(argv[1], "null") == 0)
        return null_server(argc - 1, argv + 1);
    settings_parse(&settings, argc, argv);
    if (settings.cpu >= 0) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET((size_t)settings.cpu, &cpus);
        if (sched_setaffinity(0, sizeof cpus, &cpus))
            die("cannot pin to CPU %lld: %m", (long long)settings.cpu);
    }
    run(&settings, &result);
    report(&settings, &result);
    return 0;
}
