//! `zfp-wgpu decompress`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use zfp_wgpu::{Decompressor, FieldMut, Header, Mode, StreamDecompressor, last_run};

use super::args::{Decompress, How, Values};
use super::array::Kind;
use super::output::{Output, fill, name, open};
use super::progress::Progress;
use super::say;

/// Most bytes of a header.
const HEADER: usize = 19;

/// Decompresses a stream, piece by piece.
pub(crate) fn run(arguments: &Decompress) -> Result<()> {
    let Decompress { input, output, how: How { mode, values, means }, .. } = arguments;
    let named = || name(input, "input");
    let mut window = Window::open(input).with_context(named)?;
    let target = || format!("writing {}", name(output, "output"));
    // Nothing is there until the stream is known to be one.
    let given = given(mode.mode()?, values)?;
    let (kind, header) = describe(&mut window, given.as_ref()).with_context(named)?;

    let mut file = Output::create(output).with_context(target)?;
    let most = kind.piece_values(!file.can_seek());
    let decompressor = means.decompressor()?;
    let mut pieces = begin(&decompressor, &kind, header.as_ref(), given, window.len, most)
        .with_context(named)?;
    let npy = arguments.npy || !arguments.raw && output.extension().is_some_and(|e| e == "npy");
    let start = if npy { kind.npy_header()? } else { Vec::new() };
    file.write_all(&start).with_context(target)?;

    let mut progress = Progress::new(kind.bytes()?, means.quiet);
    let mut buffer = Vec::new();
    let size = kind.scalar.size();
    while let Some(piece) = pieces.next_piece() {
        let bytes = window.at(pieces.position(), pieces.most_bytes()).with_context(named)?;
        // Before there is memory for the values, the stream must be able to hold them.
        if bytes.len() as u64 >= pieces.fewest_bytes() {
            buffer.resize(piece.values() * size, 0);
        } else {
            bail!("{}: the stream is truncated", named());
        }
        let strides = Kind::strides(kind.scalar, &piece.shape);
        let field = FieldMut::from_bytes(&mut buffer, kind.scalar, &piece.shape, &strides, 0)?;
        pieces.pull(bytes, field).with_context(named)?;
        if file.can_seek() {
            let (starts, length) = piece.runs(&kind.shape);
            for (at, run) in starts.into_iter().zip(buffer.chunks_exact(length * size)) {
                let place = start.len() as u64 + at * size as u64;
                file.write_at(place, run).with_context(target)?;
            }
        } else {
            file.write_all(&buffer).with_context(target)?;
        }
        progress.add(buffer.len() as u64);
    }
    // A stream ends with at most a word of padding.
    let surplus = window.surplus(pieces.end()).with_context(named)?;
    ensure!(!surplus, "{}: goes on behind the end of the stream", named());
    file.commit().with_context(target)?;

    let seconds = progress.finish().as_secs_f64();
    if !means.quiet {
        let bytes = kind.bytes()?;
        let rate = bytes as f64 / 1e6 / seconds.max(1e-9);
        let (text, scalar) = (kind.shape_text(), kind.scalar);
        say(&format!("{text} of {scalar}: {bytes} bytes, {seconds:.2} s, {rate:.0} MB/s in all\n"));
        if let Some(failure) = last_run().and_then(|run| run.failure) {
            say(&format!("a GPU failed: {failure}\n"));
        }
    }
    Ok(())
}

/// What the user tells of a stream without a header: all of it, or nothing.
fn given(mode: Option<Mode>, values: &Values) -> Result<Option<(Kind, Mode)>> {
    match (mode, values.dtype, values.shape.clone()) {
        (None, None, None) => Ok(None),
        (Some(mode), Some(scalar), Some(shape)) => Ok(Some((Kind { scalar, shape }, mode))),
        _ => bail!(
            "a stream with a header needs no more; one without needs --dtype, --shape and the mode"
        ),
    }
}

/// Type and shape, and the header if there is one.
fn describe(window: &mut Window, given: Option<&(Kind, Mode)>) -> Result<(Kind, Option<Header>)> {
    if let Some((kind, _)) = given {
        return Ok((kind.clone(), None));
    }
    let header = Header::read(window.at(0, HEADER as u64)?)?;
    Ok((Kind { scalar: header.scalar, shape: header.shape.clone() }, Some(header)))
}

fn begin(
    decompressor: &Decompressor,
    kind: &Kind,
    header: Option<&Header>,
    given: Option<(Kind, Mode)>,
    len: Option<u64>,
    most: usize,
) -> Result<StreamDecompressor> {
    match (header, given) {
        (None, Some((_, mode))) => {
            Ok(decompressor.begin_headerless(mode, kind.scalar, &kind.shape, len, most)?)
        }
        (Some(header), _) => Ok(decompressor.begin(header, len, most)?),
        (None, None) => bail!("has no header"),
    }
}

/// The part of a stream that is in memory.
pub(crate) struct Window {
    file: File,
    /// Bytes of the stream, if that is known.
    len: Option<u64>,
    /// Where the part begins.
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = open(path).context("cannot be opened")?;
        let metadata = file.metadata()?;
        ensure!(!metadata.is_dir(), "is a folder");
        let len = metadata.is_file().then_some(metadata.len());
        Ok(Self { file, len, start: 0, bytes: Vec::new() })
    }

    /// Bytes of the stream, if that is known.
    pub(crate) fn len(&self) -> Option<u64> {
        self.len
    }

    /// The stream from byte `place` on, which is never one that was passed before: `most`
    /// bytes, or as many as there are.
    pub(crate) fn at(&mut self, place: u64, most: u64) -> Result<&[u8]> {
        let done = ((place - self.start) as usize).min(self.bytes.len());
        self.bytes.drain(..done);
        self.start = place;
        let (have, most) = (self.bytes.len(), usize::try_from(most)?);
        if have < most {
            // Not more than there is, whatever a header claims.
            let step = 8 << 20;
            while self.bytes.len() < most {
                let from = self.bytes.len();
                self.bytes.resize(most.min(from + step), 0);
                let read = fill(&mut self.file, &mut self.bytes[from..])?;
                if from + read < self.bytes.len() {
                    self.bytes.truncate(from + read);
                    break;
                }
            }
        }
        Ok(&self.bytes[..most.min(self.bytes.len())])
    }

    /// Whether there is more behind byte `end` than fills a word of 64 bits.
    fn surplus(&mut self, end: u64) -> Result<bool> {
        let place = end.min(self.start + self.bytes.len() as u64).max(self.start);
        let rest = self.at(place, 17)?.len() as u64;
        Ok(place + rest > end.next_multiple_of(8))
    }
}
