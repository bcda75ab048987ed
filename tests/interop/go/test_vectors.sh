#!/bin/bash
# Calibrates logcheck before it judges our logs: it must pass a public log that we did not write, and fail it after any one change. Then it judges
# logs of many sizes that the product's tile code wrote.
# Usage: test_vectors.sh TILES_LOG MAKE_LOG WORK_DIR. Exit 77 = skipped.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
public=$1 make_log=$2 work=$3
vkey=example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx
failed=0

command -v go > /dev/null || { echo "skipped: no go"; exit 77; }
rm -rf "$work"
mkdir -p "$work"
"$here/build.sh" "$work/logcheck"

expect() { # WANT_STATUS NAME VKEY DIR
    local status=0 line
    line=$("$work/logcheck" "$3" "$4") || status=$?
    echo "$2: exit $status: $line"
    [ "$status" = "$1" ] || { echo "  expected exit $1"; failed=1; }
}

flip() { # FILE OFFSET: changes one bit
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf '%b' "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

expect_changed() { # VKEY DIR FILE OFFSET
    flip "$2/$3" "$4"
    expect 1 "one bit of $3 at $4" "$1" "$2"
    flip "$2/$3" "$4"
}

expect 1 "no log" "$vkey" "$work/nothing"
if [ -d "$public" ]; then
    expect 0 "the public log" "$vkey" "$public"
    expect 1 "the public log, another key id" "${vkey/33d7b496/33d7b497}" "$public"
    cp -r "$public" "$work/public"
    chmod -R u+w "$work/public"
    for at in "checkpoint 0" "checkpoint 25" "checkpoint 40" "checkpoint 150" "tile/0/000.p/15 0" "tile/0/000.p/15 479" \
        "tile/entries/000.p/15 0" "tile/entries/000.p/15 3"; do
        # shellcheck disable=SC2086
        expect_changed "$vkey" "$work/public" $at
    done
else
    echo "skipped: $public is not here"
fi

sizes="0 1 2 255 256 257 65537 70000 256300"
[ -z "${LONG:-}" ] || sizes="$(seq -s ' ' 3 254) $(seq -s ' ' 258 1000) $sizes"
for size in $sizes; do
    own=$("$make_log" "$work/log$size" "$size")
    expect 0 "our log of $size" "$own" "$work/log$size"
done
expect_changed "$own" "$work/log$size" tile/1/003.p/233 7455
expect_changed "$own" "$work/log$size" tile/0/x001/000 0
expect_changed "$own" "$work/log$size" tile/2/000.p/3 33

rm -rf "$work"
exit $failed
