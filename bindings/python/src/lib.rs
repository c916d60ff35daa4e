//! The native half of the Python package `zfp_wgpu`; `zfp_wgpu/__init__.py` is the other.
//!
//! `arrays` and `bytes` turn Python objects into the library's fields and slices,
//! `options` turns keyword arguments into modes, `calls` into compressors, `devices` names
//! into devices, `errors` errors into exceptions. `parts` has what zfpy has not: indexes, regions and batches.

// The documentation of functions is Python's, in numpydoc form.
#![allow(clippy::doc_markdown)]

mod arrays;
mod bytes;
mod calls;
mod devices;
mod errors;
mod options;
mod parts;

use pyo3::prelude::*;

/// Compression and decompression under zfpy's names.
#[pymodule(gil_used = false)]
mod _native {
    use pyo3::exceptions::PyTypeError;
    use pyo3::prelude::*;
    use pyo3::types::{PyBytes, PyDict};
    use zfp_wgpu::{Header, Mode};

    use crate::arrays::{Input, Output, warn_of_mask};
    use crate::bytes::{Stream, into_bytes};
    use crate::calls::{compressor, decompressor};
    use crate::devices::{Report, detached, device_of, info, report, wait_at_exit, warn};
    use crate::errors::exception;
    use crate::options::{
        Expert, NonFinite, Precision, Requested, Truth, WordBits, scalar_of_code, shape_of,
    };

