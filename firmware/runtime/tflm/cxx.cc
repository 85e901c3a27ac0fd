/* What compiled C++ may refer to besides its own functions, so that images need no C++ library: that one's would bring
 * exceptions with them. */
#include <cstddef>
#include <cstdlib>
#include <new>

extern "C" {

void *__dso_handle;

/* Called in place of a pure virtual function: Itanium C++ ABI 3.2.6. */
void __cxa_pure_virtual() {
    std::abort();
}

/* A destructor for the program's end, which does not come: Run-time ABI for the Arm Architecture 4.4.5. */
int __aeabi_atexit(void *, void (*)(void *), void *) {
    return 0;
}

}

/* Of TensorFlow's kernels only shapes of more than five dimensions take heap. Nobody looks at the result. */
void *operator new(std::size_t size_bytes) {
    void *memory = std::malloc(size_bytes);
    if (memory == nullptr) {
        std::abort();
    }
    return memory;
}

void *operator new[](std::size_t size_bytes) {
    return operator new(size_bytes);
}

void operator delete(void *memory) noexcept {
    std::free(memory);
}

void operator delete(void *memory, std::size_t) noexcept {
    std::free(memory);
}

void operator delete[](void *memory) noexcept {
    std::free(memory);
}

void operator delete[](void *memory, std::size_t) noexcept {
    std::free(memory);
}
