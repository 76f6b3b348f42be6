#!/usr/bin/env bash
# Builds the library of another commit under build/base and prints the folder of that tree.   base.sh COMMIT
set -euo pipefail
cd "$(dirname "$0")/.."
commit=$(git rev-parse --verify "$1^{commit}")
folder=$PWD/build/base/$commit
if [ ! -e "$folder/build/lib/libstein.so" ]; then
  mkdir -p "$folder"
  git archive "$commit" | tar x -C "$folder"
  make --no-print-directory -C "$folder" lib >&2
fi
echo "$folder"
