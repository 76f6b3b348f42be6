#!/usr/bin/env bash
# Fuzzes for so many seconds, and prints executions, edges and findings.   fuzz.sh TARGET BINARY SECONDS FOLDER
# The inputs kept are in FOLDER/TARGET, and what was found in FOLDER/found.
set -euo pipefail
target=$1 binary=$(realpath "$2") seconds=$3 folder=$4
here=$(realpath "$(dirname "$0")")
mkdir -p "$folder/$target" "$folder/found"
python3 "$here/corpus.py" unpack "$here/$target.txt" "$folder/$target"
log=$folder/$target.log
dictionary=()
[ "$target" = files ] && dictionary=(-dict="$here/files.dict" -max_len=4096) || dictionary=(-max_len=1200)
# Code made at run time by libxsmm is not instrumented; the oldest processor that serves takes least of it.
SWIFT_BACKTRACE=enable=no LIBXSMM_TARGET=hsw ASAN_OPTIONS=malloc_context_size=8 \
  "$binary" -fork=1 -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1 -max_total_time="$seconds" -timeout=120 -report_slow_units=120 \
  -rss_limit_mb=2048 -artifact_prefix="$folder/found/$target-" "${dictionary[@]}" "$folder/$target" > "$log" 2>&1 || true
grep '^#' "$log" | tail -1 | sed -E "s/^#([0-9]+): cov: ([0-9]+) .*crash: ([0-9/]+).*/fuzz $target: \1 executions, \2 edges, oom\/timeout\/crash \3/"
! ls "$folder/found/$target-"* > /dev/null 2>&1
