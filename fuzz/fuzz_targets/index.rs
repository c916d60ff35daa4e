//! Whatever the bytes: with an index and without, whole and in parts, the values are the
//! same; and bytes that are an index give an error or the same values.
//!
//! `cargo +nightly fuzz run index`

#![no_main]

use libfuzzer_sys::fuzz_target;
use zfp_wgpu::{Decompressor, Header, Index, ScalarType};

fuzz_target!(|input: (&[u8], &[u8], u8, [u8; 8])| {
    let (bytes, forged, every, corners) = input;
    let stream = [b"zfp\x05", bytes].concat();
    let forged = Index::from_bytes(&[b"zfpi\x01", forged].concat());
    let decompressor = Decompressor::new().max_output_bytes(1 << 22).threads(2);
    let whole = decompressor.clone().threads(1).decompress::<f32>(&stream);
    let Ok(header) = Header::read(&stream) else { return };
    if header.scalar != ScalarType::F32 {
        return;
    }
    let (Ok(whole), Ok(index)) = (whole, Index::of(&stream, u32::from(every) + 1)) else { return };
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(Index::from_bytes(&index.to_bytes()).as_ref(), Ok(&index));
    for index in [Some(index), forged.ok()].into_iter().flatten() {
        if let Ok(found) = decompressor.clone().index(&index).decompress::<f32>(&stream) {
            assert_eq!(bits(&found.values), bits(&whole.values));
        }
    }
    let axes = whole.shape.iter().zip(corners.chunks(2));
    let ranges: Vec<_> = axes.map(|(&n, c)| c[0] as usize % n..c[1] as usize % n + 1).collect();
    if ranges.iter().all(|range| !range.is_empty()) {
        let part = decompressor.decompress_region::<f32>(&stream, &ranges).unwrap();
        assert_eq!(part.shape.iter().product::<usize>(), part.values.len());
    }
});
