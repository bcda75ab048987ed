#include "server/pages/snippets.h"

#include <assert.h>
#include <string.h>

/* @URL@ and @KID@ are filled in. e2e/test_pages runs each as it stands. */
static const struct {
    const char *name, *code;
} snippets[SNIPPETS] = {
    {"Shell",
     "body='{\"click_id\":\"FROM-YOUR-FORM\",\"txid\":\"order-1\",\"email\":\"ana@example.com\"}'\n"
     "id=msg_$(openssl rand -hex 16) at=$(date +%s)\n"
     "key=$(printf %s \"${COUNTERSIGN_SECRET#whsec_}\" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')\n"
     "signature=$(printf '%s.%s.%s' \"$id\" \"$at\" \"$body\" | openssl dgst -sha256 -mac HMAC -macopt \"hexkey:$key\" "
     "-binary | openssl base64 -A)\n"
     "curl -sS '@URL@/postback/@KID@' -H 'Content-Type: application/json' -H \"webhook-id: $id\" \\\n"
     "  -H \"webhook-timestamp: $at\" -H \"webhook-signature: v1,$signature\" --data-binary \"$body\"\n"},
    {"PHP",
     "<?php\n"
     "$body = json_encode(['click_id' => 'FROM-YOUR-FORM', 'txid' => 'order-1', 'email' => 'ana@example.com']);\n"
     "$key = base64_decode(preg_replace('/^whsec_/', '', getenv('COUNTERSIGN_SECRET')));\n"
     "$id = 'msg_' . bin2hex(random_bytes(16));\n"
     "$at = time();\n"
     "$signature = base64_encode(hash_hmac('sha256', \"$id.$at.$body\", $key, true));\n"
     "$curl = curl_init('@URL@/postback/@KID@');\n"
     "curl_setopt_array($curl, [CURLOPT_POSTFIELDS => $body, CURLOPT_HTTPHEADER => ['Content-Type: application/json',\n"
     "  \"webhook-id: $id\", \"webhook-timestamp: $at\", \"webhook-signature: v1,$signature\"]]);\n"
     "curl_exec($curl);\n"},
    {"Python",
     "import base64, hashlib, hmac, json, os, secrets, time, urllib.request\n"
     "\n"
     "body = json.dumps({\"click_id\": \"FROM-YOUR-FORM\", \"txid\": \"order-1\", \"email\": "
     "\"ana@example.com\"}).encode()\n"
     "key = base64.b64decode(os.environ[\"COUNTERSIGN_SECRET\"].removeprefix(\"whsec_\"))\n"
     "ident, at = \"msg_\" + secrets.token_hex(16), str(int(time.time()))\n"
     "signature = base64.b64encode(hmac.new(key, f\"{ident}.{at}.\".encode() + body, hashlib.sha256).digest())\n"
     "headers = {\"Content-Type\": \"application/json\", \"webhook-id\": ident, \"webhook-timestamp\": at,\n"
     "           \"webhook-signature\": \"v1,\" + signature.decode()}\n"
     "request = urllib.request.Request(\"@URL@/postback/@KID@\", body, headers)\n"
     "print(urllib.request.urlopen(request).read().decode())\n"},
    {"Node", "const crypto = require('node:crypto');\n"
             "\n"
             "const body = JSON.stringify({ click_id: 'FROM-YOUR-FORM', txid: 'order-1', email: 'ana@example.com' });\n"
             "const key = Buffer.from(process.env.COUNTERSIGN_SECRET.replace(/^whsec_/, ''), 'base64');\n"
             "const id = 'msg_' + crypto.randomBytes(16).toString('hex'), at = String(Math.floor(Date.now() / 1000));\n"
             "const signature = crypto.createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');\n"
             "fetch('@URL@/postback/@KID@', { method: 'POST', body, headers: { 'Content-Type': 'application/json',\n"
             "  'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': 'v1,' + signature } })\n"
             "  .then((answer) => answer.text()).then(console.log);\n"},
};

const char *snippet_name(size_t i)
{
    assert(i < SNIPPETS);
    return snippets[i].name;
}

void snippet_write(struct buf *out, size_t i, struct span url, struct span kid)
{
    assert(i < SNIPPETS);
    for (const char *at = snippets[i].code, *hole; *at != '\0'; at = hole) {
        hole = strchr(at, '@');
        bool is_url = hole != NULL && strncmp(hole, "@URL@", 5) == 0;
        bool is_kid = hole != NULL && strncmp(hole, "@KID@", 5) == 0;
        size_t n = hole == NULL ? strlen(at) : (size_t)(hole - at) + (is_url || is_kid ? 0 : 1);
        buf_add(out, at, n);
        if (is_url || is_kid)
            buf_span_add(out, is_url ? url : kid);
        hole = at + n + (is_url || is_kid ? 5 : 0);
    }
}
