"""What compression would come to, from a sample of an array's blocks."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._inputs import as_array, warn_of_mask
from ._show import Shown

__all__ = ["Estimate", "estimate", "suggest"]

# How many values a sample has if nothing else is said: a few milliseconds' work.
_VALUES = 1 << 18
# Where the values of a block lie that has 1 to 4 of them along an axis: zfp repeats some.
_PADDED = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 2, 0], [0, 1, 2, 3]])
_ZTYPES = {"int32": 1, "int64": 2, "float32": 3, "float64": 4}
_HEADER_BITS = 96


@dataclass(frozen=True, kw_only=True)
class Estimate(Shown):
    """What `estimate` found.

    Attributes
    ----------
    bits_per_value : float
        Bits of the stream, header included, for each value of the array.
    ratio : float
        How many times smaller than the array the stream is.
    stream_bytes : int
        Size of the stream.
    max_error : float
        Largest absolute error of the sample, in the units of the array. That of the whole
        array may be larger.
    rmse : float
        Root of the mean squared error.
    psnr : float
        20 log10(range / rmse) in dB, where range is that of all values; infinite if nothing
        is lost. LLNL's command takes half the range, which gives 6.02 dB less.
    blocks, of_blocks : int
        How many blocks were compressed, and how many there are. If all were, all numbers
        are exact.

    Examples
    --------
    >>> e = estimate(np.ones((40, 50)), rate=8)
    >>> e.bits_per_value, e.max_error, e.blocks == e.of_blocks
    (8.384, 0.0, True)
    """

    bits_per_value: float
    ratio: float
    stream_bytes: int
    max_error: float
    rmse: float
    psnr: float
    blocks: int
    of_blocks: int


def estimate(
    arr: Any,
    *,
    tolerance: float = -1,
    rate: float = -1,
    precision: float = -1,
    blocks: int | None = None,
    seed: int = 0,
    **expert: int,
) -> Estimate:
    """Size and error of an array's stream, from a random sample of its blocks.

    Parameters
    ----------
    arr : numpy.ndarray
        What `compress_numpy` takes. Only the sample is read, and in lossy modes once all of
        it for the range; so `arr` may be a memory map.
    tolerance, rate, precision
        As for `compress_numpy`: at most one of them, and nothing is lost with none.
    blocks : int, optional
        How many blocks of 4**ndim values to compress; by default as many as hold 262,144
        values. All, if there are no more.
    seed : int
        The same seed takes the same blocks.
    **expert
        ``minbits``, ``maxbits``, ``maxprec``, ``minexp``, as for `compress_numpy`.

    Returns
    -------
    Estimate

    Raises
    ------
    TypeError, ValueError, RuntimeError
        What `compress_numpy` refuses, NaN and infinity outside the sample among it, or
        `blocks` below 1.

    Examples
    --------
    >>> a = np.sin(np.linspace(0, 9, 10**6)).reshape(100, 100, 100)
    >>> e = estimate(a, tolerance=1e-3)
    >>> bool(e.max_error <= 1e-3), e.ratio > 10
    (True, True)
    """
    mode: dict[str, Any] = {"tolerance": tolerance, "rate": rate, "precision": precision, **expert}
    if expert or max(tolerance, rate, precision) >= 0:
        warn_of_mask(arr)
    # Without a mask, as it is compressed.
    return _Sample(np.asarray(as_array(arr)), blocks, seed).estimate(mode)


def suggest(
    arr: Any,
    *,
    psnr: float | None = None,
    max_error: float | None = None,
    blocks: int | None = None,
    seed: int = 0,
    check: bool = False,
) -> float:
    """The smallest rate at which an array keeps a wanted quality.

    Parameters
    ----------
    arr : numpy.ndarray
        What `compress_numpy` takes.
    psnr : float
        Wanted 20 log10(range / rmse), in dB.
    max_error : float
        Wanted largest absolute error, in the units of `arr`. Give one of the two.
    blocks, seed
        The sample, as for `estimate`.
    check : bool
        Compress and decompress all of the array at that rate, and raise it until the array
        does keep the quality; without this it is the sample that does.

    Returns
    -------
    float
        Bits per value, for ``compress_numpy(arr, rate=...)``; a whole number of bits per
        block.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        What `compress_numpy` refuses; neither or both of `psnr` and `max_error`, or one
        that is no number or negative; a quality that no rate reaches.

    Examples
    --------
    >>> a = np.sin(np.linspace(0, 9, 10**4)).reshape(100, 100)
    >>> rate = suggest(a, max_error=1e-3, check=True)
    >>> back = decompress_numpy(compress_numpy(a, rate=rate))
    >>> bool(np.abs(back - a).max() <= 1e-3), rate < 16
    (True, True)
    """
    wanted = psnr if max_error is None else max_error
    if wanted is None or (psnr is not None and max_error is not None):
        raise ValueError("one of psnr and max_error is needed, and no more")
    if not wanted >= 0:
        name = "psnr" if max_error is None else "max_error"
        raise ValueError(f"{name}={wanted} is negative or no number")
    warn_of_mask(arr)
    array = np.asarray(as_array(arr))
    sample = _Sample(array, blocks, seed)

    def enough(found: _Sample, bits: int) -> bool:
        quality = found.estimate({"rate": bits / 4**array.ndim})
        return quality.psnr >= wanted if max_error is None else quality.max_error <= wanted

    # Blocks are coded from the top: more bits are hardly ever worse.
    few, most = 0, 4**array.ndim * (8 * array.itemsize + 1)
    most = min(most, 1 << 15)
    if not enough(sample, most):
        raise ValueError(f"no rate up to {most / 4**array.ndim:g} bits per value reaches that")
    many = most
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(sample, middle) else (middle, many)
    if check and sample.blocks < sample.total:
        whole = _Sample(array, sample.total, seed)
        while not enough(whole, many):
            if many == most:
                raise ValueError(f"no rate up to {most / 4**array.ndim:g} reaches that")
            many = min(most, many + 1 + many // 32)
    return many / 4**array.ndim


class _Sample:
    """Blocks of an array, one behind the other in an array of their own."""

    def __init__(self, array: NDArray[Any], blocks: int | None, seed: int):
        if array.dtype.name not in _ZTYPES or not array.dtype.isnative:
            raise TypeError(f"Unknown dtype: {array.dtype}")
        if not 1 <= array.ndim <= 4 or array.size == 0:
            raise ValueError(f"zfp takes 1 to 4 dimensions, none of them empty: {array.shape}")
        if blocks is None:
            blocks = _VALUES // 4**array.ndim
        if blocks < 1:
            raise ValueError(f"blocks={blocks} is no sample")
        self.array = array
        grid = [-(-size // 4) for size in array.shape]
        self.total = math.prod(grid)
        self.blocks = min(blocks, self.total)
        if self.blocks == self.total:
            self.values, self.inside = array, None
        else:
            self.values, self.inside = _gather(array, grid, self.blocks, seed)

    def estimate(self, mode: dict[str, Any]) -> Estimate:
        values, array = self.values, self.array
        self._refuse_non_finite(mode)
        # So little work is no work for a GPU.
        body = _native.compress_numpy(values, write_header=False, word_bits=8, device="cpu", **mode)
        code = _ZTYPES[array.dtype.name]
        back = _native._decompress(body, code, values.shape, device="cpu", **mode)
        if self.inside is None:
            stream_bytes = len(_native.compress_numpy(values, device="cpu", **mode))
        else:
            bits = _HEADER_BITS + 8 * len(body) * self.total / self.blocks
            stream_bytes = 8 * math.ceil(bits / 64)
            values, back = values[self.inside], back[self.inside]
        error = _distance(values, back)
        rmse = float(np.sqrt(np.mean(np.square(error))))
        return Estimate(
            bits_per_value=8 * stream_bytes / array.size,
            ratio=array.nbytes / stream_bytes,
            stream_bytes=stream_bytes,
            max_error=float(error.max()),
            rmse=rmse,
            psnr=self._psnr(rmse),
            blocks=self.blocks,
            of_blocks=self.total,
        )

    def _refuse_non_finite(self, mode: dict[str, Any]) -> None:
        """The error of `compress_numpy` if this mode meets NaN or infinity, in the sample or not."""
        array = self.array
        if array.dtype.kind == "i":
            return
        try:
            one = np.full((1,) * array.ndim, np.nan, array.dtype)
            _native.compress_numpy(one, device="cpu", **mode)
            return
        except ValueError:
            pass
        if not np.isfinite(self.ends).all():
            try:
                # Raises before it compresses anything, and tells the place.
                _native.compress_numpy(array, device="cpu", **mode)
            except ValueError as error:
                raise ValueError(f"arr holds NaN or infinity: {error}") from None

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest of all values; NaN if there is one."""
        with np.errstate(invalid="ignore"):
            return float(self.array.min()), float(self.array.max())

    def _psnr(self, rmse: float) -> float:
        if rmse == 0:
            return math.inf
        span = self.ends[1] - self.ends[0]
        return 20 * math.log10(span / rmse) if span > 0 else -math.inf


