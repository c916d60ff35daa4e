//! Arrays to streams.

use super::context::Context;
use super::failure::{Failure, Stop};
use super::kernels::{Direction, Kernel, Work};
use super::rings::with_ring;
use super::slabs::{Plan, Slab};
use super::transfer::{self, Needs, Task};
use super::{PART, first_work};
use crate::bitstream::{BitWriter, low_bits};
use crate::block::{NonFinitePolicy, Params};
use crate::error::Error;
use crate::field::Field;
use crate::report::Seconds;
use crate::threads::each;

/// Writes all blocks of a field, at a fixed rate. On any error `out` is as it was.
pub(crate) fn compress(
    context: &Context,
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    threads: Option<usize>,
    out: &mut BitWriter,
) -> Result<Seconds, Stop> {
    context.check()?;
    let Some(bits) = params.fixed_bits().filter(|_| !params.is_reversible()) else {
        return Err(Failure::other("blocks are not of a fixed number of bits").into());
    };
    let kernel =
        Kernel { scalar: field.scalar(), dims: field.dims(), direction: Direction::Encode };
    let bits = u64::from(bits);
    let overflow = || Error::ShapeOverflow { shape: field.shape() };
    let total = (field.grid().len() as u64).checked_mul(bits).ok_or_else(overflow)?;
    // Where slabs begin decides which of them need scratch: assume that all do, unless
    // every block begins at the same bit of a word.
    let begun = (out.position() % 32) as u32;
    let first_bit = if bits.is_multiple_of(32) { begun } else { 31 };
    with_ring(context, field.value_bytes(), |lease, limits| {
        let plan = Plan::new(field.size(), field.grid(), |size| {
            limits.hold(size, field.scalar(), || {
                let work = first_work(size, params, policy, first_bit);
                work.stream_bytes().max(work.scratch_bytes())
            })
        });
        let plan = plan.ok_or_else(|| Failure::other("the device cannot hold a block"))?;
        let (space, word, begun) = out.open_words(total)?;
        let mut task = Encode {
            field,
            params,
            policy,
            threads,
            begun: u64::from(begun),
            output: Output::new(space, word, begun),
        };
        let seconds = transfer::run(context, lease, kernel, &plan, threads, &mut task)?;
        let word = task.output.last_word();
        let end = (u64::from(begun) + total) % 64;
        out.close_words(total, word & low_bits(end as u32));
        Ok(seconds)
    })
}

struct Encode<'a, 'f> {
    field: &'a Field<'f>,
    params: Params,
    policy: NonFinitePolicy,
    threads: Option<usize>,
    /// Bits of the output's first word that come from before.
    begun: u64,
    output: Output<'a>,
}

impl Encode<'_, '_> {
    /// The bit of the output at which a block begins.
    fn bit(&self, block: u64) -> u64 {
        self.begun + block * u64::from(self.params.maxbits)
    }
}

impl Task for Encode<'_, '_> {
    fn work(&self, slab: &Slab) -> Work {
        let first_bit = self.bit(slab.first) % 32;
        first_work(slab.region.size, self.params, self.policy, first_bit as u32)
    }

    fn needs(&self, slab: &Slab, work: &Work) -> Needs {
        Needs {
            input: (slab.region.values() * self.field.scalar().size()) as u64,
            output: work.stream_bytes(),
            scratch: work.scratch_bytes(),
        }
    }

    fn fill(&self, slab: &Slab, from: usize, mut target: wgpu::WriteOnly<'_, [u8]>) {
        let item = self.field.scalar().size();
        let range = from / item..(from + target.len()) / item;
        self.field.read_region(slab.region, range, |bytes| {
            if let Some(mut piece) = target.split_off(..bytes.len()) {
                piece.copy_from_slice(bytes);
            }
        });
    }

    fn drain(&mut self, slab: &Slab, output: &[u8]) -> Result<(), Stop> {
        let (from, to) = (self.bit(slab.first), self.bit(slab.first + slab.blocks));
        self.output.write(from, to, output, self.threads)
    }

    fn refuse(&self, slab: &Slab) -> Stop {
        // Another thread may have mended the array since: name the slab then.
        let corner = || {
            let origin = slab.region.origin;
            origin[..self.field.dims()].iter().rev().copied().collect()
        };
        let index = self.field.first_non_finite().unwrap_or_else(corner);
        Error::NonFinite { index }.into()
    }
}

/// The output, as 32-bit words, written from front to back.
struct Output<'a> {
    /// All words but those of the last, unfinished 64-bit word.
    space: &'a mut [u8],
    tail: [u8; 8],
    /// The word that is written to next, and its bits so far.
    at: usize,
    carried: u32,
}

