"""An array that no worker has room for, compressed by all of them into one Zarr array.

    pip install zfp-wgpu[dask]
    python examples/dask_zarr.py [--scheduler ADDRESS] [--layers N] [FOLDER]

Without an address, a cluster of two processes is started on this machine. Workers need this
package and see FOLDER; the scheduler needs Dask alone. Each worker compresses on the device
that is best there, or that its environment variable ZFP_WGPU_DEVICE names.
"""

import argparse
import contextlib
import os
import tempfile
from pathlib import Path

import dask.array as da
import numpy as np
import zarr
from dask.distributed import Client, LocalCluster

from zfp_wgpu.zarr import Zfp

SHARE = "640MiB"  # of memory, for each worker: a GPU's driver may take half of it
PART = (4, 1024, 1024)  # what is made, compressed and written at a time: 16 MiB
CHUNK = (4, 512, 512)  # of the Zarr array: 4 MiB
RATE = 12  # bits per value


class OnDisk:
    """A Zarr array by its path, so that the graph holds no codec, which the scheduler would
    have to know. (Zarr's own arrays will do where it does.)"""

    def __init__(self, path):
        array = zarr.open_array(path, mode="r")
        self.path, self.shape, self.dtype = path, array.shape, array.dtype
        self.ndim = array.ndim

    def __getitem__(self, place):
        return zarr.open_array(self.path, mode="r")[place]

    def __setitem__(self, place, values):
        zarr.open_array(self.path, mode="r+")[place] = values


def layers(block_info=None):
    """The part of the field at this place: waves on a slope."""
    where = block_info[None]["array-location"]
    z, y, x = np.ogrid[tuple(slice(*ends) for ends in where)]
    wave = np.sin(x / 50).astype("f4") * np.cos(y / 70).astype("f4")
    return wave + np.sin((x + 3 * z) / 400).astype("f4") + (z / 100).astype("f4")


def devices(dask_worker):
    """What a worker has compressed on, and why."""
    from zfp_wgpu.zarr import chunks_by_device

    limit = dask_worker.memory_manager.memory_limit
    return {"process": os.getpid(), "limit": limit, "chunks": chunks_by_device()}


def since(before, now):
    """The chunks of each device that a worker has compressed since `before`."""
    for name, (chunks, why) in now["chunks"].items():
        earlier, _ = before["chunks"].get(name, (0, "")) if before else (0, "")
        if chunks > earlier:
            yield name, chunks - earlier, why


def run(client, path, count, share=None):
    shape = (count * PART[0], *PART[1:])
    field = da.map_blocks(layers, chunks=da.core.normalize_chunks(PART, shape), dtype="f4")
    shares = f", {share} for each of the workers" if share else ""
    print(f"{field.nbytes / 2**20:.0f} MiB{shares}")

    zfp = {"serializer": Zfp(rate=RATE), "compressors": None}
    zarr.create_array(path, shape=shape, chunks=CHUNK, dtype="f4", **zfp)
    stored = OnDisk(path)
    # Workers may have compressed for others.
    before = client.run(devices)
    da.store(field, stored, lock=False)
    size = sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())
    print(f"written: {size / 2**20:.1f} MiB, {field.nbytes / size:.1f} times smaller")
    for worker, did in client.run(devices).items():
        limit = did["limit"]
        most = f"of at most {limit / 2**20:.0f} MiB" if limit else "without a limit"
        print(f"process {did['process']}, {most}:")
        for name, chunks, why in since(before.get(worker), did):
            print(f"  {chunks} chunks on {name} ({why})")

    back = da.from_array(stored, chunks=PART, name=False, meta=np.empty((0, 0, 0), "f4"))
    worst = float(abs(back - field).max().compute())
    assert worst < 0.01, worst
    print(f"read back: error {worst:.2g} at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a cluster that runs already")
    parser.add_argument("--layers", type=int, default=45, help="16 MiB each (default: 45)")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.folder or stack.enter_context(tempfile.TemporaryDirectory())
        share = None
        if options.scheduler is None:
            share = SHARE
            own = LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                memory_limit=share,
                host="127.0.0.1",
                dashboard_address=None,
            )
            options.scheduler = stack.enter_context(own)
        client = stack.enter_context(Client(options.scheduler))
        run(client, str(Path(folder) / "field.zarr"), options.layers, share)


if __name__ == "__main__":
    main()
