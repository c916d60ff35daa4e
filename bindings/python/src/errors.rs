//! The library's errors as the exceptions that users of zfpy expect.

use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use zfp_wgpu::Error;

/// zfpy raises `RuntimeError` for arrays it cannot represent, `ValueError` for arguments
/// and streams that are wrong. So do GPUs: what none of them ever does is a wrong argument,
/// and one that is missing or fails is not.
#[allow(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(crate) fn exception(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::NonFinite { .. } => {
            PyValueError::new_err(format!("{message} with nonfinite=\"allow\""))
        }
        Error::Dimensions { .. }
        | Error::ShapeTooLarge { .. }
        | Error::Threads { .. }
        | Error::NoGpu { .. }
        | Error::GpuFailed { .. }
        | Error::GpuDiffers { .. }
        | Error::GpuDistrusted { .. } => PyRuntimeError::new_err(message),
        Error::OutOfMemory { .. } | Error::GpuOutOfMemory { .. } => PyMemoryError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}
