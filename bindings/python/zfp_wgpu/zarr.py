"""Serializers for Zarr v3: the registered codecs `zfp` and `numcodecs.zfpy`.

Installing this package is enough for Zarr to find `zfp` by its entry point:

>>> import zarr
>>> a = np.linspace(0, 1, 60).reshape(6, 10)
>>> z = zarr.create_array({}, data=a, serializer=Zfp(tolerance=1e-3), compressors=None)
>>> bool(np.abs(z[:] - a).max() <= 1e-3)
True
"""

import asyncio
from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from zarr.abc.codec import ArrayBytesCodec

import zfp_wgpu
from zfp_wgpu._codec import chunks_by_device, compress, count_chunk, plain
from zfp_wgpu._types import promoted_dtype

if TYPE_CHECKING:
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer

__all__ = ["Zfp", "Zfpy", "chunks_by_device"]

# Each mode's parameters, as `compress_numpy` and the configuration call them.
_MODES = {
    "reversible": (),
    "fixed_accuracy": ("tolerance",),
    "fixed_rate": ("rate",),
    "fixed_precision": ("precision",),
    "expert": ("minbits", "maxbits", "maxprec", "minexp"),
}
_INTEGERS = {"precision", "minbits", "maxbits", "maxprec", "minexp"}


class _Serializer(ArrayBytesCodec):
    """What both codecs share: Zarr's asynchronous interface over two plain functions."""

    is_fixed_size = False

    @abstractmethod
    def _encode(self, array: NDArray[Any]) -> bytes:
        """The stream of a chunk in any memory layout."""

    @abstractmethod
    def _decode(self, stream: NDArray[Any], dtype: np.dtype[Any], shape: Any) -> NDArray[Any]:
        """The chunk of this type and shape in a stream."""

    def validate(self, *, shape: Any, dtype: Any, chunk_grid: Any) -> None:
        """Refuses, before anything is written, arrays that cannot be compressed.

        Raises
        ------
        TypeError
            A type that zfp does not know.
        ValueError, RuntimeError
            Parameters that make no sense for this type, or more than 4 dimensions.
        """
        self._encode(np.zeros((1,) * len(shape), dtype.to_native_dtype()))

    def _encode_sync(self, chunk_array: "NDBuffer", chunk_spec: "ArraySpec") -> "Buffer":
        stream = self._encode(chunk_array.as_numpy_array())
        count_chunk()
        return chunk_spec.prototype.buffer.from_bytes(stream)

    def _decode_sync(self, chunk_bytes: "Buffer", chunk_spec: "ArraySpec") -> "NDBuffer":
        dtype, shape = chunk_spec.dtype.to_native_dtype(), chunk_spec.shape
        array = self._decode(chunk_bytes.as_numpy_array(), dtype, shape)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)

    async def _encode_single(self, chunk_array: "NDBuffer", chunk_spec: "ArraySpec") -> "Buffer":
        return await asyncio.to_thread(self._encode_sync, chunk_array, chunk_spec)

    async def _decode_single(self, chunk_bytes: "Buffer", chunk_spec: "ArraySpec") -> "NDBuffer":
        return await asyncio.to_thread(self._decode_sync, chunk_bytes, chunk_spec)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: "ArraySpec") -> int:
        raise NotImplementedError("the size of a zfp stream depends on its values")


@dataclass(frozen=True, kw_only=True, repr=False)
class Zfp(_Serializer):
    """The codec `zfp` of zarr-extensions: streams without a header.

    Chunks have 0 to 4 dimensions; 0 count as one value in a row. Types are those that
    `zfp_wgpu.promote` takes: int8 to int64, uint8 to uint64, float16 to float64 and times.

    Parameters
    ----------
    mode : {"reversible", "fixed_accuracy", "fixed_rate", "fixed_precision", "expert"}, optional
        Follows from the parameters if it is not given; without any, nothing is lost.
    tolerance : float, optional
        Largest absolute error, in the units of the array. Integers are not affected.
    rate : float, optional
        Bits per value, the same for every block of 4**ndim values.
    precision : int, optional
        Bit planes per block; 0 means all.
    minbits, maxbits, maxprec, minexp : int, optional
        zfp's expert parameters, all four of them.

    Raises
    ------
    ValueError
        Another mode, parameters that are not its own, or out of range.
    TypeError
        A parameter that is no number.

    Examples
    --------
    >>> Zfp(rate=8).to_dict()
    {'name': 'zfp', 'configuration': {'mode': 'fixed_rate', 'rate': 8}}
    """

    mode: str | None = None
    tolerance: float | None = None
    rate: float | None = None
    precision: int | None = None
    minbits: int | None = None
    maxbits: int | None = None
    maxprec: int | None = None
    minexp: int | None = None

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self) if field.name != "mode"]
        given = {name for name in names if getattr(self, name) is not None}
        if self.mode is None:
            # The mode whose parameters these are, if there is one.
            fitting = [mode for mode, wanted in _MODES.items() if given == set(wanted)]
            if not fitting:
                raise ValueError(f"{_listed(given)} are the parameters of no mode")
            object.__setattr__(self, "mode", fitting[0])
        if self.mode not in _MODES:
            raise ValueError(f"mode {self.mode!r} is none of {_listed(_MODES)}")
        wanted = set(_MODES[self.mode])
        if given != wanted:
            raise ValueError(
                f"mode {self.mode} takes {_listed(wanted) or 'no parameters'}, "
                f"not {_listed(given) or 'none'}"
            )
        for name in given:
            _check(name, getattr(self, name))
            object.__setattr__(self, name, plain(getattr(self, name)))

    @property
    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _MODES[self.mode or "reversible"]}

    def _encode(self, array: NDArray[Any]) -> bytes:
        values = zfp_wgpu.promote(array)
        row = values.reshape(1) if values.ndim == 0 else values
        return compress(row, False, self._arguments)

    def _decode(self, stream: NDArray[Any], dtype: np.dtype[Any], shape: Any) -> NDArray[Any]:
        ztype = zfp_wgpu.dtype_to_ztype(promoted_dtype(dtype))
        row = zfp_wgpu._decompress(stream, ztype, shape or (1,), **self._arguments)
        return zfp_wgpu.demote(row, dtype).reshape(shape)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """From the metadata of an array."""
        return cls(**_configuration(cls, data, "zfp"))

    def to_dict(self) -> dict[str, Any]:
        """For the metadata of an array."""
        return {"name": "zfp", "configuration": {"mode": self.mode, **self._arguments}}

    def __repr__(self) -> str:
        arguments = "".join(f", {name}={value!r}" for name, value in self._arguments.items())
        return f"Zfp(mode={self.mode!r}{arguments})"


