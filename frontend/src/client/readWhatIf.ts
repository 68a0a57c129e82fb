/** Reads the answer to a what-if; see read.ts for the rules. */
import { readAnswer } from "./answer.ts";
import type { ComponentChange, MeasureChange, WhatIf } from "./types.ts";
import { isMethod, isObject, list, number, present, text } from "./values.ts";

function readMeasureChange(value: unknown): MeasureChange | null {
  if (!isObject(value) || !isMethod(value.method)) return null;
  const confidence = number(value.confidence);
  if (confidence === null) return null;
  return {
    method: value.method,
    confidence,
    var_before: number(value.var_before),
    var_after: number(value.var_after),
    incremental_var: number(value.incremental_var),
    es_before: number(value.es_before),
    es_after: number(value.es_after),
    incremental_es: number(value.incremental_es),
    reason: text(value.reason),
  };
}

function readComponentChange(value: unknown): ComponentChange | null {
  if (!isObject(value)) return null;
  const symbol = text(value.symbol);
  if (symbol === null) return null;
  return {
    symbol,
    quantity_before: number(value.quantity_before) ?? 0,
    quantity_after: number(value.quantity_after) ?? 0,
    component_var_before: number(value.component_var_before) ?? 0,
    component_var_after: number(value.component_var_after) ?? 0,
    component_es_before: number(value.component_es_before) ?? 0,
    component_es_after: number(value.component_es_after) ?? 0,
  };
}

export function readWhatIf(value: unknown): WhatIf | null {
  const answer = readAnswer(value);
  if (answer === null) return null;
  const { head, body } = answer;
  return {
    ...head,
    measures: list(body.measures).map(readMeasureChange).filter(present),
    components: list(body.components).map(readComponentChange).filter(present),
  };
}
