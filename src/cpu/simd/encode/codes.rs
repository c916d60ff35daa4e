//! The codes of bit planes, without loops over bits.
//!
//! What a plane's code has behind the `n` coefficients that are known: a group test, and
//! the rest of the plane up to its last one-bit, with another group test behind each
//! one-bit. So all that is inserted is 1, but for the last group test: *double* each
//! one-bit, and clear what is then the highest bit. Where the plane's last coefficient is
//! a one-bit, neither it nor a group test behind it is written.
//!
//! A block's `n` at a plane is the bit length of the OR of all planes above. Codes are
//! written beyond the budget, and what is too much is cut off.

use super::super::lanes::Planes;
use super::super::level::Isa;
use super::sink::Put;

/// Most bits that are doubled at once, with a group test before them.
const PIECE: u32 = 31;

/// Planes that are written as they are at once.
const CHUNK: usize = 8;

/// Bits that one block's codes may go beyond its budget, and what the sink's words take.
pub(super) const SLACK: u32 = 64 * (2 * CHUNK as u32 + 4);

/// Codes and lengths of bytes: each one-bit doubled.
const DOUBLED: [(u16, u8); 256] = {
    let mut table = [(0, 0); 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut code, mut length) = (0u32, 0);
        let mut bit = 0;
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                code |= 3 << length;
                length += 1;
            }
            length += 1;
            bit += 1;
        }
        table[byte] = (code as u16, length);
        byte += 1;
    }
    table
};

/// The `count` low bits of `bits`, which has none beyond: another one-bit behind each
/// one-bit, and how many bits that makes. They are in so many bytes, four at most.
#[inline(always)]
fn doubled<I: Isa, const BYTES: u32>(isa: I, bits: u64, count: u32) -> (u64, u32) {
    if isa.has_fast_pdep() {
        let spread = isa.pdep(bits, DATA) | INSERTED;
        let mask = isa.low(DATA | isa.pdep(bits, INSERTED), 2 * count);
        (isa.pext(spread, mask), count + bits.count_ones())
    } else {
        let (mut code, mut length) = (0, 0);
        for i in 0..BYTES {
            let (piece, piece_length) = DOUBLED[(bits >> (8 * i)) as usize % 256];
            code |= u64::from(piece) << length;
            length += u32::from(piece_length);
        }
        // Not all CPUs count one-bits; but by so many are the bytes longer than before.
        (code, count + length - 8 * BYTES)
    }
}

/// What a plane adds behind what is known: `rest` has `count` bits, the highest of them a
/// one-bit, or is nothing; `tested` is 1 if a group test comes before them, else 0; `last`
/// is 1 if they end with the block's last coefficient, else 0.
#[inline(always)]
fn ending<I: Isa, const BYTES: u32>(
    isa: I,
    rest: u64,
    count: u32,
    tested: u32,
    last: u32,
) -> (u64, u32) {
    let (code, length) = doubled::<I, BYTES>(isa, rest, count);
    let code = code << tested | u64::from(tested);
    let length = length + tested;
    // Without the last group test, or without it and the last one-bit; nothing at all if
    // all coefficients were known.
    (isa.low(code, (length - 1).saturating_sub(last)), length.saturating_sub(2 * last))
}

/// Writes planes of 64 coefficients from `top` (exclusive) down to `bottom`, and stops some
/// time after `budget` bits; returns what is left of them, perhaps less than nothing. The
/// first plane, if there is one, has a one-bit, and the group test before that is written.
#[inline(always)]
pub(super) fn put_64<I: Isa>(
    isa: I,
    sink: &mut impl Put,
    planes: &Planes,
    range: (usize, usize),
    budget: i32,
) -> i32 {
    if isa.has_fast_pdep() {
        put_64_by_halves(isa, sink, planes, range, budget)
    } else {
        put_64_by_pieces(isa, sink, planes, range, budget)
    }
}

