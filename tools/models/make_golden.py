"""Writes golden/<model>.json for each model of digits here: what it must answer to the committed ones.

Of mnist-uint8 it writes golden/mnist-uint8-digits.npz too, with the answers to the 1,000 of the labelled set;
`doit model` does so for the others.

Run it in the project's environment, which has the package tflite-micro: .venv/bin/python
tools/models/make_golden.py
"""

import numpy as np

from mcumatrix.adapters.models.digits import read_digits
from mcumatrix.adapters.models.golden import Reference, render_golden, tflm_reference
from mcumatrix.adapters.models.input_arrays import from_pixels, joined
from mcumatrix.adapters.models.set_answers import render_set_answers
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.model.network import Network, TensorType
from tools.models import MODELS
from tools.models.make_dataset import DIGITS
from tools.models.quantise import without_hybrid_weights
from tools.models.uint8_kernels import FUNCTION, Uint8Interpreter

HYBRID_TOLERANCE = 0.02
"""TensorFlow Lite's own hybrid kernels also quantise what a layer reads, to int8 with one scale an image,
before they multiply (EvalHybrid in tensorflow/lite/kernels/conv.cc and fully_connected.cc). The same done in
numpy moved probabilities by up to 0.007 on the committed digits and up to 0.019 on all 1,000 test digits. The
compressed model of the blog post was off by 0.9."""


def make_reference(model: bytes, network: Network) -> Reference:
    """Who says what a model must answer.

    The current TensorFlow Lite Micro says it for float32 and int8. It refuses the other two. What uint8
    models answer is computed with the kernels of 1.14.0. A hybrid model means the float32 network whose
    weights are the real numbers that its int8 elements stand for, and TensorFlow Lite Micro runs that.
    """
    if network.input.type is TensorType.UINT8:
        return Reference(Uint8Interpreter(network).run, {"function": FUNCTION}, tolerance=0)
    types = {tensor.type for tensor in network.tensors}
    if not types >= {TensorType.FLOAT32, TensorType.INT8}:
        return tflm_reference(model, network)
    floating = tflm_reference(without_hybrid_weights(network), network)
    origin = {**floating.origin, "network": "float32, with the real values of the int8 weights"}
    return Reference(floating.run, origin, HYBRID_TOLERANCE)


def main() -> None:
    digits = read_digits(MODELS / "digits.idx2-ubyte")
    for path in sorted(MODELS.glob("mnist-*.tflite")):
        model, network = path.read_bytes(), read_network(path)
        reference = make_reference(model, network)
        golden = MODELS / "golden" / f"{path.stem}.json"
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(render_golden(model, network, digits, reference))
        print(golden)
        if network.input.type is TensorType.UINT8:
            answers = MODELS / "golden" / f"{path.stem}-digits.npz"
            answers.write_bytes(make_set_answers(model, network, reference))
            print(answers)


def make_set_answers(model: bytes, network: Network, reference: Reference) -> bytes:
    """What a reference answers to the 1,000 digits, as `mcumatrix.adapters.models.set_answers` keeps it."""
    with np.load(DIGITS) as digits:
        images = digits["images"]
    shaped = [from_pixels("a digit", image, network.input) for image in images]
    outputs = [reference.run(image) for image in shaped]
    return render_set_answers(model, [joined([one]) for one in shaped], outputs, reference.origin)


if __name__ == "__main__":
    main()
