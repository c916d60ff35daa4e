"""Many threads at once, arrays that change meanwhile, and processes that fork."""

import sysconfig
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import zfp_wgpu
from .support import DTYPES, MODES, in_child, same_bits, smooth


def test_many_callers_at_once():
    arrays = [smooth((40 + i, 50, 60), dtype) for i, dtype in enumerate(DTYPES)]
    jobs = [(array, mode) for array in arrays for mode in MODES]
    streams = [zfp_wgpu.compress_numpy(array, threads=1, **mode) for array, mode in jobs]
    values = [zfp_wgpu.decompress_numpy(stream, threads=1) for stream in streams]

    def work(turn):
        i = turn % len(jobs)
        array, mode = jobs[i]
        threads = (None, 1, 2, 3, 5, 7)[turn % 6]
        stream = zfp_wgpu.compress_numpy(array, threads=threads, **mode)
        decoded = zfp_wgpu.decompress_numpy(stream, threads=threads)
        return stream == streams[i] and same_bits(decoded, values[i])

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(work, range(150)))


def test_an_array_that_changes_while_it_is_compressed():
    def case():
        import threading

        import numpy as np
        import zfp_wgpu

        array = np.random.default_rng(1).standard_normal((64, 64, 65))
        done = threading.Event()

        def change():
            rng = np.random.default_rng(2)
            while not done.is_set():
                array[rng.integers(64)] = rng.choice([np.nan, np.inf, 1e300, 5e-324, 0, 7])
                array[:] = rng.standard_normal(65)

        changer = threading.Thread(target=change)
        changer.start()
        refused = 0
        try:
            for turn in range(60):
                mode = ({}, {"rate": 9}, {"tolerance": 1e-9}, {"precision": 40})[turn % 4]
                try:
                    stream = zfp_wgpu.compress_numpy(array, threads=1 + turn % 3, **mode)
                except ValueError as error:
                    assert "not finite" in str(error)
                    refused += 1
                else:
                    assert zfp_wgpu.decompress_numpy(stream).shape == array.shape
        finally:
            done.set()
            changer.join()

    in_child(case)


def test_a_stream_that_changes_while_it_is_read():
    def case():
        import threading

        import numpy as np
        import zfp_wgpu

        array = np.random.default_rng(1).standard_normal((64, 64, 65))
        done = threading.Event()
        for mode in ({}, {"rate": 9}, {"tolerance": 1e-9}):
            stream = np.frombuffer(zfp_wgpu.compress_numpy(array, **mode), np.uint8).copy()

            def change():
                rng = np.random.default_rng(2)
                while not done.is_set():
                    stream[1000:] = rng.integers(0, 256, stream.size - 1000, np.uint8)

            done.clear()
            changer = threading.Thread(target=change)
            changer.start()
            try:
                for turn in range(15):
                    try:
                        zfp_wgpu.decompress_numpy(stream, threads=1 + turn % 3)
                    except ValueError as error:
                        assert "truncated" in str(error)
            finally:
                done.set()
                changer.join()

    in_child(case)


@pytest.mark.parametrize("call", ["compress", "decompress"])
@pytest.mark.parametrize("threads", [1, 2])
def test_others_run_meanwhile(call, threads):
    """Another thread gets on in the middle of a call, which it could not without the GIL."""

    def case(call, threads):
        import threading
        import time

        import numpy as np
        import zfp_wgpu

        # Large enough for a call to take long.
        array = np.random.default_rng(1).standard_normal((512, 256, 256))
        stream = zfp_wgpu.compress_numpy(array, rate=20)
        seen, done = [], threading.Event()

        def watch():
            while not done.wait(0.002):
                seen.append(time.perf_counter())

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.perf_counter()
        if call == "compress":
            zfp_wgpu.compress_numpy(array, threads=threads)
        else:
            zfp_wgpu.decompress_numpy(stream, threads=threads)
        length = time.perf_counter() - start
        done.set()
        watcher.join()
        middle = [at for at in seen if 0.2 < (at - start) / length < 0.8]
        assert len(middle) >= 3, (length, len(seen))

    in_child(case, call, threads)


@pytest.mark.parametrize("threads", [None, 3])
def test_forked_processes(threads):
    """A forked child has none of its parent's threads, and starts its own."""

    def case(threads):
        import multiprocessing

        import numpy as np
        import zfp_wgpu

        array = np.random.default_rng(1).standard_normal((60, 70, 80))
        stream = zfp_wgpu.compress_numpy(array, rate=9, threads=threads)
        values = zfp_wgpu.decompress_numpy(stream, threads=threads).tobytes()

        def work(queue, depth=0):
            assert zfp_wgpu.compress_numpy(array, rate=9, threads=threads) == stream
            assert zfp_wgpu.decompress_numpy(stream, threads=threads).tobytes() == values
            if depth == 0:
                # And a child of the child.
                child = context.Process(target=work, args=(queue, 1))
                child.start()
                child.join(30)
                assert child.exitcode == 0
            queue.put("right")

        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()
        children = [context.Process(target=work, args=(queue,)) for _ in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join(60)
            assert child.exitcode == 0, child.exitcode
        assert [queue.get() for _ in range(6)] == ["right"] * 6
        # The parent's threads are as they were.
        work(queue, 1)

    # Python warns of forks where there are threads.
    in_child(case, threads, warnings="ignore")


def test_fork_while_another_thread_compresses():
    def case():
        import os
        import signal
        import threading

        import numpy as np
        import zfp_wgpu

        array = np.random.default_rng(1).standard_normal((60, 70, 80))
        stream = zfp_wgpu.compress_numpy(array, rate=9)
        done = threading.Event()

        def work():
            while not done.is_set():
                zfp_wgpu.compress_numpy(array, rate=9, threads=2)

        worker = threading.Thread(target=work)
        worker.start()
        try:
            for _ in range(20):
                child = os.fork()
                if child == 0:
                    signal.alarm(20)
                    right = zfp_wgpu.compress_numpy(array, rate=9, threads=2) == stream
                    os._exit(0 if right else 1)
                assert os.waitpid(child, 0)[1] == 0
        finally:
            done.set()
            worker.join()

    in_child(case, warnings="ignore")


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this interpreter has a GIL"
)
def test_the_gil_stays_off():
    def case():
        import sys

        import zfp_wgpu  # noqa: F401

        print(sys._is_gil_enabled())

    assert in_child(case) == "False\n"
