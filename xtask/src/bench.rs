//! `cargo xtask bench`: our speed beside LLNL zfp and zfp-rs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::shell;

/// Builds `benches/peers` and runs it with these arguments.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<()> {
    let arguments: Vec<String> = arguments.collect();
    if let Err(error) = build() {
        let missing = missing();
        if missing.is_empty() {
            return Err(error);
        }
        bail!("{}", advice(&missing));
    }
    peers(&arguments)
}

/// Whether all three libraries write the same bytes; skipped where LLNL zfp cannot be
/// built.
pub(crate) fn check() -> Result<()> {
    if let Err(error) = build() {
        let missing = missing();
        if missing.is_empty() {
            return Err(error);
        }
        println!("SKIPPED: {}", advice(&missing));
        return Ok(());
    }
    peers(&["--check".into()])
}

fn build() -> Result<()> {
    eprintln!("building LLNL zfp, zfp-rs and zfp-wgpu");
    shell::run(
        shell::cargo()
            .args(["build", "--quiet", "--release", "--locked"])
            .args(["--manifest-path", "benches/peers/Cargo.toml", "--target-dir"])
            .arg(shell::target().join("peers")),
    )
}

/// Runs what [`build`] built, where the user stands, so that a file is written there.
fn peers(arguments: &[String]) -> Result<()> {
    let program = format!("peers{}", env::consts::EXE_SUFFIX);
    let program = std::path::absolute(shell::target().join("peers/release").join(program))?;
    shell::run(Command::new(program).args(arguments))
}

fn advice(missing: &[&str]) -> String {
    let missing = missing.join(" and ");
    format!(
        "LLNL zfp was not built, for want of {missing}; on Debian or Ubuntu: \
         apt-get install cmake libclang-dev"
    )
}

/// What building the C library and its bindings needs and this machine seems not to have.
fn missing() -> Vec<&'static str> {
    let mut missing = Vec::new();
    let cmake = env::var_os("CMAKE").unwrap_or_else(|| "cmake".into());
    let cmake = Command::new(cmake).arg("--version").stdout(Stdio::null()).status();
    if !cmake.is_ok_and(|status| status.success()) {
        missing.push("CMake");
    }
    if !has_libclang() {
        missing.push("libclang");
    }
    missing
}

/// Whether a libclang lies where bindgen looks for one.
fn has_libclang() -> bool {
    let named = ["LIBCLANG_PATH", "LD_LIBRARY_PATH"].into_iter().filter_map(env::var_os);
    let mut folders: Vec<PathBuf> =
        named.flat_map(|paths| env::split_paths(&paths).collect::<Vec<_>>()).collect();
    if let Ok(output) = Command::new("llvm-config").arg("--libdir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    for root in ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/opt/llvm/lib"] {
        // LLVM has a folder of its own there, and Debian one for each architecture.
        for folder in entries(Path::new(root)) {
            folders.push(folder.join("lib"));
            folders.push(folder);
        }
        folders.push(root.into());
    }
    folders.iter().flat_map(|folder| entries(folder)).any(|file| is_libclang(&file))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// libclang.so, libclang-14.so.1, libclang.dylib or libclang.dll; not libclang-cpp.
fn is_libclang(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let version = name.strip_prefix("libclang").map(|rest| rest.trim_start_matches('-'));
    let shared = name.contains(".so") || name.contains(".dylib") || name.contains(".dll");
    shared && version.is_some_and(|rest| rest.starts_with(|c: char| c == '.' || c.is_ascii_digit()))
}
