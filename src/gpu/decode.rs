//! Streams to arrays.

use super::context::Context;
use super::failure::{Failure, Stop};
use super::kernels::{Direction, Kernel, Work};
use super::rings::with_ring;
use super::slabs::{Plan, Slab};
use super::transfer::{self, Needs, Task};
use super::{PART, first_work};
use crate::block::{NonFinitePolicy, Params};
use crate::error::Error;
use crate::field::FieldMut;
use crate::report::Seconds;
use crate::threads::each;

/// Bytes behind a slab's stream that a kernel may read.
const BEYOND: u64 = 8;
/// Most parts that a slab is cut into for the threads.
const MOST_PARTS: usize = 64;

/// Reads all blocks of a field, at a fixed rate, from a stream whose first block begins
/// at bit `start`. On an error some values may have been written.
pub(crate) fn decompress(
    context: &Context,
    stream: &[u8],
    start: u64,
    params: Params,
    threads: Option<usize>,
    field: &mut FieldMut<'_>,
) -> Result<Seconds, Stop> {
    context.check()?;
    let Some(bits) = params.fixed_bits().filter(|_| !params.is_reversible()) else {
        return Err(Failure::other("blocks are not of a fixed number of bits").into());
    };
    let kernel =
        Kernel { scalar: field.scalar(), dims: field.dims(), direction: Direction::Decode };
    let needed = (field.grid().len() as u64)
        .checked_mul(u64::from(bits))
        .and_then(|bits| bits.checked_add(start))
        .ok_or_else(|| Error::ShapeOverflow { shape: field.shape() })?
        .div_ceil(8);
    if needed > stream.len() as u64 {
        return Err(Error::Truncated { needed, got: stream.len() as u64 }.into());
    }
    with_ring(context, field.value_bytes(), |lease, limits| {
        let plan = Plan::new(field.size(), field.grid(), |size| {
            limits.hold(size, field.scalar(), || {
                first_work(size, params, NonFinitePolicy::Allow, 31).stream_bytes() + BEYOND
            })
        });
        let plan = plan.ok_or_else(|| Failure::other("the device cannot hold a block"))?;
        let mut task = Decode { stream, start, params, threads, field: &mut *field };
        transfer::run(context, lease, kernel, &plan, threads, &mut task)
    })
}

struct Decode<'a, 'f> {
    stream: &'a [u8],
    start: u64,
    params: Params,
    threads: Option<usize>,
    field: &'a mut FieldMut<'f>,
}

impl Decode<'_, '_> {
    /// The bit of the stream at which a slab begins.
    fn bit(&self, slab: &Slab) -> u64 {
        self.start + slab.first * u64::from(self.params.maxbits)
    }
}

impl Task for Decode<'_, '_> {
    fn work(&self, slab: &Slab) -> Work {
        let first_bit = self.bit(slab) % 32;
        first_work(slab.region.size, self.params, NonFinitePolicy::Allow, first_bit as u32)
    }

    fn needs(&self, slab: &Slab, work: &Work) -> Needs {
        Needs {
            input: work.stream_bytes() + BEYOND,
            output: (slab.region.values() * self.field.scalar().size()) as u64,
            scratch: 0,
        }
    }

    fn fill(&self, slab: &Slab, from: usize, target: wgpu::WriteOnly<'_, [u8]>) {
        // The stream holds the whole array, and what lies beyond it is zeros.
        let from = (self.bit(slab) / 32 * 4) as usize + from;
        let source = self.stream.get(from..).unwrap_or_default();
        let source = &source[..source.len().min(target.len())];
        let (mut target, mut beyond) = target.split_at(source.len());
        target.copy_from_slice(source);
        beyond.fill(0);
    }

    fn drain(&mut self, slab: &Slab, output: &[u8]) -> Result<(), Stop> {
        let parts = match self.threads {
            Some(1) => 1,
            _ => output.len().div_ceil(PART).min(MOST_PARTS),
        };
        let slabs = self.field.region_slabs(slab.region, parts);
        each(self.threads, slabs, |mut slab| slab.fill(output))?;
        Ok(())
    }

    fn refuse(&self, _: &Slab) -> Stop {
        // Decoding raises no flag.
        Failure::other("a kernel raised a flag that it does not have").into()
    }
}
