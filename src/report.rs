//! What a call did, and where.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

/// How long the parts of a call took.
///
/// On a GPU the parts overlap, so that their sum may exceed the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Seconds {
    /// From the call to its result.
    pub total: Duration,
    /// Moving the input into the GPU's reach. Zero on a CPU.
    pub upload: Duration,
    /// The kernels alone, as the GPU's own clock tells where it has one. Zero on a CPU.
    pub kernel: Duration,
    /// Moving the output out of the GPU's reach. Zero on a CPU.
    pub download: Duration,
    /// Comparing the result with the CPU's, if that was asked for.
    pub validation: Duration,
}

/// What the last compression or decompression did: which device, why that one, how long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// `CPU`, or the adapter's name.
    pub device: Cow<'static, str>,
    /// Whether a GPU made the result.
    pub gpu: bool,
    /// If so, its place in [`devices`](crate::devices), where names may not tell GPUs apart.
    pub index: Option<usize>,
    /// Why this device.
    pub reason: Cow<'static, str>,
    /// If a GPU failed and the CPU made the result in its place: what went wrong.
    pub failure: Option<String>,
    /// Bytes of the input: the array's values, or the whole stream.
    pub input_bytes: u64,
    /// Bytes of the output.
    pub output_bytes: u64,
    /// How long it took.
    pub seconds: Seconds,
}

thread_local! {
    static LAST: RefCell<Option<Run>> = const { RefCell::new(None) };
}

/// What the last successful call of this thread did; `None` before the first.
#[must_use]
pub fn last_run() -> Option<Run> {
    LAST.with_borrow(Clone::clone)
}

pub(crate) fn remember(run: Run) {
    LAST.set(Some(run));
}
