"""Puts libstein.so into the wheel: that of $STEIN_LIBRARY, or build/lib of the checkout, built there first if Swift is at hand."""

import os
import pathlib
import shutil
import subprocess

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LibraryHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version, build_data):
        if version == "editable":  # finds build/lib of the checkout by itself
            return
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-linux_x86_64"  # auditwheel says which manylinux
        build_data["force_include"][str(self.library())] = "stein/libstein.so"

    def library(self):
        named = os.environ.get("STEIN_LIBRARY")
        if named:
            return pathlib.Path(named).resolve(strict=True)
        checkout = pathlib.Path(self.root).resolve().parents[1]
        built = checkout / "build" / "lib" / "libstein.so"
        if not built.exists() and (checkout / "Makefile").exists() and shutil.which("swift"):
            subprocess.run(["make", "-C", str(checkout), "lib"], check=True)
        if not built.exists():
            raise SystemExit(
                f"there is no {built}: run `make lib` in the checkout (it needs Swift 6.3), or set STEIN_LIBRARY to a libstein.so"
            )
        return built.resolve()
