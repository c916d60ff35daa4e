"""The device that does the work: how it is chosen, what is told of it, the same bytes on
each, and no trouble for processes that fork, end, or never wanted a GPU."""

import dataclasses
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

import zfp_wgpu
from zfp_wgpu import _native
from .support import DTYPES, in_child, same_bits, smooth, ztype

VARIABLE = "ZFP_WGPU_DEVICE"
KINDS = ["discrete", "integrated", "virtual", "software", "other"]

ARRAY = smooth((9, 10, 11), np.float32)
STREAM = zfp_wgpu.compress_numpy(ARRAY, rate=8, device="cpu")
BARE = zfp_wgpu.compress_numpy(ARRAY, rate=8, write_header=False, device="cpu")
# Large enough for "auto" to think of a GPU: 16 MiB.
LARGE = smooth((128, 128, 256), np.float32)

CALLS = {
    "compress_numpy": partial(zfp_wgpu.compress_numpy, ARRAY, rate=8),
    "decompress_numpy": partial(zfp_wgpu.decompress_numpy, STREAM),
    "_decompress": partial(zfp_wgpu._decompress, BARE, ztype(ARRAY), ARRAY.shape, rate=8),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(scope="module")
def gpus():
    """The GPUs there are; without any, tests are skipped, or fail if REQUIRE_GPU=1."""
    found = zfp_wgpu.devices()
    if not found and os.environ.get("REQUIRE_GPU") == "1":
        pytest.fail("REQUIRE_GPU=1, and there is no GPU")
    if not found:
        pytest.skip("there is no GPU")
    return found


# How it is chosen.


@every_call
@pytest.mark.parametrize("device", ["", "tpu", "GPU", " cpu", "gpu:", "cpu:0", "gpu0", "auto,cpu"])
def test_devices_that_mean_nothing(call, device):
    with pytest.raises(ValueError, match="gpu:NAME") as error:
        call(device=device)
    assert f'"{device}"' in str(error.value)
    assert VARIABLE not in str(error.value)


@every_call
@pytest.mark.parametrize("device", [0, 1.5, b"cpu", ["cpu"], True, ("gpu", 0)])
def test_devices_that_are_no_strings(call, device):
    with pytest.raises(TypeError, match=f"device must be a str, not .*{type(device).__name__}"):
        call(device=device)


@every_call
def test_strings_of_any_kind(call):
    class Name(str):
        pass

    assert len(call(device=Name("cpu"))) == len(call(device=np.str_("cpu")))
    with pytest.raises(ValueError):
        call(device="gpu:\ud800")


@every_call
@pytest.mark.parametrize("validate", [1, "yes", None])
def test_validate_is_true_or_false(call, validate):
    with pytest.raises(TypeError, match="validate"):
        call(validate=validate)


@every_call
def test_the_environment_is_what_is_not_said(call, monkeypatch):
    monkeypatch.setenv(VARIABLE, "tpu")
    with pytest.raises(ValueError, match='ZFP_WGPU_DEVICE: device "tpu" is none of'):
        call()
    with pytest.raises(ValueError, match=VARIABLE):
        call(device=None)
    # What is said counts.
    call(device="cpu")
    for device in ("cpu", "auto", ""):
        monkeypatch.setenv(VARIABLE, device)
        call()


@every_call
def test_the_environment_asks_for_a_gpu(call, monkeypatch):
    monkeypatch.setenv(VARIABLE, "gpu:no such thing")
    with pytest.raises(RuntimeError, match="no such thing"):
        call()


@every_call
@pytest.mark.parametrize("device", ["gpu:no such thing", "gpu:99", "gpu:-1"])
def test_gpus_that_are_not_there(call, device):
    before = zfp_wgpu.last_run()
    with pytest.raises(RuntimeError, match="no GPU"):
        call(device=device)
    assert zfp_wgpu.last_run() == before


@pytest.mark.parametrize("mode", [{}, {"tolerance": 1e-3}, {"precision": 9}])
def test_what_gpus_do_not_do(gpus, mode):
    with pytest.raises(ValueError, match="not done on a GPU"):
        zfp_wgpu.compress_numpy(ARRAY, device="gpu", **mode)
    stream = zfp_wgpu.compress_numpy(ARRAY, **mode)
    with pytest.raises(ValueError, match="not done on a GPU"):
        zfp_wgpu.decompress_numpy(stream, device="gpu")


# What is told of it.


def test_devices():
    found = zfp_wgpu.devices()
    assert type(found) is list
    for gpu in found:
        assert type(gpu) is zfp_wgpu.DeviceInfo
        assert gpu.name and type(gpu.name) is str
        assert gpu.backend in ("Vulkan", "Metal", "Dx12")
        assert type(gpu.driver) is str
        assert gpu.kind in KINDS
        assert 0 < gpu.max_binding_bytes <= gpu.max_buffer_bytes
        assert type(gpu.has_timestamps) is bool
        assert dataclasses.asdict(gpu)["name"] == gpu.name
    assert [KINDS.index(gpu.kind) for gpu in found] == sorted(KINDS.index(g.kind) for g in found)
    assert zfp_wgpu.devices() == found


def check_run(run, device, input_bytes, output_bytes):
    assert type(run) is zfp_wgpu.Run
    assert (run.device, run.gpu) == (device, device != "CPU")
    assert run.reason and type(run.reason) is str
    assert run.failure is None
    assert (run.input_bytes, run.output_bytes) == (input_bytes, output_bytes)
    assert type(run.seconds) is zfp_wgpu.Seconds
    seconds = dataclasses.asdict(run.seconds)
    assert list(seconds) == ["total", "upload", "kernel", "download", "validation"]
    assert all(type(part) is float and part >= 0 for part in seconds.values())
    assert 0 < run.seconds.total < 100


def test_the_last_run():
    stream = zfp_wgpu.compress_numpy(ARRAY, rate=8, device="cpu")
    first = zfp_wgpu.last_run()
    check_run(first, "CPU", ARRAY.nbytes, len(stream))
    zfp_wgpu.decompress_numpy(stream, device="cpu")
    second = zfp_wgpu.last_run()
    check_run(second, "CPU", len(stream), ARRAY.nbytes)
    zfp_wgpu._decompress(BARE, ztype(ARRAY), ARRAY.shape, rate=8, device="cpu")
    check_run(zfp_wgpu.last_run(), "CPU", len(BARE), ARRAY.nbytes)
    for run in (first, second):
        assert dataclasses.asdict(run.seconds) == {
            "total": run.seconds.total,
            "upload": 0.0,
            "kernel": 0.0,
            "download": 0.0,
            "validation": 0.0,
        }
    # It is a record, not a view, and can be kept, compared and sent.
    check_run(first, "CPU", ARRAY.nbytes, len(stream))
    assert pickle.loads(pickle.dumps(first)) == first != second
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.device = "mine"


def test_calls_that_fail_are_no_runs():
    zfp_wgpu.compress_numpy(ARRAY, rate=8)
    before = zfp_wgpu.last_run()
    for call in (
        lambda: zfp_wgpu.compress_numpy(ARRAY, rate=-np.inf),
        lambda: zfp_wgpu.compress_numpy(np.full(9, np.nan), rate=8),
        lambda: zfp_wgpu.decompress_numpy(STREAM[:-9]),
        lambda: zfp_wgpu.header(STREAM[:9]),
    ):
        with pytest.raises(ValueError):
            call()
        assert zfp_wgpu.last_run() == before


def test_each_thread_has_its_own_last_run():
    barrier = threading.Barrier(6)

    def work(layers):
        array = ARRAY[:layers]
        seen = [zfp_wgpu.last_run()]
        for _ in range(20):
            stream = zfp_wgpu.compress_numpy(array, rate=8, threads=layers)
            barrier.wait(60)
            run = zfp_wgpu.last_run()
            seen.append((run.input_bytes, run.output_bytes) == (array.nbytes, len(stream)))
        return seen

    zfp_wgpu.compress_numpy(ARRAY, rate=3)
    mine = zfp_wgpu.last_run()
    with ThreadPoolExecutor(6) as pool:
        for seen in pool.map(work, range(1, 7)):
            assert seen == [None] + 20 * [True]
    assert zfp_wgpu.last_run() == mine


# A GPU that fails in mid-work cannot be had at will: the warning alone is tested.


def test_the_warning_is_at_the_line_of_the_call():
    with pytest.warns(RuntimeWarning) as caught:
        line = sys._getframe().f_lineno + 1
        _native.warn_of_failure("the cable is out")
    assert len(caught) == 1
    assert str(caught[0].message).endswith("in its place: the cable is out")
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_the_warning_as_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="the cable is out"):
            _native.warn_of_failure("the cable is out")
        warnings.simplefilter("ignore")
        assert _native.warn_of_failure("the cable is out") is None


