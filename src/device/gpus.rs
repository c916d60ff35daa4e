//! The GPUs of this process: found once, opened when first wanted, and put to rest when
//! they fail.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::cost::{Costs, Sort};
use super::work::{Call, Choice};
use super::{Device, Selector, Wishes, check};
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut};
use crate::gpu::{self, Adapter, Context, Failure, FailureKind, Kind, Stop};
use crate::report::Seconds;

/// Smaller arrays are done by the time a GPU would have heard of them.
const WORTHWHILE: u64 = 1 << 20;
/// How long a GPU rests after its first failure; twice as long after each further one.
const REST: Duration = Duration::from_secs(60);
/// How long a process waits at its end for a driver that is being started.
const MOST_WAIT: Duration = Duration::from_secs(60);
/// Lets [`Device::Auto`] use software adapters: for tests on machines without a GPU.
const SOFTWARE_VARIABLE: &str = "ZFP_WGPU_AUTO_SOFTWARE";

/// The process that first asked for GPUs. A forked child of it must keep its hands off
/// them, and off the locks below, which may be held by threads that it does not have.
static OWNER: AtomicU32 = AtomicU32::new(0);
static ADAPTERS: OnceLock<Vec<Adapter>> = OnceLock::new();
static STATE: Mutex<State> = Mutex::new(State { open: Vec::new(), auto: Auto::Unknown, busy: 0 });
static IDLE: Condvar = Condvar::new();

struct State {
    /// Open devices, by their place among the adapters.
    open: Vec<(usize, Arc<Gpu>)>,
    auto: Auto,
    /// Background threads at work.
    busy: usize,
}

impl State {
    /// Lets go of devices for ever. They are not even dropped: wgpu would wait for what they
    /// were doing, without end if they hang.
    fn forget(&mut self, which: impl Fn(&Gpu) -> bool) {
        while let Some(place) = self.open.iter().position(|(_, gpu)| which(gpu)) {
            std::mem::forget(self.open.swap_remove(place));
        }
    }
}

/// How far the device for [`Device::Auto`] has come.
enum Auto {
    Unknown,
    Starting,
    Ready(Arc<Gpu>),
    None(Cow<'static, str>),
    Resting { until: Instant, reason: String },
}

/// Whether GPUs are this process's own, or nobody's yet.
fn is_owner() -> bool {
    let process = std::process::id();
    match OWNER.compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => true,
        Err(owner) => owner == process,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All adapters, looked for once in a process.
pub(super) fn adapters() -> &'static [Adapter] {
    if !is_owner() {
        // Maybe the parent was still looking.
        return ADAPTERS.get().map_or(&[], Vec::as_slice);
    }
    ADAPTERS.get_or_init(gpu::adapters)
}

/// A device, and what is known of it.
pub(crate) struct Gpu {
    context: Context,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Kernels that gave what the CPU gives.
    checked: HashSet<(crate::scalar::ScalarType, usize, bool)>,
    /// Whether one did not.
    distrusted: bool,
    /// Sorts of calls that a background thread is measuring, or that failed there.
    begun: HashSet<(Sort, Option<usize>)>,
    gpu: Costs<(Sort, Option<usize>)>,
    cpu: Costs<(Sort, Option<usize>)>,
    failures: u32,
}

impl Gpu {
    fn open(adapter: &Adapter) -> std::result::Result<Self, Failure> {
        Ok(Self { context: Context::open(adapter)?, known: Mutex::default() })
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
    ) -> std::result::Result<Seconds, Stop> {
        gpu::compress(&self.context, field, params, policy, threads, out)
    }

    pub(super) fn decompress(
        &self,
        stream: &[u8],
        start: u64,
        params: Params,
        threads: Option<usize>,
        field: &mut FieldMut<'_>,
    ) -> std::result::Result<Seconds, Stop> {
        gpu::decompress(&self.context, stream, start, params, threads, field)
    }

    /// Tries the kernel that a call needs, the first time that it is needed.
    fn check(&self, call: Call) -> std::result::Result<bool, Stop> {
        let kernel = (call.scalar, call.dims, call.encode);
        {
            let known = lock(&self.known);
            if known.distrusted || known.checked.contains(&kernel) {
                return Ok(!known.distrusted);
            }
        }
        let right = check::is_right(&self.context, call)?;
        let mut known = lock(&self.known);
        if right {
            known.checked.insert(kernel);
        } else {
            known.distrusted = true;
        }
        Ok(right)
    }

    /// Never to be used again: it gave what the CPU does not.
    pub(super) fn distrust(&self) {
        lock(&self.known).distrusted = true;
    }

    /// A real call's time.
    pub(super) fn note(&self, wishes: Wishes<'_>, call: Call, time: Duration) {
        let sort = (Sort::of(call), wishes.threads);
        let mut known = lock(&self.known);
        known.gpu.note(&sort, call.bytes, time);
        known.failures = 0;
    }

