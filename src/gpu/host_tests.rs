//! The host side against the CPU, and against devices that fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::Options;
use super::signal::Signal;
use super::*;
use crate::bitstream::BitWriter;
use crate::cpu;
use crate::error::Error;
use crate::field::{Field, FieldMut};
use crate::mode::Mode;
use crate::scalar::ScalarType;

/// A device, or word that there is none.
pub(super) fn open(options: &Options) -> Option<Context> {
    match adapters().first() {
        Some(adapter) => Some(Context::open_with(adapter, options).unwrap()),
        None if std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1") => {
            panic!("REQUIRE_GPU=1, and there is no adapter")
        }
        None => {
            println!("SKIPPED: no adapter");
            None
        }
    }
}

/// Values of any type, no two alike and none that is not finite.
fn bytes(scalar: ScalarType, values: usize) -> Vec<u8> {
    let wave = |i: usize| (i as f64 * 0.013).sin() * 1000.0 + (i % 7) as f64;
    match scalar {
        ScalarType::F32 => (0..values).flat_map(|i| (wave(i) as f32).to_le_bytes()).collect(),
        ScalarType::F64 => (0..values).flat_map(|i| wave(i).to_le_bytes()).collect(),
        ScalarType::I32 => {
            (0..values).flat_map(|i| ((wave(i) * 1e5) as i32).to_le_bytes()).collect()
        }
        ScalarType::I64 => {
            (0..values).flat_map(|i| ((wave(i) * 1e12) as i64).to_le_bytes()).collect()
        }
    }
}

fn strides(scalar: ScalarType, shape: &[usize]) -> Vec<isize> {
    let mut stride = scalar.size() as isize;
    let mut strides: Vec<isize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let here = stride;
            stride *= size as isize;
            here
        })
        .collect();
    strides.reverse();
    strides
}

/// A writer with a header of some bits.
pub(super) fn header(bits: u32) -> BitWriter<'static> {
    let mut out = BitWriter::default();
    for bit in 0..bits {
        out.put(u64::from(bit % 3 == 0), 1).unwrap();
    }
    out
}

/// The device's bytes and values must be the CPU's.
fn agree(
    context: &Context,
    scalar: ScalarType,
    shape: &[usize],
    params: Params,
    begun: u32,
    (strides, start, len): (&[isize], usize, usize),
) {
    let memory = bytes(scalar, len / scalar.size() + 1);
    let field = Field::from_bytes(&memory, scalar, shape, strides, start).unwrap();
    let policy = NonFinitePolicy::Error;
    let mut expected = header(begun);
    cpu::compress(&field, params, policy, Some(1), &mut expected).unwrap();
    let expected = expected.finish(64);
    let mut got = header(begun);
    compress(context, &field, params, policy, Some(2), &mut got).unwrap();
    let got = got.finish(64);
    let wrong = got.iter().zip(&expected).position(|(a, b)| a != b);
    assert!(
        got == expected,
        "{scalar:?} {shape:?} {params:?} behind {begun}: byte {wrong:?} of {}",
        expected.len()
    );

    let start_bit = u64::from(begun);
    let mut expected_values = vec![0x55; memory.len()];
    let mut got_values = expected_values.clone();
    let mut target =
        FieldMut::from_bytes(&mut expected_values, scalar, shape, strides, start).unwrap();
    cpu::decompress(&expected, start_bit, params, Some(1), &mut target).unwrap();
    let mut target = FieldMut::from_bytes(&mut got_values, scalar, shape, strides, start).unwrap();
    decompress(context, &expected, start_bit, params, Some(2), &mut target).unwrap();
    let wrong = got_values.iter().zip(&expected_values).position(|(a, b)| a != b);
    assert!(
        got_values == expected_values,
        "{scalar:?} {shape:?} {params:?} behind {begun}: byte {wrong:?} of the values"
    );
}

pub(super) fn fixed(bits: u32) -> Params {
    Params { minbits: bits, maxbits: bits, ..Params::default() }
}

