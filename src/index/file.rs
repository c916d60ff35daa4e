//! The bytes of an index; `docs/index-format.md` is their description.

use super::{Entries, MAX_EVERY, Marks, checksum};
use crate::bitstream::BitReader;
use crate::block::Params;
use crate::error::{Error, Result};
use crate::field::check_shape;
use crate::scalar::ScalarType;

const MAGIC: [u8; 4] = *b"zfpi";
const VERSION: u8 = 1;
/// Bytes before the segments.
const HEAD: usize = 80;
/// Bytes of the checksum at the end.
const TAIL: usize = 8;

pub(super) fn write(entries: &Entries) -> Vec<u8> {
    let Entries { scalar, shape, params, start, end, marks, checks } = entries;
    let offsets = &marks.offsets;
    let ends = offsets.iter().skip(1).chain([end]);
    let lengths = || ends.clone().zip(offsets).map(|(to, from)| (to - from) as u32);
    let shortest = lengths().min().unwrap_or(0);
    let longest = lengths().max().unwrap_or(0);
    let width = u32::BITS - (longest - shortest).leading_zeros();

    let mut bytes = Vec::with_capacity(HEAD + 8 * offsets.len() + TAIL);
    bytes.extend(MAGIC);
    bytes.extend([VERSION, scalar.code() as u8, shape.len() as u8, width as u8]);
    for axis in 0..4 {
        bytes.extend((shape.get(axis).copied().unwrap_or(0) as u64).to_le_bytes());
    }
    let Params { minbits, maxbits, maxprec, minexp } = params;
    for word in [minbits, maxbits, maxprec, &minexp.cast_unsigned()] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(start.to_le_bytes());
    bytes.extend(end.to_le_bytes());
    bytes.extend((marks.every as u32).to_le_bytes());
    bytes.extend(shortest.to_le_bytes());
    bytes.extend(packed(lengths().map(|length| length - shortest), width));
    bytes.extend(checks.iter().flat_map(|check| check.to_le_bytes()));
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes
}

/// Numbers of `width` bits each, lowest bit first.
fn packed(numbers: impl Iterator<Item = u32>, width: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut word, mut bits) = (0u64, 0);
    for number in numbers {
        word |= u64::from(number) << bits;
        bits += width;
        while bits >= 8 {
            bytes.push(word as u8);
            word >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        bytes.push(word as u8);
    }
    bytes
}

pub(super) fn read(bytes: &[u8]) -> Result<Entries> {
    let length = |needed| Error::IndexLength { needed, got: bytes.len() as u64 };
    if !bytes.starts_with(&MAGIC) {
        return Err(Error::NotIndex { found: bytes[..bytes.len().min(4)].to_vec() });
    }
    match bytes.get(4) {
        Some(&VERSION) => {}
        Some(&version) => return Err(Error::IndexVersion { version }),
        None => return Err(length((HEAD + TAIL) as u64)),
    }
    if bytes.len() < HEAD + TAIL {
        return Err(length((HEAD + TAIL) as u64));
    }
    let (body, tail) = bytes.split_at(bytes.len() - TAIL);
    let word = |at: usize| BitReader::new(body, at as u64 * 8).take(64);
    let half = |at: usize| BitReader::new(body, at as u64 * 8).take(32) as u32;
    if checksum(body).to_le_bytes() != tail {
        return Err(Error::IndexDamaged { reason: "its checksum is another" });
    }

    // Right sums can be made of wrong numbers too.
    let damaged = |reason| Err(Error::IndexDamaged { reason });
    let Some(scalar) = ScalarType::from_code(u32::from(body[5])) else {
        return damaged("it has an unknown type of values");
    };
    let dims = usize::from(body[6]);
    let mut shape = Vec::with_capacity(4);
    for axis in 0..dims.min(4) {
        shape.push(usize::try_from(word(8 + 8 * axis)).unwrap_or(usize::MAX));
    }
    let params = Params {
        minbits: half(40),
        maxbits: half(44),
        maxprec: half(48),
        minexp: half(52).cast_signed(),
    };
    if dims > 4 || check_shape(&shape).is_err() || params.check(scalar).is_err() {
        return damaged("it has an impossible shape or mode");
    }
    let (start, end, every, shortest) = (word(56), word(64), half(72), half(76));
    let blocks = shape.iter().try_fold(1u64, |n, &size| n.checked_mul(size.div_ceil(4) as u64));
    let count = match (blocks, params.fixed_bits(), every) {
        (Some(_), Some(_), 0) => 0,
        (Some(blocks), None, 1..=MAX_EVERY) => blocks.div_ceil(u64::from(every)),
        _ => return damaged("it has an impossible number of blocks"),
    };
    let width = u32::from(body[7]);
    let packed = (u128::from(count) * u128::from(width)).div_ceil(8);
    let needed = packed + u128::from(count) * 4 + (HEAD + TAIL) as u128;
    if width > 32 || needed != bytes.len() as u128 {
        return Err(length(u64::try_from(needed).unwrap_or(u64::MAX)));
    }

    let mut offsets = Vec::with_capacity(count as usize);
    let mut lengths = BitReader::new(body, HEAD as u64 * 8);
    let mut at = start;
    for _ in 0..count {
        offsets.push(at);
        let length = u64::from(shortest) + lengths.take(width);
        at = at.saturating_add(length);
    }
    if count > 0 && at != end || start > end {
        return damaged("its segments do not end where the stream does");
    }
    let checks = body[body.len() - 4 * count as usize..].as_chunks::<4>().0;
    let checks = checks.iter().map(|check| u32::from_le_bytes(*check)).collect();
    let marks = Marks { first: 0, every: every as usize, offsets };
    Ok(Entries { scalar, shape, params, start, end, marks, checks })
}
