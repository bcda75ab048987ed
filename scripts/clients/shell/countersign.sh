#!/bin/sh
# Countersign: report a lead by a signed postback and keep the receipt; verify a webhook. curl, openssl, jq.
#
#   COUNTERSIGN_SECRET=whsec_... countersign.sh send URL KID RECEIPTS click_id=AQ... txid=order-1 email=ana@example.com
#   COUNTERSIGN_SECRET=whsec_... WEBHOOK_ID=... WEBHOOK_TIMESTAMP=... WEBHOOK_SIGNATURE=... countersign.sh verify <body
set -eu

die() {
    echo "$*" >&2
    exit 1
}

# sign ID TIMESTAMP FILE: "v1,..."
sign() {
    key=$(printf %s "${COUNTERSIGN_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
    [ -n "$key" ] || die "the secret is none: whsec_ and base64"
    printf 'v1,%s' "$({ printf '%s.%s.' "$1" "$2" && cat "$3"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)"
}

# The very same bytes go again where it is unknown whether they arrived: they count once.
send() {
    url=${1%/} kid=$2 receipts=$3
    shift 3
    jq -cjn '$ARGS.positional | map(capture("^(?<key>[^=]*)=(?<value>.*)$"; "s")) | from_entries' --args -- "$@" >"$folder/body"
    id=msg_$(openssl rand -hex 16) at=$(date +%s)
    signature=$(sign "$id" "$at" "$folder/body")
    for pause in 1 2 4 end; do
        status=$(curl -sS --max-time 15 -o "$folder/answer" -w '%{http_code}' "$url/postback/$kid" -H 'Content-Type: application/json' -H "webhook-id: $id" \
            -H "webhook-timestamp: $at" -H "webhook-signature: $signature" --data-binary "@$folder/body") || status=000
        case $status in
        2??) break ;;
        429 | 000 | 5??) [ $pause != end ] || die "not delivered: $status" ;;
        *) die "$(cat "$folder/answer")" ;;
        esac
        sleep $pause
    done
    jq -c --arg request "$id.$at.$(cat "$folder/body")" '. + {request: $request}' "$folder/answer" >>"$receipts"
    sync "$receipts"
    cat "$folder/answer"
}

verify() {
    cat >"$folder/body"
    now=$(date +%s)
    case ${WEBHOOK_TIMESTAMP:-x} in *[!0-9]*) die "no webhook of the last five minutes" ;; esac
    if [ -z "${WEBHOOK_ID:-}" ] || [ $((now - WEBHOOK_TIMESTAMP)) -gt 300 ] || [ $((WEBHOOK_TIMESTAMP - now)) -gt 300 ]; then
        die "no webhook of the last five minutes"
    fi
    wanted=$(sign "$WEBHOOK_ID" "$WEBHOOK_TIMESTAMP" "$folder/body")
    for one in ${WEBHOOK_SIGNATURE:-}; do
        [ "$one" != "$wanted" ] || { jq -r .type "$folder/body" && return; }
    done
    die "the signature does not hold"
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command=$1
shift
case $command in
send) send "$@" ;;
verify) verify ;;
*) die "send or verify" ;;
esac
