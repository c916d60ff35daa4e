"""Writes real arrays as .npy files into a folder, and prints their names.

usage: arrays.py FOLDER [ETOPO5.cdf]
"""

import sys
from pathlib import Path

import matplotlib.cbook
import numpy as np


def save(name, array):
    """As the floating-point data that zfp is made for."""
    path = Path(sys.argv[1]) / name
    np.save(path, np.ascontiguousarray(array, dtype="<f4"))
    print(path)


with matplotlib.cbook.get_sample_data("jacksboro_fault_dem.npz") as dem:
    save("jacksboro_fault_dem.npy", dem["elevation"])

if len(sys.argv) > 2:
    from scipy.io import netcdf_file

    with netcdf_file(sys.argv[2], mmap=False) as file:
        names = [n for n, v in file.variables.items() if len(v.shape) == 2]
        save("etopo5.npy", file.variables[names[0]][:])
