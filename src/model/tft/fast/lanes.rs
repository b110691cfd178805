//! Vectors of the processor, and the network's special functions on them.

use pulp::Simd;

/// Vectors that are computed together: enough independent work to hide the latency of each.
pub(super) const WIDTH: usize = 2;

/// A feature over the lanes of a panel. What a lane is (a step, a sample) is the caller's business.
pub(super) type Lanes<S> = [<S as Simd>::f32s; WIDTH];

/// Lanes of a panel.
#[inline(always)]
pub(super) const fn lanes<S: Simd>() -> usize {
    WIDTH * S::F32_LANES
}

/// The features of a panel, [features] of [`Lanes`].
#[inline(always)]
pub(super) fn features<S: Simd>(panel: &[f32]) -> &[Lanes<S>] {
    let (vectors, _) = S::as_simd_f32s(panel);
    vectors.as_chunks().0
}

/// The same to be written.
#[inline(always)]
pub(super) fn features_mut<S: Simd>(panel: &mut [f32]) -> &mut [Lanes<S>] {
    let (vectors, _) = S::as_mut_simd_f32s(panel);
    vectors.as_chunks_mut().0
}

/// The same number in all lanes.
#[inline(always)]
pub(super) fn splat<S: Simd>(simd: S, x: f32) -> Lanes<S> {
    [simd.splat_f32s(x); WIDTH]
}

/// 0, 1, 2 …
#[inline(always)]
pub(super) fn numbers<S: Simd>() -> Lanes<S> {
    let mut numbers = [0.0; 64];
    for (i, number) in numbers.iter_mut().enumerate() {
        *number = i as f32;
    }
    features::<S>(&numbers)[0]
}

/// An operation of the processor on lanes. Closures would not be compiled for its instructions.
macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($($x:ident),+) = $of:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name<S: Simd>(simd: S, $($x: Lanes<S>),+) -> Lanes<S> {
            [simd.$of($($x[0]),+), simd.$of($($x[1]),+)]
        }
    )*};
}

operations! {
    add(x, y) = add_f32s;
    sub(x, y) = sub_f32s;
    mul(x, y) = mul_f32s;
    div(x, y) = div_f32s;
    max(x, y) = max_f32s;
    min(x, y) = min_f32s;
    /// x · y + z
    mul_add(x, y, z) = mul_add_e_f32s;
    sqrt(x) = sqrt_f32s;
}

/// 1 / x
#[inline(always)]
pub(super) fn inverse<S: Simd>(simd: S, x: Lanes<S>) -> Lanes<S> {
    div(simd, splat(simd, 1.0), x)
}

/// 2^x within 2 units in the last place, for x ≤ 126; below −126 no more than 2^−126.
///
/// x = n + r with |r| ≤ ½; 2^r by a polynomial (minimax, relative error 8e-8).
#[inline(always)]
fn exp2_of_vector<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    /// Adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = (&simd as &dyn std::any::Any).downcast_ref::<pulp::x86::V4>() {
        use pulp::bytemuck::cast;
        use std::arch::x86_64::{_MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT};
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        let n = cast(avx512.avx512f._mm512_roundscale_ps::<NEAREST>(cast(x)));
        let power = exp2_of_fraction(simd, simd.sub_f32s(x, n));
        return cast(avx512.avx512f._mm512_scalef_ps(cast(power), cast(n)));
    }
    let round = simd.splat_f32s(ROUND);
    let x = simd.max_f32s(x, simd.splat_f32s(-126.0));
    let shifted = simd.add_f32s(x, round);
    let power = exp2_of_fraction(simd, simd.sub_f32s(x, simd.sub_f32s(shifted, round)));
    let exponent =
        simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(power), exponent))
}

#[inline(always)]
fn exp2_of_fraction<S: Simd>(simd: S, r: S::f32s) -> S::f32s {
    let mut p = simd.splat_f32s(1.327_647_8e-3);
    for k in [9.675_541e-3, 5.550_713_3e-2, 2.402_212e-1, 6.931_469_7e-1, 1.000_000_1] {
        p = simd.mul_add_e_f32s(p, r, simd.splat_f32s(k));
    }
    p
}

/// 2^x of each lane, for x ≤ 126; below −126 no more than 2^−126.
#[inline(always)]
pub(super) fn exp2<S: Simd>(simd: S, x: Lanes<S>) -> Lanes<S> {
    [exp2_of_vector(simd, x[0]), exp2_of_vector(simd, x[1])]
}

