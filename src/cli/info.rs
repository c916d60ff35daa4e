//! `zfp-wgpu info` and `zfp-wgpu devices`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use zfp_wgpu::{Decompressor, Header, Mode, Params, devices};

use super::args::Info;
use super::array::Kind;
use super::decompress::Window;
use super::output::name;
use super::printf::general;
use super::tell;

/// Tells what streams hold.
pub(crate) fn run(arguments: &Info) -> Result<()> {
    for path in &arguments.streams {
        let text = describe(path).with_context(|| name(path, "input"))?;
        tell(&text)?;
    }
    Ok(())
}

fn describe(path: &Path) -> Result<String> {
    let mut window = Window::open(path)?;
    let header = Header::read(window.at(0, 19)?)?;
    let kind = Kind { scalar: header.scalar, shape: header.shape.clone() };
    let mut text = format!("{}\n", name(path, "input"));
    let mut line = |name: &str, value: &str| text += &format!("  {name:<10} {value}\n");
    line("type", &kind.scalar.to_string());
    line("shape", &kind.shape_text());
    line("mode", &mode(header.mode()));
    let Params { minbits, maxbits, maxprec, minexp } = header.params;
    line(
        "limits",
        &format!("minbits {minbits}, maxbits {maxbits}, maxprec {maxprec}, minexp {minexp}"),
    );
    let bytes = kind.bytes()?;
    line("values", &format!("{bytes} bytes"));
    if let Some(len) = window.len() {
        // What a reader would find out first.
        let checked = Decompressor::new().begin(&header, Some(len), usize::MAX);
        let note = checked.err().map(|error| format!(", but {error}")).unwrap_or_default();
        line("stream", &format!("{len} bytes, the header {} bits{note}", header.bits));
        let ratio = general(bytes as f64 / len as f64, 4);
        let rate = general(8.0 * len as f64 / kind.values()? as f64, 4);
        line("ratio", &format!("{ratio}, {rate} bits per value"));
        ensure!(note.is_empty(), "{}", text.trim_end());
    }
    Ok(text)
}

fn mode(mode: Mode) -> String {
    match mode {
        Mode::Rate(rate) => format!("fixed rate, {} bits per value", general(rate, 6)),
        Mode::Precision(planes) => format!("fixed precision, {planes} bit planes"),
        Mode::Accuracy(tolerance) => format!("fixed accuracy, tolerance {}", general(tolerance, 6)),
        Mode::Reversible => "reversible, without loss".to_owned(),
        _ => "expert".to_owned(),
    }
}

/// Lists the GPUs, a line for each.
pub(crate) fn list_devices() -> Result<()> {
    let devices = devices();
    if devices.is_empty() {
        return tell("no GPU that Vulkan, Metal or Direct3D 12 reaches; the CPU does the work\n");
    }
    for (index, device) in devices.iter().enumerate() {
        let kind = format!("{:?}", device.kind).to_lowercase();
        let clock = if device.has_timestamps { ", clock" } else { "" };
        tell(&format!(
            "gpu:{index}  {kind:10}  {:6}  buffers {} MiB, seen {} MiB{clock}  {}, {}\n",
            device.backend,
            device.max_buffer_bytes >> 20,
            device.max_binding_bytes >> 20,
            device.name,
            device.driver,
        ))?;
    }
    Ok(())
}
