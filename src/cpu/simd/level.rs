//! Which instructions there are: types that exist only where the CPU has them.
//!
//! Code is written once, generic over [`Isa`], and compiled once for each level by
//! [`Isa::vectorize`], inside a function that may use the level's instructions.

use std::sync::OnceLock;

use super::encode::{Blockwise, Coder};
use super::lanes::Lanes;
#[cfg(not(target_arch = "x86_64"))]
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, sse2};
use crate::bitstream::low_bits;
use crate::error::{Error, Result};

/// The environment variable that asks for a level: `portable`, `avx2`, `avx512` or
/// `neon`.
pub(crate) const VARIABLE: &str = "ZFP_WGPU_CPU";

/// Work that is compiled anew for each level.
pub(crate) trait Kernel {
    /// What comes of it.
    type Output;
    /// The work; to be `#[inline(always)]`, as is all that it calls in hot loops.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}

/// A set of instructions. A value of such a type is the proof that the CPU has them.
pub(crate) trait Isa: Copy + Send + Sync + 'static {
    /// Vectors of sixteen 32-bit lanes.
    type Lanes32: Lanes<Isa = Self, Int = i32>;
    /// Vectors of sixteen 64-bit lanes.
    type Lanes64: Lanes<Isa = Self, Int = i64>;

    /// Whether there are better vectors than the compiler makes of plain loops.
    const HAS_VECTORS: bool;
    /// What writes the planes of blocks of up to 64 values.
    type Coder: Coder<Self>;

    /// Whether `pdep` and `pext` are there, and fast.
    fn has_fast_pdep(self) -> bool;
    /// The low bits of `value` at the one-bits of `mask`.
    fn pdep(self, value: u64, mask: u64) -> u64;
    /// The bits of `value` at the one-bits of `mask`, side by side.
    fn pext(self, value: u64, mask: u64) -> u64;
    /// The `count` low bits of `value`; `count` is at most 64.
    fn low(self, value: u64, count: u32) -> u64;
    /// Runs a kernel compiled for these instructions.
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output;
}

/// What every CPU of the architecture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portable(());

impl Isa for Portable {
    const HAS_VECTORS: bool = cfg!(target_arch = "x86_64");
    #[cfg(target_arch = "x86_64")]
    type Lanes32 = sse2::Lanes32;
    #[cfg(target_arch = "x86_64")]
    type Lanes64 = sse2::Lanes64;
    #[cfg(not(target_arch = "x86_64"))]
    type Lanes32 = portable::Array<f32>;
    #[cfg(not(target_arch = "x86_64"))]
    type Lanes64 = portable::Array<f64>;
    type Coder = Blockwise<Self>;

    #[inline(always)]
    fn has_fast_pdep(self) -> bool {
        false
    }
    fn pdep(self, mut value: u64, mut mask: u64) -> u64 {
        let mut bits = 0;
        while mask != 0 {
            let lowest = mask & mask.wrapping_neg();
            bits |= if value & 1 == 1 { lowest } else { 0 };
            mask ^= lowest;
            value >>= 1;
        }
        bits
    }
    fn pext(self, value: u64, mut mask: u64) -> u64 {
        let (mut bits, mut count) = (0, 0);
        while mask != 0 {
            bits |= (value >> mask.trailing_zeros() & 1) << count;
            mask &= mask - 1;
            count += 1;
        }
        bits
    }
    #[inline(always)]
    fn low(self, value: u64, count: u32) -> u64 {
        value & low_bits(count)
    }
    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{_bzhi_u64, _pdep_u64, _pext_u64};

    use super::super::encode::{Blockwise, Codes, CodesOfEight, Fixed, Tilewise};
    use super::super::lanes::Planes;
    use super::{Isa, Kernel, avx2, avx512};

