//! What was lost: the difference between an array and what came back.

use zfp_wgpu::ScalarType;

/// Errors, gathered piece by piece in the order of the values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errors {
    count: u64,
    squares: f64,
    differing: u64,
    /// Whether values that are not finite are left out.
    finite: bool,
    /// How many were.
    pub(crate) left_out: u64,
    /// The largest difference.
    pub(crate) most: f64,
    /// The least value.
    pub(crate) low: f64,
    /// The greatest value.
    pub(crate) high: f64,
}

impl Default for Errors {
    fn default() -> Self {
        Self {
            count: 0,
            squares: 0.0,
            differing: 0,
            finite: false,
            left_out: 0,
            most: 0.0,
            low: f64::MAX,
            high: -f64::MAX,
        }
    }
}

impl Errors {
    /// Of finite values alone, since a NaN has no error.
    pub(crate) fn of_finite() -> Self {
        Self { finite: true, ..Self::default() }
    }

    /// Adds values of an array and what became of them, both as bytes.
    pub(crate) fn add(&mut self, scalar: ScalarType, before: &[u8], after: &[u8]) {
        // Differences are taken in the values' own type, as LLNL's tool does.
        match scalar {
            ScalarType::I32 => self.each(before, after, |a, b| {
                let [a, b] = [a, b].map(i32::from_le_bytes);
                (f64::from(a.wrapping_sub(b)), f64::from(a))
            }),
            ScalarType::I64 => self.each(before, after, |a, b| {
                let [a, b] = [a, b].map(i64::from_le_bytes);
                (a.wrapping_sub(b) as f64, a as f64)
            }),
            ScalarType::F32 => self.each(before, after, |a, b| {
                let [a, b] = [a, b].map(f32::from_le_bytes);
                (f64::from(a - b), f64::from(a))
            }),
            ScalarType::F64 => self.each(before, after, |a, b| {
                let [a, b] = [a, b].map(f64::from_le_bytes);
                (a - b, a)
            }),
        }
    }

    fn each<const N: usize>(
        &mut self,
        before: &[u8],
        after: &[u8],
        look: impl Fn([u8; N], [u8; N]) -> (f64, f64),
    ) {
        let (before, after) = (before.as_chunks::<N>().0, after.as_chunks::<N>().0);
        for (&before, &after) in before.iter().zip(after) {
            let (difference, value) = look(before, after);
            let difference = difference.abs();
            self.differing += u64::from(before != after);
            if self.finite && !value.is_finite() {
                self.left_out += 1;
                continue;
            }
            self.count += 1;
            self.squares += difference * difference;
            // Not `max`: a NaN has to come through, as it does in C's comparison.
            self.most = if self.most > difference { self.most } else { difference };
            self.low = if self.low < value { self.low } else { value };
            self.high = if self.high > value { self.high } else { value };
        }
    }

    /// Whether every bit of every value came back.
    pub(crate) fn is_lossless(&self) -> bool {
        self.differing == 0
    }

    /// Whether there was a value to compare.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Root of the mean square of the differences.
    pub(crate) fn rmse(&self) -> f64 {
        (self.squares / self.count as f64).sqrt()
    }

    /// The root mean square error, relative to the range of the values.
    pub(crate) fn relative(&self) -> f64 {
        ratio(self.rmse(), self.high - self.low)
    }

    /// Peak signal to noise in decibels, as LLNL's tool has it: half the range is the peak.
    pub(crate) fn psnr_of_half_range(&self) -> f64 {
        20.0 * ratio(self.high - self.low, 2.0 * self.rmse()).log10()
    }

    /// Peak signal to noise in decibels, the whole range being the peak.
    pub(crate) fn psnr_of_range(&self) -> f64 {
        20.0 * ratio(self.high - self.low, self.rmse()).log10()
    }

    /// Peak signal to noise in decibels, the largest magnitude being the peak.
    pub(crate) fn psnr_of_peak(&self) -> f64 {
        20.0 * ratio(self.high.abs().max(self.low.abs()), self.rmse()).log10()
    }
}

/// A quotient; of zeros it is the NaN that x86-64 makes, which C prints with a sign.
fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 && b == 0.0 { f64::NAN.copysign(-1.0) } else { a / b }
}
