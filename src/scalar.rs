//! The four value types of zfp, and the integers their blocks become.

use std::fmt;
use std::ops::{Add, BitAnd, BitOr, BitOrAssign, BitXor, BitXorAssign, Mul, Shl, Shr};

use bytemuck::Pod;

/// The type of an array's values, as a number known at run time.
///
/// The discriminants are zfp's own type codes (`zfp_type_int32` = 1 and so on).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarType {
    /// 32-bit signed integer.
    I32 = 1,
    /// 64-bit signed integer.
    I64 = 2,
    /// IEEE 754 single precision.
    F32 = 3,
    /// IEEE 754 double precision.
    F64 = 4,
}

impl ScalarType {
    /// All four, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::I32, Self::I64, Self::F32, Self::F64];

    /// The type with this zfp code (1 to 4), if there is one.
    #[must_use]
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::I32),
            2 => Some(Self::I64),
            3 => Some(Self::F32),
            4 => Some(Self::F64),
            _ => None,
        }
    }

    /// zfp's code for the type, 1 to 4.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// Bytes of one value.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// Bits of one value.
    #[must_use]
    pub const fn bits(self) -> u32 {
        8 * self.size() as u32
    }

    /// Exponent bits of a floating-point type; `None` for integers.
    #[must_use]
    pub const fn exponent_bits(self) -> Option<u32> {
        match self {
            Self::I32 | Self::I64 => None,
            Self::F32 => Some(f32::EXPONENT_BITS),
            Self::F64 => Some(f64::EXPONENT_BITS),
        }
    }
}

impl fmt::Display for ScalarType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A value zfp can compress: `i32`, `i64`, `f32` or `f64`.
pub trait Scalar: sealed::Sealed + Pod + PartialEq + fmt::Debug + Send + Sync {
    /// This type's name at run time.
    const TYPE: ScalarType;
}

/// A transform coefficient: a signed integer that wraps.
pub(crate) trait Coefficient:
    Scalar + Shr<u32, Output = Self> + Shl<u32, Output = Self>
{
    /// The unsigned integer of the same width, for bit planes.
    type Word: Word;
    /// Bits in which a reversible block says its precision (zfp's PBITS).
    const PRECISION_BITS: u32;
    /// Zero.
    const ZERO: Self;
    /// Every bit but the sign (zfp's TCMASK).
    const MAX: Self;

    /// Sum, modulo the width.
    #[must_use]
    fn wrapping_add(self, other: Self) -> Self;
    /// Difference, modulo the width.
    #[must_use]
    fn wrapping_sub(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    #[must_use]
    fn xor(self, other: Self) -> Self;
    /// Bitwise and.
    #[must_use]
    fn and(self, other: Self) -> Self;
    /// The same bits, unsigned.
    fn to_word(self) -> Self::Word;
    /// The same bits, signed.
    fn from_word(word: Self::Word) -> Self;
}

/// An unsigned integer whose bits belong to bit planes.
pub(crate) trait Word:
    Pod
    + PartialEq
    + Send
    + Sync
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + BitOrAssign
    + BitXorAssign
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    /// Width in bits.
    const BITS: u32;
    /// Zero.
    const ZERO: Self;
    /// Alternating bits 1010…10: the sign pattern of negabinary (zfp's NBMASK).
    const NEGABINARY: Self;

    /// Sum, modulo the width.
    #[must_use]
    fn wrapping_add(self, other: Self) -> Self;
    /// Difference, modulo the width.
    #[must_use]
    fn wrapping_sub(self, other: Self) -> Self;
    /// The low bits of `value`.
    fn truncate(value: u64) -> Self;
    /// Zero-extended to 64 bits.
    fn widen(self) -> u64;
    /// Zero bits below the lowest one; the width if there is none.
    fn trailing_zeros(self) -> u32;
    /// Zero bits above the highest one; the width if there is none.
    fn leading_zeros(self) -> u32;
}

macro_rules! integer {
    ($int:ty, $word:ty, $type:ident, $precision_bits:expr) => {
        impl Scalar for $int {
            const TYPE: ScalarType = ScalarType::$type;
        }
        impl Coefficient for $int {
            type Word = $word;
            const PRECISION_BITS: u32 = $precision_bits;
            const ZERO: Self = 0;
            const MAX: Self = <$int>::MAX;
            fn wrapping_add(self, other: Self) -> Self {
                <$int>::wrapping_add(self, other)
            }
            fn wrapping_sub(self, other: Self) -> Self {
                <$int>::wrapping_sub(self, other)
            }
            fn xor(self, other: Self) -> Self {
                self ^ other
            }
            fn and(self, other: Self) -> Self {
                self & other
            }
            fn to_word(self) -> $word {
                self as $word
            }
            fn from_word(word: $word) -> Self {
                word as $int
            }
        }
        impl Word for $word {
            const BITS: u32 = <$word>::BITS;
            const ZERO: Self = 0;
            const NEGABINARY: Self = <$word>::MAX / 3 * 2;
            fn wrapping_add(self, other: Self) -> Self {
                <$word>::wrapping_add(self, other)
            }
            fn wrapping_sub(self, other: Self) -> Self {
                <$word>::wrapping_sub(self, other)
            }
            fn truncate(value: u64) -> Self {
                value as $word
            }
            fn widen(self) -> u64 {
                u64::from(self)
            }
            fn trailing_zeros(self) -> u32 {
                <$word>::trailing_zeros(self)
            }
            fn leading_zeros(self) -> u32 {
                <$word>::leading_zeros(self)
            }
        }
    };
}

