//! Tests for slow machines: some of many cases, of every sort.

/// Whose turn it is.
pub(crate) struct Turns {
    every: usize,
    turn: usize,
}

impl Turns {
    /// All cases; or where `ZFP_WGPU_EMULATED` tells of an emulator of the CPU, one of so
    /// many, which should divide nothing that cases are counted by.
    pub(crate) fn new(every: usize) -> Self {
        let emulated = std::env::var_os("ZFP_WGPU_EMULATED").is_some_and(|value| value == "1");
        Self { every: if emulated { every } else { 1 }, turn: 0 }
    }

    /// Whether the next case is to be tried.
    pub(crate) fn is_next(&mut self) -> bool {
        self.turn += 1;
        self.turn.is_multiple_of(self.every)
    }
}
