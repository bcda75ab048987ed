#!/bin/bash
# Builds logcheck against Debian's golang-golang-x-mod-dev. Usage: build.sh OUTPUT
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
out=$1
export GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOCACHE="${GOCACHE:-$(dirname "$(readlink -f "$out")")/gocache}"
go build -o "$out" "$here/logcheck.go"
