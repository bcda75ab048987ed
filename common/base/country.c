#include "common/base/country.h"

#include <string.h>

#include "common/base/ascii.h"

/* The officially assigned codes: by their first letter, the second ones. */
static bool assigned(char first, char second)
{
    static const char *const seconds[26] = {"DEFGILMOQRSTUWXZ",
                                            "ABDEFGHIJLMNOQRSTVWYZ",
                                            "ACDFGHIKLMNORUVWXYZ",
                                            "EJKMOZ",
                                            "CEGHRST",
                                            "IJKMOR",
                                            "ABDEFGHILMNPQRSTUWY",
                                            "KMNRTU",
                                            "DELMNOQRST",
                                            "EMOP",
                                            "EGHIMNPRWYZ",
                                            "ABCIKRSTUVY",
                                            "ACDEFGHKLMNOPQRSTUVWXYZ",
                                            "ACEFGILOPRUZ",
                                            "M",
                                            "AEFGHKLMNRSTWY",
                                            "A",
                                            "EOSUW",
                                            "ABCDEGHIJKLMNORSTVXYZ",
                                            "CDFGHJKLMNORTVWZ",
                                            "AGMSYZ",
                                            "ACEGINU",
                                            "FS",
                                            "",
                                            "ET",
                                            "AMW"};
    return strchr(seconds[first - 'A'], second) != NULL;
}

bool country_read(struct span text, char out[COUNTRY_LEN])
{
    char code[COUNTRY_LEN];
    if (text.len != COUNTRY_LEN)
        return false;
    for (size_t i = 0; i < COUNTRY_LEN; i++) {
        code[i] = ascii_to_upper(text.ptr[i]);
        if (code[i] < 'A' || code[i] > 'Z')
            return false;
    }
    if (!assigned(code[0], code[1]))
        return false;
    memcpy(out, code, sizeof code);
    return true;
}
