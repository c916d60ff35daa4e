//! Slices of arrays as pictures: PNG, within the page.

use anyhow::Result;
use base64::Engine as _;

/// Most pixels along a side.
const SIDE: usize = 420;

/// What numbers look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Colours {
    /// Dark blue over green to yellow, from the least to the greatest.
    Rising,
    /// Blue below zero, white, red above.
    Signed,
}

/// A picture of rows of numbers, from `low` to `high`, as the address of an image.
pub(super) fn image(
    numbers: &[f64],
    width: usize,
    low: f64,
    high: f64,
    colours: Colours,
) -> Result<String> {
    let height = numbers.len() / width.max(1);
    let step = width.max(height).div_ceil(SIDE).max(1);
    let (columns, rows) = (width.div_ceil(step), height.div_ceil(step));
    let mut pixels = Vec::with_capacity(3 * columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            let number = numbers[row * step * width + column * step];
            let place = ((number - low) / (high - low)).clamp(0.0, 1.0);
            pixels.extend(colour(if place.is_finite() { place } else { 0.5 }, colours));
        }
    }
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, columns as u32, rows as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    let text = base64::engine::general_purpose::STANDARD.encode(png);
    Ok(format!("data:image/png;base64,{text}"))
}

/// The colour at a place between 0 and 1.
fn colour(place: f64, colours: Colours) -> [u8; 3] {
    let stops: &[[f64; 3]] = match colours {
        Colours::Rising => &[
            [68.0, 1.0, 84.0],
            [59.0, 82.0, 139.0],
            [33.0, 145.0, 140.0],
            [94.0, 201.0, 98.0],
            [253.0, 231.0, 37.0],
        ],
        Colours::Signed => &[[33.0, 102.0, 172.0], [247.0, 247.0, 247.0], [178.0, 24.0, 43.0]],
    };
    let at = place * (stops.len() - 1) as f64;
    let from = (at as usize).min(stops.len() - 2);
    let part = at - from as f64;
    std::array::from_fn(|i| (stops[from][i] * (1.0 - part) + stops[from + 1][i] * part) as u8)
}
