//! Is a caller's own device to be trusted: a trial beside the CPU, through `gpu::resident`.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::check::{field, field_mut, trial_bytes};
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::cpu;
use crate::error::{Error, Result};
use crate::gpu::resident::{Array, Codec, wgpu};
use crate::mode::Mode;
use crate::scalar::ScalarType;

/// How long the device may take: one in software first compiles a kernel for a minute.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long one look at the device may take.
const LOOK: Duration = Duration::from_millis(100);

impl Codec {
    /// Tries the kernels for these types and numbers of dimensions: a few blocks there and
    /// back, which must be what the CPU makes of them.
    ///
    /// Kernels are compiled for it, and the device is waited for. Drivers have faults, and
    /// [`Codec::compress`] cannot see what comes of them: call this once for a new device.
    ///
    /// # Errors
    ///
    /// [`Error::GpuDiffers`] if the device is not to be used for this, [`Error::GpuFailed`]
    /// with what wgpu says if it fails, and [`Error::Dimensions`].
    pub fn check(&self, queue: &wgpu::Queue, scalars: &[ScalarType], dims: &[usize]) -> Result<()> {
        for &dims in dims {
            let shape: &[usize] = match dims {
                1 => &[1021],
                2 => &[45, 47],
                3 => &[13, 14, 21],
                4 => &[5, 6, 9, 21],
                got => return Err(Error::Dimensions { got }),
            };
            for &scalar in scalars {
                // Whole words, and odd bits.
                for bits in [64 << dims, (37 << dims) + 5] {
                    let params = Params { minbits: bits, maxbits: bits, ..Params::default() };
                    self.check_one(queue, scalar, shape, params)?;
                }
            }
        }
        Ok(())
    }

    fn check_one(
        &self,
        queue: &wgpu::Queue,
        scalar: ScalarType,
        shape: &[usize],
        params: Params,
    ) -> Result<()> {
        let bytes = trial_bytes(scalar, shape.iter().product());
        let source = field(&bytes, scalar, shape)?;
        let mut stream = BitWriter::default();
        cpu::compress(&source, params, NonFinitePolicy::Error, Some(1), &mut stream)?;
        let stream = stream.finish(64);
        let mut values = vec![0; bytes.len()];
        let mut target = field_mut(&mut values, scalar, shape)?;
        cpu::decompress(&stream, 0, params, Some(1), &mut target)?;

        let adapter = self.device().adapter_info().name;
        let found = self
            .there_and_back(queue, &bytes, stream.len() as u64, scalar, shape, params)
            .map_err(|stop| match stop {
                Stop::Error(error) => error,
                Stop::Device(reason) => Error::GpuFailed { adapter: adapter.clone(), reason },
            })?;
        let (found_stream, found_values) = found.split_at(stream.len().min(found.len()));
        let block = match found_stream.iter().zip(&stream).position(|(a, b)| a != b) {
            Some(byte) => 8 * byte as u64 / u64::from(params.maxbits),
            None if found_values == values => return Ok(()),
            None => 0,
        };
        Err(Error::GpuDiffers { adapter, block })
    }

    /// The device's stream of these values, and its values of that stream.
    fn there_and_back(
        &self,
        queue: &wgpu::Queue,
        bytes: &[u8],
        stream_bytes: u64,
        scalar: ScalarType,
        shape: &[usize],
        params: Params,
    ) -> std::result::Result<Vec<u8>, Stop> {
        use wgpu::{BufferUsages as Usage, ErrorFilter};

        let device = self.device();
        let scopes = [ErrorFilter::Internal, ErrorFilter::OutOfMemory, ErrorFilter::Validation]
            .map(|filter| device.push_error_scope(filter));
        let buffer = |size, usage| {
            let descriptor = wgpu::BufferDescriptor {
                label: Some("zfp check"),
                size,
                usage,
                mapped_at_creation: false,
            };
            device.create_buffer(&descriptor)
        };
        let (values_bytes, mode) = (bytes.len() as u64, Mode::Expert(params));
        let input = buffer(values_bytes, Usage::STORAGE | Usage::COPY_DST);
        let stream = buffer(stream_bytes, Usage::STORAGE | Usage::COPY_SRC);
        let output = buffer(values_bytes, Usage::STORAGE | Usage::COPY_SRC);
        let look = buffer(stream_bytes + values_bytes, Usage::MAP_READ | Usage::COPY_DST);
        let record = || -> Result<wgpu::SubmissionIndex> {
            queue.write_buffer(&input, 0, bytes);
            let mut encoder =
                device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let array = Array::new(&input, scalar, shape);
            self.compress(&mut encoder, &array, mode, false, &stream, 0)?;
            let array = Array::new(&output, scalar, shape);
            self.decompress(&mut encoder, &stream, 0, mode, false, &array)?;
            encoder.copy_buffer_to_buffer(&stream, 0, &look, 0, stream_bytes);
            encoder.copy_buffer_to_buffer(&output, 0, &look, stream_bytes, values_bytes);
            Ok(queue.submit([encoder.finish()]))
        };
        let recorded = record();
        let (sender, mapped) = mpsc::channel();
        if recorded.is_ok() {
            look.map_async(wgpu::MapMode::Read, .., move |result| drop(sender.send(result)));
        }
        let mut caught = None;
        for scope in scopes.into_iter().rev() {
            caught = caught.or(pollster::block_on(scope.pop()));
        }
        let submission = recorded?;
        if let Some(error) = caught {
            let words: Vec<_> = error.to_string().split_whitespace().map(str::to_owned).collect();
            return Err(Stop::Device(words.join(" ")));
        }
        let begun = Instant::now();
        loop {
            let submission_index = Some(submission.clone());
            match device.poll(wgpu::PollType::Wait { submission_index, timeout: Some(LOOK) }) {
                Ok(_) | Err(wgpu::PollError::Timeout) => {}
                Err(error) => return Err(Stop::Device(error.to_string())),
            }
            match mapped.recv_timeout(Duration::from_millis(1)) {
                Ok(Ok(())) => break,
                Err(mpsc::RecvTimeoutError::Timeout) if begun.elapsed() < PATIENCE => {}
                Ok(Err(error)) => return Err(Stop::Device(error.to_string())),
                Err(_) => return Err(Stop::Device("no answer".to_owned())),
            }
        }
        let view = look.get_mapped_range(..).map_err(|error| Stop::Device(error.to_string()))?;
        Ok(view.to_vec())
    }
}

/// Why there is no result.
enum Stop {
    Error(Error),
    Device(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}
