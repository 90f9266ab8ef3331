import type { Node } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';

const windows = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'];
const directions = 'forward reverse bidirectional';
const reductions = 'none mean sum';
const scatterReductions = 'none add mul max min';
const activations =
  'Sigmoid Tanh Relu Affine LeakyRelu ThresholdedRelu ScaledTanh HardSigmoid Elu Softsign Softplus';

/** The words that attributes choose from, by operator and name. */
const choices = new Map(
  Object.entries<Readonly<Record<string, string>>>({
    BitShift: { direction: 'LEFT RIGHT' },
    Cast: { round_mode: 'up down nearest' },
    CastLike: { round_mode: 'up down nearest' },
    CausalConvWithState: { activation: 'none silu swish' },
    DepthToSpace: { mode: 'DCR CRD' },
    GRU: { direction: directions, activations },
    Gelu: { approximate: 'none tanh' },
    GridSample: {
      mode: 'linear bilinear nearest cubic bicubic',
      padding_mode: 'zeros border reflection',
    },
    ImageDecoder: { pixel_format: 'RGB BGR Grayscale' },
    LSTM: { direction: directions, activations },
    LinearAttention: { update_rule: 'linear gated delta gated_delta' },
    NegativeLogLikelihoodLoss: { reduction: reductions },
    Pad: { mode: 'constant edge reflect wrap' },
    RNN: { direction: directions, activations },
    Resize: {
      coordinate_transformation_mode:
        'half_pixel half_pixel_symmetric pytorch_half_pixel align_corners asymmetric tf_half_pixel_for_nn tf_crop_and_resize',
      keep_aspect_ratio_policy: 'stretch not_larger not_smaller',
      mode: 'nearest linear cubic',
      nearest_mode: 'round_prefer_floor round_prefer_ceil floor ceil',
    },
    RoiAlign: { coordinate_transformation_mode: 'half_pixel output_half_pixel', mode: 'avg max' },
    ScatterElements: { reduction: scatterReductions },
    ScatterND: { reduction: scatterReductions },
    SoftmaxCrossEntropyLoss: { reduction: reductions },
    SpaceToDepth: { mode: 'DCR CRD' },
    StringNormalizer: { case_change_action: 'LOWER UPPER NONE' },
    TensorScatter: { mode: 'linear circular' },
    TfIdfVectorizer: { mode: 'TF IDF TFIDF' },
    Upsample: { mode: 'nearest linear bilinear' },
  }).flatMap(([opType, attributes]) =>
    Object.entries(attributes).map(([name, words]) => [`${opType}.${name}`, words.split(' ')] as const),
  ),
);

/** The words an attribute of an operator chooses from; `undefined` where it takes any. Case counts but for activations. */
export function wordsOf(opType: string, attribute: string): readonly string[] | undefined {
  return attribute === 'auto_pad' ? windows : choices.get(`${opType}.${attribute}`);
}

/**
 * Checks the words of a node: a mode that does not exist would else be taken for another.
 *
 * @throws ModelError `unsupported-attribute`
 */
export function checkWords({ opType, attributes }: Node): void {
  for (const { name, type, value } of attributes) {
    const words = type === 'STRING' || type === 'STRINGS' ? wordsOf(opType, name) : undefined;
    if (words === undefined) continue;
    const given = (Array.isArray(value) ? value : [value]) as readonly string[];
    const unknown = given.find((word) => !words.some((known) => isWord(word, known, name)));
    if (unknown === undefined) continue;
    throw new ModelError('unsupported-attribute', `${opType} has no ${name} "${unknown}".`, {
      fix: `It can be ${words.join(', ')}.`,
    });
  }
}

function isWord(word: string, known: string, attribute: string): boolean {
  return word === known || (attribute === 'activations' && word.toLowerCase() === known.toLowerCase());
}
