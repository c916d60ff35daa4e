//! Streams to arrays: what [`serial`](crate::cpu) does, a group of blocks at a time.
//!
//! | module | purpose |
//! |---|---|
//! | `source` | the stream, and zeros behind it |
//! | `head` | what a block says before its planes |
//! | `parse` | codes to planes |
//! | `several` | several planes by one look into a table |
//! | `bytes` | codes to planes by tables |
//! | `fours` | the same for blocks of four, by tables |
//! | `runs` | the same for such blocks that have room, run by run |
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
mod runs;
mod several;
mod source;
mod store;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::level::{Isa, Kernel, Level};
use crate::block::{BlockScalar, Job, Params, dispatch};
use crate::error::{Error, Result};
use crate::field::{BlockIndex, Rows, Slab};
use crate::scalar::ScalarType;
use group::{Group, blocks_of};
use machine::Machine;
use source::{Place, Source};
use store::Target;

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
    let mut work = Work {
        source: Source::new(stream),
        group: Group::new(),
        values: Values([[S::zeroed(); 64]; 4]),
        rows: slab.block_rows::<N>(),
        start,
        position: start,
        params,
    };
    if let Some(fixed) = params.fixed_bits()
        && M::HAS_LANES
        && (N == 16 || N == 64)
    {
        return side_by_side::<M, S, N>(machine, &mut work, slab, blocks, fixed);
    }
    let mut runs = slab.runs(blocks);
    loop {
        let (first, count) = runs.next(blocks_of(N));
        if count == 0 {
            return Ok(work.position);
        }
        work.group::<M, N>(machine, slab, first, count)?;
    }
}

/// The same for blocks of sixteen or 64 that have `fixed` bits each, many of them at once.
#[inline(always)]
fn side_by_side<M: Machine, S: BlockScalar, const N: usize>(
    machine: M,
    work: &mut Work<'_, S>,
    slab: &mut Slab<'_>,
    blocks: Range<usize>,
    fixed: u32,
) -> Result<u64> {
    // Fewer take less time by groups.
    let least = if N == 16 { blocks_of(N) } else { 2 * blocks_of(N) + 1 };
    let mut runs = slab.runs(blocks);
    let mut lanes = M::Lanes::default();
    loop {
        let (first, count) = runs.next(16);
        if count == 0 {
            return Ok(work.position);
        }
        let place = |number: usize| work.start + number as u64 * u64::from(fixed);
        let (begin, last) = (place(first.number), place(first.number + count - 1));
        let whole = if count < least { None } else { work.source.inside(last, fixed) };
        let is_read = match whole {
            Some(Place { bits, .. }) => {
                let places = (begin, fixed);
                machine.read_lanes::<S, N>(bits, places, count, work.params, &mut lanes)
            }
            None => false,
        };
        // As many at a time as there is room for their values, or as make a group.
        let step = if is_read { 256 / N } else { blocks_of(N) };
        for done in (0..count).step_by(step) {
            let next = count.min(done + step);
            let first = first.neighbour(done);
            if !is_read {
                work.group::<M, N>(machine, slab, first, next - done)?;
                continue;
            }
            let blocks = (first, next - done);
            let room = &mut work.values.0;
            let target = Target::<S, N>::open(slab, blocks, &work.rows);
            let is_stored = target.is_some();
            machine.store_lanes::<S, N>(&lanes, done..next, target, room);
            if !is_stored {
                store::blocks::<S, N>(slab, blocks, &work.rows, room);
            }
        }
        if is_read {
            work.position = last + u64::from(fixed);
        }
    }
}

/// What decoding goes on with from group to group.
struct Work<'a, S> {
    source: Source<'a>,
    group: Group,
    values: Values<S>,
    rows: Rows,
    /// Where the field's first block begins if blocks have a fixed number of bits, and where
    /// the next one does otherwise.
    start: u64,
    position: u64,
    params: Params,
}

impl<S: BlockScalar> Work<'_, S> {
    /// Reads `count` blocks that are neighbours along x, as many as make a group at most.
    #[inline(always)]
    fn group<M: Machine, const N: usize>(
        &mut self,
        machine: M,
        slab: &mut Slab<'_>,
        first: BlockIndex,
        count: usize,
    ) -> Result<()> {
        let Self { source, group, values, rows, start, position, params } = self;
        group.clear::<N>(S::TYPE.bits());
        let read = read::blocks::<M, S, N>(
            machine,
            source,
            *params,
            (*start, position),
            (first.number, count),
            group,
        );
        let whole = if *position > source.len() { read } else { count };
        let (blocks, room) = ((first, whole), &mut values.0);
        let exact = params.is_reversible();
        let target = if M::HAS_TARGETS { Target::<S, N>::open(slab, blocks, rows) } else { None };
        let is_stored = target.is_some();
        machine.store::<S, N>(group, whole, exact, target, room);
        if !is_stored {
            store::blocks::<S, N>(slab, blocks, rows, room);
        }
        if *position > source.len() {
            let got = source.len() / 8;
            return Err(Error::Truncated { needed: position.div_ceil(8), got });
        }
        Ok(())
    }
}
