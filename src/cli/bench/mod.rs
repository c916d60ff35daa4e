//! `zfp-wgpu bench`.

use std::path::PathBuf;

use clap::Args;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Page to write
    #[arg(long)]
    pub(crate) html: PathBuf,
}

pub(crate) fn run(arguments: &Bench) -> anyhow::Result<()> {
    let _ = arguments;
    Ok(())
}
