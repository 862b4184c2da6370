// Makes <textarea data-editor> an editor of expressions. The textarea stays in
// the form and holds the text, so the form is the same with and without it.
//
//   data-editor            on the textarea; data-editor="line" is a single line
//   data-words='[…]'       on it or around it: what may be written there, a list of
//                          {"name","kind","type","detail","doc"}, kind being field,
//                          function or operator
//   data-words-of="fee"    where data-words is several lists, {"line":[…],"fee":[…]}
//   data-check="/url"      on the form: takes its fields by POST and answers
//                          [{"field","from","to","message"}], or that as
//                          "diagnostics" of an object. field is a textarea's
//                          name; from and to count UTF-16 units from 0
//
// <code data-expr> gets the same colours.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, hoverTooltip, keymap, placeholder } from "@codemirror/view";
import { highlightCode } from "@lezer/highlight";
import { check, span } from "./check.js";
import { colours, expression } from "./expression.js";
import { describe, offer, vocabulary } from "./words.js";

const views = new Map(); // textarea → its editor

// ---- One editor ---------------------------------------------------------------

function enhance(textarea) {
  if (views.has(textarea)) return;
  const host = document.createElement("div");
  host.className = "cm-host";
  const message = document.createElement("p");
  message.className = "cm-message";
  message.id = `${textarea.id || textarea.name}-check`;
  message.hidden = true;
  message.setAttribute("aria-live", "polite");
  const view = new EditorView({ parent: host, state: EditorState.create({ doc: textarea.value, extensions: extensions(textarea, message) }) });
  host.append(message);
  textarea.before(host);
  textarea.required = false; // the browser could not show its complaint; the server has one
  views.set(textarea, view);
  view.tb = { host, message };
  const server = textarea.classList.contains("is-invalid");
  host.classList.toggle("is-invalid", server);
}

function extensions(textarea, message) {
  const single = textarea.dataset.editor === "line";
  const words = vocabulary(textarea);
  return [
    history(),
    drawSelection(),
    expression,
    syntaxHighlighting(colours),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ override: [offer(words)], icons: false, maxRenderedOptions: 60, aboveCursor: true /* below stands what is wrong */ }),
    hoverTooltip((view, at) => describe(words, view.state.doc.toString(), at)),
    keymap.of([...(single ? [{ key: "Enter", run: () => true }] : []), ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
    single ? EditorState.transactionFilter.of(inOneLine) : [],
    EditorView.lineWrapping,
    placeholder(textarea.placeholder),
    EditorState.readOnly.of(textarea.readOnly || textarea.disabled),
    EditorView.contentAttributes.of(described(textarea, message)),
    EditorView.updateListener.of((update) => update.docChanged && changed(textarea, update.state)),
    EditorView.domEventHandlers({
      blur: () => { textarea.dispatchEvent(new Event("change", { bubbles: true })); },
      beforeinput: replaced,
    }),
    theme,
  ];
}

function described(textarea, message) {
  const labels = [...(textarea.labels ?? [])].map((l) => l.textContent.trim());
  const name = textarea.getAttribute("aria-label") ?? (labels.join(" ") || textarea.name);
  const by = [textarea.getAttribute("aria-describedby"), message.id].filter(Boolean).join(" ");
  return { "aria-label": name, "aria-describedby": by, spellcheck: "false", autocorrect: "off", autocapitalize: "off" };
}

// What is typed over a selection is written by us: Chromium would keep the look
// of what it replaces in a style attribute, which the content security policy
// forbids.
function replaced(event, view) {
  const { from, to, empty } = view.state.selection.main;
  if (event.inputType !== "insertText" || event.data === null || empty || view.composing || view.state.readOnly) return false;
  event.preventDefault();
  const text = event.data;
  const write = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
  const handlers = view.state.facet(EditorView.inputHandler);
  if (!handlers.some((handle) => handle(view, from, to, text, write))) view.dispatch(write());
  return true;
}

// What comes from elsewhere loses its line breaks; one that is typed is ignored.
function inOneLine(transaction) {
  if (transaction.newDoc.lines === 1) return transaction;
  const typed = transaction.isUserEvent("input") && !["input.paste", "input.drop"].some((event) => transaction.isUserEvent(event));
  if (typed) return [];
  const insert = transaction.newDoc.toString().replace(/\s*\n\s*/g, " ");
  const anchor = Math.min(insert.length, transaction.newSelection.main.head);
  return [{ changes: { from: 0, to: transaction.startState.doc.length, insert }, selection: { anchor } }];
}

function changed(textarea, state) {
  textarea.value = state.doc.toString();
  textarea.dispatchEvent(new Event("input", { bubbles: true }));
}

