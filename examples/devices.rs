//! The GPUs that there are, a line for each: how to ask for it, what it is, how much a
//! buffer holds and how much of it a kernel sees at once, and its name and driver.
//!
//! `cargo run --example devices`

fn main() {
    let devices = zfp_wgpu::devices();
    if devices.is_empty() {
        eprintln!("there is no GPU that wgpu could use");
    }
    for (index, device) in devices.iter().enumerate() {
        let kind = format!("{:?}", device.kind).to_lowercase();
        let mebibytes = |bytes: u64| bytes >> 20;
        println!(
            "gpu:{index}  {kind:10}  {:6}  buffers {} MiB, seen {} MiB{}  {}, {}",
            device.backend,
            mebibytes(device.max_buffer_bytes),
            mebibytes(device.max_binding_bytes),
            if device.has_timestamps { ", clock" } else { "" },
            device.name,
            device.driver,
        );
    }
}
