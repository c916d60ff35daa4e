//! Slabs whose values lie further apart than a binding sees: brought together before they
//! are encoded, or taken apart when they are decoded, piece by piece.

use std::sync::{Mutex, PoisonError};

use bytemuck::{Pod, Zeroable};
use wgpu::BufferBinding;

use super::{kernels, shaders};
use crate::field::Region;

/// Bytes from the first to the last value of a box.
pub(super) fn reach(size: [usize; 4], stride: [isize; 4]) -> u128 {
    let axes = size.iter().zip(stride);
    axes.map(|(&size, stride)| (size as u128 - 1) * stride.unsigned_abs() as u128).sum()
}

/// Steps of a box in C order, in values.
pub(super) fn dense(size: [usize; 4]) -> [i32; 4] {
    let mut step = 1;
    size.map(|size| {
        let here = step;
        step *= size as i32;
        here
    })
}

/// A box as pieces that reach `most` bytes or less.
pub(super) fn pieces(
    size: [usize; 4],
    stride: [isize; 4],
    most: u128,
) -> impl Iterator<Item = Region> {
    let mut part = size;
    while reach(part, stride) > most {
        // What reaches furthest is halved. A single value reaches nowhere.
        let far = (0..4).max_by_key(|&a| (part[a] as u128 - 1) * stride[a].unsigned_abs() as u128);
        let far = far.unwrap_or(0);
        part[far] = part[far].div_ceil(2);
    }
    let counts: [usize; 4] = std::array::from_fn(|a| size[a].div_ceil(part[a]));
    (0..counts.iter().product()).map(move |mut number: usize| {
        let origin: [usize; 4] = std::array::from_fn(|a| {
            let place = number % counts[a];
            number /= counts[a];
            place * part[a]
        });
        Region { origin, size: std::array::from_fn(|a| part[a].min(size[a] - origin[a])) }
    })
}

/// One side of a piece: where its values are.
#[derive(Clone)]
pub(super) struct Side<'a> {
    pub(super) binding: BufferBinding<'a>,
    /// Steps and the first value, in values of the binding.
    pub(super) stride: [i32; 4],
    pub(super) start: u32,
}

/// `Piece` of shaders/pieces.wgsl.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Arguments {
    size: [u32; 4],
    source_stride: [i32; 4],
    goal_stride: [i32; 4],
    source_start: u32,
    goal_start: u32,
    values: u32,
    words: u32,
}

/// The kernel, compiled when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Carrier(Mutex<Option<wgpu::ComputePipeline>>);

impl Carrier {
    /// Records that values of `item` bytes go from one side to the other.
    pub(super) fn record(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        size: [usize; 4],
        item: usize,
        [source, goal]: [&Side<'_>; 2],
    ) {
        let mut pipeline = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let compile = || kernels::compile(device, "carry", shaders::pieces_source());
        let pipeline = pipeline.get_or_insert_with(compile).clone();
        let values = size.iter().product::<usize>() as u32;
        let arguments = Arguments {
            size: size.map(|size| size as u32),
            source_stride: source.stride,
            goal_stride: goal.stride,
            source_start: source.start,
            goal_start: goal.start,
            values,
            words: (item / 4) as u32,
        };
        let arguments = kernels::argument_buffer(device, bytemuck::bytes_of(&arguments));
        let bindings = [
            arguments.as_entire_binding(),
            wgpu::BindingResource::Buffer(source.binding.clone()),
            wgpu::BindingResource::Buffer(goal.binding.clone()),
        ];
        let group = kernels::bind(device, &pipeline, &bindings);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: Some("zfp pieces"),
            timestamp_writes: None,
        });
        kernels::dispatch(&mut pass, &pipeline, &group, values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_box_and_stay_within_reach() {
        for (size, stride) in [
            ([4096, 4096, 4, 1], [4, 16_384, 67_108_864, 0]),
            ([5, 7, 4, 4], [-8, 400, 1 << 40, 1 << 33]),
            ([9, 1, 1, 1], [1 << 30, 0, 0, 0]),
        ] {
            for most in [0, 100, 64 << 10, 128 << 20] {
                if most < 1000 && size[0] > 1000 {
                    continue;
                }
                let mut values = 0;
                for piece in pieces(size, stride, most) {
                    assert!(reach(piece.size, stride) <= most);
                    assert!((0..4).all(|a| piece.origin[a] + piece.size[a] <= size[a]));
                    values += piece.values();
                }
                assert_eq!(values, size.iter().product::<usize>());
            }
        }
    }
}
