//! Other people's programs that tests need, installed where that is easy.

use std::env;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{bench, debian};

/// What some tests need.
struct Wanted {
    /// What it is called in messages.
    name: &'static str,
    /// The packages of Debian and its kin that have it.
    packages: &'static [&'static str],
    /// Whether it is there.
    is_there: fn() -> bool,
    /// The variable that, being 1, makes it an error if it is not.
    required: &'static str,
    /// What is skipped without it.
    tests: &'static str,
}

const WANTED: [Wanted; 3] = [
    Wanted {
        name: "zfp 1.0.0 or 1.0.1",
        packages: &["zfp"],
        is_there: has_zfp,
        required: "REQUIRE_ZFP",
        tests: "tests beside LLNL's command",
    },
    Wanted {
        name: "CMake, make, compiler of C++ and libclang",
        packages: bench::PACKAGES,
        is_there: || bench::missing().is_empty(),
        required: "REQUIRE_ZFP",
        tests: "bytes and speed of LLNL zfp, which is built for that",
    },
    Wanted {
        name: "h5dump",
        packages: &["hdf5-tools"],
        is_there: || Command::new("h5dump").output().is_ok(),
        required: "REQUIRE_HDF5",
        tests: "tests with HDF5's programs",
    },
];

/// Sees to it that the programs are there, or says which are not. Where a variable requires
/// one, it is there, or there is an error.
pub(crate) fn prepare() -> Result<()> {
    WANTED.iter().try_for_each(Wanted::prepare)
}

/// Whether a variable says that nothing may be skipped for want of something.
pub(crate) fn is_required(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| value == "1")
}

impl Wanted {
    fn prepare(&self) -> Result<()> {
        let Self { name, packages, is_there, required, tests } = self;
        let list = packages.join(" ");
        if !is_there() && debian::can_install() {
            println!("no {name}: installing {list}");
            if let Err(error) = debian::install(packages) {
                println!("{list} could not be installed (offline?): {error:#}");
            }
        }
        if !is_there() {
            let advice = format!("on Debian or Ubuntu: sudo apt-get install {list}");
            if is_required(required) {
                bail!("{required}=1, and there is no {name}; {advice}");
            }
            println!("SKIPPED: {tests}, since there is no {name}; {advice}");
        }
        Ok(())
    }
}

/// The versions whose lines `tests/cli` knows. Without arguments zfp says its version and how
/// it is used, and fails.
fn has_zfp() -> bool {
    Command::new("zfp").output().is_ok_and(|output| is_known_zfp(&output.stderr))
}

fn is_known_zfp(usage: &[u8]) -> bool {
    ["zfp version 1.0.0 ", "zfp version 1.0.1 "]
        .iter()
        .any(|line| usage.starts_with(line.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::is_known_zfp;

    #[test]
    fn two_versions_of_zfp_are_known() {
        assert!(is_known_zfp(b"zfp version 1.0.0 (August 1, 2022)\nUsage: zfp <options>\n"));
        assert!(is_known_zfp(b"zfp version 1.0.1 (December 15, 2023)\n"));
        for other in ["zfp version 0.5.5 (May 5, 2019)", "zfp version 1.1.0 (soon)", "zfp: what?"] {
            assert!(!is_known_zfp(other.as_bytes()), "{other}");
        }
    }
}
