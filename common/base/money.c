#include "common/base/money.h"

#include <assert.h>

#include "common/base/ascii.h"
#include "common/base/text.h"
#include "common/base/utf8.h"

enum { MICROS_DECIMALS = 6, MICROS_PER_UNIT = 1000000 };

/* ISO 4217 list one, active codes, by exponent; codes without a minor unit (gold, testing, funds "N.A.") are no money
 * here. */
static const struct {
    int exponent;
    const char *codes;
} currencies[] = {
    {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"},
    {2, "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
        "CNY COP COU CRC "
        "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
        "JMD KES KGS "
        "KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
        "NOK NPR NZD "
        "PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
        "TMT TOP TRY "
        "TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"},
    {3, "BHD IQD JOD KWD LYD OMR TND"},
    {4, "CLF UYW"},
};

int currency_exponent(struct span code)
{
    if (code.len != 3)
        return -1;
    for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++)
        for (const char *c = currencies[i].codes; *c; c += c[3] ? 4 : 3)
            if (memcmp(c, code.ptr, 3) == 0)
                return currencies[i].exponent;
    return -1;
}

int64_t micros_per_minor(int exponent)
{
    assert(exponent >= 0 && exponent <= MICROS_DECIMALS);
    int64_t unit = 1;
    for (int i = exponent; i < MICROS_DECIMALS; i++)
        unit *= 10;
    return unit;
}

void money_to_minor(int64_t net_micros, int64_t carried_in, int exponent, int64_t *minor, int64_t *carried_out)
{
    int64_t unit = micros_per_minor(exponent), sum = net_micros + carried_in, rest = sum % unit;
    assert(net_micros >= -MONEY_MAX_MICROS && net_micros <= MONEY_MAX_MICROS && carried_in >= -MONEY_MAX_MICROS &&
           carried_in <= MONEY_MAX_MICROS);
    if (rest < 0)
        rest += unit;
    *minor = (sum - rest) / unit;
    *carried_out = rest;
}

enum err money_parse(struct span decimal, int64_t *micros)
{
    bool negative = span_starts(decimal, "-");
    if (negative)
        decimal = span_of(decimal.ptr + 1, decimal.len - 1);
    struct span whole = decimal, part = SPAN("0");
    if (text_cut(&decimal, '.', &whole))
        part = decimal;
    int64_t value = 0, fraction = 0, unit = MICROS_PER_UNIT;
    bool over = false;

    if (whole.len == 0 || (whole.len > 1 && whole.ptr[0] == '0') || part.len == 0 || part.len > MICROS_DECIMALS)
        return ERR_MALFORMED;
    for (size_t i = 0; i < whole.len; i++) {
        if (!ascii_is_digit(whole.ptr[i]))
            return ERR_MALFORMED;
        value = value * 10 + (whole.ptr[i] - '0');
        over = over || value > MONEY_MAX_MICROS / MICROS_PER_UNIT;
        if (over)
            value = 0;
    }
    for (size_t i = 0; i < part.len; i++) {
        if (!ascii_is_digit(part.ptr[i]))
            return ERR_MALFORMED;
        unit /= 10;
        fraction += (part.ptr[i] - '0') * unit;
    }
    value = value * MICROS_PER_UNIT + fraction;
    if (over || value > MONEY_MAX_MICROS)
        return ERR_INVALID;
    *micros = negative ? -value : value;
    return ERR_OK;
}

bool money_add(int64_t a, int64_t b, int64_t *sum)
{
    int64_t s;
    if (__builtin_add_overflow(a, b, &s) || s > MONEY_MAX_MICROS || s < -MONEY_MAX_MICROS)
        return false;
    *sum = s;
    return true;
}

void decimal_add(struct buf *out, int64_t value, int decimals, int least)
{
    char digits[24];
    int n = 0;
    uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    assert(least >= 0 && least <= decimals && decimals <= 9);
    for (; v || n <= decimals; v /= 10)
        digits[n++] = (char)('0' + v % 10);
    int last = 0; /* the least significant digit to be printed */
    while (last < decimals - least && digits[last] == '0')
        last++;
    if (value < 0)
        buf_byte(out, '-');
    for (int i = n - 1; i >= last; i--) {
        if (i == decimals - 1)
            buf_byte(out, '.');
        buf_byte(out, (uint8_t)digits[i]);
    }
}

void micros_add(struct buf *out, int64_t micros, struct span currency)
{
    enum { MICRO_DECIMALS = 6 };
    int exponent = currency_exponent(currency);
    decimal_add(out, micros, MICRO_DECIMALS, exponent < 0 ? 0 : exponent);
}

void money_due_add(struct buf *out, int64_t payable, int64_t vat, int64_t to_pay, struct span currency)
{
    enum { CURRENCY_MOST = 60 };
    int exponent = currency_exponent(currency);
    if (exponent < 0)
        exponent = 0;
    decimal_add(out, payable, exponent, exponent);
    buf_byte(out, ' ');
    utf8_show(out, currency, CURRENCY_MOST);
    if (vat == 0)
        return;
    buf_str(out, " and ");
    decimal_add(out, vat, exponent, exponent);
    buf_str(out, " VAT: ");
    decimal_add(out, to_pay, exponent, exponent);
    buf_byte(out, ' ');
    utf8_show(out, currency, CURRENCY_MOST);
}
