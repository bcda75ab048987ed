/* Equal persons give equal keys, different ones do not, and what is no address or number is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/crypto/crypto.h"
#include "common/decisions/contact.h"
#include "common/decisions/disposable.h"
#include "common/decisions/disposable_table.h"
#include "common/decisions/phone_table.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *in, *key; /* key NULL: refused */
} emails[] = {
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
    {"an na@example.com", "an+na@example.com"},
    {"anna news@gmail.com", "anna@gmail.com"},
    {"anna news letter@gmail.com", NULL},
    {"mailto:anna@example.com", "anna@example.com"},
    {"\"anna\"@example.com", "anna@example.com"},
    {"\"Anna.B\" @ \"example.com\"", "anna.b@example.com"},
    {"<\"anna\"@example.com>", "anna@example.com"},
    {"Anna <\"anna\"@example.com>", "anna@example.com"},
    {"MailTo:anna@example.com?subject=Hi", "anna@example.com"},
    {"Anna Example <anna@example.com>", "anna@example.com"},
    {"\xc2\xa0"
     "anna@example.com\xe2\x80\x8b",
     "anna@example.com"},
    {"\xef\xbb\xbf"
     "anna@example.com.",
     "anna@example.com"},
    {"an\xe2\x80\x8bna@exam\xc2\xad"
     "ple.com",
     "anna@example.com"},
    {"anna @ example.com ;", "anna@example.com"},
    {"\xef\xbd\x81nna\xef\xbc\xa0"
     "example.com",
     "anna@example.com"},
    {"anna@example\xe3\x80\x82"
     "com",
     "anna@example.com"},
    {"anna@fa\xc3\x9f.example", "anna@xn--fa-hia.example"},
    {"anna@\xce\xa3\xce\x91\xce\x9b\xce\xa3.example", "anna@xn--mxauwc.example"},
    {"anna@.example.com", NULL},
    {"anna@exa..mple.com", NULL},
    {"anna@-example.com", NULL},
    {"anna@example-.com", NULL},
    {"anna@exa_mple.com", NULL},
    {"anna@127.0.0.1", NULL},
    {"anna@[127.0.0.1]", NULL},
    {"anna@exam ple.com", NULL},
    {"anna@bob@example.com", NULL},
    {".anna@example.com", NULL},
    {"anna.@example.com", NULL},
    {"an..na@example.com", NULL},
    {"\"an na b\"@example.com", NULL},
    {"\"an\"na\"@example.com", NULL},
    {"\"an\\\\na\"@example.com", NULL},
    {"ann\xc3\xa9@example.com", NULL},
    {"anna@ex\xff.com", NULL},
    {"\' \"anna@example.com\" \'", "anna@example.com"},             /* marks within marks */
    {"\xc2\xad'\xe2\x80\x8b'anna@example.com", "anna@example.com"}, /* behind what is not seen */
    {"_'anna@proton.me", NULL}, /* what is left of it would be taken for another one's */
    {"+tag@gmail.com", NULL},
    {"anna.+tag@outlook.com", NULL},
    {A63 "aa@example.com", NULL},
    {"anna@" A63 "a.fr", NULL},
    {"anna@" A63 "." A63 "." A63 "." A63 ".fr", NULL},
};

static void emails_are_normalized_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(emails); i++) {
        struct buf key;
        buf_heap(&key);
        enum err err = contact_email_key(span_str(emails[i].in), &key);
        buf_byte(&key, '\0');
        if (err != (emails[i].key != NULL ? ERR_OK : ERR_INVALID) ||
            strcmp(key.ptr, emails[i].key != NULL ? emails[i].key : "") != 0)
            fail_msg("%s gave %s '%s'", emails[i].in, err_word(err), key.ptr);
        buf_free(&key);
    }
}

