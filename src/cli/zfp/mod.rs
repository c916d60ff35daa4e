//! LLNL's tool `zfp` by another name: the same flags, files, lines and exit codes.
//!
//! Everything is held in memory, as there. Output files appear whole or not at all, which
//! is new. Lines on standard error are the tool's own; behind those that tell of a failure
//! it leaves unexplained comes the reason.

mod options;
mod run;

use std::ffi::OsString;
use std::process::ExitCode;

use super::say;
use options::Options;

const USAGE: &str = "\
Usage: zfp <options>
Files (\"-\" is standard input or output):
  -i <path>              values to compress
  -z <path>              stream: to be written beside -i, to be read without it
  -o <path>              decompressed values to be written
Values (with -i, or without -h):
  -f | -d                float | double
  -t <i32|i64|f32|f64>   type by name
  -1 <nx>                1, 2, 3 or 4 dimensions; x varies fastest
  -2 <nx> <ny>
  -3 <nx> <ny> <nz>
  -4 <nx> <ny> <nz> <nw>
Mode (with -i, or without -h):
  -r <rate>              bits per value
  -p <precision>         bit planes per value
  -a <tolerance>         largest absolute error
  -R                     no loss
  -c <minbits> <maxbits> <maxprec> <minexp>
                         bits a block at least and at most (0: any number), bit planes
                         (0: all), exponent of the last plane (-1074: all)
Other:
  -h                     write or read a header that tells type, sizes and mode
  -s                     print what was lost, beside -i
  -q                     print nothing
  -x serial              one thread (default)
  -x omp[=<threads>[,<chunk>]]
                         several threads to compress; the bytes are the same
  -x gpu                 a GPU, at a fixed rate; -x cuda: one that is not software
";

/// Runs the tool with these arguments.
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Some(options) = Options::parse(arguments) else {
        say(&format!("zfp-wgpu version {}\n{USAGE}", env!("CARGO_PKG_VERSION")));
        return ExitCode::FAILURE;
    };
    match run::run(&options) {
        Ok(line) => {
            if !options.quiet {
                say(&format!("{line}\n"));
            }
            ExitCode::SUCCESS
        }
        Err(line) => {
            say(&format!("{line}\n"));
            ExitCode::FAILURE
        }
    }
}
