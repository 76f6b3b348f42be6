"""Writes the files of Tests/Saved, which later versions must read.   saved_models.py FOLDER

One model of each family and a checkpoint, with the scores that the version that wrote them gives. To be run with the
version whose files are to be kept, when a family is added: files that are there stay as they are.
"""

import json
import pathlib
import sys

import numpy as np
import stein

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "Tests"))
from digest import FAMILIES, instructions, is_of_many_levels, rows_of, trained


def scores(model: stein.Model, family: str) -> np.ndarray:
    """float32 [2, 6, ...]: at the level of the clean score, and at 0.4 where the model has many."""
    part = rows_of(family)[:6].astype(np.float32)
    return np.stack([model.score(part), model.score(part, 0.4 if is_of_many_levels(model) else 0.0)])


def half_trained() -> stein.Trainer:
    data = stein.Dataset(rows_of("score_mlp"))
    trainer = stein.Trainer(stein.Model(data, widths=[16, 16], seed=3), data, steps=12, batch=32, seed=4)
    trainer.run(5)
    return trainer


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    path = folder / "scores.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for family, options in FAMILIES.items():
        if family not in known:
            model = trained({"family": family, **options}, {})
            model.save(folder / f"{family}.safetensors")
            bits = scores(model, family).astype("<f4").tobytes().hex()
            known[family] = {"version": stein.version(), "instructions": instructions(), "scores": bits}
    if "checkpoint" not in known:
        trainer = half_trained()
        trainer.save(folder / "checkpoint.safetensors")
        trainer.run()
        bits = scores(trainer.model, "score_mlp").astype("<f4").tobytes().hex()
        known["checkpoint"] = {"version": stein.version(), "instructions": instructions(), "scores": bits}
    path.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
