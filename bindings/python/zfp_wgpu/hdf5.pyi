from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["FILTER_ID", "Zfp", "plugin_path"]

FILTER_ID: Final = 32013

# h5py, whose `FilterRefBase` this is, has no types.
class Zfp(Mapping[str, Any]):
    filter_name: str
    filter_id: int
    filter_options: tuple[int, ...]
    def __init__(
        self,
        rate: float | None = None,
        precision: float | None = None,
        accuracy: float | None = None,
        reversible: bool = False,
        minbits: float | None = None,
        maxbits: float | None = None,
        maxprec: float | None = None,
        minexp: float | None = None,
    ) -> None: ...
    def __getitem__(self, item: str) -> Any: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __hash__(self) -> int: ...

def plugin_path() -> str: ...
