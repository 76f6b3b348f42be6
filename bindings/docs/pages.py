#!/usr/bin/env python3
"""What the guide prints is what its code did: runs the code of a page, for the build (conf.py) and for a test.

    ```python run            runs; the page shows the code, what it printed, and the pictures that it left open
    ```sh run                the same by bash, in the repository's top
    ```c file=PATH           shows a file of the repository
    <!-- options -->         becomes the tables of stein_options_describe

The Python of a page is a program: it runs as it is pasted, in an empty folder and with nothing imported before. A block that
raises or warns is an error.

    pages.py [PAGE...]       runs the Python of pages, all of them by default, and checks the width of their code
"""

import contextlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import traceback
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = pathlib.Path(__file__).resolve().parent / "guide"
FENCE = re.compile(r"^```(\w+) (run|file=\S+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
WIDTH = 78
PLOTS = {
    "figure.figsize": (7.2, 2.6), "figure.dpi": 110, "figure.constrained_layout.use": True, "axes.spines.top": False,
    "axes.spines.right": False, "image.cmap": "viridis", "font.size": 9,
}


class PageError(Exception):
    """Code of the guide that failed."""


class Shown:
    """Where a page's pictures go, and the HTML that shows them."""

    def __init__(self, folder, page, up):
        self.folder, self.page, self.up, self.count = folder, page, up, 0

    def figures(self):
        import matplotlib.pyplot as plt

        self.folder.mkdir(parents=True, exist_ok=True)
        html = ""
        for number in plt.get_fignums():
            self.count += 1
            name = f"{self.page}-{self.count}.png"
            figure = plt.figure(number)
            figure.savefig(self.folder / name, dpi=2 * figure.dpi)  # for screens of many pixels
            width = round(figure.get_figwidth() * figure.dpi)
            html += f'\n<img src="{self.up}figures/{name}" alt="" style="width: {width}px; max-width: 100%">\n'
        plt.close("all")
        return html


def output(text):
    return f"\n```text\n{text.rstrip()}\n```\n" if text.strip() else ""


def run_python(code, names, where):
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(code, where, "exec"), names)  # noqa: S102: the guide's own code
    except Exception as error:
        raise PageError(f"{where}:\n{code}\n{traceback.format_exc()}") from error
    return output(printed.getvalue())


def run_shell(code, where):
    result = subprocess.run(["bash", "-euo", "pipefail", "-c", code], cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        raise PageError(f"{where}:\n{code}\n{result.stdout}{result.stderr}")
    return output(result.stdout)


@contextlib.contextmanager
def empty_folder():
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def executed(markdown, name, shown):
    """A page whose blocks have run. They share their names; pages do not."""
    import matplotlib

    names = {"__name__": "__main__"}

    def replaced(match):
        language, mark, code = match.groups()
        if mark.startswith("file="):
            return f"```{language}\n{(ROOT / mark[5:]).read_text(encoding='utf-8')}```\n"
        where = f"{name}, line {markdown[: match.start()].count(chr(10)) + 1}"
        block = f"```{language}\n{code}```\n"
        if language == "sh":
            return block + run_shell(code, where)
        return block + run_python(code, names, where) + shown.figures()

    with empty_folder(), matplotlib.rc_context(PLOTS):
        markdown = FENCE.sub(replaced, markdown)
    return markdown.replace("<!-- options -->", option_tables()) if "<!-- options -->" in markdown else markdown


def option_tables():
    import options_page

    return options_page.markdown_sections(options_page.described())


def wide(markdown):
    """Lines of code that are too long, with the files that a page shows."""
    for language, mark, code in FENCE.findall(markdown):
        text = (ROOT / mark[5:]).read_text(encoding="utf-8") if mark.startswith("file=") else code
        yield from (line for line in text.splitlines() if len(line) > WIDTH)


def pasted(page):
    """Runs the Python of a page as a reader would: one program, in a folder of its own. None, or why it failed."""
    code = "\n".join(code for language, mark, code in FENCE.findall(page.read_text(encoding="utf-8")) if (language, mark) == ("python", "run"))
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "page.py").write_text(code, encoding="utf-8")
        command = [sys.executable, "-W", "error", "page.py"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "Agg"})
    return result.stderr if result.returncode else None


def main(arguments):
    passed, failed = 0, 0
    for page in [pathlib.Path(argument) for argument in arguments] or sorted(GUIDE.rglob("*.md")):
        start = time.monotonic()
        problems = [f"wider than {WIDTH}: {line}" for line in wide(page.read_text(encoding="utf-8"))]
        if (error := pasted(page)) is not None:
            problems.append(error)
        passed, failed = passed + (not problems), failed + bool(problems)
        print(f"{page.name}: {'FAILED' if problems else 'passed'}, {time.monotonic() - start:.0f} s", *problems, sep="\n  ", flush=True)
    print(f"guide: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
