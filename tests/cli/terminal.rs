//! The bar on a terminal, and nothing of it elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::{OURS, folder};

/// Bytes of a piece, and of an array that is two of them.
const PIECE: usize = 32 << 20;
const SHAPE: &str = "16,1024,1024";

/// Both ends of a new terminal: what is seen on it, and what programs write to.
fn terminal() -> (File, File) {
    let seen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&seen).unwrap();
    unlockpt(&seen).unwrap();
    let name = ptsname(&seen, Vec::new()).unwrap().into_string().unwrap();
    let written = OpenOptions::new().read(true).write(true).open(name).unwrap();
    (seen.into(), written)
}

/// Compresses an array that comes slowly: one half of it when a bar is due.
fn compress_slowly(folder: &Path, flags: &str, stderr: Stdio) {
    let mut command = Command::new(OURS);
    command.args(["compress", "-", "a.z", "-r", "1", "-t", "f32", "-s", SHAPE, "--no-errors"]);
    command.args(flags.split_whitespace()).current_dir(folder).stdin(Stdio::piped());
    command.env("ZFP_WGPU_DEVICE", "cpu").env("TERM", "xterm").stderr(stderr);
    let mut child = command.spawn().unwrap();
    // The terminal ends when nobody holds this end any more.
    drop(command);
    let mut values = child.stdin.take().unwrap();
    let half = vec![0; PIECE];
    values.write_all(&half[1..]).unwrap();
    std::thread::sleep(Duration::from_millis(900));
    values.write_all(&half[..1]).unwrap();
    // Time to draw, before the rest.
    std::thread::sleep(Duration::from_millis(500));
    values.write_all(&half).unwrap();
    drop(values);
    assert!(child.wait().unwrap().success());
}

/// What was on a terminal after all is done, control characters included.
fn on_a_terminal(folder: &Path, flags: &str) -> String {
    let (mut seen, written) = terminal();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        // Linux has an error for a terminal that all programs have left.
        let _ = seen.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    compress_slowly(folder, flags, written.into());
    reader.join().unwrap()
}

#[test]
fn long_work_has_a_bar_on_a_terminal() {
    let folder = folder();
    let text = on_a_terminal(folder.path(), "");
    assert!(text.contains(" 50 % ["), "{text:?}");
    assert!(text.contains("32.00 MiB of 64.00 MiB"), "{text:?}");
    // It is wiped away before the result is told.
    let (bar, result) = text.rsplit_once("\x1b[").unwrap();
    assert!(bar.contains(" to go") && !result.contains(" to go"), "{text:?}");
    assert!(result.contains("16 × 1024 × 1024 of f32: 67108864 bytes, now"), "{text:?}");
}

#[test]
fn there_is_no_bar_elsewhere_nor_for_the_quiet() {
    let folder = folder();
    assert_eq!(on_a_terminal(folder.path(), "--quiet"), "");
    let file = File::create(folder.path().join("said")).unwrap();
    compress_slowly(folder.path(), "", file.into());
    let said = std::fs::read_to_string(folder.path().join("said")).unwrap();
    assert!(said.starts_with("16 × 1024 × 1024 of f32:"), "{said:?}");
    assert!(!said.contains('\x1b') && !said.contains(" to go"), "{said:?}");
}
