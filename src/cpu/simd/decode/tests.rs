//! Every level reads what the reference reads, from streams good and bad.

use fastrand::Rng;

use super::super::level::Level;
use super::super::turns::Turns;
use super::machine::Machine;
use crate::bitstream::BitWriter;
use crate::block::{MAX_BITS, MIN_EXP, NonFinitePolicy, Params};
use crate::cpu::serial;
use crate::error::Result;
use crate::field::{Field, FieldMut};
use crate::scalar::ScalarType;

/// A stream of bytes, and what is said of it.
struct Case {
    stream: Vec<u8>,
    start: u64,
    params: Params,
    scalar: ScalarType,
    shape: Vec<usize>,
}

impl Case {
    /// Strides of an array of this shape: C order, every other value, or backwards; none at all
    /// between values stands for runs along x, which are apart and come backwards.
    fn layout(&self, spread: isize) -> (Vec<isize>, usize, usize) {
        let size = self.scalar.size() as isize;
        let mut step = size * spread.abs().max(1);
        let mut strides = vec![0; self.shape.len()];
        let mut first = 0;
        for (axis, (stride, &count)) in strides.iter_mut().zip(&self.shape).rev().enumerate() {
            let is_backwards = spread < 0 || spread == 0 && axis > 0;
            *stride = if is_backwards { -step } else { step };
            if is_backwards {
                first += (count - 1) * step as usize;
            }
            step *= count as isize;
            if spread == 0 {
                step += size;
            }
        }
        (strides, first, step as usize)
    }

    fn decode(&self, level: Option<Level>, stream: &[u8], spread: isize) -> (Result<u64>, Vec<u8>) {
        let (strides, first, len) = self.layout(spread);
        let mut bytes = vec![0xa5; len];
        let field = FieldMut::from_bytes(&mut bytes, self.scalar, &self.shape, &strides, first);
        let result = field.and_then(|mut field| {
            let Self { start, params, scalar, .. } = *self;
            let mut slab = field.whole();
            match level {
                None => serial::decompress(stream, start, params, scalar, &mut slab),
                Some(level) => super::decompress(level, stream, start, params, scalar, &mut slab),
            }
        });
        (result, bytes)
    }

    /// A few blocks at a time, each time from where the last ones ended.
    fn check_parts(&self, rng: &mut Rng) {
        let Self { start, params, scalar, .. } = *self;
        let expected = self.decode(None, &self.stream, 1);
        let (strides, first, len) = self.layout(1);
        for level in Level::tested() {
            let mut bytes = vec![0xa5; len];
            let field = FieldMut::from_bytes(&mut bytes, scalar, &self.shape, &strides, first);
            let result = field.and_then(|mut field| {
                let mut slab = field.whole();
                let (mut done, mut at) = (0, start);
                while done < slab.len() {
                    let blocks = done..slab.len().min(done + rng.usize(1..40));
                    done = blocks.end;
                    let from = if params.fixed_bits().is_some() { start } else { at };
                    let stream = &self.stream;
                    let slab = &mut slab;
                    at = super::decompress_blocks(
                        level, stream, from, params, scalar, slab, blocks,
                    )?;
                }
                Ok(at)
            });
            assert!(result.is_ok() && bytes == expected.1, "{} in parts", level.name());
            assert_eq!(result.map(|at| at.div_ceil(8)), Ok(self.stream.len() as u64));
        }
    }

    /// All levels read the same from this stream, and stop at the same place.
    fn check(&self, stream: &[u8], spread: isize, what: &str) {
        let expected = self.decode(None, stream, spread);
        for level in Level::tested() {
            let found = self.decode(Some(level), stream, spread);
            let Self { params, scalar, shape, .. } = self;
            let name = level.name();
            assert!(
                expected.0 == found.0,
                "{name}: {:?}, not {:?} of {what}, {scalar} {shape:?} {params:?}",
                found.0,
                expected.0
            );
            let first = expected.1.iter().zip(&found.1).position(|(a, b)| a != b);
            assert!(
                first.is_none(),
                "{name}: {what}, {scalar} {shape:?} {params:?} differ at byte {first:?}",
            );
        }
    }
}

