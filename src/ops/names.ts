/**
 * The operators that Tritbank understands, in the semantics of opset 20 (`onnx/` brings older and newer files there).
 * Every table in this folder is keyed by this type, so that a missing entry is a compile error.
 */

export const opTypes = [
  'Abs',
  'Add',
  'And',
  'ArgMax',
  'AveragePool',
  'BatchNormalization',
  'Cast',
  'Ceil',
  'Celu',
  'Clip',
  'Concat',
  'Constant',
  'ConstantOfShape',
  'Conv',
  'ConvTranspose',
  'DepthToSpace',
  'DequantizeLinear',
  'Div',
  'Dropout',
  'Elu',
  'Equal',
  'Erf',
  'Exp',
  'Expand',
  'Flatten',
  'Floor',
  'Gather',
  'GatherElements',
  'Gelu',
  'Gemm',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Greater',
  'GreaterOrEqual',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'InstanceNormalization',
  'LayerNormalization',
  'LeakyRelu',
  'Less',
  'LessOrEqual',
  'Log',
  'LogSoftmax',
  'LRN',
  'MatMul',
  'Max',
  'MaxPool',
  'Min',
  'Mish',
  'Mod',
  'Mul',
  'Neg',
  'Not',
  'OneHot',
  'Or',
  'Pad',
  'Pow',
  'PRelu',
  'QuantizeLinear',
  'Range',
  'Reciprocal',
  'ReduceL2',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSum',
  'ReduceSumSquare',
  'Relu',
  'Reshape',
  'Resize',
  'Round',
  'ScatterElements',
  'ScatterND',
  'Selu',
  'Shape',
  'Sigmoid',
  'Sign',
  'Slice',
  'Softmax',
  'Softplus',
  'Softsign',
  'SpaceToDepth',
  'Split',
  'Sqrt',
  'Squeeze',
  'Sub',
  'Sum',
  'Tanh',
  'Tile',
  'Transpose',
  'Unsqueeze',
  'Where',
  'Xor',
] as const;

export type OpType = (typeof opTypes)[number];

const known: ReadonlySet<string> = new Set(opTypes);

/** True for a node of the default domain whose operator the tables cover. */
export function isOpType(op: string, domain = ''): op is OpType {
  return domain === '' && known.has(op);
}

/** The operator set that graphs in memory are written for. */
export const canonicalOpset = 20;

/** Domain of the markers below, which never reach a file. */
export const markerDomain = 'tritbank';

/**
 * `StraightThrough(x, q)`, a marker in `markerDomain`: its value is `q`, its gradient goes to `x` unchanged and none to
 * `q` (Bengio et al., arXiv 1308.3432). `passes/remove-markers` replaces it by `q` after differentiation.
 */
export const straightThrough = 'StraightThrough';

/**
 * `AllReduce(x)`, a marker in `markerDomain`: the sum of x over all ranks. It is nothing that a runtime runs: graphs are cut
 * at it (`passes/cut-stages.ts`). Never differentiated: the rules that emit it know of it.
 */
export const allReduce = 'AllReduce';

/** Depthwise convolution in the batch-last layout, a marker in `markerDomain`: see `depthwise.ts`. */
export const depthwiseConv = 'DepthwiseConv';
