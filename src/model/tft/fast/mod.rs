//! The forward pass as fast as the processor allows.
//!
//! It computes what [`super::network::Network`] does, which stays the reference. Values lie in
//! panels, [features] of [`lanes::Lanes`]: a lane is a step of one server, so that LayerNorm, softmax
//! and gates need no sums across lanes, and the stages of a panel follow each other while it is in
//! the cache. What lies between two products without anything in between is folded at load time.
//!
//! Every function that touches vectors is inlined into one that is compiled for the processor's
//! instructions ([`isa::Isa::run`]); what is not inlined, closures above all, would be compiled without them.

#![allow(clippy::inline_always, reason = "see above")]

mod arena;
mod attention;
mod fold;
mod grn;
mod isa;
mod lanes;
mod linear;
mod norm;
mod pass;
mod plan;
mod recurrence;
mod selection;

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::Array3;
use pulp::Simd;

pub use isa::Isa;
pub(super) use plan::{Plan, Unplanned};

use super::batch::Batch;
use super::network::Network;
use arena::{Kept, Sizes, Workspace};
use attention::Attention;
use grn::{GateAddNorm, Grn, parts};
use lanes::Lanes;
use linear::{Linear, padded};
use pass::Pass;
use recurrence::Layer;
use selection::Selection;

/// Servers that go through the network together; the LSTM's weights are loaded once for them.
pub const GROUP: usize = 5;

/// From this on, e^(bias) is nothing beside any score that is seen.
const HIDING: f32 = -1e4;

static IDS: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// Taken by a thread's first pass, used by all that follow.
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
}

/// The network, ready for one set of instructions.
#[derive(Debug)]
pub struct FastNetwork {
    /// Tells its results from those of other networks.
    id: u64,
    isa: Isa,
    folded: Folded,
    encoder_lstm: Vec<Layer>,
    decoder_lstm: Vec<Layer>,
}

/// All but the LSTM, whatever the instructions.
#[derive(Debug)]
struct Folded {
    hidden: usize,
    contexts: Contexts,
    encoder_selection: Selection,
    decoder_selection: Selection,
    post_lstm: GateAddNorm,
    enrichment: Grn,
    attention: Attention,
    post_attention: GateAddNorm,
    feed_forward: Grn,
    pre_output: GateAddNorm,
    output: Linear,
}

impl Folded {
    fn new(of: &Network) -> Self {
        let decoder_selection = Selection::new(&of.decoder_selection, &|_| true);
        let known = of.decoder_selection.real_columns();
        let encoder_selection =
            Selection::new(&of.encoder_selection, &|column| known.contains(&column));
        let enrichment = Grn::new(&of.enrichment);
        let (output, bias) = parts(&of.output);
        Self {
            hidden: of.hidden,
            contexts: Contexts::new(of, &encoder_selection, &decoder_selection, &enrichment),
            encoder_selection,
            decoder_selection,
            post_lstm: GateAddNorm::new(&of.post_lstm),
            enrichment,
            attention: Attention::new(&of.attention),
            post_attention: GateAddNorm::after(
                &of.post_attention,
                &attention::output(&of.attention),
            ),
            feed_forward: Grn::new(&of.feed_forward),
            pre_output: GateAddNorm::new(&of.pre_output),
            output: Linear::new(output.view(), Some(bias.view())),
        }
    }
}

impl FastNetwork {
    pub fn new(of: &Network, isa: Isa) -> Self {
        let lstm = |of: &super::recurrence::Lstm| {
            of.0.iter().map(|layer| Layer::new(layer, isa.vector())).collect()
        };
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            isa,
            folded: Folded::new(of),
            encoder_lstm: lstm(&of.encoder_lstm),
            decoder_lstm: lstm(&of.decoder_lstm),
        }
    }

    /// The instructions to use here, where any of those it is written for are there.
    pub fn best(of: &Network) -> Option<Self> {
        // Scores that are hidden have no weight here; a model that only lessens it needs the reference.
        let hides = of.attention.mask_bias <= HIDING;
        Isa::available().first().filter(|_| hides).map(|isa| Self::new(of, *isa))
    }

    /// The output layer's values before rescaling, [samples, decoder steps, quantiles].
    pub fn forward(&self, batch: &Batch) -> Array3<f32> {
        WORKSPACE.with_borrow_mut(|workspace| self.forward_in(workspace, batch))
    }

    fn forward_in(&self, workspace: &mut Workspace, batch: &Batch) -> Array3<f32> {
        let shape = (batch.samples(), batch.decoder_steps(), self.folded.output.outputs());
        let mut raw = Array3::zeros(shape);
        let arena = workspace.arena(self.sizes(batch));
        let reals = batch.reals.as_standard_layout();
        let reals = reals.as_slice().expect("in standard layout");
        self.isa.run(Pass { net: self, batch, reals, arena, raw: raw.view_mut() });
        raw
    }

    /// Features of a stage, and of a row that the LSTM takes or yields; those that only fill the last
    /// vectors included.
    fn units(&self) -> usize {
        self.encoder_lstm.first().map_or(padded(self.folded.hidden), Layer::units)
    }

    fn sizes(&self, batch: &Batch) -> Sizes {
        let width = lanes::WIDTH * self.isa.vector();
        let panels = |steps: usize| steps.div_ceil(width);
        let (encoder, decoder) = (panels(batch.encoder_steps), panels(batch.decoder_steps()));
        let hidden = self.units() * width;
        let selections = [
            &self.folded.encoder_selection,
            &self.folded.decoder_selection,
            &self.folded.contexts.selection,
        ];
        let inputs = selections.iter().map(|s| s.inputs()).max().unwrap_or(0);
        let grns = [&self.folded.enrichment, &self.folded.feed_forward];
        let scratch = selections
            .iter()
            .map(|s| s.scratch())
            .chain(grns.iter().map(|g| g.scratch()))
            .chain(self.folded.contexts.grns().map(Grn::scratch))
            .chain([Attention::scratch(batch.encoder_steps + batch.decoder_steps())])
            .max()
            .unwrap_or(0);
        // A panel of the LSTM's, one after its gate, one after the enrichment, one of values.
        let stage = 3 * hidden + self.folded.attention.values.padded_outputs() * width;
        let units = self.units();
        Sizes {
            network: self.id,
            inputs: inputs * width,
            steps: GROUP * (encoder + decoder) * hidden,
            rows: GROUP * (encoder + decoder) * width * units,
            states: 2 * GROUP * units,
            decoder: decoder * hidden,
            keys: (encoder + decoder) * self.folded.attention.keys.padded_outputs() * width,
            values: (encoder + decoder) * self.folded.attention.values.padded_outputs() * width,
            queries: self.folded.attention.queries.padded_outputs() * width,
            contexts: self.folded.contexts.features() * width,
            scratch: scratch * width + stage,
            kept: [
                (self.folded.encoder_selection.shared(), encoder),
                (self.folded.decoder_selection.shared(), decoder),
            ],
            hidden: self.folded.hidden,
            width,
        }
    }
}

