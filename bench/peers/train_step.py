"""PyTorch as a contestant of the train-step benchmark: MobileNet-V1 trained eagerly on the CPU.

Called with the task (JSON) and the memory format, `channels-last` or `nchw`. Greets with one JSON object, then answers
each line `{"steps": n}` on stdin with one. The images are ready as normalised floats in the memory format, which saves
this peer the conversion that is part of our own step.
"""

import json
import resource
import sys
import time

task = json.loads(sys.argv[1])
channels_last = sys.argv[2] == "channels-last"


def reply(message):
    print(json.dumps(message), flush=True)


try:
    import torch
    from torch import nn
except ImportError as error:
    reply({"error": f"PyTorch is not installed for {sys.executable} ({error}); Debian: apt install python3-torch"})
    sys.exit(0)


def peak_memory():
    """Bytes; from /proc where there is one, because getrusage starts with the figure of the parent process."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def build_network(width, classes):
    def filters(full):
        return max(8, int(full * width + 0.5))

    def block(before, after, kernel, stride, groups):
        return [
            nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(after, eps=1e-5, momentum=0.1),
            nn.ReLU(inplace=True),
        ]

    channels = filters(32)
    layers = block(3, channels, 3, 1, 1)
    pairs = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
    pairs += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
    for full, stride in pairs:
        layers += block(channels, channels, 3, stride, channels)
        layers += block(channels, filters(full), 1, 1, 1)
        channels = filters(full)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


torch.set_num_threads(task["threads"])
torch.manual_seed(1)
size = task["inputSize"]
network = build_network(task["width"], task["classes"])
images = torch.randn(task["batch"], 3, size, size)
labels = torch.arange(task["batch"]) % task["classes"]
if channels_last:
    network = network.to(memory_format=torch.channels_last)
    images = images.to(memory_format=torch.channels_last)
parameters = list(network.parameters())
optimizer = torch.optim.SGD(
    [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": task["weightDecay"]},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ],
    lr=task["learningRate"],
    momentum=task["momentum"],
    nesterov=True,
)
criterion = nn.CrossEntropyLoss()


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = criterion(network(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


reply({"library": "PyTorch", "version": torch.__version__, "parameters": sum(p.numel() for p in parameters)})
for line in sys.stdin:
    loss = float("nan")
    cpu = time.process_time()
    start = time.perf_counter()
    for _ in range(json.loads(line)["steps"]):
        loss = step()
    seconds = time.perf_counter() - start
    cpu_seconds = time.process_time() - cpu
    reply({"seconds": seconds, "cpuSeconds": cpu_seconds, "loss": loss, "peakBytes": peak_memory()})
