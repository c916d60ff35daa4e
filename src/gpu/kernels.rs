//! The kernels of one device: a pipeline for each type, number of dimensions and
//! direction, compiled when first needed; and how their work is recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytemuck::{Pod, Zeroable};

use super::shaders;
use crate::block::{NonFinitePolicy, Params};
use crate::scalar::ScalarType;

/// Which way the values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// Values to bits.
    Encode,
    /// Bits to values.
    Decode,
}

/// What a kernel is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kernel {
    pub(crate) scalar: ScalarType,
    pub(crate) dims: usize,
    pub(crate) direction: Direction,
}

/// What one dispatch works on: a box of blocks that follow each other in the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    /// Values along x, y, z, w; absent axes have 1. Blocks at the end may be partial.
    pub(crate) size: [u32; 4],
    /// Steps in values of the buffer.
    pub(crate) stride: [i32; 4],
    /// Which value of the buffer is at index 0.
    pub(crate) start: u32,
    /// How blocks are coded; all have the same number of bits.
    pub(crate) params: Params,
    /// What to do with NaN and infinity: `Error` raises the flag in the status buffer.
    pub(crate) policy: NonFinitePolicy,
    /// Bit of the stream buffer at which the first block begins.
    pub(crate) first_bit: u32,
    /// Encoding: the bits before that, in whole words; zeros where nothing is known.
    pub(crate) head: [u32; 8],
    /// Encoding: whether the bits before that stay as they are in the buffer instead.
    pub(crate) keep: bool,
}

/// Where it lies. Offsets are multiples of the device's storage buffer alignment.
#[derive(Clone)]
pub(crate) struct Buffers<'a> {
    /// The values, as 32-bit words: little-endian pairs for 64-bit types.
    pub(crate) values: wgpu::BufferBinding<'a>,
    /// The stream, as 32-bit words; encoding fills whole 64-bit words.
    pub(crate) stream: wgpu::BufferBinding<'a>,
    /// Encoding: [`Work::scratch_bytes`] of memory, if that is not zero.
    pub(crate) scratch: Option<&'a wgpu::Buffer>,
    /// Encoding: 4 bytes that were zero; not zero afterwards if a value was not finite.
    pub(crate) status: &'a wgpu::Buffer,
}

/// Invocations of a workgroup, one for each block, or for each word when joining them.
pub(super) const WORKGROUP: u32 = 64;
/// Most workgroups in one direction that every device takes.
const MOST_GROUPS: u32 = 65535;

impl Work {
    /// Blocks along x, y, z and w.
    fn count(&self) -> [u32; 4] {
        self.size.map(|size| size.div_ceil(4))
    }

    /// Blocks of the box.
    pub(crate) fn blocks(&self) -> u64 {
        self.count().map(u64::from).iter().product()
    }

    /// Whether blocks are whole words of the stream, so that nothing is to be joined.
    fn is_aligned(&self) -> bool {
        (self.first_bit | self.params.maxbits).is_multiple_of(32)
    }

    /// Words that a block has for itself before blocks are joined.
    fn block_words(&self) -> u32 {
        self.params.maxbits.div_ceil(32)
    }

    /// Bytes of scratch memory that encoding needs; none where blocks are whole words.
    pub(crate) fn scratch_bytes(&self) -> u64 {
        if self.is_aligned() { 0 } else { self.blocks() * u64::from(self.block_words()) * 4 }
    }

    /// Bytes of the stream, with what is before the first block, in whole 64-bit words.
    pub(crate) fn stream_bytes(&self) -> u64 {
        let bits = u64::from(self.first_bit) + self.blocks() * u64::from(self.params.maxbits);
        bits.div_ceil(64) * 8
    }

    fn arguments(&self) -> Arguments {
        let aligned = self.is_aligned();
        Arguments {
            size: self.size,
            stride: self.stride,
            count: self.count(),
            start: self.start,
            blocks: self.blocks() as u32,
            maxbits: self.params.maxbits,
            maxprec: self.params.maxprec,
            // Above all exponents it leaves no planes, however far above: differences from
            // it must stay numbers of 32 bits.
            minexp: self.params.minexp.min(1 << 16),
            refuse: u32::from(self.policy == NonFinitePolicy::Error),
            first_bit: self.first_bit,
            stream_words: (self.stream_bytes() / 4) as u32,
            head: self.head,
            target_first: if aligned { self.first_bit / 32 } else { 0 },
            target_step: self.block_words(),
            keep: u32::from(self.keep),
            _unused: 0,
        }
    }
}

/// What a kernel is told: `Arguments` of shaders/field.wgsl.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Arguments {
    size: [u32; 4],
    stride: [i32; 4],
    count: [u32; 4],
    start: u32,
    blocks: u32,
    maxbits: u32,
    maxprec: u32,
    minexp: i32,
    refuse: u32,
    first_bit: u32,
    stream_words: u32,
    head: [u32; 8],
    target_first: u32,
    target_step: u32,
    keep: u32,
    _unused: u32,
}

