"""Where zfpy destroys values, crashes or stays silent, and this package has an answer.

Nothing here that could crash zfpy is run against it.
"""

import numpy as np
import pytest
import zfpy
from hypothesis import given, strategies as st

import zfp_wgpu
from .support import DTYPES, laid_out, same_bits, smooth

FLOATS = [(np.float32, -110, 9), (np.float64, -1000, 12)]


@pytest.mark.parametrize(("dtype", "power", "_"), FLOATS)
@pytest.mark.parametrize("mode", [{"precision": 20}, {"rate": 11}])
def test_tiny_values_keep_their_digits(mode, dtype, power, _):
    # All in one binade, so that scaling by a power of two is exact.
    ordinary = (1.5 + 0.1 * smooth((9, 10, 11), np.float64) / 20).astype(dtype)
    tiny = np.ldexp(ordinary, power)
    stream = zfp_wgpu.compress_numpy(tiny, **mode)
    expected = zfp_wgpu.decompress_numpy(zfp_wgpu.compress_numpy(ordinary, **mode))
    assert same_bits(zfp_wgpu.decompress_numpy(stream), np.ldexp(expected, power))
    # zfpy cannot write this stream, but it can read it.
    assert same_bits(zfpy.decompress_numpy(stream), np.ldexp(expected, power))


@pytest.mark.parametrize(("dtype", "_", "header"), FLOATS)
@pytest.mark.parametrize("shape", [(50,), (10, 11), (5, 6, 7)])
def test_a_rate_below_the_block_header_is_the_smallest_rate(shape, dtype, _, header):
    array = smooth(shape, dtype)
    smallest = header / 4 ** len(shape)
    stream = zfpy.compress_numpy(array, rate=smallest)
    for rate in (0, smallest / 2, smallest):
        assert zfp_wgpu.compress_numpy(array, rate=rate) == stream
        bare = zfp_wgpu.compress_numpy(array, rate=rate, write_header=False)
        ztype = zfp_wgpu.dtype_to_ztype(dtype)
        decoded = zfp_wgpu._decompress(bare, ztype, shape, rate=rate)
        assert same_bits(decoded, zfpy.decompress_numpy(stream))


@pytest.mark.parametrize("word_bits", [8, 64])
def test_both_paddings_are_written_and_read(word_bits):
    array = smooth((9, 10), np.float32)
    stream = zfp_wgpu.compress_numpy(array, tolerance=1e-3, word_bits=word_bits)
    whole = zfpy.compress_numpy(array, tolerance=1e-3)
    assert len(stream) % (word_bits // 8) == 0
    assert stream + bytes(-len(stream) % 8) == whole
    assert same_bits(zfp_wgpu.decompress_numpy(stream), zfpy.decompress_numpy(whole))


def test_an_aligned_rate_is_whole_words_a_block():
    array = smooth((9, 10, 11), np.float64)
    aligned = zfp_wgpu.compress_numpy(array, rate=8.1, align=True)
    assert aligned == zfpy.compress_numpy(array, rate=9)
    bare = zfp_wgpu.compress_numpy(array, rate=8.1, align=True, write_header=False)
    decoded = zfp_wgpu._decompress(bare, zfpy.type_double, array.shape, rate=8.1, align=True)
    assert same_bits(decoded, zfpy.decompress_numpy(aligned))
    with pytest.raises(ValueError, match="align=True needs a rate"):
        zfp_wgpu.compress_numpy(array, align=True)


EXPERT = [
    ({"minbits": 100, "maxbits": 300}, "expert"),
    ({"maxbits": 4000, "maxprec": 20, "minexp": -10}, "expert"),
    ({"minbits": 3000, "minexp": -1075}, "expert"),
    ({"minbits": 512, "maxbits": 512}, "rate"),
    ({"maxprec": 17}, "precision"),
    ({"minexp": -8}, "tolerance"),
    ({"minexp": -1075}, "reversible"),
    ({"minbits": 1}, "expert"),
]


@pytest.mark.parametrize(("expert", "mode"), EXPERT)
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_expert_parameters(dtype, expert, mode):
    array = smooth((9, 10, 11), dtype)
    stream = zfp_wgpu.compress_numpy(array, **expert)
    assert zfp_wgpu.header(stream)["mode"] == mode
    assert zfp_wgpu.header(stream)["config"]["expert"].items() >= expert.items()
    # zfpy has no such arguments, but reads the header.
    expected = zfpy.decompress_numpy(stream)
    assert same_bits(zfp_wgpu.decompress_numpy(stream), expected)
    bare = zfp_wgpu.compress_numpy(array, write_header=False, **expert)
    ztype = zfp_wgpu.dtype_to_ztype(dtype)
    assert same_bits(zfp_wgpu._decompress(bare, ztype, array.shape, **expert), expected)


@given(
    dtype=st.sampled_from(DTYPES),
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    empty=st.floats(0, 1),
    bits=st.tuples(st.integers(1, 5000), st.integers(19, 20_000)),
    maxprec=st.integers(1, 64),
    minexp=st.integers(-1100, 100),
)
def test_any_expert_parameters(dtype, shape, empty, bits, maxprec, minexp):
    values = smooth(shape, dtype)
    # Blocks of zeros are where zfpy's own streams break.
    values[np.random.default_rng(1).random(shape) < empty] = 0
    values = laid_out(values, steps=(-1, 1, 2, 1)[: len(shape)])
    expert = {"minbits": min(bits), "maxbits": max(bits), "maxprec": maxprec, "minexp": minexp}
    stream = zfp_wgpu.compress_numpy(values, **expert)
    expected = zfpy.decompress_numpy(stream)
    assert same_bits(zfp_wgpu.decompress_numpy(stream), expected)
    if minexp < -1074 and max(bits) >= 16658 and maxprec == 64:
        assert same_bits(expected, values)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("mode", [{"rate": 8}, {"precision": 9}, {"tolerance": 0.1}])
def test_values_that_are_not_finite_are_refused_or_allowed(mode, value):
    array = smooth((9, 10, 80), np.float64)
    array[3, 5, 66] = array[8, 8, 8] = value
    with pytest.raises(ValueError, match=r"index \[3, 5, 66\]"):
        zfp_wgpu.compress_numpy(array, **mode)
    allowed = zfp_wgpu.decompress_numpy(
        zfp_wgpu.compress_numpy(array, nonfinite="allow", **mode)
    )
    clean = array.copy()
    clean[~np.isfinite(array)] = 0
    # Only the blocks around the two are lost.
    elsewhere = np.ones(array.shape, bool)
    elsewhere[0:4, 4:8, 64:68] = elsewhere[8:9, 8:10, 8:12] = False
    expected = zfpy.decompress_numpy(zfpy.compress_numpy(clean, **mode))
    assert np.array_equal(allowed[elsewhere], expected[elsewhere])
    # Without loss they come back as they were.
    assert same_bits(zfp_wgpu.decompress_numpy(zfp_wgpu.compress_numpy(array)), array)


@pytest.mark.parametrize("mode", [{}, {"rate": 8}, {"tolerance": 0.1}])
@pytest.mark.parametrize("shape", [(9, 10, 11), (40, 50, 60)])
def test_broadcast_arrays_are_read_as_they_look(shape, mode):
    whole = smooth(shape, np.float32)
    for axes in ((0,), (2,), (0, 1), (0, 1, 2)):
        once = tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(3))
        view = np.broadcast_to(whole[once], shape)
        assert 0 in view.strides
        assert zfp_wgpu.compress_numpy(view, **mode) == zfpy.compress_numpy(view.copy(), **mode)


