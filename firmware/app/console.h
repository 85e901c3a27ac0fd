/* Lines for people: reading them, and printing them. */
#ifndef MCUMATRIX_CONSOLE_H
#define MCUMATRIX_CONSOLE_H

#include <stddef.h>

/* Prints like printf; one call prints 255 characters at most. Lines end with "\r\n". */
__attribute__((format(printf, 1, 2))) void console_print(const char *format, ...);

/* Prints one line `ERROR: ...`; `format` has no line end. */
__attribute__((format(printf, 1, 2))) void console_error(const char *format, ...);

/* Waits for a line that is not empty and returns it without its end, which is CR, LF or both. Prints an error and
 * goes on waiting where a line is too long or a byte of it was lost. It is valid until the next call. */
const char *console_read_line(void);

/* Puts `text` into `escaped`, with what is not printable as \xNN, and with `...` for what does not fit. */
void console_escape(char *escaped, size_t escaped_size_bytes, const char *text);

#endif
