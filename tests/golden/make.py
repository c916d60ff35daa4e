"""Writes streams of LLNL's zfp, for golden.rs to compare with.

Run it where zfpy 1.0.1 (from PyPI) and numpy are installed:

    python tests/golden/make.py

It adds what is missing. It never changes what is there: if a stream or a row of
manifest.tsv would come out otherwise, it says so and writes nothing at all.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import zfpy

HERE = Path(__file__).parent
MANIFEST = HERE / "manifest.tsv"
COLUMNS = ["name", "type", "shape", "data", "mode", "parameter", "header", "fnv1a"]
MASK = (1 << 64) - 1


def hashed(number):
    """A 64-bit number that looks like chance (the finalizer of SplitMix64)."""
    z = (number + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def integer(data, number, index):
    """An integer of at most 21 bits and a sign."""
    chance = hashed(number)
    noise = (chance >> 43) - (1 << 20)
    if data == "smooth":
        return 1000 + sum((3 + axis) * p * p - (40 + 7 * axis) * p for axis, p in enumerate(index))
    if data == "sparse":
        return noise if chance % 8 == 0 else 0
    return noise


def value(scalar, data, number, index):
    """The value at an index: the integer above times a power of two, which is exact."""
    q = integer(data, number, index)
    if scalar == "i32":
        return q << 8
    if scalar == "i64":
        return q << 39
    exponent = hashed(number) % 16 - 8 if data == "noise" else -5
    return q * 2.0**exponent


def array(scalar, data, shape):
    values = [value(scalar, data, n, index) for n, index in enumerate(np.ndindex(*shape))]
    dtype = {"i32": "<i4", "i64": "<i8", "f32": "<f4", "f64": "<f8"}[scalar]
    return np.array(values, dtype=dtype).reshape(shape)


def fnv1a(data):
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = (digest ^ byte) * 0x100000001B3 & MASK
    return digest


def cases():
    shapes = [(37,), (9, 14), (5, 7, 6), (3, 5, 4, 6)]
    # Rates of whole and of broken bits; the last one needs the long header.
    rates = [("8", "13.5"), ("2.5", "9"), ("1.25", "8"), ("0.75", "10")]
    number = 0
    for scalar in ("i32", "i64", "f32", "f64"):
        for shape, (low, high) in zip(shapes, rates):
            modes = [("rate", low), ("rate", high), ("precision", "17"), ("reversible", "")]
            if scalar[0] == "f":
                modes.append(("accuracy", "0.01"))
            for mode, parameter in modes:
                data = ("smooth", "noise", "sparse")[number % 3]
                yield scalar, shape, data, mode, parameter, number % 4 != 1
                number += 1
        for shape in (1,), (1, 5), (4, 1, 3), (2, 1, 1, 2):
            yield scalar, shape, "noise", "reversible", "", True
        yield scalar, (6, 6), "noise", "precision", "64", True
    for scalar in ("f32", "f64"):
        yield scalar, (6, 6), "noise", "accuracy", "0.0", True
        yield scalar, (40,), "noise", "accuracy", "1000000.0", True


def make(scalar, shape, data, mode, parameter, header):
    """A row of the manifest, and the stream."""
    values = array(scalar, data, shape)
    options = {
        "rate": lambda: {"rate": float(parameter)},
        "precision": lambda: {"precision": int(parameter)},
        "accuracy": lambda: {"tolerance": float(parameter)},
        "reversible": dict,
    }[mode]()
    stream = zfpy.compress_numpy(values, write_header=header, **options)
    if header:
        decoded = zfpy.decompress_numpy(stream)
    else:
        decoded = zfpy._decompress(stream, zfpy.dtype_to_ztype(values.dtype), shape, **options)
    assert decoded.shape == shape and decoded.dtype == values.dtype
    assert mode != "reversible" or decoded.tobytes() == values.tobytes()
    size = "x".join(map(str, shape))
    word = "header" if header else "bare"
    name = "-".join(filter(None, [scalar, size, data, mode, parameter, word])) + ".zfp"
    row = [name, scalar, size, data, mode, parameter, word, f"{fnv1a(decoded.tobytes()):016x}"]
    return row, stream


def main():
    assert version("zfpy") == "1.0.1", version("zfpy")
    old = {}
    if MANIFEST.exists():
        for line in MANIFEST.read_text().splitlines()[1:]:
            old[line.split("\t")[0]] = line
    rows, streams, changed = dict(old), {}, []
    for case in cases():
        row, stream = make(*case)
        name, line, path = row[0], "\t".join(row), HERE / row[0]
        if old.get(name, line) != line or path.exists() and path.read_bytes() != stream:
            changed.append(name)
        assert streams.get(name, stream) == stream, name
        rows[name] = line
        streams[name] = stream
    if changed:
        sys.exit("these would change, and must not: " + ", ".join(changed))
    for name, stream in streams.items():
        (HERE / name).write_bytes(stream)
    MANIFEST.write_text("\n".join(["\t".join(COLUMNS), *rows.values()]) + "\n")
    print(f"{len(rows) - len(old)} streams added, {len(old)} as they were")


if __name__ == "__main__":
    main()
