#!/usr/bin/env bash
# Processors below x86-64-v3, by qemu: every call refuses with a status and a sentence, and none dies.   oldcpu.sh FOLDER (of libstein.so)
# (qemu 7.2 breaks AVX2's masked loads itself, so that what runs on, on later processors, is not tried by it.)
set -euo pipefail
cd "$(dirname "$0")/.."
library=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 bindings/generate.py calls "$scratch/calls.inc"
cc -std=gnu11 -Wall -Wextra -Wno-unused-result -Werror -Iinclude -I"$scratch" Tests/OldCPU/calls.c -L"$library" -lstein -Wl,-rpath,"$library" -o "$scratch/calls"
passed=0 failed=0
# Without BMI1 qemu takes BZHI and SARX away and goes on to show BMI2 by which the C library chooses code that has them: its own strlen then dies, or
# does not, by where a string lies. So it is told to leave that code alone; the library is not.
tunables=glibc.cpu.hwcaps=-AVX2,-BMI2,-AVX2_Usable,-BMI2_Usable
# A processor, and a word that the sentence then has.
refuses() {
  if out=$(GLIBC_TUNABLES=$tunables qemu-x86_64 -cpu "$1" "$scratch/calls" "$2" 2>&1); then passed=$((passed + 1)); else
    failed=$((failed + 1)); echo "FAILED on $1: ended with $?: $(tail -3 <<< "$out")"; fi
}
for processor in qemu64 kvm64 Nehalem Westmere Denverton SandyBridge IvyBridge; do refuses $processor "AVX2"; done
refuses Opteron_G5 "BMI2"
# One instruction set missing at a time, and the registers that the operating system does not save.
while read -r feature word; do refuses "Haswell,-$feature" "$word"; done <<'END'
bmi1 lacks BMI1:
avx2 lacks AVX2:
bmi2 lacks BMI2:
f16c lacks F16C:
fma lacks FMA:
abm lacks LZCNT:
movbe lacks MOVBE:
popcnt POPCNT
sse4.2 SSE4.2
ssse3 SSSE3
cx16 CMPXCHG16B
avx AVX
xsave AVX
END
# What runs before the look at the processor has no instruction of v3.
objects=$(find -L "${CGATE_OBJECTS:-build/release/release}" -path '*CGate.build*' -name '*.o')
[ -n "$objects" ] || { echo "FAILED: CGate's objects are not in ${CGATE_OBJECTS:-build/release/release}"; exit 1; }
if objdump -d --no-show-raw-insn $objects | grep -E '[[:space:]](v[a-z0-9]+|andn|bextr|bls[a-z]+|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|lzcnt|movbe|popcnt)[[:space:]]' \
  | grep -vE '(verr|verw)'; then failed=$((failed + 1)); echo "FAILED: CGate is not compiled for every x86-64"; else passed=$((passed + 1)); fi
echo "old processors: $passed passed, $failed failed"
[ $failed = 0 ]
