//! zfp as a dynamic filter plugin of HDF5, under the registered number 32013 (H5Z-ZFP).
//!
//! HDF5 loads the library when it meets the number and finds two functions, of which the
//! second gives the table of the three callbacks below. `cd_values` are the numbers that
//! HDF5 keeps with a dataset for its filter, `chunk` is what is done with them, and
//! `hdf5`, `caller` and `memory` are the way back into the HDF5 library at hand, of which
//! a process may have several.
//!
//! Types and tables are those of HDF5 1.10 to 2.2 (`H5Zpublic.h`, `H5PLextern.h`).

#![cfg(unix)]

mod caller;
mod cd_values;
mod chunk;
mod error;
mod hdf5;
mod memory;

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

use crate::cd_values::Stored;
use crate::error::{Error, Result};
use crate::hdf5::{Api, FILTER, Hid, Stage};

/// `H5PL_TYPE_FILTER` of `H5PL_type_t`.
const PLUGIN_TYPE_FILTER: c_int = 0;
/// `H5Z_CLASS_T_VERS`.
const CLASS_VERSION: c_int = 1;
/// `H5Z_FLAG_REVERSE`: decompress.
const FLAG_REVERSE: c_uint = 0x0100;

/// `H5Z_class2_t`.
#[repr(C)]
struct Class {
    version: c_int,
    id: c_int,
    encoder_present: c_uint,
    decoder_present: c_uint,
    name: *const c_char,
    can_apply: extern "C" fn(Hid, Hid, Hid) -> c_int,
    set_local: extern "C" fn(Hid, Hid, Hid) -> c_int,
    filter: unsafe extern "C" fn(
        c_uint,
        usize,
        *const c_uint,
        usize,
        *mut usize,
        *mut *mut c_void,
    ) -> usize,
}

// SAFETY: nothing in it changes, and `name` points to a constant.
unsafe impl Sync for Class {}

const NAME: &CStr = c"H5Z-ZFP-1.1.1 (zfp-wgpu)";

static CLASS: Class = Class {
    version: CLASS_VERSION,
    id: FILTER,
    encoder_present: 1,
    decoder_present: 1,
    name: NAME.as_ptr(),
    can_apply,
    set_local,
    filter,
};

/// The sort of plugin this is: a filter.
// SAFETY: the name is HDF5's for this very function, and nobody links plugins.
#[unsafe(no_mangle)]
pub extern "C" fn H5PLget_plugin_type() -> c_int {
    PLUGIN_TYPE_FILTER
}

/// The filter: an `H5Z_class2_t`.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn H5PLget_plugin_info() -> *const c_void {
    // HDF5 unloads plugins when it closes; the threads that work here stay.
    caller::keep_loaded();
    (&raw const CLASS).cast()
}

/// Whether a dataset's type and chunks are something for zfp: 1 or 0, and −1 if HDF5 does
/// not say what they are.
extern "C" fn can_apply(_dcpl: Hid, datatype: Hid, space: Hid) -> c_int {
    let done = guarded(|| Api::of_caller()?.chunk(datatype, space));
    match done {
        Ok(_) => 1,
        Err(error) => {
            hdf5::report(Stage::CanApply, &error);
            if matches!(error, Error::Type { .. } | Error::Dimensions { .. }) { 0 } else { -1 }
        }
    }
}

/// Replaces what a user asked for by what the file keeps: a zfp header for these chunks.
extern "C" fn set_local(dcpl: Hid, datatype: Hid, space: Hid) -> c_int {
    let done = guarded(|| {
        let api = Api::of_caller()?;
        let chunk = api.chunk(datatype, space)?;
        let (flags, given) = api.cd_values(dcpl)?;
        let mode = match &given[..] {
            [] => api.controls(dcpl)?.unwrap_or(cd_values::DEFAULT),
            given => cd_values::requested(given, &chunk)?,
        };
        let stored = Stored::new(&chunk, mode)?;
        if let Some(filter) = api.before(dcpl)?.filter(|_| !stored.is_reversible()) {
            return Err(Error::NotFirst(filter));
        }
        let words = stored.words()?;
        api.set_cd_values(dcpl, flags, &words)
    });
    match done {
        Ok(()) => 0,
        Err(error) => {
            hdf5::report(Stage::SetLocal, &error);
            -1
        }
    }
}

/// Compresses or decompresses a chunk, in a new buffer that takes the place of `*buf`.
/// Returns the bytes in it, or 0 and leaves `*buf` as it was.
///
/// # Safety
///
/// As HDF5 calls it: `cd_values` has `cd_nelmts` numbers, `*buf` has `nbytes` bytes and is
/// HDF5's to allocate and free, and `buf_size` and `buf` may be written.
unsafe extern "C" fn filter(
    flags: c_uint,
    cd_nelmts: usize,
    cd_values: *const c_uint,
    nbytes: usize,
    buf_size: *mut usize,
    buf: *mut *mut c_void,
) -> usize {
    let done = guarded(|| {
        if buf.is_null() || buf_size.is_null() {
            return Err(Error::Hdf5("a buffer"));
        }
        // SAFETY: by the contract above; null is no slice.
        let (cd_values, input) = unsafe {
            let cd_values =
                (!cd_values.is_null()).then(|| slice::from_raw_parts(cd_values, cd_nelmts));
            let input = *buf;
            let input =
                (!input.is_null()).then(|| slice::from_raw_parts(input.cast::<u8>(), nbytes));
            (cd_values.unwrap_or(&[]), input.unwrap_or(&[]))
        };
        let stored = Stored::read(cd_values)?;
        let output = if flags & FLAG_REVERSE != 0 {
            chunk::decompress(&stored, input)?
        } else {
            chunk::compress(&stored, input)?
        };
        let len = output.len();
        // SAFETY: `*buf` is HDF5's, which expects it freed and replaced; `input` is not
        // used any more.
        unsafe {
            let old = std::mem::replace(&mut *buf, output.into_raw());
            memory::free(old);
            *buf_size = len;
        }
        Ok(len)
    });
    done.unwrap_or_else(|error| {
        hdf5::report(Stage::Filter, &error);
        0
    })
}

/// Nothing unwinds into C.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Panic))
}
