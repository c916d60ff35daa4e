//! Indexes, parts of arrays, and batches.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple, PyType};
use zfp_wgpu::Header;

use crate::arrays::{Input, Output};
use crate::bytes::{Stream, into_bytes};
use crate::calls::{compressor, decompressor};
use crate::devices::{detached, device_of};
use crate::errors::exception;
use crate::options::{Expert, NonFinite, Precision, Requested, Truth, WordBits, whole};

/// Where the blocks of a stream of variable rate begin.
///
/// A companion of one stream, kept beside it. `compress_indexed` makes one with the stream,
/// `Index.of` afterwards. Given to `decompress_numpy`, all threads begin at once; given to
/// `decompress_region`, only the blocks that are needed are read. At a fixed rate blocks are
/// found without, and the index is empty. With another stream than its own there is an
/// error.
///
/// Parameters
/// ----------
/// data : bytes-like
///     What `bytes` made of an index.
///
/// Attributes
/// ----------
/// shape : tuple of int
///     Shape of the stream's array.
/// every : int
///     Blocks from one entry to the next; 0 at a fixed rate. ``len`` gives the entries.
///
/// Raises
/// ------
/// TypeError
///     `data` is not bytes-like.
/// ValueError
///     It is no index, or a damaged one.
///
/// Examples
/// --------
/// >>> import numpy as np, zfp_wgpu
/// >>> a = np.linspace(0, 1, 64000).reshape(40, 40, 40)
/// >>> stream, index = zfp_wgpu.compress_indexed(a, tolerance=1e-6)
/// >>> zfp_wgpu.Index(bytes(index)) == index == zfp_wgpu.Index.of(stream)
/// True
/// >>> index
/// <zfp_wgpu.Index of 16 entries, one for every 64 blocks>
#[pyclass(frozen, eq, module = "zfp_wgpu")]
#[derive(Clone, PartialEq)]
pub(crate) struct Index(pub(crate) zfp_wgpu::Index);

#[pymethods]
impl Index {
    #[new]
    fn new(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        zfp_wgpu::Index::from_bytes(Stream::of(data)?.as_slice()).map(Self).map_err(exception)
    }

    /// The index of a stream that has a header, from a walk over its blocks.
    ///
    /// Parameters
    /// ----------
    /// compressed_data : bytes-like
    ///     A stream.
    /// every : int, optional
    ///     Blocks from one entry to the next, 1 to 65536; by default as many as have 4096
    ///     values. Fewer make regions faster and the index larger.
    ///
    /// Returns
    /// -------
    /// Index
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     Not a zfp stream, one cut short, or an impossible `every`.
    #[staticmethod]
    #[pyo3(signature = (compressed_data, every=None))]
    fn of(
        py: Python<'_>,
        compressed_data: &Bound<'_, PyAny>,
        every: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let stream = Stream::of(compressed_data)?;
        let every: Option<u32> = whole("every", every)?;
        let index = py.detach(|| zfp_wgpu::Index::of(stream.as_slice(), every));
        index.map(Self).map_err(exception)
    }

    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.shape())
    }

    #[getter]
    fn every(&self) -> u32 {
        self.0.every()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    #[allow(clippy::unused_self, reason = "an index without entries is one too")]
    fn __bool__(&self) -> bool {
        true
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (Bound<'py, PyBytes>,)) {
        (py.get_type::<Self>(), (self.__bytes__(py),))
    }

    fn __repr__(&self) -> String {
        if self.0.is_empty() {
            return "<zfp_wgpu.Index of a fixed rate>".to_owned();
        }
        let (entries, every) = (self.0.len(), self.0.every());
        format!("<zfp_wgpu.Index of {entries} entries, one for every {every} blocks>")
    }
}

/// Compress an array, and say where its blocks are.
///
/// Parameters
/// ----------
/// arr, tolerance, rate, precision, write_header
///     As in `compress_numpy`.
/// every : int, optional
///     Blocks from one entry of the index to the next, as in `Index.of`.
/// device, validate, threads, word_bits, nonfinite, align
///     As in `compress_numpy`.
/// minbits, maxbits, maxprec, minexp : int, optional
///     As in `compress_numpy`.
///
/// Returns
/// -------
/// bytes
///     The stream that `compress_numpy` makes.
/// Index
///     Where its blocks begin; empty at a fixed rate.
///
/// Raises
/// ------
/// TypeError, ValueError, RuntimeError, MemoryError
///     As `compress_numpy`; ValueError for an impossible `every` too.
///
/// Examples
/// --------
/// >>> import numpy as np, zfp_wgpu
/// >>> a = np.linspace(0, 1, 64000).reshape(40, 40, 40)
/// >>> stream, index = zfp_wgpu.compress_indexed(a, precision=20)
/// >>> b = zfp_wgpu.decompress_numpy(stream, index=index)
/// >>> c = zfp_wgpu.decompress_region(stream, (slice(3, 9), 7), index=index)
/// >>> bool((c == b[3:9, 7]).all())
/// True
#[pyfunction]
#[pyo3(signature = (
    arr, tolerance=-1.0, rate=-1.0, precision=Precision::UNSET, write_header=Truth(true), *,
    every=None, device=None, validate=false, threads=None, word_bits=WordBits::DEFAULT,
    nonfinite=NonFinite::DEFAULT, align=false,
    minbits=None, maxbits=None, maxprec=None, minexp=None
), text_signature = "(arr, tolerance=-1, rate=-1, precision=-1, write_header=True, *, \
    every=None, device=None, validate=False, threads=None, word_bits=64, \
    nonfinite='error', align=False, minbits=None, maxbits=None, maxprec=None, minexp=None)")]
