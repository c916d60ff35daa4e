//! Whether buffers are mapped yet, as callbacks of any thread tell.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::context::lock;

/// Some mappings, all of which are waited for.
#[derive(Default)]
pub(super) struct Signal {
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Default)]
struct Counts {
    pending: usize,
    failed: usize,
}

impl Signal {
    /// Asks for a mapping.
    pub(super) fn map(self: &Arc<Self>, buffer: &wgpu::Buffer, mode: wgpu::MapMode, bytes: u64) {
        lock(&self.counts).pending += 1;
        let promise = Promise { signal: Arc::clone(self), mapped: false };
        buffer.map_async(mode, ..bytes, move |result| promise.keep(result.is_ok()));
    }

    /// A mapping that never comes.
    #[cfg(test)]
    pub(super) fn never() -> Self {
        let counts = Mutex::new(Counts { pending: 1, failed: 0 });
        Self { counts, changed: Condvar::new() }
    }

    /// Whether all mappings succeeded, once they are known.
    pub(super) fn outcome(&self) -> Option<bool> {
        let counts = lock(&self.counts);
        (counts.pending == 0).then_some(counts.failed == 0)
    }

    /// Waits for news, if all is not known yet.
    pub(super) fn wait(&self, time: Duration) {
        let counts = lock(&self.counts);
        if counts.pending > 0 {
            // Whoever waits looks again, so that it does not matter why this ended.
            drop(self.changed.wait_timeout(counts, time));
        }
    }
}

/// A callback's duty, done even if wgpu drops the callback without calling it.
struct Promise {
    signal: Arc<Signal>,
    mapped: bool,
}

impl Promise {
    fn keep(mut self, mapped: bool) {
        self.mapped = mapped;
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let mut counts = lock(&self.signal.counts);
        counts.pending -= 1;
        counts.failed += usize::from(!self.mapped);
        drop(counts);
        self.signal.changed.notify_all();
    }
}
