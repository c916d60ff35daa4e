//! Arrays and streams that stay on a device: the caller's own wgpu device, buffers and
//! commands; nothing is read back.
//!
//! A [`Codec`] compiles kernels for a device and keeps them. Its two functions record work
//! into the caller's encoder, on the caller's buffers, so that compression can be one step
//! among others between a simulation and a renderer, say. The bytes are those of
//! [`Compressor`](crate::Compressor) at the same fixed rate.
//!
//! See `examples/resident.rs` for a whole program.

use wgpu::BufferBinding;

use super::kernels::{Buffers, Direction, Kernel, Kernels, Work};
use super::pieces::{self, Carrier, Side};
use super::slabs::{Plan, Slab};
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::error::{Error, Result};
use crate::field::{Grid, Layout, Region};
use crate::header;
use crate::mode::Mode;
use crate::scalar::ScalarType;

/// The version of wgpu whose devices and buffers are meant.
pub use wgpu;

/// More bytes of values, stream or scratch are not handled by one dispatch.
const MOST_BYTES: u64 = 512 << 20;
/// The same for values that have to be brought together first, in a buffer of their own.
const MOST_GATHERED: u64 = 64 << 20;

/// An array in a buffer of the device, which must have the usage `STORAGE`.
///
/// Values are little-endian, as in the CPU's memory.
#[derive(Debug, Clone, Copy)]
pub struct Array<'a> {
    /// The buffer.
    pub buffer: &'a wgpu::Buffer,
    /// The type of the values.
    pub scalar: ScalarType,
    /// The shape, the slowest axis first; 1 to 4 axes.
    pub shape: &'a [usize],
    /// Steps along each axis in values, positive, negative or zero; `None` for C order.
    pub strides: Option<&'a [isize]>,
    /// Which value of the buffer is at index 0.
    pub start: usize,
}

impl<'a> Array<'a> {
    /// A C-ordered array that begins where its buffer begins.
    #[must_use]
    pub fn new(buffer: &'a wgpu::Buffer, scalar: ScalarType, shape: &'a [usize]) -> Self {
        Self { buffer, scalar, shape, strides: None, start: 0 }
    }

    fn layout(&self) -> Result<Layout> {
        let item = self.scalar.size();
        let len = usize::try_from(self.buffer.size()).unwrap_or(usize::MAX);
        let dense = || {
            let mut strides = vec![1isize; self.shape.len()];
            for axis in (1..self.shape.len()).rev() {
                strides[axis - 1] = strides[axis].saturating_mul(self.shape[axis] as isize);
            }
            strides
        };
        let strides = self.strides.map_or_else(dense, <[isize]>::to_vec);
        let in_bytes = |stride: &isize| stride.saturating_mul(item as isize);
        let strides: Vec<isize> = strides.iter().map(in_bytes).collect();
        Layout::strided(self.shape, &strides, self.start.saturating_mul(item), item, len)
    }
}

/// What [`Codec::compress`] recorded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recorded {
    /// Bytes that the stream will have, in whole 64-bit words.
    pub bytes: u64,
    /// 4 bytes (`STORAGE | COPY_SRC`) that will not be zero if a value was NaN or infinite,
    /// which makes its block arbitrary numbers. Always zero under [`NonFinitePolicy::Allow`].
    pub not_finite: wgpu::Buffer,
}

/// The kernels of one device.
#[derive(Debug)]
pub struct Codec {
    device: wgpu::Device,
    kernels: Kernels,
    carrier: Carrier,
    policy: NonFinitePolicy,
}

impl Codec {
    /// For this device. Nothing is compiled before it is needed, nor tried beside the CPU:
    /// [`Codec::check`] does that.
    ///
    /// The device needs no features. Its limits bound what one dispatch sees, and arrays
    /// larger than that are done in several; ask for the adapter's own limits, since
    /// wgpu's defaults are small.
    #[must_use]
    pub fn new(device: &wgpu::Device) -> Self {
        Self {
            device: device.clone(),
            kernels: Kernels::new(device.clone()),
            carrier: Carrier::default(),
            policy: NonFinitePolicy::default(),
        }
    }

    /// What is done with NaN and infinity, [`NonFinitePolicy::Error`] at first.
    ///
    /// Nothing is read back here, so that they are no error of [`Codec::compress`]: they
    /// raise the flag [`Recorded::not_finite`], which the caller may look at. The stream is
    /// the same under either policy.
    #[must_use]
    pub fn non_finite(mut self, policy: NonFinitePolicy) -> Self {
        self.policy = policy;
        self
    }

