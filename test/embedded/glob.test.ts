import test from "ava";
import { globMatch } from "../../src/embedded/glob.js";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** Pattern, names that it fits, names that it does not. */
const TABLE: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["news", ["news"], ["new", "newss", "News"]],
  ["*", ["a", "news.tech"], []],
  ["news.*", ["news.", "news.tech", "news.a.b"], ["news", "xnews."]],
  ["*.tech", [".tech", "a.b.tech"], ["tech", "a.techs"]],
  ["a*b*c", ["abc", "aXbYc", "abbc", "abcbc"], ["ab", "acb", "abcd"]],
  ["***a", ["a", "xa"], ["ab"]],
  ["h?llo", ["hello", "h?llo", "h\xffllo"], ["hllo", "heello"]],
  ["h[ae]llo", ["hello", "hallo"], ["hillo", "h[ae]llo"]],
  ["h[^e]llo", ["hallo", "h^llo"], ["hello", "hllo"]],
  ["h[a-c]llo", ["hallo", "hbllo", "hcllo"], ["hdllo", "h-llo"]],
  ["h[c-a]llo", ["hallo", "hbllo", "hcllo"], ["hdllo"]],
  ["[a-]", ["a", "_", "]"], ["-", "z"]],
  ["[]a]", [], ["]", "a", "]a]"]],
  ["[\\]]", ["]"], ["\\", "\\]"]],
  ["[\\-x]", ["-", "x"], ["\\"]],
  ["[abc", ["a", "c"], ["d", "[abc", "ab"]],
  ["[", [], ["[", "a"]],
  ["[^", ["^", "a"], ["ab"]],
  ["h\\?llo", ["h?llo"], ["hello", "h\\?llo"]],
  ["\\*", ["*"], ["a", "\\*", "**"]],
  ["a\\", ["a\\"], ["a", "ab"]],
  ["\\\\", ["\\"], ["\\\\"]],
  ["[\xf0-\xff]*", ["\xf0", "\xff\0"], ["a", "\xef"]],
  ["a\0?", ["a\0\0", "a\0b"], ["a"]],
];

for (const [pattern, fits, others] of TABLE) {
  test(`the pattern ${JSON.stringify(pattern)}`, (t) => {
    for (const name of fits) {
      t.true(globMatch(bytes(pattern), bytes(name)), `fits ${JSON.stringify(name)}`);
    }
    for (const name of others) {
      t.false(globMatch(bytes(pattern), bytes(name)), `does not fit ${JSON.stringify(name)}`);
    }
  });
}

test("the empty name is matched by the empty pattern alone, as in Redis", (t) => {
  t.true(globMatch(bytes(""), bytes("")));
  t.false(globMatch(bytes("*"), bytes("")));
  t.false(globMatch(bytes(""), bytes("a")));
});

test("many stars cost pattern times name, not their power", (t) => {
  const pattern = bytes(`${"a*".repeat(500)}b`);
  t.false(globMatch(pattern, bytes("a".repeat(8000))));
  t.true(globMatch(pattern, bytes(`${"a".repeat(8000)}b`)));
});
