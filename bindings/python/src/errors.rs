//! The library's errors as the exceptions that users of zfpy expect.

use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use zfp_wgpu::Error;

/// zfpy raises `RuntimeError` for arrays it cannot represent, `ValueError` for arguments
/// and streams that are wrong.
#[allow(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn exception(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::NonFinite { .. } => {
            PyValueError::new_err(format!("{message} with nonfinite=\"allow\""))
        }
        Error::Dimensions { .. } | Error::ShapeTooLarge { .. } | Error::Threads { .. } => {
            PyRuntimeError::new_err(message)
        }
        Error::OutOfMemory { .. } => PyMemoryError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}
