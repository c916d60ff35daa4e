//! `cargo xtask bench --html FILE`: the page of `zfp-wgpu bench`, with real arrays and, where
//! they can be built, LLNL zfp and zfp-rs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{self, cargo, command, root, target};
use crate::{bench, python};

/// Where Debian's package `ferret-datasets` has the earth's elevation.
const ETOPO5: &str = "/usr/share/ferret-vis/data/etopo5.cdf";

const USAGE: &str = "\
Measures this machine, LLNL zfp, zfp-rs and what is lost, and writes one page of plots

Usage: cargo xtask bench --html FILE [OPTIONS] [ARRAY ...]

Arrays are .npy files, or raw values of a --dtype and --shape; without any, elevation models.

Options:
  --html FILE           page to write
  --quick               smaller arrays, fewer rounds and cells
  --software            measure GPUs in software too
  --no-speed            leave out the speed, and the peers
  -s, --shape SHAPE     shape of raw values, as 10,20,30
  -t, --dtype TYPE      type of raw values: f32, f64, i32 or i64
";

/// What was asked for.
#[derive(Debug, Default, PartialEq)]
struct Options {
    html: PathBuf,
    quick: bool,
    software: bool,
    no_speed: bool,
    shape: Option<OsString>,
    dtype: Option<OsString>,
    arrays: Vec<PathBuf>,
}

impl Options {
    /// `None` if help was asked for.
    fn parse(arguments: Vec<String>) -> Result<Option<Self>> {
        use lexopt::prelude::{Long, Short, Value};
        let mut options = Self::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("html") => options.html = parser.value()?.into(),
                Long("quick") => options.quick = true,
                Long("software") => options.software = true,
                Long("no-speed") => options.no_speed = true,
                Short('s') | Long("shape") => options.shape = Some(parser.value()?),
                Short('t') | Long("dtype") => options.dtype = Some(parser.value()?),
                Short('h') | Long("help") => return Ok(None),
                Value(array) => options.arrays.push(array.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }

    /// An error if an array is not there, or no page can be where it is to be written.
    fn check(&self) -> Result<()> {
        let files = self.arrays.iter().filter(|path| *path != Path::new("-"));
        for path in files {
            fs::metadata(path).with_context(|| path.display().to_string())?;
        }
        let page = self.html.display();
        if let Some(folder) = self.html.parent().filter(|folder| *folder != Path::new("")) {
            let found = fs::metadata(folder).with_context(|| format!("writing {page}"))?;
            ensure!(found.is_dir(), "writing {page}: {} is no folder", folder.display());
        }
        ensure!(!self.html.is_dir(), "writing {page}: this is a folder");
        Ok(())
    }

    /// The arguments of `zfp-wgpu bench`.
    fn passed_on(&self, peers: Option<&Path>) -> Vec<OsString> {
        let mut passed = vec!["bench".into(), "--html".into(), self.html.clone().into()];
        let flags =
            [("--quick", self.quick), ("--software", self.software), ("--no-speed", self.no_speed)];
        passed.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag.into()));
        let peers = peers.map(|path| path.as_os_str().to_owned());
        let values = [("--shape", &self.shape), ("--dtype", &self.dtype), ("--peers", &peers)];
        for (option, value) in values {
            passed.extend(value.iter().flat_map(|value| [option.into(), value.clone()]));
        }
        passed.push("--".into());
        passed.extend(self.arrays.iter().map(|path| path.clone().into()));
        passed
    }
}

/// Measures, and writes the page.
pub(crate) fn run(arguments: Vec<String>) -> Result<()> {
    let Some(mut options) =
        Options::parse(arguments).context("see cargo xtask bench --html FILE --help")?
    else {
        print!("{USAGE}");
        return Ok(());
    };
    // Before all the work: it would be in vain.
    options.check()?;
    let folder = target().join("bench");
    fs::create_dir_all(&folder)?;
    if options.arrays.is_empty() {
        match arrays(&folder) {
            Ok(arrays) => options.arrays = arrays,
            Err(error) => println!("SKIPPED: real arrays (offline?): {error:#}"),
        }
    }
    let figures = folder.join("peers.tsv");
    let has_peers = !options.no_speed && bench::figures(&figures, options.quick)?;
    shell::run(cargo().args(["build", "--quiet", "--release", "--features", "cli"]))?;
    let program = format!("zfp-wgpu{}", env::consts::EXE_SUFFIX);
    // Where the user stands, so that the page is written there.
    let program = target().join("release").join(program);
    shell::run(
        Command::new(program).args(options.passed_on(has_peers.then_some(figures.as_path()))),
    )
}

/// The elevation model that matplotlib ships, and the earth's where it is, as .npy files.
fn arrays(folder: &Path) -> Result<Vec<PathBuf>> {
    let etopo5 = fs::exists(ETOPO5).unwrap_or(false);
    let mut packages = vec!["numpy", "matplotlib"];
    if etopo5 {
        // It reads netCDF.
        packages.push("scipy");
    }
    let python = python::install(&packages)?;
    let mut script = command(python);
    script.arg(root().join("xtask/src/arrays.py")).arg(folder);
    if etopo5 {
        script.arg(ETOPO5);
    }
    let output = script.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {script:?}"))?;
    if !output.status.success() {
        bail!("{script:?} failed: {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn arguments_in_any_order_and_form() {
        let expected = Options {
            html: "p.html".into(),
            quick: true,
            arrays: vec!["mine.npy".into()],
            ..Options::default()
        };
        for line in [
            "--html p.html mine.npy --quick",
            "--html=p.html --quick mine.npy",
            "--quick mine.npy --html p.html",
            "--quick --html=p.html -- mine.npy",
        ] {
            assert_eq!(parse(line).ok().flatten().as_ref(), Some(&expected), "{line}");
        }
        assert!(matches!(parse("--html x --help"), Ok(None)));
    }

    #[test]
    fn what_is_unknown_or_incomplete_is_refused() {
        for line in ["--html", "--html p.html --fast", "--html p.html --quick=3", "--html p -s"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn wrong_paths_are_found_at_once() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.npy"), b"")?;
        let check = |html: &str, array: PathBuf| {
            Options { html: at(html), arrays: vec![array], ..Options::default() }.check()
        };
        check("page.html", at("a.npy"))?;
        check("page.html", "-".into())?;
        for (html, array, line) in [
            ("page.html", "missing.npy", "missing.npy"),
            ("nowhere/page.html", "a.npy", "writing "),
            ("a.npy/page.html", "a.npy", "is no folder"),
            ("", "a.npy", "this is a folder"),
        ] {
            let text = check(html, at(array)).map_err(|error| format!("{error:#}"));
            assert!(
                text.as_ref().is_err_and(|text| text.contains(line)),
                "{html} {array}: {text:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn raw_values_keep_their_description() -> Result<()> {
        let options = parse("--html p.html raw -s 3,4 --dtype=f64 --software")?;
        let passed = options.unwrap_or_default().passed_on(Some(Path::new("peers.tsv")));
        let expected = "bench --html p.html --software --shape 3,4 --dtype f64 --peers peers.tsv \
                        -- raw";
        let passed: Vec<_> = passed.iter().filter_map(|argument| argument.to_str()).collect();
        assert_eq!(passed.join(" "), expected);
        Ok(())
    }
}
