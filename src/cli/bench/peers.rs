//! LLNL zfp and zfp-rs beside this, as `benches/peers` measured them.

use anyhow::{Context, Result, bail, ensure};

use super::made::{DIMS, RATE};
use super::page::Page;
use super::plot::{COMPARED, PEERS, Plot, Scale, Series};

/// Who the curves are of, and their colours beside those of the devices.
const NAMES: [(&str, usize); 3] = [
    ("zfp-wgpu, 1 thread", 0),
    ("LLNL zfp (C), 1 thread", PEERS[0]),
    ("zfp-rs, 1 thread", PEERS[1]),
];

/// What was measured.
pub(super) struct Peers {
    /// Types, dimensions and modes, by name.
    cells: Vec<(String, Row)>,
    /// The places of curves.
    places: Vec<(Along, f64, Row)>,
}

/// For each direction our speed, in megabytes per second, and how many times that of LLNL
/// zfp and of zfp-rs it is.
struct Row {
    encode: [f64; 3],
    decode: [f64; 3],
}

impl Row {
    fn of(&self, direction: Direction) -> [f64; 3] {
        match direction {
            Direction::Encode => self.encode,
            Direction::Decode => self.decode,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    Encode,
    Decode,
}

/// What changes along a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Along {
    Rates,
    Sizes,
    Dims,
}

impl Along {
    /// The axis.
    pub(super) fn x(self) -> (&'static str, Scale) {
        match self {
            Self::Rates => ("bits per value", Scale::FromZero),
            Self::Sizes => ("array", Scale::Bytes),
            Self::Dims => ("dimensions", Scale::Whole),
        }
    }
}

impl Peers {
    /// From lines of seven columns: a cell, or a place of a curve such as `rate=4`, and our
    /// speed and ratios in both directions.
    pub(super) fn parse(table: &str) -> Result<Self> {
        let mut peers = Self { cells: Vec::new(), places: Vec::new() };
        for line in table.lines() {
            let (name, row) = row(line)?;
            let Some((along, place)) = name.split_once('=') else {
                peers.cells.push((name.to_owned(), row));
                continue;
            };
            let along = match along {
                "rate" => Along::Rates,
                "size" => Along::Sizes,
                "dims" => Along::Dims,
                other => bail!("has a curve along {other:?}"),
            };
            peers.places.push((along, place.parse()?, row));
        }
        ensure!(!peers.cells.is_empty() || !peers.places.is_empty(), "holds no figures");
        Ok(peers)
    }

    /// Megabytes per second of this library, LLNL zfp and zfp-rs, measured in turns.
    fn curves(&self, along: Along, direction: Direction) -> Vec<Series> {
        let curve = |which: usize| {
            let (name, colour) = NAMES[which];
            let places = self.places.iter().filter(|place| place.0 == along);
            let points = places.map(|(_, place, row)| {
                let [ours, over @ ..] = row.of(direction);
                (*place, if which == 0 { ours } else { ours / over[which - 1] })
            });
            Series::new(name, colour, points.collect())
        };
        (0..NAMES.len()).map(curve).filter(|curve| !curve.points.is_empty()).collect()
    }

    /// The two others alone, to be drawn beside devices.
    pub(super) fn others(&self, along: Along, direction: Direction) -> Vec<Series> {
        self.curves(along, direction).into_iter().skip(1).collect()
    }

    /// Adds a section with all of it.
    pub(super) fn show(&self, page: &mut Page) -> Result<()> {
        page.section(
            "Beside LLNL zfp and zfp-rs",
            "One thread, the same arrays, taking turns within one process, which found their \
             streams and values to be the same before.",
        );
        self.show_curves(page)?;
        self.show_cells(page)
    }

    fn show_curves(&self, page: &mut Page) -> Result<()> {
        let rate = format!("{RATE} bits per value");
        let captions = [
            (Along::Rates, "rate", format!("f32, {DIMS} dimensions")),
            (Along::Sizes, "size", format!("f32, {DIMS} dimensions, {rate}")),
            (Along::Dims, "dimensions", format!("f32, {rate}")),
        ];
        for (along, name, caption) in captions {
            if !self.places.iter().any(|place| place.0 == along) {
                continue;
            }
            let plot = |direction| {
                let y = if along == Along::Sizes { Scale::Log } else { Scale::FromZero };
                Plot::new(along.x(), ("MB/s", y), self.curves(along, direction))
            };
            page.plots(&[
                (&format!("Peers: compression by {name}"), plot(Direction::Encode), &caption),
                (&format!("Peers: decompression by {name}"), plot(Direction::Decode), &caption),
            ])?;
        }
        Ok(())
    }

    /// How many times as fast in each cell.
    fn show_cells(&self, page: &mut Page) -> Result<()> {
        if self.cells.is_empty() {
            return Ok(());
        }
        let plot = |direction| {
            let curve = |name: &str, colour: usize, which: usize| {
                let cells = self.cells.iter();
                let mut ratios: Vec<f64> = cells.map(|(_, row)| row.of(direction)[which]).collect();
                ratios.sort_by(f64::total_cmp);
                let points = ratios.into_iter().enumerate();
                let points = points.map(|(i, ratio)| (i as f64 + 1.0, ratio));
                Series::new(name, colour, points.collect())
            };
            let even = vec![(1.0, 1.0), (self.cells.len() as f64, 1.0)];
            let series = vec![
                curve("× LLNL zfp", NAMES[1].1, 1),
                curve("× zfp-rs", NAMES[2].1, 2),
                Series::new("as fast", COMPARED, even).dashed(),
            ];
            Plot::new(("cells", Scale::Whole), ("times as fast", Scale::Log), series)
        };
        let caption = |direction| {
            let mean = |which: usize| {
                let sum: f64 =
                    self.cells.iter().map(|(_, row)| row.of(direction)[which].ln()).sum();
                (sum / self.cells.len() as f64).exp()
            };
            format!(
                "Types, dimensions and modes, sorted by their ratio; geometric means: \
                 {:.2} × LLNL zfp, {:.2} × zfp-rs",
                mean(1),
                mean(2)
            )
        };
        let (encode, decode) = (Direction::Encode, Direction::Decode);
        page.plots(&[
            ("Compression", plot(encode), &caption(encode)),
            ("Decompression", plot(decode), &caption(decode)),
        ])?;
        let heading = [
            "cell",
            "compression, MB/s",
            "× LLNL zfp",
            "× zfp-rs",
            "decompression, MB/s",
            "× LLNL zfp",
            "× zfp-rs",
        ];
        let text = |[rate, c, rust]: [f64; 3]| {
            vec![format!("{rate:.0}"), format!("{c:.2}"), format!("{rust:.2}")]
        };
        let lines: Vec<Vec<String>> = self
            .cells
            .iter()
            .map(|(cell, row)| [vec![cell.clone()], text(row.encode), text(row.decode)].concat())
            .collect();
        page.table("All cells", &heading, &lines);
        Ok(())
    }
}

fn row(line: &str) -> Result<(&str, Row)> {
    let mut fields = line.split('\t');
    let name = fields.next().unwrap_or_default();
    let mut three = || -> Result<[f64; 3]> {
        let mut next = || fields.next().context("has too few columns");
        let numbers = [next()?, next()?, next()?].map(str::parse::<f64>);
        let [a, b, c] = numbers;
        Ok([a?, b?, c?])
    };
    let (encode, decode) = (three()?, three()?);
    Ok((name, Row { encode, decode }))
}
