/* Published vectors: FIPS 180-4, RFC 4231, RFC 5869, FIPS 197, the GCM specification, RFC 8032. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/crypto/crypto.h"
#include "tests/support/hex.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void assert_hex(const void *got, size_t len, const char *want)
{
    struct bytes b = unhex(want);
    assert_int_equal(len, b.len);
    assert_memory_equal(got, b.ptr, len);
}

static void sha256_gives_its_known_hashes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hash;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t hash[HASH_LEN];
        sha256(rows[i].text, strlen(rows[i].text), hash);
        assert_hex(hash, sizeof(hash), rows[i].hash);
    }
}

static void sha256v_is_sha256_of_the_concatenation(void **state)
{
    (void)state;
    char million[1000];
    struct span parts[1000];
    uint8_t hash[HASH_LEN];
    memset(million, 'a', sizeof(million));
    for (size_t i = 0; i < COUNT(parts); i++) {
        parts[i] = span_of(million, sizeof(million));
    }
    sha256v(parts, COUNT(parts), hash);
    assert_hex(hash, sizeof(hash), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

#define AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AA131 AA20 AA20 AA20 AA20 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa"

/* OpenSSL has the same function, with the numbers of rounds as parameters. */
static uint64_t siphash_of_openssl(const uint8_t *key, const void *ptr, size_t len)
{
    unsigned c = 1, d = 3;
    size_t size = 8, got;
    uint8_t out[8];
    uint64_t x = 0;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &c),
                                 OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &d),
                                 OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *cx = EVP_MAC_CTX_new(mac);
    assert_int_equal(EVP_MAC_init(cx, key, SIPHASH_KEY_LEN, params), 1);
    assert_int_equal(EVP_MAC_update(cx, ptr, len), 1);
    assert_int_equal(EVP_MAC_final(cx, out, &got, sizeof out), 1);
    EVP_MAC_CTX_free(cx);
    EVP_MAC_free(mac);
    for (size_t i = 8; i-- > 0;)
        x = x << 8 | out[i];
    return x;
}

static void siphash_is_that_of_openssl(void **state)
{
    (void)state;
    uint8_t text[200], key[SIPHASH_KEY_LEN];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + 1);
    for (size_t len = 0; len <= sizeof text; len++) {
        for (size_t i = 0; i < sizeof key; i++)
            key[i] = (uint8_t)(i * 31 + len);
        assert_true(siphash(key, text, len) == siphash_of_openssl(key, text, len));
    }
}

static void hmac_signs_as_rfc_4231_says(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text, *mac;
    } rows[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"4a656665", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {AA131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {AA131,
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
         "hashed "
         "before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bytes key = unhex(rows[i].key);
        struct hmac *h = hmac_new(key.ptr, key.len);
        struct span text = span_str(rows[i].text), halves[] = {{text.ptr, 3}, {text.ptr + 3, text.len - 3}};
        uint8_t mac[HASH_LEN];
        for (int again = 0; again < 2; again++) {
            hmac_sign(h, halves, 2, mac);
            assert_hex(mac, sizeof(mac), rows[i].mac);
        }
        hmac_free(h);
    }
}

static void hkdf_derives_as_rfc_5869_says(void **state)
{
    (void)state;
    static const struct {
        const char *ikm, *salt, *info, *okm;
    } rows[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353"
         "637"
         "38393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f9091929394959"
         "697"
         "98999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e"
         "6e7"
         "e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f0"
         "9b8"
         "367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bytes ikm = unhex(rows[i].ikm), salt = unhex(rows[i].salt), info = unhex(rows[i].info),
                     want = unhex(rows[i].okm);
        uint8_t okm[128];
        hkdf(bytes_span(&ikm), bytes_span(&salt), bytes_span(&info), okm, want.len);
        assert_memory_equal(okm, want.ptr, want.len);
    }
}

static const struct gcm_row {
    const char *key, *nonce, *aad, *plain, *sealed;
} gcm_rows[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657b"
     "a637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0ab"
     "cc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

static void aead_seals_as_its_vectors_and_opens_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(gcm_rows); i++) {
        const struct gcm_row *r = &gcm_rows[i];
        struct bytes key = unhex(r->key), nonce = unhex(r->nonce), aad = unhex(r->aad), plain = unhex(r->plain);
        uint8_t sealed[128], opened[128];
        struct aead *a = aead_new(key.ptr);
        for (int again = 0; again < 2; again++) {
            aead_seal(a, nonce.ptr, bytes_span(&aad), bytes_span(&plain), sealed);
            assert_hex(sealed, plain.len + AEAD_TAG_LEN, r->sealed);
            assert_int_equal(
                aead_open(a, nonce.ptr, bytes_span(&aad), span_of(sealed, plain.len + AEAD_TAG_LEN), opened), ERR_OK);
            assert_memory_equal(opened, plain.ptr, plain.len);
        }
        aead_free(a);
    }
}

