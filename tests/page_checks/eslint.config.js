// eslint is run from the root of the repository: it looks at nothing outside of where it runs.
import js from "@eslint/js";
import globals from "globals";

// Where a string is seen or heard by a person. Codes of the catalogue and single letters are
// not words, nor is what a value is compared with.
const WORDS =
  "Literal[value=/^(?!page\\.)(?!w-)(?=.*[A-Za-z]{2})/]:not(BinaryExpression > Literal)";
const SHOWN = "/^(textContent|innerText|title|placeholder|alt|ariaLabel|aria-label)$/";
const PLACES = [
  `Property[key.name=${SHOWN}] > ${WORDS}.value`,
  `Property[key.value=${SHOWN}] > ${WORDS}.value`,
  `Property[key.name=${SHOWN}] > ConditionalExpression > ${WORDS}`,
  `AssignmentExpression[left.property.name=${SHOWN}] > ${WORDS}.right`,
  `AssignmentExpression[left.property.name=${SHOWN}] > ConditionalExpression > ${WORDS}`,
  `CallExpression[callee.property.name="setAttribute"][arguments.0.value=${SHOWN}] > ${WORDS}.arguments:not([value=${SHOWN}])`,
  `CallExpression[callee.property.name=/^(append|prepend|replaceChildren)$/][callee.object.name!="form"] > ${WORDS}`,
  `CallExpression[callee.name="alertBox"] > ${WORDS}`,
  // Anywhere: two words or more that begin like a sentence, but for what only a developer reads.
  'Literal[value=/^[A-Z][a-z]*[ …]/]:not(NewExpression > Literal, CallExpression[callee.object.name="console"] > Literal)',
  "TemplateElement[value.raw=/(^|[.:] )[A-Z][a-z]+ [a-z]/]:not(NewExpression > TemplateLiteral > TemplateElement)",
];

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      curly: ["error", "multi-line"],
      "default-case-last": "error",
      eqeqeq: "error",
      "no-console": ["error", { allow: ["warn", "error"] }],
      "no-else-return": ["error", { allowElseIf: true }],
      "no-eval": "error",
      "no-implicit-coercion": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-syntax": [
        "error",
        ...PLACES.map((selector) => ({
          selector,
          message: "What a person reads is a sentence of chatkit/words, said by its code.",
        })),
      ],
      "no-shadow": "error",
      "no-unused-private-class-members": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-useless-concat": "error",
      "no-useless-rename": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "prefer-object-spread": "error",
      "prefer-template": "error",
    },
  },
];
