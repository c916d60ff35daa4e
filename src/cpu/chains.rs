//! Where blocks of variable size lie, found in all parts of a stream at once.
//!
//! A block's beginning is known when the one before has been walked over. But a walk that
//! begins at any bit whatever comes upon the beginning of a block before long, by chance, and
//! is right from there on. So the stream is cut into parts of as many bits, and a chain of
//! blocks begins in each. It goes on into the next part, until it comes upon a block of the
//! chain there. The first chain begins where the blocks do; what is joined to it is true, and
//! numbers are counted from there. Nothing is guessed but where to begin: chains that do not
//! meet are given up, and cost time only.

use std::ops::Range;

use rayon::prelude::*;

use super::guess::Guess;
use super::simd::{self, Chain, Queue};
use super::walk::Blocks;
use crate::index::Marks;

/// Blocks of a chain, at least: many times as many as it takes to be right.
const LEAST: usize = 2048;
/// Most chains for each thread, which walks sixteen at a time.
const PER_THREAD: usize = 32;
/// Blocks that chains have in common with the next, if they begin where blocks are likely to.
const OVERLAP: u32 = 32;
/// The part of a chain that is kept whole, and goes on beside the next, where nothing is
/// known: seldom do two of them take longer to meet.
const OVERLAPS: u32 = 8;
/// First blocks by which the length of all is judged, and how many times as long as they
/// have it a stream may be.
const SAMPLE: usize = 256;
const LONG: u128 = 3;
/// Blocks from one that is remembered to the next, at least.
const SPACING: usize = 48;

/// Where some blocks begin: their numbers, which rise, and bits.
pub(super) struct Places(Vec<(usize, u64)>);

impl Places {
    /// Those of an index.
    pub(super) fn of(marks: &Marks) -> Self {
        let numbers = (0..).map(|mark| marks.first + mark * marks.every);
        Self(numbers.zip(marks.offsets.iter().copied()).collect())
    }

    /// The last that is not behind a block.
    pub(super) fn before(&self, block: usize) -> Option<(usize, u64)> {
        let behind = self.0.partition_point(|&(number, _)| number <= block);
        self.0.get(behind.checked_sub(1)?).copied()
    }

    /// The same places, of blocks whose numbers are so much higher.
    pub(super) fn raised(mut self, numbers: usize) -> Self {
        self.0.iter_mut().for_each(|(number, _)| *number += numbers);
        self
    }

    /// Those of some blocks.
    pub(super) fn among(&self, blocks: &Range<usize>) -> &[(usize, u64)] {
        let before = |end: usize| self.0.partition_point(|&(number, _)| number < end);
        &self.0[before(blocks.start)..before(blocks.end)]
    }
}

/// Whether a stream holds much more than `count` blocks, going by the first of them: what is
/// behind the last is not worth a walk.
pub(super) fn is_too_long(blocks: &Blocks<'_>, count: usize) -> bool {
    let sample = count.min(SAMPLE);
    let Ok(end) = blocks.walk(blocks.start, sample, |_| ()) else { return true };
    let bits = u128::from((8 * blocks.stream.len() as u64).saturating_sub(blocks.start));
    // Headers of the first ones may be all that they have.
    let usual = u128::from(end - blocks.start) + 32 * sample as u128;
    bits * sample as u128 > LONG * usual * count as u128
}

/// Finds some of `count` blocks, all over the stream, if it pays and if chains meet.
pub(super) fn find(blocks: &Blocks<'_>, count: usize, threads: usize) -> Option<Places> {
    find_with(LEAST, blocks, count, threads)
}

/// The same with so many blocks in a chain, at least.
fn find_with(least: usize, blocks: &Blocks<'_>, count: usize, threads: usize) -> Option<Places> {
    let most = PER_THREAD.saturating_mul(threads);
    let parts = (count / least).min(most);
    if parts < 2 * threads.min(8) {
        return None;
    }
    // Blocks that are not as the first ones are say nothing.
    let end = 8 * blocks.stream.len() as u64;
    let quarter = end.checked_sub(blocks.start)? / 4;
    let is_good =
        |guess: &Guess<'_>| (1..4).any(|i| guess.near(blocks.start + i * quarter).is_some());
    let guess = Guess::new(blocks).filter(is_good);
    let chains = walk(blocks, guess.as_ref(), blocks.start..end, (parts, least), threads)?;
    let Joined { mut places, .. } = join(blocks, &chains, count / 16)?;
    places.0.retain(|&(number, _)| number < count);
    Some(places)
}

/// Walks chains that begin in so many parts of a stream, with so many blocks in each, at
/// least. The first begins with the first bit.
pub(super) fn walk(
    blocks: &Blocks<'_>,
    guess: Option<&Guess<'_>>,
    bits: Range<u64>,
    (parts, least): (usize, usize),
    threads: usize,
) -> Option<Vec<Chain>> {
    let length = u128::from(bits.end.checked_sub(bits.start)?);
    let bound = |part: usize| bits.start + (length * part as u128 / parts as u128) as u64;
    let begin = |part: usize| match guess {
        Some(guess) if part > 0 && part < parts => guess.near(bound(part)).unwrap_or(bound(part)),
        _ => bound(part),
    };
    let overlap = overlap(guess, least);
    let begins: Vec<u64> = if threads == 1 {
        (0..=parts).map(begin).collect()
    } else {
        (0..=parts).into_par_iter().map(begin).collect()
    };
    let mut chains: Vec<Chain> =
        begins.windows(2).map(|ends| Chain::new(ends[0], ends[1], overlap)).collect();
    let queue = Queue::new(&mut chains);
    let Blocks { stream, params, scalar, dims, .. } = *blocks;
    (0..threads)
        .into_par_iter()
        .with_max_len(1)
        .try_for_each(|_| simd::walk(stream, params, scalar, dims, &queue))
        .ok()?;
    Some(chains)
}