    /// AVX2 and the bit manipulation of its time: Haswell, Zen and later.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Avx2 {
        fast_pdep: bool,
    }

    impl CodesOfEight for Avx512 {
        #[inline(always)]
        fn codes_of_eight<const N: usize>(
            self,
            planes: &[u64; 8],
            seen: &mut u64,
            codes: &mut Codes,
        ) {
            avx512::codes::of_eight::<N>(self, planes, seen, codes);
        }
        #[inline(always)]
        fn fixed_blocks(
            self,
            planes: &Planes,
            top: usize,
            blocks: &Fixed<'_>,
            words: &mut [u64; 16],
        ) -> (usize, u32) {
            avx512::fixed::words_of_fours(self, planes, top, blocks, words)
        }
    }

    /// AVX-512 with byte permutations and GFNI: Ice Lake, Zen 4 and later.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Avx512(());

    impl Avx2 {
        /// The proof, if the CPU has all of it.
        pub(crate) fn new() -> Option<Self> {
            let all = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt");
            all.then(|| Self { fast_pdep: !is_early_zen() })
        }
    }

    #[cfg(test)]
    impl Avx2 {
        /// The same, as if `pdep` and `pext` were slow.
        pub(crate) fn with_slow_pdep(mut self) -> Self {
            self.fast_pdep = false;
            self
        }
    }

    impl Avx512 {
        /// The proof, if the CPU has all of it.
        pub(crate) fn new() -> Option<Self> {
            let all = Avx2::new().is_some()
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512vbmi")
                && is_x86_feature_detected!("avx512vbmi2")
                && is_x86_feature_detected!("avx512vpopcntdq")
                && is_x86_feature_detected!("gfni");
            all.then_some(Self(()))
        }
    }

    /// AMD before Zen 3, where `pdep` and `pext` are programs of hundreds of cycles.
    fn is_early_zen() -> bool {
        use std::arch::x86_64::__cpuid;
        let vendor = __cpuid(0);
        let signature = __cpuid(1).eax;
        let family = (signature >> 8 & 15) + (signature >> 20 & 255);
        // "AuthenticAMD", and Hygon's "HygonGenuine", which is a Zen 1.
        let amd = (vendor.ebx, vendor.edx, vendor.ecx) == (0x6874_7541, 0x6974_6e65, 0x444d_4163);
        let hygon = (vendor.ebx, vendor.edx, vendor.ecx) == (0x6f67_7948, 0x6e65_476e, 0x656e_6975);
        (amd && family < 0x19) || hygon
    }

    impl Isa for Avx2 {
        const HAS_VECTORS: bool = true;
        type Lanes32 = avx2::Lanes32;
        type Lanes64 = avx2::Lanes64;
        type Coder = Blockwise<Self>;

        #[inline(always)]
        fn has_fast_pdep(self) -> bool {
            self.fast_pdep
        }
        #[inline(always)]
        fn pdep(self, value: u64, mask: u64) -> u64 {
            // SAFETY: the token was made where BMI2 was found.
            unsafe { _pdep_u64(value, mask) }
        }
        #[inline(always)]
        fn pext(self, value: u64, mask: u64) -> u64 {
            // SAFETY: the token was made where BMI2 was found.
            unsafe { _pext_u64(value, mask) }
        }
        #[inline(always)]
        fn low(self, value: u64, count: u32) -> u64 {
            // SAFETY: the token was made where BMI2 was found.
            unsafe { _bzhi_u64(value, count) }
        }
        #[inline(always)]
        fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
            #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
            fn inner<K: Kernel>(isa: Avx2, kernel: K) -> K::Output {
                kernel.run(isa)
            }
            // SAFETY:
            // * `self` was made by `new`, which found all of these features.
            unsafe { inner(self, kernel) }
        }
    }

    impl Isa for Avx512 {
        const HAS_VECTORS: bool = true;
        type Lanes32 = avx512::Lanes32;
        type Lanes64 = avx512::Lanes64;
        type Coder = Tilewise<Self>;

        #[inline(always)]
        fn has_fast_pdep(self) -> bool {
            true
        }
        #[inline(always)]
        fn pdep(self, value: u64, mask: u64) -> u64 {
            // SAFETY: the token was made where BMI2 was found.
            unsafe { _pdep_u64(value, mask) }
        }
        #[inline(always)]
        fn pext(self, value: u64, mask: u64) -> u64 {
            // SAFETY: the token was made where BMI2 was found.
            unsafe { _pext_u64(value, mask) }
        }
        #[inline(always)]
        fn low(self, value: u64, count: u32) -> u64 {
            // SAFETY: the token was made where BMI2 was found.
            unsafe { _bzhi_u64(value, count) }
        }
        #[inline(always)]
        fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
            #[target_feature(
                enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni"
            )]
            fn inner<K: Kernel>(isa: Avx512, kernel: K) -> K::Output {
                kernel.run(isa)
            }
            // SAFETY:
            // * `self` was made by `new`, which found all of these features.
            unsafe { inner(self, kernel) }
        }
    }
}

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(crate) use arm::Neon;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod arm {
    use super::super::encode::Blockwise;
    use super::super::neon;
    use super::{Isa, Kernel, Portable};

    /// NEON, which all CPUs of the architecture have.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Neon(());

    impl Neon {
        /// The proof, if the CPU has it.
        pub(crate) fn new() -> Option<Self> {
            std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
        }
    }

    impl Isa for Neon {
        const HAS_VECTORS: bool = true;
        type Lanes32 = neon::Lanes32;
        type Lanes64 = neon::Lanes64;
        type Coder = Blockwise<Self>;

        #[inline(always)]
        fn has_fast_pdep(self) -> bool {
            false
        }
        fn pdep(self, value: u64, mask: u64) -> u64 {
            Portable(()).pdep(value, mask)
        }
        fn pext(self, value: u64, mask: u64) -> u64 {
            Portable(()).pext(value, mask)
        }
        #[inline(always)]
        fn low(self, value: u64, count: u32) -> u64 {
            Portable(()).low(value, count)
        }
        #[inline(always)]
        fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
            kernel.run(self)
        }
    }
}

