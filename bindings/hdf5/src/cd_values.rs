//! The numbers that HDF5 hands to its filters, in the two forms that H5Z-ZFP gives them.
//!
//! A user passes, with a `double` taking two of the numbers as it lies in memory:
//!
//! ```text
//!               0  1  2        3        4        5
//! rate          1  0  double
//! precision     2  0  planes
//! accuracy      3  0  double
//! expert        4  0  minbits  maxbits  maxprec  minexp
//! reversible    5
//! ```
//!
//! A file keeps a word of versions, and behind it the 96 or 148 bits of a zfp header, in
//! words of the byte order of the machine that wrote them. Chunks then have no header.

use zfp_wgpu::{Header, Mode, Params};

use crate::chunk::Chunk;
use crate::error::{Error, Result};

/// Most numbers of either form.
pub(crate) const MOST: usize = 6;

/// zfp 1.0.1.0, codec 5, H5Z-ZFP 1.1.1: what a file of these would say.
const VERSIONS: u32 = 0x1010 << 16 | CODEC << 12 | 0x0111;
const CODEC: u32 = 5;
/// The first H5Z-ZFP that wrote the codec's version.
const WITH_CODEC: u32 = 0x0110;

const MAGIC: &[u8] = b"zfp";

/// What H5Z-ZFP does if it is told nothing: zfp's own parameters, which limit nothing.
pub(crate) const DEFAULT: Mode = Mode::Precision(0);

/// The mode that a user's numbers ask for. A file's numbers, as a copied property list
/// has them, ask for what the chunks of that file had.
pub(crate) fn requested(given: &[u32], chunk: &Chunk) -> Result<Mode> {
    let copied = || {
        let (header, _) = header(given)?;
        // Bits of a block are another rate where blocks have more values.
        let alike = header.shape.len() == chunk.shape.len();
        Some(if alike { Mode::Expert(header.params) } else { header.mode() })
    };
    of_user(given).or_else(copied).ok_or_else(|| Error::Requested(given.to_vec()))
}

fn of_user(given: &[u32]) -> Option<Mode> {
    let double = |a: u32, b: u32| {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&a.to_ne_bytes());
        bytes[4..].copy_from_slice(&b.to_ne_bytes());
        f64::from_ne_bytes(bytes)
    };
    Some(match *given {
        [1, _, a, b, ..] => Mode::Rate(double(a, b)),
        [2, _, planes, ..] => Mode::Precision(planes),
        [3, _, a, b, ..] => Mode::Accuracy(double(a, b)),
        [4, _, minbits, maxbits, maxprec, minexp, ..] => {
            Mode::Expert(Params { minbits, maxbits, maxprec, minexp: minexp.cast_signed() })
        }
        [5, ..] => Mode::Reversible,
        _ => return None,
    })
}

/// What a file says about the chunks of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    /// Type and shape.
    pub(crate) chunk: Chunk,
    /// How they are compressed.
    pub(crate) params: Params,
}

impl Stored {
    pub(crate) fn new(chunk: &Chunk, mode: Mode) -> Result<Self> {
        let params = mode.params(chunk.scalar, chunk.shape.len())?;
        Ok(Self { chunk: chunk.clone(), params })
    }

    pub(crate) fn read(numbers: &[u32]) -> Result<Self> {
        let codec = numbers.first().map_or(CODEC, |word| match word & 0xfff {
            WITH_CODEC.. => word >> 12 & 0xf,
            _ => CODEC,
        });
        if codec > CODEC {
            return Err(zfp_wgpu::Error::CodecVersion { version: codec as u8 }.into());
        }
        let (header, swapped) = header(numbers)
            .ok_or_else(|| Error::Stored(numbers[..numbers.len().min(MOST)].to_vec()))?;
        let Header { scalar, shape, params, .. } = header;
        Ok(Self { chunk: Chunk { scalar, shape, swapped }, params })
    }

    /// The numbers for the file.
    /// Whether nothing is lost.
    pub(crate) fn is_reversible(&self) -> bool {
        let Chunk { scalar, shape, .. } = &self.chunk;
        Mode::Reversible.params(*scalar, shape.len()).is_ok_and(|params| params == self.params)
    }

    pub(crate) fn words(&self) -> Result<Vec<u32>> {
        let Chunk { scalar, shape, swapped } = &self.chunk;
        let mut bytes = Header::new(*scalar, shape, Mode::Expert(self.params))?.to_bytes()?;
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        // In the other byte order a file looks as if written by a machine that has it.
        let word = |bytes: &[u8; 4]| match swapped {
            true => u32::from_ne_bytes(*bytes).swap_bytes(),
            false => u32::from_ne_bytes(*bytes),
        };
        let words = bytes.as_chunks().0.iter().map(word);
        Ok(std::iter::once(VERSIONS).chain(words).collect())
    }
}

