"""What the codecs for numcodecs and Zarr share: they are told nothing but their configuration,
which other implementations must know as well."""

import os
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._devices import last_run

__all__ = ["NONFINITE_VARIABLE", "chunks_by_device", "compress", "count_chunk", "plain"]

# The variable of the environment that says what lossy modes do with NaN and infinity.
NONFINITE_VARIABLE = "ZFP_WGPU_NONFINITE"

_lock = threading.Lock()
_chunks: dict[str, tuple[int, str]] = {}


def compress(array: NDArray[Any], header: bool, arguments: dict[str, Any]) -> bytes:
    """The stream of an array; ValueError if a lossy mode meets NaN or infinity, unless the
    environment says ``ZFP_WGPU_NONFINITE=allow``."""
    policy: Any = os.environ.get(NONFINITE_VARIABLE) or "error"
    if policy not in ("error", "allow"):
        raise ValueError(f"{NONFINITE_VARIABLE} must be error or allow, not {policy!r}")
    try:
        return _native.compress_numpy(array, write_header=header, nonfinite=policy, **arguments)
    except ValueError as error:
        if policy == "error" and arguments and _refused(array):
            where, _, _ = str(error).partition(":")
            raise ValueError(
                f"{where}: use the reversible mode, or a finite fill value, or set "
                f"{NONFINITE_VARIABLE}=allow to have arbitrary numbers around it"
            ) from None
        raise


def chunks_by_device() -> dict[str, tuple[int, str]]:
    """Which devices have compressed the chunks of this process.

    The codecs for numcodecs and Zarr count them: Zarr compresses on threads of its own, of
    which `zfp_wgpu.last_run` does not tell.

    Returns
    -------
    dict
        For "CPU" and for each GPU by its name, if it has compressed any: how many chunks, and
        the reason given for the latest chunk.
    """
    with _lock:
        return dict(_chunks)


def count_chunk() -> None:
    """Takes down what the last run of this thread was, a chunk's."""
    run = last_run()
    if run is not None:
        with _lock:
            count, _ = _chunks.get(run.device, (0, ""))
            _chunks[run.device] = count + 1, run.reason


def plain(number: Any) -> Any:
    """A number of NumPy's as Python's own, which JSON can write; anything else as it is."""
    return number.item() if isinstance(number, np.generic) else number


def _refused(array: NDArray[Any]) -> bool:
    return array.dtype.kind == "f" and not np.isfinite(array).all()
