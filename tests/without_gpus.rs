//! Devices in a build that knows no GPUs.
#![cfg(not(feature = "gpu"))]
// A test that cannot go on should say so at once.
#![allow(clippy::unwrap_used, clippy::panic)]

use zfp_wgpu::{
    Compressor, Decompressor, Device, Error, Field, Mode, devices, last_run, wait_until_started,
};

#[test]
fn the_cpu_does_it_or_nobody() {
    assert_eq!(devices(), []);
    wait_until_started();
    let values = vec![1f32; 1 << 20];
    let field = Field::new(&values, &[1 << 20]).unwrap();
    let compressor = Compressor::new(Mode::Rate(8.0));
    let mut streams = Vec::new();
    for (device, reason) in
        [(Device::Auto, "this build knows no GPUs"), (Device::Cpu, "the CPU was asked for")]
    {
        let stream = compressor.clone().device(device.clone()).compress(&field).unwrap();
        let run = last_run().unwrap();
        assert_eq!((&*run.device, run.gpu, &*run.reason), ("CPU", false, reason));
        assert_eq!((run.input_bytes, run.output_bytes), (4 << 20, stream.len() as u64));
        let array = Decompressor::new().device(device).decompress::<f32>(&stream).unwrap();
        assert!(array.values == values);
        assert_eq!(last_run().unwrap().reason, reason);
        streams.push(stream);
    }
    assert_eq!(streams[0], streams[1]);
    for name in ["gpu", "gpu:0", "gpu:radeon"] {
        let device: Device = name.parse().unwrap();
        let decompressor = Decompressor::new().device(device.clone());
        for result in [
            compressor.clone().device(device).compress(&field).map(|_| ()),
            decompressor.decompress::<f32>(&streams[0]).map(|_| ()),
        ] {
            let Err(Error::NoGpu { wanted, reason }) = result else { panic!("{result:?}") };
            assert_eq!(wanted, name);
            assert!(reason.contains("feature `gpu`"), "{reason}");
        }
    }
}
