//! Compression on several threads, the same bytes.
//!
//! The blocks are cut into chunks, which are put where they belong [in their order](super::ordered).
//! Blocks of a fixed number of bits have places [at once](super::fixed).

use std::ops::Range;

use super::spans::Spans;
use super::{compress_between, fixed, ordered, simd};
use crate::bitstream::{BitReader, BitWriter};
use crate::block::{NonFinitePolicy, Params};
use crate::error::Result;
use crate::field::Field;
use crate::index::Marks;
use crate::mode::values;
use crate::threads::Team;

/// Below this many bytes, threads cost more than they give.
pub(crate) const WORTHWHILE: usize = 256 << 10;
/// Bytes of a chunk, at least and at most.
const CHUNK: [usize; 2] = [64 << 10, 1 << 20];
/// Bytes of all chunks of all threads, about, if that leaves each as large as the least.
const CHUNKS: usize = 32 << 20;

/// Writes all blocks of a field.
pub(crate) fn compress(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    threads: Option<usize>,
    marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<()> {
    let team = Team::new(threads)?;
    match (team.size(), marks) {
        (1, None) => simd::compress_blocks(field, params, policy, 0..field.grid().len(), out),
        (1, Some(marks)) => {
            compress_between(field, params, policy, 0..field.grid().len(), marks, out)
        }
        (_, marks) => match params.fixed_bits() {
            Some(bits) if marks.is_none() => {
                fixed::compress(field, params, policy, bits, &team, out)
            }
            _ => compress_chunks(field, params, policy, &team, marks, out),
        },
    }
}

/// The bits of some blocks, and where among them those begin that are marked.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) writer: BitWriter<'static>,
    pub(super) marks: Vec<u64>,
}

fn compress_chunks(
    field: &Field<'_>,
    params: Params,
    policy: NonFinitePolicy,
    team: &Team,
    mut marks: Option<&mut Marks>,
    out: &mut BitWriter,
) -> Result<()> {
    let value_bytes = values(field.dims()) as usize * field.scalar().size();
    let most_bits = params.most_bits(field.scalar(), values(field.dims()));
    let block_bytes = (most_bits as usize / 8).max(value_bytes);
    let share = CHUNKS / (ordered::KEPT + 1) / team.size();
    let chunk = [CHUNK[0], share.clamp(CHUNK[0], CHUNK[1])].map(|bytes| bytes / block_bytes);
    let blocks = field.grid().len();

    let every = marks.as_ref().map(|marks| marks.every);
    let compress = |range: Range<usize>, chunk: &mut Chunk| {
        chunk.writer.clear();
        let Some(every) = every else {
            return simd::compress_blocks(field, params, policy, range, &mut chunk.writer);
        };
        chunk.marks.clear();
        let mut marks = Marks { first: 0, every, offsets: std::mem::take(&mut chunk.marks) };
        compress_between(field, params, policy, range, &mut marks, &mut chunk.writer)?;
        chunk.marks = marks.offsets;
        Ok(())
    };
    let start = out.position();
    // Memory that is not written to costs nothing, and seldom do blocks have more than values.
    let most = |blocks: usize| (blocks as u64).saturating_mul(u64::from(most_bits));
    let one_chunk = most(chunk[1].max(1));
    let usual = 8 * (value_bytes + value_bytes / 16) as u64;
    let mut expected = usual.saturating_mul(blocks as u64).min(most(blocks));
    let mut done = 0;
    while done < blocks {
        let spans = Spans::new(done..blocks, team.size(), 1, (chunk[0], chunk[1]));
        let marks = marks.as_deref_mut();
        let room = out.make_room(expected, one_chunk);
        done = ordered::compress(spans, room, team, marks, out, compress)?;
        // Should they not have fitted, those that are left may have more bits than these.
        let left = blocks - done;
        let each = (out.position() - start) / done.max(1) as u64 + 1;
        expected = (2 * each).saturating_mul(left as u64).min(most(left));
    }
    Ok(())
}

/// What is left behind `head` and `bits` bits of `source` for the word that they do not finish,
/// and how many bits that are.
pub(super) fn tail(head: (u64, u32), source: &[u8], bits: u64) -> (u64, u32) {
    let (word, begun) = head;
    let end = u64::from(begun) + bits;
    let left = (end % 64) as u32;
    let word = if end < 64 {
        word | BitReader::new(source, 0).take(bits as u32) << begun
    } else {
        BitReader::new(source, bits - u64::from(left)).take(left)
    };
    (word, left)
}
