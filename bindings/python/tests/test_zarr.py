"""Zarr v3: the registered codec `zfp`, which Zarr lacks, and `numcodecs.zfpy`."""

import json

import numpy as np
import pytest
import zarr
import zfpy

import zfp_wgpu
from zfp_wgpu.numcodecs import ZFPY
from zfp_wgpu.zarr import Zfp, Zfpy, chunks_by_device

from .support import DTYPES, in_child, same_bits, smooth

EXPERT = {"minbits": 1, "maxbits": 400, "maxprec": 19, "minexp": -12}
# A configuration of each mode, as the registry's examples have them.
CONFIGURATIONS = [
    {"mode": "reversible"},
    {"mode": "fixed_accuracy", "tolerance": 0.05},
    {"mode": "fixed_rate", "rate": 10.5},
    {"mode": "fixed_precision", "precision": 19},
    {"mode": "expert", **EXPERT},
]


def create(path, array, serializer, **settings):
    settings = {"compressors": None, "chunks": array.shape} | settings
    return zarr.create_array(path, data=array, serializer=serializer, **settings)


def metadata(path):
    return json.loads((path / "zarr.json").read_text())


def chunk(path, *place):
    return path.joinpath("c", *map(str, place))


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda c: c["mode"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_chunks_are_what_zfp_makes_of_them(configuration, dtype, tmp_path):
    """Each mode: our chunk is zfpy's stream without a header, and zfpy reads it."""
    array = smooth((20, 30), dtype)
    # The array does not fill its chunks: the rest is the fill value.
    codec = {"name": "zfp", "configuration": configuration}
    z = create(tmp_path, array, Zfp.from_dict(codec), chunks=(16, 16), fill_value=0)
    assert metadata(tmp_path)["codecs"] == [codec]
    parameters = {k: v for k, v in configuration.items() if k != "mode"}
    for i, j in np.ndindex(2, 2):
        values = np.zeros((16, 16), dtype)
        part = array[16 * i : 16 * (i + 1), 16 * j : 16 * (j + 1)]
        values[: part.shape[0], : part.shape[1]] = part
        written = chunk(tmp_path, i, j).read_bytes()
        if configuration["mode"] == "expert":
            # zfpy cannot be asked for it, but reads it behind a header.
            theirs = zfpy.decompress_numpy(zfp_wgpu.compress_numpy(values, **parameters))
        else:
            assert written == zfpy.compress_numpy(values, write_header=False, **parameters)
            ztype = zfpy.dtype_to_ztype(values.dtype)
            theirs = zfpy._decompress(written, ztype, (16, 16), **parameters)
        read = z[16 * i : 16 * (i + 1), 16 * j : 16 * (j + 1)]
        assert same_bits(read, theirs[: part.shape[0], : part.shape[1]])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "mode", [{}, {"tolerance": 0.01}, {"rate": 12}, {"precision": 20}], ids=str
)
def test_chunks_of_zfpy_are_read(dtype, mode, tmp_path):
    """The other direction: a chunk that zfpy wrote, in metadata written by hand."""
    array = smooth((9, 10, 11), dtype)
    create(tmp_path, np.zeros_like(array), Zfp(**mode))
    chunk(tmp_path, 0, 0).mkdir(parents=True, exist_ok=True)
    chunk(tmp_path, 0, 0, 0).write_bytes(zfpy.compress_numpy(array, write_header=False, **mode))
    expected = zfpy.decompress_numpy(zfpy.compress_numpy(array, **mode))
    assert same_bits(zarr.open_array(tmp_path)[:], expected)


