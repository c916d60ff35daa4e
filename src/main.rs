//! The command `zfp-wgpu`, and, under the name `zfp`, a stand-in for LLNL's tool.

#![forbid(unsafe_code)]

// Lines for people, put together once.
#[allow(clippy::format_push_string)]
mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
