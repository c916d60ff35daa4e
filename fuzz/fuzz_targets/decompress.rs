//! Whatever the bytes, decompression gives an array or an error, and the same on
//! several threads.
//!
//! `cargo +nightly fuzz run decompress`

#![no_main]

use libfuzzer_sys::fuzz_target;
use zfp_wgpu::{Decompressor, Header, Scalar, ScalarType};

fn check<T: Scalar>(stream: &[u8]) {
    let decompressor = Decompressor::new().max_output_bytes(1 << 22);
    let one = decompressor.clone().threads(1).decompress::<T>(stream);
    let two = decompressor.threads(2).decompress::<T>(stream);
    match (one, two) {
        // By their text, since NaN is not equal to itself.
        (Ok(one), Ok(two)) => assert_eq!(format!("{one:?}"), format!("{two:?}")),
        (one, two) => assert!(one.is_err() && two.is_err()),
    }
}

fuzz_target!(|bytes: &[u8]| {
    // With the magic number in front, or nearly nothing would get past it.
    let stream = [b"zfp\x05", bytes].concat();
    let Ok(header) = Header::read(&stream) else { return };
    match header.scalar {
        ScalarType::I32 => check::<i32>(&stream),
        ScalarType::I64 => check::<i64>(&stream),
        ScalarType::F32 => check::<f32>(&stream),
        ScalarType::F64 => check::<f64>(&stream),
    }
});
