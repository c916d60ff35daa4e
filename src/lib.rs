//! zfp compression of floating-point and integer arrays of 1 to 4 dimensions,
//! byte-identical with the reference implementation.
//!
//! zfp ([P. Lindstrom, 2014](https://doi.org/10.1109/TVCG.2014.2346458)) cuts an array
//! into blocks of 4^d values, decorrelates each with a transform, and codes its bit
//! planes from the top until the block has what it is allowed: a number of bits, of
//! planes, or an error.
//!
//! ```
//! use zfp_wgpu::{Field, Mode, compress, decompress};
//!
//! let values: Vec<f32> = (0..4096).map(|i| (i as f32 / 50.0).sin()).collect();
//! let stream = compress(&Field::new(&values, &[64, 64])?, Mode::Accuracy(1e-3))?;
//! let array = decompress::<f32>(&stream)?;
//! assert!(stream.len() < 4096 * 4 / 2);
//! assert!(values.iter().zip(&array.values).all(|(a, b)| (a - b).abs() <= 1e-3));
//! # Ok::<(), zfp_wgpu::Error>(())
//! ```
//!
//! # What lives where
//!
//! A module uses only modules above it in this list.
//!
//! | module | purpose |
//! |---|---|
//! | `error` | [`Error`](enum@Error), the only error type |
//! | `report` | [`Run`]: what the last call did, and where |
//! | `scalar` | [`Scalar`]: the four types of values |
//! | `bitstream` | bits in little-endian words |
//! | `memory` | memory for results: huge pages, parts for threads |
//! | `threads` | threads to work on, kept between calls |
//! | `block` | one block: cast, transform, order, bit planes; [`Params`] |
//! | `field` | [`Field`]: shape, strides, blocks in and out of memory |
//! | `mode`, `header` | [`Mode`] ↔ [`Params`] ↔ [`Header`] |
//! | `index` | [`Index`]: where the blocks of a stream begin |
//! | `cpu` | drivers over all blocks: `serial`, the specification, `simd`, and threads; parts of arrays |
//! | `gpu` | the same at a fixed rate, by WGSL kernels (feature `gpu`) |
//! | `device` | [`Device`]: which of them does the work, and why |
//! | `codec` | [`Compressor`] and [`Decompressor`], both [in pieces](StreamCompressor), regions and batches |
//! | `array` | the same for `ndarray` (feature `ndarray`) |

// `cpu::simd` and `memory` alone have some, and tests/floors.rs sees to that.
#![deny(unsafe_code)]

mod bitstream;
mod block;
mod codec;
mod cpu;
mod device;
mod error;
mod field;
mod header;
mod index;
mod memory;
mod mode;
mod report;
mod scalar;
mod threads;

#[cfg(feature = "gpu")]
pub mod gpu;

#[cfg(feature = "ndarray")]
mod array;

pub use block::{
    MAX_BITS, MAX_PREC, MAX_RECORDED_BITS, MIN_BITS, MIN_EXP, NonFinitePolicy, Params,
};
pub use codec::{
    Compressor, Decompressed, Decompressor, Piece, Pieces, StreamCompressor, StreamDecompressor,
    StreamWord, compress, decompress,
};
pub use device::{
    DEVICE_VARIABLE, Device, DeviceInfo, DeviceKind, Selector, devices, stop_starting,
    wait_until_started,
};
pub use error::{Error, Result};
pub use field::{Field, FieldMut};
pub use header::Header;
pub use index::Index;
#[doc(hidden)]
pub use memory::in_huge_pages;
pub use mode::Mode;
pub use report::{Run, Seconds, last_run};
pub use scalar::{Scalar, ScalarType};

/// The examples of the README, which are tested with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
