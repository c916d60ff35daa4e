//! The one error type. Every variant carries the numbers at fault.

use crate::scalar::ScalarType;

/// Why an array could not be compressed, or a stream not decompressed.
///
/// Axes are numbered as in NumPy: axis 0 is the slowest, the last one is zfp's x.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// zfp knows arrays of one to four dimensions.
    #[error("zfp compresses arrays of 1 to 4 dimensions, not {got}")]
    Dimensions {
        /// How many dimensions the array has.
        got: usize,
    },
    /// An axis has no values; zfp has no empty arrays.
    #[error("axis {axis} of shape {shape:?} is empty: there is nothing to compress")]
    Empty {
        /// The first axis of size zero.
        axis: usize,
        /// The whole shape.
        shape: Vec<usize>,
    },
    /// The array has more bytes than this machine can address.
    #[error("an array of shape {shape:?} is larger than memory can address")]
    ShapeOverflow {
        /// The shape at fault.
        shape: Vec<usize>,
    },
    /// There must be one stride for each axis.
    #[error("{strides} strides for {dims} dimensions")]
    StrideCount {
        /// How many dimensions the shape has.
        dims: usize,
        /// How many strides were given.
        strides: usize,
    },
    /// Shape and strides reach outside the memory they came with.
    #[error(
        "shape {shape:?} and its strides reach bytes {first} to {last} of a buffer of {len} bytes"
    )]
    OutOfBounds {
        /// The shape at fault.
        shape: Vec<usize>,
        /// Lowest byte reached.
        first: i128,
        /// One past the highest byte reached.
        last: i128,
        /// How many bytes there are.
        len: usize,
    },

    /// A rate must be a finite number of bits per value, and not negative.
    #[error("rate {rate} is not a finite, non-negative number of bits per value")]
    Rate {
        /// The rate asked for.
        rate: f64,
    },
    /// The rate rounds to blocks of no bits at all.
    #[error(
        "rate {rate} leaves 0 bits for a block of {values} integers: at least {smallest} is needed"
    )]
    RateZero {
        /// The rate asked for.
        rate: f64,
        /// Values in a block.
        values: u32,
        /// The smallest rate that gives a block one bit.
        smallest: f64,
    },
    /// The rate needs more bits a block than a header can say.
    #[error("rate {rate} needs {bits} bits a block, and the format holds at most {limit}")]
    RateTooLarge {
        /// The rate asked for.
        rate: f64,
        /// Bits a block at that rate.
        bits: f64,
        /// The most that a header can record.
        limit: u32,
    },
    /// A tolerance must be a finite number, and not negative.
    #[error("tolerance {tolerance} is not a finite, non-negative absolute error")]
    Tolerance {
        /// The tolerance asked for.
        tolerance: f64,
    },
    /// Expert mode: the least number of bits is above the most.
    #[error("minbits {minbits} is above maxbits {maxbits}")]
    BitLimits {
        /// Least bits a block.
        minbits: u32,
        /// Most bits a block.
        maxbits: u32,
    },
    /// Expert mode: more padding a block than a header can say.
    #[error("minbits {minbits} is above {limit}, the most that the format can record")]
    MinBits {
        /// Least bits a block.
        minbits: u32,
        /// The most that a header can record.
        limit: u32,
    },
    /// Expert mode: precision outside 1 to 64.
    #[error("maxprec {maxprec} is not in 1 to 64 bit planes")]
    MaxPrecision {
        /// Bit planes asked for.
        maxprec: u32,
    },
    /// Expert mode: a block could not even hold its own header.
    #[error(
        "maxbits {maxbits} is below the {header} bits that start each {scalar} block in this mode"
    )]
    BelowBlockHeader {
        /// Most bits a block.
        maxbits: u32,
        /// Bits of the block header.
        header: u32,
        /// The type of the values.
        scalar: ScalarType,
    },

    /// A NaN or an infinity met a lossy mode.
    #[error(
        "the value at index {index:?} is not finite, and lossy modes cannot keep it: use reversible mode, or allow non-finite values"
    )]
    NonFinite {
        /// Index of the first such value in C order.
        index: Vec<usize>,
    },

    /// A stream was finished before all pieces of its array were there.
    #[error("{missing} of the array's {values} values have not been compressed")]
    Unfinished {
        /// Values that are missing.
        missing: u64,
        /// Values of the whole array.
        values: u64,
    },

    /// The stream does not begin with zfp's magic number.
    #[error("not a zfp stream: it begins with {found:02x?}, not with 'zfp'")]
    NotZfp {
        /// The first bytes there are, at most four.
        found: Vec<u8>,
    },
    /// The stream was written by another version of the codec.
    #[error("the stream is of codec version {version}; only version 5 is known")]
    CodecVersion {
        /// The version found.
        version: u8,
    },
    /// The header's mode word stands for no legal parameters.
    #[error("the header's mode word {word:#x} stands for no legal compression parameters")]
    ModeWord {
        /// The word found.
        word: u64,
    },
    /// An axis does not fit its field in the header.
    #[error(
        "axis {axis} has {size} values, and a header for {dims} dimensions holds at most {limit}; without a header it can be compressed"
    )]
    ShapeTooLarge {
        /// The axis at fault.
        axis: usize,
        /// Its size.
        size: usize,
        /// The largest size that fits.
        limit: u64,
        /// The number of dimensions.
        dims: usize,
    },
    /// The stream ends before the array does.
    #[error("the stream is truncated: at least {needed} bytes are needed, and there are {got}")]
    Truncated {
        /// Bytes that the stream would at least have to have.
        needed: u64,
        /// Bytes it has.
        got: u64,
    },
    /// Decompression would make more than the caller allows.
    #[error("the stream decompresses to {bytes} bytes, above the limit of {limit}")]
    OutputLimit {
        /// Bytes of the decompressed array.
        bytes: u64,
        /// The caller's limit.
        limit: u64,
    },
    /// The system has no memory for the result.
    #[error("no memory for {bytes} bytes")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: u64,
    },
    /// The stream holds another type than the caller's array.
    #[error("the stream holds {stream} values, and the array holds {array}")]
    ScalarMismatch {
        /// What the header says.
        stream: ScalarType,
        /// What the caller's array is.
        array: ScalarType,
    },
    /// The stream holds another shape than the caller's array.
    #[error(
        "the stream holds an array of shape {stream:?}, and the array given has shape {array:?}"
    )]
    ShapeMismatch {
        /// What the header says.
        stream: Vec<usize>,
        /// What the caller's array is.
        array: Vec<usize>,
    },

    /// A block index does not begin with its magic number.
    #[error("not a block index: it begins with {found:02x?}, not with 'zfpi'")]
    NotIndex {
        /// The first bytes there are, at most four.
        found: Vec<u8>,
    },
    /// A block index was written in another version of its format.
    #[error("the block index is of version {version}; only version 1 is known")]
    IndexVersion {
        /// The version found.
        version: u8,
    },
    /// A block index is longer or shorter than it says.
    #[error("the block index takes {needed} bytes, and there are {got}")]
    IndexLength {
        /// Bytes that it would have.
        needed: u64,
        /// Bytes there are.
        got: u64,
    },
    /// A block index was changed since it was written.
    #[error("the block index is damaged: {reason}")]
    IndexDamaged {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A block index belongs to another stream than it is used with.
    #[error("the block index belongs to another stream: {reason}")]
    IndexForeign {
        /// In what they differ.
        reason: String,
    },
    /// An index cannot have entries that far apart.
    #[error("an index has an entry for every 1 to {limit} blocks, not for every {blocks}")]
    IndexSpacing {
        /// Blocks asked for.
        blocks: u32,
        /// The most there can be.
        limit: u32,
    },
    /// A region must have a range for each axis.
    #[error("{ranges} ranges for {dims} dimensions")]
    RangeCount {
        /// How many dimensions the array has.
        dims: usize,
        /// How many ranges were given.
        ranges: usize,
    },
    /// A region is empty, or reaches outside the array.
    #[error("the range {start}..{end} on axis {axis} is not a part of its {size} values")]
    Range {
        /// The first such axis.
        axis: usize,
        /// First value of the range.
        start: usize,
        /// One past its last value.
        end: usize,
        /// Values along the axis.
        size: usize,
    },
    /// A batch needs an array for each stream.
    #[error("{arrays} arrays for {streams} streams")]
    BatchCount {
        /// How many streams there are.
        streams: usize,
        /// How many arrays were given.
        arrays: usize,
    },

    /// A device was named in a way that means nothing.
    #[error("device {given:?} is none of auto, cpu, gpu, gpu:NAME and gpu:INDEX")]
    Device {
        /// What was given.
        given: String,
    },
    /// A GPU was asked for, and none is there, or none of that name.
    #[error("no GPU for {wanted:?}: {reason}")]
    NoGpu {
        /// What was asked for.
        wanted: String,
        /// Why there is none: no driver, no adapter, or other names only.
        reason: String,
    },
    /// A GPU was asked for, for what GPUs do not do here.
    #[error("not done on a GPU: {reason}")]
    GpuUnsupported {
        /// The mode or the size at fault.
        reason: String,
    },
    /// The GPU has no memory for the work.
    #[error("{adapter} has no memory for {bytes} bytes of buffers")]
    GpuOutOfMemory {
        /// The adapter's name.
        adapter: String,
        /// Bytes asked for.
        bytes: u64,
    },
    /// The GPU failed in mid-work.
    #[error("{adapter} failed: {reason}")]
    GpuFailed {
        /// The adapter's name.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
    /// The GPU and the CPU gave different bytes or values.
    #[error("{adapter} and the CPU differ in block {block}")]
    GpuDiffers {
        /// The adapter's name.
        adapter: String,
        /// The first block that differs, in the order of the stream.
        block: u64,
    },
    /// The GPU gave other bytes or values than the CPU before, and is not used any more.
    #[error("{adapter} is not used any more: {reason}")]
    GpuDistrusted {
        /// The adapter's name.
        adapter: String,
        /// What was seen.
        reason: String,
    },

    /// The environment variable `ZFP_WGPU_CPU` names instructions that this CPU does not
    /// have, or that are none.
    #[error("ZFP_WGPU_CPU={given:?} is none of this machine's {available:?}")]
    CpuLevel {
        /// What the variable says.
        given: String,
        /// What it may say here, the fastest last.
        available: Vec<&'static str>,
    },
    /// The threads asked for could not be had.
    #[error("{threads} threads cannot be started: {reason}")]
    Threads {
        /// The number asked for.
        threads: usize,
        /// What the system or the limit says.
        reason: String,
    },
}

/// `Result` with this crate's [`Error`](enum@Error).
pub type Result<T> = std::result::Result<T, Error>;
