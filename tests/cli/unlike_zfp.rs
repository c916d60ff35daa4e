//! Where `zfp-wgpu zfp` is meant to differ from LLNL's tool: that crashes there, or takes
//! garbage for data.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{OURS, folder, ours, run, said, write_data};

/// Runs the subcommand, which must fail with this line and leave no file behind.
fn fails(arguments: &str, folder: &Path, line: &str) {
    let count = || fs::read_dir(folder).unwrap().count();
    let before = count();
    let output = ours(&format!("zfp {arguments}"), folder);
    assert_eq!(output.status.code(), Some(1), "{arguments}: {}", said(&output));
    assert!(said(&output).contains(line), "{arguments}: {}", said(&output));
    assert_eq!(count(), before, "{arguments}: left something behind");
}

#[test]
fn modes_that_make_no_sense() {
    let folder = folder();
    write_data(folder.path());
    for mode in [
        "-r nan",
        "-r inf",
        "-r -3",
        "-r 1000000",
        "-a nan",
        "-a inf",
        "-c 1 4 0 -1074",
        "-c 40000 40000 0 -1074",
    ] {
        let arguments = format!("-i f32 -f -1 1000 {mode} -z o.z");
        fails(&arguments, folder.path(), "invalid compression parameters");
    }
}

#[test]
fn numbers_with_something_behind_them() {
    let folder = folder();
    write_data(folder.path());
    for part in ["-1 12abc -r 8", "-1 1e3 -r 8", "-1 -5 -r 8", "-1 10 -r 8zz", "-1 10 -p -1"] {
        let arguments = format!("-i f32 -f {part} -z o.z");
        fails(&arguments, folder.path(), "\nUsage: zfp <options>\n");
    }
}

#[test]
fn streams_cut_short() {
    let folder = folder();
    write_data(folder.path());
    for mode in ["-R", "-r 8", "-a 1e-3"] {
        let made = ours(&format!("zfp -i f32 -f -1 1000 {mode} -h -z all.z"), folder.path());
        assert!(made.status.success());
        let all = fs::read(folder.path().join("all.z")).unwrap();
        fs::write(folder.path().join("cut.z"), &all[..all.len() / 2]).unwrap();
        fails("-z cut.z -h -o o.raw", folder.path(), "decompression failed: the stream is");
    }
    fails("-z empty -f -1 10 -r 8 -o o.raw", folder.path(), "decompression failed: the stream is");
}

#[test]
fn a_full_disk() {
    if !Path::new("/dev/full").exists() {
        println!("SKIPPED: there is no /dev/full");
        return;
    }
    let folder = folder();
    write_data(folder.path());
    let common = "-i f32 -f -1 1000 -a 1";
    fails(&format!("{common} -z /dev/full"), folder.path(), "cannot write compressed file");
    fails(&format!("{common} -o /dev/full"), folder.path(), "cannot write output file");
}

#[test]
fn graphics_processors_have_a_name_of_their_own() {
    let folder = folder();
    write_data(folder.path());
    let hidden = |execution: &str| {
        let arguments = format!("zfp -i f32 -f -1 1000 -r 8 -x {execution}");
        let mut command = Command::new(OURS);
        // No adapter has this name.
        command.args(arguments.split_whitespace()).env("WGPU_ADAPTER_NAME", "no such adapter");
        let output = run(&mut command, folder.path(), b"");
        assert_eq!(output.status.code(), Some(1));
        said(&output)
    };
    // Drivers may say something of their own before.
    assert!(hidden("cuda").ends_with("cuda execution not available\n"));
    assert!(hidden("gpu").ends_with("gpu execution not available\n"));
}

#[test]
fn both_to_standard_output() {
    let folder = folder();
    write_data(folder.path());
    let output = ours("zfp -i f32 -f -1 1000 -r 8 -z - -o - -q", folder.path());
    assert!(output.status.success());
    assert_eq!(output.stdout.len(), 1000 + 4000);
}

#[test]
#[cfg(unix)]
fn a_link_called_zfp_is_the_tool() {
    let folder = folder();
    write_data(folder.path());
    let link = folder.path().join("zfp");
    std::os::unix::fs::symlink(OURS, &link).unwrap();
    let arguments = "-i f32 -f -1 1000 -r 8";
    let output = run(Command::new(&link).args(arguments.split(' ')), folder.path(), b"");
    assert!(output.status.success());
    assert_eq!(
        said(&output),
        "type=float nx=1000 ny=1 nz=1 nw=1 raw=4000 zfp=1000 ratio=4 rate=8\n"
    );
}
