// What is pressed in a widget, sent to the server.

import { ApiError } from "./api.js";
import { say } from "./words.js";

/**
 * @typedef {object} ActedThread
 * @property {string} id
 * @property {boolean} busy
 * @property {(type: string, params: object) => Promise<unknown>} run takes a stream of events
 *   to its end and gives what the server refused, or null
 * @property {(item: ThreadItem) => void} put
 * @property {() => void} changed
 */

/**
 * Send `action`, `{type, payload}`, of the widget of an item. Settles once the server has answered,
 * and throws an error with a sentence when it refused.
 *
 * `thread` is `{id, busy, run(type, params), put(item), changed()}`: `run` takes a stream of events
 * to its end and gives what the server refused, or null.
 * @param {import("./api.js").Api} api
 * @param {ActedThread} thread
 * @param {{ itemId: string, action: WidgetAction, streaming: boolean }} pressed
 */
export async function sendAction(api, thread, { itemId, action, streaming }) {
  const params = { thread_id: thread.id, item_id: itemId, action };
  if (!streaming) {
    const { updated_item: updated } = await api.chat("threads.sync_custom_action", params);
    if (updated) thread.put(updated);
    thread.changed();
    return;
  }
  if (thread.busy) throw new ApiError(409, "busy", say("page.action_while_answering"));
  const refusal = await thread.run("threads.custom_action", params);
  if (refusal !== null) throw refusal;
}
