"""Exports torchvision's classifiers to ONNX as PyTorch does by default: batch 1, fixed sizes, random weights.

    python3 scripts/exporters/torchvision_models.py [--out DIR] [--models a,b] [--opsets default,11,13,17]

Files are DIR/NAME.onnx (the exporter's default operator set) and DIR/NAME-opsetK.onnx; those that are there already stay.
Needs Debian's python3-torch, python3-torchvision and python3-onnx. Nothing is downloaded.

Weights are drawn from a seed. What a fresh network has as 0 or 1 (statistics and scales of batch norms, layer scales,
biases) is drawn too, since rewrites could get it wrong unseen otherwise; the batch norms' statistics are those of random
images, so that activations have the sizes that those of a trained network have.
"""

import argparse
import os
import sys
import tempfile

import onnx
import torch
import torchvision

# the smallest of each family
MODELS = (
    'alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet inception_v3 maxvit_t mnasnet0_5 '
    'mobilenet_v2 mobilenet_v3_small regnet_x_400mf regnet_y_400mf resnet18 resnext50_32x4d shufflenet_v2_x0_5 '
    'squeezenet1_1 swin_t swin_v2_t vgg11 vit_b_16 wide_resnet50_2'
).split()

SIZES = {'inception_v3': 299}
# what torchvision's weights expect, in units of a pixel's 0..255
MEAN, STD = '123.675,116.28,103.53', '58.395,57.12,57.375'


def build(name):
    torch.manual_seed(1)
    options = {'init_weights': True, 'aux_logits': False} if name in ('googlenet', 'inception_v3') else {}
    model = getattr(torchvision.models, name)(weights=None, **options)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith('layer_scale'):
                parameter.uniform_(0.05, 0.2)
            elif not parameter.any():
                parameter.normal_(0, 0.02)
            elif parameter.dim() == 1:
                fresh = torch.rand_like(parameter)
                parameter.copy_(0.75 + fresh / 2 if key.endswith('weight') else fresh / 5 - 0.1)
        if norms:
            settle(model, norms, SIZES.get(name, 224))
    return model.eval()


def settle(model, norms, size):
    """Statistics of batch norms: those of four random images."""
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.eval()
    for norm in norms:
        norm.train()
    model(torch.randn(4, 3, size, size))


def export(name, opset, path):
    model = build(name)
    size = SIZES.get(name, 224)
    extra = {} if opset is None else {'opset_version': opset}
    part = path + '.part'
    names = {'input_names': ['input'], 'output_names': ['scores']}
    torch.onnx.export(model, torch.randn(1, 3, size, size), part, **names, **extra)
    file = onnx.load(part)
    for key, value in (('input_mean', MEAN), ('input_std', STD)):
        entry = file.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(file, part)
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', default=os.path.join(tempfile.gettempdir(), 'tritbank-exporters'))
    parser.add_argument('--models', default=','.join(MODELS))
    parser.add_argument('--opsets', default='default')
    parser.add_argument('--versions', action='store_true', help='print the versions as JSON and stop')
    options = parser.parse_args()
    if options.versions:
        print('{"torch": "%s", "torchvision": "%s", "onnx": "%s"}' % (torch.__version__, torchvision.__version__, onnx.__version__))
        return
    os.makedirs(options.out, exist_ok=True)
    torch.set_num_threads(1)
    for name in options.models.split(','):
        for opset in options.opsets.split(','):
            suffix = '' if opset == 'default' else f'-opset{opset}'
            path = os.path.join(options.out, f'{name}{suffix}.onnx')
            if os.path.exists(path):
                continue
            try:
                export(name, None if opset == 'default' else int(opset), path)
                print(f'{path} {os.path.getsize(path)}', flush=True)
            except Exception as error:  # an operator set may lack what a network needs
                print(f'{path} {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}', flush=True)


if __name__ == '__main__':
    sys.exit(main())
