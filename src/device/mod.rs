//! Which device does the work, and why.

#[cfg(feature = "gpu")]
mod auto;
#[cfg(feature = "gpu")]
mod check;
#[cfg(feature = "gpu")]
mod cost;
#[cfg(not(feature = "gpu"))]
mod cpu_only;
#[cfg(all(test, feature = "gpu"))]
mod fault_tests;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gpu")]
mod gpus;
#[cfg(feature = "gpu")]
mod resident;
#[cfg(feature = "gpu")]
mod work;

#[cfg(not(feature = "gpu"))]
pub(crate) use cpu_only::{compress, decompress};
#[cfg(feature = "gpu")]
pub(crate) use work::{compress, decompress};

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::index::Index;

/// Where to compress or decompress. The bytes and values are the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Device {
    /// A hardware GPU for large arrays at a fixed rate, where that pays; else the CPU.
    ///
    /// No call waits for a GPU to start: until one is ready, the CPU answers. If the GPU
    /// fails, the CPU answers too, and [`last_run`](crate::last_run) tells why. It starts on
    /// a thread of its own: see [`stop_starting`] for the end of a short program.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU, or an error that says why not.
    Gpu(Selector),
}

/// How the caller wants it done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wishes<'a> {
    pub(crate) device: &'a Device,
    /// Whether the CPU checks what a GPU made.
    #[cfg_attr(not(feature = "gpu"), expect(dead_code, reason = "the CPU is the measure"))]
    pub(crate) validate: bool,
    pub(crate) threads: Option<usize>,
    /// Where the blocks lie that the CPU is to decompress.
    pub(crate) index: Option<&'a Index>,
}

/// Which GPU.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Selector {
    /// The first in the order discrete, integrated, virtual, software.
    #[default]
    Any,
    /// The first whose name contains this, whatever the case of its letters.
    Name(String),
    /// By its place in [`devices`].
    Index(usize),
}

/// What sort of device a GPU is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceKind {
    /// With memory of its own.
    Discrete,
    /// Sharing the CPU's memory.
    Integrated,
    /// Handed in by a virtual machine.
    Virtual,
    /// The CPU, in the guise of a GPU: for tests, and never chosen by [`Device::Auto`].
    Software,
    /// The driver does not say.
    Other,
}

/// A GPU that wgpu finds on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// The adapter's name, as the driver gives it.
    pub name: String,
    /// Vulkan, Metal or Dx12.
    pub backend: String,
    /// What sort of device it is.
    pub kind: DeviceKind,
    /// The driver and its version.
    pub driver: String,
    /// Most bytes of a buffer that a kernel can see at once.
    pub max_binding_bytes: u64,
    /// Most bytes of a buffer.
    pub max_buffer_bytes: u64,
    /// Whether the device can time its kernels by its own clock.
    pub has_timestamps: bool,
}

/// The environment variable that says what [`Device::from_env`] gives.
pub const DEVICE_VARIABLE: &str = "ZFP_WGPU_DEVICE";

impl Device {
    /// What the environment variable `ZFP_WGPU_DEVICE` asks for; `Auto` if it is not set.
    pub fn from_env() -> Result<Self> {
        match std::env::var(DEVICE_VARIABLE) {
            Ok(device) if !device.is_empty() => device.parse(),
            Err(std::env::VarError::NotUnicode(device)) => {
                Err(Error::Device { given: device.to_string_lossy().into_owned() })
            }
            _ => Ok(Self::Auto),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    /// `auto`, `cpu`, `gpu`, `gpu:NAME` or `gpu:INDEX`. Digits alone are an index; a name of
    /// which they are part needs more of it: `gpu:RTX 4090`.
    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::Device { given: text.to_owned() };
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu(Selector::Any)),
            _ => match text.strip_prefix("gpu:").filter(|name| !name.is_empty()) {
                Some(name) => {
                    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
                    let index = name.parse().ok().filter(|_| is_number);
                    let name = || Selector::Name(name.to_owned());
                    Ok(Self::Gpu(index.map_or_else(name, Selector::Index)))
                }
                None => Err(unknown()),
            },
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(Selector::Any) => f.write_str("gpu"),
            Self::Gpu(Selector::Name(name)) => write!(f, "gpu:{name}"),
            Self::Gpu(Selector::Index(index)) => write!(f, "gpu:{index}"),
        }
    }
}

/// The GPUs of this machine, in the order of [`Selector::Index`]; starts the drivers.
///
/// `WGPU_BACKEND` and `WGPU_ADAPTER_NAME` restrict them, as everywhere in wgpu.
#[must_use]
pub fn devices() -> Vec<DeviceInfo> {
    #[cfg(feature = "gpu")]
    return gpus::GPUS.adapters().iter().map(info).collect();
    #[cfg(not(feature = "gpu"))]
    Vec::new()
}

#[cfg(feature = "gpu")]
fn info(adapter: &crate::gpu::Adapter) -> DeviceInfo {
    use crate::gpu::Kind;

    let facts = adapter.facts.clone();
    DeviceInfo {
        name: facts.name,
        backend: facts.backend,
        kind: match facts.kind {
            Kind::Discrete => DeviceKind::Discrete,
            Kind::Integrated => DeviceKind::Integrated,
            Kind::Virtual => DeviceKind::Virtual,
            Kind::Software => DeviceKind::Software,
            Kind::Other => DeviceKind::Other,
        },
        driver: facts.driver,
        max_binding_bytes: facts.max_binding_bytes,
        max_buffer_bytes: facts.max_buffer_bytes,
        has_timestamps: facts.has_timestamps,
    }
}

/// Returns when no GPU is being started or measured any more, or after a minute.
///
/// What [`Device::Auto`] begins in the background is then done, so that its next choice is
/// an informed one. Returns at once in a forked child, which has none of its parent's threads.
pub fn wait_until_started() {
    #[cfg(feature = "gpu")]
    gpus::GPUS.wait(Duration::from_secs(60));
}

/// Has [`Device::Auto`] begin nothing more in the background, and waits for what it has begun,
/// at most for `most`; says whether all of that has ended.
///
/// To be called before a process ends, so that no thread of this library is in a driver while
/// that is torn down. A kernel that is being compiled is waited for; measurements end early.
/// GPUs that are ready stay in use. Returns at once in a forked child.
#[allow(clippy::must_use_candidate, reason = "whoever leaves anyway need not look")]
pub fn stop_starting(most: Duration) -> bool {
    #[cfg(feature = "gpu")]
    return gpus::GPUS.stop(most);
    #[cfg(not(feature = "gpu"))]
    {
        let _ = most;
        true
    }
}
