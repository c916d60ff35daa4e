//! Arrays to measure speed on, and which: `benches/peers` includes this file, so that its
//! curves are of the same arrays.

/// Bits per value of the curves by rate.
pub(crate) const RATES: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0];
/// Bits per value of all other curves, and dimensions.
pub(crate) const RATE: f64 = 8.0;
pub(crate) const DIMS: usize = 3;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    /// An odd number, so that there is a middle one.
    pub(crate) rounds: usize,
    /// Bytes of an ordinary array.
    pub(crate) bytes: usize,
    /// Bytes of the largest one.
    pub(crate) largest: usize,
}

impl Amount {
    pub(crate) fn new(quick: bool) -> Self {
        if quick {
            Self { rounds: 3, bytes: 1 << 20, largest: 4 << 20 }
        } else {
            Self { rounds: 5, bytes: 16 << 20, largest: 64 << 20 }
        }
    }

    /// Bytes of the arrays of the curves by size.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> + use<> {
        let largest = self.largest;
        std::iter::successors(Some(4 << 10), |bytes| Some(4 * bytes))
            .take_while(move |&bytes| bytes <= largest)
    }
}

/// About the same size along each of `dims` axes, for about so many bytes of `f32`.
pub(crate) fn shape(dims: usize, bytes: usize) -> Vec<usize> {
    let size = ((bytes / 4) as f64).powf(1.0 / dims as f64).round().max(1.0) as usize;
    vec![size; dims]
}

/// Smooth values with a little noise; the same at every call.
pub(crate) fn values(shape: &[usize]) -> Vec<f32> {
    let mut state = 1u64;
    (0..shape.iter().product())
        .map(|mut rest: usize| {
            let mut value = 1.0;
            for (axis, size) in shape.iter().rev().enumerate() {
                let x = (rest % size) as f32;
                rest /= size;
                value *= (x / (23.0 + 6.0 * axis as f32) + axis as f32).sin() + 0.3;
            }
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let noise = (state >> 40) as f32 / (1 << 24) as f32 - 0.5;
            value + 1e-4 * noise
        })
        .collect()
}
