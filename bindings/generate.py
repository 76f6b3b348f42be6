#!/usr/bin/env python3
"""Writes from include/stein.h, and from the library's option tables, what must follow them. Uses the clang of the Swift toolchain, so there is no parser of our own.

    generate.py exports FILE      the linker's version script
    generate.py python FILE       bindings/python/stein/_abi.py
    generate.py options FILE      bindings/python/stein/_kinds.py, from the option tables of the built library ($STEIN_LIBRARY or build/lib)
    generate.py swift FILE        Tests/ABIProbe/Signatures.swift, which the libffi tests call by
    generate.py interface FILE    Tests/ABI/interface.txt: every prototype, constant and layout, one a line
    generate.py gates FILE        Sources/CGate/gates.c: every export, which looks at the processor and goes on to its body in Swift
    generate.py bodies FILE       Sources/CStein/include/bodies.h: the names that the bodies have for the linker
    generate.py calls FILE        a program that makes every call, for processors that the library refuses (Tests/oldcpu.sh)
    generate.py witness FILE      a library in C with the header's functions, all empty, for abidiff
    generate.py check             compares the committed files with fresh ones
"""
import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ROOT / "include" / "stein.h"
COMMITTED = {
    "python": ROOT / "bindings" / "python" / "stein" / "_abi.py",
    "options": ROOT / "bindings" / "python" / "stein" / "_kinds.py",
    "swift": ROOT / "Tests" / "ABIProbe" / "Signatures.swift",
    "interface": ROOT / "Tests" / "ABI" / "interface.txt",
    "exports": ROOT / "Sources" / "CGate" / "exports.map",
    "gates": ROOT / "Sources" / "CGate" / "gates.c",
    "bodies": ROOT / "Sources" / "CStein" / "include" / "bodies.h",
}

CTYPES = {
    "int32_t": "c_int32", "uint32_t": "c_uint32", "int64_t": "c_int64", "uint64_t": "c_uint64",
    "double": "c_double", "uint8_t": "c_uint8", "uint16_t": "c_uint16", "stein_status": "c_int32",
    "int": "c_int32", "void": "None",
}


def declarations():
    command = ["clang", "-std=c11", "-fsyntax-only", "-Xclang", "-ast-dump=json", str(HEADER)]
    tree = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    nodes = [n for n in tree["inner"] if n.get("name", "").startswith("stein_") or n["kind"] == "EnumDecl"]
    functions = {
        n["name"]: n for n in nodes if n["kind"] == "FunctionDecl" and n.get("storageClass") != "static"
    }
    records = {n["name"]: n for n in nodes if n["kind"] == "RecordDecl" and n.get("completeDefinition")}
    typedefs = {n["name"]: n["type"]["qualType"] for n in nodes if n["kind"] == "TypedefDecl"}
    constants = {}
    for n in nodes:
        if n["kind"] == "EnumDecl":
            for c in n.get("inner", []):
                if c.get("name", "").startswith("STEIN_"):
                    constants[c["name"]] = int(c["inner"][0]["value"])
    return functions, records, typedefs, constants


FUNCTIONS, RECORDS, TYPEDEFS, CONSTANTS = declarations()


def parameters(function):
    return [p for p in function.get("inner", []) if p["kind"] == "ParmVarDecl"]


def result(function):
    return function["type"]["qualType"].split("(")[0].strip()


def ctype(text):
    text = text.replace("volatile ", "").strip()
    bare = text.replace("const ", "").replace("struct ", "").strip()
    if text == "const char *":
        return "c_char_p"
    if "(*)" in bare or "(*)" in TYPEDEFS.get(bare, ""):
        return "c_void_p"
    if bare.endswith("**"):
        return "POINTER(c_void_p)"
    if bare.endswith("*"):
        target = bare[:-1].strip()
        if target in RECORDS:
            return f"POINTER({target})"
        if target in CTYPES and target != "void":
            return f"POINTER({CTYPES[target]})"
        return "c_void_p"  # handles and buffers
    if bare in CTYPES:
        return CTYPES[bare]
    if bare in RECORDS:
        return bare
    if bare.startswith("char["):
        return f"c_char * {bare[5:-1]}"
    raise SystemExit(f"the interface has a type that its rules forbid: {text}")


def exports():
    names = "".join(f"    {name};\n" for name in sorted(FUNCTIONS))
    return "STEIN_0.1 {\n  global:\n" + names + "  local: *;\n};\n"


