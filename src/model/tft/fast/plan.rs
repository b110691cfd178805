//! The network as the kernels of a GPU take it: all weights in one array, and a plan of what lies where.
//!
//! The plan's structs are those of `src/kernels`, written as whole numbers in the same order. Lists, of
//! which a struct has the place, follow after the first of them.

use std::f32::consts::LOG2_E;

use ndarray::{Array1, Array2};

use super::super::network::{self, Network};
use super::super::recurrence;
use super::grn::{GateAddNorm, Grn, Resample, parts};
use super::linear::{BLOCK, Linear, padded};
use super::norm::LayerNorm;
use super::selection::{EmbeddingNetwork, Selection, Skip, Variable};
use super::{Contexts, Folded};

/// Numbers of the first struct.
const HEAD: usize = 219;
/// Sizes of a head that there are kernels for.
const HEAD_SIZES: [usize; 5] = [4, 8, 16, 32, 64];

/// The network for a GPU.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) weights: Vec<f32>,
    /// The structs, then the lists.
    pub(crate) places: Vec<i32>,
    /// Features of a row between stages.
    pub(crate) features: usize,
    /// Features of a panel, of a panel of inputs, and of one of weights of variables.
    pub(crate) room: [usize; 3],
    /// Numbers of a row of contexts.
    pub(crate) contexts: usize,
    /// Numbers of a row of queries, keys and values.
    pub(crate) attention: [usize; 3],
    /// A head's features, filled up to what there is a kernel for.
    pub(crate) head: usize,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) outputs: usize,
}

/// Why a network has no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unplanned {
    #[error("its attention has heads of {0} features; there are kernels for up to 64")]
    HeadTooLarge(usize),
    #[error("its attention mask hides too little")]
    Mask,
}

impl Plan {
    pub(crate) fn new(of: &Network) -> Result<Self, Unplanned> {
        let size = of.attention.size;
        let head = HEAD_SIZES.into_iter().find(|s| *s >= size);
        let head = head.ok_or(Unplanned::HeadTooLarge(size))?;
        if of.attention.mask_bias > super::HIDING {
            return Err(Unplanned::Mask);
        }
        let folded = Folded::new(of);
        let mut writer = Writer::default();
        let features = padded(folded.hidden);
        let contexts = writer.contexts(&folded.contexts, features);
        let [encoder, decoder] =
            [&folded.encoder_selection, &folded.decoder_selection].map(|s| writer.selection(s));
        let post_lstm = writer.gate(&folded.post_lstm);
        let enrichment = writer.grn(&folded.enrichment);
        let attention = [
            filled(&of.attention.queries, of.attention.heads, size, head, scale(&of.attention)),
            filled(&of.attention.keys, of.attention.heads, size, head, 1.0),
            filled(&of.attention.values, 1, size, head, 1.0),
        ];
        let rows = [0, 1, 2].map(|i: usize| attention[i].padded_outputs());
        let attention: Vec<i32> = attention.iter().flat_map(|l| writer.linear(l)).collect();
        let rest = [
            writer.gate(&folded.post_attention),
            writer.grn(&folded.feed_forward),
            writer.gate(&folded.pre_output),
            writer.linear(&folded.output).to_vec(),
        ];
        let layers = of.encoder_lstm.0.iter().zip(&of.decoder_lstm.0);
        let lstm: Vec<i32> = layers.flat_map(|(e, d)| writer.lstm(e, d)).collect();
        let layers = of.encoder_lstm.0.len();
        let lstm = writer.list(lstm);

        let selections =
            [&folded.contexts.selection, &folded.encoder_selection, &folded.decoder_selection];
        let inputs = selections.iter().map(|s| s.inputs()).max().unwrap_or(0);
        let variables = selections.iter().map(|s| padded(s.variables.len())).max().unwrap_or(0);
        let room = writer.room.max(features).max(head);
        let causal = i32::from(of.attention.causal);
        let outputs = folded.output.outputs();
        let mut places = vec![int(features), int(room), int(inputs), int(variables)];
        places.extend(contexts.0);
        places.extend(encoder.into_iter().chain(decoder).chain(post_lstm).chain(enrichment));
        places.extend(attention);
        places.extend([int(of.attention.heads), causal]);
        places.extend(rest.into_iter().flatten());
        places.extend([int(outputs), int(layers), lstm]);
        assert!(places.len() == HEAD, "the plan begins with {HEAD} numbers, not {}", places.len());
        places.extend(writer.lists);
        Ok(Self {
            weights: writer.weights,
            places,
            features,
            room: [room, inputs, variables],
            contexts: contexts.1,
            attention: rows,
            head,
            hidden: folded.hidden,
            layers,
            outputs,
        })
    }
}