// Colours come from app.css; they follow light and dark by themselves.
const theme = EditorView.theme({
  "&": { color: "var(--tb-text)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--tb-mono)", lineHeight: "20px" },
  ".cm-content": { padding: "5px 0", caretColor: "var(--tb-text)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--tb-text)" },
  ".cm-placeholder": { color: "var(--tb-muted)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--tb-selected)" },
  "&.cm-focused .cm-matchingBracket": { background: "var(--tb-selected)", outline: "1px solid var(--tb-line-strong)" },
  "&.cm-focused .cm-nonmatchingBracket": { background: "var(--tb-error-bg)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--tb-error) 1px", textUnderlineOffset: "4px", textDecorationSkipInk: "none" },
  ".cm-tooltip": { background: "var(--tb-raised)", color: "var(--tb-text)", border: "1px solid var(--tb-line)", borderRadius: "6px", boxShadow: "var(--tb-shadow-lg)", zIndex: "200" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--tb-mono)", maxHeight: "240px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 10px", lineHeight: "18px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--tb-selected)", color: "var(--tb-text)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { marginLeft: "14px", color: "var(--tb-muted)", fontStyle: "normal" },
  ".cm-tooltip .cm-completionInfo, .cm-tooltip-hover .tb-doc": { padding: "8px 10px", width: "max-content", maxWidth: "340px" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--tb-error)", padding: "6px 10px" },
});

// ---- Checking while typing --------------------------------------------------------

const delay = 250; // milliseconds after the last key
const pending = new WeakMap(); // form → its timer and request

function checkSoon(form, wait = delay) {
  if (!form?.dataset.check) return;
  const last = pending.get(form);
  clearTimeout(last?.timer);
  last?.request.abort();
  const request = new AbortController();
  const timer = setTimeout(async () => {
    const found = await check(form, request.signal);
    if (found && !request.signal.aborted) show(form, found);
  }, wait);
  pending.set(form, { timer, request });
}

function show(form, found) {
  for (const [textarea, view] of views) {
    if (textarea.form !== form) continue;
    const text = view.state.doc.toString();
    const mine = found.filter((d) => d.field === textarea.name);
    view.dispatch(setDiagnostics(view.state, mine.map((d) => ({ ...span(text, d), severity: "error", message: d.message }))));
    const { host, message } = view.tb;
    message.textContent = mine.map((d) => d.message).join(" · ");
    message.hidden = mine.length === 0;
    // What the page said of an earlier text is no longer true, or said again here.
    const said = document.getElementById(`${textarea.id}-error`);
    if (said && (mine.length > 0 || textarea.value !== textarea.defaultValue)) said.hidden = true;
    host.classList.toggle("is-invalid", mine.length > 0 || (said !== null && !said.hidden));
    view.contentDOM.setAttribute("aria-invalid", String(mine.length > 0));
  }
}

// ---- On the page --------------------------------------------------------------------

// A textarea that somebody else has written to, or whose form was reset.
function follow(textarea) {
  const view = views.get(textarea);
  if (!view || view.state.doc.toString() === textarea.value) return;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: textarea.value } });
}

document.addEventListener("input", ({ target }) => {
  follow(target);
  checkSoon(target.form);
});
document.addEventListener("reset", ({ target }) => setTimeout(() => [...views.keys()].filter((t) => t.form === target).forEach(follow)));
// Labels, and links of an error summary, lead to the editor.
document.addEventListener("click", (event) => {
  const link = event.target.closest("label[for], a[href^='#']");
  const view = link && views.get(document.getElementById(link.htmlFor ?? link.getAttribute("href").slice(1)));
  if (!view) return;
  event.preventDefault();
  view.focus();
});

function paint(code) {
  if (code.dataset.expr === "painted") return;
  const text = code.textContent;
  const parts = [];
  highlightCode(text, expression.parser.parse(text), colours, (part, classes) => {
    const piece = document.createElement("span");
    piece.className = classes;
    piece.textContent = part;
    parts.push(classes ? piece : part);
  }, () => parts.push("\n"));
  code.replaceChildren(...parts);
  code.dataset.expr = "painted";
}

const within = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];

function appear(root) {
  for (const [textarea, view] of views) {
    if (textarea.isConnected) continue;
    view.destroy();
    views.delete(textarea);
  }
  within(root, "textarea[data-editor]").forEach(enhance);
  within(root, "code[data-expr]").forEach(paint);
  new Set(within(root, "textarea[data-editor].is-invalid").map((t) => t.form)).forEach((form) => checkSoon(form, 0));
}

appear(document.body);
document.addEventListener("htmx:load", ({ target }) => appear(target));
