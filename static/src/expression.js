// The rule language, for its colours: expr without what rules may not use.
import { StreamLanguage } from "@codemirror/language";
import { tagHighlighter, tags } from "@lezer/highlight";

const words = {
  keyword: /^(?:and|or|not|in|contains|startsWith|endsWith|matches|let)\b/,
  atom: /^(?:true|false|nil)\b/,
};

function token(stream, state) {
  if (state.comment) {
    state.comment = !stream.match(/^.*?\*\//);
    if (state.comment) stream.skipToEnd();
    return "comment";
  }
  if (stream.eatSpace()) return null;
  if (stream.match("/*")) {
    state.comment = true;
    return "comment";
  }
  if (stream.match("//")) {
    stream.skipToEnd();
    return "comment";
  }
  if (stream.match(/^"(?:[^"\\]|\\.)*"?|^'(?:[^'\\]|\\.)*'?|^`[^`]*`?/)) return "string";
  if (stream.match(/^(?:\d[\d_]*)?\.?\d[\d_]*(?:e[+-]?\d+)?/i)) return "number";
  for (const [style, pattern] of Object.entries(words)) if (stream.match(pattern)) return style;
  if (stream.match(/^[A-Za-z_]\w*(?=\s*\()/)) return "variableName.function";
  if (stream.match(/^[A-Za-z_]\w*(?=\s*:)/)) return "propertyName";
  if (stream.match(/^[A-Za-z_]\w*/)) return "variableName";
  if (stream.match(/^(?:\*\*|[=!<>]=|&&|\|\||\?\?|\.\.|[-+*/%^<>!?:|#])/)) return "operator";
  stream.next();
  return "punctuation";
}

export const expression = StreamLanguage.define({
  name: "expression",
  startState: () => ({ comment: false }),
  token,
  languageData: { closeBrackets: { brackets: ["(", "[", "{", '"', "'"] } },
});

// Classes that app.css colours.
export const colours = tagHighlighter([
  { tag: tags.keyword, class: "tok-keyword" },
  { tag: tags.atom, class: "tok-atom" },
  { tag: tags.number, class: "tok-number" },
  { tag: tags.string, class: "tok-string" },
  { tag: tags.function(tags.variableName), class: "tok-function" },
  { tag: [tags.variableName, tags.propertyName], class: "tok-field" },
  { tag: [tags.operator, tags.punctuation], class: "tok-operator" },
  { tag: tags.comment, class: "tok-comment" },
]);
