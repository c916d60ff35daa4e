//! Whether bytes or values that something else made are those of the reference.

use std::ops::Range;

use super::serial;
use crate::bitstream::{BitReader, BitWriter};
use crate::block::{BlockScalar, Job, NonFinitePolicy, Params, dispatch};
use crate::error::Result;
use crate::field::Field;
use crate::threads::first_found;

/// Blocks that a thread looks at before it looks whether another found something.
const CHUNK: usize = 4096;

/// The first block of a stream, whose blocks begin at bit `start` and have a fixed number
/// of bits, that is not what the reference makes of the field.
pub(crate) fn first_wrong_block(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    threads: Option<usize>,
    stream: &[u8],
    start: u64,
) -> Result<Option<u64>> {
    let bits = params.maxbits;
    in_chunks(field, threads, |blocks| {
        let mut expected = BitWriter::default();
        for block in blocks {
            expected.clear();
            serial::compress_blocks(field, params, policy, block..block + 1, &mut expected)?;
            let (expected, _) = expected.sealed();
            let place = start + block as u64 * u64::from(bits);
            if !same_bits(expected, stream, place, bits) {
                return Ok(Some(block as u64));
            }
        }
        Ok(None)
    })
}

fn same_bits(expected: &[u8], stream: &[u8], place: u64, bits: u32) -> bool {
    let mut expected = BitReader::new(expected, 0);
    let mut found = BitReader::new(stream, place);
    let mut left = bits;
    while left > 0 {
        let count = left.min(32);
        if expected.take(count) != found.take(count) {
            return false;
        }
        left -= count;
    }
    found.check().is_ok()
}

/// The first block of such a stream with a value that is not in the field.
pub(crate) fn first_wrong_value(
    stream: &[u8],
    start: u64,
    params: Params,
    threads: Option<usize>,
    field: &Field<'_>,
) -> Result<Option<u64>> {
    struct Compare<'a, 'f> {
        stream: &'a [u8],
        start: u64,
        params: Params,
        field: &'a Field<'f>,
        blocks: Range<usize>,
    }
    impl Job for Compare<'_, '_> {
        type Output = Result<Option<u64>>;
        fn run<S: BlockScalar, const N: usize>(self) -> Self::Output {
            let Self { stream, start, params, field, blocks } = self;
            let bits = u64::from(params.maxbits);
            for block in field.grid().range(blocks.start, blocks.end) {
                let mut input = BitReader::new(stream, start + block.number as u64 * bits);
                let expected = S::decode::<N>(&mut input, params);
                input.check()?;
                if !field.holds(block, &expected) {
                    return Ok(Some(block.number as u64));
                }
            }
            Ok(None)
        }
    }
    in_chunks(field, threads, |blocks| {
        let job = Compare { stream, start, params, field, blocks };
        dispatch(field.scalar(), field.dims(), job)
    })
}

fn in_chunks(
    field: &Field<'_>,
    threads: Option<usize>,
    look: impl Fn(Range<usize>) -> Result<Option<u64>> + Send + Sync,
) -> Result<Option<u64>> {
    let blocks = field.grid().len();
    first_found(threads, blocks.div_ceil(CHUNK), |chunk| {
        look(chunk * CHUNK..blocks.min((chunk + 1) * CHUNK))
    })
}
