"""Every public name of zfpy: the same value, signature, result and exception."""

import inspect

import numpy as np
import pytest
import zfpy

import zfp_wgpu
from .support import in_child, outcome, same_bits

# What zfpy's module also shows, and nobody calls: its imports, and a helper of its own.
INTERNAL = {"functools", "itertools", "np", "operator", "sys", "zip_longest", "Memory"}
NAMES = sorted(name for name in vars(zfpy) if not name.startswith("_") and name not in INTERNAL)

ARRAY = np.arange(20, dtype=np.float32).reshape(4, 5)
STREAM = zfpy.compress_numpy(ARRAY, rate=8)
BARE = zfpy.compress_numpy(ARRAY, rate=8, write_header=False)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_here(name):
    theirs, ours = getattr(zfpy, name), getattr(zfp_wgpu, name)
    assert name in zfp_wgpu.__all__
    if not callable(theirs):
        assert type(ours) is type(theirs)
        assert ours == theirs


def test_all_names_exist_and_no_others_are_meant():
    ours = {"install_as_zfpy", "mode_reversible", "devices", "last_run"}
    ours |= {"DeviceInfo", "Run", "Seconds"}
    ours |= {"Estimate", "estimate", "suggest", "promote", "demote"}
    ours |= {"Index", "compress_indexed", "decompress_region", "compress_batch", "decompress_batch"}
    assert set(zfp_wgpu.__all__) == {*NAMES, *ours}
    assert all(hasattr(zfp_wgpu, name) for name in zfp_wgpu.__all__)
    # zfpy forgot this one; its `zmode_to_str` knows the mode.
    assert zfpy.zmode_to_str(zfp_wgpu.mode_reversible) == "reversible"


SIGNATURES = {
    "compress_numpy": {"tolerance": -1, "rate": -1, "precision": -1, "write_header": True},
    "decompress_numpy": {},
    "_decompress": {"out": None, "tolerance": -1, "rate": -1, "precision": -1},
    "header": {},
    "dtype_to_ztype": {},
    "dtype_to_format": {},
    "ztype_to_dtype": {},
    "zmode_to_str": {},
}
REQUIRED = {
    "compress_numpy": ["arr"],
    "decompress_numpy": ["compressed_data"],
    "_decompress": ["compressed_data", "ztype", "shape"],
    "header": ["compressed_data"],
    "dtype_to_ztype": ["dtype"],
    "dtype_to_format": ["dtype"],
    "ztype_to_dtype": ["ztype"],
    "zmode_to_str": ["zmode"],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_parameters_in_the_same_order(name):
    """zfpy's parameters come first; ours can only be given by name."""
    parameters = inspect.signature(getattr(zfp_wgpu, name)).parameters.values()
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [p.name for p in positional] == REQUIRED[name] + list(SIGNATURES[name])
    defaults = {p.name: p.default for p in positional if p.default is not p.empty}
    assert defaults == SIGNATURES[name]
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters if p not in positional)


ALL_POSITIONAL = [
    ("compress_numpy", (ARRAY, 0.5, -1, -1, False)),
    ("compress_numpy", (ARRAY, -1, 8.0, -1, True)),
    ("compress_numpy", (ARRAY, -1.0, -1.0, 9)),
    ("_decompress", (BARE, 3, ARRAY.shape, None, -1, 8, -1)),
    ("_decompress", (BARE, zfpy.type_float, [4, 5], bytearray(80), -1, 8)),
]


