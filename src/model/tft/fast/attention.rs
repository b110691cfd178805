//! Attention: lanes are queries; keys and values come one after the other.

use pulp::Simd;

use super::super::network;
use super::grn::parts;
use super::lanes::{
    Lanes, WIDTH, add, exp2, inverse, lanes, max, mul, mul_add, numbers, splat, sub,
};
use super::linear::{self, BLOCK, Linear, padded};

/// The heads share their values, so the mean of their weights is what counts.
#[derive(Debug)]
pub(super) struct Attention {
    heads: usize,
    /// Features of a head.
    pub(super) size: usize,
    /// Scaled, so that 2^(q·k) is e^(q·k / √size).
    pub(super) queries: Linear,
    pub(super) keys: Linear,
    pub(super) values: Linear,
    causal: bool,
}

/// Scores up to here need no shift before 2^score is taken, nor does their sum.
const SAFE: f32 = 60.0;

/// What the queries of one server see.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    /// Panels of [padded heads · size] features: those of the encoder, then those of the decoder.
    pub(super) keys: &'a [f32],
    /// A row per key, [padded size] each, as many rows as lanes in all panels.
    pub(super) values: &'a [f32],
    pub(super) encoder_steps: usize,
    pub(super) encoder_panels: usize,
    /// Steps of the decoder that are keys, and those that are queries.
    pub(super) decoder_steps: usize,
    pub(super) queries: usize,
    /// The squared length of the longest key, for each head.
    pub(super) longest: &'a [f32],
}

impl Attention {
    pub(super) fn new(of: &network::Attention) -> Self {
        let (queries, bias) = parts(&of.queries);
        let factor = std::f32::consts::LOG2_E / (of.size as f32).sqrt();
        let (queries, bias) = (queries * factor, bias * factor);
        let linear = |of| {
            let (weight, bias) = parts(of);
            Linear::new(weight.view(), Some(bias.view()))
        };
        Self {
            heads: of.heads,
            size: of.size,
            queries: Linear::new(queries.view(), Some(bias.view())),
            keys: linear(&of.keys),
            values: linear(&of.values),
            causal: of.causal,
        }
    }

    pub(super) fn heads(&self) -> usize {
        self.heads
    }

    pub(super) fn is_causal(&self) -> bool {
        self.causal
    }

    /// Features of scratch that [`Self::apply`] needs, for that many keys.
    pub(super) fn scratch(keys: usize) -> usize {
        2 * (keys + BLOCK)
    }

    /// For each head, the squared lengths of a panel's first `count` keys or queries where they are the
    /// longest yet.
    #[inline(always)]
    pub(super) fn longest<S: Simd>(
        &self,
        simd: S,
        panel: &[Lanes<S>],
        count: usize,
        longest: &mut [Lanes<S>],
    ) {
        let (lane, count) = (numbers::<S>(), simd.splat_f32s(count as f32));
        for (own, longest) in panel.chunks_exact(self.size).zip(longest) {
            let mut squares = splat(simd, 0.0);
            for x in own {
                squares = mul_add(simd, *x, *x, squares);
            }
            for v in 0..WIDTH {
                let is_there = simd.less_than_f32s(lane[v], count);
                squares[v] = simd.select_f32s(is_there, squares[v], simd.splat_f32s(0.0));
            }
            *longest = max(simd, *longest, squares);
        }
    }

