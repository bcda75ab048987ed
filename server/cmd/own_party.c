#include "server/cmd/own_party.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/base/json_read.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { ANSWER_MAX = 65536 };

static const char *keep(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

void own_party(struct download *d, char id[LIMIT_ID + 1], char kid[JWK_KID_LEN + 1])
{
    struct buf body;
    json_t *json = NULL;
    const json_t *list = NULL;
    struct span text = SPAN("");
    buf_heap(&body);
    download_get(d, "v1/parties", ANSWER_MAX, keep, &body);
    if (json_read(buf_span(&body), &json, NULL) != ERR_OK ||
        json_get_array(json, "", "data", LIMIT_LIST, &list, NULL, NULL) != ERR_OK)
        decline("%sv1/parties answered what no server does: whose token this is cannot be told", download_url(d));
    if (json_array_size(list) != 1)
        die("this token is no single party's: what a party signs is sent by itself");
    if (json_get_str(json_array_get(list, 0), "", "id", LIMIT_ID, &text, NULL, NULL) != ERR_OK || !id_is_plain(text))
        decline("%sv1/parties named a party without its id", download_url(d));
    memcpy(id, text.ptr, text.len);
    id[text.len] = '\0';
    const json_t *key = json_object_get(json_object_get(json_array_get(list, 0), "key"), "kid");
    size_t len = json_string_length(key) < JWK_KID_LEN ? json_string_length(key) : JWK_KID_LEN;
    memcpy(kid, len > 0 ? json_string_value(key) : "", len);
    kid[len] = '\0';
    json_decref(json);
    buf_free(&body);
}
