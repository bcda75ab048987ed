/* common/ledger/commitment: a private part is written as it was read; each opening of it reads, and gives the
 * commitment that its entry carries. */
#include "common/base/utf8.h"
#include "common/ledger/commitment.h"
#include "tests/fuzz/fuzz.h"

static void opening_fits(const struct private_part *p, uint64_t index, struct opening_scope scope)
{
    struct hash commit;
    struct opening o;
    struct buf line;
    struct kept_part kept;
    private_keep(p, &kept);
    buf_heap(&line);
    opening_write(&line, index, p->lead ? &kept : NULL, p, scope);
    HOLDS((line.len > 0) == (p->lead || scope.network));
    if (line.len > 0) {
        struct span exact = fuzz_copy(buf_span(&line));
        HOLDS(opening_read(exact, &o) == ERR_OK);
        fuzz_drop(exact);
        private_commitment(p, &commit);
        HOLDS(o.index == index && o.lead == p->lead && memcmp(&o.commitment, &commit, HASH_LEN) == 0);
        HOLDS(o.has_email == p->has_email && memcmp(o.email, p->email, TOKEN_LEN) == 0);
        HOLDS(o.has_phone == p->has_phone && memcmp(o.phone, p->phone, TOKEN_LEN) == 0);
    }
    buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span bytes = span_of(data, size);
    struct private_part p;
    struct buf again;
    if (private_read(bytes, &p) != ERR_OK)
        return 0;
    fuzz_accepted++;
    HOLDS(utf8_valid(p.ip) && utf8_valid(p.ua) && p.ua.len <= 512 && p.ip.len <= LIMIT_IP);
    buf_heap(&again);
    private_write(&again, &p);
    HOLDS(span_eq(buf_span(&again), bytes));
    buf_free(&again);
    for (int scope = 0; scope < 4; scope++)
        opening_fits(&p, bytes.len, (struct opening_scope){scope & 1, scope & 2});
    return 0;
}
