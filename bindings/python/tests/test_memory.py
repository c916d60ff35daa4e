"""Memory beyond the arrays themselves stays small, however large they are."""

import sys

import pytest

from .support import in_child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

SLACK = 64 << 20


def grown(action, array):
    """Bytes of the result, and by how much the process grew to make it at the most."""

    def case(action, array):
        import numpy as np
        import zfp_wgpu

        def memory(name):
            # Not `getrusage`: its peak begins with that of the process this was forked from.
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) << 10 for line in status if name in line)

        rng = np.random.default_rng(1)
        make = {
            "f4": lambda: rng.random((256, 512, 512), np.float32),
            "f8": lambda: rng.random((128, 512, 512)),
            "i4": lambda: rng.integers(-(2**30), 2**30, (256, 512, 512), np.int32),
            # Every other value of twice the memory, and axes from fast to slow.
            "gaps": lambda: rng.random((128, 512, 1024), np.float32)[..., ::2],
            "turned": lambda: rng.random((128, 512, 512), np.float32).transpose(2, 0, 1)[::-1],
            # One value in all the array: 256 MiB of no memory.
            "once": lambda: np.broadcast_to(np.float32(1.5), (256, 512, 512)),
            # Few layers of long rows: many pieces for many threads.
            "long": lambda: np.broadcast_to(np.float32(1.5), (1000, 65536)),
        }
        array = make[array]()
        call, mode = {
            "rate": (zfp_wgpu.compress_numpy, {"rate": 16}),
            "reversible": (zfp_wgpu.compress_numpy, {}),
            "reversible on 64 threads": (zfp_wgpu.compress_numpy, {}),
            "precision": (zfp_wgpu.compress_numpy, {"precision": 20}),
            "decompress rate": (zfp_wgpu.decompress_numpy, {"rate": 9}),
            "decompress on 64 threads": (zfp_wgpu.decompress_numpy, {"rate": 4}),
            "decompress tolerance": (zfp_wgpu.decompress_numpy, {"tolerance": 1e-3}),
        }[action]
        if call is zfp_wgpu.decompress_numpy:
            array, mode = zfp_wgpu.compress_numpy(array, **mode), {}
        if "threads" in action:
            mode = {"threads": 64}
        before = memory("VmRSS:")
        result = call(array, **mode)
        size = len(result) if isinstance(result, bytes) else result.nbytes
        print(size, memory("VmHWM:") - before)

    return map(int, in_child(case, action, array).split())


@pytest.mark.parametrize(
    ("action", "array"),
    [
        ("rate", "f4"),
        ("reversible", "f4"),
        ("reversible on 64 threads", "f4"),
        ("rate", "f8"),
        ("reversible", "f8"),
        ("reversible", "i4"),
        ("precision", "gaps"),
        ("reversible", "turned"),
        ("rate", "once"),
    ],
)
def test_compression(action, array):
    size, growth = grown(action, array)
    assert size > 64 << 20
    assert growth <= size + SLACK


@pytest.mark.parametrize(
    ("action", "array"),
    [
        ("decompress rate", "once"),
        ("decompress tolerance", "once"),
        ("decompress on 64 threads", "long"),
    ],
)
def test_decompression(action, array):
    size, growth = grown(action, array)
    assert size >= 250 << 20
    assert growth <= size + SLACK
