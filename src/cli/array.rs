//! Arrays in files: .npy, or raw values whose type and shape the user tells.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use npyz::{DType, NpyHeader, Order, TypeStr, WriterBuilder as _};
use zfp_wgpu::{Piece, ScalarType};

use super::args::Values;
use super::output::{fill, open};

/// The first bytes of a .npy file.
const MAGIC: &[u8] = b"\x93NUMPY";
/// Most bytes of a piece that is read, compressed and written at once.
const PIECE: usize = 32 << 20;

/// Type and shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) scalar: ScalarType,
    /// The slowest axis first.
    pub(crate) shape: Vec<usize>,
}

impl Kind {
    /// Values in the array; no more than memory could address, as bytes.
    pub(crate) fn values(&self) -> Result<u64> {
        let values = self.shape.iter().try_fold(1usize, |values, &size| values.checked_mul(size));
        let bytes = values.and_then(|values| values.checked_mul(self.scalar.size()));
        ensure!(bytes.is_some(), "an array of shape {} is too large", self.shape_text());
        Ok(values.unwrap_or(0) as u64)
    }

    pub(crate) fn bytes(&self) -> Result<u64> {
        Ok(self.values()? * self.scalar.size() as u64)
    }

    pub(crate) fn shape_text(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        sizes.join(" × ")
    }

    /// Strides in bytes, of a C-ordered array of this type.
    pub(crate) fn strides(scalar: ScalarType, shape: &[usize]) -> Vec<isize> {
        let behind = |axis: usize| shape[axis + 1..].iter().product::<usize>();
        (0..shape.len()).map(|axis| (behind(axis) * scalar.size()) as isize).collect()
    }

    /// Most values of a piece. Where a file cannot be read or written but from its start to
    /// its end, a piece holds whole layers of blocks.
    pub(crate) fn piece_values(&self, in_order: bool) -> usize {
        let most = PIECE / self.scalar.size();
        let layer = self.shape.iter().skip(1).product::<usize>().saturating_mul(4);
        if in_order { most.max(layer) } else { most }
    }

    /// What precedes the values in a .npy file.
    pub(crate) fn npy_header(&self) -> Result<Vec<u8>> {
        let shape: Vec<u64> = self.shape.iter().map(|&size| size as u64).collect();
        let name = match self.scalar {
            ScalarType::I32 => "<i4",
            ScalarType::I64 => "<i8",
            ScalarType::F32 => "<f4",
            ScalarType::F64 => "<f8",
        };
        let dtype = DType::new_scalar(name.parse::<TypeStr>()?);
        match self.scalar {
            ScalarType::I32 => npy_header::<i32>(dtype, &shape),
            ScalarType::I64 => npy_header::<i64>(dtype, &shape),
            ScalarType::F32 => npy_header::<f32>(dtype, &shape),
            ScalarType::F64 => npy_header::<f64>(dtype, &shape),
        }
    }
}

fn npy_header<T: npyz::Serialize>(dtype: DType, shape: &[u64]) -> Result<Vec<u8>> {
    let mut header = Vec::new();
    let options = npyz::WriteOptions::<T>::new().dtype(dtype).shape(shape);
    // The values are written elsewhere.
    drop(options.writer(&mut header).begin_nd()?);
    Ok(header)
}

/// An array to be read, in pieces.
pub(crate) struct Source {
    file: File,
    pub(crate) kind: Kind,
    /// Where the values begin.
    start: u64,
    /// Whether it can be read but from its start to its end.
    pub(crate) in_order: bool,
    /// What was read of the values to find out about them.
    ahead: Vec<u8>,
}

