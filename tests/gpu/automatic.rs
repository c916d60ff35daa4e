//! What depends on the environment, or on being the first in a process: tests that start
//! this program again.

use std::process::Command;

use fastrand::Rng;
use zfp_wgpu::{
    Compressor, Decompressor, Device, DeviceKind, Error, Field, Mode, Run, devices, last_run,
    wait_until_started,
};

use super::gpu;
use super::support::data::{self, Kind};
use super::support::same_bits;

/// Set where a test runs in a process of its own.
const CHILD: &str = "ZFP_WGPU_TEST_CHILD";

/// Does something in a process of its own, with this environment: the calling test, which
/// must be named, is started again.
fn alone(test: &str, environment: &[(&str, &str)], body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([&format!("automatic::{test}"), "--exact", "--nocapture"]);
    for name in ["ZFP_WGPU_AUTO_SOFTWARE", "ZFP_WGPU_DEVICE"] {
        child.env_remove(name);
    }
    let output = child.env(CHILD, "1").envs(environment.iter().copied()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), output.stderr);
    let passed = output.status.success() && out.contains("1 passed");
    assert!(passed, "{environment:?}\n{out}\n{}", String::from_utf8_lossy(&err));
}

const SHAPE: [usize; 3] = [80, 80, 96];
const MODE: Mode = Mode::Rate(9.3);

/// An array large enough for a GPU, its stream, and what that stands for.
fn large() -> (Vec<f32>, Vec<u8>, Vec<f32>) {
    let values: Vec<f32> = data::array(&mut Rng::with_seed(71), &SHAPE, &Kind::ALL);
    let field = Field::new(&values, &SHAPE).unwrap();
    let stream = Compressor::new(MODE).device(Device::Cpu).compress(&field).unwrap();
    let decompressor = Decompressor::new().device(Device::Cpu);
    let array = decompressor.decompress::<f32>(&stream).unwrap();
    (values, stream, array.values)
}

/// One call each way with the device left to the crate, which must be right whatever ran.
fn both_ways((values, stream, array): &(Vec<f32>, Vec<u8>, Vec<f32>)) -> [Run; 2] {
    let field = Field::new(values, &SHAPE).unwrap();
    assert!(Compressor::new(MODE).compress(&field).unwrap() == *stream);
    let there = last_run().unwrap();
    let found = Decompressor::new().decompress::<f32>(stream).unwrap();
    assert!(same_bits(&found.values, array));
    let back = last_run().unwrap();
    assert_eq!(there.input_bytes, 4 * values.len() as u64);
    assert_eq!(back.output_bytes, 4 * values.len() as u64);
    assert_eq!([there.output_bytes, back.input_bytes], [stream.len() as u64; 2]);
    for run in [&there, &back] {
        assert_eq!(run.failure, None);
        assert!(!run.seconds.total.is_zero());
        assert_eq!(run.gpu, run.device != "CPU");
        assert_eq!(run.gpu, run.index.is_some());
        assert_eq!(run.gpu, !run.seconds.upload.is_zero());
        assert!(run.seconds.validation.is_zero());
    }
    [there, back]
}

/// Whether [`Device::Auto`] has a GPU by itself.
fn has_hardware() -> bool {
    devices().iter().any(|device| device.kind != DeviceKind::Software)
}

#[test]
fn software_is_never_chosen() {
    alone("software_is_never_chosen", &[], || {
        let large = large();
        let first = both_ways(&large);
        assert_eq!(first[0].reason, "a GPU is being looked for");
        assert!(!first[0].gpu && !first[1].gpu);
        for _ in 0..4 {
            wait_until_started();
            let runs = both_ways(&large);
            if !has_hardware() {
                assert!(
                    runs.iter().all(|run| run.reason == "there is no hardware GPU"),
                    "{runs:?}"
                );
            }
        }
    });
}

