"""The wheel that these tests run from: what it says of itself, and that it works on a machine
with nothing but Python and NumPy."""

import json
import re
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest


@pytest.fixture(scope="module")
def wheel():
    """Where pip installed the package from, if that was a wheel that is still there."""
    source = metadata.distribution("zfp-wgpu").read_text("direct_url.json")
    path = Path(url2pathname(urlparse(json.loads(source or "{}").get("url", "")).path))
    if path.suffix != ".whl" or not path.exists():
        pytest.skip("SKIPPED: not installed from a wheel, as `cargo xtask test` does it")
    return path


def files(wheel, pattern):
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if re.search(pattern, name)]
        return {name: archive.read(name) for name in names}


def test_one_wheel_for_all_versions_of_python(wheel, tmp_path):
    assert "-cp311-abi3-" in wheel.name
    ((name, library),) = files(wheel, r"_native.*\.(so|pyd)$").items()
    assert name in ("zfp_wgpu/_native.abi3.so", "zfp_wgpu/_native.pyd")
    if sys.platform == "linux":
        (tmp_path / "_native.abi3.so").write_bytes(library)
        audit = [sys.executable, "-P", "-m", "abi3audit", "--strict"]
        audit += ["--assume-minimum-abi3", "3.11", str(tmp_path / "_native.abi3.so")]
        done = subprocess.run(audit, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="manylinux is Linux")
def test_the_audit_of_manylinux_passes(wheel):
    """Only libraries that every Linux has, at versions that the name of the wheel admits.
    Vulkan's is not among them: it is looked for when a GPU is."""
    audit = [sys.executable, "-P", "-m", "auditwheel", "show", str(wheel)]
    done = subprocess.run(audit, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    tag = re.search(r'consistent with the following platform tag: "(\w+)"', said)
    assert tag and tag[1].startswith("manylinux_"), said
    assert tag[1] in wheel.name, said


def test_what_it_says_of_itself(wheel):
    about = metadata.distribution("zfp-wgpu")
    entries = {(e.group, e.name): e.value for e in about.entry_points}
    assert entries["numcodecs.codecs", "zfpy"] == "zfp_wgpu.numcodecs:ZFPY"
    assert entries["zarr.codecs", "zfp"] == "zfp_wgpu.zarr:Zfp"
    assert {"zarr", "hdf5", "dask"} <= set(about.metadata.get_all("Provides-Extra"))
    needed = [line for line in about.requires if "extra ==" not in line]
    assert [re.split(r"\W", line)[0] for line in needed] == ["numpy"]
    assert files(wheel, r"^zfp_wgpu/py\.typed$") and files(wheel, r"licenses/LICENSE-")
    assert not files(wheel, r"/tests?/|\.rs$|__pycache__")


WITHOUT_ANYTHING = """
import shutil, sys
import numpy as np
import zfp_wgpu

assert zfp_wgpu.__file__.startswith(sys.prefix)
assert not any(map(shutil.which, ("cargo", "rustc", "cc", "vulkaninfo")))
array = np.fromfunction(lambda y, x: np.sin(x / 9) + y, (90, 100))
for mode in ({}, {"tolerance": 1e-3}, {"rate": 16}, {"precision": 40}):
    stream = zfp_wgpu.compress_numpy(array, **mode)
    assert np.abs(zfp_wgpu.decompress_numpy(stream) - array).max() <= 0.01
assert zfp_wgpu.devices() == []
assert zfp_wgpu.last_run().device == "CPU"
try:
    zfp_wgpu.compress_numpy(array, rate=8, device="gpu")
except RuntimeError as error:
    assert "GPU" in str(error), error
else:
    raise AssertionError("a GPU out of nowhere")
assert zfp_wgpu.estimate(array, rate=8).ratio > 7
for name in ("numcodecs", "zarr"):
    try:
        __import__(f"zfp_wgpu.{name}")
    except ModuleNotFoundError as error:
        assert error.name == name
    else:
        raise AssertionError(f"{name} is installed")
print("works")
"""


def test_on_a_machine_without_rust_a_gpu_or_vulkan(wheel, tmp_path):
    """An environment of its own, with NumPy; no compiler is found, and no driver of a GPU."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=sys.platform != "win32")
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet"]
    options = ["--disable-pip-version-check", "--no-input", "--only-binary", ":all:"]
    # The NumPy of these tests, which pip has in its cache.
    needs = [str(wheel), f"numpy=={metadata.version('numpy')}"]
    done = subprocess.run([*pip, "install", *options, *needs], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    nowhere = str(tmp_path / "nowhere")
    environment = {name: nowhere for name in ("PATH", "VK_DRIVER_FILES", "VK_ICD_FILENAMES")}
    environment |= {"HOME": str(tmp_path), "WGPU_BACKEND": "vulkan"}
    done = subprocess.run(
        [str(python), "-I", "-W", "error", "-c", WITHOUT_ANYTHING],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stdout == "works\n", done.stdout + done.stderr
