"""The numcodecs codec `zfpy`: numcodecs' own with zfpy behind it, ours, and Zarr v2 data
that goes from one to the other."""

import json
import sys

import numcodecs
import numpy as np
import pytest
import zarr
import zfpy
from numcodecs.zfpy import ZFPY as Theirs

import zfp_wgpu
from zfp_wgpu.numcodecs import ZFPY as Ours

from .support import DTYPES, in_child, outcome, same_bits, smooth

CONFIGURATIONS = [
    {},
    {"mode": zfpy.mode_fixed_accuracy, "tolerance": 1e-3},
    {"mode": zfpy.mode_fixed_rate, "rate": 8.5},
    {"mode": zfpy.mode_fixed_precision, "precision": 14},
    {"mode": 4, "tolerance": 0.25, "rate": 3, "precision": 9},
    {"mode": 2, "rate": 8, "compression_kwargs": {"rate": 8}},
]


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_the_same_configuration_and_the_same_bytes(configuration):
    theirs, ours = Theirs(**configuration), Ours(**configuration)
    assert json.dumps(ours.get_config()) == json.dumps(theirs.get_config())
    assert repr(ours) == repr(theirs)
    assert ours == theirs and Ours.from_config(configuration) == ours
    for dtype in DTYPES:
        for shape in ((37,), (9, 14), (5, 7, 6), (3, 5, 4, 6)):
            array = smooth(shape, dtype)
            stream = theirs.encode(array)
            assert ours.encode(array) == stream
            assert same_bits(ours.decode(stream), theirs.decode(stream))


def test_reversible():
    codec = Ours(mode=zfp_wgpu.mode_reversible)
    array = smooth((9, 14), np.float64)
    configuration = json.loads(json.dumps(codec.get_config()))
    assert configuration.pop("id") == "zfpy"
    again = Ours.from_config(configuration)
    assert again == codec and again.compression_kwargs == {}
    stream = again.encode(array)
    assert same_bits(codec.decode(stream), array)
    # numcodecs' codec cannot be told to write this, but reads it.
    assert same_bits(Theirs().decode(stream), array)


@pytest.mark.parametrize("codec", [Theirs(), Ours()], ids=["theirs", "ours"])
def test_buffers_to_decode_from_and_into(codec):
    array = smooth((6, 7), np.float32)
    stream = codec.encode(array)
    for source in (stream, bytearray(stream), memoryview(stream), np.frombuffer(stream, "u1")):
        assert same_bits(codec.decode(source), array)
    for out in (np.empty_like(array), np.empty(42, "f4"), np.empty(168, "u1"), bytearray(168)):
        codec.decode(stream, out=out)
        assert np.asarray(out).tobytes() == array.tobytes()
    with pytest.raises(ValueError):
        codec.decode(stream, out=np.empty(41, "f4"))


def test_times_are_integers():
    array = np.arange("2001-01-01", "2001-02-10", dtype="datetime64[D]").reshape(5, 8)
    stream = Theirs().encode(array)
    assert Ours().encode(array) == stream
    assert same_bits(Ours().decode(stream).view(array.dtype), array)


WRONG = [
    lambda codec: codec.encode(b"bytes"),
    lambda codec: codec.encode([1.0]),
    lambda codec: codec.encode(np.asfortranarray(np.zeros((4, 5)))),
    lambda codec: codec.encode(np.zeros((4, 5), np.int16)),
    lambda codec: codec.decode(b"no stream"),
]


@pytest.mark.parametrize("call", WRONG)
def test_the_same_exceptions(call):
    assert outcome(call, Ours()) is outcome(call, Theirs())


def test_modes_that_there_are_not():
    for mode in (0, 1, 6, "rate", None):
        with pytest.raises(ValueError, match="mode"):
            Ours(mode=mode)


def test_nan_is_refused_or_allowed_by_the_environment(monkeypatch):
    array = smooth((9, 10), np.float64)
    array[2, 3] = np.nan
    lossy, reversible = Ours(mode=4, tolerance=0.1), Ours(mode=5)
    with pytest.raises(ValueError, match=r"\[2, 3\] is not finite.*ZFP_WGPU_NONFINITE=allow"):
        lossy.encode(array)
    assert same_bits(reversible.decode(reversible.encode(array)), array)
    monkeypatch.setenv("ZFP_WGPU_NONFINITE", "allow")
    assert lossy.encode(array) == Theirs(mode=4, tolerance=0.1).encode(array)
    monkeypatch.setenv("ZFP_WGPU_NONFINITE", "perhaps")
    with pytest.raises(ValueError, match="must be error or allow, not 'perhaps'"):
        lossy.encode(array)


def test_where_zfpy_is_installed_it_stays_unless_told_otherwise():
    def case():
        import numcodecs
        import zfp_wgpu.numcodecs

        codec = {"id": "zfpy", "mode": 2, "rate": 8}
        assert type(numcodecs.get_codec(codec)).__module__ == "numcodecs.zfpy"
        zfp_wgpu.numcodecs.register()
        assert type(numcodecs.get_codec(codec)).__module__ == "zfp_wgpu.numcodecs"

    in_child(case)


def files(folder):
    """All files below, with what is in them."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("configuration", CONFIGURATIONS[:4], ids=str)
def test_zarr_2_data_is_read_and_rewritten_without_zfpy(configuration, tmp_path):
    """Written by numcodecs with zfpy; read and written again where there is no zfpy."""
    for dtype in DTYPES:
        array = smooth((20, 30), dtype)
        path = tmp_path / f"theirs-{np.dtype(dtype)}"
        # Chunks that the array does not fill.
        settings = {"chunks": (8, 16), "compressors": Theirs(**configuration)}
        zarr.create_array(path, data=array, zarr_format=2, **settings)

    def case(folder):
        import sys
        from pathlib import Path

        sys.modules["zfpy"] = None  # as if it were not installed
        import zarr

        for path in sorted(Path(folder).glob("theirs-*")):
            old = zarr.open_array(path, mode="r")
            (codec,) = old.compressors
            assert type(codec).__module__ == "zfp_wgpu.numcodecs", codec
            new = path.with_name(path.name.replace("theirs", "ours"))
            settings = {"chunks": old.chunks, "compressors": codec}
            zarr.create_array(new, data=old[:], zarr_format=2, **settings)

    in_child(case, str(tmp_path))
    for dtype in map(np.dtype, DTYPES):
        theirs, ours, again = (tmp_path / f"{n}-{dtype}" for n in ("theirs", "ours", "again"))
        old = zarr.open_array(theirs)
        settings = {"chunks": old.chunks, "compressors": Theirs(**configuration)}
        zarr.create_array(again, data=old[:], zarr_format=2, **settings)
        # The same files, the description of the array among them.
        assert files(ours) == files(again)
        # Zarr leaves out chunks of zeros, which few bit planes of small integers are.
        assert len(files(ours)) > 6 or not old[:].any()
        assert same_bits(zarr.open_array(ours)[:], zarr.open_array(again)[:])


def test_an_unknown_mode_in_a_store_is_an_error(tmp_path):
    zarr.create_array(tmp_path / "a", data=np.ones((4, 4)), zarr_format=2, compressors=Theirs())
    file = tmp_path / "a" / ".zarray"
    metadata = json.loads(file.read_text())
    metadata["compressor"]["mode"] = 9
    file.write_text(json.dumps(metadata))

    def case(path):
        import sys

        sys.modules["zfpy"] = None
        import numpy as np
        import zarr

        try:
            zarr.open_array(path)[:]
        except ValueError as error:
            assert "mode 9" in str(error)
        else:
            raise AssertionError("read")
        stream = bytearray(b"zfp\x05")
        from numcodecs import get_codec

        try:
            get_codec({"id": "zfpy"}).decode(np.frombuffer(stream, "u1"))
        except ValueError as error:
            assert "truncated" in str(error)

    in_child(case, str(tmp_path / "a"))


def test_numcodecs_is_a_choice():
    """The package itself imports neither numcodecs nor Zarr."""

    def case():
        import sys

        import zfp_wgpu

        zfp_wgpu.compress_numpy
        assert not {"numcodecs", "zarr", "dask", "h5py"} & set(sys.modules)

    in_child(case)
    assert numcodecs.get_codec({"id": "zfpy"})


def test_numbers_of_numpy_are_written_as_numbers():
    for plain, numpy in (
        (Ours(2, rate=8.0), Ours(np.int64(2), rate=np.float32(8))),
        (Ours(3, precision=8), Ours(3, precision=np.int64(8))),
        (Ours(4, tolerance=0.5), Ours(4, tolerance=np.float32(0.5))),
    ):
        written = json.dumps(numpy.get_config())
        assert written == json.dumps(plain.get_config())
        assert numcodecs.get_codec(json.loads(written)) == numpy
        array = smooth((9, 10), np.float64)
        assert numpy.encode(array) == plain.encode(array)


def test_warnings_are_at_the_users_line():
    masked = np.ma.array(np.ones((4, 5), np.float32), mask=np.eye(4, 5, dtype=bool))
    with pytest.warns(UserWarning, match="hides 4 values") as caught:
        line = sys._getframe().f_lineno + 1
        Ours(mode=4, tolerance=1e-3).encode(masked)
    assert [(w.filename, w.lineno) for w in caught] == [(__file__, line)]
