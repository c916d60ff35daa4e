"""Arguments and streams that make no sense: an exception that says why, never a crash.

Whatever could crash runs in a process of its own, where the exit status tells; these
cases stop at the first exception that is not expected.
"""

import numpy as np
import pytest

import zfp_wgpu
from .support import in_child, same_bits, smooth

ARRAY = smooth((5, 6, 7), np.float32)
STREAM = zfp_wgpu.compress_numpy(ARRAY, rate=8)


def test_streams_cut_at_every_byte():
    def case():
        import numpy as np
        import zfp_wgpu

        rng = np.random.default_rng(1)
        lossy = [{"rate": 8}, {"precision": 13}, {"tolerance": 1e-3}, {"maxbits": 99}]
        for dtype in (np.int32, np.int64, np.float32, np.float64):
            for shape in ((37,), (7, 9), (5, 6, 7), (3, 5, 4, 6)):
                array = (1000 * rng.standard_normal(shape)).astype(dtype)
                for mode in [{}, *lossy]:
                    stream = zfp_wgpu.compress_numpy(array, **mode)
                    bare = zfp_wgpu.compress_numpy(array, write_header=False, **mode)
                    whole = zfp_wgpu.decompress_numpy(stream).tobytes()
                    code = zfp_wgpu.dtype_to_ztype(array.dtype)
                    for cut in range(len(stream)):
                        try:
                            decoded = zfp_wgpu.decompress_numpy(stream[:cut])
                        except ValueError as error:
                            assert "truncated" in str(error) and f"{cut}" in str(error), error
                        else:
                            # All that is missing is padding of the last word.
                            assert len(stream) - cut < 8 and decoded.tobytes() == whole
                    for cut in range(len(bare) - 7):
                        try:
                            zfp_wgpu._decompress(bare[:cut], code, shape, **mode)
                        except ValueError as error:
                            assert "truncated" in str(error), error
                        else:
                            raise AssertionError(f"{mode} decodes when cut at {cut}")

    in_child(case)


