/* What takes the tree's messages as long as an interpreter is given a reporter: up to the middle of 2022. */
#ifndef MCUMATRIX_TFLM_COLLECTOR_H
#define MCUMATRIX_TFLM_COLLECTOR_H

#include "report.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include "tensorflow/lite/core/api/error_reporter.h"
#pragma GCC diagnostic pop

class Collector : public tflite::ErrorReporter {
  public:
    int Report(const char *format, va_list arguments) override {
        report_add(format, arguments);
        return 0;
    }
};

static Collector collector;

#endif
