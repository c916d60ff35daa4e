//! Other people's programs that tests need, installed where that is easy.

use std::env;
use std::process::Command;

use anyhow::{Result, bail};

use crate::debian;

/// What some tests run.
struct Wanted {
    /// The package of Debian and its kin that has it.
    package: &'static str,
    /// One of its programs.
    program: &'static str,
    /// The variable that, being 1, makes it an error if it is not there.
    required: &'static str,
    /// What is skipped without it.
    tests: &'static str,
}

const WANTED: [Wanted; 2] = [
    Wanted {
        package: "zfp",
        program: "zfp",
        required: "REQUIRE_ZFP",
        tests: "tests beside LLNL's command",
    },
    Wanted {
        package: "hdf5-tools",
        program: "h5dump",
        required: "REQUIRE_HDF5",
        tests: "tests with HDF5's programs",
    },
];

/// Sees to it that the programs are there, or says which are not. Where a variable requires
/// one, it is there, or there is an error.
pub(crate) fn prepare() -> Result<()> {
    WANTED.iter().try_for_each(Wanted::prepare)
}

impl Wanted {
    fn prepare(&self) -> Result<()> {
        let Self { package, program, required, tests } = self;
        if !self.is_there() && debian::can_install() {
            println!("no {program}: installing {package}");
            if let Err(error) = debian::install(package) {
                println!("{package} could not be installed (offline?): {error:#}");
            }
        }
        if !self.is_there() {
            let advice = format!("on Debian or Ubuntu: sudo apt-get install {package}");
            if env::var_os(required).is_some_and(|value| value == "1") {
                bail!("{required}=1, and there is no {program}; {advice}");
            }
            println!("SKIPPED: {tests}; {advice}");
        }
        Ok(())
    }

    /// Without arguments such a program says how it is used, and fails.
    fn is_there(&self) -> bool {
        Command::new(self.program).output().is_ok()
    }
}