@dataclass(frozen=True)
class Zfpy(_Serializer):
    """The codec `numcodecs.zfpy` of zarr-extensions: streams with a header.

    Zarr has a class of its own for it, which looks up numcodecs' codec `zfpy` and so works
    with this package as well. This one takes chunks in any memory layout and does not warn.
    Zarr uses it where it is given as an object, and everywhere after
    ``zarr.config.set({"codecs": {"numcodecs.zfpy": "zfp_wgpu.zarr.Zfpy"}})``.

    Parameters
    ----------
    mode, tolerance, rate, precision, compression_kwargs
        As for `zfp_wgpu.numcodecs.ZFPY`.

    Examples
    --------
    >>> Zfpy(mode=2, rate=8).to_dict()
    {'name': 'numcodecs.zfpy', 'configuration': {'mode': 2, 'rate': 8}}
    """

    mode: int = zfp_wgpu.mode_fixed_accuracy
    tolerance: float = -1
    rate: float = -1
    precision: int = -1
    compression_kwargs: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "compression_kwargs", None)
        for name in ("mode", "tolerance", "rate", "precision"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        self._codec()

    def _codec(self) -> Any:
        from zfp_wgpu.numcodecs import ZFPY

        return ZFPY(self.mode, self.tolerance, self.rate, self.precision)

    def _encode(self, array: NDArray[Any]) -> bytes:
        # Not by the codec's `encode`, since here the order in memory does not matter.
        values = array.view(np.int64) if array.dtype.kind in "mM" else array
        return compress(values, True, self._codec().compression_kwargs)

    def _decode(self, stream: NDArray[Any], dtype: np.dtype[Any], shape: Any) -> NDArray[Any]:
        array: NDArray[Any] = self._codec().decode(stream)
        return array.view(dtype).reshape(shape)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """From the metadata of an array."""
        return cls(**_configuration(cls, data, "numcodecs.zfpy"))

    def to_dict(self) -> dict[str, Any]:
        """For the metadata of an array."""
        set_ones = {
            name: getattr(self, name)
            for name in ("tolerance", "rate", "precision")
            if getattr(self, name) != -1
        }
        return {"name": "numcodecs.zfpy", "configuration": {"mode": self.mode, **set_ones}}


def _configuration(cls: Any, data: Any, name: str) -> dict[str, Any]:
    """The configuration in the metadata of a codec of this class and name."""
    if data.get("name") != name:
        raise ValueError(f"the codec {data.get('name')!r} is not {name!r}")
    configuration = data.get("configuration")
    if not isinstance(configuration, dict) or "mode" not in configuration:
        raise ValueError(f"the codec {name!r} needs a configuration with a mode")
    strange = set(configuration) - {field.name for field in fields(cls)}
    if strange:
        raise ValueError(f"the codec {name!r} does not know {_listed(strange)}")
    return dict(configuration)


def _check(name: str, value: Any) -> None:
    """An error if this number makes no sense whatever the array."""
    number = isinstance(value, int | np.integer) or (
        name not in _INTEGERS and isinstance(value, float | np.floating)
    )
    if not number or isinstance(value, bool):
        kind = "integer" if name in _INTEGERS else "number"
        raise TypeError(f"{name}={value!r} is no {kind}")
    if name != "minexp" and not 0 <= value < float("inf"):
        raise ValueError(f"{name}={value!r} is out of range")


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