fn agree_on_all(options: &Options) {
    let Some(context) = open(options) else { return };
    let shapes: [&[usize]; 4] = [&[100_003], &[301, 203], &[41, 37, 39], &[9, 14, 13, 18]];
    for scalar in [ScalarType::F32, ScalarType::F64, ScalarType::I32, ScalarType::I64] {
        for shape in shapes {
            // Software devices compile kernels for 4 dimensions for a minute.
            if shape.len() == 4 && scalar != ScalarType::F32 {
                continue;
            }
            let strides = strides(scalar, shape);
            let len = shape.iter().product::<usize>() * scalar.size();
            for (bits, begun) in [(64, 96), (96, 148), (37, 96), (61, 148), (128, 0), (33, 5)] {
                agree(&context, scalar, shape, fixed(bits), begun, (&strides, 0, len));
            }
        }
    }
    assert!(context.is_usable());
}

#[test]
fn bytes_are_those_of_the_cpu() {
    agree_on_all(&Options::default());
}

#[test]
fn bytes_are_those_of_the_cpu_through_copies_and_small_bindings() {
    let max_binding_bytes = Some(256 << 10);
    agree_on_all(&Options { mappable: false, max_binding_bytes, ..Options::default() });
}

#[test]
fn slabs_of_a_mebibyte_make_the_whole() {
    for mappable in [true, false] {
        let max_binding_bytes = Some(1 << 20);
        let options = Options { mappable, max_binding_bytes, ..Options::default() };
        let Some(context) = open(&options) else { return };
        let shape = [130, 101, 203];
        let strides = strides(ScalarType::F32, &shape);
        let len = shape.iter().product::<usize>() * 4;
        for bits in [512, 129, 2051] {
            agree(&context, ScalarType::F32, &shape, fixed(bits), 96, (&strides, 0, len));
        }
    }
}

#[test]
fn any_number_of_bits_will_do() {
    for mappable in [true, false] {
        // Small slabs, so that several begin within one word.
        let max_binding_bytes = Some(4096);
        let options = Options { mappable, max_binding_bytes, ..Options::default() };
        let Some(context) = open(&options) else { return };
        let one = |scalar: ScalarType, params, begun| {
            let size = 2003 * scalar.size();
            let step = [scalar.size() as isize];
            agree(&context, scalar, &[2003], params, begun, (&step, 0, size));
        };
        for (bits, begun) in [(1, 96), (2, 148), (3, 0), (31, 7), (32, 33), (1000, 1), (8192, 96)] {
            one(ScalarType::I32, fixed(bits), begun);
        }
        for (bits, begun) in [(9, 96), (12, 0), (63, 148), (8192, 20)] {
            one(ScalarType::F32, fixed(bits), begun);
        }
        one(ScalarType::F64, fixed(12), 96);
        one(ScalarType::I64, fixed(1), 148);
        one(ScalarType::F32, Params { maxprec: 9, ..fixed(70) }, 96);
        one(ScalarType::F64, Params { minexp: -3, ..fixed(200) }, 148);
    }
}

#[test]
fn a_child_leaves_the_device_of_its_parent_alone() {
    let Some(context) = open(&Options::default()) else { return };
    let context = context.forked();
    assert!(!context.is_usable());
    assert_eq!(fails(&context).kind, FailureKind::Lost);
}

#[test]
fn what_a_device_does_not_do_is_refused() {
    let Some(context) = open(&Options::default()) else { return };
    let values = [1f32; 64];
    let field = Field::new(&values, &[64]).unwrap();
    let policy = NonFinitePolicy::Error;
    for params in [Params::default(), Params { minexp: -1075, ..fixed(64) }] {
        let result = compress(&context, &field, params, policy, None, &mut header(0));
        assert!(matches!(result, Err(Stop::Device(_))));
    }
    let mut values = [1f32; 64];
    let mut field = FieldMut::new(&mut values, &[64]).unwrap();
    let result = decompress(&context, &[0; 100], 5, fixed(50), None, &mut field);
    assert_eq!(result, Err(Stop::Input(Error::Truncated { needed: 101, got: 100 })));
    assert!(context.is_usable());
}

#[test]
fn any_layout_will_do() {
    let max_binding_bytes = Some(64 << 10);
    let Some(context) = open(&Options { max_binding_bytes, ..Options::default() }) else { return };
    for (shape, strides, start, len) in [
        (&[41, 37, 39][..], &[4, 164, 6068][..], 0, 236_652),
        (&[41, 37, 39], &[-5772, -156, -4], 236_648, 236_652),
        (&[41, 37, 39], &[5772 * 2, 312, 8], 3, 473_400),
        (&[90, 70], &[0, 4], 0, 400),
        (&[90, 70], &[4, 4], 0, 1000),
        (&[300, 200], &[4, 1200], 0, 240_000),
    ] {
        agree(&context, ScalarType::I32, shape, fixed(77), 96, (strides, start, len));
    }
}