fn int(x: usize) -> i32 {
    i32::try_from(x).expect("a network is smaller than 2^31")
}

fn scale(of: &network::Attention) -> f32 {
    LOG2_E / (of.size as f32).sqrt()
}

/// Rows of each head filled up with zeros to `filled` of them.
fn filled(
    of: &super::super::layers::Linear,
    heads: usize,
    size: usize,
    filled: usize,
    factor: f32,
) -> Linear {
    let (weight, bias) = parts(of);
    let row = |o: usize| Some(o / filled * size + o % filled).filter(|_| o % filled < size);
    let shape = (heads * filled, weight.ncols());
    let pick = |(o, i): (usize, usize)| row(o).map_or(0.0, |row| factor * weight[[row, i]]);
    let weight = Array2::from_shape_fn(shape, pick);
    let bias = Array1::from_shape_fn(shape.0, |o| row(o).map_or(0.0, |row| factor * bias[row]));
    Linear::new(weight.view(), Some(bias.view()))
}

#[derive(Default)]
struct Writer {
    weights: Vec<f32>,
    lists: Vec<i32>,
    /// Features of the largest panel.
    room: usize,
}

impl Writer {
    /// Where these begin; a vector of four can be read from there.
    fn floats(&mut self, floats: impl IntoIterator<Item = f32>) -> i32 {
        let at = self.weights.len().next_multiple_of(4);
        self.weights.resize(at, 0.0);
        self.weights.extend(floats);
        int(at)
    }

    fn list(&mut self, list: Vec<i32>) -> i32 {
        let at = HEAD + self.lists.len();
        self.lists.extend(list);
        int(at)
    }

    fn linear(&mut self, of: &Linear) -> [i32; 4] {
        self.room = self.room.max(of.padded_outputs());
        self.product(of)
    }

    fn product(&mut self, of: &Linear) -> [i32; 4] {
        let weights = self.floats(of.weights.as_flattened().iter().copied());
        let bias = self.floats(of.bias().iter().copied());
        [int(of.inputs), int(of.padded_outputs()), weights, bias]
    }

    fn maybe_linear(&mut self, of: Option<&Linear>) -> [i32; 4] {
        of.map_or([0; 4], |of| self.linear(of))
    }

    fn norm(&mut self, of: &LayerNorm) -> [i32; 2] {
        let (weight, bias) = (of.weight.iter(), of.bias.iter());
        let numbers = std::iter::once(of.eps).chain(weight.chain(bias).copied());
        [int(of.weight.len()), self.floats(numbers)]
    }

    fn gate(&mut self, of: &GateAddNorm) -> Vec<i32> {
        self.room = self.room.max(padded(of.norm.weight.len()));
        let linear = self.product(&of.glu.linear);
        [linear.as_slice(), &self.norm(&of.norm)].concat()
    }

    fn resample(&mut self, of: Option<&Resample>) -> Vec<i32> {
        let Some(of) = of else { return vec![0; 4] };
        let taps = of.taps.iter().flat_map(|(l, r, a, b)| [*l as f32, *r as f32, *a, *b]);
        let at = self.floats(taps.collect::<Vec<_>>());
        [[int(of.taps.len()), at], self.norm(&of.norm)].concat()
    }

    fn grn(&mut self, of: &Grn) -> Vec<i32> {
        let fc1 = self.linear(&of.fc1).to_vec();
        [fc1, self.gate(&of.out), self.resample(of.resample.as_ref())].concat()
    }

    fn selection(&mut self, of: &Selection) -> Vec<i32> {
        let columns = of.reals.iter().map(|c| int(*c)).collect();
        let columns = self.list(columns);
        let mut embeddings = Vec::new();
        for (columns, table) in &of.embeddings {
            let list = self.list(columns.iter().map(|c| int(*c)).collect());
            let rows = self.floats(table.iter().copied());
            embeddings.extend([int(columns.len()), list, int(table.ncols()), rows]);
        }
        let embedding_list = self.list(embeddings);
        let variables: Vec<i32> = of.variables.iter().flat_map(|v| self.variable(v)).collect();
        let variable_list = self.list(variables);
        let mut numbers = vec![
            int(of.hidden),
            int(of.reals.len()),
            columns,
            int(of.embeddings.len()),
            embedding_list,
            int(of.variables.len()),
            variable_list,
            i32::from(of.weigher.is_some()),
        ];
        match &of.weigher {
            Some(weigher) => {
                let norm = weigher.residual_norm.as_ref();
                numbers.push(i32::from(norm.is_some()));
                numbers.extend(self.linear(&weigher.fc1));
                numbers.extend(self.linear(&weigher.residual));
                numbers.extend(norm.map_or([0; 2], |norm| self.norm(norm)));
                numbers.extend(self.gate(&weigher.out));
            }
            None => numbers.extend([0; 17]),
        }
        numbers
    }

