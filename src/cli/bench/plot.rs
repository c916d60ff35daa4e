//! Curves and bars as SVG, by plotters.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;

use crate::cli::printf::general;

/// Colours that can be told apart, by the colour-blind as well.
pub(super) const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];
/// The places there of what devices are beside: LLNL zfp, zfp-rs, and lines to compare with.
pub(super) const PEERS: [usize; 2] = [4, 5];
pub(super) const COMPARED: usize = 6;
const WIDTH: u32 = 620;
const HEIGHT: u32 = 380;
const INK: RGBColor = RGBColor(60, 66, 72);
const GRID: RGBColor = RGBColor(228, 231, 235);

/// How numbers lie along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    /// From zero on.
    FromZero,
    /// Whole numbers.
    Whole,
    /// Powers of ten.
    Log,
    /// Powers of two, told as bytes.
    Bytes,
}

impl Scale {
    /// Whether a number has a place on such an axis.
    fn holds(self, number: f64) -> bool {
        number.is_finite() && (number > 0.0 || !matches!(self, Self::Log | Self::Bytes))
    }
}

/// How the places of a curve are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dots {
    Full,
    Hollow,
    None,
}

/// A curve.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) dashed: bool,
    pub(super) dots: Dots,
    /// Place in [`COLOURS`].
    pub(super) colour: usize,
}

impl Series {
    pub(super) fn new(name: impl Into<String>, colour: usize, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, dashed: false, dots: Dots::Full, colour }
    }

    /// A curve of the device with this number: there are four colours for them, and the fifth
    /// and those behind it are dashed.
    pub(super) fn of_device(name: &str, device: usize, points: Vec<(f64, f64)>) -> Self {
        let dashed = device >= PEERS[0];
        Self { dashed, ..Self::new(name, device_colour(device), points) }
    }

    /// A line to compare with, without marks.
    pub(super) fn dashed(self) -> Self {
        Self { dashed: true, dots: Dots::None, ..self }
    }

    /// With circles, beside another curve of the same colour.
    pub(super) fn hollow(self) -> Self {
        Self { dots: Dots::Hollow, ..self }
    }
}

/// A place along the horizontal axis, as a line across the plot.
pub(super) struct Mark {
    pub(super) place: f64,
    pub(super) name: String,
    pub(super) colour: usize,
}

/// The place in [`COLOURS`] of the device with this number.
pub(super) fn device_colour(device: usize) -> usize {
    device % PEERS[0]
}

/// One of [`COLOURS`], as a page has it.
pub(super) fn css(colour: usize) -> String {
    let RGBColor(r, g, b) = COLOURS[colour % COLOURS.len()];
    format!("rgb({r},{g},{b})")
}

/// A plot of several curves.
pub(super) struct Plot {
    pub(super) x: (String, Scale),
    pub(super) y: (String, Scale),
    pub(super) series: Vec<Series>,
    pub(super) marks: Vec<Mark>,
    /// What else is to be known about it.
    pub(super) note: &'static str,
    /// Vertical bars from zero in place of curves; of one series.
    pub(super) bars: bool,
}

impl Plot {
    pub(super) fn new(x: (&str, Scale), y: (&str, Scale), series: Vec<Series>) -> Self {
        let owned = |(label, scale): (&str, Scale)| (label.to_owned(), scale);
        Self { x: owned(x), y: owned(y), series, marks: Vec::new(), note: "", bars: false }
    }

