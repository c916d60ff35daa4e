//! Compressed streams: read from any buffer of bytes, handed out as `bytes`.

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

/// The buffer of an object, through a memoryview of it: that one states its strides, which
/// ctypes arrays leave out.
pub(crate) fn buffer_of(object: &Bound<'_, PyAny>) -> PyResult<PyUntypedBuffer> {
    PyUntypedBuffer::get(PyMemoryView::from(object)?.as_any())
}

/// The bytes of a Python buffer, which stays exported, and so in place, as long as this.
pub(crate) struct Stream {
    buffer: PyUntypedBuffer,
}

impl Stream {
    pub(crate) fn of(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        if data.is_none() {
            return Err(PyTypeError::new_err("compressed_data cannot be None"));
        }
        let buffer = buffer_of(data)?;
        if buffer.item_size() != 1 {
            return Err(PyValueError::new_err(format!(
                "compressed_data holds items of {} bytes, not single bytes",
                buffer.item_size()
            )));
        }
        if !buffer.is_c_contiguous() {
            return Err(PyValueError::new_err("compressed_data is not C-contiguous"));
        }
        Ok(Self { buffer })
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        if self.buffer.len_bytes() == 0 {
            return &[];
        }
        // SAFETY:
        // * The buffer is contiguous, so that its bytes lie at `len_bytes` places from
        //   `buf_ptr` on, and the export keeps them there while `self` lives.
        // * Another thread may write to them while they are read, which no reader of a
        //   bytearray can rule out. The library is safe code and checks every place it
        //   touches, whatever it reads: changed bytes are another stream, no more.
        unsafe { std::slice::from_raw_parts(self.buffer.buf_ptr().cast(), self.buffer.len_bytes()) }
    }
}

/// Moved at a time from a vector to a `bytes` object.
const PIECE: usize = 8 << 20;

/// A vector as a `bytes` object, with never more than [`PIECE`] bytes in both: from the
/// end on, each piece is copied and then given back to the system.
pub(crate) fn into_bytes(py: Python<'_>, mut stream: Vec<u8>) -> PyResult<Bound<'_, PyBytes>> {
    let len = pyo3::ffi::Py_ssize_t::try_from(stream.len())
        .map_err(|_| PyMemoryError::new_err(stream.len()))?;
    // SAFETY: with no source, Python makes an object of `len` uninitialised bytes, or
    // raises; the reference is new, and nobody else knows of it.
    let bytes = unsafe {
        let object = pyo3::ffi::PyBytes_FromStringAndSize(std::ptr::null(), len);
        Bound::from_owned_ptr_or_err(py, object)?.cast_into::<PyBytes>()?
    };
    // SAFETY: the object is a `bytes`, of which this is the memory.
    let target: *mut u8 = unsafe { pyo3::ffi::PyBytes_AsString(bytes.as_ptr()).cast() };
    // SAFETY: these are the object's bytes, still ours alone, initialised or not.
    zfp_wgpu::in_huge_pages(unsafe { std::slice::from_raw_parts_mut(target.cast(), stream.len()) });
    while !stream.is_empty() {
        let from = (stream.len() - 1) / PIECE * PIECE;
        let piece = &stream[from..];
        // SAFETY: `from + piece.len() <= len`; the object is still ours alone to write.
        unsafe { target.add(from).copy_from_nonoverlapping(piece.as_ptr(), piece.len()) };
        stream.truncate(from);
        if from > 0 {
            stream.shrink_to_fit();
        }
    }
    Ok(bytes)
}
