//! Time to the first result: what a fresh process waits for a GPU's first answer.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use zfp_wgpu::{
    Compressor, Decompressor, Device, Field, FieldMut, ScalarType, Selector, wait_until_started,
};

use crate::cases::{self, Case, Value};
use crate::timing;

/// What drivers are told so that they compile a kernel as if they had never seen it: Mesa,
/// and NVIDIA's under Linux.
const FORGET: [(&str, &str); 2] =
    [("MESA_SHADER_CACHE_DISABLE", "true"), ("__GL_SHADER_DISK_CACHE", "0")];

/// Seconds to results.
pub(crate) struct First {
    pub(crate) case: Case,
    pub(crate) decode: bool,
    /// The first in a process, where the driver has not seen the kernel before.
    pub(crate) cold: f64,
    /// The first in a process, where it has.
    pub(crate) again: f64,
    /// The second in a process.
    pub(crate) warm: f64,
}

/// Starts processes, each of which asks for two results.
pub(crate) fn measure(device: usize, case: Case, decode: bool, rounds: usize) -> Result<First> {
    let (cold, _) = child(device, case, decode, true)?;
    // Fills the driver's cache.
    child(device, case, decode, false)?;
    let (mut again, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let times = child(device, case, decode, false)?;
        again.push(times.0);
        warm.push(times.1);
    }
    let (again, warm) = (timing::median(again), timing::median(warm));
    Ok(First { case, decode, cold, again, warm })
}

/// Seconds of a process's first and second call.
fn child(device: usize, case: Case, decode: bool, forget: bool) -> Result<(f64, f64)> {
    let direction = if decode { "decode" } else { "encode" };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--first", &format!("{device} {direction} {}", case.id())]);
    if forget {
        command.envs(FORGET);
    }
    let output = command.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {}", output.status, errors.trim());
    let text = String::from_utf8(output.stdout)?;
    let times: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
    match times?[..] {
        [first, second] => Ok((first, second)),
        _ => bail!("the child process said {text:?}"),
    }
}

/// In such a process: what [`child`] asked for.
pub(crate) fn answer(asked: &str) -> Result<()> {
    let mut words = asked.split(' ');
    let device = words.next().context("no device")?.parse()?;
    let decode = words.next() == Some("decode");
    let id = words.next().unwrap_or_default();
    let case = cases::all().find(|case| case.id() == id).context("no such cell")?;
    let times = match case.scalar {
        ScalarType::F32 => time::<f32>(device, case, decode)?,
        _ => time::<f64>(device, case, decode)?,
    };
    println!("{} {}", times[0], times[1]);
    wait_until_started();
    Ok(())
}

fn time<T: Value>(device: usize, case: Case, decode: bool) -> Result<[f64; 2]> {
    let shape = cases::shape(case.dims);
    let values: Vec<T> = cases::values(shape);
    let field = Field::new(&values, shape)?;
    let stream = Compressor::new(case.mode).device(Device::Cpu).compress(&field)?;
    let mut found = vec![T::zeroed(); values.len()];
    let device = Device::Gpu(Selector::Index(device));
    let compressor = Compressor::new(case.mode).device(device.clone());
    let decompressor = Decompressor::new().device(device);
    let mut times = [0.0; 2];
    for time in &mut times {
        let begun = Instant::now();
        if decode {
            decompressor.decompress_into(&stream, FieldMut::new(&mut found, shape)?)?;
        } else {
            ensure!(compressor.compress(&field)? == stream, "the GPU's stream differs");
        }
        *time = begun.elapsed().as_secs_f64();
    }
    Ok(times)
}
