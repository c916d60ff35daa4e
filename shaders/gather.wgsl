// The values of a block, as src/field/mod.rs gathers them.

@group(0) @binding(1) var<storage, read> values: array<Word>;

fn gather(place: vec4<u32>, block: ptr<function, array<Word, N>>) {
    let first = first_of(place);
    let inside = inside_of(place);
    let x = steps_along(arguments.stride.x, inside.x);
    let y = steps_along(arguments.stride.y, inside.y);
    let z = steps_along(arguments.stride.z, inside.z);
    let w = steps_along(arguments.stride.w, inside.w);
    // unroll
    for (var i = 0u; i < ROWS; i++) {
        let row = first + y[i & 3u] + z[(i >> 2u) & 3u] + w[i >> 4u];
        (*block)[4u * i] = values[row];
        (*block)[4u * i + 1u] = values[row + x.y];
        (*block)[4u * i + 2u] = values[row + x.z];
        (*block)[4u * i + 3u] = values[row + x.w];
    }
}
