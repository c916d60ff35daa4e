//! Many arrays at once, each on one thread.

use std::sync::{Mutex, PoisonError};

use super::{Compressor, Decompressed, Decompressor};
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut};
use crate::header::Header;
use crate::scalar::Scalar;
use crate::threads;

/// Bytes of arrays from which on threads are worth their while.
const TASK: usize = 64 << 10;

impl Compressor {
    /// Compresses many arrays, spread over threads, each into a stream of its own: the one
    /// that [`Compressor::compress`] makes. Made for arrays of a few kilobytes to a few
    /// megabytes; larger ones gain more from threads of their own.
    ///
    /// An array that cannot be compressed has its error in its place. The error for all of
    /// them is that the threads cannot be had.
    ///
    /// ```
    /// use zfp_wgpu::{Compressor, Field, Mode};
    ///
    /// let tiles: Vec<Vec<f32>> = (0..100).map(|i| vec![i as f32; 256]).collect();
    /// let fields = tiles.iter().map(|tile| Field::new(tile, &[16, 16]));
    /// let fields = fields.collect::<zfp_wgpu::Result<Vec<_>>>()?;
    /// let streams = Compressor::new(Mode::Rate(8.0)).compress_batch(&fields)?;
    /// assert!(streams.iter().all(|stream| stream.as_ref().is_ok_and(|s| s.len() == 272)));
    /// # Ok::<(), zfp_wgpu::Error>(())
    /// ```
    pub fn compress_batch(&self, fields: &[Field<'_>]) -> Result<Vec<Result<Vec<u8>>>> {
        let one = self.clone().threads(1);
        let bytes = fields.iter().map(Field::value_bytes).fold(0, usize::saturating_add);
        let least = per_task(fields.len(), bytes);
        threads::map(self.threads, 0..fields.len(), least, |i| one.compress(&fields[i]))
    }
}

impl Decompressor {
    /// Decompresses many streams that have headers, spread over threads, each into a new
    /// array; see [`Compressor::compress_batch`]. An index cannot belong to several
    /// streams: there shall be none.
    pub fn decompress_batch<T: Scalar>(
        &self,
        streams: &[&[u8]],
    ) -> Result<Vec<Result<Decompressed<T>>>> {
        let one = self.clone().threads(1);
        let bytes =
            streams.iter().map(|stream| claimed_bytes(stream)).fold(0, usize::saturating_add);
        let least = per_task(streams.len(), bytes);
        threads::map(self.threads, 0..streams.len(), least, |i| one.decompress(streams[i]))
    }

    /// The same into arrays of the streams' types and shapes, one for each.
    pub fn decompress_batch_into(
        &self,
        streams: &[&[u8]],
        fields: Vec<FieldMut<'_>>,
    ) -> Result<Vec<Result<()>>> {
        if streams.len() != fields.len() {
            return Err(Error::BatchCount { streams: streams.len(), arrays: fields.len() });
        }
        let one = self.clone().threads(1);
        let bytes = fields.iter().map(FieldMut::value_bytes).fold(0, usize::saturating_add);
        let least = per_task(streams.len(), bytes);
        // Each is taken once, by whichever thread comes to it.
        let fields: Vec<Mutex<Option<FieldMut<'_>>>> =
            fields.into_iter().map(|field| Mutex::new(Some(field))).collect();
        threads::map(self.threads, 0..streams.len(), least, |i| {
            let field = fields[i].lock().unwrap_or_else(PoisonError::into_inner).take();
            field.map_or(Ok(()), |field| one.decompress_into(streams[i], field))
        })
    }
}

/// Arrays for a thread to do at once, at least: not so few that handing them out takes
/// longer than doing them.
fn per_task(arrays: usize, bytes: usize) -> usize {
    (TASK.saturating_mul(arrays) / bytes.max(1)).max(1)
}

/// Bytes of the array that a stream says it holds.
fn claimed_bytes(stream: &[u8]) -> usize {
    let bytes = |header: Header| {
        header.shape.iter().fold(header.scalar.size(), |bytes, &size| bytes.saturating_mul(size))
    };
    Header::read(stream).map_or(0, bytes)
}
