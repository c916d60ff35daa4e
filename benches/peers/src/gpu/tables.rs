//! Tables, for the terminal and as Markdown.

use std::fmt::{Error, Write as _};

use crate::cell::Row;
use crate::first::First;

/// What plain copies reach, in bytes per second.
#[derive(Clone, Copy)]
pub(crate) struct Copies {
    pub(crate) upload: f64,
    pub(crate) download: f64,
    /// Within the device, read and written.
    pub(crate) memory: f64,
}

/// All that was measured of a device.
pub(crate) struct Results {
    /// As a heading.
    pub(crate) name: String,
    pub(crate) copies: Copies,
    pub(crate) rows: Vec<Row>,
    pub(crate) firsts: Vec<First>,
}

/// A column, and how wide it is.
type Column = (&'static str, usize, fn(&Row, &Copies) -> String);

/// What there is to say of a row.
const COLUMNS: [Column; 13] = [
    ("GPU GB/s", 8, |row, _| number(row.speed(row.gpu))),
    ("× CPU", 7, |row, _| number(row.all / row.gpu)),
    ("× 1 thread", 10, |row, _| ratio(row.one, row.gpu)),
    ("× C", 7, |row, _| ratio(row.c, row.gpu)),
    ("of copies", 9, |row, _| percent(row.plain / row.gpu)),
    ("kernel GB/s", 11, |row, _| number(row.speed(row.parts.kernel))),
    ("of memory", 9, |row, copies| {
        percent((row.bytes + row.stream) as f64 / row.parts.kernel / copies.memory)
    }),
    ("upload ms", 9, |row, _| number(row.parts.upload * 1e3)),
    ("kernel ms", 9, |row, _| number(row.parts.kernel * 1e3)),
    ("download ms", 11, |row, _| number(row.parts.download * 1e3)),
    ("CPU GB/s", 8, |row, _| number(row.speed(row.all))),
    ("auto", 6, |row, _| number(row.all.min(row.gpu) / row.auto)),
    ("copies GB/s", 11, |row, _| number(row.speed(row.plain))),
];

/// The headings of [`line`].
pub(crate) fn heading() -> Result<String, Error> {
    let mut text = format!("{:22} {:>7}", "cell", "size");
    for (name, width, _) in COLUMNS {
        write!(text, " {name:>width$}")?;
    }
    Ok(text)
}

/// A row for the terminal.
pub(crate) fn line(row: &Row, copies: &Copies) -> Result<String, Error> {
    let mut text = format!("{:22} {:>7}", id(row), size(row.size));
    for (_, width, column) in COLUMNS {
        write!(text, " {:>width$}", column(row, copies))?;
    }
    Ok(text)
}

/// What follows the rows on the terminal.
pub(crate) fn summary(results: &Results) -> Result<String, Error> {
    let mut text = format!("\n{:22} the GPU is the faster from\n", "cell");
    for cell in cells(&results.rows) {
        writeln!(text, "{:22} {}", id(&cell[0]), crossover(cell))?;
    }
    Ok(text)
}

/// The headings of [`first`].
pub(crate) fn first_heading() -> String {
    format!("{:22} {:>8} {:>8} {:>8}", "first result, ms", "cold", "again", "warm")
}

/// A row of first results for the terminal.
pub(crate) fn first(first: &First) -> String {
    let [cold, again, warm] = [first.cold, first.again, first.warm].map(milliseconds);
    let id = format!("{}/{}", direction(first.decode), first.case.id());
    format!("{id:22} {cold:>8} {again:>8} {warm:>8}")
}

/// The line about copies.
pub(crate) fn copies(copies: &Copies) -> String {
    let [upload, download, memory] =
        [copies.upload, copies.download, copies.memory].map(|speed| number(speed / 1e9));
    format!(
        "Plain copies: {upload} GB/s to the device, {download} GB/s from it, \
         {memory} GB/s within it (read and written)."
    )
}

/// All of it as Markdown.
pub(crate) fn markdown(machine: &str, results: &[Results]) -> Result<String, Error> {
    let mut text = format!("```text\n{machine}```\n");
    for results in results {
        let Results { name, copies: plain, rows, firsts } = results;
        write!(text, "\n### {name}\n\n{}\n", copies(plain))?;
        let most = rows.iter().map(|row| row.size).max().unwrap_or_default();
        if most > 0 {
            write!(text, "\n**The largest arrays, {}**\n\n", size(most))?;
            text += &table(rows.iter().filter(|row| row.size == most), plain, false)?;
            write!(text, "\n**By size: × CPU**\n\n{}", by_size(rows)?)?;
        }
        if !firsts.is_empty() {
            text += "\n**Time to the first result, ms**\n\n| cell | cold | again | warm |\n";
            text += "|---|--:|--:|--:|\n";
            for First { case, decode, cold, again, warm } in firsts {
                let [cold, again, warm] = [cold, again, warm].map(|&time| milliseconds(time));
                let direction = direction(*decode);
                writeln!(text, "| {direction}/{} | {cold} | {again} | {warm} |", case.id())?;
            }
        }
        if rows.iter().any(|row| row.size < most) {
            text += "\n**All sizes**\n\n";
            text += &table(rows.iter(), plain, true)?;
        }
    }
    Ok(text)
}

fn table<'a>(
    rows: impl Iterator<Item = &'a Row>,
    copies: &Copies,
    sizes: bool,
) -> Result<String, Error> {
    let mut text = String::from(if sizes { "| cell | size |" } else { "| cell |" });
    let mut rule = String::from(if sizes { "|---|--:|" } else { "|---|" });
    for (name, _, _) in COLUMNS {
        write!(text, " {name} |")?;
        rule += "--:|";
    }
    text += "\n";
    text += &rule;
    for row in rows {
        write!(text, "\n| {} |", id(row))?;
        if sizes {
            write!(text, " {} |", size(row.size))?;
        }
        for (_, _, column) in COLUMNS {
            write!(text, " {} |", column(row, copies))?;
        }
    }
    Ok(text + "\n")
}

