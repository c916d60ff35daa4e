//! Kernels against the CPU.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::kernels::*;
use crate::block::{NonFinitePolicy, Params};
use crate::codec::{Compressor, Decompressor};
use crate::field::Field;
use crate::mode::Mode;
use crate::scalar::Scalar;

pub(super) struct Harness {
    device: wgpu::Device,
    queue: wgpu::Queue,
    kernels: Kernels,
}

impl Harness {
    pub(super) fn new() -> Self {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
        let adapter = adapters.into_iter().next().unwrap();
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            required_features: adapter.features()
                & (wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::MAPPABLE_PRIMARY_BUFFERS),
            required_limits: adapter.limits(),
            ..Default::default()
        }))
        .unwrap();
        let kernels = Kernels::new(device.clone());
        Self { device, queue, kernels }
    }

    fn buffer(&self, bytes: &[u8]) -> wgpu::Buffer {
        let size = (bytes.len() as u64).next_multiple_of(16);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: true,
        });
        let mut padded = bytes.to_vec();
        padded.resize(size as usize, 0);
        buffer.get_mapped_range_mut(..).unwrap().copy_from_slice(&padded);
        buffer.unmap();
        buffer
    }

    fn read(&self, buffer: &wgpu::Buffer, bytes: usize) -> Vec<u8> {
        let target = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: buffer.size(),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &target, 0, buffer.size());
        self.queue.submit([encoder.finish()]);
        target.map_async(wgpu::MapMode::Read, .., |r| r.unwrap());
        self.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        target.get_mapped_range(..).unwrap()[..bytes].to_vec()
    }

    fn run(
        &self,
        kernel: Kernel,
        work: &Work,
        values: &wgpu::Buffer,
        stream: &wgpu::Buffer,
    ) -> f64 {
        let scratch = self.buffer(&vec![0; work.scratch_bytes().max(16) as usize]);
        let status = self.buffer(&[0; 16]);
        let pipelines = self.kernels.get(kernel);
        let mut encoder = self.device.create_command_encoder(&Default::default());
        pipelines.record(
            &self.device,
            &mut encoder,
            work,
            &Buffers {
                values: values.as_entire_buffer_binding(),
                stream: stream.as_entire_buffer_binding(),
                scratch: Some(&scratch),
                status: &status,
            },
            None,
        );
        let start = std::time::Instant::now();
        self.queue.submit([encoder.finish()]);
        self.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        start.elapsed().as_secs_f64()
    }
}

