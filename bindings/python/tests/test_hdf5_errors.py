"""HDF5 datasets that zfp cannot compress, and files that are damaged or hostile.

As in `test_hdf5`, this process has H5Z-ZFP, and ours runs in processes of its own.
"""

import h5py
import hdf5plugin
import numpy as np

from .hdf5_support import MODES, filter_of, tool
from .support import DTYPES, in_child


def test_what_zfp_cannot_do():
    def case():
        import h5py
        import numpy as np

        from zfp_wgpu.hdf5 import Zfp

        with h5py.File("unnamed", "w", driver="core", backing_store=False) as file:

            def fails(why, shape=(4, 5), dtype=np.float32, zfp=Zfp(rate=8)):
                try:
                    file.create_dataset("x", shape, dtype, chunks=shape, **zfp)
                except ValueError as error:
                    assert why in str(error), error
                    return
                raise AssertionError(why)

            def numbers(*given):
                return {"compression": 32013, "compression_opts": given}

            fails("not 2 bytes", dtype=np.int16)
            fails("not 2 bytes", dtype=np.float16)
            fails("not 8 bytes", dtype=np.complex64)
            fails("not 1 bytes", dtype=np.bool_)
            fails("1 to 4 axes longer than 1, not 5", shape=(2, 3, 2, 3, 2))
            fails("no cd_values", zfp=numbers(0))
            fails("no cd_values", zfp=numbers(6, 0, 1, 2, 3, 4))
            fails("no cd_values", zfp=numbers(1, 0, 0))
            fails("no cd_values", zfp=numbers(0x10105111, 0x570667A, 7))
            fails("rate -1 ", zfp=numbers(1, 0, 0, 0xBFF00000))
            fails("tolerance NaN", zfp=numbers(3, 0, 0, 0x7FF80000))
            fails("minbits 9 is above maxbits 2", zfp=numbers(4, 0, 9, 2, 64, 0))
            fails("maxprec 65", zfp=numbers(4, 0, 1, 99, 65, 0))
            fails("0 bits", dtype=np.int32, zfp=Zfp(rate=0))
            fails("at most 16777216", shape=(1 << 25, 2), dtype=np.int32)

            # What shuffles bytes leaves none that may be lost.
            fails("must be the first filter", zfp={"shuffle": True, **Zfp(rate=8)})
            kept = np.random.default_rng(0).random((4, 5), np.float32)
            zfp = {"shuffle": True, "chunks": (4, 5), **Zfp(reversible=True)}
            assert (file.create_dataset("kept", data=kept, **zfp)[...] == kept).all()
            zfp = {"fletcher32": True, "chunks": (4, 5), **Zfp(rate=8)}
            file.create_dataset("behind", data=kept, **zfp)

            # One value is an array, too.
            one = file.create_dataset("one", data=[[[7.0]]], chunks=(1, 1, 1), **Zfp(rate=32))
            assert one[0, 0, 0] == 7 and one.id.get_chunk_info(0).filter_mask == 0

    in_child(case)


def test_values_that_are_not_finite_stay_as_they_are():
    def case():
        import h5py
        import numpy as np

        from zfp_wgpu.hdf5 import Zfp

        values = np.ones((8, 12))
        values[1, 2], values[1, 3] = np.nan, np.inf
        with h5py.File("unnamed", "w", driver="core", backing_store=False) as file:
            # The filter is optional, so HDF5 keeps a chunk that it refuses.
            some = file.create_dataset("some", data=values, chunks=(8, 6), **Zfp(accuracy=0.1))
            assert [some.id.get_chunk_info(i).filter_mask for i in range(2)] == [1, 0]
            assert some[:, :6].tobytes() == values[:, :6].tobytes()
            all_of_it = file.create_dataset("all", data=values, **Zfp(reversible=True))
            assert all_of_it[...].tobytes() == values.tobytes()
            assert all_of_it.id.get_chunk_info(0).filter_mask == 0

            # Where it is not, writing fails and says why.
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_chunk((8, 12))
            plist.set_filter(32013, h5py.h5z.FLAG_MANDATORY, Zfp(precision=9).filter_options)
            space, kind = h5py.h5s.create_simple((8, 12)), h5py.h5t.NATIVE_DOUBLE
            made = h5py.Dataset(h5py.h5d.create(file.id, b"must", kind, space, plist))
            made[...] = values
            try:
                file.flush()
                made.id.flush()
            except (OSError, RuntimeError) as error:
                assert "filter returned failure" in str(error), error
            else:
                raise AssertionError("written")
            made[...] = 1

    in_child(case)