def test_large_streams_cut_on_several_threads():
    def case():
        import numpy as np
        import zfp_wgpu

        array = np.random.default_rng(1).standard_normal((60, 70, 80)).astype(np.float32)
        for mode in ({}, {"rate": 8}, {"tolerance": 1e-3}):
            stream = zfp_wgpu.compress_numpy(array, **mode)
            for part in range(1, 20):
                try:
                    zfp_wgpu.decompress_numpy(stream[: len(stream) * part // 20], threads=3)
                except ValueError as error:
                    assert "truncated" in str(error)
                else:
                    raise AssertionError(part)

    in_child(case)


def test_random_bytes():
    def case(magic, seeds):
        import random

        import zfp_wgpu

        decoded = 0
        for seed in range(seeds):
            rng = random.Random(seed)
            data = (b"zfp\x05" if magic else b"") + rng.randbytes(rng.randrange(200))
            for call in (zfp_wgpu.header, zfp_wgpu.decompress_numpy):
                try:
                    call(data)
                    decoded += 1
                except ValueError as error:
                    assert str(error)
        print(decoded)

    assert int(in_child(case, True, 6000)) > 100
    assert int(in_child(case, False, 2000)) == 0


def test_random_bytes_without_a_header():
    def case(seeds):
        import random

        import zfp_wgpu

        lossy = [{"rate": 8}, {"precision": 20}, {"tolerance": 1e-3}, {"maxbits": 70}]
        for seed in range(seeds):
            rng = random.Random(seed)
            shape = [rng.randrange(1, 12) for _ in range(rng.randrange(1, 5))]
            mode = rng.choice([{}, *lossy])
            try:
                data = rng.randbytes(rng.randrange(3000))
                zfp_wgpu._decompress(data, rng.randrange(1, 5), shape, **mode)
            except ValueError as error:
                assert "truncated" in str(error), error

    in_child(case, 3000)


def test_each_bit_of_the_header_flipped():
    def case():
        import numpy as np
        import zfp_wgpu

        array = np.random.default_rng(1).standard_normal((9, 10, 11))
        for mode in ({}, {"rate": 8}, {"precision": 13}, {"tolerance": 1e-3}, {"minbits": 9}):
            stream = zfp_wgpu.compress_numpy(array, **mode)
            for bit in range(148):
                flipped = bytearray(stream)
                flipped[bit // 8] ^= 1 << bit % 8
                for call in (zfp_wgpu.header, zfp_wgpu.decompress_numpy):
                    try:
                        call(flipped)
                    except ValueError as error:
                        assert str(error)
                    else:
                        assert bit >= 32, "the magic number"

    in_child(case)


def test_a_few_bytes_that_claim_terabytes():
    def case():
        import resource
        import time

        import zfp_wgpu

        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        for mode in (20, 511, 2047, 2048, 2100, 2176, 2177, 4094):
            for dims in range(4):
                for code in range(4):
                    # 2**48 values: all sizes are the largest.
                    meta = code | dims << 2 | (2**48 - 1) << 4 | mode << 52
                    stream = b"zfp\x05" + meta.to_bytes(8, "little") + bytes(4)
                    try:
                        zfp_wgpu.decompress_numpy(stream)
                    except ValueError as error:
                        assert "there are 16" in str(error), error
                    else:
                        raise AssertionError("decompressed")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096  # KiB
        assert time.monotonic() - start < 5

    in_child(case)


def test_the_limit_of_output():
    zeros = zfp_wgpu.compress_numpy(np.zeros(100_000))
    assert len(zeros) < 4000
    with pytest.raises(ValueError, match="800000 bytes, above the limit of 799999"):
        zfp_wgpu.decompress_numpy(zeros, max_output_bytes=799_999)
    assert zfp_wgpu.decompress_numpy(zeros, max_output_bytes=800_000).size == 100_000
    bare = zfp_wgpu.compress_numpy(np.zeros(100), write_header=False)
    with pytest.raises(ValueError, match="800 bytes, above the limit of 0"):
        zfp_wgpu._decompress(bare, zfp_wgpu.type_double, (100,), max_output_bytes=0)


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (3, 0, 4), (1, 2, 3, 0)])
def test_empty_arrays(shape):
    axis = shape.index(0)
    for array in (np.zeros(shape), np.zeros(shape)[..., ::-1], np.zeros(shape, np.int32, "F")):
        for mode in ({}, {"rate": 8}):
            with pytest.raises(ValueError, match=f"axis {axis} .* is empty"):
                zfp_wgpu.compress_numpy(array, **mode)


@pytest.mark.parametrize("shape", [(0,), (0, 0), (4, 0), (1, 0, 4)])
def test_empty_shapes(shape):
    with pytest.raises(ValueError, match="is empty"):
        zfp_wgpu._decompress(bytes(64), 3, shape)


@pytest.mark.parametrize("shape", [(-1,), (4, -5), (2**63 - 1,) * 2, (2**62, 2**62, 2**62, 2**62)])
def test_impossible_shapes(shape):
    with pytest.raises(ValueError, match="-1|-5|truncated"):
        zfp_wgpu._decompress(bytes(64), 3, shape)


@pytest.mark.parametrize("dims", [0, 5, 6, 20])
def test_numbers_of_dimensions(dims):
    with pytest.raises(RuntimeError, match=f"1 to 4 dimensions, not {dims}"):
        zfp_wgpu.compress_numpy(np.zeros((1,) * dims))


DTYPES = "? i1 i2 u1 u2 u4 u8 f2 g c8 c16 O S4 U4 V4 M8[s] m8[s] >i4 >i8 >f4 >f8".split()


@pytest.mark.parametrize("dtype", [*DTYPES, [("x", "f4")], np.dtype((np.void, 8))], ids=str)
def test_types_that_zfp_does_not_know(dtype):
    dtype = np.dtype(dtype)
    with pytest.raises(TypeError, match="Unknown dtype"):
        zfp_wgpu.compress_numpy(np.zeros((4, 4), dtype), rate=8)
    with pytest.raises(ValueError, match="out has dtype"):
        zfp_wgpu.decompress_numpy(STREAM, out=np.zeros(ARRAY.shape, dtype))


@pytest.mark.parametrize("arr", [None, 1.0, [1.0], (1.0,), "text", b"b", np.float64(1), object()])
def test_what_is_no_array(arr):
    with pytest.raises(TypeError):
        zfp_wgpu.compress_numpy(arr)


MODES = [
    ({"tolerance": 1, "rate": 2}, "tolerance=1, rate=2"),
    ({"tolerance": 0, "precision": 0}, "tolerance=0, precision=0"),
    ({"tolerance": 1, "rate": 2, "precision": 3}, "tolerance=1, rate=2, precision=3"),
    ({"tolerance": np.nan}, "NaN"),
    ({"tolerance": np.inf}, "inf"),
    ({"tolerance": -np.inf}, "-inf"),
    ({"rate": np.nan}, "NaN"),
    ({"rate": np.inf}, "inf"),
    ({"rate": -np.inf}, "-inf"),
    ({"rate": 1e9}, "1000000000"),
    ({"rate": 1e308}, "at most 32768"),
    ({"precision": np.nan}, "NaN"),
    ({"precision": np.inf}, "inf"),
    ({"precision": -np.inf}, "-inf"),
    ({"rate": 8, "maxbits": 100}, "rate=8 and the expert"),
    ({"tolerance": 1, "minexp": 0}, "tolerance=1 and the expert"),
    ({"minbits": 200, "maxbits": 100}, "minbits 200 is above maxbits 100"),
    ({"minbits": 20_000}, "minbits 20000 is above maxbits 16658"),
    ({"minbits": 40_000, "maxbits": 40_000}, "minbits 40000 is above 32768"),
    ({"maxprec": 0}, "maxprec 0"),
    ({"maxprec": 65}, "maxprec 65"),
    ({"maxbits": 0, "minbits": 0}, "maxbits 0 is below the 9 bits"),
    ({"maxbits": 8}, "maxbits 8 is below the 9 bits"),
    ({"maxbits": 14, "minexp": -1075}, "maxbits 14 is below the 15 bits"),
]


@pytest.mark.parametrize(("mode", "message"), MODES)
def test_illegal_modes(mode, message):
    with pytest.raises(ValueError, match=message):
        zfp_wgpu.compress_numpy(ARRAY, **mode)
    with pytest.raises(ValueError, match=message):
        zfp_wgpu._decompress(bytes(10_000), 3, ARRAY.shape, **mode)


def test_rates_that_leave_integers_no_bits():
    array = np.arange(20, dtype=np.int32)
    with pytest.raises(ValueError, match="rate 0.1 leaves 0 bits for a block of 4.*0.125"):
        zfp_wgpu.compress_numpy(array, rate=0.1)
    assert len(zfp_wgpu.compress_numpy(array, rate=0.125)) == 16


@pytest.mark.parametrize("name", ["tolerance", "rate", "precision"])
def test_negative_is_unset(name):
    for value in (-1, -0.5 if name != "precision" else -2, -1e300):
        assert zfp_wgpu.compress_numpy(ARRAY, **{name: value}) == zfp_wgpu.compress_numpy(ARRAY)


@pytest.mark.parametrize("tolerance", [5e-324, 1e-310, 1e-30, 1e30, 1e308, -0.0])
def test_extreme_tolerances(tolerance):
    decoded = zfp_wgpu.decompress_numpy(zfp_wgpu.compress_numpy(ARRAY, tolerance=tolerance))
    assert float(np.abs(decoded - ARRAY).max()) <= max(tolerance, 1e-5)


OPTIONS = [
    ({"threads": 0}, ValueError, "not 0"),
    ({"threads": -1}, ValueError, "not -1"),
    ({"threads": 10**9}, RuntimeError, "1000000000 threads"),
    ({"threads": 2.5}, TypeError, "float"),
    ({"threads": "2"}, TypeError, "str"),
    ({"threads": 10**30}, ValueError, "threads=1000.* out of range"),
    ({"word_bits": 7}, ValueError, "8 or 64, not 7"),
    ({"word_bits": 0}, ValueError, "8 or 64, not 0"),
    ({"word_bits": None}, TypeError, None),
    ({"nonfinite": "ignore"}, ValueError, "'error' or 'allow', not \"ignore\""),
    ({"nonfinite": None}, TypeError, None),
    ({"align": "yes"}, TypeError, None),
    ({"minbits": -1}, ValueError, "minbits=-1 is out of range"),
    ({"maxprec": 2**40}, ValueError, "maxprec=1099511627776 is out of range"),
    ({"minexp": 0.5}, TypeError, None),
    ({"tolerance": None}, TypeError, None),
    ({"rate": "8"}, TypeError, None),
    ({"rate": 1j}, TypeError, None),
    ({"precision": None}, TypeError, None),
    ({"unknown": 1}, TypeError, "unknown"),
]


@pytest.mark.parametrize(("options", "exception", "message"), OPTIONS)
def test_illegal_options(options, exception, message):
    # Large enough for threads to matter.
    with pytest.raises(exception, match=message):
        zfp_wgpu.compress_numpy(np.zeros(200_000), **options)


@pytest.mark.parametrize(
    ("options", "exception"),
    [
        ({"threads": 0}, ValueError),
        ({"threads": 10**9}, RuntimeError),
        ({"max_output_bytes": -1}, ValueError),
        ({"max_output_bytes": 1.5}, TypeError),
        ({"rate": 8}, TypeError),
    ],
)
def test_illegal_options_of_decompression(options, exception):
    stream = zfp_wgpu.compress_numpy(np.zeros(200_000), rate=8)
    with pytest.raises(exception):
        zfp_wgpu.decompress_numpy(stream, **options)


def test_none_where_it_means_nothing():
    for call in (zfp_wgpu.header, zfp_wgpu.decompress_numpy):
        with pytest.raises(TypeError, match="compressed_data cannot be None"):
            call(None)
    with pytest.raises(TypeError, match="compressed_data cannot be None"):
        zfp_wgpu._decompress(None, 3, (4,))
    with pytest.raises(TypeError, match="Input array cannot be None"):
        zfp_wgpu.compress_numpy(None)
    # And where it means "as usual".
    stream = zfp_wgpu.compress_numpy(ARRAY, rate=8, threads=None, minbits=None)
    assert stream == STREAM
    decoded = zfp_wgpu.decompress_numpy(stream, out=None, threads=None, max_output_bytes=None)
    assert same_bits(decoded, zfp_wgpu.decompress_numpy(STREAM))


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"", "truncated.*there are 0"),
        (b"zf", "truncated.*there are 2"),
        (b"zfp", "truncated.*there are 3"),
        (STREAM[:11], "at least 12 bytes.*there are 11"),
        (b"zip" + STREAM[3:], r"begins with \[7a, 69, 70, 05\]"),
        (b"zfp\x04" + STREAM[4:], "version 4"),
        (b"\x1f\x8b\x08\x00" + STREAM, "not a zfp stream"),
    ],
)
@pytest.mark.parametrize("call", [zfp_wgpu.header, zfp_wgpu.decompress_numpy])
def test_what_is_no_stream(call, stream, message):
    with pytest.raises(ValueError, match=message):
        call(stream)


def test_memory_that_there_is_not():
    """A valid header of zeros may ask for more than the machine has: MemoryError."""

    def case():
        import resource

        import zfp_wgpu

        # 2**33 doubles as blocks of 256 zeros, one bit each: 4 MiB of stream, 64 GiB of output.
        sizes = [2**9 - 1, 2**8 - 1, 2**8 - 1, 2**8 - 1]
        meta = 3 | 3 << 2 | sum(n << 4 + 12 * i for i, n in enumerate(sizes)) | 2176 << 52
        stream = b"zfp\x05" + meta.to_bytes(8, "little") + bytes((2**33 // 256) // 8)
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        try:
            zfp_wgpu.decompress_numpy(stream)
        except MemoryError:
            print("refused")
        try:
            zfp_wgpu.decompress_numpy(stream, max_output_bytes=1 << 30)
        except ValueError as error:
            print(error)

    printed = in_child(case)
    assert printed.startswith("refused\n")
    assert "68719476736 bytes, above the limit of 1073741824" in printed
