//! Bits, least significant first, in little-endian 64-bit words.
//!
//! The byte sequence does not depend on the word: the bits `b0 b1 b2 …` are bit
//! `i % 8` of byte `i / 8`. Only the zero padding at the very end does.

use crate::error::{Error, Result};
use crate::memory;
#[cfg(feature = "parallel")]
use crate::memory::Space;

/// The `count` low bits set; `count` is at most 64.
#[inline(always)]
pub(crate) const fn low_bits(count: u32) -> u64 {
    if count == 0 { 0 } else { u64::MAX >> (64 - count) }
}

/// Bytes by which a [`BitWriter`] opens more space, as many as it has within these
/// bounds: seldom enough, and no more than a cache holds.
const LEAST_GROWTH: usize = 1 << 10;
const MOST_GROWTH: usize = 64 << 10;

/// Up to here, a copy of the right size costs less than to shrink a vector: what is freed
/// whole is had again for the next one, with its pages.
const MOST_COPIED: usize = 16 << 20;

/// Where the writer stands: whole words before byte `at`, then `bits` bits in `word`.
#[derive(Clone, Copy, Default)]
struct Cursor {
    at: usize,
    word: u64,
    bits: u32,
}

/// Appends bits to a growing vector of bytes, or to memory that it was lent.
#[derive(Default)]
pub(crate) struct BitWriter<'a> {
    bytes: Vec<u8>,
    /// What is written to instead, if there is some.
    lent: Option<&'a mut [u8]>,
    cursor: Cursor,
}

/// For threads that write parts of one stream.
#[cfg(feature = "parallel")]
impl<'a> BitWriter<'a> {
    /// A writer into memory that does not grow, from the bits of a word on that is unfinished.
    pub(crate) fn lent(bytes: &'a mut [u8], (word, bits): (u64, u32)) -> Self {
        let cursor = Cursor { at: 0, word, bits };
        Self { bytes: Vec::new(), lent: Some(bytes), cursor }
    }

    /// Empties the writer but for the bits of an unfinished word, and keeps its memory.
    pub(crate) fn restart(&mut self, (word, bits): (u64, u32)) {
        self.cursor = Cursor { at: 0, word, bits };
    }

    /// The unfinished word, and how many bits it has.
    pub(crate) fn word(&self) -> (u64, u32) {
        (self.cursor.word, self.cursor.bits)
    }
}

