"""The networks of the papers and their training, as PyTorch's users write them; `training.py` compares with them."""

import itertools
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset


class AudioVector(nn.Sequential):
    """The audio part of goswami2018's networks: `batch x 40` to `batch x 320`."""

    def __init__(self):
        convolutions = [
            nn.Conv1d(1, 16, 5, padding="same"), nn.ReLU(), nn.Conv1d(16, 16, 5, padding="same"), nn.ReLU(),
        ]  # fmt: skip
        super().__init__(nn.Unflatten(1, (1, 40)), *convolutions, nn.MaxPool1d(2), nn.Flatten())


class ImageVector(nn.Sequential):
    """The image part: `batch x 3 x 64 x 128`, 0..255, to `batch x 2048`."""

    def __init__(self):
        super().__init__(
            Scaled(),
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.MaxPool2d(2), nn.Flatten(),
        )  # fmt: skip


class Scaled(nn.Module):
    def forward(self, x):
        return x / 127.5 - 1


def mlp(inputs: int, *units: int) -> nn.Sequential:
    pairs = list(itertools.pairwise((inputs, *units)))
    steps = itertools.chain(*([nn.Linear(a, b), nn.ReLU()] for a, b in pairs[:-1]))
    return nn.Sequential(*steps, nn.Linear(*pairs[-1]))


class Alone(nn.Module):
    """A network of one input and one task."""

    def __init__(self, modality: str, vector: nn.Module, width: int):
        super().__init__()
        self.modality, self.vector, self.head = modality, vector, mlp(width, 256, 128, 8)

    def forward(self, inputs):
        return {"emotion": self.head(self.vector(inputs[self.modality]))}


class Architecture4(nn.Module):
    def __init__(self):
        super().__init__()
        self.audio, self.image = AudioVector(), nn.Sequential(ImageVector(), nn.Linear(2048, 320), nn.ReLU())
        self.joint, self.audio_probe, self.image_probe = mlp(640, 256, 128, 8), mlp(320, 64, 8), mlp(320, 64, 8)

    def forward(self, inputs):
        audio, image = self.audio(inputs["audio"]), self.image(inputs["image"])
        joint = self.joint(torch.cat([audio, image], 1))
        return {"emotion": joint, "audio_probe": self.audio_probe(audio), "image_probe": self.image_probe(image)}


class Emodal(nn.Module):
    """EMODal of zhang2018 on pictures of 128 x 128."""

    def __init__(self):
        super().__init__()
        blocks = [
            [nn.Conv2d(a, b, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2)]
            for a, b in itertools.pairwise((1, 16, 32, 64))
        ]
        face = [*itertools.chain(*blocks), nn.Flatten(), nn.Linear(16_384, 128), nn.ReLU(), nn.Dropout(0.5)]
        self.image = nn.Sequential(Scaled(), *face, nn.Linear(128, 10))
        self.audio = mlp(68, 128, 64, 10)
        self.both, self.of_audio, self.of_image = nn.Linear(20, 8), nn.Linear(10, 8), nn.Linear(10, 8)

    def forward(self, inputs):
        f, g = self.audio(inputs["audio"]), self.image(inputs["image"])
        outputs = {"emotion": self.both(torch.cat([f, g], 1)), "common": torch.stack([f, g], 1)}
        return {**outputs, "emotion_audio": self.of_audio(f), "emotion_image": self.of_image(g)}


def soft_hgr(common):
    f, g = (x - x.mean(0) for x in common.unbind(1))
    n = len(f) - 1
    return (torch.trace(f.T @ f / n @ (g.T @ g / n)) / 2) - (f * g).sum() / n


class SpectrogramCnn(nn.Module):
    """Convolutions and the two dense layers of AlexNet and VGG-16, for a spectrogram of 150 frames of 80 bands."""

    def __init__(self, convolutions: nn.Module, width: int):
        super().__init__()
        dense = [nn.Linear(width, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout()]
        self.body = nn.Sequential(convolutions, nn.Flatten(), *dense)
        self.emotion, self.gender = nn.Linear(4096, 8), nn.Linear(4096, 2)

    def forward(self, inputs):
        x = self.body(inputs["spectrogram"])
        return {"emotion": self.emotion(x), "gender": self.gender(x)}


def alexnet() -> nn.Module:
    # TensorFlow's sum over the window has the factor alpha, PyTorch's mean alpha / 5.
    normalise = {"size": 5, "alpha": 5e-4, "beta": 0.75, "k": 2.0}
    convolutions = nn.Sequential(
        nn.Conv2d(1, 96, 11, stride=4), nn.ReLU(), nn.LocalResponseNorm(**normalise), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding="same", groups=2), nn.ReLU(), nn.LocalResponseNorm(**normalise),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding="same"), nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding="same", groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding="same", groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
    )  # fmt: skip
    return SpectrogramCnn(convolutions, 768)


