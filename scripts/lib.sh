# What the scripts of this folder share: installing what is missing, building. Sourced, not run.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=/usr/bin/python3 # never another one on PATH: apt's modules belong to this one

build_packages=(build-essential cmake ninja-build pkg-config libevent-dev liblmdb-dev libssl-dev libsodium-dev libjansson-dev libidn2-dev libutf8proc-dev
    libcurl4-openssl-dev libmaxminddb-dev libqrencode-dev libcmocka-dev tzdata python3 python3-cryptography ca-certificates)
test_packages=(clang libclang-rt-14-dev php-cli php-curl golang-go golang-golang-x-mod-dev chromium chromium-headless-shell python3-aiosmtpd python3-jwcrypto python3-phonenumbers python3-prometheus-client curl jq openssl git shellcheck pyflakes3 clang-format
    nginx-light systemd file zbar-tools)
long_packages=(clang libclang-rt-14-dev debootstrap testssl.sh slowhttptest) # libFuzzer: tests/fuzz/run.sh; testssl: tests/e2e/test_tls.py; slowhttptest: tests/e2e/test_floods.py

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

installed() { dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'; }

# Installs what is missing of the packages named. No apt call when there is nothing to do.
need() {
    local package missing=()
    for package; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "needs to install ${missing[*]}: run it as root, or install sudo"
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update >&2 || die "apt-get update failed"
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2 || die "apt-get install failed"
}

# Node and its packages for the tests. A node of version 18 or later that is there already is used as it is.
need_node() {
    local major
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    if [ "$major" -lt 18 ] || ! command -v npm >/dev/null; then
        need nodejs npm
    fi
    local modules=$root/tests/node_modules
    if ! cmp -s "$root/tests/package-lock.json" "$modules/.installed-lock"; then
        (cd "$root/tests" && npm ci --ignore-scripts --no-audit --no-fund >&2) || die "npm ci failed"
        cp "$root/tests/package-lock.json" "$modules/.installed-lock"
    fi
}

# build PRESET [TARGET...]: quiet unless it fails.
build() {
    local preset=$1 log=$root/build/$1.log
    shift
    mkdir -p "$root/build"
    say "building $preset"
    (cd "$root" && cmake --preset "$preset" && cmake --build --preset "$preset" ${1:+--target "$@"}) >"$log" 2>&1 || {
        tail -n 60 "$log" >&2
        die "the $preset build failed; all of its output is in $log"
    }
}
