#include "common/base/unicode.h"

#include <stddef.h>

#include <utf8proc.h>

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t c, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n && c >= ranges[i].first; i++)
        if (c <= ranges[i].last)
            return true;
    return false;
}

/* Unicode's Cc past ASCII, Cf that are not letters' own, Zl and Zp; and what is a letter or a symbol by its category:
 * Hangul fillers, the Braille pattern without dots. */
bool unicode_unseen(uint32_t c)
{
    static const struct range unseen[] = {{0x80, 0x9f},     {0xad, 0xad},      {0x61c, 0x61c},   {0x115f, 0x1160},
                                          {0x180e, 0x180e}, {0x200b, 0x200f},  {0x2028, 0x202e}, {0x2060, 0x206f},
                                          {0x2800, 0x2800}, {0x3164, 0x3164},  {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
                                          {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
    return is_in(c, unseen, sizeof unseen / sizeof *unseen);
}

bool unicode_hidden(uint32_t c)
{
    /* Default_Ignorable_Code_Point of DerivedCoreProperties.txt (Unicode 16), and Egyptian format controls; but for
     * those that are unseen */
    static const struct range ignorable[] = {{0x34f, 0x34f},     {0x17b4, 0x17b5},   {0x180b, 0x180f},
                                             {0xfe00, 0xfe0f},   {0xfff0, 0xfff8},   {0x13430, 0x1343f},
                                             {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
    return unicode_unseen(c) || is_in(c, ignorable, sizeof ignorable / sizeof *ignorable);
}

bool unicode_picture(uint32_t c)
{
    static const struct range pictures[] = {{0xa9, 0xa9},     {0xae, 0xae},     {0x203c, 0x203c},  {0x2049, 0x2049},
                                            {0x2122, 0x2122}, {0x2139, 0x2139}, {0x2190, 0x21ff},  {0x2300, 0x27bf},
                                            {0x2900, 0x297f}, {0x2b00, 0x2bff}, {0x3030, 0x3030},  {0x303d, 0x303d},
                                            {0x3297, 0x3297}, {0x3299, 0x3299}, {0x1f000, 0x1faff}};
    return is_in(c, pictures, sizeof pictures / sizeof *pictures);
}

bool unicode_blank(uint32_t c)
{
    /* White_Space of PropList.txt; U+0085, U+2028 and U+2029 are unseen as well */
    static const struct range white[] = {{0x9, 0xd},       {0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680},
                                         {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};
    return is_in(c, white, sizeof white / sizeof *white) || unicode_unseen(c);
}

bool unicode_letter(uint32_t c)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

/* Each script's digits stand one behind the other, from its zero on. */
int unicode_digit(uint32_t c)
{
    static const uint32_t zeros[] = {
        0x30,    0x660,   0x6f0,   0x7c0,   0x966,   0x9e6,   0xa66,   0xae6,   0xb66,   0xbe6,   0xc66,
        0xce6,   0xd66,   0xde6,   0xe50,   0xed0,   0xf20,   0x1040,  0x1090,  0x17e0,  0x1810,  0x1946,
        0x19d0,  0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,  0xa900,  0xa9d0,
        0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0,
        0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
        0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0};
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros && c >= zeros[i]; i++)
        if (c - zeros[i] < 10)
            return (int)(c - zeros[i]);
    return -1;
}
