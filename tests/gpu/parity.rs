//! Types, dimensions, rates, shapes and layouts.

use fastrand::Rng;
use zfp_wgpu::{Header, Mode, NonFinitePolicy, Params, StreamWord};

use super::support::Value;
use super::support::data::{self, Kind};
use super::support::layout::{Layout, Memory};
use super::{How, check, fixed, for_all_kernels, gpu};

/// Bits of a block's head, the fewest that a block can have.
pub(super) fn fewest_bits<T: Value>() -> u32 {
    1 + T::EXPONENT_BITS
}

/// Fixed sizes of blocks: from the smallest, by way of odd ones, to more than there is to
/// say; with few planes, and with exponents below which nothing counts.
pub(super) fn modes<T: Value>(dims: u32) -> [Mode; 11] {
    let expert = |bits, maxprec, minexp| {
        Mode::Expert(Params { minbits: bits, maxbits: bits, maxprec, minexp })
    };
    [
        fixed(fewest_bits::<T>()),
        fixed(fewest_bits::<T>() + 1),
        Mode::Rate(2.6),
        Mode::Rate(5.3),
        Mode::Rate(7.3),
        Mode::Rate(8.0),
        Mode::Rate(16.0),
        Mode::Rate(f64::from(T::BITS)),
        Mode::Rate(f64::from(T::BITS + 3)),
        expert((17 << (2 * dims)) / 3 + 1, 11, -30),
        expert(32 << (2 * dims), 64, 7),
    ]
}

/// One block or a few, whole and partial along each axis, and thin ones.
fn shapes(dims: usize) -> [&'static [usize]; 11] {
    match dims {
        1 => [&[1], &[2], &[3], &[4], &[5], &[7], &[8], &[13], &[16], &[63], &[1003]],
        2 => [
            &[1, 1],
            &[3, 5],
            &[4, 4],
            &[5, 3],
            &[8, 9],
            &[9, 8],
            &[1, 70],
            &[70, 1],
            &[2, 33],
            &[6, 2],
            &[33, 30],
        ],
        3 => [
            &[1, 1, 1],
            &[3, 5, 7],
            &[4, 4, 4],
            &[5, 4, 4],
            &[4, 5, 4],
            &[4, 4, 5],
            &[1, 1, 50],
            &[50, 1, 2],
            &[2, 60, 1],
            &[3, 2, 1],
            &[9, 13, 11],
        ],
        _ => [
            &[1, 1, 1, 1],
            &[3, 5, 7, 2],
            &[4, 4, 4, 4],
            &[5, 4, 4, 4],
            &[4, 5, 4, 4],
            &[4, 4, 5, 4],
            &[4, 4, 4, 5],
            &[1, 1, 1, 30],
            &[30, 1, 2, 1],
            &[1, 2, 3, 1],
            &[5, 9, 6, 7],
        ],
    }
}

/// Each layout meets each mode; headers and words change in between.
fn layouts<T: Value>(dims: usize) {
    let Some(gpu) = gpu() else { return };
    let mut rng = Rng::with_seed(31);
    let modes = modes::<T>(dims as u32);
    let mut number = 0;
    for shape in shapes(dims) {
        let values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
        for layout in Layout::all(shape) {
            let how = How {
                mode: modes[number % modes.len()],
                header: number % 4 < 2,
                word: [StreamWord::Bits8, StreamWord::Bits64][number % 2],
                policy: NonFinitePolicy::Error,
            };
            check(&gpu, &Memory::of(&values, &layout), how);
            number += 1;
        }
    }
}
for_all_kernels!(layouts);

/// Each mode meets each kind of block, hundreds of them.
fn kinds<T: Value>(dims: usize) {
    let Some(gpu) = gpu() else { return };
    let mut rng = Rng::with_seed(32);
    let shape = &[&[4001][..], &[61, 70], &[15, 17, 18], &[6, 9, 13, 10]][dims - 1];
    for mode in modes::<T>(dims as u32) {
        let values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
        let memory = Memory::of(&values, &Layout::contiguous(shape));
        check(&gpu, &memory, How::new(mode));
    }
    // Whole arrays of one kind, at a rate at which no block begins with a word.
    for kind in Kind::ALL {
        let values: Vec<T> = data::array(&mut rng, shape, &[kind]);
        let memory = Memory::of(&values, &Layout::contiguous(shape));
        check(&gpu, &memory, How::new(Mode::Rate(9.7)).bare());
    }
}
for_all_kernels!(kinds);

