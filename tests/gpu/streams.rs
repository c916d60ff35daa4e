//! Streams of whatever origin: the GPU's for the CPU, LLNL's, and random bits.

use fastrand::Rng;
use zfp_wgpu::{Decompressor, Device, Error, Mode, Params, ScalarType};

use super::parity::modes;
use super::support::data::{self, Kind};
use super::support::golden::{self, Golden, fnv1a};
use super::support::layout::{Layout, Memory};
use super::support::{Value, block_count, same_bits};
use super::{How, check, check_back, fixed, for_all_kernels, gpu};

/// What one device writes the other reads, and each reads its own.
#[test]
fn streams_are_interchangeable() {
    fn crossed<T: Value>(shape: &[usize]) {
        let Some(gpu) = gpu() else { return };
        let values: Vec<T> = data::array(&mut Rng::with_seed(51), shape, &Kind::ALL);
        let memory = Memory::of(&values, &Layout::contiguous(shape));
        let how = How::new(Mode::Rate(11.3));
        let mut results = Vec::new();
        for from in [&Device::Cpu, &gpu] {
            let stream = how.compressor(from.clone()).compress(&memory.field()).unwrap();
            for to in [&Device::Cpu, &gpu] {
                let decompressor = Decompressor::new().device(to.clone());
                let array = decompressor.decompress::<T>(&stream).unwrap();
                assert_eq!(array.shape, shape);
                results.push(array.values);
            }
        }
        assert!(results.iter().all(|result| same_bits(result, &results[0])));
    }
    crossed::<i32>(&[5000]);
    crossed::<i64>(&[61, 67]);
    crossed::<f32>(&[17, 18, 19]);
    crossed::<f64>(&[17, 18, 19]);
}

/// Streams of LLNL's zfp, at a fixed rate, both ways.
#[test]
fn streams_of_llnl() {
    fn one<T: Value>(gpu: &Device, golden: &Golden) {
        let values: Vec<T> = golden.values();
        let memory = Memory::of(&values, &Layout::contiguous(&golden.shape));
        let how = How { header: golden.header, ..How::new(golden.mode) };
        assert!(check(gpu, &memory, how) == golden.stream(), "{}", golden.name);
        let found = how.decompress(&golden.stream(), gpu.clone(), &memory);
        assert_eq!(fnv1a(&found.items), golden.fnv1a, "{}", golden.name);
    }
    let Some(gpu) = gpu() else { return };
    let manifest = golden::manifest();
    let fixed_rate = |golden: &Golden| matches!(golden.mode, Mode::Rate(_));
    let mut rows = 0;
    for golden in manifest.lines().skip(1).map(Golden::parse).filter(fixed_rate) {
        match golden.scalar {
            "i32" => one::<i32>(&gpu, &golden),
            "i64" => one::<i64>(&gpu, &golden),
            "f32" => one::<f32>(&gpu, &golden),
            _ => one::<f64>(&gpu, &golden),
        }
        rows += 1;
    }
    assert!(rows >= 32, "{rows}");
}

/// Bytes with many or few ones, or runs of the one and the other.
fn noise(rng: &mut Rng, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        let sort = rng.u8(..8);
        for _ in 0..rng.usize(1..200) {
            bytes.push(match sort {
                0 => 0,
                1 => 0xff,
                2 => rng.u8(..) & rng.u8(..) & rng.u8(..),
                3 => rng.u8(..) | rng.u8(..) | rng.u8(..),
                _ => rng.u8(..),
            });
        }
    }
    bytes.truncate(len);
    bytes
}

/// Any bits stand for some values, among them infinite, subnormal and vanishing ones.
fn random_bits<T: Value>(dims: usize) {
    let Some(gpu) = gpu() else { return };
    let mut rng = Rng::with_seed(52);
    let shape = &[&[6003][..], &[81, 90], &[21, 22, 23], &[9, 10, 11, 9]][dims - 1];
    let blocks = block_count(shape);
    let like = Memory::of(&vec![T::default(); shape.iter().product()], &Layout::contiguous(shape));
    for (number, mode) in modes::<T>(dims as u32).into_iter().enumerate() {
        let bits = mode.params(T::TYPE, dims).unwrap().maxbits as usize;
        // As long as need be, or longer.
        let spare = [0, 1, 7, 64][number % 4];
        let stream = noise(&mut rng, (blocks * bits).div_ceil(8) + spare);
        check_back(&gpu, &stream, &like, How::new(mode).bare());
    }
}
for_all_kernels!(random_bits);

/// Each exponent that there is, above blocks whose bits are by chance, or few.
#[test]
fn all_exponents() {
    fn all<T: Value>() {
        let Some(gpu) = gpu() else { return };
        let mut rng = Rng::with_seed(53);
        let exponents = 1usize << T::EXPONENT_BITS;
        let like =
            Memory::of(&vec![T::default(); 4 * exponents], &Layout::contiguous(&[4 * exponents]));
        for words in [2, 3, 5] {
            let mut stream = Vec::new();
            for exponent in 0..exponents as u64 {
                let mut block = noise(&mut rng, 8 * words);
                let mut head = u64::from_le_bytes(block[..8].try_into().unwrap());
                head &= u64::MAX << (1 + T::EXPONENT_BITS);
                if exponent % 3 == 0 {
                    // The highest planes empty: values far below the exponent.
                    head &= u64::MAX << (1 + T::EXPONENT_BITS + rng.u32(..30));
                }
                head |= 1 | exponent << 1;
                block[..8].copy_from_slice(&head.to_le_bytes());
                stream.extend(block);
            }
            let mode = fixed(64 * words as u32);
            check_back(&gpu, &stream, &like, How::new(mode).bare());
            let Mode::Expert(params) = mode else { return };
            let params = Params { minexp: -150, maxprec: 20, ..params };
            check_back(&gpu, &stream, &like, How::new(Mode::Expert(params)).bare());
        }
    }
    all::<f32>();
    all::<f64>();
}

/// A stream that ends too soon is refused before any device sees it.
#[test]
fn cut_streams() {
    let Some(gpu) = gpu() else { return };
    let decompressor = Decompressor::new().device(gpu);
    let mode = Mode::Rate(9.0);
    let params = mode.params(ScalarType::F32, 1).unwrap();
    let bytes = (1000 / 4 * params.maxbits as usize).div_ceil(8);
    let cut = decompressor.decompress_headerless::<f32>(&vec![0; bytes - 1], mode, &[1000]);
    let (needed, got) = (bytes as u64, bytes as u64 - 1);
    assert_eq!(cut, Err(Error::Truncated { needed, got }));
    let whole = decompressor.decompress_headerless::<f32>(&vec![0; bytes], mode, &[1000]);
    assert_eq!(whole, Ok(vec![0.0; 1000]));
}