/// 2^x + 1 for a gate; beyond 40 the value there. σ and tanh are less than 1e-12 from their limits then,
/// and a product of three such numbers is still one.
#[inline(always)]
pub(super) fn exp2_plus_1<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = simd.min_f32s(x, simd.splat_f32s(40.0));
    simd.add_f32s(simd.splat_f32s(1.0), exp2_of_vector(simd, x))
}

/// x / (1 + 2^y), which is x · σ(z) for y = −z·log₂e, of two features. One division does for both.
#[inline(always)]
pub(super) fn gated<S: Simd>(simd: S, x: [Lanes<S>; 2], y: [Lanes<S>; 2]) -> [Lanes<S>; 2] {
    let mut out = x;
    for v in 0..WIDTH {
        let (d0, d1) = (exp2_plus_1(simd, y[0][v]), exp2_plus_1(simd, y[1][v]));
        let inverse = simd.div_f32s(simd.splat_f32s(1.0), simd.mul_f32s(d0, d1));
        out[0][v] = simd.mul_f32s(simd.mul_f32s(x[0][v], d1), inverse);
        out[1][v] = simd.mul_f32s(simd.mul_f32s(x[1][v], d0), inverse);
    }
    out
}

/// ELU(x) + 1 of x·log₂e: x + 1 where positive, else e^x.
#[inline(always)]
pub(super) fn elu_plus_1<S: Simd>(simd: S, x: Lanes<S>) -> Lanes<S> {
    let zero = splat(simd, 0.0);
    let below = exp2(simd, min(simd, x, zero));
    mul_add(simd, max(simd, x, zero), splat(simd, std::f32::consts::LN_2), below)
}

/// Numbers of each row that lie together when rows become columns.
pub(super) const QUAD: usize = 4;

/// Columns become rows: `to` [columns] of `to_stride` numbers, `from` [rows] of `from_stride`. There are
/// quads of rows, and vectors of columns.
#[inline(always)]
pub(super) fn transpose<S: Simd>(
    simd: S,
    from: &[f32],
    from_stride: usize,
    [rows, columns]: [usize; 2],
    to: &mut [f32],
    to_stride: usize,
) {
    for row in (0..rows).step_by(QUAD) {
        for column in (0..columns).step_by(S::F32_LANES) {
            let mut x = [simd.splat_f32s(0.0); QUAD];
            for i in 0..QUAD {
                let from = &from[(row + i) * from_stride + column..][..S::F32_LANES];
                x[i] = S::as_simd_f32s(from).0[0];
            }
            // Within each quad of a vector, so that these come in rows.
            let x = simd.deinterleave_shfl_f32s(x);
            for i in 0..QUAD {
                let quads: &[[f32; QUAD]] = pulp::bytemuck::cast_slice(&x[i..=i]);
                for (q, quad) in quads.iter().enumerate() {
                    let at = (column + q * QUAD + i) * to_stride + row;
                    to[at..at + QUAD].copy_from_slice(quad);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::super::isa::Isa;
    use super::*;

    /// 2^x for x ≤ 0, ELU(x) + 1, and 3·σ(z) where x = −z·log₂e.
    struct All(f32);

    impl WithSimd for All {
        type Output = [f32; 3];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [f32; 3] {
            let x = splat(simd, self.0);
            let exp2 = exp2(simd, min(simd, x, splat(simd, 0.0)));
            let gates = [splat(simd, 0.25), x];
            let [_, gated] = gated(simd, [splat(simd, 3.0); 2], gates);
            let elu = elu_plus_1(simd, splat(simd, self.0 * std::f32::consts::LOG2_E));
            let mut all = [0.0; 3];
            for (to, lanes) in all.iter_mut().zip([exp2, elu, gated]) {
                *to = simd.reduce_max_f32s(lanes[1]);
            }
            all
        }
    }

    #[test]
    fn special_functions_are_right_for_all_instructions() {
        for isa in Isa::available() {
            for n in -5000..5000 {
                let x = n as f32 * 0.05;
                let exact = f64::from(x);
                let elu = if x > 0.0 { exact + 1.0 } else { exact.exp() };
                let wanted = [exact.min(0.0).exp2(), elu, 3.0 / (1.0 + exact.exp2())];
                for (got, want) in isa.run(All(x)).into_iter().zip(wanted) {
                    let error = (f64::from(got) - want).abs();
                    // x·log₂e is rounded before the power is taken.
                    let relative = 3e-7 + 1e-7 * exact.abs();
                    assert!(
                        error <= relative * want + 1e-11,
                        "{} {x}: {got} is not {want}",
                        isa.name()
                    );
                }
            }
        }
    }
}
