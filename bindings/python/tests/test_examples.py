"""The examples of xarray and Dask run as they are, and the latter on a real cluster too."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import h5py
import pytest
import zarr

import zfp_wgpu

EXAMPLES = Path(__file__).parents[3] / "examples"


def example(name, *arguments, timeout=150):
    command = [sys.executable, "-P", EXAMPLES / name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_xarray_in_zarr_2_zarr_3_and_netcdf(tmp_path):
    printed = example("xarray_files.py", tmp_path)
    sizes = [float(size) for size in re.findall(r": ([\d.]+) MB", printed)]
    assert len(sizes) == 4 and all(3 * size < sizes[0] for size in sizes[1:])
    metadata = json.loads((tmp_path / "2.zarr/air/.zarray").read_text())
    assert metadata["compressor"]["id"] == "zfpy"
    metadata = json.loads((tmp_path / "3.zarr/air/zarr.json").read_text())
    expected = {"mode": "fixed_accuracy", "tolerance": 0.01}
    assert metadata["codecs"] == [{"name": "zfp", "configuration": expected}]
    with h5py.File(tmp_path / "air.nc") as file:
        number, _, _, name = file["air"].id.get_create_plist().get_filter(0)
        # HDF5 keeps the name of the filter that wrote.
        assert number == 32013 and b"zfp-wgpu" in name


def workers(printed):
    """For each process of a worker, its share of memory and its chunks by device."""
    found = {}
    for line in printed.splitlines():
        if worker := re.fullmatch(r"process (\d+), of at most (\d+) MiB:", line):
            share, chunks = int(worker[2]), {}
            found[int(worker[1])] = share, chunks
        elif chunk := re.fullmatch(r"  (\d+) chunks on (.*?) \((.+)\)", line):
            # A device's name may have brackets of its own, and a reason too.
            chunks[chunk[2]] = int(chunk[1])
    return found


def test_dask_with_an_array_larger_than_a_workers_share(tmp_path):
    printed = example("dask_zarr.py", tmp_path)
    field, share = map(int, re.search(r"(\d+) MiB, (\d+)MiB", printed).groups())
    assert field > share
    assert "read back: error" in printed
    stored = zarr.open_array(tmp_path / "field.zarr")
    assert stored.nbytes == field << 20 and stored.nchunks_initialized > 100
    assert stored.metadata.codecs[0].to_dict()["configuration"]["rate"] == 12
    found = workers(printed)
    assert len(found) == 2 and os.getpid() not in found
    # Both did their part; nobody did a chunk twice, nor left one out.
    assert all(limit == share and sum(chunks.values()) for limit, chunks in found.values())
    done = sum(sum(chunks.values()) for _, chunks in found.values())
    assert done == stored.nchunks_initialized


@pytest.fixture
def cluster(tmp_path):
    """A scheduler that knows nothing of this package, and two workers with it."""
    strange = tmp_path / "scheduler"
    strange.mkdir()
    (strange / "zfp_wgpu.py").write_text("raise ImportError('not on the scheduler')\n")
    file = tmp_path / "scheduler.json"
    common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    scheduler = ["dask_scheduler", "--port", "0"]
    worker = ["dask_worker", "--nthreads", "1", "--no-nanny", "--memory-limit", "1GiB"]
    with ExitStack() as stack:
        for command, environment in (
            (scheduler, {"PYTHONPATH": str(strange)}),
            (worker, {"ZFP_WGPU_DEVICE": "cpu"}),
            (worker, {"ZFP_WGPU_DEVICE": "gpu" if zfp_wgpu.devices() else "auto"}),
        ):
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:], *common],
                env={**os.environ, **environment},
                cwd=tmp_path,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text()):
            assert time.monotonic() < deadline, "no scheduler"
            time.sleep(0.1)
        yield json.loads(file.read_text())["address"]


def test_dask_with_nothing_of_ours_on_the_scheduler(cluster, tmp_path):
    from dask.distributed import Client

    def on_the_scheduler():
        try:
            import zfp_wgpu
        except ImportError as error:
            return str(error)
        return zfp_wgpu.__file__

    def with_a_nan():
        import numpy as np
        import zfp_wgpu

        array = np.ones((4, 5))
        array[1, 2] = np.nan
        return zfp_wgpu.compress_numpy(array, rate=8)

    with Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        assert client.run_on_scheduler(on_the_scheduler) == "not on the scheduler"
        assert len(client.run(lambda: __import__("zfp_wgpu").__version__)) == 2
        # A worker's exception comes back to whoever waits.
        with pytest.raises(ValueError, match=r"not finite.*\[1, 2\]|\[1, 2\].*not finite"):
            client.submit(with_a_nan).result()
    printed = example("dask_zarr.py", tmp_path, "--scheduler", cluster, "--layers", 6)
    gpus = zfp_wgpu.devices()
    gpu = f"{gpus[0].name} (it was asked for)" if gpus else "CPU"
    assert len(workers(printed)) == 2
    assert re.search(r"\d+ chunks on CPU \(", printed)
    assert re.search(rf"\d+ chunks on {re.escape(gpu)}", printed), printed
    assert "read back: error" in printed