/// The header in a file's numbers, and whether its words are in the other byte order.
fn header(numbers: &[u32]) -> Option<(Header, bool)> {
    let (_, words) = numbers.split_first()?;
    let words = &words[..words.len().min(MOST - 1)];
    [false, true].into_iter().find_map(|swapped| {
        let word = |&word: &u32| if swapped { word.swap_bytes() } else { word }.to_ne_bytes();
        let bytes: Vec<u8> = words.iter().flat_map(word).collect();
        let header = Header::read(&bytes).ok().filter(|_| bytes.starts_with(MAGIC))?;
        Some((header, swapped))
    })
}

/// `h5z_zfp_controls_t`, what H5Z-ZFP's own functions put into property lists.
#[repr(C, align(8))]
#[derive(Default)]
pub(crate) struct Controls {
    mode: u32,
    _padding: u32,
    /// A double, a number of planes, or the four expert parameters.
    details: [u32; 4],
}

impl Controls {
    pub(crate) fn mode(&self) -> Result<Mode> {
        let [a, b, c, d] = self.details;
        let numbers = [self.mode, 0, a, b, c, d];
        of_user(&numbers).ok_or_else(|| Error::Requested(numbers.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use zfp_wgpu::ScalarType;

    use super::*;

    fn chunk(shape: &[u64], swapped: bool) -> Chunk {
        Chunk::new(ScalarType::F32, shape, swapped).unwrap()
    }

    #[test]
    fn users_numbers_are_modes() {
        let plain = chunk(&[4], false);
        let mode = |given: &[u32]| requested(given, &plain);
        let double = 8.5f64.to_ne_bytes();
        let [a, b] = *double.as_chunks().0 else { panic!() };
        let [a, b] = [a, b].map(u32::from_ne_bytes);
        assert_eq!(mode(&[1, 0, a, b]).unwrap(), Mode::Rate(8.5));
        assert_eq!(mode(&[2, 0, 13, 0, 0, 0]).unwrap(), Mode::Precision(13));
        assert_eq!(mode(&[3, 7, a, b, 9]).unwrap(), Mode::Accuracy(8.5));
        let params = Params { minbits: 1, maxbits: 2, maxprec: 3, minexp: -4 };
        let minexp = (-4i32).cast_unsigned();
        assert_eq!(mode(&[4, 0, 1, 2, 3, minexp]).unwrap(), Mode::Expert(params));
        assert_eq!(mode(&[5]).unwrap(), Mode::Reversible);
        let wrong: [&[u32]; 7] =
            [&[0], &[1, 0, a], &[2, 0], &[3, 0, a], &[4, 0, 1, 2, 3], &[6, 0, 0, 0], &[VERSIONS]];
        for given in wrong {
            assert!(matches!(mode(given), Err(Error::Requested(_))), "{given:?}");
        }
        let controls = Controls { mode: 1, details: [a, b, 0, 0], ..Controls::default() };
        assert_eq!(controls.mode().unwrap(), Mode::Rate(8.5));
        assert!(Controls::default().mode().is_err());
    }

    #[test]
    fn what_is_stored_is_read_in_either_byte_order() {
        let expert = Params { minbits: 3, maxbits: 99, maxprec: 20, minexp: -9 };
        for mode in [Mode::Rate(8.0), Mode::Accuracy(1e-3), Mode::Expert(expert), DEFAULT] {
            for swapped in [false, true] {
                let stored = Stored::new(&chunk(&[1, 10, 1, 15], swapped), mode).unwrap();
                let words = stored.words().unwrap();
                assert!(words.len() <= MOST);
                assert_eq!(Stored::read(&words).unwrap(), stored);
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let words = Stored::new(&chunk(&[5, 6], false), Mode::Reversible).unwrap().words().unwrap();
        for len in 0..words.len() {
            assert!(Stored::read(&words[..len]).is_err(), "{len}");
        }
        let with = |place: usize, word| {
            let mut words = words.clone();
            words[place] = word;
            Stored::read(&words)
        };
        assert!(matches!(with(1, u32::MAX), Err(Error::Stored(_))));
        let newer = Error::Zfp(zfp_wgpu::Error::CodecVersion { version: 6 });
        assert_eq!(with(0, 0x6111).unwrap_err().to_string(), newer.to_string());
        // Older filters had their own version there.
        assert!(with(0, 0x6100).is_ok());
    }

    #[test]
    fn copied_numbers_keep_the_rate() {
        let flat = Stored::new(&chunk(&[8, 8], false), Mode::Rate(8.0)).unwrap();
        let words = flat.words().unwrap();
        let same = requested(&words, &chunk(&[4, 9], false)).unwrap();
        assert_eq!(same, Mode::Expert(flat.params));
        assert_eq!(requested(&words, &chunk(&[4, 4, 4], false)).unwrap(), Mode::Rate(8.0));
    }
}
