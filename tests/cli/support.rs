//! Running the command, and data for it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The command under test.
pub(crate) const OURS: &str = env!("CARGO_BIN_EXE_zfp-wgpu");

/// A folder of its own, gone at the end.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("zfp-wgpu-test-").tempdir().unwrap()
}

/// Runs a command in a folder, with these bytes on its standard input.
pub(crate) fn run(command: &mut Command, folder: &Path, input: &[u8]) -> Output {
    command.current_dir(folder).env("ZFP_WGPU_DEVICE", "cpu");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A command that does not read is no error.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    })
}

/// Our command with these arguments, separated by spaces.
pub(crate) fn ours(arguments: &str, folder: &Path) -> Output {
    run(Command::new(OURS).args(arguments.split_whitespace()), folder, b"")
}

/// What a command said on standard error.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A smooth wave with a ripple, between about -2 and 3.
fn wave(i: usize) -> f64 {
    let x = i as f64;
    (x / 50.0).sin() * (x / 7.0).cos() + x / 500.0
}

/// The first `count` values of [`wave`] as `f32`.
pub(crate) fn floats(count: usize) -> Vec<u8> {
    (0..count).flat_map(|i| (wave(i) as f32).to_le_bytes()).collect()
}

/// Writes a thousand values of each type, and some that are awkward.
pub(crate) fn write_data(folder: &Path) {
    let bytes = |each: &dyn Fn(usize) -> Vec<u8>| (0..1000).flat_map(each).collect::<Vec<u8>>();
    let awkward: Vec<u8> = [1.0, f32::NAN, -0.0, 4.0, f32::INFINITY, 1e-40, -7.0, f32::MAX]
        .into_iter()
        .flat_map(f32::to_le_bytes)
        .collect();
    let extreme: Vec<u8> = [i32::MIN, i32::MAX, 5, 6, 7, i32::MIN, i32::MAX, 0]
        .into_iter()
        .flat_map(i32::to_le_bytes)
        .collect();
    for (name, bytes) in [
        ("f32", floats(1000)),
        ("f64", bytes(&|i| wave(i).to_le_bytes().to_vec())),
        ("i32", bytes(&|i| ((wave(i) * 1e6) as i32).to_le_bytes().to_vec())),
        ("i64", bytes(&|i| ((wave(i) * 1e12) as i64).to_le_bytes().to_vec())),
        ("same", bytes(&|_| 3.5f32.to_le_bytes().to_vec())),
        ("zero", vec![0; 4000]),
        ("awkward", awkward),
        ("extreme", extreme),
        ("empty", Vec::new()),
        ("long", vec![0; 4 * 5000]),
    ] {
        fs::write(folder.join(name), bytes).unwrap();
    }
}
