#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "answer_builder.h"
#include "inference_request_generated.h"
#include "inference_response_generated.h"
#include "protocols.h"

extern "C" {
#include "image.h"
#include "measure.h"
#include "port.h"
#include "runtime.h"
#include "tensor.h"
#include "wire.h"
}

namespace {

using namespace mcumatrix::inference;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

constexpr uint16_t PROTOCOL_VERSION = 1;

/* What one answer, or one request, has room for beside its tables. */
constexpr uint32_t CHUNK_BYTES = 3072;
constexpr uint32_t MAX_LAYERS_TIMED = 448;
constexpr uint32_t MAX_LAYERS_LISTED = 32;
constexpr uint32_t MAX_TENSORS = 32;

/* Which use of the model the input and the output are of that our client knows; see server_model_uses. */
struct {
    uint32_t input;
    uint32_t output;
    bool has_input;
    bool has_output;
} held __attribute__((section(".sram2")));

bool has_input() {
    return held.has_input && held.input == server_model_uses();
}

bool has_output() {
    return held.has_output && held.output == server_model_uses();
}

/* ---- Tensors, one behind the other ---- */

using TensorOf = const runtime_tensor *(*)(uint32_t index);

uint32_t total_size_bytes(TensorOf tensor_of, uint32_t count) {
    uint32_t size_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_bytes += tensor_of(i)->size_bytes;
    }
    return size_bytes;
}

uint32_t crc32_of(TensorOf tensor_of, uint32_t count) {
    uint32_t crc = 0;
    for (uint32_t i = 0; i < count; i++) {
        crc = wire_crc32(crc, tensor_of(i)->data, tensor_of(i)->size_bytes);
    }
    return crc;
}

/* Calls `part` with what of the bytes from `offset` on, which lie within the tensors, is in each tensor. */
template <typename Part>
void for_parts(TensorOf tensor_of, uint32_t offset, uint32_t size_bytes, Part part) {
    for (uint32_t i = 0; size_bytes > 0; i++) {
        const runtime_tensor &tensor = *tensor_of(i);
        if (offset >= tensor.size_bytes) {
            offset -= tensor.size_bytes;
            continue;
        }
        uint32_t here = tensor.size_bytes - offset;
        here = here < size_bytes ? here : size_bytes;
        part(static_cast<uint8_t *>(tensor.data) + offset, here);
        offset = 0;
        size_bytes -= here;
    }
}

/* ---- Answers ---- */

/* A frame with a body, which is made when all else of it is in the buffer. */
class Answer {
  public:
    explicit Answer(uint32_t nonce) : memory_(answer_buffer()), builder(ANSWER_BUILT_BYTES, &memory_), nonce_(nonce) {}

  private:
    AnswerMemory memory_; /* before the builder, which takes it */

  public:
    FlatBufferBuilder builder;

    template <typename Body>
    server_answer finished(Offset<Body> body) {
        auto response = CreateResponse(builder, nonce_, ResponseBodyTraits<Body>::enum_value, body.Union());
        FinishSizePrefixedResponseBuffer(builder, response);
        uint8_t *bytes = builder.GetBufferPointer();
        uint32_t size_bytes = builder.GetSize();
        uint32_t crc = wire_crc32(0, bytes, size_bytes);
        for (uint32_t i = 0; i < FRAME_CRC_BYTES; i++) {
            bytes[size_bytes + i] = static_cast<uint8_t>(crc >> 8 * i);
        }
        return {bytes, size_bytes + FRAME_CRC_BYTES};
    }

  private:
    uint32_t nonce_;
};

server_answer refused(uint32_t nonce, Problem problem, const char *sentence) {
    Answer answer(nonce);
    auto text = answer.builder.CreateString(sentence);
    return answer.finished(CreateError(answer.builder, problem, text));
}

