//! Blocks to bits: all stages of a tile of 64 values in registers, then the codes.
//!
//! | module | purpose |
//! |---|---|
//! | `front` | values to coefficients: exponent, cast, transform |
//! | `codes` | the codes of bit planes |
//! | `coder` | the two ways to them: by planes, or by eight planes |
//! | `sink` | where they go |

mod coder;
mod codes;
mod front;
mod sink;

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::super::serial;
use super::lanes::{Lanes, Planes, Tile};
use super::level::{Isa, Kernel, Level};
use crate::bitstream::{BitWriter, OpenBits};
use crate::block::{BlockScalar, MAX_RECORDED_BITS, NonFinitePolicy, Params};
use crate::error::{Error, Result};
use crate::field::{BlockIndex, Field};
use crate::scalar::{Coefficient, ScalarType};
pub(crate) use coder::{Blockwise, Coder, Fixed};
#[cfg(target_arch = "x86_64")]
pub(crate) use coder::{Codes, CodesOfEight, Tilewise};
use front::Heads;
use sink::{Put, Short, Sink};

/// A scalar and the vectors that hold sixteen of it.
pub(crate) trait Vectored: BlockScalar {
    /// The integers of the same width.
    type Int: Coefficient;
    /// Vectors of them.
    type Lanes<I: Isa>: Lanes<Isa = I, Int = Self::Int>;
}

impl Vectored for i32 {
    type Int = i32;
    type Lanes<I: Isa> = I::Lanes32;
}
impl Vectored for f32 {
    type Int = i32;
    type Lanes<I: Isa> = I::Lanes32;
}
impl Vectored for i64 {
    type Int = i64;
    type Lanes<I: Isa> = I::Lanes64;
}
impl Vectored for f64 {
    type Int = i64;
    type Lanes<I: Isa> = I::Lanes64;
}

/// Writes some blocks of a field, given by their numbers in the stream, with the
/// instructions of a level.
pub(super) fn compress_blocks(
    level: Level,
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    blocks: Range<usize>,
    out: &mut BitWriter,
) -> Result<()> {
    let work = Work { field, params, policy, blocks, out };
    match field.scalar() {
        ScalarType::I32 => of_type::<i32>(level, work),
        ScalarType::I64 => of_type::<i64>(level, work),
        ScalarType::F32 => of_type::<f32>(level, work),
        ScalarType::F64 => of_type::<f64>(level, work),
    }
}

fn of_type<S: Vectored>(level: Level, work: Work<'_, '_, '_>) -> Result<()> {
    match work.field.dims() {
        1 => level.run(Encode::<S, 4, 1>::new(work)),
        2 => level.run(Encode::<S, 16, 1>::new(work)),
        3 => level.run(Encode::<S, 64, 1>::new(work)),
        _ => level.run(Encode::<S, 256, 4>::new(work)),
    }
}

struct Work<'a, 'f, 'w> {
    field: &'a Field<'f>,
    params: Params,
    policy: NonFinitePolicy,
    blocks: Range<usize>,
    out: &'a mut BitWriter<'w>,
}

/// The work, for blocks of `N` values of type `S`, whose groups are `T` tiles.
struct Encode<'a, 'f, 'w, S, const N: usize, const T: usize> {
    work: Work<'a, 'f, 'w>,
    /// Bytes between the rows of a block, along y, z and w.
    rows: [isize; 64],
    most_bits: u32,
    /// The lowest plane that any block can get to: each takes a bit at least.
    lowest: u32,
    /// Whether blocks may be worked on in lanes from the first bit to the last.
    fixed: bool,
    scalar: std::marker::PhantomData<S>,
}

