"""Types that zfp does not know, as those that it does, and back."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["demote", "promote"]

_KNOWN = tuple(np.dtype(name) for name in ("int32", "int64", "float32", "float64"))
# Unsigned integers that are as wide as zfp's own, and the type that stands for them.
_WIDE: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype("uint32"): np.dtype("int32"),
    np.dtype("uint64"): np.dtype("int64"),
}


def _shift(dtype: np.dtype[Any]) -> int:
    """How far up a narrow integer goes: zfp wants its values below 2**30."""
    return 31 - 8 * dtype.itemsize


def promoted_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type, one of zfp's four, that `promote` makes of this one; TypeError if none."""
    dtype = dtype.newbyteorder("=")
    if dtype in _KNOWN:
        return dtype
    if dtype in _WIDE:
        return _WIDE[dtype]
    if dtype.kind in "iu" and dtype.itemsize < 4:
        return np.dtype("int32")
    if dtype == np.float16:
        return np.dtype("float32")
    if dtype.kind in "mM":
        return np.dtype("int64")
    raise TypeError(f"Unknown dtype: {dtype}, which no type of zfp can stand for")


def promote(arr: NDArray[Any]) -> NDArray[Any]:
    """An array of a type that zfp does not know, in one that it does.

    For `compress_numpy`, which by itself takes no type that zfpy refuses. After
    decompression, `demote` leads back.

    Parameters
    ----------
    arr : numpy.ndarray
        Values of any of these types, in any byte order:

        ===================  =======  ====================================================
        type                 becomes
        ===================  =======  ====================================================
        int8, int16          int32    shifted up to 31 bits, as zfp's own `zfp_promote_*`
                                      does, so that precisions count from the top
        uint8, uint16        int32    the same, after their middle was subtracted
        uint32, uint64       int32,   as they are
                             int64
        float16              float32  as they are
        datetime64,          int64    as they are, in their unit
        timedelta64
        zfp's own four       the same
        ===================  =======  ====================================================

    Returns
    -------
    numpy.ndarray
        `arr` itself if there is nothing to do.

    Raises
    ------
    TypeError
        A type that none of zfp's can stand for.
    ValueError
        An unsigned integer beyond the largest signed one.

    Examples
    --------
    >>> a = np.arange(-8, 8, dtype=np.int16).reshape(4, 4)
    >>> stream = compress_numpy(promote(a))
    >>> bool((demote(decompress_numpy(stream), np.int16) == a).all())
    True
    """
    arr = np.asanyarray(arr)
    wanted = promoted_dtype(arr.dtype)
    if arr.dtype in _KNOWN and arr.dtype.isnative:
        return arr
    native = arr.astype(arr.dtype.newbyteorder("="), copy=False)
    dtype = native.dtype
    if dtype in _WIDE:
        if native.size and int(native.max()) > np.iinfo(wanted).max:
            raise ValueError(
                f"{dtype} {native.max()} is above {np.iinfo(wanted).max}, zfp's largest integer"
            )
        return native.astype(wanted)
    if dtype.kind in "mM":
        return native.view(np.int64)
    if dtype.kind in "iu" and dtype not in _KNOWN:
        wide = native.astype(wanted)
        if dtype.kind == "u":
            wide -= 1 << (8 * dtype.itemsize - 1)
        wide <<= _shift(dtype)
        return wide
    return native.astype(wanted, copy=False)


def demote(arr: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """The values that `promote` had made of an array of type `dtype`.

    Parameters
    ----------
    arr : numpy.ndarray
        Decompressed values, of the type that `promote` makes of `dtype`.
    dtype : data-type
        The type before. Integers that lossy compression led out of its range become the
        nearest that are in it.

    Returns
    -------
    numpy.ndarray
        `arr` itself if there is nothing to do.

    Raises
    ------
    TypeError
        A `dtype` that none of zfp's types can stand for, or an `arr` of another type than
        that.

    Examples
    --------
    >>> demote(promote(np.array([0, 9, 255], np.uint8)), np.uint8)
    array([  0,   9, 255], dtype=uint8)
    """
    dtype = np.dtype(dtype)
    arr = np.asanyarray(arr)
    if promoted_dtype(dtype) != arr.dtype:
        raise TypeError(f"{dtype} becomes {promoted_dtype(dtype)}, but arr is {arr.dtype}")
    native = dtype.newbyteorder("=")
    if native in _WIDE:
        return np.maximum(arr, 0).astype(dtype)
    if native.kind in "mM":
        return arr.view(native).astype(dtype, copy=False)
    if native.kind in "iu" and native not in _KNOWN:
        narrow = arr >> _shift(native)
        if native.kind == "u":
            narrow += 1 << (8 * native.itemsize - 1)
        limits = np.iinfo(native)
        return np.clip(narrow, limits.min, limits.max, out=narrow).astype(dtype)
    # Rounding may lead beyond the largest float16: infinity, as in any such cast.
    with np.errstate(over="ignore"):
        return arr.astype(dtype, copy=False)
