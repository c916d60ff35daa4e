//! The adapters of this machine, the likeliest first.

/// What sort of device an adapter is, in the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Discrete,
    Integrated,
    Virtual,
    Other,
    Software,
}

/// What is known of an adapter without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) backend: String,
    pub(crate) kind: Kind,
    pub(crate) driver: String,
    pub(crate) max_binding_bytes: u64,
    pub(crate) max_buffer_bytes: u64,
    pub(crate) has_timestamps: bool,
}

/// An adapter that can be opened.
#[derive(Debug, Clone)]
pub(crate) struct Adapter {
    pub(super) inner: wgpu::Adapter,
    pub(crate) facts: Facts,
}

/// All adapters that can compute, in the order of [`Kind`]. `WGPU_BACKEND` and
/// `WGPU_ADAPTER_NAME` restrict them; where none matches there are none.
pub(crate) fn adapters() -> Vec<Adapter> {
    let backends = wgpu::Backends::from_env().unwrap_or(wgpu::Backends::all());
    let wanted = std::env::var("WGPU_ADAPTER_NAME").unwrap_or_default().to_lowercase();
    // A driver may panic as it is loaded: then it has no adapters.
    let found = std::panic::catch_unwind(|| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = backends;
        // A program's own debug build need not mean checks of this crate's calls.
        descriptor.flags = wgpu::InstanceFlags::empty().with_env();
        let instance = wgpu::Instance::new(descriptor);
        pollster::block_on(instance.enumerate_adapters(backends))
            .into_iter()
            .filter(|adapter| {
                let able = adapter.get_downlevel_capabilities().flags;
                able.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
            })
            .map(|inner| Adapter { facts: facts(&inner), inner })
            .filter(|adapter| adapter.facts.name.to_lowercase().contains(&wanted))
            .collect()
    });
    let mut adapters: Vec<Adapter> = found.unwrap_or_default();
    adapters.sort_by_key(|adapter| adapter.facts.kind);
    adapters
}

/// Whether a GPU may be here at all, told without loading a driver: that of a GPU in software
/// takes 80 MiB, for nothing if no other is there.
#[cfg(target_os = "linux")]
pub(crate) fn may_have_hardware() -> bool {
    /// Beginnings of the device files of GPUs: most drivers, NVIDIA's, AMD's for computing,
    /// Windows' below its Linux, and those of small boards.
    const FILES: [&str; 7] = ["dri", "nvidia", "kfd", "dxg", "mali", "kgsl", "nvhost"];
    let Ok(files) = std::fs::read_dir("/dev") else { return true };
    files.flatten().any(|file| {
        let name = file.file_name();
        FILES.iter().any(|begin| name.as_encoded_bytes().starts_with(begin.as_bytes()))
    })
}

/// Elsewhere only the drivers know.
#[cfg(not(target_os = "linux"))]
pub(crate) fn may_have_hardware() -> bool {
    true
}

fn facts(adapter: &wgpu::Adapter) -> Facts {
    let (info, limits) = (adapter.get_info(), adapter.limits());
    let driver = [info.driver, info.driver_info];
    Facts {
        name: info.name,
        backend: match info.backend {
            wgpu::Backend::Vulkan => "Vulkan".to_owned(),
            wgpu::Backend::Metal => "Metal".to_owned(),
            wgpu::Backend::Dx12 => "Dx12".to_owned(),
            other => other.to_string(),
        },
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => Kind::Discrete,
            wgpu::DeviceType::IntegratedGpu => Kind::Integrated,
            wgpu::DeviceType::VirtualGpu => Kind::Virtual,
            wgpu::DeviceType::Other => Kind::Other,
            wgpu::DeviceType::Cpu => Kind::Software,
        },
        driver: driver.join(" ").trim().to_owned(),
        max_binding_bytes: limits.max_storage_buffer_binding_size,
        max_buffer_bytes: limits.max_buffer_size,
        has_timestamps: adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY),
    }
}