@pytest.mark.parametrize("mode", [{}, {"rate": 8}, {"tolerance": 0.1}])
@pytest.mark.parametrize("size", [31, 100_000])
def test_fields_of_packed_structures_are_read_as_they_look(size, mode):
    # The values are not aligned, nor are their distances multiples of their size.
    packed = np.zeros(size, np.dtype([("flag", "i1"), ("f", "f4"), ("d", "f8")]))
    for name in ("f", "d"):
        view = packed[name]
        view[...] = smooth((size,), view.dtype)
        assert not view.flags.aligned
        stream = zfpy.compress_numpy(view.copy(), **mode)
        assert zfp_wgpu.compress_numpy(view, **mode) == stream
        target = np.zeros_like(packed)
        assert zfp_wgpu.decompress_numpy(stream, out=target[name]) is not None
        assert np.array_equal(target[name], zfpy.decompress_numpy(stream))
        assert not target["flag"].any()


def test_read_only_arrays_and_overlapping_windows():
    array = smooth((40,), np.float64)
    array.flags.writeable = False
    windows = np.lib.stride_tricks.sliding_window_view(array, 7)
    assert zfp_wgpu.compress_numpy(windows) == zfpy.compress_numpy(windows.copy())
    assert zfp_wgpu.compress_numpy(array) == zfpy.compress_numpy(array.copy())


def test_sizes_beyond_the_header():
    # No more than one value lies in memory. The header has 12 bits for each of 4 axes.
    wide = np.broadcast_to(np.float32(2), (1, 1, 1, 4097))
    with pytest.raises(RuntimeError, match="axis 3 has 4097 values.* at most 4096"):
        zfp_wgpu.compress_numpy(wide, rate=4)
    stream = zfp_wgpu.compress_numpy(wide, rate=4, write_header=False)
    decoded = zfp_wgpu._decompress(stream, zfp_wgpu.type_float, wide.shape, rate=4)
    assert same_bits(decoded, wide)
    fits = np.broadcast_to(np.float32(2), (1, 1, 1, 4096))
    assert zfp_wgpu.header(zfp_wgpu.compress_numpy(fits, rate=4))["nx"] == 4096


def test_header_of_an_axis_above_32_bits():
    # A stream of one value, whose size is then overwritten.
    stream = bytearray(zfp_wgpu.compress_numpy(np.ones(1, np.float32), rate=8))
    size = int.from_bytes(stream[4:12], "little") | (2**40 - 1) << 4
    stream[4:12] = size.to_bytes(8, "little")
    assert zfp_wgpu.header(stream)["nx"] == 2**40
