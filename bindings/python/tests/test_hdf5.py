"""HDF5 files: those of hdf5plugin (H5Z-ZFP) byte for byte, read both ways, and by h5dump.

h5py takes a filter that is registered before one it would have to load. So this process,
which imports hdf5plugin, has H5Z-ZFP, and ours runs in processes of its own.
"""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

import zfp_wgpu.hdf5

from .hdf5_support import MODES, chunks_of, filter_of, tool
from .support import DTYPES, in_child, same_bits, smooth

FILTER = zfp_wgpu.hdf5.FILTER_ID
# Shapes and chunks: whole and partial blocks and chunks, and axes of length 1.
SHAPES = {
    "1d": ((1000,), (300,)),
    "2d": ((30, 50), (16, 21)),
    "3d": ((12, 17, 20), (6, 17, 10)),
    "4d": ((5, 6, 7, 9), (5, 3, 7, 8)),
    "flat": ((3, 20, 30), (1, 11, 30)),
    "thin": ((6, 5, 1, 8, 1, 9), (1, 5, 1, 8, 1, 4)),
}


def write_ours(plain, path):
    """Compresses each dataset of a file as its attributes say."""
    import h5py

    import zfp_wgpu.hdf5

    with h5py.File(plain) as source, h5py.File(path, "w") as out:
        for name, data in source.items():
            options = tuple(int(number) for number in data.attrs["options"])
            opts = {"compression": zfp_wgpu.hdf5.FILTER_ID, "compression_opts": options}
            made = out.create_dataset(name, data=data[...], chunks=data.chunks, **opts)
            filter_name = made.id.get_create_plist().get_filter(0)[3]
            assert b"zfp-wgpu" in filter_name, filter_name


