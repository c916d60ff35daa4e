"""What several test files need: arrays in every layout, and processes of their own."""

import inspect
import os
import subprocess
import sys
import textwrap

import numpy as np

import zfp_wgpu

DTYPES = [np.int32, np.int64, np.float32, np.float64]
# One mode of each kind that every type can be compressed in.
MODES = [{}, {"rate": 8.0}, {"precision": 13}, {"tolerance": 1e-3}]


def ids(value):
    """A test's name for a parameter."""
    if isinstance(value, dict):
        return "-".join(f"{k}={v}" for k, v in value.items()) or "reversible"
    return getattr(value, "__name__", None)


def smooth(shape, dtype):
    """Values as of a measured field: a wave, a slope and a little noise."""
    noise = np.random.default_rng(len(shape)).standard_normal(shape)
    axes = np.meshgrid(*(np.linspace(0, 3, n) for n in shape), indexing="ij", sparse=True)
    values = sum(np.sin((i + 2) * axis) + i * axis for i, axis in enumerate(axes)) + 0.01 * noise
    return (values * 1000).astype(dtype) if np.dtype(dtype).kind == "i" else values.astype(dtype)


def laid_out(values, order=None, steps=None):
    """A view equal to `values`, whose memory has the axes in `order` (slowest first) and
    takes a step along each axis (2: with gaps, -1: backwards)."""
    order = order or range(values.ndim)
    steps = steps or (1,) * values.ndim
    room = np.empty([values.shape[axis] * abs(steps[axis]) for axis in order], values.dtype)
    # Gaps hold what would be seen if it were read.
    room.view(np.uint8).fill(0xA5)
    view = room.transpose(np.argsort(order))[tuple(slice(None, None, step) for step in steps)]
    view[...] = values
    return view


# How an array of any number of axes can lie in memory.
LAYOUTS = {
    "C": lambda a: laid_out(a),
    "Fortran": lambda a: laid_out(a, order=range(a.ndim)[::-1]),
    "rotated": lambda a: laid_out(a, order=[*range(1, a.ndim), 0]),
    "backwards": lambda a: laid_out(a, steps=(-1,) * a.ndim),
    "gaps": lambda a: laid_out(a, steps=(2, 3, 1, 2)[: a.ndim]),
    "mixed": lambda a: laid_out(a, order=range(a.ndim)[::-1], steps=(-2, 1, -1, 3)[: a.ndim]),
}


# Views that any library of arrays of two axes has.
VIEWS = {
    "whole": lambda a: a,
    "transposed": lambda a: a.T,
    "steps": lambda a: a[::2, 1::3],
    "repeated": lambda a: a[:, :1] + 0 * a[:1],
}


def same_bits(a, b):
    """Equal in type, shape and every bit, NaN and -0.0 included."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def outcome(function, *args, **kwargs):
    """What a call gives, or the class of its exception."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return type(error)


def in_child(case, *args, timeout=100, warnings="error", environment=None):
    """Runs a function in an interpreter of its own, where a crash or a hang is seen and
    memory can be measured, and returns what it prints. The function's text is all that
    the other process has: it imports what it needs."""
    code = f"{textwrap.dedent(inspect.getsource(case))}\n{case.__name__}(*{args!r})\n"
    done = subprocess.run(
        [sys.executable, "-P", "-W", warnings, "-c", code],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def ztype(array):
    return zfp_wgpu.dtype_to_ztype(array.dtype)
