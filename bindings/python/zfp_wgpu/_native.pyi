from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, TypeVar, final, overload

import numpy as np
from _typeshed import ReadableBuffer, WriteableBuffer
from numpy.typing import NDArray

# The types that zfp knows.
_Scalar: TypeAlias = np.int32 | np.int64 | np.float32 | np.float64
# Before Python 3.12, NumPy does not say that its arrays are buffers.
_Stream: TypeAlias = ReadableBuffer | NDArray[np.uint8]
_Out = TypeVar("_Out", bound=NDArray[Any])

# What NumPy can see as an array, of the types that zfp knows as far as that can be said.
class _HasArray(Protocol):
    def __array__(self) -> NDArray[_Scalar]: ...

_Array: TypeAlias = NDArray[_Scalar] | _HasArray | memoryview[Any] | array[int] | array[float]

class _Fields(TypedDict):
    type: int
    shape: list[int]
    mode: int
    tolerance: float
    rate: float
    precision: int
    minbits: int
    maxbits: int
    maxprec: int
    minexp: int

class _Device(TypedDict):
    name: str
    backend: str
    kind: Literal["discrete", "integrated", "virtual", "software", "other"]
    driver: str
    max_binding_bytes: int
    max_buffer_bytes: int
    has_timestamps: bool

class _Seconds(TypedDict):
    total: float
    upload: float
    kernel: float
    download: float
    validation: float

class _Run(TypedDict):
    device: str
    gpu: bool
    index: int | None
    reason: str
    failure: str | None
    input_bytes: int
    output_bytes: int

__all__ = [
    "Index",
    "compress_batch",
    "compress_indexed",
    "decompress_batch",
    "read_region",
    "__version__",
    "compress_numpy",
    "decompress_numpy",
    "_decompress",
    "read_header",
    "list_devices",
    "read_last_run",
    "warn_of_failure",
]

__version__: str

@final
class Index:
    def __new__(cls, data: _Stream) -> Index: ...
    @staticmethod
    def of(compressed_data: _Stream, every: int | None = None) -> Index: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def every(self) -> int: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> Literal[True]: ...
    def __bytes__(self) -> bytes: ...
    def __reduce__(self) -> tuple[type[Index], tuple[bytes]]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

def compress_numpy(
    arr: _Array,
    tolerance: float = -1,
    rate: float = -1,
    precision: float = -1,
    write_header: object = True,
    *,
    device: str | None = None,
    validate: bool = False,
    threads: int | None = None,
    word_bits: Literal[64, 8] = 64,
    nonfinite: Literal["error", "allow"] = "error",
    align: bool = False,
    minbits: int | None = None,
    maxbits: int | None = None,
    maxprec: int | None = None,
    minexp: int | None = None,
) -> bytes: ...

# The type of the values is only known from the stream, hence Any, except where `out`
# says it.
@overload
def decompress_numpy(
    compressed_data: _Stream,
    *,
    out: _Out,
    device: str | None = None,
    validate: bool = False,
    threads: int | None = None,
    max_output_bytes: int | None = None,
    index: Index | None = None,
) -> _Out: ...
@overload
def decompress_numpy(
    compressed_data: _Stream,
    *,
    out: WriteableBuffer | None = None,
    device: str | None = None,
    validate: bool = False,
    threads: int | None = None,
    max_output_bytes: int | None = None,
    index: Index | None = None,
) -> NDArray[Any]: ...
@overload
def _decompress(
    compressed_data: _Stream,
    ztype: int,
    shape: Sequence[int] | NDArray[np.integer[Any]],
    out: _Out,
    tolerance: float = -1,
    rate: float = -1,
    precision: float = -1,
    *,
    device: str | None = None,
    validate: bool = False,
    threads: int | None = None,
    max_output_bytes: int | None = None,
    index: Index | None = None,
    align: bool = False,
    minbits: int | None = None,
    maxbits: int | None = None,
    maxprec: int | None = None,
    minexp: int | None = None,
) -> _Out: ...
@overload
def _decompress(
    compressed_data: _Stream,
    ztype: int,
    shape: Sequence[int] | NDArray[np.integer[Any]],
    out: WriteableBuffer | None = None,
    tolerance: float = -1,
    rate: float = -1,
    precision: float = -1,
    *,
    device: str | None = None,
    validate: bool = False,
    threads: int | None = None,
    max_output_bytes: int | None = None,
    index: Index | None = None,
    align: bool = False,
    minbits: int | None = None,
    maxbits: int | None = None,
    maxprec: int | None = None,
    minexp: int | None = None,
) -> NDArray[Any]: ...
def compress_indexed(
    arr: NDArray[_Scalar],
    tolerance: float = -1,
    rate: float = -1,
    precision: float = -1,
    write_header: object = True,
    *,
    every: int | None = None,
    device: str | None = None,
    validate: bool = False,
    threads: int | None = None,
    word_bits: Literal[64, 8] = 64,
    nonfinite: Literal["error", "allow"] = "error",
    align: bool = False,
    minbits: int | None = None,
    maxbits: int | None = None,
    maxprec: int | None = None,
    minexp: int | None = None,
) -> tuple[bytes, Index]: ...
def compress_batch(
    arrays: Iterable[NDArray[_Scalar]],
    tolerance: float = -1,
    rate: float = -1,
    precision: float = -1,
    write_header: object = True,
    *,
    threads: int | None = None,
    word_bits: Literal[64, 8] = 64,
    nonfinite: Literal["error", "allow"] = "error",
    align: bool = False,
    minbits: int | None = None,
    maxbits: int | None = None,
    maxprec: int | None = None,
    minexp: int | None = None,
) -> list[bytes]: ...
def decompress_batch(
    streams: Iterable[_Stream],
    *,
    threads: int | None = None,
    max_output_bytes: int | None = None,
) -> list[NDArray[Any]]: ...
def read_region(
    compressed_data: _Stream,
    starts: Sequence[int],
    stops: Sequence[int],
    *,
    out: NDArray[Any] | WriteableBuffer | None = None,
    index: Index | None = None,
    threads: int | None = None,
    max_output_bytes: int | None = None,
) -> NDArray[Any]: ...
def read_header(compressed_data: _Stream) -> _Fields: ...
def list_devices() -> list[_Device]: ...
def read_last_run() -> tuple[_Run, _Seconds] | None: ...
def warn_of_failure(failure: str) -> None: ...
