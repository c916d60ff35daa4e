//! Streams to arrays: what [`serial`](crate::cpu) does, a group of blocks at a time.
//!
//! | module | purpose |
//! |---|---|
//! | `source` | the stream, and zeros behind it |
//! | `head` | what a block says before its planes |
//! | `parse` | codes to planes |
//! | `bytes` | codes to planes by tables |
//! | `fours` | the same for blocks of four, by tables |
//! | `read` | whole blocks to planes, several in lockstep |
//! | `group` | planes of several blocks |
//! | `rows` | planes to values, by vectors of four |
//! | `store` | values to memory |
//! | `machine` | what is asked of instructions; `portable`, `avx2`, `avx512`, `neon` give it |

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bytes;
mod fours;
mod group;
mod head;
mod machine;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod parse;
mod portable;
mod read;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
mod rows;
mod source;
mod store;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::level::{Isa, Kernel, Level};
use crate::block::{BlockScalar, Job, Params, dispatch};
use crate::error::{Error, Result};
use crate::field::Slab;
use crate::scalar::ScalarType;
use group::{Group, blocks_of, sets_of};
use machine::Machine;
use source::Source;

/// As [`serial::decompress`](crate::cpu), by these instructions; returns where the last
/// block ends.
pub(crate) fn decompress(
    level: Level,
    stream: &[u8],
    start: u64,
    params: Params,
    scalar: ScalarType,
    slab: &mut Slab<'_>,
) -> Result<u64> {
    let blocks = 0..slab.len();
    decompress_blocks(level, stream, start, params, scalar, slab, blocks)
}

/// Reads some of a slab's blocks, numbered from its first, and returns where they end.
///
/// Blocks of a fixed number of bits are found wherever they are, and `start` is where the
/// field's first block begins; with others, `start` is where the first of these begins.
pub(crate) fn decompress_blocks(
    level: Level,
    stream: &[u8],
    start: u64,
    params: Params,
    scalar: ScalarType,
    slab: &mut Slab<'_>,
    blocks: Range<usize>,
) -> Result<u64> {
    let dims = slab.dims();
    let task = Task { stream, start, params, slab, blocks };
    match level {
        Level::Portable(machine) => dispatch(scalar, dims, On { machine, task }),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(isa) => match avx2::FastBits::new(isa) {
            Some(machine) => dispatch(scalar, dims, On { machine, task }),
            None => dispatch(scalar, dims, On { machine: avx2::SlowBits::new(isa), task }),
        },
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(machine) => dispatch(scalar, dims, On { machine, task }),
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        Level::Neon(machine) => dispatch(scalar, dims, On { machine, task }),
    }
}

/// What to decode, and where to.
struct Task<'a, 's> {
    stream: &'a [u8],
    start: u64,
    params: Params,
    slab: &'a mut Slab<'s>,
    blocks: Range<usize>,
}

/// A task on a machine.
struct On<M, T> {
    machine: M,
    task: T,
}

impl<M: Machine> Job for On<M, Task<'_, '_>> {
    type Output = Result<u64>;
    fn run<S: BlockScalar, const N: usize>(self) -> Result<u64> {
        struct Typed<S, const N: usize, J>(J, std::marker::PhantomData<S>);
        impl<S: BlockScalar, const N: usize, M: Machine> Kernel for Typed<S, N, On<M, Task<'_, '_>>> {
            type Output = Result<u64>;
            #[inline(always)]
            fn run<I: Isa>(self, _: I) -> Result<u64> {
                decode::<M, S, N>(self.0.machine, self.0.task)
            }
        }
        self.machine.isa().vectorize(Typed::<S, N, _>(self, std::marker::PhantomData))
    }
}

/// Values of a group, in lines of a cache.
#[repr(C, align(64))]
struct Values<S>([[S; 64]; 4]);

#[inline(always)]
fn decode<M: Machine, S: BlockScalar, const N: usize>(
    machine: M,
    task: Task<'_, '_>,
) -> Result<u64> {
    let Task { stream, start, params, slab, blocks } = task;
    let mut source = Source::new(stream);
    let mut group = Group::new();
    let mut values = Values([[S::zeroed(); 64]; 4]);
    let mut room = M::Sixteens::default();
    let mut runs = slab.runs(blocks);
    let rows = slab.block_rows::<N>();
    let mut position = start;
    let fixed = params.fixed_bits().filter(|_| N == 16 && M::HAS_SIXTEENS);
    let most = if fixed.is_some() { 16 } else { blocks_of(N) };
    loop {
        let (first, count) = runs.next(most);
        if count == 0 {
            return Ok(position);
        }
        if let Some(fixed) = fixed
            && count >= 4
        {
            let place = |number: usize| start + number as u64 * u64::from(fixed);
            let (begin, last) = (place(first.number), place(first.number + count - 1));
            if let Some(whole) = source.inside(last, fixed)
                && machine.sixteens(
                    whole.bits,
                    (begin, fixed),
                    count,
                    params,
                    &mut room,
                    &mut values.0,
                )
            {
                position = last + u64::from(fixed);
                let values = values.0.as_flattened().as_chunks::<N>().0;
                store::blocks::<S, N>(slab, (first, count), &rows, values);
                continue;
            }
        }
        let mut done = 0;
        while done < count {
            let first = first.neighbour(done);
            let count = (count - done).min(blocks_of(N));
            done += count;
            group.clear::<N>(S::TYPE.bits());
            let read = read::blocks::<M, S, N>(
                machine,
                &mut source,
                params,
                (start, &mut position),
                (first.number, count),
                &mut group,
            );
            let whole = if position > source.len() { read } else { count };
            let exact = params.is_reversible();
            machine.values::<S, N>(&group, sets_of(whole, N), exact, &mut values.0);
            let values = values.0.as_flattened().as_chunks::<N>().0;
            store::blocks::<S, N>(slab, (first, whole), &rows, values);
            if position > source.len() {
                return Err(Error::Truncated {
                    needed: position.div_ceil(8),
                    got: stream.len() as u64,
                });
            }
        }
    }
}
