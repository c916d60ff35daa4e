//! `cargo xtask bench --html` writes a page with every plot, drawn of sensible numbers, that
//! needs nothing else.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use roxmltree::{Document, Node, ParsingOptions};

const OURS: &str = "CPU, 1 thread";
const PEERS: [&str; 3] = ["zfp-wgpu, 1 thread", "LLNL zfp (C), 1 thread", "zfp-rs, 1 thread"];

/// The table below a plot: what each curve is at each place.
struct Numbers {
    title: String,
    x: Vec<f64>,
    /// NaN where a curve has no point.
    curves: BTreeMap<String, Vec<f64>>,
}

impl Numbers {
    fn curve(&self, name: &str) -> &[f64] {
        let names: Vec<&String> = self.curves.keys().collect();
        self.curves.get(name).unwrap_or_else(|| panic!("{}: no {name} in {names:?}", self.title))
    }

    /// A curve of speeds a computer can have, at all places, of which there are several.
    fn assert_speed(&self, name: &str) {
        let curve = self.curve(name);
        assert!(curve.len() >= 4, "{}: {name}: {curve:?}", self.title);
        for &speed in curve {
            assert!((0.05..1e7).contains(&speed), "{}: {name}: {curve:?}", self.title);
        }
    }
}

/// The text of an element and all within.
fn text(node: Node) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

fn number(cell: &str) -> f64 {
    if cell == "–" { f64::NAN } else { cell.parse().unwrap_or_else(|_| panic!("{cell}")) }
}

/// All figures with a drawing, by their titles.
fn figures(page: &Document) -> BTreeMap<String, Numbers> {
    let named = |node: &Node, name: &str| node.is_element() && node.tag_name().name() == name;
    let figures = page.descendants().filter(|node| named(node, "figure"));
    let figures = figures.filter(|figure| figure.children().any(|node| named(&node, "svg")));
    figures
        .map(|figure| {
            let find = |name: &str| figure.descendants().find(|node| named(node, name)).unwrap();
            let title = text(find("h3"));
            // Curves are drawn, and both axes have names and numbers.
            let drawn = |name: &str| find("svg").descendants().filter(|n| named(n, name)).count();
            let shapes = drawn("polyline") + drawn("circle") + drawn("rect");
            assert!(shapes > 4 && drawn("text") > 6, "{title} is empty");
            let rows: Vec<Vec<String>> = find("table")
                .children()
                .filter(|node| named(node, "tr"))
                .map(|row| row.children().filter(Node::is_element).map(text).collect())
                .collect();
            let column = |i: usize| rows[1..].iter().map(|row| number(&row[i])).collect();
            let names = rows[0].iter().enumerate().skip(1);
            let curves =
                names.map(|(i, name)| (name.rsplit_once(": ").unwrap().0.to_owned(), column(i)));
            let (x, curves) = (column(0), curves.collect());
            (title.clone(), Numbers { title, x, curves })
        })
        .collect()
}

/// What `zfp-wgpu devices` says, a line for each GPU.
fn devices(target: &Path) -> Vec<String> {
    let program = target.join("release").join(format!("zfp-wgpu{}", env::consts::EXE_SUFFIX));
    let output = Command::new(program).arg("devices").output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter(|line| line.starts_with("gpu:")).map(str::to_owned).collect()
}

/// Whether the GPU of this name, which may have a number or a label behind it, has a clock.
fn has_clock(name: &str, devices: &[String]) -> bool {
    let number = name.rsplit_once(", gpu:").map(|(_, rest)| {
        let digits = rest.split(' ').next().unwrap_or_default();
        format!("gpu:{digits} ")
    });
    let bare = name.strip_suffix(" (software)").unwrap_or(name);
    let is_it = |line: &&String| match &number {
        Some(number) => line.starts_with(number.as_str()),
        None => line.contains(&format!("  {bare}, ")),
    };
    let line = devices.iter().find(is_it).unwrap_or_else(|| panic!("no {name} in {devices:?}"));
    line.contains(" MiB, clock  ")
}

/// The GPUs that have curves: those that the machine has, and software is called so.
fn gpus(figures: &BTreeMap<String, Numbers>, devices: &[String]) -> Vec<String> {
    let Some(plot) = figures.get("Compression on GPUs by rate, kernels alone and end to end")
    else {
        assert!(devices.is_empty(), "{devices:?} were not measured");
        return Vec::new();
    };
    let names = plot.curves.keys().filter_map(|name| name.strip_suffix(", end to end"));
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert_eq!(names.len(), devices.len(), "{names:?} of {devices:?}");
    let software = devices.iter().filter(|line| line.contains(" software ")).count();
    let labelled = names.iter().filter(|name| name.ends_with(" (software)")).count();
    assert_eq!(software, labelled, "{names:?} of {devices:?}");
    names
}

fn target() -> PathBuf {
    // The program lies in target/debug.
    Path::new(env!("CARGO_BIN_EXE_xtask")).ancestors().nth(2).unwrap().to_owned()
}

