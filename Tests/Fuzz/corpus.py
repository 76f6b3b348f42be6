#!/usr/bin/env python3
"""Inputs as lines of one file, and as the files of a folder that libFuzzer wants.

    corpus.py unpack inputs.txt FOLDER
    corpus.py pack FOLDER inputs.txt     replaces all before the first line with #; found inputs stand below
"""
import hashlib
import pathlib
import sys

command, source, target = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
if command == "unpack":
    target.mkdir(parents=True, exist_ok=True)
    for line in source.read_text().splitlines():
        if not line.startswith("#"):
            data = bytes.fromhex(line)
            (target / hashlib.sha1(data).hexdigest()).write_bytes(data)
else:
    lines = target.read_text().splitlines() if target.exists() else []
    found = next((i for i, line in enumerate(lines) if line.startswith("#")), len(lines))
    inputs = sorted((p.read_bytes() for p in source.iterdir()), key=lambda data: (len(data), data))
    target.write_text("\n".join([data.hex() for data in inputs if data] + lines[found:]) + "\n")
