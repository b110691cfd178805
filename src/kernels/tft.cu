// The forward pass of the Temporal Fusion Transformer, stage by stage as in model/tft/fast. Values go from
// stage to stage as rows in memory: a row has a step's features.
//
// Compiled twice: with UT_TF32, only the stages of panels, whose products then run on tensor cores. The LSTM would carry
// their rounding from step to step, and the attention's products are few.
#include "attention.cuh"
#include "lstm.cuh"
#include "selection.cuh"

// What depends on the server alone. A row of it has the LSTM's first states and cells, then the biases of
// what takes a context, each at its place; a linear without outputs is not there.
struct Contexts {
    Selection selection;
    Grn hidden, cell, weighing, enrichment;
    Linear encoder_bias, decoder_bias, enrichment_bias;
    int stride, cell_at, encoder_at, decoder_at, enrichment_at;
};

// Begins the plan. `features` are those of a row between stages, `room` those of the largest panel.
struct Network {
    int features, room, inputs, variables;
    Contexts contexts;
    Selection encoder, decoder;
    Gate post_lstm;
    Grn enrichment;
    Attention attention;
    Gate post_attention;
    Grn feed_forward;
    Gate pre_output;
    Linear output;
    int outputs, layers, layer_list;
};

__device__ __forceinline__ const Network& network(const int* plan) { return *reinterpret_cast<const Network*>(plan); }

// Panels in shared memory, one after the other.
struct Shared {
    float* next;
    __device__ __forceinline__ float* take(int features) {
        float* own = next;
        next += features * STRIDE;
        return own;
    }
};

__device__ __forceinline__ Room room(Shared& shared, const Network& net) {
    return {shared.take(net.inputs), shared.take(net.room), shared.take(net.room), shared.take(net.variables)};
}

extern "C" __global__ void __launch_bounds__(THREADS) contexts(const float* w, const int* plan, const float* reals, const unsigned* codes, int real_columns, int code_columns, int servers, int steps, float* rows) {
    const Network& net = network(plan);
    const Contexts& c = net.contexts;
    Shared shared{shared_memory()};
    const Room own = room(shared, net);
    float *fixed = shared.take(net.room), *context = shared.take(net.room);
    const Place place(servers, 1);
    load(w, plan, c.selection, {reals, codes, servers, steps, real_columns, code_columns, 0}, place, own.inputs);
    select(w, plan, c.selection, Start{w + c.selection.fc1.bias}, own, fixed);
    const Grn grns[2] = {c.hidden, c.cell};
    for (int i = 0; i < 2; ++i) {
        apply(w, grns[i], fixed, own.inner, own.skip, context);
        store(context, net.features, {rows + i * c.cell_at, c.stride, 1, 0}, place);
    }
    apply(w, c.weighing, fixed, own.inner, own.skip, context);
    if (c.encoder_bias.outputs) {
        apply(w, c.encoder_bias, context, own.inner);
        store(own.inner, c.encoder_bias.outputs, {rows + c.encoder_at, c.stride, 1, 0}, place);
    }
    if (c.decoder_bias.outputs) {
        apply(w, c.decoder_bias, context, own.inner);
        store(own.inner, c.decoder_bias.outputs, {rows + c.decoder_at, c.stride, 1, 0}, place);
    }
    apply(w, c.enrichment, fixed, own.inner, own.skip, context);
    apply(w, c.enrichment_bias, context, own.inner);
    store(own.inner, c.enrichment_bias.outputs, {rows + c.enrichment_at, c.stride, 1, 0}, place);
}

// Steps from `begin` on, `count` of them. Rows of contexts in, rows of steps out.
extern "C" __global__ void __launch_bounds__(THREADS) select_variables(const float* w, const int* plan, const float* reals, const unsigned* codes, int real_columns, int code_columns, int servers, int steps, int begin, int count, const float* contexts, float* selected) {
    const Network& net = network(plan);
    const Contexts& c = net.contexts;
    Shared shared{shared_memory()};
    const Room own = room(shared, net);
    float* y = shared.take(net.room);
    const Place place(servers, count);
    const Selection& s = begin ? net.decoder : net.encoder;
    load(w, plan, s, {reals, codes, servers, steps, real_columns, code_columns, begin}, place, own.inputs);
    Start start{w + s.fc1.bias};
    if (begin ? c.decoder_bias.outputs : c.encoder_bias.outputs)
        start = {contexts + (begin ? c.decoder_at : c.encoder_at), c.stride, place.first, count, servers};
    select(w, plan, s, start, own, y);
    store(y, net.features, {selected, net.features, steps, begin}, place);
}