# The same bytes.

SHAPES = [(1001,), (37, 50), (9, 10, 11), (5, 6, 7, 8)]
RATES = [2.5, 8, 13, 32]


def check_same(array, rate, device, name):
    """Bytes and values of a device are those of the CPU, with a header and without."""
    wanted = zfp_wgpu.compress_numpy(array, rate=rate, device="cpu")
    values = zfp_wgpu.decompress_numpy(wanted, device="cpu")
    stream = zfp_wgpu.compress_numpy(array, rate=rate, device=device)
    if name:
        check_run(zfp_wgpu.last_run(), name, array.nbytes, len(wanted))
    assert stream == wanted
    assert same_bits(zfp_wgpu.decompress_numpy(stream, device=device), values)
    if name:
        check_run(zfp_wgpu.last_run(), name, len(wanted), array.nbytes)
    bare = zfp_wgpu.compress_numpy(array, rate=rate, write_header=False, device=device)
    assert bare == zfp_wgpu.compress_numpy(array, rate=rate, write_header=False, device="cpu")
    decoded = zfp_wgpu._decompress(bare, ztype(array), array.shape, rate=rate, device=device)
    assert same_bits(decoded, values)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("shape", SHAPES, ids=len)
@pytest.mark.parametrize("dtype", DTYPES)
def test_auto_gives_the_same(dtype, shape, rate):
    check_same(smooth(shape, dtype), rate, "auto", None)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("shape", SHAPES, ids=len)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_gpu_gives_the_same(gpus, dtype, shape, rate):
    check_same(smooth(shape, dtype), rate, "gpu", gpus[0].name)


