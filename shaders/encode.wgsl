// Fixed-rate encoding, one block to an invocation: the stages of src/block/mod.rs.

// Not zero if a value was NaN or infinite.
@group(0) @binding(3) var<storage, read_write> status: array<atomic<u32>>;

@compute @workgroup_size(WORKGROUP)
fn encode(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = number_of(group, groups, local);
    if (number >= arguments.blocks) {
        return;
    }
    var block: array<Word, N>;
    gather(place_of(number), &block);
    open(arguments.target_first + number * arguments.target_step, arguments.maxbits);
    encode_block(&block);
    close();
    complete(number);
}

// Where blocks go straight into the stream: what stands before and behind them. Loops and
// branches on arguments alone make lavapipe compile the kernel anew for each dispatch, so
// that bounds here depend on the block, too.
fn complete(number: u32) {
    let direct = ((arguments.first_bit | arguments.maxbits) & 31u) == 0u;
    let begins = direct & (number == 0u) & (arguments.keep == 0u);
    let before = select(0u, arguments.first_bit / 32u, begins);
    for (var i = 0u; i < before; i++) {
        stream[i] = arguments.head[i >> 2u][i & 3u];
    }
    let last = direct & (number + 1u == arguments.blocks);
    let end = select(0u, arguments.stream_words, last);
    for (var i = next_word; i < end; i++) {
        stream[i] = 0u;
    }
}

fn encode_block(block: ptr<function, array<Word, N>>) {
    var wanted = min(arguments.maxprec, WIDTH);
    if (FLOAT) {
        let survey = survey(block);
        if (!survey.finite && arguments.refuse != 0u) {
            atomicOr(&status[0], 1u);
        }
        wanted = min(wanted, precision_of(survey.exponent));
        if (survey.zero || wanted == 0u) {
            put(0u, 1u);
            return;
        }
        put(1u | (u32(survey.exponent + BIAS) << 1u), 1u + EXPONENT_BITS);
        forward_cast(block, survey.exponent);
    }
    forward_lift(block);
    var words: array<Word, N>;
    forward_order(block, &words);

    var n = 0u;
    for (var half = 0u; half < WIDTH / 32u && 32u * half < wanted && has_room(); half++) {
        n = encode_half(&words, half, min(wanted - 32u * half, 32u), n);
    }
}

// Planes of the high 32 bits of the words, or of the low ones.
fn encode_half(words: ptr<function, array<Word, N>>, half: u32, planes: u32, known: u32) -> u32 {
    var rows: array<u32, N>;
    var any = 0u;
    // unroll
    for (var i = 0u; i < N; i++) {
        rows[i] = half_of((*words)[i], half);
        any |= rows[i];
    }
    // Planes above the highest one-bit are a group test each, if nothing is known yet.
    let empty = select(0u, min(countLeadingZeros(any), planes), known == 0u);
    put(0u, empty);
    if (empty == planes) {
        return known;
    }
    transpose(&rows);
    return encode_planes(&rows, 31u - empty, planes - empty, known);
}
