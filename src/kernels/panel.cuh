// Panels: [features][lanes] in shared memory, a lane being a time step of some server. A block of threads
// works on one panel; every function here is called by all of them and leaves them in step.
#pragma once
#ifndef UT_HOST
// What a launch asks for.
__device__ __forceinline__ float* shared_memory() {
    extern __shared__ __align__(16) float memory[];
    return memory;
}
#endif

// Less than any score.
#define NOTHING (-3.0e38f)

#define LANES 64
#define THREADS (2 * LANES)
// Numbers between two features of a panel. With tensor cores a warp reads eight lanes of four features at once,
// which this brings to different banks.
#ifdef UT_TF32
#define STRIDE (LANES + 8)
#else
#define STRIDE LANES
#endif

// What lies where: offsets into the weights unless said otherwise. model/tft/cuda/plan.rs writes them.

// y = W x + b, W in blocks of eight outputs, for each input eight weights; outputs are whole blocks.
struct Linear { int inputs, outputs, weights, bias; };
// (x - mean) / sqrt(variance + eps) * weight + bias; eps comes first, then the weights, then the biases.
struct Norm { int features, at; };
// norm(GLU(W x + b) + skip). Rows come as two values and their two gates, which hold the factor -log2(e).
struct Gate { Linear linear; Norm norm; };
// norm(resampled), or nothing where `outputs` is 0: left, right and their factors for each output.
struct Resample { int outputs, at; Norm norm; };
// gate(2^.. of fc1, x or x resampled); fc1 holds the factor log2(e).
struct Grn { Linear fc1; Gate out; Resample resample; };

// 2^x for x of a gate is infinite at worst, and then this is zero.
__device__ __forceinline__ float gated(float value, float gate) { return __fdividef(value, 1.0f + exp2f(gate)); }

// ELU + 1 of x * log2(e).
__device__ __forceinline__ float elu_plus_1(float x) {
    return fmaf(fmaxf(x, 0.0f), 0.6931471806f, exp2f(fminf(x, 0.0f)));
}

// Sums begin with a bias, or with what the lane's server adds: rows of `stride` numbers, one per server.
struct Start {
    const float* rows;
    int stride = 0, first = 0, steps = 1, servers = 1;
    __device__ __forceinline__ float operator()(int row, int lane) const {
        return __ldg(rows + (stride ? min((first + lane) / steps, servers - 1) * stride : 0) + row);
    }
};

#ifdef UT_TF32
#include "product_tf32.cuh"
#else
#include "product.cuh"
#endif

// What becomes of a product's sums. In single precision a thread has them as rows of four lanes; from tensor cores, as
// two lanes of `row` and two of `row + 2`: of a value and of its gate.
struct Store {
    float* y;
    __device__ __forceinline__ void pairs(int row, int lane, const float (&sums)[4]) const {
        float* own = y + row * STRIDE + lane;
        *reinterpret_cast<float2*>(own) = make_float2(sums[0], sums[1]);
        *reinterpret_cast<float2*>(own + 2 * STRIDE) = make_float2(sums[2], sums[3]);
    }
    template <int ROWS>
    __device__ __forceinline__ void operator()(int row, int lane, const float (&sums)[ROWS][4]) const {
#pragma unroll
        for (int r = 0; r < ROWS; ++r)
            *reinterpret_cast<float4*>(y + (row + r) * STRIDE + lane) =
                make_float4(sums[r][0], sums[r][1], sums[r][2], sums[r][3]);
    }
};

struct StoreElu {
    float* y;
    __device__ __forceinline__ void pairs(int row, int lane, const float (&sums)[4]) const {
        Store{y}.pairs(row, lane, {elu_plus_1(sums[0]), elu_plus_1(sums[1]), elu_plus_1(sums[2]), elu_plus_1(sums[3])});
    }
    template <int ROWS>
    __device__ __forceinline__ void operator()(int row, int lane, const float (&sums)[ROWS][4]) const {
#pragma unroll
        for (int r = 0; r < ROWS; ++r)
            *reinterpret_cast<float4*>(y + (row + r) * STRIDE + lane) =
                make_float4(elu_plus_1(sums[r][0]), elu_plus_1(sums[r][1]), elu_plus_1(sums[r][2]), elu_plus_1(sums[r][3]));
    }
};

