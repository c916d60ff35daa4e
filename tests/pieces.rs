//! Arrays in pieces make the stream of a single call, and come out of it again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at once")]

use zfp_wgpu::{
    Compressor, Decompressor, Error, Field, FieldMut, Header, Mode, Params, Scalar, ScalarType,
    StreamWord,
};

const SHAPES: [&[usize]; 8] =
    [&[1], &[1003], &[3, 70], &[70, 3], &[33, 41], &[9, 11, 13], &[2, 40, 6], &[5, 6, 7, 9]];

fn modes() -> [Mode; 7] {
    let limits = Params { minbits: 7, maxbits: 300, maxprec: 20, ..Params::default() };
    [
        Mode::Rate(8.0),
        Mode::Rate(3.3),
        Mode::Precision(13),
        Mode::Accuracy(1e-3),
        Mode::Reversible,
        Mode::Expert(limits),
        Mode::Precision(0),
    ]
}

/// A piece's values, out of an array in C order.
fn cut<T: Scalar>(values: &[T], shape: &[usize], piece: &zfp_wgpu::Piece) -> Vec<T> {
    let (starts, length) = piece.runs(shape);
    starts.iter().flat_map(|&start| values[start as usize..][..length].to_vec()).collect()
}

fn round_trip<T: Scalar>(value: impl Fn(usize) -> T) {
    for shape in SHAPES {
        let values: Vec<T> = (0..shape.iter().product()).map(&value).collect();
        let field = Field::new(&values, shape).unwrap();
        for (i, mode) in modes().into_iter().enumerate() {
            let word = if i % 2 == 0 { StreamWord::Bits8 } else { StreamWord::Bits64 };
            let compressor = Compressor::new(mode).header(i != 1).stream_word(word);
            let whole = compressor.compress(&field).unwrap();
            let array: Vec<T> = if i == 1 {
                Decompressor::new().decompress_headerless(&whole, mode, shape).unwrap()
            } else {
                Decompressor::new().decompress(&whole).unwrap().values
            };
            for most in [1, 64, 300, 5000] {
                let mut stream = Vec::new();
                let mut pieces = compressor.begin(T::TYPE, shape, most).unwrap();
                while let Some(piece) = pieces.next_piece() {
                    let part = cut(&values, shape, &piece);
                    let field = Field::new(&part, &piece.shape).unwrap();
                    stream.extend_from_slice(pieces.push(&field).unwrap());
                }
                stream.extend(pieces.finish().unwrap());
                assert!(stream == whole, "{shape:?} {mode:?} {most}");

                let decompressor = Decompressor::new();
                let len = Some(stream.len() as u64);
                let mut pieces = if i == 1 {
                    decompressor.begin_headerless(mode, T::TYPE, shape, len, most).unwrap()
                } else {
                    let header = Header::read(&stream).unwrap();
                    decompressor.begin(&header, len, most).unwrap()
                };
                while let Some(piece) = pieces.next_piece() {
                    let rest = &stream[pieces.position() as usize..];
                    let window = &rest[..rest.len().min(pieces.most_bytes() as usize)];
                    let mut part = vec![T::zeroed(); piece.values()];
                    let field = FieldMut::new(&mut part, &piece.shape).unwrap();
                    pieces.pull(window, field).unwrap();
                    let (a, b) = (cut(&array, shape, &piece), part);
                    let bytes = bytemuck::cast_slice::<T, u8>;
                    assert!(bytes(&a) == bytes(&b), "{shape:?} {mode:?} {most}");
                }
            }
        }
    }
}

#[test]
fn pieces_of_every_type() {
    let wave = |i: usize| (i as f64 / 9.0).sin() * (i as f64 / 70.0).cos();
    round_trip(|i| wave(i) as f32);
    round_trip(wave);
    round_trip(|i| (wave(i) * 1e6) as i32);
    round_trip(|i| (wave(i) * 1e12) as i64);
}

