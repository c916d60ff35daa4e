//! Threads to work on, started when first needed and kept.

#[cfg(feature = "parallel")]
use std::sync::{Arc, Mutex};

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
    check(threads)?;
    if threads.is_none() && rayon::current_thread_index().is_some() {
        return Ok(work(rayon::current_num_threads()));
    }
    let pool = pool(threads.unwrap_or(0))?;
    Ok(pool.install(|| work(rayon::current_num_threads())))
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