/// What depends on the server alone.
#[derive(Debug)]
struct Contexts {
    selection: Selection,
    hidden: Grn,
    cell: Grn,
    /// For the selections of encoder and decoder.
    weighing: Grn,
    enrichment: Grn,
    /// The biases of the products that take a context, the context's share included.
    encoder_bias: Option<Linear>,
    decoder_bias: Option<Linear>,
    enrichment_bias: Linear,
}

impl Contexts {
    fn new(of: &Network, encoder: &Selection, decoder: &Selection, enrichment: &Grn) -> Self {
        let share = |context: &super::layers::Linear, bias: &[f32]| {
            let (weight, _) = grn::inner(context);
            let bias = ndarray::ArrayView1::from(&bias[..weight.nrows()]);
            Linear::new(weight.view(), Some(bias))
        };
        let weigher = |of: &super::selection::Selection, own: &Selection| {
            let context = of.weigher.as_ref()?.context.as_ref()?;
            Some(share(context, own.bias()))
        };
        let context = of.enrichment.context.as_ref();
        Self {
            selection: Selection::new(&of.static_selection, &|_| false),
            hidden: Grn::new(&of.context_hidden),
            cell: Grn::new(&of.context_cell),
            weighing: Grn::new(&of.context_selection),
            enrichment: Grn::new(&of.context_enrichment),
            encoder_bias: weigher(&of.encoder_selection, encoder),
            decoder_bias: weigher(&of.decoder_selection, decoder),
            enrichment_bias: share(
                context.expect("the enrichment has a context"),
                enrichment.fc1.bias(),
            ),
        }
    }

    fn grns(&self) -> impl Iterator<Item = &Grn> {
        [&self.hidden, &self.cell, &self.weighing, &self.enrichment].into_iter()
    }

    fn biases(&self) -> [usize; 3] {
        let size = |linear: &Option<Linear>| linear.as_ref().map_or(0, Linear::padded_outputs);
        let enrichment = self.enrichment_bias.padded_outputs();
        [size(&self.encoder_bias), size(&self.decoder_bias), enrichment]
    }

    /// Features of all contexts: hidden state, cell, biases; then two to work with.
    fn features(&self) -> usize {
        let hidden = padded(self.hidden.out.glu.outputs());
        4 * hidden + self.biases().iter().sum::<usize>()
    }

    /// Samples in the lanes of x → hidden states, cells and biases in `y`.
    #[inline(always)]
    fn apply<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        scratch: &mut [Lanes<S>],
        y: &mut [Lanes<S>],
    ) {
        let hidden = padded(self.hidden.out.glu.outputs());
        let (states, rest) = y.split_at_mut(2 * hidden);
        let (h, c) = states.split_at_mut(hidden);
        let [encoder, decoder, enrichment] = self.biases();
        let (encoder, rest) = rest.split_at_mut(encoder);
        let (decoder, rest) = rest.split_at_mut(decoder);
        let (enrichment, rest) = rest.split_at_mut(enrichment);
        let (fixed, context) = rest.split_at_mut(hidden);
        let bias = self.selection.bias();
        self.selection.apply(simd, x, bias, &mut Kept::default(), 0, scratch, fixed);
        self.hidden.apply(simd, fixed, scratch, h);
        self.cell.apply(simd, fixed, scratch, c);
        self.weighing.apply(simd, fixed, scratch, context);
        if let Some(bias) = &self.encoder_bias {
            bias.apply(simd, context, encoder);
        }
        if let Some(bias) = &self.decoder_bias {
            bias.apply(simd, context, decoder);
        }
        self.enrichment.apply(simd, fixed, scratch, context);
        self.enrichment_bias.apply(simd, context, enrichment);
    }
}
