//! Threads to work on, started when first needed and kept.

#[cfg(feature = "parallel")]
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "parallel")]
use rayon::{ThreadPool, ThreadPoolBuilder};

#[cfg(feature = "parallel")]
use crate::error::Error;
use crate::error::Result;

/// More threads than any machine at hand has; beyond, a request is taken for a mistake.
#[cfg(feature = "parallel")]
const MAX_THREADS: usize = 1024;

/// An error if more threads are asked for than anybody can mean.
#[cfg(feature = "parallel")]
pub(crate) fn check(threads: Option<usize>) -> Result<()> {
    match threads {
        Some(threads) if threads > MAX_THREADS => {
            let reason = format!("at most {MAX_THREADS} are allowed");
            Err(Error::Threads { threads, reason })
        }
        _ => Ok(()),
    }
}

/// Does `work` for each item on `threads` threads, as [`run`] counts them; on the
/// caller's own for a single one, or without the feature `parallel`.
#[cfg(feature = "gpu")]
// One thread never fails to start.
#[cfg_attr(not(feature = "parallel"), allow(clippy::unnecessary_wraps))]
pub(crate) fn each<T: Send>(
    threads: Option<usize>,
    items: Vec<T>,
    work: impl Fn(T) + Send + Sync,
) -> Result<()> {
    #[cfg(feature = "parallel")]
    if threads != Some(1) && items.len() > 1 {
        use rayon::prelude::*;
        return run(threads, |_| items.into_par_iter().with_max_len(1).for_each(work));
    }
    let _ = threads;
    items.into_iter().for_each(work);
    Ok(())
}

/// What `work` makes of each number, on `threads` threads with at least `least` numbers
/// each; on the caller's own if there is no more than that.
// One thread never fails to start.
#[cfg_attr(not(feature = "parallel"), allow(clippy::unnecessary_wraps))]
pub(crate) fn map<T: Send>(
    threads: Option<usize>,
    numbers: std::ops::Range<usize>,
    least: usize,
    work: impl Fn(usize) -> T + Send + Sync,
) -> Result<Vec<T>> {
    #[cfg(feature = "parallel")]
    check(threads)?;
    #[cfg(feature = "parallel")]
    if threads != Some(1) && numbers.len() > least {
        use rayon::prelude::*;
        return run(threads, |_| numbers.into_par_iter().with_min_len(least).map(work).collect());
    }
    let _ = (threads, least);
    Ok(numbers.map(work).collect())
}

/// What `look` finds for the first of the numbers below `count` for which it finds
/// something, on `threads` threads.
#[cfg(feature = "gpu")]
pub(crate) fn first_found<T: Send>(
    threads: Option<usize>,
    count: usize,
    look: impl Fn(usize) -> Result<Option<T>> + Send + Sync,
) -> Result<Option<T>> {
    #[cfg(feature = "parallel")]
    if threads != Some(1) && count > 1 {
        use rayon::prelude::*;
        return run(threads, |_| {
            (0..count).into_par_iter().find_map_first(|i| look(i).transpose()).transpose()
        })?;
    }
    let _ = threads;
    (0..count).find_map(|i| look(i).transpose()).transpose()
}

/// A pool, the process that started it, and how many threads were asked for.
#[cfg(feature = "parallel")]
struct Kept {
    process: u32,
    threads: usize,
    pool: Arc<ThreadPool>,
}

#[cfg(feature = "parallel")]
static POOLS: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// Runs `work` on `threads` threads, telling it how many those are.
///
/// With `None` these are the threads of the pool that the caller is in, if it is in
/// one, and otherwise one for each processor (or `RAYON_NUM_THREADS`).
#[cfg(feature = "parallel")]
pub(crate) fn run<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce(usize) -> T + Send,
) -> Result<T> {
    let team = Team::new(threads)?;
    Ok(team.install(|| work(team.size())))
}

/// Threads that work beside the caller, who works too: so there is one to begin at once.
#[cfg(feature = "parallel")]
pub(crate) struct Team {
    /// Else the pool that the caller is in.
    pool: Option<Arc<ThreadPool>>,
    size: usize,
}

#[cfg(feature = "parallel")]
impl Team {
    /// `threads` threads, counted as [`run`] does.
    pub(crate) fn new(threads: Option<usize>) -> Result<Self> {
        check(threads)?;
        if threads.is_none() && rayon::current_thread_index().is_some() {
            return Ok(Self { pool: None, size: rayon::current_num_threads() });
        }
        let pool = pool(threads.unwrap_or(0))?;
        Ok(Self { size: pool.current_num_threads(), pool: Some(pool) })
    }

