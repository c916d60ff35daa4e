// The embedded coder: bits to planes, as src/block/planes.rs says what they are.

// Reads `count` planes into rows that were zero, plane `top` first. The first `known`
// coefficients have had a one-bit; returns how many that are then.
fn decode_planes(rows: ptr<function, array<u32, N>>, top: u32, count: u32, known: u32) -> u32 {
    // A copy to be indexed by computed numbers, so that the rows need not be in memory.
    var planes: array<u32, N>;
    var n = known;
    for (var i = 0u; i < count && left > 0u; i++) {
        var plane: array<u32, PLANE_WORDS>;
        n = decode_plane(&plane, n);
        // unroll
        for (var w = 0u; w < PLANE_WORDS; w++) {
            deposit(&planes, top - i, w, plane[w]);
        }
    }
    *rows = planes;
    return n;
}

fn decode_plane(plane: ptr<function, array<u32, PLANE_WORDS>>, known: u32) -> u32 {
    var n = known;
    refill();
    // unroll
    for (var w = 0u; w < PLANE_WORDS; w++) {
        // Coefficients that have had a one-bit: as they are.
        (*plane)[w] = take(min(known_in(n, w), left));
        if (PLANE_WORDS > 2u) {
            refill();
        }
    }
    while (n < N && left > 0u) {
        if (PLANE_WORDS > 2u) {
            refill();
        }
        let next = peek();
        if ((next & 1u) == 0u) {
            skip(1u);
            break;
        }
        // Zeros to the next one-bit, unless the last place or the budget ends the run.
        let limit = min(N - 1u - n, left - 1u);
        var zeros = min(min(countTrailingZeros(next >> 1u), 31u), limit);
        skip(1u + zeros + u32(zeros < limit && zeros < 31u));
        if (N > 32u) {
            if (zeros == 31u) {
                zeros += rest_of_run(limit - 31u);
            }
        }
        n += zeros;
        // unroll
        for (var w = 0u; w < PLANE_WORDS; w++) {
            (*plane)[w] |= select(0u, 1u << (n & 31u), n / 32u == w);
        }
        n += 1u;
    }
    return n;
}

// The rest of a run of zeros, and the one-bit behind it unless `limit` ends the run.
fn rest_of_run(limit: u32) -> u32 {
    var zeros = 0u;
    loop {
        if (PLANE_WORDS > 2u) {
            refill();
        }
        let most = min(limit - zeros, 31u);
        let seen = min(countTrailingZeros(peek()), most);
        skip(seen + u32(zeros + seen < limit && seen < 31u));
        zeros += seen;
        if (seen < 31u || zeros == limit) {
            break;
        }
    }
    return zeros;
}

// Undoes `plane_word` of the encoder.
fn deposit(rows: ptr<function, array<u32, N>>, k: u32, w: u32, plane: u32) {
    if (N < 32u) {
        (*rows)[k % N] |= plane << (k / N * N);
    } else {
        (*rows)[32u * w + k] = plane;
    }
}
