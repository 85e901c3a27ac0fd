/* What newlib asks of the board: a serial port behind every file, and a heap up to the stack. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "device.h"

extern char end[], _heap_limit[];

int _write(int file, const char *data, int size)
{
    (void)file;
    return serial_send((const uint8_t *)data, (uint16_t)size, 1000) ? -1 : size;
}

void *_sbrk(ptrdiff_t increment)
{
    static char *top = end;
    char *before = top;
    if (top + increment > _heap_limit) {
        errno = ENOMEM;
        return (void *)-1;
    }
    top += increment;
    return before;
}

int _read(int file, char *data, int size) { (void)file; (void)data; (void)size; return 0; }
int _close(int file) { (void)file; return -1; }
int _fstat(int file, struct stat *status) { (void)file; status->st_mode = S_IFCHR; return 0; }
int _isatty(int file) { (void)file; return 1; }
off_t _lseek(int file, off_t offset, int whence) { (void)file; (void)offset; (void)whence; return 0; }
int _getpid(void) { return 1; }
int _kill(int process, int signal) { (void)process; (void)signal; errno = EINVAL; return -1; }
void _exit(int status) { (void)status; for (;;) { } }
