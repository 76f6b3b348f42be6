#!/usr/bin/env bash
# The same steps in other languages give the same bytes as in C (R15); a language that is absent is skipped, and said so.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
library=$(realpath build/lib/libstein.so)
export STEIN_LIBRARY=$library STEIN_HEADER=$root/include/stein.h LC_ALL=C.UTF-8
other=$root/bindings/other
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$other"/* "$scratch"
cd "$scratch"
link="-L$root/build/lib -lstein -Wl,-rpath,$root/build/lib"
passed=0
skipped=0
cc -std=c99 -Wall -Wextra -Werror -I"$root/include" fit.c $link -o fit_c
./fit_c expected | tee line
[ "$(stat -c %s expected)" = $((100 * 2 * 4 + 2 * 100 * 2 * 8)) ]

# language NAME, COMMAND that must be there, steps as one line of bash that write `out`
language() {
  if ! command -v "$2" >/dev/null; then
    echo "$1: skipped, there is no $2"
    skipped=$((skipped + 1))
    return
  fi
  rm -f out
  bash -euo pipefail -c "$3" > text 2>&1 || { cat text; echo "FAILED: $1"; exit 1; }
  tail -1 text
  cmp out expected || { echo "FAILED: $1 gives other bytes than C"; exit 1; }
  # Beside the bytes: the same line, so the callback was called as often.
  diff <(sed 's/^[^:]*: *//' line) <(tail -1 text | sed 's/^[^:]*: *//') || { echo "FAILED: $1"; exit 1; }
  passed=$((passed + 1))
}
language LuaJIT luajit "luajit fit.lua out"
language Fortran gfortran "gfortran -Wall -Wno-unused-dummy-argument -Werror stein.f90 fit.f90 $link -o fit_f && ./fit_f out"
language R R "PKG_CFLAGS=-I$root/include PKG_LIBS='$link' R CMD SHLIB fit_r.c && Rscript fit.R out ./fit_r.so"
language Rust rustc "rustc --edition 2021 -O -D warnings fit.rs -L $root/build/lib -C link-args=-Wl,-rpath,$root/build/lib -o fit_rs && ./fit_rs out"
jna=/usr/share/java/jna.jar
if [ -e $jna ]; then
  language Java javac "java -cp $jna Fit.java out"
else
  echo "Java: skipped, there is no $jna (Debian's libjna-java)"
  skipped=$((skipped + 1))
fi
language Ruby ruby "ruby -W fit.rb out"
echo "languages: $passed passed, 0 failed, $skipped skipped"