static void aead_refuses_every_changed_byte(void **state)
{
    (void)state;
    const struct gcm_row *r = &gcm_rows[2];
    struct bytes key = unhex(r->key), nonce = unhex(r->nonce), aad = unhex(r->aad), sealed = unhex(r->sealed);
    struct aead *a = aead_new(key.ptr);
    uint8_t out[128];
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 1;
        assert_int_equal(aead_open(a, nonce.ptr, bytes_span(&aad), bytes_span(&sealed), out), ERR_CORRUPT);
        sealed.ptr[i] ^= 1;
    }
    aad.ptr[3] ^= 1;
    assert_int_equal(aead_open(a, nonce.ptr, bytes_span(&aad), bytes_span(&sealed), out), ERR_CORRUPT);
    aad.ptr[3] ^= 1;
    assert_int_equal(aead_open(a, nonce.ptr, bytes_span(&aad), span_of(sealed.ptr, AEAD_TAG_LEN - 1), out),
                     ERR_CORRUPT);
    assert_int_equal(aead_open(a, nonce.ptr, bytes_span(&aad), bytes_span(&sealed), out), ERR_OK);
    aead_free(a);
}

static void a_block_is_encrypted_as_fips_197_says(void **state)
{
    (void)state;
    struct bytes key = unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    struct bytes plain = unhex("00112233445566778899aabbccddeeff");
    uint8_t out[BLOCK_LEN], back[BLOCK_LEN];
    struct block_cipher *c = block_cipher_new(key.ptr);
    for (int again = 0; again < 2; again++) {
        block_encrypt(c, plain.ptr, out);
        assert_hex(out, sizeof(out), "8ea2b7ca516745bfeafc49904b496089");
        block_decrypt(c, out, back);
        assert_memory_equal(back, plain.ptr, sizeof(back));
    }
    block_cipher_free(c);
}

static const struct {
    const char *seed, *pub, *msg, *sig;
} ed25519_rows[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246"
     "55141438e7"
     "a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb"
     "00d291612b"
     "b0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc"
     "027beceea1"
     "ec40a"},
};

static void ed25519_signs_as_its_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ed25519_rows); i++) {
        struct bytes seed = unhex(ed25519_rows[i].seed), msg = unhex(ed25519_rows[i].msg);
        struct signer *s = signer_new(seed.ptr);
        uint8_t sig[ED25519_SIG_LEN];
        assert_hex(signer_public(s), ED25519_KEY_LEN, ed25519_rows[i].pub);
        for (int again = 0; again < 2; again++) {
            signer_sign(s, bytes_span(&msg), sig);
            assert_hex(sig, sizeof(sig), ed25519_rows[i].sig);
        }
        assert_true(ed25519_verify(signer_public(s), bytes_span(&msg), sig));
        signer_free(s);
    }
}

