//! The command `zfp-wgpu`, and, under the name `zfp`, a stand-in for LLNL's tool.

#![forbid(unsafe_code)]

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
