//! `zfp-wgpu compress`.

use std::io::Write as _;

use anyhow::{Context, Result};
use zfp_wgpu::{
    Field, FieldMut, Header, Mode, NonFinitePolicy, Run, ScalarType, StreamDecompressor,
    StreamWord, last_run,
};

use super::args::{Compress, How, Means};
use super::array::{Kind, Source};
use super::errors::Errors;
use super::output::{Output, name};
use super::printf::general;
use super::progress::Progress;
use super::say;

/// Compresses an array, piece by piece.
pub(crate) fn run(arguments: &Compress) -> Result<()> {
    let Compress { input, output, how: How { mode, values, means }, no_header, .. } = arguments;
    let mode = mode
        .mode()?
        .context("how much to keep? --rate, --precision, --tolerance, --reversible or --expert")?;
    let named = || name(input, "input");
    let mut source = Source::open(input, values).with_context(named)?;
    let kind = source.kind.clone();

    let word = if arguments.pad_to_bytes { StreamWord::Bits8 } else { StreamWord::Bits64 };
    let policy =
        if arguments.allow_non_finite { NonFinitePolicy::Allow } else { NonFinitePolicy::Error };
    let compressor =
        means.compressor(mode)?.header(!no_header).stream_word(word).non_finite(policy);
    let most = kind.piece_values(source.in_order);
    let mut pieces = compressor.begin(kind.scalar, &kind.shape, most)?;
    let target = || format!("writing {}", name(output, "output"));
    let mut file = Output::create(output).with_context(target)?;

    let mut check =
        (!means.quiet && !arguments.no_errors).then(|| Check::new(mode, *no_header, &kind, most));
    let mut progress = Progress::new(kind.bytes()?, means.quiet);
    let (mut buffer, mut written, mut done) = (Vec::new(), 0, None);
    while let Some(piece) = pieces.next_piece() {
        source.read(&piece, &mut buffer).with_context(named)?;
        let strides = Kind::strides(kind.scalar, &piece.shape);
        let field = Field::from_bytes(&buffer, kind.scalar, &piece.shape, &strides, 0)?;
        let words = pieces.push(&field).with_context(named)?;
        // Before the check, which is a run as well.
        done = last_run();
        file.write_all(words).with_context(target)?;
        written += words.len() as u64;
        if let Some(check) = &mut check {
            check.stream.extend_from_slice(words);
            check.look(means, &buffer, pieces.unfinished())?;
        }
        progress.add(buffer.len() as u64);
    }
    source.finish().with_context(named)?;
    let end = pieces.finish()?;
    file.write_all(&end).with_context(target)?;
    written += end.len() as u64;
    file.commit().with_context(target)?;

    let seconds = progress.finish().as_secs_f64();
    if !means.quiet {
        let errors = check.map(|check| check.errors);
        say(&summary(&kind, written, errors.as_ref(), done, seconds)?);
    }
    Ok(())
}

/// Decompresses what was just compressed, to see what was lost.
struct Check {
    mode: Mode,
    no_header: bool,
    kind: Kind,
    most: usize,
    /// The end of the stream that has not been decompressed, and where it begins.
    stream: Vec<u8>,
    start: u64,
    pieces: Option<StreamDecompressor>,
    decoded: Vec<u8>,
    errors: Errors,
}

impl Check {
    fn new(mode: Mode, no_header: bool, kind: &Kind, most: usize) -> Self {
        Self {
            mode,
            no_header,
            kind: kind.clone(),
            most,
            stream: Vec::new(),
            start: 0,
            pieces: None,
            decoded: Vec::new(),
            errors: Errors::of_finite(),
        }
    }

    /// Compares the next piece with its values; `tail` are the bits behind the words.
    fn look(&mut self, means: &Means, values: &[u8], tail: [u8; 8]) -> Result<()> {
        let Kind { scalar, ref shape } = self.kind;
        let words = self.stream.len();
        self.stream.extend(tail);
        let pieces = match &mut self.pieces {
            Some(pieces) => pieces,
            None if self.no_header => self.pieces.insert(
                means.checker().begin_headerless(self.mode, scalar, shape, None, self.most)?,
            ),
            None => {
                let header = Header::read(&self.stream)?;
                self.pieces.insert(means.checker().begin(&header, None, self.most)?)
            }
        };
        let Some(piece) = pieces.next_piece() else { return Ok(()) };
        self.decoded.resize(values.len(), 0);
        let strides = Kind::strides(scalar, &piece.shape);
        let field = FieldMut::from_bytes(&mut self.decoded, scalar, &piece.shape, &strides, 0)?;
        pieces.pull(&self.stream[(pieces.position() - self.start) as usize..], field)?;
        self.stream.truncate(words);
        let done = ((pieces.position() - self.start) as usize).min(words);
        self.stream.drain(..done);
        self.start += done as u64;
        self.errors.add(scalar, values, &self.decoded);
        Ok(())
    }
}

/// What was done, in a few lines.
fn summary(
    kind: &Kind,
    written: u64,
    errors: Option<&Errors>,
    run: Option<Run>,
    seconds: f64,
) -> Result<String> {
    let (values, bytes) = (kind.values()?, kind.bytes()?);
    let mut text = format!(
        "{} of {}: {bytes} bytes, now {written}\nratio {}, {} bits per value\n",
        kind.shape_text(),
        kind.scalar,
        general(bytes as f64 / written as f64, 4),
        general(8.0 * written as f64 / values as f64, 4),
    );
    if let Some(errors) = errors {
        text += &lost(errors, kind.scalar);
    }
    if let Some(run) = run {
        let rate = bytes as f64 / 1e6 / seconds.max(1e-9);
        let (device, reason) = (&run.device, &run.reason);
        text += &format!("{device} ({reason}), {seconds:.2} s, {rate:.0} MB/s in all\n");
        if let Some(failure) = &run.failure {
            text += &format!("a GPU failed: {failure}\n");
        }
    }
    Ok(text)
}

fn lost(errors: &Errors, scalar: ScalarType) -> String {
    if errors.is_lossless() {
        return format!("nothing lost: every bit of every {scalar} came back\n");
    }
    if errors.is_empty() {
        return format!("no {scalar} is finite: there is no error to be told\n");
    }
    let mut text = format!(
        "largest error {}, RMSE {}\n\
         PSNR {:.2} dB (half the range / RMSE, as LLNL's zfp prints it)\n\
         PSNR {:.2} dB (range / RMSE, as Python's `estimate` has it)\n\
         PSNR {:.2} dB (largest magnitude / RMSE)\n",
        general(errors.most, 4),
        general(errors.rmse(), 4),
        errors.psnr_of_half_range(),
        errors.psnr_of_range(),
        errors.psnr_of_peak(),
    );
    if errors.left_out > 0 {
        text += &format!("left out of these: {} values that are not finite\n", errors.left_out);
    }
    text
}
