//! Codes by tables, a byte at a time, where no instructions gather scattered bits.

/// What a byte of a code is, by the state before it (see [`parse`](super::parse)) and the
/// byte: coefficients in the lowest eight bits, how many in the next four, where in the byte
/// the group test is that fails, if it is there, in the next four, and the next state above.
static STEPS: [[u32; 256]; 2] = {
    let mut table = [[0; 256]; 2];
    let mut state = 0;
    while state < 2 {
        let mut byte = 0;
        while byte < 256 {
            let (mut bits, mut count, mut expects, mut bit) = (0, 0, state == 1, 0);
            while bit < 8 {
                let one = byte >> bit & 1;
                if expects {
                    bits |= one << count;
                    count += 1;
                } else if one == 0 {
                    break;
                }
                expects ^= one == 1;
                bit += 1;
            }
            let next = if bit < 8 { ENDED } else { expects as u32 };
            table[state][byte as usize] = bits | count << 8 | bit << 12 | next << 16;
            byte += 1;
        }
        state += 1;
    }
    table
};

/// The state of a code that has ended.
const ENDED: u32 = 2;

/// See [`Machine::plane`](super::machine::Machine::plane).
#[inline(always)]
pub(super) fn plane(mut code: u64) -> (u64, u32, u32) {
    let (mut bits, mut count, mut end, mut state) = (0, 0, 0, 0);
    while end < 64 {
        let step = STEPS[state as usize % 2][(code & 0xff) as usize];
        // There are as many coefficients as bits before them, at most.
        bits |= u64::from(step & 0xff) << (count % 64);
        count += step >> 8 & 15;
        end += step >> 12 & 15;
        state = step >> 16;
        if state == ENDED {
            break;
        }
        code >>= 8;
    }
    (bits, count, end)
}

/// Coefficients in a byte of a code, and how many, likewise; behind a group test that fails
/// there are none.
static COEFFICIENTS: [[[u8; 2]; 256]; 2] = {
    let mut table = [[[0; 2]; 256]; 2];
    let mut state = 0;
    while state < 2 {
        let mut byte = 0;
        while byte < 256 {
            let (mut bits, mut count, mut expects, mut bit) = (0, 0, state == 1, 0);
            while bit < 8 {
                let one = byte >> bit & 1;
                if expects {
                    bits |= one << count;
                    count += 1;
                }
                expects ^= one == 1;
                bit += 1;
            }
            table[state][byte] = [bits as u8, count];
            byte += 1;
        }
        state += 1;
    }
    table
};

/// The bits of a code at the states in which it has coefficients, all of those below some
/// place. Elsewhere below that place, the code has ones.
#[inline(always)]
pub(super) fn pext(code: u64, mut states: u64) -> u64 {
    // Behind the last coefficient, zeros are as good as none.
    let mut code = code & (u64::MAX >> 1 >> (states | 1).leading_zeros() << 1 | 1);
    let (mut bits, mut count) = (0, 0);
    while states != 0 {
        for _ in 0..2 {
            let [byte, more] = COEFFICIENTS[(states & 1) as usize][(code & 0xff) as usize];
            bits |= u64::from(byte) << (count % 64);
            count += u32::from(more);
            code >>= 8;
            states >>= 8;
        }
    }
    bits
}
