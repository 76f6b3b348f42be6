#!/usr/bin/env bash
# Installs into an empty folder and works with what is there alone: the README's C program as printed, the quickstart and a C++ program, each by
# pkg-config and by CMake, run on real data in an empty folder.   install.sh PYTHON
set -euo pipefail
python=$(realpath -s "$1")
cd "$(dirname "$0")/.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
passed=0
run() { "$@" || { echo "FAILED: $*"; exit 1; }; passed=$((passed + 1)); }
make -s --no-print-directory install DESTDIR="$root" PREFIX=/opt/stein
export PKG_CONFIG_PATH=$root/opt/stein/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
version=$(pkg-config --modversion stein)
[ "$(printf '#include <stein.h>\nSTEIN_VERSION_MAJOR.STEIN_VERSION_MINOR.STEIN_VERSION_PATCH\n' | cc -E -P $(pkg-config --cflags stein) - \
  | tail -1 | tr -d ' ')" = "$version" ]
flags=$(pkg-config --cflags --libs stein)
mkdir "$root/printed" "$root/project"
sed -n '/^```c$/,/^```$/p' README.md | grep -v '^```' > "$root/printed/printed.c"
cp bindings/c/examples/quickstart.c Tests/Install/* "$root/project"
"$python" bindings/python/examples/export.py wine "$root/printed/wine.csv"

# Nothing of the checkout from here on.
cd "$root/printed"
run cc printed.c $flags -Wl,-rpath,"$root/opt/stein/lib" -o printed
run cc "$root/project/quickstart.c" $flags -Wl,-rpath,"$root/opt/stein/lib" -o quickstart
run c++ -std=c++17 -Wall -Wextra -Werror "$root/project/consumer.cc" $flags -Wl,-rpath,"$root/opt/stein/lib" -o consumer
run cmake -S "$root/project" -B "$root/build" -DCMAKE_PREFIX_PATH="$root/opt/stein" -DEXAMPLE="$root/project/quickstart.c" > log
run cmake --build "$root/build" >> log
run ./printed
run ./quickstart wine.csv by-pkg-config.csv
run ./consumer
run "$root/build/in_c" wine.csv by-cmake.csv
run "$root/build/in_cxx"
run cmp by-pkg-config.csv by-cmake.csv
# The pages of options are there, with every kind.
run [ "$(grep -c '^## ' "$root/opt/stein/share/doc/stein/options.md")" -ge 18 ]
run grep -q '^| `rate` | `auto` |' "$root/opt/stein/share/doc/stein/options.md"
run grep -q '^\\fBrate\\fR' "$root/opt/stein/share/man/man7/stein-options.7"
[ "$(wc -l < by-cmake.csv)" = 201 ] && [ "$(head -1 by-cmake.csv)" = "$(head -1 wine.csv)" ]
echo "install: $passed passed, 0 failed"
