// Products on tensor cores: factors are rounded to TF32 (10 bits after the point), sums are in single precision.
#pragma once
#ifndef UT_HOST
__device__ __forceinline__ unsigned tf32(float x) {
    unsigned y;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
    return y;
}

// sums += a b: 16 x 8 times 8 x 8, spread over a warp.
__device__ __forceinline__ void multiply(float (&sums)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

// A warp has 16 outputs of 32 lanes. Values are its matrix's upper rows and their gates the lower ones, so that a
// thread has both. Of eight inputs 12 numbers are loaded for four multiplications of matrices.
template <class Out>
__device__ __forceinline__ void product(const float* w, Linear l, const float* x, Start start, Out out) {
    constexpr int COLUMNS = 4;
    const int group = threadIdx.x % 32 / 4, own = threadIdx.x % 4;
    const int upper = group / 2 * 4 + group % 2;
    for (int tile = threadIdx.x / 32; tile < (l.outputs + 15) / 16 * 2; tile += THREADS / 32) {
        const int lane = tile % 2 * 32, wanted = tile / 2 * 16 + upper;
        // The last tile may have eight outputs only: its second half repeats the first, and is not stored.
        const int row = wanted < l.outputs ? wanted : wanted - 8;
        const float *weights = w + l.weights + row / 8 * l.inputs * 8 + row % 8, *column = x + lane + group;
        float sums[COLUMNS][4];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c)
#pragma unroll
            for (int i = 0; i < 4; ++i) sums[c][i] = start(row + i / 2 * 2, lane + c * 8 + own * 2 + i % 2);
        for (int k = own; k < l.inputs + own; k += 8) {
            const bool first = k < l.inputs, second = k + 4 < l.inputs;
            const unsigned a[4] = {tf32(first ? __ldg(weights + k * 8) : 0.0f), tf32(first ? __ldg(weights + k * 8 + 2) : 0.0f),
                                   tf32(second ? __ldg(weights + k * 8 + 32) : 0.0f), tf32(second ? __ldg(weights + k * 8 + 34) : 0.0f)};
#pragma unroll
            for (int c = 0; c < COLUMNS; ++c) {
                const unsigned b[2] = {tf32(first ? column[k * STRIDE + c * 8] : 0.0f),
                                       tf32(second ? column[(k + 4) * STRIDE + c * 8] : 0.0f)};
                multiply(sums[c], a, b);
            }
        }
        if (wanted < l.outputs)
#pragma unroll
            for (int c = 0; c < COLUMNS; ++c) out.pairs(row, lane + c * 8 + own * 2, sums[c]);
    }
}
