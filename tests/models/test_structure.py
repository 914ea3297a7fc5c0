"""The outputs of the networks, compared with the papers' operations in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from skensemble.models import densenet, resnext, wide_resnet


class ByHand:
    """The papers' operations, on the weights of a model, which it finds by the layers' names."""

    def __init__(self, model):
        self.weights = {layer.name: layer.get_weights() for layer in model.layers}

    def conv(self, x, name, strides=1, groups=1):
        (kernel,) = self.weights[name]  # and no bias
        pad = (kernel.shape[0] - 1) // 2
        padding = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
        parts = zip(np.split(x, groups, -1), np.split(kernel, groups, -1), strict=True)
        return np.concatenate([tf.nn.conv2d(p, k, strides, padding) for p, k in parts], axis=-1)

    def norm(self, x, name):
        gamma, beta, mean, variance = self.weights[name]
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    def norm_relu(self, x, name):
        return relu(self.norm(x, name))

    def dense(self, x, name):
        kernel, bias = self.weights[name]
        return x @ kernel + bias

    def probabilities(self, x):
        exponents = np.exp(self.dense(x.mean(axis=(1, 2)), "probabilities"))
        return exponents / exponents.sum(axis=1, keepdims=True)


def relu(x):
    return np.maximum(x, 0)


def wide_resnet_by_hand(net, x, *, n, width):
    x = net.conv(x, "stem_conv")
    for group, channels in [(1, 16 * width), (2, 32 * width), (3, 64 * width)]:
        for block in range(1, n + 1):
            at = f"group{group}_block{block}_"
            strides = 2 if group > 1 and block == 1 else 1
            before = net.norm_relu(x, at + "bn1")
            if x.shape[-1] != channels:
                x = net.conv(before, at + "projection", strides)
            inner = net.norm_relu(net.conv(before, at + "conv1", strides), at + "bn2")
            x = x + net.conv(inner, at + "conv2")
    return net.probabilities(net.norm_relu(x, "head_bn"))


def densenet_by_hand(net, x, *, n, bottleneck):
    x = net.conv(x, "stem_conv")
    for block in (1, 2, 3):
        for layer in range(1, n + 1):
            at = f"block{block}_layer{layer}_"
            new = net.conv(net.norm_relu(x, at + "bn1"), at + "conv1")
            if bottleneck:
                new = net.conv(net.norm_relu(new, at + "bn2"), at + "conv2")
            x = np.concatenate([x, new], axis=-1)
        if block < 3:
            x = net.conv(net.norm_relu(x, f"transition{block}_bn"), f"transition{block}_conv")
            x = x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]
            x = (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
    return net.probabilities(net.norm_relu(x, "head_bn"))


def resnext_by_hand(net, x, *, n, groups, se):
    x = net.norm_relu(net.conv(x, "stem_conv"), "stem_bn")
    for stage in (1, 2, 3):
        for block in range(1, n + 1):
            at = f"stage{stage}_block{block}_"
            strides = 2 if stage > 1 and block == 1 else 1
            y = net.norm_relu(net.conv(x, at + "conv1"), at + "bn1")
            y = net.norm_relu(net.conv(y, at + "conv2", strides, groups), at + "bn2")
            y = net.norm(net.conv(y, at + "conv3"), at + "bn3")
            if se:
                gate = relu(net.dense(y.mean(axis=(1, 2)), at + "se_squeeze"))
                gate = 1 / (1 + np.exp(-net.dense(gate, at + "se_excite")))
                y = y * gate[:, None, None, :]
            if block == 1:
                projected = net.conv(x, at + "projection", strides)
                x = net.norm(projected, at + "projection_bn")
            x = relu(y + x)
    return net.probabilities(x)


CASES = {
    "WRN-16-2": (wide_resnet, {"depth": 16, "width": 2}, wide_resnet_by_hand, {"n": 2, "width": 2}),
    # No projection in the first group, where 16 channels stay 16.
    "WRN-10-1": (wide_resnet, {"depth": 10, "width": 1}, wide_resnet_by_hand, {"n": 1, "width": 1}),
    "DenseNet-10-5": (
        densenet,
        {"depth": 10, "growth_rate": 5},
        densenet_by_hand,
        {"n": 2, "bottleneck": False},
    ),
    # 3 * 5 channels: a half that is rounded down
    "DenseNet-BC-10-5": (
        densenet,
        {"depth": 10, "growth_rate": 5, "bottleneck": True},
        densenet_by_hand,
        {"n": 1, "bottleneck": True},
    ),
    "ResNeXt-20-4x2d": (
        resnext,
        {"depth": 20, "cardinality": 4, "width": 2},
        resnext_by_hand,
        {"n": 2, "groups": 4, "se": False},
    ),
    "SE-ResNeXt-11-2x3d": (
        resnext,
        {"depth": 11, "cardinality": 2, "width": 3, "se": True, "reduction": 32},
        resnext_by_hand,
        {"n": 1, "groups": 2, "se": True},
    ),
}


def randomise(model, rng):
    """Give every weight a value of its own, batch norm's statistics included."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            low, high = [0.5, -0.5, -0.5, 0.5], [1.5, 0.5, 0.5, 1.5]
            values = [rng.uniform(*b, layer.gamma.shape) for b in zip(low, high, strict=True)]
            layer.set_weights(values)
        elif layer.weights:
            fan_in = np.prod(layer.kernel.shape[:-1])
            shapes = [w.shape for w in layer.weights]
            layer.set_weights([rng.normal(0, fan_in**-0.5, shape) for shape in shapes])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("image", [(8, 12, 3), (9, 7, 1)], ids=["even", "odd"])
