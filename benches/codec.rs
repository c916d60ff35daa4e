//! Encoding and decoding of every type, number of dimensions and mode, on one thread:
//!
//! ```text
//! cargo bench --bench codec -- encode/f32/3d
//! ```
//!
//! Throughput is in bytes of the array. `cargo xtask bench` sets the same cells beside
//! other libraries.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use zfp_wgpu::{Compressor, Decompressor, Error, Field, FieldMut, ScalarType};

mod cases;

use cases::{Case, Value};

fn codec(criterion: &mut Criterion) {
    for case in cases::all() {
        let done = match case.scalar {
            ScalarType::F32 => measure::<f32>(criterion, case),
            ScalarType::F64 => measure::<f64>(criterion, case),
            ScalarType::I32 => measure::<i32>(criterion, case),
            ScalarType::I64 => measure::<i64>(criterion, case),
        };
        assert_eq!(done, Ok(()), "{}", case.id());
    }
}

fn measure<T: Value>(criterion: &mut Criterion, case: Case) -> Result<(), Error> {
    let shape = cases::shape(case.dims);
    let values: Vec<T> = cases::values(shape);
    // Not the source itself: decoded values are easier to encode.
    let mut output = values.clone();

    let field = Field::new(&values, shape)?;
    let compressor = Compressor::new(case.mode).threads(1);
    let stream = compressor.compress(&field)?;
    let decompressor = Decompressor::new().threads(1);
    decompressor.decompress_into(&stream, FieldMut::new(&mut output, shape)?)?;

    let bytes = Throughput::Bytes(size_of_val(values.as_slice()) as u64);
    let mut group = criterion.benchmark_group("encode");
    group.throughput(bytes.clone());
    group.bench_function(case.id(), |bencher| {
        bencher.iter(|| compressor.compress(black_box(&field)));
    });
    group.finish();

    let mut group = criterion.benchmark_group("decode");
    group.throughput(bytes);
    group.bench_function(case.id(), |bencher| {
        bencher.iter(|| {
            let field = FieldMut::new(&mut output, shape)?;
            decompressor.decompress_into(black_box(&stream), field)
        });
    });
    group.finish();
    Ok(())
}

criterion_group! {
    name = benches;
    // Many cells, each of a few milliseconds.
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = codec
}
criterion_main!(benches);
