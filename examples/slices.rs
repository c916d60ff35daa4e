//! Compress a slice, look at the stream's header, decompress into memory of our own.
//!
//! `cargo run --example slices`

use zfp_wgpu::{Compressor, Decompressor, Field, FieldMut, Header, Mode};

fn main() -> zfp_wgpu::Result<()> {
    // A wave on a grid of 32 × 48 × 64; the last axis is zfp's x.
    let shape = [32, 48, 64];
    let values: Vec<f32> = (0..32 * 48 * 64)
        .map(|i| (i % 64) as f32 / 10.0 + ((i / 64 % 48) as f32 / 7.0).sin())
        .collect();
    let field = Field::new(&values, &shape)?;

    for mode in [Mode::Rate(8.0), Mode::Precision(16), Mode::Accuracy(1e-3), Mode::Reversible] {
        let stream = Compressor::new(mode).compress(&field)?;
        let header = Header::read(&stream)?;

        let mut again = vec![0f32; values.len()];
        let target = FieldMut::new(&mut again, &header.shape)?;
        Decompressor::new().decompress_into(&stream, target)?;

        let error = values.iter().zip(&again).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let bits = 8.0 * stream.len() as f64 / values.len() as f64;
        println!("{mode:?}: {bits:.2} bits per value, largest error {error:e}");
    }
    Ok(())
}
