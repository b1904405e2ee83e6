// Which model and which tool a message is to be answered with.

import { el } from "./dom.js";
import { say } from "./words.js";

const MODEL_KEY = "chatkit.model";

export class Choices {
  /**
   * `models` and `tools` are lists of `{id, label}`; a list with nothing to choose from is not shown.
   * @param {HTMLElement} place
   * @param {{ models: Choice[], tools: Choice[] }} offer
   */
  constructor(place, { models, tools }) {
    this.model = select(say("page.model"), models);
    this.tool = select(say("page.tool"), [{ id: "", label: say("page.any_tool") }, ...tools]);
    this.hasModels = models.length > 1;
    this.hasTools = tools.length > 0;
    place.replaceChildren();
    if (this.hasModels) place.append(this.model);
    if (this.hasTools) place.append(this.tool);
    const last = localStorage.getItem(MODEL_KEY);
    if (last !== null && models.some(({ id }) => id === last)) this.model.value = last;
    this.model.addEventListener("change", () => localStorage.setItem(MODEL_KEY, this.model.value));
  }

  /** The `inference_options` of a message. A tool is chosen for one message. */
  take() {
    const tool =
      this.hasTools && this.tool.value !== "" ? { tool_choice: { id: this.tool.value } } : {};
    this.tool.value = "";
    return { ...(this.hasModels ? { model: this.model.value } : {}), ...tool };
  }

  /** Whether there is anything to show. */
  get isEmpty() {
    return !this.hasModels && !this.hasTools;
  }
}

/**
 * @param {string} label
 * @param {Choice[]} entries
 */
const select = (label, entries) =>
  el(
    "select",
    { className: "choice-list", "aria-label": label, title: label },
    ...entries.map(({ id, label: text }) => el("option", { value: id, textContent: text })),
  );
