//! Memory of a forward pass, taken once and used for group after group.

/// Numbers that begin at a cache line: no vector lies across two.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    data: Vec<f32>,
    start: usize,
}

const LINE: usize = 64;

impl Buffer {
    pub(super) fn new(len: usize) -> Self {
        let data = vec![0.0; len + LINE / size_of::<f32>()];
        let start = data.as_ptr().align_offset(LINE);
        Self { start: if start <= LINE { start } else { 0 }, data }
    }

    pub(super) fn all(&self) -> &[f32] {
        &self.data[self.start..]
    }

    pub(super) fn all_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..]
    }
}

/// How large the buffers must be, in numbers, and for which network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) network: u64,
    pub(super) inputs: usize,
    /// Panels of all servers of a group.
    pub(super) steps: usize,
    /// Rows of steps of all servers of a group.
    pub(super) rows: usize,
    pub(super) states: usize,
    /// Panels of the decoder of one server.
    pub(super) decoder: usize,
    pub(super) keys: usize,
    pub(super) values: usize,
    pub(super) queries: usize,
    pub(super) contexts: usize,
    pub(super) scratch: usize,
    /// Variables whose networks' results are kept, panels of each, and features of a result.
    pub(super) kept: [(usize, usize); 2],
    pub(super) hidden: usize,
    pub(super) width: usize,
}

/// Memory that forward passes work in. Keeping it saves the next pass taking it anew.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    sizes: Sizes,
    arena: Arena,
}

impl Workspace {
    /// Buffers of these sizes; those of the pass before, if they are.
    pub(super) fn arena(&mut self, sizes: Sizes) -> &mut Arena {
        if self.sizes != sizes {
            *self = Self { sizes, arena: Arena::new(&sizes) };
        }
        &mut self.arena
    }
}

/// The buffers.
#[derive(Debug, Default)]
pub(super) struct Arena {
    /// A panel of inputs.
    pub(super) inputs: Buffer,
    /// What the selections yield, for every server of a group.
    pub(super) selected: Buffer,
    /// The same as rows of steps, as the LSTM takes them; what it yields, and a layer between.
    pub(super) rows: [Buffer; 3],
    pub(super) states: Buffer,
    /// The decoder's part after the LSTM's gate, and after the enrichment.
    pub(super) gated: Buffer,
    pub(super) enriched: Buffer,
    pub(super) keys: Buffer,
    pub(super) queries: Buffer,
    pub(super) values: Buffer,
    /// Panels over the samples of a group.
    pub(super) contexts: Buffer,
    pub(super) scratch: Buffer,
    /// Of the encoder's selection and of the decoder's.
    pub(super) kept: [Kept; 2],
}

/// What the networks of some variables made of a panel, and of which inputs. Inputs that are known in
/// advance (the calendar) are the same for all servers, and so are these.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) inputs: Buffer,
    pub(super) results: Buffer,
    /// Whether there is a result yet.
    pub(super) is_there: Vec<bool>,
}

impl Arena {
    pub(super) fn new(sizes: &Sizes) -> Self {
        Self {
            inputs: Buffer::new(sizes.inputs),
            selected: Buffer::new(sizes.steps),
            rows: [0; 3].map(|_| Buffer::new(sizes.rows)),
            states: Buffer::new(sizes.states),
            gated: Buffer::new(sizes.decoder),
            enriched: Buffer::new(sizes.decoder),
            keys: Buffer::new(sizes.keys),
            queries: Buffer::new(sizes.queries),
            values: Buffer::new(sizes.values),
            contexts: Buffer::new(sizes.contexts),
            scratch: Buffer::new(sizes.scratch),
            kept: sizes.kept.map(|(variables, panels)| {
                let count = variables * panels;
                Kept {
                    inputs: Buffer::new(count * sizes.width),
                    results: Buffer::new(count * sizes.hidden * sizes.width),
                    is_there: vec![false; count],
                }
            }),
        }
    }
}
