//! Streams that were cut, flipped or made up: a typed error, or exactly the values that
//! the bits stand for; never a panic, nor memory that the stream does not justify.

// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fastrand::Rng;
use support::data::{self, Kind};
use support::{Value, block_count, block_size, oracle, pack, same_bits, scatter, unpack};
use zfp_wgpu::{
    Compressor, Decompressor, Error, Field, FieldMut, Header, MAX_BITS, Mode, Params, ScalarType,
    StreamWord,
};

/// More than any stream here may make.
const LIMIT: u64 = 1 << 18;

/// What comes of a stream must be what the oracle reads, or the error that the stream
/// ends too soon where the oracle reads past its end. Returns whether there was an array.
fn check(stream: &[u8]) -> bool {
    let decompressor = Decompressor::new().threads(1).max_output_bytes(LIMIT);
    match Header::read(stream) {
        Err(error) => {
            assert_eq!(decompressor.decompress::<f32>(stream), Err(error));
            false
        }
        Ok(header) => match header.scalar {
            ScalarType::I32 => check_body::<i32>(&decompressor, stream, &header),
            ScalarType::I64 => check_body::<i64>(&decompressor, stream, &header),
            ScalarType::F32 => check_body::<f32>(&decompressor, stream, &header),
            ScalarType::F64 => check_body::<f64>(&decompressor, stream, &header),
        },
    }
}

fn check_body<T: Value>(decompressor: &Decompressor, stream: &[u8], header: &Header) -> bool {
    let result = decompressor.decompress::<T>(stream);
    let bytes = header.shape.iter().map(|&n| n as u128).product::<u128>() * size_of::<T>() as u128;
    if bytes > u128::from(LIMIT) {
        let refused = matches!(result, Err(Error::Truncated { .. } | Error::OutputLimit { .. }));
        assert!(refused, "{header:?}");
        return false;
    }
    let bits = unpack(stream);
    let mut at = header.bits as usize;
    let mut expected = vec![T::default(); (bytes / size_of::<T>() as u128) as usize];
    for block in 0..block_count(&header.shape) {
        let size = block_size(&header.shape);
        let values = oracle::decode(&bits, &mut at, header.params, size);
        scatter(&mut expected, &header.shape, block, &values);
    }
    match result {
        Ok(array) => {
            assert!(at <= bits.len(), "read past the end: {header:?}");
            assert_eq!(array.shape, header.shape);
            assert!(same_bits(&array.values, &expected), "wrong values: {header:?}");
            true
        }
        Err(Error::Truncated { needed, got }) => {
            assert!(at > bits.len(), "nothing is missing: {header:?}");
            assert!(got == stream.len() as u64 && needed > got);
            false
        }
        Err(error) => panic!("{error} {header:?}"),
    }
}

/// A header made by hand, from sizes that need not make sense.
fn header(scalar: ScalarType, shape: &[u64], mode: u64) -> Vec<bool> {
    let mut bits = unpack(b"zfp\x05");
    let mut put = |value: u64, count: usize| bits.extend((0..count).map(|i| value >> i & 1 == 1));
    put(u64::from(scalar.code()) - 1, 2);
    put(shape.len() as u64 - 1, 2);
    for &size in shape.iter().rev() {
        put(size - 1, 48 / shape.len());
    }
    put(mode, if mode & 0xfff == 0xfff { 64 } else { 12 });
    bits
}

fn long_mode(params: Params) -> u64 {
    let Params { minbits, maxbits, maxprec, minexp } = params;
    let minexp = u64::try_from(minexp + 16495).unwrap();
    0xfff
        | u64::from(minbits - 1) << 12
        | u64::from(maxbits - 1) << 27
        | u64::from(maxprec - 1) << 42
        | minexp << 49
}

fn some_modes() -> [Mode; 6] {
    [
        Mode::Rate(7.3),
        Mode::Precision(12),
        Mode::Accuracy(0.01),
        Mode::Reversible,
        Mode::Expert(Params { minbits: 90, maxbits: 400, maxprec: 30, minexp: -20 }),
        Mode::Expert(Params { minbits: 100, maxbits: MAX_BITS, maxprec: 64, minexp: -1075 }),
    ]
}