/// How many times as fast as the CPU, a column for each size, and from where on faster.
fn by_size(rows: &[Row]) -> Result<String, Error> {
    let mut sizes: Vec<u64> = rows.iter().map(|row| row.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let (mut text, mut rule) = (String::from("| cell |"), String::from("|---|"));
    for &bytes in &sizes {
        write!(text, " {} |", size(bytes))?;
        rule += "--:|";
    }
    write!(text, " faster from |\n{rule}--:|\n")?;
    for cell in cells(rows) {
        write!(text, "| {} |", id(&cell[0]))?;
        for &bytes in &sizes {
            let row = cell.iter().find(|row| row.size == bytes);
            write!(text, " {} |", ratio(row.map(|row| row.all), row.map_or(1.0, |row| row.gpu)))?;
        }
        writeln!(text, " {} |", crossover(cell))?;
    }
    Ok(text)
}

/// The rows of each cell and direction, by size; they were measured in another order.
fn cells(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| a.decode == b.decode && a.case.id() == b.case.id())
}

/// In the order that [`cells`] wants.
pub(crate) fn sort(rows: &mut [Row]) {
    // Rate 16 comes after rate 4.
    rows.sort_by_key(|Row { case, decode, size, .. }| {
        (case.scalar.size(), case.dims, case.name.len(), case.name, *decode, *size)
    });
}

/// The size from which on the GPU is faster than the CPU, between those measured.
fn crossover(rows: &[Row]) -> String {
    let gain = |row: &Row| (row.all / row.gpu).ln();
    let slower = rows.iter().rposition(|row| gain(row) <= 0.0);
    match slower {
        None => format!("≤ {}", size(rows[0].size)),
        Some(last) if last + 1 == rows.len() => format!("> {}", size(rows[last].size)),
        Some(last) => {
            let (below, above) = (&rows[last], &rows[last + 1]);
            let part = -gain(below) / (gain(above) - gain(below));
            let sizes = [below, above].map(|row| (row.bytes as f64).ln());
            size((sizes[0] + part * (sizes[1] - sizes[0])).exp() as u64)
        }
    }
}

fn id(row: &Row) -> String {
    format!("{}/{}", direction(row.decode), row.case.id())
}

fn direction(decode: bool) -> &'static str {
    if decode { "decode" } else { "encode" }
}

/// A size of an array.
pub(crate) fn size(bytes: u64) -> String {
    let mebibytes = bytes as f64 / 20f64.exp2();
    if mebibytes >= 1024.0 {
        format!("{:.0} GiB", mebibytes / 1024.0)
    } else if mebibytes >= 9.5 || mebibytes.fract() == 0.0 {
        format!("{mebibytes:.0} MiB")
    } else {
        format!("{mebibytes:.1} MiB")
    }
}

fn milliseconds(seconds: f64) -> String {
    number(seconds * 1e3)
}

fn ratio(others: Option<f64>, ours: f64) -> String {
    others.map_or("–".to_owned(), |others| number(others / ours))
}

fn percent(part: f64) -> String {
    format!("{} %", number(part * 100.0))
}

/// Three digits, more or less.
fn number(value: f64) -> String {
    let digits = match value {
        99.5.. => 0,
        9.95.. => 1,
        0.0995.. => 2,
        _ => 4,
    };
    format!("{value:.digits$}")
}
