// Asks the server what is wrong with the expressions of a form.

// check returns what is wrong, or nothing where the server does not say: then
// it will when the form is sent.
export async function check(form, signal) {
  const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  try {
    const answer = await fetch(form.dataset.check, {
      method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" }, credentials: "same-origin", signal,
    });
    if (!answer.ok) return undefined;
    const found = await answer.json();
    return Array.isArray(found) ? found : (found.diagnostics ?? []);
  } catch {
    return undefined;
  }
}

// span returns where in a text a diagnostic is. A place without length becomes
// the word that begins there, or the last character.
export function span(text, { from = 0, to = from }) {
  const start = Math.min(from, text.length);
  if (to > from) return { from: start, to: Math.min(to, text.length) };
  const word = text.slice(start).match(/^(?:\w+|"[^"]*"?|.)/)?.[0] ?? "";
  return word ? { from: start, to: start + word.length } : { from: Math.max(0, text.length - 1), to: text.length };
}
