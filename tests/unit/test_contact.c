/* Equal persons give equal keys, different ones do not, and what is no address or number is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/crypto/crypto.h"
#include "common/decisions/contact.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void emails_are_normalized_or_refused(void **state)
{
    static const struct {
        const char *in, *key; /* key NULL: refused */
    } table[] = {
        {"anna@example.com", "anna@example.com"},
        {"  Anna@EXAMPLE.com \r\n", "anna@example.com"},
        {"anna+news@example.com", "anna+news@example.com"},
        {"A.n.n.a+x+y@GoogleMail.com", "anna@gmail.com"},
        {"anna.b+x@outlook.com", "anna.b@outlook.com"},
        {"anna@b\xc3\xbc"
         "cher.example",
         "anna@xn--bcher-kva.example"},
        {"anna@B\xc3\x9c"
         "CHER.example",
         "anna@xn--bcher-kva.example"},
        {"anna@XN--BCHER-KVA.example", "anna@xn--bcher-kva.example"},
        {"o'brien!#$%&*/=?^_`{|}~-@a-b.co", "o'brien!#$%&*/=?^_`{|}~-@a-b.co"},
        {A63 "a@example.com", A63 "a@example.com"},
        {"anna@" A63 ".fr", "anna@" A63 ".fr"},
        {"", NULL},
        {"anna", NULL},
        {"@example.com", NULL},
        {"anna@", NULL},
        {"anna@example", NULL},
        {"anna@example.", NULL},
        {"anna@.example.com", NULL},
        {"anna@exa..mple.com", NULL},
        {"anna@-example.com", NULL},
        {"anna@example-.com", NULL},
        {"anna@exa_mple.com", NULL},
        {"anna@127.0.0.1", NULL},
        {"anna@[127.0.0.1]", NULL},
        {"anna@exam ple.com", NULL},
        {"an na@example.com", NULL},
        {"anna@bob@example.com", NULL},
        {".anna@example.com", NULL},
        {"anna.@example.com", NULL},
        {"an..na@example.com", NULL},
        {"\"anna\"@example.com", NULL},
        {"ann\xc3\xa9@example.com", NULL},
        {"anna@ex\xff.com", NULL},
        {"+tag@gmail.com", NULL},
        {"anna.+tag@outlook.com", NULL},
        {A63 "aa@example.com", NULL},
        {"anna@" A63 "a.fr", NULL},
        {"anna@" A63 "." A63 "." A63 "." A63 ".fr", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf key;
        buf_heap(&key);
        enum err err = contact_email_key(span_str(table[i].in), &key);
        buf_byte(&key, '\0');
        if (err != (table[i].key != NULL ? ERR_OK : ERR_INVALID) ||
            strcmp(key.ptr, table[i].key != NULL ? table[i].key : "") != 0)
            fail_msg("%s gave %s '%s'", table[i].in, err_word(err), key.ptr);
        buf_free(&key);
    }
}

static void phones_are_normalized_or_refused(void **state)
{
    static const struct {
        const char *in, *country, *key;
    } table[] = {
        {"+33 6 12 34 56 78", "", "+33612345678"},
        {"+33 (0)6 12.34.56/78", "DE", "+33612345678"},
        {"0033612345678", "", "+33612345678"},
        {"+33 0 06 12 34 56 78", "", "+33612345678"},
        {"06-12-34-56-78", "FR", "+33612345678"},
        {"06 12 34 56 78", "fr", "+33612345678"},
        {"612345678", "FR", "+33612345678"},
        {"33612345678", "FR", "+33612345678"},
        {"(+33) 612345678", "FR", "+33612345678"},
        {"(415) 555-2671", "US", "+14155552671"},
        {"1-415-555-2671", "US", "+14155552671"},
        {"+1 415 555 2671", "FR", "+14155552671"},
        {"02 1234 5678", "IT", "+390212345678"},
        {"+39 02 1234 5678", "", "+390212345678"},
        {"333 123 4567", "IT", "+393331234567"},
        {"393331234567", "IT", "+393331234567"},
        {"8 (912) 345-67-89", "RU", "+79123456789"},
        {"9123456789", "RU", "+79123456789"},
        {"8001234567", "RU", "+78001234567"},
        {"06 20 123 4567", "HU", "+36201234567"},
        {"+36 06 20 123 4567", "", "+36201234567"},
        {"8 029 123-45-67", "BY", "+375291234567"},
        {"8 612 34567", "LT", "+37061234567"},
        {"0 612 34567", "LT", "+37061234567"},
        {"01 23 45 67 89", "CI", "+2250123456789"},
        {"0151 23456789", "DE", "+4915123456789"},
        {"4915123456789", "DE", "+4915123456789"},
        {"11 91234-5678", "BR", "+5511912345678"},
        {"5511912345678", "BR", "+5511912345678"},
        {"+999 1234567", "", "+9991234567"},
        {"", "FR", NULL},
        {"0612345678", "", NULL},
        {"0612345678", "XX", NULL},
        {"0612345678", "FRA", NULL},
        {"12345", "FR", "+3312345"},
        {"1234", "FR", NULL},
        {"+12345", "", NULL},
        {"+0123456789", "", NULL},
        {"00 012345678", "", NULL},
        {"+1234567890123456", "", NULL},
        {"+33 6 12 34 56 78 ext 5", "", NULL},
        {"+33+612345678", "", NULL},
        {"33+612345678", "", NULL},
        {"06123\xc2\xa0"
         "45678",
         "FR", NULL},
        {"+", "", NULL},
        {"00", "FR", NULL},
        {"0", "FR", NULL},
        {"99999999999999999999999999999999", "FR", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf key;
        buf_heap(&key);
        enum err err = contact_phone_key(span_str(table[i].in), span_str(table[i].country), &key);
        buf_byte(&key, '\0');
        if (err != (table[i].key != NULL ? ERR_OK : ERR_INVALID) ||
            strcmp(key.ptr, table[i].key != NULL ? table[i].key : "") != 0)
            fail_msg("%s in '%s' gave %s '%s'", table[i].in, table[i].country, err_word(err), key.ptr);
        buf_free(&key);
    }
}

/* python3: hmac.new(b"pepper", b"email\nanna@example.com", "sha256").hexdigest()[:32] */
static void token_is_the_first_half_of_the_hmac(void **state)
{
    static const uint8_t want[TOKEN_LEN] = {0x7f, 0xcb, 0xcb, 0x78, 0x0d, 0xd4, 0x8c, 0x33,
                                            0xeb, 0xbb, 0x57, 0xac, 0x7c, 0x39, 0x7d, 0x3b};
    struct hmac *pepper = hmac_new("pepper", 6);
    uint8_t token[TOKEN_LEN], other[TOKEN_LEN];
    (void)state;
    contact_token(pepper, "email", SPAN("anna@example.com"), token);
    contact_token(pepper, "phone", SPAN("anna@example.com"), other);
    assert_memory_equal(token, want, sizeof want);
    assert_memory_not_equal(token, other, sizeof other);
    hmac_free(pepper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emails_are_normalized_or_refused),
        cmocka_unit_test(phones_are_normalized_or_refused),
        cmocka_unit_test(token_is_the_first_half_of_the_hmac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