#[test]
fn what_is_not_finite_is_named() {
    let Some(context) = open(&Options::default()) else { return };
    let mut values: Vec<f32> = (0..40_000).map(|i| i as f32).collect();
    values[31_415] = f32::NAN;
    let field = Field::new(&values, &[200, 200]).unwrap();
    let mut out = header(96);
    let result = compress(&context, &field, fixed(128), NonFinitePolicy::Error, None, &mut out);
    assert_eq!(result, Err(Stop::Input(Error::NonFinite { index: vec![157, 15] })));
    // The output is as it was, and the device well.
    assert_eq!(out.position(), 96);
    assert_eq!(out.finish(64), header(96).finish(64));
    let policy = NonFinitePolicy::Allow;
    assert!(compress(&context, &field, fixed(128), policy, None, &mut header(96)).is_ok());
}

#[test]
fn threads_share_a_device() {
    let max_binding_bytes = Some(128 << 10);
    let options = Options { max_binding_bytes, ..Options::default() };
    let Some(context) = open(&options) else { return };
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let context = &context;
            scope.spawn(move || {
                let shape = [30 + thread, 40, 41];
                let strides = strides(ScalarType::F64, &shape);
                let len = shape.iter().product::<usize>() * 8;
                for bits in [100, 256, 513] {
                    agree(context, ScalarType::F64, &shape, fixed(bits), 96, (&strides, 0, len));
                }
            });
        }
    });
}

/// Both directions end with a failure, soon, and leave the output alone.
pub(super) fn fails(context: &Context) -> Failure {
    let begun = Instant::now();
    let values = vec![1f32; 100 * 100 * 100];
    let field = Field::new(&values, &[100, 100, 100]).unwrap();
    let params = Mode::Rate(8.0).params(ScalarType::F32, 3).unwrap();
    let mut out = header(96);
    let result = compress(context, &field, params, NonFinitePolicy::Error, None, &mut out);
    let Err(Stop::Device(failure)) = result else { panic!("{result:?}") };
    assert_eq!(out.position(), 96);
    let mut expected = header(96);
    cpu::compress(&field, params, NonFinitePolicy::Error, None, &mut out).unwrap();
    cpu::compress(&field, params, NonFinitePolicy::Error, None, &mut expected).unwrap();
    let stream = out.finish(64);
    assert_eq!(stream, expected.finish(64));

    let mut values = vec![0f32; 100 * 100 * 100];
    let mut field = FieldMut::new(&mut values, &[100, 100, 100]).unwrap();
    let result = decompress(context, &stream, 96, params, None, &mut field);
    assert!(matches!(result, Err(Stop::Device(_))), "{result:?}");
    assert!(begun.elapsed() < Duration::from_secs(60));
    failure
}

#[test]
fn a_device_destroyed_before_the_work_is_lost() {
    for mappable in [true, false] {
        let Some(context) = open(&Options { mappable, ..Options::default() }) else { return };
        context.device.destroy();
        let failure = fails(&context);
        assert_eq!(failure.kind, FailureKind::Lost);
        assert!(!context.is_usable());
    }
}

#[test]
fn a_device_destroyed_after_good_work_is_lost() {
    for mappable in [true, false] {
        let Some(context) = open(&Options { mappable, ..Options::default() }) else { return };
        let strides = strides(ScalarType::F32, &[20, 20, 20]);
        agree(&context, ScalarType::F32, &[20, 20, 20], fixed(64), 0, (&strides, 0, 32_000));
        context.device.destroy();
        let failure = fails(&context);
        assert_eq!(failure.kind, FailureKind::Lost);
        assert!(!context.is_usable());
    }
}

/// A submission, and a signal for a buffer that it fills.
fn flight(context: &Context, destroy: bool) -> (Arc<Signal>, wgpu::SubmissionIndex, wgpu::Buffer) {
    let buffer = |usage| {
        context.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 1 << 20,
            usage,
            mapped_at_creation: false,
        })
    };
    let source = buffer(wgpu::BufferUsages::COPY_SRC);
    let target = buffer(wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ);
    let mut encoder =
        context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(&source, 0, &target, 0, 1 << 20);
    let submission = context.queue.submit([encoder.finish()]);
    if destroy {
        context.device.destroy();
    }
    let signal = Arc::new(Signal::default());
    signal.map(&target, wgpu::MapMode::Read, 1 << 20);
    (signal, submission, target)
}

