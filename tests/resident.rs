//! Arrays and streams that stay on a device: the bytes and values are those of the CPU.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use support::data::{self, Kind};
use support::layout::{Layout, Memory};
use support::{Value, same_bits};
use zfp_wgpu::gpu::resident::{Array, Codec, wgpu};
use zfp_wgpu::{
    Compressor, Decompressor, Device, Error, Mode, NonFinitePolicy, Params, ScalarType, StreamWord,
};

/// A caller's device.
struct Owner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    codec: Codec,
}

impl Owner {
    /// A device with these bindings at most, or word that there is none.
    fn new(max_binding_bytes: u64) -> Option<Self> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
        let Some(adapter) = adapters.into_iter().next() else {
            let required = std::env::var("REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!required, "REQUIRE_GPU=1, and there is no adapter");
            println!("SKIPPED: no adapter");
            return None;
        };
        let mut limits = adapter.limits();
        limits.max_storage_buffer_binding_size =
            limits.max_storage_buffer_binding_size.min(max_binding_bytes);
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
        let codec = Codec::new(&device);
        Some(Self { device, queue, codec })
    }

    fn buffer(&self, bytes: &[u8]) -> wgpu::Buffer {
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes.len().next_multiple_of(8) as u64,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut bytes = bytes.to_vec();
        bytes.resize(buffer.size() as usize, 0);
        self.queue.write_buffer(&buffer, 0, &bytes);
        buffer
    }

    fn read(&self, buffer: &wgpu::Buffer) -> Vec<u8> {
        let target = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: buffer.size(),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.encoder();
        encoder.copy_buffer_to_buffer(buffer, 0, &target, 0, buffer.size());
        self.queue.submit([encoder.finish()]);
        target.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
        self.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        target.get_mapped_range(..).unwrap().to_vec()
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }
}

/// Where streams begin in their buffers, in whatever alignment a device asks for.
const OFFSET: usize = 512;

fn check<T: Value>(owner: &Owner, memory: &Memory<T>, mode: Mode, header: bool) {
    let layout = &memory.layout;
    let shape = &layout.shape;
    let what = || format!("{} {layout:?} {mode:?} {header}", T::TYPE);
    let expected = Compressor::new(mode)
        .device(Device::Cpu)
        .header(header)
        .stream_word(StreamWord::Bits64)
        .compress(&memory.field())
        .unwrap();

    let values = owner.buffer(bytemuck::cast_slice(&memory.items));
    let strides = Some(layout.strides.as_slice());
    let array = Array { buffer: &values, scalar: T::TYPE, shape, strides, start: layout.start };
    let blank = [vec![0x5a; OFFSET + expected.len()], vec![0xa5; 64]].concat();
    let stream = owner.buffer(&blank);
    let mut encoder = owner.encoder();
    let recorded =
        owner.codec.compress(&mut encoder, &array, mode, header, &stream, OFFSET as u64).unwrap();
    owner.queue.submit([encoder.finish()]);
    assert_eq!(recorded.bytes, expected.len() as u64, "{}", what());
    let found = owner.read(&stream);
    let (before, found) = found.split_at(OFFSET);
    assert!(before.iter().all(|&byte| byte == 0x5a), "before {}", what());
    assert!(found[..expected.len()] == expected, "compress {}", what());
    assert!(found[expected.len()..][..64].iter().all(|&byte| byte == 0xa5), "behind {}", what());
    assert_eq!(owner.read(&recorded.not_finite)[..4], [0; 4], "{}", what());

    let target = memory.blank();
    let values = owner.buffer(bytemuck::cast_slice(&target.items));
    let array = Array { buffer: &values, scalar: T::TYPE, shape, strides, start: layout.start };
    let mut encoder = owner.encoder();
    let result = owner.codec.decompress(&mut encoder, &stream, OFFSET as u64, mode, header, &array);
    if layout.shares_memory() {
        assert!(matches!(result, Err(Error::GpuUnsupported { .. })), "{}", what());
        return;
    }
    result.unwrap();
    owner.queue.submit([encoder.finish()]);
    let mut expected_values = memory.blank();
    let decompressor = Decompressor::new().device(Device::Cpu);
    if header {
        decompressor.decompress_into(&expected, expected_values.field_mut()).unwrap();
    } else {
        let field = expected_values.field_mut();
        decompressor.decompress_headerless_into(&expected, mode, field).unwrap();
    }
    let found = owner.read(&values);
    let found: &[T] = bytemuck::cast_slice(&found[..size_of_val(target.items.as_slice())]);
    assert!(same_bits(found, &expected_values.items), "decompress {}", what());
}

/// Whole words, odd bits, and blocks limited in planes too.
fn modes(dims: usize) -> [Mode; 4] {
    let bits = (11 << (2 * dims)) / 2 + 3;
    [
        Mode::Rate(8.0),
        Mode::Rate(5.3),
        Mode::Rate(17.0),
        Mode::Expert(Params { minbits: bits, maxbits: bits, maxprec: 19, minexp: -40 }),
    ]
}

