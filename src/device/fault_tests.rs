//! [`Device::Auto`] and devices that were asked for, when they fail: the right bytes or a
//! typed error, and the right thing afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use super::gpus::{Auto, Gpus, lock};
use super::work::{Call, compress_among, decompress_among};
use super::{Device, Selector, Wishes};
use crate::bitstream::BitWriter;
use crate::block::{NonFinitePolicy, Params};
use crate::cpu;
use crate::error::{Error, Result};
use crate::field::{Field, FieldMut};
use crate::gpu::{FailureKind, Fault};
use crate::report::Run;

const SHAPE: [usize; 3] = [64, 68, 72];
const WISHES: Wishes<'static> =
    Wishes { device: &Device::Auto, validate: false, threads: Some(1), index: None };
const ASKED: Wishes<'static> = Wishes { device: &Device::Gpu(Selector::Any), ..WISHES };

fn params() -> Params {
    Params { minbits: 500, maxbits: 500, ..Params::default() }
}

/// An array, its stream, and what that decodes to.
struct Data {
    values: Vec<f32>,
    stream: Vec<u8>,
    decoded: Vec<f32>,
}

impl Data {
    fn new() -> Self {
        let values: Vec<f32> =
            (0..SHAPE.iter().product()).map(|i: usize| (i as f32 * 0.01).sin()).collect();
        let mut decoded = vec![0f32; values.len()];
        let field = Field::new(&values, &SHAPE).unwrap();
        let mut out = BitWriter::default();
        cpu::compress(&field, params(), NonFinitePolicy::Error, Some(1), &mut out).unwrap();
        let stream = out.finish(64);
        let mut target = FieldMut::new(&mut decoded, &SHAPE).unwrap();
        cpu::decompress(&stream, 0, params(), Some(1), &mut target).unwrap();
        Self { values, stream, decoded }
    }

    /// One call, whose result must be the CPU's if there is one.
    fn run(&self, gpus: &'static Gpus, wishes: Wishes<'_>, encode: bool) -> Result<Run> {
        if encode {
            let field = Field::new(&self.values, &SHAPE).unwrap();
            let mut out = BitWriter::default();
            let policy = NonFinitePolicy::Error;
            let run = compress_among(gpus, wishes, &field, params(), policy, None, &mut out)?;
            assert!(out.finish(64) == self.stream);
            return Ok(run);
        }
        let mut found = vec![f32::NAN; self.values.len()];
        let mut field = FieldMut::new(&mut found, &SHAPE).unwrap();
        let run = decompress_among(gpus, wishes, &self.stream, 0, params(), &mut field)?;
        assert!(found == self.decoded);
        Ok(run)
    }

    fn call(&self, encode: bool) -> Call {
        let field = Field::new(&self.values, &SHAPE).unwrap();
        Call { encode, ..Call::compression(&field, params()) }
    }

    /// GPUs of which the first is open, ready for Auto, and seems fast.
    fn gpus(&self) -> Option<&'static Gpus> {
        let mut gpus = Box::new(Gpus::new());
        gpus.software = true;
        let gpus: &'static Gpus = Box::leak(gpus);
        if gpus.adapters().is_empty() {
            let required = std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1");
            assert!(!required, "REQUIRE_GPU=1, and there is no adapter");
            println!("SKIPPED: no adapter");
            return None;
        }
        self.use_first(gpus);
        Some(gpus)
    }

    fn use_first(&self, gpus: &'static Gpus) {
        let gpu = gpus.open_at(0).unwrap();
        for encode in [true, false] {
            gpu.seem_fast(self.call(encode), Some(1));
        }
        lock(&gpus.state).auto = Auto::Ready(gpu);
    }
}

fn inject(gpus: &'static Gpus, fault: Fault, times: u32) {
    gpus.open_at(0).unwrap().context.inject(fault, times);
}

/// How long the first adapter is left alone from now on.
fn rest(gpus: &Gpus) -> Duration {
    let until = lock(&gpus.state).history(0).rest.as_ref().unwrap().0;
    until.saturating_duration_since(Instant::now())
}

#[test]
fn auto_uses_a_gpu_that_is_faster() {
    let data = Data::new();
    let Some(gpus) = data.gpus() else { return };
    for encode in [true, false] {
        let run = data.run(gpus, WISHES, encode).unwrap();
        assert!(run.gpu && run.failure.is_none(), "{run:?}");
        assert!(run.reason.starts_with("it is the faster: "), "{run:?}");
        assert_eq!(run.index, Some(0));
    }
}

#[test]
fn what_fails_under_auto_is_made_by_the_cpu_and_rests() {
    let data = Data::new();
    for fault in [Fault::Before, Fault::Within, Fault::OutOfMemory] {
        for encode in [true, false] {
            let Some(gpus) = data.gpus() else { return };
            // More often than a call may try again.
            inject(gpus, fault, if fault == Fault::OutOfMemory { 9 } else { 1 });
            let run = data.run(gpus, WISHES, encode).unwrap();
            assert!(!run.gpu && run.index.is_none(), "{run:?}");
            let failure = run.failure.as_deref().expect("a failure is told");
            assert!(!failure.is_empty());
            // It is left alone, and nothing more is said of it.
            for _ in 0..2 {
                let run = data.run(gpus, WISHES, encode).unwrap();
                assert!(!run.gpu && run.failure.is_none(), "{run:?}");
                assert!(run.reason.starts_with("the GPU rests after a failure: "), "{run:?}");
            }
        }
    }
}

