"""The runtime tflm, over trees of our own with what it uses of TensorFlow Lite Micro, in each generation."""

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest

from mcumatrix import wire
from mcumatrix.stages.render import render_config_header, render_sample, render_wire_header
from support.firmware_images import (
    FIRMWARE,
    HELLO,
    REPOSITORY,
    Terminal,
    run,
    symbol_address,
    write_anew,
)

GENERATIONS = ("allocator", "arena", "profiler", "log")
DIGIT = bytes(range(1, 17))
ARENA_BYTES = 4096
TENSOR_BYTES = 16
TENSORS = 4
PERSISTENT_BYTES = 32

# What a model of the fake tree does, by the byte behind its identifier.
FINE, TWO_GRAPHS, CUSTOM, NO_KERNEL, STRING, RANK_9, BAD_OPTIONS, FAIL, MANY_INPUTS, LONG_WORDS = range(10)
COUNTS, NAMES_VARIABLES = 10, 11

CORE = {
    "tensorflow/lite/core/api/error_reporter.h": """\
        #pragma once
        #include <cstdarg>
        namespace tflite {
        class ErrorReporter {
          public:
            virtual ~ErrorReporter() {}
            virtual int Report(const char *format, va_list arguments) = 0;
            int Report(const char *format, ...) {
                va_list arguments;
                va_start(arguments, format);
                const int result = Report(format, arguments);
                va_end(arguments);
                return result;
            }
        };
        }
        """,
    "tensorflow/lite/schema/schema_generated.h": """\
        #pragma once
        #include <cstdint>
        template <typename T> struct List {
            const T *items;
            std::uint32_t count;
            std::uint32_t size() const { return count; }
            T Get(std::uint32_t index) const { return items[index]; }
        };
        struct Text {
            const char *characters;
            const char *c_str() const { return characters; }
        };
        #define FIELD(type, name) type name##_; type name() const { return name##_; }
        namespace tflite {
        enum BuiltinOperator {
            BuiltinOperator_ADD = 0,
            BuiltinOperator_CONV_2D = 3,
            BuiltinOperator_SOFTMAX = 25,
            BuiltinOperator_CUSTOM = 32,
            BuiltinOperator_ABS = 101,
            BuiltinOperator_GELU = 150,
        };
        enum TensorType {
            TensorType_FLOAT32 = 0,
            TensorType_INT32 = 2,
            TensorType_UINT8 = 3,
            TensorType_INT64 = 4,
            TensorType_STRING = 5,
            TensorType_BOOL = 6,
            TensorType_INT16 = 7,
            TensorType_INT8 = 9,
        };
        inline const char *EnumNameBuiltinOperator(BuiltinOperator op) {
            return op == BuiltinOperator_ADD ? "ADD" : op == BuiltinOperator_CONV_2D ? "CONV_2D" :
                op == BuiltinOperator_SOFTMAX ? "SOFTMAX" : op == BuiltinOperator_GELU ? "GELU" : "ABS";
        }
        inline const char *EnumNameTensorType(TensorType type) {
            return type == TensorType_STRING ? "STRING" : "another";
        }
        struct QuantizationParameters {
            FIELD(const List<float> *, scale)
            FIELD(const List<std::int64_t> *, zero_point)
        };
        struct Tensor {
            FIELD(const List<std::int32_t> *, shape)
            FIELD(TensorType, type)
            FIELD(const QuantizationParameters *, quantization)
        };
        struct OperatorCode {
        #if defined(FAKE_PROFILER) || defined(FAKE_LOG)
            FIELD(std::int8_t, deprecated_builtin_code)
        #endif
            FIELD(BuiltinOperator, builtin_code)
            FIELD(const Text *, custom_code)
            FIELD(std::int32_t, version)
        };
        struct Operator {
            FIELD(std::uint32_t, opcode_index)
            FIELD(const List<std::int32_t> *, inputs)
            FIELD(const List<std::int32_t> *, outputs)
        };
        struct SubGraph {
            FIELD(const List<const Tensor *> *, tensors)
            FIELD(const List<std::int32_t> *, inputs)
            FIELD(const List<std::int32_t> *, outputs)
            FIELD(const List<const Operator *> *, operators)
        };
        struct Model {
            FIELD(std::uint32_t, version)
            FIELD(const List<const OperatorCode *> *, operator_codes)
            FIELD(const List<const SubGraph *> *, subgraphs)
        };
        extern int fake_deed;
        extern int fake_kept;
        const Model *GetModel(const void *bytes);
        inline const char *ModelIdentifier() { return "TFL3"; }
        inline bool ModelBufferHasIdentifier(const void *bytes) {
            return __builtin_memcmp(static_cast<const char *>(bytes) + 4, "TFL3", 4) == 0;
        }
        }
        """,
    "types.h": """\
        #pragma once
        #include <cstddef>
        #include <cstdint>
        #include "tensorflow/lite/schema/schema_generated.h"
        #if defined(FAKE_PROFILER) || defined(FAKE_LOG)
        #define FAKE_PARSED
        #endif
        #ifdef FAKE_LOG
        #define REGISTRATION TFLMRegistration
        #else
        #include "tensorflow/lite/core/api/error_reporter.h"
        #define REGISTRATION TfLiteRegistration
        #endif
        enum TfLiteStatus { kTfLiteOk, kTfLiteError };
        struct TfLiteTensor { union { char *raw; std::int8_t *int8; } data; };
        struct TfLiteContext {
        #ifdef FAKE_PARSED
            TfLiteTensor *(*GetEvalTensor)(const TfLiteContext *context, int index);
        #else
            TfLiteTensor *tensors;
        #endif
        #ifndef FAKE_LOG
            tflite::ErrorReporter *reporter;
        #endif
        };
        /* Through the reporter, or since there is none through DebugLog. */
        void fake_report(TfLiteContext *context, const char *format, ...);
        struct TfLiteNode { int layer; std::int8_t *input; std::int8_t *output; };
        struct REGISTRATION {
            TfLiteStatus (*prepare)(TfLiteContext *context, TfLiteNode *node);
            TfLiteStatus (*invoke)(TfLiteContext *context, TfLiteNode *node);
            int builtin_code;
        };
        """,
    "tensorflow/lite/core/api/op_resolver.h": """\
        #pragma once
        #include "types.h"
        namespace tflite {
        class OpResolver {
          public:
            virtual const TfLiteRegistration *FindOp(BuiltinOperator op, int version) const = 0;
            virtual const TfLiteRegistration *FindOp(const char *op, int version) const = 0;
            virtual ~OpResolver() {}
        };
        }
        """,
    "MICRO/micro_common.h": """\
        #pragma once
        #include "types.h"
        """,
    "MICRO/micro_op_resolver.h": """\
        #pragma once
        #include "types.h"
        #ifdef FAKE_LOG
        #define ALSO_BY_VERSION
        #else
        #include "tensorflow/lite/core/api/op_resolver.h"
        #define ALSO_BY_VERSION : public OpResolver
        #endif
        namespace tflite {
        using FakeParser = TfLiteStatus (*)(const Operator *op);
        class MicroOpResolver ALSO_BY_VERSION {
          public:
            virtual ~MicroOpResolver() {}
            virtual const REGISTRATION *FindOp(BuiltinOperator op) const = 0;
            virtual const REGISTRATION *FindOp(const char *op) const = 0;
            virtual FakeParser GetOpDataParser(BuiltinOperator op) const = 0;
        #ifndef FAKE_LOG
            const TfLiteRegistration *FindOp(BuiltinOperator op, int) const final { return FindOp(op); }
            const TfLiteRegistration *FindOp(const char *op, int) const final { return FindOp(op); }
        #endif
        };
        }
        """,
    "kernels.h": """\
        #pragma once
        #include "types.h"
        /* A list of registrations, as resolvers keep them. */
        struct FakeList {
            void Add(int op, const REGISTRATION &kernel) {
                kernels[count] = kernel;
                kernels[count].builtin_code = op;
                count++;
            }
            const REGISTRATION *Find(int op) const {
                for (int i = 0; i < count; i++) if (kernels[i].builtin_code == op) return &kernels[i];
                return nullptr;
            }
            REGISTRATION kernels[8];
            int count = 0;
        };
        """,
    "MICRO/micro_mutable_op_resolver.h": """\
        #pragma once
        #include "kernels.h"
        #include "micro_op_resolver.h"
        namespace tflite {
        REGISTRATION Register_CONV_2D();
        REGISTRATION Register_ADD();
        REGISTRATION Register_GELU();
        REGISTRATION Register_NOWHERE();
        template <unsigned int tOpCount>
        class MicroMutableOpResolver : public MicroOpResolver {
          public:
            const REGISTRATION *FindOp(BuiltinOperator op) const override { return list_.Find(op); }
            const REGISTRATION *FindOp(const char *name) const override {
                return __builtin_strcmp(name, "FANCY") == 0 ? list_.Find(BuiltinOperator_CUSTOM) : nullptr;
            }
            static TfLiteStatus Parse(const Operator *) {
                return fake_deed == 6 ? kTfLiteError : kTfLiteOk;
            }
            FakeParser GetOpDataParser(BuiltinOperator) const override { return Parse; }
            TfLiteStatus AddConv2D() { return Add(BuiltinOperator_CONV_2D, Register_CONV_2D()); }
            TfLiteStatus AddAdd() { return Add(BuiltinOperator_ADD, Register_ADD()); }
            TfLiteStatus AddGelu() { return Add(BuiltinOperator_GELU, Register_GELU()); }
            TfLiteStatus AddFancy() { return Add(BuiltinOperator_CUSTOM, Register_GELU()); }
            TfLiteStatus AddNowhere() { return Add(BuiltinOperator_ABS, Register_NOWHERE()); }
          private:
            TfLiteStatus Add(BuiltinOperator op, const REGISTRATION &kernel) {
                list_.Add(op, kernel);
                return kTfLiteOk;
            }
            FakeList list_;
        };
        }
        """,
    "MICRO/kernels/all_ops_resolver.h": """\
        #pragma once
        #include "kernels.h"
        #include "tensorflow/lite/core/api/op_resolver.h"
        namespace tflite { namespace ops { namespace micro {
        class AllOpsResolver : public OpResolver {
          public:
            AllOpsResolver();
            const TfLiteRegistration *FindOp(BuiltinOperator op, int version) const override {
                return version == 1 ? list_.Find(op) : nullptr;
            }
            const TfLiteRegistration *FindOp(const char *, int) const override { return nullptr; }
            void AddBuiltin(BuiltinOperator op, TfLiteRegistration *kernel, int = 1, int = 1) {
                list_.Add(op, *kernel);
            }
          private:
            FakeList list_;
        };
        } } }
        """,
    "MICRO/simple_tensor_allocator.h": """\
        #pragma once
        namespace tflite {
        struct SimpleTensorAllocator {
            SimpleTensorAllocator(std::uint8_t *buffer, int size) : buffer(buffer), size(size) {}
            std::uint8_t *buffer;
            int size;
        };
        }
        """,
    "MICRO/micro_interpreter.h": """\
        #pragma once
        #include "types.h"
        #if defined(FAKE_ALLOCATOR)
        #include "simple_tensor_allocator.h"
        #endif
        #if defined(FAKE_ALLOCATOR) || defined(FAKE_ARENA)
        #include "tensorflow/lite/core/api/op_resolver.h"
        #define RESOLVER OpResolver
        #else
        #include "micro_op_resolver.h"
        #define RESOLVER MicroOpResolver
        #endif
        #ifdef FAKE_LOG
        #include "micro_resource_variable.h"
        #endif
        namespace tflite {
        class MicroInterpreter {
          public:
            TfLiteStatus initialization_status() const { return status_; }
            TfLiteTensor *input(int) { return &tensors_[0]; }
            TfLiteTensor *output(int) { return &tensors_[graph_->outputs()->Get(0)]; }
        #ifdef FAKE_ALLOCATOR
            MicroInterpreter(const Model *model, const RESOLVER &resolver, SimpleTensorAllocator *allocator,
                             ErrorReporter *reporter)
                : MicroInterpreter(model, resolver, allocator->buffer, allocator->size, reporter, 0) {
                status_ = Place(0);
            }
            TfLiteStatus Invoke() { return ForAll(true, true); }
        #else
        #ifdef FAKE_LOG
            MicroInterpreter(const Model *model, const RESOLVER &resolver, std::uint8_t *arena,
                             std::size_t size, MicroResourceVariables *variables)
                : MicroInterpreter(model, resolver, arena, size, nullptr, 0) {
                const int count = variables == nullptr ? 0 : variables->count;
                if (count != (fake_deed == 11 ? 2 : 0)) {
                    fake_report(&context_, "there are %d variables", count);
                    status_ = kTfLiteError;
                }
            }
        #else
            MicroInterpreter(const Model *model, const RESOLVER &resolver, std::uint8_t *arena,
                             std::size_t size, ErrorReporter *reporter)
                : MicroInterpreter(model, resolver, arena, size, reporter, 0) {}
        #endif
            TfLiteStatus AllocateTensors() {
                const TfLiteStatus placed = Place(32);
                if (placed == kTfLiteOk) {
                    /* As the planner of 2.1 does: it spreads its lists over all that is free. */
                    const std::size_t half = (size_ - 32) / 2 & ~static_cast<std::size_t>(3);
                    __builtin_memset(arena_ + half, 0, 4);
                }
                return placed == kTfLiteOk ? ForAll(true, false) : placed;
            }
            TfLiteStatus Invoke() { return ForAll(false, true); }
            std::size_t arena_used_bytes() const { return 16 * graph_->tensors()->size() + 32; }
        #endif
          private:
            MicroInterpreter(const Model *model, const RESOLVER &resolver, std::uint8_t *arena,
                             std::size_t size, void *reporter, int)
                : model_(model), graph_(model->subgraphs()->Get(0)), resolver_(resolver), arena_(arena),
                  size_(size), context_() {
        #ifndef FAKE_LOG
                context_.reporter = static_cast<ErrorReporter *>(reporter);
        #endif
                (void)reporter;
        #ifdef FAKE_PARSED
                static TfLiteTensor *tensors;
                tensors = tensors_;
                context_.GetEvalTensor = [](const TfLiteContext *, int index) { return &tensors[index]; };
        #else
                context_.tensors = tensors_;
        #endif
            }
            /* Tensors from the start, what is kept about them at the end. */
            TfLiteStatus Place(std::size_t persistent) {
                fake_kept = 0;
                const std::size_t needed = 16 * graph_->tensors()->size() + persistent;
                if (needed > size_) {
                    fake_report(&context_, "%d bytes are needed.\\n", static_cast<int>(needed));
                    return kTfLiteError;
                }
                for (std::uint32_t i = 0; i < graph_->tensors()->size(); i++) {
                    tensors_[i].data.raw = reinterpret_cast<char *>(arena_ + 16 * i);
                }
                __builtin_memset(arena_ + size_ - persistent, 0, persistent);
                return kTfLiteOk;
            }
            TfLiteStatus ForAll(bool prepare, bool invoke) {
                for (std::uint32_t i = 0; i < graph_->operators()->size(); i++) {
                    const Operator *op = graph_->operators()->Get(i);
                    const OperatorCode *code = model_->operator_codes()->Get(op->opcode_index());
        #ifdef FAKE_PARSED
                    const int wide = code->builtin_code(), narrow = code->deprecated_builtin_code();
                    const BuiltinOperator which = static_cast<BuiltinOperator>(wide > narrow ? wide : narrow);
                    const bool is_custom = which == BuiltinOperator_CUSTOM;
                    const REGISTRATION *kernel =
                        is_custom ? resolver_.FindOp(code->custom_code()->c_str()) : resolver_.FindOp(which);
                    if (!is_custom && resolver_.GetOpDataParser(which)(op) != kTfLiteOk) {
                        fake_report(&context_, "%s: options are bad", EnumNameBuiltinOperator(which));
                        return kTfLiteError;
                    }
        #else
                    const BuiltinOperator which = code->builtin_code();
                    const TfLiteRegistration *kernel = resolver_.FindOp(which, code->version());
        #endif
                    TfLiteNode node = {static_cast<int>(i), tensors_[op->inputs()->Get(0)].data.int8,
                                       tensors_[op->outputs()->Get(0)].data.int8};
                    if (prepare && kernel->prepare && kernel->prepare(&context_, &node) != kTfLiteOk) {
                        fake_report(&context_, "node %d did not prepare\\n", static_cast<int>(i));
                        return kTfLiteError;
                    }
                    if (invoke && kernel->invoke(&context_, &node) != kTfLiteOk) {
                        fake_report(&context_, "node %d did not run\\n", static_cast<int>(i));
                        return kTfLiteError;
                    }
                }
                return kTfLiteOk;
            }
            const Model *model_;
            const SubGraph *graph_;
            const RESOLVER &resolver_;
            std::uint8_t *arena_;
            std::size_t size_;
            TfLiteContext context_;
            TfLiteStatus status_ = kTfLiteOk;
            TfLiteTensor tensors_[8];
        };
        }
        """,
    "MICRO/recording_micro_interpreter.h": """\
        #pragma once
        #include "micro_interpreter.h"
        namespace tflite {
        enum class RecordedAllocationType {
            kTfLiteEvalTensorData,
            kPersistentTfLiteTensorData,
            kPersistentTfLiteTensorQuantizationData,
            kPersistentBufferData,
            kTfLiteTensorVariableBufferData,
            kNodeAndRegistrationArray,
        };
        struct RecordedAllocation {
            std::size_t requested_bytes, used_bytes, count;
        };
        struct RecordingAllocator {
        #ifdef FAKE_LOG
            std::size_t GetNonPersistentUsedBytes() const { return 64; }
        #else
            std::size_t GetHeadUsedBytes() const { return 64; }
        #endif
        };
        struct RecordingMicroAllocator {
            RecordingAllocator allocator;
            const RecordingAllocator *GetSimpleMemoryAllocator() const { return &allocator; }
            RecordedAllocation GetRecordedAllocation(RecordedAllocationType type) const {
                return {1, 3 + static_cast<std::size_t>(type), 1};
            }
        };
        class RecordingMicroInterpreter : public MicroInterpreter {
          public:
            template <typename... Others>
            RecordingMicroInterpreter(const Model *model, const RESOLVER &resolver, std::uint8_t *arena,
                                      std::size_t size, Others... others)
                : MicroInterpreter(model, resolver, arena, size, others...), size_(size) {}
            /* It needs room for itself. */
            TfLiteStatus AllocateTensors() {
                return size_ < 512 ? kTfLiteError : MicroInterpreter::AllocateTensors();
            }
            const RecordingMicroAllocator &GetMicroAllocator() const { return allocator_; }
          private:
            std::size_t size_;
            RecordingMicroAllocator allocator_;
        };
        }
        """,
    "model.cc": """\
        #include "types.h"
        #ifdef FAKE_PARSED
        #define CODE(op) {static_cast<std::int8_t>(op > 127 ? 127 : op), op, nullptr, 1}
        #define THIRD BuiltinOperator_GELU
        #else
        #define CODE(op) {op, nullptr, 1}
        #define THIRD BuiltinOperator_SOFTMAX
        #endif
        namespace tflite {
        int fake_deed;
        int fake_kept;
        static const Text name = {"FANCY"};
        static const std::int32_t sides[] = {1, 2, 2, 4, 1, 1, 1, 1, 1};
        static List<std::int32_t> shape = {sides, 4}, flat = {sides + 3, 2};
        static const float scales[] = {0.25f, 9};
        static const std::int64_t zeros[] = {-3, 9};
        static const List<float> scale = {scales, 2};
        static const List<std::int64_t> zero = {zeros, 2};
        static const QuantizationParameters quantized = {&scale, &zero};
        static Tensor t0 = {&shape, TensorType_INT8, &quantized}, t1 = t0;
        static Tensor t2 = {&shape, TensorType_UINT8, nullptr}, t3 = {&flat, TensorType_FLOAT32, nullptr};
        static const Tensor *const tensors[] = {&t0, &t1, &t2, &t3};
        static const List<const Tensor *> all_tensors = {tensors, 4};
        static const std::int32_t indices[] = {0, 1, 2, 3};
        static List<std::int32_t> input = {indices, 1};
        static const List<std::int32_t> one = {indices, 1}, two = {indices + 1, 1}, three = {indices + 2, 1},
                                        four = {indices + 3, 1};
        static OperatorCode conv = CODE(BuiltinOperator_CONV_2D), add = CODE(BuiltinOperator_ADD);
        static OperatorCode last = CODE(THIRD);
        static const OperatorCode *const codes[] = {&last, &add, &conv};
        static const List<const OperatorCode *> all_codes = {codes, 3};
        static const Operator o0 = {2, &one, &two}, o1 = {1, &two, &three};
        static const Operator o2 = {2, &three, &two}, o3 = {0, &two, &four};
        static const Operator *const operators[] = {&o0, &o1, &o2, &o3};
        static const List<const Operator *> all_operators = {operators, 4};
        static SubGraph graph = {&all_tensors, &input, &four, &all_operators};
        static const SubGraph *const graphs[] = {&graph, &graph};
        static List<const SubGraph *> all_graphs = {graphs, 1};
        static Model model = {3, &all_codes, &all_graphs};

        const Model *GetModel(const void *bytes) {
            fake_deed = static_cast<const char *>(bytes)[8];
            model.version_ = static_cast<const char *>(bytes)[9];
            switch (fake_deed) {
            case 1: all_graphs.count = 2; break;
            case 2: last = CODE(BuiltinOperator_CUSTOM); last.custom_code_ = &name; break;
            case 3: last = CODE(BuiltinOperator_ABS); break;
            case 4: t2.type_ = TensorType_STRING; break;
            case 5: shape.count = 9; break;
            case 8: input.count = 17; break;
            }
            return &model;
        }
        }
        """,
    "kernels.cc": """\
        #include "kernels.h"
        #include "cmsis.h"
        /* Each element twice, 3 more; the function takes two arguments on the stack. */
        extern "C" TfLiteStatus fake_conv(TfLiteContext *, TfLiteNode *node) {
            if (node->layer != 0) {
                for (int i = 0; i < 16; i++) node->output[i] = node->input[i];
                return kTfLiteOk;
            }
            return arm_twice_s8(node->input, node->output, 16, 2, 3, 1) == 77 ? kTfLiteOk : kTfLiteError;
        }
        extern "C" TfLiteStatus fake_add(TfLiteContext *context, TfLiteNode *node) {
            if (tflite::fake_deed == 7) {
                fake_report(context, "the kernel is tired, %s", "it says");
                return kTfLiteError;
            }
            if (tflite::fake_deed == 9) {
                for (int i = 0; i < 50; i++) fake_report(context, "a long word and %d ", i);
                return kTfLiteError;
            }
            arm_negate_s8(node->input, node->output, arm_size_of(16));
            if (tflite::fake_deed == 10) node->output[0] = static_cast<std::int8_t>(++tflite::fake_kept);
            return kTfLiteOk;
        }
        extern "C" TfLiteStatus fake_last(TfLiteContext *, TfLiteNode *node) {
            float *output = reinterpret_cast<float *>(node->output);
            for (int i = 0; i < 4; i++) output[i] = node->input[i] * 0.5f;
            return kTfLiteOk;
        }
        static TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *) {
            arm_never_s8();
            if (tflite::fake_deed == 6) {
                fake_report(context, "options are bad");
                return kTfLiteError;
            }
            return kTfLiteOk;
        }
        #ifdef FAKE_PARSED
        namespace tflite {
        #else
        namespace tflite { namespace ops { namespace micro {
        #endif
        static REGISTRATION conv = {prepare, fake_conv, 0}, add = {nullptr, fake_add, 0};
        static REGISTRATION last = {nullptr, fake_last, 0};
        #ifdef FAKE_PARSED
        REGISTRATION Register_CONV_2D() { return conv; }
        REGISTRATION Register_ADD() { return add; }
        REGISTRATION Register_GELU() { return last; }
        }
        #else
        REGISTRATION *Register_CONV_2D() { return &conv; }
        REGISTRATION *Register_ADD() { return &add; }
        REGISTRATION *Register_SOFTMAX() { return &last; }
        } } }
        #endif

        #ifdef FAKE_LOG
        #include "tensorflow/lite/micro/debug_log.h"
        #endif
        #include <cstdarg>
        void fake_report(TfLiteContext *context, const char *format, ...) {
            va_list arguments;
            va_start(arguments, format);
        #ifdef FAKE_LOG
            (void)context;
            DebugLog(format, arguments);
        #else
            context->reporter->Report(format, arguments);
        #endif
            va_end(arguments);
        }
        """,
    "MICRO/micro_resource_variable.h": """\
        #pragma once
        #include <cstddef>
        #include <cstdint>
        namespace tflite {
        struct MicroAllocator {
            static MicroAllocator *Create(std::uint8_t *bytes, std::size_t size) {
                return size >= sizeof(MicroAllocator) ? reinterpret_cast<MicroAllocator *>(bytes) : nullptr;
            }
            int count;
        };
        struct MicroResourceVariables : MicroAllocator {
            static MicroResourceVariables *Create(MicroAllocator *allocator, int number) {
                allocator->count = number;
                return static_cast<MicroResourceVariables *>(allocator);
            }
        };
        }
        """,
    "MICRO/debug_log.h": """\
        #pragma once
        #include <cstdarg>
        #include <cstddef>
        extern "C" {
        #ifdef FAKE_LOG
        void DebugLog(const char *format, va_list args);
        int DebugVsnprintf(char *buffer, size_t size, const char *format, va_list args);
        #else
        void DebugLog(const char *text);
        #endif
        }
        """,
    "cmsis.h": """\
        #pragma once
        #include <stdint.h>
        #ifdef __cplusplus
        extern "C" {
        #endif
        int arm_twice_s8(const int8_t *from, int8_t *to, int count, int factor, int offset, int again);
        int arm_size_of(int count);
        void arm_negate_s8(const int8_t *from, int8_t *to, int count);
        void arm_never_s8(void);
        #ifdef __cplusplus
        }
        #endif
        """,
    "cmsis.c": """\
        #include "cmsis.h"
        int arm_twice_s8(const int8_t *from, int8_t *to, int count, int factor, int offset, int again) {
            for (int i = 0; i < count; i++) to[i] = (int8_t)(from[i] * factor + offset * again);
            return 77;
        }
        int arm_size_of(int count) { return count; }
        void arm_negate_s8(const int8_t *from, int8_t *to, int count) {
            for (int i = 0; i < count; i++) to[i] = (int8_t)-from[i];
        }
        void arm_never_s8(void) {}
        """,
}
"""Files of a tree; MICRO is the folder of the generation."""

