"""zfp in HDF5 files, by the filter that is registered for it: 32013, H5Z-ZFP.

Importing this tells h5py where the filter is, for reading and for writing. The files are
those of H5Z-ZFP, and so of hdf5plugin: the same bytes in every chunk. It needs h5py
(``pip install zfp-wgpu[hdf5]``).

>>> import h5py, zfp_wgpu.hdf5
>>> with h5py.File("field.h5", "w", driver="core", backing_store=False) as file:
...     zfp = zfp_wgpu.hdf5.Zfp(accuracy=1e-3)
...     field = file.create_dataset("t", data=np.ones((64, 64)), compression=zfp)
...     field.id.get_storage_size() < 64 * 64 * 8 / 10
True

Programs that are no Python find the filter by the variable HDF5_PLUGIN_PATH:
``HDF5_PLUGIN_PATH=$(python -m zfp_wgpu.hdf5) h5dump field.h5``.
"""

import os
import struct
import sys

import h5py

__all__ = ["FILTER_ID", "Zfp", "plugin_path"]

FILTER_ID = 32013

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hdf5_plugin")


class Zfp(h5py.filters.FilterRefBase):
    """How to compress a dataset, for ``create_dataset``: as ``compression=Zfp(…)``, or as
    ``**Zfp(…)``, which works with h5netcdf and others that pass their arguments on.

    At most one mode; with none, as many bits as lossy coding can use. The arguments are
    hdf5plugin's, and so are the numbers that come of them.

    Parameters
    ----------
    rate : float
        Bits per value.
    precision : int
        Bit planes per block, 1 to 64; 0 means all.
    accuracy : float
        Largest absolute error, in the units of the data.
    reversible : bool
        No loss at all.
    minbits, maxbits, maxprec, minexp : int
        zfp's expert parameters, all four.

    Raises
    ------
    ValueError
        Several modes, some of the expert parameters, or one that is out of range.

    Examples
    --------
    >>> dict(Zfp(precision=13))
    {'compression': 32013, 'compression_opts': (2, 0, 13, 0, 0, 0)}
    """

    filter_name = "zfp"
    filter_id = FILTER_ID

    def __init__(
        self,
        rate=None,
        precision=None,
        accuracy=None,
        reversible=False,
        minbits=None,
        maxbits=None,
        maxprec=None,
        minexp=None,
    ):
        expert = (minbits, maxbits, maxprec, minexp)
        modes = []
        if rate is not None:
            modes.append((1, 0, *_double(rate), 0, 0))
        if precision is not None:
            planes = _whole("I", precision)
            if planes[0] > 64:
                raise ValueError(f"precision={precision} is more than the 64 bit planes there are")
            modes.append((2, 0, *planes, 0, 0, 0))
        if accuracy is not None:
            modes.append((3, 0, *_double(accuracy), 0, 0))
        if reversible:
            modes.append((5, 0, 0, 0, 0, 0))
        if expert != (None,) * 4:
            if None in expert:
                raise ValueError("minbits, maxbits, maxprec and minexp go together")
            modes.append((4, 0, *_whole("3Ii", *expert)))
        if len(modes) > 1:
            raise ValueError(
                "at most one of rate, precision, accuracy, reversible and the expert "
                "parameters can be given"
            )
        self.filter_options = modes[0] if modes else ()

    def __repr__(self):
        return f"Zfp{self.filter_options!r}"


def _double(value):
    """A finite number that is not negative, as the two numbers that HDF5 keeps of it."""
    value = float(value)
    if not 0 <= value < float("inf"):
        raise ValueError(f"{value} is not a finite, non-negative number")
    return struct.unpack("2I", struct.pack("d", value))


def _whole(form, *values):
    """Whole numbers, as those that HDF5 keeps: without a sign, and of 32 bits."""
    whole = [int(value) for value in values]
    try:
        if whole != list(values):
            raise ValueError(f"not whole numbers: {values}")
        return struct.unpack(f"{len(whole)}I", struct.pack(form, *whole))
    except struct.error as error:
        raise ValueError(f"not parameters of zfp: {values}: {error}") from None


def plugin_path():
    """The folder that holds the filter, for the variable HDF5_PLUGIN_PATH.

    Returns
    -------
    str

    Raises
    ------
    FileNotFoundError
        The package was built without the filter, as it is on Windows.

    Examples
    --------
    >>> os.path.basename(plugin_path())
    'hdf5_plugin'
    """
    if not os.path.isdir(_FOLDER):
        raise FileNotFoundError(f"this zfp_wgpu was built without an HDF5 filter: no {_FOLDER}")
    return _FOLDER


# h5py looks in this folder when it meets the number and nobody else has the filter. It
# comes first because folders that do not exist, as HDF5's own, leave their error behind.
if os.path.isdir(_FOLDER):
    h5py.h5pl.prepend(os.fsencode(_FOLDER))

if __name__ == "__main__":
    try:
        print(plugin_path())
    except FileNotFoundError as error:
        sys.exit(str(error))
