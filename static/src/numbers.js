// Numbers for people, as the server writes them: thin spaces between thousands
// and a real minus sign.

const thin = "\u202f";

// written keeps the digits of a decimal string, at most two behind the point.
export function written(text, currency) {
  const [, sign, whole, digits = ""] = String(text).match(/^(-?)(\d+)(?:\.(\d+))?$/) ?? [];
  if (whole === undefined) return String(text);
  let grouped = whole.replace(/\B(?=(\d{3})+$)/g, thin);
  if (digits.length <= 2) grouped += "." + digits.padEnd(2, "0");
  else grouped = written(roundedToCents(whole, digits)).replace(/^−/, "");
  const number = (sign && /[1-9]/.test(grouped) ? "−" : "") + grouped;
  return currency ? `${number} ${currency}` : number;
}

// roundedToCents rounds half up on the digits themselves.
function roundedToCents(whole, digits) {
  const up = digits[2] >= "5" ? 1n : 0n;
  const cents = (BigInt(whole + digits.slice(0, 2)) + up).toString().padStart(3, "0");
  return `${cents.slice(0, -2)}.${cents.slice(-2)}`;
}

// sum adds decimal strings exactly.
export function sum(values) {
  const places = Math.max(0, ...values.map((v) => (v.split(".")[1] ?? "").length));
  const scaled = values.map((v) => {
    const [whole, digits = ""] = v.split(".");
    return BigInt(whole + digits.padEnd(places, "0"));
  });
  const total = scaled.reduce((a, b) => a + b, 0n);
  const digits = (total < 0n ? -total : total).toString().padStart(places + 1, "0");
  const at = digits.length - places;
  return (total < 0n ? "-" : "") + digits.slice(0, at) + (places ? "." + digits.slice(at) : "");
}

const scales = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];

// brief has three digits, for labels: 12.3 k, 4.00 M, 640, 0.125.
export function brief(value) {
  const size = Math.abs(Number(value));
  const [by, unit] = scales.find(([least]) => Number(size.toPrecision(3)) >= least) ?? [1, ""];
  const digits = unit || size % 1 ? (size / by).toPrecision(3) : String(size);
  return (value < 0 ? "−" : "") + digits + (unit && thin + unit);
}

// short leaves out zeros at the end, for axes: 1.5 k, 20 k.
export function short(value) {
  return brief(value).replace(/(\.\d*?)0+(?=$|\u202f)/, "$1").replace(/\.(?=$|\u202f)/, "");
}

// labelled says in words what a picture shows; its numbers are in the table
// behind it.
export function labelled({ title, kind, labels = [], series = [], links = [], currency }) {
  const what = { stacked: "Stacked bars", bars: "Bars", line: "Lines", waterfall: "Waterfall", sankey: "Flow" }[kind];
  const of = kind === "sankey"
    ? `${links.length} flows`
    : `${series.map((s) => s.name).filter(Boolean).slice(0, 7).join(", ")}${labels.length > 1 ? `, ${labels[0]} to ${labels.at(-1)}` : ""}`;
  return `${title ? title + ". " : ""}${what}${currency ? " in " + currency : ""}: ${of}. The numbers are in the table below.`;
}
