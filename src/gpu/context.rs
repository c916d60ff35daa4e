//! One open device: what it can do, its kernels and buffers, and whether it still lives.
//!
//! Nothing that a device does wrong leaves this floor as a panic or an endless wait; it
//! becomes a [`Failure`]. wgpu has four ways to tell, and all of them end here: error
//! scopes, the callback of a lost device, results of polling and mapping, and panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::adapter::{Adapter, Facts};
use super::failure::{Failure, FailureKind, in_one_line};
use super::kernels::Kernels;
use super::rings::Rings;
use super::signal::Signal;

/// How long a device may take without anything getting done.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same where the CPU is the device, which first compiles a kernel for as long.
const SOFTWARE_PATIENCE: Duration = Duration::from_secs(900);
/// How long one look at the device may take. wgpu keeps locks meanwhile, and other threads
/// wait for their turn.
const LOOK: Duration = Duration::from_millis(20);
/// For how long a lost device is asked why, on a machine that has much else to do.
const CAUSE: Duration = Duration::from_secs(5);
/// How wgpu names devices that are gone.
const LOST: &str = "device is lost";

/// An open device.
pub(crate) struct Context {
    facts: Facts,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) kernels: Kernels,
    /// Most bytes of any buffer, whichever way it is used.
    pub(super) most_bytes: u64,
    /// Whether kernels may use memory that the CPU maps: then nothing is copied.
    pub(super) mappable: bool,
    /// Nanoseconds of the device's clock, if it has one.
    pub(super) tick: Option<f32>,
    state: Arc<State>,
    /// Held by the one thread that looks at the device. wgpu panics if another empties its
    /// queue between the end of a wait and the look at what is done.
    polling: Mutex<()>,
    pub(super) rings: Rings,
    patience: Duration,
    /// The process that opened the device. A forked child has the handles and none of
    /// the driver's threads.
    process: u32,
    #[cfg(test)]
    pub(super) faults: super::faults::Faults,
}

/// What callbacks of wgpu tell.
#[derive(Default)]
struct State {
    /// Why the device is of no more use.
    lost: Mutex<Option<String>>,
    /// Whether it did not answer.
    hung: AtomicBool,
    /// Waits that came to an end.
    progress: AtomicU64,
}

impl State {
    fn lose(&self, reason: &str) {
        lock(&self.lost).get_or_insert_with(|| reason.to_owned());
    }
}

/// What to use of what an adapter has; tests leave some of it out.
pub(super) struct Options {
    pub(super) mappable: bool,
    pub(super) timestamps: bool,
    pub(super) max_binding_bytes: Option<u64>,
    pub(super) patience: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { mappable: true, timestamps: true, max_binding_bytes: None, patience: None }
    }
}

impl Context {
    /// Opens an adapter.
    pub(crate) fn open(adapter: &Adapter) -> Result<Self, Failure> {
        Self::open_with(adapter, &Options::default())
    }

