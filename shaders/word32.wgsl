// Values and coefficients of 32 bits, as src/scalar.rs has them. Everything is unsigned
// here: WGSL's sums wrap, and it says so of u32 and i32 alike.

alias Word = u32;

const ZERO: Word = 0u;
const NEGABINARY: Word = 0xaaaaaaaau;
const LEAST: Word = 0x80000000u;

fn add(a: Word, b: Word) -> Word {
    return a + b;
}

fn subtract(a: Word, b: Word) -> Word {
    return a - b;
}

// Half of a signed value, rounded down.
fn half(a: Word) -> Word {
    return bitcast<u32>(bitcast<i32>(a) >> 1u);
}

fn twice(a: Word) -> Word {
    return a << 1u;
}

// Shifts in zeros; `count` is below 32.
fn shift_left(a: Word, count: u32) -> Word {
    return a << count;
}

fn shift_right(a: Word, count: u32) -> Word {
    return a >> count;
}

fn leading_zeros(a: Word) -> u32 {
    return countLeadingZeros(a);
}

fn is_zero(a: Word) -> bool {
    return a == 0u;
}

// The 32 bits that hold the sign.
fn high_bits(a: Word) -> u32 {
    return a;
}

fn with_high_bits(a: Word, bits: u32) -> Word {
    return bits;
}

fn low_bits_of(a: Word) -> u32 {
    return a;
}

fn from_bits(bits: u32) -> Word {
    return bits;
}

// 32 of the planes: all there are.
fn half_of(a: Word, half: u32) -> u32 {
    return a;
}

fn with_half(a: Word, half: u32, bits: u32) -> Word {
    return bits;
}

// Whether the magnitude is above infinity.
fn is_nan(size: Word) -> bool {
    return size > (SPECIAL << FIELD);
}
