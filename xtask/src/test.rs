//! `cargo xtask test`: all there is to check, each step named and timed.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::gpu::{self, Gpu};
use crate::programs;
use crate::python::install_wheel;
use crate::shell::{self, cargo, command, root};
use crate::{aarch64, bench};

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
        // With fewer features nothing may be left over, nor missing.
        for features in ["", "parallel", "gpu"] {
            let features = ["--no-default-features", "--features", features];
            shell::run(
                cargo().args(["clippy", "--lib"]).args(features).args(["--", "-Dwarnings"]),
            )?;
        }
        // The command without GPUs.
        let command = ["--no-default-features", "--features", "cli", "--bins"];
        shell::run(cargo().arg("clippy").args(command).args(["--", "-Dwarnings"]))?;
        // The Python module without GPUs.
        let module = ["--package", "zfp-wgpu-python", "--no-default-features"];
        shell::run(cargo().arg("clippy").args(module).args(["--", "-Dwarnings"]))
    })?;
    step("documentation", || {
        shell::run(
            cargo().args(["doc", "--no-deps", "--all-features"]).env("RUSTDOCFLAGS", "-Dwarnings"),
        )
    })?;
    // Before the tests, which would each say that there is none.
    let mut gpu = Gpu::Missing;
    step("GPU", || {
        gpu = gpu::prepare()?;
        Ok(())
    })?;
    step("programs of others", programs::prepare)?;
    // `--benches` too: criterion then runs each bench once.
    step("Rust tests", || shell::run(cargo().args(["test", "--all-features", "--all-targets"])))?;
    if gpu == Gpu::Software {
        step("GPU tests with short and long vectors", vectors)?;
    }
    step("dependencies without GPUs", || {
        without_wgpu(&["--features", "parallel"])?;
        without_wgpu(&["--package", "zfp-wgpu-hdf5"])?;
        without_wgpu(&["--package", "zfp-wgpu-python"])
    })?;
    step("Rust tests without GPUs", || {
        let features = ["--no-default-features", "--features", "parallel"];
        let tests = ["--lib", "--test", "golden", "--test", "parity", "--test", "without_gpus"];
        shell::run(cargo().arg("test").args(features).args(tests))
    })?;
    step("Rust tests without threads", || {
        shell::run(cargo().args(["test", "--no-default-features", "--lib", "--test", "golden"]))
    })?;
    step("vectors of aarch64", aarch64::test)?;
    step("tests of these commands", || {
        shell::run(cargo().args(["test", "--quiet", "--package", "xtask"]))
    })?;
    step("numbers of the HDF5 plugin", || {
        shell::run(cargo().args(["test", "--package", "zfp-wgpu-hdf5"]))
    })?;
    step("documentation tests", || shell::run(cargo().args(["test", "--all-features", "--doc"])))?;
    step("examples", || {
        for example in ["slices", "views", "resident"] {
            if example == "resident" && gpu == Gpu::Missing {
                println!("SKIPPED: {example}, which needs a GPU");
                continue;
            }
            // By the profile of the tests, for which all is built already.
            let run = ["run", "--quiet", "--profile", "test", "--all-features", "--example"];
            shell::run(cargo().args(run).arg(example))?;
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
    match gpu {
        Gpu::Missing => println!("\nall passed; SKIPPED: GPUs; {}", gpu::advice()),
        _ => println!("\nall passed"),
    }
    Ok(())
}

/// A GPU in software works on as many values at once as its vectors hold, 256 bits if it is
/// not told otherwise. All kernels with other vectors: types, layouts, modes, any bits.
fn vectors() -> Result<()> {
    for bits in ["128", "512"] {
        println!("vectors of {bits} bits");
        // Mesa would take kernels that it compiled for other vectors; and it makes no folder
        // within one that is not there.
        let cache = shell::target().join("shaders").join(bits);
        std::fs::create_dir_all(&cache)?;
        shell::run(
            cargo()
                .args(["test", "--all-features", "--test", "gpu", "--", "parity", "streams"])
                .args(["--skip", "by_chance"])
                .env("LP_NATIVE_VECTOR_WIDTH", bits)
                .env("MESA_SHADER_CACHE_DIR", cache),
        )?;
    }
    Ok(())
}

/// An error if a package built without GPUs depends on wgpu or its compiler after all.
fn without_wgpu(package: &[&str]) -> Result<()> {
    let mut tree = cargo();
    tree.args(["tree", "--edges", "normal", "--prefix", "none", "--no-default-features"]);
    let output = tree.args(package).output().with_context(|| format!("cannot run {tree:?}"))?;
    if !output.status.success() {
        bail!("{tree:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let tree_text = String::from_utf8_lossy(&output.stdout);
    let names: Vec<&str> =
        tree_text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    if !names.iter().any(|name| name.starts_with("zfp-wgpu")) {
        bail!("{tree:?} does not tell of this crate");
    }
    match names.iter().find(|name| name.starts_with("wgpu") || name.starts_with("naga")) {
        Some(name) => bail!("{name} is a dependency without GPUs: {tree:?}"),
        None => Ok(()),
    }
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n=== {name}");
    let start = Instant::now();
    work().with_context(|| name.to_owned())?;
    println!("=== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