Offset<flatbuffers::Vector<Offset<Tensor>>> tensors(FlatBufferBuilder &builder, TensorOf tensor_of, uint32_t count) {
    Offset<Tensor> made[MAX_TENSORS];
    for (uint32_t i = 0; i < count; i++) {
        const runtime_tensor &tensor = *tensor_of(i);
        auto shape = builder.CreateVector(tensor.dims, tensor.rank);
        made[i] = CreateTensor(builder, static_cast<TensorType>(tensor.type), shape, tensor.scale, tensor.zero_point,
                               tensor.size_bytes);
    }
    return builder.CreateVector(made, count);
}

server_answer described(uint32_t nonce) {
    if (runtime_input_count() + runtime_output_count() > MAX_TENSORS) {
        return refused(nonce, Problem_MODEL, "the model has more tensors than an answer has room for");
    }
    Answer answer(nonce);
    FlatBufferBuilder &builder = answer.builder;
    auto build_id = builder.CreateString(image.build_id);
    auto board = builder.CreateString(image.board);
    auto runtime = builder.CreateString(image.runtime);
    auto kernels = builder.CreateString(image.kernels);
    auto model = builder.CreateString(image.model);
    auto inputs = tensors(builder, runtime_input, runtime_input_count());
    auto outputs = tensors(builder, runtime_output, runtime_output_count());
    return answer.finished(CreateDescription(builder, PROTOCOL_VERSION, build_id, board, runtime, kernels, model,
                                             port_core_hz(), CHUNK_BYTES, inputs, outputs, runtime_layer_count()));
}

server_answer written(uint32_t nonce, uint32_t offset, const flatbuffers::Vector<uint8_t> *data) {
    uint32_t size_bytes = data == nullptr ? 0 : data->size();
    uint32_t total_bytes = total_size_bytes(runtime_input, runtime_input_count());
    if (offset > total_bytes || size_bytes > total_bytes - offset) {
        char sentence[120];
        (void)std::snprintf(sentence, sizeof sentence,
                            "%" PRIu32 " bytes at offset %" PRIu32 " do not lie within the input of %" PRIu32 " bytes",
                            size_bytes, offset, total_bytes);
        return refused(nonce, Problem_OUT_OF_RANGE, sentence);
    }
    if (offset == 0) {
        server_model_was_used();
        runtime_forget();
        held.input = server_model_uses();
        held.has_input = true;
        held.has_output = false;
    } else if (!has_input()) {
        return refused(nonce, Problem_NO_INPUT,
                       "the benchmark has used the model since the input was begun; write it again from offset 0");
    }
    if (size_bytes > 0) {
        const uint8_t *from = data->data();
        for_parts(runtime_input, offset, size_bytes, [&from](uint8_t *to, uint32_t part_bytes) {
            std::memcpy(to, from, part_bytes);
            from += part_bytes;
        });
    }
    Answer answer(nonce);
    return answer.finished(CreateWritten(answer.builder));
}

server_answer inferred(uint32_t nonce, uint32_t input_crc32) {
    if (!has_input() || crc32_of(runtime_input, runtime_input_count()) != input_crc32) {
        return refused(nonce, Problem_NO_INPUT, "the model has not the input that this is for; write it again");
    }
    held.has_input = false; /* an inference does not keep it */
    if (!measure_inference(0)) {
        char sentence[120];
        (void)std::snprintf(sentence, sizeof sentence, "the runtime failed: %s", runtime_error());
        return refused(nonce, Problem_MODEL, sentence);
    }
    held.output = server_model_uses();
    held.has_output = true;
    Answer answer(nonce);
    uint32_t count = runtime_layer_count() <= MAX_LAYERS_TIMED ? runtime_layer_count() : 0;
    uint64_t *cycles = nullptr;
    auto layers = answer.builder.CreateUninitializedVector(count, &cycles);
    for (uint32_t layer = 0; layer < count; layer++) {
        flatbuffers::WriteScalar(cycles + layer, measure_layer_cycles(0, layer));
    }
    return answer.finished(
        CreateInferred(answer.builder, measure_output_crc32(0), measure_total_cycles(0), layers));
}