impl Source {
    /// Opens an array and finds out what it is. A file must be just as long as it should.
    pub(crate) fn open(path: &Path, told: &Values) -> Result<Self> {
        let mut file = open(path).context("cannot be opened")?;
        let metadata = file.metadata()?;
        ensure!(!metadata.is_dir(), "is a folder");
        let mut ahead = vec![0; MAGIC.len()];
        let read = fill(&mut file, &mut ahead)?;
        ahead.truncate(read);

        let in_order = !metadata.is_file();
        let (kind, start) = if ahead == MAGIC {
            let mut counted = Counted { inner: (&ahead[..]).chain(&mut file), read: 0 };
            let header = NpyHeader::from_reader(&mut counted);
            let header = header.context("has a header that NumPy did not write")?;
            let start = counted.read;
            ahead.clear();
            (kind_of(&header, told)?, start)
        } else {
            let (Some(scalar), Some(shape)) = (told.dtype, told.shape.clone()) else {
                bail!("is not a .npy file: raw values need --dtype and --shape");
            };
            (Kind { scalar, shape }, 0)
        };
        let dims = kind.shape.len();
        ensure!((1..=4).contains(&dims), "has {dims} dimensions, and zfp takes 1 to 4");
        ensure!(!kind.shape.contains(&0), "is empty, of shape {}", kind.shape_text());
        let bytes = kind.bytes()?;
        if !in_order {
            let found = metadata.len().saturating_sub(start);
            let text = kind.shape_text();
            ensure!(
                found == bytes,
                "has {found} bytes of values, and {text} of type {} are {bytes}",
                kind.scalar
            );
        }
        Ok(Self { file, kind, start, in_order, ahead })
    }

    /// Reads the values of a piece.
    pub(crate) fn read(&mut self, piece: &Piece, values: &mut Vec<u8>) -> Result<()> {
        let size = self.kind.scalar.size();
        values.resize(piece.values() * size, 0);
        if self.in_order {
            let begun = self.ahead.len().min(values.len());
            values[..begun].copy_from_slice(&self.ahead[..begun]);
            self.ahead.drain(..begun);
            let read = begun + fill(&mut self.file, &mut values[begun..])?;
            let text = self.kind.shape_text();
            let scalar = self.kind.scalar;
            ensure!(read == values.len(), "ends too early for {text} of type {scalar}");
            return Ok(());
        }
        let (starts, length) = piece.runs(&self.kind.shape);
        for (start, run) in starts.into_iter().zip(values.chunks_exact_mut(length * size)) {
            self.file.seek(SeekFrom::Start(self.start + start * size as u64))?;
            // It was long enough when it was opened.
            self.file.read_exact(run).context("became shorter")?;
        }
        Ok(())
    }

    /// An error if anything follows the values.
    pub(crate) fn finish(mut self) -> Result<()> {
        let surplus = !self.ahead.is_empty() || fill(&mut self.file, &mut [0])? > 0;
        if self.in_order && surplus {
            let text = self.kind.shape_text();
            bail!("goes on behind the values of {text} of type {}", self.kind.scalar);
        }
        Ok(())
    }
}

/// Type and shape of a .npy file, if zfp can have them and they are what the user told.
fn kind_of(header: &NpyHeader, told: &Values) -> Result<Kind> {
    let DType::Plain(name) = header.dtype() else {
        bail!("holds structures, and zfp takes float32, float64, int32 or int64");
    };
    let name = name.to_string();
    let scalar = match name.as_str() {
        "<f4" => ScalarType::F32,
        "<f8" => ScalarType::F64,
        "<i4" => ScalarType::I32,
        "<i8" => ScalarType::I64,
        ">f4" | ">f8" | ">i4" | ">i8" => {
            bail!("holds big-endian values ({name}): convert them by astype('{}')", &name[1..])
        }
        _ => bail!("holds {name}, and zfp takes float32, float64, int32 or int64"),
    };
    if header.order() == Order::Fortran && header.shape().len() > 1 {
        bail!("is in Fortran order: save it by np.save(…, np.ascontiguousarray(…))");
    }
    let shape = header.shape().iter().map(|&size| usize::try_from(size));
    let shape: Vec<usize> = shape.collect::<Result<_, _>>().context("is too large")?;
    let kind = Kind { scalar, shape };
    if told.shape.as_ref().is_some_and(|shape| *shape != kind.shape) {
        bail!("has the shape {}, not the one of --shape", kind.shape_text());
    }
    if told.dtype.is_some_and(|dtype| dtype != scalar) {
        bail!("holds {scalar}, not the type of --dtype");
    }
    Ok(kind)
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}