impl<S: Vectored, const N: usize, const T: usize> Kernel for Encode<'_, '_, '_, S, N, T> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Result<()> {
        if !I::HAS_VECTORS && N > 4 {
            // The serial path's loops become vectors too, and better ones than arrays do.
            let Work { field, params, policy, blocks, out } = self.work;
            return serial::compress_blocks(field, params, policy, blocks, out);
        }
        let mut ready = Ready::<S, N>::new();
        let mut coder = I::Coder::new(isa);
        let (from, to) = (self.work.blocks.start, self.work.blocks.end);
        // Where there are vectors for the codes too.
        let ahead = N <= 16 && I::Coder::HAS_LANES;
        let mut this = self;
        let grid = this.work.field.grid();
        let mut number = from;
        let mut row = grid.range(from, to);
        while number < to {
            let Some(first) = row.next() else { break };
            // Blocks that follow each other along x.
            let run = (grid.counts[0] - first.at[0]).min(to - number);
            let whole = this.work.field.whole_blocks::<S, N>(first).min(run);
            let mut done = 0;
            while done < run {
                let block = first.neighbour(done);
                let is_whole = done < whole;
                let count = Self::GROUP.min(if is_whole { whole } else { run } - done);
                let Ready { planes, groups, made } = &mut ready;
                let place = if ahead { *made % KEPT } else { 0 };
                let planes_here = &mut planes[place].0;
                let mut alone = Group::none();
                let group = if ahead { &mut groups[place] } else { &mut alone };
                (group.block, group.count) = (block, count);
                group.any = if is_whole {
                    // SAFETY: these blocks have whole rows, as `whole_blocks` says.
                    let tiles = unsafe { this.load(isa, block, count) };
                    this.prepare(isa, tiles, planes_here, &mut group.heads)
                } else {
                    let tiles = Self::load_values(isa, &this.gather(block, count));
                    this.prepare(isa, tiles, planes_here, &mut group.heads)
                };
                *made += 1;
                if !ahead {
                    this.group(isa, group, planes_here, &mut coder)?;
                } else if *made > 1 {
                    let place = *made % KEPT;
                    this.group(isa, &groups[place], &planes[place].0, &mut coder)?;
                }
                done += count;
            }
            number += run;
            row = grid.range(number, to);
        }
        if ahead && ready.made > 0 {
            let place = (ready.made - 1) % KEPT;
            this.group(isa, &ready.groups[place], &ready.planes[place].0, &mut coder)?;
        }
        Ok(())
    }
}

/// Groups of small blocks that are kept: each is brought to planes before the one in front
/// of it is written, so that a CPU has other work to do while it waits for either.
const KEPT: usize = 2;

/// Planes that begin where a line of a cache does: so do the vectors that are stored.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Aligned(Planes);

/// Groups whose planes are there.
struct Ready<S: Vectored, const N: usize> {
    planes: [Aligned; KEPT],
    groups: [Group<S, N>; KEPT],
    /// How many were brought to planes; all but the last of them are written.
    made: usize,
}

/// Blocks that are worked on together, and what is known of them.
#[derive(Clone, Copy)]
struct Group<S: Vectored, const N: usize> {
    block: BlockIndex,
    count: usize,
    heads: Heads<S, N>,
    /// Which planes have a one-bit.
    any: u64,
}

impl<S: Vectored, const N: usize> Group<S, N> {
    #[inline(always)]
    fn none() -> Self {
        let block = BlockIndex { number: 0, at: [0; 4] };
        Self { block, count: 0, heads: Heads::none(), any: 0 }
    }
}

impl<S: Vectored, const N: usize> Ready<S, N> {
    fn new() -> Self {
        Self { planes: [Aligned([0; 256]); KEPT], groups: [Group::none(); KEPT], made: 0 }
    }
}

impl<'a, 'f, 'w, S: Vectored, const N: usize, const T: usize> Encode<'a, 'f, 'w, S, N, T> {
    /// Blocks that are worked on together.
    const GROUP: usize = 64 * T / N;