fn everything<T: Value>(owner: &Owner, dims: &[usize]) {
    let mut rng = Rng::with_seed(11);
    for &dims in dims {
        let shape = &[9, 10, 11, 22][4 - dims..];
        let values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
        for (i, layout) in Layout::all(shape).into_iter().enumerate() {
            let memory = Memory::of(&values, &layout);
            for (j, mode) in modes(dims).into_iter().enumerate() {
                check(owner, &memory, mode, (i + j) % 2 == 0);
            }
        }
    }
}

#[test]
fn bytes_are_those_of_the_cpu() {
    let Some(owner) = Owner::new(u64::MAX) else { return };
    everything::<f32>(&owner, &[1, 2, 3, 4]);
    everything::<f64>(&owner, &[1, 2, 3]);
    everything::<i32>(&owner, &[1, 2, 3]);
    everything::<i64>(&owner, &[1, 2, 3]);
}

/// What one dispatch cannot see is done by several, which join at the bit.
#[test]
fn small_bindings_make_many_slabs() {
    let Some(owner) = Owner::new(64 << 10) else { return };
    let mut rng = Rng::with_seed(12);
    // In the last three, planes or rows of a block lie further apart than a dispatch sees.
    for shape in [
        &[70_001][..],
        &[201, 303],
        &[41, 42, 43],
        &[4, 150, 140],
        &[7, 9, 50, 61],
        &[3, 5, 20_003],
    ] {
        let values: Vec<f32> = data::array(&mut rng, shape, &Kind::ALL);
        for layout in [0, 3, 5].map(|i| Layout::all(shape).swap_remove(i)) {
            let memory = Memory::of(&values, &layout);
            for (i, mode) in modes(shape.len()).into_iter().enumerate() {
                check(&owner, &memory, mode, i % 2 == 0);
            }
        }
    }
}

/// The same for values of 64 bits, and for rows that are planes apart.
#[test]
fn planes_far_apart_are_brought_together() {
    let Some(owner) = Owner::new(32 << 10) else { return };
    let mut rng = Rng::with_seed(13);
    let values: Vec<i64> = data::array(&mut rng, &[4, 90, 50], &Kind::ALL);
    for layout in Layout::all(&[4, 90, 50]) {
        let memory = Memory::of(&values, &layout);
        check(&owner, &memory, Mode::Rate(8.0), true);
        check(&owner, &memory, Mode::Rate(5.3), false);
    }
}

/// A stream is as long as its bits, in whatever words its writer counted.
#[test]
fn streams_end_with_their_last_bit() {
    let Some(owner) = Owner::new(u64::MAX) else { return };
    let values = [1f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0];
    for (mode, bytes) in [(Mode::Rate(8.0), 12), (Mode::Rate(9.0), 14)] {
        let compressor = Compressor::new(mode).header(false).device(Device::Cpu);
        let field = zfp_wgpu::Field::new(&values, &[12]).unwrap();
        let stream = compressor.stream_word(StreamWord::Bits8).compress(&field).unwrap();
        assert_eq!(stream.len(), bytes);
        let make = |bytes: &[u8]| {
            let size = bytes.len().next_multiple_of(4);
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
            let buffer = owner.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: size as u64,
                usage,
                mapped_at_creation: false,
            });
            let mut bytes = bytes.to_vec();
            bytes.resize(size, 0);
            owner.queue.write_buffer(&buffer, 0, &bytes);
            buffer
        };
        let output = owner.buffer(&[0; 48]);
        let array = Array::new(&output, ScalarType::F32, &[12]);
        let mut encoder = owner.encoder();
        owner.codec.decompress(&mut encoder, &make(&stream), 0, mode, false, &array).unwrap();
        owner.queue.submit([encoder.finish()]);
        let decompressor = Decompressor::new().device(Device::Cpu);
        let expected = decompressor.decompress_headerless::<f32>(&stream, mode, &[12]).unwrap();
        assert_eq!(owner.read(&output), bytemuck::cast_slice::<f32, u8>(&expected));
        let short = make(&stream[..bytes - 4]);
        let error = owner.codec.decompress(&mut owner.encoder(), &short, 0, mode, false, &array);
        let (needed, got) = (bytes.next_multiple_of(4) as u64, short.size());
        assert_eq!(error, Err(Error::Truncated { needed, got }));
    }
}

/// More than 2^32 bits of stream, of few values.
#[test]
fn more_than_32_bits_count() {
    let Some(owner) = Owner::new(u64::MAX) else { return };
    let bits = 16_387;
    let mode = Mode::Expert(Params { minbits: bits, maxbits: bits, ..Params::default() });
    let shape = [1_150_001];
    if Codec::stream_bytes(ScalarType::I32, &shape, mode, true).unwrap() + 1024
        > owner.device.limits().max_buffer_size
    {
        println!("SKIPPED: buffers are smaller");
        return;
    }
    let some: Vec<i32> = data::array(&mut Rng::with_seed(14), &[9973], &Kind::ALL);
    let values: Vec<i32> = some.iter().copied().cycle().take(shape[0]).collect();
    check(&owner, &Memory::of(&values, &Layout::contiguous(&shape)), mode, true);
}

