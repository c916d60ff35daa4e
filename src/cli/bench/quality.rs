//! What is lost on an array: rate and distortion, errors and tolerances, and what it looks
//! like.

use anyhow::{Context, Result};
use zfp_wgpu::{Compressor, Decompressor, Device, Mode, Params};

use super::data::{Array, numbers};
use super::page::Page;
use super::picture::{Colours, image};
use super::plot::{Plot, Scale, Series};
use crate::cli::errors::Errors;
use crate::cli::printf::general;

/// What a mode did to an array.
struct Outcome {
    bits_per_value: f64,
    errors: Errors,
    decoded: Vec<u8>,
}

fn outcome(array: &Array, mode: Mode) -> Result<Outcome> {
    let stream = Compressor::new(mode).device(Device::Cpu).compress(&array.field()?)?;
    let mut decoded = vec![0; array.bytes.len()];
    let field = array.field_in(&mut decoded)?;
    Decompressor::new().device(Device::Cpu).decompress_into(&stream, field)?;
    let mut errors = Errors::default();
    errors.add(array.kind.scalar, &array.bytes, &decoded);
    let bits_per_value = 8.0 * stream.len() as f64 / array.values() as f64;
    Ok(Outcome { bits_per_value, errors, decoded })
}

/// Adds a section about an array.
pub(super) fn measure(array: &Array, page: &mut Page) -> Result<()> {
    let numbers = array.numbers();
    let (low, high) = bounds(&numbers);
    let range = if high > low { high - low } else { 1.0 };
    let (shape, scalar) = (array.kind.shape_text(), array.kind.scalar);
    let note = if array.note.is_empty() { String::new() } else { format!(", {}", array.note) };
    let (least, most) = (general(low, 5), general(high, 5));
    page.section(
        &format!("What is lost: {}", array.name),
        &format!("{shape} of {scalar}, from {least} to {most}{note}."),
    );
    let is_float = scalar.exponent_bits().is_some();
    let tolerances: Vec<f64> = if is_float {
        (2..=14).map(|i| range * 10f64.powf(-f64::from(i) / 2.0)).collect()
    } else {
        Vec::new()
    };

    let Curves { distortion, largest, found, rows } = curves(array, &tolerances)?;
    let decibels = "PSNR, dB (half the range / RMSE)";
    let mut plots = vec![(
        "Rate and distortion, in every mode",
        Plot::new(("bits per value", Scale::FromZero), (decibels, Scale::Linear), distortion),
        "Higher is better. The header counts; what comes back without error has no place here.",
    )];
    let bits = ("bits per value", Scale::FromZero);
    plots.push((
        "Largest error, in every mode",
        Plot::new(bits, ("largest error", Scale::Log), largest),
        "Lower is better.",
    ));
    if is_float {
        plots.push((
            "Largest error and tolerance",
            met(&tolerances, &found),
            "Below the line, the tolerance was met.",
        ));
    }
    let middle = if is_float { Mode::Accuracy(range * 1e-3) } else { Mode::Rate(8.0) };
    let Outcome { decoded, .. } = outcome(array, middle)?;
    let errors: Vec<f64> = difference(array, &numbers, &decoded);
    let caption =
        if is_float { "tolerance: a thousandth of the range" } else { "8 bits per value" };
    plots.push(("Errors", histogram(&errors), caption));
    page.plots(&plots)?;
    slices(array, &numbers, (low, high), page)?;
    let heading = [
        "mode",
        "bits per value",
        "largest error",
        "RMSE",
        "PSNR, half the range",
        "PSNR, largest magnitude",
    ];
    page.table("Numbers in every mode", &heading, &rows);
    Ok(())
}

/// Every mode, at several sizes.
struct Curves {
    /// Bits per value and decibels.
    distortion: Vec<Series>,
    /// Bits per value and largest errors.
    largest: Vec<Series>,
    /// The largest error at each tolerance.
    found: Vec<f64>,
    /// All numbers.
    rows: Vec<Vec<String>>,
}

