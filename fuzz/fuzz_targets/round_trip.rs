//! Any bits at all, in any shape, come back from reversible mode; and any legal
//! parameters give a stream that can be decompressed.
//!
//! `cargo +nightly fuzz run round_trip`

#![no_main]

use libfuzzer_sys::fuzz_target;
use zfp_wgpu::{Compressor, Decompressor, Field, Mode, NonFinitePolicy, Params};

#[derive(arbitrary::Arbitrary, Debug)]
struct Input {
    shape: Vec<u8>,
    limits: (u16, u16, u8, i16),
    bits: Vec<u32>,
}

fuzz_target!(|input: Input| {
    let shape: Vec<usize> = input.shape.iter().take(4).map(|&n| usize::from(n % 16)).collect();
    let values: Vec<f32> = input.bits.iter().map(|&bits| f32::from_bits(bits)).collect();
    let Ok(field) = Field::new(&values, &shape) else { return };

    let stream = Compressor::new(Mode::Reversible).compress(&field).unwrap();
    let back = Decompressor::new().decompress::<f32>(&stream).unwrap();
    assert!(back.values.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits()));

    let (minbits, maxbits, maxprec, minexp) = input.limits;
    let (minbits, maxbits) = (minbits.into(), maxbits.into());
    let params = Params { minbits, maxbits, maxprec: maxprec.into(), minexp: minexp.into() };
    let compressor = Compressor::new(Mode::Expert(params)).non_finite(NonFinitePolicy::Allow);
    if let Ok(stream) = compressor.compress(&field) {
        Decompressor::new().decompress::<f32>(&stream).unwrap();
    }
});
