//! The inverse transforms over vectors of lanes.
//!
//! 64 integers make a *set*: 16 blocks of 4, 4 of 16, or one block of 64; four sets are a
//! block of 256. A set is `K` vectors, each of one, two or four rows of four. Before the
//! transform, vectors lie so that it begins between whole vectors:
//!
//! | length | a vector's number, from the slowest | its rows | a row |
//! |---|---|---|---|
//! | 4 | j, h | – | coefficients j of blocks (see [`place`]) |
//! | 16 | y, block | block | x |
//! | 64 | z, y | y | x |
//!
//! where the slow part of a number that is split goes before the fast one. Afterwards all
//! values are in the order of memory: block after block, x fastest.

// Loops count by hand here: iterators and closures are functions of their own, which the
// compiler may leave outside of what it compiles for a level.

/// Integers side by side, whose sums wrap.
pub(super) trait Lanes: Copy {
    /// Sum.
    fn add(self, other: Self) -> Self;
    /// Difference.
    fn sub(self, other: Self) -> Self;
    /// Half of it, rounded down.
    fn half(self) -> Self;
}

/// Vectors of which `K` make a set.
pub(super) trait Vector<const K: usize>: Lanes {
    /// In each of the rows of four vectors, element `i` of vector `j` becomes element `j`
    /// of vector `i`.
    fn rows(vectors: [Self; 4]) -> [Self; 4];
    /// Row `i` of the rows that have number `j` becomes row `j` of those that have number
    /// `i`, where numbers are the slow two bits and places the fast two bits of 16 rows.
    fn swap(set: [Self; K]) -> [Self; K];
}

/// Undoes the transform of a set of blocks of `N` values, or its axes but the last in a
/// block of 256.
#[inline(always)]
pub(super) fn set<V: Vector<K>, const K: usize, const N: usize>(
    mut set: [V; K],
    exact: bool,
) -> [V; K] {
    set = along(set, exact);
    if N == 4 {
        return rows(set);
    }
    if N > 16 {
        set = along(V::swap(set), exact);
    }
    V::swap(rows(along(rows(set), exact)))
}

/// Undoes the transform along the last axis of a block of 256.
#[inline(always)]
pub(super) fn outermost<V: Lanes, const K: usize>(sets: &mut [[V; K]; 4], exact: bool) {
    let mut i = 0;
    while i < K {
        let after = line([sets[0][i], sets[1][i], sets[2][i], sets[3][i]], exact);
        [sets[0][i], sets[1][i], sets[2][i], sets[3][i]] = after;
        i += 1;
    }
}

/// Where the integer of element `element` of vector `vector` comes from: as if the blocks
/// of a set followed each other, each of `N` integers in the order of memory.
pub(super) const fn place<const K: usize, const N: usize>(vector: usize, element: usize) -> usize {
    let lanes = 64 / K;
    let row = vector * lanes / 4 + element / 4;
    let (slow, fast, x) = (row / 4, row % 4, element % 4);
    match N {
        // Elements of a row are blocks, whose order makes [`rows`] put them in place.
        4 => {
            let (rows, step) = (lanes / 4, K / 4);
            let block = (x * step + vector % step) * rows + element / 4;
            4 * block + slow
        }
        16 => 16 * fast + 4 * slow + x,
        _ => 16 * slow + 4 * fast + x,
    }
}

#[inline(always)]
fn along<V: Lanes, const K: usize>(mut set: [V; K], exact: bool) -> [V; K] {
    let step = K / 4;
    let mut h = 0;
    while h < step {
        let after = line([set[h], set[h + step], set[h + 2 * step], set[h + 3 * step]], exact);
        [set[h], set[h + step], set[h + 2 * step], set[h + 3 * step]] = after;
        h += 1;
    }
    set
}

/// Transposes the vectors of each h. Those of blocks of 4 end up in the order of memory,
/// others where they were.
#[inline(always)]
fn rows<V: Vector<K>, const K: usize>(mut set: [V; K]) -> [V; K] {
    let step = K / 4;
    let mut h = 0;
    while h < step {
        let after = V::rows([set[h], set[h + step], set[h + 2 * step], set[h + 3 * step]]);
        [set[h], set[h + step], set[h + 2 * step], set[h + 3 * step]] = after;
        h += 1;
    }
    set
}

#[inline(always)]
fn line<V: Lanes>(line: [V; 4], exact: bool) -> [V; 4] {
    if exact { lorenzo(line) } else { lossy(line) }
}

/// See [`block::lift`](crate::block). Sums wrap, hence twice a number less the sum of it and
/// another is their difference.
#[inline(always)]
fn lossy<V: Lanes>([mut x, mut y, mut z, mut w]: [V; 4]) -> [V; 4] {
    y = y.add(w.half());
    w = w.sub(y.half());
    [y, w] = [y.add(w), w.sub(y)];
    [z, x] = [z.add(x), x.sub(z)];
    [y, z] = [y.add(z), z.sub(y)];
    [w, x] = [w.add(x), x.sub(w)];
    [x, y, z, w]
}

#[inline(always)]
fn lorenzo<V: Lanes>([x, mut y, mut z, mut w]: [V; 4]) -> [V; 4] {
    w = w.add(z);
    z = z.add(y);
    w = w.add(z);
    y = y.add(x);
    z = z.add(y);
    w = w.add(z);
    [x, y, z, w]
}
