/* What went wrong, in one sentence: ours, and what TensorFlow said about it. */
#ifndef MCUMATRIX_TFLM_REPORT_H
#define MCUMATRIX_TFLM_REPORT_H

#include "tree.h"

/* Collects what TensorFlow reports; all messages since the last report_begin. */
tflite::ErrorReporter *report_collector();

/* Forgets everything. */
void report_begin();

/* Sets the sentence; what TensorFlow has said so far stands behind it. */
__attribute__((format(printf, 1, 2))) void report_error(const char *format, ...);

/* The sentence; "" if nothing went wrong. */
const char *report_text();

#endif
