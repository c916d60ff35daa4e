//! `cargo xtask bench`: our speed beside LLNL zfp and zfp-rs, and on GPUs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::{programs, report, shell};

/// The packages of Debian and its kin that have what [`missing`] looks for: LLNL zfp is C, but
/// its project asks for C++.
pub(crate) const PACKAGES: &[&str] = &["cmake", "make", "g++", "libclang-dev"];

/// Builds `benches/peers` and runs it with these arguments: `gpu` and those behind it are
/// for the program that measures GPUs.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut arguments: Vec<String> = arguments.collect();
    let is_html = |argument: &String| argument == "--html" || argument.starts_with("--html=");
    if arguments.iter().any(is_html) {
        return report::run(arguments);
    }
    let gpu = arguments.first().is_some_and(|first| first == "gpu");
    if let Some(missing) = build()? {
        if !gpu {
            bail!("{missing}; GPUs can be measured without it: cargo xtask bench gpu");
        }
        println!("{missing}; the columns for C are left out");
        build_without_c()?;
    }
    if gpu {
        arguments.remove(0);
        return program("gpu", &arguments);
    }
    program("peers", &arguments)
}

/// Whether all three libraries, and all devices, write the same bytes; without LLNL zfp
/// where that cannot be built.
pub(crate) fn check() -> Result<()> {
    let arguments = ["--check".into()];
    if let Some(missing) = build()? {
        ensure!(!programs::is_required("REQUIRE_ZFP"), "REQUIRE_ZFP=1, and {missing}");
        println!("SKIPPED: {missing}");
        build_without_c()?;
    } else {
        program("peers", &arguments)?;
    }
    program("gpu", &arguments)
}

/// Measures the peers and writes the figures to a file; false, with a line that says so,
/// where they cannot be built. `quick` is for fewer cells and rounds.
pub(crate) fn figures(file: &Path, quick: bool) -> Result<bool> {
    if let Some(missing) = build()? {
        println!("SKIPPED: {missing}");
        return Ok(false);
    }
    let mut arguments = vec!["--no-threads".to_owned()];
    if quick {
        arguments.extend(["--quick", "--only", "rate8"].map(str::to_owned));
    }
    arguments.extend(["--tsv".to_owned(), file.display().to_string()]);
    program("peers", &arguments)?;
    Ok(true)
}

/// Builds all of it; if LLNL zfp cannot be built for want of something, says of what.
fn build() -> Result<Option<String>> {
    eprintln!("building LLNL zfp, zfp-rs and zfp-wgpu");
    let Err(error) = shell::run(&mut cargo()) else { return Ok(None) };
    let missing = missing();
    if missing.is_empty() { Err(error) } else { Ok(Some(advice(&missing))) }
}

/// Builds what needs no C.
fn build_without_c() -> Result<()> {
    eprintln!("building zfp-wgpu alone");
    shell::run(cargo().args(["--no-default-features", "--bin", "gpu"]))
}

fn cargo() -> Command {
    let mut cargo = shell::cargo();
    cargo
        .args(["build", "--quiet", "--release", "--locked"])
        // Where the wheel is built too: dependencies that both have are built once.
        .args(["--manifest-path", "benches/peers/Cargo.toml", "--target-dir"])
        .arg(shell::target());
    cargo
}

/// Runs what [`build`] built, where the user stands, so that a file is written there.
fn program(name: &str, arguments: &[String]) -> Result<()> {
    let program = format!("{name}{}", env::consts::EXE_SUFFIX);
    let program = std::path::absolute(shell::target().join("release").join(program))?;
    shell::run(Command::new(program).args(arguments))
}

fn advice(missing: &[&str]) -> String {
    let (missing, packages) = (missing.join(" and "), PACKAGES.join(" "));
    format!(
        "LLNL zfp was not built, for want of {missing}; on Debian or Ubuntu: \
         apt-get install {packages}"
    )
}

/// What building the C library and its bindings needs and this machine seems not to have.
pub(crate) fn missing() -> Vec<&'static str> {
    let answers = |variable: &str, program: &str| {
        let named = (!variable.is_empty()).then(|| env::var_os(variable)).flatten();
        let mut program = Command::new(named.unwrap_or_else(|| program.into()));
        let status = program.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let mut missing = Vec::new();
    missing.extend((!answers("CMAKE", "cmake")).then_some("CMake"));
    // Visual Studio has programs of its own in their places.
    if cfg!(unix) {
        missing.extend((!answers("", "make")).then_some("make"));
        missing.extend((!answers("CXX", "c++")).then_some("a compiler of C++"));
    }
    missing.extend((!has_libclang()).then_some("libclang"));
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
