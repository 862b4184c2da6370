// What may be written in an editor: completion, and what a word means.
import { pickedCompletion } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";

// vocabulary reads data-words of the textarea or of what is around it.
export function vocabulary(textarea) {
  const owner = textarea.closest("[data-words]");
  if (!owner) return [];
  const words = JSON.parse(owner.dataset.words);
  return Array.isArray(words) ? words : (words[textarea.dataset.wordsOf] ?? []);
}

function documented(word) {
  const box = document.createElement("div");
  box.className = "tb-doc";
  const head = document.createElement("code");
  head.textContent = word.detail || [word.name, word.type].filter(Boolean).join("  ");
  const doc = document.createElement("p");
  doc.textContent = word.doc;
  box.append(head, doc);
  return box;
}

const boosts = { field: 10, function: 0, operator: -20 };

function option(word) {
  const detail = word.detail ? word.detail.slice(word.name.length) : word.type;
  return { label: word.name, detail, boost: boosts[word.kind], info: word.doc ? () => documented(word) : undefined, apply: insert(word) };
}

// insert puts the cursor where the writing goes on: into the parentheses of a
// function, between the quotes of tags["key"].
function insert(word) {
  const blank = word.name === 'tags["key"]';
  if (word.kind !== "function" && !blank) return word.name;
  const [before, after] = blank ? ['tags["', '"]'] : [`${word.name}(`, ")"];
  return (view, completion, from, to) => {
    const called = !blank && view.state.sliceDoc(to, to + 1) === "(";
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