impl BitWriter<'_> {
    /// What is written to.
    #[inline(always)]
    fn space(&mut self) -> &mut [u8] {
        match &mut self.lent {
            Some(lent) => lent,
            None => &mut self.bytes,
        }
    }

    /// A writer that has room for so many bytes. Memory that is not written to costs nothing,
    /// and having it keeps the bytes from being moved.
    pub(crate) fn with_room(bytes: usize) -> Result<Self> {
        // The last blocks are opened with more than they keep, several of them together.
        let more = bytes.min(16 << 10) + 2048;
        let mut writer = Self::default();
        memory::reserve(&mut writer.bytes, bytes.saturating_add(more))?;
        Ok(writer)
    }

    /// The same where so many bytes may do: without room for them, the vector grows.
    pub(crate) fn expecting(bytes: usize) -> Self {
        Self::with_room(bytes).unwrap_or_default()
    }

    /// Empties the writer and keeps its memory.
    #[cfg(any(feature = "gpu", feature = "parallel"))]
    pub(crate) fn clear(&mut self) {
        self.cursor = Cursor::default();
    }

    /// Goes back to bit `position`, up to which everything stays.
    #[cfg(feature = "gpu")]
    pub(crate) fn rewind(&mut self, position: u64) {
        let (bytes, _) = self.sealed();
        let mut reader = BitReader::new(bytes, position / 64 * 64);
        let bits = (position % 64) as u32;
        let word = reader.take(bits);
        self.cursor = Cursor { at: (position / 64 * 8) as usize, word, bits };
    }

    /// Bits written so far.
    pub(crate) fn position(&self) -> u64 {
        self.cursor.at as u64 * 8 + u64::from(self.cursor.bits)
    }

    /// Opens space for `bits` more bits; they are kept on [`BitWriter::commit`].
    #[inline]
    pub(crate) fn open(&mut self, bits: u32) -> Result<OpenBits<'_>> {
        // One whole word beyond, since words are stored whole.
        let end = self.cursor.at + bits as usize / 8 + 24;
        if end > self.space().len() {
            self.grow(end)?;
        }
        let cursor = self.cursor;
        Ok(OpenBits { space: self.space(), cursor })
    }

    #[cold]
    fn grow(&mut self, end: usize) -> Result<()> {
        if self.lent.is_some() {
            return Err(Error::OutOfMemory { bytes: end as u64 });
        }
        let more = end + self.bytes.len().clamp(LEAST_GROWTH, MOST_GROWTH);
        let capacity = self.bytes.capacity();
        if end <= capacity {
            self.bytes.resize(more.min(capacity), 0);
            return Ok(());
        }
        // Doubling keeps the total cost linear; untouched memory costs nothing.
        if memory::reserve(&mut self.bytes, more.max(capacity.saturating_mul(2))).is_err() {
            memory::reserve(&mut self.bytes, more)?;
        }
        self.bytes.resize(more, 0);
        Ok(())
    }

    /// Writes the `count` low bits of `value`; `count` is at most 64.
    pub(crate) fn put(&mut self, value: u64, count: u32) -> Result<()> {
        let mut open = self.open(count)?;
        open.put(value & low_bits(count), count);
        let end = open.close();
        self.commit(end);
        Ok(())
    }

    /// Takes over what was written into space from [`BitWriter::open`].
    #[inline]
    pub(crate) fn commit(&mut self, end: Written) {
        self.cursor = end.0;
    }

    /// The bytes, padded with zeros to whole groups of `word_bits` bits (8 or 64).
    pub(crate) fn finish(mut self, word_bits: u32) -> Vec<u8> {
        let Cursor { at, word, bits } = self.cursor;
        self.bytes.truncate(at);
        let tail = bits.div_ceil(word_bits) * word_bits / 8;
        self.bytes.extend_from_slice(&word.to_le_bytes()[..tail as usize]);
        let (used, all) = (self.bytes.len(), self.bytes.capacity());
        if all - used <= used / 8 + 4096 {
            // A little too much costs less than to do something about it.
            return self.bytes;
        }
        if used < MOST_COPIED && all < 2 * MOST_COPIED {
            let mut exact = Vec::new();
            if exact.try_reserve_exact(used).is_ok() {
                exact.extend_from_slice(&self.bytes);
                return exact;
            }
        }
        self.bytes.shrink_to_fit();
        self.bytes
    }

    /// Where the writer stands: what is written from here on is taken back by
    /// [`BitWriter::commit`].
    pub(crate) fn here(&self) -> Written {
        Written(self.cursor)
    }

    /// Hands out the finished words, and goes on behind them in their memory.
    pub(crate) fn take_words(&mut self) -> &[u8] {
        let words = std::mem::take(&mut self.cursor.at);
        &self.space()[..words]
    }

    /// The bits of the unfinished word.
    pub(crate) fn unfinished(&self) -> [u8; 8] {
        self.cursor.word.to_le_bytes()
    }

    /// All bits written, the unfinished word included, and how many they are.
    #[cfg(any(feature = "gpu", feature = "parallel"))]
    pub(crate) fn sealed(&mut self) -> (&[u8], u64) {
        let Cursor { at, word, .. } = self.cursor;
        let position = self.position();
        match self.space().get_mut(at..at + 8) {
            Some(tail) => tail.copy_from_slice(&word.to_le_bytes()),
            None => return (&[], 0),
        }
        (self.space(), position)
    }

    /// Space for `bits` more bits, whole words only: the first is the unfinished one,
    /// whose bits and their number come with it. Ends with [`BitWriter::close_words`].
    #[cfg(feature = "gpu")]
    pub(crate) fn open_words(&mut self, bits: u64) -> Result<(&mut [u8], u64, u32)> {
        let Cursor { at, word, bits: begun } = self.cursor;
        let len = usize::try_from((u64::from(begun) + bits) / 64 * 8)
            .map_err(|_| Error::OutOfMemory { bytes: bits / 8 })?;
        let end = at + len + 8;
        if end > self.space().len() + MOST_GROWTH {
            // The system's zeros: its pages come when they are first written, by any thread.
            // Where it has no more of them, there is what was reserved.
            match memory::zeroed(end) {
                Ok(mut bytes) => {
                    bytes[..at].copy_from_slice(&self.bytes[..at]);
                    self.bytes = bytes;
                }
                Err(_) => self.grow(end)?,
            }
        } else if end > self.space().len() {
            self.grow(end)?;
        }
        Ok((&mut self.space()[at..at + len], word, begun))
    }

    /// Asks for memory for `bits` more bits, or half as many as long as that is refused, but
    /// not fewer than `least`; returns for how many there will be some, if any.
    #[cfg(feature = "parallel")]
    pub(crate) fn make_room(&mut self, bits: u64, least: u64) -> u64 {
        let at = self.cursor.at;
        self.bytes.truncate(at);
        let mut bits = bits.max(least);
        loop {
            let total = usize::try_from(bits / 8 + 16).ok().and_then(|bytes| at.checked_add(bytes));
            if total.is_some_and(|total| memory::reserve(&mut self.bytes, total).is_ok()) {
                return bits;
            }
            if bits == least {
                return least;
            }
            bits = (bits / 2).max(least);
        }
    }

    /// Has `fill` put words of up to `bits` bits behind what is written, and returns what it
    /// does. The first is the unfinished one, whose bits and their number it is given. Ends
    /// with [`BitWriter::close_words`].
    #[cfg(feature = "parallel")]
    pub(crate) fn append_words<T>(
        &mut self,
        bits: u64,
        fill: impl FnOnce(&mut Space<'_>, (u64, u32)) -> T,
    ) -> Result<T> {
        let Cursor { at, word, bits: begun } = self.cursor;
        let out_of_memory = || Error::OutOfMemory { bytes: bits / 8 };
        let words = bits.checked_add(u64::from(begun)).ok_or_else(out_of_memory)? / 64;
        let most = usize::try_from(words * 8).map_err(|_| out_of_memory())?;
        if self.lent.is_some() {
            return Err(out_of_memory());
        }
        self.bytes.truncate(at);
        memory::append(&mut self.bytes, most, |space| fill(space, (word, begun)))
    }

    /// Adds the bits of `word` to those of the word that begins `bytes` bytes behind what is
    /// written; whether there is one.
    #[cfg(feature = "parallel")]
    pub(crate) fn merge(&mut self, bytes: usize, word: u64) -> bool {
        let there = self.bytes.get_mut(self.cursor.at + bytes..).and_then(<[u8]>::first_chunk_mut);
        if let Some(there) = there {
            *there = (u64::from_le_bytes(*there) | word).to_le_bytes();
            return true;
        }
        false
    }

    /// Goes on after `bits` bits of words that were put there, of which `word` is the new
    /// unfinished one.
    #[cfg(any(feature = "gpu", feature = "parallel"))]
    pub(crate) fn close_words(&mut self, bits: u64, word: u64) {
        let end = u64::from(self.cursor.bits) + bits;
        self.cursor =
            Cursor { at: self.cursor.at + (end / 64 * 8) as usize, word, bits: (end % 64) as u32 };
    }
}

