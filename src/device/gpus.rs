//! The GPUs of this process: found once, opened when first wanted, and remembered when they
//! fail. [`auto`](super::auto) chooses among them where the caller does not.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::gpu::{Gpu, trial};
use super::work::{Call, Choice};
use super::{Device, Selector, Wishes};
use crate::error::{Error, Result};
use crate::gpu::{self, Adapter, Failure, FailureKind, Stop};

/// How long a GPU rests after its first failure; twice as long after each further one.
const REST: Duration = Duration::from_secs(60);

/// The process that first asked for GPUs. A forked child of it must keep its hands off
/// them, and off the locks below, which may be held by threads that it does not have.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// The GPUs of this process; tests make more.
pub(super) static GPUS: Gpus = Gpus::new();

/// All that is known of GPUs.
pub(super) struct Gpus {
    adapters: OnceLock<Vec<Adapter>>,
    pub(super) state: Mutex<State>,
    /// A background thread has ended.
    pub(super) idle: Condvar,
    /// Nothing more is to be begun in the background.
    pub(super) closing: AtomicBool,
    /// Whether [`Device::Auto`] may use GPUs in software.
    pub(super) software: bool,
}

pub(super) struct State {
    open: Vec<Arc<Gpu>>,
    /// By the place among the adapters, as far as anything happened there.
    histories: Vec<History>,
    pub(super) auto: Auto,
    /// Background threads at work.
    pub(super) busy: usize,
}

/// How far the device for [`Device::Auto`] has come.
pub(super) enum Auto {
    Unknown,
    Starting,
    Ready(Arc<Gpu>),
    None(Cow<'static, str>),
    Resting { until: Instant, reason: String },
}

/// What an adapter did before, whether open or not.
#[derive(Clone, Default)]
pub(super) struct History {
    /// Since the last success.
    failures: u32,
    /// Until when it is left alone, and what happened.
    pub(super) rest: Option<(Instant, String)>,
    /// What it gave that the CPU does not: it is never used again.
    pub(super) distrusted: Option<String>,
}

impl History {
    pub(super) fn fail(&mut self, reason: String) {
        self.failures += 1;
        let doublings = self.failures.min(10) - 1;
        self.rest = Some((Instant::now() + REST * 2u32.saturating_pow(doublings), reason));
    }
}

impl State {
    pub(super) fn history(&mut self, place: usize) -> &mut History {
        if self.histories.len() <= place {
            self.histories.resize_with(place + 1, History::default);
        }
        &mut self.histories[place]
    }

    /// Lets go of an open device.
    fn take_out(&mut self, gpu: &Gpu) -> Option<Arc<Gpu>> {
        let place = self.open.iter().position(|open| std::ptr::eq(Arc::as_ptr(open), gpu))?;
        Some(self.open.swap_remove(place))
    }
}

/// Whether GPUs are this process's own, or nobody's yet.
pub(super) fn is_owner() -> bool {
    let process = std::process::id();
    match OWNER.compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => true,
        Err(owner) => owner == process,
    }
}

