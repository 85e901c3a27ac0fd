"""Makes the small models of this folder. They are committed: ordinary tests do not need TensorFlow.

Run it with TensorFlow 2.21 and Keras 3.15, as tools/models/train.py says:
tf/bin/python tests/adapters/models/data/make_models.py

every-option-*: what the benchmark's network does not have. Padding, strides, dilation, odd numbers of
channels, depth multipliers 1 and 3, RELU6, RESHAPE, a dense layer without bias and (int8) with one scale per
channel, a beta.
softmax-*: 100 rows of 8 elements between -12 and 12.
hybrid: int8 weights and float32 activations.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

SEED = 7
SHAPE = (13, 12, 3)


def build() -> keras.Model:
    layers = keras.layers
    options = {"bias_initializer": keras.initializers.RandomUniform(-0.3, 0.3, seed=SEED)}
    return keras.Sequential(
        [
            keras.Input(SHAPE, batch_size=1),
            layers.Conv2D(5, 3, padding="same", activation="relu6", **options),
            layers.DepthwiseConv2D(3, strides=2, padding="same", **options),
            layers.Conv2D(8, (3, 2), padding="same", dilation_rate=2, activation="relu", **options),
            layers.DepthwiseConv2D(2, depth_multiplier=3, **options),
            layers.MaxPooling2D(3, strides=2, padding="same"),
            layers.Conv2D(9, 2, strides=(1, 1), **options),
            layers.Flatten(),
            layers.Dense(7, use_bias=False),
            layers.Softmax(),
        ]
    )


def convert(network: keras.Model, element: str, largest_input: float = 1) -> bytes:
    generator = np.random.default_rng(SEED)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if element != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if element == "int8":
        converter.representative_dataset = lambda: (
            [generator.uniform(-largest_input, largest_input, network.input_shape).astype(np.float32)]
            for _ in range(50)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def with_beta(model_bytes: bytes, beta: float) -> bytes:
    """Keras has no beta."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(model_bytes))
    model.subgraphs[0].operators[-1].builtinOptions.beta = beta
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def main() -> None:
    folder = Path(__file__).parent
    keras.utils.set_random_seed(SEED)
    network = build()
    for element in ("float32", "int8"):
        model = with_beta(convert(network, element), 0.75)
        (folder / f"every-option-{element}.tflite").write_bytes(model)
        rows = keras.Sequential([keras.Input((100, 8), batch_size=1), keras.layers.Softmax()])
        (folder / f"softmax-{element}.tflite").write_bytes(convert(rows, element, largest_input=12))
    hybrid = keras.Sequential([keras.Input((64,), batch_size=1), keras.layers.Dense(32)])
    (folder / "hybrid.tflite").write_bytes(convert(hybrid, "hybrid"))


if __name__ == "__main__":
    main()
