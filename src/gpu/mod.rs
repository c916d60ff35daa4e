//! Fixed rate on GPUs: the blocks of an array by WGSL kernels, through wgpu.

mod kernels;
mod shaders;

#[cfg(test)]
mod tests;
