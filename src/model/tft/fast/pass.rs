//! One forward pass: group after group of servers through the stages.

use std::ops::Range;

use ndarray::{ArrayViewMut3, s};
use pulp::{Simd, WithSimd};

use super::arena::Arena;
use super::attention::{self, Seen};
use super::lanes::{features, features_mut, lanes, splat, transpose};
use super::linear::padded;
use super::recurrence::{Layer, Steps};
use super::{FastNetwork, GROUP};
use crate::model::tft::batch::Batch;

/// A batch on its way.
pub(super) struct Pass<'a> {
    pub(super) net: &'a FastNetwork,
    pub(super) batch: &'a Batch,
    /// Those of the batch, one after the other.
    pub(super) reals: &'a [f32],
    pub(super) arena: &'a mut Arena,
    /// [samples, decoder steps, quantiles]
    pub(super) raw: ArrayViewMut3<'a, f32>,
}

/// Where a server's parts lie.
#[derive(Debug, Clone, Copy)]
struct Server {
    /// In the batch, and in its group.
    sample: usize,
    lane: usize,
    encoder_steps: usize,
}

impl WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for from in (0..self.batch.samples()).step_by(GROUP) {
            let samples = from..(from + GROUP).min(self.batch.samples());
            let servers: Vec<Server> = samples
                .clone()
                .enumerate()
                .map(|(lane, sample)| {
                    let encoder_steps = self.batch.encoder_lengths[sample];
                    Server { sample, lane, encoder_steps }
                })
                .collect();
            simd.vectorize(OfContexts(&mut self, samples));
            for server in &servers {
                simd.vectorize(OfSelection(&mut self, *server));
            }
            let mut rest = servers.as_slice();
            while !rest.is_empty() {
                rest = match rest {
                    [a, b, c, d, e, rest @ ..] if S::REGISTER_COUNT >= 32 => {
                        simd.vectorize(OfLstm(&mut self, [*a, *b, *c, *d, *e]));
                        rest
                    }
                    [a, b, rest @ ..] => {
                        simd.vectorize(OfLstm(&mut self, [*a, *b]));
                        rest
                    }
                    [a, rest @ ..] => {
                        simd.vectorize(OfLstm(&mut self, [*a]));
                        rest
                    }
                    [] => rest,
                };
            }
            for server in servers {
                simd.vectorize(OfEnrichment(&mut self, server));
                simd.vectorize(OfAttention(&mut self, server));
            }
        }
    }
}

/// Stages, each a function of its own for the processor's instructions.
macro_rules! stages {
    ($($stage:ident, $of:ty, $method:ident $(, $g:ident)?;)*) => {$(
        struct $stage<'p, 'a $(, const $g: usize)?>(&'p mut Pass<'a>, $of);

        impl<'a $(, const $g: usize)?> WithSimd for $stage<'_, 'a $(, $g)?> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                self.0.$method(simd, self.1);
            }
        }
    )*};
}

stages! {
    OfContexts, Range<usize>, contexts;
    OfSelection, Server, select;
    OfLstm, [Server; G], recur, G;
    OfEnrichment, Server, enrich;
    OfAttention, Server, attend;
}

