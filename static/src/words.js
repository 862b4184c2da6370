// What may be written in an editor: completion, and what a word means.
import { pickedCompletion } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";

const operators = [
  ["and", "both hold"], ["or", "one of them holds"], ["not", "the opposite"],
  ["in", 'region in ["eu-west-1", "eu-central-1"], or between two numbers: 1..5'],
  ["contains", 'sku contains "Box"'], ["startsWith", 'region startsWith "eu-"'], ["endsWith", 'service endsWith "S3"'],
  ["matches", 'a regular expression: usage_type matches "^BoxUsage"'], ["true", ""], ["false", ""],
].map(([name, doc]) => ({ name, doc, operator: true }));

// vocabulary reads data-words of the textarea or what is around it.
export function vocabulary(textarea) {
  const owner = textarea.closest("[data-words]");
  if (!owner) return [];
  const all = JSON.parse(owner.dataset.words);
  const { functions = [], fields = [] } = all[textarea.dataset.wordsOf] ?? all;
  return [...fields, ...functions, ...operators];
}

const title = (word) => word.signature ?? (word.type ? `${word.name}  ${word.type}` : word.name);

function documented(word) {
  const box = document.createElement("div");
  box.className = "tb-doc";
  const head = document.createElement("code");
  head.textContent = title(word);
  const doc = document.createElement("p");
  doc.textContent = word.doc;
  box.append(head, doc);
  return box;
}

function option(word) {
  const detail = word.signature?.slice(word.name.length) ?? word.type;
  const boost = word.operator ? -20 : word.signature ? 0 : 10;
  return { label: word.name, type: word.signature ? "function" : "variable", detail, boost, info: () => documented(word), apply: insert(word) };
}

// insert puts the cursor where the writing goes on: into the parentheses of a
// function, between the quotes of tags["key"].
function insert(word) {
  const key = word.name.match(/^(\w+\[")\w+("\])$/);
  if (!word.signature && !key) return word.name;
  const [before, after] = key ? [key[1], key[2]] : [`${word.name}(`, ")"];
  return (view, completion, from, to) => {
    const called = word.signature && view.state.sliceDoc(to, to + 1) === "(";
    const text = called ? word.name : before + after;
    const cursor = called ? from + text.length + 1 : from + before.length;
    view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: cursor }, annotations: pickedCompletion.of(completion) });
  };
}

// offer completes words, but not inside texts and comments.
export function offer(words) {
  const options = words.map(option);
  return (context) => {
    const inside = syntaxTree(context.state).resolveInner(context.pos, -1).name;
    if (/string|comment/.test(inside)) return null;
    const word = context.matchBefore(/[A-Za-z_]\w*/);
    if (!word && !context.explicit) return null;
    return { from: word?.from ?? context.pos, options, validFor: /^\w*$/ };
  };
}

// describe explains the word at a place, for the pointer that rests on it.
export function describe(words, text, at) {
  for (const { 0: name, index } of text.matchAll(/[A-Za-z_]\w*/g)) {
    if (at < index || at > index + name.length) continue;
    const word = words.find((w) => w.name === name || w.name.startsWith(`${name}[`));
    return word?.doc ? { pos: index, end: index + name.length, above: true, create: () => ({ dom: documented(word) }) } : null;
  }
  return null;
}
