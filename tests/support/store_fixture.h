/* A real store in a folder of its own, gone after the test. */
#ifndef CS_TESTS_STORE_FIXTURE_H
#define CS_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/decisions/rules.h"
#include "server/catalog/catalog_write.h"
#include "server/instance/instance.h"
#include "server/keys/vault.h"
#include "tests/support/ok.h"

enum { SMALL_MAP = 64 << 20 };

struct fixture {
    char dir[64];
    uint64_t map_size; /* of fixture_instance; 0: SMALL_MAP */
    struct store *store;
};

static inline void fixture_open(struct fixture *f)
{
    snprintf(f->dir, sizeof f->dir, "%s/countersign-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(f->dir));
    assert_ok(store_open(f->dir, STORE_CREATE, SMALL_MAP, &f->store));
}

static inline void fixture_reopen(struct fixture *f, uint64_t map_size)
{
    store_close(f->store);
    f->store = NULL;
    assert_ok(store_open(f->dir, STORE_SERVE, map_size, &f->store));
}

static inline void fixture_close(struct fixture *f)
{
    char command[128];
    store_close(f->store);
    f->store = NULL;
    snprintf(command, sizeof command, "rm -r '%s'", f->dir);
    assert_int_equal(system(command), 0);
}

/* The folder, whose control rows are written, as serve opens it. */
static inline void fixture_instance(struct fixture *f, struct instance *in)
{
    const char *what = "";
    store_close(f->store);
    enum err err = instance_open(in, f->dir, STORE_SERVE, f->map_size != 0 ? f->map_size : SMALL_MAP, &what);
    if (err != ERR_OK)
        fail_msg("%s: %s", what, err_word(err));
    f->store = in->store;
}

static inline void fixture_instance_close(struct fixture *f, struct instance *in)
{
    instance_close(in);
    f->store = NULL;
}

/* Puts *s with its key sealed. */
static inline enum err fixture_put_secret(struct txn *t, const struct keys *k, const struct secret *s)
{
    uint8_t nonce[VAULT_NONCE_LEN];
    char mem[128];
    struct buf sealed;
    struct secret row = *s;
    vault_nonce(nonce);
    buf_fixed(&sealed, mem, sizeof mem);
    vault_seal(k, VAULT_SECRETS, span_str(s->kid), span_of(s->key, s->len), nonce, &sealed);
    row.sealed = buf_span(&sealed);
    row.by = 1;
    return catalog_put_secret(t, &row);
}

static inline enum err fixture_put_token(struct txn *t, const char token[API_TOKEN_LEN + 1], uint32_t party,
                                         int64_t created_ms)
{
    const struct party of = {.number = party};
    struct api_token row = {.party = &of, .by = 1, .created_ms = created_ms, .scopes = SCOPE_ALL};
    api_token_hash(token, row.sha256);
    return catalog_put_token(t, &row);
}

/* What the first `terms` entry of a contract's log leaves behind, for control rows without a log. */
static inline enum err fixture_put_terms(struct txn *t, uint32_t contract, uint32_t version, uint64_t index)
{
    struct row_ops ops = {.n = 1, .op[0] = {.table = ROW_TERMS, .key_len = TERMS_KEY_LEN, .value_len = TERMS_ROW_LEN}};
    row_terms_key(ops.op[0].key, contract, version);
    store_be64(ops.op[0].value, index);
    store_be32(ops.op[0].value + 24, RULES_NOW);
    return store_rows_write(t, &ops);
}

static inline struct txn *fixture_begin(struct fixture *f, bool write)
{
    struct txn *t;
    assert_ok(txn_begin(f->store, write, &t));
    return t;
}

#endif
