// Values and coefficients of 64 bits, as src/scalar.rs has them, in pairs of 32: x the low
// half, y the high one. WGSL has no wider integers that every GPU knows.

alias Word = vec2<u32>;

const ZERO: Word = vec2<u32>(0u, 0u);
const NEGABINARY: Word = vec2<u32>(0xaaaaaaaau, 0xaaaaaaaau);
const LEAST: Word = vec2<u32>(0u, 0x80000000u);

fn add(a: Word, b: Word) -> Word {
    let low = a.x + b.x;
    return vec2(low, a.y + b.y + u32(low < a.x));
}

fn subtract(a: Word, b: Word) -> Word {
    return vec2(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}

// Half of a signed value, rounded down.
fn half(a: Word) -> Word {
    return vec2((a.x >> 1u) | (a.y << 31u), bitcast<u32>(bitcast<i32>(a.y) >> 1u));
}

fn twice(a: Word) -> Word {
    return vec2(a.x << 1u, (a.y << 1u) | (a.x >> 31u));
}

// Shifts in zeros; `count` is below 64.
fn shift_left(a: Word, count: u32) -> Word {
    // In two steps, since WGSL takes a shift by 32 for one by 0.
    let carried = (a.x >> 1u) >> (31u - (count & 31u));
    let near = vec2(a.x << (count & 31u), (a.y << (count & 31u)) | carried);
    return select(near, vec2(0u, near.x), count >= 32u);
}

fn shift_right(a: Word, count: u32) -> Word {
    let carried = (a.y << 1u) << (31u - (count & 31u));
    let near = vec2((a.x >> (count & 31u)) | carried, a.y >> (count & 31u));
    return select(near, vec2(near.y, 0u), count >= 32u);
}

fn leading_zeros(a: Word) -> u32 {
    return select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u);
}

fn is_zero(a: Word) -> bool {
    return (a.x | a.y) == 0u;
}

// The 32 bits that hold the sign.
fn high_bits(a: Word) -> u32 {
    return a.y;
}

fn with_high_bits(a: Word, bits: u32) -> Word {
    return vec2(a.x, bits);
}

fn low_bits_of(a: Word) -> u32 {
    return a.x;
}

fn from_bits(bits: u32) -> Word {
    return vec2(bits, 0u);
}

// 32 of the planes: the high ones, then the low ones.
fn half_of(a: Word, half: u32) -> u32 {
    return select(a.y, a.x, half == 1u);
}

fn with_half(a: Word, half: u32, bits: u32) -> Word {
    return select(vec2(a.x, bits), vec2(bits, a.y), half == 1u);
}

// Whether the magnitude is above infinity.
fn is_nan(size: Word) -> bool {
    return size.y + u32(size.x != 0u) > (SPECIAL << FIELD);
}