def test_zarr_finds_the_codec_by_its_name(tmp_path):
    """In a process that imports nothing of ours."""
    array = smooth((12, 13), np.float32)
    create(tmp_path / "a", array, Zfp(tolerance=1e-3))

    def case(path):
        import zarr

        a = zarr.open_array(f"{path}/a")
        (codec,) = a.metadata.codecs
        assert type(codec).__module__ == "zfp_wgpu.zarr"
        settings = {"data": a[:], "compressors": None, "chunks": a.chunks}
        named = {"name": "zfp", "configuration": {"mode": "fixed_accuracy", "tolerance": 1e-3}}
        b = zarr.create_array(f"{path}/b", serializer=named, **settings)
        assert b.metadata.codecs == a.metadata.codecs

    in_child(case, str(tmp_path))
    error = np.abs(zarr.open_array(tmp_path / "b")[:] - array).max()
    assert 0 < error <= 2e-3


NARROW = ["int8", "uint8", "int16", "uint16", "uint32", "uint64", "float16"]
TIMES = ["datetime64[s]", "timedelta64[ms]"]


@pytest.mark.filterwarnings("ignore:The data type .* does not have a Zarr V3 specification")
@pytest.mark.parametrize("name", NARROW + TIMES)
def test_types_that_are_promoted(name, tmp_path):
    dtype = np.dtype(name)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        top = min(limits.max, np.iinfo(f"int{max(32, 8 * dtype.itemsize)}").max)
        array = np.linspace(limits.min / 2, top * 0.45, 20 * 30).astype(dtype).reshape(20, 30)
        array[0, :2] = limits.min, top
    else:
        array = np.linspace(-500, 500, 20 * 30).reshape(20, 30).astype(dtype)
    z = create(tmp_path / "a", array, Zfp())
    assert z.dtype == dtype and same_bits(z[:], array)
    # The chunk holds what zfp's own promotion makes.
    if dtype.kind in "iu" and dtype.itemsize < 4:
        bits = 8 * dtype.itemsize
        middle = 1 << (bits - 1) if dtype.kind == "u" else 0
        wide = ((array.astype("i4") - middle) << (31 - bits)).astype("i4")
        stream = chunk(tmp_path / "a", 0, 0).read_bytes()
        assert same_bits(zfpy._decompress(stream, zfpy.type_int32, (20, 30)), wide)
        # Half of the bits, half of the values' digits; nothing leaves the range.
        lossy = create(tmp_path / "b", array, Zfp(rate=4 + bits // 2))
        error = np.abs(lossy[:].astype(int) - array.astype(int)).max()
        assert 0 <= error < 1 << (bits - 2)


def test_unsigned_integers_beyond_all_signed_ones_are_refused(tmp_path):
    for name, top in (("uint32", 2**31), ("uint64", 2**63)):
        with pytest.raises(ValueError, match=f"{top} is above"):
            create(tmp_path / name, np.full((4, 4), top, name), Zfp())


def test_one_value_without_dimensions(tmp_path):
    z = create(tmp_path, np.array(2.5), Zfp())
    assert z[()] == 2.5 and z.shape == ()
    stream = chunk(tmp_path).read_bytes()
    assert stream == zfpy.compress_numpy(np.array([2.5]), write_header=False)


def test_in_shards_and_behind_filters(tmp_path):
    array = smooth((32, 48), np.float32)
    filters = [zarr.codecs.TransposeCodec(order=(1, 0))]
    z = create(tmp_path / "a", array, Zfp(), chunks=(8, 8), shards=(16, 24), filters=filters)
    assert same_bits(z[:], array) and same_bits(z[9:30, 3:5], array[9:30, 3:5])
    z = create(tmp_path / "b", array, Zfp(rate=16), compressors=[zarr.codecs.GzipCodec()])
    assert np.abs(z[:] - array).max() < 0.01


def test_arrays_in_any_memory_layout(tmp_path):
    array = np.asfortranarray(smooth((12, 16), np.float64))[::-1, ::2]
    for name, codec in (("a", Zfp()), ("b", Zfpy(zfp_wgpu.mode_reversible))):
        assert same_bits(create(tmp_path / name, array, codec)[:], np.ascontiguousarray(array))


WRONG = [
    ({"mode": "lossy"}, ValueError, "none of expert, fixed_accuracy"),
    ({"mode": 4, "tolerance": 0.1}, ValueError, "mode 4 is none of"),
    ({"mode": "fixed_rate"}, ValueError, "takes rate, not none"),
    ({"mode": "fixed_rate", "rate": 8, "precision": 9}, ValueError, "not precision, rate"),
    ({"mode": "reversible", "tolerance": 0.1}, ValueError, "takes no parameters"),
    ({"mode": "expert", "minbits": 1}, ValueError, "takes maxbits, maxprec, minbits, minexp"),
    ({"mode": "fixed_rate", "rate": "8"}, TypeError, "is no number"),
    ({"mode": "fixed_rate", "rate": True}, TypeError, "is no number"),
    ({"mode": "fixed_precision", "precision": 8.5}, TypeError, "is no integer"),
    ({"mode": "fixed_accuracy", "tolerance": -1}, ValueError, "out of range"),
    ({"mode": "fixed_rate", "rate": float("nan")}, ValueError, "out of range"),
    ({"mode": "reversible", "write_header": True}, ValueError, "does not know write_header"),
    ({}, ValueError, "needs a configuration with a mode"),
]


@pytest.mark.parametrize(("configuration", "error", "why"), WRONG, ids=str)
def test_wrong_configurations(configuration, error, why, tmp_path):
    with pytest.raises(error, match=why):
        Zfp.from_dict({"name": "zfp", "configuration": configuration})
    # The same where Zarr finds it in a store.
    create(tmp_path, np.ones((4, 4)), Zfp())
    written = metadata(tmp_path)
    written["codecs"][0]["configuration"] = configuration
    (tmp_path / "zarr.json").write_text(json.dumps(written))
    with pytest.raises(error, match=why):
        zarr.open_array(tmp_path)


def test_what_cannot_be_compressed_is_refused_at_once(tmp_path):
    for array, codec, error in (
        (np.zeros((4, 4), bool), Zfp(), TypeError),
        (np.zeros((4, 4), complex), Zfp(), TypeError),
        (np.zeros((4, 4), "i2"), Zfpy(), TypeError),
        (np.zeros((1,) * 5), Zfp(), RuntimeError),
        (np.zeros((4, 4), "i4"), Zfp(rate=0.01), ValueError),
        (np.zeros((4, 4)), Zfp(minbits=9, maxbits=8, maxprec=9, minexp=-9), ValueError),
    ):
        with pytest.raises(error):
            zarr.create_array(tmp_path, shape=array.shape, dtype=array.dtype, serializer=codec)
        assert not (tmp_path / "zarr.json").exists()
    with pytest.raises(ValueError, match="parameters of no mode"):
        Zfp(rate=8, tolerance=1)


def test_fill_values_that_are_nan(tmp_path):
    """Chunks that the array does not fill hold them, as xarray's do by default."""
    array = smooth((20, 30), np.float32)
    chunks = {"chunks": (16, 16), "fill_value": np.nan}
    for codec in (Zfp(rate=8), Zfpy(2, rate=8)):
        with pytest.raises(ValueError, match="not finite.* use the reversible mode, or a finite"):
            create(tmp_path, array, codec, **chunks, overwrite=True)
    assert same_bits(create(tmp_path, array, Zfp(), **chunks, overwrite=True)[:], array)


def test_damaged_chunks_are_errors(tmp_path):
    array = smooth((16, 16), np.float64)
    for name, codec in (("a", Zfp(rate=16)), ("b", Zfpy(2, rate=16))):
        z = create(tmp_path / name, array, codec)
        file = chunk(tmp_path / name, 0, 0)
        file.write_bytes(file.read_bytes()[:-9])
        with pytest.raises(ValueError, match="truncated"):
            z[:]


ZFPY_SETTINGS = [
    {"mode": 2, "rate": 8},
    {"mode": 4, "tolerance": 0.01},
    {"mode": 3, "precision": 20},
    {"mode": 4},
]


@pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3")
@pytest.mark.parametrize("settings", ZFPY_SETTINGS, ids=str)
def test_numcodecs_zfpy_both_ways(settings, tmp_path):
    """Zarr's class with the real zfpy behind it, and ours: the same bytes, either reads both."""
    array = smooth((20, 30), np.float32)
    # Whole rows: numcodecs' codec refuses chunks that are not contiguous in `data`.
    theirs = create(tmp_path / "a", array, zarr.codecs.numcodecs.ZFPY(**settings), chunks=(8, 30))
    ours = create(tmp_path / "b", array, Zfpy(**settings), chunks=(8, 30))
    assert metadata(tmp_path / "a")["codecs"] == metadata(tmp_path / "b")["codecs"]
    for place in np.ndindex(3, 1):
        written = [chunk(tmp_path / name, *place).read_bytes() for name in "ab"]
        assert written[0] == written[1]
    assert same_bits(theirs[:], ours[:])
    with zarr.config.set({"codecs": {"numcodecs.zfpy": "zfp_wgpu.zarr.Zfpy"}}):
        for name in "ab":
            z = zarr.open_array(tmp_path / name)
            assert type(z.metadata.codecs[0]) is Zfpy and same_bits(z[:], theirs[:])
    for name in "ab":
        z = zarr.open_array(tmp_path / name)
        assert type(z.metadata.codecs[0]) is zarr.codecs.numcodecs.ZFPY
        assert same_bits(z[:], theirs[:])


@pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3")
def test_zarrs_own_numcodecs_zfpy_works_without_zfpy(tmp_path):
    array = smooth((20, 30), np.float64)
    settings = {"mode": 4, "tolerance": 1e-3}
    create(tmp_path / "a", array, zarr.codecs.numcodecs.ZFPY(**settings))

    def case(path, settings):
        import sys

        sys.modules["zfpy"] = None
        import zarr

        a = zarr.open_array(f"{path}/a")
        assert type(a.metadata.codecs[0]).__module__ == "zarr.codecs.numcodecs._codecs"
        codec = zarr.codecs.numcodecs.ZFPY(**settings)
        more = {"chunks": a.chunks, "compressors": None}
        zarr.create_array(f"{path}/b", data=a[:], serializer=codec, **more)

    in_child(case, str(tmp_path), settings, warnings="default")
    a, b = (zarr.open_array(tmp_path / name)[:] for name in "ab")
    assert np.abs(a - array).max() <= 1e-3 and np.abs(b - a).max() <= 1e-3


@pytest.mark.parametrize(
    "codec, expected",
    [
        (Zfp(rate=np.float32(8)), {"mode": "fixed_rate", "rate": 8.0}),
        (Zfp(tolerance=np.float64(0.5)), {"mode": "fixed_accuracy", "tolerance": 0.5}),
        (Zfp(precision=np.int64(8)), {"mode": "fixed_precision", "precision": 8}),
        (Zfpy(np.int32(2), rate=np.float32(8)), {"mode": 2, "rate": 8.0}),
        (Zfpy(3, precision=np.uint8(8)), {"mode": 3, "precision": 8}),
    ],
    ids=repr,
)
def test_numbers_of_numpy_are_written_as_numbers(codec, expected, tmp_path):
    array = smooth((9, 10), np.float64)
    create(tmp_path, array, codec)
    (written,) = json.loads((tmp_path / "zarr.json").read_text())["codecs"]
    assert written == codec.to_dict() and written["configuration"] == expected
    assert type(codec).from_dict(written) == codec


def test_which_device_compressed_the_chunks(monkeypatch):
    def counts():
        return {name: count for name, (count, _) in chunks_by_device().items()}

    monkeypatch.setenv("ZFP_WGPU_DEVICE", "cpu")
    before = counts().get("CPU", 0)
    data = np.ones((8, 6), np.float32)
    ZFPY(mode=2, rate=8.0).encode(data)
    for serializer in (Zfp(rate=8), Zfpy(mode=2, rate=8.0)):
        create({}, data, serializer, chunks=(4, 6))
    assert counts()["CPU"] == before + 5
    assert chunks_by_device()["CPU"][1] == "the CPU was asked for"
    assert zfp_wgpu.numcodecs.chunks_by_device is chunks_by_device
