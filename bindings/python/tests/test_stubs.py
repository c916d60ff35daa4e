"""The type stubs agree with the package, and say what users rely on."""

import subprocess
import sys

import pytest

SAMPLE = """
from array import array
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt
import zfp_wgpu as zfpy
from zfp_wgpu.hdf5 import FILTER_ID, Zfp, plugin_path

a = np.zeros((4, 5), np.float32)
stream = zfpy.compress_numpy(a, rate=8)
assert_type(stream, bytes)
zfpy.compress_numpy(a, 1e-3, -1, -1, False, threads=2, word_bits=8, nonfinite="allow")
zfpy.compress_numpy(np.zeros(3, np.int64), minbits=1, maxbits=99, maxprec=9, minexp=-5)
zfpy.compress_numpy(a, rate=8.1, align=True)

for data in (stream, bytearray(stream), memoryview(stream), np.frombuffer(stream, np.uint8)):
    b = zfpy.decompress_numpy(data, max_output_bytes=100)
    assert_type(b, npt.NDArray[Any])
double: npt.NDArray[np.float64] = zfpy.decompress_numpy(stream)
zfpy.decompress_numpy(stream, out=bytearray(80), threads=1)
same: npt.NDArray[np.float32] = zfpy.decompress_numpy(stream, out=a)
zfpy._decompress(stream, zfpy.type_float, (4, 5), None, -1, 8)
zfpy._decompress(stream, zfpy.type_float, [4, 5], a, rate=8, device="cpu")

zfpy.compress_numpy(a, rate=8, device="auto", validate=True)
zfpy.decompress_numpy(stream, device="gpu:0" if zfpy.devices() else None)
for gpu in zfpy.devices():
    assert_type(gpu, zfpy.DeviceInfo)
    print(gpu.name.upper(), gpu.kind == "discrete", gpu.max_buffer_bytes // 2)
if run := zfpy.last_run():
    assert_type(run, zfpy.Run)
    assert_type(run.failure, str | None)
    assert_type(run.seconds, zfpy.Seconds)
    print(run.device.upper(), run.output_bytes / run.seconds.total)

h = zfpy.header(stream)
assert_type(h["nx"], int)
assert_type(h["config"]["expert"]["maxbits"], int)
if h["mode"] == "rate":
    print(h["config"]["rate"] * 2, np.dtype(h["type"]).itemsize)
print(zfpy.ztype_to_dtype(zfpy.type_float), zfpy.zmode_to_str(2), zfpy.__version__)
print(zfpy.dtype_to_ztype(a.dtype), zfpy.dtype_to_format(np.float32), zfpy.zfp_mode_map[1])
zfpy.install_as_zfpy()

numbers = {"chunks": (4, 5), **Zfp(rate=8)}, Zfp(precision=9) == Zfp(), Zfp(reversible=True)
assert_type(Zfp(accuracy=1e-3).filter_options, tuple[int, ...])
print(FILTER_ID + 1, plugin_path().upper(), Zfp(minbits=1, maxbits=9, maxprec=64, minexp=-9))
found = zfpy.estimate(a, tolerance=1e-3, blocks=9, maxprec=8)
assert_type(found, zfpy.Estimate)
print(found.bits_per_value * 2, found.of_blocks // 2)
assert_type(zfpy.suggest(a, psnr=60, check=True), float)
small = np.zeros((4, 5), np.int16)
wide = zfpy.promote(small)
zfpy.compress_numpy(wide)
zfpy.demote(zfpy.decompress_numpy(stream), np.float16)
zfpy.compress_numpy(memoryview(bytes(80)).cast("f"), rate=8)
zfpy.compress_numpy(array("d", [1, 2]))


class Mine:
    def __array__(self) -> npt.NDArray[np.float32]:
        return np.zeros(4, np.float32)


zfpy.compress_numpy(Mine())
"""

# Each of these lines is a mistake.
MISTAKES = """
import numpy as np
import zfp_wgpu
import zfp_wgpu.hdf5

a = np.zeros(4)
small = np.zeros(4, np.int16)
zfp_wgpu.compress_numpy([1.0])
zfp_wgpu.compress_numpy(small)
zfp_wgpu.compress_numpy(a, rate="8")
zfp_wgpu.compress_numpy(a, -1, -1, -1, True, 2)
zfp_wgpu.compress_numpy(a, word_bits=16)
zfp_wgpu.compress_numpy(a, nonfinite="ignore")
zfp_wgpu.compress_numpy(a, device=0)
zfp_wgpu.compress_numpy(a, validate="yes")
zfp_wgpu.decompress_numpy(b"", device=b"cpu")
zfp_wgpu._decompress(b"", 3, (4, 5), validate=None)
zfp_wgpu.last_run().device
zfp_wgpu.devices()[0].kind == "fast"
zfp_wgpu.devices()[0].name = "mine"
zfp_wgpu.DeviceInfo("mine")
zfp_wgpu.decompress_numpy("text")
zfp_wgpu.estimate(a).mean
zfp_wgpu.estimate(a, rate="8")
zfp_wgpu.suggest(a, psnr=60) + "8"
zfp_wgpu.suggest(a, 60)
zfp_wgpu.decompress_numpy(b"", None)
zfp_wgpu.decompress_numpy(b"", out=b"")  # not an error to a type checker before PEP 688
zfp_wgpu.header(b"")["ny"]["nx"]
zfp_wgpu.header(b"")["size"]
zfp_wgpu._decompress(b"", 3, 20)
zfp_wgpu.HEADER_FULL = 3
zfp_wgpu.hdf5.Zfp(rate="8")
zfp_wgpu.hdf5.Zfp(tolerance=1e-3)
zfp_wgpu.hdf5.FILTER_ID = 3
"""


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mypy")

    def run(*args):
        command = [sys.executable, "-P", "-m", *args]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True)

    run.folder = folder
    return run


def test_right_use(mypy):
    (mypy.folder / "sample.py").write_text(SAMPLE)
    done = mypy("mypy", "--strict", "sample.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_wrong_use(mypy):
    (mypy.folder / "mistakes.py").write_text(MISTAKES)
    done = mypy("mypy", "--strict", "mistakes.py")
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    lines = enumerate(MISTAKES.splitlines(), start=1)
    wrong = {n for n, line in lines if line.startswith("zfp_wgpu.") and "PEP 688" not in line}
    assert found == wrong, done.stdout


def test_stubs_match_the_package(mypy):
    done = mypy("mypy.stubtest", "zfp_wgpu")
    assert done.returncode == 0, done.stdout + done.stderr
