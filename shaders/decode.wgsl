// Fixed-rate decoding, one block to an invocation: the stages of src/block/mod.rs.

@compute @workgroup_size(WORKGROUP)
fn decode(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = number_of(group, groups, local);
    if (number >= arguments.blocks) {
        return;
    }
    // 32 blocks are whole words, however many bits a block has: so 32 bits will do to
    // count them all.
    let bit = arguments.first_bit + (number & 31u) * arguments.maxbits;
    open((number >> 5u) * arguments.maxbits + (bit >> 5u), bit & 31u, arguments.maxbits);
    var block: array<Word, N>;
    decode_block(&block);
    scatter(place_of(number), &block);
}

fn decode_block(block: ptr<function, array<Word, N>>) {
    var wanted = min(arguments.maxprec, WIDTH);
    var exponent = 0;
    if (FLOAT) {
        if (take(1u) == 0u) {
            // unroll
            for (var i = 0u; i < N; i++) {
                (*block)[i] = ZERO;
            }
            return;
        }
        exponent = i32(take(EXPONENT_BITS)) - BIAS;
        wanted = min(wanted, precision_of(exponent));
    }
    var words: array<Word, N>;
    var n = 0u;
    for (var half = 0u; half < WIDTH / 32u && 32u * half < wanted && left > 0u; half++) {
        n = decode_half(&words, half, min(wanted - 32u * half, 32u), n);
    }
    inverse_order(&words, block);
    inverse_lift(block);
    if (FLOAT) {
        inverse_cast(block, exponent);
    }
}

// Planes of the high 32 bits of the words, or of the low ones.
fn decode_half(words: ptr<function, array<Word, N>>, half: u32, planes: u32, known: u32) -> u32 {
    var rows: array<u32, N>;
    var empty = 0u;
    refill();
    if (known == 0u) {
        // Planes of zeros are a group test each.
        empty = min(countTrailingZeros(peek()), min(planes, left));
        skip(empty);
    }
    let n = decode_planes(&rows, 31u - min(empty, 31u), planes - empty, known);
    transpose(&rows);
    // unroll
    for (var i = 0u; i < N; i++) {
        (*words)[i] = with_half((*words)[i], half, rows[i]);
    }
    return n;
}
