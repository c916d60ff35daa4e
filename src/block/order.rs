//! Coefficients from low to high frequency, and their negabinary form.
//!
//! The order is by total sequency i+j+k+l, then by i²+j²+k²+l²; the order of ties
//! is the reference's, which no formula gives, hence the tables. Coefficient
//! (i, j, k, l) lies at i + 4j + 16k + 64l.
//!
//! Negabinary is base −2: no sign bit, and small magnitudes of either sign begin
//! with zeros, which is what the bit-plane coder lives on.

use crate::scalar::{Coefficient, Word};

/// Order of the 4 coefficients of a 1-dimensional block.
const ORDER_1: [u8; 4] = [0, 1, 2, 3];

/// Order of the 16 coefficients of a 2-dimensional block.
#[rustfmt::skip]
const ORDER_2: [u8; 16] = [
    0, 1, 4, 5, 2, 8, 6, 9, 3, 12, 10, 7, 13, 11, 14, 15,
];

/// Order of the 64 coefficients of a 3-dimensional block.
#[rustfmt::skip]
const ORDER_3: [u8; 64] = [
    0, 1, 4, 16, 20, 17, 5, 2, 8, 32, 21, 6, 18, 24, 9, 33,
    36, 3, 12, 48, 22, 25, 37, 40, 34, 10, 7, 19, 28, 13, 49, 52,
    41, 38, 26, 23, 29, 53, 11, 35, 44, 14, 50, 56, 42, 27, 39, 45,
    30, 54, 57, 60, 51, 15, 43, 46, 58, 61, 55, 31, 62, 59, 47, 63,
];

/// Order of the 256 coefficients of a 4-dimensional block.
#[rustfmt::skip]
const ORDER_4: [u8; 256] = [
    0, 1, 4, 16, 64, 5, 80, 17, 68, 65, 20, 2, 8, 32, 128, 84,
    81, 69, 21, 6, 18, 66, 24, 72, 9, 96, 33, 36, 129, 132, 144, 3,
    12, 48, 192, 85, 82, 70, 22, 73, 25, 88, 37, 100, 97, 148, 145, 133,
    10, 160, 34, 136, 130, 40, 7, 19, 67, 28, 76, 13, 112, 49, 52, 193,
    196, 208, 86, 89, 101, 149, 161, 137, 41, 134, 38, 164, 26, 152, 146, 104,
    98, 74, 83, 71, 23, 77, 29, 92, 53, 116, 113, 212, 209, 197, 11, 35,
    131, 44, 140, 14, 176, 50, 56, 194, 200, 224, 90, 165, 102, 153, 150, 105,
    168, 162, 138, 42, 87, 93, 117, 213, 27, 75, 99, 39, 135, 147, 108, 45,
    141, 156, 30, 78, 177, 180, 54, 114, 120, 57, 198, 210, 216, 201, 225, 228,
    15, 240, 51, 204, 195, 60, 169, 166, 154, 106, 91, 103, 151, 109, 157, 94,
    181, 118, 121, 214, 217, 229, 163, 139, 43, 142, 46, 172, 58, 184, 178, 232,
    226, 202, 241, 205, 61, 199, 55, 244, 31, 220, 211, 124, 115, 79, 170, 167,
    155, 107, 158, 110, 173, 122, 185, 182, 233, 230, 218, 95, 245, 119, 221, 215,
    125, 242, 206, 62, 203, 59, 248, 47, 236, 227, 188, 179, 143, 171, 174, 186,
    234, 246, 222, 126, 219, 123, 249, 111, 237, 231, 189, 183, 159, 252, 243, 207,
    63, 175, 250, 187, 238, 235, 190, 253, 247, 223, 127, 254, 251, 239, 191, 255,
];

/// Where in the block the coefficients lie, from low to high frequency.
pub(crate) const fn order<const N: usize>() -> &'static [u8; N] {
    let table: &'static [u8] = match N {
        4 => &ORDER_1,
        16 => &ORDER_2,
        64 => &ORDER_3,
        _ => &ORDER_4,
    };
    match table.first_chunk() {
        Some(table) => table,
        None => &[0; N],
    }
}

/// Coefficients in order, in negabinary.
#[inline(always)]
pub(crate) fn forward<C: Coefficient, const N: usize>(block: &[C; N]) -> [C::Word; N] {
    let order = const { order::<N>() };
    std::array::from_fn(|i| to_negabinary(block[order[i] as usize % N]))
}

/// Undoes [`forward`].
#[inline(always)]
pub(crate) fn inverse<C: Coefficient, const N: usize>(words: &[C::Word; N]) -> [C; N] {
    let order = const { order::<N>() };
    let mut block = [C::ZERO; N];
    for (&word, &place) in words.iter().zip(order) {
        block[place as usize % N] = from_negabinary(word);
    }
    block
}

#[inline(always)]
pub(crate) fn to_negabinary<C: Coefficient>(coefficient: C) -> C::Word {
    coefficient.to_word().wrapping_add(C::Word::NEGABINARY) ^ C::Word::NEGABINARY
}

#[inline(always)]
fn from_negabinary<C: Coefficient>(word: C::Word) -> C {
    C::from_word((word ^ C::Word::NEGABINARY).wrapping_sub(C::Word::NEGABINARY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ordered<const N: usize>() {
        let key = |place: u8| {
            let digits = [place & 3, place >> 2 & 3, place >> 4 & 3, place >> 6].map(u32::from);
            (digits.iter().sum::<u32>(), digits.iter().map(|d| d * d).sum::<u32>())
        };
        let order = order::<N>();
        assert!(order.windows(2).all(|w| key(w[0]) <= key(w[1])));
        let mut places = order.map(usize::from);
        places.sort_unstable();
        assert_eq!(places, std::array::from_fn(|i| i));
    }

    #[test]
    fn orders_are_permutations_sorted_by_sequency() {
        is_ordered::<4>();
        is_ordered::<16>();
        is_ordered::<64>();
        is_ordered::<256>();
    }

    #[test]
    fn negabinary_is_base_minus_two() {
        for value in [0, 1, -1, 2, -2, 1000, -1000, i32::MAX, i32::MIN] {
            let word = to_negabinary(value);
            let sum = (0..32).filter(|b| word >> b & 1 == 1).map(|b| (-2i64).pow(b)).sum::<i64>();
            assert_eq!(sum as i32, value);
            assert_eq!(from_negabinary::<i32>(word), value);
        }
    }
}
