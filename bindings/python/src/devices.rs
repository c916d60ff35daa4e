//! Devices: named by a string, listed, and what a call did on one.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeWarning, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use zfp_wgpu::{DEVICE_VARIABLE, Device, DeviceInfo, DeviceKind, Run, last_run};

use crate::arrays::inputs;
use crate::errors::exception;

/// The device that an argument names, or the environment where there is no argument.
pub(crate) fn device_of(py: Python<'_>, device: Option<&Bound<'_, PyAny>>) -> PyResult<Device> {
    let device = match device {
        None => Device::from_env()
            .map_err(|error| PyValueError::new_err(format!("{DEVICE_VARIABLE}: {error}")))?,
        Some(device) => {
            let name = device.cast::<PyString>().map_err(|_| {
                let given = device.get_type();
                PyTypeError::new_err(format!("device must be a str, not {given}"))
            })?;
            name.to_str()?.parse().map_err(exception)?
        }
    };
    if device != Device::Cpu {
        wait_at_exit(py)?;
    }
    Ok(device)
}

/// Does what releases the GIL, and warns if a GPU failed in it.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> zfp_wgpu::Result<T> + Send,
) -> PyResult<T> {
    let done = py.detach(|| {
        let result = work()?;
        // At once: with the GIL, a signal handler could do another run on this thread.
        Ok((result, last_run().and_then(|run| run.failure)))
    });
    let (result, failure) = done.map_err(exception)?;
    if let Some(failure) = failure {
        warn(py, &failure)?;
    }
    Ok(result)
}

/// A RuntimeWarning, or an exception where warnings are errors, at the user's line.
pub(crate) fn warn(py: Python<'_>, failure: &str) -> PyResult<()> {
    let message = format!("the GPU failed and the CPU made the result in its place: {failure}");
    let category = py.get_type::<PyRuntimeWarning>();
    inputs(py)?.call_method1(intern!(py, "warn"), (message, category))?;
    Ok(())
}

/// The process that has registered [`wait_for_devices`]: a forked child is another, and
/// has none of the threads to wait for.
static REGISTERED: AtomicU32 = AtomicU32::new(0);

/// Lets no thread be in a driver while the process ends, or forks.
pub(crate) fn wait_at_exit(py: Python<'_>) -> PyResult<()> {
    let process = std::process::id();
    let registered = REGISTERED.load(Ordering::Relaxed);
    if registered == process {
        return Ok(());
    }
    let wait = wrap_pyfunction!(wait_for_devices, py)?;
    py.import(intern!(py, "atexit"))?.call_method1(intern!(py, "register"), (wait,))?;
    // A child inherits this one.
    #[cfg(unix)]
    if registered == 0 {
        let hooks = PyDict::new(py);
        hooks.set_item("before", wrap_pyfunction!(wait_before_fork, py)?)?;
        let os = py.import(intern!(py, "os"))?;
        os.call_method(intern!(py, "register_at_fork"), (), Some(&hooks))?;
    }
    REGISTERED.store(process, Ordering::Relaxed);
    Ok(())
}

/// Returns when no driver is being loaded any more: a child forked meanwhile would inherit the
/// lock of the system's loader, and wait for it at its end for ever.
#[cfg(unix)]
#[pyfunction]
fn wait_before_fork(py: Python<'_>) {
    py.detach(zfp_wgpu::wait_until_started);
}

/// How long a process waits at its end for a driver that is being started.
const MOST_WAIT: Duration = Duration::from_secs(60);

/// Returns when no GPU is being started any more; Ctrl-C ends the wait.
#[pyfunction]
fn wait_for_devices(py: Python<'_>) -> PyResult<()> {
    if REGISTERED.load(Ordering::Relaxed) != std::process::id() {
        return Ok(());
    }
    let begun = Instant::now();
    let slice = Duration::from_millis(100);
    while !py.detach(|| zfp_wgpu::stop_starting(slice)) && begun.elapsed() < MOST_WAIT {
        py.check_signals()?;
    }
    Ok(())
}

/// The fields of Python's `DeviceInfo`.
pub(crate) fn info(py: Python<'_>, device: DeviceInfo) -> PyResult<Bound<'_, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("name", device.name)?;
    fields.set_item("backend", device.backend)?;
    let kind = match device.kind {
        DeviceKind::Discrete => "discrete",
        DeviceKind::Integrated => "integrated",
        DeviceKind::Virtual => "virtual",
        DeviceKind::Software => "software",
        _ => "other",
    };
    fields.set_item("kind", kind)?;
    fields.set_item("driver", device.driver)?;
    fields.set_item("max_binding_bytes", device.max_binding_bytes)?;
    fields.set_item("max_buffer_bytes", device.max_buffer_bytes)?;
    fields.set_item("has_timestamps", device.has_timestamps)?;
    Ok(fields)
}

/// Two dictionaries of one report.
pub(crate) type Report<'py> = (Bound<'py, PyDict>, Bound<'py, PyDict>);

/// The fields of Python's `Run` but for `seconds`, and those of its `Seconds`.
pub(crate) fn report(py: Python<'_>, run: Run) -> PyResult<Report<'_>> {
    let seconds = PyDict::new(py);
    seconds.set_item("total", run.seconds.total.as_secs_f64())?;
    seconds.set_item("upload", run.seconds.upload.as_secs_f64())?;
    seconds.set_item("kernel", run.seconds.kernel.as_secs_f64())?;
    seconds.set_item("download", run.seconds.download.as_secs_f64())?;
    seconds.set_item("validation", run.seconds.validation.as_secs_f64())?;
    let fields = PyDict::new(py);
    fields.set_item("device", run.device)?;
    fields.set_item("gpu", run.gpu)?;
    fields.set_item("index", run.index)?;
    fields.set_item("reason", run.reason)?;
    fields.set_item("failure", run.failure)?;
    fields.set_item("input_bytes", run.input_bytes)?;
    fields.set_item("output_bytes", run.output_bytes)?;
    Ok((fields, seconds))
}