    fn new(mut work: Work<'a, 'f, 'w>) -> Self {
        // Budgets are signed numbers here; no block has more bits than a header can say.
        work.params.maxbits = work.params.maxbits.min(MAX_RECORDED_BITS);
        let rows = std::array::from_fn(|row| work.field.row_offset(row));
        let most_bits = work.params.most_bits(S::TYPE, N as u32);
        let Params { maxbits, maxprec, .. } = work.params;
        let for_planes = maxbits.saturating_sub(front::head_bits::<S>()).max(1);
        let most_planes =
            if work.params.is_reversible() { u32::MAX } else { for_planes.min(maxprec) };
        let lowest = S::TYPE.bits().saturating_sub(most_planes);
        let fixed = N == 4
            && work.params.fixed_bits().is_some_and(|bits| bits <= u64::BITS)
            && front::has_all_planes::<S, N>(work.params);
        Self { work, rows, most_bits, lowest, fixed, scalar: std::marker::PhantomData }
    }

    /// Loads neighbours along x.
    ///
    /// # Safety
    ///
    /// `block` and the `count - 1` blocks behind it along x have whole rows.
    #[inline(always)]
    unsafe fn load<I: Isa>(
        &self,
        isa: I,
        block: BlockIndex,
        count: usize,
    ) -> [Tile<S::Lanes<I>>; T] {
        let first = self.work.field.block_pointer(block);
        let width = (4 * size_of::<S>()) as isize;
        let group = |r: usize| {
            // Without a block there, the last one is as good as any.
            let offset = match N {
                4 => width * r.min(count - 1) as isize,
                16 => width * (r / 4).min(count - 1) as isize + self.rows[r % 4],
                _ => self.rows[r % 64],
            };
            first.wrapping_offset(offset)
        };
        let mut tiles = [[S::Lanes::<I>::splat(isa, S::Int::ZERO); 4]; T];
        for t in 0..T {
            for r in 0..4 {
                let row = 16 * t + 4 * r;
                let groups = [group(row), group(row + 1), group(row + 2), group(row + 3)];
                // SAFETY: the caller vouches for the rows.
                tiles[t][r] = unsafe { S::Lanes::<I>::load(isa, groups) };
            }
        }
        tiles
    }

    /// Loads values in the order of the stream.
    #[inline(always)]
    fn load_values<I: Isa>(isa: I, values: &[[S; 64]; T]) -> [Tile<S::Lanes<I>>; T] {
        let mut tiles = [[S::Lanes::<I>::splat(isa, S::Int::ZERO); 4]; T];
        for t in 0..T {
            for r in 0..4 {
                let group = |g: usize| values[t][16 * r + 4 * g..][..4].as_ptr().cast::<u8>();
                // SAFETY: 16 r + 4 g + 3 is at most 63.
                tiles[t][r] =
                    unsafe { S::Lanes::<I>::load(isa, [group(0), group(1), group(2), group(3)]) };
            }
        }
        tiles
    }

    /// Gathers neighbours along x, whole or not.
    #[inline(never)]
    fn gather(&self, block: BlockIndex, count: usize) -> [[S; 64]; T] {
        let mut values = [[S::zeroed(); 64]; T];
        let blocks = values.as_flattened_mut().as_chunks_mut::<N>().0;
        for (i, values) in blocks.iter_mut().enumerate().take(count) {
            let mut block = block;
            block.at[0] += i;
            *values = self.work.field.gather(block);
        }
        values
    }

    /// Brings a group to planes; says which have a one-bit.
    #[inline(always)]
    fn prepare<I: Isa>(
        &self,
        isa: I,
        tiles: [Tile<S::Lanes<I>>; T],
        planes: &mut Planes,
        heads: &mut Heads<S, N>,
    ) -> u64 {
        let tiles = front::coefficients::<I, S, N, T>(isa, tiles, self.work.params, heads);
        S::Lanes::<I>::planes::<N>(&tiles, self.lowest, planes)
    }

