//! Tables, for the terminal and as Markdown.

use std::fmt::{Error, Write as _};

use crate::compare::{Row, Speed};
use crate::threads::Pair;

/// A number of a row.
type Ratio = fn(&Row) -> f64;

/// The four ratios of a row, and what they are called.
const RATIOS: [(&str, Ratio); 4] = [
    ("encode, × C", |row| row.encode.over_c),
    ("encode, × zfp-rs", |row| row.encode.over_rust),
    ("decode, × C", |row| row.decode.over_c),
    ("decode, × zfp-rs", |row| row.decode.over_rust),
];

/// The heading of the table of cells.
pub(crate) fn heading() -> String {
    format!(
        "{:24} {:>10} {:>6} {:>8}   {:>10} {:>6} {:>8}",
        "cell", "enc MB/s", "× C", "× zfp-rs", "dec MB/s", "× C", "× zfp-rs"
    )
}

/// A line of the table of cells.
pub(crate) fn line(Row { id, encode, decode }: &Row) -> String {
    let columns = |Speed { rate, over_c, over_rust }: &Speed| {
        format!("{rate:10.0} {over_c:6.2} {over_rust:8.2}")
    };
    format!("{id:24} {}   {}", columns(encode), columns(decode))
}

/// Geometric means and worst cells.
pub(crate) fn summary(rows: &[Row]) -> Result<String, Error> {
    let mut text = format!("\n{:24} {:>6} {:>6}  cell\n", "ratio", "mean", "worst");
    for (name, mean, worst, cell) in extremes(rows) {
        writeln!(text, "{name:24} {mean:6.2} {worst:6.2}  {cell}")?;
    }
    Ok(text)
}

/// All of it as Markdown.
pub(crate) fn markdown(rows: &[Row]) -> Result<String, Error> {
    let mut text = String::from(
        "| cell | encode MB/s | × C | × zfp-rs | decode MB/s | × C | × zfp-rs |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    let columns = |Speed { rate, over_c, over_rust }: &Speed| {
        format!("{rate:.0} | {over_c:.2} | {over_rust:.2}")
    };
    for Row { id, encode, decode } in rows {
        writeln!(text, "| {id} | {} | {} |", columns(encode), columns(decode))?;
    }
    text += "\n| ratio | geometric mean | worst | cell |\n|---|--:|--:|---|\n";
    for (name, mean, worst, cell) in extremes(rows) {
        writeln!(text, "| {name} | {mean:.2} | {worst:.2} | {cell} |")?;
    }
    Ok(text)
}

/// Name, geometric mean, least value and its cell, of each ratio.
fn extremes(rows: &[Row]) -> impl Iterator<Item = (&'static str, f64, f64, &str)> {
    RATIOS.into_iter().filter_map(|(name, ratio)| {
        let mean = rows.iter().map(|row| ratio(row).ln()).sum::<f64>() / rows.len() as f64;
        let worst = rows.iter().min_by(|a, b| ratio(a).total_cmp(&ratio(b)))?;
        Some((name, mean.exp(), ratio(worst), worst.id.as_str()))
    })
}

/// All numbers, separated by tabs.
pub(crate) fn tsv(rows: &[Row]) -> Result<String, Error> {
    let mut text = String::new();
    for Row { id, encode, decode } in rows {
        write!(text, "{id}")?;
        for Speed { rate, over_c, over_rust } in [encode, decode] {
            write!(text, "\t{rate}\t{over_c}\t{over_rust}")?;
        }
        text.push('\n');
    }
    Ok(text)
}

/// Two threads beside one.
pub(crate) fn threads(pairs: &[Pair]) -> Result<String, Error> {
    let mut text = format!(
        "{:38} {:>8} {:>8} {:>6} {:>8}\n",
        "64 MiB, one and two threads", "1: MB/s", "2: MB/s", "×", "2 calls×"
    );
    for Pair { id, rates: [one, two, both] } in pairs {
        writeln!(text, "{id:38} {one:8.0} {two:8.0} {:6.2} {:8.2}", two / one, both / one)?;
    }
    Ok(text)
}

/// As [`threads`], in Markdown.
pub(crate) fn threads_markdown(pairs: &[Pair]) -> Result<String, Error> {
    let mut text = String::from(
        "| 64 MiB | 1 thread, MB/s | 2 threads, MB/s | × | 2 calls, × |\n|---|--:|--:|--:|--:|\n",
    );
    for Pair { id, rates: [one, two, both] } in pairs {
        writeln!(text, "| {id} | {one:.0} | {two:.0} | {:.2} | {:.2} |", two / one, both / one)?;
    }
    Ok(text)
}
