#!/bin/bash
# The long run: every fuzz target with libFuzzer under AddressSanitizer and UBSan. Needs clang and libclang-rt-14-dev beside the build's
# packages (scripts/lib.sh: long_packages). What it learns stays in build/fuzz/corpus, for the next run.
# shellcheck source=../../scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

usage() {
    cat <<'TEXT'
usage: tests/fuzz/run.sh [SECONDS [NAME...]]

Builds the fuzz targets into build/fuzz and runs each (or those named: json, entry, ...) for SECONDS (60), two at a time. Ends with 1 when
an input failed, which is left in build/fuzz/findings/NAME. To see it again: build/fuzz/fuzz_NAME FILE. Mended, it becomes a seed:
tests/fuzz/corpus/NAME/found-WHAT.
TEXT
}
case ${1:-} in -h | --help) usage; exit 0 ;; esac
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "SECONDS is \"$seconds\": write a whole number"
shift $(($# > 0))

need "${build_packages[@]}" "${long_packages[@]}"
out=$root/build/fuzz
mkdir -p "$out"
say "building fuzz"
{
    cmake -S "$root" -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DCS_FUZZ=ON \
        -DCS_SANITIZE=fuzzer-no-link,address,undefined && cmake --build "$out" --target fuzz
} >"$out/build.log" 2>&1 || {
    tail -n 60 "$out/build.log" >&2
    die "the fuzz build failed; all of its output is in $out/build.log"
}

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for source in "$root"/tests/fuzz/fuzz_*.c; do
        name=${source##*/fuzz_}
        targets+=("${name%.c}")
    done
fi
for name in "${targets[@]}"; do
    [ -x "$out/fuzz_$name" ] || die "there is no target $name"
done

export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# one NAME: its corpus, read only, and what was learned before. Says in one line how it went.
one() {
    local name=$1 log=$out/$1.log learned=$out/corpus/$1 findings=$out/findings/$1 status=0
    mkdir -p "$learned" "$findings"
    nice -n 5 "$out/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
        -artifact_prefix="$findings/" "$learned" "$root/tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
    local runs covered
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    if [ "$status" -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
        printf '%-12s %10s runs, %5s edges\n' "$name" "$runs" "$covered"
        return 0
    fi
    printf '%-12s FAILED after %s runs: see %s and %s\n' "$name" "${runs:-no}" "$log" "$findings"
    return 1
}

at_once=$(nproc)
[ "$at_once" -le 2 ] || at_once=2
failed=0
running=0
for name in "${targets[@]}"; do
    if [ "$running" -ge "$at_once" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    one "$name" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit $failed
