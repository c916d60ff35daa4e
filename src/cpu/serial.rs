//! The reference: block after block, in the order of the stream.

use crate::bitstream::{BitReader, BitWriter};
use crate::block::{BlockScalar, Job, NonFinitePolicy, Params, dispatch};
use crate::error::{Error, Result};
use crate::field::{Field, Slab};
use crate::scalar::ScalarType;

/// Writes some blocks of a field, given by their numbers in the stream.
pub(crate) fn compress_blocks(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    blocks: std::ops::Range<usize>,
    out: &mut BitWriter,
) -> Result<()> {
    struct Compress<'a, 'f, 'w> {
        field: &'a Field<'f>,
        params: Params,
        policy: NonFinitePolicy,
        blocks: std::ops::Range<usize>,
        out: &'a mut BitWriter<'w>,
    }
    impl Job for Compress<'_, '_, '_> {
        type Output = Result<()>;
        fn run<S: BlockScalar, const N: usize>(self) -> Result<()> {
            let Self { field, params, policy, blocks, out } = self;
            let most_bits = params.most_bits(S::TYPE, N as u32);
            for block in field.grid().range(blocks.start, blocks.end) {
                let values = field.gather::<S, N>(block);
                let mut open = out.open(most_bits)?;
                if S::encode(&mut open, params, policy, &values).is_err() {
                    // Another thread may have mended the array since: name the block then.
                    let corner = || block.at[..N.ilog2() as usize / 2].iter().rev().map(|b| 4 * b);
                    let index = field.first_non_finite().unwrap_or_else(|| corner().collect());
                    return Err(Error::NonFinite { index });
                }
                let written = open.close();
                out.commit(written);
            }
            Ok(())
        }
    }
    dispatch(field.scalar(), field.dims(), Compress { field, params, policy, blocks, out })
}

/// Reads the blocks of a slab from a stream whose first block begins at bit `start`.
///
/// Blocks of a fixed number of bits are found wherever they are. With others, the slab's
/// must follow each other in the stream, and `start` is where the first of them begins.
/// Returns the bit behind the last one.
#[cfg_attr(
    not(test),
    allow(dead_code, reason = "what the other paths are tested and validated against")
)]
pub(crate) fn decompress(
    stream: &[u8],
    start: u64,
    params: Params,
    scalar: ScalarType,
    slab: &mut Slab<'_>,
) -> Result<u64> {
    struct Decompress<'a, 's> {
        stream: &'a [u8],
        start: u64,
        params: Params,
        slab: &'a mut Slab<'s>,
    }
    impl Job for Decompress<'_, '_> {
        type Output = Result<u64>;
        fn run<S: BlockScalar, const N: usize>(self) -> Result<u64> {
            let Self { stream, start, params, slab } = self;
            let mut input = BitReader::new(stream, start);
            for block in slab.blocks() {
                if let Some(bits) = params.fixed_bits() {
                    let place = start + block.number as u64 * u64::from(bits);
                    if input.position() != place {
                        input = BitReader::new(stream, place);
                    }
                }
                let values = S::decode::<N>(&mut input, params);
                input.check()?;
                slab.scatter(block, &values);
            }
            Ok(input.position())
        }
    }
    dispatch(scalar, slab.dims(), Decompress { stream, start, params, slab })
}
