"""Estimates from samples against what compression really does."""

import math

import numpy as np
import pytest

import zfp_wgpu
from .support import DTYPES, LAYOUTS, MODES, ids, smooth


def truth(array, **mode):
    """What `estimate` estimates, of all the array."""
    stream = zfp_wgpu.compress_numpy(array, **mode)
    back = zfp_wgpu.decompress_numpy(stream)
    error = np.abs(back.astype(float) - array.astype(float))
    rmse = np.sqrt(np.mean(error**2))
    span = float(array.max()) - float(array.min())
    psnr = 20 * np.log10(span / rmse) if rmse else math.inf
    return len(stream), error.max(), rmse, psnr


@pytest.mark.parametrize("mode", MODES, ids=ids)
@pytest.mark.parametrize("dtype", DTYPES)
def test_small_arrays_are_not_estimated_but_compressed(mode, dtype):
    for shape in ((3,), (37,), (9, 14), (5, 7, 6), (3, 5, 4, 6)):
        array = smooth(shape, dtype)
        size, largest, rmse, psnr = truth(array, **mode)
        found = zfp_wgpu.estimate(array, **mode)
        assert found.blocks == found.of_blocks == math.prod(-(-n // 4) for n in shape)
        assert (found.stream_bytes, found.max_error) == (size, largest)
        assert found.bits_per_value == 8 * size / array.size
        assert found.ratio == array.nbytes / size
        assert found.rmse == pytest.approx(rmse) and found.psnr == pytest.approx(psnr)


# All of whose blocks are filled up, with 1, 2 or 3 values along an axis.
FILLED = [(3, 9001), (2, 3, 5001), (1, 2, 3, 4001)]


@pytest.mark.parametrize("mode", [*MODES, {"maxprec": 17, "maxbits": 900}], ids=ids)
@pytest.mark.parametrize("shape", [(99_999,), (501, 402), (61, 62, 63), (23, 24, 25, 29), *FILLED])
def test_samples_are_near_the_truth(mode, shape):
    array = smooth(shape, np.float64)
    size, largest, rmse, psnr = truth(array, **mode)
    found = zfp_wgpu.estimate(array, **mode, blocks=500)
    assert found.blocks == 500 < found.of_blocks
    assert found.stream_bytes == pytest.approx(size, rel=0.1)
    assert found.max_error <= largest
    assert found.rmse == pytest.approx(rmse, rel=0.2)
    assert psnr == math.inf or found.psnr == pytest.approx(psnr, abs=2)
    # Fixed rate is no matter of chance.
    if "rate" in mode:
        assert found.stream_bytes == size


@pytest.mark.parametrize("layout", LAYOUTS)
def test_samples_of_any_layout(layout):
    array = smooth((40, 50, 60), np.float32)
    view = LAYOUTS[layout](array)
    expected = zfp_wgpu.estimate(array, tolerance=1e-3, blocks=99)
    assert zfp_wgpu.estimate(view, tolerance=1e-3, blocks=99) == expected


def test_chance_can_be_repeated():
    array = smooth((400, 500), np.float32)
    first, second = (zfp_wgpu.estimate(array, precision=12, blocks=50) for _ in range(2))
    other = zfp_wgpu.estimate(array, precision=12, blocks=50, seed=1)
    assert first == second != other


def test_a_memory_map_is_not_copied(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, smooth((300, 400), np.float32))
    mapped = np.load(path, mmap_mode="r")
    assert zfp_wgpu.estimate(mapped, rate=8, blocks=9).blocks == 9


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5000,), (120, 130), (30, 40, 50), (9, 10, 11, 12)])
def test_a_suggested_rate_keeps_what_was_wanted_and_a_lower_one_does_not(dtype, shape):
    array = smooth(shape, np.float64) * 1e6
    array = array.astype(dtype)
    error = np.ptp(array) * 1e-3
    rate = zfp_wgpu.suggest(array, max_error=error, check=True)
    assert truth(array, rate=rate)[1] <= error
    assert truth(array, rate=rate * 0.8)[1] > error or rate * 0.8 * 4 ** len(shape) < 12
    rate = zfp_wgpu.suggest(array, psnr=60, check=True)
    assert truth(array, rate=rate)[3] >= 60
    assert truth(array, rate=rate * 0.8)[3] < 60 or rate * 0.8 * 4 ** len(shape) < 12


