from collections.abc import Iterator, Mapping
from typing import Any, Final, SupportsFloat, SupportsIndex

__all__ = ["FILTER_ID", "Zfp", "plugin_path"]

FILTER_ID: Final = 32013

# h5py, whose `FilterRefBase` this is, has no types.
class Zfp(Mapping[str, Any]):
    filter_name: str
    filter_id: int
    filter_options: tuple[int, ...]
    def __init__(
        self,
        rate: SupportsFloat | None = None,
        precision: SupportsIndex | None = None,
        accuracy: SupportsFloat | None = None,
        reversible: bool = False,
        minbits: SupportsIndex | None = None,
        maxbits: SupportsIndex | None = None,
        maxprec: SupportsIndex | None = None,
        minexp: SupportsIndex | None = None,
    ) -> None: ...
    def __getitem__(self, item: str) -> Any: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __hash__(self) -> int: ...

def plugin_path() -> str: ...
