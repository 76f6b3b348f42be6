#!/usr/bin/env bash
# The header alone, twice, and from C++: every standard, both compilers, no warning. (R12: it includes stddef.h and stdint.h alone.)
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf '#include "stein.h"\n#include "stein.h"\nint main(void) { return stein_version() == 0; }\n' > "$scratch/twice.c"
cp "$scratch/twice.c" "$scratch/twice.cc"
passed=0
run() { "$@" || { echo "FAILED: $*"; exit 1; }; passed=$((passed + 1)); }
for compiler in gcc clang; do
  for standard in c99 c11 c17 c2x; do
    run $compiler -std=$standard -Wall -Wextra -pedantic -Wstrict-prototypes -Werror -fsyntax-only -Iinclude "$scratch/twice.c"
  done
  cxx=g++
  [ $compiler = clang ] && cxx=clang++
  for standard in c++11 c++14 c++17 c++20; do
    run $cxx -std=$standard -Wall -Wextra -pedantic -Werror -fsyntax-only -Iinclude "$scratch/twice.cc"
  done
done
run clang -std=c11 -Wpadded -Werror -fsyntax-only -Iinclude "$scratch/twice.c"
echo "header: $passed passed, 0 failed"
