//! What the flags ask for, done in the tool's order, so that the first failure is the same.

use std::io::{Read, Write as _};
use std::path::Path;

use zfp_wgpu::{
    Compressor, Decompressor, Device, DeviceKind, Error, Field, FieldMut, Mode, NonFinitePolicy,
    ScalarType, Selector, StreamWord, devices,
};

use super::options::{Execution, Options, Wanted};
use crate::cli::errors::Errors;
use crate::cli::output::{Output, open};
use crate::cli::printf::{general, hundredths};

/// A line for standard error, with which the tool ends.
type Result<T> = std::result::Result<T, String>;

/// Does it all, and returns the line that sums it up.
pub(super) fn run(options: &Options) -> Result<String> {
    check(options)?;
    let mut array = Array::new(options);
    let values = match &options.input {
        Some(path) => Some(read_values(path, array.bytes()?)?),
        None => None,
    };
    let mut stream = match (&values, &options.stream) {
        (None, Some(path)) => read_stream(path)?,
        _ => Vec::new(),
    };
    // An input without a mode has been refused, and a stream without one has a header.
    let mode = match options.wanted {
        Some(wanted) if values.is_some() || !options.header => Some(array.mode(wanted)?),
        _ => None,
    };
    let (device, threads) = execution(options.execution)?;

    if let (Some(values), Some(mode)) = (&values, mode) {
        let compressor = Compressor::new(mode)
            .header(options.header)
            .stream_word(StreamWord::Bits8)
            .non_finite(NonFinitePolicy::Allow)
            .device(device.clone())
            .threads(threads);
        stream = array.compress(&compressor, values)?;
        if let Some(path) = &options.stream {
            write(path, &stream, "compressed")?;
        }
    }

    let mut decoded = Vec::new();
    if values.is_none() || options.output.is_some() || options.statistics {
        let decompressor = Decompressor::new().device(device).threads(threads);
        if options.header {
            array = Array::of_header(&stream)?;
        }
        if values.is_none() && matches!(options.execution, Execution::Threads(_)) {
            // LLNL's tool has no threads to decompress by; after compressing it uses none.
            return Err("decompression failed".to_owned());
        }
        let mode = mode.filter(|_| !options.header);
        decoded = array.decompress(&decompressor, &stream, mode)?;
        if let Some(path) = &options.output {
            write(path, &decoded, "output")?;
        }
    }
    let lost = values.filter(|_| options.statistics).map(|values| {
        let mut errors = Errors::default();
        errors.add(array.scalar, &values, &decoded);
        errors
    });
    Ok(array.summary(stream.len(), lost.as_ref()))
}

/// Refuses what is incomplete or contradicts itself.
fn check(options: &Options) -> Result<()> {
    let Options { input, stream, scalar, sizes, wanted, header, .. } = options;
    let refuse = |line: &str| Err(line.to_owned());
    if sizes.contains(&0) {
        return refuse("array size must be nonzero");
    }
    if input.is_none() && stream.is_none() {
        return refuse("must specify uncompressed or compressed input file via -i or -z");
    }
    let missing = [
        (scalar.is_none(), "scalar type via -f, -d, or -t"),
        (sizes.is_empty(), "array dimensions via -1, -2, -3, or -4"),
        (wanted.is_none(), "compression parameters via -a, -c, -p, or -r"),
    ];
    for (missing, what) in missing {
        if missing && input.is_some() {
            return Err(format!("must specify {what} to compress"));
        }
        if missing && !header {
            return Err(format!("must specify {what} or header via -h to decompress"));
        }
    }
    if options.statistics && input.is_none() {
        return refuse("must specify input file via -i to compute stats");
    }
    if input.is_none() && *header && (scalar.is_some() || !sizes.is_empty()) {
        return refuse("cannot specify both field type/size and header");
    }
    Ok(())
}

/// The GPU or the threads to use.
fn execution(execution: Execution) -> Result<(Device, Option<usize>)> {
    let gpu = Device::Gpu(Selector::Any);
    match execution {
        Execution::Serial => Ok((Device::Cpu, Some(1))),
        Execution::Threads(threads) => Ok((Device::Cpu, threads.map(|threads| threads.min(1024)))),
        Execution::Gpu if devices().is_empty() => Err("gpu execution not available".to_owned()),
        // The first device is in software only if all are.
        Execution::Cuda if devices().first().is_none_or(|gpu| gpu.kind == DeviceKind::Software) => {
            Err("cuda execution not available".to_owned())
        }
        Execution::Gpu | Execution::Cuda => Ok((gpu, None)),
    }
}

/// Type and shape of the values.
struct Array {
    scalar: ScalarType,
    /// The slowest axis first.
    shape: Vec<usize>,
}

impl Array {
    fn new(options: &Options) -> Self {
        // Where they are missing, they come from a header.
        let scalar = options.scalar.unwrap_or(ScalarType::F32);
        Self { scalar, shape: options.sizes.iter().rev().map(|&size| size as usize).collect() }
    }

    fn of_header(stream: &[u8]) -> Result<Self> {
        let header = zfp_wgpu::Header::read(stream);
        let header = header.map_err(|_| "incorrect or missing header".to_owned())?;
        Ok(Self { scalar: header.scalar, shape: header.shape })
    }

