//! The forward pass: input tensors to the output layer.
//!
//! Activations are [samples · steps, features], the steps of one sample after another.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, concatenate, s};

use super::batch::Batch;
use super::layers::{GateAddNorm, Grn, GrnSize, Linear, rows_mut};
use super::math::softmax;
use super::recurrence::{Lstm, State};
use super::selection::{BuildError, Place, Selection};
use super::spec::{Architecture, Spec};
use super::weights::{WeightError, Weights};

/// Sees intermediate values as they come about: the name of the module and its output, [rows,
/// features].
pub(super) type Tap<'a> = dyn FnMut(&str, ArrayView2<'_, f32>) + 'a;

/// The whole network.
#[derive(Debug)]
pub struct Network {
    pub(super) hidden: usize,
    pub(super) static_selection: Selection,
    pub(super) context_selection: Grn,
    pub(super) context_hidden: Grn,
    pub(super) context_cell: Grn,
    pub(super) context_enrichment: Grn,
    pub(super) encoder_selection: Selection,
    pub(super) decoder_selection: Selection,
    pub(super) encoder_lstm: Lstm,
    pub(super) decoder_lstm: Lstm,
    pub(super) post_lstm: GateAddNorm,
    pub(super) enrichment: Grn,
    pub(super) attention: Attention,
    pub(super) post_attention: GateAddNorm,
    pub(super) feed_forward: Grn,
    pub(super) pre_output: GateAddNorm,
    pub(super) output: Linear,
}

impl Network {
    pub(super) fn load(w: &Weights<'_>, spec: &Spec, outputs: usize) -> Result<Self, BuildError> {
        let a = &spec.architecture;
        let (h, eps) = (a.hidden_size, a.layer_norm_eps);
        let square = GrnSize { inputs: h, hidden: h, outputs: h, context: None, eps };
        let grn = |name: &str| Grn::load(&w.at(name), square);
        let gate = |name: &str| GateAddNorm::load(&w.at(name), h, h, eps);
        let post_lstm = GateAddNorm::load_from(
            &w.at("post_lstm_gate_encoder"),
            &w.at("post_lstm_add_norm_encoder"),
            h,
            h,
            eps,
        )?;
        let enriched = GrnSize { context: Some(h), ..square };
        Ok(Self {
            hidden: h,
            static_selection: Selection::load(w, spec, Place::Static)?,
            context_selection: grn("static_context_variable_selection")?,
            context_hidden: grn("static_context_initial_hidden_lstm")?,
            context_cell: grn("static_context_initial_cell_lstm")?,
            context_enrichment: grn("static_context_enrichment")?,
            encoder_selection: Selection::load(w, spec, Place::Encoder)?,
            decoder_selection: Selection::load(w, spec, Place::Decoder)?,
            encoder_lstm: Lstm::load(&w.at("lstm_encoder"), h, a.lstm_layers)?,
            decoder_lstm: Lstm::load(&w.at("lstm_decoder"), h, a.lstm_layers)?,
            post_lstm,
            enrichment: Grn::load(&w.at("static_enrichment"), enriched)?,
            attention: Attention::load(&w.at("multihead_attn"), a)?,
            post_attention: gate("post_attn_gate_norm")?,
            feed_forward: grn("pos_wise_ff")?,
            pre_output: gate("pre_output_gate_norm")?,
            output: Linear::load(&w.at("output_layer"), h, outputs)?,
        })
    }

    /// The output layer's values before rescaling, [samples, decoder steps, quantiles].
    pub fn forward(&self, batch: &Batch) -> Array3<f32> {
        self.forward_tapped(batch, &mut |_, _| {})
    }

    /// As [`Self::forward`], showing every module's output to `tap`.
    pub fn forward_tapped(&self, batch: &Batch, tap: &mut Tap<'_>) -> Array3<f32> {
        let (samples, encoder, decoder) =
            (batch.samples(), batch.encoder_steps, batch.decoder_steps());
        let steps = encoder + decoder;

        let fixed = self.static_selection.apply(batch, 0..1, None);
        tap("static_variable_selection", fixed.output.view());
        tap("static_variables", fixed.weights.view());
        let fixed = fixed.output.view();
        let contexts = self.context_selection.apply(fixed);
        let start = State {
            hidden: self.context_hidden.apply(fixed),
            cell: self.context_cell.apply(fixed),
        };
        let enrichment = self.context_enrichment.apply(fixed);

        let past = self.encoder_selection.apply(batch, 0..encoder, Some(contexts.view()));
        let future = self.decoder_selection.apply(batch, encoder..steps, Some(contexts.view()));
        tap("encoder_variable_selection", past.output.view());
        tap("encoder_variables", past.weights.view());
        tap("decoder_variable_selection", future.output.view());
        tap("decoder_variables", future.weights.view());

        let mut states = vec![start; self.encoder_lstm.layers()];
        let y_past = self.encoder_lstm.run(past.output.view(), &batch.encoder_lengths, &mut states);
        let y_future =
            self.decoder_lstm.run(future.output.view(), &batch.decoder_lengths, &mut states);
        tap("lstm_encoder", y_past.view());
        tap("lstm_decoder", y_future.view());

        let x = joined(&past.output, &future.output, samples);
        let y = joined(&y_past, &y_future, samples);
        let u = self.post_lstm.apply(y.view(), x.view());
        tap("post_lstm", u.view());
        let a = self.enrichment.apply_with(u.view(), enrichment.view());
        tap("static_enrichment", a.view());

        let attended = self.attention.apply(by_sample(&a, samples), batch, tap);
        tap("multihead_attn", attended.view());
        let tail = |x: &Array2<f32>| {
            let x = by_sample(x, samples);
            let x = x.slice(s![.., encoder.., ..]).to_owned();
            x.into_shape_with_order((samples * decoder, self.hidden)).expect("a row per step")
        };
        let y = self.post_attention.apply(attended.view(), tail(&a).view());
        tap("post_attn_gate_norm", y.view());
        let y = self.feed_forward.apply(y.view());
        tap("pos_wise_ff", y.view());
        let y = self.pre_output.apply(y.view(), tail(&u).view());
        tap("pre_output_gate_norm", y.view());
        let raw = self.output.apply(y.view());
        let outputs = raw.ncols();
        raw.into_shape_with_order((samples, decoder, outputs)).expect("a row per step")
    }
}

