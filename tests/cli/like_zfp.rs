//! `zfp-wgpu zfp` beside LLNL's tool, as Debian packages it: the same exit codes, lines on
//! standard error, bytes on standard output and in files.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{OURS, folder, run, said, write_data};

/// The versions whose lines these are; others print others.
const VERSIONS: [&str; 2] = ["zfp version 1.0.0 ", "zfp version 1.0.1 "];

/// Debian's `zfp`, or `None` with a line that says so.
fn theirs() -> Option<&'static str> {
    let usage = Command::new("zfp").output().map(|output| said(&output)).unwrap_or_default();
    if VERSIONS.iter().any(|version| usage.starts_with(version)) {
        return Some("zfp");
    }
    assert!(env::var_os("REQUIRE_ZFP").is_none_or(|value| value != "1"), "no zfp 1.0.0 or 1.0.1");
    println!(
        "SKIPPED: there is no zfp 1.0.0 or 1.0.1; on Debian or Ubuntu: sudo apt-get install zfp"
    );
    None
}

/// What a run left behind.
#[derive(PartialEq)]
struct Outcome {
    output: Output,
    files: BTreeMap<String, Vec<u8>>,
}

/// Runs one tool in a folder, where it may write, beside the folder `in` with the data.
fn outcome(command: &mut Command, folder: &Path, input: &[u8]) -> Outcome {
    let output = run(command, folder, input);
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        files.insert(name, fs::read(&path).unwrap());
        fs::remove_file(path).unwrap();
    }
    Outcome { output, files }
}

/// Runs both tools with each line of arguments; how many lines there were.
fn compare(lines: &[String], input: &[u8], data: impl Fn(&Path)) -> Option<usize> {
    let theirs = theirs()?;
    let root = folder();
    for name in ["in", "a", "b"] {
        fs::create_dir(root.path().join(name)).unwrap();
    }
    write_data(&root.path().join("in"));
    data(&root.path().join("in"));
    for line in lines {
        let arguments = || line.split_whitespace();
        let expected =
            outcome(Command::new(theirs).args(arguments()), &root.path().join("a"), input);
        let found =
            outcome(Command::new(OURS).arg("zfp").args(arguments()), &root.path().join("b"), input);
        let (a, b) = (said(&expected.output), said(&found.output));
        // The usage is in other words.
        if a.contains("\nUsage: zfp <options>\n") {
            assert!(b.contains("\nUsage: zfp <options>\n"), "{line}: {b}");
        } else {
            assert_eq!(a, b, "{line}");
        }
        assert_eq!(expected.output.status.code(), found.output.status.code(), "{line}");
        assert!(expected.output.stdout == found.output.stdout, "{line}: standard output");
        let names = |outcome: &Outcome| outcome.files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&expected), names(&found), "{line}: files");
        assert!(expected.files == found.files, "{line}: bytes of a file");
    }
    Some(lines.len())
}

const SHAPES: [&str; 6] = ["-1 1000", "-1 13", "-2 30 33", "-3 10 10 10", "-3 9 7 5", "-4 5 6 7 4"];

#[test]
fn every_type_shape_and_mode() {
    let mut lines = Vec::new();
    for (kind, scalar) in
        [("f32", "-f"), ("f64", "-d"), ("f32", "-t f32"), ("i32", "-t i32"), ("i64", "-t i64")]
    {
        for (i, shape) in SHAPES.into_iter().enumerate() {
            for (j, mode) in [
                "-r 8",
                "-r 2.6",
                "-p 17",
                "-a 1e-3",
                "-R",
                "-c 64 64 0 -1074",
                "-c 30 500 20 -8",
                "-c 0 0 0 -1075",
            ]
            .into_iter()
            .enumerate()
            {
                // Every other line has each of these, in all combinations.
                let header = if (i + j) % 2 == 0 { "-h" } else { "" };
                let statistics = if (i + j / 2) % 2 == 0 { "-s" } else { "" };
                let back = if j % 3 == 0 { "-o o.raw" } else { "" };
                lines.push(format!(
                    "-i ../in/{kind} {scalar} {shape} {mode} -z o.z {header} {statistics} {back}"
                ));
            }
        }
    }
    if let Some(count) = compare(&lines, b"", |_| ()) {
        assert_eq!(count, 240);
    }
}

