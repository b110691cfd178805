// Products in single precision.
#pragma once

#define QUADS (LANES / 4)

// ROWS outputs of four lanes to a thread. start(row, lane) is what the sum begins with;
// out(row, lane, sums) takes ROWS x 4 sums.
// Of each step 1 + ROWS / 4 vectors are loaded for 4 * ROWS multiply-adds, the weights alike in half a warp.
template <int ROWS, class Out>
__device__ __forceinline__ void tiles(const float* w, Linear l, const float* x, Start start, Out out) {
    for (int tile = threadIdx.x; tile < l.outputs / ROWS * QUADS; tile += THREADS) {
        const int lane = tile % QUADS * 4, row = tile / QUADS * ROWS;
        float sums[ROWS][4];
#pragma unroll
        for (int r = 0; r < ROWS; ++r)
#pragma unroll
            for (int i = 0; i < 4; ++i) sums[r][i] = start(row + r, lane + i);
        const float* weights = w + l.weights + row / 8 * l.inputs * 8 + row % 8;
#pragma unroll 2
        for (int k = 0; k < l.inputs; ++k) {
            const float4 v = *reinterpret_cast<const float4*>(x + k * STRIDE + lane);
#pragma unroll
            for (int r = 0; r < ROWS; r += 4) {
                const float4 u = __ldg(reinterpret_cast<const float4*>(weights + k * 8 + r));
                const float us[4] = {u.x, u.y, u.z, u.w}, vs[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
                for (int j = 0; j < 4; ++j)
#pragma unroll
                    for (int i = 0; i < 4; ++i) sums[r + j][i] = fmaf(us[j], vs[i], sums[r + j][i]);
            }
        }
        out(row, lane, sums);
    }
}

// Tiles of eight rows where these keep all threads busy, else of four.
template <class Out>
__device__ __forceinline__ void product(const float* w, Linear l, const float* x, Start start, Out out) {
    if (l.outputs * QUADS >= 8 * THREADS) tiles<8>(w, l, x, start, out);
    else tiles<4>(w, l, x, start, out);
}
