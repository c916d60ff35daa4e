//! What the tests share: an oracle, data, and small conveniences.

// Each test is a crate of its own, and uses a part of this.
#![allow(dead_code, unreachable_pub)]

pub mod data;
pub mod golden;
pub mod layout;
pub mod oracle;
pub mod order;

use zfp_wgpu::{MAX_BITS, Mode, Params, Scalar};

/// One mode of each sort, and two that no other can say.
pub const MODES: [Mode; 6] = [
    Mode::Rate(7.3),
    Mode::Precision(13),
    Mode::Accuracy(1e-2),
    Mode::Reversible,
    Mode::Expert(Params { minbits: 60, maxbits: 400, maxprec: 64, minexp: -40 }),
    Mode::Expert(Params { minbits: 90, maxbits: MAX_BITS, maxprec: 20, minexp: -1075 }),
];

/// A scalar as the oracle and the data see it.
pub trait Value: Scalar + PartialOrd + Default {
    /// Width in bits.
    const BITS: u32;
    /// Width of the exponent field; 0 for integers.
    const EXPONENT_BITS: u32;
    /// Bias of the exponent field.
    const BIAS: i64;

    /// The bits of the value, sign-extended.
    fn word(self) -> i64;
    /// The value of these bits.
    fn from_word(word: i64) -> Self;
    /// |x|.
    fn magnitude(self) -> Self;
    /// 2^exponent, rounded to the type: nothing but 1 for integers.
    fn power_of_two(exponent: i64) -> Self;
    /// q · scale, with q rounded to the type first.
    fn scaled(q: i64, scale: Self) -> Self;
}

macro_rules! integer {
    ($int:ty) => {
        impl Value for $int {
            const BITS: u32 = <$int>::BITS;
            const EXPONENT_BITS: u32 = 0;
            const BIAS: i64 = 0;
            fn word(self) -> i64 {
                i64::from(self)
            }
            fn from_word(word: i64) -> Self {
                word as $int
            }
            fn magnitude(self) -> Self {
                self.wrapping_abs()
            }
            fn power_of_two(_: i64) -> Self {
                1
            }
            fn scaled(q: i64, _: Self) -> Self {
                q as $int
            }
        }
    };
}

macro_rules! float {
    ($float:ty, $int:ty, $word:ty, $exponent_bits:expr) => {
        impl Value for $float {
            const BITS: u32 = <$word>::BITS;
            const EXPONENT_BITS: u32 = $exponent_bits;
            const BIAS: i64 = (1 << ($exponent_bits - 1)) - 1;
            fn word(self) -> i64 {
                i64::from(<$float>::to_bits(self) as $int)
            }
            fn from_word(word: i64) -> Self {
                <$float>::from_bits(word as $word)
            }
            fn magnitude(self) -> Self {
                self.abs()
            }
            fn power_of_two(exponent: i64) -> Self {
                let step: $float = if exponent < 0 { 0.5 } else { 2.0 };
                (0..exponent.abs()).fold(1.0, |power, _| power * step)
            }
            fn scaled(q: i64, scale: Self) -> Self {
                q as $float * scale
            }
        }
    };
}

integer!(i32);
integer!(i64);
float!(f32, i32, u32, 8);
float!(f64, i64, u64, 11);

/// Values in a block.
pub fn block_size(shape: &[usize]) -> usize {
    1 << (2 * shape.len())
}

/// The index, in C order, of the value numbered `number`.
pub fn index_of(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, size) in index.iter_mut().zip(shape).rev() {
        *place = number % size;
        number /= size;
    }
    index
}

/// How many blocks an array has.
pub fn block_count(shape: &[usize]) -> usize {
    shape.iter().map(|size| size.div_ceil(4)).product()
}

/// For each axis the places of a block's four values, slowest axis first; an axis that is
/// not there has one place.
fn places(mut block: usize, shape: &[usize]) -> [Vec<usize>; 4] {
    let mut places = [const { Vec::new() }; 4];
    for (i, places) in places.iter_mut().enumerate().rev() {
        if i + shape.len() < 4 {
            *places = vec![0];
        } else {
            let blocks = shape[i + shape.len() - 4].div_ceil(4);
            *places = (0..4).map(|place| block % blocks * 4 + place).collect();
            block /= blocks;
        }
    }
    places
}

/// The size of each of four axes, those that are not there having 1.
pub fn four_axes(shape: &[usize]) -> [usize; 4] {
    std::array::from_fn(|i| if i + shape.len() < 4 { 1 } else { shape[i + shape.len() - 4] })
}

/// The values of a block; outside the array, each axis is filled up from its own values:
/// `aaaa`, `abba`, `abca`.
pub fn gather<T: Value>(values: &[T], shape: &[usize], block: usize) -> Vec<T> {
    let sizes @ [_, nz, ny, nx] = four_axes(shape);
    let mut places = places(block, shape);
    for (places, size) in places.iter_mut().zip(sizes) {
        for place in places.iter_mut().filter(|place| **place >= size) {
            *place = if *place % 4 == 3 { *place - 3 } else { size - 1 };
        }
    }
    let [ws, zs, ys, xs] = &places;
    let mut out = Vec::with_capacity(block_size(shape));
    for w in ws {
        for z in zs {
            for y in ys {
                for x in xs {
                    out.push(values[((w * nz + z) * ny + y) * nx + x]);
                }
            }
        }
    }
    out
}

/// Stores the values of a block that lie inside the array.
pub fn scatter<T: Value>(values: &mut [T], shape: &[usize], block: usize, from: &[T]) {
    let [nw, nz, ny, nx] = four_axes(shape);
    let [ws, zs, ys, xs] = places(block, shape);
    let mut from = from.iter();
    for w in ws {
        for &z in &zs {
            for &y in &ys {
                for &x in &xs {
                    let value = from.next().copied().unwrap_or_default();
                    if w < nw && z < nz && y < ny && x < nx {
                        values[((w * nz + z) * ny + y) * nx + x] = value;
                    }
                }
            }
        }
    }
}

/// The bits of some bytes, lowest first.
pub fn unpack(bytes: &[u8]) -> Vec<bool> {
    bytes.iter().flat_map(|byte| (0..8).map(move |i| byte >> i & 1 == 1)).collect()
}

/// The bytes of some bits, filled up with zeros to whole bytes.
pub fn pack(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| bits.iter().enumerate().map(|(i, &bit)| u8::from(bit) << i).sum();
    bits.chunks(8).map(byte).collect()
}

/// Whether two arrays are the same bits: NaN equals itself, and −0 is not 0.
pub fn same_bits<T: Scalar>(a: &[T], b: &[T]) -> bool {
    bytemuck::cast_slice::<T, u8>(a) == bytemuck::cast_slice::<T, u8>(b)
}
