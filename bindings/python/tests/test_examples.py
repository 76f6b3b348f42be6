"""The worked examples, in their short form: they end with 0 only if what they print meets its targets."""

import pathlib
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"


@pytest.mark.parametrize("name", ["manifold", "modes", "pictures", "toys"])
def test_example(name, tmp_path):
    run = subprocess.run(
        [sys.executable, f"{name}.py", "--quick", "--out", str(tmp_path)], cwd=EXAMPLES, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / f"{name}.png").stat().st_size > 20_000
