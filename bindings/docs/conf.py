"""The guide by Sphinx, MyST and Furo: plain Markdown, whose code is run while the pages are built (pages.py)."""

import logging
import os
import pathlib
import re
import sys

import matplotlib
import sphinx.util.logging

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # pages.py, options_page.py
matplotlib.use("Agg")
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import pages  # noqa: E402

project = "Stein"
html_title = "Stein"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["guide.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False

# The order of the pages, which Markdown alone does not have.
CHAPTERS = {
    "Tutorial": ["score", "fisher", "exact", "sliced", "denoising", "levels", "langevin", "diffusion"],
    "Tasks": ["tables", "anomalies", "imputation", "pictures", "mcmc", "embedding", "distributed"],
    "Reference": ["options", "faq"],
}


def contents():
    """The table of contents, at the end of the first page."""
    text = ""
    for chapter, names in CHAPTERS.items():
        folder = "" if chapter == "Reference" else chapter.lower() + "/"
        listed = "\n".join(folder + name for name in names)
        text += f"\n```{{toctree}}\n:hidden:\n:caption: {chapter}\n\n{listed}\n```\n"
    return text


def read(app, name, source):
    """Replaces the code of a page by the code and what it printed and drew."""
    page = re.sub(r"\W+", "-", name)
    shown = pages.Shown(pathlib.Path(app.outdir) / "figures", page, "../" * name.count("/"))
    try:
        source[0] = pages.executed(source[0], name, shown)
    except pages.PageError as error:
        sphinx.util.logging.getLogger(__name__).warning("%s", error)
    source[0] += contents() if name == "index" else ""


def setup(app):
    os.environ.setdefault("PYTHONHASHSEED", "0")
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
