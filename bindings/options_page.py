#!/usr/bin/env python3
"""Writes the options of every call as a page, from what the built library says of itself ($STEIN_LIBRARY or build/lib).

    options_page.py markdown FILE    a table for each kind of options
    options_page.py man FILE         stein-options(7)
"""

import ctypes
import datetime
import json
import os
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = (ROOT / "include" / "stein.h").read_text(encoding="utf-8")

# The calls that take each kind, in C and in Python.
CALLS = {
    "context": ("stein_context_new", "stein.Context"),
    "dataset": ("stein_dataset_new, stein_dataset_open, stein_dataset_move_arrow", "stein.Dataset, stein.Dataset.open"),
    "model": ("stein_model_new, stein_model_from_graph", "stein.Model, stein.fit, Graph.model"),
    "graph": ("stein_graph_node", "Graph.node"),
    "trainer": ("stein_trainer_new, stein_trainer_set", "stein.Trainer, stein.fit"),
    "sampler": ("stein_sample, stein_sample_weighted, stein_sample_labels", "Model.sample"),
    "impute": ("stein_impute, stein_sample_posterior", "Model.impute, Model.sample_posterior"),
    "encode": ("stein_encode", "Model.encode"),
    "decode": ("stein_decode", "Model.decode"),
    "log_likelihood": ("stein_model_log_likelihood", "Model.log_likelihood"),
    "loss": ("stein_model_loss, stein_model_losses", "Model.loss, Model.losses"),
    "denoising": ("stein_model_denoise_error", "Model.denoise_error"),
    "chains": ("stein_chains_new", "stein.Chains"),
    "effective_sample_size": ("stein_effective_sample_size", "stein.effective_sample_size"),
    "kernel_stein_discrepancy": ("stein_kernel_stein_discrepancy", "stein.kernel_stein_discrepancy"),
    "sliced_wasserstein": ("stein_sliced_wasserstein", "stein.sliced_wasserstein"),
    "maximum_mean_discrepancy": ("stein_maximum_mean_discrepancy", "stein.maximum_mean_discrepancy"),
    "import_weights": ("stein_model_import_weights", "Model.import_weights"),
}


def kinds():
    """The kinds that stein.h names at stein_options_describe."""
    return re.findall(r'"(\w+)"', re.search(r" \* kind: (.*?)Another is", HEADER, re.DOTALL)[1])


def version():
    return ".".join(re.search(rf"STEIN_VERSION_{part} (\d+)", HEADER)[1] for part in ("MAJOR", "MINOR", "PATCH"))


def described():
    """The option table of each kind."""
    library = ctypes.CDLL(str(os.environ.get("STEIN_LIBRARY", ROOT / "build" / "lib" / "libstein.so")))
    describe = library.stein_options_describe
    describe.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p]
    tables, needed, buffer = {}, ctypes.c_uint64(), ctypes.create_string_buffer(1 << 20)
    for kind in kinds():
        if describe(kind.encode(), buffer, len(buffer), ctypes.byref(needed), None):
            raise SystemExit(f"stein.h has options of {kind}, the library has none")
        tables[kind] = json.loads(buffer.value)
    return tables


def allowed(option):
    """The values of an option in words."""
    if option.get("choices"):
        return ", ".join(option["choices"])
    low, high = option.get("minimum"), option.get("maximum")
    plain = str if option["type"].startswith("integer") else "{:g}".format
    if low is None:
        return option["type"]
    return f"{option['type']} from {plain(low)}" + ("" if high >= 1 << 53 else f" to {plain(high)}")


def default(option):
    value = option["default"]
    return "" if value is None else json.dumps(value).strip('"')


def markdown_table(options):
    lines = ["| option | default | allowed | meaning |", "|---|---|---|---|"]
    for option in options:
        values = ", ".join(f"`{choice}`" for choice in option["choices"]) if option.get("choices") else allowed(option)
        cells = (f"`{option['name']}`", f"`{default(option)}`" if default(option) else "", values, option["meaning"])
        lines.append("| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in cells) + " |")
    return lines


def markdown_sections(tables):
    lines = []
    for kind, options in tables.items():
        in_c, in_python = (", ".join(f"`{call}`" for call in calls.split(", ")) for calls in CALLS[kind])
        lines += [f"## {kind}", "", f"In C {in_c}; in Python {in_python}.", "", *markdown_table(options), ""]
    return "\n".join(lines)


def markdown(tables):
    head = f"# Options of stein {version()}\n\nOptions are text in C, `\"steps=2000 seed=1\"`, and keywords in Python, `steps=2000, seed=1`.\n\n"
    return head + markdown_sections(tables)


def roff(text):
    """Text that a man page prints as it is."""
    return re.sub(r"^([.'])", r"\\&\1", text.replace("\\", "\\e").replace("-", "\\-"))


def man(tables):
    day = datetime.date.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", (ROOT / "include" / "stein.h").stat().st_mtime)))
    lines = [
        f'.TH STEIN\\-OPTIONS 7 {day} "stein {version()}" "Stein"', ".SH NAME", "stein\\-options \\- the options of the calls of stein.h",
        ".SH DESCRIPTION", roff('Options are text, "key=value key=value", with lists separated by commas: "widths=256,256 activation=silu".'),
    ]
    for kind, options in tables.items():
        lines += [f".SH {kind.upper()}", f"For {roff(CALLS[kind][0])}."]
        for option in options:
            given = f", default {default(option)}" if default(option) else ""
            lines += [".TP", f"\\fB{roff(option['name'])}\\fR ({roff(allowed(option) + given)})", *map(roff, textwrap.wrap(option["meaning"], 100))]
    return "\n".join([*lines, ".SH SEE ALSO", roff("stein.h, options.md"), ""])


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("markdown", "man"):
        raise SystemExit(__doc__)
    pathlib.Path(sys.argv[2]).write_text({"markdown": markdown, "man": man}[sys.argv[1]](described()), encoding="utf-8")