// y = skip(feature, lane) + value * sigmoid(gate)
template <class Skip>
struct AddGated {
    float* y;
    int features;
    Skip skip;
    __device__ __forceinline__ void pairs(int row, int lane, const float (&sums)[4]) const {
        const int feature = row / 4 * 2 + row % 4;
        if (feature >= features) return;
        float* own = y + feature * STRIDE + lane;
        own[0] = gated(sums[0], sums[2]) + skip(feature, lane);
        own[1] = gated(sums[1], sums[3]) + skip(feature, lane + 1);
    }
    template <int ROWS>
    __device__ __forceinline__ void operator()(int row, int lane, const float (&sums)[ROWS][4]) const {
#pragma unroll
        for (int r = 0; r < ROWS; r += 4)
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                const int feature = (row + r) / 2 + j;
                if (feature >= features) continue;
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    y[feature * STRIDE + lane + i] =
                        gated(sums[r + j][i], sums[r + 2 + j][i]) + skip(feature, lane + i);
            }
    }
};

struct SkipPanel {
    const float* x;
    __device__ __forceinline__ float operator()(int feature, int lane) const { return x[feature * STRIDE + lane]; }
};

// A lane's features are two threads' business, side by side: their sums meet by a shuffle.
struct Half {
    int lane, half;
    __device__ __forceinline__ Half() : lane(threadIdx.x / 2), half(threadIdx.x % 2) {}
    __device__ __forceinline__ float sum(float x) const { return x + __shfl_xor_sync(0xffffffffu, x, 1); }
    __device__ __forceinline__ float largest(float x) const { return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1)); }
};

struct Moments { float mean, inverse; };

__device__ __forceinline__ Moments moments(const float* w, Norm n, const float* x, Half own) {
    float sum = 0.0f, squares = 0.0f;
    for (int f = own.half; f < n.features; f += 2) sum += x[f * STRIDE + own.lane];
    const float mean = own.sum(sum) / n.features;
    for (int f = own.half; f < n.features; f += 2) {
        const float centered = x[f * STRIDE + own.lane] - mean;
        squares = fmaf(centered, centered, squares);
    }
    return {mean, rsqrtf(own.sum(squares) / n.features + __ldg(w + n.at))};
}

// In place.
__device__ __noinline__ void norm(const float* w, Norm n, float* x) {
    const Half own;
    const Moments m = moments(w, n, x, own);
    const float *weight = w + n.at + 1, *bias = weight + n.features;
    for (int f = own.half; f < n.features; f += 2) {
        float& value = x[f * STRIDE + own.lane];
        value = fmaf((value - m.mean) * m.inverse, __ldg(weight + f), __ldg(bias + f));
    }
    __syncthreads();
}

// y += factor * norm(x), a factor for each lane.
__device__ __noinline__ void add_norm(const float* w, Norm n, const float* x, const float* factor, float* y) {
    const Half own;
    const Moments m = moments(w, n, x, own);
    const float *weight = w + n.at + 1, *bias = weight + n.features, share = factor[own.lane];
    for (int f = own.half; f < n.features; f += 2) {
        const float normed = fmaf((x[f * STRIDE + own.lane] - m.mean) * m.inverse, __ldg(weight + f), __ldg(bias + f));
        y[f * STRIDE + own.lane] = fmaf(share, normed, y[f * STRIDE + own.lane]);
    }
    __syncthreads();
}

template <class Skip>
__device__ __noinline__ void before_norm(const float* w, Gate gate, const float* x, Skip skip, float* y) {
    product(w, gate.linear, x, Start{w + gate.linear.bias}, AddGated<Skip>{y, gate.norm.features, skip});
    __syncthreads();
}

