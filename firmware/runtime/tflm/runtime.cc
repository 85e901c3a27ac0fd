/* Implements runtime.h over a tree of TensorFlow Lite Micro, and the model of a rendered model.c. */
#include "runtime.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "edges.h"
#include "generation.h"
#include "layers.h"
#include "memory.h"
#include "model.h"
#include "report.h"

/* Of schema.fbs, "file_identifier" and the field `version` of Model; TensorFlow Lite never had a newer one. */
constexpr std::uint32_t SCHEMA_VERSION = 3;
constexpr unsigned int SMALLEST_MODEL_BYTES = 8; /* root offset and identifier */
constexpr std::uint32_t ENDS_MAX = 16; /* inputs, and outputs */
constexpr std::uint32_t ARENA_STEP_BYTES = 16; /* TensorFlow's alignment of buffers */

static const tflite::Model *model;
static const tflite::SubGraph *graph;
static std::uint32_t arena_needed_bytes; /* 0: known after an inference */
static bool is_ready;                    /* for an inference */
static runtime_memory arena_parts[8]; /* none has a kind where nothing is told */
static runtime_tensor inputs[ENDS_MAX];
static runtime_tensor outputs[ENDS_MAX];

static const tflite::OperatorCode &code_of(std::uint32_t layer) {
    return *model->operator_codes()->Get(graph->operators()->Get(layer)->opcode_index());
}

/* Whether runtime_layer_op can give a name as it is. */
static bool is_word(const char *name) {
    std::uint32_t length = 0;
    while (name[length] > ' ' && name[length] <= '~' && length <= RUNTIME_MAX_OP_BYTES) {
        length++;
    }
    return length > 0 && length <= RUNTIME_MAX_OP_BYTES && name[length] == '\0';
}

static const char *name_of(const tflite::OperatorCode &code) {
    const tflite::BuiltinOperator op = generation::operator_of(code);
    const bool has_own = op == tflite::BuiltinOperator_CUSTOM && code.custom_code() != nullptr;
    return has_own && is_word(code.custom_code()->c_str()) ? code.custom_code()->c_str()
                                                           : tflite::EnumNameBuiltinOperator(op);
}

static std::uint32_t element_size_bytes(tflite::TensorType type) {
    switch (type) {
    case tflite::TensorType_FLOAT32:
    case tflite::TensorType_INT32:
        return 4;
    case tflite::TensorType_INT64:
        return 8;
    case tflite::TensorType_INT16:
        return 2;
    case tflite::TensorType_UINT8:
    case tflite::TensorType_INT8:
    case tflite::TensorType_BOOL:
        return 1;
    default:
        return 0;
    }
}

static bool is_handle(std::int32_t tensor) {
    return std::strcmp(tflite::EnumNameTensorType(graph->tensors()->Get(static_cast<std::uint32_t>(tensor))->type()),
                       "RESOURCE") == 0;
}

/* All but `data`. Returns false, and says why, if runtime.h cannot express it. */
static bool describe(std::int32_t index, const char *whose, std::uint32_t layer, runtime_tensor *described) {
    const tflite::Tensor *tensor = graph->tensors()->Get(static_cast<std::uint32_t>(index));
    const std::uint32_t element_bytes = element_size_bytes(tensor->type());
    const std::uint32_t rank = tensor->shape() == nullptr ? 0 : tensor->shape()->size();
    if (element_bytes == 0) {
        report_error("the %s of layer %lu has elements of type %s; the benchmark knows FLOAT32, INT64, INT32, INT16, "
                     "INT8, UINT8 and BOOL",
                     whose, static_cast<unsigned long>(layer), tflite::EnumNameTensorType(tensor->type()));
        return false;
    }
    if (rank > RUNTIME_MAX_RANK) {
        report_error("the %s of layer %lu has %lu dimensions; the benchmark knows at most %d", whose,
                     static_cast<unsigned long>(layer), static_cast<unsigned long>(rank), RUNTIME_MAX_RANK);
        return false;
    }
    *described = runtime_tensor();
    described->type = static_cast<runtime_type>(tensor->type());
    described->rank = rank;
    described->size_bytes = element_bytes;
    for (std::uint32_t dimension = 0; dimension < rank; dimension++) {
        described->dims[dimension] = tensor->shape()->Get(dimension);
        described->size_bytes *= static_cast<std::uint32_t>(described->dims[dimension]);
    }
    const tflite::QuantizationParameters *quantization = tensor->quantization();
    if (quantization != nullptr && quantization->scale() != nullptr && quantization->scale()->size() > 0) {
        described->scale = quantization->scale()->Get(0);
        if (quantization->zero_point() != nullptr && quantization->zero_point()->size() > 0) {
            described->zero_point = static_cast<std::int32_t>(quantization->zero_point()->Get(0));
        }
    }
    return true;
}