#[test]
fn streams_are_read() {
    let Some(theirs) = theirs() else { return };
    let mut lines = Vec::new();
    let mut streams = Vec::new();
    for (kind, scalar) in [("f32", "-f"), ("f64", "-d"), ("i32", "-t i32"), ("i64", "-t i64")] {
        for (i, shape) in SHAPES.into_iter().enumerate() {
            for (j, mode) in ["-r 7", "-p 11", "-a 0x1p-9", "-R", "-c 9 90 9 -9"].iter().enumerate()
            {
                let name = format!("{kind}.{i}.{j}.z");
                let header = if (i + j) % 2 == 0 { "-h" } else { "" };
                streams.push(format!("-i {kind} {scalar} {shape} {mode} -z {name} -q {header}"));
                lines.push(match header {
                    "-h" => format!("-z ../in/{name} -h -o o.raw"),
                    _ => format!("-z ../in/{name} {scalar} {shape} {mode} -o o.raw"),
                });
                // LLNL's tool does not decompress by threads.
                if j == 0 {
                    let line = lines[lines.len() - 1].clone();
                    lines.extend(["serial", "omp", "omp=2"].map(|by| format!("{line} -x {by}")));
                }
            }
        }
    }
    let count = compare(&lines, b"", |data| {
        for stream in &streams {
            let made = run(Command::new(theirs).args(stream.split_whitespace()), data, b"");
            assert!(made.status.success(), "{stream}: {}", said(&made));
        }
    });
    assert_eq!(count, Some(120 + 72));
}

#[test]
fn threads_and_files() {
    let lines = [
        "-i ../in/f32 -f -1 1000 -r 8 -x serial -s",
        "-i ../in/f32 -f -1 1000 -r 8 -x omp -z o.z",
        "-i ../in/f32 -f -1 1000 -a 1e-3 -x omp=2 -z o.z -s",
        "-i ../in/f32 -f -3 10 10 10 -R -x omp=2,8 -z o.z -s -h",
        "-i ../in/f32 -f -3 10 10 10 -p 9 -x omp=0 -o o.raw",
        "-i ../in/f32 -f -3 10 10 10 -r 8 -x omp=3,0 -z o.z -o p.raw -q",
        "-i ../in/f32 -f -3 10 10 10 -r 8 -x omp= -z o.z",
        "-i ../in/f32 -f -3 10 10 10 -r 8 -x OMP -z o.z",
        "-i ../in/f32 -f -1 1000 -r 8 -z -",
        "-i ../in/f32 -f -1 1000 -r 8 -o -",
        "-i ../in/f32 -f -1 1000 -r 8 -z - -q",
        "-i ../in/f32 -f -1 1000 -r 8 -z /dev/null",
        "-i ../in/f32 -f -1 500 -r 8 -z o.z",
        // The last of several counts.
        "-i nothing -i ../in/f32 -d -f -1 3 -2 10 10 -r 3 -R -r 8 -z a.z -z o.z",
        "-i ../in/f32 -f -1 1000 -R -a 1 -s",
        "-i ../in/f32 -f -1 1000 -a 1 -r 8 -s",
        // Nothing is lost, or all.
        "-i ../in/same -f -1 1000 -R -s",
        "-i ../in/same -f -2 20 30 -a 1 -s",
        "-i ../in/zero -f -2 20 30 -a 1 -s -z o.z",
        "-i ../in/awkward -f -1 8 -R -s -z o.z",
        "-i ../in/awkward -f -2 4 2 -R -s -o o.raw",
        "-i ../in/extreme -t i32 -1 8 -R -s",
        "-i ../in/extreme -t i32 -1 8 -p 8 -s -z o.z",
        "-i ../in/extreme -t i32 -1 8 -a 8 -s",
        "-i ../in/f32 -f -1 1000 -r 0 -s -z o.z",
        "-i ../in/f64 -d -1 1000 -r 0.01 -s -z o.z",
        "-i ../in/f32 -f -1 1000 -r 40 -s -z o.z",
        "-i ../in/f32 -f -1 1000 -p 0 -s -z o.z -h",
        "-i ../in/f32 -f -1 1000 -p 99 -s -z o.z",
        "-i ../in/f32 -f -1 1000 -a 0 -s -z o.z -h",
        "-i ../in/f32 -f -1 1000 -a -1 -s -z o.z",
        "-i ../in/f32 -f -1 1000 -a 1e30 -s -z o.z",
        "-i ../in/f32 -f -1 1000 -a 1e-300 -s -z o.z -h",
        "-i ../in/long -f -4 5000 1 1 1 -r 8 -z o.z",
    ];
    compare(&lines.map(str::to_owned), b"", |_| ());
}