impl Pass<'_> {
    fn encoder_panels(&self, width: usize) -> usize {
        self.batch.encoder_steps.div_ceil(width)
    }

    fn decoder_panels(&self, width: usize) -> usize {
        self.batch.decoder_steps().div_ceil(width)
    }

    /// The first panel of a server among those of its group.
    fn first_panel(&self, server: Server, width: usize) -> usize {
        server.lane * (self.encoder_panels(width) + self.decoder_panels(width))
    }

    /// A context's part for one server: `count` features from `from` on.
    fn context(&self, server: Server, features: Range<usize>, width: usize) -> Vec<f32> {
        let panel = self.arena.contexts.all();
        features.map(|f| panel[f * width + server.lane]).collect()
    }

    /// The bias that holds the context of the encoder's selection, the decoder's, the enrichment.
    fn bias(&self, server: Server, which: usize, width: usize) -> Vec<f32> {
        let sizes = self.net.folded.contexts.biases();
        let from = 2 * padded(self.net.folded.hidden) + sizes[..which].iter().sum::<usize>();
        self.context(server, from..from + sizes[which], width)
    }

    #[inline(always)]
    fn contexts<S: Simd>(&mut self, simd: S, samples: Range<usize>) {
        let Arena { inputs, contexts, scratch, .. } = &mut *self.arena;
        let net = &self.net.folded.contexts;
        net.selection.fill::<S>(
            self.batch,
            self.reals,
            samples.map(|sample| (sample, 0)),
            inputs.all_mut(),
        );
        net.apply(
            simd,
            features::<S>(inputs.all()),
            features_mut::<S>(scratch.all_mut()),
            features_mut::<S>(contexts.all_mut()),
        );
    }

    #[inline(always)]
    fn select<S: Simd>(&mut self, simd: S, server: Server) {
        let (width, units) = (lanes::<S>(), self.net.units());
        let first = self.first_panel(server, width);
        let past = (0, server.encoder_steps, first, &self.net.folded.encoder_selection, 0);
        let future = (
            self.batch.encoder_steps,
            self.batch.decoder_steps(),
            first + self.encoder_panels(width),
            &self.net.folded.decoder_selection,
            1,
        );
        for (begin, count, panel, selection, which) in [past, future] {
            let bias = self.bias(server, which, width);
            let bias = if bias.is_empty() { selection.bias() } else { &bias };
            let Arena { inputs, selected, scratch, rows, kept, .. } = &mut *self.arena;
            for (index, from) in (0..count).step_by(width).enumerate() {
                let steps = begin + from..begin + count.min(from + width);
                let places = steps.map(|step| (server.sample, step));
                selection.fill::<S>(self.batch, self.reals, places, inputs.all_mut());
                let y = &mut selected.all_mut()[(panel + index) * units * width..];
                selection.apply(
                    simd,
                    features::<S>(inputs.all()),
                    bias,
                    &mut kept[which],
                    index,
                    features_mut::<S>(scratch.all_mut()),
                    features_mut::<S>(y),
                );
                let rows = &mut rows[0].all_mut()[(panel + index) * width * units..];
                transpose(simd, y, width, [units, width], rows, units);
            }
        }
    }

    #[inline(always)]
    fn recur<S: Simd, const G: usize>(&mut self, simd: S, servers: [Server; G]) {
        let (width, hidden) = (lanes::<S>(), self.net.folded.hidden);
        let decoder = self.batch.decoder_steps();
        let first = servers.map(|s| self.first_panel(s, width));
        let future = first.map(|f| f + self.encoder_panels(width));
        let counts = servers.map(|s| self.batch.decoder_lengths[s.sample].min(decoder));
        let past: [_; G] = std::array::from_fn(|g| Steps {
            first: first[g] * width,
            count: servers[g].encoder_steps,
        });
        let next: [_; G] =
            std::array::from_fn(|g| Steps { first: future[g] * width, count: counts[g] });
        let start = servers.map(|s| {
            let state = padded(hidden);
            let h = self.context(s, 0..hidden, width);
            (h, self.context(s, state..state + hidden, width))
        });
        let layers = self.net.encoder_lstm.iter().zip(&self.net.decoder_lstm);
        for (index, (encoder, decoder)) in layers.enumerate() {
            let Arena { rows: [selected, even, odd], states, .. } = &mut *self.arena;
            let (x, y) = match index {
                0 => (&*selected, even),
                i if i % 2 == 1 => (&*even, odd),
                _ => (&*odd, even),
            };
            let (y, units) = (y.all_mut(), encoder.units());
            // Steps after a sample's own end are zero.
            for next in next {
                let end = next.first + self.batch.decoder_steps();
                y[(next.first + next.count) * units..end * units].fill(0.0);
            }
            begin(encoder, states.all_mut(), &start);
            encoder.run(simd, past, x.all(), y, states.all_mut());
            decoder.run(simd, next, x.all(), y, states.all_mut());
        }
    }

    /// The gate after the LSTM, the enrichment, keys and values of all steps.
    #[inline(always)]
    fn enrich<S: Simd>(&mut self, simd: S, server: Server) {
        let (width, net) = (lanes::<S>(), self.net);
        let (first, encoder) = (self.first_panel(server, width), self.encoder_panels(width));
        let bias = self.bias(server, 2, width);
        let used = server.encoder_steps.div_ceil(width);
        let last = 1 + (net.encoder_lstm.len() - 1) % 2;
        let (stage, keys_size) =
            (net.units() * width, net.folded.attention.keys.padded_outputs() * width);
        let (values_size, units) = (net.folded.attention.values.padded_outputs(), net.units());
        for panel in (0..used).chain(encoder..encoder + self.decoder_panels(width)) {
            let Arena { selected, rows, gated, enriched, keys, values, scratch, .. } =
                &mut *self.arena;
            let at = (first + panel) * stage;
            let x = features::<S>(&selected.all()[at..at + stage]);
            let (own, scratch) = scratch.all_mut().split_at_mut(3 * stage);
            let (y, own) = own.split_at_mut(stage);
            let (own_gated, own_enriched) = own.split_at_mut(stage);
            let rows = &rows[last].all()[(first + panel) * width * units..][..width * units];
            transpose(simd, rows, units, [width, units], y, width);
            let y = features::<S>(y);
            let (u, a) = match panel.checked_sub(encoder) {
                Some(decoder) => (
                    &mut gated.all_mut()[decoder * stage..][..stage],
                    &mut enriched.all_mut()[decoder * stage..][..stage],
                ),
                None => (own_gated, own_enriched),
            };
            let (u, a) = (features_mut::<S>(u), features_mut::<S>(a));
            let (v, scratch) = scratch.split_at_mut(values_size * width);
            net.folded.post_lstm.apply(simd, y, x, u);
            net.folded.enrichment.apply_with(simd, u, &bias, features_mut::<S>(scratch), a);
            let keys = &mut keys.all_mut()[panel * keys_size..][..keys_size];
            net.folded.attention.keys.apply(simd, a, features_mut::<S>(keys));
            net.folded.attention.values.apply(simd, a, features_mut::<S>(v));
            let rows = &mut values.all_mut()[panel * width * values_size..];
            transpose(simd, v, width, [values_size, width], rows, values_size);
        }
    }

    /// For each head, the squared length of the longest key that is seen.
    #[inline(always)]
    fn longest_keys<S: Simd>(&self, simd: S, server: Server, decoder_steps: usize) -> Vec<f32> {
        let (width, net) = (lanes::<S>(), &self.net.folded.attention);
        let mut longest = vec![splat(simd, 0.0); net.heads()];
        let panels = self.arena.keys.all().chunks_exact(net.keys.padded_outputs() * width);
        for (index, panel) in panels.enumerate() {
            let (steps, index) = match index.checked_sub(self.encoder_panels(width)) {
                Some(index) => (decoder_steps, index),
                None => (server.encoder_steps, index),
            };
            let count = steps.saturating_sub(index * width);
            net.longest(simd, features::<S>(panel), count, &mut longest);
        }
        let mut largest = vec![0.0; longest.len()];
        for head in 0..longest.len() {
            largest[head] = attention::largest(simd, longest[head]);
        }
        largest
    }

    /// The attention and what follows it, for the decoder's steps.
    #[inline(always)]
    fn attend<S: Simd>(&mut self, simd: S, server: Server) {
        let (width, net) = (lanes::<S>(), self.net);
        let stage = net.units() * width;
        let decoder_steps = self.batch.decoder_steps();
        let seen_decoder = if net.folded.attention.is_causal() {
            decoder_steps
        } else {
            self.batch.decoder_lengths[server.sample].min(decoder_steps)
        };
        let encoder_panels = self.encoder_panels(width);
        let longest = self.longest_keys(simd, server, seen_decoder);
        for panel in 0..self.decoder_panels(width) {
            let Arena { gated, enriched, keys, values, queries, scratch, .. } = &mut *self.arena;
            let a = features::<S>(&enriched.all()[panel * stage..][..stage]);
            let u = features::<S>(&gated.all()[panel * stage..][..stage]);
            let q = features_mut::<S>(queries.all_mut());
            net.folded.attention.queries.apply(simd, a, q);
            let seen = Seen {
                keys: keys.all(),
                values: values.all(),
                encoder_steps: server.encoder_steps,
                encoder_panels,
                decoder_steps: seen_decoder,
                queries: decoder_steps,
                longest: &longest,
            };
            let (own, scratch) = scratch.all_mut().split_at_mut(3 * stage);
            let own = features_mut::<S>(own);
            let (x, rest) = own.split_at_mut(net.units());
            let (y, z) = rest.split_at_mut(net.units());
            let scratch = features_mut::<S>(scratch);
            net.folded.attention.apply(simd, q, panel * width, seen, scratch, x);
            net.folded.post_attention.apply(simd, x, a, y);
            net.folded.feed_forward.apply(simd, y, scratch, z);
            net.folded.pre_output.apply(simd, z, u, y);
            net.folded.output.apply(simd, y, scratch);
            let steps = panel * width..decoder_steps.min((panel + 1) * width);
            let mut raw = self.raw.slice_mut(s![server.sample, steps, ..]);
            for (output, values) in scratch.iter().take(net.folded.output.outputs()).enumerate() {
                let numbers: &[f32] = pulp::bytemuck::cast_slice(values);
                raw.column_mut(output).iter_mut().zip(numbers).for_each(|(to, v)| *to = *v);
            }
        }
    }
}

/// Every layer begins with the contexts.
fn begin<const G: usize>(layer: &Layer, states: &mut [f32], start: &[(Vec<f32>, Vec<f32>); G]) {
    let units = layer.units();
    states.fill(0.0);
    let (hidden, cells) = states.split_at_mut(G * units);
    for (g, (h, c)) in start.iter().enumerate() {
        hidden[g * units..g * units + h.len()].copy_from_slice(h);
        cells[g * units..g * units + c.len()].copy_from_slice(c);
    }
}