def test_large_arrays(gpus):
    zfp_wgpu.compress_numpy(LARGE[:9], rate=8, device="gpu")  # it has started
    for device in ("auto", "gpu"):
        check_same(LARGE, 8, device, gpus[0].name if device == "gpu" else None)
        # Read and written with steps, backwards and across.
        view = LARGE[::-1, 1::2].T
        wanted = zfp_wgpu.compress_numpy(view, rate=8, device="cpu")
        assert zfp_wgpu.compress_numpy(view, rate=8, device=device) == wanted
        out = np.zeros_like(LARGE)[::-1, 1::2].T
        assert zfp_wgpu.decompress_numpy(wanted, out=out, device=device) is out
        assert same_bits(out, zfp_wgpu.decompress_numpy(wanted, device="cpu"))


def test_gpus_by_name_and_by_index(gpus):
    for index, gpu in enumerate(gpus):
        check_same(ARRAY, 8, f"gpu:{index}", gpu.name)
    for name in {gpu.name for gpu in gpus}:
        # A number would be an index, and the first with the name gets it.
        first = next(gpu.name for gpu in gpus if name.lower() in gpu.name.lower())
        for form in (name, name.upper(), name.lower()):
            check_same(ARRAY, 8, f"gpu:{form}", first)


def test_the_environment_chooses(gpus, monkeypatch):
    monkeypatch.setenv(VARIABLE, "gpu")
    assert zfp_wgpu.compress_numpy(ARRAY, rate=8) == STREAM
    assert zfp_wgpu.last_run().device == gpus[0].name
    assert zfp_wgpu.compress_numpy(ARRAY, rate=8, device="cpu") == STREAM
    assert zfp_wgpu.last_run().device == "CPU"


@every_call
@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_nothing_to_validate_on_a_cpu(call, device):
    assert np.array_equal(call(device=device, validate=True), call(device="cpu"))
    assert zfp_wgpu.last_run().seconds.validation == 0


@every_call
def test_validation(gpus, call):
    assert np.array_equal(call(device="gpu", validate=True), call(device="cpu"))
    call(device="gpu", validate=True)
    assert zfp_wgpu.last_run().gpu
    assert zfp_wgpu.last_run().seconds.validation > 0


def test_values_that_are_not_finite(gpus):
    array = ARRAY.copy()
    array[3, 4, 5] = np.nan
    with pytest.raises(ValueError, match=r"\[3, 4, 5\] is not finite"):
        zfp_wgpu.compress_numpy(array, rate=8, device="gpu")
    allowed = [
        zfp_wgpu.compress_numpy(array, rate=8, nonfinite="allow", device=device)
        for device in ("cpu", "gpu")
    ]
    assert allowed[0] == allowed[1]


def check_in_threads(device):
    wanted = zfp_wgpu.compress_numpy(LARGE, rate=8, device="cpu")

    def work(turn):
        if turn % 2:
            return same_bits(zfp_wgpu.decompress_numpy(wanted, device=device), values)
        return zfp_wgpu.compress_numpy(LARGE, rate=8, device=device) == wanted

    values = zfp_wgpu.decompress_numpy(wanted, device="cpu")
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(24)))


