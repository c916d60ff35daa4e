//! Where blocks of variable size lie in a stream.

use crate::block::{BlockScalar, Job, Params, dispatch};
use crate::error::{Error, Result};
use crate::index::Marks;
use crate::scalar::ScalarType;

/// The blocks of a stream: its bytes, the bit at which the first block begins, how they are
/// coded, and some of their places if they are known.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a> {
    pub(crate) stream: &'a [u8],
    pub(crate) start: u64,
    pub(crate) params: Params,
    pub(crate) scalar: ScalarType,
    pub(crate) dims: usize,
    pub(crate) marks: Option<&'a Marks>,
}

impl Blocks<'_> {
    /// Goes over `count` blocks, the first of which begins at bit `at`, and tells where each
    /// begins; returns the end of the last. The error is that of decompressing them.
    pub(crate) fn walk(&self, at: u64, count: usize, each: impl FnMut(u64)) -> Result<u64> {
        struct Walk<'a, E> {
            stream: &'a [u8],
            at: u64,
            params: Params,
            count: usize,
            each: E,
        }
        impl<E: FnMut(u64)> Job for Walk<'_, E> {
            type Output = Result<u64>;
            fn run<S: BlockScalar, const N: usize>(self) -> Result<u64> {
                let Self { stream, mut at, params, count, mut each } = self;
                let len = stream.len() as u64;
                for _ in 0..count {
                    each(at);
                    at += u64::from(S::bits::<N>(stream, at, params));
                    if at > 8 * len {
                        return Err(Error::Truncated { needed: at.div_ceil(8), got: len });
                    }
                }
                Ok(at)
            }
        }
        let Self { stream, params, .. } = *self;
        dispatch(self.scalar, self.dims, Walk { stream, at, params, count, each })
    }

    /// Where a block begins: calculated, or walked to from the nearest place that is known.
    pub(crate) fn place(&self, block: usize) -> Result<u64> {
        if let Some(bits) = self.params.fixed_bits() {
            return Ok(self.start + block as u64 * u64::from(bits));
        }
        let known = self.marks.and_then(|marks| marks.before(block));
        let (known, at) = known.unwrap_or((0, self.start));
        self.walk(at, block - known, |_| ())
    }
}