/* Assignments and calls write none, and handles of variables are no data: nothing is described of these. */
static bool output_of(std::uint32_t layer, runtime_tensor *described, int *tensor) {
    const tflite::Operator *op = graph->operators()->Get(layer);
    *described = runtime_tensor();
    *tensor = NO_TENSOR;
    if (op->outputs() == nullptr || op->outputs()->size() == 0 || is_handle(op->outputs()->Get(0))) {
        described->rank = 1;
        return true;
    }
    *tensor = op->outputs()->Get(0);
    return describe(*tensor, "output", layer, described);
}

static bool read_model() {
    if (tflm_model_size_bytes < SMALLEST_MODEL_BYTES || !tflite::ModelBufferHasIdentifier(tflm_model)) {
        report_error("the model is no TensorFlow Lite model: it has not the identifier %s", tflite::ModelIdentifier());
        return false;
    }
    model = tflite::GetModel(tflm_model);
    if (model->version() != SCHEMA_VERSION) {
        report_error("the model has version %lu of TensorFlow Lite's schema; TensorFlow knows version %lu",
                     static_cast<unsigned long>(model->version()), static_cast<unsigned long>(SCHEMA_VERSION));
        return false;
    }
    if (model->subgraphs()->size() != 1 && !generation::calls_graphs()) {
        report_error("the model has %lu subgraphs; this TensorFlow Lite Micro runs models with one",
                     static_cast<unsigned long>(model->subgraphs()->size()));
        return false;
    }
    graph = model->subgraphs()->Get(0);
    if (graph->inputs()->size() - 1 >= ENDS_MAX || graph->outputs()->size() - 1 >= ENDS_MAX) {
        report_error("the model has %lu inputs and %lu outputs; the benchmark knows 1 to %lu of each",
                     static_cast<unsigned long>(graph->inputs()->size()),
                     static_cast<unsigned long>(graph->outputs()->size()), static_cast<unsigned long>(ENDS_MAX));
        return false;
    }
    if (graph->operators()->size() == 0 || graph->operators()->size() > LAYERS_MAX) {
        report_error("the model has %lu layers; the runtime tflm knows 1 to %lu",
                     static_cast<unsigned long>(graph->operators()->size()), static_cast<unsigned long>(LAYERS_MAX));
        return false;
    }
    return true;
}

static bool check_layer(std::uint32_t layer) {
    const tflite::OperatorCode &code = code_of(layer);
    const Registration *kernel = generation::find(code);
    if (kernel == nullptr || kernel->invoke == nullptr) {
        report_error("layer %lu is %s in version %ld, for which this TensorFlow has no kernel",
                     static_cast<unsigned long>(layer), name_of(code), static_cast<long>(code.version()));
        return false;
    }
    if (timed_kernel(kernel) == nullptr) {
        report_error("the model uses more than %lu different kernels; the runtime tflm knows no more",
                     static_cast<unsigned long>(KERNELS_MAX));
        return false;
    }
    runtime_tensor written;
    int tensor;
    return output_of(layer, &written, &tensor);
}

/* Places the tensors in the first bytes of the arena. */
static bool starts_in(std::uint32_t size_bytes) {
    report_begin();
    memory_paint();
    return generation::start(model, tflm_arena, size_bytes) == kTfLiteOk;
}

/* The smallest arena that is not refused, in steps of ARENA_STEP_BYTES. What is planned with lies in the arena too, spread
 * over all that is free, so that looking at what was written would tell too much.
 *
 * No arena is tried that has not room for what stays: that was written when it was last started, and only plans that do
 * not fit are known to be refused in every release. */
static std::uint32_t find_needed_bytes() {
    std::uint32_t fits = tflm_arena_size_bytes;
    std::uint32_t too_small = 0;
    while (too_small == 0) {
        const std::uint32_t written = memory_used_bytes(fits);
        const std::uint32_t next = (written + ARENA_STEP_BYTES - 1) / ARENA_STEP_BYTES * ARENA_STEP_BYTES;
        if (next >= fits) {
            return fits;
        }
        if (starts_in(next)) {
            fits = next;
        } else {
            too_small = next;
        }
    }
    while (fits - too_small > ARENA_STEP_BYTES) {
        const std::uint32_t middle = too_small + (fits - too_small) / 2 / ARENA_STEP_BYTES * ARENA_STEP_BYTES;
        if (starts_in(middle)) {
            fits = middle;
        } else {
            too_small = middle;
        }
    }
    return fits;
}

/* What the tree's recorder has told, and what is persistent without the recorder, which is so too. */
static void keep_arena_parts(const generation::Recorded &recorded) {
    const std::size_t persistent = generation::arena_used_bytes() - recorded.non_persistent;
    const runtime_memory parts[] = {
        {"non_persistent", static_cast<std::uint32_t>(recorded.non_persistent)},
        {"persistent", static_cast<std::uint32_t>(persistent)},
        {"eval_tensors", static_cast<std::uint32_t>(recorded.eval_tensors)},
        {"persistent_tensors", static_cast<std::uint32_t>(recorded.persistent_tensors)},
        {"quantization", static_cast<std::uint32_t>(recorded.quantization)},
        {"persistent_buffers", static_cast<std::uint32_t>(recorded.persistent_buffers)},
        {"variable_tensors", static_cast<std::uint32_t>(recorded.variable_tensors)},
        {"nodes", static_cast<std::uint32_t>(recorded.nodes)},
    };
    static_assert(sizeof parts == sizeof arena_parts, "there is a place for each");
    std::memcpy(arena_parts, parts, sizeof parts);
}

