// Looks at conditions that the portal gives as data (portal/processes/conditions.py) beside facts that stand on the phone.
// Each operator here is one there; tests hold both against the same facts.
window.Conditions = (() => {
  "use strict";
  const tidy = (text) => String(text ?? "").replace(/\r\n?/g, "\n").normalize("NFC").trim();
  const number = (value) => (typeof value === "number" ? value : Number(tidy(value).normalize("NFKC").replace(/^(?:[¥￥]|rmb|cny)\s*|\s*(?:元|圆|圓)$/gi, "").replaceAll(",", "")));
  const cents = (value) => Math.round(100 * number(value || 0)); // yuan are compared to the cent
  const fact = (facts, name) => name.split(".").reduce((found, part) => found?.[part] ?? null, facts);
  const lines = (facts, name) => fact(facts, name) ?? [];
  const says = (value) => (Array.isArray(value) ? value.length > 0 : Boolean(value));
  const amounts = {
    total: (facts, names, onlyIf) => (!onlyIf || holds(onlyIf, facts) ? names.reduce((sum, name) => sum + cents(fact(facts, name)), 0) : 0),
    sum: (facts, name, of, where) => lines(facts, name).filter((line) => holds(where, line)).reduce((sum, line) => sum + cents(line[of]), 0),
    fixed: (_facts, value) => 100 * value,
  };
  const amount = ([operator, ...about], facts) => amounts[operator](facts, ...about);
  const operators = {
    says: (facts, name) => says(fact(facts, name)),
    given: (facts, name) => fact(facts, name) !== null,
    is: (facts, name, values) => values.includes(fact(facts, name)),
    same: (facts, name, other) => fact(facts, name) === fact(facts, other),
    not: (facts, other) => !holds(other, facts),
    every: (facts, others) => others.every((other) => holds(other, facts)),
    some: (facts, others) => others.some((other) => holds(other, facts)),
    has: (facts, name, where) => lines(facts, name).some((line) => holds(where, line)),
    "at-most": (facts, less, more) => amount(less, facts) <= amount(more, facts),
  };
  function holds([operator, ...about], facts) {
    return operators[operator](facts, ...about);
  }
  // Which lines of a list speak against "no line like this".
  const against = (condition, facts) => (condition[0] === "not" && condition[1][0] === "has" ? lines(facts, condition[1][1]).filter((line) => holds(condition[1][2], line)) : []);
  return { holds, against, number, tidy };
})();