#[test]
fn standard_input() {
    let lines = [
        "-i - -f -1 100 -r 8 -z o.z",
        "-i - -f -1 101 -r 8 -z o.z",
        "-i - -f -1 90 -r 8 -z -",
        "-i - -o - -f -1 100 -R -s",
        "-z - -h",
        "-z - -f -1 100 -r 16 -o o.raw",
        "-z - -t i32 -2 5 5 -r 8 -o -",
    ];
    compare(&lines.map(str::to_owned), &crate::support::floats(100), |_| ());
}

#[test]
fn what_is_wrong_is_said_alike() {
    let lines = [
        "",
        "x",
        "-",
        "-fd",
        "--help",
        "-y",
        "-t f16",
        "-t",
        "-x",
        "-x foo",
        "-i",
        "-z",
        "-o",
        "-1",
        "-2 3",
        "-3 1 2",
        "-4 1 2 3",
        "-1 x",
        "-r",
        "-r x",
        "-p",
        "-p x",
        "-a",
        "-a x",
        "-c 1 2 3",
        "-c 1 2 3 x",
        "-q",
        "-f -1 10 -r 8",
        "-i ../in/f32",
        "-i ../in/f32 -f",
        "-i ../in/f32 -f -1 1000",
        "-i ../in/f32 -f -r 8",
        "-i ../in/f32 -1 1000 -r 8",
        "-i ../in/f32 -h -s",
        "-i ../in/f32 -f -h -s",
        "-z ../in/f32",
        "-z ../in/f32 -f",
        "-z ../in/f32 -f -1 10",
        "-z ../in/f32 -1 10",
        "-z ../in/f32 -r 8",
        "-z ../in/f32 -h",
        "-z ../in/f32 -h -q",
        "-z ../in/empty -h",
        "-z ../in/f32 -h -f",
        "-z ../in/f32 -h -1 10",
        "-z ../in/f32 -h -s",
        "-z ../in/f32 -f -1 10 -r 8 -s",
        "-z ../in/f32 -h -r 3",
        "-i ../in/f32 -f -1 0 -r 8",
        "-i ../in/f32 -f -3 10 0 10 -r 8",
        "-1 0",
        "-i ../in/f32 -f -1 1001 -r 8 -z o.z",
        "-i ../in/empty -f -1 1 -r 8 -z o.z",
        "-i ../in/none -f -1 1000 -r 8",
        "-z ../in/none -h",
        "-z ../in -h",
        "-i ../in -f -1 10 -a 1",
        "-i ../in/f32 -f -1 1000 -r 8 -z none/o.z",
        "-i ../in/f32 -f -1 1000 -r 8 -o none/o.raw",
        "-i ../in/f32 -f -1 1000 -r 8 -z ../in -s",
        "-i ../in/f32 -f -1 1000 -c 100 50 0 -1074",
        "-i ../in/f32 -f -1 1000 -c 1 64 99 -1074",
        "-i ../in/i32 -t i32 -1 1000 -r 0",
        "-i ../in/i32 -t i32 -1 1000 -r 0.1 -z o.z",
        "-i ../in/long -f -4 5000 1 1 1 -r 8 -h -z o.z",
    ];
    compare(&lines.map(str::to_owned), b"", |_| ());
}
