//! Encoding and decoding of floats on each GPU, and on the CPU with all threads:
//!
//! ```text
//! cargo bench --bench gpu_codec -- encode/f32/3d
//! ```
//!
//! Throughput is in bytes of the array, from host memory to host memory. The arrays are
//! small; `cargo xtask bench gpu` measures large ones, and what the parts take.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use zfp_wgpu::{
    Compressor, Decompressor, Device, DeviceKind, Error, Field, FieldMut, ScalarType, Selector,
    devices, wait_until_started,
};

mod cases;

use cases::{Case, Value};

/// Devices, and what to call them.
type Devices = Vec<(String, Device)>;

fn gpu_codec(criterion: &mut Criterion) {
    let gpus = devices();
    if gpus.is_empty() {
        let required = std::env::var("REQUIRE_GPU").is_ok_and(|value| value == "1");
        assert!(!required, "REQUIRE_GPU=1, and there is no GPU");
        println!("SKIPPED: there is no GPU, not even a software one");
        return;
    }
    let mut places: Devices = vec![("cpu".into(), Device::Cpu)];
    for (index, info) in gpus.iter().enumerate() {
        let software = if info.kind == DeviceKind::Software { "-software" } else { "" };
        places.push((format!("gpu{index}{software}"), Device::Gpu(Selector::Index(index))));
        println!("gpu{index}{software} is {} ({})", info.name, info.backend);
    }
    // As a test, each kernel that runs must first be compiled: few do.
    let test = !std::env::args().any(|argument| argument == "--bench");
    for case in cases::all().filter(|case| case.name == "rate8" && (!test || case.dims == 3)) {
        let done = match case.scalar {
            ScalarType::F32 => measure::<f32>(criterion, case, &places),
            ScalarType::F64 => measure::<f64>(criterion, case, &places),
            _ => Ok(()),
        };
        assert_eq!(done, Ok(()), "{}", case.id());
    }
    wait_until_started();
}

fn measure<T: Value>(criterion: &mut Criterion, case: Case, places: &Devices) -> Result<(), Error> {
    let shape = cases::shape(case.dims);
    let values: Vec<T> = cases::values(shape);
    let field = Field::new(&values, shape)?;
    let expected = Compressor::new(case.mode).device(Device::Cpu).compress(&field)?;
    let bytes = Throughput::Bytes(size_of_val(values.as_slice()) as u64);

    let mut group = criterion.benchmark_group("encode");
    group.throughput(bytes.clone());
    for (name, device) in places {
        let compressor = Compressor::new(case.mode).device(device.clone());
        assert!(compressor.compress(&field)? == expected, "{name}: {}", case.id());
        group.bench_function(format!("{}/{name}", case.id()), |bencher| {
            bencher.iter(|| compressor.compress(black_box(&field)));
        });
    }
    group.finish();

    let mut output = vec![T::zeroed(); values.len()];
    let mut decoded = output.clone();
    let on_cpu = Decompressor::new().device(Device::Cpu);
    on_cpu.decompress_into(&expected, FieldMut::new(&mut decoded, shape)?)?;
    let mut group = criterion.benchmark_group("decode");
    group.throughput(bytes);
    for (name, device) in places {
        let decompressor = Decompressor::new().device(device.clone());
        output.fill(T::zeroed());
        decompressor.decompress_into(&expected, FieldMut::new(&mut output, shape)?)?;
        assert!(output == decoded, "{name}: {}", case.id());
        group.bench_function(format!("{}/{name}", case.id()), |bencher| {
            bencher.iter(|| {
                let field = FieldMut::new(&mut output, shape)?;
                decompressor.decompress_into(black_box(&expected), field)
            });
        });
    }
    group.finish();
    Ok(())
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = gpu_codec
}
criterion_main!(benches);
