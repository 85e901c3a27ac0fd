#include "report.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

/* Several messages for one mistake are usual: a kernel says what, the interpreter says where. */
static char said[192];
static char sentence[320];

static bool is_end(char character) {
    return character == '\n' || character == '\r' || character == '.' || character == ' ';
}

/* As much of a message as there is room for, without line ends, after what was said before. */
void report_add(const char *format, va_list arguments) {
    const char *separator = said[0] == '\0' ? "" : "; ";
    const std::size_t before = std::strlen(said);
    const std::size_t start = before + std::strlen(separator);
    if (start + 1 >= sizeof said) {
        return;
    }
    (void)std::vsnprintf(said + start, sizeof said - start, format, arguments);
    std::size_t end = start + std::strlen(said + start);
    while (end > start && is_end(said[end - 1])) {
        said[--end] = '\0';
    }
    for (std::size_t place = start; place < end; place++) {
        if (said[place] < ' ') {
            said[place] = ' ';
        }
    }
    if (end == start) {
        said[before] = '\0';
    } else {
        std::memcpy(said + before, separator, start - before);
    }
}

void report_begin() {
    said[0] = '\0';
    sentence[0] = '\0';
}

void report_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)std::vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (said[0] != '\0') {
        const std::size_t length = std::strlen(sentence);
        (void)std::snprintf(sentence + length, sizeof sentence - length, ": %s", said);
    }
}

const char *report_text() {
    return sentence;
}

/* The function through which the tree says what does not go through a reporter. Its own is left out of the sources. */
#if TFLM_LOG_TAKES_ARGUMENTS

extern "C" void DebugLog(const char *format, va_list arguments);
extern "C" int DebugVsnprintf(char *buffer, size_t size_bytes, const char *format, va_list arguments);

void DebugLog(const char *format, va_list arguments) {
    report_add(format, arguments);
}

int DebugVsnprintf(char *buffer, size_t size_bytes, const char *format, va_list arguments) {
    return std::vsnprintf(buffer, size_bytes, format, arguments);
}

#else

extern "C" void DebugLog(const char *text);

static void add_text(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report_add(format, arguments);
    va_end(arguments);
}

void DebugLog(const char *text) {
    add_text("%s", text);
}

#endif

/* Profilers of the tree ask for the time, and nobody looks at what they found. Without a parameter or a result in their
 * names, these fit all releases. */
namespace tflite {

std::uint32_t ticks_per_second();
std::uint32_t GetCurrentTimeTicks();

std::uint32_t ticks_per_second() {
    return 0;
}

std::uint32_t GetCurrentTimeTicks() {
    return 0;
}

}  // namespace tflite
