//! The flags of LLNL's tool. Where the same one comes twice, the last counts.

use std::ffi::OsString;
use std::path::PathBuf;

use zfp_wgpu::{MAX_BITS, Mode, Params, ScalarType};

/// Who is to do the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Execution {
    /// One thread.
    #[default]
    Serial,
    /// So many threads, or one for each processor.
    Threads(Option<usize>),
    /// A GPU of any kind.
    Gpu,
    /// A GPU that is one, by the name that LLNL's tool has for it.
    Cuda,
}

/// How to compress.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    Rate(f64),
    Precision(u32),
    Accuracy(f64),
    Reversible,
    /// minbits, maxbits, maxprec and minexp; 0 means no limit.
    Expert(u32, u32, u32, i32),
}

impl Wanted {
    /// The mode, as far as it depends on the type of the values.
    pub(super) fn mode(self, scalar: ScalarType) -> Mode {
        match self {
            Self::Rate(rate) => Mode::Rate(rate),
            Self::Precision(planes) => Mode::Precision(planes),
            // Nothing below zero is a tolerance, and the tool takes it for none.
            Self::Accuracy(tolerance) if tolerance < 0.0 => Mode::Accuracy(0.0),
            Self::Accuracy(tolerance) => Mode::Accuracy(tolerance),
            Self::Reversible => Mode::Reversible,
            Self::Expert(minbits, maxbits, maxprec, minexp) => Mode::Expert(Params {
                minbits,
                maxbits: if maxbits == 0 { MAX_BITS } else { maxbits },
                maxprec: if maxprec == 0 { scalar.bits() } else { maxprec },
                minexp,
            }),
        }
    }
}

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) input: Option<PathBuf>,
    pub(super) stream: Option<PathBuf>,
    pub(super) output: Option<PathBuf>,
    pub(super) scalar: Option<ScalarType>,
    /// Sizes along x, y, z and w, as many as there are dimensions.
    pub(super) sizes: Vec<u32>,
    pub(super) wanted: Option<Wanted>,
    pub(super) header: bool,
    pub(super) quiet: bool,
    pub(super) statistics: bool,
    pub(super) execution: Execution,
}

impl Options {
    /// Reads the arguments; `None` if they make no sense, or if there are none.
    pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter().peekable();
        arguments.peek()?;
        while let Some(flag) = arguments.next() {
            let mut next = || arguments.next();
            let mut text = || next().and_then(|value| value.into_string().ok());
            match flag.to_str()? {
                "-i" => options.input = Some(next()?.into()),
                "-z" => options.stream = Some(next()?.into()),
                "-o" => options.output = Some(next()?.into()),
                "-f" => options.scalar = Some(ScalarType::F32),
                "-d" => options.scalar = Some(ScalarType::F64),
                "-t" => options.scalar = Some(scalar(&text()?)?),
                dims @ ("-1" | "-2" | "-3" | "-4") => {
                    let dims = dims[1..].parse().ok()?;
                    let sizes = (0..dims).map(|_| natural(&text()?));
                    options.sizes = sizes.collect::<Option<_>>()?;
                }
                "-r" => options.wanted = Some(Wanted::Rate(real(&text()?)?)),
                "-p" => options.wanted = Some(Wanted::Precision(natural(&text()?)?)),
                "-a" => options.wanted = Some(Wanted::Accuracy(real(&text()?)?)),
                "-R" => options.wanted = Some(Wanted::Reversible),
                "-c" => {
                    let [minbits, maxbits, maxprec] =
                        [natural(&text()?)?, natural(&text()?)?, natural(&text()?)?];
                    let minexp = trimmed(&text()?).parse().ok()?;
                    options.wanted = Some(Wanted::Expert(minbits, maxbits, maxprec, minexp));
                }
                "-h" => options.header = true,
                "-q" => options.quiet = true,
                "-s" => options.statistics = true,
                "-x" => options.execution = execution(&text()?)?,
                _ => return None,
            }
        }
        Some(options)
    }
}

fn scalar(name: &str) -> Option<ScalarType> {
    ScalarType::ALL.into_iter().find(|scalar| scalar.to_string() == name)
}

fn execution(text: &str) -> Option<Execution> {
    Some(match text {
        "serial" => Execution::Serial,
        "omp" => Execution::Threads(None),
        "gpu" => Execution::Gpu,
        "cuda" => Execution::Cuda,
        _ => {
            let counts = text.strip_prefix("omp=")?;
            let (threads, chunk) = counts.split_once(',').unwrap_or((counts, "0"));
            // Chunks do not change the bytes, and are chosen by the library.
            natural(chunk)?;
            Execution::Threads(match natural(threads)? {
                0 => None,
                threads => Some(threads as usize),
            })
        }
    })
}

/// C skips space before a number.
fn trimmed(text: &str) -> &str {
    text.trim_ascii_start()
}

fn natural(text: &str) -> Option<u32> {
    trimmed(text).parse().ok()
}

/// A number in any form that C reads, hexadecimal digits included.
fn real(text: &str) -> Option<f64> {
    let text = trimmed(text);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) else {
        return text.parse().ok();
    };
    let (digits, exponent) = digits.split_once(['p', 'P']).unwrap_or((digits, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent = exponent.parse::<i32>().ok()?.checked_sub(4 * fraction.len() as i32)?;
    Some(sign * mantissa as f64 * f64::from(exponent).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_c() {
        assert_eq!(real("1e-3"), Some(1e-3));
        assert_eq!(real(" +0.5"), Some(0.5));
        assert_eq!(real("-0x1.8p-3"), Some(-0.1875));
        assert_eq!(real("0x10"), Some(16.0));
        assert_eq!(real("1e-3x"), None);
        assert_eq!(real(""), None);
        assert_eq!(natural(" 12"), Some(12));
        assert_eq!(natural("12x"), None);
        assert_eq!(natural("-1"), None);
    }

    #[test]
    fn threads_are_counted() {
        assert_eq!(execution("omp"), Some(Execution::Threads(None)));
        assert_eq!(execution("omp=0"), Some(Execution::Threads(None)));
        assert_eq!(execution("omp=3,64"), Some(Execution::Threads(Some(3))));
        assert_eq!(execution("omp="), None);
        assert_eq!(execution("OMP"), None);
    }
}
