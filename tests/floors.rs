//! The crate has floors, and a module may use only what lies below it or beside it.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the crate, from the ground up. Those of a floor marked `apart` may
/// not use each other.
const FLOORS: [(&[&str], bool); 10] = [
    (&["error", "report", "scalar"], false),
    (&["bitstream", "memory", "threads"], false),
    (&["block"], false),
    (&["field"], false),
    (&["mode", "header", "index"], false),
    (&["cpu", "gpu"], true),
    (&["device"], false),
    (&["codec"], false),
    (&["array"], false),
    (&["main", "cli"], false),
];

/// No file is longer than this.
const LINES: usize = 500;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All source files, as paths below `src`.
fn files() -> Vec<PathBuf> {
    let mut folders = vec![source()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(source()).unwrap().to_path_buf());
            }
        }
    }
    files
}

fn read(file: &Path) -> String {
    fs::read_to_string(source().join(file)).unwrap()
}

/// The modules that a file is: `field/slabs.rs` is `["field", "slabs"]`.
fn module(file: &Path) -> Vec<String> {
    let parts = file.with_extension("");
    let mut parts: Vec<String> =
        parts.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

fn floor(module: &str) -> usize {
    let found = FLOORS.iter().position(|(modules, _)| modules.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` has no floor: give it one in tests/floors.rs"))
}

/// The first names of a path, or of each path of a group in braces.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.trim_start().strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut names) = (0, vec![name(group)]);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[i + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The crate's modules that a file names, by paths from `crate` or from `super`.
fn uses(file: &Path) -> BTreeSet<String> {
    let text = read(file);
    // Comments may name anything.
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap()).collect();
    let code = code.join("\n");
    let mut uses = BTreeSet::new();
    for (place, _) in code.match_indices("crate::") {
        uses.extend(first_names(&code[place + "crate::".len()..]));
    }
    let depth = module(file).len();
    for (place, _) in code.match_indices("super::") {
        let before = &code[..place];
        // A chain counts once, from its first link.
        if before.ends_with("super::") {
            continue;
        }
        let mut rest = &code[place..];
        let mut ups = 0;
        while let Some(up) = rest.strip_prefix("super::") {
            (rest, ups) = (up, ups + 1);
        }
        // Modules within the file, such as its tests, are indented.
        let indent = before.rsplit('\n').next().unwrap().starts_with(' ');
        if ups - usize::from(indent) >= depth {
            uses.extend(first_names(rest));
        }
    }
    uses
}

#[test]
fn no_floor_uses_a_higher_one() {
    let mut checked = 0;
    for file in files() {
        let module = module(&file);
        let home = module[0].as_str();
        // A file of tests may compare with any path: it is not part of the house.
        if home == "lib" || module.last().is_some_and(|last| last.ends_with("tests")) {
            continue;
        }
        for used in uses(&file) {
            // What begins with a capital is re-exported by lib.rs, which is above all.
            assert!(
                !used.starts_with(char::is_uppercase),
                "{}: name the module of `{used}`",
                file.display()
            );
            let (from, to) = (floor(home), floor(&used));
            assert!(to <= from, "{}: `{home}` uses `{used}` of a higher floor", file.display());
            let apart = from == to && home != used && FLOORS[from].1;
            assert!(!apart, "{}: `{home}` and `{used}` do not use each other", file.display());
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} uses were found");
}

#[test]
fn every_module_has_a_floor_and_a_place_in_the_map() {
    let map = read(Path::new("lib.rs"));
    for file in files() {
        let home = module(&file)[0].clone();
        // The command has a map of its own.
        if !["lib", "main", "cli"].contains(&home.as_str()) {
            floor(&home);
            assert!(map.contains(&format!("`{home}`")), "lib.rs does not tell of `{home}`");
        }
    }
}

/// The compiler refuses unsafe code wherever it is not allowed.
#[test]
fn only_simd_and_memory_allow_unsafe_code() {
    assert!(read(Path::new("lib.rs")).contains("#![deny(unsafe_code)]"));
    for file in files() {
        let text = read(&file);
        let allows = text.contains("allow(unsafe_code") || text.contains("expect(unsafe_code");
        let may = ["cpu/simd/mod.rs", "memory/mod.rs"].iter().any(|place| file == Path::new(place));
        assert!(!allows || may, "{}", file.display());
    }
}

#[test]
fn files_are_short() {
    for file in files() {
        let lines = read(&file).lines().count();
        assert!(lines <= LINES, "{} has {lines} lines", file.display());
    }
}

#[test]
fn paths_are_understood() {
    let names = |path: &str| first_names(path).join(" ");
    assert_eq!(names("field::{Field, Slab};"), "field");
    assert_eq!(names("{block::{Params, MAX_BITS}, error::Error};"), "block error");
    assert_eq!(names("cpu::serial::compress(field, params)"), "cpu");
}
