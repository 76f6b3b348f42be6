"""The wheel, as a user gets it: installed beside NumPy alone, it runs what the READMEs print."""

import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
LIBRARY = os.environ.get("STEIN_LIBRARY") or str(ROOT / "build" / "lib" / "libstein.so")


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built by pip as `pip install ./bindings/python` builds it, tagged by auditwheel."""
    pytest.importorskip("hatchling")
    pytest.importorskip("auditwheel")
    folder = tmp_path_factory.mktemp("wheel")
    environment = {**os.environ, "STEIN_LIBRARY": LIBRARY, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder / "plain",
        ROOT / "bindings" / "python", env=environment)
    plain, = (folder / "plain").iterdir()
    run(sys.executable, "-m", "auditwheel", "repair", "--plat", "manylinux_2_34_x86_64", "-w", folder, plain, env=environment)
    made, = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def clean(wheel, tmp_path_factory):
    """The interpreter of an environment that holds NumPy and the wheel, and sees nothing of this checkout."""
    folder = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    environment = {k: v for k, v in os.environ.items() if k not in ("STEIN_LIBRARY", "PYTHONPATH")}
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel, env=environment)
    return python, environment


def test_what_is_inside(wheel):
    assert wheel.name == "stein-0.2.0-py3-none-manylinux_2_34_x86_64.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert {"stein/libstein.so", "stein/py.typed", "stein/_kinds.py", "stein/sklearn.py"} <= set(names)
    assert not [name for name in names if "test" in name or "pycache" in name or name.endswith((".swift", ".toml"))]
    assert wheel.stat().st_size < 8 << 20


def test_the_readme_runs_beside_numpy_alone(clean, tmp_path):
    python, environment = clean
    installed = run(python, "-m", "pip", "list", "--format=freeze", env=environment)
    assert {line.split("==")[0] for line in installed.split()} <= {"numpy", "stein", "pip", "setuptools"}
    pages = "".join((ROOT / name).read_text() for name in ("README.md", "bindings/python/README.md"))
    blocks = re.findall(r"^```python\n(.*?)^```$", pages, re.M | re.S)
    alone = [block for block in blocks if not re.search(r"import .*(sklearn|pandas)|from (sklearn|stein\.sklearn)", block)]
    assert len(alone) >= 3 and len(blocks) - len(alone) <= 1
    script = tmp_path / "readme.py"
    script.write_text("".join(alone) + "\nimport sys\nprint(stein.__file__, stein.core.library._name)\n")
    told = run(python, script, env=environment, cwd=tmp_path).split()
    where = python.parent.parent
    assert pathlib.Path(told[-2]).is_relative_to(where) and pathlib.Path(told[-1]).is_relative_to(where)


def test_another_library_is_taken(clean, tmp_path):
    python, environment = clean
    told = run(python, "-c", "import stein; print(stein.core.library._name)", env={**environment, "STEIN_LIBRARY": LIBRARY})
    assert told.strip() == LIBRARY
    missing = subprocess.run(
        [python, "-c", "import stein"], capture_output=True, text=True, env={**environment, "STEIN_LIBRARY": "/nowhere/libstein.so"}
    )
    assert "STEIN_LIBRARY is /nowhere/libstein.so, and there is no such file" in missing.stderr


def test_what_is_not_installed_is_named(clean):
    python, environment = clean
    for line, message in [
        ("import stein.sklearn", "stein.sklearn needs scikit-learn 1.6 or newer"),
        ("m = stein.fit(rows, family='gaussian'); stein.show.vector_field(m)", "stein.show needs matplotlib"),
    ]:
        script = f"import numpy, stein; rows = numpy.random.rand(50, 2)\n{line}"
        told = subprocess.run([python, "-c", script], capture_output=True, text=True, env=environment).stderr
        assert f"ImportError: {message}" in told, told
    shown = "import numpy, stein; stein.fit(numpy.random.rand(50, 2), widths=[8], steps=5, progress=True)"
    run(python, "-c", shown, env=environment)


IMPORTS = {
    "undefined version": ("libm.so.6: version `GLIBC_2.34' not found", "this system has glibc"),
    "old libstdc++": ("libstdc++.so.6: version `GLIBCXX_3.4.29' not found", "libstdc++ of GCC 11"),
}


@pytest.mark.parametrize("reason", IMPORTS)
def test_an_old_system_is_told_what_it_lacks(reason, monkeypatch):
    """The loader's words, as an old system says them."""
    import ctypes

    from stein import _library

    words, expected = IMPORTS[reason]

    def refuse(path):
        raise OSError(f"/lib/x86_64-linux-gnu/{words} (required by {path})")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(ImportError, match=expected.replace("+", r"\+")) as told:
        _library.load()
    assert words in str(told.value)


def test_what_is_no_library_is_told(tmp_path):
    wrong = tmp_path / "libstein.so"
    wrong.write_text("not a library")
    done = subprocess.run([sys.executable, "-c", "import stein"], capture_output=True, text=True, env={**os.environ, "STEIN_LIBRARY": str(wrong)})
    assert f"{wrong} can't be loaded" in done.stderr and "ImportError" in done.stderr
    other = subprocess.run([sys.executable, "-c", "import stein"], capture_output=True, text=True, env={**os.environ, "STEIN_LIBRARY": "/lib/x86_64-linux-gnu/libm.so.6"})
    assert "is not this version's libstein" in other.stderr and "ImportError" in other.stderr
