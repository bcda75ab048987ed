#include <stdio.h>

#include "common/ledger/jws.h"
#include "server/cmd/command.h"
#include "server/cmd/party_file.h"
#include "server/system/log.h"

enum { FILE_NAME, ARGS };

static const struct arg args[ARGS] = {
    [FILE_NAME] = {.name = "FILE", .required = true, .help = "where the key goes; it must not be there yet"},
};

static int keygen(const char *const given[])
{
    struct signer *s = party_file_make(given[FILE_NAME]);
    struct buf jwk;
    buf_heap(&jwk);
    jwk_write(&jwk, signer_public(s));
    signer_free(s);
    printf("%.*s\n", (int)jwk.len, jwk.ptr);
    buf_free(&jwk);
    return STATUS_DONE;
}

const struct command cmd_keygen = {
    .name = "keygen",
    .summary = "make a party's own key for countersigning",
    .help = "Makes an Ed25519 key, a private JWK that nobody else may read, and prints its public half. By its `kid`\n"
            "`verify` names it. Keep a copy: a lost key cannot be followed by another.",
    .args = args,
    .n_args = ARGS,
    .run = keygen,
};