/// Blocks that a chain of so many has in common with its neighbours.
pub(super) fn overlap(guess: Option<&Guess<'_>>, least: usize) -> u32 {
    if guess.is_some() { OVERLAP } else { least as u32 / OVERLAPS }
}

/// Chains that have been joined.
pub(super) struct Joined {
    /// Places, numbered from the first chain's first block on, without most of those that lie
    /// side by side.
    pub(super) places: Places,
    /// The number of the last chain's first block, if it was met: what it would be, had the
    /// chain been right from there on.
    pub(super) last: Option<u64>,
}

/// Joins chains where they meet; nothing if more than `left` blocks have to be walked over
/// where neighbours have none in common.
pub(super) fn join(blocks: &Blocks<'_>, chains: &[Chain], mut left: usize) -> Option<Joined> {
    let mut places = Sparse { places: Vec::new(), next: 0 };
    // The number of the chain's first block, or what it would be had it always been right.
    let mut first = 0u64;
    let mut seen = chains.first()?.seen.as_slice();
    let mut others = chains[1..].iter();
    'chains: while let Some(other) = others.next() {
        let mut other = other.seen.as_slice();
        let number = |own: u32| first.wrapping_add(u64::from(own)) as usize;
        let (mut last, mut at) = seen.last().map(|&(own, at)| (number(own), at))?;
        if other.is_empty() {
            break;
        }
        let met = seen.iter().position(|&(_, at)| is_in(&mut other, at));
        if let Some(met) = met {
            for &(own, at) in &seen[..met] {
                places.add(number(own), at);
            }
            first = (number(seen[met].0) as u64).wrapping_sub(u64::from(other[0].0));
            seen = other;
            continue;
        }
        for &(own, at) in seen {
            places.add(number(own), at);
        }
        seen = &[];
        // On from its end, over one chain or several.
        loop {
            left = left.checked_sub(1)?;
            let Ok(next) = blocks.walk(at, 1, |_| ()) else { break 'chains };
            (last, at) = (last + 1, next);
            places.add(last, at);
            if is_in(&mut other, at) {
                first = (last as u64).wrapping_sub(u64::from(other[0].0));
                seen = other;
                continue 'chains;
            }
            if other.is_empty() {
                let Some(behind) = others.next() else { break 'chains };
                other = behind.seen.as_slice();
            }
        }
    }
    let number = |own: u32| first.wrapping_add(u64::from(own)) as usize;
    for &(own, at) in seen {
        places.add(number(own), at);
    }
    let is_last = others.len() == 0 && !seen.is_empty();
    Some(Joined { places: Places(places.places), last: is_last.then_some(first) })
}

/// Passes over what begins before bit `at`; whether the next begins there.
fn is_in(seen: &mut &[(u32, u64)], at: u64) -> bool {
    while let Some((&(_, other), rest)) = seen.split_first() {
        if other >= at {
            return other == at;
        }
        *seen = rest;
    }
    false
}

/// Places, without most that lie side by side.
struct Sparse {
    places: Vec<(usize, u64)>,
    next: usize,
}

impl Sparse {
    fn add(&mut self, number: usize, at: u64) {
        // Without memory for it, it is found from the one before.
        if number >= self.next && self.places.try_reserve(1).is_ok() {
            self.places.push((number, at));
            self.next = number + SPACING;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{MAX_BITS, Params};
    use crate::scalar::ScalarType;

    /// Whatever is found is where a walk finds it: in streams of any bits, too.
    #[test]
    fn places_are_those_of_a_walk() {
        let random = &mut fastrand::Rng::with_seed(3);
        let mut found = 0;
        for turn in 0..200 {
            let len = random.usize(2000..60_000);
            let stream: Vec<u8> = match turn % 4 {
                0 => vec![[0, 255, 0x5b, 3][random.usize(..4)]; len],
                1 => (0..len).map(|_| random.u8(..)).collect(),
                2 => (0..len).map(|_| random.u8(..) & random.u8(..) & random.u8(..)).collect(),
                // Zeros at the end, more or fewer.
                _ => {
                    let zeros = random.usize(..len);
                    (0..len).map(|i| if i < len - zeros { random.u8(..) } else { 0 }).collect()
                }
            };
            let params = Params {
                minbits: random.u32(0..2),
                maxbits: [MAX_BITS, 40 + random.u32(..300)][random.usize(..2)],
                maxprec: 1 + random.u32(..64),
                minexp: [-1075, -1074, -20][random.usize(..3)],
            };
            let (scalar, dims) = (ScalarType::ALL[random.usize(..4)], random.usize(1..5));
            let start = random.u64(..148);
            let blocks = Blocks { stream: &stream, start, params, scalar, dims, marks: None };
            let mut begins = vec![start];
            while let Ok(next) = blocks.walk(begins[begins.len() - 1], 1, |_| ()) {
                begins.push(next);
            }
            // More blocks than there are, as a hostile header may have it, or fewer.
            let count = begins.len() * random.usize(1..5) / 2;
            for threads in [1, 2, 7] {
                let places = find_with(random.usize(8..300), &blocks, count, threads);
                let Some(Places(places)) = places else { continue };
                found += 1;
                for (number, at) in places {
                    assert_eq!(
                        begins.get(number),
                        Some(&at),
                        "{turn}: {number}, {scalar} {dims} {params:?}"
                    );
                }
            }
        }
        assert!(found > 100, "{found}");
    }
}
