"""The numcodecs codec `zfpy`, without zfpy.

Installing this package is enough: ``numcodecs.get_codec({"id": "zfpy", ...})`` finds it by
its entry point. Where zfpy is installed, numcodecs registers its own codec first and keeps
it; the bytes are the same, and `register` puts this one in its place.

>>> import numcodecs
>>> codec = numcodecs.get_codec({"id": "zfpy", "mode": 4, "tolerance": 1e-3})
>>> codec.tolerance
0.001
"""

from abc import ABCMeta
from typing import Any

import numpy as np
from numcodecs.abc import Codec  # type: ignore[import-untyped,unused-ignore]
from numcodecs.compat import (  # type: ignore[import-untyped,unused-ignore]
    ensure_contiguous_ndarray,
    ndarray_copy,
)
from numcodecs.registry import register_codec  # type: ignore[import-untyped,unused-ignore]

import zfp_wgpu
from zfp_wgpu._codec import chunks_by_device, compress, count_chunk, plain

__all__ = ["ZFPY", "chunks_by_device", "register"]

# The argument of `compress_numpy` that goes with each mode.
_ARGUMENT = {
    zfp_wgpu.mode_fixed_accuracy: "tolerance",
    zfp_wgpu.mode_fixed_rate: "rate",
    zfp_wgpu.mode_fixed_precision: "precision",
}


class ZFPY(Codec, metaclass=ABCMeta):  # type: ignore[misc,unused-ignore]
    """Compression of arrays of int32, int64, float32 and float64 in 1 to 4 dimensions.

    The configuration is that of numcodecs' own codec for zfpy, and so are the bytes;
    mode 5 is new.

    Parameters
    ----------
    mode : int
        `zfp_wgpu.mode_fixed_accuracy` (4), `mode_fixed_rate` (2), `mode_fixed_precision` (3)
        or `mode_reversible` (5).
    tolerance : float
        Largest absolute error, for mode 4; nothing is lost if it is negative.
    rate : float
        Bits per value, for mode 2.
    precision : int
        Bit planes, for mode 3.
    compression_kwargs : dict, optional
        Part of the configuration; what it says follows from the others.

    Raises
    ------
    ValueError
        Another mode.

    Examples
    --------
    >>> codec = ZFPY(mode=zfp_wgpu.mode_fixed_rate, rate=8)
    >>> codec.decode(codec.encode(np.ones((4, 5)))).shape
    (4, 5)
    """

    codec_id = "zfpy"

    def __init__(
        self,
        mode: int = zfp_wgpu.mode_fixed_accuracy,
        tolerance: float = -1,
        rate: float = -1,
        precision: int = -1,
        compression_kwargs: dict[str, Any] | None = None,
    ) -> None:
        mode, tolerance, rate, precision = map(plain, (mode, tolerance, rate, precision))
        # These names in this order are the configuration that numcodecs writes.
        given = {"tolerance": tolerance, "rate": rate, "precision": precision}
        arguments: dict[str, Any] = {}
        if mode == zfp_wgpu.mode_reversible:
            pass
        elif mode in _ARGUMENT:
            arguments = {_ARGUMENT[mode]: given[_ARGUMENT[mode]]}
        else:
            raise ValueError(
                f"mode {mode!r} is none of 2 (fixed rate), 3 (fixed precision), "
                "4 (fixed accuracy) and 5 (reversible)"
            )
        self.mode = mode
        self.compression_kwargs = arguments
        self.tolerance = tolerance
        self.rate = rate
        self.precision = precision

    def encode(self, buf: np.ndarray[Any, Any]) -> bytes:
        """A stream with a header.

        Parameters
        ----------
        buf : numpy.ndarray
            In any memory layout but Fortran's, which Zarr would give back transposed.

        Raises
        ------
        TypeError
            `buf` is no array, or of a type that zfp does not know.
        ValueError
            An array in Fortran order, NaN or infinity in a lossy mode (unless the environment
            says ``ZFP_WGPU_NONFINITE=allow``), or whatever else `zfp_wgpu.compress_numpy`
            refuses.
        RuntimeError
            Not 1 to 4 dimensions.
        """
        if not isinstance(buf, np.ndarray):
            raise TypeError(f"zfpy compresses numpy.ndarray, not {type(buf).__name__}")
        if buf.flags.f_contiguous and not buf.flags.c_contiguous:
            raise ValueError("zfpy does not compress arrays in Fortran order: use order='C'")
        if buf.dtype.kind in "mM":
            buf = buf.view(np.int64)
        stream = compress(buf, True, self.compression_kwargs)
        count_chunk()
        return stream

    def decode(self, buf: Any, out: Any = None) -> Any:
        """The array of a stream with a header, in whatever mode.

        Parameters
        ----------
        buf : bytes-like
            The stream, contiguous.
        out : writable buffer, optional
            Where to put the values, of as many bytes.

        Raises
        ------
        ValueError
            Not a zfp stream, one cut short, or an `out` that does not fit.
        """
        stream = ensure_contiguous_ndarray(buf).view(np.uint8)
        if out is None:
            return zfp_wgpu.decompress_numpy(stream)
        return ndarray_copy(zfp_wgpu.decompress_numpy(stream), ensure_contiguous_ndarray(out))

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(mode={self.mode!r}, tolerance={self.tolerance}, "
            f"rate={self.rate}, precision={self.precision})"
        )


def register() -> None:
    """Make numcodecs use this codec for the id `zfpy`, even where zfpy is installed.

    >>> import numcodecs
    >>> register()
    >>> type(numcodecs.get_codec({"id": "zfpy"})).__module__
    'zfp_wgpu.numcodecs'
    """
    register_codec(ZFPY)
