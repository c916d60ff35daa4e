//! `cargo xtask bench --html FILE`: the page of `zfp-wgpu bench`, with real arrays and, where
//! they can be built, LLNL zfp and zfp-rs.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::{self, cargo, command, root, target};
use crate::{bench, python};

/// Where Debian's package `ferret-datasets` has the earth's elevation.
const ETOPO5: &str = "/usr/share/ferret-vis/data/etopo5.cdf";

/// Measures, and writes the page; arguments are those of `zfp-wgpu bench`.
pub(crate) fn run(arguments: Vec<String>) -> Result<()> {
    let folder = target().join("bench");
    fs::create_dir_all(&folder)?;
    let mut extra = Vec::new();
    // A file that is not the value of an option.
    let is_array = |(i, argument): (usize, &String)| {
        let behind_option = i > 0 && arguments[i - 1].starts_with("--");
        !behind_option && fs::exists(argument).unwrap_or(false)
    };
    if !arguments.iter().enumerate().any(is_array) {
        match arrays(&folder) {
            Ok(arrays) => extra.extend(arrays.into_iter().map(|path| path.display().to_string())),
            Err(error) => println!("SKIPPED: real arrays (offline?): {error:#}"),
        }
    }
    let figures = folder.join("peers.tsv");
    if bench::figures(&figures)? {
        extra.extend(["--peers".to_owned(), figures.display().to_string()]);
    }
    shell::run(cargo().args(["build", "--quiet", "--release", "--features", "cli"]))?;
    let program = format!("zfp-wgpu{}", env::consts::EXE_SUFFIX);
    // Where the user stands, so that the page is written there.
    let program = target().join("release").join(program);
    shell::run(Command::new(program).arg("bench").args(arguments).args(extra))
}

/// The elevation model that matplotlib ships, and the earth's where it is, as .npy files.
fn arrays(folder: &std::path::Path) -> Result<Vec<PathBuf>> {
    let etopo5 = fs::exists(ETOPO5).unwrap_or(false);
    let mut packages = vec!["numpy", "matplotlib"];
    if etopo5 {
        // It reads netCDF.
        packages.push("scipy");
    }
    let python = python::install(&packages)?;
    let mut script = command(python);
    script.arg(root().join("xtask/src/arrays.py")).arg(folder);
    if etopo5 {
        script.arg(ETOPO5);
    }
    let output = script.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {script:?}"))?;
    if !output.status.success() {
        bail!("{script:?} failed: {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect())
}
