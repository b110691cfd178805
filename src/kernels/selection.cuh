// Variable selection. Every variable is a feature of the panel of inputs (a real one), or some of them
// (an embedding).
#pragma once
#include "panel.cuh"

// The residual of a real variable's network: affine in x, or the LayerNorm of that in closed form.
enum SkipKind { AFFINE = 0, NORMED = 1 };

// `fc1`: slope and intercept of each of `inner` features. A variable without a gate has only its skip.
// An embedding has the `grn`; one without fc1 is only resampled.
struct Variable {
    int is_real, feature, size;
    int inner, fc1, skip_kind, skip;
    Gate out;
    Grn grn;
};

// Columns of codes, whose rows of the table are added up.
struct Embedding { int columns, first_column, size, table; };

// `columns`, `embeddings` and `variables` are places in the plan.
struct Selection {
    int hidden, reals, columns, embeddings, embedding_list, variables, variable_list;
    int weighs, is_residual_normed;
    Linear fc1, residual;
    Norm residual_norm;
    Gate weigher;
};

// What the network takes, [servers][steps] of so many columns; steps from `begin` on.
struct Inputs {
    const float* reals;
    const unsigned* codes;
    int servers, steps, real_columns, code_columns, begin;
};

__device__ __noinline__ void load(const float* w, const int* plan, const Selection& s, Inputs in, Place place, float* x) {
    for (int i = threadIdx.x; i < s.reals * LANES; i += THREADS) {
        const int lane = i % LANES, column = __ldg(plan + s.columns + i / LANES);
        const size_t row = size_t(place.server(lane)) * in.steps + in.begin + place.step(lane);
        x[i / LANES * STRIDE + lane] = __ldg(in.reals + row * in.real_columns + column);
    }
    float* to = x + s.reals * STRIDE;
    for (int e = 0; e < s.embeddings; ++e) {
        const Embedding own = reinterpret_cast<const Embedding*>(plan + s.embedding_list)[e];
        for (int i = threadIdx.x; i < own.size * LANES; i += THREADS) {
            const int lane = i % LANES, feature = i / LANES;
            const size_t row = size_t(place.server(lane)) * in.steps + in.begin + place.step(lane);
            float sum = 0.0f;
            for (int c = 0; c < own.columns; ++c) {
                const unsigned code = in.codes[row * in.code_columns + __ldg(plan + own.first_column + c)];
                sum += __ldg(w + own.table + code * own.size + feature);
            }
            to[feature * STRIDE + lane] = sum;
        }
        to += own.size * STRIDE;
    }
    __syncthreads();
}

// Of one variable: a slope and an intercept for each feature.
struct SkipAffine {
    const float *w, *x;
    __device__ __forceinline__ float operator()(int feature, int lane) const {
        return fmaf(x[lane], __ldg(w + 2 * feature), __ldg(w + 2 * feature + 1));
    }
};

// a, x0, c, eps; then slope, value at x0 and bias of each feature. Seen from x0 the variance is a (x - x0)^2 + c.
struct SkipNormed {
    const float *w, *x;
    __device__ __forceinline__ float operator()(int feature, int lane) const {
        const float d = x[lane] - __ldg(w + 1);
        const float inverse = rsqrtf(fmaf(d * d, __ldg(w), __ldg(w + 2)) + __ldg(w + 3));
        const float* own = w + 4 + 3 * feature;
        return fmaf(fmaf(d, __ldg(own), __ldg(own + 1)), inverse, __ldg(own + 2));
    }
};

// y += weight * skip
template <class Skip>
__device__ __noinline__ void add_skip(int features, Skip skip, const float* weight, float* y) {
    for (int i = threadIdx.x; i < features * LANES; i += THREADS) {
        const int lane = i % LANES, feature = i / LANES;
        float& sum = y[feature * STRIDE + lane];
        sum = fmaf(weight[lane], skip(feature, lane), sum);
    }
    __syncthreads();
}

template <class Skip>
__device__ __noinline__ void add_real(const float* w, const Variable& v, Skip skip, const float* weight, float* inner, float* own, float* y) {
    if (!v.inner) return add_skip(v.size, skip, weight, y);
    for (int i = threadIdx.x; i < v.inner * LANES; i += THREADS) {
        const int lane = i % LANES, feature = i / LANES;
        const float* line = w + v.fc1 + feature * 2;
        inner[feature * STRIDE + lane] = elu_plus_1(fmaf(skip.x[lane], __ldg(line), __ldg(line + 1)));
    }
    __syncthreads();
    before_norm(w, v.out, inner, skip, own);
    add_norm(w, v.out.norm, own, weight, y);
}

// Softmax over the first `features`, whose scores hold the factor log2(e).
__device__ __noinline__ void softmax(float* x, int features) {
    const Half own;
    float most = NOTHING, total = 0.0f;
    for (int f = own.half; f < features; f += 2) most = fmaxf(most, x[f * STRIDE + own.lane]);
    most = own.largest(most);
    for (int f = own.half; f < features; f += 2) total += x[f * STRIDE + own.lane] = exp2f(x[f * STRIDE + own.lane] - most);
    const float inverse = __fdividef(1.0f, own.sum(total));
    for (int f = own.half; f < features; f += 2) x[f * STRIDE + own.lane] *= inverse;
    __syncthreads();
}

// Room that a selection works in.
struct Room { float *inputs, *inner, *skip, *weights; };

// x in `room.inputs` -> y [hidden]. `start` is what the weigher's first sums begin with.
__device__ __noinline__ void select(const float* w, const int* plan, const Selection& s, Start start, Room room, float* y) {
    for (int i = threadIdx.x; i < s.hidden * LANES; i += THREADS) y[i / LANES * STRIDE + i % LANES] = 0.0f;
    if (s.weighs) {
        product(w, s.fc1, room.inputs, start, StoreElu{room.inner});
        apply(w, s.residual, room.inputs, room.skip);
        if (s.is_residual_normed) norm(w, s.residual_norm, room.skip);
        apply(w, s.weigher, room.inner, SkipPanel{room.skip}, room.weights);
        softmax(room.weights, s.weigher.norm.features);
    } else {
        for (int i = threadIdx.x; i < LANES; i += THREADS) room.weights[i] = 1.0f;
        __syncthreads();
    }
    for (int i = 0; i < s.variables; ++i) {
        const Variable v = reinterpret_cast<const Variable*>(plan + s.variable_list)[i];
        const float *x = room.inputs + v.feature * STRIDE, *weight = room.weights + i * STRIDE;
        if (v.is_real && v.skip_kind == AFFINE)
            add_real(w, v, SkipAffine{w + v.skip, x}, weight, room.inner, room.skip, y);
        else if (v.is_real)
            add_real(w, v, SkipNormed{w + v.skip, x}, weight, room.inner, room.skip, y);
        else {
            if (v.grn.fc1.outputs) apply(w, v.grn, x, room.inner, room.skip, room.skip);
            else apply(w, v.grn.resample, x, room.skip);
            add_skip(s.hidden, SkipPanel{room.skip}, weight, y);
        }
    }
}
