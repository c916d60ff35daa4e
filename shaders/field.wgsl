// Blocks in and out of memory, as src/field has them.

struct Arguments {
    // Values, steps between them, and blocks along x, y, z and w.
    size: vec4<u32>,
    stride: vec4<i32>,
    count: vec4<u32>,
    // The value at index 0.
    start: u32,
    blocks: u32,
    // How blocks are coded: zfp's parameters.
    maxbits: u32,
    maxprec: u32,
    minexp: i32,
    // Whether NaN and infinity raise the flag.
    refuse: u32,
    // Bit of the stream at which the first block begins.
    first_bit: u32,
    // Words of the stream, and those of them before that bit.
    stream_words: u32,
    head: array<vec4<u32>, 2>,
    // Encoding: first word of the target, and words from block to block there.
    target_first: u32,
    target_step: u32,
    // Encoding: whether what is before the first bit is in the stream already.
    keep: u32,
}

@group(0) @binding(0) var<uniform> arguments: Arguments;

const WORKGROUP: u32 = 64u;

// The number of this invocation, of up to 65535 workgroups in each of two directions.
fn number_of(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
    return (group.y * groups.x + group.x) * WORKGROUP + local;
}

// A block's place in the grid; x is fastest.
fn place_of(block: u32) -> vec4<u32> {
    let count = arguments.count;
    let row = block / count.x;
    let layer = row / count.y;
    let volume = layer / count.z;
    return vec4(
        block - row * count.x,
        row - layer * count.y,
        layer - volume * count.z,
        volume,
    );
}

// How many of the block's four places along each axis are inside the field.
fn inside_of(place: vec4<u32>) -> vec4<u32> {
    return min(arguments.size - 4u * place, vec4(4u));
}

// The block's first value.
fn first_of(place: vec4<u32>) -> u32 {
    let steps = bitcast<vec4<u32>>(arguments.stride) * (4u * place);
    return arguments.start + steps.x + steps.y + steps.z + steps.w;
}

// Steps from the first of four places along an axis to the others. Those outside the
// field repeat some inside: a to aaaa, ab to abba, abc to abca.
fn steps_along(stride: i32, inside: u32) -> vec4<u32> {
    let last = inside - 1u;
    let sources = vec4(0u, min(1u, last), min(2u, last), select(0u, 3u, inside == 4u));
    return bitcast<u32>(stride) * sources;
}

// Bit planes of a floating-point block of this exponent.
fn precision_of(exponent: i32) -> u32 {
    return u32(max(exponent - arguments.minexp + 2 * i32(DIMS) + 2, 0));
}