    #[pymodule_export]
    use crate::parts::{Index, compress_batch, compress_indexed, decompress_batch, read_region};

    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Compress an array.
    ///
    /// With none of `tolerance`, `rate` and `precision`, nothing is lost. The bytes are
    /// those of zfpy 1.0.1 and LLNL zfp 1.0 (P. Lindstrom, "Fixed-rate compressed
    /// floating-point arrays", IEEE TVCG 20(12), 2014).
    ///
    /// Parameters
    /// ----------
    /// arr : numpy.ndarray
    ///     1 to 4 dimensions, int32, int64, float32 or float64 in native byte order, in
    ///     any memory layout, which is read where it lies. The last axis is zfp's x. Also
    ///     buffers, tensors that speak DLPack and are on the CPU, and what has
    ///     ``__array__``. `promote` makes one of these types of others. A masked array is
    ///     compressed without its mask; in lossy modes, which mix hidden values with others,
    ///     a UserWarning tells.
    /// tolerance : float
    ///     Largest absolute error, in the units of `arr`; 0 means the least possible, a few
    ///     units in the last place of the largest value nearby, below which no tolerance
    ///     is met. For floating point; integers keep all their bit planes.
    /// rate : float
    ///     Bits per value, the same for every block of 4**ndim values.
    /// precision : int
    ///     Bit planes per block, 1 to 64; 0 means all.
    /// write_header : bool
    ///     Begin with type, shape and mode, which `decompress_numpy` needs.
    /// device : {"auto", "cpu", "gpu", "gpu:NAME", "gpu:INDEX"}, optional
    ///     Where to compress; the bytes are the same. By default what the environment
    ///     variable ZFP_WGPU_DEVICE says, and else "auto": a GPU for large arrays at a
    ///     fixed rate, once one has started, and the CPU for everything else. If that GPU
    ///     fails, the CPU does its work and a RuntimeWarning says so. With "gpu", a GPU
    ///     does it or there is an exception: the first of `devices`, the first with NAME
    ///     in its name, or the one at INDEX. `last_run` tells which it was and why.
    /// validate : bool
    ///     Have the CPU check each byte that a GPU made.
    /// threads : int, optional
    ///     How many threads of the CPU; by default one per processor. The bytes are the
    ///     same.
    /// word_bits : {64, 8}
    ///     The end of the stream is padded to this many bits: 64 as zfpy, 8 as Debian's
    ///     `zfp` and the HDF5 filter. Everything reads both.
    /// nonfinite : {"error", "allow"}
    ///     What lossy modes do with NaN and infinity: refuse them, or turn their block
    ///     into arbitrary numbers as zfpy does.
    /// align : bool
    ///     Round a rate up to whole 64-bit words per block.
    /// minbits, maxbits, maxprec, minexp : int, optional
    ///     zfp's expert parameters, instead of the three modes.
    ///
    /// Returns
    /// -------
    /// bytes
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     `arr` is no array, or of a type that zfp does not know; `device` is no str.
    /// ValueError
    ///     An empty array; several modes at once; a rate, tolerance or precision that is
    ///     NaN, infinite or out of range; NaN or infinity in `arr` in a lossy mode; a
    ///     `device` that means nothing, or a GPU for what GPUs do not do.
    /// RuntimeError
    ///     Not 1 to 4 dimensions, a shape too large for the header, or more threads than
    ///     can be started; a GPU was asked for and is not there, or fails; or `validate`
    ///     found a difference.
    /// MemoryError
    ///     No room for the result, or on the GPU that was asked for.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np, zfp_wgpu
    /// >>> a = np.linspace(0, 1, 4096).reshape(16, 16, 16)
    /// >>> stream = zfp_wgpu.compress_numpy(a, tolerance=1e-3)
    /// >>> bool(np.abs(zfp_wgpu.decompress_numpy(stream) - a).max() <= 1e-3)
    /// True
    #[pyfunction]
    #[pyo3(signature = (
        arr, tolerance=-1.0, rate=-1.0, precision=Precision::UNSET, write_header=Truth(true), *,
        device=None, validate=false, threads=None, word_bits=WordBits::DEFAULT,
        nonfinite=NonFinite::DEFAULT, align=false,
        minbits=None, maxbits=None, maxprec=None, minexp=None
    ), text_signature = "(arr, tolerance=-1, rate=-1, precision=-1, write_header=True, *, \
        device=None, validate=False, threads=None, word_bits=64, nonfinite='error', \
        align=False, minbits=None, maxbits=None, maxprec=None, minexp=None)")]
    #[allow(clippy::too_many_arguments, reason = "zfpy's signature, and what lies beyond it")]
    fn compress_numpy<'py>(
        py: Python<'py>,
        arr: &Bound<'py, PyAny>,
        tolerance: f64,
        rate: f64,
        precision: Precision,
        write_header: Truth,
        device: Option<&Bound<'py, PyAny>>,
        validate: bool,
        threads: Option<&Bound<'py, PyAny>>,
        word_bits: WordBits,
        nonfinite: NonFinite,
        align: bool,
        minbits: Option<&Bound<'py, PyAny>>,
        maxbits: Option<&Bound<'py, PyAny>>,
        maxprec: Option<&Bound<'py, PyAny>>,
        minexp: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if arr.is_none() {
            return Err(PyTypeError::new_err("Input array cannot be None"));
        }
        let input = Input::of(arr)?;
        let expert = Expert::of(minbits, maxbits, maxprec, minexp)?;
        let mode = Requested { tolerance, rate, precision, align, expert }.mode()?;
        if mode != Mode::Reversible {
            warn_of_mask(arr)?;
        }
        let device = device_of(py, device)?;
        let compressor = compressor(mode, write_header, threads, word_bits, nonfinite)?
            .device(device)
            .validate(validate);
        let field = input.field()?;
        let stream = detached(py, || compressor.compress(&field))?;
        into_bytes(py, stream)
    }

    /// Decompress a stream that has a header.
    ///
    /// Parameters
    /// ----------
    /// compressed_data : bytes-like
    ///     bytes, bytearray, memoryview, a uint8 array or any other contiguous buffer of
    ///     bytes; read without a copy.
    /// out : numpy.ndarray or writable buffer, optional
    ///     Where to put the values: an array of the stream's type and shape in any memory
    ///     layout, or a contiguous buffer of just as many bytes.
    /// device : {"auto", "cpu", "gpu", "gpu:NAME", "gpu:INDEX"}, optional
    ///     Where to decompress, as in `compress_numpy`; the values are the same.
    /// validate : bool
    ///     Have the CPU check each value that a GPU made.
    /// threads : int, optional
    ///     How many threads of the CPU; by default one per processor.
    /// max_output_bytes : int, optional
    ///     Refuse streams of larger arrays. In the modes of variable rate a few bytes may
    ///     stand for many zeros, so set this for streams of unknown origin.
    /// index : Index, optional
    ///     Where the stream's blocks are, which spares the threads a search for them.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray
    ///     C-ordered and writable, or `out`.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     `compressed_data` is not bytes-like, or `device` no str.
    /// ValueError
    ///     Not a zfp stream, a stream cut short, one above `max_output_bytes`, an `out`
    ///     that does not fit, an `index` of another stream, a `device` that means
    ///     nothing, or a GPU for what GPUs do not do.
    /// RuntimeError
    ///     A GPU was asked for and is not there, or fails; or `validate` found a
    ///     difference.
    /// MemoryError
    ///     No room for the array, or on the GPU that was asked for.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np, zfp_wgpu
    /// >>> stream = zfp_wgpu.compress_numpy(np.arange(12, dtype=np.int32).reshape(3, 4))
    /// >>> zfp_wgpu.decompress_numpy(stream)
    /// array([[ 0,  1,  2,  3],
    ///        [ 4,  5,  6,  7],
    ///        [ 8,  9, 10, 11]], dtype=int32)
    #[pyfunction]
    #[pyo3(signature = (
        compressed_data, *, out=None, device=None, validate=false, threads=None,
        max_output_bytes=None, index=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "by name, in Python")]
    fn decompress_numpy<'py>(
        py: Python<'py>,
        compressed_data: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        device: Option<&Bound<'py, PyAny>>,
        validate: bool,
        threads: Option<&Bound<'py, PyAny>>,
        max_output_bytes: Option<&Bound<'py, PyAny>>,
        index: Option<&Bound<'py, Index>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let stream = Stream::of(compressed_data)?;
        let device = device_of(py, device)?;
        let decompressor =
            decompressor(threads, max_output_bytes, index)?.device(device).validate(validate);
        let Header { scalar, shape, .. } =
            decompressor.inspect(stream.as_slice()).map_err(exception)?;
        let mut output = Output::of(py, out, scalar, &shape, &stream)?;
        let field = output.field()?;
        detached(py, || decompressor.decompress_into(stream.as_slice(), field))?;
        Ok(output.into_array())
    }

    /// Decompress a stream without a header.
    ///
    /// Parameters
    /// ----------
    /// compressed_data : bytes-like
    ///     As in `decompress_numpy`.
    /// ztype : int
    ///     Type of the values: `type_int32`, `type_int64`, `type_float` or `type_double`.
    /// shape : sequence of int
    ///     Shape of the array, 1 to 4 axes; leading zeros count as absent axes.
    /// out : numpy.ndarray or writable buffer, optional
    ///     As in `decompress_numpy`.
    /// tolerance, rate, precision, align, minbits, maxbits, maxprec, minexp
    ///     Exactly as the array was compressed.
    /// device, validate, threads, max_output_bytes, index
    ///     As in `decompress_numpy`.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray
    ///     C-ordered and writable, or `out`.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     `compressed_data` is not bytes-like, `shape` no sequence, or `device` no str.
    /// ValueError
    ///     An unknown type, a shape that is empty or too long, an illegal mode, an `out`
    ///     that does not fit, a stream cut short, a `device` that means nothing, or a GPU
    ///     for what GPUs do not do.
    /// RuntimeError, MemoryError
    ///     As in `decompress_numpy`.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np, zfp_wgpu
    /// >>> a = np.ones((5, 6), dtype=np.float32)
    /// >>> stream = zfp_wgpu.compress_numpy(a, rate=8, write_header=False)
    /// >>> b = zfp_wgpu._decompress(stream, zfp_wgpu.type_float, (5, 6), rate=8)
    /// >>> bool((a == b).all())
    /// True
    #[pyfunction]
    #[pyo3(signature = (
        compressed_data, ztype, shape, out=None, tolerance=-1.0, rate=-1.0,
        precision=Precision::UNSET, *, device=None, validate=false, threads=None,
        max_output_bytes=None, index=None, align=false,
        minbits=None, maxbits=None, maxprec=None, minexp=None
    ), text_signature = "(compressed_data, ztype, shape, out=None, tolerance=-1, rate=-1, \
        precision=-1, *, device=None, validate=False, threads=None, max_output_bytes=None, \
        index=None, align=False, minbits=None, maxbits=None, maxprec=None, minexp=None)")]
    #[allow(clippy::too_many_arguments, reason = "zfpy's signature, and what lies beyond it")]
    fn _decompress<'py>(
        py: Python<'py>,
        compressed_data: &Bound<'py, PyAny>,
        ztype: i64,
        shape: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        tolerance: f64,
        rate: f64,
        precision: Precision,
        device: Option<&Bound<'py, PyAny>>,
        validate: bool,
        threads: Option<&Bound<'py, PyAny>>,
        max_output_bytes: Option<&Bound<'py, PyAny>>,
        index: Option<&Bound<'py, Index>>,
        align: bool,
        minbits: Option<&Bound<'py, PyAny>>,
        maxbits: Option<&Bound<'py, PyAny>>,
        maxprec: Option<&Bound<'py, PyAny>>,
        minexp: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let stream = Stream::of(compressed_data)?;
        let shape = shape_of(shape)?;
        let scalar = scalar_of_code(ztype)?;
        let expert = Expert::of(minbits, maxbits, maxprec, minexp)?;
        let mode = Requested { tolerance, rate, precision, align, expert }.mode()?;
        let device = device_of(py, device)?;
        let decompressor =
            decompressor(threads, max_output_bytes, index)?.device(device).validate(validate);
        decompressor
            .inspect_headerless(stream.as_slice(), mode, scalar, &shape)
            .map_err(exception)?;
        let mut output = Output::of(py, out, scalar, &shape, &stream)?;
        let field = output.field()?;
        detached(py, || decompressor.decompress_headerless_into(stream.as_slice(), mode, field))?;
        Ok(output.into_array())
    }

    /// The header's fields as numbers, for `header` to name.
    ///
    /// Returns a dictionary of `type` (zfp's code), `shape`, `mode` (zfp's code),
    /// `tolerance`, `rate`, `precision`, and the four expert parameters.
    #[pyfunction]
    fn read_header<'py>(
        py: Python<'py>,
        compressed_data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let stream = Stream::of(compressed_data)?;
        let header = Header::read(stream.as_slice()).map_err(exception)?;
        let mode = crate::options::describe(header.mode());
        let fields = PyDict::new(py);
        fields.set_item("type", header.scalar.code())?;
        fields.set_item("shape", header.shape)?;
        fields.set_item("mode", mode.code)?;
        fields.set_item("tolerance", mode.tolerance)?;
        fields.set_item("rate", mode.rate)?;
        fields.set_item("precision", mode.precision)?;
        fields.set_item("minbits", header.params.minbits)?;
        fields.set_item("maxbits", header.params.maxbits)?;
        fields.set_item("maxprec", header.params.maxprec)?;
        fields.set_item("minexp", header.params.minexp)?;
        Ok(fields)
    }

    /// The GPUs of this machine, each as a dictionary, for `devices` to wrap.
    #[pyfunction]
    fn list_devices(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
        wait_at_exit(py)?;
        py.detach(zfp_wgpu::devices).into_iter().map(|device| info(py, device)).collect()
    }

    /// What this thread's last call did and how long it took, as dictionaries, for
    /// `last_run` to wrap.
    #[pyfunction]
    fn read_last_run(py: Python<'_>) -> PyResult<Option<Report<'_>>> {
        zfp_wgpu::last_run().map(|run| report(py, run)).transpose()
    }

    /// The warning of a GPU that failed, for the tests, where GPUs seldom do.
    #[pyfunction]
    fn warn_of_failure(py: Python<'_>, failure: &str) -> PyResult<()> {
        warn(py, failure)
    }
}
