//! The page: one file of HTML, with everything in it.

use anyhow::Result;

use super::plot::{Dots, Plot, css};
use crate::cli::printf::general;

const STYLE: &str = "\
:root { --ink: #1f2428; --soft: #5b636b; --line: #e3e6ea; --back: #f6f7f9; --blue: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.5 system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; }
main { max-width: 1360px; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 2rem; margin: 0; letter-spacing: -0.02em; }
h2 { font-size: 1.35rem; margin: 3rem 0 0.25rem; padding-top: 1.25rem;
  border-top: 1px solid var(--line); }
p { margin: 0.25rem 0 1rem; max-width: 80ch; color: var(--soft); }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr));
  gap: 1.25rem; margin: 1rem 0; }
figure { margin: 0; padding: 1rem 1rem 0.75rem; background: #fff; border: 1px solid var(--line);
  border-radius: 10px; }
figure h3 { margin: 0 0 0.25rem; font-size: 1rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: 0.875rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; font-size: 0.875rem;
  color: var(--soft); margin-bottom: 0.25rem; min-height: 1.4rem; }
.legend i { display: inline-block; width: 1.4em; height: 0; margin-right: 0.45em;
  border-top: 3px solid; vertical-align: middle; }
.legend i.dashed { border-top-style: dashed; }
.legend i.dotted { border-top-style: dotted; }
.legend i.hollow { position: relative; }
.legend i.hollow::after { content: ''; position: absolute; left: 50%; top: -1.5px; width: 9px;
  height: 9px; border: 2px solid; border-color: inherit; border-radius: 50%; background: #fff;
  transform: translate(-50%, -50%); }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.25rem 0 0; }
.tiles div { background: #fff; border: 1px solid var(--line); border-radius: 10px;
  padding: 0.7rem 1.1rem; }
.tiles b { display: block; font-size: 1.3rem; }
.tiles span { color: var(--soft); font-size: 0.875rem; }
.slices { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1rem; }
.slices img { width: 100%; display: block; border-radius: 4px; image-rendering: pixelated; }
.slices div { font-size: 0.875rem; color: var(--soft); }
figure.wide { grid-column: 1 / -1; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.9rem; text-align: right; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); }
th:first-child, td:first-child { text-align: left; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--blue); }
.scroll { overflow-x: auto; }
";

/// A page that grows.
pub(super) struct Page {
    body: String,
}

impl Page {
    pub(super) fn new() -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self { body: format!("<h1>zfp-wgpu {version}</h1>\n") }
    }

    /// What it was measured on.
    pub(super) fn machine(&mut self, devices: &[String]) {
        let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
        let processor = processor.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let (system, devices) = (std::env::consts::OS, devices.join("; "));
        let text = format!("{processor}, {system}. Measured: {devices}.");
        self.body += &format!("<p>{}</p>\n", escaped(&text));
    }

    /// Numbers to see first: what, how much.
    pub(super) fn tiles(&mut self, tiles: &[(String, String)]) {
        self.body += "<div class=\"tiles\">\n";
        for (what, number) in tiles {
            let (what, number) = (escaped(what), escaped(number));
            self.body += &format!("<div><b>{number}</b><span>{what}</span></div>\n");
        }
        self.body += "</div>\n";
    }

    /// Begins a section.
    pub(super) fn section(&mut self, title: &str, text: &str) {
        let (title, text) = (escaped(title), escaped(text));
        self.body += &format!("<h2>{title}</h2>\n<p>{text}</p>\n");
    }

    /// Plots side by side: title, plot, caption.
    pub(super) fn plots(&mut self, plots: &[(&str, Plot, &str)]) -> Result<()> {
        self.body += "<div class=\"grid\">\n";
        for (title, plot, caption) in plots {
            let (title, caption, svg) = (escaped(title), escaped(caption), plot.svg()?);
            let note = if plot.note.is_empty() { "" } else { "; " };
            let (note, keys, numbers) = (format!("{note}{}", plot.note), keys(plot), numbers(plot));
            self.body += &format!(
                "<figure><h3>{title}</h3><div class=\"legend\">{keys}</div>\n{svg}\n\
                 <figcaption>{caption}{note}</figcaption>\n{numbers}</figure>\n"
            );
        }
        self.body += "</div>\n";
        Ok(())
    }

    /// Pictures in a row: caption, address of the image.
    pub(super) fn pictures(&mut self, title: &str, pictures: &[(String, String)]) {
        let title = escaped(title);
        self.body += &format!(
            "<div class=\"grid\"><figure class=\"wide\"><h3>{title}</h3>\n<div class=\"slices\">\n"
        );
        for (caption, address) in pictures {
            let caption = escaped(caption);
            self.body +=
                &format!("<div><img src=\"{address}\" alt=\"{caption}\"/>{caption}</div>\n");
        }
        self.body += "</div></figure></div>\n";
    }

    /// A table that is unfolded on request.
    pub(super) fn table(&mut self, title: &str, heading: &[&str], rows: &[Vec<String>]) {
        let heading: Vec<String> = heading.iter().map(|&cell| cell.to_owned()).collect();
        self.body += &table(title, &heading, rows);
    }

    /// The whole page.
    pub(super) fn finish(self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width\"/>\n\
             <title>zfp-wgpu: speed and distortion</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body><main>\n{}</main></body>\n</html>\n",
            self.body
        )
    }
}

/// What curves and marks are called, beside a piece of each.
fn keys(plot: &Plot) -> String {
    if plot.series.len() + plot.marks.len() < 2 {
        return String::new();
    }
    let series = plot.series.iter().map(|series| {
        let class = match (series.dashed, series.dots) {
            (false, Dots::Hollow) => " class=\"hollow\"",
            (true, Dots::Hollow) => " class=\"dashed hollow\"",
            (true, _) => " class=\"dashed\"",
            (false, _) => "",
        };
        (class, series.colour, &series.name)
    });
    let marks = plot.marks.iter().map(|mark| (" class=\"dotted\"", mark.colour, &mark.name));
    let key = |(class, colour, name): (&str, usize, &String)| {
        let (colour, name) = (css(colour), escaped(name));
        format!("<span><i{class} style=\"border-color:{colour}\"></i>{name}</span>")
    };
    series.chain(marks).map(key).collect()
}

/// The numbers of all curves: one column each, and a row for each place.
fn numbers(plot: &Plot) -> String {
    let mut places: Vec<f64> =
        plot.series.iter().flat_map(|series| &series.points).map(|point| point.0).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let mut heading = vec![plot.x.0.clone()];
    heading.extend(plot.series.iter().map(|series| format!("{}: {}", series.name, plot.y.0)));
    let rows: Vec<Vec<String>> = places
        .into_iter()
        .map(|place| {
            let number = |points: &[(f64, f64)]| {
                let found = points.iter().find(|point| point.0.total_cmp(&place).is_eq());
                found.map_or_else(|| "–".to_owned(), |point| general(point.1, 5))
            };
            let numbers = plot.series.iter().map(|series| number(&series.points));
            [vec![general(place, 9)], numbers.collect()].concat()
        })
        .collect();
    table("Numbers", &heading, &rows)
}

/// A table that is unfolded on request.
fn table(title: &str, heading: &[String], rows: &[Vec<String>]) -> String {
    let line = |tag: &str, cells: &[String]| {
        let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let rows: String = rows.iter().map(|row| line("td", row)).collect();
    format!(
        "<details><summary>{}</summary><div class=\"scroll\"><table>\n{}{rows}</table></div>\
         </details>\n",
        escaped(title),
        line("th", heading)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