    /// Draws it.
    pub(super) fn svg(&self) -> Result<String> {
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
            self.draw(&area).map_err(|error| anyhow!("cannot draw: {error}"))?;
            area.present()?;
        }
        // To fit the page, whatever its width.
        let fixed = format!("width=\"{WIDTH}\" height=\"{HEIGHT}\" ");
        Ok(svg.replacen(&fixed, "", 1))
    }

    fn draw(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        let (x, y) = (self.x.1, self.y.1);
        let shown = |point: &&(f64, f64)| x.holds(point.0) && y.holds(point.1);
        let points = || self.series.iter().flat_map(|series| &series.points).filter(shown);
        let marked = self.marks.iter().map(|mark| mark.place);
        let x_axis = Axis::new(x, points().map(|point| point.0).chain(marked));
        let y_axis = Axis::new(y, points().map(|point| point.1));
        let text = ("sans-serif", 15).into_font().color(&INK);
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .margin_right(24)
            .x_label_area_size(50)
            .y_label_area_size(72)
            .build_cartesian_2d(x_axis.clone(), y_axis.clone())?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .label_style(text.clone())
            .axis_desc_style(text)
            .x_desc(self.x.0.as_str())
            .y_desc(self.y.0.as_str())
            .draw()?;
        for series in &self.series {
            let colour = COLOURS[series.colour % COLOURS.len()];
            let places = series.points.iter().filter(shown);
            let places: Vec<(f64, f64)> =
                places.map(|&(a, b)| (x_axis.place(a), y_axis.place(b))).collect();
            if self.bars {
                let width = places.windows(2).map(|pair| pair[1].0 - pair[0].0).next();
                let half = width.unwrap_or(1.0) / 2.0;
                chart.draw_series(places.iter().map(|&(at, height)| {
                    Rectangle::new([(at - half, y_axis.low), (at + half, height)], colour.filled())
                }))?;
                continue;
            }
            let (line, style) = (places.clone(), colour.stroke_width(2));
            if series.dashed {
                chart.draw_series(DashedLineSeries::new(line, 6, 5, style))?;
            } else {
                chart.draw_series(LineSeries::new(line, style))?;
            }
            if series.dots != Dots::None {
                let inner = if series.dots == Dots::Hollow { WHITE } else { colour };
                chart.draw_series(places.iter().map(|&at| Circle::new(at, 4, inner.filled())))?;
                chart.draw_series(places.iter().map(|&at| Circle::new(at, 4, colour)))?;
            }
        }
        for Mark { place, colour, .. } in &self.marks {
            let ends = [y_axis.low, y_axis.high].map(|end| (x_axis.place(*place), end));
            let style = COLOURS[colour % COLOURS.len()].stroke_width(2);
            chart.draw_series(DashedLineSeries::new(ends, 2, 4, style))?;
        }
        Ok(())
    }
}

/// An axis: where numbers lie, and which are written there.
#[derive(Clone)]
struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

impl Axis {
    fn new(scale: Scale, numbers: impl Iterator<Item = f64>) -> Self {
        let mut axis = Self { scale, low: 0.0, high: 1.0, ticks: Vec::new() };
        let places = numbers.map(|number| axis.place(number));
        let (low, high) =
            places.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p), b.max(p)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let low = if scale == Scale::FromZero { 0.0f64.min(low) } else { low };
        let margin = ((high - low) * 0.04).max(1e-9 + high.abs() * 1e-6);
        (axis.low, axis.high) = (low - margin, high + margin);
        if scale == Scale::FromZero {
            axis.low = low;
        }
        axis.ticks = axis.round_places();
        axis
    }

    /// About six round numbers, as places.
    fn round_places(&self) -> Vec<f64> {
        let whole = matches!(self.scale, Scale::Whole | Scale::Log | Scale::Bytes);
        if self.scale == Scale::Log && self.high - self.low < 2.5 {
            // Few powers of ten: numbers between them too.
            let powers = self.low.floor() as i32..=self.high.ceil() as i32;
            let digits = [1.0f64, 2.0, 5.0].map(f64::log10);
            let places = powers.flat_map(|power| digits.map(|digit| f64::from(power) + digit));
            return places.filter(|place| (self.low..=self.high).contains(place)).collect();
        }
        let rough = (self.high - self.low) / 6.0;
        let power = 10f64.powf(rough.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
        let step = round.into_iter().find(|&step| step >= rough).unwrap_or(rough);
        let step = if whole { step.ceil() } else { step };
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }

    fn place(&self, number: f64) -> f64 {
        match self.scale {
            Scale::Linear | Scale::FromZero | Scale::Whole => number,
            Scale::Log => number.log10(),
            Scale::Bytes => number.log2(),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (first, last): (i32, i32)) -> i32 {
        let part = (place - self.low) / (self.high - self.low);
        first + (part * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(&place: &f64) -> String {
        general(place, 4)
    }

    fn format_ext(&self, &place: &f64) -> String {
        match self.scale {
            Scale::Linear | Scale::FromZero | Scale::Whole => general(place, 4),
            Scale::Log if (-3.0..5.0).contains(&place) => general(10f64.powf(place), 6),
            Scale::Log => general(10f64.powf(place), 1),
            Scale::Bytes => {
                let exponent = place.round() as u32;
                let units = ["B", "KiB", "MiB", "GiB", "TiB"];
                let unit = (exponent / 10).min(4);
                format!("{} {}", 1u64 << (exponent - 10 * unit), units[unit as usize])
            }
        }
    }
}
