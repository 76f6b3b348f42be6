"""Keyword options: what help() shows, what a wrong name gets, and that the generated file is the library's."""

import pathlib
import pydoc
import subprocess
import sys
import typing

import numpy as np
import pytest
import stein
from stein import _kinds

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROWS = np.random.default_rng(0).standard_normal((100, 2))


def test_generated_from_the_library(tmp_path):
    fresh = tmp_path / "kinds.py"
    subprocess.run([sys.executable, ROOT / "bindings" / "generate.py", "options", fresh], check=True)
    assert fresh.read_text() == (ROOT / "bindings" / "python" / "stein" / "_kinds.py").read_text(), "run make generate"


@pytest.mark.parametrize("thing, kinds", [
    (stein.Trainer, ["trainer"]), (stein.fit, ["model", "trainer"]), (stein.Model.sample, ["sampler"]),
    (stein.Model.impute, ["impute"]), (stein.Context, ["context"]), (stein.Dataset.open, ["dataset"]),
    (stein.Chains, ["chains"]), (stein.maximum_mean_discrepancy, ["maximum_mean_discrepancy"]),
])
def test_help_shows_every_option(thing, kinds):
    text = pydoc.plain(pydoc.render_doc(thing))
    for kind in kinds:
        for option in stein.options(kind):
            if option["name"] not in ("family", "output"):  # parameters of their own
                line = next(line for line in text.splitlines() if line.strip(" |").startswith(option["name"] + " : "))
                assert " ".join(option["meaning"].split()[:2]).lower() in text.lower(), option["name"]
                assert option["type"] == "choice" or option["type"] in line


@pytest.mark.parametrize("number", ["0x10", "0x1p-3", "inf", "nan", "1e", "1,5", "", "--1", "١"])
def test_numbers_are_decimal(number):
    model = stein.Model(stein.Dataset(ROWS), widths=[4])
    with pytest.raises(stein.SteinError, match="rate"):
        stein.Trainer(model, stein.Dataset(ROWS), rate=number)


def test_numbers_in_every_notation():
    scores = [stein.fit(ROWS, widths=[4], steps=20, seed=1, rate=number).score(ROWS) for number in ("+.5e-2", "5E-3", 0.005)]
    assert np.array_equal(scores[0], scores[2]) and np.array_equal(scores[1], scores[2])


def test_a_wrong_name_gets_a_suggestion():
    calls = [
        (lambda: stein.fit(ROWS, widht=[8]), "widths"), (lambda: stein.fit(ROWS, step=3), "steps"),
        (lambda: stein.Model(ROWS, activatoin="tanh"), "activation"), (lambda: stein.Context(thread=1), "threads"),
        (lambda: stein.Trainer(stein.Model(ROWS), ROWS, ratee=1), "rate"),
        (lambda: stein.fit(ROWS, family="gaussian").sample(2, sed=1), "seed"),
    ]
    for call, meant in calls:
        with pytest.raises(stein.SteinValueError, match=f"did you mean '{meant}'") as caught:
            call()
        assert caught.value.name == "STEIN_BAD_OPTION"
    with pytest.raises(stein.SteinValueError, match="no option 'zzz'; there are scale, widths"):
        stein.fit(ROWS, zzz=3)


def test_types_are_checked(tmp_path):
    """mypy sees a wrong name, a wrong choice and a wrong type, and nothing wrong in what is right."""
    source = tmp_path / "use.py"
    source.write_text(
        "import numpy as np\nimport stein\nx = np.zeros((3, 2))\n"
        "m = stein.fit(x, widths=[8, 8], seed=1, rate=1e-3, residual=True, sigma_min='auto', validation=0)\n"
        "m.sample(3, sampler='heun', steps=9, seed=np.int64(3).item())\n"
        "stein.fit(x, widht=3)\nm.sample(3, sampler='huen')\nstein.Trainer(m, x, steps='many')\n"
    )
    package = pathlib.Path(stein.__file__).parent.parent
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / "build" / "mypy"), str(source)],
        capture_output=True, text=True, env={"MYPYPATH": str(package), "PATH": "/usr/bin:/bin"},
    )
    wrong = [int(line.split(":")[1]) for line in run.stdout.splitlines() if ": error:" in line]
    assert wrong == [6, 7, 8], run.stdout + run.stderr


def test_kinds_resolve():
    for name, kind in vars(_kinds).items():
        if name.endswith("Options"):
            assert len(typing.get_type_hints(kind)) > 0
