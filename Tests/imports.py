#!/usr/bin/env python3
"""An import that runs up is refused: tried for each pair of neighboring targets in a copy of the sources.

    imports.py

Targets are neighbors if one depends on the other and on nothing that depends on it too. Dependencies come from Package.swift. In
each of a few rounds every lower target imports one of its upper neighbors, and the build must name all of these imports as errors, as every
build of the Makefile does. Package.swift can't allow such an import either: the dependency would be a cycle.
"""

import itertools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ["swift", "build", "--product", "stein", "--explicit-target-dependency-import-check", "error", "--scratch-path", "build"]


def dependencies() -> dict[str, set[str]]:
    """Of each Swift target of the library: the Swift targets that it names."""
    described = json.loads(subprocess.check_output(["swift", "package", "describe", "--type", "json"], cwd=ROOT))
    library = {t["name"]: t for t in described["targets"] if t["module_type"] == "SwiftTarget" and t["path"].startswith("Sources/")}
    return {name: {d for d in t.get("target_dependencies", []) if d in library} for name, t in library.items()}


def neighbors(named: dict[str, set[str]]) -> list[tuple[str, str]]:
    """(lower, upper) of each pair without a target between."""

    def below(name: str) -> set[str]:
        return set().union(*({d} | below(d) for d in named[name]))

    return sorted(
        (lower, upper) for upper, direct in named.items() for lower in direct
        if not any(lower in below(other) for other in direct)
    )  # fmt: skip


def allowed(copy: pathlib.Path, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of some pairs, of different lower targets, that a build does not refuse."""
    probes = [(copy / "Sources" / lower / "Probe.swift", upper) for lower, upper in pairs]
    for probe, upper in probes:
        probe.write_text(f"import {upper}\n")
    built = subprocess.run(BUILD, cwd=copy, capture_output=True, text=True)
    for probe, _ in probes:
        probe.unlink()
    said = built.stdout + built.stderr
    return [
        (lower, upper) for lower, upper in pairs
        if built.returncode == 0
        or f"Target {lower} imports another target ({upper}) in the package without declaring it a dependency" not in said
    ]  # fmt: skip


def main() -> int:
    pairs = neighbors(dependencies())
    by_lower = [list(group) for _, group in itertools.groupby(pairs, lambda pair: pair[0])]
    failed: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in ("Sources", "Tests", "include"):
            shutil.copytree(ROOT / name, copy / name)
        shutil.copy(ROOT / "Package.swift", copy)
        for round_ in itertools.zip_longest(*by_lower):
            failed += allowed(copy, [pair for pair in round_ if pair])
    for lower, upper in failed:
        print(f"FAILED: {lower} may import {upper}")
    print(f"{len(pairs) - len(failed)} of {len(pairs)} upward imports are refused: " + ", ".join(f"{a} → {b}" for a, b in pairs))
    return int(bool(failed) or len(pairs) < 12)


if __name__ == "__main__":
    sys.exit(main())
