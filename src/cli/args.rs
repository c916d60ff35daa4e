//! The arguments, by clap.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use zfp_wgpu::{Compressor, Decompressor, Device, Mode, Params, ScalarType};

use super::bench::Bench;

/// zfp compression of arrays, byte-identical with LLNL's zfp, on the CPU or any GPU.
#[derive(Debug, Parser)]
#[command(name = "zfp-wgpu", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compress a .npy file or raw values
    Compress(Compress),
    /// Decompress a stream to a .npy file or raw values
    Decompress(Decompress),
    /// Tell what streams hold
    Info(Info),
    /// List the GPUs that there are
    Devices,
    /// Measure speed and errors, and write an HTML page with plots
    Bench(Bench),
    /// Be LLNL's zfp: its flags, lines and exit codes (a link called `zfp` does the same)
    #[command(disable_help_flag = true)]
    Zfp {
        /// As that tool has them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "flags are")]
pub(crate) struct Compress {
    /// Values to compress: a .npy file, or raw little-endian values; - is standard input
    pub(crate) input: PathBuf,
    /// Stream to write; - is standard output
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) how: How,
    /// Leave out the header, without which a reader must be told type, shape and mode
    #[arg(long)]
    pub(crate) no_header: bool,
    /// Pad the stream's end to whole bytes instead of 64-bit words
    #[arg(long)]
    pub(crate) pad_to_bytes: bool,
    /// Let lossy modes make what they will of NaN and infinity
    #[arg(long)]
    pub(crate) allow_non_finite: bool,
    /// Do not decompress again to see what was lost
    #[arg(long)]
    pub(crate) no_errors: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Decompress {
    /// Stream to read; - is standard input
    pub(crate) input: PathBuf,
    /// Values to write, as .npy if the name ends so; - is standard output
    pub(crate) output: PathBuf,
    /// Write .npy, whatever the name
    #[arg(long, conflicts_with = "raw")]
    pub(crate) npy: bool,
    /// Write raw values, whatever the name
    #[arg(long)]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) how: How,
}

#[derive(Debug, Args)]
pub(crate) struct Info {
    /// Streams; - is standard input
    #[arg(required = true)]
    pub(crate) streams: Vec<PathBuf>,
}

/// What either direction is told.
#[derive(Debug, Args)]
pub(crate) struct How {
    #[command(flatten)]
    pub(crate) mode: ModeChoice,
    #[command(flatten)]
    pub(crate) values: Values,
    #[command(flatten)]
    pub(crate) means: Means,
}

/// How much to keep. One of them to compress; none to decompress a stream with a header.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct ModeChoice {
    /// Bits per value
    #[arg(long, short = 'r', value_name = "BITS", allow_hyphen_values = true)]
    rate: Option<f64>,
    /// Bit planes per value
    #[arg(long, short = 'p', value_name = "PLANES", allow_hyphen_values = true)]
    precision: Option<u32>,
    /// Largest absolute error
    #[arg(long, short = 'a', value_name = "ERROR", allow_hyphen_values = true)]
    tolerance: Option<f64>,
    /// No loss
    #[arg(long, short = 'R')]
    reversible: bool,
    /// The parameters themselves: MINBITS,MAXBITS,MAXPREC,MINEXP
    #[arg(long, short = 'e', value_name = "PARAMETERS", allow_hyphen_values = true)]
    #[arg(value_delimiter = ',', num_args = 1)]
    expert: Option<Vec<i64>>,
}

impl ModeChoice {
    /// The mode asked for, if one was.
    pub(crate) fn mode(&self) -> Result<Option<Mode>> {
        let mode = self.rate.map(Mode::Rate);
        let mode = mode.or(self.precision.map(Mode::Precision));
        let mode = mode.or(self.tolerance.map(Mode::Accuracy));
        let mode = mode.or(self.reversible.then_some(Mode::Reversible));
        let Some(expert) = &self.expert else { return Ok(mode) };
        let [minbits, maxbits, maxprec, minexp] = expert[..] else {
            bail!("--expert takes 4 numbers, minbits,maxbits,maxprec,minexp, not {}", expert.len());
        };
        let count = |name: &str, value: i64| {
            u32::try_from(value).with_context(|| format!("{name} cannot be {value}"))
        };
        Ok(Some(Mode::Expert(Params {
            minbits: count("minbits", minbits)?,
            maxbits: count("maxbits", maxbits)?,
            maxprec: count("maxprec", maxprec)?,
            minexp: i32::try_from(minexp).with_context(|| format!("minexp cannot be {minexp}"))?,
        })))
    }
}

/// What raw values are.
#[derive(Debug, Args)]
pub(crate) struct Values {
    /// Shape of raw values as NumPy has it, the last axis fastest: 10,20,30
    #[arg(long, short, value_delimiter = ',', num_args = 1)]
    pub(crate) shape: Option<Vec<usize>>,
    /// Type of raw values: f32, f64, i32 or i64
    #[arg(long, short = 't', value_name = "TYPE", value_parser = scalar)]
    pub(crate) dtype: Option<ScalarType>,
}

/// Who does the work, and what is said about it.
#[derive(Debug, Args)]
pub(crate) struct Means {
    #[arg(
        long,
        short,
        help = "auto, cpu, gpu, gpu:NAME or gpu:INDEX [default: \
        $ZFP_WGPU_DEVICE, or auto]"
    )]
    device: Option<Device>,
    /// Threads to use [default: one for each processor]
    #[arg(long)]
    threads: Option<usize>,
    /// Have the CPU check all that a GPU makes
    #[arg(long)]
    validate: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl Means {
    /// The device asked for, by the flag or else by the environment.
    pub(crate) fn device(&self) -> Result<Device> {
        match &self.device {
            Some(device) => Ok(device.clone()),
            None => Ok(Device::from_env()?),
        }
    }

    pub(crate) fn compressor(&self, mode: Mode) -> Result<Compressor> {
        let compressor = Compressor::new(mode).device(self.device()?).threads(self.threads);
        Ok(compressor.validate(self.validate))
    }

    pub(crate) fn decompressor(&self) -> Result<Decompressor> {
        let decompressor = Decompressor::new().device(self.device()?).threads(self.threads);
        Ok(decompressor.validate(self.validate))
    }

    /// To see what was lost: no device is worth waiting for.
    pub(crate) fn checker(&self) -> Decompressor {
        Decompressor::new().device(Device::Cpu).threads(self.threads)
    }
}

/// A type by the name it has here or in NumPy.
pub(crate) fn scalar(name: &str) -> Result<ScalarType, String> {
    match name {
        "f32" | "float32" | "float" => Ok(ScalarType::F32),
        "f64" | "float64" | "double" => Ok(ScalarType::F64),
        "i32" | "int32" => Ok(ScalarType::I32),
        "i64" | "int64" => Ok(ScalarType::I64),
        _ => Err("the types are f32, f64, i32 and i64".to_owned()),
    }
}
