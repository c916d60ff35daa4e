"""Which GPUs there are, and what a call did on which device."""

from dataclasses import dataclass
from typing import Literal

from . import _native
from ._show import Shown

__all__ = ["DeviceInfo", "Run", "Seconds", "devices", "last_run"]


@dataclass(frozen=True, kw_only=True)
class DeviceInfo(Shown):
    """A GPU, as `devices` lists it.

    Attributes
    ----------
    name : str
        As the driver gives it; any part of it will do for ``device="gpu:NAME"``.
    backend : str
        Vulkan, Metal or Dx12.
    kind : {"discrete", "integrated", "virtual", "software", "other"}
        "software" is the CPU in the guise of a GPU: for tests, and never chosen by
        ``device="auto"``. "other" if the driver does not say.
    driver : str
        The driver and its version.
    max_binding_bytes, max_buffer_bytes : int
        Most bytes that a kernel can see at once, and most bytes of a buffer.
    has_timestamps : bool
        Whether the GPU times its kernels by its own clock.

    Examples
    --------
    >>> fast = [gpu.name for gpu in devices() if gpu.kind == "discrete"]
    """

    name: str
    backend: str
    kind: Literal["discrete", "integrated", "virtual", "software", "other"]
    driver: str
    max_binding_bytes: int
    max_buffer_bytes: int
    has_timestamps: bool


@dataclass(frozen=True, kw_only=True)
class Seconds(Shown):
    """How long the parts of a call took, in seconds.

    On a GPU the parts overlap, so that their sum may exceed the total.

    Attributes
    ----------
    total : float
        From the call to its result.
    upload, kernel, download : float
        Moving the input to the GPU, the kernels alone, moving the output back. Zero on
        a CPU.
    validation : float
        Comparing with what the CPU makes, if ``validate=True``.

    Examples
    --------
    >>> stream = compress_numpy(np.ones((40, 50)), rate=8, device="cpu")
    >>> last_run().seconds.upload
    0.0
    """

    total: float
    upload: float
    kernel: float
    download: float
    validation: float


@dataclass(frozen=True, kw_only=True)
class Run(Shown):
    """What a compression or decompression did, as `last_run` tells.

    Attributes
    ----------
    device : str
        "CPU", or the name of the GPU.
    gpu : bool
        Whether a GPU made the result.
    index : int or None
        If so, its place in `devices`, as in ``device="gpu:INDEX"``.
    reason : str
        Why this device.
    failure : str or None
        If a GPU failed and the CPU made the result in its place: what went wrong.
    input_bytes, output_bytes : int
        Bytes of the array's values and of the stream, or the other way round.
    seconds : Seconds
        How long it took.

    Examples
    --------
    >>> stream = compress_numpy(np.ones((40, 50)), rate=8, device="cpu")
    >>> run = last_run()
    >>> run.input_bytes, run.output_bytes
    (16000, 2096)
    """

    device: str
    gpu: bool
    index: int | None
    reason: str
    failure: str | None
    input_bytes: int
    output_bytes: int
    seconds: Seconds


def devices() -> list[DeviceInfo]:
    """The GPUs of this machine.

    The first call starts their drivers, which may take a second. wgpu's variables
    WGPU_BACKEND and WGPU_ADAPTER_NAME restrict the list.

    Returns
    -------
    list of DeviceInfo
        In the order of ``device="gpu:INDEX"``, and the first is that of
        ``device="gpu"``. Empty if there is none.

    Examples
    --------
    >>> all(gpu.max_binding_bytes > 0 for gpu in devices())
    True
    """
    return [DeviceInfo(**fields) for fields in _native.list_devices()]


def last_run() -> Run | None:
    """What the last successful compression or decompression of this thread did.

    Returns
    -------
    Run or None
        None before the first.

    Examples
    --------
    >>> stream = compress_numpy(np.ones((40, 50)), rate=8, device="cpu")
    >>> last_run().device, last_run().gpu
    ('CPU', False)
    """
    report = _native.read_last_run()
    if report is None:
        return None
    run, seconds = report
    return Run(**run, seconds=Seconds(**seconds))
