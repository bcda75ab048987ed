#include "common/base/country.h"

#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/text.h"
#include "common/base/utf8.h"

/* ISO 3166-1, in order, one behind the other; and XK. */
static const char codes[] =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCR"
    "CUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU"
    "IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ"
    "MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
    "SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 2);
}

static bool is_code(const char code[2])
{
    return bsearch(code, codes, (sizeof codes - 1) / 2, 2, by_bytes) != NULL;
}

/* A letter in upper case, of fullwidth forms too. */
static bool take_letter(struct span *s, char *up)
{
    uint32_t c;
    if (!utf8_take(s, &c))
        return false;
    if (c > 0xff00 && c <= 0xff5e)
        c = c - 0xff00 + ' ';
    *up = c < 0x80 ? ascii_to_upper((char)c) : '?';
    return true;
}

bool country_read(struct span text, char code[2])
{
    struct span s = text_strip(text);
    char up[2];
    if (!take_letter(&s, &up[0]) || !take_letter(&s, &up[1]) || s.len != 0)
        return false;
    if (memcmp(up, "UK", 2) == 0)
        memcpy(up, "GB", 2);
    if (memcmp(up, "EL", 2) == 0)
        memcpy(up, "GR", 2);
    if (!is_code(up))
        return false;
    memcpy(code, up, 2);
    return true;
}
