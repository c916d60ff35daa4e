//! Which device, under which name; what a call tells of itself; threads that share one.

use fastrand::Rng;
use zfp_wgpu::{
    Compressor, Decompressor, Device, DeviceKind, Error, Field, Mode, Params, Run, Selector,
    devices, last_run, wait_until_started,
};

use super::support::Value;
use super::support::data::{self, Kind};
use super::support::layout::{Layout, Memory};
use super::{How, check, gpu};

#[test]
fn names_of_devices() {
    let name = |name: &str| Device::Gpu(Selector::Name(name.to_owned()));
    for (text, device) in [
        ("auto", Device::Auto),
        ("cpu", Device::Cpu),
        ("gpu", Device::Gpu(Selector::Any)),
        ("gpu:0", Device::Gpu(Selector::Index(0))),
        ("gpu:17", Device::Gpu(Selector::Index(17))),
        ("gpu:Quadro", name("Quadro")),
        ("gpu:Radeon RX 7900: XT", name("Radeon RX 7900: XT")),
        ("gpu:-1", name("-1")),
        ("gpu:+1", name("+1")),
        ("gpu:99999999999999999999", name("99999999999999999999")),
        ("gpu:gpu:1", name("gpu:1")),
    ] {
        assert_eq!(text.parse(), Ok(device.clone()));
        assert_eq!(device.to_string(), text);
    }
    assert_eq!(Device::default(), Device::Auto);
    for text in ["", "gpu:", "CPU", "cuda", "gpu0", " gpu", "auto:1", "cpu:0"] {
        let error = text.parse::<Device>().unwrap_err();
        assert_eq!(error, Error::Device { given: text.to_owned() });
        assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
    }
}

#[test]
fn devices_tell_what_they_are() {
    let Some(_) = gpu() else { return };
    let all = devices();
    for device in &all {
        assert!(!device.name.is_empty());
        assert!(["Vulkan", "Metal", "Dx12"].contains(&device.backend.as_str()), "{device:?}");
        // What every device has to offer.
        assert!(device.max_binding_bytes >= 128 << 20, "{device:?}");
        assert!(device.max_buffer_bytes >= 256 << 20, "{device:?}");
    }
    let rank = |kind| match kind {
        DeviceKind::Discrete => 0,
        DeviceKind::Integrated => 1,
        DeviceKind::Virtual => 2,
        DeviceKind::Software => 4,
        _ => 3,
    };
    assert!(all.is_sorted_by_key(|device| rank(device.kind)), "{all:?}");
    assert_eq!(all, devices(), "looked for once");
}

const RATE: Mode = Mode::Rate(8.0);

fn compress(device: Device, mode: Mode) -> Result<Run, Error> {
    let values = [1f32; 64];
    let field = Field::new(&values, &[8, 8]).unwrap();
    Compressor::new(mode).device(device).compress(&field).map(|_| last_run().unwrap())
}

#[test]
fn a_device_is_found_by_name_and_place() {
    let Some(any) = gpu() else { return };
    let name = devices()[0].name.clone();
    let part: String = name.chars().skip(1).take(5).collect();
    let by_name = |name: &str| Device::Gpu(Selector::Name(name.to_owned()));
    for device in [
        any,
        Device::Gpu(Selector::Index(0)),
        by_name(&name),
        by_name(&name.to_uppercase()),
        by_name(&part.to_lowercase()),
    ] {
        let run = compress(device, RATE).unwrap();
        assert!(run.gpu);
        assert_eq!(run.reason, "it was asked for");
        assert_eq!(run.failure, None);
        assert_eq!(devices()[run.index.unwrap()].name, run.device);
    }
}

/// Where there is no such device, the error says which there are.
#[test]
fn a_device_that_is_not_there() {
    let names: Vec<String> = devices().into_iter().map(|device| device.name).collect();
    // An index is no name, even if a name has that number in it.
    let beyond = names.len();
    for text in ["gpu:no such thing", "gpu:99", &format!("gpu:{beyond}"), "gpu:1000000"] {
        for result in [
            compress(text.parse().unwrap(), RATE).map(|_| ()),
            Decompressor::new()
                .device(text.parse().unwrap())
                .decompress_headerless::<f32>(&[0; 64], RATE, &[8, 8])
                .map(|_| ()),
        ] {
            let Err(Error::NoGpu { wanted, reason }) = result else { panic!("{result:?}") };
            assert_eq!(wanted, text);
            assert!(names.iter().all(|name| reason.contains(name)), "{reason}");
            assert!(!reason.is_empty());
        }
    }
}