/// With `pdep`, bits are inserted behind any others: behind the last that is known, and
/// behind each one-bit beyond. Of 32 coefficients, 64 bits come at most.
#[inline(always)]
fn put_64_by_halves<I: Isa>(
    isa: I,
    sink: &mut impl Put,
    planes: &Planes,
    (bottom, top): (usize, usize),
    mut budget: i32,
) -> i32 {
    let bottom = bottom.min(top);
    let mut left = &planes[bottom..top.min(256)];
    let mut known = Known::before(left.last().copied().unwrap_or(0));
    while budget > 0
        && let Some((&plane, below)) = left.split_last()
        && known.is_short(plane)
    {
        left = below;
        let (code, length) = known.code(isa, plane);
        sink.put(code, length);
        budget -= length as i32;
    }
    let Known { mut seen, mut last } = known;
    while budget > 0
        && seen >> 63 == 0
        && let Some((&plane, below)) = left.split_last()
    {
        left = below;
        let all = seen | plane;
        let empty = all.leading_zeros();
        let inserted = (plane | last) & last.wrapping_neg();
        // All that is inserted here is a one.
        let spread = isa.pdep(plane, DATA) | INSERTED;
        let low = isa.pext(spread, DATA | isa.pdep(inserted, INSERTED));
        let low_length = 32 + (inserted as u32).count_ones();
        sink.put(low, low_length);
        // Neither the last coefficient's one-bit nor a group test behind it.
        let (kept, cut) = if empty == 0 { (u64::MAX >> 2, 2) } else { (u64::MAX, 0) };
        let above = inserted >> 32;
        let ones = isa.low(INSERTED, 62 - 2 * empty);
        let mask = (DATA | isa.pdep(above, INSERTED)) & kept;
        let high = isa.pext(isa.pdep(plane >> 32, DATA) | ones, mask);
        let length = 32 - empty + above.count_ones() - cut;
        sink.put(high, length);
        budget -= (low_length + length) as i32;
        seen = all;
        last = HIGHEST >> empty;
    }
    put_raw(sink, planes, (bottom, bottom + left.len()), budget)
}

/// What is known of coefficients, and the last of it; before anything is, the first that will
/// be.
#[derive(Clone, Copy)]
struct Known {
    seen: u64,
    last: u64,
}

impl Known {
    /// Before the first plane that has a one-bit.
    #[inline(always)]
    fn before(plane: u64) -> Self {
        Self { seen: 0, last: plane & plane.wrapping_neg() }
    }

    /// Whether no more than 32 coefficients are known behind this plane.
    #[inline(always)]
    fn is_short(&self, plane: u64) -> bool {
        (self.seen | plane) >> 32 == 0
    }

    /// The code of a plane behind which no more than 32 coefficients are known.
    #[inline(always)]
    fn code<I: Isa>(&mut self, isa: I, plane: u64) -> (u64, u32) {
        let seen = self.seen | plane;
        let empty = seen.leading_zeros();
        let inserted = (plane | self.last) & self.last.wrapping_neg();
        // Ones, but for what is behind the last.
        let ones = (INSERTED >> 2) >> (2 * empty % 64);
        let mask = DATA | isa.pdep(inserted, INSERTED);
        let code = isa.pext(isa.pdep(plane, DATA) | ones, mask);
        *self = Self { seen, last: HIGHEST >> empty };
        (code, u64::BITS - empty + inserted.count_ones())
    }
}

/// The `count` low bits of `bits`, with a bit inserted behind those that `inserted` marks:
/// ones, but for one behind the last.
#[inline(always)]
fn inserting<I: Isa>(isa: I, bits: u64, inserted: u64, count: u32) -> (u64, u32) {
    let spread = isa.pdep(bits, DATA) | isa.low(INSERTED, 2 * count - 2);
    let code = isa.pext(spread, DATA | isa.pdep(inserted, INSERTED));
    (code, count + (inserted as u32).count_ones())
}

/// The code of a plane of 16 bits, of up to 31.
#[inline(always)]
pub(super) fn short_plane<I: Isa>(isa: I, plane: u64, n: u32, next: u32) -> (u64, u32) {
    if isa.has_fast_pdep() {
        // A zero comes first, as if it were known: so there is always a last one that is.
        let known = isa.low(plane, n);
        let inserted = (plane ^ known) << 1 | 1 << n;
        let (code, length) = inserting(isa, plane << 1, inserted, next + 1);
        // What was known to be the end, or what ends with the last coefficient.
        let full = u32::from(next == 16);
        let length = if n == 16 { 16 } else { length - 1 - 2 * full };
        return (isa.low(code >> 1, length), length);
    }
    let (code, length) = ending::<I, 2>(isa, plane >> n, next - n, 1, u32::from(next == 16));
    (isa.low(plane, n) | code << n, n + length)
}

/// Every other bit, and those between.
const DATA: u64 = u64::MAX / 3;
const INSERTED: u64 = !DATA;
const HIGHEST: u64 = 1 << 63;

