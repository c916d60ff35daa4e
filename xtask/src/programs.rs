//! Other people's programs that tests need, installed where that is easy.

use std::env;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{bench, debian};

/// What some tests need.
struct Wanted {
    /// What is not as it should be.
    lack: fn() -> Option<Lack>,
    /// The packages of Debian and its kin that have it.
    packages: &'static [&'static str],
    /// The variable that, being 1, makes a lack an error; none where that is a guess.
    required: Option<&'static str>,
    /// What is skipped without it.
    tests: &'static str,
}

enum Lack {
    /// The names of what is missing, which packages have.
    Missing(String),
    /// What is there in its place, and would be found before that of a package.
    Other(String),
}

const WANTED: [Wanted; 3] = [
    Wanted {
        lack: zfp,
        packages: &["zfp"],
        required: Some("REQUIRE_ZFP"),
        tests: "tests beside LLNL's command",
    },
    Wanted {
        lack: || {
            let missing = bench::missing();
            (!missing.is_empty()).then(|| Lack::Missing(missing.join(" and no ")))
        },
        packages: bench::PACKAGES,
        // Compilers have many names: what builds it says whether it could be built.
        required: None,
        tests: "bytes and speed of LLNL zfp, unless it can be built all the same",
    },
    Wanted {
        lack: || {
            let there = Command::new("h5dump").output().is_ok();
            (!there).then(|| Lack::Missing("h5dump".to_owned()))
        },
        packages: &["hdf5-tools"],
        required: Some("REQUIRE_HDF5"),
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
        let Self { lack, packages, required, tests } = self;
        let list = packages.join(" ");
        let mut found = lack();
        if let Some(Lack::Missing(names)) = &found
            && debian::can_install()
        {
            println!("no {names}: installing {list}");
            if let Err(error) = debian::install(packages) {
                println!("{list} could not be installed (offline?): {error:#}");
            }
            found = lack();
        }
        let reason = match found {
            None => return Ok(()),
            Some(Lack::Missing(names)) => {
                format!("there is no {names}; on Debian or Ubuntu: sudo apt-get install {list}")
            }
            Some(Lack::Other(text)) => text,
        };
        if let Some(variable) = required.filter(|variable| is_required(variable)) {
            bail!("{variable}=1, and {reason}");
        }
        println!("SKIPPED: {tests}, since {reason}");
        Ok(())
    }
}

/// The versions whose lines `tests/cli` knows.
const VERSIONS: [&str; 2] = ["zfp version 1.0.0 ", "zfp version 1.0.1 "];

/// Without arguments zfp says its version and how it is used, and fails.
fn zfp() -> Option<Lack> {
    match Command::new("zfp").output() {
        Ok(output) => other_zfp(&output.stderr).map(Lack::Other),
        Err(_) => Some(Lack::Missing("zfp 1.0.0 or 1.0.1".to_owned())),
    }
}

/// What is said of a version that is not one of these.
fn other_zfp(usage: &[u8]) -> Option<String> {
    if VERSIONS.iter().any(|line| usage.starts_with(line.as_bytes())) {
        return None;
    }
    let usage = String::from_utf8_lossy(usage);
    let line = usage.lines().next().unwrap_or_default();
    Some(format!("the zfp that is found says {line:?} and is neither 1.0.0 nor 1.0.1"))
}

#[cfg(test)]
mod tests {
    use super::other_zfp;

    #[test]
    fn two_versions_of_zfp_are_known() {
        let usage = b"zfp version 1.0.0 (August 1, 2022)\nUsage: zfp <options>\n";
        assert_eq!(other_zfp(usage), None);
        assert_eq!(other_zfp(b"zfp version 1.0.1 (December 15, 2023)\n"), None);
        for other in ["zfp version 0.5.5 (May 5, 2019)", "zfp version 1.1.0 (soon)", "zfp: what?"] {
            let text = other_zfp(format!("{other}\nUsage").as_bytes());
            assert!(text.is_some_and(|text| text.contains(&format!("says {other:?} and"))));
        }
    }
}
