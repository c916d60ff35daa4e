// Blocks that are not whole words, joined at the bit: one word of the stream to an
// invocation.

// Each block from a word of its own on.
@group(0) @binding(1) var<storage, read> scratch: array<u32>;
@group(0) @binding(2) var<storage, read_write> stream: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn pack(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = number_of(group, groups, local);
    if (number >= arguments.stream_words) {
        return;
    }
    let first = arguments.first_bit >> 5u;
    // 32 blocks are as many words as a block has bits, shifted by the odd bits in front.
    let shift = arguments.first_bit & 31u;
    let maxbits = arguments.maxbits;
    var word = 0u;
    if (arguments.keep != 0u) {
        if (number < first) {
            return;
        }
        if (number == first && shift != 0u) {
            word = stream[number] & (0xffffffffu >> (32u - shift));
        }
    } else if (number <= first) {
        word = arguments.head[number >> 2u][number & 3u];
        if (number < first) {
            stream[number] = word;
            return;
        }
    }
    var batch = (number - first) / maxbits;
    var bit = ((number - first) - batch * maxbits) * 32u;
    var filled = 0u;
    if (bit >= shift) {
        bit -= shift;
    } else if (batch > 0u) {
        batch -= 1u;
        bit += 32u * maxbits - shift;
    } else {
        filled = shift;
    }
    var block = bit / maxbits;
    var place = bit - block * maxbits;
    block += 32u * batch;
    while (filled < 32u && block < arguments.blocks) {
        let count = min(maxbits - place, 32u - filled);
        let at = block * arguments.target_step + (place >> 5u);
        let low = scratch[at] >> (place & 31u);
        // In two steps, since a shift by 32 is none. Behind the block's end are zeros, or
        // the next block's bits, which are cut off.
        let high = (scratch[at + 1u] << 1u) << (31u - (place & 31u));
        word |= ((low | high) & (0xffffffffu >> (32u - count))) << filled;
        filled += count;
        place += count;
        if (place == maxbits) {
            place = 0u;
            block += 1u;
        }
    }
    stream[number] = word;
}
