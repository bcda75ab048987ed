/* A party's own key in a file: a private JWK (RFC 8037) that nobody else may read. What does not work ends the process
 * with one line. */
#ifndef CS_SERVER_CMD_PARTY_FILE_H
#define CS_SERVER_CMD_PARTY_FILE_H

#include "common/crypto/crypto.h"

/* Makes a key. A file that is there is not replaced. */
struct signer *party_file_make(const char *path);
struct signer *party_file_read(const char *path);

#endif