#if !defined(UT_TF32) || defined(UT_HOST)
template <int UNITS, int QUOTA, int BATCH>
__device__ void recur(const float* w, const int* plan, int layer, const float* contexts, const float* x, float* y, const int* encoder_lengths, const int* decoder_lengths, int servers, int encoder_steps, int decoder_steps) {
    const Network& net = network(plan);
    const Lstm lstm = reinterpret_cast<const Lstm*>(plan + net.layer_list)[layer];
    const int size = lstm.hidden * BATCH, server = blockIdx.x * BATCH;
    Recurrence<UNITS, QUOTA, BATCH> own{w, lstm, shared_memory(), shared_memory() + 2 * size, shared_memory() + 4 * size, server, servers};
    for (int i = threadIdx.x; i < size; i += blockDim.x) {
        const float* start = contexts + size_t(min(server + i % BATCH, servers - 1)) * net.contexts.stride + i / BATCH;
        own.states[i] = start[0];
        own.cells[i] = start[net.contexts.cell_at];
    }
    const size_t steps = encoder_steps + decoder_steps;
    own.run(lstm.encoder, lstm.encoder_bias, x, y, net.features, steps, 0, encoder_lengths, encoder_steps);
    own.run(lstm.decoder, lstm.decoder_bias, x, y, net.features, steps, encoder_steps, decoder_lengths, decoder_steps);
    // Steps after a server's own end are zero.
    for (int b = 0; b < BATCH && server + b < servers; ++b) {
        const int end = min(decoder_lengths[server + b], decoder_steps);
        float* rows = y + ((server + b) * steps + encoder_steps + end) * net.features;
        for (int i = threadIdx.x; i < (decoder_steps - end) * net.features; i += blockDim.x) rows[i] = 0.0f;
    }
}

#define LSTM(name, UNITS, QUOTA, BATCH)                                                                             \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                          \
    name(const float* w, const int* plan, int layer, const float* contexts, const float* x, float* y,              \
         const int* encoder_lengths, const int* decoder_lengths, int servers, int encoder_steps, int decoder_steps) { \
        recur<UNITS, QUOTA, BATCH>(w, plan, layer, contexts, x, y, encoder_lengths, decoder_lengths, servers,      \
                                   encoder_steps, decoder_steps);                                                  \
    }
// Few servers: as many threads to each as can be. Many: as many multiply-adds to each load as can be.
LSTM(lstm_few, 1, 1, 4)
LSTM(lstm_many, 2, 4, 32)
#endif

// The gate after the LSTM, the enrichment, keys and values; in the future (begin > 0) queries as well, and what
// later stages add to.
extern "C" __global__ void __launch_bounds__(THREADS) enrich(const float* w, const int* plan, const float* contexts, const float* selected, const float* recurred, int servers, int steps, int begin, int count, float* keys, float* values, float* queries, float* gated_rows, float* enriched) {
    const Network& net = network(plan);
    Shared shared{shared_memory()};
    float *x = shared.take(net.room), *y = shared.take(net.room), *u = shared.take(net.room);
    float *inner = shared.take(net.room), *skip = shared.take(net.room);
    const Place place(servers, count);
    load({const_cast<float*>(recurred), net.features, steps, begin}, place, net.features, x);
    load({const_cast<float*>(selected), net.features, steps, begin}, place, net.features, y);
    apply(w, net.post_lstm, x, SkipPanel{y}, u);
    const float* rows = contexts + net.contexts.enrichment_at;
    apply(w, net.enrichment, u, Start{rows, net.contexts.stride, place.first, count, servers}, inner, skip, x);
    const Attention& a = net.attention;
    apply(w, a.keys, x, y);
    store(y, a.keys.outputs, {keys, a.keys.outputs, steps, begin}, place);
    apply(w, a.values, x, y);
    store(y, a.values.outputs, {values, a.values.outputs, steps, begin}, place);
    if (!begin) return;
    apply(w, a.queries, x, y);
    store(y, a.queries.outputs, {queries, a.queries.outputs, count, 0}, place);
    store(u, net.features, {gated_rows, net.features, count, 0}, place);
    store(x, net.features, {enriched, net.features, count, 0}, place);
}

#if !defined(UT_TF32) || defined(UT_HOST)
#define ATTEND(SIZE)                                                                                                \
    extern "C" __global__ void __launch_bounds__(THREADS) attend_##SIZE(                                           \
        const int* plan, const float* queries, const float* keys, const float* values, float* attended,            \
        const int* encoder_lengths, const int* decoder_lengths, int encoder_steps, int decoder_steps) {            \
        attend<SIZE>(network(plan).attention, queries, keys, values, attended, encoder_lengths, decoder_lengths,   \
                     encoder_steps, decoder_steps);                                                                \
    }
ATTEND(4)
ATTEND(8)
ATTEND(16)
ATTEND(32)
ATTEND(64)
#endif

// What follows the attention, up to the output layer's values, [servers][decoder steps][outputs].
extern "C" __global__ void __launch_bounds__(THREADS) finish(const float* w, const int* plan, const float* attended, int size, const float* enriched, const float* gated_rows, int servers, int count, float* raw) {
    const Network& net = network(plan);
    Shared shared{shared_memory()};
    float *x = shared.take(net.room), *a = shared.take(net.room), *u = shared.take(net.room);
    float *y = shared.take(net.room), *skip = shared.take(net.room);
    const Place place(servers, count);
    load({const_cast<float*>(attended), size, count, 0}, place, size, x);
    load({const_cast<float*>(enriched), net.features, count, 0}, place, net.features, a);
    load({const_cast<float*>(gated_rows), net.features, count, 0}, place, net.features, u);
    apply(w, net.post_attention, x, SkipPanel{a}, y);
    apply(w, net.feed_forward, y, x, skip, a);
    apply(w, net.pre_output, a, SkipPanel{u}, y);
    apply(w, net.output, y, x);
    for (int i = threadIdx.x; i < net.outputs * LANES; i += THREADS) {
        const int lane = i % LANES, output = i / LANES;
        if (place.is_there(lane)) raw[size_t(place.first + lane) * net.outputs + output] = x[output * STRIDE + lane];
    }
}
