//! GPUs through the public API: the same bytes and values as the CPU's, whatever the
//! array, the mode and the device.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod automatic;
mod choice;
mod large;
mod not_finite;
mod parity;
mod streams;

use support::layout::Memory;
use support::{Value, same_bits};
use zfp_wgpu::{
    Compressor, Decompressor, Device, Mode, NonFinitePolicy, Params, Selector, StreamWord, devices,
    last_run,
};

/// The GPU to test, or word that there is none.
fn gpu() -> Option<Device> {
    if !devices().is_empty() {
        return Some(Device::Gpu(Selector::Any));
    }
    let required = std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1");
    assert!(!required, "REQUIRE_GPU=1, and there is no adapter");
    println!("SKIPPED: no adapter");
    None
}

/// How to compress, but for the device.
#[derive(Debug, Clone, Copy)]
struct How {
    mode: Mode,
    header: bool,
    word: StreamWord,
    policy: NonFinitePolicy,
}

impl How {
    /// With a header, and in whole words.
    fn new(mode: Mode) -> Self {
        Self { mode, header: true, word: StreamWord::Bits64, policy: NonFinitePolicy::Error }
    }

    /// The same without a header.
    fn bare(self) -> Self {
        Self { header: false, ..self }
    }

    fn compressor(self, device: Device) -> Compressor {
        let Self { mode, header, word, policy } = self;
        let compressor = Compressor::new(mode).header(header).stream_word(word);
        compressor.non_finite(policy).threads(1).device(device)
    }

    /// A stream back into memory of the same layout, with a pattern between the values.
    fn decompress<T: Value>(self, stream: &[u8], device: Device, like: &Memory<T>) -> Memory<T> {
        let decompressor = Decompressor::new().threads(1).device(device);
        let mut target = like.blank();
        let field = target.field_mut();
        if self.header {
            decompressor.decompress_into(stream, field).unwrap();
        } else {
            decompressor.decompress_headerless_into(stream, self.mode, field).unwrap();
        }
        target
    }
}

/// Blocks of this many bits, and nothing else to stop them.
fn fixed(bits: u32) -> Mode {
    Mode::Expert(Params { minbits: bits, maxbits: bits, ..Params::default() })
}

/// The GPU must make the CPU's bytes of an array, and read them back as the CPU does.
/// Returns the stream.
fn check<T: Value>(gpu: &Device, memory: &Memory<T>, how: How) -> Vec<u8> {
    let what = || format!("{} {:?} {how:?}", T::TYPE, memory.layout);
    let expected = how.compressor(Device::Cpu).compress(&memory.field()).unwrap();
    let stream = how.compressor(gpu.clone()).compress(&memory.field());
    let stream = stream.unwrap_or_else(|error| panic!("{error}: {}", what()));
    assert!(last_run().unwrap().gpu);
    if stream != expected {
        let at = stream.iter().zip(&expected).position(|(a, b)| a != b);
        panic!("byte {at:?} of {} and {}: {}", stream.len(), expected.len(), what());
    }
    check_back(gpu, &stream, memory, how);
    stream
}

/// The GPU must make of a stream what the CPU makes of it, and leave alone what lies
/// between the values.
fn check_back<T: Value>(gpu: &Device, stream: &[u8], like: &Memory<T>, how: How) {
    let found = how.decompress(stream, gpu.clone(), like);
    assert!(last_run().unwrap().gpu);
    let expected = how.decompress(stream, Device::Cpu, like);
    if !same_bits(&found.items, &expected.items) {
        let (a, b) = (&found.items, &expected.items);
        let at = (0..a.len()).find(|&i| a[i].word() != b[i].word()).unwrap();
        let (a, b) = (a[at].word(), b[at].word());
        panic!("value {at}: {a:#x}, not {b:#x}: {} {:?} {how:?}", T::TYPE, like.layout);
    }
}

/// A test for each type and number of dimensions.
macro_rules! for_all_kernels {
    ($body:ident) => {
        for_all_kernels! { $body:
            i32_1d: i32, 1; i64_1d: i64, 1; f32_1d: f32, 1; f64_1d: f64, 1;
            i32_2d: i32, 2; i64_2d: i64, 2; f32_2d: f32, 2; f64_2d: f64, 2;
            i32_3d: i32, 3; i64_3d: i64, 3; f32_3d: f32, 3; f64_3d: f64, 3;
            i32_4d: i32, 4; i64_4d: i64, 4; f32_4d: f32, 4; f64_4d: f64, 4;
        }
    };
    ($body:ident: $($name:ident: $type:ty, $dims:literal;)*) => {
        mod $body {
            $(#[test]
            fn $name() {
                super::$body::<$type>($dims);
            })*
        }
    };
}
use for_all_kernels;