static void ed25519_refuses_changes(void **state)
{
    (void)state;
    struct bytes pub = unhex(ed25519_rows[2].pub), msg = unhex(ed25519_rows[2].msg), sig = unhex(ed25519_rows[2].sig);
    for (size_t i = 0; i < sig.len; i++) {
        sig.ptr[i] ^= 0x10;
        assert_false(ed25519_verify(pub.ptr, bytes_span(&msg), sig.ptr));
        sig.ptr[i] ^= 0x10;
    }
    msg.ptr[0] ^= 1;
    assert_false(ed25519_verify(pub.ptr, bytes_span(&msg), sig.ptr));
    msg.ptr[0] ^= 1;
    for (size_t i = 0; i < pub.len; i++) { /* some of these are not points of the curve */
        pub.ptr[i] ^= 1;
        assert_false(ed25519_verify(pub.ptr, bytes_span(&msg), sig.ptr));
        pub.ptr[i] ^= 1;
    }
    assert_true(ed25519_verify(pub.ptr, bytes_span(&msg), sig.ptr));
}

/* Worked out with integers in Python: the coordinates of order * random points, and others. */
static void keys_under_which_anybody_signs_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *pub;
        bool ok;
    } rows[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", false},
        {"0000000000000000000000000000000000000000000000000000000000000080", false},
        {"0100000000000000000000000000000000000000000000000000000000000000", false},
        {"0100000000000000000000000000000000000000000000000000000000000080", false},
        {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", false},
        {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", false},
        {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", false},
        {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", false},
        {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
        {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
        /* not below p: other spellings of 0, 1, 3 and 4 */
        {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
        {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
        {"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
        {"f1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
        /* not on the curve */
        {"e637052b3839659c78fdf91d0aaa627e00a3170ffb76dc37c1eaaac4cc91ca24", false},
        {"cf701c21e66105bd83af633f509fdc659c471564d277b4eab08215df1e888d3f", false},
        {"0200000000000000000000000000000000000000000000000000000000000000", false},
        /* on it */
        {"d952bcd1b0aa366e09162edd5f30db8c4d9a46473a6ad6b44ddf506aa58d44fe", true},
        {"406dd85b24f0c6ae05765ae2c99964615ddf2df5ff87123bbdc0a226153e9f8a", true},
        {"cdbc161be64c4302f56443ff29ccf36a2075be1a1fa67ff126b56315f5681c38", true},
        {"0300000000000000000000000000000000000000000000000000000000000000", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bytes pub = unhex(rows[i].pub);
        assert_int_equal(ed25519_key_ok(pub.ptr), rows[i].ok);
    }
    for (size_t i = 0; i < COUNT(ed25519_rows); i++) {
        struct bytes pub = unhex(ed25519_rows[i].pub);
        assert_true(ed25519_key_ok(pub.ptr));
    }
    uint8_t nobodys[ED25519_SIG_LEN] = {1}; /* R the neutral point, S zero */
    const uint8_t neutral[ED25519_KEY_LEN] = {1};
    assert_false(ed25519_verify(neutral, SPAN("whatever"), nobodys));
}

static void bytes_are_compared_whole_and_wiped(void **state)
{
    (void)state;
    char a[] = "secret", b[] = "secret", zero[sizeof(a)] = {0};
    assert_true(crypto_equal(a, b, sizeof(a)));
    b[5] = 'T';
    assert_false(crypto_equal(a, b, sizeof(a)));
    assert_true(crypto_equal(a, b, 5));
    crypto_wipe(a, sizeof(a));
    assert_memory_equal(a, zero, sizeof(a));
}

static void freeing_null_is_fine(void **state)
{
    (void)state;
    hmac_free(NULL);
    aead_free(NULL);
    block_cipher_free(NULL);
    signer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_its_known_hashes),
        cmocka_unit_test(sha256v_is_sha256_of_the_concatenation),
        cmocka_unit_test(siphash_is_that_of_openssl),
        cmocka_unit_test(hmac_signs_as_rfc_4231_says),
        cmocka_unit_test(hkdf_derives_as_rfc_5869_says),
        cmocka_unit_test(aead_seals_as_its_vectors_and_opens_again),
        cmocka_unit_test(aead_refuses_every_changed_byte),
        cmocka_unit_test(a_block_is_encrypted_as_fips_197_says),
        cmocka_unit_test(ed25519_signs_as_its_vectors),
        cmocka_unit_test(ed25519_refuses_changes),
        cmocka_unit_test(keys_under_which_anybody_signs_are_none),
        cmocka_unit_test(bytes_are_compared_whole_and_wiped),
        cmocka_unit_test(freeing_null_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
