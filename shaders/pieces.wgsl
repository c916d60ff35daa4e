// A box of values from one buffer to another, one to an invocation, as src/gpu/pieces.rs
// plans it.

struct Piece {
    // Values along x, y, z and w, and steps between them on either side.
    size: vec4<u32>,
    source_stride: vec4<i32>,
    goal_stride: vec4<i32>,
    // The first value on either side.
    source_start: u32,
    goal_start: u32,
    // How many values there are, and words of each.
    values: u32,
    words: u32,
}

@group(0) @binding(0) var<uniform> piece: Piece;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> goal: array<u32>;

@compute @workgroup_size(64)
fn carry(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let number = (group.y * groups.x + group.x) * 64u + local;
    if (number >= piece.values) {
        return;
    }
    let size = piece.size;
    let row = number / size.x;
    let layer = row / size.y;
    let volume = layer / size.z;
    let at = vec4(number - row * size.x, row - layer * size.y, layer - volume * size.z, volume);
    let source_step = bitcast<vec4<u32>>(piece.source_stride) * at;
    let goal_step = bitcast<vec4<u32>>(piece.goal_stride) * at;
    let source_at = piece.words * (piece.source_start + sum(source_step));
    let goal_at = piece.words * (piece.goal_start + sum(goal_step));
    for (var i = 0u; i < piece.words; i++) {
        goal[goal_at + i] = source[source_at + i];
    }
}

fn sum(steps: vec4<u32>) -> u32 {
    return steps.x + steps.y + steps.z + steps.w;
}
