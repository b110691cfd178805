// Attention: a warp has 32 queries of one server, each thread one of them; keys and values come one after
// the other, alike for the whole warp. Softmax is taken as the scores come.
#pragma once
#include "panel.cuh"

#define QUERIES 32
// `size` numbers of a head, filled up to SIZE. Queries are scaled, so that 2^(q.k) is e^(q.k / sqrt(size)).
struct Attention { Linear queries, keys, values; int heads, is_causal; };

template <int SIZE>
struct Running {
    // Keys between two corrections of the sums.
    static constexpr int CHUNK = SIZE > 32 ? 2 : SIZE > 16 ? 4 : 8;
    float largest, total, sums[SIZE];

    __device__ __forceinline__ void begin() {
        largest = NOTHING;
        total = 0.0f;
#pragma unroll
        for (int d = 0; d < SIZE; ++d) sums[d] = 0.0f;
    }

    // Takes `count` keys, of which this query sees the first `seen`.
    __device__ __forceinline__ void take(const float (&query)[SIZE], const float* keys, int key_stride, const float* values, int value_stride, int count, int seen) {
        for (int from = 0; from < count; from += CHUNK) {
            float scores[CHUNK], most = largest;
#pragma unroll
            for (int i = 0; i < CHUNK; ++i) {
                const float* key = keys + size_t(min(from + i, count - 1)) * key_stride;
                float score = 0.0f;
#pragma unroll
                for (int d = 0; d < SIZE; d += 4) {
                    const float4 k = __ldg(reinterpret_cast<const float4*>(key + d));
                    score = fmaf(query[d], k.x, fmaf(query[d + 1], k.y, fmaf(query[d + 2], k.z, fmaf(query[d + 3], k.w, score))));
                }
                scores[i] = from + i < seen ? score : NOTHING;
                most = fmaxf(most, scores[i]);
            }
            // Nothing has been seen yet.
            if (most == NOTHING) continue;
            const float factor = exp2f(largest - most);
            largest = most;
            total *= factor;
#pragma unroll
            for (int d = 0; d < SIZE; ++d) sums[d] *= factor;
#pragma unroll
            for (int i = 0; i < CHUNK; ++i) {
                const float* value = values + size_t(min(from + i, count - 1)) * value_stride;
                const float weight = exp2f(scores[i] - most);
                total += weight;
#pragma unroll
                for (int d = 0; d < SIZE; d += 4) {
                    const float4 v = __ldg(reinterpret_cast<const float4*>(value + d));
                    sums[d] = fmaf(weight, v.x, sums[d]);
                    sums[d + 1] = fmaf(weight, v.y, sums[d + 1]);
                    sums[d + 2] = fmaf(weight, v.z, sums[d + 2]);
                    sums[d + 3] = fmaf(weight, v.w, sums[d + 3]);
                }
            }
        }
    }
};

// Rows of keys and values, [servers][encoder + decoder steps]; of queries and of what comes out, [servers][decoder steps].
// The values' mean over heads comes out times the number of heads.
template <int SIZE>
__device__ void attend(const Attention& a, const float* queries, const float* keys, const float* values, float* out, const int* encoder_lengths, const int* decoder_lengths, int encoder_steps, int decoder_steps) {
    constexpr int WARPS = THREADS / QUERIES;
    __shared__ float parts[WARPS][SIZE][QUERIES + 1];
    const int chunks = (decoder_steps + QUERIES - 1) / QUERIES, server = blockIdx.x / chunks;
    const int lane = threadIdx.x % QUERIES, warp = threadIdx.x / QUERIES, first = blockIdx.x % chunks * QUERIES;
    const int own = min(first + lane, decoder_steps - 1), key_stride = a.keys.outputs, value_stride = a.values.outputs;
    const size_t steps = encoder_steps + decoder_steps;
    const float* past = values + server * steps * value_stride;
    const int count = min(__ldg(encoder_lengths + server), encoder_steps);
    const int future = a.is_causal ? min(first + QUERIES - 1, decoder_steps) : min(__ldg(decoder_lengths + server), decoder_steps);
#pragma unroll
    for (int d = 0; d < SIZE; ++d) parts[warp][d][lane] = 0.0f;
    for (int head = warp; head < a.heads; head += WARPS) {
        const float* own_query = queries + (size_t(server) * decoder_steps + own) * a.queries.outputs + head * SIZE;
        const float* own_keys = keys + server * steps * key_stride + head * SIZE;
        float query[SIZE];
#pragma unroll
        for (int d = 0; d < SIZE; ++d) query[d] = own_query[d];
        Running<SIZE> running;
        running.begin();
#pragma unroll 1
        for (int part = 0; part < 2; ++part) {
            const size_t begin = part ? encoder_steps : 0;
            const int most = part ? future : count, seen = part && a.is_causal ? own : most;
            running.take(query, own_keys + begin * key_stride, key_stride, past + begin * value_stride, value_stride, most, seen);
        }
        const float inverse = __fdividef(1.0f, running.total);
#pragma unroll
        for (int d = 0; d < SIZE; ++d) parts[warp][d][lane] = fmaf(running.sums[d], inverse, parts[warp][d][lane]);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < SIZE * QUERIES; i += THREADS) {
        const int d = i % SIZE, query = i / SIZE;
        float sum = 0.0f;
#pragma unroll
        for (int p = 0; p < WARPS; ++p) sum += parts[p][d][query];
        if (first + query < decoder_steps) out[(size_t(server) * decoder_steps + first + query) * SIZE + d] = sum;
    }
}
