//! LLNL zfp, in C.

use std::ffi::c_void;
use std::ptr::NonNull;

use anyhow::{Context, Result, bail, ensure};
use zfp_sys as zfp;
use zfp_wgpu::{Mode, ScalarType};

use crate::cases::Value;
use crate::peer::Peer;

/// An array, its stream, and room for what comes back.
pub(crate) struct Reference<'a, T> {
    input: Array,
    output: Array,
    stream: Stream,
    /// Bytes of the last stream written.
    written: usize,
    values: &'a [T],
    decoded: Vec<T>,
}

impl<'a, T: Value> Reference<'a, T> {
    pub(crate) fn new(values: &'a [T], shape: &[usize], mode: Mode) -> Result<Self> {
        ensure!(shape.iter().product::<usize>() == values.len(), "shape and values differ");
        let (input, output) = (Array::new(T::TYPE, shape)?, Array::new(T::TYPE, shape)?);
        let stream = Stream::new(&input, T::TYPE, shape.len(), mode)?;
        let decoded = vec![T::zeroed(); values.len()];
        Ok(Self { input, output, stream, written: 0, values, decoded })
    }
}

impl<T: Value> Peer for Reference<'_, T> {
    fn encode(&mut self) -> Result<()> {
        let values = self.values.as_ptr().cast_mut().cast::<c_void>();
        let (stream, field) = (self.stream.parameters.as_ptr(), self.input.0.as_ptr());
        // SAFETY:
        // * `stream` and `field` came from the library and live until `self` is dropped;
        // * `values` are as many as the field's shape says and of its type, as the
        //   constructor saw to, and are only read;
        // * the buffer takes `zfp_stream_maximum_size` bytes, the most that header and
        //   blocks of this field and mode can be.
        self.written = unsafe {
            zfp::zfp_field_set_pointer(field, values);
            zfp::zfp_stream_rewind(stream);
            ensure!(zfp::zfp_write_header(stream, field, zfp::ZFP_HEADER_FULL) != 0, "header");
            zfp::zfp_compress(stream, field)
        };
        ensure!(self.written != 0, "zfp_compress failed");
        Ok(())
    }

    fn stream(&self) -> &[u8] {
        let bytes = self.stream.buffer.as_ptr().cast::<u8>();
        // SAFETY: the buffer was all zeros when made and is `room` bytes long; nothing
        // writes to it while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(bytes, self.written.min(self.stream.room)) }
    }

    fn decode(&mut self) -> Result<()> {
        ensure!(self.written != 0, "nothing to decode");
        let values = self.decoded.as_mut_ptr().cast::<c_void>();
        let (stream, field) = (self.stream.parameters.as_ptr(), self.output.0.as_ptr());
        // SAFETY:
        // * as in `encode`; `values` are as many as the array's, and ours alone;
        // * the stream is one that `encode` has written from an array of this shape and
        //   type, so that the header sets what the field has, and no more is read than
        //   was written.
        let read = unsafe {
            zfp::zfp_field_set_pointer(field, values);
            zfp::zfp_stream_rewind(stream);
            ensure!(zfp::zfp_read_header(stream, field, zfp::ZFP_HEADER_FULL) != 0, "header");
            zfp::zfp_decompress(stream, field)
        };
        ensure!(read != 0, "zfp_decompress failed");
        Ok(())
    }

    fn output(&self) -> &[u8] {
        bytemuck::cast_slice(&self.decoded)
    }
}

/// The C library's description of an array; its memory is named at each call.
struct Array(NonNull<zfp::zfp_field>);

impl Array {
    fn new(scalar: ScalarType, shape: &[usize]) -> Result<Self> {
        let mut sizes = shape.iter().rev().copied();
        let (scalar, mut next) = (scalar.code(), || sizes.next().unwrap_or(0));
        let null = std::ptr::null_mut();
        // SAFETY: these only store their arguments in memory of their own.
        let field = unsafe {
            match shape.len() {
                1 => zfp::zfp_field_1d(null, scalar, next()),
                2 => zfp::zfp_field_2d(null, scalar, next(), next()),
                3 => zfp::zfp_field_3d(null, scalar, next(), next(), next()),
                4 => zfp::zfp_field_4d(null, scalar, next(), next(), next(), next()),
                dims => bail!("{dims} dimensions"),
            }
        };
        NonNull::new(field).map(Self).context("out of memory")
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        // SAFETY: made by the library and freed nowhere else.
        unsafe { zfp::zfp_field_free(self.0.as_ptr()) }
    }
}

/// The C library's stream over a buffer of ours.
struct Stream {
    parameters: NonNull<zfp::zfp_stream>,
    bits: NonNull<zfp::bitstream>,
    /// From `Box::into_raw`, since the library keeps a pointer to it; words, as its
    /// alignment asks for.
    buffer: NonNull<[u64]>,
    /// Bytes of it.
    room: usize,
}

impl Stream {
    fn new(field: &Array, scalar: ScalarType, dims: usize, mode: Mode) -> Result<Self> {
        // SAFETY: a stream without a buffer is what the library's own examples open.
        let parameters = unsafe { zfp::zfp_stream_open(std::ptr::null_mut()) };
        let parameters = NonNull::new(parameters).context("out of memory")?;
        let stream = parameters.as_ptr();
        // SAFETY: `stream` was opened above, `field` lives as long as its borrow, and
        // these set or read numbers only.
        let room = unsafe {
            match mode {
                Mode::Rate(rate) => {
                    zfp::zfp_stream_set_rate(stream, rate, scalar.code(), dims as u32, 0);
                }
                Mode::Precision(planes) => {
                    zfp::zfp_stream_set_precision(stream, planes);
                }
                Mode::Accuracy(tolerance) => {
                    zfp::zfp_stream_set_accuracy(stream, tolerance);
                }
                Mode::Reversible => zfp::zfp_stream_set_reversible(stream),
                other => bail!("{other:?} is not measured"),
            }
            zfp::zfp_stream_set_execution(stream, zfp::zfp_exec_policy_zfp_exec_serial);
            zfp::zfp_stream_maximum_size(stream, field.0.as_ptr())
        };
        ensure!(room != 0, "zfp_stream_maximum_size failed");

        let words = vec![0u64; room.div_ceil(8)].into_boxed_slice();
        let room = size_of_val(&*words);
        let buffer = NonNull::from(Box::leak(words));
        // SAFETY: the buffer is `room` bytes of words and outlives the stream, whose
        // `drop` closes it first.
        let bits = unsafe { zfp::stream_open(buffer.as_ptr().cast::<c_void>(), room) };
        let bits = NonNull::new(bits).context("out of memory")?;
        // SAFETY: both were opened above.
        unsafe { zfp::zfp_stream_set_bit_stream(stream, bits.as_ptr()) };
        Ok(Self { parameters, bits, buffer, room })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: all three were made by `new`, are freed nowhere else, and nothing uses
        // the buffer once the two streams are closed.
        unsafe {
            zfp::zfp_stream_close(self.parameters.as_ptr());
            zfp::stream_close(self.bits.as_ptr());
            drop(Box::from_raw(self.buffer.as_ptr()));
        }
    }
}