/// Space for one block's bits: a writer that need not check for room.
pub(crate) struct OpenBits<'a> {
    space: &'a mut [u8],
    cursor: Cursor,
}

/// Proof of what was written, for [`BitWriter::commit`].
#[derive(Clone, Copy)]
pub(crate) struct Written(Cursor);

impl OpenBits<'_> {
    /// Writes `count` bits; `value` has none beyond them, `count` is at most 64.
    #[inline(always)]
    pub(crate) fn put(&mut self, value: u64, count: u32) {
        let Cursor { at, word, bits } = self.cursor;
        let word = word | (value << bits);
        let total = bits + count;
        if total < 64 {
            self.cursor = Cursor { at, word, bits: total };
        } else {
            self.space[at..at + 8].copy_from_slice(&word.to_le_bytes());
            // In two steps, since a shift by 64 (bits = 0) is not defined.
            let rest = (value >> 1) >> (63 - bits);
            self.cursor = Cursor { at: at + 8, word: rest, bits: total - 64 };
        }
    }

    /// Writes `count` zeros.
    #[inline]
    pub(crate) fn pad(&mut self, count: u32) {
        for _ in 0..count / 64 {
            self.put(0, 64);
        }
        self.put(0, count % 64);
    }

    /// A copy to keep in registers through a hot loop; see [`OpenBits::resume`].
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> OpenBits<'_> {
        OpenBits { space: self.space, cursor: self.cursor }
    }

    /// Goes on where a reborrowed copy ended.
    #[inline(always)]
    pub(crate) fn resume(&mut self, end: Written) {
        self.cursor = end.0;
    }

    /// Ends the borrow.
    #[inline(always)]
    pub(crate) fn close(self) -> Written {
        Written(self.cursor)
    }
}