def test_auto_in_many_threads():
    check_in_threads("auto")


def test_a_gpu_in_many_threads(gpus):
    check_in_threads("gpu")


# Processes.

needs_maps = pytest.mark.skipif(
    not os.path.exists("/proc/self/maps"), reason="libraries are read from /proc"
)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


@needs_maps
def test_no_driver_is_touched_by_an_import_or_the_cpu():
    def case():
        import numpy as np

        def drivers():
            with open("/proc/self/maps") as maps:
                return [line for line in maps if "vulkan" in line.lower()]

        import zfp_wgpu

        assert not drivers()
        stream = zfp_wgpu.compress_numpy(np.ones((128, 128, 256)), rate=8, device="cpu")
        zfp_wgpu.decompress_numpy(stream, device="cpu")
        zfp_wgpu.header(stream)
        zfp_wgpu.last_run()
        assert not drivers()

    in_child(case)


@pytest.mark.parametrize("device", ["auto", "gpu"])
@pytest.mark.parametrize("end", ["return", "exit", "raise", "thread"])
def test_a_process_ends_at_once_after_a_call(device, end):
    """While a GPU is still being started, at best."""

    def case(device, end):
        import sys
        import threading

        import numpy as np
        import zfp_wgpu

        def work():
            try:
                zfp_wgpu.compress_numpy(np.ones((128, 128, 256), np.float32), rate=8, device=device)
            except RuntimeError:
                assert device == "gpu"

        if end == "thread":
            threading.Thread(target=work).start()
        else:
            work()
        if end == "exit":
            sys.exit(0)
        if end == "raise":
            sys.excepthook = lambda *_: None
            raise SystemExit

    for _ in range(3):
        in_child(case, device, end)


@needs_fork
@pytest.mark.parametrize("used", ["auto", "gpu", "devices"])
@pytest.mark.parametrize("end", ["at once", "as ever"])
def test_forked_after_use(used, end):
    """A child has its parent's memory, but neither its threads nor its driver."""

    def case(used, end):
        import os
        import signal
        import sys
        import time

        import numpy as np
        import zfp_wgpu

        array = np.random.default_rng(1).standard_normal((64, 128, 256)).astype(np.float32)
        wanted = zfp_wgpu.compress_numpy(array, rate=8, device="cpu")
        values = zfp_wgpu.decompress_numpy(wanted, device="cpu").tobytes()

        def check(device):
            assert zfp_wgpu.compress_numpy(array, rate=8, device=device) == wanted
            assert zfp_wgpu.decompress_numpy(wanted, device=device).tobytes() == values

        def child():
            signal.alarm(60)
            check("auto")
            check("cpu")
            try:
                check("gpu")
            except RuntimeError:
                pass
            assert zfp_wgpu.last_run().device
            zfp_wgpu.devices()
            if end == "at once":
                os._exit(0)
            sys.exit(0)  # through `atexit`

        if used == "devices":
            zfp_wgpu.devices()
        else:
            try:
                check(used)
            except RuntimeError:
                assert used == "gpu"
        # While a GPU may be starting, and when it has.
        for pause in (0, 0, 2):
            time.sleep(pause)
            process = os.fork()
            if process == 0:
                child()
            status = os.waitpid(process, 0)[1]
            assert status == 0, status
        # The parent's device is as it was.
        check("auto")

    # Python warns of forks where there are threads.
    in_child(case, used, end, warnings="ignore::DeprecationWarning")


def test_spawned_processes():
    calls = [(LARGE[:32], {"rate": 8, "device": device}) for device in ("auto", "cpu", None)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        jobs = [pool.apply_async(zfp_wgpu.compress_numpy, (a,), k) for a, k in calls]
        streams = [job.get(100) for job in jobs]
        listed = pool.apply_async(zfp_wgpu.devices).get(100)
    assert streams == [zfp_wgpu.compress_numpy(LARGE[:32], rate=8, device="cpu")] * 3
    assert listed == zfp_wgpu.devices()


def test_the_environment_of_a_process():
    code = "import numpy, zfp_wgpu; zfp_wgpu.compress_numpy(numpy.ones(9), rate=8)"
    environment = {**os.environ, VARIABLE: "nonsense"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert 'ValueError: ZFP_WGPU_DEVICE: device "nonsense"' in done.stderr
