//! Faults on demand, for tests: what devices and drivers do at their worst.

use std::sync::Mutex;

use super::context::{Context, lock};
use super::failure::{Failure, FailureKind};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The device is destroyed as a call begins.
    Before,
    /// The device is destroyed when a call's first slab is under way.
    Within,
    /// One bit of a slab's output is wrong.
    Flip,
    /// There is no memory for a slab's buffers.
    OutOfMemory,
}

/// Faults that are still to come, and how often.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(Fault, u32)>>);

impl Faults {
    /// Whether this fault is due now.
    fn strikes(&self, fault: Fault) -> bool {
        let mut faults = lock(&self.0);
        let Some(place) = faults.iter().position(|&(which, _)| which == fault) else {
            return false;
        };
        faults[place].1 -= 1;
        if faults[place].1 == 0 {
            faults.swap_remove(place);
        }
        true
    }

    /// A slab's output with the fault in it, if it is due.
    pub(super) fn flipped(&self, output: &[u8]) -> Option<Vec<u8>> {
        self.strikes(Fault::Flip).then(|| {
            let mut output = output.to_vec();
            let middle = output.len() / 2;
            output[middle] ^= 0x10;
            output
        })
    }

    /// The failure of a driver without memory, if it is due.
    pub(super) fn no_memory(&self, bytes: u64) -> Result<(), Failure> {
        let kind = FailureKind::OutOfMemory { bytes };
        let failure = Failure { kind, reason: "no memory is left".to_owned() };
        if self.strikes(Fault::OutOfMemory) { Err(failure) } else { Ok(()) }
    }
}

impl Context {
    /// Has a fault happen the next `times` times that it can.
    pub(crate) fn inject(&self, fault: Fault, times: u32) {
        lock(&self.faults.0).push((fault, times.max(1)));
    }

    /// Destroys the device if that is due.
    pub(super) fn strike(&self, fault: Fault) {
        if self.faults.strikes(fault) {
            self.device.destroy();
        }
    }
}
