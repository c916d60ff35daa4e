//! The command, over the library's public interface only.
//!
//! | module | purpose |
//! |---|---|
//! | `zfp` | the flags and lines of LLNL's tool |
//! | `output` | files that appear whole or not at all |
//! | `errors` | what was lost: largest error, RMSE, PSNR |
//! | `printf` | numbers as C prints them |

mod errors;
mod output;
mod printf;
mod zfp;

use std::env;
use std::path::Path;
use std::process::ExitCode;

/// The name under which the command is LLNL's tool.
const ZFP: &str = "zfp";

/// Runs the command with the process's arguments.
pub(crate) fn main() -> ExitCode {
    let mut arguments = env::args_os();
    let program = arguments.next().unwrap_or_default();
    if Path::new(&program).file_stem().is_some_and(|name| name == ZFP) {
        return zfp::main(arguments);
    }
    if arguments.next().is_some_and(|first| first == ZFP) {
        return zfp::main(arguments);
    }
    ExitCode::FAILURE
}