def test_a_sample_may_be_too_kind_and_a_check_is_not():
    array = np.ones((400, 400), np.float32)
    array[201, 201] = 1000.3
    kind = zfp_wgpu.suggest(array, max_error=1e-2, blocks=10)
    strict = zfp_wgpu.suggest(array, max_error=1e-2, blocks=10, check=True)
    assert truth(array, rate=kind)[1] > 1e-2 >= truth(array, rate=strict)[1]


def test_a_whole_number_of_bits_a_block():
    array = smooth((30, 40, 50), np.float32)
    rate = zfp_wgpu.suggest(array, psnr=50)
    assert isinstance(rate, float) and (rate * 64).is_integer()
    stream = zfp_wgpu.compress_numpy(array, rate=rate)
    assert zfp_wgpu.header(stream)["config"]["expert"]["maxbits"] == rate * 64


def test_arguments_that_make_no_sense():
    array = smooth((30, 40), np.float64)
    for quality in ({}, {"psnr": 5, "max_error": 1}, {"psnr": -1}, {"max_error": float("nan")}):
        with pytest.raises(ValueError, match="is needed|is negative|is no number"):
            zfp_wgpu.suggest(array, **quality)
    with pytest.raises(ValueError, match="no rate up to"):
        zfp_wgpu.suggest(array, max_error=0)
    for call in (zfp_wgpu.estimate, lambda a: zfp_wgpu.suggest(a, psnr=50)):
        for other in ([1.0], None, np.zeros((4, 4), "f2"), np.zeros(4, ">f4")):
            with pytest.raises(TypeError):
                call(other)
        for other in (np.zeros(()), np.zeros((1,) * 5), np.zeros((0, 4))):
            with pytest.raises((ValueError, RuntimeError)):
                call(other)
    for options in ({"blocks": 0}, {"rate": 8, "precision": 9}, {"rate": float("nan")}):
        with pytest.raises(ValueError):
            zfp_wgpu.estimate(array, **options)
    with pytest.raises(TypeError):
        zfp_wgpu.estimate(array, planes=9)


def test_errors_of_large_integers_are_exact():
    array = np.arange(1 << 61, (1 << 61) + 100).reshape(10, 10)
    mode = {"precision": 63}
    back = zfp_wgpu.decompress_numpy(zfp_wgpu.compress_numpy(array, **mode))
    largest = max(abs(int(x) - int(y)) for x, y in zip(array.flat, back.flat))
    assert 0 < zfp_wgpu.estimate(array, **mode).max_error == largest < 100
    assert zfp_wgpu.estimate(array).max_error == 0


def test_nan():
    array = smooth((30, 40), np.float64)
    array[3, 4] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        zfp_wgpu.estimate(array, rate=8)
    found = zfp_wgpu.estimate(array)
    assert found.max_error == 0 and found.psnr == math.inf


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_not_finite_need_not_be_in_the_sample(bad, dtype):
    array = smooth((300, 400), dtype)
    array[299, 7] = bad
    lossless = {"minexp": -1075}
    for mode in ({"rate": 8}, {"precision": 9}, {"tolerance": 1e-3}, {"maxprec": 9}):
        with pytest.raises(ValueError) as theirs:
            zfp_wgpu.compress_numpy(array, **mode)
        with pytest.raises(ValueError, match=r"\[299, 7\]") as ours:
            zfp_wgpu.estimate(array, **mode, blocks=1)
        assert str(ours.value).endswith(str(theirs.value))
    with pytest.raises(ValueError, match=r"\[299, 7\]"):
        zfp_wgpu.suggest(array, psnr=50, blocks=1)
    for mode in ({}, lossless):
        assert zfp_wgpu.estimate(array, **mode, blocks=1).max_error == 0
