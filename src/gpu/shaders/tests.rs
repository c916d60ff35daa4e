//! How sources are made; and every kernel through naga, as wgpu has it done for Vulkan,
//! Metal and Direct3D. None of it needs a GPU.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at once")]

use std::collections::BTreeSet;
use std::path::Path;

use naga::TypeInner;
use naga::back::{hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ResourceBinding, ScalarKind, ShaderStage, StorageAccess};

use super::super::kernels::WORKGROUP;
use super::*;

/// What becomes of loops whose bound is at most 8.
fn unrolled(text: &str) -> String {
    let mut out = String::new();
    unroll(text, &[("NONE", 0), ("TWO", 2), ("MANY", 9)], 8, &mut out);
    out
}

#[test]
fn loops_are_written_out() {
    let text = "
before(i);
    // unroll
    for (var i = 0u; i < TWO; i++) {
        a[i] = b.i + i;
    }
// unroll
for (var i = 0u; i < NONE; i++) {
    never(i);
}
after(i);
";
    let expected = "
before(i);
{
        a[0u] = b.i + 0u;
}
{
        a[1u] = b.i + 1u;
}
after(i);
";
    assert_eq!(unrolled(text), expected);
}

#[test]
fn loops_within_loops_are_written_out() {
    let text = "\
// unroll
for (var i = 0u; i < TWO; i++) {
    // unroll
    for (var j = 0u; j < 2u; j++) {
        a[i] = j;
    }
    if (i == 0u) {
        b(i);
    }
}
";
    let expected = |i: &str| {
        format!(
            "{{\n{{\n        a[{i}] = 0u;\n}}\n{{\n        a[{i}] = 1u;\n}}\n    \
             if ({i} == 0u) {{\n        b({i});\n    }}\n}}\n"
        )
    };
    assert_eq!(unrolled(text), expected("0u") + &expected("1u"));
}

#[test]
fn other_loops_stay() {
    let plain = "for (var i = 0u; i < 2u; i++) {\n    a(i);\n}\n";
    assert_eq!(unrolled(plain), plain);
    let long = plain.replace("2u", "MANY");
    assert_eq!(unrolled(&format!("// unroll\n{long}")), long);
    let unknown = plain.replace("2u", "count");
    assert_eq!(unrolled(&format!("// unroll\n{unknown}")), unknown);
    // But for those that must go.
    let always = unrolled(&format!("// unroll always\n{long}"));
    assert_eq!(always.matches('{').count(), 9);
    assert!(always.ends_with("a(8u);\n}\n"));
}

#[test]
fn heads_of_loops_are_read() {
    let constants = [("N", 64)];
    let read = |head| loop_of(head, &constants);
    assert_eq!(read("for (var i = 0u; i < N; i++) {"), Some(("i", 64)));
    assert_eq!(read("    for (var word = 0u; word < 12u; word++) {"), Some(("word", 12)));
    for other in [
        "for (var i = 1u; i < N; i++) {",
        "for (var i = 0u; j < N; i++) {",
        "for (var i = 0u; i < N; j++) {",
        "for (var i = 0u; i <= N; i++) {",
        "for (var i = 0u; i < M; i++) {",
        "for (var i = 0u; i < 12; i++) {",
        "for (var i = 0u; i < N; i += 2u) {",
        "while (i < N) {",
        "",
    ] {
        assert_eq!(read(other), None, "{other}");
    }
}

#[test]
fn names_are_replaced_where_they_stand_alone() {
    let replaced = |text| substitute(text, "i", "3u");
    assert_eq!(replaced("i"), "3u");
    assert_eq!(replaced("a[i]+i*(i-1u)"), "a[3u]+3u*(3u-1u)");
    assert_eq!(replaced("for (var j = i; j < 4u * i; j++)"), "for (var j = 3u; j < 4u * 3u; j++)");
    assert_eq!(replaced("i.x"), "3u.x");
    for other in ["ii", "i_", "_i", "i2", "line", "a.i", "a[2].i", "half_i", ""] {
        assert_eq!(replaced(other), other);
    }
    assert_eq!(substitute("row + rows[row]", "row", "0u"), "0u + rows[0u]");
}

fn every_kernel() -> impl Iterator<Item = Kernel> {
    let directions = [Direction::Encode, Direction::Decode];
    ScalarType::ALL.into_iter().flat_map(move |scalar| {
        (1..=4).flat_map(move |dims| directions.map(|direction| Kernel { scalar, dims, direction }))
    })
}

#[test]
fn every_file_is_part_of_a_kernel() {
    let lists = [WORD_32, WORD_64, ENCODE, DECODE, PACK, PIECES];
    let used: BTreeSet<String> =
        lists.into_iter().flatten().map(|(stem, _)| format!("{stem}.wgsl")).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let files = std::fs::read_dir(folder).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, used);
}

