//! Keyword arguments as modes, numbers and policies.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use zfp_wgpu::{Mode, NonFinitePolicy, Params, ScalarType, StreamWord};

/// What the caller asks for: at most one of three modes, or expert parameters.
pub(crate) struct Requested {
    pub(crate) tolerance: f64,
    pub(crate) rate: f64,
    pub(crate) precision: Precision,
    pub(crate) align: bool,
    pub(crate) expert: Expert,
}

impl Requested {
    /// The mode; reversible if nothing is asked for. As in zfpy, negative means unset.
    pub(crate) fn mode(self) -> PyResult<Mode> {
        let Self { tolerance, rate, precision: Precision(precision), align, expert } = self;
        // Neither NaN nor an infinity of any sign is taken for unset.
        let is_set = |x: f64| !(x < 0.0 && x.is_finite());
        let set: Vec<String> = [("tolerance", tolerance), ("rate", rate), ("precision", precision)]
            .into_iter()
            .filter(|&(_, value)| is_set(value))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if set.len() > 1 {
            let given = set.join(", ");
            return Err(PyValueError::new_err(format!(
                "Only one of tolerance, rate, or precision can be set, not {given}"
            )));
        }
        if let (Some(set), true) = (set.first(), expert.is_set()) {
            return Err(PyValueError::new_err(format!(
                "{set} and the expert parameters minbits, maxbits, maxprec, minexp cannot both be set"
            )));
        }
        if align && !is_set(rate) {
            return Err(PyValueError::new_err("align=True needs a rate"));
        }
        Ok(if is_set(tolerance) {
            Mode::Accuracy(tolerance)
        } else if is_set(rate) && align {
            Mode::AlignedRate(rate)
        } else if is_set(rate) {
            Mode::Rate(rate)
        } else if is_set(precision) {
            if !precision.is_finite() {
                return Err(PyValueError::new_err(format!(
                    "precision {precision} is not a number of bit planes"
                )));
            }
            // Saturates, and more than 64 planes are 64.
            Mode::Precision(precision as u32)
        } else if expert.is_set() {
            Mode::Expert(expert.params())
        } else {
            Mode::Reversible
        })
    }
}

/// zfp's four parameters, each with its default if not given.
#[derive(Clone, Copy)]
pub(crate) struct Expert {
    minbits: Option<u32>,
    maxbits: Option<u32>,
    maxprec: Option<u32>,
    minexp: Option<i32>,
}

impl Expert {
    pub(crate) fn of(
        minbits: Option<&Bound<'_, PyAny>>,
        maxbits: Option<&Bound<'_, PyAny>>,
        maxprec: Option<&Bound<'_, PyAny>>,
        minexp: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            minbits: whole("minbits", minbits)?,
            maxbits: whole("maxbits", maxbits)?,
            maxprec: whole("maxprec", maxprec)?,
            minexp: whole("minexp", minexp)?,
        })
    }

    fn is_set(self) -> bool {
        let Self { minbits, maxbits, maxprec, minexp } = self;
        minbits.or(maxbits).or(maxprec).is_some() || minexp.is_some()
    }

    fn params(self) -> Params {
        let default = Params::default();
        Params {
            minbits: self.minbits.unwrap_or(default.minbits),
            maxbits: self.maxbits.unwrap_or(default.maxbits),
            maxprec: self.maxprec.unwrap_or(default.maxprec),
            minexp: self.minexp.unwrap_or(default.minexp),
        }
    }
}

/// A number of bit planes: an integer of any size, or a float, of which zfpy takes the
/// whole part.
#[derive(Clone, Copy)]
pub(crate) struct Precision(f64);

impl Precision {
    pub(crate) const UNSET: Self = Self(-1.0);
}

impl FromPyObject<'_, '_> for Precision {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match object.extract::<f64>() {
            Ok(planes) => Ok(Self(planes.trunc())),
            // An integer beyond all floats: more planes than there are, or unset.
            Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
                Ok(Self(if object.lt(0)? { -1.0 } else { f64::MAX }))
            }
            Err(error) => Err(error),
        }
    }
}