/* Each line is one mailbox; no two lines are. */
static void a_mailbox_has_one_key(void **state)
{
    static const struct {
        const char *key, *addresses[8];
    } table[] = {
        {"annab@gmail.com", {"a.n.n.a.b@gmail.com", "annab+x@googlemail.com", "AnnaB@GMAIL.com"}},
        {"anna.b@outlook.com", {"anna.b+x@outlook.com", "Anna.B@Outlook.com"}},
        {"anna@example.com",
         {"'anna@example.com", " \"anna@example.com\" ", "\xe2\x80\x98 anna@example.com\xe2\x80\x99"}},
        {"anna'@example.com", {"'anna'@example.com'"}},
        {"annab@outlook.com", {"annab@outlook.com"}},
        {"annab@outlook.fr", {"annab+1@outlook.fr"}},
        {"annab@hotmail.co.uk", {"annab+1@hotmail.co.uk"}},
        {"annab@live.com.mx", {"annab+1@live.com.mx"}},
        {"annab@msn.com", {"annab+1@msn.com"}},
        {"anna.b@icloud.com", {"anna.b@icloud.com", "anna.b+x@me.com", "anna.b@mac.com"}},
        {"annab@icloud.com", {"annab@icloud.com"}},
        {"annab@proton.me", {"anna.b@protonmail.com", "annab+x@pm.me", "anna_b@proton.me", "an-nab@protonmail.ch"}},
        {"anna-b@yandex.ru", {"anna.b@yandex.ru", "anna-b@ya.ru", "anna.b+x@yandex.com", "anna.b@yandex.com.tr"}},
        {"annab@yandex.ru", {"annab@yandex.kz"}},
        {"anna@fastmail.com", {"anna+x@fastmail.com", "shops@anna.fastmail.com", "x+y@anna.fastmail.com"}},
        {"anna@fastmail.fm", {"shops@anna.fastmail.fm"}},
        {"anna.b@zoho.com", {"anna.b+x@zoho.com"}},
        {"anna.b@zohomail.eu", {"anna.b+x@zohomail.eu"}},
        {"anna.b@hey.com", {"anna.b+x@hey.com"}},
        {"anna.b@gmx.de", {"anna.b+x@gmx.de"}},
        {"anna.b@gmx.net", {"anna.b+x@gmx.net"}},
        {"anna.b+x@outlook.example", {"anna.b+x@outlook.example"}},
        {"x@anna.outlook.com", {"x@anna.outlook.com"}},
        {"anna.b@livewell.fr", {"anna.b@livewell.fr"}},
        {"anna+x@live.co.example", {"anna+x@live.co.example"}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(table[i].key, table[k].key);
        for (const char *const *at = table[i].addresses; *at != NULL; at++) {
            struct buf key;
            buf_heap(&key);
            assert_int_equal(contact_email_key(span_str(*at), &key), ERR_OK);
            buf_byte(&key, '\0');
            if (strcmp(key.ptr, table[i].key) != 0)
                fail_msg("%s gave '%s', not '%s'", *at, key.ptr, table[i].key);
            buf_free(&key);
        }
    }
}

static const struct {
    const char *in, *country, *key; /* key NULL: no number; without '+': its digits alone */
} phones[] = {
    {"+33 6 12 34 56 78", "", "+33612345678"},
    {"+33 (0)6 12.34.56/78", "DE", "+33612345678"},
    {"0033612345678", "", "+33612345678"},
    {"+33 0 06 12 34 56 78", "", "+33612345678"},
    {"06-12-34-56-78", "FR", "+33612345678"},
    {"06 12 34 56 78", " fr ", "+33612345678"},
    {"06,12,34,56,78", "FR", "+33612345678"},
    {"612345678", "FR", "+33612345678"},
    {"33612345678", "FR", "+33612345678"},
    {"(+33) 612345678", "FR", "+33612345678"},
    {"++33 612345678", "", "+33612345678"},
    {"1-415-555-2671", "US", "+14155552671"},
    {"+1 415 555 2671", "FR", "+14155552671"},
    {"02 1234 5678", "IT", "+390212345678"},
    {"+39 02 1234 5678", "", "+390212345678"},
    {"333 123 4567", "IT", "+393331234567"},
    {"393331234567", "IT", "+393331234567"},
    {"8 (912) 345-67-89", "RU", "+79123456789"},
    {"9123456789", "RU", "+79123456789"},
    {"8001234567", "RU", "+78001234567"},
    {"8 912 345-67-89", "KZ", "+79123456789"},
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
    {"55 99123-4567", "BR", "+5555991234567"}, /* an area code that looks like the country's */
    {"62812345678", "ID", "+62812345678"},
    /* what is dialled and no part of the number */
    {"+5491123456707", "", "+541123456707"},
    {"011 15-2345-6707", "AR", "+541123456707"},
    {"+54 9 11 15 2345 6707", "", "+541123456707"},
    {"11 2345 6707", "AR", "+541123456707"},
    {"+525512345608", "", "+525512345608"},
    {"+5215512345608", "", "+525512345608"},
    {"044 55 1234 5608", "MX", "+525512345608"},
    {"+5511961234509", "", "+5511961234509"},
    {"0 15 11 96123-4509", "BR", "+5511961234509"},
    {"0xx11 96123-4509", "BR", "+5511961234509"},
    {"(0XX11) 96123-4509", "BR", "+5511961234509"},
    {"0 xx 11 2123-4567", "BR", "+551121234567"},
    {"+55 xx11 96123-4509", "", "+5511961234509"},
    {"(415) 555-2605 x3", "US", "+14155552605"},
    {"+229 97 12 34 56", "", "+2290197123456"},
    {"01 97 12 34 56", "BJ", "+2290197123456"},
    {"+7 8 771 000 9997", "KZ", "+77710009997"},
    {"33 (0)6 12 34 56 14", "", "+33612345614"},
    {"0044 (0) 7911 123415", "", "+447911123415"},
    {"07911 123415", "UK", "+447911123415"},
    {"43664123456", "AT", "+43664123456"},
    /* ways abroad */
    {"01133612345617", "US", "+33612345617"},
    {"001133612345617", "AU", "+33612345617"},
    {"0033612345617", "US", "+33612345617"},
    {"8 10 33 612345617", "RU", "+33612345617"},
    {"0085298765432", "HK", "+85298765432"},
    {"00133612345617", "TH", "+33612345617"},
    /* as programs and people write */
    {"tel:+33-6-12-34-56-14", "", "+33612345614"},
    {"Tel. 06 12 34 56 14", "FR", "+33612345614"},
    {"+33\xc2\xa0"
     "6\xe2\x80\x91"
     "12 34 56 14",
     "", "+33612345614"},
    {"\xe2\x80\xaa+33 6 12 34 56 14\xe2\x80\xac", "", "+33612345614"},
    {"\xef\xbc\x8b\xef\xbc\x93\xef\xbc\x93\xef\xbc\x96 12345614", "", "+33612345614"},
    {"\xd9\xa0\xd9\xa6 12 34 56 14", "FR", "+33612345614"},
    {"(415) 555-2605 ext. 3", "US", "+14155552605"},
    {"(415) 555-2605x3", "US", "+14155552605"},
    {"+1 415 555 2605;ext=3", "", "+14155552605"},
    {"+1 415 555 2605 #3", "", "+14155552605"},
    {"06 12 34 56 14 (mobile)", "FR", "+33612345614"},
    {"0612345614 / 0712345678", "FR", "+33612345614"},
    {"0033612345614, 0033712345678", "FR", "+33612345614"},
    {"612345616.0", "FR", "+33612345616"},
    /* a number of nowhere, or too short for one */
    {"0612345678", "", "612345678"},
    {"0612345678", "XX", "612345678"},
    {"0612345678", "FRA", "612345678"},
    {"5552605", "US", "5552605"},
    {"+999 1234567", "", "9991234567"},
    {"+0123456789", "", "123456789"},
    {"+1234567890123456", "", "1234567890123456"},
    {"9999999999", "FR", "9999999999"},
    {"1111111111", "US", "1111111111"},
    /* none */
    {"", "FR", NULL},
    {"12345", "FR", NULL},
    {"+12345", "", NULL},
    {"33+612345678", "", NULL},
    {"+", "", NULL},
    {"00", "FR", NULL},
    {"0000000000", "FR", NULL},
    {"unknown", "FR", NULL},
    {"212-CALL-NOW", "US", NULL},
    {"+x33612345678", "", NULL},
    {"3.36123E+10", "FR", NULL},
    {"06 12 34 56 \xff", "FR", NULL},
    {"99999999999999999999999999999999", "FR", NULL},
};

static void phones_are_normalized_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(phones); i++) {
        const char *want = phones[i].key != NULL ? phones[i].key : "";
        enum phone kind = *want == '+' ? PHONE_GOOD : *want ? PHONE_DIGITS : PHONE_UNUSABLE;
        struct buf key;
        buf_heap(&key);
        enum phone got = contact_phone_key(span_str(phones[i].in), span_str(phones[i].country), SPAN(""), &key);
        buf_byte(&key, '\0');
        if (got != kind || strcmp(key.ptr, want) != 0)
            fail_msg("%s in '%s' gave %d '%s'", phones[i].in, phones[i].country, (int)got, key.ptr);
        buf_free(&key);
    }
}

