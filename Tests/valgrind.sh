#!/usr/bin/env bash
# The C examples under valgrind: no wrong access, nothing undefined decided upon, nothing lost at exit.
#   valgrind.sh LIBRARY EXAMPLES TABLES     a library with its symbols, the folder of programs, that of wine.csv and digits.csv
# valgrind knows no AVX-512, and takes fused multiply-adds number by number (LIBXSMM_TARGET); it runs one thread at a time, so that a second worker would only wait (taskset); and it is some
# fifty times slower, so that tables are small and the longest training takes fewer steps.
set -euo pipefail
source=$(realpath "$(dirname "$0")/../bindings/c/examples/train_and_resume.c") include=$(realpath "$(dirname "$0")/../include")
library=$(realpath "$1") examples=$(realpath "$2") tables=$(realpath "$3")
suppressions=$(realpath "$(dirname "$0")/valgrind.supp")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
ln -s "$library" libstein.so.0
{ head -13 "$tables/wine.csv"; tail -12 "$tables/wine.csv"; } > wine.csv
head -25 "$tables/digits.csv" > digits.csv
passed=0 failed=0
check() {
  local start=$SECONDS
  if LIBXSMM_TARGET=snb LD_LIBRARY_PATH=$scratch taskset -c 0 valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect,possible \
    --errors-for-leak-kinds=definite,indirect,possible --num-callers=30 --suppressions="$suppressions" --log-file=log "$folder/$@" > out 2>&1; then
    passed=$((passed + 1))
    echo "$1: no error, nothing lost ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "FAILED: $1"
    tail -2 out
    head -60 log
  fi
}
folder=$examples
check chains
check own_energy
check quickstart wine.csv samples.csv
check impute wine.csv
grep -q steps=2000 "$source"
sed 's/steps=2000/steps=120/' "$source" > train_and_resume.c
cc -std=c99 -I"$include" train_and_resume.c -L. -l:libstein.so.0 -lm -o train_and_resume
folder=.
check train_and_resume digits.csv samples.csv
echo "valgrind: $passed passed, $failed failed"
[ $failed = 0 ]
