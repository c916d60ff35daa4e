//! Is a device to be trusted, and how fast is it: small trials beside the CPU.

use std::time::{Duration, Instant};

use super::cost::{Cost, Rivals};
use super::work::Call;
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::cpu;
use crate::error::Result;
use crate::field::{Field, FieldMut};
use crate::gpu::{self, Context, Stop};
use crate::scalar::ScalarType;

/// Bits before the first block in trials: whole words, and none.
const STARTS: [u32; 2] = [96, 20];

/// Whether the kernel that a call needs gives on this device what the CPU gives, for a few
/// blocks of all sorts, some of which leave the array. Between steps `go_on` may end it.
pub(super) fn is_right(
    context: &Context,
    call: Call,
    go_on: impl Fn() -> std::result::Result<(), Stop>,
) -> std::result::Result<bool, Stop> {
    let Call { scalar, dims, encode, .. } = call;
    // Above 64 blocks, and enough values for every kind of them.
    let shape: &[usize] = match dims {
        1 => &[1021],
        2 => &[45, 47],
        3 => &[13, 14, 21],
        _ => &[5, 6, 9, 21],
    };
    let values: usize = shape.iter().product();
    let bytes = trial_bytes(scalar, values);
    let field = field(&bytes, scalar, shape)?;
    let policy = NonFinitePolicy::Error;
    // Whole words, odd bits, and few enough to stop within the first planes.
    for bits in [64 << dims, (37 << dims) + 5, 13 + (1 << dims)] {
        let params = Params { minbits: bits, maxbits: bits, ..Params::default() };
        for start in STARTS {
            go_on()?;
            let mut expected = begin(start)?;
            cpu::compress(&field, params, policy, Some(1), &mut expected)?;
            if encode {
                let mut found = begin(start)?;
                gpu::compress(context, &field, params, policy, Some(1), &mut found)?;
                if found.finish(64) != expected.finish(64) {
                    return Ok(false);
                }
                continue;
            }
            let stream = expected.finish(64);
            let mut found = vec![0xa5; bytes.len()];
            let mut expected = found.clone();
            let start = u64::from(start);
            let mut target = field_mut(&mut expected, scalar, shape)?;
            cpu::decompress(&stream, start, params, Some(1), &mut target)?;
            let mut target = field_mut(&mut found, scalar, shape)?;
            gpu::decompress(context, &stream, start, params, Some(1), &mut target)?;
            if found != expected {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Bytes of the arrays by which devices are timed.
const SMALL: usize = 512 << 10;
const LARGE: usize = 16 << 20;

/// What calls like this one cost on the GPU, and what on the CPU.
pub(super) fn measure(
    context: &Context,
    call: Call,
    threads: Option<usize>,
    go_on: impl Fn() -> std::result::Result<(), Stop>,
) -> std::result::Result<Rivals, Stop> {
    let small = time_both(context, call, threads, SMALL, &go_on)?;
    let large = time_both(context, call, threads, LARGE, &go_on)?;
    let cost =
        |device: usize| Cost::between((small.0, small.1[device]), (large.0, large.1[device]));
    Ok(Rivals::new(cost(0), cost(1)))
}

/// Bytes, and how long they take on the GPU and on the CPU: the shortest of a few times,
/// since whatever else happens only adds.
fn time_both(
    context: &Context,
    call: Call,
    threads: Option<usize>,
    bytes: usize,
    go_on: impl Fn() -> std::result::Result<(), Stop>,
) -> std::result::Result<(u64, [Duration; 2]), Stop> {
    let Call { scalar, dims, params, encode, rows, .. } = call;
    // Streams may be larger than their arrays.
    let stream_bytes = (params.maxbits as usize / 8) >> (2 * dims);
    let side =
        ((bytes / scalar.size().max(stream_bytes)) as f64).powf(1.0 / dims as f64) as usize / 4 * 4;
    let shape = vec![side.max(4); dims];
    let values: usize = shape.iter().product();
    let mut strides = strides(scalar, &shape);
    // As far apart as in an array whose axes were turned round, or in every other value.
    let apart: isize = if rows || dims > 1 { 1 } else { 2 };
    if !rows {
        strides.reverse();
        strides[0] *= apart;
    }
    let bytes = trial_bytes(scalar, values * apart as usize);
    let field = Field::from_bytes(&bytes, scalar, &shape, &strides, 0)?;
    let policy = NonFinitePolicy::Error;
    let mut stream = BitWriter::default();
    cpu::compress(&field, params, policy, threads, &mut stream)?;
    let stream = stream.finish(64);
    let mut target = bytes.clone();
    let mut best = [Duration::MAX; 2];
    for _ in 0..3 {
        for (device, best) in best.iter_mut().enumerate() {
            go_on()?;
            let begun = Instant::now();
            if encode {
                let mut out = BitWriter::expecting(stream.len());
                if device == 0 {
                    gpu::compress(context, &field, params, policy, threads, &mut out)?;
                } else {
                    cpu::compress(&field, params, policy, threads, &mut out)?;
                }
            } else {
                let mut target = FieldMut::from_bytes(&mut target, scalar, &shape, &strides, 0)?;
                if device == 0 {
                    gpu::decompress(context, &stream, 0, params, threads, &mut target)?;
                } else {
                    cpu::decompress(&stream, 0, params, threads, &mut target)?;
                }
            }
            *best = begun.elapsed().min(*best);
        }
    }
    Ok(((values * scalar.size()) as u64, best))
}

/// Bits that come before the first block.
fn begin(start: u32) -> Result<BitWriter<'static>> {
    let mut out = BitWriter::default();
    for bits in [start.min(64), start.saturating_sub(64)] {
        out.put(0x0123_4567_89ab_cdef, bits)?;
    }
    Ok(out)
}

fn strides(scalar: ScalarType, shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![scalar.size() as isize; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as isize;
    }
    strides
}

pub(super) fn field<'a>(bytes: &'a [u8], scalar: ScalarType, shape: &[usize]) -> Result<Field<'a>> {
    Field::from_bytes(bytes, scalar, shape, &strides(scalar, shape), 0)
}

pub(super) fn field_mut<'a>(
    bytes: &'a mut [u8],
    scalar: ScalarType,
    shape: &[usize],
) -> Result<FieldMut<'a>> {
    FieldMut::from_bytes(bytes, scalar, shape, &strides(scalar, shape), 0)
}

/// A smooth curve with some noise, in places zero, tiny, huge or rough.
pub(super) fn trial_bytes(scalar: ScalarType, values: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values * scalar.size());
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for i in 0..values {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let noise = (state >> 40) as f64 / 24f64.exp2();
        let smooth = (i as f64 * 0.03).sin() + 1e-4 * noise;
        let value = match (i / 53) % 16 {
            3 => 0.0,
            5 => smooth * 1e-40,
            7 => smooth * 1e37,
            11 => (noise - 0.5) * 1e3,
            _ => smooth,
        };
        match scalar {
            ScalarType::F32 => bytes.extend((value as f32).to_le_bytes()),
            ScalarType::F64 => bytes.extend(value.to_le_bytes()),
            ScalarType::I32 => bytes.extend(((value * 1e6) as i32 >> 2).to_le_bytes()),
            ScalarType::I64 => bytes.extend(((value * 1e15) as i64 >> 2).to_le_bytes()),
        }
    }
    bytes
}