/// Values of many sorts: noise on a plane, zeros, powers of two, sparse ones, any bits.
fn bytes(rng: &mut Rng, scalar: ScalarType, len: usize, kind: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len * scalar.size());
    for i in 0..len {
        let wide = rng.u64(..);
        let noise = rng.f64();
        let smooth = (i as f64 / 7.0).sin() + 1e-3 * noise;
        let value = match kind {
            0 => smooth,
            1 => smooth * 2f64.powi((i / 70) as i32 % 60 - 30),
            2 => f64::from(u8::from(rng.u32(..20) == 0)) * smooth,
            3 => 0.0,
            4 => f64::from(rng.i32(-50..50)),
            // The lowest planes of integers alone.
            7 if scalar == ScalarType::I32 => f64::from(rng.i32(-3..4)) * 2f64.powi(-24),
            7 => f64::from(rng.i32(-3..4)) * 2f64.powi(-50),
            _ => noise * 10f64.powi(rng.i32(-300..300)),
        };
        match scalar {
            ScalarType::F32 if kind == 6 => bytes.extend((wide as u32).to_le_bytes()),
            ScalarType::F64 | ScalarType::I64 if kind == 6 => bytes.extend(wide.to_le_bytes()),
            ScalarType::F32 => bytes.extend((value as f32).to_le_bytes()),
            ScalarType::F64 => bytes.extend(value.to_le_bytes()),
            ScalarType::I32 if kind == 6 => bytes.extend((wide as i32).to_le_bytes()),
            ScalarType::I32 => bytes.extend(((value * 2f64.powi(24)) as i32).to_le_bytes()),
            ScalarType::I64 => bytes.extend(((value * 2f64.powi(50)) as i64).to_le_bytes()),
        }
    }
    bytes
}

fn modes(scalar: ScalarType, dims: usize) -> Vec<Params> {
    let all = Params::default();
    let values = 1u32 << (2 * dims);
    let header = scalar.exponent_bits().map_or(0, |bits| 1 + bits);
    let fixed = |bits: u32| {
        let bits = bits.max(header).max(1);
        Params { minbits: bits, maxbits: bits, ..all }
    };
    vec![
        fixed(values / 2),
        fixed(values * 3 + 1),
        fixed(values * 8),
        fixed(values * 16 + 5),
        fixed(values * scalar.bits() + 40),
        Params { maxprec: 13, ..all },
        Params { maxprec: 30, ..all },
        Params { minexp: -9, ..all },
        Params { minexp: MIN_EXP - 1, ..all },
        Params { minexp: MIN_EXP - 1, minbits: 50, maxbits: values * 9 + 20, maxprec: 21 },
        Params { minbits: 40, maxbits: 60 + values * 4, maxprec: 25, minexp: -20 },
        Params { minbits: 2000, maxbits: MAX_BITS, maxprec: 64, minexp: -5 },
        Params { minexp: -14, ..fixed(values * 7 + 3) },
    ]
}

const SHAPES: [&[usize]; 11] = [
    &[530],
    &[3],
    &[41, 37],
    &[4, 33],
    &[7, 119],
    &[17, 13, 22],
    &[8, 4, 12],
    &[3, 5, 90],
    &[2, 1, 40],
    &[5, 6, 9, 7],
    &[4, 8, 4, 8],
];

