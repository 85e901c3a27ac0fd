#include "console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "port.h"
#include "wire.h"

#define PRINT_SIZE_BYTES 256

static void print(const char *format, va_list arguments) {
    char text[PRINT_SIZE_BYTES];
    int length = vsnprintf(text, sizeof text, format, arguments);
    if (length > 0) {
        size_t size_bytes = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
        port_write(text, size_bytes);
    }
}

void console_print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
}

void console_error(const char *format, ...) {
    console_print("%s", WIRE_ERROR_PREFIX);
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
    console_print("\r\n");
}

const char *console_read_line(void) {
    static char line[WIRE_MAX_LINE_BYTES]; /* the end of a line makes room for the NUL */
    size_t length = 0;
    bool is_too_long = false;
    bool is_damaged = false;
    for (;;) {
        int byte = port_read();
        if (byte == PORT_BYTE_LOST) {
            /* Noise between lines does no harm, and a line that lost its beginning is not a command. */
            is_damaged = length > 0 || is_too_long;
        } else if (byte != '\r' && byte != '\n') {
            /* A NUL would hide what follows it. No command has one; this one is not printable either. */
            char character = byte == '\0' ? '\x7f' : (char)byte;
            if (length < sizeof line - 1) {
                line[length++] = character;
            } else {
                is_too_long = true;
            }
        } else if (is_too_long || is_damaged) {
            if (is_too_long) {
                console_error("a line may have %u bytes with its end; this one is longer and was skipped",
                              WIRE_MAX_LINE_BYTES);
            } else {
                console_error("bytes of the line were lost on the way; send it again");
            }
            length = 0;
            is_too_long = is_damaged = false;
        } else if (length > 0) {
            line[length] = '\0';
            return line;
        }
    }
}

void console_escape(char *escaped, size_t escaped_size_bytes, const char *text) {
    static const char ellipsis[] = "...";
    size_t used = 0;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        bool is_plain = byte >= ' ' && byte <= '~' && byte != '\\';
        size_t needed = (is_plain ? 1 : 4) + (text[1] == '\0' ? 1 : sizeof ellipsis);
        if (used + needed > escaped_size_bytes) {
            memcpy(escaped + used, ellipsis, sizeof ellipsis);
            return;
        }
        used += (size_t)snprintf(escaped + used, escaped_size_bytes - used, is_plain ? "%c" : "\\x%02x", byte);
    }
    escaped[used] = '\0';
}