    /// The error for a failure. A device that is lost is let go of, and [`Device::Auto`]
    /// lets it rest.
    pub(super) fn failed(&self, failure: &Failure) -> Error {
        let failures = {
            let mut known = lock(&self.known);
            known.failures += 1;
            known.failures
        };
        let mut state = lock(&STATE);
        if !self.context.is_usable() {
            state.forget(|gpu| std::ptr::eq(gpu, self));
        }
        if matches!(&state.auto, Auto::Ready(gpu) if std::ptr::eq(Arc::as_ptr(gpu), self)) {
            let until = Instant::now() + REST * 2u32.saturating_pow(failures.min(10) - 1);
            state.auto = Auto::Resting { until, reason: failure.reason.clone() };
        }
        error(self.name(), failure)
    }

    /// What [`Device::Auto`] does with a call, once the device is ready.
    fn prefer(self: &Arc<Self>, call: Call, threads: Option<usize>) -> Choice {
        let sort = (Sort::of(call), threads);
        let mut known = lock(&self.known);
        if known.distrusted {
            return Choice::Cpu(format!("{} does not give what the CPU gives", self.name()).into());
        }
        let (Some(gpu), Some(cpu)) = (known.gpu.get(&sort), known.cpu.get(&sort)) else {
            if known.begun.insert(sort) {
                drop(known);
                let device = Arc::clone(self);
                in_background(move || device.prepare(call, threads));
            }
            return Choice::Cpu("the GPU's kernel is being compiled and measured".into());
        };
        let (on_gpu, on_cpu) = (gpu.seconds(call.bytes), cpu.seconds(call.bytes));
        let estimate =
            format!("{:.1} ms on the GPU, {:.1} ms on the CPU", on_gpu * 1e3, on_cpu * 1e3);
        if on_gpu < on_cpu {
            Choice::Gpu(Arc::clone(self), format!("it is the faster: {estimate}").into())
        } else {
            Choice::Cpu(format!("it is the faster: {estimate}").into())
        }
    }