MICRO = {
    "allocator": "tensorflow/lite/experimental/micro",
    "arena": "tensorflow/lite/micro",
    "profiler": "tensorflow/lite/micro",
    "log": "tensorflow/lite/micro",
}
NOT_SINCE_THE_LOG = ("tensorflow/lite/core/api/op_resolver.h", "tensorflow/lite/core/api/error_reporter.h")
"""What trees have no longer."""

TRACED = ("arm_never_s8", "arm_negate_s8", "arm_size_of", "arm_twice_s8")


def write_tree(folder: Path, generation: str) -> None:
    for name, text in CORE.items():
        if generation != "log" or name not in NOT_SINCE_THE_LOG:
            path = folder / name.replace("MICRO", MICRO[generation])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))


def is_parsed(generation: str) -> bool:
    """Whether kernels are found by operator alone, and operators above 127 are known."""
    return generation in ("profiler", "log")


def operators_of(generation: str) -> dict[str, str]:
    """What the list of the tree's operators says of each."""
    if is_parsed(generation):
        return {
            "ADD": "AddAdd()",
            "CONV_2D": "AddConv2D()",
            "CUSTOM_FANCY": "AddFancy()",
            "GELU": "AddGelu()",
        }
    names = ("ADD", "CONV_2D", "SOFTMAX")
    register = "AddBuiltin(tflite::BuiltinOperator_{0}, tflite::ops::micro::Register_{0}(), 1, 1)"
    return {name: register.format(name) for name in names}


