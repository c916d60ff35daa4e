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