#[allow(clippy::too_many_arguments, reason = "by name, in Python")]
pub(crate) fn compress_indexed<'py>(
    py: Python<'py>,
    arr: &Bound<'py, PyAny>,
    tolerance: f64,
    rate: f64,
    precision: Precision,
    write_header: Truth,
    every: Option<&Bound<'py, PyAny>>,
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
) -> PyResult<(Bound<'py, PyBytes>, Index)> {
    if arr.is_none() {
        return Err(PyTypeError::new_err("Input array cannot be None"));
    }
    let input = Input::of(arr)?;
    let expert = Expert::of(minbits, maxbits, maxprec, minexp)?;
    let mode = Requested { tolerance, rate, precision, align, expert }.mode()?;
    let device = device_of(py, device)?;
    let compressor = compressor(mode, write_header, threads, word_bits, nonfinite)?
        .device(device)
        .validate(validate)
        .index_every(whole::<u32>("every", every)?);
    let field = input.field()?;
    let (stream, index) = detached(py, || compressor.compress_indexed(&field))?;
    Ok((into_bytes(py, stream)?, Index(index)))
}

/// Decompress the box of values from `starts` up to `stops`, for `decompress_region`.
#[pyfunction]
#[pyo3(signature = (
    compressed_data, starts, stops, *, out=None, index=None, threads=None, max_output_bytes=None
))]
#[allow(clippy::too_many_arguments, reason = "by name, in Python")]
#[allow(clippy::needless_pass_by_value, reason = "lists of Python's become vectors")]
pub(crate) fn read_region<'py>(
    py: Python<'py>,
    compressed_data: &Bound<'py, PyAny>,
    starts: Vec<usize>,
    stops: Vec<usize>,
    out: Option<&Bound<'py, PyAny>>,
    index: Option<&Bound<'py, Index>>,
    threads: Option<&Bound<'py, PyAny>>,
    max_output_bytes: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let stream = Stream::of(compressed_data)?;
    let decompressor = decompressor(threads, max_output_bytes, index)?;
    let ranges: Vec<_> = starts.iter().zip(&stops).map(|(&start, &stop)| start..stop).collect();
    // All that can be wrong is found before memory is asked for.
    let shape = decompressor.inspect_region(stream.as_slice(), &ranges).map_err(exception)?;
    let Header { scalar, .. } = Header::read(stream.as_slice()).map_err(exception)?;
    let mut output = Output::of(py, out, scalar, &shape, &stream)?;
    let field = output.field()?;
    detached(py, || decompressor.decompress_region_into(stream.as_slice(), &ranges, field))?;
    Ok(output.into_array())
}

/// Compress many arrays, spread over threads.
///
/// For arrays of a few kilobytes to a few megabytes, each of which one thread does; larger
/// ones gain more from `compress_numpy`.
///
/// Parameters
/// ----------
/// arrays : iterable of numpy.ndarray
///     As `arr` of `compress_numpy`, each by itself.
/// tolerance, rate, precision, write_header
///     As in `compress_numpy`, for all of them.
/// threads, word_bits, nonfinite, align
///     As in `compress_numpy`.
/// minbits, maxbits, maxprec, minexp : int, optional
///     As in `compress_numpy`.
///
/// Returns
/// -------
/// list of bytes
///     The streams that `compress_numpy` makes.
///
/// Raises
/// ------
/// TypeError, ValueError, RuntimeError, MemoryError
///     As `compress_numpy` for the first array that cannot be compressed; a note says
///     which one.
///
/// Examples
/// --------
/// >>> import numpy as np, zfp_wgpu
/// >>> tiles = [np.full((16, 16), i, np.float32) for i in range(100)]
/// >>> {len(stream) for stream in zfp_wgpu.compress_batch(tiles, rate=8)}
/// {272}
#[pyfunction]
#[pyo3(signature = (
    arrays, tolerance=-1.0, rate=-1.0, precision=Precision::UNSET, write_header=Truth(true), *,
    threads=None, word_bits=WordBits::DEFAULT, nonfinite=NonFinite::DEFAULT, align=false,
    minbits=None, maxbits=None, maxprec=None, minexp=None
), text_signature = "(arrays, tolerance=-1, rate=-1, precision=-1, write_header=True, *, \
    threads=None, word_bits=64, nonfinite='error', align=False, minbits=None, maxbits=None, \
    maxprec=None, minexp=None)")]
