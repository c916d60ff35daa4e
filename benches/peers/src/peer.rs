//! What a library must do to be measured.

use anyhow::Result;

/// A library with an array and memory of its own.
pub(crate) trait Peer {
    /// Header and blocks of the array into the stream.
    fn encode(&mut self) -> Result<()>;
    /// What [`Peer::encode`] wrote.
    fn stream(&self) -> &[u8];
    /// The stream, header first, into the output.
    fn decode(&mut self) -> Result<()>;
    /// What [`Peer::decode`] wrote.
    fn output(&self) -> &[u8];
}
