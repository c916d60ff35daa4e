//! The README's minute in the shell, run by a shell.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{OURS, folder, run, said};

/// The first block of shell commands behind a heading.
fn block(text: &str, heading: &str) -> String {
    let text = &text[text.find(heading).unwrap()..];
    let begin = text.find("```sh\n").unwrap() + "```sh\n".len();
    let text = &text[begin..];
    text[..text.find("```").unwrap()].to_owned()
}

#[test]
#[cfg(unix)]
fn the_minute_in_the_shell() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let script = block(&readme, "## First minute in the shell");
    assert!(script.lines().count() >= 5, "{script}");

    let folder = folder();
    let values = crate::support::floats(60 * 70);
    fs::write(folder.path().join("a.npy"), crate::arrays::npy("60, 70", &values)).unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let ours = Path::new(OURS).parent().unwrap().to_path_buf();
    let path = env::join_paths([ours].into_iter().chain(env::split_paths(&path))).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-euc", &script]).env("PATH", path);
    let output = run(&mut shell, folder.path(), b"");
    assert!(output.status.success(), "{script}\n{}", said(&output));
    let back = fs::read(folder.path().join("back.npy")).unwrap();
    assert_eq!(back.len(), 128 + values.len());
}