    pub(crate) fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// Bytes of the stream of an array, in whole 64-bit words, its header included if
    /// there is one: what the buffer for [`Codec::compress`] must have room for.
    pub fn stream_bytes(
        scalar: ScalarType,
        shape: &[usize],
        mode: Mode,
        header: bool,
    ) -> Result<u64> {
        Ok(Self::stream_bits(scalar, shape, mode, header)?.div_ceil(64) * 8)
    }

    fn stream_bits(scalar: ScalarType, shape: &[usize], mode: Mode, header: bool) -> Result<u64> {
        let params = fixed(mode, scalar, shape)?;
        let start = if header { header::bits(params) } else { 0 };
        let overflow = || Error::ShapeOverflow { shape: shape.to_vec() };
        let mut blocks = shape.iter().map(|&size| size.div_ceil(4) as u64);
        let blocks = blocks.try_fold(1u64, u64::checked_mul);
        let bits = blocks.and_then(|blocks| blocks.checked_mul(u64::from(params.maxbits)));
        // Room for whole 64-bit words.
        let bits = bits.and_then(|bits| bits.checked_add(start));
        bits.filter(|&bits| bits <= u64::MAX - 63).ok_or_else(overflow)
    }

    /// Records the compression of `array` into `stream`, from the byte `offset` on, which
    /// must be a multiple of the device's `min_storage_buffer_offset_alignment`.
    ///
    /// The buffer must have the usage `STORAGE` and not be the array's. Memory for blocks that
    /// are not whole words is allocated here: some half a gibibyte at most; and 64 MiB for
    /// arrays whose rows or planes lie further apart than the device binds.
    ///
    /// # Errors
    ///
    /// [`Error::GpuUnsupported`] if the mode has blocks that vary in size, or a buffer is
    /// too small, of the wrong usage or the array's own; [`Error::OutOfBounds`] and others for an impossible
    /// array. What the device says goes to the caller's error scopes.
    pub fn compress(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        array: &Array<'_>,
        mode: Mode,
        header: bool,
        stream: &wgpu::Buffer,
        offset: u64,
    ) -> Result<Recorded> {
        let bytes = Self::stream_bytes(array.scalar, array.shape, mode, header)?;
        let job = Job::new(self, array, mode, header, stream, offset)?;
        if offset.saturating_add(bytes) > stream.size() {
            let room = stream.size().saturating_sub(offset);
            return unsupported(format!("the stream takes {bytes} bytes, and there are {room}"));
        }
        let not_finite = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("zfp status"),
            size: 4,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let mut head = BitWriter::default();
        if header {
            header::write(&mut head, array.scalar, array.shape, job.params)?;
        }
        job.record(encoder, Direction::Encode, &head.finish(64), &not_finite)?;
        Ok(Recorded { bytes, not_finite })
    }

    /// Records the decompression of `stream`, from the byte `offset` on, into `array`, whose
    /// type and shape must be those that were compressed in this mode.
    ///
    /// With `header`, that many bits are passed over; they are not read, since they are on
    /// the device. Whatever bits there are, values come of them. The stream may end with the
    /// 32-bit word that holds its last bit.
    ///
    /// # Errors
    ///
    /// As [`Codec::compress`], and [`Error::Truncated`] if the buffer ends before the array.
    /// Values that share memory (strides of zero, say) are refused, since their order would
    /// be anybody's guess.
    pub fn decompress(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        stream: &wgpu::Buffer,
        offset: u64,
        mode: Mode,
        header: bool,
        array: &Array<'_>,
    ) -> Result<()> {
        let bits = Self::stream_bits(array.scalar, array.shape, mode, header)?;
        let job = Job::new(self, array, mode, header, stream, offset)?;
        // Devices bind whole words.
        let (needed, got) = (bits.div_ceil(32) * 4, (stream.size() & !3).saturating_sub(offset));
        if needed > got {
            return Err(Error::Truncated { needed, got });
        }
        if !job.layout.is_nested() {
            return unsupported("values of the array share memory".to_owned());
        }
        let unused = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("zfp status"),
            size: 4,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        });
        job.record(encoder, Direction::Decode, &[], &unused)
    }
}