fn cases(scalar: ScalarType, mut each: impl FnMut(&mut Rng, Case)) {
    let mut rng = Rng::with_seed(11);
    let mut turns = Turns::new(5);
    for shape in SHAPES {
        for params in modes(scalar, shape.len()) {
            for kind in 0..8 {
                if !turns.is_next() {
                    continue;
                }
                let values = bytes(&mut rng, scalar, shape.iter().product(), kind);
                let layout = Case { stream: vec![], start: 0, params, scalar, shape: shape.into() };
                let (strides, first, _) = layout.layout(1);
                let field = Field::from_bytes(&values, scalar, shape, &strides, first);
                let start = rng.u64(..200);
                let mut out = BitWriter::default();
                let written = field.and_then(|field| {
                    for _ in 0..start {
                        out.put(rng.u64(..2), 1)?;
                    }
                    let blocks = 0..field.grid().len();
                    serial::compress_blocks(
                        &field,
                        params,
                        NonFinitePolicy::Allow,
                        blocks,
                        &mut out,
                    )
                });
                assert_eq!(written, Ok(()));
                each(&mut rng, Case { stream: out.finish(8), start, ..layout });
            }
        }
    }
}

fn good_and_bad(scalar: ScalarType) {
    cases(scalar, |rng, case| {
        for spread in [1, 2, -1, 0] {
            case.check(&case.stream, spread, "a whole stream");
        }
        case.check_parts(rng);
        for _ in 0..3 {
            let len = rng.usize(..case.stream.len());
            case.check(&case.stream[..len], 1, "a cut stream");
        }
        let mut stream = case.stream.clone();
        for _ in 0..=stream.len() / 20 {
            let at = rng.usize(..stream.len());
            stream[at] ^= 1 << rng.u32(..8);
        }
        case.check(&stream, 1, "a changed stream");
        // Bytes of many ones or many zeros make long codes.
        let ones = [1, 2, 4, 7][rng.usize(..4)];
        for byte in &mut stream {
            *byte = (0..8).map(|bit| u8::from(rng.u32(..8) < ones) << bit).sum();
        }
        case.check(&stream, 1, "noise");
        stream.fill(rng.choice([0, 0xff, 0x55, 0xaa]).unwrap_or(0));
        case.check(&stream, 1, "the same bytes");
    });
}

#[test]
fn floats() {
    good_and_bad(ScalarType::F32);
}

#[test]
fn doubles() {
    good_and_bad(ScalarType::F64);
}

#[test]
fn integers() {
    good_and_bad(ScalarType::I32);
}

#[test]
fn long_integers() {
    good_and_bad(ScalarType::I64);
}

#[test]
fn short_blocks_of_every_length() {
    use ScalarType::{F32, F64, I32, I64};
    let mut rng = Rng::with_seed(13);
    for (scalar, bits) in [F32, F64, I32, I64].into_iter().zip([9, 12, 1, 1]) {
        for bits in bits..=70 {
            let (line, square) = (vec![300], vec![61, 18]);
            for (shape, ones) in [(&line, 0), (&line, 1), (&line, 3), (&square, 2), (&line, 6)] {
                let fixed = Params { minbits: bits, maxbits: bits, ..Params::default() };
                let few = Params { maxprec: rng.u32(1..65), ..fixed };
                let low = Params { minexp: rng.i32(-40..0), ..fixed };
                let byte = || (0..8).map(|bit| u8::from(rng.u32(..8) < ones) << bit).sum();
                let stream: Vec<u8> = std::iter::repeat_with(byte).take(1000).collect();
                // Blocks that may end before.
                let loose = Params { minbits: 1, ..fixed };
                for params in [fixed, few, low, loose] {
                    let case = Case {
                        stream: stream.clone(),
                        start: u64::from(bits) % 11,
                        params,
                        scalar,
                        shape: shape.clone(),
                    };
                    case.check(&stream, 1, "short blocks");
                }
            }
        }
    }
}