def write_operators(path: Path, generation: str, *others: str) -> None:
    lines = [f"KERNEL(Register_{name})" for name in operators_of(generation)]
    lines += [f"OPERATOR({name}, {call})" for name, call in operators_of(generation).items()]
    path.write_text("\n".join([*lines, *others, ""]))


def write_list(path: Path, generation: str, kernels: str) -> None:
    optimised = kernels == "cmsis-nn"
    path.write_text(
        dedent(f"""\
            set(tflm_generation {generation})
            set(tflm_registration {"TFLMRegistration" if generation == "log" else "TfLiteRegistration"})
            set(tflm_log_takes_arguments {int(generation == "log")})
            set(tflm_has_recorder {int(is_parsed(generation))})
            set(tflm_micro {MICRO[generation]})
            set(tflm_sources
              "${{MCUMATRIX_TREE_TENSORFLOW}}/model.cc" "${{MCUMATRIX_TREE_TENSORFLOW}}/kernels.cc")
            set(tflm_kernel_sources {'"${MCUMATRIX_TREE_TENSORFLOW}/kernels.cc"' if optimised else ""})
            set(tflm_cmsis_sources "${{MCUMATRIX_TREE_TENSORFLOW}}/cmsis.c")
            set(tflm_include_directories "${{MCUMATRIX_TREE_TENSORFLOW}}")
            set(tflm_definitions FAKE_{generation.upper()})
            set(tflm_traced_functions {" ".join(TRACED) if optimised else ""})
            """)
    )