def python():
    lines = [
        '"""Generated from stein.h by bindings/generate.py; do not edit."""', "",
        "from ctypes import (", "    CDLL,", "    POINTER,", "    Structure,", "    c_char,", "    c_char_p,",
        "    c_double,", "    c_int32,", "    c_int64,", "    c_uint8,", "    c_uint16,", "    c_uint32,",
        "    c_uint64,", "    c_void_p,", ")", "from typing import Any", "",
    ]
    lines += [f"{name} = {value}" for name, value in CONSTANTS.items()]
    for name, record in RECORDS.items():
        lines += ["", "", f"class {name}(Structure):", "    _fields_ = ["]
        for field in record["inner"]:
            if field["kind"] == "FieldDecl":
                lines.append(f'        ("{field["name"]}", {ctype(field["type"]["qualType"])}),')
        lines.append("    ]")
    lines += ["", "", "PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {"]
    for name, function in FUNCTIONS.items():
        types = ", ".join(ctype(p["type"]["qualType"]) for p in parameters(function))
        lines.append(f'    "{name}": ({ctype(result(function))}, [{types}]),')
    lines += [
        "}", "", "", "def bind(library: CDLL) -> CDLL:", '    """Gives every function its types."""',
        "    for name, (result, arguments) in PROTOTYPES.items():",
        "        function = getattr(library, name)  # an AttributeError here: library and header differ",
        "        function.restype, function.argtypes = result, arguments", "    return library", "",
    ]
    return "\n".join(lines)


def swift():
    def kind(text):
        if "*" in text or "_fn" in text:
            return "pointer"
        return {"int32_t": "int32", "int64_t": "int64", "uint64_t": "uint64", "double": "double",
                "stein_status": "int32"}[text]

    lines = [
        "// swift-format-ignore-file", "// Generated from include/stein.h by bindings/generate.py; do not edit.", "",
        "/// How a value travels.", "enum CKind: Sendable {", "  case pointer", "  case int32", "  case int64",
        "  case uint64", "  case double", "}", "",
        "struct CParameter: Sendable {", "  let name: String", "  let type: String", "  let kind: CKind", "}", "",
        "struct CSignature: Sendable {", "  let name: String", "  let result: CKind",
        "  let parameters: [CParameter]", "}", "", "let signatures: [CSignature] = [",
    ]
    for name, function in FUNCTIONS.items():
        lines.append(f'  CSignature(name: "{name}", result: .{kind(result(function))}, parameters: [')
        for p in parameters(function):
            text = p["type"]["qualType"]
            lines.append(f'    CParameter(name: "{p["name"]}", type: "{text}", kind: .{kind(text)}),')
        lines.append("  ]),")
    lines += ["]", "", "/// The numbers of the header's constants.", "let headerConstants: [String: Int] = ["]
    lines += [f'  "{name}": {value},' for name, value in CONSTANTS.items()]
    lines += ["]", ""]
    return "\n".join(lines)


def prototype(name, function):
    text = ", ".join(f'{p["type"]["qualType"]} {p["name"]}' for p in parameters(function))
    return f"{result(function)} {name}({text or 'void'})"


def fields(record):
    return [f for f in record["inner"] if f["kind"] == "FieldDecl"]


def layouts():
    """Offset and size of every field, as the C compiler has them."""
    lines = []
    for name, record in RECORDS.items():
        lines.append(f'printf("struct {name}: %zu bytes\\n", sizeof({name}));')
        for field in fields(record):
            place = f'offsetof({name}, {field["name"]}), sizeof((({name} *)0)->{field["name"]})'
            lines.append(f'printf("  %zu %zu {field["type"]["qualType"]} {field["name"]}\\n", {place});')
    source = f'#include <stdio.h>\n#include "{HEADER}"\nint main(void) {{\n' + "\n".join(lines) + "\nreturn 0; }\n"
    with tempfile.TemporaryDirectory() as folder:
        program = str(pathlib.Path(folder) / "layouts")
        subprocess.run(["clang", "-std=c11", "-x", "c", "-", "-o", program], input=source, text=True, check=True)
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()


def interface():
    lines = ["# Generated from stein.h by bindings/generate.py. A line that changes or goes is a change of the interface."]
    lines += ["", "# Functions", *(prototype(name, function) for name, function in sorted(FUNCTIONS.items()))]
    lines += ["", "# Types", *(f"{name} = {text}" for name, text in sorted(TYPEDEFS.items()))]
    lines += ["", "# Constants", *(f"{name} = {value}" for name, value in CONSTANTS.items())]
    return "\n".join([*lines, "", "# Layouts: offset, size", *layouts(), ""])