def test_values_that_are_not_finite_can_be_allowed():
    def case():
        import os

        import h5py
        import numpy as np

        from zfp_wgpu.hdf5 import Zfp

        os.environ["ZFP_WGPU_NONFINITE"] = "allow"
        values = np.arange(96.0).reshape(8, 12)
        values[1, 2], values[1, 3] = np.nan, -np.inf
        with h5py.File("unnamed", "w", driver="core", backing_store=False) as file:
            made = file.create_dataset("x", data=values, chunks=(8, 12), **Zfp(precision=20))
            print(*(made.id.read_direct_chunk((0, 0))[1]))

    values = np.arange(96.0).reshape(8, 12)
    values[1, 2], values[1, 3] = np.nan, -np.inf
    with h5py.File("unnamed", "w", driver="core", backing_store=False) as file:
        zfp = hdf5plugin.Zfp(precision=20)
        made = file.create_dataset("x", data=values, chunks=(8, 12), **zfp)
        theirs = made.id.read_direct_chunk((0, 0))[1]
    assert bytes(map(int, in_child(case).split())) == theirs


def write_raw(file, name, stream, mask=0):
    """A dataset of one chunk of 8 x 9 floats that H5Z-ZFP compressed, with other bytes."""
    made = file.create_dataset(name, (8, 9), "f4", chunks=(8, 9), **hdf5plugin.Zfp(rate=8))
    made.id.write_direct_chunk((0, 0), stream, mask)
    return made


def test_damaged_chunks_and_numbers(tmp_path):
    path = tmp_path / "damaged.h5"
    rng = np.random.default_rng(5)
    with h5py.File(path, "w", libver="earliest") as file:
        whole = write_raw(file, "whole", rng.bytes(6 * 16))
        for size in (1, 50, 95):
            write_raw(file, f"short-{size}", rng.bytes(size))
        write_raw(file, "long", rng.bytes(97))
        words = filter_of(whole)[2]
        # H5Z-ZFP leaves a user's numbers where it can do nothing with a dataset.
        shape = (2, 3, 2, 3, 2)
        left = file.create_dataset("user", shape, "f4", chunks=shape, **hdf5plugin.Zfp(rate=8))
        left.id.write_direct_chunk((0,) * 5, rng.bytes(99))
        for name in ("claim", "words", "codec"):
            write_raw(file, name, rng.bytes(6 * 16))
            # Found again in the file, which has no checksums in this form.
            file[name].attrs["where"] = name
    bytes_of_file = bytearray(path.read_bytes())

    def patch(nth, new):
        old, at = np.array(words, "<u4").tobytes(), -1
        for _ in range(nth + 1):
            at = bytes_of_file.index(old, at + 1)
        bytes_of_file[at : at + len(old)] = np.array(new, "<u4").tobytes()

    count = bytes(bytes_of_file).count(np.array(words, "<u4").tobytes())
    assert count == 8
    patch(7, (words[0] | 0x7000, *words[1:]))
    patch(6, (words[0], 1, 2, 3))
    patch(5, (words[0], words[1], 0xFFFFFFF6, 0x2FFFFFF | words[3] & 0xF0000000))
    path.write_bytes(bytes_of_file)

    def case(path):
        import h5py

        import zfp_wgpu.hdf5  # noqa: F401

        with h5py.File(path) as file:
            for name, data in file.items():
                try:
                    data[...]
                    print(name)
                except OSError as error:
                    # All that HDF5 2 lets its filters say when reading.
                    assert "filter returned failure" in str(error), error

    assert in_child(case, str(path)).split() == ["long", "whole"]
    reasons = {
        **{f"short-{n}": f"at least 96 bytes are needed, and there are {n}" for n in (1, 50, 95)},
        "user": "hold no zfp header",
        "words": "hold no zfp header",
        "codec": "codec version 7",
        "claim": "truncated",
    }
    for name, reason in reasons.items():
        assert reason in tool("h5dump", "--enable-error-stack", "-d", name, path, status=1)


def test_random_chunks_are_values_or_errors(tmp_path):
    path = tmp_path / "random.h5"
    rng = np.random.default_rng(6)
    with h5py.File(path, "w") as file:
        for mode, kwargs in MODES.items():
            for dtype in DTYPES:
                name = f"{mode}-{np.dtype(dtype)}"
                zfp = hdf5plugin.Zfp(**kwargs)
                made = file.create_dataset(name, (400, 5, 6), dtype, chunks=(5, 5, 6), **zfp)
                for start in range(0, 400, 5):
                    stream = rng.bytes(int(rng.integers(1, 1500)))
                    made.id.write_direct_chunk((start, 0, 0), stream)

    def case(path):
        import h5py

        import zfp_wgpu.hdf5  # noqa: F401

        read = refused = 0
        with h5py.File(path) as file:
            for data in file.values():
                for start in range(0, 400, 5):
                    try:
                        data[start : start + 5]
                        read += 1
                    except OSError:
                        refused += 1
        assert read > 100 and refused > 100, (read, refused)

    in_child(case, str(path))