/// Streams of all types and numbers of dimensions, padded to the byte.
fn some_streams() -> Vec<Vec<u8>> {
    fn of<T: Value>(streams: &mut Vec<Vec<u8>>) {
        let mut rng = Rng::with_seed(3);
        for shape in [&[23][..], &[6, 9], &[3, 5, 6], &[2, 5, 3, 4]] {
            let values: Vec<T> = data::array(&mut rng, shape, &Kind::ALL);
            let field = Field::new(&values, shape).unwrap();
            for mode in some_modes() {
                let compressor = Compressor::new(mode).stream_word(StreamWord::Bits8);
                streams.push(compressor.compress(&field).unwrap());
            }
        }
    }
    let mut streams = Vec::new();
    of::<i32>(&mut streams);
    of::<i64>(&mut streams);
    of::<f32>(&mut streams);
    of::<f64>(&mut streams);
    streams
}

#[test]
fn a_stream_cut_anywhere_is_truncated() {
    for stream in some_streams() {
        assert!(check(&stream));
        for len in 0..stream.len() {
            let error = Decompressor::new().threads(1).inspect(&stream[..len]).err();
            assert!(matches!(error, None | Some(Error::Truncated { .. })), "{error:?}");
            assert!(!check(&stream[..len]), "{len} of {}", stream.len());
        }
        // Whatever follows is not read.
        let mut padded = stream.clone();
        for more in 0..9 {
            padded.push(more * 31);
            assert!(check(&padded));
        }
    }
}

#[test]
fn a_stream_without_header_cut_anywhere_is_truncated() {
    let values: Vec<f64> = data::array(&mut Rng::with_seed(4), &[7, 9], &Kind::ALL);
    let field = Field::new(&values, &[7, 9]).unwrap();
    for mode in some_modes() {
        let compressor = Compressor::new(mode).header(false).stream_word(StreamWord::Bits8);
        let stream = compressor.compress(&field).unwrap();
        let decompressor = Decompressor::new();
        let whole = decompressor.decompress_headerless::<f64>(&stream, mode, &[7, 9]).unwrap();
        for len in 0..stream.len() {
            let error = decompressor.decompress_headerless::<f64>(&stream[..len], mode, &[7, 9]);
            assert!(matches!(error, Err(Error::Truncated { .. })), "{len} {error:?}");
        }
        let mut padded = stream;
        padded.extend([0; 7]);
        let again = decompressor.decompress_headerless(&padded, mode, &[7, 9]).unwrap();
        assert!(same_bits(&whole, &again));
    }
}

#[test]
fn every_flipped_bit_is_an_error_or_other_values() {
    for stream in some_streams() {
        // All of the header, and some of the blocks.
        for bit in (0..200).chain((200..stream.len() * 8).step_by(11)) {
            let mut flipped = stream.clone();
            let Some(byte) = flipped.get_mut(bit / 8) else { break };
            *byte ^= 1 << (bit % 8);
            let good = check(&flipped);
            assert!(bit >= 32 || !good, "the magic number has no bits to spare");
        }
    }
}

#[test]
fn random_bytes_behind_the_magic_number() {
    let mut rng = Rng::with_seed(5);
    for _ in 0..100_000 {
        let mut stream = b"zfp\x05".to_vec();
        stream.extend((0..rng.usize(..100)).map(|_| rng.u8(..)));
        check(&stream);
        check(&stream[4..]);
    }
}

/// Sizes that can be, any mode, and random bits for blocks.
#[test]
fn random_blocks_are_what_the_oracle_reads() {
    let mut rng = Rng::with_seed(6);
    let mut good = 0;
    for _ in 0..60_000 {
        let scalar = ScalarType::ALL[rng.usize(..4)];
        let dims = rng.usize(1..=4);
        let shape: Vec<u64> = (0..dims).map(|_| rng.u64(1..=[60, 16, 8, 6][dims - 1])).collect();
        let maxbits = rng.u32(1..=3000);
        let mode = match rng.u8(..3) {
            0 => rng.u64(..0xfff),
            1 => 0xfff | rng.u64(..) << 12,
            _ => long_mode(Params {
                minbits: rng.u32(1..=maxbits),
                maxbits,
                maxprec: rng.u32(1..=64),
                minexp: rng.i32(-1100..300),
            }),
        };
        let mut bits = header(scalar, &shape, mode);
        // Dense, sparse, and very sparse ones.
        let zeros = rng.u32(1..6);
        bits.extend((0..rng.usize(..8000)).map(|_| rng.u32(..).is_multiple_of(zeros)));
        good += usize::from(check(&pack(&bits)));
    }
    assert!(good > 10_000, "{good} streams were arrays");
}

