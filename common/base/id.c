#include "common/base/id.h"

#include "common/base/ascii.h"

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void id_write(char letter, uint64_t number, char out[LIMIT_ID + 1])
{
    _Static_assert(1 + ID_DIGITS <= LIMIT_ID, "letter and digits fit");
    out[0] = letter;
    for (int i = ID_DIGITS; i >= 1; i--, number >>= 5)
        out[i] = digits[number & 31];
    out[1 + ID_DIGITS] = '\0';
}

enum err id_read(struct span id, uint64_t *number)
{
    uint64_t v = 0;
    if (id.len != 1 + ID_DIGITS || !ascii_is_upper(id.ptr[0]))
        return ERR_MALFORMED;
    for (size_t i = 1; i < id.len; i++) {
        const char *digit = memchr(digits, id.ptr[i], sizeof digits - 1);
        if (digit == NULL)
            return ERR_MALFORMED;
        v = v << 5 | (uint64_t)(digit - digits);
    }
    *number = v;
    return ERR_OK;
}

bool id_is_plain(struct span id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!ascii_is_digit(id.ptr[i]) && !ascii_is_upper(id.ptr[i]))
            return false;
    return id.len > 0 && id.len <= LIMIT_ID;
}
