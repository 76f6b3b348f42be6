"""What the guide prints is what its code did: runs it while the pages are built.

    ```python run            runs; the page shows the code, what it printed, and the pictures that it left open
    ```sh run                the same by bash, in the repository's top
    ```c file=PATH           shows a file of the repository
    <!-- options -->         becomes the tables of stein_options_describe

Blocks of a page share their names, pages do not. A block that raises or warns ends the build.
"""

import contextlib
import io
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import traceback
import warnings

import matplotlib
from mkdocs.exceptions import PluginError

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+) (run|file=\S+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PLOTS = {
    "figure.figsize": (7.2, 2.6), "figure.dpi": 110, "figure.constrained_layout.use": True, "axes.spines.top": False,
    "axes.spines.right": False, "image.cmap": "viridis", "font.size": 9,
}
logging.getLogger("matplotlib").setLevel(logging.ERROR)
_blocks = 0


def text_block(text):
    return f"\n```text\n{text.rstrip()}\n```\n" if text.strip() else ""


def figures(page, config):
    """Saves the open figures; HTML that shows them."""
    global _blocks
    folder = pathlib.Path(config.site_dir) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    shown = ""
    for number in plt.get_fignums():
        _blocks += 1
        name = f"{pathlib.Path(page.url).stem}-{_blocks}.png"
        plt.figure(number).savefig(folder / name)
        up = "../" * page.url.count("/")
        title = plt.figure(number).get_label() or page.title
        shown += f'\n<img src="{up}figures/{name}" alt="{title}">\n'
    plt.close("all")
    return shown


def run_python(code, names, where):
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(code, where, "exec"), names)  # noqa: S102: the guide's own code
    except Exception as error:
        raise PluginError(f"{where}:\n{code}\n{traceback.format_exc()}") from error
    return text_block(printed.getvalue())


def run_shell(code, where):
    result = subprocess.run(["bash", "-euo", "pipefail", "-c", code], cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        raise PluginError(f"{where}:\n{code}\n{result.stdout}{result.stderr}")
    return text_block(result.stdout)


def shown_file(language, path):
    return f"```{language}\n{(ROOT / path).read_text(encoding='utf-8')}```\n"


def option_tables():
    """A table for each kind that stein.h names at stein_options_describe."""
    import stein

    header = (ROOT / "include" / "stein.h").read_text(encoding="utf-8")
    kinds = re.findall(r'"(\w+)"', re.search(r" \* kind: (.*?)Another is", header, re.DOTALL)[1])
    out = []
    for kind in kinds:
        out += [f"## {kind}", "", "| option | default | allowed | meaning |", "|---|---|---|---|"]
        for option in stein.options(kind):
            choices = option.get("choices")
            least, most = option.get("minimum"), option.get("maximum")
            allowed = ", ".join(f"`{c}`" for c in choices) if choices else option["type"]
            allowed += "" if least is None else f", from {json.dumps(least)}"
            allowed += "" if most is None else f" to {json.dumps(most)}"
            default = json.dumps(option["default"]).strip('"')
            cells = (f"`{option['name']}`", f"`{default}`" if default not in ("", "null") else "", allowed, option["meaning"])
            out.append("| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in cells) + " |")
        out.append("")
    return "\n".join(out)


def on_config(config):
    sys.path.insert(0, str(pathlib.Path(__file__).parent))  # mixture.py
    return config


def on_page_markdown(markdown, page, config, files):
    names = {"__name__": "guide", "plt": plt}
    work = ROOT / "build" / "docs" / "work"
    work.mkdir(parents=True, exist_ok=True)

    def replaced(match):
        language, mark, code = match.groups()
        if mark.startswith("file="):
            return shown_file(language, mark[5:])
        where = f"{page.file.src_uri}, line {markdown[: match.start()].count(chr(10)) + 1}"
        block = f"```{language}\n{code}```\n"
        if language == "sh":
            return block + run_shell(code, where)
        return block + run_python(code, names, where) + figures(page, config)

    here = os.getcwd()
    os.chdir(work)
    try:
        with matplotlib.rc_context(PLOTS):
            markdown = FENCE.sub(replaced, markdown)
    finally:
        os.chdir(here)
    return markdown.replace("<!-- options -->", option_tables()) if "<!-- options -->" in markdown else markdown
