"""What is no plain NumPy array: buffers, tensors, masked arrays, and narrow types."""

import array
import ctypes
import mmap
import warnings

import numpy as np
import pytest
import tvm_ffi
import xarray
import zarr
import zfpy

import zfp_wgpu
from .support import in_child, outcome, same_bits, smooth

VALUES = smooth((6, 7), np.float32)
STREAM = zfp_wgpu.compress_numpy(VALUES, rate=12)


def as_mmap(values):
    memory = mmap.mmap(-1, values.nbytes)
    memory[:] = values.tobytes()
    return memoryview(memory).cast("f", values.shape)


SEEN = {
    "memoryview": lambda: memoryview(VALUES),
    "cast": lambda: memoryview(VALUES.tobytes()).cast("f", VALUES.shape),
    "mmap": lambda: as_mmap(VALUES),
    "ctypes": lambda: (ctypes.c_float * 7 * 6).from_buffer_copy(VALUES.tobytes()),
    "reversed": lambda: memoryview(np.ascontiguousarray(VALUES[::-1]))[::-1],
    "DLPack": lambda: tvm_ffi.from_dlpack(VALUES),
    "xarray": lambda: xarray.DataArray(VALUES),
    "zarr": lambda: zarr.create_array({}, data=VALUES),
    "matrix": lambda: VALUES.view(type("Mine", (np.ndarray,), {})),
    "masked": lambda: np.ma.array(VALUES),
}


@pytest.mark.parametrize("kind", SEEN)
def test_whatever_numpy_can_see(kind):
    assert zfp_wgpu.compress_numpy(SEEN[kind](), rate=12) == STREAM
    found = zfp_wgpu.estimate(SEEN[kind](), rate=12)
    assert found.stream_bytes == len(STREAM)


def test_one_dimension_from_the_standard_library():
    for code, dtype in (("i", "i4"), ("q", "i8"), ("f", "f4"), ("d", "f8")):
        values = array.array(code, [1, 2, 3, 4, 50])
        expected = zfpy.compress_numpy(np.array(values, dtype))
        assert zfp_wgpu.compress_numpy(values) == expected


def test_tensors_are_read_where_they_lie():
    values = smooth((64, 65), np.float64)
    tensor = tvm_ffi.from_dlpack(values)
    assert not hasattr(tensor, "__array__")
    before = zfp_wgpu.compress_numpy(tensor)
    values[0, 0] = 99
    after = zfp_wgpu.compress_numpy(tensor)
    assert before != after == zfp_wgpu.compress_numpy(values)


def test_a_tensor_on_another_device_is_refused():
    class OnAGpu:
        """What a tensor says that lies in the memory of CUDA's second device."""

        def __dlpack_device__(self):
            return 2, 1

        def __dlpack__(self, **options):
            raise AssertionError("asked for its memory")

    with pytest.raises(TypeError, match="type 2, number 1.*copy it to the CPU"):
        zfp_wgpu.compress_numpy(OnAGpu())


def test_exceptions_of_the_owner_pass():
    class Mine:
        def __array__(self, dtype=None, copy=None):
            raise OSError("not today")

    with pytest.raises(OSError, match="not today"):
        zfp_wgpu.compress_numpy(Mine())
    for other in (xarray.DataArray(VALUES.astype("f2")), memoryview(b"abcd"), array.array("h")):
        with pytest.raises(TypeError, match="Unknown dtype"):
            zfp_wgpu.compress_numpy(other)
    for other in ([VALUES], 1.0, np.float32(1), "text", {"a": VALUES}):
        with pytest.raises(TypeError, match="arr must be"):
            zfp_wgpu.compress_numpy(other)


def test_a_mask_that_hides_something_is_told_of():
    masked = np.ma.array(VALUES, mask=VALUES > 2)
    hidden = int(masked.mask.sum())
    assert 0 < hidden < VALUES.size
    with pytest.warns(UserWarning, match=f"hides {hidden} values.*filled") as caught:
        stream = zfp_wgpu.compress_numpy(masked, rate=12)
    assert caught[0].filename == __file__
    # The bytes are those of zfpy, which does not warn.
    assert stream == zfpy.compress_numpy(masked, rate=12) == STREAM
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert zfp_wgpu.compress_numpy(masked.filled(0)) == zfpy.compress_numpy(masked.filled(0))
        assert zfp_wgpu.compress_numpy(np.ma.array(VALUES, mask=False), rate=12) == STREAM
        # Nothing is mixed without loss: what was hidden comes back as it was.
        assert zfp_wgpu.compress_numpy(masked) == zfpy.compress_numpy(masked)
        assert zfp_wgpu.estimate(masked).stream_bytes == len(zfpy.compress_numpy(masked))
        for call in (zfp_wgpu.compress_numpy, zfp_wgpu.estimate):
            with pytest.raises(UserWarning):
                call(masked, tolerance=0.1)
        with pytest.raises(UserWarning):
            zfp_wgpu.suggest(masked, psnr=50)