/// The kernels of a device, compiled so far.
#[derive(Debug)]
pub(crate) struct Kernels {
    device: wgpu::Device,
    /// Compilation takes seconds, and happens outside of the lock: kernels that are there
    /// do not wait for others.
    compiled: Mutex<HashMap<Kernel, Arc<OnceLock<Arc<Pipelines>>>>>,
    pack: Mutex<Option<wgpu::ComputePipeline>>,
}

impl Kernels {
    /// None yet.
    pub(crate) fn new(device: wgpu::Device) -> Self {
        Self { device, compiled: Mutex::default(), pack: Mutex::default() }
    }

    /// The kernel, compiled now if it was not before. What goes wrong is an error of the
    /// device, for its error scopes.
    pub(crate) fn get(&self, kernel: Kernel) -> Arc<Pipelines> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Arc::clone(compiled.entry(kernel).or_default());
        drop(compiled);
        let pipelines = place.get_or_init(|| {
            let (name, pack) = match kernel.direction {
                Direction::Encode => ("encode", Some(self.pack())),
                Direction::Decode => ("decode", None),
            };
            let main = compile(&self.device, name, shaders::source(kernel));
            Arc::new(Pipelines { kernel, main, pack })
        });
        Arc::clone(pipelines)
    }

    /// Lets go of a kernel that did not compile, so that the next call tries again.
    pub(crate) fn forget(&self, kernel: Kernel) {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner).remove(&kernel);
        *self.pack.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn pack(&self) -> wgpu::ComputePipeline {
        let mut pack = self.pack.lock().unwrap_or_else(PoisonError::into_inner);
        let compile = || compile(&self.device, "pack", shaders::pack_source());
        pack.get_or_insert_with(compile).clone()
    }
}

pub(super) fn compile(device: &wgpu::Device, name: &str, source: String) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: None,
        module: &module,
        entry_point: Some(name),
        compilation_options: wgpu::PipelineCompilationOptions {
            // Every variable is written before it is read.
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: None,
    })
}

/// A compiled kernel.
#[derive(Debug)]
pub(crate) struct Pipelines {
    kernel: Kernel,
    main: wgpu::ComputePipeline,
    /// Encoding: joins blocks that are not whole words.
    pack: Option<wgpu::ComputePipeline>,
}

impl Pipelines {
    /// Records the work into the caller's commands.
    pub(crate) fn record(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        work: &Work,
        buffers: &Buffers<'_>,
        timestamps: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) {
        let arguments = argument_buffer(device, bytemuck::bytes_of(&work.arguments()));
        let arguments = arguments.as_entire_binding();
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: Some("zfp"),
            timestamp_writes: timestamps,
        });
        let scratch = buffers.scratch.map(wgpu::Buffer::as_entire_buffer_binding);
        let values = wgpu::BindingResource::Buffer(buffers.values.clone());
        let stream = wgpu::BindingResource::Buffer(buffers.stream.clone());
        let blocks = work.blocks() as u32;
        match (self.kernel.direction, scratch, &self.pack) {
            (Direction::Decode, ..) => {
                let group = bind(device, &self.main, &[arguments, values, stream]);
                dispatch(&mut pass, &self.main, &group, blocks);
            }
            (Direction::Encode, Some(scratch), Some(pack)) if !work.is_aligned() => {
                let scratch = wgpu::BindingResource::Buffer(scratch);
                let status = buffers.status.as_entire_binding();
                let entries = [arguments.clone(), values, scratch.clone(), status];
                let group = bind(device, &self.main, &entries);
                dispatch(&mut pass, &self.main, &group, blocks);
                let group = bind(device, pack, &[arguments, scratch, stream]);
                dispatch(&mut pass, pack, &group, (work.stream_bytes() / 4) as u32);
            }
            (Direction::Encode, ..) => {
                let status = buffers.status.as_entire_binding();
                let entries = [arguments, values, stream, status];
                let group = bind(device, &self.main, &entries);
                dispatch(&mut pass, &self.main, &group, blocks);
            }
        }
    }
}

/// Resources in the order of their bindings.
pub(super) fn bind(
    device: &wgpu::Device,
    pipeline: &wgpu::ComputePipeline,
    resources: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(resources)
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource: resource.clone() })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("zfp"),
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}

pub(super) fn argument_buffer(device: &wgpu::Device, bytes: &[u8]) -> wgpu::Buffer {
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("zfp arguments"),
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::UNIFORM,
        mapped_at_creation: true,
    });
    if let Ok(mut view) = buffer.get_mapped_range_mut(..) {
        view.copy_from_slice(bytes);
    }
    buffer.unmap();
    buffer
}

pub(super) fn dispatch(
    pass: &mut wgpu::ComputePass<'_>,
    pipeline: &wgpu::ComputePipeline,
    group: &wgpu::BindGroup,
    invocations: u32,
) {
    let groups = invocations.div_ceil(WORKGROUP);
    let columns = groups.min(MOST_GROUPS);
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, group, &[]);
    pass.dispatch_workgroups(columns, groups.div_ceil(columns), 1);
}
