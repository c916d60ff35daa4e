//! NumPy arrays in any layout, as fields to read or to write.

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use zfp_wgpu::{Field, FieldMut, ScalarType};

use crate::bytes::{Stream, buffer_of};
use crate::errors::exception;

/// Where an array's values lie: the lowest byte, how many bytes from there to the end of
/// the highest value, and where among them the value at index 0 is.
struct Span {
    lowest: *mut u8,
    len: usize,
    start: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
}

impl Span {
    fn of(array: &Bound<'_, PyUntypedArray>, item: usize) -> Self {
        let (shape, strides) = (array.shape().to_vec(), array.strides().to_vec());
        // SAFETY: the pointer is that of a living array.
        let data: *mut u8 = unsafe { (*array.as_array_ptr()).fields.data.cast() };
        if shape.contains(&0) {
            // NumPy may have no memory at all for it.
            let lowest = std::ptr::NonNull::dangling().as_ptr();
            return Self { lowest, len: 0, start: 0, shape, strides };
        }
        let reach = |sign: isize| {
            let steps = shape.iter().zip(&strides).filter(|&(_, s)| s.signum() == sign);
            steps.map(|(&n, s)| (n - 1) * s.unsigned_abs()).sum::<usize>()
        };
        let (below, above) = (reach(-1), reach(1));
        Self {
            lowest: data.wrapping_sub(below),
            len: below + above + item,
            start: below,
            shape,
            strides,
        }
    }

    fn overlaps(&self, other: &[u8]) -> bool {
        let (a, b) = (self.lowest as usize, other.as_ptr() as usize);
        a < b + other.len() && b < a + self.len
    }
}

/// An array to compress.
pub(crate) struct Input<'py> {
    /// Kept so that its memory stays.
    _array: Bound<'py, PyUntypedArray>,
    span: Span,
    scalar: ScalarType,
}

impl<'py> Input<'py> {
    pub(crate) fn of(array: &Bound<'py, PyAny>) -> PyResult<Self> {
        let array = seen_as_array(array)?;
        let scalar = scalar_of(&array)?;
        Ok(Self { span: Span::of(&array, scalar.size()), scalar, _array: array })
    }

    pub(crate) fn field(&self) -> PyResult<Field<'_>> {
        let Span { lowest, len, start, ref shape, ref strides } = self.span;
        // SAFETY:
        // * NumPy answers for all values of an array lying in its memory, hence for the
        //   `len` bytes from the lowest value on, and `_array` keeps it.
        // * Another thread may write to them while they are read, which no caller of NumPy
        //   can rule out. The library is safe code, checks every place it reads, and
        //   takes places from shape and strides, of which `span` holds copies, never
        //   from values: a value that changes meanwhile is another number, no more.
        let bytes = unsafe { std::slice::from_raw_parts(lowest, len) };
        Field::from_bytes(bytes, self.scalar, shape, strides, start).map_err(exception)
    }
}

/// An array to decompress into: a new one, or the caller's.
pub(crate) struct Output<'py> {
    array: Bound<'py, PyUntypedArray>,
    span: Span,
    scalar: ScalarType,
}

impl<'py> Output<'py> {
    /// `out`, if it is of this type and shape, writable, and not the stream's memory; a
    /// new array without `out`.
    pub(crate) fn of(
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
        scalar: ScalarType,
        shape: &[usize],
        stream: &Stream,
    ) -> PyResult<Self> {
        let array = match out {
            None => new_array(py, scalar, shape)?,
            Some(out) => match untyped(out) {
                Ok(array) => checked(array, scalar, shape)?,
                Err(_) => over_buffer(py, out, scalar, shape)?,
            },
        };
        let span = Span::of(&array, scalar.size());
        if out.is_some() && span.overlaps(stream.as_slice()) {
            return Err(PyValueError::new_err("Cannot decompress in-place"));
        }
        Ok(Self { array, span, scalar })
    }

    pub(crate) fn field(&mut self) -> PyResult<FieldMut<'_>> {
        let Span { lowest, len, start, ref shape, ref strides } = self.span;
        // SAFETY: as for `Input::field`; the array is writable, and none of its memory is
        // the stream's. The values are only written, never read.
        let bytes = unsafe { std::slice::from_raw_parts_mut(lowest, len) };
        FieldMut::from_bytes(bytes, self.scalar, shape, strides, start).map_err(exception)
    }

    pub(crate) fn into_array(self) -> Bound<'py, PyAny> {
        self.array.into_any()
    }
}

