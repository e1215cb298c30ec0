//! Loops compiled a second time for wider vector registers, chosen when the program runs.
//!
//! The same Rust code is compiled for the baseline of the target and, on x86-64, for AVX2 and for AVX-512; `pulp` asks the
//! processor once and calls the one that fits. None fuses a multiplication with an addition, so all give the same bits
//! (tested on whole blocks of paths). What is to profit must be inlined into [`Kernel::call`], hence the `inline(always)` of the
//! functions that loops are made of.

use std::sync::LazyLock;

pub(crate) use pulp::NullaryFnOnce as Kernel;

use super::{elementary, normal};

static WIDEST: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);

/// Runs a kernel of explicit vectors, as wide as the processor has.
pub(crate) fn vectors<K: pulp::WithSimd>(kernel: K) -> K::Output {
    WIDEST.dispatch(kernel)
}

/// Which of them is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Width {
    /// The widest that the processor has.
    #[default]
    Widest,
    /// That of the target's baseline.
    Baseline,
}

impl Width {
    /// Runs the kernel.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Self::Widest => WIDEST.dispatch(kernel),
            Self::Baseline => kernel.call(),
        }
    }

    /// Replaces probabilities by standard normal quantiles.
    pub fn normals(self, values: &mut [f64]) {
        self.run(Normals(values));
    }

    /// Replaces uniforms by standard normals, two by two ([`normal::pair`]).
    pub fn normal_pairs(self, values: &mut [f64]) {
        self.run(NormalPairs(values));
    }

    /// Replaces uniforms by exponentials of mean 1.
    pub fn exponentials(self, values: &mut [f64]) {
        self.run(Exponentials(values));
    }
}

struct Normals<'a>(&'a mut [f64]);

impl Kernel for Normals<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        normal::inverse_cdf_slice(self.0);
    }
}

struct NormalPairs<'a>(&'a mut [f64]);

impl Kernel for NormalPairs<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for pair in self.0.chunks_exact_mut(2) {
            (pair[0], pair[1]) = normal::pair(pair[0], pair[1]);
        }
    }
}

struct Exponentials<'a>(&'a mut [f64]);

impl Kernel for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for value in self.0 {
            *value = -elementary::ln(*value);
        }
    }
}
