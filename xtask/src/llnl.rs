//! LLNL's command `zfp` for the tests, installed where that is easy.

use std::env;
use std::process::Command;

use anyhow::{Result, bail};

use crate::debian;

/// The package of Debian and its kin that has it.
const PACKAGE: &str = "zfp";

/// Sees to it that the command is there, or says that it is not. With `REQUIRE_ZFP=1` it is,
/// or there is an error.
pub(crate) fn prepare() -> Result<()> {
    if !is_there() && debian::can_install() {
        println!("no zfp: installing it");
        if let Err(error) = debian::install(PACKAGE) {
            println!("{PACKAGE} could not be installed (offline?): {error:#}");
        }
    }
    if !is_there() {
        let advice = format!("on Debian or Ubuntu: sudo apt-get install {PACKAGE}");
        if env::var_os("REQUIRE_ZFP").is_some_and(|value| value == "1") {
            bail!("REQUIRE_ZFP=1, and there is no zfp; {advice}");
        }
        println!("SKIPPED: tests beside LLNL's command; {advice}");
    }
    Ok(())
}

/// Without arguments it says how it is used, and fails.
fn is_there() -> bool {
    Command::new("zfp").output().is_ok()
}
