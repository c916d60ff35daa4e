// Bits, lowest first, in words of 32: the writing side of src/bitstream.rs.

fn low_bits(count: u32) -> u32 {
    return select((1u << (count & 31u)) - 1u, 0xffffffffu, count >= 32u);
}

@group(0) @binding(2) var<storage, read_write> stream: array<u32>;

// The bits that do not fill a word yet, and how many they are.
var<private> begun: u32;
var<private> filled: u32;
// The next word to store, the one behind the last, and the bits of that last one.
var<private> next_word: u32;
var<private> end_word: u32;
var<private> tail: u32;

fn open(first_word: u32, bits: u32) {
    begun = 0u;
    filled = 0u;
    next_word = first_word;
    end_word = first_word + (bits + 31u) / 32u;
    tail = 0xffffffffu >> ((32u - (bits & 31u)) & 31u);
}

fn has_room() -> bool {
    return next_word < end_word;
}

// Writes up to 32 bits; `value` has none beyond them. What does not fit is dropped.
fn put(value: u32, count: u32) {
    let word = begun | (value << filled);
    let total = filled + count;
    if (total < 32u) {
        begun = word;
    } else {
        store_word(word);
        // In two steps, since a shift by 32 is none.
        begun = (value >> 1u) >> (31u - filled);
    }
    filled = total & 31u;
}

// Writes up to 65 bits.
fn put_long(value: vec3<u32>, count: u32) {
    // In two steps, since a shift by 32 is none.
    let carried = (value >> vec3(1u)) >> vec3(31u - filled);
    var word = begun | (value.x << filled);
    var next = (value.y << filled) | carried.x;
    var last = (value.z << filled) | carried.y;
    filled += count;
    while (filled >= 32u) {
        store_word(word);
        word = next;
        next = last;
        last = 0u;
        filled -= 32u;
    }
    begun = word;
}

fn store_word(word: u32) {
    if (has_room()) {
        stream[next_word] = select(word, word & tail, next_word + 1u == end_word);
        next_word += 1u;
    }
}

// Zeros to the end.
fn close() {
    store_word(begun);
    while (has_room()) {
        store_word(0u);
    }
}
