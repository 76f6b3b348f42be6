#!/usr/bin/env bash
# The interface against its baseline: a library made from the header alone, compared by abidiff. abidiff sees nothing in Swift's own libraries.
#   abi.sh            compares, and shows that the comparison sees changes
#   abi.sh write      writes the baseline anew
set -euo pipefail
cd "$(dirname "$0")/.."
baseline=Tests/ABI/stein.abi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

# witness FOLDER LIBRARY [CHANGE]: what a library with the header in that folder would be.
python3 bindings/generate.py exports "$scratch/exports.map"
python3 bindings/generate.py witness "$scratch/witness.c"
witness() {
  sed "${3:-}" "$scratch/witness.c" > "$scratch/source.c"
  (cd "$scratch" && gcc -g -std=c11 -shared -fPIC -I"$1" -Wl,--version-script=exports.map,-soname,libstein.so.0 source.c -o "$2")
}

witness "$PWD/include" libstein.so
if [ "${1:-}" = write ]; then
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$scratch/libstein.so" > $baseline
  exit 0
fi
abidiff $baseline "$scratch/libstein.so" || fail "the interface is not that of $baseline: say so in the CHANGELOG, and run make generate"

# What must be seen: a parameter of another type, a function that is gone, a field moved, a field more.
changed=0
sees() {
  sed -E "$1" include/stein.h > "$scratch/stein.h"
  cmp -s include/stein.h "$scratch/stein.h" && fail "nothing changed by $1"
  witness "$scratch" changed.so "${2:-}"
  abidiff $baseline "$scratch/changed.so" > /dev/null && fail "abidiff does not see $1"
  changed=$((changed + 1))
}
sees 's/(stein_trainer_run\(stein_trainer \*trainer, )int64_t steps/\1int32_t steps/' 's/int64_t steps, int32_t/int32_t steps, int32_t/'
sees 's/^STEIN_API const char \*stein_version.*//' '/^const char \* *stein_version(void)/,/^}/d'
sees 's/volatile int64_t step, steps;/volatile int64_t steps, step;/'
sees 's/^  void \*user;$/  void *user; void *more;/'
echo "interface: that of the baseline, $changed changes seen; $((changed + 1)) passed, 0 failed"
