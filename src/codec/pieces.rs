//! An array cut into parts whose blocks follow each other in the stream.

use crate::error::Result;
use crate::field::check_shape;

/// A box of an array: the blocks in it follow each other in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Piece {
    /// Index of its first value along each axis; multiples of 4.
    pub start: Vec<usize>,
    /// Its shape, the slowest axis first.
    pub shape: Vec<usize>,
}

impl Piece {
    /// Values in the piece.
    #[must_use]
    pub fn values(&self) -> usize {
        self.shape.iter().product()
    }

    /// The runs of values that make up the piece in a C-ordered array of this shape: the
    /// index of each run's first value, and the length of all of them.
    ///
    /// ```
    /// // The last rows of an array of 10 × 3 are one run, if pieces are cut along rows only.
    /// let pieces: Vec<_> = zfp_wgpu::Pieces::new(&[10, 3], 12)?.collect();
    /// let (starts, length) = pieces[2].runs(&[10, 3]);
    /// assert_eq!((starts, length), (vec![24], 6));
    /// # Ok::<(), zfp_wgpu::Error>(())
    /// ```
    #[must_use]
    pub fn runs(&self, shape: &[usize]) -> (Vec<u64>, usize) {
        // Behind the last axis that is cut, everything is one run.
        let dims = shape.len().min(self.shape.len());
        let cut = (0..dims).rev().find(|&axis| self.shape[axis] < shape[axis]).unwrap_or(0);
        let behind = |axis: usize| shape[axis + 1..].iter().map(|&size| size as u64).product();
        let strides: Vec<u64> = (0..=cut).map(behind).collect();
        let first: u64 = self.start.iter().zip(&strides).map(|(&at, step)| at as u64 * step).sum();
        let mut starts = vec![first];
        for (&size, &stride) in self.shape[..cut].iter().zip(&strides) {
            let along = |start: u64| (0..size as u64).map(move |i| start + i * stride);
            starts = starts.into_iter().flat_map(along).collect();
        }
        (starts, self.shape[cut..].iter().product())
    }
}

/// All pieces of an array, in the order of the stream.
///
/// ```
/// let pieces: Vec<_> = zfp_wgpu::Pieces::new(&[10, 100], 400)?.collect();
/// assert_eq!(pieces.len(), 3);
/// assert_eq!((&pieces[2].start[..], &pieces[2].shape[..]), (&[8, 0][..], &[2, 100][..]));
/// # Ok::<(), zfp_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pieces {
    shape: Vec<usize>,
    /// The axis that is cut. Those before it are cut to blocks, those behind it not at all.
    axis: usize,
    /// Values of a piece along `axis`, a multiple of 4 or all there are.
    step: usize,
    /// Where the next piece begins.
    next: Option<Vec<usize>>,
}

impl Pieces {
    /// Cuts an array into pieces of at most `values` values, or of one block where that is
    /// more.
    pub fn new(shape: &[usize], values: usize) -> Result<Self> {
        check_shape(shape)?;
        let size = |axis: usize, step: usize| -> usize {
            let sizes = shape.iter().enumerate().map(|(a, &size)| match a.cmp(&axis) {
                std::cmp::Ordering::Less => size.min(4),
                std::cmp::Ordering::Equal => size.min(step),
                std::cmp::Ordering::Greater => size,
            });
            sizes.fold(1, usize::saturating_mul)
        };
        let last = shape.len() - 1;
        let axis = (0..last).find(|&axis| size(axis, 4) <= values).unwrap_or(last);
        let blocks = (values / size(axis, 1).max(1) / 4).max(1);
        let step = shape[axis].min(blocks.saturating_mul(4));
        Ok(Self { shape: shape.to_vec(), axis, step, next: Some(vec![0; shape.len()]) })
    }

    /// The piece that comes next, without passing over it.
    pub(super) fn peek(&self) -> Option<Piece> {
        let start = self.next.clone()?;
        let shape = start.iter().enumerate().map(|(axis, &at)| {
            let most = match axis.cmp(&self.axis) {
                std::cmp::Ordering::Less => 4,
                std::cmp::Ordering::Equal => self.step,
                std::cmp::Ordering::Greater => usize::MAX,
            };
            most.min(self.shape[axis] - at)
        });
        Some(Piece { shape: shape.collect(), start })
    }
}

impl Iterator for Pieces {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let piece = self.peek()?;
        let mut start = piece.start.clone();
        // The axes that are cut count like the digits of a number.
        self.next = (0..=self.axis).rev().find_map(|axis| {
            start[axis] += piece.shape[axis];
            if start[axis] < self.shape[axis] {
                return Some(start.clone());
            }
            start[axis] = 0;
            None
        });
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{Grid, Layout};

    /// Numbers of blocks, found in the grid by the place of each.
    fn blocks(piece: &Piece, shape: &[usize]) -> Vec<usize> {
        let layout = Layout::contiguous(shape, 4, usize::MAX / 2).unwrap();
        let grid = Grid::of(&layout);
        let inside = |at: [usize; 4]| {
            piece
                .start
                .iter()
                .zip(&piece.shape)
                .rev()
                .zip(at)
                .all(|((&start, &size), at)| (start..start + size).contains(&(4 * at)))
        };
        grid.range(0, grid.len()).filter(|block| inside(block.at)).map(|b| b.number).collect()
    }

    #[test]
    fn pieces_cover_the_stream_in_order() {
        for shape in [&[1][..], &[17], &[4, 5], &[3, 50], &[50, 3], &[9, 10, 11], &[5, 2, 9, 6]] {
            for most in [1, 4, 15, 16, 64, 100, 256, 1000, 1 << 20] {
                let mut next = 0;
                let mut values = vec![0u8; shape.iter().product()];
                for piece in Pieces::new(shape, most).unwrap() {
                    let numbers = blocks(&piece, shape);
                    assert_eq!(numbers, (next..next + numbers.len()).collect::<Vec<_>>());
                    assert!(piece.values() <= most.max(4usize.pow(shape.len() as u32)));
                    next += numbers.len();
                    let (starts, length) = piece.runs(shape);
                    assert_eq!(starts.len() * length, piece.values());
                    for start in starts {
                        values[start as usize..][..length].iter_mut().for_each(|seen| *seen += 1);
                    }
                }
                assert!(values.iter().all(|&seen| seen == 1), "{shape:?} {most}");
                let count: usize = shape.iter().map(|size| size.div_ceil(4)).product();
                assert_eq!(next, count, "{shape:?} {most}");
            }
        }
    }
}
