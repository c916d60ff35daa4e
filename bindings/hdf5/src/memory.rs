//! Buffers that HDF5 frees.
//!
//! HDF5's allocator is C's, unless it was built to check its own; so its functions are
//! asked for first, and C's are for libraries that do not show them.

use std::ffi::{c_int, c_uint, c_void};
use std::mem::transmute;
use std::slice;

use crate::caller::Library;
use crate::error::{Error, Result};

/// Memory that HDF5 can free, all zeros at first. Never empty.
pub(crate) struct Buffer {
    start: *mut c_void,
    len: usize,
}

impl Buffer {
    pub(crate) fn zeroed(len: usize) -> Result<Self> {
        // hbool_t was an int once, and is a bool now; both are read from this.
        type Allocate = unsafe extern "C" fn(usize, c_uint) -> *mut c_void;
        if len == 0 {
            return Err(Error::Memory(len));
        }
        let start = match Library::of_caller().symbol(c"H5allocate_memory") {
            // SAFETY: the function's type in HDF5's headers.
            Some(address) => unsafe {
                let allocate = transmute::<*mut c_void, Allocate>(address);
                allocate(len, 1)
            },
            // SAFETY: any size may be asked for.
            None => unsafe { libc::calloc(len, 1) },
        };
        if start.is_null() { Err(Error::Memory(len)) } else { Ok(Self { start, len }) }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: allocated with this length, set to zeros, and nobody else has it.
        unsafe { slice::from_raw_parts_mut(self.start.cast(), self.len) }
    }

    /// The memory itself, for HDF5 to free.
    pub(crate) fn into_raw(self) -> *mut c_void {
        let start = self.start;
        std::mem::forget(self);
        start
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated by `zeroed`, and not handed out.
        unsafe { free(self.start) }
    }
}

/// Frees what HDF5 allocated, or `Buffer`.
///
/// # Safety
///
/// `start` is such memory, or null, and is not used any more.
pub(crate) unsafe fn free(start: *mut c_void) {
    type Free = unsafe extern "C" fn(*mut c_void) -> c_int;
    match Library::of_caller().symbol(c"H5free_memory") {
        // SAFETY: the function's type in HDF5's headers; its own memory.
        Some(address) => unsafe {
            let free = transmute::<*mut c_void, Free>(address);
            free(start);
        },
        // SAFETY: C's memory, where HDF5's functions are not to be found.
        None => unsafe { libc::free(start) },
    }
}
