from types import EllipsisType
from typing import Any, SupportsIndex, TypeAlias, TypeVar, overload

from _typeshed import WriteableBuffer
from numpy.typing import NDArray

from ._native import Index, _Stream

__all__ = ["decompress_region"]

_Item: TypeAlias = slice[Any, Any, Any] | SupportsIndex | EllipsisType
_Out = TypeVar("_Out", bound=NDArray[Any])

@overload
def decompress_region(
    compressed_data: _Stream,
    region: _Item | tuple[_Item, ...],
    *,
    out: _Out,
    index: Index | None = None,
    threads: int | None = None,
    max_output_bytes: int | None = None,
) -> _Out: ...
@overload
def decompress_region(
    compressed_data: _Stream,
    region: _Item | tuple[_Item, ...],
    *,
    out: WriteableBuffer | None = None,
    index: Index | None = None,
    threads: int | None = None,
    max_output_bytes: int | None = None,
) -> NDArray[Any]: ...
