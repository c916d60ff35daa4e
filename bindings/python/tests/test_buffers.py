"""Streams from, and values into, any memory that Python can hand out."""

import array
import ctypes
import mmap
import sys

import numpy as np
import pytest

import zfp_wgpu
from .support import LAYOUTS, in_child, same_bits, smooth, ztype

VALUES = smooth((9, 10, 11), np.float32)
LARGE = smooth((70, 60, 50), np.float64)
STREAM = zfp_wgpu.compress_numpy(VALUES, rate=8)
DECODED = zfp_wgpu.decompress_numpy(STREAM)
BARE = zfp_wgpu.compress_numpy(VALUES, rate=8, write_header=False)


def from_mmap(data):
    memory = mmap.mmap(-1, len(data))
    memory[:] = data
    return memory


SOURCES = {
    "bytearray": bytearray,
    "memoryview": memoryview,
    "uint8 array": lambda data: np.frombuffer(data, np.uint8),
    "int8 array": lambda data: np.frombuffer(data, np.int8),
    "void array": lambda data: np.frombuffer(data, "V1"),
    "array.array": lambda data: array.array("B", data),
    "mmap": from_mmap,
    "ctypes": lambda data: (ctypes.c_ubyte * len(data)).from_buffer_copy(data),
    "part": lambda data: memoryview(b"x" + data)[1:],
    "cast": lambda data: memoryview(array.array("Q", data)).cast("B"),
    "longer": lambda data: data + b"what follows is not read",
}


@pytest.mark.parametrize("kind", SOURCES)
def test_streams_in_any_buffer(kind):
    source = SOURCES[kind](STREAM)
    assert same_bits(zfp_wgpu.decompress_numpy(source), DECODED)
    assert zfp_wgpu.header(source) == zfp_wgpu.header(STREAM)
    bare = SOURCES[kind](BARE)
    decoded = zfp_wgpu._decompress(bare, zfp_wgpu.type_float, VALUES.shape, rate=8)
    assert same_bits(decoded, DECODED)


def test_a_stream_is_let_go():
    stream = bytearray(STREAM)
    zfp_wgpu.decompress_numpy(stream)
    zfp_wgpu.header(stream)
    stream.append(0)  # BufferError while anyone holds it


@pytest.mark.parametrize("call", [zfp_wgpu.decompress_numpy, zfp_wgpu.header])
def test_streams_that_are_not_bytes_in_a_row(call):
    twice = np.repeat(np.frombuffer(STREAM, np.uint8), 2)
    with pytest.raises(ValueError, match="not C-contiguous"):
        call(twice[::2])
    with pytest.raises(ValueError, match="not C-contiguous"):
        call(memoryview(twice)[::-2])
    with pytest.raises(ValueError, match="items of 8 bytes"):
        call(np.frombuffer(STREAM, np.uint64))
    for other in ("zfp", 5, [1, 2], object()):
        with pytest.raises(TypeError, match="bytes-like"):
            call(other)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "uint8"])