def make_library(folder: Path, generation: str, kernels: str = "cmsis-nn", operators: str = "") -> Path:
    write_tree(folder / "tree", generation)
    write_list(folder / "list.cmake", generation, kernels)
    write_operators(folder / "operators.inc", generation)
    run(
        *("cmake", "-G", "Ninja", "-S", FIRMWARE / "runtime", "-B", folder / "library"),
        f"-DCMAKE_TOOLCHAIN_FILE={FIRMWARE}/cmake/arm-none-eabi.cmake",
        *("-DMCUMATRIX_BOARD=stm32f746g_disco", "-DMCUMATRIX_RUNTIME=tflm", f"-DMCUMATRIX_KERNELS={kernels}"),
        *(f"-DMCUMATRIX_TFLM_LIST={folder}/list.cmake", f"-DMCUMATRIX_TREE_TENSORFLOW={folder}/tree"),
        *(f"-DMCUMATRIX_TFLM_OPERATORS={folder}/operators.inc", f"-DMCUMATRIX_OPERATORS={operators}"),
    )
    run("ninja", "-j2", "-C", folder / "library")
    return folder / "library" / "libruntime.a"


@dataclass(frozen=True)
class Model:
    """What the fake tree reads from a model, and the arena that it gets."""

    deed: int = FINE
    version: int = 3
    identifier: bytes = b"TFL3"
    arena_bytes: int = ARENA_BYTES
    operators: tuple[str, ...] = ("ADD", "CONV_2D", "GELU", "SOFTMAX", "UNKNOWN")
    keeps_state: bool = False
    variables: int = 0

    def render(self) -> str:
        data = struct.pack("<I4sBBxx", 12, self.identifier, self.deed, self.version)
        return dedent(f"""\
            #include "model.h"
            _Alignas(16) const unsigned char tflm_model[] = {{{", ".join(str(byte) for byte in data)}}};
            const unsigned int tflm_model_size_bytes = {len(data)};
            const unsigned int tflm_keeps_state = {int(self.keeps_state)};
            const unsigned int tflm_variable_count = {self.variables}, tflm_variables_size_bytes = 16;
            _Alignas(16) unsigned char tflm_variables[16];
            _Alignas(16) unsigned char tflm_arena[{self.arena_bytes}];
            const unsigned int tflm_arena_size_bytes = {self.arena_bytes};
            {
            " ".join(
                f"extern tflm_operator tflm_operator_{name} __attribute__((weak));" for name in self.operators
            )
        } tflm_operator *const tflm_operators[] = {{
                {" ".join(f"tflm_operator_{name}," for name in self.operators)} 0
            }};
            const unsigned int tflm_operator_count = {len(self.operators)};
            """)