template <class Skip>
__device__ __noinline__ void apply(const float* w, Gate gate, const float* x, Skip skip, float* y) {
    before_norm(w, gate, x, skip, y);
    norm(w, gate.norm, y);
}

__device__ __noinline__ void apply(const float* w, Linear l, const float* x, float* y) {
    product(w, l, x, Start{w + l.bias}, Store{y});
    __syncthreads();
}

__device__ __noinline__ void apply(const float* w, Resample r, const float* x, float* y) {
    for (int i = threadIdx.x; i < r.outputs * LANES; i += THREADS) {
        const float* tap = w + r.at + i / LANES * 4;
        const int lane = i % LANES;
        y[i / LANES * STRIDE + lane] = tap[2] * x[int(tap[0]) * STRIDE + lane] + tap[3] * x[int(tap[1]) * STRIDE + lane];
    }
    __syncthreads();
    norm(w, r.norm, y);
}

// `inner` and `skip` are room for the values between. x and y may be the same, x and skip may not.
__device__ __noinline__ void apply(const float* w, const Grn& grn, const float* x, Start start, float* inner, float* skip, float* y) {
    product(w, grn.fc1, x, start, StoreElu{inner});
    if (grn.resample.outputs) {
        apply(w, grn.resample, x, skip);
        apply(w, grn.out, inner, SkipPanel{skip}, y);
    } else {
        __syncthreads();
        apply(w, grn.out, inner, SkipPanel{x}, y);
    }
}

__device__ __noinline__ void apply(const float* w, const Grn& grn, const float* x, float* inner, float* skip, float* y) {
    apply(w, grn, x, Start{w + grn.fc1.bias}, inner, skip, y);
}

// The lanes of this block among all: step after step of server after server.
struct Place {
    int first, count, steps;
    __device__ __forceinline__ Place(int servers, int steps)
        : first(blockIdx.x * LANES), count(servers * steps), steps(steps) {}
    // Of a lane; those beyond the last repeat it, and are not stored.
    __device__ __forceinline__ int server(int lane) const { return min(first + lane, count - 1) / steps; }
    __device__ __forceinline__ int step(int lane) const { return min(first + lane, count - 1) % steps; }
    __device__ __forceinline__ bool is_there(int lane) const { return first + lane < count; }
};

// Rows in memory, [servers][steps] of `stride` numbers, whole quads; those from step `begin` on.
struct Rows {
    float* at;
    int stride, steps, begin;
    __device__ __forceinline__ float* row(const Place& p, int lane) const {
        return at + (size_t(p.server(lane)) * steps + begin + p.step(lane)) * stride;
    }
};

__device__ __noinline__ void load(Rows rows, const Place& place, int features, float* x) {
    for (int i = threadIdx.x; i < features / 4 * LANES; i += THREADS) {
        const int lane = i % LANES, f = i / LANES * 4;
        const float4 v = *reinterpret_cast<const float4*>(rows.row(place, lane) + f);
        x[f * STRIDE + lane] = v.x;
        x[(f + 1) * STRIDE + lane] = v.y;
        x[(f + 2) * STRIDE + lane] = v.z;
        x[(f + 3) * STRIDE + lane] = v.w;
    }
    __syncthreads();
}

__device__ __noinline__ void store(const float* x, int features, Rows rows, const Place& place) {
    for (int i = threadIdx.x; i < features / 4 * LANES; i += THREADS) {
        const int lane = i % LANES, f = i / LANES * 4;
        if (place.is_there(lane))
            *reinterpret_cast<float4*>(rows.row(place, lane) + f) =
                make_float4(x[f * STRIDE + lane], x[(f + 1) * STRIDE + lane], x[(f + 2) * STRIDE + lane], x[(f + 3) * STRIDE + lane]);
    }
    __syncthreads();
}