impl<'a> Output<'a> {
    /// Begins after the low `begun` bits of `word`.
    fn new(space: &'a mut [u8], word: u64, begun: u32) -> Self {
        let mut output = Self { space, tail: [0; 8], at: 0, carried: word as u32 };
        if begun >= 32 {
            output.put(0, word as u32);
            output.at = 1;
            output.carried = (word >> 32) as u32;
        }
        output
    }

    fn put(&mut self, at: usize, word: u32) {
        let place = match self.space.get_mut(4 * at..4 * at + 4) {
            Some(place) => Some(place),
            None => self.tail.get_mut((4 * at).saturating_sub(self.space.len())..),
        };
        for (place, byte) in place.into_iter().flatten().zip(word.to_le_bytes()) {
            *place = byte;
        }
    }

    /// Writes bits `from` to `to` out of whole words, the first of which is that of
    /// bit `from`.
    fn write(
        &mut self,
        from: u64,
        to: u64,
        words: &[u8],
        threads: Option<usize>,
    ) -> Result<(), Stop> {
        let first = (from / 32) as usize;
        let last = ((to - 1) / 32) as usize;
        let (words, _) = words.as_chunks::<4>();
        let word = |at: usize| words.get(at - first).map_or(0, |word| u32::from_le_bytes(*word));
        let begun = if first == self.at { self.carried } else { 0 };
        // What lies between the two words that neighbours may share.
        if last > first + 1 {
            let source = words.get(1..last - first).unwrap_or_default().as_flattened();
            let end = self.space.len().min(4 * last);
            let target = self.space.get_mut(4 * (first + 1)..end).unwrap_or_default();
            let parts = target.chunks_mut(PART).zip(source.chunks(PART)).collect();
            each(threads, parts, |(target, source): (&mut [u8], &[u8])| {
                target.copy_from_slice(&source[..target.len()]);
            })?;
            // The unfinished 64-bit word may begin before the last word of 32 bits.
            for at in (end / 4).max(first + 1)..last {
                self.put(at, word(at));
            }
        }
        let mut end = word(last);
        if first == last {
            end |= begun;
        } else {
            self.put(first, word(first) | begun);
        }
        let used = (to % 32) as u32;
        if used == 0 {
            (self.at, self.carried) = (last + 1, 0);
        } else {
            end &= low_bits(used) as u32;
            (self.at, self.carried) = (last, end);
        }
        self.put(last, end);
        Ok(())
    }

    /// The bits of the unfinished 64-bit word.
    fn last_word(&self) -> u64 {
        u64::from_le_bytes(self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitstream::BitReader;

    /// Slabs of every number of bits, behind headers of every length, join at the bit.
    #[test]
    fn slabs_join_at_the_bit() {
        let source: Vec<u8> = (0..200u32).map(|i| (i * i * 7 + 3 * i + 1) as u8).collect();
        for header in [0u32, 1, 20, 31, 32, 33, 52, 63] {
            for slab in [1u64, 5, 31, 32, 33, 64, 95, 200, 1000] {
                for slabs in 1..=6u64.min(1500 / slab) {
                    let mut out = BitWriter::default();
                    let mut input = BitReader::new(&source, 0);
                    let head = input.take(header);
                    assert!(out.put(head, header).is_ok());
                    let total = slab * slabs;
                    let word = {
                        let Ok((space, word, begun)) = out.open_words(total) else { return };
                        let mut output = Output::new(space, word, begun);
                        for number in 0..slabs {
                            let from = u64::from(begun) + number * slab;
                            // As a kernel would: zeros before, anything behind.
                            let mut words = BitWriter::default();
                            assert!(words.put(0, (from % 32) as u32).is_ok());
                            for bit in from..from + slab {
                                let bit = BitReader::new(&source, bit).take(1);
                                assert!(words.put(bit, 1).is_ok());
                            }
                            assert!(words.put(u64::MAX, 40).is_ok());
                            let words = words.finish(64);
                            assert!(output.write(from, from + slab, &words, Some(1)).is_ok());
                        }
                        output.last_word()
                    };
                    let end = (u64::from(header) + total) % 64;
                    out.close_words(total, word & low_bits(end as u32));
                    let bytes = out.finish(8);
                    let bits = u64::from(header) + total;
                    for bit in 0..bits {
                        let (got, expected) = (
                            BitReader::new(&bytes, bit).take(1),
                            BitReader::new(&source, bit).take(1),
                        );
                        assert_eq!(got, expected, "bit {bit} of {header} + {slabs} × {slab}");
                    }
                }
            }
        }
    }
}
