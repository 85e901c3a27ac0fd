/* What went wrong, in one sentence: ours, and what TensorFlow said about it. */
#ifndef MCUMATRIX_TFLM_REPORT_H
#define MCUMATRIX_TFLM_REPORT_H

#include <cstdarg>

/* Keeps what TensorFlow says: all messages since the last report_begin. */
void report_add(const char *format, va_list arguments);

/* Forgets everything. */
void report_begin();

/* Sets the sentence; what TensorFlow has said so far stands behind it. */
__attribute__((format(printf, 1, 2))) void report_error(const char *format, ...);

/* The sentence; "" if nothing went wrong. */
const char *report_text();

#endif