def test_outputs_are_those_of_the_paper(case, image):
    build, parameters, by_hand, arguments = CASES[case]
    model = build(image, 4, **parameters)
    rng = np.random.default_rng(0)
    randomise(model, rng)
    X = rng.normal(size=(3, *image)).astype("float32")
    expected = by_hand(ByHand(model), X, **arguments)
    assert expected.std(axis=0).min() > 3e-4  # the rows differ
    np.testing.assert_allclose(model(X, training=False), expected, atol=5e-6)


def test_widths_and_sizes_of_the_stages():
    sizes = {
        "WRN": (wide_resnet((32, 32, 3), 10), "group%d_block2_add", (64, 128, 256)),
        "DenseNet": (densenet((32, 32, 3), 10, depth=10), "block%d_layer2_concat", (40, 64, 88)),
        "BC": (
            densenet((32, 32, 3), 10, depth=16, bottleneck=True),
            "block%d_layer2_concat",
            # 24 + 2 * 12 = 48, halved, and so on
            (48, 48, 48),
        ),
        "ResNeXt": (
            resnext((32, 32, 3), 10, depth=11, cardinality=2, width=4),
            "stage%d_block1_relu3",
            (256, 512, 1024),
        ),
    }
    for model, layer, channels in sizes.values():
        shapes = [model.get_layer(layer % i).output.shape[1:] for i in (1, 2, 3)]
        assert shapes == [(32 // 2**i, 32 // 2**i, channels[i]) for i in range(3)]
    grouped = sizes["ResNeXt"][0].get_layer("stage2_block1_conv2")
    assert grouped.groups == 2
    assert grouped.kernel.shape == (3, 3, 8, 16)


def neighbours(model, name):
    """Layers before and after one."""
    layer = model.get_layer(name)
    before = layer._inbound_nodes[0].parent_nodes[0].operation.name
    after = [node.operation.name for node in layer._outbound_nodes]
    return before, after


def test_dropout_is_at_the_places_of_the_papers():
    wide = wide_resnet((8, 8, 3), 10, depth=10, width=1, dropout=0.3)
    at = "group2_block1_"
    assert neighbours(wide, at + "dropout") == (at + "relu2", [at + "conv2"])
    dense = densenet((8, 8, 3), 10, depth=10, bottleneck=True, dropout=0.2)
    at = "block2_layer1_"
    assert neighbours(dense, at + "dropout") == (at + "conv2", [at + "concat"])
    assert neighbours(dense, "transition1_dropout") == ("transition1_conv", ["transition1_pool"])
    rates = {
        model.name: [layer.rate for layer in model.layers if hasattr(layer, "rate")]
        for model in (wide, dense)
    }
    assert rates == {"wide_resnet_10_1": [0.3] * 3, "densenet_bc_10_12": [0.2] * (3 + 2)}


def test_order_of_the_layers(small):
    """From batch norm to ReLU to convolution, or the other way round; the ends."""
    build, parameters = small
    model = build((8, 8, 3), 10, **parameters)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[:2] == ["InputLayer", "Conv2D"]
    assert kinds[-3:] == ["ReLU", "GlobalAveragePooling2D", "Dense"]
    assert model.layers[-1].activation is keras.activations.softmax
    assert not any(layer.use_bias for layer in model.layers if isinstance(layer, Conv2D))
    convolution_first = build is resnext
    for layer in model.layers:
        if isinstance(layer, BatchNormalization):
            before, after = neighbours(model, layer.name)
            assert isinstance(model.get_layer(before), Conv2D) or not convolution_first
            kinds_after = {type(model.get_layer(name)).__name__ for name in after}
            assert kinds_after <= {"ReLU", "Add", "GlobalAveragePooling2D", "Multiply"}
            assert kinds_after == {"ReLU"} or convolution_first
            assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)
    assert (kinds.count("Add") > 0) == (build is not densenet)


Conv2D, BatchNormalization = keras.layers.Conv2D, keras.layers.BatchNormalization
