// Bit planes by transposition, as src/block/planes.rs has them.
//
// Words of 64 bits have their high and their low half coded one after the other, each as
// if its 32 planes were all there are.

// Transposes squares of bits as wide as the smaller of N and 32.
fn transpose(rows: ptr<function, array<u32, N>>) {
    // unroll
    for (var i = 0u; i < PAIRS_16; i++) {
        swap_halves(rows, i / 16u * 32u + i % 16u, 16u, 0x0000ffffu);
    }
    // unroll
    for (var i = 0u; i < PAIRS_8; i++) {
        swap_halves(rows, i / 8u * 16u + i % 8u, 8u, 0x00ff00ffu);
    }
    // unroll
    for (var i = 0u; i < PAIRS_4; i++) {
        swap_halves(rows, i / 4u * 8u + i % 4u, 4u, 0x0f0f0f0fu);
    }
    // unroll
    for (var i = 0u; i < PAIRS_2; i++) {
        swap_halves(rows, i / 2u * 4u + i % 2u, 2u, 0x33333333u);
    }
    // unroll
    for (var i = 0u; i < PAIRS_1; i++) {
        swap_halves(rows, i * 2u, 1u, 0x55555555u);
    }
}

fn swap_halves(rows: ptr<function, array<u32, N>>, upper: u32, half: u32, mask: u32) {
    let swap = (((*rows)[upper] >> half) ^ (*rows)[upper + half]) & mask;
    (*rows)[upper + half] ^= swap;
    (*rows)[upper] ^= swap << half;
}

// How many of the first `n` bits of a plane are in its word `w`.
fn known_in(n: u32, w: u32) -> u32 {
    return min(max(n, 32u * w) - 32u * w, 32u);
}
