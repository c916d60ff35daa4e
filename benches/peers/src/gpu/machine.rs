//! On what machine figures were taken.

use std::fmt::Write as _;
use std::process::Command;

use zfp_wgpu::{DeviceInfo, DeviceKind};

/// The machine, a line for each fact.
pub(crate) fn describe(devices: &[(usize, DeviceInfo)]) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // A `String` takes everything.
        let _ = writeln!(text, "{name}: {value}");
    };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    line("command", format!("cargo xtask bench gpu {}", arguments.join(" ")).trim().to_owned());
    line("CPU", format!("{}, {} threads", cpu(), threads()));
    if let Some(bytes) = memory() {
        line("memory", format!("{:.1} GiB for programs", bytes as f64 / 30f64.exp2()));
    }
    line("system", system());
    if let Some(load) = load() {
        line("load", format!("{load} in the minute before"));
    }
    let c = if cfg!(feature = "others") { "LLNL zfp 1.0.1, one thread" } else { "not built" };
    line("C", c.to_owned());
    for (index, info) in devices {
        let clock = if info.has_timestamps { "a clock" } else { "no clock" };
        line(
            &format!("device {index}"),
            format!(
                "{}, {}, {}, driver {}, {clock} of its own",
                info.name,
                kind(info),
                info.backend,
                info.driver
            ),
        );
    }
    text
}

/// What sort of device it is, in a word.
pub(crate) fn kind(info: &DeviceInfo) -> &'static str {
    match info.kind {
        DeviceKind::Discrete => "discrete",
        DeviceKind::Integrated => "integrated",
        DeviceKind::Virtual => "virtual",
        DeviceKind::Software => "software",
        _ => "other",
    }
}

/// How many threads "all" are.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Bytes of memory that are free or, under macOS, all there are; where the system tells.
pub(crate) fn memory() -> Option<u64> {
    if let Some(kibibytes) = value("/proc/meminfo", "MemAvailable:") {
        return Some(kibibytes.trim_end_matches("kB").trim().parse::<u64>().ok()? << 10);
    }
    output("sysctl", &["-n", "hw.memsize"])?.parse().ok()
}

fn cpu() -> String {
    value("/proc/cpuinfo", "model name")
        .map(|name| name.trim_start_matches(':').trim().to_owned())
        .or_else(|| output("sysctl", &["-n", "machdep.cpu.brand_string"]))
        .or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok())
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn system() -> String {
    let name = value("/etc/os-release", "PRETTY_NAME=").map(|name| name.replace('"', ""));
    let kernel = output("uname", &["-sr"]);
    let facts: Vec<String> = name.into_iter().chain(kernel).collect();
    if facts.is_empty() { std::env::consts::OS.to_owned() } else { facts.join(", ") }
}

/// How many programs wanted a processor lately: figures of a busy machine are noise.
fn load() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next().map(str::to_owned)
}

/// What stands behind a name in a file.
fn value(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
}

/// What a program prints, if it can be run.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