    fn bytes(&self) -> Result<usize> {
        let bytes = |bytes: usize, &size: &usize| bytes.checked_mul(size);
        let bytes = self.shape.iter().try_fold(self.scalar.size(), bytes);
        bytes.ok_or_else(|| "cannot allocate memory".to_owned())
    }

    /// The mode, if it makes sense for these values.
    fn mode(&self, wanted: Wanted) -> Result<Mode> {
        let mode = wanted.mode(self.scalar);
        match mode.params(self.scalar, self.shape.len()) {
            Ok(_) => Ok(mode),
            Err(Error::RateZero { .. }) => Err("compression failed".to_owned()),
            Err(_) => Err("invalid compression parameters".to_owned()),
        }
    }

    /// Strides of the values in bytes.
    fn strides(&self) -> Vec<isize> {
        let mut stride = self.scalar.size() as isize;
        let mut strides: Vec<isize> = Vec::with_capacity(self.shape.len());
        for &size in self.shape.iter().rev() {
            strides.push(stride);
            stride = stride.saturating_mul(size as isize);
        }
        strides.reverse();
        strides
    }

    fn compress(&self, compressor: &Compressor, values: &[u8]) -> Result<Vec<u8>> {
        let field = Field::from_bytes(values, self.scalar, &self.shape, &self.strides(), 0);
        let stream = field.and_then(|field| compressor.compress(&field));
        stream.map_err(|error| match error {
            Error::ShapeTooLarge { .. } => "cannot write header".to_owned(),
            error => format!("compression failed: {error}"),
        })
    }

    /// All values; `mode` is that of a stream without a header.
    fn decompress(
        &self,
        decompressor: &Decompressor,
        stream: &[u8],
        mode: Option<Mode>,
    ) -> Result<Vec<u8>> {
        let mut values = Vec::new();
        let bytes = self.bytes()?;
        let inspected = match mode {
            Some(mode) => decompressor.inspect_headerless(stream, mode, self.scalar, &self.shape),
            None => decompressor.inspect(stream).map(drop),
        };
        inspected
            .and_then(|()| {
                values
                    .try_reserve_exact(bytes)
                    .map_err(|_| Error::OutOfMemory { bytes: bytes as u64 })?;
                values.resize(bytes, 0);
                let field = FieldMut::from_bytes(
                    &mut values,
                    self.scalar,
                    &self.shape,
                    &self.strides(),
                    0,
                )?;
                match mode {
                    Some(mode) => decompressor.decompress_headerless_into(stream, mode, field),
                    None => decompressor.decompress_into(stream, field),
                }
            })
            .map_err(|error| format!("decompression failed: {error}"))?;
        Ok(values)
    }

    /// Sizes, ratio and bits per value, and what was lost.
    fn summary(&self, stream: usize, lost: Option<&Errors>) -> String {
        let name = match self.scalar {
            ScalarType::I32 => "int32",
            ScalarType::I64 => "int64",
            ScalarType::F32 => "float",
            ScalarType::F64 => "double",
        };
        let [nx, ny, nz, nw] =
            std::array::from_fn(|axis| self.shape.iter().rev().nth(axis).copied().unwrap_or(1));
        let values = self.shape.iter().product::<usize>();
        let raw = values * self.scalar.size();
        let ratio = general(raw as f64 / stream as f64, 3);
        let rate = general(8.0 * stream as f64 / values as f64, 4);
        let mut line = format!(
            "type={name} nx={nx} ny={ny} nz={nz} nw={nw} raw={raw} zfp={stream} ratio={ratio} rate={rate}"
        );
        if let Some(lost) = lost {
            let [rmse, relative, most] =
                [lost.rmse(), lost.relative(), lost.most].map(|error| general(error, 4));
            let psnr = hundredths(lost.psnr_of_half_range());
            line += &format!(" rmse={rmse} nrmse={relative} maxe={most} psnr={psnr}");
        }
        line
    }
}

fn read_values(path: &Path, bytes: usize) -> Result<Vec<u8>> {
    let file = open(path).map_err(|_| "cannot open input file".to_owned())?;
    let mut values = Vec::new();
    // More than that is left alone.
    let read = file.take(bytes as u64).read_to_end(&mut values);
    match read {
        Ok(read) if read == bytes => Ok(values),
        _ => Err("cannot read input file".to_owned()),
    }
}

fn read_stream(path: &Path) -> Result<Vec<u8>> {
    let mut file = open(path).map_err(|_| "cannot open compressed file".to_owned())?;
    let mut stream = Vec::new();
    match file.read_to_end(&mut stream) {
        Ok(_) => Ok(stream),
        Err(_) => Err("cannot read compressed file".to_owned()),
    }
}

fn write(path: &Path, bytes: &[u8], what: &str) -> Result<()> {
    let mut file = Output::create(path).map_err(|_| format!("cannot create {what} file"))?;
    let written = file.write_all(bytes).and_then(|()| file.commit());
    written.map_err(|_| format!("cannot write {what} file"))
}