    /// The mean weights' sum of values, times the number of heads: y [padded size]. Lane l is query
    /// `first` + l.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(
        &self,
        simd: S,
        queries: &[Lanes<S>],
        first: usize,
        seen: Seen<'_>,
        scratch: &mut [Lanes<S>],
        y: &mut [Lanes<S>],
    ) {
        let width = lanes::<S>();
        // No query of this panel sees decoder steps from here on.
        let end = if self.causal { first + width - 1 } else { seen.decoder_steps };
        let decoder = end.min(seen.decoder_steps);
        let count = seen.encoder_steps + decoder;
        let (mean, scores) = scratch.split_at_mut(scratch.len() / 2);
        for (head, own) in queries.chunks_exact(self.size).take(self.heads).enumerate() {
            let scores = &mut scores[..];
            self.score(simd, own, head, seen, 0..seen.encoder_steps, 0, scores);
            let future = &mut scores[seen.encoder_steps..];
            self.score(simd, own, head, seen, 0..decoder, seen.encoder_panels, future);
            let mut longest = [splat(simd, 0.0)];
            self.longest(simd, own, seen.queries - first, &mut longest);
            // No product is larger than that of the lengths.
            let is_safe = largest(simd, longest[0]) * seen.longest[head] <= SAFE * SAFE;
            if self.causal && first < decoder {
                hide(simd, &mut future[first..decoder]);
            }
            let scores = &mut scores[..count];
            if !is_safe {
                shift(simd, scores);
            }
            let total = exponentials(simd, scores);
            let inverse = inverse(simd, total);
            for (mean, score) in mean[..count].iter_mut().zip(scores.iter()) {
                *mean = match head {
                    0 => mul(simd, *score, inverse),
                    _ => mul_add(simd, *score, inverse, *mean),
                };
            }
        }
        let blocks = padded(self.size) / BLOCK;
        let values = seen.values.as_chunks::<BLOCK>().0;
        let past = &values[..seen.encoder_steps * blocks];
        let future = &values[seen.encoder_panels * width * blocks..][..decoder * blocks];
        for block in 0..blocks {
            let past = past[block..].iter().step_by(blocks);
            let future = future.get(block..).unwrap_or(&[]).iter().step_by(blocks);
            let values = past.chain(future);
            let sums = linear::block(simd, &mean[..count], values, &[0.0; BLOCK]);
            y[block * BLOCK..(block + 1) * BLOCK].copy_from_slice(&sums);
        }
    }

    /// Scores of these steps' keys, whose panels begin at `panel`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "a kernel's operands")]
    fn score<S: Simd>(
        &self,
        simd: S,
        query: &[Lanes<S>],
        head: usize,
        seen: Seen<'_>,
        steps: std::ops::Range<usize>,
        panel: usize,
        scores: &mut [Lanes<S>],
    ) {
        let width = lanes::<S>();
        let size = self.keys.padded_outputs() * width;
        let stride = width / BLOCK;
        for from in steps.clone().step_by(BLOCK) {
            let panel = &seen.keys[(panel + from / width) * size..][..size];
            let own = &panel[head * self.size * width..(head + 1) * self.size * width];
            let keys = own.as_chunks::<BLOCK>().0[from % width / BLOCK..].iter().step_by(stride);
            let block = linear::block(simd, query, keys, &[0.0; BLOCK]);
            scores[from..from + BLOCK].copy_from_slice(&block);
        }
    }
}

#[inline(always)]
pub(super) fn largest<S: Simd>(simd: S, x: Lanes<S>) -> f32 {
    simd.reduce_max_f32s(simd.max_f32s(x[0], x[1]))
}

/// Lane l sees the first l of these keys only: the scores of the others become too small to count.
#[inline(always)]
fn hide<S: Simd>(simd: S, scores: &mut [Lanes<S>]) {
    let lane = numbers::<S>();
    for (key, score) in scores.iter_mut().enumerate() {
        let key = simd.splat_f32s(key as f32);
        for v in 0..WIDTH {
            let seen = simd.less_than_f32s(key, lane[v]);
            score[v] = simd.select_f32s(seen, score[v], simd.splat_f32s(f32::MIN));
        }
    }
}

/// The largest score becomes 0.
#[inline(always)]
fn shift<S: Simd>(simd: S, scores: &mut [Lanes<S>]) {
    let mut largest = splat(simd, f32::MIN);
    for score in scores.iter() {
        largest = max(simd, largest, *score);
    }
    for score in scores.iter_mut() {
        *score = sub(simd, *score, largest);
    }
}

/// Scores become 2^score; their sum.
#[inline(always)]
fn exponentials<S: Simd>(simd: S, scores: &mut [Lanes<S>]) -> Lanes<S> {
    let mut total = splat(simd, 0.0);
    for score in scores.iter_mut() {
        *score = exp2(simd, *score);
        total = add(simd, total, *score);
    }
    total
}

/// The matrix that brings the heads' summed values back, their mean taken.
pub(super) fn output(of: &network::Attention) -> ndarray::Array2<f32> {
    &of.output.weight / of.heads as f32
}
