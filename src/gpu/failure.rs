//! What can go wrong with a device, as values.

use std::fmt;

use crate::error::Error;

/// What sort of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The device had no memory for about this many bytes.
    OutOfMemory { bytes: u64 },
    /// The device is gone, or does not answer: no later call will do better.
    Lost,
    /// Anything else, most likely a fault of a driver.
    Other,
}

/// A device failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) reason: String,
}

impl Failure {
    pub(crate) fn lost(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Lost, reason: reason.into() }
    }

    pub(crate) fn other(reason: impl Into<String>) -> Self {
        Self { kind: FailureKind::Other, reason: reason.into() }
    }

    /// What an error scope caught while buffers of `bytes` bytes, if any, were in question.
    pub(super) fn caught(error: &wgpu::Error, bytes: u64) -> Self {
        let kind = match error {
            // Where no buffers were in question, there is no number to tell.
            wgpu::Error::OutOfMemory { .. } if bytes > 0 => FailureKind::OutOfMemory { bytes },
            _ => FailureKind::Other,
        };
        Self { kind, reason: in_one_line(&error.to_string()) }
    }
}

/// Messages of drivers and shader compilers have many lines.
pub(super) fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Why a call ended without a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stop {
    /// The device failed, and the CPU can do the work.
    Device(Failure),
    /// The input is at fault, whoever does the work.
    Input(Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Device(failure)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Input(error)
    }
}