    /// Writes the blocks of a group.
    #[inline(always)]
    fn group<I: Isa>(
        &mut self,
        isa: I,
        group: &Group<S, N>,
        planes: &Planes,
        coder: &mut I::Coder,
    ) -> Result<()> {
        let Params { minbits, maxbits, .. } = self.work.params;
        let Group { block, count, ref heads, any } = *group;
        // Planes above all one-bits are a group test each.
        let mut top = (u64::BITS - any.leading_zeros()) as usize;
        if N <= 16 {
            top = top.next_multiple_of(8);
            coder.begin(top);
        }
        let open = self.work.out.open(self.most_bits * count as u32 + codes::SLACK)?;
        // SAFETY: each block has `most_bits` in the end, and at most `SLACK` more before.
        let mut sink = unsafe { Sink::new(open) };
        if I::Coder::HAS_LANES
            && self.fixed
            && count == 16
            && let Some(heads) = heads.of_all()
        {
            let length = front::head_bits::<S>();
            let empty = S::TYPE.bits() - top as u32;
            let blocks = Fixed { heads: &heads, length: length + empty, bits: maxbits };
            coder.put_fixed(&mut sink, planes, top, &blocks);
            let end = sink.into_open().close();
            self.work.out.commit(end);
            return Ok(());
        }
        for i in 0..if N > 16 { 1 } else { count } {
            let head = heads.of_block(i, self.work.params, planes, any);
            let Some(head) = head else {
                let Work { field, params, policy, .. } = self.work;
                let block = block.neighbour(i);
                let values = (field, block);
                let Some(open) = put_strange::<S, N>(sink.into_open(), values, params, policy)
                else {
                    return Err(self.not_finite(block));
                };
                // SAFETY: as above; the serial path writes no more than `most_bits`.
                sink = unsafe { Sink::new(open) };
                continue;
            };
            let (bottom, all) = head.planes;
            let bottom = bottom.max(self.lowest as usize);
            let top = top.max(bottom);
            let empty = (all - top) as u32;
            // Where nothing is known, a group test comes before the first one-bit.
            let test = u32::from(N >= 64 && top > bottom);
            let length = head.length + empty;
            if N <= 16 && minbits == maxbits && maxbits <= 64 && length < 64 {
                // All of the block in a register, and no need to go back.
                let mut short = Short { word: head.code, bits: length };
                let left = maxbits as i32 - length as i32;
                coder.put::<N>(&mut short, planes, i, (bottom, top), left);
                sink.put(isa.low(short.word, maxbits), maxbits);
                continue;
            }
            if length < u64::BITS {
                sink.put(head.code | u64::from(test) << length, length + test);
            } else {
                sink.put(head.code, head.length);
                sink.put(0, empty);
                sink.put(u64::from(test), test);
            }
            let budget = maxbits as i32 - (length + test) as i32;
            let range = (bottom, top);
            let left = if N == 256 {
                codes::put_256(isa, &mut sink, bytemuck::cast_ref(planes), range, budget)
            } else {
                coder.put::<N>(&mut sink, planes, i, range, budget)
            };
            sink.cut(isa, -left);
            let written = maxbits as i32 - left.max(0);
            sink.pad((minbits as i32 - written).max(0) as u32);
        }
        let end = sink.into_open().close();
        self.work.out.commit(end);
        Ok(())
    }

    /// Tells of the first value that is not finite.
    #[cold]
    fn not_finite(&self, block: BlockIndex) -> Error {
        // Another thread may have mended the array since: name the block then.
        let corner = || block.at[..N.ilog2() as usize / 2].iter().rev().map(|at| 4 * at);
        let index = self.work.field.first_non_finite().unwrap_or_else(|| corner().collect());
        Error::NonFinite { index }
    }
}

/// Writes a block by the serial path, which refuses some. Apart from the others, whose
/// registers it would want.
#[cold]
#[inline(never)]
fn put_strange<'o, S: Vectored, const N: usize>(
    mut open: OpenBits<'o>,
    (field, block): (&Field<'_>, BlockIndex),
    params: Params,
    policy: NonFinitePolicy,
) -> Option<OpenBits<'o>> {
    let values = field.gather::<S, N>(block);
    S::encode(&mut open, params, policy, &values).ok()?;
    Some(open)
}
