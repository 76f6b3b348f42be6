#!/usr/bin/env python3
"""An import that runs up is refused: tried for each pair of neighbouring targets in a copy of the sources.

    imports.py

Targets are neighbors if one depends on the other and on nothing that depends on it too. Dependencies come from Package.swift. A
build of the lower target must fail at an import of the upper one before anything is compiled, as every build of the
Makefile does. Package.swift can't allow such an import either: the dependency would be a cycle.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECK = "--explicit-target-dependency-import-check"


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


def refused(copy: pathlib.Path, lower: str, upper: str) -> bool:
    probe = copy / "Sources" / lower / "Probe.swift"
    probe.write_text(f"import {upper}\n")
    command = ["swift", "build", "--target", lower, CHECK, "error", "--scratch-path", str(copy / "build")]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    probe.unlink()
    said = f"Target {lower} imports another target ({upper}) in the package without declaring it a dependency"
    return built.returncode != 0 and said in built.stdout + built.stderr


def main() -> int:
    pairs, failed = neighbors(dependencies()), 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in ("Sources", "Tests", "include"):
            shutil.copytree(ROOT / name, copy / name, symlinks=True)
        shutil.copy(ROOT / "Package.swift", copy)
        for lower, upper in pairs:
            if not refused(copy, lower, upper):
                failed += 1
                print(f"FAILED: {lower} may import {upper}")
    print(f"{len(pairs) - failed} of {len(pairs)} upward imports are refused: " + ", ".join(f"{a} → {b}" for a, b in pairs))
    return int(failed > 0 or len(pairs) < 12)


if __name__ == "__main__":
    sys.exit(main())