static void the_campaigns_country_is_the_last_resort(void **state)
{
    static const struct {
        const char *in, *country, *fallback, *key;
    } table[] = {
        {"06 12 34 56 78", "", "FR", "+33612345678"},      {"06 12 34 56 78", " ", "FR", "+33612345678"},
        {"06 12 34 56 78", "US", "FR", "612345678"}, /* it overrules nothing: somebody shall look at it */
        {"+33 6 12 34 56 78", "US", "FR", "+33612345678"}, {"07911 123415", "GB", "FR", "+447911123415"},
        {"+1 415 555 2671", "", "FR", "+14155552671"},     {"123 45 67", "US", "FR", "1234567"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf key;
        buf_heap(&key);
        enum phone got =
            contact_phone_key(span_str(table[i].in), span_str(table[i].country), span_str(table[i].fallback), &key);
        buf_byte(&key, '\0');
        assert_string_equal(key.ptr, table[i].key);
        assert_int_equal(got, *key.ptr == '+' ? PHONE_GOOD : PHONE_DIGITS);
        buf_free(&key);
    }
}

/* What its searches and walks rely on. */
static void the_table_of_phones_is_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10 * PHONE_NODES; i++)
        assert_true(phone_next[i] < PHONE_NODES);
    for (size_t i = 0; i < 10; i++)
        assert_true(phone_next[10 * PHONE_NOWHERE + i] == PHONE_NOWHERE &&
                    phone_next[10 * PHONE_EMPTY + i] == PHONE_NOWHERE);
    for (size_t i = 0; i < PHONE_PLANS; i++) {
        const struct phone_plan *p = &phone_plans[i];
        assert_true(p->number < PHONE_NODES && p->mobile < PHONE_NODES && p->main < PHONE_COUNTRIES);
        assert_true(i == 0 || (strcmp(p[-1].code, p->code) < 0 && !span_starts(span_str(p->code), p[-1].code)));
        assert_true(p->main < 0 || phone_countries[p->main].plan == i);
    }
    for (size_t i = 0; i < PHONE_COUNTRIES; i++) {
        const struct phone_country *c = &phone_countries[i];
        assert_true(c->plan < PHONE_PLANS && c->number < PHONE_NODES && c->abroad < PHONE_NODES && c->lengths != 0);
        assert_true(i == 0 || strcmp(c[-1].id, c->id) < 0);
        assert_true((size_t)(c->rules + c->n_rules) <= COUNT(phone_rules));
    }
    for (size_t i = 0; i < COUNT(phone_rules); i++)
        assert_true(phone_rules[i].drop < PHONE_NODES && phone_rules[i].keep < PHONE_NODES &&
                    phone_rules[i].behind < PHONE_NODES);
}

