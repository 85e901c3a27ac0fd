#include <cstring>

#include "answer_builder.h"
#include "mnist_prot_generated.h"
#include "protocols.h"

extern "C" {
#include "image.h"
#include "measure.h"
#include "port.h"
#include "reals.h"
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

/* Whether the model takes such numbers: one input, of as many. */
bool takes(const flatbuffers::Vector<float> &digit) {
    if (runtime_input_count() != 1 || runtime_output_count() == 0) {
        return false;
    }
    const runtime_tensor &input = *runtime_input(0);
    const runtime_tensor &output = *runtime_output(0);
    return has_reals(&input) && digit.size() == tensor_element_count(&input) && has_reals(&output) &&
           tensor_element_count(&output) <= MAX_OUTPUTS;
}

void load(const flatbuffers::Vector<float> &digit) {
    server_model_was_used();
    runtime_forget();
    const runtime_tensor &input = *runtime_input(0);
    for (uint32_t i = 0; i < digit.size(); i++) {
        set_real(&input, input.data, i, digit.Get(i));
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
        values[i] = real_of(&output, i);
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
