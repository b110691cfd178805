// The LSTM: lanes are servers, a block advances BATCH of them step by step. A thread has UNITS hidden units
// of QUOTA servers.
#pragma once
#include "panel.cuh"

// For each pair of units, for each input and then each state: gates i, f, g, o of the one unit, then of the
// other. Factors -log2(e) (g: -2 log2(e)) are inside, so that 1 / (1 + 2^x) is a gate.
struct Lstm { int hidden, encoder, encoder_bias, decoder, decoder_bias; };

// c' = s(f) c + s(i) tanh g, h' = s(o) tanh c'; tanh z = 2 s(2z) - 1.
__device__ __forceinline__ float next(const float (&gates)[4], float& cell) {
    const float i = exp2f(gates[0]), f = exp2f(gates[1]), g = exp2f(fminf(gates[2], 60.0f)), o = exp2f(gates[3]);
    const float input = __fdividef(1.0f - g, 1.0f + g);
    cell = __fdividef(cell, 1.0f + f) + __fdividef(input, 1.0f + i);
    const float t = exp2f(fminf(cell * -2.8853900818f, 60.0f));
    return __fdividef(__fdividef(1.0f - t, 1.0f + t), 1.0f + o);
}

template <int UNITS, int QUOTA, int BATCH>
struct Recurrence {
    const float* w;
    Lstm lstm;
    // [features][BATCH]: inputs and states, those of the next step too, and cells.
    float *inputs, *states, *cells;
    int server, servers;

    __device__ __forceinline__ void read(const float* x, int stride, size_t row_steps, int step, float* to) const {
        for (int i = threadIdx.x; i < lstm.hidden * BATCH; i += blockDim.x) {
            const int own = min(server + i % BATCH, servers - 1);
            to[i] = __ldg(x + (own * row_steps + step) * stride + i / BATCH);
        }
    }

    // Runs over the steps from `begin` on, as many as each server has.
    __device__ __forceinline__ void run(int at, int bias_at, const float* x, float* y, int stride, size_t row_steps, int begin, const int* lengths, int most) {
        int longest = 0;
        for (int b = 0; b < BATCH; ++b) longest = max(longest, min(__ldg(lengths + min(server + b, servers - 1)), most));
        const int size = lstm.hidden * BATCH, tiles = (lstm.hidden + UNITS - 1) / UNITS * (BATCH / QUOTA);
        if (longest) read(x, stride, row_steps, begin, inputs);
        __syncthreads();
        for (int step = 0; step < longest; ++step) {
            const float *in = inputs + step % 2 * size, *state = states + step % 2 * size;
            float* new_states = states + (step + 1) % 2 * size;
            if (step + 1 < longest) read(x, stride, row_steps, begin + step + 1, inputs + (step + 1) % 2 * size);
            for (int tile = threadIdx.x; tile < tiles; tile += blockDim.x) {
                const int lane = tile % (BATCH / QUOTA) * QUOTA, unit = tile / (BATCH / QUOTA) * UNITS;
                float sums[UNITS][QUOTA][4];
                const float* weights = w + at + unit / 2 * 16 * lstm.hidden + unit % 2 * 4;
                const float* bias = w + bias_at + unit * 4;
#pragma unroll
                for (int u = 0; u < UNITS; ++u)
#pragma unroll
                    for (int q = 0; q < QUOTA; ++q)
#pragma unroll
                        for (int g = 0; g < 4; ++g) sums[u][q][g] = __ldg(bias + u * 4 + g);
                add(weights, in + lane, sums);
                add(weights + 8 * lstm.hidden, state + lane, sums);
#pragma unroll
                for (int u = 0; u < UNITS; ++u) {
                    if (unit + u >= lstm.hidden) continue;
#pragma unroll
                    for (int q = 0; q < QUOTA; ++q) {
                        const int own = server + lane + q, place = (unit + u) * BATCH + lane + q;
                        const bool goes_on = own < servers && step < min(__ldg(lengths + min(own, servers - 1)), most);
                        float cell = cells[place];
                        const float h = next(sums[u][q], cell);
                        new_states[place] = goes_on ? h : state[place];
                        if (!goes_on) continue;
                        cells[place] = cell;
                        y[(own * row_steps + begin + step) * stride + unit + u] = h;
                    }
                }
            }
            __syncthreads();
        }
        // The next run begins with the first buffer.
        if (longest % 2) {
            for (int i = threadIdx.x; i < size; i += blockDim.x) states[i] = states[size + i];
            __syncthreads();
        }
    }

    __device__ __forceinline__ void add(const float* weights, const float* x, float (&sums)[UNITS][QUOTA][4]) const {
#pragma unroll 2
        for (int k = 0; k < lstm.hidden; ++k) {
#pragma unroll
            for (int u = 0; u < UNITS; ++u) {
                const float4 v = __ldg(reinterpret_cast<const float4*>(weights + k * 8 + u * 4));
#pragma unroll
                for (int q = 0; q < QUOTA; ++q) {
                    const float own = x[k * BATCH + q];
                    sums[u][q][0] = fmaf(v.x, own, sums[u][q][0]);
                    sums[u][q][1] = fmaf(v.y, own, sums[u][q][1]);
                    sums[u][q][2] = fmaf(v.z, own, sums[u][q][2]);
                    sums[u][q][3] = fmaf(v.w, own, sums[u][q][3]);
                }
            }
        }
    }
};
