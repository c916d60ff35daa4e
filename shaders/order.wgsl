// Sequency order and negabinary, as src/block/order.rs has them.

fn forward_order(block: ptr<function, array<Word, N>>, words: ptr<function, array<Word, N>>) {
    // unroll always
    for (var i = 0u; i < N; i++) {
        (*words)[i] = to_negabinary((*block)[ORDER[i]]);
    }
}

fn inverse_order(words: ptr<function, array<Word, N>>, block: ptr<function, array<Word, N>>) {
    // unroll always
    for (var i = 0u; i < N; i++) {
        (*block)[ORDER[i]] = from_negabinary((*words)[i]);
    }
}

fn to_negabinary(coefficient: Word) -> Word {
    return add(coefficient, NEGABINARY) ^ NEGABINARY;
}

fn from_negabinary(word: Word) -> Word {
    return subtract(word ^ NEGABINARY, NEGABINARY);
}