    /// The caller and all others.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Has each do `work`, and returns what they make, in any order.
    pub(crate) fn work<T: Send>(&self, work: impl Fn() -> T + Sync) -> Vec<T> {
        let done = Mutex::new(Vec::with_capacity(self.size));
        let one = || {
            let made = work();
            done.lock().unwrap_or_else(PoisonError::into_inner).push(made);
        };
        self.in_scope(|scope| {
            for _ in 1..self.size {
                scope.spawn(|_| one());
            }
            one();
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `own` here and `other` on another thread.
    pub(crate) fn join<A, B: Send>(
        &self,
        own: impl FnOnce() -> A,
        other: impl FnOnce() -> B + Send,
    ) -> (A, Option<B>) {
        let mut done = None;
        let own = self.in_scope(|scope| {
            let done = &mut done;
            scope.spawn(move |_| *done = Some(other()));
            own()
        });
        (own, done)
    }

    /// Does `work` for each item, whoever is ready the next one, until there is an error: it is
    /// one of those that there are.
    pub(crate) fn each<T: Send>(
        &self,
        items: impl Iterator<Item = T> + Send,
        work: impl Fn(T) -> Result<()> + Sync,
    ) -> Result<()> {
        let items = Mutex::new(Some(items));
        let items = || items.lock().unwrap_or_else(PoisonError::into_inner);
        let some = || loop {
            let Some(item) = items().as_mut().and_then(Iterator::next) else { return Ok(()) };
            if let Err(error) = work(item) {
                *items() = None;
                return Err(error);
            }
        };
        self.work(some).into_iter().collect()
    }

    /// Does `work` on a thread of the pool, where rayon finds it.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    fn in_scope<'scope, T>(&self, work: impl FnOnce(&rayon::Scope<'scope>) -> T) -> T {
        match &self.pool {
            Some(pool) => pool.in_place_scope(work),
            None => rayon::in_place_scope(work),
        }
    }
}

#[cfg(feature = "parallel")]
fn pool(threads: usize) -> Result<Arc<ThreadPool>> {
    // Not `lock`: a process forked while another thread held it would wait for ever. It
    // starts a pool for each call instead.
    let Ok(mut pools) = POOLS.try_lock() else {
        return start(threads);
    };
    let process = std::process::id();
    // A forked child inherits the pools without their threads. They cannot even be
    // dropped, since their locks may be held by threads that are gone.
    while let Some(stale) = pools.iter().position(|kept| kept.process != process) {
        std::mem::forget(pools.swap_remove(stale));
    }
    if let Some(kept) = pools.iter().find(|kept| kept.threads == threads) {
        return Ok(Arc::clone(&kept.pool));
    }
    let pool = start(threads)?;
    // Callers that try every number keep no more than a few.
    if pools.len() >= 4 {
        pools.remove(0);
    }
    pools.push(Kept { process, threads, pool: Arc::clone(&pool) });
    Ok(pool)
}

#[cfg(feature = "parallel")]
fn start(threads: usize) -> Result<Arc<ThreadPool>> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("zfp-{i}"))
        .build()
        .map(Arc::new)
        .map_err(|error| Error::Threads { threads, reason: error.to_string() })
}

#[cfg(all(test, feature = "parallel"))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_team_does_each_item_once() -> Result<()> {
        for threads in [1, 2, 5] {
            let team = Team::new(Some(threads))?;
            assert_eq!((team.size(), team.work(|| ()).len()), (threads, threads));
            let sum = AtomicUsize::new(0);
            let add = |item| {
                sum.fetch_add(item, Ordering::Relaxed);
                Ok(())
            };
            team.each(0..1000, add)?;
            // Within a pool of others too.
            team.install(|| Team::new(None)?.each(0..1000, add))?;
            assert_eq!(sum.into_inner(), 999_000);
            assert_eq!(team.join(|| 1, || 2), (1, Some(2)));
        }
        Ok(())
    }

    #[test]
    fn a_team_stops_at_an_error() -> Result<()> {
        let team = Team::new(Some(3))?;
        let done = AtomicUsize::new(0);
        let failed = team.each(0.., |item: u64| {
            done.fetch_add(1, Ordering::Relaxed);
            if item < 10 { Ok(()) } else { Err(Error::OutOfMemory { bytes: item }) }
        });
        assert!(matches!(failed, Err(Error::OutOfMemory { bytes: 10.. })));
        assert!(done.into_inner() < 1000);
        Ok(())
    }
}