/// Whether this process has had to do with GPUs.
pub(super) fn has_begun() -> bool {
    OWNER.load(Ordering::Relaxed) == std::process::id()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gpus {
    pub(super) const fn new() -> Self {
        let state = State { open: Vec::new(), histories: Vec::new(), auto: Auto::Unknown, busy: 0 };
        Self {
            adapters: OnceLock::new(),
            state: Mutex::new(state),
            idle: Condvar::new(),
            closing: AtomicBool::new(false),
            software: false,
        }
    }

    /// All adapters, looked for once in a process.
    pub(super) fn adapters(&self) -> &[Adapter] {
        if !is_owner() {
            // Maybe the parent was still looking.
            return self.adapters.get().map_or(&[], Vec::as_slice);
        }
        self.adapters.get_or_init(gpu::adapters)
    }

    /// Whether adapters were looked for.
    pub(super) fn has_looked(&self) -> bool {
        self.adapters.get().is_some()
    }

    /// Chooses for a call; waits only if a GPU is asked for.
    pub(super) fn choose(&'static self, wishes: Wishes<'_>, call: Call) -> Result<Choice> {
        match wishes.device {
            Device::Cpu => Ok(Choice::Cpu("the CPU was asked for".into())),
            Device::Auto => Ok(self.choose_freely(call, wishes.threads)),
            Device::Gpu(_) if !call.is_fixed() => {
                let reason = "GPUs do fixed rate only, and blocks here vary in size".to_owned();
                Err(Error::GpuUnsupported { reason })
            }
            Device::Gpu(selector) => {
                let gpu = self.open(selector, wishes.device)?;
                match gpu.check(call, || Ok(())) {
                    Ok(true) => Ok(Choice::Gpu(gpu, "it was asked for".into())),
                    Ok(false) => Err(self.distrust(&gpu, trial(call))),
                    Err(Stop::Input(error)) => Err(error),
                    Err(Stop::Device(failure)) => Err(self.failed(&gpu, &failure)),
                }
            }
        }
    }

    /// The device that was asked for.
    fn open(&'static self, selector: &Selector, device: &Device) -> Result<Arc<Gpu>> {
        let none = |reason: String| Error::NoGpu { wanted: device.to_string(), reason };
        if !is_owner() {
            let reason = "GPUs belong to the process that this one was forked from; start \
                processes by spawning them";
            return Err(none(reason.to_owned()));
        }
        let adapters = self.adapters();
        let place = match selector {
            Selector::Any => (!adapters.is_empty()).then_some(0),
            Selector::Index(index) => (*index < adapters.len()).then_some(*index),
            Selector::Name(name) => {
                let name = name.to_lowercase();
                adapters.iter().position(|a| a.facts.name.to_lowercase().contains(&name))
            }
        };
        let Some(place) = place else {
            let names = adapters.iter().enumerate();
            let names = names.map(|(place, adapter)| format!("gpu:{place} {}", adapter.facts.name));
            let names = names.collect::<Vec<_>>();
            return Err(none(if names.is_empty() {
                "there is none that Vulkan, Metal or Direct3D 12 reaches".to_owned()
            } else {
                format!("there are: {}", names.join(", "))
            }));
        };
        let distrusted = lock(&self.state).history(place).distrusted.clone();
        if let Some(reason) = distrusted {
            return Err(Error::GpuDistrusted {
                adapter: adapters[place].facts.name.clone(),
                reason,
            });
        }
        self.open_at(place)
    }

    /// The device at this place among the adapters, opened if it is not.
    pub(super) fn open_at(&'static self, place: usize) -> Result<Arc<Gpu>> {
        let find = |state: &State| {
            let found = state.open.iter().find(|gpu| gpu.place == place);
            found.filter(|gpu| gpu.context.is_usable()).map(Arc::clone)
        };
        if let Some(gpu) = find(&lock(&self.state)) {
            return Ok(gpu);
        }
        let adapter = &self.adapters()[place];
        // Opening takes a while: others go on meanwhile, and the first who comes back is right.
        let gpu =
            Gpu::open(place, adapter).map_err(|failure| error(&adapter.facts.name, &failure))?;
        let gpu = Arc::new(gpu);
        let mut state = lock(&self.state);
        if let Some(first) = find(&state) {
            // Ours is closed without the lock, since that may take a while too.
            drop(state);
            return Ok(first);
        }
        state.open.push(Arc::clone(&gpu));
        Ok(gpu)
    }

    /// Remembers that a GPU did what it was to do.
    pub(super) fn succeeded(&self, gpu: &Gpu) {
        lock(&self.state).history(gpu.place).failures = 0;
    }

    /// The error for a failure. [`Device::Auto`] lets the device rest; one that is lost is
    /// let go of.
    pub(super) fn failed(&'static self, gpu: &Gpu, failure: &Failure) -> Error {
        let mut state = lock(&self.state);
        state.history(gpu.place).fail(failure.reason.clone());
        let lost = if gpu.context.is_usable() { None } else { state.take_out(gpu) };
        drop(state);
        self.leave(gpu);
        if let Some(lost) = lost {
            if gpu.context.is_hung() {
                // Not even dropped: wgpu would wait for what it was doing, without end.
                std::mem::forget(lost);
            } else {
                self.in_background(move || drop(lost));
            }
        }
        error(gpu.name(), failure)
    }

    /// The error for a GPU that gave what the CPU does not; it is not used again.
    pub(super) fn distrust(&self, gpu: &Gpu, reason: String) -> Error {
        lock(&self.state).history(gpu.place).distrusted = Some(reason.clone());
        self.leave(gpu);
        Error::GpuDistrusted { adapter: gpu.name().to_owned(), reason }
    }
}

/// A failure of a device, as the caller is told of it.
fn error(name: &str, failure: &Failure) -> Error {
    let adapter = name.to_owned();
    match failure.kind {
        FailureKind::OutOfMemory { bytes } => Error::GpuOutOfMemory { adapter, bytes },
        _ => Error::GpuFailed { adapter, reason: failure.reason.clone() },
    }
}
