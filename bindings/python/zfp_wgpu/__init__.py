"""zfp compression of NumPy arrays, byte-identical with the reference.

``import zfp_wgpu as zfpy`` is the whole migration from zfpy: every public name of zfpy
1.0.1 is here, with the same arguments, results and exceptions. What differs, differs
because zfpy crashes, loses data or answers wrongly; the package's documentation lists
each case.

>>> import numpy as np
>>> import zfp_wgpu as zfpy
>>> a = np.arange(1000.0).reshape(10, 10, 10)
>>> len(zfpy.compress_numpy(a, rate=8))
1744
"""

import operator as _operator
import sys as _sys

import numpy as _np

from ._devices import DeviceInfo, Run, Seconds, devices, last_run
from ._estimate import Estimate, estimate, suggest
from ._native import (
    Index,
    __version__,
    _decompress,
    compress_batch,
    compress_indexed,
    compress_numpy,
    decompress_batch,
    decompress_numpy,
    read_header as _read_header,
)
from ._parts import decompress_region
from ._types import demote, promote

__all__ = [
    "DeviceInfo",
    "Estimate",
    "HEADER_FULL",
    "HEADER_MAGIC",
    "HEADER_META",
    "HEADER_MODE",
    "Index",
    "Run",
    "Seconds",
    "compress_batch",
    "compress_indexed",
    "compress_numpy",
    "decompress_batch",
    "decompress_numpy",
    "decompress_region",
    "demote",
    "devices",
    "dtype_to_format",
    "dtype_to_ztype",
    "estimate",
    "header",
    "install_as_zfpy",
    "last_run",
    "mode_expert",
    "mode_fixed_accuracy",
    "mode_fixed_precision",
    "mode_fixed_rate",
    "mode_null",
    "mode_reversible",
    "promote",
    "suggest",
    "type_double",
    "type_float",
    "type_int32",
    "type_int64",
    "type_none",
    "zfp_mode_map",
    "zfp_to_dtype_map",
    "zmode_to_str",
    "ztype_to_dtype",
]

# Parts of a header, as bits (zfp.h: ZFP_HEADER_*).
HEADER_MAGIC = 1
HEADER_META = 2
HEADER_MODE = 4
HEADER_FULL = 7

# Types of values (zfp.h: zfp_type).
type_none = 0
type_int32 = 1
type_int64 = 2
type_float = 3
type_double = 4

# Modes (zfp.h: zfp_mode).
mode_null = 0
mode_expert = 1
mode_fixed_rate = 2
mode_fixed_precision = 3
mode_fixed_accuracy = 4
mode_reversible = 5

zfp_to_dtype_map = {
    type_int32: _np.int32,
    type_int64: _np.int64,
    type_float: _np.float32,
    type_double: _np.float64,
}

zfp_mode_map = {
    mode_null: "null",
    mode_expert: "expert",
    mode_reversible: "reversible",
    mode_fixed_accuracy: "tolerance",
    mode_fixed_precision: "precision",
    mode_fixed_rate: "rate",
}

# Format characters of the standard library's `array` and `struct`.
_formats = {type_int32: "i", type_int64: "q", type_float: "f", type_double: "d"}


def dtype_to_ztype(dtype):
    """zfp's type code for a NumPy dtype; TypeError if zfp has none.

    >>> dtype_to_ztype(np.dtype("float32")) == type_float
    True
    """
    for ztype, scalar in zfp_to_dtype_map.items():
        if dtype == scalar:
            return ztype
    raise TypeError(f"Unknown dtype: {dtype}")


def dtype_to_format(dtype):
    """The buffer protocol's format character for a NumPy dtype; TypeError if zfp has none.

    >>> dtype_to_format(np.dtype("int64"))
    'q'
    """
    return _formats[dtype_to_ztype(dtype)]


def ztype_to_dtype(ztype):
    """The NumPy scalar type for zfp's type code; ValueError if there is none,
    TypeError if it is no integer.

    >>> ztype_to_dtype(type_double)
    <class 'numpy.float64'>
    """
    if ztype not in zfp_to_dtype_map:
        # `index` is the TypeError of what is no integer.
        raise ValueError(f"Unsupported zfp_type {_operator.index(ztype)}")
    return zfp_to_dtype_map[ztype]


def zmode_to_str(zmode):
    """The name of a mode, as `header` gives it; ValueError if there is none,
    TypeError if it is no integer.

    >>> zmode_to_str(mode_fixed_rate)
    'rate'
    """
    if zmode not in zfp_mode_map:
        # `index` is the TypeError of what is no integer.
        raise ValueError(f"Unsupported zfp_mode {_operator.index(zmode)}")
    return zfp_mode_map[zmode]


def header(compressed_data):
    """What a stream's header says, without decompressing it.

    Parameters
    ----------
    compressed_data : bytes-like
        A stream, or at least its first 19 bytes.

    Returns
    -------
    dict
        ``nx``, ``ny``, ``nz``, ``nw`` : sizes, x being the array's last axis; 0 for
        axes that are absent.
        ``type`` : NumPy scalar type. ``mode`` : name of the mode.
        ``config`` : ``mode`` (code), ``tolerance``, ``rate``, ``precision`` (0 unless
        the mode is theirs), and ``expert``: ``minbits``, ``maxbits``, ``maxprec``,
        ``minexp``.

    Raises
    ------
    TypeError
        `compressed_data` is not bytes-like.
    ValueError
        There is no valid header.

    Examples
    --------
    >>> h = header(compress_numpy(np.zeros((4, 5), np.float32), rate=8))
    >>> h["nx"], h["ny"], h["mode"], h["config"]["rate"]
    (5, 4, 'rate', 8.0)
    """
    fields = _read_header(compressed_data)
    nx, ny, nz, nw = (fields["shape"][::-1] + [0, 0, 0])[:4]
    return {
        "nx": nx,
        "ny": ny,
        "nz": nz,
        "nw": nw,
        "type": ztype_to_dtype(fields["type"]),
        "mode": zmode_to_str(fields["mode"]),
        "config": {
            "mode": fields["mode"],
            "tolerance": fields["tolerance"],
            "rate": fields["rate"],
            "precision": fields["precision"],
            "expert": {
                name: fields[name] for name in ("minbits", "maxbits", "maxprec", "minexp")
            },
        },
    }


def install_as_zfpy():
    """Make ``import zfpy`` give this package, from now on and in the whole process.

    For libraries that import zfpy themselves. Call it before they do; modules that hold
    the real zfpy already keep it. Where zfpy is not installed, its version is answered
    for too (1.0.1, whose functions these are), since numcodecs asks for that first.

    >>> install_as_zfpy()
    >>> import zfpy
    >>> zfpy.__name__
    'zfp_wgpu'
    """
    from ._as_zfpy import answer_for_version

    _sys.modules["zfpy"] = _sys.modules[__name__]
    answer_for_version()
