/* The tree's interpreter, and what every generation does with it in the same way. To be included once, by the file of a
 * generation. */
#ifndef MCUMATRIX_TFLM_INTERPRETER_H
#define MCUMATRIX_TFLM_INTERPRETER_H

#include "generation.h"
#include "room.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include MICRO_HEADER(micro_interpreter.h)
#pragma GCC diagnostic pop

static Room<tflite::MicroInterpreter> interpreter_room;
static tflite::MicroInterpreter *interpreter;

TfLiteTensor *generation::input(std::uint32_t index) {
    return interpreter->input(index);
}

TfLiteTensor *generation::output(std::uint32_t index) {
    return interpreter->output(index);
}

TfLiteStatus generation::invoke() {
    return interpreter->Invoke();
}

#endif