impl<'a> OpenBits<'a> {
    /// The space, the byte of the unfinished word, that word, and how many bits it has.
    #[inline(always)]
    pub(crate) fn into_parts(self) -> (&'a mut [u8], usize, u64, u32) {
        let Cursor { at, word, bits } = self.cursor;
        (self.space, at, word, bits)
    }

    /// Undoes [`OpenBits::into_parts`].
    #[inline(always)]
    pub(crate) fn from_parts(space: &'a mut [u8], at: usize, word: u64, bits: u32) -> Self {
        Self { space, cursor: Cursor { at, word, bits } }
    }
}

/// The eight bytes at `at`, with zeros for those past the end.
#[inline(always)]
fn load(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => load_tail(bytes, at),
    }
}

/// Bits from bit `position` on, the next one lowest, at least [`BitReader::WINDOW`] of
/// them; zeros past the end.
#[inline(always)]
pub(crate) fn peek_at(bytes: &[u8], position: u64) -> u64 {
    // No slice is longer than half of what addresses can say.
    load(bytes, (position / 8).min(usize::MAX as u64 / 2) as usize) >> (position % 8)
}

#[cold]
fn load_tail(bytes: &[u8], at: usize) -> u64 {
    let tail = bytes.get(at..).unwrap_or_default();
    let mut word = [0; 8];
    word[..tail.len()].copy_from_slice(tail);
    u64::from_le_bytes(word)
}

/// Reads bits from a slice of bytes. Past the end it reads zeros, and
/// [`BitReader::check`] tells.
#[derive(Clone, Copy)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Next byte to load.
    at: usize,
    /// Loaded bits, the next one lowest; those above `ready` may be set too, and
    /// are then the stream's next ones.
    window: u64,
    /// How many of them are sure.
    ready: u32,
}

impl<'a> BitReader<'a> {
    /// Most bits that [`BitReader::peek`] shows at once.
    pub(crate) const WINDOW: u32 = 56;

    /// A reader of `bytes`, from bit `position` on.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], position: u64) -> Self {
        let at = usize::try_from(position / 8).unwrap_or(usize::MAX / 2).min(usize::MAX / 2);
        let mut reader = Self { bytes, at, window: 0, ready: 0 };
        reader.refill();
        reader.skip((position % 8) as u32);
        reader
    }

    /// Makes at least [`BitReader::WINDOW`] bits ready.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        self.window |= load(self.bytes, self.at) << self.ready;
        self.at += ((63 - self.ready) / 8) as usize;
        self.ready |= 0x38;
    }

    /// The ready bits, the next one lowest.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        self.window
    }

    /// How many bits are ready.
    #[inline(always)]
    pub(crate) fn ready(&self) -> u32 {
        self.ready
    }

    /// Passes over `count` bits, which are ready and fewer than 64.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.window >>= count;
        self.ready -= count;
    }

    /// The next `count` bits; `count` is at most 64.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: u32) -> u64 {
        if self.ready < count {
            self.refill();
        }
        if count <= Self::WINDOW {
            let value = self.window & low_bits(count);
            self.skip(count);
            return value;
        }
        let low = self.window & low_bits(Self::WINDOW);
        self.skip(Self::WINDOW);
        self.refill();
        let rest = count - Self::WINDOW;
        let high = self.window & low_bits(rest);
        self.skip(rest);
        low | (high << Self::WINDOW)
    }

    /// Passes over any number of bits.
    #[inline]
    pub(crate) fn advance(&mut self, count: u32) {
        if count <= self.ready {
            // A shift by 64 is not defined, and `ready` is below 64.
            self.skip(count);
        } else {
            *self = Self::new(self.bytes, self.position() + u64::from(count));
        }
    }

    /// Bits read so far, from the beginning of the slice.
    pub(crate) fn position(&self) -> u64 {
        self.at as u64 * 8 - u64::from(self.ready)
    }

    /// An error if more was read than there is.
    #[inline]
    pub(crate) fn check(&self) -> Result<()> {
        // `at` counts loaded bytes, of which `ready` bits are still unread.
        if self.at > self.bytes.len() && self.position() > self.bytes.len() as u64 * 8 {
            return Err(Error::Truncated {
                needed: self.position().div_ceil(8),
                got: self.bytes.len() as u64,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
