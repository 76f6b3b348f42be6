#!/usr/bin/env bash
# The release library from outside: exports, dependencies, name, size.   library.sh build/lib/libstein.so.0.2.0
set -euo pipefail
library=$1
header=$(dirname "$0")/../include/stein.h
fail() { echo "FAILED: $*"; exit 1; }
exported=$(nm -D --defined-only "$library" | awk '$2 ~ /[TDBRVW]/ {print $3}' | sed 's/@.*//' | grep -v '^STEIN_0.1$' | sort)
declared=$(grep -oE '\bstein_[a-z0-9_]+\(' "$header" | tr -d '(' | sort -u | grep -vE '^stein_(view|float32|float64|int64|matrix)$')
diff <(echo "$exported") <(echo "$declared") || fail "exports are not the functions of the header"
unversioned=$(nm -D --defined-only "$library" | grep ' stein_' | grep -v '@@STEIN_0.1$' || true)
[ -z "$unversioned" ] || fail "without the version node STEIN_0.1: $unversioned"
for needed in $(readelf -d "$library" | awk -F'[][]' '/NEEDED/ {print $2}'); do
  case $needed in
    # ld-linux is a part of the C library.
    libc.so.6 | libm.so.6 | libstdc++.so.6 | libgcc_s.so.1 | ld-linux-x86-64.so.2) ;;
    *) fail "needs $needed" ;;
  esac
done
readelf -d "$library" | grep -q 'SONAME.*\[libstein.so.0\]' || fail "its SONAME is not libstein.so.0"
readelf -d "$library" | grep -q NODELETE || fail "it can be unloaded"
size=$(stat -c %s "$library")
[ "$size" -lt $((16 << 20)) ] || fail "it has $size bytes"
# What the wheel says, manylinux_2_34.
glibc=$(objdump -T "$library" | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -1)
[ "$(printf '%s\nGLIBC_2.34\n' "$glibc" | sort -V | tail -1)" = GLIBC_2.34 ] || fail "it needs $glibc"
cxx=$(objdump -T "$library" | grep -oE 'GLIBCXX_[0-9.]+' | sort -Vu | tail -1)
[ "$(printf '%s\nGLIBCXX_3.4.30\n' "$cxx" | sort -V | tail -1)" = GLIBCXX_3.4.30 ] || fail "it needs $cxx"
echo "library: $(echo "$declared" | wc -l) functions, $size bytes, $glibc, $cxx; 7 passed, 0 failed"
