//! [`Device::Auto`]: a GPU is started in the background, and used where that was measured to
//! pay. Until then, and wherever it fails, the CPU answers.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::gpu::Gpu;
use super::gpus::{Auto, Gpus, State, has_begun, is_owner, lock};
use super::work::{Call, Choice};
use super::{Device, Wishes};
use crate::gpu::{self, Kind};

/// Smaller arrays are done by the time a GPU would have heard of them.
const WORTHWHILE: u64 = 1 << 20;
/// Lets [`Device::Auto`] use software adapters: for tests on machines without a GPU.
const SOFTWARE_VARIABLE: &str = "ZFP_WGPU_AUTO_SOFTWARE";

/// Which adapter is the one to use.
enum Candidate {
    Place(usize),
    Resting { until: Instant, reason: String },
    None(String),
}

impl Gpus {
    /// Chooses for a call of a caller who leaves the choice to us; never waits.
    pub(super) fn choose_freely(&'static self, call: Call, threads: Option<usize>) -> Choice {
        if !call.is_fixed() {
            return Choice::Cpu("GPUs do fixed rate only".into());
        }
        if call.bytes < WORTHWHILE {
            return Choice::Cpu("the array is too small for a GPU to pay".into());
        }
        if !is_owner() {
            return Choice::Cpu("GPUs belong to the process that this one was forked from".into());
        }
        let mut state = lock(&self.state);
        if matches!(&state.auto, Auto::Resting { until, .. } if *until <= Instant::now()) {
            state.auto = Auto::Unknown;
        }
        match &state.auto {
            Auto::Unknown if self.is_closing() => {
                Choice::Cpu("GPUs are not started any more".into())
            }
            Auto::Unknown => {
                state.auto = Auto::Starting;
                drop(state);
                self.in_background(|| self.start());
                Choice::Cpu("a GPU is being looked for".into())
            }
            Auto::Starting => Choice::Cpu("a GPU is being looked for".into()),
            Auto::None(reason) => Choice::Cpu(reason.clone()),
            Auto::Resting { reason, .. } => {
                Choice::Cpu(format!("the GPU rests after a failure: {reason}").into())
            }
            Auto::Ready(gpu) => {
                let gpu = Arc::clone(gpu);
                drop(state);
                gpu.prefer(self, call, threads)
            }
        }
    }

    fn takes_software(&self) -> bool {
        self.software || std::env::var(SOFTWARE_VARIABLE).is_ok_and(|value| value == "1")
    }

    /// Finds and opens a device.
    fn start(&'static self) {
        // A driver is loaded only if there is a chance.
        if !self.takes_software() && !self.has_looked() && !gpu::may_have_hardware() {
            lock(&self.state).auto = Auto::None("there is no hardware GPU".into());
            return;
        }
        self.adapters();
        loop {
            let mut state = lock(&self.state);
            let Candidate::Place(place) = self.candidate(&mut state) else {
                return self.settle(&mut state);
            };
            drop(state);
            match self.open_at(place) {
                Ok(gpu) => {
                    lock(&self.state).auto = Auto::Ready(gpu);
                    return;
                }
                Err(error) => lock(&self.state).history(place).fail(error.to_string()),
            }
        }
    }

    /// The first adapter that may be used now, or why there is none.
    fn candidate(&self, state: &mut State) -> Candidate {
        let software = self.takes_software();
        let mut found = Candidate::None("there is no hardware GPU".to_owned());
        for (place, adapter) in self.adapters().iter().enumerate() {
            if adapter.facts.kind == Kind::Software && !software {
                continue;
            }
            let history = state.history(place);
            match (&history.distrusted, &history.rest) {
                (Some(reason), _) => {
                    if matches!(found, Candidate::None(_)) {
                        let name = &adapter.facts.name;
                        found = Candidate::None(format!("{name} is not trusted: {reason}"));
                    }
                }
                (None, Some((until, reason))) if *until > Instant::now() => {
                    let sooner = match &found {
                        Candidate::Resting { until: other, .. } => until < other,
                        _ => true,
                    };
                    if sooner {
                        found = Candidate::Resting { until: *until, reason: reason.clone() };
                    }
                }
                _ => return Candidate::Place(place),
            }
        }
        found
    }

    /// Says how things stand where no device is open.
    fn settle(&self, state: &mut State) {
        state.auto = match self.candidate(state) {
            Candidate::Place(_) => Auto::Unknown,
            Candidate::Resting { until, reason } => Auto::Resting { until, reason },
            Candidate::None(reason) => Auto::None(reason.into()),
        };
    }

    /// Uses another device from now on, if this is the one in use.
    pub(super) fn leave(&self, gpu: &Gpu) {
        let mut state = lock(&self.state);
        if matches!(&state.auto, Auto::Ready(ready) if std::ptr::eq(Arc::as_ptr(ready), gpu)) {
            self.settle(&mut state);
        }
    }

    /// A CPU's time for a call, for comparison with the device in use.
    pub(super) fn note_cpu(&self, wishes: Wishes<'_>, call: Call, time: Duration) {
        let compares = *wishes.device == Device::Auto && call.is_fixed();
        if !compares || call.bytes < WORTHWHILE || !has_begun() {
            return;
        }
        if let Auto::Ready(gpu) = &lock(&self.state).auto {
            gpu.note(false, wishes, call, time);
        }
    }

    /// Runs something on a thread of its own; without one, it is simply not done.
    pub(super) fn in_background(&'static self, work: impl FnOnce() + Send + 'static) {
        /// Counts a thread until it ends, in whatever way.
        struct Busy(&'static Gpus);
        impl Drop for Busy {
            fn drop(&mut self) {
                let mut state = lock(&self.0.state);
                state.busy -= 1;
                if matches!(state.auto, Auto::Starting) && state.busy == 0 {
                    state.auto = Auto::None("no GPU could be started".into());
                }
                drop(state);
                self.0.idle.notify_all();
            }
        }
        lock(&self.state).busy += 1;
        let busy = Busy(self);
        let thread = std::thread::Builder::new().name("zfp-gpu".to_owned());
        drop(thread.spawn(move || {
            let _busy = busy;
            work();
        }));
    }

    /// Whether nothing more is to be begun in the background.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Begins nothing more, and waits as [`Gpus::wait`].
    pub(super) fn stop(&self, most: Duration) -> bool {
        if has_begun() {
            self.closing.store(true, Ordering::Relaxed);
        }
        self.wait(most)
    }

    /// Waits until no background thread is at work, at most so long; whether that is so.
    pub(super) fn wait(&self, most: Duration) -> bool {
        if !has_begun() {
            return true;
        }
        let end = Instant::now() + most;
        let mut state = lock(&self.state);
        while state.busy > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.idle.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