#[test]
fn every_marked_loop_can_be_written_out() {
    let mut marked = 0;
    for (stem, text) in [WORD_32, WORD_64, ENCODE, DECODE, PACK, PIECES].into_iter().flatten() {
        for (mark, head) in text.lines().zip(text.lines().skip(1)) {
            if !mark.trim().starts_with("// unroll") {
                continue;
            }
            assert!(matches!(mark.trim(), "// unroll" | "// unroll always"), "{stem}: {mark}");
            for kernel in every_kernel() {
                assert!(loop_of(head, &constants(kernel)).is_some(), "{stem}: {head}");
            }
            marked += 1;
        }
    }
    assert!(marked > 20, "{marked} loops");
}

/// A kernel as naga understands it.
struct Shader {
    name: String,
    entry: &'static str,
    module: Module,
    info: ModuleInfo,
}

/// All of them.
fn every_shader() -> impl Iterator<Item = Shader> {
    let kernels = every_kernel().map(|kernel| {
        let entry = match kernel.direction {
            Direction::Encode => "encode",
            Direction::Decode => "decode",
        };
        Shader::new(format!("{kernel:?}"), entry, &source(kernel))
    });
    kernels.chain([
        Shader::new("pack".to_owned(), "pack", &pack_source()),
        Shader::new("pieces".to_owned(), "carry", &pieces_source()),
    ])
}

impl Shader {
    /// Parsed, and valid without any capability that a device may lack.
    fn new(name: String, entry: &'static str, source: &str) -> Self {
        let module = naga::front::wgsl::parse_str(source)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
        let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
        Self { name, entry, module, info }
    }

    /// What is bound, and whether the kernel may write there.
    fn bindings(&self) -> Vec<(ResourceBinding, AddressSpace, bool)> {
        let variables = self.module.global_variables.iter().map(|(_, variable)| variable);
        let bound = variables.filter_map(|variable| Some((variable.binding?, variable.space)));
        let written = |space| {
            matches!(space, AddressSpace::Storage { access }
                if access.contains(StorageAccess::STORE))
        };
        bound.map(|(binding, space)| (binding, space, written(space))).collect()
    }

    /// Whether any type that is named or that an expression has is of floating point.
    fn has_floats(&self) -> bool {
        let types = &self.module.types;
        let is_float = |inner: &TypeInner| {
            matches!(inner.scalar_kind(), Some(ScalarKind::Float | ScalarKind::AbstractFloat))
        };
        let functions = self.module.functions.iter();
        let functions = functions.map(|(handle, function)| (function, &self.info[handle]));
        let entries = self.module.entry_points.iter().enumerate();
        let entries =
            entries.map(|(index, entry)| (&entry.function, self.info.get_entry_point(index)));
        let constants = self.module.global_expressions.iter();
        types.iter().any(|(_, named)| is_float(&named.inner))
            || constants
                .map(|(handle, _)| &self.info[handle])
                .any(|t| is_float(t.inner_with(types)))
            || functions.chain(entries).any(|(function, info)| {
                let mut expressions = function.expressions.iter();
                expressions.any(|(handle, _)| is_float(info[handle].ty.inner_with(types)))
            })
    }
}

/// Numbers of floating point may be rounded as a GPU likes, and bits must not depend on it.
#[test]
fn no_kernel_has_floats() {
    for shader in every_shader() {
        assert!(!shader.has_floats(), "{}", shader.name);
    }
    for body in ["let a = f32(data[0]); data[0] = u32(a);", "data[0] = bitcast<u32>(1.5f);"] {
        let source = format!(
            "@group(0) @binding(0) var<storage, read_write> data: array<u32>;
            @compute @workgroup_size(1) fn other() {{ {body} }}"
        );
        assert!(Shader::new("other".to_owned(), "other", &source).has_floats(), "{body}");
    }
}

#[test]
fn every_kernel_is_within_the_least_limits() {
    let limits = wgpu::Limits::downlevel_defaults();
    for shader in every_shader() {
        let [entry] = &shader.module.entry_points[..] else { panic!("{}", shader.name) };
        assert_eq!(entry.name, shader.entry, "{}", shader.name);
        assert_eq!(entry.stage, ShaderStage::Compute, "{}", shader.name);
        assert_eq!(entry.workgroup_size, [WORKGROUP, 1, 1], "{}", shader.name);
        assert!(WORKGROUP <= limits.max_compute_invocations_per_workgroup);
        assert!(WORKGROUP <= limits.max_compute_workgroup_size_x);

        let bindings = shader.bindings();
        let storage = bindings.iter().filter(|b| matches!(b.1, AddressSpace::Storage { .. }));
        assert!(storage.count() <= limits.max_storage_buffers_per_shader_stage as usize);
        let places: BTreeSet<u32> = bindings.iter().map(|b| b.0.binding).collect();
        assert!(places.into_iter().eq(0..bindings.len() as u32), "{}", shader.name);
        assert!(bindings.iter().all(|b| b.0.group == 0), "{}", shader.name);
    }
}