/// Few planes, and all exponents as the one below which nothing counts.
fn experts<T: Value>(dims: usize) {
    let Some(gpu) = gpu() else { return };
    let mut rng = Rng::with_seed(33);
    let shape = &[&[203][..], &[21, 22], &[9, 10, 11], &[3, 6, 5, 9]][dims - 1];
    let layout = Layout::contiguous(shape);
    for (maxprec, minexp) in [
        (1, -1074),
        (2, -1074),
        (T::BITS / 2, -1074),
        (T::BITS - 1, -1074),
        (64, -1073),
        (64, -140),
        (30, -20),
        (5, 0),
        (64, 60),
        (64, 1023),
        (64, 5000),
        (64, i32::MAX / 2),
    ] {
        let values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
        let bits = rng.u32(fewest_bits::<T>()..(T::BITS << (2 * dims)) + 40);
        let params = Params { minbits: bits, maxbits: bits, maxprec, minexp };
        check(&gpu, &Memory::of(&values, &layout), How::new(Mode::Expert(params)));
    }
}
for_all_kernels!(experts);

/// The bit at which the first block begins is 0, 96 or 148.
#[test]
fn headers_are_short_and_long() {
    let Some(gpu) = gpu() else { return };
    let shape = [5, 9, 7, 4];
    let values: Vec<f32> = data::array(&mut Rng::with_seed(34), &shape, &Kind::ALL);
    let memory = Memory::of(&values, &Layout::contiguous(&shape));
    // Blocks of up to 2048 bits, of more, and of those that are not whole words.
    for (rate, bits) in [(8.0, 96), (8.5, 148), (7.9, 96), (11.03, 148)] {
        for word in [StreamWord::Bits8, StreamWord::Bits64] {
            let how = How { word, ..How::new(Mode::Rate(rate)) };
            let stream = check(&gpu, &memory, how);
            assert_eq!(Header::read(&stream).unwrap().bits, bits);
            check(&gpu, &memory, how.bare());
        }
    }
}

/// More blocks than a device takes groups of them in a row.
#[test]
fn many_blocks() {
    fn many<T: Value>(shape: &[usize]) {
        let Some(gpu) = gpu() else { return };
        let mut rng = Rng::with_seed(35);
        let values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
        let memory = Memory::of(&values, &Layout::contiguous(shape));
        let odd = fixed(fewest_bits::<T>() + 8);
        for mode in [fixed(fewest_bits::<T>()), odd, Mode::Rate(8.0)] {
            check(&gpu, &memory, How::new(mode));
        }
    }
    many::<i32>(&[65_537 * 4 + 1]);
    many::<f64>(&[65_537 * 4 + 1]);
    many::<f32>(&[4, 65_536 * 4 + 2]);
    many::<i64>(&[70_000 * 4, 1]);
    many::<i32>(&[40_000, 28, 2]);
}

/// What chance makes of types, shapes, modes, layouts and data.
#[test]
fn by_chance() {
    fn one<T: Value>(rng: &mut Rng, dims: usize) {
        let Some(gpu) = gpu() else { return };
        let most = [3000, 70, 20, 10][dims - 1];
        let shape: Vec<usize> = (0..dims)
            .map(|_| if rng.u8(..) < 60 { rng.usize(1..6) } else { rng.usize(1..=most) })
            .collect();
        let bits = rng.u32(fewest_bits::<T>()..=(T::BITS + 2) << (2 * dims));
        let maxprec = if rng.bool() { 64 } else { rng.u32(1..=64) };
        let minexp = if rng.bool() { -1074 } else { rng.i32(-1074..300) };
        let params = Params { minbits: bits, maxbits: bits, maxprec, minexp };
        let layouts = Layout::all(&shape);
        let kinds: Vec<Kind> = (0..3).map(|_| Kind::ALL[rng.usize(..Kind::ALL.len())]).collect();
        let values: Vec<T> = data::array(rng, &shape, &kinds);
        let how = How {
            mode: Mode::Expert(params),
            header: rng.bool(),
            word: [StreamWord::Bits8, StreamWord::Bits64][rng.usize(..2)],
            policy: NonFinitePolicy::Error,
        };
        check(&gpu, &Memory::of(&values, &layouts[rng.usize(..layouts.len())]), how);
    }
    for seed in 0..400 {
        let mut rng = Rng::with_seed(0xc0de + seed);
        let dims = [1, 2, 3, 4][rng.usize(..4)];
        match rng.u8(..4) {
            0 => one::<i32>(&mut rng, dims),
            1 => one::<i64>(&mut rng, dims),
            2 => one::<f32>(&mut rng, dims),
            _ => one::<f64>(&mut rng, dims),
        }
    }
}
