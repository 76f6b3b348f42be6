#!/usr/bin/env python3
"""Figures and names in README, changelog, guide and header, against what was built.   figures.py LIBRARY [WHEEL]"""
import ctypes
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
library = pathlib.Path(sys.argv[1])
wheel = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
header = (ROOT / "include/stein.h").read_text()
pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "bindings/python/README.md", *sorted((ROOT / "bindings/docs/guide").rglob("*.md"))]
texts = {page: page.read_text() for page in [*pages, ROOT / "include/stein.h", ROOT / "bindings/python/pyproject.toml", ROOT / "Makefile"]}
passed, failed = 0, 0


def check(good, what):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("FAILED:", what)


def stated(pattern, expected, least=1, actual=None):
    """What a pattern's group says wherever it stands, which must be `least` places or more."""
    found = 0
    for page, text in texts.items():
        for match in re.finditer(pattern, text):
            found += 1
            said = match.group(1)
            right = expected(said) if callable(expected) else said == expected
            line = text[: match.start()].count("\n") + 1
            check(right, f"{page.relative_to(ROOT)}:{line} says '{' '.join(match.group(0).split())}', and it is {actual or (expected if not callable(expected) else 'not so')}")
    check(found >= least, f"nothing says {pattern}")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def versions(name):
    """The newest version of a library's symbols that ours asks for."""
    found = {tuple(map(int, v.split("."))) for v in re.findall(name + r"_([0-9.]+)", run("objdump", "-T", str(library)))}
    return ".".join(map(str, max(found)))


def size(path, text):
    """A size in MB, right to its last digit."""
    digits = len(text.partition(".")[2])
    return f"{path.stat().st_size / 1e6:.{digits}f}" == text


# What it needs.
glibc = versions("GLIBC")
gcc = {"3.4.28": "10", "3.4.29": "11", "3.4.30": "12", "3.4.31": "13", "3.4.32": "13", "3.4.33": "14"}[versions("GLIBCXX")]
stated(r"glibc\s+(2\.\d+)", glibc, 4)
stated(r"manylinux_(2_\d+)", glibc.replace(".", "_"), 2)
stated(r"libstdc\+\+ of GCC (\d+)", gcc)
has = {"Debian 12": 36, "Debian 13": 41, "Ubuntu 22.04": 35, "Ubuntu 24.04": 39, "RHEL 9": 34, "RHEL 10": 39}
stated(r"\(((?:(?:Debian|Ubuntu|RHEL) [0-9.]+,?\s*)+)\)", lambda text: all(has[" ".join(one.split())] >= int(glibc[2:]) for one in text.split(",")), 2)
needed = sorted(n.partition(".so")[0] for n in re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", str(library))) if not n.startswith("ld-linux"))
stated(r"libstein\.so` is [0-9.]+ MB and needs ((?:\S+, )*\S+ and [a-z_+]+)", lambda text: sorted(re.split(", | and ", text)) == needed)
stated(r"x86-64-(v\d)", "v3", 4)

# How large it is.
stated(r"libstein\.so` is ([0-9.]+) MB", lambda text: size(library, text), actual=f"{library.stat().st_size} bytes")
if wheel:
    stated(r"[Tt]he wheel is ([0-9.]+) MB", lambda text: size(wheel, text), actual=f"{wheel.stat().st_size} bytes")

# How many functions it has, and which.
exported = {line.split()[-1].partition("@")[0] for line in run("nm", "-D", "--defined-only", str(library)).splitlines() if " stein_" in line}
stated(r"(\d+) (?:exported )?functions\b", str(len(exported)), 0)
words = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
program = re.search(r"^```c$(.*?)^```$", texts[ROOT / "README.md"], re.S | re.M).group(1)
stated(r"links one library and calls (\w+) functions", lambda text: words[text] == len({f for f in exported if f + "(" in program}))
known = set(re.findall(r"\bstein_[a-z0-9_]+", header))
for page in pages:
    for name in sorted(set(re.findall(r"\bstein_[a-z0-9_]+\b(?!\.)(?!/)", texts[page]))):
        check(name in known or (name.endswith("_") and any(k.startswith(name) for k in known)), f"{page.relative_to(ROOT)} names {name}, which stein.h does not have")

# Its version.
version = ".".join(re.search(rf"STEIN_VERSION_{part} (\d+)", header).group(1) for part in ("MAJOR", "MINOR", "PATCH"))
short = version.rpartition(".")[0]
stated(r'/\* "(\d+\.\d+\.\d+)" \*/', version)
stated(r'\nversion = "([^"]+)"', version)
check(re.search(r"^## (\S+)$", texts[ROOT / "CHANGELOG.md"], re.M).group(1) == version, "the changelog begins with another version")
stated(r"find_package\(stein ([0-9.]+)", short)
stated(r"Version (0\.\d+)", short)
code = ctypes.CDLL(str(library))
code.stein_version.restype = ctypes.c_char_p
check(code.stein_version().decode() == version, "stein_version")
compiler = re.search(r"Swift version (\d+\.\d+)", subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout)
if compiler:
    stated(r"with Swift (\d+\.\d+) \(", compiler.group(1))

# The kinds of options that the header names.
code.stein_options_describe.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p]


def options(kind):
    buffer, needed_bytes = ctypes.create_string_buffer(1 << 20), ctypes.c_uint64()
    if code.stein_options_describe(kind.encode(), buffer, len(buffer), ctypes.byref(needed_bytes), None):
        return None
    return {option["name"]: option for option in json.loads(buffer.value)}


kinds = re.search(r" \* kind: (.*?)\. Another is", header, re.S).group(1)
for kind in re.findall(r'"(\w+)"', kinds):
    check(options(kind), f"stein.h has options of {kind}, the library has none")

# The README's figures of the benchmarks.
results = (ROOT / "Benchmarks/RESULTS.md").read_text()
for pattern in (r"holds (\d+) MB where", r"training holds (\d+) in PyTorch", r"and (\d+) in JAX"):
    stated(pattern, lambda text: re.search(rf"memory of W2[^\n]*\| {text}\b", results))

print(f"figures: {passed} passed, {failed} failed")
sys.exit(failed != 0)
