//! Packages of Debian and its kin, installed where that is easy.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::shell;

/// Whether this is a Debian and its administrator.
pub(crate) fn can_install() -> bool {
    is_debian() && is_root()
}

/// Installs packages.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let attempt =
        || shell::run(apt_get().args(["install", "--no-install-recommends"]).args(packages));
    // A fresh container knows of no packages yet, and another knows of old ones.
    attempt().or_else(|_| {
        shell::run(apt_get().arg("update"))?;
        attempt()
    })
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists()
        && Command::new("apt-get").arg("--version").output().is_ok_and(|o| o.status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Without questions, and without waiting long for servers or for another apt-get.
fn apt_get() -> Command {
    let mut apt_get = shell::command("apt-get");
    apt_get.env("DEBIAN_FRONTEND", "noninteractive").args(["--quiet", "--yes"]);
    for option in ["Acquire::Retries=1", "Acquire::http::Timeout=20", "DPkg::Lock::Timeout=120"] {
        apt_get.args(["--option", option]);
    }
    apt_get
}
