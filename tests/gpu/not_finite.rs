//! NaN and infinity: refused with the CPU's words, or coded with the CPU's bytes.

use fastrand::Rng;
use zfp_wgpu::{Device, Mode, NonFinitePolicy};

use super::parity::modes;
use super::support::data::{self, Kind};
use super::support::layout::{Layout, Memory};
use super::support::{Value, block_count, block_size, scatter};
use super::{How, check, gpu};

/// The bits of infinity.
fn infinity<T: Value>() -> i64 {
    ((1 << T::EXPONENT_BITS) - 1) << (T::BITS - 1 - T::EXPONENT_BITS)
}

/// NaN with some mantissa, or an infinity, of either sign.
fn special<T: Value>(rng: &mut Rng) -> T {
    let mantissa_bits = T::BITS - 1 - T::EXPONENT_BITS;
    let sign = if rng.bool() { i64::MIN >> (64 - T::BITS) } else { 0 };
    let mantissa = rng.i64(..) & ((1 << mantissa_bits) - 1);
    T::from_word(sign | infinity::<T>() | if rng.bool() { mantissa } else { 0 })
}

fn shape(dims: usize) -> &'static [usize] {
    [&[1501][..], &[41, 42], &[13, 14, 15], &[5, 9, 6, 7]][dims - 1]
}

/// Blocks with a few such values, with nothing else, and with none.
fn array<T: Value>(rng: &mut Rng, shape: &[usize]) -> Vec<T> {
    let mut values = data::array(rng, shape, &Kind::ALL);
    let infinity = infinity::<T>();
    for number in 0..block_count(shape) {
        let block: Vec<T> = match rng.u8(..10) {
            0 => (0..block_size(shape)).map(|_| special(rng)).collect(),
            1 => vec![T::from_word(infinity | 1); block_size(shape)],
            2 => vec![T::from_word(infinity); block_size(shape)],
            _ => continue,
        };
        scatter(&mut values, shape, number, &block);
    }
    for value in &mut values {
        if rng.u8(..20) == 0 {
            *value = special(rng);
        }
    }
    values
}

fn allowed<T: Value>(dims: usize) {
    let Some(gpu) = gpu() else { return };
    let mut rng = Rng::with_seed(41);
    for mode in modes::<T>(dims as u32) {
        let values: Vec<T> = array(&mut rng, shape(dims));
        let memory = Memory::of(&values, &Layout::contiguous(shape(dims)));
        let policy = NonFinitePolicy::Allow;
        check(&gpu, &memory, How { policy, ..How::new(mode) });
    }
}

/// The error names the first value in C order, which need not be in the first block.
fn refused<T: Value>(dims: usize) {
    let Some(gpu) = gpu() else { return };
    let mut rng = Rng::with_seed(42);
    let shape = shape(dims);
    for number in 0..12 {
        let mut values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
        for _ in 0..[1, 2, 30][number % 3] {
            let place = rng.usize(..values.len());
            values[place] = special(&mut rng);
        }
        let layout = &Layout::all(shape)[number % 6];
        let memory = Memory::of(&values, layout);
        let how = How::new([Mode::Rate(8.0), Mode::Rate(5.3)][number % 2]);
        let expected = how.compressor(Device::Cpu).compress(&memory.field()).unwrap_err();
        let found = how.compressor(gpu.clone()).compress(&memory.field()).unwrap_err();
        assert_eq!(found, expected, "{layout:?}");
    }
}

macro_rules! for_floats {
    ($body:ident) => {
        super::for_all_kernels! { $body:
            f32_1d: f32, 1; f32_2d: f32, 2; f32_3d: f32, 3; f32_4d: f32, 4;
            f64_1d: f64, 1; f64_2d: f64, 2; f64_3d: f64, 3; f64_4d: f64, 4;
        }
    };
}
for_floats!(allowed);
for_floats!(refused);
