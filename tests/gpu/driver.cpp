// A stand-in for libcuda.so.1 whose GPU is the host: memory is the host's, a launch runs the kernels' own source
// as host.hpp does. So the program's whole way to the GPU can be tested without one. With UT_TF32, products are those of
// tensor cores.
//
// STANDIN_ORDER=N runs threads in another order, STANDIN_GPUS=N has so many GPUs, STANDIN_MEMORY=BYTES so much memory,
// STANDIN_FREE=BYTES says that so much of it is free, STANDIN_FAIL=FUNCTION:ERROR fails a function of the driver.
#include "host.hpp"
// Its __shared__ arrays are static: alike for all threads of a block, and blocks run one after the other.
#include "../../src/kernels/tft.cu"
#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

#include <map>
#include <memory>
#include <string>

typedef int Result;
typedef unsigned long long Pointer;

namespace {

struct Function {
    const char* name;
    host::Call (*call)(void**);
    size_t shared;  // that it may ask for
};

#define KERNEL(name) {#name, [](void** arguments) { return host::call(name, arguments); }, 48 * 1024}
Function functions[] = {KERNEL(contexts),  KERNEL(select_variables), KERNEL(lstm_few),  KERNEL(lstm_many), KERNEL(enrich),
                        KERNEL(attend_4),  KERNEL(attend_8),         KERNEL(attend_16), KERNEL(attend_32), KERNEL(attend_64),
                        KERNEL(finish)};

// Launches as they were recorded.
typedef std::vector<std::function<void()>> Graph;
Graph* recording = nullptr;

constexpr size_t SHARED = 227 * 1024;
std::map<Pointer, std::unique_ptr<host::Guarded>> memory;
size_t used = 0;

size_t number(const char* name, size_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

size_t total() { return number("STANDIN_MEMORY", size_t(1) << 32); }

Result fails(const char* function) {
    const char* text = std::getenv("STANDIN_FAIL");
    const size_t length = std::strlen(function);
    return text && !std::strncmp(text, function, length) && text[length] == ':' ? std::atoi(text + length + 1) : 0;
}

}  // namespace

#define CHECKED() \
    if (Result error = fails(__func__)) return error
// Of what a recording must not contain.
#define UNRECORDED() \
    CHECKED();       \
    if (recording) return 900

extern "C" {
Result cuInit(unsigned) { CHECKED(); return 0; }
Result cuDriverGetVersion(int* version) { *version = 12040; return 0; }
Result cuDeviceGetCount(int* count) { *count = int(number("STANDIN_GPUS", 1)); return 0; }
Result cuDeviceGet(int* device, int number) { *device = number; return 0; }
Result cuDeviceGetName(char* name, int size, int) { std::snprintf(name, size, "stand-in"); return 0; }
Result cuDeviceGetAttribute(int* value, int attribute, int) {
    *value = attribute == 75 ? 9 : attribute == 97 ? int(SHARED) : attribute == 115;
    return 0;
}
Result cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = total(); return 0; }
Result cuMemGetInfo_v2(size_t* available, size_t* all) { *all = total(); *available = number("STANDIN_FREE", *all - used); return 0; }
Result cuDevicePrimaryCtxRetain(void** context, int) { CHECKED(); *context = &memory; return 0; }
Result cuDevicePrimaryCtxRelease_v2(int) { return 0; }
Result cuCtxGetCurrent(void** context) { *context = &memory; return 0; }
Result cuCtxSetCurrent(void*) { return 0; }
Result cuCtxSynchronize() { return 0; }
Result cuModuleLoadData(void** module, const void*) { CHECKED(); *module = functions; return 0; }
Result cuModuleUnload(void*) { return 0; }
Result cuModuleGetFunction(void** function, void*, const char* name) {
    for (Function& own : functions)
        if (!std::strcmp(own.name, name)) { *function = &own; return 0; }
    return 500;
}
Result cuFuncSetAttribute(void* function, int attribute, int value) {
    if (attribute != 8 || size_t(value) > SHARED) return 1;
    static_cast<Function*>(function)->shared = value;
    return 0;
}
Result cuMemAllocAsync(Pointer* pointer, size_t size, void*) {
    UNRECORDED();
    if (!size) return 1;
    if (used + size > total()) return 2;
    auto own = std::make_unique<host::Guarded>(size);
    *pointer = Pointer(own->data);
    used += size;
    memory[*pointer] = std::move(own);
    return 0;
}
Result cuMemFreeAsync(Pointer pointer, void*) {
    UNRECORDED();
    const auto found = memory.find(pointer);
    if (found == memory.end()) return 1;
    used -= found->second->size;
    memory.erase(found);
    return 0;
}
Result cuMemcpyHtoDAsync_v2(Pointer to, const void* from, size_t size, void*) { UNRECORDED(); std::memcpy((void*)to, from, size); return 0; }
Result cuMemcpyDtoHAsync_v2(void* to, Pointer from, size_t size, void*) { UNRECORDED(); std::memcpy(to, (void*)from, size); return 0; }
Result cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t size, void*) { UNRECORDED(); std::memcpy((void*)to, (void*)from, size); return 0; }
Result cuMemsetD8Async(Pointer to, unsigned char value, size_t size, void*) { UNRECORDED(); std::memset((void*)to, value, size); return 0; }
Result cuStreamSynchronize(void*) { UNRECORDED(); return 0; }
Result cuStreamCreate(void** stream, unsigned) { *stream = &used; return 0; }
Result cuStreamDestroy_v2(void*) { return 0; }
Result cuStreamBeginCapture_v2(void* stream, int) {
    UNRECORDED();
    if (!stream) return 900;
    recording = new Graph;
    return 0;
}
Result cuStreamEndCapture(void*, void** graph) { *graph = std::exchange(recording, nullptr); return 0; }
Result cuGraphInstantiateWithFlags(void** graph, void* of, unsigned long long) { *graph = new Graph(*static_cast<Graph*>(of)); return 0; }
Result cuGraphLaunch(void* graph, void*) {
    UNRECORDED();
    for (const auto& run : *static_cast<Graph*>(graph)) run();
    return 0;
}
Result cuGraphExecDestroy(void* graph) { delete static_cast<Graph*>(graph); return 0; }
Result cuGraphDestroy(void* graph) { delete static_cast<Graph*>(graph); return 0; }
Result cuGetErrorName(Result, const char** text) { *text = "STAND_IN"; return 0; }
Result cuGetErrorString(Result, const char** text) { *text = "an error of the stand-in"; return 0; }
Result cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void*, void** arguments, void**) {
    CHECKED();
    const Function& own = *static_cast<Function*>(function);
    if (bx * by * bz > 1024 || shared > own.shared) return 1;
    const auto run = [=, call = own.call(arguments)] {
        call({gx, gy, gz}, {bx, by, bz}, shared, unsigned(number("STANDIN_ORDER", 0)));
    };
    if (recording) recording->push_back(run);
    else run();
    return 0;
}
}
