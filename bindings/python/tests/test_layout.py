"""ctypes against the compiler: sizes and offsets of every struct of the header (R13), and DLPack's tensor."""

import ctypes
import pathlib
import subprocess

import stein
from stein import _abi


def test_layouts_agree(tmp_path):
    root = pathlib.Path(stein.__file__).resolve().parents[3]
    structs = {n: c for n, c in vars(_abi).items() if isinstance(c, type) and issubclass(c, ctypes.Structure) and n != "Structure"}
    lines, expected = [], []
    for name, struct in structs.items():
        lines.append(f'printf("%zu\\n", sizeof(struct {name}));')
        expected.append(ctypes.sizeof(struct))
        for field, *_ in struct._fields_:
            lines.append(f'printf("%zu\\n", offsetof(struct {name}, {field}));')
            expected.append(getattr(struct, field).offset)
    source = tmp_path / "layout.c"
    source.write_text('#include <stdio.h>\n#include "stein.h"\nint main(void) {' + "".join(lines) + "}\n")
    program = tmp_path / "layout"
    subprocess.run(["cc", f"-I{root}/include", str(source), "-o", str(program)], check=True)
    found = [int(line) for line in subprocess.run([program], capture_output=True, text=True).stdout.split()]
    assert found == expected and len(structs) == 6


def test_tensor_is_dlpacks():
    """DLTensor of dlpack.h: data 0, device 8, ndim 16, dtype 20, shape 24, strides 32, byte_offset 40, 48 bytes."""
    tensor = _abi.stein_tensor
    offsets = [tensor.data.offset, tensor.device.offset, tensor.ndim.offset, tensor.dtype.offset, tensor.shape.offset,
               tensor.strides.offset, tensor.byte_offset.offset, ctypes.sizeof(tensor)]
    assert offsets == [0, 8, 16, 20, 24, 32, 40, 48]


def test_statuses_have_the_names_of_the_header():
    for name, value in vars(_abi).items():
        if name.startswith("STEIN_"):
            assert stein.core.library.stein_status_name(value).decode() == name