#[test]
fn a_stream_cut_short_is_truncated() {
    let values: Vec<f64> = (0..4000).map(|i| f64::from(i).sqrt()).collect();
    for mode in [Mode::Rate(9.0), Mode::Accuracy(1e-6), Mode::Reversible] {
        let stream =
            Compressor::new(mode).compress(&Field::new(&values, &[100, 40]).unwrap()).unwrap();
        let header = Header::read(&stream).unwrap();
        for len in (12..stream.len() - 8).step_by(97) {
            let cut = &stream[..len];
            let mut pieces = Decompressor::new().begin(&header, None, 400).unwrap();
            let error = loop {
                let piece = pieces.next_piece().unwrap();
                let window = &cut[(pieces.position() as usize).min(len)..];
                let mut part = vec![0f64; piece.values()];
                let field = FieldMut::new(&mut part, &piece.shape).unwrap();
                if let Err(error) = pieces.pull(window, field) {
                    break error;
                }
            };
            match error {
                Error::Truncated { needed, got } => {
                    assert!(got == len as u64 && needed > got, "{error}");
                }
                error => panic!("{error}"),
            }
        }
        let short = Decompressor::new().begin(&header, Some(13), 400);
        assert!(matches!(short, Err(Error::Truncated { got: 13, .. })));
    }
}

#[test]
fn pieces_must_come_as_they_are_asked_for() {
    let values = vec![1f32; 1000];
    let begin = || Compressor::new(Mode::Rate(8.0)).begin(ScalarType::F32, &[10, 100], 400);
    let mut pieces = begin().unwrap();
    let field = Field::new(&values, &[10, 100]).unwrap();
    assert!(matches!(pieces.push(&field), Err(Error::ShapeMismatch { .. })));
    let longs = vec![1i64; 400];
    let field = Field::new(&longs, &[4, 100]).unwrap();
    assert!(matches!(pieces.push(&field), Err(Error::ScalarMismatch { .. })));
    let field = Field::new(&values, &[4, 100]).unwrap();
    pieces.push(&field).unwrap();
    let missing = pieces.finish().unwrap_err();
    assert_eq!(missing, Error::Unfinished { missing: 600, values: 1000 });
    assert!(matches!(
        Compressor::new(Mode::Rate(8.0)).begin(ScalarType::F32, &[10, 0], 400),
        Err(Error::Empty { axis: 1, .. })
    ));
}

#[test]
fn what_is_not_finite_is_named_in_the_whole() {
    let mut values = vec![1f32; 1000];
    values[7 * 100 + 3] = f32::NAN;
    let mut pieces =
        Compressor::new(Mode::Rate(8.0)).begin(ScalarType::F32, &[10, 100], 400).unwrap();
    pieces.push(&Field::new(&values[..400], &[4, 100]).unwrap()).unwrap();
    let error = pieces.push(&Field::new(&values[400..], &[4, 100]).unwrap()).unwrap_err();
    assert_eq!(error, Error::NonFinite { index: vec![7, 3] });

    // Nothing of that is in the stream, which goes on with other values.
    values[7 * 100 + 3] = 1.0;
    let whole = Compressor::new(Mode::Accuracy(0.5));
    let mut pieces = whole.begin(ScalarType::F32, &[10, 100], 400).unwrap();
    let mut stream = Vec::new();
    for part in values.chunks(400) {
        let shape = [part.len() / 100, 100];
        let mut broken = part.to_vec();
        broken[part.len() - 1] = f32::INFINITY;
        assert!(pieces.push(&Field::new(&broken, &shape).unwrap()).is_err());
        stream.extend_from_slice(pieces.push(&Field::new(part, &shape).unwrap()).unwrap());
    }
    stream.extend(pieces.finish().unwrap());
    assert!(stream == whole.compress(&Field::new(&values, &[10, 100]).unwrap()).unwrap());
}

/// Pieces that are large enough for threads: the bytes and the values of the whole.
#[test]
fn pieces_on_several_threads() {
    let shape = [200, 90, 80];
    let values: Vec<f32> = (0..shape.iter().product()).map(|i| (i as f32 * 0.001).sin()).collect();
    for mode in [Mode::Rate(8.0), Mode::Accuracy(1e-3), Mode::Reversible] {
        let whole = Compressor::new(mode).compress(&Field::new(&values, &shape).unwrap()).unwrap();
        for threads in [1, 2, 3] {
            let compressor = Compressor::new(mode).threads(threads);
            let mut pieces = compressor.begin(ScalarType::F32, &shape, 1 << 20).unwrap();
            let mut stream = Vec::new();
            while let Some(piece) = pieces.next_piece() {
                let part = cut(&values, &shape, &piece);
                let field = Field::new(&part, &piece.shape).unwrap();
                stream.extend_from_slice(pieces.push(&field).unwrap());
            }
            stream.extend_from_slice(&pieces.finish().unwrap());
            assert!(stream == whole, "{mode:?} on {threads}");
        }
    }
}
