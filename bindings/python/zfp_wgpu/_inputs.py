"""What is no NumPy array but can be seen as one, and arrays that hide some of their values."""

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_array", "warn", "warn_of_mask"]

# DLPack's codes of memory that the CPU reads: its own, and what CUDA and ROCm pinned there.
_ON_THE_CPU = {1, 3, 11}


def warn(message: str, category: type[Warning]) -> None:
    """Warns whoever called this package, at their line, however deep within it this is."""
    package, _, _ = __name__.partition(".")
    frame, level = sys._getframe(0), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def warn_of_mask(arr: Any) -> None:
    """A UserWarning if `arr` hides values that a lossy mode mixes with their neighbours."""
    hidden = int(np.ma.count_masked(arr)) if isinstance(arr, np.ma.MaskedArray) else 0
    if hidden:
        warn(
            f"arr hides {hidden} values behind its mask, which a stream does not keep: they are "
            "compressed as they are, and spoil those near by if they are large; arr.filled(x) "
            "puts x in their place",
            UserWarning,
        )


def as_array(arr: Any) -> NDArray[Any]:
    """The memory of `arr` as an array, without a copy if its owner lets it be seen.

    A buffer, an object of DLPack's protocol on the CPU or one with ``__array__``, asked in
    this order. A masked array is taken as it is. TypeError for anything else: scalars and
    lists are no arrays to zfpy either.
    """
    if isinstance(arr, np.ndarray):
        return arr
    if not isinstance(arr, np.generic):
        try:
            return np.asarray(memoryview(arr))
        except TypeError:
            pass
        except BufferError:
            # No buffer has JAX's bfloat16; NumPy's own way says what is wrong with it.
            if not hasattr(arr, "__array__"):
                raise
        # JAX's tracers have names of the protocol, but no memory: `__array__` says so.
        if hasattr(arr, "__dlpack__") and hasattr(arr, "__dlpack_device__"):
            return _from_dlpack(arr)
        if hasattr(arr, "__array__"):
            return np.asarray(arr)
    raise TypeError(f"arr must be a numpy.ndarray or what NumPy can see as one, not {type(arr)}")


def _from_dlpack(arr: Any) -> NDArray[Any]:
    kind, index = arr.__dlpack_device__()
    if int(kind) not in _ON_THE_CPU:
        raise TypeError(
            f"arr is in the memory of another device (DLPack's type {int(kind)}, number {index}): "
            "copy it to the CPU first"
        )
    # PyTorch's tensors may be marked as negated, as the imaginary part of a conjugate is, and
    # their memory is not.
    if getattr(arr, "is_neg", bool)():
        arr = arr.resolve_neg()
    try:
        return np.from_dlpack(arr)
    except (BufferError, RuntimeError):
        # What DLPack cannot say, such as that it is read-only, `__array__` may.
        if hasattr(arr, "__array__"):
            return np.asarray(arr)
        raise
