/* What the server needs, for images that have it not. Weak, and read by the linker last: what an image has without the
 * server, it has from where it had it. Were libraries to bring these, the constants of all others would move. */
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#define NEEDED __attribute__((weak))

extern "C" NEEDED int memcmp(const void *one, const void *other, std::size_t size_bytes) {
    const uint8_t *of_one = static_cast<const uint8_t *>(one);
    const uint8_t *of_other = static_cast<const uint8_t *>(other);
    for (std::size_t i = 0; i < size_bytes; i++) {
        if (of_one[i] != of_other[i]) {
            return of_one[i] < of_other[i] ? -1 : 1;
        }
    }
    return 0;
}

/* Cores with FPv5 have an instruction for it; to the nearest, halves away from zero. */
extern "C" NEEDED float roundf(float value) {
    if (!(value > -8388608.0f && value < 8388608.0f)) {
        return value; /* from 2^23 on there are whole numbers alone */
    }
    float whole = static_cast<float>(static_cast<int32_t>(value));
    float rest = value - whole;
    return rest >= 0.5f ? whole + 1.0f : rest <= -0.5f ? whole - 1.0f : whole;
}

extern "C" NEEDED void __cxa_pure_virtual() {
    std::abort();
}

/* Nothing of the server is made by new: FlatBuffers would do so without an allocator, and has one. */
NEEDED void *operator new[](std::size_t) {
    std::abort();
}

NEEDED void operator delete[](void *) noexcept {
    std::abort();
}

NEEDED void operator delete[](void *, std::size_t) noexcept {
    std::abort();
}

NEEDED void operator delete(void *) noexcept {
    std::abort();
}

NEEDED void operator delete(void *, std::size_t) noexcept {
    std::abort();
}
