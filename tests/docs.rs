//! The documentation names tests; they must exist.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at once")]

use std::fs;
use std::path::Path;

#[test]
fn tests_named_for_differences_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("bindings").exists() {
        println!("SKIPPED: this is the published crate, without the Python tests");
        return;
    }
    let page = fs::read_to_string(root.join("docs/differences-from-zfp.md")).unwrap();
    let mut named = 0;
    // Code spans are every other piece between backticks.
    for (file, test) in page.split('`').skip(1).step_by(2).filter_map(|s| s.split_once("::")) {
        let python = Path::new(file).extension().is_some_and(|ending| ending == "py");
        let folder = if python { "bindings/python/tests" } else { "tests" };
        let text = fs::read_to_string(root.join(folder).join(file));
        let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
        let found = [format!("def {test}("), format!("fn {test}(")];
        assert!(found.iter().any(|name| text.contains(name)), "no {test} in {file}");
        named += 1;
    }
    assert!(named > 30, "{named} tests found");
}
