//! zfp-wgpu.

use anyhow::Result;
use zfp_wgpu::{Compressor, Decompressor, Field, FieldMut, Index, Mode};

use crate::cases::Value;
use crate::peer::Peer;

/// An array, its stream, and room for what comes back.
pub(crate) struct Ours<'a, T> {
    field: Field<'a>,
    shape: &'a [usize],
    compressor: Compressor,
    decompressor: Decompressor,
    stream: Vec<u8>,
    decoded: Vec<T>,
}

impl<'a, T: Value> Ours<'a, T> {
    pub(crate) fn new(
        values: &'a [T],
        shape: &'a [usize],
        mode: Mode,
        threads: usize,
    ) -> Result<Self> {
        Ok(Self {
            field: Field::new(values, shape)?,
            shape,
            compressor: Compressor::new(mode).threads(threads),
            decompressor: Decompressor::new().threads(threads),
            stream: Vec::new(),
            decoded: vec![T::zeroed(); values.len()],
        })
    }

    /// From now on, decodes with an index of the stream.
    pub(crate) fn use_index(&mut self) -> Result<()> {
        let index = Index::of(&self.stream, None)?;
        self.decompressor = self.decompressor.clone().index(&index);
        Ok(())
    }
}

impl<T: Value> Peer for Ours<'_, T> {
    /// Into a new vector each time, as the library does.
    fn encode(&mut self) -> Result<()> {
        self.stream = self.compressor.compress(&self.field)?;
        Ok(())
    }

    fn stream(&self) -> &[u8] {
        &self.stream
    }

    fn decode(&mut self) -> Result<()> {
        let field = FieldMut::new(&mut self.decoded, self.shape)?;
        Ok(self.decompressor.decompress_into(&self.stream, field)?)
    }

    fn output(&self) -> &[u8] {
        bytemuck::cast_slice(&self.decoded)
    }
}
