"""A U-Net on scikit-learn's 8x8 digits: new digits, and the lower halves of digits of which the upper ones are known.

    pictures.py [--out build/demo] [--quick]

Held-out digits tell how good both are. Several draws of one lower half differ where the upper half leaves it open; their mean comes near
what was hidden.
"""

from __future__ import annotations

import argparse
import pathlib
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import quality
import stein
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

#: Rows of pixels that are known.
KNOWN = 4


def flat(pictures):
    return pictures.reshape(len(pictures), -1)


def fill(model, pictures, draws):
    """Draws of each picture given its upper half: [pictures, draws, 8, 8]."""
    holes = np.repeat(pictures, draws, 0)
    holes[:, KNOWN:] = np.nan
    return model.impute(holes, steps=10, seed=1).reshape(len(pictures), draws, 8, 8)


def page(pictures, across):
    """Pictures side by side, with a margin around each so that they are seen one by one."""
    tiles = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), constant_values=0)
    rows = len(pictures) // across
    return tiles[: rows * across].reshape(rows, across, 10, 10).transpose(0, 2, 1, 3).reshape(rows * 10, across * 10)


def draw(real, samples, whole, filled, path):
    """Real digits, samples, and of held-out ones the whole, what is known, three draws and the mean of all."""
    known = whole.copy()
    known[:, KNOWN:] = np.nan
    columns = [whole, known, *filled[:, :3].transpose(1, 0, 2, 3), filled.mean(1)]
    figure, axes = plt.subplots(1, 3, figsize=(15, 6.3), width_ratios=[10, 10, 6])
    panels = [
        (page(real, 10), "real"), (page(samples, 10), "drawn from the model"),
        (page(np.stack(columns, 1).reshape(-1, 8, 8), 6), "held out, known, three draws, mean"),
    ]
    colors = plt.get_cmap("gray_r").with_extremes(bad="tab:blue")
    for axis, (image, title) in zip(axes, panels):
        axis.imshow(np.ma.masked_invalid(image), cmap=colors, vmin=0, vmax=16)
        axis.set_title(title)
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/demo"))
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    network = {"widths": [16, 32], "blocks": 1} if arguments.quick else {}
    steps, count, draws = (1000, 16, 6) if arguments.quick else (3000, 40, 8)

    train, held_out = train_test_split(load_digits().images, test_size=360, random_state=0)
    data = stein.Dataset(train)
    model = stein.Model(data, "score_unet", **network)
    started = time.perf_counter()
    with stein.Trainer(model, data, steps=steps, batch=64, rate=5e-3, ema=0.99, validation=0, seed=1) as trainer:
        trainer.run()
    seconds = time.perf_counter() - started
    gaussian = stein.fit(data, family="gaussian")

    samples = model.sample(len(train), seed=1)
    found = quality.figures(flat(train), flat(held_out), flat(samples))
    losses = [m.loss(held_out, draws=8) for m in (model, gaussian)]
    whole = held_out[:count]
    filled = fill(model, whole, draws)
    kept = float((filled[:, :, :KNOWN] == whole[:, None, :KNOWN]).mean())
    guesses = {"mean of draws": filled.mean(1), "one draw": filled[:, 0], "column mean": np.broadcast_to(train.mean(0), whole.shape)}
    errors = {name: np.sqrt(((guess - whole)[:, KNOWN:] ** 2).mean()) for name, guess in guesses.items()}

    print(f"digits: {len(train)} pictures, {seconds:.1f} s to train")
    least = 0.4 if arguments.quick else 0.8
    fine = quality.table(
        [
            ("held-out loss over a Gaussian's", v := losses[0] / losses[1], "<= 0.8", v <= 0.8),
            ("sliced Wasserstein ratio", v := found["sliced Wasserstein ratio"], "<= 1.5", v <= 1.5),
            ("nearest-neighbour ratio", v := found["nearest-neighbour ratio"], "0.9 to 1.5", 0.9 <= v <= 1.5),
            ("precision", v := found["precision"], f">= {least}", v >= least),
            ("coverage", v := found["coverage"], f">= {least}", v >= least),
            ("known pixels kept", kept, "1", kept == 1),
            ("lower halves, error of the column mean", plain := errors["column mean"], "", True),
            ("of one draw", errors["one draw"], "", True),
            (f"of the mean of {draws} draws", v := errors["mean of draws"], f"<= {0.95 * plain:.2f}", v <= 0.95 * plain),
        ]
    )
    draw(train[:100], samples[:100], whole[:10], filled[:10], arguments.out / "pictures.png")
    print(f"pictures: {arguments.out / 'pictures.png'}")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
