/* What newlib asks of a system: a heap, a place to print, and an end. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fault.h"
#include "port.h"

/* From the linker script. */
extern uint8_t heap_start[], heap_end[];

void *_sbrk(ptrdiff_t increment_bytes) {
    static uint8_t *break_now = heap_start;
    if (increment_bytes > heap_end - break_now || increment_bytes < heap_start - break_now) {
        errno = ENOMEM;
        return (void *)-1;
    }
    uint8_t *before = break_now;
    break_now += increment_bytes;
    return before;
}

/* Every open file is the serial port. */
int _write(int file, const char *data, int size_bytes) {
    (void)file;
    port_write(data, (size_t)size_bytes);
    return size_bytes;
}

int _fstat(int file, struct stat *status) {
    (void)file;
    status->st_mode = S_IFCHR;
    return 0;
}

int _isatty(int file) {
    (void)file;
    return 1;
}

/* Input comes through port_read only. */
int _read(int file, char *data, int size_bytes) {
    (void)file;
    (void)data;
    (void)size_bytes;
    return 0;
}

int _lseek(int file, int offset, int whence) {
    (void)file;
    (void)offset;
    (void)whence;
    return 0;
}

int _close(int file) {
    (void)file;
    errno = EBADF;
    return -1;
}

_Noreturn void _exit(int status) {
    (void)status;
    fault_program_ended("exit was called");
}

int _getpid(void) {
    return 1;
}

/* abort and assert send a signal to the one process that there is. */
int _kill(int process, int signal) {
    (void)process;
    (void)signal;
    fault_program_ended("abort was called");
}