#[test]
fn a_device_destroyed_between_submission_and_mapping_is_lost() {
    let Some(context) = open(&Options::default()) else { return };
    let (signal, submission, _target) = context.scoped(0, || flight(&context, false)).unwrap();
    assert_eq!(context.wait(&signal, &submission), Ok(()));
    let failure = context
        .scoped(0, || flight(&context, true))
        .and_then(|(signal, submission, _target)| context.wait(&signal, &submission))
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Lost);
    assert!(!context.is_usable());
}

#[test]
fn a_device_destroyed_while_another_thread_works_is_lost() {
    for delay in [0, 3, 10, 30, 100] {
        let Some(context) = open(&Options::default()) else { return };
        let device = context.device.clone();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(delay));
                device.destroy();
            });
            let values = vec![1f32; 1 << 20];
            let field = Field::new(&values, &[1 << 20]).unwrap();
            // Some calls may still succeed; then one does not.
            let policy = NonFinitePolicy::Error;
            let begun = Instant::now();
            while compress(&context, &field, fixed(32), policy, None, &mut BitWriter::default())
                .is_ok()
            {
                assert!(begun.elapsed() < Duration::from_secs(60));
            }
        });
        // Whatever the first failure was, there is no way back.
        assert_eq!(fails(&context).kind, FailureKind::Lost, "after {delay} ms");
        assert!(!context.is_usable(), "after {delay} ms");
    }
}

#[test]
fn a_device_that_does_not_answer_is_given_up() {
    let patience = Duration::from_millis(300);
    let Some(context) = open(&Options { patience: Some(patience), ..Options::default() }) else {
        return;
    };
    // A mapping that is never asked for never comes.
    let (done, submission, _target) = context.scoped(0, || flight(&context, false)).unwrap();
    assert_eq!(context.wait(&done, &submission), Ok(()));
    let begun = Instant::now();
    let failure = context.wait(&Signal::never(), &submission).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Lost);
    assert!(begun.elapsed() >= patience && begun.elapsed() < Duration::from_secs(20));
    assert!(!context.is_usable());
}

#[test]
fn too_large_a_buffer_is_a_failure_and_no_more() {
    let Some(context) = open(&Options::default()) else { return };
    let huge = |size| {
        context.scoped(size, || {
            context.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage: wgpu::BufferUsages::STORAGE,
                mapped_at_creation: false,
            })
        })
    };
    let failure = huge(context.device.limits().max_buffer_size.saturating_add(4)).unwrap_err();
    assert!(failure.reason.contains("maximum buffer size"), "{failure}");
    assert!(context.is_usable());
    // Errors that no scope catches are heard too, and do not panic.
    drop(context.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: !3,
        usage: wgpu::BufferUsages::STORAGE,
        mapped_at_creation: false,
    }));
    assert!(!context.is_usable());
}

#[test]
fn a_panic_becomes_a_failure() {
    let Some(context) = open(&Options::default()) else { return };
    let failure = context.scoped(0, || panic!("as a driver may")).unwrap_err();
    assert_eq!(failure, Failure::lost("as a driver may"));
    assert!(!context.is_usable());
    assert!(context.scoped(0, || ()).is_err());
}

#[test]
fn memory_is_bounded_by_the_ring() {
    let max_binding_bytes = Some(1 << 20);
    let options = Options { mappable: false, max_binding_bytes, ..Options::default() };
    let Some(context) = open(&options) else { return };
    let values = vec![1f32; 4 << 20];
    let field = Field::new(&values, &[4 << 20]).unwrap();
    let policy = NonFinitePolicy::Error;
    let mut out = BitWriter::default();
    let seconds = compress(&context, &field, fixed(37), policy, None, &mut out).unwrap();
    assert!(seconds.total >= seconds.upload && seconds.upload > Duration::ZERO);
    assert!(seconds.download > Duration::ZERO && seconds.kernel > Duration::ZERO);
    println!("{seconds:?}");
    // Three slabs, each with its values and its stream twice, and scratch.
    let idle = context.rings.idle_bytes();
    assert!(matches!(idle[..], [1..=0xf0_0000]), "{idle:?}");
}

#[test]
fn a_context_is_for_all_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Context>();
    shared::<Adapter>();
}