def witness():
    lines = ['#include "stein.h"', ""]
    for name, function in FUNCTIONS.items():
        lines.append(prototype(name, function) + " {")
        lines += [f'  (void){p["name"]};' for p in parameters(function)]
        lines += ["  return 0;", "}"]
    return "\n".join([*lines, ""])


def gated():
    """The functions that have a status: the others answer on every processor."""
    return {name: function for name, function in FUNCTIONS.items() if result(function) == "stein_status"}


def bodies():
    lines = ["/* Generated from stein.h by bindings/generate.py; do not edit. */"]
    return "\n".join([*lines, *(f"#pragma redefine_extname {name} {name}_body" for name in gated()), ""])


def gates():
    lines = ["/* Generated from stein.h by bindings/generate.py; do not edit. */", '#include "gate.h"']
    for name, function in gated().items():
        given = parameters(function)
        names = [p["name"] for p in given]
        taken = [f'gate_release({p["name"]}, user)' for p in given if p["type"]["qualType"] == "stein_release_fn"]
        taken += [f'gate_release_stream({p["name"]})' for p in given if "ArrowArrayStream" in p["type"]["qualType"]]
        refusal = "gate_refuse(error)" if "error" in names else f"gate_refuse_free({names[0]})"
        lines += [
            "", f"GATE_HIDDEN extern __typeof__({name}) {name}_body;", prototype(name, function) + " {",
            f"  if (!gate_open()) return {', '.join([*taken, refusal])};", f"  return {name}_body({', '.join(names)});", "}",
        ]
    return "\n".join([*lines, ""])


def calls():
    """Every function that has a status, with what a caller would give and with NULL and 0."""
    lines = []

    def plausible(p):
        text = p["type"]["qualType"]
        bare = text.replace("const ", "").replace("struct ", "").strip()
        if text == "stein_error *":
            return "&error"
        if text == "stein_release_fn":
            return "released"
        if bare == "ArrowArrayStream *":
            return "stream()"
        if bare in ("stein_tensor *", "stein_monitor *", "stein_allocator *"):
            return {"stein_tensor *": "&tensor", "stein_monitor *": "&monitor", "stein_allocator *": "&allocator"}[bare]
        if text == "const char *":
            return '"steps=3"'
        if "(*)" in bare or "(*)" in TYPEDEFS.get(bare, ""):
            return f"({text})callback"
        if bare.endswith("**") or bare.startswith(("stein_", "void")):
            return f"({text}){'outputs' if bare.endswith('**') or text == 'void *' else 'handle'}"
        if bare.endswith("*"):
            return f"({text}){'numbers' if text.startswith('const') else 'outputs'}"
        return "1"

    for name, function in gated().items():
        given = parameters(function)
        free = name.endswith("_free")
        kinds = [p["type"]["qualType"] for p in given]
        taken = int("stein_release_fn" in kinds) + int(any("ArrowArrayStream" in kind for kind in kinds))
        arguments = ", ".join(plausible(p) for p in given)
        nothing = ["0" if p["type"]["qualType"] != "stein_error *" else "&error" for p in given]
        lines.append(f'  CALL("{name}", {name}({arguments}), {"STEIN_BAD_HANDLE" if free else "STEIN_UNSUPPORTED"}, {int(not free)}, {taken});')
        lines.append(f'  CALL("{name} of nothing", {name}({", ".join(nothing)}), {"STEIN_OK" if free else "STEIN_UNSUPPORTED"}, {int(not free)}, 0);')
        if not free:
            lines.append(f'  CALL("{name} without an error", {name}({", ".join(["0"] * len(given))}), STEIN_UNSUPPORTED, 0, 0);')
    return "\n".join(lines) + "\n"