    pub(super) fn open_with(adapter: &Adapter, options: &Options) -> Result<Self, Failure> {
        use super::adapter::Kind;
        use wgpu::Features;

        let mut features = Features::empty();
        if options.timestamps {
            features |= Features::TIMESTAMP_QUERY;
        }
        // Elsewhere mapped memory lies on the far side of a bus.
        let is_shared = matches!(adapter.facts.kind, Kind::Integrated | Kind::Software);
        if options.mappable && is_shared {
            features |= Features::MAPPABLE_PRIMARY_BUFFERS;
        }
        let features = features & adapter.inner.features();
        let mut limits = adapter.inner.limits();
        if let Some(bytes) = options.max_binding_bytes {
            limits.max_storage_buffer_binding_size = bytes;
        }
        let most_bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("zfp"),
            required_features: features,
            required_limits: limits,
            // A few large buffers, for which reserves are of no use.
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        };
        let state = Arc::new(State::default());
        let open = || {
            let (device, queue) = pollster::block_on(adapter.inner.request_device(&descriptor))?;
            let lost = Arc::clone(&state);
            device.set_device_lost_callback(move |kind, reason| {
                lost.lose(match kind {
                    _ if !reason.is_empty() => &reason,
                    wgpu::DeviceLostReason::Destroyed => "the device was destroyed",
                    wgpu::DeviceLostReason::Unknown => "the device was lost",
                });
            });
            // Whatever no error scope catches. The default would be to panic.
            let uncaptured = Arc::clone(&state);
            device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
                uncaptured.lose(&Failure::caught(&error, 0).reason);
            }));
            let has_clock = features.contains(Features::TIMESTAMP_QUERY);
            let tick = has_clock.then(|| queue.get_timestamp_period());
            Ok((device, queue, tick))
        };
        let (device, queue, tick) = catch_unwind(AssertUnwindSafe(open))
            .map_err(|panic| Failure::lost(message(&*panic)))?
            .map_err(|error: wgpu::RequestDeviceError| Failure::other(error.to_string()))?;
        Ok(Self {
            facts: adapter.facts.clone(),
            kernels: Kernels::new(device.clone()),
            device,
            queue,
            // Whole words, whatever the limits say.
            most_bytes: most_bytes & !255,
            mappable: features.contains(Features::MAPPABLE_PRIMARY_BUFFERS),
            tick,
            state,
            polling: Mutex::default(),
            rings: Rings::default(),
            patience: options.patience.unwrap_or(match adapter.facts.kind {
                Kind::Software => SOFTWARE_PATIENCE,
                _ => PATIENCE,
            }),
            process: std::process::id(),
            #[cfg(test)]
            faults: super::faults::Faults::default(),
        })
    }

    /// What device this is.
    pub(crate) fn info(&self) -> &Facts {
        &self.facts
    }

    /// Whether a call has a chance: the device lives, and this process opened it. A
    /// context of another process must not even be dropped, only forgotten.
    pub(crate) fn is_usable(&self) -> bool {
        self.check().is_ok()
    }

    /// Whether the device gave no answer: then its handles must not be dropped either, only
    /// forgotten, since wgpu would wait for it.
    pub(crate) fn is_hung(&self) -> bool {
        self.state.hung.load(Ordering::Relaxed)
    }

    /// An error if the device is of no more use.
    pub(super) fn check(&self) -> Result<(), Failure> {
        // First, since a lock may have been held when the process was forked.
        if self.process != std::process::id() {
            return Err(Failure::lost("the device was opened before this process was forked"));
        }
        match &*lock(&self.state.lost) {
            Some(reason) => Err(Failure::lost(reason)),
            None => Ok(()),
        }
    }

    /// The failure of a device that is of no more use, which is remembered.
    pub(super) fn lose(&self, reason: &str) -> Failure {
        self.state.lose(&in_one_line(reason));
        // What was said first is nearest to the cause.
        self.check().err().unwrap_or_else(|| Failure::lost(reason))
    }

    /// Does something with the device and reports all that goes wrong. `bytes` is what
    /// to say if memory runs out.
    pub(super) fn scoped<T>(&self, bytes: u64, work: impl FnOnce() -> T) -> Result<T, Failure> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};

        self.check()?;
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let internal = self.device.push_error_scope(Internal);
            let memory = self.device.push_error_scope(OutOfMemory);
            let validation = self.device.push_error_scope(Validation);
            let result = work();
            let validation = pollster::block_on(validation.pop());
            let memory = pollster::block_on(memory.pop());
            let internal = pollster::block_on(internal.pop());
            // A buffer that could not be had is not valid either: memory goes first.
            (result, memory.or(internal).or(validation))
        }));
        match attempt {
            Ok((result, None)) => self.check().map(|()| result),
            Ok((_, Some(error))) => {
                if matches!(error, wgpu::Error::OutOfMemory { .. }) {
                    // The next call may need them elsewhere.
                    self.rings.clear();
                }
                Err(self.explain(Failure::caught(&error, bytes)))
            }
            Err(panic) => Err(self.lose(&message(&*panic))),
        }
    }

    /// What is behind a failure: on a lost device everything is invalid, and wgpu only tells
    /// of the loss when it is polled.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        let begun = Instant::now();
        loop {
            let settled = self.settle();
            let waited = begun.elapsed() >= CAUSE.min(self.patience);
            match settled {
                Err(loss) => return loss,
                // Of a loss it tells when what was under way has ended.
                Ok(()) if failure.kind == FailureKind::Lost && !waited => {
                    std::thread::sleep(LOOK / 10);
                }
                Ok(()) if failure.reason.contains(LOST) => return self.lose(&failure.reason),
                Ok(()) => return failure,
            }
        }
    }

    /// Lets the device do what it has to do, for a moment, and tell what happened.
    pub(super) fn settle(&self) -> Result<(), Failure> {
        let look = || {
            let _turn = lock(&self.polling);
            let timeout = Some(LOOK.min(self.patience));
            self.device.poll(wgpu::PollType::Wait { submission_index: None, timeout })
        };
        match catch_unwind(AssertUnwindSafe(look)) {
            Err(panic) => Err(self.lose(&message(&*panic))),
            Ok(_) => self.check(),
        }
    }

    /// Waits until all that the signal stands for is mapped, after this submission. All
    /// waiting for a device is done here.
    pub(super) fn wait(
        &self,
        signal: &Signal,
        submission: &wgpu::SubmissionIndex,
    ) -> Result<(), Failure> {
        let progress = || self.state.progress.load(Ordering::Relaxed);
        let (mut seen, mut since) = (progress(), Instant::now());
        loop {
            if let Some(mapped) = signal.outcome() {
                self.state.progress.fetch_add(1, Ordering::Relaxed);
                if mapped {
                    return Ok(());
                }
                let failure = self.explain(Failure::lost("a buffer was not mapped"));
                return Err(self.lose(&failure.reason));
            }
            // While another thread looks, which calls this one's callbacks as well, this waits.
            let look = || {
                let _turn = match self.polling.try_lock() {
                    Ok(turn) => turn,
                    Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
                    Err(TryLockError::WouldBlock) => return None,
                };
                let submission_index = Some(submission.clone());
                let timeout = Some(LOOK.min(self.patience));
                Some(self.device.poll(wgpu::PollType::Wait { submission_index, timeout }))
            };
            match self.scoped(0, look)? {
                None | Some(Ok(_)) => signal.wait(Duration::from_millis(1)),
                Some(Err(wgpu::PollError::Timeout)) => {}
                Some(Err(error)) => return Err(self.lose(&error.to_string())),
            }
            if progress() != seen {
                (seen, since) = (progress(), Instant::now());
            }
            if since.elapsed() >= self.patience && signal.outcome().is_none() {
                let seconds = self.patience.as_secs();
                self.state.hung.store(true, Ordering::Relaxed);
                return Err(self.lose(&format!("no answer for {seconds} seconds")));
            }
        }
    }
}

#[cfg(test)]
impl Context {
    /// The same as a forked child would see it.
    pub(super) fn forked(self) -> Self {
        Self { process: self.process.wrapping_add(1), ..self }
    }
}

/// A panic elsewhere leaves nothing half done behind these locks.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic of wgpu said.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    in_one_line(text.unwrap_or("the driver panicked"))
}