/// A plain array as it is; anything else as `zfp_wgpu/_inputs.py` sees it.
fn seen_as_array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    if is_plain(object)? {
        return untyped(object);
    }
    untyped(&inputs(object.py())?.getattr(intern!(object.py(), "as_array"))?.call1((object,))?)
}

/// Python's warning if this is a masked array that hides values.
pub(crate) fn warn_of_mask(object: &Bound<'_, PyAny>) -> PyResult<()> {
    if !is_plain(object)? {
        inputs(object.py())?.getattr(intern!(object.py(), "warn_of_mask"))?.call1((object,))?;
    }
    Ok(())
}

/// Whether this is an array of NumPy's own class.
fn is_plain(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    let ndarray = py.import(intern!(py, "numpy"))?.getattr(intern!(py, "ndarray"))?;
    Ok(object.get_type().is(&ndarray))
}

/// The package's module of what concerns its inputs.
pub(crate) fn inputs(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import(intern!(py, "zfp_wgpu._inputs"))
}

fn untyped<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    Ok(object.cast::<PyUntypedArray>()?.clone())
}

/// The type of an array's values, if it is one of zfp's four in native byte order.
fn scalar_of(array: &Bound<'_, PyUntypedArray>) -> PyResult<ScalarType> {
    let dtype = array.dtype();
    match (dtype.kind(), dtype.itemsize(), dtype.is_native_byteorder()) {
        (b'i', 4, Some(true)) => Ok(ScalarType::I32),
        (b'i', 8, Some(true)) => Ok(ScalarType::I64),
        (b'f', 4, Some(true)) => Ok(ScalarType::F32),
        (b'f', 8, Some(true)) => Ok(ScalarType::F64),
        _ => Err(PyTypeError::new_err(format!("Unknown dtype: {}", dtype.str()?))),
    }
}

fn dtype_name(scalar: ScalarType) -> &'static str {
    match scalar {
        ScalarType::I32 => "int32",
        ScalarType::I64 => "int64",
        ScalarType::F32 => "float32",
        ScalarType::F64 => "float64",
    }
}

/// A new C-ordered array of zeros, which the system hands out untouched.
fn new_array<'py>(
    py: Python<'py>,
    scalar: ScalarType,
    shape: &[usize],
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let zeros = py.import(intern!(py, "numpy"))?.getattr(intern!(py, "zeros"))?;
    untyped(&zeros.call1((shape.to_vec(), dtype_name(scalar)))?)
}

fn checked<'py>(
    array: Bound<'py, PyUntypedArray>,
    scalar: ScalarType,
    shape: &[usize],
) -> PyResult<Bound<'py, PyUntypedArray>> {
    if scalar_of(&array).ok() != Some(scalar) {
        let (found, wanted) = (array.dtype().str()?, dtype_name(scalar));
        return Err(PyValueError::new_err(format!(
            "out has dtype {found} and the stream holds {wanted}; out=out.data avoids this check"
        )));
    }
    if array.shape() != shape {
        return Err(PyValueError::new_err(format!(
            "out has shape {:?} and the stream holds {shape:?}; out=out.data avoids this check",
            array.shape(),
        )));
    }
    let flags = array.getattr(intern!(array.py(), "flags"))?;
    if !flags.getattr(intern!(array.py(), "writeable"))?.is_truthy()? {
        return Err(PyValueError::new_err("out is read-only"));
    }
    Ok(array)
}

/// A caller's contiguous, writable buffer as an array.
fn over_buffer<'py>(
    py: Python<'py>,
    out: &Bound<'py, PyAny>,
    scalar: ScalarType,
    shape: &[usize],
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let buffer = buffer_of(out)?;
    if buffer.readonly() {
        return Err(PyValueError::new_err("out is read-only"));
    }
    if !buffer.is_c_contiguous() {
        return Err(PyValueError::new_err("out is not C-contiguous"));
    }
    let wanted = shape.iter().product::<usize>() * scalar.size();
    if buffer.len_bytes() != wanted {
        return Err(PyValueError::new_err(format!(
            "out has {} bytes and the stream holds {wanted}",
            buffer.len_bytes(),
        )));
    }
    let frombuffer = py.import(intern!(py, "numpy"))?.getattr(intern!(py, "frombuffer"))?;
    let array = frombuffer.call1((out, dtype_name(scalar)))?;
    untyped(&array.call_method1(intern!(py, "reshape"), (shape.to_vec(),))?)
}