def test_memory_of_buffers_is_let_go():
    values = bytearray(VALUES.tobytes())
    zfp_wgpu.compress_numpy(memoryview(values).cast("f", (6, 7)))
    values.append(0)  # BufferError while anyone holds it


NARROW = ["i1", "u1", "i2", "u2", "u4", "u8", "f2", "M8[s]", "m8[us]", ">i2", ">f2", ">f8", ">i4"]


@pytest.mark.parametrize("name", NARROW)
def test_promotion_is_asked_for_and_leads_back(name):
    dtype = np.dtype(name)
    values = np.arange(100).astype(dtype).reshape(10, 10)
    assert outcome(zfp_wgpu.compress_numpy, values) is TypeError
    wide = zfp_wgpu.promote(values)
    assert wide.dtype in (np.int32, np.int64, np.float32, np.float64)
    back = zfp_wgpu.decompress_numpy(zfp_wgpu.compress_numpy(wide))
    assert same_bits(zfp_wgpu.demote(back, dtype), values)


def test_promotion_as_zfp_does_it():
    """By the formulas of zfp's manual: shifted to 31 bits, unsigned ones moved to the middle."""
    for name, low, high in (
        ("i1", -128 << 23, 127 << 23),
        ("u1", -128 << 23, 127 << 23),
        ("i2", -32768 << 15, 32767 << 15),
        ("u2", -32768 << 15, 32767 << 15),
    ):
        limits = np.iinfo(name)
        ends = np.array([limits.min, limits.max], name)
        assert zfp_wgpu.promote(ends).tolist() == [low, high]
        # Back again all that is beyond becomes the nearest.
        beyond = np.array([-(2**31), 2**31 - 1], np.int32)
        assert zfp_wgpu.demote(beyond, name).tolist() == [limits.min, limits.max]
    assert zfp_wgpu.demote(np.array([-5, 7], "i4"), "u4").tolist() == [0, 7]
    assert np.isinf(zfp_wgpu.demote(np.array([70000.0], "f4"), "f2")).all()


def test_what_needs_no_promotion_stays_and_what_has_none_is_refused():
    assert zfp_wgpu.promote(VALUES) is VALUES
    assert zfp_wgpu.demote(VALUES, np.float32) is VALUES
    for name in ("?", "c8", "U3", "O", "V4"):
        with pytest.raises(TypeError, match="Unknown dtype"):
            zfp_wgpu.promote(np.zeros(4, name))
        with pytest.raises(TypeError, match="Unknown dtype"):
            zfp_wgpu.demote(np.zeros(4, "i4"), name)
    with pytest.raises(TypeError, match="int16 becomes int32, but arr is float32"):
        zfp_wgpu.demote(VALUES, np.int16)
    with pytest.raises(ValueError, match="above 2147483647"):
        zfp_wgpu.promote(np.array([1 << 31], np.uint32))


def test_results_in_ipython():
    def case():
        import re

        import numpy as np
        import zfp_wgpu
        from IPython.core.formatters import HTMLFormatter
        from IPython.lib.pretty import pretty

        array = np.linspace(0, 1, 10_000).reshape(100, 100)
        stream = zfp_wgpu.compress_numpy(array, rate=8, device="cpu")
        for shown in (zfp_wgpu.last_run(), zfp_wgpu.estimate(array, rate=8)):
            text = pretty(shown)
            name = type(shown).__name__
            assert text.startswith(f"{name}(\n    ") and text.endswith("\n)"), text
            assert len(text.splitlines()) > 7 and max(map(len, text.splitlines())) < 99
            table = HTMLFormatter()(shown)
            assert table.startswith("<table>") and f"<caption>{name}</caption>" in table
            assert len(re.findall("<tr>", table)) > 7
        device = dict(name="<a&b>", backend="x", kind="other", driver="d", max_binding_bytes=1)
        device = zfp_wgpu.DeviceInfo(max_buffer_bytes=2, has_timestamps=False, **device)
        assert "&lt;a&amp;b&gt;" in HTMLFormatter()(device)
        assert eval(repr(device), vars(zfp_wgpu)) == device
        assert stream

    in_child(case, warnings="default")
