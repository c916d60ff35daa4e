//! LLNL zfp and zfp-rs beside this, as `benches/peers` measured them.

use anyhow::{Context, Result, ensure};

use super::page::Page;
use super::plot::{Plot, Scale, Series};

/// A line of the table: a cell, and for each direction our speed and how many times that
/// of LLNL zfp and of zfp-rs it is.
struct Row {
    cell: String,
    encode: [f64; 3],
    decode: [f64; 3],
}

/// Adds a section with these figures, separated by tabs.
pub(super) fn show(table: &str, page: &mut Page) -> Result<()> {
    let rows: Vec<Row> = table.lines().map(row).collect::<Result<_>>()?;
    ensure!(!rows.is_empty(), "holds no figures");
    page.section(
        "Beside LLNL zfp and zfp-rs",
        "One thread, the same arrays, taking turns. Cells are a type, a number of dimensions and \
         a mode; they are sorted by their ratio, and the table has their names.",
    );
    let plot = |pick: fn(&Row) -> [f64; 3]| {
        let curve = |name: &str, colour: usize, which: usize| {
            let mut ratios: Vec<f64> = rows.iter().map(|row| pick(row)[which]).collect();
            ratios.sort_by(f64::total_cmp);
            let points = ratios.into_iter().enumerate();
            Series::new(name, colour, points.map(|(i, ratio)| (i as f64 + 1.0, ratio)).collect())
        };
        let even = vec![(1.0, 1.0), (rows.len() as f64, 1.0)];
        let series = vec![
            curve("× LLNL zfp", 0, 1),
            curve("× zfp-rs", 1, 2),
            Series::new("as fast", 6, even).dashed(),
        ];
        Plot::new(("cells", Scale::Whole), ("times as fast", Scale::Log), series)
    };
    let caption = |pick: fn(&Row) -> [f64; 3]| {
        let mean = |which: usize| {
            let sum: f64 = rows.iter().map(|row| pick(row)[which].ln()).sum();
            (sum / rows.len() as f64).exp()
        };
        format!("geometric means: {:.2} × LLNL zfp, {:.2} × zfp-rs", mean(1), mean(2))
    };
    let captions = [caption(|row| row.encode), caption(|row| row.decode)];
    page.plots(&[
        ("Compression", plot(|row| row.encode), &captions[0]),
        ("Decompression", plot(|row| row.decode), &captions[1]),
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
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| [vec![row.cell.clone()], text(row.encode), text(row.decode)].concat())
        .collect();
    page.table("All cells", &heading, &lines);
    Ok(())
}

fn row(line: &str) -> Result<Row> {
    let mut fields = line.split('\t');
    let cell = fields.next().unwrap_or_default().to_owned();
    let mut three = || -> Result<[f64; 3]> {
        let mut next = || fields.next().context("has too few columns");
        let numbers = [next()?, next()?, next()?].map(str::parse::<f64>);
        let [a, b, c] = numbers;
        Ok([a?, b?, c?])
    };
    let (encode, decode) = (three()?, three()?);
    Ok(Row { cell, encode, decode })
}
