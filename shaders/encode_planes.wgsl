// The embedded coder: planes to bits, as src/block/planes.rs says what they are.
//
// A plane's code is the bits of the first n coefficients, then a group test, and then for
// each further coefficient up to the last one-bit a 0, or a 1 and the next group test. The
// next group test is a 1 but for the last one-bit. So the code behind the first group test
// is the plane with each one-bit doubled, and the end put right: no loop over bits.

// Writes `count` planes of transposed rows, plane `top` first. The first `known`
// coefficients have had a one-bit; returns how many that are now.
fn encode_planes(rows: ptr<function, array<u32, N>>, top: u32, count: u32, known: u32) -> u32 {
    // A copy to be indexed by computed numbers, so that the rows need not be in memory.
    var planes = *rows;
    var n = known;
    for (var i = 0u; i < count && has_room(); i++) {
        var plane: array<u32, PLANE_WORDS>;
        // unroll
        for (var w = 0u; w < PLANE_WORDS; w++) {
            plane[w] = plane_word(&planes, top - i, w);
        }
        n = encode_plane(&plane, n);
    }
    return n;
}

// Plane `k` of transposed rows, 32 bits of it.
fn plane_word(rows: ptr<function, array<u32, N>>, k: u32, w: u32) -> u32 {
    if (N < 32u) {
        // Row r holds planes r, r + N, and so on, in pieces of N bits.
        return ((*rows)[k % N] >> (k / N * N)) & low_bits(N);
    }
    return (*rows)[32u * w + k];
}

fn encode_plane(plane: ptr<function, array<u32, PLANE_WORDS>>, known: u32) -> u32 {
    // The place behind the last one-bit, or behind the known coefficients.
    var end = known;
    // unroll
    for (var w = 0u; w < PLANE_WORDS; w++) {
        let unknown = (*plane)[w] & ~low_bits(known_in(known, w));
        end = select(end, 32u * w + 32u - countLeadingZeros(unknown), unknown != 0u);
    }
    // unroll
    for (var w = 0u; w < PLANE_WORDS; w++) {
        encode_word((*plane)[w], w, known, end);
    }
    return end;
}

// Writes word `w` of a plane whose last unknown one-bit is before place `end`; if there is
// none, that is where the known coefficients end.
fn encode_word(bits: u32, w: u32, known: u32, end: u32) {
    let verbatim = known_in(known, w);
    let fresh = (bits >> 1u) >> (verbatim - 1u);
    let unknown = select(fresh, bits, verbatim == 0u) & low_bits(PLANE_BITS - verbatim);
    let height = 32u - countLeadingZeros(unknown);
    let later = end > 32u * w + 32u;

    // Behind the last one-bit is a group test that says 0; the one-bit in the last place is
    // implied, and there is nothing to test for.
    var length = select(height, PLANE_BITS - verbatim, later) + countOneBits(unknown);
    var doubled = double_ones(unknown);
    if (!later) {
        let ends = unknown != 0u;
        let implied = ends && end == N;
        length -= select(0u, 2u, implied);
        doubled &= low_bits_64(length - u32(ends && !implied));
    }
    // The first group test, in the word where the known coefficients end.
    let tests = u32(known / 32u == w && known < N);
    let head = (bits & low_bits(verbatim)) | select(0u, 1u << verbatim, tests == 1u && end > known && verbatim < 32u);
    let at = verbatim + tests;
    if (N < 32u) {
        put(head | (doubled.x << at), at + length);
    } else {
        let near = at & 31u;
        let carried = vec2((doubled.x >> 1u) >> (31u - near), (doubled.y >> 1u) >> (31u - near));
        let shifted = vec3(doubled.x << near, (doubled.y << near) | carried.x, carried.y);
        let code = select(shifted, vec3(0u, shifted.xy), at >= 32u);
        put_long(vec3(code.x | head, code.yz), at + length);
    }
}

fn low_bits_64(count: u32) -> vec2<u32> {
    return vec2(low_bits(min(count, 32u)), low_bits(max(count, 32u) - 32u));
}

// The bits with a second 1 behind each 1.
fn double_ones(bits: u32) -> vec2<u32> {
    let low = double_ones_16(bits & 0xffffu);
    if (N <= 16u) {
        return vec2(low, 0u);
    }
    let high = double_ones_16(bits >> 16u);
    let ones = countOneBits(bits & 0xffffu);
    return vec2(low | ((high << 16u) << ones), high >> (16u - ones));
}

fn double_ones_16(bits: u32) -> u32 {
    // Two places for each bit.
    var spread = bits;
    spread = (spread | (spread << 8u)) & 0x00ff00ffu;
    spread = (spread | (spread << 4u)) & 0x0f0f0f0fu;
    spread = (spread | (spread << 2u)) & 0x33333333u;
    spread = (spread | (spread << 1u)) & 0x55555555u;
    var code = spread | (spread << 1u);
    // Zeros need but one: in groups of twice as many places at each step, the upper half
    // moves down by the number of zeros in the lower half.
    let zeros = ~spread & 0x55555555u;
    var moved = code & (((zeros & 0x11111111u) << 2u) | ((zeros & 0x11111111u) << 3u));
    code = (code ^ moved) | (moved >> 1u);

    let zeros_2 = (zeros & 0x11111111u) + ((zeros >> 2u) & 0x11111111u);
    let one = zeros_2 & 0x01010101u;
    moved = code & ((one << 8u) - (one << 4u));
    code = (code ^ moved) | (moved >> 1u);
    let two = (zeros_2 >> 1u) & 0x01010101u;
    moved = code & ((two << 8u) - (two << 4u));
    code = (code ^ moved) | (moved >> 2u);

    if (N == 4u) {
        return code & 0xffu;
    }
    let zeros_4 = (zeros_2 & 0x0f0f0f0fu) + ((zeros_2 >> 4u) & 0x0f0f0f0fu);
    let low = (code & 0xffu) | (((code >> 8u) & 0xffu) << (8u - (zeros_4 & 0xfu)));
    let high = ((code >> 16u) & 0xffu) | ((code >> 24u) << (8u - ((zeros_4 >> 16u) & 0xfu)));
    let zeros_8 = (zeros_4 & 0xfu) + ((zeros_4 >> 8u) & 0xfu);
    return low | (high << (16u - zeros_8));
}
