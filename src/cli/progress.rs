//! A bar on a terminal, for work that takes its time.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this needs no bar.
const PATIENCE: Duration = Duration::from_millis(700);

/// Bytes done of those to do.
pub(crate) struct Progress {
    begun: Instant,
    total: u64,
    done: u64,
    shown: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(total: u64, quiet: bool) -> Self {
        Self { begun: Instant::now(), total, done: 0, shown: !quiet, bar: None }
    }

    /// So many bytes more are done. The bar draws itself only if standard error is a
    /// terminal.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.done += bytes;
        if !self.shown || self.begun.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let target = ProgressDrawTarget::stderr_with_hz(5);
            let bar = ProgressBar::with_draw_target(Some(self.total), target);
            let template = "{percent:>3} % [{bar:40}] {bytes} of {total_bytes}, {eta} to go";
            let style = ProgressStyle::with_template(template);
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                .with_elapsed(self.begun.elapsed())
        });
        bar.set_position(self.done);
    }

    /// Clears the bar; how long it all took.
    pub(crate) fn finish(self) -> Duration {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.begun.elapsed()
    }
}
