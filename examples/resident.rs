//! Compress and decompress an array that never leaves the device.
//!
//! `cargo run --release --example resident`
//!
//! The wgpu device, its buffers and the command encoder are the program's own, as in a
//! simulation or a renderer. Only for showing that it works is the result read back.

use std::error::Error;

use zfp_wgpu::gpu::resident::{Array, Codec, wgpu};
use zfp_wgpu::{Mode, ScalarType};

const SHAPE: [usize; 3] = [60, 70, 80];
const MODE: Mode = Mode::Rate(8.0);

fn main() -> Result<(), Box<dyn Error>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let Some(adapter) = adapters.into_iter().next() else {
        println!("SKIPPED: no adapter");
        return Ok(());
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        required_limits: adapter.limits(),
        ..Default::default()
    }))?;

    // An array on the device, as a kernel of the program's own would have made it.
    let values: Vec<f32> = (0..SHAPE.iter().product()).map(|i| (i as f32 / 999.0).sin()).collect();
    let bytes: &[u8] = bytemuck::cast_slice(&values);
    let buffer = |size: usize, usage| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: size as u64,
            usage,
            mapped_at_creation: false,
        })
    };
    let storage = wgpu::BufferUsages::STORAGE;
    let input = buffer(bytes.len(), storage | wgpu::BufferUsages::COPY_DST);
    let output = buffer(bytes.len(), storage | wgpu::BufferUsages::COPY_SRC);
    queue.write_buffer(&input, 0, bytes);

    // Both directions, as part of the program's commands.
    let codec = Codec::new(&device);
    let size = Codec::stream_bytes(ScalarType::F32, &SHAPE, MODE, true)?;
    let stream = buffer(size as usize, storage);
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let array = Array::new(&input, ScalarType::F32, &SHAPE);
    let recorded = codec.compress(&mut encoder, &array, MODE, true, &stream, 0)?;
    let array = Array::new(&output, ScalarType::F32, &SHAPE);
    codec.decompress(&mut encoder, &stream, 0, MODE, true, &array)?;

    // A look at what came of it.
    let look = buffer(bytes.len(), wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
    encoder.copy_buffer_to_buffer(&output, 0, &look, 0, look.size());
    queue.submit([encoder.finish()]);
    look.map_async(wgpu::MapMode::Read, .., |_| ());
    device.poll(wgpu::PollType::wait_indefinitely())?;
    let view = look.get_mapped_range(..)?;
    let again: &[f32] = bytemuck::cast_slice(&view);
    let error = values.iter().zip(again).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!(
        "{}: {} bytes as {}, largest error {error:e}",
        adapter.get_info().name,
        bytes.len(),
        recorded.bytes
    );
    Ok(())
}