def read_ours(path, plain):
    """Decompresses each dataset of a file into a plain one."""
    import h5py

    import zfp_wgpu.hdf5  # noqa: F401

    with h5py.File(path) as source, h5py.File(plain, "w") as out:
        for name, data in source.items():
            out[name] = data[...]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same data: plain, compressed by H5Z-ZFP and by ours, and what ours reads there."""
    folder = tmp_path_factory.mktemp("hdf5")
    plain, theirs, ours, read = (folder / name for name in ("plain", "theirs", "ours", "read"))
    with h5py.File(plain, "w") as data, h5py.File(theirs, "w") as out:
        for shape_name, (shape, chunks) in SHAPES.items():
            for dtype in DTYPES:
                values = smooth(shape, dtype)
                for mode, kwargs in MODES.items():
                    name = f"{shape_name}-{np.dtype(dtype)}-{mode}"
                    zfp = hdf5plugin.Zfp(**kwargs)
                    data.create_dataset(name, data=values, chunks=chunks)
                    data[name].attrs["options"] = np.array(zfp.filter_options, np.uint32)
                    out.create_dataset(name, data=values, chunks=chunks, compression=zfp)
    in_child(write_ours, str(plain), str(ours))
    in_child(read_ours, str(theirs), str(read))
    with h5py.File(plain) as a, h5py.File(theirs) as b, h5py.File(ours) as c, h5py.File(read) as d:
        assert len(a) == len(SHAPES) * len(DTYPES) * len(MODES)
        yield a, b, c, d


def test_files_are_those_of_h5z_zfp(files):
    plain, theirs, ours, _ = files
    for name in plain:
        assert filter_of(theirs[name])[2] == filter_of(ours[name])[2], name
        mine = chunks_of(ours[name])
        assert chunks_of(theirs[name]) == mine, name
        assert all(mask == 0 for mask, _ in mine), name


def test_either_reads_what_the_other_wrote(files):
    plain, theirs, ours, read = files
    for name in plain:
        values = theirs[name][...]
        assert same_bits(ours[name][...], values), name
        assert same_bits(read[name][...], values), name
        if name.endswith("reversible"):
            assert same_bits(plain[name][...], values), name


@pytest.mark.parametrize("kwargs", MODES.values(), ids=MODES)
def test_arguments_are_those_of_hdf5plugin(kwargs):
    ours, theirs = zfp_wgpu.hdf5.Zfp(**kwargs), hdf5plugin.Zfp(**kwargs)
    assert dict(ours) == dict(theirs)
    assert ours == theirs and hash(ours) == hash(theirs)
    with h5py.File("unnamed", "w", driver="core", backing_store=False) as file:
        for args in (dict(ours), {"compression": ours}):
            name = str(len(file))
            made = file.create_dataset(name, data=np.ones((8, 9)), chunks=(8, 9), **args)
            assert filter_of(made)[0] == FILTER


@pytest.mark.parametrize(
    "kwargs",
    [
        {"rate": 8, "precision": 9},
        {"accuracy": 1e-3, "reversible": True},
        {"rate": 8, "minexp": 1},
        {"minbits": 1, "maxbits": 9},
        {"rate": -1},
        {"rate": float("nan")},
        {"accuracy": float("inf")},
        {"precision": -1},
        {"precision": 65},
        {"precision": 1.5},
        {"minbits": 1, "maxbits": 1 << 32, "maxprec": 64, "minexp": -1074},
    ],
    ids=str,
)
def test_arguments_that_make_no_sense(kwargs):
    with pytest.raises(ValueError):
        zfp_wgpu.hdf5.Zfp(**kwargs)


def test_h5dump(files, tmp_path):
    _, theirs, ours, _ = files
    assert "32013" in tool("h5dump", "-p", "-H", ours.filename)
    for name in ["1d-int64-rate", "2d-float32-accuracy", "4d-float64-reversible", "thin-int32-low"]:
        for file in (theirs, ours):
            out = tmp_path / name
            tool("h5dump", "-d", f"/{name}", "-b", "NATIVE", "-o", out, file.filename)
            assert out.read_bytes() == theirs[name][...].tobytes()


def test_h5repack(files, tmp_path):
    """Copied properties hold what is stored, for the old chunks; new ones get their own."""
    _, theirs, _, _ = files
    names = [f"{shape}-float32-{mode}" for shape in ("2d", "3d") for mode in MODES]
    with h5py.File(tmp_path / "some", "w") as some:
        for name in names:
            theirs.copy(name, some)
    new = tmp_path / "new"
    tool("h5repack", "-l", f"{','.join(names[:7])}:CHUNK=30x1", tmp_path / "some", new)
    with h5py.File(new) as file:
        for name in names:
            assert filter_of(file[name])[0] == FILTER
            assert all(mask == 0 for mask, _ in chunks_of(file[name]))
        for name in names[7:]:
            assert filter_of(file[name])[2] == filter_of(theirs[name])[2]
        assert file["2d-float32-rate"].chunks == (30, 1)
        bits = 8 * len(chunks_of(file["2d-float32-rate"])[0][1])
        assert bits == 8 * 34  # 8 blocks of 4 values at 8.5 bits
        same = file["2d-float32-reversible"][...], theirs["2d-float32-reversible"][...]
        assert same_bits(*same)


def test_both_byte_orders(tmp_path):
    def case(path):
        import h5py
        import numpy as np

        from zfp_wgpu.hdf5 import Zfp

        with h5py.File(path, "w") as file:
            for kind in (">f4", ">f8", ">i4", ">i8"):
                values = np.arange(300).reshape(15, 20).astype(kind) / np.array(2, kind)
                for mode in ({"precision": 20}, {"reversible": True}):
                    name = f"{kind[1:]}-{'-'.join(mode)}"
                    native = kind.replace(">", "=")
                    for name, kind_of_file in ((name, native), (name + "-big", kind)):
                        data = values.astype(kind_of_file)
                        file.create_dataset(name, data=data, chunks=(15, 11), **Zfp(**mode))

    path = tmp_path / "orders.h5"
    in_child(case, str(path))
    in_child(read_ours, str(path), str(tmp_path / "read.h5"))
    with h5py.File(path) as file, h5py.File(tmp_path / "read.h5") as read:
        assert len(file) == 16
        for name, data in file.items():
            assert same_bits(data[...], read[name][...])
            if name.endswith("big"):
                native = file[name.removesuffix("-big")]
                assert native.dtype.isnative and not data.dtype.isnative
                assert (data[...] == native[...]).all()
                assert chunks_of(data) == chunks_of(native)
                words = np.array(filter_of(native)[2][1:], np.uint32)
                assert (words.byteswap() == filter_of(data)[2][1:]).all()


def test_controls_of_h5z_zfp_in_a_property_list():
    """H5Z-ZFP's functions for C programs leave a property instead of numbers."""

    def case():
        import ctypes
        import struct

        import h5py
        import numpy as np

        from zfp_wgpu.hdf5 import Zfp

        # The library that h5py's modules depend on.
        hdf5 = ctypes.CDLL(h5py.h5z.__file__)
        insert = hdf5.H5Pinsert2
        insert.argtypes = [ctypes.c_int64, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
        insert.argtypes += [ctypes.c_void_p] * 6
        controls = {
            struct.pack("Ixxxxdxxxxxxxx", 1, 8.5): Zfp(rate=8.5),
            struct.pack("IxxxxIxxxxxxxxxxxx", 2, 13): Zfp(precision=13),
            struct.pack("Ixxxxdxxxxxxxx", 3, 1e-3): Zfp(accuracy=1e-3),
            struct.pack("IxxxxIIIi", 4, 3, 99, 20, -9): Zfp(None, None, None, False, 3, 99, 20, -9),
            struct.pack("Ixxxxxxxxxxxxxxxxxxxx", 5): Zfp(reversible=True),
        }
        values = np.random.default_rng(7).random((8, 9))
        with h5py.File("unnamed", "w", driver="core", backing_store=False) as file:
            for name, (control, zfp) in enumerate(controls.items()):
                assert len(control) == 24
                plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                plist.set_chunk((8, 9))
                plist.set_filter(32013, h5py.h5z.FLAG_MANDATORY, ())
                assert insert(plist.id, b"zfp_controls", 24, control, *[None] * 6) >= 0
                space, kind = h5py.h5s.create_simple((8, 9)), h5py.h5t.NATIVE_DOUBLE
                place = h5py.h5d.create(file.id, str(name).encode(), kind, space, plist)
                made = h5py.Dataset(place)
                made[...] = values
                same = file.create_dataset(f"{name}-same", data=values, chunks=(8, 9), **zfp)
                numbers = [d.id.get_create_plist().get_filter(0)[2] for d in (made, same)]
                assert numbers[0] == numbers[1]
                assert (made[...] == same[...]).all()

    in_child(case)


def test_large_chunks_and_the_end_of_hdf5():
    """HDF5 unloads its plugins when it closes, and the threads in ours live on."""

    def case():
        import ctypes
        import time

        import h5py
        import numpy as np

        import zfp_wgpu.hdf5

        values = np.random.default_rng(8).random((64, 256, 256)).astype(np.float32)
        zfp = zfp_wgpu.hdf5.Zfp(rate=12)
        with h5py.File("unnamed", "w", driver="core", backing_store=False) as file:
            made = file.create_dataset("x", data=values, chunks=values.shape, compression=zfp)
            _, stream = made.id.read_direct_chunk((0, 0, 0))
            assert stream == zfp_wgpu.compress_numpy(
                values, rate=12, write_header=False, word_bits=8, device="cpu"
            )
            assert np.abs(made[...] - values).max() < 0.1
        ctypes.CDLL(h5py.h5z.__file__).H5close()
        time.sleep(0.2)
        print("closed")

    assert in_child(case) == "closed\n"


def test_netcdf():
    def case():
        import io

        import h5netcdf
        import numpy as np

        from zfp_wgpu.hdf5 import Zfp

        values = np.random.default_rng(9).random((40, 50)).astype(np.float32)
        store = io.BytesIO()
        with h5netcdf.File(store, "w") as file:
            file.dimensions = {"y": 40, "x": 50}
            zfp = Zfp(accuracy=1e-2)
            file.create_variable("t", ("y", "x"), "f4", data=values, chunks=(20, 25), **zfp)
        with h5netcdf.File(store) as file:
            assert np.abs(file["t"][...] - values).max() <= 1e-2

    in_child(case)


def test_netcdf4_reads_by_the_variable_alone(tmp_path):
    def case(path):
        import netCDF4

        with netCDF4.Dataset(path) as file:
            print(file["t"][...].data.tobytes().hex())

    values = smooth((40, 50), np.float32)
    with h5py.File(tmp_path / "t.nc", "w") as file:
        zfp = zfp_wgpu.hdf5.Zfp(accuracy=1e-2)
        made = file.create_dataset("t", data=values, chunks=(20, 25), **zfp)
        for axis, name in enumerate("yx"):
            file[name] = np.arange(values.shape[axis])
            file[name].make_scale()
            made.dims[axis].attach_scale(file[name])
    with h5py.File(tmp_path / "t.nc") as file:
        expected = file["t"][...]
    assert np.abs(expected - values).max() <= 1e-2
    # netCDF4's wheel has an HDF5 of its own, which knows of nothing else.
    variable = {"HDF5_PLUGIN_PATH": zfp_wgpu.hdf5.plugin_path()}
    printed = in_child(case, str(tmp_path / "t.nc"), environment=variable, warnings="default")
    assert printed.strip() == expected.tobytes().hex()


def test_the_page_about_hdf5(tmp_path):
    """Its examples, in one process each, as they stand there."""
    page = Path(__file__).parents[3] / "docs/hdf5.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        command = [sys.executable, "-P", "-W", "error", "-c", block]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, block + done.stderr


def test_the_folder_of_the_plugin():
    command = [sys.executable, "-P", "-m", "zfp_wgpu.hdf5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == zfp_wgpu.hdf5.plugin_path()
    assert any("h5z_zfp_wgpu" in name for name in os.listdir(zfp_wgpu.hdf5.plugin_path()))


@pytest.mark.parametrize("name", [None, "Zfp", "plugin_path"])
def test_examples(name):
    module = zfp_wgpu.hdf5
    text = (getattr(module, name) if name else module).__doc__
    examples = doctest.DocTestParser().get_doctest(
        text, {**vars(module), "np": np, "zfp_wgpu": zfp_wgpu}, name or "hdf5", None, None
    )
    assert examples.examples
    failures = []
    doctest.DocTestRunner(verbose=False).run(examples, out=failures.append)
    assert not failures, "".join(failures)
