//! The library's compressors and decompressors, of what all functions are told alike.

use pyo3::prelude::*;
use zfp_wgpu::{Compressor, Decompressor, Mode};

use crate::options::{NonFinite, Truth, WordBits, limit, threads_of};
use crate::parts::Index;

/// Who compresses, on whatever device is said later.
pub(crate) fn compressor(
    mode: Mode,
    write_header: Truth,
    threads: Option<&Bound<'_, PyAny>>,
    word_bits: WordBits,
    nonfinite: NonFinite,
) -> PyResult<Compressor> {
    Ok(Compressor::new(mode)
        .header(write_header.0)
        .threads(threads_of(threads)?)
        .stream_word(word_bits.into())
        .non_finite(nonfinite.into()))
}

/// Who decompresses, on whatever device is said later.
pub(crate) fn decompressor(
    threads: Option<&Bound<'_, PyAny>>,
    max_output_bytes: Option<&Bound<'_, PyAny>>,
    index: Option<&Bound<'_, Index>>,
) -> PyResult<Decompressor> {
    let decompressor = Decompressor::new()
        .threads(threads_of(threads)?)
        .max_output_bytes(limit("max_output_bytes", max_output_bytes)?);
    Ok(match index {
        Some(index) => decompressor.index(&index.get().0),
        None => decompressor,
    })
}
