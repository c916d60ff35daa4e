//! Arrays of several slabs, and some beyond what 32 bits count.

use fastrand::Rng;
use zfp_wgpu::{Compressor, Device, Field, Mode, last_run};

use super::support::Value;
use super::support::data::{self, Kind};
use super::support::layout::{Layout, Memory};
use super::{How, check, fixed, gpu};

/// A few rows of all sorts, over and over.
fn rows<T: Value>(seed: u64, shape: &[usize], of_them: usize) -> Vec<T> {
    let mut some = shape.to_vec();
    some[0] = of_them;
    let some: Vec<T> = data::array(&mut Rng::with_seed(seed), &some, &Kind::ALL);
    let row = some.len() / of_them;
    (0..shape[0]).flat_map(|i| &some[i % of_them * row..][..row]).copied().collect()
}

/// 80 MiB: slabs of whole layers, whose streams begin anywhere in a word.
#[test]
fn slabs_of_layers() {
    let Some(gpu) = gpu() else { return };
    let shape = [277, 275, 278];
    let values: Vec<f32> = rows(81, &shape, 13);
    let memory = Memory::of(&values, &Layout::contiguous(&shape));
    check(&gpu, &memory, How::new(Mode::Rate(5.3)));
    check(&gpu, &memory, How::new(Mode::Rate(8.0)).bare());
}

/// 80 MiB in one dimension, the last block partial.
#[test]
fn slabs_of_a_line() {
    let Some(gpu) = gpu() else { return };
    let shape = [(20 << 20) + 3];
    let values: Vec<i32> = rows(82, &shape, 999_983);
    let memory = Memory::of(&values, &Layout::contiguous(&shape));
    check(&gpu, &memory, How::new(Mode::Rate(2.7)));
    // More words of a slab than a device takes groups of them in a row.
    check(&gpu, &memory, How::new(fixed(4 * 32 - 1)));
}

/// Backwards, and with gaps: slabs begin at their end of memory.
#[test]
fn slabs_of_other_layouts() {
    let Some(gpu) = gpu() else { return };
    let shape = [150, 149, 151];
    let values: Vec<f64> = rows(83, &shape, 7);
    for layout in &Layout::all(&shape)[1..6] {
        check(&gpu, &Memory::of(&values, layout), How::new(Mode::Rate(6.9)));
    }
}

/// A layer that no slab can hold: slabs of rows.
#[test]
fn slabs_of_rows() {
    let Some(gpu) = gpu() else { return };
    let shape = [3, 4100, 1030];
    let values: Vec<f32> = rows(84, &shape, 3);
    let memory = Memory::of(&values, &Layout::contiguous(&shape));
    check(&gpu, &memory, How::new(Mode::Rate(7.7)));
}

/// More than 2^32 bits of stream, of few values.
#[test]
fn more_than_32_bits_count() {
    let Some(gpu) = gpu() else { return };
    let values: Vec<i32> = rows(85, &[1_150_001], 9973);
    let memory = Memory::of(&values, &Layout::contiguous(&[1_150_001]));
    // More bits than any block needs: the rest of each is zeros.
    let stream = check(&gpu, &memory, How::new(fixed(16_387)));
    assert!(stream.len() > 1 << 29);
}

/// More than 4 GiB of values that take no memory.
#[test]
#[ignore = "takes half a minute on a software device"]
fn more_than_4_gib_of_values() {
    let Some(gpu) = gpu() else { return };
    let shape = [1200, 1024, 1024];
    let row: Vec<f32> = rows(86, &[1 << 16], 1009);
    let field = Field::strided(&row, &shape, &[0, 62, 1], 0).unwrap();
    let compressor = Compressor::new(Mode::Rate(1.1));
    let stream = compressor.clone().device(gpu).compress(&field).unwrap();
    let run = last_run().unwrap();
    assert!(run.gpu && run.input_bytes > 1 << 32, "{run:?}");
    println!("{:?}", run.seconds);
    assert!(stream == compressor.device(Device::Cpu).compress(&field).unwrap());
}
