"""Files of an earlier version: they load, to the same bits where the processor and the C library are the same."""

import json
import pathlib

import numpy as np
import pytest
import stein
from saved_models import FAMILIES, instructions, rows_of, scores

SAVED = pathlib.Path(__file__).parents[3] / "Tests" / "Saved"
KNOWN = json.loads((SAVED / "scores.json").read_text())


def expect(model, family, known):
    found = scores(model, family)
    expected = np.frombuffer(bytes.fromhex(known["scores"]), "<f4").reshape(found.shape)
    if known["instructions"] == instructions():
        assert found.tobytes() == expected.tobytes()
    else:
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_models(family):
    expect(stein.Model.load(SAVED / f"{family}.safetensors"), family, KNOWN[family])


def test_checkpoint():
    """It goes on with the noise levels that this version draws; the scores are those of this version, which a change has to mean."""
    data = stein.Dataset(rows_of("score_mlp"))
    trainer = stein.Trainer.resume(data, SAVED / "checkpoint.safetensors")
    assert trainer.run()
    expect(trainer.model, "score_mlp", KNOWN["checkpoint"])


def test_every_family_has_a_file():
    named = {name for option in stein.options("model") if option["name"] == "family" for name in option["choices"]}
    assert named | {"graph"} == set(FAMILIES) == set(KNOWN) - {"checkpoint"}
