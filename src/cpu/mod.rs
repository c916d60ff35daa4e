//! Arrays to streams and back on the CPU.
//!
//! [`serial`] is the specification: one block after the other, nothing else. Other
//! paths are other ways to the same bytes.

pub(crate) mod serial;

#[cfg(feature = "parallel")]
pub(crate) mod parallel;
#[cfg(feature = "parallel")]
mod pool;