#[test]
fn devices_are_tried_beside_the_cpu() {
    let Some(owner) = Owner::new(u64::MAX) else { return };
    let all = [ScalarType::I32, ScalarType::I64, ScalarType::F32, ScalarType::F64];
    assert_eq!(owner.codec.check(&owner.queue, &all, &[1, 2, 3]), Ok(()));
    assert_eq!(owner.codec.check(&owner.queue, &[ScalarType::F32], &[4]), Ok(()));
    let error = owner.codec.check(&owner.queue, &all, &[5]);
    assert_eq!(error, Err(Error::Dimensions { got: 5 }));
    owner.device.destroy();
    let error = owner.codec.check(&owner.queue, &all, &[1]);
    assert!(matches!(error, Err(Error::GpuFailed { .. })), "{error:?}");
}

#[test]
fn what_is_not_finite_is_told() {
    let Some(owner) = Owner::new(u64::MAX) else { return };
    let mut values = vec![1f32; 64];
    values[17] = f32::NAN;
    let input = owner.buffer(bytemuck::cast_slice(&values));
    let stream = owner.buffer(&[0; 1024]);
    let mut encoder = owner.encoder();
    let array = Array::new(&input, ScalarType::F32, &[4, 16]);
    let recorded =
        owner.codec.compress(&mut encoder, &array, Mode::Rate(8.0), false, &stream, 0).unwrap();
    owner.queue.submit([encoder.finish()]);
    assert_ne!(owner.read(&recorded.not_finite)[..4], [0; 4]);
    let field = zfp_wgpu::Field::new(&values, &[4, 16]).unwrap();
    let expected = Compressor::new(Mode::Rate(8.0))
        .header(false)
        .non_finite(NonFinitePolicy::Allow)
        .compress(&field)
        .unwrap();
    assert_eq!(owner.read(&stream)[..expected.len()], expected);

    let codec = Codec::new(&owner.device).non_finite(NonFinitePolicy::Allow);
    let stream = owner.buffer(&[0; 1024]);
    let mut encoder = owner.encoder();
    let recorded =
        codec.compress(&mut encoder, &array, Mode::Rate(8.0), false, &stream, 0).unwrap();
    owner.queue.submit([encoder.finish()]);
    assert_eq!(owner.read(&recorded.not_finite)[..4], [0; 4]);
    assert_eq!(owner.read(&stream)[..expected.len()], expected);
}

#[test]
fn what_cannot_be_is_refused() {
    let Some(owner) = Owner::new(u64::MAX) else { return };
    let input = owner.buffer(&[0; 4096]);
    let stream = owner.buffer(&[0; 1024]);
    let array = Array::new(&input, ScalarType::F32, &[32, 32]);
    let mut encoder = owner.encoder();
    let mut compress = |array: &Array<'_>, mode, offset| {
        owner.codec.compress(&mut encoder, array, mode, true, &stream, offset).unwrap_err()
    };
    let is_unsupported = |error| matches!(error, Error::GpuUnsupported { .. });
    assert!(is_unsupported(compress(&array, Mode::Reversible, 0)), "varying blocks");
    assert!(is_unsupported(compress(&array, Mode::Rate(8.0), 0)), "no room");
    assert!(is_unsupported(compress(&array, Mode::Rate(1.0), 8)), "alignment");
    let large = Array { shape: &[33, 32], ..array };
    assert!(matches!(compress(&large, Mode::Rate(1.0), 0), Error::OutOfBounds { .. }));
    let five = Array { shape: &[1; 5], ..array };
    assert!(matches!(compress(&five, Mode::Rate(1.0), 0), Error::Dimensions { got: 5 }));
    let empty = Array { shape: &[0, 4], ..array };
    assert!(matches!(compress(&empty, Mode::Rate(1.0), 0), Error::Empty { axis: 0, .. }));
    let bytes = |shape| Codec::stream_bytes(ScalarType::F32, shape, Mode::Rate(1.0), true);
    assert!(matches!(bytes(&[0, 4]), Err(Error::Empty { axis: 0, .. })));
    let error = owner.codec.compress(&mut encoder, &array, Mode::Rate(1.0), true, &input, 0);
    assert!(error.is_err_and(is_unsupported), "one buffer for both");
    let error = owner.codec.decompress(&mut encoder, &input, 0, Mode::Rate(1.0), true, &array);
    assert!(error.is_err_and(is_unsupported), "one buffer for both");
    let error = owner.codec.decompress(&mut encoder, &stream, 0, Mode::Rate(9.0), true, &array);
    assert!(matches!(error, Err(Error::Truncated { got: 1024, .. })), "{error:?}");
}