#[test]
fn huge_claims_are_refused_before_any_memory_is_asked_for() {
    let claims: [&[u64]; 4] = [&[1 << 48], &[1 << 24; 2], &[1 << 16; 3], &[1 << 12; 4]];
    for scalar in ScalarType::ALL {
        for shape in claims {
            for mode in [63, 2048 + 31, 2176, 2177 + 1074, 0xfff | 0x7fff << 27 | 63 << 42] {
                let mut stream = pack(&header(scalar, shape, mode));
                stream.resize(stream.len().max(16), 0);
                let size = stream.len() as u64;
                let error = match scalar {
                    ScalarType::I32 => Decompressor::new().decompress::<i32>(&stream).err(),
                    ScalarType::I64 => Decompressor::new().decompress::<i64>(&stream).err(),
                    ScalarType::F32 => Decompressor::new().decompress::<f32>(&stream).err(),
                    ScalarType::F64 => Decompressor::new().decompress::<f64>(&stream).err(),
                };
                // Memory for it is not to be had, and was not asked for.
                let Some(Error::Truncated { needed, got }) = error else { panic!("{error:?}") };
                assert!(got == size && needed >= 1 << (48 - 8 - 3), "{needed} {got}");
            }
        }
    }
}

/// What is refused for its length must not be one bit longer than the shortest there is.
#[test]
fn the_shortest_streams_are_arrays() {
    fn of<T: Value>() {
        for shape in [&[4000][..], &[70, 70], &[20, 20, 20], &[12, 12, 12, 12]] {
            let zeros = vec![T::default(); shape.iter().product()];
            let field = Field::new(&zeros, shape).unwrap();
            let least = if T::EXPONENT_BITS == 0 { 7 } else { 19 };
            let short = Params { minbits: 0, maxbits: least, maxprec: 3, minexp: -1075 };
            let modes = [
                Mode::Rate(0.01 + 0.5 / f64::from(1 << (2 * shape.len()))),
                Mode::Expert(short),
                Mode::Expert(Params { maxbits: 5.max(least), minexp: 0, ..short }),
                Mode::Expert(Params { minbits: least, maxprec: 64, ..short }),
            ];
            for mode in modes.into_iter().chain(some_modes()) {
                let compressor = Compressor::new(mode).stream_word(StreamWord::Bits8);
                assert!(check(&compressor.compress(&field).unwrap()), "{} {mode:?}", T::TYPE);
            }
        }
    }
    of::<i32>();
    of::<i64>();
    of::<f32>();
    of::<f64>();
}

#[test]
fn output_is_limited() {
    let zeros = vec![0f32; 1 << 16];
    let stream =
        zfp_wgpu::compress(&Field::new(&zeros, &[1 << 16]).unwrap(), Mode::Precision(8)).unwrap();
    let bytes = 4 << 16;
    for (limit, allowed) in [(bytes, true), (bytes - 1, false), (0, false)] {
        let decompressor = Decompressor::new().max_output_bytes(limit);
        assert_eq!(decompressor.inspect(&stream).is_ok(), allowed);
        let result = decompressor.decompress::<f32>(&stream);
        if allowed {
            assert_eq!(result.unwrap().values, zeros);
        } else {
            assert_eq!(result, Err(Error::OutputLimit { bytes, limit }));
        }
    }
}

#[test]
fn what_is_no_stream_is_named() {
    let decode = |stream: &[u8]| Decompressor::new().decompress::<f32>(stream).unwrap_err();
    assert_eq!(decode(b""), Error::Truncated { needed: 12, got: 0 });
    assert_eq!(decode(b"zfp\x05"), Error::Truncated { needed: 12, got: 4 });
    assert_eq!(decode(b"zfp\x04 and so on"), Error::CodecVersion { version: 4 });
    assert_eq!(decode(b"PNG..."), Error::NotZfp { found: b"PNG.".to_vec() });
    assert_eq!(decode(b"zx"), Error::NotZfp { found: b"zx".to_vec() });
}

#[test]
fn mode_words_without_meaning_are_refused() {
    let expert =
        |minbits, maxbits, maxprec| long_mode(Params { minbits, maxbits, maxprec, minexp: -1074 });
    for (scalar, mode) in [
        // Fewer bits a block than its header has.
        (ScalarType::F32, 7),
        (ScalarType::F64, 10),
        (ScalarType::F32, expert(1, 8, 64)),
        (ScalarType::F64, expert(1, 11, 64)),
        // More planes than 64, or more bits at least than at most.
        (ScalarType::I32, 2048 + 64),
        (ScalarType::I64, expert(1, 4096, 65)),
        (ScalarType::I64, expert(1, 4096, 128)),
        (ScalarType::I32, expert(101, 100, 64)),
    ] {
        let mut bits = header(scalar, &[4], mode);
        bits.resize(1000, false);
        assert_eq!(Header::read(&pack(&bits)), Err(Error::ModeWord { word: mode }));
    }
}