    fn variable(&mut self, of: &Variable) -> Vec<i32> {
        match of {
            Variable::Real { feature, core, skip, .. } => {
                let (size, kind, skip) = self.skip(skip);
                let (inner, fc1, out) = match core {
                    Some(core) => {
                        let lines = core.fc1.iter().flat_map(|(slope, at)| [*slope, *at]);
                        let fc1 = self.floats(lines.collect::<Vec<_>>());
                        self.room = self.room.max(padded(core.fc1.len()));
                        (int(core.fc1.len()), fc1, self.gate(&core.out))
                    }
                    None => (0, 0, vec![0; 6]),
                };
                let head = vec![1, int(*feature), size, inner, fc1, kind, skip];
                [head, out, vec![0; 14]].concat()
            }
            Variable::Embedding { from, size, single } => {
                let grn = match single {
                    EmbeddingNetwork::Grn(grn) => self.grn(grn),
                    EmbeddingNetwork::Resample(resample) => {
                        [vec![0; 10], self.resample(Some(resample))].concat()
                    }
                };
                [vec![0, int(*from), int(*size)], vec![0; 10], grn].concat()
            }
        }
    }

    /// Features, kind, and where its numbers are.
    fn skip(&mut self, of: &Skip) -> (i32, i32, i32) {
        match of {
            Skip::Affine(lines) => {
                let numbers = lines.iter().flat_map(|(slope, at)| [*slope, *at]);
                (int(lines.len()), 0, self.floats(numbers.collect::<Vec<_>>()))
            }
            Skip::Normed { features, a, x0, c, eps } => {
                let rest = features.iter().flat_map(|(slope, rest, bias)| [*slope, *rest, *bias]);
                let numbers = [*a, *x0, *c, *eps].into_iter().chain(rest);
                (int(features.len()), 1, self.floats(numbers.collect::<Vec<_>>()))
            }
        }
    }

    /// And the numbers of a row of contexts.
    fn contexts(&mut self, of: &Contexts, features: usize) -> (Vec<i32>, usize) {
        let mut numbers = self.selection(&of.selection);
        for grn in [&of.hidden, &of.cell, &of.weighing, &of.enrichment] {
            numbers.extend(self.grn(grn));
        }
        let biases =
            [of.encoder_bias.as_ref(), of.decoder_bias.as_ref(), Some(&of.enrichment_bias)];
        let mut at = 2 * features;
        let mut places = vec![int(features)];
        for bias in biases {
            numbers.extend(self.maybe_linear(bias));
            places.push(int(at));
            at += bias.map_or(0, Linear::padded_outputs);
        }
        numbers.push(int(at));
        numbers.extend(places);
        (numbers, at)
    }

    /// Encoder and decoder of a layer.
    fn lstm(&mut self, encoder: &recurrence::Layer, decoder: &recurrence::Layer) -> [i32; 5] {
        let hidden = encoder.recurrent.nrows();
        let [encoder, decoder] = [encoder, decoder].map(|layer| self.cells(layer));
        [int(hidden), encoder[0], encoder[1], decoder[0], decoder[1]]
    }

    /// Weights and biases: pairs of units, four gates each.
    fn cells(&mut self, of: &recurrence::Layer) -> [i32; 2] {
        let hidden = of.recurrent.nrows();
        let (input, bias) = parts(&of.input);
        let row = |unit: usize, gate: usize| Some(gate * hidden + unit).filter(|_| unit < hidden);
        let factor = |gate: usize| if gate == 2 { -2.0 * LOG2_E } else { -LOG2_E };
        let units = hidden.next_multiple_of(2);
        let mut weights = Vec::with_capacity(units * hidden * BLOCK);
        for pair in (0..units).step_by(2) {
            let gates = || (pair..pair + 2).flat_map(|u| (0..4).map(move |g| (u, g)));
            for k in 0..hidden {
                weights.extend(
                    gates().map(|(u, g)| row(u, g).map_or(0.0, |r| factor(g) * input[[r, k]])),
                );
            }
            for k in 0..hidden {
                weights.extend(
                    gates()
                        .map(|(u, g)| row(u, g).map_or(0.0, |r| factor(g) * of.recurrent[[k, r]])),
                );
            }
        }
        let gates = (0..units).flat_map(|u| (0..4).map(move |g| (u, g)));
        let bias = gates.map(|(u, g)| row(u, g).map_or(0.0, |r| factor(g) * bias[r]));
        let bias = bias.collect::<Vec<_>>();
        [self.floats(weights), self.floats(bias)]
    }
}