/// Without `pdep`: what is known as it is, then the others, in pieces that fit words.
#[inline(always)]
fn put_64_by_pieces<I: Isa>(
    isa: I,
    sink: &mut impl Put,
    planes: &Planes,
    (bottom, top): (usize, usize),
    mut budget: i32,
) -> i32 {
    let mut k = top;
    let (mut seen, mut n) = (0u64, 0u32);
    while k > bottom && budget > 0 && n < 64 {
        k -= 1;
        let plane = planes[k % 256];
        seen |= plane;
        let next = u64::BITS - seen.leading_zeros();
        let rest = plane >> n;
        let count = next - n;
        let test = u32::from(n > 0);
        sink.put(isa.low(plane, n), n);
        budget -= n as i32;
        if count > PIECE {
            budget -= put_pieces(isa, sink, test, count, |bit| rest >> bit, next == 64);
        } else {
            let (code, length) = ending::<I, 4>(isa, rest, count, test, u32::from(next == 64));
            sink.put(code, length);
            budget -= length as i32;
        }
        n = next;
    }
    put_raw(sink, planes, (bottom, k), budget)
}

/// Writes planes of 64 coefficients, all of which are known, as they are.
#[inline(always)]
pub(super) fn put_raw(
    sink: &mut impl Put,
    planes: &Planes,
    (bottom, top): (usize, usize),
    mut budget: i32,
) -> i32 {
    let mut k = top;
    // Whole chunks: how many planes count is as good as random.
    while k > bottom && budget > 0 {
        let count = (k - bottom).min(CHUNK).min(budget as usize / 64 + 1);
        // Those below the lowest plane are of no account.
        let words = match planes[..k].last_chunk::<CHUNK>() {
            Some(&[h, g, f, e, d, c, b, a]) => [a, b, c, d, e, f, g, h],
            None => std::array::from_fn(|i| if i < k { planes[k - 1 - i] } else { 0 }),
        };
        sink.put_words(words, count);
        budget -= 64 * count as i32;
        k -= count;
    }
    budget
}

/// What a plane adds, however long: `count` bits, of which `from` gives those from a place
/// on, behind a group test if `tested` is 1; returns the bits written.
#[inline(always)]
fn put_pieces<I: Isa>(
    isa: I,
    sink: &mut impl Put,
    mut tested: u32,
    mut count: u32,
    from: impl Fn(u32) -> u64,
    last: bool,
) -> i32 {
    let (mut bit, mut written) = (0, 0);
    while count > PIECE {
        let piece = isa.low(from(bit), PIECE);
        let (code, length) = doubled::<I, 4>(isa, piece, PIECE);
        sink.put(code << tested | u64::from(tested), length + tested);
        written += length + tested;
        // A one-bit at the end has its group test already.
        tested = 0;
        bit += PIECE;
        count -= PIECE;
    }
    let piece = isa.low(from(bit), count);
    let (code, length) = ending::<I, 4>(isa, piece, count, tested, u32::from(last));
    sink.put(code, length);
    (written + length) as i32
}

/// As [`put_64`], for 256 coefficients in four words.
#[inline(always)]
pub(super) fn put_256<I: Isa>(
    isa: I,
    sink: &mut impl Put,
    planes: &Planes4,
    (bottom, top): (usize, usize),
    mut budget: i32,
) -> i32 {
    let mut left = &planes[bottom..top];
    let mut known = Known::before(left.last().map_or(0, |plane| plane[0]));
    // Most planes have no more than a few of the coefficients.
    while isa.has_fast_pdep()
        && budget > 0
        && let Some((&[plane, b, c, d], below)) = left.split_last()
        && known.is_short(plane)
        && b | c | d == 0
    {
        left = below;
        let (code, length) = known.code(isa, plane);
        sink.put(code, length);
        budget -= length as i32;
    }
    let mut seen = [known.seen, 0, 0, 0];
    let mut n = u64::BITS - known.seen.leading_zeros();
    for plane in left.iter().rev() {
        if budget <= 0 {
            break;
        }
        if n == 256 {
            sink.put_words(*plane, 4);
            budget -= 256;
            continue;
        }
        for (seen, word) in seen.iter_mut().zip(plane) {
            *seen |= word;
        }
        let highest = (0..4).rev().find(|&i| seen[i] != 0);
        let next = highest.map_or(0, |i| 64 * i as u32 + u64::BITS - seen[i].leading_zeros());
        let whole = (n / 64) as usize;
        if whole > 0 {
            sink.put_words(*plane, whole);
        }
        sink.put(isa.low(plane[whole % 4], n % 64), n % 64);
        let from = |bit: u32| {
            let (word, shift) = (((n + bit) / 64) as usize, (n + bit) % 64);
            let above = if word < 3 { plane[word + 1] } else { 0 };
            plane[word % 4] >> shift | above << 1 << (63 - shift)
        };
        let test = u32::from(n > 0);
        budget -= n as i32 + put_pieces(isa, sink, test, next - n, from, next == 256);
        n = next;
    }
    budget
}

/// Planes of 256 coefficients.
pub(super) type Planes4 = [[u64; 4]; 64];
