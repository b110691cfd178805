//! The special functions of the network, without branches, so that the compiler may compute
//! several at once.

/// e^x within 2 units in the last place; 0 below −87.3, about 2.4e38 above 88.3.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by the polynomial of Cephes' `expf`, 2^n by the exponent
/// bits.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let clamped = x.clamp(-87.3, 88.3);
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5.000_000_3e-1;
    let e_r = p * r * r + r + 1.0;
    let scaled = f32::from_bits(e_r.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < -87.3 { 0.0 } else { scaled }
}

/// 1 / (1 + e^−x)
#[inline]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x = 2σ(2x) − 1, within 1.2e-7.
#[inline]
pub(super) fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

/// x where positive, else e^x − 1.
#[inline]
pub(super) fn elu(x: f32) -> f32 {
    if x > 0.0 { x } else { exp(x) - 1.0 }
}

/// Turns scores into weights that sum to one, in place.
pub(super) fn softmax(scores: &mut [f32]) {
    let max = fold(scores, f32::NEG_INFINITY, |a, b| if a > b { a } else { b });
    scores.iter_mut().for_each(|score| *score = exp(*score - max));
    let inverse = 1.0 / sum(scores);
    scores.iter_mut().for_each(|score| *score *= inverse);
}

pub(super) fn sum(values: &[f32]) -> f32 {
    fold(values, 0.0, |a, b| a + b)
}

/// In eight partial results: the compiler may not reorder the steps of one, but it may take eight
/// at a time.
#[inline]
fn fold(values: &[f32], start: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [start; 8];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, *value);
        }
    }
    lanes.iter().chain(rest).fold(start, |a, b| f(a, *b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_right_over_its_whole_range() {
        for i in -8730..8830 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 3e-7, "e^{x}: {error}");
        }
    }

    #[test]
    fn extremes_stay_numbers_and_not_a_number_stays_visible() {
        assert_eq!(exp(f32::NEG_INFINITY).to_bits(), 0);
        assert!(exp(1e30).is_finite());
        assert!(exp(f32::NAN).is_nan());
        assert!((tanh(1e9) - 1.0).abs() < 1e-6 && (tanh(-1e9) + 1.0).abs() < 1e-6);
        assert!((elu(-1e9) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn masked_scores_get_no_weight() {
        let mut scores = [1.0, -1e9, 1.0, f32::NEG_INFINITY];
        softmax(&mut scores);
        assert_eq!(scores.map(f32::to_bits), [0.5, 0.0, 0.5, 0.0_f32].map(f32::to_bits));
    }
}
