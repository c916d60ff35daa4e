// The values of a block, without those outside the field, as src/field/slabs.rs scatters
// them.

@group(0) @binding(1) var<storage, read_write> values: array<Word>;

fn scatter(place: vec4<u32>, block: ptr<function, array<Word, N>>) {
    let first = first_of(place);
    let inside = inside_of(place);
    let x = steps_along(arguments.stride.x, 4u);
    let y = steps_along(arguments.stride.y, 4u);
    let z = steps_along(arguments.stride.z, 4u);
    let w = steps_along(arguments.stride.w, 4u);
    // unroll
    for (var i = 0u; i < ROWS; i++) {
        if ((i & 3u) < inside.y && ((i >> 2u) & 3u) < inside.z && (i >> 4u) < inside.w) {
            let row = first + y[i & 3u] + z[(i >> 2u) & 3u] + w[i >> 4u];
            values[row] = (*block)[4u * i];
            if (inside.x > 1u) {
                values[row + x.y] = (*block)[4u * i + 1u];
            }
            if (inside.x > 2u) {
                values[row + x.z] = (*block)[4u * i + 2u];
            }
            if (inside.x > 3u) {
                values[row + x.w] = (*block)[4u * i + 3u];
            }
        }
    }
}
