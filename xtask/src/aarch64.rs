//! The vector code for another architecture, under an emulator where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::shell;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";
/// Where Debian's cross-compiler has the C library.
const LIBRARY: &str = "/usr/aarch64-linux-gnu/lib/libc.a";
/// The least version of Rust, as the manifest has it.
const LEAST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Tests the vectors of NEON, or says that they were skipped. They are a sample of what the
/// architecture's own machines test.
pub(crate) fn test() -> Result<()> {
    if cfg!(target_arch = "aarch64") {
        println!("this machine's own vectors, which the tests above have seen");
        return Ok(());
    }
    let rustc = match tools() {
        Ok(rustc) => rustc,
        Err(missing) => {
            println!("SKIPPED: vectors of aarch64, for want of {missing}; {}", advice());
            return Ok(());
        }
    };
    shell::run(
        shell::cargo()
            .args(["test", "--no-default-features", "--lib", "--target", TARGET])
            // Apart from what another compiler made.
            .arg("--target-dir")
            .arg(shell::target().join("aarch64"))
            .args(["--", "cpu::simd"])
            .env("RUSTC", rustc)
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER)
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", EMULATOR)
            // The emulator has no libraries of the architecture to load.
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-Ctarget-feature=+crt-static")
            .env("ZFP_WGPU_EMULATED", "1")
            .env_remove("RUSTFLAGS")
            .env_remove("ZFP_WGPU_CPU"),
    )
}

/// A line to be pasted: Rust's library comes from where its compiler does.
fn advice() -> String {
    let library = if starts(Path::new("rustup")) {
        format!("rustup target add {TARGET}")
    } else {
        "sudo dpkg --add-architecture arm64 && sudo apt-get update && \
         sudo apt-get install rustc-web libstd-rust-web-dev:arm64"
            .to_owned()
    };
    format!(
        "on Debian: sudo apt-get install --no-install-recommends gcc-aarch64-linux-gnu \
         libc6-dev-arm64-cross qemu-user && {library}"
    )
}

/// The compiler to use, if all is there; else what is not.
fn tools() -> Result<PathBuf, String> {
    for program in [LINKER, EMULATOR] {
        if !starts(Path::new(program)) {
            return Err(program.to_owned());
        }
    }
    if !Path::new(LIBRARY).exists() {
        return Err(LIBRARY.to_owned());
    }
    // The one at hand, or that of the system's packages.
    let compilers = ["rustc", "/usr/bin/rustc"].map(PathBuf::from);
    let found = compilers.into_iter().find(|rustc| is_new(rustc) && has_library(rustc));
    found.ok_or_else(|| format!("Rust's library for {TARGET}"))
}

fn starts(program: &Path) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn is_new(rustc: &Path) -> bool {
    let output = Command::new(rustc).arg("--version").output();
    output.is_ok_and(|output| is_enough(&String::from_utf8_lossy(&output.stdout)))
}

/// Whether this is the version of a Rust that is new enough: "rustc 1.89.0 (...)".
fn is_enough(version: &str) -> bool {
    let numbers = |version: &str| -> (u32, u32) {
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    };
    numbers(version.split_whitespace().nth(1).unwrap_or_default()) >= numbers(LEAST)
}

fn has_library(rustc: &Path) -> bool {
    let output =
        Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let Ok(output) = output else { return false };
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let Ok(files) = folder.read_dir() else { return false };
    let mut names = files.filter_map(|file| Some(file.ok()?.file_name()));
    names.any(|name| name.to_string_lossy().starts_with("libstd-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_enough("rustc 1.89.0 (29483883e 2025-08-04)"));
        assert!(is_enough("rustc 1.100.0-nightly (000000000 2026-12-01)"));
        assert!(is_enough("rustc 2.0.0"));
        assert!(!is_enough("rustc 1.63.0"));
        assert!(!is_enough(""));
    }
}
