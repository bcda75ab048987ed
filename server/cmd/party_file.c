#include "server/cmd/party_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/ledger/jws.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { KEY_FILE_MAX = 4096 };

static void write_private(struct buf *out, const struct signer *s, const uint8_t seed[SEED_LEN])
{
    char kid[JWK_KID_LEN];
    struct jw w;
    jwk_kid(signer_public(s), kid);
    jw_open(&w, out);
    jw_object(&w);
    jw_kstr(&w, "crv", SPAN("Ed25519"));
    jw_kb64url(&w, "d", seed, SEED_LEN);
    jw_kstr(&w, "kid", span_of(kid, sizeof kid));
    jw_kstr(&w, "kty", SPAN("OKP"));
    jw_kb64url(&w, "x", signer_public(s), ED25519_KEY_LEN);
    jw_object_end(&w);
    jw_close(&w);
    buf_byte(out, '\n');
}

static bool write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno != EINTR)
            return false;
        bytes = span_skip(bytes, n > 0 ? (size_t)n : 0);
    }
    return fsync(fd) == 0;
}

struct signer *party_file_make(const char *path)
{
    uint8_t seed[SEED_LEN];
    struct buf text;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        die("%s: %s", path,
            errno == EEXIST ? "is there already, and a key is not replaced: name another file" : strerror(errno));
    random_bytes(seed, sizeof seed);
    struct signer *s = signer_new(seed);
    buf_heap(&text);
    write_private(&text, s, seed);
    bool good = write_all(fd, buf_span(&text));
    int why = errno;
    good &= close(fd) == 0;
    if (!good) {
        unlink(path);
        die("%s could not be written (%s): there is no key", path, strerror(why));
    }
    crypto_wipe(seed, sizeof seed);
    crypto_wipe(text.ptr, text.len);
    buf_free(&text);
    return s;
}

static struct signer *read_private(struct span text)
{
    json_t *json = NULL;
    struct span kty = SPAN(""), crv = SPAN(""), d = SPAN(""), x = SPAN("");
    uint8_t seed[SEED_LEN], pub[ED25519_KEY_LEN];
    struct signer *s = NULL;
    size_t len = 0, pub_len = 0;
    if (json_read(text, &json, NULL) == ERR_OK && json_get_str(json, "", "kty", 8, &kty, NULL, NULL) == ERR_OK &&
        json_get_str(json, "", "crv", 16, &crv, NULL, NULL) == ERR_OK && span_is(kty, "OKP") &&
        span_is(crv, "Ed25519") && json_get_str(json, "", "d", 64, &d, NULL, NULL) == ERR_OK &&
        json_get_str(json, "", "x", 64, &x, NULL, NULL) == ERR_OK &&
        b64url_decode(d, seed, sizeof seed, &len) == ERR_OK && len == sizeof seed &&
        b64url_decode(x, pub, sizeof pub, &pub_len) == ERR_OK && pub_len == sizeof pub)
        s = signer_new(seed);
    if (s != NULL && memcmp(signer_public(s), pub, sizeof pub) != 0) {
        signer_free(s);
        s = NULL;
    }
    crypto_wipe(seed, sizeof seed);
    json_decref(json);
    return s;
}

/* A regular file of its owner alone. */
static void read_alone(const char *path, struct buf *out)
{
    struct stat st;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* and does not wait for who writes into a pipe */
    if (fd < 0 && errno == ENOENT)
        decline("%s is not there: `countersign keygen` makes one", path);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        decline("%s cannot be read: %s", path, fd < 0 ? strerror(errno) : "it is no regular file");
    if (st.st_mode & 077)
        decline(
            "others may read or write %s (mode %03o): who has seen it can sign in your name. If nobody has: chmod 600",
            path, st.st_mode & 0777);
    while (out->len <= KEY_FILE_MAX && (n = read(fd, buf_room(out, KEY_FILE_MAX), KEY_FILE_MAX)) > 0)
        out->len += (size_t)n;
    if (n < 0)
        decline("%s cannot be read: %s", path, strerror(errno));
    close(fd);
}

struct signer *party_file_read(const char *path)
{
    struct buf text;
    buf_heap(&text);
    read_alone(path, &text);
    struct signer *s = text.len > 0 && text.len <= KEY_FILE_MAX ? read_private(buf_span(&text)) : NULL;
    if (s == NULL)
        decline("%s holds no private Ed25519 key as a JWK, as `countersign keygen` writes it", path);
    crypto_wipe(text.ptr, text.len);
    buf_free(&text);
    return s;
}