#[test]
fn a_device_that_fails_again_rests_longer() {
    let data = Data::new();
    let Some(gpus) = data.gpus() else { return };
    let minutes = |n: u64| Duration::from_secs(60 * n);
    for expected in [1, 2, 4] {
        // As if its rest were over.
        lock(&gpus.state).history(0).rest = None;
        data.use_first(gpus);
        inject(gpus, Fault::Before, 1);
        assert!(data.run(gpus, WISHES, true).unwrap().failure.is_some());
        let rest = rest(gpus);
        let most = minutes(expected);
        assert!(rest > most / 2 && rest <= most, "{rest:?}");
    }
    // Good work makes up for it.
    lock(&gpus.state).history(0).rest = None;
    data.use_first(gpus);
    assert!(data.run(gpus, WISHES, true).unwrap().gpu);
    inject(gpus, Fault::Before, 1);
    assert!(data.run(gpus, WISHES, true).unwrap().failure.is_some());
    assert!(rest(gpus) <= minutes(1));
}

#[test]
fn what_was_asked_for_fails_with_an_error_and_works_again() {
    let data = Data::new();
    for encode in [true, false] {
        let Some(gpus) = data.gpus() else { return };
        inject(gpus, Fault::Within, 1);
        let result = data.run(gpus, ASKED, encode);
        assert!(matches!(result, Err(Error::GpuFailed { .. })), "{result:?}");
        // A device that was lost is opened anew.
        assert!(data.run(gpus, ASKED, encode).unwrap().gpu);
        inject(gpus, Fault::OutOfMemory, 9);
        let result = data.run(gpus, ASKED, encode);
        let Err(Error::GpuOutOfMemory { bytes, .. }) = result else { panic!("{result:?}") };
        assert!(bytes > 0);
    }
}

#[test]
fn a_wrong_bit_is_found_if_that_is_asked_for() {
    let data = Data::new();
    for encode in [true, false] {
        let Some(gpus) = data.gpus() else { return };
        // Ready, so that the fault is not in the trial.
        data.run(gpus, ASKED, encode).unwrap();
        inject(gpus, Fault::Flip, 1);
        let run = data.run(gpus, Wishes { validate: true, ..WISHES }, encode).unwrap();
        assert!(!run.gpu && !run.seconds.validation.is_zero(), "{run:?}");
        assert!(run.failure.unwrap().contains("differ in block"));
        // It is never used again, by nobody.
        let run = data.run(gpus, WISHES, encode).unwrap();
        assert!(!run.gpu && run.reason.contains("is not trusted"), "{run:?}");
        let result = data.run(gpus, ASKED, encode);
        let Err(Error::GpuDistrusted { reason, .. }) = result else { panic!("{result:?}") };
        assert!(reason.contains("differed in block"), "{reason}");
    }
}

#[test]
fn a_wrong_bit_is_an_error_for_who_insists() {
    let data = Data::new();
    for encode in [true, false] {
        let Some(gpus) = data.gpus() else { return };
        data.run(gpus, ASKED, encode).unwrap();
        inject(gpus, Fault::Flip, 1);
        let result = data.run(gpus, Wishes { validate: true, ..ASKED }, encode);
        assert!(matches!(result, Err(Error::GpuDiffers { .. })), "{result:?}");
    }
}

#[test]
fn a_device_that_fails_its_trial_is_not_used() {
    let data = Data::new();
    for encode in [true, false] {
        let Some(gpus) = data.gpus() else { return };
        inject(gpus, Fault::Flip, 1);
        let result = data.run(gpus, ASKED, encode);
        let Err(Error::GpuDistrusted { reason, .. }) = result else { panic!("{result:?}") };
        assert!(reason.starts_with("in a trial it did not "), "{reason}");
        assert!(!data.run(gpus, WISHES, encode).unwrap().gpu);
    }
}

#[test]
fn nothing_is_begun_after_the_end() {
    let data = Data::new();
    let Some(gpus) = data.gpus() else { return };
    assert!(gpus.stop(Duration::from_secs(60)));
    // Nothing is known of calls on two threads.
    let run = data.run(gpus, Wishes { threads: Some(2), ..WISHES }, true).unwrap();
    assert!(!run.gpu, "{run:?}");
    assert!(gpus.stop(Duration::from_secs(60)));
    let run = data.run(gpus, Wishes { threads: Some(2), ..WISHES }, true).unwrap();
    assert!(!run.gpu, "{run:?}");
    // What is ready stays in use.
    assert!(data.run(gpus, WISHES, true).unwrap().gpu);
    lock(&gpus.state).auto = Auto::Unknown;
    let run = data.run(gpus, WISHES, true).unwrap();
    assert_eq!(run.reason, "GPUs are not started any more");
}

#[test]
fn failures_say_what_they_are() {
    let data = Data::new();
    let Some(gpus) = data.gpus() else { return };
    let gpu = gpus.open_at(0).unwrap();
    let kind = FailureKind::OutOfMemory { bytes: 77 };
    let failure = crate::gpu::Failure { kind, reason: "none left".to_owned() };
    let error = gpus.failed(&gpu, &failure);
    assert!(matches!(error, Error::GpuOutOfMemory { bytes: 77, .. }), "{error}");
}
