//! Outputs are whole, whenever the command is killed; memory does not grow with them.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{OURS, folder, ours, said};

/// Kills the command at random moments; the output is the old file or the whole new one.
#[test]
fn a_hundred_kills_damage_nothing() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let values: Vec<u8> =
        (0..1 << 20).flat_map(|i| (f64::from(i) / 1e3).sin().to_le_bytes()).collect();
    fs::write(at("a.raw"), &values).unwrap();
    let old = b"what was here before";
    let arguments = [
        "compress a.raw whole.z -a 1e-6 -s 1024,1024 -t f64 -q",
        "decompress whole.z whole.raw -q",
    ];
    let mut whole = Vec::new();
    let mut durations = Vec::new();
    for (arguments, name) in arguments.into_iter().zip(["whole.z", "whole.raw"]) {
        let begun = Instant::now();
        let output = ours(arguments, folder.path());
        assert!(output.status.success(), "{}", said(&output));
        durations.push(begun.elapsed());
        whole.push(fs::read(at(name)).unwrap());
    }

    let mut random = fastrand::Rng::with_seed(7);
    let mut outcomes = [0; 2];
    for round in 0..100 {
        let which = round % 2;
        let arguments =
            arguments[which].replace(" whole", " out").replace("out.z out", "whole.z out");
        let name = if which == 0 { "out.z" } else { "out.raw" };
        fs::write(at(name), old).unwrap();
        let mut command = Command::new(OURS);
        command.args(arguments.split(' ')).current_dir(folder.path());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        // From the start to a little behind the end.
        let longest = durations[which].as_secs_f64() * 1.3;
        std::thread::sleep(Duration::from_secs_f64(random.f64() * longest));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = fs::read(at(name)).unwrap();
        assert!(found == old || found == whole[which], "round {round}: a damaged file");
        outcomes[usize::from(found != old)] += 1;
    }
    // A process has no time to clean up; where the file system allows it, it need not.
    let left = fs::read_dir(folder.path()).unwrap().count();
    println!("{left} files are there, of which 5 have a purpose");
    println!("{} old files, {} new ones", outcomes[0], outcomes[1]);
    assert!(outcomes[0] > 10, "hardly ever killed in time: {outcomes:?}");
}

/// The most memory that a process of the command ever held, in bytes.
#[cfg(target_os = "linux")]
fn peak(arguments: &str, device: &str, folder: &std::path::Path) -> u64 {
    let mut command = Command::new(OURS);
    command.args(arguments.split(' ')).current_dir(folder).env("ZFP_WGPU_DEVICE", device);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let found = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        most = most.max(found.unwrap_or(0) << 10);
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    most
}

/// Compresses a file of so many layers of 4 MiB in the modes and shapes that are given, and
/// back, within a limit. Holes in it take no disk.
#[cfg(target_os = "linux")]
fn stays_within(limit: u64, device: &str, layers: u64, cases: &[(&str, String)]) {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let file = fs::File::create(at("a.raw")).unwrap();
    let bytes = layers * 1024 * 1024 * 4;
    file.set_len(bytes).unwrap();
    // Layers that are not zero, here and there.
    let values: Vec<u8> =
        (0..1 << 20).flat_map(|i| ((i as f32) / 1e3).sin().to_le_bytes()).collect();
    for layer in (0..layers).step_by(20) {
        std::os::unix::fs::FileExt::write_all_at(&file, &values, layer * (4 << 20)).unwrap();
    }
    for (flags, shape) in cases {
        let size: u64 = shape.split(',').map(|n| n.parse::<u64>().unwrap()).product::<u64>() * 4;
        file.set_len(size).unwrap();
        let compress = format!("compress a.raw a.z {flags} -s {shape} -t f32");
        let most = peak(&compress, device, folder.path());
        assert!(most < limit, "{shape}: {} MiB to compress", most >> 20);
        let back = peak("decompress a.z b.raw", device, folder.path());
        assert!(back < limit, "{shape}: {} MiB to decompress", back >> 20);
        println!("{device}, {shape} {flags}: {} and {} MiB", most >> 20, back >> 20);
        assert_eq!(fs::metadata(at("b.raw")).unwrap().len(), size);
        for made in ["a.z", "b.raw"] {
            fs::remove_file(at(made)).unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
fn is_large() -> bool {
    std::env::var_os("ZFP_WGPU_LARGE").is_some_and(|value| value == "1")
}

/// A file of 6 GiB with `ZFP_WGPU_LARGE=1`, which takes minutes and a disk, and else one that
/// is larger than the memory that is allowed.
#[test]
#[cfg(target_os = "linux")]
fn files_larger_than_memory() {
    let (layers, limit) = if is_large() { (1536, 512 << 20) } else { (75, 240 << 20) };
    let cases = [
        ("-r 2 --no-errors", format!("{layers},1024,1024")),
        // Four layers of this are the whole.
        ("-a 1e-3", format!("3,{},1024,1024", layers / 3)),
    ];
    stays_within(limit, "cpu", layers, &cases);
}

/// The same on a GPU in software, whose memory is the process's, as its driver's is. What the
/// driver of hardware takes of a process is its own affair, so the limit is tried there with
/// `ZFP_WGPU_LARGE=1` alone, which tries both shapes too.
#[test]
#[cfg(all(target_os = "linux", feature = "gpu"))]
fn files_larger_than_memory_on_a_gpu() {
    let devices = zfp_wgpu::devices();
    // The command takes the first of them.
    let Some(device) = devices.first() else {
        let required = std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1");
        assert!(!required, "REQUIRE_GPU=1, and there is no GPU");
        println!("SKIPPED: there is no GPU");
        return;
    };
    if !is_large() && device.kind != zfp_wgpu::DeviceKind::Software {
        println!("SKIPPED: {} is hardware, and ZFP_WGPU_LARGE is not 1", device.name);
        return;
    }
    let layers = if is_large() { 1536 } else { 150 };
    let mut cases = vec![("-r 8 --no-errors", format!("{layers},1024,1024"))];
    if is_large() {
        cases.push(("-r 8 --no-errors", format!("3,{},1024,1024", layers / 3)));
    }
    stays_within(512 << 20, "gpu", layers, &cases);
}

#[cfg(unix)]
#[test]
fn links_to_nothing_stay_and_get_a_file() {
    use std::os::unix::fs::symlink;

    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.raw"), crate::support::floats(1000)).unwrap();
    fs::create_dir(at("sub")).unwrap();
    symlink("sub/second", at("first")).unwrap();
    symlink("../real.z", at("sub/second")).unwrap();
    let output = ours("compress a.raw first -s 1000 -t f32 -r 8", folder.path());
    assert!(output.status.success(), "{}", said(&output));
    assert!(fs::symlink_metadata(at("first")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(at("sub/second")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(at("real.z")).unwrap().is_file());

    symlink("round", at("and")).unwrap();
    symlink("and", at("round")).unwrap();
    let output = ours("compress a.raw round -s 1000 -t f32 -r 8", folder.path());
    assert!(said(&output).contains("too many links"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));
}