integer!(i32, u32, I32, 5);
integer!(i64, u64, I64, 6);

/// A floating-point value: what the common exponent and the casts need.
pub(crate) trait Float:
    Scalar + PartialOrd + Add<Output = Self> + Mul<Output = Self>
{
    /// The signed integer of the same width, in which blocks are coded.
    type Int: Coefficient;
    /// Width of the exponent field (zfp's EBITS).
    const EXPONENT_BITS: u32;
    /// Bias of the exponent field (zfp's EBIAS).
    const EXPONENT_BIAS: i32;
    /// Zero.
    const ZERO: Self;

    /// The value's bits, as an integer.
    fn to_bits(self) -> Self::Int;
    /// The value of these bits.
    fn from_bits(bits: Self::Int) -> Self;
    /// Magnitude.
    #[must_use]
    fn abs(self) -> Self;
    /// 2^`exponent`, rounded as `ldexp` rounds: subnormal, then zero, then infinite.
    fn power_of_two(exponent: i32) -> Self;
    /// The exponent field as it stands in the bits.
    fn exponent_field(self) -> i32;
    /// The integer part of a value that is known to fit.
    fn to_int(self) -> Self::Int;
    /// The integer part, and the smallest integer for what does not fit, NaN included:
    /// what x86's `cvtt` instructions give.
    fn to_int_or_min(self) -> Self::Int;
    /// Whether this is NaN.
    fn is_nan(self) -> bool;
    /// The nearest floating-point value.
    fn from_int(int: Self::Int) -> Self;
}

macro_rules! float {
    ($float:ty, $int:ty, $word:ty, $type:ident, $exponent_bits:expr) => {
        impl Scalar for $float {
            const TYPE: ScalarType = ScalarType::$type;
        }
        impl Float for $float {
            type Int = $int;
            const EXPONENT_BITS: u32 = $exponent_bits;
            const EXPONENT_BIAS: i32 = <$float>::MAX_EXP - 1;
            const ZERO: Self = 0.0;
            fn to_bits(self) -> $int {
                <$float>::to_bits(self) as $int
            }
            fn from_bits(bits: $int) -> $float {
                <$float>::from_bits(bits as $word)
            }
            fn abs(self) -> Self {
                <$float>::abs(self)
            }
            fn power_of_two(exponent: i32) -> Self {
                const MANTISSA: i32 = <$float>::MANTISSA_DIGITS as i32 - 1;
                let field = exponent + Self::EXPONENT_BIAS;
                let bits: $word = if field > 2 * Self::EXPONENT_BIAS {
                    <$float>::INFINITY.to_bits()
                } else if field > 0 {
                    (field as $word) << MANTISSA
                } else if field > -MANTISSA {
                    1 << (field + MANTISSA - 1)
                } else {
                    0
                };
                <$float>::from_bits(bits)
            }
            fn exponent_field(self) -> i32 {
                let field = <$float>::to_bits(self) >> (<$float>::MANTISSA_DIGITS - 1);
                field as i32 & ((1 << Self::EXPONENT_BITS) - 1)
            }
            fn to_int(self) -> $int {
                self as $int
            }
            fn to_int_or_min(self) -> $int {
                // Rust's cast saturates; only the upper end and NaN differ from `cvtt`.
                if self < -(<$int>::MIN as $float) { self as $int } else { <$int>::MIN }
            }
            fn is_nan(self) -> bool {
                self != self
            }
            fn from_int(int: $int) -> Self {
                int as $float
            }
        }
    };
}

float!(f32, i32, u32, F32, 8);
float!(f64, i64, u64, F64, 11);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_round_as_ldexp() {
        for e in -200..=200 {
            let exact = (f64::from(e)).exp2();
            // f64 to f32 rounds ties to even, as ldexpf does: 2^-150 becomes zero.
            let power = <f32 as Float>::power_of_two(e);
            assert_eq!(power.to_bits(), (exact as f32).to_bits(), "2^{e}");
        }
        for (e, bits) in [(-1074, 1u64), (-1075, 0), (-1023, 1 << 51), (-1022, 1 << 52)] {
            assert_eq!(<f64 as Float>::power_of_two(e).to_bits(), bits, "2^{e}");
        }
        assert!(<f64 as Float>::power_of_two(1024).is_infinite());
    }

    #[test]
    fn casts_out_of_range_give_the_smallest_integer() {
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2e9 * 2.0, -3e9] {
            assert_eq!(x.to_int_or_min(), i32::MIN, "{x}");
        }
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e19, -1e19] {
            assert_eq!(x.to_int_or_min(), i64::MIN, "{x}");
        }
        assert_eq!((-1.9f32).to_int_or_min(), -1);
        assert_eq!(2_147_483_520f32.to_int_or_min(), 2_147_483_520);
    }
}