#[test]
fn variable_rates_are_not_done_on_gpus() {
    let Some(gpu) = gpu() else { return };
    let expert = Params { minbits: 10, maxbits: 11, ..Params::default() };
    let lossless = Params { minbits: 99, maxbits: 99, minexp: -1075, ..Params::default() };
    for mode in [
        Mode::Reversible,
        Mode::Precision(10),
        Mode::Accuracy(0.1),
        Mode::Expert(expert),
        Mode::Expert(lossless),
    ] {
        let result = compress(gpu.clone(), mode);
        assert!(matches!(result, Err(Error::GpuUnsupported { .. })), "{mode:?} {result:?}");
        let stream = zfp_wgpu::compress(&Field::new(&[1f32; 64], &[64]).unwrap(), mode).unwrap();
        let result = Decompressor::new().device(gpu.clone()).decompress::<f32>(&stream);
        assert!(matches!(result, Err(Error::GpuUnsupported { .. })), "{mode:?}");
        // The choice was not the caller's.
        let run = compress(Device::Auto, mode).unwrap();
        assert!(!run.gpu && run.reason.contains("fixed rate"), "{run:?}");
    }
}

#[test]
fn a_call_tells_what_it_did() {
    let run = compress(Device::Cpu, RATE).unwrap();
    assert_eq!((&*run.device, run.gpu, run.failure), ("CPU", false, None));
    assert_eq!(run.reason, "the CPU was asked for");
    assert_eq!((run.input_bytes, run.output_bytes), (256, 80), "4 blocks and a header");
    let run = compress(Device::Auto, RATE).unwrap();
    assert_eq!(&*run.device, "CPU");
    // Threads have runs of their own, and failures leave them as they were.
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(last_run(), None));
    });
    assert!(compress(Device::Cpu, Mode::Rate(-1.0)).is_err());
    assert_eq!(last_run().unwrap(), run);

    let Some(gpu) = gpu() else { return };
    let values = vec![1.5f64; 100 * 100];
    let field = Field::new(&values, &[100, 100]).unwrap();
    let stream = Compressor::new(RATE).device(gpu.clone()).compress(&field).unwrap();
    let run = last_run().unwrap();
    assert!(run.gpu && run.failure.is_none());
    assert_eq!((run.input_bytes, run.output_bytes), (80_000, stream.len() as u64));
    let seconds = run.seconds;
    for part in [seconds.upload, seconds.kernel, seconds.download] {
        assert!(!part.is_zero() && part <= seconds.total, "{seconds:?}");
    }
    assert!(seconds.validation.is_zero());
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(last_run(), None));
    });
    Decompressor::new().device(gpu).decompress::<f64>(&stream).unwrap();
    let run = last_run().unwrap();
    assert!(run.gpu);
    assert_eq!((run.input_bytes, run.output_bytes), (stream.len() as u64, 80_000));
    wait_until_started();
}

/// The CPU looks at what the GPU made, in any layout, and finds nothing.
#[test]
fn validation() {
    let Some(gpu) = gpu() else { return };
    let shape = [21, 22, 23];
    let values: Vec<f32> = data::array(&mut Rng::with_seed(61), &shape, &Kind::ALL);
    for layout in Layout::all(&shape) {
        for how in [How::new(Mode::Rate(5.3)), How::new(RATE).bare()] {
            let memory = Memory::of(&values, &layout);
            let expected = check(&gpu, &memory, how);
            let compressor = how.compressor(gpu.clone()).validate(true);
            assert_eq!(compressor.compress(&memory.field()), Ok(expected.clone()));
            assert!(!last_run().unwrap().seconds.validation.is_zero());
            let mut target = memory.blank();
            let decompressor = Decompressor::new().device(gpu.clone()).validate(true);
            if how.header {
                decompressor.decompress_into(&expected, target.field_mut()).unwrap();
            } else {
                let field = target.field_mut();
                decompressor.decompress_headerless_into(&expected, how.mode, field).unwrap();
            }
            assert!(!last_run().unwrap().seconds.validation.is_zero());
            let expected = how.decompress(&expected, Device::Cpu, &memory);
            assert!(super::same_bits(&target.items, &expected.items), "{layout:?}");
        }
    }
}

/// Threads that share a device get in each other's way, but not into each other's data.
#[test]
fn threads_share_a_device() {
    fn one<T: Value>(gpu: &Device, rng: &mut Rng, shape: &[usize]) {
        let values: Vec<T> = data::array(rng, shape, &Kind::ALL);
        let layouts = Layout::all(shape);
        let memory = Memory::of(&values, &layouts[rng.usize(..layouts.len())]);
        check(gpu, &memory, How::new(Mode::Rate(f64::from(rng.u32(3..30)) + 0.3)));
    }
    let Some(gpu) = gpu() else { return };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let gpu = &gpu;
            scope.spawn(move || {
                let mut rng = Rng::with_seed(62 + thread);
                for call in 0..30 {
                    match (call + thread) % 6 {
                        0 => one::<i32>(gpu, &mut rng, &[30_000]),
                        1 => one::<f32>(gpu, &mut rng, &[100, 120]),
                        2 => one::<f64>(gpu, &mut rng, &[20, 21, 22]),
                        3 => one::<i64>(gpu, &mut rng, &[7]),
                        4 => one::<f32>(gpu, &mut rng, &[40, 50, 60]),
                        _ => one::<f64>(gpu, &mut rng, &[300, 301]),
                    }
                }
            });
        }
    });
}