#[test]
fn the_faster_one_is_chosen() {
    let Some(_) = gpu() else { return };
    let software = [("ZFP_WGPU_AUTO_SOFTWARE", "1")];
    alone("the_faster_one_is_chosen", &software, || {
        let large = large();
        let small = Field::new(&large.0[..1000], &[1000]).unwrap();
        let reason = |mode| {
            let field = if mode == MODE { &small } else { &Field::new(&large.0, &SHAPE).unwrap() };
            Compressor::new(mode).compress(field).unwrap();
            last_run().unwrap().reason.into_owned()
        };
        let has_begun = || {
            assert_eq!(reason(MODE), "the array is too small for a GPU to pay");
            assert_eq!(reason(Mode::Precision(9)), "GPUs do fixed rate only");
        };
        has_begun();
        // Nobody waits for the device, nor for its kernels: each call asks for what is still
        // missing, and the CPU answers.
        let first = both_ways(&large);
        assert_eq!(first[0].reason, "a GPU is being looked for");
        let mut measured = 0;
        for round in 0..8 {
            let runs = if round == 0 { &first } else { &both_ways(&large) };
            let is_measured = |run: &Run| {
                run.reason.starts_with("it is the faster: ")
                    || run.reason.starts_with("it may have become the faster: ")
            };
            for run in runs {
                let waits = run.reason == "a GPU is being looked for"
                    || run.reason == "the GPU's kernel is being compiled and measured";
                assert!(is_measured(run) || (waits && !run.gpu), "{run:?}");
                // Once for each step: the device, and then the kernel.
                assert!(is_measured(run) || round < 2, "{run:?}");
            }
            measured += usize::from(runs.iter().all(is_measured));
            wait_until_started();
        }
        assert!(measured >= 5, "{measured}");
        has_begun();
        // What was asked for is done at once, and needs nothing measured.
        let field = Field::new(&large.0, &SHAPE).unwrap();
        let gpu = gpu().unwrap();
        assert!(Compressor::new(MODE).device(gpu).compress(&field).unwrap() == large.1);
        assert!(last_run().unwrap().gpu);
        wait_until_started();
    });
}

#[test]
fn no_adapter() {
    // There is no backend of this name.
    alone("no_adapter", &[("WGPU_BACKEND", "none"), ("REQUIRE_GPU", "")], || {
        assert_eq!(devices(), []);
        let large = large();
        both_ways(&large);
        wait_until_started();
        for run in both_ways(&large) {
            assert_eq!(run.reason, "there is no hardware GPU");
        }
        let field = Field::new(&large.0, &SHAPE).unwrap();
        for name in ["gpu", "gpu:0", "gpu:llvmpipe"] {
            let device: Device = name.parse().unwrap();
            let result = Compressor::new(MODE).device(device).compress(&field);
            let Err(Error::NoGpu { wanted, reason }) = result else { panic!("{result:?}") };
            assert_eq!(wanted, name);
            assert!(reason.contains("Vulkan"), "{reason}");
        }
        // The helper of these tests.
        assert_eq!(gpu(), None);
    });
}

#[test]
fn a_gpu_can_be_required() {
    alone("a_gpu_can_be_required", &[("WGPU_BACKEND", "none"), ("REQUIRE_GPU", "1")], || {
        assert!(std::panic::catch_unwind(gpu).is_err());
    });
}

#[test]
fn the_environment_names_a_device() {
    for (text, device) in [
        ("", Some("auto")),
        ("cpu", Some("cpu")),
        ("gpu", Some("gpu")),
        ("gpu:2", Some("gpu:2")),
        ("gpu:radeon", Some("gpu:radeon")),
        ("tpu", None),
    ] {
        let environment = [("ZFP_WGPU_DEVICE", text), ("EXPECTED", device.unwrap_or("none"))];
        alone("the_environment_names_a_device", &environment, || {
            let expected = std::env::var("EXPECTED").unwrap();
            match Device::from_env() {
                Ok(device) => assert_eq!(device.to_string(), expected),
                Err(error) => {
                    assert_eq!(expected, "none");
                    assert_eq!(error, Error::Device { given: "tpu".to_owned() });
                }
            }
        });
        if std::env::var_os(CHILD).is_some() {
            return;
        }
    }
}
