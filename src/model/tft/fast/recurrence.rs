//! The LSTM: lanes are hidden units, and several servers advance together, so that each weight that
//! is loaded is used for all of them.

use pulp::Simd;

use super::super::recurrence;
use super::lanes::exp2_plus_1;
use super::linear::BLOCK;

/// Gates of a unit: i, f, g, o.
const GATES: usize = 4;

/// One layer, its units in vectors.
#[derive(Debug)]
pub(super) struct Layer {
    hidden: usize,
    /// Units of a vector.
    vector: usize,
    /// For each vector of units, for each input and then each state: four vectors of weights. Factors
    /// −log₂e (g: −2·log₂e) are inside, so that 1 / (1 + 2^x) is the gate's σ.
    weights: Vec<f32>,
    /// For each vector of units: four vectors.
    bias: Vec<f32>,
}

/// Where a server's rows are, one per step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Layer {
    pub(super) fn new(of: &recurrence::Layer, vector: usize) -> Self {
        let hidden = of.recurrent.nrows();
        let (input, bias) = super::grn::parts(&of.input);
        let log2_e = std::f32::consts::LOG2_E;
        let factor = |gate: usize| if gate == 2 { -2.0 * log2_e } else { -log2_e };
        let blocks = hidden.next_multiple_of(vector.max(BLOCK)) / vector;
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        let unit = |block: usize, lane: usize| Some(block * vector + lane).filter(|u| *u < hidden);
        let push = |to: &mut Vec<f32>, block: usize, of: &dyn Fn(usize) -> f32| {
            for gate in 0..GATES {
                for lane in 0..vector {
                    let row = unit(block, lane).map(|u| gate * hidden + u);
                    to.push(row.map_or(0.0, |row| factor(gate) * of(row)));
                }
            }
        };
        for block in 0..blocks {
            for k in 0..hidden {
                push(&mut weights, block, &|row| input[[row, k]]);
            }
            for k in 0..hidden {
                push(&mut weights, block, &|row| of.recurrent[[k, row]]);
            }
            push(&mut biases, block, &|row| bias[row]);
        }
        Self { hidden, vector, weights, bias: biases }
    }

    /// Units, those that only fill the last vectors included.
    pub(super) fn units(&self) -> usize {
        self.bias.len() / GATES
    }

    /// Runs `G` servers over their own steps. `x` and `y` hold rows of [`Self::units`] numbers; `states`
    /// are each server's hidden units, then its cells.
    #[inline(always)]
    pub(super) fn run<S: Simd, const G: usize>(
        &self,
        simd: S,
        steps: [Steps; G],
        x: &[f32],
        y: &mut [f32],
        states: &mut [f32],
    ) {
        let units = self.units();
        let (hidden, cells) = states.split_at_mut(G * units);
        let longest = steps.iter().map(|s| s.count).max().unwrap_or(0);
        for step in 0..longest {
            let mut inputs: [&[f32]; G] = [&[]; G];
            for g in 0..G {
                let row = steps[g].first + step.min(steps[g].count.saturating_sub(1));
                inputs[g] = &x[row * units..][..self.hidden];
            }
            // The new hidden units go into the rows; the old ones are still needed until all are there.
            self.advance(simd, steps, step, inputs, hidden, cells, y);
            for g in 0..G {
                if step < steps[g].count {
                    let row = (steps[g].first + step) * units;
                    hidden[g * units..(g + 1) * units].copy_from_slice(&y[row..row + units]);
                }
            }
        }
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "a kernel's operands")]
    fn advance<S: Simd, const G: usize>(
        &self,
        simd: S,
        steps: [Steps; G],
        step: usize,
        inputs: [&[f32]; G],
        hidden: &[f32],
        cells: &mut [f32],
        y: &mut [f32],
    ) {
        let units = self.units();
        let weights = S::as_simd_f32s(&self.weights).0.as_chunks::<GATES>().0;
        let bias = S::as_simd_f32s(&self.bias).0.as_chunks::<GATES>().0;
        let mut states: [&[f32]; G] = [&[]; G];
        for g in 0..G {
            states[g] = &hidden[g * units..][..self.hidden];
        }
        for (block, (weights, bias)) in weights.chunks_exact(2 * self.hidden).zip(bias).enumerate()
        {
            let (of_inputs, of_states) = weights.split_at(self.hidden);
            let gates = sums(simd, of_inputs, inputs, [*bias; G]);
            let gates = sums(simd, of_states, states, gates);
            for g in 0..G {
                let at = block * self.vector;
                let cell = &mut cells[g * units + at..][..self.vector];
                let cell = &mut S::as_mut_simd_f32s(cell).0[0];
                let (c, h) = next(simd, gates[g], *cell);
                if step < steps[g].count {
                    *cell = c;
                    let row = (steps[g].first + step) * units + at;
                    S::as_mut_simd_f32s(&mut y[row..row + self.vector]).0[0] = h;
                }
            }
        }
    }
}