static void disposable_domains_are_known_with_what_is_below_them(void **state)
{
    static const struct {
        const char *key;
        bool disposable;
    } table[] = {
        {"a@mailinator.com", true},     {"a@yopmail.com", true},
        {"a@mail.x.yopmail.com", true}, {"a@gmail.com", false},
        {"a@yopmail.com.fr", false},    {"a@xyopmail.com", false},
        {"a@icloud.com", false},        {"a@com", false},
        {"a@shop.example", false},      {"yopmail.com@gmail.com", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        if (disposable_email(NULL, span_str(table[i].key)) != table[i].disposable)
            fail_msg("%s", table[i].key);
    for (size_t i = 1; i < DISPOSABLE_DOMAINS; i++)
        assert_true(strcmp(disposable_domains[i - 1], disposable_domains[i]) < 0);
    for (size_t i = 0; i < DISPOSABLE_DOMAINS; i += 97) {
        char key[300];
        snprintf(key, sizeof key, "a@%s", disposable_domains[i]);
        assert_true(disposable_email(NULL, span_str(key)));
    }
}

static void an_operators_list_stands_in_place_of_the_table(void **state)
{
    static const struct {
        const char *text, *bad; /* bad: what the problem says */
    } refused[] = {{"a.example\nnot a domain\n", "line 2"}, {"\n\n@x.example", "line 3"}, {"localhost", "line 1"}};
    static const char list[] = "# ours\r\n  Tmp.Example  # why\n\nb\xc3\xbc"
                               "cher.example\naa.example";
    struct disposable *d;
    struct problem p;
    (void)state;
    assert_int_equal(disposable_read(span_str(list), &d, &p), ERR_OK);
    assert_true(disposable_email(d, SPAN("a@tmp.example")));
    assert_true(disposable_email(d, SPAN("a@x.tmp.example")));
    assert_true(disposable_email(d, SPAN("a@xn--bcher-kva.example")));
    assert_true(disposable_email(d, SPAN("a@aa.example")));
    assert_false(disposable_email(d, SPAN("a@yopmail.com")));
    disposable_free(d);
    assert_int_equal(disposable_read(SPAN(""), &d, &p), ERR_OK);
    assert_false(disposable_email(d, SPAN("a@yopmail.com")));
    disposable_free(d);
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_int_equal(disposable_read(span_str(refused[i].text), &d, &p), ERR_INVALID);
        assert_non_null(strstr(p.detail, refused[i].bad));
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
        cmocka_unit_test(a_mailbox_has_one_key),
        cmocka_unit_test(phones_are_normalized_or_refused),
        cmocka_unit_test(the_campaigns_country_is_the_last_resort),
        cmocka_unit_test(the_table_of_phones_is_in_order),
        cmocka_unit_test(token_is_the_first_half_of_the_hmac),
        cmocka_unit_test(disposable_domains_are_known_with_what_is_below_them),
        cmocka_unit_test(an_operators_list_stands_in_place_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
