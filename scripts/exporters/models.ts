/** The models of the table: the smallest of each of torchvision's families, and what is known of them. */

export interface ExportedModel {
  /** As torchvision calls it. */
  readonly name: string;
  readonly family: string;
  /** Attention instead of convolutions, for the most part. */
  readonly isTransformer?: true;
}

export const models: readonly ExportedModel[] = [
  { name: 'mobilenet_v2', family: 'MobileNet-V2' },
  { name: 'mobilenet_v3_small', family: 'MobileNet-V3' },
  { name: 'efficientnet_b0', family: 'EfficientNet' },
  { name: 'shufflenet_v2_x0_5', family: 'ShuffleNet-V2' },
  { name: 'mnasnet0_5', family: 'MNASNet' },
  { name: 'regnet_x_400mf', family: 'RegNet-X' },
  { name: 'regnet_y_400mf', family: 'RegNet-Y' },
  { name: 'squeezenet1_1', family: 'SqueezeNet' },
  { name: 'resnet18', family: 'ResNet' },
  { name: 'googlenet', family: 'GoogLeNet' },
  { name: 'densenet121', family: 'DenseNet' },
  { name: 'efficientnet_v2_s', family: 'EfficientNet-V2' },
  { name: 'inception_v3', family: 'Inception' },
  { name: 'resnext50_32x4d', family: 'ResNeXt' },
  { name: 'wide_resnet50_2', family: 'Wide ResNet' },
  { name: 'convnext_tiny', family: 'ConvNeXt' },
  { name: 'swin_t', family: 'Swin', isTransformer: true },
  { name: 'maxvit_t', family: 'MaxViT', isTransformer: true },
  { name: 'vit_b_16', family: 'ViT', isTransformer: true },
  { name: 'alexnet', family: 'AlexNet' },
  { name: 'vgg11', family: 'VGG' },
];
