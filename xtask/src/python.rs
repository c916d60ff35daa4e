//! A virtual environment below `target/`, with the wheel in it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::shell::{command, root, run, target};

const MATURIN: &str = "maturin>=1.9.4,<2";

/// The package of Debian and its kin without which Python makes no environments.
const PACKAGE: &str = "python3-venv";

/// Builds the wheel and installs it, with the dependencies of `extra`; returns the
/// environment's interpreter.
pub(crate) fn install_wheel(extra: &str) -> Result<PathBuf> {
    let python = environment()?;
    run(pip(&python).arg("install").arg(MATURIN))?;

    let wheels = target().join("python").join("wheels");
    if wheels.exists() {
        fs::remove_dir_all(&wheels)?;
    }
    let manifest = root().join("bindings/python/Cargo.toml");
    run(command(&python)
        .args(["-m", "maturin", "build", "--release", "--quiet", "--manifest-path"])
        .arg(manifest)
        .arg("--interpreter")
        .arg(&python)
        .arg("--out")
        .arg(&wheels))?;
    let wheel = fs::read_dir(&wheels)?.next().context("maturin built no wheel")??.path();

    run(pip(&python).arg("install").arg(format!("{}[{extra}]", wheel.display())))?;
    // The version stays the same from build to build, so pip must be told to take it.
    run(pip(&python).args(["install", "--force-reinstall", "--no-deps"]).arg(wheel))?;
    Ok(python)
}

/// An interpreter that has these packages.
pub(crate) fn install(packages: &[&str]) -> Result<PathBuf> {
    let python = environment()?;
    run(pip(&python).arg("install").args(packages))?;
    Ok(python)
}

/// The interpreter of the environment, which is made if there is none.
fn environment() -> Result<PathBuf> {
    let venv = target().join("python").join("venv");
    let python = if cfg!(windows) {
        venv.join("Scripts").join("python.exe")
    } else {
        venv.join("bin").join("python")
    };
    let works = |program: &PathBuf| {
        let check = "import sys, pip; sys.exit(sys.version_info < (3, 11))";
        Command::new(program).args(["-c", check]).output().is_ok_and(|o| o.status.success())
    };
    if !works(&python) {
        // Without one, no package helps.
        let system = system_python()?;
        make(&system, &venv).or_else(|error| {
            if !debian::can_install() {
                return Err(error);
            }
            println!("no virtual environment: installing {PACKAGE}");
            if let Err(failed) = debian::install(&[PACKAGE]) {
                println!("{PACKAGE} could not be installed (offline?): {failed:#}");
                return Err(error);
            }
            make(&system, &venv)
        })?;
        if !works(&python) {
            bail!("the virtual environment in {} does not work", venv.display());
        }
    }
    Ok(python)
}

/// Makes an environment of a Python of the system.
fn make(system: &Path, venv: &Path) -> Result<()> {
    // A half-made one would stay so.
    if venv.exists() {
        fs::remove_dir_all(venv)?;
    }
    run(command(system).args(["-m", "venv"]).arg(venv)).with_context(|| {
        format!("Python cannot make a virtual environment (on Debian: apt-get install {PACKAGE})")
    })
}

/// `$PYTHON`, `python3` or `python`, whichever is the first of version 3.11 or later.
fn system_python() -> Result<PathBuf> {
    let mut seen = Vec::new();
    let named = env::var_os("PYTHON").map(PathBuf::from);
    for program in named.into_iter().chain(["python3".into(), "python".into()]) {
        let version = "import sys; print('%d.%d' % sys.version_info[:2])";
        let Ok(output) = Command::new(&program).args(["-c", version]).output() else { continue };
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        if (numbers.next(), numbers.next()) >= (Some(3), Some(11)) {
            return Ok(program);
        }
        seen.push(format!("{} is Python {version}", program.display()));
    }
    let seen = if seen.is_empty() { "none found".to_owned() } else { seen.join(", ") };
    bail!("Python 3.11 or later is needed ({seen}); name one with PYTHON=/path/to/python3")
}

fn pip(python: &PathBuf) -> Command {
    let mut pip = command(python);
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip
}