/// An optional argument as an integer of its type; ValueError with its name and value if
/// it does not fit.
pub(crate) fn whole<T: TryFrom<i64>>(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<T>> {
    let Some(value) = value else { return Ok(None) };
    let wide: PyResult<i64> = value.extract();
    match wide {
        Ok(wide) => T::try_from(wide).ok(),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => None,
        Err(error) => {
            return Err(PyTypeError::new_err(format!("{name}: {}", error.value(value.py()))));
        }
    }
    .map(Some)
    .ok_or_else(|| PyValueError::new_err(format!("{name}={value} is out of range")))
}

/// A limit of bytes: one beyond all sizes is none.
pub(crate) fn limit(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<u64>> {
    match value {
        Some(number) if number.gt(i64::MAX).unwrap_or(false) => Ok(None),
        _ => whole(name, value),
    }
}

/// Any object as a flag: true if Python takes it for true, so that `None` is false.
#[derive(Clone, Copy)]
pub(crate) struct Truth(pub(crate) bool);

impl FromPyObject<'_, '_> for Truth {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        object.is_truthy().map(Self)
    }
}

/// The end of the stream: `word_bits=64` or `8`.
#[derive(Clone, Copy)]
pub(crate) struct WordBits(StreamWord);

impl WordBits {
    pub(crate) const DEFAULT: Self = Self(StreamWord::Bits64);
}

impl FromPyObject<'_, '_> for WordBits {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match object.extract::<i64>()? {
            8 => Ok(Self(StreamWord::Bits8)),
            64 => Ok(Self(StreamWord::Bits64)),
            bits => Err(PyValueError::new_err(format!("word_bits must be 8 or 64, not {bits}"))),
        }
    }
}

impl From<WordBits> for StreamWord {
    fn from(bits: WordBits) -> Self {
        bits.0
    }
}

/// `nonfinite="error"` or `"allow"`.
#[derive(Clone, Copy)]
pub(crate) struct NonFinite(NonFinitePolicy);

impl NonFinite {
    pub(crate) const DEFAULT: Self = Self(NonFinitePolicy::Error);
}

impl FromPyObject<'_, '_> for NonFinite {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match object.extract::<String>()?.as_str() {
            "error" => Ok(Self(NonFinitePolicy::Error)),
            "allow" => Ok(Self(NonFinitePolicy::Allow)),
            other => Err(PyValueError::new_err(format!(
                "nonfinite must be 'error' or 'allow', not {other:?}"
            ))),
        }
    }
}

impl From<NonFinite> for NonFinitePolicy {
    fn from(policy: NonFinite) -> Self {
        policy.0
    }
}

/// A number of threads; `None` is one per processor.
pub(crate) fn threads_of(threads: Option<&Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    match whole::<i64>("threads", threads)? {
        None => Ok(None),
        Some(threads) if threads > 0 => Ok(Some(usize::try_from(threads).unwrap_or(usize::MAX))),
        Some(threads) => Err(PyValueError::new_err(format!(
            "threads must be at least 1, or None for one per processor, not {threads}"
        ))),
    }
}

/// The type with this code.
pub(crate) fn scalar_of_code(ztype: i64) -> PyResult<ScalarType> {
    u32::try_from(ztype)
        .ok()
        .and_then(ScalarType::from_code)
        .ok_or_else(|| PyValueError::new_err(format!("Unsupported zfp_type {ztype}")))
}

/// A shape of 1 to 4 axes, without the leading zeros that zfpy takes for absent ones.
pub(crate) fn shape_of(shape: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let Ok(axes) = shape.len() else {
        let given = shape.repr()?;
        return Err(PyTypeError::new_err(format!("shape {given} is not a sequence of sizes")));
    };
    if !(1..=4).contains(&axes) {
        return Err(PyValueError::new_err(format!("shape has {axes} axes; zfp knows 1 to 4")));
    }
    let mut sizes = Vec::with_capacity(axes);
    // By index: sets have a length too, but no order.
    for axis in 0..axes {
        let size: i64 = shape.get_item(axis)?.extract()?;
        sizes.push(
            usize::try_from(size).map_err(|_| {
                PyValueError::new_err(format!("shape has an axis of {size} values"))
            })?,
        );
    }
    let absent = sizes.iter().take_while(|&&size| size == 0).count();
    // All zeros is no shape at all: let the library say so.
    Ok(if absent < sizes.len() { sizes.split_off(absent) } else { sizes })
}

/// A mode in the numbers of zfpy's `header`.
pub(crate) struct Description {
    pub(crate) code: u32,
    pub(crate) tolerance: f64,
    pub(crate) rate: f64,
    pub(crate) precision: u32,
}

/// The code of a mode, and its parameter; those of other modes are zero.
pub(crate) fn describe(mode: Mode) -> Description {
    let none = Description { code: 1, tolerance: 0.0, rate: 0.0, precision: 0 };
    match mode {
        Mode::Rate(rate) | Mode::AlignedRate(rate) => Description { code: 2, rate, ..none },
        Mode::Precision(precision) => Description { code: 3, precision, ..none },
        Mode::Accuracy(tolerance) => Description { code: 4, tolerance, ..none },
        Mode::Reversible => Description { code: 5, ..none },
        _ => none,
    }
}