def vgg16() -> nn.Module:
    layers, channels = [], 1
    for filters, n in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(n):
            layers += [nn.Conv2d(channels, filters, 3, padding="same"), nn.ReLU()]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    return SpectrogramCnn(nn.Sequential(*layers), 4096)


class LongConvolution(nn.Conv1d):
    """A convolution with 4000 taps by FFT; directly, it takes more than ten times as long."""

    def forward(self, x):
        n = x.shape[-1]
        spectrum = torch.einsum("bcf,ocf->bof", torch.fft.rfft(x, n), torch.fft.rfft(self.weight.flip(-1), n))
        result = torch.fft.irfft(spectrum, n)[..., self.kernel_size[0] - 1 :]
        return result + self.bias[:, None]


class EndToEnd(nn.Module):
    """The network of chae2018 on raw sound, `batch x 150 x 640`."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv1d(1, 40, 80), LongConvolution(40, 40, 4000)
        self.lstm = nn.LSTM(1280, 256, num_layers=2, batch_first=True)
        self.dropout, self.emotion, self.gender = nn.Dropout(0.5), nn.Linear(256, 4), nn.Linear(256, 2)

    def forward(self, inputs):
        x = functional.pad(inputs["audio"].flatten(1)[:, None], (40, 39))
        x = functional.pad(functional.max_pool1d(self.first(x), 2), (2000, 1999))
        x = functional.max_pool1d(self.second(x).transpose(1, 2), 10)
        x = self.dropout(self.lstm(x.reshape(len(x), -1, 1280))[0][:, -1])
        return {"emotion": self.emotion(x), "gender": self.gender(x)}


class Regressor(nn.Module):
    """The LSTM of atmaja2020."""

    def __init__(self, width: int = 88):
        super().__init__()
        self.lstms = nn.ModuleList(
            nn.LSTM(a, b, batch_first=True) for a, b in itertools.pairwise((width, 256, 128, 64))
        )
        self.dropout, self.heads = nn.Dropout(0.4), nn.Linear(64, 3)

    def forward(self, inputs):
        x = inputs["features"]
        for lstm in self.lstms:
            x = self.dropout(lstm(x)[0])
        return dict(zip(("arousal", "valence", "liking"), self.heads(x).split(1, -1), strict=True))


def ccc_loss(x, y):
    covariance = ((x - x.mean()) * (y - y.mean())).mean()
    return 1 - 2 * covariance / (x.var(correction=0) + y.var(correction=0) + (x.mean() - y.mean()) ** 2)


NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "audio_cnn": lambda: Alone("audio", AudioVector(), 320),
    "image_cnn": lambda: Alone("image", ImageVector(), 2048),
    "architecture_4": Architecture4,
    "emodal": Emodal,
    "alexnet": alexnet,
    "vgg16": vgg16,
    "end_to_end": EndToEnd,
    "lstm_regressor": Regressor,
}
OPTIMIZERS = {
    "audio_cnn": lambda weights: torch.optim.SGD(weights, 0.02, 0.9),
    "image_cnn": lambda weights: torch.optim.SGD(weights, 0.02, 0.9),
    "architecture_4": lambda weights: torch.optim.SGD(weights, 0.02, 0.9),
    "lstm_regressor": lambda weights: torch.optim.RMSprop(weights, 5e-4),
}


def trainer(name: str, inputs: Mapping, targets: Mapping, batch_size: int) -> tuple[int, Callable[[], float]]:
    """Return the number of weights of a network, and a function that trains one epoch and returns its seconds.

    Args:
        name: key of `NETWORKS`.
        inputs, targets: named arrays, items along the first axis; pictures with their channels last.
        batch_size: items per step.
    """
    network = NETWORKS[name]()
    optimizer = OPTIMIZERS.get(name, torch.optim.Adam)(network.parameters())
    arrays = {key: torch.from_numpy(_channels_first(x)) for key, x in inputs.items() if key != "n_frames"}
    labels = {key: torch.from_numpy(y) for key, y in targets.items()}
    losses = {key: ccc_loss if y.is_floating_point() else functional.cross_entropy for key, y in labels.items()}
    batches = DataLoader(TensorDataset(*arrays.values(), *labels.values()), batch_size, shuffle=True)

    def epoch() -> float:
        began = time.perf_counter()
        network.train()
        for batch in batches:
            x = dict(zip(arrays, batch, strict=False))
            y = dict(zip(labels, batch[len(arrays) :], strict=True))
            outputs = network(x)
            total = sum(losses[key](outputs[key], y[key]) for key in labels)
            if "common" in outputs:
                total = total + soft_hgr(outputs["common"])
            optimizer.zero_grad()
            total.backward()
            if name == "end_to_end":
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        return time.perf_counter() - began

    # An LSTM of PyTorch has two biases, of which Keras has the sum.
    n_weights = sum(weight.numel() for key, weight in network.named_parameters() if "bias_hh" not in key)
    return n_weights, epoch


def _channels_first(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if x.ndim == 4 else x