#[test]
fn arrays_of_another_type_or_shape_are_refused() {
    let values = [1.0f32; 12];
    let stream =
        zfp_wgpu::compress(&Field::new(&values, &[3, 4]).unwrap(), Mode::Reversible).unwrap();
    let decompressor = Decompressor::new();
    let mismatch = Error::ScalarMismatch { stream: ScalarType::F32, array: ScalarType::I32 };
    assert_eq!(decompressor.decompress::<i32>(&stream), Err(mismatch.clone()));
    let mut ints = [7i32; 12];
    let field = FieldMut::new(&mut ints, &[3, 4]).unwrap();
    assert_eq!(decompressor.decompress_into(&stream, field), Err(mismatch));
    assert_eq!(ints, [7; 12]);

    let mut floats = [7f32; 12];
    let field = FieldMut::new(&mut floats, &[4, 3]).unwrap();
    let mismatch = Error::ShapeMismatch { stream: vec![3, 4], array: vec![4, 3] };
    assert_eq!(decompressor.decompress_into(&stream, field), Err(mismatch));
    assert!(same_bits(&floats, &[7.0; 12]));
}

/// Limits that no block comes near are no limits, however large the number.
#[test]
fn immense_limits_are_no_limits() {
    fn check<T: Value>() {
        for shape in [&[37][..], &[9, 14], &[5, 7, 9], &[5, 4, 6, 3]] {
            let values: Vec<T> = data::array(&mut Rng::with_seed(7), shape, &Kind::ALL);
            let field = Field::new(&values, shape).unwrap();
            for minbits in [1, 777] {
                let stream = |maxbits| {
                    let mode = Mode::Expert(Params { minbits, maxbits, ..Params::default() });
                    Compressor::new(mode).header(false).compress(&field).unwrap()
                };
                let expected = stream(MAX_BITS);
                for maxbits in [1 << 15, (1 << 31) - 1, 1 << 31, (1 << 31) + 20_000, u32::MAX] {
                    assert!(stream(maxbits) == expected, "{} {shape:?} {maxbits}", T::TYPE);
                }
            }
        }
    }
    check::<i32>();
    check::<i64>();
    check::<f32>();
    check::<f64>();
}

/// A stride along an axis of one value leads nowhere.
#[test]
fn strides_of_single_values_may_be_anything() {
    let values: Vec<u8> = (0..8u32).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let field = |stride| Field::from_bytes(&values, ScalarType::F32, &[1, 8], &[stride, 4], 0);
    let stream = |stride| zfp_wgpu::compress(&field(stride).unwrap(), Mode::Reversible).unwrap();
    let mut bytes = vec![0; values.len()];
    for stride in [isize::MAX, isize::MIN, 0, 3] {
        assert_eq!(stream(stride), stream(32));
        let target =
            FieldMut::from_bytes(&mut bytes, ScalarType::F32, &[1, 8], &[stride, 4], 0).unwrap();
        Decompressor::new().decompress_into(&stream(32), target).unwrap();
        assert_eq!(bytes, values);
    }
}

/// Headers, pieces and batches that somebody made up.
#[test]
fn made_up_headers_and_pieces_are_refused() {
    let header = Header::new(ScalarType::F32, &[8, 8], Mode::Rate(8.0)).unwrap();
    let mut changed = header.clone();
    changed.shape.clear();
    assert!(matches!(changed.to_bytes(), Err(Error::Dimensions { got: 0 })));
    changed.shape = vec![0];
    assert!(matches!(changed.to_bytes(), Err(Error::Empty { .. })));
    let mut changed = header;
    changed.params.maxbits = 1;
    changed.params.minbits = 1;
    assert!(matches!(changed.to_bytes(), Err(Error::BelowBlockHeader { .. })));
    let begun = Decompressor::new().begin(&changed, None, 64);
    assert!(matches!(begun, Err(Error::BelowBlockHeader { .. })));

    let bare = Compressor::new(Mode::Rate(8.0)).header(false);
    let begun = bare.begin(ScalarType::F32, &[1 << 40, 1 << 40], 1024).unwrap();
    assert!(matches!(begun.finish(), Err(Error::Unfinished { .. })));
    let piece = zfp_wgpu::Pieces::new(&[10, 3], 12).unwrap().next().unwrap();
    let _ = piece.runs(&[1, 2, 3]);

    let nan = [f32::NAN];
    let claims_all = Field::strided(&nan, &[1 << 60], &[0], 0).unwrap();
    let results = bare.compress_batch(&[claims_all, claims_all, claims_all]);
    assert!(results.unwrap().iter().all(Result::is_err));
}
