"""What the tests of HDF5 share: modes, chunks as they lie in files, HDF5's programs."""

import os
import shutil
import subprocess

import pytest

import zfp_wgpu.hdf5

MODES = {
    "default": {},
    "rate": {"rate": 8.5},
    "low": {"rate": 1},
    "precision": {"precision": 13},
    "accuracy": {"accuracy": 1e-3},
    "reversible": {"reversible": True},
    "expert": {"minbits": 20, "maxbits": 900, "maxprec": 20, "minexp": -9},
}


def chunks_of(dataset):
    """Filter mask and bytes of each chunk."""
    count = dataset.id.get_num_chunks()
    places = [dataset.id.get_chunk_info(i).chunk_offset for i in range(count)]
    return [dataset.id.read_direct_chunk(place) for place in places]


def filter_of(dataset):
    """Number, flags, cd_values and name."""
    return dataset.id.get_create_plist().get_filter(0)


def tool(name, *args, status=0):
    """What a program of HDF5's says, which knows of the plugin by the variable alone."""
    if shutil.which(name) is None:
        if os.environ.get("REQUIRE_HDF5") == "1":
            pytest.fail(f"REQUIRE_HDF5=1, and there is no {name}")
        pytest.skip(f"SKIPPED: no {name} here (Debian: apt-get install hdf5-tools)")
    env = {**os.environ, "HDF5_PLUGIN_PATH": zfp_wgpu.hdf5.plugin_path()}
    done = subprocess.run([name, *map(str, args)], env=env, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr
