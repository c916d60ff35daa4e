//! zfp-rs.

use anyhow::{Context, Result, bail, ensure};
use zfp_rs::{
    ZfpBitStream, ZfpConfig, ZfpDimensionality, ZfpField, ZfpFieldMut, ZfpHeaderMask, ZfpScalar,
    ZfpStreamAlignment,
};
use zfp_wgpu::Mode;

use crate::cases::Value;
use crate::peer::Peer;

/// An array, its stream, and room for what comes back.
pub(crate) struct Rust<'a, T> {
    field: ZfpField<'a>,
    sizes: [usize; 4],
    config: ZfpConfig,
    stream: ZfpBitStream,
    /// Bytes of the last stream written; the stream itself only tells where it stands.
    written: usize,
    decoded: Vec<T>,
}

impl<'a, T: Value + ZfpScalar> Rust<'a, T> {
    pub(crate) fn new(values: &'a [T], shape: &[usize], mode: Mode) -> Result<Self> {
        let mut sizes = [0; 4];
        for (size, &len) in sizes.iter_mut().zip(shape.iter().rev()) {
            *size = len;
        }
        let dims = match shape.len() {
            1 => ZfpDimensionality::D1,
            2 => ZfpDimensionality::D2,
            3 => ZfpDimensionality::D3,
            _ => ZfpDimensionality::D4,
        };
        let config = match mode {
            Mode::Rate(rate) => {
                ZfpConfig::fixed_rate(rate, T::SCALAR_TYPE, dims, ZfpStreamAlignment::Unaligned)?
            }
            Mode::Precision(planes) => ZfpConfig::fixed_precision(planes),
            Mode::Accuracy(tolerance) => ZfpConfig::fixed_accuracy(tolerance),
            Mode::Reversible => ZfpConfig::reversible(),
            other => bail!("{other:?} is not measured"),
        };
        let room = config.maximum_size(T::SCALAR_TYPE, sizes).context("array too large")?;
        Ok(Self {
            field: ZfpField::new(values, sizes)?,
            sizes,
            config,
            stream: ZfpBitStream::new(room)?,
            written: 0,
            decoded: vec![T::default(); values.len()],
        })
    }
}

impl<T: Value + ZfpScalar> Peer for Rust<'_, T> {
    fn encode(&mut self) -> Result<()> {
        self.stream.rewind();
        let metadata = self.field.metadata();
        self.stream.write_header(&self.config, &metadata, ZfpHeaderMask::FULL)?;
        self.stream.compress(&self.config, &self.field)?;
        self.written = self.stream.as_bytes().len();
        Ok(())
    }

    fn stream(&self) -> &[u8] {
        &self.stream.backing_bytes()[..self.written]
    }

    fn decode(&mut self) -> Result<()> {
        self.stream.rewind();
        let header = self.stream.read_header(ZfpHeaderMask::FULL)?;
        ensure!(header.config == Some(self.config), "another mode in the header");
        let mut field = ZfpFieldMut::new(&mut self.decoded, self.sizes)?;
        self.stream.decompress(&self.config, &mut field)?;
        Ok(())
    }

    fn output(&self) -> &[u8] {
        bytemuck::cast_slice(&self.decoded)
    }
}
