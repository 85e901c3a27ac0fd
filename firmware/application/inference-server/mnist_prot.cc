#include <cmath>
#include <cstring>
#include <limits>

#include "answer_builder.h"
#include "mnist_prot_generated.h"
#include "protocols.h"

extern "C" {
#include "image.h"
#include "measure.h"
#include "port.h"
#include "runtime.h"
#include "tensor.h"
}

namespace {

/* What the firmware of 2020 says of itself. */
constexpr uint8_t PROTOCOL_VERSION = 100;

/* More would not fit an answer. */
constexpr uint32_t MAX_OUTPUTS = 512;

constexpr server_answer NOTHING{nullptr, 0};

server_answer finished(flatbuffers::FlatBufferBuilder &builder, flatbuffers::Offset<MnistProt::Commands> root) {
    builder.Finish(root);
    return {builder.GetBufferPointer(), builder.GetSize()};
}

server_answer stats() {
    AnswerMemory memory(answer_buffer());
    flatbuffers::FlatBufferBuilder builder(ANSWER_BUILT_BYTES, &memory);
    bool is_optimised = std::strcmp(image.kernels, "cmsis-nn") == 0;
    auto stats = MnistProt::CreateStats(builder, PROTOCOL_VERSION, port_core_hz(),
                                        is_optimised ? MnistProt::Mode_ACCELERATION_CMSIS_NN
                                                     : MnistProt::Mode_ACCELERATION_NONE);
    MnistProt::CommandsBuilder commands(builder);
    commands.add_cmd(MnistProt::Command_CMD_GET_STATS);
    commands.add_stats(stats);
    return finished(builder, commands.Finish());
}

/* The nearest number of an integer type that stands for `value`; what is no number is as far down as it goes. */
template <typename Element>
Element quantised(float value, const runtime_tensor &tensor) {
    constexpr float least = std::numeric_limits<Element>::min();
    constexpr float most = std::numeric_limits<Element>::max();
    float scale = tensor.scale == 0.0f ? 1.0f : tensor.scale;
    float steps = std::round(value / scale) + static_cast<float>(tensor.zero_point);
    if (!(steps > least)) {
        return std::numeric_limits<Element>::min();
    }
    return steps >= most ? std::numeric_limits<Element>::max() : static_cast<Element>(steps);
}

bool is_known(const runtime_tensor &tensor) {
    return tensor.type == RUNTIME_FLOAT32 || tensor.type == RUNTIME_INT8 || tensor.type == RUNTIME_UINT8;
}

/* Whether the model takes such numbers: one input, of as many. */
bool takes(const flatbuffers::Vector<float> &digit) {
    if (runtime_input_count() != 1 || runtime_output_count() == 0) {
        return false;
    }
    const runtime_tensor &input = *runtime_input(0);
    const runtime_tensor &output = *runtime_output(0);
    return is_known(input) && digit.size() == tensor_element_count(&input) && is_known(output) &&
           tensor_element_count(&output) <= MAX_OUTPUTS;
}

/* What an element stands for; without the double precision of tensor_real, which the core has to compute. */
float real(const runtime_tensor &tensor, uint32_t element) {
    float value;
    switch (tensor.type) {
    case RUNTIME_INT8:
        value = static_cast<const int8_t *>(tensor.data)[element];
        break;
    case RUNTIME_UINT8:
        value = static_cast<const uint8_t *>(tensor.data)[element];
        break;
    default:
        return static_cast<const float *>(tensor.data)[element];
    }
    return tensor.scale == 0.0f ? value : tensor.scale * (value - static_cast<float>(tensor.zero_point));
}

void load(const flatbuffers::Vector<float> &digit) {
    server_model_was_used();
    runtime_forget();
    const runtime_tensor &input = *runtime_input(0);
    for (uint32_t i = 0; i < digit.size(); i++) {
        float value = digit.Get(i);
        switch (input.type) {
        case RUNTIME_INT8:
            static_cast<int8_t *>(input.data)[i] = quantised<int8_t>(value, input);
            break;
        case RUNTIME_UINT8:
            static_cast<uint8_t *>(input.data)[i] = quantised<uint8_t>(value, input);
            break;
        default:
            static_cast<float *>(input.data)[i] = value;
        }
    }
}

/* Of all layers, as the firmware of 2020 has it, without what lies between them. */
float layers_ms() {
    uint64_t cycles = 0;
    for (uint32_t layer = 0; layer < runtime_layer_count(); layer++) {
        cycles += measure_layer_cycles(0, layer);
    }
    uint64_t microseconds = cycles * 1000000u / port_core_hz();
    return static_cast<float>(static_cast<uint32_t>(microseconds)) / 1000.0f;
}

server_answer infer(const flatbuffers::Vector<float> &digit) {
    load(digit);
    if (!measure_inference(0)) {
        return NOTHING;
    }
    AnswerMemory memory(answer_buffer());
    flatbuffers::FlatBufferBuilder builder(ANSWER_BUILT_BYTES, &memory);
    const runtime_tensor &output = *runtime_output(0);
    float *values = nullptr;
    uint32_t count = tensor_element_count(&output);
    auto vector = builder.CreateUninitializedVector(count, &values);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = real(output, i);
    }
    /* output_n stays 0, as it does there: with it the answer would be longer than the 92 bytes that are read of it. */
    auto result = MnistProt::CreateInferenceOutput(builder, vector, 0, layers_ms());
    MnistProt::CommandsBuilder commands(builder);
    commands.add_cmd(MnistProt::Command_CMD_INFERENCE_OUTPUT);
    commands.add_ouput(result);
    return finished(builder, commands.Finish());
}

} // namespace

server_answer mnist_prot_answer(const uint8_t *message, uint32_t size_bytes) {
    flatbuffers::Verifier verifier(message, size_bytes);
    if (!MnistProt::VerifyCommandsBuffer(verifier)) {
        return NOTHING;
    }
    const MnistProt::Commands &commands = *MnistProt::GetCommands(message);
    if (commands.cmd() == MnistProt::Command_CMD_GET_STATS) {
        return stats();
    }
    bool asks = commands.cmd() == MnistProt::Command_CMD_INFERENCE_INPUT && commands.input() != nullptr &&
                commands.input()->digit() != nullptr;
    if (!asks || server_problem() != nullptr || !takes(*commands.input()->digit())) {
        return NOTHING;
    }
    return infer(*commands.input()->digit());
}
