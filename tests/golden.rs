//! Streams of LLNL's zfp 1.0.1, as its Python package makes them, must come out the same.
//!
//! `golden/make.py` made them, and tells how to add more.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::Value;
use support::golden::{self, Golden, fnv1a};
use zfp_wgpu::{Compressor, Decompressor, Field, Header, StreamWord};

fn check<T: Value>(golden: &Golden) {
    let Golden { name, ref shape, mode, header, .. } = *golden;
    let stream = golden.stream();
    let values: Vec<T> = golden.values();
    let field = Field::new(&values, shape).unwrap();

    let compressor = Compressor::new(mode).header(header);
    assert!(compressor.compress(&field).unwrap() == stream, "{name}: the stream");
    let short = compressor.stream_word(StreamWord::Bits8).compress(&field).unwrap();
    assert!(stream.starts_with(&short) && stream.len() - short.len() < 8, "{name}: a prefix");
    assert!(stream[short.len()..].iter().all(|&byte| byte == 0), "{name}: the padding");

    for stream in [&stream, &short] {
        let decompressor = Decompressor::new();
        let decoded = if header {
            let array = decompressor.decompress::<T>(stream).unwrap();
            assert_eq!(array.shape, *shape, "{name}");
            array.values
        } else {
            decompressor.decompress_headerless(stream, mode, shape).unwrap()
        };
        assert_eq!(fnv1a(&decoded), golden.fnv1a, "{name}: the values");
    }
    if header {
        let header = Header::read(&stream).unwrap();
        assert_eq!((header.scalar, &header.shape), (T::TYPE, shape), "{name}");
        assert_eq!(header.params, mode.params(T::TYPE, shape.len()).unwrap(), "{name}");
    }
}

#[test]
fn streams_are_those_of_llnl() {
    let manifest = golden::manifest();
    let mut rows = 0;
    for golden in manifest.lines().skip(1).map(Golden::parse) {
        match golden.scalar {
            "i32" => check::<i32>(&golden),
            "i64" => check::<i64>(&golden),
            "f32" => check::<f32>(&golden),
            "f64" => check::<f64>(&golden),
            other => panic!("an unknown type: {other}"),
        }
        rows += 1;
    }
    // A manifest cut short should not pass.
    let streams = std::fs::read_dir(golden::folder()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "zfp")
    });
    assert_eq!(rows, streams.count());
    assert!(rows >= 90, "{rows}");
}
