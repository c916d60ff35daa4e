//! The library that called: HDF5, wherever this process has it from.
//!
//! A plugin that is linked to HDF5 works with one version of it, and Python wheels hide
//! theirs from each other, so that a process may hold several. But a callback runs on the
//! stack of the one it is to talk to: the nearest return address outside this library.

use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr;

/// An open library, or the whole process.
pub(crate) struct Library(*mut c_void);

impl Library {
    /// The library that called into this one.
    pub(crate) fn of_caller() -> Self {
        let handle = return_address_outside().and_then(|address| open(address, 0));
        // A program that HDF5 is linked into has no file name to open it by.
        Self(handle.unwrap_or(libc::RTLD_DEFAULT))
    }

    /// The address of a symbol, if the library has it.
    pub(crate) fn symbol(&self, name: &CStr) -> Option<*mut c_void> {
        // SAFETY: the handle is open, or is the one for the whole process.
        let found = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        (!found.is_null()).then_some(found)
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if self.0 != libc::RTLD_DEFAULT {
            // SAFETY: `open` gave the handle. The library itself stays: it is running.
            unsafe { libc::dlclose(self.0) };
        }
    }
}

/// Keeps this library in memory until the process ends, whoever closes it.
pub(crate) fn keep_loaded() {
    // The handle is never closed.
    let _ = open(here(), libc::RTLD_NODELETE);
}

/// An address in this library.
fn here() -> *const c_void {
    keep_loaded as fn() as *const c_void
}

/// Where the library that holds an address begins, and its name.
fn library(address: *const c_void) -> Option<(*mut c_void, CString)> {
    let mut info = libc::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: any address may be asked for.
    let found = unsafe { libc::dladdr(address, &raw mut info) } != 0;
    if !found || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the loader's own string, which lives as long as the library.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some((info.dli_fbase, name.to_owned()))
}

/// Opens a library that is loaded already, and holds this address.
fn open(address: *const c_void, flags: c_int) -> Option<*mut c_void> {
    let (_, name) = library(address)?;
    // SAFETY: nothing is loaded, so no code of the library runs.
    let handle =
        unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD | flags) };
    (!handle.is_null()).then_some(handle)
}

/// One frame of the stack, as the unwinder shows it.
#[repr(C)]
struct Frame {
    _private: [u8; 0],
}

// The unwinder that the standard library is linked to.
unsafe extern "C-unwind" {
    fn _Unwind_Backtrace(
        visit: extern "C-unwind" fn(*mut Frame, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(frame: *mut Frame) -> usize;
}

/// `_URC_NO_REASON` and `_URC_NORMAL_STOP`.
const GO_ON: c_int = 0;
const STOP: c_int = 4;

struct Search {
    here: *mut c_void,
    found: *const c_void,
}

fn return_address_outside() -> Option<*const c_void> {
    let (here, _) = library(here())?;
    let mut search = Search { here, found: ptr::null() };
    // SAFETY: `visit` gets frames that exist and the search, and does not unwind.
    unsafe { _Unwind_Backtrace(visit, (&raw mut search).cast()) };
    (!search.found.is_null()).then_some(search.found)
}

extern "C-unwind" fn visit(frame: *mut Frame, search: *mut c_void) -> c_int {
    // SAFETY: what `return_address_outside` handed over, and nobody else uses meanwhile.
    let search = unsafe { &mut *search.cast::<Search>() };
    // SAFETY: the unwinder's own frame.
    let address = unsafe { _Unwind_GetIP(frame) } as *const c_void;
    match library(address) {
        Some((base, _)) if base == search.here => GO_ON,
        Some(_) => {
            search.found = address;
            STOP
        }
        None => GO_ON,
    }
}