/// As wgpu asks for it: no index leaves its array.
const CHECKED: BoundsCheckPolicies = BoundsCheckPolicies {
    index: BoundsCheckPolicy::Restrict,
    buffer: BoundsCheckPolicy::Restrict,
    image_load: BoundsCheckPolicy::Restrict,
    binding_array: BoundsCheckPolicy::Unchecked,
};

#[test]
fn every_kernel_becomes_spir_v() {
    for shader in every_shader() {
        let options = spv::Options {
            lang_version: (1, 0),
            flags: spv::WriterFlags::empty(),
            fake_missing_bindings: false,
            binding_map: shader
                .bindings()
                .into_iter()
                .map(|(binding, ..)| {
                    let place = spv::BindingInfo {
                        descriptor_set: binding.group,
                        binding: binding.binding,
                        binding_array_size: None,
                    };
                    (binding, place)
                })
                .collect(),
            capabilities: Some([spv::Capability::Shader].into_iter().collect()),
            bounds_check_policies: CHECKED,
            zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
            ..Default::default()
        };
        let pipeline = spv::PipelineOptions {
            shader_stage: ShaderStage::Compute,
            entry_point: shader.entry.to_owned(),
        };
        let words = spv::write_vec(&shader.module, &shader.info, &options, Some(&pipeline))
            .unwrap_or_else(|error| panic!("{}: {error}", shader.name));
        assert_eq!(words.first(), Some(&0x0723_0203), "{}", shader.name);
        assert!(words.len() > 500, "{}: {} words", shader.name, words.len());
    }
}

#[test]
fn every_kernel_becomes_metal_s_language() {
    for shader in every_shader() {
        let bindings = shader.bindings();
        let resources = msl::EntryPointResources {
            sizes_buffer: Some(bindings.len() as u8),
            resources: (0..)
                .zip(bindings)
                .map(|(slot, (binding, _, mutable))| {
                    (binding, msl::BindTarget { buffer: Some(slot), mutable, ..Default::default() })
                })
                .collect(),
            immediates_buffer: None,
        };
        let options = msl::Options {
            // Of the oldest systems that wgpu runs on.
            lang_version: (2, 0),
            per_entry_point_map: [(shader.entry.to_owned(), resources)].into_iter().collect(),
            fake_missing_bindings: false,
            bounds_check_policies: CHECKED,
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        };
        let pipeline = msl::PipelineOptions {
            entry_point: Some((ShaderStage::Compute, shader.entry.to_owned())),
            vertex_pulling_transform: true,
            ..Default::default()
        };
        let (text, names) = msl::write_string(&shader.module, &shader.info, &options, &pipeline)
            .unwrap_or_else(|error| panic!("{}: {error}", shader.name));
        let [Ok(name)] = &names.entry_point_names[..] else { panic!("{}", shader.name) };
        assert!(text.contains(&format!("kernel void {name}(")), "{}", shader.name);
        assert!(!text.contains("float"), "{}", shader.name);
    }
}

#[test]
fn every_kernel_becomes_direct3d_s_language() {
    for shader in every_shader() {
        let options = hlsl::Options {
            shader_model: hlsl::ShaderModel::V5_1,
            binding_map: shader
                .bindings()
                .into_iter()
                .map(|(binding, ..)| {
                    let place = hlsl::BindTarget {
                        register: binding.binding,
                        restrict_indexing: true,
                        ..Default::default()
                    };
                    (binding, place)
                })
                .collect(),
            fake_missing_bindings: false,
            // Where the numbers of workgroups are found, which Direct3D does not tell.
            special_constants_binding: Some(hlsl::BindTarget { space: 1, ..Default::default() }),
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        };
        let pipeline = hlsl::PipelineOptions {
            entry_point: Some((ShaderStage::Compute, shader.entry.to_owned())),
        };
        let mut text = String::new();
        let names = hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(&shader.module, &shader.info, None)
            .unwrap_or_else(|error| panic!("{}: {error}", shader.name));
        let [Ok(name)] = &names.entry_point_names[..] else { panic!("{}", shader.name) };
        let head = format!("[numthreads({WORKGROUP}, 1, 1)]\nvoid {name}(");
        assert!(text.contains(&head), "{}", shader.name);
        assert!(!text.contains("float"), "{}", shader.name);
    }
}
