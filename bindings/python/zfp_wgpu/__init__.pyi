from typing import Any, Final, Literal, TypedDict

import numpy as np

from ._devices import (
    DeviceInfo as DeviceInfo,
    Run as Run,
    Seconds as Seconds,
    devices as devices,
    last_run as last_run,
)
from ._estimate import Estimate as Estimate, estimate as estimate, suggest as suggest
from ._native import (
    Index as Index,
    __version__ as __version__,
    _decompress as _decompress,
    _Scalar,
    _Stream,
    compress_batch as compress_batch,
    compress_indexed as compress_indexed,
    compress_numpy as compress_numpy,
    decompress_batch as decompress_batch,
    decompress_numpy as decompress_numpy,
)
from ._parts import decompress_region as decompress_region
from ._types import demote as demote, promote as promote

__all__ = [
    "DeviceInfo",
    "Estimate",
    "HEADER_FULL",
    "HEADER_MAGIC",
    "HEADER_META",
    "HEADER_MODE",
    "Index",
    "Run",
    "Seconds",
    "compress_batch",
    "compress_indexed",
    "compress_numpy",
    "decompress_batch",
    "decompress_numpy",
    "decompress_region",
    "demote",
    "devices",
    "dtype_to_format",
    "dtype_to_ztype",
    "estimate",
    "header",
    "install_as_zfpy",
    "last_run",
    "mode_expert",
    "mode_fixed_accuracy",
    "mode_fixed_precision",
    "mode_fixed_rate",
    "mode_null",
    "mode_reversible",
    "promote",
    "suggest",
    "type_double",
    "type_float",
    "type_int32",
    "type_int64",
    "type_none",
    "zfp_mode_map",
    "zfp_to_dtype_map",
    "zmode_to_str",
    "ztype_to_dtype",
]

# What `header` gives; these three exist for type checkers only.
class _Expert(TypedDict):
    minbits: int
    maxbits: int
    maxprec: int
    minexp: int

class _Config(TypedDict):
    mode: int
    tolerance: float
    rate: float
    precision: int
    expert: _Expert

class _Header(TypedDict):
    nx: int
    ny: int
    nz: int
    nw: int
    type: type[_Scalar]
    mode: Literal["null", "expert", "rate", "precision", "tolerance", "reversible"]
    config: _Config

HEADER_MAGIC: Final = 1
HEADER_META: Final = 2
HEADER_MODE: Final = 4
HEADER_FULL: Final = 7

type_none: Final = 0
type_int32: Final = 1
type_int64: Final = 2
type_float: Final = 3
type_double: Final = 4

mode_null: Final = 0
mode_expert: Final = 1
mode_fixed_rate: Final = 2
mode_fixed_precision: Final = 3
mode_fixed_accuracy: Final = 4
mode_reversible: Final = 5

zfp_to_dtype_map: Final[dict[int, type[_Scalar]]]
zfp_mode_map: Final[dict[int, str]]

def dtype_to_ztype(dtype: np.dtype[Any] | type[np.generic]) -> int: ...
def dtype_to_format(dtype: np.dtype[Any] | type[np.generic]) -> str: ...
def ztype_to_dtype(ztype: int) -> type[_Scalar]: ...
def zmode_to_str(zmode: int) -> str: ...
def header(compressed_data: _Stream) -> _Header: ...
def install_as_zfpy() -> None: ...
