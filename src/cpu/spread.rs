//! Decompression on several threads, the same values.
//!
//! Where blocks can be found at once (at a fixed rate, or with an index), the array is cut
//! into slabs, which threads fill without meeting.
//!
//! Else two threads work from [both ends](super::ends) of the stream; more of them find places
//! in all parts of it first, by [chains](super::chains) of blocks.
//!
//! Where neither can be done, one thread walks over the blocks and hands on each slab as soon
//! as its beginning is known. It leaves the last slabs unwalked, to decompress them itself: as
//! many as keep it busy while the others do what they have.
//!
//! That needs slabs of blocks that follow each other in the stream. An array that does not
//! lie in memory like that is done in waves of blocks: while all threads store those of
//! one wave in their slabs, the places of the next are found.
//!
//! With an index, each slab must end where the next begins, so that one of wrong places is
//! found out: what comes out is what one thread would have made, or an error.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::chains::{self, Places};
use super::ends::{self, Tail};
use super::simd;
use super::walk::Blocks;
use crate::error::{Error, Result};
use crate::field::{FieldMut, Slab};
use crate::index;
use crate::threads::Team;

/// Slabs for each thread, so that none waits long for the slowest.
const PER_THREAD: usize = 32;
/// Most slabs, whose accounts take memory too.
const MOST_SLABS: usize = 1024;
/// Waves at least, and most blocks of one, for each of which its place is kept.
const WAVES: usize = 12;
const WAVE: usize = 256 << 10;

/// Reads all blocks of a field; returns the bit behind the last one. The stream may hold much
/// more if it `goes_on`.
pub(crate) fn decompress(
    blocks: Blocks<'_>,
    goes_on: bool,
    threads: Option<usize>,
    field: &mut FieldMut<'_>,
) -> Result<u64> {
    let team = Team::new(threads)?;
    let threads = team.size();
    let slabs = slabs_of(threads);
    let count = field.grid().len();
    if let Some(bits) = blocks.params.fixed_bits() {
        let mut slabs = field.slabs(slabs);
        team.each(slabs.iter_mut(), |slab| decompress_slab(&blocks, blocks.start, slab).map(drop))?;
        return Ok(blocks.start + count as u64 * u64::from(bits));
    }
    if !field.whole().is_nested() {
        // Values that share memory are stored in the order of the stream.
        return decompress_slab(&blocks, blocks.start, &mut field.whole());
    }
    if let Some(marks) = blocks.marks {
        let places = Places::of(marks);
        return match field.slabs_in_order(slabs) {
            Some(slabs) => at_places(&blocks, &places, slabs, &team),
            None => team.install(|| in_waves(&blocks, Some(&places), count, field, slabs)),
        };
    }
    let is_large = threads > 1 && count >= ends::WORTHWHILE;
    let ends_here = is_large && !goes_on && !chains::is_too_long(&blocks, count);
    if threads == 2
        && ends_here
        && let Some(slabs) = field.slabs_in_order(2 * slabs)
        && let Some(tail) = Tail::new(&blocks, count)
    {
        return ends::decompress(tail, slabs, &team);
    }
    team.install(|| unmarked(&blocks, ends_here, &team, field))
}

/// Where blocks are to be found first, by threads of a pool, which this runs on.
fn unmarked(
    blocks: &Blocks<'_>,
    ends_here: bool,
    team: &Team,
    field: &mut FieldMut<'_>,
) -> Result<u64> {
    let threads = team.size();
    let slabs = slabs_of(threads);
    let count = field.grid().len();
    // Waves walk over all blocks once more, which takes several threads to pay.
    let pays = threads > 3 || field.slabs_in_order(slabs).is_some();
    if ends_here
        && pays
        && let Some(places) = chains::find(blocks, count, threads)
    {
        let done = match field.slabs_in_order(slabs) {
            Some(slabs) => at_places(blocks, &places, slabs, team),
            None => in_waves(blocks, Some(&places), count, field, slabs),
        };
        // Where there is an error, it shall be that of one thread.
        return done.or_else(|_| decompress_slab(blocks, blocks.start, &mut field.whole()));
    }
    if blocks.params.is_reversible() && blocks.scalar.size() == 8 {
        // Such blocks take as long to be found as to be read: others would only wait.
        return decompress_slab(blocks, blocks.start, &mut field.whole());
    }
    match field.slabs_in_order(slabs) {
        Some(slabs) => behind_walk(blocks, threads, slabs),
        None => in_waves(blocks, None, count, field, slabs),
    }
}

/// Into how many slabs an array is cut.
fn slabs_of(threads: usize) -> usize {
    if threads == 1 { 1 } else { (PER_THREAD * threads).min(MOST_SLABS) }
}

fn decompress_slab(blocks: &Blocks<'_>, at: u64, slab: &mut Slab<'_>) -> Result<u64> {
    simd::decompress(blocks.stream, at, blocks.params, blocks.scalar, slab)
}

/// All slabs at once.
fn at_places(
    blocks: &Blocks<'_>,
    places: &Places,
    mut slabs: Vec<Slab<'_>>,
    team: &Team,
) -> Result<u64> {
    let mut done: Vec<Option<Result<(u64, u64)>>> = slabs.iter().map(|_| None).collect();
    team.each(slabs.iter_mut().zip(&mut done), |(slab, done)| {
        let at = place(blocks, places, slab.first_block());
        *done = Some(at.and_then(|at| Ok((at, decompress_slab(blocks, at, slab)?))));
        Ok(())
    })?;
    let mut end = blocks.start;
    for (slab, done) in slabs.iter().zip(done.into_iter().flatten()) {
        // Behind a wrong place there are errors of all sorts.
        match done {
            Ok((at, next)) if at == end => end = next,
            Err(error) if place(blocks, places, slab.first_block()) == Ok(end) => {
                return Err(error);
            }
            _ => return Err(index::wrong_place(slab.first_block())),
        }
    }
    Ok(end)
}

