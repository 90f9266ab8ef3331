import type { Model, Node, Tensor } from '../../ir/index.ts';

/** Whose group rules are followed. */
export type Engine = 'onnxruntime' | 'tensorrt';

/** Nodes of a model that an engine runs as one on codes. */
export interface IntegerGroup {
  /** The group rule, by its name in the engine's table. */
  readonly rule: string;
  /** The operator it is run as: `QLinearConv`, or the operator itself where it runs on codes as it is. */
  readonly becomes: string;
  /** The node that computes, as the given model has it. */
  readonly target: Node;
  /** All nodes of the given model that went into the group, the target among them. */
  readonly nodes: readonly Node[];
  /** The node that stands for them in the grouped model. */
  readonly fused: Node;
}

/** A node between quantizers that no group has taken. */
export interface LeftNode {
  readonly node: Node;
  /** The rule that was tried; `undefined` where the engine has none for the operator. */
  readonly rule: string | undefined;
  /** A sentence that says what was in the way. */
  readonly why: string;
}

/** A dequantized value of the given model that the grouped model has as codes only. */
export interface HiddenValue {
  readonly name: string;
  /** The value of the grouped model that holds its codes. */
  readonly codes: string;
  /** The dequantizer that would make it. */
  readonly node: Node;
  readonly scale: Tensor;
  readonly zero: Tensor | undefined;
}

/** A model with its groups fused, and what was done. */
export interface GroupedModel {
  /** Computes the same outputs; fused nodes work on codes. */
  readonly model: Model;
  readonly groups: readonly IntegerGroup[];
  readonly left: readonly LeftNode[];
  /** What `onValue` dequantizes to tell it. */
  readonly hidden: readonly HiddenValue[];
}
