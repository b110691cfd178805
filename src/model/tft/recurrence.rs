//! The LSTM layers that carry a server's state along time.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Array3, ArrayView2, Axis, s};

use super::layers::{Linear, rows, rows_mut};
use super::math::{sigmoid, tanh};
use super::weights::{WeightError, Weights};

/// Hidden and cell state of every sample, [samples, hidden] each.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) hidden: Array2<f32>,
    pub(super) cell: Array2<f32>,
}

/// One layer. Gates in the order i, f, g, o: c' = σ(f)·c + σ(i)·tanh g, h' = σ(o)·tanh c'.
#[derive(Debug)]
pub(super) struct Layer {
    /// The products that do not wait for the step before: W_ih x + b_ih + b_hh.
    pub(super) input: Linear,
    /// [hidden, 4 · hidden]
    pub(super) recurrent: Array2<f32>,
}

/// Layers on top of each other.
#[derive(Debug)]
pub(super) struct Lstm(pub(super) Vec<Layer>);

impl Lstm {
    pub(super) fn load(w: &Weights<'_>, hidden: usize, layers: usize) -> Result<Self, WeightError> {
        let gates = 4 * hidden;
        let layer = |k| {
            let weight = w.matrix(&format!("weight_ih_l{k}"), gates, hidden)?;
            let bias = w.vector(&format!("bias_ih_l{k}"), gates)?
                + w.vector(&format!("bias_hh_l{k}"), gates)?;
            let recurrent = w.matrix(&format!("weight_hh_l{k}"), gates, hidden)?;
            let recurrent = recurrent.t().as_standard_layout().to_owned();
            Ok(Layer { input: Linear::new(weight, Some(bias)), recurrent })
        };
        Ok(Self((0..layers).map(layer).collect::<Result<_, _>>()?))
    }

    pub(super) fn layers(&self) -> usize {
        self.0.len()
    }

    /// x [samples · steps, hidden] → output of the last layer, same shape, zero where a sample has
    /// ended; `states`, one per layer, become those at each sample's own end.
    pub(super) fn run(
        &self,
        x: ArrayView2<'_, f32>,
        lengths: &[usize],
        states: &mut [State],
    ) -> Array2<f32> {
        let mut y = x.to_owned();
        for (layer, state) in self.0.iter().zip(states) {
            y = layer.run(y.view(), lengths, state);
        }
        y
    }
}

impl Layer {
    fn run(&self, x: ArrayView2<'_, f32>, lengths: &[usize], state: &mut State) -> Array2<f32> {
        let (samples, hidden) = state.hidden.dim();
        let steps = x.nrows() / samples.max(1);
        let inputs = self.input.apply(x);
        let inputs = inputs.to_shape((samples, steps, 4 * hidden)).expect("a row per step");
        let mut y = Array3::zeros((samples, steps, hidden));
        let mut gates = Array2::zeros((samples, 4 * hidden));
        for step in 0..steps {
            gates.assign(&inputs.slice(s![.., step, ..]));
            general_mat_mul(1.0, &state.hidden, &self.recurrent, 1.0, &mut gates);
            let running = lengths.iter().map(|length| step < *length);
            let each = running
                .zip(rows(&gates))
                .zip(rows_mut(&mut state.hidden).zip(rows_mut(&mut state.cell)))
                .zip(y.index_axis_mut(Axis(1), step).into_outer_iter_mut());
            for (((running, gates), (h, c)), mut y) in each {
                if running {
                    advance(gates, h, c);
                    y.iter_mut().zip(h).for_each(|(y, h)| *y = *h);
                }
            }
        }
        y.into_shape_with_order((samples * steps, hidden)).expect("a row per step")
    }
}

fn advance(gates: &[f32], h: &mut [f32], c: &mut [f32]) {
    let n = h.len();
    let (i, rest) = gates.split_at(n);
    let (f, rest) = rest.split_at(n);
    let (g, o) = rest.split_at(n);
    for k in 0..n {
        c[k] = sigmoid(f[k]) * c[k] + sigmoid(i[k]) * tanh(g[k]);
        h[k] = sigmoid(o[k]) * tanh(c[k]);
    }
}
