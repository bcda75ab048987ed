/* For what calls OpenSSL and libsodium, common/crypto and server/tls: where they fail only when the library is broken,
 * which is fail-stop. */
#ifndef CS_CRYPTO_MUST_H
#define CS_CRYPTO_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(call) ((call) ? (void)0 : must_fail(#call))

static inline _Noreturn void must_fail(const char *call)
{
    fprintf(stderr, "cryptography failed: %s\n", call);
    abort();
}

#endif
