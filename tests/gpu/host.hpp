// CUDA C++ on the host: a kernel runs block by block, each thread a fiber of its own, so that it can be tested
// where there is no GPU. A barrier that only some threads reach ends the program instead of hanging; shared
// memory holds no numbers at first and ends at a page that must not be touched.
#pragma once
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

struct dim3 { unsigned x = 1, y = 1, z = 1; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) float2 { float x, y; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

namespace host {

#ifdef __SANITIZE_ADDRESS__
// Bytes that the sanitizer watches; NaN at first.
struct Guarded {
    unsigned char* data;
    size_t size;

    explicit Guarded(size_t size) : data(static_cast<unsigned char*>(std::malloc(size))), size(size) { std::memset(data, 0xff, size); }
    Guarded(const Guarded&) = delete;
    ~Guarded() { std::free(data); }
};
#else
// Bytes that end where a page begins that belongs to nobody; NaN at first.
struct Guarded {
    unsigned char *pages = nullptr, *data = nullptr;
    size_t length = 0, size = 0;

    explicit Guarded(size_t size) : size(size) {
        const size_t page = sysconf(_SC_PAGESIZE), own = (size + 15) / 16 * 16;
        length = (own + page - 1) / page * page + page;
        pages = static_cast<unsigned char*>(mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (pages == MAP_FAILED) { std::perror("mmap"); std::abort(); }
        mprotect(pages + length - page, page, PROT_NONE);
        data = pages + length - page - own;
        std::memset(data, 0xff, own);
    }
    Guarded(const Guarded&) = delete;
    ~Guarded() { munmap(pages, length); }
};
#endif

enum class State { Ready, AtBlockBarrier, AtWarpBarrier, Done };

struct Fiber {
    ucontext_t context;
    dim3 thread;
    State state;
    uint64_t shown;  // to the other threads of its warp
    unsigned left[4], right[2];  // factors of matrices, likewise
};

struct Block {
    dim3 grid, size, index;
    std::vector<Fiber> fibers;
    unsigned char* memory = nullptr;
    ucontext_t scheduler;
    size_t current = 0;
};

inline Block* block = nullptr;
inline void (*body)(void*) = nullptr;
inline void* arguments = nullptr;

[[noreturn]] inline void die(const char* why) {
    std::fprintf(stderr, "block (%u, %u, %u), thread %zu: %s\n", block->index.x, block->index.y, block->index.z, block->current, why);
    std::abort();
}

inline void wait(State state) {
    Fiber& own = block->fibers[block->current];
    own.state = state;
    swapcontext(&own.context, &block->scheduler);
}

inline void begin() {
    body(arguments);
    wait(State::Done);
}

// Lets go of the warps, or of the block, all of whose threads wait. False when all are done.
inline bool release() {
    auto& fibers = block->fibers;
    const auto in = [&](State state) { return [state](const Fiber& f) { return f.state == state; }; };
    if (std::all_of(fibers.begin(), fibers.end(), in(State::Done))) return false;
    if (std::all_of(fibers.begin(), fibers.end(), in(State::AtBlockBarrier))) {
        for (Fiber& fiber : fibers) fiber.state = State::Ready;
        return true;
    }
    bool goes_on = false;
    for (size_t from = 0; from < fibers.size(); from += 32) {
        const auto first = fibers.begin() + from, last = fibers.begin() + std::min(from + 32, fibers.size());
        if (!std::all_of(first, last, in(State::AtWarpBarrier))) continue;
        std::for_each(first, last, [](Fiber& f) { f.state = State::Ready; });
        goes_on = true;
    }
    if (!goes_on) die("a barrier that only some threads reach");
    return true;
}

// In order of the threads for seed 0, shuffled again and again for any other.
inline void run_block(unsigned seed) {
    std::mt19937 random(seed + block->index.x);
    std::vector<size_t> order(block->fibers.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    do {
        if (seed) std::shuffle(order.begin(), order.end(), random);
        for (size_t i : order) {
            if (block->fibers[i].state != State::Ready) continue;
            block->current = i;
            swapcontext(&block->scheduler, &block->fibers[i].context);
        }
    } while (release());
}

inline void launch(dim3 grid, dim3 size, size_t shared, unsigned seed) {
    constexpr size_t STACK = 64 * 1024;
    const size_t threads = size_t(size.x) * size.y * size.z;
    Block own;
    own.grid = grid;
    own.size = size;
    own.fibers.resize(threads);
    std::vector<unsigned char> stacks(threads * STACK);
    block = &own;
    for (own.index.z = 0; own.index.z < grid.z; ++own.index.z)
        for (own.index.y = 0; own.index.y < grid.y; ++own.index.y)
            for (own.index.x = 0; own.index.x < grid.x; ++own.index.x) {
                Guarded memory(shared);
                own.memory = memory.data;
                for (size_t i = 0; i < threads; ++i) {
                    Fiber& fiber = own.fibers[i];
                    fiber.thread = {unsigned(i % size.x), unsigned(i / size.x % size.y), unsigned(i / size.x / size.y)};
                    fiber.state = State::Ready;
                    getcontext(&fiber.context);
                    fiber.context.uc_stack = {&stacks[i * STACK], 0, STACK};
                    fiber.context.uc_link = &own.scheduler;
                    makecontext(&fiber.context, begin, 0);
                }
                run_block(seed);
            }
    block = nullptr;
}

// A kernel with its arguments, copied from where cuLaunchKernel finds them: pointers to each.
using Call = std::function<void(dim3 grid, dim3 size, size_t shared, unsigned seed)>;

template <class... A, size_t... I>
Call call(void (*kernel)(A...), void** of, std::index_sequence<I...>) {
    const std::tuple<A...> own(*static_cast<std::remove_reference_t<A>*>(of[I])...);
    return [kernel, own](dim3 grid, dim3 size, size_t shared, unsigned seed) {
        auto run = [&] { std::apply(kernel, own); };
        body = [](void* of) { (*static_cast<decltype(run)*>(of))(); };
        arguments = &run;
        launch(grid, size, shared, seed);
    };
}

template <class... A>
Call call(void (*kernel)(A...), void** of) { return call(kernel, of, std::index_sequence_for<A...>{}); }

template <class T>
T of_lane(T own, unsigned lane) {
    const size_t self = block->current, other = self / 32 * 32 + lane;
    if (lane >= 32 || other >= block->fibers.size()) die("a shuffle from a lane that is not there");
    std::memcpy(&block->fibers[self].shown, &own, sizeof own);
    wait(State::AtWarpBarrier);
    std::memcpy(&own, &block->fibers[other].shown, sizeof own);
    wait(State::AtWarpBarrier);
    return own;
}

// mma.m16n8k8 of tensor cores, as PTX spreads its matrices over a warp.
inline void multiply(float (&sums)[4], const unsigned (&left)[4], const unsigned (&right)[2]) {
    const size_t self = block->current, warp = self / 32 * 32, group = self % 32 / 4, own = self % 4;
    if (warp + 32 > block->fibers.size()) die("half a warp multiplies");
    std::memcpy(block->fibers[self].left, left, sizeof left);
    std::memcpy(block->fibers[self].right, right, sizeof right);
    wait(State::AtWarpBarrier);
    const auto number = [](unsigned bits) {
        if (bits & 0x1fff) die("a factor that is not rounded to TF32");
        float x;
        std::memcpy(&x, &bits, sizeof x);
        return x;
    };
    for (size_t i = 0; i < 4; ++i)
        for (size_t k = 0; k < 8; ++k) {
            const Fiber &of_row = block->fibers[warp + group * 4 + k % 4];
            const Fiber &of_column = block->fibers[warp + (own * 2 + i % 2) * 4 + k % 4];
            sums[i] += number(of_row.left[k / 4 * 2 + i / 2]) * number(of_column.right[k / 4]);
        }
    wait(State::AtWarpBarrier);
}

}  // namespace host

#define UT_HOST
#define __global__
#define __device__
#define __forceinline__ inline
#define __noinline__ inline
#define __launch_bounds__(...)
#define __shared__ static
#define __restrict__ __restrict
#define threadIdx (host::block->fibers[host::block->current].thread)
#define blockIdx (host::block->index)
#define blockDim (host::block->size)
#define gridDim (host::block->grid)
inline float* shared_memory() { return reinterpret_cast<float*>(host::block->memory); }
inline void __syncthreads() { host::wait(host::State::AtBlockBarrier); }
template <class T>
T __shfl_xor_sync(unsigned, T x, unsigned mask) { return host::of_lane(x, host::block->current % 32 ^ mask); }
template <class T>
T __ldg(const T* x) { return *x; }
using host::multiply;
// To the nearest, halves away from zero.
inline unsigned tf32(float x) {
    unsigned bits;
    std::memcpy(&bits, &x, sizeof bits);
    return (bits + 0x1000) & ~0x1fffu;
}
inline float __fdividef(float x, float y) { return x / y; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
using std::max;
using std::min;
