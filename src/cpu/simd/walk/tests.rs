//! Chains beside walks from block to block, at each level of instructions.

use super::super::level::Level;
use super::chain::{Chain, Queue};
use crate::block::{BlockScalar, Job, MAX_BITS, Params, dispatch};
use crate::scalar::ScalarType;

/// Where blocks begin, one after the other, from a bit on to the end of the stream.
struct Begins<'a> {
    stream: &'a [u8],
    from: u64,
    params: Params,
}

impl Job for Begins<'_> {
    type Output = Vec<u64>;
    fn run<S: BlockScalar, const N: usize>(self) -> Vec<u64> {
        let Self { stream, from, params } = self;
        let next = |at: &u64| Some(at + u64::from(S::bits::<N>(stream, *at, params)));
        let begins = std::iter::successors(Some(from), next);
        begins.take_while(|&at| at <= 8 * stream.len() as u64).collect()
    }
}

/// What a chain takes note of when it meets all blocks, one after the other.
fn noted(begins: &[u64], mut chain: Chain, limit: u64) -> Vec<(u32, u64)> {
    let mut mask = 0;
    for (number, &at) in (0..).zip(begins) {
        if number & mask == 0 {
            match chain.note(number, at, limit) {
                Some(next) => mask = next,
                None => break,
            }
        }
    }
    chain.seen
}

#[test]
fn chains_are_walks() {
    let random = &mut fastrand::Rng::with_seed(7);
    for turn in 0..300 {
        // One-bits are as many as zeros, or some powers of two fewer or more.
        let words = random.usize(..1200);
        let stream: Vec<u8> = (0..words)
            .flat_map(|_| {
                let bits = (0..turn % 5).fold(random.u64(..), |bits, _| bits & random.u64(..));
                if turn % 10 == 7 { !bits } else { bits }.to_le_bytes()
            })
            .collect();
        let scalar = ScalarType::ALL[random.usize(..4)];
        let dims = 1 + random.usize(..4);
        let maxbits = [MAX_BITS, 40 + random.u32(..300)][random.usize(..2)];
        let params = Params {
            minbits: [0, 1, 30][random.usize(..3)],
            maxbits,
            maxprec: 1 + random.u32(..64),
            minexp: [-1075, -1074, -20][random.usize(..3)],
        };
        let bits = 8 * stream.len() as u64;
        let count = random.u64(1..40);
        let overlap = random.u32(..50);
        let bound = |i: u64| bits * i / count;
        for level in Level::tested() {
            let mut chains: Vec<Chain> =
                (0..count).map(|i| Chain::new(bound(i), bound(i + 1), overlap)).collect();
            super::chains(level, &stream, params, scalar, dims, &Queue::new(&mut chains));
            for (i, chain) in (0..).zip(&chains) {
                let from = bound(i);
                let begins = dispatch(scalar, dims, Begins { stream: &stream, from, params });
                let expected = noted(&begins, Chain::new(from, bound(i + 1), overlap), bits);
                // All of it, unless it is too near to the stream's end.
                let near = bits.saturating_sub(40_000);
                let far = |seen: &[(u32, u64)]| seen.iter().filter(|seen| seen.1 < near).count();
                let what = format!("{level:?} {scalar:?} {dims} {params:?} chain {i}");
                assert_eq!(far(&chain.seen), far(&expected), "{what}");
                assert!(expected.starts_with(&chain.seen), "{what}");
            }
        }
    }
}
