/* common/decisions/contact: `country`, newline, an email address or a phone number. A key is a well-formed contact
 * itself, whose key it is, wherever it is dialled from; but for a number that is digits alone. */
#include "common/decisions/contact.h"
#include "tests/fuzz/fuzz.h"

/* The key, in exact memory; an empty span and untouched output when the contact is refused. */
static struct span email_key(struct span email)
{
    struct buf key;
    buf_heap(&key);
    buf_byte(&key, '|');
    enum err err = contact_email_key(email, &key);
    HOLDS(err == ERR_OK ? key.len > 1 : err == ERR_INVALID && key.len == 1);
    struct span out = fuzz_copy(span_of(key.ptr + 1, key.len - 1));
    buf_free(&key);
    return out;
}

static struct span phone_key(struct span phone, struct span country, enum phone *kind)
{
    struct buf key;
    buf_heap(&key);
    buf_byte(&key, '|');
    *kind = contact_phone_key(phone, country, SPAN("FR"), &key);
    HOLDS((*kind == PHONE_UNUSABLE) == (key.len == 1));
    struct span out = fuzz_copy(span_of(key.ptr + 1, key.len - 1));
    buf_free(&key);
    return out;
}

static void email(struct span text)
{
    struct span key = email_key(text);
    if (key.len > 0) {
        fuzz_accepted++;
        const char *at = memchr(key.ptr, '@', key.len);
        HOLDS(at != NULL && at > key.ptr && at - key.ptr <= 64 && key.len <= 64 + 1 + 253);
        HOLDS(memchr(at + 1, '@', (size_t)(key.ptr + key.len - at - 1)) == NULL);
        for (size_t i = 0; i < key.len; i++)
            HOLDS(key.ptr[i] > ' ' && key.ptr[i] < 0x7f && !(key.ptr[i] >= 'A' && key.ptr[i] <= 'Z'));
        struct span again = email_key(key);
        HOLDS(span_eq(again, key));
        fuzz_drop(again);
    }
    fuzz_drop(key);
}

static void phone(struct span text, struct span country)
{
    enum phone kind, again;
    struct span key = phone_key(text, country, &kind);
    if (kind == PHONE_GOOD) {
        fuzz_accepted++;
        HOLDS(key.ptr[0] == '+' && key.ptr[1] != '0' && key.len >= 1 + 5 && key.len <= 1 + 15);
        for (size_t i = 1; i < key.len; i++)
            HOLDS(key.ptr[i] >= '0' && key.ptr[i] <= '9');
        struct span here = phone_key(key, country, &again);
        HOLDS(again == PHONE_GOOD && span_eq(here, key));
        struct span elsewhere = phone_key(key, SPAN("US"), &again);
        HOLDS(again == PHONE_GOOD && span_eq(elsewhere, key));
        fuzz_drop(here);
        fuzz_drop(elsewhere);
    } else if (kind == PHONE_DIGITS) {
        HOLDS(key.ptr[0] >= '1' && key.ptr[0] <= '9' && key.len >= 7 && key.len <= 20);
    }
    fuzz_drop(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span contact = span_of(data, size), country = fuzz_copy(fuzz_take(&contact, '\n'));
    email(contact);
    phone(contact, country);
    fuzz_drop(country);
    return 0;
}
