//! One chain after the other.

use super::chain::Queue;
use crate::block::{BlockScalar, Job, Params, dispatch};
use crate::scalar::ScalarType;

/// Walks chains until the queue is empty.
pub(super) fn walk(
    stream: &[u8],
    params: Params,
    scalar: ScalarType,
    dims: usize,
    queue: &Queue<'_>,
) {
    dispatch(scalar, dims, Single { stream, params, queue });
}

struct Single<'a, 'q> {
    stream: &'a [u8],
    params: Params,
    queue: &'a Queue<'q>,
}

impl Job for Single<'_, '_> {
    type Output = ();
    fn run<S: BlockScalar, const N: usize>(self) {
        let Self { stream, params, queue } = self;
        let limit = 8 * stream.len() as u64;
        while let Some(chain) = queue.next() {
            let (mut number, mut at, mut noted) = (0u32, chain.from(), 0);
            loop {
                if number & noted == 0 {
                    match chain.note(number, at, limit) {
                        Some(mask) => noted = mask,
                        None => break,
                    }
                }
                at += u64::from(S::bits::<N>(stream, at, params));
                number = number.wrapping_add(1);
            }
        }
    }
}
