#include "server/lists/networks.h"

#include "common/base/text.h"
#include "common/base/utf8.h"

enum { QUOTED = 60 };

/* In front of IPv4 and behind it, where that lies within. */
static void add(struct ranges *r, address first, address last)
{
    bool within = first < ADDRESS_V4 && last >= ADDRESS_V4_LAST;
    if (within)
        ranges_add(r, first, ADDRESS_V4 - 1, 1);
    if (!within || last > ADDRESS_V4_LAST)
        ranges_add(r, within ? ADDRESS_V4_LAST + 1 : first, last, 1);
}

enum err networks_parse(struct span text, struct ranges **out, struct problem *p)
{
    struct ranges *r = ranges_new();
    for (size_t line = 1; text.len > 0; line++) {
        struct span rest = text_take(&text, '\n'), one = text_trim(text_take(&rest, '#'), TYPED_BLANKS);
        address first, last;
        if (span_empty(one))
            continue;
        if (!address_block_read(one, &first, &last)) {
            ranges_free(r);
            return problem(p, ERR_INVALID, "",
                           "line %zu: \"%.*s\" must be an address or CIDR block such as 192.0.2.0/24 or 2001:db8::/32",
                           line, (int)utf8_cut(one, QUOTED).len, one.ptr);
        }
        add(r, first, last);
    }
    ranges_seal(r);
    *out = r;
    return ERR_OK;
}
