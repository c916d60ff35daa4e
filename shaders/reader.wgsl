// Bits, lowest first, in words of 32: the reading side of src/bitstream.rs.

fn low_bits(count: u32) -> u32 {
    return select((1u << (count & 31u)) - 1u, 0xffffffffu, count >= 32u);
}

@group(0) @binding(2) var<storage, read> stream: array<u32>;

// Words of the stream from the one on that held the next bit at the last refill; as many
// as a plane's code of up to 64 coefficients can need. How far they are used.
var<private> window: array<u32, WINDOW>;
var<private> used: u32;
// The next word to load.
var<private> next_word: u32;
// How many bits the block has left.
var<private> left: u32;

fn open(word: u32, bit: u32, bits: u32) {
    // unroll always
    for (var i = 0u; i < WINDOW; i++) {
        window[i] = stream[word + i];
    }
    used = bit;
    next_word = word + WINDOW;
    left = bits;
}

// Lets go of the words that are used up and loads others.
fn refill() {
    while (used >= 32u) {
        // unroll always
        for (var i = 0u; i < WINDOW_STEPS; i++) {
            window[i] = window[i + 1u];
        }
        window[WINDOW - 1u] = stream[next_word];
        next_word += 1u;
        used -= 32u;
    }
}

// The next 32 bits, be they this block's or not, as far as the window shows them.
fn peek() -> u32 {
    var low = window[0];
    var high = window[1];
    // unroll always
    for (var i = 0u; i < WINDOW_STEPS; i++) {
        let here = used >= 32u * (i + 1u);
        low = select(low, window[i + 1u], here);
        high = select(high, window[min(i + 2u, WINDOW - 1u)], here);
    }
    // In two steps, since a shift by 32 is none.
    return (low >> (used & 31u)) | ((high << 1u) << (31u - (used & 31u)));
}

// Goes on by up to 32 bits.
fn skip(count: u32) {
    left -= count;
    used += count;
}

// The next bits, up to 32 and no more than are left.
fn take(count: u32) -> u32 {
    let bits = peek() & low_bits(count);
    skip(count);
    return bits;
}
