//! The HDF5 plugin, for the wheel.
//!
//! A package gives a wheel one shared library, and HDF5 cannot load the Python module where
//! there is no Python. So whoever builds a wheel gets the plugin built beside it, in the
//! package's folder, from where maturin takes it.

use std::env::{self, consts};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set by maturin, and not by cargo alone.
const WHEEL: &str = "PYO3_BUILD_EXTENSION_MODULE";
const PLUGIN: &str = "../hdf5";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={WHEEL}");
    for path in [PLUGIN, "../../src", "../../Cargo.lock", "build.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let unix = env::var_os("CARGO_CFG_UNIX").is_some();
    if env::var_os(WHEEL).is_none() || !unix {
        return Ok(());
    }
    if !Path::new(PLUGIN).exists() {
        println!("cargo::warning=the HDF5 plugin is not here: the package will not have it");
        return Ok(());
    }
    build()
}

fn build() -> Result<(), Box<dyn Error>> {
    let triple = env::var("TARGET")?;
    // The cargo that runs this holds the other target folder.
    let target = PathBuf::from(env::var("OUT_DIR")?).join("hdf5");
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .args(["rustc", "--quiet", "--release", "--locked", "--lib", "--target", &triple])
        .arg("--target-dir")
        .arg(&target)
        .args(["--manifest-path", &format!("{PLUGIN}/Cargo.toml")])
        .args(["--", "-Cstrip=symbols"]);
    let status = cargo.status()?;
    if !status.success() {
        return Err(format!("{cargo:?} failed: {status}").into());
    }
    let name = format!("{}h5z_zfp_wgpu{}", consts::DLL_PREFIX, consts::DLL_SUFFIX);
    let folder = Path::new("zfp_wgpu/hdf5_plugin");
    fs::create_dir_all(folder)?;
    // A new file, not new bytes in one that some process may have loaded.
    let place = folder.join(&name);
    let fresh = folder.join("fresh.so");
    fs::copy(target.join(triple).join("release").join(&name), &fresh)?;
    fs::rename(fresh, place)?;
    Ok(())
}
