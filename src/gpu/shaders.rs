//! WGSL for each kernel: constants from Rust, the files of `shaders/`, loops unrolled.
//!
//! A kernel is compiled for one type, number of dimensions and direction. Its source is a
//! prelude with every constant that the CPU's code has too, and then files that do not
//! know which kernel they are part of. A loop behind the comment `// unroll` is written
//! out: blocks then live in registers, since nothing in them is found by a computed index.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use super::kernels::{Direction, Kernel};
use crate::block::order;
use crate::scalar::ScalarType;

macro_rules! files {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../shaders/", $name, ".wgsl")))),*]
    };
}

/// A file of `shaders/`: its stem and its text.
type File = (&'static str, &'static str);

const WORD_32: &[File] = files!["word32"];
const WORD_64: &[File] = files!["word64"];
const ENCODE: &[File] = files![
    "field",
    "gather",
    "cast",
    "lift",
    "order",
    "planes",
    "writer",
    "encode_planes",
    "encode"
];
const DECODE: &[File] = files![
    "field",
    "scatter",
    "cast",
    "lift",
    "order",
    "planes",
    "reader",
    "decode_planes",
    "decode"
];
const PACK: &[File] = files!["field", "pack"];
const PIECES: &[File] = files!["pieces"];

/// The source of a kernel; its entry point is `encode` or `decode`.
pub(crate) fn source(kernel: Kernel) -> String {
    let word = if kernel.scalar.size() == 4 { WORD_32 } else { WORD_64 };
    let files = match kernel.direction {
        Direction::Encode => ENCODE,
        Direction::Decode => DECODE,
    };
    assemble(kernel, word.iter().chain(files))
}

/// The source of the kernel that joins blocks at the bit, entry point `pack`.
pub(crate) fn pack_source() -> String {
    // Only the number of dimensions is asked for, and does not matter.
    let any = Kernel { scalar: ScalarType::F32, dims: 1, direction: Direction::Encode };
    assemble(any, PACK.iter())
}

/// The source of the kernel that moves values about, entry point `carry`.
pub(crate) fn pieces_source() -> String {
    PIECES.iter().map(|(_, text)| *text).collect()
}

fn assemble<'a>(kernel: Kernel, files: impl Iterator<Item = &'a File>) -> String {
    let constants = constants(kernel);
    let mut source = prelude(kernel, &constants);
    for (stem, text) in files {
        let _ = writeln!(source, "// {stem}.wgsl");
        unroll(text, &constants, if kernel.dims == 4 { 4 } else { 64 }, &mut source);
    }
    source
}

/// Unsigned constants: those that bound loops, and others.
fn constants(Kernel { scalar, dims, .. }: Kernel) -> Vec<(&'static str, u32)> {
    let values = 1u32 << (2 * dims);
    let exponent_bits = scalar.exponent_bits().unwrap_or(0);
    let lines = |axis: usize| if axis < dims { values / 4 } else { 0 };
    // Bits of a plane's code: twice the coefficients and one; up to 31 are used already.
    let window = (2 * values.min(64) + 32).div_ceil(32);
    // Squares of bits are as wide as a block has values, and 32 at most.
    let pairs = |half: u32| if 2 * half <= values.min(32) { values / 2 } else { 0 };
    vec![
        ("N", values),
        ("DIMS", dims as u32),
        ("WIDTH", scalar.bits()),
        ("WINDOW", window),
        ("WINDOW_STEPS", window - 1),
        ("ROWS", values / 4),
        ("PLANE_WORDS", values.div_ceil(32)),
        ("PLANE_BITS", values.min(32)),
        ("EXPONENT_BITS", exponent_bits),
        ("MANTISSA_BITS", scalar.bits() - 1 - exponent_bits),
        ("LINES_X", lines(0)),
        ("LINES_Y", lines(1)),
        ("LINES_Z", lines(2)),
        ("LINES_W", lines(3)),
        ("PAIRS_16", pairs(16)),
        ("PAIRS_8", pairs(8)),
        ("PAIRS_4", pairs(4)),
        ("PAIRS_2", pairs(2)),
        ("PAIRS_1", pairs(1)),
    ]
}

fn prelude(Kernel { scalar, dims, .. }: Kernel, constants: &[(&str, u32)]) -> String {
    let mut text = String::new();
    for (name, value) in constants {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    let exponent_bits = scalar.exponent_bits();
    let bias = exponent_bits.map_or(0, |bits| (1i32 << (bits - 1)) - 1);
    let _ = writeln!(text, "const BIAS: i32 = {bias};");
    let _ = writeln!(text, "const FLOAT: bool = {};", exponent_bits.is_some());
    let order: &[u8] = match dims {
        1 => order::order::<4>(),
        2 => order::order::<16>(),
        3 => order::order::<64>(),
        _ => order::order::<256>(),
    };
    let places: Vec<String> = order.iter().map(|place| format!("{place}u")).collect();
    let _ = writeln!(text, "const ORDER = array<u32, N>({});", places.join(", "));
    text
}

/// Copies `text` and writes out each loop behind a line `// unroll`, as many times as its
/// bound says: a number or one of `constants`.
fn unroll(text: &str, constants: &[(&str, u32)], limit: u32, out: &mut String) {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let always = line.trim() == "// unroll always";
        if line.trim() != "// unroll" && !always {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let head = lines.next().unwrap_or_default();
        let indent = head.len() - head.trim_start().len();
        let end = format!("{}}}", &head[..indent]);
        let body: Vec<&str> = lines.by_ref().take_while(|&line| line != end).collect();
        let Some((variable, count)) = loop_of(head, constants).filter(|l| always || l.1 <= limit)
        else {
            // Too long, or not what it should look like: still a loop.
            for line in [head].into_iter().chain(body).chain([end.as_str()]) {
                let _ = writeln!(out, "{line}");
            }
            continue;
        };
        let body = body.join("\n");
        for value in 0..count {
            let written = substitute(&body, variable, &format!("{value}u"));
            out.push_str("{\n");
            unroll(&written, constants, limit, out);
            out.push_str("}\n");
        }
    }
}

/// Variable and count of `for (var i = 0u; i < COUNT; i++) {`.
fn loop_of<'a>(head: &'a str, constants: &[(&str, u32)]) -> Option<(&'a str, u32)> {
    let rest = head.trim().strip_prefix("for (var ")?;
    let (variable, rest) = rest.split_once(" = 0u; ")?;
    let rest = rest.strip_prefix(variable)?.strip_prefix(" < ")?;
    let (bound, rest) = rest.split_once("; ")?;
    rest.strip_prefix(variable)?.strip_prefix("++) {")?;
    let named = constants.iter().find(|&&(name, _)| name == bound).map(|&(_, value)| value);
    let count = named.or_else(|| bound.strip_suffix('u')?.parse().ok())?;
    Some((variable, count))
}

/// Replaces a name where it stands alone.
fn substitute(text: &str, name: &str, value: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, found) = rest.split_at(at);
        let after = &found[name.len()..];
        out.push_str(before);
        // Neither part of a longer name nor a member of something.
        let joined = out.ends_with(|c: char| is_name(c) || c == '.');
        let alone = !joined && !after.starts_with(is_name);
        out.push_str(if alone { value } else { name });
        rest = after;
    }
    out.push_str(rest);
    out
}