def make_image(folder: Path, library: Path, model: Model, *options: str) -> Path:
    """Makes an image in a folder where others may have been made: what is common to them is compiled once."""
    generated, templates = folder / "generated", REPOSITORY / "templates"
    generated.mkdir(parents=True, exist_ok=True)
    hello = replace(HELLO, runtime="tflm", kernels="cmsis-nn")
    for name, data in (
        ("wire.h", render_wire_header(templates)),
        ("config.h", render_config_header(templates, hello)),
        ("sample.c", render_sample(DIGIT)),
        ("model.c", model.render().encode()),
    ):
        write_anew(generated / name, data)
    run(
        *("cmake", "-G", "Ninja", "-S", FIRMWARE, "-B", folder / "image"),
        f"-DCMAKE_TOOLCHAIN_FILE={FIRMWARE}/cmake/arm-none-eabi.cmake",
        *("-DMCUMATRIX_BOARD=stm32f746g_disco", "-DMCUMATRIX_RUNTIME=tflm"),
        *(f"-DMCUMATRIX_GENERATED={generated}", f"-DMCUMATRIX_LIBRARY={library}"),
        *options,
    )
    run("ninja", "-j2", "-C", folder / "image")
    return folder / "image" / "image.elf"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the library for a generation and a kind of kernels; each one once."""
    made: dict[tuple[str, str], Path] = {}

    def make(generation: str, kernels: str = "cmsis-nn") -> Path:
        if (generation, kernels) not in made:
            made[generation, kernels] = make_library(tmp_path_factory.mktemp(generation), generation, kernels)
        return made[generation, kernels]

    return make


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, Model], Path]:
    """linked(library, model) gives the ELF file of an image, which stays as it is."""
    folder, images = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("images")
    numbers = count()

    def link(library: Path, model: Model) -> Path:
        elf = images / f"{next(numbers)}.elf"
        elf.write_bytes(make_image(folder, library, model).read_bytes())
        return elf

    return link


@pytest.fixture(scope="module")
def image(library: Callable[..., Path], linked: Callable[[Path, Model], Path]) -> Callable[..., Path]:
    """Makes the image for a generation, a model, and a kind of kernels; each one once."""

    @cache
    def make(generation: str, model: Model = Model(), kernels: str = "cmsis-nn") -> Path:
        return linked(library(generation, kernels), model)

    return make


@pytest.fixture
def power_on(image: Callable[..., Path]) -> Iterator[Callable[..., Terminal]]:
    """Starts a board with such an image."""
    with ExitStack() as boards:
        yield lambda *arguments: boards.enter_context(Terminal(image(*arguments)))


def answer(terminal: Terminal, command: wire.Command) -> wire.Exchange:
    (exchange,) = wire.read_exchanges(terminal.ask(command).encode())
    return exchange


def payload(exchange: wire.Exchange) -> bytes:
    return b"".join(line.payload for line in exchange.of(wire.DataLine))


def ops(generation: str) -> list[str]:
    """The fake's fourth layer is an operator above 127 where there are such."""
    return ["CONV_2D", "ADD", "CONV_2D", "GELU" if is_parsed(generation) else "SOFTMAX"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_layers_are_named_timed_and_traced_in_the_order_of_execution(power_on, image, generation):
    elf = image(generation)
    bench = answer(power_on(generation), wire.RunBench(0xBEEF, 1, 2))
    assert bench.ok, bench.text
    kernels = ["fake_conv", "fake_add", "fake_conv", "fake_last"]
    assert [(layer.layer, layer.op, layer.code) for layer in bench.of(wire.Layer)] == [
        (index, op, symbol_address(elf, kernel))
        for index, (op, kernel) in enumerate(zip(ops(generation), kernels, strict=True))
    ]
    # Not arm_never_s8, which runs only when layers are prepared.
    assert bench.of(wire.Used) == (
        wire.Used(0, "arm_twice_s8"),
        wire.Used(1, "arm_negate_s8"),
        wire.Used(1, "arm_size_of"),
    )
    times = bench.of(wire.Time)
    assert [(time.repeat, time.layer) for time in times] == [(r, layer) for r in (0, 1) for layer in range(4)]
    assert all(time.cycles > 0 for time in times)
    totals = bench.of(wire.Total)
    for repeat in (0, 1):
        assert sum(time.cycles for time in times if time.repeat == repeat) < totals[repeat].cycles


TELLS_EDGES = r"""
#include <inttypes.h>
#include "console.h"
#include "runtime.h"

enum runtime_status __real_runtime_invoke(runtime_layer_callback *on_layer, void *context);

static void begin(uint32_t layer) { console_print("begin %" PRIu32 "\r\n", layer); }
static void end(uint32_t layer) { console_print("end %" PRIu32 "\r\n", layer); }

/* Infer has no callback. */
enum runtime_status __wrap_runtime_invoke(runtime_layer_callback *on_layer, void *context) {
    return on_layer == 0 ? runtime_invoke_between(begin, end) : __real_runtime_invoke(on_layer, context);
}
"""


def test_layers_have_edges_and_are_timed_and_answer_as_without(power_on, library, tmp_path):
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated" / "edges.c").write_text(TELLS_EDGES)
    wrapped = "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--wrap=runtime_invoke"
    plain = power_on("arena")
    with Terminal(make_image(tmp_path, library("arena"), Model(), wrapped)) as terminal:
        for nonce in (1, 2):
            told = answer(terminal, wire.Infer(nonce))
            assert told.ok
            assert told.text == tuple(f"{what} {layer}" for layer in range(4) for what in ("begin", "end"))
            assert payload(told) == payload(answer(plain, wire.Infer(nonce)))
        bench = answer(terminal, wire.RunBench(0xBEEF, 0, 1))
    assert not bench.text
    assert bench.of(wire.Used) == answer(plain, wire.RunBench(0xBEEF, 0, 1)).of(wire.Used)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_arguments_reach_traced_functions_unharmed(power_on, generation):
    terminal = power_on(generation)
    first = bytes(2 * byte + 3 for byte in DIGIT)
    second = bytes(256 - byte for byte in first)
    last = struct.pack("<4f", *(-0.5 * byte for byte in first[:4]))
    for layer, expected in enumerate((first, second, second, last)):
        dump = answer(terminal, wire.DumpLayer(0xBEEF, layer))
        assert dump.ok, dump.text
        assert payload(dump) == expected
    bench = answer(terminal, wire.RunBench(0xBEEF, 0, 1))
    assert payload(bench) == last
    assert bench.of(wire.Total)[0].output_crc32 == zlib.crc32(last)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_tensors_are_described_as_in_the_model(power_on, generation):
    terminal = power_on(generation)
    (hidden,) = answer(terminal, wire.DumpLayer(0xBEEF, 0)).of(wire.Tensor)
    assert (hidden.type, hidden.dims, hidden.scale, hidden.zero_point) == (9, "1x2x2x4", 0.25, -3)
    (unsigned,) = answer(terminal, wire.DumpLayer(0xBEEF, 1)).of(wire.Tensor)
    assert (unsigned.type, unsigned.dims, unsigned.scale, unsigned.zero_point) == (3, "1x2x2x4", 0.0, 0)
    (last,) = answer(terminal, wire.DumpLayer(0xBEEF, 3)).of(wire.Tensor)
    assert (last.type, last.dims, last.size_bytes) == (0, "4x1", 16)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_arena_counts_as_far_as_it_is_needed(power_on, generation):
    bench = answer(power_on(generation), wire.RunBench(0xBEEF, 1, 1))
    kept = 0 if generation == "allocator" else PERSISTENT_BYTES
    assert bench.of(wire.Memory) == (wire.Memory(TENSORS * TENSOR_BYTES + kept),)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_arena_is_told_by_kind_where_the_tree_records_it(power_on, generation):
    bench = answer(power_on(generation), wire.RunBench(0xBEEF, 1, 1))
    told = {part.kind: part.size_bytes for part in bench.of(wire.Arena)}
    of_types = ("eval_tensors", "persistent_tensors", "quantization", "persistent_buffers")
    expected = {"non_persistent": TENSORS * TENSOR_BYTES, "persistent": PERSISTENT_BYTES}
    expected |= {kind: 3 + number for number, kind in enumerate((*of_types, "variable_tensors", "nodes"))}
    assert told == (expected if is_parsed(generation) else {})


@pytest.mark.parametrize("generation", ["profiler", "log"])
def test_a_recorder_that_has_no_room_keeps_nothing_from_running(power_on, generation):
    bench = answer(power_on(generation, Model(arena_bytes=256)), wire.RunBench(0xBEEF, 1, 1))
    assert bench.ok, bench.text
    assert bench.of(wire.Arena) == ()
    assert bench.of(wire.Memory) == (wire.Memory(TENSORS * TENSOR_BYTES + PERSISTENT_BYTES),)


def test_kernels_that_are_not_traced_work_the_same(power_on):
    traced = answer(power_on("arena"), wire.RunBench(0xBEEF, 0, 1))
    plain = answer(power_on("arena", Model(), "reference"), wire.RunBench(0xBEEF, 0, 1))
    assert plain.of(wire.Used) == ()
    assert payload(plain) == payload(traced)
    # What noticing costs: a few instructions for each of the calls.
    for slow, fast in zip(traced.of(wire.Time), plain.of(wire.Time), strict=True):
        assert 0 <= slow.cycles - fast.cycles < 50


BAD_MODELS = {
    "identifier": (
        Model(identifier=b"ELF3"),
        "the model is no TensorFlow Lite model: it has not the identifier TFL3",
    ),
    "version": (
        Model(version=2),
        "the model has version 2 of TensorFlow Lite's schema; TensorFlow knows version 3",
    ),
    "two graphs": (
        Model(TWO_GRAPHS),
        "the model has 2 subgraphs; this TensorFlow Lite Micro runs models with one",
    ),
    "many inputs": (
        Model(MANY_INPUTS),
        "the model has 17 inputs and 1 outputs; the benchmark knows 1 to 16 of each",
    ),
    "custom": (
        Model(CUSTOM),
        "layer 3 is FANCY in version 1, for which this TensorFlow has no kernel",
    ),
    "no kernel": (
        Model(NO_KERNEL),
        "layer 3 is ABS in version 1, for which this TensorFlow has no kernel",
    ),
    "string": (
        Model(STRING),
        "the output of layer 1 has elements of type STRING; "
        "the benchmark knows FLOAT32, INT64, INT32, INT16, INT8, UINT8 and BOOL",
    ),
    "rank": (
        Model(RANK_9),
        "the output of layer 0 has 9 dimensions; the benchmark knows at most 8",
    ),
    "arena": (
        Model(arena_bytes=80),
        "TensorFlow could not prepare the model in an arena of 80 bytes: 96 bytes are needed",
    ),
    "prepare": (
        Model(BAD_OPTIONS),
        "TensorFlow could not prepare the model in an arena of 4096 bytes: "
        "options are bad; node 0 did not prepare",
    ),
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_a_model_that_cannot_run_is_explained(power_on, name):
    model, reason = BAD_MODELS[name]
    boot = power_on("arena", model).boot
    assert f"ERROR: the runtime did not start: {reason}\r\n" in boot


def test_a_custom_operator_without_a_kernel_is_named_whatever_the_generation(power_on):
    for generation in ("allocator", "profiler", "log"):
        assert BAD_MODELS["custom"][1] in power_on(generation, Model(CUSTOM)).boot


@pytest.mark.parametrize("generation", ["profiler", "log"])
def test_a_custom_operator_of_the_tree_runs_and_is_called_by_its_own_name(power_on, image, generation):
    model = Model(CUSTOM, operators=("ADD", "CONV_2D", "CUSTOM_FANCY"))
    bench = answer(power_on(generation, model), wire.RunBench(0xBEEF, 0, 1))
    assert bench.ok, bench.text
    layers = bench.of(wire.Layer)
    assert [layer.op for layer in layers] == ["CONV_2D", "ADD", "CONV_2D", "FANCY"]
    assert layers[3].code == symbol_address(image(generation, model), "fake_last")


@pytest.mark.parametrize("generation", ["profiler", "log"])
def test_a_kernel_without_options_is_explained_where_options_are_read_apart(power_on, generation):
    boot = power_on(generation, Model(BAD_OPTIONS)).boot
    assert "in an arena of 4096 bytes: CONV_2D: options are bad\r\n" in boot


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_kernel_that_fails_is_explained_each_time(power_on, generation):
    terminal = power_on(generation, Model(FAIL))
    for _ in range(2):
        bench = answer(terminal, wire.RunBench(0xBEEF, 0, 1))
        assert not bench.ok
        assert bench.text == (
            "ERROR: the runtime failed: TensorFlow failed in layer 1: "
            "the kernel is tired, it says; node 1 did not run",
        )


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_model_that_keeps_a_state_begins_anew_for_each_inference(power_on, generation):
    bench = answer(power_on(generation, Model(COUNTS, keeps_state=True)), wire.RunBench(0xBEEF, 2, 3))
    assert bench.ok, bench.text
    assert len({total.output_crc32 for total in bench.of(wire.Total)}) == 1
    assert struct.unpack_from("<f", payload(bench)) == (0.5,), "the answer of a first inference"


def test_a_model_with_variables_by_name_gets_a_list_of_them(power_on):
    model = Model(NAMES_VARIABLES, keeps_state=True, variables=2)
    bench = answer(power_on("log", model), wire.RunBench(0xBEEF, 0, 2))
    assert bench.ok, bench.text


def test_nothing_begins_anew_for_a_model_that_keeps_none(power_on):
    bench = answer(power_on("log", Model(COUNTS)), wire.RunBench(0xBEEF, 0, 3))
    assert struct.unpack_from("<f", payload(bench)) == (1.5,), "its third inference"
    assert len({total.output_crc32 for total in bench.of(wire.Total)}) == 3


def test_what_tensorflow_says_at_length_is_cut(power_on):
    bench = answer(power_on("arena", Model(LONG_WORDS)), wire.RunBench(0xBEEF, 0, 1))
    assert not bench.ok
    (line,) = bench.text
    start = "ERROR: the runtime failed: TensorFlow failed in layer 1: a long word and 0; a long word and 1; "
    assert line.startswith(start)
    assert len(line) < 256


@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_image_has_the_kernels_of_its_model_alone(image, generation):
    without_add = image(generation, Model(operators=("CONV_2D", "GELU", "SOFTMAX")))
    assert "fake_add" in run("arm-none-eabi-nm", image(generation))
    names = run("arm-none-eabi-nm", without_add)
    assert "fake_add" not in names
    assert "arm_size_of" not in names, "nor what only that kernel calls"
    assert "fake_conv" in names


@pytest.mark.parametrize("generation", ["arena", "log"])
def test_an_operator_that_the_library_lacks_is_said_when_it_is_needed(power_on, generation):
    boot = power_on(generation, Model(operators=("CONV_2D", "UNKNOWN", "GELU", "SOFTMAX"))).boot
    assert "layer 1 is ADD in version 1, for which this TensorFlow has no kernel\r\n" in boot


@pytest.mark.parametrize("generation", ["arena", "log"])
def test_all_operators_are_there_whatever_the_model_names_if_that_is_asked_for(tmp_path, linked, generation):
    elf = linked(make_library(tmp_path, generation, operators="all"), Model(operators=()))
    assert "fake_add" in run("arm-none-eabi-nm", elf)
    with Terminal(elf) as terminal:
        bench = answer(terminal, wire.RunBench(0xBEEF, 0, 1))
    assert bench.ok, bench.text


def test_an_image_needs_no_library_of_cxx(image):
    names = run("arm-none-eabi-nm", image("arena"))
    assert "__gxx_personality" not in names
    assert "_Unwind_Resume" not in names


def test_the_library_has_the_same_bytes_wherever_its_tree_lies(library, tmp_path):
    elsewhere = make_library(tmp_path / "a" / "much" / "longer" / "path", "arena")
    assert elsewhere.read_bytes() == library("arena").read_bytes()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("set(tflm_generation modern)", 'tflm_generation is "modern"'),
        ("set(tflm_micro)", "tflm_micro is not set"),
        ("set(tflm_registration)", "tflm_registration is not set"),
        ("list(APPEND tflm_sources /nowhere/conv.cc)", "names /nowhere/conv.cc, which does not exist"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused(tmp_path, line, reason):
    write_tree(tmp_path / "tree", "arena")
    write_list(tmp_path / "list.cmake", "arena", "cmsis-nn")
    write_operators(tmp_path / "operators.inc", "arena")
    with (tmp_path / "list.cmake").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(AssertionError) as failure:
        run(
            *("cmake", "-G", "Ninja", "-S", FIRMWARE / "runtime", "-B", tmp_path / "library"),
            f"-DCMAKE_TOOLCHAIN_FILE={FIRMWARE}/cmake/arm-none-eabi.cmake",
            *("-DMCUMATRIX_BOARD=stm32f746g_disco", "-DMCUMATRIX_RUNTIME=tflm"),
            "-DMCUMATRIX_KERNELS=cmsis-nn",
            *(f"-DMCUMATRIX_TFLM_LIST={tmp_path}/list.cmake", f"-DMCUMATRIX_TREE_TENSORFLOW={tmp_path}/tree"),
            f"-DMCUMATRIX_TFLM_OPERATORS={tmp_path}/operators.inc",
        )
    # CMake wraps its messages.
    assert "".join(reason.split()) in "".join(str(failure.value).split())