#[test]
fn every_plot_is_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    // A raw array: nothing is to be fetched for this test.
    let waves: Vec<u8> = (0..64 * 96)
        .map(|i| ((i % 96) as f32 / 9.0).sin() + ((i / 96) as f32 / 7.0).cos())
        .flat_map(f32::to_le_bytes)
        .collect();
    fs::write(folder.path().join("waves"), waves).unwrap();
    let arguments = "bench --html=page.html waves --quick --software -s 64,96 --dtype f32";
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments.split(' '))
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", target())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();

    // Nothing is fetched: the only address is the name of SVG's elements.
    for address in ["src=\"http", "href=", "url(", "@import", "<script", "<link"] {
        assert!(!page.contains(address), "the page has {address}");
    }
    let schemes = page.matches("://").count();
    assert_eq!(schemes, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());

    // The page is well-formed XML, with its drawings.
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&page, options).unwrap();
    let figures = figures(&document);
    let figure = |title: &str| {
        let titles: Vec<&String> = figures.keys().collect();
        figures.get(title).unwrap_or_else(|| panic!("no {title} in {titles:?}"))
    };

    let peers = !said.contains("SKIPPED: LLNL zfp was not built");
    let required = env::var_os("REQUIRE_ZFP").is_some_and(|value| value == "1");
    assert!(peers || !required, "REQUIRE_ZFP=1, and LLNL zfp was not built");
    let devices = devices(&target());
    let gpus = gpus(&figures, &devices);
    let required = env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1");
    assert!(!gpus.is_empty() || !required, "REQUIRE_GPU=1, and there is no GPU");
    if gpus.is_empty() {
        println!("SKIPPED: curves of GPUs, since there is none");
    }
    for way in ["Compression", "Decompression"] {
        let lower = way.to_lowercase();
        for by in ["rate", "size", "dimensions"] {
            let workers = figure(&format!("{way} by {by}"));
            workers.assert_speed(OURS);
            for gpu in &gpus {
                workers.assert_speed(gpu);
            }
            if peers {
                let alone = figure(&format!("Peers: {lower} by {by}"));
                assert_eq!(alone.x, workers.x, "the same arrays");
                for peer in PEERS {
                    alone.assert_speed(peer);
                }
                for peer in &PEERS[1..] {
                    workers.assert_speed(peer);
                }
            }
        }
        for by in ["rate", "size"] {
            for gpu in &gpus {
                let both = figure(&format!("{way} on GPUs by {by}, kernels alone and end to end"));
                both.assert_speed(&format!("{gpu}, end to end"));
                let kernels = format!("{gpu}, kernels alone");
                if has_clock(gpu, &devices) {
                    both.assert_speed(&kernels);
                } else {
                    assert!(!both.curves.contains_key(&kernels), "{gpu} has no clock");
                }
            }
        }
        if std::thread::available_parallelism().unwrap().get() > 1 {
            let threads = figure(&format!("{way} by threads"));
            assert_eq!(threads.x.first(), Some(&1.0));
            for mode in ["rate 8", "precision 16", "tolerance 1e-3", "reversible"] {
                let times = threads.curve(mode);
                assert!(times.iter().all(|x| (0.02..50.0).contains(x)));
            }
        }
        if peers {
            for peer in ["× LLNL zfp", "× zfp-rs"] {
                let ratios = figure(way).curve(peer);
                assert!(ratios.iter().all(|ratio| (0.01..1e4).contains(ratio)), "{ratios:?}");
            }
        }
    }
    // Each GPU has a crossover, or a text that there is none.
    for gpu in &gpus {
        let ahead = page.matches(&format!("crossover: {gpu} is ahead from")).count();
        let never = page.matches(&format!("no crossover: {gpu} is not ahead")).count();
        let always = page.matches(&format!("no crossover: {gpu} is ahead of")).count();
        assert_eq!(ahead + never + always, 2, "{gpu}");
    }
    what_is_lost(&page, &figures);
}

/// The plots of the array.
fn what_is_lost(page: &str, figures: &BTreeMap<String, Numbers>) {
    let distortion = &figures["Rate and distortion, in every mode"];
    for mode in ["rate", "precision", "tolerance", "expert: at most 20 planes and so many bits"] {
        let points: Vec<f64> =
            distortion.curve(mode).iter().copied().filter(|psnr| psnr.is_finite()).collect();
        assert!(points.len() >= 3, "{mode}: {points:?}");
        // More bits, less loss.
        assert!(points.is_sorted(), "{mode}: {points:?}");
    }
    assert!(distortion.curves.keys().any(|name| name.starts_with("reversible: ")));
    let met = &figures["Largest error and tolerance"];
    for (tolerance, error) in met.x.iter().zip(met.curve("largest error")) {
        assert!((0.0..=*tolerance).contains(error), "{tolerance}: {error}");
    }
    let line = met.curve("error = tolerance");
    for end in [0, line.len() - 1] {
        assert!((line[end] / met.x[end] - 1.0).abs() < 1e-4, "{line:?} at {:?}", met.x);
    }
    let bars = figures["Errors"].curve("errors");
    assert!((bars.iter().sum::<f64>() - 100.0).abs() < 0.1, "{bars:?}");
    assert_eq!(page.matches("<img src=\"data:image/png;base64,").count(), 3);
}
