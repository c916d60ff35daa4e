//! Devices that fail in the midst of a call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::context::Options;
use super::faults::Fault;
use super::host_tests::{fixed, open};
use super::*;
use crate::bitstream::BitWriter;
use crate::field::{Field, FieldMut};

/// Four slabs of a mebibyte, so that some are under way when something happens.
const VALUES: usize = 1 << 20;

fn small_slabs(mappable: bool) -> Option<Context> {
    open(&Options { mappable, max_binding_bytes: Some(1 << 20), ..Options::default() })
}

fn encode(context: &Context) -> Result<Vec<u8>, Stop> {
    let values: Vec<f32> = (0..VALUES).map(|i| (i as f32 * 1e-3).sin()).collect();
    let field = Field::new(&values, &[VALUES]).unwrap();
    let mut out = BitWriter::default();
    compress(context, &field, fixed(64), NonFinitePolicy::Error, None, &mut out)?;
    Ok(out.finish(64))
}

fn decode(context: &Context) -> Result<Vec<f32>, Stop> {
    let mut values = vec![0f32; VALUES];
    let mut field = FieldMut::new(&mut values, &[VALUES]).unwrap();
    decompress(context, &vec![0x5b; VALUES * 2], 0, fixed(64), None, &mut field)?;
    Ok(values)
}

/// The first call that fails says that the device is lost, and nobody asks it again.
#[test]
fn the_first_failure_of_a_lost_device_tells_of_the_loss() {
    for mappable in [true, false] {
        for fault in [Fault::Before, Fault::Within] {
            for warm in [false, true] {
                for way in [|c: &Context| encode(c).map(drop), |c: &Context| decode(c).map(drop)] {
                    let Some(context) = small_slabs(mappable) else { return };
                    if warm {
                        way(&context).unwrap();
                    }
                    context.inject(fault, 1);
                    let what = format!("{fault:?}, mappable {mappable}, warm {warm}");
                    let Err(Stop::Device(failure)) = way(&context) else { panic!("{what}") };
                    assert_eq!(failure.kind, FailureKind::Lost, "{what}: {failure}");
                    assert!(failure.reason.contains("destroyed"), "{what}: {failure}");
                    assert!(!context.is_usable(), "{what}");
                }
            }
        }
    }
}

#[test]
fn faults_are_what_they_say() {
    let Some(context) = small_slabs(true) else { return };
    let (stream, values) = (encode(&context).unwrap(), decode(&context).unwrap());
    context.inject(Fault::Flip, 2);
    assert_ne!(encode(&context).unwrap(), stream);
    assert_eq!(encode(&context).unwrap(), stream);
    context.inject(Fault::Flip, 1);
    assert_ne!(decode(&context).unwrap(), values);
    assert_eq!(decode(&context).unwrap(), values);
    assert!(context.is_usable());
}

#[test]
fn without_memory_for_large_slabs_small_ones_do() {
    let Some(context) = open(&Options::default()) else { return };
    let (stream, values) = (encode(&context).unwrap(), decode(&context).unwrap());
    for slab in [1, 2] {
        context.inject(Fault::OutOfMemory, slab);
        let (first, second) = (encode(&context), encode(&context));
        if slab == 1 {
            assert_eq!(first.as_ref(), Ok(&stream));
        } else {
            // Twice is once too often.
            let Err(Stop::Device(failure)) = first else { panic!("{:?}", first.is_ok()) };
            let FailureKind::OutOfMemory { bytes } = failure.kind else { panic!("{failure:?}") };
            assert!(bytes >= 4 << 20, "{bytes}");
        }
        assert_eq!(second, Ok(stream.clone()));
        context.inject(Fault::OutOfMemory, slab);
        assert_eq!(decode(&context).is_ok(), slab == 1);
        assert_eq!(decode(&context), Ok(values.clone()));
    }
    assert!(context.is_usable());
}

/// Set in a process of its own, which may have little memory.
const CHILD: &str = "ZFP_WGPU_TEST_LITTLE_MEMORY";

/// The kernel refuses memory: a driver then says so in its own way, and smaller slabs do.
#[test]
#[cfg(target_os = "linux")]
fn a_driver_without_memory_is_survived() {
    use std::process::Command;

    if std::env::var_os(CHILD).is_none() {
        if adapters().first().is_none_or(|adapter| adapter.facts.kind != Kind::Software) {
            println!("SKIPPED: only a device in software takes the memory of its process");
            return;
        }
        if Command::new("prlimit").arg("--version").output().is_err() {
            println!("SKIPPED: there is no prlimit, of util-linux");
            return;
        }
        let name = "gpu::fault_tests::a_driver_without_memory_is_survived";
        let child = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && text.contains("1 passed"), "{child:?}");
        return;
    }
    let Some(context) = open(&Options::default()) else { return };
    // 256 MiB that take none.
    let shape = [16, 1 << 22];
    let row: Vec<f32> = (0..shape[1]).map(|i| (i as f32 * 1e-3).sin()).collect();
    let field = Field::strided(&row, &shape, &[0, 1], 0).unwrap();
    let few = Field::new(&row[..1 << 16], &[16, 1 << 12]).unwrap();
    let policy = NonFinitePolicy::Error;
    let gpu = |field: &Field<'_>, out: &mut BitWriter| {
        compress(&context, field, fixed(37), policy, Some(1), out)
    };
    gpu(&few, &mut BitWriter::default()).unwrap();
    let mut expected = BitWriter::default();
    crate::cpu::compress(&field, fixed(37), policy, Some(1), &mut expected).unwrap();
    let mut out = BitWriter::expecting(expected.position() as usize / 8 + 64);

    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmSize:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    let limit = (kib << 10) + (80 << 20);
    let process = std::process::id().to_string();
    let limited = Command::new("prlimit")
        .args(["--pid", &process, &format!("--as={limit}:{limit}")])
        .status()
        .unwrap();
    assert!(limited.success());
    gpu(&field, &mut out).unwrap();
    assert!(context.is_usable());
    // The memory of the least slabs.
    assert!(context.rings.idle_bytes().iter().all(|&bytes| bytes < 48 << 20));
    assert!(out.finish(64) == expected.finish(64));
}

#[test]
fn many_calls_at_once_share_large_rings_and_let_go_of_them() {
    let Some(context) = open(&Options::default()) else { return };
    let values = vec![1f32; 8 << 20];
    let big = Field::new(&values, &[8 << 20]).unwrap();
    let small = Field::new(&values[..4096], &[4096]).unwrap();
    let policy = NonFinitePolicy::Error;
    let work = |field: &Field<'_>| {
        let mut out = BitWriter::default();
        compress(&context, field, fixed(64), policy, Some(1), &mut out).unwrap();
    };
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| work(&big));
        }
    });
    let idle = context.rings.idle_bytes();
    assert!((1..=2).contains(&idle.len()), "{idle:?}");
    work(&big);
    assert!(context.rings.idle_bytes().iter().any(|&bytes| bytes > 8 << 20));
    // What is far too large for all that follows is let go of.
    for _ in 0..16 {
        work(&small);
    }
    let idle = context.rings.idle_bytes();
    assert!(idle.last().is_none_or(|&bytes| bytes < 8 << 20), "{idle:?}");
}
