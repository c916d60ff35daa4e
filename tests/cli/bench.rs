//! `bench` writes one page that needs nothing else.

use std::fs;

use crate::support::{folder, ours, said, write_data};

#[test]
fn the_page_is_whole() {
    let folder = folder();
    write_data(folder.path());
    let peers = "f32/3d/rate8\t100\t2.5\t1.5\t90\t2\t1.25\nf64/1d/rate8\t50\t1.5\t1.1\t40\t3\t2\n";
    fs::write(folder.path().join("peers.tsv"), peers).unwrap();
    let arguments =
        "bench f32 --dtype f32 --shape 25,40 --quick --peers peers.tsv --html page.html";
    let output = ours(arguments, folder.path());
    assert!(output.status.success(), "{}", said(&output));
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for text in [
        "Compression by rate",
        "Decompression by dimensions",
        "Compression by size",
        "1.94 × LLNL zfp",
        "What is lost: f32",
        "Rate and distortion, in every mode",
        "Largest error and tolerance",
        "reversible",
        "data:image/png;base64,",
    ] {
        assert!(page.contains(text), "no {text:?}");
    }
    // Nothing is fetched: no address but the namespace of SVG.
    let addresses = page.matches("http").count();
    assert_eq!(addresses, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.matches("<svg").count() >= 12);
}

#[test]
fn what_is_no_array_is_refused() {
    let folder = folder();
    write_data(folder.path());
    let output = ours("bench f32 --html page.html --no-speed", folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("f32: is not a .npy file"), "{}", said(&output));
    assert!(!folder.path().join("page.html").exists());
    let output = ours("bench --peers empty --html page.html --no-speed", folder.path());
    assert!(said(&output).contains("empty: holds no figures"), "{}", said(&output));
}

#[test]
fn curves_of_the_peers_are_drawn() {
    let folder = folder();
    let line = |name: &str| format!("{name}\t800\t4\t2\t600\t3\t1.5\n");
    let names = ["rate=4", "rate=8", "dims=1", "dims=2", "size=4000", "size=65536"];
    fs::write(folder.path().join("peers"), names.map(line).concat()).unwrap();
    let output = ours("bench --peers peers --html page.html --no-speed --quick", folder.path());
    assert!(output.status.success(), "{}", said(&output));
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    for by in ["rate", "size", "dimensions"] {
        assert!(page.contains(&format!("<h3>Peers: compression by {by}</h3>")), "{by}");
    }
    // Ours, and the others by their ratios.
    assert!(page.contains("<tr><td>4</td><td>800</td><td>200</td><td>400</td></tr>"));
    assert!(page.contains("<tr><td>65536</td><td>600</td><td>200</td><td>400</td></tr>"));

    fs::write(folder.path().join("peers"), line("time=4")).unwrap();
    let output = ours("bench --peers peers --html page.html --no-speed --quick", folder.path());
    assert!(said(&output).contains("peers: has a curve along \"time\""), "{}", said(&output));
}
