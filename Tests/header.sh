#!/usr/bin/env bash
# The header alone, twice, and from C++: every standard, both compilers, no warning. (R12: it includes stddef.h and stdint.h alone.)
# The program at its head compiles as it is printed, and no line is wider than 100 columns.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf '#include "stein.h"\n#include "stein.h"\nint main(void) { return stein_version() == 0; }\n' > "$scratch/twice.c"
cp "$scratch/twice.c" "$scratch/twice.cc"
cat > "$scratch/initializers.c" <<'END'
#include "stein.h"
#if STEIN_VERSION_NUMBER < 100
#error "STEIN_VERSION_NUMBER"
#endif
int main(void) {
  stein_error error = STEIN_ERROR_INIT;
  stein_monitor monitor = STEIN_MONITOR_INIT;
  return (int)(error.status + monitor.cancel);
}
END
cp "$scratch/initializers.c" "$scratch/initializers.cc"
sed -n '/^ \*     #include <stdio.h>$/,/^ \*     }$/s/^ \*     //p' include/stein.h > "$scratch/printed.c"
passed=0
run() { "$@" || { echo "FAILED: $*"; exit 1; }; passed=$((passed + 1)); }
for compiler in gcc clang; do
  for standard in c99 c11 c17 c2x; do
    run $compiler -std=$standard -Wall -Wextra -pedantic -Wstrict-prototypes -Werror -fsyntax-only -Iinclude "$scratch/twice.c"
    run $compiler -std=$standard -Wall -Wextra -pedantic -Werror -fsyntax-only -Iinclude "$scratch/printed.c" "$scratch/initializers.c"
  done
  cxx=g++
  [ $compiler = clang ] && cxx=clang++
  for standard in c++11 c++14 c++17 c++20; do
    run $cxx -std=$standard -Wall -Wextra -pedantic -Werror -fsyntax-only -Iinclude "$scratch/twice.cc" "$scratch/initializers.cc"
  done
done
run clang -std=c11 -Wpadded -Werror -fsyntax-only -Iinclude "$scratch/twice.c"
grep -q stein_sample "$scratch/printed.c" || { echo "FAILED: stein.h does not begin with a program"; exit 1; }
run awk 'length > 100 {print "wider than 100: " FILENAME ":" FNR; wide = 1} END {exit wide}' include/stein.h
echo "header: $passed passed, 0 failed"
