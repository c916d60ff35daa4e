//! The functions of HDF5 that the callbacks need, found when they are called.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::mem::transmute_copy;

use zfp_wgpu::{Mode, ScalarType};

use crate::caller::Library;
use crate::cd_values::{self, Controls};
use crate::chunk::Chunk;
use crate::error::{Error, Result};

/// `hid_t`, of 64 bits since HDF5 1.10.
pub(crate) type Hid = i64;

/// The filter's number in the registry of The HDF Group.
pub(crate) const FILTER: c_int = 32013;

/// `H5Z_FILTER_RESERVED`: HDF5's own filters have lower numbers. None of them leaves values.
const RESERVED: c_int = 256;
/// `H5S_MAX_RANK`.
const MAX_RANK: usize = 32;
/// `H5T_INTEGER` and `H5T_FLOAT` of `H5T_class_t`.
const CLASS_INTEGER: c_int = 0;
const CLASS_FLOAT: c_int = 1;
/// `H5T_ORDER_LE` and `H5T_ORDER_BE` of `H5T_order_t`.
const ORDER_LITTLE: c_int = 0;
const ORDER_BIG: c_int = 1;
/// The property that H5Z-ZFP's own functions leave in a property list.
const CONTROLS: &CStr = c"zfp_controls";

/// One HDF5 library.
pub(crate) struct Api(Library);

/// A function of the library by its name and its type, or `Error::NoHdf5`.
macro_rules! function {
    ($api:expr, $name:literal, $type:ty) => {
        $api.symbol($name)
            // SAFETY: this is the function's type in HDF5's headers, see the page above.
            .map(|address| unsafe { transmute_copy::<*mut c_void, $type>(&address) })
    };
}

impl Api {
    /// The library that is calling.
    pub(crate) fn of_caller() -> Result<Self> {
        let library = Library::of_caller();
        // New in 1.10, where `hid_t` got its 64 bits.
        library.symbol(c"H5Fstart_swmr_write").ok_or(Error::NoHdf5)?;
        Ok(Self(library))
    }

    fn symbol(&self, name: &CStr) -> Result<*mut c_void> {
        self.0.symbol(name).ok_or(Error::NoHdf5)
    }

    /// What chunks of this type and space are to zfp.
    pub(crate) fn chunk(&self, datatype: Hid, space: Hid) -> Result<Chunk> {
        type OfType = unsafe extern "C" fn(Hid) -> c_int;
        type Size = unsafe extern "C" fn(Hid) -> usize;
        type Extent = unsafe extern "C" fn(Hid, *mut u64, *mut u64) -> c_int;
        let get_class = function!(self, c"H5Tget_class", OfType)?;
        let get_order = function!(self, c"H5Tget_order", OfType)?;
        let get_size = function!(self, c"H5Tget_size", Size)?;
        let get_extent = function!(self, c"H5Sget_simple_extent_dims", Extent)?;

        // SAFETY: HDF5 checks its own numbers.
        let (class, bytes) = unsafe { (get_class(datatype), get_size(datatype)) };
        let scalar = match (class, bytes) {
            (CLASS_INTEGER, 4) => ScalarType::I32,
            (CLASS_INTEGER, 8) => ScalarType::I64,
            (CLASS_FLOAT, 4) => ScalarType::F32,
            (CLASS_FLOAT, 8) => ScalarType::F64,
            _ => return Err(Error::Type { class, bytes }),
        };
        // SAFETY: as above.
        let swapped = match unsafe { get_order(datatype) } {
            ORDER_LITTLE => cfg!(target_endian = "big"),
            ORDER_BIG => cfg!(target_endian = "little"),
            _ => return Err(Error::Type { class, bytes }),
        };
        let mut sizes = [0; MAX_RANK];
        // SAFETY: HDF5 writes at most `MAX_RANK` sizes.
        let rank = unsafe { get_extent(space, sizes.as_mut_ptr(), std::ptr::null_mut()) };
        let rank = usize::try_from(rank).ok().and_then(|rank| sizes.get(..rank));
        Chunk::new(scalar, rank.ok_or(Error::Hdf5("the chunks' shape"))?, swapped)
    }

    /// The flags and numbers that the filter has in a property list.
    pub(crate) fn cd_values(&self, dcpl: Hid) -> Result<(c_uint, Vec<c_uint>)> {
        type Get = unsafe extern "C" fn(
            Hid,
            c_int,
            *mut c_uint,
            *mut usize,
            *mut c_uint,
            usize,
            *mut c_char,
            *mut c_uint,
        ) -> c_int;
        let get = function!(self, c"H5Pget_filter_by_id2", Get)?;
        let (mut flags, mut values, mut config) = (0, [0; cd_values::MOST], 0);
        let mut count = values.len();
        let name = std::ptr::null_mut();
        // SAFETY: HDF5 writes at most `count` values, and no name.
        let status = unsafe {
            get(
                dcpl,
                FILTER,
                &raw mut flags,
                &raw mut count,
                values.as_mut_ptr(),
                0,
                name,
                &raw mut config,
            )
        };
        if status < 0 {
            return Err(Error::Hdf5("the filter's cd_values"));
        }
        // The count is how many there are, which may be more than there was room for.
        Ok((flags, values[..count.min(values.len())].to_vec()))
    }

