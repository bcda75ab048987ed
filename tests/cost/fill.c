/* `fill_leads DATA N [CONTRACTS]` puts N clicks, each with its lead, into that many contracts, all four unless told, of
 * the folder of a stopped server that scripts/servers.py set up, as if they had come long ago (no nonces).
 * scripts/bench measures over such a store.
 */
#include "tests/cost/filler.h"

int main(int argc, char **argv)
{
    static struct filler f;
    size_t left = argc == 3 || argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    size_t contracts = argc == 4 ? strtoul(argv[3], NULL, 10) : CONTRACTS;
    if (left < 1 || contracts < 1 || contracts > CONTRACTS)
        die("usage: fill_leads DATA N [CONTRACTS]");
    filler_open(&f, argv[1]);
    f.contracts = contracts;
    for (size_t n; left > 0; left -= n) {
        n = left < BATCH_MAX ? left : BATCH_MAX;
        f.now_ms = clock_ms();
        run(&f, n, click_of);
        f.now_ms = clock_ms();
        run(&f, n, lead_of);
        run(&f, 1, tidy_of);
    }
    filler_close(&f);
    return 0;
}
