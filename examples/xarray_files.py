"""xarray data sets in Zarr 2, Zarr 3 and netCDF files, compressed with zfp.

    pip install zfp-wgpu[zarr,hdf5] xarray h5netcdf
    python examples/xarray_files.py [FOLDER]

Two things to know. Lossy zfp has no NaN: chunks that divide the array need no fill value at
their ends, `_FillValue: None` asks for none, and what is missing for good goes into a mask
of its own. And coordinates are better kept as they are: only `air` is compressed here.
"""

import sys
import tempfile
from pathlib import Path

import numcodecs
import numpy as np
import xarray

import zfp_wgpu
import zfp_wgpu.hdf5
from zfp_wgpu.zarr import Zfp

TOLERANCE = 0.01  # in the units of the data, here kelvin
CHUNKS = (24, 40, 80)


def forecast():
    """Temperatures of four days, hour by hour."""
    time = np.datetime64("2026-01-01", "ns") + np.arange(96) * np.timedelta64(1, "h")
    lat, lon = np.linspace(-90, 90, 80), np.linspace(0, 358, 160)
    hours, y, x = np.meshgrid(np.arange(96), np.radians(lat), np.radians(lon), indexing="ij")
    day = 8 * np.cos(y) * np.cos(x - hours * np.pi / 12)
    weather = 3 * np.sin(5 * x + hours / 20) * np.cos(3 * y) + np.sin(23 * x * y + hours / 7)
    air = (250 + 40 * np.cos(y) + day + weather).astype("f4")
    coordinates = {"time": time, "lat": lat, "lon": lon}
    return xarray.Dataset({"air": (("time", "lat", "lon"), air, {"units": "K"})}, coordinates)


def zarr_2(dataset, path):
    """The codec `zfpy` of numcodecs, as every Zarr 2 reader with zfpy knows it."""
    zfp = {"id": "zfpy", "mode": zfp_wgpu.mode_fixed_accuracy, "tolerance": TOLERANCE}
    air = {"compressors": [numcodecs.get_codec(zfp)], "chunks": CHUNKS, "_FillValue": None}
    dataset.to_zarr(path, zarr_format=2, encoding={"air": air}, consolidated=True)
    return xarray.open_zarr(path, chunks=None)


def zarr_3(dataset, path):
    """The codec `zfp` of zarr-extensions. It makes bytes of an array: a serializer."""
    air = {
        "serializer": Zfp(tolerance=TOLERANCE),
        "compressors": None,
        "chunks": CHUNKS,
        "_FillValue": None,
    }
    dataset.to_zarr(path, zarr_format=3, encoding={"air": air}, consolidated=False)
    return xarray.open_zarr(path, chunks=None, consolidated=False)


def netcdf(dataset, path):
    """HDF5's filter 32013, by the keyword arguments that h5py and h5netcdf take."""
    air = {**zfp_wgpu.hdf5.Zfp(accuracy=TOLERANCE), "chunksizes": CHUNKS, "_FillValue": None}
    dataset.to_netcdf(path, engine="h5netcdf", encoding={"air": air})
    return xarray.open_dataset(path, engine="h5netcdf")


def size(path):
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.stat().st_size for file in files)


def main(folder):
    dataset = forecast()
    print(f"in memory: {dataset.nbytes / 1e6:.2f} MB")
    for write, name in ((zarr_2, "2.zarr"), (zarr_3, "3.zarr"), (netcdf, "air.nc")):
        path = Path(folder) / name
        with write(dataset, path) as back:
            error = float(abs(back.air.load() - dataset.air).max())
            assert back.time.equals(dataset.time) and back.air.attrs == dataset.air.attrs
        assert 0 < error <= TOLERANCE, error
        print(f"{name:>8}: {size(path) / 1e6:.2f} MB, error {error:.4f} K at most")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(folder)
