//! The kernels are the codec a second time. Each file of `shaders/` says which of `src` it
//! mirrors, and functions that both have keep their names and their order.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at once")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of `shaders/`, the file or folder of `src` that it mirrors, and the functions that
/// both have. WGSL has no modules: there, `forward` of `lift` is called `forward_lift`.
const PAIRS: [(&str, Option<&str>, &[&str]); 17] = [
    ("cast", Some("src/block/cast.rs"), &["survey", "forward", "inverse"]),
    ("decode", Some("src/block/mod.rs"), &["decode"]),
    ("decode_planes", Some("src/block/planes.rs"), &["decode", "decode_plane", "deposit"]),
    ("encode", Some("src/block/mod.rs"), &["encode"]),
    ("encode_planes", Some("src/block/planes.rs"), &["encode", "encode_plane"]),
    ("field", Some("src/field"), &[]),
    ("gather", Some("src/field/mod.rs"), &["gather"]),
    ("lift", Some("src/block/lift.rs"), &["forward", "inverse", "forward_line", "inverse_line"]),
    (
        "order",
        Some("src/block/order.rs"),
        &["forward", "inverse", "to_negabinary", "from_negabinary"],
    ),
    // The CPU's threads need no such thing.
    ("pack", None, &[]),
    ("pieces", Some("src/gpu/pieces.rs"), &[]),
    ("planes", Some("src/block/planes.rs"), &["transpose", "swap_halves"]),
    ("reader", Some("src/bitstream.rs"), &["low_bits", "open", "refill", "peek", "skip", "take"]),
    ("scatter", Some("src/field/slabs.rs"), &["scatter"]),
    ("word32", Some("src/scalar.rs"), &["leading_zeros", "from_bits", "is_nan"]),
    ("word64", Some("src/scalar.rs"), &["leading_zeros", "from_bits", "is_nan"]),
    ("writer", Some("src/bitstream.rs"), &["low_bits", "open", "put", "close"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn shader(stem: &str) -> String {
    let file = root().join("shaders").join(stem).with_extension("wgsl");
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The names of the functions of either language, in the order of the text.
fn functions(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut names = Vec::new();
    for line in code.lines() {
        let line = line.split("//").next().unwrap();
        let Some(at) = line.find("fn ") else { continue };
        if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &line[at + 3..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        names.push(&rest[..end]);
    }
    names
}

#[test]
fn every_shader_has_a_place_in_the_table() {
    let files = fs::read_dir(root().join("shaders")).unwrap();
    let stems = files.map(|file| {
        let file = file.unwrap().path();
        assert_eq!(file.extension().unwrap(), "wgsl", "{}", file.display());
        file.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    let table = PAIRS.map(|(stem, ..)| stem.to_owned());
    assert_eq!(stems.collect::<BTreeSet<_>>(), BTreeSet::from(table));
}

#[test]
fn every_shader_names_what_it_mirrors() {
    for (stem, mirrored, _) in PAIRS {
        let text = shader(stem);
        let comment: Vec<&str> =
            text.lines().map_while(|line| line.strip_prefix("//")).map(str::trim).collect();
        assert!(!comment.is_empty(), "{stem}.wgsl opens without a comment");
        let Some(mirrored) = mirrored else { continue };
        assert!(comment.join(" ").contains(mirrored), "{stem}.wgsl does not name {mirrored}");
        assert!(root().join(mirrored).exists(), "{stem}.wgsl mirrors {mirrored}, which is gone");
    }
}

#[test]
fn functions_on_both_sides_keep_names_and_order() {
    for (stem, mirrored, expected) in PAIRS {
        let Some(mirrored) = mirrored else { continue };
        let file = root().join(mirrored);
        if file.is_dir() {
            continue;
        }
        let rust = fs::read_to_string(file).unwrap();
        let rust = functions(&rust);
        let module = Path::new(mirrored).file_stem().unwrap().to_str().unwrap();
        let text = shader(stem);
        let ending = format!("_{module}");
        let common: Vec<&str> = functions(&text)
            .into_iter()
            .map(|name| name.strip_suffix(ending.as_str()).unwrap_or(name))
            .filter(|name| rust.contains(name))
            .collect();
        assert_eq!(common, expected, "{stem}.wgsl and {mirrored}");
        // Names that several types of a file have may come again.
        let mut rest = rust.iter();
        for name in common {
            assert!(
                rest.any(|&other| other == name),
                "{stem}.wgsl has `{name}` in another place than {mirrored}"
            );
        }
    }
}

#[test]
fn words_of_both_widths_have_the_same_functions() {
    let signatures = |stem| -> Vec<String> {
        let text = shader(stem);
        text.lines().filter(|line| line.starts_with("fn ")).map(str::to_owned).collect()
    };
    assert_eq!(signatures("word32"), signatures("word64"));
}

#[test]
fn functions_are_found_in_either_language() {
    let text = "
        pub(crate) const fn one() {}
        // fn two() is no more.
        fn three<T>(work: impl Fn(u32)) {}
        let often = 4;
        @compute @workgroup_size(64)
        fn five(\n";
    assert_eq!(functions(text), ["one", "three", "five"]);
}
