//! A GPU for the tests: any there is, else one in software, installed where that is easy.

use anyhow::{Context, Result, bail};

use crate::{debian, programs, shell};

/// What the tests of GPUs run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gpu {
    /// A device of its own.
    Hardware,
    /// The CPU, in the guise of a GPU.
    Software,
    /// Nothing: they are skipped.
    Missing,
}

/// The package of Debian and its kin that has Vulkan in software.
const PACKAGE: &str = "mesa-vulkan-drivers";

/// The GPU that tests get. Where there is none, one in software is installed if this is a
/// Debian and its administrator. With `REQUIRE_GPU=1` there is one, or an error.
pub(crate) fn prepare() -> Result<Gpu> {
    let mut gpu = look()?;
    if gpu == Gpu::Missing && debian::can_install() {
        println!("no GPU: installing {PACKAGE}, which has one in software");
        match debian::install(&[PACKAGE]) {
            Ok(()) => gpu = look()?,
            Err(error) => println!("{PACKAGE} could not be installed (offline?): {error:#}"),
        }
    }
    if gpu == Gpu::Missing {
        let advice = advice();
        if programs::is_required("REQUIRE_GPU") {
            bail!("REQUIRE_GPU=1, and there is no GPU; {advice}");
        }
        println!("SKIPPED: tests that need a GPU; {advice}");
    }
    Ok(gpu)
}

pub(crate) fn advice() -> String {
    format!(
        "one in software is enough, on Debian or Ubuntu: \
         sudo apt-get install --no-install-recommends {PACKAGE}"
    )
}

/// What the crate itself finds; tests take the first.
fn look() -> Result<Gpu> {
    let mut command = shell::cargo();
    command.args(["run", "--quiet", "--profile", "test", "--all-features", "--example", "devices"]);
    // The errors of the compiler are for the user.
    command.stderr(std::process::Stdio::inherit());
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", output.status);
    }
    let devices = String::from_utf8_lossy(&output.stdout);
    print!("{devices}");
    Ok(first(&devices))
}

/// The first line says "gpu:0" and what sort of device that is.
fn first(devices: &str) -> Gpu {
    match devices.split_whitespace().nth(1) {
        None => Gpu::Missing,
        Some("software") => Gpu::Software,
        Some(_) => Gpu::Hardware,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_device_counts() {
        assert_eq!(first(""), Gpu::Missing);
        assert_eq!(
            first("gpu:0  software    Vulkan  128 MiB  llvmpipe (256 bits)\n"),
            Gpu::Software
        );
        let two = "gpu:0  discrete    Vulkan  2048 MiB  A\ngpu:1  software    Vulkan  1 MiB  B\n";
        assert_eq!(first(two), Gpu::Hardware);
    }
}
