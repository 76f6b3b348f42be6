#!/usr/bin/env bash
# Makes several targets one after the other, all of them even if one fails, and says at the end which failed.   parts.sh NAME TARGET...
set -uo pipefail
cd "$(dirname "$0")/.."
name=$1
shift
failed=()
for part in "$@"; do
  echo "== $part"
  make --no-print-directory "$part" || failed+=("$part")
done
echo "$name: $(($# - ${#failed[@]})) parts passed, ${#failed[@]} failed${failed:+: ${failed[*]}}"
[ ${#failed[@]} = 0 ]
