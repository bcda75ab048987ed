#include "common/base/country.h"

#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/text.h"

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

bool country_read(struct span text, char code[2])
{
    struct span s = text_strip(text);
    if (s.len != 2)
        return false;
    char up[2] = {ascii_to_upper(s.ptr[0]), ascii_to_upper(s.ptr[1])};
    if (memcmp(up, "UK", 2) == 0)
        memcpy(up, "GB", 2);
    if (memcmp(up, "EL", 2) == 0)
        memcpy(up, "GR", 2);
    if (!is_code(up))
        return false;
    memcpy(code, up, 2);
    return true;
}