    /// Compiles, tries and measures what a sort of call needs. Failures leave it unready,
    /// so that the CPU goes on doing it.
    fn prepare(&self, call: Call, threads: Option<usize>) {
        let measured = self.check(call).and_then(|right| {
            right.then(|| check::measure(&self.context, call, threads)).transpose()
        });
        match measured {
            Ok(Some((gpu, cpu))) => {
                let mut known = lock(&self.known);
                known.gpu.set((Sort::of(call), threads), gpu);
                known.cpu.set((Sort::of(call), threads), cpu);
            }
            Ok(None) | Err(Stop::Input(_)) => {}
            // A driver that refuses one kernel may do well with others: this sort of call
            // stays with the CPU, and the device goes on.
            Err(Stop::Device(failure))
                if failure.kind == FailureKind::Other && self.context.is_usable() => {}
            Err(Stop::Device(failure)) => {
                self.failed(&failure);
                // Once more when it has rested.
                lock(&self.known).begun.remove(&(Sort::of(call), threads));
            }
        }
    }
}

/// A failure of a device that was asked for.
fn error(name: &str, failure: &Failure) -> Error {
    let adapter = name.to_owned();
    match failure.kind {
        FailureKind::OutOfMemory { bytes } => Error::GpuOutOfMemory { adapter, bytes },
        _ => Error::GpuFailed { adapter, reason: failure.reason.clone() },
    }
}

/// Chooses for a call; waits only if a GPU is asked for.
pub(super) fn choose(wishes: Wishes<'_>, call: Call) -> Result<Choice> {
    let is_fixed = call.is_fixed();
    match wishes.device {
        Device::Cpu => Ok(Choice::Cpu("the CPU was asked for".into())),
        Device::Auto if !is_fixed => Ok(Choice::Cpu("GPUs do fixed rate only".into())),
        Device::Auto if call.bytes < WORTHWHILE => {
            Ok(Choice::Cpu("the array is too small for a GPU to pay".into()))
        }
        Device::Auto => Ok(choose_freely(call, wishes.threads)),
        Device::Gpu(_) if !is_fixed => {
            let reason = "GPUs do fixed rate only, and blocks here vary in size".to_owned();
            Err(Error::GpuUnsupported { reason })
        }
        Device::Gpu(selector) => {
            let gpu = open(selector, wishes.device)?;
            match gpu.check(call) {
                Ok(true) => Ok(Choice::Gpu(gpu, "it was asked for".into())),
                Ok(false) => Err(Error::GpuDiffers { adapter: gpu.name().to_owned(), block: 0 }),
                Err(Stop::Input(error)) => Err(error),
                Err(Stop::Device(failure)) => Err(gpu.failed(&failure)),
            }
        }
    }
}

fn choose_freely(call: Call, threads: Option<usize>) -> Choice {
    if !is_owner() {
        return Choice::Cpu("GPUs belong to the process that this one was forked from".into());
    }
    let mut state = lock(&STATE);
    if matches!(&state.auto, Auto::Resting { until, .. } if *until <= Instant::now()) {
        state.auto = Auto::Unknown;
    }
    match &state.auto {
        Auto::Unknown => {
            state.auto = Auto::Starting;
            drop(state);
            in_background(start);
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
            gpu.prefer(call, threads)
        }
    }
}

/// Finds and opens the device for [`Device::Auto`].
fn start() {
    let software = std::env::var(SOFTWARE_VARIABLE).is_ok_and(|value| value == "1");
    let hardware = |adapter: &Adapter| software || adapter.facts.kind != Kind::Software;
    let looks = software || ADAPTERS.get().is_some() || gpu::may_have_hardware();
    let place = if looks { adapters().iter().position(hardware) } else { None };
    let auto = match place {
        None => Auto::None("there is no hardware GPU".into()),
        Some(place) => match open_at(place) {
            Ok(gpu) => Auto::Ready(gpu),
            Err(error) => Auto::Resting { until: Instant::now() + REST, reason: error.to_string() },
        },
    };
    lock(&STATE).auto = auto;
}

/// The device that was asked for.
fn open(selector: &Selector, device: &Device) -> Result<Arc<Gpu>> {
    let none = |reason: String| Error::NoGpu { wanted: device.to_string(), reason };
    if !is_owner() {
        let reason = "GPUs belong to the process that this one was forked from; start \
            processes by spawning them";
        return Err(none(reason.to_owned()));
    }
    let adapters = adapters();
    let named = |name: &str| {
        adapters.iter().position(|adapter| adapter.facts.name.to_lowercase().contains(name))
    };
    let place = match selector {
        Selector::Any => (!adapters.is_empty()).then_some(0),
        Selector::Index(index) if *index < adapters.len() => Some(*index),
        // Names may be numbers, too: 4090.
        Selector::Index(number) => named(&number.to_string()),
        Selector::Name(name) => named(&name.to_lowercase()),
    };
    let place = place.ok_or_else(|| {
        let names: Vec<&str> = adapters.iter().map(|a| a.facts.name.as_str()).collect();
        none(match names.as_slice() {
            [] => "no driver offers any (Vulkan, Metal or Direct3D 12 is needed)".to_owned(),
            names => format!("there are only {}", names.join(", ")),
        })
    })?;
    open_at(place)
}

/// The device of an adapter, opened now if it is not open.
fn open_at(place: usize) -> Result<Arc<Gpu>> {
    let adapter = &adapters()[place];
    let find = |state: &State| {
        state.open.iter().find(|(at, _)| *at == place).map(|(_, gpu)| Arc::clone(gpu))
    };
    if let Some(gpu) = find(&lock(&STATE)).filter(|gpu| gpu.context.is_usable()) {
        return Ok(gpu);
    }
    // Opening takes a while: others go on meanwhile, and the first who comes back is right.
    let gpu = Gpu::open(adapter).map_err(|failure| error(&adapter.facts.name, &failure))?;
    let gpu = Arc::new(gpu);
    let mut state = lock(&STATE);
    if let Some(first) = find(&state).filter(|gpu| gpu.context.is_usable()) {
        // Ours is closed without the lock, since that may take a while too.
        drop(state);
        return Ok(first);
    }
    state.forget(|gpu| !gpu.context.is_usable());
    state.open.push((place, Arc::clone(&gpu)));
    Ok(gpu)
}

/// A CPU's time for a call, for comparison with the device that Auto has.
pub(super) fn note_cpu(wishes: Wishes<'_>, call: Call, time: Duration) {
    let is_ours = OWNER.load(Ordering::Relaxed) == std::process::id();
    if *wishes.device != Device::Auto || call.bytes < WORTHWHILE || !is_ours || !call.is_fixed() {
        return;
    }
    let Auto::Ready(gpu) = &lock(&STATE).auto else { return };
    lock(&gpu.known).cpu.note(&(Sort::of(call), wishes.threads), call.bytes, time);
}

/// Runs something on a thread of its own; without one, it is simply not done.
fn in_background(work: impl FnOnce() + Send + 'static) {
    /// Counts a thread until it ends, in whatever way.
    struct Busy;
    impl Drop for Busy {
        fn drop(&mut self) {
            lock(&STATE).busy -= 1;
            IDLE.notify_all();
        }
    }
    lock(&STATE).busy += 1;
    let busy = Busy;
    let thread = std::thread::Builder::new().name("zfp-gpu".to_owned());
    drop(thread.spawn(move || {
        let _busy = busy;
        work();
    }));
}

/// Waits until no background thread is at work, or until one seems never to end.
pub(super) fn wait_until_started() {
    if OWNER.load(Ordering::Relaxed) != std::process::id() {
        return;
    }
    let end = Instant::now() + MOST_WAIT;
    let mut state = lock(&STATE);
    while state.busy > 0 {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let waited = IDLE.wait_timeout(state, left);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}
