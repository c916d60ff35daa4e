"""Indexes, parts of arrays, and batches."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, strategies as st

import zfp_wgpu
from .support import DTYPES, LAYOUTS, MODES, ids, in_child, same_bits, smooth

SHAPE = (37, 41, 43)


@pytest.fixture(scope="module", params=DTYPES, ids=ids)
def array(request):
    return smooth(SHAPE, request.param)


@pytest.mark.parametrize("mode", MODES, ids=ids)
def test_an_index_changes_nothing(array, mode):
    stream, index = zfp_wgpu.compress_indexed(array, every=16, **mode)
    assert stream == zfp_wgpu.compress_numpy(array, **mode)
    assert index == zfp_wgpu.Index.of(stream, every=16) == zfp_wgpu.Index(bytes(index))
    assert index.shape == SHAPE
    assert (index.every, len(index)) == ((0, 0) if "rate" in mode else (16, 76))
    expected = zfp_wgpu.decompress_numpy(stream, threads=1)
    for threads in (1, 2, None):
        found = zfp_wgpu.decompress_numpy(stream, index=index, threads=threads)
        assert same_bits(found, expected)
    bare, index = zfp_wgpu.compress_indexed(array, write_header=False, threads=2, **mode)
    ztype = zfp_wgpu.dtype_to_ztype(array.dtype)
    found = zfp_wgpu._decompress(bare, ztype, SHAPE, index=index, **mode)
    assert same_bits(found, expected)


def test_indexes_are_values(array):
    stream, index = zfp_wgpu.compress_indexed(array)
    assert pickle.loads(pickle.dumps(index)) == copy.deepcopy(index) == index
    assert index != zfp_wgpu.Index.of(stream, every=5)
    assert index != bytes(index)
    assert repr(index) == "<zfp_wgpu.Index of 19 entries, one for every 64 blocks>"
    _, index = zfp_wgpu.compress_indexed(array, rate=8)
    assert index and repr(index) == "<zfp_wgpu.Index of a fixed rate>"


def test_wrong_indexes(array):
    stream, index = zfp_wgpu.compress_indexed(array)
    other, foreign = zfp_wgpu.compress_indexed(array[::-1].copy())
    assert other != stream
    for call in (
        lambda: zfp_wgpu.decompress_numpy(stream, index=foreign, threads=2),
        lambda: zfp_wgpu.decompress_region(stream, (20, 20, 20), index=foreign),
    ):
        with pytest.raises(ValueError, match="another stream|truncated"):
            call()
    data = bytearray(bytes(index))
    data[100] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        zfp_wgpu.Index(data)
    with pytest.raises(ValueError, match="not a block index"):
        zfp_wgpu.Index(stream)
    with pytest.raises(ValueError, match="version 9"):
        zfp_wgpu.Index(b"zfpi\x09")
    with pytest.raises(TypeError):
        zfp_wgpu.Index(None)
    with pytest.raises(TypeError, match="index"):
        zfp_wgpu.decompress_numpy(stream, index=bytes(index))
    for every in (0, -1, 65537, 2**70):
        with pytest.raises(ValueError, match="every"):
            zfp_wgpu.Index.of(stream, every)
        with pytest.raises(ValueError, match="every"):
            zfp_wgpu.compress_indexed(array, every=every)


@pytest.mark.parametrize("mode", MODES, ids=ids)
@given(data=st.data())
def test_regions_are_parts_of_the_whole(mode, data):
    shape = data.draw(st.lists(st.integers(1, 19), min_size=1, max_size=4))
    array = smooth(shape, data.draw(st.sampled_from(DTYPES)))
    stream, index = zfp_wgpu.compress_indexed(array, every=3, **mode)
    whole = zfp_wgpu.decompress_numpy(stream)
    region = []
    for size in shape[: data.draw(st.integers(0, len(shape)))]:
        start = data.draw(st.integers(-size, size - 1))
        first = start % size
        stop = data.draw(st.none() | st.integers(first + 1, size))
        region.append(data.draw(st.sampled_from([start, slice(start, stop), slice(None)])))
    region = tuple(region)
    for index in (None, index):
        part = zfp_wgpu.decompress_region(stream, region, index=index)
        assert same_bits(part, np.asarray(whole[region]))
        part = zfp_wgpu.decompress_region(stream, (*region, ...), index=index)
        assert same_bits(part, np.asarray(whole[(*region, ...)]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_regions_into_arrays(array, layout):
    stream, index = zfp_wgpu.compress_indexed(array, tolerance=1e-3)
    whole = zfp_wgpu.decompress_numpy(stream)
    part = np.s_[1:30, 3:, 5:-2]
    for index in (None, index):
        out = LAYOUTS[layout](np.zeros_like(whole[part]))
        assert zfp_wgpu.decompress_region(stream, part, out=out, index=index) is out
        assert same_bits(np.ascontiguousarray(out), np.ascontiguousarray(whole[part]))
    out = bytearray(8 * array.itemsize)
    part = zfp_wgpu.decompress_region(stream, (3, slice(8), 9), out=out)
    assert same_bits(part, np.ascontiguousarray(whole[3, :8, 9]))
    assert bytes(out) == part.tobytes()


def test_what_is_no_region(array):
    stream = zfp_wgpu.compress_numpy(array)
    for region in [37, -38, np.s_[0:38], np.s_[5:5], np.s_[:, 41], np.s_[9:3], np.s_[::, -42:]]:
        with pytest.raises(IndexError, match="is not a part"):
            zfp_wgpu.decompress_region(stream, region)
    with pytest.raises(IndexError, match="4 axes"):
        zfp_wgpu.decompress_region(stream, (0, 0, 0, 0))
    with pytest.raises(IndexError, match="ellipsis"):
        zfp_wgpu.decompress_region(stream, (..., 0, ...))
    with pytest.raises(ValueError, match="steps"):
        zfp_wgpu.decompress_region(stream, np.s_[::2])
    for region in [1.5, "x", None, (0, [1, 2])]:
        with pytest.raises(TypeError):
            zfp_wgpu.decompress_region(stream, region)
    with pytest.raises(ValueError, match="limit"):
        zfp_wgpu.decompress_region(stream, np.s_[:10], max_output_bytes=1000)
    with pytest.raises(ValueError, match="out has shape"):
        zfp_wgpu.decompress_region(stream, 0, out=np.zeros((41, 43), array.dtype))
    with pytest.raises(ValueError, match="truncated"):
        zfp_wgpu.decompress_region(stream[: len(stream) // 2], np.s_[-1:])


@pytest.mark.parametrize("mode", MODES, ids=ids)
@pytest.mark.parametrize("threads", [None, 1, 2])
def test_batches(mode, threads):
    rng = np.random.default_rng(1)
    arrays = [
        smooth(tuple(rng.integers(1, 12, rng.integers(1, 5))), dtype)
        for dtype in DTYPES
        for _ in range(60)
    ]
    streams = zfp_wgpu.compress_batch(iter(arrays), threads=threads, **mode)
    assert streams == [zfp_wgpu.compress_numpy(array, **mode) for array in arrays]
    decoded = zfp_wgpu.decompress_batch(streams, threads=threads)
    for stream, found in zip(streams, decoded, strict=True):
        assert same_bits(found, zfp_wgpu.decompress_numpy(stream))
    assert zfp_wgpu.compress_batch([]) == zfp_wgpu.decompress_batch([]) == []


def test_errors_of_batches_say_where():
    arrays = [np.ones((9, 9)) for _ in range(20)]
    arrays[13][5, 5] = np.nan
    with pytest.raises(ValueError, match=r"index \[5, 5\]") as raised:
        zfp_wgpu.compress_batch(arrays, rate=8)
    assert raised.value.__notes__ == ["number 13 of the batch, counted from 0"]
    streams = zfp_wgpu.compress_batch(arrays, rate=8, nonfinite="allow")
    streams[3] = streams[3][:40]
    with pytest.raises(ValueError, match="truncated") as raised:
        zfp_wgpu.decompress_batch(streams)
    assert raised.value.__notes__ == ["number 3 of the batch, counted from 0"]
    with pytest.raises(TypeError) as raised:
        zfp_wgpu.compress_batch([np.ones(3), [1.0]])
    assert raised.value.__notes__ == ["number 1 of the batch, counted from 0"]
    with pytest.raises(TypeError):
        zfp_wgpu.compress_batch(None)


def test_small_arrays_start_no_threads():
    def case():
        import os

        import numpy as np
        import zfp_wgpu

        before = len(os.listdir("/proc/self/task"))
        for mode in ({}, {"rate": 8}, {"precision": 9}):
            for array in (np.ones(1024, np.float32), np.ones((8, 8, 8))):
                stream = zfp_wgpu.compress_numpy(array, **mode)
                zfp_wgpu.decompress_numpy(stream)
                zfp_wgpu.decompress_region(stream, 0)
                zfp_wgpu.decompress_batch(zfp_wgpu.compress_batch([array] * 3, **mode))
        print(len(os.listdir("/proc/self/task")) - before)

    assert in_child(case) == "0\n"
