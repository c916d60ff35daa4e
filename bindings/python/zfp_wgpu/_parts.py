"""Parts of arrays, named as NumPy names them."""

import operator

from . import _native

__all__ = ["decompress_region"]


def decompress_region(
    compressed_data, region, *, out=None, index=None, threads=None, max_output_bytes=None
):
    """Decompress a part of the array of a stream that has a header.

    Only the blocks that the part lies in are read: found at once at a fixed rate or with an
    `index`, and else by a walk from the beginning of the stream. It is done on the CPU.

    Parameters
    ----------
    compressed_data : bytes-like
        As in `decompress_numpy`.
    region : tuple of slice, int or Ellipsis; or one of them
        The part, as NumPy would be asked for it: slices without a step, integers, of which
        each takes its axis away, and at most one ellipsis; negative numbers count from the
        end. Unlike in NumPy, a slice must lie inside the array and hold something.
    out : numpy.ndarray or writable buffer, optional
        Where to put the values: an array of the stream's type and of the part's shape, with
        axes of one value for integers.
    index : Index, optional
        Where the stream's blocks are.
    threads : int, optional
        How many threads; by default one per processor.
    max_output_bytes : int, optional
        Refuse parts of more bytes.

    Returns
    -------
    numpy.ndarray
        C-ordered and writable, or `out`, without the axes of integers.

    Raises
    ------
    TypeError
        `compressed_data` is not bytes-like, `region` holds something else, or `index` is
        none.
    IndexError
        More axes than the array has, or an integer or a slice outside of it.
    ValueError
        Not a zfp stream, a stream cut short, a part above `max_output_bytes`, a step, an
        `out` that does not fit, or an `index` of another stream.
    MemoryError
        No room for the part.

    Examples
    --------
    >>> a = np.arange(6000).reshape(60, 100)
    >>> stream = compress_numpy(a)
    >>> decompress_region(stream, np.s_[7:9, -3:])
    array([[797, 798, 799],
           [897, 898, 899]])
    >>> decompress_region(stream, (7, slice(50, 52)))
    array([750, 751])
    """
    shape = _native.read_header(compressed_data)["shape"]
    starts, stops, dropped = _ranges(region, shape)
    part = _native.read_region(
        compressed_data,
        starts,
        stops,
        out=out,
        index=index,
        threads=threads,
        max_output_bytes=max_output_bytes,
    )
    return part[tuple(0 if drop else slice(None) for drop in dropped)] if any(dropped) else part


def _ranges(region, shape):
    """First values, ends, and whether the axis goes, for each axis."""
    items = list(region) if isinstance(region, tuple) else [region]
    gaps = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(gaps) > 1:
        raise IndexError("a region can only have a single ellipsis ('...')")
    if len(items) - len(gaps) > len(shape):
        raise IndexError(
            f"the region has {len(items) - len(gaps)} axes, and the array has {len(shape)}"
        )
    rest = [slice(None)] * (len(shape) - len(items) + len(gaps))
    gap = gaps[0] if gaps else len(items)
    items[gap : gap + 1] = rest
    starts, stops, dropped = [], [], []
    for axis, (item, size) in enumerate(zip(items, shape, strict=True)):
        if isinstance(item, slice):
            if item.step not in (None, 1):
                raise ValueError(f"axis {axis}: a region has no steps, and {item} has one")
            start = _place(item.start, 0, size)
            stop = _place(item.stop, size, size)
        else:
            start = _place(operator.index(item), 0, size)
            stop = start + 1
        if not 0 <= start < stop <= size:
            raise IndexError(f"axis {axis}: {item} is not a part of its {size} values")
        starts.append(start)
        stops.append(stop)
        dropped.append(not isinstance(item, slice))
    return starts, stops, dropped


def _place(place, default, size):
    if place is None:
        return default
    place = operator.index(place)
    return place + size if place < 0 else place