fn curves(array: &Array, tolerances: &[f64]) -> Result<Curves> {
    let mut rows = Vec::new();
    let (mut distortion, mut largest) = (Vec::new(), Vec::new());
    let mut curve = |name: &str, colour: usize, modes: Vec<(String, Mode)>| -> Result<Vec<f64>> {
        let (mut points, mut most) = (Vec::new(), Vec::new());
        for (label, mode) in modes {
            let Outcome { bits_per_value, errors, .. } =
                outcome(array, mode).with_context(|| label.clone())?;
            points.push((bits_per_value, errors.psnr_of_range()));
            most.push(errors.most);
            rows.push(vec![
                label,
                general(bits_per_value, 4),
                general(errors.most, 4),
                general(errors.rmse(), 4),
                format!("{:.2}", errors.psnr_of_range()),
                format!("{:.2}", errors.psnr_of_peak()),
            ]);
        }
        let bits = points.iter().map(|point: &(f64, f64)| point.0);
        largest.push(Series::new(name, colour, bits.zip(most.iter().copied()).collect()));
        distortion.push(Series::new(name, colour, points));
        Ok(most)
    };
    let each = |name: &str, numbers: &[f64], mode: &dyn Fn(f64) -> Mode| {
        let label = |&number: &f64| (format!("{name} {}", general(number, 4)), mode(number));
        numbers.iter().map(label).collect::<Vec<_>>()
    };
    let rates = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0];
    curve("rate", 0, each("rate", &rates, &Mode::Rate))?;
    let planes = [4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0];
    curve("precision", 1, each("precision", &planes, &|planes| Mode::Precision(planes as u32)))?;
    let found = curve("tolerance", 2, each("tolerance", tolerances, &Mode::Accuracy))?;
    let block = 4f64.powi(array.kind.shape.len() as i32);
    let expert = |bits: f64| {
        let maxbits = (bits * block) as u32;
        Mode::Expert(Params { minbits: 1, maxbits, maxprec: 20, minexp: zfp_wgpu::MIN_EXP })
    };
    let limits = [3.0, 4.0, 6.0, 8.0, 12.0, 16.0];
    curve(
        "expert: at most 20 planes and so many bits",
        3,
        each("expert, at most", &limits, &expert),
    )?;
    let lossless = outcome(array, Mode::Reversible)?.bits_per_value;
    let heights = distortion.iter().flat_map(|series| &series.points).map(|point| point.1);
    let (bottom, top) = bounds(&heights.filter(|psnr| psnr.is_finite()).collect::<Vec<_>>());
    let name = format!("reversible: {} bits, no error", general(lossless, 4));
    distortion.push(Series::new(name, 6, vec![(lossless, bottom), (lossless, top)]).dashed());
    Ok(Curves { distortion, largest, found, rows })
}

/// Largest errors beside tolerances, and where they would be equal.
fn met(tolerances: &[f64], found: &[f64]) -> Plot {
    let points = tolerances.iter().copied().zip(found.iter().copied()).collect();
    let ends = [tolerances.first(), tolerances.last()];
    let line = ends.into_iter().flatten().map(|&tolerance| (tolerance, tolerance)).collect();
    let series = vec![
        Series::new("largest error", 2, points),
        Series::new("error = tolerance", 6, line).dashed(),
    ];
    Plot::new(("tolerance", Scale::Log), ("largest error", Scale::Log), series)
}

/// How often errors of each size come.
fn histogram(errors: &[f64]) -> Plot {
    const BINS: usize = 61;
    let most = errors.iter().fold(0.0, |most: f64, error| most.max(error.abs()));
    let most = if most > 0.0 { most } else { 1.0 };
    let mut counts = [0u64; BINS];
    for error in errors {
        let place = f64::midpoint(error / most, 1.0) * BINS as f64;
        counts[(place as usize).min(BINS - 1)] += 1;
    }
    let middle = |bin: usize| ((bin as f64 + 0.5) / BINS as f64 * 2.0 - 1.0) * most;
    let share = |count: u64| 100.0 * count as f64 / errors.len().max(1) as f64;
    let points = counts.iter().enumerate().map(|(bin, &count)| (middle(bin), share(count)));
    let series = vec![Series::new("errors", 0, points.collect())];
    let mut plot = Plot::new(("error", Scale::Linear), ("values, %", Scale::FromZero), series);
    plot.bars = true;
    plot
}

fn difference(array: &Array, before: &[f64], decoded: &[u8]) -> Vec<f64> {
    let after = numbers(array.kind.scalar, decoded);
    before.iter().zip(after).map(|(before, after)| after - before).collect()
}

/// The middle slice: as it was, as it is at a low rate, and the difference.
fn slices(array: &Array, before: &[f64], (low, high): (f64, f64), page: &mut Page) -> Result<()> {
    let shape = &array.kind.shape;
    let [.., rows, width] = shape[..] else { return Ok(()) };
    let slice = rows * width;
    let outer: usize = shape[..shape.len() - 2].iter().product();
    let first = outer / 2 * slice;
    let rate = if shape.len() == 2 { 2.0 } else { 1.0 };
    let Outcome { decoded, errors, .. } = outcome(array, Mode::Rate(rate))?;
    let after = numbers(array.kind.scalar, &decoded);
    let part = |numbers: &[f64]| numbers[first..first + slice].to_vec();
    let (before, after) = (part(before), part(&after));
    let error: Vec<f64> = before.iter().zip(&after).map(|(a, b)| b - a).collect();
    // A few large errors would leave the rest white.
    let squares = error.iter().map(|error| error * error).sum::<f64>() / error.len() as f64;
    let most = (3.0 * squares.sqrt()).max(1e-300);
    let (least, greatest, largest) = (general(low, 4), general(high, 4), general(most, 3));
    let psnr = errors.psnr_of_range();
    page.pictures(
        &format!("The middle, at {rate} bits per value"),
        &[
            (
                format!("original, from {least} (dark) to {greatest} (bright)"),
                image(&before, width, low, high, Colours::Rising)?,
            ),
            (
                format!("decompressed, PSNR {psnr:.1} dB"),
                image(&after, width, low, high, Colours::Rising)?,
            ),
            (
                format!("error, from -{largest} (blue) to {largest} (red), 3 × RMSE"),
                image(&error, width, -most, most, Colours::Signed)?,
            ),
        ],
    );
    Ok(())
}

fn bounds(numbers: &[f64]) -> (f64, f64) {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    (least, numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}