@pytest.mark.parametrize(("name", "args"), ALL_POSITIONAL)
def test_calls_by_position(name, args):
    theirs, ours = (getattr(module, name)(*args) for module in (zfpy, zfp_wgpu))
    assert type(ours) is type(theirs)
    assert same_bits(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs


CODES = [*range(7), 2**31 - 1, "x", None, [], True, np.int32(2), 4.0]
TYPES = [*zfpy.zfp_to_dtype_map.values(), np.int16, np.longlong, np.complex64, float, int, None]
CALLS = [
    *(("ztype_to_dtype", (code,)) for code in CODES),
    *(("zmode_to_str", (code,)) for code in CODES),
    *(("dtype_to_ztype", (t,)) for t in TYPES),
    *(("dtype_to_ztype", (np.dtype(t),)) for t in ("f4", "<i8", ">f8", "u4", "V4", "O")),
    *(("dtype_to_format", (t,)) for t in TYPES),
    *(("header", (data,)) for data in (None, "x", 3, [1], b"zfq\x05" + STREAM[4:])),
    *(("decompress_numpy", (data,)) for data in (None, "x", 3, [1], bytes(64), STREAM)),
    ("decompress_numpy", (np.zeros(16, np.float32),)),
    ("decompress_numpy", ()),
    ("decompress_numpy", (STREAM, 1)),
    ("compress_numpy", ()),
    ("compress_numpy", (None,)),
    ("compress_numpy", ([1.0],)),
    ("compress_numpy", (1.0,)),
    ("compress_numpy", (np.array(1.0),)),
    ("compress_numpy", (np.zeros((1,) * 5),)),
    *(("compress_numpy", (np.zeros(4, t),)) for t in ("f2", "i2", "u4", "u8", "c8", "?", ">f4")),
    ("compress_numpy", (ARRAY, 1, 1)),
    ("compress_numpy", (ARRAY, 1, -1, 1)),
    ("compress_numpy", (ARRAY, 0, 0, 0)),
    ("compress_numpy", (ARRAY, "1")),
    ("compress_numpy", (ARRAY, None)),
    ("compress_numpy", (ARRAY, -1, None)),
    ("compress_numpy", (ARRAY, -1, -1, None)),
    ("compress_numpy", (ARRAY, -1, -1, "8")),
    ("compress_numpy", (ARRAY, -2.5, -7, -9)),
    ("compress_numpy", (ARRAY, -1, -1, 8.7)),
    ("compress_numpy", (ARRAY, -1, -1, True)),
    ("compress_numpy", (ARRAY, np.float32(0.25))),
    # Whatever Python takes for true or false.
    *(("compress_numpy", (ARRAY, -1, 8, -1, flag)) for flag in (None, 0, 2, "", "no", [])),
    ("_decompress", (None, 3, (4, 5))),
    *(("_decompress", (BARE, code, (4, 5))) for code in (0, 5, 7, "x", None)),
    *(
        ("_decompress", (BARE, 3, shape))
        for shape in (20, None, (), (1,) * 5, iter((4, 5)), {4, 5})
    ),
    *(
        ("_decompress", (BARE, 3, shape, None, -1, 8))
        for shape in ([4, 5], np.array([4, 5]), (0, 4, 5), [0, 0, 4, 5])
    ),
    *(
        ("_decompress", (BARE, 3, (4, 5), out, -1, 8))
        for out in (3, "x", [0] * 20, np.zeros((4, 5)), np.zeros((5, 4), "f4"), np.zeros(20, "f4"))
    ),
    ("_decompress", (BARE, 3, (4, 5), np.zeros((4, 5), ">f4"), -1, 8)),
    *(("_decompress", (BARE, 3, (4, 5), bytearray(n), -1, 8)) for n in (0, 79, 80, 84, 160)),
]


@pytest.mark.parametrize(("name", "args"), CALLS)
def test_same_answer_or_same_exception(name, args):
    theirs, ours = (outcome(getattr(module, name), *args) for module in (zfpy, zfp_wgpu))
    if isinstance(theirs, np.ndarray):
        assert same_bits(ours, theirs)
    else:
        assert ours == theirs


# Here the exceptions differ, and these are ours: each is a ValueError, as all bad values.
OTHERS = [
    (lambda m: m.ztype_to_dtype(-1), OverflowError, ValueError),
    (lambda m: m.zmode_to_str(-1), OverflowError, ValueError),
    (lambda m: m._decompress(BARE, -1, (4, 5)), OverflowError, ValueError),
    (lambda m: m.header(b""), IndexError, ValueError),
    (lambda m: m.decompress_numpy(b""), IndexError, ValueError),
    (lambda m: m._decompress(b"", 3, (4, 5)), IndexError, ValueError),
    (lambda m: m.decompress_numpy(memoryview(STREAM)[::2]), BufferError, ValueError),
]


@pytest.mark.parametrize(("call", "theirs", "ours"), OTHERS)
def test_exceptions_that_differ(call, theirs, ours):
    assert outcome(call, zfpy) is theirs
    assert outcome(call, zfp_wgpu) is ours


def test_what_zfpy_lets_pass():
    """Mistakes that zfpy turns into wrong values, without a word."""
    # Two modes for one stream: it takes the tolerance.
    long = BARE + bytes(500)  # so that it has something to read
    assert isinstance(zfpy._decompress(long, 3, (4, 5), tolerance=1, rate=8), np.ndarray)
    with pytest.raises(ValueError, match="Only one of tolerance, rate, or precision"):
        zfp_wgpu._decompress(long, 3, (4, 5), tolerance=1, rate=8)
    # Fortran order: it writes as if the array were C-ordered.
    out = np.zeros((4, 5), np.float32, order="F")
    assert not np.array_equal(zfpy._decompress(BARE, 3, (4, 5), out, rate=8), ARRAY)
    assert np.array_equal(zfp_wgpu._decompress(BARE, 3, (4, 5), out, rate=8), ARRAY)
    # Sizes that are no integers: it cuts them off.
    assert zfpy._decompress(BARE, 3, (4.9, 5), rate=8).shape == (4, 5)
    with pytest.raises(TypeError):
        zfp_wgpu._decompress(BARE, 3, (4.9, 5), rate=8)


def test_numbers_of_planes_beyond_a_c_int():
    """zfpy has no room for these; above 64 they mean all planes, and below 0 unset."""
    assert outcome(zfpy.compress_numpy, ARRAY, precision=2**40) is OverflowError
    whole, unset = zfpy.compress_numpy(ARRAY, precision=64), zfpy.compress_numpy(ARRAY)
    assert zfp_wgpu.compress_numpy(ARRAY, precision=2**40) == whole
    assert zfp_wgpu.compress_numpy(ARRAY, precision=2**2000) == whole
    assert zfp_wgpu.compress_numpy(ARRAY, precision=-(2**2000)) == unset
    assert zfp_wgpu.compress_numpy(ARRAY, precision=-(2**40)) == unset


@pytest.mark.parametrize("layout", "CF")
def test_results(layout):
    stream = zfp_wgpu.compress_numpy(np.asarray(ARRAY, order=layout))
    assert type(stream) is bytes
    array = zfp_wgpu.decompress_numpy(stream)
    assert type(array) is np.ndarray
    assert array.dtype.isnative
    assert array.flags.c_contiguous and array.flags.writeable and array.flags.aligned
    bare = zfp_wgpu.compress_numpy(ARRAY, write_header=False)
    array = zfp_wgpu._decompress(bare, zfpy.type_float, ARRAY.shape)
    assert array.flags.c_contiguous and array.flags.writeable and array.flags.aligned


def test_headers_are_plain_python():
    header = zfp_wgpu.header(STREAM)
    theirs = zfpy.header(STREAM)
    for ours, theirs in (
        (header, theirs),
        (header["config"], theirs["config"]),
        (header["config"]["expert"], theirs["config"]["expert"]),
    ):
        assert list(ours) == list(theirs)
        assert [type(value) for value in ours.values()] == [type(v) for v in theirs.values()]
    assert header["config"]["expert"]["maxbits"] == 128


def test_install_as_zfpy():
    def case():
        import sys

        import zfp_wgpu

        zfp_wgpu.install_as_zfpy()
        import zfpy
        from zfpy import compress_numpy

        assert zfpy is zfp_wgpu and compress_numpy is zfp_wgpu.compress_numpy
        assert sys.modules["zfpy"] is zfp_wgpu

    in_child(case)


def test_the_version_of_zfpy_is_answered_for_where_there_is_none():
    def case():
        from importlib import metadata
        from importlib.machinery import PathFinder

        import zfp_wgpu

        find = PathFinder.find_distributions

        def without_zfpy(context=metadata.DistributionFinder.Context()):
            return (d for d in find(context) if d.metadata["Name"] != "zfpy")

        PathFinder.find_distributions = without_zfpy
        try:
            metadata.version("zfpy")
        except metadata.PackageNotFoundError:
            pass
        else:
            raise AssertionError("not hidden")
        zfp_wgpu.install_as_zfpy()
        zfp_wgpu.install_as_zfpy()
        assert metadata.version("zfpy") == "1.0.1"
        assert len(list(metadata.distributions(name="zfpy"))) == 1
        assert metadata.version("numpy") != "1.0.1"

    in_child(case)


def test_version():
    from importlib.metadata import version

    assert zfp_wgpu.__version__ == version("zfp-wgpu")