/// `start` + Σ weights · x, for each server.
#[inline(always)]
fn sums<S: Simd, const G: usize>(
    simd: S,
    weights: &[[S::f32s; GATES]],
    x: [&[f32]; G],
    start: [[S::f32s; GATES]; G],
) -> [[S::f32s; GATES]; G] {
    let mut sums = start;
    for x in x {
        assert!(x.len() == weights.len(), "a weight for each number");
    }
    for (k, w) in weights.iter().enumerate() {
        for g in 0..G {
            let x = simd.splat_f32s(x[g][k]);
            for q in 0..GATES {
                sums[g][q] = simd.mul_add_e_f32s(w[q], x, sums[g][q]);
            }
        }
    }
    sums
}

/// c' = σ(f)·c + σ(i)·tanh g, h' = σ(o)·tanh c'; tanh z = 2σ(2z) − 1.
#[inline(always)]
fn next<S: Simd>(simd: S, [i, f, g, o]: [S::f32s; GATES], c: S::f32s) -> (S::f32s, S::f32s) {
    let two = simd.splat_f32s(2.0);
    let (i, f, g) = (exp2_plus_1(simd, i), exp2_plus_1(simd, f), exp2_plus_1(simd, g));
    // σ(i)·tanh g = (2 − (1 + 2^g)) / ((1 + 2^i)(1 + 2^g)), over one denominator with c·σ(f).
    let both = simd.mul_f32s(i, g);
    let input = simd.mul_f32s(simd.sub_f32s(two, g), f);
    let c = simd.div_f32s(simd.mul_add_e_f32s(c, both, input), simd.mul_f32s(both, f));
    let double = simd.splat_f32s(-2.0 * std::f32::consts::LOG2_E);
    let t = exp2_plus_1(simd, simd.mul_f32s(c, double));
    let o = exp2_plus_1(simd, o);
    let h = simd.div_f32s(simd.sub_f32s(two, t), simd.mul_f32s(o, t));
    (c, h)
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::super::isa::Isa;
    use super::*;

    /// One step of a cell: gates before their factors, and the cell.
    struct Step([f32; GATES], f32);

    impl WithSimd for Step {
        type Output = (f32, f32);

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> (f32, f32) {
            let log2_e = std::f32::consts::LOG2_E;
            let [i, f, g, o] = self.0;
            let gates = [-log2_e * i, -log2_e * f, -2.0 * log2_e * g, -log2_e * o];
            let mut vectors = [simd.splat_f32s(0.0); GATES];
            for (vector, gate) in vectors.iter_mut().zip(gates) {
                *vector = simd.splat_f32s(gate);
            }
            let (c, h) = next(simd, vectors, simd.splat_f32s(self.1));
            (simd.reduce_max_f32s(c), simd.reduce_max_f32s(h))
        }
    }

    /// Gates and cells far beyond where they saturate: cells add up over long stretches.
    #[test]
    fn a_cell_advances_as_its_formula_says_however_far_it_went() {
        let sigmoid = |x: f32| 1.0 / (1.0 + (-f64::from(x)).exp());
        let extremes = [-300.0_f32, -50.0, -4.0, -0.1, 0.0, 0.5, 6.0, 50.0, 300.0];
        for isa in Isa::available() {
            for gates in extremes.iter().flat_map(|i| extremes.map(|g| [*i, 2.0 - g, g, -i])) {
                for cell in [-140.0_f32, -30.0, -0.3, 0.0, 1.0, 45.0, 140.0] {
                    let [i, f, g, o] = gates;
                    let c = sigmoid(f) * f64::from(cell) + sigmoid(i) * f64::from(g).tanh();
                    let h = sigmoid(o) * c.tanh();
                    let (got_c, got_h) = isa.run(Step(gates, cell));
                    let near = |got: f32, want: f64| {
                        (f64::from(got) - want).abs() <= 1e-6 * want.abs().max(1.0)
                    };
                    let what = isa.name();
                    assert!(near(got_c, c), "{what} {gates:?} {cell}: {got_c} is not {c}");
                    assert!(near(got_h, h), "{what} {gates:?} {cell}: {got_h} is not {h}");
                }
            }
        }
    }
}