static bool place(const TfLiteTensor *tensor, runtime_tensor *described) {
    if (tensor == nullptr || tensor->data.raw == nullptr) {
        report_error("TensorFlow has placed no input or no output");
        return false;
    }
    described->data = tensor->data.raw;
    return true;
}

/* Makes all ready for the first inference. */
static bool starts() {
    if (!starts_in(tflm_arena_size_bytes)) {
        report_error("TensorFlow could not prepare the model in an arena of %u bytes", tflm_arena_size_bytes);
        return false;
    }
    for (std::uint32_t index = 0; index < runtime_input_count(); index++) {
        if (!place(generation::input(index), &inputs[index])) {
            return false;
        }
    }
    for (std::uint32_t index = 0; index < runtime_output_count(); index++) {
        if (!place(generation::output(index), &outputs[index])) {
            return false;
        }
    }
    return true;
}

enum runtime_status runtime_setup(void) {
    report_begin();
    generation::begin();
    if (!read_model()) {
        return RUNTIME_ERROR;
    }
    for (std::uint32_t layer = 0; layer < runtime_layer_count(); layer++) {
        if (!check_layer(layer)) {
            return RUNTIME_ERROR;
        }
    }
    for (std::uint32_t index = 0; index < runtime_input_count(); index++) {
        if (!describe(graph->inputs()->Get(index), "input", 0, &inputs[index])) {
            return RUNTIME_ERROR;
        }
    }
    for (std::uint32_t index = 0; index < runtime_output_count(); index++) {
        if (!describe(graph->outputs()->Get(index), "output", runtime_layer_count() - 1, &outputs[index])) {
            return RUNTIME_ERROR;
        }
    }
    arena_needed_bytes = 0;
    if (starts_in(tflm_arena_size_bytes) && generation::plans_arena()) {
        arena_needed_bytes = find_needed_bytes();
    }
    generation::Recorded recorded;
    const bool is_recorded =
        arena_needed_bytes != 0 && generation::record(model, tflm_arena, tflm_arena_size_bytes, &recorded);
    is_ready = starts();
    if (is_ready && is_recorded) {
        keep_arena_parts(recorded);
    }
    return is_ready ? RUNTIME_OK : RUNTIME_ERROR;
}

void runtime_forget(void) {
    if (tflm_keeps_state != 0) {
        is_ready = starts();
    }
}

uint32_t runtime_input_count(void) {
    return graph->inputs()->size();
}

const struct runtime_tensor *runtime_input(uint32_t index) {
    return &inputs[index];
}

uint32_t runtime_output_count(void) {
    return graph->outputs()->size();
}

const struct runtime_tensor *runtime_output(uint32_t index) {
    return &outputs[index];
}

uint32_t runtime_layer_count(void) {
    return graph->operators()->size();
}

const char *runtime_layer_op(uint32_t layer) {
    return name_of(code_of(layer));
}

uintptr_t runtime_layer_code(uint32_t layer) {
    const Registration *kernel = generation::find(code_of(layer));
    return reinterpret_cast<uintptr_t>(kernel->invoke) & ~static_cast<uintptr_t>(1);
}

const char *runtime_layer_used(uint32_t layer, uint32_t index) {
    return layers_used(layer, index);
}

enum runtime_status runtime_invoke(runtime_layer_callback *on_layer, void *context) {
    if (!is_ready) {
        return RUNTIME_ERROR; /* and why is said already */
    }
    report_begin();
    layers_begin(output_of, on_layer, context);
    const TfLiteStatus status = generation::invoke();
    if (status != kTfLiteOk) {
        report_error("TensorFlow failed in layer %lu", static_cast<unsigned long>(layers_done()));
        return RUNTIME_ERROR;
    }
    if (layers_done() != runtime_layer_count()) {
        report_error("TensorFlow has run %lu of %lu layers", static_cast<unsigned long>(layers_done()),
                     static_cast<unsigned long>(runtime_layer_count()));
        return RUNTIME_ERROR;
    }
    return RUNTIME_OK;
}

enum runtime_status runtime_invoke_between(runtime_layer_edge *begin, runtime_layer_edge *end) {
    edges_begin(begin, end);
    const runtime_status status = runtime_invoke(nullptr, nullptr);
    edges_end();
    return status;
}

uint32_t runtime_arena_bytes(void) {
    return arena_needed_bytes != 0 ? arena_needed_bytes : memory_used_bytes(tflm_arena_size_bytes);
}

struct runtime_memory runtime_arena_part(uint32_t index) {
    return index < sizeof arena_parts / sizeof *arena_parts ? arena_parts[index] : runtime_memory();
}

const char *runtime_error(void) {
    return report_text();
}