#[test]
fn short_blocks_of_long_runs() {
    let mut rng = Rng::with_seed(19);
    for scalar in ScalarType::ALL {
        for rare in [3, 6, 12, 25, 60, 200] {
            let bit = |rng: &mut Rng| u8::from(rng.u32(..rare) == 0);
            let stream: Vec<u8> =
                std::iter::repeat_with(|| (0..8).map(|at| bit(&mut rng) << at).sum())
                    .take(9000)
                    .collect();
            let all = Params { minexp: MIN_EXP - 1, ..Params::default() };
            let few = Params { maxprec: 1 + rng.u32(..64), ..Params::default() };
            let low = Params { minexp: rng.i32(-40..0), ..Params::default() };
            // Budgets that are just enough to go without a look at them, or too little.
            let room = Params { maxbits: 7 * scalar.bits() + rng.u32(..15), ..few };
            for params in [Params::default(), all, few, low, room] {
                let case = Case { stream: vec![], start: 3, params, scalar, shape: vec![300] };
                case.check(&stream, 1, "long runs");
                case.check(&stream[..2000], 1, "long runs that are cut");
            }
        }
    }
}

#[test]
fn blocks_side_by_side_of_many_lengths() {
    let mut rng = Rng::with_seed(17);
    let mut turns = Turns::new(7);
    for scalar in ScalarType::ALL {
        let (squares, cubes) = ([vec![3, 71], vec![4, 72]], [vec![2, 3, 71], vec![4, 4, 72]]);
        let squares = squares.into_iter().map(|shape| (shape, 1300));
        for (shape, longest) in squares.chain(cubes.into_iter().map(|shape| (shape, 4600))) {
            let mut bits = scalar.exponent_bits().map_or(0, |bits| 1 + bits);
            while bits < longest {
                // Ones, in eight bits: many zeros make long runs, many ones long codes.
                bits += 1 + bits / 24;
                for ones in [0, 1, 2, 3, 5, 7, 8] {
                    if !turns.is_next() {
                        continue;
                    }
                    let fixed = Params { minbits: bits, maxbits: bits, ..Params::default() };
                    let few = Params { maxprec: rng.u32(1..65), ..fixed };
                    let low = Params { minexp: rng.i32(-40..0), ..fixed };
                    let byte = || (0..8).map(|bit| u8::from(rng.u32(..8) < ones) << bit).sum();
                    let len = 18 * bits as usize / 8 + 200;
                    let stream: Vec<u8> = std::iter::repeat_with(byte).take(len).collect();
                    for params in [fixed, few, low] {
                        let (start, shape) = (u64::from(bits) % 11, shape.clone());
                        let case = Case { stream: vec![], start, params, scalar, shape };
                        case.check(&stream, rng.choice([1, 0]).unwrap_or(1), "blocks side by side");
                    }
                }
            }
        }
    }
}

/// What a machine is asked of bits, by its own instructions or without.
#[test]
fn bits_are_spread_over_bytes() {
    fn check<M: Machine, const K: u32>(machine: M, bits: u64) {
        let width = K + 1;
        let bits = bits & ((1 << (8 * width)) - 1);
        let expected: [u8; 8] =
            std::array::from_fn(|i| (bits >> (width * i as u32)) as u8 & ((1 << width) - 1));
        // What is above does not count.
        let above = 0xffff_ffff_u64 >> (8 * width) << (8 * width);
        assert_eq!(machine.spread::<K>(bits | above).to_le_bytes(), expected, "{K} {bits:x}");
    }
    fn all<M: Machine>(machine: M) {
        let mut rng = Rng::with_seed(23);
        for _ in 0..1000 {
            check::<M, 1>(machine, rng.u64(..));
            check::<M, 2>(machine, rng.u64(..));
            check::<M, 3>(machine, rng.u64(..));
        }
    }
    for level in Level::all() {
        match level {
            Level::Portable(machine) => all(machine),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(isa) => {
                if let Some(machine) = super::avx2::FastBits::new(isa) {
                    all(machine);
                }
                all(super::avx2::SlowBits::new(isa));
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(machine) => all(machine),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Level::Neon(machine) => all(machine),
        }
    }
}