def _gather(
    array: NDArray[Any], grid: list[int], blocks: int, seed: int
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Blocks drawn by lot, filled up as zfp does it, and which of their values `array` has."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(math.prod(grid), blocks, replace=False, shuffle=False))
    places = []
    inside = np.ones((blocks,) + (4,) * array.ndim, bool)
    for axis, corner in enumerate(np.unravel_index(chosen, grid)):
        first = 4 * corner[:, None]
        length = np.minimum(array.shape[axis] - first, 4)
        form = [blocks] + [4 if other == axis else 1 for other in range(array.ndim)]
        places.append((first + _PADDED[length[:, 0] - 1]).reshape(form))
        inside &= (np.arange(4) < length).reshape(form)
    # One block behind the other along the first axis.
    shape = (4 * blocks, *(4,) * (array.ndim - 1))
    return np.asarray(array[tuple(places)]).reshape(shape), inside.reshape(shape)


def _distance(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Absolute differences, exact as far as a double can be."""
    if a.dtype.kind == "i":
        # Two integers may be further apart than the largest of them.
        unsigned = f"u{a.dtype.itemsize}"
        distance = np.maximum(a, b).view(unsigned) - np.minimum(a, b).view(unsigned)
        return distance.astype(float)
    # NaN and infinity only meet their like, in the mode that keeps them.
    with np.errstate(invalid="ignore"):
        distance = np.abs(a.astype(float) - b.astype(float))
    return np.nan_to_num(distance, nan=0.0)