/// What both directions have in common.
struct Job<'a> {
    codec: &'a Codec,
    array: Array<'a>,
    layout: Layout,
    params: Params,
    /// Bits of the header.
    start: u64,
    stream: &'a wgpu::Buffer,
    offset: u64,
    alignment: u64,
    most_bytes: u64,
}

impl<'a> Job<'a> {
    fn new(
        codec: &'a Codec,
        array: &Array<'a>,
        mode: Mode,
        header: bool,
        stream: &'a wgpu::Buffer,
        offset: u64,
    ) -> Result<Self> {
        let params = fixed(mode, array.scalar, array.shape)?;
        if array.buffer == stream {
            return unsupported("the array and the stream are in one buffer".to_owned());
        }
        let limits = codec.device.limits();
        let alignment = u64::from(limits.min_storage_buffer_offset_alignment).max(16);
        if !offset.is_multiple_of(alignment) {
            return unsupported(format!("the offset {offset} is not a multiple of {alignment}"));
        }
        for buffer in [array.buffer, stream] {
            if !buffer.usage().contains(wgpu::BufferUsages::STORAGE) {
                return unsupported("a buffer lacks the usage STORAGE".to_owned());
            }
        }
        let most_bytes = limits.max_storage_buffer_binding_size.min(MOST_BYTES);
        let start = if header { header::bits(params) } else { 0 };
        let layout = array.layout()?;
        Ok(Self {
            codec,
            array: *array,
            layout,
            params,
            start,
            stream,
            offset,
            alignment,
            most_bytes,
        })
    }

    fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        direction: Direction,
        head: &[u8],
        status: &wgpu::Buffer,
    ) -> Result<()> {
        let kernel = Kernel { scalar: self.array.scalar, dims: self.array.shape.len(), direction };
        let (size, grid) = (self.layout.size, Grid::of(&self.layout));
        let plain = Plan::new(size, grid, |size| self.fits(size)).map(|plan| (plan, false));
        let together = || Plan::new(size, grid, |size| self.fits_together(size));
        let Some((plan, apart)) = plain.or_else(|| together().map(|plan| (plan, true))) else {
            let (bits, most) = (self.params.maxbits, self.most_bytes);
            return unsupported(format!(
                "a block has {bits} bits, and the device binds {most} bytes"
            ));
        };
        let device = &self.codec.device;
        let pipelines = self.codec.kernels.get(kernel);
        let grow = |buffer: &mut Option<wgpu::Buffer>, bytes: u64| {
            if bytes > buffer.as_ref().map_or(0, wgpu::Buffer::size) {
                *buffer = Some(device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("zfp scratch"),
                    size: bytes.next_multiple_of(16),
                    usage: wgpu::BufferUsages::STORAGE,
                    mapped_at_creation: false,
                }));
            }
        };
        // One of each for all slabs, which are done one after the other.
        let (mut scratch, mut together) = (None, None);
        for number in 0..plan.len() {
            let slab = plan.slab(number);
            let (mut work, stream) = self.work(&slab, head, number > 0);
            if direction == Direction::Encode && work.scratch_bytes() > 0 {
                grow(&mut scratch, work.scratch_bytes());
            }
            if apart {
                grow(&mut together, (slab.region.values() * self.layout.item) as u64);
            }
            let side = match &together {
                None => self.side(slab.region),
                Some(buffer) => Side {
                    binding: buffer.as_entire_buffer_binding(),
                    stride: pieces::dense(slab.region.size),
                    start: 0,
                },
            };
            (work.stride, work.start) = (side.stride, side.start);
            if apart && direction == Direction::Encode {
                self.carry(encoder, &slab, &side, |inside, outside| [outside, inside]);
            }
            let values = side.binding.clone();
            let buffers = Buffers { values, stream, scratch: scratch.as_ref(), status };
            pipelines.record(device, encoder, &work, &buffers, None);
            if apart && direction == Direction::Decode {
                self.carry(encoder, &slab, &side, |inside, outside| [inside, outside]);
            }
        }
        Ok(())
    }

    /// Moves the values of a slab between the array and the buffer where they are together.
    fn carry(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        slab: &Slab,
        together: &Side<'_>,
        way: for<'b> fn(&'b Side<'b>, &'b Side<'b>) -> [&'b Side<'b>; 2],
    ) {
        let most = u128::from(self.most_bytes).saturating_sub(self.around());
        let Layout { stride, item, .. } = self.layout;
        for piece in pieces::pieces(slab.region.size, stride, most) {
            let origin = std::array::from_fn(|a| slab.region.origin[a] + piece.origin[a]);
            let outside = self.side(Region { origin, ..piece });
            let steps = piece.origin.iter().zip(together.stride);
            let start = steps.map(|(&at, stride)| at as u32 * stride as u32).sum();
            let inside = Side { start, ..together.clone() };
            let sides = way(&inside, &outside);
            self.codec.carrier.record(&self.codec.device, encoder, piece.size, item, sides);
        }
    }

    /// Bytes that a binding may have beside those that are meant: it begins at a multiple
    /// of the alignment.
    fn around(&self) -> u128 {
        2 * u128::from(self.alignment) + 64
    }

    /// Whether one dispatch can do a slab of this size, wherever it is.
    fn fits(&self, size: [usize; 4]) -> bool {
        let reach = pieces::reach(size, self.layout.stride) + self.layout.item as u128;
        reach + self.around() <= u128::from(self.most_bytes) && self.fits_stream(size)
    }

    /// The same if the slab's values are brought together first.
    fn fits_together(&self, size: [usize; 4]) -> bool {
        let values: u128 = size.iter().map(|&size| size as u128).product();
        let most = self.most_bytes.min(MOST_GATHERED);
        values * self.layout.item as u128 + self.around() <= u128::from(most)
            && self.fits_stream(size)
    }

    fn fits_stream(&self, size: [usize; 4]) -> bool {
        let blocks: u128 = size.iter().map(|&size| size.div_ceil(4) as u128).product();
        let stream = blocks * u128::from(self.params.maxbits.next_multiple_of(32)) / 8;
        stream + self.around() <= u128::from(self.most_bytes)
    }

    /// The part of the array's buffer that holds a region.
    fn side(&self, region: Region) -> Side<'a> {
        let item = self.layout.item;
        let first = self.layout.byte(region.origin) as u64;
        let steps = region.size.iter().zip(self.layout.stride);
        let reach = |sign: isize| -> u64 {
            let ways = steps.clone().filter(|&(_, stride)| stride.signum() == sign);
            ways.map(|(&size, stride)| (size as u64 - 1) * stride.unsigned_abs() as u64).sum()
        };
        let low = (first - reach(-1)) / self.alignment * self.alignment;
        Side {
            binding: binding(self.array.buffer, low, first + reach(1) + item as u64),
            // Axes of one value may have any stride, which is not used.
            stride: self.layout.stride.map(|stride| (stride / item as isize) as i32),
            start: ((first - low) / item as u64) as u32,
        }
    }

    /// A slab's work, but for where its values are, and the part of the stream that it sees.
    fn work(&self, slab: &Slab, head: &[u8], later: bool) -> (Work, BufferBinding<'a>) {
        let bit = 8 * self.offset + self.start + slab.first * u64::from(self.params.maxbits);
        let base = bit / 8 / self.alignment * self.alignment;
        // The first slab writes what comes before the blocks.
        let base = if later { base } else { self.offset };
        let first_bit = bit - 8 * base;
        let end = (first_bit + slab.blocks * u64::from(self.params.maxbits)).div_ceil(64) * 8;
        let stream = binding(self.stream, base, base + end);
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(head.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let work = Work {
            size: slab.region.size.map(|size| size as u32),
            stride: [0; 4],
            start: 0,
            params: self.params,
            policy: self.codec.policy,
            first_bit: first_bit as u32,
            head: words,
            keep: later,
        };
        (work, stream)
    }
}

fn binding(buffer: &wgpu::Buffer, from: u64, to: u64) -> BufferBinding<'_> {
    // Whole vectors, as far as the buffer goes.
    let to = to.next_multiple_of(16).min(buffer.size() & !3);
    BufferBinding { buffer, offset: from, size: std::num::NonZero::new(to - from) }
}

/// The parameters of a mode whose blocks all have the same number of bits.
fn fixed(mode: Mode, scalar: ScalarType, shape: &[usize]) -> Result<Params> {
    crate::field::check_shape(shape)?;
    let params = mode.params(scalar, shape.len())?;
    if params.fixed_bits().is_none() || params.is_reversible() {
        return unsupported(format!("{mode:?} has blocks that vary in size"));
    }
    Ok(params)
}

fn unsupported<T>(reason: String) -> Result<T> {
    Err(Error::GpuUnsupported { reason })
}
