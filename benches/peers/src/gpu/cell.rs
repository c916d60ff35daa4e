//! One cell and one size: the GPU beside the CPU, C and plain copies.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use zfp_wgpu::{
    Compressor, Decompressor, Device, Field, FieldMut, Seconds, Selector, last_run,
    wait_until_started,
};

use crate::cases::{Case, Value};
use crate::copies::Bus;
use crate::peer::Peer;
use crate::timing::{self, Rounds};

/// Above this many bytes what runs on one thread is left out: it takes long, and goes no
/// faster than with fewer.
const SERIAL: usize = 256 << 20;

/// What was measured in one direction; times are seconds.
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) decode: bool,
    /// The size asked for, and the bytes that the array and its stream have.
    pub(crate) size: u64,
    pub(crate) bytes: usize,
    pub(crate) stream: usize,
    /// From the call to its result.
    pub(crate) gpu: f64,
    pub(crate) parts: Parts,
    /// As many bytes there and back, without any work.
    pub(crate) plain: f64,
    /// The library's own choice between the two.
    pub(crate) auto: f64,
    /// The CPU with all threads and, for arrays not too large, with one; C with one.
    pub(crate) all: f64,
    pub(crate) one: Option<f64>,
    pub(crate) c: Option<f64>,
}

impl Row {
    /// Gigabytes (10^9 bytes) of the array in a second.
    pub(crate) fn speed(&self, seconds: f64) -> f64 {
        self.bytes as f64 / seconds / 1e9
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Gpu,
    Auto,
    Plain,
    All,
    One,
    C,
}

/// What the library says of its calls; on the device they overlap.
#[derive(Clone, Copy)]
pub(crate) struct Parts {
    pub(crate) upload: f64,
    pub(crate) kernel: f64,
    pub(crate) download: f64,
}

impl Parts {
    /// The median of each.
    fn of(runs: &[Seconds]) -> Self {
        let median = |part: fn(&Seconds) -> std::time::Duration| {
            timing::median(runs.iter().map(|run| part(run).as_secs_f64()).collect())
        };
        Self {
            upload: median(|run| run.upload),
            kernel: median(|run| run.kernel),
            download: median(|run| run.download),
        }
    }
}

/// What to measure.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a, T> {
    pub(crate) case: Case,
    pub(crate) size: u64,
    pub(crate) shape: &'a [usize],
    pub(crate) values: &'a [T],
    /// The device's place in the library's list.
    pub(crate) device: usize,
}

/// A shape of whole blocks with about so many values, as in [`crate::cases::shape`].
pub(crate) fn shape(dims: usize, values: usize) -> Vec<usize> {
    let mut side = (values as f64).powf(1.0 / dims as f64) as usize / 4 * 4;
    if side.is_power_of_two() {
        side += 4;
    }
    let mut shape = vec![side; dims];
    shape[0] = 1;
    shape[0] = (values / shape.iter().product::<usize>() / 4 * 4).max(4);
    shape
}

