/* Whose token a command was given. */
#ifndef CS_SERVER_CMD_OWN_PARTY_H
#define CS_SERVER_CMD_OWN_PARTY_H

#include "common/base/limits.h"
#include "common/ledger/jws.h"
#include "server/cmd/download.h"

/* The party whose token it is, the only one that it sees, and the id of its key on record ("": it has none). Dies where
 * it is no single party's. */
void own_party(struct download *d, char id[LIMIT_ID + 1], char kid[JWK_KID_LEN + 1]);

#endif
