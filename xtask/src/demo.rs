//! `cargo xtask demo`: the main job on real data.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::python::install_wheel;
use crate::shell::{self, command, root, target};

pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<()> {
    let python = install_wheel("demo")?;
    // The script runs elsewhere, so paths are made whole here.
    let here = env::current_dir()?;
    let arrays = arguments.map(|array| here.join(array));
    let out: PathBuf = target().join("demo");
    shell::run(
        command(python).arg(root().join("examples/demo.py")).arg("--out").arg(out).args(arrays),
    )
}