impl<T: Value> Cell<'_, T> {
    /// For the GPU, the CPU with all threads and with one, and the library's choice.
    fn compressors(&self) -> [Compressor; 4] {
        let with = |device, threads: Option<usize>| {
            Compressor::new(self.case.mode).device(device).threads(threads)
        };
        let [all, one] = [None, Some(1)].map(|threads| with(Device::Cpu, threads));
        [with(self.gpu(), None), all, one, with(Device::Auto, None)]
    }

    /// Likewise.
    fn decompressors(&self) -> [Decompressor; 4] {
        let with =
            |device, threads: Option<usize>| Decompressor::new().device(device).threads(threads);
        let [all, one] = [None, Some(1)].map(|threads| with(Device::Cpu, threads));
        [with(self.gpu(), None), all, one, with(Device::Auto, None)]
    }

    fn gpu(&self) -> Device {
        Device::Gpu(Selector::Index(self.device))
    }

    fn into(&self, values: &mut [T], stream: &[u8], decompressor: &Decompressor) -> Result<()> {
        let field = FieldMut::new(values, self.shape)?;
        Ok(decompressor.decompress_into(black_box(stream), field)?)
    }

    /// Whether the GPU gives what the CPU and C give; the stream.
    pub(crate) fn check(&self) -> Result<Vec<u8>> {
        let field = Field::new(self.values, self.shape)?;
        let [gpu, all, one, _] = self.compressors();
        let stream = all.compress(&field)?;
        ensure!(gpu.compress(&field)? == stream, "the GPU's stream differs");
        ensure!(ran_on_gpu()?, "the CPU answered for the GPU");
        let [gpu, all, ..] = self.decompressors();
        let mut expected = vec![T::zeroed(); self.values.len()];
        // Not the same beforehand: what is not written is seen.
        let mut found = self.values.to_vec();
        self.into(&mut expected, &stream, &all)?;
        self.into(&mut found, &stream, &gpu)?;
        ensure!(ran_on_gpu()?, "the CPU answered for the GPU");
        let bytes = bytemuck::cast_slice::<T, u8>;
        ensure!(bytes(&found) == bytes(&expected), "the GPU's values differ");
        drop(found);
        if self.is_small() {
            ensure!(one.compress(&field)? == stream, "one thread's stream differs");
        }
        if let Some(mut c) = self.reference()? {
            c.encode()?;
            ensure!(c.stream() == stream, "the stream of C differs");
            c.decode()?;
            ensure!(c.output() == bytes(&expected), "the values of C differ");
        }
        Ok(stream)
    }

    /// Whether one thread is measured too.
    fn is_small(&self) -> bool {
        size_of_val(self.values) <= SERIAL
    }

    /// C, where it was built.
    #[cfg_attr(
        not(feature = "others"),
        expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "there is no C")
    )]
    fn reference(&self) -> Result<Option<Box<dyn Peer + '_>>> {
        #[cfg(feature = "others")]
        if self.is_small() {
            let c = crate::reference::Reference::new(self.values, self.shape, self.case.mode)?;
            return Ok(Some(Box::new(c)));
        }
        Ok(None)
    }

    /// Checks, then measures both directions.
    pub(crate) fn measure(&self, bus: &mut Bus, rounds: Rounds) -> Result<[Row; 2]> {
        let stream = self.check()?;
        let mut c = self.reference()?;
        let mut whose = vec![Who::Gpu, Who::Auto, Who::Plain, Who::All];
        whose.extend(self.is_small().then_some(Who::One));
        whose.extend(c.is_some().then_some(Who::C));

        let field = Field::new(self.values, self.shape)?;
        let [gpu, all, one, auto] = self.compressors();
        let mut room = vec![0; stream.len()];
        learn(|| auto.compress(&field).map(drop))?;
        let encode = self.direction(false, &stream, &whose, rounds, |who| {
            let compressor = match who {
                Who::Gpu => &gpu,
                Who::Auto => &auto,
                Who::All => &all,
                Who::One => &one,
                Who::Plain => return bus.pass(bytemuck::cast_slice(self.values), &mut room),
                Who::C => return c.as_mut().map_or(Ok(()), |c| c.encode()),
            };
            black_box(compressor.compress(black_box(&field))?);
            Ok(())
        })?;
        drop(room);

        let [gpu, all, one, auto] = self.decompressors();
        let mut values = vec![T::zeroed(); self.values.len()];
        learn(|| auto.decompress_into(&stream, FieldMut::new(&mut values, self.shape)?))?;
        let decode = self.direction(true, &stream, &whose, rounds, |who| {
            let decompressor = match who {
                Who::Gpu => &gpu,
                Who::Auto => &auto,
                Who::All => &all,
                Who::One => &one,
                Who::Plain => return bus.pass(&stream, bytemuck::cast_slice_mut(&mut values)),
                Who::C => return c.as_mut().map_or(Ok(()), |c| c.decode()),
            };
            self.into(&mut values, &stream, decompressor)
        })?;
        Ok([encode, decode])
    }

    fn direction(
        &self,
        decode: bool,
        stream: &[u8],
        whose: &[Who],
        rounds: Rounds,
        mut work: impl FnMut(Who) -> Result<()>,
    ) -> Result<Row> {
        let mut runs = Vec::new();
        let times = timing::turns(whose.len(), rounds, |who| {
            work(whose[who])?;
            if whose[who] == Who::Gpu {
                runs.push(last_run().context("no report")?.seconds);
            }
            Ok(())
        })?;
        let time = |who| whose.iter().position(|&other| other == who).map(|place| times[place]);
        Ok(Row {
            case: self.case,
            decode,
            size: self.size,
            bytes: size_of_val(self.values),
            stream: stream.len(),
            gpu: time(Who::Gpu).unwrap_or(f64::NAN),
            parts: Parts::of(&runs),
            plain: time(Who::Plain).unwrap_or(f64::NAN),
            auto: time(Who::Auto).unwrap_or(f64::NAN),
            all: time(Who::All).unwrap_or(f64::NAN),
            one: time(Who::One),
            c: time(Who::C),
        })
    }
}

/// Lets the library find out, in the background, which of its devices is the faster one for
/// such calls: it opens the device at the first, and measures at the second.
fn learn(mut call: impl FnMut() -> zfp_wgpu::Result<()>) -> Result<()> {
    for _ in 0..2 {
        call()?;
        wait_until_started();
    }
    Ok(())
}

/// Whether the last call was the GPU's.
fn ran_on_gpu() -> Result<bool> {
    Ok(last_run().context("no report")?.gpu)
}