    /// The first of HDF5's own filters that a property list has before zfp.
    pub(crate) fn before(&self, dcpl: Hid) -> Result<Option<c_int>> {
        type Count = unsafe extern "C" fn(Hid) -> c_int;
        type Get = unsafe extern "C" fn(
            Hid,
            c_uint,
            *mut c_uint,
            *mut usize,
            *mut c_uint,
            usize,
            *mut c_char,
            *mut c_uint,
        ) -> c_int;
        let count = function!(self, c"H5Pget_nfilters", Count)?;
        let get = function!(self, c"H5Pget_filter2", Get)?;
        // SAFETY: HDF5 checks its own numbers.
        let count = c_uint::try_from(unsafe { count(dcpl) });
        for index in 0..count.map_err(|_| Error::Hdf5("the number of filters"))? {
            let (mut flags, mut values, mut config) = (0, 0, 0);
            let (none, name) = (std::ptr::null_mut(), std::ptr::null_mut());
            // SAFETY: HDF5 writes no values where there is room for none, and no name.
            let filter = unsafe {
                get(dcpl, index, &raw mut flags, &raw mut values, none, 0, name, &raw mut config)
            };
            match filter {
                FILTER => break,
                0..RESERVED => return Ok(Some(filter)),
                _ => (),
            }
        }
        Ok(None)
    }

    /// What H5Z-ZFP's `H5Pset_zfp_*` left in a property list, if a program used them.
    pub(crate) fn controls(&self, dcpl: Hid) -> Result<Option<Mode>> {
        type Exist = unsafe extern "C" fn(Hid, *const c_char) -> c_int;
        type Size = unsafe extern "C" fn(Hid, *const c_char, *mut usize) -> c_int;
        type Get = unsafe extern "C" fn(Hid, *const c_char, *mut c_void) -> c_int;
        let exist = function!(self, c"H5Pexist", Exist)?;
        let get_size = function!(self, c"H5Pget_size", Size)?;
        let get = function!(self, c"H5Pget", Get)?;
        let name = CONTROLS.as_ptr();
        // SAFETY: the name ends with a zero, and HDF5 checks its own numbers.
        if unsafe { exist(dcpl, name) } <= 0 {
            return Ok(None);
        }
        let (mut size, mut controls) = (0, Controls::default());
        // SAFETY: as above.
        let status = unsafe { get_size(dcpl, name, &raw mut size) };
        if status < 0 || size != size_of::<Controls>() {
            return Err(Error::Hdf5("H5Z-ZFP's controls"));
        }
        // SAFETY: the property has just the bytes of `Controls`.
        if unsafe { get(dcpl, name, (&raw mut controls).cast()) } < 0 {
            return Err(Error::Hdf5("H5Z-ZFP's controls"));
        }
        controls.mode().map(Some)
    }

    /// Replaces the filter's numbers in a property list.
    pub(crate) fn set_cd_values(&self, dcpl: Hid, flags: c_uint, values: &[c_uint]) -> Result<()> {
        type Modify = unsafe extern "C" fn(Hid, c_int, c_uint, usize, *const c_uint) -> c_int;
        let modify = function!(self, c"H5Pmodify_filter", Modify)?;
        // SAFETY: HDF5 reads `values.len()` numbers.
        let status = unsafe { modify(dcpl, FILTER, flags, values.len(), values.as_ptr()) };
        if status < 0 { Err(Error::Hdf5("room for the filter's cd_values")) } else { Ok(()) }
    }
}

/// Which callback an error comes from.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    /// Asked whether the filter can do a dataset.
    CanApply,
    /// Making a dataset.
    SetLocal,
    /// Writing or reading a chunk.
    Filter,
}

impl Stage {
    /// Name of the callback, and HDF5's variable with the number of its error.
    fn names(self) -> (&'static CStr, &'static CStr) {
        match self {
            Self::CanApply => (c"can_apply", c"H5E_CANAPPLY_g"),
            Self::SetLocal => (c"set_local", c"H5E_SETLOCAL_g"),
            Self::Filter => (c"filter", c"H5E_CANTFILTER_g"),
        }
    }
}

/// Puts an error on the error stack of the library that is calling, if that can be found.
pub(crate) fn report(stage: Stage, error: &Error) {
    type Push = unsafe extern "C" fn(
        Hid,
        *const c_char,
        *const c_char,
        c_uint,
        Hid,
        Hid,
        Hid,
        *const c_char,
        ...
    ) -> c_int;
    let Ok(api) = Api::of_caller() else { return };
    // SAFETY: HDF5 has these as variables of type `hid_t`.
    let number = |name| api.symbol(name).map(|address| unsafe { *address.cast::<Hid>() });
    let (function, minor) = stage.names();
    let found = (
        function!(api, c"H5Epush2", Push),
        number(c"H5E_ERR_CLS_g"),
        number(c"H5E_PLINE_g"),
        number(minor),
        CString::new(error.to_string()),
    );
    let (Ok(push), Ok(class), Ok(major), Ok(minor), Ok(message)) = found else { return };
    // SAFETY: the function's type in HDF5's headers; it copies the strings. 0 is the
    // default stack.
    unsafe {
        let (file, line) = (c"zfp-wgpu", 0);
        push(
            0,
            file.as_ptr(),
            function.as_ptr(),
            line,
            class,
            major,
            minor,
            c"%s".as_ptr(),
            message.as_ptr(),
        );
    }
}
