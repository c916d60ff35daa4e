//! `ndarray` views, transposed and reversed, through a stream and back.
//!
//! `cargo run --example views --features ndarray`

use ndarray::{Array, s};
use zfp_wgpu::{Compressor, Decompressor, Mode};

fn main() -> zfp_wgpu::Result<()> {
    let array = Array::from_shape_fn((60, 80), |(y, x)| (x as f64 / 9.0).sin() + y as f64 / 60.0);
    let compressor = Compressor::new(Mode::Reversible);

    // Any view goes in as it lies in memory; what comes out is in C order.
    let transposed = compressor.compress_array(&array.t())?;
    assert_eq!(Decompressor::new().decompress_array::<f64>(&transposed)?, array.t().into_dyn());

    // Or it goes into a view: here into every other row, from the last to the first.
    let mut target = Array::<f64, _>::zeros((120, 80));
    let stream = compressor.compress_array(&array)?;
    Decompressor::new().decompress_into_array(&stream, &mut target.slice_mut(s![..;-2, ..]))?;
    assert_eq!(target.slice(s![..;-2, ..]), array);

    println!("{} values in {} bytes, without loss", array.len(), stream.len());
    Ok(())
}