/// [samples · steps, features] seen as [samples, steps, features].
fn by_sample(x: &Array2<f32>, samples: usize) -> ArrayView3<'_, f32> {
    let (rows, features) = x.dim();
    x.view()
        .into_shape_with_order((samples, rows / samples.max(1), features))
        .expect("whole samples")
}

/// Encoder and decoder steps of each sample one after the other.
fn joined(past: &Array2<f32>, future: &Array2<f32>, samples: usize) -> Array2<f32> {
    let (past, future) = (by_sample(past, samples), by_sample(future, samples));
    let both = concatenate(Axis(1), &[past, future]).expect("same samples and features");
    let (samples, steps, features) = both.dim();
    both.into_shape_clone((samples * steps, features)).expect("a row per step")
}

/// Interpretable multi-head attention: the heads share their values, so the mean of their weights
/// is what counts. Decoder steps query, all steps answer.
#[derive(Debug)]
pub(super) struct Attention {
    pub(super) heads: usize,
    /// Features of a head.
    pub(super) size: usize,
    /// All heads' queries side by side, and all heads' keys.
    pub(super) queries: Linear,
    pub(super) keys: Linear,
    pub(super) values: Linear,
    pub(super) output: Linear,
    pub(super) causal: bool,
    pub(super) mask_bias: f32,
}

impl Attention {
    fn load(w: &Weights<'_>, a: &Architecture) -> Result<Self, WeightError> {
        let (hidden, heads) = (a.hidden_size, a.attention_head_size);
        let size = hidden / heads;
        let side_by_side = |name: &str| -> Result<Linear, WeightError> {
            let layers = (0..heads)
                .map(|k| {
                    let w = w.at(name).at(k.to_string());
                    Ok((w.matrix("weight", size, hidden)?, w.vector("bias", size)?))
                })
                .collect::<Result<Vec<_>, WeightError>>()?;
            let weights: Vec<_> = layers.iter().map(|(w, _)| w.view()).collect();
            let biases: Vec<_> = layers.iter().map(|(_, b)| b.view()).collect();
            let weight = concatenate(Axis(0), &weights).expect("same shape");
            let bias = concatenate(Axis(0), &biases).expect("same shape");
            Ok(Linear::new(weight, Some(bias)))
        };
        Ok(Self {
            heads,
            size,
            queries: side_by_side("q_layers")?,
            keys: side_by_side("k_layers")?,
            values: Linear::load(&w.at("v_layer"), hidden, size)?,
            output: Linear::load_without_bias(&w.at("w_h"), size, hidden)?,
            causal: a.causal_attention,
            mask_bias: a.mask_bias.0,
        })
    }

    /// a [samples, steps, hidden] → [samples · decoder steps, hidden]
    fn apply(&self, a: ArrayView3<'_, f32>, batch: &Batch, tap: &mut Tap<'_>) -> Array2<f32> {
        let (samples, decoder) = (batch.samples(), batch.decoder_steps());
        let mut attended = Array2::zeros((samples * decoder, self.size));
        let outputs = attended.axis_chunks_iter_mut(Axis(0), decoder.max(1));
        for (sample, (a, mut to)) in a.outer_iter().zip(outputs).enumerate() {
            let mean = self.weights(a, batch, sample, tap);
            to.assign(&mean.dot(&self.values.apply(a)));
        }
        self.output.apply(attended.view())
    }

    /// The heads' mean weights, [decoder steps, steps].
    fn weights(
        &self,
        a: ArrayView2<'_, f32>,
        batch: &Batch,
        sample: usize,
        tap: &mut Tap<'_>,
    ) -> Array2<f32> {
        let queries = self.queries.apply(a.slice(s![batch.encoder_steps.., ..]));
        let keys = self.keys.apply(a);
        let root = (self.size as f32).sqrt();
        let mut mean = Array2::zeros((queries.nrows(), keys.nrows()));
        for head in 0..self.heads {
            let own = head * self.size..(head + 1) * self.size;
            let mut scores = queries.slice(s![.., own.clone()]).dot(&keys.slice(s![.., own]).t());
            for (query, scores) in rows_mut(&mut scores).enumerate() {
                scores.iter_mut().for_each(|score| *score /= root);
                self.mask(scores, query, batch, sample);
                softmax(scores);
            }
            tap("attention", scores.view());
            mean += &scores;
        }
        mean / self.heads as f32
    }

    /// A query sees the sample's own encoder steps, and the decoder steps before it (if causal) or
    /// all of the sample's own.
    fn mask(&self, scores: &mut [f32], query: usize, batch: &Batch, sample: usize) {
        let (past, future) = scores.split_at_mut(batch.encoder_steps);
        let seen = if self.causal { query } else { batch.decoder_lengths[sample] };
        past[batch.encoder_lengths[sample]..].fill(self.mask_bias);
        future[seen..].fill(self.mask_bias);
    }
}
