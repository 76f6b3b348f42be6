#!/usr/bin/env bash
# Installs into an empty folder and builds the quickstart against it: by pkg-config, and by CMake.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make -s --no-print-directory install DESTDIR="$root" PREFIX=/opt/stein
export PKG_CONFIG_PATH=$root/opt/stein/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
cc bindings/c/examples/quickstart.c $(pkg-config --cflags --libs stein) -Wl,-rpath,"$root/opt/stein/lib" -o "$root/by-pkg-config"
mkdir "$root/consumer"
cat > "$root/consumer/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.18)
project(consumer C)
find_package(stein 0.1 REQUIRED)
add_executable(consumer $PWD/bindings/c/examples/quickstart.c)
target_link_libraries(consumer stein::stein)
END
cmake -S "$root/consumer" -B "$root/consumer/build" -DCMAKE_PREFIX_PATH="$root/opt/stein" >/dev/null
cmake --build "$root/consumer/build" >/dev/null
for program in "$root/by-pkg-config" "$root/consumer/build/consumer"; do
  # Without arguments it tells its usage: the library was found and loaded.
  { "$program" 2>&1 || true; } | grep -q usage
done
echo "install: 2 passed, 0 failed"