# Which Python call takes which kind's options, and the names that are parameters of their own there.
OPTION_CLASSES = {
    "ContextOptions": ("stein.Context", ["context"], set()),
    "FileOptions": ("stein.Dataset.open", ["dataset"], set()),
    "ModelOptions": ("stein.Model and stein.Graph.model", ["model"], {"family", "output"}),
    "NodeOptions": ("stein.Graph.node", ["graph"], set()),
    "TrainerOptions": ("stein.Trainer", ["trainer"], set()),
    "FitOptions": ("stein.fit: of the model, then of the trainer", ["model", "trainer"], {"family", "output"}),
    "SamplerOptions": ("Model.sample", ["sampler"], set()),
    "ImputeOptions": ("Model.impute and Model.sample_posterior", ["impute"], set()),
    "EncodeOptions": ("Model.encode", ["encode"], set()),
    "DecodeOptions": ("Model.decode", ["decode"], set()),
    "LikelihoodOptions": ("Model.log_likelihood", ["log_likelihood"], set()),
    "LossOptions": ("Model.loss and Model.losses", ["loss"], set()),
    "DenoisingOptions": ("Model.denoise_error", ["denoising"], set()),
    "ImportOptions": ("Model.import_weights", ["import_weights"], set()),
    "ChainsOptions": ("stein.Chains", ["chains"], set()),
    "KernelSteinOptions": ("stein.kernel_stein_discrepancy", ["kernel_stein_discrepancy"], set()),
    "WassersteinOptions": ("stein.sliced_wasserstein", ["sliced_wasserstein"], set()),
    "MeanDiscrepancyOptions": ("stein.maximum_mean_discrepancy", ["maximum_mean_discrepancy"], set()),
}
OPTION_TYPES = {
    "integer": "int", "number": "float", "flag": "bool", "text": "str", "texts": "Sequence[str] | str",
    "integers": "Sequence[int] | NDArray[Any] | int", "numbers": "Sequence[float] | NDArray[Any] | float",
}


def described(kind):
    """The option table of one kind, from the built library."""
    path = os.environ.get("STEIN_LIBRARY", ROOT / "build" / "lib" / "libstein.so")
    library = ctypes.CDLL(str(path))
    needed = ctypes.c_uint64()
    buffer = ctypes.create_string_buffer(1 << 20)
    library.stein_options_describe.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p]
    if library.stein_options_describe(kind.encode(), buffer, len(buffer), ctypes.byref(needed), None):
        raise SystemExit(f"no options of {kind}")
    return json.loads(buffer.value)


def option_type(option):
    if option["type"] == "choice":
        kind = "Literal[" + ", ".join(f'"{c}"' for c in option["choices"]) + "]"
        return kind + (" | bool" if "true" in option["choices"] else "")
    return OPTION_TYPES[option["type"]] + (' | Literal["auto"]' if option["default"] == "auto" else "")


def option_lines(option):
    """Two lines or more of a docstring: name, type, range and default; then the meaning."""
    kind = " | ".join(option["choices"]) if option["type"] == "choice" else option["type"]
    low, high = option.get("minimum"), option.get("maximum")
    plain = str if option["type"].startswith("integer") else "{:g}".format
    reach = "" if low is None else f" in [{plain(low)}, {plain(high)}]"
    default = option["default"] or "none"
    head = f"{option['name']} : {kind}{reach}, default {default}".replace("\\", "\\\\")
    wrapped = textwrap.wrap(head, 116, initial_indent="    ", subsequent_indent="            ")
    return wrapped + textwrap.wrap(
        option["meaning"].replace("\\", "\\\\"), 116, initial_indent="        ", subsequent_indent="        "
    )


def options():
    lines = [
        '"""Generated from the library\'s option tables by bindings/generate.py; do not edit."""', "",
        "from __future__ import annotations", "", "from typing import Any, Literal, Sequence, TypedDict", "",
        "from numpy.typing import NDArray", "",
    ]
    for name, (taker, kinds, taken) in OPTION_CLASSES.items():
        table = {}
        for kind in kinds:
            for option in described(kind):
                if option["name"] in table:  # one name, one value for both: the meanings together
                    first = table[option["name"]]
                    if option_type(first) != option_type(option):
                        raise SystemExit(f"{option['name']} differs among {kinds}")
                    first["meaning"] += "; " + option["meaning"][0].lower() + option["meaning"][1:]
                elif option["name"] not in taken:
                    table[option["name"]] = dict(option)
        lines += ["", f"class {name}(TypedDict, total=False):", f'    """Options of {taker}.', ""]
        for option in table.values():
            lines += option_lines(option)
        lines += ['    """', ""]
        lines += [f"    {option['name']}: {option_type(option)} | None" for option in table.values()]
        lines.append("")
    return "\n".join(lines)


MAKERS = {
    "exports": exports, "python": python, "options": options, "swift": swift, "interface": interface, "witness": witness,
    "gates": gates, "bodies": bodies, "calls": calls,
}

if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        stale = [str(path) for what, path in COMMITTED.items() if path.read_text() != MAKERS[what]()]
        if stale:
            raise SystemExit("not what the header and the library give, run make generate: " + ", ".join(stale))
        print(f"generated files follow the header: {len(FUNCTIONS)} functions, {len(CONSTANTS)} constants")
    else:
        path, text = pathlib.Path(sys.argv[2]), MAKERS[sys.argv[1]]()
        if not path.exists() or path.read_text() != text:  # what is the same keeps its date, and is not built again
            path.write_text(text)