/// One of the levels of this architecture, with its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon(Neon),
}

impl Level {
    /// All levels that this machine has, the fastest last.
    pub(crate) fn all() -> Vec<Self> {
        let portable = Some(Self::Portable(Portable(())));
        #[cfg(target_arch = "x86_64")]
        let levels = [portable, Avx2::new().map(Self::Avx2), Avx512::new().map(Self::Avx512)];
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        let levels = [portable, Neon::new().map(Self::Neon)];
        #[cfg(not(any(
            target_arch = "x86_64",
            all(target_arch = "aarch64", target_endian = "little")
        )))]
        let levels = [portable];
        levels.into_iter().flatten().collect()
    }

    /// The same, and with AVX2 what it is where `pdep` and `pext` are slow.
    #[cfg(test)]
    pub(crate) fn tested() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let slow = Avx2::new().map(|isa| Self::Avx2(isa.with_slow_pdep()));
        #[cfg(not(target_arch = "x86_64"))]
        let slow = None;
        Self::all().into_iter().chain(slow).collect()
    }

    /// The name by which the environment variable asks for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Neon(_) => "neon",
        }
    }

    /// The level to use: the fastest, unless `ZFP_WGPU_CPU` asked for another when this
    /// was first called.
    pub(crate) fn chosen() -> Result<Self> {
        static CHOSEN: OnceLock<Result<Level>> = OnceLock::new();
        CHOSEN.get_or_init(|| Self::named(std::env::var_os(VARIABLE).as_deref())).clone()
    }

    /// The level of this name, or the fastest for none.
    fn named(name: Option<&std::ffi::OsStr>) -> Result<Self> {
        let levels = Self::all();
        let found = match name {
            None => levels.last(),
            Some(name) if name.is_empty() => levels.last(),
            Some(name) => levels.iter().find(|level| name == level.name()),
        };
        found.copied().ok_or_else(|| Error::CpuLevel {
            given: name.unwrap_or_default().to_string_lossy().into_owned(),
            available: levels.iter().map(|level| level.name()).collect(),
        })
    }

    /// Runs a kernel compiled for this level.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Self::Portable(isa) => isa.vectorize(kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(isa) => isa.vectorize(kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(isa) => isa.vectorize(kernel),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Neon(isa) => isa.vectorize(kernel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_by_their_names() {
        for level in Level::all() {
            assert_eq!(Level::named(Some(level.name().as_ref())), Ok(level));
        }
        assert_eq!(Level::named(None).ok(), Level::all().last().copied());
        let Err(Error::CpuLevel { given, available }) = Level::named(Some("AVX9".as_ref())) else {
            panic!("there is such a level");
        };
        assert_eq!(given, "AVX9");
        assert_eq!(available[0], "portable");
    }
}
