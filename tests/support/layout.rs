//! Arrays laid out in memory in many ways.

use std::rc::Rc;

use zfp_wgpu::{Field, FieldMut};

use super::Value;

/// A shape, the strides of its axes in values, and where the value at index 0 is.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Sizes, slowest axis first.
    pub shape: Vec<usize>,
    /// Strides in values.
    pub strides: Vec<isize>,
    /// Place of the value at index 0.
    pub start: usize,
    /// Values of memory, those between included.
    pub len: usize,
}

impl Layout {
    /// C order.
    pub fn contiguous(shape: &[usize]) -> Self {
        Self::padded(shape, &vec![0; shape.len()])
    }

    /// C order, with a gap of some values after each run along an axis.
    fn padded(shape: &[usize], gaps: &[usize]) -> Self {
        let mut strides = vec![0; shape.len()];
        let mut stride = 1;
        for (axis, &size) in shape.iter().enumerate().rev() {
            stride += gaps[axis];
            strides[axis] = stride as isize;
            stride *= size;
        }
        Self { shape: shape.to_vec(), strides, start: 0, len: stride }
    }

    /// Axis `i` of memory becomes axis `order[i]`.
    fn permuted(shape: &[usize], order: &[usize]) -> Self {
        let inner: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let plain = Self::contiguous(&inner);
        let mut strides = plain.strides.clone();
        for (&axis, stride) in order.iter().zip(plain.strides) {
            strides[axis] = stride;
        }
        Self { shape: shape.to_vec(), strides, ..plain }
    }

    /// Runs backwards along these axes.
    fn reversed(mut self, axes: impl Fn(usize) -> bool) -> Self {
        for axis in (0..self.shape.len()).filter(|&axis| axes(axis)) {
            self.start = self
                .start
                .checked_add_signed((self.shape[axis] as isize - 1) * self.strides[axis])
                .unwrap();
            self.strides[axis] = -self.strides[axis];
        }
        self
    }

    /// Repeats the values along an axis.
    fn broadcast(mut self, axis: usize) -> Self {
        self.strides[axis] = 0;
        self
    }

    /// A sliding window: a step along any axis is a step to the next value.
    fn sliding(shape: &[usize]) -> Self {
        let len = shape.iter().map(|size| size - 1).sum::<usize>() + 1;
        Self { shape: shape.to_vec(), strides: vec![1; shape.len()], start: 0, len }
    }

    /// Every sort of layout that a view can have.
    pub fn all(shape: &[usize]) -> Vec<Self> {
        let dims = shape.len();
        let backwards: Vec<usize> = (0..dims).rev().collect();
        let rotated: Vec<usize> = (0..dims).map(|axis| (axis + 1) % dims).collect();
        let gaps = &[2, 0, 5, 1][4 - dims..];
        vec![
            Self::contiguous(shape),
            Self::permuted(shape, &backwards),
            Self::contiguous(shape).reversed(|_| true),
            Self::permuted(shape, &rotated).reversed(|axis| axis % 2 == 1),
            Self::padded(shape, gaps),
            Self::padded(shape, gaps).reversed(|axis| axis == 0),
            Self::contiguous(shape).broadcast(0),
            Self::contiguous(shape).broadcast(dims - 1),
            Self::sliding(shape),
        ]
    }

    /// Whether several indices name one value.
    pub fn shares_memory(&self) -> bool {
        let repeats = |(&size, &stride): (&usize, &isize)| size > 1 && stride == 0;
        self.shape.iter().zip(&self.strides).any(repeats) || self.len < self.shape.iter().product()
    }

    /// Where each value is, in C order.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![self.start];
        for (&size, &stride) in self.shape.iter().zip(&self.strides) {
            let along = |place: usize| {
                (0..size as isize).map(move |i| place.checked_add_signed(i * stride).unwrap())
            };
            places = places.into_iter().flat_map(along).collect();
        }
        places
    }
}

/// Memory in which an array is laid out.
pub struct Memory<T> {
    /// The values and what lies between.
    pub items: Vec<T>,
    /// Where the values are.
    pub layout: Layout,
    /// The same for each value, in C order.
    places: Rc<[usize]>,
}

impl<T: Value> Memory<T> {
    /// A C-ordered array, laid out; where values share memory the last one stays.
    pub fn of(values: &[T], layout: &Layout) -> Self {
        let places = layout.places().into();
        Self { items: Vec::new(), layout: layout.clone(), places }.with(values)
    }

    /// The same layout with a pattern everywhere.
    pub fn blank(&self) -> Self {
        let pattern = T::from_word(0x5a5a_5a5a_5a5a_5a5a);
        Self {
            items: vec![pattern; self.layout.len],
            layout: self.layout.clone(),
            places: Rc::clone(&self.places),
        }
    }

    /// The same layout with other values, and the pattern between them.
    pub fn with(&self, values: &[T]) -> Self {
        let mut memory = self.blank();
        for (&place, &value) in self.places.iter().zip(values) {
            memory.items[place] = value;
        }
        memory
    }

    /// The array in C order.
    pub fn values(&self) -> Vec<T> {
        self.places.iter().map(|&place| self.items[place]).collect()
    }

    /// The array, to compress.
    pub fn field(&self) -> Field<'_> {
        let Layout { shape, strides, start, .. } = &self.layout;
        Field::strided(&self.items, shape, strides, *start).unwrap()
    }

    /// The array, to decompress into.
    pub fn field_mut(&mut self) -> FieldMut<'_> {
        let Layout { shape, strides, start, .. } = &self.layout;
        FieldMut::strided(&mut self.items, shape, strides, *start).unwrap()
    }
}