def test_no_copy_of_a_large_stream(kind):
    def case(kind):
        import resource

        import numpy as np
        import zfp_wgpu

        out = np.ones((64, 512, 512), np.float32)
        view = np.broadcast_to(np.float32(1.5), out.shape)
        stream = zfp_wgpu.compress_numpy(view, rate=32)
        if kind != "bytes":
            stream = bytearray(stream)
        if kind == "memoryview":
            stream = memoryview(stream)
        if kind == "uint8":
            stream = np.frombuffer(stream, np.uint8)
        with open("/proc/self/statm") as statm:
            before = int(statm.read().split()[1]) * resource.getpagesize()
        zfp_wgpu.header(stream)
        assert zfp_wgpu.decompress_numpy(stream, out=out) is out
        with open("/proc/self/statm") as statm:
            after = int(statm.read().split()[1]) * resource.getpagesize()
        assert len(stream) > 60 << 20 and (out == 1.5).all()
        print(after - before)

    assert int(in_child(case, kind)) < 16 << 20


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("values", [VALUES, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("mode", [{}, {"rate": 8}])
def test_out_of_any_layout(layout, values, mode):
    stream = zfp_wgpu.compress_numpy(values, **mode)
    expected = zfp_wgpu.decompress_numpy(stream)
    out = LAYOUTS[layout](np.zeros_like(values))
    memory = out if out.base is None else out.base
    gaps = memory.tobytes().count(0xA5)
    for threads in (1, 2, 3):
        out[...] = 0
        assert zfp_wgpu.decompress_numpy(stream, out=out, threads=threads) is out
        assert same_bits(out, expected)
    bare = zfp_wgpu.compress_numpy(values, write_header=False, **mode)
    out[...] = 0
    assert zfp_wgpu._decompress(bare, ztype(values), values.shape, out, **mode) is out
    assert same_bits(out, expected)
    # What lies between the values is not written to.
    out[...] = 0
    assert memory.tobytes().count(0xA5) == gaps


TARGETS = {
    "bytearray": lambda: bytearray(DECODED.nbytes),
    "memoryview": lambda: memoryview(bytearray(DECODED.nbytes)),
    "array.data": lambda: np.zeros_like(DECODED).data,
    "array.array": lambda: array.array("d", bytes(DECODED.nbytes)),
    "mmap": lambda: mmap.mmap(-1, DECODED.nbytes),
    "ctypes": lambda: (ctypes.c_float * DECODED.size)(),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_out_in_any_buffer(kind):
    out = TARGETS[kind]()
    result = zfp_wgpu.decompress_numpy(STREAM, out=out)
    assert same_bits(result, DECODED)
    assert bytes(out) == DECODED.tobytes()
    bare = zfp_wgpu._decompress(BARE, zfp_wgpu.type_float, (0, *VALUES.shape), out, rate=8)
    assert same_bits(bare, DECODED)


def test_out_of_another_shape_through_its_buffer():
    """zfpy's way around the check of shape and type."""
    out = np.zeros(DECODED.nbytes // 8, np.int64)
    zfp_wgpu.decompress_numpy(STREAM, out=out.data)
    assert out.tobytes() == DECODED.tobytes()


def read_only():
    out = np.zeros_like(DECODED)
    out.flags.writeable = False
    return out


REFUSED = [
    (read_only, "read-only"),
    (lambda: read_only().data, "read-only"),
    (lambda: bytes(DECODED.nbytes), "read-only"),
    (lambda: memoryview(bytes(DECODED.nbytes)), "read-only"),
    (lambda: np.zeros((9, 11, 10), np.float32), r"shape \[9, 11, 10\].*holds \[9, 10, 11\]"),
    (lambda: np.zeros(DECODED.size, np.float32), r"shape \[990\].*holds \[9, 10, 11\]"),
    (lambda: np.zeros((1, 9, 10, 11), np.float32), r"shape \[1, 9, 10, 11\]"),
    (lambda: np.zeros(DECODED.shape, np.int32), "dtype int32.*holds float32"),
    (lambda: np.zeros(DECODED.shape, np.float64), "dtype float64.*holds float32"),
    (lambda: np.zeros(DECODED.shape, ">f4"), "dtype >f4.*holds float32"),
    (lambda: np.zeros(DECODED.shape, object), "dtype object"),
    (lambda: bytearray(DECODED.nbytes - 1), "3959 bytes.*holds 3960"),
    (lambda: bytearray(DECODED.nbytes + 4), "3964 bytes.*holds 3960"),
    (lambda: bytearray(), "0 bytes.*holds 3960"),
    (lambda: np.zeros((9, 10, 22), np.float32)[..., ::2].data, "not C-contiguous"),
    (lambda: np.zeros(DECODED.shape, np.float32, order="F").data, "not C-contiguous"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_out_that_does_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        zfp_wgpu.decompress_numpy(STREAM, out=make())
    with pytest.raises(ValueError, match=message):
        zfp_wgpu._decompress(BARE, 3, DECODED.shape, make(), rate=8)


@pytest.mark.parametrize("out", [5, "text", [0.0] * 990, object()])
def test_out_that_is_no_buffer(out):
    with pytest.raises(TypeError, match="bytes-like"):
        zfp_wgpu.decompress_numpy(STREAM, out=out)


def test_out_over_the_stream():
    for memory in (bytearray(STREAM), bytearray(bytes(3960 - len(STREAM)) + STREAM)):
        memory.extend(bytes(3960 - len(memory)))
        stream = memoryview(memory)[memory.find(b"zfp\x05") :]
        with pytest.raises(ValueError, match="in-place"):
            zfp_wgpu.decompress_numpy(stream, out=memory)
        array = np.frombuffer(memory, np.float32).reshape(DECODED.shape)
        with pytest.raises(ValueError, match="in-place"):
            zfp_wgpu.decompress_numpy(stream, out=array)
        with pytest.raises(ValueError, match="in-place"):
            zfp_wgpu.decompress_numpy(stream, out=array[::-1, :, ::-1])
    # Next to it is not over it.
    memory = np.zeros(3960 + len(STREAM), np.uint8)
    memory[:3960], memory[3960:] = 0, np.frombuffer(STREAM, np.uint8)
    out = memory[:3960].view(np.float32).reshape(DECODED.shape)
    assert same_bits(zfp_wgpu.decompress_numpy(memory[3960:], out=out), DECODED)


def test_out_whose_values_share_memory():
    """The last value stays, on any number of threads, and nothing else is touched."""
    stream = zfp_wgpu.compress_numpy(LARGE, rate=8)
    expected = zfp_wgpu.decompress_numpy(stream)
    for threads in (1, 3):
        memory = np.zeros(LARGE.shape[1:])
        out = np.lib.stride_tricks.as_strided(memory, LARGE.shape, (0, *memory.strides))
        zfp_wgpu.decompress_numpy(stream, out=out, threads=threads)
        assert np.array_equal(memory, expected[-1])


def test_out_of_a_subclass_comes_back():
    class Mine(np.ndarray):
        pass

    out = np.zeros(DECODED.shape, np.float32).view(Mine)
    assert zfp_wgpu.decompress_numpy(STREAM, out=out) is out
