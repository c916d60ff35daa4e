//! The planes of 1-dimensional blocks: four bits, coded and decoded by table.
//!
//! See [`planes`](super::planes) for the code itself. With n from 0 to 4 and 16 planes
//! there are 80 codes, of at most 7 bits.

/// Code and length of each plane, after n.
pub(crate) const CODES: [[(u8, u8); 16]; 5] = {
    let mut codes = [[(0, 0); 16]; 5];
    let mut n = 0;
    while n <= 4 {
        let mut plane = 0;
        while plane < 16 {
            codes[n][plane] = code(n, plane);
            plane += 1;
        }
        n += 1;
    }
    codes
};

/// Plane, length and the next n of each code, after n, whatever bits follow it.
const PLANES: [[(u8, u8, u8); 128]; 5] = {
    let mut planes = [[(0, 0, 0); 128]; 5];
    let mut n = 0;
    while n <= 4 {
        let mut plane = 0;
        while plane < 16 {
            let (code, length) = CODES[n][plane];
            let mut next = n;
            while plane >> next != 0 {
                next += 1;
            }
            let mut behind = 0;
            while behind < 128 >> length {
                planes[n][code as usize | behind << length] = (plane as u8, length, next as u8);
                behind += 1;
            }
            plane += 1;
        }
        n += 1;
    }
    planes
};

/// Code and length of one plane, bit by bit.
const fn code(mut n: usize, plane: usize) -> (u8, u8) {
    let mut code = plane & ((1 << n) - 1);
    let mut length = n;
    while n < 4 {
        // The group test.
        length += 1;
        if plane >> n == 0 {
            break;
        }
        code |= 1 << (length - 1);
        // Zeros, and the one-bit unless it is the last.
        while n < 3 && plane >> n & 1 == 0 {
            n += 1;
            length += 1;
        }
        if n < 3 {
            code |= 1 << length;
            length += 1;
        }
        n += 1;
    }
    (code as u8, length as u8)
}

/// The code of a plane of four bits after `n`, and its length.
#[inline(always)]
pub(crate) fn encode(n: u32, plane: u64) -> (u64, u32) {
    let (code, length) = CODES[n.min(4) as usize][plane as usize % 16];
    (u64::from(code), u32::from(length))
}

/// The plane whose code comes next in `window`, the code's length, and the next `n`.
#[inline(always)]
pub(super) const fn decode(n: u32, window: u64) -> (u64, u32, u32) {
    let n = if n > 4 { 4 } else { n };
    let (plane, length, next) = PLANES[n as usize][window as usize % 128];
    (plane as u64, length as u32, next as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_can_be_told_apart() {
        for n in 0..=4 {
            for plane in 0..16 {
                let (code, length) = encode(n, plane);
                assert!((1..=7).contains(&length) && code < 1 << length);
                for behind in [0, u64::MAX << length] {
                    let next = n.max(u64::BITS - plane.leading_zeros());
                    assert_eq!(decode(n, code | behind), (plane, length, next));
                }
            }
        }
    }
}
