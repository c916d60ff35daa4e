//! One open GPU, and what this process knows of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::cost::{Rivals, Sort, Turn};
use super::gpus::{Gpus, lock};
use super::work::{Call, Choice};
use super::{Device, Wishes, check};
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::error::Error;
use crate::field::{Field, FieldMut};
use crate::gpu::{self, Adapter, Context, Failure, FailureKind, Stop};
use crate::report::Seconds;
use crate::scalar::ScalarType;

/// An open device.
pub(crate) struct Gpu {
    /// Its place among the adapters.
    pub(super) place: usize,
    pub(super) context: Context,
    known: Mutex<Known>,
}

/// What a kernel is for: type, dimensions, and whether it encodes.
type Kernel = (ScalarType, usize, bool);

#[derive(Default)]
struct Known {
    /// Kernels that gave what the CPU gives.
    checked: HashSet<Kernel>,
    /// Kernels that the driver does not take, and why.
    refused: HashMap<Kernel, String>,
    /// Sorts of calls that a background thread is measuring, or that failed there.
    begun: HashSet<Sort>,
    costs: HashMap<Sort, Rivals>,
}

fn kernel(call: Call) -> Kernel {
    (call.scalar, call.dims, call.encode)
}

impl Gpu {
    pub(super) fn open(place: usize, adapter: &Adapter) -> Result<Self, Failure> {
        Ok(Self { place, context: Context::open(adapter)?, known: Mutex::default() })
    }

    pub(super) fn name(&self) -> &str {
        &self.context.info().name
    }

    pub(super) fn compress(
        &self,
        field: &Field<'_>,
        params: Params,
        policy: NonFinitePolicy,
        threads: Option<usize>,
        out: &mut BitWriter,
    ) -> Result<Seconds, Stop> {
        gpu::compress(&self.context, field, params, policy, threads, out)
    }

    pub(super) fn decompress(
        &self,
        stream: &[u8],
        start: u64,
        params: Params,
        threads: Option<usize>,
        field: &mut FieldMut<'_>,
    ) -> Result<Seconds, Stop> {
        gpu::decompress(&self.context, stream, start, params, threads, field)
    }

    /// Tries the kernel that a call needs, the first time that it is needed; `go_on` may end
    /// that early.
    pub(super) fn check(
        &self,
        call: Call,
        go_on: impl Fn() -> Result<(), Stop>,
    ) -> Result<bool, Stop> {
        if lock(&self.known).checked.contains(&kernel(call)) {
            return Ok(true);
        }
        let right = check::is_right(&self.context, call, go_on)?;
        if right {
            lock(&self.known).checked.insert(kernel(call));
        }
        Ok(right)
    }

    /// A real call's time, here or on the CPU beside it.
    pub(super) fn note(&self, gpu: bool, wishes: Wishes<'_>, call: Call, time: Duration) {
        if let Some(rivals) = lock(&self.known).costs.get_mut(&Sort::of(call, wishes.threads)) {
            rivals.note(gpu, call.bytes, time);
        }
    }

    /// What [`Device::Auto`] does with a call, once the device is ready.
    pub(super) fn prefer(
        self: &Arc<Self>,
        gpus: &'static Gpus,
        call: Call,
        threads: Option<usize>,
    ) -> Choice {
        let sort = Sort::of(call, threads);
        let mut known = lock(&self.known);
        if let Some(reason) = known.refused.get(&kernel(call)) {
            return Choice::Cpu(format!("{} has no such kernel: {reason}", self.name()).into());
        }
        let Some(rivals) = known.costs.get_mut(&sort) else {
            if known.begun.insert(sort) {
                drop(known);
                let device = Arc::clone(self);
                gpus.in_background(move || device.prepare(gpus, call, threads));
            }
            return Choice::Cpu("the GPU's kernel is being compiled and measured".into());
        };
        let turn = rivals.turn(call.bytes);
        let [on_gpu, on_cpu] = [rivals.gpu, rivals.cpu].map(|cost| 1e3 * cost.seconds(call.bytes));
        let (gpu, why) = match turn {
            Turn::Faster { gpu } => (gpu, "it is the faster"),
            Turn::Look { gpu } => (gpu, "it may have become the faster"),
        };
        let reason = format!("{why}: {on_gpu:.1} ms on the GPU, {on_cpu:.1} ms on the CPU").into();
        if gpu { Choice::Gpu(Arc::clone(self), reason) } else { Choice::Cpu(reason) }
    }

    /// Compiles, tries and measures what a sort of call needs. Failures leave it unready,
    /// so that the CPU goes on doing it.
    fn prepare(&self, gpus: &'static Gpus, call: Call, threads: Option<usize>) {
        let go_on = || {
            if !gpus.is_closing() {
                return Ok(());
            }
            let (wanted, reason) = (Device::Auto.to_string(), "none is started any more".into());
            Err(Error::NoGpu { wanted, reason }.into())
        };
        let measured = self.check(call, go_on).and_then(|right| {
            right.then(|| check::measure(&self.context, call, threads, go_on)).transpose()
        });
        let sort = Sort::of(call, threads);
        match measured {
            Ok(Some(rivals)) => {
                lock(&self.known).costs.insert(sort, rivals);
            }
            Ok(None) => drop(gpus.distrust(self, trial(call))),
            Err(Stop::Input(_)) => {}
            // A driver that refuses one kernel may do well with others: this sort of call
            // stays with the CPU, and the device goes on.
            Err(Stop::Device(failure))
                if failure.kind == FailureKind::Other && self.context.is_usable() =>
            {
                lock(&self.known).refused.insert(kernel(call), failure.reason);
            }
            Err(Stop::Device(failure)) => {
                gpus.failed(self, &failure);
                // Once more when it has rested.
                lock(&self.known).begun.remove(&sort);
            }
        }
    }

    /// Has calls of this sort done by the GPU, whatever it takes.
    #[cfg(test)]
    pub(super) fn seem_fast(&self, call: Call, threads: Option<usize>) {
        let cost = |ms| {
            super::cost::Cost::between(
                (1 << 20, Duration::from_millis(ms)),
                (2 << 20, Duration::from_millis(2 * ms)),
            )
        };
        let rivals = Rivals::new(cost(1), cost(1_000_000));
        lock(&self.known).costs.insert(Sort::of(call, threads), rivals);
    }
}

/// What a failed trial showed.
pub(super) fn trial(call: Call) -> String {
    let Call { scalar, dims, encode, .. } = call;
    let (does, what) = if encode { ("encode", "bytes") } else { ("decode", "values") };
    format!("in a trial it did not {does} {dims}-dimensional {scalar} to the CPU's {what}")
}