/// Where a block begins, walked to from the nearest place that is known.
pub(super) fn place(blocks: &Blocks<'_>, places: &Places, block: usize) -> Result<u64> {
    let (known, at) = places.before(block).unwrap_or((0, blocks.start));
    blocks.walk(at, block - known, |_| ())
}

/// Each slab when a walk has come to its beginning.
fn behind_walk(blocks: &Blocks<'_>, threads: usize, slabs: Vec<Slab<'_>>) -> Result<u64> {
    let finished = AtomicUsize::new(0);
    // The walk finds errors first, unless somebody writes to the stream meanwhile.
    let failed: Mutex<Option<Error>> = Mutex::new(None);
    let walked = rayon::scope(|scope| {
        let (finished, failed) = (&finished, &failed);
        let mut at = blocks.start;
        let mut spawned = 0;
        let mut left = slabs.len();
        for mut slab in slabs {
            let waiting = spawned - finished.load(Ordering::Relaxed);
            if waiting + 1 >= left * (threads - 1) {
                at = decompress_slab(blocks, at, &mut slab)?;
            } else {
                let from = at;
                at = blocks.walk(at, slab.len(), |_| ())?;
                spawned += 1;
                scope.spawn(move |_| {
                    if let Err(error) = decompress_slab(blocks, from, &mut slab) {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).replace(error);
                    }
                    finished.fetch_add(1, Ordering::Relaxed);
                });
            }
            left -= 1;
        }
        Ok(at)
    });
    let end = walked?;
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(end), Err)
}

/// Waves of whole rows of blocks, `count` blocks in all.
fn in_waves(
    blocks: &Blocks<'_>,
    known: Option<&Places>,
    count: usize,
    field: &mut FieldMut<'_>,
    slabs: usize,
) -> Result<u64> {
    let row = field.grid().counts[0];
    let mut slabs = field.slabs(slabs);
    if let [whole] = slabs.as_mut_slice() {
        return decompress_slab(blocks, blocks.start, whole);
    }

    let rows = (count / WAVES).clamp(1, WAVE).div_ceil(row);
    let wave = |number: usize| number * rows * row..count.min((number + 1) * rows * row);
    // Each slab, and the first of its rows that is still to be done.
    let mut slabs: Vec<(&mut Slab<'_>, usize)> = slabs.iter_mut().map(|slab| (slab, 0)).collect();
    let (mut places, mut next) = (Vec::new(), Vec::new());
    let mut end = find(blocks, known, wave(0), blocks.start, &mut places)?;
    for number in 0..count.div_ceil(rows * row) {
        let here = wave(number);
        let (found, stored) = rayon::join(
            || find(blocks, known, wave(number + 1), end, &mut next),
            || {
                slabs
                    .par_iter_mut()
                    .with_max_len(1)
                    .try_for_each(|(slab, row)| store(blocks, &here, &places, slab, row))
            },
        );
        stored?;
        end = found?;
        std::mem::swap(&mut places, &mut next);
    }
    Ok(end)
}

/// Finds the places of a wave of blocks that begin at bit `at`; returns their end.
fn find(
    blocks: &Blocks<'_>,
    known: Option<&Places>,
    wave: Range<usize>,
    at: u64,
    places: &mut Vec<u64>,
) -> Result<u64> {
    places.clear();
    if wave.is_empty() {
        return Ok(at);
    }
    // From all that are known at once, each of which must be where the walk from the last one
    // ends.
    let known = known.map_or(&[][..], |known| known.among(&wave));
    let mut begins: Vec<(usize, u64)> = known.to_vec();
    if known.first().is_none_or(|&(number, _)| number > wave.start) {
        begins.insert(0, (wave.start, at));
    }
    places.resize(wave.len(), 0);
    let mut rest = places.as_mut_slice();
    let mut parts = Vec::with_capacity(begins.len());
    for (part, &(number, at)) in begins.iter().enumerate() {
        let next = begins.get(part + 1).map_or(wave.end, |&(next, _)| next);
        let (places, behind) = rest.split_at_mut(next - number);
        rest = behind;
        parts.push((at, places));
    }
    let ends: Vec<Result<u64>> = parts
        .into_par_iter()
        .with_max_len(16)
        .map(|(at, places)| {
            let mut slots = places.iter_mut();
            blocks.walk(at, slots.len(), |place| {
                if let Some(slot) = slots.next() {
                    *slot = place;
                }
            })
        })
        .collect();
    let mut end = at;
    for ((number, at), next) in begins.into_iter().zip(ends) {
        if next.is_ok() && at != end {
            return Err(index::wrong_place(number));
        }
        end = next?;
    }
    Ok(end)
}

/// Stores those rows of a slab that lie in a wave.
fn store(
    blocks: &Blocks<'_>,
    wave: &Range<usize>,
    places: &[u64],
    slab: &mut Slab<'_>,
    row: &mut usize,
) -> Result<()> {
    while *row < slab.row_count() {
        let is_done = slab.with_row(*row, |first, slab| {
            if first >= wave.end {
                return Ok(false);
            }
            decompress_slab(blocks, places[first - wave.start], slab).map(|_| true)
        })?;
        if !is_done {
            break;
        }
        *row += 1;
    }
    Ok(())
}
