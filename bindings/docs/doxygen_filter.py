"""Gives Doxygen stein.h with its comments in Doxygen's marks; the header itself stays plain C that reads as a manual.   doxygen_filter.py FILE

A section's rule becomes a group, a comment before a declaration or behind a field its documentation, indented lines stay as they lie, and a
function without a comment of its own says which one describes it.
"""

import re
import sys

COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
FUNCTION = re.compile(r"^STEIN_API .*?\b(stein_\w+)\(", re.DOTALL)


def escaped(text):
    """Text that Doxygen prints as it is."""
    text = re.sub(r"^\*", "&lowast;", re.sub(r"([\\@<>&#%$])", r"\\\1", text))
    text = re.sub(r"^([A-Z][A-Z ]{4,})([. ])", r"<b>\1</b>\2", text)  # a section of the first comment
    return re.sub(r"`([^`]+)`", r"<tt>\1</tt>", text)


def body(text):
    """Paragraphs; rules (R1 ...) each one of its own; what is indented, with its blank lines, verbatim."""
    lines = [re.sub(r"^ \*? ?", "", line).rstrip() for line in text.strip().split("\n")]
    out, shown = [], False
    for line in lines:
        rule = re.match(r" +(R\d+) +(.*)", line)
        own = line.startswith("  ") and not rule and not (out and out[-1].startswith("\\par R"))
        if rule:
            line = f"\\par R{rule[1][1:]}\n{escaped(rule[2])}"
        elif own and not shown:
            out.append("\\verbatim")
        elif shown and not own and line:
            out.append("\\endverbatim")
        shown = own or (shown and not line)
        out.append(line if shown or rule else escaped(line.strip()) if line else "")
    if shown:
        out.append("\\endverbatim")
    return "\n".join(out)


def rules(text):
    """A rule goes on over the lines that are indented more."""
    head, mark, tail = text.partition("\n * RULES")
    return head + mark + re.sub(r"\n \*      +", " ", tail)


def converted(source):
    documented, opened, first = None, False, True

    def comment(match):
        nonlocal opened, first
        text = match[1]
        if section := re.fullmatch(r" -+ (.*?) -+ ?", text, re.DOTALL):
            title = section[1].split(":")[0].split(", header only")[0]
            name = re.sub(r"\W+", "_", title.lower()).strip("_")
            closing = "/** \\} */\n" if opened else ""
            opened = True
            return f"{closing}/** \\defgroup {name} {escaped(title)}\n{escaped(section[1])} \\{{ */\n"
        if first:
            first = False
            return f"/** \\file stein.h\nThe whole interface. */\n/** \\mainpage stein.h\n{body(rules(text))}\n*/"
        line = source[source.rfind("\n", 0, match.start()) + 1 : match.start()]
        mark = "/**<" if line.strip() else "/**"
        if text.strip().startswith("STEIN_H") or re.fullmatch(r" \dxx: .*", text):
            return match[0]
        return f"{mark} {body(text)} */"

    text = COMMENT.sub(comment, source)
    blocks = re.split(r"(?m)^(?=STEIN_API )", text)
    for k in range(1, len(blocks)):
        name = FUNCTION.match(blocks[k])[1]
        if blocks[k - 1].rstrip().endswith("*/") and not blocks[k - 1].rstrip().endswith("\\{ */"):
            documented = name
        elif name.endswith("_free"):
            blocks[k] = "/** Frees it: NULL is accepted, and any order (R6). */\n" + blocks[k]
        else:
            blocks[k] = f"/** Described with {documented}(). */\n" + blocks[k]
    text = "".join(blocks)
    return text.replace("#ifdef __cplusplus\n}", "/** \\} */\n#ifdef __cplusplus\n}") if opened else text


if __name__ == "__main__":
    sys.stdout.write(converted(open(sys.argv[1], encoding="utf-8").read()))
