//! `cargo xtask test`: all there is to check, each step named and timed.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::bench;
use crate::python::install_wheel;
use crate::shell::{self, cargo, command, root};

pub(crate) fn run() -> Result<()> {
    step("format", || {
        shell::run(cargo().args(["fmt", "--all", "--check"]))?;
        for apart in ["benches/peers", "fuzz"] {
            let manifest = root().join(apart).join("Cargo.toml");
            shell::run(cargo().args(["fmt", "--check", "--manifest-path"]).arg(manifest))?;
        }
        Ok(())
    })?;
    step("clippy", || {
        shell::run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-Dwarnings",
        ]))?;
        // Without threads nothing may be left over, nor missing.
        shell::run(cargo().args(["clippy", "--no-default-features", "--lib", "--", "-Dwarnings"]))?;
        // The Python module without GPUs.
        let module = ["--package", "zfp-wgpu-python", "--no-default-features"];
        shell::run(cargo().arg("clippy").args(module).args(["--", "-Dwarnings"]))
    })?;
    step("documentation", || {
        shell::run(
            cargo().args(["doc", "--no-deps", "--all-features"]).env("RUSTDOCFLAGS", "-Dwarnings"),
        )
    })?;
    // `--benches` too: criterion then runs each bench once.
    step("Rust tests", || shell::run(cargo().args(["test", "--all-features", "--all-targets"])))?;
    step("Rust tests without threads", || {
        shell::run(cargo().args(["test", "--no-default-features", "--lib", "--test", "golden"]))
    })?;
    step("documentation tests", || shell::run(cargo().args(["test", "--all-features", "--doc"])))?;
    step("examples", || {
        for example in ["slices", "views"] {
            shell::run(cargo().args(["run", "--quiet", "--all-features", "--example", example]))?;
        }
        Ok(())
    })?;
    step("bytes of the peers and of GPUs", bench::check)?;
    step("Python tests", || {
        let python = install_wheel("test")?;
        // Safe path: the installed wheel is tested, not the folder of its sources.
        shell::run(
            command(python)
                .args(["-P", "-m", "pytest", "--config-file=pyproject.toml"])
                .current_dir(root().join("bindings/python")),
        )
    })?;
    println!("\nall passed");
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n=== {name}");
    let start = Instant::now();
    work().with_context(|| name.to_owned())?;
    println!("=== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