#[allow(clippy::too_many_arguments, reason = "by name, in Python")]
pub(crate) fn compress_batch<'py>(
    py: Python<'py>,
    arrays: &Bound<'py, PyAny>,
    tolerance: f64,
    rate: f64,
    precision: Precision,
    write_header: Truth,
    threads: Option<&Bound<'py, PyAny>>,
    word_bits: WordBits,
    nonfinite: NonFinite,
    align: bool,
    minbits: Option<&Bound<'py, PyAny>>,
    maxbits: Option<&Bound<'py, PyAny>>,
    maxprec: Option<&Bound<'py, PyAny>>,
    minexp: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let expert = Expert::of(minbits, maxbits, maxprec, minexp)?;
    let mode = Requested { tolerance, rate, precision, align, expert }.mode()?;
    let compressor = compressor(mode, write_header, threads, word_bits, nonfinite)?
        .device(zfp_wgpu::Device::Cpu);
    let inputs = noted(py, arrays.try_iter()?.map(|array| Input::of(&array?)))?;
    let fields = noted(py, inputs.iter().map(Input::field))?;
    let streams = py.detach(|| compressor.compress_batch(&fields)).map_err(exception)?;
    let streams = streams.into_iter().map(|stream| into_bytes(py, stream.map_err(exception)?));
    noted(py, streams)
}

/// Decompress many streams that have headers, spread over threads, each on one.
///
/// Parameters
/// ----------
/// streams : iterable of bytes-like
///     As `compressed_data` of `decompress_numpy`, each by itself.
/// threads : int, optional
///     How many threads; by default one per processor.
/// max_output_bytes : int, optional
///     Refuse streams of larger arrays.
///
/// Returns
/// -------
/// list of numpy.ndarray
///     C-ordered and writable.
///
/// Raises
/// ------
/// TypeError, ValueError, RuntimeError, MemoryError
///     As `decompress_numpy` for the first stream that cannot be decompressed; a note
///     says which one.
///
/// Examples
/// --------
/// >>> import numpy as np, zfp_wgpu
/// >>> streams = zfp_wgpu.compress_batch(np.arange(24).reshape(4, 2, 3))
/// >>> zfp_wgpu.decompress_batch(streams)[3]
/// array([[18, 19, 20],
///        [21, 22, 23]])
#[pyfunction]
#[pyo3(signature = (streams, *, threads=None, max_output_bytes=None))]
pub(crate) fn decompress_batch<'py>(
    py: Python<'py>,
    streams: &Bound<'py, PyAny>,
    threads: Option<&Bound<'py, PyAny>>,
    max_output_bytes: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let decompressor = decompressor(threads, max_output_bytes, None)?.device(zfp_wgpu::Device::Cpu);
    let streams = noted(py, streams.try_iter()?.map(|stream| Stream::of(&stream?)))?;
    let outputs = streams.iter().map(|stream| {
        let Header { scalar, shape, .. } =
            decompressor.inspect(stream.as_slice()).map_err(exception)?;
        Output::of(py, None, scalar, &shape, stream)
    });
    let mut outputs = noted(py, outputs)?;
    let fields = noted(py, outputs.iter_mut().map(Output::field))?;
    let slices: Vec<&[u8]> = streams.iter().map(Stream::as_slice).collect();
    let done = py.detach(|| decompressor.decompress_batch_into(&slices, fields));
    noted(py, done.map_err(exception)?.into_iter().map(|done| done.map_err(exception)))?;
    Ok(outputs.into_iter().map(Output::into_array).collect())
}

/// All results, or the first exception, with a note of its place in the batch.
fn noted<T>(py: Python<'_>, results: impl Iterator<Item = PyResult<T>>) -> PyResult<Vec<T>> {
    let numbered = results.enumerate().map(|(number, result)| {
        result.map_err(|error| {
            let note = format!("number {number} of the batch, counted from 0");
            match error.value(py).call_method1("add_note", (note,)) {
                Ok(_) => error,
                Err(_) => PyValueError::new_err(error.to_string()),
            }
        })
    });
    numbered.collect()
}