server_answer read(uint32_t nonce, uint32_t offset) {
    if (!has_output()) {
        return refused(nonce, Problem_NO_OUTPUT, "there is no output of this client any more; run the inference again");
    }
    uint32_t total_bytes = total_size_bytes(runtime_output, runtime_output_count());
    if (offset > total_bytes) {
        return refused(nonce, Problem_OUT_OF_RANGE, "the outputs have not so many bytes");
    }
    uint32_t size_bytes = total_bytes - offset < CHUNK_BYTES ? total_bytes - offset : CHUNK_BYTES;
    Answer answer(nonce);
    uint8_t *to = nullptr;
    auto data = answer.builder.CreateUninitializedVector(size_bytes, &to);
    for_parts(runtime_output, offset, size_bytes, [&to](const uint8_t *from, uint32_t part_bytes) {
        std::memcpy(to, from, part_bytes);
        to += part_bytes;
    });
    return answer.finished(CreateOutput(answer.builder, data));
}

server_answer listed(uint32_t nonce, uint32_t first) {
    uint32_t count = runtime_layer_count();
    if (first > count) {
        return refused(nonce, Problem_OUT_OF_RANGE, "the model has not so many layers");
    }
    count = count - first < MAX_LAYERS_LISTED ? count - first : MAX_LAYERS_LISTED;
    Answer answer(nonce);
    Offset<flatbuffers::String> names[MAX_LAYERS_LISTED];
    for (uint32_t i = 0; i < count; i++) {
        names[i] = answer.builder.CreateString(runtime_layer_op(first + i));
    }
    auto operators = answer.builder.CreateVector(names, count);
    return answer.finished(CreateLayers(answer.builder, operators));
}

uint32_t word_at(const uint8_t *bytes) {
    return bytes[0] | static_cast<uint32_t>(bytes[1]) << 8 | static_cast<uint32_t>(bytes[2]) << 16 |
           static_cast<uint32_t>(bytes[3]) << 24;
}

} // namespace

void inference_start(void) {
    held.has_input = held.has_output = false;
}

server_answer inference_answer(const uint8_t *frame, uint32_t size_bytes) {
    uint32_t built_bytes = size_bytes - FRAME_CRC_BYTES;
    if (wire_crc32(0, frame, built_bytes) != word_at(frame + built_bytes)) {
        return inference_refusal(INBOX_DAMAGED);
    }
    flatbuffers::Verifier verifier(frame, built_bytes);
    if (!VerifySizePrefixedRequestBuffer(verifier)) {
        return refused(0, Problem_MALFORMED, "these bytes are whole, and are not a request");
    }
    const Request &request = *GetSizePrefixedRequest(frame);
    if (server_problem() != nullptr) {
        return refused(request.nonce(), Problem_MODEL, server_problem());
    }
    /* A body may be missing whatever its type says. */
    if (const Describe *describe = request.body_as_Describe()) {
        (void)describe;
        return described(request.nonce());
    }
    if (const Write *write = request.body_as_Write()) {
        return written(request.nonce(), write->offset(), write->data());
    }
    if (const Infer *infer = request.body_as_Infer()) {
        return inferred(request.nonce(), infer->input_crc32());
    }
    if (const Read *wanted = request.body_as_Read()) {
        return read(request.nonce(), wanted->offset());
    }
    if (const ListLayers *list = request.body_as_ListLayers()) {
        return listed(request.nonce(), list->first());
    }
    return refused(request.nonce(), Problem_MALFORMED, "this request asks for nothing that there is");
}

server_answer inference_refusal(enum inbox_state state) {
    if (state == INBOX_TOO_LONG) {
        return refused(0, Problem_TOO_LONG, "a request may have 4096 bytes; this one is longer and was skipped");
    }
    return refused(0, Problem_DAMAGED, "bytes of the request were lost or changed on the way; send it again");
}
