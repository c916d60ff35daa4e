// The decorrelating transform, as src/block/lift.rs has it.

struct Line {
    x: Word,
    y: Word,
    z: Word,
    w: Word,
}

// Neighbours along x, y, z and w lie 1, 4, 16 and 64 apart; absent axes have no lines.
fn forward_lift(block: ptr<function, array<Word, N>>) {
    // unroll
    for (var i = 0u; i < LINES_X; i++) {
        forward_along(block, 4u * i, 1u);
    }
    // unroll
    for (var i = 0u; i < LINES_Y; i++) {
        forward_along(block, i / 4u * 16u + i % 4u, 4u);
    }
    // unroll
    for (var i = 0u; i < LINES_Z; i++) {
        forward_along(block, i / 16u * 64u + i % 16u, 16u);
    }
    // unroll
    for (var i = 0u; i < LINES_W; i++) {
        forward_along(block, i, 64u);
    }
}

fn inverse_lift(block: ptr<function, array<Word, N>>) {
    // unroll
    for (var i = 0u; i < LINES_W; i++) {
        inverse_along(block, i, 64u);
    }
    // unroll
    for (var i = 0u; i < LINES_Z; i++) {
        inverse_along(block, i / 16u * 64u + i % 16u, 16u);
    }
    // unroll
    for (var i = 0u; i < LINES_Y; i++) {
        inverse_along(block, i / 4u * 16u + i % 4u, 4u);
    }
    // unroll
    for (var i = 0u; i < LINES_X; i++) {
        inverse_along(block, 4u * i, 1u);
    }
}

fn forward_line(line: Line) -> Line {
    var x = line.x;
    var y = line.y;
    var z = line.z;
    var w = line.w;
    x = half(add(x, w));
    w = subtract(w, x);
    z = half(add(z, y));
    y = subtract(y, z);
    x = half(add(x, z));
    z = subtract(z, x);
    w = half(add(w, y));
    y = subtract(y, w);
    w = add(w, half(y));
    y = subtract(y, half(w));
    return Line(x, y, z, w);
}

fn inverse_line(line: Line) -> Line {
    var x = line.x;
    var y = line.y;
    var z = line.z;
    var w = line.w;
    y = add(y, half(w));
    w = subtract(w, half(y));
    y = add(y, w);
    w = subtract(twice(w), y);
    z = add(z, x);
    x = subtract(twice(x), z);
    y = add(y, z);
    z = subtract(twice(z), y);
    w = add(w, x);
    x = subtract(twice(x), w);
    return Line(x, y, z, w);
}

// One line of four, `step` apart.
fn forward_along(block: ptr<function, array<Word, N>>, first: u32, step: u32) {
    let line = forward_line(Line(
        (*block)[first],
        (*block)[first + step],
        (*block)[first + 2u * step],
        (*block)[first + 3u * step],
    ));
    (*block)[first] = line.x;
    (*block)[first + step] = line.y;
    (*block)[first + 2u * step] = line.z;
    (*block)[first + 3u * step] = line.w;
}

fn inverse_along(block: ptr<function, array<Word, N>>, first: u32, step: u32) {
    let line = inverse_line(Line(
        (*block)[first],
        (*block)[first + step],
        (*block)[first + 2u * step],
        (*block)[first + 3u * step],
    ));
    (*block)[first] = line.x;
    (*block)[first + step] = line.y;
    (*block)[first + 2u * step] = line.z;
    (*block)[first + 3u * step] = line.w;
}
