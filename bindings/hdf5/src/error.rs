//! Why a filter fails, for HDF5's error stack.

/// What HDF5's users read when a dataset cannot be made, written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The dataset's type is none of zfp's.
    #[error(
        "zfp compresses 32- and 64-bit integers and floating-point numbers, not {bytes} bytes of HDF5's type class {class}"
    )]
    Type {
        /// `H5T_class_t`.
        class: i32,
        /// Bytes of one value.
        bytes: usize,
    },
    /// Chunks have more axes than zfp.
    #[error("zfp compresses chunks of 1 to 4 axes longer than 1, not {got} as in {shape:?}")]
    Dimensions {
        /// Axes longer than 1.
        got: usize,
        /// The whole shape.
        shape: Vec<u64>,
    },
    /// What comes to zfp are no values any more.
    #[error(
        "HDF5's filter {0} comes before zfp, which would lose parts of its bytes as if they were values: zfp must be the first filter, or reversible"
    )]
    NotFirst(i32),
    /// The user's numbers ask for nothing that there is.
    #[error("{0:?} are no cd_values of H5Z-ZFP: (mode 1 to 5, 0, parameters...)")]
    Requested(Vec<u32>),
    /// The numbers stored with a dataset hold no header.
    #[error("the dataset's cd_values {0:x?} hold no zfp header")]
    Stored(Vec<u32>),
    /// A chunk is not as long as the dataset's header says.
    #[error("a chunk of {got} bytes, where the dataset's zfp header says {expected}")]
    ChunkBytes {
        /// Bytes of the array in the header.
        expected: u64,
        /// Bytes that came.
        got: usize,
    },
    /// The codec said no.
    #[error(transparent)]
    Zfp(#[from] zfp_wgpu::Error),
    /// A NaN or an infinity met a lossy mode.
    #[error("{0} by the variable ZFP_WGPU_NONFINITE=allow")]
    NonFinite(zfp_wgpu::Error),
    /// There is no memory for a chunk.
    #[error("no memory for a chunk of {0} bytes")]
    Memory(usize),
    /// HDF5 did not answer.
    #[error("HDF5 did not give {0}")]
    Hdf5(&'static str),
    /// The library that called does not show its functions, or has other ones.
    #[error(
        "the HDF5 library that called is older than 1.10 or does not export its functions: with it zfp can only read"
    )]
    NoHdf5,
    /// A bug here, caught at the border.
    #[error("zfp-wgpu panicked")]
    Panic,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;