fn check<T: Scalar>(harness: &Harness, shape: &[usize], values: &[T], mode: Mode, time: bool) {
    let dims = shape.len();
    let params: Params = mode.params(T::TYPE, dims).unwrap();
    let field = Field::new(values, shape).unwrap();
    let expected = Compressor::new(mode).threads(1).compress(&field).unwrap();
    let mut size = [1u32; 4];
    let mut stride = [0i32; 4];
    let mut step = 1;
    for (axis, &n) in shape.iter().rev().enumerate() {
        size[axis] = n as u32;
        stride[axis] = step;
        step *= n as i32;
    }
    let header = crate::header::bits(params) as u32;
    let mut head = [0u8; 32];
    head[..header.div_ceil(8) as usize].copy_from_slice(&expected[..header.div_ceil(8) as usize]);
    if header % 8 != 0 {
        head[header as usize / 8] &= (1 << (header % 8)) - 1;
    }
    let work = Work {
        size,
        stride,
        start: 0,
        params,
        policy: NonFinitePolicy::Allow,
        first_bit: header,
        head: bytemuck::cast(head),
        keep: false,
    };
    let bytes: &[u8] = bytemuck::cast_slice(values);
    let input = harness.buffer(bytes);
    let stream = harness.buffer(&vec![0xa5; work.stream_bytes() as usize]);
    let encode = Kernel { scalar: T::TYPE, dims, direction: Direction::Encode };
    let t0 = harness.run(encode, &work, &input, &stream);
    let got = harness.read(&stream, work.stream_bytes() as usize);
    assert_eq!(got.len(), expected.len());
    if got != expected {
        let at = got.iter().zip(&expected).position(|(a, b)| a != b).unwrap();
        panic!(
            "encode {encode:?} {mode:?} byte {at} of {}: {:x?} {:x?}",
            got.len(),
            &got[at..(at + 8).min(got.len())],
            &expected[at..(at + 8).min(got.len())]
        );
    }
    let output = harness.buffer(&vec![0x5a; bytes.len()]);
    let stream = harness.buffer(&[expected.clone(), vec![0; 8]].concat());
    let decode = Kernel { direction: Direction::Decode, ..encode };
    let t1 = harness.run(decode, &work, &output, &stream);
    let got = harness.read(&output, bytes.len());
    let want = Decompressor::new().threads(1).decompress::<T>(&expected).unwrap();
    let want: &[u8] = bytemuck::cast_slice(&want.values);
    if got != want {
        let at = got.iter().zip(want).position(|(a, b)| a != b).unwrap() / size_of::<T>()
            * size_of::<T>();
        panic!(
            "decode {decode:?} {mode:?} byte {at}: {:x?} {:x?}",
            &got[at..at + 8],
            &want[at..at + 8]
        );
    }
    if time {
        let mut enc = Vec::new();
        let mut dec = Vec::new();
        let mut cpu = Vec::new();
        let mut cpud = Vec::new();
        let threads: usize = std::env::var("T").map_or(1, |t| t.parse().unwrap());
        for _ in 0..5 {
            enc.push(harness.run(encode, &work, &input, &stream));
            dec.push(harness.run(decode, &work, &output, &stream));
            let s = std::time::Instant::now();
            let c = Compressor::new(mode).threads(threads).compress(&field).unwrap();
            cpu.push(s.elapsed().as_secs_f64());
            let s = std::time::Instant::now();
            Decompressor::new().threads(threads).decompress::<T>(&c).unwrap();
            cpud.push(s.elapsed().as_secs_f64());
        }
        let med = |v: &mut Vec<f64>| {
            v.sort_by(f64::total_cmp);
            v[v.len() / 2]
        };
        let mb = bytes.len() as f64 / 1e6;
        println!(
            "{:?} {dims}d {mode:?}: first {t0:.2} s {t1:.2} s; encode {:.0} MB/s (cpu1 {:.0}), decode {:.0} MB/s (cpu1 {:.0})",
            T::TYPE,
            mb / med(&mut enc),
            mb / med(&mut cpu),
            mb / med(&mut dec),
            mb / med(&mut cpud)
        );
    }
}

fn smooth(shape: &[usize]) -> Vec<f64> {
    let mut state = 1u64;
    (0..shape.iter().product::<usize>())
        .map(|i| {
            let mut rest = i;
            let mut sum = 0.0;
            for &n in shape.iter().rev() {
                sum += (1.0 + 0.05 * (rest % n) as f64).sin();
                rest /= n;
            }
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            sum + 1e-4 * ((state >> 33) as f64 / 30f64.exp2() - 1.0)
        })
        .collect()
}

#[test]
fn speed() {
    let harness = Harness::new();
    let only = std::env::var("ONLY").unwrap_or_default();
    for (dims, shape) in
        [vec![1 << 21], vec![1508, 1516], vec![128, 128, 132], vec![36, 40, 40, 44]]
            .into_iter()
            .enumerate()
    {
        let v = smooth(&shape);
        let f32s: Vec<f32> = v.iter().map(|&v| v as f32).collect();
        let i32s: Vec<i32> = v.iter().map(|&v| (v * 1e6) as i32).collect();
        let i64s: Vec<i64> = v.iter().map(|&v| (v * 1e12) as i64).collect();
        for rate in [8.0, 16.0, 7.3] {
            let mode = Mode::Rate(rate);
            let d = dims + 1;
            let want = |t: &str| format!("{t}/{d}").contains(&only);
            if want("f32") {
                check(&harness, &shape, &f32s, mode, true);
            }
            if want("f64") {
                check(&harness, &shape, &v, mode, true);
            }
            if want("i32") {
                check(&harness, &shape, &i32s, mode, true);
            }
            if want("i64") {
                check(&harness, &shape, &i64s, mode, true);
            }
        }
    }
}
